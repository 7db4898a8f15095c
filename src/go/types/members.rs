//! Fields and methods of types: through pointers, embedded structs and interfaces, breadth first as Go looks
//! them up.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::base::diagnostic::Certainty;
use crate::base::text::Span;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::{ExprKind, InterfaceElem};
use crate::go::types::database::{Database, FileScope};
use crate::go::types::type_expr::{FuncSig, Home, Missing, Named, Type};
use crate::go::types::underlying::{Declared, Shape, embedded_name};

/// How many types one look-up may open, embedded ones included.
const MAX_TYPES: usize = 256;

/// How many embeddings deep a look-up may go.
const MAX_DEPTH: usize = 12;

/// What a selector names.
#[derive(Debug, Clone)]
pub enum Member {
    Field(Type),
    Method(MethodRef),
}

/// A method as found on a type.
#[derive(Debug, Clone)]
pub struct MethodRef {
    pub name: Arc<str>,
    /// The type that declares it: the one asked for, or one embedded in it.
    pub receiver: Type,
    /// With the receiver's type arguments put in.
    pub signature: Arc<FuncSig>,
    /// The declaration; `None` for methods of interfaces and those that only the index knows.
    pub func: Option<FuncRef>,
    /// Whether it is called through an interface.
    pub interface: bool,
    /// Assumed when the index answered outside of the versions that it was made from.
    pub certainty: Certainty,
    /// Where it is declared.
    pub place: SourcePlace,
    /// Whether the results are what the index spells.
    pub indexed: bool,
}

/// Where something was read.
#[derive(Debug, Clone)]
pub enum SourcePlace {
    /// In source.
    Source(FileScope, Span),
    /// In the shipped index; the words that say which module and versions.
    Index(Arc<str>),
    /// In the language itself.
    Language,
}

/// The answer of a look-up.
#[derive(Debug, Clone)]
pub enum Lookup {
    Member(Member),
    /// The type has no such member.
    Absent,
    /// Nobody knows; why.
    Unknown(Arc<str>),
}

impl Database {
    /// Whether a value of this type says that something failed: `error`, or an interface or a pointer of
    /// one's own with its method, nil where all went well.
    pub fn tells_failure(&self, ty: &Type) -> bool {
        if ty.is_error() {
            return true;
        }
        let nilable = matches!(ty, Type::Pointer(_)) || self.is_interface(ty);
        nilable
            && matches!(
                self.member(ty, "Error"),
                Some(Member::Method(method))
                    if method.signature.params.is_empty()
                        && matches!(method.signature.results.as_slice(),
                            [Type::Basic(name)] if &**name == "string")
            )
    }

    /// The field or method `name` of `ty`; `None` when there is none or nobody knows.
    pub fn member(&self, ty: &Type, name: &str) -> Option<Member> {
        match self.find_member(ty, name) {
            Lookup::Member(member) => Some(member),
            Lookup::Absent | Lookup::Unknown(_) => None,
        }
    }

    /// As [`Database::member`], and tells a member that is not there from one that nobody knows of.
    #[expect(
        clippy::mutable_key_type,
        reason = "types are hashed by their names, not by what their packages remember"
    )]
    pub fn find_member(&self, ty: &Type, name: &str) -> Lookup {
        // Each with the embedded field of a struct that it comes by: a name that two of them bring is none.
        let mut level = vec![(ty.pointee().clone(), 0)];
        let mut seen = FxHashSet::default();
        let mut unknown = None;
        let mut ways = 0;
        for _ in 0..MAX_DEPTH {
            let mut next = Vec::new();
            let mut found: Option<(Lookup, usize)> = None;
            for (ty, way) in level {
                let ty = ty.pointee().clone();
                if !seen.insert(ty.clone()) {
                    continue;
                }
                if seen.len() > MAX_TYPES {
                    return Lookup::Unknown(Arc::from("it embeds more types than are looked at"));
                }
                let mut embedded = Vec::new();
                match self.member_here(&ty, name, &mut embedded) {
                    Lookup::Absent => {}
                    Lookup::Unknown(why) => unknown = unknown.or(Some(why)),
                    _ if found.as_ref().is_some_and(|(_, other)| *other != way) => return Lookup::Absent,
                    member => drop(found.get_or_insert((member, way))),
                }
                let same = !embedded.is_empty() && self.is_interface(&ty);
                next.extend(embedded.into_iter().map(|ty| {
                    ways += usize::from(!same);
                    (ty, if same { way } else { ways })
                }));
            }
            if let Some((member, _)) = found {
                return member;
            }
            if next.is_empty() {
                return unknown.map_or(Lookup::Absent, Lookup::Unknown);
            }
            level = next;
        }
        Lookup::Unknown(unknown.unwrap_or_else(|| Arc::from("it embeds types deeper than is looked at")))
    }

    /// The member that `ty` has itself; what it embeds goes into `embedded`.
    fn member_here(&self, ty: &Type, name: &str, embedded: &mut Vec<Type>) -> Lookup {
        match ty {
            Type::Named(named) => self.member_of_named(named, name, embedded),
            Type::Struct(fields) => {
                if let Some(field) = fields.iter().find(|field| &*field.name == name) {
                    return Lookup::Member(Member::Field(field.ty.clone()));
                }
                embedded.extend(fields.iter().filter(|field| field.embedded).map(|field| field.ty.clone()));
                Lookup::Absent
            }
            Type::Interface(interface) => {
                if let Some((method, signature)) =
                    interface.methods.iter().find(|(method, _)| &**method == name)
                {
                    return interface_method(method, ty.clone(), signature.clone(), SourcePlace::Language);
                }
                embedded.extend(interface.embedded.iter().cloned());
                Lookup::Absent
            }
            Type::Basic(basic) if &**basic == "error" && name == "Error" => {
                let signature = FuncSig { results: vec![Type::basic("string")], ..FuncSig::default() };
                interface_method(&Arc::from(name), ty.clone(), signature, SourcePlace::Language)
            }
            Type::TypeParam(param) => Lookup::Unknown(Arc::from(format!("`{param}` is a type parameter"))),
            Type::Unknown(why) => Lookup::Unknown(why.clone()),
            _ => Lookup::Absent,
        }
    }

    fn member_of_named(&self, named: &Arc<Named>, name: &str, embedded: &mut Vec<Type>) -> Lookup {
        let Some(package) = named.source() else { return self.member_in_index(named, name) };
        if let Some(func) = package.method(&named.name, name) {
            let scope = FileScope::of(&func);
            return Lookup::Member(Member::Method(MethodRef {
                name: Arc::from(name),
                receiver: Type::Named(named.clone()),
                signature: Arc::new(self.method_signature(&func, named)),
                interface: false,
                certainty: Certainty::Proved,
                place: SourcePlace::Source(scope, func.decl.name.span),
                func: Some(func),
                indexed: false,
            }));
        }
        if package.has_method(&named.name, name) {
            return Lookup::Unknown(Arc::from(format!("the method `{}.{name}` cannot be read", named.name)));
        }
        let found = match self.shape(&Type::Named(named.clone())) {
            Shape::Struct(declared) => self.member_of_struct(&declared, name, embedded),
            Shape::Interface(declared) => self.member_of_interface(named, &declared, name, embedded),
            // Methods of a type are not those of the type it is made of, unless that is an interface.
            Shape::Plain(Type::Named(other)) if other != *named => Lookup::Unknown(Arc::from(format!(
                "its underlying type `{}.{}` has no source here",
                other.package, other.name
            ))),
            Shape::Plain(Type::Named(_)) => {
                Lookup::Unknown(Arc::from(format!("the declaration of `{}` cannot be read", named.name)))
            }
            Shape::Plain(plain) => self.member_here(&plain, name, embedded),
        };
        match found {
            Lookup::Absent => package.doubt().map_or(Lookup::Absent, |why| Lookup::Unknown(Arc::from(why))),
            found => found,
        }
    }

    fn member_of_struct(&self, declared: &Declared, name: &str, embedded: &mut Vec<Type>) -> Lookup {
        let ExprKind::Struct(fields) = &declared.spec.spec().ty.unparen().kind else { return Lookup::Absent };
        let type_of = |field: &crate::go::syntax::ast::Field| {
            self.type_with(&declared.scope, &declared.bound, &field.ty)
        };
        for field in fields {
            let here = match embedded_name(field) {
                Some(own) => &*own == name,
                None => field.names.iter().any(|ident| &*ident.name == name),
            };
            if here {
                return Lookup::Member(Member::Field(type_of(field)));
            }
        }
        embedded.extend(fields.iter().filter(|field| field.names.is_empty()).map(type_of));
        Lookup::Absent
    }

    fn member_of_interface(
        &self,
        named: &Arc<Named>,
        declared: &Declared,
        name: &str,
        embedded: &mut Vec<Type>,
    ) -> Lookup {
        let ExprKind::Interface(elems) = &declared.spec.spec().ty.unparen().kind else {
            return Lookup::Absent;
        };
        for elem in elems {
            match elem {
                InterfaceElem::Method { name: method, signature } if &*method.name == name => {
                    let signature = self.signature_with(&declared.scope, &declared.bound, signature);
                    let place = SourcePlace::Source(declared.scope.clone(), method.span);
                    return interface_method(&method.name, Type::Named(named.clone()), signature, place);
                }
                InterfaceElem::Method { .. } => {}
                InterfaceElem::Embedded(types) => {
                    embedded
                        .extend(types.iter().map(|ty| self.type_with(&declared.scope, &declared.bound, ty)));
                }
            }
        }
        Lookup::Absent
    }

    /// Whether `name` is a field of the struct `ty` itself, and of nothing that it embeds.
    pub(crate) fn has_direct_field(&self, ty: &Type, name: &str) -> bool {
        match self.shape(ty.pointee()) {
            Shape::Struct(declared) => {
                let ExprKind::Struct(fields) = &declared.spec.spec().ty.unparen().kind else { return false };
                fields.iter().any(|field| match embedded_name(field) {
                    Some(own) => &*own == name,
                    None => field.names.iter().any(|ident| &*ident.name == name),
                })
            }
            Shape::Plain(Type::Struct(fields)) => fields.iter().any(|field| &*field.name == name),
            _ => false,
        }
    }

    fn member_in_index(&self, named: &Arc<Named>, name: &str) -> Lookup {
        let Home::Missing(missing) = &named.home else { return Lookup::Absent };
        let nothing = || {
            Lookup::Unknown(Arc::from(format!(
                "no source and no index entry for `{}`: {}",
                missing.path, missing.why
            )))
        };
        let Some(answer) = self.index.and_then(|index| index.type_facts(missing, &named.name)) else {
            return nothing();
        };
        if let Some(release) = answer.value.releases.iter().find(|release| release.name == name) {
            return Lookup::Member(Member::Method(MethodRef {
                name: Arc::from(name),
                receiver: Type::Named(named.clone()),
                signature: Arc::new(FuncSig {
                    params: self.indexed_types(missing, &release.params),
                    results: self.indexed_types(missing, &release.results),
                    variadic: false,
                }),
                func: None,
                interface: answer.value.interface,
                certainty: answer.certainty,
                place: SourcePlace::Index(Arc::from(answer.words)),
                indexed: true,
            }));
        }
        // The index tells of releases only; that another method is not in it says nothing.
        if crate::go::index::reader::RELEASE_NAMES.contains(&name) {
            Lookup::Absent
        } else {
            Lookup::Unknown(Arc::from("the index does not list it"))
        }
    }

    /// What the index says of the method or field `name`: of the type itself, where that has no source, else
    /// of what its struct embeds. There only a member that the index names counts, as one that it leaves out
    /// may be any other's.
    pub(crate) fn member_by_index(&self, ty: &Type, name: &str) -> Option<Member> {
        let whole = ty.named()?;
        if whole.source().is_none() {
            return self.indexed_member(whole, name);
        }
        let mut level = vec![ty.pointee().clone()];
        let mut seen = 0;
        for _ in 0..MAX_DEPTH {
            let mut next = Vec::new();
            for ty in level {
                seen += 1;
                if seen > MAX_TYPES {
                    return None;
                }
                let ty = ty.pointee();
                match ty.named() {
                    Some(named) if named.source().is_none() => {
                        if self.lists_member(ty, name) {
                            return self.indexed_member(named, name);
                        }
                    }
                    _ => drop(self.member_here(ty, name, &mut next)),
                }
            }
            level = next;
        }
        None
    }

    /// What the index says of the method or field `name` of a type without source; `None` where it does not
    /// know the type.
    fn indexed_member(&self, named: &Named, name: &str) -> Option<Member> {
        let Home::Missing(missing) = &named.home else { return None };
        let member = self.index?.member(missing, &named.name, name)?;
        let results =
            if member.data { vec![Type::data()] } else { self.indexed_types(missing, &member.gives) };
        if member.field {
            return results.into_iter().next().map(Member::Field);
        }
        Some(Member::Method(MethodRef {
            name: Arc::from(name),
            receiver: Database::type_missing(missing.clone(), &named.name, named.args.clone()),
            signature: Arc::new(FuncSig { results, ..FuncSig::default() }),
            func: None,
            interface: false,
            certainty: Certainty::Assumed,
            place: SourcePlace::Language,
            indexed: true,
        }))
    }

    /// Whether the index names the method of a type without source among those that give something.
    pub(crate) fn lists_member(&self, ty: &Type, name: &str) -> bool {
        let Some((named, index)) = ty.named().zip(self.index) else { return false };
        matches!(&named.home, Home::Missing(missing) if index.lists_member(missing, &named.name, name))
    }

    /// Types as the index spells them, in a package whose source is missing.
    pub(crate) fn indexed_types<S: AsRef<str>>(&self, missing: &Arc<Missing>, spelled: &[S]) -> Vec<Type> {
        spelled.iter().map(|spelled| self.indexed_type(missing, spelled.as_ref())).collect()
    }

    fn indexed_type(&self, missing: &Arc<Missing>, spelled: &str) -> Type {
        if let Some(results) = spelled.strip_prefix("func()") {
            let results: Vec<&str> = results.split(',').filter(|ty| !ty.is_empty()).collect();
            let results = self.indexed_types(missing, &results);
            return Type::Func(Arc::new(FuncSig { results, ..FuncSig::default() }));
        }
        if let Some(inner) = spelled.strip_prefix('*') {
            return self.indexed_type(missing, inner).pointer();
        }
        if let Some(inner) = spelled.strip_prefix("[]") {
            return Type::Slice(Arc::new(self.indexed_type(missing, inner)));
        }
        match spelled.rsplit_once('.') {
            _ if spelled == "?" => Type::unknown("the index does not spell the type"),
            None => Type::basic(spelled),
            Some(("", name)) => Database::type_missing(missing.clone(), name, Vec::new()),
            Some((path, name)) => match self.import_from(&missing.from, path) {
                Ok(package) => self.declared_type(&package, name),
                Err(other) => Database::type_missing(other, name, Vec::new()),
            },
        }
    }

    /// The names of all methods that an interface type asks for, embedded ones included; empty for other
    /// types.
    pub(crate) fn interface_methods(&self, ty: &Type) -> Vec<Arc<str>> {
        let (mut todo, mut seen, mut names) = (vec![ty.clone()], FxHashSet::default(), Vec::new());
        while let Some(ty) = todo.pop() {
            if !seen.insert(ty.clone()) || seen.len() > MAX_TYPES {
                continue;
            }
            match self.shape(&ty) {
                Shape::Interface(declared) => {
                    let ExprKind::Interface(elems) = &declared.spec.spec().ty.unparen().kind else {
                        continue;
                    };
                    for elem in elems {
                        match elem {
                            InterfaceElem::Method { name, .. } => names.push(name.name.clone()),
                            InterfaceElem::Embedded(types) => {
                                todo.extend(
                                    types
                                        .iter()
                                        .map(|ty| self.type_with(&declared.scope, &declared.bound, ty)),
                                );
                            }
                        }
                    }
                }
                Shape::Plain(Type::Interface(interface)) => {
                    names.extend(interface.methods.iter().map(|(name, _)| name.clone()));
                    todo.extend(interface.embedded.iter().cloned());
                }
                Shape::Struct(_) | Shape::Plain(_) => {}
            }
        }
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Whether the type is an interface, as far as its source tells.
    pub fn is_interface(&self, ty: &Type) -> bool {
        match self.shape(ty) {
            Shape::Interface(_) | Shape::Plain(Type::Interface(_)) => true,
            Shape::Plain(Type::Basic(name)) => matches!(&*name, "error" | "any"),
            Shape::Plain(Type::Named(named)) => match &named.home {
                Home::Missing(missing) => self
                    .index
                    .and_then(|index| index.type_facts(missing, &named.name))
                    .is_some_and(|answer| answer.value.interface),
                Home::Source(_) => false,
            },
            _ => false,
        }
    }
}

fn interface_method(name: &Arc<str>, receiver: Type, signature: FuncSig, place: SourcePlace) -> Lookup {
    Lookup::Member(Member::Method(MethodRef {
        name: name.clone(),
        receiver,
        signature: Arc::new(signature),
        func: None,
        interface: true,
        certainty: Certainty::Proved,
        place,
        indexed: false,
    }))
}
