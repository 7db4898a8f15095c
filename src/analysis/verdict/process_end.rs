//! What keeps a program's `main` function until somebody ends the process: a server's call, the wait for a
//! signal, the wait for goroutines that serve or have no end.

use crate::analysis::graph::known;
use crate::analysis::graph::scopes::{BodyId, VarId, VarOrigin};
use crate::analysis::summaries::callee::Calls;
use crate::go::facts::names::{self, NameSet};
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;

/// Contexts made from contexts are followed this deep.
const MAX_DEPTH: usize = 4;

impl<'a> Calls<'a, '_> {
    /// Whether the process serves from this call on.
    pub(crate) fn serves_in(&self, call: &'a Call) -> bool {
        let waits = call.name() == Some("Wait") && call.args.is_empty();
        self.in_main && (self.is_server(call) || waits && self.goroutines().any(|body| self.stays(body)))
    }

    fn is_server(&self, call: &Call) -> bool {
        call.name().is_some_and(known::may_serve) && self.typing.ask(call, known::serves) == Some(true)
    }

    /// Whether a value comes from this channel only when the process is told to end.
    pub(crate) fn signals(&self, channel: &Expr) -> bool {
        self.in_main
            && (self.is_notified(channel)
                || done_of(channel).is_some_and(|context| self.is_signalled(context, 0)))
    }

    /// `signal.Notify(channel, …)`
    fn is_notified(&self, channel: &Expr) -> bool {
        let var = |expr: &Expr| expr.as_ident().and_then(|ident| self.typing.scopes.var(ident));
        let Some(channel) = var(channel) else { return false };
        let fact = &names::functions().notifies;
        let notifies = |call: &Call| {
            call.name().is_some_and(|name| fact.may_hold(name))
                && call.args.first().and_then(var) == Some(channel)
                && self.is(call, fact)
        };
        let mut found = false;
        visit::block(self.typing.scopes.body(BodyId(0)).block, &mut |expr| {
            found |= expr.as_call().is_some_and(notifies);
        });
        found
    }

    /// Whether a signal cancels the context, or it is made from one that a signal cancels.
    fn is_signalled(&self, context: &Expr, depth: usize) -> bool {
        let given = |var: VarId| match self.typing.scopes.info(var).origin {
            VarOrigin::Value { value, index: 0, .. } => value.as_call(),
            _ => None,
        };
        let var = context.as_ident().and_then(|ident| self.typing.scopes.var(ident));
        let Some(call) = var.map_or_else(|| context.as_call(), given) else { return false };
        let by_name = call.name().is_some_and(|name| name.contains("Signal") || name == "NotifyContext");
        let outer = || call.args.first().is_some_and(|outer| self.is_signalled(outer, depth + 1));
        by_name || depth < MAX_DEPTH && self.is(call, &names::functions().derives_context) && outer()
    }

    fn is(&self, call: &Call, fact: &NameSet) -> bool {
        self.typing.name(&call.function).is_some_and(|(package, name)| fact.holds(&package, name))
    }

    /// The function literals that `main` starts: `go func…`, `group.Go(func…)`.
    fn goroutines(&self) -> impl Iterator<Item = &'a Block> {
        let mut found = Vec::new();
        let literal = |expr: &'a Expr| match &expr.unparen().kind {
            ExprKind::FuncLit(literal) => Some(&literal.body),
            _ => None,
        };
        let main = self.typing.scopes.body(BodyId(0)).block;
        visit::body(main, &mut |stmt| {
            if let StmtKind::Go(started) = &stmt.kind {
                found.extend(started.as_call().and_then(|call| literal(&call.function)));
            }
        });
        visit::block(main, &mut |expr| {
            if let ExprKind::Call(call) = &expr.kind
                && call.name() == Some("Go")
            {
                found.extend(call.args.iter().filter_map(literal));
            }
        });
        found.into_iter()
    }

    /// Whether a goroutine serves, waits for a signal, or never ends.
    fn stays(&self, body: &'a Block) -> bool {
        let mut serves = false;
        visit::block(body, &mut |expr| match &expr.kind {
            ExprKind::Call(call) => serves |= self.is_server(call),
            ExprKind::Receive(channel) => serves |= self.signals(channel),
            _ => {}
        });
        serves || self.ways_out(body, None, false).is_some_and(|ways| ways.is_empty())
    }
}

/// The context of `ctx.Done()`.
fn done_of(channel: &Expr) -> Option<&Expr> {
    let call = channel.as_call().filter(|call| call.args.is_empty() && call.name() == Some("Done"))?;
    match &call.function.unparen().kind {
        ExprKind::Selector { operand, .. } => Some(operand),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::{fates, fates_with};

    #[test]
    fn what_serves_until_the_process_ends_is_no_leak() {
        assert_eq!(
            fates("func main() {\nc := make1()\nlend(c)\nselect {}\n}"),
            ["process lifetime (2: every way out after it ends the process, or there is none)"]
        );
        assert_eq!(
            fates("func main() {\nc := make1()\nlend(c)\n}"),
            ["leaked (4: it is still open when the function ends here)"]
        );
        assert_eq!(
            fates_with(
                "net/http",
                "func main() {\nc := make1()\nlend(c)\nhttp.ListenAndServe(\":80\", nil)\n}"
            ),
            ["process lifetime (4: the process serves from here on)"]
        );
    }
}
