//! The command line: data in `tests/cmd/`, and here what takes a git repository, a pipe, or a file system of some kind.

mod support;

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use support::{copy, files, repository, write};

const LIB: &str = include_str!("cmd/leaky.in/lib/lib.go");

const LEAK: &str = "package p

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

/// A module with one leak in `leak.go`.
fn leaky() -> tempfile::TempDir {
    let tree = tempfile::tempdir().expect("there is room");
    write(tree.path(), "go.mod", "module example.com/p\n\ngo 1.24\n");
    write(tree.path(), "lib/lib.go", LIB);
    write(tree.path(), "leak.go", LEAK);
    tree
}

fn unleak(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("the program runs")
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_unleak"));
    command.args(arguments).current_dir(folder).env("NO_COLOR", "1").env_remove("CLICOLOR_FORCE").stdin(Stdio::null());
    command
}

/// Exit code, standard output, standard error.
fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().expect("it ends by itself"), text(&output.stdout), text(&output.stderr))
}

fn git(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new("git");
    command.current_dir(folder).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    command.args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "core.autocrlf=false"]).args(arguments);
    let output = command.output().expect("git runs");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

fn commit(folder: &Path) {
    git(folder, &["init", "--quiet"]);
    git(folder, &["add", "--all"]);
    git(folder, &["commit", "--quiet", "--message", "all"]);
}

#[test]
fn command_lines() {
    trycmd::TestCases::new()
        .register_bin("unleak", trycmd::cargo::cargo_bin!("unleak"))
        .case("tests/cmd/*.trycmd")
        .case("tests/cmd/*.toml")
        .insert_var("[VERSION]", env!("CARGO_PKG_VERSION"))
        .expect("it is a variable's name")
        .env("NO_COLOR", "1");
}

#[test]
fn the_patch_is_one_that_git_applies() {
    let tree = tempfile::tempdir().expect("there is room");
    copy(&repository().join("tests/fixtures/unclosed-client"), tree.path());
    commit(tree.path());
    for arguments in [&["diff", "--tests"][..], &["diff", "--tests", "--unsafe"]] {
        let (code, patch, _) = told(&unleak(tree.path(), arguments));
        assert_eq!(code, 1);
        let patch_file = tree.path().join("the.patch");
        fs::write(&patch_file, patch).unwrap();
        git(tree.path(), &["apply", "--check", "the.patch"]);
        git(tree.path(), &["apply", "the.patch"]);
        let mut fix = vec!["fix", "--no-vcs", "--tests"];
        fix.extend(&arguments[2..]);
        let patched = go_files(tree.path());
        git(tree.path(), &["checkout", "--quiet", "."]);
        assert_eq!(told(&unleak(tree.path(), &fix)).0, 0);
        assert!(patched == go_files(tree.path()), "diff and fix differ");
        git(tree.path(), &["checkout", "--quiet", "."]);
    }
}

fn go_files(root: &Path) -> Vec<(String, Vec<u8>)> {
    files(root).into_iter().filter(|(path, _)| path.ends_with(".go")).collect()
}

#[test]
fn the_patch_is_applied_from_the_folder_it_was_made_in() {
    let tree = tempfile::tempdir().expect("there is room");
    let below = tree.path().join("deep/down here");
    copy(leaky().path(), &below);
    commit(tree.path());
    fs::write(tree.path().join("the.patch"), unleak(&below, &["diff"]).stdout).unwrap();
    git(&below, &["apply", "../../the.patch"]);
    assert!(fs::read_to_string(below.join("leak.go")).unwrap().contains("\tdefer client.Close()\n"));
}

#[test]
fn odd_names_and_line_endings_survive_a_patch() {
    let tree = leaky();
    fs::remove_file(tree.path().join("leak.go")).unwrap();
    let odd = ["sp ace.go", "quo\"te.go", "ümlaut.go", "-dash.go"];
    for (name, number) in odd.iter().zip(1..) {
        write(tree.path(), &format!("d{number}/{name}"), LEAK.replace('\n', "\r\n"));
    }
    commit(tree.path());
    let (code, patch, errors) = told(&unleak(tree.path(), &["diff"]));
    assert_eq!((code, patch.matches("\n+\tdefer client.Close()\r\n").count()), (1, odd.len()), "{errors}");
    fs::write(tree.path().join("the.patch"), patch).unwrap();
    git(tree.path(), &["apply", "the.patch"]);
    assert_eq!(told(&unleak(tree.path(), &["check"])).0, 0);
}

#[test]
fn any_number_of_threads_prints_the_same() {
    let folder = repository().join("tests/fixtures/unclosed-client");
    for arguments in [&["check", "--format", "json"][..], &["check"], &["diff", "--unsafe"], &["audit"]] {
        let run = |threads| told(&unleak(&folder, &[arguments, &["--tests", "-j", threads]].concat()));
        let one = run("1");
        assert!(!one.1.is_empty());
        assert!(one == run("2") && one == run("7"), "{arguments:?}");
    }
}

#[test]
fn a_dirty_tree_is_refused_and_named() {
    let tree = leaky();
    commit(tree.path());
    write(tree.path(), "other.go", "package p\n");
    git(tree.path(), &["add", "other.go"]);
    let (code, stdout, stderr) = told(&unleak(tree.path(), &["fix"]));
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert!(stderr.contains("other.go (staged)") && stderr.contains("--allow-dirty"), "{stderr}");
    assert_eq!(fs::read_to_string(tree.path().join("leak.go")).unwrap(), LEAK);

    let (code, stdout, stderr) = told(&unleak(tree.path(), &["fix", "--allow-dirty"]));
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.ends_with("changed 1 file (+1 line), 0 findings left\n"), "{stdout}");
    assert!(fs::read_to_string(tree.path().join("leak.go")).unwrap().contains("\tdefer client.Close()\n"));
}

#[test]
fn a_clean_tree_is_fixed_and_then_dirty() {
    let tree = leaky();
    commit(tree.path());
    assert_eq!(told(&unleak(tree.path(), &["fix", "--exit-code"])).0, 1);
    assert_eq!(told(&unleak(tree.path(), &["fix", "--exit-code"])).0, 0, "nothing is left, and nothing to write");
    let changed = git(tree.path(), &["diff", "--numstat"]);
    assert_eq!(String::from_utf8_lossy(&changed.stdout), "1\t0\tleak.go\n");
}

#[test]
fn outside_of_a_repository_one_has_to_know() {
    let tree = leaky();
    let (code, _, stderr) = told(&unleak(tree.path(), &["fix"]));
    assert!(code == 2 && stderr.contains("--no-vcs"), "{stderr}");
    assert_eq!(fs::read_to_string(tree.path().join("leak.go")).unwrap(), LEAK);
    assert_eq!(told(&unleak(tree.path(), &["fix", "--no-vcs"])).0, 0);
}

#[test]
fn ignore_files_hold_without_a_repository() {
    let tree = leaky();
    write(tree.path(), ".gitignore", "leak.go\n");
    assert_eq!(told(&unleak(tree.path(), &["check"])).0, 0);
    assert_eq!(told(&unleak(tree.path(), &["check", "leak.go"])).0, 1, "a file that is named is read");
}

#[test]
fn a_closed_pipe_is_no_error() {
    let folder = repository().join("tests/fixtures/unclosed-client");
    let mut child =
        command(&folder, &["audit", "--format", "json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{stderr}");
    assert!(!stderr.contains("error") && !stderr.contains("panic"), "{stderr}");
}

#[test]
fn what_is_left_out_is_counted_with_its_reason() {
    let folder = repository().join("tests/cmd/leaky.in");
    let (code, _, stderr) = told(&unleak(&folder, &["check", "--stats", "--quiet"]));
    assert_eq!(code, 1);
    for reason in ["1 file (vendor)", "1 file (generated)"] {
        assert!(stderr.contains(&format!("left out: {reason}")), "{reason} is not in:\n{stderr}");
    }
}

#[cfg(unix)]
#[test]
fn a_loop_of_links_is_left_alone() {
    let tree = leaky();
    std::os::unix::fs::symlink(".", tree.path().join("again")).unwrap();
    std::os::unix::fs::symlink("b", tree.path().join("a")).unwrap();
    std::os::unix::fs::symlink("a", tree.path().join("b")).unwrap();
    let (code, stdout, _) = told(&unleak(tree.path(), &["check", "--format", "concise"]));
    assert_eq!((code, stdout.lines().count()), (1, 1), "{stdout}");
}

#[cfg(unix)]
#[test]
fn an_unreadable_folder_is_told_and_passed_over() {
    use std::os::unix::fs::PermissionsExt;
    let tree = leaky();
    write(tree.path(), "locked/x.go", LEAK);
    let locked = tree.path().join("locked");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
    let open_all_the_same = fs::read_dir(&locked).is_ok();
    let output = told(&unleak(tree.path(), &["check", "--format", "concise"]));
    let strict = told(&unleak(tree.path(), &["check", "--strict"])).0;
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o755)).unwrap();
    if open_all_the_same {
        eprintln!("skipped: nothing is unreadable to this user");
        return;
    }
    let (code, stdout, stderr) = output;
    assert_eq!((code, stdout.lines().count(), strict), (1, 1, 2), "{stderr}");
    assert!(stderr.contains("warning: locked") && stderr.contains("not complete"), "{stderr}");
}

#[test]
fn a_huge_file_is_told_and_passed_over() {
    let tree = leaky();
    write(tree.path(), "huge.go", ["package p\n\n", &"// NewHugeClient(\n".repeat(3 << 20)].concat());
    let (code, stdout, stderr) = told(&unleak(tree.path(), &["check", "--format", "concise"]));
    assert_eq!((code, stdout.lines().count()), (1, 1), "{stdout}");
    assert!(stderr.contains("warning: huge.go") && stderr.contains("not complete"), "{stderr}");
}

#[test]
fn nested_parentheses_do_no_harm() {
    let tree = leaky();
    let deep = format!("{}lib.NewClient(ctx){}", "(".repeat(100_000), ")".repeat(100_000));
    let text = format!("{LEAK}\nfunc deep(ctx context.Context) {{\n\tclient, err := {deep}\n\t_, _ = client, err\n}}\n");
    write(tree.path(), "leak.go", text);
    let (code, stdout, stderr) = told(&unleak(tree.path(), &["check", "--format", "concise"]));
    assert_eq!(code, 1, "{stderr}");
    assert!(stdout.contains("leak.go:10:"), "{stdout}{stderr}");
}

#[test]
fn a_type_that_nobody_knows_is_counted_and_can_be_assumed() {
    let tree = tempfile::tempdir().expect("there is room");
    write(tree.path(), "go.mod", "module example.com/p\n\ngo 1.24\n\nrequire example.com/far v1.0.0\n");
    // What a method of an unknown type returns may need the client; so nothing of it leaves here.
    let far =
        LEAK.replace("example.com/p/lib", "example.com/far/lib").replace("return client.Count()", "client.Count()\n\treturn 0");
    write(tree.path(), "leak.go", &far);
    let (code, stdout, stderr) = told(&unleak(tree.path(), &["check", "--format", "concise"]));
    assert_eq!((code, stdout.as_str()), (0, ""));
    assert!(stderr.contains("1 call of unknown type"), "{stderr}");
    let (code, stdout, _) = told(&unleak(tree.path(), &["check", "--format", "concise", "--assume-closable"]));
    assert_eq!((code, stdout.lines().count()), (1, 1), "{stdout}");
    assert!(!stdout.contains("safe fix") || stdout.contains("unsafe fix"), "it may have no Close: {stdout}");
    // What its author closes has something to close.
    write(tree.path(), "leak.go", far.replace("\tclient.Count()", "\tdefer client.Close()\n\tclient.Count()"));
    let (code, stdout, _) = told(&unleak(tree.path(), &["audit"]));
    assert_eq!(code, 0);
    assert!(stdout.lines().next().is_some_and(|row| row.contains(" released ")), "{stdout}");
}

#[test]
fn a_callee_without_source_is_assumed_to_keep() {
    let tree = leaky();
    let text = LEAK.replace("\t\"example.com/p/lib\"", "\t\"example.com/far/keep\"\n\n\t\"example.com/p/lib\"");
    write(tree.path(), "leak.go", text.replace("return client.Count(), nil", "return keep.Count(client), nil"));
    assert_eq!(told(&unleak(tree.path(), &["check"])).0, 0);
    let (_, table, _) = told(&unleak(tree.path(), &["audit"]));
    assert!(table.contains("passed on") && table.contains("assumed"), "{table}");
}
