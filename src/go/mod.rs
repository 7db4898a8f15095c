//! What Go says: declarations as syntax, where a package's source is, what types mean. Knows nothing of rules
//! or leaks.

pub mod facts;
pub mod index;
pub mod index_build;
pub mod project;
pub mod syntax;
pub mod types;
