//! The methods by which resources are released, as a rule lists them, and what is known of a type by them.

use std::sync::Arc;

use crate::base::diagnostic::{Certainty, Closable, Evidence, ReleaseArg};

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

/// What is known of a type as something to release.
#[derive(Debug, Clone)]
pub struct ClosableAnswer {
    /// How it is released, that there is nothing to release, or that nobody knows.
    pub closable: Closable,
    /// Assumed when the index answered outside of the versions that it was made from.
    pub certainty: Certainty,
    /// The release method, or the index's word; `None` where there is nothing to show.
    pub evidence: Option<Evidence>,
    /// The type as printed; empty when unknown.
    pub type_name: String,
}
