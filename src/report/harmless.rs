//! Text from a repository, made harmless before a terminal sees it.

use std::borrow::Cow;
use std::fmt::Write;

/// `text` with control characters, and such as turn the direction of writing or are not to be seen, written
/// as `\u{…}`. Tabs become four spaces, so that columns can be marked below them.
pub fn harmless(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\t' => out.push_str("    "),
            c if is_harmful(c) => {
                let _ = write!(out, "\\u{{{:x}}}", c as u32);
            }
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// As [`harmless`], with what is not UTF-8 as `\u{fffd}`.
pub fn harmless_bytes(bytes: &[u8]) -> String {
    harmless(&String::from_utf8_lossy(bytes)).into_owned()
}

fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fffd}'
        )
        || matches!(c, '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_turned_text_cannot_pass() {
        assert_eq!(harmless("a\u{1b}[31mb\u{202e}c"), "a\\u{1b}[31mb\\u{202e}c");
        assert_eq!(harmless("\tgrüße 世界"), "    grüße 世界");
        assert!(matches!(harmless("plain"), Cow::Borrowed(_)));
        assert_eq!(harmless_bytes(b"\xffx\r"), "\\u{fffd}x\\u{d}");
    }
}
