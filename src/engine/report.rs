//! All that one run found out.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::previews::Previews;
use crate::base::diagnostic::{Acquisition, Finding, Location, RunFault};

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
    /// Places that could not be analysed: acquisitions and channels.
    pub not_analysed: u64,
    /// Candidate calls whose type nobody knows.
    pub unknown_type: u64,
    /// `_test.go` files with calls to look at, which are not reported on without `--tests`.
    pub tests_not_judged: u64,
    /// Wall time by phase in milliseconds, in order of running; empty unless asked for.
    pub phases: Vec<(&'static str, f64)>,
}
