//! Go text as values: files cut into declarations, declarations parsed when asked for. tree-sitter stays in
//! here.

pub mod ast;
pub mod lower;
pub mod outline;
pub mod parse;
mod scan;
pub mod visit;
