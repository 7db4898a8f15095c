//! The forward walk: the life of one resource over the control-flow graph of one body.
//!
//! A point of the graph has a set of [`State`]s, one for each way in which it can be reached as far as the
//! resource is concerned. Joins unite the sets; a set that grows too large ends the walk with [`Limit`]. What
//! calls mean is asked of an [`Oracle`].

#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::analysis::dataflow::expressions::{Used, Walk};
use crate::analysis::dataflow::state::{Alias, Event, EventId, EventKind, Phase, State};
use crate::analysis::graph::control_flow::{Cfg, Condition, Ending, Next, Step, TooLarge};
use crate::analysis::graph::scopes::{BodyId, Scopes, VarId, VarOrigin};
use crate::base::diagnostic::{AnchorPlace, Certainty, Verdict};
use crate::base::text::Span;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::release::Gives;

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

/// Where a value stands in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operand {
    Receiver,
    Arg(usize),
}

/// What a call does with a value that it gets.
#[derive(Debug, Clone)]
pub struct ParamEffect {
    pub outcome: ParamOutcome,
    pub certainty: Certainty,
    /// The results that hold on to the value: (index, how).
    pub results: Vec<(usize, Alias)>,
}

/// What remains with the callee.
#[derive(Debug, Clone)]
pub enum ParamOutcome {
    /// Nothing: it was lent.
    Lends,
    /// It released it.
    Releases,
    /// It will release it when the surrounding scope ends (`t.Cleanup`).
    WillRelease,
    /// A goroutine of a group got it; `Wait` on the receiver ends that.
    Runs,
    /// A goroutine that it started has it, and so has a result.
    Works,
    /// A function that it registered uses it when the surrounding test ends.
    Cleans,
    /// It put it into its receiver or another argument, which then has it as `hold` says.
    Puts { into: Operand, alias: Alias, words: String },
    /// It keeps it, in the way that the verdict names.
    Keeps { verdict: Verdict, words: String },
}

impl ParamEffect {
    /// Lent, and no result holds on.
    pub fn lent(certainty: Certainty) -> ParamEffect {
        ParamEffect { outcome: ParamOutcome::Lends, certainty, results: Vec::new() }
    }

    /// Kept.
    pub fn kept(verdict: Verdict, certainty: Certainty, words: impl Into<String>) -> ParamEffect {
        ParamEffect {
            outcome: ParamOutcome::Keeps { verdict, words: words.into() },
            certainty,
            results: Vec::new(),
        }
    }
}

/// What a function says of an error that it gets, with the bool that it returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tells {
    /// True where it is not nil, and only there.
    Failure,
    /// True where it is nil, and only there.
    Success,
}

/// What the walk asks about calls.
pub trait Oracle<'a> {
    /// Whether the call never returns.
    fn ending(&self, call: &'a Call) -> Option<Ending>;
    /// Whether the call does not return when its argument `at`, an error, is not nil.
    fn stops_on_error(&self, call: &'a Call, at: usize) -> bool;
    /// Whether the call does not return when its argument `at`, an error, is nil.
    fn stops_without_error(&self, call: &'a Call, at: usize) -> bool;
    /// What the call says of its argument `at`, an error, if it returns no more than that.
    fn tells_error(&self, call: &'a Call, at: usize) -> Option<Tells>;
    /// Whether a method of this name, called on the resource itself with that many arguments, releases it;
    /// `None` for the method as a value.
    fn is_release(&self, method: &str, args: Option<usize>) -> bool;
    /// Whether the resource is released by calling it: `cancel()`.
    fn is_function(&self) -> bool {
        false
    }
    /// Whether this field of what was acquired is the resource: `resp.Body`.
    fn is_part(&self, _field: &str) -> bool {
        false
    }
    /// Whether the call releases what it gets as argument `at`, or that whose `method` gives the argument.
    fn is_release_of(&self, _call: &'a Call, _at: usize, _method: Option<&str>) -> bool {
        false
    }
    /// Whether the resource is released already where this method of it says false.
    fn ends_unless(&self, _method: &str) -> bool {
        false
    }
    /// Whether a loop over this field of the resource, a channel that nobody closes, never ends.
    fn is_endless(&self, _field: &str) -> bool {
        false
    }
    /// What the call does with the value in `place`, which holds on to the resource as `hold` says.
    fn passed(&self, call: &'a Call, place: Operand, alias: &Alias) -> ParamEffect;
    /// Whether the process serves from this call on until it ends.
    fn serves(&self, call: &'a Call) -> bool;
    /// Whether a value comes from this channel only when the process is told to end.
    fn is_told_to_end(&self, channel: &'a Expr) -> bool;
    /// How a part of a value that holds on to the resource, `x.f` or `x[i]`, holds on to it, as far as its
    /// type tells.
    fn part(&self, part: &'a Expr) -> Option<Alias>;
    /// Whether a part of a value with the resource somewhere in it is of the resource's type.
    fn is_resource(&self, part: &'a Expr) -> bool;
    /// Whether a variable can hold something made from the resource, as far as its type tells.
    fn carries(&self, var: VarId) -> bool;
    /// The same of a body's result.
    fn result_carries(&self, body: BodyId, index: usize) -> bool;
    /// Whether a variable is never nil, as far as the one call that it comes from tells.
    fn is_never_nil(&self, var: VarId) -> bool;
    /// Whether a variable's value is a pointer: whoever has it sees what is stored there later.
    fn is_pointer(&self, var: VarId) -> bool;
    /// Whether the process ends with this body: nothing outlives it.
    fn ends_process(&self, body: BodyId) -> bool;
    /// Whether result `index` of the call is new: nobody else has it.
    fn makes(&self, call: &'a Call, index: usize) -> bool;
    /// Whether a field of that name is a method of the operand's type (then `x.f` is a method value).
    fn is_method(&self, operand: &'a Expr, name: &str) -> bool;
    /// Whether that method, called on an operand that holds on to the resource as `hold` says, releases it.
    fn method_releases(&self, operand: &'a Expr, name: &str, alias: &Alias) -> bool;
}

/// Where the resource comes from. `success` is the index of a bool among the results that is false where
/// there is no resource.
#[derive(Debug, Clone, Copy)]
pub enum Source {
    /// A call; `gives` is where the resource is, `error` the index of its error among its results.
    Call { span: Span, gives: Gives, error: Option<usize>, success: Option<usize> },
    /// A call of a function literal that acquires and assigns to a variable of this body.
    Assigned { span: Span, var: VarId, error: ErrorAt },
    /// A variable that is open when the body is entered.
    Variable(VarId),
}

impl Source {
    /// Whether the acquisition tells if it failed, so that there is something to check.
    pub(crate) fn can_fail(&self) -> bool {
        !matches!(self, Source::Call { error: None, success: None, .. })
    }

    /// The variables that the conditions around the acquisition ask for, and that never change: `if remote {
    /// client = New() }`.
    pub(crate) fn given(&self, scopes: &Scopes, body: BodyId) -> Vec<(VarId, bool)> {
        let (mut found, mut iterations) = (Vec::new(), Vec::new());
        let Some((span, _)) = self.call() else { return found };
        visit::body(scopes.body(body).block, &mut |stmt| {
            if let StmtKind::For(looped) = &stmt.kind {
                iterations.push(looped.body.span);
            }
            if let StmtKind::If(branch) = &stmt.kind {
                if branch.then.span.contains(span) {
                    asked(&branch.condition, true, scopes, &mut found);
                } else if branch.otherwise.as_ref().is_some_and(|other| other.span.contains(span)) {
                    asked(&branch.condition, false, scopes, &mut found);
                }
            }
        });
        let stays = |var: &VarId| match scopes.info(*var).origin {
            VarOrigin::Param { .. } => scopes.assigned(*var).is_empty(),
            // In a loop it is another one in each round.
            VarOrigin::Value { value, .. } => {
                scopes.assigned(*var).len() == 1
                    && !iterations.iter().any(|iteration| iteration.contains(value.span))
            }
            _ => false,
        };
        found.retain(|(var, _)| stays(var));
        found
    }
}

/// The variables that are bools in `condition`, where it is `value`.
fn asked(condition: &Expr, value: bool, scopes: &Scopes, found: &mut Vec<(VarId, bool)>) {
    match &condition.unparen().kind {
        ExprKind::Ident(ident) => found.extend(scopes.var(ident).map(|var| (var, value))),
        ExprKind::Unary { not: true, operand } => asked(operand, !value, scopes, found),
        ExprKind::Binary { op: BinaryOp::And, left, right } if value => {
            asked(left, value, scopes, found);
            asked(right, value, scopes, found);
        }
        ExprKind::Binary { op: BinaryOp::Or, left, right } if !value => {
            asked(left, value, scopes, found);
            asked(right, value, scopes, found);
        }
        _ => {}
    }
}

/// Where the error of an acquisition goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorAt {
    Nowhere,
    Variable(VarId),
    /// A result of the call.
    Result(usize),
}

impl Source {
    /// The acquiring call, and which of its results is the error.
    pub fn call(&self) -> Option<(Span, Option<usize>)> {
        match *self {
            Source::Call { span, error, .. } => Some((span, error)),
            Source::Assigned { span, error: ErrorAt::Result(at), .. } => Some((span, Some(at))),
            Source::Assigned { span, .. } => Some((span, None)),
            Source::Variable(_) => None,
        }
    }
}

/// One way out of the body.
#[derive(Debug, Clone)]
pub struct Exit {
    pub kind: ExitKind,
    pub span: Span,
    pub state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExitKind {
    Return,
    /// Off the closing brace.
    End,
    /// The process or goroutine ends.
    Stop(Ending),
    /// The acquisition runs again while the last one is still open.
    Again,
}

/// All that the walk found.
#[derive(Debug)]
pub struct Trace {
    pub exits: Vec<Exit>,
    pub events: Vec<Event>,
    /// The results through which the resource left, and how each holds on to it.
    pub left: Vec<(usize, Alias)>,
    /// The parameters that the resource was put into, each with a clause that says how.
    pub puts: BTreeMap<VarId, String>,
    /// Where a field of the resource itself is set that is not exported.
    pub altered: Option<Span>,
    /// The methods without arguments that were called on the resource to release it.
    pub released_by: Vec<String>,
    /// The methods called on the resource, by call.
    pub used: BTreeMap<Span, Used>,
    /// The states at each place where an edit could stand: by the offset of the end of the statement, or of
    /// the block's start, as [`Step::Enter`] has it.
    pub after: FxHashMap<u32, Vec<State>>,
    pub enter: FxHashMap<u32, Vec<State>>,
}

impl Trace {
    /// The states at a place; `None` where no way leads there.
    pub fn at(&self, place: AnchorPlace) -> Option<&[State]> {
        let states = match place {
            AnchorPlace::After(span) => self.after.get(&span.end),
            AnchorPlace::Start(span) | AnchorPlace::Before(span) => self.enter.get(&span.start),
        };
        states.map(Vec::as_slice)
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
    let mut walk = Walk::new(scopes, body, sources, oracle, budget);
    let mut incoming: Vec<FxHashSet<State>> = cfg.blocks.iter().map(|_| FxHashSet::default()).collect();
    let mut exits: FxHashSet<(ExitKind, Span, State)> = FxHashSet::default();
    let (mut after, mut enter): (FxHashMap<u32, FxHashSet<State>>, FxHashMap<u32, FxHashSet<State>>) =
        Default::default();
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
                // Where something failed, it is most likely what would have worked with it.
                let works = |id: EventId| walk.events[id.0 as usize].kind == EventKind::Working;
                let failing = failed || is_early_error(scopes.body(body).block, stmt);
                state.running = state.running.filter(|id| !(failing && works(*id)));
                walk.returned(stmt, &mut state);
                if let Some(id) = state.on_error.filter(|_| state.is_open() && failed) {
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
        puts: walk.puts,
        altered: walk.altered,
        released_by: walk.released_by.into_iter().collect(),
        used: walk.used,
        after: listed(after),
        enter: listed(enter),
    })
}

/// Whether a `return` says that something failed: an error that is not plainly nil, and nothing beside it.
fn gives_error(signature: &Signature, stmt: &Stmt) -> bool {
    let StmtKind::Return(values) = &stmt.kind else { return false };
    let error = signature
        .results
        .last()
        .and_then(|result| result.ty.as_ident())
        .is_some_and(|ty| &*ty.name == "error");
    let Some((last, others)) = values.split_last() else { return false };
    let made = last.as_call().and_then(Call::name).is_some_and(|name| name == "Errorf" || name == "New");
    let nothing = |value: &Expr| value.is_nil() || matches!(value.unparen().kind, ExprKind::Literal(_));
    let alone = !others.is_empty() && others.iter().all(nothing);
    error && values.len() == signature.results.len() && !last.is_nil() && (made || alone)
}

/// `return err` before the body's end.
fn is_early_error(block: &Block, stmt: &Stmt) -> bool {
    let StmtKind::Return(values) = &stmt.kind else { return false };
    let named = |value: &Expr| value.as_ident().is_some_and(|ident| ident.name.starts_with("err"));
    block.stmts.last().is_none_or(|last| last.span != stmt.span) && values.last().is_some_and(named)
}

/// The states on both edges of a condition; `None` where the edge cannot be taken.
fn branch<'a>(
    walk: &mut Walk<'a, '_>,
    condition: Condition<'a>,
    mut state: State,
) -> (Option<State>, Option<State>) {
    let (left, right) = match condition {
        Condition::True(expr) => {
            walk.eval(expr, &mut state);
            match &expr.unparen().kind {
                ExprKind::Binary { op: BinaryOp::Equal, left, right } => (left, right),
                ExprKind::Binary { op: BinaryOp::NotEqual, left, right } => {
                    let (yes, no) = compared(walk, left, right, state);
                    return (no, yes);
                }
                ExprKind::Call(call) => return asked_of_error(walk, call, state),
                ExprKind::Ident(ident) => return asked_of_bool(walk, walk.scopes.var(ident), state),
                _ => return (Some(state.clone()), Some(state)),
            }
        }
        Condition::Equal(left, right) => {
            walk.eval(right, &mut state);
            return compared(walk, left, right, state);
        }
        // What is in there makes a round.
        Condition::NotEmpty(values) => {
            let holds =
                values.as_call().is_none() && matches!(walk.ranged(values, &state), Some(Alias::Inside(_)));
            let ends = !holds && !is_endless(walk, values, &state);
            return (Some(state.clone()), ends.then_some(state));
        }
        Condition::HasMore(values) => {
            let ends = !is_endless(walk, values, &state);
            return (Some(state.clone()), ends.then_some(state));
        }
    };
    compared(walk, left, right, state)
}

/// Whether a loop over these values never ends: `ticker.C`.
fn is_endless(walk: &Walk, values: &Expr, state: &State) -> bool {
    let ExprKind::Selector { operand, field } = &values.unparen().kind else { return false };
    walk.peek(operand, state) == Some(Alias::Itself) && walk.oracle.is_endless(&field.name)
}

/// `ok`, where it says whether there is a resource.
fn asked_of_bool(walk: &Walk, var: Option<VarId>, state: State) -> (Option<State>, Option<State>) {
    if let Some((_, value)) =
        walk.given.iter().find(|(given, _)| state.phase != Phase::Before && Some(*given) == var)
    {
        return if *value { (Some(state), None) } else { (None, Some(state)) };
    }
    let known = state.flags.iter().find(|(flag, _)| Some(*flag) == var).map(|(_, value)| *value);
    if let Some(value) = known {
        return if value { (Some(state), None) } else { (None, Some(state)) };
    }
    match var.and_then(|var| state.alias(var)) {
        Some(Alias::Sure) => (Some(state), None),
        Some(Alias::Success) => match state.phase {
            Phase::Unchecked | Phase::Open => {
                (Some(State { phase: Phase::Open, ..state.clone() }), Some(failed(state)))
            }
            _ => (Some(state.clone()), Some(state)),
        },
        _ => (Some(state.clone()), Some(state)),
    }
}

/// `left == right`, where one is nil and the other the error or the resource.
fn compared<'a>(
    walk: &Walk<'a, '_>,
    left: &'a Expr,
    right: &'a Expr,
    state: State,
) -> (Option<State>, Option<State>) {
    let other = if right.is_nil() {
        left
    } else if left.is_nil() {
        right
    } else {
        return error_equals(walk, left, right, state);
    };
    // `resp.Body`: where that is nil, there is nothing to release.
    if let ExprKind::Selector { operand, field } = &other.unparen().kind
        && state.is_open()
        && walk.oracle.is_part(&field.name)
        && walk.peek(operand, &state) == Some(Alias::Itself)
    {
        return (Some(failed(state.clone())), Some(state));
    }
    let Some(var) = other.as_ident().and_then(|ident| walk.scopes.var(ident)) else {
        return (Some(state.clone()), Some(state));
    };
    if state.error == Some(var) {
        return error_is_nil(state);
    }
    // What is made from it is there, if its maker gives no nil.
    if matches!(state.alias(var), Some(Alias::Handle(_))) && walk.oracle.is_never_nil(var) {
        return (None, Some(state));
    }
    if state.alias(var) == Some(&Alias::Itself) {
        return match state.phase {
            Phase::Unchecked => (Some(failed(state.clone())), Some(State { phase: Phase::Open, ..state })),
            Phase::Nil => (Some(state), None),
            // A constructor that returns no error may return nil, yet it is its only sign.
            Phase::Open => (Some(failed(state.clone())), Some(state)),
            _ => (Some(state.clone()), Some(state)),
        };
    }
    (Some(state.clone()), Some(state))
}

/// The states where the error of the acquisition is nil, and where it is not.
fn error_is_nil(state: State) -> (Option<State>, Option<State>) {
    match state.phase {
        Phase::Unchecked => (Some(State { phase: Phase::Open, ..state.clone() }), Some(failed(state))),
        Phase::Nil => (None, Some(state)),
        Phase::Before => (Some(state.clone()), Some(state)),
        _ => (Some(state), None),
    }
}

/// `err == io.EOF` and the like: equal means not nil.
fn error_equals<'a>(
    walk: &Walk<'a, '_>,
    left: &'a Expr,
    right: &'a Expr,
    state: State,
) -> (Option<State>, Option<State>) {
    let is_error = |expr: &Expr| {
        expr.as_ident().and_then(|ident| walk.scopes.var(ident)).is_some_and(|var| state.error == Some(var))
    };
    if state.phase == Phase::Unchecked && (is_error(left) || is_error(right)) {
        return (Some(failed(state.clone())), Some(state));
    }
    (Some(state.clone()), Some(state))
}

/// `failed(err)`, where that is known to tell whether there is an error. `errors.Is(err, x)` and other
/// predicates named `Is…` or `As…`: true means not nil. `client.IsClosed()`: true means that there is nothing
/// left to release.
fn asked_of_error<'a>(
    walk: &mut Walk<'a, '_>,
    call: &'a Call,
    state: State,
) -> (Option<State>, Option<State>) {
    let name = match &call.function.unparen().kind {
        ExprKind::Selector { field, .. } => Some(&field.name),
        ExprKind::Ident(ident) => Some(&ident.name),
        _ => None,
    };
    let predicate =
        name.is_some_and(|name| name.starts_with("Is") || name.starts_with("As") || name.starts_with("is"));
    if state.is_open()
        && name.is_some_and(|name| walk.oracle.ends_unless(name))
        && is_asked(walk, call, &state)
    {
        let mut ended = state.clone();
        walk.release(
            &mut ended,
            call.span,
            Certainty::Proved,
            "released where this says that there is no more",
        );
        return (Some(state), Some(ended));
    }
    let closed =
        name.is_some_and(|name| ["Closed", "IsClosed"].contains(&&**name)) && is_asked(walk, call, &state);
    // Where a subtest made it, and failed.
    let in_subtest =
        walk.sources.iter().any(|source| matches!(source, Source::Assigned { error: ErrorAt::Nowhere, .. }));
    let test_failed = in_subtest && call.args.is_empty() && name.is_some_and(|name| &**name == "Failed");
    if state.is_open() && (closed || test_failed) {
        return (Some(failed(state.clone())), Some(state));
    }
    let is_error = |arg: &Expr| {
        arg.as_ident().and_then(|ident| walk.scopes.var(ident)).is_some_and(|var| state.error == Some(var))
    };
    let asked = call.args.iter().position(is_error);
    match asked.and_then(|at| walk.oracle.tells_error(call, at)) {
        Some(Tells::Failure) => {
            let (fine, failed) = error_is_nil(state);
            return (failed, fine);
        }
        Some(Tells::Success) => return error_is_nil(state),
        None => {}
    }
    let about_error = asked.is_some();
    match state.phase {
        Phase::Unchecked if predicate && about_error => (Some(failed(state.clone())), Some(state)),
        Phase::Open if predicate && about_error => (None, Some(state)),
        _ => (Some(state.clone()), Some(state)),
    }
}

/// Whether it is the resource whose method is called.
fn is_asked(walk: &Walk, call: &Call, state: &State) -> bool {
    let ExprKind::Selector { operand, .. } = &call.function.unparen().kind else { return false };
    walk.peek(operand, state) == Some(Alias::Itself)
}

pub(crate) fn failed(state: State) -> State {
    State { phase: Phase::Nil, holders: Vec::new(), due: None, maybe_due: None, running: None, ..state }
}
