//! Nothing of somebody else's is put into the resource that its release would end: in the function itself,
//! and in the methods and functions of the repository that get it.

use rustc_hash::FxHashSet;

use crate::analysis::dataflow::assignments::root;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, Scopes, VarId, VarOrigin};
use crate::analysis::proof::goroutines::visit_statements;
use crate::analysis::proof::subject::Subject;
use crate::analysis::summaries::released_fields::ReleasedFields;
use crate::base::diagnostic::Objection;
use crate::base::text::{Span, narrow};
use crate::go::facts::names;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::{Database, FileScope};
use crate::go::types::plain::is_plain;

/// Functions that call functions are followed this deep.
const MAX_DEPTH: usize = 3;

/// The place where something gets into the resource, which has `holder` for a name, that its release ends.
pub(super) fn against(subject: &Subject, holder: VarId) -> Option<Objection> {
    let released = ReleasedFields::of(subject.ty);
    if let Some(span) = assigned(subject, holder, &released) {
        return Some(subject.object(span, "its release ends what is put into it here"));
    }
    let typing = subject.typing;
    let names = names_of(typing.scopes, holder);
    let is_it = |expr: &Expr| typing.scopes.var(expr.as_ident()?).filter(|var| names.contains(var));
    let part = |arg: &Expr| field_of(typing.scopes, &names, arg).filter(|field| released.may_end(field));
    visit::calls(subject.decl).into_iter().find_map(|call| {
        let name = call.name().unwrap_or_default();
        let puts = |part: &str| {
            let words = format!("`{name}` puts something into `{part}` of it, which its release ends");
            Some(subject.object(call.span, words))
        };
        // `copy(p.parts, parts)`
        if names::words().fills_first.holds(name)
            && let Some(part) = call.args.first().and_then(part)
        {
            return puts(&part);
        }
        let func = typing.called(call)?;
        let passed = passed(call, &func);
        // `set(&p.Options, s)`
        let given = passed.iter().find_map(|(into, arg)| {
            let part = part(arg)?;
            (!stored_in(typing.database, &func, *into, 0).is_empty()).then_some(part)
        });
        if let Some(part) = given {
            return puts(&part);
        }
        let (into, _) = passed.iter().find(|(_, arg)| is_it(arg).is_some())?;
        let stored = stored_in(typing.database, &func, *into, 0);
        let ended = stored.into_iter().filter(|stored| released.may_end(&stored.field)).find(|stored| {
            let Some(from) = stored.from else { return true };
            passed.iter().any(|(at, arg)| *at == from && is_it(arg).is_none() && is_of_others(typing, arg))
        })?;
        puts(&ended.field)
    })
}

/// Where a field to which the release goes is set: what was there is lost, and what comes there may live on.
fn assigned(subject: &Subject, holder: VarId, released: &ReleasedFields) -> Option<Span> {
    let (typing, scopes) = (subject.typing, subject.typing.scopes);
    let names = names_of(scopes, holder);
    let goes_to = |target: &Expr| {
        field_of(scopes, &names, target).is_some_and(|field| released.may_be(Some(&field), 0))
    };
    let mut found = None;
    visit_statements(scopes.body(subject.body).block, &mut |stmt| {
        let StmtKind::Assign { left, right, .. } = &stmt.kind else { return };
        for (target, value) in left.iter().zip(right) {
            if goes_to(target) && can_end(typing, value) && !is_for_it_alone(subject, value, stmt.span) {
                found.get_or_insert(stmt.span);
            }
        }
    });
    found
}

/// Something new that nobody else gets: what a call makes, or a variable with that of which only methods are
/// called besides, by the function itself; or a function that has nothing that could be ended.
fn is_for_it_alone(subject: &Subject, value: &Expr, stored: Span) -> bool {
    let (typing, scopes) = (subject.typing, subject.typing.scopes);
    let is_new = |value: &Expr, index: usize| {
        let origins = &subject.summaries.origins;
        value.as_call().is_some_and(|call| origins.is_fresh(typing.database, &typing.callee(call), index))
    };
    if let ExprKind::FuncLit(literal) = &value.unparen().kind {
        let body = scopes.literal(literal);
        let inside = |var: VarId| {
            std::iter::successors(Some(scopes.info(var).body), |body| scopes.body(*body).parent)
                .any(|outer| Some(outer) == body)
        };
        let can_end = |var: VarId| typing.var(var).is_none_or(|ty| !is_plain(typing.database, &ty));
        return scopes.uses_in(literal.body.span).all(|var| inside(var) || !can_end(var));
    }
    let Some(var) = value.as_ident().and_then(|ident| scopes.var(ident)) else { return is_new(value, 0) };
    let (mut asked, mut inside) = (FxHashSet::default(), Vec::new());
    let mut ask = |expr: &Expr| asked.insert(expr.span.start);
    visit::declaration(subject.decl, &mut |expr| match &expr.kind {
        ExprKind::Selector { operand, .. } => drop(ask(operand)),
        ExprKind::Binary { left, right, .. } => {
            ask(left);
            ask(right);
        }
        ExprKind::FuncLit(literal) => inside.push(literal.body.span),
        _ => {}
    });
    let given = scopes.assigned(var);
    given.len() == 1
        && given.iter().all(|given| is_new(given.value, given.index))
        // The first is where it is declared.
        && scopes.uses_of(var).skip(1).all(|at| {
            let harmless = asked.contains(&at) || stored.start <= at && at < stored.end;
            harmless && !inside.iter().any(|body| body.start <= at && at < body.end)
        })
}

/// Something that has a name already, and can be ended.
fn is_of_others(typing: &Typing, value: &Expr) -> bool {
    matches!(value.unparen().kind, ExprKind::Ident(_) | ExprKind::Selector { .. }) && can_end(typing, value)
}

fn can_end(typing: &Typing, value: &Expr) -> bool {
    let ty = typing.of(value);
    !value.is_nil() && !ty.is_context() && !is_plain(typing.database, &ty)
}

/// What a function puts into a field of one of its parameters.
pub(super) struct Stored {
    pub field: String,
    /// The parameter that it comes from. `None` for what is not made there, and comes from elsewhere.
    pub from: Option<ParamIndex>,
}

/// What a function of the repository puts into the fields of its parameter `into`.
pub(super) fn stored_in(database: &Database, func: &FuncRef, into: ParamIndex, depth: usize) -> Vec<Stored> {
    let mut found = Vec::new();
    let Some(body) = func.decl.body().filter(|_| depth < MAX_DEPTH) else { return found };
    if database.is_dependency(&func.package) {
        return found;
    }
    let scopes = Scopes::of_func(&func.decl);
    let typing = Typing::new(database, FileScope::of(func), &scopes);
    let Some(owner) = scopes.param(BodyId(0), into) else { return found };
    let names = names_of(&scopes, owner);
    let mut add = |field: &str, value: &Expr| {
        for source in sources(&typing, value, 0) {
            let from = match source {
                Source::Var(var) if var == owner => continue,
                // That of a literal in it is called with what nobody knows here.
                Source::Var(var) => match params(func).find(|at| scopes.param(BodyId(0), *at) == Some(var)) {
                    Some(at) => Some(at),
                    None => continue,
                },
                Source::Elsewhere => None,
            };
            found.push(Stored { field: field.to_owned(), from });
        }
    };
    visit::body(body, &mut |stmt| {
        let StmtKind::Assign { left, right, .. } = &stmt.kind else { return };
        for (target, value) in left.iter().zip(right) {
            if let Some(field) = field_of(&scopes, &names, target) {
                add(&field, value);
            }
        }
    });
    let is_owner = |arg: &Expr| {
        arg.as_ident().and_then(|ident| scopes.var(ident)).is_some_and(|var| names.contains(&var))
    };
    let mut inner = Vec::new();
    visit::block(body, &mut |expr| {
        let Some(call) = expr.as_call().filter(|call| call.span == expr.span) else { return };
        let Some(func) = typing.called(call) else { return };
        let passed = passed(call, &func);
        let Some((into, _)) = passed.iter().find(|(_, arg)| is_owner(arg)) else { return };
        for stored in stored_in(database, &func, *into, depth + 1) {
            match stored.from {
                None => inner.push(stored),
                Some(from) => {
                    passed.iter().filter(|(at, _)| *at == from).for_each(|(_, arg)| add(&stored.field, arg))
                }
            }
        }
    });
    found.extend(inner);
    found
}

/// Where a value comes from that is not made where it stands.
enum Source {
    Var(VarId),
    /// The package has it.
    Elsewhere,
}

fn sources(typing: &Typing, value: &Expr, depth: usize) -> Vec<Source> {
    let scopes = typing.scopes;
    let ty = typing.of(value);
    if depth > MAX_DEPTH || value.is_nil() || ty.is_context() || is_plain(typing.database, &ty) {
        return Vec::new();
    }
    match &value.unparen().kind {
        ExprKind::Ident(_) | ExprKind::Selector { .. } | ExprKind::Index { .. } => {
            let Some(ident) = root(value) else { return Vec::new() };
            match scopes.var(ident) {
                Some(var) if matches!(scopes.info(var).origin, VarOrigin::Param { .. }) => {
                    vec![Source::Var(var)]
                }
                Some(var) => {
                    let given = scopes.assigned(var);
                    given.iter().flat_map(|given| sources(typing, given.value, depth + 1)).collect()
                }
                None if typing.file.package.has_value(&ident.name) => vec![Source::Elsewhere],
                None => Vec::new(),
            }
        }
        ExprKind::AddressOf(inner) => sources(typing, inner, depth),
        ExprKind::Composite { elements, .. } => {
            elements.iter().flat_map(|element| sources(typing, &element.value, depth + 1)).collect()
        }
        ExprKind::Call(call) if call.name() == Some("append") => {
            call.args.iter().skip(1).flat_map(|arg| sources(typing, arg, depth)).collect()
        }
        ExprKind::FuncLit(literal) => {
            let used = scopes.uses_in(literal.body.span);
            let params = used.filter(|var| matches!(scopes.info(*var).origin, VarOrigin::Param { .. }));
            params.map(Source::Var).collect()
        }
        _ => Vec::new(),
    }
}

fn params(func: &FuncRef) -> impl Iterator<Item = ParamIndex> {
    let count = func.decl.signature.params.len();
    std::iter::once(ParamIndex::Receiver).chain((0..count).map(|at| ParamIndex::At(narrow(at))))
}

/// What a call passes, each with the parameter that gets it.
fn passed<'a>(call: &'a Call, func: &FuncRef) -> Vec<(ParamIndex, &'a Expr)> {
    let mut passed = Vec::new();
    if func.decl.receiver.is_some()
        && let ExprKind::Selector { operand, .. } = &call.function.unparen().kind
    {
        passed.push((ParamIndex::Receiver, &**operand));
    }
    let last = func.decl.signature.params.len().saturating_sub(1);
    passed.extend(call.args.iter().enumerate().map(|(at, arg)| (ParamIndex::At(narrow(at.min(last))), arg)));
    passed
}

/// A variable, and its other names.
fn names_of(scopes: &Scopes, var: VarId) -> Vec<VarId> {
    let mut names = vec![var];
    loop {
        let is_name = |value: &Expr| {
            value.as_ident().and_then(|ident| scopes.var(ident)).is_some_and(|var| names.contains(&var))
        };
        let all = (0..narrow(scopes.vars.len())).map(VarId);
        let more = all.filter(|var| !names.contains(var));
        let more: Vec<VarId> =
            more.filter(|var| scopes.assigned(*var).iter().any(|given| is_name(given.value))).collect();
        if more.is_empty() {
            return names;
        }
        names.extend(more);
    }
}

/// `listeners` of `b.listeners`, `b.listeners[name]`, `o.last` with `o := &b.listeners`, where `b` is one of
/// the names; nothing of `*b`, `b[name]` and `b.options().last`, which may be any.
fn field_of(scopes: &Scopes, names: &[VarId], target: &Expr) -> Option<String> {
    let is_it = |expr: &Expr| {
        expr.as_ident().and_then(|ident| scopes.var(ident)).is_some_and(|var| names.contains(&var))
    };
    match &target.unparen().kind {
        ExprKind::Index { operand, .. } | ExprKind::Pointer(operand) if is_it(operand) => Some(String::new()),
        ExprKind::Index { operand, .. } | ExprKind::AddressOf(operand) | ExprKind::Pointer(operand) => {
            field_of(scopes, names, operand)
        }
        ExprKind::Selector { operand, field } => match is_it(operand) {
            true => Some(field.name.to_string()),
            false => field_of(scopes, names, operand),
        },
        ExprKind::Call(call) => match &call.function.unparen().kind {
            ExprKind::Selector { operand, .. } if is_it(operand) => Some(String::new()),
            _ => None,
        },
        ExprKind::Ident(ident) => {
            let given = scopes.assigned(scopes.var(ident).filter(|_| !is_it(target))?);
            given.iter().find_map(|given| match &given.value.unparen().kind {
                ExprKind::AddressOf(inner) => field_of_itself(scopes, names, inner),
                ExprKind::Selector { .. } => field_of_itself(scopes, names, given.value),
                _ => None,
            })
        }
        _ => None,
    }
}

/// The same without other names for a part.
fn field_of_itself(scopes: &Scopes, names: &[VarId], expr: &Expr) -> Option<String> {
    let path = expr.as_path()?;
    let (first, rest) = path.split_first()?;
    scopes.var(first).filter(|var| names.contains(var))?;
    rest.first().map(|field| field.name.to_string())
}
