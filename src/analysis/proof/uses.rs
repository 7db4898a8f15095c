//! Every use of everything that is ever tied to the resource keeps nothing.

use crate::analysis::proof::state::{Asked, Context, Flow, Seen};
use crate::analysis::proof::subject::Subject;
use crate::analysis::proof::tie::Types;
use crate::base::diagnostic::{Evidence, Objection};
use crate::base::text::Span;
use crate::go::syntax::ast::*;

pub(crate) fn check(subject: &Subject, steps: &mut Vec<Evidence>) -> Result<(), Objection> {
    let Decl::Func(func) = subject.decl else {
        return Err(subject.object(subject.call.span, "it is made outside of any function"));
    };
    let Some(body) = func.body() else {
        return Err(subject.object(subject.call.span, "it is made outside of any function"));
    };
    let types = Types { database: subject.typing.database, target: subject.ty };
    let context = Context::new(types, subject.releases, subject.repeatable);
    let asked = Asked::Call {
        span: subject.call.span,
        result: subject.result,
        at: subject.at,
        cleanup: subject.cleanup,
    };
    let mut flow = Flow::new(&context, subject.typing, asked, subject.body);
    flow.run(body);
    if let Some(against) = flow.against.first() {
        return Err(match against.seen {
            Seen::By(verdict) => subject.expose(against.span, verdict, against.words.clone()),
            Seen::Unknown | Seen::Through(_) => subject.object(against.span, against.words.clone()),
        });
    }
    steps.extend(flow.steps.iter().map(|step| subject.evidence(step.span, step.words.clone())));
    let end = subject.typing.scopes.body(subject.body).block.span;
    let end = Span::new(end.end.saturating_sub(1), end.end);
    steps.push(subject.evidence(end, "nothing else has it, nor releases it, when the function ends"));
    Ok(())
}
