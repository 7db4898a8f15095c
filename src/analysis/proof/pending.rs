//! What is still under way when the resource is closed is not lost.
//!
//! `client.Topic("x").Publish(ctx, m)` gives a future; where nobody waits for it, the message goes out a
//! little later, and not at all once the client is closed.

#![expect(
    clippy::mutable_key_type,
    reason = "a function is told apart by its file and place, never by what its package remembers"
)]

use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::analysis::graph::derived::{Derived, statements};
use crate::analysis::graph::known::reads_like_release;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, Scopes};
use crate::analysis::proof::awaited::Awaited;
use crate::analysis::proof::put_in::{field_of, passed};
use crate::analysis::proof::reached::{Names, names_of};
use crate::analysis::proof::subject::Subject;
use crate::analysis::proof::workers;
use crate::base::diagnostic::{Evidence, Objection};
use crate::base::text::{Span, narrow};
use crate::go::facts::names;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::{FileScope, exported};
use crate::go::types::expressions::Callee;
use crate::go::types::members::{Lookup, Member};
use crate::go::types::type_expr::Type;

/// Callees that get something made from the resource are followed this deep.
const MAX_DEPTH: usize = 3;

/// How many of them are read.
const MAX_CALLEES: usize = 200;

pub(crate) fn check(subject: &Subject, steps: &mut Vec<Evidence>) -> Result<(), Objection> {
    if flushes_itself(subject) {
        steps.push(subject.evidence(subject.call.span, "its release sees to what is under way"));
        return Ok(());
    }
    let Decl::Func(func) = subject.decl else { return Ok(()) };
    let Some(body) = func.body() else { return Ok(()) };
    if let Some((span, name)) = queued(subject, body) {
        let words = format!("what `{name}` hands in may still be queued, and nobody waits for it");
        return Err(subject.object(span, words));
    }
    let place =
        Function { typing: subject.typing, decl: subject.decl, body, depth: 0, asks: asks(subject.decl) };
    match place.left_open(&subject.derived(), Some(subject.call.span), &mut FxHashSet::default()) {
        Some((span, words)) => Err(subject.object(span, words)),
        None => Ok(()),
    }
}

/// Something handed in that a goroutine of the maker's sees to later: `c.jobs <- job`, in the function itself
/// or in what the resource reaches, `c.lines = append(c.lines, line)`, or such a channel that leaves.
fn queued(subject: &Subject, body: &Block) -> Option<(Span, String)> {
    let holder = subject.holder.filter(|_| workers::are_started(subject))?;
    let awaited = |span: Span| workers::waits(subject.typing, body, span.end);
    let names = Names::of(subject, holder);
    let (mut received, mut channel) = (FxHashSet::default(), None);
    visit::declaration(subject.decl, &mut |expr| {
        if let ExprKind::Receive(channel) = &expr.kind {
            received.insert(channel.unparen().span);
        }
    });
    visit::body(body, &mut |stmt| {
        if let StmtKind::For(looped) = &stmt.kind
            && let ForHead::Range { right, .. } = &looped.head
        {
            received.insert(right.unparen().span);
        }
    });
    visit::declaration(subject.decl, &mut |expr| {
        if let ExprKind::Selector { operand, field } = &expr.kind
            && channel.is_none()
            && names.begin(operand)
            && !received.contains(&expr.span)
            && subject.typing.database.is_channel(&subject.typing.of(expr))
            && workers::mention(subject, &field.name)
            && !awaited(expr.span)
        {
            channel = Some((expr.span, "this".to_owned()));
        }
    });
    let mut asked = FxHashSet::default();
    channel.or_else(|| {
        let reached = names.reach().into_iter().find(|reached| {
            !awaited(reached.span) && hands_in_by(subject, &reached.func, reached.into, (0, &mut asked))
        })?;
        Some((reached.span, reached.func.decl.name.name.to_string()))
    })
}

/// Whether a function of the repository hands something in to what it gets by one of its parameters, and does
/// not wait for what comes of it.
fn hands_in_by(
    subject: &Subject,
    func: &FuncRef,
    into: ParamIndex,
    (depth, asked): (usize, &mut FxHashSet<(FuncRef, ParamIndex)>),
) -> bool {
    let database = subject.typing.database;
    let Some(body) = func.decl.body().filter(|_| depth < MAX_DEPTH) else { return false };
    let ends = *func.decl.name.name == *subject.release.method || reads_like_release(&func.decl.name.name);
    if ends || database.is_dependency(&func.package) || !asked.insert((func.clone(), into)) {
        return false;
    }
    let scopes = Scopes::of_func(&func.decl);
    let typing = Typing::new(database, FileScope::of(func), &scopes);
    let Some(owner) = scopes.param(BodyId(0), into) else { return false };
    let names = names_of(&scopes, owner);
    let is_owner = |expr: &Expr| {
        expr.as_ident().and_then(|ident| scopes.var(ident)).is_some_and(|var| names.contains(&var))
    };
    let seen_to = |expr: &Expr| {
        field_of(&scopes, &names, expr).filter(|field| !field.is_empty() && workers::mention(subject, field))
    };
    // What the release sees to itself is not lost.
    let written =
        |target: &Expr| seen_to(target).is_some_and(|field| !workers::release_mentions(subject, &field));
    let sends = |channel: &Expr| is_owner(channel) || seen_to(channel).is_some();
    let gives = |value: &Expr| {
        let results = &func.decl.signature.results;
        let receives = |ty: &Expr| matches!(ty.kind, ExprKind::Chan { direction: Direction::Receive, .. });
        let open = results.iter().any(|result| !receives(&result.ty));
        open && database.is_channel(&typing.of(value)) && seen_to(value).is_some()
    };
    let mut last = None;
    visit::all_statements(body, &mut |stmt| {
        let found = match &stmt.kind {
            StmtKind::Send { channel, .. } => sends(channel),
            StmtKind::Select(cases) => cases.iter().any(|case| match &case.communication {
                Some(Communication::Send { channel, .. }) => sends(channel),
                _ => false,
            }),
            StmtKind::Assign { left, .. } => left.iter().any(written),
            StmtKind::IncDec(target) => written(target),
            StmtKind::Return(values) => values.iter().any(gives),
            _ => false,
        };
        last = found.then_some(stmt.span.end).max(last);
    });
    visit::block(body, &mut |expr| {
        let Some(call) = expr.as_call().filter(|call| call.span == expr.span) else { return };
        let Some(inner) = typing.called(call) else { return };
        let channel = |arg: &Expr| database.is_channel(&typing.of(arg)) && seen_to(arg).is_some();
        let handed = passed(call, &inner).iter().any(|(at, arg)| {
            (is_owner(arg) || channel(arg)) && hands_in_by(subject, &inner, *at, (depth + 1, asked))
        });
        last = handed.then_some(call.span.end).max(last);
    });
    // It comes back with an answer.
    last.is_some_and(|at| !workers::waits(&typing, body, at))
}

/// A function that has the resource, or something made from it.
struct Function<'t, 'a, 'w> {
    typing: &'t Typing<'a, 'w>,
    decl: &'a Decl,
    body: &'a Block,
    depth: usize,
    /// It, or what calls it, gets answers.
    asks: bool,
}

/// Whether a function gets what somebody sends.
fn asks(decl: &Decl) -> bool {
    let receives = |call: &Call| call.name().is_some_and(|name| names::words().receives.are_within(name));
    visit::calls(decl).into_iter().any(receives)
}

impl<'a> Function<'_, 'a, '_> {
    /// The first call that hands something in of which not every way out waits for the end.
    fn left_open(
        &self,
        derived: &Derived,
        made: Option<Span>,
        read: &mut FxHashSet<(FuncRef, ParamIndex)>,
    ) -> Option<(Span, String)> {
        let stream = self.sent_unanswered(derived);
        if stream.is_some() {
            return stream;
        }
        let awaited = Awaited { typing: self.typing, body: self.body, returns: self.depth > 0, depth: 0 };
        let mut dropped = None;
        visit::calls(self.decl).into_iter().filter(|call| Some(call.span) != made).find_map(|call| {
            let name = call.name().unwrap_or_default();
            let operand = match &call.function.unparen().kind {
                ExprKind::Selector { operand, .. } => Some(&**operand),
                _ => None,
            };
            let by_method = operand.is_some() && derived.begins_at(&call.function);
            if by_method || !self.given(call, derived).is_empty() {
                let dropped = dropped.get_or_insert_with(|| self.dropped());
                let kinds = self.typing.results(call);
                let future = kinds.iter().map(|ty| kind_of(self.typing, call, ty)).max();
                let is_dropped = dropped.contains(&call.span);
                let open = match future {
                    // `client.Produce(ctx, record, nil)`
                    _ if by_method && hands_in(name) && self.is_unread(call) => true,
                    Some(Future::Surely) => is_dropped || !awaited.is_settled(call),
                    // What is used otherwise is a stream, a session.
                    Some(Future::Perhaps) => is_dropped,
                    _ => false,
                };
                let var = operand.and_then(Expr::as_ident).and_then(|ident| self.typing.scopes.var(ident));
                if open && !var.is_some_and(|var| awaited.is_flushed(var, call)) {
                    let who =
                        if is_dropped { "nobody waits for it" } else { "not every way out waits for it" };
                    return Some((
                        call.span,
                        format!("what `{name}` hands in may still be under way, and {who}"),
                    ));
                }
            }
            self.left_open_in(call, derived, read)
        })
    }

    /// `stream.Send(m)` of gRPC only queues a message, which is lost with the connection where nobody asks
    /// for an answer.
    fn sent_unanswered(&self, derived: &Derived) -> Option<(Span, String)> {
        let words = names::words();
        let calls = if self.asks { Vec::new() } else { visit::calls(self.decl) };
        let sends = calls.iter().find(|call| {
            call.name().is_some_and(|name| words.sends_on_stream.holds(name))
                && derived.begins_at(&call.function)
                && call.receiver().is_some_and(|stream| self.is_stream(&self.typing.of(stream)))
        })?;
        let name = sends.name().unwrap_or_default();
        Some((
            sends.span,
            format!("what `{name}` hands in may still be queued, and nobody asks for an answer"),
        ))
    }

    /// Whether it is the client's end of a stream.
    fn is_stream(&self, ty: &Type) -> bool {
        match self.typing.database.find_member(ty, "CloseSend") {
            Lookup::Member(member) => matches!(member, Member::Method(_)),
            Lookup::Unknown(_) => ty.named().is_some_and(|named| named.name.ends_with("Client")),
            Lookup::Absent => false,
        }
    }

    fn is_unread(&self, call: &Call) -> bool {
        self.typing.called(call).is_none_or(|func| self.typing.database.is_dependency(&func.package))
    }

    /// The parameters of a function of the program that get the resource, or something made from it.
    fn given(&self, call: &Call, derived: &Derived) -> Vec<(FuncRef, ParamIndex)> {
        // Most calls get nothing of it, and what they call is dear to know.
        let by_receiver = match &call.function.unparen().kind {
            ExprKind::Selector { operand, .. } => derived.begins_at(operand),
            _ => false,
        };
        let args: Vec<usize> = (0..call.args.len()).filter(|at| derived.is_from(&call.args[*at])).collect();
        if !by_receiver && args.is_empty() {
            return Vec::new();
        }
        let database = self.typing.database;
        let Some(func) = self.typing.called(call).filter(|func| !database.is_dependency(&func.package))
        else {
            return Vec::new();
        };
        let mut places = Vec::new();
        if by_receiver && func.decl.receiver.is_some() {
            places.push(ParamIndex::Receiver);
        }
        let last = func.decl.signature.params.len().saturating_sub(1);
        places.extend(args.into_iter().map(|at| ParamIndex::At(narrow(at.min(last)))));
        places.into_iter().map(|place| (func.clone(), place)).collect()
    }

    /// The same in a function of the program that gets the resource, or something made from it.
    fn left_open_in(
        &self,
        call: &Call,
        derived: &Derived,
        read: &mut FxHashSet<(FuncRef, ParamIndex)>,
    ) -> Option<(Span, String)> {
        let database = self.typing.database;
        for (func, place) in self.given(call, derived) {
            let Some(body) = func.decl.body().filter(|_| self.depth < MAX_DEPTH) else { continue };
            let name = &func.decl.name.name;
            if read.len() >= MAX_CALLEES {
                return Some((call.span, format!("`{name}` is not read: it may leave something under way")));
            }
            if !read.insert((func.clone(), place)) {
                continue;
            }
            let scopes = Scopes::of_func(&func.decl);
            let Some(param) = scopes.param(BodyId(0), place) else { continue };
            let typing = Typing::new(database, FileScope::of(&func), &scopes);
            let decl = Decl::Func(func.decl.clone());
            let inner = Derived::of(&typing, &decl, Span::default(), Some(param));
            let asks = self.asks || asks(&decl);
            let function = Function { typing: &typing, decl: &decl, body, depth: self.depth + 1, asks };
            if let Some((_, words)) = function.left_open(&inner, None, read) {
                return Some((call.span, format!("`{name}`: {words}")));
            }
        }
        None
    }

    /// The calls whose results nothing takes.
    fn dropped(&self) -> FxHashSet<Span> {
        let blank = |target: &Expr| target.as_ident().is_some_and(Ident::is_blank);
        let nothing = |target: &Expr| blank(target) || self.typing.of(target).is_error();
        let mut found = FxHashSet::default();
        for stmt in statements(self.decl) {
            match &stmt.kind {
                StmtKind::Expr(expr) | StmtKind::Go(expr) | StmtKind::Defer(expr) => {
                    found.extend(expr.as_call().map(|call| call.span));
                }
                StmtKind::Define { left, right } | StmtKind::Assign { left, right, .. } => {
                    let pairs = left.len() == right.len();
                    for (at, value) in right.iter().enumerate() {
                        let targets = if pairs { &left[at..=at] } else { left.as_slice() };
                        found.extend(
                            value.as_call().filter(|_| targets.iter().all(nothing)).map(|call| call.span),
                        );
                    }
                }
                _ => {}
            }
        }
        found
    }
}

/// Whether a value stands for something that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Future {
    No,
    /// A channel, or something of which the index does not say what it is.
    Perhaps,
    Surely,
}

/// Whether a method of this name only hands in what goes out later.
fn hands_in(name: &str) -> bool {
    let waits = name.ends_with("Sync");
    (names::words().hands_in.are_first_of(name) && !waits) || (name.ends_with("Async") && name != "Async")
}

fn kind_of(typing: &Typing, call: &Call, ty: &Type) -> Future {
    let database = typing.database;
    if ty.is_error() || ty.is_context() || ty.is_data() || matches!(ty, Type::Basic(_)) {
        return Future::No;
    }
    if ty.why_unknown().is_some() {
        let listed = match typing.callee(call) {
            Callee::Method { method, receiver } => database.lists_member(&receiver, &method.name),
            _ => false,
        };
        return if listed { Future::Perhaps } else { Future::No };
    }
    let method = |name: &str| match database.member(ty, name) {
        Some(Member::Method(method)) if !method.indexed => Some(method.signature),
        _ => None,
    };
    let waits =
        |name: &str| method(name).is_some_and(|signature| signature.params.iter().all(Type::is_context));
    let tells = |name: &str| {
        method(name).is_some_and(|signature| {
            signature.params.is_empty() && matches!(signature.results.as_slice(), [Type::Chan(_)])
        })
    };
    let gets =
        method("Get").is_some_and(|signature| matches!(signature.params.as_slice(), [ty] if ty.is_context()));
    // `Doc("a")` of a store gives no more than a name for what is there: other methods of it take what is to
    // be done.
    let is_reference = || {
        let plain = |ty: &Type| ty.is_context() || matches!(ty, Type::Slice(_) | Type::Func(_));
        let takes = |name: &Arc<str>| {
            exported(name) && method(name).is_some_and(|signature| !signature.params.iter().all(plain))
        };
        ty.pointee().named().is_some_and(|named| {
            named.source().is_some_and(|package| package.methods_of(&named.name).iter().any(takes))
        })
    };
    // Of a type that only the index knows the name has to do.
    let named = ty.named().is_some_and(|named| {
        named.source().is_none()
            && ["PublishResult", "Future", "Promise", "WriterJob"].iter().any(|end| named.name.ends_with(end))
    });
    // What is released itself is a session or the like, which waits in its own way.
    let released = method("Close").is_some();
    match ty {
        Type::Chan(_) => Future::Perhaps,
        _ if released => Future::No,
        _ if waits("Wait") || tells("Ready") || tells("Done") || named => Future::Surely,
        _ if gets && !is_reference() => Future::Surely,
        _ => Future::No,
    }
}

/// Whether the source of the release says that it flushes, or waits for what is under way.
fn flushes_itself(subject: &Subject) -> bool {
    let Some(Member::Method(method)) = subject.typing.database.member(subject.ty, &subject.release.method)
    else {
        return false;
    };
    method.func.as_ref().is_some_and(|func| flushes(func, 0))
}

fn flushes(func: &FuncRef, depth: usize) -> bool {
    let Some(body) = func.decl.body().filter(|_| depth < 3) else { return false };
    let mut found = false;
    visit::block(body, &mut |expr| {
        if let Some(call) = expr.as_call().filter(|call| call.span == expr.span) {
            let name = call.name().unwrap_or_default().to_ascii_lowercase();
            found |= ["flush", "drain", "wait"].iter().any(|word| name.contains(word));
        }
    });
    if found {
        return true;
    }
    let owner = func.decl.receiver_type().cloned().unwrap_or_default();
    let mut inner = Vec::new();
    visit::block(body, &mut |expr| {
        if let ExprKind::Selector { operand, field } = &expr.kind
            && let (Some(ident), Some(receiver)) = (operand.as_ident(), &func.decl.receiver)
            && receiver.name.as_ref().is_some_and(|name| name.name == ident.name)
        {
            inner.extend(func.package.method(&owner, &field.name));
        }
    });
    inner.iter().any(|func| flushes(func, depth + 1))
}

#[cfg(test)]
mod tests {
    use super::hands_in;

    #[test]
    fn a_name_tells_what_goes_out_later() {
        assert!(["Produce", "ProduceBatch", "SendAsync", "enqueue"].iter().all(|name| hands_in(name)));
        assert!(!["ProduceSync", "Send", "Producer", "Async", "Publish"].iter().any(|name| hands_in(name)));
    }
}
