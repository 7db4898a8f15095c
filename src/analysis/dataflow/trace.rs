//! What a walk found: the ways out, the events, and the states at each place.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use crate::analysis::dataflow::state::{Alias, Event, EventId, State};
use crate::analysis::graph::control_flow::Ending;
use crate::analysis::graph::scopes::VarId;
use crate::base::diagnostic::AnchorPlace;
use crate::base::text::Span;

/// One way out of the body.
#[derive(Debug, Clone)]
pub struct Exit {
    pub kind: ExitKind,
    pub span: Span,
    pub state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExitKind {
    Return,
    /// Off the closing brace.
    End,
    /// The process or goroutine ends.
    Stop(Ending),
    /// The acquisition runs again while the last one is still open.
    Again,
}

/// All that the walk found.
#[derive(Debug)]
pub struct Trace {
    pub exits: Vec<Exit>,
    pub events: Vec<Event>,
    /// The results through which the resource left, and how each holds on to it.
    pub left: Vec<(usize, Alias)>,
    /// A way that returns an error leaves it with nobody.
    pub drops: bool,
    /// For each `return` of which that is plain, whether it gives an error.
    pub fails: FxHashMap<Span, bool>,
    /// The parameters that the resource was put into, each with a clause that says how.
    pub puts: BTreeMap<VarId, String>,
    /// Where a field of the resource itself is set that is not exported.
    pub altered: Option<Span>,
    /// The methods without arguments that were called on the resource to release it.
    pub released_by: Vec<String>,
    /// The methods called on the resource, by call.
    pub used: BTreeMap<Span, Used>,
    /// Deferred releases, each with another deferred call that is sure to release it as well.
    pub doubled: BTreeSet<(Span, Span)>,
    /// What is released though somebody got it before: by which event, and where it is released.
    pub released_after: BTreeSet<(EventId, Span)>,
    /// The states at each place where an edit could stand: by the offset of the end of the statement, or of
    /// the block's start, as [`Step::Enter`] has it.
    pub after: FxHashMap<u32, Vec<State>>,
    pub enter: FxHashMap<u32, Vec<State>>,
}

impl Trace {
    /// The states at a place; `None` where no way leads there.
    pub fn at(&self, place: AnchorPlace) -> Option<&[State]> {
        let states = match place {
            AnchorPlace::After(span) => self.after.get(&span.end),
            AnchorPlace::Start(span) | AnchorPlace::Before(span) => self.enter.get(&span.start),
        };
        states.map(Vec::as_slice)
    }
}

/// A method called on the resource, over all ways that lead to the call.
#[derive(Debug, Clone, Copy)]
pub struct Used {
    /// The method releases it.
    pub release: bool,
    /// It is not released yet on some way.
    pub open: bool,
    /// It is released already, at this event, on some way.
    pub released: Option<EventId>,
    /// A deferred release is due on some way.
    pub due: Option<EventId>,
}
