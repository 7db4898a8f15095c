//! Types whose values can have nothing in them that somebody releases.

use crate::base::diagnostic::Closable;
use crate::go::facts::names;
use crate::go::syntax::ast::ExprKind;
use crate::go::types::closable::common_methods;
use crate::go::types::database::{Database, FileScope};
use crate::go::types::retention::Holds;
use crate::go::types::type_expr::{Home, Type};
use crate::go::types::underlying::Shape;

/// Fields are followed this deep.
const MAX_DEPTH: usize = 6;

/// Whether no value of type `ty` can hold anything with a release: numbers, text, contexts, and structs,
/// slices and maps of these. Interfaces, functions and channels can hold anything.
pub fn is_plain(database: &Database, ty: &Type) -> bool {
    plain(database, ty, 0)
}

/// Whether `package.Name` is a value of a package that the index knows without such: it lists every variable
/// that is released or gives something to release.
pub fn is_unlisted_value(database: &Database, scope: &FileScope, package: &str, name: &str) -> bool {
    let Some(path) = database.resolve_import_name(scope, package) else { return false };
    match (database.import(scope, &path), database.index) {
        (Err(missing), Some(index)) => {
            index.package_name(&missing.path).is_some() && index.var_type(&missing, name).is_none()
        }
        _ => false,
    }
}

fn plain(database: &Database, ty: &Type, depth: usize) -> bool {
    if depth > MAX_DEPTH {
        return false;
    }
    match ty {
        Type::Basic(name) => &**name != "any",
        Type::Nil => true,
        Type::Pointer(inner) | Type::Slice(inner) | Type::Array(inner) => plain(database, inner, depth),
        Type::Map(key, value) => plain(database, key, depth + 1) && plain(database, value, depth + 1),
        Type::Struct(fields) => fields.iter().all(|field| plain(database, &field.ty, depth + 1)),
        Type::Named(_) if ty.is_context() => true,
        Type::Named(named) if names::types().holds_nothing.holds(&named.package, &named.name) => true,
        Type::Named(named) => match &named.home {
            // Of what the index lists, it tells what is released or holds on to that.
            Home::Missing(missing) => database
                .index
                .is_some_and(|index| index.holds(missing, &named.name, false) == Some(Holds::No)),
            Home::Source(_) if is_released(database, ty) => false,
            Home::Source(_) => match database.shape(ty) {
                Shape::Plain(Type::Named(_)) => false,
                Shape::Plain(inner) => plain(database, &inner, depth + 1),
                Shape::Interface(_) => false,
                Shape::Struct(declared) => {
                    let ExprKind::Struct(fields) = &declared.spec.spec().ty.unparen().kind else {
                        return false;
                    };
                    fields.iter().all(|field| {
                        plain(
                            database,
                            &database.type_with(&declared.scope, &declared.bound, &field.ty),
                            depth + 1,
                        )
                    })
                }
            },
        },
        Type::Chan(_) | Type::Func(_) | Type::Interface(_) | Type::TypeParam(_) | Type::Unknown(_) => false,
    }
}

fn is_released(database: &Database, ty: &Type) -> bool {
    matches!(database.closable_anywhere(ty, &common_methods()).closable, Closable::By(_))
}
