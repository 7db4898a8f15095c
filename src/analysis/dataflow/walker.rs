//! What a walk over one body has found so far, and what every part of it does to a [`State`].
//!
//! What steps do is said by `statements`, `expressions`, `calls`, `assignments`, `conditions` and `deferred`;
//! each leads to the others.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::analysis::dataflow::flags;
use crate::analysis::dataflow::given::Given;
use crate::analysis::dataflow::oracle::Oracle;
use crate::analysis::dataflow::source::Source;
use crate::analysis::dataflow::state::*;
use crate::analysis::dataflow::trace::Used;
use crate::analysis::graph::scopes::{BodyId, Scopes, VarId};
use crate::base::diagnostic::{Certainty, Verdict};
use crate::base::text::{Span, narrow};
use crate::go::syntax::ast::*;

/// What calling a function literal does to the resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    Uses,
    Releases,
    /// On some of its ways; `on_error`: on those where an error is not nil.
    MayRelease {
        on_error: bool,
    },
    Gives(Event),
}

/// The walk's running half: scopes and oracle, and the events found so far.
pub struct Walker<'a, 'w> {
    pub scopes: &'w Scopes<'a>,
    pub body: BodyId,
    pub(crate) sources: &'w [Source],
    pub(crate) oracle: &'w dyn Oracle<'a>,
    pub events: Vec<Event>,
    /// Acquisitions that ran again while the resource was open.
    pub again: Vec<(Span, State)>,
    /// The results through which it left, and how they hold on to it.
    pub left: BTreeSet<(usize, Alias)>,
    /// A way that returns an error leaves it with nobody.
    pub drops: bool,
    /// The calls that may return an error and leave it with nobody.
    pub(crate) dropping: FxHashSet<Span>,
    /// The calls that give the resource back or have released it.
    pub(crate) ending_rest: FxHashSet<Span>,
    /// The parameters that it was put into, for the callers of a function that is summed up.
    pub puts: BTreeMap<VarId, String>,
    /// Where a field of the resource itself is set that is not exported.
    pub altered: Option<Span>,
    /// The connections that the resource is made around, and ends with.
    pub(crate) around: BTreeSet<VarId>,
    /// The methods without arguments that were called on the resource to release it.
    pub released_by: BTreeSet<String>,
    /// The methods called on the resource, by call.
    pub used: BTreeMap<Span, Used>,
    /// What is released here though a callee or whoever else got it before: by which event, and where.
    pub released_after: BTreeSet<(EventId, Span)>,
    /// Deferred releases, each with another deferred call that is sure to release it as well.
    pub doubled: BTreeSet<(Span, Span)>,
    /// The deferred calls that wait for the way out, by their place.
    pub(crate) deferred: FxHashMap<Span, &'a Call>,
    /// Block visits left.
    pub(crate) budget: &'w Cell<usize>,
    pub(crate) effects: FxHashMap<(BodyId, State), Option<Effect>>,
    /// What never changes, as it is where the resource is acquired.
    pub(crate) given: Given,
    /// The bools that are followed, sorted.
    pub(crate) flags: Vec<VarId>,
}

impl<'a, 'w> Walker<'a, 'w> {
    pub fn new(
        scopes: &'w Scopes<'a>,
        body: BodyId,
        sources: &'w [Source],
        oracle: &'w dyn Oracle<'a>,
        budget: &'w Cell<usize>,
    ) -> Walker<'a, 'w> {
        Walker {
            scopes,
            body,
            sources,
            oracle,
            events: Vec::new(),
            again: Vec::new(),
            left: BTreeSet::new(),
            drops: false,
            dropping: FxHashSet::default(),
            ending_rest: FxHashSet::default(),
            puts: BTreeMap::new(),
            altered: None,
            around: BTreeSet::new(),
            released_by: BTreeSet::new(),
            used: BTreeMap::new(),
            released_after: BTreeSet::new(),
            doubled: BTreeSet::new(),
            deferred: FxHashMap::default(),
            budget,
            effects: FxHashMap::default(),
            given: if let [source] = sources { Given::of(source, scopes, body) } else { Given::default() },
            flags: flags::followed(scopes, body),
        }
    }

    pub(crate) fn event(
        &mut self,
        span: Span,
        kind: EventKind,
        certainty: Certainty,
        words: impl Into<String>,
    ) -> EventId {
        let event = Event { span, kind, certainty, words: words.into() };
        let at = self.events.iter().position(|known| *known == event).unwrap_or_else(|| {
            self.events.push(event);
            self.events.len() - 1
        });
        EventId(narrow(at))
    }

    pub(crate) fn escape(
        &mut self,
        state: &mut State,
        span: Span,
        verdict: Verdict,
        certainty: Certainty,
        words: impl Into<String>,
    ) {
        // What is sure speaks louder than that a callee may have kept it, or that a goroutine may still have
        // it.
        let supposed = |id: EventId| {
            let event = &self.events[id.0 as usize];
            let supposed = matches!(
                event.kind,
                EventKind::Escaped(Verdict::PassedOn | Verdict::Captured | Verdict::Stored)
            );
            supposed && event.certainty == Certainty::Assumed
        };
        let surer =
            certainty == Certainty::Proved && matches!(state.phase, Phase::Escaped(id) if supposed(id));
        if state.is_open() || surer {
            if verdict == Verdict::Released {
                self.released_though_given(state, span);
            }
            let id = self.event(span, EventKind::Escaped(verdict), certainty, words);
            state.phase = Phase::Escaped(id);
        }
    }

    pub(crate) fn release(&mut self, state: &mut State, span: Span, certainty: Certainty, words: &str) {
        let id = self.event(span, EventKind::Released, certainty, words);
        self.mark_released(state, id);
    }

    /// The resource has come to its end by itself.
    pub(crate) fn end(&mut self, state: &mut State, span: Span) {
        let words = "released where this says that there is no more";
        let id = self.event(span, EventKind::Ended, Certainty::Proved, words);
        self.mark_released(state, id);
    }

    /// Notes that it is released here, where somebody has got it before.
    pub(crate) fn released_though_given(&mut self, state: &State, span: Span) {
        if let Phase::Escaped(given) = state.phase {
            self.released_after.insert((given, span));
        }
    }

    fn mark_released(&mut self, state: &mut State, id: EventId) {
        self.released_though_given(state, self.events[id.0 as usize].span);
        if matches!(state.phase, Phase::Open | Phase::Unchecked | Phase::Escaped(_)) {
            state.phase = Phase::Released(id);
        }
    }

    /// Notes that a method of the resource is called here.
    pub(crate) fn note_use(&mut self, call: &'a Call, release: bool, state: &State) {
        let used =
            self.used.entry(call.span).or_insert(Used { release, open: false, released: None, due: None });
        match state.phase {
            Phase::Released(id) => used.released = Some(id),
            Phase::Before | Phase::Nil => {}
            _ => used.open = true,
        }
        used.due = used.due.or(state.due);
    }

    /// Hands on a value that holds on to the resource; one made from it makes it live on.
    pub(crate) fn escape_alias(
        &mut self,
        state: &mut State,
        span: Span,
        alias: &Alias,
        verdict: Verdict,
        certainty: Certainty,
        words: &str,
    ) {
        match alias {
            Alias::Handle(tie) => {
                let words = format!("something made from it is {words}");
                self.escape(state, span, Verdict::LivesOn, certainty.and(*tie), words);
            }
            Alias::Function { releases: true } => self.escape(
                state,
                span,
                verdict,
                certainty,
                format!("a function that releases it is {words}"),
            ),
            Alias::Function { .. } => {
                self.escape(state, span, verdict, certainty, format!("a function that uses it is {words}"))
            }
            Alias::Inside(_) => {
                self.escape(state, span, verdict, certainty, format!("{words}, inside of another value"))
            }
            Alias::Itself => self.escape(state, span, verdict, certainty, words),
            Alias::Sure | Alias::Success | Alias::Refused(_) | Alias::Settled { .. } => {}
        }
    }

    /// What the call at `span` is a source of.
    pub(crate) fn source_at(&self, span: Span) -> Option<Source> {
        self.sources.iter().copied().find(|source| source.call().is_some_and(|(at, _)| at == span))
    }

    /// The value of an expression that has been evaluated already.
    pub(crate) fn peek(&self, expr: &Expr, state: &State) -> Value {
        let var = expr.as_ident().and_then(|ident| self.scopes.var(ident))?;
        state.alias(var).cloned()
    }
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::fates;

    #[test]
    fn what_is_sure_speaks_louder_than_what_is_assumed() {
        assert_eq!(
            fates("func f(h *holder) {\nc := make1()\ngo lend(c)\nh.c = c\n}"),
            ["stored (4: stored in field `c`)"]
        );
        assert_eq!(
            fates("func f() func() int {\nc := make1()\nreturn func() int { return lend(c) }\n}"),
            ["returned (3: a function that uses it is returned)"]
        );
    }
}
