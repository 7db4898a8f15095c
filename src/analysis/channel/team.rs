//! Teams: the channels that one list of statements makes, and how far their uses are known.
//!
//! The unit is the block in which the channels are made, from there on: every way out of it leaves them
//! behind, the end of an iteration of a loop as well as a return.

use std::sync::Arc;

use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, Scopes, VarId};
use crate::base::text::{Span, narrow};
use crate::go::facts::names::{self, NameSet};
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;

/// A channel of a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChannelId(pub usize);

/// One channel.
#[derive(Debug, Clone)]
pub struct Channel<'a> {
    /// What holds it.
    pub var: VarId,
    /// The field that it is in, where a struct holds it.
    pub field: Option<&'a Ident>,
    pub name: Arc<str>,
    /// `make(chan T, n)`
    pub make: &'a Call,
    /// The statement that makes it.
    pub statement: Span,
    /// `T`
    pub element: &'a Expr,
    /// `n`
    pub capacity: Option<&'a Expr>,
    /// It is the end of a context that only what is held here, if anything is, cancels.
    pub context: Option<Option<&'a Ident>>,
}

/// The statements from the first `make` of a block on, or from the first group.
#[derive(Debug)]
pub struct Team<'a> {
    pub body: BodyId,
    pub statements: &'a [Stmt],
    pub channels: Vec<Channel<'a>>,
    /// The block is the function's own: its end is the function's.
    pub whole: bool,
    /// The block is an iteration of a loop, or in one.
    pub in_loop: bool,
}

/// The teams of a declaration, in the order of the text of each body. `begins` tells what else than the
/// making of a channel a team begins with.
pub fn teams<'a>(scopes: &Scopes<'a>, typing: &Typing, begins: &dyn Fn(&'a Stmt) -> bool) -> Vec<Team<'a>> {
    let made = |stmt| made(scopes, typing, stmt);
    let mut found = Vec::new();
    for (at, body) in scopes.bodies.iter().enumerate() {
        let body_id = BodyId(narrow(at));
        let loops = loops(body.block);
        let mut list = |statements: &'a [Stmt], whole: bool| {
            let first = statements.iter().position(|stmt| begins(stmt) || !made(stmt).is_empty());
            let Some(first) = first else { return };
            let statements = &statements[first..];
            let span = statements[0].span;
            found.push(Team {
                body: body_id,
                statements,
                channels: statements.iter().flat_map(made).collect(),
                whole,
                in_loop: loops.iter().any(|around| around.contains(span)),
            });
        };
        list(&body.block.stmts, true);
        visit::body(body.block, &mut |stmt| {
            visit::child_lists(stmt).into_iter().for_each(|statements| list(statements, false));
        });
    }
    found
}

/// The bodies of the loops in a block.
fn loops(block: &Block) -> Vec<Span> {
    let mut found = Vec::new();
    visit::body(block, &mut |stmt| {
        if let StmtKind::For(looped) = &stmt.kind {
            found.push(looped.body.span);
        }
    });
    found
}

/// The channels that a statement makes and gives names: variables, or fields of a struct that it makes.
fn made<'a>(scopes: &Scopes<'a>, typing: &Typing, stmt: &'a Stmt) -> Vec<Channel<'a>> {
    let given: Vec<(&Ident, &Expr)> = match &stmt.kind {
        StmtKind::Define { left, right } if left.len() == right.len() => {
            left.iter().zip(right).filter_map(|(name, value)| Some((name.as_ident()?, value))).collect()
        }
        StmtKind::Var(specs) => specs.iter().flat_map(|spec| spec.names.iter().zip(&spec.values)).collect(),
        _ => Vec::new(),
    };
    let mut found = Vec::new();
    for (ident, value) in given {
        let Some(var) = scopes.var(ident) else { continue };
        let channel = |field: Option<&'a Ident>, value: &'a Expr| {
            let make = value.as_call()?;
            let (element, capacity) = made_by(make)?;
            let name = match field {
                Some(field) => format!("{}.{}", ident.name, field.name).into(),
                None => ident.name.clone(),
            };
            let statement = stmt.span;
            Some(Channel { var, field, name, make, statement, element, capacity, context: None })
        };
        match fields(value) {
            Some(elements) => found.extend(
                elements
                    .iter()
                    .filter_map(|one| channel(Some(one.key.as_ref()?.as_ident()?), &one.value))
                    .filter(|one| is_kept(scopes, typing, var, one.field)),
            ),
            None => found.extend(channel(None, value)),
        }
    }
    found
}

/// The elements of a literal that makes a struct, or a pointer to one.
fn fields(value: &Expr) -> Option<&[Element]> {
    let value = match &value.unparen().kind {
        ExprKind::AddressOf(operand) => operand.unparen(),
        _ => value.unparen(),
    };
    match &value.kind {
        ExprKind::Composite { elements, .. } => Some(elements),
        _ => None,
    }
}

/// Whether a variable keeps its struct, and that its channel in this field.
fn is_kept(scopes: &Scopes, typing: &Typing, var: VarId, field: Option<&Ident>) -> bool {
    let Some(field) = field else { return false };
    let known = typing.has_field(var, &field.name);
    let sets = |target: &Expr| match &target.unparen().kind {
        ExprKind::Selector { operand, field: set } => {
            set.name == field.name && operand.as_ident().and_then(|ident| scopes.var(ident)) == Some(var)
        }
        _ => false,
    };
    let mut changed = false;
    for body in &scopes.bodies {
        visit::body(body.block, &mut |stmt| {
            if let StmtKind::Assign { left, .. } = &stmt.kind {
                changed |= left.iter().any(sets);
            }
        });
    }
    known && !changed && scopes.assigned(var).len() == 1
}

/// The end of a context that a statement makes, where nobody but this function can cancel it:
/// `ctx, cancel := context.WithCancel(context.Background())`.
pub fn context_made<'a>(scopes: &Scopes<'a>, typing: &Typing, stmt: &'a Stmt) -> Option<Channel<'a>> {
    let StmtKind::Define { left, right } = &stmt.kind else { return None };
    let ([context, cancel], [value]) = (left.as_slice(), right.as_slice()) else { return None };
    let call = value.as_call()?;
    let parent = call.args.first()?;
    let of = names::functions();
    let is = |call: &Call, fact: &NameSet| {
        typing.name(&call.function).is_some_and(|(package, name)| fact.holds(&package, name))
    };
    if !is(call, &of.cancellable) || !is(parent.as_call()?, &of.root_contexts) {
        return None;
    }
    let ident = context.as_ident()?;
    let var = scopes.var(ident)?;
    let name = format!("{}.Done()", ident.name);
    let cancel = cancel.as_ident().filter(|name| !name.is_blank());
    (scopes.assigned(var).len() == 1).then(|| Channel {
        var,
        field: None,
        name: name.into(),
        make: call,
        statement: stmt.span,
        element: parent,
        capacity: None,
        context: Some(cancel),
    })
}

/// Whether an expression is the end of a context that has none: `context.Background().Done()`, also by a
/// variable that never is another one.
pub fn never_done(scopes: &Scopes, typing: &Typing, channel: &Expr) -> bool {
    let Some(call) = channel.as_call() else { return false };
    let ExprKind::Selector { operand, field } = &call.function.unparen().kind else { return false };
    let named = operand.as_ident().and_then(|ident| scopes.var(ident)).map(|var| scopes.assigned(var));
    let context = match named {
        Some([one]) if one.of == 1 => one.value,
        Some(_) => return false,
        None => &**operand,
    };
    let is_root = |call: &Call| {
        let roots = &names::functions().root_contexts;
        typing.name(&call.function).is_some_and(|(package, name)| roots.holds(&package, name))
    };
    &*field.name == "Done" && context.as_call().is_some_and(is_root)
}

/// The element's type and the capacity of `make(chan T, n)`.
pub fn made_by(call: &Call) -> Option<(&Expr, Option<&Expr>)> {
    if call.function.as_ident().is_none_or(|name| &*name.name != "make") {
        return None;
    }
    match &call.args.first()?.unparen().kind {
        ExprKind::Chan { direction: Direction::Both, element } => Some((element, call.args.get(1))),
        _ => None,
    }
}
