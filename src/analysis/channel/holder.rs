//! What a function does with one value that it has: which methods it calls, how it uses the fields, what it
//! starts in goroutines, and whether it hands the value on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::analysis::channel::team::made_by;
use crate::analysis::graph::scopes::{Scopes, VarId};
use crate::base::text::Span;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;

/// What a function does with a value that it has: nothing but these.
#[derive(Default)]
pub struct Uses<'a> {
    /// Methods that are called on it, and fields that are, with the calls.
    pub methods: Vec<(&'a str, &'a Call)>,
    /// Its fields, each with how it is used.
    pub fields: Vec<(&'a str, Touch)>,
    /// Goroutines that run one of its methods or a function literal.
    pub goroutines: Vec<Goroutine<'a>>,
    /// What runs under some condition only: branches and cases.
    branches: Vec<Span>,
}

impl Uses<'_> {
    /// Whether something happens under some condition only.
    pub fn is_conditional(&self, span: Span) -> bool {
        self.branches.iter().any(|branch| branch.contains(span))
    }
}

/// How a field is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touch {
    /// Received from, ranged over, asked for its length.
    Waits,
    Sends,
    /// It gets a new channel.
    Made,
    /// It gets the second of two values.
    Given,
    /// Closed, or anything else.
    Otherwise,
}

pub enum Goroutine<'a> {
    Method(&'a str, &'a Call),
    Literal(&'a FuncLit),
}

impl Goroutine<'_> {
    pub fn span(&self) -> Span {
        match self {
            Goroutine::Method(_, call) => call.span,
            Goroutine::Literal(literal) => literal.body.span,
        }
    }
}

/// The elements of `T{…}` or `&T{…}`.
pub fn composite(value: &Expr) -> Option<&[Element]> {
    match &value.unparen().kind {
        ExprKind::Composite { elements, .. } => Some(elements),
        ExprKind::AddressOf(operand) => composite(operand),
        _ => None,
    }
}

/// The fields that get a channel made on the spot.
pub fn made(elements: &[Element]) -> BTreeSet<Arc<str>> {
    let made = elements.iter().filter(|element| makes_channel(&element.value));
    made.filter_map(|element| Some(element.key.as_ref()?.as_ident()?.name.clone())).collect()
}

fn makes_channel(value: &Expr) -> bool {
    value.as_call().is_some_and(|call| made_by(call).is_some())
}

/// `f` in `v.f`.
pub fn field_of<'e>(scopes: &Scopes, var: VarId, expr: &'e Expr) -> Option<&'e str> {
    match &expr.unparen().kind {
        ExprKind::Selector { operand, field } => {
            (scopes.var(operand.as_ident()?) == Some(var)).then_some(&*field.name)
        }
        _ => None,
    }
}

/// What a declaration does with a variable, where `bare` uses of it are no more than its own: none where it
/// may be handed on.
pub fn uses<'a>(scopes: &Scopes<'a>, var: VarId, bare: usize) -> Option<Uses<'a>> {
    let block = scopes.bodies.first()?.block;
    let (found, selected) = collect(scopes, var, block);
    (scopes.uses_of(var).count() == selected + bare).then_some(found)
}

/// What a function literal does with it.
pub fn uses_in<'a>(scopes: &Scopes<'a>, var: VarId, span: Span) -> Option<Uses<'a>> {
    let block = scopes.bodies.iter().find(|body| body.block.span == span)?.block;
    let (found, selected) = collect(scopes, var, block);
    let inside = scopes.uses_of(var).filter(|at| span.start <= *at && *at < span.end).count();
    (inside == selected).then_some(found)
}

fn collect<'a>(scopes: &Scopes<'a>, var: VarId, block: &'a Block) -> (Uses<'a>, usize) {
    let mut uses = Uses::default();
    // The goroutines' own parts are theirs.
    let mut theirs: Vec<Span> = Vec::new();
    let mut started: Vec<Span> = Vec::new();
    each_statement(scopes, block, &mut |stmt| {
        match &stmt.kind {
            StmtKind::If(branch) => {
                uses.branches.push(branch.then.span);
                uses.branches.extend(branch.otherwise.iter().map(|other| other.span));
            }
            StmtKind::Switch(_) | StmtKind::TypeSwitch(_) | StmtKind::Select(_) => {
                uses.branches.push(stmt.span)
            }
            _ => {}
        }
        if let StmtKind::Go(go) = &stmt.kind
            && let Some(call) = go.as_call()
        {
            if let Some(name) = field_of(scopes, var, &call.function) {
                started.push(call.function.span);
                uses.goroutines.push(Goroutine::Method(name, call));
            } else if let ExprKind::FuncLit(literal) = &call.function.unparen().kind
                && scopes.uses_in(literal.body.span).any(|used| used == var)
            {
                theirs.push(literal.body.span);
                uses.goroutines.push(Goroutine::Literal(literal));
            }
        }
    });
    let mut how: BTreeMap<u32, Touch> = BTreeMap::new();
    let mut note = |expr: &Expr, touch: Touch| {
        how.insert(expr.unparen().span.end, touch);
    };
    each_statement(scopes, block, &mut |stmt| match &stmt.kind {
        StmtKind::Send { channel, .. } => note(channel, Touch::Sends),
        StmtKind::For(looped) => {
            if let ForHead::Range { right, .. } = &looped.head {
                note(right, Touch::Waits);
            }
        }
        StmtKind::Select(cases) => {
            for case in cases {
                if let Some(Communication::Send { channel, .. }) = &case.communication {
                    note(channel, Touch::Sends);
                }
            }
        }
        StmtKind::Assign { left, right, .. } if left.len() == 2 && right.len() == 1 => {
            note(&left[1], Touch::Given);
        }
        StmtKind::Assign { left, right, .. } if left.len() == right.len() => {
            left.iter().zip(right).filter(|(_, value)| makes_channel(value)).for_each(|(target, _)| {
                note(target, Touch::Made);
            });
        }
        _ => {}
    });
    let mut calls: BTreeMap<u32, &'a Call> = BTreeMap::new();
    let mut selected = 0;
    visit::block(block, &mut |expr| match &expr.kind {
        ExprKind::Receive(channel) => {
            how.insert(channel.unparen().span.end, Touch::Waits);
        }
        ExprKind::Call(call) => {
            calls.insert(call.function.span.end, call);
            if matches!(call.name(), Some("len" | "cap")) && call.function.as_ident().is_some() {
                how.extend(call.args.iter().map(|arg| (arg.unparen().span.end, Touch::Waits)));
            }
        }
        _ => {}
    });
    visit::block(block, &mut |expr| {
        let Some(name) = field_of(scopes, var, expr).filter(|_| !matches!(expr.kind, ExprKind::Paren(_)))
        else {
            return;
        };
        selected += 1;
        if started.contains(&expr.span) || theirs.iter().any(|span| span.contains(expr.span)) {
            return;
        }
        match calls.get(&expr.span.end) {
            Some(call) => uses.methods.push((name, call)),
            None => uses.fields.push((name, how.get(&expr.span.end).copied().unwrap_or(Touch::Otherwise))),
        }
    });
    (uses, selected)
}

/// Every statement of a block, with those of the function literals in it.
fn each_statement<'a>(scopes: &Scopes<'a>, block: &'a Block, see: &mut dyn FnMut(&'a Stmt)) {
    for body in scopes.bodies.iter().filter(|body| block.span.contains(body.block.span)) {
        visit::body(body.block, see);
    }
}
