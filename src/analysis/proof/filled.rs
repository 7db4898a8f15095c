//! What the release goes through is there: where the maker's own literal of the type leaves a field out
//! that the release calls on, there is nothing to release, and the release panics.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::analysis::graph::derived::statements;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, Scopes, VarId, VarOrigin};
use crate::analysis::proof::nil::may_have_failed;
use crate::analysis::proof::subject::Subject;
use crate::analysis::proof::ways_out::error_of;
use crate::base::diagnostic::{Evidence, Objection, ReleaseWay};
use crate::base::text::{Span, narrow};
use crate::go::project::package::{FuncRef, Package};
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::{Database, FileScope};
use crate::go::types::type_expr::Type;
use crate::go::types::underlying::struct_fields;

/// Makers that call makers, methods that call methods, are followed this deep.
const MAX_DEPTH: usize = 4;

pub(crate) fn check(subject: &Subject, steps: &mut Vec<Evidence>) -> Result<(), Objection> {
    if subject.release.way != ReleaseWay::Method {
        return Ok(());
    }
    let Some(func) = own(subject, subject.typing, subject.call) else { return Ok(()) };
    if let Some(place) = unfilled(subject, &func, subject.result, 0) {
        return Err(Objection { place, exposure: None });
    }
    steps.push(subject.evidence(subject.call.span, "what its release goes through is set"));
    Ok(())
}

/// The function of the repository that a call goes to.
fn own(subject: &Subject, typing: &Typing, call: &Call) -> Option<FuncRef> {
    typing.called(call).filter(|func| !subject.typing.database.is_dependency(&func.package))
}

/// A literal that a maker returns as its result `index`, and that lacks what the release goes through.
fn unfilled(subject: &Subject, func: &FuncRef, index: usize, depth: usize) -> Option<Evidence> {
    let body = func.decl.body().filter(|_| depth < MAX_DEPTH)?;
    let scopes = Scopes::of_func(&func.decl);
    let typing = Typing::new(subject.typing.database, FileScope::of(func), &scopes);
    let decl = Decl::Func(func.decl.clone());
    let results = &func.decl.signature.results;
    let error = error_of(&typing, func);
    let mut found = None;
    visit::body(body, &mut |stmt| {
        let StmtKind::Return(values) = &stmt.kind else { return };
        let fails = error.and_then(|at| values.get(at)).is_some_and(|value| !value.is_nil());
        if found.is_some() || fails {
            return;
        }
        let of = |call: &Call, index| {
            own(subject, &typing, call).and_then(|func| unfilled(subject, &func, index, depth + 1))
        };
        let value = match values.as_slice() {
            [value] if results.len() > 1 => {
                found = value.as_call().and_then(|call| of(call, index));
                return;
            }
            values => values.get(index),
        };
        let Some(value) = value else { return };
        let whole = match &value.unparen().kind {
            ExprKind::AddressOf(inner) => inner,
            _ => value,
        };
        let var = whole.as_ident().and_then(|ident| scopes.var(ident));
        let literals = match var {
            // `var l Log` has no field set.
            Some(var) if is_bare(&scopes, var) => vec![(whole, 0)],
            Some(var) => scopes.assigned(var).iter().map(|given| (given.value, given.index)).collect(),
            None => vec![(value, 0)],
        };
        found = literals.into_iter().find_map(|(literal, index)| match literal.as_call() {
            Some(call) if !is_new(&typing, call) => of(call, index),
            _ => lacking(subject, &typing, &decl, literal, var.map(|var| (var, stmt.span.start))),
        });
    });
    found
}

/// Whether a variable is declared without a value, and gets none as a whole.
fn is_bare(scopes: &Scopes, var: VarId) -> bool {
    let declared = matches!(scopes.info(var).origin, VarOrigin::Declared { .. } | VarOrigin::Result { .. });
    declared && scopes.assigned(var).is_empty()
}

/// `new(T)`
fn is_new(typing: &Typing, call: &Call) -> bool {
    call.name() == Some("new") && typing.called(call).is_none()
}

/// The place of a literal, or of `new(T)`, without a field that the release calls on. `held` is the
/// variable that gets it and where that is returned.
fn lacking(
    subject: &Subject,
    typing: &Typing,
    decl: &Decl,
    literal: &Expr,
    held: Option<(VarId, u32)>,
) -> Option<Evidence> {
    let mut inner = literal.unparen();
    if let ExprKind::AddressOf(pointed) = &inner.kind {
        inner = pointed.unparen();
    }
    let elements: &[Element] = match &inner.kind {
        ExprKind::Composite { elements, .. } => elements,
        ExprKind::Call(_) => &[],
        ExprKind::Ident(name) if held.is_some_and(|(var, _)| typing.scopes.var(name) == Some(var)) => &[],
        _ => return None,
    };
    // All of its fields by their places.
    if elements.first().is_some_and(|element| element.key.is_none()) {
        return None;
    }
    let ty = typing.of(literal);
    let named = ty.pointee().named()?;
    let package = named.source()?;
    let needed = needed(typing.database, package, &named.name, &subject.release.method);
    // A part that could not be made is none.
    let failed = |value: &Expr| {
        let var = value.as_ident().and_then(|ident| typing.scopes.var(ident));
        let Decl::Func(func) = decl else { return false };
        var.is_some_and(|var| func.body().is_some_and(|body| may_have_failed(typing, body, var)))
    };
    let set = |field: &str| {
        let by_key = |element: &Element| {
            let named = element.key.as_ref().and_then(Expr::as_ident).is_some_and(|key| &*key.name == field);
            named && !element.value.is_nil() && !failed(&element.value)
        };
        elements.iter().any(by_key)
            || held.is_some_and(|(var, until)| sets(typing, decl, var, until, field, 0))
    };
    let field = needed.into_iter().find(|field| !set(field))?;
    let words = format!("`{}` is not set here, and `{}` calls on it", field, subject.release.method);
    Some(typing.evidence(literal.span, words))
}

/// Whether a function sets a field of what `var` holds, before `until`, itself or in a function that gets it.
fn sets(typing: &Typing, decl: &Decl, var: VarId, until: u32, field: &str, depth: usize) -> bool {
    let is_it = |expr: &Expr| {
        let expr = match &expr.unparen().kind {
            ExprKind::AddressOf(inner) => inner.unparen(),
            _ => expr.unparen(),
        };
        expr.as_ident().and_then(|ident| typing.scopes.var(ident)) == Some(var)
    };
    let all = statements(decl);
    // What only some of the ways to the place come by sets nothing for sure.
    let always = |place: Span| {
        place.start < until
            && !all
                .iter()
                .flat_map(|stmt| branches(stmt))
                .any(|part| part.contains(place) && part.end <= until)
            && !literals(decl).any(|body| body.contains(place) && body.end <= until)
    };
    let assigned = all.iter().any(|stmt| match &stmt.kind {
        StmtKind::Assign { left, right, .. } if always(stmt.span) => {
            left.iter().enumerate().any(|(at, target)| match &target.unparen().kind {
                ExprKind::Selector { operand, field: name } => {
                    &*name.name == field
                        && is_it(operand)
                        && right.get(at).is_none_or(|value| !value.is_nil())
                }
                _ => false,
            })
        }
        _ => false,
    });
    assigned
        || depth < MAX_DEPTH
            && visit::calls(decl).into_iter().filter(|call| always(call.span)).any(|call| {
                let receiver = match &call.function.unparen().kind {
                    ExprKind::Selector { operand, .. } if is_it(operand) => Some(ParamIndex::Receiver),
                    _ => None,
                };
                let arg = call.args.iter().position(is_it).map(|at| ParamIndex::At(narrow(at)));
                let Some(index) = receiver.or(arg) else { return false };
                let Some(func) = typing.called(call) else { return false };
                let scopes = Scopes::of_func(&func.decl);
                let Some(param) = scopes.param(BodyId(0), index) else { return false };
                let inside = Typing::new(typing.database, FileScope::of(&func), &scopes);
                let decl = Decl::Func(func.decl.clone());
                sets(&inside, &decl, param, u32::MAX, field, depth + 1)
            })
}

/// The parts of a statement that may be passed by.
fn branches(stmt: &Stmt) -> Vec<Span> {
    if matches!(stmt.kind, StmtKind::Block(_)) {
        return Vec::new();
    }
    let whole = |list: &[Stmt]| Some(Span::new(list.first()?.span.start, list.last()?.span.end));
    let mut parts: Vec<Span> = visit::child_lists(stmt).into_iter().filter_map(whole).collect();
    if let StmtKind::If(branch) = &stmt.kind {
        parts.extend(branch.otherwise.iter().map(|other| other.span));
    }
    parts
}

/// The bodies of the function literals of a declaration.
fn literals(decl: &Decl) -> impl Iterator<Item = Span> {
    let mut found = Vec::new();
    if let Decl::Func(func) = decl {
        func.body().into_iter().for_each(|body| {
            visit::block(body, &mut |expr| {
                if let ExprKind::FuncLit(literal) = &expr.kind {
                    found.push(literal.body.span);
                }
            });
        });
    }
    found.into_iter()
}

/// The fields of a struct that its method calls on, or closes, without asking whether they are nil; of a
/// method that an embedded field lends, that field.
fn needed(database: &Database, package: &Arc<Package>, owner: &str, method: &str) -> Vec<Arc<str>> {
    let (mut found, mut asked) = (Vec::new(), FxHashSet::default());
    match package.method(owner, method) {
        Some(func) => look(database, &func, &mut found, &mut asked, 0),
        None => {
            let fields = struct_fields(package, owner).unwrap_or_default();
            let embedded: Vec<_> = fields.into_iter().filter(|(_, embedded)| *embedded).collect();
            if let [(name, _)] = embedded.as_slice() {
                found.extend(is_embedded_nilable(database, package, owner).then(|| name.clone()));
            }
        }
    }
    found.retain(|field| !asked.contains(field));
    found
}

/// Whether the one field that a struct embeds is a pointer or an interface.
fn is_embedded_nilable(database: &Database, package: &Arc<Package>, owner: &str) -> bool {
    let Some(ty) = package.type_spec(owner) else { return false };
    let ExprKind::Struct(fields) = &ty.spec().ty.unparen().kind else { return false };
    let scope = FileScope { package: package.clone(), file: ty.file };
    fields.iter().filter(|field| field.names.is_empty()).any(|field| {
        let ty = database.type_of(&scope, &field.ty);
        matches!(ty, Type::Pointer(_)) || database.is_interface(&ty)
    })
}

fn look(
    database: &Database,
    func: &FuncRef,
    found: &mut Vec<Arc<str>>,
    asked: &mut FxHashSet<Arc<str>>,
    depth: usize,
) {
    let Some(body) = func.decl.body().filter(|_| depth < MAX_DEPTH) else { return };
    let scopes = Scopes::of_func(&func.decl);
    let typing = Typing::new(database, FileScope::of(func), &scopes);
    let Some(receiver) = scopes.param(BodyId(0), ParamIndex::Receiver) else { return };
    let field_of = |expr: &Expr| match &expr.unparen().kind {
        ExprKind::Selector { operand, field }
            if operand.as_ident().and_then(|ident| scopes.var(ident)) == Some(receiver) =>
        {
            Some(field.name.clone())
        }
        _ => None,
    };
    let nilable = |expr: &Expr| {
        let ty = typing.of(expr);
        matches!(ty, Type::Pointer(_) | Type::Func(_) | Type::Chan(_) | Type::Unknown(_))
            || database.is_interface(&ty)
    };
    let mut own: Vec<FuncRef> = Vec::new();
    let owner = func.decl.receiver_type().cloned().unwrap_or_default();
    visit::block(body, &mut |expr| match &expr.kind {
        ExprKind::Call(call) => match &call.function.unparen().kind {
            ExprKind::Selector { operand, .. } if field_of(operand).is_some() && nilable(operand) => {
                found.extend(field_of(operand));
            }
            ExprKind::Selector { field, .. } if field_of(&call.function).is_some() => {
                match func.package.method(&owner, &field.name) {
                    Some(method) => own.push(method),
                    None if matches!(typing.of(&call.function), Type::Func(_)) => {
                        found.extend(field_of(&call.function));
                    }
                    None => {}
                }
            }
            ExprKind::Ident(name) if &*name.name == "close" => {
                found.extend(call.args.first().and_then(field_of));
            }
            _ => {}
        },
        ExprKind::Binary { left, right, .. } if left.is_nil() || right.is_nil() => {
            asked.extend(field_of(left).or_else(|| field_of(right)));
        }
        _ => {}
    });
    for method in own {
        look(database, &method, found, asked, depth + 1);
    }
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::places_in;

    /// The place for a release of what `newLog` makes, with such a body.
    fn made(close: &str, maker: &str) -> Vec<String> {
        places_in(&format!(
            "type log struct {{ c *client; n int }}\nfunc (l *log) Close() error {{ {close} }}\n\
             func (l *log) fill() {{ l.c = &client{{}} }}\nfunc newLog() *log {{ {maker} }}\n\
             func f() {{\nl := newLog()\n_ = l.n\n}}"
        ))
    }

    #[test]
    fn a_field_that_the_release_calls_on_has_to_be_set() {
        let close = "return l.c.Close()";
        for bare in [
            "l := log{}\nreturn &l",
            "var l log\nreturn &l",
            "return &log{n: 1}",
            "return new(log)",
            "l := &log{}\nreturn l",
            "return &log{c: nil}",
        ] {
            let line = 6 + bare.matches('\n').count();
            assert_eq!(made(close, bare), [format!("l after {line}, not proved")], "{bare}");
        }
        for partly in [
            "l := &log{}\nif some() { l.c = &client{} }\nreturn l",
            "l := &log{}\nfunc() { l.c = nil }()\nreturn l",
        ] {
            assert_eq!(made(close, partly), ["l after 8, not proved"], "{partly}");
        }
        for full in [
            "l := &log{}\nif some() { l.fill(); return l }\nl.fill()\nreturn l",
            "return &log{c: &client{}}",
            "return &log{&client{}, 1}",
            "var l log\nl.c = &client{}\nreturn &l",
            "l := &log{}\nl.c = &client{}\nreturn l",
            "l := new(log)\nl.fill()\nreturn l",
        ] {
            let line = 6 + full.matches('\n').count();
            assert_eq!(made(close, full), [format!("l after {line}, proved")], "{full}");
        }
    }

    #[test]
    fn a_release_that_asks_for_the_field_needs_none() {
        let close = "if l.c == nil { return nil }; return l.c.Close()";
        assert_eq!(made(close, "return &log{n: 1}"), ["l after 6, proved"]);
    }
}
