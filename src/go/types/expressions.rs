//! Types of expressions, and what a call calls. Local variables are the caller's: it hands in a function that
//! knows them.

use std::cell::Cell;
use std::sync::Arc;

use crate::base::diagnostic::Certainty;
use crate::go::facts::names;
use crate::go::project::package::{FuncRef, Package};
use crate::go::syntax::ast::{Call, Expr, ExprKind, Ident};
use crate::go::types::database::{Database, FileScope, exported};
use crate::go::types::members::{Lookup, Member, MethodRef};
use crate::go::types::type_expr::{FuncSig, Missing, Type};
use crate::go::types::underlying::{Shape, infer, substitute_all};

/// How deep expressions and the initializers of package variables may go together.
const MAX_DEPTH: u32 = 240;

/// How many expressions one question may look at.
const MAX_STEPS: u32 = 10_000;

/// How deep a question has gone, and how many more expressions it may look at.
#[derive(Clone, Copy)]
struct Reach<'a> {
    depth: u32,
    steps: &'a Cell<u32>,
}

impl<'a> Reach<'a> {
    fn new(steps: &'a Cell<u32>) -> Reach<'a> {
        Reach { depth: 0, steps }
    }

    fn deeper(self) -> Reach<'a> {
        self.steps.set(self.steps.get().saturating_sub(1));
        Reach { depth: self.depth + 1, ..self }
    }

    fn is_over(self) -> bool {
        self.depth > MAX_DEPTH || self.steps.get() == 0
    }
}

const BUILTINS: [&str; 18] = [
    "append", "cap", "clear", "close", "complex", "copy", "delete", "imag", "len", "make", "max", "min",
    "new", "panic", "print", "println", "real", "recover",
];

/// What a call calls.
#[derive(Debug, Clone)]
pub enum Callee {
    /// A function whose source is there; the signature has type arguments put in.
    Func {
        func: FuncRef,
        signature: Arc<FuncSig>,
    },
    /// A method. Its declaration is `method.func`, which interfaces and the index do not have.
    Method {
        method: Box<MethodRef>,
        receiver: Type,
    },
    /// A function that only the shipped index knows.
    Indexed {
        package: Arc<str>,
        name: Arc<str>,
        results: Vec<Type>,
        certainty: Certainty,
        words: Arc<str>,
    },
    Conversion(Type),
    Builtin {
        name: Arc<str>,
        results: Vec<Type>,
    },
    /// A value of function type: a variable, a field, a literal.
    FuncValue(Type),
    /// Nobody knows; why. `name` is what is called, with its full import path where that is known.
    Unknown {
        name: String,
        why: String,
    },
}

impl Callee {
    /// The function or method, where its source is there.
    pub fn func(&self) -> Option<&FuncRef> {
        match self {
            Callee::Func { func, .. } => Some(func),
            Callee::Method { method, .. } => method.func.as_ref(),
            _ => None,
        }
    }

    /// The name that a function or method is declared with.
    pub fn name(&self) -> Option<&Arc<str>> {
        match self {
            Callee::Func { func, .. } => Some(&func.decl.name.name),
            Callee::Method { method, .. } => Some(&method.name),
            Callee::Indexed { name, .. } => Some(name),
            _ => None,
        }
    }
}

/// The types of local variables.
pub type Locals<'a> = dyn Fn(&Ident) -> Option<Type> + 'a;

/// What a name or selector means.
enum Meaning {
    Value(Type),
    Type(Type),
    Func(FuncRef),
    Method(Box<MethodRef>, Type),
    Builtin(Arc<str>),
    Indexed { package: Arc<Missing>, name: Arc<str> },
    Unknown { name: String, why: String },
}

impl Database {
    /// The types of an expression: one, or all results of a call. Unknown ones say why.
    pub fn expr_type(&self, scope: &FileScope, expr: &Expr, locals: &Locals) -> Vec<Type> {
        self.types_at(scope, expr, locals, Reach::new(&Cell::new(MAX_STEPS)))
    }

    /// What a call calls.
    pub fn callee(&self, scope: &FileScope, call: &Call, locals: &Locals) -> Callee {
        self.callee_at(scope, call, locals, Reach::new(&Cell::new(MAX_STEPS)))
    }

    /// The types that a call of `callee` gives.
    pub fn results(&self, callee: &Callee) -> Vec<Type> {
        match callee {
            Callee::Func { signature, .. } => signature.results.clone(),
            Callee::Method { method, receiver } => match method.func {
                None if !method.interface && method.signature.results.is_empty() && !method.indexed => {
                    vec![Type::unknown(format!(
                        "what `{}` of `{receiver}` gives is not in the index",
                        method.name
                    ))]
                }
                _ => method.signature.results.clone(),
            },
            Callee::Indexed { results, .. } | Callee::Builtin { results, .. } => results.clone(),
            Callee::Conversion(ty) => vec![ty.clone()],
            Callee::FuncValue(ty) => match self.underlying_func(ty) {
                Some(signature) => signature.results.clone(),
                None => {
                    vec![Type::unknown(format!("what the function value of type `{ty}` gives is not known"))]
                }
            },
            Callee::Unknown { why, .. } => vec![Type::unknown(why)],
        }
    }

    /// The type of the package-level variable or constant `name` of `package`: as declared, or that of its
    /// initializer.
    pub fn var_type(&self, package: &Arc<Package>, name: &str) -> Type {
        self.var_type_at(package, name, Reach::new(&Cell::new(MAX_STEPS)))
    }

    fn var_type_at(&self, package: &Arc<Package>, name: &str, at: Reach) -> Type {
        let Some(found) = package.var(name) else {
            return Type::unknown(format!("`{}` has no variable `{name}`", package.path));
        };
        let scope = FileScope { package: package.clone(), file: found.file };
        let spec = found.spec();
        if let Some(ty) = &spec.ty {
            return self.type_of(&scope, ty);
        }
        if found.constant {
            return Type::basic("untyped");
        }
        let (value, position) = match spec.values.as_slice() {
            [one] if spec.names.len() > 1 => (one, found.position),
            values => match values.get(found.position) {
                Some(value) => (value, 0),
                None => return Type::unknown(format!("`{name}` has no initializer")),
            },
        };
        let types = self.types_at(&scope, value, &|_| None, at.deeper());
        types
            .into_iter()
            .nth(position)
            .unwrap_or_else(|| Type::unknown(format!("the initializer of `{name}` is not known")))
    }

    fn type_at(&self, scope: &FileScope, expr: &Expr, locals: &Locals, at: Reach) -> Type {
        let first = self.types_at(scope, expr, locals, at).into_iter().next();
        first.unwrap_or_else(|| Type::unknown("the call gives no value"))
    }

    fn types_at(&self, scope: &FileScope, expr: &Expr, locals: &Locals, at: Reach) -> Vec<Type> {
        if at.is_over() {
            return vec![Type::unknown("the expression is too deep or runs in a circle")];
        }
        let of = |expr: &Expr| self.type_at(scope, expr, locals, at.deeper());
        let ty = match &expr.kind {
            ExprKind::Call(call) => return self.results(&self.callee_at(scope, call, locals, at.deeper())),
            ExprKind::Paren(inner) => return self.types_at(scope, inner, locals, at.deeper()),
            ExprKind::Ident(_) | ExprKind::Selector { .. } => {
                self.value_type(self.meaning(scope, expr, locals, at.deeper()))
            }
            ExprKind::Literal(_) => Type::basic("untyped"),
            ExprKind::Unary { not: true, .. } => Type::basic("bool"),
            ExprKind::Unary { operand, .. } => of(operand),
            ExprKind::AddressOf(inner) => of(inner).pointer(),
            ExprKind::Pointer(inner) => match of(inner) {
                Type::Pointer(inner) => (*inner).clone(),
                other => self.plain(&other).pointee().clone(),
            },
            ExprKind::Receive(channel) => match self.plain(&of(channel)) {
                Type::Chan(inner) => (*inner).clone(),
                _ => Type::unknown("the channel's type is not known"),
            },
            ExprKind::Binary { op, left, right } if !op.gives_bool() => match of(left) {
                Type::Basic(name) if &*name == "untyped" => of(right),
                ty => ty,
            },
            ExprKind::Binary { .. } => Type::basic("bool"),
            ExprKind::Index { operand, indices } => {
                return vec![self.index_type(scope, operand, indices, locals, at)];
            }
            ExprKind::Slice { operand, .. } => match of(operand) {
                Type::Array(inner) => Type::Slice(inner),
                other => other,
            },
            ExprKind::TypeAssert { ty, .. } => self.type_of(scope, ty),
            ExprKind::Composite { ty: Some(ty), .. } => self.type_of(scope, ty),
            ExprKind::FuncLit(literal) => {
                Type::Func(Arc::new(self.signature_with(scope, &[], &literal.signature)))
            }
            _ => Type::unknown("the expression is not followed"),
        };
        vec![ty]
    }

    /// The type that a value of this meaning has.
    fn value_type(&self, meaning: Meaning) -> Type {
        match meaning {
            Meaning::Value(ty) => ty,
            Meaning::Func(func) => Type::Func(Arc::new(self.signature(&func))),
            Meaning::Method(method, _) => Type::Func(method.signature.clone()),
            Meaning::Type(ty) => Type::unknown(format!("`{ty}` is a type, not a value")),
            Meaning::Builtin(name) => Type::unknown(format!("`{name}` is no value")),
            Meaning::Indexed { package, name } => match self
                .index
                .and_then(|index| index.var_type(&package, &name))
            {
                Some(spelled) => self.indexed_types(&package, &[spelled]).remove(0),
                None => Type::unknown(format!("no source for `{}.{name}`: {}", package.path, package.why)),
            },
            Meaning::Unknown { why, .. } => Type::unknown(why),
        }
    }

    /// The signature of a function type, named or not.
    pub fn underlying_func(&self, ty: &Type) -> Option<Arc<FuncSig>> {
        match self.plain(ty) {
            Type::Func(signature) => Some(signature),
            _ => None,
        }
    }

    /// Whether it is a channel type, named or not.
    pub fn is_channel(&self, ty: &Type) -> bool {
        matches!(self.plain(ty), Type::Chan(_))
    }

    /// What a list of this type has in it, one by one.
    pub(crate) fn element(&self, ty: &Type) -> Option<Type> {
        match self.plain(self.plain(ty).pointee()) {
            Type::Slice(inner) | Type::Array(inner) => Some((*inner).clone()),
            _ => None,
        }
    }

    /// The type with a name followed to what it is made of, where that is neither struct nor interface.
    fn plain(&self, ty: &Type) -> Type {
        match self.shape(ty) {
            Shape::Plain(ty) => ty,
            _ => ty.clone(),
        }
    }

    fn index_type(
        &self,
        scope: &FileScope,
        operand: &Expr,
        indices: &[Expr],
        locals: &Locals,
        at: Reach,
    ) -> Type {
        let ty = match self.meaning(scope, operand, locals, at.deeper()) {
            Meaning::Func(func) => return Type::Func(Arc::new(self.instantiate(scope, &func, indices, &[]))),
            meaning => self.value_type(meaning),
        };
        match self.plain(self.plain(&ty).pointee()) {
            Type::Slice(inner) | Type::Array(inner) | Type::Map(_, inner) => (*inner).clone(),
            Type::Basic(_) => Type::basic("byte"),
            _ => Type::unknown("what is indexed is not known"),
        }
    }

    /// The signature of `func` with the type arguments given, and those that the arguments' types tell.
    fn instantiate(&self, scope: &FileScope, func: &FuncRef, type_args: &[Expr], args: &[Type]) -> FuncSig {
        let signature = self.signature(func);
        let names: Vec<Arc<str>> = func
            .decl
            .type_params
            .iter()
            .filter_map(|param| param.name.as_ref())
            .map(|ident| ident.name.clone())
            .collect();
        if names.is_empty() {
            return signature;
        }
        let mut bound: Vec<_> =
            names.iter().cloned().zip(type_args.iter().map(|ty| self.type_of(scope, ty))).collect();
        let told = infer(&names, &signature, args);
        bound.extend(
            told.into_iter().filter(|(name, _)| !names[..type_args.len().min(names.len())].contains(name)),
        );
        substitute_all(&signature, &bound)
    }

    fn callee_at(&self, scope: &FileScope, call: &Call, locals: &Locals, at: Reach) -> Callee {
        if at.is_over() {
            return Callee::Unknown {
                name: String::new(),
                why: "the expression is too deep or runs in a circle".into(),
            };
        }
        let mut function = call.function.unparen();
        let mut type_args = call.type_args.as_slice();
        if let ExprKind::Index { operand, indices } = &function.kind
            && type_args.is_empty()
            && matches!(
                self.meaning(scope, operand, locals, at.deeper()),
                Meaning::Func(_) | Meaning::Type(_) | Meaning::Indexed { .. }
            )
        {
            (function, type_args) = (operand.unparen(), indices.as_slice());
        }
        let of = |expr: &Expr| self.type_at(scope, expr, locals, at.deeper());
        match &function.kind {
            ExprKind::Ident(_) | ExprKind::Selector { .. } => {}
            ExprKind::FuncLit(_)
            | ExprKind::Call(_)
            | ExprKind::Index { .. }
            | ExprKind::TypeAssert { .. } => {
                return Callee::FuncValue(of(function));
            }
            ExprKind::Pointer(inner) if call.function.unparen().span == call.function.span => {
                return Callee::FuncValue(of(inner).pointee().clone());
            }
            _ => return Callee::Conversion(self.type_of(scope, function)),
        }
        match self.meaning(scope, function, locals, at.deeper()) {
            Meaning::Func(func) => {
                // Arguments' types are only asked for where they decide something.
                let generic = func.decl.type_params.len() > type_args.len();
                let args: Vec<Type> = if generic { call.args.iter().map(of).collect() } else { Vec::new() };
                let signature = Arc::new(self.instantiate(scope, &func, type_args, &args));
                Callee::Func { func, signature }
            }
            Meaning::Method(method, receiver) => Callee::Method { method, receiver },
            Meaning::Type(ty) if type_args.is_empty() => Callee::Conversion(ty),
            Meaning::Type(_) => {
                let span = call.function.span;
                let ty = Expr {
                    span,
                    kind: ExprKind::Index {
                        operand: Box::new(function.clone()),
                        indices: type_args.to_vec(),
                    },
                };
                Callee::Conversion(self.type_of(scope, &ty))
            }
            Meaning::Value(Type::Unknown(why)) => {
                Callee::Unknown { name: spelled(function), why: why.to_string() }
            }
            Meaning::Value(ty) => Callee::FuncValue(ty),
            Meaning::Builtin(name) => {
                let results = self.builtin_results(scope, &name, call, locals, at);
                Callee::Builtin { name, results }
            }
            Meaning::Indexed { package, name } => self.indexed(&package, &name),
            Meaning::Unknown { name, why } => Callee::Unknown { name, why },
        }
    }

    fn indexed(&self, missing: &Arc<Missing>, name: &Arc<str>) -> Callee {
        if let Some(types) = names::given_by(&missing.path, name) {
            return Callee::Indexed {
                package: missing.path.clone(),
                name: name.clone(),
                results: self.indexed_types(missing, types),
                certainty: Certainty::Assumed,
                words: Arc::from("what is known of the library"),
            };
        }
        let Some(index) = self.index.filter(|index| index.package_name(&missing.path).is_some()) else {
            let why = format!("no source and no index entry for `{}`: {}", missing.path, missing.why);
            return Callee::Unknown { name: format!("{}.{name}", missing.path), why };
        };
        match index.func_facts(missing, name) {
            Some(answer) => Callee::Indexed {
                package: missing.path.clone(),
                name: name.clone(),
                results: self.indexed_types(missing, &answer.value),
                certainty: answer.certainty,
                words: Arc::from(answer.words),
            },
            None => Callee::Unknown {
                name: format!("{}.{name}", missing.path),
                why: format!(
                    "no source for `{}` ({}), and the index does not list `{name}`",
                    missing.path, missing.why
                ),
            },
        }
    }

    fn builtin_results(
        &self,
        scope: &FileScope,
        name: &str,
        call: &Call,
        locals: &Locals,
        at: Reach,
    ) -> Vec<Type> {
        let Some(first) = call.args.first() else { return Vec::new() };
        match name {
            "make" => vec![self.type_of(scope, first)],
            // Go 1.26's `new(expr)` takes a value as well.
            "new" => {
                let ty = match self.meaning(scope, first, locals, at.deeper()) {
                    Meaning::Value(ty) => ty,
                    _ if matches!(
                        first.unparen().kind,
                        ExprKind::Call(_) | ExprKind::Literal(_) | ExprKind::Composite { .. }
                    ) =>
                    {
                        self.type_at(scope, first, locals, at.deeper())
                    }
                    _ => self.type_of(scope, first),
                };
                vec![ty.pointer()]
            }
            "append" | "min" | "max" => vec![self.type_at(scope, first, locals, at.deeper())],
            "len" | "cap" | "copy" => vec![Type::basic("int")],
            "recover" => vec![Type::basic("any")],
            "real" | "imag" | "complex" => vec![Type::basic("float64")],
            _ => Vec::new(),
        }
    }

    fn meaning(&self, scope: &FileScope, expr: &Expr, locals: &Locals, at: Reach) -> Meaning {
        let unknown = |why: &str| Meaning::Unknown { name: spelled(expr), why: why.to_string() };
        if at.is_over() {
            return unknown("the expression is too deep or runs in a circle");
        }
        match &expr.unparen().kind {
            ExprKind::Ident(ident) => self.meaning_of_name(scope, ident, locals, at),
            ExprKind::Selector { operand, field } => {
                if let Some(alias) = operand.as_ident()
                    && locals(alias).is_none()
                    && let Some(path) = self.resolve_import_name(scope, &alias.name)
                {
                    return self.meaning_in_package(scope, &path, &field.name, at);
                }
                let ty = match self.meaning(scope, operand, locals, at.deeper()) {
                    Meaning::Type(ty) => ty,
                    Meaning::Unknown { name, why } if name.is_empty() || operand.as_path().is_some() => {
                        return Meaning::Unknown { name: spelled(expr), why };
                    }
                    meaning => self.value_type(meaning),
                };
                self.meaning_of_member(&ty, &field.name, expr)
            }
            ExprKind::Index { operand, .. } => match self.meaning(scope, operand, locals, at.deeper()) {
                Meaning::Type(_) => Meaning::Type(self.type_of(scope, expr)),
                _ => Meaning::Value(self.type_at(scope, expr, locals, at.deeper())),
            },
            ExprKind::Pointer(inner) => match self.meaning(scope, inner, locals, at.deeper()) {
                Meaning::Type(ty) => Meaning::Type(ty.pointer()),
                _ => Meaning::Value(self.type_at(scope, expr, locals, at.deeper())),
            },
            ExprKind::SliceOf(_)
            | ExprKind::Array(_)
            | ExprKind::Map { .. }
            | ExprKind::Chan { .. }
            | ExprKind::FuncType(_)
            | ExprKind::Struct(_)
            | ExprKind::Interface(_) => Meaning::Type(self.type_of(scope, expr)),
            _ => Meaning::Value(self.type_at(scope, expr, locals, at.deeper())),
        }
    }

    fn meaning_of_member(&self, ty: &Type, name: &Arc<str>, expr: &Expr) -> Meaning {
        match self.find_member(ty, name) {
            Lookup::Member(Member::Field(ty)) => Meaning::Value(ty),
            Lookup::Member(Member::Method(method)) => Meaning::Method(Box::new(method), ty.clone()),
            Lookup::Absent => {
                Meaning::Unknown { name: spelled(expr), why: format!("`{ty}` has no `{name}`") }
            }
            // Of a type without source the index may know what the member gives.
            Lookup::Unknown(why) => match self.member_by_index(ty, name) {
                Some(Member::Method(method)) => Meaning::Method(Box::new(method), ty.clone()),
                Some(Member::Field(ty)) => Meaning::Value(ty),
                None => Meaning::Unknown { name: spelled(expr), why: why.to_string() },
            },
        }
    }

    fn meaning_of_name(&self, scope: &FileScope, ident: &Ident, locals: &Locals, at: Reach) -> Meaning {
        if let Some(ty) = locals(ident) {
            return Meaning::Value(ty);
        }
        let (package, name) = (&scope.package, &ident.name);
        if let Some(meaning) = self.declared_meaning(package, name, at) {
            return meaning;
        }
        match &**name {
            "nil" => return Meaning::Value(Type::Nil),
            "true" | "false" => return Meaning::Value(Type::basic("bool")),
            "iota" => return Meaning::Value(Type::basic("untyped")),
            _ => {}
        }
        for path in scope.dot_imports().filter(|_| exported(name)) {
            match self.import(scope, path) {
                Ok(package) => {
                    if let Some(meaning) = self.declared_meaning(&package, name, at) {
                        return meaning;
                    }
                }
                Err(missing) => {
                    let known = self.index.is_some_and(|index| index.func_facts(&missing, name).is_some());
                    if known {
                        return Meaning::Indexed { package: missing, name: name.clone() };
                    }
                }
            }
        }
        if BUILTINS.contains(&&**name) {
            return Meaning::Builtin(name.clone());
        }
        match self.type_of(scope, &Expr { span: ident.span, kind: ExprKind::Ident(ident.clone()) }) {
            Type::Unknown(_) => {
                Meaning::Unknown { name: name.to_string(), why: format!("nothing here is called `{name}`") }
            }
            ty => Meaning::Type(ty),
        }
    }

    /// What `package` declares under `name`.
    fn declared_meaning(&self, package: &Arc<Package>, name: &Arc<str>, at: Reach) -> Option<Meaning> {
        if package.has_func(name) {
            let unread = || Meaning::Unknown {
                name: format!("{}.{name}", package.path),
                why: format!("`{name}` cannot be read"),
            };
            return Some(package.func(name).map_or_else(unread, Meaning::Func));
        }
        if package.has_type(name) {
            return Some(Meaning::Type(self.declared_type(package, name)));
        }
        package.has_value(name).then(|| Meaning::Value(self.var_type_at(package, name, at.deeper())))
    }

    fn meaning_in_package(&self, scope: &FileScope, path: &str, name: &Arc<str>, at: Reach) -> Meaning {
        match self.import(scope, path) {
            Err(missing) => Meaning::Indexed { package: missing, name: name.clone() },
            Ok(package) => self.declared_meaning(&package, name, at).unwrap_or_else(|| Meaning::Unknown {
                name: format!("{path}.{name}"),
                why: package.doubt().unwrap_or_else(|| format!("package `{path}` has no `{name}`")),
            }),
        }
    }
}

/// A path of identifiers as written; empty for any other expression.
fn spelled(expr: &Expr) -> String {
    let names = expr.as_path().unwrap_or_default();
    names.iter().map(|ident| &*ident.name).collect::<Vec<_>>().join(".")
}
