//! Sends in goroutines that handlers of requests start, on a channel that outlives the request: where the one
//! who receives may have stopped, each request leaves a goroutine behind.

use crate::analysis::channel::exits::{context_of, exits, is_endless, received, stops};
use crate::analysis::channel::{at_hand, describe};
use crate::analysis::detection::{Declaration, Detection};
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, Scopes};
use crate::analysis::summaries::kept_channels::{Site, Use, Uses, holder};
use crate::base::diagnostic::{Certainty, Evidence, Note, Remedy};
use crate::base::text::{Span, narrow};
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::FileScope;
use crate::go::types::type_expr::Type;

/// What the rule is called.
pub const KIND: &str = "handler-send";

/// The sends in goroutines of handlers that may be left alone.
pub fn detect(declaration: &Declaration) -> Vec<Detection> {
    let Decl::Func(func) = declaration.decl else { return Vec::new() };
    if declaration.file.scope.is_test() {
        return Vec::new();
    }
    let scopes = Scopes::of_func(func);
    let typing = Typing::new(declaration.database, declaration.file.scope.clone(), &scopes);
    let handler = Handler { declaration, func, scopes: &scopes, typing: &typing };
    let mut found = Vec::new();
    for (at, body) in scopes.bodies.iter().enumerate() {
        visit::body(body.block, &mut |stmt| {
            if let StmtKind::Go(go) = &stmt.kind
                && let Some(call) = go.as_call()
                && let ExprKind::FuncLit(literal) = &call.function.unparen().kind
            {
                visit::body(&literal.body, &mut |inner| {
                    if let StmtKind::Send { channel, .. } = &inner.kind {
                        found.extend(handler.judge(inner, channel, (stmt.span, literal, BodyId(narrow(at)))));
                    }
                });
            }
        });
    }
    found.sort_by_key(|one: &Detection| one.span);
    found
}

struct Handler<'a, 'f> {
    declaration: &'f Declaration<'f>,
    func: &'a FuncDecl,
    scopes: &'f Scopes<'a>,
    typing: &'f Typing<'a, 'f>,
}

impl Handler<'_, '_> {
    fn judge(
        &self,
        stmt: &Stmt,
        channel: &Expr,
        (go, literal, body): (Span, &FuncLit, BodyId),
    ) -> Option<Detection> {
        let held = holder(self.typing, channel)?;
        if !matches!(self.typing.of(channel), Type::Chan(_)) {
            return None;
        }
        let notes = describe::weight(self.declaration, self.typing, body, self.func);
        if notes.is_empty() {
            return None;
        }
        let uses = self.declaration.summaries.channels.of(self.declaration.database, &held)?;
        let (why, place) = self.may_be_left(&uses)?;
        Some(self.detection(stmt, channel, (go, literal), (notes, why, place)))
    }

    /// Why nobody may receive at some time, and the place that tells.
    fn may_be_left<'u>(&self, uses: &'u Uses) -> Option<(&'static str, Option<&'u Site>)> {
        if uses.any(&[Use::ToReceive, Use::ToSend, Use::Close]) {
            return None;
        }
        let receives: Vec<&Site> = uses.of(Use::Receive).collect();
        if receives.is_empty() {
            return Some(("nothing in its package receives from it", None));
        }
        for site in &receives {
            // What stops with the program is no fault, nor what goes on for good.
            if !self.may_fail(site)? {
                return None;
            }
        }
        Some(("what receives from it may have returned", Some(receives[0])))
    }

    /// Whether the loop around a receive may be left for another reason than being told to stop; none where
    /// it stands in no endless loop.
    fn may_fail(&self, site: &Site) -> Option<bool> {
        let scopes = Scopes::of_func(&site.func.decl);
        let typing = Typing::new(self.declaration.database, FileScope::of(&site.func), &scopes);
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
        &self,
        stmt: &Stmt,
        channel: &Expr,
        (go, literal): (Span, &FuncLit),
        (notes, why, place): (Vec<Note>, &str, Option<&Site>),
    ) -> Detection {
        let text =
            |span: Span| String::from_utf8_lossy(&self.declaration.file.text[span.range()]).into_owned();
        let name = text(channel.span);
        let database = self.declaration.database;
        let label = place.map(|site| {
            let (line, column) = database.line_column(&site.func.package, site.func.file, site.span);
            let path = database.display_path(&site.func.package, site.func.file);
            Evidence { path, line, column, span: None, words: "received here".to_owned() }
        });
        let returns = at_hand::returned(self.typing, self.declaration.file.text, &literal.signature);
        let remedy = match (at_hand::context(self.scopes, self.typing, go.start), returns) {
            (Some(context), Some(returns)) => Remedy::Case {
                title: format!("let the send end with the request: `case <-{context}.Done():`"),
                statement: stmt.span,
                case: format!("<-{context}.Done()"),
                lines: vec![returns],
                doubt: Some("it ends with the response, and what was to be sent may be lost".to_owned()),
            },
            _ => Remedy::Advice {
                title: "send in a `select` with something that ends".to_owned(),
                reason: "no context is at hand".to_owned(),
            },
        };
        Detection {
            kind: KIND,
            span: stmt.span,
            label: "may never end".to_owned(),
            message: format!(
                "a goroutine of a request sends on `{name}`, and {why}: the goroutine stays for good"
            ),
            certainty: Certainty::Proved,
            labels: label.into_iter().collect(),
            notes,
            remedy: Some(remedy),
        }
    }
}
