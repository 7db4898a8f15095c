//! Where a release would stand: the first place after the acquisition at which the resource is open on every
//! way that comes by.

use crate::analysis::dataflow::state::{Alias, Phase, State};
use crate::analysis::dataflow::trace::Trace;
use crate::analysis::graph::control_flow::{Cfg, Step};
use crate::analysis::graph::scopes::{BodyId, Scopes, VarId};
use crate::base::diagnostic::AnchorPlace;
use crate::base::text::Span;
use crate::go::facts::names;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;

/// A place, and what is doubtful about it.
#[derive(Debug, Clone)]
pub struct AnchorSite {
    pub place: AnchorPlace,
    pub variable: VarId,
    pub doubt: Option<String>,
    pub in_loop: bool,
    /// The place can be reached without the acquiring call.
    pub shared: bool,
}

impl AnchorSite {
    /// Where in the file the place is.
    pub fn offset(&self) -> u32 {
        self.place.offset()
    }
}

/// The statement lists around an offset, outermost first, each with the index of the statement that holds it
/// and whether the list is in a loop.
pub(crate) struct Path<'a> {
    pub lists: Vec<(&'a [Stmt], usize, bool)>,
    /// The call is in the header of the innermost statement (`if c, err := New(); …`): its names live in that
    /// statement only.
    pub in_header: bool,
}

/// Behind a statement; what stands there is indented like it, not like its label.
fn after(stmt: &Stmt) -> AnchorPlace {
    AnchorPlace::After(stmt.unlabeled().span)
}

/// The place for a release of what `call` acquires in `body`; `None` when no variable holds it or no place
/// fits. `outside`: the variable is declared before the statement of the call. `serves`: a variable that the
/// call gives besides may be of use to the resource until that is released.
pub fn find(
    scopes: &Scopes,
    body: BodyId,
    call: Span,
    trace: &Trace,
    outside: bool,
    serves: &dyn Fn(VarId) -> bool,
) -> Option<AnchorSite> {
    let path = path(scopes.body(body).block, call);
    let (list, at, in_loop) = *path.lists.last()?;
    let found = |place, variable, doubt| Some(AnchorSite { place, variable, doubt, in_loop, shared: false });
    let assigned = matches!(header(&list[at]), Some(Stmt { kind: StmtKind::Assign { .. }, .. }));
    if path.in_header && !outside && !assigned {
        let (block, var) = only_side(&list[at], call, trace)?;
        return found(AnchorPlace::Start(block), var, None);
    }
    let opened = |stmt: &Stmt| trace.after.get(&stmt.span.end).and_then(|states| open(states));
    for (index, stmt) in list.iter().enumerate().skip(at) {
        if let Some(var) = opened(stmt) {
            // What is deferred first runs last: a server that came with its client ends after it.
            let package_style: Vec<VarId> = bound_by(scopes, &list[at])
                .into_iter()
                .filter(|other| *other != var && serves(*other))
                .collect();
            let later = list[index + 1..].iter();
            let behind = later
                .take_while(|next| ends_one_of(scopes, next, &package_style) && opened(next) == Some(var))
                .last();
            return found(after(behind.unwrap_or(stmt)), var, None);
        }
        if let Some((block, var)) = only_side(stmt, call, trace) {
            return found(AnchorPlace::Start(block), var, None);
        }
    }
    further_out(scopes, &path, trace).or_else(|| {
        doubtful(scopes, &list[at..], trace)
            .and_then(|(stmt, var, doubt)| found(after(stmt), var, Some(doubt)))
    })
}

/// The variables that a statement declares or assigns.
fn bound_by(scopes: &Scopes, stmt: &Stmt) -> Vec<VarId> {
    match &stmt.kind {
        StmtKind::Define { left, .. } | StmtKind::Assign { left, .. } => {
            left.iter().filter_map(Expr::as_ident).filter_map(|ident| scopes.var(ident)).collect()
        }
        _ => Vec::new(),
    }
}

/// `defer stop()`, `t.Cleanup(stop)`
fn ends_one_of(scopes: &Scopes, stmt: &Stmt, vars: &[VarId]) -> bool {
    let ends = match &stmt.kind {
        StmtKind::Defer(_) => true,
        StmtKind::Expr(expr) => expr.as_call().and_then(Call::name) == Some("Cleanup"),
        _ => false,
    };
    ends && scopes.uses_in(stmt.span).any(|used| vars.contains(&used))
}

/// The `defer` statement of the call at `span` and the statement behind it, if that is a check of an error
/// that ends the path.
pub fn check_behind(block: &Block, span: Span) -> Option<(Span, Span)> {
    let path = path(block, span);
    let (list, at, _) = *path.lists.last()?;
    let check = error_check(block, span)?;
    matches!(list[at].kind, StmtKind::Defer(_)).then_some((list[at].span, check))
}

/// The statement behind that of the call at `span`, if it is a check of an error that ends the path.
pub fn error_check(block: &Block, span: Span) -> Option<Span> {
    let path = path(block, span);
    let (list, at, _) = *path.lists.last()?;
    let check = list.get(at + 1)?;
    let StmtKind::If(branch) = &check.kind else { return None };
    let ExprKind::Binary { op: BinaryOp::NotEqual, left, right } = &branch.condition.unparen().kind else {
        return None;
    };
    let ends = matches!(branch.then.stmts.last()?.kind, StmtKind::Return(_) | StmtKind::Expr(_));
    let plain = branch.init.is_none() && branch.otherwise.is_none() && (left.is_nil() || right.is_nil());
    (ends && plain).then_some(check.span)
}

/// The statements of the calls at `releases`, if a `defer` could take their place: each of them is a `defer`
/// of the body's own statements, or a statement of its own with nothing behind it but the way out.
pub fn replaceable(block: &Block, releases: &[Span]) -> Option<Vec<Span>> {
    let mut found = Vec::new();
    for release in releases {
        let path = path(block, *release);
        let (list, at, _) = *path.lists.last()?;
        let (StmtKind::Expr(expr) | StmtKind::Defer(expr)) = &list[at].kind else { return None };
        let late = matches!(list[at].kind, StmtKind::Defer(_)) && path.lists.len() == 1;
        let leaves = match list.get(at + 1).map(|next| &next.kind) {
            Some(StmtKind::Return(values)) => values.iter().all(is_computed),
            Some(_) => false,
            None => path.lists.len() == 1,
        };
        if expr.unparen().span != *release || !(late || leaves && matches!(list[at].kind, StmtKind::Expr(_)))
        {
            return None;
        }
        found.push(list[at].span);
    }
    (!found.is_empty()).then_some(found)
}

/// Whether a value is there already, or made without running anything that could ask the resource.
fn is_computed(value: &Expr) -> bool {
    let mut computed = true;
    crate::go::syntax::visit::expr(value, &mut |expr| {
        computed &= !matches!(expr.kind, ExprKind::Call(_) | ExprKind::Receive(_) | ExprKind::FuncLit(_));
    });
    computed
}

/// The innermost statement around `call`.
pub fn statement(block: &Block, call: Span) -> Option<Span> {
    path(block, call).lists.last().map(|(list, at, _)| list[*at].span)
}

/// A place behind a statement around the call or one after that, where the resource is open or was not
/// acquired: `switch mode { case a: c, err = New() … }; if err != nil { … }`.
fn further_out(scopes: &Scopes, path: &Path, trace: &Trace) -> Option<AnchorSite> {
    let (_, outer) = path.lists.split_last()?;
    for (list, at, in_loop) in outer.iter().rev() {
        for stmt in &list[*at..] {
            let Some(states) = trace.after.get(&stmt.span.end) else { continue };
            let ours: Vec<State> =
                states.iter().filter(|state| state.phase != Phase::Before).cloned().collect();
            let is_known = |var: &VarId| scopes.uses_of(*var).any(|use_at| use_at < list[*at].span.start);
            if let Some(variable) = open(&ours).filter(is_known) {
                return Some(AnchorSite {
                    place: after(stmt),
                    variable,
                    doubt: None,
                    in_loop: *in_loop,
                    shared: ours.len() < states.len(),
                });
            }
        }
    }
    None
}

/// Whether a way leads from `place` back to it: what is deferred there piles up.
pub fn comes_again(cfg: &Cfg, place: AnchorPlace) -> bool {
    let is_place = |step: &Step| match (step, place) {
        (Step::After(stmt), AnchorPlace::After(anchor)) => stmt.span.end == anchor.end,
        (Step::Enter(at), AnchorPlace::Start(anchor)) => *at == anchor.start,
        _ => false,
    };
    let holds = |at: usize| cfg.blocks[at].steps.iter().any(is_place);
    let (mut seen, mut todo) = (vec![false; cfg.blocks.len()], Vec::new());
    let there = cfg.blocks.iter().enumerate().filter(|(at, _)| holds(*at));
    there.for_each(|(_, block)| todo.extend(block.next.successors()));
    while let Some(at) = todo.pop() {
        if holds(at) {
            return true;
        }
        if !std::mem::replace(&mut seen[at], true) {
            todo.extend(cfg.blocks[at].next.successors());
        }
    }
    false
}

/// The variable that is the resource in all of `states`, if it is open in all of them and not yet due to be
/// released.
fn open(states: &[State]) -> Option<VarId> {
    let fine = |state: &State| state.phase == Phase::Open && state.due.is_none() && state.maybe_due.is_none();
    if states.is_empty() || !states.iter().all(fine) {
        return None;
    }
    common(states)
}

fn common(states: &[State]) -> Option<VarId> {
    let itself = |state: &State, var: VarId| state.alias(var) == Some(&Alias::Itself);
    let first = states.first()?;
    first.holders.iter().map(|(var, _)| *var).find(|var| states.iter().all(|state| itself(state, *var)))
}

/// The first place where the resource is open on some ways and may be nil on others.
fn doubtful<'a>(scopes: &Scopes, stmts: &'a [Stmt], trace: &Trace) -> Option<(&'a Stmt, VarId, String)> {
    let mut unchecked = None;
    for stmt in stmts {
        let Some(states) = trace.after.get(&stmt.span.end) else { continue };
        let opened: Vec<State> = states.iter().filter(|state| state.is_open()).cloned().collect();
        let fine = opened.len() == states.iter().filter(|state| state.phase != Phase::Nil).count();
        let Some(var) = common(&opened).filter(|_| fine) else { break };
        if opened.iter().all(|state| state.phase == Phase::Open) {
            return Some((
                stmt,
                var,
                "the check of its error does not end the function, so it may be nil here".to_owned(),
            ));
        }
        let doubt = match unchecked {
            None => "its error is not checked, so it may be nil here",
            Some(_) if is_asserted(scopes, stmt, &opened) => {
                "the check of its error lets the test go on, so it may be nil here"
            }
            Some(_) if asks_for_error(scopes, stmt, &opened) => {
                "what is asked of its error is not known, so it may be nil here"
            }
            Some(_) => continue,
        };
        unchecked = Some((stmt, var, doubt.to_owned()));
    }
    unchecked
}

/// Whether the statement is an `if` that asks something of the acquisition's error.
fn asks_for_error(scopes: &Scopes, stmt: &Stmt, states: &[State]) -> bool {
    let StmtKind::If(branch) = &stmt.kind else { return false };
    let mut asks = false;
    crate::go::syntax::visit::expr(&branch.condition, &mut |expr| {
        let var = expr.as_ident().and_then(|ident| scopes.var(ident));
        asks |= var.is_some() && states.iter().any(|state| state.error == var);
    });
    asks
}

/// Whether the statement is an assertion that there is no error, which did not end the test.
fn is_asserted(scopes: &Scopes, stmt: &Stmt, states: &[State]) -> bool {
    let StmtKind::Expr(expr) = &stmt.kind else { return false };
    let Some(call) = expr.as_call() else { return false };
    let asserts = call.name().is_some_and(|name| names::functions().asserts_no_error.may_hold(name));
    let is_error = |arg: &Expr| {
        let var = arg.as_ident().and_then(|ident| scopes.var(ident));
        var.is_some() && states.iter().any(|state| state.error == var)
    };
    asserts && call.args.iter().any(is_error)
}

/// The block or case that alone has the resource, of those between which the header of `stmt` decides, if a
/// release could stand there.
fn only_side(stmt: &Stmt, call: Span, trace: &Trace) -> Option<(Span, VarId)> {
    let states = |side: &Side| trace.enter.get(&side.at).map_or(&[][..], Vec::as_slice);
    let sides = sides(stmt);
    let mut with_it = sides.iter().filter(|side| states(side).iter().any(State::is_open));
    let (only, None) = (with_it.next()?, with_it.next()) else { return None };
    let block = only.block.filter(|block| !block.contains(call))?;
    Some((block, open(states(only))?))
}

/// One of the ways on which the header of a statement decides.
struct Side {
    /// Where it begins, as [`Step::Enter`] has it.
    at: u32,
    /// What begins there, if an edit could stand in it.
    block: Option<Span>,
}

fn sides(stmt: &Stmt) -> Vec<Side> {
    let block = |span: Span| Side { at: span.start, block: Some(span) };
    match &stmt.unlabeled().kind {
        StmtKind::If(branch) => {
            let other = match &branch.otherwise {
                Some(Stmt { kind: StmtKind::Block(other), .. }) => block(other.span),
                _ => Side { at: branch.other_side(), block: None },
            };
            vec![block(branch.then.span), other]
        }
        StmtKind::Switch(switch) => {
            let none = (!switch.cases.iter().any(|case| case.default))
                .then_some(Side { at: stmt.span.end, block: None });
            switch.cases.iter().map(|case| block(case.body)).chain(none).collect()
        }
        _ => Vec::new(),
    }
}

pub(crate) fn path<'a>(block: &'a Block, call: Span) -> Path<'a> {
    let mut path = Path { lists: Vec::new(), in_header: false };
    let (mut list, mut in_loop) = (Some(block.stmts.as_slice()), false);
    while let Some(stmts) = list.take() {
        // They stand in source order.
        let at = stmts.partition_point(|stmt| stmt.span.end < call.end);
        if !stmts.get(at).is_some_and(|stmt| stmt.span.contains(call)) {
            break;
        }
        path.lists.push((stmts, at, in_loop));
        let stmt = stmts[at].unlabeled();
        let inner = inner_list(stmt, call);
        in_loop |= inner.is_some() && matches!(stmt.kind, StmtKind::For(_));
        path.in_header = inner.is_none() && has_header(stmt);
        list = inner;
    }
    path
}

fn has_header(stmt: &Stmt) -> bool {
    matches!(
        stmt.kind,
        StmtKind::If(_)
            | StmtKind::For(_)
            | StmtKind::Switch(_)
            | StmtKind::TypeSwitch(_)
            | StmtKind::Select(_)
    )
}

/// The statement list inside of `stmt` that holds `call`.
fn inner_list(stmt: &Stmt, call: Span) -> Option<&[Stmt]> {
    let holds = |block: &&Block| block.span.contains(call);
    match &stmt.kind {
        StmtKind::If(branch) => {
            if branch.then.span.contains(call) {
                return Some(&branch.then.stmts);
            }
            let other = branch.otherwise.as_ref().filter(|other| other.span.contains(call))?;
            match &other.kind {
                StmtKind::Block(block) => Some(&block.stmts),
                // An `else if` is a list of its own.
                _ => Some(std::slice::from_ref(other)),
            }
        }
        StmtKind::For(looped) => Some(&looped.body).filter(holds).map(|block| block.stmts.as_slice()),
        StmtKind::Block(block) => Some(&block.stmts),
        _ => {
            let within = |list: &&[Stmt]| list.iter().any(|stmt| stmt.span.contains(call));
            visit::child_lists(stmt).into_iter().find(within)
        }
    }
}

/// The places that the results of `call` are bound to by the statement or variable that it is the value of.
pub fn names_bound(decl: &Decl, call: Span) -> Option<Vec<Span>> {
    let specs = |specs: &[VarSpec]| {
        let spec = specs.iter().find(|spec| spec.values.iter().any(|value| value.span.contains(call)))?;
        let names = spec.names.iter().map(|name| name.span).collect();
        bound(names, &spec.values, call)
    };
    let block = match decl {
        Decl::Func(func) => func.body()?,
        Decl::Vars(list) => match specs(list) {
            Some(names) => return Some(names),
            None => literal_around(list.iter().flat_map(|spec| &spec.values), call)?,
        },
        _ => return None,
    };
    names_in(block, call)
}

fn names_in(block: &Block, call: Span) -> Option<Vec<Span>> {
    let path = path(block, call);
    let (list, at, _) = *path.lists.last()?;
    let spans = |exprs: &[Expr]| exprs.iter().map(|expr| expr.span).collect();
    let mut stmt = &list[at];
    if let Some(literal) = literal_in(stmt, call) {
        return names_in(literal, call);
    }
    if let Some(init) = header(stmt) {
        stmt = init;
    }
    match &stmt.kind {
        StmtKind::Define { left, right } | StmtKind::Assign { left, right, .. } => {
            bound(spans(left), right, call)
        }
        StmtKind::Var(specs) => {
            let spec = specs.iter().find(|spec| spec.values.iter().any(|value| value.span.contains(call)))?;
            bound(spec.names.iter().map(|name| name.span).collect(), &spec.values, call)
        }
        _ => None,
    }
}

/// `names` if `call` is the one value, else the name at its place among several values.
fn bound(names: Vec<Span>, values: &[Expr], call: Span) -> Option<Vec<Span>> {
    let at = values.iter().position(|value| value.unparen().span == call)?;
    if values.len() == 1 { Some(names) } else { names.get(at).map(|name| vec![*name]) }
}

fn header(stmt: &Stmt) -> Option<&Stmt> {
    match &stmt.kind {
        StmtKind::If(branch) => branch.init.as_ref(),
        StmtKind::Switch(switch) => switch.init.as_ref(),
        StmtKind::TypeSwitch(switch) => switch.init.as_ref(),
        StmtKind::For(looped) => match &looped.head {
            ForHead::Clause { init, .. } => init.as_ref(),
            ForHead::Range { .. } => None,
        },
        StmtKind::Labeled { stmt, .. } => stmt.as_deref(),
        _ => None,
    }
}

fn literal_in(stmt: &Stmt, call: Span) -> Option<&Block> {
    let mut found: Option<&Block> = None;
    crate::go::syntax::visit::stmt(stmt, &mut |expr| {
        if let ExprKind::FuncLit(literal) = &expr.kind
            && literal.body.span.contains(call)
            && found.is_none()
        {
            found = Some(&literal.body);
        }
    });
    found
}

fn literal_around<'a>(values: impl Iterator<Item = &'a Expr>, call: Span) -> Option<&'a Block> {
    let mut found: Option<&Block> = None;
    for value in values {
        crate::go::syntax::visit::expr(value, &mut |expr| {
            if let ExprKind::FuncLit(literal) = &expr.kind
                && literal.body.span.contains(call)
                && found.is_none()
            {
                found = Some(&literal.body);
            }
        });
    }
    found
}

/// Where the variable of a place is compared with nil after it.
pub fn compared_with_nil(decl: &Decl, scopes: &Scopes, found: &AnchorSite) -> Option<Span> {
    let Decl::Func(func) = decl else { return None };
    let mut compared = None;
    let is_it = |expr: &Expr| expr.as_ident().and_then(|ident| scopes.var(ident)) == Some(found.variable);
    crate::go::syntax::visit::block(func.body()?, &mut |expr| {
        if let ExprKind::Binary { op: BinaryOp::Equal | BinaryOp::NotEqual, left, right } = &expr.kind
            && (is_it(left) && right.is_nil() || is_it(right) && left.is_nil())
            && expr.span.start >= found.offset()
        {
            compared = compared.or(Some(expr.span));
        }
    });
    compared
}

/// Whether a function literal in `body` calls `t.Parallel()`: such subtests end after the body does.
pub fn has_parallel_subtests(scopes: &Scopes, body: BodyId) -> bool {
    let mut found = false;
    crate::go::syntax::visit::block(scopes.body(body).block, &mut |expr| {
        if let ExprKind::FuncLit(literal) = &expr.kind {
            found |= literal.body.stmts.iter().any(|stmt| {
                let StmtKind::Expr(expr) = &stmt.kind else { return false };
                let called = expr.as_call().map(|call| &call.function.unparen().kind);
                matches!(called, Some(ExprKind::Selector { field, .. }) if &*field.name == "Parallel")
            });
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::places;

    #[test]
    fn the_release_stands_where_the_resource_is_known_to_be_there() {
        assert_eq!(
            places("c, err := open()\nif err != nil {\nreturn err\n}\nlend(c)\nreturn nil"),
            ["c after 5, proved"]
        );
        assert_eq!(places("c := make1()\nlend(c)\nreturn nil"), ["c after 2, proved"]);
        assert_eq!(
            places("if c, err := open(); err == nil {\nlend(c)\n}\nreturn nil"),
            ["c start of 2, proved"]
        );
        assert_eq!(places("if some() {\nc := make1()\nlend(c)\n}\nreturn nil"), ["c after 3, proved"]);
    }
}
