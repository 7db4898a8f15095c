//! What a declaration may have to do with, told by the names in its text alone: whether it may start a
//! goroutine, and whether it may wait for what a field holds. Where that says no, it need not be parsed; a
//! yes says nothing.

use std::cell::OnceCell;
use std::path::PathBuf;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::base::memo::Memo;
use crate::go::facts;
use crate::go::project::package::Package;
use crate::go::syntax::outline::{called, has_word, is_word};
use crate::go::types::database::{Database, FileScope};

type Names = Arc<FxHashSet<Arc<str>>>;

/// Names of packages, by folder and package name.
#[derive(Default)]
struct OfPackages(Memo<(PathBuf, Arc<str>), Names>);

impl OfPackages {
    fn get_or(&self, package: &Package, make: fn(&Package) -> FxHashSet<Arc<str>>) -> Names {
        self.0.get_or((package.dir.clone(), package.name.clone()), |_| Arc::new(make(package)))
    }
}

/// What is known of packages by names, kept for all threads.
#[derive(Default)]
pub struct ByName {
    /// The functions and methods that start a goroutine.
    starters: OfPackages,
    /// The fields that hold a channel or a condition, and what gives a channel to receive from.
    kept: OfPackages,
}

/// The functions and methods that start a goroutine themselves, and those that call one of these, whatever it
/// is called on.
fn starters(package: &Package) -> FxHashSet<Arc<str>> {
    let (mut found, mut others) = (FxHashSet::default(), Vec::new());
    package.each_function(&mut |function, text| {
        if has_word(text, "go") {
            found.insert(function.name.clone());
        } else {
            let names: FxHashSet<Arc<str>> = called(text).map(|(name, _)| Arc::from(name)).collect();
            others.push((function.name.clone(), names));
        }
    });
    while !found.is_empty() {
        let before = found.len();
        others.retain(|(name, calls)| {
            let starts = calls.iter().any(|called| found.contains(called));
            if starts {
                found.insert(name.clone());
            }
            !starts
        });
        if found.len() == before {
            break;
        }
    }
    found
}

/// All words of the lines that declare a field with a channel or a condition, and the names of the functions
/// with a `<-chan` in their head.
fn kept(package: &Package) -> FxHashSet<Arc<str>> {
    let mut found = FxHashSet::default();
    package.each_type(&mut |text| {
        let lines = text.split(|byte| *byte == b'\n');
        for line in lines.filter(|line| has_word(line, "chan") || has_word(line, "Cond")) {
            let words = line.split(|byte| !is_word(*byte)).filter_map(|word| std::str::from_utf8(word).ok());
            found.extend(words.filter(|word| !word.is_empty()).map(Arc::from));
        }
    });
    package.each_function(&mut |function, text| {
        let head = memchr::memchr(b'\n', text).map_or(text, |end| &text[..end]);
        if memchr::memmem::find(head, b"<-chan").is_some() {
            found.insert(function.name.clone());
        }
    });
    found
}

/// What the names in a file's declarations can mean.
pub struct NamesHere<'f> {
    database: &'f Database,
    by_name: &'f ByName,
    scope: &'f FileScope,
    starters: OnceCell<Vec<Names>>,
}

impl<'f> NamesHere<'f> {
    pub fn new(database: &'f Database, by_name: &'f ByName, scope: &'f FileScope) -> NamesHere<'f> {
        NamesHere { database, by_name, scope, starters: OnceCell::new() }
    }

    /// Whether a declaration with this text may start a goroutine, by itself or by what it calls.
    pub fn may_start(&self, text: &[u8]) -> bool {
        // What tests declare is not among what is known.
        self.scope.is_test() || has_word(text, "go") || {
            let known = self.starters.get_or_init(|| self.starters());
            !known.is_empty() && called(text).any(|(name, _)| known.iter().any(|names| names.contains(name)))
        }
    }

    /// What starts goroutines in the file's own package and in those that it imports, as far as they are
    /// read; Go's own aside, whose types start nothing that a method of theirs has to end.
    fn starters(&self) -> Vec<Names> {
        let imports = self.scope.imports().iter().filter(|import| !facts::is_standard(&import.path));
        let imported = imports.filter_map(|import| self.database.import(self.scope, &import.path).ok());
        let all = std::iter::once(self.scope.package.clone()).chain(imported);
        let names = all.map(|package| self.by_name.starters.get_or(&package, starters));
        names.filter(|names| !names.is_empty()).collect()
    }

    /// Whether a declaration with this text names what may be a field of its own package that somebody waits
    /// for.
    pub fn may_wait(&self, text: &[u8]) -> bool {
        // What tests declare is not among what is known.
        self.scope.is_test() || {
            let known = self.by_name.kept.get_or(&self.scope.package, kept);
            memchr::memchr_iter(b'.', text).any(|dot| {
                let rest = &text[dot + 1..];
                let word = &rest[..rest.iter().take_while(|byte| is_word(**byte)).count()];
                std::str::from_utf8(word).is_ok_and(|word| known.contains(word))
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::go::project::package::{Membership, with_text};

    fn names(make: fn(&Package) -> FxHashSet<Arc<str>>, text: &str) -> Vec<Arc<str>> {
        let (package, _) = with_text(Path::new("/gone/a.go"), text.as_bytes().into(), &Membership::default());
        let mut found: Vec<Arc<str>> = make(&package).into_iter().collect();
        found.sort();
        found
    }

    #[test]
    fn what_starts_is_told_by_names() {
        let text = "package p\n\nfunc a() { go b() }\n\nfunc b() { c() }\n\nfunc c() {}\n\n\
                    func d() { x.a() }\n\nfunc e() { d() }\n";
        assert_eq!(names(starters, text), ["a", "d", "e"].map(Arc::from));
    }

    #[test]
    fn what_somebody_may_wait_for_is_told_by_names() {
        let text = "package p\n\ntype t struct {\n\tn int\n\tquit, done chan bool\n\tc *sync.Cond\n}\n\n\
                    func (x *t) Done() <-chan bool { return x.done }\n\nfunc (x *t) N() int { return x.n }\n";
        let found = names(kept, text);
        let has = |name: &str| found.iter().any(|one| **one == *name);
        assert!(["quit", "done", "c", "Done"].into_iter().all(has) && !has("n") && !has("N"), "{found:?}");
    }
}
