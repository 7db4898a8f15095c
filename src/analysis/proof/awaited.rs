//! Whether what is under way is waited for: on every way out behind the place where it begins, once for each
//! iteration of a loop. What is under way is in a variable, in the elements of one, or goes out when
//! something is flushed.
//!
//! Which calls put something under way is `pending`'s.

use crate::analysis::graph::control_flow::{BasicBlock, Cfg, Condition, Next, Step};
use crate::analysis::graph::known;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, Scopes, VarId};
use crate::base::text::{Span, narrow};
use crate::go::facts::names;
use crate::go::facts::names::Words;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::FileScope;

/// Callees that are to wait are followed this deep.
const MAX_DEPTH: usize = 3;

/// What has to be waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sought {
    /// The future that a variable has.
    Future(VarId),
    /// All those in the slice or map that a variable has.
    Each(VarId),
    /// What was handed to this variable goes out.
    Flush(VarId),
}

impl Sought {
    fn var(self) -> VarId {
        match self {
            Sought::Future(var) | Sought::Each(var) | Sought::Flush(var) => var,
        }
    }
}

/// One function, in which something may be under way.
pub(crate) struct Awaited<'t, 'a, 'w> {
    pub typing: &'t Typing<'a, 'w>,
    pub body: &'a Block,
    /// What is returned is the caller's to wait for.
    pub returns: bool,
    pub depth: usize,
}

impl<'a> Awaited<'_, 'a, '_> {
    /// Whether what the call gives is waited for.
    pub(crate) fn is_settled(&self, call: &Call) -> bool {
        let is_it = |expr: &Expr| expr.unparen().span == call.span;
        let mut at_once = false;
        visit::block(self.body, &mut |expr| {
            let given = || {
                let outer = expr.as_call().filter(|outer| outer.span == expr.span)?;
                Some((outer, outer.args.iter().position(is_it)?))
            };
            at_once |= waits(expr, &is_it)
                || given().is_some_and(|(outer, at)| self.callee_waits(outer, at, Sought::Future));
        });
        at_once || self.is_returned(&is_it) || self.is_kept_and_settled(call)
    }

    /// Whether a `return` gives it to a caller who waits.
    fn is_returned(&self, is_it: &dyn Fn(&Expr) -> bool) -> bool {
        let mut found = false;
        visit::body(self.body, &mut |stmt| {
            if let StmtKind::Return(values) = &stmt.kind {
                found |= self.returns && values.iter().any(is_it);
            }
        });
        found
    }

    /// Whether what was handed in by a call on the variable goes out on every way.
    pub(crate) fn is_flushed(&self, var: VarId, call: &Call) -> bool {
        let Some(body) = self.typing.scopes.body_around(call.span) else { return false };
        let block = self.typing.scopes.body(body).block;
        let deferred = block.stmts.iter().any(|stmt| match &stmt.kind {
            StmtKind::Defer(expr) => stmt.span.end <= call.span.start && self.flushes(expr, var),
            _ => false,
        });
        deferred || self.on_every_way(body, Some(call.span), Sought::Flush(var), None)
    }

    /// `r := p.Publish(m)`, `all = append(all, p.Publish(m))`: whether what the target has is waited for.
    fn is_kept_and_settled(&self, call: &Call) -> bool {
        let Some(body) = self.typing.scopes.body_around(call.span) else { return false };
        let mut found = false;
        visit::body(self.typing.scopes.body(body).block, &mut |stmt| {
            // The header of an `if` is among the statements.
            if !stmt.span.contains(call.span) || found {
                return;
            }
            let pairs: Vec<(&Expr, &Expr)> = match &stmt.kind {
                StmtKind::Define { left, right } | StmtKind::Assign { left, right, .. }
                    if left.len() == right.len() =>
                {
                    left.iter().zip(right).collect()
                }
                StmtKind::Define { left, right } | StmtKind::Assign { left, right, .. } => {
                    left.iter().zip(right.iter().cycle()).collect()
                }
                _ => return,
            };
            let error = pairs
                .iter()
                .find_map(|(target, _)| self.local(target).filter(|_| self.typing.of(target).is_error()));
            found = pairs.iter().any(|(target, value)| {
                let sought = match (&value.unparen().kind, self.local(target)) {
                    (_, Some(var)) if value.unparen().span == call.span && Some(var) != error => {
                        Sought::Future(var)
                    }
                    (ExprKind::Call(append), Some(var)) if is_append(append, call.span) => Sought::Each(var),
                    (_, None) if value.unparen().span == call.span => match self.element_of(target) {
                        Some(var) => Sought::Each(var),
                        None => return false,
                    },
                    _ => return false,
                };
                self.on_every_way(body, Some(stmt.span), sought, error)
            });
        });
        found
    }

    /// Whether every way out behind the statement with the place, or from the beginning on, waits.
    fn on_every_way(&self, body: BodyId, from: Option<Span>, sought: Sought, error: Option<VarId>) -> bool {
        self.every_way(
            body,
            from,
            &Look {
                step: &|step| self.step(body, step, sought),
                next: &|next| match next {
                    Next::Branch { condition: Condition::True(expr), .. } => {
                        self.settles_by(body, expr, sought)
                    }
                    Next::Return(stmt) => self.settles(body, stmt, sought),
                    _ => false,
                },
                asks: &|expr| self.asks(expr, sought, error),
            },
        )
    }

    /// Whether every way out comes by what is looked for, or ends the process.
    fn every_way(&self, body: BodyId, from: Option<Span>, look: &Look<'_, 'a>) -> bool {
        let ending = |call: &'a Call| self.typing.ask(call, |name| known::ending(name, false)).flatten();
        let Ok(cfg) = Cfg::build(self.typing.scopes.body(body).block, &ending) else { return false };
        let begins = |step: &Step| match step {
            Step::Stmt(stmt) => from.is_some_and(|from| stmt.span.contains(from)),
            _ => false,
        };
        let behind = |block: &BasicBlock| block.steps.iter().position(begins).map(|place| place + 1);
        let start = match from {
            None => Some((0, 0)),
            Some(_) => {
                cfg.blocks.iter().enumerate().find_map(|(at, block)| behind(block).map(|place| (at, place)))
            }
        };
        let Some(start) = start else { return false };
        let (mut seen, mut todo) = (vec![false; cfg.blocks.len()], vec![start]);
        while let Some((at, from)) = todo.pop() {
            let block = &cfg.blocks[at];
            let moved = block.steps[from..].iter().map(|step| (look.step)(step));
            match moved.into_iter().find(|moved| *moved != Moved::On) {
                Some(Moved::Lost) => return false,
                Some(_) => continue,
                None if (look.next)(&block.next) => continue,
                None => {}
            }
            let mut next = match &block.next {
                Next::Return(_) | Next::End(_) => return false,
                Next::Branch { condition: Condition::True(expr), yes, no } => match (look.asks)(expr) {
                    Some(true) => vec![*yes],
                    Some(false) => vec![*no],
                    None => vec![*yes, *no],
                },
                next => next.successors(),
            };
            next.retain(|next| !std::mem::replace(&mut seen[*next], true));
            todo.extend(next.into_iter().map(|next| (next, 0)));
        }
        true
    }

    fn step(&self, body: BodyId, step: &Step<'a>, sought: Sought) -> Moved {
        match step {
            Step::Stmt(stmt) => {
                if self.settles(body, stmt, sought) {
                    return Moved::Settled;
                }
                if let StmtKind::Assign { left, right, .. } | StmtKind::Define { left, right } = &stmt.kind {
                    return self.assigned(body, stmt, left, right, sought);
                }
                Moved::On
            }
            Step::Eval(expr) if self.is_looped_over(body, expr, sought) => Moved::Settled,
            Step::Eval(expr) if self.settles_by(body, expr, sought) => Moved::Settled,
            Step::Communication(Communication::Receive { right, .. })
                if self.settles_by(body, right, sought) =>
            {
                Moved::Settled
            }
            _ => Moved::On,
        }
    }

    /// What an assignment does: it puts the future elsewhere, or another one in its place.
    fn assigned(
        &self,
        body: BodyId,
        stmt: &'a Stmt,
        left: &'a [Expr],
        right: &'a [Expr],
        sought: Sought,
    ) -> Moved {
        let Sought::Future(var) = sought else {
            let appends = |value: &Expr| value.as_call().is_some_and(|call| call.name() == Some("append"));
            let replaced =
                left.iter().zip(right).any(|(target, value)| self.is(target, sought) && !appends(value));
            let is_each = matches!(sought, Sought::Each(_));
            return if is_each && replaced { Moved::Lost } else { Moved::On };
        };
        let is_it = |expr: &Expr| self.local(expr) == Some(var);
        for (target, value) in left.iter().zip(right) {
            let into = match &value.unparen().kind {
                ExprKind::Call(call)
                    if call.name() == Some("append") && call.args.iter().skip(1).any(is_it) =>
                {
                    self.local(target)
                }
                ExprKind::Ident(_) if is_it(value) => self.element_of(target),
                _ => None,
            };
            if let Some(into) = into {
                let all = self.on_every_way(body, Some(stmt.span), Sought::Each(into), None);
                return if all { Moved::Settled } else { Moved::Lost };
            }
        }
        if left.iter().any(is_it) { Moved::Lost } else { Moved::On }
    }

    /// Whether a simple statement waits. What a goroutine does is never known to be over.
    fn settles(&self, body: BodyId, stmt: &'a Stmt, sought: Sought) -> bool {
        if matches!(stmt.kind, StmtKind::Go(_)) {
            return false;
        }
        let mut found = false;
        visit::stmt(stmt, &mut |expr| {
            found |= self.is_here(body, expr) && self.waits_for(expr, sought);
        });
        found
            || match &stmt.kind {
                StmtKind::Expr(expr) | StmtKind::Defer(expr) => {
                    expr.as_call().is_some_and(|call| self.hands_on(call, sought))
                }
                _ => false,
            }
    }

    fn settles_by(&self, body: BodyId, expr: &'a Expr, sought: Sought) -> bool {
        let mut found = false;
        visit::expr(expr, &mut |expr| found |= self.is_here(body, expr) && self.waits_for(expr, sought));
        found
    }

    /// Function literals do not run where they stand.
    fn is_here(&self, body: BodyId, expr: &Expr) -> bool {
        self.typing.scopes.body_around(expr.span) == Some(body)
    }

    fn waits_for(&self, expr: &'a Expr, sought: Sought) -> bool {
        let is_it = |expr: &Expr| self.is(expr, sought);
        let by_callee = |inside: fn(VarId) -> Sought| {
            expr.as_call().filter(|call| call.span == expr.span).is_some_and(|call| {
                call.args.iter().position(is_it).is_some_and(|at| self.callee_waits(call, at, inside))
            })
        };
        match sought {
            Sought::Future(_) => waits(expr, &is_it) || by_callee(Sought::Future),
            Sought::Each(_) => by_callee(Sought::Each),
            Sought::Flush(var) => self.flushes(expr, var),
        }
    }

    /// A literal that is called on the spot, or deferred, waits on all of its ways.
    fn hands_on(&self, call: &'a Call, sought: Sought) -> bool {
        let ExprKind::FuncLit(literal) = &call.function.unparen().kind else { return false };
        let Some(literal) = self.typing.scopes.literal(literal.as_ref()) else { return false };
        let given = call.args.iter().position(|arg| self.local(arg) == Some(sought.var()));
        let param = given.and_then(|at| self.typing.scopes.param(literal, ParamIndex::At(narrow(at))));
        let inside = match (sought, param) {
            (Sought::Future(_), Some(param)) => Sought::Future(param),
            (Sought::Each(_), Some(param)) => Sought::Each(param),
            _ => sought,
        };
        self.on_every_way(literal, None, inside, None)
    }

    /// A function whose source is there gets it as argument `at`, and waits on all of its ways.
    fn callee_waits(&self, call: &Call, at: usize, inside: fn(VarId) -> Sought) -> bool {
        let Some(func) = self.typing.called(call).filter(|_| self.depth < MAX_DEPTH) else { return false };
        let Some(body) = func.decl.body() else { return false };
        let Some(last) = func.decl.signature.params.len().checked_sub(1) else { return false };
        let scopes = Scopes::of_func(&func.decl);
        let Some(param) = scopes.param(BodyId(0), ParamIndex::At(narrow(at.min(last)))) else {
            return false;
        };
        let typing = Typing::new(self.typing.database, FileScope::of(&func), &scopes);
        let callee = Awaited { typing: &typing, body, returns: false, depth: self.depth + 1 };
        callee.on_every_way(BodyId(0), None, inside(param), None)
    }

    /// Whether the loop over the variable waits for each element, and nothing ends it before.
    fn is_looped_over(&self, body: BodyId, over: &'a Expr, sought: Sought) -> bool {
        let Sought::Each(var) = sought else { return false };
        if self.local(over) != Some(var) {
            return false;
        }
        let mut found = false;
        visit::body(self.typing.scopes.body(body).block, &mut |stmt| {
            let StmtKind::For(looped) = &stmt.kind else { return };
            let ForHead::Range { left, right, .. } = &looped.head else { return };
            if right.span != over.span || leaves(&looped.body) {
                return;
            }
            let value = left.get(1).and_then(|value| self.local(value));
            let element = |expr: &Expr| match &expr.unparen().kind {
                ExprKind::Index { operand, .. } => self.local(operand) == Some(var),
                _ => value.is_some() && self.local(expr) == value,
            };
            found |= looped.body.stmts.iter().any(|stmt| self.awaits_at_top(body, stmt, &element));
            found |= value.is_some_and(|value| {
                looped.body.stmts.iter().any(|stmt| {
                    !matches!(stmt.kind, StmtKind::If(_) | StmtKind::For(_))
                        && self.settles(body, stmt, Sought::Future(value))
                })
            });
        });
        found
    }

    /// Whether a statement waits whatever comes: not in one of its blocks.
    fn awaits_at_top(&self, body: BodyId, stmt: &'a Stmt, is_it: &dyn Fn(&Expr) -> bool) -> bool {
        let mut found = false;
        let mut see = |expr: &Expr| found |= self.is_here(body, expr) && waits(expr, is_it);
        match &stmt.kind {
            StmtKind::If(branch) => {
                branch.init.iter().for_each(|init| visit::stmt(init, &mut see));
                visit::expr(&branch.condition, &mut see);
            }
            StmtKind::For(_) | StmtKind::Switch(_) | StmtKind::TypeSwitch(_) | StmtKind::Select(_) => {}
            _ => visit::stmt(stmt, &mut see),
        }
        found
    }

    /// Which way a condition goes while there is something under way: the error that came with it is nil, and
    /// it is not.
    fn asks(&self, expr: &Expr, sought: Sought, error: Option<VarId>) -> Option<bool> {
        let ExprKind::Binary { op, left, right } = &expr.unparen().kind else { return None };
        let var = self.local(left).filter(|_| right.is_nil())?;
        let equal = match op {
            BinaryOp::Equal => true,
            BinaryOp::NotEqual => false,
            _ => return None,
        };
        match var {
            _ if Some(var) == error => Some(equal),
            _ if sought == Sought::Future(var) => Some(!equal),
            _ => None,
        }
    }

    fn flushes(&self, expr: &Expr, var: VarId) -> bool {
        expr.as_call().is_some_and(|call| match &call.function.unparen().kind {
            ExprKind::Selector { operand, field } => {
                names::words().flushes.begin(&field.name) && self.local(operand) == Some(var)
            }
            _ => false,
        })
    }

    /// The slice or map whose element the target is.
    fn element_of(&self, target: &Expr) -> Option<VarId> {
        match &target.unparen().kind {
            ExprKind::Index { operand, .. } => self.local(operand),
            _ => None,
        }
    }

    fn is(&self, expr: &Expr, sought: Sought) -> bool {
        self.local(expr) == Some(sought.var())
    }

    fn local(&self, expr: &Expr) -> Option<VarId> {
        expr.as_ident().and_then(|ident| self.typing.scopes.var(ident))
    }
}

/// What is looked for on every way out.
struct Look<'l, 'a> {
    step: &'l dyn Fn(&Step<'a>) -> Moved,
    /// Whether what ends a block has it.
    next: &'l dyn Fn(&Next<'a>) -> bool,
    /// Which way a condition goes, where that is known.
    asks: &'l dyn Fn(&'a Expr) -> Option<bool>,
}

/// What a step means for what is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moved {
    On,
    Settled,
    /// Nobody can wait for it any more.
    Lost,
}

/// Whether a way through the body of a loop leaves it or goes to its next iteration.
fn leaves(body: &Block) -> bool {
    let mut found = false;
    visit::body(body, &mut |stmt| {
        found |= matches!(
            stmt.kind,
            StmtKind::Return(_) | StmtKind::Break(_) | StmtKind::Continue(_) | StmtKind::Goto(_)
        );
    });
    found
}

/// `append(all, p.Publish(m))`
fn is_append(append: &Call, call: Span) -> bool {
    append.name() == Some("append") && append.args.iter().skip(1).any(|arg| arg.unparen().span == call)
}

/// Whether the expression waits for what `is_it` accepts: `r.Get(ctx)`, `<-r.Ready()`, `<-r`.
fn waits(expr: &Expr, is_it: &dyn Fn(&Expr) -> bool) -> bool {
    let method = |expr: &Expr, names: &Words| match expr.as_call().map(|call| &call.function.unparen().kind) {
        Some(ExprKind::Selector { operand, field }) => names.holds(&field.name) && is_it(operand),
        _ => false,
    };
    match &expr.kind {
        ExprKind::Call(_) => method(expr, &names::words().awaits),
        ExprKind::Receive(channel) => is_it(channel) || method(channel.unparen(), &names::words().tells_end),
        _ => false,
    }
}
