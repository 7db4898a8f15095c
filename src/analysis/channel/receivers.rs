//! Receives, and loops until a close, that nobody answers: of goroutines once the owner has left, and of the
//! owner itself.

use std::collections::BTreeSet;

use crate::analysis::channel::outcome::*;
use crate::analysis::channel::size::{Count, Size};
use crate::analysis::channel::team::ChannelId;
use crate::analysis::channel::verdict::{Case, Fault, Kind};

impl Case<'_> {
    /// Somebody ranges over a channel that nobody closes. A range serves a sender that never ends.
    pub fn unclosed(&self, channel: ChannelId) -> Option<Fault> {
        if (self.lasts)(Action::Send, channel) || (self.lasts)(Action::Close, channel) {
            return None;
        }
        let mut found: Option<Fault> = None;
        let (uncertain, certain): (Vec<&Way>, Vec<&Way>) = self.exits.iter().partition(|exit| exit.uncertain);
        for exit in certain.into_iter().chain(uncertain) {
            // How often a loop ran tells nothing of a close that the way lacks. By itself it is no fault: the
            // loop may never be left by it.
            let left = found.as_ref().map(|fault| fault.member);
            if exit.uncertain && left.flatten().is_none() {
                break;
            }
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
            if exit.uncertain && left != Some(member) {
                continue;
            }
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
    pub fn closed_on_other_ways(&self, channel: ChannelId) -> Option<Fault> {
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

    /// A goroutine that receives in a loop without an end: once the owner has left, what is sent comes to an
    /// end, and the goroutine does not.
    pub fn unserved(&self, channel: ChannelId) -> Option<Fault> {
        let closes = |way: &Way| way.has(Action::Close, channel);
        let lasts = (self.lasts)(Action::Send, channel) || (self.lasts)(Action::Close, channel);
        if lasts || self.members.iter().flatten().chain(self.ways).any(closes) {
            return None;
        }
        let serves = |member: &MemberId| {
            let mut served = self.serves[member.0].iter();
            let at = served.find(|(served, _)| *served == channel)?.1;
            self.members[member.0].is_empty().then_some((*member, at))
        };
        let left: Vec<(End, MemberId, Place)> = self
            .exits
            .iter()
            .filter(|exit| !exit.uncertain)
            .filter_map(|exit| {
                let (member, at) = self.started(exit).keys().find_map(serves)?;
                Some((exit.end, member, at))
            })
            .collect();
        let (_, member, blocked) = *left.first()?;
        let mut exits: Vec<End> = left.iter().map(|(end, ..)| *end).collect();
        exits.dedup();
        Some(Fault {
            kind: Kind::AbandonedReceive,
            channel,
            blocked,
            member: Some(member),
            exits,
            sends: Size::ZERO,
            received: Size::ONE,
            together: Vec::new(),
        })
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
    pub fn alone(&self, channel: ChannelId) -> Option<Fault> {
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
    pub fn starved(&self, channel: ChannelId) -> Option<Fault> {
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
