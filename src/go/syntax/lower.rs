//! tree-sitter tree -> `syntax` values. Knows the grammar's node names; nothing else of the program does.

#[cfg(test)]
mod tests;

use std::num::NonZeroU16;
use std::sync::{Arc, LazyLock};

use tree_sitter::{Language, Node};

use crate::base::text::Span;
use crate::go::syntax::ast::*;
use crate::go::syntax::parse::{Parsed, Refusal};

/// Deeper nesting than this is refused: everything that walks syntax may then recurse.
pub const MAX_DEPTH: u32 = 250;

/// Go's own values, which are known by name.
const PREDECLARED: [&str; 3] = ["nil", "true", "false"];

/// The declaration in `parsed`.
pub fn declaration(parsed: &Parsed) -> Result<Decl, Refusal> {
    let mut lowering = Lowering { text: &parsed.text, base: parsed.base, depth: 0, refused: None };
    let root = parsed.tree.root_node();
    let Some(node) = children(root).find(|node| !node.is_extra()) else {
        return Ok(Decl::Other);
    };
    let decl = lowering.declaration(node);
    lowering.refused.map_or(Ok(decl), Err)
}

/// The grammar's field names that are asked for, each looked up once.
#[derive(Clone, Copy)]
enum Part {
    Alias,
    Alternative,
    Arguments,
    Body,
    Channel,
    Communication,
    Condition,
    Consequence,
    Element,
    Field,
    Function,
    Index,
    Initializer,
    Key,
    Left,
    Name,
    Operand,
    Operator,
    Package,
    Parameters,
    Receiver,
    Result,
    Right,
    Type,
    TypeArguments,
    TypeParameters,
    Update,
    Value,
}

static FIELD_IDS: LazyLock<Vec<NonZeroU16>> = LazyLock::new(|| {
    let names = [
        "alias",
        "alternative",
        "arguments",
        "body",
        "channel",
        "communication",
        "condition",
        "consequence",
        "element",
        "field",
        "function",
        "index",
        "initializer",
        "key",
        "left",
        "name",
        "operand",
        "operator",
        "package",
        "parameters",
        "receiver",
        "result",
        "right",
        "type",
        "type_arguments",
        "type_parameters",
        "update",
        "value",
    ];
    let language: Language = tree_sitter_go::LANGUAGE.into();
    let id = |name: &&str| {
        language.field_id_for_name(name).unwrap_or_else(|| panic!("the grammar has no field `{name}`"))
    };
    names.iter().map(id).collect()
});

impl Part {
    fn id(self) -> NonZeroU16 {
        FIELD_IDS[self as usize]
    }
}

/// The child under a field name.
fn child<'t>(node: Node<'t>, field: Part) -> Option<Node<'t>> {
    node.child_by_field_id(field.id().get())
}

/// The named children; comments included.
fn children<'t>(node: Node<'t>) -> impl Iterator<Item = Node<'t>> {
    let mut cursor = node.walk();
    let mut more = cursor.goto_first_child();
    std::iter::from_fn(move || {
        while more {
            let child = cursor.node();
            more = cursor.goto_next_sibling();
            if child.is_named() {
                return Some(child);
            }
        }
        None
    })
}

/// The named children under one field name, in order.
fn fields<'t>(node: Node<'t>, field: Part) -> impl Iterator<Item = Node<'t>> {
    let mut cursor = node.walk();
    let mut more = cursor.goto_first_child();
    std::iter::from_fn(move || {
        while more {
            let (child, id) = (cursor.node(), cursor.field_id());
            more = cursor.goto_next_sibling();
            if child.is_named() && id == Some(field.id()) {
                return Some(child);
            }
        }
        None
    })
}

/// Named children that are not comments.
fn parts<'t>(node: Node<'t>) -> impl Iterator<Item = Node<'t>> {
    children(node).filter(|child| !child.is_extra())
}

struct Lowering<'a> {
    text: &'a [u8],
    base: u32,
    depth: u32,
    refused: Option<Refusal>,
}

impl Lowering<'_> {
    fn span(&self, node: Node) -> Span {
        Span { start: node.start_byte() as u32, end: node.end_byte() as u32 }.shifted(self.base)
    }

    fn ident(&self, node: Node) -> Ident {
        Ident {
            span: self.span(node),
            name: Arc::from(String::from_utf8_lossy(&self.text[node.byte_range()])),
        }
    }

    fn declaration(&mut self, node: Node) -> Decl {
        match node.kind() {
            "function_declaration" | "method_declaration" => Decl::Func(Arc::new(self.func_decl(node))),
            "var_declaration" => Decl::Vars(self.var_specs(node)),
            "const_declaration" => Decl::Consts(self.var_specs(node)),
            "type_declaration" => Decl::Types(self.type_specs(node)),
            _ => Decl::Other,
        }
    }

    fn func_decl(&mut self, node: Node) -> FuncDecl {
        let receiver = child(node, Part::Receiver).map(|list| self.params(list));
        FuncDecl {
            span: self.span(node),
            name: child(node, Part::Name).map_or_else(|| self.ident(node), |name| self.ident(name)),
            receiver: receiver.and_then(|params| params.into_iter().next()),
            type_params: child(node, Part::TypeParameters).map(|list| self.params(list)).unwrap_or_default(),
            signature: self.signature(node),
            body: child(node, Part::Body).map_or(Body::None, |body| Body::Parsed(self.block(body))),
        }
    }

    fn signature(&mut self, node: Node) -> Signature {
        let params = child(node, Part::Parameters).map(|list| self.params(list)).unwrap_or_default();
        let results = match child(node, Part::Result) {
            None => Vec::new(),
            Some(list) if list.kind() == "parameter_list" => self.params(list),
            Some(ty) => vec![Param { name: None, ty: self.expr(ty), variadic: false }],
        };
        Signature { params, results }
    }

    fn params(&mut self, list: Node) -> Vec<Param> {
        let mut params = Vec::new();
        for node in parts(list) {
            let Some(ty) = child(node, Part::Type) else { continue };
            let variadic = node.kind() == "variadic_parameter_declaration";
            let ty = self.expr(ty);
            let names: Vec<_> = fields(node, Part::Name).collect();
            if names.is_empty() {
                params.push(Param { name: None, ty, variadic });
                continue;
            }
            params.extend(names.into_iter().map(|name| Param {
                name: Some(self.ident(name)),
                ty: ty.clone(),
                variadic,
            }));
        }
        params
    }

    fn var_specs(&mut self, node: Node) -> Vec<VarSpec> {
        let mut specs = Vec::new();
        for spec in parts(node) {
            match spec.kind() {
                "var_spec_list" => specs.extend(
                    parts(spec)
                        .filter(|n| n.kind() == "var_spec")
                        .map(|n| self.var_spec(n))
                        .collect::<Vec<_>>(),
                ),
                "var_spec" | "const_spec" => specs.push(self.var_spec(spec)),
                _ => {}
            }
        }
        specs
    }

    fn var_spec(&mut self, node: Node) -> VarSpec {
        VarSpec {
            span: self.span(node),
            names: fields(node, Part::Name).map(|name| self.ident(name)).collect(),
            ty: child(node, Part::Type).map(|ty| self.expr(ty)),
            values: child(node, Part::Value).map(|list| self.exprs(list)).unwrap_or_default(),
        }
    }

    fn type_specs(&mut self, node: Node) -> Vec<TypeSpec> {
        let mut specs = Vec::new();
        for spec in parts(node) {
            let (Some(name), Some(ty)) = (child(spec, Part::Name), child(spec, Part::Type)) else { continue };
            specs.push(TypeSpec {
                name: self.ident(name),
                type_params: child(spec, Part::TypeParameters)
                    .map(|list| self.params(list))
                    .unwrap_or_default(),
                alias: spec.kind() == "type_alias",
                ty: self.expr(ty),
            });
        }
        specs
    }

    fn exprs(&mut self, list: Node) -> Vec<Expr> {
        parts(list).map(|node| self.expr(node)).collect()
    }

    fn boxed(&mut self, node: Option<Node>) -> Box<Expr> {
        Box::new(match node {
            Some(node) => self.expr(node),
            None => Expr { span: Span::default(), kind: ExprKind::Other },
        })
    }

    fn field(&mut self, node: Node, name: Part) -> Box<Expr> {
        self.boxed(child(node, name))
    }

    fn first(&mut self, node: Node) -> Box<Expr> {
        let first = parts(node).next();
        self.boxed(first)
    }

    fn expr(&mut self, node: Node) -> Expr {
        let span = self.span(node);
        if self.depth >= MAX_DEPTH {
            self.refused = Some(Refusal::TooDeep);
            return Expr { span, kind: ExprKind::Other };
        }
        self.depth += 1;
        let kind = self.expr_kind(node);
        self.depth -= 1;
        Expr { span, kind }
    }

    fn expr_kind(&mut self, node: Node) -> ExprKind {
        match node.kind() {
            "identifier" | "type_identifier" | "package_identifier" | "field_identifier"
            | "blank_identifier" | "nil" | "true" | "false" | "iota" => ExprKind::Ident(self.ident(node)),
            "interpreted_string_literal"
            | "raw_string_literal"
            | "float_literal"
            | "imaginary_literal"
            | "rune_literal" => ExprKind::Literal(None),
            "int_literal" => ExprKind::Literal(self.integer(node)),
            "selector_expression" => match child(node, Part::Field) {
                Some(field) => {
                    ExprKind::Selector { operand: self.field(node, Part::Operand), field: self.ident(field) }
                }
                None => ExprKind::Other,
            },
            "qualified_type" => match child(node, Part::Name) {
                Some(name) => {
                    ExprKind::Selector { operand: self.field(node, Part::Package), field: self.ident(name) }
                }
                None => ExprKind::Other,
            },
            "call_expression" => ExprKind::Call(Box::new(self.call(node))),
            "type_conversion_expression" => self.conversion(node),
            "parenthesized_expression" | "parenthesized_type" => ExprKind::Paren(self.first(node)),
            "unary_expression" => self.unary(node),
            "binary_expression" => ExprKind::Binary {
                op: self.binary_op(node),
                left: self.field(node, Part::Left),
                right: self.field(node, Part::Right),
            },
            "index_expression" => {
                let operand = self.field(node, Part::Operand);
                ExprKind::Index {
                    operand,
                    indices: fields(node, Part::Index).map(|n| self.expr(n)).collect(),
                }
            }
            "generic_type" => {
                let operand = self.field(node, Part::Type);
                let indices =
                    child(node, Part::TypeArguments).map(|args| self.type_args(args)).unwrap_or_default();
                ExprKind::Index { operand, indices }
            }
            "type_instantiation_expression" => {
                let operand = self.field(node, Part::Type);
                ExprKind::Index { operand, indices: parts(node).skip(1).map(|n| self.expr(n)).collect() }
            }
            "slice_expression" => {
                let operand = self.field(node, Part::Operand);
                ExprKind::Slice { operand, bounds: parts(node).skip(1).map(|n| self.expr(n)).collect() }
            }
            "type_assertion_expression" => ExprKind::TypeAssert {
                operand: self.field(node, Part::Operand),
                ty: self.field(node, Part::Type),
            },
            "composite_literal" => self.composite(node),
            "literal_value" => ExprKind::Composite { ty: None, elements: self.elements(node) },
            "literal_element" => self.first(node).kind,
            "func_literal" => match child(node, Part::Body) {
                Some(body) => ExprKind::FuncLit(Box::new(FuncLit {
                    signature: self.signature(node),
                    body: self.block(body),
                })),
                None => ExprKind::Other,
            },
            "variadic_argument" => self.first(node).kind,
            "pointer_type" => ExprKind::Pointer(self.first(node)),
            "array_type" | "implicit_length_array_type" => ExprKind::Array(self.field(node, Part::Element)),
            "slice_type" => ExprKind::SliceOf(self.field(node, Part::Element)),
            "map_type" => {
                ExprKind::Map { key: self.field(node, Part::Key), value: self.field(node, Part::Value) }
            }
            "channel_type" => {
                ExprKind::Chan { direction: self.direction(node), element: self.field(node, Part::Value) }
            }
            "function_type" => ExprKind::FuncType(Box::new(self.signature(node))),
            "struct_type" => ExprKind::Struct(self.struct_fields(node)),
            "interface_type" => ExprKind::Interface(self.interface(node)),
            "type_elem" | "type_constraint" if parts(node).count() == 1 => self.first(node).kind,
            _ => ExprKind::Other,
        }
    }

    fn call(&mut self, node: Node) -> Call {
        let arguments = child(node, Part::Arguments);
        let spread =
            arguments.is_some_and(|list| parts(list).last().is_some_and(|n| n.kind() == "variadic_argument"));
        Call {
            span: self.span(node),
            function: *self.field(node, Part::Function),
            type_args: child(node, Part::TypeArguments).map(|list| self.type_args(list)).unwrap_or_default(),
            args: arguments.map(|list| self.exprs(list)).unwrap_or_default(),
            spread,
        }
    }

    /// `T(x)` of a type that cannot be an expression; the grammar also takes `f[T](x)` for it.
    fn conversion(&mut self, node: Node) -> ExprKind {
        let (mut function, mut type_args) = (*self.field(node, Part::Type), Vec::new());
        if let ExprKind::Index { operand, indices } = function.kind {
            function = *operand;
            type_args = indices;
        }
        let args = child(node, Part::Operand).map(|n| self.expr(n)).into_iter().collect();
        ExprKind::Call(Box::new(Call { span: self.span(node), function, type_args, args, spread: false }))
    }

    fn type_args(&mut self, list: Node) -> Vec<Expr> {
        self.exprs(list)
    }

    fn unary(&mut self, node: Node) -> ExprKind {
        let operator = child(node, Part::Operator).map_or("", |op| op.kind());
        let operand = self.field(node, Part::Operand);
        match operator {
            "&" => ExprKind::AddressOf(operand),
            "<-" => ExprKind::Receive(operand),
            "*" => ExprKind::Pointer(operand),
            other => ExprKind::Unary { not: other == "!", operand },
        }
    }

    fn binary_op(&self, node: Node) -> BinaryOp {
        match child(node, Part::Operator).map_or("", |op| op.kind()) {
            "&&" => BinaryOp::And,
            "||" => BinaryOp::Or,
            "==" => BinaryOp::Equal,
            "!=" => BinaryOp::NotEqual,
            "<" => BinaryOp::Less,
            "<=" => BinaryOp::LessOrEqual,
            ">" => BinaryOp::Greater,
            ">=" => BinaryOp::GreaterOrEqual,
            "+" => BinaryOp::Add,
            "-" => BinaryOp::Subtract,
            _ => BinaryOp::Other,
        }
    }

    /// The value of `12`, `1_000`, `0x1f`, `0b1`, `0o7`, `017`.
    fn integer(&self, node: Node) -> Option<u64> {
        let text = std::str::from_utf8(&self.text[node.byte_range()]).ok()?.replace('_', "");
        let (digits, radix) = match text.get(..2).map(str::to_ascii_lowercase).as_deref() {
            Some("0x") => (&text[2..], 16),
            Some("0b") => (&text[2..], 2),
            Some("0o") => (&text[2..], 8),
            _ if text.len() > 1 && text.starts_with('0') => (&text[1..], 8),
            _ => (text.as_str(), 10),
        };
        u64::from_str_radix(digits, radix).ok()
    }

    fn direction(&self, node: Node) -> Direction {
        let element = child(node, Part::Value).map_or(node.end_byte(), |value| value.start_byte());
        let arrow = |part: &Node| part.kind() == "<-" && part.start_byte() < element;
        let first = node.child(0).map(|part| part.kind() == "<-");
        let any = (0..node.child_count()).filter_map(|at| node.child(at)).any(|part| arrow(&part));
        match (first, any) {
            (Some(true), _) => Direction::Receive,
            (_, true) => Direction::Send,
            _ => Direction::Both,
        }
    }

    fn composite(&mut self, node: Node) -> ExprKind {
        let ty = Some(self.field(node, Part::Type));
        let elements = child(node, Part::Body).map(|body| self.elements(body)).unwrap_or_default();
        ExprKind::Composite { ty, elements }
    }

    fn elements(&mut self, body: Node) -> Vec<Element> {
        let mut elements = Vec::new();
        for node in parts(body) {
            let element = if node.kind() == "keyed_element" {
                Element { key: Some(*self.field(node, Part::Key)), value: *self.field(node, Part::Value) }
            } else {
                Element { key: None, value: self.expr(node) }
            };
            elements.push(element);
        }
        elements
    }

    fn struct_fields(&mut self, node: Node) -> Vec<Field> {
        let Some(list) = parts(node).next() else { return Vec::new() };
        let mut result = Vec::new();
        for field in parts(list).filter(|n| n.kind() == "field_declaration") {
            let names: Vec<_> = fields(field, Part::Name).map(|n| self.ident(n)).collect();
            let Some(ty) = child(field, Part::Type) else { continue };
            let mut ty = self.expr(ty);
            if names.is_empty() && self.text.get(field.start_byte()) == Some(&b'*') {
                ty = Expr { span: self.span(field), kind: ExprKind::Pointer(Box::new(ty)) };
            }
            result.push(Field { names, ty });
        }
        result
    }

    fn interface(&mut self, node: Node) -> Vec<InterfaceElem> {
        let mut elems = Vec::new();
        for elem in parts(node) {
            match elem.kind() {
                "method_elem" => {
                    let Some(name) = child(elem, Part::Name) else { continue };
                    elems.push(InterfaceElem::Method {
                        name: self.ident(name),
                        signature: self.signature(elem),
                    });
                }
                _ => elems.push(InterfaceElem::Embedded(self.exprs(elem))),
            }
        }
        elems
    }

    fn block(&mut self, node: Node) -> Block {
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

    fn stmts_into(&mut self, list: Node, stmts: &mut Vec<Stmt>) {
        for child in parts(list) {
            stmts.push(self.stmt(child));
        }
    }

    fn stmt(&mut self, node: Node) -> Stmt {
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
    fn refuse_predeclared(&mut self, names: &[Expr]) {
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
