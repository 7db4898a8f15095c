//! Operations on channels and conditions that a package keeps to itself, in a field or a variable, and that
//! nothing in it ever answers.

use crate::analysis::channel::describe;
use crate::analysis::detection::{Detection, Function};
use crate::analysis::graph::scopes::{BodyId, Scopes};
use crate::analysis::summaries::kept_channels::{
    Holder, Room, Site, Use, holder, is_for_tests, is_kept, lent_by,
};
use crate::base::text::Span;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::exported;

/// What the rule is called.
pub const KIND: &str = "unanswered-field";

/// The operations of a declaration that nothing in the package answers.
pub fn detect(function: &Function) -> Vec<Detection> {
    let mut found: Vec<Detection> = Vec::new();
    let unreached = unreached(function.scopes);
    for operation in operations(function.scopes, function.func) {
        if unreached.iter().any(|behind| behind.contains(operation.span)) {
            continue;
        }
        let Some(why) = unanswered(function, &operation) else { continue };
        found.push(detection(function, &operation, why));
    }
    if !found.is_empty() && !is_called(function) {
        found.clear();
    }
    found
}

/// What stands behind a `panic` or a `return` in its own list of statements: nobody comes there.
fn unreached(scopes: &Scopes) -> Vec<Span> {
    let mut found = Vec::new();
    let mut list = |stmts: &[Stmt]| {
        let leaves = |stmt: &Stmt| match &stmt.kind {
            StmtKind::Return(_) => true,
            StmtKind::Expr(expr) => expr.as_call().is_some_and(|call| {
                let panics = call.function.as_ident().filter(|name| &*name.name == "panic");
                panics.is_some_and(|name| scopes.var(name).is_none())
            }),
            _ => false,
        };
        let labeled = stmts.iter().any(|stmt| matches!(stmt.kind, StmtKind::Labeled { .. }));
        let behind = stmts.iter().skip_while(|stmt| !leaves(stmt)).skip(1);
        let (Some(first), Some(last)) = (behind.clone().next(), behind.last()) else { return };
        if !labeled {
            found.push(Span { start: first.span.start, end: last.span.end });
        }
    };
    for body in &scopes.bodies {
        list(&body.block.stmts);
        visit::body(body.block, &mut |stmt| visit::child_lists(stmt).into_iter().for_each(&mut list));
    }
    found
}

/// Whether a function is called at all, as far as the package can tell.
fn is_called(function: &Function) -> bool {
    let (func, package) = (function.func, &function.declaration.file.scope.package);
    let name = &*func.name.name;
    let others =
        || package.functions_with(name).into_iter().filter(|other| other.decl.name.span != func.name.span);
    exported(name) || others().next().is_some() || !package.values_with(name).is_empty()
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

/// Why an operation never ends: nothing answers any of its ways.
fn unanswered(function: &Function, operation: &Operation) -> Option<Why> {
    let mut first = None;
    for (what, expr) in &operation.ways {
        let why = never(function, *what, expr)?;
        first = first.or(Some(why));
    }
    first
}

/// What answers a receive, and what a send.
const SENDS: &[Use] = &[Use::Send, Use::Close, Use::ToSend];
const RECEIVES: &[Use] = &[Use::Receive, Use::ToReceive];

fn never(function: &Function, what: Use, expr: &Expr) -> Option<Why> {
    let database = function.declaration.database;
    let held: Holder = match expr.as_call() {
        Some(call) if what == Use::Receive => lent_by(database, function.typing, call)?,
        Some(_) => return None,
        None => holder(function.typing, expr).filter(|held| held.owner.is_some())?,
    };
    if expr.as_call().is_none() && !is_kept(&function.typing.of(expr)) {
        return None;
    }
    let uses = function.declaration.summaries.channels.of(database, &held)?;
    // What is nil is asked for where it need not be there.
    if uses.room().is_none() && uses.any(&[Use::Asked]) {
        return None;
    }
    let name = function.declaration.text(expr.span);
    let (does, nobody, never, answers): (_, _, _, &[Use]) = match what {
        Use::Receive if !uses.any(SENDS) => {
            ("received from", "sends on it or closes it", "that never ends", SENDS)
        }
        Use::Send if !uses.any(RECEIVES) => match uses.room() {
            Some(Room::Some) => return None,
            Some(Room::Unknown) => {
                ("sent on", "receives from it", "once it is full, the send never ends", RECEIVES)
            }
            _ => ("sent on", "receives from it", "the send never ends", RECEIVES),
        },
        Use::Wait if !uses.any(&[Use::Signal]) => {
            ("waited for", "signals it", "the wait never ends", &[Use::Signal])
        }
        _ => return None,
    };
    if is_for_tests(database, &held, answers) {
        return None;
    }
    let text = format!("`{name}` is {does}, and nothing in its package {nobody}: {never}");
    let made = uses.sites.iter().find(|site| matches!(site.what, Use::Made(_))).cloned();
    Some(Why { text, made })
}

fn detection(function: &Function, operation: &Operation, why: Why) -> Detection {
    let label = why.made.map(|site| function.declaration.place_in(&site.func, site.span, "made here"));
    let body = function.scopes.body_around(operation.span).unwrap_or(BodyId(0));
    Detection::new(KIND, operation.span, "never ends", why.text)
        .with_labels(label)
        .with_notes(describe::weight(function.declaration, function.typing, body, function.func))
        .with_advice(
            "let the other side answer, or add a way to give up",
            "what is missing is for a person to say",
        )
}
