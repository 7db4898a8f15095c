//! Types of local variables and what local calls call, for one declaration.

use std::cell::RefCell;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::analysis::graph::known::Name;
use crate::analysis::graph::scopes::{Scopes, VarId, VarOrigin};
use crate::base::diagnostic::Evidence;
use crate::base::text::Span;
use crate::go::facts::names;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::types::database::{Database, FileScope};
use crate::go::types::expressions::Callee;
use crate::go::types::members::{Lookup, Member};
use crate::go::types::type_expr::{Type, guess_package_name};
use crate::go::types::underlying::embedded_name;

/// Answers about one declaration, remembered.
pub struct Typing<'a, 'w> {
    pub database: &'w Database,
    pub file: FileScope,
    pub scopes: &'w Scopes<'a>,
    vars: RefCell<FxHashMap<VarId, Option<Type>>>,
    callees: RefCell<FxHashMap<u32, Callee>>,
}

impl<'a, 'w> Typing<'a, 'w> {
    pub fn new(database: &'w Database, file: FileScope, scopes: &'w Scopes<'a>) -> Typing<'a, 'w> {
        Typing { database, file, scopes, vars: RefCell::default(), callees: RefCell::default() }
    }

    /// What `call` calls.
    pub fn callee(&self, call: &Call) -> Callee {
        // Two calls may start at the same place, `f()()`, and never end at the same.
        let key = call.span.end;
        if let Some(known) = self.callees.borrow().get(&key) {
            return known.clone();
        }
        let callee = self.database.callee(&self.file, call, &|ident| self.local(ident));
        self.callees.borrow_mut().insert(key, callee.clone());
        callee
    }

    /// The function or method whose source is there that `call` calls.
    pub fn called(&self, call: &Call) -> Option<FuncRef> {
        self.callee(call).func().cloned()
    }

    /// A place in the file.
    pub fn evidence(&self, span: Span, words: impl Into<String>) -> Evidence {
        self.database.place(&self.file, span, words)
    }

    /// The types of the call's results.
    pub fn results(&self, call: &Call) -> Vec<Type> {
        self.database.results(&self.callee(call))
    }

    /// Whether a call has no arguments but contexts, times and flags: with a request it is one.
    pub fn asks_little(&self, call: &Call) -> bool {
        call.args.iter().all(|arg| match self.of(arg) {
            ty if ty.is_context() || ty.is_error() => true,
            Type::Basic(name) => !matches!(&*name, "string" | "untyped"),
            ty @ Type::Named(_) => ty.is_in(&names::types().times),
            _ => arg.is_nil(),
        })
    }

    /// The type of an expression of one value.
    pub fn of(&self, expr: &Expr) -> Type {
        let types = self.database.expr_type(&self.file, expr, &|ident| self.local(ident));
        types.into_iter().next().unwrap_or_else(|| Type::unknown("it has no value"))
    }

    /// The type of a local variable; `None` when `ident` is none.
    pub fn local(&self, ident: &Ident) -> Option<Type> {
        self.var(self.scopes.var(ident)?)
    }

    /// Whether the type of a variable is known to have a field of this name.
    pub fn has_field(&self, var: VarId, name: &str) -> bool {
        let member = self.var(var).map(|ty| self.database.find_member(&ty, name));
        matches!(member, Some(Lookup::Member(Member::Field(_))))
    }

    /// The type of a variable.
    pub fn var(&self, var: VarId) -> Option<Type> {
        if let Some(known) = self.vars.borrow().get(&var) {
            return Some(known.clone().unwrap_or_else(|| Type::unknown("its type depends on itself")));
        }
        self.vars.borrow_mut().insert(var, None);
        let found = self.origin(&self.scopes.info(var).origin);
        self.vars.borrow_mut().insert(var, Some(found.clone()));
        Some(found)
    }

    fn origin(&self, origin: &VarOrigin) -> Type {
        let of = |ty: &Expr| self.database.type_of(&self.file, ty);
        match origin {
            VarOrigin::Param { ty, variadic: true, .. } => Type::Slice(of(ty).into()),
            VarOrigin::Param { ty, .. } | VarOrigin::Result { ty, .. } | VarOrigin::Declared { ty } => of(ty),
            VarOrigin::Value { value, index, .. } => {
                let types = self.database.expr_type(&self.file, value, &|ident| self.local(ident));
                types.into_iter().nth(*index).unwrap_or_else(|| Type::unknown("its value is not known"))
            }
            VarOrigin::Range { value, index } => element(self.of(value), *index),
            VarOrigin::Other => Type::unknown("its type is not written"),
        }
    }

    /// The import path and name of what `function` names, without asking for the package's source:
    /// `log.Fatal`, `t.Fatal` (by the declared type), a dot-imported or own function (then the path is the
    /// package's own or unknown).
    pub fn name<'e>(&self, function: &'e Expr) -> Option<(String, &'e str)> {
        match &function.unparen().kind {
            ExprKind::Ident(ident) if self.scopes.var(ident).is_none() => {
                let dot = self.file.dot_imports().next().filter(|_| !self.file.package.has_func(&ident.name));
                Some((
                    dot.map_or_else(|| self.file.package.path.to_string(), |path| path.to_string()),
                    &ident.name,
                ))
            }
            ExprKind::Index { operand, .. } => self.name(operand),
            ExprKind::Selector { operand, field } => {
                let ident = operand.as_ident();
                if let Some(ident) = ident.filter(|ident| self.scopes.var(ident).is_none())
                    && let Some(path) = self.import(&ident.name)
                {
                    return Some((path.to_string(), &field.name));
                }
                Some((String::new(), &field.name))
            }
            _ => None,
        }
    }

    /// The import path behind a package's name: by alias, by the one import whose path suggests that name,
    /// and only then by reading the packages' own clauses.
    pub fn import(&self, name: &str) -> Option<Arc<str>> {
        let imports = self.file.imports();
        if let Some(aliased) = imports.iter().find(|import| import.name.as_deref() == Some(name)) {
            return Some(aliased.path.clone());
        }
        let mut likely =
            imports.iter().filter(|import| import.name.is_none() && guess_package_name(&import.path) == name);
        match (likely.next(), likely.next()) {
            (Some(import), None) => Some(import.path.clone()),
            _ => self.database.resolve_import_name(&self.file, name),
        }
    }

    /// The package that declares the type of a method call's receiver; empty when unknown.
    pub fn receiver_package(&self, call: &Call) -> String {
        match &call.function.unparen().kind {
            ExprKind::Selector { operand, field } => {
                let ty = self.of(operand);
                let owner = self.promoting(&ty, &field.name).unwrap_or(ty);
                owner.named().map_or_else(String::new, |named| named.package.to_string())
            }
            _ => String::new(),
        }
    }

    /// The only type that is embedded in a struct without a method of this name: `suite.Suite` of a suite.
    fn promoting(&self, ty: &Type, method: &str) -> Option<Type> {
        let named = ty.pointee().named()?;
        let package = named.source()?;
        if package.has_method(&named.name, method) {
            return None;
        }
        let spec = package.type_spec(&named.name)?;
        let ExprKind::Struct(fields) = &spec.spec().ty.unparen().kind else { return None };
        let mut embedded = fields.iter().filter(|field| embedded_name(field).is_some());
        let only = embedded.next().filter(|_| embedded.next().is_none())?;
        let scope = FileScope { package: package.clone(), file: spec.file };
        let inner = self.database.type_of(&scope, &only.ty);
        Some(self.promoting(&inner, method).unwrap_or(inner))
    }

    /// Whether a channel is one that nobody ever closes: `time.Tick(d)`, `ticker.C`.
    pub fn is_unclosed(&self, channel: &Expr) -> bool {
        let unclosed = &names::functions().unclosed;
        match &channel.unparen().kind {
            ExprKind::Call(call) => {
                self.name(&call.function).is_some_and(|(package, name)| unclosed.holds(&package, name))
            }
            ExprKind::Selector { operand, field } => {
                let owner = self.of(operand);
                owner.pointee().named().is_some_and(|named| {
                    unclosed.holds(&named.package, &format!("{}.{}", named.name, field.name))
                })
            }
            _ => false,
        }
    }

    /// Whether it is a known fact of the callee, by its package and its name, `Type.Method` for a method.
    pub fn is_fact(&self, call: &Call, callee: &Callee, fact: &dyn Fn(&str, &str) -> bool) -> bool {
        let method = |ty: &Type, name: &str| {
            ty.named().is_some_and(|named| fact(&named.package, &format!("{}.{name}", named.name)))
        };
        match callee {
            Callee::Method { method: found, receiver } => {
                method(&found.receiver, &found.name) || method(receiver, &found.name)
            }
            Callee::Func { .. } | Callee::Indexed { .. } | Callee::Unknown { .. } => {
                match self.name(&call.function) {
                    Some((package, name)) if !package.is_empty() => fact(&package, name),
                    Some((_, name)) => match &call.function.unparen().kind {
                        ExprKind::Selector { operand, .. } => method(&self.of(operand), name),
                        _ => false,
                    },
                    None => false,
                }
            }
            _ => false,
        }
    }

    /// Hands the callee's path and name to `ask`; methods go by their receiver's package.
    pub fn ask<T>(&self, call: &Call, ask: impl Fn(Name) -> T) -> Option<T> {
        let (mut package, name) = self.name(&call.function)?;
        if package.is_empty() {
            package = self.receiver_package(call);
        }
        Some(ask(Name { package: &package, name }))
    }
}

fn element(ty: Type, index: usize) -> Type {
    match (ty.pointee(), index) {
        (Type::Slice(inner) | Type::Array(inner), 1)
        | (Type::Map(_, inner), 1)
        | (Type::Chan(inner) | Type::Map(inner, _), 0) => (**inner).clone(),
        (Type::Slice(_) | Type::Array(_), 0) => Type::basic("int"),
        (Type::Func(iterator), index) => match iterator.params.as_slice() {
            [Type::Func(yields)] => yields
                .params
                .get(index)
                .cloned()
                .unwrap_or_else(|| Type::unknown("what the range gives is not known")),
            _ => Type::unknown("what the range gives is not known"),
        },
        _ => Type::unknown("what the range gives is not known"),
    }
}
