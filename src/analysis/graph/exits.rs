//! Endless loops, and the ways out of them.

use crate::analysis::graph::known;
use crate::analysis::graph::local_types::Typing;
use crate::base::text::Span;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;

/// A way out of a loop.
pub struct Exit<'a> {
    pub span: Span,
    /// The case of a `select` that it stands in, the innermost one.
    pub case: Option<&'a SelectCase>,
}

/// The ways out of a loop with this body by statements, where nothing but these ends it.
pub fn exits(body: &Block) -> Vec<Exit<'_>> {
    let mut cases: Vec<&SelectCase> = Vec::new();
    let mut inner: Vec<Span> = Vec::new();
    let mut out: Vec<(Span, bool)> = Vec::new();
    let mut labels: Vec<&str> = Vec::new();
    visit::body(body, &mut |stmt| {
        if let StmtKind::Labeled { label, .. } = &stmt.kind {
            labels.push(&label.name);
        }
    });
    visit::body(body, &mut |stmt| match &stmt.kind {
        // What is left lies within.
        StmtKind::Break(Some(label)) if labels.contains(&&*label.name) => {}
        StmtKind::Select(choices) => {
            inner.push(stmt.span);
            cases.extend(choices);
        }
        StmtKind::For(_) | StmtKind::Switch(_) | StmtKind::TypeSwitch(_) => inner.push(stmt.span),
        StmtKind::Return(_) | StmtKind::Goto(_) | StmtKind::Break(Some(_)) => out.push((stmt.span, false)),
        StmtKind::Break(None) => out.push((stmt.span, true)),
        _ => {}
    });
    // A plain `break` leaves what is innermost.
    out.retain(|(span, plain)| !plain || !inner.iter().any(|around| around.contains(*span)));
    let around = |span: Span| {
        let around = cases.iter().filter(|case| case.span.contains(span));
        around.min_by_key(|case| case.span.end - case.span.start).copied()
    };
    out.into_iter().map(|(span, _)| Exit { span, case: around(span) }).collect()
}

/// Whether a statement, or one within it, may leave the function, so that what follows need not be run.
pub fn may_return(stmt: &Stmt) -> bool {
    let mut found = false;
    visit::statements(std::slice::from_ref(stmt), &mut |inner| {
        found |= matches!(inner.kind, StmtKind::Return(_) | StmtKind::Goto(_));
    });
    found
}

/// Whether a case leaves the loop whatever comes: it is told to stop by what it receives.
pub fn stops(case: &SelectCase) -> bool {
    case.stmts
        .iter()
        .any(|stmt| matches!(stmt.kind, StmtKind::Return(_) | StmtKind::Goto(_) | StmtKind::Break(Some(_))))
}

/// The channel that a case of a `select` receives from.
pub fn received(case: &SelectCase) -> Option<&Expr> {
    let Some(Communication::Receive { right, .. }) = &case.communication else { return None };
    match &right.unparen().kind {
        ExprKind::Receive(channel) => Some(channel),
        _ => None,
    }
}

/// `ctx` in `ctx.Done()`.
pub fn context_of<'e>(typing: &Typing, channel: &'e Expr) -> Option<&'e Expr> {
    let ExprKind::Selector { operand, field } = &channel.as_call()?.function.unparen().kind else {
        return None;
    };
    (&*field.name == "Done" && typing.of(operand).is_context()).then_some(operand)
}

/// Whether a loop goes on until a statement in it leaves it: it has no condition, or it ranges over a channel
/// that nobody closes.
pub fn is_endless(typing: &Typing, looped: &For) -> bool {
    match &looped.head {
        ForHead::Clause { condition, .. } => condition.is_none(),
        ForHead::Range { right, .. } => typing.is_unclosed(right),
    }
}

/// Whether something in a block ends the goroutine or the process from within: `panic`, `os.Exit`,
/// `runtime.Goexit`.
pub fn may_end(typing: &Typing, block: &Block) -> bool {
    let mut found = false;
    visit::block(block, &mut |expr| {
        let Some(call) = expr.as_call().filter(|call| call.span == expr.span) else { return };
        found |= call.name() == Some("panic")
            || typing.name(&call.function).is_some_and(|(package, name)| {
                known::ending(known::Name { package: &package, name }, false).is_some()
            });
    });
    found
}
