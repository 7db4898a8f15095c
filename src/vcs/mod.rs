//! What git knows of the files that a run would change, and which lines a change touches. Asks only, and so
//! that the repository's config runs nothing.
//!
//! `git status` would run clean filters and the file system monitor, and look into submodules with *their*
//! config. So the index and HEAD are read by plumbing that compares no text, with every filter emptied, and
//! texts are compared here, byte by byte.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use crate::base::sys::{self, Error, Kind};

mod change;
mod place;
#[cfg(test)]
mod tests;
mod tracked;

pub use change::{Change, Hunk, Touched, touched};
pub use place::{Place, Places, Top, TopKind};
pub use tracked::Tracked;

/// Texts above this size are taken for changed rather than compared.
const COMPARED_BYTES: u64 = 64 << 20;

/// Why a file counts as dirty. The order is that of telling: the first that applies is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dirt {
    /// A merge is not finished.
    Unmerged,
    /// The index differs from HEAD.
    Staged,
    /// The file differs from the index.
    Modified,
    /// Git does not know the file, and could not give it back.
    Untracked,
}

impl Dirt {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Dirt::Unmerged => "unmerged",
            Dirt::Staged => "staged",
            Dirt::Modified => "modified",
            Dirt::Untracked => "untracked",
        }
    }
}

/// What git says of a set of files.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Go files that hold work which is not committed, sorted by path: all of the repositories concerned, and
    /// such of the asked files as git does not know.
    pub dirty: Vec<(PathBuf, Dirt)>,
    /// The asked files that lie in no work tree, sorted.
    pub outside: Vec<PathBuf>,
}

/// Looks at the repositories that hold `files` (absolute paths), usually the files that a run would change.
///
/// # Errors
/// When there is no git although a file lies in a repository, or git refuses to work there.
pub fn status(files: &[PathBuf]) -> Result<Status, Error> {
    let mut status = Status::default();
    let mut repositories: BTreeMap<PathBuf, BTreeSet<PathBuf>> = BTreeMap::new();
    for file in files {
        let real = sys::real_path(file)?;
        match real.parent().and_then(work_tree) {
            Some(top) => repositories.entry(top.to_path_buf()).or_default().insert(real.clone()),
            None => {
                status.outside.push(file.clone());
                continue;
            }
        };
    }
    status.outside.sort();
    for (top, files) in repositories {
        status.dirty.extend(Repository::open(&top)?.dirty(&files)?);
    }
    status.dirty.sort();
    status.dirty.dedup_by(|later, first| later.0 == first.0);
    Ok(status)
}

/// The nearest folder at or above `dir` (a real path) that git would take for the top of a work tree.
pub fn work_tree(dir: &Path) -> Option<&Path> {
    dir.ancestors().find(|folder| is_top(folder))
}

/// Whether git would take `folder` for the top of a work tree.
pub fn is_top(folder: &Path) -> bool {
    let git = folder.join(".git");
    match sys::kind(&git) {
        Some(Kind::Folder) => sys::kind(&git.join("HEAD")).is_some(),
        Some(Kind::File) => sys::read(&git, 1 << 16).is_ok_and(|text| text.starts_with(b"gitdir:")),
        _ => false,
    }
}

/// One work tree.
struct Repository<'a> {
    top: &'a Path,
    /// What git is told to trust beyond its own judgement, from the user's config.
    trusted: Vec<String>,
    /// Settings that take every filter driver of the repository's config out of play.
    no_filters: Vec<String>,
}

/// What the index holds for one path.
enum Entry {
    Blob(String),
    Unmerged,
}

impl<'a> Repository<'a> {
    fn open(top: &'a Path) -> Result<Repository<'a>, Error> {
        let mut repository = Repository { top, trusted: Vec::new(), no_filters: Vec::new() };
        match repository.git(&["rev-parse", "--git-dir"], b"") {
            Err(Error::GitOwnership { .. }) => {
                // The hardened call does not read the user's config, where trust is told.
                repository.trusted = sys::git_trusted();
                repository.git(&["rev-parse", "--git-dir"], b"")?;
            }
            other => drop(other?),
        }
        repository.no_filters = repository.filter_settings()?;
        Ok(repository)
    }

    fn git(&self, args: &[&str], input: &[u8]) -> Result<Vec<u8>, Error> {
        let settings = self.no_filters.iter().flat_map(|setting| ["-c", setting]);
        let all: Vec<&OsStr> = settings.chain(args.iter().copied()).map(OsStr::new).collect();
        sys::git(self.top, &self.trusted, &all, input)
    }

    /// `filter.<name>.clean=` and so on, for each driver that the config names. Only a named driver has a
    /// command to run.
    fn filter_settings(&self) -> Result<Vec<String>, Error> {
        let names = self.git(&["config", "--includes", "--list", "-z", "--name-only"], b"")?;
        let mut settings = BTreeSet::new();
        for name in records(&names).filter(|name| name.starts_with(b"filter.")) {
            let driver = match std::str::from_utf8(name) {
                // Behind `=` git would read the value, and the driver would stay armed.
                Ok(name) if !name.contains('=') => {
                    name["filter.".len()..].rsplit_once('.').map(|(driver, _)| driver)
                }
                _ => return Err(self.odd_filter(name)),
            };
            if let Some(driver) = driver {
                settings.extend(
                    ["clean=", "smudge=", "process=", "required=false"]
                        .map(|end| format!("filter.{driver}.{end}")),
                );
            }
        }
        Ok(settings.into_iter().collect())
    }

    fn odd_filter(&self, name: &[u8]) -> Error {
        let words = format!(
            "the setting {:?} names a filter that cannot be switched off",
            String::from_utf8_lossy(name)
        );
        Error::Git { path: self.top.into(), command: "config".into(), words }
    }

    fn dirty(&self, asked: &BTreeSet<PathBuf>) -> Result<Vec<(PathBuf, Dirt)>, Error> {
        let (index, touched) = (self.index()?, self.touched()?);
        let mut dirty: Vec<(PathBuf, Dirt)> = Vec::new();
        dirty.extend(self.staged()?.into_iter().map(|file| (file, Dirt::Staged)));
        let mut compared = Vec::new();
        for file in touched.iter().chain(asked) {
            match index.get(file) {
                None => dirty.push((file.clone(), Dirt::Untracked)),
                Some(Entry::Unmerged) => dirty.push((file.clone(), Dirt::Unmerged)),
                Some(Entry::Blob(id)) => compared.push((file, id.as_str())),
            }
        }
        dirty.extend(self.modified(&compared)?.into_iter().map(|file| (file, Dirt::Modified)));
        Ok(dirty)
    }

    /// The Go files of the index.
    fn index(&self) -> Result<BTreeMap<PathBuf, Entry>, Error> {
        let output = self.git(&["ls-files", "-s", "-z", "--full-name"], b"")?;
        let mut index = BTreeMap::new();
        for record in records(&output) {
            // mode SP id SP stage TAB path
            let Some(tab) = memchr::memchr(b'\t', record) else { continue };
            let head = String::from_utf8_lossy(&record[..tab]);
            let mut fields = head.split(' ').skip(1);
            let (Some(id), Some(stage)) = (fields.next(), fields.next()) else { continue };
            let entry = if stage == "0" { Entry::Blob(id.to_owned()) } else { Entry::Unmerged };
            index.insert(self.file(&record[tab + 1..]), entry);
        }
        Ok(index)
    }

    /// The tree of HEAD; the empty one before the first commit.
    fn head(&self) -> Result<String, Error> {
        let head = match self.git(&["rev-parse", "--verify", "--quiet", "HEAD^{tree}"], b"") {
            Ok(id) => id,
            // No commit yet: everything in the index is new.
            Err(Error::Git { .. }) => self.git(&["hash-object", "-t", "tree", "--stdin"], b"")?,
            Err(other) => return Err(other),
        };
        Ok(String::from_utf8_lossy(&head).trim().to_owned())
    }

    /// Go files whose index entry differs from HEAD. Compares ids only.
    fn staged(&self) -> Result<Vec<PathBuf>, Error> {
        let head = self.head()?;
        let output = self.git(
            &[
                "diff-index",
                "--cached",
                "--name-only",
                "-z",
                "--no-renames",
                "--ignore-submodules=all",
                &head,
                "--",
            ],
            b"",
        )?;
        Ok(self.go_files(&output))
    }

    /// Go files whose time or size is not what the index noted. Their text may still be the same.
    fn touched(&self) -> Result<Vec<PathBuf>, Error> {
        let output =
            self.git(&["diff-files", "--name-only", "-z", "--no-renames", "--ignore-submodules=all"], b"")?;
        Ok(self.go_files(&output))
    }

    fn go_files(&self, output: &[u8]) -> Vec<PathBuf> {
        records(output).filter(|path| path.ends_with(b".go")).map(|path| self.file(path)).collect()
    }

    /// Those of `files` whose text is not that of the blob beside it, also when line endings are taken for
    /// equal (a checkout may have written `\r\n`).
    fn modified(&self, files: &[(&PathBuf, &str)]) -> Result<Vec<PathBuf>, Error> {
        if files.is_empty() {
            return Ok(Vec::new());
        }
        let ids: String = files.iter().map(|(_, id)| format!("{id}\n")).collect();
        let output = self.git(&["cat-file", "--batch"], ids.as_bytes())?;
        let mut rest = output.as_slice();
        let mut modified = Vec::new();
        for (file, _) in files {
            let same = match next_blob(&mut rest) {
                Some(blob) => sys::read(file, COMPARED_BYTES)
                    .is_ok_and(|text| text == blob || unix(&text) == unix(blob)),
                None => false,
            };
            if !same {
                modified.push((*file).clone());
            }
        }
        Ok(modified)
    }

    fn file(&self, path: &[u8]) -> PathBuf {
        let mut file = self.top.to_path_buf();
        // An index can be made to hold anything; nothing in it may point above the work tree.
        file.extend(path_of(path).components().filter(|part| matches!(part, Component::Normal(_))));
        file
    }
}

/// The next answer of `cat-file --batch`: `id SP type SP length LF text LF`, or `id SP missing LF`.
fn next_blob<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = memchr::memchr(b'\n', rest)?;
    let (head, body) = (&rest[..end], &rest[end + 1..]);
    *rest = body;
    let len: usize = std::str::from_utf8(head).ok()?.rsplit(' ').next()?.parse().ok()?;
    let blob = body.get(..len)?;
    *rest = body.get(len + 1..)?;
    Some(blob)
}

/// `text` with `\n` for every `\r\n`.
fn unix(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memmem::find(text, b"\r\n").is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    for (at, byte) in text.iter().enumerate() {
        if *byte != b'\r' || text.get(at + 1) != Some(&b'\n') {
            out.push(*byte);
        }
    }
    Cow::Owned(out)
}

/// The parts of an output that ends each with a NUL.
fn records(output: &[u8]) -> impl Iterator<Item = &[u8]> {
    output.split(|byte| *byte == 0).filter(|record| !record.is_empty())
}

#[cfg(unix)]
fn path_of(bytes: &[u8]) -> Cow<'_, Path> {
    use std::os::unix::ffi::OsStrExt;
    Cow::Borrowed(Path::new(OsStr::from_bytes(bytes)))
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> Cow<'_, Path> {
    Cow::Owned(PathBuf::from(String::from_utf8_lossy(bytes).into_owned()))
}
