//! Functions of the repository that hand a resource to their callers, and from where these can be called.
//!
//! That a function is one, the analysis of its file says; `scan` follows them to the files that call them.

use std::collections::BTreeSet;
use std::hash::BuildHasher;
use std::path::Path;
use std::sync::Arc;

use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use crate::engine::prefilter;
use crate::go::project::package::{FuncRef, Package};
use crate::go::types::release::Gives;
use crate::rules::Rule;

/// What a function gives to its callers: by which rule, and where.
pub type Given = (Arc<Rule>, BTreeSet<Gives>);

/// Functions of the repository that give a fresh resource to their callers: calls of them are acquisitions
/// too.
#[derive(Default)]
pub struct Wrappers {
    /// The rules, and which results.
    known: FxHashMap<FuncRef, Vec<Given>>,
    /// Their names, for the cheap question.
    names: FxHashSet<Arc<str>>,
}

impl Wrappers {
    /// Takes in that `fresh` gives its result to its callers; false when that was known.
    pub fn add(&mut self, fresh: &Fresh) -> bool {
        let new = self.names.insert(fresh.name.clone());
        let rules = self.known.entry(fresh.func.clone()).or_default();
        match rules.iter_mut().find(|(rule, _)| rule.id == fresh.rule.id) {
            Some((_, results)) => results.insert(fresh.gives) || new,
            None => {
                rules.push((fresh.rule.clone(), BTreeSet::from([fresh.gives])));
                rules.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
                true
            }
        }
    }

    /// By which rules `func` is one, and through which results.
    pub fn rules_of(&self, func: &FuncRef) -> Option<&[Given]> {
        self.known.get(func).map(Vec::as_slice)
    }

    /// Whether one of them has this name.
    pub fn has_name(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Whether one of them may be called in `text`.
    pub fn called_in(&self, text: &[u8]) -> bool {
        prefilter::calls_any(text, &self.names)
    }
}

/// A function that gives a fresh resource to its callers, or a package variable that has such a function.
#[derive(Clone)]
pub struct Fresh {
    pub func: FuncRef,
    /// What it is called by, in which package that is declared, and where in its file.
    pub name: Arc<str>,
    pub package: Arc<Package>,
    pub at: u32,
    pub rule: Arc<Rule>,
    /// Through which result, or in what it is called on.
    pub gives: Gives,
    /// The method that releases what it gives, if that asks for nothing.
    pub release: Option<String>,
}

impl Fresh {
    /// What is known of calls whose type nobody knows, as an entry of
    /// [`Usage`](crate::analysis::verdict::case::Usage): it gives what is released like this.
    pub fn usage(&self) -> Option<(String, String)> {
        let func = self.func.decl.receiver.is_none().then_some(&self.func)?;
        Some((format!("{}.{}", func.package.path, func.decl.name.name), self.release.clone()?))
    }
}

/// Functions that became known as wrappers, by where they are seen from.
#[derive(Default)]
pub struct Added<'a> {
    /// Those that a package exports, by the hash of its path.
    exported: FxHashMap<u64, Vec<Arc<str>>>,
    /// All of a folder.
    local: FxHashMap<&'a Path, Vec<Arc<str>>>,
    /// The names of methods, wherever they are.
    pub methods: FxHashSet<Arc<str>>,
}

impl<'a> Added<'a> {
    /// All of an iteration.
    pub fn of(all: &'a [Fresh]) -> Added<'a> {
        let mut added = Added::default();
        for Fresh { name, package, func, .. } in all {
            added.local.entry(&package.dir).or_default().push(name.clone());
            if name.starts_with(char::is_uppercase) {
                added.exported.entry(hash_of(&package.path)).or_default().push(name.clone());
            }
            if func.decl.receiver.is_some() {
                added.methods.insert(name.clone());
            }
        }
        added
    }

    /// The names of those in the folder `dir` and in what is imported, given as hashes.
    pub fn seen_from(&self, dir: Option<&Path>, imports: &[u64]) -> FxHashSet<Arc<str>> {
        let local = dir.and_then(|dir| self.local.get(dir));
        let imported = imports.iter().filter_map(|path| self.exported.get(path));
        local.into_iter().chain(imported).flatten().cloned().collect()
    }
}

/// An import path as it is kept for every file of a run.
pub fn hash_of(path: &str) -> u64 {
    FxBuildHasher.hash_one(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_seen_from_their_folder_and_where_they_are_imported() {
        let mut added = Added::default();
        added.exported.insert(hash_of("example.com/a"), vec![Arc::from("NewThing")]);
        added.local.insert(Path::new("/a"), vec![Arc::from("NewThing"), Arc::from("newOther")]);
        let seen = |dir: &str, imports: &[&str]| {
            let imports: Vec<u64> = imports.iter().map(|path| hash_of(path)).collect();
            let mut names: Vec<_> = added.seen_from(Some(Path::new(dir)), &imports).into_iter().collect();
            names.sort();
            names.join(" ")
        };
        assert_eq!(seen("/a", &[]), "NewThing newOther");
        assert_eq!(seen("/b", &["example.com/a", "example.com/c"]), "NewThing");
        assert_eq!(seen("/b", &["example.com/c"]), "");
    }
}
