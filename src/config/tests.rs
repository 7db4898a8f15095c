//! Policies of small trees in temporary folders.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::base::sys;

struct Made {
    _dir: tempfile::TempDir,
    root: PathBuf,
}

impl Made {
    fn new(files: &[(&str, &str)]) -> Made {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let root = sys::real_path(dir.path()).expect("it is there");
        for (name, text) in files {
            let file = root.join(name);
            fs::create_dir_all(file.parent().expect("below the root")).unwrap();
            fs::write(file, text).unwrap();
        }
        Made { _dir: dir, root }
    }

    fn tree(&self, root: &str, files: Files, flags: Layer) -> Tree {
        Tree::new(&self.root.join(root), &Sources { rules: crate::rules::builtin(), files, flags })
            .expect("there is no mistake")
    }
}

fn said(tree: &Tree, folder: &Path, key: &str) -> Vec<(String, String)> {
    let all = tree.explain(folder).into_iter();
    all.filter(|said| said.key == key).map(|said| (said.value, said.origin.to_string())).collect()
}

#[test]
fn the_nearest_file_is_heard_and_flags_before_all() {
    let made = Made::new(&[
        ("unleak.toml", "tests = true\ngenerated = true\n"),
        ("sub/unleak.toml", "tests = false\n"),
        ("sub/deep/a.go", ""),
    ]);
    let mut flags = Layer::default();
    flags.flag("generated", Some(false));
    let mut tree = made.tree("", Files::Found, flags);
    tree.name(&made.root).unwrap();
    tree.nested(&made.root.join("sub/unleak.toml")).unwrap();
    assert!(tree.policy(&made.root.join("a.go")).tests);
    assert!(!tree.policy(&made.root.join("sub/deep/a.go")).tests);
    assert!(!tree.policy(&made.root.join("a.go")).generated);
    assert_eq!(said(&tree, &made.root.join("sub"), "tests"), [("false".into(), "sub/unleak.toml:1".into())]);
    assert_eq!(said(&tree, &made.root, "generated"), [("false".into(), "--generated".into())]);
    assert_eq!(said(&tree, &made.root, "assume-closable"), [("false".into(), "default".into())]);
}

#[test]
fn files_above_count_up_to_the_top_of_the_repository() {
    let made = Made::new(&[
        ("unleak.toml", "generated = true\n"),
        ("repo/.git/HEAD", ""),
        ("repo/unleak.toml", "tests = true\nexclude = [\"/sub/gen\"]\n"),
        ("repo/sub/a.go", ""),
    ]);
    let mut tree = made.tree("repo/sub", Files::Found, Layer::default());
    let sub = made.root.join("repo/sub");
    tree.name(&sub).unwrap();
    let policy = tree.policy(&sub.join("a.go"));
    assert!(policy.tests && !policy.generated);
    assert!(tree.excludes(&sub.join("gen"), true) && !tree.excludes(&sub.join("sub/gen"), true));
    // By another way to the same place.
    let odd = made.root.join("repo/sub/../sub");
    tree.name(&odd).unwrap();
    assert!(tree.excludes(&odd.join("gen"), true));
}

#[test]
fn globs_add_up_and_count_from_their_folder() {
    let made = Made::new(&[
        ("unleak.toml", "exclude = [\"*.pb.go\"]\n"),
        ("sub/unleak.toml", "exclude = [\"/old\", \"!kept.pb.go\"]\n"),
    ]);
    let mut flags = Layer::default();
    flags.flag("exclude", Some(vec!["mocks/".to_owned()]));
    flags.exclude(&made.root, &["mocks/".to_owned()]).unwrap();
    let mut tree = made.tree("", Files::Found, flags);
    tree.name(&made.root).unwrap();
    tree.nested(&made.root.join("sub/unleak.toml")).unwrap();
    let excludes = |path: &str, is_folder| tree.excludes(&made.root.join(path), is_folder);
    assert!(excludes("sub/a.pb.go", false) && excludes("sub/old", true) && excludes("sub/mocks", true));
    assert!(!excludes("sub/kept.pb.go", false) && excludes("kept.pb.go", false) && !excludes("old", true));
    let origins: Vec<_> =
        said(&tree, &made.root.join("sub"), "exclude").into_iter().map(|(_, origin)| origin).collect();
    assert_eq!(origins, ["unleak.toml:1", "sub/unleak.toml:1", "sub/unleak.toml:1", "--exclude"]);
}

#[test]
fn who_selects_is_not_held_to_what_others_ignore() {
    let made = Made::new(&[("unleak.toml", "ignore = [\"unclosed-client\"]\n"), ("a.go", "")]);
    let mut tree = made.tree("", Files::Found, Layer::default());
    tree.name(&made.root).unwrap();
    let runs = |tree: &Tree| {
        tree.policy(&made.root.join("a.go")).rules.iter().any(|rule| &*rule.id == "unclosed-client")
    };
    assert!(!runs(&tree));
    let mut flags = Layer::default();
    flags.flag("select", Some(vec!["unclosed-client".to_owned()]));
    let mut tree = made.tree("", Files::Found, flags);
    tree.name(&made.root).unwrap();
    assert!(runs(&tree));
}

#[test]
fn one_file_or_none_instead() {
    let made = Made::new(&[("unleak.toml", "tests = true\n"), ("ci/other.toml", "exclude = [\"/gen\"]\n")]);
    let mut tree = made.tree("", Files::Only("ci/other.toml".into()), Layer::default());
    tree.name(&made.root).unwrap();
    assert!(!tree.policy(&made.root.join("a.go")).tests);
    assert!(tree.excludes(&made.root.join("gen"), true), "its globs count from the working directory");
    let mut tree = made.tree("", Files::None, Layer::default());
    tree.name(&made.root).unwrap();
    assert!(!tree.policy(&made.root.join("a.go")).tests);
}

/// The page names every key, so that it cannot fall behind.
#[test]
fn every_key_is_documented() {
    let page = include_str!("../../docs/config.md");
    let keys = toml::Table::try_from(Keys::default()).expect("keys are a table");
    for (key, value) in keys {
        assert!(
            page.contains(&format!("| `{key}` | `{value}` |")),
            "docs/config.md says nothing of `{key}`, {value} by default"
        );
    }
}
