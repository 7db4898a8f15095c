//! Where the release runs there is something to release: the maker never gives nil and no error, and the
//! function does not expect the making to fail.

use crate::analysis::graph::derived::statements;
use crate::analysis::graph::known;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, Scopes, VarId, VarOrigin};

use crate::analysis::proof::subject::Subject;
use crate::base::diagnostic::{Evidence, Objection};
use crate::base::text::Span;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::FileScope;
use crate::go::types::type_expr::Type;

/// Makers that call makers are followed this deep.
const MAX_DEPTH: usize = 6;

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
    if let Some(func) =
        typing.called(subject.call).filter(|func| !typing.database.is_dependency(&func.package))
        && let Some(place) = gives_nil(subject, &func, subject.result, 0)
    {
        return Err(Objection { place, exposure: None });
    }
    if let Some(objection) = asserted(subject) {
        return Err(objection);
    }
    steps.push(subject.evidence(subject.call.span, "it is there where its error is nil"));
    Ok(())
}

/// Where a maker gives nil, and no error.
fn gives_nil(subject: &Subject, func: &FuncRef, index: usize, depth: usize) -> Option<Evidence> {
    let body = func.decl.body().filter(|_| depth < MAX_DEPTH)?;
    let scopes = Scopes::of_func(&func.decl);
    let typing = Typing::new(subject.typing.database, FileScope::of(func), &scopes);
    let results = &func.decl.signature.results;
    let error = error_of(&typing, func);
    let mut found = None;
    visit::body(body, &mut |stmt| {
        let StmtKind::Return(values) = &stmt.kind else { return };
        if found.is_some() {
            return;
        }
        let given = error.and_then(|at| values.get(at));
        let forgiven = given.is_some_and(|value| is_forgiven(&typing, body, value));
        let fails = given.is_some_and(|value| !value.is_nil() && !forgiven);
        match (values.as_slice(), values.get(index)) {
            ([], None) => {
                let var = scopes.result(BodyId(0), index).filter(|var| may_be_unset(&typing, body, *var));
                let errors = error.and_then(|at| scopes.result(BodyId(0), at));
                if var.is_some() && errors.is_none_or(|error| may_be_unset(&typing, body, error)) {
                    let words = format!("`{}` may give nil here, and no error", func.decl.name.name);
                    found = Some(typing.evidence(stmt.span, words));
                }
            }
            ([value], _) if results.len() > 1 => {
                found = value.as_call().and_then(|call| called(subject, &typing, call, index, depth));
            }
            (_, Some(value)) if value.is_nil() && !fails => {
                let words = format!("`{}` may give nil here, and no error", func.decl.name.name);
                found = Some(typing.evidence(stmt.span, words));
            }
            (_, Some(value)) if value.as_call().is_some() => {
                found = value.as_call().and_then(|call| called(subject, &typing, call, 0, depth));
            }
            // Where nothing was made, no error was either.
            (_, Some(value))
                if !fails || given.is_some_and(|error| both_unset(&typing, body, value, error)) =>
            {
                let var = value.as_ident().and_then(|ident| scopes.var(ident));
                let unset = |var: &VarId| {
                    forgiven || may_be_unset(&typing, body, *var) || may_have_failed(&typing, body, *var)
                };
                if let Some(var) = var.filter(unset) {
                    let name = &scopes.info(var).name;
                    let words = format!("`{name}` may be nil here, and no error is returned");
                    found = Some(typing.evidence(stmt.span, words));
                }
            }
            _ => {}
        }
    });
    found
}

/// Which of a function's results is its error.
pub(super) fn error_of(typing: &Typing, func: &FuncRef) -> Option<usize> {
    let mut results = func.decl.signature.results.iter();
    results.position(|result| typing.database.type_of(&typing.file, &result.ty).is_error())
}

fn called(subject: &Subject, typing: &Typing, call: &Call, index: usize, depth: usize) -> Option<Evidence> {
    let func = typing.called(call)?;
    let own = !subject.typing.database.is_dependency(&func.package);
    own.then(|| gives_nil(subject, &func, index, depth + 1)).flatten()
}

/// Whether a variable is declared without a value, and gets one on some ways only; or gets nil.
fn may_be_unset(typing: &Typing, body: &Block, var: VarId) -> bool {
    if matches!(typing.var(var), Some(Type::Named(_) | Type::Struct(_)))
        && typing.var(var).is_some_and(|ty| !typing.database.is_interface(&ty))
    {
        return false;
    }
    let bare =
        matches!(typing.scopes.info(var).origin, VarOrigin::Declared { .. } | VarOrigin::Result { .. });
    let assigned = typing.scopes.assigned(var);
    if assigned.iter().any(|given| given.value.is_nil()) {
        return true;
    }
    let always = |stmt: &Stmt| {
        let assigns = |stmt: &Stmt| match &stmt.kind {
            StmtKind::Assign { left, .. } | StmtKind::Define { left, .. } => left
                .iter()
                .any(|target| target.as_ident().and_then(|ident| typing.scopes.var(ident)) == Some(var)),
            _ => false,
        };
        match &stmt.kind {
            StmtKind::If(branch) => {
                branch.init.as_ref().is_some_and(assigns) || {
                    let both = branch.otherwise.as_ref().is_some_and(|other| match &other.kind {
                        StmtKind::Block(block) => block.stmts.iter().any(assigns),
                        _ => false,
                    });
                    both && branch.then.stmts.iter().any(assigns)
                }
            }
            _ => assigns(stmt),
        }
    };
    bare && !body.stmts.iter().any(always)
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

/// Whether a call ends the goroutine or the process, itself or by a statement of what it calls.
fn never_returns(typing: &Typing, call: &Call, depth: usize) -> bool {
    let func = typing.called(call);
    if typing.ask(call, |name| known::ending(name, false)).flatten().is_some()
        || call.name() == Some("panic") && func.is_none()
    {
        return true;
    }
    let Some(func) = func.filter(|_| depth < MAX_DEPTH) else { return false };
    let scopes = Scopes::of_func(&func.decl);
    let inside = Typing::new(typing.database, FileScope::of(&func), &scopes);
    func.decl.body().is_some_and(|body| {
        body.stmts.iter().any(|stmt| match &stmt.kind {
            StmtKind::Expr(expr) => {
                expr.as_call().is_some_and(|call| never_returns(&inside, call, depth + 1))
            }
            _ => false,
        })
    })
}

/// Whether two variables both get a value on some ways only.
fn both_unset(typing: &Typing, body: &Block, value: &Expr, error: &Expr) -> bool {
    let unset = |expr: &Expr| {
        let var = expr.as_ident().and_then(|ident| typing.scopes.var(ident));
        var.is_some_and(|var| may_be_unset(typing, body, var))
    };
    unset(value) && unset(error)
}

/// Whether the error that is returned may have been made none: `if errors.Is(err, ErrOld) { err = nil }`.
fn is_forgiven(typing: &Typing, body: &Block, error: &Expr) -> bool {
    let Some(var) = error.as_ident().and_then(|ident| typing.scopes.var(ident)) else { return false };
    let mut found = false;
    visit::body(body, &mut |stmt| {
        if let StmtKind::Assign { left, right, .. } = &stmt.kind {
            let clears = |(target, value): (&Expr, &Expr)| {
                value.is_nil() && target.as_ident().and_then(|ident| typing.scopes.var(ident)) == Some(var)
            };
            found |= left.iter().zip(right).any(clears);
        }
    });
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
