//! A text with edits, judged again; and which parts of a set hold together. What has to hold is for those
//! to say who ask.

use crate::base::diagnostic::FixOutcome;
use crate::base::edit::{self, Edit};
use crate::engine::analyze::AnalyzedFile;

/// Judges a text.
pub type Judging<'j> = dyn Fn(&[u8]) -> AnalyzedFile + 'j;

/// A text with edits in it, judged again.
pub struct Attempt {
    pub text: Vec<u8>,
    pub judged: AnalyzedFile,
    /// What became of each group of edits, at the same indices.
    pub outcomes: Vec<FixOutcome>,
}

impl Attempt {
    /// Puts groups of `edits` into `text`, each whole or not at all, and judges what comes out.
    pub fn new(text: &[u8], edits: &[&[Edit]], judge: &Judging) -> Attempt {
        let applied = edit::apply(text, edits);
        let judged = judge(&applied.text);
        let outcomes = applied.outcomes.iter().copied().map(FixOutcome::from).collect();
        Attempt { text: applied.text, judged, outcomes }
    }
}

/// Whether both give the same, each as often, in whatever order.
pub fn are_same<T: Ord>(expected: impl Iterator<Item = T>, found: impl Iterator<Item = T>) -> bool {
    let (mut expected, mut found): (Vec<T>, Vec<T>) = (expected.collect(), found.collect());
    expected.sort();
    found.sort();
    expected == found
}

/// The `parts` that hold together, where all of them did not: halves, each on top of what held so far, tell
/// in few tries. A part that fails by itself is `refused` with the reason.
pub fn holding<'p, P, R>(
    parts: &'p [P],
    mut attempt: impl FnMut(&[&'p P]) -> Result<(), R>,
    mut refused: impl FnMut(&'p P, R),
) -> Vec<&'p P> {
    let mut held: Vec<&P> = Vec::new();
    let mut todo: Vec<&[P]> = vec![parts];
    while let Some(group) = todo.pop() {
        let tried: Vec<&P> = held.iter().copied().chain(group).collect();
        // All together have failed already.
        let known = group.len() == parts.len() && group.len() > 1;
        match (if known { None } else { Some(attempt(&tried)) }, group) {
            (Some(Ok(())), _) => held = tried,
            (Some(Err(reason)), [one]) => refused(one, reason),
            (_, group) => {
                let (first, second) = group.split_at(group.len() / 2);
                todo.extend([second, first]);
            }
        }
    }
    held
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::base::text::Span;

    /// Of the numbers up to `count` those that hold, those refused, and how often was tried; `bad` fail.
    fn held(count: u32, bad: &[u32]) -> (Vec<u32>, Vec<u32>, usize) {
        let parts: Vec<u32> = (0..count).collect();
        let (tries, mut refused) = (Cell::new(0), Vec::new());
        let attempt = |tried: &[&u32]| {
            tries.set(tries.get() + 1);
            if tried.iter().any(|one| bad.contains(one)) { Err("bad") } else { Ok(()) }
        };
        let held = holding(&parts, attempt, |one, _| refused.push(*one));
        (held.into_iter().copied().collect(), refused, tries.get())
    }

    #[test]
    fn what_fails_is_found_among_many_in_few_tries() {
        let (held_parts, refused, tries) = held(64, &[41]);
        assert_eq!((held_parts.len(), refused), (63, vec![41]));
        assert!(tries <= 12, "{tries}");
        assert_eq!(held(4, &[0, 3]), (vec![1, 2], vec![0, 3], 6));
    }

    #[test]
    fn one_that_fails_leaves_nothing() {
        assert_eq!(held(1, &[0]), (vec![], vec![0], 1));
        assert_eq!(held(2, &[0, 1]).0, [0; 0]);
    }

    #[test]
    fn two_that_only_fail_together_do_not_both_stay() {
        let (parts, mut refused) = ([1, 2, 3], Vec::new());
        let attempt =
            |tried: &[&i32]| if tried.contains(&&1) && tried.contains(&&3) { Err(()) } else { Ok(()) };
        assert_eq!(holding(&parts, attempt, |one, ()| refused.push(*one)), [&1, &2]);
        assert_eq!(refused, [3]);
    }

    #[test]
    fn order_is_no_difference_and_number_is() {
        assert!(are_same([2, 1, 1].into_iter(), [1, 2, 1].into_iter()));
        assert!(!are_same([1, 1].into_iter(), [1].into_iter()));
        assert!(!are_same([1].into_iter(), [2].into_iter()));
    }

    #[test]
    fn a_text_is_judged_with_its_edits() {
        let seen = Cell::new(false);
        let judge = |text: &[u8]| {
            seen.set(text == b"a+b");
            AnalyzedFile { refused: vec![], ..AnalyzedFile::default() }
        };
        let (plus, minus) = ([Edit::insert(1, "+")], [Edit { span: Span::new(0, 2), text: "-".to_owned() }]);
        let attempt = Attempt::new(b"ab", &[&plus, &minus], &judge);
        assert!(seen.get());
        assert_eq!(attempt.text, b"a+b");
        assert_eq!(attempt.outcomes, [FixOutcome::Applied, FixOutcome::Conflict]);
    }
}
