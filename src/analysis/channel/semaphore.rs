//! Semaphores that a goroutine does not give back: before it works, it takes a place in a channel with room,
//! or the owner takes one for it, and one way through it keeps the place. Once as many have gone that way as
//! there are places, whoever asks for the next one waits for good.

use crate::analysis::channel::outcome::*;
use crate::analysis::channel::size::Size;
use crate::analysis::channel::team::ChannelId;
use crate::analysis::channel::verdict::{Case, Fault, Kind};

impl Case<'_> {
    /// A place in the room of a channel that one way through the only goroutine which gives places back
    /// keeps, and of which others do give theirs back.
    pub fn kept_place(&self, channel: ChannelId) -> Option<Fault> {
        let room = &self.capacities[channel.0];
        let all = [Action::Send, Action::Receive, Action::Range, Action::Close];
        if *room == Size::ZERO || all.into_iter().any(|action| (self.lasts)(action, channel)) {
            return None;
        }
        let ends = |way: &Way| way.has(Action::Close, channel) || way.has(Action::Range, channel);
        if self.members.iter().flatten().chain(self.ways).any(ends) {
            return None;
        }
        self.exits.iter().filter(|exit| !exit.uncertain).find_map(|exit| {
            let started = self.started(exit);
            let uses = |way: &Way| way.has(Action::Send, channel) || way.has(Action::Receive, channel);
            let mut using = started.iter().filter(|(member, _)| self.members[member.0].iter().any(uses));
            let (Some((member, count)), None) = (using.next(), using.next()) else { return None };
            // With a panic the process is over.
            let ways: Vec<&Way> =
                self.members[member.0].iter().filter(|way| !matches!(way.end, End::Panic(_))).collect();
            let number = |way: &Way, action| {
                let count = way.count(action, channel, |guard| *guard == Guard::None);
                let all = way.count(action, channel, |_| true);
                (count == all && count.least == count.most).then(|| count.most.as_number()).flatten()
            };
            let counts: Option<Vec<(i64, i64)>> = ways
                .iter()
                .map(|way| Some((number(way, Action::Send)?, number(way, Action::Receive)?)))
                .collect();
            let counts = counts?;
            let own = exit.count(Action::Send, channel, |_| true);
            let takes_itself = counts.iter().all(|(sent, _)| *sent == 1) && own.most == Size::ZERO;
            let is_given_one = counts.iter().all(|(sent, _)| *sent == 0)
                && own == exit.count(Action::Send, channel, |guard| *guard == Guard::None);
            let (taken, blocked) = match (takes_itself, is_given_one) {
                (true, _) => (&count.most, ways.first()?.place(Action::Send, channel)?),
                (_, true) => (&own.most, exit.place(Action::Send, channel)?),
                _ => return None,
            };
            let given = |times: i64| counts.iter().any(|(_, received)| *received == times);
            let only = counts.iter().all(|(_, received)| (0..=1).contains(received));
            let received = exit.has(Action::Receive, channel);
            if !only || !given(0) || !given(1) || received || !may_exceed(taken, room) {
                return None;
            }
            Some(Fault {
                kind: Kind::KeptPlace,
                channel,
                blocked,
                member: Some(*member),
                exits: vec![exit.end],
                sends: taken.clone(),
                received: Size::ZERO,
                together: Vec::new(),
            })
        })
    }
}

/// Whether so many may ask for a place that there are too few: of two numbers that nobody knows, the room is
/// meant to be the smaller one.
fn may_exceed(taken: &Size, room: &Size) -> bool {
    let unknown = taken.as_number().is_none() && room.as_number().is_none() && taken != room;
    taken.exceeds(room) || unknown && !room.exceeds(taken)
}
