//! What Go says: files cut into declarations, declarations as syntax, and where a package's source is.

pub mod locate;
pub mod lower;
pub mod outline;
pub mod parse;
pub mod syntax;
