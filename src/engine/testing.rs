//! What tests of the parts share: runs over Go text that stands in them, and findings that nobody found.

use std::fs;
use std::sync::{Arc, LazyLock};

use crate::base::diagnostic::{Applicability, Finding, Fix, Location, Severity};
use crate::base::edit::Edit;
use crate::base::text::Span;
use crate::config::{Files, Settings};
use crate::engine;
use crate::engine::{FixRun, Report};
use crate::rules::{self, Rule};

static RULES: LazyLock<Vec<Arc<Rule>>> = LazyLock::new(rules::builtin);

/// A type with a release, and functions that make one.
pub const CLIENT: &str = "package p

type Client struct{ n int }

func NewClient() (*Client, error) { return &Client{}, nil }

func NewBareClient() *Client { return &Client{} }

func (c *Client) Close() error { c.n = 0; return nil }

func (c *Client) Use() int { return c.n }
";

/// A module of `files` beside a `go.mod`, by path and text.
pub struct Module(tempfile::TempDir);

impl Module {
    pub fn new(files: &[(&str, &str)]) -> Module {
        let folder = tempfile::tempdir().expect("there is room");
        fs::write(folder.path().join("go.mod"), "module example.com/p\n\ngo 1.24\n").unwrap();
        for (path, text) in files {
            let file = folder.path().join(path);
            fs::create_dir_all(file.parent().expect("it has a folder")).unwrap();
            fs::write(file, text).unwrap();
        }
        Module(folder)
    }

    /// Settings for a run over all of it with this rule, or those, alone, and no source outside of it.
    pub fn settings(&self, rule: &str) -> Settings {
        let root = fs::canonicalize(self.0.path()).expect("it is there");
        let mut settings = Settings::sample(&root, &["."]);
        settings.scan.sources.rules = RULES.clone();
        settings.scan.sources.files = Files::None;
        let selected: Vec<String> = rule.split(',').map(str::to_owned).collect();
        settings.scan.sources.flags.flag("select", Some(selected));
        settings.scan.index_only = true;
        settings
    }
}

/// What a run says of [`CLIENT`] and `text` in one package.
pub fn checked(text: &str) -> Report {
    checked_by("unclosed-client", &[("client.go", CLIENT), ("a.go", &format!("package p\n\n{text}"))])
}

/// What a run with this rule alone says of a module of `files`, with every acquisition.
pub fn checked_by(rule: &str, files: &[(&str, &str)]) -> Report {
    let module = Module::new(files);
    let mut settings = module.settings(rule);
    settings.report.every = true;
    engine::check(&settings).expect("the module is there")
}

/// The places of findings that nothing silences: `a.go:7`.
pub fn places(report: &Report) -> Vec<String> {
    let open = report.findings.iter().filter(|finding| finding.suppressed.is_none());
    open.map(|finding| format!("{}:{}", finding.location.path, finding.location.line)).collect()
}

/// The run that fixes [`CLIENT`] and `text` in one package, changed by `adapt`.
pub fn fix_run(text: &str, adapt: impl FnOnce(&mut Settings)) -> FixRun {
    let module = Module::new(&[("client.go", CLIENT), ("a.go", &format!("package p\n\n{text}"))]);
    let mut settings = module.settings("unclosed-client");
    adapt(&mut settings);
    engine::fix(&settings).expect("the module is there")
}

/// What all fixes, or the safe ones alone, make of `text`, which stands beside [`CLIENT`].
pub fn fixed(text: &str, unsafe_fixes: bool) -> String {
    let run = fix_run(text, |settings| settings.fix.unsafe_fixes = unsafe_fixes);
    let change = run.changes.into_iter().find(|change| &*change.path == "a.go");
    let after = change
        .map_or_else(|| format!("package p\n\n{text}"), |change| String::from_utf8(change.after).unwrap());
    after["package p\n\n".len()..].to_owned()
}

/// As [`fixed`] with all fixes, for the body of a function that returns an error: lines without indentation
/// of their own in, and out.
pub fn fixed_body(body: &str) -> String {
    let indented = |line: &str| if line.is_empty() { String::new() } else { format!("\t{line}") };
    let lines: Vec<String> = body.lines().map(indented).collect();
    let text = fixed(&format!("func f() error {{\n{}\n}}\n", lines.join("\n")), true);
    let body = text.strip_prefix("func f() error {\n").and_then(|text| text.strip_suffix("\n}\n"));
    let lines = body.unwrap_or_else(|| panic!("{text}")).lines();
    lines.map(|line| line.strip_prefix('\t').unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

/// A finding called `id` at the byte `at`, whose safe fix makes `edits`.
pub fn finding(id: &str, at: u32, edits: Vec<Edit>) -> Finding {
    let location = Location { path: "a.go".into(), span: Span::new(at, at + 1), line: 1, column: at + 1 };
    let fix = Fix {
        title: format!("mend {id}"),
        applicability: Applicability::Safe,
        reason: None,
        proof: None,
        edits,
    };
    Finding {
        rule: "unclosed-client".into(),
        severity: Severity::Warning,
        location,
        subject: "NewClient".to_owned(),
        label: "acquired here".to_owned(),
        function: Some("f".to_owned()),
        message: format!("{id} is never closed"),
        labels: Vec::new(),
        notes: Vec::new(),
        fix: Some(fix),
        suppressed: None,
        fingerprint: id.to_owned(),
        acquisition: None,
    }
}
