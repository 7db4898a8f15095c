//! Control flow, ownership and function summaries: what becomes of a resource on each way out.

pub mod channel;
pub mod construct;
pub mod dataflow;
pub mod detection;
pub mod file_context;
pub mod graph;
pub mod lock;
pub mod placement;
pub mod proof;
pub mod summaries;
#[cfg(test)]
mod tests;
pub mod verdict;
