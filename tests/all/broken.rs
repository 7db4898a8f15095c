//! Trees and module caches that are damaged: the right answer or `unknown` with the reason, never a panic or
//! an endless loop.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;

use crate::support::{tests, write};

/// The tests of this module.
pub fn tests() -> Vec<Trial> {
    tests![
        a_whole_tree_is_answered,
        an_empty_go_mod_names_no_module,
        a_replacement_that_is_not_there_is_named,
        circles_of_types_end,
        circles_of_embeddings_end,
        of_two_packages_in_a_folder_each_knows_its_own,
        a_module_cache_may_be_read_only,
        a_half_deleted_module_cache_is_not_believed,
        a_truncated_file_is_not_believed,
        #[cfg(unix)]
        a_file_that_cannot_be_read_is_not_passed_over,
    ]
}

/// What runs longer than this runs for ever: these trees take milliseconds.
const PATIENCE: Duration = Duration::from_secs(60);

const GO_MOD: &str = "module example.com/m\n\ngo 1.24\n\nrequire example.com/lib v1.0.0\n";

const MAIN: &str = "package main\n\nimport \"example.com/lib\"\n\nfunc main() {\n\tc, err := \
                    lib.NewClient()\n\tif err != nil {\n\t\treturn\n\t}\n\tc.Use()\n}\n";

const CLIENT: &str = "package lib\n\ntype Client struct{ done func() }\n\nfunc (c *Client) Close() error { \
                      c.done(); return nil }\n\nfunc (c *Client) Use() {}\n";

const CONSTRUCTOR: &str = "package lib\n\nfunc NewClient() (*Client, error) { return nil, nil }\n";

/// A tree, and beside it a module cache.
struct Case {
    dir: tempfile::TempDir,
}

impl Case {
    fn new(files: &[(&str, &str)]) -> Case {
        let case = Case { dir: tempfile::tempdir().expect("there is room") };
        files.iter().for_each(|(path, text)| case.write(path, text));
        case
    }

    /// With `go.mod`, a program that makes a client, and the module that has it, complete.
    fn with_library() -> Case {
        let lib = "cache/example.com/lib@v1.0.0";
        let files = [("client.go", CLIENT), ("new.go", CONSTRUCTOR), ("go.mod", "module example.com/lib\n")];
        let case = Case::new(&[("tree/go.mod", GO_MOD), ("tree/main.go", MAIN)]);
        files.iter().for_each(|(name, text)| case.write(&format!("{lib}/{name}"), text));
        case
    }

    fn write(&self, path: &str, text: &str) {
        write(self.dir.path(), path, text);
    }

    fn path(&self, below: &str) -> std::path::PathBuf {
        self.dir.path().join(below)
    }

    /// The lines of the audit: `constructor: release or verdict (reason)`.
    fn audit(&self) -> Vec<String> {
        let child = Command::new(env!("CARGO_BIN_EXE_unleak"))
            .args(["audit", "--format", "json", "."])
            .current_dir(self.path("tree"))
            .env("GOMODCACHE", self.path("cache"))
            .env("GOFLAGS", "")
            .env("GOWORK", "off")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it can be started");
        let (stdout, stderr, code) = finished(child);
        assert!(code == Some(0) && !stderr.contains("panicked"), "{code:?} {stderr}");
        let report: serde_json::Value = serde_json::from_str(&stdout).expect("it prints JSON");
        let rows = report["acquisitions"].as_array().expect("it lists calls");
        rows.iter().map(shown).collect()
    }
}

fn shown(row: &serde_json::Value) -> String {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_string();
    let constructor = text(&row["constructor"]);
    let constructor = constructor.rsplit(['.', '/']).next().unwrap_or_default().to_string();
    match row["release"].as_str() {
        Some(release) => format!("{constructor}: {release}"),
        None => {
            format!("{constructor}: {} ({})", text(&row["verdict"]), text(&row["evidence"][0]["message"]))
        }
    }
}

/// What a program printed and its exit code, once it has ended.
fn finished(child: Child) -> (String, String, Option<i32>) {
    let (sent, received) = std::sync::mpsc::channel();
    let (id, begun) = (child.id(), Instant::now());
    std::thread::spawn(move || sent.send(child.wait_with_output()));
    let output = received
        .recv_timeout(PATIENCE)
        .unwrap_or_else(|_| panic!("{id} still runs after {:?}", begun.elapsed()));
    let output = output.expect("its output can be read");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr), output.status.code())
}

fn assert_unknown(lines: &[String], why: &str) {
    let [line] = lines else { panic!("{lines:?}") };
    assert!(line.starts_with("NewClient: unknown type (") && line.contains(why), "{line}");
}

fn a_whole_tree_is_answered() {
    assert_eq!(Case::with_library().audit(), ["NewClient: Close"]);
}

fn an_empty_go_mod_names_no_module() {
    let case = Case::with_library();
    case.write("tree/go.mod", "");
    assert_unknown(&case.audit(), "example.com/lib");
    case.write(
        "tree/main.go",
        &MAIN.replace("lib.NewClient", "NewClient").replace("import \"example.com/lib\"\n", ""),
    );
    case.write(
        "tree/own.go",
        &format!("{CLIENT}{}", &CONSTRUCTOR["package lib\n".len()..]).replace("package lib", "package main"),
    );
    assert_eq!(case.audit(), ["NewClient: Close"], "the package's own client needs no go.mod");
}

fn a_replacement_that_is_not_there_is_named() {
    let case = Case::with_library();
    case.write("tree/go.mod", &format!("{GO_MOD}\nreplace example.com/lib => ../gone\n"));
    assert_unknown(&case.audit(), "gone, which is not there");
}

fn circles_of_types_end() {
    let circles = [
        "type Client = Other\n\ntype Other = Client\n",
        "type Client = *Client\n",
        "type Client Other\n\ntype Other Client\n",
        "type Client = Pair[Client]\n\ntype Pair[T any] = *Pair[*T]\n",
    ];
    for circle in circles {
        let text = format!(
            "package main\n\n{circle}\nfunc NewClient() *Client {{ return nil }}\n\nfunc main() {{\n\tc := \
             NewClient()\n\tc.Use()\n}}\n"
        );
        let case = Case::new(&[("tree/go.mod", "module example.com/m\n"), ("tree/main.go", &text)]);
        let lines = case.audit();
        assert!(lines.len() == 1 && !lines[0].contains("Close"), "{circle}: {lines:?}");
    }
}

fn circles_of_embeddings_end() {
    let circles = [
        ("type Client struct{ *Other }\n\ntype Other struct{ *Client }\n", "nothing to release"),
        ("type Client struct{ Client }\n", "nothing to release"),
        ("type Client interface{ Other }\n\ntype Other interface{ Client }\n", "nothing to release"),
        (
            "type Client struct{ *Other }\n\ntype Other struct{ *Client }\n\nfunc (o *Other) Close() error { \
             panic(1) }\n",
            "Close",
        ),
    ];
    for (circle, want) in circles {
        let text = format!(
            "package main\n\n{circle}\nfunc NewClient() *Client {{ return nil }}\n\nfunc main() {{\n\tc := \
             NewClient()\n\tc.Use()\n}}\n"
        );
        let case = Case::new(&[("tree/go.mod", "module example.com/m\n"), ("tree/main.go", &text)]);
        let lines = case.audit();
        assert!(
            lines.len() == 1 && lines[0].starts_with(&format!("NewClient: {want}")),
            "{circle}: {lines:?}"
        );
    }
    let import = |own: &str, other: &str| {
        format!(
            "package {own}\n\nimport \"example.com/m/{other}\"\n\ntype T struct{{ {other}.T }}\n\nfunc \
             NewClient() *T {{ return nil }}\n\nfunc f() {{ NewClient() }}\n"
        )
    };
    let case = Case::new(&[
        ("tree/go.mod", "module example.com/m\n"),
        ("tree/a/a.go", &import("a", "b")),
        ("tree/b/b.go", &import("b", "a")),
    ]);
    let lines = case.audit();
    assert!(
        lines.len() == 2 && lines.iter().all(|line| line.starts_with("NewClient: nothing to release")),
        "{lines:?}"
    );
}

fn of_two_packages_in_a_folder_each_knows_its_own() {
    let case = Case::new(&[("tree/go.mod", "module example.com/m\n")]);
    for (package, close) in [("one", "func (c *Client) Close() error { return c.x() }\n"), ("two", "")] {
        let text = format!(
            "package {package}\n\ntype Client struct{{ x func() error }}\n\n{close}\nfunc NewClient() \
             *Client {{ return nil }}\n\nfunc f() {{ c := NewClient(); _ = c }}\n"
        );
        case.write(&format!("tree/{package}.go"), &text);
    }
    let lines = case.audit();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(lines[0], "NewClient: Close");
    assert!(lines[1].starts_with("NewClient: nothing to release"), "{lines:?}");
}

fn a_module_cache_may_be_read_only() {
    let case = Case::with_library();
    set_mode(&case.path("cache/example.com/lib@v1.0.0"), 0o555);
    assert_eq!(case.audit(), ["NewClient: Close"]);
    set_mode(&case.path("cache/example.com/lib@v1.0.0"), 0o755);
}

fn a_half_deleted_module_cache_is_not_believed() {
    let case = Case::with_library();
    let remove = |name: &str| {
        std::fs::remove_file(case.path("cache/example.com/lib@v1.0.0").join(name)).expect("it was there")
    };
    remove("client.go");
    assert_unknown(&case.audit(), "Client");
    remove("new.go");
    assert_unknown(&case.audit(), "no Go files");
    std::fs::remove_dir_all(case.path("cache/example.com/lib@v1.0.0")).expect("it was there");
    assert_unknown(&case.audit(), "example.com/lib");
    std::fs::remove_dir_all(case.path("cache")).expect("it was there");
    assert_unknown(&case.audit(), "example.com/lib");
}

fn a_truncated_file_is_not_believed() {
    for length in 0..CLIENT.len() {
        let case = Case::with_library();
        case.write("cache/example.com/lib@v1.0.0/client.go", &CLIENT[..length]);
        let lines = case.audit();
        let [line] = lines.as_slice() else { panic!("{length}: {lines:?}") };
        let believed = line == "NewClient: Close" && CLIENT[..length].contains("Close()");
        // Cut between two declarations nothing tells that there was more.
        let between = CLIENT[..length].trim_end().ends_with("func() }");
        assert!(believed || line.starts_with("NewClient: unknown type (") || between, "{length}: {line}");
    }
}

#[cfg(unix)]
fn a_file_that_cannot_be_read_is_not_passed_over() {
    let case = Case::with_library();
    let client = case.path("cache/example.com/lib@v1.0.0/client.go");
    std::fs::remove_file(&client).expect("it was there");
    std::os::unix::fs::symlink("gone.go", &client).expect("it can be made");
    assert_unknown(&case.audit(), "Client");
    // The methods of a type may stand in the file that cannot be read.
    case.write(
        "cache/example.com/lib@v1.0.0/new.go",
        "package lib\n\ntype Client struct{}\n\nfunc NewClient() (*Client, error) { return nil, nil }\n",
    );
    assert_unknown(&case.audit(), "read");
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("it is ours");
}

#[cfg(not(unix))]
fn set_mode(_path: &Path, _mode: u32) {}
