//! Which of the files that a run would change hold work that is not committed.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::repository::{Entry, Repository, next_blob, records};
use super::work_tree::work_tree;
use crate::base::sys::{self, Error};

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

impl Repository<'_> {
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
