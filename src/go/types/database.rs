//! All packages that a run has asked for, loaded when asked and once, and what names mean between them.
//!
//! The questions about types are answered in `underlying` (declared types), `members` (fields and methods),
//! `expressions` (expressions and calls), `closable` (what releases a type) and `retention` (what a type
//! holds on to).

#[cfg(test)]
pub(crate) mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::base::diagnostic::Evidence;
use crate::base::memo::Memo;
use crate::base::sys;
use crate::base::text::{LineIndex, Span};
use crate::go::index::holds::Holds;
use crate::go::index::reader::Index;
use crate::go::project::locate::{Located, Locator, Provenance, normal};
pub use crate::go::project::names::exported;
use crate::go::project::names::{Missing, guess_package_name, is_major};
use crate::go::project::package::{FuncRef, Membership, Package, Texts, is_test, read_folder};
use crate::go::syntax::outline::Import;
use crate::go::types::release::ClosableAnswer;
use crate::go::types::type_expr::Type;

/// A file above this size is not read for the line of a place in it.
const MAX_EVIDENCE_BYTES: u64 = 64 << 20;

/// A file of a package: what its names are resolved in.
#[derive(Clone)]
pub struct FileScope {
    pub package: Arc<Package>,
    /// Index into the package's files.
    pub file: usize,
}

impl FileScope {
    /// The scope in which a function's own names mean something.
    pub fn of(func: &FuncRef) -> FileScope {
        FileScope { package: func.package.clone(), file: func.file }
    }

    /// What the file imports.
    pub fn imports(&self) -> &[Import] {
        &self.package.files[self.file].imports
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.package.files[self.file].file
    }

    /// Whether it is a `_test.go` file.
    pub fn is_test(&self) -> bool {
        self.package.files[self.file].test
    }

    /// The import paths of the file's dot imports.
    pub fn dot_imports(&self) -> impl Iterator<Item = &Arc<str>> {
        self.imports().iter().filter(|import| import.name.as_deref() == Some(".")).map(|import| &import.path)
    }
}

impl std::fmt::Debug for FileScope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.path().display())
    }
}

type Folder = Arc<[Arc<Package>]>;

/// An import's package, or why its source is not there.
type Imported = Result<Arc<Package>, Arc<Missing>>;

/// The modules that an index is made of.
#[derive(Debug, Default)]
pub(crate) struct Spares {
    /// All of them: path and version.
    pub modules: BTreeSet<(Arc<str>, Arc<str>)>,
    /// The folder of each module's newest version, which stands in for dependencies on others.
    pub newest: BTreeMap<Arc<str>, PathBuf>,
}

/// Everything known of Go source and of the shipped index.
pub struct Database {
    pub(crate) locator: Locator,
    pub(crate) index: Option<&'static Index>,
    /// Paths in evidence are told relative to this folder.
    base: PathBuf,
    working_dir: PathBuf,
    /// The modules that are all there is, where that was said.
    spares: Option<Arc<Spares>>,
    /// What was read before and is held anyway.
    texts: Texts,
    folders: Memo<(PathBuf, bool), Folder>,
    imports: Memo<(PathBuf, Arc<str>), Imported>,
    import_names: Memo<(PathBuf, Arc<str>), Option<Arc<str>>>,
    pub(crate) closables: Memo<(Type, Arc<str>, String), ClosableAnswer>,
    pub(crate) holds: Memo<(Type, Arc<str>, Type), Holds>,
    /// Resource -> the declared types that its fields are made of.
    pub(crate) parts: Memo<(Type, Arc<str>), Arc<[Type]>>,
    lines: Memo<PathBuf, Option<Arc<LineIndex>>>,
}

/// Whether the package is called by names of its own, wherever it lies: of a toolchain or a module cache.
fn is_foreign(package: &Package) -> bool {
    matches!(package.origin, Some(Provenance::Goroot | Provenance::ModuleCache))
}

impl Database {
    /// A world that finds packages through `locator`, knows the shipped index where source is missing, and
    /// prints paths relative to `base`.
    pub fn new(locator: Locator, base: &Path) -> Database {
        Database { index: Some(Index::shipped()), ..Database::without_index(locator, base) }
    }

    /// A world that knows only source: what `unleak index` reads with.
    pub fn without_index(locator: Locator, base: &Path) -> Database {
        let working_dir = sys::working_dir().unwrap_or_default();
        Database {
            locator,
            index: None,
            base: normal(&working_dir.join(base)),
            working_dir,
            spares: None,
            texts: Texts::default(),
            folders: Memo::default(),
            imports: Memo::default(),
            import_names: Memo::default(),
            closables: Memo::default(),
            holds: Memo::default(),
            parts: Memo::default(),
            lines: Memo::default(),
        }
    }

    /// The same with nothing but these modules, whatever else a module cache holds.
    pub(crate) fn with_spares(self, spares: Arc<Spares>) -> Database {
        Database { spares: Some(spares), ..self }
    }

    /// The same, in which these files need not be read.
    pub fn with_texts<'t>(self, texts: impl Iterator<Item = (&'t Path, Arc<[u8]>)>) -> Database {
        let texts = texts.map(|(file, text)| (self.absolute(file), text)).collect();
        Database { texts, ..self }
    }

    /// What finds packages.
    pub fn locator(&self) -> &Locator {
        &self.locator
    }

    /// The package that an import of the scanned folder `dir` would mean, tests left out; for a folder with
    /// nothing but tests, theirs.
    pub fn package_at(&self, dir: &Path) -> Option<Arc<Package>> {
        let first = |tests| self.packages_in(dir, tests).first().cloned();
        first(false).or_else(|| first(true))
    }

    /// All packages of the scanned folder `dir`; with `tests` the `_test.go` files belong to them, and the
    /// external test package (`foo_test`) is among them.
    pub fn packages_in(&self, dir: &Path, tests: bool) -> Folder {
        let dir = &self.absolute(dir);
        let key = (dir.clone(), tests);
        if let Some(known) = self.folders.get(&key) {
            return known;
        }
        let module = self.locator.module_of(dir).map(|module| module.path.clone());
        let path = self.locator.import_path(dir).unwrap_or_else(|| Arc::from(dir.to_string_lossy()));
        let origin = module.is_some().then_some(Provenance::Module);
        self.load(dir, &Membership { path, origin, module: module.unwrap_or_default(), version: None }, tests)
    }

    /// The scope of a scanned file; `None` when it has no package clause or cannot be read.
    pub fn scope_of(&self, file: &Path) -> Option<FileScope> {
        let file = &self.absolute(file);
        let dir = file.parent()?;
        let tests = is_test(file);
        let packages = self.packages_in(dir, tests);
        packages
            .iter()
            .find_map(|package| Some(FileScope { package: package.clone(), file: package.file_index(file)? }))
    }

    /// Paths as the locator tells them, so that one folder is one key.
    fn absolute(&self, path: &Path) -> PathBuf {
        normal(&self.working_dir.join(path))
    }

    /// The package with what its tests declare, which share its names.
    pub fn with_tests(&self, package: &Package) -> Vec<Arc<Package>> {
        let member = Membership {
            path: package.path.clone(),
            origin: package.origin,
            module: package.module.clone(),
            version: package.version.clone(),
        };
        let all = self.load(&package.dir, &member, true);
        all.iter().filter(|other| other.name == package.name).cloned().collect()
    }

    pub(crate) fn load(&self, dir: &Path, member: &Membership, tests: bool) -> Folder {
        let key = (dir.to_path_buf(), tests);
        let read = || read_folder(dir, member, tests, &self.texts);
        self.folders.get_or(key, |_| read().into_iter().map(Arc::new).collect())
    }

    /// The package that `path` means when the file of `scope` imports it.
    ///
    /// # Errors
    /// When its source is not there; why.
    pub fn import(&self, scope: &FileScope, path: &str) -> Result<Arc<Package>, Arc<Missing>> {
        self.import_from(&scope.package.dir, path)
    }

    /// As [`Database::import`], from any file of the folder `dir`.
    ///
    /// # Errors
    /// When its source is not there; why.
    pub fn import_from(&self, dir: &Path, path: &str) -> Result<Arc<Package>, Arc<Missing>> {
        let path: Arc<str> = Arc::from(path);
        let key = (dir.to_path_buf(), path.clone());
        self.imports.get_or(key, |_| self.find_import(dir, &path).map_err(Arc::new))
    }

    fn find_import(&self, from: &Path, path: &Arc<str>) -> Result<Arc<Package>, Missing> {
        let missing = |module, version, why: String| Missing {
            path: path.clone(),
            module,
            version,
            why,
            from: Arc::from(from),
        };
        if matches!(&**path, "C" | "unsafe") {
            return Err(missing(None, None, "it is cgo's or the compiler's own".to_string()));
        }
        match self.locator.locate(from, path) {
            Located::Missing { module, version, why } => {
                self.spare(path).ok_or_else(|| missing(module, version, why))
            }
            Located::Found { dir, module, version, origin } => {
                let is_read = |all: &Arc<Spares>| {
                    let of_version = |version| all.modules.contains(&(module.clone(), version));
                    version.clone().is_some_and(of_version)
                };
                if origin == Provenance::ModuleCache && !self.spares.as_ref().is_none_or(is_read) {
                    let why = "it is none of the modules that are read".to_string();
                    return self.spare(path).ok_or_else(|| missing(Some(module), version, why));
                }
                // A folder of the tree itself is one package, from wherever it is asked for.
                if origin == Provenance::Gopath
                    && let Some(own) = self.packages_in(&dir, false).first()
                {
                    return Ok(own.clone());
                }
                let member = Membership {
                    path: path.clone(),
                    origin: Some(origin),
                    module: module.clone(),
                    version: version.clone(),
                };
                let packages = self.load(&dir, &member, false);
                let module = (!module.is_empty()).then_some(module);
                let empty =
                    || missing(module, version, "its folder has no Go files that can be read".to_string());
                packages.first().cloned().ok_or_else(empty)
            }
        }
    }

    /// A package of the modules that stand in for missing ones.
    fn spare(&self, path: &Arc<str>) -> Option<Arc<Package>> {
        let newest = &self.spares.as_ref()?.newest;
        let mut module: &str = path;
        while !newest.contains_key(module) {
            module = module.rsplit_once('/')?.0;
        }
        let dir = newest[module].join(path[module.len()..].trim_start_matches('/'));
        let member = Membership {
            path: path.clone(),
            origin: Some(Provenance::ModuleCache),
            module: Arc::from(module),
            version: None,
        };
        self.load(&dir, &member, false).first().cloned()
    }

    /// The import path that `ident` stands for in the file of `scope`; `None` when no import has that name.
    ///
    /// A name without alias is the package's real one where its source or the index tells it, else what the
    /// path suggests.
    pub fn resolve_import_name(&self, scope: &FileScope, ident: &str) -> Option<Arc<str>> {
        let mut plain = Vec::new();
        for import in scope.imports() {
            match import.name.as_deref() {
                Some(name) if name == ident => return Some(import.path.clone()),
                Some(_) => {}
                None => plain.push(import),
            }
        }
        // What the path suggests is right but for a few: only when nothing fits are packages opened for their
        // real name.
        let fits = |import: &&&Import| guess_package_name(&import.path) == ident;
        if let Some(import) = plain.iter().find(fits) {
            return Some(import.path.clone());
        }
        let key = (scope.path().to_path_buf(), Arc::from(ident));
        if let Some(known) = self.import_names.get(&key) {
            return known;
        }
        let real = |import: &&&Import| self.real_name(scope, &import.path).as_deref() == Some(ident);
        // A path that nobody can open and that has the name as one of its last element's words:
        // `mailjet-apiv3-go`.
        let words = |path: &str| {
            path.rsplit('/')
                .find(|word| !is_major(word))
                .is_some_and(|last| last.split(['-', '.']).any(|word| word == ident))
        };
        let likely = |import: &&&Import| words(&import.path) && self.real_name(scope, &import.path).is_none();
        let found =
            plain.iter().find(real).or_else(|| plain.iter().find(likely)).map(|import| import.path.clone());
        self.import_names.put(key, found)
    }

    /// Whether the package is somebody else's. A package of the module cache that its own module imports was
    /// found in that module: then the place tells.
    pub fn is_dependency(&self, package: &Package) -> bool {
        let found =
            matches!(package.origin, Some(Provenance::ModuleCache | Provenance::Vendor | Provenance::Goroot));
        found || self.locator.is_dependency(&package.dir)
    }

    fn real_name(&self, scope: &FileScope, path: &str) -> Option<Arc<str>> {
        match self.import(scope, path) {
            Ok(package) => Some(package.name.clone()),
            Err(_) => self.index.and_then(|index| index.package_name(path)).map(Arc::from),
        }
    }

    /// The function that the bare name means in the file of `scope`: the package's own, or a dot-imported
    /// one.
    pub fn lookup_func(&self, scope: &FileScope, name: &str) -> Option<FuncRef> {
        scope.package.func(name).or_else(|| {
            scope.dot_imports().find_map(|path| {
                let package = self.import(scope, path).ok()?;
                exported(name).then(|| package.func(name)).flatten()
            })
        })
    }

    /// The function `name` of the package that `scope` imports as `path`; `None` when that package has none.
    ///
    /// # Errors
    /// When the package's source is not there.
    pub fn package_func(
        &self,
        scope: &FileScope,
        path: &str,
        name: &str,
    ) -> Result<Option<FuncRef>, Arc<Missing>> {
        Ok(self.import(scope, path)?.func(name))
    }

    /// A package's file as printed: relative to the working folder where it lies below it; `module@version/…`
    /// for a dependency.
    pub fn display_path(&self, package: &Package, file: usize) -> Arc<str> {
        let file = &package.files[file].file;
        if !is_foreign(package)
            && let Ok(below) = file.strip_prefix(&self.base)
        {
            return Arc::from(below.to_string_lossy().replace('\\', "/"));
        }
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let below = package.path.strip_prefix(&*package.module).unwrap_or_default().trim_start_matches('/');
        match (&package.version, package.origin) {
            (Some(version), Some(Provenance::ModuleCache | Provenance::Replace | Provenance::Vendor))
                if below.is_empty() =>
            {
                Arc::from(format!("{}@{version}/{name}", package.module))
            }
            (Some(version), Some(Provenance::ModuleCache | Provenance::Replace | Provenance::Vendor)) => {
                Arc::from(format!("{}@{version}/{below}/{name}", package.module))
            }
            (_, Some(Provenance::Goroot | Provenance::ModuleCache | Provenance::Vendor)) => {
                Arc::from(format!("{}/{name}", package.path))
            }
            _ => Arc::from(file.to_string_lossy()),
        }
    }

    /// The same for use within words: a file of the repository counts from its module, so that the words are
    /// the same wherever a run was started.
    pub fn path_in_module(&self, package: &Package, file: usize) -> Arc<str> {
        match package.path.strip_prefix(&*package.module) {
            Some(below) if !package.module.is_empty() && !is_foreign(package) => {
                let name = package.files[file].file.file_name().unwrap_or_default().to_string_lossy();
                Arc::from(format!("{below}/{name}").trim_start_matches('/'))
            }
            _ => self.display_path(package, file),
        }
    }

    /// What has to hold for a file of a package to be part of a build, as it says itself; `None` where it
    /// always is.
    pub fn build_constraint(&self, package: &Package, file: usize) -> Option<String> {
        let file = package.files.get(file)?;
        if file.foreign {
            return Some(file.file.file_name()?.to_string_lossy().into_owned());
        }
        let text = sys::read(&file.file, MAX_EVIDENCE_BYTES).ok()?;
        let head = text.split(|byte| *byte == b'\n').take_while(|line| !line.starts_with(b"package "));
        let asks = head.filter_map(|line| line.strip_prefix(b"//go:build ")).next()?;
        Some(String::from_utf8_lossy(asks).trim().to_owned())
    }

    /// Line and column of a place in a package's file, both from 1; zeros when it cannot be read any more.
    pub fn line_column(&self, package: &Package, file: usize, span: Span) -> (u32, u32) {
        let path = &package.files[file].file;
        let index = self.lines.get(path).unwrap_or_else(|| {
            let index = sys::read(path, MAX_EVIDENCE_BYTES).ok().map(|text| Arc::new(LineIndex::new(&text)));
            self.lines.put(path.clone(), index)
        });
        index.map_or((0, 0), |index| index.line_column(span.start))
    }

    /// A place in a package's file, with what is to be said of it.
    pub fn place(&self, scope: &FileScope, span: Span, words: impl Into<String>) -> Evidence {
        let (line, column) = self.line_column(&scope.package, scope.file, span);
        let path = self.display_path(&scope.package, scope.file);
        Evidence { path, line, column, span: None, words: words.into() }
    }
}
