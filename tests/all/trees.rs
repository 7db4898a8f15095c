//! Trees of files as they are found: which of them are read, with what module around them, and what is told
//! of the others.

use std::fs;
use std::path::Path;
use std::process::Output;

use libtest_mimic::Trial;

use crate::support::{LEAK, LIB, commit, copy, leaky, tests, told, unleak, write};

/// The tests of this module.
pub fn tests() -> Vec<Trial> {
    tests![
        ignore_files_hold_without_a_repository,
        #[cfg(unix)]
        a_loop_of_links_is_left_alone,
        #[cfg(unix)]
        an_unreadable_folder_is_told_and_passed_over,
        a_huge_file_is_told_and_passed_over,
        nested_parentheses_do_no_harm,
        a_type_that_nobody_knows_is_counted_and_can_be_assumed,
        a_tree_from_before_modules_knows_its_own_packages,
        a_release_uses_what_the_go_of_the_module_has,
        a_callee_without_source_may_keep_what_it_gets,
        what_a_method_opens_may_be_released_before_the_check_and_opened_again,
        the_answer_is_the_same_from_everywhere_and_of_any_part,
        a_test_that_is_named_alone_knows_what_other_tests_declare,
        words_name_a_place_the_same_from_everywhere,
        clones_of_one_repository_do_not_mix,
    ]
}

fn ignore_files_hold_without_a_repository() {
    let tree = leaky();
    write(tree.path(), ".gitignore", "leak.go\n");
    assert_eq!(told(&unleak(tree.path(), &["check"])).0, 0);
    assert_eq!(told(&unleak(tree.path(), &["check", "leak.go"])).0, 1, "a file that is named is read");
}

#[cfg(unix)]
fn a_loop_of_links_is_left_alone() {
    let tree = leaky();
    std::os::unix::fs::symlink(".", tree.path().join("again")).unwrap();
    std::os::unix::fs::symlink("b", tree.path().join("a")).unwrap();
    std::os::unix::fs::symlink("a", tree.path().join("b")).unwrap();
    let (code, stdout, _) = told(&unleak(tree.path(), &["check", "--format", "concise"]));
    assert_eq!((code, stdout.lines().count()), (1, 1), "{stdout}");
}

#[cfg(unix)]
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

fn a_huge_file_is_told_and_passed_over() {
    let tree = leaky();
    write(tree.path(), "huge.go", ["package p\n\n", &"// NewHugeClient(\n".repeat(3 << 20)].concat());
    let (code, stdout, stderr) = told(&unleak(tree.path(), &["check", "--format", "concise"]));
    assert_eq!((code, stdout.lines().count()), (1, 1), "{stdout}");
    assert!(stderr.contains("warning: huge.go") && stderr.contains("not complete"), "{stderr}");
}

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

/// A wrapper of a vendored constructor, called from another package of a tree that has no go.mod.
fn a_tree_from_before_modules_knows_its_own_packages() {
    let tree = tempfile::tempdir().unwrap();
    let client = "type Client struct{ open bool }\n\nfunc NewClient() *Client { return &Client{true} }\n\n\
                  func (c *Client) Use() {}\n\nfunc (c *Client) Close() { c.open = false }\n";
    let wrapper = "package lib\n\nimport \"example.net/dep\"\n\n\
                   func OpenThing() *dep.Client { return dep.NewClient() }\n";
    let caller = "package main\n\nimport \"example.com/owner/tool/lib\"\n\n\
                  func main() { run() }\n\nfunc run() {\n\tthing := lib.OpenThing()\n\tthing.Use()\n}\n";
    write(tree.path(), "vendor/example.net/dep/dep.go", format!("package dep\n\n{client}"));
    write(tree.path(), "lib/lib.go", wrapper);
    write(tree.path(), "cmd/tool/main.go", caller);
    let check = || told(&unleak(tree.path(), &["check", "--format", "concise"]));
    let (code, stdout, _) = check();
    assert!(code == 1 && stdout.contains("cmd/tool/main.go:8:11"), "told by its imports: {stdout}");
    // Another's, of which a copy is vendored, is not this tree's.
    write(tree.path(), "vendor/example.com/owner/tool/lib/lib.go", "package lib\n\nfunc OpenThing() {}\n");
    assert_eq!(check().0, 0);
    write(tree.path(), "glide.yaml", "package: example.com/owner/tool\n");
    let (code, stdout, _) = check();
    assert_eq!(code, 0, "`vendor` goes before: {stdout}");
    fs::remove_dir_all(tree.path().join("vendor/example.com")).unwrap();
    assert_eq!(check().0, 1, "told by its manifest");
}

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

fn a_callee_without_source_may_keep_what_it_gets() {
    let tree = leaky();
    let far = |call: &str| {
        let text =
            LEAK.replace("\t\"example.com/p/lib\"", "\t\"example.com/far/keep\"\n\n\t\"example.com/p/lib\"");
        write(tree.path(), "leak.go", text.replace("return client.Count(), nil", call));
    };
    far("return keep.Count(client), nil");
    let (code, line, _) = told(&unleak(tree.path(), &["check", "--format", "concise"]));
    assert!(code == 1 && line.contains("[unsafe fix]"), "{line}");
    assert!(told(&unleak(tree.path(), &["diff"])).1.is_empty(), "nobody knows what it does");
    // By its name it keeps it.
    far("return keep.Register(client), nil");
    assert_eq!(told(&unleak(tree.path(), &["check"])).0, 0);
    let (_, table, _) = told(&unleak(tree.path(), &["audit"]));
    assert!(table.contains("passed on") && table.contains("assumed"), "{table}");
}

/// A repository in the folder `repo` of a temporary one: a wrapper in `open/`, and two leaks in `use/`, one
/// of them of what the wrapper gives.
fn what_a_method_opens_may_be_released_before_the_check_and_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "go.mod", "module example.com/m\n\ngo 1.26\n");
    let text = r#"package m

import "net"

type line struct{ conn net.Conn }

func (l *line) Connect() error {
	conn, err := net.Dial("tcp", "a")
	if err != nil {
		return err
	}
	l.conn = conn
	return nil
}

func (l *line) Close() error { return l.conn.Close() }

func early() error {
	l := &line{}
	err := l.Connect()
	defer l.Close()
	return err
}

func again() {
	l := &line{}
	_ = l.Connect()
	l.Close()
	_ = l.Connect()
	l.Close()
}

func leaks() error {
	l := &line{}
	return l.Connect()
}
"#;
    write(folder.path(), "m.go", text);
    let found = findings(&unleak(folder.path(), &["check", "--select", "all", "--format", "json", "."]));
    let functions: Vec<_> = found.iter().map(|one| one["function"].as_str().unwrap_or_default()).collect();
    assert_eq!(functions, ["leaks"], "{found:?}");
}

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

fn a_test_that_is_named_alone_knows_what_other_tests_declare() {
    let tree = leaky();
    let open = "package p

import (
\t\"context\"

\t\"example.com/p/lib\"
)

func open(ctx context.Context) (*lib.Client, error) {
\treturn lib.NewClient(ctx)
}
";
    write(tree.path(), "helper_test.go", open);
    let user = LEAK.replace("func leak", "func user").replace("lib.NewClient(", "open(");
    write(tree.path(), "user_test.go", user.replace("\n\t\"example.com/p/lib\"\n", ""));
    let places = |arguments: &[&str]| {
        let (_, stdout, _) =
            told(&unleak(tree.path(), &[&["check", "--format", "concise"], arguments].concat()));
        stdout.lines().filter_map(|line| Some(line.split_once(": ")?.0.to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(places(&["--tests", "."]), ["leak.go:10:17", "user_test.go:8:17"]);
    assert_eq!(places(&["--tests", "user_test.go"]), ["user_test.go:8:17"]);
    assert_eq!(places(&["user_test.go"]), [""; 0], "nobody asks what tests do");
}

/// Why a fix needs a look may lie in another file.
fn words_name_a_place_the_same_from_everywhere() {
    let outside = tempfile::tempdir().unwrap();
    let repo = outside.path().join("repo");
    write(&repo, "go.mod", "module example.com/p\n\ngo 1.24\n");
    let lib = "package lib

type Client struct{ open bool }

var hook func(*Client)

func NewClient() *Client {
\tc := &Client{open: true}
\thook(c)
\treturn c
}

func (c *Client) Close() error { c.open = false; return nil }

func (c *Client) Use() {}
";
    write(&repo, "lib/lib.go", lib);
    let leak = "package p

import \"example.com/p/lib\"

func leak() {
\tc := lib.NewClient()
\tc.Use()
}
";
    write(&repo, "leak.go", leak);
    commit(&repo);
    let reason = |folder: &Path, path: &str| {
        let found = findings(&unleak(folder, &["check", "--format", "json", path]));
        found[0]["fix"]["reason"].as_str().unwrap_or_default().to_owned()
    };
    let inside = reason(&repo, ".");
    assert!(inside.starts_with("lib/lib.go:9: "), "{inside}");
    assert_eq!(reason(outside.path(), "repo"), inside);
    assert_eq!(reason(&repo.join("lib"), "../leak.go"), inside);
}

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
