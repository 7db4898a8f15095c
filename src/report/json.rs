//! The JSON format: structs of its own, stable under `schema_version`, described in docs/json.md.

use std::collections::BTreeMap;
use std::io::{self, Write};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

use super::formats::{Fixed, Results};
use super::patch::patch;
use super::route::routes_by_top;
use crate::base::diagnostic::{
    Acquisition, Applicability, Certainty, Closable, Evidence, Finding, Fix, FixOutcome, Location, Note,
    RunFault, Suppression, Verdict,
};
use crate::base::edit::Edit;
use crate::base::sys;
use crate::base::text::{LineIndex, Span};
use crate::config::Settings;
use crate::engine::{Change, ChannelVerdict, Report};

/// Raised whenever a field changes its meaning or goes away; new fields do not raise it.
const SCHEMA_VERSION: u32 = 2;

#[derive(Serialize, JsonSchema)]
#[schemars(title = "Output of unleak", description = "What `--format json` prints; see docs/json.md.")]
struct Document<'a> {
    schema_version: u32,
    tool: Tool,
    #[schemars(schema_with = "command_schema")]
    command: &'static str,
    /// What paths count from, unless the place says otherwise.
    root: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    findings: Option<Vec<JsonFinding<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acquisitions: Option<Vec<JsonRow<'a>>>,
    /// The channels that goroutines use.
    #[serde(skip_serializing_if = "Option::is_none")]
    channels: Option<Vec<JsonChannel<'a>>>,
    diagnostics: Vec<JsonDiagnostic<'a>>,
    /// What changes, a patch for each repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    patches: Option<Vec<JsonPatch>>,
    /// The new text of standard input.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    summary: Summary<'a>,
}

#[derive(Serialize, JsonSchema)]
struct JsonPatch {
    root: String,
    patch: String,
    /// `false` where the patch holds bytes that are not UTF-8: then it stands here with U+FFFD in their
    /// place.
    exact: bool,
}

#[derive(Serialize, JsonSchema)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

/// What findings and acquisitions have in common; the fields of an acquisition are `null` where a finding is
/// about none.
#[derive(Serialize, JsonSchema)]
struct JsonRow<'a> {
    rule: &'a str,
    #[serde(flatten)]
    file: JsonFile,
    line: u32,
    column: u32,
    span: Range,
    constructor: Option<&'a str>,
    name: Option<&'a str>,
    function: Option<&'a str>,
    #[serde(rename = "type")]
    type_name: Option<&'a str>,
    release: Option<&'a str>,
    #[schemars(schema_with = "verdict_schema")]
    verdict: Option<&'static str>,
    #[schemars(schema_with = "certainty_schema")]
    certainty: Option<&'static str>,
    evidence: Vec<JsonEvidence<'a>>,
    notes: Vec<JsonNote<'a>>,
}

/// A channel that goroutines use, in an audit.
#[derive(Serialize, JsonSchema)]
struct JsonChannel<'a> {
    #[serde(flatten)]
    file: JsonFile,
    line: u32,
    column: u32,
    span: Range,
    /// What makes it, as written.
    make: &'a str,
    function: Option<&'a str>,
    /// In a word or two; for a channel with a fault the id of the rule that reports it.
    verdict: &'a str,
    message: &'a str,
}

#[derive(Serialize, JsonSchema)]
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

#[derive(Serialize, JsonSchema)]
struct Range {
    start: u32,
    end: u32,
}

#[derive(Serialize, JsonSchema)]
struct Position {
    line: u32,
    column: u32,
}

/// A file as its repository has it.
#[derive(Serialize, JsonSchema, Clone)]
struct JsonFile {
    path: String,
    /// The top of its repository where that is not the document's.
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct JsonEvidence<'a> {
    #[serde(flatten)]
    file: JsonFile,
    line: Option<u32>,
    column: Option<u32>,
    message: &'a str,
}

#[derive(Serialize, JsonSchema)]
struct JsonNote<'a> {
    id: &'a str,
    message: &'a str,
}

#[derive(Serialize, JsonSchema)]
struct JsonFix<'a> {
    title: &'a str,
    #[schemars(schema_with = "applicability_schema")]
    applicability: &'static str,
    reason: Option<&'a str>,
    /// For a safe release: why it does no harm, step by step.
    proof: Option<Vec<JsonEvidence<'a>>>,
    /// For an unsafe one: the first place that stands against a proof.
    objection: Option<JsonEvidence<'a>>,
    edits: Vec<JsonEdit<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct JsonEdit<'a> {
    start: u32,
    end: u32,
    text: &'a str,
}

#[derive(Serialize, JsonSchema)]
struct JsonSuppression<'a> {
    by: &'static str,
    line: Option<u32>,
    reason: Option<&'a str>,
}

#[derive(Serialize, JsonSchema)]
struct JsonDiagnostic<'a> {
    #[serde(flatten)]
    file: JsonFile,
    line: Option<u32>,
    message: &'a str,
    skipped: bool,
}

#[derive(Serialize, JsonSchema)]
struct Summary<'a> {
    files: u64,
    complete: bool,
    findings: usize,
    suppressed: usize,
    fixes: Fixes,
    by_rule: BTreeMap<&'a str, ByRule>,
    #[serde(flatten)]
    audited: Option<Audited>,
    unknown_type: u64,
    not_analysed: u64,
    tests_not_judged: u64,
    left_out: BTreeMap<String, u64>,
    #[serde(flatten)]
    fixed: Option<FixSums>,
}

/// The findings of one rule.
#[derive(Serialize, JsonSchema, Default)]
struct ByRule {
    findings: usize,
    suppressed: usize,
    fixes: Fixes,
}

/// What only an audit counts: a check looks closely at those calls alone that could leak.
#[derive(Serialize, JsonSchema)]
struct Audited {
    acquisitions: usize,
    channels: usize,
    verdicts: BTreeMap<&'static str, Certainties>,
}

#[derive(Serialize, JsonSchema, Default)]
struct Certainties {
    proved: usize,
    assumed: usize,
}

#[derive(Serialize, JsonSchema, Default)]
struct Fixes {
    safe: usize,
    r#unsafe: usize,
    display: usize,
    none: usize,
}

#[derive(Serialize, JsonSchema)]
struct FixSums {
    outcome: &'static str,
    changed: usize,
    lines_added: usize,
    lines_removed: usize,
    clean: bool,
    left: usize,
    left_by_reason: BTreeMap<&'static str, usize>,
    partial: bool,
}

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
    let stdin = settings.stdin.as_ref().filter(|_| fixed.command == "fix");
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

/// The JSON Schema of what `check`, `diff`, `fix` and `audit` print.
pub fn json_output_schema() -> Schema {
    schemars::schema_for!(Document)
}

/// The words that stand for one thing of a kind.
fn one_of(words: Vec<&'static str>) -> Schema {
    json_schema!({ "type": "string", "enum": words })
}

/// The same, or `null`.
fn known(words: Vec<&'static str>) -> Schema {
    let words: Vec<Option<&str>> = words.into_iter().map(Some).chain([None]).collect();
    json_schema!({ "type": ["string", "null"], "enum": words })
}

fn verdict_schema(_: &mut SchemaGenerator) -> Schema {
    known(Verdict::ALL.map(Verdict::words).into())
}

fn certainty_schema(_: &mut SchemaGenerator) -> Schema {
    known([Certainty::Proved, Certainty::Assumed].map(Certainty::word).into())
}

fn applicability_schema(_: &mut SchemaGenerator) -> Schema {
    let all = [Applicability::Safe, Applicability::Unsafe, Applicability::Display];
    one_of(all.map(Applicability::word).into())
}

fn command_schema(_: &mut SchemaGenerator) -> Schema {
    one_of(["check", "diff", "fix", "audit"].into())
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
    let changes: Vec<Change> = done.map(|(change, _)| change.clone()).collect();
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

/// Printed paths -> paths in repositories.
struct Files<'s> {
    settings: &'s Settings,
    root: String,
}

impl<'s> Files<'s> {
    fn new(settings: &'s Settings) -> Files<'s> {
        let root = settings.top().map_or_else(|| settings.root.clone(), |top| top.dir.clone());
        Files { settings, root: root.to_string_lossy().into_owned() }
    }

    /// A file of the scanned tree.
    fn own(&self, printed: &str) -> JsonFile {
        let Some(place) = self.settings.place(printed) else {
            return JsonFile { path: printed.to_owned(), root: None };
        };
        let root = place.top.dir.to_string_lossy();
        JsonFile { path: place.path(), root: (root != self.root).then(|| root.into_owned()) }
    }

    /// A file of the scanned tree, or a name for what lies elsewhere.
    fn any(&self, printed: &str, own: &str) -> JsonFile {
        let is_own = printed == own || sys::kind(&self.settings.root.join(printed)).is_some();
        if is_own { self.own(printed) } else { JsonFile { path: printed.to_owned(), root: None } }
    }
}

fn findings<'a>(results: &Results<'a>, files: &Files) -> Vec<JsonFinding<'a>> {
    let (report, outcomes) = (results.report, results.fixed.as_ref().map(|fixed| fixed.outcomes));
    let mut last: Option<(&str, LineIndex)> = None;
    let mut all = Vec::with_capacity(report.findings.len());
    for (at, finding) in report.findings.iter().enumerate() {
        let path = &finding.location.path;
        if last.as_ref().is_none_or(|(known, _)| *known != &**path) {
            last = report.texts.get(path).map(|text| (&**path, LineIndex::new(text)));
        }
        let index = last.as_ref().map(|(_, index)| index);
        let outcome = outcomes.and_then(|outcomes| outcomes.get(at)).map(|outcome| outcome.words());
        all.push(json_finding(finding, files, index, outcome));
    }
    all
}

fn json_finding<'a>(
    finding: &'a Finding,
    files: &Files,
    index: Option<&LineIndex>,
    outcome: Option<&'static str>,
) -> JsonFinding<'a> {
    let end = index.map(|index| index.line_column(finding.location.span.end));
    JsonFinding {
        row: row(finding, files),
        end: end.map(|(line, column)| Position { line, column }),
        message: &finding.message,
        fix: finding.fix.as_ref().map(|one| fix(one, &finding.location.path, files)),
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

fn acquisition<'a>(at: &'a Acquisition, files: &Files) -> JsonRow<'a> {
    JsonRow {
        rule: &at.rule,
        file: files.own(&at.path),
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
        evidence: at.evidence.iter().map(|one| evidence(one, &at.path, files)).collect(),
        notes: at.notes.iter().map(note).collect(),
    }
}

fn row<'a>(finding: &'a Finding, files: &Files) -> JsonRow<'a> {
    let Location { path, span, line, column } = &finding.location;
    let of_acquisition = finding.acquisition.as_ref().map(|at| acquisition(at, files));
    JsonRow {
        rule: &finding.rule,
        file: files.own(path),
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
        evidence: finding.labels.iter().map(|one| evidence(one, path, files)).collect(),
        notes: finding.notes.iter().map(note).collect(),
    }
}

fn range(span: Span) -> Range {
    Range { start: span.start, end: span.end }
}

fn note(note: &Note) -> JsonNote<'_> {
    JsonNote { id: note.id, message: &note.words }
}

fn evidence<'a>(evidence: &'a Evidence, own: &str, files: &Files) -> JsonEvidence<'a> {
    let known = evidence.line > 0;
    JsonEvidence {
        file: files.any(&evidence.path, own),
        line: known.then_some(evidence.line),
        column: known.then_some(evidence.column),
        message: &evidence.words,
    }
}

fn fix<'a>(fix: &'a Fix, own: &str, files: &Files) -> JsonFix<'a> {
    let safe = fix.applicability == Applicability::Safe;
    let proof = fix.proof.as_ref().and_then(|proof| proof.as_ref().ok()).filter(|_| safe);
    let objection = fix.proof.as_ref().and_then(|proof| proof.as_ref().err());
    JsonFix {
        title: &fix.title,
        applicability: fix.applicability.word(),
        reason: fix.reason.as_deref(),
        proof: proof.map(|proof| proof.steps.iter().map(|step| evidence(step, own, files)).collect()),
        objection: objection.map(|objection| evidence(&objection.place, own, files)),
        edits: fix
            .edits
            .iter()
            .map(|Edit { span, text }| JsonEdit { start: span.start, end: span.end, text })
            .collect(),
    }
}

fn channel<'a>(one: &'a ChannelVerdict, files: &Files) -> JsonChannel<'a> {
    let Location { path, span, line, column } = &one.location;
    JsonChannel {
        file: files.own(path),
        line: *line,
        column: *column,
        span: Range { start: span.start, end: span.end },
        make: &one.text,
        function: one.function.as_deref(),
        verdict: &one.verdict,
        message: &one.words,
    }
}

fn diagnostic<'a>(fault: &'a RunFault, files: &Files) -> JsonDiagnostic<'a> {
    JsonDiagnostic {
        file: files.any(&fault.path, ""),
        line: (fault.line > 0).then_some(fault.line),
        message: &fault.words,
        skipped: fault.skipped,
    }
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
        fixed,
    }
}

impl Fixes {
    fn count(&mut self, applicability: Option<Applicability>) {
        match applicability {
            Some(Applicability::Safe) => self.safe += 1,
            Some(Applicability::Unsafe) => self.r#unsafe += 1,
            Some(Applicability::Display) => self.display += 1,
            None => self.none += 1,
        }
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
