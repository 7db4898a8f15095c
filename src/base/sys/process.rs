//! Programs that the user named.

use std::path::Path;
use std::process::{Command, Stdio};

use super::error::Error;

/// Runs a command that the user named, in `dir`, with the user's environment and without input. `Ok(Err(_))`
/// is what it said, on both streams, when it failed.
///
/// # Errors
/// When it cannot be started.
pub fn run(argv: &[String], dir: &Path) -> Result<Result<(), String>, Error> {
    let program = argv.first().map_or("", String::as_str);
    let fail = |source| Error::Io { path: program.into(), action: "run", source };
    let output = Command::new(program)
        .args(argv.iter().skip(1))
        .current_dir(dir)
        .stdin(Stdio::null())
        .output()
        .map_err(fail)?;
    let said = [output.stderr, output.stdout].concat();
    Ok(if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&said).into_owned()) })
}
