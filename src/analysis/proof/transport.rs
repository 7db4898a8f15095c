//! What a client of the repository's own transport answers: the body of such a response may be somebody's,
//! and is closed with it.

use crate::analysis::graph::derived::statements;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, Scopes, VarId, VarOrigin};
use crate::analysis::proof::subject::Subject;
use crate::base::diagnostic::{Evidence, Objection};
use crate::base::text::Span;
use crate::go::facts::{self, names};
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::FileScope;
use crate::go::types::members::Member;

/// Functions that call functions are followed this deep.
const MAX_DEPTH: usize = 8;

const WORDS: &str = "the client's transport answers with this, which may be somebody's";

pub(crate) fn check(subject: &Subject, _: &mut Vec<Evidence>) -> Result<(), Objection> {
    let answers = subject.ty.pointee().is_in(&names::types().responses);
    let typing = subject.typing;
    let Some(client) = subject.call.receiver().filter(|_| answers) else { return Ok(()) };
    let set = set_to(subject.decl);
    let place = set
        .into_iter()
        .find_map(|value| of_transport(typing, value, 0))
        .or_else(|| of_client(typing, client, 0));
    place.map_or(Ok(()), |place| Err(Objection { place, exposure: None }))
}

/// What transports are set to: `client.Transport = fixed{f}`, `http.DefaultTransport = fixed{f}`.
fn set_to(decl: &Decl) -> Vec<&Expr> {
    let is_transport = |target: &Expr| match &target.unparen().kind {
        ExprKind::Selector { field, .. } => matches!(&*field.name, "Transport" | "DefaultTransport"),
        _ => false,
    };
    let mut found = Vec::new();
    for stmt in statements(decl) {
        if let StmtKind::Assign { left, right, .. } = &stmt.kind {
            let pairs = left.iter().zip(right).filter(|(target, _)| is_transport(target));
            found.extend(pairs.map(|(_, value)| value));
        }
    }
    found
}

/// Of a client that is made in sight.
fn of_client(typing: &Typing, client: &Expr, depth: usize) -> Option<Evidence> {
    if depth >= MAX_DEPTH {
        return None;
    }
    match &client.unparen().kind {
        ExprKind::AddressOf(operand) => of_client(typing, operand, depth),
        ExprKind::Composite { elements, .. } => {
            let of = |name: &str| {
                let named = move |element: &&Element| {
                    let key = element.key.as_ref().and_then(Expr::as_ident);
                    key.is_some_and(|key| &*key.name == name)
                };
                elements.iter().find(named).map(|element| &element.value)
            };
            of("Transport").and_then(|value| of_transport(typing, value, depth + 1))
        }
        ExprKind::Ident(ident) => {
            let given = typing.scopes.assigned(typing.scopes.var(ident)?);
            given.iter().find_map(|given| of_client(typing, given.value, depth + 1))
        }
        ExprKind::Call(call) => {
            let func = own(typing, call)?;
            within(typing, &func, &mut |typing, body, decl| {
                let set = set_to(decl);
                let given = returned(body).find_map(|value| of_client(typing, value, depth + 1));
                given.or_else(|| set.into_iter().find_map(|value| of_transport(typing, value, depth + 1)))
            })
        }
        _ => None,
    }
}

/// Of a transport that is made in sight.
fn of_transport(typing: &Typing, transport: &Expr, depth: usize) -> Option<Evidence> {
    if depth >= MAX_DEPTH || transport.is_nil() {
        return None;
    }
    let ty = typing.of(transport);
    let Some(Member::Method(method)) = typing.database.member(&ty, "RoundTrip") else { return None };
    if method.interface {
        return match &transport.unparen().kind {
            ExprKind::Ident(ident) => {
                let given = typing.scopes.assigned(typing.scopes.var(ident)?);
                given.iter().find_map(|given| of_transport(typing, given.value, depth + 1))
            }
            ExprKind::Call(call) => {
                let func = own(typing, call)?;
                within(typing, &func, &mut |typing, body, _| {
                    returned(body).find_map(|value| of_transport(typing, value, depth + 1))
                })
            }
            _ => None,
        };
    }
    let func = method.func.filter(|func| !typing.database.is_dependency(&func.package))?;
    // `roundTrip(func(r *http.Request) (*http.Response, error) { … })`: it calls what it is.
    if typing.database.underlying_func(&ty).is_some() {
        let made = transport.as_call().and_then(|call| call.args.first());
        return match made.map(|made| &made.unparen().kind) {
            Some(ExprKind::FuncLit(literal)) => {
                let body = typing.scopes.literal(literal)?;
                let answers = Answers { typing, body };
                returned(&literal.body).find_map(|value| answers.against(value, depth + 1))
            }
            _ => Some(typing.evidence(transport.span, WORDS)),
        };
    }
    within(typing, &func, &mut |typing, body, _| {
        let answers = Answers { typing, body: BodyId(0) };
        returned(body).find_map(|value| answers.against(value, depth + 1))
    })
}

/// One function that answers requests.
struct Answers<'t, 'a, 'c> {
    typing: &'t Typing<'a, 'c>,
    body: BodyId,
}

impl Answers<'_, '_, '_> {
    /// What stands against it that an answer is made anew, or comes from another transport.
    fn against(&self, value: &Expr, depth: usize) -> Option<Evidence> {
        let somebodys = |span: Span| Some(self.typing.evidence(span, WORDS));
        if depth >= MAX_DEPTH {
            return somebodys(value.span);
        }
        match &value.unparen().kind {
            ExprKind::Ident(_) if value.is_nil() => None,
            ExprKind::AddressOf(operand) => self.against(operand, depth),
            ExprKind::Composite { elements, .. } => {
                let body = elements.iter().find(|element| {
                    let key = element.key.as_ref().and_then(Expr::as_ident);
                    key.is_none_or(|key| &*key.name == "Body")
                });
                body.filter(|body| !self.is_fresh(&body.value, 0)).and_then(|body| somebodys(body.value.span))
            }
            ExprKind::Ident(ident) => {
                let Some(var) = self.typing.scopes.var(ident).filter(|var| self.is_local(*var)) else {
                    return somebodys(value.span);
                };
                let given = self.typing.scopes.assigned(var);
                let made = given.iter().find_map(|given| self.against(given.value, depth + 1));
                made.or_else(|| self.body_set(var).and_then(somebodys))
            }
            // What another transport answers, or a recorder of httptest's, is made for who asks.
            ExprKind::Call(call) => match own(self.typing, call) {
                Some(func) => within(self.typing, &func, &mut |typing, body, _| {
                    let answers = Answers { typing, body: BodyId(0) };
                    returned(body).find_map(|value| answers.against(value, depth + 1))
                }),
                None => {
                    let method = call.receiver().is_some_and(|on| {
                        on.as_ident().is_none_or(|on| {
                            self.typing.scopes.var(on).is_none() || self.typing.callee(call).func().is_some()
                        })
                    });
                    let answers = matches!(call.name(), Some("RoundTrip" | "Do" | "Result" | "ReadResponse"));
                    if method || answers { None } else { somebodys(value.span) }
                }
            },
            _ => somebodys(value.span),
        }
    }

    /// `resp.Body = f.body`, where that is no new one.
    fn body_set(&self, response: VarId) -> Option<Span> {
        let scopes = self.typing.scopes;
        let is_body = |target: &Expr| match &target.unparen().kind {
            ExprKind::Selector { operand, field } => {
                let on = operand.as_ident().and_then(|ident| scopes.var(ident));
                &*field.name == "Body" && on == Some(response)
            }
            _ => false,
        };
        let mut found = None;
        visit::body(scopes.body(self.body).block, &mut |stmt| {
            let StmtKind::Assign { left, right, .. } = &stmt.kind else { return };
            for (_, value) in left.iter().zip(right).filter(|(target, _)| is_body(target)) {
                if !self.is_fresh(value, 0) {
                    found.get_or_insert(value.span);
                }
            }
        });
        found
    }

    /// Whether a body is made here, out of nothing that somebody else has to close.
    fn is_fresh(&self, body: &Expr, depth: usize) -> bool {
        let scopes = self.typing.scopes;
        let no_op = |call: &Call| call.name() == Some("NopCloser");
        if body.is_nil() || body.as_call().is_some_and(no_op) {
            return true;
        }
        if matches!(&body.unparen().kind, ExprKind::Selector { field, .. } if &*field.name == "NoBody") {
            return true;
        }
        let mut fresh = depth < MAX_DEPTH;
        visit::expr(body, &mut |inner| {
            let Some(ident) = inner.as_ident() else { return };
            fresh &= match scopes.var(ident) {
                Some(var) => {
                    let given = scopes.assigned(var);
                    let asked = self.typing.var(var).is_some_and(|ty| ty.is_in(&names::types().requests));
                    let made = || {
                        given.iter().all(|given| match given.value.as_call() {
                            // Of Go's own libraries: what a function of others' gives may be anybody's.
                            Some(call) => {
                                self.typing.ask(call, |name| facts::is_standard(name.package)) == Some(true)
                            }
                            None => self.is_fresh(given.value, depth + 1),
                        })
                    };
                    asked || self.is_local(var) && made()
                }
                None => !self.typing.file.package.has_value(&ident.name),
            };
        });
        fresh
    }

    /// Whether a variable is the function's own, and came with none of its parameters.
    fn is_local(&self, var: VarId) -> bool {
        let info = self.typing.scopes.info(var);
        info.body == self.body && !matches!(info.origin, VarOrigin::Param { .. })
    }
}

/// The function of the repository that is called.
fn own(typing: &Typing, call: &Call) -> Option<FuncRef> {
    typing.called(call).filter(|func| !typing.database.is_dependency(&func.package) && func.decl.has_body())
}

fn within<T>(
    typing: &Typing,
    func: &FuncRef,
    ask: &mut dyn FnMut(&Typing, &Block, &Decl) -> Option<T>,
) -> Option<T> {
    let scopes = Scopes::of_func(&func.decl);
    let decl = Decl::Func(func.decl.clone());
    ask(&Typing::new(typing.database, FileScope::of(func), &scopes), func.decl.body()?, &decl)
}

/// The first values that a body returns.
fn returned(body: &Block) -> impl Iterator<Item = &Expr> {
    let mut found = Vec::new();
    visit::body(body, &mut |stmt| {
        if let StmtKind::Return(values) = &stmt.kind {
            found.extend(values.first());
        }
    });
    found.into_iter()
}
