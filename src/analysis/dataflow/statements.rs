//! What one statement does to a [`State`]. What it evaluates is `expressions`', what it assigns is
//! `assignments`', what it starts or defers is `deferred`'s.

use crate::analysis::dataflow::state::*;
use crate::analysis::dataflow::walker::Walker;
use crate::analysis::graph::control_flow::Step;
use crate::base::diagnostic::{Certainty, Verdict};
use crate::go::syntax::ast::*;

impl<'a> Walker<'a, '_> {
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
            if let Some(var) = self.is_own_channel(channel) {
                let joined = Alias::join(state.alias(var).cloned(), Some(alias.wrapped(None)));
                return state.set(var, joined);
            }
            self.escape_alias(
                state,
                value.span,
                &alias,
                Verdict::Stored,
                Certainty::Proved,
                "sent on a channel",
            );
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

    /// The values of a `return` leave the body.
    pub fn returned(&mut self, stmt: &'a Stmt, state: &mut State) {
        let StmtKind::Return(exprs) = &stmt.kind else { return };
        let count = self.scopes.body(self.body).signature.results.len();
        let values =
            if exprs.is_empty() { self.named_results(state) } else { self.values(exprs, count, state) };
        let mut values: Vec<_> =
            values.into_iter().enumerate().filter_map(|(index, value)| Some((index, value?))).collect();
        let set = values.clone();
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
            self.escape_alias(state, stmt.span, handed, Verdict::Returned, Certainty::Proved, "returned");
            self.left.insert((index, alias));
        }
        // What is deferred sees the named results as this sets them: `return nil, err` leaves nothing there.
        let holders = state.holders.clone();
        for index in (0..count).filter(|_| !exprs.is_empty()) {
            if let Some(var) = self.scopes.result(self.body, index) {
                state.set(var, set.iter().find(|(at, _)| *at == index).map(|(_, alias)| alias.clone()));
            }
        }
        self.ended(state);
        state.holders = holders;
    }
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::fates;

    #[test]
    fn what_is_returned_or_sent_is_somebody_else_s() {
        assert_eq!(fates("func f() *client {\nc := make1()\nreturn c\n}"), ["returned (3: returned)"]);
        assert_eq!(fates("func f() (c *client) {\nc = make1()\nreturn\n}"), ["returned (3: returned)"]);
        assert_eq!(fates("func f(ch chan *client) {\nch <- make1()\n}"), ["stored (2: sent on a channel)"]);
        assert_eq!(
            fates("func f(c *client) *client {\nd := make1()\n_ = d\nreturn c\n}"),
            ["leaked (4: it is still open when the function returns here)"]
        );
    }
}
