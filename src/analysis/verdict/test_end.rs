//! What is particular to tests: which functions are some, and what a test's end means for a resource.

use crate::analysis::dataflow::state::{EventKind, Phase};
use crate::analysis::dataflow::trace::{ExitKind, Trace};
use crate::analysis::graph::control_flow::Ending;
use crate::analysis::graph::derived::Derived;
use crate::analysis::graph::known;
use crate::analysis::graph::scopes::{BodyId, VarId};
use crate::analysis::placement::in_scope;
use crate::analysis::verdict::case::Case;
use crate::base::diagnostic::*;
use crate::go::project::names::is_test_file;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;

impl Case<'_, '_> {
    pub(crate) fn in_test(&self) -> bool {
        is_test_file(self.place.path)
    }

    /// Whether `body` is a test or a subtest, and no helper of one.
    pub(crate) fn is_test(&self, body: BodyId) -> bool {
        let of_tests = |func: &FuncDecl| {
            ["Test", "Benchmark", "Fuzz"].iter().any(|start| func.name.name.starts_with(start))
        };
        let named = body != BodyId(0) || self.func.is_some_and(of_tests);
        let test = || named && in_scope::test(self.scopes, self.typing, body).is_some();
        self.in_test() && (test() || self.is_spec(body))
    }

    /// `It("counts", func() { … })`
    fn is_spec(&self, body: BodyId) -> bool {
        let is_body = |arg: &Expr| {
            matches!(
                &arg.unparen().kind,
                ExprKind::FuncLit(literal) if self.scopes.literal(literal) == Some(body)
            )
        };
        visit::calls(self.decl)
            .into_iter()
            .any(|call| call.args.iter().any(is_body) && self.typing.ask(call, known::is_spec) == Some(true))
    }

    /// That something which may go on when the test ends has it.
    pub(crate) fn captured_in_test(&self, trace: &Trace, body: BodyId) -> Option<String> {
        let captured = trace.events.iter().find(|event| event.kind == EventKind::Escaped(Verdict::Captured));
        let captured = captured.filter(|_| self.is_test(body))?;
        Some(format!("line {}: {}", self.place.lines.line(captured.span.start), captured.words))
    }

    /// Whether a clean-up of the test that the body is, registered anywhere in it, in function literals too,
    /// uses what `found` is or what is made from it: that runs after all that is deferred.
    pub(crate) fn used_in_cleanup(&self, body: BodyId, holder: VarId) -> bool {
        let Some(test) = in_scope::test_var(self.scopes, self.typing, body) else { return false };
        let derived = Derived::of(self.typing, self.decl, self.call.span, Some(holder));
        let registers = |call: &Call| match &call.function.unparen().kind {
            ExprKind::Selector { operand, field } => {
                &*field.name == "Cleanup"
                    && operand.as_ident().and_then(|ident| self.scopes.var(ident)) == Some(test)
                    && call.args.iter().any(|arg| derived.is_from(arg))
            }
            _ => false,
        };
        visit::calls(self.decl).into_iter().any(registers)
    }

    /// That it is released where a panic or the end of a test runs what is deferred besides.
    pub(crate) fn ended(&self, trace: &Trace) -> Option<String> {
        let released = trace.exits.iter().find_map(|exit| match (exit.kind, exit.state.phase) {
            (ExitKind::Stop(Ending::Panic), Phase::Released(id)) => Some(trace.events[id.0 as usize].span),
            _ => None,
        });
        let line = self.place.lines.line(released?.start);
        Some(format!("line {line} releases it already, where what is deferred runs besides"))
    }
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::fates_in_test;

    #[test]
    fn a_cleanup_runs_when_the_test_ends() {
        assert_eq!(
            fates_in_test("func f(t *testing.T) {\nc := make1()\nt.Cleanup(func() { c.Close() })\n}"),
            ["released (3: released when the test ends)"]
        );
        assert_eq!(
            fates_in_test("func f(t *testing.T) {\nc := make1()\nt.Cleanup(func() { lend(c) })\n}"),
            ["leaked (4: it is still open when the function ends here)"]
        );
    }
}
