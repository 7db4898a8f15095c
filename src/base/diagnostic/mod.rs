//! What a run says: findings, the acquisitions that some of them are about, fixes and what became of them,
//! and the faults of the run itself.
//!
//! These are inner types and not serializable; each output format has structs of its own (`report`).

mod acquisition;
mod finding;
mod fix;
mod label;
mod proof;
mod remedy;
mod run_fault;

pub use acquisition::{
    Acquisition, Certainty, Closable, FaultKind, Release, ReleaseArg, ReleaseWay, Verdict,
};
pub use finding::{Finding, Severity, Suppression, fingerprint};
pub use fix::{Applicability, Fix, FixOutcome};
pub use label::{Evidence, Home, Location, Note};
pub use proof::{Objection, Proof};
pub use remedy::{
    Anchor, AnchorPlace, Binding, ContextInScope, InScope, Iteration, LoggerInScope, ReleaseCandidate, Remedy,
};
pub use run_fault::RunFault;
