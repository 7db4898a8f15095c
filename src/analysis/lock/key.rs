//! Which lock an expression means, and what a call does to it.

use std::sync::Arc;

use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::VarId;
use crate::base::text::Span;
use crate::go::facts::{self, Locking};
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::members::Member;

/// What a path of fields begins with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Root {
    Var(VarId),
    /// A variable of the package, or the name of an import.
    Package(Arc<str>),
}

/// A lock by the path that names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub root: Root,
    pub fields: Vec<Arc<str>>,
}

impl Key {
    /// The fields that lead from the value with this path to the lock, if it has it.
    pub fn within(&self, path: &Key) -> Option<&[Arc<str>]> {
        (self.root == path.root).then(|| self.fields.strip_prefix(&*path.fields)).flatten()
    }

    /// Whether it is reached by this variable.
    pub fn is_of(&self, var: VarId) -> bool {
        self.root == Root::Var(var)
    }
}

/// The path that an expression is, whether it points there or not.
pub fn path(typing: &Typing, expr: &Expr) -> Option<Key> {
    match &expr.unparen().kind {
        ExprKind::Ident(ident) => {
            let root = match typing.scopes.var(ident) {
                Some(var) => Root::Var(var),
                None => Root::Package(ident.name.clone()),
            };
            Some(Key { root, fields: Vec::new() })
        }
        ExprKind::Selector { operand, field } => {
            let mut key = path(typing, operand)?;
            key.fields.push(field.name.clone());
            Some(key)
        }
        ExprKind::AddressOf(operand) | ExprKind::Pointer(operand) => path(typing, operand),
        _ => None,
    }
}

/// The lock whose method an expression names, and what that does. A lock that is embedded is a field.
pub fn method(typing: &Typing, function: &Expr) -> Option<(Key, Locking)> {
    let ExprKind::Selector { operand, field } = &function.unparen().kind else { return None };
    if !facts::may_be_locking(&field.name) {
        return None;
    }
    let mut key = path(typing, operand)?;
    let ty = typing.of(operand);
    let named = ty.named()?;
    let known = |package: &str, name: &str| facts::locking(package, &format!("{name}.{}", field.name));
    if let Some(locking) = known(&named.package, &named.name) {
        return Some((key, locking));
    }
    let Some(Member::Method(promoted)) = typing.database.member(&ty, &field.name) else { return None };
    let declaring = promoted.receiver.named()?;
    let locking = known(&declaring.package, &declaring.name)?;
    key.fields.push(declaring.name.clone());
    Some((key, locking))
}

/// A part of an expression that may do something to locks.
#[derive(Debug, Clone, Copy)]
pub enum Part<'a> {
    Call(&'a Call),
    /// A method that is not called.
    Value(&'a Expr),
    /// What a pointer is taken to, other than for a call.
    Pointed(&'a Expr),
    Literal(&'a FuncLit),
}

/// The parts of an expression that may do something to locks, in the order in which they do; nothing from
/// within function literals.
pub fn parts(expr: &Expr) -> Vec<Part<'_>> {
    let mut found: Vec<(Span, Part)> = Vec::new();
    let (mut literals, mut called, mut passed): (Vec<Span>, Vec<Span>, Vec<Span>) = Default::default();
    visit::expr(expr, &mut |part| {
        if literals.iter().any(|literal| literal.contains(part.span)) {
            return;
        }
        match &part.kind {
            ExprKind::Call(call) => {
                called.push(call.function.unparen().span);
                passed.extend(call.args.iter().map(|arg| arg.span));
                found.push((part.span, Part::Call(call)));
            }
            ExprKind::Selector { field, .. }
                if !called.contains(&part.span) && facts::may_be_locking(&field.name) =>
            {
                found.push((part.span, Part::Value(part)));
            }
            ExprKind::AddressOf(operand) if !passed.contains(&part.span) => {
                found.push((part.span, Part::Pointed(operand)));
            }
            ExprKind::FuncLit(literal) => {
                literals.push(part.span);
                found.push((part.span, Part::Literal(literal)));
            }
            _ => {}
        }
    });
    found.sort_by_key(|(span, _)| span.end);
    found.into_iter().map(|(_, part)| part).collect()
}

/// The locks that a call of a local variable unlocks, as far as that is given function literals.
pub fn unlocked_by(typing: &Typing, call: &Call) -> Vec<Key> {
    let Some(var) = call.function.as_ident().and_then(|name| typing.scopes.var(name)) else {
        return Vec::new();
    };
    let literals = typing.scopes.assigned(var).iter().filter_map(|one| match &one.value.unparen().kind {
        ExprKind::FuncLit(literal) => Some(literal),
        _ => None,
    });
    literals.flat_map(|literal| unlocked_in(typing, &literal.body)).collect()
}

/// The locks that are unlocked anywhere in a block, by a call or by whoever gets the method.
pub fn unlocked_in(typing: &Typing, block: &Block) -> Vec<Key> {
    let mut found = Vec::new();
    visit::block(block, &mut |part| {
        if let Some((key, locking)) = method(typing, part)
            && locking.act == facts::LockAct::Unlock
        {
            found.push(key);
        }
    });
    found
}
