//! What every other room stands on: text and offsets, files, findings, edits, and the one door to the
//! outside.
//!
//! Nothing here knows Go, rules or the command line.

pub mod diagnostic;
pub mod edit;
pub mod memo;
pub mod near;
pub mod progress;
pub mod sys;
pub mod text;
