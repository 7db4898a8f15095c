//! Where a release may stand, and what it may use there.

pub mod anchor;
mod before_returns;
pub mod in_scope;
pub mod iteration;
pub mod naming;
