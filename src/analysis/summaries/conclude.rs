//! What becomes of a parameter, told from its life: in one function, in the worse of two, in one that is run
//! later, in a predeclared one.

use crate::analysis::dataflow::oracle::{Operand, ParamEffect, ParamOutcome};
use crate::analysis::dataflow::state::{Alias, EventId, EventKind, Phase, State};
use crate::analysis::dataflow::trace::{Exit, ExitKind, Trace};
use crate::analysis::graph::known::Runner;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, Scopes, VarOrigin};
use crate::base::diagnostic::{Certainty, Verdict};
use crate::go::syntax::ast::{Call, ExprKind};

/// Lent, and these results hold on.
pub(crate) fn with_results(results: Vec<(usize, Alias)>, certainty: Certainty) -> ParamEffect {
    ParamEffect { results, ..ParamEffect::lent(certainty) }
}

/// Of two functions that might be called, what is true of both: the one that keeps more.
pub(crate) fn worse(a: ParamEffect, b: ParamEffect) -> ParamEffect {
    let rank = |passed: &ParamEffect| match passed.outcome {
        ParamOutcome::Keeps { .. } | ParamOutcome::Puts { .. } => 3,
        ParamOutcome::Runs | ParamOutcome::Works | ParamOutcome::Cleans => 2,
        ParamOutcome::Lends | ParamOutcome::Reads => 1,
        ParamOutcome::Releases | ParamOutcome::WillRelease => 0,
    };
    let certainty = a.certainty.and(b.certainty);
    let (drops, ends_rest) = (a.drops && b.drops, a.ends_rest && b.ends_rest);
    let mut results = a.results.clone();
    results.extend(b.results.iter().cloned());
    results.sort();
    results.dedup();
    let mixed = rank(&a) != rank(&b) && rank(&a).min(rank(&b)) == 0;
    let kept = if rank(&b) > rank(&a) { b } else { a };
    if mixed && rank(&kept) < 3 {
        return ParamEffect::kept(
            Verdict::PassedOn,
            Certainty::Assumed,
            "passed to a function value that releases it in some cases",
        );
    }
    ParamEffect { certainty, results, drops, ends_rest, ..kept }
}

pub(crate) fn run(runner: Runner, releases: bool) -> ParamEffect {
    let outcome = match (runner, releases) {
        (Runner::Now, true) => ParamOutcome::Releases,
        (Runner::Now, false) => ParamOutcome::Lends,
        (Runner::AtEnd, false) => ParamOutcome::Cleans,
        (Runner::AtEnd, true) => ParamOutcome::WillRelease,
        (Runner::Group, true) => ParamOutcome::Releases,
        (Runner::Group, false) => ParamOutcome::Runs,
        (Runner::Later, true) => ParamOutcome::WillRelease,
        (Runner::Later, false) => ParamOutcome::Keeps {
            verdict: Verdict::Captured,
            words: "captured by a function that is kept".to_owned(),
        },
    };
    ParamEffect { outcome, ..ParamEffect::lent(Certainty::Proved) }
}

/// A parameter's life as what its callers need to know.
pub(crate) fn conclude(trace: &Trace, name: &str, scopes: &Scopes) -> ParamEffect {
    let ways: Vec<_> = trace
        .exits
        .iter()
        .filter(|exit| !matches!(exit.kind, ExitKind::Stop(_)) && exit.state.phase != Phase::Nil)
        .collect();
    let given = ways.iter().filter_map(|exit| match exit.state.phase {
        Phase::Escaped(id) => Some(&trace.events[id.0 as usize]),
        _ => None,
    });
    let kept = given.clone().find_map(|event| match event.kind {
        EventKind::Escaped(Verdict::Returned | Verdict::Released) => None,
        // What lives on in a result is the caller's to follow.
        EventKind::Escaped(Verdict::LivesOn) if !trace.left.is_empty() => None,
        EventKind::Escaped(verdict) => Some((verdict, event)),
        _ => None,
    });
    if let Some((verdict, event)) = kept {
        return ParamEffect::kept(
            verdict,
            event.certainty,
            format!("passed to `{name}`, where it is {}", event.words),
        );
    }
    if let Some((into, alias, how)) = ways.iter().find_map(|exit| put_into(trace, &exit.state, scopes)) {
        let outcome =
            ParamOutcome::Puts { into, alias, words: format!("passed to `{name}`, where it is {how}") };
        return ParamEffect { outcome, ..with_results(trace.left.clone(), Certainty::Proved) };
    }
    let by = |state: &State| match state.phase {
        Phase::Released(id) => Some(id),
        Phase::Escaped(id) if trace.events[id.0 as usize].kind == EventKind::Escaped(Verdict::Released) => {
            Some(id)
        }
        _ => state.due,
    };
    let settled = settled(trace, &ways, scopes, |exit| by(&exit.state).is_some());
    let releases: Vec<EventId> = ways.iter().filter_map(|exit| by(&exit.state)).collect();
    let certainty = given.map(|event| event.certainty).max().unwrap_or(Certainty::Proved);
    let any = |kind: EventKind| trace.events.iter().any(|event| event.kind == kind);
    let lends = match (any(EventKind::Cleaning), any(EventKind::Read)) {
        (true, _) => ParamOutcome::Cleans,
        (false, true) => ParamOutcome::Reads,
        (false, false) => ParamOutcome::Lends,
    };
    let sure = |id: &EventId| trace.events[id.0 as usize].certainty == Certainty::Proved;
    let everywhere = !releases.is_empty() && releases.len() == ways.len();
    let released =
        if everywhere && releases.iter().all(sure) { Certainty::Proved } else { Certainty::Assumed };
    if !trace.left.is_empty() {
        let runs = ways.iter().any(|exit| exit.state.running.is_some());
        let (outcome, certainty) = match (runs, everywhere) {
            (true, _) => (ParamOutcome::Works, certainty),
            // `return c, c.Close()`
            (false, true) => (ParamOutcome::Releases, released),
            (false, false) => (lends, certainty),
        };
        let given_back = |exit: &&&Exit| {
            let returned =
                |id: EventId| trace.events[id.0 as usize].kind == EventKind::Escaped(Verdict::Returned);
            by(&exit.state).is_none() && matches!(exit.state.phase, Phase::Escaped(id) if returned(id))
        };
        let given_back = ways.iter().filter(given_back).count();
        let ends_rest = !releases.is_empty() && releases.len() + given_back == ways.len();
        let left = trace.left.iter().cloned().chain(settled);
        let passed = with_results(left.collect(), certainty);
        return ParamEffect { outcome, drops: trace.drops, ends_rest, ..passed };
    }
    if let Some(settled) = settled {
        return ParamEffect { outcome: lends, ..with_results(vec![settled], Certainty::Proved) };
    }
    // What comes to its end on some ways alone is open on the others.
    let ended = |id: &EventId| trace.events[id.0 as usize].kind == EventKind::Ended;
    let ends = releases.len() < ways.len() && releases.iter().all(ended) && !gets_error(scopes);
    match releases.len() {
        _ if ends => ParamEffect { outcome: lends, ..ParamEffect::lent(Certainty::Proved) },
        0 => ParamEffect { outcome: lends, ..ParamEffect::lent(Certainty::Proved) },
        _ => ParamEffect { outcome: ParamOutcome::Releases, ..ParamEffect::lent(released) },
    }
}

/// The error by which a function tells whether it has released what it got: on the ways that give one, or on
/// those that give none, and on no other.
fn settled(
    trace: &Trace,
    ways: &[&Exit],
    scopes: &Scopes,
    is_released: impl Fn(&Exit) -> bool,
) -> Option<(usize, Alias)> {
    let error = scopes.body(BodyId(0)).signature.results.len().checked_sub(1)?;
    let fails = |exit: &&&Exit| trace.fails.get(&exit.span).copied();
    let (released, left): (Vec<&&Exit>, Vec<&&Exit>) = ways.iter().partition(|exit| is_released(exit));
    if released.is_empty() || left.is_empty() {
        return None;
    }
    // `return all, rows.Err()` may be either.
    let on_errors_alone = |these: &[&&Exit], others: &[&&Exit]| {
        these.iter().all(|exit| fails(exit) == Some(true))
            && others.iter().all(|exit| fails(exit) != Some(true))
    };
    if on_errors_alone(&released, &left) {
        Some((error, Alias::Settled { failing: true }))
    } else {
        let on_success = !gets_error(scopes) && on_errors_alone(&left, &released);
        on_success.then_some((error, Alias::Settled { failing: false }))
    }
}

/// Whether the function is given an error, too: `collect(db.Query(q))`. Where there is one, there is nothing
/// to release.
fn gets_error(scopes: &Scopes) -> bool {
    let params = &scopes.body(BodyId(0)).signature.params;
    params.iter().any(|param| param.ty.as_ident().is_some_and(|ty| &*ty.name == "error"))
}

/// What a predeclared function does with a value: `copy`, and `append` to a part of a slice, write into
/// memory that whoever has the slice sees.
pub(crate) fn builtin(call: &Call, name: &str, place: Operand, alias: &Alias) -> ParamEffect {
    let whole = alias.clone().wrapped(None);
    let writes = |words: &str| ParamOutcome::Puts {
        into: Operand::Arg(0),
        alias: whole.clone(),
        words: words.to_owned(),
    };
    let is_part =
        call.args.first().is_some_and(|first| matches!(first.unparen().kind, ExprKind::Slice { .. }));
    match (name, place) {
        ("copy", Operand::Arg(1)) => {
            ParamEffect { outcome: writes("copied into a slice"), ..ParamEffect::lent(Certainty::Proved) }
        }
        ("append", place) => {
            let lent = with_results(vec![(0, whole.clone())], Certainty::Proved);
            match place {
                Operand::Arg(at) if at > 0 && is_part => {
                    ParamEffect { outcome: writes("appended to a part of a slice"), ..lent }
                }
                _ => lent,
            }
        }
        _ => ParamEffect::lent(Certainty::Proved),
    }
}

/// The parameter that has the resource on this way out because it was put there, and how.
fn put_into<'l>(trace: &'l Trace, state: &State, scopes: &Scopes) -> Option<(Operand, Alias, &'l str)> {
    if matches!(state.phase, Phase::Released(_)) {
        return None;
    }
    state.holders.iter().find_map(|(var, alias)| {
        let how = trace.puts.get(var)?;
        let place = match scopes.info(*var).origin {
            VarOrigin::Param { index: ParamIndex::Receiver, .. } => Operand::Receiver,
            VarOrigin::Param { index: ParamIndex::At(at), .. } => Operand::Arg(at as usize),
            _ => return None,
        };
        Some((place, alias.clone(), how.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::{body, fates};

    #[test]
    fn a_callee_that_fails_may_leave_it_with_nobody() {
        let wrap = |failing: &str| {
            fates(&format!(
                "type box struct{{ c *client }}\nfunc wrap(c *client) (*box, error) {{\nif some() {{\n\
                 {failing}\nreturn nil, fail()\n}}\nreturn &box{{c}}, nil\n}}\nfunc fail() error\n\
                 func f() (*box, error) {{\nc := make1()\nreturn wrap(c)\n}}"
            ))
        };
        assert!(wrap("").last().unwrap().starts_with("leaked on some paths"), "{:?}", wrap(""));
        assert!(wrap("c.Close()").last().unwrap().starts_with("returned"), "{:?}", wrap("c.Close()"));
    }

    #[test]
    fn a_slice_has_what_is_appended_or_copied() {
        assert_eq!(
            fates("func f() []*client {\nvar all []*client\nall = append(all, make1())\nreturn all\n}"),
            ["returned (4: returned, inside of another value)"]
        );
        assert_eq!(
            body("var all []*client\nall = append(all, make1())\nall[0].Close()"),
            ["released (4: released)"]
        );
        assert_eq!(
            body("c := make1()\n_ = append([]*client{c}[:1], nil)\nlend(c)"),
            ["leaked (5: it is still open when the function ends here)"]
        );
        assert_eq!(
            fates("func f(to []*client) {\ncopy(to, []*client{make1()})\n}"),
            ["stored (2: copied into a slice, inside of another value)"]
        );
    }
}
