//! What made the resource makes a new one, on every way that returns it, and hands it to nobody else.

use crate::analysis::proof::subject::Subject;
use crate::analysis::summaries::plain_values::Plain;
use crate::analysis::summaries::result_ownership::ResultOwnership;
use crate::base::diagnostic::{Evidence, Objection};
use crate::go::types::expressions::Callee;
use crate::go::types::release::Gives;

pub(crate) fn check(subject: &Subject, steps: &mut Vec<Evidence>) -> Result<(), Objection> {
    let (typing, call) = (subject.typing, subject.call);
    let object = |place: Evidence| Objection { place, exposure: None };
    if subject.given == Gives::Receiver {
        let words = "it is there before, and what may have been done with it then is not looked at";
        return Err(subject.object(call.span, words));
    }
    let known = match typing.callee(call) {
        Callee::Func { func, .. } => subject.typing.database.is_dependency(&func.package),
        // Of methods a rule may say no more than their name.
        Callee::Method { method, receiver } => {
            let standard = |path: &str| !path.split('/').next().is_some_and(|first| first.contains('.'));
            !method.interface && receiver.named().is_some_and(|named| standard(&named.package))
        }
        Callee::Indexed { .. } => true,
        _ => false,
    };
    if subject.named && known {
        let name = subject.text(call.function.span);
        steps.push(subject.evidence(call.span, format!("`{name}` makes a new one: the rule says so")));
        return Ok(());
    }
    if let Some(place) = Plain::in_caller(typing, &subject.summaries.origins.fields).arguments(call) {
        return Err(object(place));
    }
    // Of a dependency the source is believed by its names, and these do not tell a copy from something new.
    if let Callee::Method { method, receiver } = typing.callee(call)
        && method.func.is_none_or(|func| typing.database.is_dependency(&func.package))
        && receiver.pointee() == subject.ty.pointee()
    {
        let words = format!("`{}` gives what it is called on, or what shares its parts", method.name);
        return Err(subject.object(call.span, words));
    }
    let origin = subject.summaries.origins.of_call(typing, call, subject.result);
    if let Some(place) = origin.against {
        return Err(object(place));
    }
    if origin.ownership >= ResultOwnership::Own {
        return Err(subject.object(call.span, "it is not made for the caller"));
    }
    let name = subject.text(call.function.span);
    steps.push(subject.evidence(call.span, format!("`{name}` makes a new one, out of plain arguments")));
    Ok(())
}
