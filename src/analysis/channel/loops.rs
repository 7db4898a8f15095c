//! Loops in a walk: how often they run, what all their iterations do together, and the ways that leave them.

use std::collections::BTreeSet;

use crate::analysis::channel::frame::Frame;
use crate::analysis::channel::outcome::*;
use crate::analysis::channel::size::{Count, Size};
use crate::analysis::channel::state::{Flow, Walk, Walked};
use crate::analysis::channel::team::ChannelId;
use crate::analysis::graph::scopes::{Scopes, VarId};
use crate::base::text::Span;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::type_expr::Type;

impl Walk<'_> {
    pub fn looped<'a>(
        &self,
        frame: &Frame<'a, '_>,
        looped: &'a For,
        label: Option<&Ident>,
        flow: &mut Flow,
    ) -> Walked<()> {
        if let Some((channel, span)) = frame.until_closed(looped) {
            let what = What::Operation { action: Action::Range, channel, guard: Guard::None };
            flow.push(&Event { what, count: Count::once(), at: frame.at(span) });
            return Ok(());
        }
        let trip = match &looped.head {
            ForHead::Clause { init, .. } => {
                if let Some(init) = init {
                    self.stmt(frame, init, None, flow)?;
                }
                frame.trip(looped)
            }
            ForHead::Range { right, .. } => {
                if frame.channel(right).is_none() {
                    self.eval(frame, right, "used as a value", flow)?;
                }
                frame.trip(looped)
            }
        };
        let Some(before) = flow.running.pop() else { return Ok(()) };
        let target = self.enter(frame, label, true);
        let iterations = self.iterations(frame, looped, &before)?;
        self.keep_first(frame, &before, &iterations);
        let (mut full, mut left): (Vec<Way>, Vec<Way>) = (Vec::new(), Vec::new());
        for way in iterations {
            match way.end {
                End::Falls => full.push(way),
                End::Continue(to, _) if to == target => full.push(way),
                _ => left.push(way),
            }
        }
        frame.targets.borrow_mut().pop();
        if frame.member && matches!(trip, Trip::Endless) && !has_default(&looped.body) {
            only_received(&mut left);
        }
        let one = iteration(&full);
        let feeds = frame.is_fed(looped, &trip) || {
            let receives = |event: &Event| {
                matches!(event.what, What::Operation { action: Action::Receive | Action::Range, .. })
            };
            one.iter().any(receives) || left.iter().flat_map(|way| &way.events).any(receives)
        };
        // Nor can it be told where only some iterations send, of nobody knows how many.
        let uncounted = !matches!(trip, Trip::Counted(_));
        if matches!(trip, Trip::Endless) && left.is_empty() {
            self.stays(frame, before.events.iter().chain(&one));
            self.stays_before(frame, &before.deferred);
            self.serves(frame, &one);
        }
        let fed: BTreeSet<ChannelId> = one
            .iter()
            .filter_map(|event| match event.what {
                What::Operation { action: Action::Send, channel, .. }
                    if feeds || uncounted && event.count.least == Size::ZERO =>
                {
                    Some(channel)
                }
                _ => None,
            })
            .collect();
        let unsteady = full.len() > 1
            && full.iter().any(|way| way.uncertain || way.doubtful || way.chosen)
            && !one.is_empty()
            && { full.iter().any(|way| way.events.len() != one.len()) };
        // Each iteration comes after the sends of those before.
        let waited = before.has_waited() || full.iter().any(Way::has_waited);
        let works = |way: &Way| way.works.or(way.acts.filter(|_| waited));
        let assigned = assigned_in(frame.scopes, &looped.body);
        // Which iteration is the last, tells nothing where those before have done nothing.
        let idle = one.is_empty() && !matches!(trip, Trip::Until(..));
        let within = frame.loops.get() + frame.around > 0;
        let leave = |way: Option<&Way>, times: &Count, uncertain: bool| {
            let mut after = before.clone();
            after.events.extend(repeated(&one, times));
            after.facts.retain(|fact| !fact.about.iter().any(|var| assigned.contains(var)));
            after.stale.extend(assigned.iter().copied().filter(|_| !one.is_empty() || !left.is_empty()));
            after.fresh.retain(|var| !assigned.contains(var));
            after.uncertain |= uncertain;
            after.fed.extend(fed.iter().copied());
            after.works = after.works.or(full.iter().find_map(works));
            after.acts = after.acts.or(full.iter().find_map(|way| way.acts));
            let taken = || full.iter().chain(way);
            let done = || taken().find_map(|way| way.acts.or(Some(way.events.first()?.at.span)));
            after.behind = after.behind.or_else(|| taken().find_map(|way| way.behind));
            let ranged = before.has_ranged() || full.iter().any(Way::has_ranged);
            after.behind = after.behind.or_else(|| ranged.then(done).flatten());
            after.received.extend(full.iter().flat_map(|way| way.received.iter().copied()));
            if let Some(way) = way {
                after.events.extend(way.events.iter().cloned());
                after.facts.extend(way.facts.iter().cloned());
                after.received.extend(way.received.iter().copied());
                after.depends.extend(way.depends.iter().copied());
                // A loop that ends in no other way is left by what is meant to be the last.
                let counts_on_it = matches!(trip, Trip::Endless | Trip::Unknown { .. });
                let doubtful = way.doubtful || way.chosen && counts_on_it;
                after.uncertain |= way.uncertain || doubtful && !idle;
                after.doubtful |= doubtful && idle && within;
                after.chosen |= way.chosen && !(idle && !within && way.depends.is_empty());
                after.fed.extend(way.fed.iter().copied());
                after.fails.extend(way.fails.iter().copied());
                after.deferred = way.deferred.clone();
                after.works = after.works.or(works(way));
                after.acts = after.acts.or(way.acts);
                after.end = match way.end {
                    End::Break(to, _) if to == target => End::Falls,
                    end => end,
                };
            }
            after
        };
        let mut ways = Vec::new();
        let partly = match &trip {
            // All but the iteration that is left.
            Trip::Counted(count) => Count { least: Size::ZERO, most: count.most.plus(&Size::number(-1)) },
            // What each iteration starts and receives is as often.
            Trip::Endless if one.iter().any(|event| matches!(event.what, What::Start(_))) => {
                Count::exactly(Size::iterations(looped.body.span.start))
            }
            _ => Count::up_to(Size::Any),
        };
        for way in &left {
            let mut way = leave(Some(way), &partly, unsteady);
            if let Trip::Until(channel, span) = &trip {
                // It has received what this iteration is about, and maybe more before.
                let what =
                    What::Operation { action: Action::Receive, channel: *channel, guard: Guard::GivesUp };
                let count = Count { least: Size::ONE, most: Size::Any };
                for what in [What::Choice(vec![*channel]), what] {
                    let event = Event { what, count: count.clone(), at: frame.at(*span) };
                    way.events.insert(before.events.len(), event);
                }
            }
            ways.push(way);
        }
        match &trip {
            Trip::Endless => {}
            Trip::Counted(count) if full.is_empty() => {
                // The first iteration is the last; where there may be none, it goes on at once.
                if count.least.floor() == Size::ZERO {
                    ways.push(leave(None, &Count::exactly(Size::ZERO), false));
                }
            }
            Trip::Counted(count) => ways.push(leave(None, count, unsteady)),
            Trip::Unknown { outside } => {
                let only_given = one.iter().all(|event| {
                    matches!(&event.what, What::Start(_) | What::Operation { action: Action::Send, .. })
                });
                let uncertain = !(one.is_empty() || *outside && only_given);
                ways.push(leave(None, &Count::up_to(Size::Any), uncertain || unsteady));
            }
            Trip::Until(channel, span) => {
                let mut way = leave(None, &Count::up_to(Size::Any), !one.is_empty());
                if left.is_empty() {
                    way.relays.extend(relays(*channel, &full));
                }
                let what = What::Operation { action: Action::Range, channel: *channel, guard: Guard::None };
                way.events
                    .insert(before.events.len(), Event { what, count: Count::once(), at: frame.at(*span) });
                ways.push(way);
            }
        }
        flow.settle(ways);
        Ok(())
    }

    /// Remembers the ways through the first iteration of a loop in which a group is waited for.
    fn keep_first(&self, frame: &Frame, before: &Way, iterations: &[Way]) {
        let waits = |way: &&Way| way.events.iter().any(|event| matches!(event.what, What::Join(Some(_))));
        if frame.member {
            return;
        }
        for way in iterations.iter().filter(waits) {
            let mut first = way.clone();
            first.events = self.around.borrow().clone();
            first.events.extend(before.events.iter().chain(&way.events).cloned());
            self.first_rounds.borrow_mut().push(first);
        }
    }

    /// The ways through one iteration.
    fn iterations<'a>(&self, frame: &Frame<'a, '_>, looped: &'a For, before: &Way) -> Walked<Vec<Way>> {
        let assigned = assigned_in(frame.scopes, &looped.body);
        let mut start = Way::start();
        start.facts = before.facts.clone();
        start.facts.retain(|fact| !fact.about.iter().any(|var| assigned.contains(var)));
        start.received = before.received.clone();
        start.deferred = before.deferred.clone();
        let items = frame.items.borrow().len();
        if let ForHead::Range { left, right, .. } = &looped.head {
            let vars: Vec<VarId> =
                left.iter().filter_map(|name| frame.scopes.var(name.as_ident()?)).collect();
            match frame.channel(right) {
                Some(channel) => start.received.extend(vars.iter().map(|var| (*var, channel))),
                None => frame.items.borrow_mut().extend(&vars),
            }
            vars.iter().for_each(|var| {
                start.facts.retain(|fact| !fact.about.contains(var));
                start.fresh.insert(*var);
            });
        }
        frame.loops.set(frame.loops.get() + 1);
        let around = self.around.borrow().len();
        self.around.borrow_mut().extend(before.events.iter().cloned());
        let mut flow = Flow::of(start);
        let condition = match &looped.head {
            ForHead::Clause { condition, .. } => condition.as_ref(),
            ForHead::Range { .. } => None,
        };
        if let Some(condition) = condition {
            self.eval(frame, condition, "compared", &mut flow)?;
        }
        let walked = self.stmts(frame, &looped.body.stmts, &mut flow);
        self.around.borrow_mut().truncate(around);
        frame.loops.set(frame.loops.get() - 1);
        frame.items.borrow_mut().truncate(items);
        walked?;
        Ok(flow.all())
    }
}

/// What every iteration of a loop until the close of `from` sends, equally often, whatever else happens.
fn relays(from: ChannelId, iterations: &[Way]) -> Vec<Relay> {
    let sent = |way: &Way, to| way.count(Action::Send, to, |guard| *guard == Guard::None);
    let all = iterations.iter().flat_map(|way| &way.events).filter_map(|event| match event.what {
        What::Operation { action: Action::Send, channel, .. } => Some(channel),
        _ => None,
    });
    let channels: BTreeSet<ChannelId> = all.collect();
    let relay = |to: ChannelId| {
        let count = sent(iterations.first()?, to);
        let same = iterations.iter().all(|way| sent(way, to) == count) && count.least == count.most;
        (same && count.most != Size::ZERO).then_some(Relay { from, to, times: count.most })
    };
    channels.into_iter().filter_map(relay).collect()
}

/// How often a loop runs.
pub enum Trip {
    Counted(Count),
    Endless,
    /// As long as a condition holds; `outside` when somebody else decides: a call, not a count kept here.
    Unknown {
        outside: bool,
    },
    /// Until this channel is closed.
    Until(ChannelId, Span),
}

impl<'a> Frame<'a, '_> {
    pub fn trip(&self, looped: &'a For) -> Trip {
        match &looped.head {
            ForHead::Clause { condition: None, .. } => Trip::Endless,
            ForHead::Clause { condition: Some(condition), .. } if self.is_true(condition) => Trip::Endless,
            ForHead::Clause { init, condition: Some(condition), update } => self
                .counted(init.as_ref(), condition, update.as_ref(), &looped.body)
                .map_or_else(|| Trip::Unknown { outside: is_call(condition) }, Trip::Counted),
            ForHead::Range { right, .. } => {
                if let Some(channel) = self.channel(right) {
                    return Trip::Until(channel, looped_head(looped, right));
                }
                if self.typing.is_unclosed(right) {
                    return Trip::Endless;
                }
                let counted = |size: Size| Trip::Counted(Count::exactly(size));
                match self.typing.of(right) {
                    Type::Chan(_) | Type::Func(_) => Trip::Unknown { outside: true },
                    Type::Basic(name) if &*name != "string" => counted(self.size(right)),
                    _ => counted(self.length(right)),
                }
            }
        }
    }

    /// Whether a condition is Go's own `true`.
    fn is_true(&self, condition: &Expr) -> bool {
        condition
            .unparen()
            .as_ident()
            .is_some_and(|ident| &*ident.name == "true" && self.scopes.var(ident).is_none())
    }

    /// Whether the iterations go by what comes out of some channel.
    fn is_fed(&self, looped: &'a For, trip: &Trip) -> bool {
        let ranges = match &looped.head {
            ForHead::Range { right, .. } => matches!(self.typing.of(right), Type::Chan(_)),
            ForHead::Clause { .. } => false,
        };
        // A context or a timer only says when it is over.
        let mut receives = false;
        visit::block(&looped.body, &mut |expr| {
            if let ExprKind::Receive(channel) = &expr.kind {
                receives |= channel.as_call().is_none();
            }
        });
        ranges || matches!(trip, Trip::Until(..)) || receives
    }

    /// `for i := 0; i < n; i++`
    fn counted(
        &self,
        init: Option<&'a Stmt>,
        condition: &'a Expr,
        update: Option<&'a Stmt>,
        body: &'a Block,
    ) -> Option<Count> {
        let StmtKind::Define { left, right } = &init?.kind else { return None };
        let ([name], [first]) = (left.as_slice(), right.as_slice()) else { return None };
        let var = self.scopes.var(name.as_ident()?)?;
        let is_it = |expr: &Expr| expr.as_ident().and_then(|ident| self.scopes.var(ident)) == Some(var);
        let StmtKind::IncDec(operand) = &update?.kind else { return None };
        let ExprKind::Binary { op, left, right } = &condition.unparen().kind else { return None };
        let untouched =
            self.scopes.assigned(var).len() <= 1 && !assigned_in(self.scopes, body).contains(&var);
        if !is_it(operand) || !is_it(left) || !untouched {
            return None;
        }
        let size = match op {
            BinaryOp::Less => self.size(right).plus(&negative(&self.size(first))?),
            BinaryOp::LessOrEqual => self.size(right).plus(&negative(&self.size(first))?).plus(&Size::ONE),
            BinaryOp::Greater => self.size(first).plus(&negative(&self.size(right))?),
            BinaryOp::GreaterOrEqual => self.size(first).plus(&negative(&self.size(right))?).plus(&Size::ONE),
            _ => return None,
        };
        Some(Count::exactly(size))
    }

    /// `for { v, ok := <-c; if !ok { return }; … }`, also as a case of a `select`, and
    /// `for v, ok := <-c; ok; v, ok = <-c { … }`, whose iterations nothing else leaves.
    fn until_closed(&self, looped: &'a For) -> Option<(ChannelId, Span)> {
        let ForHead::Clause { init, condition, update } = &looped.head else { return None };
        if let (Some(init), Some(condition), Some(update)) = (init, condition, update) {
            let (first, next) = (told_by(init)?, told_by(update)?);
            let channel = self.channel(first.channel)?;
            let same = self.channel(next.channel) == Some(channel)
                && [first.ok, next.ok].iter().all(|ok| is_named(condition, ok));
            return (same && ways_out(&looped.body) == 0 && self.used_in(looped.body.span).is_empty())
                .then_some((channel, first.span));
        }
        if init.is_some() || condition.is_some() || update.is_some() {
            return None;
        }
        let (told, check, selects) = match looped.body.stmts.as_slice() {
            [Stmt { kind: StmtKind::If(branch), .. }, ..] => (told_by(branch.init.as_ref()?)?, &**branch, 0),
            [Stmt { kind: StmtKind::Select(cases), .. }] => {
                let mut asks = cases.iter().filter_map(|case| self.asks_case(case));
                let (told, check) = asks.next()?;
                (told, check, 1)
            }
            [receive, Stmt { kind: StmtKind::If(branch), .. }, ..] => (told_by(receive)?, &**branch, 0),
            _ => return None,
        };
        let channel = self.channel(told.channel)?;
        // `if !ok { return }` or `if ok { … } else { return }`
        let (asked, over) = match (&check.condition.unparen().kind, &check.otherwise) {
            (ExprKind::Unary { not: true, operand }, None) => (&**operand, &check.then),
            (ExprKind::Ident(_), Some(Stmt { kind: StmtKind::Block(block), .. })) => {
                (check.condition.unparen(), block)
            }
            _ => return None,
        };
        let leaves = match over.stmts.last().map(|stmt| &stmt.kind) {
            Some(StmtKind::Return(_)) => true,
            // Of a `select` it leaves only that.
            Some(StmtKind::Break(None)) => selects == 0,
            _ => false,
        };
        let alone = self.used_in(looped.body.span).len() == 1;
        (is_named(asked, told.ok) && leaves && ways_out(&looped.body) == 1 + selects && alone)
            .then_some((channel, told.span))
    }

    /// `case v, ok := <-c: if !ok { … }` of a channel of the team.
    fn asks_case(&self, case: &'a SelectCase) -> Option<(Told<'a>, &'a If)> {
        let Some(Communication::Receive { left, right, .. }) = &case.communication else { return None };
        let told = told_of(left, right)?;
        self.channel(told.channel)?;
        match &case.stmts.first()?.kind {
            StmtKind::If(branch) => Some((told, branch)),
            _ => None,
        }
    }
}

/// A receive that tells whether the channel is closed: `v, ok := <-c`.
struct Told<'a> {
    ok: &'a Ident,
    channel: &'a Expr,
    span: Span,
}

fn told_by(stmt: &Stmt) -> Option<Told<'_>> {
    match &stmt.kind {
        StmtKind::Define { left, right } | StmtKind::Assign { left, right, .. } => {
            let [value] = right.as_slice() else { return None };
            told_of(left, value)
        }
        _ => None,
    }
}

fn told_of<'a>(left: &'a [Expr], value: &'a Expr) -> Option<Told<'a>> {
    let ([_, ok], ExprKind::Receive(channel)) = (left, &value.unparen().kind) else { return None };
    Some(Told { ok: ok.as_ident()?, channel, span: value.span })
}

fn is_named(expr: &Expr, name: &Ident) -> bool {
    expr.as_ident().is_some_and(|ident| ident.name == name.name)
}

/// How many statements of a block may leave a loop around it, or a `select` in it.
fn ways_out(block: &Block) -> usize {
    let mut ways = 0;
    visit::body(block, &mut |stmt| {
        ways += usize::from(matches!(
            stmt.kind,
            StmtKind::Return(_) | StmtKind::Break(_) | StmtKind::Goto(_) | StmtKind::Select(_)
        ));
    });
    ways
}

/// What else an iteration may receive, such as a tick, does not end a loop that is only left where something
/// of the team is received: for its end it waits for that alone.
fn only_received(left: &mut [Way]) {
    let received = |event: &Event| {
        matches!(event.what, What::Operation { action: Action::Receive, guard: Guard::GivesUp, .. })
    };
    if !left.iter().all(|way| way.events.iter().any(received)) {
        return;
    }
    for event in left.iter_mut().flat_map(|way| &mut way.events).filter(|event| received(event)) {
        if let What::Operation { guard, .. } = &mut event.what {
            *guard = Guard::None;
        }
    }
}

/// Whether a `select` in a block does not wait: a loop around it never stands still.
fn has_default(block: &Block) -> bool {
    let mut found = false;
    visit::body(block, &mut |stmt| {
        if let StmtKind::Select(cases) = &stmt.kind {
            found |= cases.iter().any(|case| case.communication.is_none());
        }
    });
    found
}

fn looped_head(looped: &For, right: &Expr) -> Span {
    Span { start: right.span.start, end: right.span.end.min(looped.body.span.start) }
}

fn is_call(condition: &Expr) -> bool {
    let mut inner = condition.unparen();
    while let ExprKind::Unary { not: true, operand } = &inner.kind {
        inner = operand.unparen();
    }
    inner.as_call().is_some_and(|call| !matches!(call.name(), Some("len" | "cap")))
}

fn negative(size: &Size) -> Option<Size> {
    size.as_number().map(|number| Size::number(-number))
}

/// The variables that a block gives values to.
fn assigned_in(scopes: &Scopes, block: &Block) -> BTreeSet<VarId> {
    let mut found = BTreeSet::new();
    let mut var = |expr: &Expr| found.extend(expr.as_ident().and_then(|ident| scopes.var(ident)));
    visit::body(block, &mut |stmt| match &stmt.kind {
        StmtKind::IncDec(operand) => var(operand),
        StmtKind::Assign { left, .. } | StmtKind::Define { left, .. } => left.iter().for_each(&mut var),
        StmtKind::For(looped) => {
            if let ForHead::Range { left, .. } = &looped.head {
                left.iter().for_each(&mut var);
            }
        }
        StmtKind::If(branch) => {
            if let Some(Stmt {
                kind: StmtKind::Define { left, .. } | StmtKind::Assign { left, .. }, ..
            }) = &branch.init
            {
                left.iter().for_each(&mut var);
            }
        }
        StmtKind::Select(cases) => {
            for case in cases {
                if let Some(Communication::Receive { left, .. }) = &case.communication {
                    left.iter().for_each(&mut var);
                }
            }
        }
        _ => {}
    });
    found
}
