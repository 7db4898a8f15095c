//! The JSON format: structs of its own, stable under `schema_version`, described in docs/json.md.

mod rows;
mod wire;

use std::collections::BTreeMap;
use std::io::{self, Write};

use self::rows::{Files, acquisition, channel, diagnostic, findings};
use self::wire::{
    Audited, ByRule, Certainties, Document, FixSums, Fixes, JsonPatch, JsonPreviews, Summary, Tool,
};
use super::patch::patch;
use super::results::{Fixed, Results};
use super::route::routes_by_top;
use crate::base::diagnostic::{Certainty, FixOutcome, Verdict};
use crate::config::Settings;
use crate::engine::{FileChange, Report};

pub use self::wire::json_output_schema;

/// Raised whenever a field changes its meaning or goes away; new fields do not raise it.
const SCHEMA_VERSION: u32 = 2;

/// Writes the findings; of a `fix` or a `diff` with what became of each, the patch, and the sums.
///
/// # Errors
/// The writer's.
pub fn json(out: &mut dyn Write, results: &Results<'_>) -> io::Result<()> {
    let Results { report, settings, .. } = *results;
    let files = Files::new(settings);
    let findings = Some(findings(results, &files));
    let Some(fixed) = &results.fixed else {
        return write(out, &Document { findings, ..document("check", &files, report, None) });
    };
    let stdin = settings.scan.stdin.as_ref().filter(|_| fixed.command == "fix");
    let text = stdin.map(|stdin| fixed.changes.first().map_or(&*stdin.text, |change| &change.after));
    let document = Document {
        findings,
        patches: Some(patches(fixed, settings)?),
        text: text.map(|text| String::from_utf8_lossy(text).into_owned()),
        ..document(fixed.command, &files, report, Some(fix_sums(fixed)))
    };
    write(out, &document)
}

/// Writes each finding as a line, as it stands in the list of [`json`].
///
/// # Errors
/// The writer's.
pub fn jsonl(out: &mut dyn Write, results: &Results<'_>) -> io::Result<()> {
    findings(results, &Files::new(results.settings)).iter().try_for_each(|finding| {
        serde_json::to_writer(&mut *out, finding)?;
        writeln!(out)
    })
}

fn fix_sums(fixed: &Fixed<'_>) -> FixSums {
    let tally = fixed.tally;
    FixSums {
        outcome: tally.outcome().words(),
        changed: tally.changed,
        lines_added: tally.lines.added,
        lines_removed: tally.lines.removed,
        clean: tally.left_in_all() == 0,
        left: tally.left_in_all(),
        left_by_reason: tally.left.clone(),
        partial: tally.partial,
    }
}

/// Writes every acquisition with its verdict.
///
/// # Errors
/// The writer's.
pub fn audit_json(out: &mut dyn Write, report: &Report, settings: &Settings) -> io::Result<()> {
    let files = Files::new(settings);
    let acquisitions = report.acquisitions.iter().map(|at| acquisition(at, &files)).collect();
    let channels = report.channels.iter().map(|one| channel(one, &files)).collect();
    let mut document = Document {
        acquisitions: Some(acquisitions),
        channels: Some(channels),
        ..document("audit", &files, report, None)
    };
    document.summary.audited = Some(Audited {
        acquisitions: report.acquisitions.len(),
        channels: report.channels.len(),
        verdicts: verdicts(report),
    });
    write(out, &document)
}

/// What every command says.
fn document<'a>(
    command: &'static str,
    files: &Files<'_>,
    report: &'a Report,
    fixed: Option<FixSums>,
) -> Document<'a> {
    Document {
        schema_version: SCHEMA_VERSION,
        tool: Tool { name: "unleak", version: env!("CARGO_PKG_VERSION") },
        command,
        root: files.root.clone(),
        findings: None,
        acquisitions: None,
        channels: None,
        diagnostics: report.faults.iter().map(|fault| diagnostic(fault, files)).collect(),
        patches: None,
        text: None,
        summary: summary(report, fixed),
    }
}

fn write(out: &mut dyn Write, document: &Document) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, document)?;
    writeln!(out)
}

/// What was written, as a patch for each repository.
fn patches(fixed: &Fixed<'_>, settings: &Settings) -> io::Result<Vec<JsonPatch>> {
    let done =
        fixed.changes.iter().zip(fixed.written).filter(|(_, outcome)| **outcome == FixOutcome::Applied);
    let changes: Vec<FileChange> = done.map(|(change, _)| change.clone()).collect();
    let mut all = Vec::new();
    for (top, routes) in routes_by_top(&changes, settings) {
        let mut bytes = Vec::new();
        patch(&mut bytes, &changes, &routes)?;
        let exact = std::str::from_utf8(&bytes).is_ok();
        let patch = String::from_utf8_lossy(&bytes).into_owned();
        all.push(JsonPatch { root: top.to_string_lossy().into_owned(), patch, exact });
    }
    Ok(all)
}

fn summary(report: &Report, fixed: Option<FixSums>) -> Summary<'_> {
    let mut fixes = Fixes::default();
    let mut by_rule: BTreeMap<&str, ByRule> = BTreeMap::new();
    let mut findings = 0;
    for finding in &report.findings {
        let of_rule = by_rule.entry(&finding.rule).or_default();
        if finding.suppressed.is_some() {
            of_rule.suppressed += 1;
            continue;
        }
        findings += 1;
        of_rule.findings += 1;
        let applicability = finding.fix.as_ref().map(|fix| fix.applicability);
        fixes.count(applicability);
        of_rule.fixes.count(applicability);
    }
    Summary {
        files: report.stats.files,
        complete: report.faults.iter().all(|fault| !fault.skipped),
        findings,
        suppressed: report.findings.len() - findings,
        fixes,
        by_rule,
        audited: None,
        unknown_type: report.stats.unknown_type,
        not_analysed: report.stats.not_analysed,
        tests_not_judged: report.stats.tests_not_judged,
        left_out: left_out(report),
        previews: JsonPreviews {
            more: report.previews.more.iter().map(|(rule, count)| (&**rule, *count)).collect(),
            not_asked: report.previews.not_asked.iter().map(|rule| &**rule).collect(),
        },
        fixed,
    }
}

/// Files by reason, and the folders that were not entered by the same reasons as `vendor folders`.
fn left_out(report: &Report) -> BTreeMap<String, u64> {
    let files = report.stats.left_out.iter().map(|(reason, count)| ((*reason).to_owned(), *count));
    let folders = report.stats.left_out_folders.iter();
    files.chain(folders.map(|(reason, count)| (format!("{reason} folders"), *count))).collect()
}

fn verdicts(report: &Report) -> BTreeMap<&'static str, Certainties> {
    let mut counts: BTreeMap<&'static str, Certainties> =
        Verdict::ALL.iter().map(|verdict| (verdict.words(), Certainties::default())).collect();
    for at in &report.acquisitions {
        let count = counts.entry(at.verdict.words()).or_default();
        match at.certainty {
            Certainty::Proved => count.proved += 1,
            Certainty::Assumed => count.assumed += 1,
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::engine::FixRun;
    use crate::report::{samples, tally};

    fn parse(text: &str) -> Value {
        serde_json::from_str(text).expect("it is JSON")
    }

    fn checked() -> Value {
        let (report, settings) = (samples::report(), samples::settings());
        parse(&samples::plain(|out| json(out, &Results::of_check(&report, &settings))))
    }

    #[test]
    fn a_finding_says_all_that_is_known() {
        let value = checked();
        let finding = &value["findings"][0];
        assert_eq!((&value["schema_version"], &value["root"]), (&json!(2), &json!("/r")));
        assert_eq!(finding["path"], "d/a.go");
        assert_eq!(finding["end"], json!({"line": 4, "column": 25}));
        assert_eq!(finding["type"], "*x.Client");
        assert_eq!(finding["fix"]["edits"][0]["text"], "\tdefer c.Close()\n");
        assert_eq!(finding["evidence"][1]["line"], Value::Null);
        assert_eq!(
            value["findings"][1]["suppressed"],
            json!({"by": "comment", "line": 3, "reason": "kept on purpose"})
        );
        assert_eq!(value["summary"]["findings"], 1);
        assert_eq!(value["summary"]["suppressed"], 1);
        assert_eq!(value["summary"]["complete"], true);
        assert_eq!(value["summary"]["fixes"], json!({"safe": 1, "unsafe": 0, "display": 0, "none": 0}));
        assert!(value["summary"].get("changed").is_none() && finding.get("outcome").is_none());
    }

    #[test]
    fn a_fix_says_what_a_script_wants_to_know() {
        let run = FixRun {
            report: samples::report(),
            changes: vec![samples::change("d/a.go", "a\n", "a\nb\n")],
            outcomes: vec![FixOutcome::Applied, FixOutcome::Suppressed],
        };
        let tally = tally(&run, &[FixOutcome::Applied], &run.outcomes);
        let written = [FixOutcome::Applied];
        let settings = samples::settings();
        let fixed = samples::fixed(&run, &written, &run.outcomes, &tally);
        let results = Results::of_fix(&run, &settings, fixed);
        let value = parse(&samples::plain(|out| json(out, &results)));
        let lines = samples::plain(|out| jsonl(out, &results));
        let lines: Vec<Value> = lines.lines().map(parse).collect();
        assert_eq!(value["findings"].as_array(), Some(&lines));
        assert_eq!(value["summary"]["outcome"], "changed");
        let summary = &value["summary"];
        assert_eq!((&summary["changed"], &summary["left"]), (&json!(1), &json!(0)));
        assert_eq!((&summary["clean"], &summary["partial"]), (&json!(true), &json!(false)));
        assert_eq!(value["findings"][0]["outcome"], "applied");
    }

    #[test]
    fn an_audit_lists_acquisitions_and_no_findings() {
        let value = parse(&samples::plain(|out| audit_json(out, &samples::report(), &samples::settings())));
        assert_eq!(value["acquisitions"][0]["verdict"], "leaked");
        assert_eq!(value["summary"]["verdicts"]["leaked"], json!({ "proved": 1, "assumed": 0 }));
        assert!(value.get("findings").is_none());
    }

    #[test]
    fn it_says_where_one_for_all_requests_could_live() {
        let home = |head: &str| {
            let text = format!(
                "import \"net/http\"\n\ntype server struct{{}}\n\n\
                 func {head}(w http.ResponseWriter, r *http.Request) {{\n\t\
                 c, err := NewClient()\n\tif err != nil {{\n\t\treturn\n\t}}\n\tc.Use()\n}}\n"
            );
            let (report, settings) = (crate::engine::testing::checked(&text), samples::settings());
            let found = parse(&samples::plain(|out| json(out, &Results::of_check(&report, &settings))));
            found["findings"][0]["notes"][0]["home"].clone()
        };
        assert_eq!(home("(s *server) serve"), json!({ "field_of": "server" }));
        assert_eq!(home("serve"), json!({ "variable_by": "sync.OnceValues" }));
    }

    /// The page names every field, so that it cannot fall behind.
    #[test]
    fn every_field_is_documented() {
        let page = include_str!("../../docs/json.md");
        let check = checked();
        let mut stack = vec![&check];
        while let Some(value) = stack.pop() {
            match value {
                Value::Object(fields) => {
                    for (name, inner) in fields {
                        let verdict = Verdict::ALL.iter().any(|verdict| verdict.words() == name);
                        assert!(
                            verdict || page.contains(&format!("`{name}`")),
                            "docs/json.md says nothing of `{name}`"
                        );
                        stack.push(inner);
                    }
                }
                Value::Array(items) => stack.extend(items),
                _ => {}
            }
        }
    }
}
