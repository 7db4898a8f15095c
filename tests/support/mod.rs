//! What several test programs need: settings, copies of trees, Go's own tools.
#![allow(dead_code, reason = "each test program takes its part")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use unleak::config::{Files, Layer, Settings, Sources};
use unleak::rules;

/// The oldest Go that compiles the fixtures: `new` takes a value since then.
const OLDEST_GO: (u32, u32) = (1, 26);

/// The top of this repository.
pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Settings for a look at all of `root`, `_test.go` files included, with the shipped rules.
pub fn settings(root: &Path) -> Settings {
    let mut flags = Layer::default();
    flags.flag("tests", Some(true));
    Settings {
        sources: Sources { rules: rules::builtin(), files: Files::None, flags },
        root: fs::canonicalize(root).expect("the root is there"),
        places: std::sync::Arc::new(unleak::vcs::Places::new(root)),
        paths: vec![".".into()],
        stdin: None,
        threads: 2,
        index_only: false,
        report: Default::default(),
        fix: Default::default(),
        change: None,
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

/// Whether Go's tools can be asked. Says so where they cannot, and fails where that must not be (`CI` is
/// set).
pub fn has_go() -> bool {
    let found = go_version().is_some_and(|version| version >= OLDEST_GO);
    if !found {
        assert!(
            std::env::var_os("CI").is_none(),
            "no go {}.{} here, and CI is set",
            OLDEST_GO.0,
            OLDEST_GO.1
        );
        eprintln!("skipped: no go {}.{} or later", OLDEST_GO.0, OLDEST_GO.1);
    }
    found
}

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
