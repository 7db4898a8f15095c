//! Seeds by what a function value can be: `open := storage.NewClient`, and a package variable that has one.

use std::sync::Arc;

use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::Scopes;
use crate::analysis::verdict::case::Judge;
use crate::base::diagnostic::Closable;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::{Call, Decl, Expr, ExprKind};
use crate::go::types::database::FileScope;
use crate::go::types::expressions::Callee;
use crate::go::types::type_expr::Type;
use crate::rules::{Rule, Seeds};

/// A package variable that is declared with a function whose calls a rule takes.
pub struct MakerVariable {
    pub name: Arc<str>,
    /// Where that stands in its file.
    pub at: u32,
    pub func: FuncRef,
    pub rule: Arc<Rule>,
    /// Which of the function's results there is to release.
    pub result: usize,
}

/// The package variables of `decl` that have a function whose calls one of `rules` takes.
pub fn variables(judge: &Judge, rules: &[Arc<Rule>], scope: &FileScope, decl: &Decl) -> Vec<MakerVariable> {
    let Decl::Vars(specs) = decl else { return Vec::new() };
    let scopes = Scopes::of_vars(specs);
    let typing = Typing::new(judge.database, scope.clone(), &scopes);
    let mut found = Vec::new();
    for spec in specs.iter().filter(|spec| spec.names.len() == spec.values.len()) {
        for (name, value) in spec.names.iter().zip(&spec.values) {
            let Some((rule, func)) = made_by(rules, &typing, value) else { continue };
            let signature = Arc::new(judge.database.signature(&func));
            let callee = Callee::Func { func: func.clone(), signature };
            let closable = |ty: &Type| {
                let answer = judge.database.closable(ty, &rule.releases);
                matches!(answer.closable, Closable::By(_))
            };
            let result = judge.database.results(&callee).iter().position(closable);
            let variable = |result| MakerVariable {
                name: name.name.clone(),
                at: name.span.start,
                func: func.clone(),
                rule: rule.clone(),
                result,
            };
            found.extend(result.map(variable));
        }
    }
    found
}

/// The rule of `rules` that takes calls of each function that a value can be by their looks, and one of these
/// functions.
pub fn made_by(rules: &[Arc<Rule>], typing: &Typing, function: &Expr) -> Option<(Arc<Rule>, FuncRef)> {
    let is_value = matches!(
        function.unparen().kind,
        ExprKind::Ident(_) | ExprKind::Selector { .. } | ExprKind::Index { .. }
    );
    let call = is_value.then(|| Call {
        span: function.span,
        function: function.clone(),
        type_args: Vec::new(),
        args: Vec::new(),
        spread: false,
    })?;
    let functions = typing.possible_functions(&call)?;
    let takes = |rule: &&Arc<Rule>| match &rule.seeds {
        Seeds::Named(named) => functions.iter().all(|func| named.takes_function(&func.decl.name.name)),
        _ => false,
    };
    let rule = rules.iter().find(takes)?.clone();
    Some((rule, functions.into_iter().next()?))
}
