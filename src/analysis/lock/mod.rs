//! Locks: which are still held on a way out of the function that took them, and which are taken again by who
//! holds them.
//!
//! A lock is told by the path that names it (`key`): `t.mu`. `walk` goes forward over a body with the locks
//! that are held at each point, and what branches have said (`bounds`: of numbers); `callee` tells what a
//! function that is called does first to a lock of its caller's. `judge` puts what the walk has met into
//! findings, or keeps silent: where a lock is handed on, where it was held before, or where nobody knows.
//! `pairs` spares all that a text in which each lock is plainly released where it is taken.

mod bounds;
mod callee;
mod judge;
mod key;
mod pairs;
#[cfg(test)]
mod tests;
mod walk;

pub use judge::{KINDS, detect};
pub use pairs::are_released_in_place;
