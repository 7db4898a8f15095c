//! Facts about handles: which types keep in use what they were made from, and what their methods and fields give. Made from source
//! here, and read back from the index's text.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::golang::holds::Holds;
use crate::golang::index::IndexedMember;
use crate::golang::index::build::{spell, spell_all};
use crate::golang::members::{Found, Member};
use crate::golang::package::Package;
use crate::golang::syntax::ExprKind;
use crate::golang::types::{Missing, Type};
use crate::golang::typing::{Shape, embedded_name};
use crate::golang::world::{FileScope, World, exported};

/// How many types one type may embed, all depths counted.
const MAX_EMBEDDED: usize = 64;

/// What a type gives by its methods and fields: how the index spells it, by name.
pub(super) type Gives = BTreeMap<Arc<str>, String>;

/// How many bytes are spent on a package that has nothing to release itself.
const MAX_GIVEN_BYTES: usize = 2 << 10;

/// The name that stands for all that is not listed, where a type embeds one that nobody can open.
pub(super) const ANY: &str = "*";

/// The facts of one package as far as they are about handles.
#[derive(Debug, Default)]
pub(super) struct Handles {
    /// Whether some of its types cannot be read: then one that is not listed may be anything.
    damaged: bool,
    /// Whether one of its types is released.
    released: bool,
    /// Exported type -> whether it keeps a resource of its own package in use, where there is one, and whether it does so with others.
    types: BTreeMap<Arc<str>, (Option<Holds>, Holds)>,
    /// Type -> what it gives.
    gives: BTreeMap<Arc<str>, Gives>,
}

impl Handles {
    /// Over versions the stronger answer counts, and what gives one thing here and another there is not spelled.
    pub(super) fn add(&mut self, other: Handles) {
        self.damaged |= other.damaged;
        self.released |= other.released;
        for (name, (own, others)) in other.types {
            let known = self.types.entry(name).or_insert((own, others));
            *known = (known.0.max(own), known.1.max(others));
        }
        for (name, gives) in other.gives {
            let known = self.gives.entry(name).or_default();
            for (member, given) in gives {
                let before = known.entry(member).or_insert_with(|| given.clone());
                if *before == "=-" {
                    *before = given;
                } else if *before != given && given != "=-" {
                    *before = "?".to_string();
                }
            }
        }
    }

    /// The facts as lines behind the package's path.
    pub(super) fn lines(&self) -> Vec<String> {
        let mark = |name: &Arc<str>| match self.own(name)? {
            Holds::No => Some("!"),
            Holds::Maybe => Some("?"),
            Holds::Yes => Some(""),
        };
        let types: Vec<String> = self.types.keys().filter_map(|name| Some(format!("{name}{}", mark(name)?))).collect();
        let types = if types.is_empty() { "-".to_string() } else { types.join(",") };
        let mut sharing: BTreeMap<(&Arc<str>, &String), Vec<&str>> = BTreeMap::new();
        for (name, gives) in self.gives.iter().filter(|(name, _)| self.own(name) != Some(Holds::No)) {
            gives.iter().for_each(|member| sharing.entry(member).or_default().push(name));
        }
        let mut alike: BTreeMap<String, BTreeMap<String, Vec<&str>>> = BTreeMap::new();
        for ((member, given), names) in sharing {
            alike.entry(names.join(",")).or_default().entry(shortened(given, member)).or_default().push(member);
        }
        let group = |(given, members): (&String, &Vec<&str>)| format!("{given} {}", members.join(","));
        let groups = |groups: BTreeMap<String, Vec<&str>>| groups.iter().map(group).collect::<Vec<_>>().join(";");
        let holds = alike.into_iter().map(|(names, gives)| format!("holds\t{names}\t{}", groups(gives)));
        holds.chain([format!("handles\t-\t{types}")]).collect()
    }

    /// Whether a listed type keeps a resource in use, of its own package if that has one.
    fn own(&self, name: &Arc<str>) -> Option<Holds> {
        self.types.get(name).map(|(own, others)| own.unwrap_or(*others))
    }

    /// The packages that declare what the types give.
    fn packages(&self) -> impl Iterator<Item = &str> {
        let given = self.gives.values().flat_map(Gives::values).flat_map(|given| given.split(','));
        given.filter_map(|ty| Some(ty.trim_start_matches(['=', '*', '[', ']']).rsplit_once('.')?.0))
    }
}

/// Keeps the packages that somebody may ask about: those with something to release, and those whose types these give out, unless
/// there is much to say of them.
pub(super) fn prune(all: &mut BTreeMap<Arc<str>, Handles>) {
    let given: BTreeSet<Arc<str>> =
        all.iter().filter(|(_, handles)| handles.released).flat_map(|(_, handles)| handles.packages()).map(Arc::from).collect();
    let short = |handles: &Handles| handles.lines().iter().map(String::len).sum::<usize>() <= MAX_GIVEN_BYTES;
    all.retain(|path, handles| !handles.damaged && (handles.released || given.contains(path) && short(handles)));
}

/// `%` for a function's own name in what it gives: `CreateTableOperation` is most often what `CreateTable` gives.
pub(super) fn shortened(given: &str, member: &str) -> String {
    let Some((before, name)) = given.rsplit_once('.') else { return given.to_string() };
    match name.strip_prefix(member) {
        Some(rest) if !member.is_empty() => format!("{before}.%{rest}"),
        _ => given.to_string(),
    }
}

/// What `group` says, if it has the name `wanted`, of `member`: `=*.%Iterator Rows,Columns`.
pub(super) fn member_in(group: &str, wanted: &str, member: &str) -> Option<IndexedMember> {
    let (given, members) = group.split_once(' ')?;
    members.split(',').find(|name| *name == wanted)?;
    let (field, given) = given.strip_prefix('=').map_or((false, given), |given| (true, given));
    let gives = given.split(',').filter(|ty| *ty != "-").map(|ty| ty.replace('%', member)).collect();
    Some(IndexedMember { field, data: given == "-", gives })
}

/// A resource of a package that there is not: what a type is asked about that comes from elsewhere.
fn foreign() -> Type {
    let path: Arc<str> = Arc::from("");
    let missing = Missing { path, module: None, version: None, why: String::new(), from: Arc::from(Path::new("")) };
    World::type_missing(Arc::new(missing), "Foreign", Vec::new())
}

/// Reads what the types of `package` keep in use and give. `released` are its types that have a release, `noted` those that the
/// index lists for another reason.
pub(super) fn read(world: &World, package: &Arc<Package>, released: &[Type], noted: &BTreeSet<Arc<str>>) -> Handles {
    let scope = FileScope { package: package.clone(), file: 0 };
    let foreign = foreign();
    let holds = |ty: &Type| {
        let own = released.iter().map(|target| world.holds(&scope, ty, target)).max();
        (own, world.holds(&scope, ty, &foreign))
    };
    let mut handles = Handles { damaged: !package.is_exact(), released: !released.is_empty(), ..Handles::default() };
    for name in package.type_names().into_iter().filter(|name| exported(name) && !package.has_method(name, "ProtoReflect")) {
        let ty = world.declared_type(package, &name);
        let (own, others) = holds(&ty);
        let counts = own.unwrap_or(others);
        if !released.contains(&ty) && others.max(counts) != Holds::No {
            handles.types.insert(name.clone(), (own, others));
        }
        let declared_here = ty.named().is_some_and(|named| named.package == package.path && named.name == name);
        if declared_here && (counts != Holds::No || noted.contains(&name)) {
            handles.gives.insert(name, gives(world, &ty, &package.path, &|ty| holds(ty).0.unwrap_or_else(|| holds(ty).1)));
        }
    }
    handles
}

/// What the exported members of `ty` give: handles, and of fields also data.
fn gives(world: &World, ty: &Type, home: &str, holds: &dyn Fn(&Type) -> Holds) -> Gives {
    let mut gives = Gives::new();
    let names = member_names(world, ty);
    if names.is_none() {
        gives.insert(Arc::from(ANY), "?".to_string());
    }
    for name in names.unwrap_or_default() {
        let given = match world.find_member(ty, &name) {
            Found::Member(Member::Method(method)) => {
                let results = &method.signature.results;
                if results.iter().all(|result| holds(result) == Holds::No) {
                    continue;
                }
                spell_all(results, home)
            }
            Found::Member(Member::Field(ty)) if holds(&ty) == Holds::No => "=-".to_string(),
            Found::Member(Member::Field(ty)) => format!("={}", spell(&ty, home)),
            Found::Absent | Found::Unknown(_) => "?".to_string(),
        };
        gives.insert(name, given);
    }
    gives
}

/// The exported fields and methods of a type, embedded ones included; `None` when it embeds something that nobody can open.
fn member_names(world: &World, ty: &Type) -> Option<BTreeSet<Arc<str>>> {
    let (mut todo, mut seen, mut names) = (vec![ty.clone()], FxHashSet::default(), BTreeSet::new());
    while let Some(ty) = todo.pop() {
        let ty = ty.pointee().clone();
        if !seen.insert(ty.clone()) {
            continue;
        }
        if seen.len() > MAX_EMBEDDED {
            return None;
        }
        if let Type::Named(named) = &ty {
            names.extend(named.source()?.methods_of(&named.name));
        }
        match world.shape(&ty) {
            Shape::Struct(declared) => {
                let ExprKind::Struct(fields) = &declared.spec.spec().ty.unparen().kind else { return None };
                for field in fields {
                    names.extend(field.names.iter().map(|ident| ident.name.clone()));
                    names.extend(embedded_name(field));
                    if field.names.is_empty() {
                        todo.push(world.type_with(&declared.scope, &declared.bound, &field.ty));
                    }
                }
            }
            Shape::Interface(_) | Shape::Plain(Type::Interface(_)) => names.extend(world.interface_methods(&ty)),
            Shape::Plain(Type::Named(_) | Type::Unknown(_) | Type::TypeParam(_)) => return None,
            Shape::Plain(_) => {}
        }
    }
    names.retain(|name| exported(name));
    Some(names)
}
