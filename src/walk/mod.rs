//! Which files a run reads: the tree walked in parallel, without what Go, git or the user leave out.
//!
//! No text is read here. What a file holds (`package`, candidates) is for the session to find out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::{DirEntry, WalkBuilder, WalkState};
use rustc_hash::FxHashSet;

use crate::base::diagnostic::RunFault;
use crate::base::sys::{self, Error, Kind};
use crate::config::{FILE, Settings, Tree};

mod faults;
mod name;
#[cfg(test)]
mod tests;

pub use name::{is_generated, is_test};

/// A file to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// As printed: relative to the working directory where it lies below it, `/` as separator, lossy where it
    /// is not UTF-8.
    pub path: Arc<str>,
    /// Where it lies.
    pub file: PathBuf,
    /// Whether it is a `_test.go` file.
    pub test: bool,
    /// Whether it was named itself: then it is read whatever it is.
    pub named: bool,
    /// Its length in bytes, 0 when nobody could tell. For the order of work only: the file may have changed
    /// since.
    pub len: u64,
}

/// What a walk came to.
#[derive(Debug)]
pub struct Walked {
    /// What holds for each of the files.
    pub tree: Tree,
    /// The files, sorted by printed path, each once.
    pub files: Vec<Found>,
    /// `.go` files that were left out, by reason: `vendor`, `testdata`, `node_modules`, `hidden` (a name that
    /// starts with `.` or `_` on the way), `excluded`, `symlink`, `ignored`. Counted only when the settings
    /// ask for statistics, since it takes a walk over everything that was left out.
    pub left_out: BTreeMap<&'static str, u64>,
    /// The same files by their printed paths, sorted, each with its reason.
    pub left_out_files: Vec<(Arc<str>, &'static str)>,
    /// Folders that could not be read and ignore files with mistakes, sorted.
    pub faults: Vec<RunFault>,
}

/// Finds the Go files that `settings` name.
///
/// Left out are folders and files that Go does not build (names that start with `.` or `_`, `vendor/`,
/// `testdata/`), `node_modules/`, what the `.gitignore` and `.ignore` files of the tree and of the repository
/// around it name, what globs of the settings name, and symbolic links. A path that is named is followed and
/// taken whatever it is called.
///
/// # Errors
/// [`Error::NotFound`] for a named path that is not there, [`Error::NotAFile`] for one that is a pipe or
/// device, and [`Error::Config`] for a mistake in a file of settings.
pub fn walk(settings: &Settings) -> Result<Walked, Error> {
    let tree = Tree::new(&settings.root, &settings.sources)?;
    let mut walked = Walked {
        tree,
        files: Vec::new(),
        left_out: BTreeMap::new(),
        left_out_files: Vec::new(),
        faults: Vec::new(),
    };
    if let Some(stdin) = &settings.stdin {
        let folder = settings.root.join(&stdin.name).parent().map(Path::to_path_buf).unwrap_or_default();
        // The name may be made up, and its folder with it.
        walked.tree.name(if sys::kind(&folder).is_some() { &folder } else { &settings.root })?;
    }
    let mut folders = Vec::new();
    for given in &settings.paths {
        let named = RequestedPath::new(&settings.root, given);
        match sys::kind(&named.file) {
            None => return Err(Error::NotFound { path: given.clone() }),
            Some(Kind::File) => {
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
        let mut batch = collect(folder, settings, &walked.tree, Scope::Read);
        // Those of the folders above first: a file of settings takes them in.
        batch.settings.sort_unstable();
        batch.settings.iter().try_for_each(|file| walked.tree.nested(file))?;
        if !batch.settings.is_empty() {
            batch.files.retain(|found| !is_excluded(&walked.tree, &folder.file, &found.file));
        }
        walked.files.extend(batch.files);
        walked.faults.extend(batch.faults);
    }
    // Of one file found twice the named one stays.
    walked
        .files
        .sort_unstable_by(|a, b| a.path.cmp(&b.path).then(b.named.cmp(&a.named)).then(a.file.cmp(&b.file)));
    walked.files.dedup_by(|later, first| later.path == first.path && later.file == first.file);
    walked.faults.sort();
    walked.faults.dedup();
    if settings.stats {
        count_left_out(&mut walked, &folders, settings);
    }
    Ok(walked)
}

/// A path from the command line, with the two faces of all that lies below it.
struct RequestedPath {
    /// Absolute, as the system is asked.
    file: PathBuf,
    /// As printed; empty for the working directory itself.
    printed: PathBuf,
    /// The way from here down to the working directory, where that lies below.
    inner: Option<PathBuf>,
}

impl RequestedPath {
    fn new(root: &Path, given: &Path) -> RequestedPath {
        let file = name::plain(&root.join(given));
        match name::below(root, &file) {
            Some(printed) => RequestedPath { file, printed, inner: None },
            None => RequestedPath { inner: name::way_down(&file, root), printed: name::plain(given), file },
        }
    }

    fn found(&self) -> Found {
        let path = name::printed(&self.printed);
        Found {
            test: is_test(&path),
            path,
            named: true,
            len: sys::len(&self.file).unwrap_or(0),
            file: self.file.clone(),
        }
    }

    /// The printed path of something at or below this one.
    fn print(&self, file: &Path) -> Arc<str> {
        let rest = file.strip_prefix(&self.file).unwrap_or(Path::new(""));
        match self.inner.as_ref().and_then(|inner| rest.strip_prefix(inner).ok()) {
            Some(below) => name::printed(below),
            None if rest.as_os_str().is_empty() => name::printed(&self.printed),
            None => name::printed(&self.printed.join(rest)),
        }
    }
}

/// What a walk takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// What is to be read.
    Read,
    /// Every `.go` file, for the count of what was left out.
    All,
}

fn collect(folder: &RequestedPath, settings: &Settings, tree: &Tree, scope: Scope) -> Batch {
    let mut builder = WalkBuilder::new(&folder.file);
    builder.standard_filters(false).follow_links(false).threads(settings.threads);
    if scope == Scope::Read {
        // In a repository its own ignore files count up to its top and no further; elsewhere only those in
        // the tree.
        let repository = name::in_repository(&folder.file);
        builder.ignore(true).git_ignore(true).parents(repository).require_git(repository);
    }
    builder.filter_entry(move |entry| {
        entry.depth() == 0
            || match scope {
                Scope::Read => name::left_out_by_name(entry.file_name()).is_none(),
                Scope::All => entry.file_name() != ".git",
            }
    });
    let sink = Mutex::new(Batch::default());
    builder.build_parallel().run(|| {
        let mut visitor = Visitor { folder, scope, tree, sink: &sink, batch: Batch::default() };
        Box::new(move |entry| visitor.visit(entry))
    });
    sink.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a glob leaves out `file` or a folder on the way to it from `top`.
fn is_excluded(tree: &Tree, top: &Path, file: &Path) -> bool {
    let on_the_way = file.ancestors().take_while(|at| *at != top);
    on_the_way.enumerate().any(|(up, at)| tree.excludes(at, up > 0))
}

/// Files and faults below one named folder, in no order.
#[derive(Default)]
struct Batch {
    files: Vec<Found>,
    /// Files of settings.
    settings: Vec<PathBuf>,
    faults: Vec<RunFault>,
}

/// One thread's share, handed over once at its end.
struct Visitor<'a> {
    folder: &'a RequestedPath,
    scope: Scope,
    tree: &'a Tree,
    sink: &'a Mutex<Batch>,
    batch: Batch,
}

impl Visitor<'_> {
    fn visit(&mut self, entry: Result<DirEntry, ignore::Error>) -> WalkState {
        match entry {
            Ok(entry) => {
                let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
                if self.scope == Scope::Read
                    && entry.depth() > 0
                    && self.tree.excludes(entry.path(), is_folder)
                {
                    return WalkState::Skip;
                }
                if let Some(fault) = entry.error() {
                    self.tell(fault, false);
                }
                self.take(entry);
            }
            Err(fault) => self.tell(&fault, true),
        }
        WalkState::Continue
    }

    fn take(&mut self, entry: DirEntry) {
        if entry.file_name() == FILE && entry.file_type().is_some_and(|kind| kind.is_file()) {
            self.batch.settings.push(entry.into_path());
            return;
        }
        if !entry.file_name().as_encoded_bytes().ends_with(b".go") {
            return;
        }
        let wanted = match (self.scope, entry.file_type()) {
            (_, Some(kind)) if kind.is_file() => true,
            (Scope::All, Some(kind)) => kind.is_symlink(),
            _ => false,
        };
        if wanted {
            let path = self.folder.print(entry.path());
            let len =
                if self.scope == Scope::Read { entry.metadata().map_or(0, |meta| meta.len()) } else { 0 };
            self.batch.files.push(Found {
                test: is_test(&path),
                path,
                named: false,
                len,
                file: entry.into_path(),
            });
        }
    }

    /// Notes a fault; `skipped` says that something was left unread for it.
    fn tell(&mut self, fault: &ignore::Error, skipped: bool) {
        let (path, line, words) = faults::describe(fault);
        let path = path.map_or_else(|| name::printed(&self.folder.printed), |path| self.folder.print(&path));
        self.batch.faults.push(RunFault { path, line, words, skipped });
    }
}

impl Drop for Visitor<'_> {
    fn drop(&mut self) {
        let mut all = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
        all.files.append(&mut self.batch.files);
        all.settings.append(&mut self.batch.settings);
        all.faults.append(&mut self.batch.faults);
    }
}

/// Walks once more over everything and gives each `.go` file that was not taken its reason.
fn count_left_out(walked: &mut Walked, folders: &[RequestedPath], settings: &Settings) {
    let taken: FxHashSet<&Path> = walked.files.iter().map(|found| found.file.as_path()).collect();
    let mut seen = FxHashSet::default();
    for folder in folders {
        for found in collect(folder, settings, &walked.tree, Scope::All).files {
            if !taken.contains(found.file.as_path()) && seen.insert(found.file.clone()) {
                let reason = reason(&found.file, &folder.file, &walked.tree);
                *walked.left_out.entry(reason).or_insert(0) += 1;
                walked.left_out_files.push((found.path, reason));
            }
        }
    }
    walked.left_out_files.sort();
}

/// Why `file` below `folder` was not taken: the first thing on the way down that is against it.
fn reason(file: &Path, folder: &Path, tree: &Tree) -> &'static str {
    let below = file.strip_prefix(folder).unwrap_or(file);
    let mut at = folder.to_path_buf();
    for part in below.components() {
        at.push(part);
        if let Some(reason) = name::left_out_by_name(part.as_os_str()) {
            return reason;
        }
        if tree.excludes(&at, at.as_path() != file) {
            return "excluded";
        }
    }
    if sys::is_link(file) { "symlink" } else { "ignored" }
}
