//! Which fields of a struct its release touches: what else is released when the struct is.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::analysis::graph::known;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, Scopes};
use crate::go::facts::names;
use crate::go::project::package::{FuncRef, Package};
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::type_expr::Type;
use crate::go::types::underlying::struct_fields;

/// Methods of the same type that a release calls are followed this deep.
const MAX_DEPTH: usize = 4;

/// The fields of one struct type that its releases touch.
#[derive(Default)]
pub struct ReleasedFields {
    /// All fields in order; `None` where the type is no struct whose source is there.
    fields: Option<Vec<(Arc<str>, bool)>>,
    /// Those that a release names.
    touched: FxHashSet<Arc<str>>,
    /// Of these, those on which it does more than to call methods that are no releases.
    ended: FxHashSet<Arc<str>>,
    /// Those whose memory it hands to somebody, or overwrites: `clear(c.buf)`, `c.buf[i] = 0`.
    taken_back: FxHashSet<Arc<str>>,
    /// Those that it calls, sends to, or sets something in: `c.stop()`, `c.state.Connected = false`.
    changed: FxHashSet<Arc<str>>,
    /// One of those whose memory is taken back is a list: others may have slices of it.
    buffers: bool,
}

impl ReleasedFields {
    /// Of a type, or of what a pointer points to.
    pub fn of(ty: &Type) -> ReleasedFields {
        let mut found = ReleasedFields { fields: None, ..ReleasedFields::default() };
        let Some(named) = ty.named() else { return found };
        let Some(package) = named.source() else { return found };
        found.fields = struct_fields(package, &named.name);
        let mut seen = FxHashSet::default();
        for method in package.methods_of(&named.name) {
            if known::reads_like_release(&method)
                && let Some(func) = package.method(&named.name, &method)
            {
                found.look(package, &func, &mut seen, 0);
            }
        }
        if let Some(spec) = package.type_spec(&named.name).filter(|_| !found.taken_back.is_empty())
            && let ExprKind::Struct(fields) = &spec.spec().ty.unparen().kind
        {
            let lists = fields
                .iter()
                .filter(|field| matches!(field.ty.kind, ExprKind::SliceOf(_) | ExprKind::Array(_)));
            let mut names = lists.flat_map(|field| &field.names);
            found.buffers = names.any(|name| found.taken_back.contains(&name.name));
        }
        found
    }

    /// Whether a release may touch a field, told by its name, or by its place in a literal without names.
    pub fn may_be(&self, name: Option<&str>, at: usize) -> bool {
        self.is_in(&self.touched, name, at)
    }

    /// Whether a release may end what is in a field: a logger that it writes to lives on.
    pub fn may_end(&self, name: &str) -> bool {
        self.is_in(&self.ended, Some(name), 0)
    }

    /// Whether a release hands the memory in a field to somebody, or overwrites it, so that whoever has a
    /// part of it has it no more.
    pub fn takes_back(&self, name: &str) -> bool {
        self.buffers || self.taken_back.contains(name)
    }

    /// The name of the field that stands in this place.
    pub fn name_at(&self, at: usize) -> Option<Arc<str>> {
        self.fields.as_ref()?.get(at).map(|(name, _)| name.clone())
    }

    /// Whether a release changes what is in a field, or has it ended: whoever has it, too, sees that.
    pub fn changes(&self, name: &str) -> bool {
        self.taken_back.contains(name) || self.changed.contains(name)
    }

    fn is_in(&self, touched: &FxHashSet<Arc<str>>, name: Option<&str>, at: usize) -> bool {
        let Some(fields) = &self.fields else { return true };
        let field = match name {
            Some(name) => fields.iter().find(|(field, _)| **field == *name),
            None => fields.get(at),
        };
        // What is embedded lends its own release.
        field.is_none_or(|(field, embedded)| *embedded || touched.contains(field))
    }

    fn look(&mut self, package: &Arc<Package>, func: &FuncRef, seen: &mut FxHashSet<Arc<str>>, depth: usize) {
        if depth > MAX_DEPTH || !seen.insert(func.decl.name.name.clone()) {
            return;
        }
        let Some(body) = func.decl.body() else {
            self.fields = None;
            return;
        };
        let scopes = Scopes::of_func(&func.decl);
        let receiver = scopes.param(BodyId(0), ParamIndex::Receiver);
        let mut called = Vec::new();
        // `s.log` of `s.log.Print("closed")`
        let mut asked = FxHashSet::default();
        // `c.buf[1:]`, and of what is set or called all that stands in the field: `c.state.ready`.
        let field_of = |expr: &Expr, deep: bool| {
            let mut at = expr.unparen();
            loop {
                at = match &at.kind {
                    ExprKind::Slice { operand, .. }
                    | ExprKind::Index { operand, .. }
                    | ExprKind::Pointer(operand)
                    | ExprKind::AddressOf(operand) => operand.unparen(),
                    ExprKind::Selector { operand, field } => {
                        match operand.as_ident().and_then(|ident| scopes.var(ident)) {
                            Some(var) if Some(var) == receiver => return Some(field.name.clone()),
                            _ if deep => operand.unparen(),
                            _ => return None,
                        }
                    }
                    _ => return None,
                };
            }
        };
        let is_part = |target: &&Expr| {
            let whole =
                matches!(&target.kind, ExprKind::Selector { operand, .. } if operand.as_ident().is_some());
            !whole
        };
        visit::block(body, &mut |expr| match &expr.kind {
            // Its length is no more than a number.
            ExprKind::Call(call) if !matches!(call.name(), Some("len" | "cap")) => {
                self.taken_back.extend(call.args.iter().filter_map(|arg| field_of(arg, false)));
                let ends = call.name().is_some_and(|name| {
                    let changes = &names::words().changes_shared;
                    known::reads_like_release(name)
                        || changes.holds(name)
                        || known::gives_back_lock(name)
                        || names::words().empties.begin(name)
                });
                let called = match call.receiver() {
                    // `c.stop()`: a field, or a method of its own.
                    Some(operand) if operand.as_ident().is_some() => Some(&call.function),
                    Some(operand) if ends => Some(operand),
                    _ => None,
                };
                self.changed.extend(called.and_then(|called| field_of(called, true)));
            }
            _ => {}
        });
        visit::body(body, &mut |stmt| match &stmt.kind {
            StmtKind::Assign { left, .. } => {
                let elements = left.iter().filter(|target| matches!(target.kind, ExprKind::Index { .. }));
                self.taken_back.extend(elements.filter_map(|target| field_of(target, false)));
                self.changed.extend(left.iter().filter(is_part).filter_map(|target| field_of(target, true)));
            }
            StmtKind::Send { channel, .. } => self.changed.extend(field_of(channel, true)),
            _ => {}
        });
        visit::block(body, &mut |expr| {
            if let ExprKind::Call(call) = &expr.kind
                && let ExprKind::Selector { operand, field } = &call.function.unparen().kind
                && !known::reads_like_release(&field.name)
            {
                asked.insert(operand.span);
            }
            if let ExprKind::Selector { operand, field } = &expr.kind
                && operand.as_ident().and_then(|ident| scopes.var(ident)) == receiver
                && receiver.is_some()
            {
                self.touched.insert(field.name.clone());
                if !asked.contains(&expr.span) {
                    self.ended.insert(field.name.clone());
                }
                called.push(field.name.clone());
            }
        });
        let owner = func.decl.receiver_type().cloned().unwrap_or_default();
        for method in called.iter().filter_map(|name| package.method(&owner, name)) {
            self.look(package, &method, seen, depth + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::places_in;

    #[test]
    fn what_a_release_goes_on_to_has_to_be_new_as_well() {
        assert_eq!(
            places_in(
                "type deep struct{ c, log *client }\n\
                 func (d *deep) Close() error { return d.c.Close() }\nvar shared = &client{}\n\
                 func newDeep() *deep { return &deep{c: shared} }\nfunc f() {\nd := newDeep()\n_ = d\n}"
            ),
            ["d after 6, not proved"]
        );
        assert_eq!(
            places_in(
                "type deep struct{ c, log *client }\n\
                 func (d *deep) Close() error { return d.c.Close() }\nvar shared = &client{}\n\
                 func newDeep() *deep { return &deep{c: &client{}, log: shared} }\nfunc f() {\n\
                 d := newDeep()\n_ = d\n}"
            ),
            ["d after 6, proved"]
        );
    }
}
