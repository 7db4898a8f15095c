//! The command line: data in `tests/cmd/`, codes and words, pipes, and what every output does with odd names.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use libtest_mimic::Trial;

use crate::support::{LEAK, command, commit, files, leaky, repository, test, tests, told, unleak, write};

/// The tests of this module.
pub fn tests() -> Vec<Trial> {
    let mut tests = tests![
        bash_completes_what_it_is_told,
        a_page_is_written_for_each_command,
        outcomes_have_codes_and_words,
        standard_input_is_answered_in_json_too,
        any_number_of_threads_prints_the_same,
        a_closed_pipe_is_no_error,
        what_is_left_out_is_counted_with_its_reason,
        odd_names_are_harmless_in_every_output,
    ];
    tests.extend(command_lines());
    tests
}

/// A test for each file of `tests/cmd` that holds commands.
fn command_lines() -> Vec<Trial> {
    let entries = fs::read_dir(repository().join("tests/cmd")).expect("there are commands");
    let names = entries.map(|entry| entry.expect("it can be read").file_name().into_string().unwrap());
    let mut names: Vec<String> =
        names.filter(|name| name.ends_with(".trycmd") || name.ends_with(".toml")).collect();
    names.sort();
    let of_file = |name: String| test(format!("cli::command_lines::{name}"), move || hold_commands(&name));
    names.into_iter().map(of_file).collect()
}

fn hold_commands(name: &str) {
    trycmd::TestCases::new()
        .register_bin("unleak", trycmd::cargo::cargo_bin!("unleak"))
        .case(repository().join("tests/cmd").join(name))
        .insert_var("[VERSION]", env!("CARGO_PKG_VERSION"))
        .expect("it is a variable's name")
        .env("NO_COLOR", "1");
}

/// By bash itself, where it is: after `check --form` there is one way to go on.
fn bash_completes_what_it_is_told() {
    let script = unleak(Path::new("."), &["completions", "bash"]).stdout;
    let asked = "COMP_WORDS=(unleak check --form); COMP_CWORD=2; _unleak unleak --form check; \
                 echo \"${COMPREPLY[*]}\"";
    let script = format!("{}\n{asked}\n", String::from_utf8(script).expect("it is text"));
    match Command::new("bash").args(["--norc", "-c", &script]).output() {
        Ok(output) => assert_eq!(told(&output), (0, "--format\n".to_owned(), String::new())),
        Err(_) => eprintln!("skipped: no bash"),
    }
}

fn a_page_is_written_for_each_command() {
    let folder = tempfile::tempdir().expect("there is room");
    let (code, out, told) = told(&unleak(folder.path(), &["man", "."]));
    assert_eq!((code, out.as_str()), (0, ""));
    let pages = files(folder.path());
    assert_eq!(told, format!("{} pages written to .\n", pages.len()));
    let page = pages.iter().find(|(name, _)| name == "unleak-check.1").expect("check has a page");
    assert!(String::from_utf8_lossy(&page.1).contains("List what leaks"));
}

fn outcomes_have_codes_and_words() {
    let tree = leaky();
    commit(tree.path());
    let code = |arguments: &[&str]| told(&unleak(tree.path(), arguments)).0;
    assert_eq!(code(&["check", "--exit-zero"]), 0);
    assert_eq!(code(&["diff", "--exit-zero"]), 0);
    write(tree.path(), "notes.txt", "");
    for wrong in [&["check", "--no-such-flag"][..], &["check", "--select", "x"], &["check", "nowhere"]] {
        assert_eq!(code(wrong), 64, "{wrong:?}");
    }
    let (code, _, said) = told(&unleak(tree.path(), &["check", "notes.txt"]));
    assert_eq!((code, said.contains("notes.txt: not a Go file")), (64, true), "{said}");
    let outcome = |arguments: &[&str]| {
        let output = unleak(tree.path(), &[&["fix", "--format", "json"][..], arguments].concat());
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
        let words = document["summary"]["outcome"].as_str().unwrap().to_owned();
        (output.status.code().unwrap(), words, document)
    };
    let (code, words, _) = outcome(&["--verify", "! grep -q defer leak.go"]);
    assert_eq!((code, &*words), (1, "rolled back"));
    let (code, words, _) = outcome(&["--verify", "false"]);
    assert_eq!((code, &*words), (2, "check fails anyway"));
    assert_eq!(fs::read_to_string(tree.path().join("leak.go")).unwrap(), LEAK);
    let (code, words, document) = outcome(&[]);
    assert_eq!((code, &*words), (0, "changed"));
    assert_eq!(document["summary"]["by_rule"]["unclosed-client"]["findings"], 1);
    let patch = document["patches"][0]["patch"].as_str().unwrap();
    assert!(patch.starts_with("diff --git a/leak.go b/leak.go\n"), "{patch}");
    let (code, words, _) = outcome(&["--allow-dirty"]);
    assert_eq!((code, &*words), (0, "nothing to do"));
}

fn standard_input_is_answered_in_json_too() {
    let tree = leaky();
    let mut command = command(tree.path(), &["fix", "-", "--stdin-filename", "leak.go", "--format", "json"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), LEAK.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert!(document["text"].as_str().unwrap().contains("\tdefer client.Close()\n"));
    assert_eq!(document["summary"]["changed"], 1);
}

fn any_number_of_threads_prints_the_same() {
    let folder = repository().join("tests/fixtures/unclosed-client");
    for arguments in [&["check", "--format", "json"][..], &["check"], &["diff", "--unsafe"], &["audit"]] {
        let run = |threads| told(&unleak(&folder, &[arguments, &["--tests", "-j", threads]].concat()));
        let one = run("1");
        assert!(!one.1.is_empty());
        assert!(one == run("2") && one == run("7"), "{arguments:?}");
    }
}

fn a_closed_pipe_is_no_error() {
    let folder = repository().join("tests/fixtures/unclosed-client");
    let mut child = command(&folder, &["audit", "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{stderr}");
    assert!(!stderr.contains("error") && !stderr.contains("panic"), "{stderr}");
}

fn what_is_left_out_is_counted_with_its_reason() {
    let folder = repository().join("tests/cmd/leaky.in");
    let (code, _, stderr) = told(&unleak(&folder, &["check", "--stats", "--quiet"]));
    assert_eq!(code, 1);
    for reason in ["1 file (vendor)", "1 file (generated)"] {
        assert!(stderr.contains(&format!("left out: {reason}")), "{reason} is not in:\n{stderr}");
    }
}

/// Names that a shell, a terminal or a parser could take for something else reach nobody as they are but git
/// and JSON.
fn odd_names_are_harmless_in_every_output() {
    let tree = leaky();
    let name = "a\n::error::b\u{1b}[31m\u{202e},\"c\".go";
    fs::rename(tree.path().join("leak.go"), tree.path().join(name)).unwrap();
    let run = |arguments: &[&str]| told(&unleak(tree.path(), arguments));
    for arguments in [
        &["check"][..],
        &["check", "--format", "concise"],
        &["check", "--format", "github"],
        &["diff", "--stat"],
        &["audit"],
        &["fix"],
        &["fix", "--no-vcs", "--max-fixes", "0"],
        &["check", "--write-baseline", "b.toml"],
    ] {
        let (_, stdout, stderr) = run(arguments);
        let both = stdout + &stderr;
        // What GitHub reads is the name as it is, but for what could end it.
        let turned = both.contains('\u{202e}') && !arguments.contains(&"github");
        assert!(!turned && !both.contains('\u{1b}') && !both.contains("\n::error"), "{arguments:?}: {both}");
    }
    for format in ["json", "sarif"] {
        let (_, stdout, _) = run(&["check", "--format", format]);
        let value: serde_json::Value = serde_json::from_str(&stdout).expect("it is JSON");
        let path = match format {
            "json" => value["findings"][0]["path"].clone(),
            _ => {
                value["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
                    .clone()
            }
        };
        assert!(path == name || path == "a%0A%3A%3Aerror%3A%3Ab%1B%5B31m%E2%80%AE%2C%22c%22.go", "{path}");
    }
    let (_, _, stderr) = run(&["check", "--baseline", "b.toml"]);
    assert!(stderr.contains("0 findings in 2 files; 1 in the baseline"), "{stderr}");
}
