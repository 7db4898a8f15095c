//! The editor that the environment names.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::Command;

use crate::base::sys::{Error, env};

/// Lets the user change `text` in the editor that the environment names, and gives what was saved.
///
/// # Errors
/// When there is no editor, or it ends with an error.
pub fn edit(text: &[u8]) -> Result<Vec<u8>, Error> {
    let editor = env("VISUAL").or_else(|| env("EDITOR")).unwrap_or_else(|| "vi".into());
    let fail = |source| Error::Io { path: PathBuf::from(&editor), action: "edit", source };
    let mut file = tempfile::Builder::new().prefix("unleak-").suffix(".diff").tempfile().map_err(fail)?;
    file.write_all(text).map_err(fail)?;
    // As git does: the variable may hold arguments too.
    let mut command = OsString::from(&editor);
    command.push(" \"$@\"");
    let status =
        Command::new("sh").arg("-c").arg(command).arg(&editor).arg(file.path()).status().map_err(fail)?;
    if !status.success() {
        return Err(fail(io::Error::other("it ended with an error")));
    }
    fs::read(file.path()).map_err(fail)
}
