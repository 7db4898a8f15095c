//! What functions do with their parameters and results, and what fields and constructors keep.

pub mod answers;
pub mod by_name;
mod callbacks;
pub mod callee;
mod conclude;
pub mod dynamic_types;
pub mod field_release;
pub mod field_values;
pub mod handed_out;
pub mod in_tests;
pub mod kept_channels;
mod parameters;
pub mod per_request;
pub mod plain_values;
pub mod released_fields;
pub mod result_ownership;
mod returns;
mod shared_results;
pub mod text_only;
pub mod wrapped;
