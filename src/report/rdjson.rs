//! reviewdog's diagnostic format, whole (`rdjson`) or a finding a line (`rdjsonl`). Safe fixes are
//! suggestions of whole lines, the others are told in the message. Paths are as printed, columns count bytes.

use std::io::{self, Write};

use serde::Serialize;

use super::harmless::harmless;
use super::located::{Lines, LocatedFinding, located, without_ending};
use super::results::Results;
use crate::base::diagnostic::Severity;

#[derive(Serialize)]
struct Document<'a> {
    source: Source,
    diagnostics: Vec<Diagnostic<'a>>,
}

#[derive(Serialize)]
struct Source {
    name: &'static str,
    url: &'static str,
}

#[derive(Serialize)]
struct Diagnostic<'a> {
    message: String,
    location: Location<'a>,
    severity: &'static str,
    source: Source,
    code: Code<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suggestions: Vec<Suggestion>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Related<'a>>,
}

#[derive(Serialize)]
struct Location<'a> {
    path: &'a str,
    range: Range,
}

#[derive(Serialize)]
struct Range {
    start: Position,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<Position>,
}

/// Without column it is the whole line.
#[derive(Serialize)]
struct Position {
    line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
}

#[derive(Serialize)]
struct Code<'a> {
    value: &'a str,
}

#[derive(Serialize)]
struct Suggestion {
    range: Range,
    text: String,
}

#[derive(Serialize)]
struct Related<'a> {
    message: String,
    location: Location<'a>,
}

/// Writes the findings that nothing silences as one document.
///
/// # Errors
/// The writer's.
pub fn rdjson(out: &mut dyn Write, results: &Results<'_>) -> io::Result<()> {
    let document = Document { source: source(), diagnostics: located(results).map(diagnostic).collect() };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

/// Writes each finding that nothing silences as a line.
///
/// # Errors
/// The writer's.
pub fn rdjsonl(out: &mut dyn Write, results: &Results<'_>) -> io::Result<()> {
    located(results).map(diagnostic).try_for_each(|diagnostic| {
        serde_json::to_writer(&mut *out, &diagnostic)?;
        writeln!(out)
    })
}

fn source() -> Source {
    Source { name: env!("CARGO_PKG_NAME"), url: env!("CARGO_PKG_HOMEPAGE") }
}

fn diagnostic(at: LocatedFinding<'_>) -> Diagnostic<'_> {
    let suggestion = at.suggestion().and_then(suggestion);
    // What can be taken with a click need not be told as well.
    let message = if suggestion.is_some() { at.finding.message.clone() } else { at.message_with_fix() };
    let place = |(line, column): (u32, u32)| Position { line, column: Some(column) };
    let labels = at.finding.labels.iter().filter(|label| label.line > 0);
    Diagnostic {
        message: harmless(&message).into_owned(),
        location: Location {
            path: at.path(),
            range: Range { start: place(at.start()), end: at.end.map(place) },
        },
        severity: match at.finding.severity {
            Severity::Warning => "WARNING",
            Severity::Note => "INFO",
        },
        source: source(),
        code: Code { value: at.rule() },
        suggestions: suggestion.into_iter().collect(),
        related_locations: labels
            .map(|label| Related {
                message: harmless(&label.words).into_owned(),
                location: Location {
                    path: &label.path,
                    range: Range { start: place((label.line, label.column)), end: None },
                },
            })
            .collect(),
    }
}

/// `None` where the lines are no UTF-8: what cannot be spelled cannot be suggested.
fn suggestion(lines: Lines) -> Option<Suggestion> {
    let text = std::str::from_utf8(without_ending(&lines.new)).ok()?.to_owned();
    let whole = |line| Position { line, column: None };
    Some(Suggestion { range: Range { start: whole(lines.first), end: Some(whole(lines.last)) }, text })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::base::diagnostic::Applicability;
    use crate::engine::Report;
    use crate::report::samples;

    fn first(report: &Report) -> Value {
        let settings = samples::settings();
        let whole = samples::plain(|out| rdjson(out, &Results::of_check(report, &settings)));
        let line = samples::plain(|out| rdjsonl(out, &Results::of_check(report, &settings)));
        let whole: Value = serde_json::from_str(&whole).expect("it is JSON");
        assert_eq!(whole["diagnostics"][0], serde_json::from_str::<Value>(&line).expect("it is a line"));
        whole["diagnostics"][0].clone()
    }

    #[test]
    fn a_safe_fix_is_a_suggestion_of_whole_lines() {
        let diagnostic = first(&samples::report());
        let expected = json!([{
            "range": { "start": { "line": 7 }, "end": { "line": 7 } },
            "text": "\t}\n\tdefer c.Close()",
        }]);
        assert_eq!(diagnostic["suggestions"], expected);
        assert_eq!(diagnostic["location"]["range"]["end"], json!({ "line": 4, "column": 25 }));
        assert_eq!(diagnostic["related_locations"][0]["location"]["range"]["start"]["line"], 8);
    }

    #[test]
    fn another_fix_is_told_and_not_suggested() {
        let mut report = samples::report();
        let fix = report.findings[0].fix.as_mut().unwrap();
        (fix.applicability, fix.reason) = (Applicability::Unsafe, Some("it may be nil".into()));
        let diagnostic = first(&report);
        assert_eq!(diagnostic.get("suggestions"), None);
        assert!(diagnostic["message"].as_str().unwrap().ends_with("after the error check (it may be nil)"));
    }
}
