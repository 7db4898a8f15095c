//! What comes from the resource in its function, told by names alone: other variables for it, and whatever is
//! made by its methods or around it. More is taken for derived than is: what asks here turns things down.

use rustc_hash::FxHashSet;

use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::VarId;
use crate::base::text::Span;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;

/// The variables of one declaration that have to do with the resource.
pub struct Derived<'t, 'a, 'w> {
    typing: &'t Typing<'a, 'w>,
    /// The call that acquires.
    call: Span,
    vars: FxHashSet<VarId>,
}

impl<'t, 'a, 'w> Derived<'t, 'a, 'w> {
    /// From what `call` gives, which is in `holder` if a variable has it.
    pub fn of(
        typing: &'t Typing<'a, 'w>,
        decl: &Decl,
        call: Span,
        holder: Option<VarId>,
    ) -> Derived<'t, 'a, 'w> {
        let mut found = Derived { typing, call, vars: holder.into_iter().collect() };
        let statements = statements(decl);
        loop {
            let before = found.vars.len();
            statements.iter().for_each(|stmt| found.see(stmt));
            if found.vars.len() == before {
                return found;
            }
        }
    }

    /// Whether `expr` is one of the variables, is made by a method or a field of one, or brings one along.
    pub fn is_from(&self, expr: &Expr) -> bool {
        if self.call == expr.unparen().span {
            return true;
        }
        let mut found = false;
        visit::expr(expr, &mut |inner| {
            let var = inner.as_ident().and_then(|ident| self.typing.scopes.var(ident));
            found |= var.is_some_and(|var| self.vars.contains(&var)) || inner.span == self.call;
        });
        found
    }

    /// Whether `expr` begins at one of the variables: `client.Topic("x")`.
    pub fn begins_at(&self, expr: &Expr) -> bool {
        match &expr.unparen().kind {
            ExprKind::Ident(ident) => {
                self.typing.scopes.var(ident).is_some_and(|var| self.vars.contains(&var))
            }
            ExprKind::Selector { operand, .. }
            | ExprKind::Index { operand, .. }
            | ExprKind::Pointer(operand)
            | ExprKind::AddressOf(operand)
            | ExprKind::TypeAssert { operand, .. } => self.begins_at(operand),
            ExprKind::Call(call) => call.span == self.call || self.begins_at(&call.function),
            _ => false,
        }
    }

    pub fn has(&self, var: VarId) -> bool {
        self.vars.contains(&var)
    }

    fn see(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Define { left, right } | StmtKind::Assign { left, right, .. } => {
                let pairs = left.len() == right.len();
                for (at, target) in left.iter().enumerate() {
                    let value = if pairs { right.get(at) } else { right.first() };
                    self.bind(target, value);
                }
            }
            StmtKind::Var(specs) => {
                for spec in specs {
                    let from = spec.values.iter().any(|value| self.is_from(value));
                    let vars = spec.names.iter().filter_map(|name| self.typing.scopes.var(name));
                    self.vars.extend(vars.filter(|_| from));
                }
            }
            StmtKind::For(looped) => {
                if let ForHead::Range { left, right, .. } = &looped.head {
                    left.iter().for_each(|target| self.bind(target, Some(right)));
                }
            }
            _ => {}
        }
    }

    /// Errors and plain values that come with it say nothing.
    fn bind(&mut self, target: &Expr, value: Option<&Expr>) {
        if !value.is_some_and(|value| self.is_from(value)) {
            return;
        }
        let mut root = target.unparen();
        while let ExprKind::Selector { operand, .. } | ExprKind::Index { operand, .. } = &root.kind {
            root = operand.unparen();
        }
        let var = root.as_ident().and_then(|ident| self.typing.scopes.var(ident));
        let says_nothing =
            |var: &VarId| self.typing.var(*var).is_some_and(|ty| ty.is_error() || ty.is_context());
        self.vars.extend(var.filter(|var| !says_nothing(var)));
    }
}

/// Every statement of a declaration, in function literals too.
pub fn statements(decl: &Decl) -> Vec<&Stmt> {
    let mut found: Vec<&Stmt> = Vec::new();
    let Decl::Func(func) = decl else { return found };
    let Some(body) = func.body() else { return found };
    // The headers of `if`, `for` and `switch` hold statements, too.
    let mut add = |block| {
        visit::body(block, &mut |stmt| {
            found.push(stmt);
            match &stmt.kind {
                StmtKind::For(looped) => {
                    if let ForHead::Clause { init, .. } = &looped.head {
                        found.extend(init);
                    }
                }
                StmtKind::Switch(switch) => found.extend(&switch.init),
                StmtKind::TypeSwitch(switch) => found.extend(&switch.init),
                _ => {}
            }
        })
    };
    add(body);
    visit::block(body, &mut |expr| {
        if let ExprKind::FuncLit(literal) = &expr.kind {
            add(&literal.body);
        }
    });
    found
}
