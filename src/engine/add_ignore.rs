//! Comments written for what is left: `//unleak:ignore RULE -- reason`, on a line above the one where the
//! acquisition begins.
//!
//! A comment goes where gofmt leaves everything as it is, and stays if the text judged again is silent there,
//! and as loud as before everywhere else. Where none can stand, the finding is left.

use std::collections::BTreeMap;

use crate::base::diagnostic::Finding;
use crate::base::edit::Edit;
use crate::base::text::{LineIndex, line_ending_at};
use crate::engine::attempt::{Attempt, Judging, are_same, holding};

/// Gives each of `findings` on `text` that is open and `silenceable` a comment with `reason`. Returns the new
/// text, and the fingerprints of those that have one now.
pub fn silence(
    text: Vec<u8>,
    findings: &[Finding],
    reason: &str,
    silenceable: &dyn Fn(&Finding) -> bool,
    judge: &Judging,
) -> (Vec<u8>, Vec<String>) {
    let mut by_line: BTreeMap<u32, Vec<&Finding>> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.suppressed.is_none() && silenceable(finding)) {
        by_line.entry(finding.location.line).or_default().push(finding);
    }
    let lines = LineIndex::new(&text);
    let spelled =
        by_line.values().filter_map(|here| Some((comment(&text, &lines, here, reason)?, here.as_slice())));
    let comments: Vec<Comment> = spelled.collect();
    if comments.is_empty() {
        return (text, Vec::new());
    }
    let attempt = |comments: &[&Comment]| attempt(&text, comments, findings, judge);
    if let Some(new) = attempt(&comments.iter().collect::<Vec<_>>()) {
        return (new, ids(&comments));
    }
    let held = holding(&comments, |tried| attempt(tried).map(drop).ok_or(()), |_, ()| {});
    match attempt(&held) {
        Some(new) => (new, ids(held)),
        None => (text, Vec::new()),
    }
}

/// A comment, and the findings that it is about.
type Comment<'f> = (Edit, &'f [&'f Finding]);

fn ids<'c>(comments: impl IntoIterator<Item = &'c Comment<'c>>) -> Vec<String> {
    let findings = comments.into_iter().flat_map(|(_, here)| here.iter());
    findings.map(|finding| finding.fingerprint.clone()).collect()
}

/// The text with `comments`, if exactly what they are about is silent in it beside what was.
fn attempt(text: &[u8], comments: &[&Comment], before: &[Finding], judge: &Judging) -> Option<Vec<u8>> {
    let edits: Vec<&[Edit]> = comments.iter().map(|(edit, _)| std::slice::from_ref(edit)).collect();
    let attempt = Attempt::new(text, &edits, judge);
    let silenced =
        |id: &str| comments.iter().any(|(_, here)| here.iter().any(|finding| finding.fingerprint == id));
    // What a baseline or a change silences is not known to who judges a text again.
    let expected = before.iter().filter(|finding| finding.suppressed.is_none());
    let expected = expected.map(|finding| (&*finding.fingerprint, silenced(&finding.fingerprint)));
    let is_old = |id: &str| before.iter().any(|finding| finding.fingerprint == id);
    let was_open =
        |id: &str| before.iter().any(|finding| finding.fingerprint == id && finding.suppressed.is_none());
    let found = attempt.judged.findings.iter();
    let found = found.map(|finding| (&*finding.fingerprint, finding.suppressed.is_some()));
    let found = found.filter(|(id, silent)| was_open(id) || !is_old(id) && !silent);
    are_same(expected, found).then_some(attempt.text)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::diagnostic::{FixOutcome, Suppression};
    use crate::base::text::narrow;
    use crate::engine::analyze::AnalyzedFile;
    use crate::engine::testing::{finding, fix_run};

    /// A finding for each line that begins with `leak`, silent where a comment stands above it that does
    /// not say `deaf`.
    fn judged(text: &[u8]) -> AnalyzedFile {
        let lines: Vec<&str> = std::str::from_utf8(text).unwrap().lines().collect();
        let mut findings = Vec::new();
        for (at, line) in (0_usize..).zip(&lines).filter(|(_, line)| line.trim().starts_with("leak")) {
            let above = at.checked_sub(1).map_or("", |above| lines[above].trim());
            let mut one = finding(line.trim(), 0, Vec::new());
            one.location.line = narrow(at) + 1;
            let silent = above.starts_with("//unleak:ignore") && !line.ends_with("deaf");
            one.suppressed = silent.then_some(Suppression::Comment { line: narrow(at), reason: None });
            findings.push(one);
        }
        AnalyzedFile { findings, ..AnalyzedFile::default() }
    }

    fn silenced(text: &str) -> (String, Vec<String>) {
        let findings = judged(text.as_bytes()).findings;
        let (new, ids) = silence(text.into(), &findings, "why", &|_| true, &judged);
        (String::from_utf8(new).unwrap(), ids)
    }

    #[test]
    fn each_finding_gets_a_comment_above_its_line() {
        let (text, ids) = silenced("{\n\tleak a\n\tx\n\tleak b\n}\n");
        let comment = "//unleak:ignore unclosed-client -- why";
        assert_eq!(text, format!("{{\n\t{comment}\n\tleak a\n\tx\n\t{comment}\n\tleak b\n}}\n"));
        assert_eq!(ids, ["leak a", "leak b"]);
        assert_eq!(silenced(&text).0, text, "what is silent needs no comment");
    }

    #[test]
    fn a_comment_that_does_not_help_is_taken_back_alone() {
        let (text, ids) = silenced("\tleak a\n\tx\n\tleak deaf\n\tx\n\tleak c\n");
        assert_eq!(text.matches("//unleak:ignore").count(), 2);
        assert_eq!(ids, ["leak a", "leak c"]);
    }

    #[test]
    fn line_endings_are_those_of_the_line() {
        assert_eq!(silenced("\tleak a\r\n").0, "\t//unleak:ignore unclosed-client -- why\r\n\tleak a\r\n");
    }

    #[test]
    fn where_gofmt_would_move_it_there_is_none() {
        for text in ["\tleak a  // aligned\n", "\tx // a\n\tleak a // b\n", "\tleak a\n\tx  = 1\n"] {
            assert_eq!(silenced(text), (text.to_owned(), Vec::new()));
        }
    }

    #[test]
    fn what_is_left_gets_a_comment_and_what_is_fixed_none() {
        let text = "func f() {\n\tc := NewBareClient()\n\tc.Use()\n}\n\nfunc g(send func(*Client)) {\n\tc := \
                    NewBareClient()\n\tdefer func() { _ = recover() }()\n\
                    \tfor i := 0; i < c.Use(); i++ {\n\t\tx, \
                    _ := NewClient()\n\t\tif x.Use() > 1 {\n\t\t\tcontinue\n\t\t}\n\t\tx.Use()\n\t}\n}\n";
        let run = fix_run(text, |settings| settings.fix.add_ignore = Some("later".to_owned()));
        let after = String::from_utf8(run.changes[0].after.clone()).unwrap();
        let count = |outcome| run.outcomes.iter().filter(|one| **one == outcome).count();
        assert_eq!(
            count(FixOutcome::Ignored),
            after.matches("//unleak:ignore unclosed-client -- later\n").count()
        );
        assert_eq!(count(FixOutcome::Applied), after.matches("defer c.Close()").count());
        assert!(count(FixOutcome::Ignored) > 0 && count(FixOutcome::Applied) > 0, "{after}");
    }
}
