//! One resource followed forward over a body.

pub mod assignments;
mod calls;
mod conditions;
pub mod deferred;
mod expressions;
mod flags;
mod given;
pub mod oracle;
pub(crate) mod sharing;
pub mod source;
pub mod state;
mod statements;
pub mod trace;
pub mod walk;
mod walker;
