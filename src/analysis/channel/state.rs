//! What a walk through one team has found out so far, and the ways that are going on at a place in it.
//!
//! The walk itself is `walk` (statements), `branches`, `loops` and `calls`; each leads to the others.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::analysis::channel::frame::Frame;
use crate::analysis::channel::outcome::{Action, Event, GroupId, Guard, MemberId, Place, Served, Way, What};
use crate::analysis::channel::size::Size;
use crate::analysis::channel::team::ChannelId;
use crate::analysis::summaries::answers::{Stack, Summaries};
use crate::base::text::Span;
use crate::go::types::database::{Database, FileScope};
use crate::go::types::type_expr::Type;

/// How many steps one team may take.
const MAX_STEPS: u32 = 30_000;

/// The question whether nothing panics, as it is asked.
pub const RECOVERED: &str = "recover()==nil";

/// A goroutine.
#[derive(Debug)]
pub struct Member {
    pub at: Place,
    pub ways: Vec<Way>,
    pub serves: Served,
}

/// The ways that are still going on at a place, and those that have ended before.
#[derive(Default)]
pub struct Flow {
    pub running: Vec<Way>,
    pub ended: Vec<Way>,
}

impl Flow {
    pub fn of(way: Way) -> Flow {
        Flow { running: vec![way], ended: Vec::new() }
    }

    /// Puts the ways that go on with the others.
    pub fn settle(&mut self, ways: impl IntoIterator<Item = Way>) {
        for way in ways {
            if way.goes_on() { self.running.push(way) } else { self.ended.push(way) }
        }
    }

    pub fn all(self) -> Vec<Way> {
        let mut all = self.ended;
        all.extend(self.running);
        all
    }

    pub fn push(&mut self, event: &Event) {
        self.running.iter_mut().for_each(|way| way.push(event.clone()));
    }
}

/// Why a team is not judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMuch;

pub type Walked<T> = Result<T, TooMuch>;

/// One team's walk.
pub struct Walk<'w> {
    pub database: &'w Database,
    pub summaries: &'w Summaries,
    pub stack: Stack,
    pub members: RefCell<Vec<Member>>,
    /// The members by the statements that start them.
    pub started: RefCell<BTreeMap<Place, MemberId>>,
    /// Why a channel is open, the first reason.
    pub open: RefCell<BTreeMap<ChannelId, String>>,
    /// Groups of which not all uses are known.
    pub open_groups: RefCell<BTreeSet<GroupId>>,
    /// Goroutines that only end for a group are members too.
    pub with_groups: bool,
    /// What happened before the loops that the owner's walk is in.
    pub around: RefCell<Vec<Event>>,
    /// The ways through the first iterations of loops that wait for a group.
    pub first_rounds: RefCell<Vec<Way>>,
    /// Channels whose length or capacity is asked for.
    pub asked: RefCell<BTreeSet<ChannelId>>,
    /// Channels that a select sends on.
    pub tried: RefCell<BTreeSet<ChannelId>>,
    /// What goroutines do to channels on ways that have no end: in loops that nothing leaves, and before the
    /// process ends.
    pub lasting: RefCell<BTreeSet<(Action, ChannelId)>>,
    /// What loops without an end receive in each iteration, of the goroutine that is walked.
    pub serving: RefCell<Served>,
    /// What is sent on each channel.
    pub values: RefCell<BTreeMap<ChannelId, Vec<Type>>>,
    /// The declarations that are walked: the file and its scope; the first is the owner's.
    pub files: RefCell<Vec<(PathBuf, FileScope)>>,
    steps: Cell<u32>,
}

impl<'w> Walk<'w> {
    pub fn new(database: &'w Database, summaries: &'w Summaries, scope: &FileScope) -> Walk<'w> {
        Walk {
            database,
            summaries,
            stack: Stack::new(),
            members: RefCell::default(),
            started: RefCell::default(),
            open: RefCell::default(),
            open_groups: RefCell::default(),
            with_groups: false,
            around: RefCell::default(),
            first_rounds: RefCell::default(),
            asked: RefCell::default(),
            tried: RefCell::default(),
            lasting: RefCell::default(),
            serving: RefCell::default(),
            values: RefCell::default(),
            files: RefCell::new(vec![(scope.path().to_owned(), scope.clone())]),
            steps: Cell::new(MAX_STEPS),
        }
    }

    /// The ways of the members, and what those serve that have no end.
    pub fn told(&self) -> (Vec<Vec<Way>>, Vec<Served>) {
        self.members.borrow().iter().map(|member| (member.ways.clone(), member.serves.clone())).unzip()
    }

    /// The channels are open from here on.
    pub fn mark(&self, channels: impl IntoIterator<Item = ChannelId>, why: &str) {
        for channel in channels {
            self.open.borrow_mut().entry(channel).or_insert_with(|| why.to_owned());
        }
    }

    /// Remembers what a goroutine does on a way that has no end.
    pub fn stays<'e>(&self, frame: &Frame, events: impl Iterator<Item = &'e Event>) {
        if !frame.member {
            return;
        }
        for event in events {
            match event.what {
                What::Operation { action, channel, .. } => {
                    self.lasting.borrow_mut().insert((action, channel));
                }
                // How often, nobody counts.
                What::Add(group) | What::Done(group) => {
                    self.open_groups.borrow_mut().insert(group);
                }
                What::Choice(_) | What::Start(_) | What::Join(_) => {}
            }
        }
    }

    /// Remembers what each iteration of a loop without an end waits for.
    pub fn serves(&self, frame: &Frame, iteration: &[Event]) {
        let waits = iteration.iter().filter_map(|event| match &event.what {
            What::Operation { action: Action::Receive, channel, guard: Guard::None }
                if event.count.least.floor() != Size::ZERO =>
            {
                Some((*channel, event.at))
            }
            _ => None,
        });
        if frame.member {
            self.serving.borrow_mut().extend(waits);
        }
    }

    /// Remembers the groups of what a goroutine has deferred on a way that has no end: it is never done.
    pub fn stays_before(&self, frame: &Frame, deferred: &[usize]) {
        if frame.member {
            let known = frame.deferred.borrow();
            let groups = deferred.iter().flat_map(|number| frame.groups_in(known[*number].span));
            self.open_groups.borrow_mut().extend(groups);
        }
    }

    /// Counts a step that so many ways take.
    ///
    /// # Errors
    /// When the team has taken all that it may.
    pub fn step(&self, ways: usize) -> Walked<()> {
        let left =
            self.steps.get().checked_sub(1 + u32::try_from(ways).unwrap_or(u32::MAX)).ok_or(TooMuch)?;
        self.steps.set(left);
        Ok(())
    }
}

/// Something that others could see.
pub fn work(flow: &mut Flow, span: Span) {
    for way in &mut flow.running {
        way.acts.get_or_insert(span);
        if way.has_waited() {
            way.works.get_or_insert(span);
        }
        if way.has_ranged() {
            way.behind.get_or_insert(span);
        }
    }
}
