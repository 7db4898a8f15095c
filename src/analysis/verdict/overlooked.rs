//! Ways out on which a release that is there does not come: told by the shape of the function, beside the
//! walk.

use crate::analysis::dataflow::state::EventKind;
use crate::analysis::dataflow::trace::Trace;
use crate::analysis::graph::scopes::{BodyId, VarId};
use crate::analysis::verdict::case::{Case, Kind};
use crate::analysis::verdict::outcome::Outcome;
use crate::base::diagnostic::{Certainty, Verdict};
use crate::base::text::Span;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;

impl Case<'_, '_> {
    /// A leak on some ways out in place of an outcome that says that there is none.
    pub(crate) fn overlooked(
        &self,
        outcome: &Outcome,
        trace: &Trace,
        body: BodyId,
        kind: &Kind,
    ) -> Option<Outcome> {
        let way_out = match outcome.verdict {
            Verdict::Released => self.left_in_loop(trace, body),
            Verdict::Returned => self.shadowed_error(body),
            _ => None,
        }?;
        let (span, words) = way_out;
        let name = self.named(kind);
        let verb = self.verb(kind);
        let place = self.at(span, words);
        Some(Outcome {
            verdict: Verdict::LeakedOnSomePaths,
            certainty: Certainty::Proved,
            message: format!(
                "{name} is not {verb} on some paths: still open on the way out at line {}",
                place.line
            ),
            evidence: [place].into_iter().chain(outcome.evidence.clone()).collect(),
            obstacle: Some("it is released on other ways out already".to_owned()),
        })
    }

    /// A `return` within the loop that collects resources, where only what comes after the loop releases
    /// them: those of the iterations before are lost.
    fn left_in_loop(&self, trace: &Trace, body: BodyId) -> Option<(Span, &'static str)> {
        let call = self.call.span;
        let mut innermost: Option<Span> = None;
        visit::body(self.scopes.body(body).block, &mut |stmt| {
            if let StmtKind::For(looped) = &stmt.kind
                && looped.body.span.contains(call)
            {
                innermost = Some(looped.body.span);
            }
        });
        let looped = innermost?;
        let releases = |kind| matches!(kind, EventKind::Released | EventKind::Ended | EventKind::Deferred);
        let mut released = trace.events.iter().filter(|event| releases(event.kind)).peekable();
        released.peek()?;
        let after = released.all(|event| event.span.start >= looped.end);
        let mut left = None;
        visit::body(self.scopes.body(body).block, &mut |stmt| {
            let inside = looped.contains(stmt.span) && stmt.span.start > call.end;
            if inside && matches!(stmt.kind, StmtKind::Return(_)) {
                left.get_or_insert(stmt.span);
            }
        });
        Some((left.filter(|_| after)?, "those that were made in earlier iterations are still open here"))
    }

    /// A `return` of an error that hides the one which a deferred function asks for:
    /// `if err := c.Ping(); err != nil { return nil, err }` below `defer func() { if err != nil { … } }()`.
    fn shadowed_error(&self, body: BodyId) -> Option<(Span, &'static str)> {
        let block = self.scopes.body(body).block;
        let var_of = |expr: &Expr| expr.as_ident().and_then(|ident| self.scopes.var(ident));
        let results = 0..self.scopes.body(body).signature.results.len();
        let named: Vec<_> = results.filter_map(|index| self.scopes.result(body, index)).collect();
        let mut asked = Vec::new();
        visit::body(block, &mut |stmt| {
            let StmtKind::Defer(expr) = &stmt.kind else { return };
            let Some(call) = expr.as_call().filter(|_| stmt.span.start > self.call.span.end) else { return };
            let ExprKind::FuncLit(literal) = &call.function.unparen().kind else { return };
            if let [Stmt { kind: StmtKind::If(branch), .. }] = literal.body.stmts.as_slice()
                && let ExprKind::Binary { op: BinaryOp::NotEqual, left, right } =
                    &branch.condition.unparen().kind
                && right.is_nil()
            {
                let is_error = |var: &VarId| self.typing.var(*var).is_some_and(|ty| ty.is_error());
                let var = var_of(left).filter(|var| !named.contains(var)).filter(is_error);
                asked.extend(var.map(|var| (stmt.span.end, var)));
            }
        });
        let (from, asked) = *asked.first()?;
        let mut found = None;
        visit::body(block, &mut |stmt| {
            let StmtKind::Return(values) = &stmt.kind else { return };
            let other = values
                .last()
                .and_then(var_of)
                .is_some_and(|var| var != asked && self.typing.var(var).is_some_and(|ty| ty.is_error()));
            if other && stmt.span.start > from {
                found.get_or_insert(stmt.span);
            }
        });
        Some((found?, "another error is returned here than the deferred release asks for"))
    }
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::body;

    #[test]
    fn a_way_out_before_the_release_is_deferred() {
        assert_eq!(
            body("c, err := open()\ndefer c.Close()\nif err != nil {\nreturn\n}"),
            ["released too early (3: closed by this defer, before its error is checked)"]
        );
        assert_eq!(
            body("c := make1()\nif fails() != nil {\nreturn\n}\ndefer c.Close()"),
            ["leaked on some paths (4: it is still open when the function returns here)"]
        );
    }
}
