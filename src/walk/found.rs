//! A file that a walk found.

use std::path::PathBuf;
use std::sync::Arc;

/// A file to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalkedFile {
    /// As printed: relative to the working directory where it lies below it, `/` as separator, lossy where it
    /// is not UTF-8.
    pub path: Arc<str>,
    /// Where it lies.
    pub file: PathBuf,
    /// Whether it is a `_test.go` file.
    pub test: bool,
    /// Whether it was named itself: then it is read whatever it is.
    pub named: bool,
    /// Whether it lies at or below a path that was named. The others are the rest of the repository: what
    /// they declare is known, and nothing in them is reported.
    pub asked: bool,
    /// Its length in bytes, 0 when nobody could tell. For the order of work only: the file may have changed
    /// since.
    pub len: u64,
}
