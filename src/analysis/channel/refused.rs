//! Starts that a test expects to fail: what starts its goroutine last has started nothing then.

use crate::analysis::graph::known;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::VarId;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;

/// Whether a call of `func` gives an error that is expected, and `func` starts a goroutine only where it
/// gives none.
pub fn is_refused(typing: &Typing, call: &Call, func: &FuncDecl) -> bool {
    let expects = |list: &[Stmt]| expects_error(typing, list, call);
    let expected = || {
        typing.scopes.bodies.iter().any(|body| {
            let mut found = expects(&body.block.stmts);
            visit::body(body.block, &mut |stmt| found |= visit::child_lists(stmt).into_iter().any(expects));
            found
        })
    };
    func.body().is_some_and(starts_last) && expected()
}

/// Whether nothing but nil is returned once a goroutine is started.
fn starts_last(body: &Block) -> bool {
    let (mut started, mut failed) = (None, 0);
    visit::body(body, &mut |stmt| match &stmt.kind {
        StmtKind::Go(_) => started = started.or(Some(stmt.span.start)),
        StmtKind::Return(values) if !values.last().is_some_and(Expr::is_nil) => failed = stmt.span.start,
        _ => {}
    });
    started.is_some_and(|started| failed < started)
}

/// Whether statements expect that a call among them gives an error.
fn expects_error(typing: &Typing, list: &[Stmt], call: &Call) -> bool {
    let is_it = |expr: &Expr| expr.unparen().span == call.span;
    let bound = |stmt: &Stmt| match &stmt.kind {
        StmtKind::Define { left, right } | StmtKind::Assign { left, right, .. } => match right.as_slice() {
            [value] if is_it(value) => typing.scopes.var(left.last()?.as_ident()?),
            _ => None,
        },
        _ => None,
    };
    list.iter().enumerate().any(|(at, stmt)| match &stmt.kind {
        StmtKind::Expr(expr) => expr.as_call().is_some_and(|asserts| wants_error(typing, asserts, &is_it)),
        StmtKind::If(branch) => {
            branch.init.as_ref().and_then(bound).is_some_and(|error| leaves_without(typing, branch, error))
        }
        _ => bound(stmt).is_some_and(|error| {
            let names = |stmt: &&Stmt| typing.scopes.uses_in(stmt.span).any(|var| var == error);
            list[at + 1..].iter().find(names).is_some_and(|next| needs(typing, next, error))
        }),
    })
}

/// Whether a statement needs an error to be there.
fn needs(typing: &Typing, stmt: &Stmt, error: VarId) -> bool {
    let is_it = |expr: &Expr| expr.as_ident().and_then(|ident| typing.scopes.var(ident)) == Some(error);
    match &stmt.kind {
        StmtKind::Expr(expr) => {
            let mut asked = expr.as_call().is_some_and(|asserts| wants_error(typing, asserts, &is_it));
            // `err.Error()` panics where there is none.
            visit::expr(expr, &mut |part| {
                asked |= matches!(&part.kind, ExprKind::Selector { operand, field }
                    if &*field.name == "Error" && is_it(operand));
            });
            asked
        }
        StmtKind::If(branch) => leaves_without(typing, branch, error),
        _ => false,
    }
}

/// Whether an assertion wants what `is_it` names to be an error.
fn wants_error(typing: &Typing, asserts: &Call, is_it: &dyn Fn(&Expr) -> bool) -> bool {
    if let Some((error, there)) = known::expectation(asserts) {
        return there && is_it(error);
    }
    let Some(at) = asserts.args.iter().position(is_it) else { return false };
    typing.ask(asserts, known::asserts_error) == Some(true)
        || asserts.args.get(at + 1).and_then(known::wants_error) == Some(true)
}

/// `if err == nil { t.Fatal("…") }`
fn leaves_without(typing: &Typing, branch: &If, error: VarId) -> bool {
    let ExprKind::Binary { op: BinaryOp::Equal, left, right } = &branch.condition.unparen().kind else {
        return false;
    };
    let asks = left.as_ident().and_then(|ident| typing.scopes.var(ident)) == Some(error) && right.is_nil();
    let leaves = match branch.then.stmts.last().map(|last| &last.kind) {
        Some(StmtKind::Return(_)) => true,
        Some(StmtKind::Expr(expr)) => expr
            .as_call()
            .is_some_and(|call| typing.ask(call, |name| known::ending(name, true)).flatten().is_some()),
        _ => false,
    };
    asks && leaves
}
