//! What calls do with what they get: the walk's oracle.
//!
//! What becomes of a value that is handed to a callee is `parameters`', which calls come back is `returns`'.

use std::sync::Arc;

use crate::analysis::dataflow::oracle::{Operand, Oracle, ParamEffect, ParamOutcome, Tells};
use crate::analysis::dataflow::state::Alias;
use crate::analysis::graph::control_flow::Ending;
use crate::analysis::graph::known;
use crate::analysis::graph::known::Name;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, Scopes, VarId};
use crate::analysis::summaries::answers::{Stack, Summaries};
use crate::analysis::summaries::conclude::{builtin, with_results};
use crate::analysis::summaries::dynamic_types;
use crate::analysis::summaries::result_ownership::ResultOwnership;
use crate::analysis::summaries::wrapped;
use crate::base::diagnostic::{Certainty, ReleaseWay, Verdict};
use crate::base::text::{Span, narrow};
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::types::database::{Database, FileScope};
use crate::go::types::expressions::Callee;
use crate::go::types::members::Member;
use crate::go::types::release::{Lifetime, ReleaseMethod};
use crate::go::types::type_expr::Type;

/// The oracle for one declaration and one type of resource.
pub struct Calls<'a, 'w> {
    pub typing: &'w Typing<'a, 'w>,
    pub summaries: &'w Summaries,
    pub stack: &'w Stack,
    /// The resource's type; `None` when unknown.
    pub target: Option<Type>,
    /// What the list of releases is told apart by from others; `None` for none.
    pub list: Option<&'w Arc<str>>,
    /// The ways to release it.
    pub releases: &'w [ReleaseMethod],
    /// What else is to be said of its kind.
    pub lifetime: &'w Lifetime,
    /// The declaration is the `main` function of a program.
    pub in_main: bool,
    /// Take every call for one that comes back.
    pub comes_back: bool,
    /// Take what is not here to be read for a callee that keeps nothing but in its results.
    pub trusts: bool,
    /// The calls that are taken to lend what they get, whatever is known of what they call.
    pub lenders: &'w [Span],
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
        let is_test = || self.typing.receiver_package(call) == "testing";
        // What embeds a test, or is made around one, is none itself.
        let in_test = package.is_empty() && (name.starts_with("FailNow") || may_be_test(name) && is_test());
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
        let calls = Calls {
            typing: &typing,
            target: None,
            in_main: false,
            comes_back: false,
            trusts: false,
            lenders: &[],
            ..*self.as_ref()
        };
        let error = scopes.param(BodyId(0), self.param_at(&func, at));
        error.is_some_and(|error| calls.ways_out(body, Some(error), true).is_some_and(|ways| ways.is_empty()))
    }

    fn wants_nil(&self, call: &'a Call) -> bool {
        self.typing.ask(call, known::asserts_nil) == Some(true)
    }

    fn tells_error(&self, call: &'a Call, at: usize) -> Option<Tells> {
        if self.typing.ask(call, known::tells_no_error) == Some(true) {
            return Some(Tells::Success);
        }
        let func = self.callee_within(call)?;
        let body = func.decl.body().filter(|_| func.decl.signature.results.len() == 1)?;
        let scopes = Scopes::of_func(&func.decl);
        let typing = Typing::new(self.database(), FileScope::of(&func), &scopes);
        let calls = Calls {
            typing: &typing,
            target: None,
            in_main: false,
            trusts: false,
            lenders: &[],
            ..*self.as_ref()
        };
        let error = scopes
            .param(BodyId(0), self.param_at(&func, at))
            .filter(|error| scopes.assigned(*error).is_empty())?;
        match (calls.returned(body, error, true)?, calls.returned(body, error, false)?) {
            (false, true) => Some(Tells::Failure),
            (true, false) => Some(Tells::Success),
            _ => None,
        }
    }

    fn hands_on_error(&self, call: &'a Call, at: usize) -> Option<usize> {
        self.callee_within(call).and_then(|func| self.error_handed_on(&func, at))
    }

    fn is_release(&self, method: &str, args: Option<usize>) -> bool {
        let own = |release: &ReleaseMethod| {
            *release.name == *method
                && matches!(release.way, ReleaseWay::Method | ReleaseWay::Field(_))
                && args.is_none_or(|args| args == release.args.len())
        };
        self.releases.iter().any(own) || (known::also_releases(method) && args.is_none_or(|args| args == 0))
    }

    fn is_one_of_many(&self, ty: &Expr) -> bool {
        let ty = self.database().type_of(&self.typing.file, ty);
        ty.pointee().named().is_some() && !self.database().is_interface(&ty)
    }

    fn is_release_by_name(&self, call: &'a Call) -> bool {
        // `MustRollback` of an interface does what `Rollback` does.
        let by_another = |name: &&str| {
            let is_within = |release: &ReleaseMethod| known::has_word(name, &release.name);
            self.releases.iter().any(is_within)
                && matches!(self.typing.callee(call), Callee::Method { method, .. } if method.interface)
        };
        let Some(name) = call.name().filter(|name| known::is_named_release(name) || by_another(name)) else {
            return false;
        };
        let by_method = self.releases.iter().any(|release| release.way == ReleaseWay::Method);
        // What a method of the repository does is read.
        let unread = || match self.typing.callee(call) {
            Callee::FuncValue(_) => false,
            _ => !self.callee_within(call).is_some_and(|func| func.decl.has_body()),
        };
        by_method && !self.is_release(name, None) && self.typing.asks_little(call) && unread()
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

    fn is_unclosed(&self, channel: &'a Expr) -> bool {
        self.typing.is_unclosed(channel)
    }

    fn made_around(&self, call: &'a Call) -> Option<VarId> {
        let arg = wrapped::owned_argument(self.typing, call)?;
        let var = self.typing.scopes.var(arg.as_ident()?)?;
        let ty = self.typing.of(arg);
        ty.pointee().named().is_some_and(|named| &*named.package == "net").then_some(var)
    }

    fn is_endless(&self, field: &str) -> bool {
        self.lifetime.endless.as_deref() == Some(field)
    }

    fn passed(&self, call: &'a Call, place: Operand, alias: &Alias) -> ParamEffect {
        if alias.tells() {
            return ParamEffect::lent(Certainty::Proved);
        }
        if *alias == Alias::Itself && self.reads_to_end(call, place) {
            let name = call.name().unwrap_or_default();
            let words = format!("`{name}` reads it to its end, and closes it");
            return ParamEffect::kept(Verdict::PassedOn, Certainty::Proved, words);
        }
        let callee = self.typing.callee(call);
        match (&callee, place) {
            (Callee::Builtin { name, .. }, _) => builtin(call, name, place, alias),
            (Callee::Conversion(_), _) => with_results(vec![(0, alias.clone())], Certainty::Proved),
            (_, Operand::Receiver) if self.releases_unread(call, &callee, alias) => {
                ParamEffect { outcome: ParamOutcome::Releases, ..ParamEffect::lent(Certainty::Assumed) }
            }
            (_, Operand::Receiver) => self.receives(&callee, alias),
            (_, Operand::Arg(at)) => {
                let taken = self.takes(call, &callee, at, alias);
                match taken.outcome {
                    ParamOutcome::Keeps { verdict: Verdict::PassedOn, .. }
                        if self.lenders.contains(&call.span) =>
                    {
                        with_results(self.results_of_lender(call, &callee, alias), Certainty::Assumed)
                    }
                    _ => taken,
                }
            }
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
        matches!(self.typing.var(var), Some(Type::Pointer(_) | Type::Map(..)))
    }

    fn takes_address(&self, call: &'a Call) -> bool {
        match self.typing.callee(call) {
            Callee::Method { method, .. } => method.func.is_some_and(|func| func.decl.takes_address()),
            _ => false,
        }
    }

    fn is_sequence(&self, values: &'a Expr) -> bool {
        let ty = self.typing.of(values);
        ty.why_unknown().is_none()
            && !matches!(ty, Type::Chan(_))
            && self.database().underlying_func(&ty).is_none()
    }

    fn waits_for(&self, call: &'a Call) -> Vec<usize> {
        let func = self.typing.called(call);
        let Some((func, body)) = func.as_ref().and_then(|func| Some((func, func.decl.body()?))) else {
            return Vec::new();
        };
        let scopes = Scopes::of_func(&func.decl);
        let awaited = |expr: &Expr| match &expr.unparen().kind {
            ExprKind::Receive(channel) => channel.as_ident().and_then(|ident| scopes.var(ident)),
            ExprKind::Call(call) if call.args.is_empty() => match &call.function.unparen().kind {
                ExprKind::Selector { operand, field } if &*field.name == "Wait" => {
                    operand.as_ident().and_then(|ident| scopes.var(ident))
                }
                _ => None,
            },
            _ => None,
        };
        // What stands in a block may be passed by.
        let always = body.stmts.iter().filter_map(|stmt| match &stmt.kind {
            StmtKind::Expr(expr) | StmtKind::Defer(expr) => awaited(expr),
            _ => None,
        });
        let waited: Vec<VarId> = always.collect();
        let is_waited = |at: &usize| {
            let param = scopes.param(BodyId(0), ParamIndex::At(narrow(*at)));
            param.is_some_and(|param| waited.contains(&param))
        };
        (0..call.args.len()).filter(is_waited).collect()
    }

    fn shared_with(&self, call: &'a Call, index: usize) -> Vec<Operand> {
        self.result_kept_by(call, index)
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

impl Calls<'_, '_> {
    pub(crate) fn database(&self) -> &Database {
        self.typing.database
    }

    pub(crate) fn is_own_module(&self, package: &str) -> bool {
        let module = &self.typing.file.package.module;
        !module.is_empty()
            && package.strip_prefix(&**module).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    pub(crate) fn own_function(&self, call: &Call) -> Option<FuncRef> {
        match self.typing.callee(call) {
            Callee::Func { func, .. } => Some(func),
            _ => None,
        }
    }

    /// Whether a function belongs to what is scanned, rather than to a dependency.
    pub(crate) fn is_within(&self, func: &FuncRef) -> bool {
        !self.database().locator().is_dependency(&func.package.dir)
    }

    pub(crate) fn as_ref(&self) -> &Self {
        self
    }
}

/// Whether a function gets a `testing.TB` or the like first, as helpers of tests do.
pub(crate) fn is_test_helper(func: &FuncRef) -> bool {
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

fn may_be_test(name: &str) -> bool {
    name.starts_with("Fatal") || name.starts_with("Skip")
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::fates;

    #[test]
    fn what_a_callee_gives_back_is_the_same_resource() {
        assert_eq!(
            fates("func same(c *client) *client { return c }\nfunc f() {\nc := same(make1())\nc.Close()\n}"),
            ["released (4: released)"]
        );
        assert_eq!(
            fates("func same(c *client) *client { return c }\nfunc f() {\nc := same(make1())\n_ = c\n}"),
            ["leaked (5: it is still open when the function ends here)"]
        );
        assert_eq!(
            fates(
                "func put(h *holder, c *client) { h.c = c }\nfunc f() {\nvar h holder\nput(&h, make1())\n\
                 h.c.Close()\n}"
            ),
            ["released (5: released)"]
        );
    }
}
