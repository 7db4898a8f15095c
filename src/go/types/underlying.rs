//! Type expressions -> [`Type`]: aliases followed, generics put in, cycles bounded.

use std::cell::Cell;
use std::sync::Arc;

use crate::go::project::package::{FuncRef, Package, TypeRef};
use crate::go::syntax::ast::{Expr, ExprKind, Field, InterfaceElem, Param, Signature, base_type_name};
use crate::go::types::database::{Database, FileScope, exported};
use crate::go::types::type_expr::{FuncSig, Home, InterfaceType, Missing, Named, StructField, Type};

/// How deep type expressions and alias chains may go together.
const MAX_DEPTH: u32 = 64;

/// How many type expressions one question may look at.
const MAX_STEPS: u32 = 20_000;

const PREDECLARED: [&str; 23] = [
    "any",
    "bool",
    "byte",
    "comparable",
    "complex128",
    "complex64",
    "error",
    "float32",
    "float64",
    "int",
    "int16",
    "int32",
    "int64",
    "int8",
    "rune",
    "string",
    "uint",
    "uint16",
    "uint32",
    "uint64",
    "uint8",
    "uintptr",
    "unsafe.Pointer",
];

/// Type parameters and what stands for them.
pub(crate) type Bindings = Vec<(Arc<str>, Type)>;

/// Where a type expression stands, and how much more may be looked at.
struct Env<'a> {
    scope: &'a FileScope,
    bound: &'a [(Arc<str>, Type)],
    steps: &'a Cell<u32>,
    depth: u32,
}

impl Env<'_> {
    /// One level deeper; `None` at a limit.
    fn deeper(&self) -> Option<Env<'_>> {
        let left = self.steps.get().checked_sub(1)?;
        self.steps.set(left);
        (self.depth < MAX_DEPTH).then_some(Env { depth: self.depth + 1, ..*self })
    }
}

/// A type declaration with what stands for its parameters.
pub(crate) struct Declared {
    pub(crate) spec: TypeRef,
    pub(crate) scope: FileScope,
    pub(crate) bound: Bindings,
}

/// What a type is made of, names followed to the end.
pub(crate) enum Shape {
    /// A struct type of a declaration, its fields not looked at yet.
    Struct(Declared),
    /// An interface type of a declaration.
    Interface(Declared),
    /// Any type that is no declared one.
    Plain(Type),
}

impl Database {
    /// The type that a type expression means in the file of `scope`.
    pub fn type_of(&self, scope: &FileScope, expr: &Expr) -> Type {
        self.type_with(scope, &[], expr)
    }

    /// As [`Database::type_of`], with types put in for type parameters.
    pub(crate) fn type_with(&self, scope: &FileScope, bound: &[(Arc<str>, Type)], expr: &Expr) -> Type {
        let steps = Cell::new(MAX_STEPS);
        self.type_in(&Env { scope, bound, steps: &steps, depth: 0 }, expr)
    }

    fn type_in(&self, env: &Env, expr: &Expr) -> Type {
        let Some(env) = &env.deeper() else {
            return Type::unknown("its type is too deep or runs in a circle");
        };
        let sub = |expr: &Expr| Arc::new(self.type_in(env, expr));
        match &expr.kind {
            ExprKind::Ident(ident) => self.type_named(env, &ident.name, Vec::new()),
            ExprKind::Selector { operand, field } => {
                self.type_selected(env, operand, &field.name, Vec::new())
            }
            ExprKind::Index { operand, indices } => {
                let args = indices.iter().map(|arg| self.type_in(env, arg)).collect();
                match &operand.unparen().kind {
                    ExprKind::Ident(ident) => self.type_named(env, &ident.name, args),
                    ExprKind::Selector { operand, field } => {
                        self.type_selected(env, operand, &field.name, args)
                    }
                    _ => Type::unknown("this is not a type"),
                }
            }
            ExprKind::Paren(inner) => self.type_in(env, inner),
            ExprKind::Pointer(inner) => Type::Pointer(sub(inner)),
            ExprKind::SliceOf(inner) => Type::Slice(sub(inner)),
            ExprKind::Array(inner) => Type::Array(sub(inner)),
            ExprKind::Map { key, value } => Type::Map(sub(key), sub(value)),
            ExprKind::Chan { element, .. } => Type::Chan(sub(element)),
            ExprKind::FuncType(signature) => Type::Func(Arc::new(self.signature_in(env, signature))),
            ExprKind::Struct(fields) => Type::Struct(Arc::new(self.struct_in(env, fields))),
            ExprKind::Interface(elems) => Type::Interface(Arc::new(self.interface_in(env, elems))),
            _ => Type::unknown("this is not a type"),
        }
    }

    fn type_named(&self, env: &Env, name: &Arc<str>, args: Vec<Type>) -> Type {
        if let Some((_, ty)) = env.bound.iter().find(|(param, _)| param == name) {
            return ty.clone();
        }
        let package = &env.scope.package;
        if package.has_type(name) {
            return self.type_declared(env, package, name, args);
        }
        if PREDECLARED.contains(&&**name) {
            return Type::Basic(name.clone());
        }
        let mut unread: Vec<Arc<Missing>> = Vec::new();
        for path in env.scope.dot_imports().filter(|_| exported(name)) {
            match self.import(env.scope, path) {
                Ok(package) if package.has_type(name) => {
                    return self.type_declared(env, &package, name, args);
                }
                Ok(_) => {}
                Err(missing) => unread.push(missing),
            }
        }
        match unread.as_slice() {
            [] => Type::unknown(format!("package `{}` has no type `{name}`", package.path)),
            // It has to come from somewhere, and all others are read.
            [missing] if package.doubt().is_none() => Self::type_missing(missing.clone(), name, args),
            [missing, ..] => Type::unknown(format!("no source for `{}`: {}", missing.path, missing.why)),
        }
    }

    fn type_selected(&self, env: &Env, operand: &Expr, name: &Arc<str>, args: Vec<Type>) -> Type {
        let Some(alias) = operand.as_ident() else { return Type::unknown("this is not a type") };
        let Some(path) = self.resolve_import_name(env.scope, &alias.name) else {
            return Type::unknown(format!("no import is called `{}`", alias.name));
        };
        match self.import(env.scope, &path) {
            Ok(package) => self.type_declared(env, &package, name, args),
            Err(_) if &*path == "unsafe" => Type::basic("unsafe.Pointer"),
            Err(missing) if &*path == "C" => Type::unknown(format!("`C.{name}` is cgo's; {}", missing.why)),
            Err(missing) => Self::type_missing(missing, name, args),
        }
    }

    pub(crate) fn type_missing(missing: Arc<Missing>, name: &str, args: Vec<Type>) -> Type {
        let package = missing.path.clone();
        Type::Named(Arc::new(Named { package, name: Arc::from(name), args, home: Home::Missing(missing) }))
    }

    /// The type `name` of `package`; an alias is followed.
    fn type_declared(&self, env: &Env, package: &Arc<Package>, name: &Arc<str>, args: Vec<Type>) -> Type {
        let Some(found) = package.type_spec(name) else {
            let why = if package.has_type(name) { "cannot be read" } else { "is not there" };
            return Type::unknown(format!("`{}.{name}` {why}", package.path));
        };
        let spec = found.spec();
        if !spec.alias {
            let home = Home::Source(package.clone());
            return Type::Named(Arc::new(Named {
                package: package.path.clone(),
                name: name.clone(),
                args,
                home,
            }));
        }
        let scope = FileScope { package: package.clone(), file: found.file };
        let bound = bind(&spec.type_params, &args);
        self.type_in(&Env { scope: &scope, bound: &bound, steps: env.steps, depth: env.depth }, &spec.ty)
    }

    /// The type `name` that `package` declares.
    pub fn declared_type(&self, package: &Arc<Package>, name: &str) -> Type {
        let steps = Cell::new(MAX_STEPS);
        let scope = FileScope { package: package.clone(), file: 0 };
        self.type_declared(
            &Env { scope: &scope, bound: &[], steps: &steps, depth: 0 },
            package,
            &Arc::from(name),
            Vec::new(),
        )
    }

    fn signature_in(&self, env: &Env, signature: &Signature) -> FuncSig {
        let types = |params: &[Param]| params.iter().map(|param| self.type_in(env, &param.ty)).collect();
        FuncSig {
            params: types(&signature.params),
            results: types(&signature.results),
            variadic: signature.params.last().is_some_and(|param| param.variadic),
        }
    }

    fn struct_in(&self, env: &Env, fields: &[Field]) -> Vec<StructField> {
        let mut all = Vec::new();
        for field in fields {
            let ty = self.type_in(env, &field.ty);
            match embedded_name(field) {
                Some(name) => all.push(StructField { name, ty, embedded: true }),
                None => all.extend(field.names.iter().map(|name| StructField {
                    name: name.name.clone(),
                    ty: ty.clone(),
                    embedded: false,
                })),
            }
        }
        all
    }

    fn interface_in(&self, env: &Env, elems: &[InterfaceElem]) -> InterfaceType {
        let mut ty = InterfaceType::default();
        for elem in elems {
            match elem {
                InterfaceElem::Method { name, signature } => {
                    ty.methods.push((name.name.clone(), self.signature_in(env, signature)))
                }
                InterfaceElem::Embedded(types) => {
                    ty.embedded.extend(types.iter().map(|expr| self.type_in(env, expr)))
                }
            }
        }
        ty
    }

    /// Parameters and results of a signature as written in the file of `scope`.
    pub(crate) fn signature_with(
        &self,
        scope: &FileScope,
        bound: &[(Arc<str>, Type)],
        signature: &Signature,
    ) -> FuncSig {
        let steps = Cell::new(MAX_STEPS);
        self.signature_in(&Env { scope, bound, steps: &steps, depth: 0 }, signature)
    }

    /// Parameters and results of a function; its type parameters stay what they are.
    pub fn signature(&self, func: &FuncRef) -> FuncSig {
        let receiver =
            func.decl.receiver.as_ref().map(|param| receiver_params(&param.ty)).unwrap_or_default();
        let params = func
            .decl
            .type_params
            .iter()
            .filter_map(|param| param.name.as_ref())
            .map(|name| name.name.clone());
        let bound: Bindings =
            receiver.into_iter().chain(params).map(|name| (name.clone(), Type::TypeParam(name))).collect();
        self.signature_with(&FileScope::of(func), &bound, &func.decl.signature)
    }

    /// The signature of a method of the type `on`, with that type's arguments put in.
    pub(crate) fn method_signature(&self, func: &FuncRef, on: &Named) -> FuncSig {
        let names = func.decl.receiver.as_ref().map(|param| receiver_params(&param.ty)).unwrap_or_default();
        let arg = |at: usize, name: &Arc<str>| {
            on.args.get(at).cloned().unwrap_or_else(|| Type::TypeParam(name.clone()))
        };
        let bound: Bindings =
            names.iter().enumerate().map(|(at, name)| (name.clone(), arg(at, name))).collect();
        self.signature_with(&FileScope::of(func), &bound, &func.decl.signature)
    }

    /// The declaration behind a named type; `None` where its source is missing.
    pub(crate) fn declaration(&self, named: &Named) -> Option<Declared> {
        let package = named.source()?;
        let spec = package.type_spec(&named.name)?;
        let scope = FileScope { package: package.clone(), file: spec.file };
        let bound = bind(&spec.spec().type_params, &named.args);
        Some(Declared { spec, scope, bound })
    }

    /// What a type is made of; a named type whose source is missing is itself.
    pub(crate) fn shape(&self, ty: &Type) -> Shape {
        let mut ty = ty.clone();
        for _ in 0..MAX_DEPTH {
            let Type::Named(named) = &ty else { return Shape::Plain(ty) };
            let Some(declared) = self.declaration(named) else { return Shape::Plain(ty) };
            match &declared.spec.spec().ty.unparen().kind {
                ExprKind::Struct(_) => return Shape::Struct(declared),
                ExprKind::Interface(_) => return Shape::Interface(declared),
                _ => ty = self.type_with(&declared.scope, &declared.bound, &declared.spec.spec().ty),
            }
        }
        Shape::Plain(Type::unknown("its declaration runs in a circle"))
    }
}

/// The name of an embedded field; `None` for a named one.
pub fn embedded_name(field: &Field) -> Option<Arc<str>> {
    if !field.names.is_empty() {
        return None;
    }
    let mut ty = field.ty.unparen();
    loop {
        match &ty.kind {
            ExprKind::Pointer(inner) => ty = inner.unparen(),
            ExprKind::Index { operand, .. } => ty = operand.unparen(),
            ExprKind::Selector { field, .. } => return Some(field.name.clone()),
            _ => return Some(base_type_name(ty).cloned().unwrap_or_default()),
        }
    }
}

/// The names that a receiver gives its type's parameters.
fn receiver_params(ty: &Expr) -> Vec<Arc<str>> {
    match &ty.unparen().kind {
        ExprKind::Pointer(inner) => receiver_params(inner),
        ExprKind::Index { indices, .. } => {
            indices.iter().filter_map(|index| index.as_ident()).map(|ident| ident.name.clone()).collect()
        }
        _ => Vec::new(),
    }
}

/// Type parameters with their arguments; one that has none stays a parameter.
pub(crate) fn bind(params: &[Param], args: &[Type]) -> Bindings {
    let names = params.iter().filter_map(|param| param.name.as_ref()).map(|ident| ident.name.clone());
    names
        .enumerate()
        .map(|(at, name)| (name.clone(), args.get(at).cloned().unwrap_or(Type::TypeParam(name))))
        .collect()
}

/// `ty` with types put in for type parameters.
pub(crate) fn substitute(ty: &Type, bound: &[(Arc<str>, Type)]) -> Type {
    let sub = |ty: &Arc<Type>| Arc::new(substitute(ty, bound));
    let all = |types: &[Type]| types.iter().map(|ty| substitute(ty, bound)).collect();
    match ty {
        Type::TypeParam(name) => {
            bound.iter().find(|(param, _)| param == name).map_or_else(|| ty.clone(), |(_, ty)| ty.clone())
        }
        Type::Pointer(inner) => Type::Pointer(sub(inner)),
        Type::Slice(inner) => Type::Slice(sub(inner)),
        Type::Array(inner) => Type::Array(sub(inner)),
        Type::Chan(inner) => Type::Chan(sub(inner)),
        Type::Map(key, value) => Type::Map(sub(key), sub(value)),
        Type::Named(named) if !named.args.is_empty() => {
            Type::Named(Arc::new(Named { args: all(&named.args), ..(**named).clone() }))
        }
        Type::Func(signature) => Type::Func(Arc::new(substitute_all(signature, bound))),
        other => other.clone(),
    }
}

/// The fields of a struct type in order, each with whether it is embedded.
pub(crate) fn struct_fields(package: &Package, name: &str) -> Option<Vec<(Arc<str>, bool)>> {
    let ty = package.type_spec(name)?;
    let ExprKind::Struct(fields) = &ty.spec().ty.unparen().kind else { return None };
    let mut found = Vec::new();
    for field in fields {
        match embedded_name(field) {
            Some(name) => found.push((name, true)),
            None => found.extend(field.names.iter().map(|name| (name.name.clone(), false))),
        }
    }
    Some(found)
}

/// A signature with types put in for type parameters.
pub(crate) fn substitute_all(signature: &FuncSig, bound: &[(Arc<str>, Type)]) -> FuncSig {
    let all = |types: &[Type]| types.iter().map(|ty| substitute(ty, bound)).collect();
    FuncSig { params: all(&signature.params), results: all(&signature.results), variadic: signature.variadic }
}

/// What stands for the parameters `names` when a function with such parameter types is called with such
/// arguments.
pub(crate) fn infer(names: &[Arc<str>], signature: &FuncSig, args: &[Type]) -> Bindings {
    let mut bound = Bindings::new();
    for (at, arg) in args.iter().enumerate() {
        let param =
            signature.params.get(at).or_else(|| signature.params.last().filter(|_| signature.variadic));
        if let Some(param) = param {
            unify(param, arg, names, &mut bound, 0);
        }
    }
    bound
}

fn unify(param: &Type, arg: &Type, names: &[Arc<str>], bound: &mut Bindings, depth: u32) {
    if depth > MAX_DEPTH {
        return;
    }
    let mut go = |param: &Type, arg: &Type| unify(param, arg, names, bound, depth + 1);
    match (param, arg) {
        (Type::TypeParam(name), arg) => {
            let useful = !matches!(arg, Type::Unknown(_) | Type::Nil);
            if useful && names.contains(name) && !bound.iter().any(|(known, _)| known == name) {
                bound.push((name.clone(), arg.clone()));
            }
        }
        (Type::Pointer(param), Type::Pointer(arg))
        | (Type::Slice(param), Type::Slice(arg))
        | (Type::Array(param), Type::Array(arg))
        | (Type::Chan(param), Type::Chan(arg)) => go(param, arg),
        (Type::Map(key, value), Type::Map(other_key, other_value)) => {
            go(key, other_key);
            go(value, other_value);
        }
        (Type::Named(param), Type::Named(arg)) if param.name == arg.name && param.package == arg.package => {
            param.args.iter().zip(&arg.args).for_each(|(param, arg)| go(param, arg));
        }
        (Type::Func(param), Type::Func(arg)) => {
            param
                .params
                .iter()
                .zip(&arg.params)
                .chain(param.results.iter().zip(&arg.results))
                .for_each(|(param, arg)| go(param, arg));
        }
        _ => {}
    }
}
