//! Control flow, ownership and function summaries: what becomes of a resource on each way out.

pub mod anchor;
pub mod around;
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
pub mod made;
pub mod request;
pub mod rounds;
pub mod scope;
pub mod serving;
pub mod state;
pub mod surroundings;
pub mod types;
pub mod unbound;
pub mod values;
