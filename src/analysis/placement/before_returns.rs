//! Releases on the ways out that lack one, where the others hand the resource on or release it themselves: a
//! line before each `return`.

use crate::analysis::dataflow::state::{Alias, EventId, EventKind, Phase, State};
use crate::analysis::dataflow::trace::{Exit, ExitKind, Trace};
use crate::analysis::graph::scopes::{BodyId, VarId};
use crate::analysis::verdict::case::{Case, Kind};
use crate::base::diagnostic::*;
use crate::base::text::Span;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;

impl Case<'_, '_> {
    /// The places for a release before each `return` that leaves the resource open; none where one of the
    /// ways out cannot have it, or where a callee of the others is no more than supposed to keep it: all of
    /// them may lack a release then.
    pub(crate) fn leaving(&self, trace: &Trace, body: BodyId, kind: &Kind) -> Vec<Anchor> {
        let passed_on =
            |id: EventId| trace.events[id.0 as usize].kind == EventKind::Escaped(Verdict::PassedOn);
        let supposed = |exit: &Exit| matches!(exit.state.phase, Phase::Escaped(id) if passed_on(id));
        if trace.exits.iter().any(supposed) {
            return Vec::new();
        }
        let is_open = |exit: &&Exit| {
            exit.state.is_open() && !matches!(exit.kind, ExitKind::Stop(_)) && !is_cared_for(&exit.state)
        };
        let mut spans: Vec<Span> = trace.exits.iter().filter(is_open).map(|exit| exit.span).collect();
        spans.dedup();
        let anchors = spans.into_iter().map(|span| self.before(trace, body, kind, span));
        anchors.collect::<Option<Vec<_>>>().unwrap_or_default()
    }

    /// The place before the `return` at `span`, if the resource is open and has its name on all ways that
    /// come by, and what is returned does not ask for it.
    fn before(&self, trace: &Trace, body: BodyId, kind: &Kind, span: Span) -> Option<Anchor> {
        let here = || trace.exits.iter().filter(|exit| exit.span == span);
        let variable = here().find_map(|exit| named_itself(&exit.state))?;
        let fits = |exit: &Exit| {
            let ours = exit.kind == ExitKind::Return
                && exit.state.phase == Phase::Open
                && !is_cared_for(&exit.state);
            ours && exit.state.alias(variable) == Some(&Alias::Itself)
                && !self.scopes.uses_in(span).any(|used| exit.state.alias(used).is_some())
        };
        // What was deferred runs after the release then.
        let holds = |used: VarId| here().any(|exit| exit.state.alias(used).is_some());
        let mut asked_later = false;
        visit::body(self.scopes.body(body).block, &mut |stmt| {
            let deferred = matches!(stmt.kind, StmtKind::Defer(_)) && stmt.span.start < span.start;
            asked_later |= deferred && self.scopes.uses_in(stmt.span).any(holds);
        });
        let name = &self.scopes.info(variable).name;
        let alone = self.scopes.vars.iter().filter(|var| var.name == *name).count() == 1;
        (alone && !asked_later && here().all(fits)).then(|| Anchor {
            place: AnchorPlace::Before(span),
            variable: name.clone(),
            binding: Binding::Bound,
            doubt: None,
            after_check: true,
            iteration: None,
            scope: self.in_scope(body, span.start, &kind.answer.closable),
        })
    }
}

fn named_itself(state: &State) -> Option<VarId> {
    state.holders.iter().find(|(_, alias)| *alias == Alias::Itself).map(|(var, _)| *var)
}

/// Whether something that was deferred or started may have to do with it yet.
fn is_cared_for(state: &State) -> bool {
    state.due.or(state.maybe_due).or(state.on_error).or(state.running).is_some()
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::places;

    #[test]
    fn where_it_is_released_on_some_ways_only_the_others_lack_it() {
        assert_eq!(
            places("c := make1()\nif some() {\nreturn nil\n}\nlend(c)\nreturn c.Close()"),
            ["it is released on other ways out already; c before 4"]
        );
        assert_eq!(
            places("c := make1()\nif some() {\nc.Close()\nreturn nil\n}\nlend(c)\nreturn nil"),
            ["c after 2, not proved"]
        );
    }
}
