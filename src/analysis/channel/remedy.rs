//! What would mend a fault. A capacity is safe where no send can ever block any more, whoever receives: the
//! sum of the most that all goroutines send on one channel fits (the pigeonhole principle), and nobody can
//! see that a send is over earlier.

use crate::analysis::channel::closing;
use crate::analysis::channel::findings::{Found, evidence, goes_on, is_renamed, plainly_received};
use crate::analysis::channel::groups::{Endless, Why};
use crate::analysis::channel::outcome::*;
use crate::analysis::channel::size::{Count, Size};
use crate::analysis::channel::team::{Channel, ChannelId};
use crate::analysis::channel::told;
use crate::analysis::channel::verdict::{Fault, Kind};
use crate::analysis::graph::scopes::VarId;
use crate::base::diagnostic::{AnchorPlace, Closable, Remedy};
use crate::base::text::{Span, narrow};
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::closable::common_methods;
use crate::go::types::members::{Lookup, Member};
use crate::go::types::type_expr::Type;
use crate::go::types::underlying::Shape;

/// A greater constant than this is no capacity that a reader would trust.
const MAX_CAPACITY: i64 = 8;

/// Values are looked into this deep for something to release.
const MAX_DEPTH: u32 = 4;

pub fn of(found: &Found, fault: &Fault) -> Option<Remedy> {
    match fault.kind {
        Kind::AbandonedSend => capacity(found, fault),
        Kind::SurplusSenders if fault.member.is_some() => capacity(found, fault),
        Kind::SurplusSenders => Some(Remedy::advice(
            "receive once for each goroutine that is started",
            "how many there are is for a person to count",
        )),
        Kind::DoubleSend => second_send(found, fault),
        Kind::UnclosedRange => close(found, fault),
        Kind::AbandonedReceive => close_stop(found, fault),
        Kind::StuckForever if fault.sends.exceeds(&fault.received) => Some(Remedy::advice(
            "start who receives before the send, or make room for what is sent",
            "which of both is meant, is for a person to say",
        )),
        Kind::KeptPlace => Some(Remedy::advice(
            "give the place back by a `defer` first in the goroutine",
            "the receive that is there has to go",
        )),
        Kind::StuckForever => Some(Remedy::advice(
            "send on it or close it where what is waited for has happened",
            "when that is, is for a person to say",
        )),
    }
}

/// What would let a `Wait` end.
pub fn of_wait(found: &Found, endless: &Endless) -> Remedy {
    let counts = || {
        Remedy::advice(
            "call `Done` once for each that is added, by a `defer` in the goroutine",
            "where one is missing is for a person to say",
        )
    };
    match &endless.why {
        Why::TooFew(..) | Why::Skipped(_) => counts(),
        Why::Missed => Remedy::advice(
            "call `Done` by a `defer` first in the goroutine",
            "the call that is there has to go",
        ),
        Why::Unclosed(channel) => Remedy::advice(
            format!("close `{}` before the `Wait`", found.team.channels[channel.0].name),
            "where all is sent is for a person to say",
        ),
        Why::Blocked(fault) => match capacity(found, fault) {
            Some(Remedy::Capacity { title, at, text, doubt }) => {
                let doubt = doubt.or(Some("the function goes on after the `Wait` then".to_owned()));
                Remedy::Capacity { title, at, text, doubt }
            }
            other => other.unwrap_or_else(counts),
        },
    }
}

/// What the sum of all sends on a channel is, on whichever way sends most.
fn most_sent(found: &Found, channel: ChannelId) -> Size {
    let mut most = Size::ZERO;
    for way in found.ways {
        let own = way.count(Action::Send, channel, |_| true);
        let sum = way.events.iter().fold(own, |sum, event| match event.what {
            What::Start(member) => {
                let each =
                    found.members[member.0].iter().map(|way| way.count(Action::Send, channel, |_| true));
                let each = each.reduce(|a, b| a.or(&b)).unwrap_or(Count::exactly(Size::ZERO));
                sum.plus(&event.count.times(&each))
            }
            _ => sum,
        });
        most = most.greater(&sum.most);
    }
    most
}

fn capacity(found: &Found, fault: &Fault) -> Option<Remedy> {
    let channel = &found.team.channels[fault.channel.0];
    let name = &channel.name;
    let mut workers = found.members.iter().flatten().flat_map(|way| &way.relays);
    let most = match workers.any(|relay| relay.to == fault.channel) {
        true => fault.sends.clone(),
        false => most_sent(found, fault.channel),
    };
    let Some((room, mut doubt)) = room(found, channel, &most) else {
        return Some(Remedy::advice(
            format!("let the sender on `{name}` give up when nobody receives any more"),
            "how much is sent is not known, so no capacity is enough",
        ));
    };
    if channel.capacity.is_some() {
        return Some(Remedy::advice(
            format!("make room for {room} in `{name}`"),
            "it has a capacity, which somebody chose",
        ));
    }
    let element = element(found, channel.element);
    // Of an interface the values that are sent say more.
    let values = found.walk.values.borrow().get(&fault.channel).cloned().unwrap_or_default();
    let interface = matches!(&element, Type::Basic(name) if &**name == "any")
        || matches!(&element, Type::Interface(interface) if interface.methods.is_empty());
    let types = if interface && !values.is_empty() { values } else { vec![element] };
    let held = types.iter().map(|ty| held(found, ty, 0)).find(|held| !matches!(held, Held::Nothing));
    match held.unwrap_or(Held::Nothing) {
        Held::Nothing => {}
        Held::Releasable(what) => {
            return Some(Remedy::advice(
                format!("receive from `{name}` on every way out, and release what comes"),
                format!("in a buffer the {what} that is sent would be lost without being released"),
            ));
        }
        Held::Unknown(why) => doubt = doubt.or(Some(why)),
    }
    let at = place(found.declaration.file.text, channel.make)?;
    if room.contains("len(") && is_renamed(found.frame, "len") {
        return Some(Remedy::advice(format!("make room for {room} in `{name}`"), renamed("len")));
    }
    let doubt = doubt
        .or_else(|| seen(found, fault.channel))
        .or_else(|| owner_waits(found, fault))
        .or_else(|| told::by_others(found, channel));
    Some(Remedy::Capacity {
        title: format!("make room in `{name}` for what is sent: `, {room}`"),
        at,
        text: format!(", {room}"),
        doubt,
    })
}

fn renamed(name: &str) -> String {
    format!("`{name}` is the name of something else here")
}

/// Why a capacity is not all: where a condition starts no goroutine, the owner waits for one.
fn owner_waits(found: &Found, fault: &Fault) -> Option<String> {
    let channel = fault.channel;
    let way = found.ways.iter().find(|way| {
        let waited = way.count(Action::Receive, channel, |guard| *guard == Guard::None).least;
        let sends = |member: &MemberId| {
            let ways = &found.members[member.0];
            ways.iter().any(|way| way.has(Action::Send, channel) || way.has(Action::Close, channel))
        };
        let starts: Vec<&Event> = way
            .events
            .iter()
            .filter(|event| matches!(&event.what, What::Start(member) if sends(member)))
            .collect();
        waited.as_number().is_some_and(|number| number > 0)
            && !starts.is_empty()
            && starts.iter().all(|event| event.count.least == Size::ZERO)
            && !way.uncertain
    })?;
    let at = evidence(found, way.place(Action::Receive, channel)?, String::new());
    Some(format!("where no goroutine is started, the receive in line {} still blocks for good", at.line))
}

/// The capacity as it would be written, and why it needs a look.
fn room(found: &Found, channel: &Channel, most: &Size) -> Option<(String, Option<String>)> {
    if let Some(number) = most.as_number() {
        let fits = (1..=MAX_CAPACITY).contains(&number);
        return fits.then(|| (number.to_string(), None));
    }
    let symbol = most.symbol_in()?;
    let frame = found.frame;
    let counted = symbol.key.starts_with("len(");
    let inner = symbol.key.strip_prefix("len(").and_then(|inner| inner.strip_suffix(')'));
    let path = inner.unwrap_or(&symbol.key);
    // A variable, or a field of what one stands for.
    let mut vars = frame.scopes.vars.iter().enumerate().map(|(at, _)| VarId(narrow(at)));
    let (var, fields) = vars.find_map(|var| {
        let rest = path.strip_prefix(&*format!("{}#0.{}", frame.scopes.info(var).name, var.0))?;
        let plain = rest.is_empty() || rest.starts_with('.') && !rest.contains(['(', '[', '#']);
        plain.then_some((var, rest))
    })?;
    let declared = frame.scopes.uses_of(var).min()?;
    if declared > channel.make.span.start {
        return None;
    }
    let name = format!("{}{fields}", frame.scopes.info(var).name);
    if !fields.is_empty() && is_set_behind(found, fields, channel.make.span) {
        return None;
    }
    if !fields.is_empty() || !frame.is_stable(var) {
        let why = format!("`{name}` may be another one by the time the goroutines are started");
        return Some((most.to_string(), Some(why)));
    }
    let list = matches!(frame.typing.var(var), Some(Type::Slice(_) | Type::Array(_)));
    let doubt = match (counted, list) {
        (true, true) => None,
        (true, false) => Some("only of a slice it is sure that nothing is added meanwhile".to_owned()),
        (false, _) => Some(format!("`{}` must not be negative", symbol.words)),
    };
    Some((most.to_string(), doubt))
}

/// Whether one of these fields of anything gets a value behind the `make`.
fn is_set_behind(found: &Found, fields: &str, make: Span) -> bool {
    let is_one = |target: &Expr| match &target.unparen().kind {
        ExprKind::Selector { field, .. } => fields.split('.').any(|name| *name == *field.name),
        _ => false,
    };
    let mut set = false;
    for body in &found.frame.scopes.bodies {
        visit::body(body.block, &mut |stmt| match &stmt.kind {
            StmtKind::Assign { left, .. } if stmt.span.start > make.start => set |= left.iter().any(is_one),
            StmtKind::IncDec(operand) if stmt.span.start > make.start => set |= is_one(operand),
            _ => {}
        });
    }
    set
}

/// Where the capacity goes: before the bracket.
fn place(text: &[u8], make: &Call) -> Option<u32> {
    let bracket = make.span.end.checked_sub(1)?;
    let last = make.args.last()?.span.end;
    (last == bracket && text.get(bracket as usize) == Some(&b')')).then_some(bracket)
}

/// Why somebody could see that sends are over earlier.
fn seen(found: &Found, channel: ChannelId) -> Option<String> {
    let line = |place: Place| {
        let at = evidence(found, place, String::new());
        format!("line {}", at.line)
    };
    if found.walk.tried.borrow().contains(&channel) {
        return Some("a `select` sends on it, which would choose otherwise".to_owned());
    }
    if found.walk.asked.borrow().contains(&channel) {
        return Some("its length or capacity is asked for".to_owned());
    }
    if let Some(place) = found.ways.iter().find_map(|way| way.place(Action::Send, channel)) {
        return Some(format!("the function itself sends on it in {}", line(place)));
    }
    let started: Vec<MemberId> = found
        .ways
        .iter()
        .flat_map(|way| &way.events)
        .filter_map(|event| if let What::Start(member) = event.what { Some(member) } else { None })
        .collect();
    for (at, ways) in found.members.iter().enumerate() {
        if ways.iter().any(|way| way.has(Action::Receive, channel) || way.has(Action::Range, channel)) {
            return Some("a goroutine receives from it".to_owned());
        }
        if !ways.iter().any(|way| way.has(Action::Send, channel)) {
            continue;
        }
        if !started.contains(&MemberId(at)) {
            return Some("not every way on which a goroutine is started could be followed".to_owned());
        }
        let sends = ways.iter().filter(|way| way.has(Action::Send, channel));
        if let Some((way, works)) = sends.clone().find_map(|way| Some((way, way.works?))) {
            let file = way.place(Action::Send, channel)?.file;
            let at = line(Place { file, span: works });
            return Some(format!(
                "the goroutine goes on after the send, in {at}, without waiting for a receiver"
            ));
        }
        let others = |event: &&Event| {
            matches!(event.what, What::Operation { channel: other, .. } if other != channel)
                || matches!(event.what, What::Join(_))
        };
        // What a loop does before it sends comes after the send of the iteration before.
        let after = |way: &Way| {
            let once = way
                .events
                .iter()
                .all(|event| !event.is(Action::Send, channel) || event.count.most == Size::ONE);
            let sent = |event: &&Event| !once || event.is(Action::Send, channel);
            way.events.iter().skip_while(|event| !sent(event)).find(others).map(|event| event.at)
        };
        if let Some(place) = sends.into_iter().find_map(after) {
            let at = line(place);
            return Some(format!("the goroutine uses another channel after the send, in {at}"));
        }
    }
    None
}

/// The type of what is sent. One of the function's own has no methods, so that it is what it is made of:
/// `type result struct { … }`.
fn element(found: &Found, ty: &Expr) -> Type {
    let typing = found.frame.typing;
    let mut names = Vec::new();
    visit::expr(ty, &mut |part| names.extend(part.as_ident().map(|ident| ident.name.clone())));
    let mut own: Vec<&Expr> = Vec::new();
    for body in &found.frame.scopes.bodies {
        visit::body(body.block, &mut |stmt| {
            if let StmtKind::Type(declared) = &stmt.kind {
                own.extend(
                    declared.iter().filter(|spec| names.contains(&spec.name.name)).map(|spec| &spec.ty),
                );
            }
        });
    }
    let named = match &ty.unparen().kind {
        ExprKind::Pointer(pointed) => pointed.as_ident(),
        _ => ty.as_ident(),
    };
    let of_package = |ident: &Ident| typing.file.package.has_type(&ident.name);
    match own.as_slice() {
        [] => typing.database.type_of(&typing.file, ty),
        [only] if named.is_some_and(|ident| !of_package(ident)) => {
            typing.database.type_of(&typing.file, only)
        }
        _ => Type::unknown("a type of the function's own has the same name"),
    }
}

/// Whether a value has something to release.
enum Held {
    Nothing,
    Releasable(String),
    Unknown(String),
}

fn held(found: &Found, ty: &Type, depth: u32) -> Held {
    let database = found.declaration.database;
    let unknown = |what: &str| Held::Unknown(format!("whether {what} has to be released is not known"));
    if depth > MAX_DEPTH {
        return unknown("a part of the value");
    }
    match ty {
        Type::Basic(name) if &**name == "any" => return unknown("what is sent as `any`"),
        Type::Basic(_) | Type::Nil => return Held::Nothing,
        Type::Slice(inner) | Type::Array(inner) => return held(found, inner, depth + 1),
        Type::Map(key, value) => {
            return match held(found, key, depth + 1) {
                Held::Nothing => held(found, value, depth + 1),
                other => other,
            };
        }
        Type::Func(_) => return unknown("what a function in what is sent stands for"),
        Type::Chan(_) => return unknown("who waits on a channel that is sent"),
        Type::Unknown(_) | Type::TypeParam(_) => return unknown("a value of its type"),
        _ => {}
    }
    // A release that does nothing today may do something tomorrow.
    let has = |name: &str| matches!(database.find_member(ty, name), Lookup::Member(Member::Method(_)));
    if common_methods().iter().any(|method| has(&method.name)) {
        return Held::Releasable(format!("`{ty}`"));
    }
    // A message of protobuf is data, whatever it has for its own reflection.
    if has("ProtoReflect") {
        return Held::Nothing;
    }
    match database.closable(ty, &common_methods()).closable {
        Closable::By(_) => return Held::Releasable(format!("`{ty}`")),
        Closable::Unknown(_) => return unknown(&format!("a `{ty}`")),
        Closable::Nothing(_) => {}
    }
    match database.shape(ty.pointee()) {
        Shape::Struct(declared) => {
            let ExprKind::Struct(fields) = &declared.spec.spec().ty.unparen().kind else {
                return Held::Nothing;
            };
            for field in fields {
                match held(found, &database.type_with(&declared.scope, &declared.bound, &field.ty), depth + 1)
                {
                    Held::Nothing => {}
                    other => return other,
                }
            }
            Held::Nothing
        }
        Shape::Plain(Type::Struct(fields)) => {
            let parts = fields.iter().map(|field| held(found, &field.ty, depth + 1));
            parts.into_iter().find(|part| !matches!(part, Held::Nothing)).unwrap_or(Held::Nothing)
        }
        Shape::Plain(inner) if inner != *ty.pointee() => held(found, &inner, depth + 1),
        Shape::Plain(Type::Named(_) | Type::Interface(_)) | Shape::Interface(_) => {
            unknown(&format!("a `{ty}`"))
        }
        Shape::Plain(_) => Held::Nothing,
    }
}

/// `return` after the first of two sends.
fn second_send(found: &Found, fault: &Fault) -> Option<Remedy> {
    let none =
        || Some(Remedy::advice("send once on every way through the goroutine", "two sends, one receive"));
    let member = fault.member?;
    let double = found.members[member.0]
        .iter()
        .find(|way| way.events.iter().filter(|event| event.is(Action::Send, fault.channel)).count() == 2);
    let Some(first) = double.and_then(|way| way.place(Action::Send, fault.channel)).filter(|at| at.file == 0)
    else {
        return none();
    };
    let mut last_of_branch = None;
    for body in &found.frame.scopes.bodies {
        visit::body(body.block, &mut |stmt| {
            if let StmtKind::If(branch) = &stmt.kind
                && let Some(last) = branch.then.stmts.last()
                && last.span == first.span
                && body.signature.results.is_empty()
                && branch.otherwise.is_none()
            {
                last_of_branch = Some(last.span);
            }
        });
    }
    let Some(send) = last_of_branch else { return none() };
    Some(Remedy::Lines {
        title: "insert the missing `return` after the first send".to_owned(),
        place: AnchorPlace::After(send),
        lines: vec!["return".to_owned()],
        doubt: Some("what follows in the goroutine is left out then".to_owned()),
    })
}

/// Whether anybody closes a channel, on any way.
pub fn is_closed_somewhere(found: &Found, channel: ChannelId) -> bool {
    let members = found.members.iter().flatten();
    members.chain(found.ways).any(|way| way.has(Action::Close, channel))
}

fn close(found: &Found, fault: &Fault) -> Option<Remedy> {
    let channel = &found.team.channels[fault.channel.0];
    let name = &channel.name;
    if is_closed_somewhere(found, fault.channel) {
        return Some(closing::on_the_others(found, fault));
    }
    if is_renamed(found.frame, "close") {
        return Some(Remedy::advice(format!("close `{name}` when all is sent"), renamed("close")));
    }
    let sends = |way: &Way| way.has(Action::Send, fault.channel);
    let senders: Vec<usize> =
        (0..found.members.len()).filter(|at| found.members[*at].iter().any(sends)).collect();
    let owner_sends = found.ways.iter().any(sends);
    if senders.is_empty() {
        let doubt = after_range(found, fault.channel).or_else(|| plainly_received(found, fault.channel));
        return Some(close_in_owner(found, channel, doubt));
    }
    if let ([sender], false, None) = (senders.as_slice(), owner_sends, fault.member)
        && let Some(body) = literal_of(found, MemberId(*sender))
    {
        let once = found.ways.iter().all(|way| {
            let starts = way.events.iter().filter(|event| event.what == What::Start(MemberId(*sender)));
            starts.clone().count() <= 1 && starts.into_iter().all(|event| event.count == Count::once())
        });
        return Some(Remedy::Lines {
            title: format!("insert `defer close({name})` first in the goroutine that sends"),
            place: AnchorPlace::Start(body),
            lines: vec![format!("defer close({name})")],
            doubt: (!once)
                .then(|| "the goroutine may be started more than once".to_owned())
                .or_else(|| plainly_received(found, fault.channel)),
        });
    }
    if fault.member.is_some() {
        return Some(close_in_owner(
            found,
            channel,
            Some("a goroutine sends on it: it must be over before".to_owned()),
        ));
    }
    Some(Remedy::advice(
        format!("close `{name}` once all goroutines that send have ended"),
        "when that is, is for a person to say",
    ))
}

/// What the goroutines that range do afterwards, which they never did so far.
fn after_range(found: &Found, channel: ChannelId) -> Option<String> {
    let joins =
        found.ways.iter().flat_map(|way| &way.events).any(|event| matches!(event.what, What::Join(_)));
    let waits = || "something is waited for, which may not be over before the close".to_owned();
    goes_on(found, channel).or_else(|| joins.then(waits))
}

fn close_in_owner(found: &Found, channel: &Channel, doubt: Option<String>) -> Remedy {
    let name = &channel.name;
    if found.team.in_loop {
        return Remedy::advice(
            format!("close `{name}` at the end of each iteration"),
            "a `defer` would wait for the end of the function",
        );
    }
    Remedy::Lines {
        title: format!("insert `defer close({name})`"),
        place: AnchorPlace::After(channel.statement),
        lines: vec![format!("defer close({name})")],
        doubt,
    }
}

/// `defer cancel()`
fn cancel(found: &Found, channel: &Channel, cancel: Option<&Ident>) -> Remedy {
    match cancel.filter(|_| !found.team.in_loop) {
        Some(cancel) => Remedy::Lines {
            title: format!("insert `defer {}()`", cancel.name),
            place: AnchorPlace::After(channel.statement),
            lines: vec![format!("defer {}()", cancel.name)],
            doubt: Some("the goroutine goes on when the context is cancelled".to_owned()),
        },
        None => Remedy::advice("cancel the context on every way out", "nothing holds what cancels it"),
    }
}

fn close_stop(found: &Found, fault: &Fault) -> Option<Remedy> {
    let channel = &found.team.channels[fault.channel.0];
    if let Some(held) = channel.context {
        return Some(cancel(found, channel, held));
    }
    let name = &channel.name;
    if is_renamed(found.frame, "close") {
        return Some(Remedy::advice(format!("close `{name}` on every way out"), renamed("close")));
    }
    if is_closed_somewhere(found, fault.channel) {
        return Some(closing::on_the_others(found, fault));
    }
    if found.walk.lasting.borrow().contains(&(Action::Receive, fault.channel)) {
        return Some(Remedy::advice(
            format!("let the goroutine range over `{name}`, and close it on every way out"),
            "closed as it is, the loop would go on without an end, with zero values",
        ));
    }
    if found.members.iter().flatten().any(|way| way.has(Action::Send, fault.channel)) {
        return Some(Remedy::advice(
            format!("start the goroutine only where something is sent on `{name}`"),
            "goroutines send on it: closed under them, they panic",
        ));
    }
    Some(close_in_owner(found, channel, Some("the goroutine goes on when the channel is closed".to_owned())))
}

/// The body of the function literal that a member runs.
pub fn literal_of(found: &Found, member: MemberId) -> Option<Span> {
    let at = found.walk.members.borrow()[member.0].at;
    let inside = |body: &&crate::analysis::graph::scopes::Body| at.span.contains(body.block.span);
    let bodies = found.frame.scopes.bodies.iter().filter(inside);
    (at.file == 0)
        .then(|| bodies.max_by_key(|body| body.block.span.end - body.block.span.start))
        .flatten()
        .map(|body| body.block.span)
}
