//! Trees that were made to take a run down: each is built in a temporary folder, checked and fixed, and the
//! run has to end by itself, in little memory, with nothing written outside of the tree.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, ExitCode, Output, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use nix::sys::resource::{UsageWho, getrusage};

use crate::support::{test, tests, write};

/// The tests of this module.
pub fn tests() -> Vec<Trial> {
    let of_tree = |(what, build): &Tree| {
        let (what, build) = (*what, *build);
        test(format!("hostile::{}", what.replace(' ', "_")), move || hold(what, build))
    };
    let mut tests: Vec<Trial> = TREES.iter().map(of_tree).collect();
    tests.extend(tests![a_baseline_that_is_a_pipe_is_refused, a_go_mod_that_is_a_pipe_is_told]);
    tests
}

/// The most resident memory that a run may take, in KiB.
const MOST_KIB: i64 = 200 << 10;

/// Names the file that a process which measures writes into.
const MEASURE: &str = "UNLEAK_TEST_MEASURE";

/// A run that is not done by then hangs.
const PATIENCE: Duration = Duration::from_secs(120);

const LEAK: &str = "package p

type Client struct{ open bool }

func NewClient() *Client { return &Client{open: true} }

func (c *Client) Close() error { c.open = false; return nil }

func (c *Client) Use() {}

func leak() {
\tclient := NewClient()
\tclient.Use()
}
";

/// Names of trees, each with what builds it in an empty folder that has a module with one leak in `p.go`.
type Tree = (&'static str, fn(&Path));

const TREES: &[Tree] = &[
    ("an endless ignore file", |at| link("/dev/zero", at, ".gitignore")),
    ("an ignore file that is a pipe", |at| pipe(at, ".gitignore")),
    ("an endless ignore file further down", |at| {
        write(at, "d/x.go", "package d\n");
        link("/dev/zero", at, "d/.gitignore");
    }),
    ("settings that are a pipe", |at| pipe(at, "unleak.toml")),
    ("endless settings", |at| link("/dev/zero", at, "unleak.toml")),
    ("settings that are a folder", |at| write(at, "unleak.toml/x", "")),
    ("an endless go.mod", |at| {
        fs::remove_file(at.join("go.mod")).unwrap();
        link("/dev/zero", at, "go.mod");
    }),
    ("a go.mod that is a pipe further down", |at| {
        write(at, "d/x.go", "package d\n");
        pipe(at, "d/go.mod");
    }),
    ("a go.work that is a pipe", |at| pipe(at, "go.work")),
    ("a vendor/modules.txt that is a pipe", |at| pipe(at, "vendor/modules.txt")),
    ("a source that is a pipe", |at| pipe(at, "x.go")),
    ("an endless source", |at| link("/dev/zero", at, "x.go")),
    ("an imported package that is a pipe", |at| {
        pipe(at, "q/q.go");
        write(at, "x.go", "package p\n\nimport \"example.com/p/q\"\n\nfunc x() { q.NewClient() }\n");
    }),
    ("an imported package that is endless", |at| {
        write(at, "q/q.go", "package q\n");
        link("/dev/zero", at, "q/r.go");
        write(at, "x.go", "package p\n\nimport \"example.com/p/q\"\n\nfunc x() { q.NewClient() }\n");
    }),
    ("a folder that leads back up", |at| {
        write(at, "d/x.go", "package d\n");
        link("..", at, "d/loop");
    }),
    ("a folder that leads to the root of the disk", |at| link("/", at, "root")),
    ("an oversize ignore file", |at| write(at, ".gitignore", "**/a*b*c*d\n".repeat(200_000))),
    ("oversize settings", |at| write(at, "unleak.toml", "# x\n".repeat(400_000))),
    ("an oversize go.mod", |at| {
        write(at, "go.mod", format!("module example.com/p\n{}", "// x\n".repeat(4_000_000)));
    }),
    ("an oversize source", |at| {
        write(at, "x.go", format!("package p\n{}", "// New Client(\n".repeat(1_200_000)))
    }),
    ("many patterns", |at| write(at, ".gitignore", "**/a*/**/b*/**/c\n".repeat(5_000))),
    ("folders a thousand deep", |at| {
        let mut folder = at.to_path_buf();
        for _ in 0..1000 {
            folder.push("d");
        }
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("x.go"), LEAK).unwrap();
    }),
    ("brackets a hundred thousand deep", |at| {
        let deep = format!("{}1{}", "(".repeat(100_000), ")".repeat(100_000));
        write(
            at,
            "x.go",
            format!("package p\n\nfunc x() {{\n\tc := NewClient()\n\t_ = {deep}\n\tc.Use()\n}}\n"),
        );
    }),
    ("blocks ten thousand deep", |at| {
        let deep = format!("{}{}", "{".repeat(10_000), "}".repeat(10_000));
        write(at, "x.go", format!("package p\n\nfunc x() {{\n\tc := NewClient()\n\t{deep}\n\tc.Use()\n}}\n"));
    }),
    ("brackets that never close", |at| {
        write(at, "x.go", format!("package p\n\nfunc x() {{\n{}", "\tc := NewClient(`\n".repeat(50_000)));
    }),
    ("a work tree whose index is a pipe", |at| {
        write(at, ".git/HEAD", "ref: refs/heads/main\n");
        write(at, ".gitignore", "*.go\n");
        pipe(at, ".git/index");
    }),
    ("a work tree whose index lies", |at| {
        write(at, ".git/HEAD", "ref: refs/heads/main\n");
        write(at, ".gitignore", "*.go\n");
        fs::write(at.join(".git/index"), b"DIRC\0\0\0\x04\xff\xff\xff\xff\x00").unwrap();
    }),
    ("a work tree that lies elsewhere", |at| {
        write(at, ".gitignore", "*.go\n");
        write(at, ".git", "gitdir: /dev\n");
    }),
    ("a module that replaces with what lies outside", |at| {
        write(
            at,
            "go.mod",
            "module example.com/p\n\nreplace example.com/q => ../../../../../../../../../..\n",
        );
        write(at, "x.go", "package p\n\nimport \"example.com/q/dev\"\n\nfunc x() { dev.NewClient() }\n");
    }),
    ("packages that import each other", |at| {
        for (name, other) in [("q", "r"), ("r", "q")] {
            let text = format!(
                "package {name}\n\nimport \"example.com/p/{other}\"\n\nfunc NewClient() *{other}.Client {{ \
                 return \
                 {other}.NewClient() }}\n\ntype Client = {other}.Client\n"
            );
            write(at, &format!("{name}/x.go"), &text);
        }
        write(
            at,
            "x.go",
            "package p\n\nimport \"example.com/p/q\"\n\nfunc x() { c := q.NewClient(); c.Use() }\n",
        );
    }),
    ("more acquisitions and branches in one function than are followed", |at| {
        let acquire =
            |at| format!("\tc{at} := NewClient()\n\tif c{at} == nil {{\n\t\treturn\n\t}}\n\tc{at}.Use()\n");
        let all: String = (0..10_000).map(acquire).collect();
        write(at, "x.go", format!("package p\n\nfunc x() {{\n{all}}}\n"));
    }),
    ("a function of two megabytes", |at| {
        let all: String = (0..80_000).map(|at| format!("\tcase {at}:\n\t\tc.Use()\n")).collect();
        let head = "package p\n\nfunc x(i int) {\n\tc := NewClient()\n\tswitch i {\n";
        write(at, "x.go", format!("{head}{all}\t}}\n}}\n"));
    }),
    ("names that a terminal would obey", |at| write(at, "a\x1b[2J\nb/x.go", LEAK)),
    ("a folder called as a file", |at| write(at, "x.go/y.go", LEAK)),
];

fn link(to: &str, at: &Path, name: &str) {
    symlink(to, at.join(name)).unwrap();
}

fn pipe(at: &Path, name: &str) {
    let file = at.join(name);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    assert!(Command::new("mkfifo").arg(&file).status().expect("mkfifo is there").success());
}

/// The program under a process of its own that measures it (see [`measure`]).
fn run(tree: &Path, arguments: &[&str]) -> (Output, i64) {
    let measured = tempfile::NamedTempFile::new().unwrap();
    let mut command = Command::new(std::env::current_exe().expect("this binary is there"));
    command.args(arguments).current_dir(tree).env("NO_COLOR", "1").env(MEASURE, measured.path());
    let output = command.stdin(Stdio::null()).output().expect("the program runs");
    let said = fs::read_to_string(measured.path()).unwrap();
    let memory = said.parse().unwrap_or_else(|_| panic!("{arguments:?}: {said}"));
    (output, memory)
}

/// The file to measure into, where this process was started by [`run`].
pub fn asked_to_measure() -> Option<OsString> {
    std::env::var_os(MEASURE)
}

/// Runs the program with the arguments of this process, and writes the most memory that it took into `file`,
/// in KiB. A process of its own does so, since the system only knows the most that any child took so far.
pub fn measure(file: &OsStr) -> ExitCode {
    let mut command = Command::new(env!("CARGO_BIN_EXE_unleak"));
    let mut child = command.args(std::env::args_os().skip(1)).spawn().expect("the program runs");
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("it was started") {
            break status;
        }
        if begun.elapsed() > PATIENCE {
            let _ = child.kill();
            fs::write(file, "hangs").unwrap();
            return ExitCode::FAILURE;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("it has children");
    fs::write(file, usage.max_rss().to_string()).unwrap();
    status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::from(u8::MAX), ExitCode::from)
}

/// Holds that the tree takes no run down.
fn hold(what: &str, build: fn(&Path)) {
    let outside = tempfile::tempdir().unwrap();
    write(outside.path(), "secret.go", LEAK);
    let tree = outside.path().join("tree");
    write(&tree, "go.mod", "module example.com/p\n");
    write(&tree, "p.go", LEAK);
    build(&tree);
    symlink(outside.path().join("secret.go"), tree.join("out.go")).unwrap();
    for arguments in [&["check", "."][..], &["check", "p.go", "--format", "json"], &["fix", "--no-vcs", "."]]
    {
        let (output, memory) = run(&tree, arguments);
        let code = output.status.code();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        // Settings that are not read whole are a mistake of who wrote them, as docs/config.md has it.
        let refused = code == Some(64) && said.contains("unleak.toml: more than");
        assert_eq!(refused, what == "oversize settings", "{arguments:?}: {code:?}\n{said}");
        let ended = refused || matches!(code, Some(0..=2));
        assert!(ended, "{arguments:?} ends with {code:?}\n{said}");
        assert!(!said.contains("panicked"), "{said}");
        assert!(memory < MOST_KIB, "{arguments:?}: {memory} KiB");
    }
    let secret = fs::read_to_string(outside.path().join("secret.go")).unwrap();
    assert_eq!(secret, LEAK, "written outside");
    let names = fs::read_dir(outside.path()).unwrap().count();
    assert_eq!(names, 2, "something was made outside");
}

fn a_go_mod_that_is_a_pipe_is_told() {
    let tree = tempfile::tempdir().unwrap();
    write(tree.path(), "p.go", LEAK);
    pipe(tree.path(), "go.mod");
    let (output, _) = run(tree.path(), &["check", "p.go"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("go.mod: not a regular file"), "{said}");
    // A folder of that name is no go.mod, as Go has it.
    fs::remove_file(tree.path().join("go.mod")).unwrap();
    fs::create_dir(tree.path().join("go.mod")).unwrap();
    let (output, _) = run(tree.path(), &["check", "p.go"]);
    assert!(!String::from_utf8_lossy(&output.stderr).contains("go.mod"));
}

fn a_baseline_that_is_a_pipe_is_refused() {
    let tree = tempfile::tempdir().unwrap();
    write(tree.path(), "p.go", LEAK);
    pipe(tree.path(), "baseline.toml");
    for flag in ["--baseline", "--write-baseline"] {
        let (output, _) = run(tree.path(), &["check", flag, "baseline.toml"]);
        assert!(!output.status.success());
        assert!(String::from_utf8_lossy(&output.stderr).contains("baseline.toml: not a regular file"));
    }
}
