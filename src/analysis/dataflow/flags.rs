//! Bools that are set to `true` and `false` and asked for, and nothing else: `success`, `done`. Where one is
//! known, the way that it rules out is not taken.

use crate::analysis::graph::scopes::{BodyId, Scopes, VarId, VarOrigin};
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;

/// More of them are not followed: each doubles what can be true at one point.
const MAX_FLAGS: usize = 2;

/// The bools of `body` that are followed, sorted.
pub(crate) fn followed(scopes: &Scopes, body: BodyId) -> Vec<VarId> {
    let mut asked = Vec::new();
    visit::body(scopes.body(body).block, &mut |stmt| match &stmt.kind {
        StmtKind::If(branch) => asked.extend(flag(scopes, &branch.condition)),
        StmtKind::For(looped) => {
            if let ForHead::Clause { condition: Some(condition), .. } = &looped.head {
                asked.extend(flag(scopes, condition));
            }
        }
        _ => {}
    });
    asked.sort();
    asked.dedup();
    asked.retain(|var| {
        let values = scopes.assigned(*var);
        let here = |value: &Expr| scopes.body_around(value.span) == Some(body);
        let set = values.len() > 1 || matches!(scopes.info(*var).origin, VarOrigin::Declared { .. });
        scopes.info(*var).body == body
            && set
            && !values.is_empty()
            && values.iter().all(|one| constant(one.value).is_some() && here(one.value))
    });
    if asked.len() > MAX_FLAGS { Vec::new() } else { asked }
}

/// The variable that a condition asks for, or denies.
fn flag(scopes: &Scopes, condition: &Expr) -> Option<VarId> {
    match &condition.unparen().kind {
        ExprKind::Unary { not: true, operand } => flag(scopes, operand),
        _ => condition.as_ident().and_then(|ident| scopes.var(ident)),
    }
}

/// `true` or `false`.
pub(crate) fn constant(value: &Expr) -> Option<bool> {
    match &*value.as_ident()?.name {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::body;

    #[test]
    fn a_bool_that_is_only_set_and_asked_rules_ways_out() {
        assert_eq!(
            body(
                "c := make1()\ndone := false\nif some() {\ndone = true\nc.Close()\n}\nif !done {\n\
                 c.Close()\n}"
            ),
            ["released (6: released)"]
        );
        assert_eq!(
            body("c := make1()\ndone := false\nif some() {\ndone = true\n}\nif !done {\nc.Close()\n}"),
            ["leaked on some paths (10: it is still open when the function ends here)"]
        );
    }
}
