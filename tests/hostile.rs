//! Trees that were made to take a run down: each is built in a temporary folder, checked and fixed, and the
//! run has to end by itself, in little memory, with nothing written outside of the tree.
#![cfg(unix)]

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use support::write;

/// The most resident memory that a run may take, in KiB.
const MOST_KIB: i64 = 200 << 10;

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

/// Runs the program, which has to end by itself.
fn run(tree: &Path, arguments: &[&str], what: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_unleak"));
    command.args(arguments).current_dir(tree).env("NO_COLOR", "1").stdin(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
    let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let read = |mut from: Box<dyn std::io::Read + Send>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            from.read_to_end(&mut bytes).map(|_| bytes)
        })
    };
    let (out, err) = (read(Box::new(out)), read(Box::new(err)));
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("it was started") {
            break status;
        }
        if begun.elapsed() > PATIENCE {
            let _ = child.kill();
            panic!("{what}: {arguments:?} hangs");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let bytes = |thread: std::thread::JoinHandle<std::io::Result<Vec<u8>>>| thread.join().unwrap().unwrap();
    Output { status, stdout: bytes(out), stderr: bytes(err) }
}

/// The most memory that any child of this process took so far, in KiB.
fn most_memory() -> i64 {
    // SAFETY: the struct is plain data, and the call fills it.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_CHILDREN, &mut usage);
        usage
    };
    usage.ru_maxrss
}

#[test]
fn no_tree_takes_a_run_down() {
    for (what, build) in TREES {
        let outside = tempfile::tempdir().unwrap();
        write(outside.path(), "secret.go", LEAK);
        let tree = outside.path().join("tree");
        write(&tree, "go.mod", "module example.com/p\n");
        write(&tree, "p.go", LEAK);
        build(&tree);
        symlink(outside.path().join("secret.go"), tree.join("out.go")).unwrap();
        for arguments in
            [&["check", "."][..], &["check", "p.go", "--format", "json"], &["fix", "--no-vcs", "."]]
        {
            let begun = Instant::now();
            let output = run(&tree, arguments, what);
            let code = output.status.code();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            // Settings that are not read whole are a mistake of who wrote them, as docs/config.md has it.
            let refused = code == Some(64) && said.contains("unleak.toml: more than");
            assert_eq!(refused, what == &"oversize settings", "{what}: {arguments:?}: {code:?}\n{said}");
            let ended = refused || matches!(code, Some(0..=2));
            assert!(ended, "{what}: {arguments:?} ends with {code:?}\n{said}");
            assert!(!said.contains("panicked"), "{what}: {said}");
            if std::env::var_os("UNLEAK_TELL").is_some() {
                eprintln!(
                    "{what}: {arguments:?} {code:?} {:?} {} KiB\n{said}",
                    begun.elapsed(),
                    most_memory()
                );
            }
        }
        assert!(most_memory() < MOST_KIB, "{what}: {} KiB", most_memory());
        assert_eq!(
            fs::read_to_string(outside.path().join("secret.go")).unwrap(),
            LEAK,
            "{what}: written outside"
        );
        let names = fs::read_dir(outside.path()).unwrap().count();
        assert_eq!(names, 2, "{what}: something was made outside");
    }
}

#[test]
fn a_baseline_that_is_a_pipe_is_refused() {
    let tree = tempfile::tempdir().unwrap();
    write(tree.path(), "p.go", LEAK);
    pipe(tree.path(), "baseline.toml");
    for flag in ["--baseline", "--write-baseline"] {
        let output = run(tree.path(), &["check", flag, "baseline.toml"], "a baseline that is a pipe");
        assert!(!output.status.success());
        assert!(String::from_utf8_lossy(&output.stderr).contains("baseline.toml: not a regular file"));
    }
}
