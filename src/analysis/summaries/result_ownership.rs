//! Whether a function hands its caller something new, which the caller then owns, or lends what belongs to
//! somebody else.
//!
//! Read from the function's own source: every value that it may return is followed to where it comes from. A
//! literal is new, and so is the result of a call of a function that gives something new; a field, a
//! parameter and a package variable belong to others. A getter that fills a cache therefore lends, as one of
//! its ways gives back the field.

use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;

use crate::analysis::graph::known;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, Scopes, VarId, VarOrigin};
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::{Database, FileScope};
use crate::go::types::expressions::Callee;

/// Functions are followed this deep.
const MAX_DEPTH: usize = 8;

/// How many functions one question may open.
const MAX_FUNCTIONS: usize = 64;

/// Whose a value is that a function returns. Ordered: of several values the greatest speaks for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResultOwnership {
    /// Made for the caller.
    Fresh,
    /// Some value comes from where nobody can look.
    Unknown,
    /// The caller itself handed it in.
    Own,
    /// Somebody else has it too.
    Lent,
}

/// Answers about functions, shared by all threads.
#[derive(Default)]
pub struct Origins(Mutex<FxHashMap<(FuncRef, usize), ResultOwnership>>);

impl Origins {
    /// Whether result `index` of a call of `callee` is the caller's. Where the source does not say, a
    /// function whose name says that it opens something is believed.
    pub fn is_fresh(&self, database: &Database, callee: &Callee, index: usize) -> bool {
        let (func, name) = match callee {
            Callee::Func { func, .. } => (Some(func), &func.decl.name.name),
            Callee::Method { method, .. } => (method.func.as_ref(), &method.name),
            Callee::Indexed { name, .. } => (None, name),
            _ => return false,
        };
        match func.map_or(ResultOwnership::Unknown, |func| self.of(database, func, index)) {
            ResultOwnership::Fresh => true,
            ResultOwnership::Unknown => known::opens(name),
            ResultOwnership::Own | ResultOwnership::Lent => false,
        }
    }

    /// Whose result `index` of `func` is, as its source says.
    pub fn of(&self, database: &Database, func: &FuncRef, index: usize) -> ResultOwnership {
        let key = (func.clone(), index);
        if let Some(known) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return *known;
        }
        // Only whole answers are kept: those on the way depend on where the way began.
        let answer = Search { database, open: Vec::new(), opened: 0 }.function(func, index);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, answer);
        answer
    }
}

/// One question on its way.
struct Search<'w> {
    database: &'w Database,
    /// The functions being looked into, outermost first.
    open: Vec<(FuncRef, usize)>,
    opened: usize,
}

impl Search<'_> {
    fn function(&mut self, func: &FuncRef, index: usize) -> ResultOwnership {
        let key = (func.clone(), index);
        if self.open.contains(&key) {
            // What it gives by calling itself is what it gives otherwise.
            return ResultOwnership::Fresh;
        }
        let Some(body) = &func.decl.body else { return ResultOwnership::Unknown };
        if self.open.len() >= MAX_DEPTH || self.opened >= MAX_FUNCTIONS {
            return ResultOwnership::Unknown;
        }
        self.opened += 1;
        self.open.push(key);
        let scopes = Scopes::of_func(&func.decl);
        let typing = Typing::new(self.database, FileScope::of(func), &scopes);
        let mut answer = ResultOwnership::Fresh;
        let mut seen = Vec::new();
        visit::body(body, &mut |stmt| {
            let StmtKind::Return(values) = &stmt.kind else { return };
            let given = match values.as_slice() {
                [] => scopes
                    .result(BodyId(0), index)
                    .map_or(ResultOwnership::Fresh, |var| self.variable(&typing, var, &mut seen)),
                [value] if func.decl.signature.results.len() > 1 => {
                    self.value(&typing, value, index, &mut seen)
                }
                values => values
                    .get(index)
                    .map_or(ResultOwnership::Unknown, |value| self.value(&typing, value, 0, &mut seen)),
            };
            answer = answer.max(given);
        });
        self.open.pop();
        answer
    }

    /// `seen` holds the variables that were asked for already.
    fn value(
        &mut self,
        typing: &Typing,
        value: &Expr,
        index: usize,
        seen: &mut Vec<VarId>,
    ) -> ResultOwnership {
        match &value.unparen().kind {
            ExprKind::Ident(ident) if &*ident.name == "nil" => ResultOwnership::Fresh,
            ExprKind::Ident(ident) => match typing.scopes.var(ident) {
                Some(var) => self.variable(typing, var, seen),
                None => ResultOwnership::Lent,
            },
            ExprKind::Composite { .. } => ResultOwnership::Fresh,
            ExprKind::AddressOf(inner) | ExprKind::TypeAssert { operand: inner, .. } => {
                self.value(typing, inner, 0, seen)
            }
            ExprKind::Selector { operand, .. }
            | ExprKind::Index { operand, .. }
            | ExprKind::Pointer(operand) => {
                // A part of something new is unclear: it may have been put there.
                self.value(typing, operand, 0, seen).max(ResultOwnership::Unknown)
            }
            ExprKind::Call(call) => self.call(typing, call, index, seen),
            _ => ResultOwnership::Unknown,
        }
    }

    fn call(&mut self, typing: &Typing, call: &Call, index: usize, seen: &mut Vec<VarId>) -> ResultOwnership {
        match typing.callee(call) {
            Callee::Func { func, .. } => self.function(&func, index),
            Callee::Method { method, .. } => match &method.func {
                Some(func) => self.function(func, index),
                None => ResultOwnership::Unknown,
            },
            Callee::Conversion(_) => {
                call.args.first().map_or(ResultOwnership::Unknown, |arg| self.value(typing, arg, 0, seen))
            }
            Callee::Builtin { name, .. } if &*name == "new" => ResultOwnership::Fresh,
            _ => ResultOwnership::Unknown,
        }
    }

    fn variable(&mut self, typing: &Typing, var: VarId, seen: &mut Vec<VarId>) -> ResultOwnership {
        if seen.contains(&var) {
            return ResultOwnership::Fresh;
        }
        seen.push(var);
        let start = match typing.scopes.info(var).origin {
            VarOrigin::Param { index: ParamIndex::Receiver, .. } => ResultOwnership::Lent,
            VarOrigin::Param { .. } => ResultOwnership::Own,
            VarOrigin::Range { value, .. } => {
                self.value(typing, value, 0, seen).max(ResultOwnership::Unknown)
            }
            VarOrigin::Other => ResultOwnership::Unknown,
            VarOrigin::Value { .. } | VarOrigin::Result { .. } | VarOrigin::Declared { .. } => {
                ResultOwnership::Fresh
            }
        };
        let given = typing.scopes.assigned(var);
        given.iter().fold(start, |known, given| known.max(self.value(typing, given.value, given.index, seen)))
    }
}
