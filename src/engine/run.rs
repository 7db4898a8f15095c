//! One run from end to end.

use std::time::Instant;

use super::apply;
use super::fixes::{Choice, Choose, FixRun, Fixes};
use super::report::Report;
use super::scan;
use crate::base::sys::Error;
use crate::config::Settings;

/// A tree that was read and judged: its fixes can be tried in any choice.
pub struct JudgedTree(scan::ScanResult);

impl JudgedTree {
    /// Reads and judges what `settings` name.
    ///
    /// # Errors
    /// As [`check`].
    pub fn new(settings: &Settings) -> Result<JudgedTree, Error> {
        Ok(JudgedTree(scan::scan(settings)?))
    }

    /// What was found.
    pub fn report(&self) -> &Report {
        &self.0.report
    }

    /// Applies the fixes that `settings` let through and `choose` takes, parses and judges the new texts, and
    /// takes back what does not hold.
    pub fn fix(&self, settings: &Settings, choose: &Choose) -> Fixes {
        let begun = Instant::now();
        let fixes = apply::apply(&self.0, settings, choose);
        Fixes { milliseconds: begun.elapsed().as_secs_f64() * 1000.0, ..fixes }
    }

    /// The run that came to `fixes`.
    pub fn into_run(self, fixes: Fixes) -> FixRun {
        let mut report = self.0.report;
        if !report.stats.phases.is_empty() {
            report.stats.phases.push(("fix", fixes.milliseconds));
        }
        FixRun { report, changes: fixes.changes, outcomes: fixes.outcomes }
    }
}

/// Looks at everything that `settings` names and judges it.
///
/// # Errors
/// A path that is not there; anything else that goes wrong is a diagnostic in the report.
pub fn check(settings: &Settings) -> Result<Report, Error> {
    Ok(scan::scan(settings)?.report)
}

/// As [`check`], then applies the fixes that `settings` lets through in memory, re-parses and re-judges.
///
/// # Errors
/// As [`check`].
pub fn fix(settings: &Settings) -> Result<FixRun, Error> {
    let judged = JudgedTree::new(settings)?;
    let fixes = judged.fix(settings, &|_| Choice::Take);
    Ok(judged.into_run(fixes))
}
