//! What a call does to a [`State`]: it acquires, it releases, or it gets values that hold on to the resource.
//! Calls of function literals are `deferred`'s.

use crate::analysis::dataflow::assignments::root;
use crate::analysis::dataflow::oracle::{Operand, ParamEffect, ParamOutcome};
use crate::analysis::dataflow::source::{ErrorAt, Source};
use crate::analysis::dataflow::state::*;
use crate::analysis::dataflow::walker::Walker;
use crate::analysis::graph::known;
use crate::base::diagnostic::{Certainty, Verdict};
use crate::base::text::Span;
use crate::go::syntax::ast::*;
use crate::go::types::release::Gives;

impl<'a> Walker<'a, '_> {
    /// Evaluates a call to the values of its results.
    pub(crate) fn call(&mut self, call: &'a Call, state: &mut State) -> Vec<Value> {
        let source = self.source_at(call.span);
        if let Some(assigned @ Source::Assigned { .. }) = source {
            self.arguments(call, state);
            return self.acquired(assigned, call.span, state);
        }
        // What a literal of this body makes is there after its call.
        if let Some(made) = source.filter(|_| self.called_literal(&call.function).is_some()) {
            self.arguments(call, state);
            return self.acquired(made, call.span, state);
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
            self.around.extend(self.oracle.made_around(call));
            let results = self.acquired(source, call.span, state);
            self.acquired_in_place(source, call, state);
            return results;
        }
        self.known_error(call, state);
        // `assert.Nil(t, stream)`: where that holds, there is nothing.
        if args.contains(&Some(Alias::Itself)) && self.oracle.wants_nil(call) {
            *state = state.clone().failed();
            return Vec::new();
        }
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
        if let Some(words) = self.ends_with(call).filter(|_| state.is_open() && receiver.is_none()) {
            self.release(state, call.span, Certainty::Assumed, &words);
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
            if alias == Alias::Itself && self.oracle.is_release_by_name(call) {
                self.release(state, call.span, Certainty::Assumed, &released_by(field));
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
                    self.escape(state, span, verdict, certainty, words);
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

    /// What the call makes of its argument, or of what it is called on: the variable there is the resource
    /// then.
    fn acquired_in_place(&mut self, source: Source, call: &'a Call, state: &mut State) {
        let held = match source {
            Source::Call { gives: Gives::Argument(at), .. } => call.args.get(at),
            Source::Call { gives: Gives::Receiver, .. } => call.receiver(),
            _ => None,
        };
        if let Some(held) = held {
            self.bind(held, Some(Alias::Itself), state);
        }
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

    /// That a call ends the connection that the resource is made around: `conn.Close()`.
    fn ends_with(&self, call: &Call) -> Option<String> {
        let ExprKind::Selector { operand, field } = &call.function.unparen().kind else { return None };
        let ident = operand.as_ident()?;
        let var = self.scopes.var(ident).filter(|var| self.around.contains(var))?;
        (&*field.name == "Close" && call.args.is_empty() && self.scopes.assigned(var).len() <= 1)
            .then(|| format!("`{}` is closed, which it is made around", ident.name))
    }

    pub(crate) fn arguments(&mut self, call: &'a Call, state: &mut State) -> Vec<Value> {
        match call.args.as_slice() {
            [one] if one.as_call().is_some() => self.eval_many(one, state),
            args => args.iter().map(|arg| self.eval(arg, state)).collect(),
        }
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
            Source::Call { gives: Gives::Result(result), success, error, .. } => {
                state.error = self.given.no_error.filter(|_| error.is_none());
                (result, success)
            }
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

    /// Whether the call is `ctx.Done()` or `ctx.Err()` of the context that came with the function that
    /// cancels it, and that is no other one later.
    pub(crate) fn asks_of_its_context(&self, call: &Call, method: &str, state: &State) -> bool {
        if !self.oracle.is_function() || call.name() != Some(method) {
            return false;
        }
        let ExprKind::Selector { operand, .. } = &call.function.unparen().kind else { return false };
        let context = operand.as_ident().and_then(|ident| self.scopes.var(ident));
        let Some([given]) = context.map(|context| self.scopes.assigned(context)) else { return false };
        let call = given.value.unparen().span;
        let held = state.holders.iter().filter(|(_, alias)| *alias == Alias::Itself);
        let mut given_with = held.flat_map(|(var, _)| self.scopes.assigned(*var));
        given.index == 0
            && (self.source_at(call).is_some() || given_with.any(|one| one.value.unparen().span == call))
    }

    /// `check(err)`: after it the error is nil; after `require.Error(t, err)` it is not. A nested
    /// `must(New())` tells by its own argument.
    pub(crate) fn known_error(&mut self, call: &'a Call, state: &mut State) {
        self.known_to_be_settled(call, state);
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
                true => *state = state.clone().failed(),
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
            *state = state.clone().failed();
        }
    }

    /// `require.NoError(t, err)` of an error by which a callee tells whether it has released the resource.
    fn known_to_be_settled(&mut self, call: &'a Call, state: &mut State) {
        let tells = call.args.iter().enumerate().find_map(|(at, arg)| match self.peek(arg, state)? {
            Alias::Settled { failing } => Some((at, failing)),
            _ => None,
        });
        let Some((at, failing)) = tells.filter(|_| state.is_open()) else { return };
        let fails = if self.oracle.stops_on_error(call, at) {
            false
        } else if self.oracle.stops_without_error(call, at) {
            true
        } else {
            return;
        };
        if fails == failing {
            self.release(state, call.span, Certainty::Assumed, "released by the callee whose error this is");
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
        if passed.drops {
            self.dropping.insert(span);
        }
        if passed.ends_rest {
            self.ending_rest.insert(span);
        }
        match passed.outcome {
            ParamOutcome::Lends => {}
            ParamOutcome::Reads => {
                self.event(span, EventKind::Read, Certainty::Assumed, "read there, by its name");
            }
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
                self.escape_alias(state, span, alias, verdict, passed.certainty, &words)
            }
        }
    }
}

/// What is said of a release that only its name tells.
pub(crate) fn released_by(method: &Ident) -> String {
    format!("released by `{}`", method.name)
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::body;

    #[test]
    fn a_method_with_the_name_of_the_release_releases_and_others_do_not() {
        assert_eq!(body("c := make1()\nc.Close()"), ["released (3: released)"]);
        assert_eq!(
            body("c := make1()\nc.Get()"),
            ["leaked (4: it is still open when the function ends here)"]
        );
        assert_eq!(
            body("c := make1()\nlend(c)"),
            ["leaked (4: it is still open when the function ends here)"]
        );
    }

    #[test]
    fn what_is_made_again_while_it_is_open_leaks() {
        assert_eq!(
            body("var c *client\nfor some() {\nc = make1()\n}\nc.Close()"),
            ["leaked on some paths (4: it is still open when the next one is made here)"]
        );
        assert_eq!(body("for some() {\nc := make1()\nc.Close()\n}"), ["released (4: released)"]);
    }
}
