//! Channels and the goroutines that use them: which sends, receives and ranges can never end.
//!
//! A *team* is what one block makes and starts (`team`). The ways through it, and through each of its
//! goroutines, are counted symbolically (`walk` with `branches`, `loops`, `calls`, `conditions` over what
//! `frame` and `state` keep; `size`, `outcome`), and held against each other (`verdict`). `judge` puts that
//! together into `findings`, of which `remedy` says what would mend them and `describe` the words. No solver
//! and no time limit: what is too much, or not closed, is not judged.

mod ahead;
mod asserted;
mod at_hand;
mod branches;
mod calls;
mod closing;
mod conditions;
mod describe;
mod endless;
mod findings;
mod frame;
mod generator;
mod groups;
mod handler;
mod holder;
pub(crate) mod judge;
mod loops;
mod outcome;
pub(crate) mod process;
mod receivers;
mod refused;
mod relayed;
mod remedy;
mod semaphore;
mod senders;
mod settled;
mod size;
mod starter;
mod state;
mod stopped;
mod stuck;
mod team;
#[cfg(test)]
mod tests;
mod together;
mod told;
mod too_early;
mod unanswered;
mod verdict;
mod walk;
mod worker;

pub use describe::VERDICT;
pub use judge::detect;
pub use unanswered::KIND as UNANSWERED;
pub use worker::KIND as WORKERS;
