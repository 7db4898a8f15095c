//! Which variable an identifier means, inside one declaration. Package-level names, imports and Go's own are
//! not resolved here.
//!
//! A declaration holds several *bodies*: the function's own and one for each function literal, whatever its
//! depth. Each variable belongs to the body that declares it, so that a use elsewhere is known to be a
//! capture.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::base::text::{Span, narrow};
use crate::go::syntax::ast::*;

/// A variable of one declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VarId(pub u32);

/// A function body of one declaration: 0 is the declaration's own, the others are function literals in source
/// order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BodyId(pub u32);

/// What is known of a variable.
#[derive(Debug)]
pub struct Var<'a> {
    pub name: Arc<str>,
    pub body: BodyId,
    pub origin: VarOrigin<'a>,
    /// Where it is declared, and where its scope ends.
    pub scope: Span,
}

/// Where a variable gets its first value from.
#[derive(Debug, Clone, Copy)]
pub enum VarOrigin<'a> {
    /// Receiver, parameter: the declared type. Variadic ones are slices of it.
    Param { ty: &'a Expr, index: ParamIndex, variadic: bool },
    /// A named result, by its position.
    Result { ty: &'a Expr, index: usize },
    /// `var x T`
    Declared { ty: &'a Expr },
    /// Bound to result `index` of `value`; `of` names are bound at once.
    Value { value: &'a Expr, index: usize, of: usize },
    /// `for x, y := range value`: 0 for x, 1 for y.
    Range { value: &'a Expr, index: usize },
    /// The alias of a type switch, or a receive in a select.
    Other,
}

/// Which parameter of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ParamIndex {
    Receiver,
    At(u32),
}

/// One function body with its signature.
#[derive(Debug, Clone, Copy)]
pub struct Body<'a> {
    pub signature: &'a Signature,
    pub block: &'a Block,
    /// The body around it; `None` for the declaration's own and for literals outside of any function.
    pub parent: Option<BodyId>,
}

/// The variables and bodies of one declaration.
#[derive(Debug, Default)]
pub struct Scopes<'a> {
    pub vars: Vec<Var<'a>>,
    pub bodies: Vec<Body<'a>>,
    uses: FxHashMap<u32, VarId>,
    /// The same in source order.
    in_order: Vec<(u32, VarId)>,
    /// The same by variable: where each is declared and used.
    used: Vec<Vec<u32>>,
    literals: FxHashMap<u32, BodyId>,
    params: FxHashMap<(BodyId, ParamIndex), VarId>,
    results: FxHashMap<(BodyId, usize), VarId>,
    assigned: FxHashMap<VarId, Vec<Assigned<'a>>>,
}

/// A value that a variable gets: result `index` of `value`, which gives `of` names theirs.
#[derive(Debug, Clone, Copy)]
pub struct Assigned<'a> {
    pub value: &'a Expr,
    pub index: usize,
    pub of: usize,
}

impl<'a> Scopes<'a> {
    /// Resolves a function declaration.
    pub fn of_func(func: &'a FuncDecl) -> Scopes<'a> {
        let mut builder = Builder::default();
        if let Some(block) = func.body() {
            let end = block.span.end;
            builder.scoped(end, |this| this.body(&func.signature, block, func.receiver.as_ref(), None));
        }
        builder.finish()
    }

    /// Resolves package-level variables, whose values may hold function literals.
    pub fn of_vars(specs: &'a [VarSpec]) -> Scopes<'a> {
        let mut builder = Builder::default();
        for value in specs.iter().flat_map(|spec| &spec.values) {
            builder.expr(value);
        }
        builder.finish()
    }

    /// The variable that `ident` uses or declares; `None` for package-level and foreign names, fields and
    /// methods.
    pub fn var(&self, ident: &Ident) -> Option<VarId> {
        self.uses.get(&ident.span.start).copied()
    }

    /// The variables used or declared within `span`, in source order.
    pub fn uses_in(&self, span: Span) -> impl Iterator<Item = VarId> + '_ {
        let from = self.in_order.partition_point(|(at, _)| *at < span.start);
        self.in_order[from..].iter().take_while(move |(at, _)| *at < span.end).map(|(_, var)| *var)
    }

    /// Where `var` is declared and used, as it was resolved.
    pub fn uses_of(&self, var: VarId) -> impl Iterator<Item = u32> + '_ {
        self.used[var.0 as usize].iter().copied()
    }

    /// What is known of a variable.
    pub fn info(&self, var: VarId) -> &Var<'a> {
        &self.vars[var.0 as usize]
    }

    /// The body of a function literal, by the span of the literal's block.
    pub fn literal(&self, literal: &FuncLit) -> Option<BodyId> {
        self.literals.get(&literal.body.span.start).copied()
    }

    /// The variable of a parameter; `None` when it has no name or is `_`.
    pub fn param(&self, body: BodyId, index: ParamIndex) -> Option<VarId> {
        self.params.get(&(body, index)).copied()
    }

    /// The variable of a named result.
    pub fn result(&self, body: BodyId, index: usize) -> Option<VarId> {
        self.results.get(&(body, index)).copied()
    }

    /// Every value that the declaration gives to a variable by name, in source order.
    pub fn assigned(&self, var: VarId) -> &[Assigned<'a>] {
        self.assigned.get(&var).map_or(&[], Vec::as_slice)
    }

    /// A body by its id.
    pub fn body(&self, body: BodyId) -> &Body<'a> {
        &self.bodies[body.0 as usize]
    }

    /// The innermost body around `span`.
    pub fn body_around(&self, span: Span) -> Option<BodyId> {
        let around = self.bodies.iter().enumerate().filter(|(_, body)| body.block.span.contains(span));
        around
            .min_by_key(|(_, body)| body.block.span.end - body.block.span.start)
            .map(|(at, _)| BodyId(narrow(at)))
    }
}

#[derive(Default)]
struct Builder<'a> {
    scopes: Scopes<'a>,
    /// What is declared in the open scopes, innermost last.
    open: Vec<VarId>,
    /// The same by name: of several, the last one counts.
    named: FxHashMap<Arc<str>, Vec<VarId>>,
    /// For each open scope, how many variables there were when it was opened.
    starts: Vec<usize>,
    body: Option<BodyId>,
}

impl<'a> Builder<'a> {
    fn finish(mut self) -> Scopes<'a> {
        self.scopes.in_order = self.scopes.uses.iter().map(|(at, var)| (*at, *var)).collect();
        self.scopes.in_order.sort_unstable();
        self.scopes
    }

    fn body(
        &mut self,
        signature: &'a Signature,
        block: &'a Block,
        receiver: Option<&'a Param>,
        literal: Option<&'a FuncLit>,
    ) {
        let id = BodyId(narrow(self.scopes.bodies.len()));
        self.scopes.bodies.push(Body { signature, block, parent: self.body });
        if let Some(literal) = literal {
            self.scopes.literals.insert(literal.body.span.start, id);
        }
        let outer = self.body.replace(id);
        if let Some(param) = receiver {
            self.param(id, ParamIndex::Receiver, param);
        }
        for (at, param) in signature.params.iter().enumerate() {
            self.param(id, ParamIndex::At(narrow(at)), param);
        }
        for (index, result) in signature.results.iter().enumerate() {
            if let Some(name) = &result.name {
                let var = self.declare(name, VarOrigin::Result { ty: &result.ty, index });
                self.scopes.results.extend(var.map(|var| ((id, index), var)));
            }
        }
        // Parameters share the outermost block's scope: no new one is opened here.
        self.stmts(&block.stmts);
        self.body = outer;
    }

    fn param(&mut self, body: BodyId, index: ParamIndex, param: &'a Param) {
        if let Some(name) = &param.name {
            let var = self.declare(name, VarOrigin::Param { ty: &param.ty, index, variadic: param.variadic });
            self.scopes.params.extend(var.map(|var| ((body, index), var)));
        }
    }

    fn declare(&mut self, ident: &Ident, origin: VarOrigin<'a>) -> Option<VarId> {
        if ident.is_blank() {
            return None;
        }
        let id = VarId(narrow(self.scopes.vars.len()));
        let body = self.body.unwrap_or(BodyId(0));
        let scope = Span::new(ident.span.start, ident.span.start);
        self.scopes.vars.push(Var { name: ident.name.clone(), body, origin, scope });
        self.scopes.used.push(Vec::new());
        self.note_use(ident, id);
        self.open.push(id);
        self.named.entry(ident.name.clone()).or_default().push(id);
        Some(id)
    }

    fn note_use(&mut self, ident: &Ident, var: VarId) {
        if self.scopes.uses.insert(ident.span.start, var).is_none() {
            self.scopes.used[var.0 as usize].push(ident.span.start);
        }
    }

    fn lookup(&self, name: &str) -> Option<VarId> {
        self.named.get(name)?.last().copied()
    }

    fn block(&mut self, block: &'a Block) {
        self.scoped(block.span.end, |this| this.stmts(&block.stmts));
    }

    fn list(&mut self, stmts: &'a [Stmt]) {
        let end = stmts.last().map_or(0, |last| last.span.end);
        self.scoped(end, |this| this.stmts(stmts));
    }

    /// What is declared by `work` is in scope up to `end`.
    fn scoped(&mut self, end: u32, work: impl FnOnce(&mut Self)) {
        let depth = self.open.len();
        self.starts.push(depth);
        work(self);
        self.starts.pop();
        for id in self.open.drain(depth..) {
            let var = &mut self.scopes.vars[id.0 as usize];
            var.scope.end = end.max(var.scope.start);
            self.named.get_mut(&var.name).map(Vec::pop);
        }
    }

    fn stmts(&mut self, stmts: &'a [Stmt]) {
        for stmt in stmts {
            self.stmt(stmt);
        }
    }

    fn exprs(&mut self, exprs: &'a [Expr]) {
        for expr in exprs {
            self.expr(expr);
        }
    }

    fn stmt(&mut self, stmt: &'a Stmt) {
        match &stmt.kind {
            StmtKind::Expr(expr) | StmtKind::IncDec(expr) | StmtKind::Go(expr) | StmtKind::Defer(expr) => {
                self.expr(expr)
            }
            StmtKind::Send { channel, value } => {
                self.expr(channel);
                self.expr(value);
            }
            StmtKind::Assign { left, right, .. } => {
                self.exprs(right);
                self.exprs(left);
                self.note_values(left, right);
            }
            StmtKind::Define { left, right } => self.define(left, right),
            StmtKind::Var(specs) | StmtKind::Const(specs) => {
                specs.iter().for_each(|spec| self.var_spec(spec))
            }
            StmtKind::Return(values) => self.exprs(values),
            StmtKind::Block(block) => self.block(block),
            StmtKind::Labeled { stmt: Some(stmt), .. } => self.stmt(stmt),
            StmtKind::If(_)
            | StmtKind::For(_)
            | StmtKind::Switch(_)
            | StmtKind::TypeSwitch(_)
            | StmtKind::Select(_) => {
                self.scoped(stmt.span.end, |this| this.compound(stmt));
            }
            StmtKind::Type(_)
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
                self.expr(&branch.condition);
                self.block(&branch.then);
                branch.otherwise.iter().for_each(|stmt| self.stmt(stmt));
            }
            StmtKind::For(looped) => {
                match &looped.head {
                    ForHead::Clause { init, condition, update } => {
                        init.iter().for_each(|stmt| self.stmt(stmt));
                        condition.iter().for_each(|expr| self.expr(expr));
                        update.iter().for_each(|stmt| self.stmt(stmt));
                    }
                    ForHead::Range { left, define, right } => {
                        self.expr(right);
                        for (index, name) in left.iter().enumerate() {
                            match name.as_ident() {
                                Some(ident) if *define => {
                                    self.declare(ident, VarOrigin::Range { value: right, index });
                                }
                                _ => self.expr(name),
                            }
                        }
                    }
                }
                self.block(&looped.body);
            }
            StmtKind::Switch(switch) => {
                switch.init.iter().for_each(|init| self.stmt(init));
                switch.value.iter().for_each(|value| self.expr(value));
                for case in &switch.cases {
                    self.exprs(&case.values);
                    self.list(&case.stmts);
                }
            }
            StmtKind::TypeSwitch(switch) => {
                switch.init.iter().for_each(|init| self.stmt(init));
                self.expr(&switch.value);
                // One variable for all cases, though its type is another in each.
                if let Some(alias) = &switch.alias {
                    self.declare(alias, VarOrigin::Other);
                }
                for case in &switch.cases {
                    self.list(&case.stmts);
                }
            }
            StmtKind::Select(cases) => {
                for case in cases {
                    let end = case.stmts.last().map_or(0, |last| last.span.end);
                    self.scoped(end, |this| {
                        this.communication(case.communication.as_ref());
                        this.stmts(&case.stmts);
                    });
                }
            }
            _ => {}
        }
    }

    fn communication(&mut self, communication: Option<&'a Communication>) {
        match communication {
            Some(Communication::Send { channel, value }) => {
                self.expr(channel);
                self.expr(value);
            }
            Some(Communication::Receive { left, define, right }) => {
                self.expr(right);
                for name in left {
                    match name.as_ident() {
                        Some(ident) if *define => drop(self.declare(ident, VarOrigin::Other)),
                        _ => self.expr(name),
                    }
                }
            }
            None => {}
        }
    }

    fn note_values(&mut self, left: &[Expr], right: &'a [Expr]) {
        for (at, target) in left.iter().enumerate() {
            let Some(var) = target.as_ident().and_then(|ident| self.scopes.var(ident)) else { continue };
            self.scopes.assigned.entry(var).or_default().extend(assigned(right, at, left.len()));
        }
    }

    /// `:=` declares the names that are new in this scope and assigns the others.
    fn define(&mut self, left: &'a [Expr], right: &'a [Expr]) {
        self.define_names(left, right);
        self.note_values(left, right);
    }

    fn define_names(&mut self, left: &'a [Expr], right: &'a [Expr]) {
        self.exprs(right);
        for (at, name) in left.iter().enumerate() {
            let Some(ident) = name.as_ident() else {
                self.expr(name);
                continue;
            };
            if let Some(var) = self.declared_here(&ident.name) {
                self.note_use(ident, var);
                continue;
            }
            self.declare(ident, bound_to(right, at, left.len()));
        }
    }

    /// The variable of that name if the innermost scope declares it.
    fn declared_here(&self, name: &str) -> Option<VarId> {
        let start = self.starts.last().copied().unwrap_or(0);
        // Variables are numbered as they are declared: those of scopes around have lower numbers.
        let first = self.open.get(start)?;
        self.lookup(name).filter(|var| var >= first)
    }

    fn var_spec(&mut self, spec: &'a VarSpec) {
        self.exprs(&spec.values);
        for (at, name) in spec.names.iter().enumerate() {
            let origin = match (&spec.ty, spec.values.is_empty()) {
                (Some(ty), _) => VarOrigin::Declared { ty },
                (None, false) => bound_to(&spec.values, at, spec.names.len()),
                (None, true) => VarOrigin::Other,
            };
            if let Some(var) = self.declare(name, origin) {
                self.scopes.assigned.entry(var).or_default().extend(assigned(
                    &spec.values,
                    at,
                    spec.names.len(),
                ));
            }
        }
    }

    fn expr(&mut self, expr: &'a Expr) {
        match &expr.kind {
            ExprKind::Ident(ident) => {
                if let Some(var) = self.lookup(&ident.name) {
                    self.note_use(ident, var);
                }
            }
            ExprKind::FuncLit(literal) => self.scoped(literal.body.span.end, |this| {
                this.body(&literal.signature, &literal.body, None, Some(literal));
            }),
            ExprKind::Composite { elements, .. } => {
                for element in elements {
                    // A bare identifier as key may be a field's name. Only a variable can make it a use, and
                    // taking a field for one is harmless: keys are not looked at.
                    element.key.iter().for_each(|key| self.expr(key));
                    self.expr(&element.value);
                }
            }
            ExprKind::Selector { operand, .. } => self.expr(operand),
            ExprKind::Call(call) => {
                self.expr(&call.function);
                self.exprs(&call.args);
            }
            ExprKind::Unary { operand, .. }
            | ExprKind::AddressOf(operand)
            | ExprKind::Receive(operand)
            | ExprKind::Paren(operand)
            | ExprKind::Pointer(operand)
            | ExprKind::TypeAssert { operand, .. } => self.expr(operand),
            ExprKind::Binary { left, right, .. } => {
                self.expr(left);
                self.expr(right);
            }
            ExprKind::Index { operand, indices } => {
                self.expr(operand);
                self.exprs(indices);
            }
            ExprKind::Slice { operand, bounds } => {
                self.expr(operand);
                self.exprs(bounds);
            }
            ExprKind::Literal(_)
            | ExprKind::Array(_)
            | ExprKind::SliceOf(_)
            | ExprKind::Map { .. }
            | ExprKind::Chan { .. }
            | ExprKind::FuncType(_)
            | ExprKind::Struct(_)
            | ExprKind::Interface(_)
            | ExprKind::Other => {}
        }
    }
}

fn bound_to(values: &[Expr], at: usize, of: usize) -> VarOrigin<'_> {
    let origin = |Assigned { value, index, of }| VarOrigin::Value { value, index, of };
    assigned(values, at, of).map_or(VarOrigin::Other, origin)
}

/// What the name at `at` of `of` names gets.
fn assigned(values: &[Expr], at: usize, of: usize) -> Option<Assigned<'_>> {
    match values {
        [value] if of > 1 => Some(Assigned { value, index: at, of }),
        values => values.get(at).map(|value| Assigned { value, index: 0, of: 1 }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::go::syntax::parse::parse;

    /// The variables behind each use of `c`, in source order, as "declaration offset order" numbers.
    fn uses_of_c(text: &str) -> Vec<Option<u32>> {
        let parsed = parse(text.as_bytes(), Span::new(0, narrow(text.len()))).unwrap();
        let Decl::Func(func) = parsed.lower().unwrap() else { panic!() };
        let scopes = Scopes::of_func(&func);
        let at = |start: usize| scopes.uses.get(&narrow(start)).map(|var| var.0);
        let boundary = |byte: u8| !(byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.');
        let bytes = text.as_bytes();
        (1..bytes.len() - 1)
            .filter(|&i| {
                bytes[i] == b'c' && boundary(bytes[i - 1]) && (boundary(bytes[i + 1]) || bytes[i + 1] == b'.')
            })
            .map(at)
            .collect()
    }

    #[test]
    fn define_assigns_a_parameter_in_the_outermost_scope() {
        assert_eq!(
            uses_of_c("func f(c *C) { c, err := New(); _ = err; c.Close() }"),
            [Some(0), Some(0), Some(0)]
        );
    }

    #[test]
    fn a_variable_is_in_scope_to_the_end_of_its_block() {
        let text = "func f(p int) { a := 1; if b := a; b > 0 { c := b; use(c) } ; d := a; use(d) }";
        let parsed = parse(text.as_bytes(), Span::new(0, narrow(text.len()))).unwrap();
        let Decl::Func(func) = parsed.lower().unwrap() else { panic!() };
        let scopes = Scopes::of_func(&func);
        let seen = |marker: &str| {
            let at = narrow(text.find(marker).unwrap());
            let visible = scopes.vars.iter().filter(|var| var.scope.start < at && at <= var.scope.end);
            visible.map(|var| var.name.to_string()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(seen("use(c)"), "p a b c");
        assert_eq!(seen("; d"), "p a");
        assert_eq!(seen("use(d)"), "p a d");
    }

    #[test]
    fn inner_scopes_shadow() {
        let uses = uses_of_c("func f() { c := New(); if c := Other(); c != nil { c.Use() }; c.Close() }");
        assert_eq!(uses, [Some(0), Some(1), Some(1), Some(1), Some(0)]);
    }

    #[test]
    fn a_value_is_resolved_before_its_name_is_declared() {
        assert_eq!(
            uses_of_c("func f() { c := New(); { c := wrap(c); c.Use() } }"),
            [Some(0), Some(1), Some(0), Some(1)]
        );
    }

    #[test]
    fn literals_capture() {
        let text = "func f() { c := New(); go func(c *C) { c.Use() }(c) }";
        assert_eq!(uses_of_c(text), [Some(0), Some(1), Some(1), Some(0)]);
    }

    #[test]
    fn cases_have_scopes_of_their_own() {
        let text = "func f() { switch { case a: c := 1; _ = c; default: c := 2; _ = c } }";
        assert_eq!(uses_of_c(text), [Some(0), Some(0), Some(1), Some(1)]);
    }

    #[test]
    fn package_names_and_fields_are_left_alone() {
        assert_eq!(uses_of_c("func f() { c.Use(); x.c = 1 }"), [None]);
    }
}
