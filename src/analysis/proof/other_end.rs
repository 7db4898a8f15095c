//! The two ends of a pipe are one thing: whoever has the other end finds nobody at this one once it is
//! released, or waits for it. So the other one stays with the function, too.

use crate::analysis::graph::derived::statements;
use crate::analysis::graph::known;
use crate::analysis::graph::scopes::VarId;
use crate::analysis::proof::nil::bound;
use crate::analysis::proof::subject::Subject;
use crate::base::diagnostic::{Evidence, Objection};
use crate::base::text::Span;
use crate::go::facts::names;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;

pub(crate) fn check(subject: &Subject, _: &mut Vec<Evidence>) -> Result<(), Objection> {
    if subject.typing.ask(subject.call, known::makes_ends) != Some(true) {
        return Ok(());
    }
    let bound = bound(subject);
    let is_error = |var: &VarId| subject.typing.var(*var).is_some_and(|ty| ty.is_error());
    let others = bound.iter().enumerate().filter(|(at, _)| *at != subject.result);
    for var in others.filter_map(|(_, var)| *var).filter(|var| !is_error(var)) {
        if let Some(place) = leaves(subject, var) {
            return Err(subject.object(place, "the other end of the pipe goes on here"));
        }
    }
    if bound.is_empty() {
        return Err(subject.object(subject.call.span, "the other end of the pipe is no local variable"));
    }
    Ok(())
}

/// Where the other end leaves the function.
fn leaves(subject: &Subject, other: VarId) -> Option<Span> {
    let typing = subject.typing;
    let is_it = |expr: &Expr| expr.as_ident().and_then(|ident| typing.scopes.var(ident)) == Some(other);
    let mut stays: Vec<u32> = Vec::new();
    visit::declaration(subject.decl, &mut |expr| match &expr.kind {
        ExprKind::Binary { left, right, .. } => {
            stays.extend([left, right].into_iter().filter(|side| is_it(side)).map(|side| side.span.start));
        }
        ExprKind::Call(call) if call.span == expr.span => {
            if let Some(on) = call.receiver().filter(|on| is_it(on))
                && !call.name().is_some_and(|name| names::functions().descriptors.holds("os", name))
            {
                stays.push(on.span.start);
            }
            let lends = |name: known::Name| matches!(name.package, "io" | "io/ioutil" | "fmt" | "bufio");
            if typing.ask(call, lends) == Some(true) {
                stays.extend(call.args.iter().filter(|arg| is_it(arg)).map(|arg| arg.span.start));
            }
        }
        _ => {}
    });
    let statements = statements(subject.decl);
    for stmt in &statements {
        match &stmt.kind {
            StmtKind::Assign { left, right, .. } | StmtKind::Define { left, right } => {
                // What it is bound and set by.
                stays.extend(left.iter().filter(|target| is_it(target)).map(|target| target.span.start));
                for (target, value) in left.iter().zip(right) {
                    let fine = || given_back(subject, stmt, target) || of_process(subject, target);
                    if value.as_call().is_none() && uses(subject, value.span, other) && fine() {
                        stays.extend(typing.scopes.uses_of(other).filter(|at| within(value.span, *at)));
                    }
                }
            }
            // `return bufio.NewReader(r)`
            StmtKind::Return(values) => {
                let made = values.iter().find(|value| {
                    let reads =
                        value.as_call().and_then(Call::name).is_some_and(|name| name.starts_with("New"));
                    uses(subject, value.span, other) && reads
                });
                if let Some(value) = made {
                    return Some(value.span);
                }
            }
            _ => {}
        }
    }
    let at = typing.scopes.uses_of(other).find(|at| !stays.contains(at))?;
    Some(Span::new(at, at + 1))
}

fn uses(subject: &Subject, span: Span, var: VarId) -> bool {
    subject.typing.scopes.uses_in(span).any(|used| used == var)
}

fn within(span: Span, at: u32) -> bool {
    span.start <= at && at < span.end
}

/// `os.Stdout = w`, where something deferred sets it back, or a statement further down, and no `return` comes
/// before that.
fn given_back(subject: &Subject, set: &Stmt, target: &Expr) -> bool {
    let ExprKind::Selector { .. } = &target.unparen().kind else { return false };
    let name = subject.text(target.span);
    let sets = |stmt: &Stmt| match &stmt.kind {
        StmtKind::Assign { left, .. } => {
            stmt.span != set.span && left.iter().any(|target| subject.text(target.span) == name)
        }
        _ => false,
    };
    let in_literal = |literal: &FuncLit| {
        let mut found = false;
        visit::body(&literal.body, &mut |stmt| found |= sets(stmt));
        found
    };
    let at_end = |expr: &Expr| {
        let Some(call) = expr.as_call() else { return false };
        let literal = |expr: &Expr| match &expr.unparen().kind {
            ExprKind::FuncLit(literal) => in_literal(literal),
            _ => false,
        };
        literal(&call.function) || call.args.iter().any(literal)
    };
    let deferred = statements(subject.decl).into_iter().any(|stmt| match &stmt.kind {
        StmtKind::Defer(expr) => at_end(expr),
        StmtKind::Expr(expr) => {
            let registers = expr.as_call().and_then(Call::name) == Some("Cleanup");
            registers && at_end(expr)
        }
        _ => false,
    });
    deferred
        || lists(subject).into_iter().any(|list| {
            let Some(at) = list.iter().position(|stmt| stmt.span == set.span) else { return false };
            let Some(back) = list[at + 1..].iter().position(sets) else { return false };
            !list[at + 1..at + 1 + back].iter().any(may_leave)
        })
}

/// Whether a statement may lead past those behind it.
fn may_leave(stmt: &Stmt) -> bool {
    let mut found = false;
    visit::statements(std::slice::from_ref(stmt), &mut |stmt| {
        found |= matches!(
            stmt.kind,
            StmtKind::Return(_) | StmtKind::Goto(_) | StmtKind::Break(Some(_)) | StmtKind::Continue(Some(_))
        );
    });
    found
}

/// The lists of statements of the function and of the literals in it.
fn lists<'a>(subject: &Subject<'a, '_>) -> Vec<&'a [Stmt]> {
    let Decl::Func(func) = subject.decl else { return Vec::new() };
    let Some(body) = func.body() else { return Vec::new() };
    let mut lists: Vec<&'a [Stmt]> = vec![&body.stmts];
    visit::block(body, &mut |expr| {
        if let ExprKind::FuncLit(literal) = &expr.kind {
            lists.push(&literal.body.stmts);
        }
    });
    lists.extend(statements(subject.decl).into_iter().flat_map(visit::child_lists));
    lists
}

/// `cmd.Stdout = w` of a command that the function runs to its end.
fn of_process(subject: &Subject, target: &Expr) -> bool {
    let ExprKind::Selector { operand, .. } = &target.unparen().kind else { return false };
    let typing = subject.typing;
    let Some(var) = operand.as_ident().and_then(|ident| typing.scopes.var(ident)) else { return false };
    let is_command = typing.var(var).is_some_and(|ty| ty.is_in(&names::types().processes));
    let on_it = |call: &Call| {
        let on = call.receiver().and_then(Expr::as_ident).and_then(|ident| typing.scopes.var(ident));
        on == Some(var)
    };
    let calls = visit::calls(subject.decl);
    let mut named = calls.into_iter().filter(|call| on_it(call)).filter_map(Call::name);
    let runs: Vec<&str> = named.by_ref().collect();
    is_command && runs.iter().any(|name| ["Run", "Output", "CombinedOutput"].contains(name)) && {
        !runs.contains(&"Start")
    }
}
