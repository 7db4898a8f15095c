//! Whether it is proved that a release does no harm: that nothing which outlives the function has the
//! resource, or anything tied to it.
//!
//! Apart from the walk (`dataflow`), which finds what becomes of a resource: that the walk saw no escape is
//! no proof. Here every occurrence of everything that is ever tied to the resource has to be one of a closed
//! list of uses, whatever the order in which things happen; the first that is not stands against the proof.
//! What it turns down may well be right.
//!
//! Each check is a file of its own and a row of [`CHECKS`].

mod address;
mod awaited;
mod background;
mod callbacks;
mod callees;
mod calls;
mod closed_under;
mod compiles;
mod filled;
mod flow;
mod goroutines;
mod handed_in;
mod held;
mod holder;
mod lent;
mod maker;
mod nil;
mod other_end;
mod ownership;
mod parts;
mod pending;
mod put_in;
mod reached;
mod release_effects;
mod release_reach;
mod serving;
mod state;
pub(crate) mod subject;
mod tie;
mod transport;
mod undone;
mod uses;
mod waiting;
mod waits;
mod ways_out;
mod workers;

use crate::analysis::proof::subject::Subject;
use crate::base::diagnostic::{Evidence, Objection, Proof};

/// Takes the subject and the steps so far; adds its own, or says what stands against it.
type Check = fn(&Subject, &mut Vec<Evidence>) -> Result<(), Objection>;

/// What has to hold, each with the first place that stands against it.
const CHECKS: [Check; 16] = [
    holder::check,
    held::check,
    other_end::check,
    uses::check,
    maker::check,
    transport::check,
    nil::check,
    filled::check,
    release_effects::check,
    undone::check,
    handed_in::check,
    background::check,
    pending::check,
    waits::check,
    closed_under::check,
    compiles::check,
];

/// The proof that the release does no harm.
///
/// # Errors
/// The first place that stands against it.
pub(crate) fn prove(subject: &Subject) -> Result<Proof, Objection> {
    let mut steps = Vec::new();
    for check in CHECKS {
        check(subject, &mut steps)?;
    }
    Ok(Proof { steps })
}
