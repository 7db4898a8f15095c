//! Sends of goroutines that nobody receives any more once the owner has left.

use std::collections::BTreeMap;

use crate::analysis::channel::outcome::*;
use crate::analysis::channel::size::{Count, Size};
use crate::analysis::channel::team::ChannelId;
use crate::analysis::channel::verdict::{Case, Combination, Fault, Kind, Together};

impl Case<'_> {
    /// A goroutine sends more than is received.
    pub fn unanswered(&self, channel: ChannelId) -> Option<Fault> {
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

    /// Whether somebody else than the owner takes part in what goroutines send on a channel, or the owner has
    /// waited for them, or takes all there is.
    pub fn is_served(&self, exit: &Way, started: &BTreeMap<MemberId, Count>, channel: ChannelId) -> bool {
        let joined = exit.events.iter().skip_while(|event| !matches!(event.what, What::Start(_)));
        let waits = |event: &Event| match event.what {
            What::Join(None) => true,
            What::Join(Some(group)) => self.waits_for(group, started, channel),
            _ => false,
        };
        let joined = joined.into_iter().any(waits) || self.told_of_end(exit, started, &waits);
        let elsewhere = started.keys().flat_map(|member| &self.members[member.0]).any(|way| {
            way.has(Action::Receive, channel)
                || way.has(Action::Range, channel)
                || way.has(Action::Close, channel) && exit.has(Action::Range, channel)
        });
        let drained = exit.has(Action::Range, channel) || exit.has(Action::Close, channel);
        let lasts = (self.lasts)(Action::Receive, channel) || (self.lasts)(Action::Range, channel);
        joined || elsewhere || lasts || drained
    }

    /// Whether a goroutine has told the owner that it is through with a `Wait`:
    /// `go func() { wg.Wait(); close(done) }()`.
    fn told_of_end(
        &self,
        exit: &Way,
        started: &BTreeMap<MemberId, Count>,
        waits: &dyn Fn(&Event) -> bool,
    ) -> bool {
        let heard = |channel: ChannelId| {
            exit.count(Action::Receive, channel, |_| true).least.floor() != Size::ZERO
                || exit.has(Action::Range, channel)
        };
        let gives = |event: &Event, channel: ChannelId| {
            event.is(Action::Send, channel) || event.is(Action::Close, channel)
        };
        (0..self.capacities.len()).map(ChannelId).filter(|one| (self.closed)(*one) && heard(*one)).any(
            |one| {
                let ways = started.keys().flat_map(|member| &self.members[member.0]).chain([exit]);
                let mut first = ways.filter_map(|way| {
                    let at = way.events.iter().position(|event| gives(event, one))?;
                    Some(way.events[..at].iter().any(waits))
                });
                let lasts = (self.lasts)(Action::Send, one) || (self.lasts)(Action::Close, one);
                !lasts && first.next() == Some(true) && first.all(|waited| waited)
            },
        )
    }

    pub fn unanswered_on(&self, exit: &Way, channel: ChannelId) -> Option<Fault> {
        let started = self.started(exit);
        if exit.uncertain && self.certain || self.is_served(exit, &started, channel) {
            return None;
        }
        if exit.chosen && self.certain && !self.may_come_first(exit, channel) {
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
        let mut taken = Size::ZERO;
        let mut done_before = 0;
        let (mut blocked, mut with) = (None, None);
        for (member, count, way) in combination {
            let once = count.most == Size::ONE;
            // What comes before something that the owner has got from it is over.
            let seen = way.events.iter().rposition(|event| match &event.what {
                What::Operation { action: Action::Send | Action::Close, channel: other, .. } => {
                    *other != channel && self.has_got(exit, combination, *member, *other)
                }
                _ => false,
            });
            if !once && seen.is_some() {
                return None;
            }
            let (before, after) = way.events.split_at(seen.map_or(0, |at| at + 1));
            let blocks = |guard: &Guard| self.blocks(exit, combination, guard);
            let left = total(after, Action::Send, channel, blocks);
            // What it sends by a `select`, before what it sends plainly.
            let waits = |event: &Event| match &event.what {
                What::Operation { guard, .. } => event.is(Action::Send, channel) && blocks(guard),
                _ => false,
            };
            let until = after.iter().rposition(waits).unwrap_or(after.len());
            let gone = total(&after[..until], Action::Send, channel, |guard| !blocks(guard)).least.floor();
            taken = taken.plus(&if once { gone } else { gone.lesser(&Size::ONE) });
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
            // Each may get an error, unless who receives from several takes one for each.
            let fails =
                way.fails.contains(&channel) && together.is_none_or(|all| all.received.most == Size::ONE);
            let one = some_do_not && all.is_none() && !fails;
            let starts = if once || one { Size::ONE } else { count.most.clone() };
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
        // What a `select` of another goroutine has sent first has been received in its place.
        let sends = if taken.exceeds(&room) { sends } else { sends.plus(&taken) };
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

    /// Whether the owner has got what this member gives on a channel: nobody else gives anything there, or it
    /// has received all that is given.
    fn has_got(&self, exit: &Way, combination: &Combination, member: MemberId, channel: ChannelId) -> bool {
        if exit.has(Action::Range, channel) {
            return true;
        }
        let mut given = Size::ZERO;
        let mut others = false;
        for (one, count, way) in combination {
            let sends = way.count(Action::Send, channel, |_| true).most;
            others |= *one != member && sends != Size::ZERO;
            given = given.plus(&count.most.times(&sends));
        }
        let received = exit.count(Action::Receive, channel, |_| true).most;
        received != Size::ZERO && (!others || !given.exceeds(&received))
    }

    /// Whether each of so many goroutines sends on one of the channels.
    pub fn all_send(&self, exit: &Way, (member, count): (MemberId, &Count), together: &Together) -> bool {
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
}
