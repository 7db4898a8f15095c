//! What governs a folder: its module, the workspace around it, the versions that these select.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::located::Located;
use super::paths;
use crate::base::memo::OnceMemo;
use crate::go::project::gomod::{
    GoMod, GoWork, Replace, Replacement, Require, Vendored, VendoredModule, compare_versions,
};

/// A module: a folder with a `go.mod`, or a folder of the module cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// Its path; empty when its `go.mod` cannot be read or names none.
    pub path: Arc<str>,
    /// Its folder, absolute.
    pub dir: PathBuf,
    /// The version in the `go` directive.
    pub go_version: Option<Arc<str>>,
    /// Module path -> the version that `go.mod` requires.
    pub requires: FxHashMap<Arc<str>, Arc<str>>,
    /// In the file's order.
    pub replaces: Vec<Replace>,
}

impl Module {
    pub(super) fn new(dir: &Path, file: GoMod) -> Module {
        let mut requires = FxHashMap::default();
        for Require { path, version, .. } in file.requires {
            select(&mut requires, &path, &version);
        }
        let path = file.module.unwrap_or_default();
        Module { path, dir: dir.to_path_buf(), go_version: file.go, requires, replaces: file.replaces }
    }

    /// A module that has no `go.mod`: old ones in the module cache.
    pub(super) fn bare(dir: &Path, path: &str) -> Module {
        Module::new(dir, GoMod { module: Some(path.into()), ..GoMod::default() })
    }
}

/// Sets `path` to `version` unless a greater one is set.
fn select(selected: &mut FxHashMap<Arc<str>, Arc<str>>, path: &Arc<str>, version: &Arc<str>) {
    let known = selected.entry(path.clone()).or_insert_with(|| version.clone());
    if compare_versions(known, version).is_lt() {
        *known = version.clone();
    }
}

/// A `go.work` with its modules.
#[derive(Debug)]
pub(super) struct Workspace {
    pub dir: PathBuf,
    /// Module path -> module.
    pub members: FxHashMap<Arc<str>, Arc<Module>>,
    /// The greatest versions that its modules require.
    requires: FxHashMap<Arc<str>, Arc<str>>,
    /// Those of the `go.work` first, each with the folder that its path counts from.
    replaces: Vec<(PathBuf, Replace)>,
}

impl Workspace {
    /// The workspace in `dir`; `members` are the modules in the folders that `file` names.
    pub fn new(dir: &Path, file: GoWork, members: Vec<Arc<Module>>) -> Workspace {
        let mut requires = FxHashMap::default();
        let mut replaces: Vec<_> =
            file.replaces.into_iter().map(|replace| (dir.to_path_buf(), replace)).collect();
        for member in &members {
            member.requires.iter().for_each(|(path, version)| select(&mut requires, path, version));
            replaces.extend(member.replaces.iter().map(|replace| (member.dir.clone(), replace.clone())));
        }
        let members = members.into_iter().map(|module| (module.path.clone(), module)).collect();
        Workspace { dir: dir.to_path_buf(), members, requires, replaces }
    }
}

/// A tree without `go.mod` that has an import path all the same.
#[derive(Debug)]
pub(super) struct Tree {
    pub dir: PathBuf,
    /// The import path of its top.
    pub prefix: Arc<str>,
}

/// All folders of one module share a scope; a folder without module has one of its own.
pub(super) struct Scope {
    /// The module's folder, or the folder itself.
    pub dir: PathBuf,
    pub module: Option<Arc<Module>>,
    /// Only when the module is one of its members.
    pub work: Option<Arc<Workspace>>,
    /// Whether this is source outside of the tree: in the module cache or the Go installation.
    pub foreign: bool,
    /// The module in whose build a foreign one is looked at.
    pub main: Option<Arc<Scope>>,
    /// What was asked for already, by import path.
    pub answers: OnceMemo<Arc<str>, Located>,
}

/// What stands in for a module.
pub(super) enum Substitute<'a> {
    Folder(PathBuf),
    Module { path: &'a Arc<str>, version: &'a Arc<str> },
}

impl Scope {
    /// The version selected for the module `path`, replacements aside.
    pub fn required(&self, path: &str) -> Option<&Arc<str>> {
        // What the main module selects holds for all modules of its build.
        let of_main = self.main.as_ref().and_then(|main| main.required(path));
        let own = match (&self.work, &self.module) {
            (Some(work), _) => work.requires.get(path),
            (None, module) => module.as_ref().and_then(|module| module.requires.get(path)),
        };
        of_main.or(own)
    }

    /// What stands in for the module `path`. One for its very version goes before one for all versions.
    pub fn substitute(&self, path: &str) -> Option<Substitute<'_>> {
        // Only the main module's replacements count.
        if let Some(main) = &self.main {
            return main.substitute(path);
        }
        let required = self.required(path);
        let fitting = |for_version: bool| {
            let mut replaces = self
                .replaces()
                .filter(|(_, replace)| &*replace.path == path && replace.version.is_some() == for_version);
            replaces.find(|(_, replace)| !for_version || replace.version.as_ref() == required)
        };
        let (base, replace) = fitting(true).or_else(|| fitting(false))?;
        Some(match &replace.with {
            Replacement::Folder(folder) => Substitute::Folder(paths::normal(&base.join(&**folder))),
            Replacement::Module { path, version } => Substitute::Module { path, version },
        })
    }

    fn replaces(&self) -> impl Iterator<Item = (&Path, &Replace)> {
        let of_work = self
            .work
            .iter()
            .flat_map(|work| work.replaces.iter().map(|(base, replace)| (base.as_path(), replace)));
        let own = self
            .module
            .iter()
            .flat_map(|module| module.replaces.iter().map(|replace| (module.dir.as_path(), replace)));
        of_work.chain(own)
    }

    /// The module that `import` belongs to as far as `go.mod` tells, the longest path first, and its version.
    /// A module that a folder stands in for has no version.
    pub fn owner(&self, import: &str) -> Option<(Arc<str>, Option<Arc<str>>)> {
        paths::prefixes(import).find_map(|path| match (self.substitute(path), self.required(path)) {
            (Some(Substitute::Folder(_)), _) => Some((path.into(), None)),
            (Some(Substitute::Module { path, version }), _) => Some((path.clone(), Some(version.clone()))),
            (None, Some(version)) => Some((path.into(), Some(version.clone()))),
            (None, None) => None,
        })
    }

    /// The folder that a module or workspace keeps its source in: what lies below is its own.
    pub fn root(&self) -> &Path {
        self.work.as_ref().map_or(&self.dir, |work| &work.dir)
    }

    /// The folders that may have a `vendor` folder for this scope, the nearest first.
    pub fn vendor_parents(&self) -> Vec<&Path> {
        let mut parents: Vec<&Path> = match &self.module {
            Some(_) => vec![&self.dir],
            None => self.dir.ancestors().collect(),
        };
        parents.extend(self.work.as_ref().map(|work| work.dir.as_path()));
        parents.extend(self.main.iter().flat_map(|main| main.vendor_parents()));
        parents
    }
}

/// A `vendor` folder's `modules.txt`, made ready for questions. Empty without one.
#[derive(Debug, Default)]
pub(super) struct Vendor {
    modules: Vec<VendoredModule>,
    /// Import path -> index in `modules`.
    packages: FxHashMap<Arc<str>, usize>,
}

impl Vendor {
    pub fn new(file: Vendored) -> Vendor {
        let listed = file
            .modules
            .iter()
            .enumerate()
            .flat_map(|(at, module)| module.packages.iter().map(move |path| (path.clone(), at)));
        Vendor { packages: listed.collect(), modules: file.modules }
    }

    /// The module of the package `import` and its version: those of the module that was copied.
    pub fn owner(&self, import: &str) -> Option<(Arc<str>, Option<Arc<str>>)> {
        let listed = self.packages.get(import).map(|&at| &self.modules[at]);
        let by_path = || {
            self.modules
                .iter()
                .filter(|module| paths::below(&module.path, import).is_some())
                .max_by_key(|module| module.path.len())
        };
        let module = listed.or_else(by_path)?;
        Some(match &module.replaced {
            Some(Replacement::Folder(_)) => (module.path.clone(), None),
            Some(Replacement::Module { path, version }) => (path.clone(), Some(version.clone())),
            None => (module.path.clone(), module.version.clone()),
        })
    }
}
