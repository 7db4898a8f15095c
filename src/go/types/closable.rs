//! Whether a type has something that releases it, and what that takes.

use std::sync::Arc;

use crate::base::diagnostic::{Certainty, Closable, Evidence, Release, ReleaseArg, ReleaseWay};
use crate::go::facts::names;
use crate::go::index::reader::RELEASE_NAMES;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::{Database, FileScope};
use crate::go::types::expressions::Callee;
use crate::go::types::members::{Lookup, Member, MethodRef, SourcePlace};
pub use crate::go::types::release::ClosableAnswer;
use crate::go::types::release::ReleaseMethod;
use crate::go::types::type_expr::{FuncSig, Home, Missing, Type};

/// A release that only calls another is followed this deep.
const MAX_DEPTH: usize = 3;

impl Database {
    /// Whether a value of type `ty` is released by one of `methods`, of which the first that fits is taken;
    /// one of the right name with other arguments only when none fits, and when it is no request.
    pub fn closable(&self, ty: &Type, methods: &[ReleaseMethod]) -> ClosableAnswer {
        self.closable_anywhere(ty, methods)
    }

    /// As [`Database::closable`]: a type knows itself where it comes from.
    pub(crate) fn closable_anywhere(&self, ty: &Type, methods: &[ReleaseMethod]) -> ClosableAnswer {
        let key = (ty.clone(), key_of(ty), names_of(methods));
        self.closables.get_or(key, |_| self.find_closable(ty, methods))
    }

    /// How a value of type `ty`, of which a rule says that it has to be released, is released by one of
    /// `methods`, and whether that may be done again. Where nobody knows the type, it is the one at `first`.
    pub(crate) fn released_as_named(
        &self,
        ty: &Type,
        methods: &[ReleaseMethod],
        first: usize,
    ) -> (ClosableAnswer, bool) {
        let unknown = ty.why_unknown();
        let fits = |wanted: &&ReleaseMethod| unknown.is_some() || self.can_release(ty, wanted);
        let likely = methods.get(first..).unwrap_or_default();
        let Some(wanted) = likely.iter().chain(methods).find(fits) else {
            let first = methods.first().map_or("Close", |method| &method.name);
            let why = format!("returns `{ty}`, which has no {first}");
            let answer = ClosableAnswer {
                closable: Closable::Nothing(why),
                certainty: Certainty::Proved,
                evidence: None,
                type_name: type_name(ty),
            };
            return (answer, false);
        };
        let on = match &wanted.way {
            ReleaseWay::Field(field) => match self.member(ty, field) {
                Some(Member::Field(part)) => part,
                _ => ty.clone(),
            },
            _ => ty.clone(),
        };
        let method = match (&wanted.way, self.member(&on, &wanted.name)) {
            (ReleaseWay::Method | ReleaseWay::Field(_), Some(Member::Method(method))) => Some(method),
            _ => None,
        };
        let returns_error =
            method.as_ref().is_some_and(|method| method.signature.results.last().is_some_and(Type::is_error));
        let release = Release {
            method: wanted.name.to_string(),
            args: wanted.args.clone(),
            returns_error,
            way: wanted.way.clone(),
        };
        let answer = ClosableAnswer {
            closable: Closable::By(release),
            certainty: Certainty::Proved,
            evidence: method.and_then(|method| self.evidence(&method)),
            type_name: type_name(ty),
        };
        (answer, wanted.repeatable)
    }

    /// Whether a value of type `ty` can be released in this way, as far as its type tells.
    fn can_release(&self, ty: &Type, wanted: &ReleaseMethod) -> bool {
        match &wanted.way {
            ReleaseWay::Method => match self.find_member(ty, &wanted.name) {
                Lookup::Member(Member::Method(method)) => release_args(&method.signature) == wanted.args,
                Lookup::Member(Member::Field(_)) | Lookup::Absent => false,
                Lookup::Unknown(_) => true,
            },
            ReleaseWay::Field(field) => {
                !matches!(self.find_member(ty, field), Lookup::Absent | Lookup::Member(Member::Method(_)))
            }
            ReleaseWay::Value => match self.underlying_func(ty) {
                Some(signature) => signature.params.len() == wanted.args.len(),
                None => ty.named().is_some_and(|named| named.source().is_none()),
            },
            ReleaseWay::Function { .. } => true,
        }
    }

    /// Whether Go takes `release` of a variable that is declared as `ty`; `None` where that is not known.
    pub(crate) fn takes_release(&self, ty: &Type, release: &Release) -> Option<bool> {
        let has = |ty: &Type, name: &str, fits: &dyn Fn(&FuncSig) -> bool| match self.find_member(ty, name) {
            Lookup::Member(Member::Method(method)) => Some(fits(&method.signature)),
            Lookup::Member(Member::Field(_)) | Lookup::Absent => Some(false),
            Lookup::Unknown(_) => None,
        };
        let same = |signature: &FuncSig| {
            release_args(signature) == release.args
                && signature.results.last().is_some_and(Type::is_error) == release.returns_error
        };
        match &release.way {
            ReleaseWay::Method => has(ty, &release.method, &same),
            ReleaseWay::Field(field) => match self.find_member(ty, field) {
                Lookup::Member(Member::Field(part)) => has(&part, &release.method, &same),
                Lookup::Member(Member::Method(_)) | Lookup::Absent => Some(false),
                Lookup::Unknown(_) => None,
            },
            ReleaseWay::Value => match self.underlying_func(ty) {
                Some(signature) => Some(signature.params.len() == release.args.len()),
                None if ty.why_unknown().is_some() => None,
                None => ty.named().is_none_or(|named| named.source().is_some()).then_some(false),
            },
            ReleaseWay::Function { method: Some(name), .. } => {
                has(ty, name, &|signature| signature.params.is_empty())
            }
            ReleaseWay::Function { method: None, .. } => self.is_interface(ty).then_some(false),
        }
    }

    fn find_closable(&self, ty: &Type, methods: &[ReleaseMethod]) -> ClosableAnswer {
        let answer = |closable, certainty, evidence| ClosableAnswer {
            closable,
            certainty,
            evidence,
            type_name: type_name(ty),
        };
        let nothing = |why: String| answer(Closable::Nothing(why), Certainty::Proved, None);
        if let Some(why) = ty.why_unknown() {
            return answer(Closable::Unknown(why.to_string()), Certainty::Assumed, None);
        }
        if !matches!(ty.pointee(), Type::Named(_) | Type::Struct(_) | Type::Interface(_) | Type::TypeParam(_))
        {
            return nothing(format!("returns `{ty}`, which has no methods"));
        }
        if self.is_mock(ty) {
            return nothing(format!("returns `{ty}`, a mock that only records calls"));
        }
        let (mut unfit, mut idle, mut unknown) = (None, None, None);
        for wanted in methods {
            match self.find_member(ty, &wanted.name) {
                Lookup::Member(Member::Method(method)) if self.does_nothing(&method) => {
                    idle = idle.or(Some(method))
                }
                Lookup::Member(Member::Method(method)) => {
                    let args = release_args(&method.signature);
                    if args == wanted.args {
                        let instead = if closes_something(&method) { None } else { self.session_end(ty) };
                        return self.released_by(ty, instead.as_ref().unwrap_or(&method));
                    }
                    unfit = unfit.or((!is_request(&method.signature, &args)).then_some(method));
                }
                Lookup::Member(Member::Field(_)) | Lookup::Absent => {}
                Lookup::Unknown(why) => unknown = unknown.or(Some(why)),
            }
        }
        if let Some(method) = unfit {
            return self.released_by(ty, &method);
        }
        if let Some(why) = unknown {
            return answer(Closable::Unknown(why.to_string()), Certainty::Assumed, None);
        }
        if let Some(method) = idle {
            let body = method.func.as_ref().and_then(|func| func.decl.body());
            let mut drops = false;
            if let Some(body) = body {
                visit::block(body, &mut |expr| {
                    let name = expr.as_call().and_then(Call::name);
                    drops |= name == Some("CloseIdleConnections");
                });
            }
            let what = match drops {
                _ if body.is_some_and(|body| body.stmts.len() <= 1) => "does nothing",
                true => "only drops idle connections",
                false => "frees nothing but memory",
            };
            let why = format!("returns `{ty}`, and its {} {what}", method.name);
            return answer(Closable::Nothing(why), Certainty::Proved, self.evidence(&method));
        }
        let first = methods.first().map_or("Close", |method| &method.name);
        let why = format!("returns `{ty}`, which has no {first}");
        match self.indexed_words(ty) {
            None => nothing(why),
            Some((words, certainty)) => {
                answer(Closable::Nothing(why), certainty, Some(index_evidence(&words)))
            }
        }
    }

    /// The method by which a type ends a session, where its `Close` may end something within that.
    fn session_end(&self, ty: &Type) -> Option<MethodRef> {
        names::words().ends_session.iter().find_map(|name| match self.find_member(ty, name) {
            Lookup::Member(Member::Method(method)) => {
                Some(method).filter(|it| it.signature.params.is_empty())
            }
            _ => None,
        })
    }

    fn released_by(&self, ty: &Type, method: &MethodRef) -> ClosableAnswer {
        let release = Release {
            method: method.name.to_string(),
            args: release_args(&method.signature),
            returns_error: method.signature.results.last().is_some_and(Type::is_error),
            way: ReleaseWay::Method,
        };
        ClosableAnswer {
            closable: Closable::By(release),
            certainty: method.certainty,
            evidence: self.evidence(method),
            type_name: type_name(ty),
        }
    }

    /// Where a method was read.
    pub fn evidence(&self, method: &MethodRef) -> Option<Evidence> {
        match &method.place {
            SourcePlace::Source(scope, span) => {
                let words = format!("`{}.{}{}`", method.receiver, method.name, method.signature);
                Some(self.place(scope, *span, words))
            }
            SourcePlace::Index(words) => Some(index_evidence(words)),
            SourcePlace::Language => None,
        }
    }

    /// What the index says that it was made from, if it knows the type.
    fn indexed_words(&self, ty: &Type) -> Option<(String, Certainty)> {
        let named = ty.named()?;
        let Home::Missing(missing) = &named.home else { return None };
        let answer = self.index?.type_facts(missing, &named.name)?;
        Some((answer.words, answer.certainty))
    }

    /// Whether a type of the repository itself is built on one of the frameworks for mocks: its methods
    /// record that they are called, and do no more.
    fn is_mock(&self, ty: &Type) -> bool {
        let source = ty.pointee().named().and_then(|named| named.source());
        if source.is_none_or(|package| self.is_dependency(package)) {
            return false;
        }
        self.field_types(ty.pointee()).iter().any(|part| part.is_in(&names::types().mocks))
    }

    /// Whether the method's body is empty, gives back nil only, or drops idle HTTP connections, which end by
    /// themselves, in the repository itself. What a dependency exports is a promise to its callers instead:
    /// `bigquery.Client` had an empty Close for years, documented as to be called, before it had a full one.
    fn does_nothing(&self, method: &MethodRef) -> bool {
        method.func.as_ref().is_some_and(|func| self.drops_idle(func, 0))
    }

    fn drops_idle(&self, func: &FuncRef, depth: usize) -> bool {
        let own = |func: &FuncRef| depth < MAX_DEPTH && !self.is_dependency(&func.package);
        let body = func.decl.body().filter(|_| own(func));
        body.is_some_and(|body| body.stmts.iter().all(|stmt| self.is_idle(func, stmt, depth)))
    }

    fn is_idle(&self, func: &FuncRef, stmt: &Stmt, depth: usize) -> bool {
        match &stmt.kind {
            StmtKind::Empty => true,
            StmtKind::Expr(expr) => self.is_idle_call(func, expr, depth),
            // `return s.inner.Close()`
            StmtKind::Return(values) => {
                values.iter().all(|value| value.is_nil() || self.is_idle_call(func, value, depth))
            }
            // The condition asks what there is to drop.
            StmtKind::If(branch) => {
                if self.asks_transport(func, branch) {
                    return branch.otherwise.iter().all(|stmt| self.is_idle(func, stmt, depth));
                }
                let mut stmts = branch.then.stmts.iter().chain(&branch.otherwise);
                stmts.all(|stmt| self.is_idle(func, stmt, depth))
            }
            StmtKind::Block(block) => block.stmts.iter().all(|stmt| self.is_idle(func, stmt, depth)),
            StmtKind::Defer(expr) => is_lock(expr),
            // `c.cache = nil`, `c.cache = make(map[string]int)`: memory, that the collector would have found.
            StmtKind::Assign { left, right, .. } => {
                left.iter().all(|target| matches!(target.kind, ExprKind::Selector { .. }))
                    && right.iter().all(|value| {
                        value.is_nil() || value.as_call().is_some_and(|call| call.name() == Some("make"))
                    })
                    && left.iter().all(|target| self.is_memory(func, target, false))
            }
            _ => false,
        }
    }

    /// Whether a field of the receiver is a map, or a list where that will do: what clears a list may mean to
    /// overwrite a secret.
    fn is_memory(&self, func: &FuncRef, target: &Expr, only_map: bool) -> bool {
        let scope = FileScope::of(func);
        let types = self.expr_type(&scope, target, &self.receiver_of(func, &scope));
        let memory = |ty: &Type| matches!(ty, Type::Map(..)) || matches!(ty, Type::Slice(_)) && !only_map;
        types.first().is_some_and(memory)
    }

    fn is_idle_call(&self, func: &FuncRef, expr: &Expr, depth: usize) -> bool {
        is_lock(expr)
            || expr.as_call().is_some_and(|call| {
                let cleared = || {
                    let builtin = call.function.as_ident().map(|name| &*name.name);
                    matches!(builtin, Some("clear" | "delete"))
                        && call.args.first().is_some_and(|arg| self.is_memory(func, arg, true))
                };
                let idle = || {
                    self.called_on_receiver(func, call)
                        .is_some_and(|callee| self.drops_idle(&callee, depth + 1))
                };
                call.name() == Some("CloseIdleConnections") || cleared() || idle()
            })
    }

    /// `if closer, ok := client.Transport.(io.Closer); ok`: what makes HTTP requests has no Close, as a rule.
    fn asks_transport(&self, func: &FuncRef, branch: &If) -> bool {
        let init = branch.init.as_ref().filter(|_| branch.condition.as_ident().is_some());
        let Some(StmtKind::Define { right, .. }) = init.map(|init| &init.kind) else { return false };
        let [ExprKind::TypeAssert { operand, .. }] =
            right.iter().map(|value| &value.unparen().kind).collect::<Vec<_>>()[..]
        else {
            return false;
        };
        let scope = FileScope::of(func);
        let transport = |ty: &Type| ty.is_in(&names::types().transports);
        self.expr_type(&scope, operand, &self.receiver_of(func, &scope)).first().is_some_and(transport)
    }

    /// The receiver of `func`, as the one local variable that is known.
    fn receiver_of<'f>(
        &'f self,
        func: &'f FuncRef,
        scope: &'f FileScope,
    ) -> impl Fn(&Ident) -> Option<Type> + 'f {
        let receiver =
            func.decl.receiver.as_ref().and_then(|receiver| Some((receiver.name.as_ref()?, &receiver.ty)));
        move |ident| {
            receiver.filter(|(name, _)| name.name == ident.name).map(|(_, ty)| self.type_of(scope, ty))
        }
    }

    /// The method of source that `call` calls on the receiver of `func`, or on a field of it.
    fn called_on_receiver(&self, func: &FuncRef, call: &Call) -> Option<FuncRef> {
        let scope = FileScope::of(func);
        match self.callee(&scope, call, &self.receiver_of(func, &scope)) {
            Callee::Method { method, .. } => method.func,
            _ => None,
        }
    }
}

/// `s.mu.Lock()`
fn is_lock(expr: &Expr) -> bool {
    let call = expr.as_call().filter(|call| call.args.is_empty() && call.receiver().is_some());
    call.and_then(Call::name).is_some_and(|name| matches!(name, "Lock" | "Unlock" | "RLock" | "RUnlock"))
}

/// Whether a method is another than `Close`, or one that calls something of that name, of which it ends what
/// that says.
fn closes_something(method: &MethodRef) -> bool {
    let mut closes = false;
    if let Some(body) = method.func.as_ref().and_then(|func| func.decl.body()) {
        visit::block(body, &mut |expr| {
            let name = expr.as_call().and_then(Call::name);
            closes |= name.is_some_and(|name| name.eq_ignore_ascii_case("close"));
        });
    }
    closes || &*method.name != "Close"
}

/// Whether a method that asks for these arguments asks somebody else to do something: `Shutdown(ctx, in)
/// (*Reply, error)` of a stub stops the server.
fn is_request(signature: &FuncSig, args: &[ReleaseArg]) -> bool {
    let waits = args.contains(&ReleaseArg::Context);
    args.len() > 1 && waits
        || args.contains(&ReleaseArg::Other) && !signature.results.iter().all(Type::is_error)
}

/// What a release method asks for. A variadic parameter asks for nothing.
pub(crate) fn release_args(signature: &FuncSig) -> Vec<ReleaseArg> {
    let params = &signature.params
        [..signature.params.len() - usize::from(signature.variadic && !signature.params.is_empty())];
    params.iter().map(|ty| if ty.is_context() { ReleaseArg::Context } else { ReleaseArg::Other }).collect()
}

/// Release methods for use without a rule, in order of preference.
pub fn common_methods() -> Vec<ReleaseMethod> {
    let method =
        |name: &str, args: &[ReleaseArg]| ReleaseMethod { args: args.to_vec(), ..ReleaseMethod::plain(name) };
    let plain = RELEASE_NAMES.iter().map(|name| method(name, &[]));
    plain.chain(RELEASE_NAMES.iter().map(|name| method(name, &[ReleaseArg::Context]))).collect()
}

fn index_evidence(words: &str) -> Evidence {
    Evidence { path: Arc::from("shipped index"), line: 0, column: 0, span: None, words: words.to_string() }
}

fn type_name(ty: &Type) -> String {
    if ty.why_unknown().is_some() { String::new() } else { ty.to_string() }
}

/// Tells types of one name apart that come from different places: two versions of a module may be in one
/// tree, and two packages in one folder.
pub(crate) fn key_of(ty: &Type) -> Arc<str> {
    match ty.named().map(|named| &named.home) {
        Some(Home::Source(package)) => Arc::from(format!("{}:{}", package.dir.display(), package.name)),
        Some(Home::Missing(missing)) => version_of(missing),
        None => Arc::from(""),
    }
}

fn version_of(missing: &Missing) -> Arc<str> {
    missing.version.clone().unwrap_or_default()
}

fn names_of(methods: &[ReleaseMethod]) -> String {
    let mut names = String::new();
    for method in methods {
        names.push_str(&method.name);
        method.args.iter().for_each(|arg| names.push(if *arg == ReleaseArg::Context { 'c' } else { 'o' }));
        names.push(' ');
    }
    names
}
