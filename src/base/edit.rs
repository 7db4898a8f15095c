//! Edits on one text: pure, transactional, invertible. A fix goes in whole or not at all.
//!
//! Which fixes are tried, and what becomes of a refused one, is the engine's business.

use std::ops::Range;

use crate::base::text::Span;

/// One replacement: the bytes of `span` become `text`. An empty span inserts before its offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced, in bytes of the original text.
    pub span: Span,
    /// What stands there afterwards.
    pub text: String,
}

impl Edit {
    /// An edit that puts `text` before the byte at `offset`.
    pub fn insert(offset: u32, text: impl Into<String>) -> Edit {
        Edit { span: Span { start: offset, end: offset }, text: text.into() }
    }
}

/// What became of a fix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditOutcome {
    /// Its edits are in the new text.
    Applied,
    /// An earlier fix made the same edits.
    Duplicate,
    /// One of its spans overlaps an earlier edit or does not lie in the text.
    Conflict,
}

/// What [`apply`] made of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The new text.
    pub text: Vec<u8>,
    /// For each fix, in order: `Applied`, `Duplicate` or `Conflict`.
    pub outcomes: Vec<EditOutcome>,
    /// What gives the original back.
    pub inverse: Inverse,
}

/// The way back from a new text to the original one, byte by byte.
// Invariant: the ranges are ascending and do not overlap.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inverse(Vec<Undo>);

/// A range of the new text and the bytes that stood there before.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Undo {
    range: Range<usize>,
    bytes: Vec<u8>,
}

impl Inverse {
    /// The original of the text that this inverse was made with; `None` when `text` is too short to be that
    /// text.
    pub fn revert(&self, text: &[u8]) -> Option<Vec<u8>> {
        let mut original = Vec::with_capacity(text.len());
        let mut at = 0;
        for undo in &self.0 {
            original.extend_from_slice(text.get(at..undo.range.start)?);
            original.extend_from_slice(&undo.bytes);
            at = undo.range.end;
        }
        original.extend_from_slice(text.get(at..)?);
        Some(original)
    }
}

/// Applies `fixes` to `original`, the earlier ones first when two are at odds.
///
/// A fix is a `Conflict` when one of its spans lies outside the text, is reversed, or overlaps an edit that
/// is already in; then none of its edits is applied. Insertions of several fixes at one offset are all kept,
/// in the order of the fixes. An edit that equals one of an earlier fix is shared with it; a fix that adds
/// nothing is a `Duplicate`. Touching is not overlapping: an insertion at the start of a replaced span goes
/// before the replacement, one at its end behind it.
pub fn apply(original: &[u8], fixes: &[&[Edit]]) -> Applied {
    let mut taken = Taken::default();
    let outcomes = fixes.iter().map(|fix| taken.admit(fix, original.len())).collect();
    let (text, inverse) = taken.write(original);
    Applied { text, outcomes, inverse }
}

/// The edits that are in so far.
// Invariant: sorted by span; equal spans are insertions, in the order they came; no two overlap.
#[derive(Default)]
struct Taken<'a>(Vec<&'a Edit>);

impl<'a> Taken<'a> {
    /// Takes the whole of `fix` or nothing of it.
    fn admit(&mut self, fix: &'a [Edit], len: usize) -> EditOutcome {
        let mut added: Vec<&Edit> = Vec::with_capacity(fix.len());
        for edit in fix {
            let Span { start, end } = edit.span;
            if start > end || end as usize > len || added.iter().any(|other| overlap(edit.span, other.span)) {
                return EditOutcome::Conflict;
            }
            let near = self.near(edit.span);
            if near.contains(&edit) {
                continue;
            }
            if near.iter().any(|other| overlap(edit.span, other.span)) {
                return EditOutcome::Conflict;
            }
            added.push(edit);
        }
        if added.is_empty() {
            return EditOutcome::Duplicate;
        }
        for edit in added {
            let at = self.0.partition_point(|other| other.span <= edit.span);
            self.0.insert(at, edit);
        }
        EditOutcome::Applied
    }

    /// The taken edits that could overlap or equal one at `span`. Taken edits do not overlap, so their ends
    /// ascend like their starts.
    fn near(&self, span: Span) -> &[&'a Edit] {
        let from = self.0.partition_point(|other| other.span.end < span.start);
        let to = self.0.partition_point(|other| other.span.start <= span.end);
        &self.0[from..to.max(from)]
    }

    fn write(&self, original: &[u8]) -> (Vec<u8>, Inverse) {
        let grown: usize = self.0.iter().map(|edit| edit.text.len()).sum();
        let mut text = Vec::with_capacity(original.len() + grown);
        let mut undos = Vec::with_capacity(self.0.len());
        let mut at = 0;
        for edit in &self.0 {
            let replaced = edit.span.range();
            text.extend_from_slice(&original[at..replaced.start]);
            let start = text.len();
            text.extend_from_slice(edit.text.as_bytes());
            undos.push(Undo { range: start..text.len(), bytes: original[replaced.clone()].to_vec() });
            at = replaced.end;
        }
        text.extend_from_slice(&original[at..]);
        (text, Inverse(undos))
    }
}

/// Whether both edits claim a byte, or one inserts inside what the other replaces.
fn overlap(a: Span, b: Span) -> bool {
    match (a.start == a.end, b.start == b.end) {
        (true, true) => false,
        (true, false) => b.start < a.start && a.start < b.end,
        (false, true) => a.start < b.start && b.start < a.end,
        (false, false) => a.start < b.end && b.start < a.end,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn replace(start: u32, end: u32, text: &str) -> Edit {
        Edit { span: Span { start, end }, text: text.into() }
    }

    fn run(original: &str, fixes: &[&[Edit]]) -> (String, Vec<EditOutcome>) {
        let applied = apply(original.as_bytes(), fixes);
        (String::from_utf8(applied.text).expect("tests use UTF-8"), applied.outcomes)
    }

    #[test]
    fn insertions_of_two_fixes_at_one_offset_are_both_kept_in_order() {
        let (text, outcomes) = run("ab", &[&[Edit::insert(1, "2")], &[Edit::insert(1, "1")]]);
        assert_eq!(text, "a21b");
        assert_eq!(outcomes, [EditOutcome::Applied, EditOutcome::Applied]);
    }

    #[test]
    fn the_same_fix_twice_is_a_duplicate() {
        let fix = [Edit::insert(1, "x")];
        let (text, outcomes) = run("ab", &[&fix, &fix]);
        assert_eq!(text, "axb");
        assert_eq!(outcomes, [EditOutcome::Applied, EditOutcome::Duplicate]);
    }

    #[test]
    fn a_shared_edit_goes_in_once() {
        let import = Edit::insert(0, "i");
        let (text, outcomes) =
            run("ab", &[&[import.clone(), Edit::insert(1, "x")], &[import, Edit::insert(2, "y")]]);
        assert_eq!(text, "iaxby");
        assert_eq!(outcomes, [EditOutcome::Applied, EditOutcome::Applied]);
    }

    #[test]
    fn a_conflicting_fix_leaves_nothing_behind() {
        let first = [replace(1, 3, "X")];
        let second = [Edit::insert(0, "never"), replace(2, 4, "Y")];
        assert_eq!(
            run("abcd", &[&first, &second]),
            ("aXd".into(), vec![EditOutcome::Applied, EditOutcome::Conflict])
        );
        let inside = [Edit::insert(2, "Y")];
        assert_eq!(run("abcd", &[&first, &inside]).1[1], EditOutcome::Conflict);
    }

    #[test]
    fn touching_is_not_overlapping() {
        let fixes: [&[Edit]; 3] = [&[replace(1, 2, "X")], &[Edit::insert(1, "<")], &[Edit::insert(2, ">")]];
        assert_eq!(run("abc", &fixes).0, "a<X>c");
    }

    #[test]
    fn spans_outside_the_text_are_conflicts() {
        assert_eq!(run("ab", &[&[Edit::insert(3, "x")]]), ("ab".into(), vec![EditOutcome::Conflict]));
        let reversed = Edit { span: Span { start: 2, end: 1 }, text: String::new() };
        assert_eq!(run("ab", &[&[reversed]]).1, [EditOutcome::Conflict]);
    }

    fn some_edit() -> impl Strategy<Value = Edit> {
        (0u32..40, 0u32..4, "[xyz]{0,3}").prop_map(|(start, len, text)| replace(start, start + len, &text))
    }

    fn some_fixes() -> impl Strategy<Value = Vec<Vec<Edit>>> {
        prop::collection::vec(prop::collection::vec(some_edit(), 0..4), 0..8)
    }

    proptest! {
        #[test]
        fn the_inverse_gives_the_original_bytes(
            original in prop::collection::vec(any::<u8>(), 0..40),
            fixes in some_fixes(),
        ) {
            let fixes: Vec<&[Edit]> = fixes.iter().map(Vec::as_slice).collect();
            let applied = apply(&original, &fixes);
            prop_assert_eq!(applied.inverse.revert(&applied.text), Some(original));
        }

        #[test]
        fn refused_fixes_change_nothing(
            original in prop::collection::vec(any::<u8>(), 0..40),
            fixes in some_fixes(),
        ) {
            let fixes: Vec<&[Edit]> = fixes.iter().map(Vec::as_slice).collect();
            let all = apply(&original, &fixes);
            let kept: Vec<&[Edit]> =
                fixes.iter().zip(&all.outcomes).filter(|(_, o)| **o == EditOutcome::Applied)
                    .map(|(fix, _)| *fix).collect();
            let again = apply(&original, &kept);
            prop_assert!(again.outcomes.iter().all(|o| *o == EditOutcome::Applied));
            prop_assert_eq!(again.text, all.text);
        }

        #[test]
        fn insertions_keep_the_order_of_the_fixes(at in prop::collection::vec(0u32..4, 1..12)) {
            let fixes: Vec<Vec<Edit>> =
                at.iter().enumerate()
                    .map(|(i, offset)| vec![Edit::insert(*offset, format!("<{i}>"))]).collect();
            let fixes: Vec<&[Edit]> = fixes.iter().map(Vec::as_slice).collect();
            let text = String::from_utf8(apply(b"abcd", &fixes).text).expect("ASCII");
            let place = |i: usize| text.find(&format!("<{i}>")).expect("every insertion is in");
            for later in 1..at.len() {
                for earlier in 0..later {
                    prop_assert_eq!(at[earlier] <= at[later], place(earlier) < place(later));
                }
            }
        }
    }
}
