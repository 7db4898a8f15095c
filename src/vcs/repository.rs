//! One work tree, asked by plumbing that compares no text.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use super::git::{git, trusted_folders};
use crate::base::sys::Error;

/// One work tree.
pub(super) struct Repository<'a> {
    pub(super) top: &'a Path,
    /// What git is told to trust beyond its own judgement, from the user's config.
    trusted: Vec<String>,
    /// Settings that take every filter driver of the repository's config out of play.
    no_filters: Vec<String>,
}

/// What the index holds for one path.
pub(super) enum Entry {
    Blob(String),
    Unmerged,
}

impl<'a> Repository<'a> {
    pub(super) fn open(top: &'a Path) -> Result<Repository<'a>, Error> {
        let mut repository = Repository { top, trusted: Vec::new(), no_filters: Vec::new() };
        match repository.git(&["rev-parse", "--git-dir"], b"") {
            Err(Error::GitOwnership { .. }) => {
                // The hardened call does not read the user's config, where trust is told.
                repository.trusted = trusted_folders();
                repository.git(&["rev-parse", "--git-dir"], b"")?;
            }
            other => drop(other?),
        }
        repository.no_filters = repository.filter_settings()?;
        Ok(repository)
    }

    pub(super) fn git(&self, args: &[&str], input: &[u8]) -> Result<Vec<u8>, Error> {
        let settings = self.no_filters.iter().flat_map(|setting| ["-c", setting]);
        let all: Vec<&OsStr> = settings.chain(args.iter().copied()).map(OsStr::new).collect();
        git(self.top, &self.trusted, &all, input)
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

    /// The Go files of the index.
    pub(super) fn index(&self) -> Result<BTreeMap<PathBuf, Entry>, Error> {
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
    pub(super) fn head(&self) -> Result<String, Error> {
        let head = match self.git(&["rev-parse", "--verify", "--quiet", "HEAD^{tree}"], b"") {
            Ok(id) => id,
            // No commit yet: everything in the index is new.
            Err(Error::Git { .. }) => self.git(&["hash-object", "-t", "tree", "--stdin"], b"")?,
            Err(other) => return Err(other),
        };
        Ok(String::from_utf8_lossy(&head).trim().to_owned())
    }

    pub(super) fn file(&self, path: &[u8]) -> PathBuf {
        let mut file = self.top.to_path_buf();
        // An index can be made to hold anything; nothing in it may point above the work tree.
        file.extend(path_of(path).components().filter(|part| matches!(part, Component::Normal(_))));
        file
    }
}

/// The next answer of `cat-file --batch`: `id SP type SP length LF text LF`, or `id SP missing LF`.
pub(super) fn next_blob<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = memchr::memchr(b'\n', rest)?;
    let (head, body) = (&rest[..end], &rest[end + 1..]);
    *rest = body;
    let len: usize = std::str::from_utf8(head).ok()?.rsplit(' ').next()?.parse().ok()?;
    let blob = body.get(..len)?;
    *rest = body.get(len + 1..)?;
    Some(blob)
}

/// The parts of an output that ends each with a NUL.
pub(super) fn records(output: &[u8]) -> impl Iterator<Item = &[u8]> {
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
