//! Seeds by what a call gives: something with a release method, made for the caller.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use crate::base::finding::{Closable, Release};
use crate::flow::judge::Judge;
use crate::flow::scope::Scopes;
use crate::flow::types::Typing;
use crate::golang::closable::common_methods;
use crate::golang::exprs::Callee;
use crate::golang::members::Member;
use crate::golang::package::{FuncRef, Package};
use crate::golang::syntax::StmtKind;
use crate::golang::types::Type;
use crate::golang::visit;
use crate::golang::world::FileScope;
use crate::rules::{Given, Rule, Seeds};
use crate::session::judged::Fresh;

/// Which result of a call of `callee` a rule that goes by types looks after, if any.
pub fn result_of(judge: &Judge, scope: &FileScope, rule: &Rule, callee: &Callee) -> Option<usize> {
    let Seeds::Given(given) = &rule.seeds else { return None };
    let name = match callee {
        Callee::Func { func, .. } => &func.decl.name.name,
        Callee::Method { method, .. } => &method.name,
        Callee::Indexed { name, .. } => name,
        _ => return None,
    };
    if !given.takes_function(name) {
        return None;
    }
    let types = judge.world.results(callee);
    let result = types.iter().position(|ty| is_released(judge, scope, rule, given, ty))?;
    judge.summaries.origins.is_fresh(judge.world, callee, result).then_some(result)
}

fn is_released(judge: &Judge, scope: &FileScope, rule: &Rule, given: &Given, ty: &Type) -> bool {
    let taken = ty.named().is_some_and(|named| given.takes_type(&named.package, &named.name));
    // A method of the right name that asks for something else is a release to who knows that there is one, and one that gives
    // something back is a request.
    let fits = |release: &Release| {
        let wanted = rule.releases.iter().any(|wanted| *wanted.name == *release.method && wanted.args == release.args);
        let ends = match judge.world.member(ty, &release.method) {
            Some(Member::Method(method)) => method.signature.results.iter().all(Type::is_error),
            _ => true,
        };
        wanted && ends
    };
    taken && matches!(judge.world.closable(scope, ty, &rule.releases).closable, Closable::By(release) if fits(&release))
}

/// Whether one of these values has something to release itself: what is made around it may release it, and whose that is nobody says.
pub fn wraps(judge: &Judge, scope: &FileScope, values: impl IntoIterator<Item = Type>) -> bool {
    let methods = common_methods();
    let closable = |ty: Type| matches!(judge.world.closable(scope, &ty, &methods[..1]).closable, Closable::By(_));
    values.into_iter().any(closable)
}

/// Whether a file declares a method that releases something for one of `rules`.
pub fn declares_release(rules: &[Arc<Rule>], text: &[u8]) -> bool {
    let methods: BTreeSet<&str> = rules
        .iter()
        .filter(|rule| matches!(rule.seeds, Seeds::Given(_)))
        .flat_map(|rule| rule.releases.iter().map(|release| &*release.name))
        .collect();
    methods.iter().any(|method| {
        memchr::memmem::find_iter(text, format!(") {method}(").as_bytes()).any(|at| {
            let start = memchr::memrchr(b'\n', &text[..at]).map_or(0, |newline| newline + 1);
            text[start..].starts_with(b"func (")
        })
    })
}

/// The functions of the folder `dir` that make something to release of a type of their own package: calls of them acquire.
pub fn constructors(judge: &Judge, rules: &[Arc<Rule>], dir: &Path) -> Vec<Fresh> {
    let Some(package) = judge.world.package_at(dir) else { return Vec::new() };
    let given = rules.iter().filter(|rule| matches!(rule.seeds, Seeds::Given(_)));
    given.flat_map(|rule| constructors_in(judge, rule, &package)).collect()
}

fn constructors_in(judge: &Judge, rule: &Arc<Rule>, package: &Arc<Package>) -> Vec<Fresh> {
    let own = |ty: &Type| ty.named().is_some_and(|named| named.package == package.path);
    let fresh = |func: FuncRef| {
        let scope = FileScope::of(&func);
        let callee = Callee::Func { signature: Arc::new(judge.world.signature(&func)), func: func.clone() };
        let result = result_of(judge, &scope, rule, &callee)?;
        let ty = judge.world.results(&callee).into_iter().nth(result)?;
        let params = judge.world.signature(&func).params;
        (own(&ty) && !wraps(judge, &scope, params) && starts_something(judge, &scope, &func) && ends_something(judge, rule, &ty))
            .then(|| Fresh { func, rule: rule.clone(), result })
    };
    package.func_names().iter().filter_map(|name| package.func(name)).filter_map(fresh).collect()
}

/// Whether a constructor starts a goroutine or opens something itself: what it only builds may have nothing to release yet.
fn starts_something(judge: &Judge, scope: &FileScope, func: &FuncRef) -> bool {
    let Some(body) = &func.decl.body else { return false };
    let scopes = Scopes::of_func(&func.decl);
    let typing = Typing::new(judge.world, scope.clone(), &scopes);
    let mut starts = false;
    visit::block(body, &mut |expr| {
        starts |= expr.as_call().is_some_and(|call| wraps(judge, scope, typing.results(call)));
    });
    visit::body(body, &mut |stmt| starts |= matches!(stmt.kind, StmtKind::Go(_)));
    starts
}

/// Whether releasing a type of the repository calls anything but locks: what only forgets has nothing to give back.
fn ends_something(judge: &Judge, rule: &Rule, ty: &Type) -> bool {
    let method = rule.releases.iter().find_map(|release| match judge.world.member(ty, &release.name) {
        Some(Member::Method(method)) => Some(method),
        _ => None,
    });
    let Some(decl) = method.and_then(|method| method.func).map(|func| func.decl) else { return true };
    let mut calls = false;
    if let Some(body) = &decl.body {
        let locks = |name: Option<&str>| name.is_some_and(|name| ["Lock", "Unlock", "RLock", "RUnlock"].contains(&name));
        visit::block(body, &mut |expr| calls |= expr.as_call().is_some_and(|call| !locks(call.name())));
    }
    calls
}
