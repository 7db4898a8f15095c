//! A change that would mend a finding, how far it may be trusted, and what became of it.

use crate::base::diagnostic::proof::{Objection, Proof};
use crate::base::edit::{Edit, EditOutcome};

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

/// What became of a fix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FixOutcome {
    /// Its edits are in the new text.
    Applied,
    /// Another fix made the same edits.
    Duplicate,
    /// It overlaps another fix in every iteration.
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
    /// The file does not parse as it is, and only files that do are edited.
    Damaged,
    /// The new text does not show the finding as mended, or shows a new one.
    VerifyFailed,
    /// The command that was to verify it fails with it, and not without it.
    RolledBack,
    /// The command that was to verify it fails without any fix, so nobody knows.
    CheckFails,
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
            FixOutcome::Damaged => "syntax error",
            FixOutcome::VerifyFailed => "verify failed",
            FixOutcome::RolledBack => "rolled back",
            FixOutcome::CheckFails => "check fails anyway",
            FixOutcome::Declined => "declined",
            FixOutcome::OutsideRoot => "outside root",
            FixOutcome::WriteFailed => "write failed",
        }
    }
}

impl From<EditOutcome> for FixOutcome {
    fn from(outcome: EditOutcome) -> FixOutcome {
        match outcome {
            EditOutcome::Applied => FixOutcome::Applied,
            EditOutcome::Duplicate => FixOutcome::Duplicate,
            EditOutcome::Conflict => FixOutcome::Conflict,
        }
    }
}
