//! Resources acquired in a loop: how one iteration of it can release what it acquired, as a `defer` would
//! wait for the function's end.

use crate::analysis::dataflow::state::{Alias, Phase, State};
use crate::analysis::dataflow::trace::Trace;
use crate::analysis::graph::scopes::{BodyId, Scopes, VarId};
use crate::analysis::placement::anchor;
use crate::analysis::placement::anchor::AnchorSite;
use crate::base::diagnostic::{AnchorPlace, Iteration};
use crate::base::text::{LineIndex, Span};
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;

const USED_AFTERWARDS: &str = "it, or something made from it, may be used after the iteration";

/// How the iteration of the innermost loop around `found` can release the resource.
pub fn iteration(
    scopes: &Scopes,
    body: BodyId,
    found: &AnchorSite,
    trace: &Trace,
    lines: &LineIndex,
) -> Iteration {
    let neither = |why: &str| Iteration::Neither(why.to_owned());
    let Some((list, from, looped)) = rest(scopes.body(body).block, found.place) else {
        return neither("a `defer` in a loop runs when the function ends, not at the end of the iteration");
    };
    if let Some(doubt) = &found.doubt {
        return neither(doubt);
    }
    let after = &list[from..];
    let variable = Some(found.variable);
    let Some(last) = after.last() else {
        return in_scope_only(scopes, variable, trace, looped, list, found.place);
    };
    let mut ways = Ways::default();
    ways.of_list(after, Inside::default());
    if let Some(span) = ways.others.first() {
        let line = lines.line(span.start);
        return neither(&format!("the statement at line {line} leaves the iteration before its end"));
    }
    if ways.continues.is_empty() && !ways.defers {
        return in_scope_only(scopes, variable, trace, looped, list, AnchorPlace::After(last.span));
    }
    // In the literal a `continue` becomes a `return`: that is the same only where the literal ends the loop's
    // body.
    if !ways.continues.is_empty() && list.as_ptr() != looped.stmts.as_ptr() {
        let line = lines.line(ways.continues[0].start);
        return neither(&format!("the `continue` at line {line} leaves the iteration before its end"));
    }
    if !all_stay_inside(scopes, trace, looped, Span::new(found.offset(), last.span.end)) {
        return neither(USED_AFTERWARDS);
    }
    Iteration::Literal { end: last.span.end, continues: ways.continues, strings: strings(after) }
}

/// The same of what `statement` makes and nothing binds, once it has a name before that.
pub fn round_unbound(
    scopes: &Scopes,
    body: BodyId,
    statement: Span,
    trace: &Trace,
    lines: &LineIndex,
) -> Iteration {
    let place = AnchorPlace::After(statement);
    let list = rest(scopes.body(body).block, place)
        .and_then(|(list, after, looped)| Some((list, after.checked_sub(1)?, looped)));
    let Some((list, from, looped)) = list else { return Iteration::Neither(USED_AFTERWARDS.to_owned()) };
    let mut ways = Ways::default();
    ways.of_list(&list[from..], Inside::default());
    match ways.others.iter().chain(&ways.continues).min() {
        Some(span) => Iteration::Neither(format!(
            "the statement at line {} leaves the iteration before its end",
            lines.line(span.start)
        )),
        None if ways.defers => Iteration::Neither(USED_AFTERWARDS.to_owned()),
        None => {
            let end = list.last().map_or(place, |last| AnchorPlace::After(last.span));
            in_scope_only(scopes, None, trace, looped, list, end)
        }
    }
}

/// A release at `end`, if the resource and all that holds on to it belong to this iteration and are not used
/// after `end`.
fn in_scope_only(
    scopes: &Scopes,
    variable: Option<VarId>,
    trace: &Trace,
    looped: &Block,
    list: &[Stmt],
    end: AnchorPlace,
) -> Iteration {
    let at = match end {
        AnchorPlace::After(span) => span.end,
        AnchorPlace::Start(span) | AnchorPlace::Before(span) => span.start,
    };
    let list_end = list.last().map_or(at, |last| last.span.end);
    let fine = |state: &State| {
        let open =
            state.phase == Phase::Open && variable.is_none_or(|var| state.alias(var) == Some(&Alias::Itself));
        let undisturbed =
            state.due.or(state.maybe_due).or(state.running).is_none() && state.pending.is_empty();
        open && undisturbed
            && state.holders.iter().all(|(var, _)| stays_inside(scopes, *var, looped, list_end))
    };
    match trace.at(end) {
        Some(states) if !states.is_empty() && states.iter().all(fine) => Iteration::End(end),
        _ => Iteration::Neither(USED_AFTERWARDS.to_owned()),
    }
}

/// Whether all that holds on to the resource at any place within `part` is the iteration's own.
fn all_stay_inside(scopes: &Scopes, trace: &Trace, looped: &Block, part: Span) -> bool {
    let within = trace.after.iter().filter(|(at, _)| part.start <= **at && **at <= part.end);
    let mut holders = within.flat_map(|(_, states)| states).flat_map(|state| &state.holders);
    holders.all(|(var, _)| stays_inside(scopes, *var, looped, part.end))
}

/// Whether every use of `var`, its declaration included, lies in the loop's body before `end`.
fn stays_inside(scopes: &Scopes, var: VarId, looped: &Block, end: u32) -> bool {
    scopes.uses_of(var).all(|at| looped.span.start < at && at < end)
}

/// The statement list that holds `place`, the index of the first statement after it, and the body of the
/// innermost loop around.
fn rest(block: &Block, place: AnchorPlace) -> Option<(&[Stmt], usize, &Block)> {
    let (inner, is_start) = match place {
        AnchorPlace::After(span) | AnchorPlace::Before(span) => (span, false),
        AnchorPlace::Start(span) => (span, true),
    };
    let path = anchor::path(block, inner);
    let looped =
        path.lists.iter().rev().skip(usize::from(!is_start)).find_map(|(list, at, _)| {
            match &list[*at].unlabeled().kind {
                StmtKind::For(looped) if looped.body.span.contains(inner) => Some(&looped.body),
                _ => None,
            }
        })?;
    if is_start {
        return Some((list_at(&looped.stmts, inner)?, 0, looped));
    }
    let (list, at, _) = *path.lists.last()?;
    Some((list, at + 1, looped))
}

/// The statements of the block, or of the case of a `switch`, with this very span.
fn list_at(stmts: &[Stmt], span: Span) -> Option<&[Stmt]> {
    let of_block = |block: &Block| block.span.contains(span).then_some(block.span);
    let (inner, list): (Span, &[Stmt]) =
        match &stmts.iter().find(|stmt| stmt.span.contains(span))?.unlabeled().kind {
            StmtKind::If(branch) => match of_block(&branch.then) {
                Some(then) => (then, &branch.then.stmts),
                None => return list_at(std::slice::from_ref(branch.otherwise.as_ref()?), span),
            },
            StmtKind::For(looped) => (of_block(&looped.body)?, &looped.body.stmts),
            StmtKind::Block(block) => (block.span, &block.stmts),
            StmtKind::Switch(switch) => case_at(&switch.cases, span)?,
            StmtKind::TypeSwitch(switch) => case_at(&switch.cases, span)?,
            StmtKind::Select(cases) => return cases.iter().find_map(|case| list_at(&case.stmts, span)),
            _ => return None,
        };
    if inner == span { Some(list) } else { list_at(list, span) }
}

fn case_at(cases: &[Case], span: Span) -> Option<(Span, &[Stmt])> {
    cases.iter().find(|case| case.body.contains(span)).map(|case| (case.body, case.stmts.as_slice()))
}

/// What of `break` and `continue` is caught by a statement further out that is still part of the iteration's
/// rest.
#[derive(Debug, Clone, Copy, Default)]
struct Inside {
    breaks: bool,
    continues: bool,
}

/// The ways in which statements leave the iteration.
#[derive(Debug, Default)]
struct Ways {
    /// `continue` of the iteration's own loop.
    continues: Vec<Span>,
    others: Vec<Span>,
    /// Something is deferred, or started in a goroutine: it runs after the iteration.
    defers: bool,
}

impl Ways {
    fn of_list(&mut self, list: &[Stmt], inside: Inside) {
        list.iter().for_each(|stmt| self.of(stmt, inside));
    }

    fn of_lists(&mut self, stmt: &Stmt, inside: Inside) {
        visit::child_lists(stmt).into_iter().for_each(|list| self.of_list(list, inside));
    }

    fn of(&mut self, stmt: &Stmt, inside: Inside) {
        match &stmt.kind {
            StmtKind::Return(_) | StmtKind::Goto(_) | StmtKind::Labeled { .. } => self.others.push(stmt.span),
            StmtKind::Break(None) if inside.breaks => {}
            StmtKind::Continue(None) if inside.continues => {}
            StmtKind::Continue(None) => self.continues.push(stmt.span),
            StmtKind::Break(_) | StmtKind::Continue(_) => self.others.push(stmt.span),
            // Leaves the list that is a case's own; inside of a switch that is part of the rest it stays
            // there.
            StmtKind::Fallthrough if !inside.breaks => self.others.push(stmt.span),
            StmtKind::Defer(_) | StmtKind::Go(_) => self.defers = true,
            StmtKind::If(branch) => {
                self.of_lists(stmt, inside);
                branch.otherwise.iter().for_each(|other| self.of(other, inside));
            }
            StmtKind::For(_) => self.of_lists(stmt, Inside { breaks: true, continues: true }),
            StmtKind::Switch(_) | StmtKind::TypeSwitch(_) | StmtKind::Select(_) => {
                self.of_lists(stmt, Inside { breaks: true, ..inside });
            }
            _ => self.of_lists(stmt, inside),
        }
    }
}

/// The string literals among `stmts`: one of several lines must keep its bytes.
fn strings(stmts: &[Stmt]) -> Vec<Span> {
    let mut found = Vec::new();
    for stmt in stmts {
        visit::stmt(stmt, &mut |expr| {
            if matches!(expr.kind, ExprKind::Literal(_)) {
                found.push(expr.span);
            }
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::places;

    #[test]
    fn what_a_condition_makes_is_released_in_its_block_wherever_that_stands() {
        let conditional = "if c, err := open(); err == nil {\nlend(c)\n}";
        assert_eq!(
            places(&format!("for some() {{\n{conditional}\n}}\nreturn nil")),
            ["c start of 3, at the end of the iteration, proved"]
        );
        assert_eq!(
            places(&format!("for some() {{\n{{\n{conditional}\n}}\n}}\nreturn nil")),
            ["c start of 4, at the end of the iteration, proved"]
        );
    }

    #[test]
    fn in_a_loop_it_is_released_in_each_round() {
        assert_eq!(
            places("for some() {\nc := make1()\nlend(c)\n}\nreturn nil"),
            ["c after 3, at the end of the iteration, proved"]
        );
        assert_eq!(
            places("for some() {\nc := make1()\nif lend(c) > 0 {\ncontinue\n}\nlend(c)\n}\nreturn nil"),
            ["c after 3, in a function literal, proved"]
        );
        assert_eq!(
            places("for some() {\nc := make1()\nif lend(c) > 0 {\nbreak\n}\nlend(c)\n}\nreturn nil"),
            ["c after 3, no release in the iteration: the statement at line 5 leaves the iteration before \
                 its end, proved"]
        );
    }
}
