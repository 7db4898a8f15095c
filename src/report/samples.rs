//! Hand-made reports for the tests of this room.

use std::sync::Arc;

use crate::base::diagnostic::*;
use crate::base::edit::Edit;
use crate::base::text::{Span, narrow};
use crate::config::Settings;
use crate::engine::{FileChange, FixRun, Report};
use crate::report::{Fixed, Tally};

/// The text that [`report`] is about.
pub(super) const TEXT: &str = "package a\n\nfunc run() error {\n\tc, err := x.NewClient()\n\tif err != nil \
                               {\n\t\treturn err\n\t}\n\treturn c.Do()\n}\n";

pub(super) fn change(path: &str, before: &str, after: &str) -> FileChange {
    FileChange {
        path: path.into(),
        file: None,
        before: before.as_bytes().into(),
        after: after.into(),
        fixes: 1,
    }
}

fn place(text: &str) -> Span {
    let start = TEXT.find(text).expect("the sample has it");
    Span::new(narrow(start), narrow(start + text.len()))
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
        closable: Closable::By(Release::method("Close", true)),
        verdict: Verdict::Leaked,
        certainty: Certainty::Proved,
        evidence: vec![returned, known],
        notes: vec![Note {
            id: "per-request",
            words: "`run` makes a client for each request".into(),
            home: Some(Home::FieldOf("server".into())),
        }],
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

pub(super) fn settings() -> Settings {
    let mut settings = Settings::sample::<&str>(std::path::Path::new("/r"), &[]);
    settings.scan.sources.rules = crate::rules::builtin();
    settings
}

/// A report in which paths, code and words hold what could end or start something in some format.
pub(super) fn hostile() -> Report {
    const WILD: &str = "]]>\"'<b>&amp;%0A\n::error::x\r\u{1b}[31m\u{0}\u{202e}\u{fffd}\u{ffff}``` | @me <!--";
    let mut report = report();
    let finding = &mut report.findings[0];
    let path: Arc<str> = format!("d/{WILD}.go").into();
    finding.location.path = path.clone();
    finding.subject = WILD.into();
    finding.labels[0].path = path.clone();
    finding.labels[0].words = WILD.into();
    finding.notes[0].words = WILD.into();
    finding.message += WILD;
    let fix = finding.fix.as_mut().expect("the sample has one");
    fix.title = WILD.into();
    let mut text = TEXT.as_bytes().to_vec();
    text.splice(0..9, *b"\x1b]0;\xff\xfe```");
    report.texts.insert(path, Arc::from(text));
    report.faults.push(RunFault { path: WILD.into(), line: 1, words: WILD.into(), skipped: true });
    report
}

/// A report with `count` findings in one file.
pub(super) fn many(count: usize) -> Report {
    let mut report = Report::default();
    let one = finding();
    for at in 0..count {
        let by = narrow(at * TEXT.len());
        let mut finding = one.clone();
        finding.location.span = finding.location.span.shifted(by);
        finding.location.line += narrow(at * TEXT.lines().count());
        for label in &mut finding.labels {
            label.span = label.span.map(|span| span.shifted(by));
        }
        for edit in finding.fix.iter_mut().flat_map(|fix| &mut fix.edits) {
            edit.span = edit.span.shifted(by);
        }
        finding.fingerprint = fingerprint("unclosed-client", "d/a.go", "run", "x.NewClient()", narrow(at));
        report.findings.push(finding);
    }
    report.texts.insert("d/a.go".into(), Arc::from(TEXT.repeat(count).into_bytes()));
    report
}

/// What a `fix` came to.
pub(super) fn fixed<'a>(
    run: &'a FixRun,
    written: &'a [FixOutcome],
    outcomes: &'a [FixOutcome],
    tally: &'a Tally,
) -> Fixed<'a> {
    let changes = &run.changes;
    Fixed { command: "fix", changes, written, outcomes, tally, verified: None, brief: false }
}

/// What `write` writes, without colours.
pub(super) fn plain(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).expect("memory takes all");
    String::from_utf8(anstream::adapter::strip_bytes(&out).into_vec()).expect("UTF-8")
}
