//! Where a body waits for somebody else, with nothing of its own to end that.

use crate::analysis::graph::known;
use crate::analysis::graph::local_types::Typing;
use crate::base::text::Span;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::type_expr::Type;

/// What a body waits for.
#[derive(Clone, Copy)]
pub(super) enum Wait<'a> {
    Send,
    /// A `select` of which no case comes by itself.
    Select,
    Receive(&'a Expr),
    /// `for range c`
    Range(&'a Expr),
    /// `wg.Wait()`
    Group,
}

/// The places where it waits, of function literals too.
pub(super) fn places<'a>(typing: &Typing, body: &'a Block) -> Vec<(Span, Wait<'a>)> {
    let is_clock = |channel: &Expr| {
        channel.as_call().is_some_and(|call| typing.ask(call, known::is_clock) == Some(true))
    };
    let (mut places, mut bounded): (Vec<(Span, Wait)>, Vec<Span>) = (Vec::new(), Vec::new());
    visit::all_statements(body, &mut |stmt| match &stmt.kind {
        StmtKind::Send { .. } => places.push((stmt.span, Wait::Send)),
        StmtKind::Select(cases) => {
            let ends = |case: &SelectCase| match &case.communication {
                None => true,
                Some(Communication::Receive { right, .. }) => match &right.unparen().kind {
                    ExprKind::Receive(channel) => is_clock(channel),
                    _ => false,
                },
                Some(Communication::Send { .. }) => false,
            };
            // The cases wait together, or not at all.
            bounded.extend(cases.iter().filter_map(|case| match &case.communication {
                Some(Communication::Receive { right, .. }) => Some(right.span),
                _ => None,
            }));
            if !cases.iter().any(ends) {
                places.push((stmt.span, Wait::Select));
            }
        }
        StmtKind::For(looped) => match &looped.head {
            ForHead::Range { right, .. } if matches!(typing.of(right), Type::Chan(_)) => {
                places.push((stmt.span, Wait::Range(right)));
            }
            _ => {}
        },
        _ => {}
    });
    visit::block(body, &mut |expr| match &expr.kind {
        ExprKind::Receive(channel)
            if !is_clock(channel) && !bounded.iter().any(|span| span.contains(expr.span)) =>
        {
            places.push((expr.span, Wait::Receive(channel)));
        }
        ExprKind::Call(call) if call.span == expr.span && call.name() == Some("Wait") => {
            places.push((call.span, Wait::Group));
        }
        _ => {}
    });
    places
}
