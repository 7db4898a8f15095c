//! Which functions run once a request: handlers, told by their signatures, and what they call in their own
//! package.
//!
//! A client that such a function makes and closes is no leak. It is made over and over all the same, which is
//! worth a note.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, Scopes};
use crate::base::memo::Memo;
use crate::go::facts::names::{self, Handler};
use crate::go::project::package::{FuncName, FuncRef, Package};
use crate::go::syntax::ast::*;
use crate::go::syntax::outline::{has_word, is_word};
use crate::go::syntax::visit;
use crate::go::types::database::{Database, FileScope, exported};
use crate::go::types::type_expr::Type;

/// Calls are followed this far from a handler.
const MAX_DEPTH: usize = 4;

/// Which functions of each package mention which, kept for all threads.
#[derive(Default)]
pub struct Requests(Memo<Key, Arc<Mentions>>);

/// A package: its folder and its name.
type Key = (PathBuf, Arc<str>);

/// How a function came to run once a request.
pub struct Request {
    /// What runs: "`serve`", "a handler in `routes`".
    pub what: String,
    /// The handler that calls it; `None` where it is one.
    pub handler: Option<String>,
    /// The type that its receiver has.
    pub receiver: Option<Arc<str>>,
}

impl Requests {
    /// Whether what stands in `body` of `func` runs once a request.
    pub fn of(&self, typing: &Typing, body: BodyId, func: &FuncDecl) -> Option<Request> {
        let receiver = func.receiver_type().cloned();
        let name = format!("`{}`", func.display_name());
        let mut around = Some(body);
        while let Some(at) = around {
            let body = typing.scopes.body(at);
            if is_handler(typing.database, &typing.file, body.signature) {
                let what = if body.parent.is_some() { format!("a handler in {name}") } else { name };
                return Some(Request { what, handler: None, receiver });
            }
            around = body.parent;
        }
        if is_service_method(typing.database, &typing.file, func) {
            return Some(Request { what: name, handler: None, receiver });
        }
        let package = &typing.file.package;
        let func = FuncName { receiver: receiver.clone(), name: func.name.name.clone() };
        let handler = self.mentions(package).handler(typing.database, package, func)?;
        Some(Request { what: name, handler: Some(handler), receiver })
    }

    fn mentions(&self, package: &Arc<Package>) -> Arc<Mentions> {
        let key = (package.dir.clone(), package.name.clone());
        self.0.get_or(key, |_| Arc::new(Mentions::of(package)))
    }
}

/// What the text of a package's functions says, without parsing any. Empty where nothing handles requests.
#[derive(Default)]
struct Mentions {
    /// The functions by the names that they mention: what calls a function mentions it.
    by: FxHashMap<Arc<str>, Vec<FuncName>>,
    /// Those that may be handlers, or have one written in them.
    handlers: FxHashSet<FuncName>,
}

impl Mentions {
    fn of(package: &Package) -> Mentions {
        let mut mentions = Mentions::default();
        let imports = || package.files.iter().filter(|file| !file.test).flat_map(|file| &file.imports);
        if !imports().any(|import| names::may_serve_requests(&import.path)) {
            return mentions;
        }
        // Some handlers are told by the package of what they get, whatever its name.
        let told_by_types = |path: &str| names::handlers().iter().any(|kind| kind.is_told_by_types(path));
        let any = imports().any(|import| told_by_types(&import.path));
        let methods = package.type_names().into_iter().flat_map(|ty| package.methods_of(&ty));
        let names: FxHashMap<Vec<u8>, Arc<str>> = package
            .func_names()
            .into_iter()
            .chain(methods)
            .map(|name| (name.as_bytes().to_vec(), name))
            .collect();
        package.each_function(&mut |func, text| {
            for word in text.split(|byte| !is_word(*byte)) {
                let Some(name) = names.get(word) else { continue };
                let by = mentions.by.entry(name.clone()).or_default();
                if by.last() != Some(func) {
                    by.push(func.clone());
                }
            }
            if any || may_handle(func, text) {
                mentions.handlers.insert(func.clone());
            }
        });
        mentions
    }

    /// The first handler, in words, whose calls lead to `func`.
    fn handler(&self, database: &Database, package: &Arc<Package>, func: FuncName) -> Option<String> {
        let mut callers = BTreeSet::from([func.clone()]);
        let mut last = vec![func.clone()];
        for _ in 0..MAX_DEPTH {
            let by = last.iter().filter_map(|func| self.by.get(&func.name)).flatten();
            let new: BTreeSet<FuncName> = by.filter(|func| !callers.contains(func)).cloned().collect();
            callers.extend(new.iter().cloned());
            last = new.into_iter().collect();
        }
        let handlers = callers.iter().filter(|name| self.handlers.contains(*name));
        let funcs: Vec<FuncRef> = handlers.filter_map(|name| package.named(name)).collect();
        let mut ways: Vec<(FuncRef, String)> =
            funcs.iter().flat_map(|func| from_handlers(database, func)).collect();
        let mut reached: FxHashSet<FuncName> = FxHashSet::default();
        for _ in 0..MAX_DEPTH {
            let mut next = Vec::new();
            for (at, handler) in ways {
                let name =
                    FuncName { receiver: at.decl.receiver_type().cloned(), name: at.decl.name.name.clone() };
                if name == func {
                    return Some(handler);
                }
                if callers.contains(&name) && reached.insert(name) {
                    next.extend(
                        calls_in(database, &at, None).into_iter().map(|func| (func, handler.clone())),
                    );
                }
            }
            ways = next;
        }
        None
    }
}

/// Whether a function may be a handler, or have one written in it, by the names of the types that handlers
/// get; methods of gRPC services are exported and get a context or a stream.
fn may_handle(func: &FuncName, text: &[u8]) -> bool {
    let service = func.receiver.is_some() && exported(&func.name);
    let other_context = || {
        let before = |at: usize| text[..at].ends_with(b"context.");
        memchr::memmem::find_iter(text, "Context").any(|at| !before(at))
    };
    service
        || names::handlers().iter().filter_map(Handler::text).any(|word| has_word(text, word))
        || other_context()
}

/// What the handler that `func` is, and those that are written in it, call in its package.
fn from_handlers(database: &Database, func: &FuncRef) -> Vec<(FuncRef, String)> {
    let scope = FileScope::of(func);
    let name = format!("`{}`", func.decl.display_name());
    if is_handler(database, &scope, &func.decl.signature) || is_service_method(database, &scope, &func.decl) {
        return calls_in(database, func, None).into_iter().map(|called| (called, name.clone())).collect();
    }
    let mut literals = Vec::new();
    func.decl.body().into_iter().for_each(|body| {
        visit::block(body, &mut |expr| {
            if let ExprKind::FuncLit(literal) = &expr.kind
                && is_handler(database, &scope, &literal.signature)
            {
                literals.push(&**literal);
            }
        });
    });
    let called = literals.into_iter().flat_map(|literal| calls_in(database, func, Some(literal)));
    called.map(|called| (called, format!("a handler in {name}"))).collect()
}

/// The functions of its own package that `func`, or one `literal` in it, calls.
fn calls_in(database: &Database, func: &FuncRef, literal: Option<&FuncLit>) -> Vec<FuncRef> {
    let scopes = Scopes::of_func(&func.decl);
    let typing = Typing::new(database, FileScope::of(func), &scopes);
    let Some(block) = literal.map(|literal| &literal.body).or(func.decl.body()) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    visit::block(block, &mut |expr| {
        let Some(call) = expr.as_call().filter(|call| call.span == expr.span) else { return };
        // Asking for a receiver's type is dear; only names that the package declares are worth it.
        let own = match &call.function.unparen().kind {
            ExprKind::Ident(ident) => func.package.has_func(&ident.name),
            ExprKind::Selector { field, .. } => func.package.declares_method(&field.name),
            _ => false,
        };
        let called = if own { typing.called(call) } else { None };
        found.extend(called.filter(|called| Arc::ptr_eq(&called.package, &func.package)));
    });
    found
}

/// Whether a function of this signature handles a request of one of the frameworks.
pub(crate) fn is_handler(database: &Database, scope: &FileScope, signature: &Signature) -> bool {
    let named = |param: &Param, name: &str, handler: &Handler| {
        let ty = match &param.ty.unparen().kind {
            ExprKind::Pointer(inner) => inner,
            _ => &param.ty,
        };
        let last = match &ty.unparen().kind {
            ExprKind::Selector { field, .. } => &field.name,
            ExprKind::Ident(ident) => &ident.name,
            _ => return false,
        };
        (name == "*" || **last == *name)
            && database.type_of(scope, ty).named().is_some_and(|named| handler.is_of(&named.package))
    };
    names::handlers().iter().any(|handler| {
        let any = |name| signature.params.iter().any(|param| named(param, name, handler));
        (!handler.is_alone() || signature.params.len() == 1) && handler.gets().all(any)
    })
}

/// Whether a method answers a call of a gRPC service: its type embeds what generated code wants services to
/// embed, or the package of its message declares a service with it.
fn is_service_method(database: &Database, scope: &FileScope, func: &FuncDecl) -> bool {
    let signature = &func.signature;
    let types =
        |params: &[Param]| params.iter().map(|param| database.type_of(scope, &param.ty)).collect::<Vec<_>>();
    let Some(receiver) = func.receiver_type().filter(|_| exported(&func.name.name)) else { return false };
    let (params, results) = (types(&signature.params), types(&signature.results));
    let unary = matches!(params.as_slice(), [context, Type::Pointer(_)] if context.is_context())
        && results.len() == 2;
    if !results.last().is_some_and(Type::is_error) {
        return false;
    }
    if unary
        && params.last().is_some_and(|message| is_declared_by_service(database, message, &func.name.name))
    {
        return true;
    }
    let Some(ty) = scope.package.type_spec(receiver) else { return false };
    let ExprKind::Struct(fields) = &ty.spec().ty.unparen().kind else { return false };
    let embeds = |field: &Field| field.names.is_empty() && last_name(&field.ty).is_some_and(is_service_base);
    if !fields.iter().any(embeds) {
        return false;
    }
    let streams = results.len() == 1
        && signature.params.last().and_then(|param| last_name(&param.ty)).is_some_and(is_stream);
    unary || streams
}

/// Whether the package of a message declares an interface of a service with that method.
fn is_declared_by_service(database: &Database, message: &Type, method: &str) -> bool {
    let Some(package) = message.pointee().named().and_then(|named| named.source()) else { return false };
    let services =
        package.type_names().into_iter().filter(|name| name.ends_with("Server") && !is_service_base(name));
    services
        .map(|name| database.declared_type(package, &name))
        .any(|ty| database.is_interface(&ty) && database.member(&ty, method).is_some())
}

fn is_service_base(name: &str) -> bool {
    (name.starts_with("Unimplemented") || name.starts_with("Unsafe")) && name.ends_with("Server")
}

fn is_stream(name: &str) -> bool {
    name.ends_with("Server") || name.ends_with("ServerStream")
}

fn last_name(ty: &Expr) -> Option<&str> {
    match &ty.unparen().kind {
        ExprKind::Ident(ident) => Some(&ident.name),
        ExprKind::Selector { field, .. } => Some(&field.name),
        ExprKind::Pointer(inner) | ExprKind::Index { operand: inner, .. } => last_name(inner),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::notes;

    #[test]
    fn a_handler_and_what_it_calls_run_once_a_request() {
        assert_eq!(
            notes(
                "net/http",
                "func serve(w http.ResponseWriter, r *http.Request) { f() }\nfunc f() {\nc := make1()\n\
                 c.Close()\n}"
            )[0],
            ["per-request: `f`, which `serve` leads to, makes one for each request; a package variable \
                 made by `sync.OnceValues`, or a struct with the handler as its method, could hold one for \
                 all"]
        );
        assert_eq!(
            notes("net/http", "func f(w http.ResponseWriter, r *http.Request) {\nc := make1()\nc.Close()\n}")
                [0],
            ["per-request: `f` makes one for each request; a package variable made by `sync.OnceValues`, \
                 or a struct with the handler as its method, could hold one for all"]
        );
        assert!(notes("net/http", "func f(r *http.Request) {\nc := make1()\nc.Close()\n}")[0].is_empty());
    }
}
