//! What is particular to tests: which functions are some, and what a test's end means for a resource.

use crate::analysis::dataflow::state::{EventKind, Phase};
use crate::analysis::dataflow::trace::{ExitKind, Trace};
use crate::analysis::graph::control_flow::Ending;
use crate::analysis::graph::derived::Derived;
use crate::analysis::graph::known;
use crate::analysis::graph::scopes::{BodyId, VarId};
use crate::analysis::placement::in_scope;
use crate::analysis::summaries::in_tests;
use crate::analysis::verdict::case::Case;
use crate::base::diagnostic::*;
use crate::go::facts::names;
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

    /// Whether something uses what is in `holder`, or what is made from it, when the function has returned
    /// and all that it defers has run: a clean-up of the test, registered here or by a function that gets
    /// it, or a subtest that may run in parallel.
    pub(crate) fn used_after_defers(&self, body: BodyId, holder: Option<VarId>) -> bool {
        if !self.in_test() {
            return false;
        }
        let derived = Derived::of(self.typing, self.decl, self.call.span, holder);
        let later = |call: &Call| {
            // An error tells what went wrong, also where its type is not known.
            let is_error = |arg: &Expr| arg.as_ident().is_some_and(|ident| ident.name.starts_with("err"));
            let gets = call.args.iter().any(|arg| derived.is_from(arg) && !is_error(arg));
            match call.name() {
                Some("Cleanup") if self.is_on_test(call) => gets && !self.ends_within(call, body),
                Some("Run" | "Fuzz") if self.is_on_test(call) => {
                    gets && call.args.iter().any(|arg| in_tests::may_be_parallel(self.typing, arg))
                }
                _ => {
                    let on = call.receiver().is_some_and(|on| derived.is_from(on));
                    (gets || on)
                        && !self.ends_within(call, body)
                        && in_tests::registers_cleanup(self.typing, call)
                }
            }
        };
        // Outside of the body that acquires it nobody has it: a subtest has its own defers, and so has a
        // literal that is handed on.
        let block = self.scopes.body(body).block.span;
        let has_it = |call: &&Call| call.span != self.call.span && block.contains(call.span);
        visit::calls(self.decl).into_iter().filter(has_it).any(later)
    }

    /// `t.Cleanup(…)`, and no method of that name of another type's.
    fn is_on_test(&self, call: &Call) -> bool {
        call.receiver().is_some_and(|on| self.typing.of(on).is_in(&names::types().tests))
    }

    /// Whether all tests that a call is made on, or gets, are those of subtests within `body`: their
    /// clean-ups run when these end.
    fn ends_within(&self, call: &Call, body: BodyId) -> bool {
        let named = call.receiver().into_iter().chain(&call.args);
        let tests: Vec<VarId> = named
            .filter(|expr| self.typing.of(expr).is_in(&names::types().tests))
            .filter_map(|expr| expr.as_ident().and_then(|ident| self.scopes.var(ident)))
            .collect();
        let around = |var: &VarId| {
            let mut bodies = std::iter::successors(Some(body), |body| self.scopes.body(*body).parent);
            bodies.any(|body| body == self.scopes.info(*var).body)
        };
        !tests.is_empty() && !tests.iter().any(around)
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
