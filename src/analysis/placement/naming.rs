//! Resources that no variable holds: the name they could get, and what would have to change for it.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::analysis::dataflow::state::{Phase, State};
use crate::analysis::dataflow::trace::Trace;
use crate::analysis::graph::scopes::{BodyId, Scopes, VarId};
use crate::analysis::placement::anchor;
use crate::base::diagnostic::{Anchor, AnchorPlace, Binding};
use crate::base::text::{Span, narrow};
use crate::go::syntax::ast::*;
use crate::go::syntax::outline::KEYWORDS;
use crate::go::syntax::visit;

/// A place for a release, the change that gives it something to name, and the name if the source has one
/// already.
#[derive(Debug, Clone)]
pub struct Unbound {
    pub place: AnchorPlace,
    pub binding: Binding,
    pub name: Option<Arc<str>>,
    pub in_loop: bool,
}

/// Where the release of what `call` acquires could stand once it has a name of its own: its value alone
/// (`New(ctx).Do()`), the blank identifier, or the header of a statement that no part of it can release.
/// `None` where that takes more than a line, and in loops for all but a value alone.
pub fn find(
    scopes: &Scopes,
    body: BodyId,
    call: &Call,
    result: usize,
    results: usize,
    trace: &Trace,
) -> Option<Unbound> {
    let path = anchor::path(scopes.body(body).block, call.span);
    let (list, at, in_loop) = *path.lists.last()?;
    let stmt = &list[at];
    if let Some((init, cut)) = header(stmt)
        && let Some(left) = declared(init, call.span)
    {
        let found = match (&stmt.kind, left) {
            (_, [target]) => lifted(scopes, stmt, init, cut, target, list),
            (StmtKind::If(branch), _) if ends(&branch.then, trace) => {
                before_else(scopes, stmt, branch, init, left.get(result)?, list)
            }
            _ => None,
        };
        return found.filter(|_| !in_loop);
    }
    if let Some(left) = declared(stmt, call.span) {
        return blank(left.get(result)?, &list[at..], trace).filter(|_| !in_loop);
    }
    let alone = result == 0 && results == 1 && !gives_several(stmt, call.span);
    (alone && evaluated_first(stmt, call.span)).then_some(Unbound {
        place: AnchorPlace::After(stmt.span),
        binding: Binding::Value { statement: stmt.span, call: call.span },
        name: None,
        in_loop,
    })
}

/// What `stmt` declares, if `call` is all that it declares it with.
fn declared(stmt: &Stmt, call: Span) -> Option<&[Expr]> {
    match &stmt.kind {
        StmtKind::Define { left, right } if right.len() == 1 && right[0].unparen().span == call => Some(left),
        _ => None,
    }
}

/// Whether `call` alone gives all that the statement assigns, `ctx, _ = Start(ctx)`: no name holds that, even
/// where nobody knows its type.
fn gives_several(stmt: &Stmt, call: Span) -> bool {
    match &stmt.kind {
        StmtKind::Define { left, right } | StmtKind::Assign { left, right, .. } => {
            left.len() > 1 && matches!(right.as_slice(), [only] if only.unparen().span == call)
        }
        _ => false,
    }
}

/// `_, err := New()`: the release stands where the resource is open on every way.
fn blank(target: &Expr, rest: &[Stmt], trace: &Trace) -> Option<Unbound> {
    let blank = target.as_ident().filter(|ident| ident.is_blank())?;
    let open = |state: &State| state.phase == Phase::Open && state.due.is_none() && state.maybe_due.is_none();
    let all_open = |stmt: &&Stmt| {
        trace.after.get(&stmt.span.end).is_some_and(|states| !states.is_empty() && states.iter().all(open))
    };
    let stmt = rest.iter().find(all_open)?;
    Some(Unbound {
        place: AnchorPlace::After(stmt.span),
        binding: Binding::Blank(blank.span),
        name: None,
        in_loop: false,
    })
}

/// What the call gives besides, where more is done with it than to ask it for something.
pub fn handed_on(scopes: &Scopes, body: BodyId, call: Span) -> Vec<VarId> {
    let block = scopes.body(body).block;
    let path = anchor::path(block, call);
    let Some(left) = path.lists.last().and_then(|(list, at, _)| declared(&list[*at], call)) else {
        return Vec::new();
    };
    let given: Vec<VarId> =
        left.iter().filter_map(Expr::as_ident).filter_map(|ident| scopes.var(ident)).collect();
    let (mut asked, mut used) = (Vec::new(), Vec::new());
    visit::block(block, &mut |expr| match &expr.kind {
        ExprKind::Selector { operand, .. } => asked.extend(operand.as_ident().map(|ident| ident.span)),
        ExprKind::Ident(ident) if !left.iter().any(|target| target.span == ident.span) => {
            used.extend(scopes.var(ident).filter(|var| given.contains(var)).map(|var| (ident.span, var)));
        }
        _ => {}
    });
    used.retain(|(span, _)| !asked.contains(span));
    used.into_iter().map(|(_, var)| var).collect()
}

/// The declaration in the header of a statement, and what has to go from there with it.
fn header(stmt: &Stmt) -> Option<(&Stmt, Vec<Span>)> {
    let until = |init: &Stmt, next: u32| Span::new(init.span.start, next);
    match &stmt.kind {
        StmtKind::If(branch) => {
            branch.init.as_ref().map(|init| (init, vec![until(init, branch.condition.span.start)]))
        }
        StmtKind::Switch(switch) => {
            let next = switch.value.as_ref().map_or(switch.brace, |value| value.span.start);
            switch.init.as_ref().map(|init| (init, vec![until(init, next)]))
        }
        StmtKind::For(looped) => {
            let ForHead::Clause { init: Some(init), condition, update } = &looped.head else { return None };
            let brace = looped.body.span.start;
            let cut = match (condition, update) {
                (_, Some(_)) => vec![init.span],
                (Some(condition), None) => {
                    vec![
                        until(init, condition.span.start),
                        Span::new(condition.span.end, brace.saturating_sub(1)),
                    ]
                }
                (None, None) => vec![until(init, brace)],
            };
            Some((init, cut))
        }
        _ => None,
    }
}

/// `switch c := New(); c.Kind() {`: the declaration moves out, if nothing else has its name.
fn lifted(
    scopes: &Scopes,
    stmt: &Stmt,
    init: &Stmt,
    cut: Vec<Span>,
    target: &Expr,
    list: &[Stmt],
) -> Option<Unbound> {
    let name = target.as_ident().filter(|ident| !ident.is_blank())?;
    is_free(scopes, scopes.var(name)?, stmt, list).then(|| Unbound {
        place: AnchorPlace::After(init.span),
        binding: Binding::Lifted { statement: stmt.span, init: init.span, cut },
        name: Some(name.name.clone()),
        in_loop: false,
    })
}

/// `if c, err := New(); err != nil { return err } else if …`: the declaration moves out, if nothing else has
/// its names.
fn before_else(
    scopes: &Scopes,
    stmt: &Stmt,
    branch: &If,
    init: &Stmt,
    target: &Expr,
    list: &[Stmt],
) -> Option<Unbound> {
    let StmtKind::Define { left, .. } = &init.kind else { return None };
    let ExprKind::Binary { op: BinaryOp::NotEqual, left: tested, right } = &branch.condition.unparen().kind
    else {
        return None;
    };
    let error = right.is_nil().then(|| tested.as_ident()).flatten()?;
    let bound = left.iter().filter_map(Expr::as_ident).filter(|ident| !ident.is_blank());
    let vars: Vec<VarId> = bound.filter_map(|ident| scopes.var(ident)).collect();
    let name = target.as_ident().filter(|ident| !ident.is_blank())?;
    let goes_on = matches!(branch.otherwise, Some(Stmt { kind: StmtKind::If(_), .. }));
    let tests_error = scopes.var(error).is_some_and(|var| vars.contains(&var)) && error.name != name.name;
    (goes_on && tests_error && vars.iter().all(|var| is_free(scopes, *var, stmt, list))).then(|| Unbound {
        place: AnchorPlace::After(branch.then.span),
        binding: Binding::Header { statement: stmt.span, init: init.span, rest: branch.condition.span.start },
        name: Some(name.name.clone()),
        in_loop: false,
    })
}

/// Whether no way leads out of the block's end.
fn ends(block: &Block, trace: &Trace) -> bool {
    block.stmts.last().is_some_and(|last| !trace.after.contains_key(&last.span.end))
}

/// Whether the name of `var`, which the header of `stmt` declares, could be declared in `list`: every other
/// variable of that name is used within one other statement, or in one block of this one, only, which then
/// declares it.
fn is_free(scopes: &Scopes, var: VarId, stmt: &Stmt, list: &[Stmt]) -> bool {
    let name = &scopes.info(var).name;
    let others = (0..narrow(scopes.vars.len()))
        .map(VarId)
        .filter(|other| *other != var && scopes.info(*other).name == *name);
    let elsewhere = list.iter().filter(|one| one.span != stmt.span && is_compound(one)).map(|one| one.span);
    let apart: Vec<Span> = elsewhere.chain(blocks(stmt)).collect();
    others
        .into_iter()
        .all(|other| apart.iter().any(|one| scopes.uses_of(other).all(|at| one.start < at && at < one.end)))
}

/// The parts of a statement that declare names of their own.
fn blocks(stmt: &Stmt) -> Vec<Span> {
    match &stmt.kind {
        StmtKind::If(branch) => {
            [branch.then.span].into_iter().chain(branch.otherwise.as_ref().map(|other| other.span)).collect()
        }
        StmtKind::For(looped) => vec![looped.body.span],
        StmtKind::Switch(switch) => switch.cases.iter().map(|case| case.body).collect(),
        _ => Vec::new(),
    }
}

fn is_compound(stmt: &Stmt) -> bool {
    matches!(
        stmt.kind,
        StmtKind::If(_)
            | StmtKind::For(_)
            | StmtKind::Switch(_)
            | StmtKind::TypeSwitch(_)
            | StmtKind::Block(_)
    )
}

/// Whether `call` runs whenever the statement does: not in a branch, a loop, a function literal, or behind
/// `&&` and `||`.
fn evaluated_first(stmt: &Stmt, call: Span) -> bool {
    let holds = |expr: &Expr| expr.span.contains(call);
    let part = match &stmt.kind {
        StmtKind::Expr(expr) | StmtKind::Defer(expr) => Some(expr),
        StmtKind::Send { value, .. } => Some(value).filter(|value| holds(value)),
        StmtKind::Define { right, .. } | StmtKind::Assign { right, .. } => {
            right.iter().find(|expr| holds(expr))
        }
        StmtKind::Return(values) => values.iter().find(|expr| holds(expr)),
        StmtKind::If(branch) => match &branch.init {
            None => Some(&branch.condition).filter(|condition| holds(condition)),
            Some(init) => return init.span.contains(call) && evaluated_first(init, call),
        },
        StmtKind::Switch(switch) if switch.init.is_none() => {
            switch.value.as_ref().filter(|value| holds(value))
        }
        _ => None,
    };
    let Some(part) = part.filter(|part| holds(part)) else { return false };
    let mut always = true;
    visit::expr(part, &mut |expr| match &expr.kind {
        ExprKind::Binary { op: BinaryOp::And | BinaryOp::Or, right, .. } => always &= !holds(right),
        ExprKind::FuncLit(_) => always &= !holds(expr),
        _ => {}
    });
    always
}

/// A name for a resource of the type `type_name` (`*storage.Client`) that no variable and no name for which
/// `taken` holds has: the one that the file gives most often to what `constructor` makes, else one made from
/// the type, or, where that has no name (`func()`), from `word`.
pub fn name(
    constructor: &str,
    type_name: &str,
    word: Option<&str>,
    text: &[u8],
    taken: &dyn Fn(&str) -> bool,
) -> Arc<str> {
    let own = type_name.trim_start_matches('*').split('[').next().unwrap_or_default();
    let own = Some(own.rsplit('.').next().unwrap_or_default()).filter(|own| own.chars().all(is_of_name));
    let own = own.or(word).unwrap_or_default();
    let last_word = own.rfind(char::is_uppercase).map_or(own, |at| &own[at..]).to_lowercase();
    let mut long = own.chars();
    let long: String =
        long.next().map(|first| first.to_lowercase().chain(long).collect()).unwrap_or_default();
    let short = if last_word.chars().count() > 2 { last_word } else { "client".to_owned() };
    let numbered = (2..).map(|number| format!("{short}{number}"));
    let wanted = habit(constructor, text).into_iter().chain([short.clone(), long]).chain(numbered);
    let usable = |name: &String| !name.is_empty() && !taken(name) && !KEYWORDS.contains(&name.as_str());
    wanted.into_iter().find(usable).unwrap_or(short).into()
}

/// Gives each anchor that introduces a name in one body another one.
pub fn keep_apart<'a>(anchors: impl Iterator<Item = (Option<BodyId>, &'a mut Anchor)>) {
    let mut given: Vec<(Option<BodyId>, Arc<str>)> = Vec::new();
    for (body, anchor) in
        anchors.filter(|(_, anchor)| matches!(anchor.binding, Binding::Value { .. } | Binding::Blank(_)))
    {
        let is_given = |name: &Arc<str>| given.iter().any(|(other, known)| *other == body && known == name);
        let free = |name: &Arc<str>| !is_given(name) && !anchor.scope.locals.contains(name);
        let wanted = anchor.variable.clone();
        let mut numbered = (2..).map(|number| Arc::from(format!("{wanted}{number}")));
        anchor.variable =
            Some(wanted.clone()).filter(free).or_else(|| numbered.find(free)).unwrap_or(wanted.clone());
        given.push((body, anchor.variable.clone()));
    }
}

fn is_of_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The name that stands most often before `:= constructor(` or `, err := constructor(`.
fn habit(constructor: &str, text: &[u8]) -> Option<String> {
    let mut counts: FxHashMap<&str, u32> = FxHashMap::default();
    for at in memchr::memmem::find_iter(text, constructor.as_bytes()) {
        let start = memchr::memrchr(b'\n', &text[..at]).map_or(0, |newline| newline + 1);
        let Some(line) = std::str::from_utf8(&text[start..at]).ok().map(str::trim) else { continue };
        let Some(names) = line.strip_suffix(":=") else { continue };
        let name = names.split(',').next().unwrap_or_default().trim();
        let plain = !name.is_empty() && name != "_" && name.chars().all(is_of_name);
        if plain {
            *counts.entry(name).or_default() += 1;
        }
    }
    counts
        .into_iter()
        .max_by_key(|(name, count)| (*count, std::cmp::Reverse(*name)))
        .map(|(name, _)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::go::syntax::parse::parse;

    #[test]
    fn one_name_does_not_hold_what_gives_several() {
        let several = |stmt: &str| {
            let text = format!("func f() {{\n\t{stmt}\n}}");
            let parsed = parse(text.as_bytes(), Span::new(0, narrow(text.len()))).unwrap();
            let Decl::Func(func) = parsed.lower().unwrap() else { unreachable!() };
            let (start, end) = (text.find("start(").unwrap(), text.rfind(')').unwrap() + 1);
            gives_several(&func.body().unwrap().stmts[0], Span::new(narrow(start), narrow(end)))
        };
        assert!(several("ctx, _ = start(ctx)"));
        assert!(several("ctx, span := start(ctx)"));
        assert!(!several("_ = start(ctx)"));
        assert!(!several("a, b = 1, start(ctx)"));
    }

    #[test]
    fn a_name_fits_the_file_or_the_type() {
        let free = |_: &str| false;
        let text =
            b"\tc, err := storage.NewClient(ctx)\n\tc := storage.NewClient(x)\n\td := storage.NewClient(x)\n";
        assert_eq!(&*name("storage.NewClient", "*storage.Client", None, text, &free), "c");
        assert_eq!(&*name("storage.NewClient", "*storage.Client", None, b"", &free), "client");
        assert_eq!(&*name("x.New", "*x.AdminClient", None, b"", &|name| name == "client"), "adminClient");
        assert_eq!(&*name("x.New", "*x.Client", None, b"", &|name| name == "client"), "client2");
        assert_eq!(&*name("x.New", "", None, b"", &free), "client");
        assert_eq!(&*name("x.New", "*x.GO", None, b"", &free), "client");
        assert_eq!(&*name("x.New", "*x.UserDb", None, b"", &free), "client");
        assert_eq!(&*name("x.New", "*x.UserSet", None, b"", &free), "set");
        assert_eq!(&*name("x.New", "func()", Some("cancel"), b"", &|name| name == "cancel"), "cancel2");
        assert_eq!(&*name("x.New", "func() error", None, b"", &free), "client");
    }
}
