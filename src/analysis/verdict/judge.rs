//! One acquisition -> its verdict with the evidence, and the place where a release would stand.

use std::cell::Cell;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::analysis::dataflow::oracle::Oracle;
use crate::analysis::dataflow::source::Source;
use crate::analysis::dataflow::state::{Alias, EventId, EventKind, Phase, State};
use crate::analysis::dataflow::trace::{Exit, ExitKind, Trace};
use crate::analysis::dataflow::walk::{MAX_VISITS, walk};
use crate::analysis::file_context::FileContext;
use crate::analysis::graph::control_flow::Cfg;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, Scopes, VarId};
use crate::analysis::placement::anchor;
use crate::analysis::placement::anchor::AnchorSite;
use crate::analysis::placement::{in_scope, iteration, naming};
use crate::analysis::proof;
use crate::analysis::summaries::callee::{Calls, Stack};
use crate::analysis::summaries::result_ownership::ResultOwnership;
use crate::analysis::summaries::{dynamic_types, wrapped};
pub use crate::analysis::verdict::case::{Asked, Judge, Usage};
pub(crate) use crate::analysis::verdict::case::{Case, Kind};
pub(crate) use crate::analysis::verdict::outcome::Outcome;
use crate::analysis::verdict::site::Site;
use crate::base::diagnostic::*;
use crate::base::text::Span;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::closable::ClosableAnswer;
use crate::go::types::expressions::Callee;
use crate::go::types::members::Member;
use crate::go::types::release::{Gives, Lifetime};
use crate::go::types::type_expr::{Type, guess_package_name};

/// What following the acquisitions of one declaration may take, in visits of blocks and places kept: then
/// what is left is not analysed.
const MAX_EFFORT: usize = 50 * MAX_VISITS;

/// A judgement.
#[derive(Debug)]
pub struct Judgement {
    pub acquisition: Acquisition,
    /// Whether its type is proved.
    pub type_certainty: Certainty,
    /// What is wrong with it, at most one of each kind.
    pub faults: Vec<Fault>,
    /// A constructor of unknown type that is released here: its name and the method, an entry of [`Usage`].
    pub usage: Option<(String, String)>,
    /// The results through which the enclosing function gives the resource to its callers, for them to
    /// release.
    pub returned: Vec<usize>,
    /// The results through which it gives them something with the resource inside.
    pub wrapped: Vec<usize>,
}

impl Judgement {
    /// Where the release of a leak stands.
    fn placed(&mut self) -> Option<&mut ReleaseCandidate> {
        self.faults.iter_mut().find_map(|fault| match (fault.kind, &mut fault.remedy) {
            (FaultKind::Leak, Remedy::Release(placed)) => Some(&mut **placed),
            _ => None,
        })
    }
}

impl Judgement {
    /// A leak of what is seen by somebody who outlives the function, though no way that was walked shows it,
    /// is none.
    fn exposed(&mut self) {
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

/// The calls of one declaration, in order.
pub fn judge(judge: &Judge, place: &FileContext, decl: &Decl, calls: &[Asked]) -> Vec<Judgement> {
    let (scopes, func) = match decl {
        Decl::Func(func) => (Scopes::of_func(func), Some(&**func)),
        Decl::Vars(specs) => (Scopes::of_vars(specs), None),
        _ => return Vec::new(),
    };
    let typing = Typing::new(judge.database, place.scope.clone(), &scopes);
    let calls_there = visit::calls(decl);
    let budget = Cell::new(MAX_EFFORT);
    let mut cases = Vec::new();
    for wanted in calls {
        let Some(&call) = calls_there.iter().find(|call| call.span == wanted.call) else { continue };
        let (scopes, typing, budget) = (&scopes, &typing, &budget);
        cases.push(Case { judge, place, decl, func, scopes, typing, call, wanted, budget });
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
        usage: None,
        returned: Vec::new(),
        wrapped: Vec::new(),
    }
}

/// What was found out of an acquisition beside its judgement. The trace is not among it: it is as long as the
/// declaration, and there may be as many of them as the declaration has calls.
struct Traced {
    /// The variables that are the resource somewhere.
    names: FxHashSet<VarId>,
    release_site: Option<ReleaseSite>,
}

/// Where a release could stand.
#[derive(Clone)]
struct ReleaseSite {
    site: Site,
    found: AnchorSite,
    iteration: Option<Iteration>,
    /// What runs when the test ends, or after that, uses the resource.
    late: bool,
    /// Who else may have a say in its release.
    doubt: Option<String>,
    /// The type that is released there, if it is known.
    target: Option<Type>,
}

impl<'a> Case<'a, '_> {
    /// The judgement, and what led to it.
    fn judge(&self) -> (Judgement, Traced) {
        let kind = self.kind();
        let nothing = matches!(kind.answer.closable, Closable::Nothing(_));
        let unknown = matches!(kind.answer.closable, Closable::Unknown(_)) && !self.judge.assume_closable;
        let site = self.site(&kind);
        let body = site.map(|site| site.body);
        let trace = match site {
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
        if outcome.verdict.is_finding() {
            outcome = self.kept_by_maker(&kind).unwrap_or(outcome);
        }
        if outcome.verdict.is_finding() && self.ends_with_main(&trace, body) {
            outcome = self.until_exit();
        }
        let mut leak = self.leak(&outcome);
        let release_site = match (&trace, site, &mut leak) {
            (Some(Ok(trace)), Some(site), Some(Fault { remedy: Remedy::Release(placed), .. })) => {
                self.place(trace, site, &kind, placed)
            }
            _ => None,
        };
        let mut faults: Vec<Fault> = leak.into_iter().collect();
        if let (Some(Ok(trace)), Some(body), false) = (&trace, body, unknown || self.wanted.by_name) {
            faults.extend(self.misuses(trace, body, &kind));
            faults.extend(self.kept(trace, body, &kind, &mut outcome));
        }
        let lent = || {
            !self.wanted.by_name
                && (wrapped::lent_argument(self.typing, self.call).is_some() || self.lent(&kind).is_some())
        };
        // A maker that forgets it on some ways out gives it to its callers on the others.
        // What it has released, and returns all the same, is no duty of theirs.
        let is_returned = |exit: &Exit, trace: &Trace| match exit.state.phase {
            Phase::Given(id) => !matches!(
                trace.events[id.0 as usize].kind,
                EventKind::Given(Verdict::Released | Verdict::PassedOn)
            ),
            _ => false,
        };
        let returns = |trace: &Trace| trace.exits.iter().any(|exit| is_returned(exit, trace));
        let gives_out = matches!(outcome.verdict, Verdict::Returned | Verdict::LeakedOnSomePaths)
            && matches!(&trace, Some(Ok(trace)) if returns(trace));
        let given = |wanted: fn(&Alias) -> bool| match (&trace, body) {
            (Some(Ok(trace)), Some(BodyId(0))) if gives_out && is_free(trace) && !lent() => {
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
        let shown = |trace: &Trace| Some((self.constructor()?, trace.released_by.first()?.clone()));
        let usage = trace.as_ref().filter(|_| unknown).and_then(|trace| trace.as_ref().ok()).and_then(shown);
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
        {
            notes.extend(self.per_request(body));
        }
        // That a field is never released is no more than a guess at what becomes of a struct: the fate stays
        // what it is.
        let worst = faults.iter().find(|fault| fault.kind != FaultKind::NeverReleased);
        let acquisition = self.acquisition(kind, outcome, worst, notes);
        let judgement = Judgement { acquisition, type_certainty, faults, usage, returned, wrapped };
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

    /// Where a release could stand as things are. If nowhere, `placed` says why not, or where it could with a
    /// change beside it.
    fn place(
        &self,
        trace: &Trace,
        site: Site,
        kind: &Kind,
        placed: &mut ReleaseCandidate,
    ) -> Option<ReleaseSite> {
        let replaced = match placed.obstacle {
            Some(_) => match self.replaceable(trace, site.body) {
                Some(replaced) => replaced,
                None => {
                    placed.leaving = self.leaving(trace, site.body, kind);
                    return None;
                }
            },
            None => Vec::new(),
        };
        let Some(found) = self.find(site, trace) else {
            if placed.obstacle.is_none() && !matches!(site.source, Source::Assigned { .. }) {
                placed.anchor = self.unbound(trace, site.body, kind);
            }
            return None;
        };
        if found.in_loop && !replaced.is_empty() {
            return None;
        }
        let obstacle = self
            .way_out_before(trace, site, &found)
            .or_else(|| self.ended(trace))
            .or_else(|| self.lacks_release(found.variable, kind));
        *placed = ReleaseCandidate { obstacle, replaced, ..ReleaseCandidate::default() };
        if placed.obstacle.is_some() {
            return None;
        }
        let iteration = self.iteration(site.body, &found, trace);
        let captured = self.captured_in_test(trace, site.body);
        let late = captured.is_some()
            || trace.events.iter().any(|event| event.kind == EventKind::Cleaning)
            || self.used_in_cleanup(site.body, found.variable);
        let doubt = captured
            .or_else(|| self.altered(trace))
            .or_else(|| self.keeper(trace))
            .or_else(|| self.tied_outlives(site));
        Some(ReleaseSite { site, found, iteration, late, doubt, target: self.followed(kind) })
    }

    /// Where one release could stand for this and all of `others`, which the variable may be there; none is
    /// what needs no release. The error says why nowhere.
    fn place_for_all(
        &self,
        release_site: &ReleaseSite,
        others: &[Option<&ReleaseSite>],
    ) -> Result<ReleaseSite, String> {
        let ReleaseSite { site, target, .. } = release_site;
        let place = || {
            let others: Vec<&ReleaseSite> = others.iter().copied().collect::<Option<_>>()?;
            let sources: Vec<Source> =
                others.iter().chain([&release_site]).map(|one| one.site.source).collect();
            let trace = self.walk(site.body, &sources, target.clone()).ok()?;
            let found = self.find(*site, &trace)?;
            let fits = |other: &&ReleaseSite| {
                self.find(other.site, &trace).is_some_and(|other| other.place == found.place)
            };
            let fine = others.iter().all(fits) && self.way_out_before(&trace, *site, &found).is_none();
            let iteration = self.iteration(site.body, &found, &trace);
            fine.then(|| ReleaseSite { found, iteration, ..release_site.clone() })
        };
        place().ok_or_else(|| {
            let name = &self.scopes.info(release_site.found.variable).name;
            format!("`{name}` is made in more than one place, and no release fits them all")
        })
    }

    /// That the variable is declared as something that has no release: `var p pinger`.
    fn lacks_release(&self, var: VarId, kind: &Kind) -> Option<String> {
        let database = self.judge.database;
        let ty = self.typing.var(var).filter(|ty| ty.why_unknown().is_none())?;
        let behind = matches!(&ty, Type::Pointer(inner) if database.is_interface(inner));
        let answer = || database.closable(self.place.scope, &ty, self.wanted.releases).closable;
        let lacks = match &kind.answer.closable {
            // A rule that names its calls need not release by a method.
            Closable::By(release) if self.wanted.by_name => {
                ty != kind.ty && database.takes_release(&ty, release) == Some(false)
            }
            _ => matches!(answer(), Closable::Nothing(_)),
        };
        let lacks = lacks || behind;
        lacks.then(|| format!("`{}` is declared as `{ty}`, which has no release", self.scopes.info(var).name))
    }

    fn find(&self, site: Site, trace: &Trace) -> Option<AnchorSite> {
        let outside = matches!(site.source, Source::Assigned { .. });
        anchor::find(self.scopes, site.body, site.at, trace, outside, &|var| self.may_serve(var))
    }

    /// How a release at a place that is come by more than once can release what was acquired last.
    fn iteration(&self, body: BodyId, found: &AnchorSite, trace: &Trace) -> Option<Iteration> {
        if found.in_loop {
            return Some(iteration::iteration(self.scopes, body, found, trace, self.place.lines));
        }
        let stack = Stack::new();
        let oracle = self.calls(&stack, None);
        let cfg = Cfg::build(self.scopes.body(body).block, &|call| oracle.ending(call)).ok()?;
        let again = anchor::comes_again(&cfg, found.place);
        again.then(|| {
            Iteration::Neither(
                "a `goto` leads back here, and a `defer` runs when the function ends".to_owned(),
            )
        })
    }

    /// The statements that release it on some ways out, and whose place one `defer` could take. `None` where
    /// some release is none of these, or the resource is handed on.
    fn replaceable(&self, trace: &Trace, body: BodyId) -> Option<Vec<Span>> {
        let mut spans = Vec::new();
        let given = |id: EventId| trace.events[id.0 as usize].kind;
        let passing = |id| matches!(given(id), EventKind::Given(Verdict::PassedOn | Verdict::Captured));
        for State { phase, due, maybe_due, on_error, .. } in trace.exits.iter().map(|exit| &exit.state) {
            let by = match (phase, due) {
                (Phase::Before | Phase::Nil, _) => continue,
                _ if maybe_due.or(*on_error).is_some() => return None,
                (Phase::Given(id), _) if !passing(*id) => return None,
                (Phase::Given(_), None) => return None,
                (Phase::Released(id), None) | (_, Some(id)) => id,
                (_, None) => continue,
            };
            spans.push(trace.events[by.0 as usize].span);
        }
        spans.sort();
        spans.dedup();
        let replaceable = anchor::replaceable(self.scopes.body(body).block, &spans)?;
        // What is reached without this resource releases another one too.
        let shared = |span: &Span| {
            trace
                .after
                .get(&span.end)
                .is_none_or(|states| states.iter().any(|state| state.phase == Phase::Before))
        };
        (!replaceable.iter().any(shared)).then_some(replaceable)
    }

    /// The resource's name in messages.
    pub(crate) fn named(&self, kind: &Kind) -> String {
        self.bound(kind).map_or_else(|| "what it gives".to_owned(), |name| format!("`{name}`"))
    }

    /// A way out on which the resource is open, between the call and the place for its release.
    fn way_out_before(&self, trace: &Trace, site: Site, found: &AnchorSite) -> Option<String> {
        let between = |exit: &&Exit| {
            let open = exit.state.is_open() && !matches!(exit.kind, ExitKind::Stop(_));
            open && site.at.end <= exit.span.start && exit.span.start < found.offset()
        };
        let exit = trace.exits.iter().find(between)?;
        Some(format!(
            "a way out at line {} comes before the check of its error",
            self.place.lines.line(exit.span.start)
        ))
    }

    fn kind(&self) -> Kind {
        let types = self.typing.results(self.call);
        if self.wanted.by_name {
            return self.kind_by_name(&types);
        }
        let answers: Vec<_> = types
            .iter()
            .map(|ty| self.judge.database.closable(self.place.scope, ty, self.wanted.releases))
            .collect();
        let closable = || answers.iter().position(|answer| matches!(answer.closable, Closable::By(_)));
        let named = match self.wanted.gives {
            Some(Gives::Result(result)) => Some(result),
            _ => None,
        };
        let result = named.or_else(closable).unwrap_or(0);
        let error = types.iter().position(Type::is_error).or_else(|| self.unknown_error(&types));
        let success = types.iter().position(|ty| matches!(ty, Type::Basic(name) if &**name == "bool"));
        let ty = types.get(result).cloned().unwrap_or_else(|| Type::unknown("the call gives nothing"));
        let mut answer = answers.into_iter().nth(result).unwrap_or_else(|| ClosableAnswer {
            closable: Closable::Nothing("returns nothing".to_owned()),
            certainty: Certainty::Proved,
            evidence: None,
            type_name: String::new(),
        });
        if matches!(answer.closable, Closable::By(_))
            && let Some(made) = self.made(result)
        {
            answer = made;
        }
        let used = || self.constructor().and_then(|name| self.judge.usage.get(&name));
        if matches!(answer.closable, Closable::Unknown(_))
            && let Some(method) = used()
        {
            answer.closable = Closable::By(Release::method(method, false));
            answer.certainty = Certainty::Proved;
        }
        if self.judge.assume_closable && matches!(answer.closable, Closable::Unknown(_)) {
            answer.closable = Closable::By(Release::method("Close", false));
        }
        Kind { result, error, success, argument: None, ty, answer, repeatable: false }
    }

    /// As [`Case::kind`], where the rule says what the call gives and how that is released.
    fn kind_by_name(&self, types: &[Type]) -> Kind {
        let gives = self.wanted.gives.unwrap_or(Gives::Result(0));
        let (result, argument) = match gives {
            Gives::Result(result) => (result, None),
            Gives::Argument(at) => (0, Some(at)),
        };
        let ty = match gives {
            Gives::Result(result) => types.get(result).cloned(),
            Gives::Argument(at) => self.call.args.get(at).map(|arg| self.typing.of(arg)),
        };
        let ty = ty.unwrap_or_else(|| Type::unknown("what the call gives is not known"));
        let error = types
            .iter()
            .position(Type::is_error)
            .or_else(|| self.unknown_error(types).filter(|error| gives != Gives::Result(*error)));
        let Asked { releases, release, .. } = self.wanted;
        let (mut answer, repeatable) = self.judge.database.released_as_named(&ty, releases, *release);
        if let Some(why) = &self.wanted.quiet {
            answer.closable = Closable::Nothing(why.to_string());
        }
        let success = types.iter().position(|ty| matches!(ty, Type::Basic(name) if &**name == "bool"));
        Kind { result, error, success, argument, ty, answer, repeatable }
    }

    /// The type that is followed: that of the field where the resource is, if it is in one.
    fn followed(&self, kind: &Kind) -> Option<Type> {
        let ty = kind.target()?;
        let Closable::By(Release { way: ReleaseWay::Field(field), .. }) = &kind.answer.closable else {
            return Some(ty);
        };
        match self.judge.database.member(&ty, field) {
            Some(Member::Field(part)) if part.why_unknown().is_none() => Some(part),
            _ => None,
        }
    }

    /// Whether all that is wrong is that `main` comes to its end.
    fn ends_with_main(&self, trace: &Option<Result<Trace, &'static str>>, body: Option<BodyId>) -> bool {
        let ends = self.wanted.lifetime.main_ends && self.is_main() && body == Some(BodyId(0));
        let again = |trace: &Trace| trace.exits.iter().any(|exit| exit.kind == ExitKind::Again);
        ends && matches!(trace, Some(Ok(trace)) if !again(trace))
    }

    /// Why a release at the end of the function may be too early for what came with the resource.
    fn tied_outlives(&self, site: Site) -> Option<String> {
        let tied = self.wanted.tied?;
        let Source::Call { span, .. } = site.source else {
            return Some("what came with it is not followed".to_owned());
        };
        let ty = self.typing.results(self.call).into_iter().nth(tied);
        let source = Source::Call { span, gives: Gives::Result(tied), error: None, success: None };
        let stack = Stack::new();
        let target = ty.filter(|ty| ty.why_unknown().is_none());
        let calls = Calls { releases: &[], lifetime: &Lifetime::default(), ..self.calls(&stack, target) };
        let Ok(trace) =
            walk(self.scopes, site.body, &[source], State::start(), &calls, &Cell::new(MAX_VISITS))
        else {
            return Some("what came with it is used in too many ways to be followed".to_owned());
        };
        let outlives = |id: EventId| &trace.events[id.0 as usize];
        let event = trace.exits.iter().find_map(|exit| match exit.state.phase {
            Phase::Given(id) => Some(outlives(id)),
            _ => exit.state.running.map(outlives),
        })?;
        let line = self.place.lines.line(event.span.start);
        Some(format!("what came with it may be used later: at line {line} it is {}", event.words))
    }

    /// The answer about what the constructor really gives, where that has nothing to release.
    fn made(&self, result: usize) -> Option<ClosableAnswer> {
        let types = dynamic_types::types(self.typing, self.call, result)?;
        let of = |ty: &Type| self.judge.database.closable(self.place.scope, ty, self.wanted.releases);
        let nil = || ClosableAnswer {
            closable: Closable::Nothing("returns nil, and no error".to_owned()),
            certainty: Certainty::Proved,
            evidence: None,
            type_name: String::new(),
        };
        let mut answers = types.iter().map(of);
        let first = answers.next().unwrap_or_else(nil);
        let nothing = |answer: &ClosableAnswer| matches!(answer.closable, Closable::Nothing(_));
        (nothing(&first) && answers.all(|answer| nothing(&answer))).then_some(first)
    }

    /// The function that is called, as `import/path.Name`; `None` for methods and function values.
    fn constructor(&self) -> Option<String> {
        let (package, name) = self.typing.name(&self.call.function)?;
        (!package.is_empty()).then(|| format!("{package}.{name}"))
    }

    /// Where no type is known, the last of several names gets the error.
    fn unknown_error(&self, types: &[Type]) -> Option<usize> {
        let unknown = matches!(types, [ty] if ty.why_unknown().is_some());
        let names = anchor::names_bound(self.decl, self.call.span)?.len();
        (unknown && names > 1).then(|| names - 1)
    }

    pub(crate) fn walk(
        &self,
        body: BodyId,
        sources: &[Source],
        target: Option<Type>,
    ) -> Result<Trace, &'static str> {
        self.walk_with(body, sources, target, false)
    }

    /// As [`Case::walk`]; `comes_back`: as if every call did.
    pub(crate) fn walk_with(
        &self,
        body: BodyId,
        sources: &[Source],
        target: Option<Type>,
        comes_back: bool,
    ) -> Result<Trace, &'static str> {
        let stack = Stack::new();
        let calls = Calls { comes_back, ..self.calls(&stack, target) };
        let left = self.budget.get();
        if left == 0 {
            return Err("the function acquires more than is followed in one");
        }
        let visits = Cell::new(MAX_VISITS);
        let trace = walk(self.scopes, body, sources, State::start(), &calls, &visits);
        let places = trace.as_ref().map_or(0, |trace| trace.after.len() + trace.enter.len());
        self.budget.set(left.saturating_sub(MAX_VISITS - visits.get() + places));
        trace.map_err(|_| "the function has too many branches")
    }

    fn calls<'s>(&'s self, stack: &'s Stack, target: Option<Type>) -> Calls<'a, 's> {
        let releases = self.wanted.releases;
        Calls {
            typing: self.typing,
            summaries: self.judge.summaries,
            stack,
            target,
            releases,
            lifetime: self.wanted.lifetime,
            in_main: self.is_main(),
            comes_back: false,
        }
    }

    pub(crate) fn at(&self, span: Span, words: impl Into<String>) -> Evidence {
        let (line, column) = self.place.lines.line_column(span.start);
        Evidence { path: self.place.path.clone(), line, column, span: Some(span), words: words.into() }
    }

    pub(crate) fn is_main(&self) -> bool {
        let named = |func: &FuncDecl| func.receiver.is_none() && &*func.name.name == "main";
        self.func.is_some_and(named) && &*self.place.scope.package.name == "main"
    }

    /// What the resource is when it is released: "closed".
    pub(crate) fn verb(&self, kind: &Kind) -> &str {
        let Closable::By(release) = &kind.answer.closable else { return "released" };
        let method = self.wanted.releases.iter().find(|method| *method.name == *release.method);
        method.map_or("released", |method| &method.done)
    }

    /// The place for the release of a leak.
    fn anchor(&self, release_site: &ReleaseSite, closable: &Closable) -> Anchor {
        let ReleaseSite { site, found, iteration, late, doubt, .. } = release_site;
        let uncovered = found.shared.then(|| "it is not acquired on every way that leads here".to_owned());
        let subtest = site.subtest.then(|| "it is nil where the subtest failed".to_owned());
        Anchor {
            place: found.place,
            variable: self.scopes.info(found.variable).name.clone(),
            binding: Binding::Bound,
            doubt: found
                .doubt
                .clone()
                .or(uncovered)
                .or(subtest)
                .or_else(|| self.may_be_nil(found))
                .or_else(|| doubt.clone())
                .or_else(|| self.made_around()),
            after_check: site.source.can_fail()
                && found.offset() > self.statement_end(site)
                && found.doubt.is_none(),
            iteration: iteration.clone(),
            scope: InScope { late: *late, ..self.in_scope(site.body, found.offset(), closable) },
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
            (Binding::Bound, _) => self.holder(kind.result),
            _ => None,
        };
        Some(proof::prove(&proof::subject::Subject {
            typing: self.typing,
            summaries: self.judge.summaries,
            place: proof::subject::Place {
                path: self.place.path,
                text: self.place.text,
                lines: self.place.lines,
            },
            decl: self.decl,
            call: self.call,
            result: kind.result,
            ty: &kind.ty,
            releases: self.wanted.releases,
            release,
            body: site.body,
            is_bound: anchor.binding == Binding::Bound,
            holder,
            at: anchor.place.offset(),
            cleanup: anchor.scope.test.is_some() && (anchor.scope.late || anchor.scope.parallel),
        }))
    }

    /// The variable that the acquiring call itself gives the resource to.
    fn holder(&self, result: usize) -> Option<VarId> {
        let names = anchor::names_bound(self.decl, self.call.span)?;
        self.scopes.var(&Ident { span: *names.get(result)?, name: "".into() })
    }

    /// Whether the function itself asks after the place for a release whether there is anything to release.
    fn may_be_nil(&self, found: &AnchorSite) -> Option<String> {
        let line = anchor::compared_with_nil(self.decl, self.scopes, found)
            .map(|span| self.place.lines.line(span.start))?;
        Some(format!("it may be nil: line {line} asks for that"))
    }

    /// The fate of what the caller need not release, whatever it does: what is made around something with an
    /// owner, what is lent, what the maker itself releases.
    fn kept_by_maker(&self, kind: &Kind) -> Option<Outcome> {
        let by_name = self.wanted.by_name;
        if let Some(words) = self.of_another(kind).or_else(|| self.lent(kind)).filter(|_| !by_name) {
            return Some(self.nothing_because(kind.answer.certainty, words));
        }
        let func = self
            .makers()?
            .into_iter()
            .find(|func| wrapped::releases_at_end(self.judge.database, func, kind.result))?;
        Some(self.released_because(format!("`{}` has it released when the test ends", func.decl.name.name)))
    }

    /// The functions that the call may call, as far as their source is there.
    fn makers(&self) -> Option<Vec<FuncRef>> {
        match self.typing.callee(self.call) {
            callee @ (Callee::Func { .. } | Callee::Method { .. }) => Some(vec![callee.func()?.clone()]),
            _ => self.typing.possible_functions(self.call),
        }
    }

    /// Whose release it is, where it has nothing of its own.
    fn of_another(&self, kind: &Kind) -> Option<String> {
        let Closable::By(release) = &kind.answer.closable else { return None };
        let origins = &self.judge.summaries.origins;
        let arg = wrapped::only_passes_on(self.typing, origins, self.call, kind.result, release)?;
        let text = String::from_utf8_lossy(&self.place.text[arg.span.range()]);
        Some(format!(
            "made around `{text}`, which has an owner of its own: its {} is no more than that of `{text}`",
            release.method
        ))
    }

    /// That the callee lends what others have as well, a cached client for one.
    fn lent(&self, kind: &Kind) -> Option<String> {
        let origins = &self.judge.summaries.origins;
        let lent =
            |func: &FuncRef| origins.of(self.judge.database, func, kind.result) == ResultOwnership::Lent;
        let func = self.makers()?.into_iter().find(lent)?;
        Some(format!("`{}` lends what it has for others, too", func.decl.name.name))
    }

    fn made_around(&self) -> Option<String> {
        if self.wanted.by_name {
            return None;
        }
        let arg = wrapped::owned_argument(self.typing, self.call)?.span;
        let text = String::from_utf8_lossy(&self.place.text[arg.range()]);
        Some(format!("it is made around `{text}`, which has an owner of its own"))
    }

    pub(crate) fn in_scope(&self, body: BodyId, offset: u32, closable: &Closable) -> InScope {
        let asks = matches!(closable, Closable::By(release) if release.args.contains(&ReleaseArg::Context));
        let call = asks.then_some((self.call, self.place.text));
        in_scope::in_scope(self.scopes, self.typing, body, offset, call)
    }

    /// Where a release could stand if what no variable holds gets a name.
    fn unbound(&self, trace: &Trace, body: BodyId, kind: &Kind) -> Option<Anchor> {
        let results = self.typing.results(self.call).len();
        let found = naming::find(self.scopes, body, self.call, kind.result, results, trace)?;
        let goes_on = || {
            naming::handed_on(self.scopes, body, self.call.span).into_iter().any(|var| self.may_serve(var))
        };
        let late = !self.is_test(body) && goes_on();
        let scope = InScope { late, ..self.in_scope(body, self.call.span.start, &kind.answer.closable) };
        let package = &self.place.scope.package;
        let imported = |name: &str| {
            let imports = self.place.scope.imports().iter();
            imports
                .map(|import| import.name.as_deref().unwrap_or(guess_package_name(&import.path)))
                .any(|known| known == name)
        };
        let taken = |name: &str| {
            let local = scope.locals.binary_search_by(|known| (**known).cmp(name)).is_ok();
            local
                || imported(name)
                || package.has_func(name)
                || package.has_type(name)
                || package.has_value(name)
        };
        let constructor = &self.place.text[self.call.function.span.range()];
        let free_word = || self.wanted.lifetime.words.name.clone().filter(|name| !taken(name));
        let of_type = || {
            naming::name(
                &String::from_utf8_lossy(constructor),
                &kind.answer.type_name,
                self.place.text,
                &taken,
            )
        };
        let fresh = || free_word().unwrap_or_else(of_type);
        let iteration = match found.binding {
            Binding::Value { statement, .. } if found.in_loop => {
                Some(iteration::round_unbound(self.scopes, body, statement, trace, self.place.lines))
            }
            _ => None,
        };
        Some(Anchor {
            place: found.place,
            variable: found.name.unwrap_or_else(fresh),
            after_check: matches!(found.binding, Binding::Blank(_) | Binding::Header { .. }),
            binding: found.binding,
            doubt: self.site(kind).and_then(|site| self.tied_outlives(site)),
            iteration,
            scope,
        })
    }

    /// The end of the statement that acquires.
    fn statement_end(&self, site: &Site) -> u32 {
        anchor::statement(self.scopes.body(site.body).block, site.at).map_or(site.at.end, |span| span.end)
    }

    /// What is called, as written.
    pub(crate) fn callee_text(&self) -> String {
        String::from_utf8_lossy(&self.place.text[self.call.function.span.range()]).into_owned()
    }

    /// The name that it has, as written.
    pub(crate) fn bound(&self, kind: &Kind) -> Option<String> {
        match kind.gives() {
            Gives::Argument(at) => self.call.args.get(at).map(|arg| self.text_of(arg.span)),
            Gives::Result(result) => self.bound_result(result),
        }
    }

    /// The name that a result of the call has, as written.
    pub(crate) fn bound_result(&self, result: usize) -> Option<String> {
        let names = anchor::names_bound(self.decl, self.call.span)?;
        names.get(result).map(|span| self.text_of(*span)).filter(|name| name != "_")
    }

    fn text_of(&self, span: Span) -> String {
        String::from_utf8_lossy(&self.place.text[span.range()]).into_owned()
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

/// Whether the caller gets the resource without a release that is due already, or a function beside it that
/// may release it.
fn is_free(trace: &Trace) -> bool {
    if trace.left.iter().any(|(_, alias)| matches!(alias, Alias::Function { .. })) {
        return false;
    }
    let given = |exit: &&Exit| matches!(exit.state.phase, Phase::Given(_));
    trace.exits.iter().filter(given).all(|exit| exit.state.due.is_none())
}
