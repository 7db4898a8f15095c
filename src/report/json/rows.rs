//! Findings, acquisitions, channels and faults as they are written.

use super::wire::*;
use crate::base::diagnostic::{
    Acquisition, Applicability, Closable, Evidence, Finding, Fix, Home, Location, Note, RunFault, Suppression,
};
use crate::base::edit::Edit;
use crate::base::sys;
use crate::base::text::{LineIndex, Span};
use crate::config::Settings;
use crate::engine::ChannelVerdict;
use crate::report::results::Results;

/// Printed paths -> paths in repositories.
pub(super) struct Files<'s> {
    settings: &'s Settings,
    pub(super) root: String,
}

impl<'s> Files<'s> {
    pub(super) fn new(settings: &'s Settings) -> Files<'s> {
        let root = settings.top().map_or_else(|| settings.root.clone(), |top| top.dir.clone());
        Files { settings, root: root.to_string_lossy().into_owned() }
    }

    /// A file of the scanned tree.
    pub(super) fn own(&self, printed: &str) -> JsonFile {
        let Some(place) = self.settings.place(printed) else {
            return JsonFile { path: printed.to_owned(), root: None };
        };
        let root = place.top.dir.to_string_lossy();
        JsonFile { path: place.path(), root: (root != self.root).then(|| root.into_owned()) }
    }

    /// A file of the scanned tree, or a name for what lies elsewhere.
    pub(super) fn any(&self, printed: &str, own: &str) -> JsonFile {
        let is_own = printed == own || sys::kind(&self.settings.root.join(printed)).is_some();
        if is_own { self.own(printed) } else { JsonFile { path: printed.to_owned(), root: None } }
    }
}

pub(super) fn findings<'a>(results: &Results<'a>, files: &Files) -> Vec<JsonFinding<'a>> {
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

pub(super) fn json_finding<'a>(
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

pub(super) fn suppression(suppression: &Suppression) -> JsonSuppression<'_> {
    let (line, reason) = match suppression {
        Suppression::Comment { line, reason } => (Some(*line), reason.as_deref()),
        Suppression::Baseline | Suppression::Untouched => (None, None),
    };
    JsonSuppression { by: suppression.word(), line, reason }
}

pub(super) fn acquisition<'a>(at: &'a Acquisition, files: &Files) -> JsonRow<'a> {
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

pub(super) fn row<'a>(finding: &'a Finding, files: &Files) -> JsonRow<'a> {
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

pub(super) fn range(span: Span) -> Range {
    Range { start: span.start, end: span.end }
}

pub(super) fn note(note: &Note) -> JsonNote<'_> {
    let home = note.home.as_ref().map(|home| match home {
        Home::FieldOf(ty) => JsonHome { field_of: Some(ty), variable_by: None },
        Home::VariableBy(function) => JsonHome { field_of: None, variable_by: Some(function) },
    });
    JsonNote { id: note.id, message: &note.words, home }
}

pub(super) fn evidence<'a>(evidence: &'a Evidence, own: &str, files: &Files) -> JsonEvidence<'a> {
    let known = evidence.line > 0;
    JsonEvidence {
        file: files.any(&evidence.path, own),
        line: known.then_some(evidence.line),
        column: known.then_some(evidence.column),
        message: &evidence.words,
    }
}

pub(super) fn fix<'a>(fix: &'a Fix, own: &str, files: &Files) -> JsonFix<'a> {
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

pub(super) fn channel<'a>(one: &'a ChannelVerdict, files: &Files) -> JsonChannel<'a> {
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

pub(super) fn diagnostic<'a>(fault: &'a RunFault, files: &Files) -> JsonDiagnostic<'a> {
    JsonDiagnostic {
        file: files.any(&fault.path, ""),
        line: (fault.line > 0).then_some(fault.line),
        message: &fault.words,
        skipped: fault.skipped,
    }
}
