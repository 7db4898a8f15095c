//! unleak finds Go resources that are acquired and never released, and writes the missing release.
//!
//! The modules in reading order, lowest floor first; imports go down only (ARCHITECTURE.md).

pub mod base;
pub mod golang;
pub mod vcs;

pub mod config;
pub mod rules;
pub mod walk;

pub mod fix;
pub mod flow;

pub mod session;

pub mod report;

pub mod cli;
