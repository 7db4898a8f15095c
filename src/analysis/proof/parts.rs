//! What a method gives of what its receiver has: memory, a part, or something new that the receiver keeps
//! besides. Where the release goes to the field that has it, too, it ends what was given.

use rustc_hash::FxHashSet;

use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, Scopes, VarId};
use crate::analysis::summaries::released_fields::ReleasedFields;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::{Database, FileScope};
use crate::go::types::type_expr::Type;

/// Methods that call methods are followed this deep.
const MAX_DEPTH: usize = 3;

/// The results of a method of `target` that are parts of it which its release goes to.
pub(super) fn given(database: &Database, target: &Type, func: &FuncRef, types: &[Type]) -> Vec<usize> {
    let can_share = |ty: &Type| {
        let value = ty.is_error() || ty.is_context() || matches!(ty, Type::Basic(_));
        !value && (ty.named().is_none_or(|_| matches!(ty, Type::Pointer(_)) || database.is_interface(ty)))
    };
    let asked: Vec<usize> =
        types.iter().enumerate().filter(|(_, ty)| can_share(ty)).map(|(at, _)| at).collect();
    if asked.is_empty() || func.decl.receiver.is_none() {
        return Vec::new();
    }
    let released = ReleasedFields::of(target);
    asked.into_iter().filter(|at| gives(database, &released, func, *at, 0)).collect()
}

/// Whether a method may return, as its result `index`, what a released field of its receiver has.
fn gives(database: &Database, released: &ReleasedFields, func: &FuncRef, index: usize, depth: usize) -> bool {
    let Some(body) = func.decl.body().filter(|_| depth < MAX_DEPTH) else { return false };
    let scopes = Scopes::of_func(&func.decl);
    let Some(receiver) = scopes.param(BodyId(0), ParamIndex::Receiver) else { return false };
    let typing = Typing::new(database, FileScope::of(func), &scopes);
    let mut method = Method { typing: &typing, released, receiver, depth, parts: FxHashSet::default() };
    method.grow(body);
    let mut found = false;
    visit::body(body, &mut |stmt| {
        let StmtKind::Return(values) = &stmt.kind else { return };
        found |= match values.as_slice() {
            [] => scopes.result(BodyId(0), index).is_some_and(|var| method.parts.contains(&var)),
            values => values.get(index).is_some_and(|value| method.is_part(value)),
        };
    });
    found
}

/// One method, with its variables that are, or have, what a released field has.
struct Method<'m, 'a, 'w> {
    typing: &'m Typing<'a, 'w>,
    released: &'m ReleasedFields,
    receiver: VarId,
    depth: usize,
    parts: FxHashSet<VarId>,
}

impl Method<'_, '_, '_> {
    fn var(&self, expr: &Expr) -> Option<VarId> {
        expr.as_ident().and_then(|ident| self.typing.scopes.var(ident))
    }

    /// Takes in the variables that are set to a part, and those that are put where the release goes to.
    fn grow(&mut self, body: &Block) {
        loop {
            let before = self.parts.len();
            let mut more: Vec<VarId> = Vec::new();
            visit::body(body, &mut |stmt| {
                let (StmtKind::Assign { left, right, .. } | StmtKind::Define { left, right }) = &stmt.kind
                else {
                    return;
                };
                for (target, value) in left.iter().zip(right) {
                    match self.var(target) {
                        Some(var) if self.is_part(value) => more.push(var),
                        // `m.workers = append(m.workers, w)`, `m.workers[name] = w`
                        None if self.is_released(target) => more.extend(self.kept(value)),
                        _ => {}
                    }
                }
            });
            let pointing = |var: &VarId| {
                let ty = self.typing.var(*var);
                ty.is_some_and(|ty| !matches!(ty, Type::Basic(_)) && !ty.is_error())
            };
            let more: Vec<VarId> = more.into_iter().filter(pointing).collect();
            self.parts.extend(more);
            if self.parts.len() == before {
                return;
            }
        }
    }

    /// The variables that a value which is stored has.
    fn kept(&self, value: &Expr) -> Vec<VarId> {
        match &value.unparen().kind {
            ExprKind::Call(call) if call.name() == Some("append") => {
                call.args.iter().skip(1).filter_map(|arg| self.var(arg)).collect()
            }
            _ => self.var(value).into_iter().collect(),
        }
    }

    /// `r.buf`, `r.seg.data[1:3]`, `&r.parts[0]` of a released field.
    fn is_released(&self, expr: &Expr) -> bool {
        match &expr.unparen().kind {
            ExprKind::Selector { operand, field } => match self.var(operand) == Some(self.receiver) {
                true => self.released.may_be(Some(&field.name), 0),
                false => self.is_released(operand),
            },
            ExprKind::Slice { operand, .. }
            | ExprKind::AddressOf(operand)
            | ExprKind::Index { operand, .. } => self.is_released(operand),
            _ => false,
        }
    }

    fn is_part(&self, value: &Expr) -> bool {
        match &value.unparen().kind {
            ExprKind::Ident(_) => self.var(value).is_some_and(|var| self.parts.contains(&var)),
            ExprKind::Composite { elements, .. } => {
                elements.iter().any(|element| self.points(&element.value) && self.is_part(&element.value))
            }
            ExprKind::Slice { operand, .. }
            | ExprKind::AddressOf(operand)
            | ExprKind::Index { operand, .. } => self.is_released(value) || self.is_part(operand),
            ExprKind::Selector { operand, .. } => self.is_released(value) || self.is_part(operand),
            ExprKind::Call(call) if call.name() == Some("append") => {
                call.args.first().is_some_and(|first| self.is_part(first))
            }
            // `return r.sub().data()`: a method of the receiver that gives a part.
            ExprKind::Call(call) => match &call.function.unparen().kind {
                ExprKind::Selector { operand, .. } if self.var(operand) == Some(self.receiver) => self
                    .typing
                    .called(call)
                    .is_some_and(|func| gives(self.typing.database, self.released, &func, 0, self.depth + 1)),
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether a value leads to memory that others have, too.
    fn points(&self, value: &Expr) -> bool {
        !matches!(self.typing.of(value), Type::Basic(_))
    }
}
