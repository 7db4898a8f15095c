//! The ways out of the owner, held against what the goroutines do: which of their ways can go together, and
//! what is said of each channel. Who can never end is told by `senders`, `receivers`, `relayed`,
//! `too_early` and `semaphore`.

use std::collections::BTreeMap;

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
    /// A place in a channel's room that is not given back.
    KeptPlace,
}

impl Kind {
    /// The rule that reports it.
    pub const fn word(self) -> &'static str {
        match self {
            Kind::AbandonedSend => "abandoned-send",
            Kind::SurplusSenders => "surplus-senders",
            Kind::DoubleSend => "double-send",
            Kind::UnclosedRange => "unclosed-range",
            Kind::AbandonedReceive => "abandoned-receive",
            Kind::StuckForever | Kind::KeptPlace => super::stuck::KIND,
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
    /// What goroutines without an end receive in each iteration, and where.
    pub serves: &'t [Served],
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
    /// Only of ways of which it is known which counts go with them.
    pub certain: bool,
}

/// One way for each member that is started, with how often it is.
pub type Combination<'t> = Vec<(MemberId, Count, &'t Way)>;

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
            .or_else(|| self.unserved(channel))
            .or_else(|| self.starved(channel))
            .or_else(|| self.unanswered(channel))
            .or_else(|| self.relayed(channel))
            .or_else(|| self.alone(channel))
            .or_else(|| self.too_early(channel))
            .or_else(|| self.kept_place(channel))
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
        if self.may_be_left(channel) {
            return ("unsure", "how often a loop ran before a way out of it decides what is received");
        }
        (self.word(channel), "")
    }

    /// Whether a way out that depends on what its loop has done before may leave a send behind.
    fn may_be_left(&self, channel: ChannelId) -> bool {
        let all = Case { certain: false, relates: false, ..*self };
        (self.closed)(channel) && all.unanswered(channel).is_some()
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
    pub fn written(&self, channel: ChannelId) -> Option<Size> {
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

    pub fn combinations(&self, exit: &Way, together: Option<&Together>) -> Vec<Combination<'t>> {
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
}
