//! Seeds by what a function value can be: `open := storage.NewClient`, and a package variable that has one.

use std::sync::Arc;

use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::Scopes;
use crate::analysis::verdict::case::Judge;
use crate::base::diagnostic::Closable;
use crate::engine::called_seeds;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::{Call, Decl, Expr, ExprKind};
use crate::go::types::database::FileScope;
use crate::go::types::expressions::Callee;
use crate::go::types::release::Gives;
use crate::go::types::type_expr::Type;
use crate::rules::{Rule, Seeds};

/// A package variable that is declared with a function whose calls a rule takes.
pub struct MakerVariable {
    pub name: Arc<str>,
    /// Where that stands in its file.
    pub at: u32,
    pub func: FuncRef,
    pub rule: Arc<Rule>,
    /// What of it there is to release.
    pub gives: Gives,
}

/// The package variables of `decl` that have a function whose calls one of `rules` takes.
pub fn variables(judge: &Judge, rules: &[Arc<Rule>], scope: &FileScope, decl: &Decl) -> Vec<MakerVariable> {
    let Decl::Vars(specs) = decl else { return Vec::new() };
    let scopes = Scopes::of_vars(specs);
    let typing = Typing::new(judge.database, scope.clone(), &scopes);
    let mut found = Vec::new();
    for spec in specs.iter().filter(|spec| spec.names.len() == spec.values.len()) {
        for (name, value) in spec.names.iter().zip(&spec.values) {
            let Some((rule, func)) = made_by(rules, &typing, value) else {
                let called = called_by(rules, &typing, value);
                found.extend(called.map(|(rule, gives, func)| MakerVariable {
                    name: name.name.clone(),
                    at: name.span.start,
                    func,
                    rule,
                    gives,
                }));
                continue;
            };
            let signature = Arc::new(judge.database.signature(&func));
            let callee = Callee::Func { func: func.clone(), signature };
            let closable = |ty: &Type| {
                let answer = judge.database.closable(ty, &rule.releases);
                matches!(answer.closable, Closable::By(_))
            };
            let result = judge.database.results(&callee).iter().position(closable);
            let variable = |gives| MakerVariable {
                name: name.name.clone(),
                at: name.span.start,
                func: func.clone(),
                rule: rule.clone(),
                gives,
            };
            found.extend(result.map(Gives::Result).map(variable));
        }
    }
    found
}

/// The rule of `rules` that takes calls of each function that a value can be by their looks, and one of these
/// functions.
pub fn made_by(rules: &[Arc<Rule>], typing: &Typing, function: &Expr) -> Option<(Arc<Rule>, FuncRef)> {
    let functions = functions(typing, function)?;
    let takes = |rule: &&Arc<Rule>| match &rule.seeds {
        Seeds::Named(named) => functions.iter().all(|func| named.takes_function(&func.decl.name.name)),
        _ => false,
    };
    let rule = rules.iter().find(takes)?.clone();
    Some((rule, functions.into_iter().next()?))
}

/// The rule that takes calls of the function that a value is by its qualified name, what that gives, and the
/// function.
fn called_by(rules: &[Arc<Rule>], typing: &Typing, value: &Expr) -> Option<(Arc<Rule>, Gives, FuncRef)> {
    let functions = functions(typing, value)?;
    let [func] = functions.as_slice() else { return None };
    let taken = |rule: &Arc<Rule>| {
        let Seeds::Called(called) = &rule.seeds else { return None };
        let acquire = called_seeds::acquisitions_of(called, func).next()?;
        Some((rule.clone(), acquire.gives, func.clone()))
    };
    rules.iter().find_map(taken)
}

/// The functions that a value can be, if it is no call.
fn functions(typing: &Typing, value: &Expr) -> Option<Vec<FuncRef>> {
    let is_value = matches!(
        value.unparen().kind,
        ExprKind::Ident(_) | ExprKind::Selector { .. } | ExprKind::Index { .. }
    );
    let call = is_value.then(|| Call {
        span: value.span,
        function: value.clone(),
        type_args: Vec::new(),
        args: Vec::new(),
        spread: false,
    })?;
    typing.possible_functions(&call)
}

#[cfg(test)]
mod tests {
    use crate::engine::testing::{checked_by, places};

    #[test]
    fn what_the_variable_has_is_called_by_its_own_name_as_before() {
        let text = "var newTicker = time.NewTicker\n\nfunc f() { _ = newTicker(1) }\n\n\
                    func g() { _ = time.NewTicker(1) }\n";
        let text = format!("package p\n\nimport \"time\"\n\n{text}");
        assert_eq!(places(&checked_by("unstopped-timer", &[("a.go", &text)])), [""; 0]);
    }
}
