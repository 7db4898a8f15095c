//! Text as XML 1.0 takes it.

use std::fmt::Write;

use super::harmless::harmless;

/// `text` for an element or an attribute in quotes. What XML has no character for is written as `\u{…}`.
pub(super) fn xml(text: &str) -> String {
    let text = harmless(text);
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(out, "\\u{{{:x}}}", c as u32);
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_what_it_stands_in() {
        assert_eq!(
            xml("]]><a b=\"c\">'&\u{0}\u{ffff}\n"),
            "]]&gt;&lt;a b=&quot;c&quot;&gt;&apos;&amp;\\u{0}\\u{ffff}\\u{a}"
        );
    }
}
