//! The variable that is released: local, of a type that has the release, its address not taken.

use crate::analysis::graph::scopes::VarOrigin;
use crate::analysis::proof::subject::Subject;
use crate::base::diagnostic::{Evidence, Objection};
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;

pub(crate) fn check(subject: &Subject, steps: &mut Vec<Evidence>) -> Result<(), Objection> {
    let call = subject.call.span;
    if !subject.is_bound {
        steps.push(subject.evidence(call, "made here, and bound to no variable"));
        return Ok(());
    }
    let scopes = subject.typing.scopes;
    let Some(var) = subject.holder else {
        return Err(subject.object(call, "what holds it is no local variable"));
    };
    let info = scopes.info(var);
    if info.body != subject.body || matches!(info.origin, VarOrigin::Result { .. }) {
        return Err(subject.object(call, format!("`{}` is not the function's own variable", info.name)));
    }
    let Some(ty) = subject.typing.var(var) else {
        return Err(subject.object(call, format!("the type of `{}` is not known", info.name)));
    };
    if ty != *subject.ty && subject.typing.database.takes_release(&ty, subject.release) != Some(true) {
        let words = format!("`{}` is declared as `{ty}`, which has no such release", info.name);
        return Err(subject.object(call, words));
    }
    if let Some(place) = address_taken(subject, &info.name) {
        return Err(place);
    }
    steps.push(subject.evidence(call, format!("bound to `{}`, a local variable of type `{ty}`", info.name)));
    Ok(())
}

/// `&client` anywhere: whoever has that sees all that the variable ever holds.
fn address_taken(subject: &Subject, name: &str) -> Option<Objection> {
    let mut found = None;
    let mut see = |expr: &Expr| {
        if let ExprKind::AddressOf(inner) = &expr.kind
            && inner.as_ident().and_then(|ident| subject.typing.scopes.var(ident)) == subject.holder
        {
            found.get_or_insert(expr.span);
        }
    };
    if let Decl::Func(func) = subject.decl {
        func.body().into_iter().for_each(|body| visit::block(body, &mut see));
    }
    found.map(|span| subject.object(span, format!("the address of `{name}` is taken")))
}
