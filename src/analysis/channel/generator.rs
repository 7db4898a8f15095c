//! Generators: functions that give a channel on which a goroutine of theirs sends one value after the other,
//! with no way to stop it. Whoever leaves the loop over such a channel leaves the goroutine behind.

use crate::analysis::channel::process;
use crate::analysis::channel::team::made_by;
use crate::analysis::channel::verdict::Kind;
use crate::analysis::detection::{Detection, Function};
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{Scopes, VarId};
use crate::base::text::Span;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::FileScope;

/// The send of a generator that somebody in its package leaves in the middle.
pub fn detect(function: &Function) -> Vec<Detection> {
    let Some(generator) = generator(function) else { return Vec::new() };
    let package = &function.declaration.file.scope.package;
    let name = &*function.func.name.name;
    let callers = package.functions_with(name).into_iter().filter(|caller| !is_test(caller));
    let left = callers.into_iter().find_map(|caller| {
        let span = left_in(function, &caller, generator.endless)?;
        let once = process::runs_once(function.declaration.database, package, &caller.decl);
        (!once).then_some((caller, span))
    });
    let Some((caller, span)) = left else { return Vec::new() };
    let message = format!(
        "the goroutine blocks for good in its send once the loop over what `{name}` gives is left in `{}`",
        caller.decl.name.name
    );
    let found = Detection::new(Kind::AbandonedSend.word(), generator.send, "this send blocks", message)
        .with_labels([function.declaration.place_in(&caller, span, "the loop is left here")])
        .with_advice(
            "let the goroutine end by a context, or by a channel that its caller closes",
            "how callers say that they have had enough is for a person to say",
        );
    vec![found]
}

fn is_test(caller: &FuncRef) -> bool {
    FileScope::of(caller).is_test()
}

struct Generator {
    send: Span,
    /// Its loop goes on for ever.
    endless: bool,
}

/// What a function is that makes a channel, has one goroutine send on it in one place, in a loop, and returns
/// it: nobody else has it.
fn generator(function: &Function) -> Option<Generator> {
    let [result] = function.func.signature.results.as_slice() else { return None };
    let ExprKind::Chan { .. } = &result.ty.unparen().kind else { return None };
    let block = function.func.body()?;
    let (last, before) = block.stmts.split_last()?;
    let StmtKind::Return(values) = &last.kind else { return None };
    let [returned] = values.as_slice() else { return None };
    let channel = function.scopes.var(returned.as_ident()?)?;
    let [made] = function.scopes.assigned(channel) else { return None };
    let (_, capacity) = made_by(made.value.as_call()?)?;
    let mut goroutines = before.iter().filter_map(|stmt| match &stmt.kind {
        StmtKind::Go(started) if uses(function.scopes, stmt.span, channel) > 0 => Some(started),
        _ => None,
    });
    let (Some(started), None) = (goroutines.next(), goroutines.next()) else { return None };
    let ExprKind::FuncLit(literal) = &started.as_call()?.function.unparen().kind else { return None };
    let is_it = |expr: &Expr| expr.as_ident().and_then(|ident| function.scopes.var(ident)) == Some(channel);
    let (mut sends, mut closes) = (Vec::new(), 0);
    visit::body(&literal.body, &mut |stmt| {
        if let StmtKind::Send { channel, .. } = &stmt.kind
            && is_it(channel)
        {
            sends.push(stmt.span);
        }
    });
    visit::block(&literal.body, &mut |expr| {
        if let ExprKind::Call(call) = &expr.kind
            && call.span == expr.span
            && call.name() == Some("close")
        {
            closes += call.args.iter().filter(|arg| is_it(arg)).count();
        }
    });
    let [send] = sends.as_slice() else { return None };
    let all = function.scopes.uses_of(channel).count();
    // Its declaration, its send and its return are the others.
    let known = capacity.is_none() && all == closes + 3;
    let looped = looped_around(&literal.body, *send)?;
    let endless = matches!(&looped.head, ForHead::Clause { condition: None, .. });
    // What is sent may be the last, because of what it is or of what comes next.
    (known && !leaves(&looped.body.stmts)).then_some(Generator { send: *send, endless })
}

fn uses(scopes: &Scopes, span: Span, var: VarId) -> usize {
    scopes.uses_in(span).filter(|used| *used == var).count()
}

/// The innermost loop in a body that has this in it.
fn looped_around(block: &Block, at: Span) -> Option<&For> {
    let mut found: Option<&For> = None;
    visit::body(block, &mut |stmt| {
        if let StmtKind::For(looped) = &stmt.kind
            && looped.body.span.contains(at)
        {
            found = Some(looped);
        }
    });
    found
}

/// Whether statements may leave the loop around them.
fn leaves(stmts: &[Stmt]) -> bool {
    stmts.iter().any(|stmt| match &stmt.kind {
        StmtKind::Return(_) | StmtKind::Break(_) | StmtKind::Goto(_) => true,
        StmtKind::If(branch) => {
            branch.otherwise.iter().any(|other| leaves(std::slice::from_ref(other)))
                || leaves(&branch.then.stmts)
        }
        StmtKind::Labeled { stmt: Some(inner), .. } => leaves(std::slice::from_ref(inner)),
        _ => visit::child_lists(stmt).into_iter().any(leaves),
    })
}

/// Where a function leaves a loop over what the generator gives, and has nothing else of it.
fn left_in(function: &Function, caller: &FuncRef, endless: bool) -> Option<Span> {
    caller.decl.body()?;
    let scopes = Scopes::of_func(&caller.decl);
    let typing = Typing::new(function.declaration.database, FileScope::of(caller), &scopes);
    let is_call = |expr: &Expr| {
        let call = expr.as_call().filter(|call| call.name() == Some(&*function.func.name.name));
        // By name, as its place may be another one in a text that is tried.
        call.and_then(|call| typing.called(call)).is_some_and(|called| {
            called.decl.name.name == function.func.name.name
                && called.decl.receiver_type() == function.func.receiver_type()
                && called.package.path == function.declaration.file.scope.package.path
        })
    };
    scopes.bodies.iter().find_map(|body| {
        let mut found = None;
        visit::body(body.block, &mut |stmt| {
            let StmtKind::For(looped) = &stmt.kind else { return };
            let ForHead::Range { left, right, .. } = &looped.head else { return };
            let named = || {
                let var = scopes.var(right.as_ident()?)?;
                let [one] = scopes.assigned(var) else { return None };
                // Its declaration, and this loop.
                (one.of == 1 && scopes.uses_of(var).count() == 2).then_some(one.value)
            };
            if !is_call(named().unwrap_or(right)) {
                return;
            }
            let items: Vec<VarId> = left.iter().filter_map(|name| scopes.var(name.as_ident()?)).collect();
            found = found.or_else(|| way_out(&scopes, &looped.body.stmts, (&items, endless), false));
        });
        found
    })
}

/// Where statements of a loop leave it, for what the iteration is about: a count may be all there is, but of
/// what has no end. `asked` says whether such a question has been asked.
fn way_out(scopes: &Scopes, stmts: &[Stmt], (items, endless): (&[VarId], bool), asked: bool) -> Option<Span> {
    stmts.iter().find_map(|stmt| match &stmt.kind {
        StmtKind::Return(_) | StmtKind::Break(_) if endless || asked => Some(stmt.span),
        StmtKind::If(branch) => {
            let about = items.iter().any(|item| uses(scopes, branch.condition.span, *item) > 0);
            let inner = |stmts| way_out(scopes, stmts, (items, endless), asked || about);
            let otherwise = branch.otherwise.as_ref().map(std::slice::from_ref);
            inner(&branch.then.stmts).or_else(|| inner(otherwise?))
        }
        StmtKind::Block(block) => way_out(scopes, &block.stmts, (items, endless), asked),
        _ => None,
    })
}
