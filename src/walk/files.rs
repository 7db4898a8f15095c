//! The walk itself: what is named, what lies below it, and the rest of the repositories.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::collect::{LeftOut, collect};
use super::found::WalkedFile;
use super::requested::RequestedPath;
use crate::base::diagnostic::RunFault;
use crate::base::sys::{self, Error, Kind};
use crate::config::{Settings, Tree};
use crate::vcs::TopKind;

/// What a walk came to.
#[derive(Debug)]
pub struct Walked {
    /// What holds for each of the files.
    pub tree: Tree,
    /// The files, sorted by printed path, each once.
    pub files: Vec<WalkedFile>,
    /// `.go` files that were left out, by reason: `vendor`, `testdata`, `node_modules`, `hidden` (a name that
    /// starts with `.` or `_` on the way), `excluded`, `symlink`, `special file`, `ignored`, `nested
    /// repository`. What lies in folders that are not entered is counted only when the settings ask for
    /// statistics, since it takes a walk over it.
    pub left_out: BTreeMap<&'static str, u64>,
    /// Folders that were not entered, by the same reasons.
    pub left_out_folders: BTreeMap<&'static str, u64>,
    /// The files that were left out by their printed paths, sorted, each with its reason.
    pub left_out_files: Vec<(Arc<str>, &'static str)>,
    /// Folders that could not be read and ignore files with mistakes, sorted.
    pub faults: Vec<RunFault>,
}

/// Finds the Go files that `settings` name, and the others of their repositories.
///
/// Left out are folders and files that Go does not build (names that start with `.` or `_`, `vendor/`,
/// `testdata/`), `node_modules/`, what the `.gitignore` files of the tree and of the repository around it
/// name and git does not track, what globs of the settings name, symbolic links, and repositories inside of
/// another. A path that is named is followed and taken whatever it is called, if it is a folder or a Go file.
///
/// # Errors
/// [`Error::NotFound`] for a named path that is not there, [`Error::NotAFile`] for one that is a pipe or
/// device, [`Error::NotGo`] for a file of another kind, and [`Error::Config`] for a mistake in a file of
/// settings.
pub fn walk(settings: &Settings) -> Result<Walked, Error> {
    let tree = Tree::new(&settings.root, &settings.scan.sources)?;
    let mut walked = Walked {
        tree,
        files: Vec::new(),
        left_out: BTreeMap::new(),
        left_out_folders: BTreeMap::new(),
        left_out_files: Vec::new(),
        faults: Vec::new(),
    };
    if let Some(stdin) = &settings.scan.stdin {
        let folder = settings.root.join(&stdin.name).parent().map(Path::to_path_buf).unwrap_or_default();
        // The name may be made up, and its folder with it.
        walked.tree.name(if sys::kind(&folder).is_some() { &folder } else { &settings.root })?;
    }
    let mut folders = Vec::new();
    for given in &settings.scan.paths {
        let named = RequestedPath::new(&settings.root, given);
        match sys::kind(&named.file) {
            None => return Err(Error::NotFound { path: given.clone() }),
            Some(Kind::File) => {
                let named = RequestedPath::of_file(&settings.root, given);
                if named.file.extension().is_none_or(|extension| extension != "go") {
                    return Err(Error::NotGo { path: given.clone() });
                }
                walked.tree.name(named.file.parent().unwrap_or(&named.file))?;
                walked.files.push(named.found());
            }
            Some(Kind::Folder) => {
                walked.tree.name(&named.file)?;
                folders.push(named);
            }
            Some(Kind::Link | Kind::Other) => return Err(Error::NotAFile { path: given.clone() }),
        }
    }
    for folder in &folders {
        walked.take(folder, settings)?;
    }
    walked.add_rest(&folders, settings);
    // Of one file found twice the named one stays, and of the others the one that was asked for.
    walked.files.sort_unstable_by(|a, b| {
        let rank = |found: &WalkedFile| (!found.named, !found.asked);
        a.path.cmp(&b.path).then(rank(a).cmp(&rank(b))).then(a.file.cmp(&b.file))
    });
    walked.files.dedup_by(|later, first| later.path == first.path && later.file == first.file);
    walked.tell_settings();
    walked.faults.sort();
    walked.faults.dedup();
    walked.left_out_files.sort();
    walked.left_out_files.dedup();
    let taken: FxHashSet<&str> = walked.files.iter().map(|found| &*found.path).collect();
    walked.left_out_files.retain(|(path, _)| !taken.contains(&**path));
    for (_, reason) in &walked.left_out_files {
        *walked.left_out.entry(reason).or_default() += 1;
    }
    Ok(walked)
}

impl Walked {
    /// Tells what is called like a file of settings and is none.
    fn tell_settings(&mut self) {
        let words = "not a regular file of the tree, so no settings were read from it".to_owned();
        let told =
            |path: &Arc<str>| RunFault { path: path.clone(), line: 0, words: words.clone(), skipped: false };
        self.faults.extend(self.tree.no_files().iter().map(told));
    }

    /// Takes in what lies below a named folder.
    fn take(&mut self, folder: &RequestedPath, settings: &Settings) -> Result<(), Error> {
        let left_out = if settings.report.stats { LeftOut::Counted } else { LeftOut::Skipped };
        let mut batch = collect(folder, &self.tree, true, left_out);
        // Those of the folders above first: a file of settings takes them in.
        batch.settings.sort_unstable();
        batch.settings.iter().try_for_each(|file| self.tree.nested(file))?;
        if !batch.settings.is_empty() {
            let gone = batch.files.extract_if(.., |found| is_excluded(&self.tree, &folder.file, &found.file));
            self.left_out_files.extend(gone.map(|found| (found.path, "excluded")));
        }
        self.files.append(&mut batch.files);
        self.faults.append(&mut batch.faults);
        self.left_out_files.append(&mut batch.left_out);
        for (reason, count) in batch.folders {
            *self.left_out_folders.entry(reason).or_default() += count;
        }
        Ok(())
    }

    /// Adds the rest of the repositories that the files lie in: what a function gives to its callers is known
    /// where it is declared, which may be in a file that nobody named.
    fn add_rest(&mut self, folders: &[RequestedPath], settings: &Settings) {
        let real = |path: &Path| sys::real_path(path).unwrap_or_default();
        let whole: Vec<PathBuf> = folders.iter().map(|folder| real(&folder.file)).collect();
        let named = self.files.iter().filter(|found| found.named).map(|found| found.file.clone());
        // What lies below a named folder and in another repository was walked whole.
        let within = folders.iter().map(|folder| folder.file.join("any.go"));
        let stdin = settings.scan.stdin.iter().map(|stdin| settings.root.join(&stdin.name));
        let mut rest: Vec<PathBuf> = Vec::new();
        for place in named.chain(within).chain(stdin).filter_map(|file| settings.places.of(&file)) {
            let dir = &place.top.dir;
            // Where nothing says how far the tree goes, it is no further than what was named.
            if place.top.kind != TopKind::Folder && !whole.contains(dir) && !rest.contains(dir) {
                rest.push(dir.clone());
            }
        }
        if rest.is_empty() {
            return;
        }
        let known: FxHashSet<PathBuf> = self.files.iter().map(|found| real(&found.file)).collect();
        for dir in rest {
            let folder = RequestedPath::new(&settings.root, &dir);
            // A mistake in settings that hold for no file that was asked for is not what stops a run.
            if self.tree.name(&folder.file).is_err() {
                continue;
            }
            let mut batch = collect(&folder, &self.tree, false, LeftOut::Skipped);
            batch.settings.sort_unstable();
            batch.settings.retain(|file| self.tree.nested(file).is_ok());
            let excluded = |found: &WalkedFile| is_excluded(&self.tree, &folder.file, &found.file);
            batch.files.retain(|found| !known.contains(&found.file) && !excluded(found));
            self.files.append(&mut batch.files);
        }
    }
}

/// Whether a glob leaves out `file` or a folder on the way to it from `top`.
fn is_excluded(tree: &Tree, top: &Path, file: &Path) -> bool {
    let on_the_way = file.ancestors().take_while(|at| *at != top);
    on_the_way.enumerate().any(|(up, at)| tree.excludes(at, up > 0))
}
