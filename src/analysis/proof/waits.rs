//! A release that waits does not wait for ever: where it did, the function hangs that only leaked.
//!
//! A release of the repository's own is read: what it waits for has to be told to end before, and a channel
//! has to be one that a goroutine of the maker's answers. A test server's `Close` waits until its handlers
//! have returned: one that waits for what only a `defer` further up tells it never does. A pool's waits for
//! what it has `lent`.

use crate::analysis::graph::known;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::Scopes;
use crate::analysis::proof::lent;
use crate::analysis::proof::release_reach::Reach;
use crate::analysis::proof::subject::Subject;
use crate::analysis::proof::waiting::{self, Wait};
use crate::analysis::summaries::per_request::is_handler;
use crate::base::diagnostic::{Evidence, Objection};
use crate::base::text::Span;
use crate::go::facts::names;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::FileScope;
use crate::go::types::members::Member;

/// What a handler calls is followed this deep.
const MAX_DEPTH: usize = 3;

pub(crate) fn check(subject: &Subject, steps: &mut Vec<Evidence>) -> Result<(), Objection> {
    let reach = Reach::of(subject);
    if let Some(place) = reach.against {
        return Err(Objection { place, exposure: None });
    }
    if let Some(lock) = &reach.locks
        && let Some(held) = locked_before(subject)
    {
        let release = &subject.release.method;
        let words = format!("this lock may be the one that `{release}` takes ({}:{})", lock.path, lock.line);
        return Err(subject.object(held, words));
    }
    if reach.own_lock
        && let Some((place, name)) = leaves_locked(subject)
    {
        let words = format!("`{name}` leaves a lock taken, and `{}` takes one", subject.release.method);
        return Err(subject.object(place, words));
    }
    if let Some(wait) = waits_first(subject) {
        let words = "this is deferred below, runs before the release, and may wait for what that ends";
        return Err(subject.object(wait, words));
    }
    lent::check(subject, &reach.releases, steps)?;
    let facts = &names::functions().waits_for_requests;
    if reach.releases.iter().any(|release| release.is_in(facts)) {
        if let Some(place) = waiting_handler(subject) {
            return Err(Objection { place, exposure: None });
        }
        if let Some(held) = locked_before(subject).filter(|_| has_locking_handler(subject)) {
            let words = "a handler may wait for this lock, and the release for the handler";
            return Err(subject.object(held, words));
        }
        steps.push(subject.evidence(subject.call.span, "no handler in sight waits for what comes later"));
    }
    Ok(())
}

/// `defer wg.Wait()` behind the place where a context's end would be deferred: goroutines that wait for the
/// context are waited for before it ends.
fn waits_first(subject: &Subject) -> Option<Span> {
    if subject.ty.named().is_none_or(|named| &*named.package != "context") {
        return None;
    }
    let typing = subject.typing;
    let mut found = None;
    visit::body(typing.scopes.body(subject.body).block, &mut |stmt| {
        let StmtKind::Defer(expr) = &stmt.kind else { return };
        let Some(call) = expr.as_call().filter(|_| stmt.span.start >= subject.at) else { return };
        let waits = match &call.function.unparen().kind {
            ExprKind::FuncLit(literal) => {
                let ends = typing.scopes.uses_in(stmt.span).any(|var| Some(var) == subject.holder);
                let waits = waiting::places(typing, &literal.body);
                !ends && waits.iter().any(|(_, wait)| !matches!(wait, Wait::Send))
            }
            _ => call.name() == Some("Wait"),
        };
        if waits {
            found.get_or_insert(stmt.span);
        }
    });
    found
}

/// Where the function takes a lock that it has at its end: what is deferred above the release lets go of it
/// only later.
fn locked_before(subject: &Subject) -> Option<Span> {
    let Decl::Func(func) = subject.decl else { return None };
    let body = func.body()?;
    // `mu.Lock()`, with the name of the lock.
    let called = |stmt: &Stmt, names: [&str; 2]| {
        let StmtKind::Expr(expr) = &stmt.kind else { return None };
        let ExprKind::Selector { operand, field } = &expr.as_call()?.function.unparen().kind else {
            return None;
        };
        names.contains(&&*field.name).then(|| subject.text(operand.span))
    };
    let mut held = Vec::new();
    visit::body(body, &mut |stmt| {
        if let Some(lock) = called(stmt, ["Lock", "RLock"]).filter(|_| stmt.span.start < subject.at) {
            held.push((lock, stmt.span));
        }
    });
    for stmt in &body.stmts {
        if let Some(lock) = called(stmt, ["Unlock", "RUnlock"]).filter(|_| stmt.span.end <= subject.at) {
            held.retain(|(name, span)| *name != lock || span.start > stmt.span.start);
        }
    }
    held.first().map(|(_, span)| *span)
}

/// A method of the resource that takes a lock and does not let go of it: what it gives does, later.
fn leaves_locked(subject: &Subject) -> Option<(Span, String)> {
    let (typing, derived) = (subject.typing, subject.derived());
    visit::calls(subject.decl).into_iter().find_map(|call| {
        let operand = call.receiver().filter(|operand| derived.is_from(operand))?;
        let func = typing.called(call).filter(|func| is_own(typing, func) && func.decl.receiver.is_some())?;
        let (mut taken, mut given) = (false, false);
        visit::block(func.decl.body()?, &mut |expr| {
            let name = expr.as_call().filter(|call| call.span == expr.span).and_then(Call::name);
            taken |= matches!(name, Some("Lock" | "RLock"));
            given |= matches!(name, Some("Unlock" | "RUnlock"));
        });
        (taken && !given).then(|| (operand.span, func.decl.name.name.to_string()))
    })
}

/// Whether a handler that is written down takes a lock.
fn has_locking_handler(subject: &Subject) -> bool {
    let typing = subject.typing;
    let mut found = false;
    visit::declaration(subject.decl, &mut |expr| {
        let ExprKind::FuncLit(literal) = &expr.kind else { return };
        if is_handler(typing.database, &typing.file, &literal.signature) {
            visit::block(&literal.body, &mut |inner| {
                found |= inner.as_call().is_some_and(|call| matches!(call.name(), Some("Lock" | "RLock")));
            });
        }
    });
    found
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
    let named = arg.called();
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

/// Where a body may wait for somebody else: at a channel, for a group, in a loop that others end.
fn waits(typing: &Typing, body: &Block, depth: usize) -> Option<Evidence> {
    let mut places: Vec<Span> = waiting::places(typing, body).into_iter().map(|(span, _)| span).collect();
    visit::all_statements(body, &mut |stmt| match &stmt.kind {
        StmtKind::For(looped) if !ends_by_itself(typing, looped) => places.push(stmt.span),
        _ => {}
    });
    let mut inner = None;
    // `time.Sleep(10 * time.Second)`: whoever asked may have given up by then.
    visit::block(body, &mut |expr| {
        if let Some(call) = expr.as_call().filter(|call| call.span == expr.span)
            && typing.ask(call, |name| known::sleeps(name) || known::is_clock(name)) == Some(true)
            && call.args.iter().any(is_long)
        {
            places.push(call.span);
        }
    });
    visit::block(body, &mut |expr| match &expr.kind {
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

/// Whether a loop counts to its end, or goes through what has one: any other condition is for others to
/// change.
fn ends_by_itself(typing: &Typing, looped: &For) -> bool {
    match &looped.head {
        ForHead::Range { .. } => true,
        ForHead::Clause { condition: None, .. } => false,
        ForHead::Clause { condition: Some(condition), update, .. } => {
            comes_to_end(typing, looped, condition, update.as_ref())
        }
    }
}

fn comes_to_end(typing: &Typing, looped: &For, condition: &Expr, update: Option<&Stmt>) -> bool {
    let var = |expr: &Expr| expr.as_ident().and_then(|ident| typing.scopes.var(ident));
    let counted = update.and_then(|update| match &update.kind {
        StmtKind::IncDec(target) => var(target),
        StmtKind::Assign { left, plain: false, .. } => left.first().and_then(var),
        _ => None,
    });
    match &condition.unparen().kind {
        // `for lines.Scan()`
        ExprKind::Call(call) => call.name().is_some_and(|name| names::words().goes_through.holds(name)),
        ExprKind::Binary { op: BinaryOp::And, left, right } => {
            [left, right].into_iter().any(|side| comes_to_end(typing, looped, side, update))
        }
        ExprKind::Binary {
            op: BinaryOp::Less | BinaryOp::LessOrEqual | BinaryOp::Greater | BinaryOp::GreaterOrEqual,
            left,
            right,
        } => {
            let counts = |side: &Expr| counted.is_some() && var(side) == counted;
            // What is asked anew each time may never be reached.
            let fixed = |side: &Expr| match &side.unparen().kind {
                ExprKind::Call(call) => matches!(call.name(), Some("len" | "cap" | "int" | "int64")),
                _ => true,
            };
            let mut set = false;
            visit::body(&looped.body, &mut |stmt| match &stmt.kind {
                StmtKind::IncDec(target) => set |= counts(target),
                StmtKind::Assign { left, .. } => set |= left.iter().any(counts),
                _ => {}
            });
            !set && (counts(left) && fixed(right) || counts(right) && fixed(left))
        }
        _ => false,
    }
}

/// `10 * time.Second`, or how long nobody knows; `20 * time.Millisecond` is over soon.
fn is_long(duration: &Expr) -> bool {
    let mut short = false;
    visit::expr(duration, &mut |expr| {
        if let ExprKind::Selector { field, .. } = &expr.kind {
            short |= names::words().short_times.holds(&field.name);
        }
    });
    !short
}

fn is_own(typing: &Typing, func: &FuncRef) -> bool {
    !typing.database.is_dependency(&func.package)
}
