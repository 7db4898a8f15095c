//! Where a `close` would have to stand that comes on some ways out only. A `defer` in its place is no answer
//! where what follows it waits for the goroutine: it would come after that wait, and so never.

use crate::analysis::channel::findings::{Found, evidence, goes_on, is_renamed, plainly_received};
use crate::analysis::channel::outcome::*;
use crate::analysis::channel::team::ChannelId;
use crate::analysis::channel::told;
use crate::analysis::channel::verdict::{Fault, Kind};
use crate::base::diagnostic::Remedy;
use crate::base::text::Span;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::type_expr::Type;

/// A `close` on the ways out that lack it.
pub fn on_the_others(found: &Found, fault: &Fault) -> Remedy {
    let name = &found.team.channels[fault.channel.0].name;
    if let Some(statements) = returns(found, fault) {
        let before = match statements.len() {
            1 => "the `return` that lacks it".to_owned(),
            _ => "each `return` that lacks it".to_owned(),
        };
        return Remedy::Leaving {
            title: format!("insert `close({name})` before {before}"),
            statements,
            lines: vec![format!("close({name})")],
            doubt: doubt(found, fault),
        };
    }
    if let Some(line) = waits_behind(found, fault.channel) {
        return Remedy::advice(
            format!("close `{name}` before each way out that lacks it"),
            format!("in place of the `close` that is there, a `defer` would come too late for line {line}"),
        );
    }
    Remedy::advice(
        format!("close `{name}` on every way out, by a `defer` in place of the `close` that is there"),
        "a second close panics",
    )
}

/// The `return`s that leave a goroutine behind, where nothing else does, and a `close` can stand before each.
fn returns(found: &Found, fault: &Fault) -> Option<Vec<Span>> {
    let var = found.team.channels[fault.channel.0].var;
    let scopes = found.frame.scopes;
    fault.member?;
    let mut spans = Vec::new();
    for exit in &fault.exits {
        let End::Return(span) = exit else { return None };
        spans.push(*span);
    }
    spans.sort();
    spans.dedup();
    let closes = |way: &Way| way.has(Action::Close, fault.channel);
    let mixed =
        found.ways.iter().any(|way| matches!(way.end, End::Return(at) if spans.contains(&at)) && closes(way));
    let used = spans.iter().any(|span| scopes.uses_in(*span).any(|used| used == var));
    // What is deferred runs after it.
    let mut deferred = false;
    visit::body(scopes.body(found.team.body).block, &mut |stmt| {
        deferred |=
            matches!(stmt.kind, StmtKind::Defer(_)) && scopes.uses_in(stmt.span).any(|used| used == var);
    });
    (!mixed && !used && !deferred && !spans.is_empty() && !is_renamed(found.frame, "close")).then_some(spans)
}

/// Why a close before a `return` needs a look.
fn doubt(found: &Found, fault: &Fault) -> Option<String> {
    if fault.kind == Kind::AbandonedReceive {
        return Some("the goroutine goes on when the channel is closed".to_owned());
    }
    let members = || found.members.iter().flatten();
    if let Some(place) = members().find_map(|way| way.place(Action::Send, fault.channel)) {
        let line = evidence(found, place, String::new()).line;
        return Some(format!("a goroutine sends on it in line {line}: it must be over before"));
    }
    goes_on(found, fault.channel)
        .or_else(|| plainly_received(found, fault.channel))
        .or_else(|| told::counted(found))
}

/// The line behind the `close` that is there in which something is waited for, maybe for who is told by it.
fn waits_behind(found: &Found, channel: ChannelId) -> Option<u32> {
    let waits = |event: &&Event| match event.what {
        What::Join(_) => true,
        What::Operation { action, .. } => matches!(action, Action::Receive | Action::Range),
        _ => false,
    };
    let behind = |way: &Way| {
        let closed = way.events.iter().position(|event| event.is(Action::Close, channel))?;
        way.events[closed..].iter().find(waits).map(|event| event.at)
    };
    let known = found.members.iter().flatten().chain(found.ways).find_map(behind);
    if let Some(place) = known {
        return Some(evidence(found, place, String::new()).line);
    }
    let close = found.ways.iter().find_map(|way| way.place(Action::Close, channel))?;
    if close.file != 0 {
        return None;
    }
    let mut first: Option<Span> = None;
    let mut see = |span: Span, waits: bool| {
        if waits && span.start >= close.span.end && first.is_none_or(|known| span.start < known.start) {
            first = Some(span);
        }
    };
    let block = found.frame.scopes.body(found.team.body).block;
    visit::block(block, &mut |expr| {
        let waits = match &expr.kind {
            ExprKind::Receive(_) => true,
            ExprKind::Call(call) => call.name() == Some("Wait"),
            _ => false,
        };
        see(expr.span, waits);
    });
    visit::body(block, &mut |stmt| match &stmt.kind {
        StmtKind::Select(_) => see(stmt.span, true),
        StmtKind::For(looped) => {
            let ForHead::Range { right, .. } = &looped.head else { return };
            see(stmt.span, matches!(found.frame.typing.of(right), Type::Chan(_)));
        }
        _ => {}
    });
    first.map(|span| found.declaration.file.lines.line(span.start))
}
