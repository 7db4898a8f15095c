//! The JSON format: structs of its own, stable under `schema_version`, described in docs/json.md.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::tally::Tally;
use crate::base::diagnostic::{
    Acquisition, Applicability, Certainty, Closable, Evidence, Finding, Fix, FixOutcome, Location, Note,
    RunFault, Suppression, Verdict,
};
use crate::base::edit::Edit;
use crate::base::text::{LineIndex, Span};
use crate::engine::{FixRun, Report};

/// Raised whenever a field changes its meaning or goes away; new fields do not raise it.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    tool: Tool,
    command: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    findings: Option<Vec<JsonFinding<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acquisitions: Option<Vec<JsonRow<'a>>>,
    diagnostics: Vec<JsonDiagnostic<'a>>,
    summary: Summary,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

/// What findings and acquisitions have in common; the fields of an acquisition are `null` where a finding is
/// about none.
#[derive(Serialize)]
struct JsonRow<'a> {
    rule: &'a str,
    path: &'a str,
    line: u32,
    column: u32,
    span: Range,
    constructor: Option<&'a str>,
    name: Option<&'a str>,
    function: Option<&'a str>,
    #[serde(rename = "type")]
    type_name: Option<&'a str>,
    release: Option<&'a str>,
    verdict: Option<&'static str>,
    certainty: Option<&'static str>,
    evidence: Vec<JsonEvidence<'a>>,
    notes: Vec<JsonNote<'a>>,
}

#[derive(Serialize)]
struct JsonFinding<'a> {
    #[serde(flatten)]
    row: JsonRow<'a>,
    end: Option<Position>,
    message: &'a str,
    fix: Option<JsonFix<'a>>,
    fingerprint: &'a str,
    suppressed: Option<JsonSuppression<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
}

#[derive(Serialize)]
struct Range {
    start: u32,
    end: u32,
}

#[derive(Serialize)]
struct Position {
    line: u32,
    column: u32,
}

#[derive(Serialize)]
struct JsonEvidence<'a> {
    path: &'a str,
    line: Option<u32>,
    column: Option<u32>,
    message: &'a str,
}

#[derive(Serialize)]
struct JsonNote<'a> {
    id: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct JsonFix<'a> {
    title: &'a str,
    applicability: &'static str,
    reason: Option<&'a str>,
    /// For a safe release: why it does no harm, step by step.
    proof: Option<Vec<JsonEvidence<'a>>>,
    /// For an unsafe one: the first place that stands against a proof.
    objection: Option<JsonEvidence<'a>>,
    edits: Vec<JsonEdit<'a>>,
}

#[derive(Serialize)]
struct JsonEdit<'a> {
    start: u32,
    end: u32,
    text: &'a str,
}

#[derive(Serialize)]
struct JsonSuppression<'a> {
    by: &'static str,
    line: Option<u32>,
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonDiagnostic<'a> {
    path: &'a str,
    line: Option<u32>,
    message: &'a str,
    skipped: bool,
}

#[derive(Serialize)]
struct Summary {
    files: u64,
    complete: bool,
    findings: usize,
    suppressed: usize,
    fixes: Fixes,
    #[serde(flatten)]
    audited: Option<Audited>,
    unknown_type: u64,
    not_analysed: u64,
    findings_in_tests: u64,
    left_out: BTreeMap<&'static str, u64>,
    #[serde(flatten)]
    fixed: Option<Fixed>,
}

/// What only an audit counts: a check looks closely at those calls alone that could leak.
#[derive(Serialize)]
struct Audited {
    acquisitions: usize,
    verdicts: BTreeMap<&'static str, Certainties>,
}

#[derive(Serialize, Default)]
struct Certainties {
    proved: usize,
    assumed: usize,
}

#[derive(Serialize, Default)]
struct Fixes {
    safe: usize,
    r#unsafe: usize,
    display: usize,
    none: usize,
}

#[derive(Serialize)]
struct Fixed {
    changed: usize,
    lines_added: usize,
    lines_removed: usize,
    clean: bool,
    left: usize,
    left_by_reason: BTreeMap<&'static str, usize>,
    partial: bool,
}

/// Writes the findings of a `check`.
///
/// # Errors
/// The writer's.
pub fn check_json(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let findings = findings(report, None);
    document(out, "check", Some(findings), None, report, None)
}

/// Writes the findings of a `fix` with what became of each (`outcomes`, at the same indices), and the sums.
///
/// # Errors
/// The writer's.
pub fn fix_json(out: &mut dyn Write, run: &FixRun, outcomes: &[FixOutcome], tally: &Tally) -> io::Result<()> {
    let fixed = Fixed {
        changed: tally.changed,
        lines_added: tally.lines.added,
        lines_removed: tally.lines.removed,
        clean: tally.left_in_all() == 0,
        left: tally.left_in_all(),
        left_by_reason: tally.left.clone(),
        partial: tally.partial,
    };
    document(out, "fix", Some(findings(&run.report, Some(outcomes))), None, &run.report, Some(fixed))
}

/// Writes every acquisition with its verdict.
///
/// # Errors
/// The writer's.
pub fn audit_json(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let acquisitions = report.acquisitions.iter().map(acquisition).collect();
    document(out, "audit", None, Some(acquisitions), report, None)
}

fn document(
    out: &mut dyn Write,
    command: &'static str,
    findings: Option<Vec<JsonFinding<'_>>>,
    acquisitions: Option<Vec<JsonRow<'_>>>,
    report: &Report,
    fixed: Option<Fixed>,
) -> io::Result<()> {
    let summary = summary(report, acquisitions.is_some(), fixed);
    let document = Document {
        schema_version: SCHEMA_VERSION,
        tool: Tool { name: "unleak", version: env!("CARGO_PKG_VERSION") },
        command,
        findings,
        acquisitions,
        diagnostics: report.faults.iter().map(diagnostic).collect(),
        summary,
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn findings<'a>(report: &'a Report, outcomes: Option<&[FixOutcome]>) -> Vec<JsonFinding<'a>> {
    let mut last: Option<(&str, LineIndex)> = None;
    let mut all = Vec::with_capacity(report.findings.len());
    for (at, finding) in report.findings.iter().enumerate() {
        let path = &finding.location.path;
        if last.as_ref().is_none_or(|(known, _)| *known != &**path) {
            last = report.texts.get(path).map(|text| (&**path, LineIndex::new(text)));
        }
        let index = last.as_ref().map(|(_, index)| index);
        let outcome = outcomes.and_then(|outcomes| outcomes.get(at)).map(|outcome| outcome.words());
        all.push(json_finding(finding, index, outcome));
    }
    all
}

fn json_finding<'a>(
    finding: &'a Finding,
    index: Option<&LineIndex>,
    outcome: Option<&'static str>,
) -> JsonFinding<'a> {
    let end = index.map(|index| index.line_column(finding.location.span.end));
    JsonFinding {
        row: row(finding),
        end: end.map(|(line, column)| Position { line, column }),
        message: &finding.message,
        fix: finding.fix.as_ref().map(fix),
        fingerprint: &finding.fingerprint,
        suppressed: finding.suppressed.as_ref().map(suppression),
        outcome,
    }
}

fn suppression(suppression: &Suppression) -> JsonSuppression<'_> {
    let (line, reason) = match suppression {
        Suppression::Comment { line, reason } => (Some(*line), reason.as_deref()),
        Suppression::Baseline | Suppression::Untouched => (None, None),
    };
    JsonSuppression { by: suppression.word(), line, reason }
}

fn acquisition(at: &Acquisition) -> JsonRow<'_> {
    JsonRow {
        rule: &at.rule,
        path: &at.path,
        line: at.line,
        column: at.column,
        span: range(at.span),
        constructor: Some(&at.constructor),
        name: at.name.as_deref(),
        function: at.function.as_deref(),
        type_name: Some(at.type_name.as_str()).filter(|name| !name.is_empty()),
        release: match &at.closable {
            Closable::By(release) => Some(&release.method),
            Closable::Nothing(_) | Closable::Unknown(_) => None,
        },
        verdict: Some(at.verdict.words()),
        certainty: Some(at.certainty.word()),
        evidence: at.evidence.iter().map(evidence).collect(),
        notes: at.notes.iter().map(note).collect(),
    }
}

fn row(finding: &Finding) -> JsonRow<'_> {
    let Location { path, span, line, column } = &finding.location;
    let of_acquisition = finding.acquisition.as_ref().map(acquisition);
    JsonRow {
        rule: &finding.rule,
        path,
        line: *line,
        column: *column,
        span: range(*span),
        constructor: of_acquisition.as_ref().and_then(|at| at.constructor),
        name: of_acquisition.as_ref().and_then(|at| at.name),
        function: finding.function.as_deref(),
        type_name: of_acquisition.as_ref().and_then(|at| at.type_name),
        release: of_acquisition.as_ref().and_then(|at| at.release),
        verdict: of_acquisition.as_ref().and_then(|at| at.verdict),
        certainty: of_acquisition.as_ref().and_then(|at| at.certainty),
        evidence: finding.labels.iter().map(evidence).collect(),
        notes: finding.notes.iter().map(note).collect(),
    }
}

fn range(span: Span) -> Range {
    Range { start: span.start, end: span.end }
}

fn note(note: &Note) -> JsonNote<'_> {
    JsonNote { id: note.id, message: &note.words }
}

fn evidence(evidence: &Evidence) -> JsonEvidence<'_> {
    let known = evidence.line > 0;
    JsonEvidence {
        path: &evidence.path,
        line: known.then_some(evidence.line),
        column: known.then_some(evidence.column),
        message: &evidence.words,
    }
}

fn fix(fix: &Fix) -> JsonFix<'_> {
    let safe = fix.applicability == Applicability::Safe;
    let proof = fix.proof.as_ref().and_then(|proof| proof.as_ref().ok()).filter(|_| safe);
    let objection = fix.proof.as_ref().and_then(|proof| proof.as_ref().err());
    JsonFix {
        title: &fix.title,
        applicability: fix.applicability.word(),
        reason: fix.reason.as_deref(),
        proof: proof.map(|proof| proof.steps.iter().map(evidence).collect()),
        objection: objection.map(|objection| evidence(&objection.place)),
        edits: fix
            .edits
            .iter()
            .map(|Edit { span, text }| JsonEdit { start: span.start, end: span.end, text })
            .collect(),
    }
}

fn diagnostic(fault: &RunFault) -> JsonDiagnostic<'_> {
    JsonDiagnostic {
        path: &fault.path,
        line: (fault.line > 0).then_some(fault.line),
        message: &fault.words,
        skipped: fault.skipped,
    }
}

fn summary(report: &Report, audit: bool, fixed: Option<Fixed>) -> Summary {
    let mut fixes = Fixes::default();
    let open = report.findings.iter().filter(|finding| finding.suppressed.is_none());
    for finding in open.clone() {
        match finding.fix.as_ref().map(|fix| fix.applicability) {
            Some(Applicability::Safe) => fixes.safe += 1,
            Some(Applicability::Unsafe) => fixes.r#unsafe += 1,
            Some(Applicability::Display) => fixes.display += 1,
            None => fixes.none += 1,
        }
    }
    let findings = open.count();
    Summary {
        files: report.stats.files,
        complete: report.faults.iter().all(|fault| !fault.skipped),
        findings,
        suppressed: report.findings.len() - findings,
        fixes,
        audited: audit
            .then(|| Audited { acquisitions: report.acquisitions.len(), verdicts: verdicts(report) }),
        unknown_type: report.stats.unknown_type,
        not_analysed: report.stats.not_analysed,
        findings_in_tests: report.stats.findings_in_tests,
        left_out: report.stats.left_out.clone(),
        fixed,
    }
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
    use crate::report::{samples, tally};

    fn parse(text: &str) -> Value {
        serde_json::from_str(text).expect("it is JSON")
    }

    #[test]
    fn a_finding_says_all_that_is_known() {
        let value = parse(&samples::plain(|out| check_json(out, &samples::report())));
        let finding = &value["findings"][0];
        assert_eq!(value["schema_version"], 1);
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
        let value = parse(&samples::plain(|out| fix_json(out, &run, &run.outcomes, &tally)));
        let summary = &value["summary"];
        assert_eq!((&summary["changed"], &summary["left"]), (&json!(1), &json!(0)));
        assert_eq!((&summary["clean"], &summary["partial"]), (&json!(true), &json!(false)));
        assert_eq!(value["findings"][0]["outcome"], "applied");
    }

    #[test]
    fn an_audit_lists_acquisitions_and_no_findings() {
        let value = parse(&samples::plain(|out| audit_json(out, &samples::report())));
        assert_eq!(value["acquisitions"][0]["verdict"], "leaked");
        assert_eq!(value["summary"]["verdicts"]["leaked"], json!({ "proved": 1, "assumed": 0 }));
        assert!(value.get("findings").is_none());
    }

    /// The page names every field, so that it cannot fall behind.
    #[test]
    fn every_field_is_documented() {
        let page = include_str!("../../docs/json.md");
        let check = parse(&samples::plain(|out| check_json(out, &samples::report())));
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
