//! What a fix run came to, once it is known which files could be written.

use std::collections::BTreeMap;

use super::lines::{LineCounts, count_lines};
use crate::base::finding::{Finding, Outcome};
use crate::engine::FixRun;

/// The sums of a fix run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// Files that hold a new text now.
    pub changed: usize,
    /// Lines added to and taken out of these.
    pub lines: LineCounts,
    /// Findings that are still there and not silenced, by what kept them: `unsafe`, `display`, `no fix`, or
    /// an outcome's words.
    pub left: BTreeMap<&'static str, usize>,
    /// Whether something that should have been done was not: a file not read or not written, a fix that did
    /// not hold.
    pub partial: bool,
}

impl Tally {
    /// How many findings are left.
    pub fn left_in_all(&self) -> usize {
        self.left.values().sum()
    }

    /// One line for the end of `fix`: `changed 3 files (+4 lines), 2 findings left (1 display, 1 unsafe)`.
    pub fn line(&self) -> String {
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let LineCounts { added, removed: removed_lines } = self.lines;
        let removed = if removed_lines > 0 { format!(" -{removed_lines}") } else { String::new() };
        let left = self.left_in_all();
        let mut line = format!(
            "changed {} file{} (+{added}{removed} line{}), {left} finding{} left",
            self.changed,
            plural(self.changed),
            plural(added + removed_lines),
            plural(left),
        );
        if left > 0 {
            let reasons: Vec<String> =
                self.left.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
            line += &format!(" ({})", reasons.join(", "));
        }
        if self.partial {
            line += "; partial: not everything could be read, mended or written";
        }
        line
    }
}

/// What became of each finding in the end. `written` tells for each change of `run` whether its file was
/// written (`Applied`) or why not.
pub fn settle(run: &FixRun, written: &[Outcome]) -> Vec<Outcome> {
    let refused: BTreeMap<&str, Outcome> = run
        .changes
        .iter()
        .zip(written)
        .filter(|(_, outcome)| **outcome != Outcome::Applied)
        .map(|(change, outcome)| (&*change.path, *outcome))
        .collect();
    let settled = |(finding, outcome): (&Finding, &Outcome)| match refused.get(&*finding.acquisition.path) {
        Some(refusal) if is_done(*outcome) => *refusal,
        _ => *outcome,
    };
    run.report.findings.iter().zip(&run.outcomes).map(settled).collect()
}

/// Sums up. `written` as in [`settle`], whose result is `outcomes`.
pub fn tally(run: &FixRun, written: &[Outcome], outcomes: &[Outcome]) -> Tally {
    let mut tally =
        Tally { partial: run.report.diagnostics.iter().any(|fault| fault.skipped), ..Tally::default() };
    for (change, _) in run.changes.iter().zip(written).filter(|(_, outcome)| **outcome == Outcome::Applied) {
        let counts = count_lines(&change.before, &change.after);
        tally.changed += 1;
        tally.lines.added += counts.added;
        tally.lines.removed += counts.removed;
    }
    for (finding, outcome) in run.report.findings.iter().zip(outcomes) {
        tally.partial |= is_mishap(*outcome);
        if let Some(reason) = reason_left(finding, *outcome) {
            *tally.left.entry(reason).or_insert(0) += 1;
        }
    }
    tally.partial |= written.iter().any(|outcome| *outcome != Outcome::Applied);
    tally
}

/// Why a finding is still there; `None` when it is mended or silenced.
pub(super) fn reason_left(finding: &Finding, outcome: Outcome) -> Option<&'static str> {
    if finding.suppressed.is_some() || is_done(outcome) || outcome == Outcome::Suppressed {
        return None;
    }
    match (&finding.fix, outcome) {
        (Some(fix), Outcome::BelowApplicability) => Some(fix.applicability.word()),
        _ => Some(outcome.words()),
    }
}

fn is_done(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Applied | Outcome::Duplicate | Outcome::Ignored)
}

/// Whether the outcome is nobody's wish.
fn is_mishap(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Conflict | Outcome::ParseDamage | Outcome::Stale => true,
        Outcome::VerifyFailed | Outcome::OutsideRoot | Outcome::WriteFailed => true,
        Outcome::Applied | Outcome::Duplicate | Outcome::BelowApplicability | Outcome::Declined => false,
        Outcome::Suppressed | Outcome::Ignored | Outcome::OverLimit | Outcome::NoFix | Outcome::Generated => {
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    fn run() -> FixRun {
        FixRun {
            report: samples::report(),
            changes: vec![samples::change("d/a.go", "a\n", "a\nb\n")],
            outcomes: vec![Outcome::Applied, Outcome::Suppressed],
        }
    }

    #[test]
    fn all_done() {
        let run = run();
        let outcomes = settle(&run, &[Outcome::Applied]);
        let tally = tally(&run, &[Outcome::Applied], &outcomes);
        assert_eq!(tally.line(), "changed 1 file (+1 line), 0 findings left");
    }

    #[test]
    fn a_file_that_was_not_written_leaves_its_findings() {
        let run = run();
        let outcomes = settle(&run, &[Outcome::Stale]);
        assert_eq!(outcomes, [Outcome::Stale, Outcome::Suppressed]);
        let tally = tally(&run, &[Outcome::Stale], &outcomes);
        assert!(tally.partial);
        assert!(
            tally.line().starts_with("changed 0 files (+0 lines), 1 finding left (1 stale); partial"),
            "{}",
            tally.line()
        );
    }
}
