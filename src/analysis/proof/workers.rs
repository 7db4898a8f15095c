//! The goroutines that a maker starts, in its own body and in what it calls of the repository: whether what
//! its release does ends them.

use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::Scopes;
use crate::analysis::proof::subject::Subject;
use crate::analysis::proof::waiting::{self, Wait};
use crate::base::diagnostic::Evidence;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::{Database, FileScope};
use crate::go::types::type_expr::Type;

/// Functions that call functions are followed this deep.
const MAX_DEPTH: usize = 4;

/// How many of them are read.
const MAX_FUNCS: usize = 60;

/// What a release has done before it waits.
#[derive(Default)]
pub(super) struct Told {
    /// The names of the channels that it closed, and of the functions by which contexts end.
    pub names: Vec<String>,
    /// It has ended something else: whoever reads from that comes back.
    pub ends: bool,
}

impl Told {
    /// Whether a body mentions what it was told by: a channel that was closed, or a context.
    pub(super) fn is_heard(&self, typing: &Typing, body: &Block) -> bool {
        let mut found = false;
        visit::block(body, &mut |expr| {
            let Some(name) = last_name(expr) else { return };
            found |= self.names.iter().any(|told| told == name);
            // `ctx.Done()`, and not that of a group.
            if let ExprKind::Selector { operand, field } = &expr.kind {
                found |= &*field.name == "Done" && typing.of(operand).is_context();
            }
        });
        found
    }
}

/// Whether what makes the subject starts a goroutine, be it one whose source is not there.
pub(super) fn are_started(subject: &Subject) -> bool {
    let Some(func) = subject.typing.called(subject.call) else { return false };
    let (mut found, mut read) = (false, 0);
    reach(subject.typing.database, &func, (0, &mut read), &mut |_, body| {
        visit::all_statements(body, &mut |stmt| found |= matches!(stmt.kind, StmtKind::Go(_)));
        visit::block(body, &mut |expr| {
            found |= expr.as_call().is_some_and(|call| call.name() == Some("Go"));
        });
    });
    found
}

/// Whether one of the goroutines mentions what has this name.
pub(super) fn mention(subject: &Subject, name: &str) -> bool {
    let mut found = false;
    of_maker(subject, &mut |typing, body| {
        all_of(typing, body, &mut |_, body| {
            visit::block(body, &mut |expr| found |= last_name(expr) == Some(name));
        });
    });
    found
}

/// Whether the release, or what it calls of the repository, mentions what has this name.
pub(super) fn release_mentions(subject: &Subject, name: &str) -> bool {
    let database = subject.typing.database;
    let (mut found, mut read) = (false, 0);
    for func in subject.methods(&subject.release.method) {
        reach(database, &func, (0, &mut read), &mut |_, body| {
            visit::block(body, &mut |expr| found |= last_name(expr) == Some(name));
        });
    }
    found
}

/// The place in one of the goroutines because of which it may never end, whatever the release has `told`.
pub(super) fn stuck(subject: &Subject, told: &Told) -> Option<Evidence> {
    let release = &subject.release.method;
    let mut unbuffered: Vec<String> = Vec::new();
    if let Some(func) = subject.typing.called(subject.call) {
        let mut read = 0;
        reach(subject.typing.database, &func, (0, &mut read), &mut |_, body| {
            makes_unbuffered(body, &mut unbuffered);
        });
    }
    let mut found = None;
    of_maker(subject, &mut |typing, body| {
        let (mut hears, mut endless) = (told.ends, None);
        all_of(typing, body, &mut |typing, body| {
            hears |= told.is_heard(typing, body);
            visit::all_statements(body, &mut |stmt| match &stmt.kind {
                StmtKind::For(looped) if matches!(looped.head, ForHead::Clause { condition: None, .. }) => {
                    endless.get_or_insert_with(|| {
                        let words = format!("`{release}` waits for this goroutine, and does not end it");
                        typing.evidence(stmt.span, words)
                    });
                }
                StmtKind::Send { channel, .. }
                    if found.is_none()
                        && last_name(channel)
                            .is_some_and(|name| unbuffered.iter().any(|one| one == name)) =>
                {
                    let words = format!("a goroutine may wait here that `{release}` waits for");
                    found = Some(typing.evidence(stmt.span, words));
                }
                _ => {}
            });
        });
        if !hears && found.is_none() {
            found = endless;
        }
    });
    found
}

/// `c` of `x.c`, `c` of `c`.
pub(super) fn last_name(expr: &Expr) -> Option<&str> {
    match &expr.unparen().kind {
        ExprKind::Ident(ident) => Some(&ident.name),
        ExprKind::Selector { field, .. } => Some(&field.name),
        _ => None,
    }
}

/// The names that get a channel without room: `make(chan T)`.
fn makes_unbuffered(body: &Block, found: &mut Vec<String>) {
    let is_made = |value: &Expr| {
        value.as_call().is_some_and(|call| {
            let channel = |ty: &Expr| matches!(ty.unparen().kind, ExprKind::Chan { .. });
            call.name() == Some("make") && call.args.len() == 1 && channel(&call.args[0])
        })
    };
    visit::block(body, &mut |expr| {
        if let ExprKind::Composite { elements, .. } = &expr.kind {
            let made = elements.iter().filter(|element| is_made(&element.value));
            let keys = made.filter_map(|element| element.key.as_ref().and_then(last_name));
            found.extend(keys.map(str::to_owned));
        }
    });
    visit::all_statements(body, &mut |stmt| {
        if let StmtKind::Assign { left, right, .. } | StmtKind::Define { left, right } = &stmt.kind {
            let made = left.iter().zip(right).filter(|(_, value)| is_made(value));
            found.extend(made.filter_map(|(target, _)| last_name(target)).map(str::to_owned));
        }
    });
}

/// Sees the body of each goroutine that the maker starts, and does not wait for.
pub(super) fn of_maker(subject: &Subject, see: &mut dyn FnMut(&Typing, &Block)) {
    let Some(func) = subject.typing.called(subject.call) else { return };
    let database = subject.typing.database;
    let mut read = 0;
    reach(database, &func, (0, &mut read), &mut |typing, body| {
        visit::all_statements(body, &mut |stmt| {
            let StmtKind::Go(expr) = &stmt.kind else { return };
            if is_joined(body, stmt, expr) {
                return;
            }
            if let Some(call) = expr.as_call() {
                run(typing, &call.function, Some(call), see);
            }
        });
        // `g.Go(func() error { … })`
        visit::block(body, &mut |expr| {
            if let Some(call) = expr.as_call().filter(|call| call.span == expr.span)
                && call.name() == Some("Go")
            {
                call.args.iter().for_each(|arg| run(typing, arg, None, see));
            }
        });
    });
}

/// Whether a statement of the body that starts it waits for the very group that the goroutine, a literal, is
/// done with when it ends: then it is over.
fn is_joined(body: &Block, started: &Stmt, expr: &Expr) -> bool {
    let group_of = |call: &Call, method: &str| {
        let ExprKind::Selector { operand, field } = &call.function.unparen().kind else { return None };
        last_name(operand).filter(|_| &*field.name == method).map(str::to_owned)
    };
    let Some(ExprKind::FuncLit(literal)) = expr.as_call().map(|call| &call.function.unparen().kind) else {
        return false;
    };
    let mut done = Vec::new();
    for stmt in &literal.body.stmts {
        if let StmtKind::Defer(expr) | StmtKind::Expr(expr) = &stmt.kind {
            done.extend(expr.as_call().and_then(|call| group_of(call, "Done")));
        }
    }
    // The body that starts it, itself or the literal in it.
    let mut starter = body;
    visit::block(body, &mut |expr| {
        if let ExprKind::FuncLit(literal) = &expr.kind
            && literal.body.span.contains(started.span)
            && starter.span.contains(literal.body.span)
        {
            starter = &literal.body;
        }
    });
    starter.stmts.iter().any(|stmt| {
        let StmtKind::Expr(expr) = &stmt.kind else { return false };
        let group = expr.as_call().and_then(|call| group_of(call, "Wait"));
        stmt.span.start > started.span.end && group.is_some_and(|group| done.contains(&group))
    })
}

/// Sees the body of a function that is run.
fn run(typing: &Typing, function: &Expr, call: Option<&Call>, see: &mut dyn FnMut(&Typing, &Block)) {
    if let ExprKind::FuncLit(literal) = &function.unparen().kind {
        return see(typing, &literal.body);
    }
    let named = function.called();
    let Some(func) = typing.called(call.unwrap_or(&named)) else { return };
    if typing.database.is_dependency(&func.package) {
        return;
    }
    let scopes = Scopes::of_func(&func.decl);
    let inside = Typing::new(typing.database, FileScope::of(&func), &scopes);
    if let Some(body) = func.decl.body() {
        see(&inside, body);
    }
}

/// Sees a body, and those of what it calls of the repository.
pub(super) fn all_of(typing: &Typing, body: &Block, see: &mut dyn FnMut(&Typing, &Block)) {
    see(typing, body);
    let mut read = 0;
    called(typing, body, (0, &mut read), see);
}

/// Sees the body of a function, and those of what it calls of the repository.
fn reach(
    database: &Database,
    func: &FuncRef,
    (depth, read): (usize, &mut usize),
    see: &mut dyn FnMut(&Typing, &Block),
) {
    let Some(body) = func.decl.body() else { return };
    if database.is_dependency(&func.package) || depth >= MAX_DEPTH || *read >= MAX_FUNCS {
        return;
    }
    *read += 1;
    let scopes = Scopes::of_func(&func.decl);
    let typing = Typing::new(database, FileScope::of(func), &scopes);
    see(&typing, body);
    called(&typing, body, (depth, read), see);
}

fn called(
    typing: &Typing,
    body: &Block,
    (depth, read): (usize, &mut usize),
    see: &mut dyn FnMut(&Typing, &Block),
) {
    visit::block(body, &mut |expr| {
        if let Some(call) = expr.as_call().filter(|call| call.span == expr.span)
            && let Some(func) = typing.called(call)
        {
            reach(typing.database, &func, (depth + 1, read), see);
        }
    });
}

/// Whether a function waits for an answer: for a channel, or for a group.
pub(super) fn waits(typing: &Typing, body: &Block, after: u32) -> bool {
    let waits = waiting::places(typing, body);
    waits.iter().any(|(span, wait)| span.start > after && !matches!(wait, Wait::Send))
        || has_select(body, after)
}

fn has_select(body: &Block, after: u32) -> bool {
    let mut found = false;
    visit::all_statements(body, &mut |stmt| {
        let StmtKind::Select(cases) = &stmt.kind else { return };
        let receives = |case: &SelectCase| matches!(case.communication, Some(Communication::Receive { .. }));
        found |= stmt.span.start > after && cases.iter().any(receives);
    });
    found
}

/// Whether a value can be made use of later: a function, a channel, or something behind an interface.
pub(super) fn can_be_served(database: &Database, ty: &Type) -> bool {
    !ty.is_context()
        && !ty.is_error()
        && (database.underlying_func(ty).is_some() || database.is_channel(ty) || database.is_interface(ty))
}
