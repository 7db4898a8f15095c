//! What goes to a callee that is not here to be read, and would be left open if that keeps nothing of it:
//! what the callee does is all that stands between it and a plain release.
//!
//! Where the function itself releases it later, it tells by that whose it is: what got it before does not own
//! it, and the ways out between the two leave it open.

use crate::analysis::dataflow::state::EventKind;
use crate::analysis::dataflow::trace::{Exit, ExitKind, Trace};
use crate::analysis::graph::known;
use crate::analysis::graph::scopes::BodyId;
use crate::analysis::verdict::case::{Beliefs, Case, Kind};
use crate::analysis::verdict::outcome::Outcome;
use crate::analysis::verdict::site::Site;
use crate::base::diagnostic::{Certainty, ReleaseWay, Verdict};
use crate::base::text::Span;
use crate::go::facts::names;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;

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

    /// What becomes of it where the function releases it itself after a callee got it that nobody knows the
    /// like of: that one does not own it. With the walk that says so, where that is a leak.
    pub(crate) fn left_before_own_release(
        &self,
        outcome: &Outcome,
        (trace, site): (&Trace, Site),
        kind: &Kind,
    ) -> Option<(Trace, Outcome)> {
        let assumed = outcome.verdict == Verdict::PassedOn && outcome.certainty == Certainty::Assumed;
        // A function that is called to release may be registered and called besides.
        let by_method = self
            .wanted
            .releases
            .iter()
            .all(|release| matches!(release.way, ReleaseWay::Method | ReleaseWay::Field(_)));
        if !assumed || !by_method {
            return None;
        }
        let block = self.scopes.body(site.body).block;
        let mut handed: Vec<(Span, Span)> = Vec::new();
        for (given, released) in &trace.released_after {
            let event = &trace.events[given.0 as usize];
            let is_supposed =
                event.kind == EventKind::Escaped(Verdict::PassedOn) && event.certainty == Certainty::Assumed;
            if is_supposed && is_sure_after(block, event.span, *released) && !self.keeps(event.span) {
                handed.push((event.span, *released));
            }
        }
        let lenders: Vec<Span> = handed.iter().map(|(given, _)| *given).collect();
        if lenders.is_empty() {
            return None;
        }
        let beliefs = Beliefs { lenders: &lenders, ..Beliefs::default() };
        let trace = self.walk_with(site.body, &[site.source], self.followed(kind), beliefs).ok()?;
        let found = self.outcome(&trace, site.body, kind);
        if !found.verdict.is_finding() {
            return None;
        }
        let open = self.open_ways(&trace, site.body);
        let is_between = |exit: &&Exit| {
            handed.iter().any(|(given, released)| self.leaves(site.body, exit, *given, *released))
        };
        if !open.iter().all(is_between) {
            return None;
        }
        let (given, released) = handed.iter().min()?;
        let at = |span: Span| self.place.lines.line(span.start);
        let message = format!(
            "{}; what gets it at line {} does not own it, as line {} releases it",
            found.message,
            at(*given),
            at(*released)
        );
        let mut evidence = found.evidence;
        evidence.extend(outcome.evidence.iter().filter(|known| known.line == at(*given)).cloned());
        Some((trace, Outcome { certainty: Certainty::Assumed, evidence, message, ..found }))
    }

    /// Whether the name of what is called here, or a test that it gets, says that it keeps or releases what
    /// it gets: `cleanUp.Add(f)`, `testutil.CleanupCloser(t, client)`.
    fn keeps(&self, at: Span) -> bool {
        let Some(call) = visit::calls(self.decl).into_iter().find(|call| call.span == at) else {
            return true;
        };
        let is_test = |arg: &Expr| self.typing.of(arg).is_in(&names::types().tests);
        call.name().is_none_or(|name| known::keeps_by_name(name) && !known::takes_listener(name))
            || call.args.iter().any(is_test)
    }

    /// Whether a way out lies between a call that got it and the release behind that, and does not depend on
    /// whether the call took it.
    fn leaves(&self, body: BodyId, exit: &Exit, given: Span, released: Span) -> bool {
        if exit.kind != ExitKind::Return || exit.span.start < given.start || exit.span.start > released.start
        {
            return false;
        }
        let block = self.scopes.body(body).block;
        let mut told: Vec<&Expr> = Vec::new();
        visit::body(block, &mut |stmt| match &stmt.kind {
            StmtKind::Define { left, right } | StmtKind::Assign { left, right, .. }
                if right.iter().any(|value| value.span.contains(given)) =>
            {
                told.extend(left);
            }
            _ => {}
        });
        let told: Vec<_> = told.into_iter().filter_map(|name| self.scopes.var(name.as_ident()?)).collect();
        let asks =
            |span: Span| span.contains(given) || self.scopes.uses_in(span).any(|used| told.contains(&used));
        let mut depends = false;
        visit::body(block, &mut |stmt| {
            if !stmt.span.contains(exit.span)
                || stmt.span.start > exit.span.start
                || stmt.span.contains(released)
            {
                return;
            }
            depends |= match &stmt.kind {
                // Where it failed, it has not taken anything.
                StmtKind::If(branch) => {
                    let failed = matches!(&branch.condition.unparen().kind,
                        ExprKind::Binary { op: BinaryOp::NotEqual, right, .. } if right.is_nil())
                        && branch.then.span.contains(exit.span);
                    !failed && asks(branch.condition.span)
                }
                StmtKind::Switch(switch) => {
                    let cases = switch.cases.iter().flat_map(|case| &case.values);
                    switch.value.iter().chain(cases).any(|value| asks(value.span))
                }
                _ => false,
            };
        });
        !depends
    }
}

/// Whether a place comes for sure behind another one, but for ways out between them: no branch or loop is
/// around it that is not around the other as well.
fn is_sure_after(block: &Block, first: Span, then: Span) -> bool {
    let within = |list: &[Stmt], span: Span| match (list.first(), list.last()) {
        (Some(first), Some(last)) => Span::new(first.span.start, last.span.end).contains(span),
        _ => false,
    };
    let mut sure = then.start >= first.end;
    visit::body(block, &mut |stmt| {
        let lists = visit::child_lists(stmt);
        sure &= lists.into_iter().all(|list| !within(list, then) || within(list, first));
    });
    sure
}

#[cfg(test)]
mod tests {
    use crate::base::diagnostic::Applicability;
    use crate::engine::testing::{checked_by, places};

    /// The lines of `a.go` where a file is left open; nobody has the source of `far`.
    fn files(body: &str) -> Vec<String> {
        let head = "package p\n\nimport (\n\t\"os\"\n\n\t\"example.org/far\"\n)\n\n";
        let made = "\tf, err := os.Create(\"a\")\n\tif err != nil {\n\t\treturn err\n\t}\n";
        let text = format!(
            "{head}type sink interface{{ Fill(f *os.File) error }}\n\nfunc f(s sink) error {{\n\
             {made}{body}}}\n"
        );
        let report = checked_by("unclosed-file", &[("a.go", &text)]);
        let safe = report.findings.iter().filter_map(|finding| finding.fix.as_ref());
        assert!(safe.clone().all(|fix| fix.applicability != Applicability::Safe), "{body}");
        places(&report)
    }

    #[test]
    fn what_the_function_releases_itself_nobody_else_owns() {
        for body in [
            "\tw, err := far.NewWriter(f)\n\tif err != nil {\n\t\treturn err\n\t}\n\tw.Close()\n\
             \treturn f.Close()\n",
            "\tif err := far.Check(f); err != nil {\n\t\treturn err\n\t}\n\treturn f.Close()\n",
            "\tif err := far.Check(f); err != nil {\n\t\treturn err\n\t}\n\tdefer f.Close()\n\treturn nil\n",
            "\tif err := s.Fill(f); err != nil {\n\t\treturn err\n\t}\n\tdefer f.Close()\n\treturn nil\n",
            "\tw := far.NewWriter(f)\n\tif err := w.Say(); err != nil {\n\t\treturn err\n\t}\n\
             \tgo func() {\n\t\tw.Run()\n\t\tf.Close()\n\t}()\n\treturn nil\n",
        ] {
            assert_eq!(files(body), ["a.go:12"], "{body}");
        }
    }

    #[test]
    fn what_is_released_only_where_the_callee_did_not_take_it_may_be_its_own() {
        for body in [
            "\tif err := far.Take(f); err != nil {\n\t\tf.Close()\n\t\treturn err\n\t}\n\treturn nil\n",
            "\tif err := far.Take(f); err == nil {\n\t\treturn nil\n\t}\n\tf.Close()\n\treturn err\n",
            "\tif far.Take(f) {\n\t\treturn nil\n\t}\n\treturn f.Close()\n",
            "\ttook := far.Take(f)\n\tif took {\n\t\treturn nil\n\t}\n\treturn f.Close()\n",
            "\tswitch far.Take(f) {\n\tcase 1:\n\t\treturn nil\n\t}\n\treturn f.Close()\n",
            "\tfar.CleanupCloser(f)\n\tif s == nil {\n\t\treturn nil\n\t}\n\treturn f.Close()\n",
            "\tif s == nil {\n\t\treturn f.Close()\n\t}\n\tfar.Take(f)\n\treturn nil\n",
            "\tif s == nil {\n\t\tfar.Take(f)\n\t\treturn nil\n\t}\n\treturn f.Close()\n",
            "\tw, err := far.NewWriter(f)\n\tif err != nil {\n\t\tf.Close()\n\t\treturn err\n\t}\n\
             \tif s == nil {\n\t\treturn w.Close()\n\t}\n\treturn f.Close()\n",
        ] {
            assert_eq!(files(body), [""; 0], "{body}");
        }
    }
}
