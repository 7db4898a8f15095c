//! Control flow, ownership and function summaries: what becomes of a resource on each way out.

pub mod anchor;
pub mod bind;
pub mod callee;
pub mod cfg;
pub mod early;
pub mod eval;
pub mod fresh;
pub mod judge;
pub mod kept;
pub mod known;
pub mod later;
pub mod life;
pub mod request;
pub mod scope;
pub mod state;
pub mod types;
pub mod values;
