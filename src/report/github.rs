//! Workflow commands, which GitHub shows as annotations on the lines of a pull request.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::harmless;
use crate::base::diagnostic::{Finding, Severity};
use crate::base::text::LineIndex;
use crate::config::Settings;
use crate::engine::Report;

/// Writes `::warning file=…::message` for each finding that nothing silences. Paths count from the top of the
/// repository.
///
/// # Errors
/// The writer's.
pub fn github(out: &mut dyn Write, report: &Report, settings: &Settings) -> io::Result<()> {
    for finding in report.findings.iter().filter(|finding| finding.suppressed.is_none()) {
        writeln!(out, "{}", command(finding, report, settings))?;
    }
    Ok(())
}

fn command(finding: &Finding, report: &Report, settings: &Settings) -> String {
    let at = &finding.location;
    let kind = match finding.severity {
        Severity::Note => "notice",
        Severity::Warning => "warning",
    };
    let mut line = format!("::{kind} file={},line={}", property(&settings.in_repository(&at.path)), at.line);
    let end = report.texts.get(&at.path).map(|text| LineIndex::new(text).line_column(at.span.end));
    let _ = match end {
        Some((last, column)) if last == at.line => write!(line, ",col={},endColumn={column}", at.column),
        Some((last, _)) => write!(line, ",endLine={last}"),
        None => Ok(()),
    };
    let fix = finding
        .fix
        .as_ref()
        .map(|fix| format!("; {} fix: {}", fix.applicability.word(), fix.title))
        .unwrap_or_default();
    let message = data(&harmless(&format!("{}{fix}", finding.message)));
    format!("{line},title={}::{message}", property(&finding.rule))
}

/// A message as a command takes it, so that nothing in it can begin another one.
fn data(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '%' | '\0'..='\u{1f}' | '\u{7f}' => {
                let _ = write!(out, "%{:02X}", c as u32);
            }
            c => out.push(c),
        }
    }
    out
}

/// The same for what stands before the message, where `:` and `,` mean something.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn a_finding_is_a_command() {
        let settings = Settings::sample::<&str>(std::path::Path::new("/r"), &[]);
        let mut report = samples::report();
        report.findings[0].message = "50%\n::error::gone".into();
        let line = samples::plain(|out| github(out, &report, &settings));
        let expected = "::warning \
                        file=d/a.go,line=4,col=12,endColumn=25,title=unclosed-client::50%25\\u{a}::error::gone; safe fix: \
                        insert `defer c.Close()` after the error check\n";
        assert_eq!(line, expected);
        assert_eq!(property("a:b,c\n"), "a%3Ab%2Cc%0A");
    }
}
