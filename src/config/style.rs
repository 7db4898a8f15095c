//! How the releases that a run writes are spelled, as far as one may choose.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A spelling. Where it does not fit (nothing to join into, no error to ignore), another one stands in, so
/// that an error that was to be looked at is at least ignored openly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(description = "A spelling; where it does not fit, another one stands in.")]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// As the file does it already, or its package, else `defer`.
    Auto,
    /// `defer c.Close()`
    Defer,
    /// `defer func() { _ = c.Close() }()`: linters see that the error is left out on purpose.
    Ignore,
    /// A deferred function that logs the error.
    Log,
    /// A deferred function that joins the error into the function's named result.
    Join,
    /// `t.Cleanup(func() { _ = c.Close() })` in tests.
    Cleanup,
}

impl Style {
    /// All of them, the default first.
    pub const ALL: [Style; 6] =
        [Style::Auto, Style::Defer, Style::Ignore, Style::Log, Style::Join, Style::Cleanup];

    /// The word for it on the command line and in configuration.
    pub fn word(self) -> &'static str {
        match self {
            Style::Auto => "auto",
            Style::Defer => "defer",
            Style::Ignore => "ignore",
            Style::Log => "log",
            Style::Join => "join",
            Style::Cleanup => "cleanup",
        }
    }

    /// The style of that word.
    pub fn named(word: &str) -> Option<Style> {
        Style::ALL.into_iter().find(|style| style.word() == word)
    }
}
