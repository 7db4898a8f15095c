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
//!
//! Each function of a file is a test of its own, `fixtures::<rule>::<file>::<function>`. What stands outside
//! of functions, and what comments silence, is `fixtures::<rule>::<file>`, and its golden files are
//! `fixtures::<rule>::<file>.golden`. What needs the module as a whole has a name behind the rule's.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use libtest_mimic::{Completion, Trial};
use regex::Regex;
use unleak::base::diagnostic::Finding;
use unleak::config::{Settings, Style};
use unleak::engine;
use unleak::engine::{FileChange, Report};

use crate::support::{self, copy, files, go, gofmt, needs_go, test, write};

/// What is left unreleased on purpose is no fault of the fixtures.
const VET: [&str; 4] = ["vet", "-lostcancel=false", "-httpresponse=false", "./..."];

/// The tests of all folders of fixtures.
pub fn tests() -> Vec<Trial> {
    let folder = support::repository().join("tests/fixtures");
    let entries =
        fs::read_dir(folder).expect("there are fixtures").map(|entry| entry.expect("it can be read").path());
    let mut roots: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    roots.sort();
    roots.into_iter().flat_map(|root| of_module(&Arc::new(Fixtures::new(root)))).collect()
}

/// A folder of fixtures, named by its rule, and what unleak said of it to the first test that asked.
struct Fixtures {
    rule: String,
    root: PathBuf,
    files: Vec<(String, Vec<u8>)>,
    report: OnceLock<Report>,
    audit: OnceLock<Report>,
    fixed: OnceLock<Vec<Fixed>>,
}

/// What the fixes of one kind make of the module.
struct Fixed {
    /// How the names of its golden files end.
    ending: String,
    changes: Vec<FileChange>,
}

impl Fixtures {
    fn new(root: PathBuf) -> Fixtures {
        let rule = root.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let files = files(&root);
        Fixtures {
            rule,
            root,
            files,
            report: OnceLock::new(),
            audit: OnceLock::new(),
            fixed: OnceLock::new(),
        }
    }

    /// Settings for the rule alone, in the folder or in a copy of it.
    fn settings(&self, root: &Path) -> Settings {
        let mut settings = support::settings(root);
        settings.scan.sources.flags.flag("select", Some(vec![self.rule.clone()]));
        let is_there = settings.scan.sources.rules.iter().any(|known| *known.id == *self.rule);
        assert!(is_there, "tests/fixtures/{} is named like no rule", self.rule);
        settings
    }

    fn report(&self) -> &Report {
        self.report
            .get_or_init(|| engine::check(&self.settings(&self.root)).expect("the fixtures can be read"))
    }

    fn audit(&self) -> &Report {
        self.audit.get_or_init(|| {
            let mut settings = self.settings(&self.root);
            settings.report.every = true;
            engine::check(&settings).expect("the fixtures can be read")
        })
    }

    fn fixed(&self) -> &[Fixed] {
        self.fixed.get_or_init(|| {
            let run = |(ending, settings): (String, Settings)| {
                let changes = engine::fix(&settings).expect("the fixtures can be read").changes;
                Fixed { ending, changes }
            };
            self.kinds_of_golden().into_iter().map(run).collect()
        })
    }

    /// The golden files: how their names end, and the settings whose fixes they hold. Those after the first
    /// are there only where they differ from the first.
    fn kinds_of_golden(&self) -> Vec<(String, Settings)> {
        let safe = self.settings(&self.root);
        let mut all = safe.clone();
        all.fix.unsafe_fixes = true;
        let has_styles = self.root.join("styles").is_dir();
        let styles = Style::ALL.into_iter().filter(|style| *style != Style::Auto && has_styles);
        let style = |style: Style| {
            let mut settings = all.clone();
            settings.scan.paths = vec!["styles".into()];
            settings.scan.sources.flags.flag("style", Some(style.word()));
            (format!(".{}.golden", style.word()), settings)
        };
        let mut kinds: Vec<_> = styles.map(style).collect();
        kinds.insert(0, (".golden".to_owned(), safe));
        kinds.insert(1, (".unsafe.golden".to_owned(), all));
        kinds
    }

    fn go_files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let files = self.files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()));
        files.filter(|(path, _)| path.ends_with(".go"))
    }

    fn needs_source_of_go(&self) -> bool {
        let go_mod = fs::read_to_string(self.root.join("go.mod")).expect("it is a module");
        go_mod.starts_with("// needs the source of the standard library")
    }

    /// A copy of the module with its fixes written.
    fn fixed_copy(&self, unsafe_fixes: bool) -> tempfile::TempDir {
        let tree = tempfile::tempdir().expect("there is room for a copy");
        copy(&self.root, tree.path());
        let mut settings = self.settings(tree.path());
        settings.fix.unsafe_fixes = unsafe_fixes;
        let run = engine::fix(&settings).expect("the copy can be read");
        for change in &run.changes {
            write(tree.path(), &change.path, &change.after);
        }
        tree
    }
}

/// A test of a whole folder.
type NamedTest = (&'static str, fn(&Fixtures));

/// The tests of one folder.
fn of_module(fixtures: &Arc<Fixtures>) -> Vec<Trial> {
    let whole: [NamedTest; 8] = [
        ("findings_lie_in_the_files_and_every_file_is_read", every_file_is_read),
        ("every_golden_file_has_its_source", every_golden_file_has_its_source),
        ("any_number_of_threads_finds_the_same", any_number_of_threads_finds_the_same),
        ("test_files_wait_for_their_flag", test_files_wait_for_their_flag),
        ("fixing_what_is_fixed_changes_nothing", fixing_what_is_fixed_changes_nothing),
        ("windows_line_endings_stay", windows_line_endings_stay),
        ("a_byte_order_mark_stays", a_byte_order_mark_stays),
        ("a_missing_final_newline_stays_missing", a_missing_final_newline_stays_missing),
    ];
    let with_go: [NamedTest; 2] = [
        ("go_takes_the_fixtures_before_and_after", go_takes_the_fixtures_before_and_after),
        ("go_takes_the_golden_files", go_takes_the_golden_files),
    ];
    let needs_source = fixtures.needs_source_of_go();
    let trial = |name: &str, needs: bool, run: Box<dyn FnOnce(&Fixtures) + Send>| {
        let fixtures = Arc::clone(fixtures);
        test(format!("fixtures::{}::{name}", fixtures.rule), move || match needs {
            true => needs_go(|| run(&fixtures)),
            false => {
                run(&fixtures);
                Completion::Completed
            }
        })
    };
    let mut trials = Vec::new();
    for (path, bytes) in fixtures.go_files() {
        for shape in shapes(path, bytes) {
            let name = [path, &shape.name].concat();
            trials.push(trial(&name, needs_source, Box::new(move |fixtures| shape.hold(fixtures))));
        }
        let (golden, path) = (format!("{path}.golden"), path.to_owned());
        let hold = move |fixtures: &Fixtures| fixes_make_the_golden_files(fixtures, &path);
        trials.push(trial(&golden, needs_source, Box::new(hold)));
    }
    trials.extend(whole.map(|(name, run)| trial(name, needs_source, Box::new(run))));
    trials.extend(with_go.map(|(name, run)| trial(name, true, Box::new(run))));
    trials
}

/// Lines of a file that are judged together: those from one function's first to before the next one's, or
/// those above all functions.
struct Shape {
    path: String,
    /// `::name`; empty above all functions.
    name: String,
    /// The lines with their numbers.
    lines: Vec<(u32, String)>,
}

/// The shapes of a file in their order. Of functions with the same name the later ones are counted.
fn shapes(path: &str, text: &[u8]) -> Vec<Shape> {
    let head = |name: String| Shape { path: path.to_owned(), name, lines: Vec::new() };
    let mut shapes = vec![head(String::new())];
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (number, line) in (1..).zip(String::from_utf8_lossy(text).lines()) {
        if let Some(name) = function_name(line) {
            let count = seen.entry(name.clone()).or_default();
            *count += 1;
            let again = if *count > 1 { format!("#{count}") } else { String::new() };
            shapes.push(head(format!("::{name}{again}")));
        }
        shapes.last_mut().expect("there is a first").lines.push((number, line.to_owned()));
    }
    shapes
}

/// `Name`, or `Type.Name` of a method, where a function begins.
fn function_name(line: &str) -> Option<String> {
    let rest = line.strip_prefix("func ")?;
    let word = |text: &str| text.split(['(', '[', ' ', ')']).next().unwrap_or_default().to_owned();
    let Some(receiver) = rest.strip_prefix('(') else { return Some(word(rest)) };
    let (receiver, name) = receiver.split_once(") ")?;
    let of = receiver.rsplit([' ', '*']).find(|part| !part.is_empty()).unwrap_or_default();
    Some(format!("{}.{}", word(of), word(name)))
}

impl Shape {
    /// Every finding is wanted and every want found; fates are as told. Above all functions also: comments
    /// silence what they name.
    fn hold(&self, fixtures: &Fixtures) {
        let mut wrong = self.findings(fixtures);
        wrong.extend(self.fates(fixtures));
        if self.name.is_empty() {
            wrong.extend(silenced(fixtures, &self.path));
        }
        show(&wrong);
    }

    fn findings(&self, fixtures: &Fixtures) -> Vec<String> {
        let path = &self.path;
        let open = || fixtures.report().findings.iter().filter(|finding| finding.suppressed.is_none());
        let mut wrong = Vec::new();
        for (number, line) in &self.lines {
            let mut here: Vec<String> =
                open().filter(|finding| lies_at(finding, path, *number)).map(words).collect();
            for want in wants(line) {
                let regex = Regex::new(&want).unwrap_or_else(|e| panic!("{path}:{number}: {e}"));
                match here.iter().position(|words| regex.is_match(words)) {
                    Some(at) => drop(here.remove(at)),
                    None => wrong.push(format!("{path}:{number}: no finding matches \"{want}\"")),
                }
            }
            wrong.extend(here.iter().map(|words| format!("{path}:{number}: unexpected: {words}")));
        }
        wrong
    }

    fn fates(&self, fixtures: &Fixtures) -> Vec<String> {
        let comment = Regex::new("// fate \"([^\"]*)\"").unwrap();
        let mut wrong = Vec::new();
        for (number, line) in &self.lines {
            let Some(told) = comment.captures(line) else { continue };
            let here = fixtures.audit().acquisitions.iter();
            let here = here.filter(|call| *call.path == *self.path && call.line == *number);
            let found: Vec<&str> = here.map(|call| call.verdict.words()).collect();
            if found != [&told[1]] {
                wrong.push(format!("{}:{number}: told {}, found {found:?}", self.path, &told[1]));
            }
        }
        wrong
    }
}

fn lies_at(finding: &Finding, path: &str, line: u32) -> bool {
    *finding.location.path == *path && finding.location.line == line
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

/// Whether each comment of the file silences a finding.
fn silenced(fixtures: &Fixtures, path: &str) -> Option<String> {
    let comment = Regex::new(r"//(unleak:ignore|nolint:\S*unleak| ?nolint($| ))").unwrap();
    let (_, bytes) = fixtures.go_files().find(|(file, _)| *file == path)?;
    let text = String::from_utf8_lossy(bytes);
    let comments = text.lines().filter(|line| comment.is_match(line) && !line.contains("idle:")).count();
    let here = fixtures.report().findings.iter().filter(|finding| *finding.location.path == *path);
    let silenced = here.filter(|finding| finding.suppressed.is_some()).count();
    (comments != silenced).then(|| format!("{path}: {comments} comments silence {silenced} findings"))
}

/// Fails with all that differs.
fn show(differences: &[String]) {
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}

/// What no test of a shape sees: findings outside of the files, and faults of the run.
fn every_file_is_read(fixtures: &Fixtures) {
    let report = fixtures.report();
    let mut wrong: Vec<String> =
        report.faults.iter().map(|fault| format!("{}: {}", fault.path, fault.words)).collect();
    for Finding { location, message, .. } in &report.findings {
        let lines = fixtures.go_files().find(|(path, _)| **path == *location.path);
        let lines = lines.map_or(0, |(_, bytes)| String::from_utf8_lossy(bytes).lines().count());
        if !(1..=lines).contains(&(location.line as usize)) {
            wrong.push(format!("{}:{}: not in the file: {message}", location.path, location.line));
        }
    }
    show(&wrong);
}

fn test_files_wait_for_their_flag(fixtures: &Fixtures) {
    let mut settings = fixtures.settings(&fixtures.root);
    settings.scan.sources.flags.flag("tests", Some(false));
    let report = engine::check(&settings).expect("the fixtures can be read");
    let in_tests =
        report.findings.iter().filter(|finding| finding.location.path.ends_with("_test.go")).count();
    assert_eq!(in_tests, 0);
    // Those are told of in which there is something to report.
    let with_findings = fixtures
        .go_files()
        .filter(|(path, _)| path.ends_with("_test.go"))
        .filter(|(_, bytes)| String::from_utf8_lossy(bytes).lines().any(|line| !wants(line).is_empty()))
        .count();
    assert!(report.stats.tests_not_judged >= with_findings as u64);
}

fn any_number_of_threads_finds_the_same(fixtures: &Fixtures) {
    let run = |threads| {
        let mut settings = fixtures.settings(&fixtures.root);
        settings.scan.threads = threads;
        engine::fix(&settings).expect("the fixtures can be read")
    };
    let (one, many) = (run(1), run(7));
    assert_eq!(format!("{:?}", one.report.acquisitions), format!("{:?}", many.report.acquisitions));
    assert_eq!(format!("{:?}", one.report.findings), format!("{:?}", many.report.findings));
    assert_eq!(format!("{:?}", (one.changes, one.outcomes)), format!("{:?}", (many.changes, many.outcomes)));
}

fn fixes_make_the_golden_files(fixtures: &Fixtures, path: &str) {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1");
    let text = |name: &str| fixtures.files.iter().find(|(path, _)| path == name).map(|(_, text)| &**text);
    let before = text(path).unwrap_or_default();
    let (mut wrong, mut safe) = (Vec::new(), before);
    for Fixed { ending, changes } in fixtures.fixed() {
        let change = changes.iter().find(|change| *change.path == *path);
        let after = change.map_or(before, |change| &change.after);
        // A kind that looks at some files only says nothing of the others.
        let after = if change.is_none() && ending != ".golden" { safe } else { after };
        let name = format!("{path}{ending}");
        if update {
            update_golden(&fixtures.root, &name, (after != safe).then_some(after));
        } else {
            let golden = text(&name).unwrap_or(safe);
            if golden != after {
                wrong.push(format!("{path}: -{ending} +fixed\n{}", line_difference(golden, after)));
            }
        }
        if ending == ".golden" {
            wrong.extend(change.and_then(only_inserts));
            safe = after;
        }
    }
    show(&wrong);
}

/// Writes the golden file, or removes it where there is to be none.
fn update_golden(root: &Path, name: &str, text: Option<&[u8]>) {
    match text {
        Some(text) => write(root, name, text),
        None if root.join(name).exists() => fs::remove_file(root.join(name)).expect("it can be removed"),
        None => {}
    }
}

fn every_golden_file_has_its_source(fixtures: &Fixtures) {
    let kinds = fixtures.kinds_of_golden();
    let has_source = |name: &str| {
        let of = |ending: &str| name.strip_suffix(ending);
        kinds.iter().filter_map(|(ending, _)| of(ending)).any(|path| fixtures.root.join(path).is_file())
    };
    let names = fixtures.files.iter().map(|(path, _)| path).filter(|path| path.ends_with(".golden"));
    show(&names.filter(|name| !has_source(name)).cloned().collect::<Vec<_>>());
}

/// What differs between the golden files that end in `.golden` among `files` and `changes`. Without such a
/// file the text is to be as it was.
fn compare_goldens(files: &[(String, Vec<u8>)], changes: &[FileChange]) -> Vec<String> {
    let texts: BTreeMap<&str, &[u8]> =
        files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
    let mut differences = Vec::new();
    for (path, before) in texts.iter().filter(|(path, _)| path.ends_with(".go")) {
        let golden = texts.get(format!("{path}.golden").as_str()).unwrap_or(before);
        let change = changes.iter().find(|change| *change.path == **path);
        let after = change.map_or(*before, |change| &*change.after);
        if *golden != after {
            differences.push(format!("{path}: -.golden +fixed\n{}", line_difference(golden, after)));
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
fn only_inserts(change: &FileChange) -> Option<String> {
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

fn fixing_what_is_fixed_changes_nothing(fixtures: &Fixtures) {
    for unsafe_fixes in [false, true] {
        let tree = fixtures.fixed_copy(unsafe_fixes);
        let mut settings = fixtures.settings(tree.path());
        settings.fix.unsafe_fixes = unsafe_fixes;
        let again = engine::fix(&settings).expect("the copy can be read");
        show(
            &again.changes.iter().map(|change| format!("{} changes again", change.path)).collect::<Vec<_>>(),
        );
    }
}

fn go_takes_the_fixtures_before_and_after(fixtures: &Fixtures) {
    assert_eq!(gofmt(&fixtures.root), "", "the fixtures are not formatted");
    go(&fixtures.root, &VET).unwrap_or_else(|said| panic!("the fixtures do not pass go vet:\n{said}"));
    let fixed = fixtures.fixed_copy(false);
    assert_eq!(gofmt(fixed.path()), "", "safe fixes leave files that gofmt would change");
    go(fixed.path(), &VET).unwrap_or_else(|said| panic!("safe fixes do not pass go vet:\n{said}"));
    let fixed = fixtures.fixed_copy(true);
    go(fixed.path(), &VET).unwrap_or_else(|said| panic!("unsafe fixes do not pass go vet:\n{said}"));
}

fn go_takes_the_golden_files(fixtures: &Fixtures) {
    let root = &fixtures.root;
    for (ending, _) in fixtures.kinds_of_golden() {
        let tree = tempfile::tempdir().expect("there is room for a copy");
        let golden = |path: &str| {
            let of_kind = |ending: &str| fs::read(root.join(format!("{path}{ending}"))).ok();
            of_kind(&ending).or_else(|| of_kind(".golden"))
        };
        for (path, bytes) in fixtures.files.iter().filter(|(path, _)| !path.ends_with(".golden")) {
            write(tree.path(), path, golden(path).as_ref().unwrap_or(bytes));
        }
        // A line between aligned comments is the one edit that gofmt would add to, and for that it is unsafe.
        let has_layout = ending == ".unsafe.golden" && root.join("layout").is_dir();
        let unformatted = if has_layout { "layout/layout.go\n" } else { "" };
        assert_eq!(gofmt(tree.path()), unformatted, "gofmt would change golden files{ending}");
        go(tree.path(), &VET)
            .unwrap_or_else(|said| panic!("the golden files{ending} do not pass go vet:\n{said}"));
    }
}

/// Holds the fixtures once more with every Go text changed by `transform`: the same findings, and the golden
/// files changed alike.
fn hold_transformed(fixtures: &Fixtures, transform: impl Fn(&[u8]) -> Vec<u8>) {
    let tree = tempfile::tempdir().expect("there is room for a copy");
    for (path, bytes) in &fixtures.files {
        let is_go = path.ends_with(".go") || path.ends_with(".go.golden");
        write(tree.path(), path, if is_go { transform(bytes) } else { bytes.clone() });
    }
    let run = engine::fix(&fixtures.settings(tree.path())).expect("the copy can be read");
    let found = |report: &Report| -> Vec<String> {
        let open = report.findings.iter().filter(|finding| finding.suppressed.is_none());
        open.map(|finding| format!("{}:{}: {}", finding.location.path, finding.location.line, words(finding)))
            .collect()
    };
    assert_eq!(found(&run.report), found(fixtures.report()));
    show(&compare_goldens(&files(tree.path()), &run.changes));
}

fn windows_line_endings_stay(fixtures: &Fixtures) {
    hold_transformed(fixtures, |text| String::from_utf8_lossy(text).replace('\n', "\r\n").into_bytes());
}

fn a_byte_order_mark_stays(fixtures: &Fixtures) {
    hold_transformed(fixtures, |text| [b"\xef\xbb\xbf", text].concat());
}

fn a_missing_final_newline_stays_missing(fixtures: &Fixtures) {
    hold_transformed(fixtures, |text| text.trim_ascii_end().to_vec());
}
