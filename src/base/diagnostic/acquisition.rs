//! What was found out about one acquired resource: its type's release, what becomes of it, and how surely.

use std::fmt;
use std::sync::Arc;

use super::label::{Evidence, Location, Note};
use crate::base::text::Span;

/// Whether a statement was read in source, or rests on something that could not be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// Every step was read: in the repository, a dependency's source, or the index at a version it covers.
    Proved,
    /// Some step was not readable (an unknown callee, an index answer outside its versions).
    Assumed,
}

impl Certainty {
    /// The word used in every output.
    pub fn word(self) -> &'static str {
        match self {
            Certainty::Proved => "proved",
            Certainty::Assumed => "assumed",
        }
    }

    /// Proved only if both are.
    pub fn and(self, other: Certainty) -> Certainty {
        self.max(other)
    }
}

/// The one-word answer for an acquisition. The order is that of derivation: the first that applies is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// A limit or damaged syntax kept the function from being looked at.
    NotAnalysed,
    /// The type has nothing that releases it.
    NothingToRelease,
    /// A release is due although the resource is handed on, or it is used after its release.
    ReleasedTooEarly,
    /// Two releases run on one way out.
    ReleasedTwice,
    /// Still open on every way out on which it exists.
    Leaked,
    /// Still open on at least one way out, released or handed on on others.
    LeakedOnSomePaths,
    /// The caller gets it.
    Returned,
    /// It sits in a struct, map, slice or channel that outlives the function.
    Stored,
    /// A closure or goroutine that outlives the call holds it.
    Captured,
    /// A callee keeps it.
    PassedOn,
    /// Something made from it outlives the function.
    LivesOn,
    /// A package-level variable holds it.
    Global,
    /// It serves until the process ends.
    ProcessLifetime,
    /// Released on every way out.
    Released,
    /// Nobody knows whether it is the function's to release.
    UnknownOwner,
    /// Nobody knows whether its type has something to release.
    UnknownType,
}

impl Verdict {
    /// All verdicts in the order of derivation.
    pub const ALL: [Verdict; 16] = [
        Verdict::NotAnalysed,
        Verdict::NothingToRelease,
        Verdict::ReleasedTooEarly,
        Verdict::ReleasedTwice,
        Verdict::Leaked,
        Verdict::LeakedOnSomePaths,
        Verdict::Returned,
        Verdict::Stored,
        Verdict::Captured,
        Verdict::PassedOn,
        Verdict::LivesOn,
        Verdict::Global,
        Verdict::ProcessLifetime,
        Verdict::Released,
        Verdict::UnknownOwner,
        Verdict::UnknownType,
    ];

    /// The words used in every output.
    pub fn words(self) -> &'static str {
        match self {
            Verdict::NotAnalysed => "not analysed",
            Verdict::NothingToRelease => "nothing to release",
            Verdict::ReleasedTooEarly => "released too early",
            Verdict::ReleasedTwice => "released twice",
            Verdict::Leaked => "leaked",
            Verdict::LeakedOnSomePaths => "leaked on some paths",
            Verdict::Returned => "returned",
            Verdict::Stored => "stored",
            Verdict::Captured => "captured",
            Verdict::PassedOn => "passed on",
            Verdict::LivesOn => "lives on",
            Verdict::Global => "global",
            Verdict::ProcessLifetime => "process lifetime",
            Verdict::Released => "released",
            Verdict::UnknownOwner => "unknown owner",
            Verdict::UnknownType => "unknown type",
        }
    }

    /// Whether a person should hear of it as a finding.
    pub fn is_finding(self) -> bool {
        use Verdict::{Leaked, LeakedOnSomePaths, ReleasedTooEarly, ReleasedTwice};
        matches!(self, ReleasedTooEarly | ReleasedTwice | Leaked | LeakedOnSomePaths)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// A way in which something is wrong with an acquisition; a rule reports one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// It is released too late, or not at all.
    Leak,
    /// It is released while it is needed, or before it is known to be there.
    ReleasedTooEarly,
    /// It is released again.
    ReleasedTwice,
    /// It is kept by something that nobody can release.
    NeverReleased,
}

impl FaultKind {
    /// All of them.
    pub const ALL: [FaultKind; 4] =
        [FaultKind::Leak, FaultKind::ReleasedTooEarly, FaultKind::ReleasedTwice, FaultKind::NeverReleased];

    /// The word that a rule `reports`.
    pub fn word(self) -> &'static str {
        match self {
            FaultKind::Leak => "leak",
            FaultKind::ReleasedTooEarly => "released-too-early",
            FaultKind::ReleasedTwice => "released-twice",
            FaultKind::NeverReleased => "never-released",
        }
    }
}

/// What releasing the resource takes, as far as the type says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Method name: `Close`, `Disconnect`, `Stop`.
    pub method: String,
    /// What each argument is, in order; most releases take none.
    pub args: Vec<ReleaseArg>,
    /// Whether the method has an `error` as its last result.
    pub returns_error: bool,
    /// What is called, and on what.
    pub way: ReleaseWay,
}

/// How a release is called.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum ReleaseWay {
    /// A method of the resource: `client.Close()`.
    #[default]
    Method,
    /// A method of one of its fields: `resp.Body.Close()`.
    Field(Arc<str>),
    /// The resource itself is a function: `cancel()`.
    Value,
    /// A function gets the resource, or what a method of it gives: `signal.Stop(c)`, `os.Remove(f.Name())`.
    Function { package: Arc<str>, method: Option<Arc<str>> },
}

impl Release {
    /// A method of the resource that asks for nothing.
    pub fn method(name: &str, returns_error: bool) -> Release {
        Release { method: name.to_owned(), args: Vec::new(), returns_error, way: ReleaseWay::Method }
    }

    /// The call on `variable` with these arguments; `function` is what the file calls a function by.
    pub fn call(&self, variable: &str, args: &str, function: &str) -> String {
        match &self.way {
            ReleaseWay::Method => format!("{variable}.{}({args})", self.method),
            ReleaseWay::Field(field) => format!("{variable}.{field}.{}({args})", self.method),
            ReleaseWay::Value => format!("{variable}({args})"),
            ReleaseWay::Function { method: None, .. } => format!("{function}({variable})"),
            ReleaseWay::Function { method: Some(method), .. } => format!("{function}({variable}.{method}())"),
        }
    }

    /// What it is called in a sentence: `Close`, `cancel`, `signal.Stop`.
    pub fn name(&self) -> String {
        match &self.way {
            ReleaseWay::Function { package, .. } => {
                format!("{}.{}", package.rsplit('/').next().unwrap_or_default(), self.method)
            }
            _ => self.method.clone(),
        }
    }
}

/// An argument that a release method asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseArg {
    /// A `context.Context`.
    Context,
    /// Something that nil does for: the cause of a cancellation.
    Nil,
    /// Anything else: no fix can be spelled.
    Other,
}

/// What Go's source (or the index) says of the acquired value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closable {
    /// Released by a method.
    By(Release),
    /// Nothing to release; why, e.g. "returns `*http.Client`, which has no Close".
    Nothing(String),
    /// Not known; why, e.g. "no source and no index entry for `example.com/x`".
    Unknown(String),
}

/// One place where a resource is acquired, with all that was found out about it: a row of `audit`.
#[derive(Debug, Clone)]
pub struct Acquisition {
    /// The id of the rule that proposed it: `unclosed-client`; in a finding, of the rule that reports it.
    pub rule: Arc<str>,
    /// The file as printed: relative to the working directory where it lies below it, `/` as separator.
    pub path: Arc<str>,
    /// The call that acquires.
    pub span: Span,
    /// Line of the call, from 1.
    pub line: u32,
    /// Column of the call in bytes, from 1.
    pub column: u32,
    /// The constructor as written: `storage.NewClient`.
    pub constructor: String,
    /// The name it is bound to: `client`, `s.db`; `None` when nothing binds it.
    pub name: Option<String>,
    /// The enclosing function: `main`, `(*Server).Run`; `None` at package level.
    pub function: Option<String>,
    /// The static type as far as known: `*storage.Client`; empty when unknown.
    pub type_name: String,
    /// Whether and how it is released.
    pub closable: Closable,
    /// The derived one-word answer.
    pub verdict: Verdict,
    /// Whether type and fate are both proved.
    pub certainty: Certainty,
    /// What proves the verdict, the decisive place first.
    pub evidence: Vec<Evidence>,
    /// Machine-readable remarks, e.g. `per-request`, `exit-after-defer`.
    pub notes: Vec<Note>,
}

impl Acquisition {
    /// Where it is.
    pub fn location(&self) -> Location {
        Location { path: self.path.clone(), span: self.span, line: self.line, column: self.column }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_has_words_of_its_own() {
        let mut words: Vec<_> = Verdict::ALL.iter().map(|v| v.words()).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Verdict::ALL.len());
    }
}
