//! Calls that give something which could have to be released, though no rule takes them: for `audit`, so that
//! nothing goes unmentioned.
//!
//! What is proved to be lent is left out. None of these calls is ever reported as a leak.

use std::sync::Arc;

use crate::analysis::graph::known;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::summaries::result_ownership::ResultOwnership;
use crate::analysis::verdict::case::Judge;
use crate::base::diagnostic::{Closable, Evidence};
use crate::engine::opened_seeds;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::{Call, Decl, Expr, ExprKind, StmtKind};
use crate::go::syntax::visit;
use crate::go::types::expressions::Callee;
use crate::go::types::release::{Gives, ReleaseMethod};
use crate::go::types::type_expr::Type;

/// What could have to be released, and why nobody knows.
pub struct Unsure {
    pub gives: Gives,
    /// Its type has none of the releases: it is a list of what has, or is ended by a method of another name.
    pub hidden: bool,
    pub why: Evidence,
}

/// What `call` gives that could have to be released by one of `methods`, if anything.
pub fn given_by(
    judge: &Judge,
    typing: &Typing,
    methods: &[ReleaseMethod],
    decl: &Decl,
    call: &Call,
) -> Option<Unsure> {
    let callee = typing.callee(call);
    if matches!(callee, Callee::Conversion(_) | Callee::Builtin { .. }) {
        return None;
    }
    let types = judge.database.results(&callee);
    let known = |ty: &Type| {
        let answer = judge.database.closable(ty, methods);
        matches!(answer.closable, Closable::By(_)) && !is_copied(judge, ty)
    };
    if let Some(operand) = opened_seeds::opens_operand(judge, typing, call)
        && known(&typing.of(operand))
    {
        let words = format!("no rule says that `{}` acquires", call.name().unwrap_or_default());
        let why = typing.evidence(call.span, words);
        return Some(Unsure { gives: Gives::Receiver, hidden: false, why });
    }
    // A list of them, or what its own package has a method for that reads like a release.
    let in_list = |ty: &Type| elements(ty).is_some_and(known);
    let released = |ty: &Type| known(ty) || in_list(ty) || is_ended(judge, ty);
    if let Some(result) = types.iter().position(released) {
        let hidden = !known(&types[result]);
        if hidden && is_released_here(decl, call, result) {
            return None;
        }
        let origin = judge.summaries.origins.of_call(typing, call, result);
        let read = callee.func().is_some_and(|func| func.decl.has_body());
        let lent = matches!(origin.ownership, ResultOwnership::Lent | ResultOwnership::Own);
        if lent && read && !callee.name().is_some_and(|name| known::opens(name)) {
            return None;
        }
        let name = call.name().unwrap_or("the function");
        let why = origin.against.unwrap_or_else(|| {
            typing.evidence(call.span, format!("no rule says that what `{name}` makes has to be released"))
        });
        return Some(Unsure { gives: Gives::Result(result), hidden, why });
    }
    // Of a type that nobody knows the way it is used tells, or the name of what makes it.
    let result = types.iter().position(|ty| ty.why_unknown().is_some() && !ty.is_data())?;
    let opens = call.name().is_some_and(|name| known::opens(name) && !name.starts_with("New"));
    if !opens && !is_released_here(decl, call, result) {
        return None;
    }
    let words = types[result].why_unknown().map_or_else(String::new, ToString::to_string);
    Some(Unsure { gives: Gives::Result(result), hidden: false, why: typing.evidence(call.span, words) })
}

/// The type of what is in a list.
fn elements(ty: &Type) -> Option<&Type> {
    match ty {
        Type::Slice(inner) | Type::Array(inner) | Type::Map(_, inner) => Some(inner),
        _ => None,
    }
}

/// Whether a struct of the repository's own has a method without arguments that reads like a release,
/// whatever it is called.
fn is_ended(judge: &Judge, ty: &Type) -> bool {
    let Some(named) = ty.named() else { return false };
    let Some(package) = named.source().filter(|package| !judge.database.is_dependency(package)) else {
        return false;
    };
    let ends = |name: &Arc<str>| {
        let asks_for_nothing = |func: FuncRef| func.decl.signature.params.is_empty();
        known::reads_like_release(name) && package.method(&named.name, name).is_some_and(asks_for_nothing)
    };
    !judge.database.is_interface(ty) && package.methods_of(&named.name).iter().any(ends)
}

/// Whether values of the type are copies that share nothing but what they point to: the standard library has
/// structs like that with methods of such names.
fn is_copied(judge: &Judge, ty: &Type) -> bool {
    let standard = |package: &str| !package.split('/').next().unwrap_or_default().contains('.');
    matches!(ty, Type::Named(named) if standard(&named.package) && !judge.database.is_interface(ty))
}

/// Whether the variable that gets the result has a method called that reads like a release.
fn is_released_here(decl: &Decl, call: &Call, result: usize) -> bool {
    let mut name = None;
    let mut see = |left: &[Expr], right: &[Expr]| {
        let at = right.iter().position(|value| value.unparen().span == call.span);
        let target = at.and_then(|at| left.get(if right.len() == 1 { result } else { at }));
        if let Some(ident) = target.and_then(Expr::as_ident) {
            name = Some(ident.name.clone());
        }
    };
    let Decl::Func(func) = decl else { return false };
    let Some(body) = func.body() else { return false };
    visit::body(body, &mut |stmt| match &stmt.kind {
        StmtKind::Define { left, right } | StmtKind::Assign { left, right, .. } => see(left, right),
        _ => {}
    });
    let Some(name) = name else { return false };
    visit::calls(decl).iter().any(|call| match &call.function.unparen().kind {
        ExprKind::Selector { operand, field } => {
            operand.as_ident().is_some_and(|ident| ident.name == name)
                && known::reads_like_release(&field.name)
        }
        _ => false,
    })
}
