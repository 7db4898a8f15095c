//! Findings that a change does not touch are silenced.
//!
//! A change touches a finding when it adds, changes or takes out a line of the declaration around it: a leak
//! is made as well by a new way out, or by a release that is gone, as by the call that acquires.

use std::path::Path;
use std::sync::Arc;

use crate::base::diagnostic::{Finding, Suppression};
use crate::base::sys::Error;
use crate::base::text::LineIndex;
use crate::config::Settings;
use crate::engine::candidate::Candidate;
use crate::go::syntax::outline::{Item, outline};
use crate::vcs::{self, Change, Touched};

/// Silences what `change` leaves alone in `candidates`.
///
/// # Errors
/// As [`vcs::touched`].
pub fn mark(settings: &Settings, change: &Change, candidates: &mut [Candidate]) -> Result<(), Error> {
    let with_findings =
        candidates.iter().filter(|candidate| candidate.asked && !candidate.judged.findings.is_empty());
    let texts: Vec<(&Path, &[u8])> =
        with_findings.filter_map(|candidate| Some((candidate.file.as_deref()?, &*candidate.text))).collect();
    let touched = vcs::touched(&settings.root, &texts, change)?;
    for candidate in candidates {
        let text: Arc<[u8]> = candidate.text.clone();
        let touched = candidate.file.as_ref().and_then(|file| touched.get(file));
        let items =
            if matches!(touched, Some(Touched::Hunks(_))) { outline(&text).items } else { Vec::new() };
        let lines = LineIndex::new(&text);
        let judged = &mut candidate.judged;
        for finding in &mut judged.findings {
            if !touched.is_some_and(|touched| meets(touched, finding, &items, &lines)) {
                finding.suppressed.get_or_insert(Suppression::Untouched);
            }
        }
    }
    Ok(())
}

fn meets(touched: &Touched, finding: &Finding, items: &[Item], lines: &LineIndex) -> bool {
    let at = &finding.location;
    let around = items.iter().find(|item| (item.doc_start..item.span.end).contains(&at.span.start));
    let (first, last) = match around {
        Some(item) => (lines.line(item.doc_start), lines.line(item.span.end.saturating_sub(1))),
        None => (at.line, lines.line(at.span.end)),
    };
    touched.meets(first, last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::text::Span;
    use crate::base::text::narrow;
    use crate::engine::testing::finding;
    use crate::vcs::Hunk;

    const TEXT: &str =
        "package p\n\n// f does.\nfunc f() {\n\tx()\n}\n\nvar y = z()\n\nfunc g() {\n\ty()\n}\n";

    /// Whether a change of these lines touches a finding at the place of `text`.
    fn touches(lines: std::ops::Range<u32>, text: &str) -> bool {
        let at = narrow(TEXT.find(text).unwrap());
        let mut one = finding("a", at, Vec::new());
        let index = LineIndex::new(TEXT.as_bytes());
        one.location.span = Span::new(at, at + narrow(text.len()));
        one.location.line = index.line(at);
        let hunk = Hunk { up: lines.clone(), down: lines };
        meets(&Touched::Hunks(vec![hunk]), &one, &outline(TEXT.as_bytes()).items, &index)
    }

    #[test]
    fn any_line_of_the_declaration_counts_and_its_doc_comment() {
        for line in 3..=6 {
            assert!(touches(line..line + 1, "x()"), "{line}");
        }
        for line in [1, 2, 7, 8, 11] {
            assert!(!touches(line..line + 1, "x()"), "{line}");
        }
        assert!(touches(8..9, "z()") && !touches(10..11, "z()"));
    }

    #[test]
    fn what_was_taken_out_within_it_counts_too() {
        assert!(touches(6..6, "x()") && touches(11..11, "y()"));
        assert!(!touches(3..3, "x()"), "above its first line");
    }

    #[test]
    fn a_new_file_is_touched_everywhere() {
        let index = LineIndex::new(TEXT.as_bytes());
        assert!(meets(&Touched::Whole, &finding("a", 0, Vec::new()), &[], &index));
    }
}
