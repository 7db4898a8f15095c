//! What a fix may use where it stands: a context that ends, and a `return` with the zero values of a
//! function's results, as far as they can be written.

use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{Scopes, VarId, VarOrigin};
use crate::analysis::placement::in_scope;
use crate::base::text::{Span, narrow};
use crate::go::syntax::ast::*;
use crate::go::types::members::{Lookup, Member};
use crate::go::types::type_expr::Type;
use crate::go::types::underlying::Shape;

/// A context in scope at `offset`, or that of a parameter that has one: `ctx`, `r.Context()`.
pub fn context(scopes: &Scopes, typing: &Typing, offset: u32) -> Option<String> {
    if let Some(context) = in_scope::context(scopes, typing, offset) {
        return Some(context.spelled);
    }
    let gives = |ty: &Type| match typing.database.find_member(ty, "Context") {
        Lookup::Member(Member::Method(method)) => {
            let signature = method.signature;
            signature.params.is_empty() && signature.results.first().is_some_and(Type::is_context)
        }
        _ => false,
    };
    let mut body = scopes.body_around(Span::new(offset, offset));
    while let Some(at) = body {
        let mut vars = (0..scopes.vars.len()).map(|var| VarId(narrow(var)));
        let has_one = |var: &VarId| {
            let info = scopes.info(*var);
            info.body == at
                && matches!(info.origin, VarOrigin::Param { .. })
                && typing.var(*var).is_some_and(|ty| gives(&ty))
        };
        if let Some(var) = vars.find(has_one) {
            return Some(format!("{}.Context()", scopes.info(var).name));
        }
        body = scopes.body(at).parent;
    }
    None
}

/// `return`, `return nil, 0`; none where a zero value cannot be spelled.
pub fn returned(typing: &Typing, text: &[u8], signature: &Signature) -> Option<String> {
    let named =
        signature.results.iter().all(|result| result.name.as_ref().is_some_and(|name| !name.is_blank()));
    if named {
        return Some("return".to_owned());
    }
    let values: Option<Vec<String>> =
        signature.results.iter().map(|result| zero(typing, text, &result.ty)).collect();
    Some(format!("return {}", values?.join(", ")))
}

fn zero(typing: &Typing, text: &[u8], ty: &Expr) -> Option<String> {
    let database = typing.database;
    match database.shape(&database.type_of(&typing.file, ty)) {
        Shape::Struct(_) => {
            let spelled = String::from_utf8_lossy(&text[ty.span.range()]).into_owned();
            Some(format!("{spelled}{{}}"))
        }
        Shape::Interface(_) => Some("nil".to_owned()),
        Shape::Plain(plain) => match plain {
            Type::Pointer(_)
            | Type::Slice(_)
            | Type::Map(..)
            | Type::Chan(_)
            | Type::Func(_)
            | Type::Interface(_) => Some("nil".to_owned()),
            Type::Basic(name) => match &*name {
                "string" => Some("\"\"".to_owned()),
                "bool" => Some("false".to_owned()),
                "error" | "any" | "comparable" => Some("nil".to_owned()),
                "unsafe.Pointer" | "untyped" => None,
                _ => Some("0".to_owned()),
            },
            _ => None,
        },
    }
}
