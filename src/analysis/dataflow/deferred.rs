//! What runs later or elsewhere: function literals, deferred calls, goroutines.

use crate::analysis::dataflow::assignments::root;
use crate::analysis::dataflow::calls::released_by;
use crate::analysis::dataflow::oracle::{Operand, ParamOutcome};
use crate::analysis::dataflow::source::Source;
use crate::analysis::dataflow::state::*;
use crate::analysis::dataflow::trace::{Exit, ExitKind};
use crate::analysis::dataflow::walk::walk;
use crate::analysis::dataflow::walker::{Effect, Walker};
use crate::analysis::graph::known;
use crate::analysis::graph::scopes::{Body, BodyId, ParamIndex, Scopes, VarId, VarOrigin};
use crate::base::diagnostic::{Certainty, Verdict};
use crate::base::text::{Span, narrow};
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;

/// Such a goroutine has it, and ends its life.
const BY_GOROUTINE: &str = "released by a goroutine started here";

impl<'a, 'w> Walker<'a, 'w> {
    /// A function literal as a value: what it would do with the holders that it mentions.
    pub(crate) fn literal(&mut self, literal: &'a FuncLit, state: &State) -> Value {
        let effect = self.effect(self.scopes.literal(literal)?, state)?;
        Some(Alias::Function { releases: effect == Effect::Releases })
    }

    /// Where a function literal that mentions the resource itself hands it to somebody for good when it is
    /// called.
    pub(crate) fn given_by(&mut self, arg: &'a Expr, state: &State) -> Option<(Span, Verdict, String)> {
        let body = self.scopes.literal(as_literal(arg)?)?;
        if !mentions(self.scopes.body(body).block, self.scopes, &|var| {
            state.alias(var) == Some(&Alias::Itself)
        }) {
            return None;
        }
        match self.effect(body, state)? {
            Effect::Gives(Event { span, kind: EventKind::Escaped(Verdict::Returned), .. }) => {
                Some((span, Verdict::PassedOn, "given back to whoever calls this function".to_owned()))
            }
            Effect::Gives(Event { span, words, kind: EventKind::Escaped(verdict), .. }) => {
                Some((span, verdict, words))
            }
            _ => None,
        }
    }

    /// Whether a function literal has no more of the resource than what is made from it.
    pub(crate) fn has_handles_only(&self, expr: &Expr, state: &State) -> bool {
        let body = as_literal(expr).and_then(|literal| self.scopes.literal(literal));
        let handle = |alias: Option<&Alias>| matches!(alias, None | Some(Alias::Handle(_)));
        body.is_some_and(|body| {
            let block = self.scopes.body(body).block;
            !mentions(block, self.scopes, &|var| !handle(state.alias(var)))
        })
    }

    /// What calling the literal would do to the resource; `None` when it does not mention any holder.
    pub(crate) fn effect(&mut self, body: BodyId, state: &State) -> Option<Effect> {
        if !mentions(self.scopes.body(body).block, self.scopes, &|var| state.alias(var).is_some()) {
            return None;
        }
        let entry = State { phase: Phase::Open, holders: state.holders.clone(), ..State::start() };
        if let Some(known) = self.effects.get(&(body, entry.clone())) {
            return known.clone();
        }
        let effect = Some(self.walk_literal(body, entry.clone()));
        self.effects.insert((body, entry), effect.clone());
        effect
    }

    pub(crate) fn walk_literal(&self, body: BodyId, entry: State) -> Effect {
        let Some((holder, _)) = entry.holders.first() else {
            return Effect::Uses;
        };
        let source = Source::Variable(*holder);
        let Ok(trace) = walk(self.scopes, body, &[source], entry, self.oracle, self.budget) else {
            return Effect::Uses;
        };
        let released = |state: &State| matches!(state.phase, Phase::Released(_)) || state.due.is_some();
        let counts = |exit: &&Exit| !matches!(exit.kind, ExitKind::Stop(_)) && exit.state.phase != Phase::Nil;
        let ways: Vec<_> = trace.exits.iter().filter(counts).collect();
        let count = ways.iter().filter(|exit| released(&exit.state)).count();
        if count > 0 {
            let on_error = asks_for_error(self.scopes, self.scopes.body(body).block);
            return if count == ways.len() { Effect::Releases } else { Effect::MayRelease { on_error } };
        }
        let given = ways.iter().find_map(|exit| match exit.state.phase {
            Phase::Escaped(id) => Some(trace.events[id.0 as usize].clone()),
            _ => None,
        });
        given.map_or(Effect::Uses, Effect::Gives)
    }

    /// A function literal ran here.
    pub(crate) fn ran(&mut self, effect: Option<Effect>, span: Span, state: &mut State) -> Vec<Value> {
        match effect {
            Some(Effect::Releases) => {
                self.release(state, span, Certainty::Proved, "released by this function")
            }
            Some(Effect::MayRelease { .. }) => {
                self.release(state, span, Certainty::Assumed, "released by this function under a condition")
            }
            Some(Effect::Gives(event)) => match event.kind {
                EventKind::Escaped(Verdict::Returned) => return vec![Some(Alias::Itself)],
                EventKind::Escaped(verdict) => {
                    self.escape(state, event.span, verdict, event.certainty, event.words)
                }
                _ => {}
            },
            Some(Effect::Uses) | None => {}
        }
        Vec::new()
    }

    /// As `effect`, where the literal's parameters hold what the call passes to them.
    pub(crate) fn effect_with_args(&mut self, args: &[Value], body: BodyId, state: &State) -> Option<Effect> {
        let mut inner = state.clone();
        for (at, alias) in args.iter().enumerate() {
            let param = self.scopes.param(body, ParamIndex::At(narrow(at)));
            if let (Some(alias), Some(param)) = (alias.clone(), param) {
                inner.set(param, Some(alias));
            }
        }
        self.effect(body, &inner)
    }

    /// The literal that is called: on the spot, or through a local variable, which may be older than the
    /// resource.
    pub(crate) fn called_literal(&self, function: &Expr) -> Option<BodyId> {
        if let Some(literal) = as_literal(function) {
            return self.scopes.literal(literal);
        }
        let var = self.scopes.var(function.as_ident()?)?;
        match self.scopes.info(var).origin {
            // What is assigned later may be called as well.
            VarOrigin::Value { value, .. } if self.scopes.assigned(var).len() == 1 => {
                self.scopes.literal(as_literal(value)?)
            }
            _ => None,
        }
    }

    pub(crate) fn defer(&mut self, expr: &'a Expr, state: &mut State) {
        let Some(call) = expr.as_call() else {
            self.eval(expr, state);
            return;
        };
        if let Some(body) = self.called_literal(&call.function) {
            let args = self.arguments(call, state);
            return self.deferred_literal(call, body, &args, state);
        }
        if let ExprKind::Selector { operand, field } = &call.function.unparen().kind
            && state.is_open()
            && self.peek(operand, state) == Some(Alias::Itself)
            && self.oracle.is_release_by_name(call)
        {
            self.arguments(call, state);
            let id = self.event(call.span, EventKind::Released, Certainty::Assumed, released_by(field));
            state.due.get_or_insert(id);
            return;
        }
        self.defer_on(call, state);
        let mut after =
            State { phase: if state.is_open() { Phase::Open } else { state.phase }, ..state.clone() };
        let given = self.call(call, &mut after);
        state.running = state.running.filter(|_| after.running.is_some());
        // Nobody asks for the error by which it tells that it could not release it.
        if state.is_open() && given.contains(&Some(Alias::Settled { failing: false })) {
            return self.due(call.span, state);
        }
        match (after.phase, state.is_open()) {
            (Phase::Released(_), true) => {
                self.due(call.span, state);
                if state.phase == Phase::Unchecked && state.error.is_some() {
                    state.early = state.due;
                }
            }
            (Phase::Released(_), false) if matches!(state.phase, Phase::Escaped(_)) => {
                self.released_though_given(state, call.span);
                self.due(call.span, state)
            }
            (Phase::Escaped(id), true) => {
                let event = self.events[id.0 as usize].clone();
                self.due_to_be_given(event, state);
            }
            _ => state.due = state.due.or(after.due),
        }
    }

    /// `defer all.Close()`, where `all` may get the resource yet.
    fn defer_on(&mut self, call: &'a Call, state: &mut State) {
        let on_own = |expr: &Expr, by_pointer: bool| {
            let var = self.seen_later(expr, by_pointer);
            var.is_some_and(|var| state.alias(var).is_none() && self.is_own(var))
        };
        let operand = match &call.function.unparen().kind {
            ExprKind::Selector { operand, .. } => Some(&**operand),
            _ => None,
        };
        let by_pointer = operand.is_some() && self.oracle.takes_address(call);
        let later = operand.is_some_and(|operand| on_own(operand, by_pointer))
            || call.args.iter().any(|arg| on_own(arg, false));
        if later && !state.called.contains(&call.span) {
            state.called.push(call.span);
            self.deferred.insert(call.span, call);
        }
    }

    /// The variable behind an operand that a deferred call sees as it is when it runs: by a pointer or a map,
    /// by its address, or as the receiver of a method that takes that.
    fn seen_later(&self, expr: &Expr, by_pointer: bool) -> Option<VarId> {
        let var = |expr: &Expr| root(expr).and_then(|ident| self.scopes.var(ident));
        match &expr.unparen().kind {
            ExprKind::AddressOf(inner) => var(inner),
            _ => var(expr)
                .filter(|var| by_pointer || (expr.as_ident().is_some() && self.oracle.is_pointer(*var))),
        }
    }

    /// The deferred calls on what has got the resource since.
    fn run_deferred(&mut self, state: &mut State) {
        for span in std::mem::take(&mut state.called).into_iter().rev() {
            let Some(&call) = self.deferred.get(&span) else { continue };
            let operand = match &call.function.unparen().kind {
                ExprKind::Selector { operand, .. } => Some(&**operand),
                _ => None,
            };
            // A variable that was the resource itself only later was something else when it was deferred.
            let mut has = |expr: &'a Expr| {
                matches!(
                    self.eval(expr, &mut state.clone()),
                    Some(Alias::Inside(_) | Alias::Function { releases: true })
                )
            };
            if !operand.into_iter().chain(&call.args).any(&mut has) {
                continue;
            }
            let mut after = state.clone();
            self.call(call, &mut after);
            if let (Phase::Released(id), true) = (after.phase, state.is_open()) {
                let certainty = self.events[id.0 as usize].certainty;
                let due = state.due.map(|due| &self.events[due.0 as usize]);
                let due = due.filter(|due| due.kind == EventKind::Deferred && due.span != span);
                if let Some(due) = due.filter(|_| certainty == Certainty::Proved) {
                    self.doubled.insert((due.span, span));
                }
                self.release(state, span, certainty, "released by this defer");
            }
        }
    }

    /// A deferred literal sees variables as they are on the way out, and its parameters as they are now.
    fn deferred_literal(&mut self, call: &'a Call, body: BodyId, args: &[Value], state: &mut State) {
        let by_argument = args.iter().any(Option::is_some);
        if !by_argument {
            if !state.pending.contains(&body) {
                state.pending.push(body);
            }
            return;
        }
        match self.effect_with_args(args, body, state) {
            Some(Effect::Releases) => self.due(call.span, state),
            Some(Effect::MayRelease { .. }) => {
                let id = self.event(
                    call.span,
                    EventKind::Released,
                    Certainty::Assumed,
                    "released by this defer under a condition",
                );
                state.maybe_due.get_or_insert(id);
            }
            Some(Effect::Gives(event)) => self.due_to_be_given(event, state),
            Some(Effect::Uses) | None => {}
        }
    }

    pub(crate) fn due(&mut self, span: Span, state: &mut State) {
        let id = self.event(span, EventKind::Deferred, Certainty::Proved, "released by this defer");
        state.due.get_or_insert(id);
    }

    pub(crate) fn due_to_be_given(&mut self, event: Event, state: &mut State) {
        if let EventKind::Escaped(verdict) = event.kind {
            self.escape(state, event.span, verdict, Certainty::Assumed, event.words);
        }
    }

    pub(crate) fn go(&mut self, expr: &'a Expr, state: &mut State) {
        let Some(call) = expr.as_call() else {
            return;
        };
        let mut holds = false;
        let literal = self.called_literal(&call.function);
        let args = self.arguments(call, state);
        if let Some(body) = literal {
            let effect = self.effect_with_args(&args, body, state);
            if effect == Some(Effect::Releases) {
                return self.escape(state, call.span, Verdict::Released, Certainty::Proved, BY_GOROUTINE);
            }
            if let Some(Effect::Gives(Event { span, certainty, words, kind: EventKind::Escaped(verdict) })) =
                effect
            {
                return self.escape(state, span, verdict, certainty, words);
            }
            holds |= effect.is_some();
        } else if let ExprKind::Selector { operand, field } = &call.function.unparen().kind {
            let alias = self.eval(operand, state);
            if alias == Some(Alias::Itself) && self.oracle.is_release(&field.name, Some(call.args.len())) {
                return self.escape(state, call.span, Verdict::Released, Certainty::Proved, BY_GOROUTINE);
            }
            // Of `go New().Ping()` the goroutine has the one call, and nobody the resource.
            let made_here = self.source_at(operand.unparen().span).is_some();
            holds |= alias.is_some() && !made_here;
        } else {
            holds |= self.eval(&call.function, state).is_some();
        }
        for (at, value) in args.into_iter().enumerate() {
            let Some(alias) = value else { continue };
            holds = true;
            if literal.is_some() || alias != Alias::Itself {
                continue;
            }
            let passed = self.oracle.passed(call, Operand::Arg(at), &alias);
            let serves = call.name().is_some_and(known::takes_listener);
            match passed.outcome {
                // Taken for a lender: what serves ends with what it serves with.
                ParamOutcome::Lends if serves => return,
                ParamOutcome::Releases => {
                    return self.escape(state, call.span, Verdict::Released, passed.certainty, BY_GOROUTINE);
                }
                ParamOutcome::Keeps { verdict, words } => {
                    // A goroutine that serves does so until somebody ends it.
                    let certainty = if serves { Certainty::Assumed } else { passed.certainty };
                    return self.escape_alias(state, call.span, &alias, verdict, certainty, &words);
                }
                _ => {}
            }
        }
        if holds && state.is_open() {
            let id = self.event(
                expr.span,
                EventKind::Running,
                Certainty::Assumed,
                "used by a goroutine started here",
            );
            state.running = Some(id);
        }
    }

    /// `wg.Wait()` and the like end the goroutines that were started before, and so does a callee that waits
    /// for what was started.
    pub(crate) fn waited(&mut self, call: &'a Call, state: &mut State) {
        let Some(EventId(started)) = state.running else { return };
        let is_wait = matches!(
            &call.function.unparen().kind,
            ExprKind::Selector { field, .. } if &*field.name == "Wait"
        );
        let started = self.events[started as usize].span;
        let is_there = |at: &usize| {
            call.args.get(*at).is_some_and(|arg| {
                let mut named = self.scopes.uses_in(arg.span);
                named.any(|var| self.scopes.uses_in(started).any(|used| used == var))
            })
        };
        let waits = is_wait && call.args.is_empty() || self.oracle.waits_for(call).iter().any(is_there);
        if waits {
            state.running = None;
        }
    }

    /// A receive from a channel that the running goroutine closes or sends on.
    pub(crate) fn joined_by(&mut self, channel: &Expr, state: &mut State) {
        let Some(var) = channel.as_ident().and_then(|ident| self.scopes.var(ident)) else {
            return;
        };
        let Some(EventId(at)) = state.running else { return };
        let span = self.events[at as usize].span;
        let literal = self.scopes.bodies.iter().find(|body| span.contains(body.block.span));
        let tells = |body: &Body| mentions(body.block, self.scopes, &|used| used == var);
        // `go run(done, client)`
        let gets = || literal.is_none() && self.scopes.uses_in(span).any(|used| used == var);
        // `go func() { wg.Wait(); close(all) }()`, and then `<-all`.
        let told = |body: &Body| tells(body) && self.awaits_within(body.block, span);
        if literal.is_some_and(tells) || gets() || self.scopes.bodies.iter().skip(1).any(told) {
            state.running = None;
        }
    }

    /// Whether the expression waits for a goroutine that was started at `started`, by a group or a channel
    /// that is named there.
    fn awaits(&self, expr: &Expr, started: Span) -> bool {
        let named = |expr: &Expr| {
            let var = expr.as_ident().and_then(|ident| self.scopes.var(ident));
            var.is_some_and(|var| self.scopes.uses_in(started).any(|used| used == var))
        };
        match &expr.unparen().kind {
            ExprKind::Receive(channel) => named(channel),
            ExprKind::Call(call) if call.args.is_empty() => match &call.function.unparen().kind {
                ExprKind::Selector { operand, field } => &*field.name == "Wait" && named(operand),
                _ => false,
            },
            _ => false,
        }
    }

    /// The same of the statements of a function literal.
    fn awaits_within(&self, block: &Block, started: Span) -> bool {
        block.stmts.iter().any(|stmt| match &stmt.kind {
            StmtKind::Expr(expr) => self.awaits(expr, started),
            _ => false,
        })
    }

    /// Whether a `defer` of this body waits for a goroutine that was started at `started`.
    fn is_awaited_at_end(&self, started: Span) -> bool {
        self.scopes.body(self.body).block.stmts.iter().any(|stmt| {
            let StmtKind::Defer(expr) = &stmt.kind else { return false };
            match expr.as_call().and_then(|call| as_literal(&call.function)) {
                Some(literal) => self.awaits_within(&literal.body, started),
                None => self.awaits(expr, started),
            }
        })
    }

    /// On the way out: deferred literals run, and a goroutine that nobody waited for keeps the resource.
    pub fn ended(&mut self, state: &mut State) {
        self.run_deferred(state);
        let started = state.running.map(|EventId(at)| self.events[at as usize].span);
        if started.is_some_and(|started| self.is_awaited_at_end(started)) {
            state.running = None;
        }
        for body in std::mem::take(&mut state.pending).into_iter().rev() {
            state.running = state.running.filter(|_| !self.stops(body, state));
            if self.asks_settled_error(body) {
                continue;
            }
            let effect = self.effect(body, state);
            let span = self.scopes.body(body).block.span;
            match effect {
                Some(Effect::Releases) if state.is_open() => {
                    self.release(state, span, Certainty::Proved, "released by this deferred function")
                }
                // Somebody else has it by now, and gets it closed.
                Some(Effect::Releases) if matches!(state.phase, Phase::Escaped(_)) => self.due(span, state),
                // The one that is released where something failed is still open where nothing did.
                Some(Effect::MayRelease { on_error: false }) if state.is_open() => {
                    self.release(
                        state,
                        span,
                        Certainty::Assumed,
                        "released by this deferred function under a condition",
                    );
                }
                Some(Effect::MayRelease { on_error: true }) if state.is_open() => {
                    let id = self.event(
                        span,
                        EventKind::Released,
                        Certainty::Assumed,
                        "released where something failed",
                    );
                    state.on_error = Some(id);
                }
                Some(Effect::Gives(event)) if state.is_open() => self.due_to_be_given(event, state),
                _ => {}
            }
        }
        let ours = state.is_open() && state.due.is_none() && !self.oracle.ends_process(self.body);
        if let (true, Some(EventId(at))) = (ours, state.running) {
            let Event { span, certainty, words, .. } = self.events[at as usize].clone();
            self.escape(state, span, Verdict::Captured, certainty, words);
        }
    }

    /// Whether a deferred literal does nothing but what an error asks for that is settled before: it is no
    /// result, and set once, where it was looked at. One that hides it under its name does not reach it.
    fn asks_settled_error(&self, body: BodyId) -> bool {
        let block = self.scopes.body(body).block;
        let [Stmt { kind: StmtKind::If(branch), .. }] = block.stmts.as_slice() else { return false };
        let ExprKind::Binary { op: BinaryOp::NotEqual, left, right } = &branch.condition.unparen().kind
        else {
            return false;
        };
        let asked = left.as_ident().filter(|_| right.is_nil() && branch.init.is_none());
        let Some(var) = asked.and_then(|ident| self.scopes.var(ident)) else { return false };
        let is_result = matches!(
            self.scopes.info(var).origin,
            VarOrigin::Result { .. } | VarOrigin::Param { .. } | VarOrigin::Range { .. } | VarOrigin::Other
        );
        let [one] = self.scopes.assigned(var) else { return false };
        let is_checked = |stmt: &Stmt| match &stmt.kind {
            StmtKind::If(check) => {
                let asks = matches!(&check.condition.unparen().kind,
                    ExprKind::Binary { op: BinaryOp::NotEqual, left, right }
                        if right.is_nil()
                            && left.as_ident().and_then(|ident| self.scopes.var(ident)) == Some(var));
                let leaves =
                    check.then.stmts.last().is_some_and(|last| matches!(last.kind, StmtKind::Return(_)));
                asks && leaves && one.value.span.end < stmt.span.start && stmt.span.end < block.span.start
            }
            _ => false,
        };
        let mut given_out = false;
        visit::block(self.scopes.body(BodyId(0)).block, &mut |expr| {
            if let ExprKind::AddressOf(inner) = &expr.kind {
                given_out |= inner.as_ident().and_then(|ident| self.scopes.var(ident)) == Some(var);
            }
        });
        !is_result
            && branch.otherwise.is_none()
            && !given_out
            && self.scopes.body(self.body).block.stmts.iter().any(is_checked)
    }

    /// Whether a literal ends something that has the resource, and with it the goroutines that use it.
    fn stops(&self, body: BodyId, state: &State) -> bool {
        let mut stops = false;
        visit::block(self.scopes.body(body).block, &mut |expr| {
            if let ExprKind::Call(call) = &expr.kind
                && let ExprKind::Selector { operand, field } = &call.function.unparen().kind
            {
                stops |=
                    known::joins(&field.name) && matches!(self.peek(operand, state), Some(Alias::Inside(_)));
            }
        });
        stops
    }

    /// Whether a deferred literal is going to release what is open now.
    pub(crate) fn is_pending(&mut self, state: &State) -> bool {
        let pending = state.pending.clone();
        pending.into_iter().any(|body| {
            matches!(self.effect(body, state), Some(Effect::Releases | Effect::MayRelease { .. }))
        })
    }
}

fn as_literal(function: &Expr) -> Option<&FuncLit> {
    match &function.unparen().kind {
        ExprKind::FuncLit(literal) => Some(literal),
        _ => None,
    }
}

/// Whether a block's first branch is on an error: `if err != nil { … }`.
fn asks_for_error(scopes: &Scopes, block: &Block) -> bool {
    let declared = |ident: &Ident| match scopes.var(ident).map(|var| scopes.info(var).origin) {
        Some(VarOrigin::Param { ty, .. } | VarOrigin::Result { ty, .. } | VarOrigin::Declared { ty }) => {
            ty.as_ident().is_some_and(|ty| &*ty.name == "error")
        }
        _ => false,
    };
    let is_error =
        |ident: &Ident| ident.name.contains("err") || ident.name.contains("Err") || declared(ident);
    let asks = |expr: &Expr| match &expr.unparen().kind {
        ExprKind::Binary { op: BinaryOp::NotEqual, left, right } => {
            right.is_nil() && left.as_ident().is_some_and(is_error)
        }
        _ => false,
    };
    block.stmts.iter().any(|stmt| matches!(&stmt.kind, StmtKind::If(branch) if asks(&branch.condition)))
}

/// Whether a block uses a variable that `wanted` accepts.
pub fn mentions(block: &Block, scopes: &Scopes, wanted: &dyn Fn(VarId) -> bool) -> bool {
    scopes.uses_in(block.span).any(wanted)
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::{body, fates};

    #[test]
    fn a_deferred_function_releases_at_the_end() {
        assert_eq!(
            body("c := make1()\ndefer func() { c.Close() }()"),
            ["released (3: released by this deferred function)"]
        );
        assert_eq!(
            body("c := make1()\ndefer func() { lend(c) }()"),
            ["leaked (4: it is still open when the function ends here)"]
        );
        assert_eq!(
            body("c := make1()\ndefer func() {\nif some() {\nc.Close()\n}\n}()"),
            ["released (3: released by this deferred function under a condition)"]
        );
    }

    #[test]
    fn a_deferred_callee_releases_though_it_may_say_that_it_could_not() {
        let shut = "func shut(c *client) error {\nif err := fails(); err != nil {\nreturn err\n}\n\
                    return c.Close()\n}\nfunc fails() error { return nil }\n";
        let told = fates(&format!("{shut}func f() {{\nc := make1()\ndefer shut(c)\nlend(c)\n}}"));
        assert_eq!(told, ["released (10: released by this defer)"]);
    }

    #[test]
    fn a_goroutine_has_what_it_uses() {
        assert_eq!(
            body("c := make1()\ngo func() { for { lend(c) } }()"),
            ["captured (3: used by a goroutine started here)"]
        );
        let leaked = ["leaked (7: it is still open when the function ends here)"];
        let start = "done := make(chan int)\ndefer func() { <-done }()\nc := make1()\n";
        assert_eq!(body(&format!("{start}go func() {{ lend(c); close(done) }}()\nlend(nil)")), leaked);
        let other = body(&format!("{start}go func() {{ for {{ lend(c) }} }}()\nlend(nil)"));
        assert_eq!(other, ["captured (5: used by a goroutine started here)"]);
        assert_eq!(
            body("c := make1()\ngo func() { c.Close() }()"),
            ["released (3: released by a goroutine started here)"]
        );
        assert_eq!(
            body(
                "c := make1()\ndone := make(chan int)\ngo func() { lend(c); close(done) }()\n<-done\n\
                 c.Close()"
            ),
            ["released (6: released)"]
        );
    }
}
