//! What an engine beside that of resources takes and gives: a declaration, and what is wrong in it.
//!
//! Which rule reports it, what silences it and how its remedy is spelled is for the session.

use std::sync::Arc;

use crate::analysis::file_context::FileContext;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::Scopes;
use crate::analysis::summaries::answers::Summaries;
use crate::base::diagnostic::{Evidence, Note, Remedy};
use crate::base::text::Span;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::{Decl, FuncDecl};
use crate::go::types::database::{Database, FileScope};

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

/// A function that is declared, with its names and types.
pub struct Function<'a> {
    pub declaration: &'a Declaration<'a>,
    pub func: &'a FuncDecl,
    pub scopes: &'a Scopes<'a>,
    pub typing: &'a Typing<'a, 'a>,
}

impl Declaration<'_> {
    /// Whether somebody wants to know of what is called so.
    pub fn wants(&self, kind: &str) -> bool {
        self.kinds.iter().any(|wanted| **wanted == *kind)
    }

    /// What is found in a function; nothing where something else is declared.
    pub fn in_function(&self, find: impl FnOnce(&Function) -> Vec<Detection>) -> Vec<Detection> {
        let Decl::Func(func) = self.decl else { return Vec::new() };
        let scopes = Scopes::of_func(func);
        let typing = Typing::new(self.database, self.file.scope.clone(), &scopes);
        find(&Function { declaration: self, func, scopes: &scopes, typing: &typing })
    }

    /// A place in the declaration's file, with what is to be said of it.
    pub fn place(&self, span: Span, words: impl Into<String>) -> Evidence {
        let (line, column) = self.file.lines.line_column(span.start);
        Evidence { path: self.file.path.clone(), line, column, span: Some(span), words: words.into() }
    }

    /// A place in another function, wherever that is declared.
    pub fn place_in(&self, func: &FuncRef, span: Span, words: impl Into<String>) -> Evidence {
        self.database.place(&FileScope::of(func), span, words)
    }

    /// What is written at a place of the file.
    pub fn text(&self, span: Span) -> String {
        String::from_utf8_lossy(&self.file.text[span.range()]).into_owned()
    }
}

/// The kind of a detection that is no fault: a budget ended before anything could be told of what stands
/// there. Its label is the kind of fault that was looked for.
pub const NOT_ANALYSED: &str = "not analysed";

/// Why, where there are too many ways.
pub const TOO_MANY_WAYS: &str = "more ways through it than are followed";

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
    /// Further places, the decisive one first.
    pub labels: Vec<Evidence>,
    pub notes: Vec<Note>,
    /// Anything but a release.
    pub remedy: Option<Remedy>,
    /// A release of what the call at `span` gives mends this too: where one is missing, that says it all.
    pub is_mended_by_release: bool,
}

impl Detection {
    /// What is wrong where, with nothing more to be said yet.
    pub fn new(kind: &'static str, span: Span, label: &str, message: String) -> Detection {
        Detection {
            kind,
            span,
            label: label.to_owned(),
            message,
            labels: Vec::new(),
            notes: Vec::new(),
            remedy: None,
            is_mended_by_release: false,
        }
    }

    /// That whether there is a fault of this kind was not found out.
    pub fn not_analysed(kind: &str, span: Span) -> Detection {
        Detection::new(NOT_ANALYSED, span, kind, TOO_MANY_WAYS.to_owned())
    }

    /// With further places, the decisive one first.
    #[must_use]
    pub fn with_labels(self, labels: impl IntoIterator<Item = Evidence>) -> Detection {
        Detection { labels: labels.into_iter().collect(), ..self }
    }

    #[must_use]
    pub fn with_notes(self, notes: Vec<Note>) -> Detection {
        Detection { notes, ..self }
    }

    #[must_use]
    pub fn with_remedy(self, remedy: Remedy) -> Detection {
        Detection { remedy: Some(remedy), ..self }
    }

    /// With what a person would have to do, and why nothing else can.
    #[must_use]
    pub fn with_advice(self, title: impl Into<String>, reason: impl Into<String>) -> Detection {
        self.with_remedy(Remedy::advice(title, reason))
    }
}

/// Finds what is wrong in a declaration, at most one thing of a kind at one place.
pub type Detector = fn(&Declaration) -> Vec<Detection>;
