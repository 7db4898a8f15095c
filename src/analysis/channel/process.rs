//! Functions that run once in the life of a process: what they leave behind ends with it.

use std::sync::Arc;

use crate::analysis::graph::control_flow::Ending;
use crate::analysis::graph::known;
use crate::analysis::graph::local_types::Typing;
use crate::base::text::Span;
use crate::go::facts::names;
use crate::go::project::package::Package;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::{Database, FileScope};

/// Callers of callers are looked at this deep.
const MAX_DEPTH: u32 = 3;

/// Whether a function runs once in the life of a process, outside of any loop: `main`, `init`, `TestMain`,
/// what in a program only these call, and what a command line runs.
pub fn runs_once(database: &Database, package: &Arc<Package>, func: &FuncDecl) -> bool {
    runs_once_at(package, func, 0) || is_command(database, package, func)
}

/// Whether a function literal is what a command line runs: `&cobra.Command{Run: func(…) { … }}`.
pub fn is_command_literal(typing: &Typing, decl: &Decl, literal: Span) -> bool {
    let mut found = false;
    visit::declaration(decl, &mut |expr| {
        let is_it = |value: &Expr| match &value.unparen().kind {
            ExprKind::FuncLit(inner) => inner.body.span == literal,
            _ => false,
        };
        found |= runs(typing.database, &typing.file, expr).any(is_it);
    });
    found
}

/// The functions that a literal of a command has run.
fn runs<'a>(database: &Database, scope: &FileScope, literal: &'a Expr) -> impl Iterator<Item = &'a Expr> {
    let elements = match &literal.kind {
        ExprKind::Composite { ty: Some(ty), elements } if is_command_type(database, scope, ty) => {
            &elements[..]
        }
        _ => &[],
    };
    elements.iter().map(|element| &element.value)
}

fn is_command_type(database: &Database, scope: &FileScope, ty: &Expr) -> bool {
    let ExprKind::Selector { operand, field } = &ty.unparen().kind else { return false };
    let commands = &names::types().commands;
    commands.may_hold(&field.name)
        && operand
            .as_ident()
            .and_then(|package| database.resolve_import_name(scope, &package.name))
            .is_some_and(|path| commands.holds(&path, &field.name))
}

/// Whether all that the package does with a function is to have a command line run it.
fn is_command(database: &Database, package: &Arc<Package>, func: &FuncDecl) -> bool {
    let name = &*func.name.name;
    let (mut mentions, mut run) = (0, 0);
    let mut see = |scope: &FileScope, expr: &Expr| {
        let is_it = |expr: &Expr| match &expr.kind {
            ExprKind::Ident(ident) => *ident.name == *name,
            ExprKind::Selector { field, .. } => *field.name == *name,
            _ => false,
        };
        mentions += usize::from(is_it(expr));
        run += runs(database, scope, expr).filter(|value| is_it(value.unparen())).count();
    };
    for caller in package.functions_with(name) {
        let body = caller.decl.body().filter(|_| caller.decl.name.span != func.name.span);
        let scope = FileScope::of(&caller);
        body.into_iter().for_each(|body| visit::block(body, &mut |expr| see(&scope, expr)));
    }
    for value in package.value_names().iter().filter_map(|value| package.var(value)) {
        let scope = FileScope { package: package.clone(), file: value.file };
        visit::exprs(&value.spec().values, &mut |expr| see(&scope, expr));
    }
    run > 0 && run == mentions
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
