//! A rule as the engines see it.

use std::sync::Arc;

use regex::bytes::Regex;
use tree_sitter::{Query, QueryCursor, StreamingIterator};

use crate::base::diagnostic::{FaultKind, Severity};
use crate::base::text::{Span, narrow};
use crate::go::syntax::parse::{Parsed, parse};
use crate::go::types::release::{Lifetime, ReleaseMethod};
use crate::rules::acquire::Called;

/// More open matches than this in one declaration and the query's answer is not complete.
const MATCH_LIMIT: u32 = 4096;

/// A rule as loaded from its folder.
#[derive(Debug)]
pub struct Rule {
    /// `unclosed-client`.
    pub id: Arc<str>,
    /// One line for `unleak rules`.
    pub summary: String,
    /// Whether it runs without being named.
    pub status: Status,
    /// What it does, why it is bad, …: (heading, markdown text) in order.
    pub sections: Vec<(&'static str, String)>,
    /// What finds what it reports.
    pub engine: Engine,
    /// Which of the things that its engine finds it reports; for `resource` the word of a [`FaultKind`].
    pub reports: Arc<str>,
    pub severity: Severity,
    /// What is to be said of the place of a finding: "acquired here".
    pub label: String,
    /// Which files and declarations are looked at for it; for rules of the engines `channel` and
    /// `construct`.
    pub prefilter: Vec<TextFilter>,
    /// Which calls may acquire.
    pub seeds: Seeds,
    /// How the resource is released, best first.
    pub releases: Vec<ReleaseMethod>,
    /// What else is to be said of its resources.
    pub lifetime: Lifetime,
}

/// What a text has to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextFilter {
    /// All of these.
    pub all: Vec<String>,
    /// One of these, if there are any.
    pub any: Vec<String>,
}

/// What finds what a rule reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Follows what is acquired over the control-flow graph.
    Resource,
    /// Holds the channels of a body against the goroutines that use them.
    Channel,
    /// Looks at single expressions.
    Construct,
    /// Asks of each comment that silences findings whether it does.
    Suppression,
}

impl Rule {
    /// Whether it reports this of acquisitions.
    pub fn reports(&self, kind: FaultKind) -> bool {
        self.engine == Engine::Resource && *self.reports == *kind.word()
    }

    /// Whether `text` could hold what it reports, for engines that look at declarations.
    pub fn may_hold(&self, text: &[u8]) -> bool {
        let detects = matches!(self.engine, Engine::Channel | Engine::Construct);
        let holds = |word: &String| memchr::memmem::find(text, word.as_bytes()).is_some();
        let fits = |TextFilter { all, any }: &TextFilter| {
            all.iter().all(holds) && (any.is_empty() || any.iter().any(holds))
        };
        detects && self.prefilter.iter().any(fits)
    }

    /// Whether what it looks for in declarations falls off the work of another that runs. Channels are
    /// counted once for all; constructs have little in common but where they are looked for.
    pub fn shares_work(&self, running: &Rule) -> bool {
        let same = self.prefilter == running.prefilter;
        self.engine == running.engine && (self.engine == Engine::Channel || same)
    }

    /// Whether it proposes calls.
    pub fn proposes(&self) -> bool {
        !matches!(self.seeds, Seeds::Others)
    }

    /// Whether it may have something to say of the calls that the rule called `proposer` proposes.
    pub fn judges(&self, proposer: &str) -> bool {
        self.engine == Engine::Resource && (!self.proposes() || *self.id == *proposer)
    }
}

/// Which calls a rule proposes.
#[derive(Debug)]
pub enum Seeds {
    /// Those that look a certain way.
    Named(QuerySeeds),
    /// Those that hand over something to release, by what the source or the index says of them.
    Given(TypedSeeds),
    /// Those of functions and methods of these names.
    Called(Called),
    /// None but those of the other rules.
    Others,
}

/// Calls by their looks.
#[derive(Debug)]
pub struct QuerySeeds {
    /// Only files and declarations in which this matches can hold a seed.
    pub trigger: Regex,
    pub(super) query: Query,
    pub(super) acquire: u32,
    pub(super) constructor: u32,
}

/// Calls by what they give.
#[derive(Debug)]
pub struct TypedSeeds {
    /// Functions whose names match belong to another rule.
    pub(super) unless_named: Regex,
    /// Types that this rule leaves alone: `import/path.Name`, `import/path.*`, `import/path/....*`.
    pub(super) exempt: Vec<String>,
    /// Types that it leaves alone wherever they come from, by their names.
    pub(super) exempt_names: Regex,
    /// Types that it takes all the same.
    pub(super) include: Vec<String>,
    /// Functions of packages that open what belongs to nothing else, and which of the types that are left
    /// alone by their names it takes where such a one gives them.
    pub(super) opened_by: Regex,
    pub(super) opened: Regex,
}

impl TypedSeeds {
    /// Whether calls of functions of this name may be seeds.
    pub fn takes_function(&self, name: &str) -> bool {
        !self.unless_named.is_match(name.as_bytes())
    }

    /// Whether values of the type `name` of `package` are this rule's, given by the function `maker` of a
    /// package, or by a method.
    pub fn takes_type(&self, package: &str, name: &str, maker: Option<&str>) -> bool {
        let among = |list: &[String]| list.iter().any(|pattern| is_meant(pattern, package, name));
        let opened = || {
            maker.is_some_and(|maker| self.opened_by.is_match(maker.as_bytes()))
                && self.opened.is_match(name.as_bytes())
        };
        let exempt = among(&self.exempt) || self.exempt_names.is_match(name.as_bytes()) && !opened();
        !exempt || among(&self.include)
    }
}

/// Whether `pattern` (`import/path.Name`, `import/path.*`, `import/path/....*`) means the type `name` of
/// `package`.
fn is_meant(pattern: &str, package: &str, name: &str) -> bool {
    let Some((path, ty)) = pattern.rsplit_once('.') else { return false };
    let within = match path.strip_suffix("/...") {
        Some(above) => {
            package.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        }
        None => path == package,
    };
    within && (ty == "*" || ty == name)
}

/// How far a rule has proved itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Runs by default.
    Stable,
    /// Runs when selected.
    Preview,
}

impl Status {
    /// The word used in every output.
    pub fn word(self) -> &'static str {
        match self {
            Status::Stable => "stable",
            Status::Preview => "preview",
        }
    }
}

/// A mistake in a rule's folder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {words}")]
pub struct RuleError {
    pub file: String,
    /// From 1; 1 when the mistake has no place.
    pub line: usize,
    /// From 1.
    pub column: usize,
    pub words: String,
}

/// A call that a rule's query proposes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Seed {
    /// The call, in the file.
    pub call: Span,
    /// The constructor's last name, in the file.
    pub name: Span,
}

/// The query found more than it could keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyMatches;

impl QuerySeeds {
    /// Whether the query proposes calls of a function of this name.
    pub fn takes_function(&self, name: &str) -> bool {
        let text = format!("func _() {{ _ = {name}() }}");
        let parsed = parse(text.as_bytes(), Span::new(0, narrow(text.len())));
        parsed.is_ok_and(|parsed| self.seeds(&parsed).is_ok_and(|seeds| !seeds.is_empty()))
    }

    /// The calls that the query proposes in one declaration, in source order.
    ///
    /// # Errors
    /// When the query exceeded its match limit, so that some may be missing.
    pub fn seeds(&self, parsed: &Parsed) -> Result<Vec<Seed>, TooManyMatches> {
        let mut cursor = QueryCursor::new();
        cursor.set_match_limit(MATCH_LIMIT);
        let mut seeds = Vec::new();
        // Only what lies around the trigger's hits can match: the cursor passes the rest of the tree by.
        for hit in self.trigger.find_iter(&parsed.text) {
            cursor.set_byte_range(hit.range());
            let mut matches = cursor.matches(&self.query, parsed.tree.root_node(), parsed.text.as_slice());
            while let Some(found) = matches.next() {
                let span = |index: u32| {
                    let node = found.nodes_for_capture_index(index).next()?;
                    Some(Span::new(narrow(node.start_byte()), narrow(node.end_byte())).shifted(parsed.base))
                };
                if let (Some(call), Some(name)) = (span(self.acquire), span(self.constructor)) {
                    seeds.push(Seed { call, name });
                }
            }
            drop(matches);
            if cursor.did_exceed_match_limit() {
                return Err(TooManyMatches);
            }
        }
        seeds.sort();
        seeds.dedup();
        Ok(seeds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_left_alone_by_package_and_name() {
        let exempt = ["io.*", "a/....*", "b.File"].map(str::to_owned).to_vec();
        let regex = |pattern| Regex::new(pattern).unwrap();
        let include = vec!["k.Reader".to_owned()];
        let given = TypedSeeds {
            unless_named: regex("^New.*Client$"),
            exempt,
            exempt_names: regex("Reader$"),
            include,
            opened_by: regex("^Open"),
            opened: regex("Reader$"),
        };
        let takes = |package, name| given.takes_type(package, name, None);
        assert!(
            given.takes_type("b", "Reader", Some("Open")) && !given.takes_type("b", "Reader", Some("New"))
        );
        assert!(!given.takes_type("io", "PipeReader", Some("Open")));
        assert!(!takes("b", "Reader") && takes("k", "Reader"));
        assert!(!takes("io", "ReadCloser") && takes("io/x", "File"));
        assert!(!takes("a", "T") && !takes("a/b", "T") && takes("ab", "T"));
        assert!(!takes("b", "File") && takes("b", "Conn"));
        assert!(!given.takes_function("NewClient") && given.takes_function("Dial"));
    }
}
