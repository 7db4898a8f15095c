//! Comments written for what is left: `//unleak:ignore RULE -- reason`, on a line above the one where the
//! acquisition begins.
//!
//! A comment goes where gofmt leaves everything as it is, and stays if the text judged again is silent there,
//! and as loud as before everywhere else. Where none can stand, the finding is left.

use std::collections::BTreeMap;

use crate::base::diagnostic::Finding;
use crate::base::edit::{self, Edit};
use crate::base::text::{LineIndex, line_ending_at};
use crate::engine::analyze::AnalyzedFile;

/// Gives each of `findings` on `text` that is open and `silenceable` a comment with `reason`. Returns the new
/// text, and the fingerprints of those that have one now.
pub fn silence(
    text: Vec<u8>,
    findings: &[Finding],
    reason: &str,
    silenceable: &dyn Fn(&Finding) -> bool,
    judge: &dyn Fn(&[u8]) -> AnalyzedFile,
) -> (Vec<u8>, Vec<String>) {
    let mut by_line: BTreeMap<u32, Vec<&Finding>> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.suppressed.is_none() && silenceable(finding)) {
        by_line.entry(finding.location.line).or_default().push(finding);
    }
    let lines = LineIndex::new(&text);
    let spelled =
        by_line.values().filter_map(|here| Some((comment(&text, &lines, here, reason)?, here.as_slice())));
    let comments: Vec<(Edit, &[&Finding])> = spelled.collect();
    if comments.is_empty() {
        return (text, Vec::new());
    }
    if let Some(new) = attempt(&text, &comments.iter().collect::<Vec<_>>(), findings, judge) {
        return (new, ids(comments.iter()));
    }
    // Something went wrong: one at a time tells which.
    let mut held: Vec<&(Edit, &[&Finding])> = Vec::new();
    for one in &comments {
        held.push(one);
        if attempt(&text, &held, findings, judge).is_none() {
            held.pop();
        }
    }
    match attempt(&text, &held, findings, judge) {
        Some(new) => (new, ids(held.into_iter())),
        None => (text, Vec::new()),
    }
}

fn ids<'c>(comments: impl Iterator<Item = &'c (Edit, &'c [&'c Finding])>) -> Vec<String> {
    comments.flat_map(|(_, here)| here.iter()).map(|finding| finding.fingerprint.clone()).collect()
}

/// The text with `comments`, if exactly what they are about is silent in it beside what was.
fn attempt(
    text: &[u8],
    comments: &[&(Edit, &[&Finding])],
    before: &[Finding],
    judge: &dyn Fn(&[u8]) -> AnalyzedFile,
) -> Option<Vec<u8>> {
    let edits: Vec<&[Edit]> = comments.iter().map(|(edit, _)| std::slice::from_ref(edit)).collect();
    let new = edit::apply(text, &edits).text;
    let silenced =
        |id: &String| comments.iter().any(|(_, here)| here.iter().any(|finding| finding.fingerprint == *id));
    let mut expected: Vec<(String, bool)> = before
        .iter()
        .map(|finding| (&finding.fingerprint, finding.suppressed.is_some()))
        .map(|(id, silent)| (id.clone(), silent || silenced(id)))
        .collect();
    let judged = judge(&new);
    let mut found: Vec<(String, bool)> = judged
        .findings
        .iter()
        .map(|finding| (finding.fingerprint.clone(), finding.suppressed.is_some()))
        .collect();
    // What a baseline or a change silences is not known to who judges a text again.
    let by_comment =
        |id: &str| before.iter().any(|finding| finding.fingerprint == id && finding.suppressed.is_none());
    expected.retain(|(id, _)| by_comment(id));
    found.retain(|(id, silent)| {
        by_comment(id) || !before.iter().any(|finding| finding.fingerprint == *id) && !silent
    });
    expected.sort();
    found.sort();
    (expected == found).then_some(new)
}

/// The line above the one that `here` begins on, or `None` where gofmt would not have it so.
fn comment(text: &[u8], lines: &LineIndex, here: &[&Finding], reason: &str) -> Option<Edit> {
    let first = here.first()?;
    // Above a declaration it would be a doc comment, which gofmt puts in order.
    first.function.as_ref()?;
    let at = &first.location;
    let line = |number: u32| lines.line_span(number).map_or(&[][..], |span| &text[span.range()]);
    let (own, above, below) = (line(at.line), line(at.line - 1), line(at.line + 1));
    let closes = own.trim_ascii_start().first().is_some_and(|byte| b"})]".contains(byte));
    let between_comments = has_trailing_comment(own) && has_trailing_comment(above);
    if closes || between_comments || [own, above, below].into_iter().any(is_aligned) {
        return None;
    }
    let blanks = own.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let indent = String::from_utf8_lossy(&own[..blanks]);
    let mut rules: Vec<&str> = here.iter().map(|finding| &*finding.rule).collect();
    rules.dedup();
    let start = lines.line_span(at.line)?.start;
    let ending = line_ending_at(text, start as usize);
    Some(Edit::insert(start, format!("{indent}//unleak:ignore {} -- {reason}{ending}", rules.join(", "))))
}

fn has_trailing_comment(line: &[u8]) -> bool {
    memchr::memmem::find(line.trim_ascii_start(), b"//").is_some_and(|at| at > 0)
}

/// Whether gofmt seems to have put blanks into the line to align it with its neighbours.
fn is_aligned(line: &[u8]) -> bool {
    let code = line.trim_ascii();
    !code.starts_with(b"//") && memchr::memmem::find(code, b"  ").is_some()
}
