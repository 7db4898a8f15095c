//! Whether a value keeps a resource in use: an iterator, a handle, a stream do, plain data does not.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::go::facts::{self, names};
pub use crate::go::index::holds::Holds;
use crate::go::project::package::Package;
use crate::go::syntax::ast::{Expr, ExprKind, Field, Ident};
use crate::go::syntax::visit;
use crate::go::types::closable::key_of;
use crate::go::types::database::{Database, exported};
use crate::go::types::members::{Lookup, Member};
use crate::go::types::type_expr::{FuncSig, Home, Named, Type};
use crate::go::types::underlying::{Declared, Shape};

/// How many types one question may open.
const MAX_TYPES: usize = 400;

/// How many fields deep a resource is looked for.
const MAX_DEPTH: u32 = 7;

/// How many levels of fields, and how many types in all, are looked at for what a resource is made of.
const MAX_PART_DEPTH: usize = 3;
const MAX_PARTS: usize = 64;

/// How many methods of a type are looked at for a context.
const MAX_METHODS: usize = 32;

/// What a search has opened so far.
struct Search<'a> {
    target: &'a Type,
    seen: FxHashSet<Type>,
}

impl Database {
    /// Whether a value of type `ty`, made by the resource or with it, can keep the resource of type `target`
    /// in use after the call.
    pub fn holds(&self, ty: &Type, target: &Type) -> Holds {
        let target = target.pointee();
        let key = (ty.clone(), key_of(ty), target.clone());
        self.holds.get_or(key, |_| self.reaches(&mut Search { target, seen: FxHashSet::default() }, ty, 0))
    }

    fn reaches(&self, search: &mut Search, ty: &Type, depth: u32) -> Holds {
        if depth > MAX_DEPTH || search.seen.len() > MAX_TYPES {
            return Holds::Maybe;
        }
        match ty {
            Type::Basic(name) if &**name == "any" => Holds::Maybe,
            Type::Basic(_) | Type::Nil => Holds::No,
            Type::Pointer(inner) | Type::Slice(inner) | Type::Array(inner) => {
                self.reaches(search, inner, depth)
            }
            Type::Map(key, value) => {
                self.reaches(search, key, depth + 1).max(self.reaches(search, value, depth + 1))
            }
            Type::Chan(_) | Type::Func(_) => Holds::Yes,
            Type::Struct(fields) => self.most(fields.iter().map(|field| field.ty.clone()), search, depth),
            Type::Interface(_) => self.interface_reaches(search, ty, depth),
            Type::Unknown(_) if ty.is_data() => Holds::No,
            Type::TypeParam(_) | Type::Unknown(_) => Holds::Maybe,
            Type::Named(named) if !search.seen.insert(ty.clone()) => {
                // Already counted, or being looked at further up.
                if Type::Named(named.clone()) == *search.target { Holds::Yes } else { Holds::No }
            }
            Type::Named(named) => self.named_reaches(search, named, ty, depth),
        }
    }

    /// Whether a value of the type is data through and through: no interface, function or channel in it that
    /// could be anything, and nothing that nobody knows.
    pub(crate) fn is_plain_data(&self, ty: &Type) -> bool {
        let (mut todo, mut seen) = (vec![ty.clone()], FxHashSet::default());
        while let Some(ty) = todo.pop() {
            if seen.len() > MAX_TYPES {
                return false;
            }
            match &ty {
                Type::Basic(name) if matches!(&**name, "any" | "error" | "unsafe.Pointer" | "uintptr") => {
                    return false;
                }
                Type::Basic(_) | Type::Nil => {}
                Type::Unknown(_) if ty.is_data() => {}
                Type::Pointer(inner) | Type::Slice(inner) | Type::Array(inner) => {
                    todo.push((**inner).clone())
                }
                Type::Map(key, value) => todo.extend([(**key).clone(), (**value).clone()]),
                Type::Struct(fields) => todo.extend(fields.iter().map(|field| field.ty.clone())),
                Type::Named(named) if seen.insert(ty.clone()) => match self.parts_of_plain(named, &ty) {
                    Some(parts) => todo.extend(parts),
                    None => return false,
                },
                Type::Named(_) => {}
                Type::Chan(_)
                | Type::Func(_)
                | Type::Interface(_)
                | Type::TypeParam(_)
                | Type::Unknown(_) => {
                    return false;
                }
            }
        }
        true
    }

    /// What a declared type is made of; `None` for one that may have anything in it.
    fn parts_of_plain(&self, named: &Named, ty: &Type) -> Option<Vec<Type>> {
        if names::types().data.holds(&named.package, &named.name) {
            return Some(Vec::new());
        }
        let Home::Source(package) = &named.home else { return None };
        if package.has_method(&named.name, "ProtoReflect") || package.has_method(&named.name, "ProtoMessage")
        {
            return Some(Vec::new());
        }
        match self.shape(ty) {
            Shape::Struct(declared) => {
                let ExprKind::Struct(fields) = &declared.spec.spec().ty.unparen().kind else { return None };
                let type_of = |field: &Field| self.type_with(&declared.scope, &declared.bound, &field.ty);
                Some(fields.iter().map(type_of).collect())
            }
            Shape::Interface(_) => None,
            Shape::Plain(Type::Named(_)) => None,
            Shape::Plain(plain) => Some(vec![plain]),
        }
    }

    fn most(&self, types: impl Iterator<Item = Type>, search: &mut Search, depth: u32) -> Holds {
        let mut most = Holds::No;
        for ty in types {
            most = most.max(self.reaches(search, &ty, depth + 1));
            if most == Holds::Yes {
                break;
            }
        }
        most
    }

    fn named_reaches(&self, search: &mut Search, named: &Arc<Named>, ty: &Type, depth: u32) -> Holds {
        if ty == search.target {
            return Holds::Yes;
        }
        if ty.is_context() || names::types().holds_nothing.holds(&named.package, &named.name) {
            return Holds::No;
        }
        if names::types().about_files.holds(&named.package, &named.name)
            && search.target.named().is_some_and(|target| facts::is_standard(&target.package))
        {
            return Holds::No;
        }
        if names::types().holds_anything.holds(&named.package, &named.name) {
            return Holds::Maybe;
        }
        let Home::Source(package) = &named.home else { return self.missing_reaches(named, search.target) };
        if package.has_method(&named.name, "ProtoReflect") || package.has_method(&named.name, "ProtoMessage")
        {
            return Holds::No;
        }
        if names::types().live.holds(&named.package, &named.name)
            || names::words().live_types.iter().any(|name| package.has_method(&named.name, name))
        {
            return Holds::Yes;
        }
        match self.shape(ty) {
            Shape::Struct(declared) => self.struct_reaches(search, &declared, depth),
            Shape::Interface(_) => self.interface_reaches(search, ty, depth),
            // A declared function type is most often an option or a callback; its value may hold anything.
            Shape::Plain(Type::Named(other)) => self.missing_reaches(&other, search.target),
            Shape::Plain(plain) => self.reaches(search, &plain, depth + 1),
        }
    }

    fn struct_reaches(&self, search: &mut Search, declared: &Declared, depth: u32) -> Holds {
        let ExprKind::Struct(fields) = &declared.spec.spec().ty.unparen().kind else { return Holds::Maybe };
        let message = |field: &Field| {
            matches!(
                &field.ty.kind,
                ExprKind::Selector { field, .. } if &*field.name == "MessageState"
            )
        };
        if fields.iter().any(message) {
            return Holds::No;
        }
        let name = &declared.spec.spec().name.name;
        let package = &declared.scope.package;
        let record = self.is_library_of(package, search.target) && !works_with_context(package, name);
        let own = |ty: &Type| ty.named().is_some_and(|named| named.package == package.path);
        let open = |field: &Field, ty: &Type| {
            let named = !field.names.is_empty();
            let is_open = |name: &Ident| exported(&name.name);
            let used = || own(ty) && works_through(package, name, field);
            record && named && field.names.iter().all(is_open) && !used()
        };
        let type_of = |field: &Field| self.type_with(&declared.scope, &declared.bound, &field.ty);
        let types: Vec<(bool, Type)> = fields
            .iter()
            .map(|field| {
                let ty = type_of(field);
                (open(field, &ty), ty)
            })
            .collect();
        // What is made of the library's own things alone tells about nothing: it is a bundle of them.
        let bundle = types.iter().all(|(open, ty)| *open && own(ty) && !self.is_plain_data(ty));
        let counts = |(open, ty): &(bool, Type)| bundle || !open || self.is_stream(ty);
        let types: Vec<Type> = types.into_iter().filter(counts).map(|(_, ty)| ty).collect();
        self.most(types.into_iter(), search, depth)
    }

    /// Whether a record's field of this type is in use itself, as the body of an answer is, and does not only
    /// name another thing.
    fn is_stream(&self, ty: &Type) -> bool {
        matches!(self.find_member(ty, "Close"), Lookup::Member(Member::Method(_)))
    }

    fn interface_reaches(&self, search: &mut Search, ty: &Type, depth: u32) -> Holds {
        let methods = self.interface_methods(ty);
        if methods.is_empty() {
            return Holds::Maybe;
        }
        let live = |name: &Arc<str>| names::words().live.holds(name);
        if methods.iter().any(live) || self.fits(search.target, &methods) || self.calls_out(ty, &methods) {
            return Holds::Yes;
        }
        // Only the package itself can make values of an interface with unexported methods: look at those.
        match ty.named().and_then(|named| named.source()) {
            Some(package) if methods.iter().any(|name| !exported(name)) => {
                let makers = package
                    .type_names()
                    .into_iter()
                    .filter(|name| methods.iter().all(|method| package.has_method(name, method)));
                let types: Vec<Type> = makers.map(|name| self.declared_type(package, &name)).collect();
                self.most(types.into_iter(), search, depth)
            }
            _ => self.could_be_of(search, &methods, depth),
        }
    }

    /// Whether an interface with these methods may have a value that leads to the target: the target's own
    /// library declares one, or the target has one in its fields. Of what implements an interface elsewhere
    /// nothing knows of the target.
    fn could_be_of(&self, search: &mut Search, methods: &[Arc<str>], depth: u32) -> Holds {
        let Some(library) = search.target.named().and_then(|named| named.source()).cloned() else {
            return Holds::Maybe;
        };
        let declared = library
            .type_names()
            .into_iter()
            .filter(|name| methods.iter().all(|method| library.has_method(name, method)));
        let types: Vec<Type> = declared.map(|name| self.declared_type(&library, &name)).collect();
        if self.parts_of(search.target).iter().any(|part| self.could_have(part, methods)) {
            return Holds::Maybe;
        }
        // That such a value is in this very field nobody says.
        self.most(types.into_iter(), search, depth).min(Holds::Maybe)
    }

    /// The declared types that a resource's fields are made of, a few levels deep.
    fn parts_of(&self, target: &Type) -> Arc<[Type]> {
        let key = (target.clone(), key_of(target));
        if let Some(known) = self.parts.get(&key) {
            return known;
        }
        let (mut level, mut parts) = (vec![target.clone()], Vec::new());
        for _ in 0..MAX_PART_DEPTH {
            let fields: Vec<Type> = level.iter().flat_map(|ty| self.field_types(ty)).collect();
            level.clear();
            for ty in fields {
                if parts.len() < MAX_PARTS && !ty.is_context() && ty != *target && !parts.contains(&ty) {
                    parts.push(ty.clone());
                    level.push(ty);
                }
            }
        }
        self.parts.put(key, parts.into())
    }

    /// The declared types in a struct's fields, pointers and containers opened.
    pub(crate) fn field_types(&self, ty: &Type) -> Vec<Type> {
        let (mut todo, mut found) = (Vec::new(), Vec::new());
        match self.shape(ty) {
            Shape::Struct(declared) => {
                let ExprKind::Struct(fields) = &declared.spec.spec().ty.unparen().kind else { return found };
                todo.extend(
                    fields.iter().map(|field| self.type_with(&declared.scope, &declared.bound, &field.ty)),
                );
            }
            Shape::Interface(_) => {}
            Shape::Plain(plain) => todo.push(plain),
        }
        while let Some(ty) = todo.pop() {
            match ty {
                Type::Pointer(inner) | Type::Slice(inner) | Type::Array(inner) | Type::Chan(inner) => {
                    todo.push((*inner).clone())
                }
                Type::Map(key, value) => todo.extend([(*key).clone(), (*value).clone()]),
                Type::Struct(fields) => todo.extend(fields.iter().map(|field| field.ty.clone())),
                Type::Named(named) if !names::types().holds_nothing.holds(&named.package, &named.name) => {
                    found.push(Type::Named(named))
                }
                _ => {}
            }
        }
        found
    }

    /// Whether the type has all these methods, or nobody knows.
    fn could_have(&self, ty: &Type, methods: &[Arc<str>]) -> bool {
        methods.iter().all(|name| {
            !matches!(self.find_member(ty, name), Lookup::Absent | Lookup::Member(Member::Field(_)))
        })
    }

    /// Whether the target has all these methods, so that a value of the interface may be it.
    fn fits(&self, target: &Type, methods: &[Arc<str>]) -> bool {
        methods.iter().all(|name| matches!(self.find_member(target, name), Lookup::Member(_)))
    }

    /// Whether a method of the interface takes a context: then its value calls something.
    fn calls_out(&self, ty: &Type, methods: &[Arc<str>]) -> bool {
        let takes_context = |signature: &FuncSig| signature.params.first().is_some_and(Type::is_context);
        methods.iter().take(MAX_METHODS).any(|name| match self.member(ty, name) {
            Some(Member::Method(method)) => takes_context(&method.signature),
            _ => false,
        })
    }

    /// Whether `package` is a dependency and the one that declares `target`. Such a library keeps its client
    /// in unexported fields of what one works with; a handle in an exported field of a record (`View *Table`
    /// in a table's metadata) only names another thing.
    fn is_library_of(&self, package: &Package, target: &Type) -> bool {
        self.is_dependency(package) && target.named().is_some_and(|named| named.package == package.path)
    }

    /// A type whose source is missing: by what the index lists of its package, or by the name that a
    /// generator gave it.
    fn missing_reaches(&self, named: &Named, target: &Type) -> Holds {
        if names::types().live.holds(&named.package, &named.name) {
            return Holds::Yes;
        }
        if is_generated(&named.package) || named.package_name().ends_with("pb") {
            let service = ["Client", "Server", "Stream", "Conn"].iter().any(|end| named.name.ends_with(end));
            return if service { Holds::Maybe } else { Holds::No };
        }
        let Home::Missing(missing) = &named.home else { return Holds::Maybe };
        let Some(index) = self.index.filter(|_| exported(&named.name)) else { return Holds::Maybe };
        let own = target.named().is_some_and(|target| target.package == named.package);
        index.holds(missing, &named.name, own).unwrap_or(Holds::Maybe)
    }
}

/// Whether a protobuf compiler wrote the package, as far as its path tells: by convention the last element of
/// such paths ends in `pb`, and nothing else is below genproto. What it declares are messages and enums,
/// which are data; only the stubs and streams of services, told by their names, keep a connection. A folder
/// called `proto` says nothing: code for messages lives there as well.
pub(crate) fn is_generated(path: &str) -> bool {
    let last = path.rsplit('/').next().unwrap_or(path);
    last.ends_with("pb") || path.starts_with("google.golang.org/genproto/")
}

/// Whether a method that users call does something with what a field has: `c.Database.run(…)`.
fn works_through(package: &Arc<Package>, name: &str, field: &Field) -> bool {
    let uses = |method: &Arc<str>| {
        let func = package.method(name, method).filter(|_| exported(method))?;
        let receiver = func.decl.receiver.as_ref()?.name.as_ref()?;
        let is_field = |expr: &Expr| match &expr.unparen().kind {
            ExprKind::Selector { operand, field: used } => {
                operand.as_ident().is_some_and(|ident| ident.name == receiver.name)
                    && field.names.iter().any(|name| name.name == used.name)
            }
            _ => false,
        };
        let mut found = false;
        visit::block(func.decl.body()?, &mut |expr| match &expr.kind {
            ExprKind::Selector { operand, .. } => found |= is_field(operand),
            ExprKind::Call(call) => found |= call.args.iter().any(is_field),
            _ => {}
        });
        Some(found)
    };
    package.methods_of(name).iter().take(MAX_METHODS).any(|method| uses(method) == Some(true))
}

/// Whether a declared type has methods that take a context: then it is something to work with, no record.
fn works_with_context(package: &Arc<Package>, name: &str) -> bool {
    let takes = |method: &Arc<str>| {
        let func = package.method(name, method)?;
        let first = func.decl.signature.params.first()?;
        Some(matches!(&first.ty.kind, ExprKind::Selector { field, .. } if &*field.name == "Context"))
    };
    package.methods_of(name).iter().take(MAX_METHODS).any(|method| takes(method) == Some(true))
}
