//! What is true of one resource at one point of a function: a configuration of the forward walk.

use std::sync::Arc;

use crate::analysis::graph::scopes::{BodyId, VarId};
use crate::base::diagnostic::{Certainty, Verdict};
use crate::base::text::Span;

/// How a value holds on to the resource.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Alias {
    /// It is the resource.
    Itself,
    /// A struct, map, slice or pointer with the resource in it, under these fields if they are known.
    Inside(Option<Paths>),
    /// Something made from the resource that needs it to stay open.
    Handle(Certainty),
    /// A function that uses the resource when called; `releases`: and releases it then, whichever way it
    /// takes.
    Function { releases: bool },
    /// A bool that is true: a type assertion on the resource succeeded.
    Sure,
    /// A bool that is false where the acquisition gave nothing.
    Success,
    /// A bool that is this where whoever was to have the resource did not take it: `swapped`, `loaded`.
    Refused(bool),
    /// An error by which a callee tells whether it has released the resource: it has where there is an error,
    /// or (`failing` is false) where there is none.
    Settled { failing: bool },
}

/// How a value holds on to the resource, if it does.
pub type Value = Option<Alias>;

/// Where in a struct the resource is: `db`, or `store.db` for a field of a field. Sorted, and never empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Paths(Arc<[Arc<str>]>);

/// Fields of fields are told apart this deep.
const MAX_FIELDS: usize = 4;

/// A struct may have the resource in this many places.
const MAX_PATHS: usize = 6;

/// Where the resource's life is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// The acquiring call has not run.
    Before,
    /// Acquired, the error not looked at yet: it may be nil.
    Unchecked,
    /// Open, and ours.
    Open,
    /// The acquisition failed: there is nothing to release.
    Nil,
    /// Released at this event.
    Released(EventId),
    /// Somebody else's from this event on.
    Escaped(EventId),
}

/// An index into the walk's events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(pub u32);

/// Something that happened to the resource at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub span: Span,
    pub kind: EventKind,
    pub certainty: Certainty,
    /// "returned", "stored in field `db`": a clause for people.
    pub words: String,
}

/// What an event means for the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    Released,
    /// It says that there is no more of it, with which it is released: rows at their end.
    Ended,
    /// A `defer` of this body releases it on the way out.
    Deferred,
    /// Handed on in the way that this verdict names.
    Escaped(Verdict),
    /// A goroutine started here uses it.
    Running,
    /// A goroutine that a callee started uses it, through what the callee gave back.
    Working,
    /// A function that runs when the surrounding test ends uses it: after all that the test defers.
    Cleaning,
    /// A callee whose source is not here reads it, by its name, and is taken to keep nothing.
    Read,
    /// The process serves from here on.
    Serving,
    /// The last variable that had it gets another value.
    Overwritten,
}

/// One configuration.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct State {
    pub phase: Phase,
    /// The variables that hold on to it, sorted by id.
    pub holders: Vec<(VarId, Alias)>,
    /// The variable that is non-nil if and only if the acquisition failed.
    pub error: Option<VarId>,
    /// A deferred release is due on the way out.
    pub due: Option<EventId>,
    /// A deferred function releases it under a condition.
    pub maybe_due: Option<EventId>,
    /// A deferred function releases it where something failed, and this way out is one where nothing did.
    pub on_error: Option<EventId>,
    /// Deferred function literals: they see variables as they are on the way out.
    pub pending: Vec<BodyId>,
    /// Deferred calls on things of this body's own, which may get the resource before they run.
    pub called: Vec<Span>,
    /// A goroutine that uses it may still run.
    pub running: Option<EventId>,
    /// The function serves until the process ends.
    pub serving: Option<EventId>,
    /// A release was deferred here, before anybody looked at the error.
    pub early: Option<EventId>,
    /// The last variable that had it got another value here.
    pub overwritten: Option<EventId>,
    /// Bools that are plainly set and asked for, sorted by variable: `success = true`.
    pub flags: Vec<(VarId, bool)>,
}

impl State {
    /// Nothing has happened yet.
    pub fn start() -> State {
        State {
            phase: Phase::Before,
            holders: Vec::new(),
            error: None,
            due: None,
            maybe_due: None,
            on_error: None,
            pending: Vec::new(),
            called: Vec::new(),
            running: None,
            serving: None,
            early: None,
            overwritten: None,
            flags: Vec::new(),
        }
    }

    /// How `var` holds on to the resource.
    pub fn alias(&self, var: VarId) -> Option<&Alias> {
        self.holders.iter().find(|(holder, _)| *holder == var).map(|(_, alias)| alias)
    }

    /// Lets `var` hold on in this way, or no more.
    pub fn set(&mut self, var: VarId, alias: Option<Alias>) {
        let at = self.holders.binary_search_by_key(&var, |(holder, _)| *holder);
        match (at, alias) {
            (Ok(at), Some(alias)) => self.holders[at].1 = alias,
            (Ok(at), None) => drop(self.holders.remove(at)),
            (Err(at), Some(alias)) => self.holders.insert(at, (var, alias)),
            (Err(_), None) => {}
        }
    }

    /// Whether there is something that a release would release.
    pub fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open | Phase::Unchecked)
    }

    /// The same where the acquisition failed, or what it gave is gone: there is nothing to release.
    pub fn failed(self) -> State {
        State { phase: Phase::Nil, holders: Vec::new(), due: None, maybe_due: None, running: None, ..self }
    }
}

impl Alias {
    /// Whether it is no hold at all, and only tells something of the resource.
    pub fn tells(&self) -> bool {
        matches!(self, Alias::Sure | Alias::Success | Alias::Refused(_) | Alias::Settled { .. })
    }

    /// The hold of a value that has both in it.
    pub fn join(a: Option<Alias>, b: Option<Alias>) -> Option<Alias> {
        match (a, b) {
            (Some(Alias::Inside(a)), Some(Alias::Inside(b))) => {
                Some(Alias::Inside(a.zip(b).and_then(|(a, b)| a.and(&b))))
            }
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// The hold of a value built around one with this hold.
    pub fn wrapped(self, field: Option<Arc<str>>) -> Alias {
        match self {
            Alias::Itself => Alias::Inside(field.map(Paths::of)),
            Alias::Inside(paths) => {
                Alias::Inside(paths.zip(field).and_then(|(paths, field)| paths.below(&field)))
            }
            other => other,
        }
    }
}

impl Paths {
    /// Under this field alone.
    pub fn of(field: Arc<str>) -> Paths {
        Paths(Arc::from([field]))
    }

    /// The field, if it is one field of the struct itself.
    pub fn field(&self) -> Option<&Arc<str>> {
        match &*self.0 {
            [path] if !path.contains('.') => Some(path),
            _ => None,
        }
    }

    /// How field `name` of the struct holds on to the resource. Embedded fields need not be written: `x.db`
    /// finds the resource under `Base.db`.
    pub fn part(&self, name: &str) -> Option<Alias> {
        self.0
            .iter()
            .filter_map(|path| part(path, name))
            .fold(None, |alias, part| Alias::join(alias, Some(part)))
    }

    /// Under both; `None` where they are too many to be told apart.
    fn and(&self, other: &Paths) -> Option<Paths> {
        let mut paths: Vec<Arc<str>> = self.0.iter().chain(&*other.0).cloned().collect();
        paths.sort();
        paths.dedup();
        (paths.len() <= MAX_PATHS).then(|| Paths(paths.into()))
    }

    /// The same, where the struct is itself in a field; `None` where that is too deep to be told apart.
    fn below(&self, field: &str) -> Option<Paths> {
        let deep = self.0.iter().any(|path| path.split('.').count() >= MAX_FIELDS);
        (!deep).then(|| Paths(self.0.iter().map(|path| format!("{field}.{path}").into()).collect()))
    }
}

fn part(path: &str, name: &str) -> Option<Alias> {
    let mut fields = path.split('.');
    fields.by_ref().find(|field| *field == name)?;
    let rest: Vec<&str> = fields.collect();
    Some(if rest.is_empty() { Alias::Itself } else { Alias::Inside(Some(Paths::of(rest.join(".").into()))) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(paths: &[&str]) -> Option<Alias> {
        let of = |path: &&str| Some(Alias::Inside(Some(Paths::of(Arc::from(*path)))));
        paths.iter().map(of).fold(None, Alias::join)
    }

    #[test]
    fn a_struct_has_the_resource_where_its_parts_have_it() {
        let field = |alias: Alias, name: &str| alias.wrapped(Some(Arc::from(name)));
        assert_eq!(Some(field(field(Alias::Itself, "db"), "store")), inside(&["store.db"]));
        assert_eq!(Alias::Itself.wrapped(None), Alias::Inside(None));
        let Some(Alias::Inside(Some(paths))) = inside(&["store.db", "log"]) else { panic!() };
        assert_eq!(paths.part("store"), inside(&["db"]));
        assert_eq!(paths.part("log"), Some(Alias::Itself));
        assert_eq!(paths.part("db"), Some(Alias::Itself));
        assert_eq!(paths.part("other"), None);
    }

    #[test]
    fn too_many_places_are_told_apart_no_more() {
        assert_eq!(inside(&["a", "b", "c", "d", "e", "f", "g"]), Some(Alias::Inside(None)));
        let deep = (0..=MAX_FIELDS).fold(Alias::Itself, |alias, _| alias.wrapped(Some(Arc::from("f"))));
        assert_eq!(deep, Alias::Inside(None));
    }

    #[test]
    fn a_variable_has_one_alias_at_a_time() {
        let mut state = State::start();
        let (a, b) = (VarId(1), VarId(2));
        state.set(b, Some(Alias::Itself));
        state.set(a, Some(Alias::Inside(None)));
        assert_eq!((state.alias(a), state.alias(b)), (Some(&Alias::Inside(None)), Some(&Alias::Itself)));
        state.set(a, None);
        assert_eq!(state.alias(a), None);
        assert!(state.failed().holders.is_empty());
    }
}
