//! Where the life of a resource is followed from: the body that its call stands in, or the one around that
//! whose variable gets it.

use crate::analysis::dataflow::source::{ErrorAt, Source};
use crate::analysis::dataflow::state::{EventKind, Phase};
use crate::analysis::dataflow::trace::{Exit, ExitKind};
use crate::analysis::graph::known;
use crate::analysis::graph::known::Runner;
use crate::analysis::graph::scopes::{BodyId, VarId, VarOrigin};
use crate::analysis::placement::anchor;
use crate::analysis::verdict::case::{Case, Kind};
use crate::base::diagnostic::Verdict;
use crate::base::text::Span;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::release::Gives;
use crate::go::types::type_expr::Type;

/// A place to begin at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Site {
    pub body: BodyId,
    /// The call in that body after which the resource is there.
    pub at: Span,
    pub source: Source,
    /// It is made in a subtest: where that failed, there is nothing.
    pub subtest: bool,
}

impl Case<'_, '_> {
    /// Where to begin; `None` for a call outside of any body.
    pub(crate) fn site(&self, kind: &Kind) -> Option<Site> {
        let body = self.scopes.body_around(self.call.span)?;
        let at = self.call.span;
        let source = Source::Call { span: at, gives: kind.gives(), error: kind.error, success: kind.success };
        Some(self.outer_site(body, kind).unwrap_or(Site { body, at, source, subtest: false }))
    }

    /// `connect := func() (err error) { client, err = New(); return err }`, called once in the body whose
    /// variable `client` is: the resource is there after that call.
    fn outer_site(&self, literal: BodyId, kind: &Kind) -> Option<Site> {
        let Gives::Result(result) = kind.gives() else { return None };
        let names = anchor::names_bound(self.decl, self.call.span)?;
        let var = self.var_at(*names.get(result)?)?;
        let body = self.scopes.info(var).body;
        if body == literal || self.scopes.body(literal).parent != Some(body) {
            return None;
        }
        let (at, subtest) = self.only_call(literal, body)?;
        let error = match self.error_after(literal, kind, &names) {
            Some(error) => error,
            None if subtest && self.is_always_assigned(literal, kind) => ErrorAt::Nowhere,
            None => return None,
        };
        Some(Site { body, at, source: Source::Assigned { span: at, var, error }, subtest })
    }

    /// Where the error goes of what the literal assigns, if it comes to its end in one way only.
    fn error_after(&self, literal: BodyId, kind: &Kind, names: &[Span]) -> Option<ErrorAt> {
        let returned = self.returned_after(literal)?;
        let error = match kind.error.and_then(|at| names.get(at)) {
            None => ErrorAt::Nowhere,
            Some(name) => self.error_at(literal, self.var_at(*name)?, returned)?,
        };
        (error != ErrorAt::Nowhere || returned.is_empty()).then_some(error)
    }

    /// Whether every way that comes to the literal's end has assigned the resource to the variable around it.
    fn is_always_assigned(&self, literal: BodyId, kind: &Kind) -> bool {
        let at = self.call.span;
        let source = Source::Call { span: at, gives: kind.gives(), error: kind.error, success: kind.success };
        let Ok(trace) = self.walk(literal, &[source], kind.target()) else { return false };
        let assigned = |exit: &Exit| match exit.state.phase {
            Phase::Given(id) => trace.events[id.0 as usize].kind == EventKind::Given(Verdict::Stored),
            _ => false,
        };
        trace.exits.iter().filter(|exit| !matches!(exit.kind, ExitKind::Stop(_))).all(assigned)
    }

    fn var_at(&self, name: Span) -> Option<VarId> {
        self.scopes.var(&Ident { span: name, name: "".into() })
    }

    /// What the literal returns right after the assignment, which every way through it comes to; `None` where
    /// it is not like that.
    fn returned_after(&self, literal: BodyId) -> Option<&[Expr]> {
        let stmts = &self.scopes.body(literal).block.stmts;
        let at = stmts.iter().position(|stmt| stmt.span.contains(self.call.span))?;
        let mut straight = matches!(stmts[at].kind, StmtKind::Assign { .. });
        visit::statements(&stmts[..at], &mut |stmt| {
            straight &= !matches!(stmt.kind, StmtKind::Return(_) | StmtKind::Goto(_))
        });
        let returned: &[Expr] = match &stmts[at + 1..] {
            [] => &[],
            [Stmt { kind: StmtKind::Return(values), .. }] if values.len() < 2 => values,
            _ => return None,
        };
        straight.then_some(returned)
    }

    /// Where the error goes that is assigned to `var`.
    fn error_at(&self, literal: BodyId, var: VarId, returned: &[Expr]) -> Option<ErrorAt> {
        let body = self.scopes.body(literal);
        if self.scopes.info(var).body != literal {
            return returned.is_empty().then_some(ErrorAt::Variable(var));
        }
        let is_var = |value: &Expr| value.as_ident().and_then(|ident| self.scopes.var(ident)) == Some(var);
        let index = match returned {
            [] => (0..body.signature.results.len())
                .find(|index| self.scopes.result(literal, *index) == Some(var)),
            [value] => is_var(value).then_some(0),
            _ => None,
        };
        index.map(ErrorAt::Result)
    }

    /// The only call of the literal, if it stands in `body` itself: on the spot, through a variable that
    /// holds nothing else, or by a `sync.Once` of the body's own, or as a subtest, which is told as well.
    fn only_call(&self, literal: BodyId, body: BodyId) -> Option<(Span, bool)> {
        let is_literal = |value: &Expr| match &value.unparen().kind {
            ExprKind::FuncLit(inner) => self.scopes.literal(inner) == Some(literal),
            _ => false,
        };
        let variable = |ident: &Ident| {
            let var = self.scopes.var(ident)?;
            let only =
                matches!(self.scopes.info(var).origin, VarOrigin::Value { value, .. } if is_literal(value));
            (only && self.scopes.assigned(var).len() == 1).then_some(var)
        };
        let (mut calls, mut uses) = (Vec::new(), 0);
        visit::block(self.scopes.body(body).block, &mut |expr| match &expr.kind {
            ExprKind::Ident(ident) => uses += usize::from(variable(ident).is_some()),
            ExprKind::Call(call) => {
                let named = call.function.as_ident().is_some_and(|ident| variable(ident).is_some());
                let given = call.args.iter().any(is_literal);
                let subtest = given && self.is_subtest(call);
                let run =
                    named || is_literal(&call.function) || subtest || (given && self.runs_once(call, body));
                calls.extend(run.then_some((call.span, subtest)));
            }
            _ => {}
        });
        let [call] = calls.as_slice() else { return None };
        // A variable is seen where it is declared and where it is called, and nowhere else.
        let plain =
            uses <= 2 && self.scopes.body_around(call.0) == Some(body) && !self.is_deferred(body, call.0);
        plain.then_some(*call)
    }

    /// Whether a variable that the call gives besides may be of use to the resource, or use it.
    pub(crate) fn may_serve(&self, var: VarId) -> bool {
        let cancels = |ty: &Type| {
            ty.named().is_some_and(|named| (&*named.package, &*named.name) == ("context", "CancelFunc"))
        };
        self.typing.var(var).is_some_and(|ty| !ty.is_error() && !ty.is_context() && !cancels(&ty))
    }

    /// `t.Run(name, …)`.
    fn is_subtest(&self, call: &Call) -> bool {
        call.name() == Some("Run") && self.typing.ask(call, |name| name.package == "testing") == Some(true)
    }

    /// `once.Do(…)` with a `sync.Once` that is a variable of the body.
    fn runs_once(&self, call: &Call, body: BodyId) -> bool {
        let ExprKind::Selector { operand, .. } = &call.function.unparen().kind else { return false };
        let local = operand.as_ident().and_then(|ident| self.scopes.var(ident));
        let own = local.is_some_and(|var| {
            self.scopes.info(var).body == body
                && !matches!(self.scopes.info(var).origin, VarOrigin::Param { .. })
        });
        own && self
            .typing
            .ask(call, |name| name.package == "sync" && known::runner(name) == Some(Runner::Now))
            == Some(true)
    }

    /// Whether the call runs later or elsewhere.
    fn is_deferred(&self, body: BodyId, call: Span) -> bool {
        let mut deferred = false;
        visit::statements(&self.scopes.body(body).block.stmts, &mut |stmt| {
            deferred |= matches!(
                &stmt.kind,
                StmtKind::Defer(expr) | StmtKind::Go(expr) if expr.unparen().span == call
            );
        });
        deferred
    }
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::body;

    #[test]
    fn what_a_function_literal_makes_is_the_function_s() {
        assert_eq!(body("var c *client\nfunc() { c = make1() }()\nc.Close()"), ["released (4: released)"]);
        assert_eq!(
            body("var c *client\nfunc() { c = make1() }()\nlend(c)"),
            ["leaked (5: it is still open when the function ends here)"]
        );
        assert_eq!(body("func() {\nc := make1()\nc.Close()\n}()"), ["released (4: released)"]);
    }
}
