//! A code quality report as GitLab takes it: an array of issues. Paths count from the top of the repository.

use std::io::{self, Write};

use serde::Serialize;

use super::harmless::harmless;
use super::located::located;
use super::results::Results;
use crate::base::diagnostic::Severity;

#[derive(Serialize)]
struct Issue<'a> {
    description: String,
    check_name: &'a str,
    fingerprint: &'a str,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

/// Writes the findings that nothing silences.
///
/// # Errors
/// The writer's.
pub fn gitlab(out: &mut dyn Write, results: &Results<'_>) -> io::Result<()> {
    let issues: Vec<Issue> = located(results)
        .map(|at| Issue {
            description: harmless(&at.message_with_fix()).into_owned(),
            check_name: at.rule(),
            fingerprint: &at.finding.fingerprint,
            severity: match at.finding.severity {
                Severity::Warning => "major",
                Severity::Note => "info",
            },
            location: Location {
                path: results.settings.in_repository(at.path()),
                lines: Lines { begin: at.start().0, end: at.end.map_or(at.start().0, |(line, _)| line) },
            },
        })
        .collect();
    serde_json::to_writer_pretty(&mut *out, &issues)?;
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::report::samples;

    #[test]
    fn an_issue_has_what_gitlab_asks_for() {
        let (report, settings) = (samples::report(), samples::settings());
        let text = samples::plain(|out| gitlab(out, &Results::of_check(&report, &settings)));
        let issues: Value = serde_json::from_str(&text).expect("it is JSON");
        let expected = json!([{
            "description": "`c` is never closed: `run` returns with it still open; \
                            safe fix: insert `defer c.Close()` after the error check",
            "check_name": "unclosed-client",
            "fingerprint": report.findings[0].fingerprint,
            "severity": "major",
            "location": { "path": "d/a.go", "lines": { "begin": 4, "end": 4 } },
        }]);
        assert_eq!(issues, expected);
    }
}
