//! Whether a maker lets others have what it gives its caller: registers it, stores it, sends it, hands its
//! release to somebody who will call it.
//!
//! Each occurrence of the variables that are returned has to be one of a closed list of uses, in function
//! literals too; the first that is none stands against a proof that the caller has it alone.

use rustc_hash::FxHashSet;

use crate::analysis::dataflow::assignments::root;
use crate::analysis::graph::known;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, Scopes, VarId, VarOrigin};
use crate::base::diagnostic::Evidence;
use crate::base::text::{Span, narrow};
use crate::go::facts::names;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::FileScope;
use crate::go::types::expressions::Callee;
use crate::go::types::members::Member;

/// Callees that get it are followed this deep.
const MAX_DEPTH: usize = 5;

/// The first use of one of `vars` in `body`, the body of a maker, by which somebody else may get it.
pub fn besides(typing: &Typing, body: &Block, vars: &[VarId]) -> Option<Evidence> {
    let is_own = |var: &VarId| {
        matches!(
            typing.scopes.info(*var).origin,
            VarOrigin::Value { .. } | VarOrigin::Declared { .. } | VarOrigin::Result { .. }
        )
    };
    let vars: FxHashSet<VarId> = vars.iter().copied().filter(is_own).collect();
    served(typing, body, &vars).or_else(|| Uses::new(typing, vars, 0).first(body))
}

/// Where what is returned is served with: who asks there goes on after the maker has come back.
fn served(typing: &Typing, body: &Block, vars: &FxHashSet<VarId>) -> Option<Evidence> {
    let is_it = |arg: &Expr| {
        let var = arg.as_ident().and_then(|ident| typing.scopes.var(ident));
        var.is_some_and(|var| vars.contains(&var))
    };
    let mut found = None;
    visit::block(body, &mut |expr| {
        let Some(call) = expr.as_call().filter(|call| call.span == expr.span) else { return };
        if call.name().is_some_and(known::takes_listener) && call.args.iter().any(is_it) {
            found.get_or_insert(call.span);
        }
    });
    found.map(|span| typing.evidence(span, "its maker has requests served with it"))
}

/// Where a maker lets others have a part of what it gives, which the release of the whole ends: what is
/// stored, handed to a goroutine, or set where others find it. What only wraps a part keeps it within the
/// whole.
pub fn part(typing: &Typing, body: &Block, vars: &[VarId]) -> Option<Evidence> {
    part_in(typing, body, vars, 0)
}

fn part_in(typing: &Typing, body: &Block, vars: &[VarId], depth: usize) -> Option<Evidence> {
    let scopes = typing.scopes;
    let uses = Uses::new(typing, vars.iter().copied().collect(), depth);
    let is_local = |target: &Expr| match root(target).and_then(|ident| scopes.var(ident)) {
        Some(var) => !matches!(scopes.info(var).origin, VarOrigin::Param { .. }),
        None => root(target).is_some_and(Ident::is_blank),
    };
    let mut found: Option<Span> = None;
    let mut say = |span: Span| found = found.or(Some(span));
    visit::body(body, &mut |stmt| match &stmt.kind {
        StmtKind::Assign { left, right, .. } if left.len() == right.len() => {
            let gives = |(target, value): (&Expr, &Expr)| !is_local(target) && uses.is_around(value);
            if left.iter().zip(right).any(gives) {
                say(stmt.span);
            }
        }
        StmtKind::Send { value, .. } if uses.is_around(value) => say(stmt.span),
        StmtKind::Go(expr) => {
            let args = expr.as_call().map(|call| call.args.as_slice()).unwrap_or_default();
            if args.iter().any(|arg| uses.is_around(arg)) {
                say(stmt.span);
            }
        }
        _ => {}
    });
    let mut inner = None;
    visit::block(body, &mut |expr| {
        let Some(call) = expr.as_call().filter(|call| call.span == expr.span) else { return };
        for at in (0..call.args.len()).filter(|at| uses.is_around(&call.args[*at])) {
            let own = typing.called(call).filter(|func| !typing.database.is_dependency(&func.package));
            match own {
                Some(func) if func.decl.receiver.is_none() && depth < MAX_DEPTH => {
                    let Some(last) = func.decl.signature.params.len().checked_sub(1) else { continue };
                    let scopes = Scopes::of_func(&func.decl);
                    let param = scopes.param(BodyId(0), ParamIndex::At(narrow(at.min(last))));
                    if let (Some(param), Some(body)) = (param, func.decl.body()) {
                        let typing = Typing::new(typing.database, FileScope::of(&func), &scopes);
                        inner = inner.take().or_else(|| part_in(&typing, body, &[param], depth + 1));
                    }
                }
                Some(_) => {}
                None => {
                    let on = match &call.function.unparen().kind {
                        ExprKind::Selector { operand, .. } => is_local(operand),
                        _ => true,
                    };
                    let name = call.name().unwrap_or_default();
                    let sets = typing.ask(call, known::stores) == Some(true) || name.starts_with("Set");
                    if sets && !on {
                        say(call.span);
                    }
                }
            }
        }
    });
    found.map(|span| typing.evidence(span, "a part of what is made is handed to others here")).or(inner)
}

/// The uses of what is followed in one body.
struct Uses<'t, 'a, 'w> {
    typing: &'t Typing<'a, 'w>,
    vars: FxHashSet<VarId>,
    /// Where the uses that keep nothing begin.
    fine: FxHashSet<u32>,
    against: Option<Evidence>,
    depth: usize,
}

impl<'t, 'a, 'w> Uses<'t, 'a, 'w> {
    fn new(typing: &'t Typing<'a, 'w>, vars: FxHashSet<VarId>, depth: usize) -> Uses<'t, 'a, 'w> {
        Uses { typing, vars, fine: FxHashSet::default(), against: None, depth }
    }

    fn first(mut self, body: &Block) -> Option<Evidence> {
        if self.vars.is_empty() {
            return None;
        }
        self.follow_names(body);
        self.body(body);
        let mut rest: Vec<(u32, VarId)> = self
            .vars
            .iter()
            .flat_map(|var| self.typing.scopes.uses_of(*var).map(|at| (at, *var)))
            .filter(|(at, _)| body.span.start <= *at && *at < body.span.end && !self.fine.contains(at))
            .collect();
        rest.sort();
        self.against.or_else(|| {
            let (at, var) = *rest.first()?;
            let name = &self.typing.scopes.info(var).name;
            let words = format!("`{name}` is handed to others before its maker returns it");
            Some(self.typing.evidence(Span::new(at, at), words))
        })
    }

    /// Other local names, and structs made around it here, are followed as well.
    fn follow_names(&mut self, body: &Block) {
        loop {
            let mut more = Vec::new();
            let mut see = |left: &Expr, right: &Expr| {
                let target = left.as_ident().and_then(|ident| self.typing.scopes.var(ident));
                if let Some(target) = target.filter(|var| !self.vars.contains(var))
                    && self.is_around(right)
                    && self.is_local(target)
                {
                    more.push(target);
                }
            };
            let mut each = |stmt: &Stmt| {
                if let StmtKind::Define { left, right } | StmtKind::Assign { left, right, .. } = &stmt.kind
                    && left.len() == right.len()
                {
                    left.iter().zip(right).for_each(|(left, right)| see(left, right));
                }
            };
            visit::body(body, &mut each);
            if more.is_empty() {
                return;
            }
            self.vars.extend(more);
        }
    }

    fn is_local(&self, var: VarId) -> bool {
        !matches!(self.typing.scopes.info(var).origin, VarOrigin::Param { .. })
    }

    fn is_it(&self, expr: &Expr) -> bool {
        expr.as_ident()
            .and_then(|ident| self.typing.scopes.var(ident))
            .is_some_and(|var| self.vars.contains(&var))
    }

    /// The thing itself, or a literal, a pointer or a conversion around it.
    fn is_around(&self, expr: &Expr) -> bool {
        match &expr.unparen().kind {
            ExprKind::Ident(_) => self.is_it(expr),
            ExprKind::AddressOf(inner) => {
                matches!(inner.unparen().kind, ExprKind::Composite { .. }) && self.is_around(inner)
            }
            ExprKind::Composite { elements, .. } => {
                elements.iter().any(|element| self.is_around(&element.value))
            }
            ExprKind::TypeAssert { operand, .. } => self.is_around(operand),
            ExprKind::Call(call) => {
                matches!(self.typing.callee(call), Callee::Conversion(_))
                    && call.args.iter().any(|arg| self.is_around(arg))
            }
            _ => false,
        }
    }

    /// A use that keeps nothing.
    fn allow(&mut self, expr: &Expr) {
        match &expr.unparen().kind {
            ExprKind::Ident(ident) => drop(self.fine.insert(ident.span.start)),
            ExprKind::AddressOf(inner) | ExprKind::TypeAssert { operand: inner, .. } => self.allow(inner),
            ExprKind::Composite { elements, .. } => {
                elements.iter().for_each(|element| self.allow(&element.value))
            }
            ExprKind::Call(call) if matches!(self.typing.callee(call), Callee::Conversion(_)) => {
                call.args.iter().for_each(|arg| self.allow(arg));
            }
            _ => {}
        }
    }

    fn body(&mut self, body: &Block) {
        visit::body(body, &mut |stmt| self.statement(stmt));
        visit::block(body, &mut |expr| self.expression(expr));
        let mut deferred = Vec::new();
        visit::body(body, &mut |stmt| {
            if let StmtKind::Defer(expr) | StmtKind::Go(expr) | StmtKind::Expr(expr) = &stmt.kind
                && let Some(ExprKind::FuncLit(literal)) =
                    expr.as_call().map(|call| &call.function.unparen().kind)
            {
                deferred.push(literal.body.span);
            }
        });
        visit::block(body, &mut |expr| {
            if let ExprKind::FuncLit(literal) = &expr.kind {
                visit::body(&literal.body, &mut |stmt| self.in_literal(stmt));
                if !deferred.contains(&literal.body.span) {
                    self.ends_later(&literal.body);
                }
            }
        });
        self.hands_on(body);
    }

    /// A literal that uses it, and that others get to call: `checks["db"] = func() error { return c.Ping() }`
    fn hands_on(&mut self, body: &Block) {
        let literal = |expr: &Expr| match &expr.unparen().kind {
            ExprKind::FuncLit(literal) => Some(literal.body.span),
            _ => None,
        };
        let mut handed = Vec::new();
        visit::body(body, &mut |stmt| {
            if let StmtKind::Assign { left, right, .. } = &stmt.kind {
                let others = left.iter().zip(right).filter(|(target, _)| {
                    let local =
                        target.as_ident().is_some_and(|ident| self.typing.scopes.var(ident).is_some());
                    !local && !self.begins_here(target)
                });
                handed.extend(others.filter_map(|(_, value)| literal(value)));
            }
        });
        visit::block(body, &mut |expr| {
            let Some(call) = expr.as_call().filter(|call| call.span == expr.span) else { return };
            let own = match &call.function.unparen().kind {
                ExprKind::Selector { operand, .. } => {
                    self.is_it(operand) || self.selected_from(operand).is_some()
                }
                _ => false,
            };
            let now = || self.runs_now(call) || self.ends_before(call);
            let args: Vec<Span> = call
                .args
                .iter()
                .flat_map(|arg| match &arg.unparen().kind {
                    ExprKind::Call(inner) if matches!(self.typing.callee(inner), Callee::Conversion(_)) => {
                        inner.args.iter().filter_map(literal).collect()
                    }
                    _ => literal(arg).into_iter().collect::<Vec<_>>(),
                })
                .collect();
            if !args.is_empty() && !own && !now() {
                handed.extend(args);
            }
        });
        // A literal that only sets it makes it.
        let mut set = Vec::new();
        visit::block(body, &mut |expr| {
            let ExprKind::FuncLit(literal) = &expr.kind else { return };
            visit::body(&literal.body, &mut |stmt| {
                if let StmtKind::Assign { left, .. } = &stmt.kind {
                    set.extend(
                        left.iter().filter(|target| self.is_it(target)).map(|target| target.span.start),
                    );
                }
            });
        });
        let scopes = self.typing.scopes;
        let used = handed.into_iter().find(|span| {
            let mut uses = self.vars.iter().flat_map(|var| scopes.uses_of(*var));
            uses.any(|at| span.contains(Span::new(at, at)) && !set.contains(&at))
        });
        if let Some(span) = used {
            let words = "its maker hands on a function that uses it";
            self.against.get_or_insert_with(|| self.typing.evidence(span, words));
        }
    }

    fn runs_now(&self, call: &Call) -> bool {
        let facts = &names::functions().runs_now;
        self.typing.ask(call, |name| facts.holds(name.package, name.name)) == Some(true)
    }

    /// Whether the source of what is called calls its function parameters, and keeps them nowhere.
    fn ends_before(&self, call: &Call) -> bool {
        let Some(func) = self.typing.called(call) else { return false };
        let scopes = Scopes::of_func(&func.decl);
        let Some(body) = func.decl.body() else { return false };
        let typing = Typing::new(self.typing.database, FileScope::of(&func), &scopes);
        let params = (0..func.decl.signature.params.len())
            .filter_map(|at| scopes.param(BodyId(0), ParamIndex::At(narrow(at))));
        let functions = params
            .filter(|var| typing.var(*var).is_some_and(|ty| typing.database.underlying_func(&ty).is_some()));
        let mut called = Vec::new();
        visit::block(body, &mut |expr| {
            if let ExprKind::Call(inner) = &expr.kind
                && scopes.body_around(inner.span) == Some(BodyId(0))
            {
                called.push(inner.function.span.start);
            }
        });
        functions.into_iter().all(|var| {
            scopes.uses_of(var).all(|at| called.contains(&at) || !body.span.contains(Span::new(at, at)))
        })
    }

    /// Statements in a literal store nothing elsewhere either; what they return is another function's result.
    fn in_literal(&mut self, stmt: &Stmt) {
        if !matches!(stmt.kind, StmtKind::Return(_)) {
            self.statement(stmt);
        }
    }

    /// A literal that is handed on and releases it: `t.Cleanup(func() { c.Close() })`.
    fn ends_later(&mut self, body: &Block) {
        let mut found = None;
        visit::block(body, &mut |expr| {
            if let Some(call) = expr.as_call()
                && let ExprKind::Selector { operand, field } = &call.function.unparen().kind
                && self.is_it(operand)
                && known::reads_like_release(&field.name)
            {
                found.get_or_insert(call.span);
            }
        });
        if let Some(span) = found {
            let words = "its maker hands on a function that releases it";
            self.against.get_or_insert_with(|| self.typing.evidence(span, words));
        }
    }

    fn statement(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Return(values) => values.iter().for_each(|value| self.allow(value)),
            StmtKind::Define { left, right } | StmtKind::Assign { left, right, .. } => {
                for target in left {
                    self.allow(target);
                }
                if left.len() == right.len() {
                    for (target, value) in left.iter().zip(right) {
                        // What stays within what is followed is with nobody else.
                        if self.begins_here(target) {
                            self.allow(value);
                        }
                    }
                }
            }
            StmtKind::Var(specs) => {
                for spec in specs.iter().filter(|spec| spec.values.is_empty()) {
                    for name in &spec.names {
                        self.fine.insert(name.span.start);
                    }
                }
            }
            _ => {}
        }
    }

    /// Whether a target is a variable that is followed, or a part of one.
    fn begins_here(&self, target: &Expr) -> bool {
        match &target.unparen().kind {
            ExprKind::Ident(ident) => {
                ident.is_blank() || self.typing.scopes.var(ident).is_some_and(|var| self.vars.contains(&var))
            }
            ExprKind::Selector { operand, .. } | ExprKind::Index { operand, .. } => self.begins_here(operand),
            _ => false,
        }
    }

    fn expression(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Binary { op: BinaryOp::Equal | BinaryOp::NotEqual, left, right } => {
                self.allow_ident(left);
                self.allow_ident(right);
            }
            // What is selected from further is no method.
            ExprKind::Selector { operand, .. } if self.selected_from(operand).is_some() => {
                self.selected_from(operand).into_iter().for_each(|whole| self.allow_ident(whole));
            }
            ExprKind::Selector { operand, field } if self.is_it(operand) => {
                // A field is looked at; a method is called, or handed on as a value.
                let ty = self.typing.of(operand);
                if let Some(Member::Field(_)) = self.typing.database.member(&ty, &field.name) {
                    self.allow_ident(operand);
                }
            }
            ExprKind::Index { operand, .. } => self.allow_ident(operand),
            ExprKind::Call(call) => self.call(call),
            _ => {}
        }
    }

    fn allow_ident(&mut self, expr: &Expr) {
        if let Some(ident) = expr.as_ident() {
            self.fine.insert(ident.span.start);
        }
    }

    fn call(&mut self, call: &Call) {
        if let ExprKind::Selector { operand, .. } = &call.function.unparen().kind
            && self.is_it(operand)
        {
            self.allow_ident(operand);
            if let Callee::Method { method, .. } = self.typing.callee(call)
                && let Some(func) = &method.func
            {
                self.enters(func, ParamIndex::Receiver);
            }
        }
        for (at, arg) in call.args.iter().enumerate() {
            if !self.is_around(arg) {
                continue;
            }
            match self.typing.callee(call) {
                Callee::Func { func, .. } if func.decl.has_body() => {
                    let last = func.decl.signature.params.len().saturating_sub(1);
                    self.enters(&func, ParamIndex::At(narrow(at.min(last))));
                    self.allow(arg);
                }
                Callee::Builtin { name, .. } if &*name != "append" => self.allow(arg),
                // An option is applied to what is made; options are looked at where they are handed in.
                Callee::FuncValue(_) if self.is_option(&call.function) => self.allow(arg),
                _ if self.typing.ask(call, known::only_looks) == Some(true) => self.allow(arg),
                _ => {}
            }
        }
        // An option with a method: `opt.apply(c)`.
        if let ExprKind::Selector { operand, .. } = &call.function.unparen().kind
            && self.is_option(operand)
        {
            call.args.iter().for_each(|arg| self.allow(arg));
        }
    }

    /// What `operand` is a part of, if that is the resource.
    fn selected_from<'e>(&self, operand: &'e Expr) -> Option<&'e Expr> {
        match &operand.unparen().kind {
            ExprKind::Selector { operand: whole, .. } => Some(&**whole).filter(|whole| self.is_it(whole)),
            _ => None,
        }
    }

    /// An element of a parameter, or a parameter.
    fn is_option(&self, function: &Expr) -> bool {
        let mut function = function.unparen();
        if let ExprKind::Index { operand, .. } = &function.kind {
            function = operand.unparen();
        }
        let Some(var) = function.as_ident().and_then(|ident| self.typing.scopes.var(ident)) else {
            return false;
        };
        match self.typing.scopes.info(var).origin {
            VarOrigin::Param { index: ParamIndex::At(_), .. } => true,
            VarOrigin::Range { value, .. } => value
                .as_ident()
                .and_then(|ident| self.typing.scopes.var(ident))
                .is_some_and(|var| matches!(self.typing.scopes.info(var).origin, VarOrigin::Param { .. })),
            _ => false,
        }
    }

    /// What a callee does with it, from its source.
    fn enters(&mut self, func: &FuncRef, index: ParamIndex) {
        if self.against.is_some() || self.typing.database.is_dependency(&func.package) {
            return;
        }
        let scopes = Scopes::of_func(&func.decl);
        let (Some(body), Some(param)) = (func.decl.body(), scopes.param(BodyId(0), index)) else { return };
        let typing = Typing::new(self.typing.database, FileScope::of(func), &scopes);
        if self.depth >= MAX_DEPTH {
            // The resource's own methods are its own affair that far down.
            return;
        }
        self.against = Uses::new(&typing, FxHashSet::from_iter([param]), self.depth + 1).first(body);
    }
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::places_in;

    #[test]
    fn a_maker_that_lets_others_have_it_gives_no_proof() {
        assert_eq!(
            places_in(
                "var seen []*client\nfunc newSeen() *client {\nc := &client{}\nseen = append(seen, c)\n\
                 return c\n}\nfunc f() {\nc := newSeen()\nlend(c)\n}"
            ),
            ["c after 8, not proved"]
        );
        assert_eq!(
            places_in(
                "func newOwn() *client {\nc := &client{}\nc.fd = 1\nreturn c\n}\nfunc f() {\n\
                 c := newOwn()\nlend(c)\n}"
            ),
            ["c after 7, proved"]
        );
    }
}
