//! What tells a finding from all others of a run.

use std::sync::Arc;

use crate::base::diagnostic::Finding;

/// A finding among all of a run: its file and fingerprint, since two clones of a repository have the same
/// fingerprints.
pub type Id = (Arc<str>, String);

/// That of `finding`.
pub fn id(finding: &Finding) -> Id {
    (finding.location.path.clone(), finding.fingerprint.clone())
}
