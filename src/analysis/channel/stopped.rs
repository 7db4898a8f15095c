//! Sends to a loop that may have ended: the only one who receives from the channel is a loop that something
//! else ends too, and whoever sends then waits for good.

use std::sync::Arc;

use crate::analysis::channel::{at_hand, describe};
use crate::analysis::detection::{Detection, Function};
use crate::analysis::graph::exits::{context_of, exits, is_endless, received, stops};
use crate::analysis::graph::known;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, Scopes, VarOrigin};
use crate::analysis::summaries::kept_channels::{Holder, Room, Use, Uses, holder};
use crate::base::diagnostic::Remedy;
use crate::base::text::{Span, narrow};
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::{FileScope, exported};

/// What the rule is called.
pub const KIND: &str = "stopped-loop";

/// The sends of a declaration that a loop which has ended leaves alone.
pub fn detect(function: &Function) -> Vec<Detection> {
    let mut found = Vec::new();
    for (at, body) in function.scopes.bodies.iter().enumerate() {
        visit::body(body.block, &mut |stmt| {
            if let StmtKind::Send { channel, .. } = &stmt.kind {
                found.extend(judge(function, stmt, channel, at));
            }
        });
    }
    found
}

/// The loop that receives, and what else ends it.
struct Receiver {
    func: FuncRef,
    /// The `return` or `break` that leaves it.
    exit: Span,
    stop: Stop,
    /// Fields that are closed in the same function, and nobody sends on.
    closed: Vec<Arc<str>>,
}

/// What else ends a loop.
enum Stop {
    /// A field; whether it is closed, and nothing is ever sent on it.
    Field(Arc<str>, bool),
    Context,
}

fn judge(function: &Function, stmt: &Stmt, channel: &Expr, body: usize) -> Option<Detection> {
    let held = holder(function.typing, channel).filter(|held| held.owner.is_some())?;
    let ExprKind::Selector { operand, .. } = &channel.unparen().kind else { return None };
    let uses = uses_of(function, &held)?;
    let known = uses.room() == Some(Room::None) && !uses.any(&[Use::Close, Use::ToReceive, Use::ToSend]);
    if !known {
        return None;
    }
    let receiver = receiver(function, &held, &uses)?;
    let here = receiver.func.decl.name.span == function.func.name.span;
    if here || runs_in(function, &receiver.func) || is_asked(function, stmt.span, operand, &receiver.stop) {
        return None;
    }
    // A goroutine is left behind, or whoever calls from outside.
    let in_goroutine = is_goroutine(function, body);
    let public = exported(&function.func.name.name)
        && matches!(receiver.stop, Stop::Field(..))
        && !is_made_here(function, operand);
    if !in_goroutine && (!public || is_guarded(function)) {
        return None;
    }
    Some(detection(function, stmt, (channel, operand), &receiver, body))
}

fn uses_of(function: &Function, held: &Holder) -> Option<Arc<Uses>> {
    function.declaration.summaries.channels.of(function.declaration.database, held)
}

/// The loop of one function that alone receives, if something else ends it.
fn receiver(function: &Function, held: &Holder, uses: &Uses) -> Option<Receiver> {
    let mut sites = uses.of(Use::Receive);
    let func = sites.next()?.func.clone();
    if uses.of(Use::Receive).any(|site| site.func != func) {
        return None;
    }
    let database = function.declaration.database;
    let scopes = Scopes::of_func(&func.decl);
    let typing = Typing::new(database, FileScope::of(&func), &scopes);
    let mut loops: Vec<&For> = Vec::new();
    let mut waits = false;
    for body in &scopes.bodies {
        visit::body(body.block, &mut |stmt| {
            if let StmtKind::For(looped) = &stmt.kind
                && is_endless(&typing, looped)
            {
                loops.push(looped);
            }
        });
    }
    let body = func.decl.body()?;
    let mut closed: Vec<Holder> = Vec::new();
    visit::block(body, &mut |expr| {
        let Some(call) = expr.as_call().filter(|call| call.span == expr.span) else { return };
        waits |= call.name() == Some("Wait");
        if call.function.as_ident().is_some_and(|name| &*name.name == "close") {
            closed.extend(call.args.first().and_then(|arg| holder(&typing, arg)));
        }
    });
    // It may wait for those who send.
    if waits {
        return None;
    }
    let inside = |looped: &&&For| uses.of(Use::Receive).all(|site| looped.body.span.contains(site.span));
    let looped =
        loops.iter().filter(inside).max_by_key(|looped| looped.body.span.end - looped.body.span.start)?;
    let all = exits(&looped.body);
    let is_own = |case: &SelectCase| {
        let own = |span: Span| uses.of(Use::Receive).any(|site| site.span == span);
        received(case).is_some_and(|channel| own(channel.unparen().span))
    };
    // What is sent is itself what stops it.
    if all.iter().filter_map(|exit| exit.case).any(|case| is_own(case) && stops(case)) {
        return None;
    }
    let stops = all.into_iter().find_map(|exit| {
        let channel = received(exit.case?)?;
        if context_of(&typing, channel).is_some() {
            return Some((exit.span, Stop::Context));
        }
        let other =
            holder(&typing, channel).filter(|other| other.owner == held.owner && other.name != held.name)?;
        let stop = uses_of(function, &other)?;
        let ends = stop.of(Use::Close).chain(stop.of(Use::Send));
        // Who ends it may have waited for those who send.
        let mut ends = ends.filter(|site| !calls_wait(&site.func.decl)).peekable();
        ends.peek()?;
        Some((exit.span, Stop::Field(other.name, !stop.any(&[Use::Send]))))
    });
    let (exit, stop) = stops?;
    let own = |done: &Holder| {
        done.owner == held.owner && uses_of(function, done).is_some_and(|uses| !uses.any(&[Use::Send]))
    };
    let closed = closed.into_iter().filter(own).map(|done| done.name).collect();
    drop(scopes);
    Some(Receiver { func: func.clone(), exit, stop, closed })
}

/// Whether the function has made what it sends to: nobody else ends it meanwhile.
fn is_made_here(function: &Function, operand: &Expr) -> bool {
    let var = operand.as_ident().and_then(|ident| function.scopes.var(ident));
    let is_new = |value: &Expr| match &value.unparen().kind {
        ExprKind::AddressOf(inner) => matches!(inner.unparen().kind, ExprKind::Composite { .. }),
        ExprKind::Composite { .. } => true,
        ExprKind::Call(call) => call.name().is_some_and(known::opens),
        _ => false,
    };
    var.is_some_and(|var| match function.scopes.info(var).origin {
        VarOrigin::Value { .. } => function.scopes.assigned(var).iter().all(|one| is_new(one.value)),
        _ => false,
    })
}

/// Whether the function is called by the loop's function only.
fn runs_in(function: &Function, receiver: &FuncRef) -> bool {
    let name = &*function.func.name.name;
    let package = &function.typing.file.package;
    let others = || {
        package
            .functions_with(name)
            .into_iter()
            .filter(|other| other.decl.name.span != function.func.name.span)
    };
    !exported(name) && others().next().is_none_or(|first| first == *receiver && others().count() == 1)
}

/// Whether the function asks, anywhere, whether the loop still runs.
fn is_asked(function: &Function, send: Span, operand: &Expr, stop: &Stop) -> bool {
    let Some(body) = function.func.body() else { return true };
    let mut asks = false;
    visit::block(body, &mut |expr| match &expr.kind {
        ExprKind::Selector { field, .. } => {
            asks |= matches!(&*field.name, "Done" | "Err")
                || matches!(stop, Stop::Field(name, _) if *field.name == **name);
        }
        ExprKind::Call(call) => asks |= call.name() == Some("recover"),
        _ => {}
    });
    // `if x.closed { return }` before it.
    let of = operand.as_ident().and_then(|ident| function.scopes.var(ident));
    for body in &function.scopes.bodies {
        visit::body(body.block, &mut |stmt| {
            let StmtKind::If(branch) = &stmt.kind else { return };
            if stmt.span.start < send.start
                && function.scopes.uses_in(branch.condition.span).any(|var| Some(var) == of)
            {
                asks = true;
            }
        });
    }
    asks
}

/// Whether the package calls a method under a lock, on a variable that it has looked at, and which whoever
/// stops the loop sets to nil under a lock: `if running == nil { return }`.
fn is_guarded(function: &Function) -> bool {
    let name = &*function.func.name.name;
    let package = &function.typing.file.package;
    let callers = package.functions_with(name).into_iter();
    let callers = callers.filter(|other| other.decl.name.span != function.func.name.span);
    let mut kept: Vec<Arc<str>> = Vec::new();
    for caller in callers {
        let Some(body) = caller.decl.body() else { continue };
        let scopes = Scopes::of_func(&caller.decl);
        let (mut of, mut asked, mut calls, mut locks) = (Vec::new(), Vec::new(), 0, false);
        visit::block(body, &mut |expr| match &expr.kind {
            ExprKind::Call(call) if call.span == expr.span => {
                locks |= matches!(call.name(), Some("Lock" | "RLock"));
                if let ExprKind::Selector { operand, field } = &call.function.unparen().kind
                    && *field.name == *name
                {
                    calls += 1;
                    let ident = operand.as_ident().filter(|ident| scopes.var(ident).is_none());
                    of.extend(ident.map(|ident| ident.name.clone()));
                }
            }
            ExprKind::Binary { op: BinaryOp::Equal | BinaryOp::NotEqual, left, right } if right.is_nil() => {
                asked.extend(left.as_ident().map(|ident| ident.name.clone()));
            }
            _ => {}
        });
        if calls > of.len() || calls > 0 && !locks || of.iter().any(|name| !asked.contains(name)) {
            return false;
        }
        kept.append(&mut of);
    }
    let sets = |func: &FuncRef, name: &str| {
        let mut sets = false;
        if let Some(body) = func.decl.body() {
            visit::body(body, &mut |stmt| {
                if let StmtKind::Assign { left, right, plain: true } = &stmt.kind
                    && let ([left], [right]) = (left.as_slice(), right.as_slice())
                {
                    sets |= right.is_nil() && left.as_ident().is_some_and(|ident| &*ident.name == name);
                }
            });
        }
        sets && calls_any(&func.decl, &["Lock"])
    };
    !kept.is_empty()
        && kept.iter().all(|name| package.functions_with(name).iter().any(|func| sets(func, name)))
}

/// Whether a body runs in a goroutine: a literal that `go` starts, or the function where its package
/// starts it so.
fn is_goroutine(function: &Function, body: usize) -> bool {
    let block = function.scopes.bodies[body].block;
    let mut started = false;
    for around in &function.scopes.bodies {
        visit::body(around.block, &mut |stmt| {
            if let StmtKind::Go(go) = &stmt.kind {
                started |= go.as_call().is_some_and(|call| call.function.span.contains(block.span));
            }
        });
    }
    let name = &*function.func.name.name;
    let starts = |func: &FuncRef| {
        let mut found = false;
        let scopes = Scopes::of_func(&func.decl);
        for body in &scopes.bodies {
            visit::body(body.block, &mut |stmt| {
                if let StmtKind::Go(go) = &stmt.kind {
                    found |= go.as_call().is_some_and(|call| call.name() == Some(name));
                }
            });
        }
        found
    };
    started || body == 0 && function.typing.file.package.functions_with(name).iter().any(starts)
}

fn detection(
    function: &Function,
    stmt: &Stmt,
    (channel, operand): (&Expr, &Expr),
    receiver: &Receiver,
    body: usize,
) -> Detection {
    let (name, of) = (function.declaration.text(channel.span), function.declaration.text(operand.span));
    let ended = match &receiver.stop {
        Stop::Field(field, _) => format!("`{of}.{field}` ends"),
        Stop::Context => "a context ends".to_owned(),
    };
    let by = receiver.func.decl.display_name();
    let label = function.declaration.place_in(&receiver.func, receiver.exit, "the loop is left here");
    let over = match &receiver.stop {
        _ if !receiver.closed.is_empty() => Some(receiver.closed[0].clone()),
        Stop::Field(field, true) => Some(field.clone()),
        _ => None,
    };
    let signature = function.scopes.bodies[body].signature;
    let returns = at_hand::returned(function.typing, function.declaration.file.text, signature);
    let remedy = match (over, returns) {
        (Some(over), Some(returns)) => Remedy::Case {
            title: format!("let the send end with the loop: `case <-{of}.{over}:`"),
            statement: stmt.span,
            case: format!("<-{of}.{over}"),
            lines: vec![returns],
            doubt: Some("what it means that nothing was sent is for a person to say".to_owned()),
        },
        _ => Remedy::advice(
            "send in a `select` with what tells that the loop has ended",
            "nothing that is closed then is at hand",
        ),
    };
    let message =
        format!("only a loop in `{by}` receives from `{name}`, and {ended} it: a send after that never ends");
    Detection::new(KIND, stmt.span, "may never end", message)
        .with_labels([label])
        .with_notes(describe::weight(
            function.declaration,
            function.typing,
            BodyId(narrow(body)),
            function.func,
        ))
        .with_remedy(remedy)
}

fn calls_wait(func: &FuncDecl) -> bool {
    calls_any(func, &["Wait"])
}

fn calls_any(func: &FuncDecl, names: &[&str]) -> bool {
    let mut found = false;
    if let Some(body) = func.body() {
        visit::block(body, &mut |expr| {
            found |= matches!(&expr.kind, ExprKind::Call(call)
                if call.name().is_some_and(|name| names.contains(&name)));
        });
    }
    found
}
