//! Package variables that only ever grow: maps and slices that functions add to, and nobody takes from.

use crate::analysis::channel::process;
use crate::analysis::construct::context::Context;
use crate::analysis::detection::Detection;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::Scopes;
use crate::base::diagnostic::Evidence;
use crate::base::text::Span;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::{Database, FileScope};
use crate::go::types::type_expr::Type;

/// What the rule is called.
pub const KIND: &str = "growing-map";

/// What happens to a variable in a function.
#[derive(Default)]
struct Uses {
    /// Where something is added under a key that is not the same each time.
    grows: Option<Span>,
    /// It is made smaller, made anew, asked for its size, or seen by somebody else.
    bounded: bool,
}

/// The variables of a declaration that only ever grow.
pub fn detect(context: &Context) -> Vec<Detection> {
    let Decl::Vars(specs) = context.declaration.decl else { return Vec::new() };
    let mut found = Vec::new();
    for spec in specs {
        for name in &spec.names {
            let package = &context.declaration.file.scope.package;
            let private = name.name.chars().next().is_some_and(|first| first.is_lowercase());
            let ty = context.typing.database.var_type(package, &name.name);
            if private && can_grow(&ty) {
                found.extend(only_grows(context, name));
            }
        }
    }
    found
}

/// A map with many keys, a slice, or a `sync.Map`.
fn can_grow(ty: &Type) -> bool {
    match ty {
        Type::Map(key, _) => has_many_values(key),
        Type::Slice(_) => true,
        _ => ty.named().is_some_and(|named| (&*named.package, &*named.name) == ("sync", "Map")),
    }
}

/// Whether there is no end of keys of a type, as far as its name says: of text and numbers there is none, of
/// enumerations and types there is.
fn has_many_values(key: &Type) -> bool {
    ["string", "int", "int64", "int32", "uint64", "uint32", "uint", "any"]
        .iter()
        .any(|name| *key == Type::basic(name))
}

fn only_grows(context: &Context, name: &Ident) -> Option<Detection> {
    let package = &context.declaration.file.scope.package;
    let mut added: Option<(Evidence, String)> = None;
    for func in package.functions_with(&name.name) {
        let uses = uses(context, &func, name);
        if uses.bounded {
            return None;
        }
        let Some(at) = uses.grows.filter(|_| !is_set_up(context.typing.database, &func)) else { continue };
        if added.is_none() && !FileScope::of(&func).is_test() {
            let place = context.declaration.place_in(&func, at, "something is added here");
            added = Some((place, func.decl.display_name()));
        }
    }
    let (place, function) = added?;
    let message =
        format!("`{}` only ever grows: `{function}` adds to it, and nothing takes from it", name.name);
    Some(Detection::new(KIND, name.span, "declared here", message).with_labels([place]).with_advice(
        "take out what is not needed any more, or bound it",
        "how much is to stay is for a person to say",
    ))
}

/// Whether a function fills something once, as the program starts: what runs once, `Register…`, and what
/// only such functions call.
fn is_set_up(database: &Database, func: &FuncRef) -> bool {
    let name = &*func.decl.name.name;
    let lower = name.to_ascii_lowercase();
    let registers = ["regist", "init", "setup", "load", "must", "define", "add", "new", "set", "with"];
    if registers.iter().any(|word| lower.starts_with(word))
        || process::runs_once(database, &func.package, &func.decl)
    {
        return true;
    }
    let callers = func.package.functions_with(name);
    let mut callers = callers.iter().filter(|caller| caller.decl.name.span != func.decl.name.span).peekable();
    // What nobody is seen to call is called by another `init`, or as a variable gets its value.
    let private = func.decl.receiver.is_none() && name.chars().next().is_some_and(char::is_lowercase);
    (private || callers.peek().is_some())
        && callers.all(|caller| process::runs_once(database, &func.package, &caller.decl))
}

fn uses(context: &Context, func: &FuncRef, name: &Ident) -> Uses {
    let mut uses = Uses::default();
    let Some(body) = func.decl.body() else { return uses };
    let scopes = Scopes::of_func(&func.decl);
    let typing = Typing::new(context.typing.database, FileScope::of(func), &scopes);
    let is_it = |expr: &Expr| {
        expr.as_ident().is_some_and(|ident| ident.name == name.name && scopes.var(ident).is_none())
    };
    let mut fine: Vec<Span> = Vec::new();
    each_statement(body, &mut |stmt| {
        let (left, right) = match &stmt.kind {
            StmtKind::Assign { left, right, .. } => (left.as_slice(), right.as_slice()),
            StmtKind::IncDec(target) => (std::slice::from_ref(target), &[][..]),
            StmtKind::For(looped) => {
                if let ForHead::Range { right, .. } = &looped.head
                    && is_it(right)
                {
                    fine.push(right.unparen().span);
                }
                return;
            }
            _ => return,
        };
        for (at, target) in left.iter().enumerate() {
            match &target.unparen().kind {
                ExprKind::Index { operand, indices } if is_it(operand) => {
                    fine.push(operand.unparen().span);
                    let map = matches!(typing.of(operand), Type::Map(..));
                    if map && indices.iter().any(|key| varies(&typing, key)) {
                        uses.grows.get_or_insert(stmt.span);
                    }
                }
                _ if is_it(target) => {
                    fine.push(target.unparen().span);
                    match right.get(at).and_then(Expr::as_call) {
                        Some(call)
                            if call.name() == Some("append") && call.args.first().is_some_and(&is_it) =>
                        {
                            fine.push(call.args[0].unparen().span);
                            uses.grows.get_or_insert(stmt.span);
                        }
                        _ => uses.bounded = true,
                    }
                }
                _ => {}
            }
        }
    });
    visit::block(body, &mut |expr| match &expr.kind {
        // Reading.
        ExprKind::Index { operand, .. } if is_it(operand) => fine.push(operand.unparen().span),
        ExprKind::Call(call) => {
            if let ExprKind::Selector { operand, field } = &call.function.unparen().kind
                && is_it(operand)
            {
                fine.push(operand.unparen().span);
                match &*field.name {
                    "Store" | "LoadOrStore" | "Swap"
                        if call.args.first().is_some_and(|key| varies(&typing, key)) =>
                    {
                        uses.grows.get_or_insert(call.span);
                    }
                    "Load" | "Range" | "Store" | "LoadOrStore" | "Swap" => {}
                    _ => uses.bounded = true,
                }
            }
        }
        _ => {}
    });
    // Whoever else gets it may do with it what it likes.
    visit::block(body, &mut |expr| {
        if is_it(expr) && !fine.contains(&expr.unparen().span) {
            uses.bounded = true;
        }
    });
    uses
}

/// Every statement, those of function literals included.
fn each_statement<'a>(block: &'a Block, see: &mut dyn FnMut(&'a Stmt)) {
    visit::body(block, see);
    visit::block(block, &mut |expr| {
        if let ExprKind::FuncLit(literal) = &expr.kind {
            visit::body(&literal.body, see);
        }
    });
}

/// Whether a key may be another one each time: one that has a local variable in it, of a type with many
/// values.
fn varies(typing: &Typing, key: &Expr) -> bool {
    let mut local = false;
    visit::expr(key, &mut |part| {
        local |= part.as_ident().is_some_and(|ident| typing.scopes.var(ident).is_some());
    });
    local && has_many_values(&typing.of(key))
}
