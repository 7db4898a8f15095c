//! Go's syntax as values: declarations, statements, expressions. Made by `lower` from a tree-sitter tree.
//!
//! Types and expressions share [`Expr`], as Go's grammar cannot always tell them apart. All spans are offsets
//! in the file.

use std::sync::{Arc, OnceLock};

use crate::base::text::Span;

/// An identifier where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ident {
    pub span: Span,
    pub name: Arc<str>,
}

impl Ident {
    /// Whether this is `_`.
    pub fn is_blank(&self) -> bool {
        &*self.name == "_"
    }
}

/// A top-level declaration.
#[derive(Debug, Clone)]
pub enum Decl {
    Func(Arc<FuncDecl>),
    Vars(Vec<VarSpec>),
    Consts(Vec<VarSpec>),
    Types(Vec<TypeSpec>),
    /// Anything else that may stand at the top: imports, the package clause.
    Other,
}

/// A function or method with its body.
#[derive(Debug)]
pub struct FuncDecl {
    pub span: Span,
    pub name: Ident,
    pub receiver: Option<Param>,
    pub type_params: Vec<Param>,
    pub signature: Signature,
    pub body: Body,
}

/// A function's body.
#[derive(Default)]
pub enum Body {
    /// It is implemented elsewhere.
    #[default]
    None,
    Parsed(Block),
    /// It is there, and parsed when somebody asks for it: of most functions only the head matters.
    Unparsed {
        block: OnceLock<Option<Block>>,
        parse: ParseBody,
    },
}

/// Parses a body that is there.
type ParseBody = Box<dyn Fn() -> Option<Block> + Send + Sync>;

impl Body {
    /// One that `parse` gives, once.
    pub fn unparsed(parse: ParseBody) -> Body {
        Body::Unparsed { block: OnceLock::new(), parse }
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Body::None => f.write_str("None"),
            Body::Parsed(block) => block.fmt(f),
            Body::Unparsed { block, .. } => f.debug_tuple("Unparsed").field(block).finish(),
        }
    }
}

impl FuncDecl {
    /// The body; `None` for functions implemented elsewhere, and where its syntax is refused.
    pub fn body(&self) -> Option<&Block> {
        match &self.body {
            Body::None => None,
            Body::Parsed(block) => Some(block),
            Body::Unparsed { block, parse } => block.get_or_init(parse).as_ref(),
        }
    }

    /// Gives the body away.
    pub fn into_body(self) -> Option<Block> {
        match self.body {
            Body::None => None,
            Body::Parsed(block) => Some(block),
            Body::Unparsed { block, parse } => block.into_inner().unwrap_or_else(parse),
        }
    }

    /// Whether it is implemented here, without a look at the body.
    pub fn has_body(&self) -> bool {
        !matches!(self.body, Body::None)
    }

    /// The name of the receiver's type without pointer and type arguments.
    pub fn receiver_type(&self) -> Option<&Arc<str>> {
        self.receiver.as_ref().and_then(|param| base_type_name(&param.ty))
    }

    /// Whether it is a method of a pointer.
    pub fn takes_address(&self) -> bool {
        self.receiver.as_ref().is_some_and(|param| matches!(param.ty.unparen().kind, ExprKind::Pointer(_)))
    }

    /// `main`, `(*Server).Run`, `Server.Run`: as printed in findings.
    pub fn display_name(&self) -> String {
        match (&self.receiver, self.receiver_type()) {
            (Some(_), Some(ty)) if self.takes_address() => {
                format!("(*{ty}).{}", self.name.name)
            }
            (Some(_), Some(ty)) => format!("{ty}.{}", self.name.name),
            _ => self.name.name.to_string(),
        }
    }
}

/// The bare name in `T`, `*T`, `T[X]`, `(T)`; `None` for anything else.
pub fn base_type_name(ty: &Expr) -> Option<&Arc<str>> {
    match &ty.kind {
        ExprKind::Ident(ident) => Some(&ident.name),
        ExprKind::Pointer(inner) | ExprKind::Paren(inner) => base_type_name(inner),
        ExprKind::Index { operand, .. } => base_type_name(operand),
        _ => None,
    }
}

/// Parameters and results.
#[derive(Debug, Clone, Default)]
pub struct Signature {
    pub params: Vec<Param>,
    pub results: Vec<Param>,
}

/// One parameter, result, receiver or type parameter. `a, b T` becomes two.
#[derive(Debug, Clone)]
pub struct Param {
    pub name: Option<Ident>,
    pub ty: Expr,
    pub variadic: bool,
}

/// `a, b T = x, y` of a var or const declaration.
#[derive(Debug, Clone)]
pub struct VarSpec {
    pub span: Span,
    pub names: Vec<Ident>,
    pub ty: Option<Expr>,
    pub values: Vec<Expr>,
}

/// `T[P] struct{…}` of a type declaration.
#[derive(Debug, Clone)]
pub struct TypeSpec {
    pub name: Ident,
    pub type_params: Vec<Param>,
    pub alias: bool,
    pub ty: Expr,
}

/// An expression or a type.
#[derive(Debug, Clone)]
pub struct Expr {
    pub span: Span,
    pub kind: ExprKind,
}

impl Expr {
    /// The expression inside any number of parentheses.
    pub fn unparen(&self) -> &Expr {
        let mut expr = self;
        while let ExprKind::Paren(inner) = &expr.kind {
            expr = inner;
        }
        expr
    }

    /// The identifier, if it is just one (in parentheses or not).
    pub fn as_ident(&self) -> Option<&Ident> {
        match &self.unparen().kind {
            ExprKind::Ident(ident) => Some(ident),
            _ => None,
        }
    }

    /// Whether this is the identifier `nil`.
    pub fn is_nil(&self) -> bool {
        self.is_named("nil")
    }

    /// Whether this is an identifier of that name.
    pub fn is_named(&self, name: &str) -> bool {
        self.as_ident().is_some_and(|ident| &*ident.name == name)
    }

    /// The call, if it is just one.
    pub fn as_call(&self) -> Option<&Call> {
        match &self.unparen().kind {
            ExprKind::Call(call) => Some(call),
            _ => None,
        }
    }

    /// A call of what the expression names, without arguments: asks which function that is.
    pub fn called(&self) -> Call {
        let (type_args, args) = (Vec::new(), Vec::new());
        Call { span: self.span, function: self.clone(), type_args, args, spread: false }
    }

    /// `a.b.c` as its identifiers, if it is nothing else.
    pub fn as_path(&self) -> Option<Vec<&Ident>> {
        match &self.unparen().kind {
            ExprKind::Ident(ident) => Some(vec![ident]),
            ExprKind::Selector { operand, field } => {
                let mut path = operand.as_path()?;
                path.push(field);
                Some(path)
            }
            _ => None,
        }
    }
}

/// What a literal says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// An integer that is not too large.
    Integer(u64),
    /// Anything else that is short, as it is written.
    Other(Arc<str>),
    /// A long text, of which nothing is kept.
    Long,
}

#[derive(Debug, Clone)]
pub enum ExprKind {
    /// Also `nil`, `true`, `iota`, and type names.
    Ident(Ident),
    /// A string, rune or number.
    Literal(Literal),
    /// `x.f`; also a qualified type.
    Selector {
        operand: Box<Expr>,
        field: Ident,
    },
    Call(Box<Call>),
    /// `+x`, `-x`, `!x`, `^x`.
    Unary {
        not: bool,
        operand: Box<Expr>,
    },
    /// `&x`
    AddressOf(Box<Expr>),
    /// `<-x`
    Receive(Box<Expr>),
    Binary {
        op: BinaryOp,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// `x[i]`, `T[A, B]`
    Index {
        operand: Box<Expr>,
        indices: Vec<Expr>,
    },
    /// `x[a:b:c]` with the bounds that are there.
    Slice {
        operand: Box<Expr>,
        bounds: Vec<Expr>,
    },
    TypeAssert {
        operand: Box<Expr>,
        ty: Box<Expr>,
    },
    /// `T{…}`; `ty` is `None` for an inner literal whose type is left out.
    Composite {
        ty: Option<Box<Expr>>,
        elements: Vec<Element>,
    },
    FuncLit(Box<FuncLit>),
    Paren(Box<Expr>),
    /// `*x`: a pointer type or a dereference.
    Pointer(Box<Expr>),
    Array(Box<Expr>),
    SliceOf(Box<Expr>),
    Map {
        key: Box<Expr>,
        value: Box<Expr>,
    },
    Chan {
        direction: Direction,
        element: Box<Expr>,
    },
    FuncType(Box<Signature>),
    Struct(Vec<Field>),
    Interface(Vec<InterfaceElem>),
    /// Something the grammar knows and this program has no use for.
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOp {
    And,
    Or,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Other,
}

impl BinaryOp {
    /// Whether it gives a truth value.
    pub fn gives_bool(self) -> bool {
        !matches!(
            self,
            BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Other
        )
    }
}

/// What may be done with a channel by its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Both,
    /// `chan<- T`
    Send,
    /// `<-chan T`
    Receive,
}

#[derive(Debug, Clone)]
pub struct Call {
    pub span: Span,
    pub function: Expr,
    pub type_args: Vec<Expr>,
    pub args: Vec<Expr>,
    /// The last argument is followed by `...`.
    pub spread: bool,
}

impl Call {
    /// What is called, where it is a method or the like: `x` of `x.f()`.
    pub fn receiver(&self) -> Option<&Expr> {
        match &self.function.unparen().kind {
            ExprKind::Selector { operand, .. } => Some(operand),
            _ => None,
        }
    }

    /// The last name of what is called: `f` in `f()`, `x.f()`, `x.f[T]()`.
    pub fn name(&self) -> Option<&str> {
        let mut function = self.function.unparen();
        while let ExprKind::Index { operand, .. } = &function.kind {
            function = operand.unparen();
        }
        match &function.kind {
            ExprKind::Ident(ident) => Some(&ident.name),
            ExprKind::Selector { field, .. } => Some(&field.name),
            _ => None,
        }
    }
}

/// `k: v` or `v` of a composite literal.
#[derive(Debug, Clone)]
pub struct Element {
    pub key: Option<Expr>,
    pub value: Expr,
}

#[derive(Debug, Clone)]
pub struct FuncLit {
    pub signature: Signature,
    pub body: Block,
}

/// A struct's field; embedded ones have no names.
#[derive(Debug, Clone)]
pub struct Field {
    pub names: Vec<Ident>,
    pub ty: Expr,
}

#[derive(Debug, Clone)]
pub enum InterfaceElem {
    Method {
        name: Ident,
        signature: Signature,
    },
    /// An embedded interface or a union.
    Embedded(Vec<Expr>),
}

/// `{ … }` with its braces.
#[derive(Debug, Clone)]
pub struct Block {
    pub span: Span,
    pub stmts: Vec<Stmt>,
}

#[derive(Debug, Clone)]
pub struct Stmt {
    pub span: Span,
    pub kind: StmtKind,
}

impl Stmt {
    /// The statement behind any number of labels.
    pub fn unlabeled(&self) -> &Stmt {
        let mut stmt = self;
        while let StmtKind::Labeled { stmt: Some(inner), .. } = &stmt.kind {
            stmt = inner;
        }
        stmt
    }
}

#[derive(Debug, Clone)]
pub enum StmtKind {
    Expr(Expr),
    Send {
        channel: Expr,
        value: Expr,
    },
    IncDec(Expr),
    /// `a, b = x, y`; `plain` is false for `+=` and the like.
    Assign {
        left: Vec<Expr>,
        right: Vec<Expr>,
        plain: bool,
    },
    /// `a, b := x, y`
    Define {
        left: Vec<Expr>,
        right: Vec<Expr>,
    },
    Var(Vec<VarSpec>),
    Const(Vec<VarSpec>),
    Type(Vec<TypeSpec>),
    Return(Vec<Expr>),
    Go(Expr),
    Defer(Expr),
    If(Box<If>),
    For(Box<For>),
    Switch(Box<Switch>),
    TypeSwitch(Box<TypeSwitch>),
    Select(Vec<SelectCase>),
    Labeled {
        label: Ident,
        stmt: Option<Box<Stmt>>,
    },
    Break(Option<Ident>),
    Continue(Option<Ident>),
    Goto(Option<Ident>),
    Fallthrough,
    Block(Block),
    Empty,
}

#[derive(Debug, Clone)]
pub struct If {
    pub init: Option<Stmt>,
    pub condition: Expr,
    pub then: Block,
    /// A block or another `if`.
    pub otherwise: Option<Stmt>,
}

impl If {
    /// Where the statement begins that runs when the condition does not hold; without one, the end.
    pub fn other_side(&self) -> u32 {
        self.otherwise.as_ref().map_or(self.then.span.end, |other| other.span.start)
    }
}

#[derive(Debug, Clone)]
pub struct For {
    pub head: ForHead,
    pub body: Block,
}

#[derive(Debug, Clone)]
pub enum ForHead {
    Clause { init: Option<Stmt>, condition: Option<Expr>, update: Option<Stmt> },
    Range { left: Vec<Expr>, define: bool, right: Expr },
}

#[derive(Debug, Clone)]
pub struct Switch {
    pub init: Option<Stmt>,
    /// Where its cases begin.
    pub brace: u32,
    pub value: Option<Expr>,
    pub cases: Vec<Case>,
}

#[derive(Debug, Clone)]
pub struct TypeSwitch {
    pub init: Option<Stmt>,
    pub alias: Option<Ident>,
    pub value: Expr,
    pub cases: Vec<Case>,
}

/// `case a, b:` or `default:` (then `values` is empty and `default` true).
#[derive(Debug, Clone)]
pub struct Case {
    /// From the colon to the end.
    pub body: Span,
    pub values: Vec<Expr>,
    pub default: bool,
    pub stmts: Vec<Stmt>,
}

#[derive(Debug, Clone)]
pub struct SelectCase {
    pub span: Span,
    /// `None` for `default:`.
    pub communication: Option<Communication>,
    pub stmts: Vec<Stmt>,
}

#[derive(Debug, Clone)]
pub enum Communication {
    Send { channel: Expr, value: Expr },
    Receive { left: Vec<Expr>, define: bool, right: Expr },
}
