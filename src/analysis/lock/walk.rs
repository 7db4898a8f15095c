//! The locks that a body holds at each of its points, and what is met there: ways out with a lock held, locks
//! that are taken again, and unlocks that do not fit.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::analysis::graph::control_flow::{Cfg, Condition, Ending, Next, Step};
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, VarId};
use crate::analysis::lock::bounds::{Bounds, comparison, literal, told};
use crate::analysis::lock::callee::{Callees, First};
use crate::analysis::lock::key::{Key, Part, Root, method, parts, path, unlocked_by, unlocked_in};
use crate::base::text::Span;
use crate::go::facts::{LockAct, Locking};
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;

/// More states than this at one point, and the body is not judged.
const MAX_STATES: usize = 64;

/// How a lock is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Held {
    pub at: Span,
    pub shared: bool,
}

/// What is known at a point.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct State {
    held: BTreeMap<Key, Held>,
    /// Unlocked by what is deferred; whether as one of several holders, if that is known.
    deferred: BTreeMap<Key, Option<bool>>,
    /// Somebody else may unlock them.
    lost: BTreeSet<Key>,
    /// What branches have said of conditions that are asked more than once.
    said: BTreeMap<u32, bool>,
    /// What they have said of variables that are compared with numbers.
    numbers: BTreeMap<VarId, Bounds>,
}

/// How a body is left with a lock held.
#[derive(Debug, Clone, Copy)]
pub enum Left<'a> {
    Return(&'a Stmt),
    /// The closing brace.
    End(u32),
    /// It is locked again, which some other way does for the first time.
    Again(Span),
}

/// Where a lock is taken while it is held.
#[derive(Debug, Clone)]
pub struct Again {
    pub first: Held,
    /// The call.
    pub second: Span,
    /// Both only keep writers out.
    pub shared: bool,
    /// Where a function that is called locks it.
    pub inside: Option<(FuncRef, Span)>,
}

/// What the walk met, by lock.
#[derive(Debug, Default)]
pub struct Met<'a> {
    pub left: BTreeMap<(Key, Held), Vec<Left<'a>>>,
    /// The `return`s, each with the locks that are held there.
    pub returns: Vec<(&'a Stmt, Vec<Key>)>,
    /// Unlocked here, or by who is called.
    pub unlocked: BTreeSet<Key>,
    /// Unlocked where it is not held: who calls the function holds it.
    pub foreign: BTreeSet<Key>,
    /// Locked by one method and unlocked by the other's.
    pub wrong: BTreeMap<Key, (Held, Span)>,
    /// Where it is taken while some way there has it.
    taken: BTreeMap<(Key, Span), Again>,
    /// What every way to a call holds there.
    always: BTreeMap<Span, BTreeSet<Key>>,
}

impl Met<'_> {
    /// Where locks are taken that are held on every way there.
    pub fn twice(&self) -> impl Iterator<Item = (&Key, &Again)> {
        let always = |span: &Span, key: &Key| self.always.get(span).is_some_and(|held| held.contains(key));
        let sure = self.taken.iter().filter(move |((key, span), _)| always(span, key));
        sure.map(|((key, _), again)| (key, again))
    }
}

/// What a walk asks.
pub struct Walk<'a, 'w> {
    pub typing: &'w Typing<'a, 'w>,
    pub callees: &'w Callees<'w>,
    pub ending: &'w dyn Fn(&'a Call) -> Option<Ending>,
    /// The file's text.
    pub text: &'w [u8],
}

/// Conditions by their text: those that tell one way from another.
type Asked<'t> = FxHashMap<Vec<u8>, (u32, Vec<VarId>)>;

impl<'a> Walk<'a, '_> {
    /// Where a body takes a lock first, in the order of the text: elsewhere there is nothing to find.
    pub fn first_lock(&self, body: BodyId) -> Option<Span> {
        let mut first: Option<Span> = None;
        visit::block(self.typing.scopes.body(body).block, &mut |expr| {
            if let ExprKind::Call(call) = &expr.kind
                && first.is_none_or(|first| call.span < first)
                && self.typing.scopes.body_around(call.span) == Some(body)
                && method(self.typing, &call.function)
                    .is_some_and(|(_, locking)| locking.act != LockAct::Unlock)
            {
                first = Some(call.span);
            }
        });
        first
    }

    /// Walks a body; `None` for one with too many ways.
    pub fn body(&self, body: BodyId) -> Option<Met<'a>> {
        let block = self.typing.scopes.body(body).block;
        let cfg = Cfg::build(block, self.ending).ok()?;
        let (asked, compared) = (self.asked(&cfg), told(self.typing.scopes, &cfg));
        let mut met = Met::default();
        let mut incoming: Vec<FxHashSet<State>> = cfg.blocks.iter().map(|_| FxHashSet::default()).collect();
        let mut todo = vec![(0, State::default())];
        while let Some((at, mut state)) = todo.pop() {
            if incoming[at].len() >= MAX_STATES {
                return None;
            }
            if !incoming[at].insert(state.clone()) {
                continue;
            }
            let block = &cfg.blocks[at];
            let mut step =
                Stepping { walk: self, asked: &asked, compared: &compared, met: &mut met, state: &mut state };
            block.steps.iter().for_each(|one| step.step(one));
            match &block.next {
                Next::Return(stmt) => {
                    if let StmtKind::Return(values) = &stmt.kind {
                        values.iter().for_each(|value| step.eval(value));
                    }
                    step.leave(Left::Return(stmt));
                }
                Next::End(end) => step.leave(Left::End(*end)),
                Next::Branch { condition, yes, no } => {
                    let (on_yes, on_no) = step.branch(*condition);
                    todo.extend(on_yes.map(|state| (*yes, state)));
                    todo.extend(on_no.map(|state| (*no, state)));
                }
                next => todo.extend(next.successors().into_iter().map(|next| (next, state.clone()))),
            }
        }
        Some(met)
    }

    /// The conditions that are asked more than once, and variables that are set to `true` or `false`.
    fn asked(&self, cfg: &Cfg<'a>) -> Asked<'a> {
        let mut often: FxHashMap<Vec<u8>, (usize, Vec<VarId>)> = FxHashMap::default();
        for block in &cfg.blocks {
            let condition = match &block.next {
                Next::Branch { condition, .. } => *condition,
                _ => continue,
            };
            if let Some((text, _)) = self.spelled(condition) {
                let mut vars = Vec::new();
                let mut see =
                    |expr: &Expr| vars.extend(expr.as_ident().and_then(|id| self.typing.scopes.var(id)));
                match condition {
                    Condition::True(expr) => visit::expr(expr, &mut see),
                    Condition::Equal(left, right) => {
                        visit::expr(left, &mut see);
                        visit::expr(right, &mut see);
                    }
                    Condition::NotEmpty(_) | Condition::HasMore(_) => {}
                }
                often.entry(text).or_insert((0, vars)).0 += 1;
            }
        }
        for stmt in cfg.blocks.iter().flat_map(|block| &block.steps) {
            let Step::Stmt(stmt) = stmt else { continue };
            for (target, _) in set_to_bool(stmt) {
                if let Some(found) = often.get_mut(self.text_of(target)) {
                    found.0 += 1;
                }
            }
        }
        let mut texts: Vec<(Vec<u8>, Vec<VarId>)> = often
            .into_iter()
            .filter(|(_, (times, _))| *times > 1)
            .map(|(text, (_, vars))| (text, vars))
            .collect();
        texts.sort();
        (0..).zip(texts).map(|(id, (text, vars))| (text, (id, vars))).collect()
    }

    fn text_of(&self, expr: &Expr) -> &[u8] {
        self.text.get(expr.unparen().span.range()).unwrap_or_default()
    }

    /// A condition as text, and whether it is the contrary of that: `a != b` is not `a == b`.
    fn spelled(&self, condition: Condition) -> Option<(Vec<u8>, bool)> {
        let equal = |left: &Expr, right: &Expr| [self.text_of(left), b"==", self.text_of(right)].concat();
        match condition {
            Condition::True(expr) => match &expr.unparen().kind {
                ExprKind::Binary { op: BinaryOp::Equal, left, right } => Some((equal(left, right), false)),
                ExprKind::Binary { op: BinaryOp::NotEqual, left, right } => Some((equal(left, right), true)),
                _ => Some((self.text_of(expr).to_vec(), false)),
            },
            Condition::Equal(left, right) => Some((equal(left, right), false)),
            Condition::NotEmpty(_) | Condition::HasMore(_) => None,
        }
    }
}

/// What a statement sets to `true` or `false`.
fn set_to_bool(stmt: &Stmt) -> Vec<(&Expr, bool)> {
    let (StmtKind::Assign { left, right, .. } | StmtKind::Define { left, right }) = &stmt.kind else {
        return Vec::new();
    };
    let value = |expr: &Expr| match &*expr.as_ident()?.name {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    };
    left.iter().zip(right).filter_map(|(target, given)| Some((target, value(given)?))).collect()
}

/// Whether it gives values as they are: `n = 1`, not `n += 1`.
fn is_plain(stmt: &Stmt) -> bool {
    matches!(stmt.kind, StmtKind::Define { .. } | StmtKind::Assign { plain: true, .. })
}

/// One way through the steps of a block.
struct Stepping<'s, 'a, 'w> {
    walk: &'s Walk<'a, 'w>,
    asked: &'s Asked<'a>,
    /// The variables whose comparisons count.
    compared: &'s [VarId],
    met: &'s mut Met<'a>,
    state: &'s mut State,
}

impl<'a> Stepping<'_, 'a, '_> {
    fn typing(&self) -> &Typing<'a, '_> {
        self.walk.typing
    }

    fn step(&mut self, step: &Step<'a>) {
        match step {
            Step::Stmt(stmt) => self.stmt(stmt),
            Step::Eval(expr) => self.eval(expr),
            Step::Range { left, .. } => left.iter().for_each(|target| self.assigned(target)),
            Step::Communication(Communication::Send { channel, value }) => {
                self.eval(channel);
                self.eval(value);
            }
            Step::Communication(Communication::Receive { left, right, .. }) => {
                self.eval(right);
                left.iter().for_each(|target| self.assigned(target));
            }
            Step::Alias { value, .. } => self.eval(value),
            Step::Enter(_) | Step::After(_) => {}
        }
    }

    fn stmt(&mut self, stmt: &'a Stmt) {
        match &stmt.kind {
            StmtKind::Expr(expr) => self.eval(expr),
            StmtKind::IncDec(expr) => {
                self.eval(expr);
                let before = self.compared_var(expr).and_then(|var| self.state.numbers.get(&var).copied());
                self.assigned(expr);
                let up = self.walk.text.get(stmt.span.range()).is_some_and(|text| text.ends_with(b"++"));
                if let (Some(var), Some(before), true) = (self.compared_var(expr), before, up) {
                    self.state.numbers.insert(var, before.incremented());
                }
            }
            StmtKind::Send { channel, value } => {
                self.eval(channel);
                self.eval(value);
            }
            StmtKind::Assign { left, right, .. } | StmtKind::Define { left, right } => {
                right.iter().for_each(|value| self.eval(value));
                left.iter().filter(|target| target.as_ident().is_none()).for_each(|target| self.eval(target));
                left.iter().for_each(|target| self.assigned(target));
                for (target, value) in set_to_bool(stmt) {
                    if let Some((id, _)) = self.asked.get(self.walk.text_of(target)) {
                        self.state.said.insert(*id, value);
                    }
                }
                for (target, value) in left.iter().zip(right).filter(|_| is_plain(stmt)) {
                    if let (Some(var), Some(number)) = (self.compared_var(target), literal(value)) {
                        self.state.numbers.insert(var, Bounds::exactly(number));
                    }
                }
            }
            StmtKind::Var(specs) => {
                for spec in specs {
                    spec.values.iter().for_each(|value| self.eval(value));
                    spec.names.iter().for_each(|name| self.renewed(name));
                }
            }
            StmtKind::Defer(expr) => self.deferred(expr),
            StmtKind::Go(expr) => self.started(expr),
            _ => {}
        }
    }

    /// The variable whose comparisons count that an expression is.
    fn compared_var(&self, expr: &Expr) -> Option<VarId> {
        let var = self.typing().scopes.var(expr.as_ident()?)?;
        self.compared.contains(&var).then_some(var)
    }

    /// A variable, or something that it has, gets another value.
    fn assigned(&mut self, target: &Expr) {
        if let Some(name) = target.as_ident() {
            return self.renewed(name);
        }
        let text = self.walk.text_of(target);
        let about = |asked: &[u8]| memchr::memmem::find(asked, text).is_some();
        let gone = self.asked.iter().filter(|(asked, _)| about(asked)).map(|(_, (id, _))| *id);
        for id in gone {
            self.state.said.remove(&id);
        }
    }

    fn renewed(&mut self, name: &Ident) {
        let Some(var) = self.typing().scopes.var(name) else { return };
        let gone = self.asked.values().filter(|(_, vars)| vars.contains(&var)).map(|(id, _)| *id);
        for id in gone {
            self.state.said.remove(&id);
        }
        self.state.numbers.remove(&var);
        // Another lock from here on.
        self.state.held.retain(|key, _| !key.is_of(var));
        self.state.lost.retain(|key| !key.is_of(var));
        self.state.deferred.retain(|key, _| !key.is_of(var));
    }

    fn eval(&mut self, expr: &'a Expr) {
        for part in parts(expr) {
            match part {
                Part::Call(call) => {
                    self.reached(call.span);
                    match method(self.typing(), &call.function) {
                        Some((key, locking)) => self.operate(key, locking, call.span),
                        None => self.call(call),
                    }
                }
                Part::Value(value) => {
                    if let Some((key, Locking { act: LockAct::Unlock, .. })) = method(self.typing(), value) {
                        self.lose(key);
                    }
                }
                Part::Pointed(value) => self.pointed(value),
                Part::Literal(literal) => self.literal(literal),
            }
        }
    }

    fn reached(&mut self, span: Span) {
        let held = &self.state.held;
        let always = self.met.always.entry(span).or_insert_with(|| held.keys().cloned().collect());
        always.retain(|key| held.contains_key(key));
    }

    /// Who has a pointer to a lock may unlock it.
    fn pointed(&mut self, value: &Expr) {
        if let Some(key) = path(self.typing(), value)
            && self.state.held.contains_key(&key)
        {
            self.lose(key);
        }
    }

    /// A function literal may run at any time.
    fn literal(&mut self, literal: &FuncLit) {
        unlocked_in(self.typing(), &literal.body).into_iter().for_each(|key| self.lose(key));
    }

    fn lose(&mut self, key: Key) {
        self.state.held.remove(&key);
        self.state.lost.insert(key);
    }

    fn operate(&mut self, key: Key, locking: Locking, span: Span) {
        if locking.act == LockAct::Unlock {
            self.met.unlocked.insert(key.clone());
        }
        if self.state.lost.contains(&key) {
            return;
        }
        match locking.act {
            LockAct::Lock => self.lock(key, Held { at: span, shared: locking.shared }),
            // Where the answer is not asked for on the spot, nobody knows.
            LockAct::Try => self.lose(key),
            LockAct::Unlock => match self.state.held.remove(&key) {
                Some(held) if held.shared != locking.shared => {
                    self.met.wrong.insert(key, (held, span));
                }
                Some(_) => {}
                None => drop(self.met.foreign.insert(key)),
            },
        }
    }

    fn lock(&mut self, key: Key, now: Held) {
        let before = self.state.held.get(&key).copied();
        let shared = before.is_some_and(|before| before.shared && now.shared);
        if let Some(first) = before {
            let again = Again { first, second: now.at, shared, inside: None };
            self.met.taken.insert((key.clone(), now.at), again);
        }
        match before {
            // How often it is held, nobody counts.
            Some(_) if shared => self.lose(key),
            // This way ends here.
            Some(first) => {
                // What is deferred unlocks it, whichever branches are taken.
                let elsewhere = first.at != now.at;
                let sure = if elsewhere { self.numbers_agree() } else { !self.is_picked_out(now.at) };
                if !self.state.deferred.contains_key(&key) || sure {
                    self.met.left.entry((key.clone(), first)).or_default().push(Left::Again(now.at));
                }
                self.lose(key);
            }
            None => drop(self.state.held.insert(key, now)),
        }
    }

    /// Whether branches were taken for comparisons with numbers, which were held together.
    fn numbers_agree(&self) -> bool {
        !self.state.numbers.is_empty()
    }

    /// Whether a loop picks out one of its items, `if item == x`, for what stands here.
    fn is_picked_out(&self, at: Span) -> bool {
        let scopes = self.typing().scopes;
        let picks = |looped: &For| {
            let ForHead::Range { left, .. } = &looped.head else { return false };
            let Some(item) = left.last().and_then(Expr::as_ident).and_then(|name| scopes.var(name)) else {
                return false;
            };
            let is_item =
                |expr: &Expr| path(self.typing(), expr).is_some_and(|path| path.root == Root::Var(item));
            let mut found = false;
            visit::body(&looped.body, &mut |stmt| match &stmt.kind {
                StmtKind::If(branch) if branch.then.span.contains(at) => {
                    if let ExprKind::Binary { op: BinaryOp::Equal, left, right } =
                        &branch.condition.unparen().kind
                    {
                        found |= is_item(left) || is_item(right);
                    }
                }
                StmtKind::Switch(switch) if stmt.span.contains(at) => {
                    found |= switch.value.as_ref().is_some_and(is_item);
                }
                _ => {}
            });
            found
        };
        let mut picked = false;
        for body in &scopes.bodies {
            visit::body(body.block, &mut |stmt| {
                if let StmtKind::For(looped) = &stmt.kind {
                    picked |= looped.body.span.contains(at) && picks(looped);
                }
            });
        }
        picked
    }

    /// What a function that is called does to the locks that are held.
    fn call(&mut self, call: &'a Call) {
        for key in unlocked_by(self.typing(), call) {
            self.met.unlocked.insert(key.clone());
            self.lose(key);
        }
        for (key, held) in self.state.held.clone() {
            let known = match self.walk.callees.first(self.typing(), call, &key) {
                First::Nothing => None,
                First::Unlocks => {
                    self.met.unlocked.insert(key.clone());
                    self.lose(key);
                    continue;
                }
                First::Locks { func, at, shared, .. } => {
                    let shared = shared && held.shared;
                    Some(Again { first: held, second: call.span, shared, inside: Some((func, at)) })
                }
            };
            if let Some(again) = known {
                self.met.taken.insert((key, call.span), again);
            }
        }
    }

    fn deferred(&mut self, expr: &'a Expr) {
        let Some(outer) = expr.as_call() else { return };
        for part in parts(expr) {
            match part {
                Part::Call(call) => match method(self.typing(), &call.function) {
                    Some((key, Locking { act: LockAct::Unlock, shared })) if call.span == outer.span => {
                        self.met.unlocked.insert(key.clone());
                        self.state.deferred.insert(key, Some(shared));
                    }
                    // Who defers a lock has been given it locked.
                    Some((key, _)) => self.lose(key),
                    None => {
                        if call.span == outer.span {
                            self.locked_at_end(call);
                        }
                        for key in self.state.held.keys().cloned().collect::<Vec<_>>() {
                            if self.walk.callees.first(self.typing(), call, &key) == First::Unlocks {
                                self.lose(key);
                            }
                        }
                    }
                },
                Part::Value(value) => {
                    if let Some((key, _)) = method(self.typing(), value) {
                        self.state.deferred.insert(key, None);
                    }
                }
                Part::Pointed(value) => self.pointed(value),
                Part::Literal(literal) => {
                    for key in unlocked_in(self.typing(), &literal.body) {
                        self.met.unlocked.insert(key.clone());
                        self.state.deferred.insert(key, None);
                    }
                }
            }
        }
    }

    /// What is deferred after the unlock runs before it: a function that locks then waits for it.
    fn locked_at_end(&mut self, call: &'a Call) {
        let deferred = &self.state.deferred;
        let held = self.state.held.iter().filter(|(key, _)| deferred.contains_key(key));
        let held: BTreeMap<Key, Held> = held.map(|(key, held)| (key.clone(), *held)).collect();
        let always = self.met.always.entry(call.span).or_insert_with(|| held.keys().cloned().collect());
        always.retain(|key| held.contains_key(key));
        for (key, first) in held {
            if let First::Locks { func, at, shared, .. } = self.walk.callees.first(self.typing(), call, &key)
            {
                let shared = shared && first.shared;
                let again = Again { first, second: call.span, shared, inside: Some((func, at)) };
                self.met.taken.insert((key, call.span), again);
            }
        }
    }

    fn started(&mut self, expr: &'a Expr) {
        for part in parts(expr) {
            match part {
                Part::Call(call) => {
                    for key in self.state.held.keys().cloned().collect::<Vec<_>>() {
                        if self.walk.callees.first(self.typing(), call, &key) == First::Unlocks {
                            self.lose(key);
                        }
                    }
                }
                Part::Value(value) => {
                    if let Some((key, _)) = method(self.typing(), value) {
                        self.lose(key);
                    }
                }
                Part::Pointed(value) => self.pointed(value),
                Part::Literal(literal) => self.literal(literal),
            }
        }
    }

    fn leave(&mut self, left: Left<'a>) {
        let state = &*self.state;
        if let Left::Return(stmt) = left {
            let held = state.held.keys().filter(|key| !state.deferred.contains_key(key));
            self.met.returns.push((stmt, held.cloned().collect()));
        }
        for (key, held) in &state.held {
            match state.deferred.get(key) {
                None => self.met.left.entry((key.clone(), *held)).or_default().push(left),
                Some(Some(shared)) if *shared != held.shared => {
                    self.met.wrong.insert(key.clone(), (*held, held.at));
                }
                Some(_) => {}
            }
        }
    }

    /// The states on both sides of a condition.
    fn branch(&mut self, condition: Condition<'a>) -> (Option<State>, Option<State>) {
        let (Condition::True(first) | Condition::Equal(_, first)) = condition else {
            return (Some(self.state.clone()), Some(self.state.clone()));
        };
        if let (Condition::True(_), Some(call)) = (condition, first.as_call())
            && let Some((key, Locking { act: LockAct::Try, shared })) = method(self.typing(), &call.function)
        {
            let without = self.state.clone();
            if !self.state.lost.contains(&key) {
                self.state.held.insert(key, Held { at: call.span, shared });
            }
            return (Some(self.state.clone()), Some(without));
        }
        self.eval(first);
        let known = self.walk.spelled(condition);
        let known = known.and_then(|(text, not)| Some((self.asked.get(&text)?.0, not)));
        let compared = comparison(self.typing().scopes, condition);
        let compared = compared.filter(|compared| self.compared.contains(&compared.var));
        let side = |holds: bool| {
            let mut state = self.state.clone();
            if let Some(compared) = compared {
                let before = state.numbers.get(&compared.var).copied().unwrap_or(Bounds::ANY);
                state.numbers.insert(compared.var, before.where_(compared, holds)?);
            }
            if let Some((id, contrary)) = known {
                let says = holds != contrary;
                if state.said.insert(id, says).is_some_and(|before| before != says) {
                    return None;
                }
            }
            Some(state)
        };
        (side(true), side(false))
    }
}
