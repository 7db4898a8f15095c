//! How a value is tied to the resource, and which types can be.

use std::sync::Arc;

use crate::go::facts::names;
use crate::go::project::package::Package;
use crate::go::syntax::ast::ExprKind;
use crate::go::types::database::Database;
use crate::go::types::retention::Holds;
use crate::go::types::type_expr::Type;
use crate::go::types::underlying::Shape;

/// Fields are followed this deep.
const MAX_DEPTH: usize = 6;

/// How a value is tied to the resource. Ordered: of several values the greatest speaks for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Tie {
    /// Made by the resource: an iterator, a stub, a stream. Its methods are the library's.
    Handle,
    /// The resource, whatever type it is seen through.
    Itself,
    /// Something that the program put it into: a struct, a slice, a map, a closure. Its methods may do
    /// anything.
    Holder,
}

/// A tied value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Value {
    pub tie: Tie,
    /// Its type behind any interface, where that is certain.
    pub ty: Option<Type>,
    /// For a struct, or a pointer to one: the fields that anything tied is in. `None` for any.
    pub fields: Option<Arc<[Arc<str>]>>,
    /// For a function: nothing that it gives is tied. For what a known function made: none of its errors is,
    /// as they are the library's.
    pub mute: bool,
    /// Memory of the resource is in it, which its release takes back: a slice of its buffer, or a struct, a
    /// list or a map with such a slice. Other than something with a release, that can be in plain data, too.
    pub memory: bool,
}

/// `None` for what is not tied.
pub(crate) type Held = Option<Value>;

impl Value {
    pub(crate) fn of(tie: Tie) -> Value {
        Value { tie, ty: None, fields: None, mute: false, memory: false }
    }

    /// A slice of the resource's memory.
    pub(crate) fn memory() -> Value {
        Value { memory: true, ..Value::of(Tie::Handle) }
    }

    /// Whether the field of a struct has nothing tied in it.
    pub(crate) fn spares(&self, field: &str) -> bool {
        self.fields.as_ref().is_some_and(|fields| fields.iter().all(|known| **known != *field))
    }

    /// What has this value in it.
    pub(crate) fn inside(&self) -> Value {
        Value { memory: self.memory, ..Value::held() }
    }

    /// What has the value in it.
    pub(crate) fn held() -> Value {
        Value::of(Tie::Holder)
    }
}

/// What may be either.
pub(crate) fn join(a: Held, b: Held) -> Held {
    match (a, b) {
        (Some(a), Some(b)) => {
            let fields = match (&a.fields, &b.fields) {
                (Some(a), Some(b)) => {
                    let mut all: Vec<Arc<str>> = a.iter().chain(b.iter()).cloned().collect();
                    all.sort_unstable();
                    all.dedup();
                    Some(all.into())
                }
                _ => None,
            };
            let ty = if a.ty == b.ty { a.ty } else { None };
            let (mute, memory) = (a.mute && b.mute, a.memory || b.memory);
            Some(Value { tie: a.tie.max(b.tie), ty, fields, mute, memory })
        }
        (a, b) => a.or(b),
    }
}

/// The questions about types, for one resource.
#[derive(Clone, Copy)]
pub(crate) struct Types<'w> {
    pub database: &'w Database,
    pub target: &'w Type,
}

impl Types<'_> {
    /// Whether what a method of something tied gives can hold on to it. An error says what went wrong.
    pub(crate) fn can_hold(self, ty: &Type) -> bool {
        // What a generic client carries for its user is the user's.
        !matches!(ty, Type::TypeParam(_)) && self.database.holds(ty, self.target) != Holds::No
    }

    /// Whether what is made around a value can have it: all but data can, and data that the resource is.
    pub(crate) fn can_take(self, ty: &Type) -> bool {
        !self.database.is_plain_data(ty) || self.can_hold(ty)
    }

    pub(crate) fn is_target(self, ty: &Type) -> bool {
        ty.why_unknown().is_none() && ty.pointee() == self.target.pointee()
    }

    /// Whether the type is one of the resource's own library: of its package, or of its module where that is
    /// somebody else's.
    pub(crate) fn is_family(self, ty: &Type) -> bool {
        let (Some(one), Some(target)) = (ty.named(), self.target.named()) else { return false };
        if one.package == target.package {
            return true;
        }
        match (one.source(), target.source()) {
            (Some(one), Some(target)) => {
                !target.module.is_empty()
                    && one.module == target.module
                    && self.database.is_dependency(target)
            }
            (None, None) => root_of(&one.package) == root_of(&target.package),
            _ => false,
        }
    }

    fn is_own_interface(self, ty: &Type) -> bool {
        let own = |package: &Arc<Package>| !self.database.is_dependency(package);
        self.database.is_interface(ty) && ty.named().and_then(|named| named.source()).is_some_and(own)
    }

    /// A part of something tied, by its type: the library's own things stay the library's.
    pub(crate) fn part(self, whole: &Value, ty: &Type) -> Held {
        let room = match whole.tie {
            Tie::Holder => self.can_take(ty),
            _ if ty.is_error() => false,
            // A context of its own may end with it.
            _ if ty.is_context() => whole.tie == Tie::Itself,
            _ => self.can_hold(ty),
        };
        let memory = whole.memory && self.shares(ty);
        if !room {
            return memory.then(Value::memory);
        }
        let tie = match whole.tie {
            _ if self.is_target(ty) => Tie::Itself,
            // Behind an interface of the program's own package may be anything of its.
            Tie::Holder if !self.is_family(ty) || self.is_own_interface(ty) => Tie::Holder,
            _ => Tie::Handle,
        };
        Some(Value { memory, ..Value::of(tie) })
    }

    /// Whether values of a type can share memory with others: all but numbers, texts and structs of these.
    pub(crate) fn shares(self, ty: &Type) -> bool {
        self.shares_within(ty, 0)
    }

    fn shares_within(self, ty: &Type, depth: usize) -> bool {
        match ty {
            Type::Basic(name) => &**name == "any",
            Type::Nil => false,
            _ if ty.is_error() || ty.is_context() || ty.is_in(&names::types().times) => false,
            Type::Array(element) => self.shares_within(element, depth),
            Type::Struct(fields) => fields.iter().any(|field| self.shares_within(&field.ty, depth + 1)),
            Type::Named(_) if depth < MAX_DEPTH => match self.database.shape(ty) {
                Shape::Plain(inner) => inner.named().is_some() || self.shares_within(&inner, depth + 1),
                Shape::Interface(_) => true,
                Shape::Struct(declared) => {
                    let ExprKind::Struct(fields) = &declared.spec.spec().ty.unparen().kind else {
                        return true;
                    };
                    fields.iter().any(|field| {
                        let ty = self.database.type_with(&declared.scope, &declared.bound, &field.ty);
                        self.shares_within(&ty, depth + 1)
                    })
                }
            },
            _ => true,
        }
    }
}

/// Host, owner and repository of an import path.
fn root_of(path: &str) -> &str {
    let parts = if path.starts_with("github.com/") { 3 } else { 2 };
    path.match_indices('/').nth(parts - 1).map_or(path, |(end, _)| &path[..end])
}
