//! Findings with their places counted as other tools count them: what all formats for such tools share.

use std::rc::Rc;

use super::results::Results;
use crate::base::diagnostic::{Applicability, Finding};
use crate::base::text::{LineIndex, Span};

/// A suggestion of more lines than this is no suggestion any more.
const MOST_LINES: usize = 40;

/// A finding that nothing silences.
pub(super) struct LocatedFinding<'a> {
    pub(super) finding: &'a Finding,
    /// Where it ends: line and column from 1; `None` when the text is not there.
    pub(super) end: Option<(u32, u32)>,
    file: Option<Rc<File<'a>>>,
}

struct File<'a> {
    path: &'a str,
    text: &'a [u8],
    index: LineIndex,
}

/// Whole lines and what is to take their place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lines {
    /// The first one, from 1.
    pub(super) first: u32,
    /// The last one; never before the first.
    pub(super) last: u32,
    pub(super) old: Vec<u8>,
    pub(super) new: Vec<u8>,
}

/// The findings that nothing silences, in order. Each file's lines are counted once.
pub(super) fn located<'a>(results: &Results<'a>) -> impl Iterator<Item = LocatedFinding<'a>> {
    let report = results.report;
    let mut last: Option<Rc<File<'a>>> = None;
    report.findings.iter().filter(|finding| finding.suppressed.is_none()).map(move |finding| {
        let path = &*finding.location.path;
        if last.as_ref().is_none_or(|file| file.path != path) {
            let text = report.texts.get(path);
            last = text.map(|text| Rc::new(File { path, text, index: LineIndex::new(text) }));
        }
        let end = last.as_ref().map(|file| file.index.line_column(finding.location.span.end));
        LocatedFinding { finding, end, file: last.clone() }
    })
}

impl<'a> LocatedFinding<'a> {
    pub(super) fn rule(&self) -> &'a str {
        &self.finding.rule
    }

    /// The file as printed.
    pub(super) fn path(&self) -> &'a str {
        &self.finding.location.path
    }

    /// Line and column where it begins, from 1.
    pub(super) fn start(&self) -> (u32, u32) {
        (self.finding.location.line, self.finding.location.column)
    }

    /// What is wrong and what would mend it.
    pub(super) fn message_with_fix(&self) -> String {
        let message = &self.finding.message;
        self.fix_words().map_or_else(|| message.clone(), |fix| format!("{message}; {fix}"))
    }

    /// `safe fix: insert …`, with the reason where it is not safe.
    pub(super) fn fix_words(&self) -> Option<String> {
        let fix = self.finding.fix.as_ref()?;
        let reason = fix.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        Some(format!("{} fix: {}{reason}", fix.applicability.word(), fix.title))
    }

    /// The lines that the fix changes, if it may be offered as something to take with one click: it is safe,
    /// and its edits lie close together.
    pub(super) fn suggestion(&self) -> Option<Lines> {
        let safe = self.finding.fix.as_ref()?.applicability == Applicability::Safe;
        self.lines().filter(|lines| safe && ((lines.last - lines.first) as usize) < MOST_LINES)
    }

    /// The lines that the fix changes, all edits in one piece. What is inserted between two lines goes with
    /// the one above, since there may be none below.
    pub(super) fn lines(&self) -> Option<Lines> {
        let (file, edits) = (self.file.as_ref()?, &self.finding.fix.as_ref()?.edits);
        let (from, to) = (edits.first()?.span.start, edits.last()?.span.end);
        let between = edits.len() == 1 && from == to && file.column(from) == 1 && from > 0;
        let from = if between { from - 1 } else { from };
        // Text that ends with the edit's own newline does not touch the line after it.
        let to = if to > from && file.column(to) == 1 { to - 1 } else { to };
        let (first, last) = (file.index.line(from), file.index.line(to));
        let block = Span::new(file.index.line_span(first)?.start, file.index.line_span(last)?.end);
        let mut new = Vec::new();
        let mut at = block.start;
        for edit in edits {
            new.extend_from_slice(file.text.get(at as usize..edit.span.start as usize)?);
            new.extend_from_slice(edit.text.as_bytes());
            at = edit.span.end;
        }
        new.extend_from_slice(file.text.get(at as usize..block.end as usize)?);
        Some(Lines { first, last, old: file.text.get(block.range())?.to_vec(), new })
    }

    /// A line of the file, without its ending.
    pub(super) fn line(&self, number: u32) -> Option<&'a [u8]> {
        let file = self.file.as_ref()?;
        let line = file.text.get(file.index.line_span(number)?.range())?;
        Some(without_ending(line))
    }
}

impl File<'_> {
    fn column(&self, offset: u32) -> u32 {
        self.index.line_column(offset).1
    }
}

/// `lines` without the ending of the last one.
pub(super) fn without_ending(lines: &[u8]) -> &[u8] {
    let lines = lines.strip_suffix(b"\n").unwrap_or(lines);
    lines.strip_suffix(b"\r").unwrap_or(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::edit::Edit;
    use crate::engine::Report;
    use crate::report::samples;

    fn first_lines(report: &Report) -> Option<Lines> {
        let settings = samples::settings();
        located(&Results::of_check(report, &settings)).next().expect("there is one").lines()
    }

    #[test]
    fn an_inserted_line_goes_with_the_one_above() {
        let lines = first_lines(&samples::report()).unwrap();
        assert_eq!((lines.first, lines.last), (7, 7));
        assert_eq!(String::from_utf8(lines.new).unwrap(), "\t}\n\tdefer c.Close()\n");
    }

    #[test]
    fn a_line_behind_a_text_without_final_newline_goes_with_the_last() {
        let mut report = samples::report();
        report.texts.insert("d/a.go".into(), std::sync::Arc::from(&b"a\nb"[..]));
        let fix = report.findings[0].fix.as_mut().unwrap();
        fix.edits = vec![Edit::insert(3, "\nc")];
        let expected = Lines { first: 2, last: 2, old: b"b".to_vec(), new: b"b\nc".to_vec() };
        assert_eq!(first_lines(&report), Some(expected));
    }

    #[test]
    fn edits_that_lie_apart_are_one_piece() {
        let mut report = samples::report();
        report.texts.insert("d/a.go".into(), std::sync::Arc::from(&b"a\nb\nc\nd\n"[..]));
        let fix = report.findings[0].fix.as_mut().unwrap();
        fix.edits = vec![
            Edit { span: Span::new(2, 4), text: String::new() },
            Edit { span: Span::new(4, 5), text: "C".into() },
        ];
        let expected = Lines { first: 2, last: 3, old: b"b\nc\n".to_vec(), new: b"C\n".to_vec() };
        assert_eq!(first_lines(&report), Some(expected));
        // Only whole lines taken out: the line behind them stays out of it.
        report.findings[0].fix.as_mut().unwrap().edits.pop();
        let expected = Lines { first: 2, last: 2, old: b"b\n".to_vec(), new: Vec::new() };
        assert_eq!(first_lines(&report), Some(expected));
    }

    #[test]
    fn wild_edits_give_no_lines() {
        let mut report = samples::report();
        report.findings[0].fix.as_mut().unwrap().edits = vec![Edit::insert(9999, "x")];
        assert_eq!(first_lines(&report), None);
    }
}
