//! The program `git`, run so that nothing of a repository can make it run anything else.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::base::sys::Error;

/// Runs `git` in `dir` so that neither the repository's config nor its attributes can make it run anything:
/// no hooks, no fsmonitor, no pager, no transport (a partial clone would fetch what is missing), none of the
/// user's or the system's config. Clean and smudge filters are the caller's to avoid: only commands that read
/// no file through them may be given, or with each filter emptied by `-c`.
///
/// `trusted` are folders that git shall take for the user's own, as in `safe.directory`.
///
/// # Errors
/// [`Error::GitMissing`], [`Error::GitOwnership`], or [`Error::Git`] when git ends with an error.
pub(super) fn git(dir: &Path, trusted: &[String], args: &[&OsStr], input: &[u8]) -> Result<Vec<u8>, Error> {
    let mut command = Command::new("git");
    command.current_dir(dir).args(["--no-pager", "--literal-pathspecs"]);
    for setting in [
        "core.fsmonitor=false",
        "core.hooksPath=/dev/null",
        "core.alternateRefsCommand=",
        "protocol.allow=never",
    ] {
        command.args(["-c", setting]);
    }
    for folder in trusted {
        command.arg("-c").arg(format!("safe.directory={folder}"));
    }
    command.args(args);
    harden_environment(&mut command);
    let output = feed(command, input).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => Error::GitMissing,
        _ => Error::Io { path: dir.into(), action: "run git", source },
    })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(git_error(dir, args, &String::from_utf8_lossy(&output.stderr)))
}

/// The folders that the user's and the system's git config trust (`safe.directory`), and the environment, in
/// git's own order. Reads these two files only.
pub(super) fn trusted_folders() -> Vec<String> {
    let mut folders = Vec::new();
    for scope in ["--system", "--global"] {
        let mut command = Command::new("git");
        command.args(["config", scope, "-z", "--get-all", "safe.directory"]).env("GIT_CONFIG_COUNT", "0");
        if let Ok(output) = feed(command, b"") {
            folders.extend(String::from_utf8_lossy(&output.stdout).split_terminator('\0').map(str::to_owned));
        }
    }
    folders.extend(trusted_by_variables(|name| std::env::var(name).ok()));
    folders
}

/// The folders that `GIT_CONFIG_COUNT` and the variables that it counts say are safe.
fn trusted_by_variables(variable: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let count = variable("GIT_CONFIG_COUNT").and_then(|count| count.parse().ok()).unwrap_or(0_u16);
    let is_it = |at: &u16| {
        variable(&format!("GIT_CONFIG_KEY_{at}"))
            .is_some_and(|key| key.eq_ignore_ascii_case("safe.directory"))
    };
    (0..count).filter(is_it).filter_map(|at| variable(&format!("GIT_CONFIG_VALUE_{at}"))).collect()
}

fn harden_environment(command: &mut Command) {
    // What the user says about where discovery stops is no danger, and without it another repository could be
    // found.
    const KEPT: [&str; 2] = ["GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM"];
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GIT_") && !KEPT.iter().any(|kept| name == *kept) {
            command.env_remove(name);
        }
    }
    let fixed = [
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_OPTIONAL_LOCKS", "0"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_NO_LAZY_FETCH", "1"),
        ("GIT_NO_REPLACE_OBJECTS", "1"),
        // A list of allowed transports without any transport on it.
        ("GIT_ALLOW_PROTOCOL", "none"),
        ("LC_ALL", "C"),
    ];
    command.envs(fixed);
}

/// Runs `command` with `input` on its standard input. Input and output flow at the same time, so neither can
/// block the other.
fn feed(mut command: Command, input: &[u8]) -> io::Result<std::process::Output> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let stdin = child.stdin.take();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // A child that ends without reading its input closes the pipe; its status tells what happened.
            let _ = stdin.map(|mut pipe| pipe.write_all(input));
        });
        child.wait_with_output()
    })
}

fn git_error(dir: &Path, args: &[&OsStr], said: &str) -> Error {
    let path = dir.to_path_buf();
    if said.contains("dubious ownership") || said.contains("unsafe repository") {
        return Error::GitOwnership { path };
    }
    let words = said.lines().next().unwrap_or("it said nothing").to_owned();
    let mut plain = args.iter().map(|arg| arg.to_string_lossy());
    let mut command = plain.next().unwrap_or_default();
    while command == "-c" {
        plain.next();
        command = plain.next().unwrap_or_default();
    }
    Error::Git { path, command: command.into_owned(), words }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_may_trust_folders() {
        let variables = |name: &str| {
            let value = match name {
                "GIT_CONFIG_COUNT" => "3",
                "GIT_CONFIG_KEY_0" => "core.pager",
                "GIT_CONFIG_KEY_1" => "Safe.Directory",
                "GIT_CONFIG_KEY_2" | "GIT_CONFIG_KEY_3" => "safe.directory",
                "GIT_CONFIG_VALUE_0" | "GIT_CONFIG_VALUE_1" => "/a",
                "GIT_CONFIG_VALUE_2" => "*",
                "GIT_CONFIG_VALUE_3" => "/not-counted",
                _ => return None,
            };
            Some(value.to_owned())
        };
        assert_eq!(trusted_by_variables(variables), ["/a", "*"]);
        assert!(trusted_by_variables(|_| None).is_empty());
    }

    #[test]
    fn a_foreign_repository_gets_a_message_of_its_own() {
        let args = [OsStr::new("-c"), OsStr::new("a=b"), OsStr::new("rev-parse")];
        let said = "fatal: detected dubious ownership in repository at '/x'\nmore";
        assert!(matches!(git_error(Path::new("/x"), &args, said), Error::GitOwnership { .. }));
        let other = git_error(Path::new("/x"), &args, "fatal: broken\n").to_string();
        assert!(other.starts_with("`git rev-parse` failed in /x: fatal: broken"), "{other}");
    }
}
