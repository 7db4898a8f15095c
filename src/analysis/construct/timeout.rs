//! HTTP requests that nothing ends: neither the client's timeout nor a context.

use crate::analysis::construct::context::{Context, callee};
use crate::analysis::detection::Detection;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{Scopes, VarId};
use crate::base::text::Span;
use crate::go::facts::names;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::FileScope;
use crate::go::types::expressions::Callee;
use crate::go::types::type_expr::Type;

/// What the rule is called.
pub const KIND: &str = "http-without-timeout";

/// Requests by functions of the package, and by clients that are made here without an end.
pub fn detect(context: &Context) -> Vec<Detection> {
    match context.declaration.decl {
        Decl::Func(func) if lasts(&func.name.name) => Vec::new(),
        Decl::Func(_) => requests(context).into_iter().chain(clients(context)).collect(),
        Decl::Vars(specs) => specs.iter().flat_map(|spec| shared(context, spec)).collect(),
        _ => Vec::new(),
    }
}

/// Whether something of this name is meant to last.
fn lasts(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["watch", "stream", "event", "subscribe", "tail", "follow"].iter().any(|word| name.contains(word))
}

/// `http.Get(…)`, `http.DefaultClient.Get(…)`
fn requests(context: &Context) -> Vec<Detection> {
    let mut found = Vec::new();
    let Some(block) = context.block() else { return found };
    let typing = context.typing;
    let is_endless_client = |expr: &Expr| {
        let name = typing.name(expr);
        name.is_some_and(|(package, name)| names::variables().endless_clients.holds(&package, name))
    };
    let is_set = sets_field(block, &is_endless_client);
    for call in visit::calls(context.declaration.decl) {
        let by_client = match &call.function.unparen().kind {
            ExprKind::Selector { operand, field } => {
                !is_set && is_endless_client(operand) && is_endless(typing, block, call, &field.name)
            }
            _ => false,
        };
        let function = typing.name(&call.function).filter(|(package, name)| {
            !package.is_empty() && names::functions().requests.holds(package, name)
        });
        if by_client || function.is_some() {
            let name = call.name().unwrap_or_default();
            let message = format!("`{name}` waits for its answer without end: its client has no timeout");
            found.push(finding(context, call.span, message, None));
        }
    }
    found
}

/// Clients that a function makes without a timeout, and by which it sends a request without a context.
fn clients(context: &Context) -> Vec<Detection> {
    let mut found = Vec::new();
    let Some(block) = context.block() else { return found };
    let scopes = context.typing.scopes;
    visit::block(block, &mut |expr| {
        if !is_endless_client(context.typing, expr) {
            return;
        }
        let holders = (0..)
            .map(VarId)
            .take(scopes.vars.len())
            .filter(|var| scopes.assigned(*var).iter().any(|one| inside(one.value).span == expr.span));
        let sent = holders
            .filter(|var| !is_set_later(context.typing, block, *var))
            .find_map(|var| sent(context.typing, block, &|client| is_var(scopes, client, var)));
        if let Some(request) = sent.or_else(|| sent_at_once(context.typing, block, expr.span)) {
            let message = "this client waits for answers without end: it has no timeout".to_owned();
            found.push(finding(context, expr.span, message, Some(request)));
        }
    });
    found
}

/// A package variable that is such a client, by which some function of the package sends such a request.
fn shared(context: &Context, spec: &VarSpec) -> Vec<Detection> {
    let mut found = Vec::new();
    for (name, value) in spec.names.iter().zip(&spec.values) {
        let literal = inside(value);
        if !is_endless_client(context.typing, literal) {
            continue;
        }
        let functions = context.declaration.file.scope.package.functions_with(&name.name);
        let mut sends = false;
        for func in functions.iter().filter(|func| !lasts(&func.decl.name.name)) {
            let Some(body) = func.decl.body() else { continue };
            let scopes = Scopes::of_func(&func.decl);
            let typing = Typing::new(context.typing.database, FileScope::of(func), &scopes);
            let is_it = |client: &Expr| {
                client.as_ident().is_some_and(|ident| ident.name == name.name && scopes.var(ident).is_none())
            };
            // Whoever sets a field of it may set that.
            if sets_field(body, &is_it) {
                return Vec::new();
            }
            sends |= sent(&typing, body, &is_it).is_some();
        }
        if sends {
            let message = format!("`{}` waits for answers without end: it has no timeout", name.name);
            found.push(finding(context, literal.span, message, None));
        }
    }
    found
}

fn finding(context: &Context, span: Span, message: String, request: Option<Span>) -> Detection {
    let label =
        request.map(|span| context.declaration.place(span, "this request carries no context that ends"));
    Detection::new(KIND, span, "no timeout", message).with_labels(label).with_advice(
        "give the client a `Timeout`, or the request a context that ends",
        "how long is for a person to say",
    )
}

/// What is behind `&` and brackets.
fn inside(value: &Expr) -> &Expr {
    match &value.unparen().kind {
        ExprKind::AddressOf(operand) => operand.unparen(),
        _ => value.unparen(),
    }
}

fn is_var(scopes: &Scopes, expr: &Expr, var: VarId) -> bool {
    expr.as_ident().and_then(|ident| scopes.var(ident)) == Some(var)
}

/// A literal of `http.Client` without `Timeout`, whose transport, if it has one, has no timeouts either, or
/// `new(http.Client)`.
fn is_endless_client(typing: &Typing, expr: &Expr) -> bool {
    if let ExprKind::Call(call) = &expr.kind
        && matches!(typing.callee(call), Callee::Builtin { name, .. } if &*name == "new")
    {
        return is_http_named(&typing.of(expr), "Client");
    }
    let ExprKind::Composite { ty: Some(ty), elements } = &expr.kind else { return false };
    let name = match &ty.kind {
        ExprKind::Selector { field, .. } => &field.name,
        ExprKind::Ident(ident) => &ident.name,
        _ => return false,
    };
    if &**name != "Client" || !is_http(typing, expr, "Client") {
        return false;
    }
    let named = |element: &Element, name: &str| {
        element.key.as_ref().and_then(Expr::as_ident).is_some_and(|key| &*key.name == name)
    };
    let bare = |transport: &Expr| match &inside(transport).kind {
        ExprKind::Composite { elements, .. } => {
            let plain = |element: &Element| {
                let key = element.key.as_ref().and_then(Expr::as_ident);
                key.is_some_and(|key| !key.name.contains("Timeout") && !key.name.contains("Dial"))
            };
            is_http(typing, inside(transport), "Transport") && elements.iter().all(plain)
        }
        _ => false,
    };
    elements.iter().all(|element| element.key.is_some() && !named(element, "Timeout"))
        && elements.iter().filter(|element| named(element, "Transport")).all(|element| bare(&element.value))
}

fn is_http(typing: &Typing, expr: &Expr, name: &str) -> bool {
    is_http_named(&typing.of(expr), name)
}

fn is_http_named(ty: &Type, name: &str) -> bool {
    ty.pointee().named().is_some_and(|named| (&*named.package, &*named.name) == ("net/http", name))
}

/// Whether a field of the client is set after it is made.
fn is_set_later(typing: &Typing, block: &Block, var: VarId) -> bool {
    sets_field(block, &|client| is_var(typing.scopes, client, var))
}

fn sets_field(block: &Block, is_it: &dyn Fn(&Expr) -> bool) -> bool {
    let mut set = false;
    visit::body(block, &mut |stmt| {
        let StmtKind::Assign { left, .. } = &stmt.kind else { return };
        set |= left.iter().any(|target| match &target.unparen().kind {
            ExprKind::Selector { operand, .. } => is_it(operand),
            _ => false,
        });
    });
    set
}

/// Where a request without an end is sent by the client: `c.Get(…)`, or `c.Do(req)` of a request that
/// `http.NewRequest` has made here, or `http.NewRequestWithContext` with a context that never ends.
fn sent(typing: &Typing, block: &Block, is_it: &dyn Fn(&Expr) -> bool) -> Option<Span> {
    let mut found = None;
    visit::block(block, &mut |expr| {
        let ExprKind::Call(call) = &expr.kind else { return };
        let ExprKind::Selector { operand, field } = &call.function.unparen().kind else { return };
        if found.is_none() && is_it(operand) && is_endless(typing, block, call, &field.name) {
            found = Some(call.span);
        }
    });
    found
}

/// The same for `(&http.Client{}).Get(…)`.
fn sent_at_once(typing: &Typing, block: &Block, literal: Span) -> Option<Span> {
    sent(typing, block, &|client| inside(client).span == literal)
}

fn is_endless(typing: &Typing, block: &Block, call: &Call, method: &str) -> bool {
    if callee(typing, call).is_some_and(|(package, name)| names::functions().requests.holds(&package, &name))
    {
        return true;
    }
    let [request] = call.args.as_slice() else { return false };
    let Some(var) = request.as_ident().and_then(|ident| typing.scopes.var(ident)) else { return false };
    let is_root = |context: &Expr| {
        let root = context.as_call().and_then(|call| typing.name(&call.function));
        root.is_some_and(|(package, name)| names::functions().root_contexts.holds(&package, name))
    };
    let made = |value: &Expr| {
        let call = value.as_call();
        let name = call.and_then(|call| typing.name(&call.function));
        name.is_some_and(|(package, name)| {
            package == "net/http"
                && (name == "NewRequest"
                    || name == "NewRequestWithContext"
                        && call.and_then(|call| call.args.first()).is_some_and(is_root))
        })
    };
    let assigned = typing.scopes.assigned(var);
    let mut given = false;
    visit::block(block, &mut |expr| {
        given |= matches!(&expr.kind, ExprKind::Selector { operand, field }
            if &*field.name == "WithContext" && is_var(typing.scopes, operand, var));
    });
    method == "Do" && !assigned.is_empty() && assigned.iter().all(|one| made(one.value)) && !given
}
