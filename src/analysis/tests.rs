//! Go text in; verdict with its evidence, and place of the release, out: what the tests beside the files of
//! the analysis ask.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::analysis::detection::{Declaration, Detection, Detector};
use crate::analysis::file_context::FileContext;
use crate::analysis::summaries::answers::Summaries;
use crate::analysis::verdict::case::{Asked, Judge};
use crate::analysis::verdict::judge::{MAX_EFFORT, judge_within};
use crate::analysis::verdict::judgement::Judgement;
use crate::base::diagnostic::*;
use crate::base::text::{LineIndex, Span};
use crate::go::project::locate::{Environment, Locator};
use crate::go::syntax::ast::{Call, Decl};
use crate::go::syntax::outline::outline;
use crate::go::syntax::parse::parse;
use crate::go::syntax::visit;
use crate::go::types::database::Database;
use crate::go::types::release::{Lifetime, ReleaseMethod};

/// What every text has around it: a client that is released by `Close`, and what makes and takes it.
const PACKAGE: &str = "
type conn struct{ fd int }

func (c *conn) Close() error { c.fd = 0; return nil }

type client struct{ fd int }

func (c *client) Close() error { c.fd = 0; return nil }
func (c *client) Get() (int, error) { return c.fd, nil }
func (c *client) Dial() *conn { return &conn{c.fd} }

func open() (*client, error) { return &client{}, nil }
func make1() *client { return &client{} }
func lend(c *client) int { return c.fd }
func fails() error { return nil }
func some() bool { return fails() != nil }

type holder struct {
	c *client
	n int
}
";

/// What a detector finds of these kinds in each declaration of a file.
pub fn detections(text: &str, kinds: &[&str], detector: Detector) -> Vec<Detection> {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("go.mod"), "module example.com/m\n\ngo 1.24\n").unwrap();
    let path = dir.path().join("m.go");
    std::fs::write(&path, text).unwrap();
    let locator = Locator::new(Environment { outside: true, ..Environment::default() });
    let database = Database::new(locator, dir.path());
    let scope = database.scope_of(&path).unwrap();
    let (path, lines) = (Arc::from("m.go"), LineIndex::new(text.as_bytes()));
    let file = FileContext { path: &path, text: text.as_bytes(), lines: &lines, scope: &scope };
    let (summaries, kinds) =
        (Summaries::default(), kinds.iter().map(|kind| Arc::from(*kind)).collect::<Vec<_>>());
    let items = outline(text.as_bytes()).items;
    let decls = items.iter().filter_map(|item| parse(text.as_bytes(), item.span).ok()?.lower().ok());
    let of = |decl: Decl| {
        detector(&Declaration {
            database: &database,
            summaries: &summaries,
            file: &file,
            decl: &decl,
            kinds: &kinds,
        })
    };
    decls.flat_map(of).collect()
}

/// The judgements on what `f`, or else `main`, acquires by calls of `open`, `make1` and what begins with
/// `new`.
fn judgements<T>(imports: &str, text: &str, file: &str, ask: impl Fn(&Judgement, &LineIndex) -> T) -> Vec<T> {
    judgements_within(MAX_EFFORT, (imports, text, file), ask)
}

/// As [`judgements`], with what effort that may take.
fn judgements_within<T>(
    effort: usize,
    (imports, text, file): (&str, &str, &str),
    ask: impl Fn(&Judgement, &LineIndex) -> T,
) -> Vec<T> {
    let imports = if imports.is_empty() { String::new() } else { format!("import {imports}; ") };
    // The first line of the text is the first line of the file.
    let package = if text.contains("func main()") { "main" } else { "m" };
    let head = format!("package {package}; {imports}");
    let text = format!("{head}{text}\n{PACKAGE}");
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("go.mod"), "module example.com/m\n\ngo 1.24\n").unwrap();
    let path = dir.path().join(file);
    std::fs::write(&path, &text).unwrap();
    let locator = Locator::new(Environment { outside: true, ..Environment::default() });
    let database = Database::new(locator, dir.path());
    let scope = database.scope_of(&path).unwrap();
    let func = scope.package.func("f").or_else(|| scope.package.func("main"));
    let decl = Decl::Func(func.unwrap().decl);
    let (name, lines) = (Arc::from(file), LineIndex::new(text.as_bytes()));
    let place = FileContext { path: &name, text: text.as_bytes(), lines: &lines, scope: &scope };
    let summaries = Summaries::default();
    let usage = BTreeMap::new();
    let run = Judge {
        database: &database,
        summaries: &summaries,
        assume_closable: false,
        usage: &usage,
        fields: true,
    };
    let acquires = |call: &&Call| {
        call.name().is_some_and(|name| name == "open" || name == "make1" || name.starts_with("new"))
    };
    let calls: Vec<Span> = visit::calls(&decl).into_iter().filter(acquires).map(|call| call.span).collect();
    let rule: Arc<str> = Arc::from("rule");
    let close = ReleaseMethod { safe: true, done: Arc::from("closed"), ..ReleaseMethod::plain("Close") };
    let (releases, lifetime) = ([close], Lifetime { one_for_all: true, ..Lifetime::default() });
    let asked = |call: &Span| Asked {
        rule: &rule,
        list: &rule,
        releases: &releases,
        call: *call,
        gives: None,
        lifetime: &lifetime,
        by_name: false,
        tied: None,
        release: 0,
        quiet: None,
    };
    let asked: Vec<Asked> = calls.iter().map(asked).collect();
    judge_within(effort, &run, &place, &decl, &asked).iter().map(|one| ask(one, &lines)).collect()
}

fn fate(one: &Judgement) -> String {
    let first = one.acquisition.evidence.first();
    let first = first.map_or_else(String::new, |first| format!(" ({}: {})", first.line, first.words));
    format!("{}{first}", one.acquisition.verdict)
}

/// What becomes of what `f` acquires, each with the line and the words of its first evidence: `released (2:
/// released by this defer)`.
pub(crate) fn fates(text: &str) -> Vec<String> {
    judgements("", text, "m.go", |one, _| fate(one))
}

/// As [`fates`], of a text that imports something.
pub(crate) fn fates_with(import: &str, text: &str) -> Vec<String> {
    judgements(&format!("{import:?}"), text, "m.go", |one, _| fate(one))
}

/// As [`fates`], of a `_test.go` file, which imports `testing`.
pub(crate) fn fates_in_test(text: &str) -> Vec<String> {
    judgements("\"testing\"", text, "m_test.go", |one, _| fate(one))
}

/// As [`fates`], where judging all of `f` may take no more than `effort`.
pub(crate) fn fates_within(effort: usize, text: &str) -> Vec<String> {
    judgements_within(effort, ("", text, "m.go"), |one, _| fate(one))
}

/// The lines of all that speaks for the verdict on what `f` acquires.
pub(crate) fn evidence(text: &str) -> Vec<Vec<u32>> {
    judgements("", text, "m.go", |one, _| one.acquisition.evidence.iter().map(|found| found.line).collect())
}

/// What is wrong with what `f` acquires, in the words of its messages.
pub(crate) fn messages(text: &str) -> Vec<Vec<String>> {
    judgements("", text, "m.go", |one, _| one.faults.iter().map(|fault| fault.message.clone()).collect())
}

/// The notes on what `f` acquires, of a text that imports something.
pub(crate) fn notes(import: &str, text: &str) -> Vec<Vec<String>> {
    let words = |one: &Judgement, _: &LineIndex| {
        one.acquisition.notes.iter().map(|note| format!("{}: {}", note.id, note.words)).collect()
    };
    judgements(&format!("{import:?}"), text, "m.go", words)
}

/// The body of `func f()` likewise; it begins in the second line.
pub(crate) fn body(text: &str) -> Vec<String> {
    fates(&format!("func f() {{\n{text}\n}}"))
}

/// Where the release of each leak stands in `func f()`, whose body begins in the second line: after or before
/// a line, in which loop, and why that is doubtful or not possible.
pub(crate) fn places(text: &str) -> Vec<String> {
    places_in(&format!("func f() error {{\n{text}\n}}"))
}

/// As [`places`], of any text.
pub(crate) fn places_in(text: &str) -> Vec<String> {
    judgements("", text, "m.go", place_of_release)
}

/// As [`places_in`], of a text that imports something.
pub(crate) fn places_with(import: &str, text: &str) -> Vec<String> {
    judgements(&format!("{import:?}"), text, "m.go", place_of_release)
}

fn place_of_release(one: &Judgement, lines: &LineIndex) -> String {
    let candidate = one.faults.iter().find_map(|fault| match (fault.kind, &fault.remedy) {
        (FaultKind::Leak, Remedy::Release(candidate)) => Some(candidate),
        _ => None,
    });
    let Some(candidate) = candidate else { return "no leak".to_owned() };
    if let Some(obstacle) = &candidate.obstacle {
        let leaving = candidate.leaving.iter().map(|anchor| place(anchor, lines));
        return [obstacle.clone()].into_iter().chain(leaving).collect::<Vec<_>>().join("; ");
    }
    let Some(anchor) = &candidate.anchor else { return "nowhere".to_owned() };
    let proof = match &candidate.proof {
        Some(Ok(_)) => ", proved",
        Some(Err(_)) => ", not proved",
        None => "",
    };
    format!("{}{proof}", place(anchor, lines))
}

/// What a release of each leak in a text may use where it stands.
pub(crate) fn in_scope(text: &str) -> Vec<String> {
    judgements("\"testing\"", text, "m_test.go", |one, _| {
        let Some(Remedy::Release(candidate)) = one.faults.first().map(|fault| &fault.remedy) else {
            return "no leak".to_owned();
        };
        let Some(anchor) = &candidate.anchor else { return "nowhere".to_owned() };
        let InScope { error_result, test, defers, parallel, loggers, .. } = &anchor.scope;
        let named =
            |what: &str, name: &Option<Arc<str>>| name.iter().map(|name| format!("{what} {name}")).collect();
        let mut found: Vec<String> = named("error", error_result);
        found.extend::<Vec<String>>(named("test", test));
        found.extend(loggers.iter().map(|logger| format!("logger {}", logger.spelled)));
        found.extend(
            [(*defers, "defers"), (*parallel, "parallel")]
                .iter()
                .filter(|(is, _)| *is)
                .map(|(_, word)| (*word).to_owned()),
        );
        found.join(", ")
    })
}

fn place(anchor: &Anchor, lines: &LineIndex) -> String {
    let place = match anchor.place {
        AnchorPlace::After(span) => format!("after {}", lines.line(span.end)),
        AnchorPlace::Start(span) => format!("start of {}", lines.line(span.start)),
        AnchorPlace::Before(span) => format!("before {}", lines.line(span.start)),
    };
    let binding = match anchor.binding {
        Binding::Bound => "",
        Binding::Blank(_) => ", named in place of _",
        Binding::Value { .. } => ", declared",
        Binding::Header { .. } => ", out of the header",
        Binding::Lifted { .. } => ", lifted",
    };
    let iteration = match &anchor.iteration {
        None => String::new(),
        Some(Iteration::End(_)) => ", at the end of the iteration".to_owned(),
        Some(Iteration::Literal { .. }) => ", in a function literal".to_owned(),
        Some(Iteration::Neither(why)) => format!(", no release in the iteration: {why}"),
    };
    let doubt = anchor.doubt.as_ref().map_or_else(String::new, |doubt| format!(", doubtful: {doubt}"));
    format!("{} {place}{binding}{iteration}{doubt}", anchor.variable)
}
