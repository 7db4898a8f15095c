//! What becomes of a value that is handed to a callee. Functions whose source is there are walked themselves,
//! each parameter once, and summed up; of the others the types tell what their results may hold on to.

#![expect(
    clippy::mutable_key_type,
    reason = "a function is told apart by its file and place, never by what its package remembers"
)]

use std::cell::Cell;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::analysis::dataflow::oracle::{Operand, Oracle, ParamEffect, ParamOutcome};
use crate::analysis::dataflow::source::Source;
use crate::analysis::dataflow::state::{Alias, Phase, State};
use crate::analysis::dataflow::trace::Trace;
use crate::analysis::dataflow::walk::{MAX_VISITS, names_error, walk};
use crate::analysis::graph::known;
use crate::analysis::graph::known::Runner;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, Scopes, VarId};
use crate::analysis::summaries::answers::{Answer, Question, Way};
use crate::analysis::summaries::callee::Calls;
use crate::analysis::summaries::conclude::{conclude, run, with_results, worse};
use crate::base::diagnostic::{Certainty, ReleaseWay, Verdict};
use crate::base::text::narrow;
use crate::go::facts;
use crate::go::facts::{Tied, names};
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::types::database::{Database, FileScope};
use crate::go::types::expressions::Callee;
use crate::go::types::members::{Member, MethodRef};
use crate::go::types::release::ReleaseMethod;
use crate::go::types::retention::Holds;
use crate::go::types::type_expr::Type;

impl<'a> Calls<'a, '_> {
    /// Whether what this method of the resource gives is what a function takes that releases it: `f.Name()`.
    pub(crate) fn names_it(&self, name: &str) -> bool {
        let is = |release: &ReleaseMethod| match &release.way {
            ReleaseWay::Function { method, .. } => method.as_deref() == Some(name),
            _ => false,
        };
        self.releases.iter().any(is)
    }

    /// A method call on a value that holds on to the resource.
    pub(crate) fn receives(&self, callee: &Callee, alias: &Alias) -> ParamEffect {
        if let (Callee::Method { method, .. }, Alias::Itself) = (callee, alias)
            && self.names_it(&method.name)
        {
            return with_results(vec![(0, Alias::Itself)], Certainty::Proved);
        }
        let mut alias = alias;
        if let (Callee::Method { method, .. }, Alias::Inside(_), Some(target)) = (callee, alias, &self.target)
            && method.receiver.pointee() == target.pointee()
        {
            if self.releases.iter().any(|release| release.name == method.name) {
                return ParamEffect {
                    outcome: ParamOutcome::Releases,
                    ..ParamEffect::lent(Certainty::Proved)
                };
            }
            // A value of its type, wherever it came from, is the resource.
            alias = &Alias::Itself;
        }
        if let (Callee::Method { method, .. }, Alias::Inside(_)) = (callee, alias) {
            if lends_receiver(method) {
                return with_results(self.tied_results(callee, alias), Certainty::Proved);
            }
            if runs_until_wait(method) {
                return ParamEffect { outcome: ParamOutcome::Works, ..ParamEffect::lent(Certainty::Proved) };
            }
        }
        let func = match callee {
            Callee::Method { method, .. } => method.func.clone(),
            _ => None,
        };
        // A function behind an interface, `multierr.Invoke(client.Close)`, is there to be called.
        if func.is_none() && *alias == (Alias::Function { releases: true }) {
            return ParamEffect { outcome: ParamOutcome::Releases, ..ParamEffect::lent(Certainty::Assumed) };
        }
        // Whatever is behind an interface has it inside, and ends it with itself.
        let by_interface = |method: &MethodRef| {
            method.interface && self.is_release(&method.name, Some(method.signature.params.len()))
        };
        if let (Callee::Method { method, .. }, Alias::Inside(_)) = (callee, alias)
            && func.is_none()
            && by_interface(method)
        {
            return ParamEffect { outcome: ParamOutcome::Releases, ..ParamEffect::lent(Certainty::Assumed) };
        }
        if let Some(func) = func {
            // The resource's own methods lend it, unless they are the repository's and may release or hand it
            // on.
            let looked_into = match alias {
                Alias::Inside(_) | Alias::Function { .. } => true,
                Alias::Itself => self.is_within(&func) || self.gives_back(callee),
                _ => false,
            };
            if looked_into {
                let mut passed = self.carried(self.summary(&func, ParamIndex::Receiver, alias), callee);
                // What the resource's own methods do with its parts is its own affair: that goroutines of its
                // own use them, or that one of them may be closed.
                let own = match passed.outcome {
                    ParamOutcome::Keeps { verdict: Verdict::LivesOn | Verdict::Captured, .. } => true,
                    ParamOutcome::Releases => passed.certainty == Certainty::Assumed,
                    ParamOutcome::Works => true,
                    _ => false,
                };
                if own && *alias == Alias::Itself {
                    passed.outcome = ParamOutcome::Lends;
                }
                // What a method of the resource wraps it in is made from it.
                for (_, held) in passed
                    .results
                    .iter_mut()
                    .filter(|(_, held)| *alias == Alias::Itself && matches!(held, Alias::Inside(_)))
                {
                    *held = Alias::Handle(Certainty::Proved);
                }
                return passed;
            }
        }
        with_results(self.tied_results(callee, alias), Certainty::Proved)
    }

    /// Whether a method's first result is of the resource's own type: a step of a builder chain.
    pub(crate) fn gives_back(&self, callee: &Callee) -> bool {
        self.target.is_some() && self.database().results(callee).first() == self.target.as_ref()
    }

    /// The results of a call that may hold on to the value, by their types.
    pub(crate) fn tied_results(&self, callee: &Callee, alias: &Alias) -> Vec<(usize, Alias)> {
        if alias.tells() || matches!(alias, Alias::Function { .. }) {
            return Vec::new();
        }
        let same = |ty: &Type| *alias == Alias::Itself && self.target.as_ref() == Some(ty);
        let tie = |ty: &Type| if same(ty) { Some(Alias::Itself) } else { self.tie(ty) };
        let types = self.database().results(callee);
        types.iter().enumerate().filter_map(|(index, ty)| Some((index, tie(ty)?))).collect()
    }

    /// A summary without the results whose types cannot hold on to anything.
    pub(crate) fn carried(&self, mut passed: ParamEffect, callee: &Callee) -> ParamEffect {
        let types = self.database().results(callee);
        // A context carries what was put into it, though one that is made for a call says nothing of the
        // resource; and so does an interface, whatever its methods.
        let put_into = |ty: &Type| self.database().is_interface(ty) && !ty.is_error();
        let carries = |ty: &Type, alias: &Alias| {
            ty.is_context() || self.tie(ty).is_some() || matches!(alias, Alias::Inside(_)) && put_into(ty)
        };
        passed.results.retain(|(index, alias)| {
            matches!(alias, Alias::Itself | Alias::Function { .. } | Alias::Settled { .. })
                || types.get(*index).is_none_or(|ty| carries(ty, alias))
        });
        passed
    }

    /// How a value of type `ty` that comes from the resource may hold on to it.
    pub(crate) fn tie(&self, ty: &Type) -> Option<Alias> {
        let Some(target) = &self.target else {
            // Numbers, text and errors hold nothing, whatever it is.
            let plain =
                matches!(ty, Type::Basic(name) if !matches!(&**name, "any" | "unsafe.Pointer" | "uintptr"));
            return (!plain).then_some(Alias::Handle(Certainty::Assumed));
        };
        // What a generic client carries for its user is the user's.
        if matches!(ty, Type::TypeParam(_)) {
            return None;
        }
        match self.database().holds(ty, target) {
            Holds::No => None,
            Holds::Yes => Some(Alias::Handle(Certainty::Proved)),
            Holds::Maybe => Some(Alias::Handle(Certainty::Assumed)),
        }
    }

    /// A call with the value as an argument.
    pub(crate) fn takes(&self, call: &'a Call, callee: &Callee, at: usize, alias: &Alias) -> ParamEffect {
        let run_as = match alias {
            Alias::Function { releases } => Some(*releases),
            Alias::Itself if self.is_function() => Some(true),
            _ => None,
        };
        if let Some(releases) = run_as
            && let Some(runner) = self.typing.ask(call, known::runner).flatten()
        {
            return run(runner, releases);
        }
        if let Some(releases) = run_as.filter(|_| self.starts_in_group(call, callee)) {
            return run(Runner::Group, releases);
        }
        if self.typing.ask(call, known::gives_back) == Some(true) {
            return with_results(vec![(0, alias.clone())], Certainty::Proved);
        }
        if at == 0 && is_method_expression(call, callee) {
            let released = *alias == Alias::Itself
                && call.name().is_some_and(|name| self.is_release(name, Some(call.args.len() - 1)));
            let outcome = ParamOutcome::Releases;
            return if released {
                ParamEffect { outcome, ..ParamEffect::lent(Certainty::Proved) }
            } else {
                self.receives(callee, alias)
            };
        }
        if self.typing.ask(call, known::only_looks) == Some(true) {
            return with_results(self.tied_results(callee, alias), Certainty::Proved);
        }
        // What stands behind the listener handles the requests.
        let is_listener =
            || at == 0 || call.args.get(at).is_some_and(|arg| accepts(self.database(), &self.typing.of(arg)));
        if let Some(name) = call.name().filter(|name| *alias == Alias::Itself && known::takes_listener(name))
            && is_listener()
        {
            let outcome = ParamOutcome::Keeps {
                verdict: Verdict::PassedOn,
                words: format!("taken by `{name}`, which closes it"),
            };
            return ParamEffect { outcome, ..ParamEffect::lent(Certainty::Proved) };
        }
        if self.typing.ask(call, known::stores) == Some(true) {
            let name = call.name().unwrap_or_default();
            let words = format!("stored by `{name}`");
            return ParamEffect {
                results: known::refusal(name)
                    .map(|(at, refused)| (at, Alias::Refused(refused)))
                    .into_iter()
                    .collect(),
                ..ParamEffect::kept(Verdict::Stored, Certainty::Proved, words)
            };
        }
        if let Some(func) = callee.func().filter(|func| func.decl.has_body()).cloned() {
            // Functions that are handed over as options are called with what is made, and put into it what
            // they hold.
            let may_be_option = match alias {
                Alias::Function { releases } => !releases,
                Alias::Inside(_) | Alias::Handle(_) => known::opens(&func.decl.name.name),
                _ => false,
            };
            if may_be_option && self.takes_option(&func, at) {
                if let Some(applied) = self.applied(&func, at, alias) {
                    return self.carried(applied, callee);
                }
                let words = format!("passed to `{}` as an option", func.decl.name.name);
                return ParamEffect::kept(Verdict::PassedOn, Certainty::Assumed, words);
            }
            let read = self.summary(&func, self.param_at(&func, at), alias);
            return self.carried(self.known_to_lend(call, callee, (at, alias), read), callee);
        }
        if let Some(functions) = self.typing.possible_functions(call) {
            let answers = functions.iter().map(|func| self.summary(func, self.param_at(func, at), alias));
            return answers.reduce(worse).unwrap_or_else(|| self.unseen(call, callee, alias));
        }
        self.unseen(call, callee, alias)
    }

    /// What was read of a callee, unless it seems to keep or to release its argument, or was not read to its
    /// end, where it is known to keep nothing: `gzip.NewWriter(f)`, `png.Encode(f, picture)`.
    fn known_to_lend(
        &self,
        call: &Call,
        callee: &Callee,
        (at, alias): (usize, &Alias),
        read: ParamEffect,
    ) -> ParamEffect {
        let tied = Tied { receiver: false, arguments: vec![at] };
        let sure = match read.outcome {
            ParamOutcome::Keeps { .. } => false,
            ParamOutcome::Releases => read.certainty == Certainty::Proved,
            _ => true,
        };
        if sure {
            read
        } else if self.typing.is_fact(call, callee, &facts::looks) {
            ParamEffect::lent(Certainty::Proved)
        } else if self.typing.is_fact(call, callee, &|package, name| facts::lends(package, name, &tied)) {
            with_results(self.results_around(callee, alias), Certainty::Proved)
        } else {
            read
        }
    }

    /// `resp.Write(w)`, `httputil.DumpResponse(resp, true)`
    pub(crate) fn reads_to_end(&self, call: &Call, place: Operand) -> bool {
        let on = match place {
            Operand::Receiver => call.receiver(),
            Operand::Arg(at) => call.args.get(at).filter(|_| {
                let whole = call.args.get(1).and_then(Expr::as_ident);
                whole.is_some_and(|whole| &*whole.name == "true")
            }),
        };
        on.is_some_and(|on| self.typing.of(on).pointee().is_in(&names::types().responses))
            && self.typing.ask(call, known::reads_to_end) == Some(true)
    }

    /// Whether the call is of a method `Go` of a type that waits for what it started, whosever type that is.
    fn starts_in_group(&self, call: &Call, callee: &Callee) -> bool {
        let Callee::Method { receiver, .. } = callee else { return false };
        let waits = || match self.database().member(receiver, "Wait") {
            Some(Member::Method(method)) => method.indexed || method.signature.params.is_empty(),
            _ => false,
        };
        matches!(call.name(), Some("Go" | "TryGo")) && waits()
    }

    /// Whether argument `at` is one of any number of options: of functions that get what is made by pointer,
    /// or of interfaces.
    pub(crate) fn takes_option(&self, func: &FuncRef, at: usize) -> bool {
        let params = &func.decl.signature.params;
        let Some(last) = params.last().filter(|last| last.variadic && at + 1 >= params.len()) else {
            return false;
        };
        match self.database().underlying_func(&self.database().type_of(&FileScope::of(func), &last.ty)) {
            Some(signature) => signature.params.iter().any(|param| matches!(param, Type::Pointer(_))),
            None => true,
        }
    }

    /// Which parameter gets argument `at`: the last one gets all of a variadic call's.
    pub(crate) fn param_at(&self, func: &FuncRef, at: usize) -> ParamIndex {
        ParamIndex::At(narrow(at.min(func.decl.signature.params.len().saturating_sub(1))))
    }

    /// A callee whose source is not there. A method of the resource's own package takes callbacks for the
    /// time of the call or of a handle; a generated stub lives beside its connection; anything else might
    /// keep what it gets.
    pub(crate) fn unseen(&self, call: &Call, callee: &Callee, alias: &Alias) -> ParamEffect {
        let name = self.typing.name(&call.function).map_or_else(String::new, |(_, name)| name.to_owned());
        let target = self.target.as_ref().and_then(Type::named);
        if let (Alias::Function { .. }, Callee::Method { receiver, .. }, Some(target)) =
            (alias, callee, target)
            && receiver.named().is_some_and(|named| named.package == target.package)
        {
            return ParamEffect::lent(Certainty::Proved);
        }
        let stub = name.starts_with("New")
            && name.ends_with("Client")
            && target.is_some_and(|of| names::types().stub_connections.holds(&of.package, &of.name));
        if stub {
            return with_results(vec![(0, Alias::Handle(Certainty::Assumed))], Certainty::Assumed);
        }
        // What reads a stream leaves it open, as bufio and encoding/json do; that is assumed.
        if *alias == Alias::Itself && self.is_stream(call) {
            let read = ParamEffect { outcome: ParamOutcome::Reads, ..ParamEffect::lent(Certainty::Assumed) };
            if self.typing.ask(call, known::reads) == Some(true) {
                return read;
            }
            if self.typing.ask(call, known::makes_reader) == Some(true) {
                return ParamEffect { results: vec![(0, Alias::Inside(None))], ..read };
            }
        }
        if self.trusts && is_elsewhere(call, callee) && !known::keeps_by_name(&name) {
            return with_results(self.results_around(callee, alias), Certainty::Assumed);
        }
        let words = format!(
            "passed to `{}`, whose source is not here",
            if name.is_empty() { "a function value" } else { &name }
        );
        ParamEffect::kept(Verdict::PassedOn, Certainty::Assumed, words)
    }

    /// The results of a callee that is not here, which may have the value in them: all but errors, numbers
    /// and text.
    pub(crate) fn results_around(&self, callee: &Callee, alias: &Alias) -> Vec<(usize, Alias)> {
        let around = |ty: &Type| match ty {
            _ if ty.is_error() => None,
            Type::Basic(name) if &**name != "any" => None,
            _ if ty.why_unknown().is_some() => self.tie(ty),
            _ => Some(alias.clone().wrapped(None)),
        };
        let types = self.database().results(callee);
        if types.is_empty() && matches!(callee, Callee::Unknown { .. }) {
            return vec![(0, Alias::Handle(Certainty::Assumed))];
        }
        types.iter().enumerate().filter_map(|(at, ty)| Some((at, around(ty)?))).collect()
    }

    /// As [`Calls::results_around`], of a callee that is taken to lend: what it gives may end the value all
    /// the same. Of one that nobody knows anything of, the name of the variable tells whether it gives an
    /// error.
    pub(crate) fn results_of_lender(
        &self,
        call: &Call,
        callee: &Callee,
        alias: &Alias,
    ) -> Vec<(usize, Alias)> {
        let scopes = self.typing.scopes;
        let is_error = |index: usize| {
            let given = |var: &VarId| {
                let mut values = scopes.assigned(*var).iter();
                values.any(|one| one.index == index && one.value.unparen().span == call.span)
            };
            let mut vars = (0..narrow(scopes.vars.len())).map(VarId).filter(given);
            vars.any(|var| names_error(&scopes.info(var).name))
        };
        let inside = |(index, held): (usize, Alias)| match held {
            Alias::Handle(_) => (index, alias.clone().wrapped(None)),
            held => (index, held),
        };
        let results = self.results_around(callee, alias).into_iter().map(inside);
        results.filter(|(index, _)| !is_error(*index)).collect()
    }

    /// Whether the call gets what is read from: the body of an answer rather than the answer, which a callee
    /// may close, or what has a method `Read`.
    fn is_stream(&self, call: &Call) -> bool {
        let is_read = |ty: &Type| self.database().member(ty, "Read").is_some();
        if !self.releases.iter().any(|release| matches!(release.way, ReleaseWay::Field(_))) {
            return self.target.as_ref().is_some_and(is_read);
        }
        call.args.iter().any(|arg| match &arg.unparen().kind {
            ExprKind::Selector { field, .. } if self.is_part(&field.name) => true,
            _ => is_read(&self.typing.of(arg)),
        })
    }

    /// A method of something that nobody knows, with the resource inside: what reads like a release is one of
    /// both.
    pub(crate) fn releases_unread(&self, call: &Call, callee: &Callee, alias: &Alias) -> bool {
        let unread = match callee {
            Callee::Unknown { .. } => true,
            Callee::Method { method, .. } => self.trusts && method.func.is_none(),
            _ => false,
        };
        let held = match alias {
            Alias::Inside(_) => true,
            Alias::Handle(_) => self.trusts,
            _ => false,
        };
        unread
            && held
            && call.name().is_some_and(|name| self.is_release(name, None) || known::reads_like_release(name))
    }

    /// What `func` does with its parameter, from its own source.
    pub(crate) fn summary(&self, func: &FuncRef, index: ParamIndex, alias: &Alias) -> ParamEffect {
        let question = Question {
            func: func.clone(),
            index,
            alias: alias.clone(),
            target: self.target.clone(),
            list: self.list.cloned(),
        };
        let stack = self.stack;
        if stack.questions.borrow().contains(&question) {
            stack.assumed.set(stack.assumed.get() + 1);
            stack.note([question]);
            return ParamEffect::lent(Certainty::Proved);
        }
        let depth = stack.questions.borrow().len();
        let way = Way::of(self.is_within(func));
        if !way.fits(depth) {
            stack.went(Way { cut: true, ..way });
            return ParamEffect::kept(
                Verdict::PassedOn,
                Certainty::Assumed,
                format!("passed to `{}`", func.decl.name.name),
            );
        }
        if let Some(answer) = self.known(&question, depth) {
            stack.note(answer.asked.iter().cloned());
            stack.went(answer.way);
            return answer.passed;
        }
        if let Some(answer) = stack.kept(&question) {
            stack.assumed.set(stack.assumed.get() + 1);
            stack.note(answer.asked.iter().cloned());
            stack.went(answer.way);
            return answer.passed;
        }
        let before = stack.assumed.get();
        stack.questions.borrow_mut().push(question.clone());
        stack.asked.borrow_mut().push(FxHashSet::from_iter([question.clone()]));
        stack.ways.borrow_mut().push(way);
        let passed = self.sum_up(func, index, alias);
        stack.questions.borrow_mut().pop();
        let asked = stack.asked.borrow_mut().pop().unwrap_or_default();
        let way = stack.ways.borrow_mut().pop().unwrap_or_default();
        stack.note(asked.iter().cloned());
        stack.went(way);
        // What rests on an open question further down holds for this stack only, and while that is open.
        let whole = before == stack.assumed.get() || !stack.is_open(&asked);
        let answer = Answer { passed: passed.clone(), asked: Arc::new(asked), way };
        if whole {
            self.summaries.params.set((question, way.cut.then_some(depth)), answer);
        } else {
            stack.keep(question, answer);
        }
        passed
    }

    /// The answer to `question`, if it was found before and is the one that would be found now.
    pub(crate) fn known(&self, question: &Question, depth: usize) -> Option<Answer> {
        let fits = |answer: &Answer| {
            !self.stack.is_open(&answer.asked) && (answer.way.cut || answer.way.fits(depth))
        };
        let found = |cut| self.summaries.params.get(&(question.clone(), cut)).filter(fits);
        found(None).or_else(|| found(Some(depth)))
    }

    pub(crate) fn sum_up(&self, func: &FuncRef, index: ParamIndex, alias: &Alias) -> ParamEffect {
        let name = func.decl.name.name.clone();
        let unknown = || {
            ParamEffect::kept(
                Verdict::PassedOn,
                Certainty::Assumed,
                format!("passed to `{name}`, which was not looked into"),
            )
        };
        if !func.decl.has_body() {
            return unknown();
        }
        let scopes = Scopes::of_func(&func.decl);
        let Some(param) = scopes.param(BodyId(0), index) else {
            return ParamEffect::lent(Certainty::Proved);
        };
        let variadic = matches!(
            index,
            ParamIndex::At(at) if func.decl.signature.params.get(at as usize).is_some_and(|p| p.variadic)
        );
        let held = if variadic { alias.clone().wrapped(None) } else { alias.clone() };
        let typing = Typing::new(self.database(), FileScope::of(func), &scopes);
        let calls = Calls {
            typing: &typing,
            target: self.target.clone(),
            in_main: false,
            comes_back: false,
            trusts: false,
            lenders: &[],
            ..*self.as_ref()
        };
        match calls.walk_param(param, held) {
            Some(trace) => conclude(&trace, &name, &scopes),
            None => unknown(),
        }
    }

    pub(crate) fn walk_param(&self, param: VarId, alias: Alias) -> Option<Trace> {
        let entry = State { phase: Phase::Open, holders: vec![(param, alias)], ..State::start() };
        walk(self.typing.scopes, BodyId(0), &[Source::Variable(param)], entry, self, &Cell::new(MAX_VISITS))
            .ok()
    }
}

/// Whether values of the type are listeners.
fn accepts(database: &Database, ty: &Type) -> bool {
    matches!(database.member(ty, "Accept"), Some(Member::Method(_)))
}

/// Whether it is known of the method that it keeps nothing of what it is called on: `(*gob.Decoder).Decode`.
fn lends_receiver(method: &MethodRef) -> bool {
    let tied = Tied { receiver: true, arguments: Vec::new() };
    let receiver = method.receiver.pointee().named();
    receiver.is_some_and(|ty| facts::lends(&ty.package, &format!("{}.{}", ty.name, method.name), &tied))
}

/// Whether what the method is called on is used by goroutines until somebody waits for it:
/// `(*exec.Cmd).Start`.
fn runs_until_wait(method: &MethodRef) -> bool {
    let receiver = method.receiver.pointee().named();
    let runs = &names::functions().runs_until_wait;
    receiver.is_some_and(|ty| runs.holds(&ty.package, &format!("{}.{}", ty.name, method.name)))
}

/// Whether what is called is a function or method of a package that is not here, and no value that may be any
/// function, or method of an interface that anything may be behind.
fn is_elsewhere(call: &Call, callee: &Callee) -> bool {
    match callee {
        Callee::Indexed { .. } | Callee::Func { .. } => true,
        Callee::Method { method, .. } => !method.interface,
        Callee::Unknown { .. } => matches!(call.function.unparen().kind, ExprKind::Selector { .. }),
        _ => false,
    }
}

/// `(*Client).Close(client)`: the receiver is the first argument.
fn is_method_expression(call: &Call, callee: &Callee) -> bool {
    let Callee::Method { method, .. } = callee else { return false };
    // What only the index knows has no parameters there.
    !method.indexed && !method.signature.variadic && call.args.len() == method.signature.params.len() + 1
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::fates;

    #[test]
    fn a_callee_lends_releases_or_keeps() {
        assert_eq!(
            fates("func shut(c *client) { c.Close() }\nfunc f() {\nshut(make1())\n}"),
            ["released (3: released by this call)"]
        );
        assert_eq!(
            fates(
                "func twice(c *client, n int) {\nif n > 0 {\ntwice(c, n-1)\n}\n}\nfunc f() {\n\
                 c := make1()\ntwice(c, 3)\n}"
            ),
            ["leaked (9: it is still open when the function ends here)"]
        );
        assert_eq!(
            fates("var kept *client\nfunc keep(c *client) { kept = c }\nfunc f() {\nkeep(make1())\n}"),
            ["global (4: passed to `keep`, where it is assigned to package variable `kept`)"]
        );
        assert_eq!(
            fates("func shut(c *client) {\nif some() {\nc.Close()\n}\n}\nfunc f() {\nshut(make1())\n}"),
            ["released (7: released by this call)"]
        );
    }

    #[test]
    fn the_last_parameter_gets_all_that_is_left() {
        assert_eq!(
            fates(
                "func shut(all ...*client) {\nfor _, c := range all {\nc.Close()\n}\n}\nfunc f() {\n\
                 c := make1()\nshut(nil, c)\n}"
            ),
            ["released (8: released by this call)"]
        );
    }
}
