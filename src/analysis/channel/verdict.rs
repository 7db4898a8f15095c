//! The ways out of the owner, held against what the goroutines do: who can never end, and on which way.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::channel::outcome::*;
use crate::analysis::channel::size::{Count, Size};
use crate::analysis::channel::team::ChannelId;

/// Combinations of the members' ways beyond this number are not tried.
const MAX_COMBINATIONS: usize = 128;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    AbandonedSend,
    SurplusSenders,
    DoubleSend,
    UnclosedRange,
    AbandonedReceive,
    StuckForever,
}

impl Kind {
    /// The rule that reports it.
    pub fn word(self) -> &'static str {
        match self {
            Kind::AbandonedSend => "abandoned-send",
            Kind::SurplusSenders => "surplus-senders",
            Kind::DoubleSend => "double-send",
            Kind::UnclosedRange => "unclosed-range",
            Kind::AbandonedReceive => "abandoned-receive",
            Kind::StuckForever => super::stuck::KIND,
        }
    }
}

/// Something that can never end.
#[derive(Debug, Clone)]
pub struct Fault {
    pub kind: Kind,
    pub channel: ChannelId,
    /// What blocks.
    pub blocked: Place,
    /// Who: `None` where it is the owner itself.
    pub member: Option<MemberId>,
    /// The ways out of the owner on which it is left alone.
    pub exits: Vec<End>,
    /// Sends and receives on the first of them, in numbers.
    pub sends: Size,
    pub received: Size,
    /// The channels on which there are so many sends and receives, where these are more than the one.
    pub together: Vec<ChannelId>,
}

/// What the team does.
pub struct Case<'t> {
    /// The ways out that leave the goroutines behind.
    pub exits: &'t [Way],
    /// All ways through the owner.
    pub ways: &'t [Way],
    pub members: &'t [Vec<Way>],
    /// The capacities of the channels.
    pub capacities: &'t [Size],
    /// Whether all uses of a channel are known.
    pub closed: &'t dyn Fn(ChannelId) -> bool,
    /// Whether a goroutine does this to a channel on a way that has no end, and so is none of its ways.
    pub lasts: &'t dyn Fn(Action, ChannelId) -> bool,
    /// Whether all uses of a group are known.
    pub known: &'t dyn Fn(GroupId) -> bool,
    /// How many goroutines there are may be the number that somebody has written down.
    pub relates: bool,
}

/// One way for each member that is started, with how often it is.
type Combination<'t> = Vec<(MemberId, Count, &'t Way)>;

/// What an exit has received from channels that its `select`s have in common, and what is sent there.
pub struct Together {
    pub channels: Vec<ChannelId>,
    /// Of these all uses are known.
    pub known: Vec<ChannelId>,
    pub sends: Size,
    pub received: Count,
    /// Only some iterations start who sends.
    pub optional: bool,
}

impl Together {
    /// Whether more can be left than one of the channels has room for.
    pub fn leaves_more_than(&self, room: &Size) -> bool {
        let same = self.optional && self.received == Count::up_to(self.sends.clone());
        !same && self.sends.exceeds(&self.received.least.plus(room))
    }

    /// Whether each of these ways sends on one of the channels.
    pub fn always_sent<'w>(&self, mut ways: impl Iterator<Item = &'w Way>) -> bool {
        let sure = |way: &Way, channel| {
            let sent = way.count(Action::Send, channel, |guard| *guard == Guard::None);
            sent.least.floor() != Size::ZERO
        };
        ways.all(|way| self.known.iter().any(|channel| sure(way, *channel)))
    }
}

impl<'t> Case<'t> {
    /// What is wrong with one channel, at most one thing.
    pub fn judge(&self, channel: ChannelId) -> Option<Fault> {
        if !(self.closed)(channel) {
            return None;
        }
        self.unclosed(channel)
            .or_else(|| self.closed_on_other_ways(channel))
            .or_else(|| self.unsent(channel))
            .or_else(|| self.starved(channel))
            .or_else(|| self.unanswered(channel))
            .or_else(|| self.alone(channel))
            .or_else(|| self.too_early(channel))
    }

    /// How a channel that a goroutine uses is no fault, in a word, and why; no word where no goroutine uses
    /// it.
    pub fn words(&self, channel: ChannelId) -> (&'static str, &'static str) {
        if self.may_be_too_many(channel) {
            return ("unsure", "each of several goroutines may send, and fewer are received");
        }
        if self.may_be_the_number(channel) {
            return ("unsure", "whether more is sent than the number that somebody has written is not known");
        }
        (self.word(channel), "")
    }

    /// Whether goroutines that send or do not are more than are received: how many do, nobody can tell.
    fn may_be_too_many(&self, channel: ChannelId) -> bool {
        let sends = |way: &Way| way.count(Action::Send, channel, |guard| *guard == Guard::None).most;
        let receives = |way: &Way| way.has(Action::Receive, channel) || way.has(Action::Range, channel);
        let lasts = (self.lasts)(Action::Receive, channel) || (self.lasts)(Action::Range, channel);
        if !(self.closed)(channel) || lasts || self.members.iter().flatten().any(receives) {
            return false;
        }
        self.exits.iter().filter(|exit| !exit.uncertain && !exit.has(Action::Range, channel)).any(|exit| {
            let received = exit.count(Action::Receive, channel, |_| true).most;
            let room = received.plus(&self.capacities[channel.0]);
            let together = self.together(exit, channel);
            if together.is_some_and(|all| !all.leaves_more_than(&self.capacities[channel.0])) {
                return false;
            }
            self.started(exit).iter().any(|(member, count)| {
                let ways = &self.members[member.0];
                let most = ways.iter().map(sends).reduce(|a, b| a.greater(&b)).unwrap_or(Size::ZERO);
                let some_do_not = ways.iter().any(|way| !way.has(Action::Send, channel));
                some_do_not && count.most != Size::ONE && count.most.times(&most).exceeds(&room)
            })
        })
    }

    /// The number that somebody has written down for a channel: of what it holds, or of what is received. One
    /// is no count.
    fn written(&self, channel: ChannelId) -> Option<Size> {
        let received = self.exits.iter().map(|exit| exit.count(Action::Receive, channel, |_| true).most);
        let written = received.chain([self.capacities[channel.0].clone()]);
        let most = written.filter_map(|size| size.as_number()).max();
        most.filter(|number| *number > 1).map(Size::number)
    }

    /// Whether more is sent than is received only if there are more goroutines than the number that somebody
    /// has written down.
    fn may_be_the_number(&self, channel: ChannelId) -> bool {
        let all = Case { relates: false, ..*self };
        self.relates && (self.closed)(channel) && all.unanswered(channel).is_some()
    }

    fn word(&self, channel: ChannelId) -> &'static str {
        let uses =
            |event: &Event| matches!(event.what, What::Operation { channel: used, .. } if used == channel);
        let mut using = self.members.iter().flatten().filter(|way| way.events.iter().any(uses)).peekable();
        if using.peek().is_none() {
            return "";
        }
        let gives_up = using
            .any(|way| way.count(Action::Send, channel, |guard| *guard != Guard::None).most != Size::ZERO);
        match (gives_up, self.capacities[channel.0] == Size::ZERO) {
            (true, _) => "gives up",
            (false, false) => "buffered",
            (false, true) => "received",
        }
    }

    /// The members that an exit has started.
    pub fn started(&self, exit: &Way) -> BTreeMap<MemberId, Count> {
        let mut started: BTreeMap<MemberId, Count> = BTreeMap::new();
        for event in &exit.events {
            if let What::Start(member) = event.what {
                let known = started.entry(member).or_insert_with(|| Count::exactly(Size::ZERO));
                *known = known.plus(&event.count);
            }
        }
        started
    }

    fn combinations(&self, exit: &Way, together: Option<&Together>) -> Vec<Combination<'t>> {
        let mut all: Vec<Combination<'t>> = vec![Vec::new()];
        for (member, count) in self.started(exit) {
            let ways: Vec<&Way> = self.members[member.0].iter().filter(|way| way.agrees(exit)).collect();
            if ways.is_empty() {
                continue;
            }
            if all.len() * ways.len() > MAX_COMBINATIONS {
                return Vec::new();
            }
            all = all
                .iter()
                .flat_map(|known| {
                    ways.iter().map(|way| {
                        let mut more = known.clone();
                        more.push((member, count.clone(), *way));
                        more
                    })
                })
                .collect();
        }
        all.retain(|combination| self.is_consistent(exit, combination, together));
        all
    }

    /// Whether the owner can have come to the exit: nobody receives what is not sent, and the other way
    /// round. Of many goroutines that send on one of these channels each, some may send on another one.
    fn is_consistent(&self, exit: &Way, combination: &Combination, together: Option<&Together>) -> bool {
        let channels = (0..self.capacities.len()).map(ChannelId).filter(|channel| (self.closed)(*channel));
        channels.into_iter().all(|channel| {
            let of = |action: Action| {
                let each = combination
                    .iter()
                    .map(|(_, count, way)| count.times(&way.count(action, channel, |_| true)));
                each.fold(Count::exactly(Size::ZERO), |sum, one| sum.plus(&one))
            };
            let own = |action: Action| exit.count(action, channel, |_| true);
            let closed = exit.has(Action::Close, channel)
                || combination.iter().any(|(_, _, way)| way.has(Action::Close, channel));
            let ranged = exit.has(Action::Range, channel);
            let mixed = together.filter(|all| all.channels.contains(&channel)).is_some_and(|all| {
                combination.iter().any(|(member, count, _)| {
                    let sends = self.members[member.0].iter().any(|way| way.has(Action::Send, channel));
                    sends && self.all_send(exit, (*member, count), all)
                })
            });
            let sent = of(Action::Send).most.plus(&own(Action::Send).most);
            let received = mixed || closed || !own(Action::Receive).least.or_none().exceeds(&sent);
            let room = of(Action::Receive).most.plus(&self.capacities[channel.0]);
            let room = room.plus(&own(Action::Receive).most);
            let taken = combination.iter().any(|(_, _, way)| way.has(Action::Range, channel))
                || !own(Action::Send).least.or_none().exceeds(&room);
            (closed || !ranged) && received && taken
        })
    }

    /// A goroutine sends more than is received.
    fn unanswered(&self, channel: ChannelId) -> Option<Fault> {
        let mut faults: Vec<(&Way, Fault)> = Vec::new();
        let mut most_received = Size::ZERO;
        for exit in self.exits {
            let received = exit.count(Action::Receive, channel, |_| true);
            most_received = most_received.greater(&received.most);
            if let Some(fault) = self.unanswered_on(exit, channel) {
                faults.push((exit, fault));
            }
        }
        let (first, mut fault) = faults.first().cloned()?;
        fault.exits = faults.iter().map(|(exit, _)| exit.end).collect();
        fault.exits.dedup();
        let symbolic = fault.sends.as_number().is_none()
            && self.started(first).iter().any(|(member, count)| {
                let sends = self.members[member.0].iter().any(|way| way.has(Action::Send, channel));
                sends && count.most.as_number().is_none()
            });
        let all_alike = faults.len() == self.exits.len()
            && faults.iter().all(|(exit, _)| {
                exit.count(Action::Receive, channel, |_| true)
                    == first.count(Action::Receive, channel, |_| true)
            });
        let received_any = most_received != Size::ZERO;
        fault.kind = match fault.member {
            _ if symbolic => Kind::SurplusSenders,
            Some(member) if all_alike && received_any => {
                let room = most_received.plus(&self.capacities[channel.0]);
                let fits = |way: &Way| !way.count(Action::Send, channel, |_| true).most.exceeds(&room);
                let once = self.started(first).get(&member).is_some_and(|count| count.most == Size::ONE);
                let alone = once && self.senders(first, channel) == 1;
                if alone && self.members[member.0].iter().any(fits) {
                    Kind::DoubleSend
                } else {
                    Kind::SurplusSenders
                }
            }
            _ => Kind::AbandonedSend,
        };
        Some(fault)
    }

    fn senders(&self, exit: &Way, channel: ChannelId) -> usize {
        let sends =
            |member: &MemberId| self.members[member.0].iter().any(|way| way.has(Action::Send, channel));
        self.started(exit).keys().filter(|member| sends(member)).count()
    }

    /// Whether a `Wait` for this group waits for goroutines that send on a channel.
    fn waits_for(&self, group: GroupId, started: &BTreeMap<MemberId, Count>, channel: ChannelId) -> bool {
        let in_it = |member: &MemberId| {
            let ways = &self.members[member.0];
            let sends = ways.iter().any(|way| way.has(Action::Send, channel));
            sends && ways.iter().any(|way| way.done(group).most != Size::ZERO)
        };
        !(self.known)(group) || started.keys().any(in_it)
    }

    pub fn unanswered_on(&self, exit: &Way, channel: ChannelId) -> Option<Fault> {
        let started = self.started(exit);
        let joined = exit.events.iter().skip_while(|event| !matches!(event.what, What::Start(_)));
        let joined = joined.into_iter().any(|event| match event.what {
            What::Join(None) => true,
            What::Join(Some(group)) => self.waits_for(group, &started, channel),
            _ => false,
        });
        let elsewhere = started.keys().flat_map(|member| &self.members[member.0]).any(|way| {
            way.has(Action::Receive, channel)
                || way.has(Action::Range, channel)
                || way.has(Action::Close, channel) && exit.has(Action::Range, channel)
        });
        let drained = exit.has(Action::Range, channel) || exit.has(Action::Close, channel);
        let lasts = (self.lasts)(Action::Receive, channel) || (self.lasts)(Action::Range, channel);
        if exit.uncertain || joined || elsewhere || lasts || drained {
            return None;
        }
        if exit.chosen && !self.may_come_first(exit, channel) {
            return None;
        }
        let together = self.together(exit, channel);
        let together = together.as_ref();
        let counted = exit.count(Action::Receive, channel, |_| true);
        if counted.least != counted.most
            && together.is_some_and(|all| !all.leaves_more_than(&self.capacities[channel.0]))
        {
            return None;
        }
        let mut combinations = self.combinations(exit, together);
        // Of those that send on one of several, it is about who sends here.
        if let Some(all) = together {
            let here = |(member, count, way): &(MemberId, Count, &Way)| {
                way.has(Action::Send, channel) || !self.all_send(exit, (*member, count), all)
            };
            combinations.retain(|combination| combination.iter().all(here));
        }
        let pending: Vec<Option<Fault>> = combinations
            .iter()
            .map(|combination| self.pending(exit, channel, combination, together))
            .collect();
        // Where what was received decides, a way may go with one of the goroutine's ways only.
        if !exit.depends.is_empty() {
            let exact = combinations.iter().flatten().all(|(_, _, way)| {
                let sends = way.count(Action::Send, channel, |_| true);
                sends.least == sends.most
            });
            if !exact || pending.iter().any(Option::is_none) {
                return None;
            }
        }
        pending.into_iter().flatten().next()
    }

    /// Whether any value that is sent on a channel may be the first that this exit receives: all are sent by
    /// one statement, which waits for nobody, and its loop would end without that value. By a protocol of
    /// several sends, or of several goroutines, the value may be the last on purpose.
    fn may_come_first(&self, exit: &Way, channel: ChannelId) -> bool {
        let started = self.started(exit);
        let sends =
            |member: &&MemberId| self.members[member.0].iter().any(|way| way.has(Action::Send, channel));
        let mut senders = started.keys().filter(sends);
        let (Some(member), None) = (senders.next(), senders.next()) else { return false };
        let ways = &self.members[member.0];
        let waits = |event: &Event| match event.what {
            What::Operation { action, .. } => matches!(action, Action::Receive | Action::Range),
            What::Join(_) => true,
            _ => false,
        };
        let alike = |way: &Way| {
            let at = way.events.iter().position(|event| event.is(Action::Send, channel));
            let mut sends = way.events.iter().filter(|event| event.is(Action::Send, channel));
            at.is_some_and(|at| !way.events[..at].iter().any(waits))
                && sends.next().is_some_and(|event| event.count.least == event.count.most)
                && sends.next().is_none()
        };
        let closes = |way: &Way| way.has(Action::Close, channel);
        let closed = (self.lasts)(Action::Close, channel)
            || started.keys().flat_map(|member| &self.members[member.0]).chain(self.ways).any(closes);
        let ranged = self.ways.iter().any(|way| way.has(Action::Range, channel));
        exit.depends.iter().all(|other| *other == channel) && ways.iter().all(alike) && closed == ranged
    }

    /// The send that is left over, where the members take these ways.
    fn pending(
        &self,
        exit: &Way,
        channel: ChannelId,
        combination: &Combination,
        together: Option<&Together>,
    ) -> Option<Fault> {
        let (mut sends, mut optional) = (Size::ZERO, Size::ZERO);
        let mut done_before = 0;
        let (mut blocked, mut with) = (None, None);
        for (member, count, way) in combination {
            let once = count.most == Size::ONE;
            // What comes before something that the owner has got from it is over.
            let seen = way.events.iter().rposition(|event| match &event.what {
                What::Operation { action: Action::Send | Action::Close, channel: other, .. } => {
                    *other != channel
                        && (exit.has(Action::Receive, *other) || exit.has(Action::Range, *other))
                }
                _ => false,
            });
            if !once && seen.is_some() {
                return None;
            }
            let (before, after) = way.events.split_at(seen.map_or(0, |at| at + 1));
            let blocks = |guard: &Guard| self.blocks(exit, combination, guard);
            let left = total(after, Action::Send, channel, blocks);
            if left.most == Size::ZERO {
                continue;
            }
            if way.fed.contains(&channel) {
                return None;
            }
            let over = total(before, Action::Send, channel, |_| true);
            // Nobody knows how many there are, and somebody has chosen a capacity.
            if left.most.is_open() && self.capacities[channel.0] != Size::ZERO {
                return None;
            }
            done_before += over.most.as_number()?;
            // Of many that may send or not, one alone is sure to be able to.
            let some_do_not = self.members[member.0].iter().any(|other| !other.has(Action::Send, channel));
            // Where they all send on channels that are received from together, all can.
            let all = together.filter(|all| some_do_not && self.all_send(exit, (*member, count), all));
            let starts = if once || some_do_not && all.is_none() { Size::ONE } else { count.most.clone() };
            with = with.or(all);
            let sent = starts.times(&left.most);
            if sent.is_open() && ![Size::ZERO, Size::ONE].contains(&self.capacities[channel.0]) {
                return None;
            }
            if count.least != Size::ZERO || count.most.as_number().is_some() {
                sends = sends.plus(&sent);
            } else if sent.exceeds(&optional) {
                // Of those that only some iterations start, each iteration may start one.
                optional = sent;
            }
            let place = after.iter().rev().find(|event| event.is(Action::Send, channel))?.at;
            blocked = blocked.or(Some((*member, place)));
        }
        // A loop that skips as the one that starts them may skip the same: as often as these are started.
        let waited = exit.count(Action::Receive, channel, |guard| *guard == Guard::None);
        if sends == Size::ZERO && waited == Count::up_to(optional.clone()) {
            return None;
        }
        let sends = sends.plus(&optional);
        let received = exit.count(Action::Receive, channel, |_| true).least;
        let room = received.plus(&self.capacities[channel.0]).plus(&Size::number(-done_before));
        let (member, place) = blocked.filter(|_| sends.exceeds(&room))?;
        // What is not counted in the text may be as many as somebody has counted.
        if self.relates
            && sends.as_number().is_none()
            && self.written(channel).is_some_and(|number| !number.exceeds(&room))
        {
            return None;
        }
        let (sends, received, together) = match with {
            Some(all) if all.leaves_more_than(&self.capacities[channel.0]) => {
                (all.sends.clone(), all.received.least.clone(), all.channels.clone())
            }
            Some(_) => return None,
            None => (sends, received, Vec::new()),
        };
        Some(Fault {
            kind: Kind::AbandonedSend,
            channel,
            blocked: place,
            member: Some(member),
            exits: vec![exit.end],
            sends,
            received,
            together,
        })
    }

    /// Whether each of so many goroutines sends on one of the channels.
    fn all_send(&self, exit: &Way, (member, count): (MemberId, &Count), together: &Together) -> bool {
        let ways = self.members[member.0].iter().filter(|way| way.agrees(exit));
        count.most != Size::ONE && count.least == count.most && together.always_sent(ways)
    }

    /// Whether nothing but its channel ends an operation, once the owner has left by this exit.
    fn blocks(&self, exit: &Way, combination: &Combination, guard: &Guard) -> bool {
        match guard {
            Guard::None => true,
            Guard::GivesUp => false,
            Guard::Team(others) => {
                !others.iter().any(|(action, channel)| self.is_possible(exit, combination, *action, *channel))
            }
        }
    }

    /// Whether somebody takes part in an operation.
    fn is_possible(&self, exit: &Way, combination: &Combination, action: Action, channel: ChannelId) -> bool {
        if !(self.closed)(channel) {
            return true;
        }
        let ways = || combination.iter().map(|(_, _, way)| *way).chain([exit]);
        let any =
            |action: Action| (self.lasts)(action, channel) || ways().any(|way| way.has(action, channel));
        match action {
            Action::Receive => any(Action::Send) || any(Action::Close),
            Action::Range => any(Action::Close),
            Action::Send => {
                any(Action::Receive) || any(Action::Range) || self.capacities[channel.0] != Size::ZERO
            }
            Action::Close => true,
        }
    }

    /// Somebody ranges over a channel that nobody closes. A range serves a sender that never ends.
    fn unclosed(&self, channel: ChannelId) -> Option<Fault> {
        if (self.lasts)(Action::Send, channel) || (self.lasts)(Action::Close, channel) {
            return None;
        }
        let mut found: Option<Fault> = None;
        for exit in self.exits.iter().filter(|exit| !exit.uncertain) {
            let started = self.started(exit);
            let closes = |way: &Way| way.has(Action::Close, channel);
            if started.keys().flat_map(|member| &self.members[member.0]).any(closes) {
                continue;
            }
            let closes_itself = closes(exit);
            let ranges = started.keys().find_map(|member| {
                let ways = &self.members[member.0];
                // With another way to its end it is not stuck for sure.
                let all = !closes_itself
                    && !ways.is_empty()
                    && ways.iter().all(|way| way.has(Action::Range, channel));
                all.then(|| (Some(*member), ways[0].place(Action::Range, channel)))
            });
            let own = || {
                let range = exit.events.iter().position(|event| event.is(Action::Range, channel))?;
                let place = exit.events[range].at;
                // A close that comes after its own loop comes too late for it.
                if exit.events[..range].iter().any(|event| event.is(Action::Close, channel)) {
                    return None;
                }
                // Where something else leaves the loop, it may do so before it waits for what never comes.
                let leaves = |other: &Way| {
                    let mut here = other.events.iter().filter(|event| event.at == place);
                    here.any(|event| event.is(Action::Receive, channel))
                };
                (!self.exits.iter().any(leaves)).then_some((None, Some(place)))
            };
            let Some((member, Some(place))) = ranges.or_else(own) else { continue };
            let fault = found.get_or_insert_with(|| Fault {
                kind: Kind::UnclosedRange,
                channel,
                blocked: place,
                member,
                exits: Vec::new(),
                sends: Size::ZERO,
                received: Size::ZERO,
                together: Vec::new(),
            });
            fault.exits.push(exit.end);
        }
        if let Some(fault) = &mut found {
            fault.exits.dedup();
        }
        found
    }

    /// The owner ranges over a channel that one goroutine closes, and not on every way that it may take.
    fn closed_on_other_ways(&self, channel: ChannelId) -> Option<Fault> {
        let lasts = |action| (self.lasts)(action, channel);
        if lasts(Action::Send) || lasts(Action::Close) || lasts(Action::Receive) || lasts(Action::Range) {
            return None;
        }
        self.exits.iter().filter(|exit| !exit.uncertain && exit.depends.is_empty()).find_map(|exit| {
            let place = exit.place(Action::Range, channel)?;
            // Where something else leaves the loop, it need not wait for the close.
            let leaves = |other: &Way| {
                let mut here = other.events.iter().filter(|event| event.at == place);
                here.any(|event| event.is(Action::Receive, channel))
            };
            let started = self.started(exit);
            let uses = |member: &MemberId| {
                let ways = &self.members[member.0];
                let on = |event: &Event| {
                    matches!(event.what, What::Operation { channel: used, .. } if used == channel)
                };
                ways.iter().any(|way| way.events.iter().any(on))
            };
            let using: Vec<_> = started.iter().filter(|(member, _)| uses(member)).collect();
            let [(member, count)] = using.as_slice() else { return None };
            let ways = &self.members[member.0];
            let ends = |way: &&Way| {
                matches!(way.end, End::Falls | End::Return(_)) && !way.uncertain && way.agrees(exit)
            };
            // Only on such a way as gives what has been received before the loop.
            let at = exit.events.iter().position(|event| event.is(Action::Range, channel))?;
            let before = Way { events: exit.events[..at].to_vec(), ..exit.clone() };
            let silent = self.combinations(&before, None).into_iter().flatten().any(|(of, _, way)| {
                of == **member && ends(&way) && !way.has(Action::Close, channel)
            });
            let closes = ways.iter().any(|way| way.has(Action::Close, channel));
            let own = exit.has(Action::Close, channel) || exit.has(Action::Receive, channel);
            if **count != Count::once() || !silent || !closes || own || self.exits.iter().any(leaves) {
                return None;
            }
            Some(Fault {
                kind: Kind::UnclosedRange,
                channel,
                blocked: place,
                member: None,
                exits: vec![exit.end],
                sends: Size::ZERO,
                received: Size::ZERO,
                together: Vec::new(),
            })
        })
    }

    /// A goroutine waits for something that nobody sends.
    pub fn unsent(&self, channel: ChannelId) -> Option<Fault> {
        let mut found: Option<Fault> = None;
        for exit in self.exits.iter().filter(|exit| !exit.uncertain) {
            for member in self.started(exit).keys() {
                let stuck = |way: &Way| {
                    way.events.iter().enumerate().find_map(|(at, event)| match &event.what {
                        What::Operation { action: Action::Receive, channel: waited, guard } => {
                            // What it has sent itself comes back: a semaphore.
                            let own = way.events[..at].iter().any(|sent| sent.is(Action::Send, *waited));
                            // In a loop it may be another case each time.
                            let always = event.count.least.floor() != Size::ZERO;
                            let nobody = *guard != Guard::GivesUp
                                && always
                                && !own
                                && self.is_alone(exit, *member, *waited);
                            nobody.then_some((*waited, event.at))
                        }
                        _ => None,
                    })
                };
                let ways: Vec<_> =
                    self.members[member.0].iter().filter(|way| way.agrees(exit)).map(stuck).collect();
                let Some((first, at)) = ways.first().copied().flatten() else { continue };
                if first != channel || ways.iter().any(Option::is_none) {
                    continue;
                }
                let fault = found.get_or_insert_with(|| Fault {
                    kind: Kind::AbandonedReceive,
                    channel,
                    blocked: at,
                    member: Some(*member),
                    exits: Vec::new(),
                    sends: Size::ZERO,
                    received: Size::ONE,
                    together: Vec::new(),
                });
                fault.exits.push(exit.end);
            }
        }
        found
    }

    /// Whether nobody but this member ever sends on a channel or closes it, on this way out: not even by
    /// what comes after something that it never gets. Where the owner has received something itself, somebody
    /// does.
    fn is_alone(&self, exit: &Way, member: MemberId, channel: ChannelId) -> bool {
        let lasts = (self.lasts)(Action::Send, channel) || (self.lasts)(Action::Close, channel);
        let received = exit.count(Action::Receive, channel, |_| true).least.floor() != Size::ZERO;
        (self.closed)(channel)
            && !lasts
            && !received
            && (self.is_without_others(exit, member, channel) || !self.given(exit).contains(&channel))
    }

    /// The channels that somebody sends on or closes once the owner has left by this exit: those who wait for
    /// each other's first send give none.
    fn given(&self, exit: &Way) -> BTreeSet<ChannelId> {
        let gives = |event: &Event| match event.what {
            What::Operation { action: Action::Send | Action::Close, channel, .. } => Some(channel),
            _ => None,
        };
        let mut given: BTreeSet<ChannelId> = exit.events.iter().filter_map(gives).collect();
        let started = self.started(exit);
        loop {
            let waits = |event: &&Event| match &event.what {
                What::Operation { action: Action::Receive | Action::Range, channel, guard: Guard::None } => {
                    let lasts = (self.lasts)(Action::Send, *channel) || (self.lasts)(Action::Close, *channel);
                    (self.closed)(*channel) && !lasts && !given.contains(channel)
                }
                _ => false,
            };
            let ways = started.keys().flat_map(|member| &self.members[member.0]);
            let come_to = ways.flat_map(|way| way.events.iter().take_while(|event| !waits(event)));
            let more: Vec<_> = come_to.filter_map(gives).filter(|one| !given.contains(one)).collect();
            if more.is_empty() {
                return given;
            }
            given.extend(more);
        }
    }

    fn is_without_others(&self, exit: &Way, member: MemberId, channel: ChannelId) -> bool {
        let gives = |way: &Way| way.has(Action::Send, channel) || way.has(Action::Close, channel);
        let others = self.started(exit);
        let others = others.keys().filter(|other| **other != member).flat_map(|other| &self.members[other.0]);
        !gives(exit) && !others.into_iter().any(gives)
    }

    /// The owner receives what nobody, on no way, sends or closes.
    fn alone(&self, channel: ChannelId) -> Option<Fault> {
        let gives = |way: &Way| way.has(Action::Send, channel) || way.has(Action::Close, channel);
        let lasts = (self.lasts)(Action::Send, channel) || (self.lasts)(Action::Close, channel);
        if lasts || self.members.iter().flatten().chain(self.ways).any(gives) {
            return None;
        }
        self.exits.iter().find_map(|exit| {
            let waits = |event: &&Event| {
                let What::Operation { action, channel: waited, guard } = &event.what else { return false };
                *action == Action::Receive && *waited == channel && matches!(guard, Guard::None)
            };
            let at = exit.events.iter().find(waits)?.at;
            Some(Fault {
                kind: Kind::StuckForever,
                channel,
                blocked: at,
                member: None,
                exits: vec![exit.end],
                sends: Size::ZERO,
                received: Size::ONE,
                together: Vec::new(),
            })
        })
    }

    /// The owner receives more often than goroutines are started, as some iterations start none.
    fn starved(&self, channel: ChannelId) -> Option<Fault> {
        self.exits.iter().filter(|exit| !exit.uncertain && exit.depends.is_empty()).find_map(|exit| {
            let started = self.started(exit);
            let senders: Vec<_> = started
                .iter()
                .filter(|(member, _)| self.members[member.0].iter().any(|way| way.has(Action::Send, channel)))
                .collect();
            let [(member, count)] = senders.as_slice() else { return None };
            let ways = &self.members[member.0];
            let once = ways.iter().all(|way| way.count(Action::Send, channel, |_| true) == Count::once());
            let closes = ways.iter().chain([exit]).any(|way| way.has(Action::Close, channel));
            let received = exit.count(Action::Receive, channel, |guard| *guard == Guard::None);
            let skips =
                count.least == Size::ZERO && count.most.as_number().is_none() && !count.most.is_open();
            if !once || closes || !skips || exit.has(Action::Send, channel) {
                return None;
            }
            let same = received.least == count.most && received.most == count.most;
            same.then(|| Fault {
                kind: Kind::SurplusSenders,
                channel,
                blocked: exit.place(Action::Receive, channel).unwrap_or(ways[0].events[0].at),
                member: None,
                exits: vec![exit.end],
                sends: count.least.clone(),
                received: received.least,
                together: Vec::new(),
            })
        })
    }
}
