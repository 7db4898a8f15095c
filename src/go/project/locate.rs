//! Import path -> the folder that holds the package's source, without running Go and without network.
//!
//! Looked for where Go looks: the module itself, `replace`, the workspace, `vendor/`, the module cache, the
//! Go installation; and in a tree from before modules where its own import prefix leads. Which build tags
//! hold, and what the source says, is for others to find out.

mod disk;
mod environment;
mod located;
pub mod paths;
mod prefix;
mod scope;
mod steps;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::base::diagnostic::RunFault;
use crate::base::memo::OnceMemo;
use crate::base::sys;
use scope::{Scope, Tree, Vendor, Workspace};

pub use environment::Environment;
pub use located::{Located, Provenance};
pub use paths::{is_std, normal};
pub use scope::Module;

/// Finds packages. Every folder, module and import is looked at once, however many threads ask; the answers
/// do not change while it lives.
pub struct Locator {
    env: Environment,
    working_dir: PathBuf,
    main: Option<PathBuf>,
    /// Folder as asked for -> its scope.
    folders: OnceMemo<OsString, Arc<Scope>>,
    /// Root folder -> its scope.
    scopes: OnceMemo<PathBuf, Arc<Scope>>,
    import_paths: OnceMemo<OsString, Option<Arc<str>>>,
    dependencies: OnceMemo<OsString, bool>,
    /// Folder -> what its own `go.mod`, `go.work`, `vendor/modules.txt` says.
    modules: OnceMemo<PathBuf, Option<Arc<Module>>>,
    workspaces: OnceMemo<PathBuf, Option<Arc<Workspace>>>,
    vendors: OnceMemo<PathBuf, Arc<Vendor>>,
    /// Folder -> the tree without `go.mod` that it is the top of.
    trees: OnceMemo<PathBuf, Option<Arc<Tree>>>,
    /// The top of what is scanned -> whether it was written before there were modules.
    before_modules: OnceMemo<PathBuf, bool>,
    /// Folder -> whether it has Go files.
    packages: OnceMemo<PathBuf, bool>,
    faults: Mutex<Vec<RunFault>>,
}

impl Locator {
    /// A locator that looks where `env` says. Relative folders count from the working directory of this
    /// moment.
    pub fn new(mut env: Environment) -> Locator {
        let working_dir = sys::working_dir().unwrap_or_default();
        for root in [&mut env.gomodcache, &mut env.goroot].into_iter().flatten() {
            *root = working_dir.join(&*root);
        }
        Locator {
            env,
            working_dir,
            main: None,
            folders: OnceMemo::default(),
            scopes: OnceMemo::default(),
            import_paths: OnceMemo::default(),
            dependencies: OnceMemo::default(),
            modules: OnceMemo::default(),
            workspaces: OnceMemo::default(),
            vendors: OnceMemo::default(),
            trees: OnceMemo::default(),
            before_modules: OnceMemo::default(),
            packages: OnceMemo::default(),
            faults: Mutex::default(),
        }
    }

    /// Makes the module around `dir` the one whose build is looked at: for imports *of its dependencies* the
    /// versions and replacements that it selects go before those that the dependency asks for, as in Go.
    /// Without, each dependency is looked at by itself.
    pub fn with_main(mut self, dir: &Path) -> Locator {
        self.main = Some(self.absolute(dir));
        self
    }

    /// The module that the folder `dir` belongs to: that of the nearest `go.mod` at or above it. A folder
    /// below `vendor/` belongs to the module with the `vendor` folder.
    pub fn module_of(&self, dir: &Path) -> Option<Arc<Module>> {
        self.scope(dir).module.clone()
    }

    /// Whether the folder `dir` holds somebody else's code: it lies in the module cache, in the Go
    /// installation, or below a `vendor` folder. A tree of [`Locator::with_main`] that lies in one of the
    /// first two is its own all the same.
    pub fn is_dependency(&self, dir: &Path) -> bool {
        self.dependencies.once(dir.as_os_str(), || self.find_dependency(dir))
    }

    fn find_dependency(&self, dir: &Path) -> bool {
        let own = self.main.as_ref().and_then(|main| Some((main, dir.strip_prefix(main).ok()?)));
        let vendored = |path: &Path| {
            path.components().any(|part| part.as_os_str() == "vendor" || part.as_os_str() == "_workspace")
        };
        // A main tree around the module cache, someone's home, makes nothing in the cache its own.
        let within =
            |root: &PathBuf| dir.starts_with(root) && !own.is_some_and(|(main, _)| main.starts_with(root));
        vendored(own.map_or(dir, |(_, below)| below))
            || [&self.env.gomodcache, &self.env.goroot].into_iter().flatten().any(within)
    }

    /// The import path of the package in `dir`; `None` when neither a module nor a `src` folder above gives
    /// it one, nor what a tree from before modules says of itself.
    pub fn import_path(&self, dir: &Path) -> Option<Arc<str>> {
        self.import_paths.once(dir.as_os_str(), || self.find_import_path(&self.absolute(dir)))
    }

    /// Where the source of `import` is, for a file in the folder `from_dir`.
    pub fn locate(&self, from_dir: &Path, import: &str) -> Located {
        let scope = self.scope(from_dir);
        scope.answers.once(import, || self.find(&scope, import))
    }

    /// The module of `import` and its version as go.mod (else `vendor/modules.txt`) selects them,
    /// replacements applied. `None` for the module itself, the standard library, modules replaced by a
    /// folder, and what no file names. Looks at no source.
    pub fn version_of(&self, from_dir: &Path, import: &str) -> Option<(Arc<str>, Arc<str>)> {
        let scope = self.scope(from_dir);
        let (module, version) = scope.owner(import).or_else(|| self.vendored_owner(&scope, import))?;
        Some((module, version?))
    }

    /// What was wrong with the `go.mod`, `go.work` and `modules.txt` files that were read so far, each once,
    /// sorted.
    pub fn faults(&self) -> Vec<RunFault> {
        let mut faults = self.faults.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        faults.sort();
        faults.dedup();
        faults
    }

    fn find_import_path(&self, dir: &Path) -> Option<Arc<str>> {
        if let Some(vendored) = below_vendor(dir) {
            return Some(paths::slashed(&vendored)?.into());
        }
        let Some(module) = self.module_of(dir) else {
            let below_src = below_src(dir).and_then(|rest| paths::slashed(&rest));
            let hosted = below_src.clone().filter(|path| !paths::is_std(path));
            return Some(hosted.or_else(|| self.path_by_prefix(dir)).or(below_src)?.into());
        };
        let rest = paths::slashed(dir.strip_prefix(&module.dir).ok()?)?;
        match (&*module.path, &*rest) {
            ("", _) | ("std", "") => None,
            ("std", _) => Some(rest.into()),
            (_, "") => Some(module.path.clone()),
            (path, rest) => Some(format!("{path}/{rest}").into()),
        }
    }
}

/// What follows the last `vendor` folder in `dir`, if anything does and it begins as import paths of other
/// modules do.
fn below_vendor(dir: &Path) -> Option<PathBuf> {
    let vendor =
        dir.ancestors().skip(1).find(|above| above.file_name().is_some_and(|name| name == "vendor"))?;
    let rest = dir.strip_prefix(vendor).ok()?;
    let foreign = rest.components().next()?.as_os_str().to_str()?.contains('.');
    foreign.then(|| rest.to_path_buf())
}

/// What follows a `src` folder in `dir`: the outermost below which a host's name follows, else the nearest.
fn below_src(dir: &Path) -> Option<PathBuf> {
    let sources = dir.ancestors().skip(1).filter(|above| above.file_name().is_some_and(|name| name == "src"));
    let mut rests: Vec<&Path> = sources.filter_map(|source| dir.strip_prefix(source).ok()).collect();
    rests.reverse();
    let hosted = |rest: &&&Path| {
        rest.components().next().is_some_and(|first| first.as_os_str().to_string_lossy().contains('.'))
    };
    rests.iter().find(hosted).or(rests.last()).map(|rest| rest.to_path_buf())
}
