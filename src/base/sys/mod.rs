//! The only door to disk, environment and processes. Every error says what to do.
//!
//! What is read, written or run, and why, is decided by the rooms above. The programs that are run besides
//! those that the user names have rooms of their own: git is asked in `vcs`, the editor in `cli`.

mod atomic;
mod environment;
mod error;
mod files;
mod interrupts;
mod process;
mod threads;

pub use atomic::{replace, write};
pub use environment::{env, working_dir};
pub use error::{Error, passes};
pub use files::{
    Kind, is_link, kind, leads_out, len, list, read, read_in_tree, read_into, read_range, read_stdin,
    real_path,
};
pub use interrupts::Interrupts;
pub use process::run;
pub use threads::{STACK_BYTES, on_deep_stack};
