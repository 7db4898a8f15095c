//! Checkstyle's XML, which many servers and plugins read: findings by file. Paths are as printed.

use std::io::{self, Write};

use super::located::located;
use super::results::Results;
use super::xml::xml;
use crate::base::diagnostic::Severity;

/// Writes the findings that nothing silences.
///
/// # Errors
/// The writer's.
pub fn checkstyle(out: &mut dyn Write, results: &Results<'_>) -> io::Result<()> {
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<checkstyle version=\"8.0\">")?;
    let mut open: Option<&str> = None;
    for at in located(results) {
        if open != Some(at.path()) {
            if open.is_some() {
                writeln!(out, "  </file>")?;
            }
            writeln!(out, "  <file name=\"{}\">", xml(at.path()))?;
            open = Some(at.path());
        }
        let severity = match at.finding.severity {
            Severity::Warning => "warning",
            Severity::Note => "info",
        };
        let ((line, column), message) = (at.start(), xml(&at.message_with_fix()));
        let source = xml(at.rule());
        writeln!(
            out,
            "    <error line=\"{line}\" column=\"{column}\" severity=\"{severity}\" message=\"{message}\" \
             source=\"unleak.{source}\"/>"
        )?;
    }
    if open.is_some() {
        writeln!(out, "  </file>")?;
    }
    writeln!(out, "</checkstyle>")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn findings_stand_in_their_file() {
        let (report, settings) = (samples::report(), samples::settings());
        let text = samples::plain(|out| checkstyle(out, &Results::of_check(&report, &settings)));
        let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<checkstyle version=\"8.0\">\n  \
            <file name=\"d/a.go\">\n    <error line=\"4\" column=\"12\" severity=\"warning\" \
            message=\"`c` is never closed: `run` returns with it still open; safe fix: insert \
            `defer c.Close()` after the error check\" source=\"unleak.unclosed-client\"/>\n  </file>\n\
            </checkstyle>\n";
        assert_eq!(text, expected);
    }
}
