//! tree-sitter tree -> `ast` values: declarations, types and expressions here, statements in a file of
//! their own. Knows the grammar's node names; nothing else of the program does.

mod nodes;
mod statements;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use tree_sitter::Node;

use self::nodes::{Part, child, children, fields, parts};
use crate::base::text::{Span, narrow};
use crate::go::syntax::ast::*;
use crate::go::syntax::parse::{MAX_DEPTH, Parsed, Refusal};

/// Of a literal longer than this no text is kept.
const MAX_LITERAL_BYTES: usize = 64;

impl Parsed {
    /// The declaration as syntax values.
    ///
    /// # Errors
    /// When it nests too deep.
    pub fn lower(&self) -> Result<Decl, Refusal> {
        let mut lowering = Lowering { text: &self.text, base: self.base, depth: 0, refused: None };
        let Some(node) = children(self.tree.root_node()).find(|node| !node.is_extra()) else {
            return Ok(Decl::Other);
        };
        let decl = lowering.declaration(node);
        lowering.refused.map_or(Ok(decl), Err)
    }
}

struct Lowering<'a> {
    text: &'a [u8],
    base: u32,
    depth: u32,
    refused: Option<Refusal>,
}

impl Lowering<'_> {
    fn span(&self, node: Node) -> Span {
        Span { start: narrow(node.start_byte()), end: narrow(node.end_byte()) }.shifted(self.base)
    }

    fn ident(&self, node: Node) -> Ident {
        Ident { span: self.span(node), name: self.written(node) }
    }

    fn literal(&self, node: Node) -> Literal {
        let integer = (node.kind() == "int_literal").then(|| self.integer(node)).flatten();
        match integer {
            Some(value) => Literal::Integer(value),
            None if node.byte_range().len() > MAX_LITERAL_BYTES => Literal::Long,
            None => Literal::Other(self.written(node)),
        }
    }

    fn written(&self, node: Node) -> Arc<str> {
        Arc::from(String::from_utf8_lossy(&self.text[node.byte_range()]))
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
            | "int_literal"
            | "float_literal"
            | "imaginary_literal"
            | "rune_literal" => ExprKind::Literal(self.literal(node)),
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
            "*" => BinaryOp::Multiply,
            "/" => BinaryOp::Divide,
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
}
