//! What is written, field by field, with what the schema says of each.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

use crate::base::diagnostic::{Applicability, Certainty, Verdict};

#[derive(Serialize, JsonSchema)]
#[schemars(title = "Output of unleak", description = "What `--format json` prints; see docs/json.md.")]
pub(super) struct Document<'a> {
    pub(super) schema_version: u32,
    pub(super) tool: Tool,
    #[schemars(schema_with = "command_schema")]
    pub(super) command: &'static str,
    /// What paths count from, unless the place says otherwise.
    pub(super) root: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) findings: Option<Vec<JsonFinding<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) acquisitions: Option<Vec<JsonRow<'a>>>,
    /// The channels that goroutines use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) channels: Option<Vec<JsonChannel<'a>>>,
    pub(super) diagnostics: Vec<JsonDiagnostic<'a>>,
    /// What changes, a patch for each repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) patches: Option<Vec<JsonPatch>>,
    /// The new text of standard input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
    pub(super) summary: Summary<'a>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct JsonPatch {
    pub(super) root: String,
    pub(super) patch: String,
    /// `false` where the patch holds bytes that are not UTF-8: then it stands here with U+FFFD in their
    /// place.
    pub(super) exact: bool,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Tool {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
}

/// What findings and acquisitions have in common; the fields of an acquisition are `null` where a finding is
/// about none.
#[derive(Serialize, JsonSchema)]
pub(super) struct JsonRow<'a> {
    pub(super) rule: &'a str,
    #[serde(flatten)]
    pub(super) file: JsonFile,
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) span: Range,
    pub(super) constructor: Option<&'a str>,
    pub(super) name: Option<&'a str>,
    pub(super) function: Option<&'a str>,
    #[serde(rename = "type")]
    pub(super) type_name: Option<&'a str>,
    pub(super) release: Option<&'a str>,
    #[schemars(schema_with = "verdict_schema")]
    pub(super) verdict: Option<&'static str>,
    #[schemars(schema_with = "certainty_schema")]
    pub(super) certainty: Option<&'static str>,
    pub(super) evidence: Vec<JsonEvidence<'a>>,
    pub(super) notes: Vec<JsonNote<'a>>,
}

/// A channel that goroutines use, in an audit.
#[derive(Serialize, JsonSchema)]
pub(super) struct JsonChannel<'a> {
    #[serde(flatten)]
    pub(super) file: JsonFile,
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) span: Range,
    /// What makes it, as written.
    pub(super) make: &'a str,
    pub(super) function: Option<&'a str>,
    /// In a word or two; for a channel with a fault the id of the rule that reports it.
    pub(super) verdict: &'a str,
    pub(super) message: &'a str,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct JsonFinding<'a> {
    #[serde(flatten)]
    pub(super) row: JsonRow<'a>,
    pub(super) end: Option<Position>,
    pub(super) message: &'a str,
    pub(super) fix: Option<JsonFix<'a>>,
    pub(super) fingerprint: &'a str,
    pub(super) suppressed: Option<JsonSuppression<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) outcome: Option<&'static str>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Range {
    pub(super) start: u32,
    pub(super) end: u32,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Position {
    pub(super) line: u32,
    pub(super) column: u32,
}

/// A file as its repository has it.
#[derive(Serialize, JsonSchema, Clone)]
pub(super) struct JsonFile {
    pub(super) path: String,
    /// The top of its repository where that is not the document's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) root: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct JsonEvidence<'a> {
    #[serde(flatten)]
    pub(super) file: JsonFile,
    pub(super) line: Option<u32>,
    pub(super) column: Option<u32>,
    pub(super) message: &'a str,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct JsonNote<'a> {
    pub(super) id: &'a str,
    pub(super) message: &'a str,
    /// For `per-request`: where one that serves for all requests could live.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) home: Option<JsonHome<'a>>,
}

/// One of the two is there.
#[derive(Serialize, JsonSchema)]
pub(super) struct JsonHome<'a> {
    /// In a field of this type, the receiver of the handler.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) field_of: Option<&'a str>,
    /// In a package variable that this makes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) variable_by: Option<&'a str>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct JsonFix<'a> {
    pub(super) title: &'a str,
    #[schemars(schema_with = "applicability_schema")]
    pub(super) applicability: &'static str,
    pub(super) reason: Option<&'a str>,
    /// For a safe release: why it does no harm, step by step.
    pub(super) proof: Option<Vec<JsonEvidence<'a>>>,
    /// For an unsafe one: the first place that stands against a proof.
    pub(super) objection: Option<JsonEvidence<'a>>,
    pub(super) edits: Vec<JsonEdit<'a>>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct JsonEdit<'a> {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) text: &'a str,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct JsonSuppression<'a> {
    pub(super) by: &'static str,
    pub(super) line: Option<u32>,
    pub(super) reason: Option<&'a str>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct JsonDiagnostic<'a> {
    #[serde(flatten)]
    pub(super) file: JsonFile,
    pub(super) line: Option<u32>,
    pub(super) message: &'a str,
    pub(super) skipped: bool,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Summary<'a> {
    pub(super) files: u64,
    pub(super) complete: bool,
    pub(super) findings: usize,
    pub(super) suppressed: usize,
    pub(super) fixes: Fixes,
    pub(super) by_rule: BTreeMap<&'a str, ByRule>,
    #[serde(flatten)]
    pub(super) audited: Option<Audited>,
    pub(super) unknown_type: u64,
    pub(super) not_analysed: u64,
    pub(super) tests_not_judged: u64,
    pub(super) left_out: BTreeMap<String, u64>,
    pub(super) previews: JsonPreviews<'a>,
    #[serde(flatten)]
    pub(super) fixed: Option<FixSums>,
}

/// What rules in preview would say that were not asked.
#[derive(Serialize, JsonSchema)]
pub(super) struct JsonPreviews<'a> {
    /// How many findings they have of what was looked at anyway.
    pub(super) more: BTreeMap<&'a str, u64>,
    /// Those that have something to look at, of which nothing was judged.
    pub(super) not_asked: Vec<&'a str>,
}

/// The findings of one rule.
#[derive(Serialize, JsonSchema, Default)]
pub(super) struct ByRule {
    pub(super) findings: usize,
    pub(super) suppressed: usize,
    pub(super) fixes: Fixes,
}

/// What only an audit counts: a check looks closely at those calls alone that could leak.
#[derive(Serialize, JsonSchema)]
pub(super) struct Audited {
    pub(super) acquisitions: usize,
    pub(super) channels: usize,
    pub(super) verdicts: BTreeMap<&'static str, Certainties>,
}

#[derive(Serialize, JsonSchema, Default)]
pub(super) struct Certainties {
    pub(super) proved: usize,
    pub(super) assumed: usize,
}

#[derive(Serialize, JsonSchema, Default)]
pub(super) struct Fixes {
    pub(super) safe: usize,
    pub(super) r#unsafe: usize,
    pub(super) display: usize,
    pub(super) none: usize,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct FixSums {
    pub(super) outcome: &'static str,
    pub(super) changed: usize,
    pub(super) lines_added: usize,
    pub(super) lines_removed: usize,
    pub(super) clean: bool,
    pub(super) left: usize,
    pub(super) left_by_reason: BTreeMap<&'static str, usize>,
    pub(super) partial: bool,
}

impl Fixes {
    pub(super) fn count(&mut self, applicability: Option<Applicability>) {
        match applicability {
            Some(Applicability::Safe) => self.safe += 1,
            Some(Applicability::Unsafe) => self.r#unsafe += 1,
            Some(Applicability::Display) => self.display += 1,
            None => self.none += 1,
        }
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
