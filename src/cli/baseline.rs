//! What `check` does with baselines beside reporting: it writes one, and tells what of one is gone.

use std::path::Path;

use super::exit::{Exit, after};
use super::flags::{CheckFlags, CommonFlags};
use super::progress;
use super::words::{self, counted, say};
use crate::base::sys;
use crate::config::Settings;
use crate::engine;
use crate::engine::{Baseline, Entry};
use crate::report::harmless;

/// How many entries that are gone are named.
const NAMED: usize = 20;

/// Runs `check --write-baseline`.
///
/// # Errors
/// A file that is there and is no baseline, one that cannot be written, and what keeps a run from its end.
pub fn write(
    common: &CommonFlags,
    flags: &CheckFlags,
    settings: &Settings,
    file: &Path,
) -> anyhow::Result<Exit> {
    let old = if sys::kind(file).is_some() { Baseline::read(file)? } else { Baseline::default() };
    let report = progress::watched(common.quiet, &settings.report.progress, || engine::check(settings))?;
    words::faults(&report.faults);
    let baseline = Baseline::of(&report, settings, &old);
    sys::write(file, baseline.text().as_bytes())?;
    if !common.quiet {
        say(&format!(
            "{} written to {}",
            counted(baseline.len(), "finding"),
            harmless(&file.to_string_lossy())
        ));
        words::incomplete(&report);
    }
    words::stats(common, settings, &report);
    Ok(after(&report, flags.scan.strict, false))
}

/// Tells which entries of a baseline are gone.
pub fn tell(gone: &[&Entry]) {
    if gone.is_empty() {
        return;
    }
    say(&format!(
        "gone from the baseline, which --write-baseline would write without: {}",
        counted(gone.len(), "finding")
    ));
    for entry in gone.iter().take(NAMED) {
        let function =
            if entry.function.is_empty() { String::new() } else { format!(" in {}", entry.function) };
        say(&format!(
            "  {}",
            harmless(&format!("{}: {}: {}{function}", entry.path, entry.rule, entry.acquires))
        ));
    }
    if gone.len() > NAMED {
        say(&format!("  … and {} more", gone.len() - NAMED));
    }
}
