//! Who may see what is stored through a variable: local things that are made here are nobody else's.
//!
//! Whatever the order: a variable that ever gets what comes from elsewhere leads there always, and two
//! variables of which one is ever given to the other are one.

use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, Scopes, VarId, VarOrigin};
use crate::base::text::narrow;
use crate::go::syntax::ast::*;
use crate::go::types::expressions::Callee;
use crate::go::types::type_expr::Type;

/// Who has what a variable leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// It is made in this function.
    Local,
    /// The caller, through this parameter.
    Param(ParamIndex),
    /// The function around the one in question.
    Outer,
    /// A package variable.
    Global,
    /// Where it comes from is not known.
    Unknown,
}

/// A place that an assignment goes to.
pub(crate) enum StoreTarget {
    /// In the very thing that this variable is or points to.
    In(VarId),
    /// In something that this variable leads to.
    Behind(VarId),
    Global,
    Unknown,
}

/// The variables of one declaration, those that share memory in one group.
pub(crate) struct Ownership {
    groups: Vec<usize>,
}

impl Ownership {
    pub(crate) fn of(typing: &Typing) -> Ownership {
        let scopes = typing.scopes;
        let mut groups: Vec<usize> = (0..scopes.vars.len()).collect();
        let mut join = |a: VarId, b: VarId| {
            let (from, to) = (groups[a.0 as usize], groups[b.0 as usize]);
            groups.iter_mut().filter(|group| **group == from).for_each(|group| *group = to);
        };
        for at in 0..scopes.vars.len() {
            let var = VarId(narrow(at));
            for given in scopes.assigned(var) {
                if let Some(other) = shared(typing, given.value) {
                    join(var, other);
                }
            }
        }
        Ownership { groups }
    }

    /// The variables that may be the same thing as `var`, itself among them.
    pub(crate) fn group(&self, var: VarId) -> impl Iterator<Item = VarId> + '_ {
        let group = self.groups[var.0 as usize];
        (0..self.groups.len()).filter(move |at| self.groups[*at] == group).map(|at| VarId(narrow(at)))
    }

    /// Who has what is stored through `var`, for the function literal or function `root`.
    pub(crate) fn owner(&self, typing: &Typing, root: BodyId, var: VarId) -> Owner {
        let mut owner = Owner::Local;
        for one in self.group(var) {
            match own(typing, root, one) {
                Owner::Local => {}
                known @ (Owner::Param(_) | Owner::Outer | Owner::Global) => return known,
                Owner::Unknown => owner = Owner::Unknown,
            }
        }
        owner
    }
}

/// Whether `body` is `root` or a function literal within it.
pub(crate) fn is_within(scopes: &Scopes, body: BodyId, root: BodyId) -> bool {
    let mut at = Some(body);
    while let Some(here) = at {
        if here == root {
            return true;
        }
        at = scopes.body(here).parent;
    }
    false
}

fn own(typing: &Typing, root: BodyId, var: VarId) -> Owner {
    let info = typing.scopes.info(var);
    if !is_within(typing.scopes, info.body, root) {
        return Owner::Outer;
    }
    match info.origin {
        VarOrigin::Param { index, .. } if info.body == root => return Owner::Param(index),
        VarOrigin::Param { .. } | VarOrigin::Range { .. } | VarOrigin::Other => return Owner::Unknown,
        VarOrigin::Result { .. } if info.body == root => return Owner::Unknown,
        VarOrigin::Result { .. } | VarOrigin::Declared { .. } | VarOrigin::Value { .. } => {}
    }
    let given = typing.scopes.assigned(var);
    given
        .iter()
        .map(|given| source(typing, given.value))
        .find(|one| *one != Owner::Local)
        .unwrap_or(Owner::Local)
}

/// Whose a value is when it is given to a variable; what another variable has is that variable's affair.
fn source(typing: &Typing, value: &Expr) -> Owner {
    match &value.unparen().kind {
        ExprKind::Ident(ident) if typing.scopes.var(ident).is_some() => Owner::Local,
        ExprKind::Ident(ident) if matches!(&*ident.name, "nil" | "true" | "false" | "iota") => Owner::Local,
        ExprKind::Ident(_) => Owner::Global,
        ExprKind::Literal(_)
        | ExprKind::Composite { .. }
        | ExprKind::FuncLit(_)
        | ExprKind::Binary { .. }
        | ExprKind::Unary { .. } => Owner::Local,
        ExprKind::AddressOf(inner) | ExprKind::Slice { operand: inner, .. } => match &inner.unparen().kind {
            ExprKind::Composite { .. } | ExprKind::Ident(_) => source(typing, inner),
            _ => Owner::Unknown,
        },
        ExprKind::TypeAssert { operand, .. } => source(typing, operand),
        ExprKind::Call(call) => match typing.callee(call) {
            Callee::Builtin { name, .. } => match (&*name, call.args.first()) {
                ("append", Some(first)) => source(typing, first),
                ("append" | "recover" | "min" | "max", _) => Owner::Unknown,
                _ => Owner::Local,
            },
            Callee::Conversion(_) => call.args.first().map_or(Owner::Local, |arg| source(typing, arg)),
            _ => Owner::Unknown,
        },
        ExprKind::Selector { .. } if place(typing, value).is_global() => Owner::Global,
        _ => Owner::Unknown,
    }
}

/// The variable that shares its memory with what is given.
fn shared(typing: &Typing, value: &Expr) -> Option<VarId> {
    match &value.unparen().kind {
        ExprKind::Ident(ident) => typing.scopes.var(ident),
        ExprKind::AddressOf(inner)
        | ExprKind::Pointer(inner)
        | ExprKind::Slice { operand: inner, .. }
        | ExprKind::TypeAssert { operand: inner, .. } => shared(typing, inner),
        ExprKind::Call(call) => match typing.callee(call) {
            Callee::Builtin { name, .. } if &*name == "append" => shared(typing, call.args.first()?),
            Callee::Conversion(_) => shared(typing, call.args.first()?),
            _ => None,
        },
        _ => None,
    }
}

impl StoreTarget {
    fn is_global(&self) -> bool {
        matches!(self, StoreTarget::Global)
    }
}

/// Where an assignment to `target` goes.
pub(crate) fn place(typing: &Typing, target: &Expr) -> StoreTarget {
    match &target.unparen().kind {
        ExprKind::Ident(ident) => typing.scopes.var(ident).map_or(StoreTarget::Global, StoreTarget::In),
        ExprKind::Pointer(inner) => one_step(typing, inner, true),
        ExprKind::AddressOf(inner) => place(typing, inner),
        ExprKind::Composite { .. } => StoreTarget::Unknown,
        ExprKind::Slice { operand, .. } | ExprKind::Index { operand, .. } => {
            // The elements of an array that is a field are the struct's own.
            let array = matches!(typing.of(operand), Type::Array(_));
            one_step(typing, operand, !array)
        }
        ExprKind::Selector { operand, field } => {
            let ty = typing.of(operand);
            let direct = typing.database.has_direct_field(&ty, &field.name);
            match one_step(typing, operand, matches!(ty, Type::Pointer(_))) {
                StoreTarget::In(var) if !direct => StoreTarget::Behind(var),
                place => place,
            }
        }
        _ => StoreTarget::Unknown,
    }
}

/// One step into what `operand` is, or, with `followed`, what it points to: into the very thing that a
/// variable has, that is the variable's; further down it may be anybody's.
fn one_step(typing: &Typing, operand: &Expr, followed: bool) -> StoreTarget {
    match (&operand.unparen().kind, place(typing, operand)) {
        (ExprKind::Ident(_), place) => place,
        (_, StoreTarget::In(var)) if followed => StoreTarget::Behind(var),
        (_, place) => place,
    }
}
