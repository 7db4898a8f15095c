//! The release can be called where it is to stand, whatever is built.

use crate::analysis::proof::subject::Subject;
use crate::base::diagnostic::{Evidence, Objection, ReleaseWay};
use crate::go::project::names::guess_package_name;
use crate::go::types::members::Member;
use crate::go::types::type_expr::Type;

pub(crate) fn check(subject: &Subject, _steps: &mut Vec<Evidence>) -> Result<(), Objection> {
    match &subject.release.way {
        ReleaseWay::Method => is_built(subject, subject.ty),
        ReleaseWay::Field(field) => match subject.typing.database.member(subject.ty, field) {
            Some(Member::Field(part)) => is_built(subject, &part),
            _ => Ok(()),
        },
        ReleaseWay::Value => Ok(()),
        ReleaseWay::Function { package, .. } => is_imported(subject, package),
    }
}

/// A method of the project that is not there in every build.
fn is_built(subject: &Subject, ty: &Type) -> Result<(), Objection> {
    let database = subject.typing.database;
    let Some(Member::Method(method)) = database.member(ty, &subject.release.method) else { return Ok(()) };
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

/// The file imports the package of the function, and no variable has its name.
fn is_imported(subject: &Subject, package: &str) -> Result<(), Objection> {
    let import = subject.typing.file.imports().iter().find(|import| &*import.path == package);
    let name = import.map(|import| import.name.as_deref().unwrap_or(guess_package_name(package)));
    let Some(name) = name.filter(|name| !matches!(*name, "_" | ".")) else {
        let words = format!("the file does not import `{package}`");
        return Err(subject.object(subject.call.span, words));
    };
    match subject.typing.scopes.vars.iter().any(|var| *var.name == *name) {
        true => Err(subject.object(subject.call.span, format!("a variable is called `{name}`, too"))),
        false => Ok(()),
    }
}
