//! One line a finding, for editors, grep and logs.

use std::io::{self, Write};

use super::harmless::harmless;
use super::results::Results;
use super::tone::{BOLD, DIM, WARNING};
use crate::base::diagnostic::Finding;

/// Writes `path:line:column: rule: message [safe fix]` for each finding that no comment silences.
///
/// # Errors
/// The writer's.
pub fn concise(out: &mut dyn Write, results: &Results<'_>) -> io::Result<()> {
    for finding in results.report.findings.iter().filter(|finding| finding.suppressed.is_none()) {
        let at = &finding.location;
        let (path, message, fix) = (harmless(&at.path), harmless(&finding.message), fix_words(finding));
        let (line, column, rule) = (at.line, at.column, &finding.rule);
        writeln!(
            out,
            "{BOLD}{path}:{line}:{column}:{BOLD:#} {WARNING}{rule}{WARNING:#}: {message} {DIM}[{fix}]{DIM:#}"
        )?;
    }
    Ok(())
}

fn fix_words(finding: &Finding) -> String {
    finding.fix.as_ref().map_or("no fix".into(), |fix| format!("{} fix", fix.applicability.word()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn a_finding_is_a_line() {
        let (report, settings) = (samples::report(), samples::settings());
        let line = samples::plain(|out| concise(out, &Results::of_check(&report, &settings)));
        let expected = "d/a.go:4:12: unclosed-client: `c` is never closed: `run` returns with it still open \
                        [safe fix]\n";
        assert_eq!(line, expected);
    }
}
