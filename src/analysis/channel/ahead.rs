//! What a goroutine waits for ahead of its send, where only a later statement of the owner ends that wait: on
//! a way out before that statement it never comes to its send, and room in the channel frees nobody.

use crate::analysis::channel::findings::Found;
use crate::analysis::channel::outcome::*;
use crate::analysis::channel::remedy::literal_of;
use crate::analysis::channel::verdict::{Fault, Kind};
use crate::analysis::graph::scopes::{Scopes, VarId, VarOrigin};
use crate::base::text::{Span, narrow};
use crate::go::facts::names;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;

/// A wait that comes before the send, and what would end it.
pub struct Ahead {
    pub wait: Span,
    pub end: Span,
}

/// A fault without the ways out on which the goroutine never comes to its send; where that is all of them,
/// the fault as it was, with what holds the goroutine.
pub fn split(found: &Found, fault: &Fault) -> (Fault, Option<Ahead>) {
    let mut rest = fault.clone();
    if !matches!(fault.kind, Kind::AbandonedSend | Kind::SurplusSenders) {
        return (rest, None);
    }
    let Some(waits) = fault.member.and_then(|member| waits(found, member, fault.blocked)) else {
        return (rest, None);
    };
    let ends: Vec<(usize, Span)> = waits
        .iter()
        .enumerate()
        .flat_map(|(at, wait)| ends(found, wait).into_iter().map(move |end| (at, end)))
        .collect();
    let holds = |exit: &End| {
        let (End::Return(out) | End::Panic(out)) = *exit else { return None };
        (0..waits.len()).find_map(|at| {
            let mut own = ends.iter().filter(|(wait, _)| *wait == at).map(|(_, end)| *end);
            let later = own.clone().find(|end| end.start >= out.end && !may_come_before(found, out, *end))?;
            own.all(|end| end.start >= out.end).then_some(Ahead { wait: waits[at].at, end: later })
        })
    };
    rest.exits.retain(|exit| holds(exit).is_none());
    if rest.exits.is_empty() {
        return (fault.clone(), fault.exits.iter().find_map(holds));
    }
    (rest, None)
}

/// A wait for something that these variables stand for.
struct Wait {
    at: Span,
    of: Vec<VarId>,
    /// Where the goroutine is.
    within: Span,
}

/// What the function literal that a member runs waits for in any case, before its send.
fn waits(found: &Found, member: MemberId, send: Place) -> Option<Vec<Wait>> {
    let scopes = found.frame.scopes;
    let within = literal_of(found, member).filter(|_| send.file == 0)?;
    let body = scopes.bodies.iter().find(|body| body.block.span == within)?.block;
    let mut waits = Vec::new();
    for stmt in &body.stmts {
        let sends = stmt.span.contains(send.span);
        // What is deferred comes last.
        let deferred = matches!(stmt.kind, StmtKind::Defer(_));
        if !deferred {
            for expr in at_once(stmt) {
                visit::expr(expr, &mut |expr| {
                    let of = waited(found, expr);
                    if !of.is_empty() {
                        waits.push(Wait { at: expr.span, of, within });
                    }
                });
            }
        }
        if sends && !deferred {
            break;
        }
    }
    Some(waits)
}

/// The expressions that a statement evaluates whatever branch it takes then.
fn at_once(stmt: &Stmt) -> Vec<&Expr> {
    match &stmt.kind {
        StmtKind::Expr(expr) => vec![expr],
        StmtKind::Send { value, .. } => vec![value],
        StmtKind::Assign { right, .. } | StmtKind::Define { right, .. } => right.iter().collect(),
        StmtKind::Var(specs) => specs.iter().flat_map(|spec| &spec.values).collect(),
        StmtKind::Return(values) => values.iter().collect(),
        StmtKind::If(branch) => {
            let init = branch.init.as_ref().map(at_once).unwrap_or_default();
            init.into_iter().chain([&branch.condition]).collect()
        }
        StmtKind::For(looped) => match &looped.head {
            ForHead::Range { right, .. } => vec![right],
            ForHead::Clause { condition, .. } => condition.iter().collect(),
        },
        StmtKind::Switch(switch) => switch.value.iter().collect(),
        _ => Vec::new(),
    }
}

/// The variables of the owner that an expression waits for: `cmd.Wait()`, `<-stop`, a read from a pipe.
fn waited(found: &Found, expr: &Expr) -> Vec<VarId> {
    let (scopes, typing) = (found.frame.scopes, found.frame.typing);
    let var = |expr: &Expr| scopes.var(expr.unparen().as_ident()?);
    let own = |var: &VarId| scopes.info(*var).body == found.team.body;
    match &expr.kind {
        ExprKind::Receive(channel) => var(channel).filter(own).into_iter().collect(),
        ExprKind::Call(call) if call.span == expr.span => {
            let ExprKind::Selector { operand, field } = &call.function.unparen().kind else {
                return Vec::new();
            };
            let waits = &*field.name == "Wait" && call.args.is_empty();
            let counted = || {
                let ty = typing.of(operand);
                let named = ty.pointee().named();
                named.is_some_and(|named| {
                    let types = names::types();
                    types.counters.holds(&named.package, &named.name)
                        || types.processes.holds(&named.package, &named.name)
                })
            };
            var(operand)
                .filter(|var| own(var) && waits && counted() && !has_context(scopes, *var))
                .into_iter()
                .collect()
        }
        ExprKind::Ident(ident) => {
            scopes.var(ident).filter(own).and_then(|var| pipe(scopes, var)).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// Whether something else than its own methods may end what a variable holds: the end of a context.
fn has_context(scopes: &Scopes, var: VarId) -> bool {
    match scopes.info(var).origin {
        VarOrigin::Value { value, .. } => {
            value.as_call().and_then(Call::name).is_some_and(|name| name.contains("Context"))
        }
        VarOrigin::Declared { .. } => false,
        _ => true,
    }
}

/// Both ends of the pipe of which a variable holds one: `r, w := io.Pipe()`.
fn pipe(scopes: &Scopes, var: VarId) -> Option<Vec<VarId>> {
    let VarOrigin::Value { value, index, .. } = scopes.info(var).origin else { return None };
    let is_one = value.as_call()?.name() == Some("Pipe") && index < 2;
    let end = |other: &VarId| match scopes.info(*other).origin {
        VarOrigin::Value { value: from, index, .. } => from.span == value.span && index < 2,
        _ => false,
    };
    is_one.then(|| (0..scopes.vars.len()).map(|at| VarId(narrow(at))).filter(end).collect())
}

/// What ends a wait, anywhere in the owner but in the goroutine itself: `close(stop)`, `cmd.Process.Kill()`.
fn ends(found: &Found, wait: &Wait) -> Vec<Span> {
    let scopes = found.frame.scopes;
    let owner = scopes.body(found.team.body).block;
    let is_it = |expr: &Expr| {
        let var = expr.unparen().as_ident().and_then(|ident| scopes.var(ident));
        var.is_some_and(|var| wait.of.contains(&var))
    };
    let mut ends = Vec::new();
    visit::block(owner, &mut |expr| {
        let Some(call) = expr.as_call().filter(|call| call.span == expr.span) else { return };
        let closes = call.name() == Some("close") && call.args.iter().any(is_it);
        let tells = match &call.function.unparen().kind {
            ExprKind::Selector { operand, field } => {
                let mut root = operand.unparen();
                while let ExprKind::Selector { operand, .. } = &root.kind {
                    root = operand.unparen();
                }
                let name = field.name.to_ascii_lowercase();
                is_it(root) && (name == "done" || names::words().tells.are_within(&name))
            }
            _ => false,
        };
        if closes || tells {
            ends.push(call.span);
        }
    });
    for body in scopes.bodies.iter().filter(|body| owner.span.contains(body.block.span)) {
        visit::body(body.block, &mut |stmt| {
            if let StmtKind::Send { channel, .. } = &stmt.kind
                && is_it(channel)
            {
                ends.push(stmt.span);
            }
        });
    }
    ends.retain(|end| !wait.within.contains(*end));
    ends.sort();
    ends
}

/// Whether a loop goes round both, so that what is written later may have been done before.
fn may_come_before(found: &Found, out: Span, end: Span) -> bool {
    let mut both = false;
    for body in &found.frame.scopes.bodies {
        visit::body(body.block, &mut |stmt| {
            if let StmtKind::For(looped) = &stmt.kind {
                both |= looped.body.span.contains(out) && looped.body.span.contains(end);
            }
        });
    }
    both
}
