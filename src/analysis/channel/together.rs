//! Channels that one `select` receives from, counted together: from which of them a turn of a loop takes,
//! nobody can tell, only that it takes from one.

use std::collections::BTreeSet;

use crate::analysis::channel::outcome::*;
use crate::analysis::channel::size::{Count, Size};
use crate::analysis::channel::team::ChannelId;
use crate::analysis::channel::verdict::{Case, Together};

impl Case<'_> {
    /// The channels that this exit receives from by the `select`s that receive from `channel`; none where it
    /// is received from alone, and where a receive may be from a channel that is closed.
    pub fn together(&self, exit: &Way, channel: ChannelId) -> Option<Together> {
        let choices = exit.events.iter().filter_map(|event| match &event.what {
            What::Choice(channels) => Some((channels, &event.count)),
            _ => None,
        });
        let mut all = BTreeSet::from([channel]);
        loop {
            let before = all.len();
            for (channels, _) in choices.clone() {
                if channels.iter().any(|one| all.contains(one)) {
                    all.extend(channels);
                }
            }
            if all.len() == before {
                break;
            }
        }
        if all.len() == 1 || all.iter().any(|one| self.may_be_closed(exit, *one)) {
            return None;
        }
        let (known, others): (Vec<_>, Vec<_>) = all.iter().partition(|one| self.is_counted(exit, **one));
        let mut received = Count::exactly(Size::ZERO);
        for (channels, count) in choices {
            if all.contains(&channels[0]) {
                received = received.plus(count);
            }
        }
        for one in &known {
            received = received.plus(&exit.count(Action::Receive, *one, |guard| *guard == Guard::None));
        }
        // What surely came from where nobody can count is none of what is counted.
        for one in others {
            let elsewhere = exit.count(Action::Receive, one, |guard| *guard != Guard::None).least;
            received.least = received.least.plus(&Size::number(-elsewhere.as_number()?));
        }
        let (mut sends, mut optional) = (Size::ZERO, true);
        for (member, count) in self.started(exit) {
            let sum = |way: &Way| {
                let each = known.iter().map(|one| way.count(Action::Send, *one, |_| true).most);
                each.fold(Size::ZERO, |sum, one| sum.plus(&one))
            };
            let ways = self.members[member.0].iter().filter(|way| way.agrees(exit)).map(sum);
            let most = ways.reduce(|a, b| a.greater(&b)).unwrap_or(Size::ZERO);
            if most != Size::ZERO {
                optional &= count.least == Size::ZERO && count.most.as_number().is_none();
                sends = sends.plus(&count.most.times(&most));
            }
        }
        Some(Together { channels: all.into_iter().collect(), known, sends, received, optional })
    }

    /// Whether nobody but this exit takes what is sent on a channel, and all that is sent is known.
    fn is_counted(&self, exit: &Way, channel: ChannelId) -> bool {
        let takes = |way: &Way| way.has(Action::Receive, channel) || way.has(Action::Range, channel);
        let lasts = [Action::Send, Action::Receive, Action::Range];
        (self.closed)(channel)
            && !lasts.into_iter().any(|action| (self.lasts)(action, channel))
            && !exit.has(Action::Range, channel)
            && !self.started(exit).keys().any(|member| self.members[member.0].iter().any(takes))
    }

    fn may_be_closed(&self, exit: &Way, channel: ChannelId) -> bool {
        let closes = |way: &Way| way.has(Action::Close, channel);
        let started = self.started(exit);
        (self.lasts)(Action::Close, channel)
            || closes(exit)
            || started.keys().any(|member| self.members[member.0].iter().any(closes))
    }
}
