//! What becomes of the fields that resources are stored in: whether anything in the package releases them.
//!
//! Only fields that no other package sees are looked at. Whoever gets such a field as a value may do anything
//! with it; then the answer is that nobody knows.

use std::path::PathBuf;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::analysis::graph::known;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::Scopes;
use crate::base::memo::Memo;
use crate::base::text::Span;
use crate::go::project::package::{FuncRef, Package};
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::{Database, FileScope, exported};
use crate::go::types::release::ReleaseMethod;

/// A field of a struct type.
#[derive(Debug, Clone)]
pub struct Field {
    /// The package that declares the type.
    pub package: Arc<Package>,
    /// The type's name.
    pub owner: Arc<str>,
    pub name: Arc<str>,
}

/// What is done with a field in its package.
#[derive(Debug, Clone)]
pub enum Keeper {
    /// Released by this function, in this place.
    Releases { by: String, place: (Arc<str>, (u32, u32)) },
    /// Only its methods are called, and none of them releases it.
    Never,
    /// It is visible elsewhere, embedded, or somebody gets it as a value.
    Unknown,
}

/// Answers by package, type and field, kept for all threads.
#[derive(Default)]
pub struct Keepers(Memo<Key, Keeper>);

/// The folder, the type, the field and the list of releases.
type Key = (PathBuf, Arc<str>, Arc<str>, Arc<str>);

impl Keepers {
    /// What releases `field`, by one of `releases`, which `list` tells apart from others.
    pub fn of(
        &self,
        database: &Database,
        field: &Field,
        (list, releases): (&Arc<str>, &[ReleaseMethod]),
    ) -> Keeper {
        let key = (field.package.dir.clone(), field.owner.clone(), field.name.clone(), list.clone());
        self.0.get_or(key, |_| look(database, field, releases))
    }
}

fn look(database: &Database, field: &Field, releases: &[ReleaseMethod]) -> Keeper {
    if !declares(&field.package, &field.owner, &field.name) || exported(&field.name) {
        return Keeper::Unknown;
    }
    let mut known = true;
    for func in &field.package.functions_with(&field.name) {
        let uses = Uses::of(database, field, releases, func);
        if let Some(span) = uses.released {
            let path = database.display_path(&func.package, func.file);
            let place = (path, database.line_column(&func.package, func.file, span));
            return Keeper::Releases { by: func.decl.display_name(), place };
        }
        known &= uses.known && !func.unread_body;
    }
    if known { Keeper::Never } else { Keeper::Unknown }
}

/// Whether a struct type has a field of that name that is not embedded.
pub fn declares(package: &Arc<Package>, owner: &str, name: &str) -> bool {
    let Some(ty) = package.type_spec(owner) else { return false };
    match &ty.spec().ty.unparen().kind {
        ExprKind::Struct(fields) => {
            fields.iter().flat_map(|field| &field.names).any(|known| *known.name == *name)
        }
        _ => false,
    }
}

/// What one function does with a field.
struct Uses {
    /// The release, if there is one.
    released: Option<Span>,
    /// Every use is one of those that are understood.
    known: bool,
}

impl Uses {
    fn of(database: &Database, field: &Field, releases: &[ReleaseMethod], func: &FuncRef) -> Uses {
        let mut uses = Uses { released: None, known: true };
        let Some(body) = func.decl.body() else { return uses };
        let scopes = Scopes::of_func(&func.decl);
        let typing = Typing::new(database, FileScope::of(func), &scopes);
        let is_field = |expr: &Expr| match &expr.unparen().kind {
            ExprKind::Selector { operand, field: name } => {
                name.name == field.name
                    && !is_other(&typing, &field.package, (&field.owner, &field.name), operand)
            }
            _ => false,
        };
        let mut all: Vec<Span> = Vec::new();
        let mut understood: FxHashSet<Span> = FxHashSet::default();
        visit::block(body, &mut |expr| {
            if let ExprKind::Selector { operand, field: method } = &expr.kind
                && is_field(operand)
            {
                let releases = known::reads_like_release(&method.name)
                    || releases.iter().any(|release| *release.name == *method.name);
                uses.released = uses.released.or(releases.then_some(expr.span));
                understood.insert(operand.unparen().span);
            }
            if let ExprKind::Binary { left, right, .. } = &expr.kind {
                understood.extend(
                    [left, right]
                        .iter()
                        .filter(|_| left.is_nil() || right.is_nil())
                        .map(|side| side.unparen().span),
                );
            }
            if matches!(expr.kind, ExprKind::Selector { .. }) && is_field(expr) {
                all.push(expr.span);
            }
        });
        visit::statements(&body.stmts, &mut |stmt| {
            if let StmtKind::Assign { left, .. } | StmtKind::Define { left, .. } = &stmt.kind {
                understood.extend(left.iter().map(|target| target.unparen().span));
            }
        });
        uses.known = all.iter().all(|span| understood.contains(span));
        uses
    }
}

/// Whether `operand` is of another type of the package, with a field of that name of its own.
pub fn is_other(
    typing: &Typing,
    package: &Arc<Package>,
    (owner, name): (&Arc<str>, &Arc<str>),
    operand: &Expr,
) -> bool {
    let ty = typing.of(operand);
    let Some(named) = ty.pointee().named() else { return false };
    named.package != package.path || (named.name != *owner && declares(package, &named.name, name))
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::messages;

    #[test]
    fn a_field_that_nothing_releases_keeps_it_for_good() {
        assert_eq!(
            messages(
                "type server struct{ conn *client }\nfunc (s *server) Serve() { s.conn.Get() }\n\
                 func f(s *server) {\ns.conn = make1()\n}"
            )[0],
            ["`s.conn` is stored in field `conn` of `server`, and nothing in its package ever has \
                 that field closed"]
        );
        assert!(
            messages(
                "type server struct{ conn *client }\n\
         func (s *server) Stop() { s.conn.Close() }\nfunc f(s *server) {\ns.conn = make1()\n\
         }"
            )[0]
            .is_empty()
        );
        assert!(
            messages(
                "type server struct{ conn *client }\n\
         func (s *server) Conn() *client { return s.conn }\nfunc f(s *server) {\ns.conn = make1()\n\
         }"
            )[0]
            .is_empty()
        );
    }
}
