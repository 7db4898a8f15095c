//! What a function reaches the network with and does nothing with may be there for whoever calls it: a helper
//! that takes a port, leaves a socket where others look for it, or keeps one of a server's connections. Its
//! release would be the end of just that.
//!
//! A function that gives a result tells by it whether the thing can be made. A socket in the file system is
//! gone then all the same.

use crate::analysis::graph::known;
use crate::analysis::graph::scopes::BodyId;
use crate::analysis::proof::subject::Subject;
use crate::base::diagnostic::{Evidence, Objection};
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::members::Member;

pub(crate) fn check(subject: &Subject, _: &mut Vec<Evidence>) -> Result<(), Objection> {
    let Decl::Func(func) = subject.decl else { return Ok(()) };
    // Nobody calls a test, or what the process begins with, for what they leave behind.
    let alone = ["Test", "Benchmark", "Fuzz", "Example", "main", "init"];
    let called = subject.body == BodyId(0)
        && !func.signature.params.is_empty()
        && !alone.iter().any(|start| func.name.name.starts_with(start));
    if called
        && (func.signature.results.is_empty() || is_file(subject))
        && has_place(subject)
        && !is_used(subject)
    {
        return Err(
            subject.object(subject.call.span, "nothing is done with it: it may be there for who calls this")
        );
    }
    Ok(())
}

/// Whether it has a place in the network.
fn has_place(subject: &Subject) -> bool {
    let tells =
        |name: &str| matches!(subject.typing.database.member(subject.ty, name), Some(Member::Method(_)));
    ["Addr", "LocalAddr"].iter().any(|name| tells(name))
}

/// `net.Listen("unix", path)`
fn is_file(subject: &Subject) -> bool {
    subject.call.args.first().is_some_and(|network| subject.text(network.span).starts_with("\"unix"))
}

/// Whether anything is done with it but to log where it is.
fn is_used(subject: &Subject) -> bool {
    let typing = subject.typing;
    let Some(holder) = subject.holder else { return false };
    let is_it = |expr: &Expr| expr.as_ident().and_then(|ident| typing.scopes.var(ident)) == Some(holder);
    let mut idle = Vec::new();
    visit::block(typing.scopes.body(subject.body).block, &mut |expr| match &expr.kind {
        ExprKind::Binary { left, right, .. } => {
            idle.extend([left, right].into_iter().filter(|side| is_it(side)).map(|side| side.span.start));
        }
        ExprKind::Call(call) if typing.ask(call, known::only_looks) == Some(true) => {
            // What is logged of it is it, or where it is.
            visit::exprs(&call.args, &mut |inner| {
                idle.extend(Some(inner.span.start).filter(|_| is_it(inner)))
            });
        }
        _ => {}
    });
    typing.scopes.uses_of(holder).any(|at| at > subject.call.span.end && !idle.contains(&at))
}
