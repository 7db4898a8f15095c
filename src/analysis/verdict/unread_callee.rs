//! What goes to a callee that is not here to be read, and would be left open if that keeps nothing of it:
//! what the callee does is all that stands between it and a plain release.

use crate::analysis::dataflow::trace::Trace;
use crate::analysis::verdict::case::{Beliefs, Case, Kind};
use crate::analysis::verdict::outcome::Outcome;
use crate::analysis::verdict::site::Site;
use crate::base::diagnostic::{Certainty, Verdict};

impl Case<'_, '_> {
    /// What becomes of it if the callees keep nothing, where that is a leak, with the walk that says so.
    pub(crate) fn left_by_unread(
        &self,
        outcome: &Outcome,
        site: Site,
        kind: &Kind,
    ) -> Option<(Trace, Outcome)> {
        let assumed = outcome.verdict == Verdict::PassedOn && outcome.certainty == Certainty::Assumed;
        // What has no name has no plain release, and what is made around something with an owner none for a
        // guess.
        let plain = self.bound(kind).is_some() && self.made_around().is_none();
        if !assumed || !plain || self.wanted.by_name || self.in_test() {
            return None;
        }
        let beliefs = Beliefs { trusts: true, ..Beliefs::default() };
        let trace = self.walk_with(site.body, &[site.source], self.followed(kind), beliefs).ok()?;
        let found = self.outcome(&trace, site.body, kind);
        if found.verdict != Verdict::Leaked {
            return None;
        }
        let line = outcome.evidence.first()?.line;
        let message = format!("{}, unless what gets it at line {line} sees to that", found.message);
        let mut evidence = found.evidence;
        evidence.extend(outcome.evidence.iter().cloned());
        Some((trace, Outcome { certainty: Certainty::Assumed, evidence, message, ..found }))
    }
}
