//! Offsets, spans and lines of a text that may have any line ending. Knows bytes only, not Go.

use std::ops::Range;

/// A half-open range of bytes `[start, end)` in one file. Files are limited to 4 GiB (and in practice far
/// below).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The span `[start, end)`; panics in debug builds when `start > end`.
    pub fn new(start: u32, end: u32) -> Span {
        debug_assert!(start <= end);
        Span { start, end }
    }

    /// Whether `other` lies within this span (equal spans do).
    pub fn contains(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// This span moved `by` bytes towards the end of the file.
    pub fn shifted(self, by: u32) -> Span {
        Span { start: self.start + by, end: self.end + by }
    }

    /// The span as a slice index.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// An offset in a text, or a count of what is in one, in 32 bits: no text above a GiB is read, and what comes
/// out for a larger one lies outside of every text rather than somewhere in it.
pub fn narrow(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The starts of all lines of a text, so that an offset can be told as line and column. Lines end at `\n`.
#[derive(Debug, Clone)]
pub struct LineIndex {
    starts: Vec<u32>,
    len: u32,
}

impl LineIndex {
    /// Indexes `text`. A final line without newline counts; an empty text has one empty line.
    pub fn new(text: &[u8]) -> LineIndex {
        let mut starts = vec![0];
        starts.extend(memchr::memchr_iter(b'\n', text).map(|at| narrow(at) + 1));
        LineIndex { starts, len: narrow(text.len()) }
    }

    /// Line of `offset`, counted from 1. Offsets past the end are on the last line.
    pub fn line(&self, offset: u32) -> u32 {
        narrow(self.starts.partition_point(|&start| start <= offset))
    }

    /// Line and column of `offset`, both counted from 1, the column in bytes as Go's own tools do.
    pub fn line_column(&self, offset: u32) -> (u32, u32) {
        let line = self.line(offset);
        (line, offset - self.starts[line as usize - 1] + 1)
    }

    /// The bytes of `line` (from 1) including its line ending, as a span; `None` when there is no such line.
    pub fn line_span(&self, line: u32) -> Option<Span> {
        let start = *self.starts.get((line as usize).checked_sub(1)?)?;
        let end = self.starts.get(line as usize).copied().unwrap_or(self.len);
        Some(Span { start, end })
    }
}

/// The line ending that a file uses where `offset` is: `\r\n` if the line around it ends so, else `\n`.
pub fn line_ending_at(text: &[u8], offset: usize) -> &'static str {
    let from = offset.min(text.len());
    let before = memchr::memrchr(b'\n', &text[..from]);
    let end = memchr::memchr(b'\n', &text[from..]).map(|at| from + at).or(before);
    match end {
        Some(at) if at > 0 && text[at - 1] == b'\r' => "\r\n",
        _ => "\n",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_become_lines_and_columns() {
        let index = LineIndex::new(b"ab\ncd\r\n\nx");
        assert_eq!(index.line_column(0), (1, 1));
        assert_eq!(index.line_column(2), (1, 3));
        assert_eq!(index.line_column(3), (2, 1));
        assert_eq!(index.line_column(7), (3, 1));
        assert_eq!(index.line_column(8), (4, 1));
        assert_eq!(index.line_column(99).0, 4);
        assert_eq!(index.line_span(2), Some(Span { start: 3, end: 7 }));
        assert_eq!(index.line_span(4), Some(Span { start: 8, end: 9 }));
        assert_eq!(index.line_span(5), None);
    }

    #[test]
    fn the_line_ending_is_the_one_around_the_offset() {
        assert_eq!(line_ending_at(b"a\r\nb\n", 0), "\r\n");
        assert_eq!(line_ending_at(b"a\r\nb\n", 3), "\n");
        assert_eq!(line_ending_at(b"a\r\nb", 3), "\r\n");
        assert_eq!(line_ending_at(b"", 0), "\n");
    }
}
