//! A release that waits does not wait for ever.
//!
//! A pool's `Close` waits until each connection is back: where one is not given back before, the function
//! hangs that only leaked. A test server's `Close` waits until its handlers have returned: one that waits for
//! what only a `defer` further up tells it never does. Which releases wait is a fact of the library.

use crate::analysis::graph::known;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{Scopes, VarId};
use crate::analysis::proof::goroutines::{in_loop, visit_statements};
use crate::analysis::proof::subject::Subject;
use crate::analysis::summaries::per_request::is_handler;
use crate::base::diagnostic::{Evidence, Objection};
use crate::base::text::Span;
use crate::go::facts::names;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::FileScope;
use crate::go::types::members::Member;
use crate::go::types::plain::is_plain;
use crate::go::types::type_expr::Type;

/// What a handler calls is followed this deep.
const MAX_DEPTH: usize = 3;

pub(crate) fn check(subject: &Subject, steps: &mut Vec<Evidence>) -> Result<(), Objection> {
    let Some(named) = subject.ty.named() else { return Ok(()) };
    let release = format!("{}.{}", named.name, subject.release.method);
    if names::functions().waits_for_lent.holds(&named.package, &release) {
        given_out(subject)?;
        steps.push(subject.evidence(subject.call.span, "all that it gives out is back before its release"));
    }
    if names::functions().waits_for_requests.holds(&named.package, &release) {
        if let Some(place) = waiting_handler(subject) {
            return Err(Objection { place, exposure: None });
        }
        steps.push(subject.evidence(subject.call.span, "no handler in sight waits for what comes later"));
    }
    Ok(())
}

/// Whether all that the resource gives out is released by a `defer` of the same function: the closed list of
/// its uses is a call that gives nothing, one that gives what a `defer` releases, and a row that is scanned.
fn given_out(subject: &Subject) -> Result<(), Objection> {
    let Some(holder) = subject.holder else { return Ok(()) };
    let scopes = subject.typing.scopes;
    let body = scopes.body(subject.body).block;
    let is_it = |expr: &Expr| expr.as_ident().and_then(|ident| scopes.var(ident)) == Some(holder);
    let looped = in_loop(body, subject.call.span);
    let calls = visit::calls(subject.decl);
    let mut seen = Vec::new();
    for call in &calls {
        let ExprKind::Selector { operand, .. } = &call.function.unparen().kind else { continue };
        if !is_it(operand) {
            continue;
        }
        seen.push(operand.span.start);
        let gives = |ty: &Type| !ty.is_error() && !ty.is_data() && !is_plain(subject.typing.database, ty);
        let scanned = calls.iter().any(|outer| match &outer.function.unparen().kind {
            ExprKind::Selector { operand, field } => {
                operand.span == call.span && names::words().reads_row.holds(&field.name)
            }
            _ => false,
        });
        if scanned || !subject.typing.results(call).iter().any(gives) {
            continue;
        }
        if looped || !is_given_back(subject, body, call) {
            let name = call.name().unwrap_or_default();
            let words = format!("`{}` waits until what `{name}` gives is back", subject.release.method);
            return Err(subject.object(call.span, words));
        }
    }
    visit::block(body, &mut |expr| match &expr.kind {
        ExprKind::Binary { left, right, .. } => {
            seen.extend([left, right].into_iter().filter(|side| is_it(side)).map(|side| side.span.start));
        }
        ExprKind::Call(call) if subject.typing.ask(call, known::only_looks) == Some(true) => {
            seen.extend(call.args.iter().filter(|arg| is_it(arg)).map(|arg| arg.span.start));
        }
        _ => {}
    });
    // All others may take something out of it.
    match scopes.uses_of(holder).filter(|at| !seen.contains(at) && *at > subject.call.span.end).min() {
        Some(at) => {
            let words = format!(
                "what has it here may take something out that `{}` waits for",
                subject.release.method
            );
            Err(subject.object(Span::new(at, at), words))
        }
        None => Ok(()),
    }
}

/// Whether a `defer` right behind the call, or behind the check of its error, releases what the call gives:
/// further down there may be ways out without it.
fn is_given_back(subject: &Subject, body: &Block, call: &Call) -> bool {
    let var_of = |expr: &Expr| expr.as_ident().and_then(|ident| subject.typing.scopes.var(ident));
    let mut back = false;
    let mut look = |stmts: &[Stmt]| {
        for (at, stmt) in stmts.iter().enumerate() {
            let (StmtKind::Define { left, right } | StmtKind::Assign { left, right, .. }) = &stmt.kind else {
                continue;
            };
            if let ([value], [bound, rest @ ..]) = (right.as_slice(), left.as_slice())
                && value.unparen().span == call.span
                && let Some(bound) = var_of(bound)
            {
                let errors: Vec<VarId> = rest.iter().filter_map(var_of).collect();
                let behind = &stmts[at + 1..];
                let checks = behind.first().is_some_and(|next| asks_for_any(next, &var_of, &errors));
                let next = behind.get(usize::from(checks));
                back |= next.is_some_and(|next| defers_release(subject, next, bound));
            }
        }
    };
    look(&body.stmts);
    visit::body(body, &mut |stmt| visit::child_lists(stmt).into_iter().for_each(&mut look));
    back
}

/// `if err != nil { … }`, of one of the variables.
fn asks_for_any(stmt: &Stmt, var_of: &dyn Fn(&Expr) -> Option<VarId>, errors: &[VarId]) -> bool {
    let StmtKind::If(branch) = &stmt.kind else { return false };
    match &branch.condition.unparen().kind {
        ExprKind::Binary { op: BinaryOp::NotEqual, left, right } => {
            branch.init.is_none()
                && right.is_nil()
                && branch.otherwise.is_none()
                && var_of(left).is_some_and(|var| errors.contains(&var))
        }
        _ => false,
    }
}

/// `defer rows.Close()`, or as one of the first statements of a literal that is deferred.
fn defers_release(subject: &Subject, stmt: &Stmt, bound: VarId) -> bool {
    let StmtKind::Defer(deferred) = &stmt.kind else { return false };
    let scopes = subject.typing.scopes;
    let releases = |expr: &Expr| match expr.as_call().map(|call| &call.function.unparen().kind) {
        Some(ExprKind::Selector { operand, field }) => {
            let ends = known::reads_like_release(&field.name) || names::words().gives_back.holds(&field.name);
            ends && operand.as_ident().and_then(|ident| scopes.var(ident)) == Some(bound)
        }
        _ => false,
    };
    if releases(deferred) {
        return true;
    }
    let Some(ExprKind::FuncLit(literal)) = deferred.as_call().map(|call| &call.function.unparen().kind)
    else {
        return false;
    };
    let plain = literal.body.stmts.iter().map_while(|stmt| match &stmt.kind {
        StmtKind::Expr(expr) => Some(std::slice::from_ref(expr)),
        StmtKind::Define { right, .. } | StmtKind::Assign { right, .. } => Some(right.as_slice()),
        _ => None,
    });
    // A literal runs at the end: it has what the variable holds then.
    scopes.assigned(bound).len() == 1 && plain.flatten().any(releases)
}

/// Where a handler that the declaration makes, names, or gets from a function of the repository may wait.
fn waiting_handler(subject: &Subject) -> Option<Evidence> {
    let typing = subject.typing;
    let own = match subject.decl {
        Decl::Func(func) => func.body().and_then(|body| in_literals(typing, body)),
        _ => None,
    };
    own.or_else(|| {
        visit::calls(subject.decl).into_iter().find_map(|call| {
            let made = typing.called(call).filter(|func| is_own(typing, func)).and_then(|func| {
                let body = func.decl.body()?;
                let scopes = Scopes::of_func(&func.decl);
                in_literals(&Typing::new(typing.database, FileScope::of(&func), &scopes), body)
            });
            made.or_else(|| call.args.iter().find_map(|arg| in_argument(typing, arg)))
        })
    })
}

/// Of the function literals of a body that are handlers.
fn in_literals(typing: &Typing, body: &Block) -> Option<Evidence> {
    let mut found = None;
    visit::block(body, &mut |expr| {
        if let ExprKind::FuncLit(literal) = &expr.kind
            && found.is_none()
            && is_handler(typing.database, &typing.file, &literal.signature)
        {
            found = waits(typing, &literal.body, 0);
        }
    });
    found
}

/// Of a function that is named, or of a value that serves.
fn in_argument(typing: &Typing, arg: &Expr) -> Option<Evidence> {
    let named = Call {
        span: arg.span,
        function: arg.clone(),
        type_args: Vec::new(),
        args: Vec::new(),
        spread: false,
    };
    let func = match &arg.unparen().kind {
        ExprKind::Ident(_) | ExprKind::Selector { .. } => typing.called(&named),
        _ => None,
    };
    let func = func.or_else(|| match typing.database.member(&typing.of(arg), "ServeHTTP") {
        Some(Member::Method(method)) => method.func,
        _ => None,
    })?;
    let handles = is_handler(typing.database, &FileScope::of(&func), &func.decl.signature);
    if handles && is_own(typing, &func) { in_function(typing, &func, 0) } else { None }
}

fn in_function(typing: &Typing, func: &FuncRef, depth: usize) -> Option<Evidence> {
    let scopes = Scopes::of_func(&func.decl);
    waits(&Typing::new(typing.database, FileScope::of(func), &scopes), func.decl.body()?, depth)
}

/// Where a body may wait for somebody else: at a channel, for a group, in a loop without a condition.
fn waits(typing: &Typing, body: &Block, depth: usize) -> Option<Evidence> {
    let is_clock = |channel: &Expr| {
        channel.as_call().is_some_and(|call| typing.ask(call, known::is_clock) == Some(true))
    };
    let (mut places, mut bounded): (Vec<Span>, Vec<Span>) = (Vec::new(), Vec::new());
    visit_statements(body, &mut |stmt| match &stmt.kind {
        StmtKind::Send { .. } => places.push(stmt.span),
        StmtKind::Select(cases) => {
            let ends = |case: &SelectCase| match &case.communication {
                None => true,
                Some(Communication::Receive { right, .. }) => match &right.unparen().kind {
                    ExprKind::Receive(channel) => is_clock(channel),
                    _ => false,
                },
                Some(Communication::Send { .. }) => false,
            };
            if cases.iter().any(ends) {
                bounded.extend(cases.iter().filter_map(|case| match &case.communication {
                    Some(Communication::Receive { right, .. }) => Some(right.span),
                    _ => None,
                }));
            } else {
                places.push(stmt.span);
            }
        }
        StmtKind::For(looped) => match &looped.head {
            ForHead::Range { right, .. } if matches!(typing.of(right), Type::Chan(_)) => {
                places.push(stmt.span)
            }
            ForHead::Clause { condition: None, .. } => places.push(stmt.span),
            _ => {}
        },
        _ => {}
    });
    let mut inner = None;
    visit::block(body, &mut |expr| match &expr.kind {
        ExprKind::Receive(channel)
            if !is_clock(channel) && !bounded.iter().any(|span| span.contains(expr.span)) =>
        {
            places.push(expr.span);
        }
        ExprKind::Call(call) if call.name() == Some("Wait") => places.push(call.span),
        ExprKind::Call(call) if inner.is_none() && depth < MAX_DEPTH => {
            let called = typing.called(call).filter(|func| is_own(typing, func));
            inner = called.and_then(|func| in_function(typing, &func, depth + 1));
        }
        _ => {}
    });
    let place = places.into_iter().min();
    place
        .map(|place| typing.evidence(place, "a handler may still wait here, and the release waits for it"))
        .or(inner)
}

fn is_own(typing: &Typing, func: &FuncRef) -> bool {
    !typing.database.is_dependency(&func.package)
}
