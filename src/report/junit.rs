//! JUnit's XML, which every build server shows: each finding is a test that failed, and what could not be
//! read one that broke. Without either one test passed, since many take an empty report for a mistake.

use std::io::{self, Write};

use super::located::{LocatedFinding, located};
use super::results::Results;
use super::xml::xml;
use crate::base::diagnostic::RunFault;

/// Writes the findings that nothing silences.
///
/// # Errors
/// The writer's.
pub fn junit(out: &mut dyn Write, results: &Results<'_>) -> io::Result<()> {
    let failures: Vec<LocatedFinding<'_>> = located(results).collect();
    let broken: Vec<&RunFault> = results.report.faults.iter().filter(|fault| fault.skipped).collect();
    let tests = (failures.len() + broken.len()).max(1);
    let sums = format!("tests=\"{tests}\" failures=\"{}\" errors=\"{}\"", failures.len(), broken.len());
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>")?;
    writeln!(out, "  <testsuite name=\"unleak\" {sums} skipped=\"0\" time=\"0\">")?;
    if failures.is_empty() && broken.is_empty() {
        writeln!(out, "    <testcase name=\"no findings\" classname=\"unleak\" time=\"0\"/>")?;
    }
    for at in &failures {
        failure(out, at)?;
    }
    for fault in broken {
        let (path, words) = (xml(&fault.path), xml(&fault.words));
        writeln!(out, "    <testcase name=\"read\" classname=\"{path}\" time=\"0\">")?;
        writeln!(out, "      <error message=\"{words}\" type=\"unread\"/>\n    </testcase>")?;
    }
    writeln!(out, "  </testsuite>\n</testsuites>")
}

fn failure(out: &mut dyn Write, at: &LocatedFinding<'_>) -> io::Result<()> {
    let ((line, column), path, rule) = (at.start(), xml(at.path()), xml(at.rule()));
    writeln!(out, "    <testcase name=\"{rule}:{line}:{column}\" classname=\"{path}\" time=\"0\">")?;
    write!(out, "      <failure message=\"{}\" type=\"{rule}\">", xml(&at.finding.message))?;
    write!(out, "{path}:{line}:{column}")?;
    for label in &at.finding.labels {
        let line = if label.line > 0 { format!(":{}", label.line) } else { String::new() };
        write!(out, "\n{}{line}: {}", xml(&label.path), xml(&label.words))?;
    }
    if let Some(fix) = at.fix_words() {
        write!(out, "\n{}", xml(&fix))?;
    }
    writeln!(out, "</failure>\n    </testcase>")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Report;
    use crate::report::samples;

    fn written(report: &Report) -> String {
        let settings = samples::settings();
        samples::plain(|out| junit(out, &Results::of_check(report, &settings)))
    }

    #[test]
    fn a_finding_is_a_failed_test() {
        let text = written(&samples::report());
        assert!(text.contains("tests=\"1\" failures=\"1\" errors=\"0\""), "{text}");
        assert!(
            text.contains("<testcase name=\"unclosed-client:4:12\" classname=\"d/a.go\" time=\"0\">"),
            "{text}"
        );
        assert!(
            text.contains("\nd/a.go:8: still open when `run` returns here\ngo.mod: `x` is read"),
            "{text}"
        );
    }

    #[test]
    fn nothing_found_is_a_test_that_passed_and_nothing_read_is_not() {
        let mut report = Report::default();
        assert!(written(&report).contains("tests=\"1\" failures=\"0\" errors=\"0\""));
        let fault = RunFault { path: "a.go".into(), line: 0, words: "may not be read".into(), skipped: true };
        report.faults.push(fault);
        let text = written(&report);
        assert!(text.contains("tests=\"1\" failures=\"0\" errors=\"1\""), "{text}");
        assert!(text.contains("<error message=\"may not be read\" type=\"unread\"/>"), "{text}");
    }
}
