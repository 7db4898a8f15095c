//! What one statement or expression does to a [`State`]: values that hold on to the resource are followed
//! into calls and out of the body. Assignments are `bind`'s, function literals and what runs later `later`'s.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use crate::analysis::dataflow::assignments::{in_package, root};
use crate::analysis::dataflow::deferred::Effect;
use crate::analysis::dataflow::flags;
use crate::analysis::dataflow::state::*;
use crate::analysis::dataflow::walk::{ErrorAt, Operand, Oracle, ParamEffect, ParamOutcome, Source, failed};
use crate::analysis::graph::control_flow::Step;
use crate::analysis::graph::known;
use crate::analysis::graph::scopes::{BodyId, Scopes, VarId};
use crate::base::diagnostic::{Certainty, Verdict};
use crate::base::text::Span;
use crate::go::syntax::ast::*;
use crate::go::types::release::Gives;

/// A method called on the resource, over all ways that lead to the call.
#[derive(Debug, Clone, Copy)]
pub struct Used {
    /// The method releases it.
    pub release: bool,
    /// It is not released yet on some way.
    pub open: bool,
    /// It is released already, at this event, on some way.
    pub released: Option<EventId>,
    /// A deferred release is due on some way.
    pub due: Option<EventId>,
}

/// How a value holds on to the resource, if it does.
pub type Value = Option<Alias>;

/// The walk's running half: scopes and oracle, and the events found so far.
pub struct Walk<'a, 'w> {
    pub scopes: &'w Scopes<'a>,
    pub body: BodyId,
    pub(crate) sources: &'w [Source],
    pub(crate) oracle: &'w dyn Oracle<'a>,
    pub events: Vec<Event>,
    /// Acquisitions that ran again while the resource was open.
    pub again: Vec<(Span, State)>,
    /// The results through which it left, and how they hold on to it.
    pub left: BTreeSet<(usize, Alias)>,
    /// The parameters that it was put into, for the callers of a function that is summed up.
    pub puts: BTreeMap<VarId, String>,
    /// Where a field of the resource itself is set that is not exported.
    pub altered: Option<Span>,
    /// The methods without arguments that were called on the resource to release it.
    pub released_by: BTreeSet<String>,
    /// The methods called on the resource, by call.
    pub used: BTreeMap<Span, Used>,
    /// The deferred calls that wait for the way out, by their place.
    pub(crate) deferred: FxHashMap<Span, &'a Call>,
    /// Block visits left.
    pub(crate) budget: &'w Cell<usize>,
    pub(crate) effects: FxHashMap<(BodyId, State), Option<Effect>>,
    /// The bools that never change, as they are where the resource is acquired.
    pub(crate) given: Vec<(VarId, bool)>,
    /// The bools that are followed, sorted.
    pub(crate) flags: Vec<VarId>,
}

impl<'a, 'w> Walk<'a, 'w> {
    pub fn new(
        scopes: &'w Scopes<'a>,
        body: BodyId,
        sources: &'w [Source],
        oracle: &'w dyn Oracle<'a>,
        budget: &'w Cell<usize>,
    ) -> Walk<'a, 'w> {
        Walk {
            scopes,
            body,
            sources,
            oracle,
            events: Vec::new(),
            again: Vec::new(),
            left: BTreeSet::new(),
            puts: BTreeMap::new(),
            altered: None,
            released_by: BTreeSet::new(),
            used: BTreeMap::new(),
            deferred: FxHashMap::default(),
            budget,
            effects: FxHashMap::default(),
            given: if let [source] = sources { source.given(scopes, body) } else { Vec::new() },
            flags: flags::followed(scopes, body),
        }
    }

    pub(crate) fn event(
        &mut self,
        span: Span,
        kind: EventKind,
        certainty: Certainty,
        words: impl Into<String>,
    ) -> EventId {
        let event = Event { span, kind, certainty, words: words.into() };
        let at = self.events.iter().position(|known| *known == event).unwrap_or_else(|| {
            self.events.push(event);
            self.events.len() - 1
        });
        EventId(at as u32)
    }

    pub(crate) fn give(
        &mut self,
        state: &mut State,
        span: Span,
        verdict: Verdict,
        certainty: Certainty,
        words: impl Into<String>,
    ) {
        // What is sure speaks louder than that a callee may have kept it, or that a goroutine may still have
        // it.
        let supposed = |id: EventId| {
            let event = &self.events[id.0 as usize];
            let supposed = matches!(
                event.kind,
                EventKind::Given(Verdict::PassedOn | Verdict::Captured | Verdict::Stored)
            );
            supposed && event.certainty == Certainty::Assumed
        };
        let surer = certainty == Certainty::Proved && matches!(state.phase, Phase::Given(id) if supposed(id));
        if state.is_open() || surer {
            let id = self.event(span, EventKind::Given(verdict), certainty, words);
            state.phase = Phase::Given(id);
        }
    }

    pub(crate) fn release(&mut self, state: &mut State, span: Span, certainty: Certainty, words: &str) {
        let id = self.event(span, EventKind::Released, certainty, words);
        if matches!(state.phase, Phase::Open | Phase::Unchecked | Phase::Given(_)) {
            state.phase = Phase::Released(id);
        }
    }

    /// Notes that a method of the resource is called here.
    fn note_use(&mut self, call: &'a Call, release: bool, state: &State) {
        let used =
            self.used.entry(call.span).or_insert(Used { release, open: false, released: None, due: None });
        match state.phase {
            Phase::Released(id) => used.released = Some(id),
            Phase::Before | Phase::Nil => {}
            _ => used.open = true,
        }
        used.due = used.due.or(state.due);
    }

    /// Runs one step of a block.
    pub fn step(&mut self, step: &Step<'a>, state: &mut State) {
        match step {
            Step::Stmt(stmt) => self.stmt(stmt, state),
            Step::Eval(expr) => drop(self.eval(expr, state)),
            Step::Alias { alias, value } => {
                let value =
                    self.eval(value, state).filter(|alias| matches!(alias, Alias::Itself | Alias::Inside(_)));
                if let Some(var) = self.scopes.var(alias) {
                    self.bind_var(var, alias.span, value, state);
                }
            }
            Step::Range { left, right } => self.range(left, right, state),
            Step::Communication(communication) => self.communication(communication, state),
            Step::Enter(_) | Step::After(_) => {}
        }
    }

    pub(crate) fn stmt(&mut self, stmt: &'a Stmt, state: &mut State) {
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

    pub(crate) fn send(&mut self, channel: &'a Expr, value: &'a Expr, state: &mut State) {
        self.eval(channel, state);
        if let Some(alias) = self.eval(value, state) {
            self.hand(state, value.span, &alias, Verdict::Stored, Certainty::Proved, "sent on a channel");
        }
    }

    /// Hands on a value that holds on to the resource; one made from it makes it live on.
    pub(crate) fn hand(
        &mut self,
        state: &mut State,
        span: Span,
        alias: &Alias,
        verdict: Verdict,
        certainty: Certainty,
        words: &str,
    ) {
        match alias {
            Alias::Handle(tie) => {
                let words = format!("something made from it is {words}");
                self.give(state, span, Verdict::LivesOn, certainty.and(*tie), words);
            }
            Alias::Function { releases: true } => {
                self.give(state, span, verdict, certainty, format!("a function that releases it is {words}"))
            }
            Alias::Function { .. } => {
                self.give(state, span, verdict, certainty, format!("a function that uses it is {words}"))
            }
            Alias::Inside(_) => {
                self.give(state, span, verdict, certainty, format!("{words}, inside of another value"))
            }
            Alias::Itself => self.give(state, span, verdict, certainty, words),
            Alias::Sure | Alias::Success => {}
        }
    }

    pub(crate) fn communication(&mut self, communication: &'a Communication, state: &mut State) {
        match communication {
            Communication::Send { channel, value } => self.send(channel, value, state),
            Communication::Receive { left, right, .. } => {
                let value = self.eval(right, state);
                self.bind_all(left, vec![value], state);
            }
        }
    }

    /// Evaluates an expression of one value.
    pub fn eval(&mut self, expr: &'a Expr, state: &mut State) -> Value {
        match &expr.kind {
            ExprKind::Ident(ident) => match self.scopes.var(ident) {
                Some(var) => state.alias(var).cloned(),
                None => self.in_package(ident, state),
            },
            ExprKind::Paren(inner) | ExprKind::TypeAssert { operand: inner, .. } => self.eval(inner, state),
            ExprKind::Selector { operand, field } => self.selector(expr, operand, field, state),
            ExprKind::Call(call) => self.call(call, state).into_iter().next().flatten(),
            ExprKind::AddressOf(inner) => self.eval(inner, state).map(|alias| match alias {
                Alias::Itself => Alias::Inside(None),
                other => other,
            }),
            ExprKind::Pointer(inner) => match self.eval(inner, state) {
                Some(Alias::Inside(None)) => Some(Alias::Itself),
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
                let alias = self.eval(channel, state);
                self.joined_by(channel, state);
                if self.oracle.is_told_to_end(channel) {
                    let words = "the process serves until it is told to end here";
                    state.serving = Some(self.event(expr.span, EventKind::Serving, Certainty::Proved, words));
                }
                alias
            }
            ExprKind::Index { operand, indices } => {
                indices.iter().for_each(|index| drop(self.eval(index, state)));
                match self.eval(operand, state) {
                    Some(Alias::Inside(_)) => Some(Alias::Itself),
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

    /// A package variable that got the resource in this body is one more name for it here.
    fn in_package(&self, ident: &Ident, state: &State) -> Value {
        let Phase::Given(id) = state.phase else { return None };
        let event = &self.events[id.0 as usize];
        (event.kind == EventKind::Given(Verdict::Global) && event.words == in_package(ident))
            .then_some(Alias::Itself)
    }

    pub(crate) fn eval_many(&mut self, expr: &'a Expr, state: &mut State) -> Vec<Value> {
        if let Some(call) = expr.as_call() {
            return self.call(call, state);
        }
        match (&expr.unparen().kind, self.eval(expr, state)) {
            (ExprKind::TypeAssert { .. }, Some(Alias::Itself)) => {
                vec![Some(Alias::Itself), Some(Alias::Sure)]
            }
            (_, value) => vec![value],
        }
    }

    pub(crate) fn selector(
        &mut self,
        expr: &'a Expr,
        operand: &'a Expr,
        field: &Ident,
        state: &mut State,
    ) -> Value {
        match self.eval(operand, state)? {
            Alias::Itself if self.oracle.is_part(&field.name) => Some(Alias::Itself),
            Alias::Itself if self.oracle.is_release(&field.name, None) => {
                Some(Alias::Function { releases: true })
            }
            Alias::Itself | Alias::Handle(_) => self.oracle.part(expr),
            alias @ Alias::Inside(_) if self.oracle.is_method(operand, &field.name) => {
                Some(Alias::Function { releases: self.oracle.method_releases(operand, &field.name, &alias) })
            }
            Alias::Inside(Some(paths)) => paths.part(&field.name),
            Alias::Inside(None) if self.oracle.is_resource(expr) => Some(Alias::Itself),
            // A part whose type has no room for it has nothing of it.
            alias @ (Alias::Inside(None) | Alias::Function { .. }) => self.oracle.part(expr).map(|_| alias),
            other => Some(other),
        }
    }

    pub(crate) fn composite(&mut self, elements: &'a [Element], state: &mut State) -> Value {
        let mut value = None;
        for element in elements {
            let field = element.key.as_ref().and_then(Expr::as_ident).map(|ident| ident.name.clone());
            if let Some(key) = &element.key
                && key.as_ident().is_none()
            {
                self.eval(key, state);
            }
            let alias = self.eval(&element.value, state).map(|alias| alias.wrapped(field));
            value = Alias::join(value, alias);
        }
        value
    }

    /// Evaluates a call to the values of its results.
    pub(crate) fn call(&mut self, call: &'a Call, state: &mut State) -> Vec<Value> {
        let source = self.source_at(call.span);
        if let Some(assigned @ Source::Assigned { .. }) = source {
            self.arguments(call, state);
            return self.acquired(assigned, call.span, state);
        }
        if let Some(body) = self.called_literal(&call.function) {
            let args = self.arguments(call, state);
            let effect = self.effect_with_args(&args, body, state);
            return self.ran(effect, call.span, state);
        }
        let receiver = match &call.function.unparen().kind {
            ExprKind::Selector { operand, field } => self.eval(operand, state).map(|alias| (alias, field)),
            _ => None,
        };
        let function = match (&receiver, &call.function.unparen().kind) {
            (None, ExprKind::Ident(_) | ExprKind::Index { .. } | ExprKind::Call(_)) => {
                self.eval(&call.function, state)
            }
            _ => None,
        };
        let args = self.arguments(call, state);
        if let Some(source) = source {
            let results = self.acquired(source, call.span, state);
            self.acquired_by_argument(source, call, state);
            return results;
        }
        self.known_error(call, state);
        let mut results: Vec<Value> = Vec::new();
        if self.is_released_by(call, &receiver, &function, &args, state) {
            self.release(state, call.span, Certainty::Proved, "released");
            return results;
        }
        let itself = matches!(receiver, Some((Alias::Itself, _)));
        if let Some(part) = self.released_part(call, state).filter(|_| !itself) {
            self.release(state, call.span, Certainty::Assumed, &part);
            return Vec::new();
        }
        let family = matches!(receiver, Some((Alias::Itself | Alias::Handle(_) | Alias::Inside(_), _)));
        if let Some((alias, field)) = receiver {
            if alias == Alias::Itself && self.oracle.is_release(&field.name, Some(call.args.len())) {
                self.released_by.extend(call.args.is_empty().then(|| field.name.to_string()));
                self.note_use(call, true, state);
                self.release(state, call.span, Certainty::Proved, "released");
                return results;
            }
            if alias == Alias::Itself {
                self.note_use(call, false, state);
            }
            if alias == (Alias::Function { releases: true }) && self.is_field(call) {
                self.release(state, call.span, Certainty::Assumed, "released by this function");
                return results;
            }
            let passed = self.oracle.passed(call, Operand::Receiver, &alias);
            self.take(call, &alias, passed, state, &mut results);
            // Who is stopped, or waited for, has no goroutines left that use it.
            if matches!(alias, Alias::Inside(_)) && known::joins(&field.name) {
                state.running = None;
            }
        }
        match function {
            Some(Alias::Function { releases: true }) => {
                self.release(state, call.span, Certainty::Proved, "released by this function");
            }
            Some(Alias::Function { releases: false }) => self.filled(call, state),
            _ => {}
        }
        for (at, value) in args.into_iter().enumerate() {
            // What a method of the resource, or of something made from it, keeps of another such thing stays
            // in the family.
            if let Some(alias) = value.filter(|alias| {
                !(family && matches!(alias, Alias::Handle(_) | Alias::Function { releases: false }))
            }) {
                let passed = self.oracle.passed(call, Operand::Arg(at), &alias);
                // Whoever gets a function may call it. What is made from the resource stays in the body's own
                // variables.
                if let Some((span, verdict, words)) =
                    call.args.get(at).and_then(|arg| self.given_by(arg, state))
                    && (matches!(passed.outcome, ParamOutcome::Runs) || verdict != Verdict::LivesOn)
                {
                    let certainty = passed.certainty.and(Certainty::Assumed);
                    self.give(state, span, verdict, certainty, words);
                }
                self.take(call, &alias, passed, state, &mut results);
            }
        }
        self.waited(call, state);
        if self.oracle.serves(call) {
            state.serving = Some(self.event(
                call.span,
                EventKind::Serving,
                Certainty::Proved,
                "the process serves from here on",
            ));
        }
        results
    }

    /// Whether the call is a release that is no method of the resource: `cancel()`, `j.cancel()`,
    /// `signal.Stop(c)`, `os.Remove(f.Name())`.
    fn is_released_by(
        &mut self,
        call: &'a Call,
        receiver: &Option<(Alias, &'a Ident)>,
        function: &Value,
        args: &[Value],
        state: &State,
    ) -> bool {
        if self.oracle.is_function() {
            let part = match receiver {
                Some((Alias::Inside(Some(paths)), field)) => paths.part(&field.name),
                _ => None,
            };
            if *function == Some(Alias::Itself) || part == Some(Alias::Itself) {
                return true;
            }
        }
        args.iter().enumerate().any(|(at, value)| {
            if *value == Some(Alias::Itself) && self.oracle.is_release_of(call, at, None) {
                return true;
            }
            // `f.Name()`
            let asked = call.args.get(at).and_then(Expr::as_call).map(|inner| &inner.function.unparen().kind);
            match asked {
                Some(ExprKind::Selector { operand, field }) => {
                    self.peek(operand, state) == Some(Alias::Itself)
                        && self.oracle.is_release_of(call, at, Some(&field.name))
                }
                _ => false,
            }
        })
    }

    /// What the call makes of its argument: the variable there is the resource then.
    fn acquired_by_argument(&mut self, source: Source, call: &'a Call, state: &mut State) {
        let Source::Call { gives: Gives::Argument(at), .. } = source else { return };
        let Some(arg) = call.args.get(at) else { return };
        self.bind(arg, Some(Alias::Itself), state);
    }

    /// Whether a field of function type is called: `s.stop()`, and no method.
    fn is_field(&self, call: &'a Call) -> bool {
        match &call.function.unparen().kind {
            ExprKind::Selector { operand, field } => !self.oracle.is_method(operand, &field.name),
            _ => false,
        }
    }

    /// `apply(&s.settings)`, where the function brings the resource along: what it gets by pointer may hold
    /// it then.
    fn filled(&mut self, call: &'a Call, state: &mut State) {
        for arg in &call.args {
            let pointed = match &arg.unparen().kind {
                ExprKind::AddressOf(inner) => root(inner),
                _ => arg.as_ident(),
            };
            if let Some(var) = pointed.and_then(|ident| self.scopes.var(ident))
                && self.is_own(var)
                && self.oracle.carries(var)
                && state.alias(var).is_none()
            {
                state.set(var, Some(Alias::Inside(None)));
            }
        }
    }

    /// `client.conn.Close()`: what is released is a field of the resource, which is the resource for most
    /// that embed one.
    pub(crate) fn released_part(&self, call: &'a Call, state: &State) -> Option<String> {
        let ExprKind::Selector { operand, field: method } = &call.function.unparen().kind else {
            return None;
        };
        let ExprKind::Selector { operand: base, field } = &operand.unparen().kind else { return None };
        let whole = self.peek(base, state) == Some(Alias::Itself);
        (whole && self.oracle.is_release(&method.name, Some(call.args.len())))
            .then(|| format!("released through its field `{}`", field.name))
    }

    pub(crate) fn arguments(&mut self, call: &'a Call, state: &mut State) -> Vec<Value> {
        match call.args.as_slice() {
            [one] if one.as_call().is_some() => self.eval_many(one, state),
            args => args.iter().map(|arg| self.eval(arg, state)).collect(),
        }
    }

    /// What the call at `span` is a source of.
    pub(crate) fn source_at(&self, span: Span) -> Option<Source> {
        self.sources.iter().copied().find(|source| source.call().is_some_and(|(at, _)| at == span))
    }

    fn acquired(&mut self, source: Source, at: Span, state: &mut State) -> Vec<Value> {
        let unchecked = match source {
            Source::Call { error, .. } => error.is_some(),
            Source::Assigned { error, .. } => error != ErrorAt::Nowhere,
            Source::Variable(_) => return Vec::new(),
        };
        // A container or a function may still have the last one.
        let alone = state
            .holders
            .iter()
            .all(|(_, alias)| !matches!(alias, Alias::Inside(_) | Alias::Function { .. }));
        let unheld = state.due.is_none() && state.maybe_due.is_none() && state.running.is_none();
        if state.is_open() && alone && unheld && !self.is_pending(state) {
            self.again.push((at, state.clone()));
        }
        let phase = if unchecked { Phase::Unchecked } else { Phase::Open };
        let (pending, called) = (std::mem::take(&mut state.pending), std::mem::take(&mut state.called));
        let flags = std::mem::take(&mut state.flags);
        *state = State { phase, pending, called, flags, serving: state.serving, ..State::start() };
        let (result, success) = match source {
            Source::Call { gives: Gives::Result(result), success, .. } => (result, success),
            Source::Call { .. } => return Vec::new(),
            Source::Assigned { var, error, .. } => {
                state.set(var, Some(Alias::Itself));
                state.error = if let ErrorAt::Variable(error) = error { Some(error) } else { None };
                return Vec::new();
            }
            Source::Variable(_) => return Vec::new(),
        };
        let mut results = vec![None; result + 1];
        results[result] = Some(Alias::Itself);
        if let Some(success) = success.filter(|success| *success != result) {
            results.resize(results.len().max(success + 1), None);
            results[success] = Some(Alias::Success);
        }
        results
    }

    /// `check(err)`: after it the error is nil; after `require.Error(t, err)` it is not. A nested
    /// `must(New())` tells by its own argument.
    pub(crate) fn known_error(&mut self, call: &'a Call, state: &mut State) {
        if state.phase != Phase::Unchecked {
            return;
        }
        let about = |expr: &Expr| {
            expr.as_ident()
                .and_then(|ident| self.scopes.var(ident))
                .is_some_and(|var| state.error == Some(var))
        };
        if let Some((_, wants_error)) = known::expectation(call).filter(|(subject, _)| about(subject)) {
            match wants_error {
                true => *state = failed(state.clone()),
                false => state.phase = Phase::Open,
            }
            return;
        }
        let nested = match call.args.as_slice() {
            [one] => self.source_at(one.unparen().span),
            _ => None,
        };
        let at = match nested.and_then(|source| source.call()) {
            Some((_, error)) => error,
            None => call.args.iter().position(about),
        };
        if at.is_some_and(|at| self.oracle.stops_on_error(call, at)) {
            state.phase = Phase::Open;
        } else if at.is_some_and(|at| self.oracle.stops_without_error(call, at)) {
            *state = failed(state.clone());
        }
    }

    /// What a callee did with a value, applied.
    pub(crate) fn take(
        &mut self,
        call: &'a Call,
        alias: &Alias,
        passed: ParamEffect,
        state: &mut State,
        results: &mut Vec<Value>,
    ) {
        let span = call.span;
        for (index, held) in passed.results {
            if results.len() <= index {
                results.resize(index + 1, None);
            }
            results[index] = Alias::join(results[index].take(), Some(held));
        }
        match passed.outcome {
            ParamOutcome::Lends => {}
            ParamOutcome::Releases => self.release(state, span, passed.certainty, "released by this call"),
            ParamOutcome::WillRelease => {
                // What else takes a function for later (`time.AfterFunc`) runs it when its own time comes.
                let words = match call.name() {
                    Some("AfterFunc") => "released by a function that runs later",
                    _ => "released when the test ends",
                };
                let id = self.event(span, EventKind::Released, passed.certainty, words);
                state.due.get_or_insert(id);
            }
            ParamOutcome::Runs => {
                let id = self.event(
                    span,
                    EventKind::Running,
                    Certainty::Assumed,
                    "used by a goroutine started here",
                );
                state.running = Some(id);
            }
            ParamOutcome::Works => {
                let id = self.event(
                    span,
                    EventKind::Working,
                    Certainty::Assumed,
                    "used by a goroutine started there",
                );
                state.running = Some(id);
            }
            ParamOutcome::Cleans => {
                self.event(
                    span,
                    EventKind::Cleaning,
                    passed.certainty,
                    "used by a function that runs when the test ends",
                );
            }
            ParamOutcome::Puts { into, alias, words } => self.put(call, into, alias, &words, state),
            ParamOutcome::Keeps { verdict, words } => {
                self.hand(state, span, alias, verdict, passed.certainty, &words)
            }
        }
    }

    /// The values of a `return` leave the body.
    pub fn returned(&mut self, stmt: &'a Stmt, state: &mut State) {
        let StmtKind::Return(exprs) = &stmt.kind else { return };
        let count = self.scopes.body(self.body).signature.results.len();
        let values =
            if exprs.is_empty() { self.named_results(state) } else { self.values(exprs, count, state) };
        let mut values: Vec<_> =
            values.into_iter().enumerate().filter_map(|(index, value)| Some((index, value?))).collect();
        // Beside the resource itself, or what releases it, what is made from it says nothing.
        values.sort_by_key(|(_, alias)| matches!(alias, Alias::Handle(_)));
        for (index, alias) in values {
            if matches!(alias, Alias::Handle(_)) && !self.oracle.result_carries(self.body, index) {
                continue;
            }
            let handed = if exprs.get(index).is_some_and(|expr| self.has_handles_only(expr, state)) {
                &Alias::Handle(Certainty::Proved)
            } else {
                &alias
            };
            self.hand(state, stmt.span, handed, Verdict::Returned, Certainty::Proved, "returned");
            self.left.insert((index, alias));
        }
        self.ended(state);
    }
}
