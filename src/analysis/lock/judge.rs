//! A declaration -> what is wrong with its locks.

use std::sync::Arc;

use crate::analysis::dataflow::oracle::Oracle;
use crate::analysis::detection::{Declaration, Detection};
use crate::analysis::graph::known;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, Scopes};
use crate::analysis::lock::callee::Callees;
use crate::analysis::lock::key::{Key, Root, method};
use crate::analysis::lock::walk::{Again, Held, Left, Met, Walk};
use crate::analysis::summaries::answers::Stack;
use crate::analysis::summaries::callee::Calls;
use crate::base::diagnostic::{Certainty, Evidence, Remedy};
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

/// Ways out that are listed.
const MAX_EXITS: usize = 3;

/// The locks of a declaration that are held on a way out, and those that are taken twice.
pub fn detect(declaration: &Declaration) -> Vec<Detection> {
    let Decl::Func(func) = declaration.decl else { return Vec::new() };
    if !declaration.wants(UNRELEASED) && !declaration.wants(TWICE) {
        return Vec::new();
    }
    let scopes = Scopes::of_func(func);
    let typing = Typing::new(declaration.database, declaration.file.scope.clone(), &scopes);
    let callees = Callees::new(declaration.database);
    let (stack, lifetime) = (Stack::new(), Lifetime::default());
    let calls = Calls {
        typing: &typing,
        summaries: declaration.summaries,
        stack: &stack,
        target: None,
        list: None,
        releases: &[],
        lifetime: &lifetime,
        in_main: false,
        comes_back: false,
    };
    let ending = |call| calls.ending(call);
    let text = declaration.file.text;
    let walk = Walk { typing: &typing, callees: &callees, ending: &ending, text };
    let judge = Judge { declaration, func, typing: &typing };
    let bodies = (0..scopes.bodies.len()).map(|at| BodyId(narrow(at)));
    let mut found: Vec<Detection> =
        bodies.filter_map(|body| walk.body(body)).flat_map(|met| judge.of(&met)).collect();
    found.retain(|one| declaration.wants(one.kind));
    found.sort_by_key(|one| (one.span, one.kind));
    found
}

struct Judge<'a, 'j> {
    declaration: &'j Declaration<'j>,
    func: &'j FuncDecl,
    typing: &'j Typing<'a, 'j>,
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

impl Judge<'_, '_> {
    fn of(&self, met: &Met) -> Vec<Detection> {
        let twice: Vec<(&Key, &Again)> = met.twice().filter(|(key, _)| !met.foreign.contains(*key)).collect();
        let mut found: Vec<Detection> = twice.iter().map(|(key, again)| self.twice(key, again)).collect();
        for ((key, held), ways) in &met.left {
            // What is certainly locked twice is said there.
            let told: Vec<Span> = twice.iter().map(|(_, again)| again.second).collect();
            let again = |left: &Left| matches!(left, Left::Again(at) if told.contains(at));
            let ways: Vec<Left> = ways.iter().filter(|left| !again(left)).copied().collect();
            if !ways.is_empty() && !self.is_meant(met, key, &ways) {
                found.push(self.unreleased(key, *held, &ways));
            }
        }
        for (key, (held, at)) in &met.wrong {
            if !met.foreign.contains(key) {
                found.push(self.wrong(key, *held, *at));
            }
        }
        found
    }

    /// Whether a lock that is held on these ways out is held on purpose, as far as can be told.
    fn is_meant(&self, met: &Met, key: &Key, ways: &[Left]) -> bool {
        !met.unlocked.contains(key)
            || met.foreign.contains(key)
            || met.wrong.contains_key(key)
            || known::hands_on_lock(&self.func.name.name) && !ways.iter().all(|left| self.is_failure(left))
            || self.is_kept_on_success(met, key, ways)
            || self.is_unlocked_elsewhere(key)
    }

    /// Whether all ways that hold it say that all went well, and another, that does not hold it, that
    /// something has not.
    fn is_kept_on_success(&self, met: &Met, key: &Key, ways: &[Left]) -> bool {
        let went_well = |stmt: &Stmt| {
            let StmtKind::Return(values) = &stmt.kind else { return false };
            let last = values.last();
            last.is_some_and(|last| {
                last.is_nil() || last.as_ident().is_some_and(|name| &*name.name == "true")
            })
        };
        let mut free = met.returns.iter().filter(|(_, held)| !held.contains(key));
        ways.iter().all(|left| matches!(left, Left::Return(stmt) if went_well(stmt)))
            && free.any(|(stmt, _)| !went_well(stmt))
    }

    /// Whether some other function of the package unlocks what is named so without locking it.
    fn is_unlocked_elsewhere(&self, key: &Key) -> bool {
        let Some(lock) = owned(self.typing, key) else { return false };
        let functions = self.declaration.file.scope.package.functions_with("Unlock");
        functions.iter().filter(|other| other.decl.name.span != self.func.name.span).any(|other| {
            let Some(body) = other.decl.body() else { return false };
            let scopes = Scopes::of_func(&other.decl);
            let typing = Typing::new(self.declaration.database, FileScope::of(other), &scopes);
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
    fn is_failure(&self, left: &Left) -> bool {
        let Left::Return(stmt) = left else { return false };
        let StmtKind::Return(values) = &stmt.kind else { return false };
        let result = self.func.signature.results.last();
        let error = result.and_then(|result| result.ty.as_ident()).is_some_and(|ty| &*ty.name == "error");
        error && values.last().is_some_and(|last| !last.is_nil())
    }

    fn unreleased(&self, key: &Key, held: Held, ways: &[Left]) -> Detection {
        let name = self.name(key);
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
        let labels = exits.iter().take(MAX_EXITS).map(|(span, words)| self.place(*span, *words)).collect();
        let message = format!("`{name}` is locked and not unlocked on every way out");
        let unlock = if held.shared { "RUnlock" } else { "Unlock" };
        let remedy = (
            format!("call `{name}.{unlock}` on this way, too"),
            "how long the lock is to be held is for a person to say".to_owned(),
        );
        self.detection(UNRELEASED, held.at, ("locked here", message), labels, remedy)
    }

    fn wrong(&self, key: &Key, held: Held, at: Span) -> Detection {
        let name = self.name(key);
        let (by, wanted) = if held.shared { ("RLock", "RUnlock") } else { ("Lock", "Unlock") };
        let message = format!("`{name}` is locked by `{by}` and not unlocked by `{wanted}`");
        let labels = vec![self.place(at, "what unlocks it is the other's")];
        let remedy = (
            format!("call `{name}.{wanted}` in its place"),
            "which of the two is meant is for a person to say".to_owned(),
        );
        self.detection(UNRELEASED, held.at, ("locked here", message), labels, remedy)
    }

    fn twice(&self, key: &Key, again: &Again) -> Detection {
        let name = self.name(key);
        let mut labels = vec![self.place(again.first.at, "locked here, and held since")];
        let never =
            if again.shared { "it never ends where a writer waits in between" } else { "it never ends" };
        let message = match &again.inside {
            Some((func, at)) => {
                let database = self.declaration.database;
                let (line, column) = database.line_column(&func.package, func.file, *at);
                let path = database.display_path(&func.package, func.file);
                let words = "locked again here".to_owned();
                labels.push(Evidence { path, line, column, span: None, words });
                format!("`{}` locks `{name}`, which is held here: {never}", func.decl.display_name())
            }
            None => format!("`{name}` is locked while it is held here: {never}"),
        };
        let remedy = (
            "unlock it before, or lock it in one place alone".to_owned(),
            "which of the two is for a person to say".to_owned(),
        );
        self.detection(TWICE, again.second, ("never ends", message), labels, remedy)
    }

    fn detection(
        &self,
        kind: &'static str,
        span: Span,
        (label, message): (&str, String),
        labels: Vec<Evidence>,
        (title, reason): (String, String),
    ) -> Detection {
        Detection {
            kind,
            span,
            label: label.to_owned(),
            message,
            certainty: Certainty::Assumed,
            labels,
            notes: Vec::new(),
            remedy: Some(Remedy::Advice { title, reason }),
        }
    }

    /// `t.mu`
    fn name(&self, key: &Key) -> String {
        let root = match &key.root {
            Root::Var(var) => self.typing.scopes.info(*var).name.clone(),
            Root::Package(name) => name.clone(),
        };
        std::iter::once(&root).chain(&key.fields).map(|part| &**part).collect::<Vec<_>>().join(".")
    }

    fn place(&self, span: Span, words: impl Into<String>) -> Evidence {
        let file = self.declaration.file;
        let (line, column) = file.lines.line_column(span.start);
        Evidence { path: file.path.clone(), line, column, span: Some(span), words: words.into() }
    }
}
