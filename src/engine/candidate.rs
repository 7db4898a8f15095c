//! A file worth analysing, with all that is known of it.

use std::path::PathBuf;
use std::sync::Arc;

use super::analyze::{self, AnalyzedFile, FileText};
use super::wrappers::Wrappers;
use crate::analysis::verdict::case::Judge;
use crate::config::{Policy, Settings};
use crate::go::types::database::FileScope;

/// A file worth analysing.
pub struct Candidate {
    pub path: Arc<str>,
    /// Where it lies; `None` for standard input.
    pub file: Option<PathBuf>,
    pub test: bool,
    /// It lies at or below a path that was named.
    pub asked: bool,
    /// A generator wrote it, and nobody named it: what it finds is for the generator's author to mend.
    pub generated: bool,
    pub text: Arc<[u8]>,
    pub scope: FileScope,
    pub policy: Arc<Policy>,
    pub judged: AnalyzedFile,
}

impl Candidate {
    /// Whether its findings are reported.
    pub fn is_shown(&self) -> bool {
        self.asked && (self.policy.tests || !self.test)
    }

    /// Whether anything was found in it, be it that something could not be read.
    pub fn says_something(&self) -> bool {
        !self.judged.judged.is_empty() || !self.judged.refused.is_empty() || self.judged.inexact
    }

    /// Judges those declarations again whose text `matters`.
    pub fn judge_again(
        &mut self,
        judge: &Judge,
        settings: &Settings,
        wrappers: &Wrappers,
        matters: &dyn Fn(&[u8]) -> bool,
    ) {
        let previous = std::mem::take(&mut self.judged);
        self.judged = analyze::again(judge, settings, wrappers, &self.file_text(), previous, matters);
    }

    /// As it is judged.
    pub fn file_text(&self) -> FileText<'_> {
        FileText { path: &self.path, text: &self.text, scope: &self.scope, policy: &self.policy }
    }
}
