//! A fix as a hunk that a person edits, and the edits that come back.

use std::io;

use crate::base::edit::Edit;
use crate::base::text::{Span, line_ending_at, narrow};
use crate::report;

const NOTES: &str = "\
# To leave a '-' line as it was, make it a ' ' line. To leave out a '+' line, delete it.
# Lines that begin with # are taken out. With no '+' and no '-' line left, the fix is not applied.
";

/// The hunks from `before` to `after` with a word of help.
pub fn for_editor(before: &[u8], after: &[u8]) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    report::hunks(&mut text, before, after)?;
    text.extend_from_slice(NOTES.as_bytes());
    Ok(text)
}

/// The edits on `before` that hunks ask for; the error says which line does not fit.
pub fn read(before: &[u8], hunks: &[u8]) -> Result<Vec<Edit>, String> {
    let lines: Vec<&[u8]> = before.split_inclusive(|byte| *byte == b'\n').collect();
    let starts: Vec<u32> = lines
        .iter()
        .scan(0, |at, line| {
            let start = *at;
            *at += narrow(line.len());
            Some(start)
        })
        .chain([narrow(before.len())])
        .collect();
    let ending = line_ending_at(before, starts.get(1).map_or(0, |end| end.saturating_sub(1) as usize));
    let mut edits: Vec<Edit> = Vec::new();
    let mut at: Option<usize> = None;
    for line in hunks.split(|byte| *byte == b'\n') {
        let shown = || String::from_utf8_lossy(line).into_owned();
        let content = line.get(1..).unwrap_or_default();
        match line.first() {
            Some(b'#' | b'\\') | None => {}
            Some(b'@') => at = Some(first_line(line).ok_or_else(shown)?),
            Some(b'+') => {
                let start = *starts.get(at.ok_or_else(shown)?).ok_or_else(shown)?;
                let content = std::str::from_utf8(content).map_err(|_| shown())?.trim_end_matches('\r');
                edits.push(Edit::insert(start, format!("{content}{ending}")));
            }
            Some(sign @ (b' ' | b'-')) => {
                let number = at.ok_or_else(shown)?;
                let original = lines.get(number).ok_or_else(shown)?;
                if original.trim_ascii_end() != content.trim_ascii_end() {
                    return Err(shown());
                }
                if *sign == b'-' {
                    edits.push(Edit {
                        span: Span::new(starts[number], starts[number + 1]),
                        text: String::new(),
                    });
                }
                at = Some(number + 1);
            }
            // Editors take the blank off an empty context line.
            Some(b'\r') => at = at.map(|number| number + 1),
            Some(_) => return Err(shown()),
        }
    }
    Ok(edits)
}

/// The index of the first old line of `@@ -12,6 +12,7 @@`.
fn first_line(header: &[u8]) -> Option<usize> {
    let header = std::str::from_utf8(header).ok()?;
    let old = header.strip_prefix("@@ -")?.split([',', ' ']).next()?;
    old.parse::<usize>().ok()?.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::edit;

    fn back(before: &str, hunks: &str) -> Result<String, String> {
        let edits = read(before.as_bytes(), hunks.as_bytes())?;
        Ok(String::from_utf8(edit::apply(before.as_bytes(), &[&edits]).text).unwrap())
    }

    #[test]
    fn an_untouched_hunk_is_the_fix() {
        for (before, after) in
            [("a\n\nb\nc\n", "a\n\nx\nb\nc\n"), ("a\r\nb\r\n", "a\r\nx\r\nb\r\n"), ("a\nb\n", "a\nB\nc\n")]
        {
            let hunks = String::from_utf8(for_editor(before.as_bytes(), after.as_bytes()).unwrap()).unwrap();
            assert_eq!(back(before, &hunks).unwrap(), after);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(back("a\nb\n", "@@ -1,2 +1,3 @@\n a\n x\n+y\n").is_err());
        assert!(back("a\nb\n", " a\n+y\n").is_err());
        assert!(back("a\nb\n", "@@ -9,2 +1,3 @@\n a\n").is_err());
        assert_eq!(back("a\nb\n", "# nothing\n").unwrap(), "a\nb\n");
    }
}
