//! What a callee does with a function that it gets: runs it before it returns, or applies it to what it
//! returns.

use crate::analysis::dataflow::oracle::{ParamEffect, ParamOutcome};
use crate::analysis::dataflow::state::Alias;
use crate::analysis::graph::scopes::{BodyId, Scopes};
use crate::analysis::summaries::callee::Calls;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;

impl Calls<'_, '_> {
    /// What the repository's own constructor does with an option that it applies to what it returns, and to
    /// nothing else.
    pub(crate) fn applied(&self, func: &FuncRef, at: usize, alias: &Alias) -> Option<ParamEffect> {
        let passed = Some(func).filter(|func| self.is_within(func));
        let passed = passed.map(|func| self.summary(func, self.param_at(func, at), alias))?;
        let inside = passed.results.iter().any(|(_, held)| matches!(held, Alias::Inside(_)));
        (inside && matches!(passed.outcome, ParamOutcome::Lends)).then_some(passed)
    }

    /// Whether the call runs the function that it gets as argument `at` before it returns, as its source
    /// says.
    pub(crate) fn runs_argument(&self, call: &Call, at: usize) -> bool {
        let callee = self.typing.callee(call);
        let Some(func) = callee.func().filter(|func| self.is_within(func)) else { return false };
        let Some(body) = func.decl.body() else { return false };
        let scopes = Scopes::of_func(&func.decl);
        let Some(param) = scopes.param(BodyId(0), self.param_at(func, at)) else { return false };
        let mut called = 0;
        visit::block(body, &mut |expr| {
            if let ExprKind::Call(inner) = &expr.kind
                && inner.function.as_ident().and_then(|ident| scopes.var(ident)) == Some(param)
                && scopes.body_around(inner.span) == Some(BodyId(0))
            {
                called += 1;
            }
        });
        let mut elsewhere = false;
        visit::body(body, &mut |stmt| {
            elsewhere |= matches!(&stmt.kind, StmtKind::Go(expr) | StmtKind::Defer(expr)
                if scopes.uses_in(expr.span).any(|used| used == param));
        });
        called > 0 && !elsewhere && scopes.uses_of(param).count() == called + 1
    }
}
