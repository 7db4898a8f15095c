//! One folder walked from top to bottom, in parallel: each folder is listed once, and what its names and its
//! ignore files say decides what is taken.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::found::WalkedFile;
use super::ignores::{self, Ignores, Repository};
use super::name;
use super::requested::RequestedPath;
use crate::base::diagnostic::RunFault;
use crate::base::sys::{self, Kind};
use crate::config::{self, Tree};
use crate::go::project::names::is_test_file;
use crate::vcs;

/// Files and faults below one named folder, in no order.
#[derive(Default)]
pub(super) struct Batch {
    pub files: Vec<WalkedFile>,
    /// Files of settings, by their name.
    pub settings: Vec<PathBuf>,
    pub faults: Vec<RunFault>,
    /// `.go` files that were not taken, each with its reason.
    pub left_out: Vec<(Arc<str>, &'static str)>,
    /// Folders that were not entered, by reason.
    pub folders: BTreeMap<&'static str, u64>,
}

impl Batch {
    fn append(&mut self, other: &mut Batch) {
        self.files.append(&mut other.files);
        self.settings.append(&mut other.settings);
        self.faults.append(&mut other.faults);
        self.left_out.append(&mut other.left_out);
        for (reason, count) in &other.folders {
            *self.folders.entry(*reason).or_default() += count;
        }
    }
}

/// What is done with what lies in folders that are not entered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum LeftOut {
    /// Nothing: they are passed over.
    Skipped,
    /// They are walked too, and their `.go` files counted.
    Counted,
}

/// A folder to list.
struct Folder {
    dir: PathBuf,
    /// The same with links resolved, as ignore files and the index have it.
    real: PathBuf,
    repository: Option<Arc<Repository>>,
    ignores: Arc<Ignores>,
    /// An ignore file leaves it out, but git tracks something in it: only that counts.
    tracked_only: bool,
    /// Why nothing in it is taken.
    left_out: Option<&'static str>,
    named: bool,
}

/// Everything below `top`.
pub(super) fn collect(top: &RequestedPath, tree: &Tree, asked: bool, left_out: LeftOut) -> Batch {
    let walk = Walk { top, tree, asked, left_out, sink: Mutex::default() };
    let mut batch = Batch::default();
    let first = walk.first(&mut batch);
    rayon::scope(|scope| walk.folder(first, batch, scope));
    walk.sink.into_inner().unwrap_or_else(PoisonError::into_inner)
}

struct Walk<'w> {
    top: &'w RequestedPath,
    tree: &'w Tree,
    asked: bool,
    left_out: LeftOut,
    sink: Mutex<Batch>,
}

impl<'w> Walk<'w> {
    /// The named folder. In a repository its own ignore files count up to its top and no further; elsewhere
    /// only those in the tree.
    fn first(&self, batch: &mut Batch) -> Folder {
        let dir = self.top.file.clone();
        let real = sys::real_path(&dir).unwrap_or_else(|_| dir.clone());
        let repository = vcs::work_tree(&real).map(Repository::new);
        let mut ignores = Arc::<Ignores>::default();
        if let Some(repository) = &repository {
            let mut above: Vec<&Path> =
                real.ancestors().skip(1).take_while(|at| at.starts_with(&repository.top)).collect();
            above.reverse();
            for folder in above {
                ignores = self.read_ignores(folder, folder, &ignores, batch);
            }
        }
        Folder { dir, real, repository, ignores, tracked_only: false, left_out: None, named: true }
    }

    fn folder<'s>(&'s self, folder: Folder, mut batch: Batch, scope: &rayon::Scope<'s>) {
        if let Err(fault) = self.list(folder, &mut batch, scope) {
            batch.faults.push(fault);
        }
        self.sink.lock().unwrap_or_else(PoisonError::into_inner).append(&mut batch);
    }

    fn list<'s>(
        &'s self,
        mut folder: Folder,
        batch: &mut Batch,
        scope: &rayon::Scope<'s>,
    ) -> Result<(), RunFault> {
        let entries = sys::list(&folder.dir).map_err(|error| RunFault {
            path: self.top.print(&folder.dir),
            line: 0,
            words: format!("{}; what lies in it was left out", error.words()),
            skipped: true,
        })?;
        let has = |name: &str| entries.iter().any(|(entry, _)| entry == name);
        if !folder.named && folder.left_out.is_none() && has(".git") && vcs::is_top(&folder.dir) {
            if folder.repository.is_some() {
                *batch.folders.entry("nested repository").or_default() += 1;
                if self.left_out == LeftOut::Skipped {
                    return Ok(());
                }
                folder.left_out = Some("nested repository");
            } else {
                folder.repository = Some(Repository::new(&folder.real));
                folder.ignores = Arc::default();
            }
        }
        if folder.left_out.is_none() && has(ignores::FILE) {
            folder.ignores = self.read_ignores(&folder.real, &folder.dir, &folder.ignores, batch);
        }
        for (entry, kind) in entries {
            match kind {
                Kind::Folder => self.subfolder(&folder, &entry, batch, scope),
                _ => self.file(&folder, &entry, kind, batch),
            }
        }
        Ok(())
    }

    fn read_ignores(&self, real: &Path, dir: &Path, above: &Arc<Ignores>, batch: &mut Batch) -> Arc<Ignores> {
        let (ignores, faults) = Ignores::read(real, above);
        let path = self.top.print(&dir.join(ignores::FILE));
        batch.faults.extend(faults.into_iter().map(|(line, words)| RunFault {
            path: path.clone(),
            line,
            words,
            skipped: false,
        }));
        ignores
    }

    fn subfolder<'s>(
        &'s self,
        above: &Folder,
        entry: &std::ffi::OsStr,
        batch: &mut Batch,
        scope: &rayon::Scope<'s>,
    ) {
        let (dir, real) = (above.dir.join(entry), above.real.join(entry));
        let mut tracked_only = above.tracked_only;
        let mut left_out = above.left_out;
        if left_out.is_none() && entry == config::FILE {
            // The settings themselves tell that it is none of theirs.
            batch.settings.push(dir.clone());
        }
        if left_out.is_none() {
            left_out = self.against(above, entry, &dir, &real, true, &mut tracked_only);
            if let Some(reason) = left_out.filter(|_| entry != ".git") {
                *batch.folders.entry(reason).or_default() += 1;
            }
        }
        if left_out.is_some() && (self.left_out == LeftOut::Skipped || entry == ".git") {
            return;
        }
        let (repository, ignores) = (above.repository.clone(), above.ignores.clone());
        let folder = Folder { dir, real, repository, ignores, tracked_only, left_out, named: false };
        scope.spawn(move |scope| self.folder(folder, Batch::default(), scope));
    }

    fn file(&self, folder: &Folder, entry: &std::ffi::OsStr, kind: Kind, batch: &mut Batch) {
        let file = folder.dir.join(entry);
        if entry == config::FILE {
            if folder.left_out.is_none() {
                batch.settings.push(file);
            }
            return;
        }
        if !entry.as_encoded_bytes().ends_with(b".go") {
            return;
        }
        let real = folder.real.join(entry);
        let path = self.top.print(&file);
        let mut tracked_only = folder.tracked_only;
        let reason = folder.left_out.or_else(|| match kind {
            Kind::Link => Some("symlink"),
            Kind::File => self.against(folder, entry, &file, &real, false, &mut tracked_only),
            _ => Some("special file"),
        });
        match reason {
            None => {
                let len = sys::len(&file).unwrap_or(0);
                let test = is_test_file(&path);
                batch.files.push(WalkedFile { test, path, named: false, asked: self.asked, len, file });
            }
            Some(reason) => {
                if reason == "special file" {
                    let words = "a pipe, socket or device, and no Go file; it was not opened".to_owned();
                    batch.faults.push(RunFault { path: path.clone(), line: 0, words, skipped: false });
                }
                batch.left_out.push((path, reason));
            }
        }
    }

    /// Why the file or folder is not taken, if something is against it.
    fn against(
        &self,
        folder: &Folder,
        entry: &std::ffi::OsStr,
        path: &Path,
        real: &Path,
        is_folder: bool,
        tracked_only: &mut bool,
    ) -> Option<&'static str> {
        if let Some(reason) = name::left_out_by_name(entry) {
            return Some(reason);
        }
        if self.tree.excludes(path, is_folder) {
            return Some("excluded");
        }
        if !*tracked_only && !folder.ignores.leaves_out(real, is_folder) {
            return None;
        }
        let tracked = folder.repository.as_ref().is_some_and(|repository| repository.tracks(real, is_folder));
        *tracked_only = true;
        (!tracked).then_some("ignored")
    }
}
