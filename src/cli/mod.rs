//! Flags, commands, exit codes: the only room that prints or exits.
//!
//! Results go to standard output, everything else to standard error.

mod baseline;
mod commands;
mod config;
mod describe;
mod editor;
mod exit;
mod finding_id;
mod fix;
mod flags;
mod output;
mod progress;
mod review;
mod settings;
mod source;
mod verify;
mod words;
mod write;

pub use commands::main;
