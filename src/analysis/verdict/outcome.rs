//! The fate side of a judgement: the ways out of the body, sorted by what they mean, and the verdict that
//! comes of them.

use crate::analysis::dataflow::state::{Alias, Event, EventId, EventKind, Phase, State};
use crate::analysis::dataflow::trace::{Exit, ExitKind, Trace};
use crate::analysis::dataflow::walk::is_failure;
use crate::analysis::graph::control_flow::Ending;
use crate::analysis::graph::scopes::{BodyId, VarId, VarOrigin};
use crate::analysis::verdict::case::{Beliefs, Case, Kind, MAX_EVIDENCE};
use crate::base::diagnostic::*;
use crate::base::text::Span;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;

const COMES_BACK: Beliefs = Beliefs { comes_back: true, trusts: false, lenders: &[] };

/// The fate side of an acquisition.
pub(crate) struct Outcome {
    pub verdict: Verdict,
    pub certainty: Certainty,
    pub evidence: Vec<Evidence>,
    pub message: String,
    pub obstacle: Option<String>,
}

impl Case<'_, '_> {
    pub(crate) fn nothing(&self, kind: &Kind) -> Outcome {
        let words = match &kind.answer.closable {
            Closable::Nothing(why) => why.clone(),
            _ => String::new(),
        };
        let mut evidence = vec![self.at(self.call.span, words)];
        evidence.extend(kind.answer.evidence.clone());
        Outcome {
            verdict: Verdict::NothingToRelease,
            certainty: kind.answer.certainty,
            evidence,
            message: String::new(),
            obstacle: None,
        }
    }

    /// Nothing to release, though its type has something for that.
    pub(crate) fn nothing_because(&self, certainty: Certainty, words: impl Into<String>) -> Outcome {
        let evidence = vec![self.at(self.call.span, words)];
        Outcome {
            verdict: Verdict::NothingToRelease,
            certainty,
            evidence,
            message: String::new(),
            obstacle: None,
        }
    }

    /// Whether the caller has to release it is not known.
    pub(crate) fn unsure_because(&self, words: String) -> Outcome {
        let nothing = self.nothing_because(Certainty::Assumed, words);
        Outcome { verdict: Verdict::UnknownOwner, ..nothing }
    }

    /// Released by somebody before or after.
    pub(crate) fn released_because(&self, words: String) -> Outcome {
        let evidence = vec![self.at(self.call.span, words)];
        Outcome {
            verdict: Verdict::Released,
            certainty: Certainty::Proved,
            evidence,
            message: String::new(),
            obstacle: None,
        }
    }

    pub(crate) fn unknown(&self, kind: &Kind) -> Outcome {
        let words = match &kind.answer.closable {
            Closable::Unknown(why) => why.clone(),
            _ => String::new(),
        };
        let evidence = vec![self.at(self.call.span, words)];
        Outcome {
            verdict: Verdict::UnknownType,
            certainty: Certainty::Assumed,
            evidence,
            message: String::new(),
            obstacle: None,
        }
    }

    pub(crate) fn given_up(&self, why: &str) -> Outcome {
        let evidence = vec![self.at(self.call.span, why)];
        Outcome {
            verdict: Verdict::NotAnalysed,
            certainty: Certainty::Assumed,
            evidence,
            message: String::new(),
            obstacle: None,
        }
    }

    /// Left to the end of the process by `main`.
    pub(crate) fn until_exit(&self) -> Outcome {
        let evidence = vec![self.at(self.call.span, "left to the end of the process, which `main` comes to")];
        Outcome {
            verdict: Verdict::ProcessLifetime,
            certainty: Certainty::Proved,
            evidence,
            message: String::new(),
            obstacle: None,
        }
    }

    pub(crate) fn package_level(&self) -> Outcome {
        let evidence = vec![self.at(self.call.span, "held by a package variable")];
        Outcome {
            verdict: Verdict::Global,
            certainty: Certainty::Proved,
            evidence,
            message: String::new(),
            obstacle: None,
        }
    }

    /// Derives the verdict from the ways out, in the documented order.
    pub(crate) fn outcome(&self, trace: &Trace, body: BodyId, kind: &Kind) -> Outcome {
        let ways = self.sort(trace, body);
        let event = |id: &EventId| &trace.events[id.0 as usize];
        let simple = |verdict, certainty, evidence| Outcome {
            verdict,
            certainty,
            evidence,
            message: String::new(),
            obstacle: None,
        };
        if !ways.open.is_empty() {
            return self.leaked(trace, &ways, kind);
        }
        let mut given: Vec<&Event> = ways.given.iter().map(event).collect();
        given.sort_by_key(|event| match event.kind {
            EventKind::Escaped(verdict) => (verdict, event.span),
            _ => (Verdict::PassedOn, event.span),
        });
        if let Some(first) = given.first() {
            let EventKind::Escaped(verdict) = first.kind else { return self.given_up("its fate is unclear") };
            return simple(
                verdict,
                first.certainty,
                given.iter().map(|event| self.at(event.span, event.words.clone())).collect(),
            );
        }
        if let Some(first) = ways.released.first() {
            let certainty =
                ways.released.iter().map(|id| event(id).certainty).max().unwrap_or(Certainty::Proved);
            return simple(
                Verdict::Released,
                certainty,
                vec![self.at(event(first).span, event(first).words.clone())],
            );
        }
        if let Some(id) = ways.serving.first() {
            return simple(
                Verdict::ProcessLifetime,
                Certainty::Proved,
                vec![self.at(event(id).span, event(id).words.clone())],
            );
        }
        let failed = |exit: &Exit| exit.state.phase == Phase::Nil && !matches!(exit.kind, ExitKind::Stop(_));
        if trace.exits.iter().any(failed)
            && !trace.after.values().flatten().any(|state| state.phase == Phase::Open)
        {
            let words = "it fails on every way on: there is nothing to release";
            return self.nothing_because(Certainty::Proved, words);
        }
        if is_unreached(trace) {
            return self.unreached(body, kind);
        }
        // No way leads out: the process serves until it ends, or who got it in a loop has it.
        let serving =
            |event: &&Event| event.kind == EventKind::Serving && body == BodyId(0) && self.is_main();
        if let Some(event) = trace.events.iter().find(serving) {
            return simple(
                Verdict::ProcessLifetime,
                Certainty::Proved,
                vec![self.at(event.span, event.words.clone())],
            );
        }
        let handed = |event: &&Event| {
            matches!(event.kind, EventKind::Escaped(_) | EventKind::Running | EventKind::Working)
        };
        if let Some(event) = trace.events.iter().find(handed) {
            let verdict =
                if let EventKind::Escaped(verdict) = event.kind { verdict } else { Verdict::Captured };
            return simple(verdict, event.certainty, vec![self.at(event.span, event.words.clone())]);
        }
        // Still open when the next one is made, it would have a way out; what ends the process may leave
        // it so.
        let released = |event: &&Event| event.kind == EventKind::Released;
        let is_left = trace.exits.iter().any(|exit| exit.state.is_open());
        if let Some(event) = trace.events.iter().find(released).filter(|_| !is_left) {
            return simple(
                Verdict::Released,
                event.certainty,
                vec![self.at(event.span, event.words.clone())],
            );
        }
        let words = "every way out after it ends the process, or there is none";
        simple(Verdict::ProcessLifetime, Certainty::Proved, vec![self.at(self.call.span, words)])
    }

    /// The ways out on which it is left open.
    pub(crate) fn open_ways<'l>(&self, trace: &'l Trace, body: BodyId) -> Vec<&'l Exit> {
        self.sort(trace, body).open
    }

    /// The fate of what no way leads to, behind a `t.Skip` for one: the one that it would have, if that is no
    /// fault.
    fn unreached(&self, body: BodyId, kind: &Kind) -> Outcome {
        let trace = self
            .site(kind)
            .and_then(|site| self.walk_with(site.body, &[site.source], kind.target(), COMES_BACK).ok())
            .filter(|trace| !is_unreached(trace));
        let outcome = trace
            .map(|trace| self.outcome(&trace, body, kind))
            .filter(|outcome| !outcome.verdict.is_finding());
        let words = "no way leads here: what stands before it does not come back";
        outcome.unwrap_or_else(|| self.nothing_because(Certainty::Proved, words))
    }

    fn sort<'l>(&self, trace: &'l Trace, body: BodyId) -> Ways<'l> {
        let is_main = body == BodyId(0) && self.is_main();
        let kind_of = |id: EventId| trace.events[id.0 as usize].kind;
        let lasts = |id: EventId| {
            use Verdict::{Captured, LivesOn, PassedOn, Stored};
            matches!(kind_of(id), EventKind::Escaped(Captured | LivesOn | PassedOn | Stored))
        };
        // What a test's cleanup releases is released, whoever gets it before that.
        let at_end = |state: &State| state.due.is_some_and(|due| kind_of(due) == EventKind::Released);
        let is_returned = |id: EventId| kind_of(id) == EventKind::Escaped(Verdict::Returned);
        // Nothing is to outlive a test: what a goroutine or a handler has and does not release, nobody
        // releases.
        let outlives_test =
            |id: EventId| kind_of(id) == EventKind::Escaped(Verdict::Captured) && self.is_test(body);
        let mut ways = Ways::default();
        for exit in trace.exits.iter().filter(|exit| !self.is_told_elsewhere(trace, exit)) {
            let state = &exit.state;
            match (state.phase, state.due.or(state.maybe_due)) {
                (Phase::Before | Phase::Nil, _) => {}
                (Phase::Open | Phase::Unchecked, Some(id)) if exit.kind == ExitKind::Stop(Ending::Panic) => {
                    ways.released.push(id)
                }
                _ if matches!(exit.kind, ExitKind::Stop(_)) => {}
                (Phase::Open | Phase::Unchecked, Some(id)) | (Phase::Released(id), _) => {
                    ways.released.push(id)
                }
                (Phase::Open | Phase::Unchecked, None) if state.on_error.is_some() => {
                    ways.released.extend(state.on_error);
                    ways.open.push(exit);
                }
                (Phase::Open | Phase::Unchecked, None) => match state.serving.filter(|_| is_main) {
                    Some(id) => ways.serving.push(id),
                    None => ways.open.push(exit),
                },
                // What is captured or kept for a while is released all the same when the function ends; and
                // who got it in a `main` that serves has it for as long as that.
                (Phase::Escaped(id), _) => {
                    match (
                        state.due.filter(|_| !is_returned(id) || at_end(state)),
                        state.serving.filter(|_| is_main),
                    ) {
                        (Some(due), _) => ways.released.push(due),
                        (None, Some(serving)) if lasts(id) => ways.serving.push(serving),
                        (None, _) if outlives_test(id) => ways.open.push(exit),
                        (None, _) => ways.given.push(id),
                    }
                }
            }
        }
        // Where one `return` gives it away or does not, it is a loop that may not have run, not a way that
        // was forgotten.
        let given = |exit: &Exit| {
            matches!(
                exit.state.phase,
                Phase::Escaped(id) if trace.events[id.0 as usize].span == exit.span
            )
        };
        let given: Vec<Span> = trace.exits.iter().filter(|exit| given(exit)).map(|exit| exit.span).collect();
        ways.open.retain(|exit| !given.contains(&exit.span));
        if self.wanted.lifetime.error_ends {
            let asked = self.released_without_error(trace, body);
            let failed = |exit: &Exit| {
                is_failure(self.scopes, body, exit) || asked.is_some_and(|asked| exit.span.start >= asked)
            };
            ways.open.retain(|exit| !failed(exit));
        }
        for list in [&mut ways.released, &mut ways.given, &mut ways.serving] {
            list.sort_by_key(|id| trace.events[id.0 as usize].span);
            list.dedup();
        }
        ways
    }

    /// Where the first `if err == nil` ends within which it is released: on the other side something has
    /// failed.
    fn released_without_error(&self, trace: &Trace, body: BodyId) -> Option<u32> {
        let releases = |event: &&Event| {
            matches!(event.kind, EventKind::Released | EventKind::Ended | EventKind::Deferred)
        };
        let mut found: Option<u32> = None;
        visit::body(self.scopes.body(body).block, &mut |stmt| {
            let StmtKind::If(branch) = &stmt.kind else { return };
            let ExprKind::Binary { op: BinaryOp::Equal, left, right } = &branch.condition.unparen().kind
            else {
                return;
            };
            let error = right.is_nil() && self.typing.of(left).is_error();
            let mut released = trace.events.iter().filter(releases);
            if error && found.is_none() && released.any(|event| branch.then.span.contains(event.span)) {
                found = Some(stmt.span.end);
            }
        });
        found
    }

    /// Whether a variable that outlives the iteration gets the next one where the last is open, and something
    /// releases what it has: what tells the two apart is not followed.
    fn is_told_elsewhere(&self, trace: &Trace, exit: &Exit) -> bool {
        if !self.wanted.by_name || exit.kind != ExitKind::Again {
            return false;
        }
        let releases = |event: &Event| {
            matches!(event.kind, EventKind::Released | EventKind::Ended | EventKind::Deferred)
        };
        let declared_there = |var: VarId| match self.scopes.info(var).origin {
            VarOrigin::Value { value, .. } => value.span == self.call.span,
            _ => false,
        };
        let mut holders = exit.state.holders.iter().filter(|(_, alias)| *alias == Alias::Itself);
        trace.events.iter().any(releases) && holders.any(|(var, _)| !declared_there(*var))
    }

    fn leaked(&self, trace: &Trace, ways: &Ways, kind: &Kind) -> Outcome {
        let event = |id: &EventId| &trace.events[id.0 as usize];
        let mut evidence: Vec<Evidence> = Vec::new();
        let read = trace.events.iter().any(|event| event.kind == EventKind::Read);
        let mut certainty = if read { Certainty::Assumed } else { Certainty::Proved };
        let state = self.wanted.lifetime.words.open();
        for exit in &ways.open {
            if let Some(id) = &exit.state.overwritten {
                let found = self.at(event(id).span, event(id).words.clone());
                if !evidence.contains(&found) {
                    evidence.push(found);
                }
                continue;
            }
            let words = match exit.kind {
                ExitKind::Return => format!("it is still {state} when the function returns here"),
                ExitKind::End => format!("it is still {state} when the function ends here"),
                ExitKind::Again => format!("it is still {state} when the next one is made here"),
                ExitKind::Stop(_) => format!("it is still {state} here"),
            };
            let found = self.at(exit.span, words);
            if evidence.len() < MAX_EVIDENCE && !evidence.contains(&found) {
                evidence.push(found);
            }
        }
        for exit in &ways.open {
            let Phase::Escaped(id) = exit.state.phase else { continue };
            let found = self.at(event(&id).span, event(&id).words.clone());
            certainty = certainty.and(event(&id).certainty);
            if !evidence.contains(&found) {
                evidence.push(found);
            }
        }
        let held = || {
            ways.open
                .iter()
                .find_map(|exit| exit.state.holders.iter().find(|(_, alias)| *alias == Alias::Itself))
        };
        let variable = || held().map(|(var, _)| self.scopes.info(*var).name.to_string());
        let name = self
            .bound(kind)
            .or_else(variable)
            .map_or_else(|| format!("the result of `{}`", self.callee_text()), |name| format!("`{name}`"));
        let verb = self.verb(kind);
        let line = evidence.first().map_or(0, |evidence| evidence.line);
        let first = ways.open.first().and_then(|exit| exit.state.overwritten);
        let how = match first {
            Some(_) => format!("overwritten while still {state} at line {line}"),
            None => format!("still {state} on the way out at line {line}"),
        };
        let others: Vec<&EventId> = ways.released.iter().chain(&ways.given).collect();
        if others.is_empty() {
            let message = format!("{name} is never {verb}: {how}");
            return Outcome { verdict: Verdict::Leaked, certainty, evidence, message, obstacle: None };
        }
        evidence.extend(others.iter().map(|id| self.at(event(id).span, event(id).words.clone())));
        let certainty = others.iter().map(|id| event(id).certainty).fold(certainty, Certainty::and);
        let message = format!("{name} is not {verb} on some paths: {how}");
        let obstacle = match (ways.given.first(), ways.released.first()) {
            (None, Some(_)) if kind.repeatable => {
                return Outcome {
                    verdict: Verdict::LeakedOnSomePaths,
                    certainty,
                    evidence,
                    message,
                    obstacle: None,
                };
            }
            (Some(id), _) => on_other_ways(&event(id).words),
            (None, Some(id)) => format!("it is {} on other ways out already", event(id).words),
            (None, None) => String::new(),
        };
        Outcome {
            verdict: Verdict::LeakedOnSomePaths,
            certainty,
            evidence,
            message,
            obstacle: Some(obstacle),
        }
    }
}

/// What becomes of the resource on other ways out. The words are a clause (`something made from it is
/// returned`) or what follows `it is`.
fn on_other_ways(words: &str) -> String {
    let it = if words.contains(" is ") { "" } else { "it is " };
    format!("on other ways out {it}{words}")
}

/// Whether no way comes to the acquisition. One that does need not come to an end.
fn is_unreached(trace: &Trace) -> bool {
    let without = |state: &State| state.phase == Phase::Before;
    let mut places = trace.after.values().chain(trace.enter.values()).flatten();
    !trace.exits.is_empty() && trace.exits.iter().all(|exit| without(&exit.state)) && places.all(without)
}

/// The ways out, by what they mean.
#[derive(Default)]
struct Ways<'l> {
    open: Vec<&'l Exit>,
    given: Vec<EventId>,
    released: Vec<EventId>,
    serving: Vec<EventId>,
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::{body, evidence, fates};

    #[test]
    fn what_a_loop_without_an_end_makes_is_reached() {
        let of = |used: &str| {
            let looped = format!("for {{\nc, err := open()\nif err != nil {{\ncontinue\n}}\n{used}\n}}");
            fates(&format!("func f() {{\nif some() {{\nreturn\n}}\n{looped}\n}}")).remove(0)
        };
        assert!(of("go lend(c)").starts_with("leaked"), "{}", of("go lend(c)"));
        assert!(of("go lend(c)\nlend(c)").starts_with("captured"), "{}", of("go lend(c)\nlend(c)"));
        assert!(of("lend(c)").starts_with("leaked"), "{}", of("lend(c)"));
        assert!(of("c.Close()").starts_with("released"), "{}", of("c.Close()"));
    }

    #[test]
    fn of_many_ways_out_the_first_are_told() {
        let told = |ways: usize| {
            let ways = "if some() {\nreturn\n}\n".repeat(ways);
            evidence(&format!("func f() {{\nc := make1()\n{ways}lend(c)\n}}")).remove(0)
        };
        assert_eq!((told(0), told(1), told(9)), (vec![4], vec![4, 7], vec![4, 7, 10]));
    }

    #[test]
    fn each_way_out_counts() {
        assert_eq!(
            body("c := make1()\nif some() {\nreturn\n}\nc.Close()"),
            ["leaked on some paths (4: it is still open when the function returns here)"]
        );
        assert_eq!(body("c := make1()\nif some() {\npanic(1)\n}\nc.Close()"), ["released (6: released)"]);
        assert_eq!(
            body("c := make1()\nif some() {\nc = nil\n}\nc.Close()")[0],
            "leaked on some paths (4: overwritten here, and nothing else has it)"
        );
        assert_eq!(
            fates("func f() *client {\nc := make1()\nif some() {\nreturn nil\n}\nreturn c\n}"),
            ["leaked on some paths (4: it is still open when the function returns here)"]
        );
    }
}
