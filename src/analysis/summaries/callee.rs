//! What calls do with what they get: the walk's oracle. Functions whose source is there are walked
//! themselves, each parameter once, and summed up; of the others the types tell what their results may hold
//! on to.

#![expect(
    clippy::mutable_key_type,
    reason = "a function is told apart by its file and place, never by what its package remembers"
)]

use std::cell::{Cell, RefCell};
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::analysis::dataflow::oracle::{Operand, Oracle, ParamEffect, ParamOutcome, Tells};
use crate::analysis::dataflow::source::Source;
use crate::analysis::dataflow::state::{Alias, Phase, State};
use crate::analysis::dataflow::trace::Trace;
use crate::analysis::dataflow::walk::{MAX_VISITS, walk};
use crate::analysis::graph::control_flow::{Cfg, Condition, Ending, Next};
use crate::analysis::graph::known;
use crate::analysis::graph::known::Name;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, Scopes, VarId};
use crate::analysis::summaries::conclude::{conclude, run, with_results, worse};
use crate::analysis::summaries::dynamic_types;
use crate::analysis::summaries::field_release::Keepers;
use crate::analysis::summaries::per_request::Requests;
use crate::analysis::summaries::result_ownership::{Origins, ResultOwnership};
use crate::base::diagnostic::{Certainty, ReleaseWay, Verdict};
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::types::database::{Database, FileScope};
use crate::go::types::expressions::Callee;
use crate::go::types::members::{Member, MethodRef};
use crate::go::types::release::{Lifetime, ReleaseMethod};
use crate::go::types::retention::Holds;
use crate::go::types::type_expr::Type;

/// Callees are followed this deep.
const MAX_DEPTH: usize = 16;
/// Callees outside of the scanned module are followed this deep only: they are many, and large.
const MAX_OUTSIDE_DEPTH: usize = 6;

/// A question about one parameter.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Question {
    func: FuncRef,
    index: ParamIndex,
    alias: Alias,
    target: Option<Type>,
    /// Where the rule's list of release methods lies: rules differ in what they take for a release.
    releases: usize,
}

/// An answer, and the questions that were asked on the way to it.
#[derive(Clone)]
struct Answer {
    passed: ParamEffect,
    asked: Arc<FxHashSet<Question>>,
    way: Way,
}

/// How deep the callees behind an answer were followed.
#[derive(Debug, Clone, Copy, Default)]
struct Way {
    /// The deepest question, counted from the one that is answered, of functions within what is scanned.
    within: usize,
    /// The same of functions outside.
    outside: usize,
    /// A question was too deep to be followed.
    cut: bool,
}

impl Way {
    /// The way of a question whose function is `within`, and no more.
    fn of(within: bool) -> Way {
        Way { within: usize::from(within), outside: usize::from(!within), cut: false }
    }

    /// Takes in what was asked one step further down.
    fn extend(&mut self, further: Way) {
        let down = |steps: usize| if steps > 0 { steps + 1 } else { 0 };
        self.within = self.within.max(down(further.within));
        self.outside = self.outside.max(down(further.outside));
        self.cut |= further.cut;
    }

    /// Whether an answer with this way is the one that would be found `depth` deep.
    fn fits(&self, depth: usize) -> bool {
        let room = |steps: usize, most: usize| steps == 0 || depth + steps <= most;
        room(self.within, MAX_DEPTH) && room(self.outside, MAX_OUTSIDE_DEPTH)
    }
}

/// Answers about functions, shared by all threads. Whether an answer is here changes the time a run takes,
/// never what it says: an answer is used only where the same would be found, which is not where one of the
/// questions behind it is open, nor where the way to it is too deep. One that met the limit itself is kept by
/// how deep in the stack it was given.
#[derive(Default)]
pub struct Summaries {
    /// Whose the results of functions are.
    pub origins: Origins,
    params: Mutex<FxHashMap<(Question, Option<usize>), Answer>>,
    never_return: Mutex<FxHashMap<(FuncRef, Option<usize>), bool>>,
    /// What runs once a request.
    pub requests: Requests,
    /// What releases fields.
    pub keepers: Keepers,
}

/// The questions being answered, innermost last.
#[derive(Default)]
pub struct Stack {
    questions: RefCell<Vec<Question>>,
    /// For each of them the questions asked so far on the way to its answer.
    asked: RefCell<Vec<FxHashSet<Question>>>,
    /// For each of them how deep the way to its answer has gone so far.
    ways: RefCell<Vec<Way>>,
    /// How many answers were assumed because the question was open.
    assumed: Cell<usize>,
    returning: RefCell<Vec<(FuncRef, Option<usize>)>>,
}

impl Stack {
    pub fn new() -> Stack {
        Stack::default()
    }

    /// Notes that the innermost open question asked these.
    fn note(&self, asked: impl IntoIterator<Item = Question>) {
        if let Some(innermost) = self.asked.borrow_mut().last_mut() {
            innermost.extend(asked);
        }
    }

    /// Notes how deep an answer to a question of the innermost open one lies.
    fn went(&self, way: Way) {
        if let Some(innermost) = self.ways.borrow_mut().last_mut() {
            innermost.extend(way);
        }
    }

    fn is_open(&self, asked: &FxHashSet<Question>) -> bool {
        self.questions.borrow().iter().any(|open| asked.contains(open))
    }
}

/// The oracle for one declaration and one type of resource.
pub struct Calls<'a, 'w> {
    pub typing: &'w Typing<'a, 'w>,
    pub summaries: &'w Summaries,
    pub stack: &'w Stack,
    /// The resource's type; `None` when unknown.
    pub target: Option<Type>,
    /// The ways to release it.
    pub releases: &'w [ReleaseMethod],
    /// What else is to be said of its kind.
    pub lifetime: &'w Lifetime,
    /// The declaration is the `main` function of a program.
    pub in_main: bool,
    /// Take every call for one that comes back.
    pub comes_back: bool,
}

impl<'a> Oracle<'a> for Calls<'a, '_> {
    fn ending(&self, call: &'a Call) -> Option<Ending> {
        if self.comes_back {
            return None;
        }
        if call.name() == Some("panic")
            && matches!(self.typing.callee(call), Callee::Builtin { name, .. } if &*name == "panic")
        {
            return Some(Ending::Panic);
        }
        let (package, name) = self.typing.name(&call.function)?;
        // Asking for a receiver's type is dear; only names that could end the path are worth it.
        let in_test =
            package.is_empty() && may_be_test(name) && self.typing.receiver_package(call) == "testing";
        if let Some(ending) = known::ending(Name { package: &package, name }, in_test) {
            return Some(ending);
        }
        let own = package == *self.typing.file.package.path || self.is_own_module(&package);
        let func = own.then(|| self.own_function(call)).flatten()?;
        (func.decl.signature.results.is_empty() && self.never_returns(&func, None)).then_some(Ending::Exit)
    }

    fn stops_on_error(&self, call: &'a Call, at: usize) -> bool {
        if self.typing.ask(call, known::asserts_no_error) == Some(true) {
            return true;
        }
        self.callee_within(call).is_some_and(|func| self.never_returns(&func, Some(at)))
    }

    fn stops_without_error(&self, call: &'a Call, at: usize) -> bool {
        if self.typing.ask(call, known::asserts_error) == Some(true) {
            return true;
        }
        let Some(func) = self.callee_within(call).filter(is_test_helper) else { return false };
        let Some(body) = func.decl.body() else { return false };
        let scopes = Scopes::of_func(&func.decl);
        let typing = Typing::new(self.database(), FileScope::of(&func), &scopes);
        let calls =
            Calls { typing: &typing, target: None, in_main: false, comes_back: false, ..*self.as_ref() };
        let error = scopes.param(BodyId(0), self.param_at(&func, at));
        error.is_some_and(|error| calls.ways_out(body, Some(error), true).is_some_and(|ways| ways.is_empty()))
    }

    fn tells_error(&self, call: &'a Call, at: usize) -> Option<Tells> {
        let func = self.callee_within(call)?;
        let body = func.decl.body().filter(|_| func.decl.signature.results.len() == 1)?;
        let scopes = Scopes::of_func(&func.decl);
        let typing = Typing::new(self.database(), FileScope::of(&func), &scopes);
        let calls = Calls { typing: &typing, target: None, in_main: false, ..*self.as_ref() };
        let error = scopes
            .param(BodyId(0), self.param_at(&func, at))
            .filter(|error| scopes.assigned(*error).is_empty())?;
        match (calls.returned(body, error, true)?, calls.returned(body, error, false)?) {
            (false, true) => Some(Tells::Failure),
            (true, false) => Some(Tells::Success),
            _ => None,
        }
    }

    fn is_release(&self, method: &str, args: Option<usize>) -> bool {
        let own = |release: &ReleaseMethod| {
            *release.name == *method
                && matches!(release.way, ReleaseWay::Method | ReleaseWay::Field(_))
                && args.is_none_or(|args| args == release.args.len())
        };
        self.releases.iter().any(own) || (known::also_releases(method) && args.is_none_or(|args| args == 0))
    }

    fn is_function(&self) -> bool {
        self.releases.iter().any(|release| release.way == ReleaseWay::Value)
    }

    fn is_part(&self, field: &str) -> bool {
        self.releases
            .iter()
            .any(|release| matches!(&release.way, ReleaseWay::Field(part) if **part == *field))
    }

    fn is_release_of(&self, call: &'a Call, at: usize, method: Option<&str>) -> bool {
        let of_function = |release: &&ReleaseMethod| match &release.way {
            // A variable may hold what the method gave.
            ReleaseWay::Function { method: wanted, .. } => method.is_none() || wanted.as_deref() == method,
            _ => false,
        };
        let mut functions = self.releases.iter().filter(of_function).peekable();
        if at != 0 || functions.peek().is_none() {
            return false;
        }
        let Some((package, name)) = self.typing.name(&call.function) else { return false };
        functions.any(|release| match &release.way {
            ReleaseWay::Function { package: wanted, .. } => **wanted == *package && *release.name == *name,
            _ => false,
        })
    }

    fn ends_unless(&self, method: &str) -> bool {
        self.lifetime.ends.iter().any(|known| **known == *method)
    }

    fn is_endless(&self, field: &str) -> bool {
        self.lifetime.endless.as_deref() == Some(field)
    }

    fn passed(&self, call: &'a Call, place: Operand, alias: &Alias) -> ParamEffect {
        if matches!(alias, Alias::Sure | Alias::Success) {
            return ParamEffect::lent(Certainty::Proved);
        }
        let callee = self.typing.callee(call);
        match (&callee, place) {
            (Callee::Builtin { name, .. }, _) => builtin(call, name, place, alias),
            (Callee::Conversion(_), _) => with_results(vec![(0, alias.clone())], Certainty::Proved),
            (_, Operand::Receiver) => self.receives(&callee, alias),
            (_, Operand::Arg(at)) => self.takes(call, &callee, at, alias),
        }
    }

    fn serves(&self, call: &'a Call) -> bool {
        self.serves_in(call)
    }

    fn is_told_to_end(&self, channel: &'a Expr) -> bool {
        self.signals(channel)
    }

    fn part(&self, part: &'a Expr) -> Option<Alias> {
        self.tie(&self.typing.of(part))
    }

    fn is_resource(&self, part: &'a Expr) -> bool {
        self.target.as_ref().is_some_and(|target| self.typing.of(part).pointee() == target.pointee())
    }

    fn carries(&self, var: VarId) -> bool {
        self.typing.var(var).is_none_or(|ty| self.tie(&ty).is_some())
    }

    fn result_carries(&self, body: BodyId, index: usize) -> bool {
        let result = self.typing.scopes.body(body).signature.results.get(index);
        result.is_none_or(|param| self.tie(&self.database().type_of(&self.typing.file, &param.ty)).is_some())
    }

    fn is_never_nil(&self, var: VarId) -> bool {
        match self.typing.scopes.assigned(var) {
            [one] => one
                .value
                .as_call()
                .is_some_and(|call| dynamic_types::is_never_nil(self.typing, call, one.index)),
            _ => false,
        }
    }

    fn is_pointer(&self, var: VarId) -> bool {
        matches!(self.typing.var(var), Some(Type::Pointer(_)))
    }

    fn ends_process(&self, body: BodyId) -> bool {
        body == BodyId(0) && self.in_main
    }

    fn makes(&self, call: &'a Call, index: usize) -> bool {
        match self.typing.callee(call) {
            Callee::Builtin { name, .. } => matches!(&*name, "new" | "make"),
            callee => callee.func().is_some_and(|func| {
                self.summaries.origins.of(self.database(), func, index) == ResultOwnership::Fresh
            }),
        }
    }

    fn is_method(&self, operand: &'a Expr, name: &str) -> bool {
        !matches!(self.typing.database.member(&self.typing.of(operand), name), Some(Member::Field(_)))
    }

    fn method_releases(&self, operand: &'a Expr, name: &str, alias: &Alias) -> bool {
        let Some(Member::Method(method)) = self.database().member(&self.typing.of(operand), name) else {
            return false;
        };
        let releases =
            |func| matches!(self.summary(&func, ParamIndex::Receiver, alias).outcome, ParamOutcome::Releases);
        method.func.is_some_and(releases)
    }
}

fn may_be_test(name: &str) -> bool {
    name.starts_with("Fatal") || name.starts_with("Skip") || name == "FailNow"
}

impl<'a> Calls<'a, '_> {
    fn database(&self) -> &Database {
        self.typing.database
    }

    fn is_own_module(&self, package: &str) -> bool {
        let module = &self.typing.file.package.module;
        !module.is_empty()
            && package.strip_prefix(&**module).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    fn own_function(&self, call: &Call) -> Option<FuncRef> {
        match self.typing.callee(call) {
            Callee::Func { func, .. } => Some(func),
            _ => None,
        }
    }

    /// Whether a function belongs to what is scanned, rather than to a dependency.
    fn is_within(&self, func: &FuncRef) -> bool {
        !self.database().locator().is_dependency(&func.package.dir)
    }

    /// Whether what this method of the resource gives is what a function takes that releases it: `f.Name()`.
    fn names_it(&self, name: &str) -> bool {
        let is = |release: &ReleaseMethod| match &release.way {
            ReleaseWay::Function { method, .. } => method.as_deref() == Some(name),
            _ => false,
        };
        self.releases.iter().any(is)
    }

    /// A method call on a value that holds on to the resource.
    fn receives(&self, callee: &Callee, alias: &Alias) -> ParamEffect {
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
    fn gives_back(&self, callee: &Callee) -> bool {
        self.target.is_some() && self.database().results(callee).first() == self.target.as_ref()
    }

    /// The results of a call that may hold on to the value, by their types.
    fn tied_results(&self, callee: &Callee, alias: &Alias) -> Vec<(usize, Alias)> {
        if matches!(alias, Alias::Function { .. } | Alias::Sure | Alias::Success) {
            return Vec::new();
        }
        let same = |ty: &Type| *alias == Alias::Itself && self.target.as_ref() == Some(ty);
        let tie = |ty: &Type| if same(ty) { Some(Alias::Itself) } else { self.tie(ty) };
        let types = self.database().results(callee);
        types.iter().enumerate().filter_map(|(index, ty)| Some((index, tie(ty)?))).collect()
    }

    /// A summary without the results whose types cannot hold on to anything.
    fn carried(&self, mut passed: ParamEffect, callee: &Callee) -> ParamEffect {
        let types = self.database().results(callee);
        // A context carries what was put into it, though one that is made for a call says nothing of the
        // resource.
        let carries = |ty: &Type| ty.is_context() || self.tie(ty).is_some();
        passed.results.retain(|(index, alias)| {
            matches!(alias, Alias::Itself | Alias::Function { .. }) || types.get(*index).is_none_or(carries)
        });
        passed
    }

    /// How a value of type `ty` that comes from the resource may hold on to it.
    fn tie(&self, ty: &Type) -> Option<Alias> {
        let Some(target) = &self.target else { return Some(Alias::Handle(Certainty::Assumed)) };
        // What a generic client carries for its user is the user's.
        if matches!(ty, Type::TypeParam(_)) {
            return None;
        }
        match self.database().holds(&self.typing.file, ty, target) {
            Holds::No => None,
            Holds::Yes => Some(Alias::Handle(Certainty::Proved)),
            Holds::Maybe => Some(Alias::Handle(Certainty::Assumed)),
        }
    }

    /// A call with the value as an argument.
    fn takes(&self, call: &'a Call, callee: &Callee, at: usize, alias: &Alias) -> ParamEffect {
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
        if let Some(name) = call.name().filter(|name| *alias == Alias::Itself && known::takes_listener(name))
        {
            let outcome = ParamOutcome::Keeps {
                verdict: Verdict::PassedOn,
                words: format!("taken by `{name}`, which closes it"),
            };
            return ParamEffect { outcome, ..ParamEffect::lent(Certainty::Proved) };
        }
        if self.typing.ask(call, known::stores) == Some(true) {
            return ParamEffect::kept(
                Verdict::Stored,
                Certainty::Proved,
                format!("stored by `{}`", call.name().unwrap_or_default()),
            );
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
                let words = format!("passed to `{}` as an option", func.decl.name.name);
                return ParamEffect::kept(Verdict::PassedOn, Certainty::Assumed, words);
            }
            return self.carried(self.summary(&func, self.param_at(&func, at), alias), callee);
        }
        if let Some(functions) = self.typing.possible_functions(call) {
            let answers = functions.iter().map(|func| self.summary(func, self.param_at(func, at), alias));
            return answers.reduce(worse).unwrap_or_else(|| self.unseen(call, callee, alias));
        }
        self.unseen(call, callee, alias)
    }

    /// Whether argument `at` is one of any number of options: of functions that get what is made by pointer,
    /// or of interfaces.
    fn takes_option(&self, func: &FuncRef, at: usize) -> bool {
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
    fn param_at(&self, func: &FuncRef, at: usize) -> ParamIndex {
        ParamIndex::At(at.min(func.decl.signature.params.len().saturating_sub(1)) as u32)
    }

    /// A callee whose source is not there. A method of the resource's own package takes callbacks for the
    /// time of the call or of a handle; a generated stub lives beside its connection; anything else might
    /// keep what it gets.
    fn unseen(&self, call: &Call, callee: &Callee, alias: &Alias) -> ParamEffect {
        let name = self.typing.name(&call.function).map_or_else(String::new, |(_, name)| name.to_owned());
        let target_package = self.target.as_ref().and_then(Type::named).map(|named| named.package.clone());
        if let (Alias::Function { .. }, Callee::Method { receiver, .. }, Some(target)) =
            (alias, callee, &target_package)
            && receiver.named().is_some_and(|named| named.package == *target)
        {
            return ParamEffect::lent(Certainty::Proved);
        }
        let stub = name.starts_with("New")
            && name.ends_with("Client")
            && target_package.as_deref() == Some("google.golang.org/grpc");
        if stub {
            return with_results(vec![(0, Alias::Handle(Certainty::Assumed))], Certainty::Assumed);
        }
        let words = format!(
            "passed to `{}`, whose source is not here",
            if name.is_empty() { "a function value" } else { &name }
        );
        ParamEffect::kept(Verdict::PassedOn, Certainty::Assumed, words)
    }

    /// What `func` does with its parameter, from its own source.
    fn summary(&self, func: &FuncRef, index: ParamIndex, alias: &Alias) -> ParamEffect {
        let releases = self.releases.as_ptr() as usize;
        let question = Question {
            func: func.clone(),
            index,
            alias: alias.clone(),
            target: self.target.clone(),
            releases,
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
        // What rests on an open question further down holds for this stack only.
        if before == stack.assumed.get() || !stack.is_open(&asked) {
            let answer = Answer { passed: passed.clone(), asked: Arc::new(asked), way };
            let key = (question, way.cut.then_some(depth));
            self.summaries.params.lock().unwrap_or_else(PoisonError::into_inner).insert(key, answer);
        }
        passed
    }

    /// The answer to `question`, if it was found before and is the one that would be found now.
    fn known(&self, question: &Question, depth: usize) -> Option<Answer> {
        let params = self.summaries.params.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |answer: &&Answer| {
            !self.stack.is_open(&answer.asked) && (answer.way.cut || answer.way.fits(depth))
        };
        let found = |cut: Option<usize>| params.get(&(question.clone(), cut)).filter(fits).cloned();
        found(None).or_else(|| found(Some(depth)))
    }

    fn sum_up(&self, func: &FuncRef, index: ParamIndex, alias: &Alias) -> ParamEffect {
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
            ..*self.as_ref()
        };
        match calls.walk_param(param, held) {
            Some(trace) => conclude(&trace, &name, &scopes),
            None => unknown(),
        }
    }

    fn as_ref(&self) -> &Self {
        self
    }

    fn walk_param(&self, param: VarId, alias: Alias) -> Option<Trace> {
        let entry = State { phase: Phase::Open, holders: vec![(param, alias)], ..State::start() };
        walk(self.typing.scopes, BodyId(0), &[Source::Variable(param)], entry, self, &Cell::new(MAX_VISITS))
            .ok()
    }

    /// Whether `func` never returns: at all, or when its argument `error` is not nil.
    fn never_returns(&self, func: &FuncRef, error: Option<usize>) -> bool {
        let question = (func.clone(), error);
        // Only whole answers are shared, and only with whole questions: one inside of another may meet a
        // limit or itself.
        let whole = self.stack.returning.borrow().is_empty();
        if whole
            && let Some(known) =
                self.summaries.never_return.lock().unwrap_or_else(PoisonError::into_inner).get(&question)
        {
            return *known;
        }
        let Some(body) = func.decl.body() else { return false };
        if self.stack.returning.borrow().len() >= MAX_OUTSIDE_DEPTH
            || self.stack.returning.borrow().contains(&question)
        {
            return false;
        }
        self.stack.returning.borrow_mut().push(question.clone());
        let scopes = Scopes::of_func(&func.decl);
        let typing = Typing::new(self.database(), FileScope::of(func), &scopes);
        let calls =
            Calls { typing: &typing, target: None, in_main: false, comes_back: false, ..*self.as_ref() };
        let last = func.decl.signature.params.len().saturating_sub(1);
        let param = error.and_then(|at| scopes.param(BodyId(0), ParamIndex::At(at.min(last) as u32)));
        let answer = (error.is_none() || param.is_some()) && !calls.can_return(body, param);
        self.stack.returning.borrow_mut().pop();
        if whole {
            self.summaries
                .never_return
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(question, answer);
        }
        answer
    }

    /// The function that is called, if its source is near enough to be looked into for what it does about an
    /// error.
    fn callee_within(&self, call: &'a Call) -> Option<FuncRef> {
        self.typing.called(call).filter(|func| self.is_within(func) || is_test_helper(func))
    }

    /// Whether a way leads to a return, where `error` is known not to be nil.
    fn can_return(&self, body: &'a Block, error: Option<VarId>) -> bool {
        self.ways_out(body, error, false).is_none_or(|ways| !ways.is_empty())
    }

    /// The one bool that is returned on every way, where `error` is known to be nil or not to be.
    fn returned(&self, body: &'a Block, error: VarId, nil: bool) -> Option<bool> {
        let value = |stmt: Option<&Stmt>| {
            let StmtKind::Return(values) = &stmt?.kind else { return None };
            let [value] = values.as_slice() else { return None };
            match value.as_ident() {
                Some(name) if self.typing.scopes.var(name).is_some() => None,
                Some(name) => {
                    ["false", "true"].iter().position(|known| **known == *name.name).map(|at| at == 1)
                }
                None => self
                    .nil_check(Condition::True(value), Some(error))
                    .map(|asks_for_nil| asks_for_nil == nil),
            }
        };
        let ways = self.ways_out(body, Some(error), nil)?;
        let first = value(*ways.first()?)?;
        ways.iter().all(|way| value(*way) == Some(first)).then_some(first)
    }

    /// The returns that a way leads to, where `error` is known to be nil or not to be; the closing brace is
    /// none. `None` for a body with too many branches.
    pub(crate) fn ways_out(
        &self,
        body: &'a Block,
        error: Option<VarId>,
        nil: bool,
    ) -> Option<Vec<Option<&'a Stmt>>> {
        let cfg = Cfg::build(body, &|call| self.ending(call)).ok()?;
        let mut ways = Vec::new();
        let (mut seen, mut todo) = (vec![false; cfg.blocks.len()], vec![0]);
        while let Some(at) = todo.pop() {
            if std::mem::replace(&mut seen[at], true) {
                continue;
            }
            match &cfg.blocks[at].next {
                Next::To(next) => todo.push(*next),
                Next::Any(next) => todo.extend(next),
                Next::Branch { condition, yes, no } => match self.nil_check(*condition, error) {
                    Some(asks_for_nil) => todo.push(if asks_for_nil == nil { *yes } else { *no }),
                    None => todo.extend([*yes, *no]),
                },
                Next::Return(stmt) => ways.push(Some(*stmt)),
                Next::End(_) => ways.push(None),
                Next::Stop(..) => {}
            }
        }
        Some(ways)
    }

    /// `error == nil` is `Some(true)`, `error != nil` is `Some(false)`.
    fn nil_check(&self, condition: Condition<'a>, error: Option<VarId>) -> Option<bool> {
        let Condition::True(expr) = condition else { return None };
        let ExprKind::Binary { op: op @ (BinaryOp::Equal | BinaryOp::NotEqual), left, right } =
            &expr.unparen().kind
        else {
            return None;
        };
        let other = if right.is_nil() { left } else { right };
        let var = other.as_ident().and_then(|ident| self.typing.scopes.var(ident));
        (var.is_some() && var == error && (left.is_nil() || right.is_nil())).then_some(*op == BinaryOp::Equal)
    }
}

/// Whether a function gets a `testing.TB` or the like first, as helpers of tests do.
fn is_test_helper(func: &FuncRef) -> bool {
    let first = func.decl.signature.params.first().map(|param| match &param.ty.unparen().kind {
        ExprKind::Pointer(inner) => inner,
        _ => &param.ty,
    });
    match first.map(|ty| &ty.unparen().kind) {
        Some(ExprKind::Selector { operand, .. }) => {
            operand.as_ident().is_some_and(|package| &*package.name == "testing")
        }
        _ => false,
    }
}

/// `(*Client).Close(client)`: the receiver is the first argument.
fn is_method_expression(call: &Call, callee: &Callee) -> bool {
    let Callee::Method { method, .. } = callee else { return false };
    // What only the index knows has no parameters there.
    !method.indexed && !method.signature.variadic && call.args.len() == method.signature.params.len() + 1
}

/// What a predeclared function does with a value: `copy`, and `append` to a part of a slice, write into
/// memory that whoever has the slice sees.
fn builtin(call: &Call, name: &str, place: Operand, alias: &Alias) -> ParamEffect {
    let whole = alias.clone().wrapped(None);
    let writes = |words: &str| ParamOutcome::Puts {
        into: Operand::Arg(0),
        alias: whole.clone(),
        words: words.to_owned(),
    };
    let is_part =
        call.args.first().is_some_and(|first| matches!(first.unparen().kind, ExprKind::Slice { .. }));
    match (name, place) {
        ("copy", Operand::Arg(1)) => {
            ParamEffect { outcome: writes("copied into a slice"), ..ParamEffect::lent(Certainty::Proved) }
        }
        ("append", place) => {
            let lent = with_results(vec![(0, whole.clone())], Certainty::Proved);
            match place {
                Operand::Arg(at) if at > 0 && is_part => {
                    ParamEffect { outcome: writes("appended to a part of a slice"), ..lent }
                }
                _ => lent,
            }
        }
        _ => ParamEffect::lent(Certainty::Proved),
    }
}
