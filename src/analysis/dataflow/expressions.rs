//! What the evaluation of an expression does to a [`State`], and how its value holds on to the resource.

use crate::analysis::dataflow::assignments::in_package;
use crate::analysis::dataflow::state::*;
use crate::analysis::dataflow::walker::Walker;
use crate::analysis::graph::scopes::{VarId, VarOrigin};
use crate::base::diagnostic::{Certainty, Verdict};
use crate::go::syntax::ast::*;

impl<'a> Walker<'a, '_> {
    /// Evaluates an expression of one value.
    pub fn eval(&mut self, expr: &'a Expr, state: &mut State) -> Value {
        match &expr.kind {
            ExprKind::Ident(ident) => match self.scopes.var(ident) {
                Some(var) => state.alias(var).cloned().or_else(|| self.closure(var, state)),
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
                let over = |call: &Call| self.asks_of_its_context(call, "Done", state);
                if state.is_open() && channel.as_call().is_some_and(over) {
                    *state = state.clone().failed();
                    return None;
                }
                if self.oracle.is_told_to_end(channel) {
                    let words = "the process serves until it is told to end here";
                    state.serving = Some(self.event(expr.span, EventKind::Serving, Certainty::Proved, words));
                }
                match alias {
                    Some(Alias::Inside(_)) if self.is_own_channel(channel).is_some() => Some(Alias::Itself),
                    other => other,
                }
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

    /// A function literal in a variable that is older than the resource sees that all the same.
    fn closure(&mut self, var: VarId, state: &State) -> Value {
        let VarOrigin::Value { value, .. } = self.scopes.info(var).origin else { return None };
        let ExprKind::FuncLit(literal) = &value.unparen().kind else { return None };
        if self.scopes.assigned(var).len() != 1 || matches!(state.phase, Phase::Before | Phase::Nil) {
            return None;
        }
        self.literal(literal, state)
    }

    /// Whether the value is what a panic left: `r := recover()`.
    pub(crate) fn is_recovered(&self, value: &Expr) -> bool {
        let recovers = |value: &Expr| {
            value.as_call().is_some_and(|call| {
                let function = call.function.as_ident();
                function.is_some_and(|name| &*name.name == "recover" && self.scopes.var(name).is_none())
            })
        };
        let var = value.as_ident().and_then(|ident| self.scopes.var(ident));
        recovers(value)
            || var.is_some_and(|var| matches!(self.scopes.assigned(var), [one] if recovers(one.value)))
    }

    /// A package variable that got the resource in this body is one more name for it here.
    fn in_package(&self, ident: &Ident, state: &State) -> Value {
        let Phase::Escaped(id) = state.phase else { return None };
        let event = &self.events[id.0 as usize];
        (event.kind == EventKind::Escaped(Verdict::Global) && event.words == in_package(ident))
            .then_some(Alias::Itself)
    }

    pub(crate) fn eval_many(&mut self, expr: &'a Expr, state: &mut State) -> Vec<Value> {
        if let Some(call) = expr.as_call() {
            return self.call(call, state);
        }
        match (&expr.unparen().kind, self.eval(expr, state)) {
            (ExprKind::TypeAssert { ty, .. }, Some(Alias::Itself)) => {
                let sure = !(self.is_summed_up() && self.oracle.is_one_of_many(ty));
                vec![Some(Alias::Itself), sure.then_some(Alias::Sure)]
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
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::{body, fates};

    #[test]
    fn a_value_with_the_resource_in_it_has_it() {
        assert_eq!(body("h := &holder{c: make1()}\nh.c.Close()"), ["released (3: released)"]);
        assert_eq!(
            fates("func f() *holder {\nreturn &holder{c: make1()}\n}"),
            ["returned (2: returned, inside of another value)"]
        );
        assert_eq!(
            fates("func f() int {\nh := &holder{c: make1()}\nreturn h.n\n}"),
            ["leaked (3: it is still open when the function returns here)"]
        );
    }

    #[test]
    fn a_release_that_is_not_called_is_a_function_that_releases() {
        assert_eq!(
            body("c := make1()\nend := c.Close\ndefer end()"),
            ["released (4: released by this defer)"]
        );
        assert_eq!(
            body("c := make1()\nend := c.Close\n_ = end"),
            ["leaked (5: it is still open when the function ends here)"]
        );
        assert_eq!(
            fates("func f() func() error {\nc := make1()\nreturn c.Close\n}"),
            ["returned (3: a function that releases it is returned)"]
        );
    }
}
