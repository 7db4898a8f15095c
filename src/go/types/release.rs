//! The methods by which resources are released, as a rule lists them.

use std::sync::Arc;

use crate::base::diagnostic::ReleaseArg;

/// A release method that a rule accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseMethod {
    /// `Close`, `Disconnect`, `Stop`.
    pub name: Arc<str>,
    /// What it asks for, in order.
    pub args: Vec<ReleaseArg>,
    /// Whether a call of it, inserted alone, is the right release for any type that has it.
    pub safe: bool,
    /// Whether a call of it is only to be shown: what it waits for, or ends besides, differs from type to
    /// type.
    pub only_shown: bool,
    /// What the resource is after it: "closed".
    pub done: Arc<str>,
}
