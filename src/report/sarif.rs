//! SARIF 2.1.0, as code scanning services take it: rules from the rules' own texts, paths from the top of the
//! repository, findings that nothing silences.
//!
//! Silenced findings are left out: the services show what is in the file, whatever it says of suppressions.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::harmless::harmless;
use super::results::Results;
use crate::base::diagnostic::{Applicability, Evidence, Finding, Fix, Severity};
use crate::base::text::{LineIndex, Span, narrow};
use crate::config::Settings;
use crate::rules::Rule;

/// What may stand in the path of a URI as it is.
const PLAIN: AsciiSet = NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool<'a>,
    column_kind: &'static str,
    invocations: [Invocation<'a>; 1],
    results: Vec<Outcome<'a>>,
}

#[derive(Serialize)]
struct Tool<'a> {
    driver: Driver<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver<'a> {
    name: &'static str,
    information_uri: &'static str,
    semantic_version: &'static str,
    rules: Vec<Descriptor<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor<'a> {
    id: &'a str,
    short_description: Text<'a>,
    full_description: Text<'a>,
    help: Help,
    default_configuration: Configuration,
}

#[derive(Serialize)]
struct Text<'a> {
    text: Cow<'a, str>,
}

impl<'a> Text<'a> {
    /// Words that somebody is to read.
    fn harmless(text: &'a str) -> Text<'a> {
        Text { text: harmless(text) }
    }

    /// Text of a program, byte for byte.
    fn exact(text: &'a str) -> Text<'a> {
        Text { text: text.into() }
    }
}

#[derive(Serialize)]
struct Help {
    text: String,
    markdown: String,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation<'a> {
    execution_successful: bool,
    tool_execution_notifications: Vec<Notification<'a>>,
}

#[derive(Serialize)]
struct Notification<'a> {
    level: &'static str,
    message: Text<'a>,
    locations: [Location<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'a> {
    rule_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    message: Text<'a>,
    locations: [Location<'a>; 1],
    related_locations: Vec<Location<'a>>,
    partial_fingerprints: Fingerprints<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<SarifFix<'a>>,
}

#[derive(Serialize)]
struct Fingerprints<'a> {
    #[serde(rename = "unleak/v1")]
    unleak: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'a> {
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Text<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactLocation {
    uri: String,
    uri_base_id: &'static str,
}

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_column: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_column: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifFix<'a> {
    description: Text<'a>,
    artifact_changes: [ArtifactChange<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactChange<'a> {
    artifact_location: ArtifactLocation,
    replacements: Vec<Replacement<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Replacement<'a> {
    deleted_region: Region,
    inserted_content: Text<'a>,
}

/// Writes the findings of a `check`.
///
/// # Errors
/// The writer's.
pub fn sarif(out: &mut dyn Write, results: &Results<'_>) -> io::Result<()> {
    let Results { report, settings, .. } = *results;
    let ran = |rule: &&Arc<Rule>| report.rules.contains(&rule.id);
    let rules: Vec<&Arc<Rule>> = settings.scan.sources.rules.iter().filter(ran).collect();
    let mut files: BTreeMap<&str, File> = BTreeMap::new();
    for (path, text) in &report.texts {
        files.insert(path, File { uri: uri(settings, path), text, index: LineIndex::new(text) });
    }
    let open = report.findings.iter().filter(|finding| finding.suppressed.is_none());
    let results = open
        .filter_map(|finding| Some(files.get(&*finding.location.path)?.result(finding, &rules, settings)));
    let complete = report.faults.iter().all(|fault| !fault.skipped);
    let notifications = report.faults.iter().map(|fault| Notification {
        level: "warning",
        message: Text::harmless(&fault.words),
        locations: [Location {
            physical_location: line(uri(settings, &fault.path), fault.line),
            message: None,
        }],
    });
    let run = Run {
        tool: Tool {
            driver: Driver {
                name: env!("CARGO_PKG_NAME"),
                information_uri: env!("CARGO_PKG_HOMEPAGE"),
                semantic_version: env!("CARGO_PKG_VERSION"),
                rules: rules.iter().map(|rule| descriptor(rule)).collect(),
            },
        },
        column_kind: "utf16CodeUnits",
        invocations: [Invocation {
            execution_successful: complete,
            tool_execution_notifications: notifications.collect(),
        }],
        results: results.collect(),
    };
    let schema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
    serde_json::to_writer_pretty(&mut *out, &Log { schema, version: "2.1.0", runs: [run] })?;
    writeln!(out)
}

fn descriptor(rule: &Rule) -> Descriptor<'_> {
    let section = |(heading, text): &(&str, String)| format!("## {heading}\n\n{}\n", text.trim_end());
    let help: Vec<String> = rule.sections.iter().map(section).collect();
    Descriptor {
        id: &rule.id,
        short_description: Text::exact(&rule.summary),
        full_description: Text::exact(rule.sections.first().map_or(&rule.summary, |(_, text)| text)),
        help: Help { text: help.join("\n"), markdown: help.join("\n") },
        default_configuration: Configuration { level: level(rule.severity) },
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
    }
}

fn uri(settings: &Settings, path: &str) -> String {
    utf8_percent_encode(&settings.in_repository(path), &PLAIN).to_string()
}

fn artifact(uri: String) -> ArtifactLocation {
    ArtifactLocation { uri, uri_base_id: "%SRCROOT%" }
}

/// A whole line; line 0 is the whole file.
fn line(uri: String, line: u32) -> PhysicalLocation {
    let region = (line > 0).then(|| Region { start_line: line, ..Region::default() });
    PhysicalLocation { artifact_location: artifact(uri), region }
}

/// What is wrong, and of a fix that nobody may take unseen what it would be: `fixes` hold the others.
fn message(finding: &Finding) -> Text<'_> {
    let fix = finding.fix.as_ref().filter(|fix| fix.applicability != Applicability::Safe);
    let Some(fix) = fix else { return Text::harmless(&finding.message) };
    let reason = fix.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    let words = format!("{}; {} fix: {}{reason}", finding.message, fix.applicability.word(), fix.title);
    Text { text: harmless(&words).into_owned().into() }
}

/// A file with findings.
struct File<'a> {
    uri: String,
    text: &'a [u8],
    index: LineIndex,
}

impl File<'_> {
    fn result<'f>(&self, finding: &'f Finding, rules: &[&Arc<Rule>], settings: &Settings) -> Outcome<'f> {
        let at = &finding.location;
        let main = Location { physical_location: self.physical(at.span), message: None };
        let related = finding.labels.iter().filter(|evidence| evidence.line > 0);
        Outcome {
            rule_id: &finding.rule,
            rule_index: rules.iter().position(|rule| rule.id == finding.rule),
            level: level(finding.severity),
            message: message(finding),
            locations: [main],
            related_locations: related.map(|evidence| self.related(&at.path, evidence, settings)).collect(),
            partial_fingerprints: Fingerprints { unleak: &finding.fingerprint },
            fixes: finding.fix.iter().filter_map(|fix| self.remedy(fix)).collect(),
        }
    }

    fn related<'f>(&self, own: &str, evidence: &'f Evidence, settings: &Settings) -> Location<'f> {
        let physical_location = match evidence.span {
            Some(span) if *evidence.path == *own => self.physical(span),
            _ => line(uri(settings, &evidence.path), evidence.line),
        };
        Location { physical_location, message: Some(Text::harmless(&evidence.words)) }
    }

    fn remedy<'f>(&self, fix: &'f Fix) -> Option<SarifFix<'f>> {
        if fix.applicability != Applicability::Safe || fix.edits.is_empty() {
            return None;
        }
        let replacements = fix.edits.iter().map(|edit| Replacement {
            deleted_region: self.region(edit.span),
            inserted_content: Text::exact(&edit.text),
        });
        let change = ArtifactChange {
            artifact_location: artifact(self.uri.clone()),
            replacements: replacements.collect(),
        };
        Some(SarifFix { description: Text::harmless(&fix.title), artifact_changes: [change] })
    }

    fn physical(&self, span: Span) -> PhysicalLocation {
        PhysicalLocation { artifact_location: artifact(self.uri.clone()), region: Some(self.region(span)) }
    }

    fn region(&self, span: Span) -> Region {
        let ((start_line, start), (end_line, end)) = (self.place(span.start), self.place(span.end));
        Region { start_line, start_column: Some(start), end_line: Some(end_line), end_column: Some(end) }
    }

    /// Line and column from 1, the column in UTF-16 code units.
    fn place(&self, offset: u32) -> (u32, u32) {
        let (line, column) = self.index.line_column(offset);
        let start = (offset + 1).saturating_sub(column) as usize;
        let before = self.text.get(start..offset as usize).unwrap_or_default();
        (line, narrow(String::from_utf8_lossy(before).encode_utf16().count()) + 1)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::report::samples;

    #[test]
    fn a_finding_has_its_rule_place_evidence_and_fix() {
        let mut settings = Settings::sample::<&str>(std::path::Path::new("/r"), &[]);
        settings.scan.sources.rules = crate::rules::builtin();
        let mut report = samples::report();
        report.rules = vec!["unclosed-client".into()];
        let text = samples::plain(|out| sarif(out, &Results::of_check(&report, &settings)));
        let log: Value = serde_json::from_str(&text).expect("it is JSON");
        let run = &log["runs"][0];
        assert_eq!(
            (&log["version"], run["tool"]["driver"]["rules"].as_array().unwrap().len()),
            (&json!("2.1.0"), 1)
        );
        let results = run["results"].as_array().unwrap();
        assert_eq!(results.len(), 1, "what is silenced is left out");
        let place = &results[0]["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "d/a.go");
        assert_eq!(
            place["region"],
            json!({"startLine": 4, "startColumn": 12, "endLine": 4, "endColumn": 25})
        );
        assert_eq!(
            results[0]["relatedLocations"][0]["message"]["text"],
            "still open when `run` returns here"
        );
        let replacement = &results[0]["fixes"][0]["artifactChanges"][0]["replacements"][0];
        assert_eq!(replacement["insertedContent"]["text"], "\tdefer c.Close()\n");
        assert_eq!(replacement["deletedRegion"]["startLine"], 8);
        assert_eq!(results[0]["partialFingerprints"]["unleak/v1"], report.findings[0].fingerprint.as_str());
    }

    #[test]
    fn columns_count_utf_16_units() {
        let text = "a𝄞ü := x".as_bytes();
        let file = File { uri: String::new(), text, index: LineIndex::new(text) };
        assert_eq!(file.place(narrow(text.len()) - 1), (1, 9));
    }
}
