//! The one-word answer for an acquisition, with what proves it.

pub mod case;
mod dropped;
pub mod judge;
pub mod judgement;
mod kind;
mod left_by_goroutine;
mod maker;
pub mod misuse;
mod outcome;
mod overlooked;
mod overwritten;
mod process_end;
mod release_site;
mod remarks;
mod site;
mod test_end;
mod unread_callee;
