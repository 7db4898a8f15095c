//! A baseline: the findings that were there when it was written. They are quiet, new ones are loud, and what
//! is gone is told.
//!
//! The file is TOML, sorted, without line numbers: it changes when findings come and go, not when code moves.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use crate::base::diagnostic::{Finding, Suppression};
use crate::base::sys::{self, Error};
use crate::base::text::{LineIndex, narrow};
use crate::config::Settings;
use crate::engine::report::Report;
use crate::vcs::RepositoryPath;

/// The only version so far.
const VERSION: u32 = 1;

/// Nobody's baseline is larger.
const MOST_BYTES: u64 = 64 << 20;

const HEAD: &str = "\
# Findings that were there when this file was written; `unleak check --baseline` says nothing of them.
# Written by `unleak check --write-baseline`.
";

/// The findings of a file, by fingerprint.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Baseline(BTreeMap<String, Entry>);

/// A finding as a baseline has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The file, from the top of the repository.
    pub path: String,
    /// The function around it; empty at package level.
    pub function: String,
    pub rule: String,
    /// What it is about, as written: what acquires.
    pub acquires: String,
    pub fingerprint: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: toml::Spanned<u32>,
    #[serde(default, rename = "finding")]
    findings: Vec<Entry>,
}

impl Baseline {
    /// Reads the baseline at `path`.
    ///
    /// # Errors
    /// [`Error::Config`] with the line of the first mistake, or what [`sys::read`] says.
    pub fn read(path: &Path) -> Result<Baseline, Error> {
        let bytes = sys::read(path, MOST_BYTES)?;
        Baseline::parse(&path.to_string_lossy(), &String::from_utf8_lossy(&bytes))
    }

    fn parse(file: &str, text: &str) -> Result<Baseline, Error> {
        let mistake = |at: usize, words: String| {
            let (line, column) = LineIndex::new(text.as_bytes()).line_column(narrow(at));
            Error::Config { file: file.into(), line, column, words }
        };
        let read: File = toml::from_str(text).map_err(|error| {
            let words = format!(
                "{}; mend it, or take the file away and write it anew with --write-baseline",
                error.message().trim().replace('\n', " ")
            );
            mistake(error.span().map_or(0, |span| span.start), words)
        })?;
        if *read.version.get_ref() != VERSION {
            let words = format!(
                "version {} is not known, only {VERSION}; is there a newer unleak?",
                read.version.get_ref()
            );
            return Err(mistake(read.version.span().start, words));
        }
        Ok(Baseline(read.findings.into_iter().map(|entry| (entry.fingerprint.clone(), entry)).collect()))
    }

    /// The baseline that has every finding of `report` which no comment silences, and of `old` what this run
    /// could not see.
    pub fn of(report: &Report, settings: &Settings, old: &Baseline) -> Baseline {
        let seen = Seen::new(report, settings);
        let unseen = old.0.iter().filter(|(_, entry)| !seen.could_find(entry));
        let mut all: BTreeMap<_, _> = unseen.map(|(id, entry)| (id.clone(), entry.clone())).collect();
        let open = report
            .findings
            .iter()
            .filter(|finding| matches!(finding.suppressed, None | Some(Suppression::Baseline)));
        all.extend(open.map(|finding| (finding.fingerprint.clone(), entry(finding, settings))));
        Baseline(all)
    }

    /// Its text, sorted by path, function and rule.
    pub fn text(&self) -> String {
        let mut text = format!("{HEAD}version = {VERSION}\n");
        for entry in self.sorted() {
            let table = toml::to_string(entry).unwrap_or_default();
            text += &format!("\n[[finding]]\n{table}");
        }
        text
    }

    /// Its findings by path, function and rule.
    fn sorted(&self) -> Vec<&Entry> {
        let mut all: Vec<&Entry> = self.0.values().collect();
        all.sort_by_key(|entry| entry.key());
        all
    }

    /// How many findings it has.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Silences the findings of `report` that it has, also those in files that were renamed since. Returns
    /// those of its own that are gone: this run would have found them.
    pub fn apply(&self, report: &mut Report, settings: &Settings) -> Vec<&Entry> {
        let silent = |finding: &&mut Finding| self.0.contains_key(&finding.fingerprint);
        for finding in report.findings.iter_mut().filter(silent) {
            finding.suppressed.get_or_insert(Suppression::Baseline);
        }
        let seen = Seen::new(report, settings);
        let mut gone = self.sorted();
        gone.retain(|entry| !seen.findings.contains(&*entry.fingerprint) && seen.could_find(entry));
        let (mut moved, gone): (Vec<&Entry>, Vec<&Entry>) =
            gone.into_iter().partition(|entry| !seen.is_there(&entry.path));
        for finding in report.findings.iter_mut().filter(|finding| finding.suppressed.is_none()) {
            let new = entry(finding, settings);
            // One entry stands for one finding, so that another one like it is told.
            if let Some(at) = moved.iter().position(|old| old.without_path() == new.without_path()) {
                finding.suppressed = Some(Suppression::Baseline);
                moved.remove(at);
            }
        }
        let mut gone = [gone, moved].concat();
        gone.sort_by_key(|entry| entry.key());
        gone
    }
}

impl Entry {
    /// What entries are sorted by.
    fn key(&self) -> [&str; 5] {
        [&self.path, &self.function, &self.rule, &self.acquires, &self.fingerprint]
    }

    /// What stays when the file is renamed.
    fn without_path(&self) -> [&str; 3] {
        [&self.function, &self.rule, &self.acquires]
    }
}

/// What a run looked at.
struct Seen {
    findings: FxHashSet<String>,
    /// The files, from the top of their repository.
    files: FxHashSet<String>,
    /// The tops of the repositories.
    tops: FxHashSet<PathBuf>,
    rules: FxHashSet<Arc<str>>,
}

impl Seen {
    fn new(report: &Report, settings: &Settings) -> Seen {
        let places: Vec<RepositoryPath> =
            report.read.iter().filter_map(|path| settings.place(path)).collect();
        let first = settings.top().map(|top| top.dir.clone());
        Seen {
            findings: report.findings.iter().map(|finding| finding.fingerprint.clone()).collect(),
            files: places.iter().map(RepositoryPath::path).collect(),
            tops: places.iter().map(|place| place.top.dir.clone()).chain(first).collect(),
            rules: report.rules.iter().cloned().collect(),
        }
    }

    fn is_there(&self, path: &str) -> bool {
        self.tops.iter().any(|top| sys::kind(&top.join(path)).is_some())
    }

    /// Whether the run would have come upon the entry: it read the file for the rule, or the file is there no
    /// more.
    fn could_find(&self, entry: &Entry) -> bool {
        self.rules.contains(&*entry.rule) && (self.files.contains(&entry.path) || !self.is_there(&entry.path))
    }
}

fn entry(finding: &Finding, settings: &Settings) -> Entry {
    Entry {
        path: settings.in_repository(&finding.location.path),
        function: finding.function.clone().unwrap_or_default(),
        rule: finding.rule.to_string(),
        acquires: finding.subject.clone(),
        fingerprint: finding.fingerprint.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::testing::{CLIENT, Module, places};

    fn made(path: &str, fingerprint: &str) -> Entry {
        Entry {
            path: path.into(),
            function: "(*T).run".into(),
            rule: "unclosed-client".into(),
            acquires: "x.New\"Client".into(),
            fingerprint: fingerprint.into(),
        }
    }

    #[test]
    fn what_is_written_is_read_and_sorted() {
        let all = [made("b.go", "1"), made("a\nb.go", "2")].map(|entry| (entry.fingerprint.clone(), entry));
        let baseline = Baseline(all.into());
        let text = baseline.text();
        assert_eq!(Baseline::parse("b.toml", &text).unwrap(), baseline);
        assert!(text.find("\"2\"").unwrap() < text.find("\"1\"").unwrap(), "{text}");
        assert_eq!(Baseline::parse("b.toml", &Baseline::default().text()).unwrap().len(), 0);
    }

    /// What leaks in `function` of `file`, and by which baseline that is known.
    fn leak(file: &str, function: &str, known: &Baseline) -> (Baseline, Vec<String>) {
        let text =
            format!("package p\n\nfunc {function}() int {{\n\tc := NewBareClient()\n\treturn c.Use()\n}}\n");
        let module = Module::new(&[("client.go", CLIENT), (file, &text)]);
        let settings = module.settings("unclosed-client");
        let mut report = crate::engine::check(&settings).expect("the module is there");
        known.apply(&mut report, &settings);
        (Baseline::of(&report, &settings, &Baseline::default()), places(&report))
    }

    #[test]
    fn a_renamed_file_takes_its_findings_along_and_silences_no_other() {
        let (known, told) = leak("a.go", "f", &Baseline::default());
        assert_eq!(told, ["a.go:4"]);
        assert_eq!(leak("b.go", "f", &known).1, [""; 0]);
        assert_eq!(leak("b.go", "g", &known).1, ["b.go:4"]);
    }

    #[test]
    fn a_broken_file_is_told_with_its_line() {
        let broken = |text: &str| Baseline::parse("b.toml", text).unwrap_err().to_string();
        assert!(broken("version = 1\n[[finding]]\npath = 3\n").starts_with("b.toml:3:8: invalid type"));
        assert!(broken("version = 2\n").starts_with("b.toml:1:11: version 2 is not known"));
        assert!(broken("").contains("missing field `version`"));
        assert!(broken("version = 1\n<<<<<<< HEAD\n").starts_with("b.toml:2:"));
    }
}
