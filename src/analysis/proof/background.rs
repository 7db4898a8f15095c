//! Nothing goes on in the background that the release would end too early: what the function has the
//! resource call, close or work on later, as a service would.
//!
//! Nor is a connection that is taken over read to its end by the release of what came by it.
//!
//! What is handed in and only sent a little later is for `pending`.

use crate::analysis::dataflow::assignments::root;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, Scopes, VarId, VarOrigin};
use crate::analysis::proof::subject::Subject;
use crate::analysis::proof::workers;
use crate::analysis::summaries::released_fields::ReleasedFields;
use crate::base::diagnostic::{Evidence, Objection};
use crate::base::text::{Span, narrow};
use crate::go::facts::names;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::FileScope;
use crate::go::types::plain::is_plain;
use crate::go::types::type_expr::Type;

/// Methods that call methods are followed this deep.
const MAX_DEPTH: usize = 3;

pub(crate) fn check(subject: &Subject, _: &mut Vec<Evidence>) -> Result<(), Objection> {
    let Some(holder) = subject.holder else { return Ok(()) };
    let taken = visit::calls(subject.decl).into_iter().find(|call| {
        let name = call.name().unwrap_or_default();
        call.span.start > subject.call.span.end && names::words().takes_over.holds(name)
    });
    if let Some(call) = taken {
        return Err(subject.object(call.span, "the connection is taken over here, and goes on"));
    }
    if let ExprKind::Selector { operand, .. } = &subject.call.function.unparen().kind
        && subject.typing.of(operand).is_in(&names::types().gives_away)
    {
        let words = "what it is read from may be taken over, and goes on";
        return Err(subject.object(subject.call.span, words));
    }
    if let Some(span) = put_into(subject, holder) {
        return Err(subject.object(span, "its release ends what is put into it here"));
    }
    // When a test or a program ends, so does all that it has set going.
    if ends_all(subject) {
        return Ok(());
    }
    let typing = subject.typing;
    let is_it = |expr: &Expr| expr.as_ident().and_then(|ident| typing.scopes.var(ident)) == Some(holder);
    let started = workers::are_started(subject);
    if started && let Some(arg) = subject.call.args.iter().find(|arg| is_function(typing, arg)) {
        return Err(subject.object(arg.span, "a goroutine of its maker may call this later"));
    }
    for call in visit::calls(subject.decl) {
        let ExprKind::Selector { operand, field } = &call.function.unparen().kind else { continue };
        if !is_it(operand) {
            continue;
        }
        let name = &field.name;
        // `client.Open("table")` gives what is to be used.
        if names::words().sets_going.holds(name)
            && typing.results(call).iter().all(Type::is_error)
            && !typing.scopes.uses_of(holder).any(|at| at > call.span.end)
        {
            return Err(subject.object(call.span, format!("`{name}` sets it going, and nothing comes after")));
        }
        if is_waited_for(subject, call) {
            continue;
        }
        if let Some(func) = typing.called(call)
            && let Some(at) = (0..call.args.len()).find(|at| is_kept(subject, &func, call, *at, started))
        {
            let words = format!("`{name}` keeps this for as long as it is open");
            return Err(subject.object(call.args[at].span, words));
        }
    }
    Ok(())
}

/// Where a field of the resource to which its release goes gets something of somebody else's: a parameter, or
/// a part of one.
fn put_into(subject: &Subject, holder: VarId) -> Option<Span> {
    let (typing, scopes) = (subject.typing, subject.typing.scopes);
    let released = ReleasedFields::of(subject.ty);
    let others = |value: &Expr| {
        let var = root(value).and_then(|ident| scopes.var(ident));
        var.is_none_or(|var| matches!(scopes.info(var).origin, VarOrigin::Param { .. }))
            && matches!(value.unparen().kind, ExprKind::Ident(_) | ExprKind::Selector { .. })
            && !value.is_nil()
            && !is_plain(typing.database, &typing.of(value))
    };
    let mut found = None;
    visit::body(scopes.body(subject.body).block, &mut |stmt| {
        let StmtKind::Assign { left, right, .. } = &stmt.kind else { return };
        for (target, value) in left.iter().zip(right) {
            let field = field_of(scopes, holder, target);
            if field.is_some_and(|field| released.may_be(Some(&field), 0)) && others(value) {
                found.get_or_insert(stmt.span);
            }
        }
    });
    found
}

/// Whether the resource is one of a test's or a program's own body.
fn ends_all(subject: &Subject) -> bool {
    let Decl::Func(func) = subject.decl else { return false };
    let test = ["Test", "Benchmark", "Fuzz", "Example"].iter().any(|word| func.name.name.starts_with(word));
    (test && func.signature.params.len() <= 1 && func.receiver.is_none())
        || &*func.name.name == "main" && func.signature.params.is_empty()
}

/// Whether the function waits for something after the call.
fn is_waited_for(subject: &Subject, call: &Call) -> bool {
    workers::waits(subject.typing, subject.typing.scopes.body(subject.body).block, call.span.end)
}

/// A function that is written down or named, and not the outcome of a call.
fn is_function(typing: &Typing, arg: &Expr) -> bool {
    arg.as_call().is_none() && !arg.is_nil() && typing.database.underlying_func(&typing.of(arg)).is_some()
}

/// Whether a method keeps its argument where a goroutine of the maker, or the release, comes upon it.
fn is_kept(subject: &Subject, func: &FuncRef, call: &Call, at: usize, started: bool) -> bool {
    let typing = subject.typing;
    let Some(last) = func.decl.signature.params.len().checked_sub(1) else { return false };
    let Some(param) = func.decl.signature.params.get(at.min(last)) else { return false };
    let database = typing.database;
    let ty = database.type_of(&FileScope::of(func), &param.ty);
    let served = workers::can_be_served(database, &ty);
    if call.args[at].is_nil() || is_plain(database, &ty) || !served {
        return false;
    }
    let released = ReleasedFields::of(subject.ty);
    stored_in(typing, func, at.min(last), 0).iter().any(|field| started || released.may_be(Some(field), 0))
}

/// The fields of its receiver that a method puts a parameter into.
fn stored_in(outer: &Typing, func: &FuncRef, at: usize, depth: usize) -> Vec<String> {
    let mut fields = Vec::new();
    let Some(body) = func.decl.body().filter(|_| depth < MAX_DEPTH) else { return fields };
    if outer.database.is_dependency(&func.package) {
        return fields;
    }
    let scopes = Scopes::of_func(&func.decl);
    let typing = Typing::new(outer.database, FileScope::of(func), &scopes);
    let (Some(receiver), Some(param)) =
        (scopes.param(BodyId(0), ParamIndex::Receiver), scopes.param(BodyId(0), ParamIndex::At(narrow(at))))
    else {
        return fields;
    };
    let has = |value: &Expr| scopes.uses_in(value.span).any(|used| used == param);
    visit::body(body, &mut |stmt| {
        let StmtKind::Assign { left, right, .. } = &stmt.kind else { return };
        for (target, value) in left.iter().zip(right) {
            let gives = match &value.unparen().kind {
                ExprKind::Call(call) => call.name() == Some("append") && call.args.iter().skip(1).any(has),
                ExprKind::Composite { .. } | ExprKind::Ident(_) | ExprKind::AddressOf(_) => has(value),
                _ => false,
            };
            if gives {
                fields.extend(field_of(&scopes, receiver, target));
            }
        }
    });
    visit::block(body, &mut |expr| {
        let Some(call) = expr.as_call().filter(|call| call.span == expr.span) else { return };
        let ExprKind::Selector { operand, .. } = &call.function.unparen().kind else { return };
        let Some(at) = call.args.iter().position(has) else { return };
        if operand.as_ident().and_then(|ident| scopes.var(ident)) == Some(receiver)
            && let Some(inner) = typing.called(call)
        {
            fields.extend(stored_in(&typing, &inner, at, depth + 1));
        }
    });
    fields
}

/// `listeners` of `b.listeners`, `b.listeners[name]`, where `b` is the variable.
fn field_of(scopes: &Scopes, var: VarId, target: &Expr) -> Option<String> {
    match &target.unparen().kind {
        ExprKind::Index { operand, .. } => field_of(scopes, var, operand),
        ExprKind::Selector { operand, field } => {
            match operand.as_ident().and_then(|ident| scopes.var(ident)) == Some(var) {
                true => Some(field.name.to_string()),
                false => field_of(scopes, var, operand),
            }
        }
        _ => None,
    }
}
