//! One run from end to end: judge, fix, apply in memory, re-judge. Prints nothing and analyses nothing
//! itself.

mod add_ignore;
mod analyze;
mod apply;
mod baseline;
mod called_seeds;
mod change_filter;
mod detect;
mod package_style;
mod prefilter;
mod previews;
mod quick_reject;
mod scan;
mod suppress;
mod typed_seeds;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use crate::base::diagnostic::{Acquisition, Finding, FixOutcome, Location, RunFault};
use crate::base::edit::Edit;
use crate::base::sys::Error;
use crate::config::Settings;

pub use baseline::{Baseline, Entry};
pub use previews::Previews;

/// All that one run found out. Every list is sorted by path, position, rule: the same for any number of
/// threads.
#[derive(Debug, Default)]
pub struct Report {
    /// Every acquisition with its verdict.
    pub acquisitions: Vec<Acquisition>,
    /// The verdicts on channels that goroutines use.
    pub channels: Vec<ChannelVerdict>,
    /// What is reported, suppressed findings included (marked as such).
    pub findings: Vec<Finding>,
    /// Faults in single files.
    pub faults: Vec<RunFault>,
    /// What was seen, skipped and why.
    pub stats: Stats,
    /// The files that were read and judged, as printed; those whose findings are not reported are left out.
    pub read: Vec<Arc<str>>,
    /// The ids of the rules that ran somewhere, sorted.
    pub rules: Vec<Arc<str>>,
    /// What rules in preview would say, where nobody chose the rules.
    pub previews: Previews,
    /// What was looked at and left alone, for `--verbose`: filled where the settings ask for statistics.
    pub details: Details,
    /// The original text of each file that has a finding, by its printed path.
    pub texts: BTreeMap<Arc<str>, Arc<[u8]>>,
}

/// The verdict on one channel.
#[derive(Debug, Clone)]
pub struct ChannelVerdict {
    pub location: Location,
    /// What makes it, as written: `make(chan int)`.
    pub text: String,
    /// The enclosing function.
    pub function: Option<String>,
    /// In a word or two: `received`, `buffered`, `gives up`, the name of a rule, `not analysed`.
    pub verdict: String,
    /// Why.
    pub words: String,
}

/// What a run can tell beside its results.
#[derive(Debug, Default)]
pub struct Details {
    /// The files of settings that hold somewhere.
    pub settings: Vec<Arc<str>>,
    /// The Go files that were left out, each with its reason, sorted.
    pub left_out: Vec<(Arc<str>, &'static str)>,
}

/// Counts of one run.
#[derive(Debug, Default, Clone)]
pub struct Stats {
    /// Files read.
    pub files: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Files left out, by reason: `tests`, `generated`, `vendor`, `testdata`, `ignored`, `too large`,
    /// `unreadable`, …
    pub left_out: BTreeMap<&'static str, u64>,
    /// Folders that were not entered, by reason.
    pub left_out_folders: BTreeMap<&'static str, u64>,
    /// Declarations that were parsed.
    pub declarations: u64,
    /// Declarations that hold a candidate and could not be analysed.
    pub not_analysed: u64,
    /// Candidate calls whose type nobody knows.
    pub unknown_type: u64,
    /// `_test.go` files with calls to look at, which are not reported on without `--tests`.
    pub tests_not_judged: u64,
    /// Wall time by phase in milliseconds, in order of running; empty unless asked for.
    pub phases: Vec<(&'static str, f64)>,
}

/// A file whose text the fixes change.
#[derive(Debug, Clone)]
pub struct Change {
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
    pub changes: Vec<Change>,
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

/// A tree that was read and judged: its fixes can be tried in any choice.
pub struct Judged(scan::ScanResult);

impl Judged {
    /// Reads and judges what `settings` name.
    ///
    /// # Errors
    /// As [`check`].
    pub fn new(settings: &Settings) -> Result<Judged, Error> {
        Ok(Judged(scan::scan(settings)?))
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

/// A run that also tried the fixes, in memory. Nothing has been written.
#[derive(Debug, Default)]
pub struct FixRun {
    /// What was found in the tree as it is.
    pub report: Report,
    /// The new texts, sorted by path.
    pub changes: Vec<Change>,
    /// For each finding of the report, at the same index, what became of its fix.
    pub outcomes: Vec<FixOutcome>,
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
    let judged = Judged::new(settings)?;
    let fixes = judged.fix(settings, &|_| Choice::Take);
    Ok(judged.into_run(fixes))
}
