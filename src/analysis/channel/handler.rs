//! Sends in goroutines that handlers of requests start, on a channel that outlives the request: where the one
//! who receives may have stopped, each request leaves a goroutine behind.

use crate::analysis::channel::{at_hand, describe};
use crate::analysis::detection::{Detection, Function};
use crate::analysis::graph::exits::{context_of, exits, is_endless, received, stops};
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, Scopes};
use crate::analysis::summaries::kept_channels::{Site, Use, Uses, holder};
use crate::base::diagnostic::{Note, Remedy};
use crate::base::text::{Span, narrow};
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::FileScope;
use crate::go::types::type_expr::Type;

/// What the rule is called.
pub const KIND: &str = "handler-send";

/// The sends in goroutines of handlers that may be left alone.
pub fn detect(function: &Function) -> Vec<Detection> {
    let mut found = Vec::new();
    for (at, body) in function.scopes.bodies.iter().enumerate() {
        visit::body(body.block, &mut |stmt| {
            if let StmtKind::Go(go) = &stmt.kind
                && let Some(call) = go.as_call()
                && let ExprKind::FuncLit(literal) = &call.function.unparen().kind
            {
                visit::body(&literal.body, &mut |inner| {
                    if let StmtKind::Send { channel, .. } = &inner.kind {
                        found.extend(judge(
                            function,
                            inner,
                            channel,
                            (stmt.span, literal, BodyId(narrow(at))),
                        ));
                    }
                });
            }
        });
    }
    found
}

fn judge(
    function: &Function,
    stmt: &Stmt,
    channel: &Expr,
    (go, literal, body): (Span, &FuncLit, BodyId),
) -> Option<Detection> {
    let held = holder(function.typing, channel)?;
    if !matches!(function.typing.of(channel), Type::Chan(_)) {
        return None;
    }
    let notes = describe::weight(function.declaration, function.typing, body, function.func);
    if notes.is_empty() {
        return None;
    }
    let uses = function.declaration.summaries.channels.of(function.declaration.database, &held)?;
    let (why, place) = may_be_left(function, &uses)?;
    Some(detection(function, stmt, channel, (go, literal), (notes, why, place)))
}

/// Why nobody may receive at some time, and the place that tells.
fn may_be_left<'u>(function: &Function, uses: &'u Uses) -> Option<(&'static str, Option<&'u Site>)> {
    if uses.any(&[Use::ToReceive, Use::ToSend, Use::Close]) {
        return None;
    }
    let receives: Vec<&Site> = uses.of(Use::Receive).collect();
    if receives.is_empty() {
        return Some(("nothing in its package receives from it", None));
    }
    for site in &receives {
        // What stops with the program is no fault, nor what goes on for good.
        if !may_fail(function, site)? {
            return None;
        }
    }
    Some(("what receives from it may have returned", Some(receives[0])))
}

/// Whether the loop around a receive may be left for another reason than being told to stop; none where
/// it stands in no endless loop.
fn may_fail(function: &Function, site: &Site) -> Option<bool> {
    let scopes = Scopes::of_func(&site.func.decl);
    let typing = Typing::new(function.declaration.database, FileScope::of(&site.func), &scopes);
    let mut around: Option<&For> = None;
    for body in &scopes.bodies {
        visit::body(body.block, &mut |stmt| {
            let StmtKind::For(looped) = &stmt.kind else { return };
            let ranged =
                matches!(&looped.head, ForHead::Range { right, .. } if right.span.contains(site.span));
            let inside = is_endless(&typing, looped) && looped.body.span.contains(site.span);
            if ranged || inside {
                around = Some(looped);
            }
        });
    }
    let told = |case: &SelectCase| {
        received(case).is_some_and(|channel| {
            context_of(&typing, channel).is_some() || !channel.span.contains(site.span) || stops(case)
        })
    };
    Some(exits(&around?.body).iter().any(|exit| !exit.case.is_some_and(told)))
}

fn detection(
    function: &Function,
    stmt: &Stmt,
    channel: &Expr,
    (go, literal): (Span, &FuncLit),
    (notes, why, place): (Vec<Note>, &str, Option<&Site>),
) -> Detection {
    let name = function.declaration.text(channel.span);
    let label = place.map(|site| function.declaration.place_in(&site.func, site.span, "received here"));
    let returns = at_hand::returned(function.typing, function.declaration.file.text, &literal.signature);
    let remedy = match (at_hand::context(function.scopes, function.typing, go.start), returns) {
        (Some(context), Some(returns)) => Remedy::Case {
            title: format!("let the send end with the request: `case <-{context}.Done():`"),
            statement: stmt.span,
            case: format!("<-{context}.Done()"),
            lines: vec![returns],
            doubt: Some("it ends with the response, and what was to be sent may be lost".to_owned()),
        },
        _ => Remedy::advice("send in a `select` with something that ends", "no context is at hand"),
    };
    let message =
        format!("a goroutine of a request sends on `{name}`, and {why}: the goroutine stays for good");
    let detection = Detection::new(KIND, stmt.span, "may never end", message);
    detection.with_labels(label).with_notes(notes).with_remedy(remedy)
}
