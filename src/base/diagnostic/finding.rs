//! A fault that is reported, what silences it, and its fingerprint.

use std::sync::Arc;

use super::acquisition::Acquisition;
use super::fix::Fix;
use super::label::{Evidence, Location, Note};

/// A fault that is reported.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The id of the rule that reports it.
    pub rule: Arc<str>,
    pub severity: Severity,
    pub location: Location,
    /// What stands there, as written and without what does not tell: `storage.NewClient`.
    pub subject: String,
    /// What is to be said of the place: "acquired here".
    pub label: String,
    /// The enclosing function: `main`, `(*Server).Run`; `None` at package level.
    pub function: Option<String>,
    /// One sentence without a final stop: what is wrong and on which way out.
    pub message: String,
    /// Further places, with what each has to do with it; what proves it first.
    pub labels: Vec<Evidence>,
    /// Remarks beside it.
    pub notes: Vec<Note>,
    /// What would mend it, if anything can be spelled.
    pub fix: Option<Fix>,
    /// Set when something silences it; such findings are counted, not shown.
    pub suppressed: Option<Suppression>,
    /// Stable over moved lines: made of rule, path from the top of the repository, enclosing function and the
    /// text of the place.
    pub fingerprint: String,
    /// The acquisition it is about, if it is about one, with the verdict that the finding reports.
    pub acquisition: Option<Acquisition>,
}

/// How much harm a finding does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// None: it is something to tidy up.
    Note,
    Warning,
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

/// A fingerprint: 16 hexadecimal digits (FNV-1a, 64 bit) over rule, path (from the top of the repository),
/// enclosing function, the text of the place and which of several equal ones in that function it is (from
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
    fn fingerprints_do_not_run_their_parts_together() {
        assert_ne!(fingerprint("a", "bc", "", "", 0), fingerprint("ab", "c", "", "", 0));
        assert_eq!(fingerprint("a", "b", "c", "d", 1).len(), 16);
    }
}
