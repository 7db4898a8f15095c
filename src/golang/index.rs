//! The shipped index: facts about well-known modules, generated from their real source by `unleak index`, for trees without it.
//!
//! `data/index.txt` is plain text, one fact a line, sorted, so that a package's facts are found by binary search and only they are
//! taken apart. A line is `PACKAGE<tab>KIND<tab>NAME<tab>FACT`, and `<tab>VERSIONS` where the fact was not seen at every version read:
//!
//! - `package`, the package's name, the modules it was read in and at which versions: `cloud.google.com/go/storage v1.0.0,v1.59.0`
//! - `func`, a function that gives a client or something to release: its result types; `.T` is a type of the same package, `?` one
//!   that the index does not spell
//! - `interface` and `type`: the release methods, `;` between them, `-` for none
//! - `handles`, of the package (`-` for a name): its exported types whose values keep in use what they were made from. With `?` they
//!   only may; with `!` they are records of the package itself and tell nothing of resources of others
//! - `holds`, a type that is released or a handle: the methods and fields that give out a handle, by what they give:
//!   `*.Bucket,error Bucket,Open;? Raw?`, where `%` in a type is the method's name and `?` behind a name says that it only may.
//!   Fields are in groups that start with `=`, and all are listed; one group `=-` has those that give data
//!
//! A fact seen at the oldest and the newest version read counts as proved between them and as assumed elsewhere. An exported type
//! that is neither released nor a handle is data, and so is what a method gives that is not listed.

pub mod build;
mod handles;
#[cfg(test)]
mod tests;

use crate::base::finding::Certainty;
use crate::golang::gomod::compare_versions;
use crate::golang::holds::Holds;
use crate::golang::types::Missing;

/// The methods that the index records as releases, in order of preference.
pub const RELEASE_NAMES: [&str; 12] = [
    "Close",
    "Disconnect",
    "Shutdown",
    "Stop",
    "GracefulStop",
    "Release",
    "Quit",
    "Drain",
    "Cleanup",
    "Terminate",
    "Dispose",
    "CloseIdleConnections",
];

/// Facts in their text form.
pub struct Index {
    text: &'static str,
}

/// An answer of the index, and how far it may be trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<T> {
    pub value: T,
    /// Proved within the versions at which the fact was read, assumed outside.
    pub certainty: Certainty,
    /// The words for evidence: `shipped index: cloud.google.com/go/storage v1.0.0–v1.59.0`.
    pub words: String,
}

/// What the index says of a type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypeFacts {
    pub interface: bool,
    pub releases: Vec<IndexedRelease>,
}

/// What the index says of a method or field of a type that is released or a handle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedMember {
    /// Whether what it gives keeps the value in use.
    pub holds: Holds,
    pub field: bool,
    /// Types as the index spells them; empty when it does not.
    pub gives: Vec<String>,
}

/// A release method as the index has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedRelease {
    pub name: &'static str,
    /// Types as the index spells them.
    pub params: Vec<&'static str>,
    pub results: Vec<&'static str>,
}

static SHIPPED: Index = Index { text: include_str!("../../data/index.txt") };

impl Index {
    /// The index that is part of the program.
    pub fn shipped() -> &'static Index {
        &SHIPPED
    }

    /// An index over a text of sorted lines.
    pub fn from_text(text: &'static str) -> Index {
        Index { text }
    }

    /// Number of facts and bytes.
    pub fn size(&self) -> (usize, usize) {
        (self.text.lines().count(), self.text.len())
    }

    /// The name in the package clauses of `path`; `None` when the index does not know the package.
    pub fn package_name(&self, path: &str) -> Option<&'static str> {
        self.lines(path).find(|line| line.kind == "package").map(|line| line.name)
    }

    /// The result types of a function, as the index spells them.
    pub fn func_facts(&self, missing: &Missing, name: &str) -> Option<Answer<Vec<&'static str>>> {
        let facts = self.lines(&missing.path).filter(|line| line.kind == "func" && line.name == name);
        let (line, certainty) = self.best(missing, facts)?;
        Some(Answer { value: split(line.fact, ','), certainty, words: self.words(missing, line.versions) })
    }

    /// What is known of a type.
    pub fn type_facts(&self, missing: &Missing, name: &str) -> Option<Answer<TypeFacts>> {
        let facts = self.lines(&missing.path).filter(|line| is_type(line) && line.name == name);
        let (line, certainty) = self.best(missing, facts)?;
        let releases = split(line.fact, ';').into_iter().filter_map(release).collect();
        let value = TypeFacts { interface: line.kind == "interface", releases };
        Some(Answer { value, certainty, words: self.words(missing, line.versions) })
    }

    /// Whether values of the exported type `name` keep in use what they were made from: a resource of the same package when `own`,
    /// any other else. `None` when the index does not know the package at that version, so that an absent name says nothing.
    pub fn holds(&self, missing: &Missing, name: &str, own: bool) -> Option<Holds> {
        self.package_name(&missing.path)?;
        let released = self.lines(&missing.path).any(|line| is_type(&line) && line.name == name && line.fact != "-");
        let handles = self.lines(&missing.path).find(|line| line.kind == "handles").map_or("", |line| line.fact);
        let mark = split(handles, ',').into_iter().find_map(|handle| handle.strip_prefix(name).filter(|mark| mark.len() < 2));
        match mark {
            _ if released => Some(Holds::Yes),
            Some("?") => Some(Holds::Maybe),
            Some("!") => Some(if own { Holds::No } else { Holds::Maybe }),
            Some("") => Some(Holds::Yes),
            _ => (self.covers(missing) == Certainty::Proved).then_some(Holds::No),
        }
    }

    /// What is known of the method or field `member` of the type `name`; `None` when the type is neither released nor a handle.
    pub fn member(&self, missing: &Missing, name: &str, member: &str) -> Option<IndexedMember> {
        let groups = self.lines(&missing.path).find(|line| line.kind == "holds" && line.name == name).map_or("", |line| line.fact);
        if groups.is_empty() && !self.lines(&missing.path).any(|line| is_type(&line) && line.name == name) {
            match self.holds(missing, name, true)? {
                Holds::No => return None,
                Holds::Maybe | Holds::Yes => {}
            }
        }
        let unlisted = match self.covers(missing) {
            Certainty::Proved => IndexedMember { holds: Holds::No, field: false, gives: Vec::new() },
            Certainty::Assumed => IndexedMember { holds: Holds::Maybe, field: false, gives: Vec::new() },
        };
        let found = split(groups, ';').into_iter().find_map(|group| handles::member_in(group, member));
        Some(found.unwrap_or(unlisted))
    }

    /// Proved when the version in use lies within those at which the package was read.
    fn covers(&self, missing: &Missing) -> Certainty {
        let line = self.lines(&missing.path).filter(|line| line.kind == "package");
        self.best(missing, line).map_or(Certainty::Assumed, |(_, certainty)| certainty)
    }

    /// All lines about one package.
    fn lines(&self, path: &str) -> impl Iterator<Item = Line> {
        let start = partition(self.text, |line| (line.split('\t').next().unwrap_or_default()) < path);
        let owned = path.to_string();
        let lines = self.text[start..].lines().map_while(move |line| line.strip_prefix(&*owned)?.strip_prefix('\t'));
        lines.filter_map(|line| {
            let mut parts = line.split('\t');
            let (kind, name, fact) = (parts.next()?, parts.next()?, parts.next()?);
            Some(Line { kind, name, fact, versions: parts.next() })
        })
    }

    /// The fact that fits the version in use, else the one nearest below it, else the newest.
    fn best(&self, missing: &Missing, facts: impl Iterator<Item = Line>) -> Option<(Line, Certainty)> {
        let facts: Vec<Line> = facts.collect();
        let reads = self.reads(&missing.path);
        let standard = reads.iter().any(|read| read.module == "std");
        let (Some(module), Some(version)) = (&missing.module, &missing.version) else {
            let certainty = if standard { Certainty::Proved } else { Certainty::Assumed };
            return facts
                .into_iter()
                .max_by(|a, b| newest(a, &reads, None).cmp(&newest(b, &reads, None)))
                .map(|line| (line, certainty));
        };
        let within = |line: &Line| spans(line, &reads).iter().any(|span| span.module == &**module && span.has(version));
        if let Some(line) = facts.iter().find(|line| within(line)) {
            return Some((*line, Certainty::Proved));
        }
        let below = |line: &Line| newest(line, &reads, Some((module, version)));
        facts
            .into_iter()
            .max_by(|a, b| below(a).cmp(&below(b)).then_with(|| newest(a, &reads, None).cmp(&newest(b, &reads, None))))
            .map(|line| (line, Certainty::Assumed))
    }

    /// The modules and versions in which a package was read.
    fn reads(&self, path: &str) -> Vec<Read> {
        let line = self.lines(path).find(|line| line.kind == "package");
        split(line.map_or("", |line| line.fact), ';')
            .into_iter()
            .filter_map(|part| part.split_once(' '))
            .map(|(module, versions)| Read { module, versions: split(versions, ',') })
            .collect()
    }

    fn words(&self, missing: &Missing, versions: Option<&str>) -> String {
        let reads = self.reads(&missing.path);
        let module = missing.module.as_deref().unwrap_or_default();
        let Some(read) = reads.iter().find(|read| read.module == module).or(reads.last()) else { return "shipped index".into() };
        let all = || match read.versions.as_slice() {
            [one] => (*one).to_string(),
            [first, .., last] => format!("{first}–{last}"),
            [] => String::new(),
        };
        let versions = versions.map_or_else(all, |versions| versions.replace("..", "–"));
        format!("shipped index: {} {versions}", read.module)
    }
}

#[derive(Debug, Clone, Copy)]
struct Line {
    kind: &'static str,
    name: &'static str,
    fact: &'static str,
    versions: Option<&'static str>,
}

struct Read {
    module: &'static str,
    versions: Vec<&'static str>,
}

/// The versions of one module between which a fact holds, both included.
struct VersionSpan {
    module: &'static str,
    first: &'static str,
    last: &'static str,
}

impl VersionSpan {
    fn has(&self, version: &str) -> bool {
        compare_versions(self.first, version).is_le() && compare_versions(version, self.last).is_le()
    }
}

/// Where a fact holds: everywhere it was read, or what its line says: `v1.0.0..v1.2.0,module@v0.1.0`.
fn spans(line: &Line, reads: &[Read]) -> Vec<VersionSpan> {
    let Some(versions) = line.versions else {
        let all =
            |read: &Read| Some(VersionSpan { module: read.module, first: read.versions.first()?, last: read.versions.last()? });
        return reads.iter().filter_map(all).collect();
    };
    let span = |part: &'static str| {
        let (module, range) = part.split_once('@').unwrap_or((reads.first().map_or("", |read| read.module), part));
        let (first, last) = range.split_once("..").unwrap_or((range, range));
        VersionSpan { module, first, last }
    };
    split(versions, ',').into_iter().map(span).collect()
}

/// A version that is ordered as such.
#[derive(PartialEq, Eq)]
struct Ordered(&'static str);

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Ordered) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ordered {
    fn cmp(&self, other: &Ordered) -> std::cmp::Ordering {
        compare_versions(self.0, other.0)
    }
}

/// The newest version at which a fact holds; with `below` only of that module and not above that version.
fn newest(line: &Line, reads: &[Read], below: Option<(&str, &str)>) -> Option<(usize, Ordered)> {
    let place = |module: &str| reads.iter().position(|read| read.module == module).unwrap_or_default();
    let fits = |span: &VersionSpan| {
        below.is_none_or(|(module, version)| span.module == module && compare_versions(span.last, version).is_le())
    };
    spans(line, reads).into_iter().filter(fits).map(|span| (place(span.module), Ordered(span.last))).max()
}

fn is_type(line: &Line) -> bool {
    matches!(line.kind, "type" | "interface")
}

/// The non-empty parts of a list; `-` is an empty one.
fn split(list: &'static str, by: char) -> Vec<&'static str> {
    list.split(by).filter(|part| !part.is_empty() && *part != "-").collect()
}

/// `Close(context.Context) error`.
fn release(text: &'static str) -> Option<IndexedRelease> {
    let (name, rest) = text.split_once('(')?;
    let (params, results) = rest.split_once(')')?;
    Some(IndexedRelease { name, params: split(params, ','), results: split(results.trim(), ',') })
}

/// The offset of the first line for which `before` does not hold; the lines are sorted by it.
fn partition(text: &str, before: impl Fn(&str) -> bool) -> usize {
    let bytes = text.as_bytes();
    let (mut low, mut high) = (0, text.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = memchr::memrchr(b'\n', &bytes[low..middle]).map_or(low, |at| low + at + 1);
        let end = memchr::memchr(b'\n', &bytes[start..]).map_or(text.len(), |at| start + at);
        if before(&text[start..end]) { low = (end + 1).min(text.len()) } else { high = start }
    }
    low
}
