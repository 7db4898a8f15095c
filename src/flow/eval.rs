//! What one statement or expression does to a [`State`]: values that hold on to the resource are followed into variables,
//! fields, calls and out of the body.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::base::finding::{Certainty, Verdict};
use crate::base::text::Span;
use crate::flow::cfg::Step;
use crate::flow::life::{Exit, ExitKind, Oracle, Passed, PassedFate, Place, Source, walk};
use crate::flow::scope::{BodyId, ParamIndex, Scopes, VarId, VarOrigin};
use crate::flow::state::*;
use crate::golang::syntax::*;

/// How a value holds on to the resource, if it does.
pub type Value = Option<Hold>;

/// The walk's running half: scopes and oracle, and the events found so far.
pub struct Walk<'a, 'w> {
    pub scopes: &'w Scopes<'a>,
    pub body: BodyId,
    source: Source,
    oracle: &'w dyn Oracle<'a>,
    pub events: Vec<Event>,
    /// Acquisitions that ran again while the resource was open.
    pub again: Vec<(Span, State)>,
    /// The results through which it left, and how they hold on to it.
    pub left: BTreeSet<(usize, Hold)>,
    /// The methods without arguments that were called on the resource to release it.
    pub released_by: BTreeSet<String>,
    /// Block visits left.
    budget: &'w Cell<usize>,
    effects: FxHashMap<(BodyId, State), Option<Effect>>,
}

impl<'a, 'w> Walk<'a, 'w> {
    pub fn new(
        scopes: &'w Scopes<'a>,
        body: BodyId,
        source: Source,
        oracle: &'w dyn Oracle<'a>,
        budget: &'w Cell<usize>,
    ) -> Walk<'a, 'w> {
        Walk { scopes, body, source, oracle, events: Vec::new(), again: Vec::new(), left: BTreeSet::new(), released_by: BTreeSet::new(), budget, effects: FxHashMap::default() }
    }

    fn event(&mut self, span: Span, kind: EventKind, certainty: Certainty, words: impl Into<String>) -> EventId {
        let event = Event { span, kind, certainty, words: words.into() };
        let at = self.events.iter().position(|known| *known == event).unwrap_or_else(|| {
            self.events.push(event);
            self.events.len() - 1
        });
        EventId(at as u32)
    }

    fn give(&mut self, state: &mut State, span: Span, verdict: Verdict, certainty: Certainty, words: impl Into<String>) {
        if state.is_open() {
            let id = self.event(span, EventKind::Given(verdict), certainty, words);
            state.phase = Phase::Given(id);
        }
    }

    fn release(&mut self, state: &mut State, span: Span, certainty: Certainty, words: &str) {
        let id = self.event(span, EventKind::Released, certainty, words);
        match state.phase {
            Phase::Released(_) => state.twice = Some(id),
            Phase::Open | Phase::Unchecked | Phase::Given(_) => state.phase = Phase::Released(id),
            Phase::Before | Phase::Nil => {}
        }
    }

    /// Runs one step of a block.
    pub fn step(&mut self, step: &Step<'a>, state: &mut State) {
        match step {
            Step::Stmt(stmt) => self.stmt(stmt, state),
            Step::Eval(expr) => drop(self.eval(expr, state)),
            Step::Range { left, right } => self.range(left, right, state),
            Step::Communication(communication) => self.communication(communication, state),
            Step::Enter(_) | Step::After(_) => {}
        }
    }

    fn stmt(&mut self, stmt: &'a Stmt, state: &mut State) {
        match &stmt.kind {
            StmtKind::Expr(expr) | StmtKind::IncDec(expr) => drop(self.eval(expr, state)),
            StmtKind::Send { channel, value } => self.send(channel, value, state),
            StmtKind::Assign { left, right, plain: true } => self.assign(left, right, state),
            StmtKind::Assign { left, right, plain: false } => {
                left.iter().chain(right).for_each(|expr| drop(self.eval(expr, state)));
            }
            StmtKind::Define { left, right } => self.assign(left, right, state),
            StmtKind::Var(specs) => specs.iter().for_each(|spec| self.var_spec(spec, state)),
            StmtKind::Go(expr) => self.go(expr, state),
            StmtKind::Defer(expr) => self.defer(expr, state),
            _ => {}
        }
    }

    fn send(&mut self, channel: &'a Expr, value: &'a Expr, state: &mut State) {
        self.eval(channel, state);
        if let Some(hold) = self.eval(value, state) {
            self.hand(state, value.span, &hold, Verdict::Stored, Certainty::Proved, "sent on a channel");
        }
    }

    /// Hands on a value that holds on to the resource; one made from it makes it live on.
    fn hand(&mut self, state: &mut State, span: Span, hold: &Hold, verdict: Verdict, certainty: Certainty, words: &str) {
        match hold {
            Hold::Handle(tie) => {
                let words = format!("something made from it is {words}");
                self.give(state, span, Verdict::LivesOn, certainty.and(*tie), words);
            }
            Hold::Function { releases: true } => self.give(state, span, verdict, certainty, format!("a function that releases it is {words}")),
            Hold::Function { .. } => self.give(state, span, verdict, certainty, format!("a function that uses it is {words}")),
            Hold::Inside(_) => self.give(state, span, verdict, certainty, format!("{words}, inside of another value")),
            Hold::Itself => self.give(state, span, verdict, certainty, words),
            Hold::Sure | Hold::Success => {}
        }
    }

    fn communication(&mut self, communication: &'a Communication, state: &mut State) {
        match communication {
            Communication::Send { channel, value } => self.send(channel, value, state),
            Communication::Receive { left, right, .. } => {
                let value = self.eval(right, state);
                self.bind_all(left, vec![value], state);
            }
        }
    }

    fn range(&mut self, left: &'a [Expr], right: &'a Expr, state: &mut State) {
        let value = match self.peek(right, state) {
            Some(Hold::Inside(_)) => Some(Hold::Itself),
            other => other,
        };
        let values = match left.len() {
            0 => return,
            1 => vec![None],
            _ => vec![None, value],
        };
        self.bind_all(left, values, state);
    }

    fn var_spec(&mut self, spec: &'a VarSpec, state: &mut State) {
        let values = self.values(&spec.values, spec.names.len(), state);
        let acquired = self.acquires(&spec.values);
        for (at, name) in spec.names.iter().enumerate() {
            let value = values.get(at).cloned().flatten();
            if let Some(var) = self.scopes.var(name) {
                self.bind_var(var, name.span, value, state);
                self.note_error(acquired, at, var, state);
            }
        }
    }

    fn assign(&mut self, left: &'a [Expr], right: &'a [Expr], state: &mut State) {
        for target in left {
            if target.as_ident().is_none() {
                self.target(target, state);
            }
        }
        let values = self.values(right, left.len(), state);
        self.bind_all(left, values, state);
        let acquired = self.acquires(right);
        for (at, target) in left.iter().enumerate() {
            if let Some(var) = target.as_ident().and_then(|ident| self.scopes.var(ident)) {
                self.note_error(acquired, at, var, state);
            }
        }
    }

    /// Evaluates what stands inside of an assignment's target.
    fn target(&mut self, target: &'a Expr, state: &mut State) {
        match &target.unparen().kind {
            ExprKind::Index { operand, indices } => {
                self.target(operand, state);
                indices.iter().for_each(|index| drop(self.eval(index, state)));
            }
            ExprKind::Selector { operand, .. } | ExprKind::Pointer(operand) => self.target(operand, state),
            ExprKind::Call(_) => drop(self.eval(target, state)),
            _ => {}
        }
    }

    /// Whether the values are the acquiring call, so that the names beside it get its error.
    fn acquires(&self, values: &[Expr]) -> Option<usize> {
        match (self.source, values) {
            (Source::Call { span, error, .. }, [value]) if value.unparen().span == span => error,
            _ => None,
        }
    }

    fn note_error(&mut self, error: Option<usize>, at: usize, var: VarId, state: &mut State) {
        if error == Some(at) {
            state.error = Some(var);
        }
    }

    fn values(&mut self, exprs: &'a [Expr], wanted: usize, state: &mut State) -> Vec<Value> {
        match exprs {
            [one] if wanted > 1 => self.eval_many(one, state),
            exprs => exprs.iter().map(|expr| self.eval(expr, state)).collect(),
        }
    }

    fn bind_all(&mut self, left: &'a [Expr], values: Vec<Value>, state: &mut State) {
        for (at, target) in left.iter().enumerate() {
            let value = values.get(at).cloned().flatten();
            self.bind(target, value, state);
        }
    }

    fn bind(&mut self, target: &'a Expr, value: Value, state: &mut State) {
        match &target.unparen().kind {
            ExprKind::Ident(ident) if ident.is_blank() => {}
            ExprKind::Ident(ident) => match self.scopes.var(ident) {
                Some(var) => self.bind_var(var, target.span, value, state),
                None => {
                    if let Some(hold) = value {
                        let words = format!("assigned to package variable `{}`", ident.name);
                        self.hand(state, target.span, &hold, Verdict::Global, Certainty::Proved, &words);
                    }
                }
            },
            ExprKind::Selector { operand, field } => self.bind_field(target, operand, Some(&field.name), value, state),
            ExprKind::Index { operand, .. } => self.bind_field(target, operand, None, value, state),
            ExprKind::Pointer(operand) => match value {
                Some(hold) => self.bind_part(operand, None, hold, target.span, "stored through a pointer", state),
                None => {}
            },
            _ => {}
        }
    }

    fn bind_var(&mut self, var: VarId, span: Span, value: Value, state: &mut State) {
        if state.error == Some(var) {
            state.error = None;
        }
        let info = self.scopes.info(var);
        // An error does not keep a connection open, whatever nobody knows of its type.
        let carries = |hold: &Hold| !matches!(hold, Hold::Handle(_)) || (!info.name.starts_with("err") && self.oracle.carries(var));
        let value = value.filter(carries);
        if info.body != self.body
            && let Some(hold) = &value
            && !matches!(hold, Hold::Sure | Hold::Success)
        {
            let words = format!("assigned to `{}` of the function around it", info.name);
            return self.hand(state, span, hold, Verdict::Captured, Certainty::Assumed, &words);
        }
        state.set(var, value);
    }

    fn bind_field(&mut self, target: &'a Expr, base: &'a Expr, field: Option<&Arc<str>>, value: Value, state: &mut State) {
        let Some(hold) = value else {
            return;
        };
        let words = match field {
            Some(field) => format!("stored in field `{field}`"),
            None => "stored in a map or slice".to_owned(),
        };
        self.bind_part(base, field, hold, target.span, &words, state);
    }

    /// Stores a value in a part of `base`: a local value then holds on to the resource, anything else keeps it.
    fn bind_part(&mut self, base: &'a Expr, field: Option<&Arc<str>>, hold: Hold, span: Span, words: &str, state: &mut State) {
        let root = root(base).and_then(|ident| self.scopes.var(ident).map(|var| (ident, var)));
        match root {
            // What is stored in something made from the resource goes where that goes.
            Some((_, var)) if self.scopes.info(var).body == self.body && matches!(state.hold(var), Some(Hold::Handle(_))) => {}
            Some((_, var)) if self.is_own(var) || (field.is_some() && base.as_ident().is_some() && self.is_copy(var)) => {
                let wrapped = hold.wrapped(field.filter(|_| base.as_ident().is_some()).cloned());
                let joined = Hold::join(state.hold(var).cloned(), Some(wrapped));
                state.set(var, joined);
            }
            Some(_) => self.hand(state, span, &hold, Verdict::Stored, Certainty::Proved, words),
            None => {
                let global = root_name(base).is_some();
                let (verdict, certainty) = if global { (Verdict::Global, Certainty::Proved) } else { (Verdict::Stored, Certainty::Assumed) };
                self.hand(state, span, &hold, verdict, certainty, words);
            }
        }
    }

    /// Whether the variable's value is made in this body: nobody else can see what is stored in it.
    fn is_own(&self, var: VarId) -> bool {
        let info = self.scopes.info(var);
        if info.body != self.body {
            return false;
        }
        match info.origin {
            VarOrigin::Declared { ty } => !matches!(ty.unparen().kind, ExprKind::Pointer(_)),
            VarOrigin::Result { ty, .. } => !matches!(ty.unparen().kind, ExprKind::Pointer(_)),
            VarOrigin::Value { value, .. } => is_literal(value),
            _ => false,
        }
    }

    /// Whether the variable is a parameter passed by value: its fields are this body's own.
    fn is_copy(&self, var: VarId) -> bool {
        let info = self.scopes.info(var);
        let by_value = |ty: &Expr| matches!(ty.unparen().kind, ExprKind::Ident(_) | ExprKind::Selector { .. } | ExprKind::Index { .. });
        info.body == self.body && matches!(info.origin, VarOrigin::Param { ty, variadic: false, .. } if by_value(ty))
    }

    /// The value of an expression that has been evaluated already.
    fn peek(&self, expr: &Expr, state: &State) -> Value {
        let var = expr.as_ident().and_then(|ident| self.scopes.var(ident))?;
        state.hold(var).cloned()
    }

    /// Evaluates an expression of one value.
    pub fn eval(&mut self, expr: &'a Expr, state: &mut State) -> Value {
        match &expr.kind {
            ExprKind::Ident(ident) => state.hold(self.scopes.var(ident)?).cloned(),
            ExprKind::Paren(inner) | ExprKind::TypeAssert { operand: inner, .. } => self.eval(inner, state),
            ExprKind::Selector { operand, field } => self.selector(expr, operand, field, state),
            ExprKind::Call(call) => self.call(call, state).into_iter().next().flatten(),
            ExprKind::AddressOf(inner) => self.eval(inner, state).map(|hold| match hold {
                Hold::Itself => Hold::Inside(None),
                other => other,
            }),
            ExprKind::Pointer(inner) => match self.eval(inner, state) {
                Some(Hold::Inside(None)) => Some(Hold::Itself),
                other => other,
            },
            ExprKind::Binary { left, right, .. } => {
                self.eval(left, state);
                self.eval(right, state);
                None
            }
            ExprKind::Unary { operand, .. } => {
                self.eval(operand, state);
                None
            }
            ExprKind::Receive(channel) => {
                let hold = self.eval(channel, state);
                self.joined_by(channel, state);
                hold
            }
            ExprKind::Index { operand, indices } => {
                indices.iter().for_each(|index| drop(self.eval(index, state)));
                match self.eval(operand, state) {
                    Some(Hold::Inside(_)) => Some(Hold::Itself),
                    other => other,
                }
            }
            ExprKind::Slice { operand, bounds } => {
                bounds.iter().for_each(|bound| drop(self.eval(bound, state)));
                self.eval(operand, state)
            }
            ExprKind::Composite { elements, .. } => self.composite(elements, state),
            ExprKind::FuncLit(literal) => self.literal(literal, state),
            _ => None,
        }
    }

    fn eval_many(&mut self, expr: &'a Expr, state: &mut State) -> Vec<Value> {
        if let Some(call) = expr.as_call() {
            return self.call(call, state);
        }
        match (&expr.unparen().kind, self.eval(expr, state)) {
            (ExprKind::TypeAssert { .. }, Some(Hold::Itself)) => vec![Some(Hold::Itself), Some(Hold::Sure)],
            (_, value) => vec![value],
        }
    }

    fn selector(&mut self, expr: &'a Expr, operand: &'a Expr, field: &Ident, state: &mut State) -> Value {
        match self.eval(operand, state)? {
            Hold::Itself if self.oracle.is_release(&field.name, None) => Some(Hold::Function { releases: true }),
            Hold::Itself | Hold::Handle(_) => self.oracle.part(expr),
            Hold::Inside(Some(name)) if name == field.name => Some(Hold::Itself),
            Hold::Inside(_) if self.oracle.is_method(operand, &field.name) => Some(Hold::Function { releases: false }),
            Hold::Inside(Some(_)) => None,
            other => Some(other),
        }
    }

    fn composite(&mut self, elements: &'a [Element], state: &mut State) -> Value {
        let mut value = None;
        for element in elements {
            let field = element.key.as_ref().and_then(Expr::as_ident).map(|ident| ident.name.clone());
            if let Some(key) = &element.key
                && key.as_ident().is_none()
            {
                self.eval(key, state);
            }
            let hold = self.eval(&element.value, state).map(|hold| hold.wrapped(field));
            value = Hold::join(value, hold);
        }
        value
    }

    /// A function literal as a value: what it would do with the holders that it mentions.
    fn literal(&mut self, literal: &'a FuncLit, state: &mut State) -> Value {
        let effect = self.effect(self.scopes.literal(literal)?, state)?;
        Some(Hold::Function { releases: effect == Effect::Releases })
    }

    /// What calling the literal would do to the resource; `None` when it does not mention any holder.
    fn effect(&mut self, body: BodyId, state: &State) -> Option<Effect> {
        if !mentions(self.scopes.body(body).block, self.scopes, &|var| state.hold(var).is_some()) {
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

    fn walk_literal(&self, body: BodyId, entry: State) -> Effect {
        let Some((holder, _)) = entry.holders.first() else {
            return Effect::Uses;
        };
        let source = Source::Variable(*holder);
        let Ok(life) = walk(self.scopes, body, source, entry, self.oracle, self.budget) else {
            return Effect::Uses;
        };
        let released = |state: &State| matches!(state.phase, Phase::Released(_)) || state.due.is_some();
        let counts = |exit: &&Exit| !matches!(exit.kind, ExitKind::Stop(_)) && exit.state.phase != Phase::Nil;
        let ways: Vec<_> = life.exits.iter().filter(counts).collect();
        let count = ways.iter().filter(|exit| released(&exit.state)).count();
        if count > 0 {
            let on_error = asks_for_error(self.scopes.body(body).block);
            return if count == ways.len() { Effect::Releases } else { Effect::MayRelease { on_error } };
        }
        let given = ways.iter().find_map(|exit| match exit.state.phase {
            Phase::Given(id) => Some(life.events[id.0 as usize].clone()),
            _ => None,
        });
        given.map_or(Effect::Uses, Effect::Gives)
    }

    /// Evaluates a call to the values of its results.
    fn call(&mut self, call: &'a Call, state: &mut State) -> Vec<Value> {
        if let Some(body) = self.called_literal(&call.function) {
            self.arguments(call, state);
            let effect = self.effect_with_args(call, body, state);
            return self.ran(effect, call.span, state);
        }
        let receiver = match &call.function.unparen().kind {
            ExprKind::Selector { operand, field } => self.eval(operand, state).map(|hold| (hold, field)),
            _ => None,
        };
        let function = match (&receiver, &call.function.unparen().kind) {
            (None, ExprKind::Ident(_) | ExprKind::Index { .. } | ExprKind::Call(_)) => self.eval(&call.function, state),
            _ => None,
        };
        let args = self.arguments(call, state);
        if self.is_source(call) {
            return self.acquired(call, state);
        }
        self.known_error(call, state);
        let mut results: Vec<Value> = Vec::new();
        if let Some(part) = self.released_part(call, state) {
            self.release(state, call.span, Certainty::Assumed, &part);
            return Vec::new();
        }
        let family = matches!(receiver, Some((Hold::Itself | Hold::Handle(_), _)));
        if let Some((hold, field)) = receiver {
            if hold == Hold::Itself && self.oracle.is_release(&field.name, Some(call.args.len())) {
                self.released_by.extend(call.args.is_empty().then(|| field.name.to_string()));
                self.release(state, call.span, Certainty::Proved, "released");
                return results;
            }
            let passed = self.oracle.passed(call, Place::Receiver, &hold);
            self.take(call.span, &hold, passed, state, &mut results);
        }
        if let Some(Hold::Function { releases: true }) = function {
            self.release(state, call.span, Certainty::Proved, "released by this function");
        }
        for (at, value) in args.into_iter().enumerate() {
            // What a method of the resource, or of something made from it, keeps of another such thing stays in the family.
            if let Some(hold) = value.filter(|hold| !(family && matches!(hold, Hold::Handle(_) | Hold::Function { releases: false }))) {
                let passed = self.oracle.passed(call, Place::Arg(at), &hold);
                self.take(call.span, &hold, passed, state, &mut results);
            }
        }
        self.waited(call, state);
        if self.oracle.serves(call) {
            state.serving = Some(self.event(call.span, EventKind::Serving, Certainty::Proved, "the process serves from here on"));
        }
        results
    }

    /// `client.conn.Close()`: what is released is a field of the resource, which is the resource for most that embed one.
    fn released_part(&self, call: &'a Call, state: &State) -> Option<String> {
        let ExprKind::Selector { operand, field: method } = &call.function.unparen().kind else { return None };
        let ExprKind::Selector { operand: base, field } = &operand.unparen().kind else { return None };
        let whole = self.peek(base, state) == Some(Hold::Itself);
        (whole && self.oracle.is_release(&method.name, Some(call.args.len()))).then(|| format!("released through its field `{}`", field.name))
    }

    fn arguments(&mut self, call: &'a Call, state: &mut State) -> Vec<Value> {
        match call.args.as_slice() {
            [one] if one.as_call().is_some() => self.eval_many(one, state),
            args => args.iter().map(|arg| self.eval(arg, state)).collect(),
        }
    }

    fn is_source(&self, call: &Call) -> bool {
        matches!(self.source, Source::Call { span, .. } if span == call.span)
    }

    fn acquired(&mut self, call: &Call, state: &mut State) -> Vec<Value> {
        let Source::Call { result, error, success, .. } = self.source else {
            return Vec::new();
        };
        // A container or a function may still have the last one.
        let alone = state.holders.iter().all(|(_, hold)| !matches!(hold, Hold::Inside(_) | Hold::Function { .. }));
        let unheld = state.due.is_none() && state.maybe_due.is_none() && state.running.is_none();
        if state.is_open() && alone && unheld && !self.is_pending(state) {
            self.again.push((call.span, state.clone()));
        }
        let phase = if error.is_some() { Phase::Unchecked } else { Phase::Open };
        *state = State { phase, pending: std::mem::take(&mut state.pending), serving: state.serving, ..State::start() };
        let mut results = vec![None; result + 1];
        results[result] = Some(Hold::Itself);
        if let Some(success) = success.filter(|success| *success != result) {
            results.resize(results.len().max(success + 1), None);
            results[success] = Some(Hold::Success);
        }
        results
    }

    /// `check(err)`: after it the error is nil. A nested `must(New())` tells by its own argument.
    fn known_error(&mut self, call: &'a Call, state: &mut State) {
        if state.phase != Phase::Unchecked {
            return;
        }
        let about = |expr: &Expr| expr.as_ident().and_then(|ident| self.scopes.var(ident)).is_some_and(|var| state.error == Some(var));
        let at = match (self.source, call.args.as_slice()) {
            (Source::Call { span, error, .. }, [one]) if one.unparen().span == span => error,
            (_, args) => args.iter().position(about),
        };
        if at.is_some_and(|at| self.oracle.stops_on_error(call, at)) {
            state.phase = Phase::Open;
        }
    }

    /// What a callee did with a value, applied.
    fn take(&mut self, span: Span, hold: &Hold, passed: Passed, state: &mut State, results: &mut Vec<Value>) {
        for (index, held) in passed.results {
            if results.len() <= index {
                results.resize(index + 1, None);
            }
            results[index] = Hold::join(results[index].take(), Some(held));
        }
        match passed.fate {
            PassedFate::Lends => {}
            PassedFate::Releases => self.release(state, span, passed.certainty, "released by this call"),
            PassedFate::WillRelease => {
                let id = self.event(span, EventKind::Released, passed.certainty, "released when the test ends");
                state.due.get_or_insert(id);
            }
            PassedFate::Runs => {
                let id = self.event(span, EventKind::Running, passed.certainty, "used by a goroutine started here");
                state.running = Some(id);
            }
            PassedFate::Keeps { verdict, words } => self.hand(state, span, hold, verdict, passed.certainty, &words),
        }
    }

    /// A function literal ran here.
    fn ran(&mut self, effect: Option<Effect>, span: Span, state: &mut State) -> Vec<Value> {
        match effect {
            Some(Effect::Releases) => self.release(state, span, Certainty::Proved, "released by this function"),
            Some(Effect::MayRelease { .. }) => self.release(state, span, Certainty::Assumed, "released by this function under a condition"),
            Some(Effect::Gives(event)) => match event.kind {
                EventKind::Given(Verdict::Returned) => return vec![Some(Hold::Itself)],
                EventKind::Given(verdict) => self.give(state, event.span, verdict, event.certainty, event.words),
                _ => {}
            },
            Some(Effect::Uses) | None => {}
        }
        Vec::new()
    }

    /// As `effect`, where the literal's parameters hold what the call passes to them.
    fn effect_with_args(&mut self, call: &'a Call, body: BodyId, state: &State) -> Option<Effect> {
        let mut inner = state.clone();
        for (at, arg) in call.args.iter().enumerate() {
            let param = self.scopes.param(body, ParamIndex::At(at as u32));
            if let (Some(hold), Some(param)) = (self.peek(arg, state), param) {
                inner.set(param, Some(hold));
            }
        }
        self.effect(body, &inner)
    }

    /// The literal that is called: on the spot, or through a local variable, which may be older than the resource.
    fn called_literal(&self, function: &Expr) -> Option<BodyId> {
        if let Some(literal) = as_literal(function) {
            return self.scopes.literal(literal);
        }
        let var = self.scopes.var(function.as_ident()?)?;
        match self.scopes.info(var).origin {
            VarOrigin::Value { value, .. } => self.scopes.literal(as_literal(value)?),
            _ => None,
        }
    }

    fn defer(&mut self, expr: &'a Expr, state: &mut State) {
        let Some(call) = expr.as_call() else {
            self.eval(expr, state);
            return;
        };
        if let Some(body) = self.called_literal(&call.function) {
            self.arguments(call, state);
            return self.deferred_literal(call, body, state);
        }
        let mut after = State { phase: if state.is_open() { Phase::Open } else { state.phase }, ..state.clone() };
        self.call(call, &mut after);
        match (after.phase, state.is_open()) {
            (Phase::Released(_), true) => self.due(call.span, state),
            (Phase::Given(id), true) => {
                let event = self.events[id.0 as usize].clone();
                self.due_to_be_given(event, state);
            }
            _ => state.due = state.due.or(after.due),
        }
    }

    /// A deferred literal sees variables as they are on the way out, and its parameters as they are now.
    fn deferred_literal(&mut self, call: &'a Call, body: BodyId, state: &mut State) {
        let by_argument = call.args.iter().any(|arg| self.peek(arg, state).is_some());
        if !by_argument {
            if !state.pending.contains(&body) {
                state.pending.push(body);
            }
            return;
        }
        match self.effect_with_args(call, body, state) {
            Some(Effect::Releases) => self.due(call.span, state),
            Some(Effect::MayRelease { .. }) => {
                let id = self.event(call.span, EventKind::Released, Certainty::Assumed, "released by this defer under a condition");
                state.maybe_due.get_or_insert(id);
            }
            Some(Effect::Gives(event)) => self.due_to_be_given(event, state),
            Some(Effect::Uses) | None => {}
        }
    }

    fn due(&mut self, span: Span, state: &mut State) {
        let id = self.event(span, EventKind::Released, Certainty::Proved, "released by this defer");
        if state.due.is_some() {
            state.twice = Some(id);
        }
        state.due.get_or_insert(id);
    }

    fn due_to_be_given(&mut self, event: Event, state: &mut State) {
        if let EventKind::Given(verdict) = event.kind {
            self.give(state, event.span, verdict, Certainty::Assumed, event.words);
        }
    }

    fn go(&mut self, expr: &'a Expr, state: &mut State) {
        let Some(call) = expr.as_call() else {
            return;
        };
        let mut holds = false;
        if let Some(body) = self.called_literal(&call.function) {
            let effect = self.effect_with_args(call, body, state);
            if effect == Some(Effect::Releases) {
                return self.give(state, call.span, Verdict::Captured, Certainty::Proved, "handed to a goroutine that releases it");
            }
            holds |= effect.is_some();
        } else if let ExprKind::Selector { operand, .. } = &call.function.unparen().kind {
            holds |= self.eval(operand, state).is_some();
        } else {
            holds |= self.eval(&call.function, state).is_some();
        }
        holds |= self.arguments(call, state).iter().any(Option::is_some);
        if holds && state.is_open() {
            let id = self.event(expr.span, EventKind::Running, Certainty::Assumed, "used by a goroutine started here");
            state.running = Some(id);
        }
    }

    /// `wg.Wait()` and the like end the goroutines that were started before.
    fn waited(&mut self, call: &'a Call, state: &mut State) {
        let is_wait = matches!(&call.function.unparen().kind, ExprKind::Selector { field, .. } if &*field.name == "Wait");
        if is_wait && call.args.is_empty() {
            state.running = None;
        }
    }

    /// A receive from a channel that the running goroutine closes or sends on.
    fn joined_by(&mut self, channel: &Expr, state: &mut State) {
        let Some(var) = channel.as_ident().and_then(|ident| self.scopes.var(ident)) else {
            return;
        };
        let Some(EventId(at)) = state.running else { return };
        let span = self.events[at as usize].span;
        let literal = self.scopes.bodies.iter().find(|body| span.contains(body.block.span));
        if literal.is_some_and(|body| mentions(body.block, self.scopes, &|used| used == var)) {
            state.running = None;
        }
    }

    /// The values of a `return` leave the body.
    pub fn returned(&mut self, stmt: &'a Stmt, state: &mut State) {
        let StmtKind::Return(exprs) = &stmt.kind else { return };
        let count = self.scopes.body(self.body).signature.results.len();
        let values = if exprs.is_empty() { self.named_results(state) } else { self.values(exprs, count, state) };
        for (index, hold) in values.into_iter().enumerate().filter_map(|(index, value)| Some((index, value?))) {
            if matches!(hold, Hold::Handle(_)) && !self.oracle.result_carries(self.body, index) {
                continue;
            }
            self.hand(state, stmt.span, &hold, Verdict::Returned, Certainty::Proved, "returned");
            self.left.insert((index, hold));
        }
        self.ended(state);
    }

    fn named_results(&self, state: &State) -> Vec<Value> {
        let count = self.scopes.body(self.body).signature.results.len();
        (0..count).map(|index| state.hold(self.scopes.result(self.body, index)?).cloned()).collect()
    }

    /// On the way out: deferred literals run, and a goroutine that nobody waited for keeps the resource.
    pub fn ended(&mut self, state: &mut State) {
        for body in std::mem::take(&mut state.pending).into_iter().rev() {
            let effect = self.effect(body, state);
            let span = self.scopes.body(body).block.span;
            match effect {
                Some(Effect::Releases) if state.is_open() => self.release(state, span, Certainty::Proved, "released by this deferred function"),
                // The one that is released where something failed is still open where nothing did.
                Some(Effect::MayRelease { on_error: false }) if state.is_open() => {
                    self.release(state, span, Certainty::Assumed, "released by this deferred function under a condition");
                }
                Some(Effect::MayRelease { on_error: true }) if state.is_open() => {
                    let id = self.event(span, EventKind::Released, Certainty::Assumed, "released where something failed");
                    state.on_error = Some(id);
                }
                Some(Effect::Gives(event)) if state.is_open() => self.due_to_be_given(event, state),
                _ => {}
            }
        }
        let ours = state.is_open() && state.due.is_none() && !self.oracle.ends_process(self.body);
        if let (true, Some(EventId(at))) = (ours, state.running) {
            let Event { span, certainty, words, .. } = self.events[at as usize].clone();
            self.give(state, span, Verdict::Captured, certainty, words);
        }
    }

    /// Whether a deferred literal is going to release what is open now.
    fn is_pending(&mut self, state: &State) -> bool {
        let pending = state.pending.clone();
        pending.into_iter().any(|body| matches!(self.effect(body, state), Some(Effect::Releases | Effect::MayRelease { .. })))
    }
}

/// What calling a function literal does to the resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    Uses,
    Releases,
    /// On some of its ways; `on_error`: on those where an error is not nil.
    MayRelease { on_error: bool },
    Gives(Event),
}

fn as_literal(function: &Expr) -> Option<&FuncLit> {
    match &function.unparen().kind {
        ExprKind::FuncLit(literal) => Some(literal),
        _ => None,
    }
}

/// Whether a block's first branch is on an error: `if err != nil { … }`.
fn asks_for_error(block: &Block) -> bool {
    let asks = |expr: &Expr| matches!(&expr.unparen().kind, ExprKind::Binary { op: BinaryOp::NotEqual, left, right }
        if right.is_nil() && left.as_ident().is_some_and(|ident| ident.name.contains("err") || ident.name.contains("Err")));
    block.stmts.iter().any(|stmt| matches!(&stmt.kind, StmtKind::If(branch) if asks(&branch.condition)))
}

/// The identifier at the bottom of `a.b[c].d`.
fn root(expr: &Expr) -> Option<&Ident> {
    match &expr.unparen().kind {
        ExprKind::Ident(ident) => Some(ident),
        ExprKind::Selector { operand, .. } | ExprKind::Index { operand, .. } => root(operand),
        ExprKind::Pointer(operand) => root(operand),
        _ => None,
    }
}

fn root_name(expr: &Expr) -> Option<&Arc<str>> {
    root(expr).map(|ident| &ident.name)
}

/// `T{…}`, `&T{…}`, `new(T)`, `make(…)`: a value that nobody else has.
fn is_literal(value: &Expr) -> bool {
    match &value.unparen().kind {
        ExprKind::Composite { .. } => true,
        ExprKind::AddressOf(inner) => is_literal(inner),
        ExprKind::Call(call) => call.function.as_ident().is_some_and(|name| matches!(&*name.name, "new" | "make" | "nev")),
        _ => false,
    }
}

/// Whether a block uses a variable that `wanted` accepts.
pub fn mentions(block: &Block, scopes: &Scopes, wanted: &dyn Fn(VarId) -> bool) -> bool {
    scopes.uses_in(block.span).any(wanted)
}
