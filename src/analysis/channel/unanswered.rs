//! Operations on channels and conditions that a package keeps to itself, in a field or a variable, and that
//! nothing in it ever answers.

use crate::analysis::channel::describe;
use crate::analysis::channel::process;
use crate::analysis::detection::{Declaration, Detection};
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, Scopes};
use crate::analysis::summaries::kept_channels::{Holder, Room, Site, Use, holder, is_kept, lent_by};
use crate::base::diagnostic::{Certainty, Evidence, Remedy};
use crate::base::text::Span;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::exported;

/// What the rule is called.
pub const KIND: &str = "unanswered-field";

/// The operations of a declaration that nothing in the package answers.
pub fn detect(declaration: &Declaration) -> Vec<Detection> {
    let Decl::Func(func) = declaration.decl else { return Vec::new() };
    if declaration.file.scope.is_test() {
        return Vec::new();
    }
    let scopes = Scopes::of_func(func);
    let typing = Typing::new(declaration.database, declaration.file.scope.clone(), &scopes);
    let finder = Finder { declaration, scopes: &scopes, typing: &typing };
    let mut found: Vec<Detection> = Vec::new();
    for operation in operations(&scopes, func) {
        let Some(why) = finder.unanswered(&operation) else { continue };
        found.push(finder.detection(&operation, why, func));
    }
    found.sort_by_key(|one| one.span);
    found.dedup_by_key(|one| one.span);
    if !found.is_empty() && !runs_often(declaration, func) {
        found.clear();
    }
    found
}

/// Whether a function is called at all, as far as the package can tell, and not once in the life of the
/// process.
fn runs_often(declaration: &Declaration, func: &FuncDecl) -> bool {
    let package = &declaration.file.scope.package;
    let name = &*func.name.name;
    let others =
        || package.functions_with(name).into_iter().filter(|other| other.decl.name.span != func.name.span);
    let called = exported(name) || others().next().is_some() || !package.values_with(name).is_empty();
    called && !process::runs_once(package, func)
}

/// Something that waits for others.
struct Operation<'a> {
    span: Span,
    /// One of these has to be possible for it to end.
    ways: Vec<(Use, &'a Expr)>,
}

/// The operations that nothing else than what they wait for ends: those of a `select` together.
fn operations<'a>(scopes: &Scopes<'a>, func: &'a FuncDecl) -> Vec<Operation<'a>> {
    let mut found: Vec<Operation> = Vec::new();
    let mut chosen: Vec<Span> = Vec::new();
    for body in &scopes.bodies {
        visit::body(body.block, &mut |stmt| match &stmt.kind {
            StmtKind::Send { channel, .. } => {
                found.push(Operation { span: stmt.span, ways: vec![(Use::Send, channel)] });
            }
            StmtKind::For(looped) => {
                if let ForHead::Range { right, .. } = &looped.head {
                    found.push(Operation { span: right.span, ways: vec![(Use::Receive, right)] });
                }
            }
            StmtKind::Select(cases) => {
                let mut ways = Vec::new();
                for case in cases {
                    match &case.communication {
                        Some(Communication::Send { channel, .. }) => ways.push((Use::Send, channel)),
                        Some(Communication::Receive { right, .. }) => {
                            chosen.push(right.unparen().span);
                            if let ExprKind::Receive(channel) = &right.unparen().kind {
                                ways.push((Use::Receive, &**channel));
                            }
                        }
                        None => {}
                    }
                }
                if ways.len() == cases.len() && !cases.is_empty() {
                    let span = Span { start: stmt.span.start, end: stmt.span.start + 6 };
                    found.push(Operation { span, ways });
                }
            }
            StmtKind::Expr(expr) => {
                if let Some(call) = expr.as_call()
                    && let ExprKind::Selector { operand, field } = &call.function.unparen().kind
                    && &*field.name == "Wait"
                {
                    found.push(Operation { span: stmt.span, ways: vec![(Use::Wait, operand)] });
                }
            }
            _ => {}
        });
    }
    if let Some(body) = func.body() {
        visit::block(body, &mut |expr| {
            if let ExprKind::Receive(channel) = &expr.kind
                && !chosen.contains(&expr.span)
            {
                found.push(Operation { span: expr.span, ways: vec![(Use::Receive, channel)] });
            }
        });
    }
    found
}

/// Why nothing answers.
struct Why {
    text: String,
    /// Where it is made.
    made: Option<Site>,
}

struct Finder<'a, 'f> {
    declaration: &'f Declaration<'f>,
    scopes: &'f Scopes<'a>,
    typing: &'f Typing<'a, 'f>,
}

impl Finder<'_, '_> {
    /// Why an operation never ends: nothing answers any of its ways.
    fn unanswered(&self, operation: &Operation) -> Option<Why> {
        let mut first = None;
        for (what, expr) in &operation.ways {
            let why = self.never(*what, expr)?;
            first = first.or(Some(why));
        }
        first
    }

    fn never(&self, what: Use, expr: &Expr) -> Option<Why> {
        let database = self.declaration.database;
        let held: Holder = match expr.as_call() {
            Some(call) if what == Use::Receive => lent_by(database, self.typing, call)?,
            Some(_) => return None,
            None => holder(self.typing, expr).filter(|held| held.owner.is_some())?,
        };
        if expr.as_call().is_none() && !is_kept(&self.typing.of(expr)) {
            return None;
        }
        let uses = self.declaration.summaries.channels.of(database, &held)?;
        // What is nil is asked for where it need not be there.
        if uses.room().is_none() && uses.any(&[Use::Asked]) {
            return None;
        }
        let name = String::from_utf8_lossy(&self.declaration.file.text[expr.span.range()]).into_owned();
        let (does, nobody, never) = match what {
            Use::Receive if !uses.any(&[Use::Send, Use::Close, Use::ToSend]) => {
                ("received from", "sends on it or closes it", "that never ends")
            }
            Use::Send if !uses.any(&[Use::Receive, Use::ToReceive]) => match uses.room() {
                Some(Room::Some) => return None,
                Some(Room::Unknown) => {
                    ("sent on", "receives from it", "once it is full, the send never ends")
                }
                _ => ("sent on", "receives from it", "the send never ends"),
            },
            Use::Wait if !uses.any(&[Use::Signal]) => ("waited for", "signals it", "the wait never ends"),
            _ => return None,
        };
        let text = format!("`{name}` is {does}, and nothing in its package {nobody}: {never}");
        let made = uses.sites.iter().find(|site| matches!(site.what, Use::Made(_))).cloned();
        Some(Why { text, made })
    }

    fn detection(&self, operation: &Operation, why: Why, func: &FuncDecl) -> Detection {
        let database = self.declaration.database;
        let label = why.made.map(|site| {
            let (line, column) = database.line_column(&site.func.package, site.func.file, site.span);
            let path = database.display_path(&site.func.package, site.func.file);
            Evidence { path, line, column, span: None, words: "made here".to_owned() }
        });
        let body = self.scopes.body_around(operation.span).unwrap_or(BodyId(0));
        Detection {
            kind: KIND,
            span: operation.span,
            label: "never ends".to_owned(),
            message: why.text,
            certainty: Certainty::Proved,
            labels: label.into_iter().collect(),
            notes: describe::weight(self.declaration, self.typing, body, func),
            remedy: Some(Remedy::Advice {
                title: "let the other side answer, or add a way to give up".to_owned(),
                reason: "what is missing is for a person to say".to_owned(),
            }),
        }
    }
}
