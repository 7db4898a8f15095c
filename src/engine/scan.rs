//! Everything that is there, judged: files read in parallel, those that matter analysed, wrappers followed to
//! their callers.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::analysis::channel;
use crate::analysis::detection::TOO_MANY_WAYS;
use crate::analysis::summaries::answers::Summaries;
use crate::analysis::verdict::case::{Judge, Usage};
use crate::analysis::verdict::judgement::Judgement;
use crate::base::diagnostic::Location;
use crate::base::diagnostic::{FaultKind, RunFault, Verdict};
use crate::base::sys::{self, Error};
use crate::base::text::LineIndex;
use crate::config::{Policy, Settings};
use crate::engine::analyze;
use crate::engine::analyze::FileText;
use crate::engine::candidate::Candidate;
use crate::engine::previews::Sightings;
use crate::engine::report::{ChannelVerdict, Details, Report, Stats};
use crate::engine::wrappers::{Added, Fresh, Wrappers, hash_of};
use crate::engine::{change_filter, detect, prefilter, suppress};
use crate::go::project::locate::{Environment, Locator};
use crate::go::project::package::{Membership, with_text};
use crate::go::syntax::outline;
use crate::go::types::database::{Database, FileScope};
use crate::rules::Engine;
use crate::vcs::TopKind;
use crate::walk::{self, Walked, WalkedFile};

/// Wrappers of wrappers are followed this far.
const MAX_PASSES: usize = 4;

/// A run's knowledge, kept for fixing.
pub struct ScanResult {
    pub report: Report,
    pub database: Database,
    pub summaries: Summaries,
    pub usage: Usage,
    pub wrappers: Wrappers,
    pub pool: rayon::ThreadPool,
    /// The files that hold an acquisition, sorted by path.
    pub candidates: Vec<Candidate>,
}

/// What reading one file came to.
enum Read {
    Candidate(Text),
    /// Read, and nothing in it matters unless it calls a wrapper of its folder or of what it imports, told as
    /// hashes; `None` where that does not matter either.
    Nothing(Option<Vec<u64>>),
    LeftOut(Arc<str>, &'static str),
    Unreadable(RunFault),
}

/// Surveys what `settings` name.
///
/// # Errors
/// A path that is not there.
pub fn scan(settings: &Settings) -> Result<ScanResult, Error> {
    let mut clock = Clock::new(settings.report.timings);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(settings.scan.threads)
        .stack_size(sys::STACK_BYTES)
        .build();
    let pool = pool.map_err(|error| Error::Threads { words: error.to_string() })?;
    let mut walked = pool.install(|| walk::walk(settings))?;
    clock.lap("walk");
    let mut stats = Stats {
        left_out: std::mem::take(&mut walked.left_out),
        left_out_folders: std::mem::take(&mut walked.left_out_folders),
        ..Stats::default()
    };
    let mut faults = std::mem::take(&mut walked.faults);
    let mut left_out = std::mem::take(&mut walked.left_out_files);
    let sightings = Sightings::new(&settings.scan.sources.rules);
    let reads = pool.install(|| read_all(settings, &walked, &sightings));
    clock.lap("read");
    let mut texts = Vec::new();
    let mut others = Others::default();
    for (at, (asked, bytes, read)) in reads.into_iter().enumerate() {
        if asked {
            stats.bytes += bytes;
            stats.files += u64::from(!matches!(read, Read::Unreadable(_)));
        }
        match read {
            Read::Candidate(text) => texts.push(text),
            Read::Nothing(imports) => others.extend(imports.map(|imports| (at, imports))),
            Read::LeftOut(path, reason) if asked => {
                *stats.left_out.entry(reason).or_default() += 1;
                left_out.push((path, reason));
            }
            Read::Unreadable(fault) if asked => faults.push(fault),
            Read::LeftOut(..) | Read::Unreadable(_) => {}
        }
    }
    // The largest first: a few huge files would otherwise be what everybody waits for.
    texts.sort_by(|a, b| b.text.len().cmp(&a.text.len()).then(a.path.cmp(&b.path)));
    // What tests do with a resource is nobody's question, unless they tell how a type is released. Where it
    // is one, all tests count, as those that were named may call what others declare.
    let (mut tests, texts): (Vec<Text>, Vec<Text>) =
        texts.into_iter().partition(|text| text.test && !text.policy.tests);
    stats.tests_not_judged = tests.iter().filter(|text| text.asked).count() as u64;
    if stats.tests_not_judged > 0 {
        stats.left_out.insert("tests", stats.tests_not_judged);
    }
    left_out.extend(tests.iter().filter(|text| text.asked).map(|text| (text.path.clone(), "tests")));
    let environment = Environment { outside: !settings.scan.index_only, ..Environment::detect() };
    let locator = Locator::new(environment).with_main(&main_folder(settings));
    let held = texts.iter().filter_map(|text| Some((text.file.as_deref()?, text.text.clone())));
    let database = Database::new(locator, &settings.root).with_texts(held);
    let summaries = Summaries::default();
    let judge = Judge {
        database: &database,
        summaries: &summaries,
        assume_closable: false,
        usage: &Usage::default(),
        fields: false,
    };
    let mut wrappers = Wrappers::default();
    let mut candidates = pool.install(|| judge_all(&judge, settings, &wrappers, texts));
    let unknown = Unknown::of(&candidates);
    if !unknown.is_empty() {
        tests.retain(|text| unknown.may_be_called(&database, text));
        candidates.extend(pool.install(|| judge_all(&judge, settings, &wrappers, tests)));
    }
    let mut usage = Usage::new();
    for file in candidates.iter().map(|candidate| &candidate.judged) {
        usage.extend(file.shown.clone());
        usage.extend(file.judged.iter().filter_map(Judgement::usage));
    }
    if !usage.is_empty() {
        let judge = Judge { usage: &usage, ..judge };
        pool.install(|| learn(&judge, settings, &wrappers, &mut candidates));
    }
    clock.lap("judge");
    for _ in 0..MAX_PASSES {
        let fresh: Vec<_> =
            candidates.iter().flat_map(|candidate| &candidate.judged.fresh).cloned().collect();
        let added: Vec<Fresh> = fresh.into_iter().filter(|fresh| wrappers.add(fresh)).collect();
        if added.is_empty() {
            break;
        }
        usage.extend(added.iter().filter_map(Fresh::usage));
        let judge = Judge { usage: &usage, ..judge };
        pool.install(|| follow(&judge, settings, &wrappers, &added, &walked, &others, &mut candidates));
    }
    clock.lap("wrappers");
    candidates.sort_by(|a, b| a.path.cmp(&b.path));
    faults.extend(database.locator().faults());
    if let Some(change) = &settings.scan.change {
        change_filter::mark(settings, change, &mut candidates)?;
        clock.lap("change");
    }
    let mut report = report(&candidates, stats, faults, clock);
    if settings.report.stats {
        left_out.sort();
        report.details = Details { settings: walked.tree.files(), left_out };
    }
    report.previews.not_asked.extend(sightings.seen());
    (report.read, report.rules) = (read_files(settings, &walked), walked.tree.rules());
    Ok(ScanResult { report, database, summaries, usage, wrappers, pool, candidates })
}

/// The folder whose module selects the versions of what is imported: that at the top of the repository, so
/// that it is the same one from everywhere.
fn main_folder(settings: &Settings) -> PathBuf {
    let top = settings.top().filter(|top| top.kind != TopKind::Folder);
    top.map_or_else(|| settings.root.clone(), |top| top.dir.clone())
}

/// The functions that were called for something of which nobody knows the type: their names by the import
/// path of their package.
struct Unknown(FxHashMap<String, FxHashSet<Arc<str>>>);

impl Unknown {
    fn of(candidates: &[Candidate]) -> Unknown {
        let mut unknown = Unknown(FxHashMap::default());
        for function in candidates.iter().flat_map(unknown_constructors) {
            if let Some((package, name)) = function.rsplit_once('.') {
                unknown.0.entry(package.to_owned()).or_default().insert(Arc::from(name));
            }
        }
        unknown
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the file can call one of them: of what it imports, or of the package of its own folder.
    fn may_be_called(&self, database: &Database, text: &Text) -> bool {
        let folder = text.file.as_deref().and_then(Path::parent);
        let own = folder.and_then(|folder| database.locator().import_path(folder));
        let (_, imports) = outline::imports(&text.text);
        let paths = imports.iter().map(|import| &*import.path).chain(own.as_deref());
        paths.filter_map(|path| self.0.get(path)).any(|names| prefilter::calls_any(&text.text, names))
    }
}

/// What was called in a file for something of which nobody knows the type, as [`Usage`] names it.
fn unknown_constructors(candidate: &Candidate) -> impl Iterator<Item = &String> {
    candidate.judged.judged.iter().filter_map(|judged| judged.unknown.as_ref())
}

fn judge_all(judge: &Judge, settings: &Settings, wrappers: &Wrappers, texts: Vec<Text>) -> Vec<Candidate> {
    settings.report.progress.begin("judging", texts.len());
    texts.into_par_iter().map(|text| candidate(judge, settings, wrappers, text)).collect()
}

/// For each file whether it was asked for, its length, and what reading it came to.
fn read_all(settings: &Settings, walked: &Walked, sightings: &Sightings) -> Vec<(bool, u64, Read)> {
    settings.report.progress.begin("reading", walked.files.len());
    let looked = |found: &WalkedFile| {
        let (bytes, looked) = read(settings, walked.tree.policy(&found.file), found, sightings);
        settings.report.progress.step();
        (found.asked, bytes, looked)
    };
    let mut reads: Vec<_> = walked.files.par_iter().map(looked).collect();
    if let Some(stdin) = &settings.scan.stdin {
        let path: Arc<str> = Arc::from(stdin.name.as_str());
        let policy = walked.tree.policy(&settings.root.join(&stdin.name)).clone();
        let text = stdin.text.clone();
        let (file, test) = (None, false);
        let text = Text { path, file, test, asked: true, generated: false, text, policy };
        sightings.look(&text.policy, &stdin.text);
        reads.push((true, stdin.text.len() as u64, Read::Candidate(text)));
    }
    reads.shrink_to_fit();
    reads
}

thread_local! {
    /// Most files are read, found not to matter, and forgotten: one buffer a thread serves them all.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Reads a file into the thread's buffer and hands its text to `look`.
fn buffered<T>(policy: &Policy, found: &WalkedFile, look: impl FnOnce(&[u8]) -> T) -> Result<T, Error> {
    BUFFER.with_borrow_mut(|text| {
        sys::read_into(&found.file, policy.max_file_bytes, text)?;
        Ok(look(text))
    })
}

fn read(settings: &Settings, policy: &Arc<Policy>, found: &WalkedFile, sightings: &Sightings) -> (u64, Read) {
    let shown = found.asked && (policy.tests || !found.test);
    let looked = buffered(policy, found, |text| {
        if shown && !is_left_out(policy, found, text) {
            sightings.look(policy, text);
        }
        let comments =
            || policy.of_engine(Engine::Suppression).next().is_some() && suppress::may_stand_in(text);
        let all = || shown && analyze::lists_all(settings, policy).is_some();
        let matters = || {
            all()
                || prefilter::is_any(&policy.seeding, text)
                || comments()
                || detect::is_wanted(policy, text, None)
        };
        let read = if !matters() {
            // Where nobody asks what tests do, they have no part in following wrappers.
            Read::Nothing((!found.test || policy.tests).then(|| imported(text)))
        } else if is_left_out(policy, found, text) {
            Read::LeftOut(found.path.clone(), "generated")
        } else {
            Read::Candidate(Text::of(found, policy, text))
        };
        (text.len() as u64, read)
    });
    looked.unwrap_or_else(|error| {
        let more = if matches!(error, Error::TooLarge { .. }) { "; --max-file-bytes reads more" } else { "" };
        let words = error.words() + more;
        (0, Read::Unreadable(RunFault { path: found.path.clone(), line: 0, words, skipped: true }))
    })
}

/// Whether a generator wrote it and nobody asked for it.
fn is_left_out(policy: &Policy, found: &WalkedFile, text: &[u8]) -> bool {
    !found.named && !policy.generated && walk::is_generated(text)
}

/// A file that was read and matters.
struct Text {
    path: Arc<str>,
    /// Where it lies; `None` for standard input.
    file: Option<PathBuf>,
    test: bool,
    asked: bool,
    generated: bool,
    text: Arc<[u8]>,
    policy: Arc<Policy>,
}

impl Text {
    fn of(found: &WalkedFile, policy: &Arc<Policy>, text: &[u8]) -> Text {
        let (path, file) = (found.path.clone(), Some(found.file.clone()));
        let generated = !found.named && policy.generated && walk::is_generated(text);
        let (test, asked) = (found.test, found.asked);
        Text { path, file, test, asked, generated, text: text.into(), policy: policy.clone() }
    }
}

fn candidate(judge: &Judge, settings: &Settings, wrappers: &Wrappers, text: Text) -> Candidate {
    let Text { path, file, test, asked, generated, text, policy } = text;
    let place = file.clone().unwrap_or_else(|| settings.root.join(&*path));
    let scope = scope(judge.database, &place, &text, file.is_none());
    settings.report.progress.step();
    let judged = analyze::file(
        judge,
        settings,
        wrappers,
        &FileText { path: &path, text: &text, scope: &scope, policy: &policy },
    );
    Candidate { path, file, test, asked, generated, text, scope, policy, judged }
}

/// The scope of a file, also of one that the folder does not show as it is (standard input, a hidden name).
fn scope(database: &Database, place: &Path, text: &Arc<[u8]>, alone: bool) -> FileScope {
    if let Some(scope) = (!alone).then(|| database.scope_of(place)).flatten() {
        return scope;
    }
    let dir = place.parent().unwrap_or(Path::new("."));
    let path = database.locator().import_path(dir).unwrap_or_else(|| Arc::from("."));
    let (package, file) = with_text(place, text.clone(), &Membership { path, ..Membership::default() });
    FileScope { package, file }
}

/// Judges again the calls of unknown type for which the repository has shown how they are released.
fn learn(judge: &Judge, settings: &Settings, wrappers: &Wrappers, candidates: &mut [Candidate]) {
    let name = |function: &String| Arc::from(function.rsplit('.').next().unwrap_or_default());
    candidates.par_iter_mut().for_each(|candidate| {
        let shown = unknown_constructors(candidate).filter(|function| judge.usage.contains_key(*function));
        let names: FxHashSet<Arc<str>> = shown.map(name).collect();
        if !names.is_empty() {
            let calls = |text: &[u8]| prefilter::calls_any(text, &names);
            candidate.judge_again(judge, settings, wrappers, &calls);
        }
    });
}

/// What the files import that did not matter so far, as hashes, by their index in the walk.
type Others = FxHashMap<usize, Vec<u64>>;

/// Judges again the files that call one of `added`, and for the first time those that did not matter so far.
fn follow(
    judge: &Judge,
    settings: &Settings,
    wrappers: &Wrappers,
    added: &[Fresh],
    walked: &Walked,
    others: &Others,
    candidates: &mut Vec<Candidate>,
) {
    let known: FxHashSet<Arc<str>> = candidates.iter().map(|candidate| candidate.path.clone()).collect();
    let added = Added::of(added);
    candidates.par_iter_mut().for_each(|candidate| {
        let imports: Vec<u64> = candidate.scope.imports().iter().map(|one| hash_of(&one.path)).collect();
        let mut names = added.seen_from(candidate.scope.path().parent(), &imports);
        // The type of a value may come from a package that the file does not import.
        names.extend(added.methods.iter().cloned());
        let calls = |text: &[u8]| prefilter::calls_any(text, &names);
        if calls(&candidate.text) {
            candidate.judge_again(judge, settings, wrappers, &calls);
        }
    });
    let looked: Vec<Candidate> = walked
        .files
        .par_iter()
        .enumerate()
        .filter(|(_, found)| !known.contains(&found.path))
        .filter_map(|(at, found)| {
            let names = added.seen_from(found.file.parent(), others.get(&at)?);
            if names.is_empty() {
                return None;
            }
            let policy = walked.tree.policy(&found.file);
            let calls = |text: &[u8]| prefilter::calls_any(text, &names) && !is_left_out(policy, found, text);
            let looked = buffered(policy, found, |text| calls(text).then(|| Text::of(found, policy, text)));
            Some(candidate(judge, settings, wrappers, looked.ok().flatten()?))
        })
        .filter(Candidate::says_something)
        .collect();
    candidates.extend(looked);
}

/// The import paths of a file, as hashes.
fn imported(text: &[u8]) -> Vec<u64> {
    let (_, imports) = outline::imports(text);
    imports.iter().map(|import| hash_of(&import.path)).collect()
}

/// The printed paths of the files whose findings are reported, if they have any.
fn read_files(settings: &Settings, walked: &Walked) -> Vec<Arc<str>> {
    let shown = |found: &&WalkedFile| !found.test || walked.tree.policy(&found.file).tests;
    let stdin = settings.scan.stdin.iter().map(|stdin| Arc::from(stdin.name.as_str()));
    walked
        .files
        .iter()
        .filter(|found| found.asked)
        .filter(shown)
        .map(|found| found.path.clone())
        .chain(stdin)
        .collect()
}

fn report(candidates: &[Candidate], stats: Stats, faults: Vec<RunFault>, clock: Clock) -> Report {
    let mut report = Report { stats, faults, ..Report::default() };
    for candidate in candidates.iter().filter(|candidate| candidate.asked) {
        report.stats.declarations += candidate.judged.declarations;
        for (start, refusal) in &candidate.judged.refused {
            let line = crate::base::text::LineIndex::new(&candidate.text).line(*start);
            let words = format!("a declaration was not analysed: {refusal}");
            report.faults.push(RunFault { path: candidate.path.clone(), line, words, skipped: true });
        }
        if candidate.judged.inexact {
            let words =
                "its brackets or strings do not close: what could be told apart was looked at".to_owned();
            report.faults.push(RunFault { path: candidate.path.clone(), line: 0, words, skipped: true });
        }
        if std::str::from_utf8(&candidate.text).is_err() {
            let words = "the file is not UTF-8, which Go asks for; it was looked at all the same".to_owned();
            report.faults.push(RunFault { path: candidate.path.clone(), line: 0, words, skipped: false });
        }
        if !candidate.is_shown() {
            continue;
        }
        take(&mut report, candidate);
    }
    report.faults.sort();
    report.faults.dedup();
    report.stats.phases = clock.phases;
    report
}

fn take(report: &mut Report, candidate: &Candidate) {
    for judged in &candidate.judged.judged {
        let acquisition = &judged.acquisition;
        report.stats.not_analysed += u64::from(acquisition.verdict == Verdict::NotAnalysed);
        report.stats.unknown_type += u64::from(acquisition.verdict == Verdict::UnknownType);
        report.acquisitions.push(acquisition.clone());
    }
    let lines = LineIndex::new(&candidate.text);
    for one in candidate.judged.detected.iter().filter(|one| one.detection.kind == channel::VERDICT) {
        let span = one.detection.span;
        report.stats.not_analysed += u64::from(one.detection.message == TOO_MANY_WAYS);
        let (line, column) = lines.line_column(span.start);
        let text = String::from_utf8_lossy(&candidate.text[span.range()]).into_owned();
        report.channels.push(ChannelVerdict {
            location: Location { path: candidate.path.clone(), span, line, column },
            text,
            function: one.function.clone(),
            verdict: one.detection.label.clone(),
            words: one.detection.message.clone(),
        });
    }
    // Who could release what is kept is asked by the rule about that alone, so that it cannot be counted.
    let keeps = |judged: &Judgement| judged.acquisition.verdict == Verdict::Stored;
    if candidate.judged.judged.iter().any(keeps) {
        let waits = candidate.policy.previews.iter().filter(|rule| rule.reports(FaultKind::NeverReleased));
        report.previews.not_asked.extend(waits.map(|rule| rule.id.clone()));
    }
    for rule in &candidate.judged.unreported {
        *report.previews.more.entry(rule.clone()).or_default() += 1;
    }
    for finding in &candidate.judged.findings {
        report.texts.entry(candidate.path.clone()).or_insert_with(|| candidate.text.clone());
        report.findings.push(finding.clone());
    }
}

/// Wall time by phase.
struct Clock {
    on: bool,
    last: Instant,
    phases: Vec<(&'static str, f64)>,
}

impl Clock {
    fn new(on: bool) -> Clock {
        Clock { on, last: Instant::now(), phases: Vec::new() }
    }

    fn lap(&mut self, phase: &'static str) {
        if self.on {
            self.phases.push((phase, self.last.elapsed().as_secs_f64() * 1000.0));
            self.last = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::testing::{CLIENT, Module, checked_by, places};
    use crate::engine::{Report, check};

    fn checked(files: &[(&str, &str)]) -> Report {
        checked_by("unclosed-client", &[&[("client.go", CLIENT)], files].concat())
    }

    const USER: &str = "package p\n\nfunc user() {\n\tc := open()\n\tc.Use()\n}\n";

    const OPEN: &str = "package p\n\nfunc open() *Client { return NewBareClient() }\n";

    #[test]
    fn who_calls_a_wrapper_acquires() {
        assert_eq!(places(&checked(&[("open.go", OPEN), ("user.go", USER)])), ["user.go:4"]);
        let twice = "package p\n\nfunc open() *Client { return inner() }\n\nfunc inner() *Client { return \
                     NewBareClient() }\n";
        assert_eq!(places(&checked(&[("open.go", twice), ("user.go", USER)])), ["user.go:4"]);
        let lends = "package p\n\nvar one = NewBareClient()\n\nfunc open() *Client { return one }\n";
        assert_eq!(places(&checked(&[("open.go", lends), ("user.go", USER)])), [""; 0]);
    }

    #[test]
    fn tests_are_counted_and_not_reported() {
        let report =
            checked(&[("open.go", OPEN), ("user_test.go", &USER.replace("open()", "NewBareClient()"))]);
        assert_eq!((places(&report).len(), report.stats.tests_not_judged), (0, 1));
    }

    #[test]
    fn tests_are_looked_at_for_what_is_unknown_and_for_nothing_else() {
        let calls = |package: &str, end: &str| {
            let import = format!("package p\n\nimport \"example.com/{package}\"\n\nfunc f() {{\n");
            let made =
                format!("\tc, err := {package}.NewThingClient()\n\tif err != nil {{\n\t\tpanic(err)\n\t}}\n");
            format!("{import}{made}\tc.Use()\n{end}}}\n")
        };
        let found = |package: &str| {
            let (leaks, test) = (calls("gone", ""), calls(package, "\tc.Close()\n"));
            let report = checked(&[("a.go", &leaks), ("a_test.go", &test)]);
            (places(&report).len(), report.stats.declarations)
        };
        let ((leaks, parsed), (unknown, parsed_without)) = (found("gone"), found("other"));
        assert_eq!((leaks, unknown), (1, 0), "how it is released is learnt from calls of the same function");
        assert_eq!(parsed, parsed_without + 1, "the other test is not even parsed");
    }

    #[test]
    fn a_file_above_the_limit_is_one_fault() {
        let module = Module::new(&[("client.go", CLIENT), ("open.go", OPEN), ("user.go", USER)]);
        let mut settings = module.settings("unclosed-client");
        settings.scan.sources.flags.flag("max-file-bytes", Some(100));
        let report = check(&settings).unwrap();
        let faults: Vec<_> = report.faults.iter().map(|fault| (&*fault.path, fault.skipped)).collect();
        assert_eq!(faults, [("client.go", true)]);
        assert!(report.faults[0].words.contains("--max-file-bytes"), "{}", report.faults[0].words);
    }

    #[test]
    fn what_is_damaged_is_told_and_the_rest_judged() {
        let leak = USER.replace("open()", "NewBareClient()");
        let report =
            checked(&[("user.go", &format!("{leak}\nfunc broken() {{\n\tx := NewClient( }}\n}}\n"))]);
        assert_eq!(places(&report), ["user.go:4"]);
        assert!(!report.faults.is_empty() && report.faults.iter().all(|fault| &*fault.path == "user.go"));
        // That a file calls a wrapper is all that makes it matter.
        let conflict = USER.replace("c.Use()", "<<<<<<< HEAD\n\tc.Use()\n=======\n>>>>>>> other");
        let report = checked(&[("open.go", OPEN), ("user.go", &conflict)]);
        let faults: Vec<_> = report.faults.iter().map(|fault| (&*fault.path, fault.skipped)).collect();
        assert_eq!((places(&report).len(), faults), (0, vec![("user.go", true)]));
    }
}
