//! Facts about handles: which types keep in use what they were made from, and what their methods and fields
//! give. Made from source here, and read back from the index's text.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::go::index::members::ANY;
use crate::go::index::names::{shortened, squeezed};
use crate::go::index_build::spelling::{is_released, spell, spell_all};
use crate::go::project::package::Package;
use crate::go::syntax::ast::ExprKind;
use crate::go::types::database::{Database, exported};
use crate::go::types::members::{Lookup, Member};
use crate::go::types::retention::Holds;
use crate::go::types::type_expr::{Missing, Type};
use crate::go::types::underlying::{Shape, embedded_name};

/// How many types one type may embed, all depths counted.
const MAX_EMBEDDED: usize = 64;

/// What a type gives by its methods and fields: how the index spells it, by name.
pub(crate) type Gives = BTreeMap<Arc<str>, String>;

/// How many bytes are spent on a package that has nothing to release itself.
const MAX_GIVEN_BYTES: usize = 1 << 9;

/// How many bytes are spent on a package before only what there is to release is spelled of what its types
/// give.
const MAX_HANDLES_BYTES: usize = 16 << 10;

/// The facts of one package as far as they are about handles.
#[derive(Debug, Default)]
pub(crate) struct Handles {
    /// Whether some of its types cannot be read: then one that is not listed may be anything.
    damaged: bool,
    /// Whether one of its types is released.
    released: bool,
    /// Exported type -> whether it keeps a resource of its own package in use, where there is one, and
    /// whether it does so with others.
    types: BTreeMap<Arc<str>, (Option<Holds>, Holds)>,
    /// Type -> what it gives. Of a type that is neither released nor a handle only what is to be released.
    gives: BTreeMap<Arc<str>, Gives>,
    /// Type -> what it gives to release.
    makes: BTreeMap<Arc<str>, Gives>,
    /// The names of all exported types.
    names: BTreeSet<Arc<str>>,
    /// Type that gives something -> the names of all its exported members.
    members: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
}

impl Handles {
    /// Over versions the stronger answer counts, and what gives one thing here and another there is not
    /// spelled.
    pub(crate) fn add(&mut self, other: Handles) {
        self.damaged |= other.damaged;
        self.released |= other.released;
        self.names.extend(other.names);
        for (name, members) in other.members {
            self.members.entry(name).or_default().extend(members);
        }
        for (name, (own, others)) in other.types {
            let known = self.types.entry(name).or_insert((own, others));
            *known = (known.0.max(own), known.1.max(others));
        }
        merge(&mut self.gives, other.gives);
        merge(&mut self.makes, other.makes);
    }

    /// The facts as lines behind the package's path.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut sharing: BTreeMap<(&Arc<str>, &String), BTreeSet<&str>> = BTreeMap::new();
        for (name, gives) in &self.gives {
            // Of a record only what it gives to release is told.
            let record = self.own(name) == Some(Holds::No);
            let told = gives.iter().filter(|(_, given)| !record || !given.starts_with('='));
            told.for_each(|member| _ = sharing.entry(member).or_default().insert(name));
        }
        let mut alike: BTreeMap<BTreeSet<&str>, BTreeMap<String, BTreeSet<&str>>> = BTreeMap::new();
        for ((member, given), types) in sharing {
            alike.entry(types).or_default().entry(shortened(given, member)).or_default().insert(member);
        }
        let holds = alike.into_iter().map(|(types, gives)| {
            let all = self.members_of(&types);
            let group = |(given, members): (&String, &BTreeSet<&str>)| {
                let others = all.difference(members).copied().collect();
                format!("{given} {}", squeezed(members, &others).join(","))
            };
            let groups: Vec<String> = gives.iter().map(group).collect();
            format!("holds\t{}\t{}", self.squeezed_types(&types).join(","), groups.join(";"))
        });
        holds.chain([format!("handles\t-\t{}", self.listed())]).collect()
    }

    /// The types that keep something in use, with their marks; `-` for none.
    fn listed(&self) -> String {
        let mut marked: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for name in self.types.keys() {
            let mark = match self.own(name) {
                Some(Holds::No) => "!",
                Some(Holds::Maybe) => "?",
                _ => "",
            };
            marked.entry(mark).or_default().insert(name);
        }
        let all = marked
            .iter()
            .flat_map(|(mark, types)| self.squeezed_types(types).into_iter().map(move |name| name + mark));
        let mut all: Vec<String> = all.collect();
        all.sort_unstable();
        if all.is_empty() { "-".to_string() } else { all.join(",") }
    }

    fn squeezed_types(&self, types: &BTreeSet<&str>) -> Vec<String> {
        squeezed(types, &self.names.iter().map(|name| &**name).filter(|name| !types.contains(name)).collect())
    }

    fn members_of(&self, types: &BTreeSet<&str>) -> BTreeSet<&str> {
        types.iter().filter_map(|name| self.members.get(*name)).flatten().map(|name| &**name).collect()
    }

    /// Whether a type of that name gives something.
    pub(crate) fn gives_from(&self, name: &str) -> bool {
        self.gives.get(name).is_some_and(|gives| !gives.is_empty())
    }

    fn len(&self) -> usize {
        self.lines().iter().map(String::len).sum()
    }

    /// Says of what the types give only what is to be released, and of the rest that it may be anything.
    fn shorten(&mut self) {
        for (name, gives) in &mut self.gives {
            let makes = self.makes.get(name).cloned().unwrap_or_default();
            *gives = makes.into_iter().chain([(Arc::from(ANY), "?".to_string())]).collect();
        }
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

/// What gives one thing at one version and another at another is not spelled.
fn merge(all: &mut BTreeMap<Arc<str>, Gives>, other: BTreeMap<Arc<str>, Gives>) {
    for (name, gives) in other {
        let known = all.entry(name).or_default();
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

/// Keeps the packages that somebody may ask about: those with something to release, and those whose types
/// these give out, unless there is much to say of them.
pub(crate) fn prune(all: &mut BTreeMap<Arc<str>, Handles>) {
    let given: BTreeSet<Arc<str>> = all
        .iter()
        .filter(|(_, handles)| handles.released)
        .flat_map(|(_, handles)| handles.packages())
        .map(Arc::from)
        .collect();
    let short = |handles: &Handles| handles.len() <= MAX_GIVEN_BYTES;
    all.retain(|path, handles| {
        !handles.damaged && (handles.released || given.contains(path) && short(handles))
    });
    all.values_mut().filter(|handles| handles.len() > MAX_HANDLES_BYTES).for_each(Handles::shorten);
}

/// A resource of a package that there is not: what a type is asked about that comes from elsewhere.
fn foreign() -> Type {
    let path: Arc<str> = Arc::from("");
    let missing =
        Missing { path, module: None, version: None, why: String::new(), from: Arc::from(Path::new("")) };
    Database::type_missing(Arc::new(missing), "Foreign", Vec::new())
}

/// Reads what the types of `package` keep in use and give. `released` are its types that have a release,
/// `noted` those that the index lists for another reason.
pub(crate) fn read(
    database: &Database,
    package: &Arc<Package>,
    released: &[Type],
    noted: &BTreeSet<Arc<str>>,
) -> Handles {
    let foreign = foreign();
    let holds = |ty: &Type| {
        let own = released.iter().map(|target| database.holds(ty, target)).max();
        (own, database.holds(ty, &foreign))
    };
    let ends = Released::default();
    let mut handles =
        Handles { damaged: package.doubt().is_some(), released: !released.is_empty(), ..Handles::default() };
    for name in package
        .type_names()
        .into_iter()
        .filter(|name| exported(name) && !package.has_method(name, "ProtoReflect"))
    {
        handles.names.insert(name.clone());
        let ty = database.declared_type(package, &name);
        let (own, others) = holds(&ty);
        let counts = own.unwrap_or(others);
        if !released.contains(&ty) && others.max(counts) != Holds::No {
            handles.types.insert(name.clone(), (own, others));
        }
        if !ty.named().is_some_and(|named| named.package == package.path && named.name == name) {
            continue;
        }
        let members = member_names(database, &ty);
        let makes = given_released(database, &ty, &package.path, members.as_ref(), &ends);
        let gives = match counts != Holds::No || noted.contains(&name) {
            true => gives(database, &ty, &package.path, members.as_ref(), &|ty| {
                holds(ty).0.unwrap_or_else(|| holds(ty).1)
            }),
            false => makes.clone(),
        };
        if !gives.is_empty() {
            handles.members.insert(name.clone(), members.unwrap_or_default());
            handles.makes.insert(name.clone(), makes);
            handles.gives.insert(name, gives);
        }
    }
    handles
}

/// Whether something ends values of a type, asked once of each.
#[derive(Default)]
struct Released(RefCell<FxHashMap<Type, bool>>);

impl Released {
    fn get(&self, database: &Database, ty: &Type) -> bool {
        if let Some(known) = self.0.borrow().get(ty) {
            return *known;
        }
        let answer = is_released(database, ty);
        self.0.borrow_mut().insert(ty.clone(), answer);
        answer
    }
}

/// The methods of `ty` that give something to release.
fn given_released(
    database: &Database,
    ty: &Type,
    home: &str,
    names: Option<&BTreeSet<Arc<str>>>,
    released: &Released,
) -> Gives {
    let given = |name: &Arc<str>| match database.find_member(ty, name) {
        Lookup::Member(Member::Method(method)) => {
            let results = &method.signature.results;
            let worth = results.iter().any(|result| released.get(database, result));
            worth.then(|| (name.clone(), spell_all(results, home)))
        }
        _ => None,
    };
    names.into_iter().flatten().filter_map(given).collect()
}

/// What the exported members of `ty` give: handles, and of fields also data.
fn gives(
    database: &Database,
    ty: &Type,
    home: &str,
    names: Option<&BTreeSet<Arc<str>>>,
    holds: &dyn Fn(&Type) -> Holds,
) -> Gives {
    let mut gives = Gives::new();
    if names.is_none() {
        gives.insert(Arc::from(ANY), "?".to_string());
    }
    for name in names.into_iter().flatten() {
        let given = match database.find_member(ty, name) {
            Lookup::Member(Member::Method(method)) => {
                let results = &method.signature.results;
                if results.iter().all(|result| holds(result) == Holds::No) {
                    continue;
                }
                spell_all(results, home)
            }
            Lookup::Member(Member::Field(ty)) if holds(&ty) == Holds::No => "=-".to_string(),
            Lookup::Member(Member::Field(ty)) => format!("={}", spell(&ty, home)),
            Lookup::Absent | Lookup::Unknown(_) => "?".to_string(),
        };
        gives.insert(name.clone(), given);
    }
    gives
}

/// The exported fields and methods of a type, embedded ones included; `None` when it embeds something that
/// nobody can open.
fn member_names(database: &Database, ty: &Type) -> Option<BTreeSet<Arc<str>>> {
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
        match database.shape(&ty) {
            Shape::Struct(declared) => {
                let ExprKind::Struct(fields) = &declared.spec.spec().ty.unparen().kind else { return None };
                for field in fields {
                    names.extend(field.names.iter().map(|ident| ident.name.clone()));
                    names.extend(embedded_name(field));
                    if field.names.is_empty() {
                        todo.push(database.type_with(&declared.scope, &declared.bound, &field.ty));
                    }
                }
            }
            Shape::Interface(_) | Shape::Plain(Type::Interface(_)) => {
                names.extend(database.interface_methods(&ty))
            }
            Shape::Plain(Type::Named(_) | Type::Unknown(_) | Type::TypeParam(_)) => return None,
            Shape::Plain(_) => {}
        }
    }
    names.retain(|name| exported(name));
    Some(names)
}
