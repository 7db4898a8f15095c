//! The files of one folder that share a package clause, as tables of what they declare and where.
//!
//! No text is kept but what a run holds anyway: a declaration is read again from its file and parsed
//! (`source`) when somebody asks for it, once. What names mean across packages is for `types::database`.

use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;

use crate::base::sys;
use crate::base::text::{Span, narrow};
use crate::go::project::locate::Provenance;
use crate::go::project::names::is_test_file;
use crate::go::project::source::{MAX_BODY_BYTES, Source};
use crate::go::syntax::ast::{Decl, FuncDecl, TypeSpec, VarSpec};
use crate::go::syntax::outline;
use crate::go::syntax::outline::{Import, Item, ItemKind, Outline};

/// A file above this size is not read for what it declares.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// How many bytes of parsed source one package remembers before it forgets all of it.
const MAX_REMEMBERED_BYTES: usize = 512 << 10;

/// One package.
#[derive(Debug)]
pub struct Package {
    /// The import path; one made from the folder where no module tells it.
    pub path: Arc<str>,
    /// The name in the package clauses.
    pub name: Arc<str>,
    /// Where it lies.
    pub dir: PathBuf,
    /// Its files, those that are no tests first, each group sorted by name.
    pub files: Vec<PackageFile>,
    /// Where its source was found; `None` for one that was read by folder and belongs to no module.
    pub origin: Option<Provenance>,
    /// Path of the module it belongs to; empty for the standard library and where nobody knows.
    pub module: Arc<str>,
    /// The module's version, where go.mod names one.
    pub version: Option<Arc<str>>,
    funcs: FxHashMap<Arc<str>, Vec<DeclPosition>>,
    types: FxHashMap<Arc<str>, Vec<DeclPosition>>,
    values: FxHashMap<Arc<str>, Vec<DeclPosition>>,
    methods: FxHashMap<Arc<str>, FxHashMap<Arc<str>, Vec<DeclPosition>>>,
    /// Whether the folder has files of which nobody knows what they declare.
    unread: bool,
    parsed: Mutex<Memory>,
}

/// One file of a package.
#[derive(Debug)]
pub struct PackageFile {
    /// Its path.
    pub file: PathBuf,
    /// What it imports.
    pub imports: Vec<Import>,
    /// Whether it is a `_test.go` file.
    pub test: bool,
    /// Whether its name says that it is for another system than this kind of machine (`_windows.go`).
    pub foreign: bool,
    /// False when the outline could not be made sure: a name that is missing from the tables may be there.
    pub exact: bool,
    /// Its content, where somebody holds that anyway or it is not what lies on disk.
    text: Option<Arc<[u8]>>,
}

/// The content of files that were read before, by their paths.
pub type Texts = FxHashMap<PathBuf, Arc<[u8]>>;

impl PackageFile {
    fn text(&self) -> Option<Arc<[u8]>> {
        let read = || Some(sys::read_in_tree(&self.file, MAX_FILE_BYTES).ok()?.into());
        self.text.clone().or_else(read)
    }

    /// Whether it converts pointers to those of other types.
    pub fn has_unsafe_pointers(&self) -> bool {
        // An import without a name stands for a link to another function only.
        let is_named = |import: &Import| &*import.path == "unsafe" && import.name.as_deref() != Some("_");
        self.imports.iter().any(is_named)
            && self.text().is_none_or(|text| memchr::memmem::find(&text, b"unsafe.Pointer").is_some())
    }
}

/// Where something is declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct DeclPosition {
    file: u32,
    span: Span,
}

/// What was parsed so far, by file and offset.
#[derive(Debug, Default)]
struct Memory {
    decls: FxHashMap<(u32, u32), Option<Arc<Decl>>>,
    bytes: usize,
}

/// A function or method of a package. Two are equal when they are the same declaration of the same file.
#[derive(Clone)]
pub struct FuncRef {
    /// The package that declares it.
    pub package: Arc<Package>,
    /// Index into the package's files.
    pub file: usize,
    /// The declaration. Its body is missing where Go has none or where the function is too long to be looked
    /// into (see [`FuncRef::unread_body`]).
    pub decl: Arc<FuncDecl>,
    /// The body is there, but longer than what is read.
    pub unread_body: bool,
}

impl FuncRef {
    /// The file that declares it.
    pub fn path(&self) -> &Path {
        &self.package.files[self.file].file
    }
}

impl PartialEq for FuncRef {
    fn eq(&self, other: &FuncRef) -> bool {
        self.decl.name.span == other.decl.name.span && self.path() == other.path()
    }
}

impl Eq for FuncRef {}

impl Hash for FuncRef {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.decl.name.span.hash(state);
        self.path().hash(state);
    }
}

impl std::fmt::Debug for FuncRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.package.path, self.decl.display_name())
    }
}

/// The name of a function, or of a method with the type that it is declared on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FuncName {
    pub receiver: Option<Arc<str>>,
    pub name: Arc<str>,
}

/// A type declaration of a package.
#[derive(Debug, Clone)]
pub struct TypeRef {
    /// Index into the package's files.
    pub file: usize,
    decl: Arc<Decl>,
    at: usize,
}

impl TypeRef {
    /// What the declaration says.
    pub fn spec(&self) -> &TypeSpec {
        match &*self.decl {
            Decl::Types(specs) => &specs[self.at],
            _ => unreachable!("made from a type declaration"),
        }
    }
}

/// A variable or constant of a package.
#[derive(Debug, Clone)]
pub struct ValueRef {
    /// Index into the package's files.
    pub file: usize,
    /// Whether it is a constant.
    pub constant: bool,
    /// Which of the names of its line it is.
    pub position: usize,
    decl: Arc<Decl>,
    at: usize,
}

impl ValueRef {
    /// The line of the declaration that names it.
    pub fn spec(&self) -> &VarSpec {
        match &*self.decl {
            Decl::Vars(specs) | Decl::Consts(specs) => &specs[self.at],
            _ => unreachable!("made from a value declaration"),
        }
    }
}

/// What a package is part of.
#[derive(Debug, Clone, Default)]
pub struct Membership {
    pub path: Arc<str>,
    pub origin: Option<Provenance>,
    pub module: Arc<str>,
    pub version: Option<Arc<str>>,
}

/// The package of `file` with `text` for its content, whatever lies there, and the files beside it as they
/// are on disk. A text without package clause is a package of its own.
pub fn with_text(file: &Path, text: Arc<[u8]>, member: &Membership) -> (Arc<Package>, usize) {
    let dir = file.parent().unwrap_or(Path::new("."));
    let mut own = outline::outline(&text);
    if own.package.is_empty() {
        own.package = Arc::from("main");
    }
    let texts = Texts::default();
    let mut outlines = outlines(dir, is_test(file), &texts);
    outlines.retain(|(other, _)| other != file);
    outlines.push((file.to_path_buf(), own));
    let packages = from_outlines(dir, member, outlines, &texts);
    let found = packages.into_iter().find_map(|package| package.file_index(file).map(|at| (package, at)));
    let (mut package, at) = found.expect("every outline with a package name is in a package");
    package.files[at].text = Some(text);
    (Arc::new(package), at)
}

/// All packages of the folder `dir`, the one that an import of the folder means first; with `tests` also what
/// `_test.go` files declare. Of a folder with files that cannot be read or have no package clause nobody
/// knows all names. Those among `texts` are not read.
pub fn read_folder(dir: &Path, member: &Membership, tests: bool, texts: &Texts) -> Vec<Package> {
    from_outlines(dir, member, outlines(dir, tests, texts), texts)
}

fn outlines(dir: &Path, tests: bool, texts: &Texts) -> Outlines {
    let mut outlines = Vec::new();
    for (name, kind) in sys::list(dir).unwrap_or_default() {
        let Some(name) = name.to_str() else { continue };
        let hidden = name.starts_with('_') || name.starts_with('.');
        if !name.ends_with(".go") || hidden || kind == sys::Kind::Folder || (!tests && is_test_file(name)) {
            continue;
        }
        let file = dir.join(name);
        let read = || match kind {
            sys::Kind::Link => sys::read_in_tree(&file, MAX_FILE_BYTES),
            _ => sys::read(&file, MAX_FILE_BYTES),
        };
        let outline = match texts.get(&file) {
            Some(text) => outline::outline(text),
            None => read().map_or_else(|_| Outline::default(), |text| outline::outline(&text)),
        };
        outlines.push((file, outline));
    }
    outlines
}

/// Files with their outlines.
pub type Outlines = Vec<(PathBuf, Outline)>;

/// As [`read_folder`], from outlines that were made before.
fn from_outlines(dir: &Path, member: &Membership, mut outlines: Outlines, texts: &Texts) -> Vec<Package> {
    outlines.sort_by(|a, b| (is_test(&a.0), &a.0).cmp(&(is_test(&b.0), &b.0)));
    let mut groups: Vec<(Arc<str>, Outlines)> = Vec::new();
    let mut unread = false;
    for (file, outline) in outlines {
        if outline.package.is_empty() {
            unread |= !is_test(&file);
            continue;
        }
        match groups.iter_mut().find(|(name, _)| *name == outline.package) {
            Some((_, files)) => files.push((file, outline)),
            None => groups.push((outline.package.clone(), vec![(file, outline)])),
        }
    }
    let last = member.path.rsplit('/').next().unwrap_or_default();
    groups.sort_by_key(|(name, files)| {
        let plain = files.iter().filter(|(file, _)| !is_test(file)).count();
        (&**name == "main", std::cmp::Reverse(plain), &**name != last, name.clone())
    });
    groups
        .into_iter()
        .map(|(name, files)| Package { unread, ..Package::new(dir, member, name, files, texts) })
        .collect()
}

/// Whether the file is one of tests.
pub fn is_test(file: &Path) -> bool {
    file.file_name().and_then(|name| name.to_str()).is_some_and(is_test_file)
}

impl Package {
    fn new(dir: &Path, member: &Membership, name: Arc<str>, outlines: Outlines, texts: &Texts) -> Package {
        let external = name.ends_with("_test") && outlines.iter().all(|(file, _)| is_test(file));
        let path = if external { Arc::from(format!("{}_test", member.path)) } else { member.path.clone() };
        let mut package = Package {
            path,
            name,
            dir: dir.to_path_buf(),
            files: Vec::with_capacity(outlines.len()),
            origin: member.origin,
            module: member.module.clone(),
            version: member.version.clone(),
            funcs: FxHashMap::default(),
            types: FxHashMap::default(),
            values: FxHashMap::default(),
            methods: FxHashMap::default(),
            unread: false,
            parsed: Mutex::default(),
        };
        for (file, outline) in outlines {
            let at = narrow(package.files.len());
            for item in &outline.items {
                package.enter(at, item);
            }
            let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            package.files.push(PackageFile {
                test: is_test(&file),
                foreign: is_foreign(name),
                exact: outline.exact,
                text: texts.get(&file).cloned(),
                imports: outline.imports,
                file,
            });
        }
        package
    }

    fn enter(&mut self, file: u32, item: &Item) {
        let place = DeclPosition { file, span: item.span };
        let table = match &item.kind {
            ItemKind::Func => &mut self.funcs,
            ItemKind::Type => &mut self.types,
            ItemKind::Var | ItemKind::Const => &mut self.values,
            ItemKind::Method { receiver } => self.methods.entry(receiver.clone()).or_default(),
        };
        for name in &item.names {
            table.entry(name.clone()).or_default().push(place);
        }
    }

    /// Forgets what was parsed: syntax takes some twenty times the room of its text. What is asked for again
    /// is parsed again; what somebody still holds stays.
    pub fn forget(&self) {
        *self.parsed.lock().unwrap_or_else(PoisonError::into_inner) = Memory::default();
    }

    /// Why a name that is not in the tables may be in the package all the same; `None` where every file's
    /// outline is sure.
    pub fn doubt(&self) -> Option<String> {
        if self.unread {
            return Some(format!("a file in the folder of `{}` cannot be read", self.path));
        }
        let damaged = self.files.iter().any(|file| !file.exact);
        damaged.then(|| format!("a file of `{}` has damaged syntax", self.path))
    }

    /// The index of `file` among the package's files.
    pub fn file_index(&self, file: &Path) -> Option<usize> {
        self.files.iter().position(|known| known.file == file)
    }

    /// The definition that counts of several under different build tags: no test and not for a foreign system
    /// if possible, then the first by file name.
    fn choose(&self, places: &[DeclPosition]) -> Option<DeclPosition> {
        let rank = |place: &&DeclPosition| {
            let file = &self.files[place.file as usize];
            (file.test, file.foreign)
        };
        places.iter().min_by_key(rank).copied()
    }

    /// The function `name`.
    pub fn func(self: &Arc<Self>, name: &str) -> Option<FuncRef> {
        self.func_at(self.choose(self.funcs.get(name)?)?)
    }

    /// The method `name` that is declared on the type `type_name` or on the pointer to it, embedding not
    /// considered.
    pub fn method(self: &Arc<Self>, type_name: &str, name: &str) -> Option<FuncRef> {
        self.func_at(self.choose(self.methods.get(type_name)?.get(name)?)?)
    }

    /// All definitions of a function or method, each under other build tags.
    pub fn all_definitions(self: &Arc<Self>, func: &FuncRef) -> Vec<FuncRef> {
        let name = &*func.decl.name.name;
        let places = match func.decl.receiver_type() {
            Some(owner) => self.methods.get(&**owner).and_then(|methods| methods.get(name)),
            None => self.funcs.get(name),
        };
        let own = |place: &&DeclPosition| !self.files[place.file as usize].test;
        let places = places.into_iter().flatten().filter(own);
        let mut found: Vec<FuncRef> = places.filter_map(|place| self.func_at(*place)).collect();
        if found.len() < 2 {
            found = vec![func.clone()];
        }
        found
    }

    /// The function or method `name`.
    pub fn named(self: &Arc<Self>, name: &FuncName) -> Option<FuncRef> {
        match &name.receiver {
            Some(receiver) => self.method(receiver, &name.name),
            None => self.func(&name.name),
        }
    }

    /// Shows the text of each function and method that is no test, sorted by name, without parsing any.
    pub fn each_function(&self, look: &mut dyn FnMut(&FuncName, &[u8])) {
        let name = |receiver: Option<&Arc<str>>, name: &Arc<str>| FuncName {
            receiver: receiver.cloned(),
            name: name.clone(),
        };
        let funcs = self.funcs.iter().map(|(func, places)| (name(None, func), places));
        let methods = self.methods.iter().filter(|(ty, _)| self.has_type(ty));
        let methods = methods.flat_map(|(ty, methods)| {
            methods.iter().map(move |(method, places)| (name(Some(ty), method), places))
        });
        let mut all: Vec<(FuncName, DeclPosition)> =
            funcs.chain(methods).filter_map(|(name, places)| Some((name, self.choose(places)?))).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        self.texts(all, look);
    }

    /// Shows the text of the declaration of each type that is no test's, under whatever build tags, in any
    /// order. Types that are declared together have one text.
    pub fn each_type(&self, look: &mut dyn FnMut(&Arc<str>, &[u8])) {
        let all = self.types.iter().flat_map(|(name, places)| places.iter().map(move |place| (name, *place)));
        self.texts(all.collect(), &mut |name, text| look(name, text));
    }

    /// Every definition of a function or method, under whatever build tags, whose text `holds` something and
    /// that is no test's, sorted by name.
    pub fn definitions_where(self: &Arc<Self>, holds: &dyn Fn(&[u8]) -> bool) -> Vec<FuncRef> {
        let methods = self.methods.iter().filter(|(ty, _)| self.has_type(ty));
        let methods =
            methods.flat_map(|(ty, all)| all.iter().map(move |(name, places)| (Some(ty), name, places)));
        let funcs = self.funcs.iter().map(|(name, places)| (None, name, places));
        let each = funcs.chain(methods).flat_map(|(ty, name, places)| {
            places.iter().map(move |place| ((ty, name, place.file, place.span), *place))
        });
        let mut all: Vec<_> = each.collect();
        all.sort_by_key(|(key, _)| *key);
        let mut found = Vec::new();
        self.texts(all.into_iter().map(|(_, place)| (place, place)).collect(), &mut |place, text| {
            if holds(text) {
                found.push(*place);
            }
        });
        found.into_iter().filter_map(|place| self.func_at(place)).collect()
    }

    /// The names of the variables and constants, those of tests left out, of which a declaration, under
    /// whatever build tags, mentions `word`, sorted.
    pub fn values_with(&self, word: &str) -> Vec<Arc<str>> {
        let each = |(name, places): (&Arc<str>, &Vec<DeclPosition>)| {
            places.iter().map(|place| (name.clone(), *place)).collect::<Vec<_>>()
        };
        let mut all: Vec<(Arc<str>, DeclPosition)> = self.values.iter().flat_map(each).collect();
        all.sort_by(|a, b| (&a.0, a.1.file).cmp(&(&b.0, b.1.file)));
        let mut found = Vec::new();
        self.texts(all, &mut |name, text| {
            if outline::has_word(text, word) {
                found.push(name.clone());
            }
        });
        found.dedup();
        found
    }

    /// Every line of a declaration of variables or constants, under whatever build tags, whose text `holds`
    /// something and that is no test's.
    pub fn values_where(&self, holds: &dyn Fn(&[u8]) -> bool) -> Vec<ValueRef> {
        let mut all: Vec<DeclPosition> = self.values.values().flatten().copied().collect();
        all.sort_by_key(|place| (place.file, place.span.start));
        all.dedup();
        let mut found = Vec::new();
        self.texts(all.into_iter().map(|place| (place, place)).collect(), &mut |place, text| {
            if holds(text) {
                found.push(*place);
            }
        });
        let lines = |place: DeclPosition| {
            let decl = self.decl(place, Source::whole);
            let count = match decl.as_deref() {
                Some(Decl::Vars(specs) | Decl::Consts(specs)) => specs.len(),
                _ => 0,
            };
            let constant = matches!(decl.as_deref(), Some(Decl::Consts(_)));
            let file = place.file as usize;
            let line = move |at| decl.clone().map(|decl| ValueRef { file, constant, position: 0, decl, at });
            (0..count).filter_map(line).collect::<Vec<_>>()
        };
        found.into_iter().flat_map(lines).collect()
    }

    /// Shows the text of each of these declarations that is no test's.
    fn texts<N>(&self, all: Vec<(N, DeclPosition)>, look: &mut dyn FnMut(&N, &[u8])) {
        let mut texts: FxHashMap<u32, Option<Arc<[u8]>>> = FxHashMap::default();
        for (name, place) in all {
            let file = &self.files[place.file as usize];
            if file.test {
                continue;
            }
            let text = texts.entry(place.file).or_insert_with(|| file.text());
            if let Some(text) = text.as_ref().and_then(|text| text.get(place.span.range())) {
                look(&name, text);
            }
        }
    }

    /// Whether a file of tests mentions `word`, or cannot be read.
    pub fn tests_mention(&self, word: &str) -> bool {
        let mut tests = self.files.iter().filter(|file| file.test);
        tests.any(|file| file.text().is_none_or(|text| outline::has_word(&text, word)))
    }

    /// The functions and methods that mention `word` and are no tests, sorted by name.
    pub fn functions_with(self: &Arc<Self>, word: &str) -> Vec<FuncRef> {
        let mut found = Vec::new();
        self.each_function(&mut |name, text| {
            if outline::has_word(text, word) {
                found.push(name.clone());
            }
        });
        found.iter().filter_map(|name| self.named(name)).collect()
    }

    /// Whether there is such a method, without parsing it.
    pub fn has_method(&self, type_name: &str, name: &str) -> bool {
        self.methods.get(type_name).is_some_and(|methods| methods.contains_key(name))
    }

    /// Whether a type of the package declares a method `name`.
    pub fn declares_method(&self, name: &str) -> bool {
        self.methods.values().any(|methods| methods.contains_key(name))
    }

    /// The names of the methods that are declared on a type, sorted.
    pub fn methods_of(&self, type_name: &str) -> Vec<Arc<str>> {
        let mut names: Vec<_> =
            self.methods.get(type_name).map(|methods| methods.keys().cloned().collect()).unwrap_or_default();
        names.sort_unstable();
        names
    }

    /// The names of all functions, methods left out, sorted.
    pub fn func_names(&self) -> Vec<Arc<str>> {
        sorted_names(&self.funcs)
    }

    /// The names of all declared types, sorted.
    pub fn type_names(&self) -> Vec<Arc<str>> {
        sorted_names(&self.types)
    }

    /// The names of all variables and constants, sorted.
    pub fn value_names(&self) -> Vec<Arc<str>> {
        sorted_names(&self.values)
    }

    /// Whether the package declares a function of that name.
    pub fn has_func(&self, name: &str) -> bool {
        self.funcs.contains_key(name)
    }

    /// Whether the package declares a type of that name.
    pub fn has_type(&self, name: &str) -> bool {
        self.types.contains_key(name)
    }

    /// Whether the package declares a variable or constant of that name.
    pub fn has_value(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// How many files define the method, each under other build tags.
    pub fn definitions(&self, type_name: &str, name: &str) -> usize {
        self.methods.get(type_name).and_then(|methods| methods.get(name)).map_or(0, Vec::len)
    }

    /// Whether several files define the function, so that the answer depends on the build tags.
    pub fn is_ambiguous(&self, name: &str) -> bool {
        self.funcs.get(name).is_some_and(|places| places.len() > 1)
    }

    /// The declaration of the type `name`.
    pub fn type_spec(&self, name: &str) -> Option<TypeRef> {
        let place = self.choose(self.types.get(name)?)?;
        let decl = self.decl(place, Source::whole)?;
        let Decl::Types(specs) = &*decl else { return None };
        let at = specs.iter().position(|spec| &*spec.name.name == name)?;
        Some(TypeRef { file: place.file as usize, decl, at })
    }

    /// The declaration of the variable or constant `name`.
    pub fn var(&self, name: &str) -> Option<ValueRef> {
        let place = self.choose(self.values.get(name)?)?;
        let decl = self.decl(place, Source::whole)?;
        let (Decl::Vars(specs) | Decl::Consts(specs)) = &*decl else { return None };
        let constant = matches!(&*decl, Decl::Consts(_));
        let spec_of = |spec: &VarSpec| spec.names.iter().position(|ident| &*ident.name == name);
        let (at, position) = specs.iter().enumerate().find_map(|(at, spec)| Some((at, spec_of(spec)?)))?;
        Some(ValueRef { file: place.file as usize, constant, position, decl, at })
    }

    fn func_at(self: &Arc<Self>, place: DeclPosition) -> Option<FuncRef> {
        let Decl::Func(decl) = &*self.decl(place, Source::function)? else { return None };
        let unread_body = !decl.has_body() && place.span.end - place.span.start > MAX_BODY_BYTES;
        Some(FuncRef { package: self.clone(), file: place.file as usize, decl: decl.clone(), unread_body })
    }

    /// The declaration as `parse` reads it; `None` when it cannot be read or its syntax is refused.
    fn decl(&self, place: DeclPosition, parse: fn(Source) -> Option<Decl>) -> Option<Arc<Decl>> {
        let key = (place.file, place.span.start);
        // A panic while the lock was held can leave nothing half done: both fields are replaced whole.
        if let Some(known) = self.parsed.lock().unwrap_or_else(PoisonError::into_inner).decls.get(&key) {
            return known.clone();
        }
        let PackageFile { file, text, .. } = &self.files[place.file as usize];
        let source = Source { file: file.clone(), text: text.clone(), span: place.span };
        let decl = parse(source).map(Arc::new);
        let mut memory = self.parsed.lock().unwrap_or_else(PoisonError::into_inner);
        memory.bytes += (place.span.end - place.span.start) as usize;
        if memory.bytes > MAX_REMEMBERED_BYTES {
            *memory = Memory::default();
        }
        memory.decls.insert(key, decl.clone());
        decl
    }
}

fn sorted_names(table: &FxHashMap<Arc<str>, Vec<DeclPosition>>) -> Vec<Arc<str>> {
    let mut names: Vec<_> = table.keys().cloned().collect();
    names.sort_unstable();
    names
}

/// Whether a file name ends in a system other than Linux and the other Unixes that share its files.
fn is_foreign(name: &str) -> bool {
    const FOREIGN: [&str; 14] = [
        "aix",
        "android",
        "darwin",
        "dragonfly",
        "freebsd",
        "illumos",
        "ios",
        "js",
        "netbsd",
        "openbsd",
        "plan9",
        "solaris",
        "wasip1",
        "windows",
    ];
    let stem = name.trim_end_matches(".go").trim_end_matches("_test");
    let mut words = stem.rsplit('_');
    let last = words.next().unwrap_or_default();
    let before = words.next();
    // The first word of a name is never a build constraint.
    before.is_some()
        && (FOREIGN.contains(&last)
            || (words.next().is_some() && before.is_some_and(|word| FOREIGN.contains(&word))))
}
