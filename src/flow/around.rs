//! Resources made around others: whether the release of one is no more than the release of what it was made around.
//!
//! `NewMetricsClient(store)` gives something with a `Close` that calls `store.Close()` and does nothing beside. Who has the store
//! closes it, and nothing is open that was not open before.

use std::sync::Arc;

use crate::base::finding::{Closable, Release};
use crate::flow::scope::Scopes;
use crate::flow::types::Typing;
use crate::golang::closable::common_methods;
use crate::golang::exprs::Callee;
use crate::golang::members::Member;
use crate::golang::package::FuncRef;
use crate::golang::syntax::*;
use crate::golang::visit;
use crate::golang::world::{FileScope, World};

/// Constructors around constructors are followed this deep.
const MAX_DEPTH: usize = 4;

/// The first argument of `call` that has a release itself: what is made around it may release it too, and whose that is nobody says.
pub fn owned_argument<'e>(typing: &Typing, call: &'e Call) -> Option<&'e Expr> {
    let methods = common_methods();
    let is_owned = |arg: &&Expr| {
        let answer = typing.world.closable(&typing.file, &typing.of(arg), &methods[..1]);
        matches!(answer.closable, Closable::By(_))
    };
    call.args.iter().find(is_owned)
}

/// As [`owned_argument`], where that is a field or a package variable: whoever gets what is made around it does not have it, and may
/// not release it. A variable of the function itself is told by what becomes of that.
pub fn lent_argument<'e>(typing: &Typing, call: &'e Call) -> Option<&'e Expr> {
    let is_own = |arg: &Expr| arg.as_ident().is_some_and(|ident| typing.scopes.var(ident).is_some());
    owned_argument(typing, call).filter(|arg| arg.as_path().is_some() && !is_own(arg))
}

/// The argument that `release`, called on result `index` of `call`, releases, if it does nothing beside. An argument made on the spot
/// has no other owner, and is none.
pub fn only_passes_on<'e>(typing: &Typing, call: &'e Call, index: usize, release: &Release) -> Option<&'e Expr> {
    let at = released_param(typing.world, &called(typing, call)?, index, &release.method, 0)?;
    call.args.get(at).filter(|arg| arg.as_path().is_some())
}

fn called(typing: &Typing, call: &Call) -> Option<FuncRef> {
    match typing.callee(call) {
        Callee::Func { func, .. } => Some(func),
        Callee::Method { method, .. } => method.func,
        _ => None,
    }
}

/// The parameter of `func` that the method `release` of its result `index` only releases: one that is in a field of the struct that it
/// returns, or that it hands to another such function.
fn released_param(world: &World, func: &FuncRef, index: usize, release: &str, depth: usize) -> Option<usize> {
    if depth > MAX_DEPTH {
        return None;
    }
    let scopes = Scopes::of_func(&func.decl);
    let typing = Typing::new(world, FileScope::of(func), &scopes);
    let returned = only_returned(func, index)?;
    let inner = match literal(returned) {
        Some((ty, elements)) => {
            let Some(Member::Method(method)) = world.member(&world.type_of(&typing.file, ty), release) else { return None };
            let field = passed_to(&method.func?)?;
            elements.iter().find(|element| is_key(element, &field)).map(|element| &element.value)
        }
        None => around(&typing, returned, release, depth),
    };
    let var = scopes.var(inner?.as_ident()?)?;
    let is_it = |param: &Param| param.name.as_ref().and_then(|name| scopes.var(name)) == Some(var);
    let at = func.decl.signature.params.iter().position(is_it)?;
    // `client = NewPrefixedClient(client)` puts one around the other.
    let around_itself =
        |value: &Expr| around(&typing, value, release, depth).and_then(|arg| scopes.var(arg.as_ident()?)) == Some(var);
    scopes.assigned(var).iter().all(|given| around_itself(given.value)).then_some(at)
}

/// The argument that the release of what `value`, a call, gives only releases.
fn around<'e>(typing: &Typing, value: &'e Expr, release: &str, depth: usize) -> Option<&'e Expr> {
    let call = value.as_call()?;
    call.args.get(released_param(typing.world, &called(typing, call)?, 0, release, depth + 1)?)
}

fn is_key(element: &Element, name: &str) -> bool {
    element.key.as_ref().and_then(Expr::as_ident).is_some_and(|key| *key.name == *name)
}

/// What the only `return` of `func` gives as result `index`.
fn only_returned(func: &FuncRef, index: usize) -> Option<&Expr> {
    let mut returns: Vec<&[Expr]> = Vec::new();
    visit::body(func.decl.body.as_ref()?, &mut |stmt| {
        if let StmtKind::Return(values) = &stmt.kind {
            returns.push(values);
        }
    });
    match returns.as_slice() {
        [values] => values.get(index),
        _ => None,
    }
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
