//! What several tests need: settings, copies of trees, a module with a leak, the program itself, git and Go's
//! own tools.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, LazyLock};

use libtest_mimic::{Completion, Trial};
use unleak::config::{Files, FixSettings, Layer, ReportSettings, ScanSettings, Settings, Sources};
use unleak::rules;
use unleak::vcs::RepositoryPaths;

/// The oldest Go that compiles the fixtures: `new` takes a value since then.
const OLDEST_GO: (u32, u32) = (1, 26);

/// A package with a client.
pub const LIB: &str = include_str!("../cmd/leaky.in/lib/lib.go");

/// A file of a package beside it that never closes one.
pub const LEAK: &str = "package p

import (
	\"context\"

	\"example.com/p/lib\"
)

func leak(ctx context.Context) (int, error) {
	client, err := lib.NewClient(ctx)
	if err != nil {
		return 0, err
	}
	return client.Count(), nil
}
";

/// The top of this repository.
pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Settings for a look at all of `root`, `_test.go` files included, with the shipped rules.
pub fn settings(root: &Path) -> Settings {
    let mut flags = Layer::default();
    flags.flag("tests", Some(true));
    Settings {
        root: fs::canonicalize(root).expect("the root is there"),
        places: Arc::new(RepositoryPaths::new(root)),
        scan: ScanSettings {
            paths: vec![".".into()],
            stdin: None,
            threads: 2,
            sources: Sources { rules: rules::builtin(), files: Files::None, flags },
            change: None,
            index_only: false,
        },
        report: ReportSettings::default(),
        fix: FixSettings::default(),
    }
}

/// The files below `root` as (path relative to it with `/`, bytes), sorted.
pub fn files(root: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder can be read") {
            let path = entry.expect("its entries can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let relative =
                    path.strip_prefix(root).expect("it lies below").to_string_lossy().replace('\\', "/");
                found.push((relative, fs::read(&path).expect("the file can be read")));
            }
        }
    }
    found.sort();
    found
}

/// Writes `text` to `root/path`, with the folders on the way.
pub fn write(root: &Path, path: &str, text: impl AsRef<[u8]>) {
    let file = root.join(path);
    fs::create_dir_all(file.parent().expect("it has a folder")).expect("the folder can be made");
    fs::write(file, text).expect("the file can be written");
}

/// Copies the tree `from` to `to`.
pub fn copy(from: &Path, to: &Path) {
    for (path, bytes) in files(from) {
        write(to, &path, bytes);
    }
}

/// A module with one leak in `leak.go`.
pub fn leaky() -> tempfile::TempDir {
    let tree = tempfile::tempdir().expect("there is room");
    write(tree.path(), "go.mod", "module example.com/p\n\ngo 1.24\n");
    write(tree.path(), "lib/lib.go", LIB);
    write(tree.path(), "leak.go", LEAK);
    tree
}

/// The program, run to its end.
pub fn unleak(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("the program runs")
}

/// The program with `arguments`, to be run in `folder`.
pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_unleak"));
    command
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .env_remove("CLICOLOR_FORCE")
        .stdin(Stdio::null());
    command
}

/// Exit code, standard output, standard error.
pub fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().expect("it ends by itself"), text(&output.stdout), text(&output.stderr))
}

/// Git, with nobody's settings. It has to succeed.
pub fn git(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new("git");
    command.current_dir(folder).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    command
        .args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "core.autocrlf=false"])
        .args(arguments);
    let output = command.output().expect("git runs");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Makes a repository of `folder` with all that lies there.
pub fn commit(folder: &Path) {
    git(folder, &["init", "--quiet"]);
    git(folder, &["add", "--all"]);
    git(folder, &["commit", "--quiet", "--message", "all"]);
}

/// Runs what needs Go's tools. Without them it is skipped with a word, or fails where that must not be
/// (`CI` is set).
pub fn needs_go(test: impl FnOnce()) -> Completion {
    static FOUND: LazyLock<bool> = LazyLock::new(|| go_version().is_some_and(|version| version >= OLDEST_GO));
    if *FOUND {
        test();
        return Completion::Completed;
    }
    let wanted = format!("no go {}.{} or later", OLDEST_GO.0, OLDEST_GO.1);
    assert!(std::env::var_os("CI").is_none(), "{wanted} here, and CI is set");
    skipped(&wanted)
}

/// Says that a test is skipped, and why.
pub fn skipped(why: &str) -> Completion {
    eprintln!("skipped: {why}");
    Completion::ignored_with(why)
}

/// A test by its name.
pub fn test<T: Into<Ended>>(name: String, run: impl FnOnce() -> T + Send + 'static) -> Trial {
    Trial::ignorable_test(name, move || Ok(run().into().0))
}

/// How a test came to its end: one that returns nothing is through.
pub struct Ended(Completion);

impl From<()> for Ended {
    fn from((): ()) -> Ended {
        Ended(Completion::Completed)
    }
}

impl From<Completion> for Ended {
    fn from(completion: Completion) -> Ended {
        Ended(completion)
    }
}

/// The functions of a module as tests named by it and by themselves.
macro_rules! tests {
    ($($(#[$when:meta])* $function:ident),* $(,)?) => {{
        let module = module_path!().split_once("::").map_or("", |(_, module)| module);
        let mut tests = Vec::new();
        $(
            $(#[$when])*
            tests.push($crate::support::test(format!("{module}::{}", stringify!($function)), $function));
        )*
        tests
    }};
}
pub(crate) use tests;

/// `go version go1.26.8 linux/amd64` as (1, 26).
fn go_version() -> Option<(u32, u32)> {
    let output = Command::new("go").arg("version").env("GOTOOLCHAIN", "local").output().ok()?;
    let words = String::from_utf8(output.stdout).ok()?;
    let version = words.split_whitespace().nth(2)?.strip_prefix("go")?.to_owned();
    let mut parts = version.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u32>);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

/// Runs `go` in `folder` without network. Returns what it says when it fails.
pub fn go(folder: &Path, args: &[&str]) -> Result<(), String> {
    let mut command = Command::new("go");
    command
        .args(args)
        .current_dir(folder)
        .env("GOTOOLCHAIN", "local")
        .env("GOPROXY", "off")
        .env("GOFLAGS", "")
        .env("GOWORK", "off");
    let output = command.output().expect("go runs");
    if output.status.success() { Ok(()) } else { Err(said(&output)) }
}

/// The files below `folder` that gofmt would change.
pub fn gofmt(folder: &Path) -> String {
    let output = Command::new("gofmt")
        .args(["-l", "."])
        .current_dir(folder)
        .output()
        .expect("gofmt runs where go does");
    said(&output)
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}
