//! A file cut into top-level declarations by a small scanner that knows Go's strings, runes, comments and
//! brackets.
//!
//! Nothing is parsed here: an [`Item`] says where a declaration is and what it declares, so that only those
//! that matter are.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use memchr::{memchr, memrchr};

use crate::base::text::{Span, narrow};
use crate::go::syntax::scan::Scanner;

pub use crate::go::syntax::scan::{
    KEYWORDS, body_start, called, composites, has_word, is_word, line_comments, result_start, without_opaque,
};

/// What a file says at its top level.
#[derive(Debug, Default)]
pub struct Outline {
    /// The package clause's name; empty when there is none.
    pub package: Arc<str>,
    /// The imports in their order.
    pub imports: Vec<Import>,
    /// The declarations in their order, imports left out. Their spans do not overlap.
    pub items: Vec<Item>,
    /// False when the scanner could not make sure of the declarations' bounds (unbalanced brackets, an
    /// unterminated string): then `items` may be wrong and the whole file has to be parsed.
    pub exact: bool,
}

/// One import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The alias, `.` or `_` as written.
    pub name: Option<Arc<str>>,
    /// The path without its quotes.
    pub path: Arc<str>,
    /// The whole line that the import stands on, its line ending included.
    pub line_span: Span,
}

/// One top-level declaration; a `var (…)`, `const (…)` or `type (…)` group is one item with several names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What the keyword says.
    pub kind: ItemKind,
    /// The declared names in their order, `_` included; exactly one for functions and methods.
    pub names: Vec<Arc<str>>,
    /// From the keyword to the end of the last token, without the comments around it.
    pub span: Span,
    /// Where the doc comment begins that stands directly above; `span.start` when there is none.
    pub doc_start: u32,
}

/// What an item declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemKind {
    /// A function.
    Func,
    /// A method with its receiver's type name, without pointer and type parameters.
    Method {
        /// Empty when the receiver names no type.
        receiver: Arc<str>,
    },
    /// One type or a group of them.
    Type,
    /// One `var` or a group of them.
    Var,
    /// One `const` or a group of them.
    Const,
}

/// Cuts `text` into its declarations. Never fails: what cannot be made sure of sets [`Outline::exact`] to
/// false.
pub fn outline(text: &[u8]) -> Outline {
    if u32::try_from(text.len()).is_err() {
        return Outline::default();
    }
    Outliner::new(text).run(false)
}

/// The package name and the imports of `text`, as [`outline`] has them, without a look at what follows the
/// imports.
pub fn imports(text: &[u8]) -> (Arc<str>, Vec<Import>) {
    if u32::try_from(text.len()).is_err() {
        return Default::default();
    }
    let outline = Outliner::new(text).run(true);
    (outline.package, outline.imports)
}

/// The import path that a comment on the package clause says is the package's own:
/// `package x // import "example.com/x"`.
pub fn import_comment(text: &[u8]) -> Option<Arc<str>> {
    let mut scanner = Scanner::new(text);
    scanner.gap();
    if scanner.word() != b"package" {
        return None;
    }
    scanner.token();
    scanner.name()?;
    let line = text[scanner.end..].split(|&byte| byte == b'\n').next()?.trim_ascii();
    let comment = line.strip_prefix(b"//").or_else(|| line.strip_prefix(b"/*"))?.trim_ascii_start();
    let path = comment.strip_prefix(b"import")?.trim_ascii_start();
    let quote = *path.first().filter(|quote| matches!(quote, b'"' | b'`'))?;
    let end = memchr(quote, &path[1..])?;
    Some(shared(&path[1..=end]))
}

impl Outline {
    /// The item whose span holds the byte at `offset`; doc comments belong to no item.
    pub fn item_at(&self, offset: u32) -> Option<&Item> {
        let after = self.items.partition_point(|item| item.span.start <= offset);
        let item = &self.items[after.checked_sub(1)?];
        (offset < item.span.end).then_some(item)
    }
}

struct Outliner<'a> {
    text: &'a [u8],
    scanner: Scanner<'a>,
    outline: Outline,
}

impl<'a> Outliner<'a> {
    fn new(text: &'a [u8]) -> Outliner<'a> {
        Outliner { text, scanner: Scanner::new(text), outline: Outline::default() }
    }

    fn run(mut self, only_imports: bool) -> Outline {
        loop {
            let gap = self.scanner.gap();
            let Some(byte) = self.scanner.peek() else { break };
            let start = self.scanner.at;
            let word = self.scanner.word();
            if byte == b';' {
                self.scanner.token();
                continue;
            }
            if only_imports && !matches!(word, b"package" | b"import") {
                break;
            }
            self.scanner.token();
            let declared = match word {
                b"package" => self.package(),
                b"import" => self.import(),
                b"func" => self.function(),
                b"type" => Some((ItemKind::Type, self.names())),
                b"var" => Some((ItemKind::Var, self.names())),
                b"const" => Some((ItemKind::Const, self.names())),
                _ => self.stray(),
            };
            if let Some((kind, names)) = declared {
                let span = Span::new(narrow(start), narrow(self.scanner.end));
                self.outline.items.push(Item {
                    kind,
                    names,
                    span,
                    doc_start: narrow(gap.doc.unwrap_or(start)),
                });
            }
        }
        self.outline.exact = self.scanner.exact;
        self.outline
    }

    fn package(&mut self) -> Option<(ItemKind, Vec<Arc<str>>)> {
        let name = self.scanner.name().unwrap_or_default();
        if self.outline.package.is_empty() {
            self.outline.package = shared(name);
        }
        self.scanner.rest(false);
        None
    }

    /// What begins no declaration.
    fn stray(&mut self) -> Option<(ItemKind, Vec<Arc<str>>)> {
        self.scanner.exact = false;
        self.scanner.rest(false);
        None
    }

    fn function(&mut self) -> Option<(ItemKind, Vec<Arc<str>>)> {
        self.scanner.gap();
        let kind = match self.scanner.peek() {
            Some(b'(') => ItemKind::Method { receiver: self.receiver() },
            _ => ItemKind::Func,
        };
        // Below a receiver a line's end would end the statement, but not in a text that Go accepts.
        let name = self.scanner.name().map(shared);
        self.scanner.gap();
        // A text that ends here has lost at least the parameters.
        if name.is_none() || !matches!(self.scanner.peek(), Some(b'(' | b'[')) {
            self.scanner.exact = false;
        }
        self.scanner.rest(false);
        Some((kind, vec![name?]))
    }

    /// The last name in the receiver's parentheses that is not a type argument: `r *T[P]`, `T`, `r (*T)`.
    fn receiver(&mut self) -> Arc<str> {
        let mut name: &[u8] = b"";
        let mut depth = 0_usize;
        loop {
            self.scanner.gap();
            let word = self.scanner.word();
            match self.scanner.peek() {
                Some(b'(') => {
                    depth += 1;
                    self.scanner.bracket();
                }
                Some(b')') => {
                    depth -= 1;
                    self.scanner.bracket();
                    if depth == 0 {
                        return shared(name);
                    }
                }
                None => {
                    self.scanner.exact = false;
                    return shared(name);
                }
                Some(_) => self.scanner.token(),
            }
            if !word.is_empty() {
                name = word;
            }
        }
    }

    /// The names that one `type`, `var` or `const` declares, group or not; passes over all of it.
    fn names(&mut self) -> Vec<Arc<str>> {
        let mut names = Vec::new();
        self.parts(|this, grouped| {
            while let Some(name) = this.scanner.name() {
                names.push(shared(name));
                if !this.scanner.accept(b',') {
                    break;
                }
            }
            this.scanner.rest(grouped);
        });
        names
    }

    fn import(&mut self) -> Option<(ItemKind, Vec<Arc<str>>)> {
        self.parts(|this, grouped| {
            let start = this.scanner.at;
            let name = match this.scanner.name() {
                None if this.scanner.accept(b'.') => Some(".".into()),
                name => name.map(shared),
            };
            this.scanner.gap();
            let from = this.scanner.at;
            match this.scanner.peek() {
                Some(b'"' | b'`') => {
                    this.scanner.token();
                    let quoted = &this.text[from..this.scanner.end];
                    let path = shared(quoted.get(1..quoted.len() - 1).unwrap_or_default());
                    let line_span = this.lines(start, this.scanner.end);
                    this.outline.imports.push(Import { name, path, line_span });
                }
                _ => this.scanner.exact = false,
            }
            this.scanner.rest(grouped);
        });
        None
    }

    /// Calls `part` at the one part of a declaration, or at each part of a parenthesized group.
    fn parts(&mut self, mut part: impl FnMut(&mut Self, bool)) {
        self.scanner.gap();
        if self.scanner.peek() != Some(b'(') {
            return part(self, false);
        }
        self.scanner.bracket();
        loop {
            self.scanner.gap();
            let start = self.scanner.at;
            match self.scanner.peek() {
                Some(b';') => self.scanner.token(),
                Some(b')') => return self.scanner.bracket(),
                Some(_) => part(self, true),
                None => {}
            }
            // At the end, or where another declaration begins.
            if self.scanner.at == start {
                self.scanner.exact = false;
                return;
            }
        }
    }

    /// The whole lines around `[start, end)`.
    fn lines(&self, start: usize, end: usize) -> Span {
        let first = memrchr(b'\n', &self.text[..start]).map_or(0, |at| at + 1);
        let last = memchr(b'\n', &self.text[end..]).map_or(self.text.len(), |at| end + at + 1);
        Span::new(narrow(first), narrow(last))
    }
}

fn shared(word: &[u8]) -> Arc<str> {
    String::from_utf8_lossy(word).into()
}
