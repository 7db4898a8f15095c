//! The acquisitions of one declaration -> a judgement on each.

use std::cell::Cell;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::analysis::channel::process;
use crate::analysis::dataflow::source::Source;
use crate::analysis::dataflow::state::{Alias, EventKind, Phase};
use crate::analysis::dataflow::trace::{Exit, ExitKind, Trace};
use crate::analysis::dataflow::walk::{MAX_VISITS, is_failure};
use crate::analysis::file_context::FileContext;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, Scopes, VarId};
use crate::analysis::placement::anchor::AnchorSite;
use crate::analysis::placement::{anchor, naming};
use crate::analysis::proof;
use crate::analysis::summaries::wrapped;
use crate::analysis::verdict::case::{Asked, Case, Graphs, Judge, Kind};
use crate::analysis::verdict::judgement::{Fault, Judgement};
use crate::analysis::verdict::outcome::Outcome;
use crate::analysis::verdict::release_site::ReleaseSite;
use crate::base::diagnostic::*;
use crate::base::text::Span;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::expressions::Callee;
use crate::go::types::release::Gives;
use crate::go::types::type_expr::Type;

/// What following the acquisitions of one declaration may take, in visits of blocks and places kept: then
/// what is left is not analysed.
pub(crate) const MAX_EFFORT: usize = 50 * MAX_VISITS;

/// The calls of one declaration, in order.
pub fn judge(judge: &Judge, place: &FileContext, decl: &Decl, calls: &[Asked]) -> Vec<Judgement> {
    judge_within(MAX_EFFORT, judge, place, decl, calls)
}

/// As [`judge`], with what effort that may take.
pub(crate) fn judge_within(
    effort: usize,
    judge: &Judge,
    place: &FileContext,
    decl: &Decl,
    calls: &[Asked],
) -> Vec<Judgement> {
    let (scopes, func) = match decl {
        Decl::Func(func) => (Scopes::of_func(func), Some(&**func)),
        Decl::Vars(specs) => (Scopes::of_vars(specs), None),
        _ => return Vec::new(),
    };
    let typing = Typing::new(judge.database, place.scope.clone(), &scopes);
    let mut calls_there: FxHashMap<Span, &Call> = FxHashMap::default();
    for call in visit::calls(decl) {
        calls_there.entry(call.span).or_insert(call);
    }
    let (budget, graphs) = (Cell::new(effort), Graphs::default());
    let mut cases = Vec::new();
    for wanted in calls {
        let Some(&call) = calls_there.get(&wanted.call) else { continue };
        let (scopes, typing, budget, graphs) = (&scopes, &typing, &budget, &graphs);
        cases.push(Case { judge, place, decl, func, scopes, typing, call, wanted, budget, graphs });
    }
    let (mut judgement, sites): (Vec<Judgement>, Vec<Traced>) = cases.iter().map(Case::judge).unzip();
    for (at, case) in cases.iter().enumerate() {
        let Some(release_site) = &sites[at].release_site else { continue };
        let doubtful = release_site.found.shared || release_site.found.doubt.is_some();
        let others = (0..cases.len()).filter(|other| doubtful && *other != at);
        let others: Vec<Option<&ReleaseSite>> = others
            .filter(|other| cases[*other].leads_to(&sites[*other], &release_site.found))
            .map(|other| sites[other].release_site.as_ref())
            .collect();
        let place = if others.is_empty() {
            Ok(release_site.clone())
        } else {
            case.place_for_all(release_site, &others)
        };
        let anchor =
            place.map(|release_site| case.anchor(&release_site, &judgement[at].acquisition.closable));
        if let Some(placed) = judgement[at].placed() {
            match anchor {
                Ok(anchor) => placed.anchor = Some(anchor),
                Err(obstacle) => placed.obstacle = Some(obstacle),
            }
        }
    }
    for (case, one) in cases.iter().zip(&mut judgement) {
        let closable = one.acquisition.closable.clone();
        if let Some(placed) = one.placed() {
            placed.proof = case.proof(placed, &closable);
        }
        one.exposed();
    }
    let body = |one: &Judgement| scopes.body_around(one.acquisition.span);
    one_lifted(&mut judgement, &body);
    naming::keep_apart(
        judgement.iter_mut().filter_map(|one| Some((body(one), one.placed()?.anchor.as_mut()?))),
    );
    judgement
}

/// Of several declarations of one name that would move out of the headers of statements in one body, the
/// first does: the others have to wait until that is done.
fn one_lifted(judgement: &mut [Judgement], body: &dyn Fn(&Judgement) -> Option<BodyId>) {
    let mut lifted: Vec<(Option<BodyId>, Arc<str>)> = Vec::new();
    for one in judgement {
        let body = body(one);
        let Some(placed) = one.placed() else { continue };
        let Some(anchor) = &placed.anchor else { continue };
        if !matches!(anchor.binding, Binding::Header { .. } | Binding::Lifted { .. }) {
            continue;
        }
        let name = (body, anchor.variable.clone());
        if lifted.contains(&name) {
            placed.anchor = None;
            placed.obstacle = Some(format!("another `{}` would stand in the same block", name.1));
        } else {
            lifted.push(name);
        }
    }
}

/// What was found out of an acquisition beside its judgement. The trace is not among it: it is as long as the
/// declaration, and there may be as many of them as the declaration has calls.
struct Traced {
    /// The variables that are the resource somewhere.
    names: FxHashSet<VarId>,
    release_site: Option<ReleaseSite>,
}

impl<'a> Case<'a, '_> {
    /// The judgement, and what led to it.
    fn judge(&self) -> (Judgement, Traced) {
        let kind = self.kind();
        let nothing = matches!(kind.answer.closable, Closable::Nothing(_));
        let unknown = matches!(kind.answer.closable, Closable::Unknown(_)) && !self.judge.assume_closable;
        let site = self.site(&kind);
        let body = site.map(|site| site.body);
        let mut trace = match site {
            Some(site) if !nothing => Some(self.walk(site.body, &[site.source], self.followed(&kind))),
            _ => None,
        };
        let outcome = match (&trace, body) {
            _ if nothing => self.nothing(&kind),
            (Some(Err(why)), _) => self.given_up(why),
            (Some(Ok(trace)), Some(body)) => self.outcome(trace, body, &kind),
            _ => self.package_level(),
        };
        let mut outcome =
            if unknown && outcome.verdict != Verdict::Released && outcome.verdict != Verdict::NotAnalysed {
                self.unknown(&kind)
            } else {
                outcome
            };
        if let (Some(Ok(trace)), Some(body), false) = (&trace, body, unknown) {
            outcome = self.overlooked(&outcome, trace, body, &kind).unwrap_or(outcome);
        }
        if let Some(site) = site.filter(|_| !unknown)
            && let Some((trusted, found)) = self.left_by_unread(&outcome, site, &kind)
        {
            (trace, outcome) = (Some(Ok(trusted)), found);
        } else if let (Some(Ok(walked)), Some(site), false) = (&trace, site, unknown)
            && let Some((lent, found)) = self.left_before_own_release(&outcome, (walked, site), &kind)
        {
            (trace, outcome) = (Some(Ok(lent)), found);
        }
        let mut told = None;
        if let (Some(Ok(trace)), Some(body), false) = (&trace, body, unknown) {
            told = self.overwritten(&outcome, trace, body, &kind);
            told = told.or_else(|| self.left_by_goroutine(&outcome, trace, body, &kind));
        }
        let (by_others, remedy) = told.unzip();
        outcome = by_others.unwrap_or(outcome);
        if outcome.verdict.is_finding() {
            outcome = self.kept_by_maker(&kind).unwrap_or(outcome);
        }
        if outcome.verdict.is_finding() && self.ends_with_main(&trace, body) {
            outcome = self.until_exit();
        }
        let mut leak = self.leak(&outcome);
        if let (Some(fault), Some(remedy)) = (&mut leak, remedy) {
            fault.remedy = remedy;
        }
        let release_site = match (&trace, site, &mut leak) {
            (Some(Ok(trace)), Some(site), Some(Fault { remedy: Remedy::Release(placed), .. })) => {
                self.place(trace, site, &kind, placed)
            }
            _ => None,
        };
        let mut faults: Vec<Fault> = leak.into_iter().collect();
        if let (Some(Ok(trace)), Some(body), false) = (&trace, body, unknown || self.wanted.by_name) {
            // What a method opens is there before, and may be opened and released again.
            if kind.gives() != Gives::Receiver {
                faults.extend(self.misuses(trace, body, &kind));
            }
            let kept = self.kept(trace, body, &kind, &mut outcome);
            faults.extend(kept.or_else(|| self.dropped(trace, body, &kind, &outcome)));
        }
        let lent = || {
            !self.wanted.by_name
                && (wrapped::lent_argument(self.typing, self.call).is_some() || self.lent(&kind).is_some())
        };
        // A maker that forgets it on some ways out gives it to its callers on the others.
        // What it has released, and returns all the same, is no duty of theirs.
        let is_returned = |exit: &Exit, trace: &Trace| match exit.state.phase {
            Phase::Escaped(id) => !matches!(
                trace.events[id.0 as usize].kind,
                EventKind::Escaped(Verdict::Released | Verdict::PassedOn)
            ),
            _ => false,
        };
        let returns = |trace: &Trace| trace.exits.iter().any(|exit| is_returned(exit, trace));
        let gives_out = matches!(outcome.verdict, Verdict::Returned | Verdict::LeakedOnSomePaths)
            && matches!(&trace, Some(Ok(trace)) if returns(trace));
        let given = |wanted: fn(&Alias) -> bool| match (&trace, body) {
            (Some(Ok(trace)), Some(BodyId(0)))
                if gives_out && self.is_free(trace) && !lent() && !self.gives_either(trace) =>
            {
                trace.left.iter().filter(|(_, alias)| wanted(alias)).map(|(index, _)| *index).collect()
            }
            _ => Vec::new(),
        };
        let mut returned = given(|alias| *alias == Alias::Itself);
        let mut wrapped = given(|alias| matches!(alias, Alias::Inside(_)));
        // Whoever gets it twice may release either.
        if self.wanted.by_name && returned.len() + wrapped.len() > 1 {
            returned.clear();
            wrapped.clear();
        }
        let unknown = self.constructor().filter(|_| unknown);
        let shown = trace.iter().flatten().find_map(|trace| trace.released_by.first().cloned());
        faults.sort_by_key(|fault| fault.verdict);
        let type_certainty = kind.answer.certainty;
        let mut notes = Vec::new();
        if let (
            Some(Ok(trace)),
            Some(ReleaseSite { found, iteration: None | Some(Iteration::Literal { .. }), .. }),
        ) = (&trace, &release_site)
        {
            notes.extend(self.exit_after(trace, found));
        }
        if let (Some(body), Verdict::Leaked | Verdict::LeakedOnSomePaths | Verdict::Released) =
            (body, outcome.verdict)
            && self.wanted.lifetime.one_for_all
        {
            notes.extend(self.per_request(body));
        }
        // That a field is never released is no more than a guess at what becomes of a struct: the fate stays
        // what it is.
        let worst = faults.iter().find(|fault| fault.kind != FaultKind::NeverReleased);
        let opens_receiver = match (&trace, body) {
            (Some(Ok(trace)), Some(body)) => {
                outcome.verdict == Verdict::Stored && self.opens_receiver(trace, body)
            }
            _ => false,
        };
        let acquisition = self.acquisition(kind, outcome, worst, notes);
        let judgement = Judgement {
            acquisition,
            type_certainty,
            faults,
            unknown,
            shown,
            returned,
            wrapped,
            opens_receiver,
        };
        let states =
            trace.iter().flatten().flat_map(|trace| trace.after.values().chain(trace.enter.values()));
        let names = states
            .flatten()
            .flat_map(|state| &state.holders)
            .filter(|(_, alias)| *alias == Alias::Itself)
            .map(|(var, _)| *var)
            .collect();
        (judgement, Traced { names, release_site })
    }

    /// Whether the variable may be this resource at a place that was found for another one.
    fn leads_to(&self, traced: &Traced, found: &AnchorSite) -> bool {
        if !traced.names.contains(&found.variable) {
            return false;
        }
        let kind = self.kind();
        let Some(site) = self.site(&kind) else { return false };
        let Ok(trace) = self.walk(site.body, &[site.source], kind.target()) else { return false };
        let states = trace.at(found.place).unwrap_or_default();
        states.iter().any(|state| state.alias(found.variable) == Some(&Alias::Itself))
    }

    /// Whether the caller gets the resource without a release that is due already, or a function beside it
    /// that may release it. What comes with an error may be released: nobody looks at it.
    fn is_free(&self, trace: &Trace) -> bool {
        if trace.left.iter().any(|(_, alias)| matches!(alias, Alias::Function { .. })) {
            return false;
        }
        let given = |exit: &&Exit| matches!(exit.state.phase, Phase::Escaped(_));
        let failed = |exit: &Exit| is_failure(self.scopes, BodyId(0), exit);
        trace.exits.iter().filter(given).all(|exit| exit.state.due.is_none() || failed(exit))
    }

    fn leak(&self, outcome: &Outcome) -> Option<Fault> {
        let placed = ReleaseCandidate { obstacle: outcome.obstacle.clone(), ..ReleaseCandidate::default() };
        outcome.verdict.is_finding().then(|| Fault {
            kind: FaultKind::Leak,
            verdict: outcome.verdict,
            certainty: outcome.certainty,
            evidence: outcome.evidence.clone(),
            message: outcome.message.clone(),
            remedy: Remedy::Release(Box::new(placed)),
        })
    }

    /// Whether all that is wrong is that `main` comes to its end, or what runs once in the life of a process
    /// besides.
    fn ends_with_main(&self, trace: &Option<Result<Trace, &'static str>>, body: Option<BodyId>) -> bool {
        let again = |trace: &Trace| trace.exits.iter().any(|exit| exit.kind == ExitKind::Again);
        self.wanted.lifetime.main_ends
            && body.is_some_and(|body| self.ends_with_process(body))
            && matches!(trace, Some(Ok(trace)) if !again(trace))
    }

    fn ends_with_process(&self, body: BodyId) -> bool {
        let (database, package) = (self.judge.database, &self.place.scope.package);
        match (body, self.func) {
            (BodyId(0), Some(func)) => process::runs_once(database, package, func),
            _ => {
                let literal = self.scopes.body(body).block.span;
                process::is_command_literal(self.typing, self.decl, literal)
            }
        }
    }

    /// Whether it is proved that a release at the place does no harm; asked only where nothing else speaks
    /// against it.
    fn proof(&self, placed: &ReleaseCandidate, closable: &Closable) -> Option<Result<Proof, Objection>> {
        let anchor = placed.anchor.as_ref().filter(|anchor| anchor.doubt.is_none())?;
        let Closable::By(release) = closable else { return None };
        let kind = self.kind();
        let site = self.site(&kind)?;
        let holder = match (&anchor.binding, site.source) {
            (_, Source::Assigned { var, .. }) => Some(var),
            (Binding::Bound, _) => self.holder(&kind),
            _ => None,
        };
        let tied = self.wanted.tied.map(|tied| {
            let ty = self.typing.results(self.call).into_iter().nth(tied);
            (tied, ty.unwrap_or_else(|| Type::unknown("what comes with it is not known")))
        });
        Some(proof::prove(&proof::subject::Subject {
            tied: tied.as_ref().map(|(result, ty)| (*result, ty)),
            typing: self.typing,
            summaries: self.judge.summaries,
            place: proof::subject::SubjectFile {
                path: self.place.path,
                text: self.place.text,
                lines: self.place.lines,
            },
            decl: self.decl,
            call: self.call,
            result: kind.result,
            given: kind.gives(),
            ty: &kind.ty,
            releases: self.wanted.releases,
            release,
            named: self.is_named(),
            repeatable: kind.repeatable,
            body: site.body,
            is_bound: anchor.binding == Binding::Bound,
            holder,
            at: anchor.place.offset(),
            cleanup: anchor.scope.test.is_some() && anchor.scope.late,
        }))
    }

    /// Whether the rule's data name the very function or method that is called, and none of the repository's
    /// own that passes its result on.
    fn is_named(&self) -> bool {
        let callee = self.typing.callee(self.call);
        // Whatever has a function in a variable may have another one there.
        if matches!(callee, Callee::FuncValue(_)) {
            return false;
        }
        let own = callee.func().is_some_and(|func| !self.judge.database.is_dependency(&func.package));
        self.wanted.by_name && !own
    }

    /// The variable that the acquiring call itself gives the resource to, or that has it by the call.
    pub(crate) fn holder(&self, kind: &Kind) -> Option<VarId> {
        if kind.gives() == Gives::Receiver {
            return self.scopes.var(self.call.receiver()?.as_ident()?);
        }
        let names = anchor::names_bound(self.decl, self.call.span)?;
        self.scopes.var(&Ident { span: *names.get(kind.result)?, name: "".into() })
    }

    /// The acquisition as it is; the `worst` fault says more of it than its fate.
    fn acquisition(
        &self,
        kind: Kind,
        outcome: Outcome,
        worst: Option<&Fault>,
        notes: Vec<Note>,
    ) -> Acquisition {
        let (line, column) = self.place.lines.line_column(self.call.span.start);
        let constructor = self.callee_text();
        let (verdict, of_fate, evidence) = match worst {
            Some(fault) => (fault.verdict, fault.certainty, fault.evidence.clone()),
            None => (outcome.verdict, outcome.certainty, outcome.evidence),
        };
        let certainty = match verdict {
            Verdict::NothingToRelease => kind.answer.certainty,
            _ => of_fate.and(kind.answer.certainty),
        };
        Acquisition {
            rule: self.wanted.rule.clone(),
            path: self.place.path.clone(),
            span: self.call.span,
            line,
            column,
            constructor,
            name: self.bound(&kind),
            function: self.func.map(FuncDecl::display_name),
            type_name: kind.answer.type_name,
            closable: kind.answer.closable,
            verdict,
            certainty,
            evidence,
            notes,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::{fates_within, places, places_in};

    #[test]
    fn one_release_is_for_all_that_the_variable_may_be() {
        assert_eq!(
            places(
                "var c *client\nvar err error\nif some() {\nc, err = open()\n} else {\nc, err = open()\n\
                 }\nif err != nil {\nreturn err\n}\nlend(c)\nreturn nil"
            ),
            ["c after 11, proved", "c after 11, proved"]
        );
    }

    #[test]
    fn a_variable_that_is_another_one_s_has_no_say() {
        assert_eq!(
            places(
                "var c *client\nvar err error\nif some() {\nc, err = open()\n}\nif err != nil {\n\
                 return err\n}\nd := make1()\nlend(c)\nlend(d)\nreturn nil"
            ),
            ["c after 9, doubtful: it is not acquired on every way that leads here", "d after 10, proved"]
        );
    }

    #[test]
    fn no_release_fits_what_needs_none_beside_what_needs_one() {
        assert_eq!(
            places_in(
                "var shared *client\nfunc newShared() (*client, error) { return shared, nil }\n\
                 func f() error {\nvar c *client\nvar err error\nif some() {\nc, err = open()\n} else {\n\
                 c, err = newShared()\n}\nif err != nil {\nreturn err\n}\nlend(c)\nreturn nil\n}"
            ),
            ["`c` is made in more than one place, and no release fits them all", "no leak"]
        );
    }

    #[test]
    fn what_takes_more_effort_than_is_left_is_not_analysed() {
        assert_eq!(
            fates_within(1, "func f() {\nc := make1()\nd := make1()\nlend(c)\nd.Close()\n}"),
            [
                "leaked (6: it is still open when the function ends here)",
                "not analysed (3: the function acquires more than is followed in one)"
            ]
        );
        assert_eq!(
            fates_within(100, "func f() {\nc := make1()\nd := make1()\nlend(c)\nd.Close()\n}"),
            ["leaked (6: it is still open when the function ends here)", "released (5: released)"]
        );
    }
}
