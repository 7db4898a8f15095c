//! Functions that run once in the life of a process: what they leave behind ends with it.

use std::sync::Arc;

use crate::analysis::graph::control_flow::Ending;
use crate::analysis::graph::known;
use crate::base::text::Span;
use crate::go::project::package::Package;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;

/// Callers of callers are looked at this deep.
const MAX_DEPTH: u32 = 3;

/// Whether a function runs once in the life of a process, outside of any loop: `main`, `init`, `TestMain`,
/// and what in a program only these call.
pub fn runs_once(package: &Arc<Package>, func: &FuncDecl) -> bool {
    runs_once_at(package, func, 0)
}

fn runs_once_at(package: &Arc<Package>, func: &FuncDecl, depth: u32) -> bool {
    let name = &*func.name.name;
    let program = &*package.name == "main";
    if func.receiver.is_none() && (name == "init" || name == "TestMain" || program && name == "main") {
        return true;
    }
    if !program || depth == MAX_DEPTH {
        return false;
    }
    let callers = package.functions_with(name);
    let mut called = false;
    for caller in callers.iter().filter(|caller| caller.decl.name.span != func.name.span) {
        match calls(&caller.decl, name) {
            Calls::None => {}
            Calls::Once if !called && runs_once_at(package, &caller.decl, depth + 1) => called = true,
            Calls::AtExit if !called => called = true,
            _ => return false,
        }
    }
    called && !is_value(package, name)
}

enum Calls {
    None,
    /// In one place, in no loop, goroutine or function literal.
    Once,
    /// In one place, where the process ends with what it returns: `os.Exit(run())`.
    AtExit,
    Otherwise,
}

/// How a function calls what is named so.
fn calls(caller: &FuncDecl, name: &str) -> Calls {
    let Some(body) = caller.body() else { return Calls::Otherwise };
    let mut mentions: Vec<Span> = Vec::new();
    let mut called: Vec<Span> = Vec::new();
    let mut often: Vec<Span> = Vec::new();
    let mut exits: Vec<Span> = Vec::new();
    visit::block(body, &mut |expr| match &expr.kind {
        ExprKind::Ident(ident) if *ident.name == *name => mentions.push(ident.span),
        ExprKind::Selector { field, .. } if *field.name == *name => mentions.push(field.span),
        ExprKind::Call(call) if call.name() == Some(name) => called.push(call.span),
        ExprKind::Call(call) if is_exit(call) => exits.extend(call.args.iter().map(|arg| arg.span)),
        ExprKind::FuncLit(literal) => often.push(literal.body.span),
        _ => {}
    });
    visit::body(body, &mut |stmt| match &stmt.kind {
        StmtKind::For(looped) => often.push(looped.body.span),
        StmtKind::Go(_) => often.push(stmt.span),
        _ => {}
    });
    match (mentions.as_slice(), called.as_slice()) {
        ([], _) => Calls::None,
        ([_], [call]) if exits.contains(call) => Calls::AtExit,
        ([_], [call]) if !often.iter().any(|around| around.contains(*call)) => Calls::Once,
        _ => Calls::Otherwise,
    }
}

/// Whether a call ends the process: `os.Exit(…)`.
fn is_exit(call: &Call) -> bool {
    let Some(path) = call.function.as_path() else { return false };
    let [package, name] = path.as_slice() else { return false };
    let callee = known::Name { package: &package.name, name: &name.name };
    known::ending(callee, false) == Some(Ending::Exit)
}

/// Whether a variable of the package may hold the function: `var command = Command{Run: run}`.
fn is_value(package: &Arc<Package>, name: &str) -> bool {
    package.value_names().iter().filter_map(|value| package.var(value)).any(|value| {
        let mut found = false;
        visit::exprs(&value.spec().values, &mut |expr| {
            found |= expr.as_ident().is_some_and(|ident| *ident.name == *name);
        });
        found
    })
}
