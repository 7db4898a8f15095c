//! The command line: data in `tests/cmd/`, and here what takes a git repository, a pipe, or a file system of
//! some kind.

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
    command
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .env_remove("CLICOLOR_FORCE")
        .stdin(Stdio::null());
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
    command
        .args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "core.autocrlf=false"])
        .args(arguments);
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

/// By bash itself, where it is: after `check --form` there is one way to go on.
#[test]
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

#[test]
fn a_page_is_written_for_each_command() {
    let folder = tempfile::tempdir().expect("there is room");
    let (code, out, told) = told(&unleak(folder.path(), &["man", "."]));
    assert_eq!((code, out.as_str()), (0, ""));
    let pages = files(folder.path());
    assert_eq!(told, format!("{} pages written to .\n", pages.len()));
    let page = pages.iter().find(|(name, _)| name == "unleak-check.1").expect("check has a page");
    assert!(String::from_utf8_lossy(&page.1).contains("List what leaks"));
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
    let odd = [
        "sp ace.go",
        "quo\"te.go",
        "ümlaut.go",
        "-dash.go",
        "new\nline.go",
        "es\u{1b}[31mc.go",
        "back\\slash.go",
    ];
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
    assert_eq!(
        told(&unleak(tree.path(), &["fix", "--exit-code"])).0,
        0,
        "nothing is left, and nothing to write"
    );
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

#[cfg(unix)]
#[test]
fn a_signal_while_a_fix_is_verified_brings_all_files_back() {
    for signal in ["INT", "HUP", "TERM"] {
        let tree = leaky();
        let before = files(tree.path());
        let verify = format!("grep -q 'defer client' leak.go && kill -{signal} $PPID");
        let (code, _, said) = told(&unleak(tree.path(), &["fix", "--no-vcs", "--verify", &verify]));
        assert!(code == 2 && said.contains("interrupted while"), "{signal}: {code}, {said}");
        assert_eq!(files(tree.path()), before, "{signal}");
    }
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
    let text = format!(
        "{LEAK}\nfunc deep(ctx context.Context) {{\n\tclient, err := {deep}\n\t_, _ = client, err\n}}\n"
    );
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
    let far = LEAK
        .replace("example.com/p/lib", "example.com/far/lib")
        .replace("return client.Count()", "client.Count()\n\treturn 0");
    write(tree.path(), "leak.go", &far);
    let (code, stdout, stderr) = told(&unleak(tree.path(), &["check", "--format", "concise"]));
    assert_eq!((code, stdout.as_str()), (0, ""));
    assert!(stderr.contains("1 call of unknown type"), "{stderr}");
    let (code, stdout, _) =
        told(&unleak(tree.path(), &["check", "--format", "concise", "--assume-closable"]));
    assert_eq!((code, stdout.lines().count()), (1, 1), "{stdout}");
    assert!(!stdout.contains("safe fix") || stdout.contains("unsafe fix"), "it may have no Close: {stdout}");
    // What its author closes has something to close.
    write(
        tree.path(),
        "leak.go",
        far.replace("\tclient.Count()", "\tdefer client.Close()\n\tclient.Count()"),
    );
    let (code, stdout, _) = told(&unleak(tree.path(), &["audit"]));
    assert_eq!(code, 0);
    assert!(stdout.lines().next().is_some_and(|row| row.contains(" released ")), "{stdout}");
    // So has what a function of the repository passes on to its callers, once somebody closes what it was
    // made with.
    let wrapper = "package p\n\nimport (\n\t\"context\"\n\n\t\"example.com/far/lib\"\n)\n\nfunc dial(ctx \
                   context.Context) (*lib.Client, error) {\n\treturn lib.NewClient(ctx)\n}\n";
    write(tree.path(), "dial.go", wrapper);
    write(
        tree.path(),
        "user.go",
        far.replace("func leak", "func use")
            .replace("lib.NewClient(", "dial(")
            .replace("\n\t\"example.com/far/lib\"\n", ""),
    );
    let (code, stdout, _) = told(&unleak(tree.path(), &["check", "--format", "concise"]));
    assert_eq!((code, stdout.lines().count()), (1, 1), "{stdout}");
    assert!(stdout.contains("user.go:8:") && stdout.contains("is never closed"), "{stdout}");
}

#[test]
fn a_release_uses_what_the_go_of_the_module_has() {
    let tree = tempfile::tempdir().expect("there is room");
    let asking = LIB.replace("Close() error", "Close(ctx context.Context) error");
    let made = "client, err := lib.NewClient(ctx)";
    let ending =
        LEAK.replace(made, &format!("ctx, cancel := context.WithCancel(ctx)\n\tdefer cancel()\n\t{made}"));
    let named = LEAK.replace("(int, error)", "(n int, err error)");
    let cases = [
        (&*asking, &*ending, "auto", "WithoutCancel(ctx)", [("1.9", false), ("1.20", false), ("1.21", true)]),
        (LIB, &*named, "join", "errors.Join(err,", [("1.9", false), ("1.19", false), ("1.20", true)]),
    ];
    for (lib, leak, style, word, versions) in cases {
        write(tree.path(), "lib/lib.go", lib);
        write(tree.path(), "leak.go", leak);
        for (go, there) in versions {
            write(tree.path(), "go.mod", format!("module example.com/p\n\ngo {go}\n"));
            let (_, patch, _) = told(&unleak(tree.path(), &["diff", "--unsafe", "--style", style]));
            assert!(patch.contains("client.Close(") && patch.contains(word) == there, "go {go}: {patch}");
        }
    }
}

#[test]
fn a_callee_without_source_is_assumed_to_keep() {
    let tree = leaky();
    let text =
        LEAK.replace("\t\"example.com/p/lib\"", "\t\"example.com/far/keep\"\n\n\t\"example.com/p/lib\"");
    write(
        tree.path(),
        "leak.go",
        text.replace("return client.Count(), nil", "return keep.Count(client), nil"),
    );
    assert_eq!(told(&unleak(tree.path(), &["check"])).0, 0);
    let (_, table, _) = told(&unleak(tree.path(), &["audit"]));
    assert!(table.contains("passed on") && table.contains("assumed"), "{table}");
}

/// A module in a repository whose `leak.go` has two leaks, in `leak` and `second`.
fn with_history() -> tempfile::TempDir {
    let tree = leaky();
    let second = LEAK.split_once("func leak").expect("it is there").1;
    write(tree.path(), "leak.go", format!("{LEAK}\nfunc second{second}"));
    commit(tree.path());
    tree
}

/// The places of what is reported: `leak.go:10`.
fn places(folder: &Path, arguments: &[&str]) -> Vec<String> {
    let (code, stdout, stderr) =
        told(&unleak(folder, &[&["check", "--format", "concise"], arguments].concat()));
    assert!(code == i32::from(!stdout.is_empty()), "{stderr}");
    stdout.lines().map(|line| line.splitn(3, ':').take(2).collect::<Vec<_>>().join(":")).collect()
}

#[test]
fn only_what_a_change_touches_is_news() {
    let tree = with_history();
    let root = tree.path();
    assert_eq!(places(root, &["--since", "HEAD"]), [""; 0]);
    let text = fs::read_to_string(root.join("leak.go")).unwrap();
    // A line in the second function, far from the call; and one taken out between the functions.
    write(
        root,
        "leak.go",
        text.replacen("}\n\nfunc second", "}\nfunc second", 1)
            .replacen(
                "return 0, err\n\t}\n\treturn client",
                "return 0, err\n\t}\n\tprintln()\n\treturn client",
                2,
            )
            .replacen("\tprintln()\n", "", 1),
    );
    write(root, "new.go", LEAK.replace("func leak", "func fresh"));
    assert_eq!(places(root, &["--since", "HEAD"]), ["leak.go:17", "new.go:10"]);
    assert_eq!(places(root, &["--since", "HEAD", "."]).len(), 2);
    assert_eq!(places(root, &["--staged"]), [""; 0], "nothing is staged yet");
    git(root, &["add", "leak.go"]);
    assert_eq!(places(root, &["--staged"]), ["leak.go:17"]);
    git(root, &["commit", "--quiet", "--message", "second", "--", "leak.go"]);
    assert_eq!(places(root, &["--since", "HEAD"]), ["new.go:10"]);
    assert_eq!(places(root, &["--since", "HEAD~1"]), ["leak.go:17", "new.go:10"]);
    let (_, _, stderr) = told(&unleak(root, &["check", "--since", "HEAD"]));
    assert!(stderr.contains("; 2 in functions that the change leaves alone"), "{stderr}");
    // Fixes keep to it too.
    let (code, stdout, stderr) = told(&unleak(root, &["fix", "--since", "HEAD", "--allow-dirty"]));
    assert!(code == 0 && stdout.contains("changed 1 file (+1 line), 0 findings left"), "{stdout}{stderr}");
    assert_eq!(places(root, &[]), ["leak.go:10", "leak.go:17"]);
}

#[test]
fn a_renamed_file_is_not_new() {
    let tree = with_history();
    let root = tree.path();
    git(root, &["mv", "leak.go", "moved.go"]);
    assert_eq!(places(root, &["--since", "HEAD"]), [""; 0]);
    assert_eq!(places(root, &["--staged"]), [""; 0]);
    let text = fs::read_to_string(root.join("moved.go")).unwrap();
    write(root, "moved.go", text.replacen("return 0, err", "return 1, err", 1));
    assert_eq!(places(root, &["--since", "HEAD"]), ["moved.go:10"]);
    assert_eq!(places(root, &["--staged"]), [""; 0], "on disk, but not staged");
}

#[test]
fn a_staged_line_is_found_where_it_is_on_disk() {
    let tree = with_history();
    let root = tree.path();
    let text = fs::read_to_string(root.join("leak.go")).unwrap();
    let staged = text.replacen("client.Count()", "client.Count() + 1", 2).replacen(
        "client.Count() + 1",
        "client.Count()",
        1,
    );
    write(root, "leak.go", &staged);
    git(root, &["add", "leak.go"]);
    write(root, "leak.go", staged.replacen("package p\n", "package p\n\n// Three\n// more\n// lines.\n", 1));
    assert_eq!(places(root, &["--staged"]), ["leak.go:22"]);
    write(root, "leak.go", text);
    assert_eq!(places(root, &["--staged"]), [""; 0], "taken back on disk");
}

#[test]
fn what_has_no_history_is_an_error() {
    let tree = with_history();
    let (code, stdout, stderr) = told(&unleak(tree.path(), &["check", "--since", "--output=x"]));
    assert!((code, stdout.as_str()) == (64, ""), "{stderr}");
    let (code, _, stderr) = told(&unleak(tree.path(), &["check", "--since=nope"]));
    assert!(code == 64 && stderr.contains("--since nope: git knows no such revision"), "{stderr}");
    let (code, _, stderr) = told(&unleak(tree.path(), &["check", "--since=--output=x"]));
    assert!(code == 64 && stderr.contains("no such revision") && !tree.path().join("x").exists(), "{stderr}");
    let bare = leaky();
    let (code, _, stderr) = told(&unleak(bare.path(), &["check", "--staged"]));
    assert!(code == 64 && stderr.contains("no git repository holds it"), "{stderr}");
}

#[test]
fn a_fork_is_measured_from_where_it_began() {
    let tree = with_history();
    let root = tree.path();
    git(root, &["branch", "fork"]);
    let text = fs::read_to_string(root.join("leak.go")).unwrap();
    write(root, "leak.go", text.replacen("return 0, err", "return 1, err", 1));
    git(root, &["commit", "--quiet", "--all", "--message", "main went on"]);
    git(root, &["branch", "ahead"]);
    git(root, &["checkout", "--quiet", "fork"]);
    assert_eq!(places(root, &["--since", "ahead"]), ["leak.go:10"]);
    assert_eq!(places(root, &["--since", "ahead..."]), [""; 0]);
}

/// Names that a shell, a terminal or a parser could take for something else reach nobody as they are but git
/// and JSON.
#[test]
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

/// Nothing that a repository's config or files name is run, whatever is asked of git.
#[cfg(unix)]
#[test]
fn a_hostile_repository_runs_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let tree = with_history();
    let root = tree.path();
    let marker = root.join("ran");
    let run = format!("touch '{}'; cat", marker.display());
    write(root, ".gitattributes", "*.go filter=evil diff=evil merge=evil\n");
    git(root, &["add", ".gitattributes"]);
    for hook in
        ["post-index-change", "reference-transaction", "pre-commit", "post-checkout", "fsmonitor-watchman"]
    {
        let file = format!(".git/hooks/{hook}");
        write(root, &file, format!("#!/bin/sh\n{run}\n"));
        fs::set_permissions(root.join(&file), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut config = fs::read_to_string(root.join(".git/config")).unwrap();
    config += &format!(
        "[core]\n\tfsmonitor = \"{run}\"\n\tpager = \"{run}\"\n\tsshCommand = \"{run}\"\n\teditor = \
         \"{run}\"\n"
    );
    config += &format!(
        "[diff]\n\texternal = \"{run}\"\n[diff \"evil\"]\n\tcommand = \"{run}\"\n\ttextconv = \"{run}\"\n"
    );
    config += &format!(
        "[filter \"evil\"]\n\tclean = \"{run}\"\n\tsmudge = \"{run}\"\n\tprocess = \"{run}\"\n\trequired = \
         true\n"
    );
    write(root, ".git/config", config);
    // Not as the index has it, so that git would look into it.
    let text = fs::read_to_string(root.join("leak.go")).unwrap();
    fs::remove_file(root.join("leak.go")).unwrap();
    write(root, "moved.go", text + "\n");
    for arguments in [
        &["check"][..],
        &["check", "--since", "HEAD"],
        &["check", "--since", "HEAD..."],
        &["check", "--staged"],
        &["diff"],
        &["fix"],
        &["fix", "--allow-dirty", "--add-ignore"],
    ] {
        let output = unleak(root, arguments);
        assert!(!marker.exists(), "{arguments:?} ran something: {output:?}");
    }
    let _ = Command::new("git").current_dir(root).args(["status"]).output();
    assert!(marker.exists(), "the test no longer shows anything");
}

/// A repository in the folder `repo` of a temporary one: a wrapper in `open/`, and two leaks in `use/`, one
/// of them of what the wrapper gives.
fn wrapped() -> tempfile::TempDir {
    let outside = tempfile::tempdir().expect("there is room");
    let repo = outside.path().join("repo");
    write(&repo, "go.mod", "module example.com/p\n\ngo 1.24\n");
    write(&repo, "lib/lib.go", LIB);
    let open = "package open\n\nimport (\n\t\"context\"\n\n\t\"example.com/p/lib\"\n)\n\nfunc Open(ctx \
                context.Context) \
                (*lib.Client, error) {\n\treturn lib.NewClient(ctx)\n}\n";
    write(&repo, "open/open.go", open);
    let used = LEAK.replace("lib.NewClient", "open.Open").replace("example.com/p/lib", "example.com/p/open");
    write(&repo, "use/use.go", used.replace("package p", "package use"));
    write(&repo, "use/own.go", LEAK.replace("package p", "package use").replace("func leak", "func own"));
    commit(&repo);
    outside
}

/// The findings of a JSON answer, without what may differ between runs in several places.
fn findings(output: &Output) -> Vec<serde_json::Value> {
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    document["findings"].as_array().expect("they are listed").clone()
}

#[test]
fn the_answer_is_the_same_from_everywhere_and_of_any_part() {
    let outside = wrapped();
    let repo = outside.path().join("repo");
    let json = |folder: &Path, path: &str| findings(&unleak(folder, &["check", "--format", "json", path]));
    let whole = json(&repo, ".");
    assert_eq!(whole.len(), 2);
    assert_eq!((&whole[0]["path"], &whole[1]["path"]), (&"use/own.go".into(), &"use/use.go".into()));
    assert_eq!(json(outside.path(), "repo"), whole);
    assert_eq!(json(Path::new("/"), repo.to_str().unwrap()), whole);
    assert_eq!(json(&repo.join("use"), "."), whole);
    assert_eq!(json(&repo.join("lib"), "../use"), whole);
    assert_eq!(json(&repo, "use/use.go"), whole[1..]);
    assert_eq!(json(&repo.join("use"), "own.go"), whole[..1]);
    let output = unleak(outside.path(), &["check", "--format", "json", "repo/use/use.go"]);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let root = fs::canonicalize(&repo).unwrap();
    assert_eq!(document["root"].as_str(), root.to_str());
    // A baseline written inside holds outside.
    unleak(&repo, &["check", "--write-baseline", "b.toml"]);
    assert_eq!(told(&unleak(outside.path(), &["check", "--baseline", "repo/b.toml", "repo"])).0, 0);
}

#[test]
fn clones_of_one_repository_do_not_mix() {
    let outside = wrapped();
    copy(&outside.path().join("repo"), &outside.path().join("clone"));
    let answer = unleak(outside.path(), &["diff", "--format", "json", "."]);
    let document: serde_json::Value = serde_json::from_slice(&answer.stdout).unwrap();
    let patches = document["patches"].as_array().unwrap();
    assert_eq!((patches.len(), &patches[0]["patch"]), (2, &patches[1]["patch"]));
    // The document's own root is the folder around the clones.
    assert_eq!(findings(&answer).iter().filter(|finding| finding.get("root").is_some()).count(), 4);
    // One patch belongs to one repository.
    let (_, patch, said) = told(&unleak(outside.path(), &["diff", "."]));
    assert!(patch.contains("a/clone/use/") && !patch.contains("a/repo/use/"), "{patch}");
    assert!(said.contains("repo/use/own.go: not in the patch: it belongs to the repository"), "{said}");
}

#[test]
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

#[test]
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

#[test]
fn a_pipe_into_git_apply_succeeds_in_a_clean_tree() {
    let tree = tempfile::tempdir().unwrap();
    write(tree.path(), "a b.go", "package p\n");
    commit(tree.path());
    assert!(told(&unleak(tree.path(), &["diff"])).1.is_empty());
    let (code, patch, _) = told(&unleak(tree.path(), &["diff", "--allow-empty"]));
    assert_eq!(code, 0);
    write(tree.path(), "the.patch", &patch);
    git(tree.path(), &["apply", "the.patch"]);
    assert_eq!(fs::read_to_string(tree.path().join("a b.go")).unwrap(), "package p\n");
    let status = git(tree.path(), &["status", "--short"]);
    assert_eq!(String::from_utf8_lossy(&status.stdout), "?? the.patch\n");
}

#[cfg(unix)]
#[test]
fn a_named_link_gives_a_patch_that_applies_or_a_word() {
    let tree = leaky();
    commit(tree.path());
    std::os::unix::fs::symlink("leak.go", tree.path().join("link.go")).unwrap();
    let (_, patch, _) = told(&unleak(tree.path(), &["diff", "link.go"]));
    write(tree.path(), "the.patch", &patch);
    git(tree.path(), &["apply", "--check", "the.patch"]);
    let elsewhere = tempfile::tempdir().unwrap();
    write(elsewhere.path(), "out.go", LEAK);
    std::os::unix::fs::symlink(elsewhere.path().join("out.go"), tree.path().join("out.go")).unwrap();
    let (_, patch, said) = told(&unleak(tree.path(), &["diff", "out.go"]));
    assert!(patch.is_empty() && said.contains("not in the patch: a symbolic link out of its tree"), "{said}");
}

#[test]
fn a_file_that_does_not_parse_is_edited_when_that_is_asked_for() {
    let tree = leaky();
    let broken = format!("{LEAK}\nfunc broken() {{\n\tx := := 1\n}}\n");
    write(tree.path(), "leak.go", &broken);
    let (_, answer, _) = told(&unleak(tree.path(), &["fix", "--no-vcs"]));
    assert!(answer.contains("1 finding left (1 syntax error); partial"), "{answer}");
    assert_eq!(fs::read_to_string(tree.path().join("leak.go")).unwrap(), broken);
    assert_eq!(told(&unleak(tree.path(), &["fix", "--no-vcs", "--strict"])).0, 2);
    let (_, answer, _) = told(&unleak(tree.path(), &["fix", "--no-vcs", "--damaged"]));
    assert!(answer.contains("changed 1 file"), "{answer}");
}

#[test]
fn a_baseline_outlives_a_renamed_file() {
    let tree = leaky();
    unleak(tree.path(), &["check", "--write-baseline", "b.toml"]);
    fs::create_dir(tree.path().join("moved")).unwrap();
    fs::rename(tree.path().join("leak.go"), tree.path().join("moved/other.go")).unwrap();
    let (code, _, said) = told(&unleak(tree.path(), &["check", "--baseline", "b.toml"]));
    assert!(code == 0 && said.contains("1 in the baseline") && !said.contains("gone"), "{said}");
    // One entry stands for one finding.
    write(tree.path(), "moved/second/again.go", LEAK);
    let (code, _, said) = told(&unleak(tree.path(), &["check", "--baseline", "b.toml"]));
    assert!(code == 1 && said.contains("1 finding in"), "{said}");
}

#[test]
fn code_that_goes_behind_a_leak_does_not_bring_it_back() {
    let tree = leaky();
    let behind =
        "\nfunc behind() error {\n\tif err := other(); err != nil {\n\t\treturn err\n\t}\n\treturn nil\n}\n";
    write(tree.path(), "leak.go", format!("{LEAK}{behind}"));
    commit(tree.path());
    git(tree.path(), &["tag", "start"]);
    write(tree.path(), "leak.go", LEAK);
    for revision in ["HEAD", "start", ":/all"] {
        let (code, _, said) = told(&unleak(tree.path(), &["check", "--since", revision]));
        assert!(
            code == 0 && said.contains("1 in functions that the change leaves alone"),
            "{revision}: {said}"
        );
    }
    let (code, ..) = told(&unleak(tree.path(), &["check", "--since", ":/no such words"]));
    assert_eq!(code, 64);
}
