//! Assignments: a value that holds on to the resource goes into variables, fields, maps and globals.

use std::sync::Arc;

use crate::analysis::dataflow::flags;
use crate::analysis::dataflow::oracle::Operand;
use crate::analysis::dataflow::source::Source;
use crate::analysis::dataflow::state::*;
use crate::analysis::dataflow::walker::Walker;
use crate::analysis::graph::scopes::{BodyId, VarId, VarOrigin};
use crate::base::diagnostic::{Certainty, Verdict};
use crate::base::text::Span;
use crate::go::syntax::ast::*;
use crate::go::types::database::exported;

impl<'a, 'w> Walker<'a, 'w> {
    pub(crate) fn range(&mut self, left: &'a [Expr], right: &'a Expr, state: &mut State) {
        let value = match self.ranged(right, state) {
            Some(Alias::Inside(_)) => Some(Alias::Itself),
            other => other,
        };
        let values = match left.len() {
            0 => return,
            1 if self.is_own_channel(right).is_some() => vec![value],
            1 => vec![None],
            _ => vec![None, value],
        };
        self.bind_all(left, values, state);
    }

    /// What a loop goes over, which was evaluated before it began: `clients`, `p.clients`, a literal,
    /// `slices.Backward(clients)`.
    pub(crate) fn ranged(&mut self, right: &'a Expr, state: &State) -> Value {
        match &right.unparen().kind {
            ExprKind::Ident(_) => self.peek(right, state),
            ExprKind::Call(call) => call.args.iter().find_map(|arg| self.peek(arg, state)),
            _ if self.sources.iter().filter_map(Source::call).any(|(span, _)| right.span.contains(span)) => {
                None
            }
            _ => self.eval(right, &mut state.clone()),
        }
    }

    pub(crate) fn var_spec(&mut self, spec: &'a VarSpec, state: &mut State) {
        let values = self.values(&spec.values, spec.names.len(), state);
        let acquired = self.acquires(&spec.values);
        for (at, name) in spec.names.iter().enumerate() {
            let value = values.get(at).cloned().flatten();
            if let Some(var) = self.scopes.var(name) {
                if spec.values.is_empty() {
                    self.anew(var, state);
                }
                self.bind_var(var, name.span, value, state);
                self.note_error(acquired, at, var, state);
                self.note_flag(var, spec.values.get(at), state);
            }
        }
    }

    /// `var f *os.File` in a loop is a new variable each time: what was deferred in the iteration before has
    /// the one of that.
    fn anew(&mut self, var: VarId, state: &mut State) {
        if state.is_open() && state.alias(var) == Some(&Alias::Itself) && self.is_pending(state) {
            let (pending, called) = (std::mem::take(&mut state.pending), std::mem::take(&mut state.called));
            let flags = std::mem::take(&mut state.flags);
            *state = State { pending, called, flags, serving: state.serving, ..State::start() };
        }
    }

    pub(crate) fn assign(&mut self, left: &'a [Expr], right: &'a [Expr], state: &mut State) {
        for target in left {
            if target.as_ident().is_none() {
                self.target(target, state);
            }
        }
        let values = self.values(right, left.len(), state);
        self.bind_all(left, values, state);
        left.iter().zip(right).for_each(|(target, value)| self.replaced(target, value, state));
        let acquired = self.acquires(right);
        for (at, target) in left.iter().enumerate() {
            if let Some(var) = target.as_ident().and_then(|ident| self.scopes.var(ident)) {
                self.note_error(acquired, at, var, state);
                if let Some(value) = right.get(at).filter(|_| right.len() == left.len()) {
                    self.note_flag(var, Some(value), state);
                }
            }
        }
    }

    /// `resp.Body = reread(resp.Body)`: what the callee did not give back as it was it has released.
    fn replaced(&mut self, target: &Expr, value: &Expr, state: &mut State) {
        let ExprKind::Selector { operand, field } = &target.unparen().kind else { return };
        let Some(call) = value.as_call().filter(|call| self.ending_rest.contains(&call.span)) else { return };
        if self.oracle.is_part(&field.name) && self.peek(operand, state) == Some(Alias::Itself) {
            let by = call.name().unwrap_or_default();
            let words = format!("released by `{by}`, unless that gives the same `{}` back", field.name);
            self.release(state, call.span, Certainty::Assumed, &words);
        }
    }

    /// Evaluates what stands inside of an assignment's target.
    pub(crate) fn target(&mut self, target: &'a Expr, state: &mut State) {
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
    pub(crate) fn acquires(&self, values: &'a [Expr]) -> Option<usize> {
        let [value] = values else { return None };
        if let Some(source) = self.source_at(value.unparen().span) {
            return source.call()?.1;
        }
        // `wrap(open())` gives the same error, with more words.
        let call = value.as_call()?;
        let [inner] = call.args.as_slice() else { return None };
        let error = self.source_at(inner.unparen().span)?.call()?.1?;
        self.oracle.hands_on_error(call, error)
    }

    pub(crate) fn note_error(&mut self, error: Option<usize>, at: usize, var: VarId, state: &mut State) {
        if error == Some(at) {
            state.error = Some(var);
        }
    }

    pub(crate) fn values(&mut self, exprs: &'a [Expr], wanted: usize, state: &mut State) -> Vec<Value> {
        match exprs {
            [one] if wanted > 1 => self.eval_many(one, state),
            exprs => exprs.iter().map(|expr| self.eval(expr, state)).collect(),
        }
    }

    pub(crate) fn bind_all(&mut self, left: &'a [Expr], values: Vec<Value>, state: &mut State) {
        for (at, target) in left.iter().enumerate() {
            let value = values.get(at).cloned().flatten();
            self.bind(target, value, state);
        }
    }

    pub(crate) fn bind(&mut self, target: &'a Expr, value: Value, state: &mut State) {
        match &target.unparen().kind {
            ExprKind::Ident(ident) if ident.is_blank() => {}
            ExprKind::Ident(ident) => match self.scopes.var(ident) {
                Some(var) => self.bind_var(var, target.span, value, state),
                None => {
                    if let Some(alias) = value {
                        self.escape_alias(
                            state,
                            target.span,
                            &alias,
                            Verdict::Global,
                            Certainty::Proved,
                            &in_package(ident),
                        );
                    }
                }
            },
            ExprKind::Selector { operand, field } => {
                // Exported fields are there to be set.
                if !exported(&field.name) && self.peek(operand, state) == Some(Alias::Itself) {
                    self.altered = Some(target.span);
                }
                self.bind_field(target, operand, Some(&field.name), value, state);
            }
            ExprKind::Index { operand, indices } => {
                // A key of a map is in it too.
                let key = indices.first().and_then(|key| self.peek(key, state));
                let kept = |alias: &Alias| matches!(alias, Alias::Itself | Alias::Inside(_));
                self.bind_field(target, operand, None, value.or(key.filter(kept)), state);
            }
            ExprKind::Pointer(operand) => {
                if let Some(place) = self.pointed_at(operand) {
                    return self.bind(place, value, state);
                }
                if let Some(alias) = value {
                    self.bind_part(operand, None, alias, target.span, "stored through a pointer", state);
                }
            }
            _ => {}
        }
    }

    /// The place that a pointer points at which is used for nothing else: `p := &k.C`, and then `*p = …`.
    fn pointed_at(&self, pointer: &Expr) -> Option<&'a Expr> {
        let pointer = self.scopes.var(pointer.as_ident()?)?;
        let [one] = self.scopes.assigned(pointer) else { return None };
        let ExprKind::AddressOf(place) = &one.value.unparen().kind else { return None };
        let var = root(place).and_then(|ident| self.scopes.var(ident))?;
        let local = [pointer, var].iter().all(|var| self.scopes.info(*var).body == self.body);
        (local && self.scopes.uses_of(pointer).count() == 2).then_some(place)
    }

    pub(crate) fn bind_var(&mut self, var: VarId, span: Span, value: Value, state: &mut State) {
        if state.error == Some(var) {
            state.error = None;
        }
        let info = self.scopes.info(var);
        // An error does not keep a connection open, whatever nobody knows of its type.
        let carries = |alias: &Alias| {
            !matches!(alias, Alias::Handle(_)) || (!info.name.starts_with("err") && self.oracle.carries(var))
        };
        let value = value.filter(carries);
        if info.body != self.body
            && let Some(alias) = &value
            && !alias.tells()
        {
            let words = format!("assigned to `{}` of the function around it", info.name);
            return self.escape_alias(state, span, alias, Verdict::Stored, Certainty::Assumed, &words);
        }
        let had = state.is_open() && state.alias(var) == Some(&Alias::Itself);
        state.set(var, value);
        if had && state.holders.is_empty() {
            let words = "overwritten here, and nothing else has it";
            state.overwritten = Some(self.event(span, EventKind::Overwritten, Certainty::Proved, words));
        }
    }

    pub(crate) fn bind_field(
        &mut self,
        target: &'a Expr,
        base: &'a Expr,
        field: Option<&Arc<str>>,
        value: Value,
        state: &mut State,
    ) {
        let Some(alias) = value else {
            return;
        };
        let words = match field {
            Some(field) => format!("stored in field `{field}`"),
            None => "stored in a map or slice".to_owned(),
        };
        self.bind_part(base, field, alias, target.span, &words, state);
    }

    /// Stores a value in a part of `base`: a local value then holds on to the resource, anything else keeps
    /// it.
    pub(crate) fn bind_part(
        &mut self,
        base: &'a Expr,
        field: Option<&Arc<str>>,
        alias: Alias,
        span: Span,
        words: &str,
        state: &mut State,
    ) {
        let root = root(base).and_then(|ident| self.scopes.var(ident).map(|var| (ident, var)));
        match root {
            // What is stored in the resource, or in something made from it, goes where that goes.
            Some((_, var))
                if self.scopes.info(var).body == self.body
                    && matches!(
                        state.alias(var),
                        Some(Alias::Itself | Alias::Handle(_) | Alias::Inside(_))
                    ) =>
            {
                let before = state.alias(var).cloned();
                self.store_linked(base, &alias, span, words, state);
                if matches!(before, Some(Alias::Inside(_))) && base.as_ident().is_some() {
                    let wrapped = alias.wrapped(field.cloned());
                    self.seen_by_others(var, &wrapped, span, state);
                }
            }
            Some((_, var))
                if self.is_own(var)
                    || (field.is_some() && base.as_ident().is_some() && self.is_copy(var)) =>
            {
                let wrapped = alias.wrapped(field.filter(|_| base.as_ident().is_some()).cloned());
                let joined = Alias::join(state.alias(var).cloned(), Some(wrapped.clone()));
                state.set(var, joined);
                self.seen_by_others(var, &wrapped, span, state);
            }
            Some((_, var)) if self.is_caller_s(var) => {
                let wrapped = alias.wrapped(field.filter(|_| base.as_ident().is_some()).cloned());
                self.put_into(var, wrapped, words, state);
            }
            Some(_) => self.escape_alias(state, span, &alias, Verdict::Stored, Certainty::Proved, words),
            None => {
                let global = root_name(base).is_some();
                let (verdict, certainty) = if global {
                    (Verdict::Global, Certainty::Proved)
                } else {
                    (Verdict::Stored, Certainty::Assumed)
                };
                self.escape_alias(state, span, &alias, verdict, certainty, words);
            }
        }
    }

    /// What a callee put into its receiver or an argument: the variable there has it, or whoever else sees
    /// that.
    pub(crate) fn put(
        &mut self,
        call: &'a Call,
        into: Operand,
        alias: Alias,
        words: &str,
        state: &mut State,
    ) {
        let target = match (into, &call.function.unparen().kind) {
            (Operand::Receiver, ExprKind::Selector { operand, .. }) => Some(&**operand),
            (Operand::Arg(at), _) => call.args.get(at),
            _ => None,
        };
        let target = target.map(|target| match &target.unparen().kind {
            ExprKind::AddressOf(inner) => inner,
            // A part of a slice has the memory of the whole.
            ExprKind::Slice { operand, .. } => operand,
            _ => target,
        });
        match target.map(|target| (target, target.as_ident().and_then(|ident| self.scopes.var(ident)))) {
            Some((_, Some(var))) if self.is_own(var) || state.alias(var).is_some() => {
                let before = state.alias(var).cloned();
                let joined = Alias::join(before.clone(), Some(alias.clone()));
                if joined != before {
                    state.set(var, joined);
                    self.seen_by_others(var, &alias, call.span, state);
                }
            }
            Some((_, Some(var))) if self.is_caller_s(var) => self.put_into(var, alias, words, state),
            // What a call has just made is seen through its results only.
            Some((target, None)) if target.as_call().is_some_and(|made| self.oracle.makes(made, 0)) => {}
            Some((target, None)) => self.bind_part(target, None, alias, call.span, words, state),
            _ => self.escape_alias(state, call.span, &alias, Verdict::Stored, Certainty::Proved, words),
        }
    }

    /// A parameter of a function that is summed up gets it.
    pub(crate) fn put_into(&mut self, var: VarId, alias: Alias, words: &str, state: &mut State) {
        let joined = Alias::join(state.alias(var).cloned(), Some(alias));
        state.set(var, joined);
        self.puts.entry(var).or_insert_with(|| words.to_owned());
    }

    /// Whether the variable is a parameter through which the caller of a function that is summed up sees what
    /// is stored in it.
    pub(crate) fn is_caller_s(&self, var: VarId) -> bool {
        let info = self.scopes.info(var);
        self.is_summed_up() && info.body == self.body && matches!(info.origin, VarOrigin::Param { .. })
    }

    /// Whether this is about what a function does with a parameter.
    pub(crate) fn is_summed_up(&self) -> bool {
        self.body == BodyId(0) && matches!(self.sources, [Source::Variable(_)])
    }

    /// Whether the variable's value is made in this body: nobody else can see what is stored in it.
    pub(crate) fn is_own(&self, var: VarId) -> bool {
        let info = self.scopes.info(var);
        if info.body != self.body {
            return false;
        }
        match info.origin {
            VarOrigin::Declared { ty } => !matches!(ty.unparen().kind, ExprKind::Pointer(_)),
            VarOrigin::Result { ty, .. } => !matches!(ty.unparen().kind, ExprKind::Pointer(_)),
            VarOrigin::Value { value, index, .. } => {
                is_literal(value) || value.as_call().is_some_and(|call| self.oracle.makes(call, index))
            }
            _ => false,
        }
    }

    /// Whether the variable is a parameter passed by value: its fields are this body's own.
    pub(crate) fn is_copy(&self, var: VarId) -> bool {
        let info = self.scopes.info(var);
        let by_value = |ty: &Expr| {
            matches!(
                ty.unparen().kind,
                ExprKind::Ident(_) | ExprKind::Selector { .. } | ExprKind::Index { .. }
            )
        };
        info.body == self.body
            && matches!(info.origin, VarOrigin::Param { ty, variadic: false, .. } if by_value(ty))
    }

    pub(crate) fn named_results(&self, state: &State) -> Vec<Value> {
        let count = self.scopes.body(self.body).signature.results.len();
        (0..count).map(|index| state.alias(self.scopes.result(self.body, index)?).cloned()).collect()
    }

    /// Takes in what an assignment says of a flag.
    pub(crate) fn note_flag(&self, var: VarId, value: Option<&'a Expr>, state: &mut State) {
        if self.flags.binary_search(&var).is_err() {
            return;
        }
        // A declaration without a value is false.
        let value = value.map_or(Some(false), flags::constant);
        state.flags.retain(|(flag, _)| *flag != var);
        if let Some(value) = value {
            state.flags.push((var, value));
            state.flags.sort();
        }
    }
}

/// What is said of a resource in a package variable.
pub(crate) fn in_package(variable: &Ident) -> String {
    format!("assigned to package variable `{}`", variable.name)
}

/// The identifier at the bottom of `a.b[c].d`.
pub(crate) fn root(expr: &Expr) -> Option<&Ident> {
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

/// `T{…}`, `&T{…}`: a value that nobody else has.
fn is_literal(value: &Expr) -> bool {
    match &value.unparen().kind {
        ExprKind::Composite { .. } => true,
        ExprKind::AddressOf(inner) => is_literal(inner),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::{body, fates};

    #[test]
    fn a_part_of_what_is_made_here_is_followed_and_one_of_the_caller_s_is_not() {
        assert_eq!(
            body("h := holder{}\nh.c = make1()\ndefer h.c.Close()"),
            ["released (4: released by this defer)"]
        );
        assert_eq!(
            body("h := holder{}\nh.c = make1()\nh.n = 1"),
            ["leaked (5: it is still open when the function ends here)"]
        );
        assert_eq!(fates("func f(h *holder) {\nh.c = make1()\n}"), ["stored (2: stored in field `c`)"]);
        assert_eq!(
            fates("func f(h holder) {\nh.c = make1()\n}"),
            ["stored (2: stored in what `h` leads to)"]
        );
        assert_eq!(
            fates("var kept *client\nfunc f() {\nkept = make1()\n}"),
            ["global (3: assigned to package variable `kept`)"]
        );
    }

    #[test]
    fn another_name_is_the_same_resource() {
        assert_eq!(body("c := make1()\nd := c\ndefer d.Close()"), ["released (4: released by this defer)"]);
        assert_eq!(
            body("c := make1()\nd := c\nd = nil\n_ = d"),
            ["leaked (6: it is still open when the function ends here)"]
        );
        assert_eq!(
            body("all := []*client{make1()}\nfor _, c := range all {\nc.Close()\n}"),
            ["released (4: released)"]
        );
    }
}
