//! Values that can bring nothing along which has an owner already: an address, a context, options made on the
//! spot out of such.
//!
//! `NewClient(WithConn(parent))` may give back what it was handed, and its release end that. So what a
//! constructor is handed has to be plain, by its type or by the way it is made in sight: an option in a
//! parameter, a package variable or `opts...` is not, nor is one in a field, but where all that the package
//! puts into the field is.

use std::sync::Arc;

use crate::analysis::graph::known;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, Scopes, VarId, VarOrigin};
use crate::analysis::summaries::field_release::Field;
use crate::analysis::summaries::field_values::{FieldValues, Within, is_set_as_a_whole};
use crate::base::diagnostic::{Closable, Evidence};
use crate::base::text::Span;
use crate::go::facts::{self, names};
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::closable::common_methods;
use crate::go::types::database::FileScope;
use crate::go::types::expressions::Callee;
use crate::go::types::plain::{is_plain, is_unlisted_value};
use crate::go::types::type_expr::Type;
use crate::go::types::underlying::struct_fields;

/// Values are followed this deep.
const MAX_DEPTH: usize = 12;

/// Looks at values of one body.
pub struct Plain<'t, 'a, 'w> {
    typing: &'t Typing<'a, 'w>,
    /// In a maker, whose parameters are looked at where it is called.
    in_maker: bool,
    depth: usize,
    /// The package of the constructor whose arguments are looked at.
    library: Option<String>,
    /// What is put into fields, where that is asked.
    fields: Option<&'t FieldValues>,
    /// The type and the name of the field whose values are looked at.
    field: Option<(Arc<str>, Arc<str>)>,
}

impl<'t, 'a, 'w> Plain<'t, 'a, 'w> {
    /// Of the function that calls.
    pub fn in_caller(typing: &'t Typing<'a, 'w>, fields: &'t FieldValues) -> Plain<'t, 'a, 'w> {
        Plain { typing, in_maker: false, depth: 0, library: None, fields: Some(fields), field: None }
    }

    /// Of a function whose call is looked at elsewhere, arguments and all.
    pub fn in_maker(typing: &'t Typing<'a, 'w>, fields: &'t FieldValues) -> Plain<'t, 'a, 'w> {
        Plain { typing, in_maker: true, depth: 0, library: None, fields: Some(fields), field: None }
    }

    /// The first argument of `call` that may bring along what has an owner. A test may release what is made
    /// for it: where the maker is read, that is seen there.
    pub fn arguments(mut self, call: &Call) -> Option<Evidence> {
        self.library = self.package_of(call);
        let read = self.typing.called(call).is_some_and(|func| self.is_own(&func));
        let of_test = |arg: &Expr| read && self.typing.of(arg).is_in(&names::types().tests);
        call.args.iter().filter(|arg| !of_test(arg)).find_map(|arg| self.against(arg, &mut Vec::new()))
    }

    /// Why `value` may bring along what has an owner. `seen` holds the variables that were looked at.
    fn against(&self, value: &Expr, seen: &mut Vec<VarId>) -> Option<Evidence> {
        let object = |words: &str| Some(self.typing.evidence(value.span, words));
        if seen.len() + self.depth > MAX_DEPTH {
            return object("how it was made is too long a way to follow");
        }
        match &value.unparen().kind {
            ExprKind::Literal(_) | ExprKind::Binary { .. } => None,
            ExprKind::Composite { elements, .. } => {
                elements.iter().find_map(|element| self.against(&element.value, seen))
            }
            ExprKind::FuncLit(literal) => self.literal(literal, seen),
            _ if is_plain(self.typing.database, &self.typing.of(value)) => None,
            ExprKind::AddressOf(inner) | ExprKind::TypeAssert { operand: inner, .. } => {
                self.against(inner, seen)
            }
            ExprKind::Slice { operand, .. }
            | ExprKind::Index { operand, .. }
            | ExprKind::Unary { operand, .. } => self.against(operand, seen),
            ExprKind::Call(call) => self.call(call, seen),
            ExprKind::Ident(ident) if &*ident.name == "nil" => None,
            ExprKind::Ident(ident) => match self.typing.scopes.var(ident) {
                Some(var) => self.variable(var, value.span, seen),
                None => self.function(value),
            },
            ExprKind::Selector { operand, .. } => {
                let local = operand.as_ident().is_none_or(|name| self.typing.scopes.var(name).is_some());
                if !local {
                    return self.function(value);
                }
                let known = seen.len();
                let place = self.against(operand, seen)?;
                // What stood against the whole may not count then, and others ask for it again.
                seen.truncate(known);
                self.values_of(value).unwrap_or(Some(place))
            }
            _ => object("how this was made does not lie open"),
        }
    }

    /// A function by its name, or something that the package has.
    fn function(&self, value: &Expr) -> Option<Evidence> {
        let call = value.called();
        match self.typing.database.callee(&self.typing.file, &call, &|ident| self.typing.local(ident)) {
            Callee::Func { func, .. } if self.is_own(&func) => {
                let scopes = Scopes::of_func(&func.decl);
                let inside = Typing::new(self.typing.database, FileScope::of(&func), &scopes);
                let shared = func.decl.body().and_then(|body| of_package(&inside, body));
                shared.or_else(|| self.made_by(&func))
            }
            Callee::Func { .. } | Callee::Indexed { .. } => None,
            _ if self.is_unlisted(value) => None,
            _ => Some(self.typing.evidence(value.span, "what this is may belong to others")),
        }
    }

    /// The same of all that the package puts into the field that is selected; `None` where that does not lie
    /// open.
    #[expect(clippy::option_option, reason = "not found out is not the same as nothing against it")]
    fn values_of(&self, selected: &Expr) -> Option<Option<Evidence>> {
        let ExprKind::Selector { operand, field } = &selected.unparen().kind else { return None };
        let (database, ty) = (self.typing.database, self.typing.of(operand));
        let owner = ty.pointee().named()?;
        let package = owner.source().filter(|package| !database.is_dependency(package))?;
        let key = (owner.name.clone(), field.name.clone());
        if self.field.as_ref() == Some(&key) {
            return Some(None);
        }
        let fields = self.fields.filter(|_| is_set_as_a_whole(database, &self.typing.of(selected)))?;
        let field = Field { package: package.clone(), owner: key.0.clone(), name: key.1.clone() };
        let values = fields.of(database, &field)?;
        Some(values.iter().find_map(|value| match &value.within {
            Within::Func(func) => {
                let scopes = Scopes::of_func(&func.decl);
                let typing = Typing::new(database, FileScope::of(func), &scopes);
                let body = func.decl.body()?;
                self.put_by(&typing, expr_at(value.span, |see| visit::block(body, see)), &key)
            }
            Within::Var(var) => {
                let specs = std::slice::from_ref(var.spec());
                let scopes = Scopes::of_vars(specs);
                let scope = FileScope { package: package.clone(), file: var.file };
                let typing = Typing::new(database, scope, &scopes);
                self.put_by(&typing, expr_at(value.span, |see| visit::exprs(&specs[0].values, see)), &key)
            }
        }))
    }

    /// A value that another declaration puts into a field.
    fn put_by(
        &self,
        typing: &Typing,
        value: Option<&Expr>,
        field: &(Arc<str>, Arc<str>),
    ) -> Option<Evidence> {
        let (depth, library) = (self.depth + 1, self.library.clone());
        let there =
            Plain { typing, in_maker: false, depth, library, fields: None, field: Some(field.clone()) };
        there.against(value?, &mut Vec::new())
    }

    fn is_unlisted(&self, value: &Expr) -> bool {
        let ExprKind::Selector { operand, field } = &value.unparen().kind else { return false };
        operand.as_ident().is_some_and(|package| {
            is_unlisted_value(self.typing.database, &self.typing.file, &package.name, &field.name)
        })
    }

    fn call(&self, call: &Call, seen: &mut Vec<VarId>) -> Option<Evidence> {
        let object = |words: String| Some(self.typing.evidence(call.span, words));
        let name = call.name().unwrap_or_default();
        let args = |seen: &mut Vec<VarId>| call.args.iter().find_map(|arg| self.against(arg, seen));
        match self.typing.callee(call) {
            Callee::Builtin { name, .. } if matches!(&*name, "make" | "new") => None,
            Callee::Builtin { .. } | Callee::Conversion(_) => args(seen),
            Callee::Func { func, .. } if self.is_own(&func) => args(seen).or_else(|| self.made_by(&func)),
            Callee::Method { method, .. } => {
                if let Some(func) = method.func.as_ref().filter(|func| self.is_own(func)) {
                    return args(seen).or_else(|| self.made_by(func));
                }
                // Without Go's source that it is a context is told by its name, and that it is none of what
                // holds on to something by the index.
                if name == "Context" && method.signature.results.iter().all(Type::is_data) {
                    return args(seen);
                }
                if known::gets(name) {
                    return object(format!("what `{name}` gives may belong to others"));
                }
                if known::describes(name) && call.args.is_empty() {
                    return None;
                }
                let receiver = match &call.function.unparen().kind {
                    ExprKind::Selector { operand, .. } => self.against(operand, seen),
                    _ => None,
                };
                receiver.or_else(|| args(seen))
            }
            // What a library makes of plain values for one call is new, unless its name says otherwise.
            Callee::Func { .. } | Callee::Indexed { .. } | Callee::Unknown { .. } => {
                if call.args.is_empty() && known::describes(name) {
                    return None;
                }
                let of_library = self.library.is_some() && self.library == self.package_of(call);
                let made = !call.args.is_empty() || known::makes_option(name) || of_library;
                if !made || known::shares(name) {
                    return object(format!("what `{name}` gives may belong to others"));
                }
                let receiver = match &call.function.unparen().kind {
                    ExprKind::Selector { operand, .. } => match operand.as_ident() {
                        Some(package) if self.typing.scopes.var(package).is_none() => None,
                        _ => self.against(operand, seen),
                    },
                    ExprKind::Ident(_) => None,
                    _ => object("how this was made does not lie open".to_owned()),
                };
                receiver.or_else(|| args(seen))
            }
            Callee::FuncValue(_) => object("a function value gives it, and nobody knows what".to_owned()),
        }
    }

    /// What a function of the repository gives, all of its results together.
    fn made_by(&self, func: &FuncRef) -> Option<Evidence> {
        let name = &func.decl.name;
        let scopes = Scopes::of_func(&func.decl);
        let typing = Typing::new(self.typing.database, FileScope::of(func), &scopes);
        let depth = self.depth + 3;
        let library = self.library.clone();
        let inner = Plain { typing: &typing, in_maker: true, depth, library, fields: None, field: None };
        let Some(body) = func.decl.body().filter(|_| inner.depth <= MAX_DEPTH) else {
            return Some(typing.evidence(name.span, format!("what `{}` gives is not read", name.name)));
        };
        inner.returned(body, BodyId(0), &mut Vec::new())
    }

    /// The values that a body returns.
    fn returned(&self, body: &Block, id: BodyId, seen: &mut Vec<VarId>) -> Option<Evidence> {
        let mut found = None;
        visit::body(body, &mut |stmt| {
            let StmtKind::Return(values) = &stmt.kind else { return };
            if found.is_none() {
                found = values.iter().find_map(|value| self.against(value, seen));
            }
        });
        let results = 0..self.typing.scopes.body(id).signature.results.len();
        found.or_else(|| {
            results
                .filter_map(|index| self.typing.scopes.result(id, index))
                .find_map(|var| self.variable(var, body.span, seen))
        })
    }

    /// A function literal: what it gives comes out of what it captures.
    fn literal(&self, literal: &FuncLit, seen: &mut Vec<VarId>) -> Option<Evidence> {
        let span = literal.body.span;
        let inside = |var: VarId| {
            let body = self.typing.scopes.info(var).body;
            span.contains(self.typing.scopes.body(body).block.span)
        };
        let mut captured: Vec<VarId> = self.typing.scopes.uses_in(span).filter(|var| !inside(*var)).collect();
        captured.sort();
        captured.dedup();
        let shared = of_package(self.typing, &literal.body);
        shared.or_else(|| captured.into_iter().find_map(|var| self.variable(var, span, seen))).or_else(|| {
            let mut found = None;
            visit::body(&literal.body, &mut |stmt| {
                let StmtKind::Return(values) = &stmt.kind else { return };
                let names = |value: &&Expr| value.as_call().is_none() && value.as_path().is_some();
                if found.is_none() {
                    found = values.iter().filter(names).find_map(|value| self.against(value, seen));
                }
            });
            found
        })
    }

    fn variable(&self, var: VarId, at: Span, seen: &mut Vec<VarId>) -> Option<Evidence> {
        let info = self.typing.scopes.info(var);
        if seen.contains(&var) || self.typing.var(var).is_some_and(|ty| is_plain(self.typing.database, &ty)) {
            return None;
        }
        seen.push(var);
        let object = |words: String| Some(self.typing.evidence(at, words));
        let start = match info.origin {
            VarOrigin::Param { index: ParamIndex::At(_), .. } if self.in_maker => None,
            VarOrigin::Param { .. } => object(format!("how `{}` was made does not lie open here", info.name)),
            VarOrigin::Range { value, .. } => self.against(value, seen),
            VarOrigin::Other => object(format!("where `{}` comes from does not lie open", info.name)),
            VarOrigin::Value { .. } | VarOrigin::Result { .. } | VarOrigin::Declared { .. } => None,
        };
        let given = self.typing.scopes.assigned(var);
        let given = || given.iter().find_map(|given| self.against(given.value, seen));
        let found = start.or_else(given);
        found.or_else(|| self.put_into(var, seen))
    }

    /// What is put into a part of a variable later: `cfg.Conn = conn`, through another name for it, or by
    /// what gets it: `copy(opts, more)`, `fill(&opts, conn)`.
    fn put_into(&self, var: VarId, seen: &mut Vec<VarId>) -> Option<Evidence> {
        let is_part = |expr: &Expr| !is_bare(expr) && self.rooted(expr) == Some(var);
        let (mut put, mut names): (Vec<&Expr>, Vec<VarId>) = (Vec::new(), Vec::new());
        let named = |target: &Expr| target.as_ident().and_then(|ident| self.typing.scopes.var(ident));
        let bodies = self.typing.scopes.bodies.iter().map(|body| body.block);
        for body in bodies.clone() {
            visit::body(body, &mut |stmt| match &stmt.kind {
                StmtKind::Assign { left, right, .. } | StmtKind::Define { left, right } => {
                    if left.iter().any(is_part) {
                        put.extend(right);
                    }
                    let alias = |value: &Expr| self.rooted(value) == Some(var) && self.shares(value);
                    let pairs = left.iter().zip(right).filter(|(_, value)| alias(value));
                    names.extend(pairs.filter_map(|(target, _)| named(target)));
                }
                StmtKind::For(looped) => {
                    if let ForHead::Range { left, right, .. } = &looped.head
                        && self.rooted(right) == Some(var)
                    {
                        names.extend(left.get(1).and_then(named));
                    }
                }
                _ => {}
            });
        }
        let found = put.into_iter().find_map(|value| self.against(value, seen));
        let found = found.or_else(|| {
            names.into_iter().find_map(|name| {
                let first = self.typing.scopes.uses_of(name).min().unwrap_or_default();
                self.variable(name, Span::new(first, first), seen)
            })
        });
        found.or_else(|| {
            let mut handed = Vec::new();
            let outermost = self.typing.scopes.bodies.first()?;
            visit::block(outermost.block, &mut |expr| {
                if let Some(call) = expr.as_call() {
                    handed.extend(self.handed_beside(call, var));
                }
            });
            handed.into_iter().find_map(|value| self.against(value, seen))
        })
    }

    /// What a call gets besides `var`, and may put into it.
    fn handed_beside<'e>(&self, call: &'e Call, var: VarId) -> Vec<&'e Expr> {
        let gets = |arg: &Expr| self.rooted(arg) == Some(var) && self.shares(arg);
        if let Callee::Builtin { name, .. } = self.typing.callee(call) {
            let copied = &*name == "copy" && call.args.first().is_some_and(gets);
            return call.args.get(1).filter(|_| copied).into_iter().collect();
        }
        let on = match &call.function.unparen().kind {
            ExprKind::Selector { operand, .. } => Some(operand),
            _ => None,
        };
        // A value's own methods fill it; what others are called on lies open where they get its address.
        let own = on.is_some_and(|on| self.rooted(on) == Some(var));
        let address = |arg: &Expr| gets(arg) && matches!(arg.unparen().kind, ExprKind::AddressOf(_));
        let standard = self.typing.ask(call, |name| facts::is_standard(name.package)) == Some(true);
        let mut beside: Vec<&Expr> = Vec::new();
        if own || call.args.iter().any(gets) {
            beside.extend(call.args.iter().filter(|arg| self.rooted(arg) != Some(var)));
        }
        if !own && !standard && call.args.iter().any(address) {
            let package = |on: &Expr| {
                on.as_ident().is_some_and(|name| {
                    self.typing.scopes.var(name).is_none() && self.typing.import(&name.name).is_some()
                })
            };
            beside.extend(on.map(|on| &**on).filter(|on| !package(on)));
        }
        beside
    }

    /// The local variable that a path, an element, or the address of such begins with.
    fn rooted(&self, expr: &Expr) -> Option<VarId> {
        let mut inner = expr.unparen();
        loop {
            match &inner.kind {
                ExprKind::Selector { operand, .. }
                | ExprKind::Index { operand, .. }
                | ExprKind::Slice { operand, .. }
                | ExprKind::AddressOf(operand)
                | ExprKind::Pointer(operand) => inner = operand.unparen(),
                ExprKind::Ident(ident) => return self.typing.scopes.var(ident),
                _ => return None,
            }
        }
    }

    /// Whether whoever has a copy of the value can change what others see of it.
    fn shares(&self, value: &Expr) -> bool {
        let ty = self.typing.of(value);
        let copied = match &ty {
            Type::Func(_) => true,
            Type::Named(named) => {
                named.source().is_some_and(|package| struct_fields(package, &named.name).is_some())
            }
            _ => false,
        };
        !copied && !is_plain(self.typing.database, &ty)
    }

    /// The import path of what is called, where that is a function of another package.
    fn package_of(&self, call: &Call) -> Option<String> {
        let (package, _) = self.typing.name(&call.function)?;
        (!package.is_empty() && package != *self.typing.file.package.path).then_some(package)
    }

    fn is_own(&self, func: &FuncRef) -> bool {
        !self.typing.database.is_dependency(&func.package)
    }
}

/// The expression at a place, among those that are walked.
fn expr_at<'e>(span: Span, walk: impl FnOnce(&mut dyn FnMut(&'e Expr))) -> Option<&'e Expr> {
    let mut found = None;
    walk(&mut |expr| {
        if expr.span == span {
            found.get_or_insert(expr);
        }
    });
    found
}

/// Whether a value of this kind has something that releases it.
pub fn is_closable(typing: &Typing, value: &Expr) -> bool {
    let answer = typing.database.closable(&typing.of(value), &common_methods());
    !matches!(answer.closable, Closable::Nothing(_))
}

fn is_bare(expr: &Expr) -> bool {
    matches!(expr.unparen().kind, ExprKind::Ident(_))
}

/// What the package has and a function uses that is handed in, but to log: when it is called it may end that,
/// or put what is made there.
fn of_package(typing: &Typing, body: &Block) -> Option<Evidence> {
    let mut logs = Vec::new();
    visit::block(body, &mut |expr| {
        if let ExprKind::Call(call) = &expr.kind
            && let ExprKind::Selector { operand, .. } = &call.function.unparen().kind
            && typing.ask(call, known::only_looks) == Some(true)
        {
            logs.push(operand.span);
        }
    });
    let mut found = None;
    visit::block(body, &mut |expr| {
        let Some(ident) = expr.as_ident().filter(|_| found.is_none() && !logs.contains(&expr.span)) else {
            return;
        };
        let shared = !ident.is_blank()
            && typing.scopes.var(ident).is_none()
            && typing.file.package.has_value(&ident.name);
        if shared && !is_plain(typing.database, &typing.of(expr)) {
            found = Some(
                typing.evidence(expr.span, format!("a function that is handed in uses `{}`", ident.name)),
            );
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::places_in;

    #[test]
    fn what_an_option_brings_along_may_have_an_owner() {
        assert_eq!(
            places_in(
                "func newWith(options ...func(*client)) *client {\nc := &client{}\n\
                 for _, option := range options {\noption(c)\n}\nreturn c\n}\n\
                 func f(options ...func(*client)) {\nc := newWith(options...)\nlend(c)\n}"
            ),
            ["c after 9, not proved"]
        );
        assert_eq!(
            places_in(
                "func newWith(options ...func(*client)) *client {\nc := &client{}\n\
                 for _, option := range options {\noption(c)\n}\nreturn c\n}\nfunc f() {\n\
                 c := newWith()\nlend(c)\n}"
            ),
            ["c after 9, proved"]
        );
        let of_set = |head: &str, set: &str| {
            places_in(&format!(
                "type set struct{{ options []func(*client) }}\n\
                 func newWith(options ...func(*client)) *client {{\nc := &client{{}}\n\
                 for _, option := range options {{\noption(c)\n}}\nreturn c\n}}\n\
                 func f({head}) {{{set}\nc := newWith(s.options...)\nlend(c)\n}}\n\
                 func setOf(options []func(*client)) set {{ return set{{options}} }}"
            ))
        };
        let made = "s := set{[]func(*client){func(c *client) { c.fd = 1 }}}";
        assert_eq!(of_set("", made), ["c after 10, proved"]);
        assert_eq!(of_set("s set", ""), ["c after 10, not proved"]);
        assert_eq!(
            places_in(
                "func newAt(address string) *client { return &client{len(address)} }\n\
                 func f(address string) {\nc := newAt(address)\nlend(c)\n}"
            ),
            ["c after 3, proved"]
        );
    }
}
