//! What a declaration may have to do with, told by the names in its text alone: whether it may have a worker,
//! and whether it may wait for what a field holds. Where that says no, it need not be parsed; a yes says
//! nothing.

use std::cell::OnceCell;
use std::path::PathBuf;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::memo::Memo;
use crate::go::facts;
use crate::go::project::package::Package;
use crate::go::syntax::outline::{body_start, called, composites, has_word, is_word, result_start};
use crate::go::types::database::{Database, FileScope};

/// What is known of packages, by folder and package name.
struct OfPackages<T>(Memo<(PathBuf, Arc<str>), Arc<T>>);

impl<T> OfPackages<T> {
    fn get_or(&self, package: &Package, make: fn(&Package) -> T) -> Arc<T> {
        self.0.get_or((package.dir.clone(), package.name.clone()), |_| Arc::new(make(package)))
    }
}

impl<T> Default for OfPackages<T> {
    fn default() -> OfPackages<T> {
        OfPackages(Memo::default())
    }
}

/// What is known of packages by names, kept for all threads.
#[derive(Default)]
pub struct ByName {
    workers: OfPackages<Workers>,
    /// The fields that hold a channel or a condition, and what gives a channel to receive from.
    kept: OfPackages<FxHashSet<Arc<str>>>,
}

/// What a package has of workers: values that start a goroutine which one of their fields may end.
#[derive(Default)]
struct Workers {
    /// The types with such a field.
    types: FxHashSet<Arc<str>>,
    /// What gives a value of one of these types.
    makers: FxHashSet<Arc<str>>,
    /// Of the makers and of the types' methods those that start a goroutine, themselves or by a method of the
    /// same type.
    starters: FxHashSet<Arc<str>>,
}

/// A function that starts nothing itself: the type whose method it is, its name, and what it calls.
type NotYet = (Option<Arc<str>>, Arc<str>, FxHashSet<Arc<str>>);

impl Workers {
    fn of(package: &Package) -> Workers {
        let mut workers = Workers::default();
        // Types of channels have a name of their own, at times, by which fields are declared.
        let mut channels: FxHashSet<Arc<str>> = FxHashSet::default();
        package.each_type(&mut |name, text| {
            let rest = text.strip_prefix(b"type").unwrap_or(text).trim_ascii_start();
            let rest = rest.strip_prefix(name.as_bytes()).unwrap_or(rest).trim_ascii_start();
            if rest.starts_with(b"chan") || rest.starts_with(b"<-chan") {
                channels.insert(name.clone());
            }
        });
        const ENDS: [&str; 4] = ["chan", "func", "CancelFunc", "CancelCauseFunc"];
        package.each_type(&mut |name, text| {
            let ends = ENDS.iter().copied().chain(channels.iter().map(|channel| &**channel));
            if ends.into_iter().any(|word| has_word(text, word)) {
                workers.types.insert(name.clone());
            }
        });
        if workers.types.is_empty() {
            return workers;
        }
        let mut others: Vec<NotYet> = Vec::new();
        let mut methods: FxHashMap<Arc<str>, FxHashSet<Arc<str>>> = FxHashMap::default();
        package.each_function(&mut |function, text| {
            let head = &text[..body_start(text).unwrap_or(text.len())];
            let results = result_start(head).map_or(&head[..0], |start| &head[start..]);
            let is_maker = words(results).any(|word| workers.types.contains(word));
            if is_maker {
                workers.makers.insert(function.name.clone());
            }
            let ty = function.receiver.clone().filter(|ty| workers.types.contains(ty));
            if ty.is_none() && !is_maker {
                return;
            }
            if has_word(text, "go") {
                workers.starters.insert(function.name.clone());
                if let Some(ty) = ty {
                    methods.entry(ty).or_default().insert(function.name.clone());
                }
            } else {
                let names = called(&text[head.len()..]).map(|(name, _)| Arc::from(name)).collect();
                others.push((ty, function.name.clone(), names));
            }
        });
        loop {
            let before = others.len();
            others.retain(|(ty, name, names)| {
                let started = |of: &FxHashSet<Arc<str>>| names.iter().any(|name| of.contains(name));
                let starts = match ty {
                    Some(ty) => methods.get(ty).is_some_and(started),
                    None => methods.values().any(started),
                };
                if starts {
                    workers.starters.insert(name.clone());
                    if let Some(ty) = ty {
                        methods.entry(ty.clone()).or_default().insert(name.clone());
                    }
                }
                !starts
            });
            if others.len() == before {
                return workers;
            }
        }
    }

    /// Whether a declaration with this text may have a value of one of the types, and start its goroutine.
    fn may_be_in(&self, text: &[u8], calls: &FxHashSet<&str>, has_go: bool) -> bool {
        let calls_any = |names: &FxHashSet<Arc<str>>| calls.iter().any(|name| names.contains(*name));
        (has_go || calls_any(&self.starters))
            && (calls_any(&self.makers) || composites(text).any(|name| self.types.contains(name)))
    }
}

fn words(text: &[u8]) -> impl Iterator<Item = &str> {
    text.split(|byte| !is_word(*byte)).filter_map(|word| std::str::from_utf8(word).ok())
}

/// All words of the lines that declare a field with a channel or a condition, and the names of the functions
/// with a `<-chan` in their head.
fn kept(package: &Package) -> FxHashSet<Arc<str>> {
    let mut found = FxHashSet::default();
    package.each_type(&mut |_, text| {
        let lines = text.split(|byte| *byte == b'\n');
        for line in lines.filter(|line| has_word(line, "chan") || has_word(line, "Cond")) {
            found.extend(words(line).filter(|word| !word.is_empty()).map(Arc::from));
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
    workers: OnceCell<Vec<Arc<Workers>>>,
}

impl<'f> NamesHere<'f> {
    pub fn new(database: &'f Database, by_name: &'f ByName, scope: &'f FileScope) -> NamesHere<'f> {
        NamesHere { database, by_name, scope, workers: OnceCell::new() }
    }

    /// Whether a declaration with this text may have a worker: a value that has a goroutine of its own.
    pub fn may_have_worker(&self, text: &[u8]) -> bool {
        // What tests declare is not among what is known.
        self.scope.is_test() || {
            let known = self.workers.get_or_init(|| self.workers());
            let calls: FxHashSet<&str> = match known.is_empty() {
                true => return false,
                false => called(text).map(|(name, _)| name).collect(),
            };
            let has_go = has_word(text, "go");
            known.iter().any(|workers| workers.may_be_in(text, &calls, has_go))
        }
    }

    /// Of the file's own package and of those that it imports, as far as they are read; Go's own aside, whose
    /// types start nothing that a method of theirs has to end.
    fn workers(&self) -> Vec<Arc<Workers>> {
        let imports = self.scope.imports().iter().filter(|import| !facts::is_standard(&import.path));
        let imported = imports.filter_map(|import| self.database.import(self.scope, &import.path).ok());
        let all = std::iter::once(self.scope.package.clone()).chain(imported);
        let workers = all.map(|package| self.by_name.workers.get_or(&package, Workers::of));
        workers.filter(|workers| !workers.types.is_empty()).collect()
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

    fn package(text: &str) -> Package {
        let text = format!("package p\n\n{text}");
        let (package, _) = with_text(Path::new("/gone/a.go"), text.as_bytes().into(), &Membership::default());
        Arc::into_inner(package).expect("nobody else has it")
    }

    fn sorted(names: &FxHashSet<Arc<str>>) -> Vec<&str> {
        let mut names: Vec<&str> = names.iter().map(|name| &**name).collect();
        names.sort_unstable();
        names
    }

    const WORKERS: &str = "type quitter chan bool\n\ntype plain struct{ n int }\n\n\
        type loop struct {\n\tquit quitter\n}\n\ntype other struct{ done chan bool }\n\n\
        func (l *loop) Start() { l.begin(1) }\n\nfunc (l *loop) begin(n int) { go l.run() }\n\n\
        func (l *loop) run() { <-l.quit }\n\nfunc (o *other) begin() {}\n\n\
        func (o *other) on() { o.begin() }\n\n\
        func (p *plain) Go() { go p.Go() }\n\nfunc newLoop(n int) (*loop, error) { return &loop{}, nil }\n\n\
        func started(f func(loop)) *loop {\n\tl := &loop{}\n\tl.Start()\n\treturn l\n}\n\n\
        func takes(l *loop) { l.Start() }\n";

    #[test]
    fn what_starts_and_who_makes_it_is_told_by_names() {
        let workers = Workers::of(&package(WORKERS));
        assert_eq!(sorted(&workers.types), ["loop", "other", "quitter"]);
        assert_eq!(sorted(&workers.makers), ["newLoop", "started"]);
        assert_eq!(sorted(&workers.starters), ["Start", "begin", "started"]);
    }

    #[test]
    fn who_has_a_worker_makes_it_and_starts_it() {
        let workers = Workers::of(&package(WORKERS));
        let may = |text: &str| {
            let calls = called(text.as_bytes()).map(|(name, _)| name).collect();
            workers.may_be_in(text.as_bytes(), &calls, has_word(text.as_bytes(), "go"))
        };
        assert!(may("func a() { l, _ := newLoop(1); l.Start() }"));
        assert!(may("func a() { l := &loop{quit: make(quitter)}; go l.run() }"));
        assert!(may("func a() { started(nil) }"));
        assert!(!may("func a() { l, _ := newLoop(1); l.run() }"));
        assert!(!may("func a(l *loop) { l.Start() }"));
    }

    #[test]
    fn what_somebody_may_wait_for_is_told_by_names() {
        let found = kept(&package(
            "type t struct {\n\tn int\n\tquit, done chan bool\n\tc *sync.Cond\n}\n\n\
             func (x *t) Done() <-chan bool { return x.done }\n\nfunc (x *t) N() int { return x.n }\n",
        ));
        let has = |name: &str| found.iter().any(|one| **one == *name);
        assert!(["quit", "done", "c", "Done"].into_iter().all(has) && !has("n") && !has("N"), "{found:?}");
    }
}
