//! What Go says: files cut into declarations, declarations as syntax, and where a package's source is.

pub mod closable;
pub mod exprs;
pub mod gomod;
pub mod holds;
pub mod index;
pub mod locate;
pub mod lower;
pub mod members;
pub mod outline;
pub mod package;
pub mod parse;
pub mod release;
pub mod resolve;
pub mod syntax;
pub mod types;
pub mod typing;
pub mod visit;
pub mod world;
