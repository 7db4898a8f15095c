//! Resources made around others: whether the release of one is no more than the release of what it was made around.
//!
//! `NewMetricsClient(store)` gives something with a `Close` that calls `store.Close()` and does nothing beside. Who has the store
//! closes it, and nothing is open that was not open before.

use std::sync::Arc;

use crate::base::finding::{Closable, Release};
use crate::flow::scope::{Scopes, VarOrigin};
use crate::flow::types::Typing;
use crate::golang::closable::common_methods;
use crate::golang::exprs::Callee;
use crate::golang::members::Member;
use crate::golang::package::FuncRef;
use crate::golang::syntax::*;
use crate::golang::visit;
use crate::golang::world::{FileScope, World};

/// The first argument of `call` that has a release itself: what is made around it may release it too, and whose that is nobody says.
pub fn owned_argument<'e>(typing: &Typing, call: &'e Call) -> Option<&'e Expr> {
    let methods = common_methods();
    let is_owned = |arg: &&Expr| {
        let answer = typing.world.closable(&typing.file, &typing.of(arg), &methods[..1]);
        matches!(answer.closable, Closable::By(_))
    };
    call.args.iter().find(is_owned)
}

/// The argument that `release`, called on result `index` of `call`, releases, if it does nothing beside. An argument made on the spot
/// has no other owner, and is none.
pub fn only_passes_on<'e>(typing: &Typing, call: &'e Call, index: usize, release: &Release) -> Option<&'e Expr> {
    let func = match typing.callee(call) {
        Callee::Func { func, .. } => func,
        Callee::Method { method, .. } => method.func?,
        _ => return None,
    };
    let at = released_param(typing.world, &func, index, &release.method)?;
    call.args.get(at).filter(|arg| arg.as_path().is_some())
}

/// The parameter of `func` that is in a field of the struct that it returns, and that the struct's method `release` only releases.
fn released_param(world: &World, func: &FuncRef, index: usize, release: &str) -> Option<usize> {
    let scope = FileScope::of(func);
    let scopes = Scopes::of_func(&func.decl);
    let (ty, elements) = only_returned(func, index)?;
    let Some(Member::Method(method)) = world.member(&world.type_of(&scope, ty), release) else { return None };
    let field = passed_to(&method.func?)?;
    let value = elements.iter().find(|element| is_key(element, &field)).map(|element| &element.value)?;
    let var = scopes.var(value.as_ident()?)?;
    let at =
        func.decl.signature.params.iter().position(|param| param.name.as_ref().and_then(|name| scopes.var(name)) == Some(var))?;
    matches!(scopes.info(var).origin, VarOrigin::Param { .. }).then_some(at)
}

fn is_key(element: &Element, name: &str) -> bool {
    element.key.as_ref().and_then(Expr::as_ident).is_some_and(|key| *key.name == *name)
}

/// The type and elements of the struct literal that every `return` of `func` gives as result `index`.
fn only_returned(func: &FuncRef, index: usize) -> Option<(&Expr, &[Element])> {
    let (mut found, mut returns) = (Vec::new(), 0);
    visit::body(func.decl.body.as_ref()?, &mut |stmt| {
        if let StmtKind::Return(values) = &stmt.kind {
            returns += 1;
            found.extend(values.get(index).and_then(literal));
        }
    });
    let [only] = found.as_slice() else { return None };
    (returns == 1).then_some(*only)
}

/// `T{…}` or `&T{…}`.
fn literal(value: &Expr) -> Option<(&Expr, &[Element])> {
    match &value.unparen().kind {
        ExprKind::AddressOf(inner) => literal(inner),
        ExprKind::Composite { ty: Some(ty), elements } => Some((ty, elements)),
        _ => None,
    }
}

/// The field `f` of a method that is no more than `recv.f.Close()` or `return recv.f.Close()`, whatever the release is called there.
fn passed_to(method: &FuncRef) -> Option<Arc<str>> {
    let receiver = method.decl.receiver.as_ref()?.name.as_ref()?;
    let [stmt] = method.decl.body.as_ref()?.stmts.as_slice() else { return None };
    let expr = match &stmt.kind {
        StmtKind::Expr(expr) => expr,
        StmtKind::Return(values) => match values.as_slice() {
            [value] => value,
            _ => return None,
        },
        _ => return None,
    };
    match expr.as_call()?.function.as_path()?.as_slice() {
        [first, field, released] if first.name == receiver.name && released.name == method.decl.name.name => {
            Some(field.name.clone())
        }
        _ => None,
    }
}
