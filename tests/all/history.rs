//! What a repository's history says is new, what a baseline keeps, and that asking git runs nothing.

use std::fs;
use std::path::Path;
use std::process::Command;

use libtest_mimic::Trial;

use crate::support::{LEAK, commit, git, leaky, tests, told, unleak, write};

/// The tests of this module.
pub fn tests() -> Vec<Trial> {
    tests![
        only_what_a_change_touches_is_news,
        a_renamed_file_is_not_new,
        a_staged_line_is_found_where_it_is_on_disk,
        what_has_no_history_is_an_error,
        a_fork_is_measured_from_where_it_began,
        a_shallow_clone_says_that_its_history_is_not_there,
        a_baseline_outlives_a_renamed_file,
        code_that_goes_behind_a_leak_does_not_bring_it_back,
        #[cfg(unix)]
        a_hostile_repository_runs_nothing,
    ]
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

/// What a bot has that fetches no more than the last commit of each branch.
fn a_shallow_clone_says_that_its_history_is_not_there() {
    let tree = with_history();
    git(tree.path(), &["branch", "base"]);
    write(tree.path(), "new.go", LEAK.replace("func leak", "func fresh"));
    commit(tree.path());
    let folder = tempfile::tempdir().unwrap();
    let from = format!("file://{}", tree.path().display());
    let clone = folder.path().join("clone");
    let depth = ["--quiet", "--depth", "1", "--no-single-branch"];
    git(folder.path(), &[&["clone"], &depth[..], &[from.as_str(), "clone"]].concat());
    for revision in ["origin/base...", "HEAD~1"] {
        let (code, _, stderr) = told(&unleak(&clone, &["check", "--since", revision]));
        assert!(code == 64 && stderr.contains("fetch its history"), "{revision}: {stderr}");
        assert_eq!(stderr.contains("no such revision"), revision == "HEAD~1", "{stderr}");
    }
    // All that is compared is there.
    assert_eq!(places(&clone, &["--since", "origin/base"]), ["new.go:10"]);
    git(&clone, &["fetch", "--quiet", "--unshallow"]);
    assert_eq!(places(&clone, &["--since", "origin/base..."]), ["new.go:10"]);
    // Branches that have nothing in common.
    git(&clone, &["checkout", "--quiet", "--orphan", "alone"]);
    commit(&clone);
    let (code, _, stderr) = told(&unleak(&clone, &["check", "--since", "origin/base..."]));
    assert!(code == 64 && stderr.contains("without the dots"), "{stderr}");
}

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

/// Nothing that a repository's config or files name is run, whatever is asked of git.
#[cfg(unix)]
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
