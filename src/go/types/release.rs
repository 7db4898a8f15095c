//! The ways in which resources are released, as a rule lists them, and what is known of a type by them.

use std::sync::Arc;

use crate::base::diagnostic::{Certainty, Closable, Evidence, ReleaseArg, ReleaseWay};

/// A release that a rule accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseMethod {
    /// `Close`, `Disconnect`, `Stop`; of a value that is called itself, what it is called in a sentence.
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
    /// What is called, and on what.
    pub way: ReleaseWay,
    /// Whether it does nothing where the resource is released already, so that it may be deferred beside
    /// releases that are there.
    pub repeatable: bool,
}

impl ReleaseMethod {
    /// A method without arguments.
    pub fn plain(name: &str) -> ReleaseMethod {
        ReleaseMethod {
            name: Arc::from(name),
            args: Vec::new(),
            safe: false,
            only_shown: false,
            way: ReleaseWay::Method,
            repeatable: false,
            done: Arc::from("released"),
        }
    }
}

/// What of a call is to be released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gives {
    Result(usize),
    Argument(usize),
    /// What its method is called on: `conn.Open()`.
    Receiver,
}

/// What else a rule says of the resources of its kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lifetime {
    /// Methods that have released it where they say false: `rows.Next()`.
    pub ends: Vec<Arc<str>>,
    /// A field that is a channel and never closed: a loop over it does not end.
    pub endless: Option<Arc<str>>,
    /// What `main` leaves behind ends with the process, and is no leak.
    pub main_ends: bool,
    /// One of them can serve all requests: it is worth a word where each request makes its own.
    pub one_for_all: bool,
    /// Where something failed nobody needs it any more: what an error leaves behind is no leak.
    pub error_ends: bool,
    /// The words for it.
    pub words: Words,
}

/// The words of one kind of resource.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words {
    /// What it is before: `open`.
    pub open: Option<Arc<str>>,
    /// The name that a variable for it gets.
    pub name: Option<Arc<str>>,
}

impl Words {
    /// What it is before its release.
    pub fn open(&self) -> &str {
        self.open.as_deref().unwrap_or("open")
    }
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
