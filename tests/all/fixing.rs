//! When `fix` writes files and when it refuses.

use std::fs;

use libtest_mimic::Trial;

use crate::support::{LEAK, commit, files, git, leaky, tests, told, unleak, write};

/// The tests of this module.
pub fn tests() -> Vec<Trial> {
    tests![
        a_dirty_tree_is_refused_and_named,
        a_clean_tree_is_fixed_and_then_dirty,
        outside_of_a_repository_one_has_to_know,
        #[cfg(unix)]
        a_signal_while_a_fix_is_verified_brings_all_files_back,
        a_file_that_does_not_parse_is_edited_when_that_is_asked_for,
    ]
}

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

fn outside_of_a_repository_one_has_to_know() {
    let tree = leaky();
    let (code, _, stderr) = told(&unleak(tree.path(), &["fix"]));
    assert!(code == 2 && stderr.contains("--no-vcs"), "{stderr}");
    assert_eq!(fs::read_to_string(tree.path().join("leak.go")).unwrap(), LEAK);
    assert_eq!(told(&unleak(tree.path(), &["fix", "--no-vcs"])).0, 0);
}

#[cfg(unix)]
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
