//! A declaration as those that look at it for one thing get it.

use crate::analysis::detection::Declaration;
use crate::analysis::graph::local_types::Typing;
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
