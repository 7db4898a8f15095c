//! Whether it is proved that a release does no harm: that nothing which outlives the function has the
//! resource, or anything tied to it.
//!
//! Apart from the walk (`dataflow`), which finds what becomes of a resource: that the walk saw no escape is
//! no proof. Here every occurrence of everything that is ever tied to the resource has to be one of a closed
//! list of uses, whatever the order in which things happen; the first that is not stands against the proof.
//! What it turns down may well be right.
//!
//! Each check is a file of its own and a row of [`CHECKS`].

mod calls;
mod compiles;
mod flow;
mod goroutines;
mod holder;
mod maker;
mod nil;
mod ownership;
mod pending;
mod release_effects;
mod tie;
mod uses;

use std::sync::Arc;

use crate::analysis::graph::derived::Derived;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, VarId};
use crate::analysis::summaries::callee::Summaries;
use crate::base::diagnostic::{Evidence, Objection, Proof, Release, Verdict};
use crate::base::text::{LineIndex, Span};
use crate::go::syntax::ast::*;
use crate::go::types::release::ReleaseMethod;
use crate::go::types::type_expr::Type;

/// A release to be proved harmless.
pub(crate) struct Subject<'a, 'c> {
    pub typing: &'c Typing<'a, 'c>,
    pub summaries: &'c Summaries,
    pub place: Place<'c>,
    pub decl: &'a Decl,
    /// The call that acquires.
    pub call: &'a Call,
    /// Which of its results is the resource.
    pub result: usize,
    pub ty: &'c Type,
    /// The rule's methods that release.
    pub releases: &'c [ReleaseMethod],
    /// What is to be inserted.
    pub release: &'c Release,
    /// The body at whose end it is released.
    pub body: BodyId,
    /// Whether a variable holds the resource now; else the fix makes one.
    pub is_bound: bool,
    /// That variable.
    pub holder: Option<VarId>,
    /// Where the release is to stand.
    pub at: u32,
    /// It is to be a test's clean-up, which runs after the function and its parallel subtests.
    pub cleanup: bool,
}

/// The file that a subject lies in.
#[derive(Clone, Copy)]
pub(crate) struct Place<'c> {
    pub path: &'c Arc<str>,
    pub text: &'c [u8],
    pub lines: &'c LineIndex,
}

/// Takes the subject and the steps so far; adds its own, or says what stands against it.
type Check = fn(&Subject, &mut Vec<Evidence>) -> Result<(), Objection>;

/// What has to hold, each with the first place that stands against it.
const CHECKS: [Check; 7] = [
    holder::check,
    uses::check,
    maker::check,
    nil::check,
    release_effects::check,
    pending::check,
    compiles::check,
];

/// The proof that the release does no harm.
///
/// # Errors
/// The first place that stands against it.
pub(crate) fn prove(subject: &Subject) -> Result<Proof, Objection> {
    let mut steps = Vec::new();
    for check in CHECKS {
        check(subject, &mut steps)?;
    }
    Ok(Proof { steps })
}

impl<'a, 'c> Subject<'a, 'c> {
    /// What comes from the resource in its function.
    fn derived(&self) -> Derived<'c, 'a, 'c> {
        Derived::of(self.typing, self.decl, self.call.span, self.holder)
    }

    /// A place in the subject's own file.
    fn evidence(&self, span: Span, words: impl Into<String>) -> Evidence {
        let (line, column) = self.place.lines.line_column(span.start);
        Evidence { path: self.place.path.clone(), line, column, span: Some(span), words: words.into() }
    }

    /// What is not known to be harmless.
    fn object(&self, span: Span, words: impl Into<String>) -> Objection {
        Objection { place: self.evidence(span, words), exposure: None }
    }

    /// What outlives the function has it there, in the way that `verdict` names.
    fn expose(&self, span: Span, verdict: Verdict, words: impl Into<String>) -> Objection {
        Objection { place: self.evidence(span, words), exposure: Some(verdict) }
    }

    /// The text at `span`.
    fn text(&self, span: Span) -> String {
        String::from_utf8_lossy(&self.place.text[span.range()]).into_owned()
    }
}
