//! Why a release does no harm, or what stands against that.

use crate::base::diagnostic::acquisition::Verdict;
use crate::base::diagnostic::label::Evidence;

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
