//! What a release of the repository's own goes on to: what it releases of others, and where it waits.
//!
//! It may wait where something has been told to end before: `close(s.quit)`, `s.cancel()`. At a
//! channel somebody has to be there besides, for whom it waits: a goroutine that the maker has started.
//! Releases of dependencies are not read; facts tell which of them wait.

use crate::analysis::graph::known;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, Scopes};
use crate::analysis::proof::background;
use crate::analysis::proof::subject::Subject;
use crate::analysis::proof::waiting::{self, Wait};
use crate::analysis::proof::workers::{self, Told};
use crate::analysis::summaries::dynamic_types;
use crate::analysis::summaries::field_release::Field;
use crate::base::diagnostic::{Evidence, ReleaseWay};
use crate::base::text::Span;
use crate::go::facts::names;
use crate::go::facts::names::NameSet;
use crate::go::project::names::is_test_file;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::FileScope;
use crate::go::types::expressions::Callee;
use crate::go::types::members::Member;
use crate::go::types::type_expr::Type;

/// Methods that call methods are followed this deep.
const MAX_DEPTH: usize = 4;

/// How many of them are read.
const MAX_FUNCS: usize = 60;

/// A release that is called, by the type that declares it.
pub(super) struct Called {
    pub ty: Type,
    pub method: String,
}

impl Called {
    pub(super) fn is_in(&self, facts: &NameSet) -> bool {
        let of = |name: &str| format!("{name}.{}", self.method);
        self.ty.named().is_some_and(|named| facts.holds(&named.package, &of(&named.name)))
    }
}

#[derive(Default)]
pub(super) struct Reach {
    /// The release itself, and what it calls that reads like one.
    pub releases: Vec<Called>,
    /// The first place where it may wait for ever, or ends what is not its own.
    pub against: Option<Evidence>,
    /// Files go with it.
    pub removes: bool,
    /// Where it takes a lock that is not the resource's own.
    pub locks: Option<Evidence>,
    /// It takes a lock of its own.
    pub own_lock: bool,
    /// The channels that it closes before it waits for anybody.
    pub closes: Vec<String>,
    /// The fields that it sets to nil before that.
    pub clears: Vec<String>,
    /// What has been told to end.
    told: Option<Told>,
    waits: bool,
    read: usize,
}

impl Reach {
    pub(super) fn of(subject: &Subject) -> Reach {
        let mut reach = Reach::default();
        if subject.release.way != ReleaseWay::Method {
            return reach;
        }
        let method = subject.release.method.to_string();
        let mut funcs = Vec::new();
        let ty = match subject.typing.database.member(subject.ty, &method) {
            Some(Member::Method(declared)) => {
                funcs.extend(declared.func);
                declared.receiver
            }
            _ => subject.ty.clone(),
        };
        if funcs.is_empty() {
            funcs = subject.dynamic_methods(&method);
        }
        reach.releases.push(Called { ty, method });
        for func in funcs {
            reach.told = None;
            reach.function(subject, &func, true, 0);
        }
        reach
    }

    /// What it tells to end.
    pub(super) fn told(&self) -> Option<&Told> {
        self.told.as_ref()
    }

    /// `own` while it is the resource that its methods are called on.
    fn function(&mut self, subject: &Subject, func: &FuncRef, own: bool, depth: usize) {
        let database = subject.typing.database;
        let Some(body) = func.decl.body() else { return };
        if database.is_dependency(&func.package) || depth >= MAX_DEPTH || self.read >= MAX_FUNCS {
            return;
        }
        let scopes = Scopes::of_func(&func.decl);
        self.body(subject, &Typing::new(database, FileScope::of(func), &scopes), body, own, depth);
    }

    fn body(&mut self, subject: &Subject, typing: &Typing, body: &Block, own: bool, depth: usize) {
        self.read += 1;
        for (_, event) in events(typing, body) {
            match event {
                Event::Close(channel) => {
                    self.tells(channel);
                    if !self.waits {
                        self.closes.extend(workers::last_name(channel).map(str::to_owned));
                    }
                }
                Event::Clear(field) if !self.waits => self.clears.push(field.to_owned()),
                Event::Clear(_) => {}
                Event::Call(call) => self.call(subject, typing, call, own, depth),
                Event::Wait(span, wait) => {
                    self.waits = true;
                    if self.against.is_none() {
                        let stuck = self.stuck(subject, wait).map(|words| typing.evidence(span, words));
                        let told = self.told.as_ref();
                        self.against = stuck.or_else(|| workers::stuck(subject, told?));
                    }
                }
            }
        }
        if self.against.is_none() {
            let release = &subject.release.method;
            self.against = beyond(typing, body, !background::ends_all(subject))
                .map(|(span, does)| typing.evidence(span, format!("`{release}` {does}")));
        }
    }

    fn tells(&mut self, whom: &Expr) {
        let name = workers::last_name(whom).unwrap_or_default().to_owned();
        self.told.get_or_insert_default().names.push(name);
    }

    fn call(&mut self, subject: &Subject, typing: &Typing, call: &Call, own: bool, depth: usize) {
        let name = call.name().unwrap_or_default();
        if matches!(name, "Lock" | "RLock") {
            match own && is_own_field(typing, call) {
                true => self.own_lock = true,
                false => {
                    self.locks.get_or_insert_with(|| typing.evidence(call.span, "a lock is taken here"));
                }
            }
        }
        self.removes |= typing.ask(call, known::removes_files) == Some(true);
        if let ExprKind::Selector { operand, .. } = &call.function.unparen().kind
            && known::reads_like_release(name)
        {
            self.releases.push(Called { ty: typing.of(operand), method: name.to_string() });
        }
        if self.against.is_none() && is_test_file(subject.place.path) && asks_double(typing, call) {
            let words =
                format!("what `{name}` is called on may be a test's double, which does not expect it");
            self.against = Some(typing.evidence(call.span, words));
        }
        let on_itself = own && is_on_receiver(typing, call);
        match typing.called(call) {
            Some(func) if func.decl.has_body() => self.function(subject, &func, on_itself, depth + 1),
            _ => {
                for func in implementations(typing, call) {
                    self.function(subject, &func, false, depth + 1);
                }
                self.in_field(subject, typing, call, depth);
            }
        }
        // `s.once.Do(s.end)`
        for arg in call.args.iter().filter(|arg| typing.database.underlying_func(&typing.of(arg)).is_some()) {
            self.named(subject, typing, arg, own, depth);
        }
        if typing.of(&call.function).is_in(&names::types().cancels) {
            self.tells(&call.function);
        } else if known::reads_like_release(name)
            || names::words().tells.are_within(&name.to_ascii_lowercase())
        {
            // A method of the resource's own has told its own.
            match on_itself && self.told.is_some() {
                true => {}
                false => self.told.get_or_insert_default().ends = true,
            }
        }
    }

    /// The functions that the package puts into the field that is called: `s.stop()`.
    fn in_field(&mut self, subject: &Subject, typing: &Typing, call: &Call, depth: usize) {
        let Some(field) = field_of(typing, &call.function).filter(|_| depth < MAX_DEPTH) else { return };
        if typing.database.underlying_func(&typing.of(&call.function)).is_none() {
            return;
        }
        dynamic_types::each_value(
            typing.database,
            &field,
            &mut |typing, value| match &value.unparen().kind {
                ExprKind::FuncLit(literal) if self.read < MAX_FUNCS => {
                    self.body(subject, typing, &literal.body, false, depth + 1);
                }
                _ => self.named(subject, typing, value, false, depth),
            },
        );
    }

    /// A function that is named, and not called here.
    fn named(&mut self, subject: &Subject, typing: &Typing, value: &Expr, own: bool, depth: usize) {
        if !matches!(value.unparen().kind, ExprKind::Ident(_) | ExprKind::Selector { .. }) {
            return;
        }
        let call = value.called();
        if let Some(func) = typing.called(&call) {
            let on_itself = own && is_on_receiver(typing, &call);
            self.function(subject, &func, on_itself, depth + 1);
        }
    }

    /// Why a wait may never end.
    fn stuck(&self, subject: &Subject, wait: Wait) -> Option<String> {
        let release = &subject.release.method;
        let is_group = matches!(wait, Wait::Group);
        if matches!(wait, Wait::Send) {
            return Some(format!("`{release}` waits here for whoever receives"));
        }
        if self.told.is_none() {
            return Some(format!("`{release}` waits here, and has told nobody to end"));
        }
        (!is_group && !workers::are_started(subject))
            .then(|| format!("`{release}` waits here for a goroutine that its maker does not start"))
    }
}

enum Event<'a> {
    Close(&'a Expr),
    /// A field is set to nil.
    Clear(&'a str),
    Call(&'a Call),
    Wait(Span, Wait<'a>),
}

/// What a body does, in the order in which it does so: what is deferred comes last.
fn events<'a>(typing: &Typing, body: &'a Block) -> Vec<(i64, Event<'a>)> {
    let (mut apart, mut deferred, mut cleared) = (Vec::new(), Vec::new(), Vec::new());
    visit::all_statements(body, &mut |stmt| match &stmt.kind {
        StmtKind::Go(_) => apart.push(stmt.span),
        StmtKind::Defer(_) => deferred.push(stmt.span),
        StmtKind::Assign { left, right, .. } => {
            let set = left.iter().zip(right).filter(|(_, value)| value.is_nil());
            cleared.extend(set.filter_map(|(target, _)| match &target.unparen().kind {
                ExprKind::Selector { field, .. } => Some((stmt.span, &*field.name)),
                _ => None,
            }));
        }
        _ => {}
    });
    let at = |span: Span| match deferred.iter().find(|one| one.contains(span)) {
        Some(one) => i64::from(u32::MAX) * 2 - i64::from(one.start) + i64::from(span.start - one.start),
        None => i64::from(span.start),
    };
    let waits = waiting::places(typing, body);
    let mut closed: Vec<(i64, &Expr)> = Vec::new();
    let mut found: Vec<(i64, Event)> =
        cleared.into_iter().map(|(span, field)| (at(span), Event::Clear(field))).collect();
    visit::block(body, &mut |expr| {
        let Some(call) = expr.as_call().filter(|call| call.span == expr.span) else { return };
        if call.name() == Some("close") && typing.called(call).is_none() {
            closed.extend(call.args.first().map(|channel| (at(call.span), channel)));
            found.extend(call.args.first().map(|channel| (at(call.span), Event::Close(channel))));
        } else if !waits.iter().any(|(span, wait)| matches!(wait, Wait::Group) && *span == call.span) {
            found.push((at(call.span), Event::Call(call)));
        }
    });
    for (span, wait) in waits {
        // What runs beside, and what is closed by then, does not hold it up.
        let ends = |channel: &Expr| {
            closed.iter().any(|(before, other)| *before < at(span) && is_same(channel, other))
        };
        let over = match wait {
            Wait::Receive(channel) | Wait::Range(channel) => ends(channel),
            _ => false,
        };
        if !over && !apart.iter().any(|one| one.contains(span)) {
            found.push((at(span), Event::Wait(span, wait)));
        }
    }
    found.sort_by_key(|(at, _)| *at);
    found
}

/// `c.mu.Lock()`, `c.Lock()` of the receiver `c`.
fn is_own_field(typing: &Typing, call: &Call) -> bool {
    let ExprKind::Selector { operand, .. } = &call.function.unparen().kind else { return false };
    let inner = match &operand.unparen().kind {
        ExprKind::Selector { operand, .. } => operand,
        _ => operand,
    };
    is_receiver(typing, inner)
}

fn is_on_receiver(typing: &Typing, call: &Call) -> bool {
    matches!(&call.function.unparen().kind,
        ExprKind::Selector { operand, .. } if is_receiver(typing, operand))
}

fn is_receiver(typing: &Typing, expr: &Expr) -> bool {
    let receiver = typing.scopes.param(BodyId(0), ParamIndex::Receiver);
    receiver.is_some() && expr.as_ident().and_then(|ident| typing.scopes.var(ident)) == receiver
}

/// The methods that may run where one of an interface in a field is called, as far as the package shows what
/// it puts there.
fn implementations(typing: &Typing, call: &Call) -> Vec<FuncRef> {
    let Callee::Method { method, .. } = typing.callee(call) else { return Vec::new() };
    let ExprKind::Selector { operand, .. } = &call.function.unparen().kind else { return Vec::new() };
    let Some(field) = field_of(typing, operand).filter(|_| method.interface) else { return Vec::new() };
    let database = typing.database;
    let method = |ty: Type| match database.member(&ty, &method.name) {
        Some(Member::Method(found)) => found.func.filter(|func| func.decl.has_body()),
        _ => None,
    };
    dynamic_types::of_field(database, &field).into_iter().filter_map(method).collect()
}

/// The field of a type of the package's that `s.field` names.
fn field_of(typing: &Typing, expr: &Expr) -> Option<Field> {
    let ExprKind::Selector { operand, field } = &expr.unparen().kind else { return None };
    let owner = typing.of(operand);
    let named = owner.pointee().named()?;
    let package = named.source()?.clone();
    Some(Field { package, owner: named.name.clone(), name: field.name.clone() })
}

/// Whether a method of one of the repository's interfaces is called that is no release.
fn asks_double(typing: &Typing, call: &Call) -> bool {
    let Callee::Method { method, receiver } = typing.callee(call) else { return false };
    let own = receiver.named().and_then(|named| named.source());
    let own = own.is_some_and(|package| !typing.database.is_dependency(package));
    let words = names::words();
    let harmless = words.harmless_in_release.begin(&method.name) || words.logs.are_first_of(&method.name);
    own && method.interface && !harmless && !known::reads_like_release(&method.name)
}

/// Where a body ends, or sets, what the package or the process has and others go on with; or panics. What it
/// has started may go on with others where the function's end is no test's.
fn beyond(typing: &Typing, body: &Block, lives_on: bool) -> Option<(Span, &'static str)> {
    let shared = |expr: &Expr| {
        let ident = expr.as_ident()?;
        (typing.scopes.var(ident).is_none() && typing.file.package.has_value(&ident.name)).then_some(())
    };
    let mut found = None;
    visit::all_statements(body, &mut |stmt| {
        if let StmtKind::Assign { left, .. } = &stmt.kind
            && left.iter().any(|target| shared(target).is_some())
        {
            found.get_or_insert((stmt.span, "sets a variable of the package"));
        }
    });
    visit::block(body, &mut |expr| {
        let Some(call) = expr.as_call().filter(|call| call.span == expr.span) else { return };
        if call.name() == Some("panic") && typing.called(call).is_none() {
            found.get_or_insert((call.span, "may panic"));
            return;
        }
        let facts = names::functions();
        let callee = typing.callee(call);
        if typing.is_fact(call, &callee, &|package, name| facts.changes_process.holds(package, name)) {
            found.get_or_insert((call.span, "changes what all of the process has"));
            return;
        }
        if lives_on && typing.is_fact(call, &callee, &|package, name| facts.ends_process.holds(package, name))
        {
            found.get_or_insert((call.span, "ends a process that may be there for others"));
            return;
        }
        let first = || call.args.first().and_then(shared).is_some();
        if matches!(call.name(), Some("delete" | "clear")) && typing.called(call).is_none() && first() {
            found.get_or_insert((call.span, "takes something out of a variable of the package"));
            return;
        }
        let ends = match &call.function.unparen().kind {
            ExprKind::Selector { operand, field } => {
                let changes = names::words().changes_shared.holds(&field.name);
                (known::reads_like_release(&field.name) || changes) && shared(operand).is_some()
            }
            // A function that the package has in a variable.
            _ => shared(&call.function).is_some(),
        };
        if ends {
            found.get_or_insert((call.span, "ends or changes something of the package"));
        }
    });
    found
}

/// Whether two expressions are the same path of names.
fn is_same(left: &Expr, right: &Expr) -> bool {
    match (&left.unparen().kind, &right.unparen().kind) {
        (ExprKind::Ident(left), ExprKind::Ident(right)) => left.name == right.name,
        (
            ExprKind::Selector { operand: left, field },
            ExprKind::Selector { operand: right, field: other },
        ) => field.name == other.name && is_same(left, right),
        _ => false,
    }
}
