//! `fix --verify`: the fixed files are written, a command is run in each module that was changed, and where
//! it fails, the fixes that make it fail are found and taken back.
//!
//! Every file is whole at any moment, old or new: each change of mind is one more atomic write. An interrupt
//! while a command runs brings all files back. After `kill -9` some files may hold fixes that nobody
//! verified; git brings them back.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;

use super::finding_id::{Id, id};
use super::review::Decisions;
use super::{words, write};
use crate::base::diagnostic::{Finding, FixOutcome};
use crate::base::sys::{self, Error, Interrupts};
use crate::config::Settings;
use crate::engine::{Choice, Choose, FileChange, Fixes, JudgedTree};

/// How many lines of a command's output are told.
const TOLD: usize = 12;

/// A command to verify with.
pub struct Verify {
    argv: Vec<String>,
    shown: String,
}

impl Verify {
    /// The command that `--verify` names: `go`, or words for a shell.
    pub fn new(command: &str) -> Verify {
        match command {
            "go" => Verify {
                argv: ["go", "vet", "./..."].map(str::to_owned).into(),
                shown: "go vet ./...".to_owned(),
            },
            _ => Verify { argv: ["sh", "-c", command].map(str::to_owned).into(), shown: command.to_owned() },
        }
    }

    /// The command as a person would type it.
    pub fn shown(&self) -> &str {
        &self.shown
    }
}

/// What was written and stays.
pub struct Verified {
    pub fixes: Fixes,
    /// At the indices of the changes.
    pub written: Vec<FixOutcome>,
    pub faults: Vec<Error>,
}

/// Writes `fixes` and verifies them, module by module.
///
/// # Errors
/// When the command cannot be started or somebody interrupts; then every file is as it was.
pub fn write_verified(
    settings: &Settings,
    judged: &JudgedTree,
    fixes: Fixes,
    decisions: &Decisions,
    verify: &Verify,
) -> anyhow::Result<Verified> {
    let mut run =
        Run { settings, judged, decisions, verify, held: Interrupts::hold()?, disk: Disk::new(settings) };
    let result = run.modules(fixes);
    if result.is_err() {
        run.disk.put(&[], |_| true);
    }
    result
}

struct Run<'a> {
    settings: &'a Settings,
    judged: &'a JudgedTree,
    decisions: &'a Decisions,
    verify: &'a Verify,
    held: Interrupts,
    disk: Disk,
}

impl Run<'_> {
    fn modules(&mut self, fixes: Fixes) -> anyhow::Result<Verified> {
        self.disk.put(&fixes.changes, |_| true);
        let mut bad: BTreeMap<Id, FixOutcome> = BTreeMap::new();
        for module in modules(self.settings, &fixes.changes) {
            let Err(said) = self.holds(&module)? else { continue };
            let is_in = |change: &FileChange| {
                change.file.as_ref().is_some_and(|file| self::module(self.settings, file) == module)
            };
            let in_module =
                |path: &str| fixes.changes.iter().any(|change| *change.path == *path && is_in(change));
            let items: Vec<&Finding> = self
                .judged
                .report()
                .findings
                .iter()
                .zip(&fixes.outcomes)
                .filter(|(finding, outcome)| {
                    **outcome == FixOutcome::Applied && in_module(&finding.location.path)
                })
                .map(|(finding, _)| finding)
                .collect();
            if !self.try_with(&module, &BTreeSet::new())? {
                self.tell_broken(&module, &said);
                bad.extend(items.iter().map(|finding| (id(finding), FixOutcome::CheckFails)));
                continue;
            }
            let found = self.at_fault(&module, &items)?;
            self.tell(&module, &items, &found, &said);
            bad.extend(found.into_iter().map(|id| (id, FixOutcome::RolledBack)));
        }
        if !bad.is_empty() {
            let fixes = self.without(&bad, &|_| true);
            self.disk.put(&fixes.changes, |_| true);
            return Ok(self.end(fixes));
        }
        Ok(self.end(fixes))
    }

    fn end(&mut self, fixes: Fixes) -> Verified {
        let written = fixes.changes.iter().map(|change| self.disk.outcome(change)).collect();
        Verified { fixes, written, faults: std::mem::take(&mut self.disk.faults).into_values().collect() }
    }

    /// Runs the command in a module; what it said if it failed.
    fn holds(&self, module: &Path) -> anyhow::Result<Result<(), String>> {
        let result = sys::run(&self.verify.argv, module)?;
        if self.held.came() {
            bail!("interrupted while `{}` ran; every file is as it was", self.verify.shown);
        }
        Ok(result)
    }

    /// The fixes of a module but for those in `bad`, as far as `wanted`.
    fn without(&self, bad: &BTreeMap<Id, FixOutcome>, wanted: &(dyn Fn(&Finding) -> bool + Sync)) -> Fixes {
        let choose: &Choose = &|finding| match bad.get(&id(finding)) {
            Some(outcome) => Choice::Leave(*outcome),
            None if !wanted(finding) => Choice::Leave(FixOutcome::RolledBack),
            None => self.decisions.on(finding),
        };
        self.judged.fix(self.settings, choose)
    }

    /// The findings whose fixes in `module` make the command fail, which holds without any.
    fn at_fault(&mut self, module: &Path, items: &[&Finding]) -> anyhow::Result<BTreeSet<Id>> {
        let mut good: BTreeSet<Id> = BTreeSet::new();
        let mut bad: BTreeSet<Id> = BTreeSet::new();
        // Halves, each tried on top of what is known to be good: few runs where few fixes are at fault.
        let mut todo: Vec<&[&Finding]> = vec![items];
        while let Some(group) = todo.pop() {
            let tried: BTreeSet<Id> =
                good.iter().cloned().chain(group.iter().map(|finding| id(finding))).collect();
            // All together have failed already.
            let fails = group.len() == items.len();
            if !fails && self.try_with(module, &tried)? {
                good = tried;
            } else if let [one] = group {
                bad.insert(id(one));
            } else {
                let (first, second) = group.split_at(group.len() / 2);
                todo.extend([second, first]);
            }
        }
        Ok(bad)
    }

    /// Whether the command holds with just these fixes in the module.
    fn try_with(&mut self, module: &Path, taken: &BTreeSet<Id>) -> anyhow::Result<bool> {
        let fixes = self.without(&BTreeMap::new(), &|finding| taken.contains(&id(finding)));
        let settings = self.settings;
        self.disk.put(&fixes.changes, |file| self::module(settings, file) == module);
        Ok(self.holds(module)?.is_ok())
    }

    fn tell(&self, module: &Path, items: &[&Finding], bad: &BTreeSet<Id>, said: &str) {
        let (command, place) = (&self.verify.shown, self.shown(module));
        let mut lines = vec![format!("`{command}` failed in {place}; these fixes were taken back:")];
        let at_fault =
            items.iter().filter(|finding| bad.contains(&id(finding))).map(|finding| &finding.location);
        lines.extend(at_fault.map(|at| format!("  {}:{}:{}", at.path, at.line, at.column)));
        lines.extend(quoted(said));
        words::error(&lines.join("\n"));
    }

    fn tell_broken(&self, module: &Path, said: &str) {
        let (command, place) = (&self.verify.shown, self.shown(module));
        let first = format!("`{command}` fails in {place} without any fix; nothing was changed there");
        words::error(&std::iter::once(first).chain(quoted(said)).collect::<Vec<_>>().join("\n"));
    }

    fn shown(&self, module: &Path) -> String {
        let module = module.strip_prefix(&self.settings.root).unwrap_or(module);
        if module.as_os_str().is_empty() { ".".to_owned() } else { module.to_string_lossy().into_owned() }
    }
}

/// The first lines of what a command said.
fn quoted(said: &str) -> impl Iterator<Item = String> + '_ {
    said.lines().take(TOLD).map(|line| format!("  | {line}"))
}

/// What the files hold: each was read once, and is known since.
struct Disk {
    roots: Vec<PathBuf>,
    files: BTreeMap<PathBuf, (Arc<[u8]>, Vec<u8>)>,
    faults: BTreeMap<PathBuf, Error>,
}

impl Disk {
    fn new(settings: &Settings) -> Disk {
        Disk { roots: write::writable_roots(settings), files: BTreeMap::new(), faults: BTreeMap::new() }
    }

    /// Makes the files for which `concerned` holds what `changes` say, and the others of them what they were
    /// at first.
    fn put(&mut self, changes: &[FileChange], concerned: impl Fn(&Path) -> bool) {
        for change in changes {
            if let Some(file) = &change.file {
                self.files
                    .entry(file.clone())
                    .or_insert_with(|| (change.before.clone(), change.before.to_vec()));
            }
        }
        for (file, (original, now)) in self.files.iter_mut().filter(|(file, _)| concerned(file)) {
            let change = changes.iter().find(|change| change.file.as_ref() == Some(file));
            let wanted = change.map_or(&**original, |change| &change.after);
            if wanted == now.as_slice() || self.faults.contains_key(file) {
                continue;
            }
            match sys::replace(file, &self.roots, now, wanted) {
                Ok(()) => *now = wanted.to_vec(),
                Err(fault) => drop(self.faults.insert(file.clone(), fault)),
            }
        }
    }

    fn outcome(&self, change: &FileChange) -> FixOutcome {
        let fault = change.file.as_ref().and_then(|file| self.faults.get(file));
        fault.map_or(FixOutcome::Applied, write::outcome_of)
    }
}

/// The folders to run in.
fn modules(settings: &Settings, changes: &[FileChange]) -> BTreeSet<PathBuf> {
    changes.iter().filter_map(|change| change.file.as_ref()).map(|file| module(settings, file)).collect()
}

/// The folder of the nearest `go.mod` above a file, the working directory where there is none.
fn module(settings: &Settings, file: &Path) -> PathBuf {
    let holds = |dir: &&Path| sys::kind(&dir.join("go.mod")) == Some(sys::Kind::File);
    file.ancestors().skip(1).find(holds).unwrap_or(&settings.root).to_path_buf()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::rules;

    const MADE: &str = "package p\n\nimport \"io\"\n\ntype Client struct{ raw io.Closer }\n\n\
        func NewClient() *Client { return &Client{raw: io.NopCloser(nil)} }\n\n\
        func (c *Client) Close() error { return c.raw.Close() }\n\nfunc (c *Client) Use() {}\n";

    fn leak(function: &str, name: &str) -> String {
        format!("\nfunc {function}() {{\n\t{name} := NewClient()\n\t{name}.Use()\n}}\n")
    }

    /// Fixes two modules of two files each, verified by `command`. What became of each finding, by the name
    /// of its variable, and whether the files hold what that says.
    fn run(command: &str) -> Vec<(String, FixOutcome)> {
        let dir = tempfile::tempdir().unwrap();
        let root = sys::real_path(dir.path()).unwrap();
        for (module, names) in [("one", ["a", "b", "c", "d"]), ("two", ["e", "f", "g", "h"])] {
            fs::create_dir(root.join(module)).unwrap();
            fs::write(root.join(module).join("go.mod"), format!("module example.com/{module}\n")).unwrap();
            fs::write(root.join(module).join("made.go"), MADE).unwrap();
            for (file, pair) in names.chunks(2).enumerate() {
                let text = format!(
                    "package p\n{}{}",
                    leak(&format!("x{file}"), pair[0]),
                    leak(&format!("y{file}"), pair[1])
                );
                fs::write(root.join(module).join(format!("{file}.go")), text).unwrap();
            }
        }
        let mut settings = Settings::sample(&root, &["."]);
        settings.scan.sources.rules = rules::builtin();
        let judged = JudgedTree::new(&settings).unwrap();
        let fixes = judged.fix(&settings, &|_| Choice::Take);
        assert_eq!(fixes.changes.len(), 4);
        let verified =
            write_verified(&settings, &judged, fixes, &Decisions::default(), &Verify::new(command)).unwrap();
        assert!(
            verified.faults.is_empty()
                && verified.written.iter().all(|outcome| *outcome == FixOutcome::Applied)
        );
        let text = |path: &str| fs::read_to_string(root.join(path)).unwrap();
        let findings = judged.report().findings.iter().zip(&verified.fixes.outcomes);
        findings
            .map(|(finding, outcome)| {
                let name = finding.acquisition.as_ref().unwrap().name.clone().unwrap();
                let is_there = text(&finding.location.path).contains(&format!("defer {name}.Close()"));
                assert_eq!(is_there, *outcome == FixOutcome::Applied, "{name}");
                (name, *outcome)
            })
            .collect()
    }

    fn with(outcomes: &[(String, FixOutcome)], wanted: FixOutcome) -> String {
        outcomes.iter().filter(|(_, outcome)| *outcome == wanted).map(|(name, _)| name.as_str()).collect()
    }

    #[test]
    fn what_holds_stays() {
        assert_eq!(with(&run("true"), FixOutcome::RolledBack), "");
    }

    #[test]
    fn the_fixes_at_fault_are_taken_back_and_no_others() {
        assert_eq!(with(&run("! grep -q 'defer c' *.go"), FixOutcome::RolledBack), "c");
        assert_eq!(with(&run("! grep -qE 'defer (a|d|h)' *.go"), FixOutcome::RolledBack), "adh");
    }

    #[test]
    fn a_module_that_fails_anyway_gets_no_fix() {
        let outcomes = run("! grep -q two go.mod");
        assert_eq!(with(&outcomes, FixOutcome::CheckFails), "efgh");
        assert_eq!(with(&outcomes, FixOutcome::RolledBack), "");
    }

    #[test]
    fn a_command_that_cannot_run_changes_nothing() {
        let missing = Verify { argv: vec!["no-such-program-anywhere".into()], shown: String::new() };
        let dir = tempfile::tempdir().unwrap();
        let root = sys::real_path(dir.path()).unwrap();
        let text = format!("{MADE}{}", leak("x", "a"));
        fs::write(root.join("a.go"), &text).unwrap();
        let mut settings = Settings::sample(&root, &["."]);
        settings.scan.sources.rules = rules::builtin();
        let judged = JudgedTree::new(&settings).unwrap();
        let fixes = judged.fix(&settings, &|_| Choice::Take);
        assert!(write_verified(&settings, &judged, fixes, &Decisions::default(), &missing).is_err());
        assert_eq!(fs::read_to_string(root.join("a.go")).unwrap(), text);
    }
}
