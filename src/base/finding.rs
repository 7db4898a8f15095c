//! What a run says: acquisitions with their verdicts, findings, fixes and what became of them.
//!
//! These are inner types and not serializable; each output format has structs of its own (`report`).

use std::fmt;
use std::sync::Arc;

use crate::base::edit::Edit;
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
    /// Nobody knows whether its type has something to release.
    UnknownType,
    /// No acquisition at all but a comment that silences nothing. Not among [`Verdict::ALL`], which are those
    /// of acquisitions.
    Idle,
}

impl Verdict {
    /// All verdicts on acquisitions in the order of derivation.
    pub const ALL: [Verdict; 15] = [
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
            Verdict::UnknownType => "unknown type",
            Verdict::Idle => "silences nothing",
        }
    }

    /// Whether a person should hear of it as a finding.
    pub fn is_finding(self) -> bool {
        matches!(
            self,
            Verdict::ReleasedTooEarly
                | Verdict::ReleasedTwice
                | Verdict::Leaked
                | Verdict::LeakedOnSomePaths
                | Verdict::Idle
        )
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// A way in which something is wrong; each rule reports one.
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
    /// No acquisition is at fault: a comment silences nothing.
    IdleComment,
}

/// A place that proves something, with the words for it: "closed here", "returned here".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The file as printed (see [`Acquisition::path`]); for source outside the scanned tree whatever names it
    /// best.
    pub path: Arc<str>,
    /// Line from 1, 0 when the place has no line (an index fact, go.mod).
    pub line: u32,
    /// Column in bytes from 1, 0 when `line` is 0.
    pub column: u32,
    /// The bytes of the place; `None` when the file is not the acquisition's own.
    pub span: Option<Span>,
    /// A short clause without a final stop.
    pub words: String,
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
}

/// An argument that a release method asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseArg {
    /// A `context.Context`.
    Context,
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
    /// For a place in a loop of the same function, where deferred calls would pile up: how one round could
    /// release it.
    pub iteration: Option<Iteration>,
    /// What a release may use there.
    pub scope: InScope,
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

/// How a resource that is acquired in each round of a loop can be released in that round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Iteration {
    /// Here: nothing leaves the round between acquisition and this place.
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

/// What would mend a fault.
#[derive(Debug, Clone)]
pub enum Remedy {
    /// A release.
    Release(Box<ReleaseCandidate>),
    /// Something that a person has to do: an imperative phrase, and why.
    Advice { title: String, reason: String },
}

/// Why a release does no harm, step by step: where the resource is bound, each later use with the reason why
/// it keeps nothing, what made it, and that nothing else releases it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proof {
    pub steps: Vec<Evidence>,
}

/// The first place that stands against such a proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    pub place: Evidence,
    /// The resource is seen there by what outlives the function, which is its verdict then; `None` where that
    /// is merely not known.
    pub exposure: Option<Verdict>,
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

/// A remark beside the verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Stable id: `per-request`, `exit-after-defer`.
    pub id: &'static str,
    /// A sentence.
    pub words: String,
}

/// How far a fix may be trusted. Ordered: a greater one is safer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Applicability {
    /// A sketch, never applied.
    Display,
    /// Right in likelihood, needs a look; applied with `--unsafe`.
    Unsafe,
    /// Behaviour is the same but for the release.
    Safe,
}

impl Applicability {
    /// The word used in every output.
    pub fn word(self) -> &'static str {
        match self {
            Applicability::Display => "display",
            Applicability::Unsafe => "unsafe",
            Applicability::Safe => "safe",
        }
    }
}

/// A change that would mend a finding: all of its edits or none.
#[derive(Debug, Clone)]
pub struct Fix {
    /// An imperative phrase: "insert `defer client.Close()` after the error check".
    pub title: String,
    /// How far it may be trusted.
    pub applicability: Applicability,
    /// Why it is not safe; `None` for safe fixes.
    pub reason: Option<String>,
    /// Why a release that it inserts does no harm, or what stands against that; `None` where nobody asked.
    pub proof: Option<Result<Proof, Objection>>,
    /// Edits on the acquisition's file, in order, not overlapping; may be empty for display fixes.
    pub edits: Vec<Edit>,
}

/// A fault that is reported.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The acquisition it is about, with the verdict and the evidence of what is wrong.
    pub acquisition: Acquisition,
    /// One sentence without a final stop: what is wrong and on which way out.
    pub message: String,
    /// What would mend it, if anything can be spelled.
    pub fix: Option<Fix>,
    /// Set when something silences it; such findings are counted, not shown.
    pub suppressed: Option<Suppression>,
    /// Stable over moved lines: made of rule, path from the top of the repository, enclosing function and the
    /// acquisition's text.
    pub fingerprint: String,
}

/// What silences a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Suppression {
    /// A comment in the source.
    Comment {
        /// Its line, from 1.
        line: u32,
        /// The reason given behind `--`, if any.
        reason: Option<String>,
    },
    /// It was there when the baseline was written.
    Baseline,
    /// It lies in a declaration that the change under review does not touch.
    Untouched,
}

impl Suppression {
    /// The word used in every output.
    pub fn word(&self) -> &'static str {
        match self {
            Suppression::Comment { .. } => "comment",
            Suppression::Baseline => "baseline",
            Suppression::Untouched => "untouched",
        }
    }
}

/// What became of a fix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FixOutcome {
    /// Its edits are in the new text.
    Applied,
    /// Another fix made the same edits.
    Duplicate,
    /// It overlaps another fix in every round.
    Conflict,
    /// Unsafe without `--unsafe`, or display.
    BelowApplicability,
    /// A comment silences the finding.
    Suppressed,
    /// A new comment silences the finding.
    Ignored,
    /// As many fixes as were asked for come before it.
    OverLimit,
    /// The finding has no fix at all.
    NoFix,
    /// The file is generated; only its generator should be changed.
    Generated,
    /// The new text would not parse as well as the old one.
    ParseDamage,
    /// The file changed since it was read.
    Stale,
    /// The new text does not show the finding as mended, or shows a new one, or the command that was to
    /// verify it failed with it.
    VerifyFailed,
    /// The one who was asked said no.
    Declined,
    /// The file lies outside of the root, through a symbolic link.
    OutsideRoot,
    /// The file could not be written.
    WriteFailed,
}

impl FixOutcome {
    /// The words used in every output.
    pub fn words(self) -> &'static str {
        match self {
            FixOutcome::Applied => "applied",
            FixOutcome::Duplicate => "duplicate",
            FixOutcome::Conflict => "conflict",
            FixOutcome::BelowApplicability => "below applicability",
            FixOutcome::Suppressed => "suppressed",
            FixOutcome::Ignored => "ignored",
            FixOutcome::OverLimit => "over the limit",
            FixOutcome::NoFix => "no fix",
            FixOutcome::Generated => "generated file",
            FixOutcome::ParseDamage => "parse damage",
            FixOutcome::Stale => "stale",
            FixOutcome::VerifyFailed => "verify failed",
            FixOutcome::Declined => "declined",
            FixOutcome::OutsideRoot => "outside root",
            FixOutcome::WriteFailed => "write failed",
        }
    }
}

/// A fault in one file, or in what describes the tree. Never the end of a run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// The file or folder as printed.
    pub path: Arc<str>,
    /// Line from 1; 0 when it concerns the whole file.
    pub line: u32,
    /// What is wrong and what to do, without a final stop.
    pub words: String,
    /// Whether something was left unread because of it (then the run is not complete).
    pub skipped: bool,
}

/// A fingerprint: 16 hexadecimal digits (FNV-1a, 64 bit) over rule, path (from the top of the repository),
/// enclosing function, the acquisition's text and which of several equal ones in that function it is (from
/// 0).
pub fn fingerprint(rule: &str, path: &str, function: &str, text: &str, ordinal: u32) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in [rule, path, function, text, &ordinal.to_string()] {
        for byte in part.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    format!("{hash:016x}")
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

    #[test]
    fn fingerprints_do_not_run_their_parts_together() {
        assert_ne!(fingerprint("a", "bc", "", "", 0), fingerprint("ab", "c", "", "", 0));
        assert_eq!(fingerprint("a", "b", "c", "d", 1).len(), 16);
    }
}
