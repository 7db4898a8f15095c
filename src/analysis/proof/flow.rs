//! What is tied to the resource in one declaration, and every use of that: all statements and expressions are
//! gone through until nothing new is found to be tied, whatever the order in which they run.
//!
//! Calls are `calls`', what is stored where is `ownership`'s, goroutines are `goroutines`'. What is known
//! so far is `state`'s: a value leads from each of them to the others.

use std::sync::Arc;

use crate::analysis::graph::scopes::{BodyId, VarId};
use crate::analysis::proof::ownership::{Owner, StoreTarget, place};
use crate::analysis::proof::state::{Asked, Flow, Seen};
use crate::analysis::proof::tie::{Held, Tie, Value, join};
use crate::base::diagnostic::Verdict;
use crate::base::text::Span;
use crate::go::syntax::ast::*;
use crate::go::types::members::Member;
use crate::go::types::type_expr::Type;

/// How often a declaration is gone through before it counts as too tangled.
const MAX_ROUNDS: usize = 40;

impl<'a> Flow<'_, 'a> {
    /// Goes through the declaration's own body until nothing changes.
    pub(crate) fn run(&mut self, body: &'a Block) {
        for _ in 0..MAX_ROUNDS {
            self.changed = false;
            self.against.clear();
            self.steps.clear();
            self.bodies = vec![BodyId(0)];
            self.stmts(&body.stmts);
            if !self.changed {
                self.against.sort_by_key(|against| against.span);
                self.steps.sort_by_key(|step| step.span);
                self.steps.dedup();
                return;
            }
        }
        self.object(body.span, "the function is too tangled to be followed");
    }

    pub(crate) fn stmts(&mut self, stmts: &'a [Stmt]) {
        for stmt in stmts {
            self.stmt(stmt);
        }
    }

    fn stmt(&mut self, stmt: &'a Stmt) {
        match &stmt.kind {
            StmtKind::Expr(expr) | StmtKind::IncDec(expr) => drop(self.values(expr)),
            StmtKind::Send { channel, value } => self.send(channel, value, stmt.span),
            StmtKind::Assign { left, right, .. } | StmtKind::Define { left, right } => {
                let values = self.list(right, left.len());
                for (target, value) in left.iter().zip(values) {
                    self.assign(target, value, stmt.span);
                }
            }
            StmtKind::Var(specs) => specs.iter().for_each(|spec| self.var_spec(spec)),
            StmtKind::Return(exprs) => self.returned(exprs, stmt.span),
            StmtKind::Go(expr) => self.go(expr, stmt),
            StmtKind::Defer(expr) => self.defer(expr, stmt.span),
            StmtKind::Block(block) => self.stmts(&block.stmts),
            StmtKind::Labeled { stmt: Some(inner), .. } => self.stmt(inner),
            StmtKind::If(_)
            | StmtKind::For(_)
            | StmtKind::Switch(_)
            | StmtKind::TypeSwitch(_)
            | StmtKind::Select(_) => self.compound(stmt),
            StmtKind::Const(_)
            | StmtKind::Type(_)
            | StmtKind::Break(_)
            | StmtKind::Continue(_)
            | StmtKind::Goto(_)
            | StmtKind::Labeled { stmt: None, .. }
            | StmtKind::Fallthrough
            | StmtKind::Empty => {}
        }
    }

    fn compound(&mut self, stmt: &'a Stmt) {
        match &stmt.kind {
            StmtKind::If(branch) => {
                branch.init.iter().for_each(|init| self.stmt(init));
                self.value(&branch.condition);
                self.stmts(&branch.then.stmts);
                branch.otherwise.iter().for_each(|other| self.stmt(other));
            }
            StmtKind::For(looped) => {
                match &looped.head {
                    ForHead::Clause { init, condition, update } => {
                        init.iter().for_each(|one| self.stmt(one));
                        condition.iter().for_each(|one| drop(self.value(one)));
                        update.iter().for_each(|one| self.stmt(one));
                    }
                    ForHead::Range { left, right, .. } => self.range(left, right, stmt.span),
                }
                self.stmts(&looped.body.stmts);
            }
            StmtKind::Switch(switch) => {
                switch.init.iter().for_each(|init| self.stmt(init));
                switch.value.iter().for_each(|value| drop(self.value(value)));
                for case in &switch.cases {
                    case.values.iter().for_each(|value| drop(self.value(value)));
                    self.stmts(&case.stmts);
                }
            }
            StmtKind::TypeSwitch(switch) => {
                switch.init.iter().for_each(|init| self.stmt(init));
                let value = self.value(&switch.value);
                let alias = switch.alias.as_ref().and_then(|alias| self.typing.scopes.var(alias));
                if let (Some(var), Some(value)) = (alias, value) {
                    self.set(var, value, switch.value.span);
                }
                switch.cases.iter().for_each(|case| self.stmts(&case.stmts));
            }
            StmtKind::Select(cases) => {
                for case in cases {
                    match &case.communication {
                        Some(Communication::Send { channel, value }) => self.send(channel, value, case.span),
                        Some(Communication::Receive { left, right, .. }) => {
                            let values = self.list(std::slice::from_ref(right), left.len().max(1));
                            for (target, value) in left.iter().zip(values) {
                                self.assign(target, value, case.span);
                            }
                        }
                        None => {}
                    }
                    self.stmts(&case.stmts);
                }
            }
            _ => {}
        }
    }

    fn send(&mut self, channel: &'a Expr, value: &'a Expr, span: Span) {
        self.value(channel);
        if self.value(value).is_some() {
            self.object(span, "sent on a channel");
        }
    }

    fn var_spec(&mut self, spec: &'a VarSpec) {
        let values = self.list(&spec.values, spec.names.len());
        for (name, value) in spec.names.iter().zip(values) {
            if let (Some(var), Some(value)) = (self.typing.scopes.var(name), value) {
                self.set(var, value, spec.span);
            }
        }
    }

    fn range(&mut self, left: &'a [Expr], right: &'a Expr, span: Span) {
        let whole = self.value(right);
        for target in left {
            let part = whole.as_ref().and_then(|whole| self.types().part(whole, &self.typing.of(target)));
            self.assign(target, part, span);
        }
    }

    fn returned(&mut self, exprs: &'a [Expr], span: Span) {
        let body = self.body();
        let count = self.typing.scopes.body(body).signature.results.len();
        // What goes out above the release goes without it.
        if matches!(self.asked, Asked::Call { at, .. } if self.is_over(span, at)) {
            exprs.iter().for_each(|one| drop(self.values(one)));
            return;
        }
        for (index, value) in self.list(exprs, count).into_iter().enumerate() {
            if let Some(value) = value {
                self.leaves(body, index, value, span);
            }
        }
    }

    /// What runs when a body ends: a `defer` above the release runs after it.
    fn defer(&mut self, expr: &'a Expr, span: Span) {
        self.value(expr);
        if let Asked::Call { at, .. } = self.asked
            && self.body() == self.root
            && span.start < at
            && self.captures(span)
        {
            self.object(span, "deferred above the release, it runs after that");
        }
    }

    /// The values of a list of expressions, `count` of them where one call gives them all.
    pub(crate) fn list(&mut self, exprs: &'a [Expr], count: usize) -> Vec<Held> {
        match exprs {
            [one] if count > 1 => self.values(one),
            exprs => exprs.iter().map(|one| self.value(one)).collect(),
        }
    }

    fn assign(&mut self, target: &'a Expr, value: Held, span: Span) {
        match &target.unparen().kind {
            ExprKind::Ident(ident) if ident.is_blank() => {}
            ExprKind::Ident(ident) => match (self.typing.scopes.var(ident), value) {
                // The error of a method of the library says what went wrong, and no more.
                (Some(var), Some(value))
                    if value.tie == Tie::Handle && value.ty.is_none() && self.is_error(var) => {}
                (Some(var), Some(value)) => self.set(var, value, span),
                (None, Some(value)) => self.expose(
                    span,
                    Self::stored(&value),
                    format!("stored in the package variable `{}`", ident.name),
                ),
                (_, None) => {}
            },
            ExprKind::Index { operand, indices } => {
                self.value(operand);
                let key = indices.iter().fold(None, |held, index| join(held, self.value(index)));
                if let Some(value) = join(value, key) {
                    self.store(target, value, span);
                }
            }
            ExprKind::Selector { operand, .. } | ExprKind::Pointer(operand) => {
                self.value(operand);
                if let Some(value) = value {
                    self.store(target, value, span);
                }
            }
            _ => {
                if value.is_some() {
                    self.object(span, "stored where nobody can follow it");
                }
            }
        }
    }

    fn is_error(&self, var: VarId) -> bool {
        self.typing.var(var).is_some_and(|ty| ty.is_error())
    }

    /// Puts a tied value into what `target` names.
    pub(crate) fn store(&mut self, target: &'a Expr, value: Value, span: Span) {
        let stored = Self::stored(&value);
        let (var, behind) = match place(self.typing, target) {
            StoreTarget::In(var) => (var, false),
            StoreTarget::Behind(var) => (var, true),
            StoreTarget::Global => {
                return self.expose(span, stored, "stored in a package variable");
            }
            StoreTarget::Unknown => return self.object(span, "stored where nobody can follow it"),
        };
        // What the resource, or something made from it, keeps of another such thing stays in the family.
        if self.vars.get(&var).is_some_and(|held| held.tie != Tie::Holder) {
            return;
        }
        let name = self.name(var);
        match self.ownership.owner(self.typing, self.root, var) {
            Owner::Local if behind => {
                self.object(span, format!("stored in something that `{name}` only leads to"))
            }
            Owner::Local => {
                self.step(span, format!("put into `{name}`, which is made here and followed as well"));
                let fields = self.field_of(target);
                let held = Value { ty: self.exact(var), fields, memory: value.memory, ..Value::held() };
                self.set(var, held, span);
            }
            Owner::Param(index) => {
                let seen = if value.tie == Tie::Handle { Seen::Unknown } else { self.through(index) };
                self.expose(span, seen, format!("stored in what `{name}` leads to"))
            }
            Owner::Global => {
                self.expose(span, stored, format!("stored in `{name}`, which a package variable leads to"))
            }
            Owner::Outer => {
                self.object(span, format!("stored in `{name}`, a variable of the function around this one"))
            }
            Owner::Unknown => {
                self.object(span, format!("stored in `{name}`, which may have come from elsewhere"))
            }
        }
    }

    /// The field of the struct itself that an assignment goes to.
    fn field_of(&self, target: &Expr) -> Option<Arc<[Arc<str>]>> {
        match &target.unparen().kind {
            ExprKind::Selector { operand, field } => match &operand.unparen().kind {
                ExprKind::Selector { .. } => self.field_of(operand),
                ExprKind::Ident(_) => Some(Arc::from([field.name.clone()])),
                _ => None,
            },
            _ => None,
        }
    }

    /// Who sees what is stored for all to see: something made from the resource need not be it.
    fn stored(value: &Value) -> Seen {
        match value.tie {
            Tie::Handle => Seen::Unknown,
            Tie::Holder if value.memory => Seen::Unknown,
            Tie::Itself | Tie::Holder => Seen::By(Verdict::Stored),
        }
    }

    /// The type of a variable that is no interface.
    fn exact(&self, var: VarId) -> Option<Type> {
        self.typing
            .var(var)
            .filter(|ty| ty.why_unknown().is_none() && !self.types().database.is_interface(ty))
    }

    /// An expression of one value.
    pub(crate) fn value(&mut self, expr: &'a Expr) -> Held {
        self.values(expr).into_iter().next().flatten()
    }

    /// The values of an expression: one, or all that it gives.
    fn values(&mut self, expr: &'a Expr) -> Vec<Held> {
        match &expr.kind {
            ExprKind::Paren(inner) => return self.values(inner),
            ExprKind::Call(call) => return self.call(call),
            ExprKind::TypeAssert { operand, ty } => {
                let value = self.value(operand);
                let ty = self.types().database.type_of(self.file(), ty);
                let value = value.map(|value| match self.types().is_target(&ty) {
                    true => Value::of(Tie::Itself.max(value.tie)),
                    false => value,
                });
                return vec![value, None];
            }
            ExprKind::Receive(channel) => {
                let whole = self.value(channel);
                let part = whole.and_then(|whole| self.types().part(&whole, &self.typing.of(expr)));
                return vec![part, None];
            }
            ExprKind::Index { operand, indices } => {
                let whole = self.value(operand);
                indices.iter().for_each(|index| drop(self.value(index)));
                let part = whole.and_then(|whole| self.types().part(&whole, &self.typing.of(expr)));
                return vec![part, None];
            }
            _ => {}
        }
        vec![self.simple(expr)]
    }

    fn simple(&mut self, expr: &'a Expr) -> Held {
        match &expr.kind {
            ExprKind::Ident(ident) => {
                let var = self.typing.scopes.var(ident)?;
                self.vars.get(&var).cloned()
            }
            ExprKind::Selector { operand, field } => self.selector(expr, operand, field),
            ExprKind::Unary { operand, .. } => {
                self.value(operand);
                None
            }
            ExprKind::Binary { left, right, .. } => {
                if self.value(left).is_some() | self.value(right).is_some() {
                    self.step(expr.span, "compared");
                }
                None
            }
            ExprKind::AddressOf(inner) => match &inner.unparen().kind {
                ExprKind::Composite { .. } => {
                    self.value(inner).map(|value| Value { ty: value.ty.map(Type::pointer), ..value })
                }
                _ => self.value(inner).map(|value| match value.tie {
                    Tie::Handle | Tie::Holder => Value { ty: value.ty.map(Type::pointer), ..value },
                    Tie::Itself => Value { memory: value.memory, ..Value::held() },
                }),
            },
            ExprKind::Pointer(inner) => self.value(inner).map(|value| Value { ty: None, ..value }),
            ExprKind::Slice { operand, bounds } => {
                bounds.iter().for_each(|bound| drop(self.value(bound)));
                self.value(operand)
            }
            ExprKind::Composite { ty, elements } => self.composite(expr, ty.as_deref(), elements),
            ExprKind::FuncLit(literal) => {
                self.literal(literal);
                let body = self.typing.scopes.literal(literal);
                let mute = body.is_some_and(|body| self.given_by(body).iter().all(Option::is_none));
                self.captures(expr.span).then(|| Value { mute, ..Value::held() })
            }
            _ => None,
        }
    }

    fn composite(&mut self, expr: &'a Expr, ty: Option<&Expr>, elements: &'a [Element]) -> Held {
        let mut held = None;
        let mut fields = Some(Vec::new());
        let keyed = ty.is_none_or(|ty| matches!(ty.kind, ExprKind::Map { .. }));
        for element in elements {
            if let Some(key) = element.key.as_ref().filter(|key| keyed || key.as_ident().is_none()) {
                held = join(held, self.value(key));
            }
            let value = self.value(&element.value);
            match element.key.as_ref().and_then(Expr::as_ident).filter(|_| !keyed) {
                Some(field) if value.is_some() => {
                    fields.iter_mut().for_each(|all| all.push(field.name.clone()))
                }
                None if value.is_some() => fields = None,
                _ => {}
            }
            held = join(held, value);
        }
        let ty = self.typing.of(expr);
        let memory = held.as_ref().is_some_and(|held: &Value| held.memory);
        // A record of the library's own with handles in it goes to the library.
        let tie = match held?.tie {
            Tie::Handle if self.types().is_family(&ty) => Tie::Handle,
            _ => Tie::Holder,
        };
        let fields = fields.filter(|_| !keyed).map(|mut fields| {
            fields.sort_unstable();
            fields.dedup();
            fields.into()
        });
        let ty = ty.why_unknown().is_none().then_some(ty);
        Some(Value { ty, fields, memory, ..Value::of(tie) })
    }

    /// The body of a function literal, which may run any time.
    pub(crate) fn literal(&mut self, literal: &'a FuncLit) {
        let Some(body) = self.typing.scopes.literal(literal) else { return };
        self.bodies.push(body);
        self.stmts(&literal.body.stmts);
        self.bodies.pop();
    }

    /// A field, or a method that is not called here.
    fn selector(&mut self, expr: &'a Expr, operand: &'a Expr, field: &Ident) -> Held {
        let whole = self.value(operand)?;
        let direct = || self.types().database.has_direct_field(&self.typing.of(operand), &field.name);
        if whole.tie == Tie::Holder && whole.spares(&field.name) && direct() {
            return None;
        }
        match self.types().database.member(&self.typing.of(operand), &field.name) {
            Some(Member::Method(_)) => {
                if whole.tie == Tie::Itself && self.context.is_release(&field.name) {
                    self.object(expr.span, format!("`{}` is handed out here", field.name));
                }
                if whole.tie == Tie::Holder {
                    self.object(expr.span, format!("the method `{}` of it is handed out", field.name));
                }
                Some(Value::held())
            }
            Some(Member::Field(ty)) => {
                let taken_back = whole.tie == Tie::Itself && self.context.takes_back(&field.name);
                let whole = Value { memory: whole.memory || taken_back, ..whole };
                self.types().part(&whole, &ty)
            }
            // Nobody knows whether it is a method: the type of the whole tells what there is to hold on to.
            None => self.types().part(&whole, &self.typing.of(expr)),
        }
    }
}
