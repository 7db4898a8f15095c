//! Groups of goroutines that are waited for: waits that can never end, as too few goroutines say that they
//! are done, one of them leaves without a word, or they wait themselves for what comes after the wait.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use crate::analysis::channel::outcome::*;
use crate::analysis::channel::size::{Count, Size};
use crate::analysis::channel::team::ChannelId;
use crate::analysis::channel::verdict::{Case, Fault};
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{Scopes, VarId, VarOrigin};
use crate::base::text::narrow;
use crate::go::facts::names;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::type_expr::Type;

/// What the rule is called.
pub const KIND: &str = "waitgroup-imbalance";

/// The groups that a declaration makes, by their variables.
pub fn made(scopes: &Scopes, typing: &Typing) -> FxHashMap<VarId, GroupId> {
    let called = called_as_group(scopes);
    let is_group = |var: &VarId| {
        let info = scopes.info(*var);
        let own = match &info.origin {
            VarOrigin::Declared { ty } => !matches!(ty.unparen().kind, ExprKind::Pointer(_)),
            VarOrigin::Value { value, of: 1, .. } => makes(value),
            // Beside another value, which may hold it, only what is known to make it: a context holds none.
            VarOrigin::Value { value, .. } => value.as_call().is_some_and(|call| {
                let (ty, maker) = (typing.var(*var), typing.name(&call.function));
                let home = ty.as_ref().and_then(Type::named).map(|named| &*named.package);
                maker.is_some_and(|(package, _)| home == Some(&*package))
            }),
            _ => false,
        };
        own && called.contains(var)
            && scopes.assigned(*var).len() <= 1
            && typing.var(*var).is_some_and(|ty| {
                ty.named().is_some_and(|named| {
                    let starts = format!("{}.Go", named.name);
                    names::types().counters.holds(&named.package, &named.name)
                        || names::functions().runs_in_group.holds(&named.package, &starts)
                })
            })
    };
    let vars = (0..scopes.vars.len()).map(|at| VarId(narrow(at))).filter(is_group);
    vars.enumerate().map(|(at, var)| (var, GroupId(at))).collect()
}

/// The variables of which a method is called that has the name of a group's: the types of all others need not
/// be known.
fn called_as_group(scopes: &Scopes) -> BTreeSet<VarId> {
    let mut found = BTreeSet::new();
    for body in &scopes.bodies {
        visit::block(body.block, &mut |expr| {
            if let ExprKind::Selector { operand, field } = &expr.kind
                && matches!(&*field.name, "Add" | "Done" | "Wait" | "Go" | "TryGo")
                && let Some(ident) = operand.as_ident()
            {
                found.extend(scopes.var(ident));
            }
        });
    }
    found
}

/// The groups that statements of this list declare.
pub fn declared(scopes: &Scopes, groups: &FxHashMap<VarId, GroupId>, list: &[Stmt]) -> BTreeSet<GroupId> {
    let declares = |at: u32| {
        list.iter().any(|stmt| {
            matches!(stmt.kind, StmtKind::Var(_) | StmtKind::Define { .. })
                && (stmt.span.start..stmt.span.end).contains(&at)
        })
    };
    let own = groups.iter().filter(|(var, _)| scopes.uses_of(**var).min().is_some_and(declares));
    own.map(|(_, group)| *group).collect()
}

/// Whether an expression makes what it is: `T{}`, `&T{}`, `new(T)`, `T.New(…)`.
fn makes(value: &Expr) -> bool {
    match &value.unparen().kind {
        ExprKind::Composite { .. } | ExprKind::Call(_) => true,
        ExprKind::AddressOf(operand) => matches!(operand.unparen().kind, ExprKind::Composite { .. }),
        _ => false,
    }
}

/// A wait that never ends.
pub struct Endless {
    pub group: GroupId,
    pub wait: Place,
    /// Where the reason for it stands, and what it is.
    pub place: Place,
    pub why: Why,
}

pub enum Why {
    /// So many are added, and at most so many say `Done`.
    TooFew(Size, Size),
    /// A way through a goroutine ends without `Done`.
    Missed,
    /// So many are added, and some iterations start no goroutine.
    Skipped(Size),
    /// A goroutine waits for what is received after the wait.
    Blocked(Fault),
    /// A goroutine ranges over what is not closed before the wait.
    Unclosed(ChannelId),
}

/// The waits for these groups, on the owner's ways, that can never end, at most one a place. `members` is
/// where the goroutines are started.
pub fn endless(case: &Case, ways: &[Way], groups: &BTreeSet<GroupId>, members: &[Place]) -> Vec<Endless> {
    let mut found: Vec<Endless> = Vec::new();
    let mut seen: BTreeSet<Place> = BTreeSet::new();
    for way in ways.iter().filter(|way| !way.uncertain) {
        for (at, event) in way.events.iter().enumerate() {
            let What::Join(Some(group)) = event.what else { continue };
            if event.at.file != 0
                || !groups.contains(&group)
                || !(case.known)(group)
                || seen.contains(&event.at)
            {
                continue;
            }
            let before = Way { events: way.events[..at].to_vec(), ..way.clone() };
            if let Some((place, why)) = judge(case, &before, group, members) {
                seen.insert(event.at);
                found.push(Endless { group, wait: event.at, place, why });
            }
        }
    }
    found
}

/// Why a wait for a group at the end of this way never ends.
fn judge(case: &Case, before: &Way, group: GroupId, members: &[Place]) -> Option<(Place, Why)> {
    let started = case.started(before);
    // Who counts up as well may do so as often as it likes.
    let counts_up =
        |member: &MemberId| case.members[member.0].iter().any(|way| has(&way.events, &What::Add(group)));
    if started.keys().any(counts_up) {
        return None;
    }
    let since = Way { events: since_last_wait(&before.events, group).to_vec(), ..before.clone() };
    let started = case.started(&since);
    let added = counted(&since.events, &What::Add(group));
    let each = |member: &MemberId| {
        let ways = case.members[member.0].iter().map(|way| way.done(group));
        ways.reduce(|a, b| a.or(&b)).unwrap_or(Count::exactly(Size::ZERO))
    };
    // Who was started before that and calls `Done` for whatever comes may do so now.
    let goes_on =
        |member: &MemberId| !started.contains_key(member) && each(member).most.as_number().is_none();
    if case.started(before).keys().any(goes_on) {
        return None;
    }
    let own = since.done(group);
    let done = started.iter().fold(own.clone(), |sum, (member, count)| sum.plus(&count.times(&each(member))));
    let first = since.events.iter().find(|event| event.what == What::Add(group))?.at;
    if is_surely_more(&added.least, &done.most) {
        return Some((first, Why::TooFew(added.least, done.most)));
    }
    let in_it: Vec<_> = started.iter().filter(|(member, _)| each(member).most != Size::ZERO).collect();
    let once = |member: &MemberId| case.members[member.0].iter().any(|way| way.done(group) == Count::once());
    let expected = in_it.iter().fold(Count::exactly(Size::ZERO), |sum, (_, count)| sum.plus(count));
    if own.most == Size::ZERO && in_it.iter().all(|(member, _)| once(member)) {
        if let [(member, count)] = in_it.as_slice()
            && skips(&added, count)
            && case.members[member.0].iter().all(|way| way.done(group) == Count::once())
        {
            return Some((members[member.0], Why::Skipped(added.least)));
        }
        let silent = |way: &&Way| {
            matches!(way.end, End::Falls | End::Return(_))
                && way.done(group).most == Size::ZERO
                && !way.uncertain
                && way.agrees(before)
                && !way.events.iter().any(|event| matches!(event.what, What::Operation { .. }))
        };
        let missed = |(member, _): &(&MemberId, &Count)| {
            let way = case.members[member.0].iter().find(silent)?;
            let at = members[member.0];
            Some(match way.end {
                End::Return(span) => Place { span, ..at },
                _ => at,
            })
        };
        if let Some(place) = in_it.iter().find_map(missed).filter(|_| added == expected) {
            return Some((place, Why::Missed));
        }
    }
    (0..case.capacities.len())
        .map(ChannelId)
        .filter(|channel| (case.closed)(*channel))
        .find_map(|channel| {
            let fault = case.unanswered_on(before, channel)?;
            let member = fault.member.filter(|member| started.contains_key(member))?;
            let waits = |way: &Way| {
                let send = way.events.iter().rposition(|event| event.is(Action::Send, channel));
                let done = way.events.iter().rposition(|event| event.what == What::Done(group));
                matches!((send, done), (Some(send), Some(done)) if send < done)
            };
            // One that sends at all, if only an error, is enough.
            let mut sending = case.members[member.0].iter().filter(|way| way.has(Action::Send, channel));
            sending.all(waits).then_some((fault.blocked, Why::Blocked(fault)))
        })
        .or_else(|| unclosed(case, before, group))
}

/// What happens after an earlier wait for the group: all that was before that one is settled.
fn since_last_wait(events: &[Event], group: GroupId) -> &[Event] {
    let waits =
        |event: &Event| event.what == What::Join(Some(group)) && event.count.least.floor() != Size::ZERO;
    events.iter().rposition(waits).map_or(events, |at| &events[at + 1..])
}

/// A goroutine of the group that ranges over what is closed after the wait, if at all.
fn unclosed(case: &Case, before: &Way, group: GroupId) -> Option<(Place, Why)> {
    let started = case.started(before);
    let all = || started.keys().flat_map(|member| &case.members[member.0]);
    let channels = (0..case.capacities.len()).map(ChannelId).filter(|channel| (case.closed)(*channel));
    channels.into_iter().find_map(|channel| {
        let closed = before.has(Action::Close, channel) || (case.lasts)(Action::Close, channel);
        // Where nobody closes it at all, that is what is told.
        let later = case.ways.iter().any(|way| way.has(Action::Close, channel));
        if closed || !later || all().any(|way| way.has(Action::Close, channel)) {
            return None;
        }
        let waits = |way: &Way| {
            let range = way.events.iter().position(|event| event.is(Action::Range, channel));
            let done = way.events.iter().position(|event| event.what == What::Done(group));
            // Once for the goroutine: in the loop it is done with an item.
            let once = way.done(group) == Count::once();
            once && matches!((range, done), (Some(range), Some(done)) if range < done)
        };
        let ranging = |member: &&MemberId| {
            let ways = &case.members[member.0];
            !ways.is_empty() && ways.iter().all(waits)
        };
        let member = started.keys().find(ranging)?;
        let place = case.members[member.0][0].place(Action::Range, channel)?;
        Some((place, Why::Unclosed(channel)))
    })
}

fn has(events: &[Event], what: &What) -> bool {
    events.iter().any(|event| event.what == *what)
}

/// Whether as many are added as there are iterations, of which some start none.
fn skips(added: &Count, started: &Count) -> bool {
    let items = started.most.as_symbol().is_some_and(|symbol| symbol.key.starts_with("len("));
    items && started.least == Size::ZERO && *added == Count::exactly(started.most.clone())
}

/// Whether more are added than are ever done: of two counts the same way, or of as many as there are items
/// against a number.
fn is_surely_more(added: &Size, done: &Size) -> bool {
    let items = |size: &Size| size.as_symbol().is_none_or(|symbol| symbol.key.starts_with("len("));
    // A number above one is one that somebody has counted, maybe the same items.
    let few = |number: i64| number < 2 && items(added);
    let related = added.as_number().is_some() || done.as_number().is_none_or(few);
    *added != Size::Any && added.exceeds(done) && related
}
