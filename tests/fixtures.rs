//! Holds the rules against Go written for them: `tests/fixtures/<rule>/` is a Go module that compiles.
//!
//! `// want "regexp"` at the end of a line expects a finding whose call begins there; the regexp is matched
//! against its message and its fix, as `--format concise` prints them, and the ids of its notes: `` `c` is
//! never closed: … [safe fix] (per-request) ``. Every finding must be wanted. `// fate "word"` expects the
//! verdict of that word on the call that begins there: that nothing is found can have a wrong reason, too. A
//! `<file>.golden` holds what the safe fixes make of the file; files without one must not change.
//! `<file>.unsafe.golden` holds what all fixes make of it, where that is more, and `<file>.<style>.golden`
//! what they make of it in another style than the file's own. `UPDATE_GOLDEN=1` writes them anew, for
//! reading.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;
use support::{copy, files, go, gofmt, has_go, write};
use unleak::base::diagnostic::Finding;
use unleak::config::{Settings, Style};
use unleak::engine;
use unleak::engine::Change;

/// The folders of fixtures, one a rule.
fn fixtures() -> Vec<(String, PathBuf)> {
    let folder = support::repository().join("tests/fixtures");
    let entries =
        fs::read_dir(folder).expect("there are fixtures").map(|entry| entry.expect("it can be read").path());
    let mut rules: Vec<_> = entries
        .filter(|path| path.is_dir())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), path))
        .collect();
    rules.sort();
    let needs_go = |root: &Path| {
        let go_mod = fs::read_to_string(root.join("go.mod")).expect("it is a module");
        go_mod.starts_with("// needs the source of the standard library")
    };
    rules.retain(|(_, root)| !needs_go(root) || has_go());
    rules
}

/// What is left unreleased on purpose is no fault of the fixtures.
const VET: [&str; 4] = ["vet", "-lostcancel=false", "-httpresponse=false", "./..."];

/// Settings for one rule alone.
fn settings(rule: &str, root: &Path) -> Settings {
    let mut settings = support::settings(root);
    settings.sources.flags.flag("select", Some(vec![rule.to_owned()]));
    let is_there = settings.sources.rules.iter().any(|known| &*known.id == rule);
    assert!(is_there, "tests/fixtures/{rule} is named like no rule");
    settings
}

/// The regexps of the `// want` comment of a line.
fn wants(line: &str) -> Vec<String> {
    let mut wants = Vec::new();
    let mut rest = line.split_once("// want ").map_or("", |(_, rest)| rest).trim_start();
    while let Some(open) = rest.chars().next().filter(|c| matches!(c, '"' | '`')) {
        let mut text = String::new();
        let mut chars = rest.char_indices().skip(1);
        let end = loop {
            match chars.next().unwrap_or_else(|| panic!("a want is not closed: {line}")) {
                (at, c) if c == open => break at + 1,
                (_, '\\') if open == '"' => text.push(chars.next().expect("something follows a backslash").1),
                (_, c) => text.push(c),
            }
        };
        wants.push(text);
        rest = rest[end..].trim_start();
    }
    wants
}

/// A finding in the words that wants are held against.
fn words(finding: &Finding) -> String {
    let fix = finding.fix.as_ref().map_or("no", |fix| fix.applicability.word());
    let notes: String = finding.notes.iter().map(|note| format!(" ({})", note.id)).collect();
    format!("{} [{fix} fix]{notes}", finding.message)
}

/// What differs between the findings and the wants of the files below `root`.
fn differences(root: &Path, findings: &[Finding]) -> Vec<String> {
    let mut found: BTreeMap<(String, u32), Vec<String>> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.suppressed.is_none()) {
        let at = &finding.location;
        found.entry((at.path.to_string(), at.line)).or_default().push(words(finding));
    }
    let mut differences = Vec::new();
    for (path, bytes) in files(root).into_iter().filter(|(path, _)| path.ends_with(".go")) {
        for (number, line) in (1..).zip(String::from_utf8_lossy(&bytes).lines()) {
            let mut here = found.remove(&(path.clone(), number)).unwrap_or_default();
            for want in wants(line) {
                let regex = Regex::new(&want).unwrap_or_else(|e| panic!("{path}:{number}: {e}"));
                match here.iter().position(|words| regex.is_match(words)) {
                    Some(at) => drop(here.remove(at)),
                    None => differences.push(format!("{path}:{number}: no finding matches \"{want}\"")),
                }
            }
            differences.extend(here.iter().map(|words| format!("{path}:{number}: unexpected: {words}")));
        }
    }
    differences.extend(
        found.iter().map(|((path, line), words)| format!("{path}:{line}: not in the file: {words:?}")),
    );
    differences
}

/// Fails with all that differs, each behind the name of its folder.
fn show(differences: &[(String, Vec<String>)]) {
    let lines: Vec<String> = differences
        .iter()
        .flat_map(|(rule, differences)| differences.iter().map(move |words| format!("{rule}: {words}")))
        .collect();
    assert!(lines.is_empty(), "{} differences:\n{}", lines.len(), lines.join("\n"));
}

#[test]
fn every_finding_is_wanted_and_every_want_found() {
    let mut all = Vec::new();
    for (rule, root) in fixtures() {
        let report = engine::check(&settings(&rule, &root)).expect("the fixtures can be read");
        let mut differences = differences(&root, &report.findings);
        differences.extend(report.faults.iter().map(|fault| format!("{}: {}", fault.path, fault.words)));
        all.push((rule, differences));
    }
    show(&all);
}

#[test]
fn fates_are_as_told() {
    let comment = Regex::new("// fate \"([^\"]*)\"").unwrap();
    let mut all = Vec::new();
    for (rule, root) in fixtures() {
        let mut settings = settings(&rule, &root);
        settings.report.every = true;
        let report = engine::check(&settings).expect("the fixtures can be read");
        let mut differences = Vec::new();
        for (path, bytes) in files(&root).into_iter().filter(|(path, _)| path.ends_with(".go")) {
            for (number, line) in (1..).zip(String::from_utf8_lossy(&bytes).lines()) {
                let Some(told) = comment.captures(line) else { continue };
                let here =
                    report.acquisitions.iter().filter(|call| *call.path == *path && call.line == number);
                let found: Vec<&str> = here.map(|call| call.verdict.words()).collect();
                if found != [&told[1]] {
                    differences.push(format!("{path}:{number}: told {}, found {found:?}", &told[1]));
                }
            }
        }
        all.push((rule, differences));
    }
    show(&all);
}

#[test]
fn comments_silence_what_they_name() {
    let comment = Regex::new(r"//(unleak:ignore|nolint:\S*unleak| ?nolint($| ))").unwrap();
    let mut all = Vec::new();
    for (rule, root) in fixtures() {
        let report = engine::check(&settings(&rule, &root)).expect("the fixtures can be read");
        let mut differences = Vec::new();
        for (path, bytes) in files(&root).into_iter().filter(|(path, _)| path.ends_with(".go")) {
            let text = String::from_utf8_lossy(&bytes);
            let comments =
                text.lines().filter(|line| comment.is_match(line) && !line.contains("idle:")).count();
            let silenced = report
                .findings
                .iter()
                .filter(|f| *f.location.path == *path && f.suppressed.is_some())
                .count();
            if comments != silenced {
                differences.push(format!("{path}: {comments} comments silence {silenced} findings"));
            }
        }
        all.push((rule, differences));
    }
    show(&all);
}

#[test]
fn test_files_wait_for_their_flag() {
    for (rule, root) in fixtures() {
        let mut settings = settings(&rule, &root);
        settings.sources.flags.flag("tests", Some(false));
        let report = engine::check(&settings).expect("the fixtures can be read");
        let in_tests =
            report.findings.iter().filter(|finding| finding.location.path.ends_with("_test.go")).count();
        assert_eq!(in_tests, 0);
        // Those are told of in which there is something to report.
        let with_findings = files(&root)
            .iter()
            .filter(|(path, _)| path.ends_with("_test.go"))
            .filter(|(_, bytes)| String::from_utf8_lossy(bytes).lines().any(|line| !wants(line).is_empty()))
            .count();
        assert!(report.stats.tests_not_judged >= with_findings as u64);
    }
}

#[test]
fn any_number_of_threads_finds_the_same() {
    for (rule, root) in fixtures() {
        let run = |threads| {
            engine::fix(&Settings { threads, ..settings(&rule, &root) }).expect("the fixtures can be read")
        };
        let (one, many) = (run(1), run(7));
        assert_eq!(format!("{:?}", one.report.acquisitions), format!("{:?}", many.report.acquisitions));
        assert_eq!(format!("{:?}", one.report.findings), format!("{:?}", many.report.findings));
        assert_eq!(
            format!("{:?}", (one.changes, one.outcomes)),
            format!("{:?}", (many.changes, many.outcomes))
        );
    }
}

/// The golden files: how their names end, and the settings whose fixes they hold. Those after the first are
/// there only where they differ from the first.
fn kinds_of_golden(rule: &str, root: &Path) -> Vec<(String, Settings)> {
    let safe = settings(rule, root);
    let mut all = safe.clone();
    all.fix.unsafe_fixes = true;
    let styles = Style::ALL.into_iter().filter(|style| *style != Style::Auto && root.join("styles").is_dir());
    let style = |style: Style| {
        let mut settings = Settings { paths: vec!["styles".into()], ..all.clone() };
        settings.sources.flags.flag("style", Some(style.word()));
        (format!(".{}.golden", style.word()), settings)
    };
    let mut kinds: Vec<_> = styles.map(style).collect();
    kinds.insert(0, (".golden".to_owned(), safe));
    kinds.insert(1, (".unsafe.golden".to_owned(), all));
    kinds
}

#[test]
fn fixes_make_the_golden_files() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1");
    let mut all = Vec::new();
    for (rule, root) in fixtures() {
        let mut differences = Vec::new();
        let mut safe: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for (ending, settings) in kinds_of_golden(&rule, &root) {
            let run = engine::fix(&settings).expect("the fixtures can be read");
            let mut changes = run.changes;
            changes.retain(|change| safe.get(&*change.path) != Some(&change.after));
            if update {
                update_goldens(&root, &ending, &changes);
            }
            differences.extend(compare_goldens(&files(&root), &ending, &changes, &safe));
            if ending == ".golden" {
                differences.extend(changes.iter().filter_map(only_inserts));
                safe = changes.into_iter().map(|change| (change.path.to_string(), change.after)).collect();
            }
        }
        all.push((rule, differences));
    }
    show(&all);
}

fn update_goldens(root: &Path, ending: &str, changes: &[Change]) {
    let old = format!(".go{ending}");
    for (path, _) in files(root).iter().filter(|(path, _)| path.ends_with(&old)) {
        fs::remove_file(root.join(path)).expect("it can be removed");
    }
    for change in changes {
        write(root, &format!("{}{ending}", change.path), &change.after);
    }
}

/// What differs between `changes` and the golden files with this ending among `files`. Without a golden file
/// the text is to be as in `otherwise`, or as it was.
fn compare_goldens(
    files: &[(String, Vec<u8>)],
    ending: &str,
    changes: &[Change],
    otherwise: &BTreeMap<String, Vec<u8>>,
) -> Vec<String> {
    let changed: BTreeMap<&str, &[u8]> =
        changes.iter().map(|change| (&*change.path, &*change.after)).collect();
    let texts: BTreeMap<&str, &[u8]> =
        files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
    let mut differences = Vec::new();
    for (path, before) in texts.iter().filter(|(path, _)| path.ends_with(".go")) {
        let before = otherwise.get(*path).map_or(*before, Vec::as_slice);
        let golden = texts.get(format!("{path}{ending}").as_str()).copied().unwrap_or(before);
        let after = changed.get(path).copied().unwrap_or(before);
        if golden != after {
            differences.push(format!("{path}: -{ending} +fixed\n{}", line_difference(golden, after)));
        }
    }
    differences
}

/// The lines that only one of the two has, with their numbers in it.
fn line_difference(golden: &[u8], fixed: &[u8]) -> String {
    let (golden, fixed) = (String::from_utf8_lossy(golden), String::from_utf8_lossy(fixed));
    let (golden, fixed): (Vec<&str>, Vec<&str>) = (golden.split('\n').collect(), fixed.split('\n').collect());
    let mut out = Vec::new();
    for op in similar::capture_diff_slices(similar::Algorithm::Myers, &golden, &fixed) {
        if op.tag() != similar::DiffTag::Equal {
            out.extend(op.old_range().map(|at| format!("  -{}: {:?}", at + 1, golden[at])));
            out.extend(op.new_range().map(|at| format!("  +{}: {:?}", at + 1, fixed[at])));
        }
    }
    out.join("\n")
}

/// Taking what was inserted out again, whole lines or a capacity within one, must give what was there.
/// Returns what is wrong.
fn only_inserts(change: &Change) -> Option<String> {
    let mut before = change.before.split_inclusive(|byte| *byte == b'\n').peekable();
    for line in change.after.split_inclusive(|byte| *byte == b'\n') {
        before.next_if(|known| *known == line || has_capacity_inserted(known, line));
    }
    before.next().map(|line| format!("{}: lost: {}", change.path, String::from_utf8_lossy(line)))
}

/// Whether `after` is the line `before` with something in front of the bracket that closes a `make`.
fn has_capacity_inserted(before: &[u8], after: &[u8]) -> bool {
    let same = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let (make, rest) = before.split_at(same);
    rest.starts_with(b")") && make.windows(9).any(|word| word == b"make(chan") && after.ends_with(rest)
}

#[test]
fn fixing_what_is_fixed_changes_nothing() {
    let mut all = Vec::new();
    for (rule, root) in fixtures() {
        for unsafe_fixes in [false, true] {
            let tree = fixed_copy(&rule, &root, unsafe_fixes);
            let mut settings = settings(&rule, tree.path());
            settings.fix.unsafe_fixes = unsafe_fixes;
            let again = engine::fix(&settings).expect("the copy can be read");
            let changed: Vec<String> =
                again.changes.iter().map(|change| format!("{} changes again", change.path)).collect();
            all.push((rule.clone(), changed));
        }
    }
    show(&all);
}

/// A copy of the module with its fixes written.
fn fixed_copy(rule: &str, root: &Path, unsafe_fixes: bool) -> tempfile::TempDir {
    let tree = tempfile::tempdir().expect("there is room for a copy");
    copy(root, tree.path());
    let mut settings = settings(rule, tree.path());
    settings.fix.unsafe_fixes = unsafe_fixes;
    let run = engine::fix(&settings).expect("the copy can be read");
    for change in &run.changes {
        write(tree.path(), &change.path, &change.after);
    }
    tree
}

#[test]
fn go_takes_the_fixtures_before_and_after() {
    if !has_go() {
        return;
    }
    for (rule, root) in fixtures() {
        assert_eq!(gofmt(&root), "", "the fixtures are not formatted");
        go(&root, &VET).unwrap_or_else(|said| panic!("the fixtures do not pass go vet:\n{said}"));
        let fixed = fixed_copy(&rule, &root, false);
        assert_eq!(gofmt(fixed.path()), "", "safe fixes leave files that gofmt would change");
        go(fixed.path(), &VET).unwrap_or_else(|said| panic!("safe fixes do not pass go vet:\n{said}"));
        let fixed = fixed_copy(&rule, &root, true);
        go(fixed.path(), &VET).unwrap_or_else(|said| panic!("unsafe fixes do not pass go vet:\n{said}"));
    }
}

#[test]
fn go_takes_the_golden_files() {
    if !has_go() {
        return;
    }
    for (rule, root) in fixtures() {
        for (ending, _) in kinds_of_golden(&rule, &root) {
            let tree = tempfile::tempdir().expect("there is room for a copy");
            let golden = |path: &str| {
                let of_kind = |ending: &str| fs::read(root.join(format!("{path}{ending}"))).ok();
                of_kind(&ending).or_else(|| of_kind(".golden"))
            };
            for (path, bytes) in files(&root).into_iter().filter(|(path, _)| !path.ends_with(".golden")) {
                write(tree.path(), &path, golden(&path).unwrap_or(bytes));
            }
            // A line between aligned comments is the one edit that gofmt would add to, and for that it is
            // unsafe.
            let has_layout = ending == ".unsafe.golden" && root.join("layout").is_dir();
            let unformatted = if has_layout { "layout/layout.go\n" } else { "" };
            assert_eq!(gofmt(tree.path()), unformatted, "gofmt would change golden files{ending}");
            go(tree.path(), &VET)
                .unwrap_or_else(|said| panic!("the golden files{ending} do not pass go vet:\n{said}"));
        }
    }
}

/// Holds the fixtures once more with every Go text changed by `transform`: the same findings, and the golden
/// files changed alike.
fn hold_transformed(transform: impl Fn(Vec<u8>) -> Vec<u8>) {
    let mut all = Vec::new();
    for (rule, root) in fixtures() {
        let tree = tempfile::tempdir().expect("there is room for a copy");
        for (path, bytes) in files(&root) {
            let is_go = path.ends_with(".go") || path.ends_with(".go.golden");
            write(tree.path(), &path, if is_go { transform(bytes) } else { bytes });
        }
        let run = engine::fix(&settings(&rule, tree.path())).expect("the copy can be read");
        let mut differences = differences(tree.path(), &run.report.findings);
        differences.extend(compare_goldens(&files(tree.path()), ".golden", &run.changes, &BTreeMap::new()));
        all.push((rule, differences));
    }
    show(&all);
}

#[test]
fn windows_line_endings_stay() {
    hold_transformed(|text| {
        String::from_utf8(text).expect("fixtures are UTF-8").replace('\n', "\r\n").into_bytes()
    });
}

#[test]
fn a_byte_order_mark_stays() {
    hold_transformed(|text| [b"\xef\xbb\xbf", &text[..]].concat());
}

#[test]
fn a_missing_final_newline_stays_missing() {
    hold_transformed(|text| text.trim_ascii_end().to_vec());
}
