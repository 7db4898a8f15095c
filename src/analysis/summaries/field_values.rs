//! What a package puts into a field of its own: every value, where nobody else sets it and nobody else can
//! change what it holds.
//!
//! Whether such a value may bring along what has an owner is for `plain_values`.

use std::path::PathBuf;
use std::sync::Arc;

use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::Scopes;
use crate::analysis::summaries::field_release::{Field, declares, is_other};
use crate::base::memo::Memo;
use crate::base::text::Span;
use crate::go::project::package::{FuncRef, ValueRef};
use crate::go::syntax::ast::*;
use crate::go::syntax::outline::has_word;
use crate::go::syntax::visit;
use crate::go::types::database::{Database, FileScope, exported};
use crate::go::types::expressions::Callee;
use crate::go::types::type_expr::Type;

/// Answers by package, type and field, kept for all threads.
#[derive(Default)]
pub struct FieldValues(Memo<Key, Option<Arc<[FieldValue]>>>);

/// The folder, the type and the field.
type Key = (PathBuf, Arc<str>, Arc<str>);

/// A value, and the declaration that it stands in.
#[derive(Clone)]
pub struct FieldValue {
    pub within: Within,
    pub span: Span,
}

#[derive(Clone)]
pub enum Within {
    Func(FuncRef),
    Var(ValueRef),
}

impl FieldValues {
    /// All that is put into the field; `None` where others may set it, or some use of it is not understood.
    pub fn of(&self, database: &Database, field: &Field) -> Option<Arc<[FieldValue]>> {
        let key = (field.package.dir.clone(), field.owner.clone(), field.name.clone());
        self.0.get_or(key, |_| look(database, field).map(Arc::from))
    }
}

fn look(database: &Database, field: &Field) -> Option<Vec<FieldValue>> {
    let package = &field.package;
    let is_private = !exported(&field.name) || &*package.name == "main";
    if !is_private || !declares(package, &field.owner, &field.name) {
        return None;
    }
    // A test may put in there what it shares with others.
    if database.with_tests(package).iter().any(|package| package.tests_mention(&field.name)) {
        return None;
    }
    let mut found = Vec::new();
    // Under whatever build tags: another system's file may put something else in there.
    let about = |text: &[u8]| has_word(text, &field.name) || has_word(text, &field.owner);
    for func in package.definitions_where(&about) {
        let Some(body) = func.decl.body() else {
            if func.unread_body {
                return None;
            }
            continue;
        };
        let scopes = Scopes::of_func(&func.decl);
        let typing = Typing::new(database, FileScope::of(&func), &scopes);
        let mut uses = Uses::new(&typing, field);
        visit::block(body, &mut |expr| uses.expr(expr));
        for body in &scopes.bodies {
            visit::body(body.block, &mut |stmt| uses.stmt(stmt));
        }
        let values = uses.values()?;
        found.extend(values.into_iter().map(|span| FieldValue { within: Within::Func(func.clone()), span }));
    }
    for value in package.values_where(&about) {
        let specs = std::slice::from_ref(value.spec());
        let scopes = Scopes::of_vars(specs);
        let scope = FileScope { package: package.clone(), file: value.file };
        let typing = Typing::new(database, scope, &scopes);
        let mut uses = Uses::new(&typing, field);
        visit::exprs(&specs[0].values, &mut |expr| uses.expr(expr));
        for body in &scopes.bodies {
            visit::body(body.block, &mut |stmt| uses.stmt(stmt));
        }
        let values = uses.values()?;
        found.extend(values.into_iter().map(|span| FieldValue { within: Within::Var(value.clone()), span }));
    }
    Some(found)
}

/// What one declaration does with a field.
struct Uses<'u, 'a> {
    typing: &'u Typing<'a, 'u>,
    field: &'u Field,
    /// Where it stands among the fields of its type, and how many there are.
    position: Option<(usize, usize)>,
    seen: Vec<Span>,
    understood: Vec<Span>,
    values: Vec<Span>,
    lost: bool,
}

impl<'u, 'a> Uses<'u, 'a> {
    fn new(typing: &'u Typing<'a, 'u>, field: &'u Field) -> Uses<'u, 'a> {
        let position = position(field);
        let (seen, understood, values) = (Vec::new(), Vec::new(), Vec::new());
        Uses { typing, field, position, seen, understood, values, lost: false }
    }

    fn is_field(&self, expr: &Expr) -> bool {
        match &expr.unparen().kind {
            ExprKind::Selector { operand, field } => {
                let names = (&self.field.owner, &self.field.name);
                field.name == self.field.name && !is_other(self.typing, &self.field.package, names, operand)
            }
            _ => false,
        }
    }

    /// The field, or an element of it.
    fn is_part(&self, expr: &Expr) -> bool {
        self.is_field(without_index(expr))
    }

    fn understand(&mut self, expr: &Expr) {
        if self.is_field(expr) {
            self.understood.push(expr.unparen().span);
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Selector { .. } if self.is_field(expr) => self.seen.push(expr.span),
            // An element is read; where one is set is among the statements.
            ExprKind::Index { operand, .. } => self.understand(operand),
            ExprKind::Binary { left, right, .. } => {
                self.understand(left);
                self.understand(right);
            }
            ExprKind::AddressOf(inner) => self.lost |= self.is_part(inner),
            ExprKind::Call(call) => self.call(call),
            ExprKind::Composite { elements, .. } => self.literal(expr, elements),
            _ => {}
        }
    }

    fn call(&mut self, call: &Call) {
        match self.typing.callee(call) {
            Callee::Builtin { name, .. } => {
                let reads = match &*name {
                    "append" | "len" | "cap" => call.args.first(),
                    "copy" => call.args.get(1),
                    _ => None,
                };
                reads.into_iter().for_each(|arg| self.understand(arg));
                if &*name == "append" && call.spread {
                    call.args.iter().for_each(|arg| self.understand(arg));
                }
            }
            // Another struct's values become this one's.
            Callee::Conversion(ty) => {
                self.lost |= ty.pointee().named().is_some_and(|named| named.name == self.field.owner);
            }
            callee => {
                let own = callee.func().filter(|func| !self.typing.database.is_dependency(&func.package));
                let known =
                    matches!(callee, Callee::Func { .. } | Callee::Method { .. } | Callee::Indexed { .. });
                for (at, arg) in call.args.iter().enumerate() {
                    if known && own.is_none_or(|func| !sets_elements(func, at)) {
                        self.understand(arg);
                    }
                }
            }
        }
    }

    fn literal(&mut self, literal: &Expr, elements: &[Element]) {
        let ty = self.typing.of(literal);
        let is_owner = ty
            .named()
            .is_some_and(|named| named.name == self.field.owner && named.package == self.field.package.path);
        // The type of an inner literal may be left out.
        let may_be = is_owner || ty.named().is_none();
        for (at, element) in elements.iter().enumerate().filter(|_| may_be) {
            match element.key.as_ref() {
                Some(key) => {
                    if key.as_ident().is_some_and(|key| key.name == self.field.name) {
                        self.values.push(element.value.span);
                    }
                }
                None => match self.position {
                    Some((position, _)) if is_owner && position == at => self.values.push(element.value.span),
                    Some((_, count)) => self.lost |= !is_owner && is_bare(literal) && elements.len() == count,
                    None => {}
                },
            }
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Assign { left, right, .. } => {
                for (at, target) in left.iter().enumerate() {
                    let part = without_index(target);
                    if self.is_field(part) {
                        self.understood.push(part.span);
                        self.values.extend(right.get(at).or(right.first()).map(|value| value.span));
                    }
                }
            }
            StmtKind::For(looped) => {
                if let ForHead::Range { left, right, .. } = &looped.head {
                    self.understand(right);
                    self.lost |= left.iter().any(|target| self.is_part(target));
                }
            }
            StmtKind::Select(cases) => {
                for case in cases {
                    if let Some(Communication::Receive { left, .. }) = &case.communication {
                        self.lost |= left.iter().any(|target| self.is_part(target));
                    }
                }
            }
            _ => {}
        }
    }

    /// What is put in; `None` where a use is not understood.
    fn values(self) -> Option<Vec<Span>> {
        let all = self.seen.iter().all(|span| self.understood.contains(span));
        (all && !self.lost).then_some(self.values)
    }
}

fn position(field: &Field) -> Option<(usize, usize)> {
    let ty = field.package.type_spec(&field.owner)?;
    let ExprKind::Struct(fields) = &ty.spec().ty.unparen().kind else { return None };
    let names: Vec<Option<&Ident>> = fields
        .iter()
        .flat_map(|field| match field.names.as_slice() {
            [] => vec![None],
            names => names.iter().map(Some).collect(),
        })
        .collect();
    let at = names.iter().position(|name| name.is_some_and(|name| name.name == field.name))?;
    Some((at, names.len()))
}

/// What `x[i][j]` is an element of.
fn without_index(expr: &Expr) -> &Expr {
    let mut part = expr.unparen();
    while let ExprKind::Index { operand, .. } = &part.kind {
        part = operand.unparen();
    }
    part
}

/// `{a, b}` within another literal.
fn is_bare(literal: &Expr) -> bool {
    matches!(&literal.kind, ExprKind::Composite { ty: None, .. })
}

/// Whether a function sets elements of what it gets as argument `at`.
fn sets_elements(func: &FuncRef, at: usize) -> bool {
    let Some(body) = func.decl.body() else { return true };
    let Some(last) = func.decl.signature.params.len().checked_sub(1) else { return true };
    let Some(name) = &func.decl.signature.params[at.min(last)].name else { return false };
    let mut sets = false;
    visit::body(body, &mut |stmt| {
        if let StmtKind::Assign { left, .. } = &stmt.kind {
            sets |= left.iter().any(|target| match &target.unparen().kind {
                ExprKind::Index { operand, .. } => {
                    operand.as_ident().is_some_and(|operand| operand.name == name.name)
                }
                _ => false,
            });
        }
    });
    sets
}

/// Whether what a value of the type holds is set only where the value is: through a pointer or a map others
/// may set parts of it.
pub fn is_set_as_a_whole(database: &Database, ty: &Type) -> bool {
    match ty {
        Type::Slice(inner) | Type::Array(inner) => is_set_as_a_whole(database, inner),
        Type::Func(_) | Type::Interface(_) => true,
        Type::Named(_) => database.is_interface(ty) || database.underlying_func(ty).is_some(),
        _ => false,
    }
}
