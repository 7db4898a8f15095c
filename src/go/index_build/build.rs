//! Module source -> facts: what `unleak index` does, and all that the shipped index is made of.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use crate::base::sys::{self, Kind};
use crate::go::index::names::{shortened, squeezed};
use crate::go::index_build::handles;
use crate::go::index_build::handles::Handles;
use crate::go::index_build::spelling::{ends_it, is_released, releases, spell, spell_all, spell_release};
use crate::go::project::gomod::compare_versions;
use crate::go::project::locate::{Locator, Provenance, paths};
use crate::go::project::package::{Membership, Package};
use crate::go::syntax::outline;
use crate::go::syntax::outline::ItemKind;
use crate::go::types::database::{Database, Spares, exported};
use crate::go::types::retention::is_generated;
use crate::go::types::type_expr::{Named, Type, guess_package_name};

/// How many folders of one module are read.
const MAX_FOLDERS: usize = 20_000;

/// A go.mod above this size is not read.
const MAX_GO_MOD_BYTES: u64 = 1 << 20;

/// A Go file above this size is not looked through for variables.
const MAX_GO_BYTES: u64 = 4 << 20;

/// A fact but for the versions: package, kind, name, what is said.
type Fact = (Arc<str>, &'static str, Arc<str>, String);

/// A module at one version.
type Read = (Arc<str>, Arc<str>);

/// Kind, what is said, and at which versions -> the names of which it is said.
type Alike<'f> = BTreeMap<(&'static str, String, Option<String>), BTreeSet<&'f str>>;

/// What was read so far.
#[derive(Debug, Default)]
pub struct Facts {
    /// Package -> its name and the modules at the versions it was read in.
    packages: BTreeMap<Arc<str>, (Arc<str>, BTreeSet<Read>)>,
    /// Fact -> where it was seen.
    facts: BTreeMap<Fact, BTreeSet<Read>>,
    /// Package -> the exported names that it declares.
    declared: BTreeMap<Arc<str>, Declared>,
    /// Package -> what its types keep in use, over all versions.
    pub(crate) handles: BTreeMap<Arc<str>, Handles>,
}

/// The exported names of a package, over all versions.
#[derive(Debug, Default)]
struct Declared {
    funcs: BTreeSet<Arc<str>>,
    types: BTreeSet<Arc<str>>,
}

/// How many of each thing the facts tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub modules: usize,
    pub packages: usize,
    pub facts: usize,
}

/// Reads the modules in `dirs` (folders of a module cache, or `GOROOT/src`) and gathers what they say,
/// together with a complaint for each that could not be read. `locate` makes what finds their dependencies.
pub fn build(dirs: &[PathBuf], locate: &(dyn Fn(&Path) -> Locator + Sync)) -> (Facts, Vec<String>) {
    let modules = dirs.iter().filter_map(|dir| identity(dir).ok()).collect();
    let spares = Arc::new(Spares { modules, newest: newest(dirs) });
    let read: Vec<_> = dirs.par_iter().map(|dir| read_module(dir, locate, &spares)).collect();
    let (mut facts, mut complaints) = (Facts::default(), Vec::new());
    for result in read {
        match result {
            Ok(module) => facts.add(module),
            Err(complaint) => complaints.push(complaint),
        }
    }
    facts.prune();
    (facts, complaints)
}

/// The newest folder of each module: what a dependency is read from that is not among them at the version
/// wanted. What else a module cache holds does not count, so that the index is the same wherever it is made.
fn newest(dirs: &[PathBuf]) -> BTreeMap<Arc<str>, PathBuf> {
    let mut newest: BTreeMap<Arc<str>, (Arc<str>, PathBuf)> = BTreeMap::new();
    for dir in dirs {
        let Ok((module, version)) = identity(dir) else { continue };
        let known = newest.get(&module).is_some_and(|(known, _)| compare_versions(known, &version).is_ge());
        if !known {
            newest.insert(module, (version, dir.clone()));
        }
    }
    newest.into_iter().map(|(module, (_, dir))| (module, dir)).collect()
}

fn read_module(
    dir: &Path,
    locate: &(dyn Fn(&Path) -> Locator + Sync),
    spares: &Arc<Spares>,
) -> Result<Facts, String> {
    let (module, version) = identity(dir)?;
    let database = Database::without_index(locate(dir), dir).with_spares(spares.clone());
    let read = (module.clone(), version.clone());
    let mut facts = Facts::default();
    for folder in folders(dir) {
        let below = folder.strip_prefix(dir).unwrap_or(&folder).to_string_lossy().replace('\\', "/");
        let path = match (&*module, below.as_str()) {
            ("std", below) => Arc::from(below),
            (_, "") => module.clone(),
            (module, below) => Arc::from(format!("{module}/{below}")),
        };
        let origin = if &*module == "std" { Provenance::Goroot } else { Provenance::ModuleCache };
        let member =
            Membership { path, origin: Some(origin), module: module.clone(), version: Some(version.clone()) };
        if let Some(package) =
            database.load(&folder, &member, false).first().filter(|package| &*package.name != "main")
        {
            facts.read_package(&database, package, &read);
        }
    }
    Ok(facts)
}

/// Path and version of the module in `dir`: what the folder's name and its go.mod say.
fn identity(dir: &Path) -> Result<(Arc<str>, Arc<str>), String> {
    let shown = dir.display();
    if let Ok(text) = sys::read(&dir.join("../VERSION"), MAX_GO_MOD_BYTES) {
        let text = String::from_utf8_lossy(&text).into_owned();
        let version = text.lines().next().unwrap_or_default().trim_start_matches("go");
        return Ok((Arc::from("std"), Arc::from(format!("v{version}"))));
    }
    let name = dir.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let (_, version) = name
        .rsplit_once('@')
        .ok_or_else(|| format!("{shown}: not a folder of a module cache, its name has no @version"))?;
    let text = sys::read(&dir.join("go.mod"), MAX_GO_MOD_BYTES).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let line = text.lines().find_map(|line| line.trim().strip_prefix("module "));
    let said = line
        .map(|line| line.split("//").next().unwrap_or_default().trim().trim_matches(['"', '`']).to_string());
    let module = said
        .or_else(|| from_cache_path(dir))
        .ok_or_else(|| format!("{shown}: no go.mod says which module this is"))?;
    Ok((Arc::from(module), Arc::from(version)))
}

/// The module path that a folder's place in a module cache spells, `!a` for `A`. A cache has a folder
/// `cache/download`, wherever GOMODCACHE puts it.
fn from_cache_path(dir: &Path) -> Option<String> {
    let cache = dir
        .ancestors()
        .skip(1)
        .find(|above| sys::kind(&above.join("cache/download")) == Some(Kind::Folder))?;
    let below = paths::slashed(dir.strip_prefix(cache).ok()?)?;
    Some(paths::unescape(below.rsplit_once('@')?.0))
}

/// The folders of a module whose packages others can import.
fn folders(root: &Path) -> Vec<PathBuf> {
    let (mut todo, mut found) = (vec![root.to_path_buf()], Vec::new());
    while let Some(dir) = todo.pop() {
        if found.len() >= MAX_FOLDERS {
            break;
        }
        let Ok(entries) = sys::list(&dir) else { continue };
        if dir != root && entries.iter().any(|(name, _)| name == "go.mod") {
            continue;
        }
        for (name, kind) in &entries {
            let Some(name) = name.to_str() else { continue };
            let closed = matches!(
                name,
                "internal" | "vendor" | "testdata" | "cmd" | "examples" | "example" | "_examples"
            );
            if *kind == sys::Kind::Folder && !closed && !name.starts_with(['.', '_']) {
                todo.push(dir.join(name));
            }
        }
        found.push(dir);
    }
    found.sort();
    found
}

impl Facts {
    fn read_package(&mut self, database: &Database, package: &Arc<Package>, read: &Read) {
        let own = |names: Vec<Arc<str>>| names.into_iter().filter(|name| exported(name)).collect();
        let declared = Declared { funcs: own(package.func_names()), types: own(package.type_names()) };
        let mut results = BTreeSet::new();
        for name in declared.funcs.iter().cloned() {
            let Some(func) = package.func(&name) else { continue };
            let signature = database.signature(&func);
            let Some(first) = signature.results.first() else { continue };
            let worth = signature.results.iter().any(|ty| !releases(database, ty).0.is_empty())
                || makes_client(&name, first);
            // Where Go itself is not installed, nothing else says what `context.Background` gives.
            let named = |ty: &Type| ty.named().is_some() && !ty.is_error();
            let told = worth || &*read.0 == "std" && signature.results.iter().any(named);
            if !told || is_message(first) {
                continue;
            }
            let own = |ty: &&Arc<Named>| worth && ty.package == package.path;
            results.extend(
                signature.results.iter().filter_map(Type::named).filter(own).map(|ty| ty.name.clone()),
            );
            let said = spell_all(&signature.results, &package.path);
            let kind = if worth { "func" } else { "plain" };
            self.note((package.path.clone(), kind, name, said), read);
        }
        let (mut released, mut noted) = (Vec::new(), BTreeSet::new());
        for name in declared.types.iter().cloned() {
            if let Some(ty) = self.read_type(database, package, &name, results.contains(&name), read) {
                noted.insert(name);
                released.extend(ty);
            }
        }
        // What a protobuf compiler wrote is known by its names.
        if !is_generated(&package.path) {
            let handles = handles::read(database, package, &released, &noted);
            self.read_vars(database, package, &handles, read);
            self.handles.entry(package.path.clone()).or_default().add(handles);
        }
        self.declared.insert(package.path.clone(), declared);
        let entry = self
            .packages
            .entry(package.path.clone())
            .or_insert_with(|| (package.name.clone(), BTreeSet::new()));
        entry.1.insert(read.clone());
    }

    /// Notes what releases a type, or that nothing does where somebody may ask. `None` when there was nothing
    /// to note, else the type if it has a release.
    fn read_type(
        &mut self,
        database: &Database,
        package: &Arc<Package>,
        name: &Arc<str>,
        asked: bool,
        read: &Read,
    ) -> Option<Option<Type>> {
        if package.has_method(name, "ProtoReflect") {
            return None;
        }
        let ty = database.declared_type(package, name);
        ty.named().filter(|named| named.package == package.path && named.name == *name)?;
        let (found, known) = releases(database, &ty);
        let asked = asked
            || ["Client", "Conn", "Connection", "Session", "Clientset"].iter().any(|end| name.ends_with(end));
        if found.is_empty() && !(asked && known) {
            return None;
        }
        let said: Vec<String> = found.iter().map(|method| spell_release(method, &package.path)).collect();
        let said = if said.is_empty() { "-".to_string() } else { said.join(";") };
        let kind = if database.is_interface(&ty) { "interface" } else { "type" };
        self.note((package.path.clone(), kind, name.clone(), said), read);
        Some(found.iter().any(ends_it).then_some(ty))
    }

    /// Notes the variables that one gets something to release from, or that are released themselves.
    fn read_vars(&mut self, database: &Database, package: &Arc<Package>, handles: &Handles, read: &Read) {
        for name in var_names(package) {
            let ty = database.var_type(package, &name);
            let gives = ty
                .named()
                .is_some_and(|named| named.package == package.path && handles.gives_from(&named.name));
            if gives || is_released(database, &ty) {
                self.note((package.path.clone(), "var", name, spell(&ty, &package.path)), read);
                continue;
            }
            // A constructor of another package under a name of this one.
            let Type::Func(signature) = &ty else { continue };
            let Some(first) = signature.results.first() else { continue };
            let makes = signature.results.iter().any(|ty| is_released(database, ty));
            if makes || makes_client(&name, first) {
                let said = format!("func(){}", spell_all(&signature.results, &package.path));
                self.note((package.path.clone(), "var", name, said), read);
            }
        }
    }

    fn note(&mut self, fact: Fact, read: &Read) {
        self.facts.entry(fact).or_default().insert(read.clone());
    }

    fn add(&mut self, other: Facts) {
        for (path, (name, reads)) in other.packages {
            self.packages.entry(path).or_insert_with(|| (name, BTreeSet::new())).1.extend(reads);
        }
        for (fact, reads) in other.facts {
            self.facts.entry(fact).or_default().extend(reads);
        }
        for (path, declared) in other.declared {
            let known = self.declared.entry(path).or_default();
            known.funcs.extend(declared.funcs);
            known.types.extend(declared.types);
        }
        for (path, handles) in other.handles {
            self.handles.entry(path).or_default().add(handles);
        }
    }

    /// Leaves out packages of which there is nothing to say.
    fn prune(&mut self) {
        handles::prune(&mut self.handles);
        let told: BTreeSet<_> =
            self.facts.keys().map(|(path, ..)| path.clone()).chain(self.handles.keys().cloned()).collect();
        self.packages.retain(|path, _| told.contains(path));
    }

    /// How much there is.
    pub fn counts(&self) -> Counts {
        let modules: BTreeSet<_> =
            self.packages.values().flat_map(|(_, reads)| reads.iter().map(|(module, _)| module)).collect();
        let handles: usize = self.handles.values().map(|handles| handles.lines().len()).sum();
        let facts = self.facts.len() + handles + self.packages.len();
        Counts { modules: modules.len(), packages: self.packages.len(), facts }
    }

    /// The facts as text, package by package, each sorted by bytes.
    pub fn render(&self) -> String {
        let mut alike: BTreeMap<&str, Alike> = BTreeMap::new();
        for ((path, kind, name, said), seen) in &self.facts {
            let versions = self.packages.get(path).and_then(|(_, reads)| where_seen(reads, seen));
            let said = if matches!(*kind, "func" | "plain") {
                shortened(said, name.strip_prefix("New").unwrap_or(name))
            } else {
                said.clone()
            };
            alike.entry(path).or_default().entry((kind, said, versions)).or_default().insert(name);
        }
        let mut text = String::new();
        for (path, (name, reads)) in &self.packages {
            let modules = by_module(reads)
                .into_iter()
                .map(|(module, versions)| format!("{} {}", relative(module, path), versions.join(",")));
            let name = if guess_package_name(path) == &**name { "-" } else { name };
            text.push_str(&format!("{path}\t{name}\t{}\n", modules.collect::<Vec<_>>().join(";")));
            let facts = alike.remove(&**path).unwrap_or_default().into_iter().map(
                |((kind, said, versions), names)| {
                    let versions = versions.map_or_else(String::new, |versions| format!("\t{versions}"));
                    format!("{kind}\t{}\t{said}{versions}", self.squeezed(path, kind, &names).join(","))
                },
            );
            let mut lines: Vec<String> =
                facts.chain(self.handles.get(path).into_iter().flat_map(Handles::lines)).collect();
            lines.sort_unstable();
            lines.iter().for_each(|line| text.push_str(&format!("\t{line}\n")));
        }
        text
    }

    /// The names of which one line tells, as few words that fit no other name of the package.
    fn squeezed(&self, path: &str, kind: &str, names: &BTreeSet<&str>) -> Vec<String> {
        let Some(declared) = self.declared.get(path).filter(|_| kind != "var") else {
            return names.iter().map(ToString::to_string).collect();
        };
        let all = declared.funcs.iter().chain(&declared.types).map(|name| &**name);
        squeezed(names, &all.filter(|name| !names.contains(name)).collect())
    }
}

/// The exported variables of a package, told from constants without parsing: there are packages of tens of
/// thousands of these.
fn var_names(package: &Package) -> BTreeSet<Arc<str>> {
    let texts = package.files.iter().filter_map(|file| sys::read(&file.file, MAX_GO_BYTES).ok());
    let items =
        texts.flat_map(|text| outline::outline(&text).items).filter(|item| item.kind == ItemKind::Var);
    items.flat_map(|item| item.names).filter(|name| exported(name)).collect()
}

/// Whether callers of such a function ask what to close, also when the answer is nothing.
fn makes_client(name: &str, result: &Type) -> bool {
    let client = |name: &str| name.ends_with("Client") || name.ends_with("Clientset");
    result
        .named()
        .is_some_and(|named| (name.starts_with("New") && name.contains("Client")) || client(&named.name))
}

fn is_message(ty: &Type) -> bool {
    ty.named().is_some_and(|named| {
        named.source().is_some_and(|package| package.has_method(&named.name, "ProtoReflect"))
    })
}

/// Each module with the versions at which it was read, oldest first.
fn by_module(reads: &BTreeSet<Read>) -> BTreeMap<&str, Vec<&str>> {
    let mut modules: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (module, version) in reads {
        modules.entry(module).or_default().push(version);
    }
    modules.values_mut().for_each(|versions| versions.sort_by(|a, b| compare_versions(a, b)));
    modules
}

/// A module's path as seen from one of its packages: `.` for itself, `../..` for two elements less; whole
/// when that leads nowhere.
fn relative(module: &str, path: &str) -> String {
    match path.strip_prefix(module) {
        Some("") => ".".to_string(),
        Some(below) if below.starts_with('/') => vec![".."; below.matches('/').count()].join("/"),
        _ => module.to_string(),
    }
}

/// The spans of versions over which a fact was seen; `None` when it was at every version read.
fn where_seen(reads: &BTreeSet<Read>, seen: &BTreeSet<Read>) -> Option<String> {
    if reads.iter().all(|read| seen.contains(read)) {
        return None;
    }
    let modules = by_module(reads);
    let mut spans = Vec::new();
    for (at, (module, versions)) in modules.iter().enumerate() {
        let prefix = if at + 1 == modules.len() { String::new() } else { format!("{module}@") };
        let has =
            |version: &&str| seen.iter().any(|(other, seen)| &**other == *module && &**seen == *version);
        for run in versions.chunk_by(|a, b| has(a) == has(b)).filter(|run| has(&run[0])) {
            match run {
                [one] => spans.push(format!("{prefix}{one}")),
                [first, .., last] => spans.push(format!("{prefix}{first}..{last}")),
                [] => {}
            }
        }
    }
    Some(spans.join(","))
}
