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
    assert!((code, stdout.as_str()) == (2, ""), "{stderr}");
    let (code, _, stderr) = told(&unleak(tree.path(), &["check", "--since=nope"]));
    assert!(code == 2 && stderr.contains("--since nope: git knows no such revision"), "{stderr}");
    let (code, _, stderr) = told(&unleak(tree.path(), &["check", "--since=--output=x"]));
    assert!(code == 2 && stderr.contains("no such revision") && !tree.path().join("x").exists(), "{stderr}");
    let bare = leaky();
    let (code, _, stderr) = told(&unleak(bare.path(), &["check", "--staged"]));
    assert!(code == 2 && stderr.contains("no git repository holds it"), "{stderr}");
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
