//! Statements.

use tree_sitter::Node;

use super::Lowering;
use super::nodes::{Part, child, fields, parts};
use crate::base::text::Span;
use crate::go::syntax::ast::*;
use crate::go::syntax::parse::{MAX_DEPTH, Refusal};

/// Go's own values, which are known by name.
const PREDECLARED: [&str; 3] = ["nil", "true", "false"];

impl Lowering<'_> {
    pub(super) fn block(&mut self, node: Node) -> Block {
        let mut stmts = Vec::new();
        for child in parts(node) {
            if child.kind() == "statement_list" {
                self.stmts_into(child, &mut stmts)
            } else {
                stmts.push(self.stmt(child))
            }
        }
        Block { span: self.span(node), stmts }
    }

    pub(super) fn stmts_into(&mut self, list: Node, stmts: &mut Vec<Stmt>) {
        for child in parts(list) {
            stmts.push(self.stmt(child));
        }
    }

    pub(super) fn stmt(&mut self, node: Node) -> Stmt {
        let span = self.span(node);
        if self.depth >= MAX_DEPTH {
            self.refused = Some(Refusal::TooDeep);
            return Stmt { span, kind: StmtKind::Empty };
        }
        self.depth += 1;
        let kind = self.stmt_kind(node);
        self.depth -= 1;
        Stmt { span, kind }
    }

    fn stmt_kind(&mut self, node: Node) -> StmtKind {
        match node.kind() {
            "expression_statement" => StmtKind::Expr(*self.first(node)),
            "send_statement" => StmtKind::Send {
                channel: *self.field(node, Part::Channel),
                value: *self.field(node, Part::Value),
            },
            "inc_statement" | "dec_statement" => StmtKind::IncDec(*self.first(node)),
            "assignment_statement" => StmtKind::Assign {
                left: self.list(node, Part::Left),
                right: self.list(node, Part::Right),
                plain: child(node, Part::Operator).is_some_and(|op| op.kind() == "="),
            },
            "short_var_declaration" => {
                let left = self.list(node, Part::Left);
                self.refuse_predeclared(&left);
                StmtKind::Define { left, right: self.list(node, Part::Right) }
            }
            "var_declaration" => StmtKind::Var(self.var_specs(node)),
            "const_declaration" => StmtKind::Const(self.var_specs(node)),
            "type_declaration" => StmtKind::Type(self.type_specs(node)),
            "return_statement" => StmtKind::Return(match parts(node).next() {
                Some(list) if list.kind() == "expression_list" => self.exprs(list),
                Some(expr) => vec![self.expr(expr)],
                None => Vec::new(),
            }),
            "go_statement" => StmtKind::Go(*self.first(node)),
            "defer_statement" => StmtKind::Defer(*self.first(node)),
            "if_statement" => self.if_stmt(node),
            "for_statement" => self.for_stmt(node),
            "expression_switch_statement" => StmtKind::Switch(Box::new(Switch {
                brace: self.rest_from(node, "{").start,
                init: self.opt_stmt(node, Part::Initializer),
                value: child(node, Part::Value).map(|n| self.expr(n)),
                cases: self.cases(node),
            })),
            "type_switch_statement" => StmtKind::TypeSwitch(Box::new(TypeSwitch {
                init: self.opt_stmt(node, Part::Initializer),
                alias: child(node, Part::Alias).and_then(|list| parts(list).next()).map(|n| self.ident(n)),
                value: *self.field(node, Part::Value),
                cases: self.cases(node),
            })),
            "select_statement" => StmtKind::Select(self.select_cases(node)),
            "labeled_statement" => self.labeled(node),
            "break_statement" => StmtKind::Break(parts(node).next().map(|n| self.ident(n))),
            "continue_statement" => StmtKind::Continue(parts(node).next().map(|n| self.ident(n))),
            "goto_statement" => StmtKind::Goto(parts(node).next().map(|n| self.ident(n))),
            "fallthrough_statement" => StmtKind::Fallthrough,
            "block" => StmtKind::Block(self.block(node)),
            "empty_statement" => StmtKind::Empty,
            // A bare expression where the grammar inlines it (conditions of `if` initializers).
            _ => StmtKind::Expr(self.expr(node)),
        }
    }

    /// Whatever reads syntax takes these for what they are everywhere; other places do not parse with them.
    pub(super) fn refuse_predeclared(&mut self, names: &[Expr]) {
        let has = |name: &Expr| name.as_ident().is_some_and(|name| PREDECLARED.contains(&&*name.name));
        if names.iter().any(has) {
            self.refused = Some(Refusal::Predeclared);
        }
    }

    fn list(&mut self, node: Node, name: Part) -> Vec<Expr> {
        child(node, name).map(|list| self.exprs(list)).unwrap_or_default()
    }

    fn opt_stmt(&mut self, node: Node, name: Part) -> Option<Stmt> {
        child(node, name).map(|n| self.stmt(n))
    }

    fn labeled(&mut self, node: Node) -> StmtKind {
        let mut nodes = parts(node);
        match nodes.next() {
            Some(label) => {
                let label = self.ident(label);
                let stmt = nodes.next().map(|n| Box::new(self.stmt(n)));
                StmtKind::Labeled { label, stmt }
            }
            None => StmtKind::Empty,
        }
    }

    fn if_stmt(&mut self, node: Node) -> StmtKind {
        let then = match child(node, Part::Consequence) {
            Some(block) => self.block(block),
            None => Block { span: self.span(node), stmts: Vec::new() },
        };
        StmtKind::If(Box::new(If {
            init: self.opt_stmt(node, Part::Initializer),
            condition: *self.field(node, Part::Condition),
            then,
            otherwise: self.opt_stmt(node, Part::Alternative),
        }))
    }

    fn for_stmt(&mut self, node: Node) -> StmtKind {
        let body = match child(node, Part::Body) {
            Some(block) => self.block(block),
            None => Block { span: self.span(node), stmts: Vec::new() },
        };
        let head = parts(node).find(|n| n.kind() != "block");
        let head = match head {
            Some(clause) if clause.kind() == "for_clause" => ForHead::Clause {
                init: self.opt_stmt(clause, Part::Initializer),
                condition: child(clause, Part::Condition).map(|n| self.expr(n)),
                update: self.opt_stmt(clause, Part::Update),
            },
            Some(clause) if clause.kind() == "range_clause" => {
                let left = self.list(clause, Part::Left);
                self.refuse_predeclared(&left);
                ForHead::Range {
                    left,
                    define: self.has_define(clause),
                    right: *self.field(clause, Part::Right),
                }
            }
            Some(condition) => {
                ForHead::Clause { init: None, condition: Some(self.expr(condition)), update: None }
            }
            None => ForHead::Clause { init: None, condition: None, update: None },
        };
        StmtKind::For(Box::new(For { head, body }))
    }

    fn has_define(&self, node: Node) -> bool {
        let mut cursor = node.walk();
        node.children(&mut cursor).any(|child| child.kind() == ":=")
    }

    fn cases(&mut self, node: Node) -> Vec<Case> {
        let mut cases = Vec::new();
        for case in parts(node) {
            let values = match case.kind() {
                "expression_case" => self.list(case, Part::Value),
                "type_case" => fields(case, Part::Type).map(|n| self.expr(n)).collect(),
                "default_case" => Vec::new(),
                _ => continue,
            };
            let stmts = self.case_stmts(case);
            cases.push(Case {
                body: self.rest_from(case, ":"),
                values,
                default: case.kind() == "default_case",
                stmts,
            });
        }
        cases
    }

    /// The rest of the node from a token on, or all of it where a mistake left that out.
    fn rest_from(&self, node: Node, token: &str) -> Span {
        let mut cursor = node.walk();
        let found = node.children(&mut cursor).find(|child| child.kind() == token);
        let whole = self.span(node);
        found.map_or(whole, |found| Span::new(self.span(found).start, whole.end))
    }

    fn case_stmts(&mut self, case: Node) -> Vec<Stmt> {
        let mut stmts = Vec::new();
        for list in parts(case).filter(|n| n.kind() == "statement_list") {
            self.stmts_into(list, &mut stmts);
        }
        stmts
    }

    fn select_cases(&mut self, node: Node) -> Vec<SelectCase> {
        let mut cases = Vec::new();
        for case in parts(node) {
            let communication = match child(case, Part::Communication) {
                Some(comm) if comm.kind() == "send_statement" => Some(Communication::Send {
                    channel: *self.field(comm, Part::Channel),
                    value: *self.field(comm, Part::Value),
                }),
                Some(comm) => Some(Communication::Receive {
                    left: self.list(comm, Part::Left),
                    define: self.has_define(comm),
                    right: *self.field(comm, Part::Right),
                }),
                None if case.kind() == "default_case" => None,
                None => continue,
            };
            let stmts = self.case_stmts(case);
            cases.push(SelectCase { span: self.span(case), communication, stmts });
        }
        cases
    }
}
