//! Hand-made reports for the tests of this room.

use std::sync::Arc;

use crate::base::diagnostic::*;
use crate::base::edit::Edit;
use crate::base::text::Span;
use crate::config::Settings;
use crate::engine::{Change, Report};

/// The text that [`report`] is about.
pub(super) const TEXT: &str = "package a\n\nfunc run() error {\n\tc, err := x.NewClient()\n\tif err != nil \
                               {\n\t\treturn err\n\t}\n\treturn c.Do()\n}\n";

pub(super) fn change(path: &str, before: &str, after: &str) -> Change {
    Change { path: path.into(), file: None, before: before.as_bytes().into(), after: after.into(), fixes: 1 }
}

fn place(text: &str) -> Span {
    let start = TEXT.find(text).expect("the sample has it");
    Span::new(start as u32, (start + text.len()) as u32)
}

pub(super) fn acquisition() -> Acquisition {
    let returned = Evidence {
        path: "d/a.go".into(),
        line: 8,
        column: 2,
        span: Some(place("return c.Do()")),
        words: "still open when `run` returns here".into(),
    };
    let known = Evidence {
        path: "go.mod".into(),
        line: 0,
        column: 0,
        span: None,
        words: "`x` is read at v1.2.3".into(),
    };
    Acquisition {
        rule: "unclosed-client".into(),
        path: "d/a.go".into(),
        span: place("x.NewClient()"),
        line: 4,
        column: 12,
        constructor: "x.NewClient".into(),
        name: Some("c".into()),
        function: Some("run".into()),
        type_name: "*x.Client".into(),
        closable: Closable::By(Release { method: "Close".into(), args: vec![], returns_error: true }),
        verdict: Verdict::Leaked,
        certainty: Certainty::Proved,
        evidence: vec![returned, known],
        notes: vec![Note { id: "per-request", words: "`run` makes a client for each request".into() }],
    }
}

pub(super) fn finding() -> Finding {
    let fix = Fix {
        title: "insert `defer c.Close()` after the error check".into(),
        applicability: Applicability::Safe,
        reason: None,
        edits: vec![Edit::insert(place("\treturn c.Do()").start, "\tdefer c.Close()\n")],
        proof: None,
    };
    let acquisition = acquisition();
    Finding {
        rule: acquisition.rule.clone(),
        severity: Severity::Warning,
        location: acquisition.location(),
        subject: acquisition.constructor.clone(),
        label: "acquired here".into(),
        function: acquisition.function.clone(),
        labels: acquisition.evidence.clone(),
        notes: acquisition.notes.clone(),
        acquisition: Some(acquisition),
        message: "`c` is never closed: `run` returns with it still open".into(),
        fix: Some(fix),
        suppressed: None,
        fingerprint: fingerprint("unclosed-client", "d/a.go", "run", "x.NewClient()", 0),
    }
}

/// Settings of a run in a folder that is not there.
pub(super) fn settings() -> Settings {
    Settings::sample::<&str>(std::path::Path::new("/r"), &[])
}

/// A report with one finding in `d/a.go`, and one that a comment silences.
pub(super) fn report() -> Report {
    let mut silenced = finding();
    silenced.suppressed = Some(Suppression::Comment { line: 3, reason: Some("kept on purpose".into()) });
    let mut report = Report {
        acquisitions: vec![acquisition()],
        findings: vec![finding(), silenced],
        ..Report::default()
    };
    report.stats.files = 1;
    report.texts.insert("d/a.go".into(), Arc::from(TEXT.as_bytes()));
    report
}

/// What `write` writes, without colours.
pub(super) fn plain(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).expect("memory takes all");
    String::from_utf8(anstream::adapter::strip_bytes(&out).into_vec()).expect("UTF-8")
}
