//! What is said of an acquisition beside its fate: releases at the wrong time, fields that nothing releases,
//! and notes.

use std::sync::Arc;

use crate::analysis::dataflow::state::{Alias, Event, EventKind, Phase};
use crate::analysis::dataflow::trace::{Exit, ExitKind, Trace};
use crate::analysis::graph::control_flow::Ending;
use crate::analysis::graph::known;
use crate::analysis::graph::scopes::{BodyId, VarId, VarOrigin};
use crate::analysis::placement::anchor;
use crate::analysis::placement::anchor::AnchorSite;
use crate::analysis::placement::in_scope::go_is;
use crate::analysis::summaries::field_release::{Field, Keeper};
use crate::analysis::verdict::case::{Case, Kind};
use crate::analysis::verdict::judgement::Fault;
use crate::analysis::verdict::misuse::{Misuse, MisuseContext, Way};
use crate::analysis::verdict::outcome::Outcome;
use crate::base::diagnostic::*;
use crate::base::text::Span;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::closable::common_methods;
use crate::go::types::type_expr::Type;

/// The Go from which on there is `sync.OnceValues`.
const ONCE_VALUES: (u32, u32) = (1, 21);

impl Case<'_, '_> {
    /// Releases at the wrong time, as faults.
    pub(crate) fn misuses(&self, trace: &Trace, body: BodyId, kind: &Kind) -> Vec<Fault> {
        let context = MisuseContext {
            scopes: self.scopes,
            body,
            typing: self.typing,
            releases: self.wanted.releases,
            verb: self.verb(kind),
            ends_process: body == BodyId(0) && self.is_main(),
            in_test: self.in_test(),
            error_overlooked: kind.error.is_some_and(|error| self.is_overlooked(error)),
        };
        context.misuses(trace, &kind.ty).into_iter().map(|misuse| self.misuse(misuse, body, kind)).collect()
    }

    /// Whether an error that has a name is set again before anybody looks at it.
    fn is_overlooked(&self, error: usize) -> bool {
        let name = anchor::names_bound(self.decl, self.call.span).and_then(|names| names.get(error).copied());
        let Some(var) = name.and_then(|name| self.scopes.uses_in(name).next()) else { return false };
        let after = self.scopes.uses_of(var).filter(|at| *at >= self.call.span.end).min();
        after.is_none_or(|at| self.is_set(at))
    }

    /// Whether the name at this offset is the target of an assignment.
    fn is_set(&self, at: u32) -> bool {
        let mut found = false;
        for body in &self.scopes.bodies {
            visit::body(body.block, &mut |stmt| {
                if let StmtKind::Assign { left, .. } | StmtKind::Define { left, .. } = &stmt.kind {
                    found |= left.iter().any(|target| target.as_ident().is_some() && target.span.start == at);
                }
            });
        }
        found
    }

    fn misuse(&self, misuse: Misuse, body: BodyId, kind: &Kind) -> Fault {
        let name = self.named(kind);
        let verb = self.verb(kind);
        let line = |at: usize| self.place.lines.line(misuse.places[at].0.start);
        let (first, second) = (line(0), line(1));
        let message = match misuse.way {
            Way::Returned => {
                format!("{name} is returned at line {second}, and {verb} then by the `defer` at line {first}")
            }
            Way::HandleReturned => {
                format!(
                    "something made from {name} is returned at line {second}, when the `defer` at line \
                     {first} has {verb} it"
                )
            }
            Way::Stored => format!(
                "{name} is kept at line {second}, and {verb} right after that by the `defer` at line {first}"
            ),
            Way::Running => {
                format!(
                    "a goroutine started at line {second} uses {name}, which the `defer` at line {first} has \
                     {verb} by then"
                )
            }
            Way::Cleaning => {
                format!(
                    "a function that runs when the test ends, of line {second}, uses {name}, which the \
                     `defer` at line {first} has {verb} by then"
                )
            }
            Way::Parallel => {
                format!(
                    "a subtest at line {second} runs in parallel and uses {name}, which the `defer` at line \
                     {first} has {verb} by then"
                )
            }
            Way::Used => format!("{name} is used at line {second}, after it was {verb} at line {first}"),
            Way::Unchecked => {
                format!(
                    "the `defer` at line {first} stands before the check of the error: {name} may be nil \
                     there"
                )
            }
            Way::Again => format!("{name} is {verb} at line {first} and again at line {second}"),
        };
        let advice = |title: &str, reason: &str| Remedy::advice(title, reason);
        let remedy = match misuse.way {
            Way::Returned | Way::HandleReturned | Way::Stored => {
                advice("leave its release to whoever has it then", "they have to be told, and to do it")
            }
            Way::Running => advice(
                "wait for the goroutine, or let it do the release",
                "who should wait is for a person to say",
            ),
            Way::Cleaning => {
                advice("release it in a `Cleanup` that stands before the other", "they run in reverse order")
            }
            Way::Parallel => advice("release it in a `Cleanup`", "that waits for the subtests"),
            Way::Used => {
                advice("release it after its last use", "which of the two is wrong is for a person to say")
            }
            Way::Again => advice("take one of the two away", "which one is for a person to say"),
            Way::Unchecked => self.moved(misuse.places[0].0, body, kind),
        };
        let verdict = match misuse.kind {
            FaultKind::ReleasedTwice => Verdict::ReleasedTwice,
            _ => Verdict::ReleasedTooEarly,
        };
        let evidence = misuse.places.iter().map(|(span, words)| self.at(*span, words.clone())).collect();
        Fault { kind: misuse.kind, verdict, certainty: misuse.certainty, evidence, message, remedy }
    }

    /// The `defer` at `span` moved behind the check of the error, where that comes next.
    fn moved(&self, span: Span, body: BodyId, kind: &Kind) -> Remedy {
        let check = anchor::check_behind(self.scopes.body(body).block, span);
        let variable = self.bound(kind);
        let (Some((defer, check)), Some(variable)) = (check, variable) else {
            let title = "move the `defer` behind the check of the error".to_owned();
            return Remedy::advice(title, "the check is not the next statement");
        };
        let anchor = Anchor {
            place: AnchorPlace::After(check),
            variable: Arc::from(variable),
            binding: Binding::Bound,
            doubt: None,
            after_check: true,
            iteration: None,
            scope: self.in_scope(body, defer.start, &kind.answer.closable),
        };
        Remedy::Release(Box::new(ReleaseCandidate {
            anchor: Some(anchor),
            replaced: vec![defer],
            ..ReleaseCandidate::default()
        }))
    }

    /// Whether the field that keeps it is ever released. What releases it is evidence of its fate.
    pub(crate) fn kept(
        &self,
        trace: &Trace,
        body: BodyId,
        kind: &Kind,
        outcome: &mut Outcome,
    ) -> Option<Fault> {
        let leaves = matches!(outcome.verdict, Verdict::Stored | Verdict::Returned | Verdict::LivesOn);
        // What is only made around something is released with that.
        if self.judge.fields && leaves && self.of_another(kind).is_some() {
            return None;
        }
        let looked_for = self.judge.fields && matches!(outcome.verdict, Verdict::Stored | Verdict::Returned);
        let Some(field) = looked_for.then(|| self.field(trace, body)).flatten() else {
            return self.hidden(trace, body, kind, outcome);
        };
        match self.judge.summaries.keepers.of(self.judge.database, &field, self.list()) {
            Keeper::Unknown => self.hidden(trace, body, kind, outcome),
            Keeper::Releases { by, place } => {
                let words = format!("field `{}` of `{}` is released by `{by}`", field.name, field.owner);
                let (path, (line, column)) = place;
                outcome.evidence.push(Evidence { path, line, column, span: None, words });
                None
            }
            Keeper::Never if self.in_test() || &*self.place.scope.package.name == "main" => None,
            Keeper::Never => {
                let (name, method) = (self.named(kind), self.verb(kind));
                let message = format!(
                    "{name} is stored in field `{}` of `{}`, and nothing in its package ever has that field \
                     {method}",
                    field.name, field.owner
                );
                let title =
                    format!("give `{}` a method that releases its field `{}`", field.owner, field.name);
                let reason = "its callers have to call it".to_owned();
                Some(Fault {
                    kind: FaultKind::NeverReleased,
                    verdict: outcome.verdict,
                    certainty: Certainty::Assumed,
                    evidence: outcome.evidence.clone(),
                    message,
                    remedy: Remedy::advice(title, reason),
                })
            }
        }
    }

    /// That nobody can ever release it: what leaves the function was made from it, and has nothing that
    /// releases it. `return pb.NewHealthClient(conn), nil`
    fn hidden(&self, trace: &Trace, body: BodyId, kind: &Kind, outcome: &Outcome) -> Option<Fault> {
        let func = self.func.filter(|_| body == BodyId(0) && self.judge.fields && !trace.left.is_empty())?;
        let leaves = matches!(outcome.verdict, Verdict::LivesOn | Verdict::Returned);
        let elsewhere = |event: &Event| match event.kind {
            EventKind::Escaped(verdict) => ![Verdict::LivesOn, Verdict::Returned].contains(&verdict),
            _ => false,
        };
        if !leaves || self.in_test() || &*self.place.scope.package.name == "main" {
            return None;
        }
        let database = self.judge.database;
        let results = func.signature.results.iter();
        let results: Vec<Type> =
            results.map(|result| database.type_of(self.place.scope, &result.ty)).collect();
        let only_uses = |index: usize| trace.left.contains(&(index, Alias::Function { releases: false }));
        let releases = |(index, ty): (usize, &Type)| match database.underlying_func(ty) {
            Some(_) => !only_uses(index),
            None => {
                let answer = database.closable(ty, &common_methods());
                !ty.is_error() && !matches!(answer.closable, Closable::Nothing(_))
            }
        };
        let hides = |(index, alias): &(usize, Alias)| match alias {
            Alias::Handle(_) | Alias::Function { releases: false } => true,
            // Whoever gets a struct may get at its fields, and what is in a context can be asked for.
            Alias::Inside(_) => results.get(*index).is_some_and(|ty| {
                let asked_for = ty.is_error() || ty.is_context() || database.interface_methods(ty).is_empty();
                database.is_interface(ty) && !asked_for
            }),
            _ => false,
        };
        // A release that comes too early is told as that.
        if trace.events.iter().any(elsewhere)
            || trace.exits.iter().any(|exit| exit.state.due.is_some())
            || results.iter().enumerate().any(releases)
            || !trace.left.iter().all(hides)
        {
            return None;
        }
        let (name, verb) = (self.named(kind), self.verb(kind));
        let message =
            format!("{name} can never be {verb}: what is made from it is returned, and has no way to it");
        let title = format!("return what has {name} {verb} as well, or let the caller bring it along");
        Some(Fault {
            kind: FaultKind::NeverReleased,
            verdict: outcome.verdict,
            certainty: Certainty::Assumed,
            evidence: outcome.evidence.clone(),
            message,
            remedy: Remedy::advice(title, "its callers have to call it"),
        })
    }

    /// That a field of the resource itself is set here: its release may find something else there.
    pub(crate) fn altered(&self, trace: &Trace) -> Option<String> {
        let line = self.place.lines.line(trace.altered?.start);
        Some(format!("line {line} sets a field of it, which its release may use"))
    }

    /// That a struct has it that a constructor made before, and whose type releases the field that it is in:
    /// the constructor may have seen to it that it does.
    pub(crate) fn keeper(&self, trace: &Trace) -> Option<String> {
        let holders = || trace.after.values().flatten().flat_map(|state| &state.holders);
        let mut fields: Vec<(VarId, &Arc<str>)> = holders()
            .filter_map(|(var, alias)| match alias {
                Alias::Inside(Some(paths)) => Some((*var, paths.field()?)),
                _ => None,
            })
            .collect();
        fields.sort();
        fields.dedup();
        let names: Vec<VarId> =
            holders().filter(|(_, alias)| *alias == Alias::Itself).map(|(var, _)| *var).collect();
        let is_made = |var: VarId| match self.scopes.info(var).origin {
            VarOrigin::Value { value, .. } => {
                value.as_call().is_some()
                    && !self.scopes.uses_in(value.span).any(|used| names.contains(&used))
            }
            _ => false,
        };
        fields.into_iter().filter(|(var, _)| is_made(*var)).find_map(|(var, name)| {
            let ty = self.typing.var(var)?;
            let owner = ty.pointee().named()?;
            let field =
                Field { package: owner.source()?.clone(), owner: owner.name.clone(), name: name.clone() };
            match self.judge.summaries.keepers.of(self.judge.database, &field, self.list()) {
                Keeper::Releases { by, .. } if by.starts_with('(') => {
                    Some(format!("`{by}` releases it in field `{name}`"))
                }
                _ => None,
            }
        })
    }

    /// The field of a struct of this package that it is stored in, if that is the only place for it.
    fn field(&self, trace: &Trace, body: BodyId) -> Option<Field> {
        let mut stored: Vec<Span> = Vec::new();
        for exit in &trace.exits {
            if let Phase::Escaped(id) = exit.state.phase {
                let event = &trace.events[id.0 as usize];
                stored.extend((event.kind == EventKind::Escaped(Verdict::Stored)).then_some(event.span));
            }
        }
        stored.dedup();
        let (ty, name) = match (stored.as_slice(), trace.left.as_slice()) {
            ([target], []) => self.target(*target)?,
            ([], [(index, Alias::Inside(Some(paths)))]) => {
                let name = paths.field()?;
                let result = self.scopes.body(body).signature.results.get(*index)?;
                (self.judge.database.type_of(self.place.scope, &result.ty), name.clone())
            }
            _ => return None,
        };
        let owner = ty.pointee().named().filter(|named| named.package == self.place.scope.package.path)?;
        Some(Field { package: self.place.scope.package.clone(), owner: owner.name.clone(), name })
    }

    /// Whether the function is a method whose name says that it opens what it is called on, which puts the
    /// resource into a field that something releases.
    pub(crate) fn opens_receiver(&self, trace: &Trace, body: BodyId) -> bool {
        let Some(func) = self.func.filter(|func| body == BodyId(0) && func.receiver.is_some()) else {
            return false;
        };
        let of_receiver = |field: &Field| func.receiver_type().is_some_and(|ty| *ty == field.owner);
        known::opens_itself(&func.name.name)
            && self.field(trace, body).filter(of_receiver).is_some_and(|field| {
                let keeper = self.judge.summaries.keepers.of(self.judge.database, &field, self.list());
                matches!(keeper, Keeper::Releases { .. })
            })
    }

    /// The operand's type and the field's name of the assignment's target at `span`.
    fn target(&self, span: Span) -> Option<(Type, Arc<str>)> {
        let mut found = None;
        let Decl::Func(func) = self.decl else { return None };
        visit::block(func.body()?, &mut |expr| {
            if let ExprKind::Selector { operand, field } = &expr.kind
                && expr.span == span
            {
                found = Some((self.typing.of(operand), field.name.clone()));
            }
        });
        found
    }

    /// A call behind the place of the release that ends the process: deferred calls do not run then.
    pub(crate) fn exit_after(&self, trace: &Trace, found: &AnchorSite) -> Option<Note> {
        let ends = |exit: &&Exit| {
            matches!(exit.kind, ExitKind::Stop(Ending::Exit | Ending::Never))
                && exit.state.is_open()
                && found.offset() <= exit.span.start
        };
        let exit = trace.exits.iter().find(ends)?;
        let text = String::from_utf8_lossy(&self.place.text[exit.span.range()]);
        let (name, _) = text.split_once('(')?;
        let line = self.place.lines.line(exit.span.start);
        let words =
            format!("`{}` at line {line} ends the process without running deferred calls", name.trim());
        Some(Note { id: "exit-after-defer", words, home: None })
    }

    /// It is made again for each request.
    pub(crate) fn per_request(&self, body: BodyId) -> Option<Note> {
        let func = self.func.filter(|_| !self.in_test())?;
        let request = self.judge.summaries.requests.of(self.typing, body, func)?;
        let how = match request.handler {
            None => format!("{} makes one for each request", request.what),
            Some(handler) => {
                format!("{}, which {handler} leads to, makes one for each request", request.what)
            }
        };
        let once =
            if go_is(self.typing, ONCE_VALUES) == Some(false) { "sync.Once" } else { "sync.OnceValues" };
        let home = request.receiver.map_or(Home::VariableBy(once), Home::FieldOf);
        let place = match &home {
            Home::FieldOf(receiver) => format!("a field of `{receiver}`"),
            Home::VariableBy(once) => {
                format!("a package variable made by `{once}`, or a struct with the handler as its method,")
            }
        };
        let words = format!("{how}; {place} could hold one for all");
        Some(Note { id: "per-request", words, home: Some(home) })
    }
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::messages;

    #[test]
    fn a_message_names_the_variable_and_the_way_out() {
        assert_eq!(
            messages("func f() {\nc := make1()\nlend(c)\n}")[0],
            ["`c` is never closed: still open on the way out at line 4"]
        );
        assert_eq!(
            messages("func f() {\nc := make1()\nif some() {\nreturn\n}\nc.Close()\n}")[0],
            ["`c` is not closed on some paths: still open on the way out at line 4"]
        );
        assert_eq!(
            messages("func f() {\nlend(make1())\n}")[0],
            ["the result of `make1` is never closed: still open on the way out at line 3"]
        );
    }
}
