//! Walks over small trees in temporary folders.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::*;
use crate::base::sys::{self, Error};
use crate::config::Settings;

struct Tree {
    _dir: tempfile::TempDir,
    root: PathBuf,
}

impl Tree {
    fn new(files: &[(&str, &str)]) -> Tree {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let root = sys::real_path(dir.path()).expect("it is there");
        for (name, text) in files {
            let file = root.join(name);
            fs::create_dir_all(file.parent().expect("below the root")).unwrap();
            fs::write(file, text).unwrap();
        }
        Tree { _dir: dir, root }
    }

    fn settings(&self, paths: &[&str]) -> Settings {
        let mut settings = Settings::sample(&self.root, paths);
        settings.report.stats = true;
        settings
    }

    fn walk(&self, paths: &[&str]) -> Walked {
        walk(&self.settings(paths)).expect("the paths are there")
    }
}

fn paths(walked: &Walked) -> Vec<&str> {
    walked.files.iter().filter(|found| found.asked).map(|found| &*found.path).collect()
}

#[test]
fn what_go_passes_over_is_left_out_and_counted() {
    let tree = Tree::new(&[
        ("b.go", "package a"),
        ("a_test.go", "package a"),
        ("vendor/x/x.go", ""),
        ("sub/testdata/y.go", ""),
        ("sub/_old/z.go", ""),
        (".hidden/z.go", ""),
        ("node_modules/z/z.go", ""),
        ("sub/c.go", ""),
        ("sub/c.txt", ""),
    ]);
    let walked = tree.walk(&["."]);
    assert_eq!(paths(&walked), ["a_test.go", "b.go", "sub/c.go"]);
    assert!(walked.files[0].test && !walked.files[1].test);
    assert_eq!(walked.files[1].len, 9);
    let expected = BTreeMap::from([("hidden", 2), ("node_modules", 1), ("testdata", 1), ("vendor", 1)]);
    assert_eq!(walked.left_out, expected);
}

#[test]
fn ignore_files_count_also_without_a_repository() {
    let tree = Tree::new(&[
        (".gitignore", "gen/\n"),
        (".ignore", "c.go\n"),
        ("gen/a.go", ""),
        ("gen/b.go", ""),
        ("c.go", ""),
    ]);
    let walked = tree.walk(&["."]);
    assert_eq!(paths(&walked), ["c.go"], "no other program's ignore file counts");
    assert_eq!(walked.left_out, BTreeMap::from([("ignored", 2)]));
    assert_eq!(walked.left_out_folders, BTreeMap::from([("ignored", 1)]));
}

#[test]
fn ignore_files_above_count_up_to_the_top_of_the_repository() {
    let tree = Tree::new(&[
        (".gitignore", "*.go\n"),
        ("repo/.git/HEAD", "ref: refs/heads/main\n"),
        ("repo/.git/info/exclude", "kept.go\n"),
        ("repo/.gitignore", "ignored.go\n"),
        ("repo/sub/ignored.go", ""),
        ("repo/sub/kept.go", ""),
        ("plain/kept.go", ""),
    ]);
    assert_eq!(paths(&tree.walk(&["repo/sub"])), ["repo/sub/kept.go"]);
    assert_eq!(paths(&tree.walk(&["plain"])), ["plain/kept.go"]);
}

#[test]
fn a_named_file_is_always_taken_and_each_file_once() {
    let tree = Tree::new(&[
        (".gitignore", "a.go\n"),
        ("a.go", ""),
        ("vendor/v.go", ""),
        ("b.go", ""),
        ("x.txt", ""),
    ]);
    let absolute = tree.root.join("b.go");
    let walked = tree.walk(&[".", "./a.go", "vendor/v.go", absolute.to_str().expect("UTF-8")]);
    assert_eq!(paths(&walked), ["a.go", "b.go", "vendor/v.go"]);
    assert!(walked.files.iter().all(|found| found.named));
}

#[test]
fn printed_paths_are_relative_where_they_can_be() {
    let tree = Tree::new(&[("in/a.go", ""), ("out/b.go", "")]);
    let mut settings = tree.settings(&["../in", "../out"]);
    settings.root = tree.root.join("in");
    let walked = walk(&settings).unwrap();
    assert_eq!(paths(&walked), ["../out/b.go", "a.go"]);
    assert!(walked.files.iter().all(|found| found.file.is_absolute() && found.file.exists()));
    settings.scan.paths = vec!["..".into()];
    assert_eq!(paths(&walk(&settings).unwrap()), ["../out/b.go", "a.go"]);
}

#[test]
fn excluded_paths_are_left_out() {
    let tree = Tree::new(&[("a.go", ""), ("gen/b.go", ""), ("sub/gen/c.go", ""), ("sub/d_mock.go", "")]);
    let mut settings = tree.settings(&["."]);
    settings.scan.sources.flags.exclude(&tree.root, &["/gen/".into(), "*_mock.go".into()]).unwrap();
    let walked = walk(&settings).unwrap();
    assert_eq!(paths(&walked), ["a.go", "sub/gen/c.go"]);
    assert_eq!(walked.left_out, BTreeMap::from([("excluded", 2)]));
    let refused = settings.scan.sources.flags.exclude(&tree.root, &["a{b".into()]);
    assert!(matches!(refused, Err(Error::Glob { .. })));
}

#[test]
fn a_missing_path_is_an_error_and_no_go_file_is_none() {
    let tree = Tree::new(&[("a.txt", "")]);
    assert!(matches!(walk(&tree.settings(&["nowhere"])), Err(Error::NotFound { .. })));
    assert!(tree.walk(&["."]).files.is_empty());
}

#[cfg(unix)]
#[test]
fn links_are_passed_over_unless_named() {
    let tree = Tree::new(&[("real/a.go", "")]);
    std::os::unix::fs::symlink(&tree.root, tree.root.join("real/loop")).unwrap();
    std::os::unix::fs::symlink(tree.root.join("real"), tree.root.join("link")).unwrap();
    std::os::unix::fs::symlink(tree.root.join("real/a.go"), tree.root.join("b.go")).unwrap();
    let walked = tree.walk(&["."]);
    assert_eq!(paths(&walked), ["real/a.go"]);
    assert_eq!(walked.left_out, BTreeMap::from([("symlink", 1)]));
    assert_eq!(paths(&tree.walk(&["link", "b.go"])), ["link/a.go", "real/a.go"], "it stands for its target");
    std::os::unix::fs::symlink("/dev/null", tree.root.join("out.go")).unwrap();
    assert!(matches!(walk(&tree.settings(&["out.go"])), Err(Error::NotAFile { .. })));
}

#[test]
fn a_broken_pattern_is_told_and_the_rest_goes_on() {
    let tree = Tree::new(&[(".gitignore", "a{b\nc.go\n"), ("c.go", ""), ("d.go", "")]);
    let walked = tree.walk(&["."]);
    assert_eq!(paths(&walked), ["d.go"]);
    assert_eq!(walked.faults.len(), 1);
    assert!(!walked.faults[0].skipped);
    assert_eq!((&*walked.faults[0].path, walked.faults[0].line), (".gitignore", 1));
}

#[test]
fn the_rest_of_the_repository_is_known_and_not_asked_for() {
    let tree = Tree::new(&[
        ("r/.git/HEAD", ""),
        ("r/.gitignore", "gen.go\n"),
        ("r/a.go", ""),
        ("r/gen.go", ""),
        ("r/d/b.go", ""),
        ("r/d/c.go", ""),
        ("r/sub/.git/HEAD", ""),
        ("r/sub/d.go", ""),
        ("other/e.go", ""),
    ]);
    let rest = |walked: &Walked| -> Vec<String> {
        walked.files.iter().filter(|found| !found.asked).map(|found| found.path.to_string()).collect()
    };
    for named in [&["r/d/b.go"][..], &["r/d/b.go", "other"]] {
        let walked = tree.walk(named);
        assert_eq!(paths(&walked).last(), Some(&"r/d/b.go"));
        assert_eq!(rest(&walked), ["r/a.go", "r/d/c.go"]);
    }
    assert_eq!(paths(&tree.walk(&["r/d"])), ["r/d/b.go", "r/d/c.go"]);
    assert_eq!(rest(&tree.walk(&["r/d"])), ["r/a.go"]);
    assert!(rest(&tree.walk(&["r"])).is_empty() && rest(&tree.walk(&["other/e.go"])).is_empty());
}

#[test]
fn a_repository_in_another_is_entered_when_it_is_named() {
    let tree = Tree::new(&[
        ("r/.git/HEAD", ""),
        ("r/a.go", ""),
        ("r/nested/.git/HEAD", ""),
        ("r/nested/b.go", ""),
        ("r/tree/.git", "gitdir: ../.git/worktrees/tree\n"),
        ("r/tree/c.go", ""),
    ]);
    let walked = tree.walk(&["r"]);
    assert_eq!(paths(&walked), ["r/a.go"]);
    assert_eq!(walked.left_out_folders, BTreeMap::from([("nested repository", 2)]));
    assert_eq!(walked.left_out, BTreeMap::from([("nested repository", 2)]));
    assert_eq!(paths(&tree.walk(&["r/nested", "r/tree"])), ["r/nested/b.go", "r/tree/c.go"]);
    let all = ["r/a.go"];
    assert_eq!(paths(&tree.walk(&["."])), all, "from a folder that is no repository, each one is entered");
}

#[test]
fn what_git_tracks_is_read_whatever_is_ignored() {
    let tree = Tree::new(&[
        (".gitignore", "*.pb.go\nbuild/\n"),
        ("a.pb.go", ""),
        ("build/deep/b.go", ""),
        ("c.go", ""),
    ]);
    let git = |args: &[&str]| {
        let mut command = std::process::Command::new("git");
        command.current_dir(&tree.root).env("GIT_CONFIG_GLOBAL", "/dev/null").args(args);
        command.output().is_ok_and(|output| output.status.success())
    };
    if !git(&["init", "-q"]) || !git(&["add", "-f", "a.pb.go", "build/deep/b.go", "c.go"]) {
        return;
    }
    fs::write(tree.root.join("b.pb.go"), "").unwrap();
    fs::write(tree.root.join("build/deep/x.go"), "").unwrap();
    let walked = tree.walk(&["."]);
    assert_eq!(paths(&walked), ["a.pb.go", "build/deep/b.go", "c.go"]);
    assert_eq!(walked.left_out, BTreeMap::from([("ignored", 2)]));
}

#[cfg(unix)]
#[test]
fn nothing_but_regular_files_of_the_tree_is_opened() {
    let tree = Tree::new(&[("go.mod", "module m\n"), ("a.go", ""), ("d/b.go", ""), ("x.txt", "")]);
    let link = |to: &str, at: &str| std::os::unix::fs::symlink(to, tree.root.join(at)).unwrap();
    link("/dev/zero", ".gitignore");
    link("/dev/zero", "unleak.toml");
    link("/dev/zero", "d/.gitignore");
    link("/dev/zero", "d/c.go");
    let pipe = std::process::Command::new("mkfifo").arg(tree.root.join("d/unleak.toml")).status();
    let walked = tree.walk(&["."]);
    assert_eq!(paths(&walked), ["a.go", "d/b.go"]);
    let told: Vec<&str> = walked.faults.iter().map(|fault| &*fault.path).collect();
    let mut expected = vec![".gitignore", "d/.gitignore", "unleak.toml"];
    if pipe.is_ok_and(|status| status.success()) {
        expected.insert(2, "d/unleak.toml");
    }
    assert_eq!(told, expected);
    assert!(matches!(walk(&tree.settings(&["x.txt"])), Err(Error::NotGo { .. })));
}
