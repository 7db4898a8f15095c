//! Goroutines keep what they capture, unless their end is awaited on every way out after they were started: a
//! `Done`, a send or a close that the goroutine defers first or does last, for the very group or channel that
//! is waited for, once for each goroutine that is started.

use crate::analysis::graph::control_flow::{Cfg, Condition, Next, Step};
use crate::analysis::graph::known;
use crate::analysis::graph::scopes::{BodyId, VarId, VarOrigin};
use crate::analysis::proof::state::{Asked, Flow};
use crate::base::text::Span;
use crate::go::facts::names;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::type_expr::Type;

/// What a goroutine tells its end by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// `wg.Done()`
    Done,
    /// `close(done)`
    Close,
    /// `done <- err`
    Send,
    /// It is one of a group's.
    Group,
}

impl<'a> Flow<'_, 'a> {
    /// `go f()`
    pub(crate) fn go(&mut self, expr: &'a Expr, stmt: &'a Stmt) {
        self.value(expr);
        // `go New().Run()`
        let root = self.typing.scopes.body(self.root).block.span;
        if let Asked::Call { span, .. } = self.asked
            && stmt.span.contains(span)
            && !stmt.span.contains(root)
        {
            return self.object(stmt.span, "made for a goroutine that is started here");
        }
        if !self.captures(stmt.span) {
            return;
        }
        let literal = expr.as_call().and_then(|call| match &call.function.unparen().kind {
            ExprKind::FuncLit(literal) => Some(&**literal),
            _ => None,
        });
        match literal
            .ok_or("its end cannot be seen here")
            .and_then(|literal| self.awaited(literal, stmt.span))
        {
            Ok(line) => self.step(stmt.span, line),
            Err(why) => self.object(stmt.span, format!("a goroutine started here uses it: {why}")),
        }
    }

    /// `g.Go(func() error { … })`
    pub(crate) fn group(&mut self, call: &'a Call) {
        if !self.captures(call.span) {
            return;
        }
        let group = match &call.function.unparen().kind {
            ExprKind::Selector { operand, .. } => {
                operand.as_ident().and_then(|ident| self.typing.scopes.var(ident))
            }
            _ => None,
        };
        let awaited = group.ok_or("its group is no local variable").and_then(|group| {
            self.is_private(group, End::Group)?;
            self.waits(group, End::Group, call.span)
        });
        match awaited {
            Ok(line) => self.step(call.span, line),
            Err(why) => self.object(call.span, format!("a goroutine started here uses it: {why}")),
        }
    }

    /// Why the end of a goroutine is awaited on every way out.
    fn awaited(&self, literal: &'a FuncLit, started: Span) -> Result<&'static str, &'static str> {
        let ends = self.ends(literal);
        let mut why = "it tells nobody when it ends";
        for (var, end) in ends {
            let found = self
                .is_private(var, end)
                .and_then(|()| self.once_each(var, end, started))
                .and_then(|()| self.waits(var, end, started))
                .and_then(|words| self.tells_no_test(literal, var, started).map(|()| words));
            match found {
                Ok(words) => return Ok(words),
                Err(found) => why = found,
            }
        }
        Err(why)
    }

    /// Whether an assertion that ends the test stands before the wait while the goroutine has the test as
    /// well: what it meets in the released thing it would tell a test that is over, which panics.
    fn tells_no_test(&self, literal: &FuncLit, var: VarId, started: Span) -> Result<(), &'static str> {
        let scopes = self.typing.scopes;
        let is_test = |var: VarId| self.typing.var(var).is_some_and(|ty| ty.is_in(&names::types().tests));
        if !scopes.uses_in(literal.body.span).any(is_test) {
            return Ok(());
        }
        let Some(awaited) = scopes.uses_of(var).find(|at| *at >= started.end) else { return Ok(()) };
        let between = Span::new(started.end, awaited);
        let mut ends = false;
        visit::block(scopes.body(self.root).block, &mut |expr| {
            let Some(call) = expr.as_call().filter(|call| between.contains(call.span)) else { return };
            let asserts = self.typing.ask(call, known::asserts_no_error) == Some(true)
                || self.typing.ask(call, |name| known::ending(name, true)).flatten().is_some();
            ends |= asserts && scopes.body_around(call.span) == Some(self.root);
        });
        if ends { Err("an assertion may end the test before, of which it tells") } else { Ok(()) }
    }

    /// What the goroutine does last of all: its first `defer`, or its last statement where nothing that is
    /// deferred uses the resource.
    fn ends(&self, literal: &'a FuncLit) -> Vec<(VarId, End)> {
        let stmts = &literal.body.stmts;
        let mut defers = Vec::new();
        visit::statements(stmts, &mut |stmt| {
            if let StmtKind::Defer(expr) = &stmt.kind {
                defers.push((stmt.span, expr));
            }
        });
        let mut found = Vec::new();
        if let Some((span, expr)) = defers.first()
            && stmts.iter().any(|stmt| stmt.span == *span)
        {
            found.extend(self.end(expr));
        }
        let uses_later = defers.iter().any(|(span, _)| self.captures(*span));
        match stmts.last().map(|stmt| &stmt.kind) {
            Some(StmtKind::Expr(expr)) if !uses_later => found.extend(self.end(expr)),
            Some(StmtKind::Send { channel, .. }) if !uses_later => {
                found.extend(self.local(channel).map(|var| (var, End::Send)));
            }
            _ => {}
        }
        found
    }

    fn local(&self, expr: &Expr) -> Option<VarId> {
        expr.as_ident().and_then(|ident| self.typing.scopes.var(ident))
    }

    /// `wg.Done()` or `close(done)`.
    fn end(&self, expr: &Expr) -> Option<(VarId, End)> {
        let call = expr.as_call()?;
        match (&call.function.unparen().kind, call.args.as_slice()) {
            (ExprKind::Selector { operand, field }, []) if &*field.name == "Done" => {
                Some((self.local(operand)?, End::Done))
            }
            (ExprKind::Ident(name), [channel])
                if &*name.name == "close" && self.typing.scopes.var(name).is_none() =>
            {
                Some((self.local(channel)?, End::Close))
            }
            _ => None,
        }
    }

    /// Whether the group or channel is a local variable that nobody else has.
    fn is_private(&self, var: VarId, end: End) -> Result<(), &'static str> {
        let scopes = self.typing.scopes;
        let body = scopes.body(self.root).block;
        let info = scopes.info(var);
        let local = info.body == self.root
            && !matches!(
                info.origin,
                VarOrigin::Param { .. } | VarOrigin::Range { .. } | VarOrigin::Result { .. }
            );
        if !local || scopes.assigned(var).len() > 1 {
            return Err("what tells its end is not the function's own");
        }
        let ty = self.typing.var(var).unwrap_or(Type::Nil);
        let fits = match end {
            End::Done => {
                ty.named().is_some_and(|named| (&*named.package, &*named.name) == ("sync", "WaitGroup"))
            }
            End::Close | End::Send => matches!(ty, Type::Chan(_)),
            End::Group => true,
        };
        if !fits {
            return Err("what tells its end is not known");
        }
        let is_it = |expr: &Expr| self.local(expr) == Some(var);
        let mut meant = 0;
        visit::block(body, &mut |expr| match &expr.kind {
            ExprKind::Selector { operand, .. } if is_it(operand) => {
                meant += usize::from(matches!(end, End::Done | End::Group));
            }
            ExprKind::Receive(channel) if is_it(channel) => meant += 1,
            ExprKind::Call(call)
                if matches!(call.name(), Some("close" | "len" | "cap"))
                    && call.args.first().is_some_and(is_it) =>
            {
                meant += 1;
            }
            _ => {}
        });
        visit::all_statements(body, &mut |stmt| match &stmt.kind {
            StmtKind::Send { channel, .. } if is_it(channel) => meant += 1,
            StmtKind::For(looped) => {
                if let ForHead::Range { right, .. } = &looped.head
                    && is_it(right)
                {
                    meant += 1;
                }
            }
            StmtKind::Select(cases) => {
                for case in cases {
                    if let Some(Communication::Send { channel, .. }) = &case.communication
                        && is_it(channel)
                    {
                        meant += 1;
                    }
                }
            }
            _ => {}
        });
        // One more use is its declaration.
        if scopes.uses_of(var).count() > meant + 1 {
            return Err("what tells its end is handed to others");
        }
        Ok(())
    }

    /// Whether what is waited for comes once for each goroutine that is started.
    fn once_each(&self, var: VarId, end: End, started: Span) -> Result<(), &'static str> {
        let body = self.typing.scopes.body(self.root).block;
        match end {
            End::Group => Ok(()),
            End::Done => self.counted(var, started),
            End::Close | End::Send => {
                let mut ends = 0;
                let mut sends = 0;
                visit::block(body, &mut |expr| {
                    if expr.as_call().is_some_and(|call| call.span == expr.span)
                        && self.end(expr) == Some((var, End::Close))
                    {
                        ends += 1;
                    }
                });
                visit::all_statements(body, &mut |stmt| {
                    if let StmtKind::Send { channel, .. } = &stmt.kind {
                        sends += usize::from(self.local(channel) == Some(var));
                    }
                    if let StmtKind::Select(cases) = &stmt.kind {
                        for case in cases {
                            if let Some(Communication::Send { channel, .. }) = &case.communication {
                                sends += usize::from(self.local(channel) == Some(var));
                            }
                        }
                    }
                });
                if self.may_repeat(started) {
                    return Err("more than one is started, and their ends are not told apart");
                }
                let fine = match end {
                    End::Send => sends == 1 && ends == 0,
                    _ => ends == 1,
                };
                if fine { Ok(()) } else { Err("others tell the same as its end") }
            }
        }
    }

    /// Whether the place may be come by more than once: it is in a loop, behind a label, or in a literal that
    /// somebody calls by a name.
    fn may_repeat(&self, place: Span) -> bool {
        let scopes = self.typing.scopes;
        let own = scopes.body_around(place).unwrap_or(self.root);
        in_loop(scopes.body(own).block, place)
            || self.has_goto()
            || (own != self.root && !self.called_once(own))
    }

    fn has_goto(&self) -> bool {
        let mut found = false;
        visit::all_statements(self.typing.scopes.body(self.root).block, &mut |stmt| {
            found |= matches!(stmt.kind, StmtKind::Goto(_));
        });
        found
    }

    /// Whether a literal is called where it stands in the function itself, once.
    fn called_once(&self, literal: BodyId) -> bool {
        let body = self.typing.scopes.body(self.root).block;
        let mut found = false;
        visit::block(body, &mut |expr| {
            if let ExprKind::Call(call) = &expr.kind
                && let ExprKind::FuncLit(called) = &call.function.unparen().kind
                && self.typing.scopes.literal(called) == Some(literal)
            {
                let around = self.typing.scopes.body_around(call.span);
                found = around == Some(self.root) && !in_loop(body, call.span);
            }
        });
        found
    }

    /// The places in the function itself from which the goroutine may be started: those where the literal is
    /// called, by its name, in which that is written.
    fn starts(&self, started: Span) -> Option<Vec<Span>> {
        let scopes = self.typing.scopes;
        let own = scopes.body_around(started)?;
        if own == self.root {
            return Some(vec![started]);
        }
        let mut names = Vec::new();
        let mut handed = true;
        visit::all_statements(scopes.body(self.root).block, &mut |stmt| {
            let (StmtKind::Define { left, right } | StmtKind::Assign { left, right, .. }) = &stmt.kind else {
                return;
            };
            let is_it = |value: &Expr| match &value.unparen().kind {
                ExprKind::FuncLit(literal) => scopes.literal(literal) == Some(own),
                _ => false,
            };
            for (target, _) in left.iter().zip(right).filter(|(_, value)| is_it(value)) {
                handed = false;
                names.push(self.local(target));
            }
        });
        if handed {
            // Who gets it calls it then and there; what would keep it is somebody else's to tell.
            return (scopes.body(own).parent == Some(self.root)).then(|| vec![started]);
        }
        let names: Option<Vec<VarId>> = names.into_iter().collect();
        let uses = names?.into_iter().flat_map(|var| scopes.uses_of(var)).map(|at| Span::new(at, at));
        let uses: Vec<Span> = uses.collect();
        let direct = |at: &Span| scopes.body_around(*at) == Some(self.root);
        uses.iter().all(direct).then_some(uses)
    }

    /// `wg.Add(1)` before each `go`, or `wg.Add(2)` before two of them, and a `Done` for each.
    fn counted(&self, var: VarId, started: Span) -> Result<(), &'static str> {
        let body = self.typing.scopes.body(self.root).block;
        let mut dones = 0;
        visit::block(body, &mut |expr| {
            if expr.as_call().is_some_and(|call| call.span == expr.span)
                && self.end(expr) == Some((var, End::Done))
            {
                dones += 1;
            }
        });
        let (mut members, mut right) = (0, true);
        let mut seen_start = false;
        visit_lists(body, &mut |list, around| {
            let mut open = around.and_then(|looped| self.added_for(var, looped, body)).unwrap_or(0);
            for stmt in list {
                if let Some(count) = self.added(var, stmt) {
                    open = count;
                }
                if let StmtKind::Go(expr) = &stmt.kind
                    && let Some(ExprKind::FuncLit(literal)) =
                        expr.as_call().map(|call| &call.function.unparen().kind)
                    && self.ends(literal).contains(&(var, End::Done))
                {
                    members += 1;
                    right &= open > 0;
                    open = open.saturating_sub(1);
                    seen_start |= stmt.span == started;
                }
            }
        });
        if right && seen_start && dones == members && !self.has_goto() {
            Ok(())
        } else {
            Err("not each goroutine is counted in the group once")
        }
    }

    /// `wg.Add(2)`
    fn added(&self, var: VarId, stmt: &Stmt) -> Option<u64> {
        let StmtKind::Expr(expr) = &stmt.kind else { return None };
        let call = expr.as_call()?;
        let ExprKind::Selector { operand, field } = &call.function.unparen().kind else { return None };
        let [count] = call.args.as_slice() else { return None };
        if &*field.name != "Add" || self.local(operand) != Some(var) {
            return None;
        }
        match count.unparen().kind {
            ExprKind::Literal(Literal::Integer(count)) => Some(count),
            _ => Some(0),
        }
    }

    /// `wg.Add(len(names))` anywhere before `for … range names { go … }`: one for each.
    fn added_for(&self, var: VarId, looped: &For, body: &Block) -> Option<u64> {
        let ForHead::Range { right, .. } = &looped.head else { return None };
        let ranged = self.local(right)?;
        if self.typing.scopes.assigned(ranged).len() > 1 {
            return None;
        }
        let mut found = None;
        visit_lists(body, &mut |list, around| {
            for stmt in list.iter().filter(|stmt| around.is_none() && stmt.span.end <= looped.body.span.start)
            {
                if let StmtKind::Expr(expr) = &stmt.kind
                    && let Some(call) = expr.as_call()
                    && call.name() == Some("Add")
                    && let ExprKind::Selector { operand, .. } = &call.function.unparen().kind
                    && self.local(operand) == Some(var)
                    && let Some(len) = call.args.first().and_then(Expr::as_call)
                    && len.name() == Some("len")
                    && len.args.first().and_then(|arg| self.local(arg)) == Some(ranged)
                {
                    found = Some(1);
                }
            }
        });
        found
    }

    /// Whether every way out after the goroutine is started comes by a wait for `var`.
    fn waits(&self, var: VarId, end: End, started: Span) -> Result<&'static str, &'static str> {
        let starts = self.starts(started).ok_or("it is started where the ways on are not followed")?;
        let mut words = Err("it is started where the ways on are not followed");
        for start in starts {
            words = Ok(self.waits_from(var, end, start)?);
        }
        words
    }

    fn waits_from(&self, var: VarId, end: End, started: Span) -> Result<&'static str, &'static str> {
        let scopes = self.typing.scopes;
        let body = scopes.body(self.root).block;
        const OPEN: &str = "a way out does not wait for its end";
        if self.deferred_wait(var, end, started) {
            return Ok("a goroutine uses it, and a `defer` below the release waits for its end");
        }
        let cfg = Cfg::build(body, &|_| None).map_err(|_| OPEN)?;
        let at = cfg.blocks.iter().enumerate().find_map(|(at, block)| {
            let place = block
                .steps
                .iter()
                .position(|step| matches!(step, Step::Stmt(stmt) if stmt.span.contains(started)))?;
            Some((at, place + 1))
        });
        let Some(start) = at else { return Err("it is started where the ways on are not followed") };
        let closed_only = end == End::Close && self.is_sent_to(var);
        let waits = |expr: &Expr| self.is_wait(var, end, expr, closed_only);
        let (mut seen, mut todo) = (vec![false; cfg.blocks.len()], vec![start]);
        while let Some((at, from)) = todo.pop() {
            let block = &cfg.blocks[at];
            if block.steps[from..].iter().any(|step| self.step_waits(var, step, &waits)) {
                continue;
            }
            let mut next: Vec<usize> = match &block.next {
                Next::Branch { condition: Condition::True(expr), .. } if waits(expr) => Vec::new(),
                Next::Return(stmt) => match &stmt.kind {
                    StmtKind::Return(values) if values.iter().any(&waits) => Vec::new(),
                    _ => return Err(OPEN),
                },
                Next::End(_) => return Err(OPEN),
                next => next.successors(),
            };
            next.retain(|next| !std::mem::replace(&mut seen[*next], true));
            todo.extend(next.into_iter().map(|next| (next, 0)));
        }
        Ok("a goroutine uses it, and every way out waits for its end")
    }

    fn step_waits(&self, var: VarId, step: &Step<'_>, waits: &dyn Fn(&Expr) -> bool) -> bool {
        match step {
            Step::Stmt(stmt) => match &stmt.kind {
                StmtKind::Go(_) | StmtKind::Defer(_) => false,
                StmtKind::Expr(expr) => waits(expr),
                StmtKind::Assign { right, .. } | StmtKind::Define { right, .. } => right.iter().any(waits),
                StmtKind::Var(specs) => specs.iter().any(|spec| spec.values.iter().any(waits)),
                _ => false,
            },
            Step::Eval(expr) => waits(expr) || (self.local(expr) == Some(var) && self.is_drained(var)),
            Step::Communication(Communication::Receive { right, .. }) => waits(right),
            _ => false,
        }
    }

    /// Whether evaluating the expression waits: `wg.Wait()`, `<-done`.
    fn is_wait(&self, var: VarId, end: End, expr: &Expr, closed_only: bool) -> bool {
        match &expr.unparen().kind {
            ExprKind::Receive(channel) => {
                matches!(end, End::Close | End::Send) && !closed_only && self.local(channel) == Some(var)
            }
            ExprKind::Call(call) => {
                let own = matches!(end, End::Done | End::Group)
                    && matches!(&call.function.unparen().kind, ExprKind::Selector { operand, field }
                        if &*field.name == "Wait" && self.local(operand) == Some(var));
                own || call.args.iter().any(|arg| self.is_wait(var, end, arg, closed_only))
            }
            ExprKind::Binary { op: BinaryOp::And | BinaryOp::Or, left, .. } => {
                self.is_wait(var, end, left, closed_only)
            }
            ExprKind::Binary { left, right, .. } => {
                self.is_wait(var, end, left, closed_only) || self.is_wait(var, end, right, closed_only)
            }
            ExprKind::TypeAssert { operand, .. } | ExprKind::Selector { operand, .. } => {
                self.is_wait(var, end, operand, closed_only)
            }
            _ => false,
        }
    }

    fn is_sent_to(&self, var: VarId) -> bool {
        let mut sent = false;
        visit::all_statements(self.typing.scopes.body(self.root).block, &mut |stmt| match &stmt.kind {
            StmtKind::Send { channel, .. } => sent |= self.local(channel) == Some(var),
            StmtKind::Select(cases) => {
                for case in cases {
                    if let Some(Communication::Send { channel, .. }) = &case.communication {
                        sent |= self.local(channel) == Some(var);
                    }
                }
            }
            _ => {}
        });
        sent
    }

    /// Whether every loop over the channel goes on until it is closed.
    fn is_drained(&self, var: VarId) -> bool {
        let mut drained = true;
        visit::body(self.typing.scopes.body(self.root).block, &mut |stmt| {
            if let StmtKind::For(looped) = &stmt.kind
                && let ForHead::Range { right, .. } = &looped.head
                && self.local(right) == Some(var)
            {
                visit::body(&looped.body, &mut |inner| {
                    drained &= !matches!(
                        inner.kind,
                        StmtKind::Break(_)
                            | StmtKind::Return(_)
                            | StmtKind::Goto(_)
                            | StmtKind::Continue(Some(_))
                    );
                });
            }
        });
        drained
    }

    /// `defer wg.Wait()` below the release and above the goroutine.
    fn deferred_wait(&self, var: VarId, end: End, started: Span) -> bool {
        let below = match self.asked {
            Asked::Call { at, .. } => at,
            Asked::Params => 0,
        };
        let mut found = false;
        visit_lists(self.typing.scopes.body(self.root).block, &mut |list, _| {
            let Some(at) = list.iter().position(|stmt| stmt.span.contains(started)) else { return };
            found |= list[..at].iter().filter(|stmt| stmt.span.start >= below).any(|stmt| {
                let StmtKind::Defer(expr) = &stmt.kind else { return false };
                let Some(call) = expr.as_call() else { return false };
                match &call.function.unparen().kind {
                    ExprKind::FuncLit(literal) => {
                        let on = literal.body.stmts.iter().take_while(|stmt| !may_leave(stmt));
                        on.into_iter().any(|stmt| {
                            matches!(&stmt.kind, StmtKind::Expr(expr) if self.is_wait(var, end, expr, true))
                        })
                    }
                    _ => self.is_wait(var, end, expr, true),
                }
            });
        });
        found
    }
}

/// Whether a statement may leave its function, or go elsewhere in it.
fn may_leave(stmt: &Stmt) -> bool {
    let mut found = false;
    visit::statements(std::slice::from_ref(stmt), &mut |stmt| {
        found |= matches!(stmt.kind, StmtKind::Return(_) | StmtKind::Goto(_));
    });
    found
}

/// Whether the place is in a loop of this body.
pub(super) fn in_loop(body: &Block, place: Span) -> bool {
    let mut found = false;
    visit::body(body, &mut |stmt| {
        if let StmtKind::For(looped) = &stmt.kind {
            found |= looped.body.span.contains(place);
        }
    });
    found
}

/// Every list of statements of the body itself, with the loop whose body it is.
fn visit_lists<'a>(body: &'a Block, see: &mut dyn FnMut(&'a [Stmt], Option<&'a For>)) {
    see(&body.stmts, None);
    visit::body(body, &mut |stmt| match &stmt.kind {
        StmtKind::If(branch) => see(&branch.then.stmts, None),
        StmtKind::For(looped) => see(&looped.body.stmts, Some(looped)),
        StmtKind::Switch(switch) => switch.cases.iter().for_each(|case| see(&case.stmts, None)),
        StmtKind::TypeSwitch(switch) => switch.cases.iter().for_each(|case| see(&case.stmts, None)),
        StmtKind::Select(cases) => cases.iter().for_each(|case| see(&case.stmts, None)),
        StmtKind::Block(block) => see(&block.stmts, None),
        _ => {}
    });
}
