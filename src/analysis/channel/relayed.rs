//! Workers that send for each value that they get over another channel: as many sends as there are values,
//! however many workers there are.

use std::collections::BTreeMap;

use crate::analysis::channel::outcome::*;
use crate::analysis::channel::size::{Count, Size};
use crate::analysis::channel::team::ChannelId;
use crate::analysis::channel::verdict::{Case, Fault, Kind};

impl Case<'_> {
    /// What workers send, more than the owner receives.
    pub fn relayed(&self, channel: ChannelId) -> Option<Fault> {
        let mut faults = self.exits.iter().filter_map(|exit| self.relayed_on(exit, channel));
        let mut fault = faults.next()?;
        fault.exits.extend(faults.flat_map(|other| other.exits));
        fault.exits.dedup();
        Some(fault)
    }

    fn relayed_on(&self, exit: &Way, channel: ChannelId) -> Option<Fault> {
        let started = self.started(exit);
        if exit.uncertain
            || exit.depends.iter().any(|other| *other != channel)
            || self.is_served(exit, &started, channel)
        {
            return None;
        }
        let uses = |member: &MemberId, action: Action, channel: ChannelId| {
            self.members[member.0].iter().any(|way| way.has(action, channel))
        };
        let mut senders = started.keys().filter(|member| uses(member, Action::Send, channel));
        let (Some(worker), None) = (senders.next(), senders.next()) else { return None };
        let ways = &self.members[worker.0];
        let relay = ways.first()?.relays.iter().find(|relay| relay.to == channel)?;
        let alike = |way: &Way| {
            way.relays.contains(relay)
                && way.events.iter().filter(|event| event.is(Action::Send, channel)).count() == 1
        };
        let supply = self.supply(exit, &started, (*worker, relay.from))?;
        if !ways.iter().all(alike) {
            return None;
        }
        let sends = supply.times(&relay.times);
        let received = exit.count(Action::Receive, channel, |_| true).least;
        let room = received.plus(&self.capacities[channel.0]);
        let symbolic = sends.as_number().is_none();
        // As many as somebody has counted may be all.
        let written = symbolic && self.written(channel).is_some_and(|number| !number.exceeds(&room));
        if sends.is_open() || !sends.exceeds(&room) || self.relates && written {
            return None;
        }
        let send = ways[0].place(Action::Send, channel)?;
        Some(Fault {
            kind: if symbolic { Kind::SurplusSenders } else { Kind::AbandonedSend },
            channel,
            blocked: send,
            member: Some(*worker),
            exits: vec![exit.end],
            sends,
            received,
            together: Vec::new(),
        })
    }

    /// How much is surely sent on a channel that only this worker receives from: none where nobody can tell.
    fn supply(
        &self,
        exit: &Way,
        started: &BTreeMap<MemberId, Count>,
        (worker, channel): (MemberId, ChannelId),
    ) -> Option<Size> {
        let takes = |way: &Way| way.has(Action::Receive, channel) || way.has(Action::Range, channel);
        let others = || started.iter().filter(|(member, _)| **member != worker);
        let lasts = [Action::Send, Action::Receive, Action::Range];
        if !(self.closed)(channel)
            || lasts.into_iter().any(|action| (self.lasts)(action, channel))
            || takes(exit)
            || others().any(|(member, _)| self.members[member.0].iter().any(takes))
        {
            return None;
        }
        let sent = |way: &Way| way.count(Action::Send, channel, |guard| *guard == Guard::None);
        let mut sum = sent(exit);
        for (member, count) in others() {
            let each = self.members[member.0].iter().filter(|way| way.agrees(exit)).map(sent);
            let each = each.reduce(|a, b| a.or(&b)).unwrap_or(Count::exactly(Size::ZERO));
            sum = sum.plus(&count.times(&each));
        }
        (sum.least == sum.most).then_some(sum.least)
    }
}
