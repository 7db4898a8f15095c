//! What a fix run came to, once it is known which files could be written.

use std::collections::BTreeMap;

use super::lines::{LineCounts, count_lines};
use crate::base::diagnostic::{Applicability, Finding, FixOutcome};
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

/// What a run of `fix` or `diff` came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunOutcome {
    /// No finding is open.
    NothingToDo,
    /// Files changed, and all was done that was to be done. Findings may be left that nobody asked to mend.
    Changed,
    /// Something that should have been done was not.
    Partial,
    /// Nothing changed; some of what is left has a fix that `--unsafe` takes.
    OnlyUnsafe,
    /// Nothing changed, and there is no fix to take.
    Left,
    /// Nothing stayed changed, since the command of `--verify` fails with the fixes.
    RolledBack,
    /// The command of `--verify` fails without any fix.
    CheckFails,
}

impl RunOutcome {
    /// The words used in JSON.
    pub fn words(self) -> &'static str {
        match self {
            RunOutcome::NothingToDo => "nothing to do",
            RunOutcome::Changed => "changed",
            RunOutcome::Partial => "partial",
            RunOutcome::OnlyUnsafe => "only unsafe fixes left",
            RunOutcome::Left => "findings left",
            RunOutcome::RolledBack => "rolled back",
            RunOutcome::CheckFails => "check fails anyway",
        }
    }
}

impl Tally {
    /// How many findings are left.
    pub fn left_in_all(&self) -> usize {
        self.left.values().sum()
    }

    /// Whether the command of `--verify` took fixes back.
    pub fn rolled_back(&self) -> bool {
        self.left.contains_key(FixOutcome::RolledBack.words())
    }

    /// What it all came to, in a word or two that a program can tell apart.
    pub fn outcome(&self) -> RunOutcome {
        let left = |outcome: FixOutcome| self.left.contains_key(outcome.words());
        match self.changed {
            _ if left(FixOutcome::CheckFails) => RunOutcome::CheckFails,
            0 if self.rolled_back() => RunOutcome::RolledBack,
            _ if self.partial => RunOutcome::Partial,
            0 if self.left.contains_key(Applicability::Unsafe.word()) => RunOutcome::OnlyUnsafe,
            0 if self.left_in_all() > 0 => RunOutcome::Left,
            0 => RunOutcome::NothingToDo,
            _ => RunOutcome::Changed,
        }
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
pub fn settle(run: &FixRun, written: &[FixOutcome]) -> Vec<FixOutcome> {
    let refused: BTreeMap<&str, FixOutcome> = run
        .changes
        .iter()
        .zip(written)
        .filter(|(_, outcome)| **outcome != FixOutcome::Applied)
        .map(|(change, outcome)| (&*change.path, *outcome))
        .collect();
    let settled = |(finding, outcome): (&Finding, &FixOutcome)| match refused.get(&*finding.location.path) {
        Some(refusal) if is_done(*outcome) => *refusal,
        _ => *outcome,
    };
    run.report.findings.iter().zip(&run.outcomes).map(settled).collect()
}

/// Sums up. `written` as in [`settle`], whose result is `outcomes`.
pub fn tally(run: &FixRun, written: &[FixOutcome], outcomes: &[FixOutcome]) -> Tally {
    let mut tally =
        Tally { partial: run.report.faults.iter().any(|fault| fault.skipped), ..Tally::default() };
    for (change, _) in run.changes.iter().zip(written).filter(|(_, outcome)| **outcome == FixOutcome::Applied)
    {
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
    tally.partial |= written.iter().any(|outcome| *outcome != FixOutcome::Applied);
    tally
}

/// Why a finding is still there; `None` when it is mended or silenced.
pub(super) fn reason_left(finding: &Finding, outcome: FixOutcome) -> Option<&'static str> {
    if finding.suppressed.is_some() || is_done(outcome) || outcome == FixOutcome::Suppressed {
        return None;
    }
    match (&finding.fix, outcome) {
        (Some(fix), FixOutcome::BelowApplicability) => Some(fix.applicability.word()),
        _ => Some(outcome.words()),
    }
}

fn is_done(outcome: FixOutcome) -> bool {
    matches!(outcome, FixOutcome::Applied | FixOutcome::Duplicate | FixOutcome::Ignored)
}

/// Whether the outcome is nobody's wish.
fn is_mishap(outcome: FixOutcome) -> bool {
    match outcome {
        FixOutcome::Conflict | FixOutcome::ParseDamage | FixOutcome::Stale => true,
        FixOutcome::Damaged | FixOutcome::VerifyFailed | FixOutcome::RolledBack => true,
        FixOutcome::CheckFails | FixOutcome::OutsideRoot | FixOutcome::WriteFailed => true,
        FixOutcome::Applied
        | FixOutcome::Duplicate
        | FixOutcome::BelowApplicability
        | FixOutcome::Declined => false,
        FixOutcome::Suppressed
        | FixOutcome::Ignored
        | FixOutcome::OverLimit
        | FixOutcome::NoFix
        | FixOutcome::Generated => false,
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
            outcomes: vec![FixOutcome::Applied, FixOutcome::Suppressed],
        }
    }

    #[test]
    fn all_done() {
        let run = run();
        let outcomes = settle(&run, &[FixOutcome::Applied]);
        let tally = tally(&run, &[FixOutcome::Applied], &outcomes);
        assert_eq!(tally.line(), "changed 1 file (+1 line), 0 findings left");
    }

    #[test]
    fn outcomes_are_told_apart() {
        let of = |changed, left: &[&'static str], partial| {
            let left = left.iter().map(|reason| (*reason, 1)).collect();
            Tally { changed, left, partial, ..Tally::default() }.outcome()
        };
        assert_eq!(of(0, &[], false), RunOutcome::NothingToDo);
        assert_eq!(of(2, &["unsafe"], false), RunOutcome::Changed);
        assert_eq!(of(2, &["rolled back"], true), RunOutcome::Partial);
        assert_eq!(of(0, &["rolled back", "unsafe"], true), RunOutcome::RolledBack);
        assert_eq!(of(0, &["unsafe", "display"], false), RunOutcome::OnlyUnsafe);
        assert_eq!(of(0, &["display"], false), RunOutcome::Left);
        assert_eq!(of(1, &["check fails anyway"], true), RunOutcome::CheckFails);
    }

    #[test]
    fn a_file_that_was_not_written_leaves_its_findings() {
        let run = run();
        let outcomes = settle(&run, &[FixOutcome::Stale]);
        assert_eq!(outcomes, [FixOutcome::Stale, FixOutcome::Suppressed]);
        let tally = tally(&run, &[FixOutcome::Stale], &outcomes);
        assert!(tally.partial);
        assert!(
            tally.line().starts_with("changed 0 files (+0 lines), 1 finding left (1 stale); partial"),
            "{}",
            tally.line()
        );
    }
}
