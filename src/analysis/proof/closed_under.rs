//! What the goroutines of a maker do once the resource is closed under them. The error that each call gives
//! from then on must not end the program, and not be tried again without end; nothing may be sent into a
//! channel that the release closes, nor be called on a field that it clears.
//!
//! Whether a release that waits for them ever comes back is for `waits`.

use crate::analysis::graph::exits::{exits, is_endless};
use crate::analysis::graph::known::{self, Name};
use crate::analysis::graph::local_types::Typing;
use crate::analysis::proof::release_reach::Reach;
use crate::analysis::proof::subject::Subject;
use crate::analysis::proof::workers;
use crate::base::diagnostic::{Evidence, Objection};
use crate::base::text::Span;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;

pub(crate) fn check(subject: &Subject, _: &mut Vec<Evidence>) -> Result<(), Objection> {
    let mut reach = None;
    let mut found = None;
    workers::of_maker(subject, &mut |typing, body| {
        let reach = reach.get_or_insert_with(|| Reach::of(subject));
        if found.is_none() {
            found = harm(subject, reach, typing, body);
        }
    });
    found.map_or(Ok(()), |place| Err(Objection { place, exposure: None }))
}

/// Where a goroutine with this body does harm after the release.
fn harm(subject: &Subject, reach: &Reach, typing: &Typing, body: &Block) -> Option<Evidence> {
    let release = &subject.release.method;
    let (mut hears, mut dies, mut goes_on, mut found) = (false, None, None, None);
    workers::all_of(typing, body, &mut |typing, body| {
        hears |= reach.told().is_some_and(|told| told.is_heard(typing, body));
        if dies.is_none() {
            let words = "a goroutine of its maker may end the program here once it is closed";
            dies = dies_of_error(typing, body).map(|span| typing.evidence(span, words));
        }
        if goes_on.is_none() {
            let words = "a goroutine of its maker may go on here without end once it is closed";
            goes_on = goes_on_failing(typing, body).map(|span| typing.evidence(span, words));
        }
        if found.is_none() {
            found = used_after(reach, body).map(|(span, what)| {
                typing.evidence(span, format!("`{release}` {what} under this goroutine"))
            });
        }
    });
    found.or(dies.or(goes_on).filter(|_| !hears))
}

/// Where the program ends because of an error.
fn dies_of_error(typing: &Typing, body: &Block) -> Option<Span> {
    let asks_error = |expr: &Expr| {
        let mut found = false;
        visit::expr(expr, &mut |inner| found |= is_error(typing, inner));
        found
    };
    let mut over_error: Vec<Span> = Vec::new();
    visit::all_statements(body, &mut |stmt| {
        if let StmtKind::If(branch) = &stmt.kind
            && asks_error(&branch.condition)
        {
            over_error.push(branch.then.span);
        }
    });
    let mut found = None;
    visit::block(body, &mut |expr| {
        let Some(call) = expr.as_call().filter(|call| call.span == expr.span) else { return };
        let ends = match typing.name(&call.function) {
            _ if call.name() == Some("panic") => true,
            Some((package, name)) => known::ending(Name { package: &package, name }, false).is_some(),
            None => false,
        };
        let because = || over_error.iter().any(|span| span.contains(call.span));
        if ends && (call.args.iter().any(asks_error) || because()) {
            found.get_or_insert(call.span);
        }
    });
    found
}

/// An endless loop that no failing call leaves.
fn goes_on_failing(typing: &Typing, body: &Block) -> Option<Span> {
    let mut found = None;
    visit::all_statements(body, &mut |stmt| {
        let StmtKind::For(looped) = &stmt.kind else { return };
        if !is_endless(typing, looped) {
            return;
        }
        let mut apart: Vec<Span> = Vec::new();
        visit::body(&looped.body, &mut |inner| match &inner.kind {
            StmtKind::If(branch) if is_one_error(typing, &branch.condition) => apart.push(branch.then.span),
            StmtKind::Switch(switch)
                if switch.value.as_ref().is_some_and(|value| is_error(typing, value)) =>
            {
                let named = switch.cases.iter().filter(|case| !case.values.is_empty());
                apart.extend(named.flat_map(|case| &case.stmts).map(|stmt| stmt.span));
            }
            _ => {}
        });
        let leaves =
            exits(&looped.body).into_iter().any(|exit| !apart.iter().any(|span| span.contains(exit.span)));
        if !leaves {
            found.get_or_insert(stmt.span);
        }
    });
    found
}

/// Whether a condition holds for some errors alone, or for none: `err == io.EOF`, `errors.Is(err, io.EOF)`,
/// `err == nil`.
fn is_one_error(typing: &Typing, condition: &Expr) -> bool {
    match &condition.unparen().kind {
        ExprKind::Binary { op: BinaryOp::Equal, left, right } => {
            is_error(typing, left) || is_error(typing, right)
        }
        ExprKind::Binary { op: BinaryOp::And, left, right } => {
            is_one_error(typing, left) || is_one_error(typing, right)
        }
        ExprKind::Binary { op: BinaryOp::Or, left, right } => {
            is_one_error(typing, left) && is_one_error(typing, right)
        }
        ExprKind::Call(call) => call.args.iter().any(|arg| is_error(typing, arg)),
        _ => false,
    }
}

fn is_error(typing: &Typing, expr: &Expr) -> bool {
    let named = matches!(expr.unparen().kind, ExprKind::Ident(_) | ExprKind::Selector { .. });
    named && !expr.is_nil() && typing.of(expr).is_error()
}

/// What a body sends into, or uses of what the release takes away.
fn used_after(reach: &Reach, body: &Block) -> Option<(Span, &'static str)> {
    let is_in = |names: &[String], expr: &Expr| {
        workers::last_name(expr).is_some_and(|name| names.iter().any(|one| one == name))
    };
    let mut found = None;
    visit::all_statements(body, &mut |stmt| {
        let sends = |channel: &Expr| is_in(&reach.closes, channel);
        let sent = match &stmt.kind {
            StmtKind::Send { channel, .. } => sends(channel).then_some(stmt.span),
            StmtKind::Select(cases) => cases.iter().find_map(|case| match &case.communication {
                Some(Communication::Send { channel, .. }) => sends(channel).then_some(case.span),
                _ => None,
            }),
            _ => None,
        };
        if let Some(span) = sent {
            found.get_or_insert((span, "closes this channel"));
        }
    });
    visit::block(body, &mut |expr| {
        if let ExprKind::Selector { operand, .. } = &expr.kind
            && matches!(operand.unparen().kind, ExprKind::Selector { .. })
            && is_in(&reach.clears, operand)
        {
            found.get_or_insert((expr.span, "clears this field"));
        }
    });
    found
}
