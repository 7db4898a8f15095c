//! What `fix` did, a line for each finding.

use std::io::{self, Write};

use super::harmless::harmless;
use super::results::Fixed;
use super::tally::reason_left;
use super::tone::{ADDED, BOLD, WARNING};
use crate::base::diagnostic::{Finding, FixOutcome};

/// Writes what became of each finding that no comment silences, unless only the sums are wanted, and these.
///
/// # Errors
/// The writer's.
pub(super) fn fixed_lines(out: &mut dyn Write, findings: &[Finding], fixed: &Fixed<'_>) -> io::Result<()> {
    if !fixed.brief {
        lines(out, findings, fixed.outcomes)?;
    }
    writeln!(out, "{}", fixed.tally.line())
}

fn lines(out: &mut dyn Write, findings: &[Finding], outcomes: &[FixOutcome]) -> io::Result<()> {
    for (finding, outcome) in
        findings.iter().zip(outcomes).filter(|(finding, _)| finding.suppressed.is_none())
    {
        let at = &finding.location;
        let place = format!("{BOLD}{}:{}:{}:{BOLD:#}", harmless(&at.path), at.line, at.column);
        if *outcome == FixOutcome::Ignored {
            writeln!(out, "{ADDED}ignored{ADDED:#} {place} {}", harmless(&finding.message))?;
            continue;
        }
        match (reason_left(finding, *outcome), &finding.fix) {
            (None, Some(fix)) => writeln!(out, "{ADDED}fixed{ADDED:#} {place} {}", harmless(&fix.title))?,
            (None, None) => writeln!(out, "{ADDED}fixed{ADDED:#} {place} {}", harmless(&finding.message))?,
            (Some(reason), fix) => {
                let why = fix
                    .as_ref()
                    .and_then(|fix| fix.reason.as_deref())
                    .map(|why| format!(": {}", harmless(why)));
                let why = why.unwrap_or_default();
                writeln!(
                    out,
                    "{WARNING}left{WARNING:#}  {place} {} ({reason}{why})",
                    harmless(&finding.message)
                )?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn fixed_and_left_are_told_apart() {
        let findings = [samples::finding(), samples::finding()];
        let lines =
            samples::plain(|out| lines(out, &findings, &[FixOutcome::Applied, FixOutcome::VerifyFailed]));
        let expected = "fixed d/a.go:4:12: insert `defer c.Close()` after the error check\n\
                        left  d/a.go:4:12: `c` is never closed: `run` returns with it still open (verify \
                        failed)\n";
        assert_eq!(lines, expected);
    }
}
