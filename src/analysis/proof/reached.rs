//! The methods and functions of the repository that get the resource in its function, by whatever name: its
//! own, that of something made around it, an interface, a method value, the parameter of a literal.

use rustc_hash::FxHashSet;

use crate::analysis::dataflow::assignments::root;
use crate::analysis::graph::derived::Derived;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, Scopes, VarId, VarOrigin};
use crate::analysis::proof::subject::Subject;
use crate::base::text::{Span, narrow};
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::FileScope;

/// What a library calls of something that it gets for an `io.Writer` or an `io.ReaderFrom`.
const CALLED_BY_LIBRARIES: [&str; 3] = ["Write", "WriteString", "ReadFrom"];

/// A function that gets the resource.
pub(super) struct Reached<'a> {
    pub span: Span,
    pub func: FuncRef,
    pub into: ParamIndex,
    /// The call of it, with its arguments; `None` where somebody else makes that.
    pub call: Option<&'a Call>,
}

/// What stands for the resource in its function.
pub(super) struct Names<'c, 'a> {
    subject: &'c Subject<'a, 'c>,
    derived: Derived<'c, 'a, 'c>,
    /// Its variables, and the parameters of literals that may get it.
    vars: FxHashSet<VarId>,
}

impl<'c, 'a> Names<'c, 'a> {
    pub(super) fn of(subject: &'c Subject<'a, 'c>, holder: VarId) -> Names<'c, 'a> {
        let (typing, scopes) = (subject.typing, subject.typing.scopes);
        let mut vars: FxHashSet<VarId> = names_of(scopes, holder).into_iter().collect();
        let is_param = |var: &VarId| {
            let info = scopes.info(*var);
            let of_literal = matches!(info.origin, VarOrigin::Param { .. }) && info.body != BodyId(0);
            of_literal && typing.var(*var).is_some_and(|ty| ty.pointee() == subject.ty.pointee())
        };
        vars.extend((0..narrow(scopes.vars.len())).map(VarId).filter(is_param));
        Names { subject, derived: subject.derived(), vars }
    }

    /// Whether it, or something made around it, is where `expr` begins.
    pub(super) fn begin(&self, expr: &Expr) -> bool {
        let var = root(expr).and_then(|ident| self.subject.typing.scopes.var(ident));
        self.derived.begins_at(expr) || var.is_some_and(|var| self.vars.contains(&var))
    }

    /// Whether it is the resource, be it one of somebody else that a literal gets.
    pub(super) fn are(&self, expr: &Expr) -> bool {
        let typing = self.subject.typing;
        let named = expr.as_ident().and_then(|ident| typing.scopes.var(ident));
        named.is_some_and(|var| self.vars.contains(&var))
            || self.begin(expr) && typing.of(expr).pointee() == self.subject.ty.pointee()
    }

    /// The methods of this name that it may have, of those of the repository.
    fn methods(&self, name: &str) -> Vec<FuncRef> {
        let database = self.subject.typing.database;
        let known = self.subject.methods(name).into_iter();
        known.filter(|func| !database.is_dependency(&func.package)).collect()
    }

    /// The functions of the repository that it reaches.
    pub(super) fn reach(&self) -> Vec<Reached<'a>> {
        let typing = self.subject.typing;
        let mut found = Vec::new();
        let mut called = FxHashSet::default();
        let made = self.subject.call.span;
        for call in visit::calls(self.subject.decl).into_iter().filter(|call| call.span != made) {
            if let ExprKind::Selector { operand, field } = &call.function.unparen().kind
                && self.begin(operand)
            {
                called.insert(call.function.unparen().span);
                let mut methods = self.methods(&field.name);
                if let Some(func) = typing.called(call) {
                    methods.retain(|method| *method == func);
                }
                let by_call =
                    |func| Reached { span: call.span, func, into: ParamIndex::Receiver, call: Some(call) };
                found.extend(methods.into_iter().map(by_call));
            }
            for at in (0..call.args.len()).filter(|at| self.are(&call.args[*at])) {
                found.extend(self.given(call, at));
            }
        }
        visit::declaration(self.subject.decl, &mut |expr| {
            if let ExprKind::Selector { operand, field } = &expr.kind
                && !called.contains(&expr.span)
                && self.begin(operand)
            {
                found.extend(self.methods(&field.name).into_iter().map(|func| by_others(expr.span, func)));
            }
        });
        found
    }

    /// What gets it that is passed as an argument: the function itself, or, behind an interface, its methods.
    fn given(&self, call: &'a Call, at: usize) -> Vec<Reached<'a>> {
        let database = self.subject.typing.database;
        let methods = |names: &mut dyn Iterator<Item = &str>| {
            let all: Vec<FuncRef> = names.flat_map(|name| self.methods(name)).collect();
            all.into_iter().map(|func| by_others(call.span, func)).collect()
        };
        let func = self.subject.typing.called(call).filter(|func| !database.is_dependency(&func.package));
        let Some(func) = func else {
            let by_value = matches!(call.function.unparen().kind, ExprKind::FuncLit(_) | ExprKind::Ident(_));
            let mut names = CALLED_BY_LIBRARIES.into_iter().filter(|_| !by_value);
            return methods(&mut names);
        };
        let params = &func.decl.signature.params;
        let at = at.min(params.len().saturating_sub(1));
        let ty = params.get(at).map(|param| database.type_of(&FileScope::of(&func), &param.ty));
        if let Some(ty) = ty.filter(|ty| database.is_interface(ty)) {
            let names = database.interface_methods(&ty);
            return methods(&mut names.iter().map(|name| &**name));
        }
        vec![Reached { span: call.span, func, into: ParamIndex::At(narrow(at)), call: Some(call) }]
    }
}

fn by_others<'a>(span: Span, func: FuncRef) -> Reached<'a> {
    Reached { span, func, into: ParamIndex::Receiver, call: None }
}

/// A variable, and its other names.
pub(super) fn names_of(scopes: &Scopes, var: VarId) -> Vec<VarId> {
    let mut names = vec![var];
    loop {
        let is_name = |value: &Expr| {
            value.as_ident().and_then(|ident| scopes.var(ident)).is_some_and(|var| names.contains(&var))
        };
        let all = (0..narrow(scopes.vars.len())).map(VarId);
        let more = all.filter(|var| !names.contains(var));
        let more: Vec<VarId> =
            more.filter(|var| scopes.assigned(*var).iter().any(|given| is_name(given.value))).collect();
        if more.is_empty() {
            return names;
        }
        names.extend(more);
    }
}
