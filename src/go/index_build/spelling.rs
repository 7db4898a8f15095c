//! How the index spells types and what releases them.

use crate::go::index::reader::RELEASE_NAMES;
use crate::go::types::closable::release_args;
use crate::go::types::database::Database;
use crate::go::types::members::{Lookup, Member, MethodRef};
use crate::go::types::type_expr::{FuncSig, Type};

/// Whether something ends values of the type.
pub(super) fn is_released(database: &Database, ty: &Type) -> bool {
    releases(database, ty).0.iter().any(ends_it)
}

/// The release methods of a type, and whether it is sure that there are no others.
pub(super) fn releases(database: &Database, ty: &Type) -> (Vec<MethodRef>, bool) {
    if !matches!(ty.pointee(), Type::Named(_)) {
        return (Vec::new(), true);
    }
    let (mut found, mut known) = (Vec::new(), true);
    for name in RELEASE_NAMES {
        match database.find_member(ty, name) {
            Lookup::Member(Member::Method(method)) => found.push(method),
            Lookup::Unknown(_) => known = false,
            _ => {}
        }
    }
    (found, known)
}

/// Whether a method of such a name really ends something: `Stop(request) *Call` of a REST service only asks
/// for that elsewhere.
pub(super) fn ends_it(method: &MethodRef) -> bool {
    method.signature.results.iter().all(|ty| matches!(ty, Type::Basic(_)))
}

pub(super) fn spell_release(method: &MethodRef, home: &str) -> String {
    let signature: &FuncSig = &method.signature;
    let asked = release_args(signature).len();
    format!(
        "{}({}){}",
        method.name,
        spell_all(&signature.params[..asked], home),
        spell_all(&signature.results, home)
    )
}

pub(super) fn spell_all(types: &[Type], home: &str) -> String {
    types.iter().map(|ty| spell(ty, home)).collect::<Vec<_>>().join(",")
}

/// A type as the index spells it.
pub(super) fn spell(ty: &Type, home: &str) -> String {
    match ty {
        Type::Pointer(inner) => format!("*{}", spell(inner, home)),
        Type::Slice(inner) => format!("[]{}", spell(inner, home)),
        Type::Named(named) if &*named.package == home => format!(".{}", named.name),
        Type::Named(named) => format!("{}.{}", named.package, named.name),
        Type::Basic(name) => name.to_string(),
        _ => "?".to_string(),
    }
}
