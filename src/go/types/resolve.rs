//! `IMPORT.NAME` -> what Go says of it and where that was read: what `unleak resolve` shows.

use std::path::Path;
use std::sync::Arc;

use crate::go::project::package::Package;
use crate::go::types::closable::ClosableAnswer;
use crate::go::types::database::Database;
use crate::go::types::release::ReleaseMethod;
use crate::go::types::type_expr::{FuncSig, Missing, Type};

/// The answer for one name.
#[derive(Debug, Clone)]
pub struct Resolution {
    /// The import path asked for.
    pub package: Arc<str>,
    /// The name asked for.
    pub name: String,
    /// `func(context.Context) (*storage.Client, error)` for a function; empty for a type.
    pub signature: String,
    /// The file and line, or which module and versions the index read.
    pub read_at: String,
    /// For each result of the function (or for the type) what releases it.
    pub answers: Vec<ClosableAnswer>,
}

/// Looks `asked` (`cloud.google.com/go/storage.NewClient`) up as a file of the folder `from` would see it.
///
/// # Errors
/// When it is not spelled so, or nobody knows it; why.
pub fn resolve(
    database: &Database,
    from: &Path,
    asked: &str,
    methods: &[ReleaseMethod],
) -> Result<Resolution, String> {
    let cut = asked.rfind('/').map_or(0, |at| at + 1);
    let (path, name) = match asked[cut..].rsplit_once('.') {
        Some((last, name)) if !last.is_empty() && !name.is_empty() => (&asked[..cut + last.len()], name),
        _ => {
            return Err(format!("`{asked}` is not IMPORT.NAME, as in cloud.google.com/go/storage.NewClient"));
        }
    };
    match database.import_from(from, path) {
        Ok(package) => in_source(database, &package, name, methods),
        Err(missing) => in_index(database, &missing, name, methods),
    }
}

fn in_source(
    database: &Database,
    package: &Arc<Package>,
    name: &str,
    methods: &[ReleaseMethod],
) -> Result<Resolution, String> {
    let found = |file: usize, span, signature: String, types: Vec<Type>| {
        let (line, _) = database.line_column(package, file, span);
        Resolution {
            package: package.path.clone(),
            name: name.to_string(),
            signature,
            read_at: format!("{}:{line}", database.display_path(package, file)),
            answers: types.iter().map(|ty| database.closable(ty, methods)).collect(),
        }
    };
    if let Some(func) = package.func(name) {
        let signature = database.signature(&func);
        return Ok(found(func.file, func.decl.name.span, spelled(&signature), worth_asking(signature)));
    }
    if let Some(ty) = package.type_spec(name) {
        let declared = database.declared_type(package, name);
        let declared = if database.is_interface(&declared) { declared } else { declared.pointer() };
        return Ok(found(ty.file, ty.spec().name.span, String::new(), vec![declared]));
    }
    if let Some(value) = package.var(name) {
        let ty = database.var_type(package, name);
        let types = match &ty {
            Type::Func(signature) => worth_asking((**signature).clone()),
            ty => vec![ty.clone()],
        };
        return Ok(found(value.file, value.spec().span, ty.to_string(), types));
    }
    Err(format!("package `{}` in {} has no `{name}`", package.path, package.dir.display()))
}

fn in_index(
    database: &Database,
    missing: &Arc<Missing>,
    name: &str,
    methods: &[ReleaseMethod],
) -> Result<Resolution, String> {
    let index = database.index.ok_or_else(|| missing.why.clone())?;
    let variable = index.var_type(missing, name);
    let listed = index.type_facts(missing, name).filter(|_| index.lists_type(missing, name));
    let (types, words) = match (index.func_facts(missing, name), variable, listed) {
        (Some(answer), ..) => (database.indexed_types(missing, &answer.value), answer.words),
        (None, Some(spelled), _) => {
            (database.indexed_types(missing, &[spelled]), "shipped index".to_string())
        }
        (None, None, Some(answer)) => {
            (vec![Database::type_missing(missing.clone(), name, Vec::new()).pointer()], answer.words)
        }
        (None, None, None) => {
            return Err(format!(
                "no source for `{}` ({}), and the shipped index has no `{name}` of it",
                missing.path, missing.why
            ));
        }
    };
    Ok(Resolution {
        package: missing.path.clone(),
        name: name.to_string(),
        signature: String::new(),
        read_at: words,
        answers: types
            .iter()
            .filter(|ty| !ty.is_error())
            .map(|ty| database.closable_anywhere(ty, methods))
            .collect(),
    })
}

fn spelled(signature: &FuncSig) -> String {
    format!("func{signature}")
}

/// Results that are more than an error.
fn worth_asking(signature: FuncSig) -> Vec<Type> {
    signature.results.into_iter().filter(|ty| !ty.is_error()).collect()
}
