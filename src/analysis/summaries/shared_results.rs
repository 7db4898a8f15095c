//! What a function puts into its receiver or an argument besides returning it: `func (t *tree) child() *tree`
//! makes a node that the tree has as well, so that whatever is stored in the node is stored in the tree.

use crate::analysis::dataflow::assignments::root;
use crate::analysis::dataflow::oracle::{Operand, ParamOutcome};
use crate::analysis::dataflow::sharing::gives_away;
use crate::analysis::dataflow::state::Alias;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, Scopes, VarId, VarOrigin};
use crate::analysis::summaries::callee::Calls;
use crate::base::text::narrow;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::FileScope;
use crate::go::types::expressions::Callee;

impl Calls<'_, '_> {
    /// The receiver or arguments of `call` that have its result `index` too when it returns.
    pub(crate) fn result_kept_by(&self, call: &Call, index: usize) -> Vec<Operand> {
        let callee = self.typing.callee(call);
        let Some((func, body)) = callee.func().and_then(|func| Some((func, func.decl.body()?))) else {
            return Vec::new();
        };
        let scopes = Scopes::of_func(&func.decl);
        let returned = returned(&scopes, body, index);
        if returned.is_empty() {
            return Vec::new();
        }
        let operand = |var: VarId| match scopes.info(var).origin {
            VarOrigin::Param { index: ParamIndex::Receiver, .. } => Some(Operand::Receiver),
            VarOrigin::Param { index: ParamIndex::At(at), .. } => Some(Operand::Arg(at as usize)),
            _ => None,
        };
        let rooted = |expr: &Expr| operand(scopes.var(root(expr)?)?);
        let is_given = |value: &Expr| returned.iter().any(|var| gives_away(&scopes, value, *var, true));
        let mut kept: Vec<Operand> = Vec::new();
        visit::body(body, &mut |stmt| {
            if let StmtKind::Assign { left, right, .. } = &stmt.kind
                && left.len() == right.len()
            {
                let stored = left
                    .iter()
                    .zip(right)
                    .filter(|(target, value)| target.as_ident().is_none() && is_given(value));
                kept.extend(stored.filter_map(|(target, _)| rooted(target)));
            }
        });
        let typing = Typing::new(self.database(), FileScope::of(func), &scopes);
        visit::block(body, &mut |expr| {
            if let ExprKind::Call(inner) = &expr.kind
                && let ExprKind::Selector { operand, .. } = &inner.function.unparen().kind
                && let Some(place) = rooted(operand)
                && let Some(at) = inner.args.iter().position(is_given)
                && let Callee::Method { method, .. } = typing.callee(inner)
                && let Some(inner_func) = &method.func
                && let ParamOutcome::Puts { into: Operand::Receiver, .. } =
                    self.summary(inner_func, ParamIndex::At(narrow(at)), &Alias::Inside(None)).outcome
            {
                kept.push(place);
            }
        });
        kept.dedup();
        kept
    }
}

/// The function's own variables that it returns as result `index`.
fn returned(scopes: &Scopes, body: &Block, index: usize) -> Vec<VarId> {
    let mut found = Vec::new();
    visit::body(body, &mut |stmt| {
        let StmtKind::Return(values) = &stmt.kind else { return };
        let var = match values.as_slice() {
            [] => scopes.result(BodyId(0), index),
            values => values.get(index).and_then(Expr::as_ident).and_then(|ident| scopes.var(ident)),
        };
        found.extend(var.filter(|var| !matches!(scopes.info(*var).origin, VarOrigin::Param { .. })));
    });
    found.sort();
    found.dedup();
    found
}
