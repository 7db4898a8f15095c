//! unleak finds Go resources that are acquired and never released, and writes the missing release.
//!
//! The modules in reading order, lowest floor first; imports go down only (ARCHITECTURE.md).

pub mod base;
pub mod go;
pub mod vcs;

pub mod config;
pub mod rules;
pub mod walk;

pub mod analysis;
pub mod fix;

pub mod engine;

pub mod report;

pub mod cli;
