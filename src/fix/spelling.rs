//! The statements of a release: plain, with its error ignored, logged or joined, or as a test's clean-up.

use crate::base::diagnostic::{Anchor, InScope, Release};
use crate::config::Style;
use crate::fix::imports;
use crate::fix::wanted::Wanted;

/// When the release runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// At the end of the function.
    Deferred,
    /// Where it stands.
    Now,
}

/// A release in lines without indentation of their own.
#[derive(Debug, PartialEq, Eq)]
pub struct Spelled {
    pub lines: Vec<String>,
    /// The gist of it on one line.
    pub title: String,
    /// The import path that the file lacks for it.
    pub needs: Option<&'static str>,
    /// Why it needs a look.
    pub doubt: Option<String>,
}

/// What is done about the error of a release.
enum Manner {
    /// With why it needs a look.
    Plain(Option<String>),
    Ignored,
    Logged {
        statement: String,
        needs: Option<&'static str>,
    },
    Joined {
        result: String,
        by: Join,
    },
    Cleanup {
        test: String,
        ignored: bool,
    },
}

/// How an error gets into a named result.
enum Join {
    Errors,
    /// Like `errors.Join` where the file cannot name it: the first error stays.
    First,
    /// The file has to import `errors`.
    Import,
}

/// The release `call` in the style that is wanted. The error says why it cannot be spelled.
pub fn spell(
    wanted: &Wanted,
    release: &Release,
    anchor: &Anchor,
    call: &str,
    when: When,
) -> Result<Spelled, String> {
    let manner = manner(wanted, release, anchor, when)?;
    Ok(write(manner, call, when, &anchor.scope))
}

fn manner(wanted: &Wanted, release: &Release, anchor: &Anchor, when: When) -> Result<Manner, String> {
    let scope = &anchor.scope;
    // A function literal would release what the variable holds in the end; `defer` takes what it holds there.
    let fixed = when == When::Now || !scope.changes;
    if scope.late {
        let why = if fixed {
            "what uses it goes on when the function ends"
        } else {
            "what uses it goes on when the function ends, and the variable gets another value before that"
        };
        return cleanup(wanted, release, scope, when).ok_or_else(|| why.to_owned());
    }
    // Such subtests go on after the function, and a clean-up waits for them.
    if let Some(manner) = (scope.parallel && wanted.style == Style::Auto)
        .then(|| cleanup(wanted, release, scope, when))
        .flatten()
    {
        return Ok(manner);
    }
    let matters = release.returns_error && error_matters(wanted);
    let style = match wanted.style {
        // Whatever the file does about other releases, the caller hears first of an error that matters.
        Style::Auto if matters => Style::Join,
        // A clean-up needs a test.
        Style::Cleanup if scope.test.is_none() => habit(wanted),
        Style::Auto => habit(wanted),
        style => style,
    };
    // Whoever asks for something to be done about errors gets no release that leaves its error out.
    let heeds = release.returns_error && matches!(wanted.style, Style::Ignore | Style::Log | Style::Join);
    // An import is only added when it was asked for.
    let may_import = wanted.style != Style::Auto && when == When::Deferred;
    let fits = match style {
        _ if !fixed => None,
        Style::Cleanup if !matters => cleanup(wanted, release, scope, when),
        Style::Ignore if release.returns_error && !matters => Some(Manner::Ignored),
        Style::Log if release.returns_error => logged(wanted, release, anchor, may_import),
        Style::Join if release.returns_error => joined(wanted, scope, may_import),
        _ => None,
    };
    match fits {
        Some(manner) => Ok(manner),
        None if !fixed && (matters || heeds) => Err(format!(
            "something has to be done about the error of `{}`, and `{}` gets another value before the \
             function ends",
            release.method, anchor.variable
        )),
        None if matters => {
            let somewhere = joined(wanted, scope, false).or_else(|| logged(wanted, release, anchor, false));
            let why = format!(
                "the error of `{}` tells whether everything was written, and there is nothing to report it \
                 to",
                release.method
            );
            Ok(somewhere.unwrap_or(Manner::Plain(Some(why))))
        }
        None if heeds => Ok(logged(wanted, release, anchor, false).unwrap_or(Manner::Ignored)),
        None => Ok(Manner::Plain(None)),
    }
}

/// The style of the file, or of the files beside it where it releases nothing.
fn habit(wanted: &Wanted) -> Style {
    wanted.habits.most().or_else(wanted.package_style).unwrap_or(Style::Defer)
}

/// Whether the release's error is the only sign that something was not written.
fn error_matters(wanted: &Wanted) -> bool {
    let acquisition = wanted.acquisition;
    let call = String::from_utf8_lossy(wanted.text.get(acquisition.span.range()).unwrap_or_default());
    // `os.OpenFile(name, os.O_RDONLY, 0)`
    if call.contains("O_RDONLY") && !call.contains("O_RDWR") && !call.contains("O_WRONLY") {
        return false;
    }
    let ty = acquisition.type_name.trim_start_matches('*').split('[').next().unwrap_or_default();
    // Whatever opens it: `xos.CreateTemp`, a function of the repository's own.
    let by = acquisition.constructor.rsplit('.').next().unwrap_or_default();
    let creates = ["Create", "CreateTemp", "OpenFile", "TempFile"].contains(&by);
    ty.ends_with("Writer") || ty.ends_with("os.File") && creates
}

/// A clean-up runs after the test's own defers and with the test's context cancelled: not where that would
/// tell.
fn cleanup(wanted: &Wanted, release: &Release, scope: &InScope, when: When) -> Option<Manner> {
    let asked = wanted.style == Style::Cleanup;
    let fits = when == When::Deferred && release.args.is_empty() && !scope.changes;
    let test = scope.test.as_ref().filter(|_| fits)?;
    let ignored = release.returns_error && wanted.habits.cleans_up_openly().unwrap_or(asked);
    (asked || scope.late || scope.parallel || !scope.defers)
        .then(|| Manner::Cleanup { test: test.to_string(), ignored })
}

fn logged(wanted: &Wanted, release: &Release, anchor: &Anchor, may_import: bool) -> Option<Manner> {
    let hidden = |name: &str| is_local(&anchor.scope, name);
    let what = format!("{} {}", release.method.to_lowercase(), anchor.variable);
    let in_test = anchor.scope.test.as_ref().map(|test| format!("{test}.Logf(\"{what}: %v\", err)"));
    let in_scope = || wanted.habits.logged_with(&anchor.scope.loggers, &what);
    let of_package = || wanted.habits.logger(&hidden).map(|logger| logger.statement(&what));
    let statement = in_test.or_else(in_scope).or_else(of_package);
    if let Some(statement) = statement {
        return Some(Manner::Logged { statement, needs: None });
    }
    let free = !hidden("log") && imports::path_of(wanted.habits.imports(), "log").is_none();
    (may_import && free)
        .then(|| Manner::Logged { statement: format!("log.Printf(\"{what}: %v\", err)"), needs: Some("log") })
}

fn joined(wanted: &Wanted, scope: &InScope, may_import: bool) -> Option<Manner> {
    let result = scope.error_result.as_ref()?.to_string();
    let nameable = scope.joins && !is_local(scope, "errors");
    let by = match imports::path_of(wanted.habits.imports(), "errors") {
        Some(path) if nameable && &*path == "errors" => Join::Errors,
        None if nameable && may_import => Join::Import,
        _ => Join::First,
    };
    Some(Manner::Joined { result, by })
}

fn is_local(scope: &InScope, name: &str) -> bool {
    scope.locals.binary_search_by(|local| (**local).cmp(name)).is_ok()
}

fn write(manner: Manner, call: &str, when: When, scope: &InScope) -> Spelled {
    let parallel = || "subtests that run in parallel go on after it".to_owned();
    let doubt = scope.parallel.then(parallel);
    let spelled =
        |lines: Vec<String>, title: String| Spelled { lines, title, needs: None, doubt: doubt.clone() };
    let one = |statement: String| {
        let line = match when {
            When::Deferred => format!("defer func() {{ {statement} }}()"),
            When::Now => statement,
        };
        spelled(vec![line.clone()], line)
    };
    match manner {
        Manner::Plain(why) => {
            let line = if when == When::Deferred { format!("defer {call}") } else { call.to_owned() };
            let spelled = spelled(vec![line.clone()], line);
            Spelled { doubt: why.or(spelled.doubt.clone()), ..spelled }
        }
        Manner::Ignored => one(format!("_ = {call}")),
        Manner::Logged { statement, needs } => {
            let checked =
                [format!("if err := {call}; err != nil {{"), format!("\t{statement}"), "}".to_owned()];
            Spelled {
                needs,
                ..spelled(deferred(&checked, when), format!("{} // and log its error", gist(call, when)))
            }
        }
        Manner::Joined { result, by } => {
            let doubt = Some("the function returns the error of its release then, too".to_owned());
            let joined = match by {
                Join::Errors => one(format!("{result} = errors.Join({result}, {call})")),
                Join::Import => Spelled {
                    needs: Some("errors"),
                    ..one(format!("{result} = errors.Join({result}, {call})"))
                },
                Join::First => {
                    let closed = if result == "cerr" { "closeErr" } else { "cerr" };
                    let checked = [
                        format!("if {closed} := {call}; {result} == nil {{"),
                        format!("\t{result} = {closed}"),
                        "}".to_owned(),
                    ];
                    spelled(deferred(&checked, when), format!("{} // and return its error", gist(call, when)))
                }
            };
            Spelled { doubt, ..joined }
        }
        // A clean-up waits for the subtests.
        Manner::Cleanup { test, ignored } => {
            let blank = if ignored { "_ = " } else { "" };
            let line = format!("{test}.Cleanup(func() {{ {blank}{call} }})");
            let doubt = scope.defers.then(|| "it runs after what the test defers".to_owned());
            Spelled { doubt, ..spelled(vec![line.clone()], line) }
        }
    }
}

fn gist(call: &str, when: When) -> String {
    if when == When::Deferred { format!("defer {call}") } else { call.to_owned() }
}

fn deferred(statements: &[String], when: When) -> Vec<String> {
    match when {
        When::Now => statements.to_vec(),
        When::Deferred => {
            let inner = statements.iter().map(|line| format!("\t{line}"));
            [String::from("defer func() {")].into_iter().chain(inner).chain([String::from("}()")]).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::testing::fix_run;

    /// The lines that all fixes add to `head { … }` around a client, in this style, in a file that has both
    /// packages.
    fn added(style: &str, head: &str) -> Vec<String> {
        let imports = "import (\n\t\"errors\"\n\t\"log\"\n)\n\nvar _ = errors.New\n\nvar _ = log.Print\n";
        let body = "\tc := NewBareClient()\n\tc.Use()\n\treturn nil\n";
        added_to(style, &format!("{imports}\n{head} {{\n{body}}}\n"))
    }

    /// The lines that all fixes add to `text` in this style, without indentation.
    fn added_to(style: &str, text: &str) -> Vec<String> {
        let run = fix_run(text, |settings| {
            settings.fix.unsafe_fixes = true;
            settings.scan.sources.flags.flag("style", Some(style));
        });
        let Some(change) = run.changes.first() else { return Vec::new() };
        let (before, after) =
            (String::from_utf8_lossy(&change.before), String::from_utf8_lossy(&change.after));
        let mut before = before.lines().peekable();
        after
            .lines()
            .filter(|line| before.next_if_eq(line).is_none())
            .map(|line| line.trim().to_owned())
            .collect()
    }

    #[test]
    fn each_style_has_its_words() {
        let head = "func f() error";
        assert_eq!(added("defer", head), ["defer c.Close()"]);
        assert_eq!(added("ignore", head), ["defer func() { _ = c.Close() }()"]);
        let logged = ["if err := c.Close(); err != nil {", "log.Printf(\"close c: %v\", err)", "}"];
        let deferred = [&["defer func() {"], &logged[..], &["}()"]].concat();
        assert_eq!(added("log", head), deferred);
    }

    #[test]
    fn an_error_is_joined_where_the_result_has_a_name() {
        let joined = added("join", "func f() (err error)");
        assert_eq!(joined, ["defer func() { err = errors.Join(err, c.Close()) }()"]);
        let unnamed = added("join", "func f() error");
        assert!(!unnamed.join("\n").contains("Join"), "{unnamed:?}");
    }

    #[test]
    fn a_local_variable_hides_the_package() {
        let text =
            "func f(errors []string) (err error) {\n\tc := NewBareClient()\n\tc.Use()\n\treturn nil\n}\n";
        let lines = added_to("join", text).join("\n");
        assert!(
            lines.contains("if cerr := c.Close(); err == nil {") && !lines.contains("errors.Join"),
            "{lines}"
        );
    }

    #[test]
    fn a_file_is_spelled_as_it_is() {
        let own =
            "func own() {\n\tc := NewBareClient()\n\tdefer func() { _ = c.Close() }()\n\tc.Use()\n}\n\n";
        let text = format!("{own}func f() error {{\n\tc := NewBareClient()\n\tc.Use()\n\treturn nil\n}}\n");
        assert_eq!(added_to("auto", &text), ["defer func() { _ = c.Close() }()"]);
    }

    #[test]
    fn a_variable_that_gets_another_value_is_released_as_it_is_there() {
        let own =
            "func own() {\n\tc := NewBareClient()\n\tdefer func() { _ = c.Close() }()\n\tc.Use()\n}\n\n";
        let of = |style: &str, again: &str| {
            let body = format!("\tc := NewBareClient()\n\tc.Use()\n{again}\treturn nil\n");
            added_to(style, &format!("{own}func f() error {{\n{body}}}\n"))
        };
        assert_eq!(of("auto", ""), ["defer func() { _ = c.Close() }()"]);
        let again = "\tc = NewBareClient()\n\tc.Use()\n";
        // The literal's `c` would be the second one at the end, for both.
        assert_eq!(of("auto", again), ["defer c.Close()", "defer func() { _ = c.Close() }()"]);
        // What either of two ways acquires has one release behind both.
        let either = format!(
            "{own}func f(n int) error {{\n\tvar c *Client\n\tvar err error\n\tswitch n {{\n\tcase 1:\n\
             \t\tc, err = NewClient()\n\tdefault:\n\t\tc, err = NewClient()\n\t}}\n\tif err != nil {{\n\
             \t\treturn err\n\t}}\n\tc.Use()\n\treturn nil\n}}\n"
        );
        assert_eq!(added_to("auto", &either), ["defer func() { _ = c.Close() }()"]);
        // Who asks for the error to be looked at does not get less.
        assert_eq!(of("ignore", again), ["defer func() { _ = c.Close() }()"]);
    }

    #[test]
    fn a_cleanup_has_to_find_what_was_acquired() {
        let imports = "import \"testing\"\n\n";
        let of = |again: &str| {
            let body = format!("\tc := NewBareClient()\n\tc.Use()\n{again}");
            added_to("cleanup", &format!("{imports}func help(t *testing.T) {{\n{body}}}\n"))
        };
        assert_eq!(of(""), ["t.Cleanup(func() { _ = c.Close() })"]);
        let again = "\tc = NewBareClient()\n\tc.Use()\n";
        assert_eq!(of(again), ["defer c.Close()", "t.Cleanup(func() { _ = c.Close() })"]);
    }
}
