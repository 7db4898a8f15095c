//! Holds the READMEs to what the program prints: in each ```` ```console ```` block a line `$ unleak …` (or
//! `$ cargo run --release -- …`) is followed by what comes out, standard output first. `UPDATE_README=1`
//! writes it anew, for reading. The examples themselves must compile, fixed and as they are.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use libtest_mimic::{Completion, Trial};
use unleak::engine;

use crate::support::{self, copy, go, gofmt, needs_go, repository, tests, write};

/// The tests of this module.
pub fn tests() -> Vec<Trial> {
    tests![
        every_example_shows_what_comes_out,
        the_front_page_shows_what_comes_out,
        a_server_that_keeps_its_clients_has_no_findings,
        go_takes_the_examples_before_and_after,
    ]
}

/// The example folders.
fn examples() -> Vec<PathBuf> {
    let entries = fs::read_dir(repository().join("examples")).expect("there are examples");
    let mut folders: Vec<_> =
        entries.map(|entry| entry.expect("it can be read").path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// The arguments of a console line that this test can run.
fn arguments(line: &str) -> Option<Vec<&str>> {
    let command = line.strip_prefix("$ ")?;
    let rest = command.strip_prefix("unleak ").or_else(|| command.strip_prefix("cargo run --release -- "))?;
    Some(rest.split_whitespace().collect())
}

/// What the program prints in `folder`, with its exit code where that is not 0.
fn run(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_unleak"));
    command
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .env_remove("CLICOLOR_FORCE")
        .stdin(Stdio::null());
    let output = command.output().expect("the program runs");
    let text = String::from_utf8([output.stdout, output.stderr].concat()).expect("it prints UTF-8");
    // Editors strip trailing blanks from Markdown, and readers do not see them.
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// The page with the output of each command in its place. All commands run one after another in a copy of
/// `folder`.
fn with_real_output(page: &str, folder: &Path) -> String {
    let tree = tempfile::tempdir().expect("there is room for a copy");
    copy(folder, tree.path());
    let (mut out, mut in_console, mut in_output) = (String::new(), false, false);
    for line in page.lines() {
        if line.starts_with("```") {
            in_console = line == "```console";
            in_output = false;
        } else if in_console && line.starts_with("$ ") {
            in_output = false;
        }
        if !in_output {
            out += &format!("{line}\n");
        }
        if let Some(arguments) = arguments(line).filter(|_| in_console) {
            out += &run(tree.path(), &arguments);
            in_output = true;
        }
    }
    out
}

fn hold(page: &Path, folder: &Path) {
    let written = fs::read_to_string(page).unwrap_or_else(|e| panic!("{}: {e}", page.display()));
    let real = with_real_output(&written, folder);
    if std::env::var_os("UPDATE_README").is_some_and(|value| value == "1") {
        fs::write(page, &real).expect("the page can be written");
        return;
    }
    let differing = written.lines().zip(real.lines()).find(|(written, real)| written != real);
    assert!(
        written == real,
        "{} does not show what comes out: {differing:?}\nit should be:\n{real}",
        page.display()
    );
}

fn every_example_shows_what_comes_out() {
    for folder in examples() {
        let page = folder.join("README.md");
        assert!(
            fs::read_to_string(&page).is_ok_and(|text| text.contains("\n$ unleak ")),
            "{}: no command",
            page.display()
        );
        hold(&page, &folder);
    }
}

fn the_front_page_shows_what_comes_out() {
    // Only what its commands look at, so that nothing of a build is copied.
    let tree = tempfile::tempdir().expect("there is room for a copy");
    copy(&repository().join("examples"), &tree.path().join("examples"));
    hold(&repository().join("README.md"), tree.path());
}

fn a_server_that_keeps_its_clients_has_no_findings() {
    let folder = repository().join("examples/keeps-its-clients");
    let report = engine::check(&support::settings(&folder)).expect("the example can be read");
    let messages: Vec<_> = report.findings.iter().map(|finding| &finding.message).collect();
    assert!(messages.is_empty(), "{messages:?}");
    assert!(report.acquisitions.len() >= 4, "its clients are not even seen");
}

fn go_takes_the_examples_before_and_after() -> Completion {
    needs_go(hold_with_go)
}

fn hold_with_go() {
    for folder in examples() {
        let name = folder.display().to_string();
        let tree = tempfile::tempdir().expect("there is room for a copy");
        copy(&folder, tree.path());
        assert_eq!(gofmt(tree.path()), "", "{name}");
        go(tree.path(), &["vet", "./..."]).unwrap_or_else(|said| panic!("{name}:\n{said}"));
        let run = engine::fix(&support::settings(tree.path())).expect("the copy can be read");
        for change in &run.changes {
            write(tree.path(), &change.path, &change.after);
        }
        assert_eq!(gofmt(tree.path()), "", "{name}, fixed");
        go(tree.path(), &["vet", "./..."]).unwrap_or_else(|said| panic!("{name}, fixed:\n{said}"));
    }
}
