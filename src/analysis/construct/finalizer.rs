//! Finalizers and clean-ups: those that wait for somebody else, and those that keep what they wait for.

use crate::analysis::construct::context::{Context, callee};
use crate::analysis::detection::Detection;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::Scopes;
use crate::base::text::Span;
use crate::go::facts;
use crate::go::facts::names;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::FileScope;
use crate::go::types::members::Member;

/// What the rules are called.
pub const BLOCKS: &str = "blocking-finalizer";
pub const KEEPS: &str = "finalizer-keeps-object";

/// Callees of a finalizer are looked at this deep.
const MAX_DEPTH: usize = 3;

/// The calls that register a function to be run when their first argument is unreachable.
fn registrations<'a>(context: &Context<'a, '_>) -> Vec<&'a Call> {
    let Some(block) = context.block() else { return Vec::new() };
    let mut found = Vec::new();
    visit::block(block, &mut |expr| {
        if let ExprKind::Call(call) = &expr.kind
            && call.args.len() >= 2
            && context
                .typing
                .name(&call.function)
                .is_some_and(|(path, name)| names::functions().finalizers.holds(&path, name))
        {
            found.push(&**call);
        }
    });
    found
}

/// Finalizers that wait for somebody else.
pub fn blocking(context: &Context) -> Vec<Detection> {
    let mut found = Vec::new();
    for call in registrations(context) {
        let Some(why) = why_it_blocks(context.typing, &call.args[1]) else { continue };
        let message = format!("the finalizer {why}: while it waits, no other one runs");
        found.push(Detection::new(BLOCKS, call.span, "registered here", message).with_advice(
            "start a goroutine in it for what may wait",
            "what is still there when that runs is for a person to see",
        ));
    }
    found
}

/// Finalizers that refer to the very object: it is never unreachable.
pub fn keeping(context: &Context) -> Vec<Detection> {
    let mut found = Vec::new();
    let scopes = context.typing.scopes;
    for call in registrations(context) {
        let Some(object) = call.args[0].as_ident().and_then(|ident| scopes.var(ident)) else { continue };
        let mut uses: Vec<Span> = Vec::new();
        let mut see = |part: &Expr| {
            if let Some(ident) = part.as_ident()
                && scopes.var(ident) == Some(object)
            {
                uses.push(ident.span);
            }
        };
        match &call.args[1].unparen().kind {
            ExprKind::FuncLit(literal) => visit::block(&literal.body, &mut see),
            // `x.close`, which binds x.
            ExprKind::Selector { operand, .. } => visit::expr(operand, &mut see),
            _ => {}
        }
        // What a clean-up is given besides.
        call.args[2..]
            .iter()
            .filter(|arg| arg.as_ident().is_some())
            .for_each(|arg| visit::expr(arg, &mut see));
        let Some(first) = uses.first() else { continue };
        let name = &scopes.info(object).name;
        let message = format!("the finalizer of `{name}` refers to it: it never runs");
        let detection = Detection::new(KEEPS, call.span, "registered here", message)
            .with_labels([context.declaration.place(*first, "it is referred to here")])
            .with_advice("use the function's parameter", "which of the two is meant is for a person to see");
        found.push(detection);
    }
    found
}

/// What a finalizer waits for, as a clause.
fn why_it_blocks(typing: &Typing, finalizer: &Expr) -> Option<String> {
    match &finalizer.unparen().kind {
        ExprKind::FuncLit(literal) => waits(typing, &literal.body, 0),
        ExprKind::Ident(ident) if typing.scopes.var(ident).is_none() => {
            let func = typing.database.lookup_func(&typing.file, &ident.name)?;
            of_function(typing, &func, 0)
        }
        // `(*T).Close`, `x.Close`
        ExprKind::Selector { operand, field } => {
            let ty = match &operand.unparen().kind {
                ExprKind::Pointer(inner) => typing.database.type_of(&typing.file, inner),
                _ => typing.of(operand),
            };
            match typing.database.member(&ty, &field.name)? {
                Member::Method(method) => of_function(typing, method.func.as_ref()?, 0),
                Member::Field(_) => None,
            }
        }
        _ => None,
    }
}

fn of_function(typing: &Typing, func: &FuncRef, depth: usize) -> Option<String> {
    // What the runtime's own packages do in finalizers they do with care.
    if func.package.path.split('/').next().is_none_or(|first| !first.contains('.')) && depth == 0 {
        let own = func.package.path == typing.file.package.path;
        if !own {
            return None;
        }
    }
    let body = func.decl.body()?;
    let scopes = Scopes::of_func(&func.decl);
    let inner = Typing::new(typing.database, FileScope::of(func), &scopes);
    waits(&inner, body, depth)
}

/// What a body waits for by itself or by what it calls; what it starts or defers to others aside.
fn waits(typing: &Typing, block: &Block, depth: usize) -> Option<String> {
    let mut found: Option<String> = None;
    // Goroutines, polls, and function values are none of it.
    let mut aside: Vec<Span> = Vec::new();
    visit::body(block, &mut |stmt| match &stmt.kind {
        StmtKind::Go(_) => aside.push(stmt.span),
        StmtKind::Select(cases) if cases.iter().any(|case| case.communication.is_none()) => {
            aside.extend(cases.iter().map(|case| Span::new(case.span.start, first_of(case))));
        }
        StmtKind::Send { .. } if !aside.iter().any(|span| span.contains(stmt.span)) => {
            found.get_or_insert("sends on a channel".to_owned());
        }
        StmtKind::Select(cases) if cases.iter().all(|case| case.communication.is_some()) => {
            found.get_or_insert("waits in a `select`".to_owned());
        }
        _ => {}
    });
    visit::block(block, &mut |expr| {
        if found.is_some() || aside.iter().any(|span| span.contains(expr.span)) {
            return;
        }
        match &expr.kind {
            ExprKind::FuncLit(_) => aside.push(expr.span),
            ExprKind::Receive(_) => found = Some("receives from a channel".to_owned()),
            ExprKind::Call(call) => {
                found = waits_in(typing, call, depth);
            }
            _ => {}
        }
    });
    found
}

/// Where the statements of a case begin.
fn first_of(case: &SelectCase) -> u32 {
    case.stmts.first().map_or(case.span.end, |stmt| stmt.span.start)
}

fn waits_in(typing: &Typing, call: &Call, depth: usize) -> Option<String> {
    let (package, name) = callee(typing, call)?;
    if names::functions().blocks.holds(&package, &name) {
        return Some(format!("calls `{}`", short(&package, &name)));
    }
    if facts::locking(&package, &name).is_some_and(|locking| locking.act == facts::LockAct::Lock) {
        return Some(format!("takes a lock by `{}`", short(&package, &name)));
    }
    if depth >= MAX_DEPTH || package != *typing.file.package.path {
        return None;
    }
    let func = typing.called(call)?;
    of_function(typing, &func, depth + 1)
}

fn short(package: &str, name: &str) -> String {
    format!("{}.{name}", package.rsplit('/').next().unwrap_or_default())
}
