//! The lexical layer of the outline: gaps, tokens, balanced brackets. Every step moves on or says that the
//! text ended.

use std::ops::Range;

use memchr::{memchr, memmem};

use crate::base::text::{Span, narrow};

/// White space and comments between two tokens.
pub(crate) struct Gap {
    /// Whether a line ends in it, also within a comment: that is where Go puts a semicolon.
    pub newline: bool,
    /// Where the comments begin that stand directly above the next token, without a blank line between.
    pub doc: Option<usize>,
}

/// A position in a text, moved on token by token.
pub(crate) struct Scanner<'a> {
    text: &'a [u8],
    /// The next byte to look at.
    pub at: usize,
    /// One past the last token.
    pub end: usize,
    /// Whether the end of a line after the last token ends the statement.
    terminates: bool,
    /// False once something was unterminated or unbalanced.
    pub exact: bool,
}

/// The bytes at which a search for the closing bracket has to stop.
type Stops = [bool; 256];

const fn stops(open: u8, close: u8) -> Stops {
    let mut table = [false; 256];
    let bytes = [open, close, b'"', b'\'', b'`', b'/'];
    let mut at = 0;
    while at < bytes.len() {
        table[bytes[at] as usize] = true;
        at += 1;
    }
    table
}

static BRACES: Stops = stops(b'{', b'}');
static PARENTHESES: Stops = stops(b'(', b')');
static SQUARES: Stops = stops(b'[', b']');

/// Shows every string, rune and comment of `text` in order; false when one does not end.
fn each_opaque(text: &[u8], look: &mut dyn FnMut(Span)) -> bool {
    let mut scanner = Scanner::new(text);
    let mut at = 0;
    while let Some(step) = text[at..].iter().position(|byte| matches!(byte, b'"' | b'\'' | b'`' | b'/')) {
        let start = at + step;
        let end = match text[start] {
            b'"' | b'\'' => Some(scanner.quoted(start)),
            b'`' => Some(scanner.raw(start)),
            _ => scanner.comment(start),
        };
        if let Some(end) = end {
            look(Span::new(narrow(start), narrow(end)));
        }
        at = end.unwrap_or(start + 1);
    }
    scanner.exact
}

/// The line comments of `text` in order, each from its `//` to the end of the line, without the newline.
pub fn line_comments(text: &[u8]) -> Vec<Span> {
    let mut comments = Vec::new();
    each_opaque(text, &mut |span| {
        if text[span.range()].starts_with(b"//") {
            comments.push(span);
        }
    });
    comments
}

/// The text with blanks for all comments and for what stands in strings and runes, so that a word in it is
/// one of the program; lines and offsets stay. `None` where a string or a comment does not end.
pub fn without_opaque(text: &[u8]) -> Option<Vec<u8>> {
    let mut blank = text.to_vec();
    let exact = each_opaque(text, &mut |span| {
        let comment = text[span.start as usize] == b'/';
        let inner = if comment { span.range() } else { span.start as usize + 1..span.end as usize - 1 };
        for byte in blank.get_mut(inner).into_iter().flatten().filter(|byte| **byte != b'\n') {
            *byte = b' ';
        }
    });
    exact.then_some(blank)
}

impl<'a> Scanner<'a> {
    /// A scanner at the start of `text`, behind its byte order mark.
    pub fn new(text: &'a [u8]) -> Scanner<'a> {
        let at = if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        Scanner { text, at, end: 0, terminates: false, exact: true }
    }

    /// The next byte; `None` at the end.
    pub fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// The identifier or keyword that begins here; empty when something else does.
    pub fn word(&self) -> &'a [u8] {
        match self.peek() {
            Some(byte) if is_word(byte) && !byte.is_ascii_digit() => {
                &self.text[self.at..self.run(self.at, is_word)]
            }
            _ => b"",
        }
    }

    /// Passes over white space and comments.
    pub fn gap(&mut self) -> Gap {
        let at_start = self.end == 0;
        let (mut newline, mut doc, mut newlines_since) = (false, None, 0);
        while let Some(byte) = self.peek() {
            match byte {
                b'\n' => {
                    newline = true;
                    newlines_since += 1;
                    self.at += 1;
                }
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'/' => {
                    let start = self.at;
                    let Some(end) = self.comment(start) else { break };
                    // A comment behind a token on its line belongs to that token.
                    if doc.is_none() || newlines_since > 1 {
                        doc = (newline || at_start).then_some(start);
                    }
                    newlines_since = 0;
                    newline |=
                        self.text[start + 1] == b'*' && memchr(b'\n', &self.text[start..end]).is_some();
                    self.at = end;
                }
                _ => break,
            }
        }
        Gap { newline, doc: doc.filter(|_| newlines_since <= 1) }
    }

    /// Passes over one token; an opening bracket counts with all that it encloses. Not to be called in a gap
    /// or at the end.
    pub fn token(&mut self) {
        let start = self.at;
        let Some(byte) = self.peek() else { return };
        self.terminates = true;
        self.at = match byte {
            b'"' | b'\'' => self.quoted(start),
            b'`' => self.raw(start),
            b'(' => self.balanced(start, b')', &PARENTHESES),
            b'[' => self.balanced(start, b']', &SQUARES),
            b'{' => self.balanced(start, b'}', &BRACES),
            b')' | b']' | b'}' => {
                self.exact = false;
                start + 1
            }
            b'0'..=b'9' => self.run(start, |byte| is_word(byte) || byte == b'.'),
            byte if is_word(byte) => {
                let end = self.run(start, is_word);
                self.terminates = !goes_on(&self.text[start..end]);
                end
            }
            _ => {
                self.terminates = false;
                start + 1
            }
        };
        self.end = self.at;
    }

    /// Passes over a single byte: the bracket that opens or closes a list whose parts matter.
    pub fn bracket(&mut self) {
        self.at += 1;
        self.end = self.at;
        self.terminates = true;
    }

    /// Passes over the rest of a declaration, or of one part of a group, up to what ends it: a `;`, a `)` of
    /// the group, or the end of a line where Go puts a semicolon. These are left to be read.
    pub fn rest(&mut self, grouped: bool) {
        loop {
            let before = self.at;
            let gap = self.gap();
            let over = match self.peek() {
                None | Some(b';') => true,
                Some(b')') if grouped => true,
                _ => gap.newline && self.terminates,
            };
            if over || self.begins_declaration(gap.newline) {
                self.at = before;
                return;
            }
            self.token();
        }
    }

    /// The next name if one follows in the same statement.
    pub fn name(&mut self) -> Option<&'a [u8]> {
        let before = self.at;
        let gap = self.gap();
        let word = self.word();
        if word.is_empty() || goes_on(word) || (gap.newline && self.terminates) {
            self.at = before;
            return None;
        }
        self.token();
        Some(word)
    }

    /// Passes over `byte` if it follows in the same statement, and says whether it did.
    pub fn accept(&mut self, byte: u8) -> bool {
        let before = self.at;
        let gap = self.gap();
        if self.peek() != Some(byte) || (gap.newline && self.terminates) {
            self.at = before;
            return false;
        }
        self.token();
        true
    }

    /// Whether a declaration begins in the midst of another one: then that one is damaged.
    fn begins_declaration(&mut self, on_new_line: bool) -> bool {
        let begins = match self.word() {
            b"type" | b"var" | b"const" | b"import" | b"package" => true,
            b"func" if on_new_line && self.at_line_start() => true,
            // In an expression or a type a parenthesis follows.
            b"func" => self.text[self.at + 4..]
                .iter()
                .find(|byte| !b" \t\r\n".contains(byte))
                .is_some_and(|&byte| is_word(byte)),
            _ => false,
        };
        self.exact &= !begins;
        begins
    }

    fn at_line_start(&self) -> bool {
        self.at == 0 || self.text[self.at - 1] == b'\n'
    }

    fn run(&self, start: usize, belongs: impl Fn(u8) -> bool) -> usize {
        self.text[start..]
            .iter()
            .position(|&byte| !belongs(byte))
            .map_or(self.text.len(), |length| start + length)
    }

    /// One past the bracket that closes the one at `start`. Only brackets of its own kind are counted: in
    /// sound text the others balance within, and in damaged text the damage stays in one declaration.
    fn balanced(&mut self, start: usize, close: u8, stops: &Stops) -> usize {
        let mut depth = 0_usize;
        let mut at = start;
        while let Some(step) = self.text[at..].iter().position(|&byte| stops[byte as usize]) {
            at += step;
            at = match self.text[at] {
                b'"' | b'\'' => self.quoted(at),
                b'`' => self.raw(at),
                b'/' => self.comment(at).unwrap_or(at + 1),
                byte if byte == close => {
                    depth -= 1;
                    if depth == 0 {
                        return at + 1;
                    }
                    at + 1
                }
                _ => {
                    depth += 1;
                    at + 1
                }
            };
        }
        self.exact = false;
        self.text.len()
    }

    /// One past the string or rune at `start`. It ends at its line's end at the latest.
    fn quoted(&mut self, start: usize) -> usize {
        let quote = self.text[start];
        let mut at = start + 1;
        while let Some(&byte) = self.text.get(at) {
            match byte {
                b'\n' => break,
                b'\\' if self.text.get(at + 1) != Some(&b'\n') => at += 2,
                byte if byte == quote => return at + 1,
                _ => at += 1,
            }
        }
        self.exact = false;
        at.min(self.text.len())
    }

    fn raw(&mut self, start: usize) -> usize {
        let end = memchr(b'`', &self.text[start + 1..]).map(|length| start + length + 2);
        self.exact &= end.is_some();
        end.unwrap_or(self.text.len())
    }

    /// One past the comment at `start`, without the newline that ends a line comment; `None` when the `/`
    /// there begins none.
    fn comment(&mut self, start: usize) -> Option<usize> {
        let inner = self.text.get(start + 2..)?;
        let length = match self.text[start + 1] {
            b'/' => memchr(b'\n', inner).unwrap_or(inner.len()),
            b'*' => {
                let end = memmem::find(inner, b"*/").map(|at| at + 2);
                self.exact &= end.is_some();
                end.unwrap_or(inner.len())
            }
            _ => return None,
        };
        Some(start + 2 + length)
    }
}

/// Whether a byte can be part of a name.
pub fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Whether `word` stands in `text` as a word of its own, be it in a comment.
pub fn has_word(text: &[u8], word: &str) -> bool {
    memmem::find_iter(text, word).any(|at| {
        let (before, after) = (text[..at].last(), text.get(at + word.len()));
        !before.copied().is_some_and(is_word) && !after.copied().is_some_and(is_word)
    })
}

/// Every name that a bracket follows, with the place of both; blanks may stand between.
pub fn called(text: &[u8]) -> impl Iterator<Item = (&str, Range<usize>)> {
    memchr::memchr2_iter(b'(', b'[', text).filter_map(move |at| {
        let before = &text[..at];
        let end = before.iter().rposition(|byte| !matches!(byte, b' ' | b'\t'))? + 1;
        let start = before[..end].iter().rposition(|byte| !is_word(*byte)).map_or(0, |before| before + 1);
        let name = std::str::from_utf8(&before[start..end]).ok().filter(|name| !name.is_empty())?;
        Some((name, start..at + 1))
    })
}

/// The name of the type of every composite literal that says it: what stands before a `{`, or before the type
/// arguments there, with whatever else does.
pub fn composites(text: &[u8]) -> impl Iterator<Item = &str> {
    memchr::memchr_iter(b'{', text).filter_map(|at| {
        let mut depth = 0_usize;
        let argument = |byte: &&u8| {
            depth += usize::from(**byte == b']');
            let inside = depth > 0;
            depth -= usize::from(**byte == b'[' && inside);
            inside && !matches!(**byte, b'\n' | b'{' | b'}')
        };
        let at = at - text[..at].iter().rev().take_while(argument).count();
        let start = text[..at].iter().rposition(|byte| !is_word(*byte)).map_or(0, |before| before + 1);
        std::str::from_utf8(&text[start..at]).ok().filter(|name| !name.is_empty())
    })
}

/// Where the results begin in the head of a function or method: behind its parameters.
pub fn result_start(head: &[u8]) -> Option<usize> {
    let mut scanner = Scanner::new(head);
    let mut named = false;
    loop {
        scanner.gap();
        let parameters = named && scanner.peek()? == b'(';
        named |= !matches!(scanner.word(), b"" | b"func");
        scanner.peek()?;
        scanner.token();
        if parameters {
            return Some(scanner.at);
        }
    }
}

/// Where the body's `{` stands in the text of a function; `None` when there is none in `text`, which may be
/// cut off.
pub fn body_start(text: &[u8]) -> Option<usize> {
    let mut scanner = Scanner::new(text);
    let mut last: &[u8] = b"";
    loop {
        scanner.gap();
        match scanner.peek()? {
            b'{' if !matches!(last, b"struct" | b"interface") => return Some(scanner.at),
            _ => last = scanner.word(),
        }
        scanner.token();
    }
}

/// Go's keywords.
pub const KEYWORDS: [&str; 25] = [
    "break",
    "case",
    "chan",
    "const",
    "continue",
    "default",
    "defer",
    "else",
    "fallthrough",
    "for",
    "func",
    "go",
    "goto",
    "if",
    "import",
    "interface",
    "map",
    "package",
    "range",
    "return",
    "select",
    "struct",
    "switch",
    "type",
    "var",
];

/// Whether `word` is a keyword, and none after which a line's end ends the statement.
fn goes_on(word: &[u8]) -> bool {
    let ends = matches!(word, b"break" | b"continue" | b"fallthrough" | b"return");
    !ends && KEYWORDS.iter().any(|keyword| keyword.as_bytes() == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_program_text_is_blanked() {
        let blank = |text: &str| without_opaque(text.as_bytes()).map(|text| String::from_utf8(text).unwrap());
        for (text, expected) in [
            ("a := \"b \\\" // c\" + d // e\nf", "a := \"         \" + d     \nf"),
            ("a('\"', `b\n\"c`) /* d\n*/ e", "a(' ', ` \n  `)     \n   e"),
            ("a / b", "a / b"),
            ("a := \"\"", "a := \"\""),
        ] {
            assert_eq!(blank(text).as_deref(), Some(expected), "{text}");
        }
        for open in ["a := \"b\n", "a := `b", "a /* b", "a := \"b\\"] {
            assert_eq!(blank(open), None, "{open}");
        }
    }

    #[test]
    fn results_stand_behind_the_parameters() {
        for (head, expected) in [
            ("func f(a *T) (*U, error) ", " (*U, error) "),
            ("func (t *T) f(a func(b V) W) <-chan U ", " <-chan U "),
            ("func f[T interface{ m() }](\n\ta T, // a ) of its\n) *U[T] ", " *U[T] "),
            ("func f()", ""),
        ] {
            assert_eq!(result_start(head.as_bytes()).map(|start| &head[start..]), Some(expected), "{head}");
        }
        assert_eq!(result_start(b"func f"), None);
    }

    #[test]
    fn a_literal_says_its_type() {
        let found: Vec<&str> = composites(b"a := &p.T{b: U[[2]X]{}, c: []V{{}}}; if d { e() }").collect();
        assert_eq!(found, ["T", "U", "V"]);
    }
}
