//! Findings for people: the place, what proves the leak, and the fix, with the lines of source they are
//! about.

use std::io::{self, Write};
use std::ops::Range;

use similar::DiffOp;

use super::fixed::fixed_lines;
use super::harmless::{harmless, harmless_bytes};
use super::lines::{ops, split};
use super::results::Results;
use super::tone::{ADDED, BOLD, DIM, FRAME, REMOVED, WARNING};
use crate::base::diagnostic::{Finding, Fix};
use crate::base::edit::Edit;
use crate::base::text::{LineIndex, Span, narrow};
use crate::engine::Report;

/// A line is cut behind this many characters; minified sources have lines of any length.
const LINE_LIMIT: usize = 240;

/// Writes every finding that no comment silences; of a `fix`, a line for what became of each, and the sums.
///
/// # Errors
/// The writer's.
pub fn text(out: &mut dyn Write, results: &Results<'_>) -> io::Result<()> {
    match &results.fixed {
        Some(fixed) => fixed_lines(out, &results.report.findings, fixed),
        None => quoted(out, results.report),
    }
}

/// Writes every finding that no comment silences, with the lines of source.
///
/// # Errors
/// The writer's.
pub fn quoted(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let mut last: Option<Source> = None;
    for finding in report.findings.iter().filter(|finding| finding.suppressed.is_none()) {
        let path = &finding.location.path;
        if last.as_ref().is_none_or(|source| source.path != &**path) {
            let text = report.texts.get(path).map_or(&[][..], |text| text);
            last = Some(Source { path, text, index: LineIndex::new(text) });
        }
        if let Some(source) = &last {
            source.finding(out, finding)?;
        }
    }
    Ok(())
}

/// One file's text, ready to be quoted.
struct Source<'a> {
    path: &'a str,
    text: &'a [u8],
    index: LineIndex,
}

/// A place with the words that stand below it.
struct Mark<'a> {
    line: u32,
    span: Span,
    words: &'a str,
    /// Whether it is the finding itself.
    main: bool,
}

impl Source<'_> {
    fn finding(&self, out: &mut dyn Write, finding: &Finding) -> io::Result<()> {
        let at = &finding.location;
        let width = self.gutter(finding);
        writeln!(
            out,
            "{WARNING}warning[{}]{WARNING:#}{BOLD}: {}{BOLD:#}",
            finding.rule,
            harmless(&finding.message)
        )?;
        writeln!(out, "{:width$}{FRAME}-->{FRAME:#} {}:{}:{}", "", harmless(&at.path), at.line, at.column)?;
        self.rule_off(out, width)?;
        let mut above = None;
        for mark in self.marks(finding) {
            self.mark(out, width, above, &mark)?;
            above = Some(mark.line);
        }
        self.rule_off(out, width)?;
        for evidence in finding.labels.iter().filter(|evidence| evidence.span.is_none()) {
            let place = match evidence.line {
                0 => harmless(&evidence.path).into_owned(),
                line => format!("{}:{line}:{}", harmless(&evidence.path), evidence.column),
            };
            self.note(out, width, "note", &format!("{place}: {}", harmless(&evidence.words)))?;
        }
        for note in &finding.notes {
            self.note(out, width, note.id, &harmless(&note.words))?;
        }
        if let Some(fix) = &finding.fix {
            self.fix(out, width, fix)?;
        }
        writeln!(out)
    }

    /// Room for the greatest line number that is printed.
    fn gutter(&self, finding: &Finding) -> usize {
        let at = &finding.location;
        let evidence =
            finding.labels.iter().filter(|evidence| evidence.span.is_some()).map(|evidence| evidence.line);
        let mut added = 0;
        let edits = finding.fix.iter().flat_map(|fix| &fix.edits).map(|edit| {
            added += narrow(memchr::memchr_iter(b'\n', edit.text.as_bytes()).count());
            self.index.line(edit.span.end) + added
        });
        evidence.chain(edits).chain([at.line]).max().unwrap_or(1).to_string().len()
    }

    /// The places to quote, in the order of the file.
    fn marks<'f>(&self, finding: &'f Finding) -> Vec<Mark<'f>> {
        let at = &finding.location;
        let mut marks = vec![Mark { line: at.line, span: at.span, words: &finding.label, main: true }];
        for evidence in &finding.labels {
            if let Some(span) = evidence.span {
                marks.push(Mark { line: evidence.line, span, words: &evidence.words, main: false });
            }
        }
        marks.sort_by_key(|mark| (mark.span, !mark.main));
        marks
    }

    fn mark(&self, out: &mut dyn Write, width: usize, above: Option<u32>, mark: &Mark<'_>) -> io::Result<()> {
        let Some(line) = self.index.line_span(mark.line).filter(|_| !self.text.is_empty()) else {
            return Ok(());
        };
        if above.is_some_and(|above| mark.line > above + 1) {
            writeln!(out, "{FRAME}...{FRAME:#}")?;
        }
        if above != Some(mark.line) {
            self.quote(out, width, mark.line, self.bytes(line))?;
        }
        let start = mark.span.start.clamp(line.start, line.end);
        let end = mark.span.end.clamp(start, line.end);
        let before = columns(self.bytes(Span::new(line.start, start)));
        let under = columns(self.bytes(Span::new(start, end))).max(1);
        if before > LINE_LIMIT {
            return self.note(out, width, "note", &harmless(mark.words));
        }
        let (sign, style) = if mark.main { ("^", WARNING) } else { ("-", FRAME) };
        let under = sign.repeat(under.min(LINE_LIMIT - before + 1));
        writeln!(
            out,
            "{:width$} {FRAME}|{FRAME:#} {:before$}{style}{under} {}{style:#}",
            "",
            "",
            harmless(mark.words)
        )
    }

    fn quote(&self, out: &mut dyn Write, width: usize, number: u32, line: &[u8]) -> io::Result<()> {
        writeln!(out, "{FRAME}{number:>width$} |{FRAME:#} {}", shown(line))
    }

    fn rule_off(&self, out: &mut dyn Write, width: usize) -> io::Result<()> {
        writeln!(out, "{:width$} {FRAME}|{FRAME:#}", "")
    }

    fn note(&self, out: &mut dyn Write, width: usize, label: &str, words: &str) -> io::Result<()> {
        writeln!(out, "{:width$} {FRAME}={FRAME:#} {BOLD}{label}{BOLD:#}: {words}", "")
    }

    fn fix(&self, out: &mut dyn Write, width: usize, fix: &Fix) -> io::Result<()> {
        let label = format!("{} fix", fix.applicability.word());
        let reason = fix.reason.as_ref().map(|reason| format!(" ({})", harmless(reason))).unwrap_or_default();
        self.note(out, width, &label, &format!("{}{reason}", harmless(&fix.title)))?;
        // The numbers are those of the new text, so what one edit adds or takes moves the next one.
        let mut moved = 0;
        let together = |above: &Edit, below: &Edit| self.lines(below).start < self.lines(above).end;
        fix.edits.chunk_by(together).try_for_each(|edits| self.edits(out, width, edits, &mut moved))
    }

    /// The lines that an edit changes; none for whole lines that it puts between two.
    fn lines(&self, edit: &Edit) -> Range<u32> {
        let (first, last) = (self.index.line(edit.span.start), self.index.line(edit.span.end));
        let starts = |line, offset| self.index.line_span(line).is_some_and(|span| span.start == offset);
        let whole = starts(first, edit.span.start)
            && starts(last, edit.span.end)
            && (edit.text.is_empty() || edit.text.ends_with('\n'));
        first..if whole { last } else { last + 1 }
    }

    /// The lines that edits which share some take out and put in.
    fn edits(&self, out: &mut dyn Write, width: usize, edits: &[Edit], moved: &mut i64) -> io::Result<()> {
        let (Some(first), Some(last)) = (edits.first(), edits.last()) else { return Ok(()) };
        let lines = self.lines(first).start..self.lines(last).end;
        let Some(start) = self.index.line_span(lines.start).map(|span| span.start) else { return Ok(()) };
        let end = self.index.line_span(lines.end).map_or(narrow(self.text.len()), |span| span.start);
        let (mut new, mut at) = (Vec::new(), start);
        for edit in edits {
            new.extend_from_slice(self.bytes(Span { start: at, end: edit.span.start }));
            new.extend_from_slice(edit.text.as_bytes());
            at = edit.span.end;
        }
        new.extend_from_slice(self.bytes(Span { start: at, end }));
        let (old, new) = (split(self.bytes(Span { start, end })), split(&new));
        for op in ops(&old, &new).iter().filter(|op| !matches!(op, DiffOp::Equal { .. })) {
            for line in &old[op.old_range()] {
                writeln!(out, "{:width$} {REMOVED}- {}{REMOVED:#}", "", shown(line))?;
            }
            let number = i64::from(lines.start) + *moved + i64::from(narrow(op.new_range().start));
            for (number, line) in (number..).zip(&new[op.new_range()]) {
                writeln!(out, "{DIM}{number:>width$}{DIM:#} {ADDED}+ {}{ADDED:#}", shown(line))?;
            }
        }
        *moved += i64::from(narrow(new.len())) - i64::from(narrow(old.len()));
        Ok(())
    }

    fn bytes(&self, span: Span) -> &[u8] {
        self.text.get(span.range()).unwrap_or_default()
    }
}

/// A line of source without its ending, harmless and cut to a length.
fn shown(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let all = harmless_bytes(line);
    match all.char_indices().nth(LINE_LIMIT) {
        Some((end, _)) => format!("{} …", &all[..end]),
        None => all,
    }
}

/// How many columns `bytes` take as shown, each character for one.
fn columns(bytes: &[u8]) -> usize {
    let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    harmless_bytes(line.strip_suffix(b"\r").unwrap_or(line)).chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::diagnostic::Applicability;
    use crate::report::samples;

    fn printed(report: &Report) -> String {
        let settings = samples::settings();
        samples::plain(|out| text(out, &Results::of_check(report, &settings)))
    }

    #[test]
    fn a_finding_shows_place_way_out_and_fix() {
        let shown = printed(&samples::report());
        let expected = "\
warning[unclosed-client]: `c` is never closed: `run` returns with it still open
 --> d/a.go:4:12
  |
4 |     c, err := x.NewClient()
  |               ^^^^^^^^^^^^^ acquired here
...
8 |     return c.Do()
  |     ------------- still open when `run` returns here
  |
  = note: go.mod: `x` is read at v1.2.3
  = per-request: `run` makes a client for each request
  = safe fix: insert `defer c.Close()` after the error check
8 +     defer c.Close()

";
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_change_within_a_line_shows_both_lines() {
        let mut report = samples::report();
        let fix = report.findings[0].fix.as_mut().expect("the sample has one");
        fix.applicability = Applicability::Unsafe;
        fix.reason = Some("the client may be nil".into());
        fix.edits = vec![Edit { span: Span::new(31, 32), text: "cc".into() }];
        let shown = printed(&report);
        assert!(
            shown.contains(
                "unsafe fix: insert `defer c.Close()` after the error check (the client may be nil)"
            ),
            "{shown}"
        );
        assert!(
            shown.contains("  -     c, err := x.NewClient()\n4 +     cc, err := x.NewClient()"),
            "{shown}"
        );
    }

    #[test]
    fn edits_that_share_a_line_are_shown_as_one_change_with_the_numbers_of_the_new_text() {
        let mut report = samples::report();
        let text = String::from_utf8(report.texts["d/a.go"].to_vec()).expect("the sample is UTF-8");
        let place = |words: &str| narrow(text.find(words).expect("the sample has it"));
        let (made, used) = (place("c, err := x.NewClient()"), place("return c.Do()"));
        let fix = report.findings[0].fix.as_mut().expect("the sample has one");
        fix.edits = vec![
            Edit::insert(made, "select {\n\tcase "),
            Edit { span: Span::new(made, made + 1), text: "cc".into() },
            Edit { span: Span::new(used + 7, used + 8), text: "cc".into() },
        ];
        let shown = printed(&report);
        let expected = "
  -     c, err := x.NewClient()
4 +     select {
5 +     case cc, err := x.NewClient()
  -     return c.Do()
9 +     return cc.Do()
";
        assert!(shown.contains(expected), "{shown}");
    }

    #[test]
    fn a_missing_text_and_wild_spans_do_no_harm() {
        let mut report = samples::report();
        report.texts.clear();
        assert!(printed(&report).contains("d/a.go:4:12"));
        let mut report = samples::report();
        report.findings[0].location.span = Span::new(9000, 9001);
        report.findings[0].location.line = 900;
        printed(&report);
    }
}
