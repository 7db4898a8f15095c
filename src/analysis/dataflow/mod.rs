//! One resource followed forward over a body.

pub mod assignments;
pub mod deferred;
pub mod expressions;
mod flags;
pub mod state;
pub mod walk;
