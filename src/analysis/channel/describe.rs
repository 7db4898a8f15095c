//! A fault -> what is said of it: the sentence, the places, the notes.

use crate::analysis::channel::ahead::Ahead;
use crate::analysis::channel::findings::{Found, evidence};
use crate::analysis::channel::groups::{Endless, Why};
use crate::analysis::channel::outcome::*;
use crate::analysis::channel::remedy;
use crate::analysis::channel::size::Size;
use crate::analysis::channel::team::ChannelId;
use crate::analysis::channel::verdict::{Fault, Kind};
use crate::analysis::detection::{Declaration, Detection};
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::BodyId;
use crate::base::diagnostic::{Note, Remedy};
use crate::base::text::Span;
use crate::go::syntax::ast::FuncDecl;

/// The kind of a detection that is no fault: the verdict on a channel that a goroutine uses.
pub const VERDICT: &str = "channel";

/// Ways out that are listed.
const MAX_EXITS: usize = 3;

pub fn detection(found: &Found, fault: &Fault, func: Option<&FuncDecl>, remedy: Option<Remedy>) -> Detection {
    let channel = &found.team.channels[fault.channel.0];
    let name = &channel.name;
    let exits = exits(found, fault);
    let on = match exits.first() {
        Some(first) if fault.member.is_some() => format!(" once {}", first.1),
        _ => String::new(),
    };
    // Whoever is in it then, is stuck before any way out.
    let exits = if fault.kind == Kind::KeptPlace { Vec::new() } else { exits };
    let message = match (fault.kind, fault.member.is_some()) {
        (Kind::AbandonedSend, _) => format!("a goroutine blocks for good in its send on `{name}`{on}"),
        (Kind::SurplusSenders, true) => format!(
            "more is sent on {} than is received ({} to {}): goroutines block for good{on}",
            together(found, fault),
            fault.sends,
            fault.received
        ),
        (Kind::SurplusSenders, false) => format!(
            "`{name}` is received from {} times, and some iterations start no goroutine that sends: the \
             receive blocks for good",
            fault.received
        ),
        (Kind::DoubleSend, _) => {
            format!("one way through the goroutine sends twice on `{name}`: the second send blocks for good")
        }
        (Kind::UnclosedRange, true) => {
            format!("a goroutine ranges over `{name}`, which nobody closes{on}: it never ends")
        }
        (Kind::UnclosedRange, false) if is_closed_later(found, fault) => {
            format!("`{name}` is closed only behind the loop that ranges over it: the loop never ends")
        }
        (Kind::UnclosedRange, false) if remedy::is_closed_somewhere(found, fault.channel) => {
            format!("`{name}` is ranged over and not closed on every way: the loop may never end")
        }
        (Kind::UnclosedRange, false) => {
            format!("`{name}` is ranged over and nobody closes it: the loop never ends")
        }
        (Kind::StuckForever, _) if fault.sends.exceeds(&fault.received) => format!(
            "this is send number {} on `{name}`, and {} can be received or held before: the send never ends",
            fault.sends, fault.received
        ),
        (Kind::StuckForever, _) if fault.sends != Size::ZERO => format!(
            "`{name}` is received from {} times, and {} can be sent before: the receive never ends",
            fault.received, fault.sends
        ),
        (Kind::StuckForever, _) => {
            format!("`{name}` is received from, and nobody sends on it or closes it: the receive never ends")
        }
        (Kind::KeptPlace, _) => format!(
            "one way through the goroutine gives back no place in `{name}`: once as many have gone it as \
             there are places, the send blocks for good"
        ),
        (Kind::AbandonedReceive, _) if channel.context.is_some() => {
            format!("a goroutine waits for good on `{name}`{on}: nobody cancels the context")
        }
        (Kind::AbandonedReceive, _)
            if found.walk.lasting.borrow().contains(&(Action::Receive, fault.channel)) =>
        {
            format!(
                "a goroutine waits for good on `{name}`{on}: nobody sends any more, and its loop has no end"
            )
        }
        (Kind::AbandonedReceive, _) => {
            format!("a goroutine waits for good on `{name}`{on}: nobody sends or closes")
        }
    };
    let mut labels = vec![evidence(found, fault.blocked, blocked(fault))];
    if let Some(member) = fault.member {
        let at = found.walk.members.borrow()[member.0].at;
        labels.push(evidence(found, at, "the goroutine is started here".to_owned()));
    }
    if fault.member.is_some() {
        let left = exits
            .iter()
            .take(MAX_EXITS)
            .map(|(span, words)| evidence(found, Place { file: 0, span: *span }, words.clone()));
        labels.extend(left);
    }
    let detection = Detection::new(fault.kind.word(), channel.make.span, "made here", message);
    Detection { remedy, ..detection.with_labels(labels).with_notes(notes(found, func)) }
}

/// A goroutine that never comes to its send, as what it waits for before is over only in a later line.
pub fn ahead(found: &Found, fault: &Fault, held: &Ahead, func: Option<&FuncDecl>) -> Detection {
    let channel = &found.team.channels[fault.channel.0];
    let line = |span: Span| found.declaration.file.lines.line(span.start);
    let (wait, end) = (line(held.wait), line(held.end));
    let out = exits(found, fault);
    let on = out.first().map(|(_, words)| format!(" once {words}")).unwrap_or_default();
    let message = format!(
        "a goroutine waits for good in line {wait}, before its send on `{}`{on}: what would end that \
         comes later, in line {end}",
        channel.name
    );
    let place = |span: Span, words: &str| evidence(found, Place { file: 0, span }, words.to_owned());
    let mut labels = vec![place(held.wait, "it waits here"), place(held.end, "what would end that")];
    labels.extend(out.iter().take(MAX_EXITS).map(|(span, words)| place(*span, words)));
    let remedy = Remedy::advice(
        format!("let what line {end} does come on every way out, by a `defer` before them"),
        format!("room in `{}` would free nobody who waits in line {wait}", channel.name),
    );
    let detection = Detection::new(fault.kind.word(), channel.make.span, "made here", message);
    detection.with_labels(labels).with_notes(notes(found, func)).with_remedy(remedy)
}

/// The channels that are counted, as a person would list them.
fn together(found: &Found, fault: &Fault) -> String {
    let named = |channel: &ChannelId| format!("`{}`", found.team.channels[channel.0].name);
    match fault.together.split_last() {
        Some((last, rest)) => {
            let rest: Vec<String> = rest.iter().map(named).collect();
            format!("{} and {} together", rest.join(", "), named(last))
        }
        None => named(&fault.channel),
    }
}

/// A `Wait` that never ends.
pub fn wait(found: &Found, endless: &Endless, func: &FuncDecl, remedy: Remedy) -> Detection {
    let frame = found.frame;
    let named = frame.groups.iter().find(|(_, group)| **group == endless.group);
    let name = named.map_or("the group", |(var, _)| &*frame.scopes.info(*var).name);
    let (why, words) = match &endless.why {
        Why::TooFew(added, done) if done.as_number() == Some(0) => {
            (format!("{added} added, and nobody calls `{name}.Done` before"), "added here")
        }
        Why::TooFew(added, done) => {
            (format!("{added} added, and `{name}.Done` is called {done} times at most before"), "added here")
        }
        Why::Skipped(added) => (
            format!("{added} added, and some iterations start no goroutine that calls `{name}.Done`"),
            "not in each iteration",
        ),
        Why::Missed => (format!("a way through the goroutine does not call `{name}.Done`"), "this way"),
        Why::Unclosed(channel) => {
            let channel = &found.team.channels[channel.0].name;
            (
                format!("a goroutine of `{name}` ranges over `{channel}`, which is not closed before"),
                "this loop never ends",
            )
        }
        Why::Blocked(fault) => {
            let channel = &found.team.channels[fault.channel.0].name;
            (
                format!("a goroutine of `{name}` waits for somebody to receive from `{channel}`"),
                "this send blocks",
            )
        }
    };
    let message = format!("`{name}.Wait` blocks for good: {why}");
    Detection::new(super::groups::KIND, endless.wait.span, "never ends", message)
        .with_labels([evidence(found, endless.place, words.to_owned())])
        .with_notes(notes(found, Some(func)))
        .with_remedy(remedy)
}

/// The verdict on a channel, for `audit`.
pub fn row(make: Span, verdict: &str, why: String) -> Detection {
    Detection::new(VERDICT, make, verdict, why)
}

/// Whether the owner closes a channel, and only after its own loop over it.
fn is_closed_later(found: &Found, fault: &Fault) -> bool {
    let mut closes = found.members.iter().flatten().chain(found.ways);
    let after = |way: &Way| {
        let of = |action| way.events.iter().position(|event| event.is(action, fault.channel));
        matches!((of(Action::Range), of(Action::Close)), (Some(range), Some(close)) if range < close)
    };
    found.ways.iter().any(after) && closes.all(|way| !way.has(Action::Close, fault.channel) || after(way))
}

fn blocked(fault: &Fault) -> String {
    match fault.kind {
        Kind::AbandonedSend | Kind::DoubleSend | Kind::KeptPlace => "this send blocks",
        Kind::SurplusSenders if fault.member.is_some() => "this send blocks",
        Kind::UnclosedRange => "this loop never ends",
        Kind::StuckForever if fault.sends.exceeds(&fault.received) => "this send blocks",
        Kind::AbandonedReceive | Kind::SurplusSenders | Kind::StuckForever => "this receive blocks",
    }
    .to_owned()
}

/// The ways out with the words for them.
fn exits(found: &Found, fault: &Fault) -> Vec<(Span, String)> {
    let last = found.team.statements.last().map_or(Span::default(), |stmt| stmt.span);
    let end = Span { start: last.end.saturating_sub(1), end: last.end };
    let mut all: Vec<(Span, String)> = Vec::new();
    for exit in &fault.exits {
        let line = |span: Span| found.declaration.file.lines.line(span.start);
        let (span, words) = match exit {
            End::Falls if found.team.whole => (end, "the function has ended".to_owned()),
            End::Falls => (end, "the block is left".to_owned()),
            End::Return(span) => (*span, format!("the function has returned in line {}", line(*span))),
            End::Panic(span) => {
                let test = found.declaration.file.scope.is_test();
                let words = if test { "panicked or ended the test" } else { "panicked" };
                (*span, format!("line {} has {words}", line(*span)))
            }
            End::Break(_, span) => (*span, format!("the loop is left in line {}", line(*span))),
            End::Continue(_, span) => (*span, format!("the next iteration begins in line {}", line(*span))),
        };
        if !all.iter().any(|(known, _)| *known == span) {
            all.push((span, words));
        }
    }
    all.sort();
    all
}

fn notes(found: &Found, func: Option<&FuncDecl>) -> Vec<Note> {
    func.map(|func| weight(found.declaration, found.frame.typing, found.team.body, func)).unwrap_or_default()
}

/// How often what stands in a body of a function happens, where that can be told.
pub fn weight(declaration: &Declaration, typing: &Typing, body: BodyId, func: &FuncDecl) -> Vec<Note> {
    let Some(request) = declaration.summaries.requests.of(typing, body, func) else { return Vec::new() };
    let words = match request.handler {
        Some(handler) => format!("{} runs once a request, called by {handler}", request.what),
        None => format!("{} runs once a request", request.what),
    };
    vec![Note { id: "per-request", words, home: None }]
}
