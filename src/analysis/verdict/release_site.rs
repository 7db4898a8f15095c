//! Where the release of a leak could stand, and what speaks against that place.

use std::cell::Cell;

use crate::analysis::dataflow::source::Source;
use crate::analysis::dataflow::state::{EventId, EventKind, Phase, State};
use crate::analysis::dataflow::trace::{Exit, ExitKind, Trace};
use crate::analysis::dataflow::walk::{MAX_VISITS, walk};
use crate::analysis::graph::scopes::{Assigned, BodyId, VarId};
use crate::analysis::placement::anchor::AnchorSite;
use crate::analysis::placement::{anchor, in_scope, iteration, naming};
use crate::analysis::summaries::answers::Stack;
use crate::analysis::summaries::callee::Calls;
use crate::analysis::verdict::case::{Case, Kind};
use crate::analysis::verdict::site::Site;
use crate::base::diagnostic::*;
use crate::base::text::{Span, narrow};
use crate::go::facts::names;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::release::{Gives, Lifetime};
use crate::go::types::type_expr::{Type, guess_package_name};

/// Where a release could stand.
#[derive(Clone)]
pub(crate) struct ReleaseSite {
    pub(crate) site: Site,
    pub(crate) found: AnchorSite,
    pub(crate) iteration: Option<Iteration>,
    /// What runs when the test ends, or after that, uses the resource.
    pub(crate) late: bool,
    /// Who else may have a say in its release.
    pub(crate) doubt: Option<String>,
    /// The type that is released there, if it is known.
    pub(crate) target: Option<Type>,
}

impl Case<'_, '_> {
    /// Where a release could stand as things are. If nowhere, `placed` says why not, or where it could with a
    /// change beside it.
    pub(crate) fn place(
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
            if placed.obstacle.is_none() && site.at == self.call.span {
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
            || self.used_after_defers(site.body, Some(found.variable));
        let doubt = captured
            .or_else(|| self.altered(trace))
            .or_else(|| self.keeper(trace))
            .or_else(|| self.tied_outlives(site));
        Some(ReleaseSite { site, found, iteration, late, doubt, target: self.followed(kind) })
    }

    /// Where one release could stand for this and all of `others`, which the variable may be there; none is
    /// what needs no release. The error says why nowhere.
    pub(crate) fn place_for_all(
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
    pub(crate) fn lacks_release(&self, var: VarId, kind: &Kind) -> Option<String> {
        let database = self.judge.database;
        let ty = self.typing.var(var).filter(|ty| ty.why_unknown().is_none())?;
        let behind = matches!(&ty, Type::Pointer(inner) if database.is_interface(inner));
        let answer = || database.closable(&ty, self.wanted.releases).closable;
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

    pub(crate) fn find(&self, site: Site, trace: &Trace) -> Option<AnchorSite> {
        let outside =
            matches!(site.source, Source::Assigned { .. } | Source::Call { gives: Gives::Receiver, .. });
        anchor::find(self.scopes, site.body, site.at, trace, outside, &|var| self.may_serve(var))
    }

    /// How a release at a place that is come by more than once can release what was acquired last.
    pub(crate) fn iteration(&self, body: BodyId, found: &AnchorSite, trace: &Trace) -> Option<Iteration> {
        if found.in_loop {
            return Some(iteration::iteration(self.scopes, body, found, trace, self.place.lines));
        }
        let cfg = self.graph(body)?;
        let again = anchor::comes_again(&cfg, found.place);
        again.then(|| {
            Iteration::Neither(
                "a `goto` leads back here, and a `defer` runs when the function ends".to_owned(),
            )
        })
    }

    /// The statements that release it on some ways out, and whose place one `defer` could take. `None` where
    /// some release is none of these, or the resource is handed on.
    pub(crate) fn replaceable(&self, trace: &Trace, body: BodyId) -> Option<Vec<Span>> {
        let mut spans = Vec::new();
        let given = |id: EventId| trace.events[id.0 as usize].kind;
        let passing = |id| matches!(given(id), EventKind::Escaped(Verdict::PassedOn | Verdict::Captured));
        for State { phase, due, maybe_due, on_error, .. } in trace.exits.iter().map(|exit| &exit.state) {
            let by = match (phase, due) {
                (Phase::Before | Phase::Nil, _) => continue,
                _ if maybe_due.or(*on_error).is_some() => return None,
                (Phase::Escaped(id), _) if !passing(*id) => return None,
                (Phase::Escaped(_), None) => return None,
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

    /// A way out on which the resource is open, between the call and the place for its release.
    pub(crate) fn way_out_before(&self, trace: &Trace, site: Site, found: &AnchorSite) -> Option<String> {
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

    /// Why a release at the end of the function may be too early for what came with the resource.
    pub(crate) fn tied_outlives(&self, site: Site) -> Option<String> {
        let tied = self.wanted.tied?;
        let Source::Call { span, .. } = site.source else {
            return Some("what came with it is not followed".to_owned());
        };
        if let Some(later) = self.tied_is_used_later(tied) {
            return Some(later);
        }
        let ty = self.typing.results(self.call).into_iter().nth(tied);
        let source = Source::Call { span, gives: Gives::Result(tied), error: None, success: None };
        let stack = Stack::new();
        let target = ty.filter(|ty| ty.why_unknown().is_none());
        let calls =
            Calls { list: None, releases: &[], lifetime: &Lifetime::default(), ..self.calls(&stack, target) };
        let Ok(trace) =
            walk(self.scopes, site.body, &[source], State::start(), &calls, &Cell::new(MAX_VISITS))
        else {
            return Some("what came with it is used in too many ways to be followed".to_owned());
        };
        let outlives = |id: EventId| &trace.events[id.0 as usize];
        let event = trace.exits.iter().find_map(|exit| match exit.state.phase {
            Phase::Escaped(id) => Some(outlives(id)),
            _ => exit.state.running.map(outlives),
        })?;
        let line = self.place.lines.line(event.span.start);
        Some(format!("what came with it may be used later: at line {line} it is {}", event.words))
    }

    /// What a context starts when it ends, and what a test runs when the function has returned, comes later.
    fn tied_is_used_later(&self, tied: usize) -> Option<String> {
        let is_it = |given: &Assigned| given.value.unparen().span == self.call.span && given.index == tied;
        let mut vars = (0..narrow(self.scopes.vars.len())).map(VarId);
        let var = vars.find(|var| self.scopes.assigned(*var).iter().any(is_it))?;
        let uses = |expr: &Expr| self.scopes.uses_in(expr.span).any(|used| used == var);
        visit::calls(self.decl).into_iter().filter(|call| call.args.iter().any(uses)).find_map(|call| {
            let of_test = match &call.function.unparen().kind {
                ExprKind::Selector { operand, .. } => self.typing.of(operand).is_in(&names::types().tests),
                _ => false,
            };
            let words = match call.name()? {
                "AfterFunc" if call.args.first().is_some_and(uses) => "its end starts a function",
                "Cleanup" if of_test => "a clean-up of the test uses what came with it",
                "Run" if of_test && call.args.iter().any(is_parallel) => {
                    "a subtest that runs in parallel uses what came with it"
                }
                _ => return None,
            };
            Some(format!("line {}: {words}", self.place.lines.line(call.span.start)))
        })
    }

    /// The place for the release of a leak.
    pub(crate) fn anchor(&self, release_site: &ReleaseSite, closable: &Closable) -> Anchor {
        let ReleaseSite { site, found, iteration, late, doubt, .. } = release_site;
        let uncovered = found.shared.then(|| "it is not acquired on every way that leads here".to_owned());
        let run = site.doubt.map(str::to_owned);
        Anchor {
            place: found.place,
            variable: self.scopes.info(found.variable).name.clone(),
            binding: Binding::Bound,
            doubt: found
                .doubt
                .clone()
                .or(uncovered)
                .or(run)
                .or_else(|| self.may_be_nil(found))
                .or_else(|| doubt.clone())
                .or_else(|| self.made_around()),
            after_check: site.source.can_fail()
                && found.offset() > self.statement_end(site)
                && found.doubt.is_none(),
            iteration: iteration.clone(),
            scope: InScope {
                late: *late,
                changes: in_scope::changes(self.scopes, self.decl, found.variable, found.offset()),
                ..self.in_scope(site.body, found.offset(), closable)
            },
        }
    }

    /// Whether the function itself asks after the place for a release whether there is anything to release.
    pub(crate) fn may_be_nil(&self, found: &AnchorSite) -> Option<String> {
        let line = anchor::compared_with_nil(self.decl, self.scopes, found)
            .map(|span| self.place.lines.line(span.start))?;
        Some(format!("it may be nil: line {line} asks for that"))
    }

    pub(crate) fn in_scope(&self, body: BodyId, offset: u32, closable: &Closable) -> InScope {
        let asks = matches!(closable, Closable::By(release) if release.args.contains(&ReleaseArg::Context));
        let call = asks.then_some((self.call, self.place.text));
        in_scope::in_scope(self.scopes, self.typing, body, offset, call)
    }

    /// Where a release could stand if what no variable holds gets a name.
    pub(crate) fn unbound(&self, trace: &Trace, body: BodyId, kind: &Kind) -> Option<Anchor> {
        // What a method opens has a name.
        if kind.gives() == Gives::Receiver {
            return None;
        }
        let results = self.typing.results(self.call).len();
        let found = naming::find(self.scopes, body, self.call, kind.result, results, trace)?;
        let goes_on = || {
            naming::handed_on(self.scopes, body, self.call.span).into_iter().any(|var| self.may_serve(var))
        };
        let late = !self.is_test(body) && goes_on() || self.used_after_defers(body, None);
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
        let word = &self.wanted.lifetime.words.name;
        let free_word = || word.clone().filter(|name| !taken(name));
        let of_type = || {
            naming::name(
                &String::from_utf8_lossy(constructor),
                &kind.answer.type_name,
                word.as_deref(),
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
    pub(crate) fn statement_end(&self, site: &Site) -> u32 {
        anchor::statement(self.scopes.body(site.body).block, site.at).map_or(site.at.end, |span| span.end)
    }
}

/// Whether a function literal says that its test runs in parallel.
fn is_parallel(arg: &Expr) -> bool {
    let ExprKind::FuncLit(literal) = &arg.unparen().kind else { return false };
    let mut found = false;
    visit::block(&literal.body, &mut |expr| {
        found |= expr.as_call().is_some_and(|call| call.name() == Some("Parallel"));
    });
    found
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::places;

    #[test]
    fn no_defer_where_it_would_run_too_late_or_too_often() {
        assert_eq!(
            places("again:\nc := make1()\nlend(c)\nif some() {\ngoto again\n}\nreturn nil"),
            ["c after 3, no release in the iteration: a `goto` leads back here, and a `defer` runs when \
                 the function ends, proved"]
        );
        assert_eq!(
            places(
                "c, err := open()\nif some() {\nreturn nil\n}\nif err != nil {\nreturn err\n}\nlend(c)\n\
                 return nil"
            ),
            ["a way out at line 4 comes before the check of its error"]
        );
    }
}
