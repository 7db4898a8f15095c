//! Single statements and expressions that leak by what they are, told from their own text, their types and
//! what they call: releases that pile up in a loop (`deferred`), requests that nothing ends (`timeout`),
//! finalizers that block or keep what they wait for (`finalizer`), and package variables that only ever grow
//! (`growing`). What they all get is a `context`.

mod context;
mod deferred;
mod finalizer;
mod growing;
#[cfg(test)]
mod tests;
mod timeout;

use crate::analysis::construct::context::Context;
use crate::analysis::detection::{Declaration, Detection};
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::Scopes;
use crate::go::syntax::ast::*;

pub use growing::KIND as GROWING;

/// What looks at one declaration, by the kind of what it finds.
type Finder = fn(&Context) -> Vec<Detection>;

/// All of them.
const FINDERS: &[(&str, Finder)] = &[
    (deferred::KIND, deferred::detect),
    (timeout::KIND, timeout::detect),
    (finalizer::BLOCKS, finalizer::blocking),
    (finalizer::KEEPS, finalizer::keeping),
    (growing::KIND, growing::detect),
];

/// The constructs of a declaration that leak.
pub fn detect(declaration: &Declaration) -> Vec<Detection> {
    let wanted: Vec<Finder> =
        FINDERS.iter().filter(|(kind, _)| declaration.wants(kind)).map(|(_, finder)| *finder).collect();
    if wanted.is_empty() || declaration.file.scope.is_test() {
        return Vec::new();
    }
    let scopes = match declaration.decl {
        Decl::Func(func) => Scopes::of_func(func),
        Decl::Vars(specs) => Scopes::of_vars(specs),
        _ => return Vec::new(),
    };
    let typing = Typing::new(declaration.database, declaration.file.scope.clone(), &scopes);
    let context = Context { declaration, typing: &typing };
    wanted.into_iter().flat_map(|finder| finder(&context)).collect()
}
