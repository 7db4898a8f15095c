//! Makers that acquire nothing: what they give is text that they put together, the address of a server for
//! one. A method of it that reads like a release (`Shutdown` of a client of HTTP) asks somebody else then.

use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::Scopes;
use crate::go::facts::names;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::{Database, FileScope};
use crate::go::types::expressions::Callee;
use crate::go::types::type_expr::Type;
use crate::go::types::underlying::Shape;

/// Functions and types are followed this deep.
const MAX_DEPTH: usize = 4;

/// Whether a value of the type is a struct of the repository, or a pointer to one, with nothing but text in
/// it. A number may stand for a descriptor or a process.
pub fn is_text_only(database: &Database, ty: &Type) -> bool {
    let ty = ty.pointee();
    let own = ty.named().and_then(|named| named.source()).is_some_and(|of| !database.is_dependency(of));
    own && has_text(database, ty) && is_text(database, ty, 0)
}

fn has_text(database: &Database, ty: &Type) -> bool {
    let Shape::Struct(declared) = database.shape(ty) else { return false };
    let ExprKind::Struct(fields) = &declared.spec.spec().ty.unparen().kind else { return false };
    fields.iter().any(|field| field.ty.as_ident().is_some_and(|ty| &*ty.name == "string"))
}

fn is_text(database: &Database, ty: &Type, depth: usize) -> bool {
    if depth > MAX_DEPTH {
        return false;
    }
    match ty {
        Type::Basic(name) => matches!(&**name, "string" | "bool" | "byte" | "rune" | "uint8"),
        Type::Slice(inner) | Type::Array(inner) => is_text(database, inner, depth + 1),
        Type::Map(key, value) => [key, value].iter().all(|part| is_text(database, part, depth + 1)),
        Type::Named(named) if named.source().is_some() => match database.shape(ty) {
            Shape::Plain(Type::Named(_)) | Shape::Interface(_) => false,
            Shape::Plain(inner) => is_text(database, &inner, depth + 1),
            Shape::Struct(declared) => {
                let ExprKind::Struct(fields) = &declared.spec.spec().ty.unparen().kind else { return false };
                !fields.is_empty()
                    && fields.iter().all(|field| {
                        let ty = database.type_with(&declared.scope, &declared.bound, &field.ty);
                        is_text(database, &ty, depth + 1)
                    })
            }
        },
        _ => false,
    }
}

/// Whether a function of the repository asks nobody for anything and starts nothing: it calls what works on
/// text alone.
pub fn acquires_nothing(database: &Database, func: &FuncRef) -> bool {
    calls_nobody(database, func, 0)
}

fn calls_nobody(database: &Database, func: &FuncRef, depth: usize) -> bool {
    let Some(body) = func.decl.body().filter(|_| depth < MAX_DEPTH && !database.is_dependency(&func.package))
    else {
        return false;
    };
    let scopes = Scopes::of_func(&func.decl);
    let typing = Typing::new(database, FileScope::of(func), &scopes);
    let mut idle = true;
    visit::body(body, &mut |stmt| {
        idle &= !matches!(stmt.kind, StmtKind::Go(_) | StmtKind::Defer(_) | StmtKind::Send { .. });
    });
    visit::block(body, &mut |expr| {
        let ExprKind::Call(call) = &expr.kind else { return };
        idle &= match typing.callee(call) {
            Callee::Builtin { .. } | Callee::Conversion(_) => true,
            Callee::Func { func, .. } if !database.is_dependency(&func.package) => {
                calls_nobody(database, &func, depth + 1)
            }
            _ => {
                typing.ask(call, |name| names::functions().of_text.holds(name.package, name.name))
                    == Some(true)
            }
        };
    });
    idle
}
