//! What fixes make of files, and who says which of them are taken.

use std::path::PathBuf;
use std::sync::Arc;

use super::report::Report;
use crate::base::diagnostic::{Finding, FixOutcome};
use crate::base::edit::Edit;

/// A file whose text the fixes change.
#[derive(Debug, Clone)]
pub struct FileChange {
    /// The file as printed.
    pub path: Arc<str>,
    /// Where it lies; `None` for standard input.
    pub file: Option<PathBuf>,
    /// What was read.
    pub before: Arc<[u8]>,
    /// What it becomes.
    pub after: Vec<u8>,
    /// How many fixes were applied to it.
    pub fixes: usize,
}

/// The texts that a choice of fixes makes, in memory.
#[derive(Debug, Default)]
pub struct Fixes {
    /// How long it took.
    pub milliseconds: f64,
    /// The new texts, sorted by path.
    pub changes: Vec<FileChange>,
    /// For each finding of the report, at the same index, what became of its fix.
    pub outcomes: Vec<FixOutcome>,
}

/// What is to become of a fix that the settings let through.
#[derive(Debug, Clone)]
pub enum Choice {
    Take,
    /// Take it with these edits on the original text instead of its own.
    Edited(Vec<Edit>),
    /// Leave it, for this reason.
    Leave(FixOutcome),
}

/// Says what is to become of a finding's fix.
pub type Choose<'c> = dyn Fn(&Finding) -> Choice + Sync + 'c;

/// A run that also tried the fixes, in memory. Nothing has been written.
#[derive(Debug, Default)]
pub struct FixRun {
    /// What was found in the tree as it is.
    pub report: Report,
    /// The new texts, sorted by path.
    pub changes: Vec<FileChange>,
    /// For each finding of the report, at the same index, what became of its fix.
    pub outcomes: Vec<FixOutcome>,
}
