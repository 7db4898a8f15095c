//! A `defer` in a loop that releases what its iteration has made: all of it stays until the function ends.

use crate::analysis::construct::context::Context;
use crate::analysis::detection::Detection;
use crate::analysis::graph::known;
use crate::analysis::graph::scopes::VarId;
use crate::base::text::Span;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::type_expr::Type;

/// What the rule is called.
pub const KIND: &str = "deferred-in-loop";

/// The releases that pile up.
pub fn detect(context: &Context) -> Vec<Detection> {
    let mut found = Vec::new();
    for body in &context.typing.scopes.bodies {
        visit::body(body.block, &mut |stmt| {
            let StmtKind::For(looped) = &stmt.unlabeled().kind else { return };
            if is_short(looped) {
                return;
            }
            each_in_round(&looped.body.stmts, &mut |list, at| {
                let StmtKind::Defer(deferred) = &list[at].kind else { return };
                if !leaves(&list[at + 1..])
                    && let Some(var) = released(context, deferred)
                    && let Some(made) = made_in(context, var, looped)
                    && !is_released_before(context, var, &list[at + 1..])
                    && !is_kept(context, var, looped)
                {
                    found.push(finding(context, (made, list[at].span), var, looped));
                }
            });
        });
    }
    // What lies in two loops is of the inner one.
    found.sort_by_key(|one: &Detection| one.span);
    found.dedup_by_key(|one| one.span);
    found
}

fn finding(context: &Context, (made, deferred): (Span, Span), var: VarId, looped: &For) -> Detection {
    let name = &context.typing.scopes.info(var).name;
    let at = Span::new(looped.body.span.start, looped.body.span.start + 1);
    let message = format!("`{name}` of each iteration is released only when the function ends");
    let labels = [(at, "the loop"), (deferred, "deferred here")];
    Detection::new(KIND, made, "made in each iteration", message)
        .with_labels(labels.map(|(span, words)| context.declaration.place(span, words)))
        .with_advice(
            "put the iteration into a function of its own",
            "what an iteration leaves early by is for a person to see",
        )
}

/// Whether a loop has few iterations by what is written: `for _, x := range []string{"a", "b"}`.
fn is_short(looped: &For) -> bool {
    match &looped.head {
        ForHead::Range { right, .. } => match &right.unparen().kind {
            ExprKind::Composite { .. } => true,
            ExprKind::Literal(Literal::Integer(number)) => *number < 16,
            _ => false,
        },
        ForHead::Clause { condition: Some(condition), .. } => match &condition.unparen().kind {
            ExprKind::Binary { right, .. } => {
                matches!(right.unparen().kind, ExprKind::Literal(Literal::Integer(number)) if number < 16)
            }
            _ => false,
        },
        ForHead::Clause { .. } => false,
    }
}

/// Every statement of an iteration with the list that it stands in; loops inside are loops of their own.
fn each_in_round<'a>(list: &'a [Stmt], see: &mut dyn FnMut(&'a [Stmt], usize)) {
    for (at, stmt) in list.iter().enumerate() {
        see(list, at);
        match &stmt.unlabeled().kind {
            StmtKind::For(_) => {}
            StmtKind::If(branch) => {
                each_in_round(&branch.then.stmts, see);
                let mut other = branch.otherwise.as_ref();
                while let Some(stmt) = other {
                    other = match &stmt.kind {
                        StmtKind::If(branch) => {
                            each_in_round(&branch.then.stmts, see);
                            branch.otherwise.as_ref()
                        }
                        _ => {
                            visit::child_lists(stmt).into_iter().for_each(|list| each_in_round(list, see));
                            None
                        }
                    };
                }
            }
            _ => visit::child_lists(stmt.unlabeled()).into_iter().for_each(|list| each_in_round(list, see)),
        }
    }
}

/// Whether what follows a statement in its list leaves the loop at last.
fn leaves(rest: &[Stmt]) -> bool {
    rest.iter().any(|stmt| match &stmt.kind {
        StmtKind::Return(_) | StmtKind::Break(_) | StmtKind::Goto(_) => true,
        StmtKind::Expr(expr) => expr.as_call().and_then(Call::name) == Some("panic"),
        _ => false,
    })
}

/// Whether what follows a `defer` in its list releases the variable as well: the `defer` is for ways out.
fn is_released_before(context: &Context, var: VarId, rest: &[Stmt]) -> bool {
    let releases = |expr: &Expr| released(context, expr) == Some(var);
    rest.iter().any(|stmt| match &stmt.kind {
        StmtKind::Expr(expr) => releases(expr),
        StmtKind::Assign { right, .. } | StmtKind::Define { right, .. } => right.iter().any(releases),
        StmtKind::If(branch) => match branch.init.as_ref().map(|init| &init.kind) {
            Some(StmtKind::Assign { right, .. } | StmtKind::Define { right, .. }) => {
                right.iter().any(releases)
            }
            _ => false,
        },
        _ => false,
    })
}

/// The variable that a deferred call releases: `defer f.Close()`, `defer cancel()`, `defer close(f)`, or a
/// function literal that does.
fn released(context: &Context, deferred: &Expr) -> Option<VarId> {
    let call = deferred.as_call()?;
    if let ExprKind::FuncLit(literal) = &call.function.unparen().kind {
        // One under a condition is for a way out that is none of the iteration's.
        return literal.body.stmts.iter().find_map(|stmt| match &stmt.kind {
            StmtKind::Expr(expr) => released(context, expr),
            StmtKind::If(branch) => match &branch.init.as_ref()?.kind {
                StmtKind::Define { right, .. } => released(context, right.first()?),
                _ => None,
            },
            StmtKind::Assign { right, .. } | StmtKind::Define { right, .. } => {
                released(context, right.first()?)
            }
            _ => None,
        });
    }
    let var = |expr: &Expr| context.typing.scopes.var(expr.as_path()?.first()?);
    let name = call.name()?;
    match &call.function.unparen().kind {
        ExprKind::Selector { operand, .. }
            if call.args.len() <= 1 && (known::reads_like_release(name) || name.ends_with("Unlock")) =>
        {
            var(operand).or_else(|| var(call.args.first()?))
        }
        ExprKind::Ident(_) if call.args.is_empty() => {
            let called = var(&call.function)?;
            ["cancel", "stop", "release", "cleanup", "close"]
                .iter()
                .any(|word| name.to_ascii_lowercase().contains(word))
                .then_some(called)
        }
        _ => None,
    }
}

/// The call that makes the variable in each iteration, if it is one of an iteration. What a range goes
/// through was there before.
fn made_in(context: &Context, var: VarId, looped: &For) -> Option<Span> {
    let scopes = context.typing.scopes;
    let first = scopes.uses_of(var).min()?;
    let values = scopes.assigned(var).iter().map(|one| one.value);
    let mut made = values.filter(|value| {
        looped.body.span.contains(value.span) && matches!(value.unparen().kind, ExprKind::Call(_))
    });
    made.next().map(|value| value.span).filter(|_| looped.body.span.contains(Span::new(first, first + 1)))
}

/// Whether it is kept beyond its iteration on purpose: by a goroutine, a list, a map, a field or a
/// channel, or something that is made from it is. What runs when its time comes is not to be stopped
/// before.
fn is_kept(context: &Context, var: VarId, looped: &For) -> bool {
    let uses = |span: Span| context.typing.scopes.uses_in(span).any(|used| used == var);
    let appends = |value: &Expr| value.as_call().is_some_and(|call| call.name() == Some("append"));
    let made_from = |value: &Expr| {
        let by_method = value.as_call().is_some_and(|call| match &call.function.unparen().kind {
            ExprKind::Selector { operand, .. } => {
                operand.as_ident().is_some_and(|ident| context.typing.scopes.var(ident) == Some(var))
            }
            _ => false,
        });
        let ty = context.typing.of(value);
        by_method && !ty.is_data() && matches!(ty.pointee(), Type::Named(_) | Type::Slice(_))
    };
    let scopes = context.typing.scopes;
    let timers = |value: &Expr| value.as_call().is_some_and(|call| call.name() == Some("AfterFunc"));
    let mut kept = scopes.assigned(var).iter().any(|one| timers(one.value));
    visit::body(&looped.body, &mut |stmt| {
        kept |= match &stmt.kind {
            StmtKind::Go(_) => uses(stmt.span),
            StmtKind::Send { value, .. } => uses(value.span),
            StmtKind::Assign { left, right, plain: true } => left.iter().zip(right).any(|(target, value)| {
                let part = target.as_ident().is_none() && (value.as_call().is_none() || made_from(value));
                (part || appends(value)) && uses(value.span)
            }),
            _ => false,
        };
    });
    kept
}
