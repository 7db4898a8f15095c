//! Resources made around others: whether the release of one is no more than the release of what it was made
//! around.
//!
//! `NewMetricsClient(store)` gives something with a `Close` that calls `store.Close()` and does nothing
//! beside. Who has the store closes it, and nothing is open that was not open before.

use std::sync::Arc;

use crate::analysis::graph::known;
use crate::analysis::graph::known::Runner;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{Scopes, VarId, VarOrigin};
use crate::analysis::summaries::result_ownership::{Origins, ResultOwnership};
use crate::base::diagnostic::{Closable, Release};
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::closable::common_methods;
use crate::go::types::database::{Database, FileScope};
use crate::go::types::expressions::Callee;
use crate::go::types::members::Member;
use crate::go::types::type_expr::Type;
use crate::go::types::underlying::struct_fields;

/// Constructors around constructors are followed this deep.
const MAX_DEPTH: usize = 8;

/// The first argument of `call` that has a release itself: what is made around it may release it too, and
/// whose that is nobody says.
pub fn owned_argument<'e>(typing: &Typing, call: &'e Call) -> Option<&'e Expr> {
    let methods = common_methods();
    let releases = |ty: &Type| {
        let answer = typing.database.closable(ty, &methods[..1]);
        matches!(answer.closable, Closable::By(_))
    };
    let is_owned = |arg: &&Expr| releases(&typing.of(arg));
    // What an argument is that nobody has read, the parameter tells: `tls.Client(conn, config)`.
    let taken = |at: usize| {
        let unread = typing.of(&call.args[at]).why_unknown().is_some();
        unread && parameter(typing, call, at).is_some_and(|ty| releases(&ty))
    };
    // `option.WithGRPCConn(conn)` brings its argument along.
    let inside =
        |arg: &'e Expr| arg.as_call()?.args.iter().filter(|arg| arg.as_path().is_some()).find(is_owned);
    let named = || (0..call.args.len()).find(|at| taken(*at)).map(|at| &call.args[at]);
    call.args.iter().find(is_owned).or_else(|| call.args.iter().find_map(inside)).or_else(named)
}

/// The type that the callee asks for as argument `at`, where its source is there.
fn parameter(typing: &Typing, call: &Call, at: usize) -> Option<Type> {
    match typing.callee(call) {
        Callee::Func { signature, .. } => signature.params.get(at).cloned(),
        Callee::Method { method, .. } => method.signature.params.get(at).cloned(),
        _ => None,
    }
}

/// As [`owned_argument`], where that is a field or a package variable: whoever gets what is made around it
/// does not have it, and may not release it. A variable of the function itself is told by what becomes of
/// that.
pub fn lent_argument<'e>(typing: &Typing, call: &'e Call) -> Option<&'e Expr> {
    let is_own = |arg: &Expr| arg.as_ident().is_some_and(|ident| typing.scopes.var(ident).is_some());
    owned_argument(typing, call).filter(|arg| arg.as_path().is_some() && !is_own(arg))
}

/// The argument that `release`, called on result `index` of `call`, releases, if it does nothing beside. An
/// argument that a call makes on the spot has no other owner, and is none.
pub fn only_passes_on<'e>(
    typing: &Typing,
    origins: &Origins,
    call: &'e Call,
    index: usize,
    release: &Release,
) -> Option<&'e Expr> {
    let at = released_param(typing.database, &typing.called(call)?, index, &release.method, 0)?;
    let lends = |call: &Call| {
        typing.called(call).is_some_and(|func| origins.of(typing.database, &func, 0) == ResultOwnership::Lent)
    };
    call.args.get(at).filter(|arg| arg.as_path().is_some() || arg.as_call().is_some_and(lends))
}

/// The parameter of `func` that the method `release` of its result `index` only releases: one that is in a
/// field of the struct that it returns, or that it hands to another such function.
fn released_param(
    database: &Database,
    func: &FuncRef,
    index: usize,
    release: &str,
    depth: usize,
) -> Option<usize> {
    if depth > MAX_DEPTH {
        return None;
    }
    let scopes = Scopes::of_func(&func.decl);
    let typing = Typing::new(database, FileScope::of(func), &scopes);
    let var = innermost(&typing, only_returned(func, index)?, release, depth)?;
    let is_it = |param: &Param| param.name.as_ref().and_then(|name| scopes.var(name)) == Some(var);
    let at = func.decl.signature.params.iter().position(is_it)?;
    // `client = NewPrefixedClient(client)` puts one around the other.
    let around_itself = |value: &Expr| {
        around(&typing, value, release, depth).and_then(|arg| scopes.var(arg.as_ident()?)) == Some(var)
    };
    scopes.assigned(var).iter().all(|given| around_itself(given.value)).then_some(at)
}

/// The variable that is released in the end when `value` is: itself, what a struct literal has in the field
/// that its release goes to, or what another such call is made around.
fn innermost(typing: &Typing, value: &Expr, release: &str, depth: usize) -> Option<VarId> {
    if depth > MAX_DEPTH {
        return None;
    }
    if let Some((ty, elements)) = literal(value) {
        let field = released_field(typing, ty, release)?;
        return innermost(typing, element(typing, ty, elements, &field)?, release, depth + 1);
    }
    if value.as_call().is_some() {
        return innermost(typing, around(typing, value, release, depth)?, release, depth + 1);
    }
    let var = typing.scopes.var(value.as_ident()?)?;
    match (typing.scopes.info(var).origin, typing.scopes.assigned(var)) {
        (VarOrigin::Value { .. }, [given]) if given.index == 0 => {
            innermost(typing, given.value, release, depth + 1)
        }
        _ => Some(var),
    }
}

/// The field that the release of struct type `ty` goes to, and no further: by its method, or as it is
/// embedded.
fn released_field(typing: &Typing, ty: &Expr, release: &str) -> Option<Arc<str>> {
    let ty = typing.database.type_of(&typing.file, ty);
    let named = ty.named()?;
    let package = named.source()?;
    if let Some(method) = package.method(&named.name, release) {
        return passed_to(&method);
    }
    let has_release = |name: &Arc<str>| {
        matches!(typing.database.member(&ty, name), Some(Member::Field(field))
        if matches!(typing.database.member(&field, release), Some(Member::Method(_))))
    };
    struct_fields(package, &named.name)?
        .into_iter()
        .filter(|(_, embedded)| *embedded)
        .map(|(name, _)| name)
        .find(has_release)
}

/// What a struct literal gives field `name`, by its key or by its place.
fn element<'e>(typing: &Typing, ty: &Expr, elements: &'e [Element], name: &str) -> Option<&'e Expr> {
    let is_key = |element: &&Element| {
        element.key.as_ref().and_then(Expr::as_ident).is_some_and(|key| *key.name == *name)
    };
    if elements.iter().any(|element| element.key.is_some()) {
        return elements.iter().find(is_key).map(|element| &element.value);
    }
    let ty = typing.database.type_of(&typing.file, ty);
    let named = ty.named()?;
    let at = struct_fields(named.source()?, &named.name)?.iter().position(|(field, _)| **field == *name)?;
    elements.get(at).map(|element| &element.value)
}

/// The argument that the release of what `value`, a call, gives only releases.
fn around<'e>(typing: &Typing, value: &'e Expr, release: &str, depth: usize) -> Option<&'e Expr> {
    let call = value.as_call()?;
    call.args.get(released_param(typing.database, &typing.called(call)?, 0, release, depth + 1)?)
}

/// What `func` gives as result `index` in the only `return` that gives anything but nil there.
fn only_returned(func: &FuncRef, index: usize) -> Option<&Expr> {
    let mut returned: Vec<Option<&Expr>> = Vec::new();
    visit::body(func.decl.body()?, &mut |stmt| {
        if let StmtKind::Return(values) = &stmt.kind
            && !values.get(index).is_some_and(Expr::is_nil)
        {
            returned.push(values.get(index));
        }
    });
    match returned.as_slice() {
        [only] => *only,
        _ => None,
    }
}

/// `T{…}` or `&T{…}`.
fn literal(value: &Expr) -> Option<(&Expr, &[Element])> {
    match &value.unparen().kind {
        ExprKind::AddressOf(inner) => literal(inner),
        ExprKind::Composite { ty: Some(ty), elements } => Some((ty, elements)),
        _ => None,
    }
}

/// The field `f` of a method that is no more than `recv.f.Close()` or `return recv.f.Close()`, whatever the
/// release is called there.
fn passed_to(method: &FuncRef) -> Option<Arc<str>> {
    let receiver = method.decl.receiver.as_ref()?.name.as_ref()?;
    let [stmt] = method.decl.body()?.stmts.as_slice() else { return None };
    let expr = match &stmt.kind {
        StmtKind::Expr(expr) => expr,
        StmtKind::Return(values) => match values.as_slice() {
            [value] => value,
            _ => return None,
        },
        _ => return None,
    };
    match expr.as_call()?.function.as_path()?.as_slice() {
        [first, field, released] if first.name == receiver.name && released.name == method.decl.name.name => {
            Some(field.name.clone())
        }
        _ => None,
    }
}

/// Whether `func` gives its result `index` to a goroutine of its own that serves with it, and so closes
/// it when it ends: `go srv.Serve(l)`, `group.Go(func() error { return srv.Serve(l) })`. It ends when
/// somebody stops the server; where there is none, `go http.Serve(l, h)`, the function has to see to that.
pub fn serves_with(database: &Database, func: &FuncRef, index: usize) -> bool {
    let scopes = Scopes::of_func(&func.decl);
    let typing = Typing::new(database, FileScope::of(func), &scopes);
    let var_of = |expr: &Expr| expr.as_ident().and_then(|ident| scopes.var(ident));
    let (Some(body), Some(var)) = (func.decl.body(), only_returned(func, index).and_then(var_of)) else {
        return false;
    };
    let mut ends = false;
    for literal in visit::literals(body) {
        visit::block(&literal.body, &mut |expr| {
            let name = expr.as_call().and_then(Call::name);
            ends |= name.is_some_and(|name| known::ends(name) || known::reads_like_release(name));
        });
    }
    let is_ended =
        |call: &Call| ends || typing.name(&call.function).is_none_or(|(package, _)| package.is_empty());
    let serves = |expr: &Expr| {
        let mut serves = false;
        visit::expr(expr, &mut |inner| {
            serves |= inner.as_call().is_some_and(|call| {
                call.name().is_some_and(known::takes_listener)
                    && call.args.first().is_some_and(|arg| var_of(arg) == Some(var))
                    && is_ended(call)
            });
        });
        serves
    };
    let in_literal = |arg: &Expr| matches!(arg.unparen().kind, ExprKind::FuncLit(_)) && serves(arg);
    body.stmts.iter().any(|stmt| match &stmt.kind {
        StmtKind::Go(expr) => serves(expr),
        StmtKind::Expr(expr) => expr.as_call().is_some_and(|call| {
            typing.ask(call, known::runner).flatten().is_none_or(|runner| runner != Runner::AtEnd)
                && call.args.iter().any(in_literal)
        }),
        _ => false,
    })
}

/// Whether `func` has its result `index` released when the surrounding test ends: `t.Cleanup(client.Close)`,
/// or a literal that does so; by the function `by`, if that is what releases it: `os.RemoveAll(dir)`.
pub fn releases_at_end(database: &Database, func: &FuncRef, index: usize, by: Option<&str>) -> bool {
    let scopes = Scopes::of_func(&func.decl);
    let typing = Typing::new(database, FileScope::of(func), &scopes);
    let var_of = |expr: &Expr| expr.as_ident().and_then(|ident| scopes.var(ident));
    let (Some(body), Some(var)) = (func.decl.body(), only_returned(func, index).and_then(var_of)) else {
        return false;
    };
    let is_it = |arg: &Expr| match &arg.unparen().kind {
        ExprKind::Call(given) => {
            given.function.as_path().is_some_and(|path| scopes.var(path[0]) == Some(var))
        }
        _ => var_of(arg) == Some(var),
    };
    let releases = |expr: &Expr| match (&expr.unparen().kind, by) {
        (ExprKind::Selector { operand, field }, None) => {
            var_of(operand) == Some(var) && known::ends(&field.name)
        }
        (ExprKind::Call(call), Some(by)) => call.name() == Some(by) && call.args.iter().any(is_it),
        _ => false,
    };
    // What is registered on some ways only is released on these only.
    let always = body.stmts.iter().filter(|stmt| matches!(stmt.kind, StmtKind::Expr(_)));
    let mut registered = false;
    always.for_each(|stmt| {
        visit::stmt(stmt, &mut |expr| {
            if let Some(call) = expr.as_call()
                && typing.ask(call, known::runner).flatten() == Some(Runner::AtEnd)
            {
                call.args.iter().for_each(|arg| visit::expr(arg, &mut |inner| registered |= releases(inner)));
            }
        });
    });
    registered
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::fates;

    #[test]
    fn what_is_only_made_around_something_is_its_owner_s() {
        assert_eq!(
            fates(
                "type wrap struct{ inner *client }\n\
                 func (w *wrap) Close() error { return w.inner.Close() }\n\
                 func newWrap(c *client) *wrap { return &wrap{inner: c} }\nfunc f(c *client) {\n\
                 w := newWrap(c)\n_ = w\n}"
            ),
            ["nothing to release (5: made around `c`, which has an owner of its own: its Close is no \
                 more than that of `c`)"]
        );
        assert_eq!(
            fates(
                "type wrap struct{ inner *client }\n\
                 func (w *wrap) Close() error { some(); return w.inner.Close() }\n\
                 func newWrap(c *client) *wrap { return &wrap{inner: c} }\nfunc f(c *client) {\n\
                 w := newWrap(c)\n_ = w\n}"
            ),
            ["leaked (7: it is still open when the function ends here)"]
        );
    }
}
