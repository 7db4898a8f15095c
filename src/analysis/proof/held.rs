//! What a function reaches the network with and does nothing with may be there for whoever calls it: a helper
//! that takes a port, leaves a socket where others look for it, or keeps one of a server's connections. Its
//! release would be the end of just that.
//!
//! Likewise a database in memory that others share.
//!
//! A function that dials and gives a result tells by it whether that can be done. One that listens keeps
//! others from it as well, as a lock does.

use crate::analysis::graph::known;
use crate::analysis::graph::scopes::{BodyId, VarId, VarOrigin};
use crate::analysis::proof::release_reach::Reach;
use crate::analysis::proof::subject::Subject;
use crate::base::diagnostic::{Evidence, Objection};
use crate::base::text::{Span, narrow};
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::members::Member;
use crate::go::types::type_expr::Type;

pub(crate) fn check(subject: &Subject, _: &mut Vec<Evidence>) -> Result<(), Objection> {
    let Decl::Func(func) = subject.decl else { return Ok(()) };
    // Nobody calls a test, or what the process begins with, for what they leave behind.
    let alone = ["Test", "Benchmark", "Fuzz", "Example", "main", "init"];
    if let Some(says) = left_open_on_purpose(subject) {
        return Err(subject.object(says, "a comment says that it is not released"));
    }
    if subject.call.args.iter().any(|arg| is_device(&subject.text(arg.span))) {
        return Err(subject.object(subject.call.span, "a device does what it does for as long as it is open"));
    }
    if let Some(path) = named_by_caller(subject) {
        return Err(subject.object(path, "its release removes what the caller has named"));
    }
    let called = subject.body == BodyId(0)
        && !func.signature.params.is_empty()
        && !alone.iter().any(|start| func.name.name.starts_with(start));
    if subject.call.args.iter().any(|arg| is_shared_memory(&subject.text(arg.span)))
        && !alone.iter().any(|start| func.name.name.starts_with(start))
    {
        return Err(
            subject.object(subject.call.span, "what is in its memory is gone with the last connection")
        );
    }
    // Where it listens, others find the place taken: that may be all that it is for.
    let takes_place = subject.body == BodyId(0)
        && subject.call.name().is_some_and(|name| name.starts_with("Listen"))
        && !alone.iter().any(|start| func.name.name.starts_with(start));
    if (called && (func.signature.results.is_empty() || is_file(subject)) || takes_place)
        && has_place(subject)
        && !is_used(subject)
    {
        return Err(
            subject.object(subject.call.span, "nothing is done with it: it may be there for who calls this")
        );
    }
    Ok(())
}

/// A comment of the function that says so: `// Simulate a crash: don't call db.Close().`
fn left_open_on_purpose(subject: &Subject) -> Option<Span> {
    let Decl::Func(func) = subject.decl else { return None };
    let method = subject.release.method.to_ascii_lowercase();
    let stem = method.trim_end_matches('e');
    let says = |comment: &str| {
        let comment = comment.to_ascii_lowercase();
        let leaves = [
            format!("n't {method}"),
            format!("do not {method}"),
            format!("without {stem}ing"),
            format!("not {stem}ing"),
        ];
        let calls = ["n't call ", "do not call "].iter().any(|word| comment.contains(word));
        leaves.iter().any(|word| comment.contains(word)) || calls && comment.contains(stem)
    };
    let body = func.body()?.span;
    let text = subject.text(body);
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if let Some(from) = line.find("//").filter(|from| says(&line[*from..])) {
            let start = body.start + narrow(at + from);
            return Some(Span::new(start, start + narrow(line[from..].trim_end().len())));
        }
        at += line.len();
    }
    None
}

/// `"/dev/watchdog"`, but none of those that are there for everybody.
fn is_device(path: &str) -> bool {
    let shared = ["null", "zero", "full", "random", "urandom", "tty", "std", "fd/"];
    let device = path.strip_prefix("\"/dev/");
    device.is_some_and(|name| !shared.iter().any(|known| name.starts_with(known)))
}

/// The argument with a path of the caller's where the release takes files away.
fn named_by_caller(subject: &Subject) -> Option<Span> {
    let scopes = subject.typing.scopes;
    let given = |arg: &&Expr| {
        let is_path = matches!(subject.typing.of(arg), Type::Basic(name) if &*name == "string");
        let param = |var: VarId| matches!(scopes.info(var).origin, VarOrigin::Param { .. });
        is_path && scopes.uses_in(arg.span).any(param)
    };
    let arg = subject.call.args.iter().find(given)?;
    Reach::of(subject).removes.then_some(arg.span)
}

/// `"file:x?mode=memory&cache=shared"`: others who open it have what this one has put there.
fn is_shared_memory(source: &str) -> bool {
    (source.contains(":memory:") || source.contains("mode=memory")) && source.contains("cache=shared")
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
        // `l.(*net.TCPListener).SetDeadline(at)`
        ExprKind::Call(call) if call.name().is_some_and(|name| name.starts_with("Set")) => {
            visit::expr(&call.function, &mut |inner| {
                idle.extend(Some(inner.span.start).filter(|_| is_it(inner)))
            });
        }
        _ => {}
    });
    // `_ = l`
    visit::body(typing.scopes.body(subject.body).block, &mut |stmt| {
        if let StmtKind::Assign { left, right, .. } = &stmt.kind
            && left.iter().all(|target| target.as_ident().is_some_and(Ident::is_blank))
        {
            idle.extend(right.iter().filter(|value| is_it(value)).map(|value| value.span.start));
        }
    });
    typing.scopes.uses_of(holder).any(|at| at > subject.call.span.end && !idle.contains(&at))
}

#[cfg(test)]
mod tests {
    use super::{is_device, is_shared_memory};
    use crate::analysis::tests::places_in;

    #[test]
    fn a_comment_may_say_that_it_is_left_open() {
        let of = |comment: &str| places_in(&format!("func f() {{\nc := make1()\n{comment}\nlend(c)\n}}"));
        assert_eq!(of("// It is lent."), ["c after 2, proved"]);
        assert_eq!(of("// Simulate a crash: don't call c.Close()."), ["c after 2, not proved"]);
        assert_eq!(of("// Left without closing it."), ["c after 2, not proved"]);
        assert_eq!(of("// It is never closed, which is not called for."), ["c after 2, proved"]);
    }

    #[test]
    fn a_device_works_while_it_is_open() {
        assert!(is_device("\"/dev/watchdog\"") && is_device("\"/dev/cpu_dma_latency\""));
        assert!(!is_device("\"/dev/null\"") && !is_device("\"/dev/urandom\"") && !is_device("path"));
    }

    #[test]
    fn a_database_in_memory_is_shared_by_its_name() {
        assert!(is_shared_memory("\"file::memory:?cache=shared\""));
        assert!(is_shared_memory("\"file:x?mode=memory&cache=shared\""));
        assert!(!is_shared_memory("\":memory:\""), "each connection has its own");
        assert!(!is_shared_memory("\"file:x.db?cache=shared\""));
    }
}
