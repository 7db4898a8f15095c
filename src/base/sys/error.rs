//! What the outside refused, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// What the outside refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A path that is not there.
    #[error("{}: no such file or folder; check the spelling and the working directory", path.display())]
    NotFound {
        /// The path as given.
        path: PathBuf,
    },
    /// A folder, pipe or device where a file is wanted.
    #[error("{}: not a regular file; name a file", path.display())]
    NotAFile {
        /// The path as given.
        path: PathBuf,
    },
    /// A file that is named and holds no Go.
    #[error("{}: not a Go file, since its name does not end in .go", path.display())]
    NotGo {
        /// The path as given.
        path: PathBuf,
    },
    /// A symbolic link in a tree that leads out of it, where a file of the tree is wanted.
    #[error("{}: a symbolic link out of the tree, which is not followed", path.display())]
    LeadsOut {
        /// The path as given.
        path: PathBuf,
    },
    /// A file above the size limit.
    #[error("{}: more than {limit} bytes, the most that is read", path.display())]
    TooLarge {
        /// The path as given.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// A file that no longer holds the bytes that were read.
    #[error("{}: changed since it was read, so it was left alone; run again", path.display())]
    Stale {
        /// The path as given.
        path: PathBuf,
    },
    /// A file that lies outside of every root once symbolic links are followed.
    #[error("{}: a symbolic link leads to {}, outside of what may be changed; name that path itself to \
             change it", path.display(), target.display())]
    OutsideRoot {
        /// The path as given.
        path: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// A file or folder that may not be written.
    #[error("{}: read-only, so it was left alone; make it and its folder writable", path.display())]
    ReadOnly {
        /// The path as given.
        path: PathBuf,
    },
    /// No room for the new text.
    #[error("{}: no space left on its disk, so it was left alone; free some and run again", path.display())]
    DiskFull {
        /// The path as given.
        path: PathBuf,
    },
    /// The system gives no threads.
    #[error("no worker threads could be started: {words}; try -j 1")]
    Threads {
        /// What the system said.
        words: String,
    },
    /// Any other failure on a path.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        /// The path as given.
        path: PathBuf,
        /// What was tried, as a verb phrase.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A mistake in a file of settings.
    #[error("{file}:{line}:{column}: {words}")]
    Config {
        /// The file as printed.
        file: std::sync::Arc<str>,
        /// From 1.
        line: u32,
        /// In bytes, from 1.
        column: u32,
        /// What is wrong, and what would be right.
        words: String,
    },
    /// A glob that cannot be read.
    #[error("--exclude {glob}: {words}; write it as in a .gitignore file")]
    Glob {
        /// The glob as given.
        glob: String,
        /// What is wrong with it.
        words: String,
    },
    /// There is no `git` to run.
    #[error(
        "git was not found, so nobody knows what is committed; install it, or do without it (--no-vcs, no \
         --since and no --staged)"
    )]
    GitMissing,
    /// Git takes the repository for somebody else's.
    #[error(
        "git refuses {}, which belongs to another user; run as that user, run `git config --global --add \
         safe.directory {}`, or say \
         --no-vcs", path.display(), path.display()
    )]
    GitOwnership {
        /// The folder git was asked about.
        path: PathBuf,
    },
    /// A revision that git does not know.
    #[error("--since {revision}: git knows no such revision in {}; {}", path.display(), history(
        *shallow, "`git log` shows those that there are"
    ))]
    Revision {
        /// As given.
        revision: String,
        /// The top of the repository.
        path: PathBuf,
        /// Whether the repository holds the last part of its history only.
        shallow: bool,
    },
    /// A revision that HEAD has no commit in common with, as far as the history is there.
    #[error("--since {revision}: HEAD left it at no commit that is in {}; {}", path.display(), history(
        *shallow, "without the dots it is compared with that revision itself"
    ))]
    NoCommonAncestor {
        /// As given.
        revision: String,
        /// The top of the repository.
        path: PathBuf,
        /// Whether the repository holds the last part of its history only.
        shallow: bool,
    },
    /// A place without history.
    #[error("{}: no git repository holds it, so nobody knows what has changed; leave --since and --staged \
             out", path.display())]
    NoRepository {
        /// The file or folder.
        path: PathBuf,
    },
    /// Git ended with an error of its own.
    #[error("`git {command}` failed in {}: {words}; mend the repository, or say --no-vcs", path.display())]
    Git {
        /// The folder git was run in.
        path: PathBuf,
        /// The subcommand.
        command: String,
        /// The first line of what git said.
        words: String,
    },
}

impl Error {
    pub(super) fn io(path: &Path, action: &'static str, source: io::Error) -> Error {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::NotFound => Error::NotFound { path },
            _ => Error::Io { path, action, source },
        }
    }

    /// Whether it is a mistake in what was asked for, which stays one.
    pub fn is_mistake(&self) -> bool {
        matches!(
            self,
            Error::NotFound { .. }
                | Error::NotAFile { .. }
                | Error::NotGo { .. }
                | Error::LeadsOut { .. }
                | Error::TooLarge { .. }
                | Error::Config { .. }
                | Error::Glob { .. }
                | Error::Revision { .. }
                | Error::NoCommonAncestor { .. }
                | Error::NoRepository { .. }
        )
    }

    /// Whether trying again may help.
    pub fn may_pass(&self) -> bool {
        match self {
            Error::Stale { .. } | Error::DiskFull { .. } | Error::Threads { .. } => true,
            Error::Io { source, .. } => passes(source.kind()),
            _ => false,
        }
    }

    /// What is wrong, without the path that it begins with where it is about one.
    pub fn words(&self) -> String {
        let words = self.to_string();
        let path = match self {
            Error::NotFound { path }
            | Error::NotAFile { path }
            | Error::NotGo { path }
            | Error::LeadsOut { path }
            | Error::TooLarge { path, .. }
            | Error::Stale { path }
            | Error::OutsideRoot { path, .. }
            | Error::ReadOnly { path }
            | Error::DiskFull { path }
            | Error::Io { path, .. } => path,
            _ => return words,
        };
        words.strip_prefix(&format!("{}: ", path.display())).unwrap_or(&words).to_owned()
    }

    /// As it is, but with the path that was given, where nothing is there.
    pub fn named(self, given: &Path) -> Error {
        match self {
            Error::NotFound { .. } => Error::NotFound { path: given.to_path_buf() },
            other => other,
        }
    }

    pub(super) fn write(path: &Path, source: io::Error) -> Error {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Error::ReadOnly { path },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::DiskFull { path },
            _ => Error::io(&path, "write", source),
        }
    }
}

/// What to do about a revision that is not there.
fn history(shallow: bool, otherwise: &'static str) -> &'static str {
    match shallow {
        true => "the clone is shallow: fetch its history (`git fetch --unshallow`, `fetch-depth: 0`)",
        false => otherwise,
    }
}

/// Whether what went wrong may be gone when it is tried again.
pub fn passes(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::*;
    matches!(
        kind,
        Interrupted
            | WouldBlock
            | TimedOut
            | OutOfMemory
            | StorageFull
            | QuotaExceeded
            | ResourceBusy
            | StaleNetworkFileHandle
    )
}
