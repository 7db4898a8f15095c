//! What the `.gitignore` files of a tree leave out, and what git tracks all the same.
//!
//! The files are read by the door that opens regular files only: whoever made the tree may have put a device
//! or a pipe in their place, and git follows no link there either.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::base::sys::{self, Error};
use crate::base::text::narrow;
use crate::vcs::Tracked;

/// The name of a file with patterns.
pub(super) const FILE: &str = ".gitignore";

/// The most that is read of one.
const MAX_BYTES: u64 = 1 << 20;

/// The repository that is being walked.
#[derive(Debug)]
pub(super) struct Repository {
    /// Its top, links resolved.
    pub top: PathBuf,
    tracked: OnceLock<Tracked>,
}

impl Repository {
    pub fn new(top: &Path) -> Arc<Repository> {
        Arc::new(Repository { top: top.to_path_buf(), tracked: OnceLock::new() })
    }

    /// Whether git tracks the file, or something in the folder, at `path` (absolute, links resolved).
    pub fn tracks(&self, path: &Path, is_folder: bool) -> bool {
        let Ok(below) = path.strip_prefix(&self.top) else { return false };
        let tracked = self.tracked.get_or_init(|| Tracked::of(&self.top));
        if is_folder { tracked.has_below(below) } else { tracked.has(below) }
    }
}

/// The patterns of a folder and of those above it.
#[derive(Debug, Default)]
pub(super) struct Ignores {
    patterns: Option<Gitignore>,
    above: Option<Arc<Ignores>>,
}

/// A pattern that cannot be read: the line, from 1 (0 for the whole file), and the words.
pub(super) type Fault = (u32, String);

impl Ignores {
    /// The patterns of `folder` (links resolved) below those of `above`.
    pub fn read(folder: &Path, above: &Arc<Ignores>) -> (Arc<Ignores>, Vec<Fault>) {
        let file = folder.join(FILE);
        let text = match is_regular(&file).and_then(|()| sys::read(&file, MAX_BYTES)) {
            Ok(text) => text,
            Err(Error::NotFound { .. }) => return (above.clone(), Vec::new()),
            Err(error) => {
                return (above.clone(), vec![(0, format!("{}; its patterns were left out", error.words()))]);
            }
        };
        let mut faults = Vec::new();
        let mut builder = GitignoreBuilder::new(folder);
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
        for (at, line) in String::from_utf8_lossy(text).lines().enumerate() {
            if let Err(error) = builder.add_line(None, line) {
                faults.push((narrow(at) + 1, broken(&error)));
            }
        }
        match builder.build() {
            Ok(patterns) => {
                (Arc::new(Ignores { patterns: Some(patterns), above: Some(above.clone()) }), faults)
            }
            Err(error) => {
                faults.push((0, broken(&error)));
                (above.clone(), faults)
            }
        }
    }

    /// Whether the nearest pattern that speaks of `path` (links resolved) leaves it out.
    pub fn leaves_out(&self, path: &Path, is_folder: bool) -> bool {
        let mut at = Some(self);
        while let Some(here) = at {
            match here.patterns.as_ref().map_or(Match::None, |all| all.matched(path, is_folder)) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None => at = here.above.as_deref(),
            }
        }
        false
    }
}

/// A link is no file with patterns, as for git.
fn is_regular(file: &Path) -> Result<(), Error> {
    match sys::is_link(file) {
        true => Err(Error::NotAFile { path: file.into() }),
        false => Ok(()),
    }
}

fn broken(error: &ignore::Error) -> String {
    match error {
        ignore::Error::Glob { glob: Some(glob), err } => {
            format!("the pattern `{glob}` is broken and was left out: {err}")
        }
        other => format!("{other}; it was left out"),
    }
}
