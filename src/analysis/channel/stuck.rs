//! Operations in goroutines that nothing can ever end, told from the goroutine's own text: on a channel that
//! is nil or that nobody else has, a `select` without cases, a lock that its own holder takes again, a
//! condition that nobody signals.

use crate::analysis::channel::frame::mutated;
use crate::analysis::channel::process;
use crate::analysis::detection::{Declaration, Detection};
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, Scopes, VarId, VarOrigin};
use crate::base::diagnostic::{Certainty, Evidence, Remedy};
use crate::base::text::Span;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::type_expr::Type;

/// What the rule is called.
pub const KIND: &str = "stuck-forever";

/// The operations in a declaration's goroutines that never end.
pub fn detect(declaration: &Declaration) -> Vec<Detection> {
    let Decl::Func(func) = declaration.decl else { return Vec::new() };
    let scopes = Scopes::of_func(func);
    let typing = Typing::new(declaration.database, declaration.file.scope.clone(), &scopes);
    let finder = Finder { declaration, scopes: &scopes, typing: &typing };
    let mut found: Vec<Detection> =
        finder.goroutines().into_iter().flat_map(|body| finder.of(body)).collect();
    found.sort_by_key(|one| one.span);
    found.dedup_by_key(|one| one.span);
    // What starts once ends with the process.
    if !found.is_empty() && process::runs_once(&declaration.file.scope.package, func) {
        found.clear();
    }
    found
}

struct Finder<'a, 'f> {
    declaration: &'f Declaration<'f>,
    scopes: &'f Scopes<'a>,
    typing: &'f Typing<'a, 'f>,
}

impl<'a> Finder<'a, '_> {
    /// The function literals that `go` starts.
    fn goroutines(&self) -> Vec<BodyId> {
        let mut found = Vec::new();
        for body in &self.scopes.bodies {
            visit::body(body.block, &mut |stmt| {
                if let StmtKind::Go(started) = &stmt.kind
                    && let Some(call) = started.as_call()
                    && let ExprKind::FuncLit(literal) = &call.function.unparen().kind
                {
                    found.extend(self.scopes.literal(literal));
                }
            });
        }
        found
    }

    fn of(&self, body: BodyId) -> Vec<Detection> {
        let mut found = Vec::new();
        let block = self.scopes.body(body).block;
        visit::body(block, &mut |stmt| match &stmt.kind {
            StmtKind::Select(cases) if cases.is_empty() => {
                found.push(self.detection(stmt.span, "`select {}` in a goroutine never ends"));
            }
            StmtKind::Select(cases) if cases.iter().all(|case| self.never_chosen(case)) => {
                let span = Span { start: stmt.span.start, end: stmt.span.start + 6 };
                found.push(self.detection(span, "no case of this `select` can ever be chosen"));
            }
            StmtKind::Send { channel, .. } => {
                if let Some(why) = self.never(channel) {
                    found.push(self.detection(stmt.span, &format!("the send never ends: {why}")));
                }
            }
            _ => {
                for expr in own_expressions(stmt) {
                    found.extend(self.receives(expr, body));
                }
            }
        });
        found.extend(self.locked_twice(block));
        found.extend(self.never_signalled(body));
        found
    }

    fn receives(&self, expr: &'a Expr, body: BodyId) -> Vec<Detection> {
        let mut found = Vec::new();
        visit::expr(expr, &mut |part| {
            if let ExprKind::Receive(channel) = &part.kind
                && self.scopes.body_around(part.span) == Some(body)
                && let Some(why) = self.never(channel)
            {
                found.push(self.detection(part.span, &format!("the receive never ends: {why}")));
            }
        });
        found
    }

    fn never_chosen(&self, case: &SelectCase) -> bool {
        match &case.communication {
            None => false,
            Some(Communication::Send { channel, .. }) => self.never(channel).is_some(),
            Some(Communication::Receive { right, .. }) => match &right.unparen().kind {
                ExprKind::Receive(channel) => self.never(channel).is_some(),
                _ => false,
            },
        }
    }

    /// Why nobody else can take part in an operation on this channel.
    fn never(&self, channel: &Expr) -> Option<&'static str> {
        if let Some(call) = channel.as_call() {
            let unbuffered = super::team::made_by(call).is_some_and(|(_, capacity)| capacity.is_none());
            return unbuffered.then_some("nobody else has the channel that is made here");
        }
        let var = self.scopes.var(channel.as_ident()?)?;
        let declared = matches!(self.scopes.info(var).origin, VarOrigin::Declared { .. });
        let nil = declared && self.scopes.assigned(var).is_empty() && !mutated(self.scopes).contains(&var);
        (nil && matches!(self.typing.var(var), Some(Type::Chan(_)))).then_some("the channel is nil")
    }

    /// The variable of the package `sync` that a call is a method of, and the method.
    fn method_of(&self, call: &'a Call) -> Option<(VarId, &'a str)> {
        let ExprKind::Selector { operand, field } = &call.function.unparen().kind else { return None };
        let var = self.scopes.var(operand.as_ident()?)?;
        (self.typing.receiver_package(call) == "sync").then_some((var, &field.name))
    }

    /// `mu.Lock(); mu.Lock()` of a lock that nobody unlocks.
    fn locked_twice(&self, block: &'a Block) -> Vec<Detection> {
        let mut held: Vec<(VarId, &str)> = Vec::new();
        let mut found = Vec::new();
        for stmt in &block.stmts {
            let StmtKind::Expr(expr) = &stmt.kind else { continue };
            let Some((var, name)) = expr.as_call().and_then(|call| self.method_of(call)) else { continue };
            if !matches!(name, "Lock" | "RLock") || !self.is_only(var, &["Lock", "RLock"]) {
                continue;
            }
            let again = held.iter().any(|(known, how)| *known == var && (*how, name) != ("RLock", "RLock"));
            if again {
                let name = &self.scopes.info(var).name;
                found.push(
                    self.detection(stmt.span, &format!("`{name}` is locked already, and nobody unlocks it")),
                );
            }
            held.push((var, name));
        }
        found
    }

    /// Whether a variable is made in this declaration and used for nothing but calls of these methods.
    fn is_only(&self, var: VarId, methods: &[&str]) -> bool {
        if !matches!(self.scopes.info(var).origin, VarOrigin::Declared { .. } | VarOrigin::Value { .. }) {
            return false;
        }
        let made = match self.scopes.assigned(var) {
            [] => true,
            [one] => match &one.value.unparen().kind {
                ExprKind::AddressOf(value) => matches!(value.unparen().kind, ExprKind::Composite { .. }),
                ExprKind::Composite { .. } => true,
                ExprKind::Call(call) => call.name() == Some("NewCond"),
                _ => false,
            },
            _ => false,
        };
        let mut called = 0;
        if let Some(first) = self.scopes.bodies.first() {
            visit::block(first.block, &mut |expr| {
                if let ExprKind::Call(call) = &expr.kind
                    && call.span == expr.span
                    && let Some(path) = call.function.as_path()
                    && path.len() > 1
                    && self.scopes.var(path[0]) == Some(var)
                    && methods.contains(&&*path[path.len() - 1].name)
                {
                    called += 1;
                }
            });
        }
        made && self.scopes.uses_of(var).count() == called + 1
    }

    /// `cond.Wait()` of a condition that nobody signals.
    fn never_signalled(&self, body: BodyId) -> Vec<Detection> {
        let mut found = Vec::new();
        visit::body(self.scopes.body(body).block, &mut |stmt| {
            let StmtKind::Expr(expr) = &stmt.kind else { return };
            let Some((var, "Wait")) = expr.as_call().and_then(|call| self.method_of(call)) else { return };
            let condition =
                self.typing.var(var).is_some_and(|ty| ty.named().is_some_and(|named| &*named.name == "Cond"));
            if condition && self.is_only(var, &["Wait", "Lock", "Unlock"]) {
                let name = &self.scopes.info(var).name;
                found.push(
                    self.detection(stmt.span, &format!("nobody signals `{name}`: the wait never ends")),
                );
            }
        });
        found
    }

    fn detection(&self, span: Span, message: &str) -> Detection {
        let file = self.declaration.file;
        let started = self.scopes.body_around(span).map(|body| self.scopes.body(body).block.span);
        let labels = started.map(|block| {
            let (line, column) = file.lines.line_column(block.start);
            let span = Some(Span { start: block.start, end: block.start + 1 });
            Evidence { path: file.path.clone(), line, column, span, words: "in this goroutine".to_owned() }
        });
        Detection {
            kind: KIND,
            span,
            label: "never ends".to_owned(),
            message: message.to_owned(),
            certainty: Certainty::Proved,
            labels: labels.into_iter().collect(),
            notes: Vec::new(),
            remedy: Some(Remedy::Advice {
                title: "give the goroutine a way to end".to_owned(),
                reason: "what it waits for is for a person to say".to_owned(),
            }),
        }
    }
}

/// The expressions of a statement that has no statements in it, and the heads of those that have.
fn own_expressions(stmt: &Stmt) -> Vec<&Expr> {
    match &stmt.kind {
        StmtKind::Expr(expr) => vec![expr],
        StmtKind::Assign { right, .. } | StmtKind::Define { right, .. } | StmtKind::Return(right) => {
            right.iter().collect()
        }
        StmtKind::Var(specs) => specs.iter().flat_map(|spec| &spec.values).collect(),
        StmtKind::If(branch) => vec![&branch.condition],
        _ => Vec::new(),
    }
}
