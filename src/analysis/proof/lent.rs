//! A release that waits until all that was lent is back, such as a pool's `Close` for its connections, comes
//! to an end: all of it is given back before. Where something is not, the function hangs that only leaked.
//! Which releases wait so is a fact of the library, whoever calls them in the end.

#![expect(
    clippy::mutable_key_type,
    reason = "a function is told apart by its file and place, never by what its package remembers"
)]

use rustc_hash::FxHashSet;

use crate::analysis::graph::known;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{Scopes, VarId};
use crate::analysis::proof::goroutines::in_loop;
use crate::analysis::proof::release_reach::Called;
use crate::analysis::proof::subject::Subject;
use crate::base::diagnostic::{Evidence, Objection};
use crate::base::text::Span;
use crate::go::facts::names;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::{Database, FileScope};
use crate::go::types::members::Member;
use crate::go::types::plain::is_plain;
use crate::go::types::type_expr::Type;

/// Methods that call methods are followed this deep.
const MAX_DEPTH: usize = 8;

/// How many of them are read.
const MAX_FUNCS: usize = 200;

pub(super) fn check(
    subject: &Subject,
    releases: &[Called],
    steps: &mut Vec<Evidence>,
) -> Result<(), Objection> {
    let facts = &names::functions().waits_for_lent;
    let lenders: Vec<&Type> =
        releases.iter().filter(|called| called.is_in(facts)).map(|called| called.ty.pointee()).collect();
    if lenders.is_empty() {
        return Ok(());
    }
    given_out(subject, &lenders)?;
    steps.push(subject.evidence(subject.call.span, "all that it gives out is back before its release"));
    Ok(())
}

/// Whether all that the resource gives out is released by a `defer` of the same function: the closed list of
/// its uses is a call that gives nothing, one that gives what a `defer` releases, and a row that is scanned.
fn given_out(subject: &Subject, lenders: &[&Type]) -> Result<(), Objection> {
    let Some(holder) = subject.holder else { return Ok(()) };
    let typing = subject.typing;
    let scopes = typing.scopes;
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
        if let Some(place) = kept_by(subject, call, lenders) {
            return Err(Objection { place, exposure: None });
        }
        if is_scanned(call, &calls) || !gives(typing, call) {
            continue;
        }
        if looped || !is_given_back(typing, body, call) {
            return Err(subject.object(call.span, waits_for(call, &subject.release.method)));
        }
    }
    visit::block(body, &mut |expr| match &expr.kind {
        ExprKind::Binary { left, right, .. } => {
            seen.extend([left, right].into_iter().filter(|side| is_it(side)).map(|side| side.span.start));
        }
        ExprKind::Call(call) if typing.ask(call, known::only_looks) == Some(true) => {
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

fn waits_for(call: &Call, release: &str) -> String {
    format!("`{release}` waits until what `{}` gives is back", call.name().unwrap_or_default())
}

/// Whether a call gives something that could be waited for.
fn gives(typing: &Typing, call: &Call) -> bool {
    typing.results(call).iter().any(|ty| {
        let harmless = ty.is_error() || ty.is_data() || ty.is_in(&names::types().not_waited_for);
        !harmless && !is_plain(typing.database, ty)
    })
}

/// `pool.QueryRow(…).Scan(&n)`
fn is_scanned(call: &Call, calls: &[&Call]) -> bool {
    calls.iter().any(|outer| match &outer.function.unparen().kind {
        ExprKind::Selector { operand, field } => {
            operand.span == call.span && names::words().reads_row.holds(&field.name)
        }
        _ => false,
    })
}

/// Where a method of a type around the one that lends may keep what that has lent.
fn kept_by(subject: &Subject, call: &Call, lenders: &[&Type]) -> Option<Evidence> {
    let typing = subject.typing;
    let ExprKind::Selector { operand, .. } = &call.function.unparen().kind else { return None };
    // What is embedded may be what lends.
    let declaring = match typing.database.member(&typing.of(operand), call.name().unwrap_or_default()) {
        Some(Member::Method(method)) => method.receiver,
        _ => typing.of(operand),
    };
    if lenders.contains(&declaring.pointee()) {
        return None;
    }
    let around = Around { database: typing.database, release: &subject.release.method, lenders };
    match typing.called(call).filter(|func| !typing.database.is_dependency(&func.package)) {
        Some(func) => around.function(&func, 0, &mut FxHashSet::default()),
        None => Some(subject.evidence(call.span, around.may_take(call))),
    }
}

/// What the methods of a type do with the one that lends, which they have inside.
struct Around<'s> {
    database: &'s Database,
    release: &'s str,
    lenders: &'s [&'s Type],
}

impl Around<'_> {
    fn may_take(&self, call: &Call) -> String {
        let name = call.name().unwrap_or_default();
        format!("`{name}` may take something out that `{}` waits for", self.release)
    }

    /// The first place where a function may take something out and not give it back.
    fn function(&self, func: &FuncRef, depth: usize, read: &mut FxHashSet<FuncRef>) -> Option<Evidence> {
        let body = func.decl.body()?;
        if !read.insert(func.clone()) {
            return None;
        }
        let scopes = Scopes::of_func(&func.decl);
        let typing = Typing::new(self.database, FileScope::of(func), &scopes);
        if depth >= MAX_DEPTH || read.len() > MAX_FUNCS {
            return Some(typing.evidence(func.decl.name.span, "calls are not followed further than here"));
        }
        let lends = |expr: &Expr| self.lenders.contains(&typing.of(expr).pointee());
        let decl = Decl::Func(func.decl.clone());
        let calls = visit::calls(&decl);
        let mut returned = Vec::new();
        visit::body(body, &mut |stmt| {
            if let StmtKind::Return(values) = &stmt.kind {
                returned.extend(values.iter().map(|value| value.unparen().span));
            }
        });
        let mut seen = Vec::new();
        for call in &calls {
            if let ExprKind::Selector { operand, .. } = &call.function.unparen().kind
                && lends(operand)
            {
                seen.push(operand.span);
                let back = is_scanned(call, &calls)
                    || returned.contains(&call.span)
                    || is_given_back(&typing, body, call);
                if gives(&typing, call) && !back {
                    return Some(typing.evidence(call.span, waits_for(call, self.release)));
                }
                continue;
            }
            let own = typing.called(call).filter(|func| !self.database.is_dependency(&func.package));
            if let Some(place) = own.and_then(|func| self.function(&func, depth + 1, read)) {
                return Some(place);
            }
        }
        let mut found = None;
        visit::block(body, &mut |expr| {
            let names = matches!(expr.kind, ExprKind::Ident(_) | ExprKind::Selector { .. });
            if names && found.is_none() && !seen.contains(&expr.span) && lends(expr) {
                let words = format!("something may be taken out here that `{}` waits for", self.release);
                found = Some(typing.evidence(expr.span, words));
            }
        });
        found
    }
}

/// Whether a `defer` right behind the call, or behind the check of its error, releases what the call gives:
/// further down there may be ways out without it.
fn is_given_back(typing: &Typing, body: &Block, call: &Call) -> bool {
    let var_of = |expr: &Expr| expr.as_ident().and_then(|ident| typing.scopes.var(ident));
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
                back |= next.is_some_and(|next| defers_release(typing, next, bound));
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
fn defers_release(typing: &Typing, stmt: &Stmt, bound: VarId) -> bool {
    let StmtKind::Defer(deferred) = &stmt.kind else { return false };
    let scopes = typing.scopes;
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
