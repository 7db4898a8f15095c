//! What a constructor of the repository really gives: the types of the values behind its result, where its
//! source shows them all. An interface may hide a double whose release does nothing, and a double's
//! constructor may give nothing at all.

use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{Scopes, VarOrigin};
use crate::analysis::summaries::field_release::Field;
use crate::go::project::package::{FuncRef, is_test};
use crate::go::syntax::ast::*;
use crate::go::syntax::outline::has_word;
use crate::go::syntax::visit;
use crate::go::types::database::{Database, FileScope};
use crate::go::types::type_expr::Type;

/// Functions are followed this deep.
const MAX_DEPTH: usize = 4;

/// The types of all values but nil that `call` may give as result `index`; empty where a test's double gives
/// nil and says that all is well. `None` where the source does not show them.
pub fn types(typing: &Typing, call: &Call, index: usize) -> Option<Vec<Type>> {
    let mut found = DynamicTypes { types: Vec::new(), nothing: false };
    found.of_function(typing.database, &typing.called(call)?, index, 0)?;
    (found.nothing || !found.types.is_empty()).then_some(found.types)
}

/// The types of what a package's functions put into a field of that name, as far as the source shows them.
pub fn of_field(database: &Database, field: &Field) -> Vec<Type> {
    let mut found = DynamicTypes { types: Vec::new(), nothing: false };
    each_value(database, field, &mut |typing, value| {
        let _shown_or_not = found.of_value(typing, value, 0, 0);
    });
    found.types
}

/// Sees what a package's functions put into a field of that name, but where the type is seen to be another.
pub fn each_value(database: &Database, field: &Field, see: &mut dyn FnMut(&Typing, &Expr)) {
    let named = |expr: &Expr| match &expr.unparen().kind {
        ExprKind::Ident(key) => key.name == field.name,
        ExprKind::Selector { field: set, .. } => set.name == field.name,
        _ => false,
    };
    for func in field.package.definitions_where(&|text| has_word(text, &field.name)) {
        let Some(body) = func.decl.body() else { continue };
        let scopes = Scopes::of_func(&func.decl);
        let typing = Typing::new(database, FileScope::of(&func), &scopes);
        let of_owner = |whole: &Expr| {
            let ty = typing.of(whole);
            ty.pointee().named().is_none_or(|named| named.name == field.owner)
        };
        visit::block(body, &mut |expr| {
            if let ExprKind::Composite { elements, .. } = &expr.kind
                && of_owner(expr)
            {
                let set = elements.iter().filter(|element| element.key.as_ref().is_some_and(named));
                set.for_each(|element| see(&typing, &element.value));
            }
        });
        visit::body(body, &mut |stmt| {
            if let StmtKind::Assign { left, right, .. } = &stmt.kind {
                let of_it = |target: &Expr| match &target.unparen().kind {
                    ExprKind::Selector { operand, .. } => named(target) && of_owner(operand),
                    _ => false,
                };
                let set = left.iter().zip(right).filter(|(target, _)| of_it(target));
                set.for_each(|(_, value)| see(&typing, value));
            }
        });
    }
}

/// Whether result `index` of `call` is always the address of something new.
pub fn is_never_nil(typing: &Typing, call: &Call, index: usize) -> bool {
    let Some(func) = typing.called(call) else { return false };
    let Some(body) = func.decl.body() else { return false };
    let (mut any, mut all) = (false, true);
    visit::body(body, &mut |stmt| {
        if let StmtKind::Return(values) = &stmt.kind {
            any = true;
            let address = |value: &Expr| matches!(value.unparen().kind, ExprKind::AddressOf(_));
            all &=
                values.len() == func.decl.signature.results.len() && values.get(index).is_some_and(address);
        }
    });
    any && all
}

struct DynamicTypes {
    types: Vec<Type>,
    /// A double in a test gives nil, and no error.
    nothing: bool,
}

impl DynamicTypes {
    fn of_function(&mut self, database: &Database, func: &FuncRef, index: usize, depth: usize) -> Option<()> {
        let body =
            func.decl.body().filter(|_| depth < MAX_DEPTH && !database.is_dependency(&func.package))?;
        let scopes = Scopes::of_func(&func.decl);
        let typing = Typing::new(database, FileScope::of(func), &scopes);
        let is_double = is_test(typing.file.path());
        let mut all = Some(());
        visit::body(body, &mut |stmt| {
            let StmtKind::Return(values) = &stmt.kind else { return };
            let (value, at) = match values.as_slice() {
                [value] if func.decl.signature.results.len() > 1 => (Some(value), index),
                values => (values.get(index), 0),
            };
            self.nothing |=
                is_double && value.is_some_and(Expr::is_nil) && values.last().is_some_and(Expr::is_nil);
            all = all.and_then(|()| self.of_value(&typing, value?, at, depth));
        });
        all
    }

    fn of_value(&mut self, typing: &Typing, value: &Expr, index: usize, depth: usize) -> Option<()> {
        if value.is_nil() {
            return Some(());
        }
        let call = value.as_call();
        let ty =
            call.map_or_else(|| Some(typing.of(value)), |call| typing.results(call).into_iter().nth(index))?;
        if ty.why_unknown().is_none() && !typing.database.is_interface(&ty) {
            self.types.push(ty);
            return Some(());
        }
        match (call, value.as_ident().and_then(|ident| typing.scopes.var(ident))) {
            (Some(call), _) => self.of_function(typing.database, &typing.called(call)?, index, depth + 1),
            (None, Some(var)) if depth < MAX_DEPTH => match typing.scopes.info(var).origin {
                VarOrigin::Declared { .. } | VarOrigin::Value { .. } | VarOrigin::Result { .. } => {
                    let given = typing.scopes.assigned(var);
                    given
                        .iter()
                        .try_for_each(|given| self.of_value(typing, given.value, given.index, depth + 1))
                }
                VarOrigin::Param { .. } | VarOrigin::Range { .. } | VarOrigin::Other => None,
            },
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::fates;

    #[test]
    fn an_interface_may_hide_what_has_nothing_to_release() {
        assert_eq!(
            fates(
                "type closer interface{ Close() error }\ntype nop struct{}\n\
                 func (nop) Close() error { return nil }\nfunc newNop() closer { return nop{} }\n\
                 func f() {\nc := newNop()\n_ = c\n}"
            ),
            ["nothing to release (6: returns `m.nop`, and its Close does nothing)"]
        );
        assert_eq!(
            fates(
                "type closer interface{ Close() error }\ntype nop struct{}\n\
                 func (nop) Close() error { return nil }\nfunc newAny() closer {\nif some() {\n\
                 return nop{}\n}\nreturn &client{}\n}\nfunc f() {\nc := newAny()\n_ = c\n}"
            ),
            ["leaked (13: it is still open when the function ends here)"]
        );
    }
}
