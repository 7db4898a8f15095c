//! What went wrong in a run, beside what it found.

use std::sync::Arc;

/// A fault in one file, or in what describes the tree. Never the end of a run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunFault {
    /// The file or folder as printed.
    pub path: Arc<str>,
    /// Line from 1; 0 when it concerns the whole file.
    pub line: u32,
    /// What is wrong and what to do, without a final stop.
    pub words: String,
    /// Whether something was left unread because of it (then the run is not complete).
    pub skipped: bool,
}
