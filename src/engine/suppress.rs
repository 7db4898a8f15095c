//! Comments that silence findings: `//unleak:ignore RULE -- reason`, `//nolint:unleak` and `//nolint`, on the
//! line of the acquisition, on the line above it, in the doc comment of the function around it, or in the
//! comment above the package clause.

use std::ops::Range;

use crate::base::diagnostic::Suppression;
use crate::base::text::{LineIndex, Span, narrow};
use crate::go::syntax::outline::{Item, line_comments};

/// The comments of one file that mean to silence something.
#[derive(Debug, Default)]
pub struct Directives(pub(super) Vec<Directive>);

#[derive(Debug)]
pub(super) struct Directive {
    /// From `//` to the end of the comment.
    pub(super) span: Span,
    pub(super) line: u32,
    /// Nothing but a comment stands on its line.
    pub(super) own_line: bool,
    /// It stands on the package clause or in the comment right above it.
    pub(super) whole_file: bool,
    pub(super) manner: Manner,
    /// What it names, in the order it stands there.
    pub(super) names: Vec<String>,
    /// The names with what is between them.
    pub(super) list: Span,
    pub(super) reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// `//unleak:ignore`, which names rules.
    Ignore,
    /// `//nolint:`, which names linters.
    Nolint,
    /// `//nolint` or `//nolint:all`, which is about every linter: whether it is idle, nobody can tell here.
    Everything,
}

impl Directives {
    /// Reads the comments of `text`.
    pub fn of(text: &[u8], lines: &LineIndex) -> Directives {
        // The scanner is spared nearly every file.
        if !may_stand_in(text) && memchr::memmem::find(text, b"nolint").is_none() {
            return Directives::default();
        }
        Directives(
            line_comments(text).into_iter().filter_map(|comment| directive(text, lines, comment)).collect(),
        )
    }

    /// The comment that silences `rule` for a finding on `line`; `doc` is the range of lines of the
    /// function's doc comment.
    pub fn find(&self, rule: &str, line: u32, doc: &Range<u32>) -> Option<Suppression> {
        let silences = self.0.iter().filter(|directive| directive.is_about(rule));
        let nearest = silences
            .filter_map(|directive| Some((directive.reach(line, doc)?, directive)))
            .min_by_key(|(far, _)| *far);
        nearest.map(|(_, directive)| Suppression::Comment {
            line: directive.line,
            reason: directive.reason.clone(),
        })
    }

    /// Whether one that may be idle is about the declaration: stands in it or its doc comment, or is about
    /// all of the file.
    pub fn touch(&self, item: &Item) -> bool {
        let around = item.doc_start..item.span.end;
        self.may_be_idle().any(|directive| directive.whole_file || around.contains(&directive.span.start))
    }

    pub(super) fn may_be_idle(&self) -> impl Iterator<Item = &Directive> {
        self.0.iter().filter(|directive| directive.manner != Manner::Everything)
    }
}

/// Whether a comment that may be idle may stand in `text`.
pub fn may_stand_in(text: &[u8]) -> bool {
    memchr::memmem::find(text, b"unleak").is_some()
}

impl Directive {
    fn is_about(&self, rule: &str) -> bool {
        match self.manner {
            Manner::Ignore => self.names.iter().any(|name| name == rule),
            Manner::Nolint | Manner::Everything => true,
        }
    }

    /// How far a finding on `line` is, if the comment is about it: on its line, the line above, the doc
    /// comment, the file. For golangci-lint the line on which a function begins is as good as its doc
    /// comment.
    pub(super) fn reach(&self, line: u32, doc: &Range<u32>) -> Option<u8> {
        match self.own_line {
            _ if self.line == line => Some(0),
            true if self.line + 1 == line => Some(1),
            true if doc.contains(&self.line) => Some(2),
            _ if self.manner != Manner::Ignore && self.line == doc.end => Some(2),
            _ if self.whole_file => Some(3),
            _ => None,
        }
    }
}

/// The directive in a comment, behind other words perhaps.
fn directive(text: &[u8], lines: &LineIndex, comment: Span) -> Option<Directive> {
    let bytes = text[comment.range()].trim_ascii_end();
    let (start, manner, list) = memchr::memmem::find_iter(bytes, b"//").find_map(|at| {
        let (manner, list) =
            listed(&bytes[at + 2..]).filter(|(manner, _)| *manner != Manner::Everything || at == 0)?;
        Some((at, manner, Span::new(list.start, list.end).shifted(narrow(at) + 2)))
    })?;
    let span = Span::new(comment.start + narrow(start), comment.start + narrow(bytes.len()));
    let words = |range: Range<usize>| String::from_utf8_lossy(&bytes[range]).into_owned();
    let names: Vec<String> = words(list.range())
        .split([',', ' ', '\t'])
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    let mark = if manner == Manner::Ignore { "--" } else { "//" };
    let reason =
        words(list.end as usize..bytes.len()).split_once(mark).map(|(_, reason)| reason.trim().to_owned());
    let line = lines.line(comment.start);
    let line_start = lines.line_span(line)?.start as usize;
    let own_line = text[line_start..comment.start as usize].trim_ascii().is_empty();
    let whole_file = is_above_package(text, lines, line);
    Some(Directive {
        span,
        line,
        own_line,
        whole_file,
        manner,
        names,
        list: list.shifted(comment.start),
        reason,
    })
}

/// Whether the comment on `line` stands on the package clause, or in the comment right above it.
fn is_above_package(text: &[u8], lines: &LineIndex, line: u32) -> bool {
    let mut here = (line..).map_while(|line| lines.line_span(line)).map(|span| &text[span.range()]);
    let comment = |line: &&[u8]| line.trim_ascii_start().starts_with(b"//");
    here.find(|line| !comment(line)).is_some_and(|line| line.starts_with(b"package "))
}

/// How a comment's text silences, and where its names stand in it.
fn listed(comment: &[u8]) -> Option<(Manner, Span)> {
    // A blank before it, as `nolint` may have one too: what is meant is plain.
    let blank = comment.len() - comment.trim_ascii_start().len();
    let (manner, from) = match comment[blank..].strip_prefix(b"unleak:ignore") {
        Some([] | [b' ' | b'\t', ..]) => (Manner::Ignore, blank + "unleak:ignore".len()),
        Some(_) => return None,
        None => {
            let blanks = comment.len() - comment.trim_ascii_start().len();
            let from = blanks + "nolint".len();
            match comment[blanks..].strip_prefix(b"nolint")? {
                [b':', ..] => (Manner::Nolint, from + 1),
                [] | [b' ', ..] => return Some((Manner::Everything, Span::new(narrow(from), narrow(from)))),
                _ => return None,
            }
        }
    };
    let rest = &comment[from..];
    let end = match manner {
        Manner::Ignore => memchr::memmem::find(rest, b"--").unwrap_or(rest.len()),
        Manner::Nolint | Manner::Everything => {
            rest.iter().position(|byte| b"/ \t".contains(byte)).unwrap_or(rest.len())
        }
    };
    let names = &rest[..end];
    let start = from + names.len() - names.trim_ascii_start().len();
    let span = Span::new(narrow(start), narrow(start + names.trim_ascii().len()));
    let named = |wanted: &[u8]| names.split(|byte| *byte == b',').any(|name| name == wanted);
    match manner {
        Manner::Nolint if named(b"all") => Some((Manner::Everything, span)),
        Manner::Nolint => named(b"unleak").then_some((manner, span)),
        _ => Some((manner, span)),
    }
}

/// The lines of a declaration's doc comment.
pub fn doc_lines(item: &Item, lines: &LineIndex) -> Range<u32> {
    lines.line(item.doc_start)..lines.line(item.span.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, line: u32, doc: Range<u32>) -> Option<(u32, Option<String>)> {
        let lines = LineIndex::new(text.as_bytes());
        match Directives::of(text.as_bytes(), &lines).find("unclosed-client", line, &doc) {
            Some(Suppression::Comment { line, reason }) => Some((line, reason)),
            _ => None,
        }
    }

    #[test]
    fn the_line_the_one_above_and_the_doc_comment_count() {
        let text = "//unleak:ignore unclosed-client -- lives on\nfunc f() {\n\tx()\n\tc := New() \
                    //nolint:errcheck,unleak // why\n\t//unleak:ignore unclosed-client\n\td := New()\n}\n";
        assert_eq!(found(text, 4, 0..0), Some((4, Some("why".into()))));
        assert_eq!(found(text, 6, 0..0), Some((5, None)));
        assert_eq!(found(text, 3, 1..2), Some((1, Some("lives on".into()))));
        assert_eq!(found(text, 3, 0..0), None);
        assert_eq!(found(text, 5, 0..0), Some((5, None)));
        let blank = "c := New() // unleak:ignore unclosed-client -- lives on\n";
        assert_eq!(found(blank, 1, 0..0), Some((1, Some("lives on".into()))));
    }

    #[test]
    fn above_the_package_clause_it_is_about_the_file() {
        let above = "// Package p is.\n//\n//unleak:ignore unclosed-client -- a sample\n// Sample.\npackage \
                     p\n\nvar c = New()\n";
        assert_eq!(found(above, 7, 0..0), Some((3, Some("a sample".into()))));
        assert_eq!(found("package p //nolint:unleak\n\nvar c = New()\n", 3, 0..0), Some((1, None)));
        assert_eq!(found("//nolint:unleak\n\npackage p\n\nvar c = New()\n", 5, 0..0), None);
        assert_eq!(found("//nolint:unleak\nvar b = 1\nvar c = New()\n", 3, 0..0), None);
    }

    #[test]
    fn a_bare_nolint_is_about_everything() {
        assert_eq!(found("c := New() //nolint", 1, 0..0), Some((1, None)));
        assert_eq!(
            found("c := New() // nolint // short-lived", 1, 0..0),
            Some((1, Some("short-lived".into())))
        );
        assert_eq!(found("c := New() //nolint:all", 1, 0..0), Some((1, None)));
        assert_eq!(found("//nolint\nfunc f() {\n\tx()\n\tc := New()\n}\n", 4, 1..2), Some((1, None)));
        assert_eq!(found("func f() { //nolint\n\tx()\n\tc := New()\n}\n", 3, 1..1), Some((1, None)));
        assert_eq!(
            found("func f() { //unleak:ignore unclosed-client\n\tx()\n\tc := New()\n}\n", 3, 1..1),
            None
        );
        assert_eq!(found("c := New() //nolintx", 1, 0..0), None);
        assert_eq!(found("c := New() // why //nolint", 1, 0..0), None);
        assert_eq!(found("c := New() //nolint:errcheck", 1, 0..0), None);
    }

    #[test]
    fn other_rules_words_and_strings_do_not() {
        assert_eq!(found("c := New() //unleak:ignore other -- x", 1, 0..0), None);
        assert_eq!(found("c := New() //unleak:ignored unclosed-client", 1, 0..0), None);
        assert_eq!(found("c := New() //nolint:unleaky", 1, 0..0), None);
        assert_eq!(found("a() //nolint:unleak\nc := New()", 2, 0..0), None);
        assert_eq!(found("c := New(\"//unleak:ignore unclosed-client\")", 1, 0..0), None);
    }
}
