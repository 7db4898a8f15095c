//! What functions do with a test that they get: whether they go on in parallel, or register a clean-up. Both
//! run when the test that called them has returned, and all that it defers has run.

use crate::analysis::graph::known::{self, Name, Runner};
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::Scopes;
use crate::go::facts::names;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::FileScope;

/// Functions that call functions are followed this deep.
const MAX_DEPTH: usize = 4;

/// What is asked of a function.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// `t.Parallel()`
    Parallel,
    /// `t.Cleanup(f)`
    Cleanup,
}

/// Whether the function that a subtest is made of may go on in parallel: it says so, or is not read whole.
pub(crate) fn may_be_parallel(typing: &Typing, arg: &Expr) -> bool {
    if let ExprKind::FuncLit(literal) = &arg.unparen().kind {
        return in_body(typing, &literal.body, Asked::Parallel, 0);
    }
    typing.database.underlying_func(&typing.of(arg)).is_some()
        && in_value(typing, &arg.called(), Asked::Parallel, 0)
}

/// Whether a call may register a clean-up of the test that it gets, or has.
pub(crate) fn registers_cleanup(typing: &Typing, call: &Call) -> bool {
    asks_test(typing, call, Asked::Cleanup, 0)
}

fn in_body(typing: &Typing, body: &Block, asked: Asked, depth: usize) -> bool {
    let mut found = false;
    visit::block(body, &mut |expr| {
        if let Some(call) = expr.as_call().filter(|call| call.span == expr.span) {
            found = found || asks_test(typing, call, asked, depth);
        }
    });
    found
}

/// Whether a call does that, or what it calls.
fn asks_test(typing: &Typing, call: &Call, asked: Asked, depth: usize) -> bool {
    let is_test = |expr: &Expr| typing.of(expr).is_in(&names::types().tests);
    match (call.name(), asked) {
        (Some("Parallel"), Asked::Parallel) => return call.args.is_empty(),
        (Some("Cleanup"), Asked::Cleanup) if call.receiver().is_some_and(is_test) => return true,
        _ => {}
    }
    if asked == Asked::Cleanup && typing.ask(call, known::runner) == Some(Some(Runner::AtEnd)) {
        return true;
    }
    if typing.ask(call, known::only_looks) == Some(true) || call.receiver().is_some_and(is_test) {
        return false;
    }
    let gets = call.args.iter().any(is_test);
    match typing.called(call) {
        // What knows nothing of tests has none.
        Some(func) if gets || knows_tests(&func) => in_function(typing, &func, asked, depth),
        None if gets => in_value(typing, call, asked, depth),
        _ => false,
    }
}

/// Whether one of the functions does that which a value may be; none is known to be none.
fn in_value(typing: &Typing, call: &Call, asked: Asked, depth: usize) -> bool {
    if let Some(func) = typing.called(call) {
        return in_function(typing, &func, asked, depth);
    }
    if let Some(literals) = literals(typing, &call.function) {
        return depth >= MAX_DEPTH
            || literals.into_iter().any(|literal| in_body(typing, &literal.body, asked, depth + 1));
    }
    match typing.possible_functions(call) {
        Some(functions) => functions.iter().any(|func| in_function(typing, func, asked, depth)),
        None => true,
    }
}

fn in_function(typing: &Typing, func: &FuncRef, asked: Asked, depth: usize) -> bool {
    let Some(body) = func.decl.body() else { return true };
    if depth >= MAX_DEPTH {
        return true;
    }
    let scopes = Scopes::of_func(&func.decl);
    in_body(&Typing::new(typing.database, FileScope::of(func), &scopes), body, asked, depth + 1)
}

fn knows_tests(func: &FuncRef) -> bool {
    let tests = |path: &str| path == "testing" || known::is_spec(Name { package: path, name: "It" });
    FileScope::of(func).imports().iter().any(|import| tests(&import.path))
}

/// The literals that a local variable gets, if it gets nothing else.
fn literals<'a>(typing: &Typing<'a, '_>, value: &Expr) -> Option<Vec<&'a FuncLit>> {
    let var = value.as_ident().and_then(|ident| typing.scopes.var(ident))?;
    let given = typing.scopes.assigned(var);
    let literal = |expr: &'a Expr| match &expr.unparen().kind {
        ExprKind::FuncLit(literal) => Some(&**literal),
        _ => None,
    };
    if given.is_empty() { None } else { given.iter().map(|one| literal(one.value)).collect() }
}
