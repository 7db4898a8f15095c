//! Comments that silence a finding: `//unleak:ignore RULE -- reason` and `//nolint:unleak`, on the line of the acquisition, on the
//! line above it, or in the doc comment of the function around it.

use crate::base::finding::Suppression;
use crate::base::text::LineIndex;

/// The comment that silences `rule` for a finding on `line`; `doc` is the range of lines of the function's doc comment.
pub fn find(text: &[u8], lines: &LineIndex, rule: &str, line: u32, doc: std::ops::Range<u32>) -> Option<Suppression> {
    let comment = |number: u32| {
        let bytes = &text[lines.line_span(number)?.range()];
        let at = memchr::memmem::find(bytes, b"//")?;
        let own_line = bytes[..at].trim_ascii().is_empty();
        let silenced = memchr::memmem::find_iter(bytes, b"//").find_map(|at| silences(&bytes[at + 2..], rule));
        silenced.map(|reason| (own_line, Suppression { line: number, reason }))
    };
    if let Some((_, found)) = comment(line) {
        return Some(found);
    }
    if let Some((true, found)) = line.checked_sub(1).and_then(comment) {
        return Some(found);
    }
    doc.filter_map(comment).find(|(own_line, _)| *own_line).map(|(_, found)| found)
}

/// `Some` with the reason, if a comment's text silences `rule`.
fn silences(comment: &[u8], rule: &str) -> Option<Option<String>> {
    let comment = String::from_utf8_lossy(comment);
    if let Some(rest) = comment.strip_prefix("unleak:ignore") {
        let (names, reason) = match rest.split_once("--") {
            Some((names, reason)) => (names, Some(reason.trim().to_owned())),
            None => (rest, None),
        };
        let named = names.split([',', ' ', '\t']).map(str::trim).any(|name| name == rule);
        return (rest.starts_with([' ', '\t']) && named).then_some(reason);
    }
    let rest = comment.trim_start().strip_prefix("nolint:")?;
    let names = rest.split(['/', ' ', '\t', '\r', '\n']).next().unwrap_or_default();
    let reason = rest.split_once("//").map(|(_, reason)| reason.trim().to_owned());
    names.split(',').any(|name| name == "unleak").then_some(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, line: u32, doc: std::ops::Range<u32>) -> Option<Suppression> {
        find(text.as_bytes(), &LineIndex::new(text.as_bytes()), "unclosed-client", line, doc)
    }

    #[test]
    fn the_line_the_one_above_and_the_doc_comment_count() {
        let text = "//unleak:ignore unclosed-client -- lives on\nfunc f() {\n\tx()\n\tc := New() //nolint:errcheck,unleak // why\n\t//unleak:ignore unclosed-client\n\td := New()\n}\n";
        assert_eq!(found(text, 4, 0..0).unwrap().reason.as_deref(), Some("why"));
        assert_eq!(found(text, 6, 0..0).unwrap().line, 5);
        assert_eq!(found(text, 3, 1..2).unwrap().reason.as_deref(), Some("lives on"));
        assert_eq!(found(text, 3, 0..0), None);
        assert_eq!(found(text, 5, 0..0).map(|s| s.line), Some(5));
    }

    #[test]
    fn other_rules_and_words_do_not() {
        assert_eq!(found("c := New() //unleak:ignore other -- x", 1, 0..0), None);
        assert_eq!(found("c := New() //unleak:ignored unclosed-client", 1, 0..0), None);
        assert_eq!(found("c := New() //nolint:unleaky", 1, 0..0), None);
        assert_eq!(found("a() //nolint:unleak\nc := New()", 2, 0..0), None);
    }
}
