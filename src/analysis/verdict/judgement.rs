//! What is said of one acquisition: its fate, what is wrong with it, and what its callers get.

use std::sync::Arc;

use crate::analysis::file_context::FileContext;
use crate::base::diagnostic::*;
use crate::base::text::Span;

/// A judgement.
#[derive(Debug)]
pub struct Judgement {
    pub acquisition: Acquisition,
    /// Whether its type is proved.
    pub type_certainty: Certainty,
    /// What is wrong with it, at most one of each kind.
    pub faults: Vec<Fault>,
    /// What is called for something of unknown type, as [`Usage`] names it.
    ///
    /// [`Usage`]: crate::analysis::verdict::case::Usage
    pub unknown: Option<String>,
    /// The method by which it is released here.
    pub shown: Option<String>,
    /// The results through which the enclosing function gives the resource to its callers, for them to
    /// release.
    pub returned: Vec<usize>,
    /// The results through which it gives them something with the resource inside.
    pub wrapped: Vec<usize>,
    /// The enclosing method puts it into a field of what it is called on, of which something releases that
    /// field.
    pub opens_receiver: bool,
}

impl Judgement {
    /// How something of unknown type is released, if it is released here: an entry of [`Usage`].
    ///
    /// [`Usage`]: crate::analysis::verdict::case::Usage
    pub fn usage(&self) -> Option<(String, String)> {
        self.unknown.clone().zip(self.shown.clone())
    }

    /// Where the release of a leak stands.
    pub(crate) fn placed(&mut self) -> Option<&mut ReleaseCandidate> {
        self.faults.iter_mut().find_map(|fault| match (fault.kind, &mut fault.remedy) {
            (FaultKind::Leak, Remedy::Release(placed)) => Some(&mut **placed),
            _ => None,
        })
    }

    /// Nobody knows whether it is to be released, and `why` says why: it is listed, and never reported.
    /// `hidden`: what releases it, if anything does, is not known either.
    pub fn unsure(&mut self, why: Evidence, hidden: bool) {
        self.faults.clear();
        self.returned.clear();
        self.wrapped.clear();
        self.acquisition.certainty = Certainty::Assumed;
        let nothing = hidden && self.acquisition.verdict == Verdict::NothingToRelease;
        if self.acquisition.verdict.is_finding() || nothing {
            self.acquisition.verdict = Verdict::UnknownOwner;
            self.acquisition.evidence = vec![why];
            self.acquisition.notes.clear();
        }
    }

    /// A leak of what is seen by somebody who outlives the function, though no way that was walked shows it,
    /// is none.
    pub(crate) fn exposed(&mut self) {
        let Some(Err(Objection { place, exposure: Some(verdict) })) =
            self.placed().and_then(|placed| placed.proof.clone())
        else {
            return;
        };
        if self.acquisition.verdict == Verdict::Leaked {
            self.faults.retain(|fault| fault.kind != FaultKind::Leak);
            self.acquisition.verdict = verdict;
            self.acquisition.certainty = Certainty::Assumed;
            self.acquisition.evidence = vec![place];
        }
    }
}

/// One thing that is wrong with an acquisition.
#[derive(Debug, Clone)]
pub struct Fault {
    pub kind: FaultKind,
    pub verdict: Verdict,
    pub certainty: Certainty,
    /// What proves it, the decisive place first.
    pub evidence: Vec<Evidence>,
    /// "`client` is not closed on the way out at line 12".
    pub message: String,
    pub remedy: Remedy,
}

/// The judgement on a call in a declaration that could not be read.
pub fn not_analysed(
    place: &FileContext,
    rule: &Arc<str>,
    call: Span,
    function: Option<String>,
    why: &str,
) -> Judgement {
    let (line, column) = place.lines.line_column(call.start);
    let text = String::from_utf8_lossy(&place.text[call.range()]);
    let acquisition = Acquisition {
        rule: rule.clone(),
        path: place.path.clone(),
        span: call,
        line,
        column,
        constructor: text.split(['(', '[']).next().unwrap_or_default().trim().to_owned(),
        name: None,
        function,
        type_name: String::new(),
        closable: Closable::Unknown(why.to_owned()),
        verdict: Verdict::NotAnalysed,
        certainty: Certainty::Assumed,
        evidence: vec![Evidence {
            path: place.path.clone(),
            line,
            column,
            span: Some(call),
            words: why.to_owned(),
        }],
        notes: Vec::new(),
    };
    Judgement {
        acquisition,
        type_certainty: Certainty::Assumed,
        faults: Vec::new(),
        unknown: None,
        shown: None,
        returned: Vec::new(),
        wrapped: Vec::new(),
        opens_receiver: false,
    }
}
