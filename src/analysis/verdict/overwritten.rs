//! What each request puts where the one before has put its own, in a field or a variable that outlives both:
//! nobody has the one before any more, and nobody has released it.
//!
//! Only where every request comes by: nothing that lasts longer than a request decides whether the place is
//! set, nobody looks at what is there before, and nobody gets at it but to use it.

use std::sync::Arc;

use crate::analysis::dataflow::state::{EventKind, Phase};
use crate::analysis::dataflow::trace::{ExitKind, Trace};
use crate::analysis::graph::known;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, Scopes, VarId, VarOrigin};
use crate::analysis::summaries::field_release::is_other;
use crate::analysis::summaries::per_request::is_handler;
use crate::analysis::verdict::case::{Case, Kind};
use crate::analysis::verdict::outcome::Outcome;
use crate::base::diagnostic::{Certainty, Remedy, Verdict};
use crate::base::text::Span;
use crate::go::project::package::{FuncRef, Package};
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::{FileScope, exported};

/// Local variables of local variables are looked at this deep.
const MAX_DEPTH: u32 = 4;

/// A place that outlives a request.
enum Slot {
    /// A field of a type of the package, by their names.
    Field { owner: Arc<str>, name: Arc<str> },
    /// A variable of the package.
    Package(Arc<str>),
    /// A variable of the function around a handler.
    Around(VarId),
}

impl Case<'_, '_> {
    /// What becomes of what is kept where each request keeps its own, if it is, and what would mend it.
    pub(crate) fn overwritten(
        &self,
        outcome: &Outcome,
        trace: &Trace,
        body: BodyId,
        kind: &Kind,
    ) -> Option<(Outcome, Remedy)> {
        let kept = matches!(outcome.verdict, Verdict::Stored | Verdict::Global);
        if !kept || self.wanted.by_name || self.in_test() {
            return None;
        }
        let func = self.func?;
        let at = only_place(trace, &|event| {
            matches!(event, EventKind::Escaped(Verdict::Stored | Verdict::Global))
        })?;
        let (target, value) = assignment(self.scopes.body(body).block, at)?;
        let slot = self.slot(target, body)?;
        let handler = Handler { case: self, slot: &slot, target: at };
        if !self.is_reached_by_all(&handler, func, body) || handler.is_seen(value) {
            return None;
        }
        let (named, place) = (self.named(kind), format!("`{}`", self.text_of(at)));
        let it = if named == place { "it" } else { place.as_str() };
        let message = format!(
            "{named} is never {}: the next request overwrites {it} while it is still {}",
            self.verb(kind),
            self.wanted.lifetime.words.open()
        );
        let mut evidence = outcome.evidence.clone();
        for one in &mut evidence {
            one.words = format!("{}, and overwritten by the next request", one.words);
        }
        let outcome = Outcome {
            verdict: Verdict::Leaked,
            certainty: Certainty::Assumed,
            evidence,
            message,
            obstacle: None,
        };
        let remedy = Remedy::advice(
            "make one for all requests, or release the one before",
            "which of the two is for a person to say",
        );
        Some((outcome, remedy))
    }

    /// The place that a target names, if it outlives the requests that `body` runs for.
    fn slot(&self, target: &Expr, body: BodyId) -> Option<Slot> {
        let path = target.as_path()?;
        let package = &self.place.scope.package;
        let outlives = match self.scopes.var(path[0]) {
            None => package.has_value(&path[0].name),
            Some(var) => {
                let home = self.scopes.info(var).body;
                let around =
                    home != body && self.judge.summaries.requests.of(self.typing, home, self.func?).is_none();
                around || self.is_shared_receiver(var)
            }
        };
        let slot = match (&target.unparen().kind, self.scopes.var(path[0])) {
            (ExprKind::Selector { operand, field }, _) => {
                let owner = self.typing.of(operand);
                let named = owner.pointee().named().filter(|named| named.package == package.path)?;
                Slot::Field { owner: named.name.clone(), name: field.name.clone() }
            }
            (_, Some(var)) => Slot::Around(var),
            (_, None) => Slot::Package(path[0].name.clone()),
        };
        let visible = slot.name(self.scopes);
        (outlives && (!exported(&visible) || &*package.name == "main")).then_some(slot)
    }

    /// Whether a variable is the receiver of a method, and what is stored in it stays there.
    fn is_shared_receiver(&self, var: VarId) -> bool {
        self.scopes.param(BodyId(0), ParamIndex::Receiver) == Some(var)
            && matches!(self.scopes.info(var).origin, VarOrigin::Param { ty, .. }
                if matches!(ty.unparen().kind, ExprKind::Pointer(_)))
    }

    /// Whether every request that a handler serves comes by the place: the handler sets it itself, or calls
    /// what does. A handler that is called as a method may have a receiver that was made for the request.
    fn is_reached_by_all(&self, handler: &Handler, func: &FuncDecl, body: BodyId) -> bool {
        let Some(request) = self.judge.summaries.requests.of(self.typing, body, func) else { return false };
        let block = self.scopes.body(body).block;
        if !handler.comes_by(self.typing, body, block, handler.target)
            || sets_up(&func.name.name) && body == BodyId(0) && request.handler.is_none()
        {
            return false;
        }
        let is_method = func.receiver.is_some() && body == BodyId(0);
        let is_literal = is_handler(self.judge.database, self.place.scope, self.scopes.body(body).signature);
        match request.handler {
            None if body != BodyId(0) => is_literal,
            None => !is_method || handler.callers(func).is_empty(),
            Some(_) if body != BodyId(0) => false,
            Some(_) => {
                let callers = handler.callers(func);
                !callers.is_empty() && callers.iter().all(|caller| handler.is_called_by(caller, func))
            }
        }
    }
}

impl Slot {
    fn name(&self, scopes: &Scopes) -> Arc<str> {
        match self {
            Slot::Field { name, .. } | Slot::Package(name) => name.clone(),
            Slot::Around(var) => scopes.info(*var).name.clone(),
        }
    }

    /// Whether an expression of a function names the place; `own` where that is the one that sets it.
    fn is(&self, typing: &Typing, expr: &Expr, own: bool) -> bool {
        match (self, &expr.unparen().kind) {
            (Slot::Field { owner, name }, ExprKind::Selector { operand, field }) => {
                field.name == *name && !is_other(typing, &typing.file.package, (owner, name), operand)
            }
            (Slot::Package(name), ExprKind::Ident(ident)) => {
                ident.name == *name && typing.scopes.var(ident).is_none()
            }
            (Slot::Around(var), ExprKind::Ident(ident)) => own && typing.scopes.var(ident) == Some(*var),
            _ => false,
        }
    }
}

/// The place that one request sets, in the function that does.
struct Handler<'a, 'c, 's> {
    case: &'s Case<'a, 'c>,
    slot: &'s Slot,
    /// Where it is set.
    target: Span,
}

/// How a function uses a place.
#[derive(Default)]
struct Uses {
    /// It is released, or may be.
    released: Vec<Span>,
    /// Something else than a call of a method or a question whether it is nil.
    other: Vec<Span>,
    asked: Vec<Span>,
}

impl Handler<'_, '_, '_> {
    fn package(&self) -> &Arc<Package> {
        &self.case.place.scope.package
    }

    /// Whether anybody sees the place otherwise than to use what is there, or the function looks at what was
    /// there before, or releases it, itself or by what it calls.
    fn is_seen(&self, value: Option<&Expr>) -> bool {
        let case = self.case;
        let Some(first) = case.scopes.bodies.first() else { return true };
        let own = self.uses(case.typing, first.block, &|expr| self.slot.is(case.typing, expr, true));
        let before = |span: &Span| span.start < self.target.start;
        if !own.released.is_empty()
            || own.other.iter().any(|span| *span != self.target)
            || own.asked.iter().any(before)
        {
            return true;
        }
        // The variable that it is taken from.
        if let Some(var) = value.and_then(Expr::as_ident).and_then(|name| case.scopes.var(name)) {
            let is_var = |expr: &Expr| expr.as_ident().and_then(|name| case.scopes.var(name)) == Some(var);
            let uses = self.uses(case.typing, first.block, &is_var);
            let set = |span: &Span| value.is_some_and(|value| value.span == *span) || self.is_bound(*span);
            if !uses.released.is_empty() || !uses.other.iter().all(set) {
                return true;
            }
        }
        let func = case.func.map(|func| func.name.span);
        let name = self.slot.name(case.scopes);
        let others = self.package().functions_with(&name);
        others.iter().filter(|other| Some(other.decl.name.span) != func).any(|other| self.is_seen_in(other))
    }

    /// Whether a name there is one that a statement binds.
    fn is_bound(&self, span: Span) -> bool {
        let mut bound = false;
        for body in &self.case.scopes.bodies {
            visit::body(body.block, &mut |stmt| {
                if let StmtKind::Assign { left, .. } | StmtKind::Define { left, .. } = &stmt.kind {
                    bound |= left.iter().any(|target| target.span == span);
                }
            });
        }
        bound
    }

    fn is_seen_in(&self, other: &FuncRef) -> bool {
        let Some(block) = other.decl.body() else { return true };
        let scopes = Scopes::of_func(&other.decl);
        let typing = Typing::new(self.case.judge.database, FileScope::of(other), &scopes);
        let is_it = |expr: &Expr| self.slot.is(&typing, expr, false);
        let uses = self.uses(&typing, block, &is_it);
        if uses.other.is_empty() && uses.released.is_empty() && uses.asked.is_empty() {
            return false;
        }
        let is_set = |span: &Span| assignment(block, *span).is_some();
        let per_request = |span: &Span| {
            let body = scopes.body_around(*span).unwrap_or(BodyId(0));
            self.case.judge.summaries.requests.of(&typing, body, &other.decl).is_some()
        };
        // A function that is called here may release what is there.
        let called = self.case.scopes.bodies.first().is_some_and(|first| {
            let mut called = false;
            visit::block(first.block, &mut |expr| {
                called |= expr.as_call().and_then(Call::name) == Some(&*other.decl.name.name);
            });
            called
        });
        called && !(uses.released.is_empty() && uses.other.is_empty())
            || uses.released.iter().any(per_request)
            || !uses.other.iter().all(is_set)
    }

    fn uses(&self, typing: &Typing, block: &Block, is_it: &dyn Fn(&Expr) -> bool) -> Uses {
        let mut uses = Uses::default();
        let mut all: Vec<Span> = Vec::new();
        let releases = |name: &str| {
            known::ends(name)
                || known::reads_like_release(name)
                || self.case.wanted.releases.iter().any(|release| *release.name == *name)
        };
        visit::block(block, &mut |expr| {
            match &expr.kind {
                ExprKind::Call(call) => {
                    if let ExprKind::Selector { operand, field } = &call.function.unparen().kind
                        && is_it(operand)
                    {
                        let list = if releases(&field.name) { &mut uses.released } else { &mut uses.asked };
                        list.push(operand.unparen().span);
                    }
                }
                ExprKind::Binary { left, right, .. } if left.is_nil() || right.is_nil() => {
                    let asked = [left, right].into_iter().filter(|side| is_it(side));
                    uses.asked.extend(asked.map(|side| side.unparen().span));
                }
                _ => {}
            }
            // A key of a literal looks like a variable of that name.
            if is_it(expr) && !all.contains(&expr.unparen().span) {
                all.push(expr.unparen().span);
            }
            if let (Slot::Field { owner, name }, ExprKind::Composite { ty: Some(ty), elements }) =
                (self.slot, &expr.kind)
            {
                let named = |one: &&Element| {
                    one.key.as_ref().and_then(Expr::as_ident).is_some_and(|key| key.name == *name)
                };
                let own = typing.database.type_of(&typing.file, ty);
                if own.named().is_some_and(|named| named.name == *owner) {
                    // What it has from the start is one of those that are overwritten.
                    uses.asked.extend(elements.iter().filter(named).map(|one| one.value.span));
                }
            }
        });
        uses.other = all
            .into_iter()
            .filter(|span| !uses.released.contains(span) && !uses.asked.contains(span))
            .collect();
        uses
    }

    /// The functions of the package, tests aside, that call this one.
    fn callers(&self, func: &FuncDecl) -> Vec<FuncRef> {
        let mut callers = self.package().functions_with(&func.name.name);
        callers.retain(|caller| {
            let own = caller.decl.name.span == func.name.span && caller.file == self.case.place.scope.file;
            !own && !FileScope::of(caller).is_test() && !self.calls_of(caller, func).is_empty()
        });
        callers
    }

    fn calls_of(&self, caller: &FuncRef, func: &FuncDecl) -> Vec<Span> {
        let Some(block) = caller.decl.body() else { return Vec::new() };
        let scopes = Scopes::of_func(&caller.decl);
        let typing = Typing::new(self.case.judge.database, FileScope::of(caller), &scopes);
        let mut found = Vec::new();
        visit::block(block, &mut |expr| {
            if let ExprKind::Call(call) = &expr.kind
                && call.name() == Some(&*func.name.name)
                && typing.called(call).is_none_or(|called| called.decl.name.span == func.name.span)
            {
                found.push(call.span);
            }
        });
        found
    }

    /// Whether a handler calls the function for each of its requests, with its own receiver.
    fn is_called_by(&self, caller: &FuncRef, func: &FuncDecl) -> bool {
        let [call] = self.calls_of(caller, func)[..] else { return false };
        let Some(block) = caller.decl.body() else { return false };
        let scopes = Scopes::of_func(&caller.decl);
        let typing = Typing::new(self.case.judge.database, FileScope::of(caller), &scopes);
        let request = self.case.judge.summaries.requests.of(&typing, BodyId(0), &caller.decl);
        let direct = request.is_some_and(|request| request.handler.is_none());
        let mut same = func.receiver.is_none();
        visit::block(block, &mut |expr| {
            if let ExprKind::Call(found) = &expr.kind
                && found.span == call
                && let ExprKind::Selector { operand, .. } = &found.function.unparen().kind
            {
                let var = operand.as_ident().and_then(|name| scopes.var(name));
                same |= var.is_some() && var == scopes.param(BodyId(0), ParamIndex::Receiver);
            }
        });
        let uses = self.uses(&typing, block, &|expr| self.slot.is(&typing, expr, false));
        let before = |span: &Span| span.start < call.start;
        direct
            && same
            && !sets_up(&caller.decl.name.name)
            && scopes.body_around(call) == Some(BodyId(0))
            && uses.released.is_empty()
            && uses.other.is_empty()
            && !uses.asked.iter().any(before)
            && (caller.decl.receiver.is_none() || self.callers(&caller.decl).is_empty())
            && self.comes_by(&typing, BodyId(0), block, call)
    }

    /// Whether whatever decides if a place in a block is reached is of the request: no state that lasts.
    fn comes_by(&self, typing: &Typing, body: BodyId, block: &Block, at: Span) -> bool {
        typing.scopes.body_around(at) == Some(body) && self.list_comes_by(typing, &block.stmts, at)
    }

    fn list_comes_by(&self, typing: &Typing, list: &[Stmt], at: Span) -> bool {
        for stmt in list {
            if stmt.span.contains(at) {
                return match &stmt.unlabeled().kind {
                    StmtKind::Block(block) => self.list_comes_by(typing, &block.stmts, at),
                    StmtKind::If(branch) if !branch.then.span.contains(at) => {
                        branch.otherwise.as_ref().is_none_or(|other| !other.span.contains(at))
                    }
                    StmtKind::If(branch) => {
                        self.is_of_request(typing, &branch.condition, 0)
                            && self.list_comes_by(typing, &branch.then.stmts, at)
                    }
                    StmtKind::Assign { .. } | StmtKind::Define { .. } | StmtKind::Expr(_) => true,
                    StmtKind::Return(_) => true,
                    _ => false,
                };
            }
            let mut leaves = false;
            visit::statements(std::slice::from_ref(stmt), &mut |inner| {
                leaves |= matches!(inner.kind, StmtKind::Return(_) | StmtKind::Goto(_));
            });
            let told = match &stmt.kind {
                StmtKind::If(branch) if branch.otherwise.is_none() => {
                    self.is_of_request(typing, &branch.condition, 0)
                }
                _ => false,
            };
            if leaves && !told {
                return false;
            }
        }
        false
    }

    /// Whether nothing in an expression outlasts the request: what it says may be another thing each time.
    fn is_of_request(&self, typing: &Typing, expr: &Expr, depth: u32) -> bool {
        let scopes = typing.scopes;
        let mut own = true;
        visit::expr(expr, &mut |part| {
            let Some(ident) = part.as_ident() else { return };
            own &= match scopes.var(ident) {
                Some(var) if typing.var(var).is_some_and(|ty| ty.is_error()) => true,
                Some(var) => match scopes.info(var).origin {
                    VarOrigin::Param { index, .. } => index != ParamIndex::Receiver,
                    _ => {
                        let assigned = scopes.assigned(var);
                        !assigned.is_empty()
                            && depth < MAX_DEPTH
                            && assigned.iter().all(|one| self.is_of_request(typing, one.value, depth + 1))
                    }
                },
                None => {
                    let package = self.package();
                    let mentions = || {
                        let name = self.slot.name(self.case.scopes);
                        package.functions_with(&name).iter().any(|func| func.decl.name.name == ident.name)
                    };
                    !(package.has_value(&ident.name) || package.has_func(&ident.name) && mentions())
                }
            };
        });
        own
    }
}

/// The one place that has it on every way out on which it exists.
pub(crate) fn only_place(trace: &Trace, is_kept: &dyn Fn(&EventKind) -> bool) -> Option<Span> {
    let mut places: Vec<Span> = Vec::new();
    for exit in trace.exits.iter().filter(|exit| !matches!(exit.kind, ExitKind::Stop(_))) {
        match exit.state.phase {
            Phase::Before | Phase::Nil => {}
            Phase::Escaped(id) => {
                let event = &trace.events[id.0 as usize];
                places.push(is_kept(&event.kind).then_some(event.span)?);
            }
            _ => return None,
        }
    }
    places.sort();
    places.dedup();
    let [place] = places[..] else { return None };
    Some(place)
}

/// The target of an assignment at this place, and the value that it gets where that stands beside it.
fn assignment(block: &Block, at: Span) -> Option<(&Expr, Option<&Expr>)> {
    let mut found = None;
    visit::body(block, &mut |stmt| {
        let StmtKind::Assign { left, right, plain: true } = &stmt.kind else { return };
        if let Some(index) = left.iter().position(|target| target.span == at) {
            let value = right.get(index).filter(|_| left.len() == right.len());
            found = Some((&left[index], value));
        }
    });
    found
}

/// Whether a handler of this name is called once, or has others overwrite on purpose what it has set up.
fn sets_up(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["init", "setup", "config", "start", "connect", "open", "regist", "load", "reload", "login"]
        .iter()
        .any(|word| name.starts_with(word))
}
