//! Walks over syntax that only look: every expression of a declaration, in source order.

use crate::go::syntax::ast::*;

/// Every call in a declaration, function literals included, outer calls before those in their arguments.
pub fn calls(decl: &Decl) -> Vec<&Call> {
    let mut found = Vec::new();
    declaration(decl, &mut |expr| found.extend(expr.as_call().filter(|call| call.span == expr.span)));
    found
}

/// Every expression in a declaration but those of types.
pub fn declaration<'a>(decl: &'a Decl, see: &mut dyn FnMut(&'a Expr)) {
    match decl {
        Decl::Func(func) => func.body().into_iter().for_each(|body| block(body, see)),
        Decl::Vars(specs) | Decl::Consts(specs) => specs.iter().for_each(|spec| exprs(&spec.values, see)),
        Decl::Types(_) | Decl::Other => {}
    }
}

/// Every statement of a function body, blocks before what is in them; those of function literals are left
/// out.
pub fn body<'a>(body: &'a Block, see: &mut dyn FnMut(&'a Stmt)) {
    statements(&body.stmts, see);
}

/// Every statement of a function body, those of the function literals in it included, which come last.
pub fn all_statements<'a>(block: &'a Block, see: &mut dyn FnMut(&'a Stmt)) {
    body(block, see);
    literals(block).into_iter().for_each(|literal| body(&literal.body, see));
}

/// The function literals in a body, those in others too.
pub fn literals(body: &Block) -> Vec<&FuncLit> {
    let mut found = Vec::new();
    block(body, &mut |expr| {
        if let ExprKind::FuncLit(literal) = &expr.kind {
            found.push(&**literal);
        }
    });
    found
}

/// Every statement of a list, as [`body`] does.
pub fn statements<'a>(list: &'a [Stmt], see: &mut dyn FnMut(&'a Stmt)) {
    list.iter().for_each(|one| statement(one, see));
}

fn statement<'a>(one: &'a Stmt, see: &mut dyn FnMut(&'a Stmt)) {
    see(one);
    match &one.kind {
        StmtKind::If(branch) => {
            branch.init.iter().for_each(&mut *see);
            statements(&branch.then.stmts, see);
            branch.otherwise.iter().for_each(|other| statement(other, see));
        }
        StmtKind::Labeled { stmt: Some(inner), .. } => statement(inner, see),
        _ => child_lists(one).into_iter().for_each(|list| statements(list, see)),
    }
}

/// The lists of statements directly in a statement: those of its blocks and cases. What follows `else` is a
/// statement, and so is what has a label.
pub fn child_lists(one: &Stmt) -> Vec<&[Stmt]> {
    match &one.kind {
        StmtKind::If(branch) => vec![&branch.then.stmts],
        StmtKind::For(looped) => vec![&looped.body.stmts],
        StmtKind::Switch(switch) => switch.cases.iter().map(|case| &*case.stmts).collect(),
        StmtKind::TypeSwitch(switch) => switch.cases.iter().map(|case| &*case.stmts).collect(),
        StmtKind::Select(cases) => cases.iter().map(|case| &*case.stmts).collect(),
        StmtKind::Block(block) => vec![&block.stmts],
        _ => Vec::new(),
    }
}

/// Every expression in a block.
pub fn block<'a>(block: &'a Block, see: &mut dyn FnMut(&'a Expr)) {
    stmts(&block.stmts, see);
}

fn stmts<'a>(list: &'a [Stmt], see: &mut dyn FnMut(&'a Expr)) {
    list.iter().for_each(|one| stmt(one, see));
}

/// Every expression in a list.
pub fn exprs<'a>(list: &'a [Expr], see: &mut dyn FnMut(&'a Expr)) {
    list.iter().for_each(|one| expr(one, see));
}

/// Every expression in a statement.
pub fn stmt<'a>(one: &'a Stmt, see: &mut dyn FnMut(&'a Expr)) {
    match &one.kind {
        StmtKind::Expr(e) | StmtKind::IncDec(e) | StmtKind::Go(e) | StmtKind::Defer(e) => expr(e, see),
        StmtKind::Send { channel, value } => {
            expr(channel, see);
            expr(value, see);
        }
        StmtKind::Assign { left, right, .. } | StmtKind::Define { left, right } => {
            exprs(left, see);
            exprs(right, see);
        }
        StmtKind::Var(specs) | StmtKind::Const(specs) => {
            specs.iter().for_each(|spec| exprs(&spec.values, see))
        }
        StmtKind::Return(values) => exprs(values, see),
        StmtKind::If(branch) => {
            branch.init.iter().for_each(|init| stmt(init, see));
            expr(&branch.condition, see);
            block(&branch.then, see);
            branch.otherwise.iter().for_each(|other| stmt(other, see));
        }
        StmtKind::For(looped) => {
            match &looped.head {
                ForHead::Clause { init, condition, update } => {
                    init.iter().for_each(|one| stmt(one, see));
                    condition.iter().for_each(|one| expr(one, see));
                    update.iter().for_each(|one| stmt(one, see));
                }
                ForHead::Range { left, right, .. } => {
                    exprs(left, see);
                    expr(right, see);
                }
            }
            block(&looped.body, see);
        }
        StmtKind::Switch(switch) => {
            switch.init.iter().for_each(|init| stmt(init, see));
            switch.value.iter().for_each(|value| expr(value, see));
            switch.cases.iter().for_each(|case| {
                exprs(&case.values, see);
                stmts(&case.stmts, see);
            });
        }
        StmtKind::TypeSwitch(switch) => {
            switch.init.iter().for_each(|init| stmt(init, see));
            expr(&switch.value, see);
            switch.cases.iter().for_each(|case| stmts(&case.stmts, see));
        }
        StmtKind::Select(cases) => {
            for case in cases {
                match &case.communication {
                    Some(Communication::Send { channel, value }) => {
                        expr(channel, see);
                        expr(value, see);
                    }
                    Some(Communication::Receive { left, right, .. }) => {
                        exprs(left, see);
                        expr(right, see);
                    }
                    None => {}
                }
                stmts(&case.stmts, see);
            }
        }
        StmtKind::Labeled { stmt: inner, .. } => inner.iter().for_each(|inner| stmt(inner, see)),
        StmtKind::Block(inner) => block(inner, see),
        StmtKind::Type(_)
        | StmtKind::Break(_)
        | StmtKind::Continue(_)
        | StmtKind::Goto(_)
        | StmtKind::Fallthrough
        | StmtKind::Empty => {}
    }
}

/// `one` and every expression in it.
pub fn expr<'a>(one: &'a Expr, see: &mut dyn FnMut(&'a Expr)) {
    see(one);
    match &one.kind {
        ExprKind::Selector { operand, .. }
        | ExprKind::Unary { operand, .. }
        | ExprKind::AddressOf(operand)
        | ExprKind::Receive(operand)
        | ExprKind::Paren(operand)
        | ExprKind::Pointer(operand)
        | ExprKind::TypeAssert { operand, .. } => expr(operand, see),
        ExprKind::Call(call) => {
            expr(&call.function, see);
            exprs(&call.args, see);
        }
        ExprKind::Binary { left, right, .. } => {
            expr(left, see);
            expr(right, see);
        }
        ExprKind::Index { operand, indices: parts } | ExprKind::Slice { operand, bounds: parts } => {
            expr(operand, see);
            exprs(parts, see);
        }
        ExprKind::Composite { elements, .. } => {
            for element in elements {
                element.key.iter().for_each(|key| expr(key, see));
                expr(&element.value, see);
            }
        }
        ExprKind::FuncLit(literal) => block(&literal.body, see),
        ExprKind::Ident(_)
        | ExprKind::Literal(_)
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
