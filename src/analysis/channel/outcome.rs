//! What a way through a body does with the channels of a team: events in order, and how the way ends. The
//! owner's ways and those of the goroutines are the same kind of thing.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet;

use crate::analysis::channel::size::{Count, Size};
use crate::analysis::channel::team::ChannelId;
use crate::analysis::graph::scopes::VarId;
use crate::base::text::Span;

/// Where something stands: in which of the files that the analysis has read, and where there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    pub file: usize,
    pub span: Span,
}

/// A goroutine of the team, by the statement that starts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MemberId(pub usize);

/// A variable that goroutines are waited for with, such as a `sync.WaitGroup`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupId(pub usize);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    Send,
    Receive,
    /// Receives until the channel is closed.
    Range,
    Close,
}

/// What else can happen instead of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Guard {
    /// Nothing.
    None,
    /// Something outside of the team: a `default`, a timer, a context.
    GivesUp,
    /// Operations on channels of the team.
    Team(Vec<(Action, ChannelId)>),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum What {
    Operation {
        action: Action,
        channel: ChannelId,
        guard: Guard,
    },
    /// A `select` takes from one of these channels.
    Choice(Vec<ChannelId>),
    Start(MemberId),
    /// A group's goroutines become more.
    Add(GroupId),
    /// One of a group's goroutines has ended.
    Done(GroupId),
    /// A `Wait` for goroutines; none where nobody knows which.
    Join(Option<GroupId>),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Event {
    pub what: What,
    pub count: Count,
    pub at: Place,
}

impl Event {
    /// The operation on `channel`, if it is one of this kind.
    pub fn is(&self, action: Action, channel: ChannelId) -> bool {
        matches!(&self.what, What::Operation { action: a, channel: c, .. } if (*a, *c) == (action, channel))
    }
}

/// How a way ends. The ends of the process and waits that are never over are none: nothing comes after them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum End {
    /// At the end of the statements.
    Falls,
    Return(Span),
    Panic(Span),
    /// To the loop or statement with this number, counted from the outside.
    Break(usize, Span),
    Continue(usize, Span),
}

/// Something that was asked on a way, and the answer. Keys are made of the variables, so that equal ones mean
/// the same as long as none of these gets another value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fact {
    pub key: String,
    pub about: Vec<VarId>,
    pub holds: bool,
    /// None of its variables ever gets another value.
    pub stable: bool,
}

/// What each iteration of a goroutine's loop without an end receives from nowhere else, and where.
pub type Served = Vec<(ChannelId, Place)>;

/// For each value that comes from one channel until that is closed, so many go on to another one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Relay {
    pub from: ChannelId,
    pub to: ChannelId,
    pub times: Size,
}

/// One way through statements.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Way {
    pub events: Vec<Event>,
    pub facts: BTreeSet<Fact>,
    /// Variables that hold what was received, or were told by it, with the channel.
    pub received: BTreeSet<(VarId, ChannelId)>,
    /// The channels on whose values it depends that the way is taken.
    pub depends: BTreeSet<ChannelId>,
    /// Whether the way is taken may depend on what happened in earlier iterations: nobody can tell which
    /// counts go with it.
    pub uncertain: bool,
    /// As `uncertain`, where the loops that are not left yet say so: of one whose iterations do nothing it
    /// makes no difference which of them is the last.
    pub doubtful: bool,
    /// Whether it leaves a loop, a value says that has just been received there: any of those that are sent
    /// may be the one.
    pub chosen: bool,
    /// Channels that it sends on as often as it receives something: how often is for others to say.
    pub fed: BTreeSet<ChannelId>,
    /// What it hands on, and nothing leaves the loop that does it before the close.
    pub relays: BTreeSet<Relay>,
    /// Channels that it sends on for an error that it has got itself: each goroutine may get one.
    pub fails: BTreeSet<ChannelId>,
    /// It has asked something that others say to it meanwhile: whether anybody still waits.
    pub told: bool,
    /// Channels that have room for one more, as it has just been asked.
    pub roomy: BTreeSet<ChannelId>,
    /// Variables that got a value in this iteration.
    pub fresh: BTreeSet<VarId>,
    /// Variables whose value iterations of a loop may have changed.
    pub stale: BTreeSet<VarId>,
    /// What is deferred, innermost last.
    pub deferred: Vec<usize>,
    /// The first thing that it does after a send or a loop until a close, and that others could see.
    pub works: Option<Span>,
    /// The first thing that it does behind a loop until a close.
    pub behind: Option<Span>,
    /// The first thing that it does at all and that others could see: in a loop it comes after the sends of
    /// the iteration before.
    pub acts: Option<Span>,
    /// Whether the last value that it returned, or that the call did which it has come back from, is nil, or
    /// true where it is a truth value.
    pub gave: Option<bool>,
    pub end: End,
}

impl Way {
    /// Where nothing has happened yet.
    pub fn start() -> Way {
        Way {
            events: Vec::new(),
            facts: BTreeSet::new(),
            received: BTreeSet::new(),
            depends: BTreeSet::new(),
            uncertain: false,
            doubtful: false,
            chosen: false,
            fed: BTreeSet::new(),
            relays: BTreeSet::new(),
            fails: BTreeSet::new(),
            told: false,
            roomy: BTreeSet::new(),
            fresh: BTreeSet::new(),
            stale: BTreeSet::new(),
            deferred: Vec::new(),
            works: None,
            behind: None,
            acts: None,
            gave: None,
            end: End::Falls,
        }
    }

    pub fn goes_on(&self) -> bool {
        self.end == End::Falls
    }

    pub fn push(&mut self, event: Event) {
        if self.has_ranged() && !matches!(event.what, What::Done(_)) {
            self.behind.get_or_insert(event.at.span);
        }
        self.events.push(event);
    }

    /// Whether it has come out of a loop until a close.
    pub fn has_ranged(&self) -> bool {
        let ranges = |event: &Event| matches!(event.what, What::Operation { action: Action::Range, .. });
        self.events.iter().any(ranges)
    }

    /// How often `action` happens on `channel`, of those operations whose guard `counts`.
    pub fn count(&self, action: Action, channel: ChannelId, counts: impl Fn(&Guard) -> bool) -> Count {
        total(&self.events, action, channel, counts)
    }

    pub fn has(&self, action: Action, channel: ChannelId) -> bool {
        self.events.iter().any(|event| event.is(action, channel))
    }

    /// How often goroutines of a group end on it.
    pub fn done(&self, group: GroupId) -> Count {
        counted(&self.events, &What::Done(group))
    }

    /// Where `action` first happens on `channel`.
    pub fn place(&self, action: Action, channel: ChannelId) -> Option<Place> {
        self.events.iter().find(|event| event.is(action, channel)).map(|event| event.at)
    }

    /// Whether it has done something that a fix would let it pass sooner, or at all: a send, or a loop until
    /// a close.
    pub fn has_waited(&self) -> bool {
        let waits = |event: &Event| {
            matches!(event.what, What::Operation { action: Action::Send | Action::Range, .. })
        };
        self.events.iter().any(waits)
    }

    /// Whether both can be taken in one run, as far as what they ask goes.
    pub fn agrees(&self, other: &Way) -> bool {
        let against = |fact: &Fact| {
            fact.stable
                && other
                    .facts
                    .iter()
                    .any(|held| held.stable && held.key == fact.key && held.holds != fact.holds)
        };
        !self.facts.iter().any(against)
    }

    /// What was asked of `var` is no longer known.
    pub fn forget(&mut self, var: VarId) {
        self.facts.retain(|fact| !fact.about.contains(&var));
        self.received.retain(|(held, _)| *held != var);
    }
}

/// How often `action` happens on `channel` in `events`.
pub fn total(events: &[Event], action: Action, channel: ChannelId, counts: impl Fn(&Guard) -> bool) -> Count {
    events.iter().fold(Count::exactly(Size::ZERO), |sum, event| match &event.what {
        What::Operation { action: a, channel: c, guard }
            if *a == action && *c == channel && counts(guard) =>
        {
            sum.plus(&event.count)
        }
        _ => sum,
    })
}

/// How often something happens in `events`.
pub fn counted(events: &[Event], what: &What) -> Count {
    let same = events.iter().filter(|event| event.what == *what);
    same.fold(Count::exactly(Size::ZERO), |sum, event| sum.plus(&event.count))
}

/// What one iteration of a loop does, whichever of `ways` it takes: each event as often as on any of them.
pub fn iteration(ways: &[Way]) -> Vec<Event> {
    let mut all: Vec<Event> = Vec::new();
    for event in ways.iter().flat_map(|way| &way.events) {
        if !all.iter().any(|known| known.what == event.what && known.at == event.at) {
            all.push(event.clone());
        }
    }
    for event in &mut all {
        let on = |way: &Way| {
            way.events
                .iter()
                .filter(|other| other.what == event.what && other.at == event.at)
                .fold(Count::exactly(Size::ZERO), |sum, other| sum.plus(&other.count))
        };
        let counts = ways.iter().map(on).reduce(|a, b| a.or(&b));
        event.count = counts.unwrap_or(Count::exactly(Size::ZERO));
    }
    either(&mut all, ways);
    all
}

/// Of the same operation in several places, where no way comes to all of them, there is one event for all.
fn either(events: &mut Vec<Event>, ways: &[Way]) {
    let mut at = 0;
    while at < events.len() {
        let what = events[at].what.clone();
        let taken = ways.iter().map(|way| counted(&way.events, &what)).reduce(|a, b| a.or(&b));
        let exclusive = taken.filter(|taken| {
            matches!(what, What::Operation { .. }) && taken.most != counted(events, &what).most
        });
        if let Some(count) = exclusive {
            events[at].count = count;
            let mut seen = 0;
            events.retain(|event| {
                seen += usize::from(event.what == what);
                event.what != what || seen == 1
            });
        }
        at += 1;
    }
}

/// The events of so many iterations.
pub fn repeated(iteration: &[Event], iterations: &Count) -> Vec<Event> {
    let repeat = |event: &Event| Event { count: iterations.times(&event.count), ..event.clone() };
    iteration.iter().map(repeat).filter(|event| event.count.most != Size::ZERO).collect()
}

/// Leaves out ways that are the same.
pub fn unique(ways: &mut Vec<Way>) {
    if ways.len() > 1 {
        let mut seen: FxHashSet<Way> = FxHashSet::default();
        ways.retain(|way| seen.insert(way.clone()));
    }
}
