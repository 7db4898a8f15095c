//! Which calls come back, and which do not where an error is nil, or where it is not.

use crate::analysis::dataflow::oracle::Oracle;
use crate::analysis::graph::control_flow::{Cfg, Condition, Next};
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, Scopes, VarId};
use crate::analysis::summaries::answers::MAX_OUTSIDE_DEPTH;
use crate::analysis::summaries::callee::{Calls, is_test_helper};
use crate::base::text::narrow;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::FileScope;

impl<'a> Calls<'a, '_> {
    /// Whether `func` never returns: at all, or when its argument `error` is not nil.
    pub(crate) fn never_returns(&self, func: &FuncRef, error: Option<usize>) -> bool {
        let question = (func.clone(), error);
        // Only whole answers are shared, and only with whole questions: one inside of another may meet a
        // limit or itself.
        let whole = self.stack.returning.borrow().is_empty();
        if whole && let Some(known) = self.summaries.never_return.get(&question) {
            return known;
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
        let calls = Calls {
            typing: &typing,
            target: None,
            in_main: false,
            comes_back: false,
            trusts: false,
            lenders: &[],
            ..*self.as_ref()
        };
        let last = func.decl.signature.params.len().saturating_sub(1);
        let param = error.and_then(|at| scopes.param(BodyId(0), ParamIndex::At(narrow(at.min(last)))));
        let answer = (error.is_none() || param.is_some()) && !calls.can_return(body, param);
        self.stack.returning.borrow_mut().pop();
        if whole {
            self.summaries.never_return.set(question, answer);
        }
        answer
    }

    /// The function that is called, if its source is near enough to be looked into for what it does about an
    /// error.
    pub(crate) fn callee_within(&self, call: &'a Call) -> Option<FuncRef> {
        self.typing.called(call).filter(|func| self.is_within(func) || is_test_helper(func))
    }

    /// The last result of `func`, if every `return` makes that of its parameter `at`, an error, which is
    /// never assigned: `return value, wrap(err)`.
    pub(crate) fn error_handed_on(&self, func: &FuncRef, at: usize) -> Option<usize> {
        let body = func.decl.body()?;
        let last = func.decl.signature.results.len().checked_sub(1)?;
        let scopes = Scopes::of_func(&func.decl);
        let error = scopes.param(BodyId(0), self.param_at(func, at))?;
        let (mut ways, mut all) = (0, scopes.assigned(error).is_empty());
        visit::body(body, &mut |stmt| {
            if let StmtKind::Return(values) = &stmt.kind {
                ways += 1;
                let made = |value: &Expr| scopes.uses_in(value.span).any(|var| var == error);
                all &= values.len() == last + 1 && values.last().is_some_and(made);
            }
        });
        (ways > 0 && all).then_some(last)
    }

    /// Whether a way leads to a return, where `error` is known not to be nil.
    pub(crate) fn can_return(&self, body: &'a Block, error: Option<VarId>) -> bool {
        self.ways_out(body, error, false).is_none_or(|ways| !ways.is_empty())
    }

    /// The one bool that is returned on every way, where `error` is known to be nil or not to be.
    pub(crate) fn returned(&self, body: &'a Block, error: VarId, nil: bool) -> Option<bool> {
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
                Next::Branch { condition, yes, no } => match self.nil_check(*condition, error) {
                    Some(asks_for_nil) => todo.push(if asks_for_nil == nil { *yes } else { *no }),
                    None => todo.extend([*yes, *no]),
                },
                Next::Return(stmt) => ways.push(Some(*stmt)),
                Next::End(_) => ways.push(None),
                next => todo.extend(next.successors()),
            }
        }
        Some(ways)
    }

    /// `error == nil` is `Some(true)`, `error != nil` is `Some(false)`.
    pub(crate) fn nil_check(&self, condition: Condition<'a>, error: Option<VarId>) -> Option<bool> {
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

#[cfg(test)]
mod tests {
    use crate::analysis::tests::fates;

    #[test]
    fn what_never_comes_back_is_no_way_out() {
        assert_eq!(
            fates("func die() { panic(1) }\nfunc f() {\nc := make1()\nif some() {\ndie()\n}\nc.Close()\n}"),
            ["released (7: released)"]
        );
        assert_eq!(
            fates("func warn() {}\nfunc f() {\nc := make1()\nif some() {\nwarn()\nreturn\n}\nc.Close()\n}"),
            ["leaked on some paths (6: it is still open when the function returns here)"]
        );
        assert_eq!(
            fates(
                "func must(err error) {\nif err != nil {\npanic(err)\n}\n}\nfunc f() {\n\
                 c, err := open()\nmust(err)\nc.Close()\n}"
            ),
            ["released (9: released)"]
        );
    }

    #[test]
    fn a_function_tells_whether_there_is_an_error() {
        assert_eq!(
            fates(
                "func bad(err error) bool { return err != nil }\nfunc f() {\nc, err := open()\n\
                 if bad(err) {\nreturn\n}\nc.Close()\n}"
            ),
            ["released (7: released)"]
        );
        assert_eq!(
            fates(
                "func good(err error) bool { return err == nil }\nfunc f() {\nc, err := open()\n\
                 if good(err) {\nreturn\n}\nc.Close()\n}"
            ),
            ["leaked (5: it is still open when the function returns here)"]
        );
    }
}
