//! What lines two texts differ in. Lines end at `\n` and at nothing else, as git sees it.

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// How many lines were added and removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LineCounts {
    /// Lines that only the new text has.
    pub added: usize,
    /// Lines that only the old text has.
    pub removed: usize,
}

/// Counts the lines that `before` and `after` differ in.
pub fn count_lines(before: &[u8], after: &[u8]) -> LineCounts {
    let mut counts = LineCounts::default();
    for op in ops(&split(before), &split(after)) {
        let (_, old, new) = op.as_tag_tuple();
        if !matches!(op, DiffOp::Equal { .. }) {
            counts.removed += old.len();
            counts.added += new.len();
        }
    }
    counts
}

/// The lines of `text`, each with its `\n`; the last one may have none.
pub(super) fn split(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}

/// What makes the new lines of the old ones.
pub(super) fn ops(before: &[&[u8]], after: &[&[u8]]) -> Vec<DiffOp> {
    capture_diff_slices(Algorithm::Myers, before, after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_at_newlines_only() {
        assert_eq!(split(b"a\rb\r\nc"), [&b"a\rb\r\n"[..], b"c"]);
        assert!(split(b"").is_empty());
        assert_eq!(count_lines(b"a\nb\n", b"a\nx\ny\nb\n"), LineCounts { added: 2, removed: 0 });
        assert_eq!(count_lines(b"a", b"a\n"), LineCounts { added: 1, removed: 1 });
    }
}
