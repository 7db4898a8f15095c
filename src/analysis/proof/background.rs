//! Nothing goes on in the background that the release would end too early: what the function has the
//! resource call, close or work on later, as a service would.
//!
//! Nor is a connection that is taken over read to its end by the release of what came by it.
//!
//! What is handed in and only sent a little later is for `pending`.

use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::ParamIndex;
use crate::analysis::proof::put_in;
use crate::analysis::proof::serving;
use crate::analysis::proof::subject::Subject;
use crate::analysis::proof::workers;
use crate::analysis::summaries::released_fields::ReleasedFields;
use crate::base::diagnostic::{Evidence, Objection};
use crate::base::text::narrow;
use crate::go::facts::names;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::FileScope;
use crate::go::types::plain::is_plain;

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
    if let Some(objection) = put_in::against(subject, holder) {
        return Err(objection);
    }
    // When a test or a program ends, so does all that it has set going.
    if ends_all(subject) {
        return Ok(());
    }
    if let Some(place) = serving::begins(subject, holder)
        && !workers::waits(subject.typing, subject.typing.scopes.body(subject.body).block, place.end)
    {
        return Err(subject.object(place, "others may ask there from here on, also after the function"));
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
            && typing.results(call).iter().all(|ty| ty.is_error() || ty.why_unknown().is_some())
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

/// Whether the resource is one of a test's or a program's own body.
pub(super) fn ends_all(subject: &Subject) -> bool {
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
    let param = ParamIndex::At(narrow(at.min(last)));
    let stored = put_in::stored_in(database, func, ParamIndex::Receiver, 0);
    let mut of_it = stored.iter().filter(|stored| stored.from == Some(param));
    of_it.any(|stored| started || released.may_be(Some(&stored.field), 0))
}
