//! One declaration's text -> a tree-sitter tree, with the mask for syntax that the grammar does not know yet.
//!
//! Offsets in the tree count from the start of the declaration; [`Parsed::base`] shifts them back to the
//! file.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::sync::Arc;

use tree_sitter::{ParseOptions, ParseState, Parser, Tree};

use crate::base::text::{Span, narrow};
use crate::go::syntax::outline::{Item, ItemKind, is_word};

/// A declaration above this size is not parsed: its syntax takes up to two hundred times its bytes.
pub const MAX_DECLARATION_BYTES: usize = 1 << 20;

/// A file above this size is not parsed for what its outline could not cut up.
const MAX_PARSED_FILE_BYTES: usize = 4 << 20;

/// Deeper nesting than this is refused: everything that walks syntax may then recurse.
pub const MAX_DEPTH: u32 = 250;

/// A parsed declaration.
pub struct Parsed {
    /// The tree; its offsets count from `base`.
    pub tree: Tree,
    /// The declaration's own text and a newline; what the parser was shown may differ from it, but not in
    /// length.
    pub text: Vec<u8>,
    /// Where the declaration starts in its file.
    pub base: u32,
}

/// Why a declaration was not made into syntax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the syntax is damaged or newer than the grammar")]
    Damaged,
    #[error("it gives `nil`, `true` or `false` another meaning")]
    Predeclared,
    #[error("it nests deeper than {} levels", MAX_DEPTH)]
    TooDeep,
    #[error("it is longer than {} MiB", MAX_DECLARATION_BYTES >> 20)]
    TooLong,
}

thread_local! {
    static PARSER: RefCell<Parser> = RefCell::new({
        let mut parser = Parser::new();
        parser.set_language(&tree_sitter_go::LANGUAGE.into()).expect("the grammar fits the library");
        parser
    });
}

/// How many steps of the parser's progress callback one declaration may take; it is called every hundred or
/// so operations, and error recovery in hostile text can take far more of them than bytes.
const MAX_STEPS_PER_BYTE: usize = 4;

/// Parses the declaration at `span` of `file`.
///
/// # Errors
/// When the text has syntax errors that the mask does not clear, or a limit is reached.
pub fn parse(file: &[u8], span: Span) -> Result<Parsed, Refusal> {
    let text = &file[span.range()];
    if text.len() > MAX_DECLARATION_BYTES {
        return Err(Refusal::TooLong);
    }
    // The grammar ends `var` and `type` declarations at a newline only, also the last one.
    let mut text = text.to_vec();
    text.push(b'\n');
    let plain = tree(&text).ok_or(Refusal::TooLong)?;
    if !plain.root_node().has_error() {
        return Ok(Parsed { tree: plain, text, base: span.start });
    }
    let masked = mask(&text).ok_or(Refusal::Damaged)?;
    let tree = tree(&masked).filter(|tree| !tree.root_node().has_error()).ok_or(Refusal::Damaged)?;
    Ok(Parsed { tree, text, base: span.start })
}

/// How many places of a text the grammar cannot make sense of, but what is only newer than it.
pub fn damage(text: &[u8]) -> usize {
    match places(text) {
        0 => 0,
        count => mask(text).map_or(count, |masked| places(&masked).min(count)),
    }
}

fn places(text: &[u8]) -> usize {
    let Some(tree) = tree(text) else { return 0 };
    let (mut cursor, mut count) = (tree.walk(), 0);
    loop {
        let node = cursor.node();
        count += usize::from(node.is_error() || node.is_missing());
        if node.has_error() && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return count;
            }
        }
    }
}

/// The functions and methods of a file that the outline could not cut up, found by parsing all of it. Damaged
/// ones are among them and are refused when they are parsed by themselves.
pub fn items_by_parsing(file: &[u8]) -> Vec<Item> {
    let Some(tree) = Some(file).filter(|file| file.len() <= MAX_PARSED_FILE_BYTES).and_then(tree) else {
        return Vec::new();
    };
    let root = tree.root_node();
    let mut cursor = root.walk();
    let mut items = Vec::new();
    for node in root.named_children(&mut cursor) {
        let kind = match node.kind() {
            "function_declaration" => ItemKind::Func,
            "method_declaration" => ItemKind::Method { receiver: Arc::from("") },
            _ => continue,
        };
        let span = Span::new(narrow(node.start_byte()), narrow(node.end_byte()));
        let name = node
            .child_by_field_name("name")
            .map(|name| Arc::from(String::from_utf8_lossy(&file[name.byte_range()])));
        items.push(Item { kind, names: name.into_iter().collect(), span, doc_start: span.start });
    }
    items
}

fn tree(text: &[u8]) -> Option<Tree> {
    let mut steps = 0_usize;
    let limit = 10_000 + text.len() * MAX_STEPS_PER_BYTE;
    let mut progress = |_: &ParseState| {
        steps += 1;
        if steps > limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let mut read = |offset: usize, _| text.get(offset..).unwrap_or_default();
    PARSER.with_borrow_mut(|parser| {
        let options = ParseOptions::new().progress_callback(&mut progress);
        let tree = parser.parse_with_options(&mut read, None, Some(options));
        if tree.is_none() {
            parser.reset();
        }
        tree
    })
}

/// A copy in which each `new(` at an identifier boundary reads `nev(`, so that Go 1.26's `new(expr)` parses
/// as a call; `None` if there is none. Masking breaks other code, so it is for texts that do not parse as
/// they are.
fn mask(text: &[u8]) -> Option<Vec<u8>> {
    let mut masked = None;
    for at in memchr::memmem::find_iter(text, b"new(") {
        if !text[..at].last().copied().is_some_and(is_word) {
            masked.get_or_insert_with(|| text.to_vec())[at + 2] = b'v';
        }
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Parsed, Refusal> {
        parse(text.as_bytes(), Span::new(0, narrow(text.len())))
    }

    #[test]
    fn new_of_an_expression_is_masked_and_keeps_its_length() {
        let text = "func f() {\n\tp := new(f(3))\n\tc, err := x.NewClient(ctx)\n}";
        let parsed = parsed(text).expect("the mask clears it");
        assert_eq!(parsed.text, format!("{text}\n").as_bytes(), "the mask is seen by the parser alone");
        assert!(!parsed.tree.root_node().has_error());
    }

    #[test]
    fn plain_new_is_not_masked() {
        assert_eq!(
            parsed("func f() { p := new(T); _ = p }").unwrap().text,
            b"func f() { p := new(T); _ = p }\n"
        );
    }

    #[test]
    fn damage_is_refused() {
        assert_eq!(parsed("func f() { p := := }").err(), Some(Refusal::Damaged));
    }

    #[test]
    fn deep_nesting_is_refused_and_does_not_overflow() {
        let text = format!("func f() {{ x = {}1{} }}", "(".repeat(100_000), ")".repeat(100_000));
        let refusal = parsed(&text).and_then(|p| p.lower().map(drop)).err();
        assert!(matches!(refusal, Some(Refusal::TooDeep | Refusal::TooLong)), "{refusal:?}");
    }
}
