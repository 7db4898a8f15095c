//! What files do already: how they spell releases, and what they log with.

use std::cell::OnceCell;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::bytes::{Regex, RegexBuilder};

use crate::base::diagnostic::LoggerInScope;
use crate::config::Style;
use crate::fix::imports;
use crate::go::syntax::outline;
use crate::go::syntax::outline::Import;
use crate::go::types::type_expr::guess_package_name;

/// A release at the end of an expression: `c.Close()`, `s.client.Stop()`.
const RELEASE: &str = r"[\w.]+\.(?:Close|Stop|Shutdown|Disconnect)\([\w.()]*\)";

const CLEANUP_PATTERN: &str = r"\.Cleanup\(func\(\) \{\s*(_ = )?RELEASE\s*\}\)";

/// A pattern in which a word is one of ASCII: the tables of Unicode cost each run more than the search.
fn regex(pattern: &str) -> Regex {
    RegexBuilder::new(pattern).unicode(false).build().expect("it is well formed")
}

/// The spellings, each with what they look like. The last of those that occur most often counts least, so
/// plain is first.
static SPELLINGS: LazyLock<[(Style, Regex); 5]> = LazyLock::new(|| {
    let spelling = |style, pattern: &str| (style, regex(&pattern.replace("RELEASE", RELEASE)));
    [
        spelling(Style::Defer, r"(?m)^\s*defer RELEASE\s*(?://.*)?$"),
        spelling(Style::Ignore, r"defer func\(\) \{\s*_ = RELEASE\s*\}\(\)"),
        spelling(
            Style::Log,
            concat!(
                r"defer func\(\) \{\s*if err :?= RELEASE; err != nil \{\s*[\w.]+(?:\.WithError\(err\))?",
                r"\.(?:\w*[fF]|Print|Println|(?:Error|Warn|Warning|Info)w?)\([^\n]*\n\s*\}\s*\}\(\)",
            ),
        ),
        spelling(
            Style::Join,
            concat!(
                r"defer func\(\) \{\s*(?:\w+ = errors\.Join\(\w+, RELEASE\)",
                r"|if \w+ := RELEASE;[^\n{]* == nil[^\n{]* \{\s*\w+ = \w+\s*\})\s*\}\(\)",
            ),
        ),
        spelling(Style::Cleanup, CLEANUP_PATTERN),
    ]
});

/// How often each spelling stands in the texts that were looked at.
#[derive(Debug, Default)]
pub struct Habits([usize; 5]);

impl Habits {
    /// Those of one text.
    pub fn of(text: &[u8]) -> Habits {
        let mut habits = Habits::default();
        habits.add(text);
        habits
    }

    /// Counts one more text in.
    pub fn add(&mut self, text: &[u8]) {
        for (count, (_, pattern)) in self.0.iter_mut().zip(SPELLINGS.iter()) {
            *count += pattern.find_iter(text).count();
        }
    }

    /// The style that is used most; `None` where nothing is released.
    pub fn most(&self) -> Option<Style> {
        let mut most = (None, 0);
        for (count, (style, _)) in self.0.iter().zip(SPELLINGS.iter()) {
            if *count > most.1 {
                most = (Some(*style), *count);
            }
        }
        most.0
    }
}

/// What one file does, each question put to its text once, however many releases are spelled in it.
pub struct FileHabits<'t> {
    text: &'t [u8],
    imports: OnceCell<Vec<Import>>,
    most: OnceCell<Option<Style>>,
    cleans_up_openly: OnceCell<Option<bool>>,
    logs: OnceCell<BTreeMap<LogLine, usize>>,
    loggers: OnceCell<Vec<(usize, Logger)>>,
}

/// What lines that log have in common, but for their message.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct LogLine {
    logger: String,
    method: String,
    /// It gets the error first, by `WithError`.
    by_entry: bool,
    /// Its arguments with [`MESSAGE`] in the place of the message.
    arguments: Option<String>,
}

/// Stands for the message of a line that logs; no source holds it.
const MESSAGE: &str = "\u{1}";

impl<'t> FileHabits<'t> {
    /// Looks at nothing yet.
    pub fn new(text: &'t [u8]) -> FileHabits<'t> {
        FileHabits {
            text,
            imports: OnceCell::new(),
            most: OnceCell::new(),
            cleans_up_openly: OnceCell::new(),
            logs: OnceCell::new(),
            loggers: OnceCell::new(),
        }
    }

    /// What the file imports.
    pub fn imports(&self) -> &[Import] {
        self.imports.get_or_init(|| outline::imports(self.text).1)
    }

    /// The style that is used most; `None` where nothing is released.
    pub fn most(&self) -> Option<Style> {
        *self.most.get_or_init(|| Habits::of(self.text).most())
    }

    /// Whether the clean-ups of a test file say that they leave errors out; `None` where there are none.
    pub fn cleans_up_openly(&self) -> Option<bool> {
        *self.cleans_up_openly.get_or_init(|| cleans_up_openly(self.text))
    }

    /// The statement that logs `err`, which came of `what`, with one of `loggers`, as the file logs most
    /// errors with them.
    pub fn logged_with(&self, loggers: &[LoggerInScope], what: &str) -> Option<String> {
        if loggers.is_empty() {
            return None;
        }
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for (line, count) in self.logs.get_or_init(|| log_lines(self.text)) {
            let LogLine { logger, method, by_entry, arguments } = line;
            // Where a package has that name too, it may be what logs there.
            let may_be_package = || imports::path_of(self.imports(), logger).is_some();
            let has = |known: &LoggerInScope, name: &str| known.methods.contains(&name);
            let is_it = |known: &LoggerInScope| {
                known.spelled == *logger && has(known, method) && (!by_entry || has(known, "WithError"))
            };
            if !loggers.iter().any(|known| is_it(known) && (known.proved || !may_be_package())) {
                continue;
            }
            let statement = match by_entry {
                true => Some(format!("{logger}.WithError(err).{method}(\"{what}\")")),
                false => arguments
                    .as_ref()
                    .map(|arguments| format!("{logger}.{method}({})", arguments.replace(MESSAGE, what))),
            };
            if let Some(statement) = statement {
                *counts.entry(statement).or_default() += count;
            }
        }
        counts
            .into_iter()
            .max_by_key(|(statement, count)| (*count, Reverse(statement.clone())))
            .map(|(statement, _)| statement)
    }

    /// What the file logs with most, among the packages it imports whose names are not `hidden`.
    pub fn logger(&self, hidden: &dyn Fn(&str) -> bool) -> Option<&Logger> {
        let all = self.loggers.get_or_init(|| loggers(self.text, self.imports()));
        let mut best: Option<&(usize, Logger)> = None;
        for found in all.iter().filter(|(_, logger)| !hidden(&logger.package)) {
            if best.is_none_or(|(most, _)| found.0 > *most) {
                best = Some(found);
            }
        }
        best.map(|(_, logger)| logger)
    }
}

fn cleans_up_openly(text: &[u8]) -> Option<bool> {
    static CLEANUP: LazyLock<Regex> = LazyLock::new(|| regex(&CLEANUP_PATTERN.replace("RELEASE", RELEASE)));
    let (mut openly, mut silently) = (0, 0);
    for found in CLEANUP.captures_iter(text) {
        *(if found.get(1).is_some() { &mut openly } else { &mut silently }) += 1;
    }
    (openly + silently > 0).then_some(openly >= silently)
}

/// A package that the file logs with.
#[derive(Debug, PartialEq, Eq)]
pub struct Logger {
    package: String,
    function: &'static str,
}

/// The functions that can log an error, those of formats first.
const FUNCTIONS: [&str; 7] = ["Errorf", "Warnf", "Warningf", "Printf", "Println", "Error", "Warn"];

impl Logger {
    /// The statement that logs `err`, which came of `what` (`close client`).
    pub fn statement(&self, what: &str) -> String {
        let Logger { package, function } = self;
        match *function {
            "Println" => format!("{package}.Println(\"{what}:\", err)"),
            "Error" | "Warn" => format!("{package}.{function}(\"{what}\", \"err\", err)"),
            _ => format!("{package}.{function}(\"{what}: %v\", err)"),
        }
    }
}

/// Each way in which the text logs with a package that it imports, with how often it does; the standard ways
/// also where it never does.
fn loggers(text: &[u8], imports: &[Import]) -> Vec<(usize, Logger)> {
    let mut all = Vec::new();
    for import in imports {
        let package = import.name.as_deref().unwrap_or(guess_package_name(&import.path));
        let base = guess_package_name(&import.path);
        if !base.contains("log") || matches!(package, "_" | ".") {
            continue;
        }
        let structured = &*import.path == "log/slog";
        let standard = &*import.path == "log";
        for function in FUNCTIONS {
            // Packages disagree on what else `Error` takes; of the structured one it is known.
            if matches!(function, "Error" | "Warn") != structured {
                continue;
            }
            let call = format!("{package}.{function}(");
            let apart = |at: &usize| {
                !text[..*at]
                    .last()
                    .is_some_and(|before| before.is_ascii_alphanumeric() || b"_.".contains(before))
            };
            let count = memchr::memmem::find_iter(text, call.as_bytes()).filter(apart).count();
            let fallback = (standard && function == "Printf") || (structured && function == "Error");
            if count > 0 || fallback {
                all.push((count, Logger { package: package.to_owned(), function }));
            }
        }
    }
    all
}

/// A line that logs: with what, whether that gets the error first, by which method, and the arguments.
static LOGS: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?m)^\s*([\w.]+?)(\.WithError\(\w*[eE]rr\))?\.(\w+)\((.*)\)\s*(?://.*)?$"));

/// Arguments with an error among them, each with how it looks with another message.
static ARGUMENTS: LazyLock<[(Regex, &str); 5]> = LazyLock::new(|| {
    let form = |pattern: &str, like| {
        (regex(&pattern.replace("MESSAGE", r#""[^"%]*"#).replace("ERR", r"\w*[eE]rr")), like)
    };
    [
        form(r#"^ERR, MESSAGE""#, r#"err, "WHAT""#),
        form(r#"^"[^"]*%[vws](?:\\n)?", (?:.*, )?ERR$"#, r#""WHAT: %v", err"#),
        form(r#"^MESSAGE", (?:.*, )?("\w+"), ERR$"#, r#""WHAT", $1, err"#),
        form(r#"^MESSAGE", (?:.*, )?(\w+\.\w+\((?:"\w+", )?)ERR\)$"#, r#""WHAT", ${1}err)"#),
        form(r#"^MESSAGE?(:? ?)", ERR$"#, r#""WHAT$1", err"#),
    ]
});

/// The lines that log, by what they have in common.
fn log_lines(text: &[u8]) -> BTreeMap<LogLine, usize> {
    let mut lines = BTreeMap::new();
    for found in LOGS.captures_iter(text) {
        let part = |at: usize| {
            found.get(at).and_then(|part| std::str::from_utf8(part.as_bytes()).ok()).unwrap_or_default()
        };
        let (logger, method) = (part(1).to_owned(), part(3).to_owned());
        let by_entry = found.get(2).is_some();
        let arguments = (!by_entry).then(|| arguments(part(4), MESSAGE)).flatten();
        if by_entry || arguments.is_some() {
            *lines.entry(LogLine { logger, method, by_entry, arguments }).or_default() += 1;
        }
    }
    lines
}

/// Arguments like those, with the message `what` and the error `err`.
fn arguments(like: &str, what: &str) -> Option<String> {
    let (found, form) =
        ARGUMENTS.iter().find_map(|(pattern, form)| Some((pattern.captures(like.as_bytes())?, form)))?;
    let mut arguments = Vec::new();
    found.expand(form.replace("WHAT", what).as_bytes(), &mut arguments);
    String::from_utf8(arguments).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commonest_spelling_is_the_files_most() {
        let most = |text: &[u8]| Habits::of(text).most();
        assert_eq!(most(b""), None);
        assert_eq!(most(b"\tdefer a.Close()\n\tdefer func() { _ = b.Close() }()\n"), Some(Style::Defer));
        assert_eq!(most(b"\tdefer func() { _ = b.Close() }()\n"), Some(Style::Ignore));
        assert_eq!(most(b"\tdefer func() {\n\t\t_ = b.x.Close()\n\t}()\n"), Some(Style::Ignore));
        let logs = b"\tdefer func() {\n\t\tif err := c.Close(); err != nil {\n\t\t\tlog.Printf(\"x: %v\", \
                     err)\n\t\t}\n\t}()\n";
        assert_eq!(most(logs), Some(Style::Log));
        assert_eq!(most(b"\tdefer func() { err = errors.Join(err, w.Close()) }()\n"), Some(Style::Join));
        assert_eq!(most(b"\tt.Cleanup(func() { c.Close() })\n"), Some(Style::Cleanup));
        let first = b"\tdefer func() {\n\t\tif cerr := w.Close(); cerr != nil && err == nil {\n\t\t\terr = \
                      cerr\n\t\t}\n\t}()\n";
        assert_eq!(most(first), Some(Style::Join));
        let mut two = Habits::of(b"\tdefer a.Close()\n");
        two.add(b"\tdefer func() { _ = b.Close() }()\n\tdefer func() { _ = c.Close() }()\n");
        assert_eq!(two.most(), Some(Style::Ignore));
    }

    #[test]
    fn clean_ups_say_what_they_leave_out_or_do_not() {
        assert_eq!(cleans_up_openly(b"\tdefer c.Close()\n"), None);
        assert_eq!(cleans_up_openly(b"\tt.Cleanup(func() { c.Close() })\n"), Some(false));
        assert_eq!(cleans_up_openly(b"\tt.Cleanup(func() {\n\t\t_ = c.Close()\n\t})\n"), Some(true));
    }

    #[test]
    fn a_logger_in_scope_is_used_as_the_file_uses_it() {
        let statement = |line: &str| {
            let text = format!("package p\n\nfunc f() {{\n\t{line}\n}}\n");
            FileHabits::new(text.as_bytes()).logged_with(
                &["s.log", "logger"].map(|name| LoggerInScope {
                    spelled: name.to_owned(),
                    methods: vec!["Errorf", "Error", "Warn", "WithError", "Println", "Print"],
                    proved: false,
                }),
                "close c",
            )
        };
        let says = |line: &str, said: &str| assert_eq!(statement(line).as_deref(), Some(said), "{line}");
        says("s.log.Errorf(\"%s: %v\", name, err)", "s.log.Errorf(\"close c: %v\", err)");
        says(
            "logger.Error(\"no answer\", \"addr\", addr, \"error\", err)",
            "logger.Error(\"close c\", \"error\", err)",
        );
        says("logger.Warn(\"no answer\", zap.Error(dialErr))", "logger.Warn(\"close c\", zap.Error(err))");
        says(
            "logger.Error(\"no answer\", slog.Any(\"err\", err))",
            "logger.Error(\"close c\", slog.Any(\"err\", err))",
        );
        says("logger.Error(err, \"no answer\", \"addr\", addr) // why", "logger.Error(err, \"close c\")");
        says("logger.WithError(err).Error(\"no answer\")", "logger.WithError(err).Error(\"close c\")");
        says("logger.Println(\"no answer:\", err)", "logger.Println(\"close c:\", err)");
        says("logger.Print(\"no answer: \", err)", "logger.Print(\"close c: \", err)");
        assert_eq!(statement("logger.Error(\"no answer\")"), None);
        assert_eq!(statement("logger.Error(wrap(err))"), None);
        assert_eq!(statement("logger.WithError(err).Fatal(\"no answer\")"), None);
        assert_eq!(statement("other.Errorf(\"no answer: %v\", err)"), None);
    }

    #[test]
    fn the_files_own_logger_is_found() {
        let logger = |text: &str| {
            FileHabits::new(text.as_bytes()).logger(&|_| false).map(|logger| logger.statement("close c"))
        };
        let file =
            |import: &str, rest: &str| format!("package p\n\nimport {import}\n\nfunc f() {{\n{rest}\n}}\n");
        assert_eq!(logger(&file("\"log\"", "log.Fatal(err)")).unwrap(), "log.Printf(\"close c: %v\", err)");
        assert_eq!(logger(&file("\"log\"", "log.Println(err)")).unwrap(), "log.Println(\"close c:\", err)");
        assert_eq!(
            logger(&file("\"log/slog\"", "slog.Info(x)")).unwrap(),
            "slog.Error(\"close c\", \"err\", err)"
        );
        assert_eq!(
            logger(&file("\"k8s.io/klog/v2\"", "klog.Warningf(x)")).unwrap(),
            "klog.Warningf(\"close c: %v\", err)"
        );
        assert_eq!(logger(&file("\"fmt\"", "fmt.Println(x)")), None);
        let hidden = file("\"log\"", "log.Print(x)");
        assert_eq!(FileHabits::new(hidden.as_bytes()).logger(&|name| name == "log"), None);
    }
}
