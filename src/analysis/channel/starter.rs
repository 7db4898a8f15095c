//! Functions that start goroutines with the function that they are given, and do no more with it:
//! `func (g *group) Go(f func())`, `func spawn(n int, f func(int))`.

use crate::analysis::channel::frame::{Frame, mutated};
use crate::analysis::channel::loops::Trip;
use crate::analysis::channel::size::Count;
use crate::analysis::channel::state::{Flow, Walk, Walked, work};
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, Scopes};
use crate::base::text::{Span, narrow};
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::FileScope;

impl Walk<'_> {
    /// The goroutines that a call starts with a function literal, its argument at `at`: whether it does.
    pub fn starts<'a>(
        &self,
        frame: &Frame<'a, '_>,
        call: &'a Call,
        at: usize,
        flow: &mut Flow,
    ) -> Walked<bool> {
        let Some(literal) = self.function(frame, &call.args[at]) else { return Ok(false) };
        if !self.touches(frame, literal.body.span) {
            return Ok(false);
        }
        let Some((count, alone)) = self.started_by(frame, call, at) else { return Ok(false) };
        self.member(frame, literal, (None, None), &count, call.span, flow)?;
        let member = self.started.borrow().get(&frame.at(call.span)).copied();
        if let Some(member) = member.filter(|_| !alone) {
            // What the helper does once its function has returned, is work of the goroutine's.
            let mut members = self.members.borrow_mut();
            let ways = &mut members[member.0].ways;
            let mut rest = Flow { running: std::mem::take(ways), ended: Vec::new() };
            work(&mut rest, call.span);
            *ways = rest.running;
        }
        Ok(true)
    }

    /// How many goroutines a call starts with its argument at `at`, and lets go of, and whether they run that
    /// alone; none where it may do anything else with it, or wait for them.
    fn started_by<'a>(&self, frame: &Frame<'a, '_>, call: &'a Call, at: usize) -> Option<(Count, bool)> {
        let func = self.read(frame, call).filter(|func| func.decl.signature.results.is_empty())?;
        if func.decl.signature.params.get(at).is_none_or(|param| param.variadic) {
            return None;
        }
        let block = func.decl.body()?;
        let scopes = Scopes::of_func(&func.decl);
        let param = scopes.param(BodyId(0), ParamIndex::At(narrow(at)))?;
        let mut uses: Vec<Span> = Vec::new();
        visit::block(block, &mut |expr| {
            if let ExprKind::Ident(ident) = &expr.kind
                && scopes.var(ident) == Some(param)
            {
                uses.push(expr.span);
            }
        });
        let [used] = uses.as_slice() else { return None };
        let stmt = among_plain(&block.stmts, *used)?;
        let StmtKind::For(looped) = &stmt.kind else {
            return started(stmt, *used).map(|alone| (Count::once(), alone));
        };
        let inner = among_plain(&looped.body.stmts, *used)?;
        let scope = FileScope::of(&func);
        let typing = Typing::new(self.database, scope.clone(), &scopes);
        let mutated = mutated(&scopes);
        self.files.borrow_mut().push((scope.path().to_owned(), scope));
        let file = self.files.borrow().len() - 1;
        let mut callee = Frame::new(file, (&scopes, &typing), &mutated, BodyId(0));
        for (at, arg) in call.args.iter().enumerate() {
            let param = scopes.param(BodyId(0), ParamIndex::At(narrow(at)));
            if let Some(param) = param.filter(|param| callee.is_stable(*param)) {
                callee.sizes.insert(param, (frame.size(arg), frame.length(arg)));
            }
        }
        match callee.trip(looped) {
            Trip::Counted(count) => started(inner, *used).map(|alone| (count, alone)),
            _ => None,
        }
    }
}

/// The statement of a list in which `used` stands, where those beside it neither leave, nor branch, nor could
/// wait for what it starts.
fn among_plain(stmts: &[Stmt], used: Span) -> Option<&Stmt> {
    let at = stmts.iter().position(|stmt| stmt.span.contains(used))?;
    let comes_later = |stmt: &&Stmt| stmt.span.start > used.start || matches!(stmt.kind, StmtKind::Defer(_));
    let others = || stmts[..at].iter().chain(&stmts[at + 1..]);
    let plain = others().all(is_plain) && others().filter(comes_later).all(only_unlocks);
    plain.then(|| &stmts[at])
}

/// Whether nobody is called by a statement but what gives a lock back.
fn only_unlocks(stmt: &Stmt) -> bool {
    let unlocks = |call: &Call| matches!(call.name(), Some("Unlock" | "RUnlock"));
    let mut calls = Vec::new();
    visit::stmt(stmt, &mut |expr| {
        if let ExprKind::Call(call) = &expr.kind {
            calls.push(unlocks(call));
        }
    });
    calls.into_iter().all(|unlocks| unlocks)
}

/// Whether a statement neither leaves, nor branches, nor waits.
fn is_plain(stmt: &Stmt) -> bool {
    let waits = |expr: &Expr| match &expr.kind {
        ExprKind::Receive(_) => true,
        ExprKind::Call(call) => matches!(call.name(), Some("Wait" | "panic")),
        _ => false,
    };
    let mut never = true;
    visit::stmt(stmt, &mut |expr| never &= !waits(expr));
    let simple = matches!(
        stmt.kind,
        StmtKind::Expr(_)
            | StmtKind::Defer(_)
            | StmtKind::IncDec(_)
            | StmtKind::Assign { .. }
            | StmtKind::Define { .. }
            | StmtKind::Var(_)
    );
    simple && never
}

/// Whether a goroutine that a statement starts runs what stands at `used` alone; none where it may leave
/// before that.
fn started(stmt: &Stmt, used: Span) -> Option<bool> {
    let StmtKind::Go(started) = &stmt.kind else { return None };
    let call = started.as_call()?;
    let ExprKind::FuncLit(literal) = &call.function.unparen().kind else {
        return (call.function.span == used).then_some(true);
    };
    let stmts = &literal.body.stmts;
    let at = stmts.iter().position(|stmt| stmt.span.contains(used))?;
    let stmt = match &stmts[at].kind {
        StmtKind::If(branch) => branch.init.as_ref()?,
        _ => &stmts[at],
    };
    let calls = |expr: &Expr| expr.as_call().is_some_and(|call| call.function.span == used);
    let called = match &stmt.kind {
        StmtKind::Expr(expr) => calls(expr),
        StmtKind::Assign { right, .. } | StmtKind::Define { right, .. } => right.iter().any(calls),
        _ => false,
    };
    (called && stmts[..at].iter().all(is_plain)).then_some(false)
}
