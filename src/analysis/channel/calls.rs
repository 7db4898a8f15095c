//! Calls in a walk: functions whose body is read are walked where they are called, goroutines are members,
//! what is deferred runs at the end. Whoever else gets a channel makes it open.

use std::collections::BTreeSet;

use crate::analysis::channel::frame::{Frame, mutated};
use crate::analysis::channel::outcome::*;
use crate::analysis::channel::size::Count;
use crate::analysis::channel::state::{Flow, Member, RECOVERED, TooMuch, Walk, Walked, work};
use crate::analysis::graph::known;
use crate::analysis::graph::known::Runner;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, Scopes, VarId};
use crate::base::text::{Span, narrow};
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::FileScope;
use crate::go::types::expressions::Callee;

/// Functions within functions are followed this deep.
const MAX_DEPTH: u32 = 5;

/// Ways of members beyond this number are not told apart.
const MAX_OUTCOMES: usize = 32;

impl Walk<'_> {
    /// What an expression does to the channels. A channel that is used as a value is open: `why`.
    pub fn eval<'a>(&self, frame: &Frame<'a, '_>, expr: &'a Expr, why: &str, flow: &mut Flow) -> Walked<()> {
        match &expr.kind {
            ExprKind::Ident(ident) => {
                self.mark(frame.channel(expr), why);
                self.mark(frame.held(expr), why);
                self.mark(frame.cancels(expr), why);
                self.open_groups.borrow_mut().extend(frame.group(expr));
                if let Some(literal) =
                    frame.scopes.var(ident).and_then(|var| frame.closures.borrow().get(&var).copied())
                {
                    self.lose(frame, literal.body.span, "used by a function value");
                }
                Ok(())
            }
            ExprKind::Receive(channel) => {
                self.operate(frame, Action::Receive, channel, Guard::None, expr.span, flow)
            }
            ExprKind::Call(call) => self.call(frame, call, flow),
            ExprKind::FuncLit(literal) => {
                self.lose(frame, literal.body.span, "used by a function value");
                Ok(())
            }
            ExprKind::Binary { op: BinaryOp::Equal | BinaryOp::NotEqual, left, right }
                if left.is_nil() || right.is_nil() =>
            {
                let asked = if left.is_nil() { right } else { left };
                match frame.channel(asked) {
                    Some(_) => Ok(()),
                    None => self.eval(frame, asked, why, flow),
                }
            }
            ExprKind::Binary { left, right, .. } => {
                self.eval(frame, left, why, flow)?;
                self.eval(frame, right, why, flow)
            }
            ExprKind::Selector { operand, field } if frame.is_field(operand, &field.name) => {
                self.mark(frame.channel(expr), why);
                Ok(())
            }
            ExprKind::Selector { operand, .. }
            | ExprKind::Unary { operand, .. }
            | ExprKind::AddressOf(operand)
            | ExprKind::Pointer(operand)
            | ExprKind::Paren(operand)
            | ExprKind::TypeAssert { operand, .. } => self.eval(frame, operand, why, flow),
            ExprKind::Index { operand, indices } | ExprKind::Slice { operand, bounds: indices } => {
                self.eval(frame, operand, why, flow)?;
                indices.iter().try_for_each(|index| self.eval(frame, index, why, flow))
            }
            ExprKind::Composite { elements, .. } => elements.iter().try_for_each(|element| {
                if let Some(key) = &element.key {
                    // The names of fields are no variables.
                    if key.as_ident().is_none() {
                        self.eval(frame, key, "stored", flow)?;
                    }
                }
                self.eval(frame, &element.value, "stored", flow)
            }),
            _ => Ok(()),
        }
    }

    /// Whether every use of a variable but the one that gives it its value calls it.
    pub fn is_only_called(&self, frame: &Frame, var: VarId) -> bool {
        let mut called = 0;
        if let Some(first) = frame.scopes.bodies.first() {
            visit::block(first.block, &mut |expr| {
                if let ExprKind::Call(call) = &expr.kind
                    && call.function.as_ident().and_then(|ident| frame.scopes.var(ident)) == Some(var)
                    && call.span == expr.span
                {
                    called += 1;
                }
            });
        }
        let values = frame.scopes.assigned(var).len();
        values == 1 && frame.scopes.uses_of(var).count() <= called + 2
    }

    /// Functions in local variables that are made before the team begins, and get its channels when they are
    /// called.
    pub fn know_earlier(&self, frame: &Frame) {
        for at in 0..frame.scopes.vars.len() {
            let var = VarId(narrow(at));
            let [given] = frame.scopes.assigned(var) else { continue };
            let ExprKind::FuncLit(literal) = &given.value.unparen().kind else { continue };
            let channel = |param: &Param| matches!(param.ty.unparen().kind, ExprKind::Chan { .. });
            if given.value.span.end <= frame.begin
                && literal.signature.params.iter().any(channel)
                && self.is_only_called(frame, var)
            {
                frame.closures.borrow_mut().insert(var, literal);
            }
        }
    }

    fn call<'a>(&self, frame: &Frame<'a, '_>, call: &'a Call, flow: &mut Flow) -> Walked<()> {
        let function = call.function.unparen();
        let local = call.function.as_ident().and_then(|ident| frame.scopes.var(ident));
        if let (Some(ident), None) = (call.function.as_ident(), local) {
            match (&*ident.name, call.args.as_slice()) {
                ("close", [channel]) if frame.channel(channel).is_some() => {
                    return self.operate(frame, Action::Close, channel, Guard::None, call.span, flow);
                }
                ("len" | "cap", [channel]) => {
                    if let Some(channel) = frame.channel(channel) {
                        self.asked.borrow_mut().insert(channel);
                        return Ok(());
                    }
                }
                _ => {}
            }
        }
        if let Some(channel) = frame.cancels(function) {
            let what = What::Operation { action: Action::Close, channel, guard: Guard::None };
            flow.push(&Event { what, count: Count::once(), at: frame.at(call.span) });
            return Ok(());
        }
        if let ExprKind::FuncLit(literal) = &function.kind {
            return self.literal(frame, literal, call, flow);
        }
        if let Some(literal) = local.and_then(|var| frame.closures.borrow().get(&var).copied()) {
            return self.literal(frame, literal, call, flow);
        }
        if let Some(runner) = self.runner(frame, call) {
            return self.run(frame, call, runner, flow);
        }
        if self.counts(frame, call, flow)? {
            return Ok(());
        }
        self.callable(frame, call, flow)?;
        let passes = call.args.iter().any(|arg| self.passes(frame, arg));
        let name = call.name().unwrap_or("a function");
        for (at, arg) in call.args.iter().enumerate().filter(|(_, arg)| !self.passes(frame, arg)) {
            if !self.starts(frame, call, at, flow)? {
                self.eval(frame, arg, &format!("passed to `{name}`"), flow)?;
            }
        }
        if name == "Wait" && call.args.is_empty() {
            flow.push(&Event { what: What::Join(None), count: Count::once(), at: frame.at(call.span) });
        } else if passes {
            self.callee(frame, call, flow)?;
        }
        if frame.member && !is_quiet(frame, call) {
            work(flow, call.span);
        }
        Ok(())
    }

    /// What is called, where that is more than a name: the value whose method it is, a call that gives it.
    fn callable<'a>(&self, frame: &Frame<'a, '_>, call: &'a Call, flow: &mut Flow) -> Walked<()> {
        match &call.function.unparen().kind {
            ExprKind::Ident(_) | ExprKind::FuncLit(_) => Ok(()),
            // Its receiver may be the struct that a channel is in.
            ExprKind::Selector { operand, .. } => self.eval(frame, operand, "used by a method", flow),
            _ => self.eval(frame, &call.function, "used as a value", flow),
        }
    }

    /// Whether an argument is of the team, so that its callee has to be followed.
    pub fn passes(&self, frame: &Frame, arg: &Expr) -> bool {
        frame.channel(arg).is_some() || self.with_groups && frame.group(arg).is_some()
    }

    /// Everything of the team that is used in a span is used in ways that nobody follows, as is what the
    /// functions use that are called there.
    fn lose(&self, frame: &Frame, span: Span, why: &str) {
        let (mut spans, mut seen) = (vec![span], Vec::new());
        while let Some(span) = spans.pop() {
            if seen.contains(&span) {
                continue;
            }
            seen.push(span);
            self.mark(frame.used_in(span), why);
            self.open_groups.borrow_mut().extend(frame.groups_in(span));
            let closures = frame.closures.borrow();
            spans.extend(frame.scopes.uses_in(span).filter_map(|var| Some(closures.get(&var)?.body.span)));
        }
    }

    /// What a method of a group does: whether the call is one.
    fn counts<'a>(&self, frame: &Frame<'a, '_>, call: &'a Call, flow: &mut Flow) -> Walked<bool> {
        let ExprKind::Selector { operand, field } = &call.function.unparen().kind else { return Ok(false) };
        let Some(group) = frame.group(operand) else { return Ok(false) };
        for arg in &call.args {
            self.eval(frame, arg, "passed on", flow)?;
        }
        let (what, count) = match (&*field.name, call.args.as_slice()) {
            ("Add", [number]) => (What::Add(group), Count::exactly(frame.size(number))),
            ("Done", []) => (What::Done(group), Count::once()),
            ("Wait", []) => (What::Join(Some(group)), Count::once()),
            // It runs what touches nothing of the team.
            _ => return Ok(true),
        };
        flow.push(&Event { what, count, at: frame.at(call.span) });
        Ok(true)
    }

    /// What a known function does with the function literals that it is given, if they touch the team.
    fn runner(&self, frame: &Frame, call: &Call) -> Option<Runner> {
        let touches = |arg: &Expr| match &arg.unparen().kind {
            ExprKind::FuncLit(literal) => self.touches(frame, literal.body.span),
            ExprKind::Ident(ident) => {
                let var = frame.scopes.var(ident);
                var.is_some_and(|var| frame.closures.borrow().contains_key(&var))
            }
            _ => false,
        };
        call.args.iter().any(touches).then(|| frame.typing.ask(call, known::runner)).flatten().flatten()
    }

    fn run<'a>(&self, frame: &Frame<'a, '_>, call: &'a Call, runner: Runner, flow: &mut Flow) -> Walked<()> {
        for arg in &call.args {
            match (self.function(frame, arg), runner) {
                (Some(literal), Runner::Group) => {
                    let group = match &call.function.unparen().kind {
                        ExprKind::Selector { operand, .. } => frame.group(operand),
                        _ => None,
                    };
                    self.member(frame, literal, (None, group), &Count::once(), call.span, flow)?;
                }
                (Some(literal), Runner::AtEnd) => {
                    self.lose(frame, literal.body.span, "used by a clean-up");
                }
                (Some(literal), Runner::Now | Runner::Later) => {
                    let name = call.name().unwrap_or("a function");
                    let why = format!("used by a function that `{name}` calls");
                    self.lose(frame, literal.body.span, &why);
                }
                (None, _) => self.eval(frame, arg, "passed on", flow)?,
            }
        }
        Ok(())
    }

    /// The function literal that an expression is or names.
    pub fn function<'a>(&self, frame: &Frame<'a, '_>, expr: &'a Expr) -> Option<&'a FuncLit> {
        match &expr.unparen().kind {
            ExprKind::FuncLit(literal) => Some(literal),
            ExprKind::Ident(ident) => frame.closures.borrow().get(&frame.scopes.var(ident)?).copied(),
            _ => None,
        }
    }

    /// A function literal that is called on the spot.
    fn literal<'a>(
        &self,
        frame: &Frame<'a, '_>,
        literal: &'a FuncLit,
        call: &'a Call,
        flow: &mut Flow,
    ) -> Walked<()> {
        for arg in call.args.iter().filter(|arg| !self.passes(frame, arg)) {
            self.eval(frame, arg, "passed on", flow)?;
        }
        let inner = self.inner(frame, literal, Some(call))?;
        let mut after = Vec::new();
        for way in std::mem::take(&mut flow.running) {
            after.extend(self.body(&inner, &literal.body, way)?);
        }
        self.come_back(after, flow);
        Ok(())
    }

    /// The frame of a function literal, called with these arguments.
    fn inner<'a, 'f>(
        &self,
        frame: &Frame<'a, 'f>,
        literal: &'a FuncLit,
        call: Option<&'a Call>,
    ) -> Walked<Frame<'a, 'f>> {
        let body = frame.scopes.literal(literal).filter(|_| frame.depth < MAX_DEPTH).ok_or(TooMuch)?;
        let mut inner = frame.within(body);
        for (at, arg) in call.iter().flat_map(|call| call.args.iter().enumerate()) {
            let param = frame.scopes.param(body, ParamIndex::At(narrow(at)));
            if let Some(param) = param.filter(|param| frame.is_stable(*param)) {
                inner.sizes.insert(param, (frame.size(arg), frame.length(arg)));
            }
            if let Some(group) = frame.group(arg).filter(|_| !frame.is_copied(arg)) {
                match param {
                    Some(param) => drop(inner.groups.insert(param, group)),
                    None => drop(self.open_groups.borrow_mut().insert(group)),
                }
            }
            if let (Some(context), Some(param)) = (frame.context(arg), param) {
                inner.contexts.insert(param, context);
            }
            let Some(channel) = frame.channel(arg) else { continue };
            match param {
                Some(param) => drop(inner.channels.insert(param, channel)),
                None => self.mark([channel], "passed to a parameter without a name"),
            }
        }
        Ok(inner)
    }

    /// After a call the ways that returned go on.
    fn come_back(&self, ways: Vec<Way>, flow: &mut Flow) {
        for mut way in ways {
            if matches!(way.end, End::Return(_)) {
                way.end = End::Falls;
            }
            match way.end {
                End::Falls => flow.running.push(way),
                _ => flow.ended.push(way),
            }
        }
    }

    /// A function of the source that gets channels is walked here.
    fn callee<'a>(&self, frame: &Frame<'a, '_>, call: &'a Call, flow: &mut Flow) -> Walked<()> {
        let Some(func) = self.read(frame, call) else {
            let name = call.name().unwrap_or("a function");
            let why = format!("passed to `{name}`, which is not read");
            self.mark(call.args.iter().filter_map(|arg| frame.channel(arg)), &why);
            self.open_groups.borrow_mut().extend(call.args.iter().filter_map(|arg| frame.group(arg)));
            return Ok(());
        };
        let mut after = Vec::new();
        let member = frame.member;
        for way in std::mem::take(&mut flow.running) {
            after.extend(self.walk_callee(frame, call, &func, member, way)?);
        }
        for way in &mut after {
            // For who calls it, this is where it panics.
            if let End::Panic(at) = &mut way.end {
                *at = call.span;
            }
        }
        // What is known of the callee's variables is of no use here.
        self.come_back(after, flow);
        Ok(())
    }

    fn walk_callee<'a>(
        &self,
        frame: &Frame<'a, '_>,
        call: &'a Call,
        func: &FuncRef,
        member: bool,
        way: Way,
    ) -> Walked<Vec<Way>> {
        let Some(block) = func.decl.body().filter(|_| frame.depth < MAX_DEPTH) else {
            return Err(TooMuch);
        };
        let scopes = Scopes::of_func(&func.decl);
        let scope = FileScope::of(func);
        let typing = Typing::new(self.database, scope.clone(), &scopes);
        let mutated = mutated(&scopes);
        self.files.borrow_mut().push((scope.path().to_owned(), scope));
        let file = self.files.borrow().len() - 1;
        let mut inner = Frame::new(file, (&scopes, &typing), &mutated, BodyId(0));
        (inner.member, inner.depth) = (member, frame.depth + 1);
        // Each goroutine runs by itself, whatever loop starts it.
        inner.around = if member && !frame.member { 0 } else { frame.around + frame.loops.get() };
        inner.capacities.clone_from(&frame.capacities);
        let mut start = way;
        for (at, arg) in call.args.iter().enumerate() {
            let param = scopes.param(BodyId(0), ParamIndex::At(narrow(at)));
            if let Some(channel) = frame.channel(arg) {
                let variadic = func.decl.signature.params.get(at).is_none_or(|param| param.variadic);
                match param.filter(|_| !variadic) {
                    Some(param) => drop(inner.channels.insert(param, channel)),
                    None => self.mark([channel], "passed to a parameter without a name"),
                }
            }
            if let Some(group) = frame.group(arg).filter(|_| !frame.is_copied(arg)) {
                match param {
                    Some(param) => drop(inner.groups.insert(param, group)),
                    None => drop(self.open_groups.borrow_mut().insert(group)),
                }
            }
            if let (Some(context), Some(param)) = (frame.context(arg), param) {
                inner.contexts.insert(param, context);
            }
            if let Some(param) = param.filter(|param| inner.is_stable(*param)) {
                inner.sizes.insert(param, (frame.size(arg), frame.length(arg)));
            }
            if let Some(param) = param.filter(|_| arg.is_nil()) {
                let name = &scopes.info(param).name;
                let key = format!("{name}#{file}.{}==nil", param.0);
                start.facts.insert(Fact { key, about: vec![param], holds: true, stable: true });
            }
        }
        let outer = (start.received.clone(), start.fresh.clone(), start.stale.clone());
        (start.received, start.fresh, start.stale) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut ways = self.body(&inner, block, start)?;
        for way in &mut ways {
            (way.received, way.fresh, way.stale) = outer.clone();
            way.gave = way.gave.filter(|_| matches!(way.end, End::Return(_)));
        }
        Ok(ways)
    }

    /// The function that a call calls, if its body is there.
    pub fn read(&self, frame: &Frame, call: &Call) -> Option<FuncRef> {
        frame.typing.called(call).filter(|func| func.decl.has_body() && !call.spread)
    }

    /// `go f(…)`
    pub fn start<'a>(
        &self,
        frame: &Frame<'a, '_>,
        call: &'a Call,
        span: Span,
        flow: &mut Flow,
    ) -> Walked<()> {
        for arg in call.args.iter().filter(|arg| !self.passes(frame, arg)) {
            self.eval(frame, arg, "passed on", flow)?;
        }
        if let Some(literal) = self.function(frame, &call.function) {
            return self.member(frame, literal, (Some(call), None), &Count::once(), span, flow);
        }
        self.callable(frame, call, flow)?;
        let passed: Vec<_> = call.args.iter().filter_map(|arg| frame.channel(arg)).collect();
        let groups: Vec<_> = call.args.iter().filter_map(|arg| frame.group(arg)).collect();
        let waits = !frame.member && call.args.iter().any(|arg| frame.context(arg).is_some());
        if waits && passed.is_empty() && groups.is_empty() {
            return self.waiting(frame, call, span, flow);
        }
        if passed.is_empty() && (groups.is_empty() || !self.with_groups) {
            return Ok(());
        }
        if frame.member {
            self.mark(passed, "used by a goroutine that a goroutine starts");
            self.open_groups.borrow_mut().extend(groups);
            return Ok(());
        }
        let Some(func) = self.read(frame, call) else {
            let name = call.name().unwrap_or("a function");
            self.mark(passed, &format!("passed to `{name}`, which is not read"));
            self.open_groups.borrow_mut().extend(groups);
            return Ok(());
        };
        let at = frame.at(span);
        if !self.started.borrow().contains_key(&at) {
            let ways = self.walk_callee(frame, call, &func, true, Way::start())?;
            self.add(at, ways)?;
        }
        self.begin(at, None, &Count::once(), flow);
        Ok(())
    }

    /// `go f(ctx)`: a goroutine that may wait for the end of a context. Of what cannot be followed nothing
    /// is said.
    fn waiting<'a>(&self, frame: &Frame<'a, '_>, call: &'a Call, span: Span, flow: &mut Flow) -> Walked<()> {
        let at = frame.at(span);
        if !self.started.borrow().contains_key(&at) {
            let Some(func) = self.read(frame, call) else { return Ok(()) };
            let walked = self.walk_callee(frame, call, &func, true, Way::start());
            if walked.and_then(|ways| self.add(at, ways)).is_err() {
                return Ok(());
            }
        }
        self.begin(at, None, &Count::once(), flow);
        Ok(())
    }

    /// Whether a span uses anything of the team.
    pub fn touches(&self, frame: &Frame, span: Span) -> bool {
        !frame.used_in(span).is_empty() || self.with_groups && !frame.groups_in(span).is_empty()
    }

    /// So many goroutines that run a function literal, called so, for this group.
    pub fn member<'a>(
        &self,
        frame: &Frame<'a, '_>,
        literal: &'a FuncLit,
        (call, group): (Option<&'a Call>, Option<GroupId>),
        count: &Count,
        span: Span,
        flow: &mut Flow,
    ) -> Walked<()> {
        let passed = call.iter().flat_map(|call| &call.args).filter_map(|arg| frame.channel(arg));
        let touched: Vec<_> = frame.used_in(literal.body.span).into_iter().chain(passed).collect();
        let closures = frame.closures.borrow();
        let calls_one = frame.scopes.uses_in(literal.body.span).any(|var| closures.contains_key(&var));
        drop(closures);
        let counts = call.iter().flat_map(|call| &call.args).any(|arg| frame.group(arg).is_some());
        let counts = self.with_groups && (counts || self.touches(frame, literal.body.span));
        if touched.is_empty() && !calls_one && !counts {
            return Ok(());
        }
        if frame.member {
            self.mark(touched, "used by a goroutine that a goroutine starts");
            self.lose(frame, span, "used by a goroutine that a goroutine starts");
            return Ok(());
        }
        let at = frame.at(span);
        if !self.started.borrow().contains_key(&at) {
            let mut inner = self.inner(frame, literal, call)?;
            (inner.member, inner.around) = (true, 0);
            let mut ways = self.body(&inner, &literal.body, Way::start())?;
            if let Some(group) = group {
                let done = Event { what: What::Done(group), count: Count::once(), at };
                ways.iter_mut().for_each(|way| way.push(done.clone()));
            }
            self.add(at, ways)?;
        }
        self.begin(at, group, count, flow);
        Ok(())
    }

    fn add(&self, at: Place, ways: Vec<Way>) -> Walked<()> {
        let mut outcomes: Vec<Way> = Vec::new();
        for mut way in ways {
            way.facts.retain(|fact| fact.stable);
            way.fresh.clear();
            way.stale.clear();
            way.received.clear();
            way.depends.clear();
            way.gave = None;
            way.acts = None;
            if !outcomes.contains(&way) {
                outcomes.push(way);
            }
        }
        if outcomes.len() > MAX_OUTCOMES {
            return Err(TooMuch);
        }
        let mut members = self.members.borrow_mut();
        self.started.borrow_mut().insert(at, MemberId(members.len()));
        members.push(Member { at, ways: outcomes, serves: self.serving.take() });
        Ok(())
    }

    /// `time.AfterFunc(d, func() { … })` as a statement: nothing holds the timer, so nothing stops it, and a
    /// goroutine comes to run the function. Whether it is such a call.
    pub fn runs_by_clock<'a>(
        &self,
        frame: &Frame<'a, '_>,
        call: &'a Call,
        span: Span,
        flow: &mut Flow,
    ) -> Walked<bool> {
        let Some(literal) = call.args.last().and_then(|last| self.function(frame, last)) else {
            return Ok(false);
        };
        if !self.touches(frame, literal.body.span)
            || frame.typing.ask(call, known::runs_by_clock) != Some(true)
        {
            return Ok(false);
        }
        for arg in &call.args[..call.args.len() - 1] {
            self.eval(frame, arg, "passed on", flow)?;
        }
        self.member(frame, literal, (None, None), &Count::once(), span, flow)?;
        Ok(true)
    }

    fn begin(&self, at: Place, group: Option<GroupId>, count: &Count, flow: &mut Flow) {
        if let Some(group) = group {
            flow.push(&Event { what: What::Add(group), count: Count::once(), at });
        }
        if let Some(member) = self.started.borrow().get(&at) {
            flow.push(&Event { what: What::Start(*member), count: count.clone(), at });
        }
    }

    /// `defer f(…)`
    pub fn defer<'a>(&self, frame: &Frame<'a, '_>, deferred: &'a Expr, flow: &mut Flow) -> Walked<()> {
        let mut known = frame.deferred.borrow_mut();
        let number = known.iter().position(|one| one.span == deferred.span).unwrap_or_else(|| {
            known.push(deferred);
            known.len() - 1
        });
        flow.running.iter_mut().for_each(|way| way.deferred.push(number));
        Ok(())
    }

    /// Runs what the ways have deferred, the last first.
    pub fn leave<'a>(&self, frame: &Frame<'a, '_>, ways: Vec<Way>) -> Walked<Vec<Way>> {
        let mut left = Vec::new();
        let mut todo = ways;
        while let Some(mut way) = todo.pop() {
            let Some(number) = way.deferred.pop() else {
                left.push(way);
                continue;
            };
            let deferred = frame.deferred.borrow()[number];
            let how = std::mem::replace(&mut way.end, End::Falls);
            let gave = way.gave;
            way.facts.insert(Fact {
                key: RECOVERED.to_owned(),
                about: Vec::new(),
                holds: !matches!(how, End::Panic(_)),
                stable: false,
            });
            let mut flow = Flow::of(way);
            self.eval(frame, deferred, "used as a value", &mut flow)?;
            for mut way in flow.all() {
                way.facts.retain(|fact| fact.key != RECOVERED);
                way.end = if way.goes_on() { how } else { way.end };
                way.gave = gave;
                todo.push(way);
            }
            if todo.len() > 256 {
                return Err(TooMuch);
            }
        }
        left.reverse();
        Ok(left)
    }
}

/// Whether nobody but who waits for this goroutine can see that a call was made.
fn is_quiet(frame: &Frame, call: &Call) -> bool {
    let ident = call.function.as_ident();
    match (call.name(), call.args.len()) {
        (Some("Done" | "Unlock" | "RUnlock" | "Wait"), 0) => true,
        // Of its own: who else waits for the context would see its end sooner.
        (Some("cancel"), 0) => ident.is_some_and(|ident| {
            frame.scopes.var(ident).is_some_and(|var| frame.scopes.info(var).body == frame.body)
        }),
        (Some("len" | "cap" | "recover" | "append" | "make" | "new"), _) => ident.is_some(),
        (Some(name), 1) => {
            let unknown = ident.is_some_and(|ident| frame.scopes.var(ident).is_none());
            unknown
                && !frame.typing.file.package.has_func(name)
                && matches!(frame.typing.callee(call), Callee::Conversion(_))
        }
        (None, 1) => matches!(call.function.unparen().kind, ExprKind::SliceOf(_)),
        _ => false,
    }
}
