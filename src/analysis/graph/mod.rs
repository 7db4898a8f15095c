//! A body as control flow, its names as scopes, its variables with their types.

pub mod control_flow;
pub mod derived;
pub mod exits;
pub mod function_values;
pub mod known;
pub mod local_types;
pub mod scopes;
