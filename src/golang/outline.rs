//! A file cut into top-level declarations by a small scanner that knows Go's strings, runes, comments and brackets.
//!
//! Nothing is parsed here: an [`Item`] says where a declaration is and what it declares, so that only those that matter are.

use std::sync::Arc;

use crate::base::text::Span;

/// What a file says at its top level.
#[derive(Debug, Default)]
pub struct Outline {
    /// The package clause's name; empty when there is none.
    pub package: Arc<str>,
    pub imports: Vec<Import>,
    pub items: Vec<Item>,
    /// False when the scanner could not make sure of the declarations' bounds (unbalanced brackets, an unterminated string):
    /// then `items` may be wrong and the whole file has to be parsed.
    pub exact: bool,
}

/// One import.
#[derive(Debug, Clone)]
pub struct Import {
    /// The alias, `.` or `_` as written.
    pub name: Option<Arc<str>>,
    pub path: Arc<str>,
    pub line_span: Span,
}

/// One top-level declaration; a `var (…)`, `const (…)` or `type (…)` group is one item with several names.
#[derive(Debug, Clone)]
pub struct Item {
    pub kind: ItemKind,
    pub names: Vec<Arc<str>>,
    /// From the keyword to the closing bracket or the end of its last line, without doc comment.
    pub span: Span,
    /// Where the doc comment begins that stands directly above; `span.start` when there is none.
    pub doc_start: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemKind {
    Func,
    /// A method with its receiver's type name, without pointer and type parameters.
    Method { receiver: Arc<str> },
    Type,
    Var,
    Const,
}
