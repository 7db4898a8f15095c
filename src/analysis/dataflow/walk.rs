//! The forward walk: the life of one resource over the control-flow graph of one body.
//!
//! A point of the graph has a set of [`State`]s, one for each way in which it can be reached as far as the
//! resource is concerned. Joins unite the sets; a set that grows too large ends the walk with [`Limit`]. What
//! calls mean is asked of an [`Oracle`].

#[cfg(test)]
mod tests;

use std::cell::Cell;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::analysis::dataflow::conditions::branch;
use crate::analysis::dataflow::oracle::Oracle;
use crate::analysis::dataflow::source::Source;
use crate::analysis::dataflow::state::{EventId, EventKind, Phase, State};
use crate::analysis::dataflow::trace::{Exit, ExitKind, Trace};
use crate::analysis::dataflow::walker::Walker;
use crate::analysis::graph::control_flow::{Cfg, Next, Step, TooLarge};
use crate::analysis::graph::scopes::{BodyId, Scopes};
use crate::base::text::Span;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;

/// More states than this at one point end the walk.
const MAX_STATES: usize = 96;
/// More block visits than this end the walk, those of walks over function literals inside included.
pub const MAX_VISITS: usize = 60_000;

/// The walk was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit;

impl From<TooLarge> for Limit {
    fn from(_: TooLarge) -> Limit {
        Limit
    }
}

/// Walks the body from its entry. Of several sources any makes the resource anew. `budget` is how many block
/// visits are left, at first [`MAX_VISITS`].
///
/// # Errors
/// When a limit is reached.
pub fn walk<'a>(
    scopes: &Scopes<'a>,
    body: BodyId,
    sources: &[Source],
    entry: State,
    oracle: &dyn Oracle<'a>,
    budget: &Cell<usize>,
) -> Result<Trace, Limit> {
    let cfg = Cfg::build(scopes.body(body).block, &|call| oracle.ending(call))?;
    walk_over(&cfg, scopes, body, sources, entry, oracle, budget)
}

/// As [`walk`], over the graph of the body.
///
/// # Errors
/// When a limit is reached.
pub fn walk_over<'a>(
    cfg: &Cfg<'a>,
    scopes: &Scopes<'a>,
    body: BodyId,
    sources: &[Source],
    entry: State,
    oracle: &dyn Oracle<'a>,
    budget: &Cell<usize>,
) -> Result<Trace, Limit> {
    let mut walk = Walker::new(scopes, body, sources, oracle, budget);
    let mut incoming: Vec<FxHashSet<State>> = cfg.blocks.iter().map(|_| FxHashSet::default()).collect();
    let mut exits: FxHashSet<(ExitKind, Span, State)> = FxHashSet::default();
    let (mut after, mut enter): (FxHashMap<u32, FxHashSet<State>>, FxHashMap<u32, FxHashSet<State>>) =
        Default::default();
    let mut fails = FxHashMap::default();
    let mut todo = vec![(0_usize, entry.clone())];
    incoming[0].insert(entry);
    while let Some((at, mut state)) = todo.pop() {
        budget.set(budget.get().checked_sub(1).ok_or(Limit)?);
        let block = &cfg.blocks[at];
        for step in &block.steps {
            match step {
                Step::Enter(at) => drop(enter.entry(*at).or_default().insert(state.clone())),
                Step::After(stmt) => drop(after.entry(stmt.span.end).or_default().insert(state.clone())),
                step => walk.step(step, &mut state),
            }
            exits.extend(walk.again.drain(..).map(|(span, state)| (ExitKind::Again, span, state)));
        }
        let mut successors: Vec<(usize, State)> = Vec::new();
        match &block.next {
            Next::To(next) => successors.push((*next, state)),
            Next::Any(next) => successors.extend(next.iter().map(|next| (*next, state.clone()))),
            Next::Branch { condition, yes, no } => {
                let (on_yes, on_no) = branch(&mut walk, *condition, state);
                successors.extend(on_yes.map(|state| (*yes, state)));
                successors.extend(on_no.map(|state| (*no, state)));
            }
            Next::Return(stmt) => {
                let failed = gives_error(scopes.body(body).signature, stmt);
                if !fails.contains_key(&stmt.span) {
                    fails.extend(fails_plainly(scopes, body, stmt).map(|plain| (stmt.span, plain)));
                }
                // Where something failed, it is most likely what would have worked with it.
                let works = |id: EventId| walk.events[id.0 as usize].kind == EventKind::Working;
                let failing = failed || is_early_error(scopes.body(body).block, stmt);
                state.running = state.running.filter(|id| !(failing && works(*id)));
                let before = state.clone();
                walk.returned(stmt, &mut state);
                let is_left = |state: &State| state.is_open() && state.due.is_none();
                walk.drops |= failed && is_left(&state);
                // `return wrap(c)`, which may give an error in place of what has it inside.
                if let Some(call) = failing_call(stmt).filter(|call| walk.dropping.contains(call)) {
                    let mut left = before;
                    walk.ended(&mut left);
                    if let Some(id) = left.on_error.filter(|_| left.is_open()) {
                        left.phase = Phase::Released(id);
                    }
                    walk.drops |= is_left(&left);
                    exits.insert((ExitKind::Return, call, left));
                }
                if let Some(id) = state.on_error.filter(|_| state.is_open() && failing) {
                    state.phase = Phase::Released(id);
                }
                exits.insert((ExitKind::Return, stmt.span, state));
            }
            Next::End(at) => {
                walk.ended(&mut state);
                exits.insert((ExitKind::End, Span::new(*at, *at + 1), state));
            }
            Next::Stop(ending, span) => drop(exits.insert((ExitKind::Stop(*ending), *span, state))),
        }
        exits.extend(walk.again.drain(..).map(|(span, state)| (ExitKind::Again, span, state)));
        for (next, state) in successors {
            if incoming[next].len() >= MAX_STATES {
                return Err(Limit);
            }
            if incoming[next].insert(state.clone()) {
                todo.push((next, state));
            }
        }
    }
    let mut exits: Vec<Exit> =
        exits.into_iter().map(|(kind, span, state)| Exit { kind, span, state }).collect();
    exits.sort_by(|a, b| (a.span, &a.state).cmp(&(b.span, &b.state)));
    let listed = |sets: FxHashMap<u32, FxHashSet<State>>| {
        sets.into_iter().map(|(at, set)| (at, set.into_iter().collect())).collect()
    };
    Ok(Trace {
        exits,
        events: walk.events,
        left: walk.left.into_iter().collect(),
        drops: walk.drops,
        fails,
        puts: walk.puts,
        altered: walk.altered,
        released_by: walk.released_by.into_iter().collect(),
        used: walk.used,
        doubled: walk.doubled,
        released_after: walk.released_after,
        after: listed(after),
        enter: listed(enter),
    })
}

/// Whether a way out of the body says that something failed.
pub fn is_failure(scopes: &Scopes, body: BodyId, exit: &Exit) -> bool {
    let body = scopes.body(body);
    let mut failed = false;
    visit::body(body.block, &mut |stmt| {
        failed |= exit.kind == ExitKind::Return
            && stmt.span == exit.span
            && (gives_error(body.signature, stmt) || is_early_error(body.block, stmt));
    });
    failed
}

/// The one call that gives all that is returned.
fn failing_call(stmt: &Stmt) -> Option<Span> {
    match &stmt.kind {
        StmtKind::Return(values) => match values.as_slice() {
            [one] => one.as_call().map(|call| call.span),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a `return` gives an error, where it says so: not `return err` where nobody has asked.
fn fails_plainly(scopes: &Scopes, body: BodyId, stmt: &Stmt) -> Option<bool> {
    let body = scopes.body(body);
    let StmtKind::Return(values) = &stmt.kind else { return None };
    let (last, others) = values.split_last()?;
    if !has_error(body.signature) || values.len() != body.signature.results.len() {
        return None;
    }
    if last.is_nil() {
        return Some(false);
    }
    let nothing = others.iter().any(Expr::is_nil);
    let asked = nothing
        || gives_error(body.signature, stmt)
        || is_guarded(body.block, stmt)
        || is_error_name(last) && last.as_ident().is_none_or(|ident| scopes.var(ident).is_none());
    asked.then_some(true)
}

fn has_error(signature: &Signature) -> bool {
    let last = signature.results.last().and_then(|result| result.ty.as_ident());
    last.is_some_and(|ty| &*ty.name == "error")
}

/// Whether a `return` says that something failed: an error that is not plainly nil, and nothing beside it.
fn gives_error(signature: &Signature, stmt: &Stmt) -> bool {
    let StmtKind::Return(values) = &stmt.kind else { return false };
    let error = has_error(signature);
    let Some((last, others)) = values.split_last() else { return false };
    let made = last.as_call().and_then(Call::name).is_some_and(|name| name == "Errorf" || name == "New");
    let nothing = |value: &Expr| value.is_nil() || matches!(value.unparen().kind, ExprKind::Literal(_));
    let alone = !others.is_empty() && others.iter().all(nothing);
    error && values.len() == signature.results.len() && !last.is_nil() && (made || alone)
}

/// A way out before the body's end on which an error is known or made: `return err`, `return wrap(err)`,
/// `return store.ErrNotFound`, `if err != nil { return }`.
fn is_early_error(block: &Block, stmt: &Stmt) -> bool {
    let StmtKind::Return(values) = &stmt.kind else { return false };
    let fails = match values.last() {
        Some(value) => {
            let args = value.as_call().map_or(&[][..], |call| &call.args);
            is_error_name(value) || args.iter().any(is_error_name)
        }
        None => is_guarded(block, stmt),
    };
    block.stmts.last().is_none_or(|last| last.span != stmt.span) && fails
}

/// Whether a value is called what errors are called: `err`, `closeErr`, `io.ErrClosedPipe`.
fn is_error_name(value: &Expr) -> bool {
    let Some(path) = value.as_path() else { return false };
    path.last().is_some_and(|ident| names_error(&ident.name))
}

/// Whether a variable of this name has an error, where nobody knows its type.
pub(crate) fn names_error(name: &str) -> bool {
    name.starts_with("err") || name.starts_with("Err") || name.ends_with("Err")
}

/// Whether a statement is the last one where there is an error: `if err != nil { …; return }`.
fn is_guarded(block: &Block, stmt: &Stmt) -> bool {
    let asks = |condition: &Expr| match &condition.unparen().kind {
        ExprKind::Binary { op: BinaryOp::NotEqual, left, right } => right.is_nil() && is_error_name(left),
        _ => false,
    };
    let mut guarded = false;
    visit::body(block, &mut |outer| {
        if let StmtKind::If(branch) = &outer.kind
            && asks(&branch.condition)
        {
            guarded |= branch.then.stmts.last().is_some_and(|last| last.span == stmt.span);
        }
    });
    guarded
}
