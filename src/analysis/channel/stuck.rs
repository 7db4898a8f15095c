//! Operations in goroutines that nothing can ever end, told from the goroutine's own text: on a channel that
//! is nil or that nobody else has, a `select` without cases, a lock that its own holder takes again, a
//! condition that nobody signals.

use crate::analysis::channel::frame::mutated;
use crate::analysis::channel::team::{made_by, never_done};
use crate::analysis::detection::{Detection, Function};
use crate::analysis::graph::scopes::{BodyId, VarId, VarOrigin};
use crate::base::text::Span;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::type_expr::Type;

/// What the rule is called.
pub const KIND: &str = "stuck-forever";

/// The operations in a declaration's goroutines that never end.
pub fn detect(function: &Function) -> Vec<Detection> {
    goroutines(function).into_iter().flat_map(|body| of(function, body)).collect()
}

/// The function literals that `go` starts.
fn goroutines(function: &Function) -> Vec<BodyId> {
    let mut found = Vec::new();
    for body in &function.scopes.bodies {
        visit::body(body.block, &mut |stmt| {
            if let StmtKind::Go(started) = &stmt.kind
                && let Some(call) = started.as_call()
                && let ExprKind::FuncLit(literal) = &call.function.unparen().kind
            {
                found.extend(function.scopes.literal(literal));
            }
        });
    }
    found
}

fn of(function: &Function, body: BodyId) -> Vec<Detection> {
    let mut found = Vec::new();
    let block = function.scopes.body(body).block;
    visit::body(block, &mut |stmt| match &stmt.kind {
        StmtKind::Select(cases) if cases.is_empty() => {
            found.push(detection(function, stmt.span, "`select {}` in a goroutine never ends"));
        }
        StmtKind::Select(cases) if cases.iter().all(|case| never_chosen(function, case)) => {
            let span = Span { start: stmt.span.start, end: stmt.span.start + 6 };
            found.push(detection(function, span, "no case of this `select` can ever be chosen"));
        }
        StmtKind::Send { channel, .. } => {
            if let Some(why) = never(function, channel) {
                found.push(detection(function, stmt.span, &format!("the send never ends: {why}")));
            }
        }
        _ => {
            for expr in own_expressions(stmt) {
                found.extend(receives(function, expr, body));
            }
        }
    });
    found.extend(locked_twice(function, block));
    found.extend(never_signalled(function, body));
    found
}

fn receives(function: &Function, expr: &Expr, body: BodyId) -> Vec<Detection> {
    let mut found = Vec::new();
    visit::expr(expr, &mut |part| {
        if let ExprKind::Receive(channel) = &part.kind
            && function.scopes.body_around(part.span) == Some(body)
            && let Some(why) = never(function, channel)
        {
            found.push(detection(function, part.span, &format!("the receive never ends: {why}")));
        }
    });
    found
}

fn never_chosen(function: &Function, case: &SelectCase) -> bool {
    match &case.communication {
        None => false,
        Some(Communication::Send { channel, .. }) => never(function, channel).is_some(),
        Some(Communication::Receive { right, .. }) => match &right.unparen().kind {
            ExprKind::Receive(channel) => never(function, channel).is_some(),
            _ => false,
        },
    }
}

/// Why nobody else can take part in an operation on this channel.
fn never(function: &Function, channel: &Expr) -> Option<&'static str> {
    if let Some(call) = channel.as_call() {
        let unbuffered = made_by(call).is_some_and(|(_, capacity)| capacity.is_none());
        if never_done(function.scopes, function.typing, channel) {
            return Some("this context has no end");
        }
        return unbuffered.then_some("nobody else has the channel that is made here");
    }
    let var = function.scopes.var(channel.as_ident()?)?;
    let declared = matches!(function.scopes.info(var).origin, VarOrigin::Declared { .. });
    let nil =
        declared && function.scopes.assigned(var).is_empty() && !mutated(function.scopes).contains(&var);
    (nil && matches!(function.typing.var(var), Some(Type::Chan(_)))).then_some("the channel is nil")
}

/// The variable of the package `sync` that a call is a method of, and the method.
fn method_of<'c>(function: &Function, call: &'c Call) -> Option<(VarId, &'c str)> {
    let ExprKind::Selector { operand, field } = &call.function.unparen().kind else { return None };
    let var = function.scopes.var(operand.as_ident()?)?;
    (function.typing.receiver_package(call) == "sync").then_some((var, &field.name))
}

/// `mu.Lock(); mu.Lock()` of a lock that nobody unlocks.
fn locked_twice(function: &Function, block: &Block) -> Vec<Detection> {
    let mut held: Vec<(VarId, &str)> = Vec::new();
    let mut found = Vec::new();
    for stmt in &block.stmts {
        let StmtKind::Expr(expr) = &stmt.kind else { continue };
        let Some((var, name)) = expr.as_call().and_then(|call| method_of(function, call)) else { continue };
        if !matches!(name, "Lock" | "RLock") || !is_only(function, var, &["Lock", "RLock"]) {
            continue;
        }
        let again = held.iter().any(|(known, how)| *known == var && (*how, name) != ("RLock", "RLock"));
        if again {
            let name = &function.scopes.info(var).name;
            found.push(detection(
                function,
                stmt.span,
                &format!("`{name}` is locked already, and nobody unlocks it"),
            ));
        }
        held.push((var, name));
    }
    found
}

/// Whether a variable is made in this declaration and used for nothing but calls of these methods.
fn is_only(function: &Function, var: VarId, methods: &[&str]) -> bool {
    if !matches!(function.scopes.info(var).origin, VarOrigin::Declared { .. } | VarOrigin::Value { .. }) {
        return false;
    }
    let made = match function.scopes.assigned(var) {
        [] => true,
        [one] => match &one.value.unparen().kind {
            ExprKind::AddressOf(value) => matches!(value.unparen().kind, ExprKind::Composite { .. }),
            ExprKind::Composite { .. } => true,
            ExprKind::Call(call) => call.name() == Some("NewCond"),
            _ => false,
        },
        _ => false,
    };
    let mut called = 0;
    if let Some(first) = function.scopes.bodies.first() {
        visit::block(first.block, &mut |expr| {
            if let ExprKind::Call(call) = &expr.kind
                && call.span == expr.span
                && let Some(path) = call.function.as_path()
                && path.len() > 1
                && function.scopes.var(path[0]) == Some(var)
                && methods.contains(&&*path[path.len() - 1].name)
            {
                called += 1;
            }
        });
    }
    made && function.scopes.uses_of(var).count() == called + 1
}

/// `cond.Wait()` of a condition that nobody signals.
fn never_signalled(function: &Function, body: BodyId) -> Vec<Detection> {
    let mut found = Vec::new();
    visit::body(function.scopes.body(body).block, &mut |stmt| {
        let StmtKind::Expr(expr) = &stmt.kind else { return };
        let Some((var, "Wait")) = expr.as_call().and_then(|call| method_of(function, call)) else { return };
        let condition =
            function.typing.var(var).is_some_and(|ty| ty.named().is_some_and(|named| &*named.name == "Cond"));
        if condition && is_only(function, var, &["Wait", "Lock", "Unlock"]) {
            let name = &function.scopes.info(var).name;
            found.push(detection(
                function,
                stmt.span,
                &format!("nobody signals `{name}`: the wait never ends"),
            ));
        }
    });
    found
}

fn detection(function: &Function, span: Span, message: &str) -> Detection {
    let started = function.scopes.body_around(span).map(|body| function.scopes.body(body).block.span);
    let label = started.map(|block| {
        function.declaration.place(Span { start: block.start, end: block.start + 1 }, "in this goroutine")
    });
    Detection::new(KIND, span, "never ends", message.to_owned())
        .with_labels(label)
        .with_advice("give the goroutine a way to end", "what it waits for is for a person to say")
}

/// The expressions of a statement that has no statements in it, and the heads of those that have.
fn own_expressions(stmt: &Stmt) -> Vec<&Expr> {
    match &stmt.kind {
        StmtKind::Expr(expr) => vec![expr],
        StmtKind::Assign { right, .. } | StmtKind::Define { right, .. } | StmtKind::Return(right) => {
            right.iter().collect()
        }
        StmtKind::Var(specs) => specs.iter().flat_map(|spec| &spec.values).collect(),
        StmtKind::If(branch) => vec![&branch.condition],
        _ => Vec::new(),
    }
}
