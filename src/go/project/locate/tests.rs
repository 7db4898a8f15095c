use std::path::{Path, PathBuf};

use super::*;

/// A folder with a module cache in `cache`, a Go installation in `goroot`, and whatever the test puts there.
struct Tree {
    dir: tempfile::TempDir,
    locator: Locator,
}

/// Writes `files`; a name that ends in `/` is a package with one Go file.
fn tree(files: &[(&str, &str)]) -> Tree {
    tree_with(files, |_| {})
}

fn tree_with(files: &[(&str, &str)], change: impl FnOnce(&mut Environment)) -> Tree {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let (name, text) = if name.ends_with('/') {
            (format!("{name}x.go"), "package x\n")
        } else {
            (name.to_string(), *text)
        };
        let file = dir.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    let (cache, goroot) = (Some(dir.path().join("cache")), Some(dir.path().join("goroot")));
    let mut env = Environment { gomodcache: cache, goroot, outside: true, ..Environment::default() };
    change(&mut env);
    Tree { dir, locator: Locator::new(env) }
}

impl Tree {
    fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    /// `origin module version folder`, or `missing module version: why`.
    fn locate(&self, from: &str, import: &str) -> String {
        let or_none = |text: Option<&str>| text.unwrap_or("-").to_owned();
        match self.locator.locate(&self.path(from), import) {
            Located::Found { dir, module, version, origin } => {
                let dir = dir.strip_prefix(self.dir.path()).expect("in the tree");
                format!(
                    "{origin:?} {module} {} {}",
                    or_none(version.as_deref()),
                    paths::slashed(dir).unwrap()
                )
            }
            Located::Missing { module, version, why } => {
                format!("missing {} {}: {why}", or_none(module.as_deref()), or_none(version.as_deref()))
            }
        }
    }

    fn import_path(&self, dir: &str) -> Option<Arc<str>> {
        self.locator.import_path(&self.path(dir))
    }

    fn version_of(&self, from: &str, import: &str) -> Option<String> {
        self.locator
            .version_of(&self.path(from), import)
            .map(|(module, version)| format!("{module} {version}"))
    }
}

#[test]
fn the_module_itself_but_not_one_nested_in_it() {
    let tree = tree(&[
        ("m/go.mod", "module a.com/m\ngo 1.24\n"),
        ("m/", ""),
        ("m/p/q/", ""),
        ("m/empty/x.txt", ""),
        ("m/sub/go.mod", "module a.com/m/sub\n"),
        ("m/sub/r/", ""),
    ]);
    assert_eq!(tree.locate("m/p", "a.com/m"), "Module a.com/m - m");
    assert_eq!(tree.locate("m", "a.com/m/p/q"), "Module a.com/m - m/p/q");
    assert_eq!(tree.locate("m", "a.com/m/empty"), "missing a.com/m -: module a.com/m has no Go files for it");
    assert_eq!(tree.locate("m", "a.com/m/sub/r"), "missing a.com/m -: module a.com/m has no Go files for it");
    assert_eq!(tree.locate("m/sub", "a.com/m/sub/r"), "Module a.com/m/sub - m/sub/r");
    assert_eq!(tree.locate("m", "a.com/mm"), "missing - -: no required module can have it");
    let module = tree.locator.module_of(&tree.path("m/p/../p/q")).unwrap();
    assert_eq!(
        (&*module.path, module.go_version.as_deref(), &module.dir),
        ("a.com/m", Some("1.24"), &tree.path("m"))
    );
    assert_eq!(tree.import_path("m/sub/r").as_deref(), Some("a.com/m/sub/r"));
    assert_eq!(tree.import_path("m").as_deref(), Some("a.com/m"));
    assert_eq!(tree.import_path("elsewhere"), None);
    assert_eq!(tree.locator.module_of(&tree.path("elsewhere")), None);
}

#[test]
fn the_module_cache_at_the_version_required() {
    let tree = tree(&[
        (
            "m/go.mod",
            "module m\nrequire (\n\tgithub.com/Azure/sdk v1.0.0-RC1\n\tcloud.com/go v0.1.0\n\
             \tcloud.com/go/storage v1.2.0 // indirect\n\
             \tgone.com/x v1.0.0\n\tother.com/x v1.5.0\n\tbad.com/x v1/../../../m\n)\n",
        ),
        ("m/", ""),
        ("cache/github.com/!azure/sdk@v1.0.0-!r!c1/blob/", ""),
        ("cache/cloud.com/go@v0.1.0/storage/old/", ""),
        ("cache/cloud.com/go@v0.1.0/pubsub/", ""),
        ("cache/cloud.com/go/storage@v1.2.0/", ""),
        ("cache/other.com/x@v1.4.0/", ""),
        ("cache/other.com/x@v1.10.0/", ""),
        ("cache/loose.com/y@v3.0.0/", ""),
    ]);
    assert_eq!(
        tree.locate("m", "github.com/Azure/sdk/blob"),
        "ModuleCache github.com/Azure/sdk v1.0.0-RC1 cache/github.com/!azure/sdk@v1.0.0-!r!c1/blob"
    );
    assert_eq!(
        tree.locate("m", "cloud.com/go/storage"),
        "ModuleCache cloud.com/go/storage v1.2.0 cache/cloud.com/go/storage@v1.2.0"
    );
    assert_eq!(
        tree.locate("m", "cloud.com/go/storage/old"),
        "ModuleCache cloud.com/go v0.1.0 cache/cloud.com/go@v0.1.0/storage/old"
    );
    assert_eq!(
        tree.locate("m", "cloud.com/go/no"),
        "missing cloud.com/go v0.1.0: cloud.com/go v0.1.0 in the module cache has no Go files for it"
    );
    assert_eq!(
        tree.locate("m", "gone.com/x"),
        "missing gone.com/x v1.0.0: the module cache does not have gone.com/x v1.0.0"
    );
    assert_eq!(
        tree.locate("m", "other.com/x"),
        "missing other.com/x v1.5.0: the module cache does not have other.com/x v1.5.0, only v1.4.0, v1.10.0"
    );
    assert_eq!(
        tree.locate("m", "bad.com/x"),
        "missing bad.com/x v1/../../../m: no module cache has bad.com/x v1/../../../m"
    );
    assert_eq!(
        tree.locate("m", "loose.com/y/z"),
        "missing - -: no required module can have it; the module cache has loose.com/y at v3.0.0, but \
         nothing says that this is meant"
    );
    assert_eq!(
        tree.version_of("m", "cloud.com/go/storage/old").as_deref(),
        Some("cloud.com/go/storage v1.2.0")
    );
    assert_eq!((tree.version_of("m", "m"), tree.version_of("m", "fmt")), (None, None));
}

#[test]
fn replacements_by_folder_and_by_module() {
    let tree = tree(&[
        (
            "m/go.mod",
            "module m\nrequire a.com/a v1.0.0\nrequire b.com/b v1.0.0\nrequire c.com/c v1.0.0\nreplace (\n\
             \ta.com/a => ../local/a\n\
             \tb.com/b => fork.com/b v1.1.0\n\tb.com/b v1.0.0 => fork.com/b v1.2.0\n\tc.com/c v0.9.0 => \
             ../local/a\n\tgone.com/g => ../gone\n)\n",
        ),
        ("local/a/go.mod", "module a.com/a\n"),
        ("local/a/p/", ""),
        ("local/a/nested/go.mod", "module a.com/a/nested\n"),
        ("local/a/nested/", ""),
        ("cache/a.com/a@v1.0.0/only/", ""),
        ("cache/fork.com/b@v1.2.0/", ""),
        ("cache/c.com/c@v1.0.0/", ""),
    ]);
    assert_eq!(tree.locate("m", "a.com/a/p"), "Replace a.com/a - local/a/p");
    assert_eq!(
        tree.locate("m", "a.com/a/only"),
        "missing a.com/a -: what stands in for a.com/a has no Go files for it"
    );
    assert!(tree.locate("m", "a.com/a/nested").starts_with("missing"));
    assert_eq!(tree.locate("m", "b.com/b"), "Replace fork.com/b v1.2.0 cache/fork.com/b@v1.2.0");
    assert_eq!(tree.locate("m", "c.com/c"), "ModuleCache c.com/c v1.0.0 cache/c.com/c@v1.0.0");
    let gone = tree.locate("m", "gone.com/g");
    assert!(
        gone.starts_with("missing gone.com/g -: gone.com/g is replaced by ")
            && gone.ends_with("gone, which is not there"),
        "{gone}"
    );
    assert_eq!(tree.version_of("m", "b.com/b/x").as_deref(), Some("fork.com/b v1.2.0"));
    assert_eq!(tree.version_of("m", "a.com/a/p"), None);
}

const WORKSPACE: [(&str, &str); 9] = [
    ("w/go.work", "go 1.24\nuse (\n\t.\n\t./api\n)\nreplace d.com/d => ./d\n"),
    ("w/go.mod", "module a.com/w\nrequire a.com/w/api v1.0.0\nrequire e.com/e v1.2.0\n"),
    ("w/p/", ""),
    ("w/api/go.mod", "module a.com/w/api\nrequire d.com/d v1.0.0\nrequire e.com/e v1.10.0\n"),
    ("w/api/v/", ""),
    ("w/d/", ""),
    ("w/stranger/go.mod", "module a.com/w/stranger\nrequire e.com/e v1.2.0\n"),
    ("cache/e.com/e@v1.2.0/", ""),
    ("cache/e.com/e@v1.10.0/", ""),
];

#[test]
fn a_workspace_has_its_modules_and_the_greatest_versions() {
    let tree = tree(&WORKSPACE);
    assert_eq!(tree.locate("w", "a.com/w/api/v"), "Workspace a.com/w/api - w/api/v");
    assert_eq!(tree.locate("w/api", "a.com/w/p"), "Workspace a.com/w - w/p");
    assert_eq!(tree.locate("w/api", "d.com/d"), "Replace d.com/d - w/d");
    assert_eq!(tree.locate("w", "e.com/e"), "ModuleCache e.com/e v1.10.0 cache/e.com/e@v1.10.0");
    assert_eq!(tree.locate("w/stranger", "e.com/e"), "ModuleCache e.com/e v1.2.0 cache/e.com/e@v1.2.0");
    assert!(tree.locate("w/stranger", "a.com/w/p").starts_with("missing"));
}

#[test]
fn a_workspace_can_be_switched_off() {
    let tree = tree_with(&WORKSPACE, |env| env.gowork = Some("off".into()));
    assert!(tree.locate("w", "a.com/w/api/v").starts_with("missing a.com/w/api v1.0.0"));
    assert_eq!(tree.locate("w", "e.com/e"), "ModuleCache e.com/e v1.2.0 cache/e.com/e@v1.2.0");
}

const VENDORED: [(&str, &str); 8] = [
    ("m/go.mod", "module m\nrequire a.com/a v1.0.0\nrequire b.com/b v1.0.0\n"),
    ("m/p/", ""),
    (
        "m/vendor/modules.txt",
        "# a.com/a v1.0.0\n## explicit\na.com/a/x\n# b.com/b v1.0.0 => fork.com/b v1.3.0\nb.com/b\n# c.com/c \
         v2.0.0 => ./c\nc.com/c\n",
    ),
    ("m/vendor/a.com/a/x/", ""),
    ("m/vendor/a.com/a/x/go.mod", "module wrong\n"),
    ("m/vendor/b.com/b/", ""),
    ("m/vendor/c.com/c/", ""),
    ("cache/a.com/a@v1.0.0/x/", ""),
];

#[test]
fn vendored_packages_have_the_versions_of_modules_txt() {
    let tree = tree(&VENDORED);
    assert_eq!(tree.locate("m/p", "a.com/a/x"), "Vendor a.com/a v1.0.0 m/vendor/a.com/a/x");
    assert_eq!(tree.locate("m/p", "b.com/b"), "Vendor fork.com/b v1.3.0 m/vendor/b.com/b");
    assert_eq!(tree.locate("m/p", "c.com/c"), "Vendor c.com/c - m/vendor/c.com/c");
    // From a vendored package too, whatever go.mod was copied there.
    assert_eq!(tree.locate("m/vendor/a.com/a/x", "b.com/b"), "Vendor fork.com/b v1.3.0 m/vendor/b.com/b");
    assert_eq!(tree.import_path("m/vendor/a.com/a/x").as_deref(), Some("a.com/a/x"));
    assert_eq!(&*tree.locator.module_of(&tree.path("m/vendor/a.com/a/x")).unwrap().path, "m");
}

#[test]
fn the_mod_flag_says_whether_vendor_counts() {
    let tree = tree_with(&VENDORED, |env| env.goflags_mod = Some("mod".into()));
    assert_eq!(tree.locate("m/p", "a.com/a/x"), "ModuleCache a.com/a v1.0.0 cache/a.com/a@v1.0.0/x");
    let tree = tree_with(&VENDORED, |env| env.goflags_mod = Some("vendor".into()));
    assert_eq!(tree.locate("m/p", "a.com/a/x"), "Vendor a.com/a v1.0.0 m/vendor/a.com/a/x");
}

#[test]
fn vendor_without_modules_txt_and_without_go_mod() {
    let tree = tree(&[
        ("m/go.mod", "module m\nrequire a.com/a v1.0.0\n"),
        ("m/vendor/a.com/a/x/", ""),
        ("m/vendor/b.com/b/", ""),
        ("bare/cmd/x/", ""),
        ("bare/vendor/c.com/c/", ""),
    ]);
    assert_eq!(tree.locate("m", "a.com/a/x"), "Vendor a.com/a v1.0.0 m/vendor/a.com/a/x");
    assert_eq!(tree.locate("m", "b.com/b"), "Vendor b.com/b - m/vendor/b.com/b");
    assert_eq!(tree.locate("bare/cmd/x", "c.com/c"), "Vendor c.com/c - bare/vendor/c.com/c");
    assert_eq!(tree.locate("bare/cmd/x", "d.com/d"), "missing - -: there is no go.mod to say which version");
}

#[test]
fn the_standard_library_and_what_it_vendors() {
    let files = [
        ("m/go.mod", "module m\n"),
        ("goroot/src/go.mod", "module std\nrequire golang.org/x/net v0.1.0\n"),
        ("goroot/src/net/http/", ""),
        ("goroot/src/vendor/modules.txt", "# golang.org/x/net v0.1.0\n## explicit\ngolang.org/x/net/http2\n"),
        ("goroot/src/vendor/golang.org/x/net/http2/", ""),
    ];
    let tree = tree_with(&files, |env| env.goflags_mod = Some("mod".into()));
    assert_eq!(tree.locate("m", "net/http"), "Goroot  - goroot/src/net/http");
    assert_eq!(tree.locate("goroot/src/net/http", "net/http"), "Goroot  - goroot/src/net/http");
    assert_eq!(
        tree.locate("goroot/src/net/http", "golang.org/x/net/http2"),
        "Vendor golang.org/x/net v0.1.0 goroot/src/vendor/golang.org/x/net/http2"
    );
    assert_eq!(tree.import_path("goroot/src/net/http").as_deref(), Some("net/http"));
    assert_eq!(tree.locate("m", "net/no"), "missing - -: the Go installation does not have it");
    assert_eq!(tree.locate("m", "C"), "missing - -: it stands for C code");
    let without = tree_with(&files, |env| env.goroot = None);
    assert_eq!(
        without.locate("m", "net/http"),
        "missing - -: no Go installation was found; GOROOT can name one"
    );
}

#[test]
fn the_time_before_modules() {
    let tree = tree(&[
        ("go/src/a.com/a/p/", ""),
        ("go/src/b.com/b/", ""),
        ("go/src/a.com/a/src/q/", ""),
        ("own/src/tool/", ""),
    ]);
    assert_eq!(tree.locate("go/src/a.com/a/p", "b.com/b"), "Gopath b.com/b - go/src/b.com/b");
    assert_eq!(tree.locate("go/src/a.com/a/src/q", "a.com/a/p"), "Gopath a.com/a/p - go/src/a.com/a/p");
    assert_eq!(tree.import_path("go/src/a.com/a/src/q").as_deref(), Some("a.com/a/src/q"));
    assert_eq!(tree.import_path("own/src/tool").as_deref(), Some("tool"));
}

/// `files` below `t`, which is what is scanned.
fn old_tree(files: &[(&str, &str)]) -> Tree {
    let below: Vec<(String, &str)> = files.iter().map(|(name, text)| (format!("t/{name}"), *text)).collect();
    let mut tree = tree(&below.iter().map(|(name, text)| (&**name, *text)).collect::<Vec<_>>());
    tree.locator = tree.locator.with_main(&tree.dir.path().join("t"));
    tree
}

/// A command that uses a package `lib` by the import path that is given.
fn user_of(import: &str) -> String {
    format!("package main\nimport \"{import}\"\nfunc main() {{ lib.Open() }}\n")
}

const LIB: &str = "package lib\nfunc Open() {}\n";

#[test]
fn an_old_trees_manifest_says_its_import_path() {
    for (manifest, text) in [
        ("Godeps/Godeps.json", "{\"ImportPath\": \"a.com/t\", \"Deps\": []}"),
        ("vendor/vendor.json", "{\"rootPath\": \"a.com/t\"}"),
        ("glide.yaml", "# made by hand\npackage: a.com/t # top\nimport:\n- package: b.com/b\n"),
    ] {
        let tree =
            old_tree(&[(manifest, text), ("p/q/", ""), ("sub/go.mod", "module b.com/s"), ("sub/", "")]);
        assert_eq!(tree.locate("t", "a.com/t/p/q"), "Gopath a.com/t/p/q - t/p/q", "{manifest}");
        assert_eq!(tree.import_path("t/p/q").as_deref(), Some("a.com/t/p/q"), "{manifest}");
        // Another module, another tree, and a path that only begins alike.
        for import in ["a.com/t/sub", "b.com/t/p/q", "a.com/tt/p/q"] {
            assert_eq!(tree.locate("t", import), "missing - -: there is no go.mod to say which version");
        }
    }
    for text in ["{\"ImportPath\": \"../x\"}", "{\"ImportPath\": 3}", "[]", "nonsense"] {
        assert_eq!(old_tree(&[("Godeps/Godeps.json", text), ("p/", "")]).import_path("t/p"), None, "{text}");
    }
}

#[test]
fn an_old_trees_import_comments_say_its_import_path() {
    let tree = old_tree(&[("p/q/x.go", "package q // import \"a.com/t/p/q\"\n"), ("r/", "")]);
    assert_eq!(tree.locate("t/p/q", "a.com/t/r"), "Gopath a.com/t/r - t/r");
    // One that says another folder is copied from elsewhere, and two that differ say nothing.
    let copied = old_tree(&[("p/q/x.go", "package q // import \"a.com/t/q\"\n"), ("r/", "")]);
    assert_eq!(copied.import_path("t/r"), None);
    let two =
        [("p/x.go", "package p // import \"a.com/t/p\"\n"), ("r/x.go", "package r // import \"b.com/r\"\n")];
    assert_eq!(old_tree(&two).import_path("t/r"), None);
}

#[test]
fn an_old_trees_own_imports_say_its_import_path() {
    let own = &*user_of("github.com/o/t/lib");
    let tree = old_tree(&[("main.go", own), ("lib/x.go", LIB), ("lib/sub/", "")]);
    assert_eq!(tree.locate("t", "github.com/o/t/lib"), "Gopath github.com/o/t/lib - t/lib");
    assert_eq!(tree.import_path("t/lib/sub").as_deref(), Some("github.com/o/t/lib/sub"));

    let silent = |files: &[(&str, &str)]| {
        let tree = old_tree(files);
        assert_eq!(tree.import_path("t/lib"), None, "{files:?}");
    };
    // Another's package whose last element happens to be a folder here: it has not what is used.
    silent(&[("main.go", own), ("lib/x.go", "package lib\nfunc Close() {}\n")]);
    // Another is imported from there that is not in this tree.
    let other = "package x\nimport \"github.com/o/t/other\"\nvar _ = other.X\n";
    silent(&[("main.go", own), ("lib/x.go", LIB), ("y/x.go", other)]);
    // It is copied into the tree.
    silent(&[("main.go", own), ("lib/x.go", LIB), ("vendor/github.com/o/t/lib/x.go", LIB)]);
    silent(&[("main.go", own), ("lib/x.go", LIB), ("Godeps/_workspace/src/github.com/o/t/lib/x.go", LIB)]);
    // Two prefixes lead into it as often.
    silent(&[("main.go", own), ("lib/x.go", LIB), ("y/x.go", &user_of("github.com/p/t/lib"))]);
    // No repository is called that, and the standard library is none.
    silent(&[("main.go", &user_of("github.com/o/lib")), ("lib/x.go", LIB)]);
    silent(&[("main.go", &user_of("net/lib")), ("lib/x.go", LIB)]);
}

#[test]
fn a_repository_is_from_before_modules_where_it_shows_that_and_has_no_module() {
    let is_old = |files: &[(&str, &str)]| {
        let tree = old_tree(files);
        tree.locator.is_before_modules(&tree.path("t/p"))
    };
    assert!(is_old(&[("vendor/a.com/a/", ""), ("p/", "")]));
    assert!(is_old(&[("Gopkg.toml", ""), ("p/", "")]));
    assert!(is_old(&[("p/q/x.go", "package q // import \"a.com/t/p/q\"\n"), ("p/", "")]));
    assert!(is_old(&[("p/main.go", &user_of("github.com/o/t/lib")), ("lib/x.go", LIB)]));
    assert!(is_old(&[("vendor/a.com/a/", ""), ("vendor/a.com/a/go.mod", "module a.com/a\n"), ("p/", "")]));
    // Files alone, and what a module lies beside.
    assert!(!is_old(&[("p/", "")]));
    assert!(!is_old(&[("vendor/a.com/a/", ""), ("p/", ""), ("tools/go.mod", "module a.com/t/tools\n")]));
    assert!(!is_old(&[("vendor/a.com/a/", ""), ("go.mod", "module a.com/t\n"), ("p/", "")]));
}

#[test]
fn an_old_tree_is_only_what_is_scanned() {
    let own = &*user_of("github.com/o/t/lib");
    let mut tree = tree(&[("t/main.go", own), ("t/lib/x.go", LIB), ("u/main.go", own)]);
    tree.locator = tree.locator.with_main(&tree.dir.path().join("t"));
    assert_eq!(
        tree.locate("u", "github.com/o/t/lib"),
        "missing - -: there is no go.mod to say which version"
    );
}

#[test]
fn an_old_trees_dependencies_are_found_in_its_vendor_and_godeps() {
    let tree = old_tree(&[
        ("p/", ""),
        ("vendor/a.com/a/go.mod", "module a.com/a\n"),
        ("vendor/a.com/a/x/", ""),
        ("vendor/b.com/b/", ""),
        ("Godeps/_workspace/src/c.com/c/", ""),
    ]);
    assert_eq!(tree.locate("t/p", "c.com/c"), "Vendor c.com/c - t/Godeps/_workspace/src/c.com/c");
    assert_eq!(
        tree.locate("t/Godeps/_workspace/src/c.com/c", "b.com/b"),
        "Vendor b.com/b - t/vendor/b.com/b"
    );
    // The go.mod that was copied with a dependency does not say where others are.
    assert_eq!(tree.locate("t/vendor/a.com/a/x", "b.com/b"), "Vendor b.com/b - t/vendor/b.com/b");
    assert_eq!(tree.locate("t/vendor/b.com/b", "a.com/a/x"), "Vendor a.com/a/x - t/vendor/a.com/a/x");
    assert!(tree.locator.is_dependency(&tree.path("t/Godeps/_workspace/src/c.com/c")));
}

const DEPENDENCIES: [(&str, &str); 9] = [
    (
        "m/go.mod",
        "module m\nrequire a.com/a v1.0.0\nrequire b.com/b v1.5.0\nrequire Old.com/Old v1.0.0\nreplace \
         c.com/c => ../c\n",
    ),
    ("m/p/", ""),
    ("c/", ""),
    (
        "cache/a.com/a@v1.0.0/go.mod",
        "module a.com/a\nrequire b.com/b v1.1.0\nrequire c.com/c v1.0.0\nnonsense\u{1} line (\n",
    ),
    ("cache/a.com/a@v1.0.0/x/", ""),
    ("cache/b.com/b@v1.5.0/", ""),
    ("cache/c.com/c@v1.0.0/", ""),
    ("cache/!old.com/!old@v1.0.0/x/", ""),
    ("cache/go.mod", "module outer\n"),
];

#[test]
fn a_dependency_by_itself_has_what_its_own_go_mod_says() {
    let tree = tree(&DEPENDENCIES);
    assert!(tree.locate("cache/a.com/a@v1.0.0/x", "b.com/b").starts_with("missing b.com/b v1.1.0"));
    assert_eq!(
        tree.locate("cache/a.com/a@v1.0.0/x", "c.com/c"),
        "ModuleCache c.com/c v1.0.0 cache/c.com/c@v1.0.0"
    );
    // Without a go.mod the folder's name says which module it is.
    assert_eq!(
        tree.locate("cache/!old.com/!old@v1.0.0", "Old.com/Old/x"),
        "Module Old.com/Old - cache/!old.com/!old@v1.0.0/x"
    );
    assert_eq!(tree.import_path("cache/!old.com/!old@v1.0.0/x").as_deref(), Some("Old.com/Old/x"));
    assert_eq!(tree.locator.faults(), [], "a dependency's faults are not ours");
}

#[test]
fn a_dependency_in_the_main_modules_build_has_what_that_selects() {
    let mut tree = tree(&DEPENDENCIES);
    tree.locator = tree.locator.with_main(&tree.dir.path().join("m/p"));
    assert_eq!(
        tree.locate("cache/a.com/a@v1.0.0/x", "b.com/b"),
        "ModuleCache b.com/b v1.5.0 cache/b.com/b@v1.5.0"
    );
    assert_eq!(tree.locate("cache/a.com/a@v1.0.0/x", "c.com/c"), "Replace c.com/c - c");
    assert_eq!(
        tree.locate("cache/!old.com/!old@v1.0.0/x", "b.com/b"),
        "ModuleCache b.com/b v1.5.0 cache/b.com/b@v1.5.0"
    );
    assert_eq!(tree.locate("m", "b.com/b"), "ModuleCache b.com/b v1.5.0 cache/b.com/b@v1.5.0");
}

#[test]
fn nothing_outside_is_looked_at_when_told_so() {
    let files: Vec<_> = WORKSPACE.iter().chain(&VENDORED).copied().chain([("goroot/src/fmt/", "")]).collect();
    let tree = tree_with(&files, |env| env.outside = false);
    assert_eq!(tree.locate("w", "a.com/w/api/v"), "Workspace a.com/w/api - w/api/v");
    assert_eq!(tree.locate("w/api", "d.com/d"), "Replace d.com/d - w/d");
    assert_eq!(tree.locate("w", "e.com/e"), "missing e.com/e v1.10.0: only the module itself is looked at");
    assert_eq!(tree.locate("m", "a.com/a/x"), "missing a.com/a v1.0.0: only the module itself is looked at");
    assert_eq!(tree.locate("m", "fmt"), "missing - -: only the module itself is looked at");
    assert_eq!(tree.version_of("w", "e.com/e/x").as_deref(), Some("e.com/e v1.10.0"));
}

#[test]
fn faults_are_told_once_and_sorted() {
    let tree = tree(&[
        ("b/go.mod", "module b\nrequire\nrequire a.com/a v1.0.0\n"),
        ("a/go.mod", "module a\n<<<<<<< x\n"),
        ("a/vendor/modules.txt", "nonsense\n"),
        ("cache/a.com/a@v1.0.0/", ""),
    ]);
    for _ in 0..2 {
        assert!(tree.locate("b", "a.com/a").starts_with("ModuleCache"));
        assert!(tree.locate("b/x", "a.com/a").starts_with("ModuleCache"));
        tree.version_of("a", "x.com/y");
    }
    let told: Vec<_> = tree.locator.faults().into_iter().map(|fault| (fault.path, fault.line)).collect();
    let printed = |below: &str| Arc::from(tree.path(below).to_str().unwrap());
    assert_eq!(
        told,
        [(printed("a/go.mod"), 2), (printed("a/vendor/modules.txt"), 1), (printed("b/go.mod"), 2)]
    );
}

#[test]
fn a_damaged_tree_is_no_fault() {
    let tree = tree(&[
        ("m/go.mod/x.txt", "a folder"),
        ("m/p/", ""),
        ("n/go.mod", "no module line at all\nrequire a.com/a v1.0.0\n"),
        ("n/p/", ""),
        ("cache/a.com", "a file where a folder should be"),
        ("n/vendor", "a file"),
    ]);
    assert_eq!(tree.import_path("m/p"), None);
    assert_eq!(tree.import_path("n/p"), None);
    assert_eq!(
        tree.locate("n/p", "a.com/a"),
        "missing a.com/a v1.0.0: the module cache does not have a.com/a v1.0.0"
    );
    assert_eq!(
        tree.locate("n/p/x.go/y", "a.com/a"),
        "missing a.com/a v1.0.0: the module cache does not have a.com/a v1.0.0"
    );
    assert_eq!(tree.locate("n", "../m/p"), "missing - -: relative imports are not followed");
    for import in ["", "/etc", "a.com/../../m/p", "a.com//a", "p\0"] {
        assert_eq!(tree.locate("n", import), "missing - -: it is no import path", "{import:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_go_mod_that_may_not_be_read_still_ends_the_outer_module() {
    use std::os::unix::fs::symlink;
    let tree = tree(&[("m/go.mod", "module m\n"), ("m/sub/p/", "")]);
    // A link to itself cannot be opened, not even by root.
    symlink("go.mod", tree.path("m/sub/go.mod")).unwrap();
    assert!(tree.locate("m", "m/sub/p").starts_with("missing m -"));
    assert_eq!(tree.import_path("m/sub/p"), None);
    let faults = tree.locator.faults();
    assert_eq!((faults.len(), faults[0].line, faults[0].skipped), (1, 0, true));
    assert!(faults[0].words.contains("symbolic link"), "{}", faults[0].words);
}

#[test]
fn many_threads_get_the_same_answers() {
    fn is_shared<T: Send + Sync>(_: &T) {}
    let tree = tree(&WORKSPACE);
    is_shared(&tree.locator);
    let expected = tree.locator.locate(&tree.path("w"), "e.com/e");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..1000 {
                    assert_eq!(tree.locator.locate(&tree.path("w/p"), "e.com/e"), expected);
                }
            });
        }
    });
}

#[test]
fn dependencies_are_told_by_where_they_lie() {
    let environment = || Environment {
        gomodcache: Some("/h/go/pkg/mod".into()),
        goroot: Some("/g".into()),
        ..Environment::default()
    };
    let told = |main: Option<&str>, dir: &str| {
        let locator = Locator::new(environment());
        main.map_or_else(|| Locator::new(environment()), |main| locator.with_main(Path::new(main)))
            .is_dependency(Path::new(dir))
    };
    for main in [None, Some("/h"), Some("/h/m"), Some("/")] {
        for dir in ["/h/go/pkg/mod/a.com/a@v1.0.0/p", "/g/src/net/http", "/h/m/vendor/a.com/a"] {
            assert!(told(main, dir), "{main:?} {dir}");
        }
        assert!(!told(main, "/h/m/p"), "{main:?}");
    }
    // A module of the cache that is looked at itself, another beside it, and what it vendors.
    let main = Some("/h/go/pkg/mod/a.com/a@v1.0.0");
    assert!(!told(main, "/h/go/pkg/mod/a.com/a@v1.0.0/p"));
    assert!(
        told(main, "/h/go/pkg/mod/b.com/b@v1.0.0")
            && told(main, "/h/go/pkg/mod/a.com/a@v1.0.0/vendor/b.com/b")
    );
}

#[test]
fn relative_folders_count_from_the_working_directory() {
    let locator = Locator::new(Environment::default());
    assert_eq!(locator.absolute(Path::new("./a/b")), sys::working_dir().unwrap().join("a/b"));
    assert_eq!(locator.absolute(Path::new("")), sys::working_dir().unwrap());
}
