//! A declaration -> the verdict on each channel that it makes, with what proves it and what would mend it.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::analysis::channel::describe::VERDICT;
use crate::analysis::channel::findings::Found;
use crate::analysis::channel::frame::{Frame, mutated};
use crate::analysis::channel::outcome::*;
use crate::analysis::channel::size::Size;
use crate::analysis::channel::state::Walk;
use crate::analysis::channel::team::{Channel, ChannelId, Team, context_made, teams};
use crate::analysis::channel::verdict::{Case, Fault, Kind};
use crate::analysis::channel::{
    ahead, describe, endless, generator, groups, handler, process, remedy, stopped, stuck, unanswered, worker,
};
use crate::analysis::detection::{Declaration, Detection, Function, TOO_MANY_WAYS};
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, Scopes, VarId};
use crate::base::text::Span;
use crate::go::project::package::is_test;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;

/// The verdict on one channel.
#[derive(Debug)]
pub struct Judged {
    pub make: Span,
    /// What is wrong with it.
    pub detection: Option<Detection>,
    /// What `audit` says of it.
    pub row: Option<Detection>,
}

/// Finds what goes by something else than the channels that a function makes.
struct Finder {
    kind: &'static str,
    find: fn(&Function) -> Vec<Detection>,
    /// Tests are of interest, too.
    in_tests: bool,
    /// What runs once in the life of the process leaves nothing that would not end with it.
    ends_with_process: bool,
}

const FINDERS: [Finder; 7] = [
    Finder { kind: worker::KIND, find: worker::detect, in_tests: true, ends_with_process: true },
    Finder { kind: stuck::KIND, find: stuck::detect, in_tests: true, ends_with_process: true },
    Finder { kind: unanswered::KIND, find: unanswered::detect, in_tests: false, ends_with_process: true },
    Finder { kind: stopped::KIND, find: stopped::detect, in_tests: false, ends_with_process: true },
    Finder { kind: endless::KIND, find: endless::detect, in_tests: false, ends_with_process: true },
    Finder {
        kind: Kind::AbandonedSend.word(),
        find: generator::detect,
        in_tests: false,
        ends_with_process: false,
    },
    // A handler may be a function literal in `main`.
    Finder { kind: handler::KIND, find: handler::detect, in_tests: false, ends_with_process: false },
];

/// What is wrong with the channels that a declaration makes.
pub fn detect(declaration: &Declaration) -> Vec<Detection> {
    let judged =
        judge(declaration).into_iter().flat_map(|judged| judged.detection.into_iter().chain(judged.row));
    let mut found: Vec<Detection> =
        judged.filter(|one| one.kind == VERDICT || declaration.wants(one.kind)).collect();
    if declaration.wants(groups::KIND) || declaration.wants(Kind::AbandonedReceive.word()) {
        found.extend(waits(declaration));
    }
    for one in by_finders(declaration) {
        found.push(describe::row(one.span, one.kind, one.message.clone()));
        found.push(one);
    }
    found
}

/// What the finders find, each in the order of the text.
fn by_finders(declaration: &Declaration) -> Vec<Detection> {
    let in_test = declaration.file.scope.is_test();
    let wanted: Vec<&Finder> = FINDERS
        .iter()
        .filter(|finder| declaration.wants(finder.kind) && (finder.in_tests || !in_test))
        .collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    declaration.in_function(|function| {
        let mut all = Vec::new();
        for finder in wanted {
            let mut found = (finder.find)(function);
            if !found.is_empty()
                && finder.ends_with_process
                && process::runs_once(declaration.database, &declaration.file.scope.package, function.func)
            {
                continue;
            }
            found.sort_by_key(|one| one.span);
            found.dedup_by_key(|one| one.span);
            all.append(&mut found);
        }
        all
    })
}

/// Judges the channels that a declaration makes.
pub fn judge(declaration: &Declaration) -> Vec<Judged> {
    let scope = declaration.file.scope;
    let (scopes, func) = match declaration.decl {
        Decl::Func(func) => (Scopes::of_func(func), Some(&**func)),
        Decl::Vars(specs) => (Scopes::of_vars(specs), None),
        _ => return Vec::new(),
    };
    let typing = Typing::new(declaration.database, scope.clone(), &scopes);
    let found = teams(&scopes, &typing, &|_| false);
    if found.is_empty() {
        return Vec::new();
    }
    let mutated = mutated(&scopes);
    let groups = groups::made(&scopes, &typing);
    let mut judged = Vec::new();
    for team in &found {
        let mut frame = Frame::new(0, (&scopes, &typing), &mutated, team.body);
        frame.groups.clone_from(&groups);
        (frame.begin, frame.channels) = (team.statements[0].span.start, channels(team));
        frame.fields = fields(team);
        frame.capacities = numbered(&capacities(&frame, team));
        let walk = Walk::new(declaration.database, declaration.summaries, scope);
        judged.extend(of_team(declaration, &walk, &frame, team, func));
    }
    judged.sort_by_key(|one| one.make);
    judged
}

fn channels(team: &Team) -> FxHashMap<VarId, ChannelId> {
    let all = team.channels.iter().enumerate().filter(|(_, one)| one.field.is_none());
    all.map(|(at, one)| (one.var, ChannelId(at))).collect()
}

fn fields(team: &Team) -> FxHashMap<(VarId, Arc<str>), ChannelId> {
    let held = |(at, one): (usize, &Channel)| Some(((one.var, one.field?.name.clone()), ChannelId(at)));
    team.channels.iter().enumerate().filter_map(held).collect()
}

fn capacities<'a>(frame: &Frame<'a, '_>, team: &Team<'a>) -> Vec<Size> {
    let capacity = |capacity: Option<&'a Expr>| capacity.map_or(Size::ZERO, |capacity| frame.size(capacity));
    team.channels.iter().map(|channel| capacity(channel.capacity)).collect()
}

fn numbered(capacities: &[Size]) -> FxHashMap<ChannelId, Size> {
    capacities.iter().enumerate().map(|(at, size)| (ChannelId(at), size.clone())).collect()
}

/// The waits for groups, and for the ends of contexts, that can never end.
fn waits(declaration: &Declaration) -> Vec<Detection> {
    let Decl::Func(func) = declaration.decl else { return Vec::new() };
    let scope = declaration.file.scope;
    let scopes = Scopes::of_func(func);
    let typing = Typing::new(declaration.database, scope.clone(), &scopes);
    let made = groups::made(&scopes, &typing);
    let context = |stmt| context_made(&scopes, &typing, stmt);
    let begins = |stmt| {
        context(stmt).is_some() || !groups::declared(&scopes, &made, std::slice::from_ref(stmt)).is_empty()
    };
    let mutated = mutated(&scopes);
    let mut detected = Vec::new();
    for mut team in teams(&scopes, &typing, &begins) {
        let own = groups::declared(&scopes, &made, team.statements);
        let mut frame = Frame::new(0, (&scopes, &typing), &mutated, team.body);
        (frame.groups, frame.channels) = (made.clone(), channels(&team));
        frame.fields = fields(&team);
        frame.begin = team.statements[0].span.start;
        frame.capacities = numbered(&capacities(&frame, &team));
        let contexts: Vec<Channel> = team.statements.iter().filter_map(context).collect();
        if own.is_empty() && contexts.is_empty() {
            continue;
        }
        let first = team.channels.len();
        for (at, one) in contexts.into_iter().enumerate() {
            let channel = ChannelId(first + at);
            frame.contexts.insert(one.var, channel);
            let cancel = one.context.flatten().and_then(|cancel| scopes.var(cancel));
            frame.cancels.extend(cancel.map(|cancel| (cancel, channel)));
            team.channels.push(one);
        }
        let mut walk = Walk::new(declaration.database, declaration.summaries, scope);
        walk.with_groups = true;
        let Ok(ways) = walk.owner(&frame, &team) else {
            // What was made as a channel has its row already.
            if first == 0 && declaration.wants(groups::KIND) {
                let declared = team.statements[0].span;
                detected.push(Detection::not_analysed(groups::KIND, declared));
            }
            continue;
        };
        let exits = leaving(&frame, &team, Some(func), false, &ways);
        let fewer;
        let (members, serves) = walk.told();
        let (open, open_groups) = (walk.open.borrow(), walk.open_groups.borrow());
        let mut case = Case {
            exits: &exits,
            ways: &ways,
            members: &members,
            serves: &serves,
            capacities: &capacities(&frame, &team),
            closed: &|channel| !open.contains_key(&channel),
            lasts: &|action, channel| walk.lasting.borrow().contains(&(action, channel)),
            known: &|group| !open_groups.contains(&group),
            relates: true,
            certain: true,
        };
        let found =
            Found { declaration, walk: &walk, frame: &frame, team: &team, ways: &ways, members: &members };
        if declaration.wants(groups::KIND) {
            let starts: Vec<Place> = walk.members.borrow().iter().map(|member| member.at).collect();
            let first_rounds = walk.first_rounds.borrow();
            let all: Vec<Way> = ways.iter().chain(first_rounds.iter()).cloned().collect();
            detected.extend(groups::endless(&case, &all, &own, &starts).iter().map(|one| {
                let remedy = remedy::of_wait(&found, one);
                describe::wait(&found, one, func, remedy)
            }));
        }
        if declaration.wants(Kind::AbandonedReceive.word()) {
            let waited: Vec<ChannelId> = (first..team.channels.len())
                .map(ChannelId)
                .filter(|channel| !open.contains_key(channel))
                .collect();
            if waited.iter().any(|one| case.unsent(*one).is_some())
                && runs_once(&walk, &frame, &team, declaration.decl, Some(func))
            {
                fewer = leaving(&frame, &team, Some(func), true, &ways);
                case.exits = &fewer;
            }
            let faults = waited
                .into_iter()
                .filter_map(|one| case.unsent(one))
                .map(|fault| describe::detection(&found, &fault, Some(func), remedy::of(&found, &fault)));
            detected.extend(faults);
        }
    }
    detected
}

/// Whether what the team leaves behind ends with the process.
fn runs_once(walk: &Walk, frame: &Frame, team: &Team, decl: &Decl, func: Option<&FuncDecl>) -> bool {
    let typing = frame.typing;
    let once = match team.body {
        BodyId(0) if func.is_some() => {
            func.is_some_and(|func| process::runs_once(typing.database, &typing.file.package, func))
        }
        body => process::is_command_literal(typing, decl, typing.scopes.body(body).block.span),
    };
    once && !walk.members.borrow().is_empty()
}

fn of_team<'a>(
    declaration: &Declaration,
    walk: &Walk,
    frame: &Frame<'a, '_>,
    team: &Team<'a>,
    func: Option<&FuncDecl>,
) -> Vec<Judged> {
    let row = |at: usize,
               detection: Option<Detection>,
               unjudged: Option<String>,
               words: (&'static str, &'static str)| {
        let make = team.channels[at].make.span;
        let (verdict, why) = match (&detection, unjudged) {
            (Some(one), _) => (one.kind, one.message.clone()),
            (None, Some(why)) => ("not analysed", why),
            (None, None) => (words.0, words.1.to_owned()),
        };
        let row = (!verdict.is_empty()).then(|| describe::row(make, verdict, why));
        Judged { make, detection, row }
    };
    let Ok(ways) = walk.owner(frame, team) else {
        let why = || Some(TOO_MANY_WAYS.to_owned());
        return (0..team.channels.len()).map(|at| row(at, None, why(), ("", ""))).collect();
    };
    let capacities = capacities(frame, team);
    let exits = leaving(frame, team, func, false, &ways);
    let fewer;
    let (members, serves) = walk.told();
    let open = walk.open.borrow();
    let open_groups = walk.open_groups.borrow();
    let mut case = Case {
        exits: &exits,
        ways: &ways,
        members: &members,
        serves: &serves,
        capacities: &capacities,
        closed: &|channel| !open.contains_key(&channel),
        lasts: &|action, channel| walk.lasting.borrow().contains(&(action, channel)),
        known: &|group| !open_groups.contains(&group),
        relates: true,
        certain: true,
    };
    // To know how often a function runs, all the package is read: only where it matters.
    if (0..team.channels.len()).any(|at| case.judge(ChannelId(at)).is_some())
        && runs_once(walk, frame, team, declaration.decl, func)
    {
        fewer = leaving(frame, team, func, true, &ways);
        case.exits = &fewer;
    }
    let found = Found { declaration, walk, frame, team, ways: &ways, members: &members };
    let detection = |fault: &Fault| match ahead::split(&found, fault) {
        (fault, Some(held)) => describe::ahead(&found, &fault, &held, func),
        (fault, None) => describe::detection(&found, &fault, func, remedy::of(&found, &fault)),
    };
    let verdict = |at: usize| {
        let channel = ChannelId(at);
        let fault = case.judge(channel).filter(|fault| {
            // A channel that nobody else has is a way to wait for the end of the process.
            fault.kind != Kind::StuckForever || frame.scopes.uses_of(team.channels[at].var).count() > 2
        });
        row(at, fault.as_ref().map(detection), open.get(&channel).cloned(), case.words(channel))
    };
    (0..team.channels.len()).map(verdict).collect()
}

/// The ways out of the owner that leave goroutines behind.
fn leaving(frame: &Frame, team: &Team, func: Option<&FuncDecl>, once: bool, ways: &[Way]) -> Vec<Way> {
    ways.iter().filter(|way| leaves(frame, team, func, once, way)).cloned().collect()
}

/// Whether goroutines that the owner leaves behind by this way become more and more: what runs `once` in the
/// life of the process leaves what ends with it, but for the iterations of its loops.
fn leaves(frame: &Frame, team: &Team, func: Option<&FuncDecl>, once: bool, way: &Way) -> bool {
    match way.end {
        End::Return(_) => !once,
        End::Falls => !once || team.in_loop,
        End::Break(..) | End::Continue(..) => true,
        End::Panic(_) => !once && survives_panic(frame, func),
    }
}

/// Whether a panic ends the owner alone: a deferred function of the declaration recovers, or it is a test's
/// end.
fn survives_panic(frame: &Frame, func: Option<&FuncDecl>) -> bool {
    if is_test(frame.typing.file.path()) {
        return true;
    }
    let mut recovers = false;
    if let Some(body) = func.and_then(|func| func.body()) {
        visit::block(body, &mut |expr| {
            recovers |= matches!(&expr.kind, ExprKind::Call(call) if call.name() == Some("recover"));
        });
    }
    recovers
}
