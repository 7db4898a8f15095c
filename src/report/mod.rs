//! Findings, verdicts and changes as text: one file an output format.
//!
//! Every format writes to what it is given and returns the writer's error; what is shown at all, and where it
//! goes, is for `cli`. Text from the scanned repository passes through [`harmless`] wherever a terminal may
//! show it. A patch is the exception: it must hold the exact bytes.

mod audit;
mod concise;
mod fixed;
mod github;
mod harmless;
mod json;
mod lines;
mod patch;
mod proof;
mod route;
#[cfg(test)]
mod samples;
mod sarif;
mod stat;
mod tally;
mod text;
mod tone;

pub use audit::audit;
pub use concise::concise;
pub use fixed::fixed;
pub use github::github;
pub use harmless::{harmless, harmless_bytes};
pub use json::{Done, audit_json, check_json, fix_json};
pub use lines::{LineCounts, count_lines};
pub use patch::{empty_patch, hunks, patch, show_patch};
pub use proof::proofs;
pub use route::{Route, routes, routes_by_top};
pub use sarif::sarif;
pub use stat::stat;
pub use tally::{RunOutcome, Tally, settle, tally};
pub use text::text;
