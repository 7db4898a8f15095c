//! The walk through a body: every way through its statements, with what it does to the team's channels.
//!
//! It goes by the syntax, not by the control-flow graph: a loop is one thing here, whose iterations are
//! counted symbolically. What it cannot follow marks the channels that it touches as open, with the reason.

use crate::analysis::channel::conditions::is_error;
use crate::analysis::channel::frame::Frame;
use crate::analysis::channel::outcome::*;
use crate::analysis::channel::size::Count;
use crate::analysis::channel::state::{Flow, RECOVERED, TooMuch, Walk, Walked, work};
use crate::analysis::channel::team::{ChannelId, Team};
use crate::analysis::dataflow::oracle::Oracle;
use crate::analysis::graph::control_flow::Ending;
use crate::analysis::graph::scopes::VarId;
use crate::analysis::summaries::callee::Calls;
use crate::base::text::Span;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::release::Lifetime;
use crate::go::types::type_expr::Type;

/// More ways than this at one place are not followed.
const MAX_WAYS: usize = 128;

impl Walk<'_> {
    /// The ways through the team's statements, each to where it leaves them.
    pub fn owner<'a>(&self, frame: &Frame<'a, '_>, team: &Team<'a>) -> Walked<Vec<Way>> {
        // Loops around the statements are left by their own `break` and `continue`.
        frame.targets.borrow_mut().push((None, true));
        self.know_earlier(frame);
        let mut flow = Flow::of(Way::start());
        self.stmts(frame, team.statements, &mut flow)?;
        frame.targets.borrow_mut().pop();
        self.leave(frame, flow.all())
    }

    /// The ways through a body, with what they defer.
    pub fn body<'a>(&self, frame: &Frame<'a, '_>, block: &'a Block, mut start: Way) -> Walked<Vec<Way>> {
        let outer = std::mem::take(&mut start.deferred);
        let mut flow = Flow::of(start);
        self.stmts(frame, &block.stmts, &mut flow)?;
        let mut ways = self.leave(frame, flow.all())?;
        ways.iter_mut().for_each(|way| way.deferred = outer.clone());
        Ok(ways)
    }

    pub fn stmts<'a>(&self, frame: &Frame<'a, '_>, stmts: &'a [Stmt], flow: &mut Flow) -> Walked<()> {
        for stmt in stmts {
            self.step(flow.running.len())?;
            self.stmt(frame, stmt, None, flow)?;
            unique(&mut flow.running);
            unique(&mut flow.ended);
            if flow.running.len() > MAX_WAYS || flow.ended.len() > 2 * MAX_WAYS {
                return Err(TooMuch);
            }
        }
        Ok(())
    }

    pub fn stmt<'a>(
        &self,
        frame: &Frame<'a, '_>,
        stmt: &'a Stmt,
        label: Option<&Ident>,
        flow: &mut Flow,
    ) -> Walked<()> {
        if flow.running.is_empty() {
            return Ok(());
        }
        match &stmt.kind {
            StmtKind::Expr(expr) => {
                if let Some(call) = expr.as_call()
                    && self.runs_by_clock(frame, call, stmt.span, flow)?
                {
                    return Ok(());
                }
                self.eval(frame, expr, "used as a value", flow)?;
                if let Some(call) = expr.as_call() {
                    self.ends(frame, call, stmt.span, flow);
                }
            }
            StmtKind::Send { channel, value } => {
                self.eval(frame, value, "sent to somebody", flow)?;
                self.sent(frame, channel, value);
                self.fails(frame, channel, value, flow);
                self.operate(frame, Action::Send, channel, Guard::None, stmt.span, flow)?;
            }
            StmtKind::IncDec(operand) => {
                self.eval(frame, operand, "used as a value", flow)?;
                self.assign(frame, operand, None, flow);
            }
            StmtKind::Assign { left, right, plain } => {
                left.iter()
                    .filter(|one| one.as_ident().is_none())
                    .try_for_each(|one| self.eval(frame, one, "used as a value", flow))?;
                self.give(frame, left, right, *plain, flow)?;
            }
            StmtKind::Define { left, right } => self.give(frame, left, right, true, flow)?,
            StmtKind::Var(specs) => {
                for spec in specs {
                    self.declare(frame, spec, flow)?;
                }
            }
            StmtKind::Go(started) => {
                if let Some(call) = started.as_call() {
                    self.start(frame, call, stmt.span, flow)?;
                }
            }
            StmtKind::Defer(deferred) => self.defer(frame, deferred, flow)?,
            StmtKind::Return(values) => {
                flow.running.iter_mut().for_each(|way| way.gave = None);
                for value in values {
                    self.eval(frame, value, "returned", flow)?;
                }
                // A callee that was walked has given what it gave.
                let walked = |call: &Call| call.args.iter().any(|arg| self.passes(frame, arg));
                if !values.last().and_then(Expr::as_call).is_some_and(walked) {
                    for way in &mut flow.running {
                        way.gave = values.last().and_then(|last| answer(frame, last, way));
                    }
                }
                end(flow, End::Return(stmt.span));
            }
            StmtKind::If(branch) => self.each(flow, |flow| self.branch(frame, branch, flow))?,
            StmtKind::For(looped) => self.each(flow, |flow| self.looped(frame, looped, label, flow))?,
            StmtKind::Switch(switch) => self.each(flow, |flow| self.switch(frame, switch, label, flow))?,
            StmtKind::TypeSwitch(switch) => {
                self.each(flow, |flow| self.type_switch(frame, switch, label, flow))?
            }
            StmtKind::Select(cases) => self.select(frame, cases, label, flow)?,
            StmtKind::Labeled { label, stmt: Some(inner) } => self.stmt(frame, inner, Some(label), flow)?,
            StmtKind::Break(label) => self.jump(frame, label.as_ref(), false, stmt.span, flow)?,
            StmtKind::Continue(label) => self.jump(frame, label.as_ref(), true, stmt.span, flow)?,
            StmtKind::Block(block) => self.stmts(frame, &block.stmts, flow)?,
            StmtKind::Goto(_) | StmtKind::Fallthrough => return Err(TooMuch),
            StmtKind::Labeled { stmt: None, .. }
            | StmtKind::Const(_)
            | StmtKind::Type(_)
            | StmtKind::Empty => {}
        }
        Ok(())
    }

    /// Runs `work` for each way alone. Where it has done nothing that matters and left nothing, its branches
    /// are one way again.
    fn each(&self, flow: &mut Flow, work: impl Fn(&mut Flow) -> Walked<()>) -> Walked<()> {
        for way in std::mem::take(&mut flow.running) {
            self.step(1)?;
            let mut alone = Flow::of(way.clone());
            work(&mut alone)?;
            let same = |other: &Way| {
                other.events == way.events && other.deferred == way.deferred && other.works == way.works
            };
            if alone.ended.is_empty() && alone.running.len() > 1 && alone.running.iter().all(same) {
                flow.running.push(merged(way, &alone.running));
            } else {
                flow.running.append(&mut alone.running);
                flow.ended.append(&mut alone.ended);
            }
        }
        Ok(())
    }

    /// An operation on a channel of the team; on any other it may take as long as it likes.
    pub fn operate<'a>(
        &self,
        frame: &Frame<'a, '_>,
        action: Action,
        channel: &'a Expr,
        guard: Guard,
        span: Span,
        flow: &mut Flow,
    ) -> Walked<()> {
        let Some(known) = frame.channel(channel) else {
            self.eval(frame, channel, "used as a value", flow)?;
            // What it takes from somebody else is gone; the end of a context or a timer is not.
            if frame.member && (action == Action::Send || channel.as_ident().is_some()) {
                work(flow, span);
            }
            return Ok(());
        };
        for way in &mut flow.running {
            // Where it has asked whether there is room, or somebody who waits, it does not wait for any.
            let asked = action == Action::Send && (way.roomy.remove(&known) || way.told);
            let guard = if asked { Guard::GivesUp } else { guard.clone() };
            let what = What::Operation { action, channel: known, guard };
            way.push(Event { what, count: Count::once(), at: frame.at(span) });
        }
        Ok(())
    }

    /// Remembers what is sent on a channel.
    fn sent(&self, frame: &Frame, channel: &Expr, value: &Expr) {
        if let Some(channel) = frame.channel(channel) {
            let ty = frame.typing.of(value);
            let mut values = self.values.borrow_mut();
            let known = values.entry(channel).or_default();
            if !known.contains(&ty) {
                known.push(ty);
            }
        }
    }

    /// Remembers the ways that send an error which they have got in this body: `if err != nil { c <- err }`.
    pub fn fails(&self, frame: &Frame, channel: &Expr, value: &Expr, flow: &mut Flow) {
        let Some(channel) = frame.channel(channel).filter(|_| frame.member) else { return };
        let mut errors = Vec::new();
        visit::expr(value, &mut |part| {
            let var = part.as_ident().and_then(|ident| frame.scopes.var(ident));
            errors.extend(var.filter(|var| frame.scopes.info(*var).body == frame.body));
        });
        errors.retain(|var| is_error(&frame.scopes.info(*var).name));
        // What a callee has asked is of its own variables.
        let here = format!("#{}.", frame.file);
        let got = |fact: &Fact| match fact.about.as_slice() {
            [var] => {
                let asked = fact.key.contains(&here) && fact.key.ends_with("==nil");
                asked && !fact.holds && errors.contains(var)
            }
            _ => false,
        };
        // What is asked of its own arguments or of the turn that started it, one alone may answer.
        let alone = |fact: &Fact| match fact.key.contains(&here) {
            true => fact.about.iter().any(|var| frame.is_of_one(*var)),
            false => !fact.about.is_empty() && !fact.key.ends_with("==nil"),
        };
        for way in &mut flow.running {
            if way.facts.iter().any(got) && !way.facts.iter().any(alone) {
                way.fails.insert(channel);
            }
        }
    }

    /// `left = right`, `left := right`.
    fn give<'a>(
        &self,
        frame: &Frame<'a, '_>,
        left: &'a [Expr],
        right: &'a [Expr],
        plain: bool,
        flow: &mut Flow,
    ) -> Walked<()> {
        flow.running.iter_mut().for_each(|way| way.gave = None);
        for (at, value) in right.iter().enumerate() {
            let named = left.get(at).and_then(Expr::as_ident).and_then(|ident| frame.scopes.var(ident));
            if let (ExprKind::FuncLit(literal), Some(var)) = (&value.unparen().kind, named)
                && self.is_only_called(frame, var)
            {
                frame.closures.borrow_mut().insert(var, literal);
                continue;
            }
            // `_ = c` does nothing.
            if left.get(at).and_then(Expr::as_ident).is_some_and(Ident::is_blank)
                && value.as_ident().is_some()
            {
                continue;
            }
            // The making of a team's own channel is no use of it.
            self.eval(frame, value, "given another name", flow)?;
        }
        for (at, target) in left.iter().enumerate() {
            let value = if right.len() == left.len() { right.get(at) } else { right.first() };
            self.assign(frame, target, value.filter(|_| plain), flow);
        }
        if let [value] = right
            && value.as_call().is_some_and(|call| call.args.iter().any(|arg| self.passes(frame, arg)))
        {
            self.learn_result(frame, left, flow);
        }
        Ok(())
    }

    /// The last of these names is nil, or true, on the ways through the callee that gave that.
    fn learn_result(&self, frame: &Frame, names: &[Expr], flow: &mut Flow) {
        let Some(ident) = names.last().and_then(Expr::as_ident) else { return };
        let Some(var) = frame.scopes.var(ident) else { return };
        for way in &mut flow.running {
            if let Some(holds) = way.gave.take() {
                let key = if is_truth(frame, var) {
                    key_of(frame, ident, var, "")
                } else {
                    key_of(frame, ident, var, "==nil")
                };
                way.facts.insert(Fact { key, about: vec![var], holds, stable: false });
            }
        }
    }

    fn declare<'a>(&self, frame: &Frame<'a, '_>, spec: &'a VarSpec, flow: &mut Flow) -> Walked<()> {
        for (at, value) in spec.values.iter().enumerate() {
            let named = spec.names.get(at).and_then(|ident| frame.scopes.var(ident));
            if let (ExprKind::FuncLit(literal), Some(var)) = (&value.unparen().kind, named)
                && self.is_only_called(frame, var)
            {
                frame.closures.borrow_mut().insert(var, literal);
                continue;
            }
            self.eval(frame, value, "given another name", flow)?;
        }
        for (at, name) in spec.names.iter().enumerate() {
            let Some(var) = frame.scopes.var(name) else { continue };
            let value =
                if spec.values.len() == spec.names.len() { spec.values.get(at) } else { spec.values.first() };
            self.bind(frame, var, value, flow);
            if spec.values.is_empty() {
                let truth = is_truth(frame, var);
                self.learn(frame, var, name, if truth { "" } else { "==nil" }, !truth, flow);
            }
        }
        Ok(())
    }

    /// `target` gets `value`, or what nobody knows.
    pub fn assign<'a>(
        &self,
        frame: &Frame<'a, '_>,
        target: &'a Expr,
        value: Option<&'a Expr>,
        flow: &mut Flow,
    ) {
        let ident = target.as_ident().filter(|ident| !ident.is_blank());
        let var = ident.and_then(|ident| frame.scopes.var(ident));
        let own = |var: VarId| frame.scopes.info(var).body == frame.body;
        let local = var.is_some_and(own)
            // A field of a value that it has itself.
            || matches!(&target.unparen().kind, ExprKind::Selector { operand, .. }
                if operand.as_ident().and_then(|ident| frame.scopes.var(ident)).is_some_and(|var| {
                    own(var) && matches!(frame.typing.var(var), Some(Type::Named(_) | Type::Struct(_)))
                }));
        if frame.member && !local && !target.as_ident().is_some_and(Ident::is_blank) {
            work(flow, target.span);
        }
        let (Some(var), Some(ident)) = (var, ident) else { return };
        let recovers = value.and_then(Expr::as_call).is_some_and(|call| call.name() == Some("recover"));
        if let Some(channel) = frame.channels.get(&var)
            && frame.scopes.assigned(var).len() > 1
        {
            self.mark([*channel], "given another value");
        }
        self.bind(frame, var, value, flow);
        match value.map(|value| value.as_ident().map(|ident| &*ident.name)) {
            Some(Some("true")) => self.learn(frame, var, ident, "", true, flow),
            Some(Some("false")) => self.learn(frame, var, ident, "", false, flow),
            Some(Some("nil")) => self.learn(frame, var, ident, "==nil", true, flow),
            // A panic is a way of its own.
            _ if recovers => {
                let panics = |way: &Way| way.facts.iter().any(|fact| fact.key == RECOVERED && !fact.holds);
                if !flow.running.iter().any(panics) {
                    self.learn(frame, var, ident, "==nil", true, flow);
                }
            }
            _ => {}
        }
    }

    /// A variable gets a value: what was known of it is over.
    fn bind<'a>(&self, frame: &Frame<'a, '_>, var: VarId, value: Option<&'a Expr>, flow: &mut Flow) {
        let mentioned = value.map(|value| frame.mentioned(value)).unwrap_or_default();
        let from = value.and_then(|value| match &value.unparen().kind {
            ExprKind::Receive(channel) => frame.channel(channel),
            _ => None,
        });
        let called = value.is_some_and(|value| value.as_call().is_some());
        for way in &mut flow.running {
            let carried: Vec<ChannelId> = way
                .received
                .iter()
                .filter(|(held, _)| !called && mentioned.contains(held))
                .map(|(_, channel)| *channel)
                .chain(from)
                .collect();
            way.forget(var);
            way.received.extend(carried.into_iter().map(|channel| (var, channel)));
            if value.is_some() && !mentioned.contains(&var) {
                way.fresh.insert(var);
                way.stale.remove(&var);
            } else {
                way.fresh.remove(&var);
                way.stale.insert(var);
            }
        }
    }

    fn learn(&self, frame: &Frame, var: VarId, ident: &Ident, tail: &str, holds: bool, flow: &mut Flow) {
        let key = key_of(frame, ident, var, tail);
        let fact = Fact { key, about: vec![var], holds, stable: false };
        for way in &mut flow.running {
            way.facts.insert(fact.clone());
        }
    }

    /// Whether a call never comes back.
    fn ends<'a>(&self, frame: &Frame<'a, '_>, call: &'a Call, span: Span, flow: &mut Flow) {
        let calls = Calls {
            typing: frame.typing,
            summaries: self.summaries,
            stack: &self.stack,
            target: None,
            list: None,
            releases: &[],
            lifetime: &Lifetime::default(),
            in_main: false,
            comes_back: false,
            trusts: false,
            lenders: &[],
        };
        let failed = self.failed(frame, &calls, call, flow);
        if frame.typing.file.is_test() {
            flow.ended.extend(failed.into_iter().map(|way| Way { end: End::Panic(span), ..way }));
        } else {
            self.exits(frame, &failed);
        }
        match calls.ending(call) {
            Some(Ending::Panic) => end(flow, End::Panic(span)),
            Some(_) if self.panics(frame, call) => end(flow, End::Panic(span)),
            Some(Ending::Exit | Ending::Never) => self.exits(frame, &std::mem::take(&mut flow.running)),
            None => {}
        }
    }

    /// The process ends on these ways, or nothing comes after them.
    fn exits(&self, frame: &Frame, ways: &[Way]) {
        self.stays(frame, ways.iter().flat_map(|way| &way.events));
        ways.iter().for_each(|way| self.stays_before(frame, &way.deferred));
    }

    /// Whether a function that never comes back only panics, and ends no process.
    fn panics(&self, frame: &Frame, call: &Call) -> bool {
        let Some(body) = self.read(frame, call).and_then(|func| func.decl.body().cloned()) else {
            return false;
        };
        let mut calls = Vec::new();
        visit::block(&body, &mut |expr| {
            if let ExprKind::Call(call) = &expr.kind {
                calls.push(call.function.as_ident().is_some_and(|name| &*name.name == "panic"));
            }
        });
        calls == [true]
    }

    pub fn enter(&self, frame: &Frame, label: Option<&Ident>, looped: bool) -> usize {
        let mut targets = frame.targets.borrow_mut();
        targets.push((label.cloned(), looped));
        targets.len() - 1
    }

    pub fn exit(&self, frame: &Frame, target: usize, ways: Vec<Way>, flow: &mut Flow) {
        frame.targets.borrow_mut().pop();
        flow.settle(ways.into_iter().map(|mut way| {
            if matches!(way.end, End::Break(to, _) if to == target) {
                way.end = End::Falls;
            }
            way
        }));
    }

    fn jump(
        &self,
        frame: &Frame,
        label: Option<&Ident>,
        again: bool,
        span: Span,
        flow: &mut Flow,
    ) -> Walked<()> {
        let targets = frame.targets.borrow();
        let fits = |(name, looped): &&(Option<Ident>, bool)| {
            (!again || *looped)
                && label.is_none_or(|label| name.as_ref().is_some_and(|name| name.name == label.name))
        };
        // A label that is not known stands around the team's statements.
        let at = targets.iter().rposition(|target| fits(&target)).unwrap_or(0);
        end(flow, if again { End::Continue(at, span) } else { End::Break(at, span) });
        Ok(())
    }
}

/// The question whether a variable is true, or what `tail` makes of it.
pub fn key_of(frame: &Frame, ident: &Ident, var: VarId, tail: &str) -> String {
    format!("{}#{}.{}{tail}", ident.name, frame.file, var.0)
}

fn is_truth(frame: &Frame, var: VarId) -> bool {
    matches!(frame.typing.var(var), Some(Type::Basic(name)) if &*name == "bool")
}

/// Whether a value is nil, or true where it is a truth value, on a way, as far as can be told.
fn answer(frame: &Frame, value: &Expr, way: &Way) -> Option<bool> {
    match &value.unparen().kind {
        _ if value.is_nil() => Some(true),
        ExprKind::Ident(ident) => match (frame.scopes.var(ident), &*ident.name) {
            (Some(var), _) => {
                let keys = ["", "==nil"].map(|tail| key_of(frame, ident, var, tail));
                way.facts.iter().find(|fact| keys.contains(&fact.key)).map(|fact| fact.holds)
            }
            (None, name) => matches!(name, "true" | "false").then(|| name == "true"),
        },
        ExprKind::AddressOf(_) | ExprKind::Composite { .. } | ExprKind::FuncLit(_) => Some(false),
        // `fmt.Errorf`, `status.Errorf`
        ExprKind::Call(call) => (call.name() == Some("Errorf")).then_some(false),
        _ => None,
    }
}

/// Ends the ways that go on.
fn end(flow: &mut Flow, how: End) {
    for mut way in std::mem::take(&mut flow.running) {
        way.end = how;
        flow.ended.push(way);
    }
}

/// One way where branches did nothing that matters: what is known on all of them is known.
fn merged(before: Way, ways: &[Way]) -> Way {
    let mut merged = before;
    let Some((first, rest)) = ways.split_first() else { return merged };
    merged.facts =
        first.facts.iter().filter(|fact| rest.iter().all(|way| way.facts.contains(fact))).cloned().collect();
    merged.fresh =
        first.fresh.iter().filter(|var| rest.iter().all(|way| way.fresh.contains(var))).copied().collect();
    merged.acts = ways.iter().find_map(|way| way.acts);
    merged.behind = ways.iter().find_map(|way| way.behind);
    merged.received = ways.iter().flat_map(|way| way.received.iter().copied()).collect();
    merged.stale = ways.iter().flat_map(|way| way.stale.iter().copied()).collect();
    merged
}
