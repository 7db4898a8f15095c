//! What an engine beside that of resources takes and gives: a declaration, and what is wrong in it.
//!
//! Which rule reports it, what silences it and how its remedy is spelled is for the session.

use std::sync::Arc;

use crate::analysis::file_context::FileContext;
use crate::analysis::summaries::answers::Summaries;
use crate::base::diagnostic::{Certainty, Evidence, Note, Remedy};
use crate::base::text::Span;
use crate::go::syntax::ast::Decl;
use crate::go::types::database::Database;

/// A declaration to look at.
pub struct Declaration<'d> {
    pub database: &'d Database,
    pub summaries: &'d Summaries,
    pub file: &'d FileContext<'d>,
    pub decl: &'d Decl,
    /// What the rules that run report, as far as their prefilters let the declaration through: nothing else
    /// need be looked for.
    pub kinds: &'d [Arc<str>],
}

impl Declaration<'_> {
    /// Whether somebody wants to know of what is called so.
    pub fn wants(&self, kind: &str) -> bool {
        self.kinds.iter().any(|wanted| **wanted == *kind)
    }
}

/// Something that is wrong.
#[derive(Debug, Clone)]
pub struct Detection {
    /// What it is: what a rule of the engine `reports`.
    pub kind: &'static str,
    pub span: Span,
    /// What is to be said of the place: "made here".
    pub label: String,
    /// One sentence without a final stop.
    pub message: String,
    pub certainty: Certainty,
    /// Further places, the decisive one first.
    pub labels: Vec<Evidence>,
    pub notes: Vec<Note>,
    /// Anything but a release.
    pub remedy: Option<Remedy>,
}

/// Finds what is wrong in a declaration, at most one thing of a kind at one place.
pub type Detector = fn(&Declaration) -> Vec<Detection>;
