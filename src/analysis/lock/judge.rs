//! A declaration -> what is wrong with its locks.

use std::sync::Arc;

use crate::analysis::dataflow::oracle::Oracle;
use crate::analysis::detection::{Declaration, Detection, Function, NOT_ANALYSED};
use crate::analysis::graph::known;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, Scopes, VarId};
use crate::analysis::lock::callee::{Callees, fails};
use crate::analysis::lock::key::{Key, Root, method, unlocked_by};
use crate::analysis::lock::walk::{Again, Held, Left, Met, Walk};
use crate::analysis::summaries::answers::Stack;
use crate::analysis::summaries::callee::Calls;
use crate::base::text::{Span, narrow};
use crate::go::facts::LockAct;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::FileScope;
use crate::go::types::members::Member;
use crate::go::types::release::Lifetime;
use crate::go::types::type_expr::Type;

/// What the rules are called.
pub const UNRELEASED: &str = "unreleased-lock";
pub const TWICE: &str = "locked-twice";
pub const KINDS: [&str; 2] = [UNRELEASED, TWICE];

/// Ways out that are listed.
const MAX_EXITS: usize = 3;

/// The locks of a declaration that are held on a way out, and those that are taken twice.
pub fn detect(declaration: &Declaration) -> Vec<Detection> {
    if !KINDS.iter().any(|kind| declaration.wants(kind)) {
        return Vec::new();
    }
    declaration.in_function(found)
}

fn found(function: &Function) -> Vec<Detection> {
    let &Function { declaration, scopes, typing, .. } = function;
    let callees = Callees::new(declaration.database);
    let (stack, lifetime) = (Stack::new(), Lifetime::default());
    let calls = Calls {
        typing,
        summaries: declaration.summaries,
        stack: &stack,
        target: None,
        list: None,
        releases: &[],
        lifetime: &lifetime,
        in_main: false,
        comes_back: false,
        trusts: false,
        lenders: &[],
    };
    let ending = |call| calls.ending(call);
    let text = declaration.file.text;
    let walk = Walk { typing, callees: &callees, ending: &ending, text };
    let bodies = (0..scopes.bodies.len()).map(|at| BodyId(narrow(at)));
    let locking = bodies.filter_map(|body| Some((body, walk.first_lock(body)?)));
    let mut found: Vec<Detection> = locking
        .flat_map(|(body, first)| match walk.body(body) {
            Some(met) => of(function, body, &met),
            None => KINDS.map(|kind| Detection::not_analysed(kind, first)).into(),
        })
        .collect();
    found.retain(|one| declaration.wants(if one.kind == NOT_ANALYSED { &one.label } else { one.kind }));
    found.sort_by_key(|one| (one.span, one.kind));
    found
}

/// The type that has a lock, and the field that it is; of a variable of the package its name alone. `None`
/// for a local variable, and where nobody knows.
fn owned(typing: &Typing, key: &Key) -> Option<(Option<Type>, Arc<str>)> {
    let Some((last, before)) = key.fields.split_last() else {
        return match &key.root {
            Root::Package(name) => Some((None, name.clone())),
            Root::Var(_) => None,
        };
    };
    let first = match &key.root {
        Root::Var(var) => typing.var(*var)?,
        Root::Package(name) => typing.database.var_type(&typing.file.package, name),
    };
    let owner = before.iter().try_fold(first, |ty, field| match typing.database.member(&ty, field)? {
        Member::Field(ty) => Some(ty),
        Member::Method(_) => None,
    })?;
    Some((Some(owner.pointee().clone()), last.clone()))
}

fn of(function: &Function, body: BodyId, met: &Met) -> Vec<Detection> {
    let twice: Vec<(&Key, &Again)> = met.twice().filter(|(key, _)| !met.foreign.contains(*key)).collect();
    let mut found: Vec<Detection> =
        twice.iter().map(|(key, again)| locked_twice(function, key, again)).collect();
    for ((key, held), ways) in &met.left {
        // What is certainly locked twice is said there.
        let told: Vec<Span> = twice.iter().map(|(_, again)| again.second).collect();
        let again = |left: &Left| matches!(left, Left::Again(at) if told.contains(at));
        let ways: Vec<Left> = ways.iter().filter(|left| !again(left)).copied().collect();
        // A call that comes again in the next round, with the lock that it took in the one before.
        let by_itself = |left: &Left| matches!(left, Left::Again(at) if *at == held.at);
        if !ways.is_empty() && (ways.iter().any(by_itself) || !is_meant(function, body, met, key, &ways)) {
            found.push(unreleased(function, key, *held, &ways));
        }
    }
    for (key, (held, at)) in &met.wrong {
        if !met.foreign.contains(key) {
            found.push(wrong(function, key, *held, *at));
        }
    }
    found
}

/// Whether a lock that is held on these ways out is held on purpose, as far as can be told.
fn is_meant(function: &Function, body: BodyId, met: &Met, key: &Key, ways: &[Left]) -> bool {
    !met.unlocked.contains(key)
        || met.foreign.contains(key)
        || met.wrong.contains_key(key)
        || known::hands_on_lock(&function.func.name.name)
            && !ways.iter().all(|left| is_failure(function, left) || is_free_as_well(met, key, left))
        || is_kept_on_success(met, key, ways)
        || is_unlocked_around(function, body, key)
        || is_unlocked_elsewhere(function, key)
}

/// Whether one and the same `return` comes with the lock and without it: no caller could tell.
fn is_free_as_well(met: &Met, key: &Key, left: &Left) -> bool {
    let Left::Return(stmt) = left else { return false };
    met.returns.iter().any(|(other, held)| other.span == stmt.span && !held.contains(key))
}

/// Whether all ways that hold it say that all went well, and another, that does not hold it, that
/// something has not.
fn is_kept_on_success(met: &Met, key: &Key, ways: &[Left]) -> bool {
    let went_well = |stmt: &Stmt| {
        let StmtKind::Return(values) = &stmt.kind else { return false };
        let last = values.last();
        last.is_some_and(|last| last.is_nil() || last.as_ident().is_some_and(|name| &*name.name == "true"))
    };
    let mut free = met.returns.iter().filter(|(_, held)| !held.contains(key));
    ways.iter().all(|left| matches!(left, Left::Return(stmt) if went_well(stmt)))
        && free.any(|(stmt, _)| !went_well(stmt))
}

/// Whether the function around a literal unlocks what the literal locks, and does not lock it itself: it
/// waits until it has the lock.
fn is_unlocked_around(function: &Function, body: BodyId, key: &Key) -> bool {
    let (typing, scopes) = (function.typing, function.scopes);
    let Some(whole) = function.func.body().filter(|_| body != BodyId(0)) else { return false };
    let inside = scopes.body(body).block.span;
    // What a variable holds runs where that is called.
    let vars = (0..scopes.vars.len()).map(|at| VarId(narrow(at)));
    let held: Vec<Span> = vars
        .flat_map(|var| scopes.assigned(var))
        .filter_map(|one| match &one.value.unparen().kind {
            ExprKind::FuncLit(literal) => Some(literal.body.span),
            _ => None,
        })
        .collect();
    let (mut locks, mut unlocks) = (false, false);
    visit::block(whole, &mut |expr| {
        let Some(call) = expr.as_call().filter(|call| call.span == expr.span) else { return };
        if inside.contains(call.span) || held.iter().any(|span| span.contains(call.span)) {
            return;
        }
        match method(typing, &call.function) {
            Some((other, locking)) if other == *key => {
                unlocks |= locking.act == LockAct::Unlock;
                locks |= locking.act != LockAct::Unlock;
            }
            Some(_) => {}
            None => unlocks |= unlocked_by(typing, call).contains(key),
        }
    });
    unlocks && !locks
}

/// Whether some other function of the package unlocks what is named so without locking it.
fn is_unlocked_elsewhere(function: &Function, key: &Key) -> bool {
    let Some(lock) = owned(function.typing, key) else { return false };
    let package = &function.declaration.file.scope.package;
    let functions = ["Unlock", "RUnlock"].into_iter().flat_map(|name| package.functions_with(name));
    functions.filter(|other| other.decl.name.span != function.func.name.span).any(|other| {
        let Some(body) = other.decl.body() else { return false };
        let scopes = Scopes::of_func(&other.decl);
        let typing = Typing::new(function.declaration.database, FileScope::of(&other), &scopes);
        let (mut locks, mut unlocks) = (false, false);
        visit::block(body, &mut |expr| {
            if let Some((other, locking)) = method(&typing, expr)
                && owned(&typing, &other).as_ref() == Some(&lock)
            {
                unlocks |= locking.act == LockAct::Unlock;
                locks |= locking.act != LockAct::Unlock;
            }
        });
        unlocks && !locks
    })
}

/// Whether a way out returns an error.
fn is_failure(function: &Function, left: &Left) -> bool {
    let Left::Return(stmt) = left else { return false };
    matches!(&stmt.kind, StmtKind::Return(values) if fails(function.func, values))
}

fn unreleased(function: &Function, key: &Key, held: Held, ways: &[Left]) -> Detection {
    let name = name(function, key);
    let mut exits: Vec<(Span, &str)> = ways
        .iter()
        .map(|left| match left {
            Left::Return(stmt) => (stmt.span, "it is still held when the function returns here"),
            Left::End(at) => (Span::new(*at, *at + 1), "it is still held when the function ends here"),
            Left::Again(at) if *at == held.at => (*at, "it is still held when this is run again"),
            Left::Again(at) => (*at, "it is still held where it is locked again"),
        })
        .collect();
    exits.sort();
    exits.dedup();
    let labels = exits.iter().take(MAX_EXITS).map(|(span, words)| function.declaration.place(*span, *words));
    let message = format!("`{name}` is locked and not unlocked on every way out");
    let unlock = if held.shared { "RUnlock" } else { "Unlock" };
    Detection::new(UNRELEASED, held.at, "locked here", message).with_labels(labels).with_advice(
        format!("call `{name}.{unlock}` on this way, too"),
        "how long the lock is to be held is for a person to say",
    )
}

fn wrong(function: &Function, key: &Key, held: Held, at: Span) -> Detection {
    let name = name(function, key);
    let (by, wanted) = if held.shared { ("RLock", "RUnlock") } else { ("Lock", "Unlock") };
    let message = format!("`{name}` is locked by `{by}` and not unlocked by `{wanted}`");
    Detection::new(UNRELEASED, held.at, "locked here", message)
        .with_labels([function.declaration.place(at, "what unlocks it is the other's")])
        .with_advice(
            format!("call `{name}.{wanted}` in its place"),
            "which of the two is meant is for a person to say",
        )
}

fn locked_twice(function: &Function, key: &Key, again: &Again) -> Detection {
    let name = name(function, key);
    let mut labels = vec![function.declaration.place(again.first.at, "locked here, and held since")];
    let never = if again.shared { "it never ends where a writer waits in between" } else { "it never ends" };
    let message = match &again.inside {
        Some((func, at)) => {
            labels.push(function.declaration.place_in(func, *at, "locked again here"));
            format!("`{}` locks `{name}`, which is held here: {never}", func.decl.display_name())
        }
        None => format!("`{name}` is locked while it is held here: {never}"),
    };
    Detection::new(TWICE, again.second, "never ends", message).with_labels(labels).with_advice(
        "unlock it before, or lock it in one place alone",
        "which of the two is for a person to say",
    )
}

/// `t.mu`
fn name(function: &Function, key: &Key) -> String {
    let root = match &key.root {
        Root::Var(var) => function.typing.scopes.info(*var).name.clone(),
        Root::Package(name) => name.clone(),
    };
    std::iter::once(&root).chain(&key.fields).map(|part| &**part).collect::<Vec<_>>().join(".")
}
