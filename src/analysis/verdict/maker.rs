//! Who has to release what a call gives, where that is not the caller: the maker that lends it or sees to its
//! release itself, or the owner of what it is made around.

use crate::analysis::dataflow::state::{Alias, Phase};
use crate::analysis::dataflow::trace::Trace;
use crate::analysis::dataflow::walk::is_failure;
use crate::analysis::graph::known;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, Scopes, VarId};
use crate::analysis::summaries::dynamic_types;
use crate::analysis::summaries::result_ownership::ResultOwnership;
use crate::analysis::summaries::wrapped;
use crate::analysis::verdict::case::{Case, Kind};
use crate::analysis::verdict::outcome::Outcome;
use crate::base::diagnostic::*;
use crate::base::text::narrow;
use crate::go::facts::names;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::{Database, FileScope};
use crate::go::types::expressions::Callee;
use crate::go::types::members::Member;
use crate::go::types::type_expr::Type;

/// Functions that call functions are followed this deep.
const MAX_DEPTH: usize = 3;

/// How many of them are read; with more, one of them may be that which is looked for.
const MAX_FUNCS: usize = 100;

/// Whether a function starts something, or a goroutine, itself or by what it calls.
fn sets_going(database: &Database, func: &FuncRef, (depth, read): (usize, &mut usize)) -> bool {
    let Some(body) = func.decl.body() else { return false };
    *read += 1;
    if *read > MAX_FUNCS {
        return true;
    }
    let scopes = Scopes::of_func(&func.decl);
    let typing = Typing::new(database, FileScope::of(func), &scopes);
    let mut found = false;
    visit::body(body, &mut |stmt| found |= matches!(stmt.kind, StmtKind::Go(_)));
    visit::block(body, &mut |expr| {
        let Some(call) = expr.as_call().filter(|call| call.span == expr.span && !found) else { return };
        found = call.name().is_some_and(|name| names::words().starts.begin(name))
            || depth < MAX_DEPTH
                && typing.called(call).is_some_and(|func| sets_going(database, &func, (depth + 1, read)));
    });
    found
}

impl Case<'_, '_> {
    /// The fate of what the caller need not release, whatever it does: what is made around something with an
    /// owner, what is lent, what the maker itself releases.
    pub(crate) fn kept_by_maker(&self, kind: &Kind) -> Option<Outcome> {
        let by_name = self.wanted.by_name;
        if let Some(words) = self.of_another(kind).or_else(|| self.lent(kind)).filter(|_| !by_name) {
            return Some(match self.takes_back(kind) {
                Some(method) => self.unsure_because(format!("{words}, and `{method}` gives it back")),
                None => self.nothing_because(kind.answer.certainty, words),
            });
        }
        let by = match &kind.answer.closable {
            Closable::By(Release { method, way: ReleaseWay::Function { .. }, .. }) => Some(method.as_str()),
            _ => None,
        };
        if let Some(words) = self.never_started(kind).or_else(|| self.never_opened(kind)).filter(|_| !by_name)
        {
            return Some(self.nothing_because(kind.answer.certainty, words));
        }
        if self.hands_on_release(kind.result) && !by_name {
            return Some(self.unsure_because("its maker hands on a function that releases it".to_owned()));
        }
        let makers = self.makers()?;
        let find = |asked: &dyn Fn(&FuncRef) -> bool| {
            makers.iter().find(|func| asked(func)).map(|func| func.decl.name.name.clone())
        };
        let database = self.judge.database;
        if let Some(name) = find(&|func| wrapped::releases_at_end(database, func, kind.result, by)) {
            return Some(self.released_because(format!("`{name}` has it released when the test ends")));
        }
        let name = find(&|func| wrapped::serves_with(database, func, kind.result))?;
        Some(self.released_because(format!("`{name}` serves with it, and closes it when that ends")))
    }

    /// Whether its maker is a function literal that gives, beside it, a function which releases it:
    /// `return c, func() { c.Close() }`.
    fn hands_on_release(&self, result: usize) -> bool {
        let scopes = self.typing.scopes;
        let var = |expr: &Expr| expr.as_ident().and_then(|ident| scopes.var(ident));
        let releases = |function: &Expr, made: VarId| {
            let ExprKind::FuncLit(literal) = &function.unparen().kind else { return false };
            let mut found = false;
            visit::block(&literal.body, &mut |expr| {
                if let Some(call) = expr.as_call() {
                    let by = call.name().is_some_and(known::reads_like_release);
                    found |= by && call.receiver().and_then(var) == Some(made);
                }
            });
            found
        };
        let gives = |values: &[Expr]| {
            let made = values.get(result).and_then(var);
            made.is_some_and(|made| values.iter().any(|value| releases(value, made)))
        };
        let Some(maker) = var(&self.call.function) else { return false };
        scopes.assigned(maker).iter().any(|given| {
            let ExprKind::FuncLit(literal) = &given.value.unparen().kind else { return false };
            let mut found = false;
            visit::body(&literal.body, &mut |stmt| {
                found |= matches!(&stmt.kind, StmtKind::Return(values) if gives(values));
            });
            found
        })
    }

    /// The release, where it counts who has what is lent, or takes it from a list: whoever got it has to give
    /// it back.
    fn takes_back(&self, kind: &Kind) -> Option<String> {
        let Closable::By(Release { method, way: ReleaseWay::Method, .. }) = &kind.answer.closable else {
            return None;
        };
        let given = dynamic_types::types(self.typing, self.call, kind.result).unwrap_or_default();
        let counts = |ty: Type| {
            let Some(Member::Method(found)) = self.judge.database.member(&ty, method) else { return false };
            let Some(func) = found.func else { return false };
            let Some(body) = func.decl.body() else { return false };
            let mut counts = false;
            visit::body(body, &mut |stmt| counts |= matches!(stmt.kind, StmtKind::IncDec(_)));
            visit::block(body, &mut |expr| {
                counts |= expr
                    .as_call()
                    .is_some_and(|call| call.function.as_ident().is_some_and(|name| &*name.name == "delete"));
            });
            counts
        };
        given.into_iter().chain([kind.ty.clone()]).any(counts).then(|| method.clone())
    }

    /// Why there is nothing to stop yet: what `Stop` ends, `Start` begins, and nobody has called that.
    fn never_started(&self, kind: &Kind) -> Option<String> {
        let Closable::By(Release { method, way: ReleaseWay::Method, .. }) = &kind.answer.closable else {
            return None;
        };
        let words = names::words();
        let has = |name: &&str| matches!(self.judge.database.member(&kind.ty, name), Some(Member::Method(_)));
        let start = words.starts.iter().find(has).filter(|_| words.undoes_start.holds(method))?;
        let starts = |call: &Call| call.name().is_some_and(|name| words.starts.begin(name));
        // Whoever gets it may start it.
        let given = |call: &Call| {
            call.args.iter().any(|arg| self.typing.of(arg).pointee() == kind.ty.pointee())
                || call.name() == Some(method)
        };
        if visit::calls(self.decl).into_iter().any(|call| starts(call) || given(call)) {
            return None;
        }
        let mut read = 0;
        let by_maker = |func: FuncRef| sets_going(self.judge.database, &func, (0, &mut read));
        let never = !self.makers().into_iter().flatten().any(by_maker);
        never.then(|| format!("`{method}` ends what `{start}` begins, which is not called"))
    }

    /// Why there is nothing to close yet: what a method of it opens, and nobody has called that. All that is
    /// done with it is to call other methods.
    fn never_opened(&self, kind: &Kind) -> Option<String> {
        let ty = kind.ty.pointee();
        let package = &ty.named().filter(|_| ty.is_in(&names::types().opened_later))?.package;
        let var = (0..narrow(self.scopes.vars.len())).map(VarId).find(|var| {
            let given = self.scopes.assigned(*var);
            given
                .iter()
                .any(|given| given.value.unparen().span == self.call.span && given.index == kind.result)
        })?;
        let (mut opens, mut called) = (false, vec![]);
        for call in visit::calls(self.decl) {
            if let ExprKind::Selector { operand, field } = &call.function.unparen().kind
                && operand.as_ident().and_then(|ident| self.scopes.var(ident)) == Some(var)
            {
                opens |= names::functions().opens_later.holds(package, &field.name);
                called.push(operand.unparen().span.start);
            }
        }
        // The first is where it is declared.
        let never = !opens && self.scopes.uses_of(var).skip(1).all(|at| called.contains(&at));
        never.then(|| "it opens nothing by itself, and no method that does is called".to_owned())
    }

    /// The functions that the call may call, as far as their source is there.
    pub(crate) fn makers(&self) -> Option<Vec<FuncRef>> {
        match self.typing.callee(self.call) {
            callee @ (Callee::Func { .. } | Callee::Method { .. }) => Some(vec![callee.func()?.clone()]),
            _ => self.typing.possible_functions(self.call),
        }
    }

    /// Whose release it is, where it has nothing of its own.
    pub(crate) fn of_another(&self, kind: &Kind) -> Option<String> {
        let Closable::By(release) = &kind.answer.closable else { return None };
        let origins = &self.judge.summaries.origins;
        let arg = wrapped::only_passes_on(self.typing, origins, self.call, kind.result, release)?;
        let text = String::from_utf8_lossy(&self.place.text[arg.span.range()]);
        Some(format!(
            "made around `{text}`, which has an owner of its own: its {} is no more than that of `{text}`",
            release.method
        ))
    }

    /// Whether only the function can tell what it has given: on a way that worked it returns what is released
    /// by then, as `return c, c.Close()` does, or what others have (`if f := s.GetFile(); f != nil { return f
    /// }`).
    pub(crate) fn gives_either(&self, trace: &Trace) -> bool {
        let body = BodyId(0);
        trace.exits.iter().filter(|exit| !is_failure(self.scopes, body, exit)).any(|exit| {
            let released = |value: &Expr| {
                let var = value.as_ident().and_then(|ident| self.scopes.var(ident));
                var.is_some_and(|var| exit.state.alias(var) == Some(&Alias::Itself))
            };
            let mut either = false;
            visit::body(self.scopes.body(body).block, &mut |stmt| {
                if let StmtKind::Return(values) = &stmt.kind
                    && stmt.span == exit.span
                {
                    either |= match exit.state.phase {
                        Phase::Released(_) => values.iter().any(released),
                        Phase::Before => values.first().is_some_and(|value| self.is_looked_up(value)),
                        _ => false,
                    };
                }
            });
            either
        })
    }

    /// Whether a value is a field, or a variable that has what a call looked up.
    fn is_looked_up(&self, value: &Expr) -> bool {
        match &value.unparen().kind {
            ExprKind::Selector { .. } => true,
            ExprKind::Ident(ident) => self.scopes.var(ident).is_some_and(|var| {
                let given = self.scopes.assigned(var).iter().map(|given| given.value);
                given.filter_map(|value| value.as_call()?.name()).any(known::gets)
            }),
            _ => false,
        }
    }

    /// That the callee lends what others have as well, a cached client for one.
    pub(crate) fn lent(&self, kind: &Kind) -> Option<String> {
        let origins = &self.judge.summaries.origins;
        let lent =
            |func: &FuncRef| origins.of(self.judge.database, func, kind.result) == ResultOwnership::Lent;
        let func = self.makers()?.into_iter().find(lent)?;
        Some(format!("`{}` lends what it has for others, too", func.decl.name.name))
    }

    pub(crate) fn made_around(&self) -> Option<String> {
        if self.wanted.by_name {
            return None;
        }
        let arg = wrapped::owned_argument(self.typing, self.call)?.span;
        let text = String::from_utf8_lossy(&self.place.text[arg.range()]);
        Some(format!("it is made around `{text}`, which has an owner of its own"))
    }
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::{fates, fates_in_test};

    #[test]
    fn what_counts_who_has_it_is_given_back() {
        let counted = |close: &str| {
            fates(&format!(
                "type counted struct{{ n int }}\n\
                 func (c *counted) Close() error {{\n{close}\nreturn nil\n}}\n\
                 var shared *counted\nfunc newShared() *counted {{\nshared.n++\nreturn shared\n}}\n\
                 func f() {{\nc := newShared()\n_ = c\n}}"
            ))
        };
        let lent = "`newShared` lends what it has for others, too";
        assert_eq!(counted("c.n--"), [format!("unknown owner (12: {lent}, and `Close` gives it back)")]);
        assert_eq!(counted("c.n = 0"), [format!("nothing to release (12: {lent})")]);
    }

    #[test]
    fn a_maker_may_see_to_the_release_itself() {
        assert_eq!(
            fates_in_test(
                "func newFor(t *testing.T) *client {\nc := &client{}\nt.Cleanup(func() { c.Close() })\n\
                 return c\n}\nfunc f(t *testing.T) {\nc := newFor(t)\n_ = c\n}"
            ),
            ["released (7: `newFor` has it released when the test ends)"]
        );
        assert_eq!(
            fates_in_test(
                "func newFor(t *testing.T) *client {\nc := &client{}\nt.Helper()\nreturn c\n}\n\
                 func f(t *testing.T) {\nc := newFor(t)\n_ = c\n}"
            ),
            ["leaked (9: it is still open when the function ends here)"]
        );
    }
}
