//! What a file does already: how it spells releases, and what it logs with.

use std::sync::LazyLock;

use regex::bytes::Regex;

use crate::config::Style;
use crate::golang::outline;
use crate::golang::types::guess_package_name;

/// A release at the end of an expression: `c.Close()`, `s.client.Stop()`.
const RELEASE: &str = r"[\w.]+\.(?:Close|Stop|Shutdown|Disconnect)\([\w.()]*\)";

/// The spellings, each with what they look like. The last of those that occur most often counts least, so plain is first.
static SPELLINGS: LazyLock<Vec<(Style, Regex)>> = LazyLock::new(|| {
    let spelling = |style, pattern: &str| (style, Regex::new(&pattern.replace("RELEASE", RELEASE)).expect("it is well formed"));
    vec![
        spelling(Style::Defer, r"(?m)^\s*defer RELEASE\s*(?://.*)?$"),
        spelling(Style::Ignore, r"defer func\(\) \{\s*_ = RELEASE\s*\}\(\)"),
        spelling(
            Style::Log,
            r"defer func\(\) \{\s*if err :?= RELEASE; err != nil \{\s*\w+\.(?:\w*[fF]|Print|Println|Error|Warn|Info)\([^\n]*\n\s*\}\s*\}\(\)",
        ),
        spelling(Style::Join, r"defer func\(\) \{\s*\w+ = errors\.Join\(\w+, RELEASE\)\s*\}\(\)"),
        spelling(Style::Cleanup, r"\.Cleanup\(func\(\) \{\s*(?:_ = )?RELEASE\s*\}\)"),
    ]
});

/// The style that the file uses most, [`Style::Defer`] where it has none.
pub fn style(text: &[u8]) -> Style {
    let mut most = (Style::Defer, 0);
    for (style, pattern) in SPELLINGS.iter() {
        let count = pattern.find_iter(text).count();
        if count > most.1 {
            most = (*style, count);
        }
    }
    most.0
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

/// What the file logs with most, among the packages it imports whose names are not `hidden`.
pub fn logger(text: &[u8], hidden: &dyn Fn(&str) -> bool) -> Option<Logger> {
    let (_, imports) = outline::imports(text);
    let mut best: Option<(usize, Logger)> = None;
    for import in &imports {
        let package = import.name.as_deref().unwrap_or(guess_package_name(&import.path));
        let base = guess_package_name(&import.path);
        if !base.contains("log") || hidden(package) || matches!(package, "_" | ".") {
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
            let count = memchr::memmem::find_iter(text, call.as_bytes()).count();
            let fallback = (standard && function == "Printf") || (structured && function == "Error");
            let better = best.as_ref().is_none_or(|(most, _)| count > *most);
            if (count > 0 || fallback) && better {
                best = Some((count, Logger { package: package.to_owned(), function }));
            }
        }
    }
    best.map(|(_, logger)| logger)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commonest_spelling_is_the_files_style() {
        assert_eq!(style(b""), Style::Defer);
        assert_eq!(style(b"\tdefer a.Close()\n\tdefer func() { _ = b.Close() }()\n"), Style::Defer);
        assert_eq!(style(b"\tdefer func() { _ = b.Close() }()\n"), Style::Ignore);
        assert_eq!(style(b"\tdefer func() {\n\t\t_ = b.x.Close()\n\t}()\n"), Style::Ignore);
        let logs = b"\tdefer func() {\n\t\tif err := c.Close(); err != nil {\n\t\t\tlog.Printf(\"x: %v\", err)\n\t\t}\n\t}()\n";
        assert_eq!(style(logs), Style::Log);
        assert_eq!(style(b"\tdefer func() { err = errors.Join(err, w.Close()) }()\n"), Style::Join);
        assert_eq!(style(b"\tt.Cleanup(func() { c.Close() })\n"), Style::Cleanup);
    }

    #[test]
    fn the_files_own_logger_is_found() {
        let logger = |text: &str| super::logger(text.as_bytes(), &|_| false).map(|logger| logger.statement("close c"));
        let file = |import: &str, rest: &str| format!("package p\n\nimport {import}\n\nfunc f() {{\n{rest}\n}}\n");
        assert_eq!(logger(&file("\"log\"", "log.Fatal(err)")).unwrap(), "log.Printf(\"close c: %v\", err)");
        assert_eq!(logger(&file("\"log\"", "log.Println(err)")).unwrap(), "log.Println(\"close c:\", err)");
        assert_eq!(logger(&file("\"log/slog\"", "slog.Info(x)")).unwrap(), "slog.Error(\"close c\", \"err\", err)");
        assert_eq!(logger(&file("\"k8s.io/klog/v2\"", "klog.Warningf(x)")).unwrap(), "klog.Warningf(\"close c: %v\", err)");
        assert_eq!(logger(&file("\"fmt\"", "fmt.Println(x)")), None);
        assert_eq!(super::logger(file("\"log\"", "log.Print(x)").as_bytes(), &|name| name == "log"), None);
    }
}
