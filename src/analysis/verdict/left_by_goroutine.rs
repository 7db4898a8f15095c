//! What a goroutine alone has that was started with it: its whole body lies open, it uses it and ends, and
//! nobody releases it.
//!
//! Only where the function has no further use for it, and the goroutine does nothing with it but call methods
//! that give plain values: nothing else can have it then.

use crate::analysis::dataflow::state::EventKind;
use crate::analysis::dataflow::trace::Trace;
use crate::analysis::graph::known;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, VarId};
use crate::analysis::verdict::case::{Case, Kind};
use crate::analysis::verdict::outcome::Outcome;
use crate::analysis::verdict::overwritten::only_place;
use crate::base::diagnostic::{AnchorPlace, Certainty, Closable, Remedy, Verdict};
use crate::base::text::{Span, narrow};
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::type_expr::Type;

impl Case<'_, '_> {
    /// What becomes of what a goroutine leaves open, if one does, and what would mend it.
    pub(crate) fn left_by_goroutine(
        &self,
        outcome: &Outcome,
        trace: &Trace,
        body: BodyId,
        kind: &Kind,
    ) -> Option<(Outcome, Remedy)> {
        if outcome.verdict != Verdict::Captured || self.wanted.by_name || self.in_test() {
            return None;
        }
        let captured = |event: &EventKind| *event == EventKind::Escaped(Verdict::Captured);
        let at = only_place(trace, &captured)?;
        let (started, call) = self.started_with(body, at)?;
        let ExprKind::FuncLit(literal) = &call.function.unparen().kind else { return None };
        let held = self.holder(kind.result).filter(|var| self.scopes.assigned(*var).len() <= 1)?;
        let inner = self.handed(held, started, call, literal)?;
        if !self.is_only_asked(inner, literal) || !ends(literal, &|expr| self.typing.of(expr)) {
            return None;
        }
        let Closable::By(release) = &kind.answer.closable else { return None };
        let (name, verb) = (self.named(kind), self.verb(kind));
        let line = self.place.lines.line(started.start);
        let message =
            format!("{name} is never {verb}: the goroutine of line {line} alone has it, and ends without");
        let evidence = vec![self.at(started, format!("this goroutine ends, and has not {verb} it"))];
        let release = release.call(&self.scopes.info(inner).name, "", "");
        let remedy = if release.ends_with("()") {
            Remedy::Lines {
                title: format!("insert `defer {release}` first in the goroutine"),
                place: AnchorPlace::Start(literal.body.span),
                lines: vec![format!("defer {release}")],
                doubt: Some("what the calls there have started may go on using it".to_owned()),
            }
        } else {
            Remedy::advice("release it at the end of the goroutine", "with what is for a person to say")
        };
        let outcome = Outcome {
            verdict: Verdict::Leaked,
            certainty: Certainty::Assumed,
            evidence,
            message,
            obstacle: None,
        };
        Some((outcome, remedy))
    }

    /// The `go` statement around a place and its call, unless it may start more than one goroutine with the
    /// same resource.
    fn started_with(&self, body: BodyId, at: Span) -> Option<(Span, &Call)> {
        let mut found = None;
        let mut again = false;
        visit::body(self.scopes.body(body).block, &mut |stmt| match &stmt.kind {
            StmtKind::Go(go) if stmt.span.contains(at) => {
                found = go.as_call().map(|call| (stmt.span, call));
            }
            StmtKind::For(_) => again |= stmt.span.contains(at) && !stmt.span.contains(self.call.span),
            _ => {}
        });
        found.filter(|_| !again)
    }

    /// The variable that the goroutine has it in: the one of the function, or a parameter that gets it. The
    /// function itself must have no further use for it.
    fn handed(&self, held: VarId, started: Span, call: &Call, literal: &FuncLit) -> Option<VarId> {
        let body = self.scopes.literal(literal)?;
        let is_it = |expr: &Expr| expr.as_ident().and_then(|name| self.scopes.var(name)) == Some(held);
        let given = call.args.iter().position(is_it);
        let mut asked: Vec<u32> = Vec::new();
        visit::block(self.scopes.bodies.first()?.block, &mut |expr| match &expr.kind {
            ExprKind::Call(call) => {
                if let ExprKind::Selector { operand, field } = &call.function.unparen().kind
                    && is_it(operand)
                    && !self.lasts(&field.name)
                    && self.is_plain(call)
                {
                    asked.push(operand.unparen().span.start);
                }
            }
            ExprKind::Binary { left, right, .. } if left.is_nil() || right.is_nil() => {
                asked.extend([left, right].iter().filter(|side| is_it(side)).map(|side| side.span.start));
            }
            _ => {}
        });
        let bound = self.scopes.uses_of(held).min()?;
        let outside = |at: &u32| !(started.start..started.end).contains(at) && *at != bound;
        let own =
            self.scopes.uses_of(held).filter(outside).all(|at| at < started.start && asked.contains(&at));
        let within = self.scopes.uses_in(literal.body.span).any(|used| used == held);
        let used = self.scopes.uses_in(started).filter(|used| *used == held).count();
        match given {
            _ if !own => None,
            Some(at) if !within && used == 1 => self.scopes.param(body, ParamIndex::At(narrow(at))),
            None if within => Some(held),
            _ => None,
        }
    }

    /// Whether all that a goroutine does with a variable is to call methods that give plain values.
    fn is_only_asked(&self, var: VarId, literal: &FuncLit) -> bool {
        let body = self.scopes.literal(literal);
        let mut asked = 0;
        visit::block(&literal.body, &mut |expr| {
            if let ExprKind::Call(call) = &expr.kind
                && let ExprKind::Selector { operand, field } = &call.function.unparen().kind
                && operand.as_ident().and_then(|name| self.scopes.var(name)) == Some(var)
                && self.scopes.body_around(call.span) == body
                && !self.lasts(&field.name)
                && self.is_plain(call)
            {
                asked += 1;
            }
        });
        asked > 0 && self.scopes.uses_in(literal.body.span).filter(|used| *used == var).count() == asked
    }

    /// Whether a method of this name releases it, or reads as if it went on, or others went on with it.
    fn lasts(&self, method: &str) -> bool {
        let name = method.to_ascii_lowercase();
        known::ends(method)
            || known::reads_like_release(method)
            || known::may_serve(method)
            || self.wanted.releases.iter().any(|release| *release.name == *method)
            || ["run", "start", "serve", "listen", "watch", "subscribe", "loop", "consume", "receive", "poll"]
                .iter()
                .any(|word| name.starts_with(word))
    }

    /// Whether a call takes nothing that could keep what it is called on, and gives plain values.
    fn is_plain(&self, call: &Call) -> bool {
        let plain = |ty: &Type| ty.is_error() || matches!(ty, Type::Basic(name) if &**name != "any");
        let literal = |arg: &Expr| matches!(arg.unparen().kind, ExprKind::FuncLit(_));
        self.typing.results(call).iter().all(plain) && !call.args.iter().any(literal)
    }
}

/// Whether a goroutine comes to its end, as far as its loops tell.
fn ends(literal: &FuncLit, type_of: &dyn Fn(&Expr) -> Type) -> bool {
    let mut ends = true;
    visit::body(&literal.body, &mut |stmt| match &stmt.kind {
        StmtKind::For(looped) => {
            ends &= match &looped.head {
                ForHead::Clause { condition, .. } => condition.is_some(),
                ForHead::Range { right, .. } => {
                    matches!(type_of(right), Type::Slice(_) | Type::Map(..) | Type::Basic(_))
                }
            };
        }
        StmtKind::Select(_) | StmtKind::Goto(_) => ends = false,
        _ => {}
    });
    ends
}
