//! The table of formats that findings are printed in. A line here is all that the command line, its help and
//! the schemas need to know of one.

use std::io::{self, Write};

use super::results::Results;
use super::{checkstyle, concise, github, gitlab, json, junit, markdown, rdjson, sarif, text};

/// A way to print results.
pub struct Format {
    /// What `--format` and `--report` call it.
    pub name: &'static str,
    /// One line for `--help`: what it is good for.
    pub about: &'static str,
    /// Whether it can tell what a `fix` did.
    pub tells_fixes: bool,
    /// Whether there are colours in it, which only a terminal wants.
    pub colored: bool,
    /// Writes results; the error is the writer's.
    pub write: Writer,
}

/// The one signature of all formats.
type Writer = fn(&mut dyn Write, &Results<'_>) -> io::Result<()>;

const fn format(name: &'static str, about: &'static str, write: Writer) -> Format {
    Format { name, about, tells_fixes: false, colored: false, write }
}

const fn also_of_fixes(format: Format) -> Format {
    Format { tells_fixes: true, ..format }
}

const fn colored(format: Format) -> Format {
    Format { colored: true, ..format }
}

/// All of them; the first is what is printed where nobody says another.
pub static FORMATS: [Format; 12] = [
    colored(also_of_fixes(format("text", "With the lines of source", text::text))),
    colored(format("concise", "One line a finding", concise::concise)),
    also_of_fixes(format("json", "For programs; see docs/json.md", json::json)),
    also_of_fixes(format("jsonl", "The same findings, one a line", json::jsonl)),
    also_of_fixes(format("markdown", "For a pull request or an issue, with evidence", markdown::markdown)),
    format("sarif", "SARIF 2.1.0, for code scanning", sarif::sarif),
    format("github", "Annotations for a GitHub workflow", github::github),
    format("gitlab", "A code quality report for GitLab", gitlab::gitlab),
    format("rdjson", "For reviewdog, with suggestions", rdjson::rdjson),
    format("rdjsonl", "The same, one finding a line", rdjson::rdjsonl),
    format("checkstyle", "Checkstyle's XML", checkstyle::checkstyle),
    format("junit", "JUnit's XML: each finding is a failed test", junit::junit),
];

impl Format {
    /// What programs read.
    pub fn json() -> &'static Format {
        &FORMATS[2]
    }

    /// The format called `name`.
    pub fn named(name: &str) -> Option<&'static Format> {
        FORMATS.iter().find(|format| format.name == name)
    }
}

impl std::fmt::Debug for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Report;
    use crate::report::samples;

    fn written(format: &Format, report: &Report) -> String {
        let settings = samples::settings();
        samples::plain(|out| (format.write)(out, &Results::of_check(report, &settings)))
    }

    #[test]
    fn names_are_unique_and_found() {
        for format in &FORMATS {
            assert_eq!(Format::json().name, "json");
            assert!(std::ptr::eq(Format::named(format.name).unwrap(), format), "{}", format.name);
        }
        assert!(Format::named("xml").is_none());
    }

    #[test]
    fn every_format_has_a_word_for_no_findings_and_tells_each_finding_once() {
        for format in &FORMATS {
            let none = written(format, &Report::default());
            let lines = ["text", "concise", "jsonl", "github", "rdjsonl"];
            assert_eq!(none.is_empty(), lines.contains(&format.name), "{}: {none}", format.name);
            let one = written(format, &samples::report());
            let message = "is never closed: `run` returns with it still open";
            let silenced = usize::from(format.name.starts_with("json"));
            assert_eq!(one.matches(message).count(), 1 + silenced, "{}: {one}", format.name);
        }
    }

    /// Text that means something to a terminal, to XML, JSON, Markdown or a workflow.
    #[test]
    fn hostile_text_stays_text() {
        for format in &FORMATS {
            let text = written(format, &samples::hostile());
            let raw = text.chars().find(|c| c.is_control() && *c != '\n' && *c != '\t');
            assert_eq!(raw, None, "{}: {text}", format.name);
            assert!(!text.contains("\n::error"), "{}: {text}", format.name);
            // Where a program is to find the file, its name is what it is.
            let exact = ["json", "jsonl", "github", "gitlab", "rdjson", "rdjsonl"].contains(&format.name);
            assert!(exact || !text.contains('\u{202e}'), "{}", format.name);
        }
    }

    #[test]
    fn each_of_many_findings_is_told() {
        let report = samples::many(1000);
        for format in FORMATS.iter().filter(|format| format.name != "markdown") {
            let text = written(format, &report);
            assert_eq!(text.matches("`c` is never closed").count(), 1000, "{}", format.name);
        }
    }
}
