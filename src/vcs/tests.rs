//! Real repositories in temporary folders; nothing is tested where there is no git.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;
use crate::base::sys;

/// A repository with `a.go` and `b.go` committed; `None` without git.
struct Fixture {
    dir: tempfile::TempDir,
    top: PathBuf,
}

impl Fixture {
    fn new() -> Option<Fixture> {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let top = sys::real_path(dir.path()).expect("it is there");
        let fixture = Fixture { dir, top };
        fixture.plain_git(&["init", "-q"])?;
        fixture.write("a.go", "package a\n");
        fixture.write("b.go", "package a\n");
        fixture.commit();
        Some(fixture)
    }

    /// Git as a user would call it, with nothing from outside.
    fn plain_git(&self, args: &[&str]) -> Option<()> {
        let mut command = Command::new("git");
        command
            .current_dir(self.dir.path())
            .args(["-c", "user.name=t", "-c", "user.email=t@example.com"])
            .args(args);
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").env_remove("GIT_DIR");
        let output = command.output().ok()?;
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        Some(())
    }

    fn commit(&self) {
        self.plain_git(&["add", "-A"]);
        self.plain_git(&["commit", "-q", "-m", "x"]);
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let file = self.top.join(name);
        fs::create_dir_all(file.parent().expect("below the top")).unwrap();
        fs::write(&file, text).unwrap();
        file
    }

    fn dirty(&self, names: &[&str]) -> Vec<(String, Dirt)> {
        let files: Vec<PathBuf> = names.iter().map(|name| self.top.join(name)).collect();
        let status = status(&files).expect("git works here");
        let name = |file: &Path| file.strip_prefix(&self.top).expect("below").to_string_lossy().into_owned();
        status.dirty.iter().map(|(file, dirt)| (name(file), *dirt)).collect()
    }
}

#[test]
fn a_committed_tree_is_clean_also_when_files_were_touched() {
    let Some(tree) = Fixture::new() else { return };
    assert_eq!(tree.dirty(&["a.go"]), []);
    tree.write("a.go", "package a\n");
    tree.write("b.go", "package a\n");
    assert_eq!(tree.dirty(&["a.go"]), []);
}

#[test]
fn uncommitted_go_files_are_named_with_the_reason() {
    let Some(tree) = Fixture::new() else { return };
    tree.write("a.go", "package a // changed\n");
    tree.write("README.md", "not Go\n");
    tree.write("sub/new file.go", "package sub\n");
    tree.write("unasked.go", "package a\n");
    assert_eq!(
        tree.dirty(&["sub/new file.go"]),
        [("a.go".into(), Dirt::Modified), ("sub/new file.go".into(), Dirt::Untracked)]
    );
    tree.plain_git(&["add", "a.go"]);
    assert_eq!(tree.dirty(&["b.go"]), [("a.go".into(), Dirt::Staged)]);
}

#[test]
fn before_the_first_commit_everything_is_staged() {
    let Some(tree) = Fixture::new() else { return };
    tree.plain_git(&["update-ref", "-d", "HEAD"]);
    assert_eq!(tree.dirty(&["a.go"]), [("a.go".into(), Dirt::Staged), ("b.go".into(), Dirt::Staged)]);
}

#[test]
fn windows_line_endings_of_a_checkout_are_no_change() {
    let Some(tree) = Fixture::new() else { return };
    tree.write("a.go", "package a\r\n");
    assert_eq!(tree.dirty(&["a.go"]), []);
}

#[test]
fn a_folder_without_repository_is_told() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let file = dir.path().join("a.go");
    fs::write(&file, "package a\n").unwrap();
    assert_eq!(status(std::slice::from_ref(&file)).unwrap(), Status { dirty: vec![], outside: vec![file] });
}

#[test]
fn the_prefix_is_the_way_from_the_top() {
    let Some(tree) = Fixture::new() else { return };
    tree.write("x/y/c.go", "package y\n");
    let place = RepositoryPaths::new(&tree.top).of(&tree.top.join("x/y/z.go")).unwrap();
    assert_eq!((place.path().as_str(), &place.top.dir), ("x/y/z.go", &tree.top));
}

/// The promise that nothing of the repository is run: every setting known to name a command leaves a marker
/// when it is.
#[cfg(unix)]
#[test]
fn the_repository_runs_nothing() {
    let Some(tree) = Fixture::new() else { return };
    let marker = tree.top.join("ran");
    let run = format!("touch '{}'; cat", marker.display());
    tree.write(".gitattributes", "*.go filter=evil diff=evil\n");
    tree.commit();
    for (key, value) in [
        ("core.fsmonitor", run.as_str()),
        ("filter.evil.clean", &run),
        ("filter.evil.smudge", &run),
        ("filter.evil.process", &run),
        ("filter.evil.required", "true"),
        ("diff.evil.command", &run),
        ("diff.evil.textconv", &run),
        ("diff.external", &run),
        ("core.pager", &run),
        ("core.sshCommand", &run),
        ("alias.ls-files", &format!("!{run}")),
    ] {
        tree.plain_git(&["config", key, value]);
    }
    // An index as new as its files: git would compare their texts, through the filter.
    tree.write("a.go", "package b\n");
    tree.write("b.go", "package a\n");
    assert_eq!(tree.dirty(&["a.go"]), [("a.go".into(), Dirt::Modified)]);
    // A rename that only the texts tell: git would read the new one through the filter.
    let moved = tree.write("moved.go", "package a\n\nvar a, b, c = 1, 2, 3\n");
    tree.write(".git/info/attributes", "*.go filter=evil diff=evil\n");
    for change in [Change::Since("HEAD".into()), Change::Staged] {
        touched(&tree.top, &[(&moved, b"package a\n".as_slice())], &change).expect("git works here");
    }
    assert!(!marker.exists(), "something of the repository's config was run");
    // The trap is armed: plain git falls into it.
    let status = Command::new("git").current_dir(&tree.top).args(["status", "--porcelain"]).output();
    assert!(status.is_ok() && marker.exists(), "the test no longer shows anything");
}

#[cfg(unix)]
#[test]
fn a_missing_blob_of_a_partial_clone_is_not_fetched() {
    let Some(tree) = Fixture::new() else { return };
    let marker = tree.top.join("ran");
    for (key, value) in [
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.url", "/nowhere"),
        ("remote.origin.uploadpack", &format!("touch '{}' #", marker.display())),
    ] {
        tree.plain_git(&["config", key, value]);
    }
    let blobs = Command::new("git").current_dir(&tree.top).args(["rev-parse", ":a.go"]).output().unwrap();
    let id = String::from_utf8(blobs.stdout).unwrap();
    fs::remove_file(tree.top.join(".git/objects").join(&id[..2]).join(id[2..].trim())).unwrap();
    // Not knowing the blob, the file counts as changed; a failing git is as good. Neither may run the
    // remote's command.
    let answer = status(&[tree.top.join("a.go")]);
    assert!(answer.map_or(true, |status| !status.dirty.is_empty()));
    assert!(!marker.exists(), "the remote's command was run");
    let plain = Command::new("git").current_dir(&tree.top).args(["show", id.trim()]).output();
    assert!(plain.is_ok() && marker.exists(), "the test no longer shows anything");
}

#[test]
fn a_filter_that_cannot_be_switched_off_is_an_error() {
    let Some(tree) = Fixture::new() else { return };
    tree.plain_git(&["config", "--file", ".git/config", "filter.a=b.clean", "false"]);
    let refused = status(&[tree.top.join("a.go")]).expect_err("the driver would stay armed");
    assert!(refused.to_string().contains("cannot be switched off"), "{refused}");
}
