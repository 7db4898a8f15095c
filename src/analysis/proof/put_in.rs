//! Nothing of somebody else's is put into the resource that its release would end: in the function itself,
//! and in the methods and functions of the repository that get it.

use rustc_hash::FxHashSet;

use crate::analysis::dataflow::assignments::root;
use crate::analysis::graph::derived::statements;
use crate::analysis::graph::exits::may_end;
use crate::analysis::graph::known;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, Scopes, VarId, VarOrigin};
use crate::analysis::proof::reached::{Names, names_of};
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
    let given = visit::calls(subject.decl).into_iter().find_map(|call| {
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
        given.and_then(|part| puts(&part))
    });
    given.or_else(|| {
        // Those that it reaches, by whatever name it gets there.
        Names::of(subject, holder).reach().into_iter().find_map(|reached| {
            let passed = reached.call.map(|call| passed(call, &reached.func));
            let from_others = |from: ParamIndex| {
                let mut args = passed.iter().flatten();
                passed.is_none()
                    || args.any(|(at, arg)| *at == from && is_it(arg).is_none() && is_of_others(typing, arg))
            };
            let stored = stored_in(typing.database, &reached.func, reached.into, 0);
            let mut ended = stored.into_iter().filter(|stored| released.may_end(&stored.field));
            let ended = ended.find(|stored| stored.from.is_none_or(from_others))?;
            let name = &reached.func.decl.name.name;
            let words =
                format!("`{name}` puts something into `{}` of it, which its release ends", ended.field);
            Some(subject.object(reached.span, words))
        })
    })
}

/// Where a field to which the release goes is set: what was there is lost, and what comes there may live on.
fn assigned(subject: &Subject, holder: VarId, released: &ReleasedFields) -> Option<Span> {
    let (typing, scopes) = (subject.typing, subject.typing.scopes);
    let names = names_of(scopes, holder);
    let own = subject.ty.named().and_then(|named| named.source());
    let own = own.is_some_and(|package| !typing.database.is_dependency(package));
    let others = Names::of(subject, holder);
    // By another name: of something around it, of a literal's parameter, or of a part that a method gave.
    let by_others = |target: &Expr| match &target.unparen().kind {
        ExprKind::Selector { operand, field } => {
            let promoted = || !typing.database.has_direct_field(&typing.of(operand), &field.name);
            others.begin(operand)
                && (others.are(operand) || promoted())
                && released.may_be(Some(&field.name), 0)
        }
        ExprKind::Index { operand, .. } => match &operand.unparen().kind {
            ExprKind::Selector { operand: owner, field } => {
                others.are(owner) && released.may_be(Some(&field.name), 0)
            }
            _ => others.begin(operand),
        },
        ExprKind::Pointer(operand) => others.begin(operand),
        _ => false,
    };
    let goes_to = |target: &Expr| {
        field_of(scopes, &names, target).is_some_and(|field| released.may_be(Some(&field), 0))
            || own && by_others(target)
    };
    let mut found = None;
    for stmt in statements(subject.decl) {
        for (target, value) in set_by(stmt) {
            if goes_to(target) && can_end(typing, value) && !is_for_it_alone(subject, value, stmt.span) {
                found.get_or_insert(stmt.span);
            }
        }
    }
    found
}

/// Something new that nobody else gets: what a call makes of plain data, or a variable with that of which the
/// function itself only calls methods that give plain data; or a function that has nothing to end.
fn is_for_it_alone(subject: &Subject, value: &Expr, stored: Span) -> bool {
    let (typing, scopes) = (subject.typing, subject.typing.scopes);
    if let ExprKind::FuncLit(literal) = &value.unparen().kind {
        return ends_nothing(typing, literal);
    }
    let is_new = |value: &Expr, index: usize| {
        let origins = &subject.summaries.origins;
        value.as_call().is_some_and(|call| {
            origins.is_fresh(typing.database, &typing.callee(call), index)
                && !call.args.iter().any(|arg| can_end(typing, arg))
        })
    };
    let Some(var) = value.as_ident().and_then(|ident| scopes.var(ident)) else { return is_new(value, 0) };
    let (mut asked, mut beside) = (FxHashSet::default(), Vec::new());
    visit::declaration(subject.decl, &mut |expr| match &expr.kind {
        ExprKind::Call(call) => {
            if let ExprKind::Selector { operand, .. } = &call.function.unparen().kind
                && typing.results(call).iter().all(|ty| ty.is_error() || is_plain(typing.database, ty))
            {
                asked.insert(operand.span.start);
            }
        }
        ExprKind::Binary { left, right, .. } => asked.extend([left.span.start, right.span.start]),
        ExprKind::FuncLit(literal) => beside.push(literal.body.span),
        _ => {}
    });
    visit::all_statements(scopes.body(subject.body).block, &mut |stmt| {
        if matches!(stmt.kind, StmtKind::Go(_)) {
            beside.push(stmt.span);
        }
    });
    let given = scopes.assigned(var);
    given.len() == 1
        && given.iter().all(|given| is_new(given.value, given.index))
        // The first is where it is declared.
        && scopes.uses_of(var).skip(1).all(|at| {
            let harmless = asked.contains(&at) || stored.start <= at && at < stored.end;
            harmless && !beside.iter().any(|span| span.start <= at && at < span.end)
        })
}

/// Whether a function literal uses nothing of others that could be ended, and does not end the program.
pub(super) fn ends_nothing(typing: &Typing, literal: &FuncLit) -> bool {
    let scopes = typing.scopes;
    let body = scopes.literal(literal);
    let inside = |var: VarId| {
        std::iter::successors(Some(scopes.info(var).body), |body| scopes.body(*body).parent)
            .any(|outer| Some(outer) == body)
    };
    let can_end = |var: VarId| typing.var(var).is_none_or(|ty| !is_plain(typing.database, &ty));
    let mut ends = scopes.uses_in(literal.body.span).any(|var| !inside(var) && can_end(var));
    visit::block(&literal.body, &mut |expr| match &expr.kind {
        ExprKind::Ident(ident) => {
            ends |= scopes.var(ident).is_none() && typing.file.package.has_value(&ident.name);
        }
        ExprKind::Call(call) => ends |= call.name().is_some_and(known::reads_like_release),
        _ => {}
    });
    !ends && !may_end(typing, &literal.body)
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
    visit::all_statements(body, &mut |stmt| {
        for (target, value) in set_by(stmt) {
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
        if names::words().fills_first.holds(call.name().unwrap_or_default())
            && let Some((first, others)) = call.args.split_first()
            && let Some(field) = field_of(&scopes, &names, first)
        {
            others.iter().for_each(|arg| add(&field, arg));
        }
        let Some(func) = typing.called(call) else { return };
        let passed = passed(call, &func);
        for (into, arg) in &passed {
            // Of a part it is that part that gets it, whichever field of its own it goes to.
            let part = field_of(&scopes, &names, arg);
            if part.is_none() && !is_owner(arg) {
                continue;
            }
            for stored in stored_in(database, &func, *into, depth + 1) {
                let field = part.clone().unwrap_or(stored.field);
                match stored.from {
                    None => inner.push(Stored { field, from: None }),
                    Some(from) => {
                        passed.iter().filter(|(at, _)| *at == from).for_each(|(_, arg)| add(&field, arg))
                    }
                }
            }
        }
    });
    found.extend(inner);
    found
}

/// What a statement sets, each with the value: of a call that gives several, the call.
fn set_by(stmt: &Stmt) -> Vec<(&Expr, &Expr)> {
    let StmtKind::Assign { left, right, .. } = &stmt.kind else { return Vec::new() };
    match right.as_slice() {
        [one] => left.iter().map(|target| (target, one)).collect(),
        right => left.iter().zip(right).collect(),
    }
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
        // What is made around something ends it, too, as a rule; a conversion is the same thing.
        ExprKind::Call(call) => call.args.iter().flat_map(|arg| sources(typing, arg, depth + 1)).collect(),
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
pub(super) fn passed<'a>(call: &'a Call, func: &FuncRef) -> Vec<(ParamIndex, &'a Expr)> {
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

/// `listeners` of `b.listeners`, `b.listeners[name]`, `o.last` with `o := &b.listeners`, where `b` is one of
/// the names; nothing of `*b`, `b[name]` and `b.options().last`, which may be any.
pub(super) fn field_of(scopes: &Scopes, names: &[VarId], target: &Expr) -> Option<String> {
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
