//! Releases at the wrong time: while somebody goes on using the resource, before it is known to be there, or
//! a second time.
//!
//! The walk tells which releases are due where the resource is handed on. That alone is no fault: a function
//! may well store a client, serve, and close it at its end. It is one where nothing is left to do between the
//! two.

use crate::analysis::dataflow::state::{Alias, Event, EventId, EventKind, Phase};
use crate::analysis::dataflow::trace::Used;
use crate::analysis::dataflow::trace::{Exit, ExitKind, Trace};
use crate::analysis::graph::control_flow::Ending;
use crate::analysis::graph::known;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, Scopes, VarId};
use crate::base::diagnostic::{Certainty, FaultKind, Verdict};
use crate::base::text::Span;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::{Database, exported};
use crate::go::types::expressions::Callee;
use crate::go::types::members::{Member, MethodRef};
use crate::go::types::release::ReleaseMethod;
use crate::go::types::type_expr::Type;

/// A release at the wrong time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Misuse {
    pub kind: FaultKind,
    /// The places that show it, the release first, each with a clause.
    pub places: Vec<(Span, String)>,
    pub way: Way,
    pub certainty: Certainty,
}

/// In which way it is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// The caller gets what a `defer` has closed.
    Returned,
    /// The caller gets something made from it.
    HandleReturned,
    /// Something that outlives the call keeps it.
    Stored,
    /// A goroutine runs on with it.
    Running,
    /// A function that runs when the test ends uses it.
    Cleaning,
    /// A subtest that runs in parallel uses it.
    Parallel,
    /// A method is called on it afterwards.
    Used,
    /// The `defer` stands before the check of its error.
    Unchecked,
    /// It is released again.
    Again,
}

/// Where the search looks.
pub struct MisuseContext<'a, 'g> {
    pub scopes: &'g Scopes<'a>,
    pub body: BodyId,
    pub typing: &'g Typing<'a, 'g>,
    pub releases: &'g [ReleaseMethod],
    /// What the resource is when it is released: "closed".
    pub verb: &'g str,
    /// The process ends with the body.
    pub ends_process: bool,
    /// The file is a test: what is used after its release there is so on purpose, in most cases.
    pub in_test: bool,
    /// Its error has a name, and is set again before anybody looks at it.
    pub error_overlooked: bool,
}

impl<'a> MisuseContext<'a, '_> {
    /// What is wrong with the releases in `trace`; of each kind the first.
    pub fn misuses(&self, trace: &Trace, ty: &Type) -> Vec<Misuse> {
        let mut misuses: Vec<Misuse> =
            trace.exits.iter().filter_map(|exit| self.handed_on(trace, exit)).collect();
        misuses.extend(trace.exits.iter().filter_map(|exit| self.unchecked(trace, exit, ty)));
        misuses.extend(self.calls(trace).into_iter().filter_map(|(call, used)| self.used(trace, call, used)));
        misuses.extend(trace.exits.iter().find_map(|exit| self.parallel(trace, exit)));
        misuses.extend(trace.doubled.iter().find_map(|doubled| self.doubled(*doubled)));
        misuses.sort();
        misuses.dedup_by_key(|misuse| misuse.kind);
        misuses
    }

    fn handed_on(&self, trace: &Trace, exit: &Exit) -> Option<Misuse> {
        let event = |id: EventId| &trace.events[id.0 as usize];
        let due = exit.state.due.map(event).filter(|due| due.kind == EventKind::Deferred)?;
        if matches!(exit.kind, ExitKind::Stop(_) | ExitKind::Again) {
            return None;
        }
        let (way, given) = match exit.state.phase {
            Phase::Escaped(id) => (self.given_way(trace, event(id), exit)?, event(id)),
            Phase::Open => {
                match exit.state.running.map(event).filter(|event| event.kind == EventKind::Running) {
                    Some(running) => (Way::Running, running),
                    None => {
                        (Way::Cleaning, trace.events.iter().find(|event| event.kind == EventKind::Cleaning)?)
                    }
                }
            }
            _ => return None,
        };
        let lasting = matches!(way, Way::Returned | Way::HandleReturned | Way::Cleaning);
        if !lasting && (self.ends_process || self.waits(given.span, exit.span, due.span)) {
            return None;
        }
        let places =
            vec![(due.span, format!("{} by this defer", self.verb)), (given.span, given.words.clone())];
        Some(Misuse { kind: FaultKind::ReleasedTooEarly, places, way, certainty: given.certainty })
    }

    /// `t.Run(name, func(t *testing.T) { t.Parallel(); client.Ping() })` goes on after what the test defers.
    fn parallel(&self, trace: &Trace, exit: &Exit) -> Option<Misuse> {
        let due = exit.state.due.map(|id| &trace.events[id.0 as usize]);
        let due = due.filter(|due| due.kind == EventKind::Deferred)?;
        let holders: Vec<VarId> = exit.state.holders.iter().map(|(var, _)| *var).collect();
        let uses = |literal: &FuncLit| {
            let is_parallel = |stmt: &Stmt| match &stmt.kind {
                StmtKind::Expr(expr) => expr.as_call().is_some_and(|call| call.name() == Some("Parallel")),
                _ => false,
            };
            literal.body.stmts.iter().any(is_parallel)
                && self.scopes.uses_in(literal.body.span).any(|var| holders.contains(&var))
        };
        let mut found = None;
        visit::block(self.scopes.body(self.body).block, &mut |expr| {
            if let Some(call) = expr.as_call().filter(|call| call.name() == Some("Run"))
                && call
                    .args
                    .iter()
                    .any(|arg| matches!(&arg.unparen().kind, ExprKind::FuncLit(it) if uses(it)))
            {
                found.get_or_insert(call.span);
            }
        });
        let words = "a subtest that runs in parallel uses it".to_owned();
        Some(Misuse {
            kind: FaultKind::ReleasedTooEarly,
            places: vec![(due.span, "closed by this defer".to_owned()), (found?, words)],
            way: Way::Parallel,
            certainty: Certainty::Proved,
        })
    }

    /// `defer stack.Run(); defer client.Close(); stack.Push(client.Close)`
    fn doubled(&self, (first, second): (Span, Span)) -> Option<Misuse> {
        self.method_at(first)?;
        let verb = self.verb;
        let places =
            vec![(first, format!("{verb} by this defer")), (second, format!("{verb} again by this defer"))];
        Some(Misuse { kind: FaultKind::ReleasedTwice, places, way: Way::Again, certainty: Certainty::Proved })
    }

    /// In which way a resource that was handed on should have stayed open; `None` where that is not told by
    /// the place.
    fn given_way(&self, trace: &Trace, given: &Event, exit: &Exit) -> Option<Way> {
        let releases = || trace.left.iter().any(|(_, alias)| *alias == Alias::Function { releases: true });
        let proved = given.certainty == Certainty::Proved;
        match given.kind {
            EventKind::Escaped(Verdict::Returned) if !releases() => Some(Way::Returned),
            EventKind::Escaped(Verdict::LivesOn) if proved && given.span == exit.span => {
                let handles = trace.left.iter().filter(|(_, alias)| matches!(alias, Alias::Handle(_)));
                handles
                    .map(|(index, _)| *index)
                    .any(|index| self.result_works(index))
                    .then_some(Way::HandleReturned)
            }
            EventKind::Escaped(Verdict::Stored | Verdict::Global) if proved => Some(Way::Stored),
            _ => None,
        }
    }

    /// Whether a result of the body does work when it is used: functions do, and what has methods like an
    /// iterator, also several of them; plain data does not.
    fn result_works(&self, index: usize) -> bool {
        let result = self.scopes.body(self.body).signature.results.get(index);
        result.is_some_and(|result| self.works(&self.typing.database.type_of(&self.typing.file, &result.ty)))
    }

    fn works(&self, ty: &Type) -> bool {
        match ty.pointee() {
            Type::Func(_) => true,
            Type::Slice(inner) | Type::Array(inner) | Type::Map(_, inner) | Type::Chan(inner) => {
                self.works(inner)
            }
            Type::Named(named) => named.source().is_some_and(|package| {
                package.methods_of(&named.name).iter().filter(|name| exported(name)).any(|name| {
                    matches!(
                        self.typing.database.member(ty, name),
                        Some(Member::Method(method)) if does_work(&method)
                    )
                })
            }),
            _ => false,
        }
    }

    fn unchecked(&self, trace: &Trace, exit: &Exit, ty: &Type) -> Option<Misuse> {
        let runs = !matches!(exit.kind, ExitKind::Stop(Ending::Exit | Ending::Never));
        // Where nobody ever looks at an error that has a name, it was meant to be looked at.
        let failed = match exit.state.phase {
            Phase::Nil => true,
            Phase::Unchecked => self.error_overlooked,
            _ => false,
        };
        let id = exit.state.early.filter(|_| runs && failed)?;
        let defer = &trace.events[id.0 as usize];
        if !may_be_nil(self.typing.database, ty, &self.method_at(defer.span)?) {
            return None;
        }
        let failed = "where its error is not nil, there is nothing to close";
        let places = vec![
            (defer.span, format!("{} by this defer, before its error is checked", self.verb)),
            (exit.span, failed.to_owned()),
        ];
        Some(Misuse {
            kind: FaultKind::ReleasedTooEarly,
            places,
            way: Way::Unchecked,
            certainty: Certainty::Assumed,
        })
    }

    /// The method calls on the resource, in order.
    fn calls(&self, trace: &Trace) -> Vec<(&'a Call, Used)> {
        let mut found = Vec::new();
        visit::block(self.scopes.body(self.body).block, &mut |expr| {
            if let ExprKind::Call(call) = &expr.kind
                && let Some(used) = trace.used.get(&call.span)
            {
                found.push((&**call, *used));
            }
        });
        found
    }

    /// Whether the process ends after the release at `call`, whichever way is taken: then nothing that is
    /// deferred runs.
    fn ends_there(&self, trace: &Trace, call: &Call) -> bool {
        let released = |exit: &&Exit| match exit.state.phase {
            Phase::Released(id) => trace.events[id.0 as usize].span == call.span,
            _ => false,
        };
        let mut exits = trace.exits.iter().filter(released).peekable();
        exits.peek().is_some() && exits.all(|exit| matches!(exit.kind, ExitKind::Stop(Ending::Exit)))
    }

    fn used(&self, trace: &Trace, call: &'a Call, used: Used) -> Option<Misuse> {
        let event = |id: EventId| &trace.events[id.0 as usize];
        let certain =
            used.released.map(event).filter(|first| !used.open && first.certainty == Certainty::Proved);
        if used.release {
            let due = used.due.map(event).filter(|due| due.kind == EventKind::Deferred);
            let due = due.filter(|_| !self.ends_there(trace, call));
            let first = certain.or(due).filter(|first| first.span != call.span)?;
            // `Stop` and then `Close` are two steps of one end.
            let same = self.method_at(first.span).is_some()
                && self.method_at(first.span) == self.method_at(call.span);
            let by_defer = if first.kind == EventKind::Deferred { " by this defer" } else { "" };
            let verb = self.verb;
            let places =
                vec![(first.span, format!("{verb}{by_defer}")), (call.span, format!("{verb} again"))];
            let kind = FaultKind::ReleasedTwice;
            return same.then_some(Misuse { kind, places, way: Way::Again, certainty: Certainty::Proved });
        }
        let first = certain.filter(|_| !self.in_test && self.can_fail(call))?;
        let places =
            vec![(first.span, format!("{} here", self.verb)), (call.span, "used after that".to_owned())];
        Some(Misuse {
            kind: FaultKind::ReleasedTooEarly,
            places,
            way: Way::Used,
            certainty: Certainty::Proved,
        })
    }

    /// Whether a method does work that a released resource cannot do.
    fn can_fail(&self, call: &Call) -> bool {
        let Callee::Method { method, .. } = self.typing.callee(call) else { return false };
        let works = method.signature.params.first().is_some_and(Type::is_context)
            || method.signature.results.iter().any(Type::is_error);
        works && !known::follows_release(&method.name)
    }

    /// The release method that is called on a variable at `span`.
    fn method_at(&self, span: Span) -> Option<String> {
        let mut found = None;
        visit::block(self.scopes.body(self.body).block, &mut |expr| {
            if let ExprKind::Call(call) = &expr.kind
                && call.span == span
                && let ExprKind::Selector { operand, field } = &call.function.unparen().kind
                && operand.as_ident().is_some()
            {
                found = Some(field.name.to_string());
            }
        });
        found
    }

    /// Whether the body may wait for something between `from` and `exit`, or in a `defer` other than the one
    /// at `due`.
    fn waits(&self, from: Span, exit: Span, due: Span) -> bool {
        let block = self.scopes.body(self.body).block;
        let (mut waits, mut start) = (false, from.end);
        visit::statements(&block.stmts, &mut |stmt| match &stmt.kind {
            // In a loop, what stands before it runs after it too.
            StmtKind::For(_) if stmt.span.contains(from) => start = start.min(stmt.span.start),
            StmtKind::Defer(expr) => {
                let other = expr.span != due && !expr.span.contains(due);
                waits |= other && !expr.as_call().is_some_and(|call| self.is_quick(call));
            }
            _ => {}
        });
        let between = |span: Span| start <= span.start && span.end <= exit.end && !from.contains(span);
        visit::statements(&block.stmts, &mut |stmt| {
            let blocks = match &stmt.kind {
                StmtKind::Send { .. } | StmtKind::Select(_) => true,
                StmtKind::For(looped) => {
                    matches!(&looped.head, ForHead::Range { right, .. } if self.may_be_channel(right))
                }
                _ => false,
            };
            waits |= blocks && between(stmt.span);
        });
        visit::block(block, &mut |expr| {
            waits |= between(expr.span)
                && match &expr.kind {
                    ExprKind::Call(call) => !self.is_quick(call),
                    ExprKind::Receive(_) => true,
                    _ => false,
                };
        });
        waits
    }

    fn may_be_channel(&self, operand: &Expr) -> bool {
        matches!(self.typing.of(operand), Type::Chan(_) | Type::Func(_) | Type::Unknown(_) | Type::Named(_))
    }

    fn is_quick(&self, call: &Call) -> bool {
        let releases = |name: &str| self.releases.iter().any(|release| *release.name == *name);
        let named = match &call.function.unparen().kind {
            ExprKind::Ident(ident) => Some(&ident.name),
            ExprKind::Selector { field, .. } => Some(&field.name),
            _ => None,
        };
        named.is_some_and(|name| releases(name))
            || matches!(self.typing.callee(call), Callee::Builtin { .. } | Callee::Conversion(_))
            || self.typing.ask(call, known::is_quick) == Some(true)
    }
}

/// Whether a method takes a context or gives an error.
fn does_work(method: &MethodRef) -> bool {
    method.signature.params.first().is_some_and(Type::is_context)
        || method.signature.results.iter().any(Type::is_error)
}

/// Whether a value of type `ty` may be nil, and its method `release` does not expect that.
fn may_be_nil(database: &Database, ty: &Type, release: &str) -> bool {
    if database.is_interface(ty) {
        return true;
    }
    let Some(Member::Method(method)) = database.member(ty, release) else { return false };
    let asks = |func: &FuncDecl| {
        let receiver = func.receiver.as_ref().and_then(|param| param.name.as_ref());
        let compared = |side: &Expr| {
            receiver.is_some() && side.as_ident().map(|ident| &ident.name) == receiver.map(|name| &name.name)
        };
        let mut asks = receiver.is_none_or(Ident::is_blank);
        func.body().into_iter().for_each(|body| {
            visit::block(body, &mut |expr| {
                if let ExprKind::Binary { op: BinaryOp::Equal | BinaryOp::NotEqual, left, right } = &expr.kind
                {
                    asks |= (left.is_nil() && compared(right)) || (right.is_nil() && compared(left));
                }
            });
        });
        asks
    };
    matches!(ty, Type::Pointer(_)) && !method.func.is_some_and(|func| asks(&func.decl))
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::messages;

    #[test]
    fn what_is_released_is_not_used_and_not_released_again() {
        assert_eq!(
            messages("func f() {\nc := make1()\nc.Close()\nc.Get()\n}")[0],
            ["`c` is used at line 4, after it was closed at line 3"]
        );
        assert_eq!(
            messages("func f() {\nc := make1()\ndefer c.Close()\nc.Get()\nc.Close()\n}")[0],
            ["`c` is closed at line 3 and again at line 5"]
        );
        assert_eq!(
            messages("func f() *client {\nc := make1()\ndefer c.Close()\nreturn c\n}")[0],
            ["`c` is returned at line 4, and closed then by the `defer` at line 3"]
        );
        assert!(messages("func f() {\nc := make1()\nc.Get()\nc.Close()\n}")[0].is_empty());
    }
}
