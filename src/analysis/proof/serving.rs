//! Whether the resource serves others by itself, from a place that is known to them without it: a server that
//! listens at the port that its maker was told, a listener that is there to say that somebody is.
//!
//! Who else learns the address from the function itself is `address`'s.

use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{Scopes, VarId};
use crate::analysis::proof::subject::Subject;
use crate::base::text::Span;
use crate::go::facts::{self, names};
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::FileScope;
use crate::go::types::members::Member;

/// Functions that call functions are followed this deep.
const MAX_DEPTH: usize = 4;

/// How many of them are read.
const MAX_FUNCS: usize = 60;

/// The call from which on it listens: the one that makes it, or a method that is called on it. A function
/// that answers itself, or waits, is over with that.
pub(super) fn begins(subject: &Subject, holder: VarId) -> Option<Span> {
    let typing = subject.typing;
    let calls = visit::calls(subject.decl);
    let answers = |call: &&Call| call.name().is_some_and(|name| names::words().answers.begin(name));
    if calls.iter().any(answers) {
        return None;
    }
    let is_it = |expr: &Expr| expr.as_ident().and_then(|ident| typing.scopes.var(ident)) == Some(holder);
    let on_it = |call: &&Call| call.receiver().is_some_and(is_it);
    let started = calls.iter().copied().filter(on_it);
    std::iter::once(subject.call).chain(started).find(|call| listens(subject, call)).map(|call| call.span)
}

/// Whether a call has something listen: by what it is, by its source, or by what is told of its result where
/// there is none.
fn listens(subject: &Subject, call: &Call) -> bool {
    let typing = subject.typing;
    if is_listening(typing, call) {
        return true;
    }
    match typing.called(call).filter(|func| func.decl.has_body()) {
        Some(func) => reads_listening(subject, &func, (0, &mut 0)),
        None if call.span == subject.call.span => names::words().listens_at.iter().any(|name| {
            let member = typing.database.member(subject.ty, name);
            matches!(member, Some(Member::Method(method)) if method.signature.params.is_empty())
        }),
        None => false,
    }
}

/// `net.Listen(network, addr)`, `tls.Listen`, `config.Listen(ctx, network, addr)`. A port that the system is
/// to choose nobody knows but by the listener.
fn is_listening(typing: &Typing, call: &Call) -> bool {
    let listening = &names::functions().listens;
    let chosen = |arg: &Expr| match &arg.unparen().kind {
        ExprKind::Literal(Literal::Other(text)) => text.trim_matches(['"', '`']).ends_with(":0"),
        _ => false,
    };
    !call.args.iter().any(chosen)
        && typing.is_fact(call, &typing.callee(call), &|package, name| listening.holds(package, name))
}

/// Whether a function, or what it calls of its own package, has something listen.
fn reads_listening(subject: &Subject, func: &FuncRef, (depth, read): (usize, &mut usize)) -> bool {
    // Of Go's own it is said by name: a test server has a port that nobody knows.
    let read_on = depth < MAX_DEPTH && *read < MAX_FUNCS && !facts::is_standard(&func.package.path);
    let Some(body) = func.decl.body().filter(|_| read_on) else { return false };
    *read += 1;
    let scopes = Scopes::of_func(&func.decl);
    let typing = Typing::new(subject.typing.database, FileScope::of(func), &scopes);
    let mut found = false;
    visit::block(body, &mut |expr| {
        let Some(call) = expr.as_call().filter(|call| !found && call.span == expr.span) else { return };
        found = is_listening(&typing, call)
            || typing
                .called(call)
                .filter(|inner| inner.package.path == func.package.path)
                .is_some_and(|inner| reads_listening(subject, &inner, (depth + 1, read)));
    });
    found
}
