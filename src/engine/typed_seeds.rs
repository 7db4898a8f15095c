//! Seeds by what a call gives: something with a release method, made for the caller.

use std::sync::Arc;

use crate::analysis::verdict::case::Judge;
use crate::base::diagnostic::{Closable, Release};
use crate::go::project::package::FuncRef;
use crate::go::types::database::FileScope;
use crate::go::types::expressions::Callee;
use crate::go::types::members::Member;
use crate::go::types::type_expr::Type;
use crate::rules::{Rule, Seeds, TypedSeeds};

/// Which result of a call of `callee` a rule that goes by types looks after, if any.
pub fn result_of(judge: &Judge, scope: &FileScope, rule: &Rule, callee: &Callee) -> Option<usize> {
    let Seeds::Given(given) = &rule.seeds else { return None };
    let name = callee.name()?;
    if !given.takes_function(name) {
        return None;
    }
    let types = judge.database.results(callee);
    let result = types.iter().position(|ty| is_released(judge, scope, rule, given, ty))?;
    judge.summaries.origins.is_fresh(judge.database, callee, result).then_some(result)
}

fn is_released(judge: &Judge, scope: &FileScope, rule: &Rule, given: &TypedSeeds, ty: &Type) -> bool {
    let taken = ty.named().is_some_and(|named| given.takes_type(&named.package, &named.name));
    // A method of the right name that asks for something else is a release to who knows that there is one,
    // and one that gives something back is a request.
    let fits = |release: &Release| {
        let wanted =
            rule.releases.iter().any(|wanted| *wanted.name == *release.method && wanted.args == release.args);
        let ends = match judge.database.member(ty, &release.method) {
            Some(Member::Method(method)) => method.signature.results.iter().all(Type::is_error),
            _ => true,
        };
        wanted && ends
    };
    taken
        && matches!(
            judge.database.closable(scope, ty, &rule.releases).closable,
            Closable::By(release) if fits(&release)
        )
}

/// Whether calls of `func` give through `result` something to release that was made around what it acquired.
pub fn is_constructor(judge: &Judge, rule: &Rule, func: &FuncRef, result: usize) -> bool {
    let callee = Callee::Func { func: func.clone(), signature: Arc::new(judge.database.signature(func)) };
    result_of(judge, &FileScope::of(func), rule, &callee) == Some(result)
}
