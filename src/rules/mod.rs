//! queries/ -> [`Rule`]: what a leak is, in words and data, checked when loaded.

use std::sync::Arc;

/// A rule as loaded from its folder: `acquire.scm` and `rule.toml`.
#[derive(Debug)]
pub struct Rule {
    /// `unclosed-client`.
    pub id: Arc<str>,
    /// One line for `unleak rules`.
    pub summary: String,
    /// What it does, why it is bad, … in rule.toml's words: (heading, markdown text) in order.
    pub sections: Vec<(&'static str, String)>,
}
