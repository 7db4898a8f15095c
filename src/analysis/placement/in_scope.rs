//! What stands around a release: what it may use (a context, the named error result, the test), and what else
//! may have a say.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::analysis::graph::derived::statements;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, Scopes, VarId, VarOrigin};
use crate::analysis::placement::anchor;
use crate::base::diagnostic::{ContextInScope, InScope, LoggerInScope};
use crate::base::text::{Span, narrow};
use crate::go::facts::names;
use crate::go::project::gomod::language_version;
use crate::go::project::package::Package;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::expressions::Callee;
use crate::go::types::members::{Lookup, Member};
use crate::go::types::type_expr::Type;
use crate::go::types::underlying::struct_fields;

/// The first Go with `context.WithoutCancel`.
const WITHOUT_CANCEL: (u32, u32) = (1, 21);
/// The first Go with `errors.Join`.
const ERRORS_JOIN: (u32, u32) = (1, 20);

/// What is in scope of `body` at `offset`. A context is looked for only if the release asks for one: it comes
/// with the call whose result is released, and the text that it stands in.
pub fn in_scope(
    scopes: &Scopes,
    typing: &Typing,
    body: BodyId,
    offset: u32,
    asks: Option<(&Call, &[u8])>,
) -> InScope {
    let mut locals: Vec<Arc<str>> = scopes.vars.iter().map(|var| var.name.clone()).collect();
    // What the package declares under the name of a package hides that, or cannot stand beside its import.
    let packages = typing.database.with_tests(&typing.file.package);
    let declares = |name: &&str| {
        let has =
            |package: &Package| package.has_func(name) || package.has_type(name) || package.has_value(name);
        has(&typing.file.package) || packages.iter().any(|package| has(package))
    };
    locals.extend(["errors", "log"].into_iter().filter(declares).map(Arc::from));
    locals.sort();
    locals.dedup();
    InScope {
        context: asks.and_then(|(call, text)| {
            context(scopes, typing, offset).or_else(|| given_context(typing, call, text))
        }),
        error_result: error_result(scopes, typing, body),
        joins: go_is(typing, ERRORS_JOIN).unwrap_or(true),
        test: test(scopes, typing, body),
        defers: defers(&scopes.body(body).block.stmts),
        late: false,
        changes: false,
        parallel: anchor::has_parallel_subtests(scopes, body)
            || typing.file.is_test() && hands_to_parallel(typing, scopes.body(body).block),
        loggers: loggers(scopes, typing, offset),
        locals,
    }
}

/// Whether `var`, or a field of it, may get another value behind `at`, where its release stands: by an
/// assignment further down or in the same loop, through its address, or, a named result, by a `return`.
pub fn changes(scopes: &Scopes, decl: &Decl, var: VarId, at: u32) -> bool {
    let info = scopes.info(var);
    if matches!(info.origin, VarOrigin::Result { .. }) {
        return true;
    }
    let is_it = |expr: &Expr| expr.as_ident().and_then(|ident| scopes.var(ident)) == Some(var);
    let rooted = |expr: &Expr| {
        let mut expr = expr.unparen();
        while let ExprKind::Selector { operand, .. } = &expr.kind {
            expr = operand.unparen();
        }
        is_it(expr)
    };
    let statements = statements(decl);
    let declared = Span::new(info.scope.start, info.scope.start);
    // The next time round it is filled again.
    let repeats = statements.iter().any(|stmt| {
        let here = stmt.span.contains(Span::new(at, at)) && !stmt.span.contains(declared);
        matches!(stmt.kind, StmtKind::For(_)) && here
    });
    let later = |target: &Expr| target.span.start >= at && rooted(target);
    let set = statements.iter().any(|stmt| match &stmt.kind {
        StmtKind::Assign { left, .. } => left.iter().any(later),
        // What `:=` only sets was declared before.
        StmtKind::Define { left, .. } => !stmt.span.contains(declared) && left.iter().any(later),
        StmtKind::For(looped) => match &looped.head {
            ForHead::Clause { update: Some(Stmt { kind: StmtKind::Assign { left, .. }, .. }), .. }
            | ForHead::Range { left, define: false, .. } => left.iter().any(later),
            _ => false,
        },
        StmtKind::Select(cases) => cases.iter().any(|case| match &case.communication {
            Some(Communication::Receive { left, define: false, .. }) => left.iter().any(later),
            _ => false,
        }),
        _ => false,
    });
    let mut addressed = false;
    if let Decl::Func(func) = decl {
        func.body().into_iter().for_each(|body| {
            visit::block(body, &mut |expr| {
                addressed |= matches!(&expr.kind, ExprKind::AddressOf(inner) if rooted(inner));
            });
        });
    }
    repeats || set || addressed
}

/// The named error result of `body`, unless another variable of the body has that name too.
fn error_result(scopes: &Scopes, typing: &Typing, body: BodyId) -> Option<Arc<str>> {
    let results = 0..scopes.body(body).signature.results.len();
    let is_error = |var: &VarId| typing.var(*var).is_some_and(|ty| ty.is_error());
    let result = results.filter_map(|index| scopes.result(body, index)).find(is_error)?;
    let name = &scopes.info(result).name;
    let hidden = scopes.vars.iter().filter(|var| var.body == body && var.name == *name).count() > 1;
    (!hidden).then(|| name.clone())
}

/// The name of the parameter of `body` that is a `*testing.T` or the like.
pub fn test(scopes: &Scopes, typing: &Typing, body: BodyId) -> Option<Arc<str>> {
    test_var(scopes, typing, body).map(|var| scopes.info(var).name.clone())
}

/// The parameter of `body` that is a `*testing.T` or the like.
pub fn test_var(scopes: &Scopes, typing: &Typing, body: BodyId) -> Option<VarId> {
    let params = 0..scopes.body(body).signature.params.len();
    let mut vars = params.filter_map(|index| scopes.param(body, ParamIndex::At(narrow(index))));
    vars.find(|var| typing.var(*var).is_some_and(|ty| ty.is_in(&names::types().tests)))
}

/// Whether a function that the body hands a literal to runs subtests in parallel, as far as its source tells.
fn hands_to_parallel(typing: &Typing, block: &Block) -> bool {
    let is_parallel = |call: &Call| {
        let Callee::Func { func, .. } = typing.callee(call) else { return false };
        let Some(body) = func.decl.body() else { return false };
        let mut parallel = false;
        visit::block(body, &mut |expr| {
            parallel |= expr.as_call().is_some_and(|call| call.name() == Some("Parallel"));
        });
        parallel
    };
    let mut found = false;
    visit::block(block, &mut |expr| {
        if let Some(call) = expr.as_call()
            && call.args.iter().any(|arg| matches!(arg.unparen().kind, ExprKind::FuncLit(_)))
        {
            found |= is_parallel(call);
        }
    });
    found
}

/// Whether one of the statements, at any depth but in function literals, is a `defer`.
fn defers(stmts: &[Stmt]) -> bool {
    stmts.iter().any(|stmt| match &stmt.kind {
        StmtKind::Defer(_) => true,
        StmtKind::If(branch) => {
            defers(&branch.then.stmts)
                || branch.otherwise.as_ref().is_some_and(|other| defers(std::slice::from_ref(other)))
        }
        StmtKind::For(looped) => defers(&looped.body.stmts),
        StmtKind::Switch(switch) => switch.cases.iter().any(|case| defers(&case.stmts)),
        StmtKind::TypeSwitch(switch) => switch.cases.iter().any(|case| defers(&case.stmts)),
        StmtKind::Select(cases) => cases.iter().any(|case| defers(&case.stmts)),
        StmtKind::Block(block) => defers(&block.stmts),
        StmtKind::Labeled { stmt: Some(stmt), .. } => defers(std::slice::from_ref(stmt)),
        _ => false,
    })
}

/// The variables in scope at `offset`, each with its body: what is declared last comes first, and what that
/// hides is left out.
fn visible(scopes: &Scopes, offset: u32) -> Vec<(BodyId, VarId)> {
    let mut found: Vec<(BodyId, VarId)> = Vec::new();
    let mut names = FxHashSet::default();
    let mut body = scopes.body_around(Span::new(offset, offset));
    while let Some(at) = body {
        // They are numbered in source order.
        for var in (0..narrow(scopes.vars.len())).rev().map(VarId) {
            let info = scopes.info(var);
            if info.body != at || offset <= info.scope.start || info.scope.end < offset {
                continue;
            }
            if names.insert(&scopes.info(var).name) {
                found.push((at, var));
            }
        }
        body = scopes.body(at).parent;
    }
    found
}

/// The `context.Context` that is declared last before `offset` in what is in scope there, rather one that
/// nothing in the function ends.
pub fn context(scopes: &Scopes, typing: &Typing, offset: u32) -> Option<ContextInScope> {
    let mut ended = None;
    for (body, var) in visible(scopes, offset) {
        if !typing.var(var).is_some_and(|ty| ty.is_context()) {
            continue;
        }
        match derivation(scopes, typing, body, var, offset) {
            None => return Some(unended(scopes, typing, var)),
            Some(derived) => ended = ended.or_else(|| Some(over(typing, &scopes.info(var).name, &derived))),
        }
    }
    ended
}

/// What is in scope at `offset` and named like a logger: variables, their fields, variables of the package.
fn loggers(scopes: &Scopes, typing: &Typing, offset: u32) -> Vec<LoggerInScope> {
    let logs = |name: &str| name.to_ascii_lowercase().contains("log");
    let mut found: Vec<(String, Type)> = Vec::new();
    for (_, var) in visible(scopes, offset) {
        let name = &scopes.info(var).name;
        let ty = typing.var(var).unwrap_or_else(|| Type::unknown("its type is not known"));
        let fields = ty
            .pointee()
            .named()
            .and_then(|named| struct_fields(named.source()?, &named.name))
            .unwrap_or_default();
        for (field, _) in fields.iter().filter(|(field, _)| logs(field)) {
            if let Some(Member::Field(of)) = typing.database.member(&ty, field) {
                found.push((format!("{name}.{field}"), of));
            }
        }
        if logs(name) {
            found.push((name.to_string(), ty));
        }
    }
    let package = &typing.file.package;
    let is_hidden = |name: &Arc<str>| scopes.vars.iter().any(|var| var.name == *name);
    let of_package = package.value_names().into_iter().filter(|name| logs(name) && !is_hidden(name));
    found.extend(of_package.map(|name| (name.to_string(), typing.database.var_type(package, &name))));
    found.into_iter().map(|(spelled, ty)| logger(typing, spelled, &ty)).collect()
}

fn logger(typing: &Typing, spelled: String, ty: &Type) -> LoggerInScope {
    let names = names::words().logs_errors.iter();
    let found: Vec<_> = names.map(|name| (name, typing.database.find_member(ty, name))).collect();
    let proved = !found.iter().any(|(_, found)| matches!(found, Lookup::Unknown(_)));
    let methods = found
        .into_iter()
        .filter(|(_, found)| !matches!(found, Lookup::Absent))
        .map(|(name, _)| name)
        .collect();
    LoggerInScope { spelled, methods, proved }
}

/// The context that the acquiring call was given, where it can be written once more: `context.Background()`,
/// `s.ctx`, `r.Context()`.
fn given_context(typing: &Typing, call: &Call, text: &[u8]) -> Option<ContextInScope> {
    let is_plain = |arg: &Expr| match &arg.kind {
        ExprKind::Selector { operand, .. } => operand.as_ident().is_some(),
        ExprKind::Call(made) => match &made.function.kind {
            ExprKind::Selector { operand, .. } => made.args.is_empty() && operand.as_ident().is_some(),
            _ => false,
        },
        _ => false,
    };
    let given = call.args.iter().find(|arg| is_plain(arg) && typing.of(arg).is_context())?;
    let spelled = std::str::from_utf8(&text[given.span.range()]).ok()?;
    Some(ContextInScope {
        spelled: spelled.to_owned(),
        doubt: unended_doubt(spelled, is_background(typing, given)),
    })
}

/// A context that nothing here ends.
fn unended(scopes: &Scopes, typing: &Typing, var: VarId) -> ContextInScope {
    let info = scopes.info(var);
    let endless = matches!(info.origin, VarOrigin::Value { value, .. } if is_background(typing, value));
    ContextInScope { spelled: info.name.to_string(), doubt: unended_doubt(&info.name, endless) }
}

fn unended_doubt(spelled: &str, endless: bool) -> String {
    match endless {
        true => format!("it waits without a deadline, as `{spelled}` has none"),
        false => format!("`{spelled}` may be cancelled by the time the release runs"),
    }
}

/// A context to which `derived` gave an end.
fn over(typing: &Typing, name: &str, derived: &Derivation) -> ContextInScope {
    match derived.package.as_ref().filter(|_| go_is(typing, WITHOUT_CANCEL) == Some(true)) {
        Some(package) => ContextInScope {
            spelled: format!("{package}.WithoutCancel({name})"),
            doubt: format!(
                "it waits without a deadline, as `{name}` may be over by the time the release runs"
            ),
        },
        None => ContextInScope {
            spelled: name.to_owned(),
            doubt: format!(
                "`{name}` is cancelled or has a deadline: it may be over by the time the release runs"
            ),
        },
    }
}

/// Whether the module is written for Go `version` or a later one; `None` when it does not say.
pub(crate) fn go_is(typing: &Typing, version: (u32, u32)) -> Option<bool> {
    let module = typing.database.locator().module_of(&typing.file.package.dir)?;
    Some(language_version(module.go_version.as_ref()?)? >= version)
}

/// `context.Background()` and the like.
fn is_background(typing: &Typing, value: &Expr) -> bool {
    let name = value.as_call().and_then(|call| typing.name(&call.function));
    let of = names::functions();
    name.is_some_and(|(package, name)| {
        of.root_contexts.holds(&package, name) || of.detaches.holds(&package, name)
    })
}

/// A call that gave a context an end.
struct Derivation {
    /// The name of package `context` in this file.
    package: Option<Arc<str>>,
}

/// The last statement in scope before `offset` that gives `var` a context which is cancelled or has a
/// deadline.
fn derivation(scopes: &Scopes, typing: &Typing, body: BodyId, var: VarId, offset: u32) -> Option<Derivation> {
    let block = scopes.body(body).block;
    let path = anchor::path(block, Span::new(offset.saturating_sub(1), offset));
    let before =
        path.lists.iter().flat_map(|(list, at, _)| &list[..=*at]).filter(|stmt| stmt.span.end <= offset);
    let binds =
        |left: &[Expr]| left.iter().filter_map(Expr::as_ident).any(|ident| scopes.var(ident) == Some(var));
    let call = before
        .filter_map(|stmt| match &stmt.kind {
            StmtKind::Define { left, right } | StmtKind::Assign { left, right, .. } if binds(left) => {
                right.first()
            }
            _ => None,
        })
        .next_back()?
        .as_call()?;
    let (package, name) = typing.name(&call.function)?;
    let ends = names::functions().ends_context.holds(&package, name);
    let imported = typing.file.imports().iter().find(|import| &*import.path == "context");
    let package = imported.map(|import| import.name.clone().unwrap_or_else(|| "context".into()));
    ends.then_some(Derivation { package })
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::in_scope;

    #[test]
    fn a_release_may_use_what_the_function_has_there() {
        assert_eq!(in_scope("func f() (err error) {\nc := make1()\nlend(c)\nreturn nil\n}"), ["error err"]);
        assert_eq!(
            in_scope("func f() error {\nc := make1()\ndefer some()\nlend(c)\nreturn nil\n}"),
            ["defers"]
        );
        assert_eq!(in_scope("func f(t *testing.T) {\nc := make1()\nlend(c)\n}"), ["test t"]);
        assert_eq!(
            in_scope(
                "func f(t *testing.T) {\nc := make1()\nlend(c)\n\
                 t.Run(\"a\", func(t *testing.T) { t.Parallel() })\n}"
            ),
            ["test t, parallel"]
        );
    }
}
