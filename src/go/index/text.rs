//! Finding a package in the text of an index, which is sorted.

/// The lines of one package.
pub(crate) fn block_of(text: &'static str, path: &str) -> Option<&'static str> {
    let (start, end) = first_from(text, path)?;
    (path_of(&text[start..end]) == path).then_some(&text[start..end])
}

/// Where the lines of the first package stand that does not come before `path`.
pub(crate) fn first_from(text: &str, path: &str) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let line_start = |at: usize| memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |at| at + 1);
    let (mut low, mut high, mut found) = (0, text.len(), None);
    while low < high {
        let mut start = line_start(low + (high - low) / 2);
        while bytes[start] == b'\t' && start > low {
            start = line_start(start - 1);
        }
        let end = end_of(text, start);
        if path_of(&text[start..end]) < path {
            low = end;
        } else {
            (high, found) = (start, Some((start, end)));
        }
    }
    found
}

/// Where the lines of the package end that begin at `start`.
pub(crate) fn end_of(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let mut end = start;
    while end == start || bytes.get(end) == Some(&b'\t') {
        end = memchr::memchr(b'\n', &bytes[end..]).map_or(text.len(), |at| end + at + 1);
    }
    end
}

pub(crate) fn path_of(block: &str) -> &str {
    block.split('\t').next().unwrap_or_default()
}
