//! What a fix is asked of, and what it is before it is one.

use crate::base::diagnostic::{Acquisition, Certainty, Release, Remedy};
use crate::base::edit::Edit;
use crate::config::Style;
use crate::fix::habits::FileHabits;
use crate::go::types::release::ReleaseMethod;

/// A fault to be mended.
pub struct Wanted<'a> {
    pub acquisition: &'a Acquisition,
    /// Whether its type is proved to have the release.
    pub type_certainty: Certainty,
    pub remedy: &'a Remedy,
    /// The rule's methods, which say which of them are safe to insert.
    pub releases: &'a [ReleaseMethod],
    /// The file that the acquisition's offsets count in.
    pub text: &'a [u8],
    /// A path as words say it: from the top of the repository, so that they are the same from everywhere.
    pub in_repository: &'a dyn Fn(&str) -> String,
    /// What that file does already.
    pub habits: &'a FileHabits<'a>,
    pub style: Style,
    /// The style of the files beside it, if they have one.
    pub package_style: &'a dyn Fn() -> Option<Style>,
}

impl Wanted<'_> {
    /// What the resource is called in a sentence.
    pub(super) fn name(&self) -> String {
        let name = self.acquisition.name.as_ref();
        name.map_or_else(|| "the result".to_owned(), |name| format!("`{name}`"))
    }

    /// The rule's own method that `release` calls.
    pub(super) fn method(&self, release: &Release) -> Option<&ReleaseMethod> {
        self.releases.iter().find(|method| {
            *method.name == release.method && method.args == release.args && method.way == release.way
        })
    }
}

/// Edits, what they do in words, and why they need a look.
pub(super) struct Draft {
    pub(super) title: String,
    pub(super) edits: Vec<Edit>,
    pub(super) doubt: Option<String>,
}

/// Why there is only a sketch: its title and the reason.
pub(super) struct Sketch {
    pub(super) title: String,
    pub(super) reason: String,
}
