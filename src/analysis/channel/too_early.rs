//! Operations of the owner that nobody can answer where they stand: more is received than can have been sent
//! before, more is sent than can have been received and fits. Who is started only later comes too late.

use crate::analysis::channel::outcome::*;
use crate::analysis::channel::size::{Count, Size};
use crate::analysis::channel::team::ChannelId;
use crate::analysis::channel::verdict::{Case, Fault, Kind};

impl Case<'_> {
    /// The operation of the owner on a channel that never ends, on whichever way it comes there.
    pub fn too_early(&self, channel: ChannelId) -> Option<Fault> {
        self.exits.iter().find_map(|exit| {
            (0..exit.events.len()).find_map(|at| {
                let (asked, answered) = self.left_over(exit, at, channel)?;
                let event = &exit.events[at];
                // A way that asks for less tells that the others may be none.
                let here = |way: &Way| {
                    let at =
                        way.events.iter().position(|other| other.what == event.what && other.at == event.at);
                    at.is_none_or(|at| self.left_over(way, at, channel).is_some())
                };
                let (sends, received) = match event.is(Action::Send, channel) {
                    true => (asked, answered),
                    false => (answered, asked),
                };
                self.ways.iter().all(here).then(|| Fault {
                    kind: Kind::StuckForever,
                    channel,
                    blocked: event.at,
                    member: None,
                    exits: vec![exit.end],
                    sends,
                    received,
                    together: Vec::new(),
                })
            })
        })
    }

    /// How much has been asked for with this event of the owner's, and the most that can have been answered,
    /// where that is surely less.
    fn left_over(&self, way: &Way, at: usize, channel: ChannelId) -> Option<(Size, Size)> {
        let event = &way.events[at];
        let What::Operation { action, channel: used, guard: Guard::None } = &event.what else { return None };
        // Of the iterations of a loop each may be answered by the one before.
        if *used != channel || event.count != Count::once() {
            return None;
        }
        let before = Way { events: way.events[..at].to_vec(), ..way.clone() };
        let (answer, room, ends) = match action {
            Action::Receive => (Action::Send, Size::ZERO, Action::Close),
            Action::Send => (Action::Receive, self.capacities[channel.0].clone(), Action::Range),
            Action::Range | Action::Close => return None,
        };
        let started = self.started(&before);
        let others = || started.keys().flat_map(|member| &self.members[member.0]);
        let lasts = (self.lasts)(answer, channel) || (self.lasts)(ends, channel);
        if lasts || before.has(ends, channel) || others().any(|way| way.has(ends, channel)) {
            return None;
        }
        let mut answered = room.plus(&before.count(answer, channel, |_| true).most);
        for (member, count) in &started {
            let each = self.members[member.0].iter().map(|way| way.count(answer, channel, |_| true).most);
            let most = each.reduce(|a, b| a.greater(&b)).unwrap_or(Size::ZERO);
            answered = answered.plus(&count.most.times(&most));
        }
        let asked = before.count(*action, channel, |_| true).least.plus(&Size::ONE);
        asked.surely_exceeds(&answered).then_some((asked, answered))
    }
}
