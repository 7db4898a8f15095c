//! What the function has the resource do is not undone by its release: one that leaves again what was
//! registered does more than to give back what the maker took.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::analysis::graph::known;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, Scopes, VarId};
use crate::analysis::proof::subject::Subject;
use crate::base::diagnostic::{Evidence, Objection};
use crate::go::facts::names;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::FileScope;

/// Methods that call methods of the same value are followed this deep.
const MAX_DEPTH: usize = 3;

type Fields = FxHashSet<Arc<str>>;

pub(crate) fn check(subject: &Subject, _: &mut Vec<Evidence>) -> Result<(), Objection> {
    let Some(holder) = subject.holder else { return Ok(()) };
    let typing = subject.typing;
    let mut decides = Fields::default();
    for func in subject.methods(&subject.release.method) {
        own_methods(typing, &func, 0, &mut |method| method.acts_by(&mut decides));
    }
    if decides.is_empty() {
        return Ok(());
    }
    let is_it = |expr: &Expr| expr.as_ident().and_then(|ident| typing.scopes.var(ident)) == Some(holder);
    for call in visit::calls(subject.decl) {
        if !call.receiver().is_some_and(is_it) || call.name() == Some(&*subject.release.method) {
            continue;
        }
        let Some(func) = typing.called(call) else { continue };
        // What is only kept until then, the release sends: it is not done yet.
        let (mut sets, mut done) = (Fields::default(), false);
        own_methods(typing, &func, 0, &mut |method| {
            method.sets(&mut sets);
            done |= acts(method.body);
        });
        if !done {
            continue;
        }
        if let Some(field) = sets.iter().filter(|field| decides.contains(*field)).min() {
            let (name, release) = (&func.decl.name.name, &subject.release.method);
            let words = format!("`{name}` sets `{field}`, by which `{release}` does more than to release it");
            return Err(subject.object(call.span, words));
        }
    }
    Ok(())
}

/// Sees a method of the repository's own, and those that it calls on the same value.
fn own_methods(typing: &Typing, func: &FuncRef, depth: usize, see: &mut dyn FnMut(&Method)) {
    let own = depth < MAX_DEPTH && !typing.database.is_dependency(&func.package);
    let Some(body) = func.decl.body().filter(|_| own) else { return };
    let scopes = Scopes::of_func(&func.decl);
    let Some(receiver) = scopes.param(BodyId(0), ParamIndex::Receiver) else { return };
    let typing = Typing::new(typing.database, FileScope::of(func), &scopes);
    see(&Method { scopes: &scopes, receiver, body });
    visit::block(body, &mut |expr| {
        let Some(call) = expr.as_call().filter(|call| call.span == expr.span) else { return };
        let on_it = call.receiver().and_then(Expr::as_ident).and_then(|ident| scopes.var(ident));
        if let Some(inner) = typing.called(call).filter(|_| on_it == Some(receiver)) {
            own_methods(&typing, &inner, depth + 1, see);
        }
    });
}

struct Method<'m, 'a> {
    scopes: &'m Scopes<'a>,
    receiver: VarId,
    body: &'a Block,
}

impl Method<'_, '_> {
    /// The fields of the receiver that stand in an expression.
    fn fields(&self, expr: &Expr, found: &mut Fields) {
        visit::expr(expr, &mut |inner| {
            if let ExprKind::Selector { operand, field } = &inner.kind
                && operand.as_ident().and_then(|ident| self.scopes.var(ident)) == Some(self.receiver)
            {
                found.insert(field.name.clone());
            }
        });
    }

    /// The fields that it gives a value, or puts something into.
    fn sets(&self, found: &mut Fields) {
        visit::all_statements(self.body, &mut |stmt| match &stmt.kind {
            StmtKind::Assign { left, .. } => left.iter().for_each(|target| self.fields(target, found)),
            StmtKind::IncDec(target) => self.fields(target, found),
            _ => {}
        });
    }

    /// The fields by which it decides whom to call, or which it tells them of.
    fn acts_by(&self, found: &mut Fields) {
        visit::all_statements(self.body, &mut |stmt| match &stmt.kind {
            StmtKind::If(branch) if acts(&branch.then) => self.fields(&branch.condition, found),
            StmtKind::For(looped) if acts(&looped.body) => match &looped.head {
                ForHead::Range { right, .. } => self.fields(right, found),
                ForHead::Clause { condition, .. } => {
                    condition.iter().for_each(|condition| self.fields(condition, found));
                }
            },
            _ => {}
        });
        visit::block(self.body, &mut |expr| {
            if let Some(call) = expr.as_call().filter(|call| call.span == expr.span && is_acting(call)) {
                call.args.iter().for_each(|arg| self.fields(arg, found));
            }
        });
    }
}

/// Whether a block calls somebody for more than an end.
fn acts(block: &Block) -> bool {
    let mut found = false;
    visit::block(block, &mut |expr| {
        found |= expr.as_call().is_some_and(|call| call.span == expr.span && is_acting(call));
    });
    found
}

/// A call of a method that neither ends something nor stands beside that: a lock, a log.
fn is_acting(call: &Call) -> bool {
    let (Some(name), Some(_)) = (call.name(), call.receiver()) else { return false };
    let (words, lower) = (names::words(), name.to_ascii_lowercase());
    let aside = words.aside.are_within(&lower) || words.logs.begin(name) || words.makes_error.holds(name);
    let ends = known::reads_like_release(name) || words.ending.are_within(&lower);
    !ends && !aside && !words.harmless_in_release.begin(name)
}
