//! Which functions a function value can be: the literals and names that the declaration, or a package
//! variable, puts into it.

use std::sync::Arc;

use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{Scopes, VarOrigin};
use crate::go::project::package::{FuncRef, Package};
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::FileScope;
use crate::go::types::expressions::Callee;

/// A value with more sources than this is not followed.
const MAX_SOURCES: usize = 64;

/// How far values are followed through variables.
const MAX_DEPTH: u32 = 4;

impl Typing<'_, '_> {
    /// The functions that `call` can call when its function is a value; `None` when there may be others.
    pub fn possible_functions(&self, call: &Call) -> Option<Vec<FuncRef>> {
        let mut found = Vec::new();
        self.sources(&call.function, &mut found, 0)?;
        (!found.is_empty()).then_some(found)
    }

    fn sources(&self, value: &Expr, found: &mut Vec<FuncRef>, depth: u32) -> Option<()> {
        if depth > MAX_DEPTH || found.len() > MAX_SOURCES {
            return None;
        }
        match &value.unparen().kind {
            ExprKind::Ident(ident) if &*ident.name == "nil" => Some(()),
            ExprKind::Ident(ident) => match self.scopes.var(ident) {
                Some(var) => {
                    let values = self.scopes.assigned(var);
                    let origin = self.scopes.info(var).origin;
                    if let VarOrigin::Range { value, index: 1 } = origin
                        && values.is_empty()
                    {
                        return self.elements(value, found, depth);
                    }
                    let opaque = matches!(
                        origin,
                        VarOrigin::Param { .. } | VarOrigin::Range { .. } | VarOrigin::Other
                    );
                    if opaque || values.is_empty() {
                        return None;
                    }
                    values.iter().try_for_each(|given| match given.index {
                        0 => self.sources(given.value, found, depth + 1),
                        _ => None,
                    })
                }
                None => self.named(value, found).or_else(|| {
                    let package = self.file.package.clone();
                    self.package_variable(package, &ident.name, found, depth)
                }),
            },
            ExprKind::Selector { operand, field } => self.named(value, found).or_else(|| {
                let alias = operand.as_ident().filter(|alias| self.scopes.var(alias).is_none())?;
                let path = self.database.resolve_import_name(&self.file, &alias.name)?;
                let package = self.database.import(&self.file, &path).ok()?;
                self.package_variable(package, &field.name, found, depth)
            }),
            ExprKind::Index { operand, .. } => self.elements(operand, found, depth),
            _ => None,
        }
    }

    /// A function by its name.
    fn named(&self, value: &Expr, found: &mut Vec<FuncRef>) -> Option<()> {
        let call = Call {
            span: value.span,
            function: value.clone(),
            type_args: Vec::new(),
            args: Vec::new(),
            spread: false,
        };
        match self.database.callee(&self.file, &call, &|ident| self.local(ident)) {
            Callee::Func { func, .. } => found.push(func),
            _ => return None,
        }
        Some(())
    }

    /// What a package variable is declared with, `var newClient = sdk.New`, where nothing but a test assigns
    /// to it.
    fn package_variable(
        &self,
        package: Arc<Package>,
        name: &str,
        found: &mut Vec<FuncRef>,
        depth: u32,
    ) -> Option<()> {
        let variable = package.var(name)?;
        let value = variable.spec().values.get(variable.position)?;
        if package.functions_with(name).iter().any(|func| assigns(func, name)) {
            return None;
        }
        let scopes = Scopes::default();
        let file = FileScope { package, file: variable.file };
        Typing::new(self.database, file, &scopes).sources(value, found, depth + 1)
    }

    /// The elements of a map or slice: a literal in a local variable, or in a package variable.
    fn elements(&self, container: &Expr, found: &mut Vec<FuncRef>, depth: u32) -> Option<()> {
        if let Some(elements) = elements_of(container) {
            return elements.iter().try_for_each(|element| self.sources(&element.value, found, depth + 1));
        }
        let ident = container.as_ident()?;
        if let Some(var) = self.scopes.var(ident) {
            let [given] = self.scopes.assigned(var) else { return None };
            return elements_of(given.value)?
                .iter()
                .try_for_each(|element| self.sources(&element.value, found, depth + 1));
        }
        let variable = self.file.package.var(&ident.name)?;
        let [value] = variable.spec().values.as_slice() else { return None };
        let scopes = Scopes::default();
        let file = FileScope { package: self.file.package.clone(), file: variable.file };
        let typing = Typing::new(self.database, file, &scopes);
        elements_of(value)?.iter().try_for_each(|element| typing.sources(&element.value, found, depth + 1))
    }
}

/// Whether a function assigns to the package variable `name`.
fn assigns(func: &FuncRef, name: &str) -> bool {
    let Some(body) = func.decl.body() else { return false };
    let scopes = Scopes::of_func(&func.decl);
    let is_it = |ident: &Ident| *ident.name == *name && scopes.var(ident).is_none();
    let mut assigns = false;
    visit::statements(&body.stmts, &mut |stmt| {
        if let StmtKind::Assign { left, .. } = &stmt.kind {
            assigns |= left.iter().filter_map(Expr::as_ident).any(is_it);
        }
    });
    visit::block(body, &mut |expr| {
        assigns |= matches!(&expr.kind, ExprKind::AddressOf(inner) if inner.as_ident().is_some_and(is_it));
    });
    assigns
}

fn elements_of(value: &Expr) -> Option<&[Element]> {
    match &value.unparen().kind {
        ExprKind::Composite { elements, .. } => Some(elements),
        _ => None,
    }
}
