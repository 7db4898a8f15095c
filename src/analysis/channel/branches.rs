//! Branches in a walk: which ways take which side, by what is known on them.

use crate::analysis::channel::frame::Frame;
use crate::analysis::channel::outcome::*;
use crate::analysis::channel::size::Count;
use crate::analysis::channel::state::{Flow, Walk, Walked};
use crate::analysis::channel::team::never_done;
use crate::analysis::graph::scopes::VarId;
use crate::base::text::Span;
use crate::go::syntax::ast::*;

impl Walk<'_> {
    pub fn branch<'a>(&self, frame: &Frame<'a, '_>, branch: &'a If, flow: &mut Flow) -> Walked<()> {
        if let Some(init) = &branch.init {
            self.stmt(frame, init, None, flow)?;
        }
        let known = flow.running.iter().all(|way| !way.doubtful && !way.chosen);
        let (yes, no) = self.condition(frame, &branch.condition, flow)?;
        let mut yes = Flow { running: yes, ended: Vec::new() };
        self.stmts(frame, &branch.then.stmts, &mut yes)?;
        let mut no = Flow { running: no, ended: Vec::new() };
        // What asks whether the loop is over says no to its first iteration at least.
        if known && branch.otherwise.is_none() && self.leaves(frame, &yes) {
            no.running.iter_mut().for_each(|way| (way.doubtful, way.chosen) = (false, false));
        }
        if let Some(otherwise) = &branch.otherwise {
            self.stmt(frame, otherwise, None, &mut no)?;
        }
        flow.settle(yes.all());
        flow.settle(no.all());
        Ok(())
    }

    /// Whether all of these ways leave the loop that they are in.
    fn leaves(&self, frame: &Frame, flow: &Flow) -> bool {
        let targets = frame.targets.borrow();
        let leaves = |way: &Way| match way.end {
            End::Return(_) | End::Panic(_) => true,
            End::Break(to, _) => targets.get(to).is_some_and(|(_, looped)| *looped),
            End::Falls | End::Continue(..) => false,
        };
        flow.running.is_empty() && !flow.ended.is_empty() && flow.ended.iter().all(leaves)
    }

    /// The ways on which a condition holds, and those on which it does not.
    fn condition<'a>(
        &self,
        frame: &Frame<'a, '_>,
        condition: &'a Expr,
        flow: &mut Flow,
    ) -> Walked<(Vec<Way>, Vec<Way>)> {
        match &condition.unparen().kind {
            ExprKind::Unary { not: true, operand } => {
                let (yes, no) = self.condition(frame, operand, flow)?;
                return Ok((no, yes));
            }
            ExprKind::Binary { op: BinaryOp::And, left, right } => {
                let (yes, mut no) = self.condition(frame, left, flow)?;
                let (both, rest) =
                    self.condition(frame, right, &mut Flow { running: yes, ended: Vec::new() })?;
                no.extend(rest);
                unique(&mut no);
                return Ok((both, no));
            }
            ExprKind::Binary { op: BinaryOp::Or, left, right } => {
                let (mut yes, no) = self.condition(frame, left, flow)?;
                let (more, neither) =
                    self.condition(frame, right, &mut Flow { running: no, ended: Vec::new() })?;
                yes.extend(more);
                unique(&mut yes);
                return Ok((yes, neither));
            }
            _ => {}
        }
        if let Some(is_nil) = frame.asks_for_nil(condition) {
            // What is made is not nil.
            let all = std::mem::take(&mut flow.running);
            return Ok(if is_nil { (Vec::new(), all) } else { (all, Vec::new()) });
        }
        flow.running.iter_mut().for_each(|way| way.gave = None);
        self.eval(frame, condition, "compared", flow)?;
        // A callee that was walked has answered itself.
        let walked =
            condition.as_call().is_some_and(|call| call.args.iter().any(|arg| self.passes(frame, arg)));
        let question = frame.question(condition);
        let room = frame.asks_for_room(condition);
        let told = frame.member && frame.asks_the_others(condition);
        let mentioned = frame.mentioned(condition);
        let doubt = |way: &mut Way| {
            depends(way, &mentioned);
            if frame.loops.get() == 0 {
                way.uncertain |= mentioned.iter().any(|var| way.stale.contains(var));
            } else if !frame.is_of_this_round(condition, way) {
                told_by_value(frame, condition, way);
            }
        };
        let answered = |way: &mut Way| way.gave.take().filter(|_| walked);
        let ways = std::mem::take(&mut flow.running);
        let (mut yes, mut no) = sides(ways, question.as_ref(), answered, doubt);
        for (side, holds) in [(&mut yes, true), (&mut no, false)] {
            for way in side {
                way.told |= told;
                way.roomy.extend(room.filter(|(_, says)| *says == holds).map(|(channel, _)| channel));
            }
        }
        Ok((yes, no))
    }

    pub fn switch<'a>(
        &self,
        frame: &Frame<'a, '_>,
        switch: &'a Switch,
        label: Option<&Ident>,
        flow: &mut Flow,
    ) -> Walked<()> {
        if let Some(init) = &switch.init {
            self.stmt(frame, init, None, flow)?;
        }
        if let Some(value) = &switch.value {
            self.eval(frame, value, "compared", flow)?;
        }
        let target = self.enter(frame, label, false);
        let mut rest = std::mem::take(&mut flow.running);
        let mut ended = Vec::new();
        for case in switch.cases.iter().filter(|case| !case.default) {
            let mut here = Vec::new();
            for value in &case.values {
                let mut asking = Flow { running: rest, ended: Vec::new() };
                match &switch.value {
                    None => {
                        let (yes, no) = self.condition(frame, value, &mut asking)?;
                        here.extend(yes);
                        rest = no;
                    }
                    Some(tag) => {
                        self.eval(frame, value, "compared", &mut asking)?;
                        let question = frame.comparison(BinaryOp::Equal, tag, value);
                        let doubt = |way: &mut Way| doubt(frame, tag, way);
                        let (yes, no) = sides(asking.running, question.as_ref(), |_| None, doubt);
                        here.extend(yes);
                        rest = no;
                    }
                }
            }
            unique(&mut here);
            let mut body = Flow { running: here, ended: Vec::new() };
            self.stmts(frame, &case.stmts, &mut body)?;
            ended.extend(body.all());
        }
        match switch.cases.iter().find(|case| case.default) {
            Some(default) => {
                let mut body = Flow { running: rest, ended: Vec::new() };
                self.stmts(frame, &default.stmts, &mut body)?;
                ended.extend(body.all());
            }
            None => ended.extend(rest),
        }
        self.exit(frame, target, ended, flow);
        Ok(())
    }

    pub fn type_switch<'a>(
        &self,
        frame: &Frame<'a, '_>,
        switch: &'a TypeSwitch,
        label: Option<&Ident>,
        flow: &mut Flow,
    ) -> Walked<()> {
        if let Some(init) = &switch.init {
            self.stmt(frame, init, None, flow)?;
        }
        self.eval(frame, &switch.value, "used as a value", flow)?;
        flow.running.iter_mut().for_each(|way| doubt(frame, &switch.value, way));
        let target = self.enter(frame, label, false);
        let before = std::mem::take(&mut flow.running);
        let mut ended = Vec::new();
        for case in &switch.cases {
            let mut body = Flow { running: before.clone(), ended: Vec::new() };
            self.stmts(frame, &case.stmts, &mut body)?;
            ended.extend(body.all());
        }
        if !switch.cases.iter().any(|case| case.default) {
            ended.extend(before);
        }
        self.exit(frame, target, ended, flow);
        Ok(())
    }

    pub fn select<'a>(
        &self,
        frame: &Frame<'a, '_>,
        cases: &'a [SelectCase],
        label: Option<&Ident>,
        flow: &mut Flow,
    ) -> Walked<()> {
        let operation = |case: &'a SelectCase| match case.communication.as_ref()? {
            Communication::Send { channel, .. } => Some((Action::Send, frame.channel(channel)?)),
            Communication::Receive { right, .. } => match &right.unparen().kind {
                ExprKind::Receive(channel) => Some((Action::Receive, frame.channel(channel)?)),
                _ => None,
            },
        };
        // What never comes is no way out.
        let comes = |case: &&'a SelectCase| match &case.communication {
            Some(Communication::Receive { right, .. }) => match &right.unparen().kind {
                ExprKind::Receive(channel) => !never_done(frame.scopes, frame.typing, channel),
                _ => true,
            },
            _ => true,
        };
        let cases: Vec<&SelectCase> = cases.iter().filter(comes).collect();
        let operations: Vec<_> = cases.iter().map(|case| operation(case)).collect();
        self.tried.borrow_mut().extend(
            operations
                .iter()
                .flatten()
                .filter(|(action, _)| *action == Action::Send && cases.len() > 1)
                .map(|(_, channel)| *channel),
        );
        let gives_up = operations.iter().any(Option::is_none);
        let received = operations.iter().flatten().filter(|(action, _)| *action == Action::Receive);
        let mut choice: Vec<_> = received.map(|(_, channel)| *channel).collect();
        choice.sort();
        choice.dedup();
        let target = self.enter(frame, label, false);
        let before = std::mem::take(&mut flow.running);
        let mut ended = Vec::new();
        for (at, case) in cases.iter().enumerate() {
            let others = || operations.iter().enumerate().filter(|(other, _)| *other != at);
            let guard = match (gives_up, cases.len()) {
                (_, 1) if case.communication.is_some() => Guard::None,
                (true, _) => Guard::GivesUp,
                _ => Guard::Team(others().filter_map(|(_, operation)| *operation).collect()),
            };
            let mut body = Flow { running: before.clone(), ended: Vec::new() };
            if let (Some((Action::Receive, _)), true) = (operations[at], guard != Guard::None) {
                let all = Span { start: cases[0].span.start, end: cases[cases.len() - 1].span.end };
                let what = What::Choice(choice.clone());
                body.push(&Event { what, count: Count::once(), at: frame.at(all) });
            }
            match &case.communication {
                Some(Communication::Send { channel, value }) => {
                    self.eval(frame, value, "sent to somebody", &mut body)?;
                    self.fails(frame, channel, value, &mut body);
                    let place = Span { start: channel.span.start, end: value.span.end };
                    self.operate(frame, Action::Send, channel, guard, place, &mut body)?;
                }
                Some(Communication::Receive { left, right, .. }) => {
                    match &right.unparen().kind {
                        ExprKind::Receive(channel) => {
                            self.operate(frame, Action::Receive, channel, guard, right.span, &mut body)?
                        }
                        _ => self.eval(frame, right, "used as a value", &mut body)?,
                    }
                    for name in left {
                        self.assign(frame, name, Some(right), &mut body);
                    }
                }
                None => {}
            }
            self.stmts(frame, &case.stmts, &mut body)?;
            ended.extend(body.all());
        }
        self.exit(frame, target, ended, flow);
        Ok(())
    }
}

/// The ways that take either side of a question, by what the callee that is asked has `answered`, or else by
/// what is known on them: where that is nothing, `doubt` says what it means for the way that it is asked.
fn sides(
    ways: Vec<Way>,
    question: Option<&(Fact, bool)>,
    answered: impl Fn(&mut Way) -> Option<bool>,
    doubt: impl Fn(&mut Way),
) -> (Vec<Way>, Vec<Way>) {
    let (mut yes, mut no) = (Vec::new(), Vec::new());
    for mut way in ways {
        let answer = answered(&mut way);
        let fact = question.and_then(|(asked, turned)| {
            way.facts.iter().find(|fact| fact.key == asked.key).map(|fact| fact.holds != *turned)
        });
        let known = answer.or(fact);
        if known.is_none() {
            doubt(&mut way);
        }
        for (side, holds) in [(&mut yes, true), (&mut no, false)] {
            if known.is_some_and(|known| known != holds) {
                continue;
            }
            let mut taken = way.clone();
            if let (None, Some((asked, turned))) = (known, question) {
                taken.facts.insert(Fact { holds: holds != *turned, ..asked.clone() });
            }
            side.push(taken);
        }
    }
    (yes, no)
}

/// A choice by a value: it may depend on what was received, or on earlier iterations.
fn doubt<'a>(frame: &Frame<'a, '_>, value: &'a Expr, way: &mut Way) {
    let mentioned = frame.mentioned(value);
    depends(way, &mentioned);
    if frame.loops.get() > 0 {
        told_by_value(frame, value, way);
    } else {
        way.uncertain |= mentioned.iter().any(|var| way.stale.contains(var));
    }
}

/// What decides in a loop is a value that the owner has received there, or else what nobody can tell.
fn told_by_value<'a>(frame: &Frame<'a, '_>, decides: &'a Expr, way: &mut Way) {
    if !frame.member && frame.is_of_what_came(decides, way) {
        way.chosen = true;
    } else {
        way.doubtful = true;
    }
}

/// The way is taken for what was received, as far as these variables tell it.
fn depends(way: &mut Way, mentioned: &[VarId]) {
    let received = way.received.iter().filter(|(var, _)| mentioned.contains(var));
    let received: Vec<_> = received.map(|(_, channel)| *channel).collect();
    way.depends.extend(received);
}
