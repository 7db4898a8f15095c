//! One resource followed forward over a body.

pub mod assignments;
pub mod deferred;
pub mod expressions;
pub mod state;
pub mod walk;
