//! A declaration as those that look at it for one thing get it, and how they put what they find.

use crate::analysis::detection::{Declaration, Detection};
use crate::analysis::graph::local_types::Typing;
use crate::base::diagnostic::{Certainty, Evidence, Remedy};
use crate::base::text::Span;
use crate::go::syntax::ast::*;

/// A declaration with its names and types.
pub struct Context<'a, 'c> {
    pub declaration: &'c Declaration<'c>,
    pub typing: &'c Typing<'a, 'c>,
}

impl<'a> Context<'a, '_> {
    /// The function's body, with those of the literals in it.
    pub fn block(&self) -> Option<&'a Block> {
        self.typing.scopes.bodies.first().map(|body| body.block)
    }

    /// A place in the file.
    pub fn place(&self, span: Span, words: impl Into<String>) -> Evidence {
        let file = self.declaration.file;
        let (line, column) = file.lines.line_column(span.start);
        Evidence { path: file.path.clone(), line, column, span: Some(span), words: words.into() }
    }

    /// A finding that a person has to see to.
    pub fn found(
        &self,
        kind: &'static str,
        span: Span,
        (label, message): (&str, String),
        labels: Vec<Evidence>,
        (title, reason): (&str, &str),
    ) -> Detection {
        Detection {
            kind,
            span,
            label: label.to_owned(),
            message,
            certainty: Certainty::Proved,
            labels,
            notes: Vec::new(),
            remedy: Some(Remedy::Advice { title: title.to_owned(), reason: reason.to_owned() }),
        }
    }
}

/// The package and name of the function, or `Type.Method`, that a call calls, as far as its text and types
/// say.
pub fn callee(typing: &Typing, call: &Call) -> Option<(String, String)> {
    let (package, name) = typing.name(&call.function)?;
    if !package.is_empty() {
        return Some((package, name.to_owned()));
    }
    let ExprKind::Selector { operand, .. } = &call.function.unparen().kind else { return None };
    let ty = typing.of(operand);
    let named = ty.named()?;
    Some((named.package.to_string(), format!("{}.{name}", named.name)))
}
