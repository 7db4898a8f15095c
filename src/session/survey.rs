//! Everything that is there, judged: files read in parallel, those that matter analysed, wrappers followed to their callers.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use rayon::prelude::*;

use crate::base::finding::{Closable, Diagnostic, Verdict};
use crate::base::sys::{self, Error};
use crate::config::Settings;
use crate::flow::callee::Summaries;
use crate::flow::judge::{Judge, Usage};
use crate::golang::locate::{Environment, Locator};
use crate::golang::package::{FuncRef, Membership, with_text};
use crate::golang::world::{FileScope, World};
use crate::session::judged::{self, FileJudged, FileText, Fresh, Wrappers, is_called};
use crate::session::{Report, Stats, given, sights};
use crate::walk::{self, Found};

/// Wrappers of wrappers are followed this far.
const MAX_ROUNDS: usize = 4;

/// Stack of a worker: syntax nests at most 250 deep, and callees are followed while walking it.
const STACK_BYTES: usize = 64 << 20;

/// A run's knowledge, kept for fixing.
pub struct Survey {
    pub report: Report,
    pub world: World,
    pub summaries: Summaries,
    pub usage: Usage,
    pub wrappers: Wrappers,
    pub pool: rayon::ThreadPool,
    /// The files that hold an acquisition, sorted by path.
    pub candidates: Vec<Candidate>,
}

/// A file worth analysing.
pub struct Candidate {
    pub path: Arc<str>,
    /// Where it lies; `None` for standard input.
    pub file: Option<PathBuf>,
    pub test: bool,
    pub text: Arc<[u8]>,
    pub scope: FileScope,
    pub judged: FileJudged,
}

/// What a look at one file came to.
struct Looked {
    bytes: u64,
    /// It declares a method that releases something.
    declares_release: bool,
    read: Read,
}

/// What reading one file came to.
enum Read {
    Candidate(Arc<str>, Option<PathBuf>, bool, Arc<[u8]>),
    /// Read, and nothing in it matters.
    Nothing,
    LeftOut(&'static str),
    Unreadable(Diagnostic),
}

/// Surveys what `settings` name.
///
/// # Errors
/// A path that is not there.
pub fn survey(settings: &Settings) -> Result<Survey, Error> {
    let mut clock = Clock::new(settings.timings);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(settings.threads).stack_size(STACK_BYTES).build();
    let pool = pool.map_err(|error| Error::Threads { words: error.to_string() })?;
    let walked = walk::walk(settings)?;
    clock.lap("walk");
    let environment = Environment { outside: !settings.index_only, ..Environment::detect() };
    let world = World::new(Locator::new(environment).with_main(&settings.root), &settings.root);
    let summaries = Summaries::default();
    let mut stats = Stats { left_out: walked.left_out, ..Stats::default() };
    let mut diagnostics = walked.diagnostics;
    let reads = pool.install(|| read_all(settings, &walked.files));
    clock.lap("read");
    let mut texts = Vec::new();
    let mut closers = BTreeSet::new();
    for (found, Looked { bytes, declares_release, read }) in reads {
        stats.bytes += bytes;
        closers.extend(found.filter(|_| declares_release).and_then(|found| found.file.parent()));
        stats.files += u64::from(!matches!(read, Read::Unreadable(_)));
        match read {
            Read::Candidate(path, file, test, text) => texts.push((path, file, test, text)),
            Read::Nothing => {}
            Read::LeftOut(reason) => *stats.left_out.entry(reason).or_default() += 1,
            Read::Unreadable(diagnostic) => diagnostics.push(diagnostic),
        }
    }
    let judge = Judge {
        world: &world,
        summaries: &summaries,
        assume_closable: settings.assume_closable,
        usage: &Usage::default(),
        fields: judged::asks_for_fields(settings),
    };
    let mut wrappers = Wrappers::default();
    let own = |dir: &&Path| given::constructors(&judge, &settings.seeding, dir);
    let own: Vec<Fresh> = pool.install(|| closers.par_iter().flat_map_iter(own).collect());
    let mut added: Vec<FuncRef> = own.into_iter().filter(|own| wrappers.add(own)).map(|own| own.func).collect();
    // The largest first: a few huge files would otherwise be what everybody waits for.
    texts.sort_by(|a, b| b.3.len().cmp(&a.3.len()).then(a.0.cmp(&b.0)));
    let mut candidates =
        pool.install(|| texts.into_par_iter().map(|text| candidate(&judge, settings, &wrappers, text)).collect::<Vec<_>>());
    let usage: Usage =
        candidates.iter().flat_map(|candidate| &candidate.judged.judged).filter_map(|judged| judged.usage.clone()).collect();
    let judge = Judge { usage: &usage, ..judge };
    if !usage.is_empty() {
        pool.install(|| learn(&judge, settings, &wrappers, &mut candidates));
    }
    clock.lap("judge");
    for _ in 0..MAX_ROUNDS {
        let fresh: Vec<_> = candidates.iter().flat_map(|candidate| &candidate.judged.fresh).cloned().collect();
        added.extend(fresh.into_iter().filter(|fresh| wrappers.add(fresh)).map(|fresh| fresh.func));
        if added.is_empty() {
            break;
        }
        pool.install(|| follow(&judge, settings, &wrappers, &added, &walked.files, &mut candidates));
        added.clear();
    }
    clock.lap("wrappers");
    candidates.sort_by(|a, b| a.path.cmp(&b.path));
    diagnostics.extend(world.locator().diagnostics());
    let report = report(settings, &candidates, stats, diagnostics, clock);
    Ok(Survey { report, world, summaries, usage, wrappers, pool, candidates })
}

fn read_all<'f>(settings: &Settings, files: &'f [Found]) -> Vec<(Option<&'f Found>, Looked)> {
    if let Some(stdin) = &settings.stdin {
        let read = Read::Candidate(Arc::from(stdin.name.as_str()), None, false, stdin.text.clone());
        return vec![(None, Looked { bytes: stdin.text.len() as u64, declares_release: false, read })];
    }
    files.par_iter().map(|found| (Some(found), read(settings, found))).collect()
}

thread_local! {
    /// Most files are read, found not to matter, and forgotten: one buffer a thread serves them all.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Reads a file into the thread's buffer and hands its text to `look`.
fn buffered<T>(settings: &Settings, found: &Found, look: impl FnOnce(&[u8]) -> T) -> Result<T, Error> {
    BUFFER.with_borrow_mut(|text| {
        sys::read_into(&found.file, settings.max_file_bytes, text)?;
        Ok(look(text))
    })
}

fn read(settings: &Settings, found: &Found) -> Looked {
    let looked = buffered(settings, found, |text| {
        let read = if !sights::is_any(&settings.seeding, text) {
            Read::Nothing
        } else if !found.named && walk::is_generated(text) {
            Read::LeftOut("generated")
        } else {
            Read::Candidate(found.path.clone(), Some(found.file.clone()), found.test, text.into())
        };
        Looked { bytes: text.len() as u64, declares_release: given::declares_release(&settings.seeding, text), read }
    });
    looked.unwrap_or_else(|error| {
        let words = error.to_string();
        let read = Read::Unreadable(Diagnostic { path: found.path.clone(), line: 0, words, skipped: true });
        Looked { bytes: 0, declares_release: false, read }
    })
}

type Text = (Arc<str>, Option<PathBuf>, bool, Arc<[u8]>);

fn candidate(judge: &Judge, settings: &Settings, wrappers: &Wrappers, (path, file, test, text): Text) -> Candidate {
    let place = file.clone().unwrap_or_else(|| settings.root.join(&*path));
    let scope = scope(judge.world, &place, &text, file.is_none());
    let judged = judged::file(judge, settings, wrappers, &FileText { path: &path, text: &text, scope: &scope });
    Candidate { path, file, test, text, scope, judged }
}

/// The scope of a file, also of one that the folder does not show as it is (standard input, a hidden name).
fn scope(world: &World, place: &Path, text: &Arc<[u8]>, alone: bool) -> FileScope {
    if let Some(scope) = (!alone).then(|| world.scope_of(place)).flatten() {
        return scope;
    }
    let dir = place.parent().unwrap_or(Path::new("."));
    let path = world.locator().import_path(dir).unwrap_or_else(|| Arc::from("."));
    let (package, file) = with_text(place, text.clone(), &Membership { path, ..Membership::default() });
    FileScope { package, file }
}

/// Judges again the files with calls of unknown type, now that the repository has shown how some of them are released.
fn learn(judge: &Judge, settings: &Settings, wrappers: &Wrappers, candidates: &mut [Candidate]) {
    let unknown = |candidate: &&mut Candidate| {
        candidate.judged.judged.iter().any(|judged| matches!(judged.acquisition.closable, Closable::Unknown(_)))
    };
    candidates.par_iter_mut().filter(unknown).for_each(|candidate| {
        let file = FileText { path: &candidate.path, text: &candidate.text, scope: &candidate.scope };
        candidate.judged = judged::file(judge, settings, wrappers, &file);
    });
}

/// Judges again the files that call one of `added`, and for the first time those that did not matter so far.
fn follow(
    judge: &Judge,
    settings: &Settings,
    wrappers: &Wrappers,
    added: &[FuncRef],
    files: &[Found],
    candidates: &mut Vec<Candidate>,
) {
    let known: rustc_hash::FxHashSet<Arc<str>> = candidates.iter().map(|candidate| candidate.path.clone()).collect();
    let calls = |text: &[u8]| -> bool { added.iter().any(|func| is_called(text, &func.decl.name.name)) };
    candidates.par_iter_mut().filter(|candidate| calls(&candidate.text)).for_each(|candidate| {
        let file = FileText { path: &candidate.path, text: &candidate.text, scope: &candidate.scope };
        let previous = std::mem::take(&mut candidate.judged);
        candidate.judged = judged::again(judge, settings, wrappers, &file, previous, &calls);
    });
    let exported = |func: &&FuncRef| func.decl.name.name.starts_with(char::is_uppercase);
    let paths: Vec<Vec<u8>> =
        added.iter().filter(exported).map(|func| format!("\"{}\"", func.package.path).into_bytes()).collect();
    let dirs: Vec<&Path> = added.iter().map(|func| func.package.dir.as_path()).collect();
    let new: Vec<Candidate> = files
        .par_iter()
        .filter(|found| !known.contains(&found.path))
        .filter(|found| !paths.is_empty() || found.file.parent().is_some_and(|dir| dirs.contains(&dir)))
        .filter_map(|found| {
            let beside = found.file.parent().is_some_and(|dir| dirs.contains(&dir));
            let looked = buffered(settings, found, |text| {
                let sees = beside || paths.iter().any(|path| memchr::memmem::find(text, path).is_some());
                (sees && calls(text) && (found.named || !walk::is_generated(text))).then(|| Arc::from(text))
            });
            let text = looked.ok().flatten()?;
            let candidate =
                candidate(judge, settings, wrappers, (found.path.clone(), Some(found.file.clone()), found.test, text));
            (!candidate.judged.judged.is_empty()).then_some(candidate)
        })
        .collect();
    candidates.extend(new);
}

fn report(settings: &Settings, candidates: &[Candidate], stats: Stats, diagnostics: Vec<Diagnostic>, clock: Clock) -> Report {
    let mut report = Report { stats, diagnostics, ..Report::default() };
    for candidate in candidates {
        report.stats.declarations += candidate.judged.declarations;
        for (start, refusal) in &candidate.judged.refused {
            let line = crate::base::text::LineIndex::new(&candidate.text).line(*start);
            let words = format!("a declaration was not analysed: {refusal}");
            report.diagnostics.push(Diagnostic { path: candidate.path.clone(), line, words, skipped: true });
        }
        if candidate.judged.inexact {
            let words = "its brackets or strings do not close: what could be told apart was looked at".to_owned();
            report.diagnostics.push(Diagnostic { path: candidate.path.clone(), line: 0, words, skipped: true });
        }
        if std::str::from_utf8(&candidate.text).is_err() {
            let words = "the file is not UTF-8, which Go asks for; it was looked at all the same".to_owned();
            report.diagnostics.push(Diagnostic { path: candidate.path.clone(), line: 0, words, skipped: false });
        }
        if candidate.test && !settings.tests {
            let waiting = candidate.judged.findings.iter().flatten().filter(|finding| finding.suppressed.is_none()).count();
            report.stats.findings_in_tests += waiting as u64;
            *report.stats.left_out.entry("tests").or_default() += 1;
            continue;
        }
        take(&mut report, candidate);
    }
    report.diagnostics.sort();
    report.diagnostics.dedup();
    report.stats.phases = clock.phases;
    report
}

fn take(report: &mut Report, candidate: &Candidate) {
    for (judged, findings) in candidate.judged.judged.iter().zip(&candidate.judged.findings) {
        let acquisition = &judged.acquisition;
        report.stats.not_analysed += u64::from(acquisition.verdict == Verdict::NotAnalysed);
        report.stats.unknown_type += u64::from(acquisition.verdict == Verdict::UnknownType);
        report.acquisitions.push(acquisition.clone());
        for finding in findings {
            report.texts.entry(candidate.path.clone()).or_insert_with(|| candidate.text.clone());
            report.findings.push(finding.clone());
        }
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
