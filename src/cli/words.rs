//! What is told on standard error: faults, the closing words, statistics.

use std::sync::Arc;

use super::flags::CommonFlags;
use crate::base::diagnostic::{Applicability, FixOutcome, RunFault};
use crate::config::Settings;
use crate::engine::{Details, FileChange, FixRun, Previews, Report};
use crate::report::{Route, harmless, settle, tally};

/// Prints one line to standard error. When nobody reads it, the run still goes on.
pub fn say(line: &str) {
    use std::io::Write;
    let _ = writeln!(anstream::stderr().lock(), "{line}");
}

/// Prints an error, which may have several lines.
pub fn error(words: &str) {
    let harmless: Vec<_> = words.lines().map(harmless).collect();
    say(&format!("error: {}", harmless.join("\n")));
}

/// Prints faults in single files.
pub fn faults(faults: &[RunFault]) {
    for fault in faults {
        let line = if fault.line > 0 { format!(":{}", fault.line) } else { String::new() };
        say(&format!("warning: {}{line}: {}", harmless(&fault.path), harmless(&fault.words)));
    }
}

/// Names the changes that no patch made here can hold.
pub fn unpatchable(changes: &[FileChange], routes: &[Route]) {
    for (change, route) in changes.iter().zip(routes) {
        if let Err(why) = route {
            say(&format!("warning: {}: not in the patch: {}", harmless(&change.path), harmless(why)));
        }
    }
}

/// The closing words of `check`.
pub fn check_end(settings: &Settings, report: &Report) {
    if !no_go_files(settings, report) {
        say(&findings(report));
        // Of a change they would be told as if all of it were new.
        if settings.scan.change.is_none() {
            previews(&report.previews).iter().for_each(|line| say(line));
        }
        loose_ends(report);
    }
}

/// The closing words of `diff`: what is not in the patch, and with an empty patch why.
pub fn diff_end(settings: &Settings, run: &FixRun, routes: &[Route]) {
    if !no_go_files(settings, &run.report) {
        say(&patch_line(run, routes));
        loose_ends(&run.report);
    }
}

/// The closing words of `fix`, beside its last line on standard output.
pub fn fix_end(settings: &Settings, report: &Report) {
    if !no_go_files(settings, report) {
        loose_ends(report);
    }
}

/// The closing words of `audit`.
pub fn audit_end(settings: &Settings, report: &Report) {
    if !no_go_files(settings, report) {
        incomplete(report);
    }
}

fn no_go_files(settings: &Settings, report: &Report) -> bool {
    let none = report.stats.files == 0
        && settings.scan.stdin.is_none()
        && report.faults.iter().all(|fault| !fault.skipped);
    if none {
        let paths: Vec<_> =
            settings.scan.paths.iter().map(|path| harmless(&path.to_string_lossy()).into_owned()).collect();
        say(&format!("no Go files to read in {}; --verbose tells what was left out", paths.join(", ")));
    }
    none
}

fn findings(report: &Report) -> String {
    let open: Vec<_> = report.findings.iter().filter(|finding| finding.suppressed.is_none()).collect();
    let mut line = format!("{} in {}", counted(open.len(), "finding"), counted(report.stats.files, "file"));
    let fixes = |wanted: Option<Applicability>| {
        open.iter().filter(|finding| finding.fix.as_ref().map(|fix| fix.applicability) == wanted).count()
    };
    let kinds = [
        (fixes(Some(Applicability::Safe)), "with a safe fix"),
        (fixes(Some(Applicability::Unsafe)), "with an unsafe fix"),
        (fixes(Some(Applicability::Display)), "with a sketch of one"),
        (fixes(None), "without fix"),
    ];
    let kinds: Vec<String> =
        kinds.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if !kinds.is_empty() {
        line += &format!(": {}", kinds.join(", "));
    }
    let by = |word: &str| {
        report
            .findings
            .iter()
            .filter_map(|finding| finding.suppressed.as_ref())
            .filter(|by| by.word() == word)
            .count()
    };
    let quiet = [
        ("comment", "silenced by comments"),
        ("baseline", "in the baseline"),
        ("untouched", "in functions that the change leaves alone"),
    ];
    for (count, words) in
        quiet.map(|(word, words)| (by(word), words)).into_iter().filter(|(count, _)| *count > 0)
    {
        line += &format!("; {count} {words}");
    }
    line
}

/// More rules than these are not named in the closing words.
const MAX_NAMED: usize = 3;

/// What rules in preview would say, so that nobody takes silence for health.
fn previews(previews: &Previews) -> Vec<String> {
    let Previews { more, not_asked } = previews;
    let list = |ids: &mut dyn Iterator<Item = &Arc<str>>| {
        ids.map(|id| harmless(id).into_owned()).collect::<Vec<_>>().join(",")
    };
    let mut lines = Vec::new();
    if !more.is_empty() {
        let count: u64 = more.values().sum();
        lines.push(format!("{count} more with --select {} (preview)", list(&mut more.keys())));
    }
    match not_asked.len() {
        0 => {}
        1..=MAX_NAMED => lines
            .push(format!("not asked: {} (preview); --select all asks them", list(&mut not_asked.iter()))),
        many => lines.push(format!("not asked: {many} rules in preview; --select all asks them")),
    }
    lines
}

fn patch_line(run: &FixRun, routes: &[Route]) -> String {
    let written: Vec<FixOutcome> = routes
        .iter()
        .map(|route| if route.is_ok() { FixOutcome::Applied } else { FixOutcome::OutsideRoot })
        .collect();
    let sums = tally(run, &written, &settle(run, &written));
    let reasons: Vec<String> = sums
        .left
        .iter()
        .map(|(reason, count)| match *reason {
            "unsafe" => format!("{count} unsafe: --unsafe takes them"),
            reason => format!("{count} {reason}"),
        })
        .collect();
    let left = sums.left_in_all();
    match (sums.changed, left) {
        (0, 0) => {
            format!("nothing to patch: no findings in {}", counted(run.report.stats.files, "file"))
        }
        (0, _) => format!(
            "nothing to patch: no fix to take for {} ({})",
            counted(left, "finding"),
            reasons.join(", ")
        ),
        (changed, 0) => format!("a patch for {}", counted(changed, "file")),
        (changed, _) => {
            format!(
                "a patch for {}; {} not in it ({})",
                counted(changed, "file"),
                counted(left, "finding"),
                reasons.join(", ")
            )
        }
    }
}

/// What a reader should know beside the findings.
fn loose_ends(report: &Report) {
    let stats = &report.stats;
    if stats.unknown_type > 0 {
        let calls = counted(stats.unknown_type, "call");
        say(&format!("{calls} of unknown type: `unleak audit` lists them, --assume-closable reports them"));
    }
    if stats.tests_not_judged > 0 {
        say(&format!(
            "{} with calls to look at left out: --tests takes them in",
            counted(stats.tests_not_judged, "_test.go file")
        ));
    }
    if stats.not_analysed > 0 {
        say(&format!(
            "{} could not be analysed: `unleak audit` lists them",
            counted(stats.not_analysed, "place")
        ));
    }
    incomplete(report);
}

/// Whether something was left unread, if it was.
pub fn incomplete(report: &Report) {
    let skipped = report.faults.iter().filter(|fault| fault.skipped).count();
    if skipped > 0 {
        say(&format!(
            "not complete: {} left something unread, see the warnings above",
            counted(skipped, "fault")
        ));
    }
}

/// What was looked at, and what was not.
fn details(report: &Report) {
    let Details { settings, left_out } = &report.details;
    settings.iter().for_each(|file| say(&format!("settings: {}", harmless(file))));
    let not_asked = &report.previews.not_asked;
    not_asked.iter().for_each(|rule| say(&format!("not asked: {} (preview)", harmless(rule))));
    left_out.iter().for_each(|(path, reason)| say(&format!("left out: {} ({reason})", harmless(path))));
}

/// The details and the statistics, where they are asked for.
pub fn stats(common: &CommonFlags, settings: &Settings, report: &Report) {
    if common.verbose {
        details(report);
    }
    if !settings.report.timings {
        return;
    }
    let stats = &report.stats;
    say(&format!(
        "read: {}, {} bytes; {} parsed",
        counted(stats.files, "file"),
        stats.bytes,
        counted(stats.declarations, "declaration")
    ));
    if stats.not_analysed > 0 {
        say(&format!("not analysed: {}", counted(stats.not_analysed, "place")));
    }
    for (reason, count) in &stats.left_out {
        say(&format!("left out: {} ({reason})", counted(*count, "file")));
    }
    for (reason, count) in &stats.left_out_folders {
        say(&format!("not entered: {} ({reason})", counted(*count, "folder")));
    }
    for (phase, milliseconds) in &stats.phases {
        say(&format!("time: {milliseconds:>8.1} ms {phase}"));
    }
}

/// `1 file`, `2 files`.
pub fn counted(count: impl TryInto<u64>, what: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn report(applicabilities: &[Option<Applicability>]) -> Report {
        let mut report = Report::default();
        report.stats.files = 2;
        report.findings = applicabilities.iter().map(|applicability| finding(*applicability)).collect();
        report
    }

    fn finding(applicability: Option<Applicability>) -> crate::base::diagnostic::Finding {
        use crate::base::diagnostic::*;
        use crate::base::text::Span;
        let fix = applicability.map(|applicability| Fix {
            proof: None,
            title: String::new(),
            applicability,
            reason: None,
            edits: Vec::new(),
        });
        Finding {
            rule: "unclosed-client".into(),
            severity: Severity::Warning,
            location: Location { path: "a.go".into(), span: Span::default(), line: 1, column: 1 },
            subject: String::new(),
            label: String::new(),
            function: None,
            message: String::new(),
            labels: Vec::new(),
            notes: Vec::new(),
            acquisition: None,
            fix,
            suppressed: None,
            fingerprint: String::new(),
        }
    }

    #[test]
    fn findings_are_counted_by_fix() {
        assert_eq!(findings(&report(&[])), "0 findings in 2 files");
        let three = report(&[Some(Applicability::Safe), Some(Applicability::Unsafe), None]);
        assert_eq!(
            findings(&three),
            "3 findings in 2 files: 1 with a safe fix, 1 with an unsafe fix, 1 without fix"
        );
    }

    #[test]
    fn silence_is_not_taken_for_health() {
        assert!(previews(&Previews::default()).is_empty());
        let previews = previews(&Previews {
            more: [("double-send".into(), 1), ("released-twice".into(), 3)].into(),
            not_asked: ["unclosed-body".into(), "unclosed-file".into()].into(),
        });
        assert_eq!(
            previews,
            [
                "4 more with --select double-send,released-twice (preview)",
                "not asked: unclosed-body,unclosed-file (preview); --select all asks them"
            ]
        );
        let ids = ["lost-cancel", "unclosed-body", "unclosed-file", "unclosed-rows"];
        let many = Previews { more: BTreeMap::new(), not_asked: ids.map(Into::into).into() };
        assert_eq!(super::previews(&many), ["not asked: 4 rules in preview; --select all asks them"]);
    }

    #[test]
    fn an_empty_patch_says_why() {
        let none = FixRun { report: report(&[]), ..FixRun::default() };
        assert_eq!(patch_line(&none, &[]), "nothing to patch: no findings in 2 files");
        let kinds = [Some(Applicability::Unsafe), Some(Applicability::Display)];
        let left = FixRun {
            report: report(&kinds),
            outcomes: vec![FixOutcome::BelowApplicability; 2],
            ..FixRun::default()
        };
        let expected =
            "nothing to patch: no fix to take for 2 findings (1 display, 1 unsafe: --unsafe takes them)";
        assert_eq!(patch_line(&left, &[]), expected);
    }
}
