//! Whether a maker gives something on each way out, or an error.
//!
//! Its statements are gone through in order with what is known of each variable: that it is not nil, or that
//! it is not where another one says so (`c, err := New()`, `c, ok := m[key]`). A way out on which neither the
//! result nor the error is known to be there may give nothing at all.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::analysis::graph::known;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, Scopes, VarId, VarOrigin};
use crate::base::diagnostic::Evidence;
use crate::base::text::{Span, narrow};
use crate::go::facts::names;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::{Database, FileScope};
use crate::go::types::type_expr::Type;

/// Makers that call makers are followed this deep.
const MAX_DEPTH: usize = 6;

/// Where a maker may give nil as its result `index`, and no error.
pub(super) fn gives_nothing(database: &Database, func: &FuncRef, index: usize) -> Option<Evidence> {
    gives_nil(database, func, (index, false), 0)
}

/// The same; `failed` where all errors that the function gets are known to be some.
fn gives_nil(
    database: &Database,
    func: &FuncRef,
    (index, failed): (usize, bool),
    depth: usize,
) -> Option<Evidence> {
    let body = func.decl.body().filter(|_| depth < MAX_DEPTH && !database.is_dependency(&func.package))?;
    let scopes = Scopes::of_func(&func.decl);
    let typing = Typing::new(database, FileScope::of(func), &scopes);
    let ty = func.decl.signature.results.get(index).map(|result| database.type_of(&typing.file, &result.ty));
    if ty.is_some_and(|ty| is_value(database, &ty)) {
        return None;
    }
    let error = error_of(&typing, func).filter(|at| *at != index);
    let mut ways = Ways { index, error, ..Ways::of(&typing, func, depth) };
    let there = if failed { errors_given(&typing) } else { FxHashSet::default() };
    ways.forgives(body);
    ways.list(&body.stmts, Known { there, ..Known::default() });
    ways.found
}

/// The parameters that are errors.
fn errors_given(typing: &Typing) -> FxHashSet<VarId> {
    let is_given = |var: &VarId| matches!(typing.scopes.info(*var).origin, VarOrigin::Param { .. });
    let all = (0..narrow(typing.scopes.vars.len())).map(VarId).filter(is_given);
    all.filter(|var| typing.var(*var).is_some_and(|ty| ty.is_error())).collect()
}

/// Whether a type has no nil.
fn is_value(database: &Database, ty: &Type) -> bool {
    match ty {
        _ if ty.is_error() => false,
        Type::Basic(_) | Type::Struct(_) => true,
        Type::Named(_) => !database.is_interface(ty) && ty.why_unknown().is_none(),
        _ => false,
    }
}

/// Which of a function's results is its error.
pub(super) fn error_of(typing: &Typing, func: &FuncRef) -> Option<usize> {
    let mut results = func.decl.signature.results.iter();
    results.position(|result| typing.database.type_of(&typing.file, &result.ty).is_error())
}

/// Whether a call ends the goroutine or the process, itself or by a statement of what it calls.
pub(super) fn never_returns(typing: &Typing, call: &Call, depth: usize) -> bool {
    let func = typing.called(call);
    if typing.ask(call, |name| known::ending(name, false)).flatten().is_some()
        || call.name() == Some("panic") && func.is_none()
    {
        return true;
    }
    let Some(func) = func.filter(|_| depth < MAX_DEPTH) else { return false };
    let scopes = Scopes::of_func(&func.decl);
    let inside = Typing::new(typing.database, FileScope::of(&func), &scopes);
    func.decl.body().is_some_and(|body| {
        body.stmts.iter().any(|stmt| match &stmt.kind {
            StmtKind::Expr(expr) => {
                expr.as_call().is_some_and(|call| never_returns(&inside, call, depth + 1))
            }
            _ => false,
        })
    })
}

/// What is known of variables at one place.
#[derive(Clone, Default)]
struct Known {
    /// They are not nil.
    there: FxHashSet<VarId>,
    /// They are not nil where the other one is a nil error, or true.
    with: FxHashMap<VarId, VarId>,
}

impl Known {
    /// Of `var` nothing is known from here on.
    fn forget(&mut self, var: VarId) {
        self.there.remove(&var);
        self.with.retain(|held, by| *held != var && *by != var);
    }

    /// All went well, says `by`.
    fn went_well(&mut self, by: VarId) {
        let sure: Vec<VarId> =
            self.with.iter().filter(|(_, known)| **known == by).map(|(held, _)| *held).collect();
        self.there.extend(sure);
    }

    /// What is known by either.
    fn meet(mut self, other: &Known) -> Known {
        self.there.retain(|var| other.there.contains(var));
        self.with.retain(|var, by| other.with.get(var) == Some(by));
        self
    }
}

fn either(a: Option<Known>, b: Option<Known>) -> Option<Known> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.meet(&b)),
        (a, b) => a.or(b),
    }
}

/// A statement that `break` leaves, with what is known where it does.
struct Left {
    label: Option<String>,
    ways: Option<Known>,
}

struct Ways<'t, 'a, 'w> {
    typing: &'t Typing<'a, 'w>,
    func: &'t FuncRef,
    index: usize,
    error: Option<usize>,
    depth: usize,
    open: Vec<Left>,
    /// A `return` is come to.
    returns: bool,
    found: Option<Evidence>,
}

impl<'t, 'a, 'w> Ways<'t, 'a, 'w> {
    fn of(typing: &'t Typing<'a, 'w>, func: &'t FuncRef, depth: usize) -> Ways<'t, 'a, 'w> {
        Ways { typing, func, index: 0, error: None, depth, open: Vec::new(), returns: false, found: None }
    }

    fn var(&self, expr: &Expr) -> Option<VarId> {
        expr.as_ident().and_then(|ident| self.typing.scopes.var(ident))
    }

    fn say(&mut self, span: Span, words: String) {
        if self.found.is_none() {
            self.found = Some(self.typing.evidence(span, words));
        }
    }

    /// What is deferred may make an error none, or end a panic with nothing in the results.
    fn forgives(&mut self, body: &'a Block) {
        let scopes = self.typing.scopes;
        let error = self.error.and_then(|at| scopes.result(BodyId(0), at));
        visit::body(body, &mut |stmt| {
            let StmtKind::Defer(expr) = &stmt.kind else { return };
            let Some(ExprKind::FuncLit(literal)) = expr.as_call().map(|call| &call.function.unparen().kind)
            else {
                return;
            };
            let (mut recovers, mut sets, mut clears) = (false, false, None);
            visit::block(&literal.body, &mut |inner| {
                recovers |= inner.as_call().is_some_and(|call| call.name() == Some("recover"));
            });
            visit::body(&literal.body, &mut |inner| {
                let StmtKind::Assign { left, right, .. } = &inner.kind else { return };
                for (at, target) in left.iter().enumerate() {
                    if error.is_some() && self.var(target) == error {
                        sets = true;
                        if right.get(at).is_some_and(Expr::is_nil) {
                            clears = Some(inner.span);
                        }
                    }
                }
            });
            let name = &self.func.decl.name.name;
            if let Some(span) = clears {
                self.say(span, format!("`{name}` may give nil, and its error is made none here"));
            } else if recovers && !sets {
                self.say(stmt.span, format!("`{name}` may give nil, and no error, after a panic"));
            }
        });
    }

    /// What is known behind a list of statements; `None` where none of its ways comes to the end.
    fn list(&mut self, stmts: &'a [Stmt], mut known: Known) -> Option<Known> {
        for stmt in stmts {
            known = self.statement(stmt, known, None)?;
        }
        Some(known)
    }

    fn statement(&mut self, stmt: &'a Stmt, mut known: Known, label: Option<&Ident>) -> Option<Known> {
        match &stmt.kind {
            StmtKind::Labeled { label, stmt: Some(inner) } => self.statement(inner, known, Some(label)),
            StmtKind::Assign { left, right, plain: true } | StmtKind::Define { left, right } => {
                let targets: Vec<Option<VarId>> = left.iter().map(|target| self.var(target)).collect();
                self.assign(&targets, right, &mut known);
                Some(known)
            }
            StmtKind::Var(specs) => {
                for spec in specs {
                    let targets: Vec<Option<VarId>> =
                        spec.names.iter().map(|name| self.typing.scopes.var(name)).collect();
                    self.assign(&targets, &spec.values, &mut known);
                }
                Some(known)
            }
            StmtKind::If(branch) => {
                if let Some(init) = &branch.init {
                    known = self.statement(init, known, None)?;
                }
                let holds = self.given(&branch.condition, true, known.clone());
                let then = holds.and_then(|known| self.list(&branch.then.stmts, known));
                let fails = self.given(&branch.condition, false, known);
                let other = match &branch.otherwise {
                    Some(other) => fails.and_then(|known| self.statement(other, known, None)),
                    None => fails,
                };
                either(then, other)
            }
            StmtKind::Block(block) => self.list(&block.stmts, known),
            StmtKind::For(looped) => self.looped(stmt, looped, known, label),
            StmtKind::Switch(switch) => {
                if let Some(init) = &switch.init {
                    known = self.statement(init, known, None)?;
                }
                let mut rest = Some(known);
                self.enter(label);
                let mut out = None;
                for case in switch.cases.iter().filter(|case| !case.default) {
                    let inside = match (&switch.value, case.values.as_slice()) {
                        (None, [condition]) => {
                            let inside = rest.clone().and_then(|known| self.given(condition, true, known));
                            rest = rest.and_then(|known| self.given(condition, false, known));
                            inside
                        }
                        _ => rest.clone(),
                    };
                    let end = inside.and_then(|known| self.list(&case.stmts, known));
                    out = either(out, end);
                }
                let default = switch.cases.iter().find(|case| case.default);
                let end = match default {
                    Some(case) => rest.and_then(|known| self.list(&case.stmts, known)),
                    None => rest,
                };
                self.leave(either(out, end))
            }
            StmtKind::TypeSwitch(switch) => {
                let lists = switch.cases.iter().map(|case| &*case.stmts);
                let whole = !switch.cases.iter().any(|case| case.default);
                self.cases(lists, whole, &known, label)
            }
            StmtKind::Select(cases) => {
                self.cases(cases.iter().map(|case| &*case.stmts), false, &known, label)
            }
            StmtKind::Return(values) => {
                self.way_out(stmt.span, values, &known);
                None
            }
            StmtKind::Break(to) => {
                let name = to.as_ref().map(|to| &*to.name);
                let left =
                    self.open.iter_mut().rev().find(|left| name.is_none() || left.label.as_deref() == name);
                if let Some(left) = left {
                    left.ways = either(left.ways.take(), Some(known));
                }
                None
            }
            StmtKind::Continue(_) | StmtKind::Goto(_) => None,
            StmtKind::Expr(expr) => {
                let Some(call) = expr.as_call() else { return Some(known) };
                if never_returns(self.typing, call, 0) {
                    return None;
                }
                for error in self.asserted(call) {
                    known.went_well(error);
                }
                Some(known)
            }
            _ => Some(known),
        }
    }

    fn enter(&mut self, label: Option<&Ident>) {
        self.open.push(Left { label: label.map(|label| label.name.to_string()), ways: None });
    }

    fn leave(&mut self, end: Option<Known>) -> Option<Known> {
        let left = self.open.pop().and_then(|left| left.ways);
        either(left, end)
    }

    fn cases(
        &mut self,
        lists: impl Iterator<Item = &'a [Stmt]>,
        none_may_fit: bool,
        known: &Known,
        label: Option<&Ident>,
    ) -> Option<Known> {
        self.enter(label);
        let mut out = none_may_fit.then(|| known.clone());
        for stmts in lists {
            let end = self.list(stmts, known.clone());
            out = either(out, end);
        }
        self.leave(out)
    }

    fn looped(
        &mut self,
        stmt: &'a Stmt,
        looped: &'a For,
        mut known: Known,
        label: Option<&Ident>,
    ) -> Option<Known> {
        let (mut condition, mut ends) = (None, true);
        if let ForHead::Clause { init, condition: asked, .. } = &looped.head {
            if let Some(init) = init {
                known = self.statement(init, known, None)?;
            }
            (condition, ends) = (asked.as_ref(), asked.is_some());
        }
        // What a round before may have changed.
        visit::statements(std::slice::from_ref(stmt), &mut |inner| {
            if let StmtKind::Assign { left, .. } = &inner.kind {
                left.iter().filter_map(|target| self.var(target)).for_each(|var| known.forget(var));
            }
        });
        self.enter(label);
        let inside = match condition {
            Some(condition) => self.given(condition, true, known.clone()),
            None => Some(known.clone()),
        };
        if let Some(inside) = inside {
            self.list(&looped.body.stmts, inside);
        }
        let after = match condition {
            Some(condition) => self.given(condition, false, known),
            None => ends.then_some(known),
        };
        self.leave(after)
    }

    fn assign(&mut self, targets: &[Option<VarId>], values: &'a [Expr], known: &mut Known) {
        if let ([value], [first, .., last]) = (values, targets) {
            let by = self.says_how_it_went(value, targets.len()).then_some(*last).flatten();
            let all_there = by.is_none() && value.as_call().is_some_and(|call| !self.may_fail(call));
            targets.iter().flatten().for_each(|var| known.forget(*var));
            for (at, var) in targets.iter().enumerate() {
                let Some(var) = var.filter(|var| Some(*var) != by) else { continue };
                let gives = value.as_call().is_none_or(|call| self.called(call, (at, false)).is_none());
                match by {
                    Some(by) if gives => drop(known.with.insert(var, by)),
                    None if all_there && gives && first.is_some() => drop(known.there.insert(var)),
                    _ => {}
                }
            }
            return;
        }
        let there: Vec<(bool, Option<VarId>)> = values
            .iter()
            .map(|value| {
                let by = self.var(value).and_then(|var| known.with.get(&var)).copied();
                (self.is_there(value, known), by)
            })
            .collect();
        targets.iter().flatten().for_each(|var| known.forget(*var));
        for (var, (there, by)) in targets.iter().zip(there) {
            let Some(var) = *var else { continue };
            if there {
                known.there.insert(var);
            } else if let Some(by) = by.filter(|by| !targets.contains(&Some(*by))) {
                known.with.insert(var, by);
            }
        }
    }

    /// Whether the last of several values tells whether the others are there: an error, or `ok`.
    fn says_how_it_went(&self, value: &Expr, count: usize) -> bool {
        match &value.unparen().kind {
            ExprKind::Call(call) => {
                self.may_fail(call) || {
                    let results = self.typing.results(call);
                    results.len() != count
                        || results
                            .last()
                            .is_some_and(|ty| matches!(ty, Type::Basic(name) if &**name == "bool"))
                }
            }
            ExprKind::Index { .. } | ExprKind::TypeAssert { .. } | ExprKind::Receive(_) => count == 2,
            _ => false,
        }
    }

    fn may_fail(&self, call: &Call) -> bool {
        self.typing.results(call).last().is_some_and(Type::is_error)
    }

    /// What is known where a condition holds, or does not; `None` where it cannot.
    fn given(&self, condition: &Expr, holds: bool, mut known: Known) -> Option<Known> {
        match &condition.unparen().kind {
            ExprKind::Unary { not: true, operand } => self.given(operand, !holds, known),
            ExprKind::Binary { op: BinaryOp::And, left, right } if holds => {
                self.given(left, true, known).and_then(|known| self.given(right, true, known))
            }
            ExprKind::Binary { op: BinaryOp::Or, left, right } if !holds => {
                self.given(left, false, known).and_then(|known| self.given(right, false, known))
            }
            ExprKind::Binary { op: BinaryOp::And | BinaryOp::Or, left, right } => {
                let second =
                    self.given(left, !holds, known.clone()).and_then(|known| self.given(right, holds, known));
                either(self.given(left, holds, known), second)
            }
            ExprKind::Binary { op, left, right } if right.is_nil() || left.is_nil() => {
                let Some(var) = self.var(if right.is_nil() { left } else { right }) else {
                    return Some(known);
                };
                let is_there = match op {
                    BinaryOp::NotEqual => holds,
                    BinaryOp::Equal => !holds,
                    _ => return Some(known),
                };
                if is_there {
                    known.there.insert(var);
                } else if known.there.contains(&var) {
                    return None;
                } else {
                    known.went_well(var);
                }
                Some(known)
            }
            _ => {
                if let Some(var) = self.var(condition).filter(|_| holds) {
                    known.went_well(var);
                }
                // `errors.Is(err, ErrGone)`, `err.Error() == "gone"`
                visit::expr(condition, &mut |expr| {
                    let Some(call) = expr.as_call() else { return };
                    let on = match &call.function.unparen().kind {
                        ExprKind::Selector { operand, .. } => Some(&**operand),
                        _ => None,
                    };
                    let asked = call.args.iter().filter(|_| holds).chain(on);
                    let errors = asked
                        .filter_map(|expr| self.var(expr))
                        .filter(|var| self.typing.var(*var).is_some_and(|ty| ty.is_error()));
                    known.there.extend(errors);
                });
                Some(known)
            }
        }
    }

    /// Whether a value is not nil.
    fn is_there(&self, value: &Expr, known: &Known) -> bool {
        match &value.unparen().kind {
            _ if value.is_nil() => false,
            ExprKind::Ident(ident) => {
                let Some(var) = self.typing.scopes.var(ident) else { return true };
                let given = matches!(
                    self.typing.scopes.info(var).origin,
                    VarOrigin::Param { .. } | VarOrigin::Range { .. } | VarOrigin::Other
                );
                let has_none = || self.typing.var(var).is_some_and(|ty| is_value(self.typing.database, &ty));
                given || known.there.contains(&var) || has_none()
            }
            ExprKind::Call(call) => {
                let failed = call.args.iter().all(|arg| {
                    let is_error = self.typing.of(arg).is_error();
                    !is_error || self.is_there(arg, known)
                });
                let forgives = call.name().is_some_and(|name| names::words().forgives.are_first_of(name));
                !forgives && self.called(call, (0, failed)).is_none()
            }
            _ => true,
        }
    }

    /// The errors without which a call does not come back: `require.NoError(t, err)`, `check(err)`.
    fn asserted(&self, call: &Call) -> Vec<VarId> {
        let is_error = |var: &VarId| self.typing.var(*var).is_some_and(|ty| ty.is_error());
        let asserts = || {
            self.typing.ask(call, known::asserts_no_error) == Some(true)
                || self.typing.called(call).is_some_and(|func| self.stops_on_error(&func))
        };
        // `Expect(err).NotTo(HaveOccurred())`
        if let Some((expected, wants_error)) = known::expectation(call) {
            return self.var(expected).into_iter().filter(|var| !wants_error && is_error(var)).collect();
        }
        let errors: Vec<VarId> = call.args.iter().filter_map(|arg| self.var(arg)).filter(is_error).collect();
        if errors.is_empty() || !asserts() { Vec::new() } else { errors }
    }

    /// Whether a function of the program does not come back with an error that is there.
    fn stops_on_error(&self, func: &FuncRef) -> bool {
        let database = self.typing.database;
        let own = self.depth < MAX_DEPTH && !database.is_dependency(&func.package);
        let Some(body) = func.decl.body().filter(|_| own) else { return false };
        let scopes = Scopes::of_func(&func.decl);
        let typing = Typing::new(database, FileScope::of(func), &scopes);
        let mut ways = Ways::of(&typing, func, self.depth + 1);
        let known = Known { there: errors_given(&typing), ..Known::default() };
        ways.list(&body.stmts, known).is_none() && !ways.returns
    }

    /// Where what is called may give nil.
    fn called(&self, call: &Call, asked: (usize, bool)) -> Option<Evidence> {
        let func = self.typing.called(call)?;
        gives_nil(self.typing.database, &func, asked, self.depth + 1)
    }

    /// A way out, with what it gives.
    fn way_out(&mut self, span: Span, values: &'a [Expr], known: &Known) {
        self.returns = true;
        let name = &self.func.decl.name.name;
        let count = self.func.decl.signature.results.len();
        let result = |at| self.typing.scopes.result(BodyId(0), at);
        if let [value] = values
            && count > 1
        {
            let inner = value.as_call().and_then(|call| self.called(call, (self.index, false)));
            self.found = self.found.take().or(inner);
            return;
        }
        let value = values.get(self.index);
        let error = self.error.and_then(|at| values.get(at));
        let error_var = match error {
            Some(error) => self.var(error),
            None => self.error.filter(|_| values.is_empty()).and_then(result),
        };
        let fails = match error {
            Some(error) => self.is_there(error, known),
            None => error_var.is_some_and(|var| known.there.contains(&var)),
        };
        let var = value.map_or_else(|| result(self.index), |value| self.var(value));
        let there = match value {
            Some(value) => self.is_there(value, known),
            None => var.is_some_and(|var| known.there.contains(&var)),
        };
        // `return c, err`, `return c, errors.Wrap(err, "…")` of one call.
        let together = || {
            let by = var.and_then(|var| known.with.get(&var));
            let wraps = || {
                let call = error.and_then(Expr::as_call);
                call.and_then(|call| call.args.iter().find_map(|arg| self.var(arg)))
            };
            by.is_some() && by.copied() == error_var.or_else(wraps)
        };
        if fails || there || together() {
            return;
        }
        let inner = value.and_then(Expr::as_call).and_then(|call| self.called(call, (0, false)));
        if inner.is_some() {
            self.found = self.found.take().or(inner);
            return;
        }
        let words = match value.filter(|value| !value.is_nil()).and(var) {
            Some(var) => {
                format!("`{}` may be nil here, and no error is returned", self.typing.scopes.info(var).name)
            }
            None => format!("`{name}` may give nil here, and no error"),
        };
        self.say(span, words);
    }
}
