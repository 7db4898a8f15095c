//! Which files a run reads: the tree walked in parallel, without what Go, git or the user leave out.
//!
//! Of Go files no text is read here. What a file holds (`package`, candidates) is for the engine to find out.

mod collect;
mod files;
mod found;
mod ignores;
mod name;
mod requested;
#[cfg(test)]
mod tests;

pub use files::{Walked, walk};
pub use found::WalkedFile;
pub use name::is_generated;
