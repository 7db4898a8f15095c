//! What a package does with a channel, or a condition, that it keeps in an unexported field or variable: who
//! sends, receives, closes, signals, and whether anybody else may.
//!
//! Nobody outside of a package sees what these hold, unless it is handed out. Where that is so, or where a
//! use is none that is understood, the answer is that nobody knows.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{Scopes, VarId, VarOrigin};
use crate::analysis::summaries::field_release::{declares, is_other};
use crate::base::memo::Memo;
use crate::base::text::{Span, narrow};
use crate::go::facts::names;
use crate::go::project::package::{FuncRef, Package};
use crate::go::syntax::ast::*;
use crate::go::syntax::outline;
use crate::go::syntax::visit;
use crate::go::types::database::{Database, FileScope, exported};
use crate::go::types::type_expr::{Home, Type};
use crate::go::types::underlying::struct_fields;

/// A field of a struct type, or a variable of a package.
#[derive(Debug, Clone)]
pub struct Holder {
    /// The package that declares it.
    pub package: Arc<Package>,
    /// The type; none for a variable.
    pub owner: Option<Arc<str>>,
    pub name: Arc<str>,
}

/// What is done with what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    Send,
    /// Received from, or ranged over.
    Receive,
    Close,
    /// A condition is waited for.
    Wait,
    /// Those who wait are woken.
    Signal,
    /// It gets a channel with so much room, or a condition.
    Made(Room),
    /// Somebody gets it as a `<-chan`.
    ToReceive,
    /// Somebody gets it as a `chan<-`.
    ToSend,
    /// It is only looked at.
    Asked,
}

/// The capacity of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    None,
    /// A constant one.
    Some,
    Unknown,
}

/// A use where it stands.
#[derive(Debug, Clone)]
pub struct Site {
    pub func: FuncRef,
    pub span: Span,
    pub what: Use,
}

/// All that the package does with it.
#[derive(Debug, Default)]
pub struct Uses {
    pub sites: Vec<Site>,
    /// What it gets, a variable's first value with the rest.
    made: Vec<Use>,
}

impl Uses {
    /// The places of one kind of use.
    pub fn of(&self, what: Use) -> impl Iterator<Item = &Site> {
        self.sites.iter().filter(move |site| site.what == what)
    }

    pub fn any(&self, kinds: &[Use]) -> bool {
        self.sites.iter().any(|site| kinds.contains(&site.what))
    }

    /// What is known of the room of all the channels that it gets; none where it gets none.
    pub fn room(&self) -> Option<Room> {
        let made = self.made.iter().copied().chain(self.sites.iter().map(|site| site.what));
        let rooms = made.filter_map(|what| if let Use::Made(room) = what { Some(room) } else { None });
        rooms.reduce(|a, b| if a == b { a } else { Room::Unknown })
    }
}

/// Answers by package, type and name, kept for all threads.
#[derive(Default)]
pub struct KeptChannels(Memo<Key, Option<Arc<Uses>>>);

/// The folder, the package's name, the type and the name.
type Key = (PathBuf, Arc<str>, Option<Arc<str>>, Arc<str>);

impl KeptChannels {
    /// What its package does with what `holder` holds; none where others may use it.
    pub fn of(&self, database: &Database, holder: &Holder) -> Option<Arc<Uses>> {
        let Holder { package, owner, name } = holder;
        let key = (package.dir.clone(), package.name.clone(), owner.clone(), name.clone());
        self.0.get_or(key, |_| look(database, holder).map(Arc::new))
    }
}

/// The holder that an expression names: `x.f`, or a variable of the package.
pub fn holder(typing: &Typing, expr: &Expr) -> Option<Holder> {
    match &expr.unparen().kind {
        ExprKind::Selector { operand, field } => {
            if exported(&field.name) {
                return None;
            }
            let ty = typing.of(operand);
            let named = ty.pointee().named()?;
            let Home::Source(package) = &named.home else { return None };
            let own = package.dir == typing.file.package.dir && declares(package, &named.name, &field.name);
            own.then(|| Holder {
                package: typing.file.package.clone(),
                owner: Some(named.name.clone()),
                name: field.name.clone(),
            })
        }
        ExprKind::Ident(ident) => {
            let package = &typing.file.package;
            let own = typing.scopes.var(ident).is_none() && !exported(&ident.name);
            (own && package.has_value(&ident.name)).then(|| Holder {
                package: package.clone(),
                owner: None,
                name: ident.name.clone(),
            })
        }
        _ => None,
    }
}

/// The holder that a call gives what it holds as a `<-chan`, and nothing else: `s.Done()`.
pub fn lent_by(database: &Database, typing: &Typing, call: &Call) -> Option<Holder> {
    let func = typing.called(call)?;
    if func.package.dir != typing.file.package.dir {
        return None;
    }
    let ([result], Some(body)) = (func.decl.signature.results.as_slice(), func.decl.body()) else {
        return None;
    };
    if lends(&result.ty) != Some(Use::ToReceive) {
        return None;
    }
    let mut returned: Vec<&Expr> = Vec::new();
    visit::body(body, &mut |stmt| {
        if let StmtKind::Return(values) = &stmt.kind {
            returned.extend(values);
        }
    });
    returned.retain(|value| !value.is_nil());
    let [value] = returned.as_slice() else { return None };
    let scopes = Scopes::of_func(&func.decl);
    holder(&Typing::new(database, FileScope::of(&func), &scopes), value)
}

fn look(database: &Database, holder: &Holder) -> Option<Uses> {
    let Holder { package, owner, name } = holder;
    if exported(name) || package.doubt().is_some() {
        return None;
    }
    let making = owner.iter().flat_map(|owner| [format!("{owner}{{"), format!("new({owner})")]);
    let making: Vec<String> = making.collect();
    let makes = |text: &[u8]| making.iter().any(|made| memchr::memmem::find(text, made.as_bytes()).is_some());
    let is_made = Cell::new(owner.is_none());
    let funcs = package.definitions_where(&|text| {
        is_made.set(is_made.get() || makes(text));
        outline::has_word(text, name) || makes(text)
    });
    // Of a type that only others make, such as tests, nobody knows what its fields hold.
    if !is_made.get() {
        return None;
    }
    let mut uses = Uses::default();
    // What literals of the package's variables do with it is not looked into.
    let values = package.values_where(&|text| outline::has_word(text, name));
    if values.iter().any(|value| mentions(value.spec(), name)) {
        return None;
    }
    if owner.is_none() {
        let value = package.var(name)?;
        let spec = value.spec();
        // Its making has no function: a variable that is never made is nil.
        match (spec.values.as_slice(), spec.names.as_slice()) {
            ([], _) => {}
            ([initial], [_]) => {
                let scopes = Scopes::of_vars(std::slice::from_ref(spec));
                let scope = FileScope { package: package.clone(), file: value.file };
                let made = made(&Typing::new(database, scope, &scopes), initial)?;
                uses.made.push(made);
            }
            _ => return None,
        }
    }
    for func in funcs {
        if func.unread_body {
            return None;
        }
        uses.sites.extend(in_function(database, holder, &func)?);
    }
    Some(uses)
}

/// Whether the package's own tests do one of these to what `holder` holds, or nobody knows: it may be there
/// for them.
pub fn is_for_tests(database: &Database, holder: &Holder, kinds: &[Use]) -> bool {
    let packages = database.with_tests(&holder.package);
    packages.iter().any(|package| {
        let funcs = package.func_names().into_iter().filter_map(|name| package.func(&name));
        let methods = package.type_names().into_iter().flat_map(|ty| {
            let named = package.methods_of(&ty).into_iter();
            named.filter_map(|name| package.method(&ty, &name)).collect::<Vec<_>>()
        });
        funcs.chain(methods).filter(|func| FileScope::of(func).is_test()).any(|func| {
            let sites = in_function(database, holder, &func);
            sites.is_none_or(|sites| sites.iter().any(|site| kinds.contains(&site.what)))
        })
    })
}

/// Whether the values of variables mention a name.
fn mentions(spec: &VarSpec, name: &str) -> bool {
    let mut found = false;
    visit::exprs(&spec.values, &mut |expr| match &expr.kind {
        ExprKind::Ident(ident) => found |= *ident.name == *name,
        ExprKind::Selector { field, .. } => found |= *field.name == *name,
        _ => {}
    });
    found
}

/// What a value gives to what holds it: a channel, a condition, or nothing; none where nobody knows.
fn made(typing: &Typing, value: &Expr) -> Option<Use> {
    if value.is_nil() {
        return Some(Use::Asked);
    }
    let value = match &value.unparen().kind {
        ExprKind::AddressOf(value) => value,
        _ => value,
    };
    match &value.unparen().kind {
        ExprKind::Call(call) => match call.name()? {
            "make" if call.function.as_ident().is_some() => {
                let ExprKind::Chan { .. } = &call.args.first()?.unparen().kind else { return None };
                let room = match call.args.get(1).map(|room| &room.unparen().kind) {
                    None | Some(ExprKind::Literal(Literal::Integer(0))) => Room::None,
                    Some(ExprKind::Literal(Literal::Integer(_))) => Room::Some,
                    Some(_) => Room::Unknown,
                };
                Some(Use::Made(room))
            }
            _ => {
                let (package, name) = typing.name(&call.function)?;
                let makes = &names::functions().makes_condition;
                makes.holds(&package, name).then_some(Use::Made(Room::None))
            }
        },
        ExprKind::Composite { ty: Some(ty), .. } => {
            let (package, name) = typing.name(ty)?;
            names::types().conditions.holds(&package, name).then_some(Use::Made(Room::None))
        }
        _ => None,
    }
}

/// How a value of this type is lent, if it is a channel that goes one way only.
fn lends(ty: &Expr) -> Option<Use> {
    match &ty.unparen().kind {
        ExprKind::Chan { direction: Direction::Receive, .. } => Some(Use::ToReceive),
        ExprKind::Chan { direction: Direction::Send, .. } => Some(Use::ToSend),
        _ => None,
    }
}

/// One function, as a holder's uses in it are found.
struct Function<'f, 'a> {
    holder: &'f Holder,
    func: &'f FuncRef,
    scopes: &'f Scopes<'a>,
    typing: &'f Typing<'a, 'f>,
    /// Local variables that hold what it holds, and nothing else ever.
    aliases: BTreeSet<VarId>,
    /// What is understood, by the place of the expression.
    roles: FxHashMap<Span, Use>,
    /// The names in composite literals, which are fields, and what is called, which is no channel.
    other: FxHashSet<Span>,
}

/// What one function does with it; none where that is not understood.
fn in_function(database: &Database, holder: &Holder, func: &FuncRef) -> Option<Vec<Site>> {
    let Some(body) = func.decl.body() else { return Some(Vec::new()) };
    let scopes = Scopes::of_func(&func.decl);
    let typing = Typing::new(database, FileScope::of(func), &scopes);
    let mut function = Function {
        holder,
        func,
        scopes: &scopes,
        typing: &typing,
        aliases: BTreeSet::new(),
        roles: FxHashMap::default(),
        other: FxHashSet::default(),
    };
    visit::block(body, &mut |expr| {
        if let ExprKind::Call(call) = &expr.kind {
            function.other.insert(call.function.unparen().span);
        }
    });
    function.find_aliases();
    let literals = function.literals(body)?;
    for body in &scopes.bodies {
        visit::body(body.block, &mut |stmt| function.statement(stmt, body.signature));
    }
    visit::block(body, &mut |expr| function.expression(expr));
    let mut found = literals;
    let mut known = true;
    visit::block(body, &mut |expr| {
        if matches!(expr.kind, ExprKind::Paren(_)) || !function.is_held(expr) {
            return;
        }
        match function.roles.get(&expr.span) {
            Some(what) => found.push(function.site(expr.span, *what)),
            None => known = false,
        }
    });
    known.then_some(found)
}

impl<'a> Function<'_, 'a> {
    fn site(&self, span: Span, what: Use) -> Site {
        Site { func: self.func.clone(), span, what }
    }

    /// Whether an expression is what is held.
    fn is_held(&self, expr: &Expr) -> bool {
        let Holder { package, owner, name } = self.holder;
        match &expr.unparen().kind {
            ExprKind::Selector { operand, field } => owner.as_ref().is_some_and(|owner| {
                field.name == *name
                    && !self.other.contains(&expr.unparen().span)
                    && !is_other(self.typing, package, (owner, name), operand)
            }),
            ExprKind::Ident(ident) => match self.scopes.var(ident) {
                Some(var) => self.aliases.contains(&var) && !self.is_declared(var, ident.span),
                None => owner.is_none() && ident.name == *name && !self.other.contains(&ident.span),
            },
            _ => false,
        }
    }

    fn is_declared(&self, var: VarId, at: Span) -> bool {
        self.scopes.uses_of(var).min() == Some(at.start)
    }

    /// `c := x.f`
    fn find_aliases(&mut self) {
        for at in 0..self.scopes.vars.len() {
            let var = VarId(narrow(at));
            if let VarOrigin::Value { value, index: 0, of: 1 } = self.scopes.info(var).origin
                && self.scopes.assigned(var).len() == 1
                && self.is_held(value)
            {
                self.aliases.insert(var);
                self.roles.insert(value.unparen().span, Use::Asked);
            }
        }
    }

    /// What composite literals put into the field; none where that is not understood.
    fn literals(&mut self, body: &Block) -> Option<Vec<Site>> {
        let Holder { package, owner, name } = self.holder;
        let mut found = Vec::new();
        let mut known = true;
        let mut keys = FxHashSet::default();
        visit::block(body, &mut |expr| {
            let ExprKind::Composite { ty, elements } = &expr.kind else { return };
            let own = match ty.as_deref().map(|ty| &ty.unparen().kind) {
                // An inner literal whose type is left out.
                None => true,
                Some(ExprKind::Ident(_) | ExprKind::Index { .. }) => {
                    let named = ty.as_deref().and_then(base_type_name);
                    named.is_some() && named == owner.as_ref()
                }
                Some(_) => false,
            };
            let typed = ty.is_some();
            // Without keys they go by their order.
            let in_order = own && typed && elements.iter().all(|element| element.key.is_none());
            let fields = owner.as_ref().filter(|_| in_order && !elements.is_empty());
            let fields = fields.map(|owner| struct_fields(package, owner));
            known &= !matches!(fields, Some(None));
            let fields = fields.flatten().unwrap_or_default();
            for (at, element) in elements.iter().enumerate() {
                let key = element.key.as_ref().and_then(Expr::as_ident);
                keys.extend(key.map(|key| key.span));
                let named = key.map(|key| &key.name).or(fields.get(at).map(|(field, _)| field));
                if own && named == Some(name) {
                    match made(self.typing, &element.value) {
                        Some(what) => found.push(self.site(element.value.span, what)),
                        None => known = false,
                    }
                }
            }
        });
        self.other.extend(keys);
        known.then_some(found)
    }

    fn note(&mut self, expr: &Expr, what: Use) {
        self.roles.insert(expr.unparen().span, what);
    }

    fn statement(&mut self, stmt: &'a Stmt, signature: &Signature) {
        match &stmt.kind {
            StmtKind::Send { channel, .. } => self.note(channel, Use::Send),
            StmtKind::Select(cases) => {
                for case in cases {
                    if let Some(Communication::Send { channel, .. }) = &case.communication {
                        self.note(channel, Use::Send);
                    }
                }
            }
            StmtKind::For(looped) => {
                if let ForHead::Range { right, .. } = &looped.head {
                    self.note(right, Use::Receive);
                }
            }
            StmtKind::Assign { left, right, plain: true } if left.len() == right.len() => {
                for (target, value) in left.iter().zip(right) {
                    if let Some(what) = made(self.typing, value).filter(|_| self.is_held(target)) {
                        self.note(target, what);
                    }
                }
            }
            StmtKind::Return(values) if values.len() == signature.results.len() => {
                for (value, result) in values.iter().zip(&signature.results) {
                    if let Some(lent) = lends(&result.ty) {
                        self.note(value, lent);
                    }
                }
            }
            _ => {}
        }
    }

    fn expression(&mut self, expr: &'a Expr) {
        match &expr.kind {
            ExprKind::Receive(channel) => self.note(channel, Use::Receive),
            ExprKind::Binary { left, right, .. } if left.is_nil() || right.is_nil() => {
                self.note(left, Use::Asked);
                self.note(right, Use::Asked);
            }
            // What is done with a condition.
            ExprKind::Selector { operand, field } if self.is_held(operand) => {
                let what = match &*field.name {
                    "Wait" => Use::Wait,
                    "Signal" | "Broadcast" => Use::Signal,
                    "L" => Use::Asked,
                    _ => return,
                };
                self.note(operand, what);
            }
            ExprKind::Call(call) if call.span == expr.span => self.call(call),
            _ => {}
        }
    }

    fn call(&mut self, call: &'a Call) {
        match call.function.as_ident().map(|name| &*name.name) {
            Some("close") => call.args.iter().for_each(|arg| self.note(arg, Use::Close)),
            Some("len" | "cap") => call.args.iter().for_each(|arg| self.note(arg, Use::Asked)),
            _ => {
                let Some(at) = call.args.iter().position(|arg| self.is_held(arg)) else { return };
                let Some(func) = self.typing.called(call) else { return };
                let param = func.decl.signature.params.get(at).filter(|param| !param.variadic);
                if let Some(lent) = param.and_then(|param| lends(&param.ty)) {
                    self.note(&call.args[at], lent);
                }
            }
        }
    }
}

/// Whether an expression is of a type that this is about: a channel, or a condition.
pub fn is_kept(ty: &Type) -> bool {
    matches!(ty, Type::Chan(_))
        || ty
            .pointee()
            .named()
            .is_some_and(|named| names::types().conditions.holds(&named.package, &named.name))
}
