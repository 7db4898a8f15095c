//! Nothing else ends the resource by another name or through something made from it, and its release ends
//! nothing but itself.

use rustc_hash::FxHashSet;

use crate::analysis::graph::derived::Derived;
use crate::analysis::graph::known;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, Scopes, VarId};
use crate::analysis::proof::address;
use crate::analysis::proof::nil::bound;
use crate::analysis::proof::subject::Subject;
use crate::go::facts::names;

use crate::analysis::summaries::released_fields::ReleasedFields;
use crate::base::diagnostic::{Evidence, Objection};
use crate::base::text::{Span, narrow};
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::FileScope;
use crate::go::types::expressions::Callee;
use crate::go::types::members::Member;
use crate::go::types::type_expr::Type;
use crate::go::types::underlying::embedded_name;

/// Callees that get it are followed this deep.
const MAX_DEPTH: usize = 3;

pub(crate) fn check(subject: &Subject, steps: &mut Vec<Evidence>) -> Result<(), Objection> {
    let method = &*subject.release.method;
    let closes = || matches!(subject.typing.database.member(subject.ty, "Close"), Some(Member::Method(_)));
    if names::words().ends_session.holds(method) && closes() {
        let words = format!("it has a `Close` as well as `{method}`: they end different things");
        return Err(subject.object(subject.call.span, words));
    }
    let derived = subject.derived();
    let inner = called_by_release(subject);
    let found = other_release(subject, &derived, &inner)
        .or_else(|| released_through(subject, &derived))
        .or_else(|| holds_lock(subject, &derived))
        .or_else(|| address::given_out(subject));
    if let Some(objection) = found {
        return Err(objection);
    }
    if let Some(place) = releases_nothing(subject) {
        return Err(Objection { place, exposure: None });
    }
    steps.push(subject.evidence(subject.call.span, "nothing else releases it"));
    Ok(())
}

/// A method by another name that reads like a release, or that the release itself calls.
fn other_release(subject: &Subject, derived: &Derived, inner: &FxHashSet<String>) -> Option<Objection> {
    let mut found: Option<Objection> = None;
    let ends = |name: &str| known::reads_like_release(name) || inner.contains(name);
    let calls = visit::calls(subject.decl);
    let mut see = |expr: &Expr| {
        let ExprKind::Selector { operand, field } = &expr.kind else { return };
        let own = subject.releases.iter().any(|release| release.name == field.name);
        if found.is_some() || own || !ends(&field.name) || !is_it(subject, derived, operand) {
            return;
        }
        let call = calls.iter().find(|call| call.function.unparen().span == expr.span);
        if call.is_none_or(|call| subject.typing.asks_little(call)) {
            let words = format!("`{}` may release it", field.name);
            found = Some(subject.object(expr.span, words));
        }
    };
    if let Decl::Func(func) = subject.decl {
        func.body().into_iter().for_each(|body| visit::block(body, &mut see));
    }
    found.or_else(|| released_beside(subject, derived, &calls)).or_else(|| {
        calls.iter().find_map(|call| {
            call.args.iter().enumerate().filter(|(_, arg)| is_it(subject, derived, arg)).find_map(
                |(at, _)| {
                    let Callee::Func { func, .. } = subject.typing.callee(call) else { return None };
                    let last = func.decl.signature.params.len().checked_sub(1)?;
                    let index = ParamIndex::At(narrow(at.min(last)));
                    let name = released_in(subject, &func, index, &ends, 0)?;
                    let words = format!("`{}` calls `{name}`, which may release it", func.decl.name.name);
                    Some(subject.object(call.span, words))
                },
            )
        })
    })
}

/// Whether an expression is the resource: one of its variables, and of its type.
fn is_it(subject: &Subject, derived: &Derived, expr: &Expr) -> bool {
    let var = expr.as_ident().and_then(|ident| subject.typing.scopes.var(ident));
    let itself = var.is_some_and(|var| Some(var) == subject.holder);
    let same = || {
        var.is_some_and(|var| derived.has(var)) && subject.typing.of(expr).pointee() == subject.ty.pointee()
    };
    itself || same() || expr.unparen().span == subject.call.span
}

/// A method by any name whose source releases what it is called on, whatever comes.
fn released_beside(subject: &Subject, derived: &Derived, calls: &[&Call]) -> Option<Objection> {
    calls.iter().find_map(|call| {
        let ExprKind::Selector { operand, field } = &call.function.unparen().kind else { return None };
        let own = subject.releases.iter().any(|release| release.name == field.name);
        if own || !is_it(subject, derived, operand) || !always_releases(subject, subject.typing, call, 0) {
            return None;
        }
        Some(subject.object(call.span, format!("`{}` releases it", field.name)))
    })
}

/// Whether a method calls the release on its receiver at the top of its body, itself or by another method.
fn always_releases(subject: &Subject, typing: &Typing, call: &Call, depth: usize) -> bool {
    let Some(func) = typing.called(call).filter(|_| depth < MAX_DEPTH) else { return false };
    let scopes = Scopes::of_func(&func.decl);
    let (Some(body), Some(receiver)) = (func.decl.body(), scopes.param(BodyId(0), ParamIndex::Receiver))
    else {
        return false;
    };
    let inside = Typing::new(typing.database, FileScope::of(&func), &scopes);
    body.stmts.iter().any(|stmt| {
        let mut found = false;
        if matches!(
            stmt.kind,
            StmtKind::Expr(_)
                | StmtKind::Return(_)
                | StmtKind::Defer(_)
                | StmtKind::Assign { .. }
                | StmtKind::Define { .. }
        ) {
            visit::stmt(stmt, &mut |expr| {
                let Some(call) = expr.as_call().filter(|call| call.span == expr.span && !found) else {
                    return;
                };
                if let ExprKind::Selector { operand, field } = &call.function.unparen().kind
                    && operand.as_ident().and_then(|ident| scopes.var(ident)) == Some(receiver)
                {
                    found = subject.releases.iter().any(|release| release.name == field.name)
                        || always_releases(subject, &inside, call, depth + 1);
                }
            });
        }
        found
    })
}

/// The release by another name that a callee calls on its parameter.
fn released_in(
    subject: &Subject,
    func: &FuncRef,
    index: ParamIndex,
    ends: &dyn Fn(&str) -> bool,
    depth: usize,
) -> Option<String> {
    let body = func.decl.body().filter(|_| depth < MAX_DEPTH)?;
    let scopes = Scopes::of_func(&func.decl);
    let param = scopes.param(BodyId(0), index)?;
    let typing = Typing::new(subject.typing.database, FileScope::of(func), &scopes);
    let is_param = |expr: &Expr| expr.as_ident().and_then(|ident| scopes.var(ident)) == Some(param);
    let mut found = None;
    visit::block(body, &mut |expr| match &expr.kind {
        ExprKind::Selector { operand, field } if is_param(operand) && ends(&field.name) => {
            found.get_or_insert_with(|| field.name.to_string());
        }
        ExprKind::Call(call) if found.is_none() => {
            for (at, _) in call.args.iter().enumerate().filter(|(_, arg)| is_param(arg)) {
                if let Callee::Func { func, .. } = typing.callee(call)
                    && let Some(last) = func.decl.signature.params.len().checked_sub(1)
                {
                    let index = ParamIndex::At(narrow(at.min(last)));
                    found = found.take().or_else(|| released_in(subject, &func, index, ends, depth + 1));
                }
            }
        }
        _ => {}
    });
    found
}

/// What the release calls of the same type's methods, but what only flushes or locks.
fn called_by_release(subject: &Subject) -> FxHashSet<String> {
    let method = &*subject.release.method;
    let mut found = FxHashSet::default();
    let member = subject.typing.database.member(subject.ty, method);
    let Some(Member::Method(_)) = member else { return found };
    for func in subject.methods(method) {
        let Some(receiver) = func.decl.receiver.as_ref().and_then(|receiver| receiver.name.as_ref()) else {
            continue;
        };
        let owner = func.decl.receiver_type().cloned().unwrap_or_default();
        let mut called = Vec::new();
        if let Some(body) = func.decl.body() {
            visit::block(body, &mut |expr| {
                if let ExprKind::Selector { operand, field } = &expr.kind
                    && operand.as_ident().is_some_and(|ident| ident.name == receiver.name)
                    && func.package.method(&owner, &field.name).is_some()
                {
                    called.push(field.name.to_string());
                }
            });
        }
        let harmless = &names::words().harmless_in_release;
        found.extend(called.into_iter().filter(|name| !harmless.begin(name)));
    }
    found
}

/// A release of something made from it, or around it, that may release it.
fn released_through(subject: &Subject, derived: &Derived) -> Option<Objection> {
    visit::calls(subject.decl).into_iter().find_map(|call| {
        let ExprKind::Selector { operand, field } = &call.function.unparen().kind else { return None };
        if !known::reads_like_release(&field.name) || !derived.is_from(operand) {
            return None;
        }
        let var = operand.as_ident().and_then(|ident| subject.typing.scopes.var(ident));
        if var.is_some() && var == subject.holder {
            return None;
        }
        // `r, w, err := os.Pipe()`: what the rule's own call gives beside it has a release of its own.
        if subject.named && var.is_some() && bound(subject).contains(&var) {
            return None;
        }
        let ty = subject.typing.of(operand);
        let words = if ty.pointee() == subject.ty.pointee() {
            let other = var.is_some_and(|var| !is_alias_only(subject, var));
            other.then(|| format!("`{}` of what comes from it may release it", field.name))
        } else if has_inside(subject, operand) || reaches(subject, &ty) {
            Some(format!("`{}` of what has it inside may release it", field.name))
        } else {
            None
        };
        words.map(|words| subject.object(call.span, words))
    })
}

/// A lock that is taken by the resource, or by what is made from it, and not given back: its release does
/// that.
fn holds_lock(subject: &Subject, derived: &Derived) -> Option<Objection> {
    let calls = visit::calls(subject.decl);
    let name = |call: &&Call| call.name().unwrap_or_default().to_owned();
    if calls.iter().any(|call| known::gives_back_lock(&name(call))) {
        return None;
    }
    let takes = calls.iter().find(|call| {
        let of_it = call
            .receiver()
            .is_some_and(|operand| derived.is_from(operand) || operand.unparen().span == subject.call.span);
        of_it && known::takes_lock(&name(call)) || call.args.iter().any(is_for_a_session)
    })?;
    let words = format!("what `{}` takes here, its release may give back", name(takes));
    Some(subject.object(takes.span, words))
}

/// What is there for as long as a session: `zk.FlagEphemeral`, `"select pg_advisory_lock(1)"`.
fn is_for_a_session(arg: &Expr) -> bool {
    let known = names::words();
    match &arg.unparen().kind {
        ExprKind::Selector { field, .. } => known.for_a_session.are_within(&field.name),
        ExprKind::Literal(Literal::Other(text)) => {
            let text = text.to_ascii_lowercase();
            known.locks_of_a_session.are_within(&text)
        }
        _ => false,
    }
}

/// Whether a variable is only another name for the resource, whose releases the walk sees.
fn is_alias_only(subject: &Subject, var: VarId) -> bool {
    subject.typing.scopes.assigned(var).iter().all(|given| given.value.as_ident().is_some())
}

/// A literal with the resource in it, or a variable that is one.
fn has_inside(subject: &Subject, operand: &Expr) -> bool {
    let holder = |expr: &Expr| {
        let var = expr.as_ident().and_then(|ident| subject.typing.scopes.var(ident));
        var.is_some() && var == subject.holder
    };
    let around = |value: &Expr| {
        let mut value = value.unparen();
        if let ExprKind::AddressOf(inner) = &value.kind {
            value = inner.unparen();
        }
        match &value.kind {
            ExprKind::Composite { elements, .. } => elements.iter().any(|element| holder(&element.value)),
            _ => false,
        }
    };
    let var = operand.as_ident().and_then(|ident| subject.typing.scopes.var(ident));
    around(operand)
        || var.is_some_and(|var| subject.typing.scopes.assigned(var).iter().any(|given| around(given.value)))
}

/// Whether the release of a type of the repository goes on to something of the resource's type.
fn reaches(subject: &Subject, ty: &Type) -> bool {
    let database = subject.typing.database;
    let Some(named) = ty.named() else { return false };
    let Some(package) = named.source() else { return false };
    let Some(spec) = package.type_spec(&named.name) else { return false };
    let ExprKind::Struct(fields) = &spec.spec().ty.unparen().kind else { return false };
    let released = ReleasedFields::of(ty);
    let scope = FileScope { package: package.clone(), file: spec.file };
    fields.iter().any(|field| {
        let same = database.type_of(&scope, &field.ty).pointee() == subject.ty.pointee();
        let embedded = embedded_name(field);
        let names = field.names.iter().map(|name| name.name.clone()).chain(embedded);
        same && names.into_iter().any(|name| released.may_be(Some(&name), 0))
    })
}

/// A release whose source calls somebody, and ends nothing of its own: it asks a server to do so.
fn releases_nothing(subject: &Subject) -> Option<Evidence> {
    let database = subject.typing.database;
    let Some(Member::Method(_)) = database.member(subject.ty, &subject.release.method) else {
        return None;
    };
    subject.methods(&subject.release.method).into_iter().find_map(|func| {
        // A library's `Stop` may be a message to a server; what it calls `Close` it means so.
        let own = !database.is_dependency(&func.package)
            || !subject.named && names::words().undoes_start.holds(&subject.release.method);
        let (asks, ends) = calls_of(subject, &func, 0);
        let scopes = Scopes::default();
        let typing = Typing::new(database, FileScope::of(&func), &scopes);
        let words = format!("`{}` only asks somebody else for something", func.decl.name.name);
        Some(typing.evidence(asks.filter(|_| own && !ends)?, words))
    })
}

/// The first call of a function that ends nothing by its name, and whether another one does, itself or by
/// what it calls.
fn calls_of(subject: &Subject, func: &FuncRef, depth: usize) -> (Option<Span>, bool) {
    let database = subject.typing.database;
    let Some(body) = func.decl.body().filter(|_| depth < MAX_DEPTH) else { return (None, false) };
    let scopes = Scopes::of_func(&func.decl);
    let typing = Typing::new(database, FileScope::of(func), &scopes);
    // What it ends where something failed, it leaves open where all went well.
    let mut failed: Vec<Span> = Vec::new();
    visit::all_statements(body, &mut |stmt| {
        if let StmtKind::If(branch) = &stmt.kind
            && let ExprKind::Binary { op: BinaryOp::NotEqual, left, right } = &branch.condition.unparen().kind
            && right.is_nil()
            && typing.of(left).is_error()
        {
            failed.push(branch.then.span);
        }
    });
    let (mut asks, mut ends) = (None, false);
    visit::block(body, &mut |expr| match &expr.kind {
        _ if failed.iter().any(|span| span.contains(expr.span)) => {}
        ExprKind::Selector { field, .. } => ends |= known::reads_like_release(&field.name),
        ExprKind::Call(call) if !ends => {
            let name = call.name().unwrap_or_default().to_ascii_lowercase();
            ends |= names::words().ending.are_within(&name);
            let own = typing.called(call).filter(|func| !database.is_dependency(&func.package));
            ends |= own.is_some_and(|func| calls_of(subject, &func, depth + 1).1);
            if !names::words().aside.are_within(&name) {
                asks.get_or_insert(call.span);
            }
        }
        _ => {}
    });
    (asks, ends)
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::places_in;

    #[test]
    fn what_else_is_released_may_be_the_resource() {
        let more = "func (c *client) sub() *client { return &client{c.fd} }";
        let of = |rest: &str| {
            places_in(&format!(
                "{more}\nfunc f() error {{\nc := make1()\nd := c.sub()\n{rest}\nreturn nil\n}}"
            ))
        };
        assert_eq!(of("lend(d)"), ["c after 3, proved"]);
        assert_eq!(of("d.Close()"), ["c after 3, not proved"]);
    }
}
