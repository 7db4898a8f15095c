//! Calls that give something which could have to be released, though no rule takes them: for `audit`, so that
//! nothing goes unmentioned.
//!
//! What is proved to be lent is left out. None of these calls is ever reported as a leak.

use crate::analysis::graph::known;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::summaries::result_ownership::ResultOwnership;
use crate::analysis::verdict::case::Judge;
use crate::base::diagnostic::{Closable, Evidence};
use crate::go::syntax::ast::{Call, Decl, Expr, ExprKind, StmtKind};
use crate::go::syntax::visit;
use crate::go::types::expressions::Callee;
use crate::go::types::release::ReleaseMethod;
use crate::go::types::type_expr::Type;

/// A result that could have to be released, and why nobody knows.
pub struct Unsure {
    pub result: usize,
    pub why: Evidence,
}

/// Which result of `call` could have to be released by one of `methods`, if any.
pub fn result_of(
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
    let released = |ty: &Type| {
        let answer = judge.database.closable(ty, methods);
        matches!(answer.closable, Closable::By(_)) && !is_copied(judge, ty)
    };
    if let Some(result) = types.iter().position(released) {
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
        return Some(Unsure { result, why });
    }
    // Of a type that nobody knows the way it is used tells, or the name of what makes it.
    let result = types.iter().position(|ty| ty.why_unknown().is_some() && !ty.is_data())?;
    let opens = call.name().is_some_and(|name| known::opens(name) && !name.starts_with("New"));
    if !opens && !is_released_here(decl, call, result) {
        return None;
    }
    let words = types[result].why_unknown().map_or_else(String::new, ToString::to_string);
    Some(Unsure { result, why: typing.evidence(call.span, words) })
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
