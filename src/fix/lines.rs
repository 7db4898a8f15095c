//! Where in a text whole lines can stand, indented and ended like their neighbours, apart from all other
//! code; and how one is taken out.

use crate::base::diagnostic::AnchorPlace;
use crate::base::edit::Edit;
use crate::base::text::{Span, line_ending_at, narrow};

/// A gap between two lines of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    pub at: u32,
    /// The indentation of a line that is put there.
    pub indent: String,
    /// Its line ending.
    pub ending: &'static str,
    /// The lines before and after end in comments, which gofmt aligns.
    pub between_comments: bool,
}

impl Gap {
    /// The gap at `place`; the error says why no whole line can stand there.
    pub fn at(text: &[u8], place: AnchorPlace) -> Result<Gap, &'static str> {
        let (from, indented_like) = match place {
            AnchorPlace::After(span) => (span.end as usize, span.start as usize),
            AnchorPlace::Start(span) => (span.start as usize + 1, span.start as usize),
            AnchorPlace::Before(statement) => return Gap::before(text, statement),
        };
        let rest_end =
            memchr::memchr(b'\n', &text[from..]).map(|at| from + at).ok_or("there is no line after it")?;
        let rest = &text[from..rest_end];
        if !is_blank_or_comment(rest) {
            return Err("other code stands on the same line");
        }
        let start = line_start(text, indented_like);
        let indent = leading_blanks(&text[start..]);
        let mut indent = String::from_utf8_lossy(indent).into_owned();
        match place {
            AnchorPlace::After(_) if start + indent.len() != indented_like => {
                return Err("other code stands before it on its line");
            }
            AnchorPlace::Start(_) => indent.push('\t'),
            AnchorPlace::After(_) | AnchorPlace::Before(_) => {}
        }
        let at = rest_end + 1;
        let next = line_at(text, at);
        let between_comments =
            has_comment(rest) && !next.trim_ascii_start().starts_with(b"//") && has_comment(next);
        Ok(Gap { at: narrow(at), indent, ending: line_ending_at(text, rest_end), between_comments })
    }

    /// The gap before `statement`, which must be the first on its line.
    pub fn before(text: &[u8], statement: Span) -> Result<Gap, &'static str> {
        let at = statement.start as usize;
        let start = line_start(text, at);
        let indent = &text[start..at];
        if indent.iter().any(|byte| !matches!(byte, b' ' | b'\t')) {
            return Err("other code stands before it on its line");
        }
        let line_end = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |end| at + end);
        let indent = String::from_utf8_lossy(indent).into_owned();
        Ok(Gap { at: narrow(start), indent, ending: line_ending_at(text, line_end), between_comments: false })
    }

    /// The edit that puts `lines` there.
    pub fn insert(&self, lines: &[String]) -> Edit {
        Edit::insert(
            self.at,
            lines.iter().map(|line| format!("{}{line}{}", self.indent, self.ending)).collect::<String>(),
        )
    }
}

/// Takes a statement out with its line, and with the blank line before it where a closing brace or another
/// blank line follows, as gofmt has neither. The error says why it cannot go by itself.
pub fn remove(text: &[u8], statement: Span) -> Result<Edit, &'static str> {
    let start = line_start(text, statement.start as usize);
    let end =
        memchr::memchr(b'\n', &text[statement.end as usize..]).map(|at| statement.end as usize + at + 1);
    let end = end.ok_or("there is no line after the release that is there")?;
    let alone = text[start..statement.start as usize].trim_ascii().is_empty();
    if !alone || !text[statement.end as usize..end].trim_ascii().is_empty() {
        return Err("other code or a comment stands beside the release that is there");
    }
    let above = line_start(text, start.saturating_sub(1));
    let is_blank = |line: &[u8]| line.trim_ascii().is_empty();
    let closes = || text[end..].trim_ascii_start().starts_with(b"}");
    let blank = is_blank(&text[above..start]) && (closes() || is_blank(line_at(text, end)));
    Ok(Edit { span: Span::new(narrow(if blank { above } else { start }), narrow(end)), text: String::new() })
}

/// The line that begins at `at`, without its newline.
pub fn line_at(text: &[u8], at: usize) -> &[u8] {
    &text[at..memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |end| at + end)]
}

/// Whether a line that holds the byte at `at` ends with a comment, and so does the one before or after it:
/// gofmt aligns such comments.
pub fn is_between_comments(text: &[u8], at: usize) -> bool {
    let start = line_start(text, at);
    let ends_with_comment = |line: &[u8]| {
        let code = line.trim_ascii_start();
        has_comment(code) && !code.starts_with(b"//")
    };
    let end = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |end| at + end);
    let before = start.checked_sub(1).map_or(&text[..0], |end| &text[line_start(text, end)..end]);
    let after = line_at(text, (end + 1).min(text.len()));
    ends_with_comment(&text[start..end]) && (ends_with_comment(before) || ends_with_comment(after))
}

/// Where the line that holds the byte at `at` begins.
pub fn line_start(text: &[u8], at: usize) -> usize {
    memchr::memrchr(b'\n', &text[..at]).map_or(0, |newline| newline + 1)
}

fn leading_blanks(line: &[u8]) -> &[u8] {
    let len = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    &line[..len]
}

/// Whether the rest of a line is nothing, a line comment, or block comments that end on it.
fn is_blank_or_comment(mut rest: &[u8]) -> bool {
    loop {
        rest = rest.trim_ascii();
        if rest.is_empty() || rest.starts_with(b"//") {
            return true;
        }
        match rest
            .strip_prefix(b"/*")
            .and_then(|inner| memchr::memmem::find(inner, b"*/").map(|end| &inner[end + 2..]))
        {
            Some(after) => rest = after,
            None => return false,
        }
    }
}

/// Whether a comment may stand on the line; true also where a string looks like one.
fn has_comment(line: &[u8]) -> bool {
    memchr::memmem::find(line, b"//").is_some() || memchr::memmem::find(line, b"/*").is_some()
}

/// Why whole lines in this gap are no safe edit.
pub const REALIGNS: &str = "gofmt would align the comments around it anew";

/// The reason, where it holds of this gap.
pub fn realigns(gap: &Gap) -> Option<String> {
    gap.between_comments.then(|| REALIGNS.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Inserts `defer c.Close()` after the statement between `«` and `»`.
    fn after(marked: &str) -> Result<String, &'static str> {
        let start = marked.find('«').unwrap();
        let end = marked.find('»').unwrap() - '«'.len_utf8();
        let text = marked.replace(['«', '»'], "");
        let gap = Gap::at(text.as_bytes(), AnchorPlace::After(Span::new(narrow(start), narrow(end))))?;
        let mut out = text.clone();
        out.insert_str(gap.at as usize, &gap.insert(&["defer c.Close()".to_owned()]).text);
        Ok(if gap.between_comments { format!("aligned: {out}") } else { out })
    }

    #[test]
    fn a_line_is_indented_and_ended_like_its_neighbour() {
        assert_eq!(after("\t«if x {\n\t}»\n\ty\n").unwrap(), "\tif x {\n\t}\n\tdefer c.Close()\n\ty\n");
        assert_eq!(after("\t\t«x»\r\n").unwrap(), "\t\tx\r\n\t\tdefer c.Close()\r\n");
        assert_eq!(after("  «x» // why\n").unwrap(), "  x // why\n  defer c.Close()\n");
        assert_eq!(after("\t«x» /* a */ // b\n\ty\n").unwrap(), "\tx /* a */ // b\n\tdefer c.Close()\n\ty\n");
    }

    #[test]
    fn a_line_with_other_code_takes_none() {
        assert!(after("func f() { «x» }\n").is_err());
        assert!(after("\t«x»; y\n").is_err());
        assert!(after("\ty; «x»\n").is_err());
        assert!(after("\t«x» /* a\n*/ y\n").is_err());
        assert!(after("\t«x»").is_err());
    }

    #[test]
    fn aligned_comments_are_seen() {
        assert!(after("\t«x» // a\n\tyy // b\n").unwrap().starts_with("aligned"));
        assert!(!after("\t«x» // a\n\t// b\n").unwrap().starts_with("aligned"));
    }
}
