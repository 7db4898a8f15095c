//! Every use of everything that is ever tied to the resource keeps nothing.

use crate::analysis::proof::state::{Asked, Context, Flow, Seen};
use crate::analysis::proof::subject::Subject;
use crate::analysis::proof::tie::Types;
use crate::base::diagnostic::{Evidence, Objection};
use crate::base::text::Span;
use crate::go::syntax::ast::*;
use crate::go::types::release::ReleaseMethod;
use crate::go::types::type_expr::Type;

/// The uses of one result of the call.
fn of_result<'a>(
    subject: &Subject<'a, '_>,
    body: &'a Block,
    (result, ty): (usize, &Type),
    releases: &[ReleaseMethod],
    steps: &mut Vec<Evidence>,
) -> Result<(), Objection> {
    let types = Types { database: subject.typing.database, target: ty };
    let context = Context::new(types, releases, subject.repeatable);
    let Subject { at, cleanup, .. } = *subject;
    let asked = Asked::Call { span: subject.call.span, result, at, cleanup };
    let mut flow = Flow::new(&context, subject.typing, asked, subject.body);
    flow.run(body);
    if let Some(against) = flow.against.first() {
        return Err(match against.seen {
            Seen::By(verdict) => subject.expose(against.span, verdict, against.words.clone()),
            Seen::Unknown | Seen::Through(_) => subject.object(against.span, against.words.clone()),
        });
    }
    steps.extend(flow.steps.iter().map(|step| subject.evidence(step.span, step.words.clone())));
    Ok(())
}

pub(crate) fn check(subject: &Subject, steps: &mut Vec<Evidence>) -> Result<(), Objection> {
    let Decl::Func(func) = subject.decl else {
        return Err(subject.object(subject.call.span, "it is made outside of any function"));
    };
    let Some(body) = func.body() else {
        return Err(subject.object(subject.call.span, "it is made outside of any function"));
    };
    of_result(subject, body, (subject.result, subject.ty), subject.releases, steps)?;
    if let Some(tied) = subject.tied {
        of_result(subject, body, tied, &[], steps)?;
    }
    let end = subject.typing.scopes.body(subject.body).block.span;
    let end = Span::new(end.end.saturating_sub(1), end.end);
    steps.push(subject.evidence(end, "nothing else has it, nor releases it, when the function ends"));
    Ok(())
}
