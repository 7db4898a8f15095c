//! Goroutines that run a loop without any way out, and of which there are more and more: started once a
//! request, or by what makes a value that can be closed; and those that wait for nothing but the ticks of a
//! ticker that the function stops: that closes no channel.

use crate::analysis::channel::{at_hand, describe};
use crate::analysis::detection::{Detection, Function};
use crate::analysis::graph::exits::{exits, is_endless, may_end, may_return};
use crate::analysis::graph::known;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, Scopes, VarId};
use crate::base::diagnostic::{AnchorPlace, Remedy};
use crate::base::text::{Span, narrow};
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::{FileScope, exported};

/// What the rule is called.
pub const KIND: &str = "endless-worker";

/// The loop of a goroutine may stand in functions within functions this deep.
const MAX_DEPTH: u32 = 2;

/// The goroutines of a declaration that never end.
pub fn detect(function: &Function) -> Vec<Detection> {
    let mut found = Vec::new();
    for (at, body) in function.scopes.bodies.iter().enumerate() {
        visit::body(body.block, &mut |stmt| {
            if let StmtKind::Go(go) = &stmt.kind
                && let Some(call) = go.as_call()
            {
                found.extend(judge(function, stmt.span, call, BodyId(narrow(at))));
            }
        });
    }
    found
}

/// A loop without a way out.
struct Endless {
    /// Its head.
    head: Span,
    /// Where it stands, where that is another function.
    func: Option<FuncRef>,
    /// The ticker whose ticks are all that it waits for, in a variable of the same declaration.
    ticker: Option<VarId>,
    /// Where a way out could go, where it stands in the same declaration.
    way_out: Option<WayOut>,
}

/// Where a way out of a loop could go.
enum WayOut {
    /// Before this case of a `select` that is all of an iteration.
    Case(Span),
    /// First in the block.
    First(Span),
}

fn judge(function: &Function, span: Span, call: &Call, body: BodyId) -> Option<Detection> {
    let endless = match &call.function.unparen().kind {
        ExprKind::FuncLit(literal) => in_block(function, function.typing, &literal.body, None, 0)?,
        _ => in_func(function, &function.typing.called(call)?, 0)?,
    };
    if is_once(function, span) {
        return None;
    }
    if let Some(found) = behind_ticker(function, span, call, &endless) {
        return Some(found);
    }
    let notes = describe::weight(function.declaration, function.typing, body, function.func);
    let often = match (notes.is_empty(), made(function, call)) {
        (false, _) => "one is started for each request".to_owned(),
        (true, Some((ty, method))) if body == BodyId(0) => {
            format!("one is started for each `{ty}`, and `{method}` does not end it")
        }
        _ => return None,
    };
    let words = "this loop has no way out";
    let label = match &endless.func {
        Some(func) => function.declaration.place_in(func, endless.head, words),
        None => function.declaration.place(endless.head, words),
    };
    let message = format!("a goroutine runs a loop without a way out, and {often}: it never ends");
    let head = Span { start: span.start, end: call.function.span.start.max(span.start + 2) };
    let detection = Detection::new(KIND, head, "started here", message);
    Some(detection.with_labels([label]).with_notes(notes).with_remedy(remedy(function, span, &endless)))
}

/// A goroutine that is left with a ticker that its function has stopped.
fn behind_ticker(function: &Function, go: Span, call: &Call, endless: &Endless) -> Option<Detection> {
    let ticker = endless.ticker?;
    // Of the function's own, and never another one.
    match function.scopes.assigned(ticker) {
        [one] if one.value.as_call().is_some() && !go.contains(one.value.span) => {}
        _ => return None,
    }
    let mut stop = None;
    visit::block(function.func.body()?, &mut |expr| {
        let Some(call) = expr.as_call().filter(|call| call.span == expr.span) else { return };
        if let ExprKind::Selector { operand, field } = &call.function.unparen().kind
            && &*field.name == "Stop"
            && operand.as_ident().and_then(|ident| function.scopes.var(ident)) == Some(ticker)
            && !go.contains(call.span)
        {
            stop = stop.or(Some(call.span));
        }
    });
    let stop = stop?;
    let name = &function.scopes.info(ticker).name;
    let message = format!(
        "a goroutine waits for nothing but `{name}.C`, which `{name}.Stop()` does not close: it never ends"
    );
    let labels = [
        function.declaration.place(endless.head, "this loop has no way out"),
        function.declaration.place(stop, "no tick comes from here on"),
    ];
    let head = Span { start: go.start, end: call.function.span.start.max(go.start + 2) };
    let detection = Detection::new(KIND, head, "started here", message).with_labels(labels);
    let body = function.scopes.body_around(go).unwrap_or(BodyId(0));
    let notes = describe::weight(function.declaration, function.typing, body, function.func);
    Some(detection.with_notes(notes).with_remedy(match &endless.way_out {
        Some(WayOut::Case(_)) => remedy(function, go, endless),
        _ => Remedy::advice(
            format!("let the goroutine `select` on `{name}.C` and on a channel that is closed with `{name}`"),
            "what should end it is for a person to say",
        ),
    }))
}

/// The ticker that each iteration of a loop waits for, and nothing else: `for range t.C`,
/// `for { select { case <-t.C: … } }`.
fn ticker(scopes: &Scopes, typing: &Typing, looped: &For) -> Option<VarId> {
    let received = |stmt: &Stmt| match &stmt.kind {
        StmtKind::Expr(expr) => match &expr.unparen().kind {
            ExprKind::Receive(channel) => Some((**channel).clone()),
            _ => None,
        },
        StmtKind::Select(cases) => match cases.as_slice() {
            [SelectCase { communication: Some(Communication::Receive { right, .. }), .. }] => {
                match &right.unparen().kind {
                    ExprKind::Receive(channel) => Some((**channel).clone()),
                    _ => None,
                }
            }
            _ => None,
        },
        _ => None,
    };
    let channel = match &looped.head {
        ForHead::Range { right, .. } => right.clone(),
        ForHead::Clause { .. } => looped.body.stmts.iter().find_map(received)?,
    };
    match &channel.unparen().kind {
        ExprKind::Selector { operand, .. } if typing.is_unclosed(&channel) => {
            operand.as_ident().and_then(|ident| scopes.var(ident))
        }
        _ => None,
    }
}

/// The endless loop that a block comes to in any case.
fn in_block(
    function: &Function,
    typing: &Typing,
    block: &Block,
    func: Option<&FuncRef>,
    depth: u32,
) -> Option<Endless> {
    for stmt in &block.stmts {
        let stmt = stmt.unlabeled();
        match &stmt.kind {
            StmtKind::For(looped) if is_endless(typing, looped) => {
                let ends = !exits(&looped.body).is_empty() || may_end(typing, &looped.body);
                let way_out = match looped.body.stmts.as_slice() {
                    [only] => match &only.kind {
                        StmtKind::Select(cases) if cases.iter().all(|case| case.communication.is_some()) => {
                            cases.first().map(|case| WayOut::Case(case.span))
                        }
                        _ => None,
                    },
                    _ => None,
                };
                let way_out = way_out.unwrap_or(WayOut::First(looped.body.span));
                return (!ends).then(|| Endless {
                    ticker: ticker(function.scopes, typing, looped).filter(|_| func.is_none()),
                    head: Span { start: stmt.span.start, end: stmt.span.start + 3 },
                    func: func.cloned(),
                    way_out: func.is_none().then_some(way_out),
                });
            }
            StmtKind::Expr(expr) if depth < MAX_DEPTH => {
                // What comes back goes on.
                if let Some(called) = expr.as_call().and_then(|call| typing.called(call))
                    && called.package.dir == typing.file.package.dir
                    && let Some(found) = in_func(function, &called, depth + 1)
                {
                    return Some(found);
                }
            }
            _ => {}
        }
        if may_return(stmt) {
            return None;
        }
    }
    None
}

fn in_func(function: &Function, func: &FuncRef, depth: u32) -> Option<Endless> {
    let body = func.decl.body()?;
    let scopes = Scopes::of_func(&func.decl);
    let typing = Typing::new(function.declaration.database, FileScope::of(func), &scopes);
    in_block(function, &typing, body, Some(func), depth)
}

/// Whether it is started once only: in what a `Do` runs, or where something was asked that outlives the
/// function.
fn is_once(function: &Function, go: Span) -> bool {
    let mut once = false;
    let outlives = |condition: &Expr| {
        let mut found = false;
        visit::expr(condition, &mut |expr| match &expr.kind {
            ExprKind::Selector { operand, .. } => {
                found |= operand.as_path().is_some_and(|path| function.scopes.var(path[0]).is_some());
            }
            ExprKind::Ident(ident) => {
                found |= function.scopes.var(ident).is_none()
                    && function.typing.file.package.has_value(&ident.name);
            }
            _ => {}
        });
        found
    };
    for body in &function.scopes.bodies {
        visit::body(body.block, &mut |stmt| match &stmt.kind {
            StmtKind::If(branch) if stmt.span.start < go.start => once |= outlives(&branch.condition),
            StmtKind::Switch(_) | StmtKind::Select(_) | StmtKind::TypeSwitch(_) => {
                once |= stmt.span.contains(go);
            }
            _ => {}
        });
    }
    if let Some(body) = function.func.body() {
        visit::block(body, &mut |expr| {
            if let ExprKind::Call(call) = &expr.kind {
                once |= call.name() == Some("Do") && call.args.iter().any(|arg| arg.span.contains(go));
            }
        });
    }
    once
}

/// The type that the function makes a value of and returns, and its method that reads as if it ended all
/// that belongs to it: one that needs to be told nothing else, and is not what the goroutine runs.
fn made(function: &Function, started: &Call) -> Option<(String, String)> {
    let package = &function.typing.file.package;
    let result = function.func.signature.results.first()?;
    let ty = base_type_name(&result.ty).filter(|ty| package.has_type(ty))?;
    let method = package
        .methods_of(ty)
        .into_iter()
        .filter(|method| known::reads_like_release(method) && exported(method))
        .filter(|method| started.name() != Some(method))
        .find(|method| package.method(ty, method).is_some_and(|func| asks_for_nothing(function, &func)))?;
    let mut makes = false;
    visit::block(function.func.body()?, &mut |expr| {
        if let ExprKind::Composite { ty: Some(made), .. } = &expr.kind {
            makes |= base_type_name(made) == Some(ty);
        }
    });
    makes.then(|| (ty.to_string(), method.to_string()))
}

/// Whether a function gets nothing, or a context.
fn asks_for_nothing(function: &Function, func: &FuncRef) -> bool {
    let of = |ty: &Expr| function.typing.database.type_of(&FileScope::of(func), ty);
    func.decl.signature.params.iter().all(|param| of(&param.ty).is_context())
}

fn remedy(function: &Function, go: Span, endless: &Endless) -> Remedy {
    let context = at_hand::context(function.scopes, function.typing, go.start);
    let (Some(context), Some(way_out)) = (context, &endless.way_out) else {
        return Remedy::advice("give the loop a way out", "what should end it is for a person to say");
    };
    let doubt = Some(format!("the goroutine ends with `{context}` then"));
    match way_out {
        WayOut::Case(first) => Remedy::Lines {
            title: format!("insert `case <-{context}.Done(): return`"),
            place: AnchorPlace::Before(*first),
            lines: vec![format!("case <-{context}.Done():"), "\treturn".to_owned()],
            doubt,
        },
        WayOut::First(block) => Remedy::Lines {
            title: format!("insert `if {context}.Err() != nil {{ return }}` first in the loop"),
            place: AnchorPlace::Start(*block),
            lines: vec![format!("if {context}.Err() != nil {{"), "\treturn".to_owned(), "}".to_owned()],
            doubt,
        },
    }
}
