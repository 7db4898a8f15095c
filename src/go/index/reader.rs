//! The shipped index: facts about well-known modules, generated from their real source by `unleak index`, for
//! trees without it.
//!
//! `data/index.txt` is plain text: a line for each package, sorted, and behind a tab each the lines of its
//! facts, so that a package is found by binary search and only its facts are taken apart. A package's line is
//! `PATH<tab>NAME<tab>MODULES`, with `-` for the name that the path suggests, and the modules it was read in,
//! at which versions: `.. v1.0.0,v1.59.0`, where `.` is the module with the package's own path and `..` the
//! one above. A fact is `<tab>KIND<tab>NAMES<tab>FACT`, and `<tab>VERSIONS` where it was not seen at every
//! version read; names of which the same is to be said share a line, and `New*Client` stands for all such
//! names of the package.
//!
//! - `func`, a function that gives a client or something to release: its result types; `.T` is a type of the
//!   same package, `?` one that the index does not spell, `%` the function's name without `New`, `&` that
//!   without `REST`, `$` one of what it lists
//! - `plain`, any other function of the standard library that gives more than numbers and text: likewise
//! - `var`, a variable that is released or gives something to release: its type; `func()*.T,error` for one
//!   that has a function which makes a client or something to release
//! - `interface` and `type`: the release methods, `;` between them, `-` for none
//! - `handles`, of the package (`-` for names): its exported types whose values keep in use what they were
//!   made from. With `?` they only may; with `!` they are records to the package itself, but may keep a
//!   resource of another one
//! - `holds`, the methods and fields of types that are released or handles that give out handles, by what
//!   they give: `*.%Iterator Rows,Columns;?,error Raw`, where `%` is the method's own name. Groups that start
//!   with `=` are fields, `=-` those that are data. `*` for a name is any other: the type embeds something
//!   that could not be read. Of other types only the methods that give something to release
//!
//! A fact seen at the oldest and the newest version read counts as proved between them, and from v1 on at
//! later versions of the same major, which take nothing away; it is assumed elsewhere, also at other major
//! versions, which are modules of their own: `majors`. In a package with a `handles` line an exported type
//! that no line names has no release and is data; of a type with a release or in that line, what a method
//! gives is data when it is not listed.

use crate::go::index::holds::Holds;
use crate::go::index::members::{self, IndexedMember};
pub use crate::go::index::names::Names;
use crate::go::index::{majors, names};

use std::sync::Arc;

use crate::base::diagnostic::Certainty;
use crate::base::memo::Memo;
use crate::go::index::text::{block_of, path_of};
use crate::go::project::gomod::compare_versions;
use crate::go::project::names::{Missing, exported, guess_package_name};
use crate::go::types::release::ReleaseMethod;

/// The methods that the index records as releases, in order of preference.
pub const RELEASE_NAMES: [&str; 13] = [
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
    "Kill",
    "CloseIdleConnections",
];

/// Facts in their text form.
pub struct Index {
    text: &'static str,
    /// The packages that were asked for.
    blocks: Memo<Box<str>, Arc<Block>>,
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

/// A release method as the index has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedRelease {
    pub name: &'static str,
    /// Types as the index spells them.
    pub params: Vec<&'static str>,
    pub results: Vec<&'static str>,
}

static SHIPPED: Index = Index::over(include_str!("../../../data/index.txt"));

impl Index {
    /// The index that is part of the program.
    pub fn shipped() -> &'static Index {
        &SHIPPED
    }

    /// An index over a text as described above.
    pub fn from_text(text: &'static str) -> Index {
        Index::over(text)
    }

    const fn over(text: &'static str) -> Index {
        Index { text, blocks: Memo::new() }
    }

    /// Number of facts and bytes.
    pub fn size(&self) -> (usize, usize) {
        (self.text.lines().count(), self.text.len())
    }

    /// The name in the package clauses of `path`; `None` when the index does not know the package.
    pub fn package_name(&self, path: &str) -> Option<&'static str> {
        let line = self.lines(path).find(|line| line.kind == "package")?;
        Some(if line.names == "-" { guess_package_name(self.block(path).path) } else { line.names })
    }

    /// The result types of a function, as the index spells them.
    pub fn func_facts(&self, missing: &Missing, name: &str) -> Option<Answer<Vec<String>>> {
        let is_func = |line: &Line| matches!(line.kind, "func" | "plain");
        let facts = self.lines(&missing.path).filter(|line| is_func(line) && line.is_of(name));
        let (line, certainty) = self.best(missing, facts)?;
        let whose = name.strip_prefix("New").unwrap_or(name);
        let value = split(line.fact, ',').into_iter().map(|ty| names::spelled_out(ty, whose)).collect();
        Some(Answer { value, certainty, words: self.words(missing, line.versions) })
    }

    /// The type of a variable, as the index spells it.
    pub fn var_type(&self, missing: &Missing, name: &str) -> Option<&'static str> {
        let facts = self.lines(&missing.path).filter(|line| line.kind == "var" && line.is_of(name));
        self.best(missing, facts).map(|(line, _)| line.fact)
    }

    /// What is known of a type.
    pub fn type_facts(&self, missing: &Missing, name: &str) -> Option<Answer<TypeFacts>> {
        let facts = self.lines(&missing.path).filter(|line| is_type(line) && line.is_of(name));
        let listed = self.lines(&missing.path).find(|line| line.kind == "handles").filter(|_| exported(name));
        // What was not seen at a version that was read is not there.
        let seen = |certainty| certainty == Certainty::Proved || !self.was_read(missing);
        let (line, certainty) = match (self.best(missing, facts), listed) {
            (Some((_, certainty)), Some(listed)) if !seen(certainty) => return self.nothing(missing, listed),
            (None, listed) => return self.nothing(missing, listed?),
            (Some(found), _) => found,
        };
        let interface = line.kind == "interface";
        if certainty == Certainty::Assumed
            && let Some((kept, versions)) = self.kept_releases(missing, name, interface)
        {
            let releases = kept.into_iter().filter_map(release).collect();
            let words = self.words(missing, Some(&versions));
            return Some(Answer {
                value: TypeFacts { interface, releases },
                certainty: Certainty::Proved,
                words,
            });
        }
        let releases = split(line.fact, ';').into_iter().filter_map(release).collect();
        let value = TypeFacts { interface, releases };
        Some(Answer { value, certainty, words: self.words(missing, line.versions) })
    }

    /// The releases of a type that are the same at the versions read next below and next above the one in
    /// use, and these versions: what became of the other methods in between does not concern them. `None`
    /// where there are none, or no version was read on one side.
    fn kept_releases(
        &self,
        missing: &Missing,
        name: &str,
        interface: bool,
    ) -> Option<(Vec<&'static str>, String)> {
        let (module, version) = (missing.module.as_deref()?, missing.version.as_deref()?);
        let block = self.block(&missing.path);
        let read = block.reads.iter().find(|read| read.module == module)?;
        let below = read.versions.iter().rev().find(|read| compare_versions(read, version).is_le())?;
        let above = read.versions.iter().find(|read| compare_versions(version, read).is_le());
        // From v1 on, later versions of the same major take nothing away.
        let above = above.or_else(|| keeps(below, version).then_some(below))?;
        let at = |version: &str| {
            let has = |line: &Line| {
                spans(line, &block.reads).iter().any(|span| span.module == module && span.has(version))
            };
            let mut lines = self.lines(&missing.path).filter(|line| is_type(line) && line.is_of(name));
            let line = lines.find(|line| has(line) && (line.kind == "interface") == interface)?;
            Some(split(line.fact, ';'))
        };
        let (before, after) = (at(below)?, at(above)?);
        let kept: Vec<_> = before.into_iter().filter(|release| after.contains(release)).collect();
        (!kept.is_empty()).then(|| (kept, format!("{below}..{above}")))
    }

    /// Whether a line names the type; of one that none names, nobody knows here that it is one.
    pub fn lists_type(&self, missing: &Missing, name: &str) -> bool {
        self.lines(&missing.path).any(|line| is_type(&line) && line.is_of(name))
    }

    /// Whether values of the exported type `name` keep in use what they were made from: a resource of the
    /// same package when `own`, any other else. `None` when the index does not know the package at that
    /// version, so that an absent name says nothing.
    pub fn holds(&self, missing: &Missing, name: &str, own: bool) -> Option<Holds> {
        let handles = self.lines(&missing.path).find(|line| line.kind == "handles")?.fact;
        let released =
            self.lines(&missing.path).any(|line| is_type(&line) && line.is_of(name) && line.fact != "-");
        let mark = split(handles, ',')
            .into_iter()
            .map(|handle| handle.split_at(handle.trim_end_matches(['?', '!']).len()))
            .find_map(|(pattern, mark)| names::matches(pattern, name).then_some(mark));
        match mark {
            _ if released => Some(Holds::Yes),
            Some("?") => Some(Holds::Maybe),
            Some("!") => Some(if own { Holds::No } else { Holds::Maybe }),
            Some("") => Some(Holds::Yes),
            _ => (self.covers(missing) == Certainty::Proved).then_some(Holds::No),
        }
    }

    /// What is known of the method or field `member` of the type `name`; `None` when the type is neither
    /// released nor a handle.
    pub fn member(&self, missing: &Missing, name: &str, member: &str) -> Option<IndexedMember> {
        let lines = || self.lines(&missing.path).filter(|line| line.kind == "holds" && line.is_of(name));
        let found = |wanted: &str| {
            let mut groups = lines().flat_map(|line| split(line.fact, ';'));
            groups.find_map(|group| members::member_in(group, wanted, member))
        };
        let noted = self.lists_type(missing, name);
        if !noted && self.holds(missing, name, true)? == Holds::No {
            return found(member);
        }
        // Of a type in a package without the line only its releases were noted.
        let listed = self.lines(&missing.path).any(|line| line.kind == "handles");
        let covered = listed && self.covers(missing) == Certainty::Proved;
        let unlisted = || IndexedMember {
            field: false,
            data: covered,
            gives: if covered { Vec::new() } else { vec!["?".into()] },
        };
        Some(found(member).or_else(|| found(members::ANY)).unwrap_or_else(unlisted))
    }

    /// Whether a line names the method or field `member` of the type `name`, and not only all of them.
    pub fn lists_member(&self, missing: &Missing, name: &str, member: &str) -> bool {
        let lines = self.lines(&missing.path).filter(|line| line.kind == "holds" && line.is_of(name));
        lines.flat_map(|line| split(line.fact, ';')).any(|group| {
            members::member_in(group, member, member).is_some_and(|found| !found.data && !found.field)
        })
    }

    /// The functions and methods of a package that give something with one of these release methods at some
    /// version, as names and patterns (`New*Client`). There may be more names in it than that.
    pub fn givers(&self, path: &str, releases: &[ReleaseMethod]) -> Names {
        let gives = |types: &str, member: &str| {
            let whose = member.strip_prefix("New").unwrap_or(member);
            types.split(',').any(|ty| self.is_released(path, &names::spelled_out(ty, whose), releases))
        };
        let mut found: Vec<&'static str> = Vec::new();
        for line in self.lines(path) {
            match line.kind {
                "func" => found.extend(line.names.split(',').filter(|name| gives(line.fact, name))),
                "holds" => {
                    for (types, members) in
                        split(line.fact, ';').into_iter().filter_map(|group| group.split_once(' '))
                    {
                        found.extend(
                            members
                                .split(',')
                                .filter(|member| !types.starts_with('=') && gives(types, member)),
                        );
                    }
                }
                _ => {}
            }
        }
        found.into_iter().collect()
    }

    /// Whether a type, as a package's facts spell it, has one of these release methods at some version. Its
    /// name may be a pattern.
    fn is_released(&self, home: &str, spelled: &str, releases: &[ReleaseMethod]) -> bool {
        let Some((package, name)) = spelled.trim_start_matches(['*', '[', ']']).rsplit_once('.') else {
            return false;
        };
        let package = if package.is_empty() { home } else { package };
        let wanted = |known: IndexedRelease| releases.iter().any(|wanted| *wanted.name == *known.name);
        let has = |line: &Line| split(line.fact, ';').into_iter().filter_map(release).any(wanted);
        let meant = |line: &Line| line.is_of(name) || (name.contains('*') && line.is_like(name));
        self.lines(package).any(|line| is_type(&line) && meant(&line) && has(&line))
    }

    /// The answer for an exported type that a package with a line of handles does not list.
    fn nothing(&self, missing: &Missing, listed: Line) -> Option<Answer<TypeFacts>> {
        let words = self.words(missing, listed.versions);
        Some(Answer { value: TypeFacts::default(), certainty: Certainty::Assumed, words })
    }

    /// Whether the package was read at the very version in use.
    fn was_read(&self, missing: &Missing) -> bool {
        let (Some(module), Some(version)) = (&missing.module, &missing.version) else { return false };
        self.block(&missing.path)
            .reads
            .iter()
            .any(|read| read.module == &**module && read.versions.contains(&&**version))
    }

    /// Proved when the version in use lies within those at which the package was read.
    fn covers(&self, missing: &Missing) -> Certainty {
        let line = self.lines(&missing.path).filter(|line| line.kind == "package");
        self.best(missing, line).map_or(Certainty::Assumed, |(_, certainty)| certainty)
    }

    /// The package's own line, of the kind `package`, and those of its facts.
    fn lines(&self, path: &str) -> impl Iterator<Item = Line> {
        let block = self.block(path);
        (0..block.lines.len()).map(move |at| block.lines[at])
    }

    /// The lines of one package, taken apart once.
    fn block(&self, path: &str) -> Arc<Block> {
        if let Some(known) = self.blocks.get(path) {
            return known;
        }
        let text = block_of(self.text, path).or_else(|| majors::nearest(self.text, path));
        self.blocks.put(path.into(), Arc::new(Block::new(text.unwrap_or_default())))
    }

    /// The fact that fits the version in use, else the one nearest below it, else the newest.
    fn best(&self, missing: &Missing, facts: impl Iterator<Item = Line>) -> Option<(Line, Certainty)> {
        let facts: Vec<Line> = facts.collect();
        let block = self.block(&missing.path);
        let reads = &block.reads;
        let standard = reads.iter().any(|read| read.module == "std");
        let (Some(module), Some(version)) = (&missing.module, &missing.version) else {
            let certainty = if standard { Certainty::Proved } else { Certainty::Assumed };
            return facts
                .into_iter()
                .max_by(|a, b| newest(a, reads, None).cmp(&newest(b, reads, None)))
                .map(|line| (line, certainty));
        };
        let within =
            |line: &Line| spans(line, reads).iter().any(|span| span.module == &**module && span.has(version));
        if let Some(line) = facts.iter().find(|line| within(line)) {
            return Some((*line, Certainty::Proved));
        }
        // From v1 on what the newest version that was read has is there in all later ones of the same major.
        // What is not there may have come since.
        let kept = |line: &Line| {
            let says = matches!(line.kind, "func" | "type" | "interface") && line.fact != "-";
            says && spans(line, reads).iter().any(|span| {
                span.module == &**module
                    && keeps(span.last, version)
                    && compare_versions(span.last, version).is_lt()
                    && reads
                        .iter()
                        .any(|read| read.module == &**module && read.versions.last() == Some(&span.last))
            })
        };
        if let Some(line) = facts.iter().find(|line| kept(line)) {
            return Some((*line, Certainty::Proved));
        }
        let below = |line: &Line| newest(line, reads, Some((module, version)));
        facts
            .into_iter()
            .max_by(|a, b| {
                below(a).cmp(&below(b)).then_with(|| newest(a, reads, None).cmp(&newest(b, reads, None)))
            })
            .map(|line| (line, Certainty::Assumed))
    }

    fn words(&self, missing: &Missing, versions: Option<&str>) -> String {
        let block = self.block(&missing.path);
        let reads = &block.reads;
        let module = missing.module.as_deref().unwrap_or_default();
        let Some(read) = reads.iter().find(|read| read.module == module).or(reads.last()) else {
            return "shipped index".into();
        };
        let all = || match read.versions.as_slice() {
            [one] => (*one).to_string(),
            [first, .., last] => format!("{first}–{last}"),
            [] => String::new(),
        };
        let versions = versions.map_or_else(all, |versions| versions.replace("..", "–"));
        format!("shipped index: {} {versions}", read.module)
    }
}

/// What the index has of one package.
#[derive(Debug)]
struct Block {
    path: &'static str,
    lines: Vec<Line>,
    /// The modules and versions in which it was read.
    reads: Vec<Read>,
}

impl Block {
    fn new(text: &'static str) -> Block {
        let lines: Vec<Line> = text.lines().filter_map(Line::new).collect();
        let path = path_of(text);
        let own = lines.iter().find(|line| line.kind == "package").map_or("", |line| line.fact);
        let modules = split(own, ';').into_iter().filter_map(|part| part.split_once(' '));
        let read =
            |(module, versions)| Read { module: module_from(path, module), versions: split(versions, ',') };
        Block { path, reads: modules.map(read).collect(), lines }
    }
}

#[derive(Debug, Clone, Copy)]
struct Line {
    kind: &'static str,
    names: &'static str,
    fact: &'static str,
    versions: Option<&'static str>,
}

impl Line {
    fn new(line: &'static str) -> Option<Line> {
        let (kind, rest) = line
            .strip_prefix('\t')
            .map_or(("package", line), |fact| fact.split_once('\t').unwrap_or_default());
        let mut parts =
            if kind == "package" { rest.split_once('\t')?.1.split('\t') } else { rest.split('\t') };
        Some(Line { kind, names: parts.next()?, fact: parts.next()?, versions: parts.next() })
    }

    fn is_of(&self, name: &str) -> bool {
        self.names.split(',').any(|pattern| names::matches(pattern, name))
    }

    /// Whether it may be of a name that `pattern` stands for.
    fn is_like(&self, pattern: &str) -> bool {
        self.names.split(',').any(|name| name.contains('*') || names::matches(pattern, name))
    }
}

#[derive(Debug)]
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

/// A module's path as a package's line has it: `.` for the package's own, `..` for its parent's.
fn module_from(path: &'static str, module: &'static str) -> &'static str {
    match module {
        "." => path,
        up if up.starts_with("..") => {
            up.split('/').fold(path, |path, _| path.rsplit_once('/').map_or("", |(above, _)| above))
        }
        whole => whole,
    }
}

/// Where a fact holds: everywhere it was read, or what its line says: `v1.0.0..v1.2.0,module@v0.1.0`, without
/// a module those of the last one.
fn spans(line: &Line, reads: &[Read]) -> Vec<VersionSpan> {
    let Some(versions) = line.versions else {
        let all = |read: &Read| {
            Some(VersionSpan {
                module: read.module,
                first: read.versions.first()?,
                last: read.versions.last()?,
            })
        };
        return reads.iter().filter_map(all).collect();
    };
    let span = |part: &'static str| {
        let (module, range) =
            part.split_once('@').unwrap_or((reads.last().map_or("", |read| read.module), part));
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

/// Whether `version` is of the major of `read`, and of those that take nothing away.
fn keeps(read: &str, version: &str) -> bool {
    let major = |version: &'_ str| version.split('.').next().map(str::to_owned);
    major(read) == major(version) && !version.starts_with("v0.") && !version.contains("+incompatible")
}

/// The newest version at which a fact holds; with `below` only of that module and not above that version.
fn newest(line: &Line, reads: &[Read], below: Option<(&str, &str)>) -> Option<(usize, Ordered)> {
    let place = |module: &str| reads.iter().position(|read| read.module == module).unwrap_or_default();
    let fits = |span: &VersionSpan| {
        below.is_none_or(|(module, version)| {
            span.module == module && compare_versions(span.last, version).is_le()
        })
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn missing(version: &str) -> Missing {
        Missing {
            path: Arc::from("a/b"),
            module: Some(Arc::from("a")),
            version: Some(Arc::from(version)),
            why: String::new(),
            from: Arc::from(Path::new("")),
        }
    }

    #[test]
    fn a_method_that_changed_takes_nothing_from_the_release_beside_it() {
        let index = Index::from_text(
            "a/b\t-\t.. v1.3.0,v1.9.0\n\ttype\tClient\tClose()error;Stop(.Old)error\tv1.3.0\n\
             \ttype\tClient\tClose()error;Stop(.New)error\tv1.9.0\n",
        );
        for version in ["v1.3.0", "v1.5.0", "v1.9.0", "v1.20.0"] {
            let answer = index.type_facts(&missing(version), "Client").unwrap();
            assert_eq!(answer.certainty, Certainty::Proved, "{version}");
            assert_eq!(answer.value.releases[0].name, "Close", "{version}");
        }
        let between = index.type_facts(&missing("v1.5.0"), "Client").unwrap();
        assert_eq!(between.value.releases.len(), 1, "which of the two `Stop` is there is not known");
        assert_eq!(between.words, "shipped index: a v1.3.0–v1.9.0");
        let older = index.type_facts(&missing("v1.0.0"), "Client").unwrap();
        assert_eq!(older.certainty, Certainty::Assumed);
        let next = index.type_facts(&missing("v2.0.0"), "Client").unwrap();
        assert_eq!(next.certainty, Certainty::Assumed);
    }

    #[test]
    fn a_release_that_came_or_went_is_not_proved_in_between() {
        let index = Index::from_text(
            "a/b\t-\t.. v1.3.0,v1.9.0\n\ttype\tClient\tClose()error\tv1.9.0\n\
             \ttype\tClient\tStop()\tv1.3.0\n",
        );
        let answer = index.type_facts(&missing("v1.5.0"), "Client").unwrap();
        assert_eq!(answer.certainty, Certainty::Assumed);
    }
}
