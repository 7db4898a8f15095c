//! What the disk says of a folder: its `go.mod`, the workspace above it, whether it has Go files. Every
//! question is put once.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use super::scope::{Module, Scope, Vendor, Workspace};
use super::{Locator, paths};
use crate::base::diagnostic::RunFault;
use crate::base::sys::{self, Error, Kind};
use crate::go::project::gomod;
use crate::go::project::gomod::GoMod;

/// The most that is read of a `go.mod`, `go.work` or `modules.txt`.
const MAX_FILE_BYTES: u64 = 16 << 20;

impl Locator {
    /// What governs the folder `dir`.
    pub(super) fn scope(&self, dir: &Path) -> Arc<Scope> {
        self.folders.once(dir.as_os_str(), || {
            let root = self.root_of(&self.absolute(dir));
            self.scopes.once(root.as_path(), || Arc::new(self.load_scope(&root)))
        })
    }

    /// `dir` from the root of the file system, without `.` and `..`.
    pub(super) fn absolute(&self, dir: &Path) -> PathBuf {
        let whole = self.working_dir.join(dir);
        if whole.components().any(|part| part == std::path::Component::ParentDir) {
            // Behind a link `..` leads elsewhere than the text says.
            if let Ok(real) = sys::real_path(&whole) {
                return real;
            }
        }
        paths::normal(&whole)
    }

    /// The folder whose `go.mod` governs `dir`; `dir` itself when there is none.
    fn root_of(&self, dir: &Path) -> PathBuf {
        let nearest = |dir: &Path| dir.ancestors().find(|above| self.is_root(above)).map(Path::to_path_buf);
        // Old tools copied the go.mod of a dependency into `vendor/`. It governs nothing there, whether there
        // is one above or none.
        for vendor in dir.ancestors().filter(|above| above.file_name().is_some_and(|name| name == "vendor")) {
            let owner = vendor
                .parent()
                .filter(|owner| self.is_root(owner) || sys::kind(&vendor.join("modules.txt")).is_some());
            if let Some(root) = owner.and_then(nearest) {
                return root;
            }
            let hosted = dir.strip_prefix(vendor).is_ok_and(|below| {
                below
                    .components()
                    .next()
                    .is_some_and(|first| first.as_os_str().to_string_lossy().contains('.'))
            });
            if hosted && vendor.parent().and_then(nearest).is_none() {
                return dir.to_path_buf();
            }
        }
        nearest(dir).unwrap_or_else(|| dir.to_path_buf())
    }

    fn is_root(&self, dir: &Path) -> bool {
        self.cached_module_path(dir).is_some() || self.module_at(dir).is_some()
    }

    fn load_scope(&self, root: &Path) -> Scope {
        let bare = || self.cached_module_path(root).map(|path| Arc::new(Module::bare(root, &path)));
        let module = self.module_at(root).or_else(bare);
        let foreign = self.is_foreign(root);
        let work = module.as_ref().filter(|_| !foreign).and_then(|module| self.workspace_of(module));
        let main = self.main.as_ref().filter(|_| self.is_cached(root)).map(|main| self.root_of(main));
        // The main module's own scope never asks for that of a dependency.
        let main = main.filter(|main| !self.is_cached(main)).map(|main| self.scope(&main));
        Scope { dir: root.to_path_buf(), module, work, foreign, main, answers: Default::default() }
    }

    /// Whether `dir` lies in the module cache or the Go installation.
    fn is_foreign(&self, dir: &Path) -> bool {
        self.is_cached(dir) || self.env.goroot.as_ref().is_some_and(|root| dir.starts_with(root))
    }

    fn is_cached(&self, dir: &Path) -> bool {
        self.env.gomodcache.as_ref().is_some_and(|cache| dir.starts_with(cache))
    }

    /// The module that `dir` is the root of in the module cache, as the folder's name spells it.
    fn cached_module_path(&self, dir: &Path) -> Option<String> {
        let rest = paths::slashed(dir.strip_prefix(self.env.gomodcache.as_ref()?).ok()?)?;
        let (path, version) = rest.split_once('@')?;
        (!version.contains('/')).then(|| paths::unescape(path))
    }

    /// The module whose `go.mod` lies in `dir` itself. One that cannot be read is a module without path: it
    /// still ends the outer one.
    pub(super) fn module_at(&self, dir: &Path) -> Option<Arc<Module>> {
        self.modules.once(dir, || {
            let file = self.read(&dir.join("go.mod"), gomod::parse_go_mod)?;
            Some(Arc::new(Module::new(dir, file.unwrap_or(GoMod::default()))))
        })
    }

    /// The workspace that `module` is a member of.
    fn workspace_of(&self, module: &Module) -> Option<Arc<Workspace>> {
        let file = match &self.env.gowork {
            Some(off) if off.as_os_str() == "off" => return None,
            Some(file) => Some(self.working_dir.join(file)),
            None => module
                .dir
                .ancestors()
                .map(|dir| dir.join("go.work"))
                .find(|file| sys::kind(file) == Some(Kind::File)),
        };
        let file = file?;
        let work = self.workspaces.once(file.as_path(), || self.load_workspace(&file))?;
        let member = work.members.get(&module.path).is_some_and(|member| member.dir == module.dir);
        member.then_some(work)
    }

    fn load_workspace(&self, path: &Path) -> Option<Arc<Workspace>> {
        let dir = path.parent()?;
        let file = self.read(path, gomod::parse_go_work)??;
        let members = file.uses.iter().filter_map(|used| self.module_at(&paths::normal(&dir.join(&**used))));
        let members = members.filter(|module| !module.path.is_empty()).collect();
        Some(Arc::new(Workspace::new(dir, file, members)))
    }

    /// What the `modules.txt` in the `vendor` folder says.
    pub(super) fn vendor(&self, vendor: &Path) -> Arc<Vendor> {
        self.vendors.once(vendor, || {
            let file = self.read(&vendor.join("modules.txt"), gomod::parse_modules_txt).flatten();
            Arc::new(file.map(Vendor::new).unwrap_or_default())
        })
    }

    /// The folder of the package at `rest` below a module's root `base`: it has Go files, and no other module
    /// begins on the way.
    pub(super) fn package_in(&self, base: &Path, rest: &str) -> Option<PathBuf> {
        if rest.is_empty() {
            return self.has_go(base).then(|| base.to_path_buf());
        }
        let dir = base.join(rest);
        let within = |dir: &Path| {
            !dir.ancestors().take_while(|&above| above != base).any(|above| self.module_at(above).is_some())
        };
        (self.has_go(&dir) && within(&dir)).then_some(dir)
    }

    /// Whether `dir` is a folder with Go files.
    pub(super) fn has_go(&self, dir: &Path) -> bool {
        self.packages.once(dir, || {
            let entries = sys::list(dir).unwrap_or_default();
            entries.iter().any(|(name, kind)| {
                let name = name.as_encoded_bytes();
                name.ends_with(b".go")
                    && !name.starts_with(b".")
                    && !name.starts_with(b"_")
                    && matches!(kind, Kind::File | Kind::Link)
            })
        })
    }

    /// The file at `path`, read and parsed: `None` when there is none, `Some(None)` when it cannot be read.
    /// What is wrong with it is kept, unless it is somebody else's file.
    fn read<T>(
        &self,
        path: &Path,
        parse: impl Fn(&[u8], &str) -> (T, Option<RunFault>),
    ) -> Option<Option<T>> {
        let printed = self.printed(path);
        let (file, fault) = match sys::read_in_tree(path, MAX_FILE_BYTES) {
            Ok(text) => {
                let (file, fault) = parse(&text, &printed);
                (Some(file), fault)
            }
            Err(Error::NotFound { .. }) => return None,
            // To Go, a folder of that name is none. A pipe or a device is worth a word.
            Err(Error::NotAFile { .. }) if sys::kind(path) == Some(Kind::Folder) => return None,
            // A file where a folder should be: there is nothing below it.
            Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotADirectory => {
                return None;
            }
            Err(error) => {
                let (whole, words) = (format!("{}: ", path.display()), error.to_string());
                let words = words.strip_prefix(&whole).unwrap_or(&words).to_owned();
                (None, Some(RunFault { path: printed.as_str().into(), line: 0, words, skipped: true }))
            }
        };
        if let Some(fault) = fault.filter(|_| !self.is_foreign(path)) {
            self.faults.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
        }
        Some(file)
    }

    /// `path` relative to the working directory where it lies below it, with `/` as separator.
    fn printed(&self, path: &Path) -> String {
        let below = path.strip_prefix(&self.working_dir).unwrap_or(path);
        if cfg!(windows) {
            below.to_string_lossy().replace('\\', "/")
        } else {
            below.to_string_lossy().into_owned()
        }
    }
}
