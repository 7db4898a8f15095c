//! Findings, verdicts and changes as text: one file an output format, and one table of those that findings
//! are printed in ([`FORMATS`]).
//!
//! Every format writes to what it is given and returns the writer's error; what is shown at all, and where it
//! goes, is for `cli`. Text from the scanned repository passes through [`harmless`] wherever a terminal may
//! show it. A patch is the exception: it must hold the exact bytes.

mod audit;
mod checkstyle;
mod concise;
mod fixed;
mod formats;
mod github;
mod gitlab;
mod harmless;
mod json;
mod junit;
mod lines;
mod located;
mod markdown;
mod patch;
mod proof;
mod rdjson;
mod results;
mod route;
#[cfg(test)]
mod samples;
mod sarif;
mod stat;
mod tally;
mod text;
mod tone;
mod xml;

pub use audit::audit;
pub use formats::{FORMATS, Format};
pub use harmless::{harmless, harmless_bytes};
pub use json::{audit_json, json_output_schema};
pub use lines::{LineCounts, count_lines};
pub use patch::{empty_patch, hunks, patch, show_patch};
pub use proof::proofs;
pub use results::{Fixed, Results};
pub use route::{Route, routes, routes_by_top};
pub use stat::stat;
pub use tally::{RunOutcome, Tally, settle, tally};
pub use text::quoted;
