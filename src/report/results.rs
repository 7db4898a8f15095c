//! What a run has to tell, as every format gets it.

use super::tally::Tally;
use crate::base::diagnostic::FixOutcome;
use crate::config::Settings;
use crate::engine::{FileChange, FixRun, Report};

/// What a run has to tell.
#[derive(Clone, Copy)]
pub struct Results<'a> {
    pub report: &'a Report,
    pub settings: &'a Settings,
    /// What a `fix` came to; `None` for a `check`.
    pub fixed: Option<Fixed<'a>>,
}

/// What a `fix` came to.
#[derive(Clone, Copy)]
pub struct Fixed<'a> {
    /// `fix`, or `diff`, which only says what it would do.
    pub command: &'static str,
    pub changes: &'a [FileChange],
    /// What became of each change, at the same indices.
    pub written: &'a [FixOutcome],
    /// What became of each finding, at the same indices.
    pub outcomes: &'a [FixOutcome],
    pub tally: &'a Tally,
    /// The command that was run over the result, and did not fail for what is left in it.
    pub verified: Option<&'a str>,
    /// Whether a person wants the sums alone.
    pub brief: bool,
}

impl<'a> Results<'a> {
    /// The results of a `check`.
    pub fn of_check(report: &'a Report, settings: &'a Settings) -> Results<'a> {
        Results { report, settings, fixed: None }
    }

    /// The results of a `fix`.
    pub fn of_fix(run: &'a FixRun, settings: &'a Settings, fixed: Fixed<'a>) -> Results<'a> {
        Results { report: &run.report, settings, fixed: Some(fixed) }
    }
}
