//! What the conditions around the acquisition say of what never changes: where `if client == nil { client =
//! New() }` was taken, the parameter that `client` had its value from is nil later on, too.

use std::sync::Arc;

use crate::analysis::dataflow::source::Source;
use crate::analysis::graph::scopes::{BodyId, Scopes, VarId, VarOrigin};
use crate::base::text::Span;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;

/// A variable, or a field that it leads to.
pub(crate) type Path = (VarId, Vec<Arc<str>>);

/// What is known where the resource is there.
#[derive(Default)]
pub(crate) struct Given {
    /// Bools, and what they are.
    pub bools: Vec<(VarId, bool)>,
    /// What is compared with nil, and whether it is nil.
    pub nils: Vec<(Path, bool)>,
    /// An error of something before that is nil where the resource is acquired: `if err != nil { break }`.
    pub no_error: Option<VarId>,
}

impl Given {
    /// What holds of every way through `body` on which `source` has acquired.
    pub(crate) fn of(source: &Source, scopes: &Scopes, body: BodyId) -> Given {
        let (mut given, mut iterations) = (Given::default(), Vec::new());
        let Some((span, _)) = source.call() else { return given };
        let block = scopes.body(body).block;
        visit::body(block, &mut |stmt| {
            if let StmtKind::For(looped) = &stmt.kind {
                iterations.push(looped.body.span);
            }
            if let StmtKind::If(branch) = &stmt.kind {
                let mut asked = Asked { scopes, given: &mut given, within: branch.then.span };
                if branch.then.span.contains(span) {
                    asked.ask(&branch.condition, true);
                } else if let Some(other) =
                    branch.otherwise.as_ref().filter(|other| other.span.contains(span))
                {
                    asked.within = other.span;
                    asked.ask(&branch.condition, false);
                }
            }
        });
        let stays = |var: VarId| match scopes.info(var).origin {
            VarOrigin::Param { .. } => scopes.assigned(var).is_empty(),
            // In a loop it is another one in each iteration.
            VarOrigin::Value { value, .. } => {
                scopes.assigned(var).len() == 1
                    && !iterations.iter().any(|iteration| iteration.contains(value.span))
            }
            _ => false,
        };
        given.no_error = no_error(scopes, block, span, &iterations);
        given.bools.retain(|(var, _)| stays(*var));
        given
            .nils
            .retain(|((var, fields), _)| stays(*var) && (fields.is_empty() || !is_set(scopes, block, *var)));
        given
    }
}

/// The variable that a statement before the acquisition has asked, and that is nil wherever that has not
/// left.
fn no_error(scopes: &Scopes, block: &Block, acquired: Span, iterations: &[Span]) -> Option<VarId> {
    let mut lists: Vec<&[Stmt]> = vec![&block.stmts];
    visit::body(block, &mut |stmt| lists.extend(visit::child_lists(stmt)));
    let around = lists.into_iter().filter_map(|list| {
        let at = list.iter().position(|stmt| stmt.span.contains(acquired))?;
        Some(&list[..at])
    });
    let asked = |stmt: &Stmt| {
        let StmtKind::If(branch) = &stmt.kind else { return None };
        let ExprKind::Binary { op: BinaryOp::NotEqual, left, right } = &branch.condition.unparen().kind
        else {
            return None;
        };
        let var = left.as_ident().filter(|_| right.is_nil()).and_then(|ident| scopes.var(ident))?;
        let leaves = matches!(
            branch.then.stmts.last()?.kind,
            StmtKind::Return(_) | StmtKind::Break(_) | StmtKind::Continue(_) | StmtKind::Goto(_)
        );
        // The next time round it may be another one.
        let again = |around: &Span| around.contains(acquired) && !around.contains(stmt.span);
        let set = |from: u32| (stmt.span.end..acquired.start).contains(&from);
        let changes = scopes.assigned(var).iter().any(|given| set(given.value.span.start));
        let fits = leaves && branch.otherwise.is_none() && !changes && !iterations.iter().any(again);
        fits.then_some(var)
    };
    around.flat_map(|before| before.iter().rev()).find_map(asked)
}

/// One condition around the acquisition.
struct Asked<'s, 'a> {
    scopes: &'s Scopes<'a>,
    given: &'s mut Given,
    /// The branch that the acquisition stands in.
    within: Span,
}

impl Asked<'_, '_> {
    /// Notes what it says where `condition` is `value`.
    fn ask(&mut self, condition: &Expr, value: bool) {
        match &condition.unparen().kind {
            ExprKind::Ident(ident) => self.given.bools.extend(self.scopes.var(ident).map(|var| (var, value))),
            ExprKind::Unary { not: true, operand } => self.ask(operand, !value),
            ExprKind::Binary { op: BinaryOp::And, left, right } if value => {
                self.ask(left, value);
                self.ask(right, value);
            }
            ExprKind::Binary { op: BinaryOp::Or, left, right } if !value => {
                self.ask(left, value);
                self.ask(right, value);
            }
            ExprKind::Binary { op: op @ (BinaryOp::Equal | BinaryOp::NotEqual), left, right } => {
                let other = match (left.is_nil(), right.is_nil()) {
                    (true, false) => right,
                    (false, true) => left,
                    _ => return,
                };
                let nil = (*op == BinaryOp::Equal) == value;
                if let Some(path) = path(self.scopes, other) {
                    self.given.nils.extend(self.copied(&path).map(|from| (from, nil)));
                    self.given.nils.push((path, nil));
                }
            }
            _ => {}
        }
    }

    /// What a variable has its value from, if all other values come to it within the branch.
    fn copied(&self, (var, fields): &Path) -> Option<Path> {
        let VarOrigin::Value { value, .. } = self.scopes.info(*var).origin else { return None };
        let mut others = self.scopes.assigned(*var).iter().filter(|one| one.value.span != value.span);
        let only = fields.is_empty() && others.all(|one| self.within.contains(one.value.span));
        if only { path(self.scopes, value) } else { None }
    }
}

/// `options.client`, as the variable and the fields.
pub(crate) fn path(scopes: &Scopes, expr: &Expr) -> Option<Path> {
    let names = expr.as_path()?;
    let (first, fields) = names.split_first()?;
    Some((scopes.var(first)?, fields.iter().map(|field| field.name.clone()).collect()))
}

/// Whether something that the variable leads to is assigned to, or its address taken.
fn is_set(scopes: &Scopes, block: &Block, var: VarId) -> bool {
    let is_part =
        |expr: &Expr| path(scopes, expr).is_some_and(|(root, fields)| root == var && !fields.is_empty());
    let mut set = false;
    visit::body(block, &mut |stmt| {
        if let StmtKind::Assign { left, .. } = &stmt.kind {
            set |= left.iter().any(is_part);
        }
    });
    visit::block(block, &mut |expr| {
        set |= matches!(&expr.kind, ExprKind::AddressOf(inner) if is_part(inner));
    });
    set
}
