//! Workflow commands, which GitHub shows as annotations on the lines of a pull request.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::harmless::harmless;
use super::located::{LocatedFinding, located};
use super::results::Results;
use crate::base::diagnostic::Severity;
use crate::config::Settings;

/// Writes `::warning file=…::message` for each finding that nothing silences. Paths count from the top of the
/// repository.
///
/// # Errors
/// The writer's.
pub fn github(out: &mut dyn Write, results: &Results<'_>) -> io::Result<()> {
    located(results).try_for_each(|at| writeln!(out, "{}", command(&at, results.settings)))
}

fn command(at: &LocatedFinding<'_>, settings: &Settings) -> String {
    let kind = match at.finding.severity {
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let (first, column) = at.start();
    let mut line = format!("::{kind} file={},line={first}", property(&settings.in_repository(at.path())));
    let _ = match at.end {
        Some((last, end)) if last == first => write!(line, ",col={column},endColumn={end}"),
        Some((last, _)) => write!(line, ",endLine={last}"),
        None => Ok(()),
    };
    format!("{line},title={}::{}", property(&at.finding.rule), data(&harmless(&at.message_with_fix())))
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
        let line = samples::plain(|out| github(out, &Results::of_check(&report, &settings)));
        let expected = "::warning \
                        file=d/a.go,line=4,col=12,endColumn=25,title=unclosed-client::\
                        50%25\\u{a}::error::gone; safe fix: insert `defer c.Close()` after the error check\n";
        assert_eq!(line, expected);
        assert_eq!(property("a:b,c\n"), "a%3Ab%2Cc%0A");
    }
}
