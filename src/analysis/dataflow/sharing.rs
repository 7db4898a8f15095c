//! Who else sees what is stored in something of the body's own: whoever got that something before, what it
//! was made into, and what it leads to.

use rustc_hash::FxHashSet;

use crate::analysis::dataflow::assignments::root;
use crate::analysis::dataflow::given::path;
use crate::analysis::dataflow::oracle::{Operand, ParamOutcome};
use crate::analysis::dataflow::state::*;
use crate::analysis::dataflow::walker::Walker;
use crate::analysis::graph::scopes::{Scopes, VarId, VarOrigin};
use crate::base::diagnostic::{Certainty, Verdict};
use crate::base::text::Span;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;

impl<'a> Walker<'a, '_> {
    /// `var`, a thing of the body's own, has got the resource at `span` as `alias` says: so has everybody who
    /// has `var` already.
    pub(crate) fn seen_by_others(&mut self, var: VarId, alias: &Alias, span: Span, state: &mut State) {
        for inside in self.addresses_in(var) {
            let joined = Alias::join(state.alias(inside).cloned(), Some(alias.clone().wrapped(None)));
            state.set(inside, joined);
        }
        if let VarOrigin::Value { value, index, .. } = self.scopes.info(var).origin
            && let Some(call) = value.as_call()
        {
            for operand in self.oracle.shared_with(call, index) {
                self.put(call, operand, Alias::Inside(None), "stored in what its receiver has", state);
            }
        }
        let earlier = self.earlier(var, span);
        for stmt in &earlier.statements {
            self.published(var, stmt, span, state);
        }
        for call in &earlier.calls {
            self.kept_before(var, call, span, state);
        }
    }

    /// The variables whose addresses a variable's first value has: `clean{&funcs}`.
    fn addresses_in(&self, var: VarId) -> Vec<VarId> {
        let VarOrigin::Value { value, .. } = self.scopes.info(var).origin else { return Vec::new() };
        let mut found = Vec::new();
        visit::expr(value, &mut |expr| {
            if let ExprKind::AddressOf(inner) = &expr.kind
                && let Some(inside) = inner.as_ident().and_then(|ident| self.scopes.var(ident))
                && self.scopes.info(inside).body == self.body
                && inside != var
            {
                found.push(inside);
            }
        });
        found
    }

    /// The statements and calls of the body that mention the variable and run before `span`.
    fn earlier(&self, var: VarId, span: Span) -> Earlier<'a> {
        let block = self.scopes.body(self.body).block;
        let mentions = |part: Span| self.scopes.uses_in(part).any(|used| used == var);
        let mut earlier = Earlier::default();
        visit::body(block, &mut |stmt| {
            let simple = matches!(
                stmt.kind,
                StmtKind::Assign { .. } | StmtKind::Define { .. } | StmtKind::Send { .. } | StmtKind::Go(_)
            );
            if simple && stmt.span.end <= span.start && mentions(stmt.span) {
                earlier.statements.push(stmt);
            }
        });
        visit::block(block, &mut |expr| {
            if let ExprKind::Call(call) = &expr.kind
                && call.span.end <= span.start
                && mentions(call.span)
                && self.scopes.body_around(call.span) == Some(self.body)
            {
                earlier.calls.push(call);
            }
        });
        earlier
    }

    /// What an earlier statement did with the variable.
    fn published(&mut self, var: VarId, stmt: &'a Stmt, span: Span, state: &mut State) {
        match &stmt.kind {
            StmtKind::Assign { left, right, .. } | StmtKind::Define { left, right }
                if left.len() == right.len() =>
            {
                for (target, value) in left.iter().zip(right) {
                    if self.gives_away(value, var) {
                        self.published_in(var, target, span, state);
                    }
                }
            }
            StmtKind::Send { value, .. } if self.gives_away(value, var) => {
                let words = "stored in what was sent on a channel";
                self.escape(state, span, Verdict::Stored, Certainty::Proved, words);
            }
            StmtKind::Go(expr) if state.is_open() => {
                let words = "used by a goroutine started here";
                state.running = Some(self.event(expr.span, EventKind::Running, Certainty::Assumed, words));
            }
            _ => {}
        }
    }

    /// An earlier assignment put the variable, or its address, into `target`.
    fn published_in(&mut self, var: VarId, target: &'a Expr, span: Span, state: &mut State) {
        let words = "stored in what others have already";
        let holder = root(target).map(|ident| self.scopes.var(ident));
        match holder {
            Some(Some(other)) if target.as_ident().is_some() => {
                if self.scopes.info(other).body == self.body {
                    state.set(other, state.alias(var).cloned());
                }
            }
            Some(Some(other)) if self.is_own(other) || state.alias(other).is_some() => {
                let joined = Alias::join(state.alias(other).cloned(), Some(Alias::Inside(None)));
                state.set(other, joined);
            }
            Some(Some(other)) if self.is_caller_s(other) => {
                self.put_into(other, Alias::Inside(None), words, state);
            }
            Some(_) => self.escape(state, span, Verdict::Stored, Certainty::Proved, words),
            None => self.escape(state, span, Verdict::Stored, Certainty::Assumed, words),
        }
    }

    /// Whether whoever gets the value sees what is stored in the variable later.
    fn gives_away(&self, value: &Expr, var: VarId) -> bool {
        gives_away(self.scopes, value, var, self.oracle.is_pointer(var))
    }

    /// What the callee of an earlier call kept of the variable.
    fn kept_before(&mut self, var: VarId, call: &'a Call, span: Span, state: &mut State) {
        let has = |expr: &Expr| {
            let expr = match &expr.unparen().kind {
                ExprKind::AddressOf(inner) => inner,
                _ => expr,
            };
            expr.as_ident().and_then(|ident| self.scopes.var(ident)) == Some(var)
        };
        let mut places: Vec<Operand> = Vec::new();
        if let ExprKind::Selector { operand, .. } = &call.function.unparen().kind {
            places.extend(has(operand).then_some(Operand::Receiver));
        }
        places.extend((0..call.args.len()).filter(|at| has(&call.args[*at])).map(Operand::Arg));
        for place in places {
            let passed = self.oracle.passed(call, place, &Alias::Inside(None));
            match passed.outcome {
                ParamOutcome::Keeps { verdict, words } if passed.certainty == Certainty::Proved => {
                    self.escape(
                        state,
                        span,
                        verdict,
                        Certainty::Proved,
                        format!("what it is stored in is {words}"),
                    );
                }
                ParamOutcome::Puts { into, alias, words } => self.put(call, into, alias, &words, state),
                _ => {}
            }
        }
    }

    /// `e.prev.next = e`: what is stored in something that a holder leads to is in whatever the body has put
    /// there, `e.prev = at`.
    pub(crate) fn store_linked(
        &mut self,
        base: &'a Expr,
        alias: &Alias,
        span: Span,
        words: &str,
        state: &mut State,
    ) {
        let Some(place) = path(self.scopes, base).filter(|(_, fields)| !fields.is_empty()) else { return };
        let mut sources: FxHashSet<VarId> = FxHashSet::default();
        visit::body(self.scopes.body(self.body).block, &mut |stmt| {
            if let StmtKind::Assign { left, right, .. } = &stmt.kind
                && left.len() == right.len()
            {
                let linked = left
                    .iter()
                    .zip(right)
                    .filter(|(target, _)| path(self.scopes, target).as_ref() == Some(&place));
                sources.extend(linked.filter_map(|(_, value)| {
                    let value = match &value.unparen().kind {
                        ExprKind::AddressOf(inner) => inner,
                        _ => value,
                    };
                    self.scopes.var(root(value)?)
                }));
            }
        });
        sources.remove(&place.0);
        let mut sources: Vec<VarId> = sources.into_iter().collect();
        sources.sort();
        for source in sources {
            let inside = alias.clone().wrapped(None);
            if self.is_own(source) {
                let joined = Alias::join(state.alias(source).cloned(), Some(inside));
                state.set(source, joined);
            } else if self.is_caller_s(source) {
                self.put_into(source, inside, words, state);
            } else {
                self.escape_alias(state, span, alias, Verdict::Stored, Certainty::Proved, words);
            }
        }
    }

    /// Whether a channel is the body's own, and nothing is done with it but to send and to receive here: then
    /// it is one more place that the resource can be in.
    pub(crate) fn is_own_channel(&self, channel: &Expr) -> Option<VarId> {
        let var = channel.as_ident().and_then(|ident| self.scopes.var(ident))?;
        let made = matches!(self.scopes.info(var).origin, VarOrigin::Value { value, .. }
            if value.as_call().and_then(Call::name) == Some("make"));
        if !made || !self.is_own(var) {
            return None;
        }
        let is_it = |expr: &Expr| expr.as_ident().and_then(|ident| self.scopes.var(ident)) == Some(var);
        let here = |span: Span| self.scopes.body_around(span) == Some(self.body);
        let block = self.scopes.body(self.body).block;
        let mut meant = 1;
        visit::block(block, &mut |expr| match &expr.kind {
            ExprKind::Receive(channel) if is_it(channel) && here(expr.span) => meant += 1,
            ExprKind::Call(call)
                if matches!(call.name(), Some("close" | "len" | "cap"))
                    && call.args.first().is_some_and(is_it) =>
            {
                meant += 1;
            }
            _ => {}
        });
        visit::body(block, &mut |stmt| match &stmt.kind {
            StmtKind::Send { channel, .. } if is_it(channel) => meant += 1,
            StmtKind::For(looped) => {
                meant += usize::from(matches!(&looped.head, ForHead::Range { right, .. } if is_it(right)));
            }
            _ => {}
        });
        (self.scopes.uses_of(var).count() <= meant).then_some(var)
    }
}

/// Whether whoever gets the value sees what is stored in the variable later.
pub(crate) fn gives_away(scopes: &Scopes, value: &Expr, var: VarId, is_pointer: bool) -> bool {
    let is_it = |expr: &Expr| expr.as_ident().and_then(|ident| scopes.var(ident)) == Some(var);
    let gives = |value: &Expr| gives_away(scopes, value, var, is_pointer);
    match &value.unparen().kind {
        ExprKind::Ident(_) => is_pointer && is_it(value),
        ExprKind::AddressOf(inner) => is_it(inner) || gives(inner),
        ExprKind::Composite { elements, .. } => elements.iter().any(|element| gives(&element.value)),
        ExprKind::FuncLit(literal) => scopes.uses_in(literal.body.span).any(|used| used == var),
        ExprKind::Call(call) if call.name() == Some("append") => call.args.iter().skip(1).any(gives),
        _ => false,
    }
}

/// What came before.
#[derive(Default)]
struct Earlier<'a> {
    statements: Vec<&'a Stmt>,
    calls: Vec<&'a Call>,
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::fates;

    #[test]
    fn what_has_itself_inside_has_what_it_gets_there_too() {
        let of = |rest: &str| {
            let ring = "type ring struct{ self *ring; c *client }";
            let body = format!("h := &ring{{}}\nh.self = h\nh.c = make1()\n{rest}");
            fates(&format!("{ring}\nfunc f() *ring {{\n{body}\n}}")).remove(0)
        };
        assert_eq!(
            of("lend(h.c)\nreturn nil"),
            "leaked (7: it is still open when the function returns here)"
        );
        assert_eq!(of("h.self.c.Close()\nreturn nil"), "released (6: released)");
        assert_eq!(of("return h.self"), "returned (6: returned, inside of another value)");
    }

    #[test]
    fn what_it_was_put_into_has_what_it_gets() {
        let of = |outer: &str| {
            let text = format!("h := &holder{{}}\n{outer}\no.h = h\nh.c = make1()");
            fates(&format!("type outer struct{{ h *holder }}\nvar shared outer\nfunc f() {{\n{text}\n}}"))
                .remove(0)
        };
        assert_eq!(of("o := &outer{}"), "leaked (8: it is still open when the function ends here)");
        assert_eq!(of("o := &shared"), "stored (7: stored in what others have already)");
    }
}
