//! Who else than a receiver could tell that a send is over: who waits for the goroutine's group or for its
//! lock, and who counts goroutines. With room in the channel that comes earlier, and what was sent may not be
//! received by then.

use crate::analysis::channel::findings::Found;
use crate::analysis::channel::team::Channel;
use crate::analysis::graph::derived::statements;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, Scopes, VarId, VarOrigin};
use crate::base::text::{Span, narrow};
use crate::go::facts::names;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::{Database, FileScope};

/// Functions that hand a channel on are followed this deep.
const MAX_DEPTH: usize = 3;

/// Why the end of the sends on `channel` could be told by somebody else.
pub fn by_others(found: &Found, channel: &Channel) -> Option<String> {
    if channel.field.is_some() {
        return Some("who could tell that the send is over is not known of a channel in a struct".to_owned());
    }
    let Decl::Func(func) = found.declaration.decl else { return None };
    let (channel, made) = (channel.var, channel.make.span);
    let case = Case { found, channel, made, decl: found.declaration.decl, body: func.body()? };
    counted(found).or_else(|| case.of_goroutines())
}

/// Where the function, or what it calls of the repository, asks which goroutines there are.
pub fn counted(found: &Found) -> Option<String> {
    let typing = found.frame.typing;
    let counts = |typing: &Typing, call: &Call| {
        typing.ask(call, |name| names::functions().counts_goroutines.holds(name.package, name.name))
            == Some(true)
    };
    let in_callee = |call: &Call| {
        let func = typing.called(call).filter(|func| !typing.database.is_dependency(&func.package));
        func.is_some_and(|func| {
            let scopes = Scopes::of_func(&func.decl);
            let inside = Typing::new(typing.database, FileScope::of(&func), &scopes);
            visit::calls(&Decl::Func(func.decl.clone())).into_iter().any(|call| counts(&inside, call))
        })
    };
    let call = visit::calls(found.declaration.decl)
        .into_iter()
        .find(|call| counts(typing, call) || in_callee(call))?;
    Some(format!(
        "line {} may ask for the goroutines that there are",
        found.declaration.place(call.span, String::new()).line
    ))
}

struct Case<'c, 't, 'a, 'f, 'w> {
    found: &'c Found<'t, 'a, 'f, 'w>,
    channel: VarId,
    /// Where the channel is made.
    made: Span,
    decl: &'c Decl,
    body: &'c Block,
}

/// The body of a goroutine that may send.
struct Goroutine<'c> {
    body: &'c Block,
    /// The call of the function that it runs; `None` of a literal, which sees the variables around it.
    call: Option<&'c Call>,
}

impl Case<'_, '_, '_, '_, '_> {
    fn line(&self, span: Span) -> u32 {
        self.found.declaration.place(span, String::new()).line
    }

    fn var(&self, expr: &Expr) -> Option<VarId> {
        let expr = match &expr.unparen().kind {
            ExprKind::AddressOf(inner) => inner,
            _ => expr,
        };
        self.found.frame.scopes.var(expr.as_ident()?)
    }

    fn of_goroutines(&self) -> Option<String> {
        let typing = self.found.frame.typing;
        let mut callees: Vec<(FuncRef, &Call)> = Vec::new();
        for call in visit::calls(self.decl) {
            let Some(at) = call.args.iter().position(|arg| self.var(arg) == Some(self.channel)) else {
                continue;
            };
            let Some(func) = typing.called(call) else { continue };
            if tells_further(typing.database, &func, at, 0) {
                return Some(waited_for_elsewhere(self.line(call.span)));
            }
            callees.push((func, call));
        }
        for call in visit::calls(self.decl) {
            if let ExprKind::Selector { operand, field } = &call.function.unparen().kind
                && matches!(&*field.name, "Go" | "TryGo")
                && call.args.iter().any(|arg| self.runs_with_channel(arg))
                && let Some(why) = self.of_group(operand, call.span)
            {
                return Some(why);
            }
        }
        // Whatever starts it: every literal that may send.
        let mut goroutines = Vec::new();
        for literal in visit::literals(self.body) {
            let own = literal.body.span.contains(self.made);
            if !own && self.uses_channel(literal.body.span) {
                goroutines.push(Goroutine { body: &literal.body, call: None });
            }
        }
        for (func, call) in &callees {
            goroutines.extend(func.decl.body().map(|body| Goroutine { body, call: Some(call) }));
        }
        goroutines.into_iter().find_map(|one| self.of(&one))
    }

    /// Whether a function that is handed on has the channel: a literal, or a variable that has one.
    fn runs_with_channel(&self, function: &Expr) -> bool {
        let scopes = self.found.frame.scopes;
        let given = function.as_ident().and_then(|ident| scopes.var(ident));
        let given = given.map(|var| scopes.assigned(var)).unwrap_or_default();
        self.uses_channel(function.span) || given.iter().any(|given| self.uses_channel(given.value.span))
    }

    fn uses_channel(&self, span: Span) -> bool {
        self.found.frame.scopes.uses_in(span).any(|var| var == self.channel)
    }

    /// Whom one goroutine tells that it is past its send.
    fn of(&self, goroutine: &Goroutine) -> Option<String> {
        let (mut first_send, mut deferred) = (u32::MAX, Vec::new());
        visit::all_statements(goroutine.body, &mut |stmt| match &stmt.kind {
            StmtKind::Send { .. } => first_send = first_send.min(stmt.span.start),
            StmtKind::Defer(_) => deferred.push(stmt.span),
            _ => {}
        });
        let mut told = Vec::new();
        visit::all_statements(goroutine.body, &mut |stmt| {
            let (StmtKind::Expr(expr) | StmtKind::Defer(expr)) = &stmt.kind else { return };
            let Some(call) = expr.as_call().filter(|call| call.args.is_empty()) else { return };
            if let ExprKind::Selector { operand, field } = &call.function.unparen().kind {
                let after = stmt.span.start > first_send || deferred.iter().any(|at| at.contains(stmt.span));
                told.push((&**operand, &*field.name, after));
            }
        });
        told.into_iter().find_map(|(operand, method, after)| match method {
            "Unlock" | "RUnlock"
                if after && (goroutine.call.is_some() || self.locks_beside(operand, goroutine)) =>
            {
                let words = "the goroutine holds a lock until what it sends is received; who waits for that";
                Some(format!("{words} would have it earlier"))
            }
            "Done" => {
                let Some(call) = goroutine.call else { return self.of_group(operand, operand.span) };
                let group =
                    |arg: &&Expr| self.var(arg).is_some_and(|var| self.found.frame.groups.contains_key(&var));
                match call.args.iter().find(group) {
                    Some(arg) => self.of_group(arg, call.span),
                    None => Some(waited_for_elsewhere(self.line(call.span))),
                }
            }
            _ => None,
        })
    }

    /// Whether the function has to do with the lock outside of the goroutine.
    fn locks_beside(&self, lock: &Expr, goroutine: &Goroutine) -> bool {
        let name = |expr: &Expr| {
            let path = expr.as_path()?;
            Some(path.iter().map(|part| &*part.name).collect::<Vec<_>>().join("."))
        };
        let Some(wanted) = name(lock) else { return true };
        visit::calls(self.decl).into_iter().any(|call| {
            let outside = !goroutine.body.span.contains(call.span);
            let is_it = |expr: &Expr| name(expr).as_ref() == Some(&wanted);
            outside
                && matches!(&call.function.unparen().kind,
                    ExprKind::Selector { operand, .. } if is_it(operand))
        })
    }

    /// Who waits for the group, other than the function itself and who then closes the channel.
    fn of_group(&self, group: &Expr, started: Span) -> Option<String> {
        let scopes = self.found.frame.scopes;
        let elsewhere = || Some(waited_for_elsewhere(self.line(started)));
        let Some(var) = self.var(group) else { return elsewhere() };
        let with_context = scopes.assigned(var).iter().any(|given| given.of > 1);
        if matches!(scopes.info(var).origin, VarOrigin::Param { .. }) || with_context {
            return elsewhere();
        }
        let (mut plain, mut waits) = (Vec::new(), Vec::new());
        for call in visit::calls(self.decl) {
            if let ExprKind::Selector { operand, field } = &call.function.unparen().kind
                && self.var(operand) == Some(var)
            {
                plain.push(operand.span.start);
                if &*field.name == "Wait" {
                    waits.push(call.span);
                }
            }
        }
        // Started with it: a goroutine that is done, and does not wait itself.
        for stmt in statements(self.decl) {
            let StmtKind::Go(expr) = &stmt.kind else { continue };
            let Some(call) = expr.as_call() else { continue };
            let waits = || {
                let func = self.found.frame.typing.called(call);
                func.and_then(|func| func.decl.body().map(mentions_wait)).unwrap_or(true)
            };
            for arg in call.args.iter().filter(|arg| self.var(arg) == Some(var)) {
                let at = match &arg.unparen().kind {
                    ExprKind::AddressOf(inner) => inner.unparen().span.start,
                    _ => arg.unparen().span.start,
                };
                if !waits() {
                    plain.push(at);
                }
            }
        }
        // The first is where it is declared.
        let given = scopes.uses_of(var).skip(1).find(|at| !plain.contains(at));
        if let Some(at) = given {
            return Some(waited_for_elsewhere(self.line(Span::new(at, at))));
        }
        waits.into_iter().find_map(|wait| {
            // That of the function itself, or of the literal that makes the channel, is over only then, too.
            let around = visit::literals(self.body).into_iter().map(|literal| &literal.body);
            let around = around.filter(|body| body.span.contains(wait) && !body.span.contains(self.made));
            let inner = around.min_by_key(|body| body.span.end - body.span.start)?;
            (!self.only_closes(inner, wait)).then(|| waited_for_elsewhere(self.line(wait)))
        })
    }

    /// Whether all that a body does after the `wait` is to close the channel.
    fn only_closes(&self, body: &Block, wait: Span) -> bool {
        body.stmts.iter().all(|stmt| {
            let closes = |expr: &Expr| {
                expr.as_call().is_some_and(|call| {
                    let own = call.args.first().and_then(|arg| self.var(arg)) == Some(self.channel);
                    call.function.as_ident().is_some_and(|name| &*name.name == "close") && own
                })
            };
            match &stmt.kind {
                StmtKind::Expr(expr) => expr.unparen().span == wait || closes(expr),
                StmtKind::Defer(expr) => closes(expr),
                _ => false,
            }
        })
    }
}

fn waited_for_elsewhere(line: u32) -> String {
    format!("who waits for the goroutine (line {line}) would go on before what it sends is received")
}

/// Whether a function that the callee `func` hands its parameter on to, the channel, is done with a group or
/// lets go of a lock.
fn tells_further(database: &Database, func: &FuncRef, param: usize, depth: usize) -> bool {
    let scopes = Scopes::of_func(&func.decl);
    let typing = Typing::new(database, FileScope::of(func), &scopes);
    let channel = scopes.param(BodyId(0), ParamIndex::At(narrow(param)));
    let Some(body) = func.decl.body().filter(|_| channel.is_some()) else { return false };
    let tells =
        |call: &Call| call.args.is_empty() && matches!(call.name(), Some("Done" | "Unlock" | "RUnlock"));
    let mut found = false;
    visit::all_statements(body, &mut |stmt| {
        if let StmtKind::Expr(expr) | StmtKind::Defer(expr) = &stmt.kind {
            found |= depth > 0 && expr.as_call().is_some_and(tells);
        }
    });
    visit::block(body, &mut |expr| {
        let Some(call) = expr.as_call().filter(|call| call.span == expr.span && !found) else { return };
        let is_it = |arg: &Expr| arg.as_ident().and_then(|ident| scopes.var(ident)) == channel;
        let Some(at) = call.args.iter().position(is_it) else { return };
        let further = typing.called(call);
        found =
            further.is_some_and(|func| depth >= MAX_DEPTH || tells_further(database, &func, at, depth + 1));
    });
    found
}

fn mentions_wait(body: &Block) -> bool {
    let mut found = false;
    visit::block(body, &mut |expr| {
        found |= expr.as_call().is_some_and(|call| call.name() == Some("Wait"));
    });
    found
}
