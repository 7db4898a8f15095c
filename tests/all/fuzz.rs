//! Fixes texts that nobody would write, made from real ones: `text -> fix -> text` must leave no new damage,
//! have nothing to do a second time, and where it is safe, give the old text back when the inserted lines are
//! taken out.
//!
//! Run by hand, with seeds from anywhere:
//!
//! ```text
//! UNLEAK_SEEDS=../some/go/code UNLEAK_INPUTS=100000 cargo test --release --test all fuzz:: -- --ignored
//! ```
//!
//! `UNLEAK_START` chooses where the random numbers start (1). An input that fails is printed, and the run
//! goes on.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;
use regex::bytes::Regex;
use unleak::config::Style;
use unleak::engine;
use unleak::engine::FileChange;
use unleak::go::syntax::outline::outline;
use unleak::go::syntax::parse;

use crate::support::{self, tests};

/// The tests of this module.
pub fn tests() -> Vec<Trial> {
    // It takes as long as it is told to, and seeds from outside.
    tests![texts_that_nobody_would_write].into_iter().map(|test| test.with_ignored_flag(true)).collect()
}

/// How many inputs are fixed at once, each in a folder of its own.
const BATCH: usize = 256;

/// Seeds above this size are left out: they are slow, and no different.
const MAX_SEED: u64 = 12 << 10;

/// Numbers that look random (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end.max(1) as u64).unwrap_or_default()
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// What is put between tokens and lines.
const SCRAPS: [&str; 48] = [
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ";",
    ",",
    ":=",
    "=",
    "\n",
    "\t",
    " ",
    "\r\n",
    "//",
    "/*",
    "*/",
    "`",
    "\"",
    "'",
    "if ",
    "else ",
    "for ",
    "func() ",
    "return\n",
    "break\n",
    "continue\n",
    "goto L\n",
    "L:\n",
    "defer ",
    "go ",
    "switch {\n",
    "case x:\n",
    "select {\n",
    "fallthrough\n",
    "var ",
    "_ = ",
    "client.Close()\n",
    "client, err := storage.NewClient(ctx)\n",
    "if err != nil {\n\treturn err\n}\n",
    "for _, x := range xs {\n",
    "}()\n",
    "err = ",
    "client := ",
    "\u{feff}",
    "é",
    "// note\n",
    "if client, err := storage.NewClient(ctx); err == nil {\n",
];

/// A text made from `seed` by a few strokes; `other` is a text to take from.
fn mutate(seed: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut text = seed.to_vec();
    for _ in 0..=random.below(5) {
        let lines: Vec<usize> =
            std::iter::once(0).chain(memchr::memchr_iter(b'\n', &text).map(|at| at + 1)).collect();
        let line = |random: &mut Random| *random.of(&lines);
        match random.below(12) {
            0 => {
                let (a, b) = (line(random), line(random));
                text.drain(a.min(b)..a.max(b).min(a.min(b) + 400));
            }
            1 => {
                let (a, b) = (line(random), line(random));
                let part = text[a.min(b)..a.max(b).min(a.min(b) + 400)].to_vec();
                let at = line(random);
                text.splice(at..at, part);
            }
            2 => {
                let at = random.below(text.len() + 1);
                text.splice(at..at, random.of(&SCRAPS).bytes());
            }
            3 | 4 => {
                let at = line(random);
                text.splice(at..at, random.of(&SCRAPS).bytes());
            }
            5 => {
                let at = random.below(text.len());
                text.truncate(at);
            }
            6 => {
                let at = random.below(text.len());
                text.drain(at..(at + 1 + random.below(3)).min(text.len()));
            }
            7 => {
                let starts: Vec<usize> =
                    std::iter::once(0).chain(memchr::memchr_iter(b'\n', other).map(|at| at + 1)).collect();
                let (a, b) = (*random.of(&starts), *random.of(&starts));
                let at = line(random);
                text.splice(at..at, other[a.min(b)..a.max(b).min(a.min(b) + 600)].to_vec());
            }
            8 => text = text.split(|byte| *byte == b'\n').collect::<Vec<_>>().join(&b"\r\n"[..]),
            // Two lines become one.
            9 => {
                let ends: Vec<usize> = memchr::memchr_iter(b'\n', &text).collect();
                if !ends.is_empty() {
                    text[*random.of(&ends)] = *random.of(b" ;");
                }
            }
            10 => {
                let at = random.below(text.len() + 1);
                text.insert(at, u8::try_from(random.below(256)).unwrap_or_default());
            }
            _ => text = text.trim_ascii_end().to_vec(),
        }
        if text.is_empty() {
            return seed.to_vec();
        }
    }
    text
}

fn seeds(folder: &Path) -> Vec<Vec<u8>> {
    let trigger = Regex::new(r"New\w*Client[(\[]").expect("it is well formed");
    let release = Regex::new(r"(?m)^\s*defer \w+\.Close\(\)\r?\n").expect("it is well formed");
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<PathBuf> =
            fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        entries.sort();
        for path in entries {
            let Ok(meta) = fs::symlink_metadata(&path) else { continue };
            if meta.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "go") && meta.len() < MAX_SEED {
                // Without what releases already there is more to fix.
                let text = fs::read(&path).ok().filter(|text| trigger.is_match(text));
                found.extend(text.map(|text| release.replace_all(&text, &b""[..]).into_owned()));
            }
        }
    }
    found
}

/// How many places in a text are damaged, as the grammar sees each declaration. Seen as a whole, a line in
/// one declaration would move what the grammar makes of damage in another.
fn damage(text: &[u8]) -> usize {
    let outline = outline(text);
    if !outline.exact {
        return parse::damage(text);
    }
    outline.items.iter().map(|item| parse::damage(&text[item.span.range()])).sum()
}

/// Whether `before` is `after` with whole lines left out.
fn is_inverted_by_lines(before: &[u8], after: &[u8]) -> bool {
    let mut before = before.split_inclusive(|byte| *byte == b'\n').peekable();
    for line in after.split_inclusive(|byte| *byte == b'\n') {
        before.next_if_eq(&line);
    }
    before.next().is_none()
}

fn fix(root: &Path, unsafe_fixes: bool, style: Style) -> BTreeMap<String, FileChange> {
    let mut settings = support::settings(root);
    settings.scan.index_only = true;
    settings.fix.unsafe_fixes = unsafe_fixes;
    settings.scan.sources.flags.flag("style", Some(style.word()));
    settings.scan.sources.flags.flag("assume-closable", Some(true));
    let run = engine::fix(&settings).expect("the folder can be read");
    run.changes.into_iter().map(|change| (change.path.to_string(), change)).collect()
}

/// What is wrong with the fixes of the files below `root`; their new texts are written there.
fn faults(root: &Path, unsafe_fixes: bool, style: Style) -> (usize, Vec<(String, Vec<u8>)>) {
    let changes = fix(root, unsafe_fixes, style);
    let mut faults = Vec::new();
    for (path, change) in &changes {
        if damage(&change.after) > damage(&change.before) {
            faults.push((format!("new damage in {path}"), change.before.to_vec()));
        }
        if !unsafe_fixes && !is_inverted_by_lines(&change.before, &change.after) {
            faults.push((format!("not only whole lines in {path}"), change.before.to_vec()));
        }
        fs::write(root.join(path), &change.after).expect("it can be written");
    }
    for path in fix(root, unsafe_fixes, style).keys() {
        let before = changes.get(path).map_or_else(Vec::new, |change| change.before.to_vec());
        faults.push((format!("{path} changes again"), before));
    }
    (changes.len(), faults)
}

fn texts_that_nobody_would_write() {
    let number = |name: &str, otherwise: u64| {
        env::var(name).map_or(otherwise, |text| text.parse().expect("it is a number"))
    };
    let seeds =
        seeds(Path::new(&env::var("UNLEAK_SEEDS").expect("UNLEAK_SEEDS names a folder with Go files")));
    assert!(!seeds.is_empty(), "no file there makes a client");
    let (inputs, start) =
        (usize::try_from(number("UNLEAK_INPUTS", 10_000)).expect("it fits"), number("UNLEAK_START", 1));
    let mut random = Random(start.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let (mut changed, mut failed) = (0, 0);
    for batch in 0..inputs.div_ceil(BATCH) {
        let tree = tempfile::tempdir().expect("there is room");
        support::write(tree.path(), "go.mod", "module example.com/fuzz\n\ngo 1.26\n");
        for number in 0..BATCH {
            let (seed, other) = (random.below(seeds.len()), random.below(seeds.len()));
            let text = mutate(&seeds[seed], &seeds[other], &mut random);
            let name = if random.below(4) == 0 { "a_test.go" } else { "a.go" };
            support::write(tree.path(), &format!("p{number}/{name}"), text);
        }
        let (unsafe_fixes, style) = (random.below(2) == 0, *random.of(&Style::ALL));
        let result = catch_unwind(AssertUnwindSafe(|| faults(tree.path(), unsafe_fixes, style)));
        let (count, faults) =
            result.unwrap_or_else(|_| (0, vec![(format!("panic in batch {batch}"), Vec::new())]));
        changed += count;
        failed += faults.len();
        for (fault, before) in faults {
            println!(
                "--- {fault} (unsafe: {unsafe_fixes}, {})\n{}",
                style.word(),
                String::from_utf8_lossy(&before)
            );
        }
        if batch % 20 == 19 {
            println!("{} inputs, {changed} changed, {failed} failed", (batch + 1) * BATCH);
        }
    }
    println!("{inputs} inputs from {} seeds, {changed} changed, {failed} failed", seeds.len());
    assert_eq!(failed, 0);
}
