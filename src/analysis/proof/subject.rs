//! What a proof is about: one acquisition, and the release that is to be inserted for it.

use std::sync::Arc;

use crate::analysis::graph::derived::Derived;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, VarId};
use crate::analysis::summaries::answers::Summaries;
use crate::analysis::summaries::dynamic_types;
use crate::base::diagnostic::{Evidence, Objection, Release, Verdict};
use crate::base::text::{LineIndex, Span};
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::types::members::{Member, MethodRef};
use crate::go::types::release::Gives;
use crate::go::types::release::ReleaseMethod;
use crate::go::types::type_expr::Type;

/// A release to be proved harmless.
pub(crate) struct Subject<'a, 'c> {
    pub typing: &'c Typing<'a, 'c>,
    pub summaries: &'c Summaries,
    pub place: SubjectFile<'c>,
    pub decl: &'a Decl,
    /// The call that acquires.
    pub call: &'a Call,
    /// Which of its results is the resource.
    pub result: usize,
    /// The result that ends with it, and its type: the context, for the function that cancels it.
    pub tied: Option<(usize, &'c Type)>,
    /// Where it is, if that is no result.
    pub given: Gives,
    pub ty: &'c Type,
    /// The rule's methods that release.
    pub releases: &'c [ReleaseMethod],
    /// What is to be inserted.
    pub release: &'c Release,
    /// The rule's data name what is called, and say that it acquires.
    pub named: bool,
    /// The release does nothing where it is released already.
    pub repeatable: bool,
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
pub(crate) struct SubjectFile<'c> {
    pub path: &'c Arc<str>,
    pub text: &'c [u8],
    pub lines: &'c LineIndex,
}

impl<'a, 'c> Subject<'a, 'c> {
    /// What comes from the resource in its function.
    pub(crate) fn derived(&self) -> Derived<'c, 'a, 'c> {
        Derived::of(self.typing, self.decl, self.call.span, self.holder)
    }

    /// A place in the subject's own file.
    pub(crate) fn evidence(&self, span: Span, words: impl Into<String>) -> Evidence {
        let (line, column) = self.place.lines.line_column(span.start);
        Evidence { path: self.place.path.clone(), line, column, span: Some(span), words: words.into() }
    }

    /// What is not known to be harmless.
    pub(crate) fn object(&self, span: Span, words: impl Into<String>) -> Objection {
        Objection { place: self.evidence(span, words), exposure: None }
    }

    /// What outlives the function has it there, in the way that `verdict` names.
    pub(crate) fn expose(&self, span: Span, verdict: Verdict, words: impl Into<String>) -> Objection {
        Objection { place: self.evidence(span, words), exposure: Some(verdict) }
    }

    /// The methods of this name that the resource may have: that of its type, or, behind an interface, those
    /// of the types that the maker really gives.
    pub(crate) fn methods(&self, name: &str) -> Vec<FuncRef> {
        match self.typing.database.member(self.ty, name) {
            Some(Member::Method(MethodRef { func: Some(func), .. })) => vec![func],
            _ => self.dynamic_methods(name),
        }
    }

    /// A method of the types that the maker really gives behind an interface.
    pub(crate) fn dynamic_methods(&self, name: &str) -> Vec<FuncRef> {
        let types = dynamic_types::types(self.typing, self.call, self.result);
        let method = |ty: Type| match self.typing.database.member(&ty, name) {
            Some(Member::Method(method)) => method.func,
            _ => None,
        };
        types.unwrap_or_default().into_iter().filter_map(method).collect()
    }

    /// The text at `span`.
    pub(crate) fn text(&self, span: Span) -> String {
        String::from_utf8_lossy(&self.place.text[span.range()]).into_owned()
    }
}
