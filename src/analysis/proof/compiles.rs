//! The release can be called where it is to stand, whatever is built.

use crate::analysis::proof::subject::Subject;
use crate::base::diagnostic::{Evidence, Objection};
use crate::go::types::members::Member;

pub(crate) fn check(subject: &Subject, _steps: &mut Vec<Evidence>) -> Result<(), Objection> {
    let database = subject.typing.database;
    let Some(Member::Method(method)) = database.member(subject.ty, &subject.release.method) else {
        return Ok(());
    };
    let Some(func) = method.func.filter(|func| !database.is_dependency(&func.package)) else { return Ok(()) };
    let owner = func.decl.receiver_type().cloned().unwrap_or_default();
    let asked = database.build_constraint(&func.package, func.file);
    let own = database.build_constraint(&subject.typing.file.package, subject.typing.file.file);
    match asked.filter(|asked| Some(asked) != own.as_ref()) {
        Some(asked) if func.package.definitions(&owner, &method.name) < 2 => {
            let words = format!("`{}` is only there where `{asked}` is built", method.name);
            Err(subject.object(subject.call.span, words))
        }
        _ => Ok(()),
    }
}
