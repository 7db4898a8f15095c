//! Resources that a method puts into its receiver before it fails, where a caller drops the receiver then:
//! `if err := u.connect(); err != nil { return nil, err }`.
//!
//! The method itself does nothing wrong, and nor does a caller who closes what it has made. Only callers in
//! the same package are looked at, and only those that have made the receiver themselves.

use crate::analysis::dataflow::state::{EventKind, Phase};
use crate::analysis::dataflow::trace::{Exit, ExitKind, Trace};
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, Scopes, VarId, VarOrigin};
use crate::analysis::verdict::case::{Case, Kind};
use crate::analysis::verdict::judgement::Fault;
use crate::analysis::verdict::outcome::Outcome;
use crate::base::diagnostic::*;
use crate::base::text::Span;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::FileScope;

impl Case<'_, '_> {
    /// That the receiver, which has it, is dropped where the method fails.
    pub(crate) fn dropped(
        &self,
        trace: &Trace,
        body: BodyId,
        kind: &Kind,
        outcome: &Outcome,
    ) -> Option<Fault> {
        let func = self.func.filter(|_| body == BodyId(0) && self.judge.fields && !self.in_test())?;
        if outcome.verdict != Verdict::Stored || func.receiver.is_none() {
            return None;
        }
        let failing = trace.exits.iter().find(|exit| self.fails_with_it(trace, exit))?;
        let package = &self.place.scope.package;
        let own = package.method(func.receiver_type()?, &func.name.name)?;
        let callers = package.functions_with(&func.name.name);
        let (caller, at) = callers.iter().find_map(|caller| Some((caller, self.drops(caller, &own)?)))?;
        let (name, verb) = (self.named(kind), self.verb(kind));
        let by = caller.decl.display_name();
        let mut evidence = outcome.evidence.clone();
        evidence.push(self.typing.evidence(failing.span, "what has it fails here"));
        let words = format!("`{by}` drops what has it");
        evidence.push(self.judge.database.place(&FileScope::of(caller), at, words));
        let message =
            format!("{name} is never {verb} where `{}` fails: `{by}` drops what has it then", func.name.name);
        Some(Fault {
            kind: FaultKind::NeverReleased,
            verdict: outcome.verdict,
            certainty: Certainty::Assumed,
            evidence,
            message,
            remedy: Remedy::Advice {
                title: format!("have {name} {verb} before the return that fails"),
                reason: "whoever calls it again may want to keep it".to_owned(),
            },
        })
    }

    /// Whether the receiver has it where an error is returned that is not the acquisition's own.
    fn fails_with_it(&self, trace: &Trace, exit: &Exit) -> bool {
        let Phase::Escaped(id) = exit.state.phase else { return false };
        let event = &trace.events[id.0 as usize];
        if exit.kind != ExitKind::Return || event.kind != EventKind::Escaped(Verdict::Stored) {
            return false;
        }
        self.is_of_receiver(event.span)
            && self.error_returned(exit.span).is_some_and(|error| {
                let var = error.as_ident().and_then(|ident| self.scopes.var(ident));
                !error.is_nil() && (var.is_none() || var != exit.state.error)
            })
    }

    /// Whether the assignment's target at `span` is a field of the receiver.
    fn is_of_receiver(&self, span: Span) -> bool {
        let receiver = self.scopes.param(BodyId(0), ParamIndex::Receiver);
        let Some(block) = self.func.and_then(FuncDecl::body) else { return false };
        let mut found = false;
        visit::block(block, &mut |expr| {
            if let ExprKind::Selector { operand, .. } = &expr.kind
                && expr.span == span
            {
                let var = operand.as_ident().and_then(|ident| self.scopes.var(ident));
                found = var.is_some() && var == receiver;
            }
        });
        found
    }

    /// The error that the `return` at `span` gives.
    fn error_returned(&self, span: Span) -> Option<&Expr> {
        let func = self.func?;
        let last = func.signature.results.last()?;
        let is_error = self.judge.database.type_of(self.place.scope, &last.ty).is_error();
        let mut found = None;
        visit::body(func.body().filter(|_| is_error)?, &mut |stmt| {
            if let StmtKind::Return(values) = &stmt.kind
                && stmt.span == span
            {
                found = values.last();
            }
        });
        found
    }

    /// Where a function drops what it has made when the method that fills it fails.
    fn drops(&self, caller: &FuncRef, method: &FuncRef) -> Option<Span> {
        let body = caller.decl.body()?;
        let scopes = Scopes::of_func(&caller.decl);
        let typing = Typing::new(self.judge.database, FileScope::of(caller), &scopes);
        if typing.file.is_test() {
            return None;
        }
        let caller = Caller { typing: &typing, method };
        let mut found = caller.in_list(body, &body.stmts);
        visit::body(body, &mut |stmt| {
            for list in visit::child_lists(stmt) {
                found = found.or_else(|| caller.in_list(body, list));
            }
        });
        found
    }
}

/// A function that may call the method.
struct Caller<'t, 'a, 'w> {
    typing: &'t Typing<'a, 'w>,
    method: &'t FuncRef,
}

impl Caller<'_, '_, '_> {
    /// Where it returns without what it has made, in one of its lists of statements.
    fn in_list(&self, body: &Block, list: &[Stmt]) -> Option<Span> {
        list.iter().enumerate().find_map(|(at, stmt)| {
            let (call, error, check) = match &stmt.kind {
                StmtKind::If(branch) => {
                    let (call, error) = bound(branch.init.as_ref()?)?;
                    (call, error, branch)
                }
                _ => {
                    let (call, error) = bound(stmt)?;
                    let StmtKind::If(branch) = &list.get(at + 1)?.kind else { return None };
                    (call, error, branch)
                }
            };
            let var = self.made_and_filled(body, call)?;
            let asks = match &check.condition.unparen().kind {
                ExprKind::Binary { op: BinaryOp::NotEqual, left, right } => {
                    right.is_nil() && left.as_ident().is_some_and(|left| left.name == error.name)
                }
                _ => false,
            };
            let uses = self.typing.scopes.uses_in(check.then.span).any(|used| used == var);
            match check.then.stmts.last() {
                Some(last) if asks && !uses && matches!(last.kind, StmtKind::Return(_)) => Some(last.span),
                _ => None,
            }
        })
    }

    /// The variable on which the method is called, where the function has made its value and nobody else has
    /// it yet.
    fn made_and_filled(&self, body: &Block, call: &Call) -> Option<VarId> {
        let ExprKind::Selector { operand, .. } = &call.function.unparen().kind else { return None };
        let scopes = self.typing.scopes;
        let var = operand.as_ident().and_then(|ident| scopes.var(ident))?;
        let is_new = match scopes.info(var).origin {
            VarOrigin::Declared { ty } => {
                !matches!(ty.unparen().kind, ExprKind::Pointer(_)) && scopes.assigned(var).is_empty()
            }
            VarOrigin::Value { value, .. } => is_new(value) && scopes.assigned(var).len() == 1,
            _ => false,
        };
        let func = self.typing.called(call)?;
        (is_new && func == *self.method && self.is_alone(body, var, call)).then_some(var)
    }

    /// Whether all that is done with the variable before the call is to set fields of it.
    fn is_alone(&self, body: &Block, var: VarId, call: &Call) -> bool {
        let scopes = self.typing.scopes;
        let is_it = |expr: &Expr| expr.as_ident().and_then(|ident| scopes.var(ident)) == Some(var);
        let (mut set, mut deferred) = (Vec::new(), false);
        visit::body(body, &mut |stmt| match &stmt.kind {
            StmtKind::Assign { left, .. } => {
                let fields = left.iter().filter_map(|target| match &target.unparen().kind {
                    ExprKind::Selector { operand, .. } if is_it(operand) => Some(operand.span.start),
                    _ => None,
                });
                set.extend(fields);
            }
            StmtKind::Defer(_) => deferred |= scopes.uses_in(stmt.span).any(|used| used == var),
            _ => {}
        });
        let others = scopes.uses_of(var).filter(|at| *at < call.span.start && !set.contains(at));
        // The name where it is declared is none of its uses, or the first.
        !deferred && others.count() <= 1
    }
}

/// `err := u.connect(ctx)`, `err = u.connect(ctx)`
fn bound(stmt: &Stmt) -> Option<(&Call, &Ident)> {
    match &stmt.kind {
        StmtKind::Define { left, right } | StmtKind::Assign { left, right, plain: true } => {
            match (left.as_slice(), right.as_slice()) {
                ([error], [value]) => Some((value.as_call()?, error.as_ident()?)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// `&T{}`, `T{}`, `new(T)`
fn is_new(value: &Expr) -> bool {
    match &value.unparen().kind {
        ExprKind::Composite { .. } => true,
        ExprKind::AddressOf(inner) => matches!(inner.unparen().kind, ExprKind::Composite { .. }),
        ExprKind::Call(call) => call.function.as_ident().is_some_and(|name| &*name.name == "new"),
        _ => false,
    }
}
