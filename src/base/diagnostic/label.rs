//! Places with words for them, and remarks: what a finding or a verdict rests on.

use std::sync::Arc;

use crate::base::text::Span;

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The file as printed: relative to the working directory where it lies below it, `/` as separator.
    pub path: Arc<str>,
    pub span: Span,
    /// Line on which it begins, from 1.
    pub line: u32,
    /// Column in bytes, from 1.
    pub column: u32,
}

/// A place that proves something, with the words for it: "closed here", "returned here".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The file as printed (see [`Acquisition::path`]); for source outside the scanned tree whatever names it
    /// best.
    pub path: Arc<str>,
    /// Line from 1, 0 when the place has no line (an index fact, go.mod).
    pub line: u32,
    /// Column in bytes from 1, 0 when `line` is 0.
    pub column: u32,
    /// The bytes of the place; `None` when the file is not the acquisition's own.
    pub span: Option<Span>,
    /// A short clause without a final stop.
    pub words: String,
}

/// A remark beside the verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Stable id: `per-request`, `exit-after-defer`.
    pub id: &'static str,
    /// A sentence.
    pub words: String,
    /// Of what is made again and again: where one that serves for all could live.
    pub home: Option<Home>,
}

/// Where something could live that is made again for each request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Home {
    /// In a field of the type that the handler's receiver has.
    FieldOf(Arc<str>),
    /// In a variable of the package, made by what calls a function once: `sync.OnceValues`.
    VariableBy(&'static str),
}
