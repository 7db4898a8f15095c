//! Patches, held against `git apply`.

use std::fs;
use std::path::Path;

use libtest_mimic::Trial;

use crate::support::{LEAK, commit, copy, files, git, leaky, repository, tests, told, unleak, write};

/// The tests of this module.
pub fn tests() -> Vec<Trial> {
    tests![
        the_patch_is_one_that_git_applies,
        the_patch_is_applied_from_the_folder_it_was_made_in,
        odd_names_and_line_endings_survive_a_patch,
        a_pipe_into_git_apply_succeeds_in_a_clean_tree,
        #[cfg(unix)]
        a_named_link_gives_a_patch_that_applies_or_a_word,
    ]
}

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

fn the_patch_is_applied_from_the_folder_it_was_made_in() {
    let tree = tempfile::tempdir().expect("there is room");
    let below = tree.path().join("deep/down here");
    copy(leaky().path(), &below);
    commit(tree.path());
    fs::write(tree.path().join("the.patch"), unleak(&below, &["diff"]).stdout).unwrap();
    git(&below, &["apply", "../../the.patch"]);
    assert!(fs::read_to_string(below.join("leak.go")).unwrap().contains("\tdefer client.Close()\n"));
}

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
