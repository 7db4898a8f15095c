//! What becomes of a parameter, told from its life: in one function, in the worse of two, in one that is run
//! later.

use crate::analysis::dataflow::state::{EventId, EventKind, Hold, Phase, State};
use crate::analysis::dataflow::walk;
use crate::analysis::dataflow::walk::{ExitKind, Passed, PassedFate, Place};
use crate::analysis::graph::known::Runner;
use crate::analysis::graph::scopes::{ParamIndex, Scopes, VarOrigin};
use crate::analysis::summaries::callee::with_results;
use crate::base::finding::{Certainty, Verdict};

/// Of two functions that might be called, what is true of both: the one that keeps more.
pub(crate) fn worse(a: Passed, b: Passed) -> Passed {
    let rank = |passed: &Passed| match passed.fate {
        PassedFate::Keeps { .. } | PassedFate::Puts { .. } => 3,
        PassedFate::Runs | PassedFate::Works | PassedFate::Cleans => 2,
        PassedFate::Lends => 1,
        PassedFate::Releases | PassedFate::WillRelease => 0,
    };
    let certainty = a.certainty.and(b.certainty);
    let mut results = a.results.clone();
    results.extend(b.results.iter().cloned());
    results.sort();
    results.dedup();
    let mixed = rank(&a) != rank(&b) && rank(&a).min(rank(&b)) == 0;
    let kept = if rank(&b) > rank(&a) { b } else { a };
    if mixed && rank(&kept) < 3 {
        return Passed::kept(
            Verdict::PassedOn,
            Certainty::Assumed,
            "passed to a function value that releases it in some cases",
        );
    }
    Passed { certainty, results, ..kept }
}

pub(crate) fn run(runner: Runner, releases: bool) -> Passed {
    let fate = match (runner, releases) {
        (Runner::Now, true) => PassedFate::Releases,
        (Runner::Now, false) => PassedFate::Lends,
        (Runner::AtEnd, false) => PassedFate::Cleans,
        (Runner::AtEnd, true) => PassedFate::WillRelease,
        (Runner::Group, true) => PassedFate::Releases,
        (Runner::Group, false) => PassedFate::Runs,
        (Runner::Later, true) => PassedFate::WillRelease,
        (Runner::Later, false) => PassedFate::Keeps {
            verdict: Verdict::Captured,
            words: "captured by a function that is kept".to_owned(),
        },
    };
    Passed { fate, ..Passed::lent(Certainty::Proved) }
}

/// A parameter's life as what its callers need to know.
pub(crate) fn conclude(life: &walk::Life, name: &str, scopes: &Scopes) -> Passed {
    let ways: Vec<_> = life
        .exits
        .iter()
        .filter(|exit| !matches!(exit.kind, ExitKind::Stop(_)) && exit.state.phase != Phase::Nil)
        .collect();
    let given = ways.iter().filter_map(|exit| match exit.state.phase {
        Phase::Given(id) => Some(&life.events[id.0 as usize]),
        _ => None,
    });
    let kept = given.clone().find_map(|event| match event.kind {
        EventKind::Given(Verdict::Returned | Verdict::Released) => None,
        // What lives on in a result is the caller's to follow.
        EventKind::Given(Verdict::LivesOn) if !life.left.is_empty() => None,
        EventKind::Given(verdict) => Some((verdict, event)),
        _ => None,
    });
    if let Some((verdict, event)) = kept {
        return Passed::kept(
            verdict,
            event.certainty,
            format!("passed to `{name}`, where it is {}", event.words),
        );
    }
    if let Some((into, hold, how)) = ways.iter().find_map(|exit| put_into(life, &exit.state, scopes)) {
        let fate = PassedFate::Puts { into, hold, words: format!("passed to `{name}`, where it is {how}") };
        return Passed { fate, ..with_results(life.left.clone(), Certainty::Proved) };
    }
    let by = |state: &State| match state.phase {
        Phase::Released(id) => Some(id),
        Phase::Given(id) if life.events[id.0 as usize].kind == EventKind::Given(Verdict::Released) => {
            Some(id)
        }
        _ => state.due,
    };
    let releases: Vec<EventId> = ways.iter().filter_map(|exit| by(&exit.state)).collect();
    let certainty = given.map(|event| event.certainty).max().unwrap_or(Certainty::Proved);
    let cleans = life.events.iter().any(|event| event.kind == EventKind::Cleaning);
    let lends = if cleans { PassedFate::Cleans } else { PassedFate::Lends };
    if !life.left.is_empty() {
        let runs = ways.iter().any(|exit| exit.state.running.is_some());
        let fate = if runs { PassedFate::Works } else { lends };
        return Passed { fate, ..with_results(life.left.clone(), certainty) };
    }
    let sure = |id: &EventId| life.events[id.0 as usize].certainty == Certainty::Proved;
    let everywhere = releases.len() == ways.len() && releases.iter().all(sure);
    let certainty = if everywhere { Certainty::Proved } else { Certainty::Assumed };
    match releases.len() {
        0 => Passed { fate: lends, ..Passed::lent(Certainty::Proved) },
        _ => Passed { fate: PassedFate::Releases, ..Passed::lent(certainty) },
    }
}

/// The parameter that has the resource on this way out because it was put there, and how.
fn put_into<'l>(life: &'l walk::Life, state: &State, scopes: &Scopes) -> Option<(Place, Hold, &'l str)> {
    if matches!(state.phase, Phase::Released(_)) {
        return None;
    }
    state.holders.iter().find_map(|(var, hold)| {
        let how = life.puts.get(var)?;
        let place = match scopes.info(*var).origin {
            VarOrigin::Param { index: ParamIndex::Receiver, .. } => Place::Receiver,
            VarOrigin::Param { index: ParamIndex::At(at), .. } => Place::Arg(at as usize),
            _ => return None,
        };
        Some((place, hold.clone(), how.as_str()))
    })
}
