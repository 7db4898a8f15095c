//! What the maker was handed is not changed or ended by the release where others have it, too: a channel that
//! is closed, a function that is called, a map or a buffer that is cleared.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, Scopes, VarId, VarOrigin};
use crate::analysis::proof::put_in;
use crate::analysis::proof::subject::Subject;
use crate::analysis::proof::tie::Types;
use crate::analysis::summaries::released_fields::ReleasedFields;
use crate::base::diagnostic::{Closable, Evidence, Objection};
use crate::base::text::narrow;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::closable::common_methods;
use crate::go::types::database::FileScope;

/// Makers that call makers are followed this deep.
const MAX_DEPTH: usize = 3;

pub(crate) fn check(subject: &Subject, _: &mut Vec<Evidence>) -> Result<(), Objection> {
    let typing = subject.typing;
    let Some(func) = typing.called(subject.call) else { return Ok(()) };
    let types = Types { database: typing.database, target: subject.ty };
    let released = ReleasedFields::of(subject.ty);
    for (at, field) in kept(subject, typing, &func, 0) {
        let Some(arg) = subject.call.args.get(at) else { continue };
        let ty = typing.of(arg);
        // What has a release of its own has an owner, who is asked for elsewhere.
        let owned = || {
            let answer = typing.database.closable_anywhere(&ty, &common_methods());
            matches!(answer.closable, Closable::By(_))
        };
        let touched = field.as_ref().is_none_or(|field| released.changes(field));
        if touched && types.shares(&ty) && !owned() && !is_alone(subject, arg) {
            let what =
                field.map_or("what its maker goes on with".to_owned(), |field| format!("`{field}` of it"));
            let words = format!("its release changes {what}, and others may have this as well");
            return Err(subject.object(arg.span, words));
        }
    }
    Ok(())
}

/// The parameters that a function of the repository puts into what it gives, each with the field; without one
/// where a goroutine of it has them.
fn kept(subject: &Subject, typing: &Typing, func: &FuncRef, depth: usize) -> Vec<(usize, Option<Arc<str>>)> {
    let own = depth < MAX_DEPTH && !typing.database.is_dependency(&func.package);
    let Some(body) = func.decl.body().filter(|_| own) else { return Vec::new() };
    let scopes = Scopes::of_func(&func.decl);
    let typing = Typing::new(typing.database, FileScope::of(func), &scopes);
    let param = |expr: &Expr| {
        let mut at = expr.unparen();
        while let ExprKind::AddressOf(inner) | ExprKind::Slice { operand: inner, .. } = &at.kind {
            at = inner.unparen();
        }
        let var = at.as_ident().and_then(|ident| scopes.var(ident))?;
        match scopes.info(var).origin {
            VarOrigin::Param { index: ParamIndex::At(at), .. } => Some(at as usize),
            _ => None,
        }
    };
    let mut found = Vec::new();
    visit::block(body, &mut |expr| match &expr.kind {
        ExprKind::Composite { elements, .. } => {
            let itself = typing.of(expr).pointee().named() == subject.ty.pointee().named();
            for (place, element) in elements.iter().enumerate() {
                let key = element.key.as_ref().and_then(Expr::as_ident).map(|key| key.name.clone());
                let key = key.or_else(|| ReleasedFields::of(subject.ty).name_at(place).filter(|_| itself));
                found.extend(param(&element.value).filter(|_| key.is_some()).map(|at| (at, key.clone())));
            }
        }
        ExprKind::Call(call) => {
            let Some(inner) = typing.called(call) else { return };
            for (at, field) in kept(subject, &typing, &inner, depth + 1) {
                found.extend(call.args.get(at).and_then(param).map(|at| (at, field.clone())));
            }
        }
        _ => {}
    });
    let params = 0..func.decl.signature.params.len();
    visit::all_statements(body, &mut |stmt| match &stmt.kind {
        StmtKind::Assign { left, right, .. } => {
            for (target, value) in left.iter().zip(right) {
                if let ExprKind::Selector { field, .. } = &target.unparen().kind {
                    found.extend(param(value).map(|at| (at, Some(field.name.clone()))));
                }
            }
        }
        StmtKind::Go(_) => {
            let used: FxHashSet<VarId> = scopes.uses_in(stmt.span).collect();
            let ends = |at: &usize| {
                let var = scopes.param(BodyId(0), ParamIndex::At(narrow(*at)));
                var.is_some_and(|var| used.contains(&var) && is_closed(&scopes, stmt, var))
            };
            found.extend(params.clone().filter(ends).map(|at| (at, None)));
        }
        _ => {}
    });
    found
}

/// Whether a goroutine closes a channel.
fn is_closed(scopes: &Scopes, stmt: &Stmt, channel: VarId) -> bool {
    let StmtKind::Go(expr) = &stmt.kind else { return false };
    let mut found = false;
    visit::expr(expr, &mut |inner| {
        let Some(call) = inner.as_call() else { return };
        let first = call.args.first().and_then(Expr::as_ident).and_then(|ident| scopes.var(ident));
        found |= call.name() == Some("close") && call.receiver().is_none() && first == Some(channel);
    });
    found
}

/// Whether nobody else has an argument: it is made there, or in a variable that is used for nothing after.
fn is_alone(subject: &Subject, arg: &Expr) -> bool {
    let (typing, scopes) = (subject.typing, subject.typing.scopes);
    match &arg.unparen().kind {
        ExprKind::FuncLit(literal) => put_in::ends_nothing(typing, literal),
        ExprKind::Composite { .. } | ExprKind::Call(_) | ExprKind::Literal(_) => true,
        ExprKind::AddressOf(inner) if matches!(inner.unparen().kind, ExprKind::Composite { .. }) => true,
        ExprKind::Ident(ident) if scopes.var(ident).is_none() => arg.is_nil(),
        ExprKind::Ident(ident) => scopes.var(ident).is_some_and(|var| {
            let info = scopes.info(var);
            let local = matches!(info.origin, VarOrigin::Value { .. } | VarOrigin::Declared { .. });
            let outer = info.body != subject.body;
            let given = scopes.assigned(var);
            let made = given.iter().all(|given| match &given.value.unparen().kind {
                ExprKind::Ident(_) | ExprKind::Selector { .. } => false,
                ExprKind::FuncLit(literal) => put_in::ends_nothing(typing, literal),
                // `ctx, cancel := context.WithCancel(parent)`
                _ => given.index == 0,
            });
            let captured = scopes.bodies.iter().enumerate().any(|(at, body)| {
                BodyId(narrow(at)) != info.body
                    && body.parent.is_some()
                    && scopes.uses_in(body.block.span).any(|used| used == var)
            });
            local && !outer && made && !captured && scopes.uses_of(var).all(|at| at <= arg.span.start)
        }),
        _ => false,
    }
}
