//! What would mend a fault, as analysis sees it: where something could stand and what is known there. How it
//! is spelled is for `fix`.

use std::sync::Arc;

use crate::base::diagnostic::proof::{Objection, Proof};
use crate::base::text::Span;

/// What would mend a fault.
#[derive(Debug, Clone)]
pub enum Remedy {
    /// A release.
    Release(Box<ReleaseCandidate>),
    /// Text inside a line: the capacity of a channel, `, 1` before the bracket that closes its `make`.
    Capacity {
        /// What it does, as an imperative phrase.
        title: String,
        /// Where it goes in.
        at: u32,
        text: String,
        /// Why it needs a look; `None` where it is proved to be right.
        doubt: Option<String>,
    },
    /// Whole lines: `defer close(done)`.
    Lines {
        /// What it does, as an imperative phrase.
        title: String,
        place: AnchorPlace,
        /// The lines without indentation and line ending.
        lines: Vec<String>,
        /// Why they need a look; `None` where they are proved to be right.
        doubt: Option<String>,
    },
    /// Whole lines before each of these statements: `close(c)` before a `return`.
    Leaving {
        /// What it does, as an imperative phrase.
        title: String,
        statements: Vec<Span>,
        /// The lines without indentation and line ending.
        lines: Vec<String>,
        /// Why they need a look; `None` where they are proved to be right.
        doubt: Option<String>,
    },
    /// A statement that is one operation on a channel becomes a `select` of it and another case.
    Case {
        /// What it does, as an imperative phrase.
        title: String,
        statement: Span,
        /// What else is waited for: `<-ctx.Done()`.
        case: String,
        /// What is done then, without indentation and line ending.
        lines: Vec<String>,
        /// Why it needs a look.
        doubt: Option<String>,
    },
    /// Something that a person has to do: an imperative phrase, and why.
    Advice { title: String, reason: String },
}

impl Remedy {
    pub fn advice(title: impl Into<String>, reason: impl Into<String>) -> Remedy {
        Remedy::Advice { title: title.into(), reason: reason.into() }
    }
}

/// Where a release could stand.
#[derive(Debug, Clone, Default)]
pub struct ReleaseCandidate {
    /// Whether it is proved that the release does no harm; `None` where nobody asked, as something else makes
    /// it doubtful.
    pub proof: Option<Result<Proof, Objection>>,
    /// `None` when no line that stands alone could release it.
    pub anchor: Option<Anchor>,
    /// Why there is at most a sketch.
    pub obstacle: Option<String>,
    /// Statements that it takes the place of.
    pub replaced: Vec<Span>,
    /// Where there is no single place: the ways out that lack a release.
    pub leaving: Vec<Anchor>,
}

/// Where a release would stand, as control flow sees it; how it is spelled is `fix`'s.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    pub place: AnchorPlace,
    /// The variable that holds the resource there, or the name that it would get.
    pub variable: Arc<str>,
    /// What has to change before that name means the resource there.
    pub binding: Binding,
    /// Why the resource may be nil or gone there; `None` when it is open on every way that comes by.
    pub doubt: Option<String>,
    /// The place comes after a check of the acquisition's error.
    pub after_check: bool,
    /// For a place in a loop of the same function, where deferred calls would pile up: how one iteration
    /// could release it.
    pub iteration: Option<Iteration>,
    /// What a release may use there.
    pub scope: InScope,
}

/// Before or after what the release would stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnchorPlace {
    /// After this statement.
    After(Span),
    /// First in this block, which begins with its brace, or this case, which begins with its colon.
    Start(Span),
    /// Before this statement.
    Before(Span),
}

impl AnchorPlace {
    /// Where in the file the place is.
    pub fn offset(&self) -> u32 {
        match self {
            AnchorPlace::After(span) => span.end,
            AnchorPlace::Start(span) | AnchorPlace::Before(span) => span.start,
        }
    }
}

/// How the name of a release's receiver comes to mean the resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Binding {
    /// It does already.
    Bound,
    /// The blank identifier here becomes the name.
    Blank(Span),
    /// Nothing binds the value of `call`: a declaration before `statement` would.
    Value { statement: Span, call: Span },
    /// The declaration `init` moves out of the header of `statement`, whose condition begins at `rest`.
    Header { statement: Span, init: Span, rest: u32 },
    /// The declaration `init` moves out of the header of `statement`, which then lacks `cut`.
    Lifted { statement: Span, init: Span, cut: Vec<Span> },
}

/// How a resource that is acquired in each iteration of a loop can be released in that iteration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Iteration {
    /// Here: nothing leaves the iteration between acquisition and this place.
    End(AnchorPlace),
    /// By a `defer` in a function literal around the statements from the anchor on.
    Literal {
        /// The end of the last statement.
        end: u32,
        /// The `continue` statements, which become returns.
        continues: Vec<Span>,
        /// String literals of several lines, which keep their bytes.
        strings: Vec<Span>,
    },
    /// Not by inserting lines; why.
    Neither(String),
}

/// What is in scope where a release would stand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InScope {
    /// For releases that ask for one.
    pub context: Option<ContextInScope>,
    /// The function's named error result.
    pub error_result: Option<Arc<str>>,
    /// The module's Go has `errors.Join`.
    pub joins: bool,
    /// The function's `*testing.T` or the like.
    pub test: Option<Arc<str>>,
    /// The function defers something already.
    pub defers: bool,
    /// What uses the resource goes on when the function ends: a `defer` is too early, and only a test's
    /// clean-up is late enough.
    pub late: bool,
    /// The variable, or a field of it, may get another value before the function ends: what a function
    /// literal released then would be something else.
    pub changes: bool,
    /// Subtests that run in parallel go on after the function.
    pub parallel: bool,
    /// Variables in scope that log, as their names tell, and such fields of them: `logger`, `s.log`.
    pub loggers: Vec<LoggerInScope>,
    /// The names of all local variables of the declaration, sorted: they may hide a package's name.
    pub locals: Vec<Arc<str>>,
}

/// A `context.Context` in scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextInScope {
    /// The expression to pass.
    pub spelled: String,
    /// What is doubtful about it.
    pub doubt: String,
}

/// A logger in scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggerInScope {
    /// `logger`, `s.log`.
    pub spelled: String,
    /// Its methods that can log an error, as far as anybody knows of its type.
    pub methods: Vec<&'static str>,
    /// Whether it surely has them.
    pub proved: bool,
}
