//! Where the release runs there is something to release: the maker never gives nil and no error, and the
//! function does not expect the making to fail.

use crate::analysis::graph::derived::statements;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::VarId;

use crate::analysis::proof::subject::Subject;
use crate::analysis::proof::ways_out::{gives_nothing, never_returns};
use crate::base::diagnostic::{Evidence, Objection};
use crate::base::text::Span;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::type_expr::Type;

/// Assertions that want there to be an error.
const WANT_ERROR: [&str; 9] = [
    "Error",
    "ErrorIs",
    "ErrorAs",
    "ErrorContains",
    "EqualError",
    "NotNil",
    "IsError",
    "ErrorMatches",
    "IsNotNil",
];

/// Assertions that want there to be nothing.
const WANT_NIL: [&str; 5] = ["Nil", "IsNil", "Empty", "BeNil", "Zero"];

pub(crate) fn check(subject: &Subject, steps: &mut Vec<Evidence>) -> Result<(), Objection> {
    let typing = subject.typing;
    if let Some(func) = typing.called(subject.call)
        && let Some(place) = gives_nothing(typing.database, &func, subject.result)
    {
        return Err(Objection { place, exposure: None });
    }
    if let Some(objection) = asserted(subject) {
        return Err(objection);
    }
    steps.push(subject.evidence(subject.call.span, "it is there where its error is nil"));
    Ok(())
}

/// Whether a variable has what a call gave beside an error that is dropped, or only told: `if err != nil {
/// log.Print(err) }`.
pub(super) fn may_have_failed(typing: &Typing, body: &Block, var: VarId) -> bool {
    let local = |expr: &Expr| expr.as_ident().and_then(|ident| typing.scopes.var(ident));
    let goes_on = |list: &[Stmt]| {
        list.iter().enumerate().any(|(at, stmt)| {
            let (StmtKind::Define { left, right } | StmtKind::Assign { left, right, .. }) = &stmt.kind else {
                return false;
            };
            let ([value], [first, .., error]) = (right.as_slice(), left.as_slice()) else { return false };
            let Some(call) = value.as_call().filter(|_| local(first) == Some(var)) else { return false };
            if !typing.results(call).last().is_some_and(Type::is_error) {
                return false;
            }
            let Some(error) = local(error) else { return true };
            match list.get(at + 1).map(|next| &next.kind) {
                Some(StmtKind::If(branch)) => {
                    let failed = matches!(&branch.condition.unparen().kind,
                        ExprKind::Binary { op: BinaryOp::NotEqual, left, right }
                            if local(left) == Some(error) && right.is_nil());
                    failed && branch.otherwise.is_none() && !leaves(typing, &branch.then, var)
                }
                _ => false,
            }
        })
    };
    let mut found = goes_on(&body.stmts);
    visit::body(body, &mut |stmt| found |= visit::child_lists(stmt).into_iter().any(goes_on));
    found
}

/// Whether a block does not come to its end, or gives the variable another value.
fn leaves(typing: &Typing, block: &Block, var: VarId) -> bool {
    let mut found = false;
    visit::body(block, &mut |stmt| match &stmt.kind {
        StmtKind::Return(_) | StmtKind::Break(_) | StmtKind::Continue(_) | StmtKind::Goto(_) => found = true,
        StmtKind::Assign { left, .. } => {
            found |= left
                .iter()
                .any(|target| target.as_ident().and_then(|ident| typing.scopes.var(ident)) == Some(var));
        }
        StmtKind::Expr(expr) => found |= expr.as_call().is_some_and(|call| never_returns(typing, call, 0)),
        _ => {}
    });
    found
}

/// An assertion that wants the error of the call, or no resource.
fn asserted(subject: &Subject) -> Option<Objection> {
    let scopes = subject.typing.scopes;
    let var_of = |expr: &Expr| expr.as_ident().and_then(|ident| scopes.var(ident));
    let bound = bound(subject);
    let error =
        bound.iter().copied().flatten().find(|var| subject.typing.var(*var).is_some_and(|ty| ty.is_error()));
    // Up to where it gets another value.
    let after = subject.call.span.end;
    let until = |var: VarId| {
        let given = scopes.assigned(var).iter().map(|given| given.value.span.start);
        given.filter(|at| *at > after).min().unwrap_or(u32::MAX)
    };
    let handled = handled(subject, error);
    let mut found = None;
    for call in visit::calls(subject.decl) {
        if call.span.start < after || found.is_some() {
            continue;
        }
        let name = call.name().unwrap_or_default();
        let stem = name.strip_suffix('f').unwrap_or(name);
        // `Expect(client).NotTo(BeNil())`
        if matches!(name, "NotTo" | "ToNot" | "ShouldNot") {
            continue;
        }
        let wants = |words: &[&str]| {
            words.contains(&stem)
                || call.args.iter().any(|arg| match &arg.unparen().kind {
                    ExprKind::Ident(ident) => words.contains(&&*ident.name),
                    ExprKind::Selector { field, .. } => words.contains(&&*field.name),
                    ExprKind::Call(inner) => words.contains(&inner.name().unwrap_or_default()),
                    _ => false,
                })
        };
        let about = |var: VarId| {
            let it = |expr: &Expr| var_of(expr) == Some(var);
            // `Expect(err).To(…)` has it in the receiver.
            let receiver = match &call.function.unparen().kind {
                ExprKind::Selector { operand, .. } => {
                    operand.as_call().is_some_and(|inner| inner.args.iter().any(it))
                }
                _ => false,
            };
            (receiver || call.args.iter().any(it)) && call.span.start < until(var)
        };
        let inside = handled.iter().any(|span| span.contains(call.span));
        if error.is_some_and(about) && wants(&WANT_ERROR) && !inside {
            found = Some(subject.object(call.span, "the error is expected here: then there is nothing"));
        }
        if subject.holder.is_some_and(about) && wants(&WANT_NIL) && stem != "NotEmpty" {
            found = Some(subject.object(call.span, "it is expected to be nil here"));
        }
    }
    found
}

/// The variables that the call's results are bound to.
pub(super) fn bound(subject: &Subject) -> Vec<Option<VarId>> {
    for stmt in statements(subject.decl) {
        let (StmtKind::Define { left, right } | StmtKind::Assign { left, right, .. }) = &stmt.kind else {
            continue;
        };
        if let [value] = right.as_slice()
            && value.unparen().span == subject.call.span
        {
            let var = |expr: &Expr| expr.as_ident().and_then(|ident| subject.typing.scopes.var(ident));
            return left.iter().map(var).collect();
        }
    }
    Vec::new()
}

/// Where the function is inside of an `if` that asks for the error.
fn handled(subject: &Subject, error: Option<VarId>) -> Vec<Span> {
    let mut spans = Vec::new();
    for stmt in statements(subject.decl) {
        if let StmtKind::If(branch) = &stmt.kind {
            let mut asks = false;
            visit::expr(&branch.condition, &mut |expr| {
                let var = expr.as_ident().and_then(|ident| subject.typing.scopes.var(ident));
                asks |= var.is_some() && var == error;
            });
            if asks {
                spans.push(branch.then.span);
            }
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::places_in;

    #[test]
    fn what_may_be_nil_is_not_released_without_a_check() {
        let of = |maybe: &str| {
            places_in(&format!(
                "func newMaybe() *client {{ return maybe() }}\nfunc maybe() *client {{\n{maybe}\n\
                 return &client{{}}\n}}\nfunc f() {{\nc := newMaybe()\nlend(c)\n}}"
            ))
        };
        assert_eq!(of(""), ["c after 7, proved"]);
        assert_eq!(of("if some() { return nil }"), ["c after 7, not proved"]);
    }
}
