//! Findings for a pull request or an issue: what leaks and why, the evidence for each edit, what was left and
//! why, how it was verified, how to silence it. The first line is the title.
//!
//! Text from the repository stands in code, where Markdown means nothing and nobody is called by name.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::Arc;

use similar::DiffOp;

use super::harmless::{harmless, harmless_bytes};
use super::lines::{ops, split};
use super::located::{LocatedFinding, located};
use super::results::Results;
use super::tally::reason_left;
use crate::base::diagnostic::{Finding, FixOutcome};
use crate::base::text::narrow;
use crate::rules::Rule;

/// A body on GitHub holds 65,536 characters: behind this many bytes findings are only counted.
const MOST_BYTES: usize = 48 << 10;

/// Unchanged lines above and below an edit.
const CONTEXT: usize = 2;

/// Writes title and body.
///
/// # Errors
/// The writer's.
pub fn markdown(out: &mut dyn Write, results: &Results<'_>) -> io::Result<()> {
    let all: Vec<LocatedFinding<'_>> = located(results).collect();
    let told: Vec<(LocatedFinding<'_>, Option<&'static str>)> = match &results.fixed {
        None => all.into_iter().map(|at| (at, None)).collect(),
        Some(fixed) => all.into_iter().zip(open_outcomes(results, fixed.outcomes)).map(left).collect(),
    };
    let (done, rest): (Vec<_>, Vec<_>) = told.into_iter().partition(|(_, reason)| reason.is_none());
    let fixes = results.fixed.is_some();
    writeln!(out, "# {}", title(results, done.len(), rest.len()))?;
    about_rules(out, results, done.iter().chain(&rest).map(|(at, _)| at))?;
    let mut room = MOST_BYTES;
    if !done.is_empty() {
        writeln!(out, "\n## {}", if fixes { "What changes" } else { "Findings" })?;
        section(out, &done, &mut room)?;
    }
    if !rest.is_empty() {
        writeln!(out, "\n## What was left, and why")?;
        section(out, &rest, &mut room)?;
    }
    unread(out, results)?;
    if let Some(fixed) = &results.fixed {
        verified(out, fixed.verified, fixed.tally.changed)?;
    }
    if !done.is_empty() || !rest.is_empty() {
        silencing(out, done.iter().chain(&rest).map(|(at, _)| at))?;
    }
    Ok(())
}

/// The outcomes of those findings that [`located`] gives.
fn open_outcomes<'a>(
    results: &Results<'a>,
    outcomes: &'a [FixOutcome],
) -> impl Iterator<Item = (&'a Finding, FixOutcome)> {
    let findings = results.report.findings.iter().zip(outcomes.iter().copied());
    findings.filter(|(finding, _)| finding.suppressed.is_none())
}

/// With what kept the finding, where it is still there.
fn left<'a>(
    (at, (finding, outcome)): (LocatedFinding<'a>, (&'a Finding, FixOutcome)),
) -> (LocatedFinding<'a>, Option<&'static str>) {
    (at, reason_left(finding, outcome))
}

fn title(results: &Results<'_>, done: usize, left: usize) -> String {
    let count = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    match &results.fixed {
        None => {
            let files = usize::try_from(results.report.stats.files).unwrap_or(usize::MAX);
            format!("{} in {}", count(done, "finding"), count(files, "Go file"))
        }
        Some(fixed) if fixed.tally.changed == 0 => format!("Nothing fixed; {} left", count(left, "finding")),
        Some(fixed) => {
            let left = if left > 0 { format!("; {left} left") } else { String::new() };
            format!("Fix {} in {}{left}", count(done, "finding"), count(fixed.tally.changed, "file"))
        }
    }
}

/// What each rule that found something is about.
fn about_rules<'a>(
    out: &mut dyn Write,
    results: &Results<'_>,
    all: impl Iterator<Item = &'a LocatedFinding<'a>>,
) -> io::Result<()> {
    for id in rule_ids(all) {
        let Some(rule) = rule(results, id) else { continue };
        writeln!(out, "\n**{}**: {}.", code(id), prose(rule.summary.trim_end_matches('.')))?;
        let why = rule.sections.iter().find(|(heading, _)| *heading == "Why is this bad");
        if let Some((_, why)) = why {
            writeln!(out, "{}", why.trim_end())?;
        }
    }
    Ok(())
}

fn rule<'a>(results: &Results<'a>, id: &str) -> Option<&'a Arc<Rule>> {
    results.settings.scan.sources.rules.iter().find(|rule| *rule.id == *id)
}

fn rule_ids<'a>(all: impl Iterator<Item = &'a LocatedFinding<'a>>) -> Vec<&'a str> {
    let mut ids: Vec<&str> = all.map(LocatedFinding::rule).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// One finding after another, for as long as there is `room`.
fn section(
    out: &mut dyn Write,
    findings: &[(LocatedFinding<'_>, Option<&'static str>)],
    room: &mut usize,
) -> io::Result<()> {
    for (shown, (at, reason)) in findings.iter().enumerate() {
        let text = finding(at, *reason);
        if text.len() > *room {
            *room = 0;
            let more = findings.len() - shown;
            return writeln!(out, "\n… and {more} more, which `unleak check` lists.");
        }
        *room -= text.len();
        out.write_all(text.as_bytes())?;
    }
    Ok(())
}

fn finding(at: &LocatedFinding<'_>, reason: Option<&'static str>) -> String {
    let (line, column) = at.start();
    let mut text = String::new();
    let place = code(&format!("{}:{line}:{column}", at.path()));
    let _ = writeln!(text, "\n### {place}\n\n{}.\n", prose(&at.finding.message));
    if let Some(source) = at.line(line) {
        let source = code(&harmless_bytes(source.trim_ascii()));
        let _ = writeln!(text, "- line {line}: {}: {source}", prose(&at.finding.label));
    }
    for label in &at.finding.labels {
        let own = *label.path == *at.path();
        let place = match (own, label.line) {
            (true, line) => format!("line {line}"),
            (false, 0) => code(&label.path),
            (false, line) => code(&format!("{}:{line}", label.path)),
        };
        let source = at.line(label.line).filter(|_| own);
        let source = source.map(|source| format!(": {}", code(&harmless_bytes(source.trim_ascii()))));
        let _ = writeln!(text, "- {place}: {}{}", prose(&label.words), source.unwrap_or_default());
    }
    for note in &at.finding.notes {
        let _ = writeln!(text, "- note: {}", prose(&note.words));
    }
    match (reason, at.fix_words()) {
        (None, Some(fix)) => drop(writeln!(text, "\n{}", prose(&fix))),
        (Some(reason), Some(fix)) if fix.starts_with(reason) => {
            let _ = writeln!(text, "\nLeft: {}", prose(&fix));
        }
        (Some(reason), Some(fix)) => drop(writeln!(text, "\nLeft ({}): {}", prose(reason), prose(&fix))),
        (Some(reason), None) => drop(writeln!(text, "\nLeft: {}", prose(reason))),
        (None, None) => drop(writeln!(text, "\nThere is no fix for it.")),
    }
    edit(&mut text, at);
    text
}

/// The lines that the fix changes, as a diff.
fn edit(text: &mut String, at: &LocatedFinding<'_>) {
    let Some(lines) = at.lines() else { return };
    let (old, new) = (split(&lines.old), split(&lines.new));
    let mut diff = Vec::new();
    let above = lines.first.saturating_sub(narrow(CONTEXT)).max(1)..lines.first;
    diff.extend(above.filter_map(|number| Some(diff_line(' ', at.line(number)?))));
    for op in ops(&old, &new) {
        if let DiffOp::Equal { .. } = op {
            diff.extend(old[op.old_range()].iter().map(|line| diff_line(' ', line)));
            continue;
        }
        diff.extend(old[op.old_range()].iter().map(|line| diff_line('-', line)));
        diff.extend(new[op.new_range()].iter().map(|line| diff_line('+', line)));
    }
    let below = lines.last + 1..=lines.last + narrow(CONTEXT);
    diff.extend(below.filter_map(|number| Some(diff_line(' ', at.line(number)?))));
    let longest = diff.iter().map(|line| longest_run(line)).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    let _ = writeln!(text, "\n{fence}diff\n{}{fence}", diff.concat());
}

fn diff_line(sign: char, line: &[u8]) -> String {
    let line = super::located::without_ending(line);
    let parts: Vec<String> = line.split(|byte| *byte == b'\t').map(harmless_bytes).collect();
    format!("{sign}{}\n", parts.join("\t"))
}

fn unread(out: &mut dyn Write, results: &Results<'_>) -> io::Result<()> {
    let skipped = results.report.faults.iter().filter(|fault| fault.skipped).count();
    match skipped {
        0 => Ok(()),
        1 => writeln!(out, "\nNot complete: something could not be read."),
        skipped => writeln!(out, "\nNot complete: {skipped} files or folders could not be read."),
    }
}

fn verified(out: &mut dyn Write, command: Option<&str>, changed: usize) -> io::Result<()> {
    if changed == 0 {
        return Ok(());
    }
    writeln!(out, "\n## How it was verified\n")?;
    writeln!(
        out,
        "Each new text was parsed and judged again: what is fixed above is found no more, and nothing new is."
    )?;
    match command {
        Some(command) => {
            writeln!(out, "{} passed in every module that was changed.", code(command))
        }
        None => writeln!(out, "No build or test was run over it (`--verify` runs one)."),
    }
}

fn silencing<'a>(out: &mut dyn Write, all: impl Iterator<Item = &'a LocatedFinding<'a>>) -> io::Result<()> {
    writeln!(out, "\n## How to silence it\n")?;
    writeln!(out, "Write the reason at the end of the line, or above it:\n\n```go")?;
    for id in rule_ids(all) {
        writeln!(out, "//unleak:ignore {} -- why it is right as it is", harmless(id))?;
    }
    writeln!(out, "```")
}

/// A sentence of ours, in which words from the repository stand in backticks.
fn prose(text: &str) -> String {
    let text = harmless(text);
    let parts: Vec<&str> = text.split('`').collect();
    let balanced =
        parts.len() % 2 == 1 && parts.iter().skip(1).step_by(2).all(|part| !part.trim().is_empty());
    if !balanced {
        return escaped(&text);
    }
    let part = |(at, part): (usize, &&str)| if at % 2 == 1 { code(part) } else { escaped(part) };
    parts.iter().enumerate().map(part).collect()
}

/// Text that Markdown takes for nothing else, and in which nobody is called by name.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '@' => out.push_str("@<!-- -->"),
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '!' | '|' | '~' | '>' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    // An address by itself would become a link.
    out.replace("://", ":<!-- -->//").replace("www.", "www<!-- -->.")
}

/// Text as code, whatever backticks it holds.
fn code(text: &str) -> String {
    let text = harmless(text);
    let fence = "`".repeat(longest_run(&text) + 1);
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// The length of the longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::FixRun;
    use crate::report::Fixed;
    use crate::report::{samples, settle, tally};

    fn fixed(written: FixOutcome, verified: Option<&str>) -> String {
        let run = FixRun {
            report: samples::report(),
            changes: vec![samples::change("d/a.go", "a\n", "a\nb\n")],
            outcomes: vec![FixOutcome::Applied, FixOutcome::Suppressed],
        };
        let settings = samples::settings();
        let outcomes = settle(&run, &[written]);
        let tally = tally(&run, &[written], &outcomes);
        let written = [written];
        let fixed = Fixed { verified, ..samples::fixed(&run, &written, &outcomes, &tally) };
        samples::plain(|out| markdown(out, &Results::of_fix(&run, &settings, fixed)))
    }

    #[test]
    fn a_pull_request_tells_all_that_a_reviewer_asks() {
        let text = fixed(FixOutcome::Applied, Some("go vet ./..."));
        assert!(text.starts_with("# Fix 1 finding in 1 file\n\n**`unclosed-client`**: a client"), "{text}");
        let expected = "\
## What changes

### `d/a.go:4:12`

`c` is never closed: `run` returns with it still open.

- line 4: acquired here: `c, err := x.NewClient()`
- line 8: still open when `run` returns here: `return c.Do()`
- `go.mod`: `x` is read at v1.2.3
- note: `run` makes a client for each request

safe fix: insert `defer c.Close()` after the error check

```diff
 \tif err != nil {
 \t\treturn err
 \t}
+\tdefer c.Close()
 \treturn c.Do()
 }
```

## How it was verified

Each new text was parsed and judged again: what is fixed above is found no more, and nothing new is.
`go vet ./...` passed in every module that was changed.

## How to silence it
";
        assert!(text.contains(expected), "{text}");
        assert!(text.contains("//unleak:ignore unclosed-client -- "), "{text}");
    }

    #[test]
    fn what_was_left_says_why_and_claims_nothing() {
        let text = fixed(FixOutcome::Stale, None);
        assert!(text.starts_with("# Nothing fixed; 1 finding left\n"), "{text}");
        assert!(
            text.contains("## What was left, and why") && text.contains("Left (stale): safe fix"),
            "{text}"
        );
        assert!(!text.contains("verified") && !text.contains("What changes"), "{text}");
    }

    #[test]
    fn a_body_has_room_for_so_much() {
        let (report, settings) = (samples::many(10_000), samples::settings());
        let text = samples::plain(|out| markdown(out, &Results::of_check(&report, &settings)));
        assert!(text.len() < 60_000, "{}", text.len());
        assert!(text.contains("more, which `unleak check` lists."), "{text}");
        assert!(text.ends_with("```\n"), "it goes on behind that");
    }

    #[test]
    fn text_of_the_repository_means_nothing() {
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(prose("`x` *is* <b> by @me"), "`x` \\*is\\* &lt;b\\> by @<!-- -->me");
        assert_eq!(prose("odd ` one"), "odd \\` one");
    }
}
