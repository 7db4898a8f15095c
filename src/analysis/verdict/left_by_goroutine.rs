//! What a goroutine alone has that was started with it: its whole body lies open, it uses it and ends, and
//! nobody releases it.
//!
//! Only where the function has no further use for it, and all that the goroutine does with it is read:
//! nothing else can have it then. What goes on until it is told to end has it for as long as that.

use std::cell::Cell;

use rustc_hash::FxHashSet;

use crate::analysis::dataflow::source::Source;
use crate::analysis::dataflow::state::Alias;
use crate::analysis::dataflow::state::{Event, EventKind, Phase, State};
use crate::analysis::dataflow::trace::{Exit, ExitKind, Trace};
use crate::analysis::dataflow::walk::{MAX_VISITS, walk};
use crate::analysis::graph::known;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, Scopes, VarId};
use crate::analysis::summaries::answers::Stack;
use crate::analysis::summaries::callee::Calls;
use crate::analysis::verdict::case::{Case, Kind};
use crate::analysis::verdict::outcome::Outcome;
use crate::analysis::verdict::overwritten::only_place;
use crate::base::diagnostic::{AnchorPlace, Certainty, Closable, Evidence, ReleaseWay, Remedy, Verdict};
use crate::base::text::{Span, narrow};
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::FileScope;
use crate::go::types::release::ReleaseMethod;
use crate::go::types::type_expr::Type;

/// The body that a goroutine runs.
enum Runs<'a> {
    /// A literal that stands in the `go` statement, with the variable that it has it in.
    Literal(&'a FuncLit, VarId),
    /// A function of the repository, with the parameter that gets it.
    Function(FuncRef, ParamIndex),
}

impl<'a> Case<'a, '_> {
    /// What becomes of what a goroutine leaves open, if one does, and what would mend it.
    pub(crate) fn left_by_goroutine(
        &self,
        outcome: &Outcome,
        trace: &Trace,
        body: BodyId,
        kind: &Kind,
    ) -> Option<(Outcome, Remedy)> {
        let by_method = |release: &ReleaseMethod| release.way == ReleaseWay::Method;
        let by_name = self.wanted.by_name && !self.wanted.releases.iter().all(by_method);
        if outcome.verdict != Verdict::Captured || by_name || self.in_test() {
            return None;
        }
        let captured = |event: &EventKind| *event == EventKind::Escaped(Verdict::Captured);
        let at = only_place(trace, &captured).or_else(|| only_started(trace))?;
        let (started, call) = self.started_with(body, at)?;
        let held = self.holder(kind).filter(|var| self.scopes.assigned(*var).len() <= 1)?;
        let runs = self.runs(held, started, call)?;
        let mut evidence =
            vec![self.at(started, format!("this goroutine ends, and has not {} it", self.verb(kind)))];
        let (left, partly) = self.left_open(&runs, kind)?;
        evidence.extend(left);
        let Closable::By(release) = &kind.answer.closable else { return None };
        let (name, verb) = (self.named(kind), self.verb(kind));
        let line = self.place.lines.line(started.start);
        let message = if partly {
            format!("{name} is not {verb} on some ways of the goroutine of line {line}, which alone has it")
        } else {
            format!("{name} is never {verb}: the goroutine of line {line} alone has it, and ends without")
        };
        let doubt = match partly {
            true => format!("on other ways it is {verb} there already"),
            false => "what the calls there have started may go on using it".to_owned(),
        };
        let remedy = match runs {
            Runs::Literal(literal, inner) => {
                let release = release.call(&self.scopes.info(inner).name, "", "");
                if release.ends_with("()") {
                    Remedy::Lines {
                        title: format!("insert `defer {release}` first in the goroutine"),
                        place: AnchorPlace::Start(literal.body.span),
                        lines: vec![format!("defer {release}")],
                        doubt: Some(doubt),
                    }
                } else {
                    Remedy::advice(
                        "release it at the end of the goroutine",
                        "with what is for a person to say",
                    )
                }
            }
            Runs::Function(func, _) => Remedy::advice(
                format!(
                    "release it at the end of `{}`, or of a function literal around it",
                    func.decl.name.name
                ),
                "who else calls that is for a person to say",
            ),
        };
        let outcome = Outcome {
            verdict: if partly { Verdict::LeakedOnSomePaths } else { Verdict::Leaked },
            certainty: Certainty::Assumed,
            evidence,
            message,
            obstacle: None,
        };
        Some((outcome, remedy))
    }

    /// The `go` statement around a place and its call, unless it may start more than one goroutine with the
    /// same resource.
    fn started_with(&self, body: BodyId, at: Span) -> Option<(Span, &'a Call)> {
        let mut found = None;
        let mut again = false;
        visit::body(self.scopes.body(body).block, &mut |stmt| match &stmt.kind {
            StmtKind::Go(go) if stmt.span.contains(at) => {
                found = go.as_call().map(|call| (stmt.span, call));
            }
            StmtKind::For(_) => again |= stmt.span.contains(at) && !stmt.span.contains(self.call.span),
            _ => {}
        });
        found.filter(|_| !again)
    }

    /// What the goroutine runs, and what it has it in there. The function itself must have no further use for
    /// it.
    fn runs(&self, held: VarId, started: Span, call: &'a Call) -> Option<Runs<'a>> {
        let is_it = |expr: &Expr| expr.as_ident().and_then(|name| self.scopes.var(name)) == Some(held);
        let mut asked: Vec<u32> = Vec::new();
        visit::block(self.scopes.bodies.first()?.block, &mut |expr| match &expr.kind {
            ExprKind::Call(call) => {
                if let ExprKind::Selector { operand, field } = &call.function.unparen().kind
                    && is_it(operand)
                    && !self.lasts(&field.name)
                    && self.is_plain(call)
                {
                    asked.push(operand.unparen().span.start);
                }
            }
            ExprKind::Binary { left, right, .. } if left.is_nil() || right.is_nil() => {
                asked.extend([left, right].iter().filter(|side| is_it(side)).map(|side| side.span.start));
            }
            _ => {}
        });
        let bound = self.scopes.uses_of(held).min()?;
        let outside = |at: &u32| !(started.start..started.end).contains(at) && *at != bound;
        if !self.scopes.uses_of(held).filter(outside).all(|at| at < started.start && asked.contains(&at)) {
            return None;
        }
        let used = self.scopes.uses_in(started).filter(|used| *used == held).count();
        let given = call.args.iter().position(is_it);
        match (&call.function.unparen().kind, given) {
            (ExprKind::FuncLit(literal), Some(at)) if used == 1 => {
                let body = self.scopes.literal(literal)?;
                Some(Runs::Literal(literal, self.scopes.param(body, ParamIndex::At(narrow(at)))?))
            }
            (ExprKind::FuncLit(literal), None) => {
                let within = self.scopes.uses_in(literal.body.span).filter(|used| *used == held).count();
                (within == used).then_some(Runs::Literal(literal, held))
            }
            (_, Some(at)) if used == 1 => self.runs_own(call, ParamIndex::At(narrow(at))),
            (_, None) if used == 1 && call.receiver().is_some_and(is_it) => {
                self.runs_own(call, ParamIndex::Receiver)
            }
            _ => None,
        }
    }

    /// A function of the repository that the goroutine runs, which gets it as `param`.
    fn runs_own(&self, call: &Call, param: ParamIndex) -> Option<Runs<'a>> {
        let func = self.typing.called(call).filter(|func| !func.unread_body)?;
        let variadic = func.decl.signature.params.iter().any(|param| param.variadic);
        let own = !self.judge.database.locator().is_dependency(&func.package.dir) && !variadic;
        own.then_some(Runs::Function(func, param))
    }

    /// That the goroutine comes to its end with it still open, and nobody else has it then, and whether that
    /// is so on some ways only; where it does so, for a function.
    fn left_open(&self, runs: &Runs, kind: &Kind) -> Option<(Option<Evidence>, bool)> {
        let stack = Stack::new();
        let calls = self.calls(&stack, self.followed(kind));
        match runs {
            Runs::Literal(literal, inner) => {
                let body = self.scopes.literal(literal)?;
                let (exit, partly) = self.is_left_by(&calls, body, *inner)?;
                Some((partly.then(|| self.at(exit, "it is still open here")), partly))
            }
            Runs::Function(func, param) => {
                let scopes = Scopes::of_func(&func.decl);
                let typing = Typing::new(self.judge.database, FileScope::of(func), &scopes);
                let calls =
                    Calls { typing: &typing, target: self.followed(kind), in_main: false, ..*calls.as_ref() };
                let param = scopes.param(BodyId(0), *param)?;
                let (exit, partly) =
                    self.is_left_by(&calls, BodyId(0), param).filter(|(_, partly)| !partly)?;
                let name = &func.decl.name.name;
                let words = format!("`{name}` ends here, and has not {} it", self.verb(kind));
                Some((Some(typing.evidence(exit, words)), partly))
            }
        }
    }

    /// A way out of a body that has it in `var`, if it is still open there, nobody else has it, and on other
    /// ways it is open as well, or plainly released; and whether it is released on some.
    fn is_left_by(&self, calls: &Calls, body: BodyId, var: VarId) -> Option<(Span, bool)> {
        let scopes = calls.typing.scopes;
        let block = scopes.body(body).block;
        if !ends(block, &|expr| calls.typing.of(expr)) {
            return None;
        }
        let entry = State { phase: Phase::Open, holders: vec![(var, Alias::Itself)], ..State::start() };
        let visits = Cell::new(MAX_VISITS);
        let trace = walk(scopes, body, &[Source::Variable(var)], entry, calls, &visits).ok()?;
        let released = |event: &Event| event.kind == EventKind::Released && event.words == "released";
        let read = trace.events.iter().all(|event| event.kind == EventKind::Read || released(event));
        let is_left = |exit: &Exit| {
            let State { phase, due, maybe_due, on_error, running, .. } = &exit.state;
            *phase == Phase::Open && due.or(*maybe_due).or(*on_error).or(*running).is_none()
        };
        let is_over = |exit: &Exit| matches!(exit.state.phase, Phase::Released(_));
        let ways = trace.exits.iter().filter(|exit| !matches!(exit.kind, ExitKind::Stop(_)));
        if !read || !ways.clone().all(|exit| is_left(exit) || is_over(exit)) {
            return None;
        }
        let partly = ways.clone().any(is_over);
        let releases: Vec<Span> =
            trace.events.iter().filter(|event| released(event)).map(|event| event.span).collect();
        let states = trace.after.values().chain(trace.enter.values()).flatten();
        let holders: FxHashSet<VarId> =
            states.flat_map(|state| &state.holders).map(|(var, _)| *var).chain([var]).collect();
        let mut asked = false;
        let mut lasts = false;
        visit::block(block, &mut |expr| {
            let ExprKind::Call(call) = &expr.kind else { return };
            if releases.contains(&call.span) {
                return;
            }
            let ExprKind::Selector { operand, field } = &call.function.unparen().kind else { return };
            let Some(first) = begins_at(operand).and_then(|name| scopes.var(name)) else { return };
            if holders.contains(&first) {
                let literal = |arg: &Expr| matches!(arg.unparen().kind, ExprKind::FuncLit(_));
                lasts |= self.lasts(&field.name) || call.args.iter().any(literal);
                asked = true;
            }
        });
        asked |= scopes.uses_in(block.span).any(|used| used == var);
        let left = ways.filter(|exit| is_left(exit)).map(|exit| exit.span);
        let last = left.max_by_key(|span| span.start)?;
        (asked && !lasts).then_some((last, partly))
    }

    /// Whether a method of this name releases it, or reads as if it went on, or others went on with it.
    fn lasts(&self, method: &str) -> bool {
        let name = method.to_ascii_lowercase();
        known::ends(method)
            || known::reads_like_release(method)
            || known::may_serve(method)
            || self.wanted.releases.iter().any(|release| *release.name == *method)
            || ["run", "start", "serve", "listen", "watch", "subscribe", "loop", "consume", "receive", "poll"]
                .iter()
                .any(|word| name.starts_with(word))
    }

    /// Whether a call takes nothing that could keep what it is called on, and gives plain values.
    fn is_plain(&self, call: &Call) -> bool {
        let plain = |ty: &Type| ty.is_error() || matches!(ty, Type::Basic(name) if &**name != "any");
        let literal = |arg: &Expr| matches!(arg.unparen().kind, ExprKind::FuncLit(_));
        self.typing.results(call).iter().all(plain) && !call.args.iter().any(literal)
    }
}

/// The only goroutine that uses it, where nothing else happens to it and the loop that makes one after the
/// other is left only before it is there.
fn only_started(trace: &Trace) -> Option<Span> {
    let is_nothing = |exit: &Exit| matches!(exit.state.phase, Phase::Before | Phase::Nil);
    let mut ways = trace.exits.iter().filter(|exit| !matches!(exit.kind, ExitKind::Stop(_)));
    match trace.events.as_slice() {
        [event] if event.kind == EventKind::Running && ways.all(is_nothing) => Some(event.span),
        _ => None,
    }
}

/// The name that an expression begins with: `client` of `client.Topic("x").Get()`.
fn begins_at(expr: &Expr) -> Option<&Ident> {
    match &expr.unparen().kind {
        ExprKind::Ident(ident) => Some(ident),
        ExprKind::Selector { operand, .. } | ExprKind::Index { operand, .. } => begins_at(operand),
        ExprKind::Pointer(operand) | ExprKind::AddressOf(operand) => begins_at(operand),
        ExprKind::Call(call) => begins_at(&call.function),
        _ => None,
    }
}

/// Whether a goroutine comes to its end by itself, as far as its loops tell.
fn ends(block: &Block, type_of: &dyn Fn(&Expr) -> Type) -> bool {
    let mut ends = true;
    visit::body(block, &mut |stmt| match &stmt.kind {
        StmtKind::For(looped) => {
            ends &= match &looped.head {
                ForHead::Clause { condition, .. } => condition.is_some() || !waits(&looped.body),
                ForHead::Range { right, .. } => {
                    matches!(type_of(right), Type::Slice(_) | Type::Map(..) | Type::Basic(_))
                }
            };
        }
        StmtKind::Goto(_) => ends = false,
        _ => {}
    });
    ends
}

/// Whether a block waits for channels: a loop without an end of its own goes on until it is told to end then.
fn waits(block: &Block) -> bool {
    let mut waits = false;
    visit::body(block, &mut |stmt| waits |= matches!(stmt.kind, StmtKind::Select(_)));
    visit::block(block, &mut |expr| waits |= matches!(expr.kind, ExprKind::Receive(_)));
    waits
}
