//! What a function that is called does first to a lock of its caller's.

use std::cell::RefCell;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, Scopes, VarOrigin};
use crate::analysis::lock::key::{Key, Part, Root, method, parts, path, unlocked_in};
use crate::base::text::{Span, narrow};
use crate::go::facts::LockAct;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::{Database, FileScope};
use crate::go::types::expressions::Callee;
use crate::go::types::members::Member;
use crate::go::types::type_expr::Type;

/// Callees of callees are looked at this deep.
const MAX_DEPTH: usize = 4;

/// What a function does first to a lock that it did not make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum First {
    /// Nothing, or what it locks it does not lock always.
    Nothing,
    /// It locks it, whatever its arguments; `unless_empty` where one of them may be empty, and it returns
    /// then.
    Locks { func: FuncRef, at: Span, shared: bool, unless_empty: bool },
    /// It may unlock it, or nobody knows.
    Unlocks,
}

/// The lock as its caller hands it over.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Handed {
    Param(ParamIndex, Vec<Arc<str>>),
    Package(Arc<str>, Vec<Arc<str>>),
}

/// What functions do to locks, remembered for one declaration.
pub struct Callees<'w> {
    database: &'w Database,
    known: RefCell<FxHashMap<(FuncRef, Handed), First>>,
}

impl<'w> Callees<'w> {
    pub fn new(database: &'w Database) -> Callees<'w> {
        Callees { database, known: RefCell::default() }
    }

    /// What a call does to a lock of the declaration that it stands in.
    pub fn first(&self, typing: &Typing, call: &Call, lock: &Key) -> First {
        match self.first_at(typing, call, lock, 0) {
            First::Locks { unless_empty: true, .. } if call.args.iter().any(is_empty) => First::Nothing,
            first => first,
        }
    }

    fn first_at(&self, typing: &Typing, call: &Call, lock: &Key, depth: usize) -> First {
        let mut answer = First::Nothing;
        for handed in handed(typing, call, lock) {
            let Some(func) = typing.called(call).filter(|func| self.has(typing, func, &handed)) else {
                // Who gets the lock itself may do with it what it likes.
                let itself = matches!(&handed, Handed::Param(_, fields) if fields.is_empty());
                answer = if itself { First::Unlocks } else { answer };
                continue;
            };
            match self.of(func, handed, depth) {
                First::Nothing => {}
                other => answer = other,
            }
            if answer == First::Unlocks {
                break;
            }
        }
        answer
    }

    /// Whether what is handed over so means the same in the function's package.
    fn has(&self, typing: &Typing, func: &FuncRef, handed: &Handed) -> bool {
        match handed {
            Handed::Param(..) => true,
            Handed::Package(name, _) => {
                func.package.path == typing.file.package.path && func.package.has_value(name)
            }
        }
    }

    fn of(&self, func: FuncRef, handed: Handed, depth: usize) -> First {
        let question = (func, handed);
        if let Some(known) = self.known.borrow().get(&question) {
            return known.clone();
        }
        if depth == MAX_DEPTH {
            return First::Nothing;
        }
        // A function that calls itself says nothing new there.
        self.known.borrow_mut().insert(question.clone(), First::Nothing);
        let answer = self.look(&question.0, &question.1, depth);
        self.known.borrow_mut().insert(question, answer.clone());
        answer
    }

    fn look(&self, func: &FuncRef, handed: &Handed, depth: usize) -> First {
        let Some(body) = func.decl.body() else { return First::Nothing };
        let scopes = Scopes::of_func(&func.decl);
        let typing = Typing::new(self.database, FileScope::of(func), &scopes);
        let lock = match handed {
            Handed::Param(index, fields) => {
                let Some(var) = scopes.param(BodyId(0), *index) else { return First::Nothing };
                Key { root: Root::Var(var), fields: fields.clone() }
            }
            Handed::Package(name, fields) => {
                Key { root: Root::Package(name.clone()), fields: fields.clone() }
            }
        };
        let (late, unless_empty) = (false, false);
        let mut looker =
            Looker { callees: self, typing: &typing, func, lock: &lock, depth, late, unless_empty };
        looker.block(&body.stmts, true).unwrap_or(if looker.late { First::Unlocks } else { First::Nothing })
    }
}

/// How a call hands over the value that a lock is reached by.
fn handed(typing: &Typing, call: &Call, lock: &Key) -> Vec<Handed> {
    let mut found = Vec::new();
    if let Root::Package(name) = &lock.root {
        found.push(Handed::Package(name.clone(), lock.fields.clone()));
        return found;
    }
    let within = |expr: &Expr| path(typing, expr).and_then(|path| Some(lock.within(&path)?.to_vec()));
    if let ExprKind::Selector { operand, .. } = &call.function.unparen().kind
        && let Some(fields) = within(operand).and_then(|fields| by_receiver(typing, call, operand, fields))
    {
        found.push(Handed::Param(ParamIndex::Receiver, fields));
    }
    for (at, arg) in call.args.iter().enumerate() {
        found.extend(within(arg).map(|fields| Handed::Param(ParamIndex::At(narrow(at)), fields)));
    }
    found
}

/// The fields that lead to a lock of the operand's from what its method gets: that may be only something
/// that the operand embeds, whose own locks are others. `None` where it does not have the lock.
fn by_receiver(
    typing: &Typing,
    call: &Call,
    operand: &Expr,
    mut fields: Vec<Arc<str>>,
) -> Option<Vec<Arc<str>>> {
    let Callee::Method { method, .. } = typing.callee(call) else { return Some(fields) };
    let mut ty = typing.of(operand).pointee().clone();
    while ty != *method.receiver.pointee() {
        let first = fields.first()?;
        // A field that comes by what is embedded, as the method does.
        if !typing.database.has_direct_field(&ty, first) {
            break;
        }
        let Some(Member::Field(inner)) = typing.database.member(&ty, first) else { return None };
        ty = inner.pointee().clone();
        fields.remove(0);
    }
    Some(fields)
}

/// Whether a `return` with these values says that something has failed.
pub fn fails(func: &FuncDecl, values: &[Expr]) -> bool {
    let result = func.signature.results.last();
    let error = result.and_then(|result| result.ty.as_ident()).is_some_and(|ty| &*ty.name == "error");
    error && values.last().is_some_and(|last| !last.is_nil())
}

/// What an `if` asks about: all that it names, in the order of the text.
fn asked(branch: &If) -> Vec<Arc<str>> {
    let mut names = Vec::new();
    let mut see = |expr: &Expr| match &expr.kind {
        ExprKind::Ident(ident) => names.push(ident.name.clone()),
        ExprKind::Selector { field, .. } => names.push(field.name.clone()),
        _ => {}
    };
    if let Some(init) = &branch.init {
        visit::stmt(init, &mut see);
    }
    visit::expr(&branch.condition, &mut see);
    names
}

/// Whether an argument is written as what is empty: `nil`, `""`, `0`, `ID{}`.
fn is_empty(value: &Expr) -> bool {
    match &value.unparen().kind {
        ExprKind::Literal(Literal::Integer(number)) => *number == 0,
        // Of a string the two quotes.
        ExprKind::Literal(Literal::Other(text)) => text.len() == 2,
        ExprKind::Composite { elements, .. } => elements.is_empty(),
        _ => value.is_nil(),
    }
}

struct Looker<'a, 'l> {
    callees: &'l Callees<'l>,
    typing: &'l Typing<'a, 'l>,
    func: &'l FuncRef,
    lock: &'l Key,
    depth: usize,
    /// It unlocks the lock at its end, or some time later.
    late: bool,
    /// It has returned where a parameter is empty.
    unless_empty: bool,
}

impl<'a> Looker<'a, '_> {
    /// What comes first of a list of statements; `always` where nothing but a return keeps them from
    /// being run, and none that a parameter asks for or that has found what it looks for.
    fn block(&mut self, list: &'a [Stmt], mut always: bool) -> Option<First> {
        list.iter().enumerate().find_map(|(at, stmt)| {
            let found = self.stmt(stmt, always);
            always &= !self.leaves_if_told(stmt) && !self.leaves_if_found(stmt, &list[at + 1..]);
            self.unless_empty |= self.leaves_if_empty(stmt);
            found
        })
    }

    /// Whether a statement returns what is there already, where the function looks again further on: it
    /// takes the lock only to make what it has not found, and who holds the lock may know that it is
    /// there.
    fn leaves_if_found(&self, stmt: &Stmt, rest: &[Stmt]) -> bool {
        let StmtKind::If(branch) = &stmt.kind else { return false };
        let Some(StmtKind::Return(values)) = branch.then.stmts.last().map(|last| &last.kind) else {
            return false;
        };
        let what = asked(branch);
        let again = |later: &Stmt| matches!(&later.kind, StmtKind::If(branch) if asked(branch) == what);
        !values.is_empty() && !fails(&self.func.decl, values) && rest.iter().any(again)
    }

    /// Whether a statement leaves the function where a parameter says so: `if !create { return }`.
    fn leaves_if_told(&self, stmt: &Stmt) -> bool {
        let StmtKind::If(branch) = &stmt.kind else { return false };
        let mut told = false;
        visit::expr(&branch.condition, &mut |part| {
            let var = part.as_ident().and_then(|name| self.typing.scopes.var(name));
            let is_param = |var| matches!(self.typing.scopes.info(var).origin, VarOrigin::Param { .. });
            let flag = |var| self.typing.var(var).is_some_and(|ty| ty == Type::basic("bool"));
            told |= var.is_some_and(|var| is_param(var) && flag(var));
        });
        let mut returns = false;
        visit::body(&branch.then, &mut |inner| returns |= matches!(inner.kind, StmtKind::Return(_)));
        told && returns
    }

    /// Whether a statement leaves the function where there is nothing in a parameter: `if id == "" {
    /// return }`, `if id.IsZero() { return }`.
    fn leaves_if_empty(&self, stmt: &Stmt) -> bool {
        let StmtKind::If(branch) = &stmt.kind else { return false };
        let is_param = |part: &Expr| {
            let var = part.as_ident().and_then(|name| self.typing.scopes.var(name));
            var.is_some_and(|var| {
                matches!(
                    self.typing.scopes.info(var).origin,
                    VarOrigin::Param { index: ParamIndex::At(_), .. }
                )
            })
        };
        let mut asked = false;
        visit::expr(&branch.condition, &mut |part| {
            asked |= match &part.kind {
                ExprKind::Binary { op: BinaryOp::Equal | BinaryOp::NotEqual, left, right } => {
                    is_param(left) && is_empty(right) || is_param(right) && is_empty(left)
                }
                ExprKind::Call(call) => match (&call.function.unparen().kind, call.args.as_slice()) {
                    (ExprKind::Selector { operand, .. }, []) => is_param(operand),
                    (ExprKind::Ident(name), [held]) => &*name.name == "len" && is_param(held),
                    _ => false,
                },
                _ => false,
            };
        });
        let mut returns = false;
        visit::body(&branch.then, &mut |inner| returns |= matches!(inner.kind, StmtKind::Return(_)));
        asked && returns
    }

    fn stmt(&mut self, stmt: &'a Stmt, always: bool) -> Option<First> {
        match &stmt.kind {
            StmtKind::Defer(expr) | StmtKind::Go(expr) => {
                for part in parts(expr) {
                    self.late |= match part {
                        Part::Call(call) => {
                            method(self.typing, &call.function).is_some_and(|(key, locking)| {
                                key == *self.lock && locking.act == LockAct::Unlock
                            }) || self.callee(call) == First::Unlocks
                        }
                        Part::Value(value) => self.is_unlock(value),
                        Part::Pointed(value) => path(self.typing, value).as_ref() == Some(self.lock),
                        Part::Literal(literal) => self.unlocks_in(literal),
                    };
                }
                None
            }
            StmtKind::Block(block) => self.block(&block.stmts, always),
            StmtKind::Labeled { stmt: Some(inner), .. } => self.stmt(inner, always),
            StmtKind::If(branch) => {
                let init = branch.init.as_ref().and_then(|init| self.stmt(init, always));
                init.or_else(|| self.expr(&branch.condition, always))
                    .or_else(|| self.block(&branch.then.stmts, false))
                    .or_else(|| branch.otherwise.as_ref().and_then(|other| self.stmt(other, false)))
            }
            StmtKind::For(_) | StmtKind::Switch(_) | StmtKind::TypeSwitch(_) | StmtKind::Select(_) => {
                visit::child_lists(stmt).into_iter().find_map(|list| self.block(list, false))
            }
            _ => {
                let mut found = None;
                let mut seen: Vec<Span> = Vec::new();
                visit::stmt(stmt, &mut |expr| {
                    if found.is_none() && !seen.iter().any(|span| span.contains(expr.span)) {
                        seen.push(expr.span);
                        found = self.expr(expr, always);
                    }
                });
                found
            }
        }
    }

    fn expr(&mut self, expr: &'a Expr, always: bool) -> Option<First> {
        for part in parts(expr) {
            match part {
                Part::Call(call) => {
                    let first = match method(self.typing, &call.function) {
                        Some((key, locking)) if key == *self.lock => match locking.act {
                            LockAct::Lock => {
                                let (func, at) = (self.func.clone(), call.span);
                                let (shared, unless_empty) = (locking.shared, self.unless_empty);
                                First::Locks { func, at, shared, unless_empty }
                            }
                            LockAct::Unlock | LockAct::Try => First::Unlocks,
                        },
                        Some(_) => First::Nothing,
                        None => self.callee(call),
                    };
                    match first {
                        First::Nothing => {}
                        First::Locks { .. } if !always => return Some(First::Nothing),
                        First::Locks { func, at, shared, unless_empty } => {
                            let unless_empty = unless_empty || self.unless_empty;
                            return Some(First::Locks { func, at, shared, unless_empty });
                        }
                        first => return Some(first),
                    }
                }
                Part::Value(value) => self.late |= self.is_unlock(value),
                Part::Pointed(value) => self.late |= path(self.typing, value).as_ref() == Some(self.lock),
                Part::Literal(literal) => self.late |= self.unlocks_in(literal),
            }
        }
        None
    }

    fn callee(&self, call: &Call) -> First {
        self.callees.first_at(self.typing, call, self.lock, self.depth + 1)
    }

    fn is_unlock(&self, value: &Expr) -> bool {
        method(self.typing, value)
            .is_some_and(|(key, locking)| key == *self.lock && locking.act == LockAct::Unlock)
    }

    fn unlocks_in(&self, literal: &FuncLit) -> bool {
        unlocked_in(self.typing, &literal.body).contains(self.lock)
    }
}
