//! Which functions a function value can be: the literals and names that the declaration, or a package
//! variable, puts into it.

use std::sync::Arc;

use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{Scopes, VarOrigin};
use crate::go::project::names::exported;
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
        if package.functions_with(name).iter().any(|func| Uses::of_package_variable(func, name).is_set) {
            return None;
        }
        let scopes = Scopes::default();
        let file = FileScope { package, file: variable.file };
        Typing::new(self.database, file, &scopes).sources(value, found, depth + 1)
    }

    /// The elements of a map or slice: a literal in a local variable, or in a package variable that no other
    /// package sees. Whoever sets an element, or gets the whole, may put other functions into it.
    fn elements(&self, container: &Expr, found: &mut Vec<FuncRef>, depth: u32) -> Option<()> {
        if let Some(elements) = elements_of(container) {
            return elements.iter().try_for_each(|element| self.sources(&element.value, found, depth + 1));
        }
        let ident = container.as_ident()?;
        if let Some(var) = self.scopes.var(ident) {
            let [given] = self.scopes.assigned(var) else { return None };
            if Uses::of(self.scopes, &|ident| self.scopes.var(ident) == Some(var)).may_change_elements() {
                return None;
            }
            return elements_of(given.value)?
                .iter()
                .try_for_each(|element| self.sources(&element.value, found, depth + 1));
        }
        let package = &self.file.package;
        let variable = package.var(&ident.name)?;
        let changes = |func: &FuncRef| Uses::of_package_variable(func, &ident.name).may_change_elements();
        if exported(&ident.name) || package.functions_with(&ident.name).iter().any(changes) {
            return None;
        }
        // `var other = list` shares the elements.
        if package.values_with(&ident.name).iter().any(|other| *other != ident.name) {
            return None;
        }
        let [value] = variable.spec().values.as_slice() else { return None };
        let scopes = Scopes::default();
        let file = FileScope { package: self.file.package.clone(), file: variable.file };
        let typing = Typing::new(self.database, file, &scopes);
        elements_of(value)?.iter().try_for_each(|element| typing.sources(&element.value, found, depth + 1))
    }
}

/// What a declaration does with a variable.
#[derive(Default)]
struct Uses {
    /// It is assigned to, or its address is taken.
    is_set: bool,
    /// So is an element of it.
    element_is_set: bool,
    mentions: usize,
    /// Those that only look at its elements, or declare it.
    looks: usize,
}

impl Uses {
    fn of_package_variable(func: &FuncRef, name: &str) -> Uses {
        let scopes = Scopes::of_func(&func.decl);
        Uses::of(&scopes, &|ident| *ident.name == *name && scopes.var(ident).is_none())
    }

    fn of(scopes: &Scopes, is_it: &dyn Fn(&Ident) -> bool) -> Uses {
        let mut uses = Uses::default();
        let named = |expr: &Expr| expr.as_ident().is_some_and(is_it);
        for body in &scopes.bodies {
            visit::body(body.block, &mut |stmt| match &stmt.kind {
                StmtKind::Assign { left, .. } => left.iter().for_each(|target| uses.sets(target, &named)),
                StmtKind::Define { left, .. } => uses.looks += left.iter().filter(|name| named(name)).count(),
                StmtKind::For(looped) => {
                    if let ForHead::Range { left, define, right } = &looped.head {
                        uses.looks += usize::from(named(right));
                        left.iter().filter(|_| !define).for_each(|target| uses.sets(target, &named));
                    }
                }
                _ => {}
            });
        }
        let Some(outermost) = scopes.bodies.first() else { return uses };
        visit::block(outermost.block, &mut |expr| match &expr.kind {
            ExprKind::Ident(ident) => uses.mentions += usize::from(is_it(ident)),
            ExprKind::AddressOf(inner) => uses.sets(inner, &named),
            ExprKind::Index { operand, .. } => uses.looks += usize::from(named(operand)),
            ExprKind::Call(call) if call.name() == Some("len") => {
                uses.looks += call.args.iter().filter(|arg| named(arg)).count();
            }
            _ => {}
        });
        uses
    }

    fn sets(&mut self, target: &Expr, named: &dyn Fn(&Expr) -> bool) {
        self.is_set |= named(target);
        self.element_is_set |=
            matches!(&target.unparen().kind, ExprKind::Index { operand, .. } if named(operand));
    }

    /// Whether there may be other elements than those it was declared with.
    fn may_change_elements(&self) -> bool {
        self.is_set || self.element_is_set || self.looks < self.mentions
    }
}

fn elements_of(value: &Expr) -> Option<&[Element]> {
    match &value.unparen().kind {
        ExprKind::Composite { elements, .. } => Some(elements),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::{body, fates};

    /// The verdict on what a function of `list` gets, in a package with the other functions.
    fn called_from(list: &str, others: &str) -> Vec<String> {
        let keep = "var kept *client\nfunc keep(c *client) { kept = c }\nfunc use(c *client) { lend(c) }";
        fates(&format!("{list}\n{keep}\nfunc f() {{\nc := make1()\nlist[0](c)\n}}\n{others}"))
    }

    #[test]
    fn what_a_list_can_call_is_what_nobody_changes_in_it() {
        let list = "var list = []func(*client){use}";
        let leaks = |found: Vec<String>| found[0].starts_with("leaked");
        assert!(leaks(called_from(list, "")));
        assert!(leaks(called_from(list, "func g(c *client) { for _, run := range list { run(c) } }")));
        assert!(leaks(called_from(list, "func g() int { return len(list) }")));
        assert!(leaks(called_from(list, "func g() { list := []int{1}; list[0] = 2 }")));
        for change in [
            "func g() { list[0] = keep }",
            "var other = list\nfunc g() { other[0] = keep }",
            "func g() {\nfunc() { list[0] = keep }()\n}",
            "func g() { list = nil }",
            "func g() { for _, list[0] = range list {} }",
            "func g() { *(&list[0]) = keep }",
            "func g() []func(*client) { return list }",
        ] {
            assert!(!leaks(called_from(list, change)), "{change}");
        }
        assert!(leaks(called_from("var list = []func(*client){nil, use}", "")));
    }

    #[test]
    fn a_local_list_is_what_the_function_does_not_change() {
        let of = |rest: &str| {
            let text = format!("list := []func(*client) int{{lend}}\n{rest}\n");
            body(&(text + "c := make1()\nlist[0](c)")).remove(0)
        };
        assert!(of("").starts_with("leaked"));
        assert!(!of("list[0] = nil").starts_with("leaked"));
        assert!(!of("other := list\nother[0] = nil").starts_with("leaked"));
    }

    #[test]
    fn a_function_variable_is_what_nobody_assigns() {
        let of = |change: &str| {
            let keep = "var run = lend\nvar kept *client\nfunc keep(c *client) int {\nkept = c\nreturn 1\n}";
            fates(&format!("{keep}\nfunc f() {{\nc := make1()\nrun(c)\n}}\nfunc g() {{\n{change}\n}}"))
                .remove(0)
        };
        assert!(of("").starts_with("leaked"));
        assert!(!of("run = keep").starts_with("leaked"));
        assert!(!of("func() { run = keep }()").starts_with("leaked"));
    }
}
