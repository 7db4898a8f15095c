//! What is still under way when the resource is closed is not lost.
//!
//! `client.Topic("x").Publish(ctx, m)` gives a future; where nobody waits for it, the message goes out a
//! little later, and not at all once the client is closed.

use crate::analysis::graph::derived::statements;
use crate::analysis::graph::known;
use crate::analysis::graph::scopes::VarId;
use crate::go::facts::names;

use crate::analysis::proof::subject::Subject;
use crate::base::diagnostic::{Evidence, Objection};
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::expressions::Callee;
use crate::go::types::members::Member;
use crate::go::types::type_expr::Type;

pub(crate) fn check(subject: &Subject, steps: &mut Vec<Evidence>) -> Result<(), Objection> {
    let derived = subject.derived();
    let statements = statements(subject.decl);
    let calls = visit::calls(subject.decl);
    if flushes_itself(subject) {
        steps.push(subject.evidence(subject.call.span, "its release sees to what is under way"));
        return Ok(());
    }
    let concerns = |call: &Call| {
        let is_method = matches!(call.function.unparen().kind, ExprKind::Selector { .. });
        is_method && derived.begins_at(&call.function) && call.span != subject.call.span
    };
    for stmt in &statements {
        for (call, is_looked_at) in dropped(stmt, &concerns, (&calls, &statements), subject) {
            let future = |ty: &Type| match kind_of(subject, call, ty) {
                Future::Surely => true,
                // What is used otherwise is a stream, a session.
                Future::Perhaps => !is_looked_at,
                Future::No => false,
            };
            let future = subject.typing.results(call).iter().any(future);
            if future && !is_flushed(subject, call, &calls) {
                let name = call.name().unwrap_or_default();
                let words = format!("what `{name}` hands in may still be under way, and nobody waits for it");
                return Err(subject.object(call.span, words));
            }
        }
    }
    Ok(())
}

/// The calls of a statement, of those that it `concerns`, whose results nobody waits for: nothing takes them,
/// or a variable on which nothing that waits is called; each with whether a variable takes them.
fn dropped<'a>(
    stmt: &'a Stmt,
    concerns: &dyn Fn(&Call) -> bool,
    (calls, statements): (&[&Call], &[&Stmt]),
    subject: &Subject,
) -> Vec<(&'a Call, bool)> {
    let var_of = |expr: &Expr| expr.as_ident().and_then(|ident| subject.typing.scopes.var(ident));
    let awaited = |target: &Expr| {
        let Some(var) = var_of(target) else {
            return target.as_ident().is_none_or(|ident| !ident.is_blank());
        };
        let waits = calls.iter().any(|call| match &call.function.unparen().kind {
            ExprKind::Selector { operand, field } => {
                names::words().awaits.holds(&field.name) && var_of(operand) == Some(var)
            }
            _ => false,
        });
        waits || is_handed_on(subject, var, calls, statements)
    };
    let is_error = |target: &Expr| subject.typing.of(target).is_error();
    match &stmt.kind {
        StmtKind::Expr(expr) | StmtKind::Go(expr) | StmtKind::Defer(expr) => {
            expr.as_call().filter(|call| concerns(call)).map(|call| (call, false)).into_iter().collect()
        }
        StmtKind::Define { left, right } | StmtKind::Assign { left, right, .. } => {
            let pairs = left.len() == right.len();
            let targets = |at: usize| if pairs { &left[at..=at] } else { left.as_slice() };
            let of_value = |(at, value): (usize, &'a Expr)| {
                let call = value.as_call().filter(|call| concerns(call))?;
                let targets: Vec<&Expr> = targets(at).iter().filter(|target| !is_error(target)).collect();
                let dropped = !targets.iter().any(|target| awaited(target));
                let named = targets.iter().any(|target| var_of(target).is_some());
                dropped.then_some((call, named))
            };
            right.iter().enumerate().filter_map(of_value).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether the variable is an argument, an element or returned: then it is somebody's to wait for.
fn is_handed_on(subject: &Subject, var: VarId, calls: &[&Call], statements: &[&Stmt]) -> bool {
    let is_it = |expr: &Expr| expr.as_ident().and_then(|ident| subject.typing.scopes.var(ident)) == Some(var);
    let passed = calls
        .iter()
        .any(|call| call.args.iter().any(is_it) && subject.typing.ask(call, known::only_looks) != Some(true));
    let mut returned = false;
    for stmt in statements {
        match &stmt.kind {
            StmtKind::Return(values) => returned |= values.iter().any(is_it),
            StmtKind::Send { value, .. } => returned |= is_it(value),
            StmtKind::Assign { left, right, .. } => {
                let blank = left.iter().all(|target| target.as_ident().is_some_and(Ident::is_blank));
                returned |= !blank && right.iter().any(is_it);
            }
            _ => {}
        }
    }
    passed || returned
}

/// Whether what a call hands in is made to go out by another call on the same thing.
fn is_flushed(subject: &Subject, call: &Call, calls: &[&Call]) -> bool {
    let ExprKind::Selector { operand, .. } = &call.function.unparen().kind else { return false };
    let Some(var) = operand.as_ident().and_then(|ident| subject.typing.scopes.var(ident)) else {
        return false;
    };
    calls.iter().any(|other| match &other.function.unparen().kind {
        ExprKind::Selector { operand, field } => {
            names::words().flushes.begin(&field.name)
                && operand.as_ident().and_then(|ident| subject.typing.scopes.var(ident)) == Some(var)
        }
        _ => false,
    })
}

/// Whether a value stands for something that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Future {
    No,
    /// A channel, or something of which the index does not say what it is.
    Perhaps,
    Surely,
}

fn kind_of(subject: &Subject, call: &Call, ty: &Type) -> Future {
    let database = subject.typing.database;
    if ty.is_error() || ty.is_context() || ty.is_data() || matches!(ty, Type::Basic(_)) {
        return Future::No;
    }
    if ty.why_unknown().is_some() {
        let listed = match subject.typing.callee(call) {
            Callee::Method { method, receiver } => database.lists_member(&receiver, &method.name),
            _ => false,
        };
        return if listed { Future::Perhaps } else { Future::No };
    }
    let method = |name: &str| match database.member(ty, name) {
        Some(Member::Method(method)) if !method.indexed => Some(method.signature),
        _ => None,
    };
    let waits =
        |name: &str| method(name).is_some_and(|signature| signature.params.iter().all(Type::is_context));
    let tells = |name: &str| {
        method(name).is_some_and(|signature| {
            signature.params.is_empty() && matches!(signature.results.as_slice(), [Type::Chan(_)])
        })
    };
    let gets =
        method("Get").is_some_and(|signature| matches!(signature.params.as_slice(), [ty] if ty.is_context()));
    // Of a type that only the index knows the name has to do.
    let named = ty.named().is_some_and(|named| {
        named.source().is_none()
            && ["PublishResult", "Future", "Promise"].iter().any(|end| named.name.ends_with(end))
    });
    // What is released itself is a session or the like, which waits in its own way.
    let released = method("Close").is_some();
    match ty {
        Type::Chan(_) => Future::Perhaps,
        _ if (gets || waits("Wait") || tells("Ready") || tells("Done") || named) && !released => {
            Future::Surely
        }
        _ => Future::No,
    }
}

/// Whether the source of the release says that it flushes, or waits for what is under way.
fn flushes_itself(subject: &Subject) -> bool {
    let Some(Member::Method(method)) = subject.typing.database.member(subject.ty, &subject.release.method)
    else {
        return false;
    };
    method.func.as_ref().is_some_and(|func| flushes(func, 0))
}

fn flushes(func: &FuncRef, depth: usize) -> bool {
    let Some(body) = func.decl.body().filter(|_| depth < 3) else { return false };
    let mut found = false;
    visit::block(body, &mut |expr| {
        if let Some(call) = expr.as_call().filter(|call| call.span == expr.span) {
            let name = call.name().unwrap_or_default().to_ascii_lowercase();
            found |= ["flush", "drain", "wait"].iter().any(|word| name.contains(word));
        }
    });
    if found {
        return true;
    }
    let owner = func.decl.receiver_type().cloned().unwrap_or_default();
    let mut inner = Vec::new();
    visit::block(body, &mut |expr| {
        if let ExprKind::Selector { operand, field } = &expr.kind
            && let (Some(ident), Some(receiver)) = (operand.as_ident(), &func.decl.receiver)
            && receiver.name.as_ref().is_some_and(|name| name.name == ident.name)
        {
            inner.extend(func.package.method(&owner, &field.name));
        }
    });
    inner.iter().any(|func| flushes(func, depth + 1))
}
