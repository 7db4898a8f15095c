//! What git knows of the files that a run would change, and which lines a change touches. Asks only, and so
//! that the repository's config runs nothing.
//!
//! `git status` would run clean filters and the file system monitor, and look into submodules with *their*
//! config. So the index and HEAD are read by plumbing that compares no text, with every filter emptied, and
//! texts are compared here, byte by byte.

mod change;
mod git;
mod place;
mod repository;
mod status;
#[cfg(test)]
mod tests;
mod tracked;
mod work_tree;

pub use change::{Change, Hunk, Touched, touched};
pub use place::{RepositoryPath, RepositoryPaths, Top, TopKind};
pub use status::{Dirt, Status, status};
pub use tracked::Tracked;
pub use work_tree::{is_top, work_tree};
