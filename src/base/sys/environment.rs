//! The environment of the process.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::error::Error;

/// The working directory, absolute.
///
/// # Errors
/// When it was removed or may not be read.
pub fn working_dir() -> Result<PathBuf, Error> {
    std::env::current_dir().map_err(|source| Error::io(Path::new("."), "find the working directory", source))
}

/// An environment variable; `None` when it is unset or empty.
pub fn env(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}
