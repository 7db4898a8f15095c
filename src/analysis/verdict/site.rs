//! Where the life of a resource is followed from: the body that its call stands in, or the one around that
//! whose variable gets it.

use crate::analysis::dataflow::source::{ErrorAt, Source};
use crate::analysis::dataflow::state::{Alias, EventId, EventKind, Phase};
use crate::analysis::dataflow::trace::{Exit, ExitKind};
use crate::analysis::graph::known;
use crate::analysis::graph::scopes::{BodyId, VarId, VarOrigin};
use crate::analysis::placement::anchor;
use crate::analysis::summaries::answers::Stack;
use crate::analysis::verdict::case::{Case, Kind};
use crate::base::diagnostic::Verdict;
use crate::base::text::Span;
use crate::go::facts::names;
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
    /// What makes it run there is no plain call, and why a release may find nothing for that.
    pub doubt: Option<&'static str>,
}

/// Why a resource that a literal makes may not be there after the call that runs the literal.
const SUBTEST: &str = "it is nil where the subtest failed";
const RUN_BY_CALLEE: &str = "it is made by a function that a callee runs, as often as that likes";

impl Case<'_, '_> {
    /// Where to begin; `None` for a call outside of any body.
    pub(crate) fn site(&self, kind: &Kind) -> Option<Site> {
        let body = self.scopes.body_around(self.call.span)?;
        let at = self.call.span;
        let source = Source::Call { span: at, gives: kind.gives(), error: kind.error, success: kind.success };
        let outer = || self.outer_site(body, kind).or_else(|| self.returned_site(body, kind, source));
        Some(outer().unwrap_or(Site { body, at, source, doubt: None }))
    }

    /// `open := func() (*Client, error) { return New() }`, called once in the body around it: the resource is
    /// what that call gives.
    fn returned_site(&self, literal: BodyId, kind: &Kind, source: Source) -> Option<Site> {
        let body = self.scopes.body(literal).parent.filter(|_| self.wanted.tied.is_none())?;
        let Gives::Result(_) = kind.gives() else { return None };
        let (at, _) = self.only_call(literal, body, None)?;
        let trace = self.walk(literal, &[source], kind.target()).ok()?;
        let [(result, Alias::Itself)] = trace.left.as_slice() else { return None };
        let returned =
            |id: EventId| matches!(trace.events[id.0 as usize].kind, EventKind::Escaped(Verdict::Returned));
        let gives = |exit: &Exit| match exit.state.phase {
            Phase::Escaped(id) => returned(id) && exit.state.due.is_none(),
            Phase::Before | Phase::Nil => true,
            _ => matches!(exit.kind, ExitKind::Stop(_)),
        };
        if !trace.exits.iter().all(gives) {
            return None;
        }
        let results = &self.scopes.body(literal).signature.results;
        let is_error = |ty: &Expr| ty.as_ident().is_some_and(|name| &*name.name == "error");
        let error = results.iter().position(|result| is_error(&result.ty));
        let source = Source::Call { span: at, gives: Gives::Result(*result), error, success: None };
        Some(Site { body, at, source, doubt: None })
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
        let (at, doubt) = self.only_call(literal, body, Some((kind, var)))?;
        let subtest = doubt == Some(SUBTEST);
        let error = match self.error_after(literal, kind, &names) {
            Some(error) => error,
            None if subtest && self.is_always_assigned(literal, kind) => ErrorAt::Nowhere,
            None => return None,
        };
        // Of a callee that gives more than the error nobody knows which that is.
        if doubt == Some(RUN_BY_CALLEE) && matches!(error, ErrorAt::Result(_)) && !self.gives_error_only(at) {
            return None;
        }
        Some(Site { body, at, source: Source::Assigned { span: at, var, error }, doubt })
    }

    /// Where the error goes of what the literal assigns, if it comes to its end in one way only.
    fn error_after(&self, literal: BodyId, kind: &Kind, names: &[Span]) -> Option<ErrorAt> {
        let returned = self.returned_after(literal)?;
        let error = match kind.error.and_then(|at| names.get(at)) {
            None => ErrorAt::Nowhere,
            Some(name) => self.error_at(literal, self.var_at(*name)?, returned)?,
        };
        (error != ErrorAt::Nowhere || only_tells(returned)).then_some(error)
    }

    /// Whether every way that comes to the literal's end has assigned the resource to the variable around it.
    fn is_always_assigned(&self, literal: BodyId, kind: &Kind) -> bool {
        let at = self.call.span;
        let source = Source::Call { span: at, gives: kind.gives(), error: kind.error, success: kind.success };
        let Ok(trace) = self.walk(literal, &[source], kind.target()) else { return false };
        let assigned = |exit: &Exit| match exit.state.phase {
            Phase::Escaped(id) => trace.events[id.0 as usize].kind == EventKind::Escaped(Verdict::Stored),
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
            return only_tells(returned).then_some(ErrorAt::Variable(var));
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

    /// Whether all that the call at `at` gives is an error.
    fn gives_error_only(&self, at: Span) -> bool {
        let call = visit::calls(self.decl).into_iter().find(|call| call.span == at);
        call.is_some_and(|call| matches!(self.typing.results(call).as_slice(), [one] if one.is_error()))
    }

    /// The only call of the literal, if it stands in `body` itself: on the spot or through a variable that
    /// holds nothing else. With what the literal sets, also what runs it as an argument: a `sync.Once` of the
    /// body's own, a subtest, or a callee that runs what it gets, each with the doubt that remains.
    fn only_call(
        &self,
        literal: BodyId,
        body: BodyId,
        set: Option<(&Kind, VarId)>,
    ) -> Option<(Span, Option<&'static str>)> {
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
                let given = set.and_then(|set| Some((call.args.iter().position(is_literal)?, set)));
                let doubt = given.and_then(|(at, set)| self.run_by(call, at, body, set));
                match doubt {
                    _ if named || is_literal(&call.function) => calls.push((call.span, None)),
                    Some(doubt) => calls.push((call.span, doubt)),
                    None => {}
                }
            }
            _ => {}
        });
        let [call] = calls.as_slice() else { return None };
        // A variable is seen where it is declared and where it is called, and nowhere else.
        let plain =
            uses <= 2 && self.scopes.body_around(call.0) == Some(body) && !self.is_deferred(body, call.0);
        plain.then_some(*call)
    }

    /// With which doubt the call runs its argument `at`, a function literal, before it returns.
    fn run_by(
        &self,
        call: &Call,
        at: usize,
        body: BodyId,
        (kind, var): (&Kind, VarId),
    ) -> Option<Option<&'static str>> {
        if self.is_subtest(call) {
            return Some(Some(SUBTEST));
        }
        if self.runs_once(call, body) {
            return Some(None);
        }
        let stack = Stack::new();
        let runs = || self.calls(&stack, kind.target()).runs_argument(call, at);
        // What is known to run its argument may have done so before, and the repository's own functions say
        // what they do.
        let unknown = || {
            let own = self.typing.called(call);
            own.is_none_or(|func| self.judge.database.is_dependency(&func.package))
                && self.typing.ask(call, known::runner).flatten().is_none()
                && self.typing.ask(call, known::runs_once) != Some(true)
        };
        let ran = || unknown() && self.is_used_behind(var, call.span, body);
        (runs() || ran()).then_some(Some(RUN_BY_CALLEE))
    }

    /// Whether the body itself goes on to use the variable: then what the call got has run by then.
    fn is_used_behind(&self, var: VarId, call: Span, body: BodyId) -> bool {
        let used = |at: u32| at >= call.end && self.scopes.body_around(Span::new(at, at + 1)) == Some(body);
        self.scopes.uses_of(var).any(used)
    }

    /// Whether a variable that the call gives besides may be of use to the resource, or use it.
    pub(crate) fn may_serve(&self, var: VarId) -> bool {
        let cancels = |ty: &Type| ty.is_in(&names::types().cancels);
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
        // `new(sync.Once).Do(…)`, `(&sync.Once{}).Do(…)`
        let fresh = match &operand.unparen().kind {
            ExprKind::Call(made) => made.name() == Some("new"),
            ExprKind::AddressOf(inner) => matches!(inner.unparen().kind, ExprKind::Composite { .. }),
            _ => false,
        };
        (own || fresh) && self.typing.ask(call, known::runs_once) == Some(true)
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

/// Whether what a literal returns is no more than a yes or no: `return err == nil`.
fn only_tells(returned: &[Expr]) -> bool {
    returned.iter().all(|value| match &value.unparen().kind {
        ExprKind::Binary { op, .. } => op.gives_bool(),
        ExprKind::Unary { not, .. } => *not,
        ExprKind::Ident(name) => matches!(&*name.name, "true" | "false"),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::{body, fates};

    #[test]
    fn what_a_function_literal_makes_is_the_function_s() {
        assert_eq!(body("var c *client\nfunc() { c = make1() }()\nc.Close()"), ["released (4: released)"]);
        assert_eq!(
            body("var c *client\nfunc() { c = make1() }()\nlend(c)"),
            ["leaked (5: it is still open when the function ends here)"]
        );
        assert_eq!(body("func() {\nc := make1()\nc.Close()\n}()"), ["released (4: released)"]);
    }

    #[test]
    fn what_a_callee_runs_has_run_where_its_result_is_used() {
        let until = "var until func(func() bool)\nfunc f() {\nvar c *client\n";
        let leaked =
            fates(&format!("{until}until(func() bool {{\nc = make1()\nreturn c != nil\n}})\nlend(c)\n}}"));
        assert_eq!(leaked, ["leaked (9: it is still open when the function ends here)"]);
        let later = fates(&format!("{until}until(func() bool {{\nc = make1()\nreturn true\n}})\n}}"));
        assert!(!later[0].starts_with("leaked"), "{later:?}");
    }
}
