//! One file's text -> its judgements: outline, seeds, declarations, findings with their fixes.

use std::iter::Peekable;
use std::sync::Arc;
use std::vec::IntoIter;

use rustc_hash::FxHashMap;

use crate::analysis::file_context::FileContext;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::Scopes;
use crate::analysis::summaries::by_name::NamesHere;
use crate::analysis::summaries::wrapped;
use crate::analysis::verdict::case::{Asked, Judge, Usage};
use crate::analysis::verdict::judge::judge;
use crate::analysis::verdict::judgement::{Fault, Judgement, not_analysed};
use crate::base::diagnostic::{Acquisition, Closable, Evidence, FaultKind, Finding, fingerprint};
use crate::base::text::{LineIndex, Span, narrow};
use crate::config::{Policy, Settings};
use crate::engine::detect::{self, DETECTORS, Detected, Repeats};
use crate::engine::idle_comments::{self, Seen};
use crate::engine::package_style::PackageStyle;
use crate::engine::prefilter::{Prefilter, sights};
use crate::engine::suppress::Directives;
use crate::engine::value_seeds::MakerVariable;
use crate::engine::wrappers::{Fresh, Wrappers};
use crate::engine::{
    called_seeds, opened_seeds, quick_reject, suppress, typed_seeds, unsure_seeds, value_seeds,
};
use crate::fix;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::{Call, Decl, ExprKind};
use crate::go::syntax::outline::{self, Item, ItemKind};
use crate::go::syntax::parse::{Parsed, Refusal, items_by_parsing, parse};
use crate::go::syntax::visit;
use crate::go::types::closable::common_methods;
use crate::go::types::database::FileScope;
use crate::go::types::expressions::Callee;
use crate::go::types::release::Gives;
use crate::rules::acquire::Acquire;
use crate::rules::{Engine, Rule, Seeds};

/// What one file came to.
#[derive(Default)]
pub struct AnalyzedFile {
    pub judged: Vec<Judgement>,
    /// What the other engines found.
    pub detected: Vec<Detected>,
    /// What is to be reported, in the order of the file.
    pub findings: Vec<Finding>,
    /// The rules in preview that would have reported something more, each as often as that.
    pub unreported: Vec<Arc<str>>,
    /// Functions that turned out to be wrappers.
    pub fresh: Vec<Fresh>,
    /// How things of unknown type are released, as the text of declarations shows that need no closer look.
    pub shown: Usage,
    pub declarations: u64,
    /// Declarations that were refused, by their start.
    pub refused: Vec<(u32, Refusal)>,
    /// The outline could not be made sure: the whole file was parsed instead.
    pub inexact: bool,
}

/// A file to judge.
pub struct FileText<'f> {
    pub path: &'f Arc<str>,
    pub text: &'f [u8],
    pub scope: &'f FileScope,
    pub policy: &'f Policy,
}

/// Judges every acquisition in a file.
pub fn file(judge: &Judge, settings: &Settings, wrappers: &Wrappers, file: &FileText) -> AnalyzedFile {
    again(judge, settings, wrappers, file, AnalyzedFile::default(), &|_| true)
}

/// Judges those declarations again whose text `matters`; of the others the `previous` judgements stay.
pub fn again(
    judge: &Judge,
    settings: &Settings,
    wrappers: &Wrappers,
    file: &FileText,
    previous: AnalyzedFile,
    matters: &dyn Fn(&[u8]) -> bool,
) -> AnalyzedFile {
    let judge = &Judge {
        assume_closable: file.policy.assume_closable,
        fields: settings.report.every || file.policy.reporting(FaultKind::NeverReleased).is_some(),
        ..*judge
    };
    let mut known = Previous::of(previous);
    let lines = LineIndex::new(file.text);
    let place = FileContext { path: file.path, text: file.text, lines: &lines, scope: file.scope };
    let mut outline = outline::outline(file.text);
    let mut result = AnalyzedFile { inexact: !outline.exact, ..AnalyzedFile::default() };
    if !outline.exact {
        outline.items = items_by_parsing(file.text);
    }
    let sights = sights(&file.policy.seeding, file.scope.imports());
    let directives = Directives::of(file.text, &lines);
    let run = Run {
        judge,
        settings,
        policy: file.policy,
        wrappers,
        sights: &sights,
        directives: &directives,
        names: NamesHere::new(judge.database, &judge.summaries.by_name, file.scope),
        package_style: PackageStyle::new(file.scope),
        habits: fix::FileHabits::new(file.text),
    };
    let mut repeats: FxHashMap<(String, String), u32> = FxHashMap::default();
    let mut detected_repeats = Repeats::default();
    for item in &outline.items {
        let found = if matters(&file.text[item.span.range()]) {
            declaration(&run, &place, item, &mut result)
        } else {
            result.keep(&mut known, item)
        };
        let mut unreleased: Vec<Span> = Vec::new();
        for one in found.judged {
            let reported = findings(&run, &place, item, &one, &mut repeats);
            unreleased.extend(reported.iter().map(|finding| finding.location.span));
            result.findings.extend(reported);
            result.unreported.extend(unreported(&run, &place, item, &one));
            result.judged.push(one);
        }
        let ways = (settings, file.policy, &directives);
        let says_more = |one: &&Detected| {
            !one.detection.is_mended_by_release || !unreleased.contains(&one.detection.span)
        };
        let finding = |one| {
            let finding = detect::finding(one, item, &place, ways, &mut detected_repeats);
            finding.filter(|_| says_more(&one))
        };
        result.findings.extend(found.detected.iter().filter_map(finding));
        let previews = found.detected.iter().filter(says_more).filter_map(|one| {
            detect::unreported(one, item, &place, (file.policy, &directives)).map(|rule| rule.id.clone())
        });
        result.unreported.extend(previews);
        result.detected.extend(found.detected);
    }
    for rule in file.policy.of_engine(Engine::Suppression).filter(|_| outline.exact) {
        let refused: Vec<u32> = result.refused.iter().map(|(start, _)| *start).collect();
        let path = settings.in_repository(file.path);
        let (judged, detected) = (&result.judged, &result.detected);
        let seen = Seen { items: &outline.items, judged, detected, refused: &refused, path: &path };
        let unused = idle_comments::unused(&directives, file.policy, rule, &place, &seen);
        result.findings.extend(unused);
    }
    result.findings.sort_by_key(|finding| finding.location.span);
    result
}

impl AnalyzedFile {
    /// Takes over what `previous` says of one declaration, and gives what was found in it.
    fn keep(&mut self, previous: &mut Previous, item: &Item) -> AnalyzedDeclaration {
        self.fresh.extend(within(&mut previous.fresh, item, |fresh| fresh.at));
        self.refused.extend(within(&mut previous.refused, item, |(start, _)| *start));
        let judged = within(&mut previous.judged, item, |judged| judged.acquisition.span.start);
        let detected = within(&mut previous.detected, item, |one| one.detection.span.start);
        self.declarations += u64::from(!(judged.is_empty() && detected.is_empty()));
        AnalyzedDeclaration { judged, detected }
    }
}

/// What was known of a file, each list in the order of its declarations, so that all of them are gone through
/// once.
struct Previous {
    fresh: Peekable<IntoIter<Fresh>>,
    refused: Peekable<IntoIter<(u32, Refusal)>>,
    judged: Peekable<IntoIter<Judgement>>,
    detected: Peekable<IntoIter<Detected>>,
}

impl Previous {
    fn of(file: AnalyzedFile) -> Previous {
        Previous {
            fresh: file.fresh.into_iter().peekable(),
            refused: file.refused.into_iter().peekable(),
            judged: file.judged.into_iter().peekable(),
            detected: file.detected.into_iter().peekable(),
        }
    }
}

/// The next of `rest` that lie in `item`; those before it are dropped.
fn within<T>(rest: &mut Peekable<IntoIter<T>>, item: &Item, at: impl Fn(&T) -> u32) -> Vec<T> {
    while rest.next_if(|one| at(one) < item.span.start).is_some() {}
    std::iter::from_fn(|| rest.next_if(|one| at(one) < item.span.end)).collect()
}

/// What was found in one declaration.
#[derive(Default)]
struct AnalyzedDeclaration {
    judged: Vec<Judgement>,
    detected: Vec<Detected>,
}

impl From<Vec<Judgement>> for AnalyzedDeclaration {
    fn from(judged: Vec<Judgement>) -> AnalyzedDeclaration {
        AnalyzedDeclaration { judged, ..AnalyzedDeclaration::default() }
    }
}

/// A call that is to be judged.
struct ProposedCall {
    rule: Arc<Rule>,
    call: Span,
    /// Where the resource is, if that is known.
    gives: Option<Gives>,
    /// A result beside it that must not be used after its release.
    tied: Option<usize>,
    /// Which of the rule's releases is the likely one.
    release: usize,
    /// Why there is nothing to release in this call.
    quiet: Option<Arc<str>>,
    /// Why nobody knows whether this is to be released: a row of `audit`, and no more.
    unsure: Option<Evidence>,
    /// Its type has no release of those that are known.
    hidden: bool,
}

impl ProposedCall {
    fn new(rule: &Arc<Rule>, call: Span, gives: Option<Gives>) -> ProposedCall {
        let rule = rule.clone();
        let (tied, release, quiet, unsure, hidden) = (None, 0, None, None, false);
        ProposedCall { rule, call, gives, tied, release, quiet, unsure, hidden }
    }
}

/// Everything that is to be judged in one declaration.
type ProposedCalls = Vec<ProposedCall>;

/// What all declarations of a file are judged with.
struct Run<'r> {
    judge: &'r Judge<'r>,
    settings: &'r Settings,
    policy: &'r Policy,
    wrappers: &'r Wrappers,
    /// One for each rule that proposes calls.
    sights: &'r [Prefilter<'r>],
    directives: &'r Directives,
    /// What the names in its declarations can mean.
    names: NamesHere<'r>,
    package_style: PackageStyle<'r>,
    habits: fix::FileHabits<'r>,
}

impl Run<'_> {
    fn rules(&self) -> impl Iterator<Item = (&Arc<Rule>, &Prefilter<'_>)> {
        self.policy.seeding.iter().zip(self.sights)
    }

    /// Whether a glance will not do: every call is asked for, or a comment is there whose use depends on what
    /// is found.
    fn looks_closely(&self, item: &Item) -> bool {
        self.settings.report.every || self.directives.touch(item)
    }

    /// The rule under which everything is listed that could have to be released, if that is asked for.
    fn lists_all(&self) -> Option<&Arc<Rule>> {
        lists_all(self.settings, self.policy)
    }
}

/// The rule under which `audit` lists everything that could have to be released: the one that goes by types.
pub fn lists_all<'p>(settings: &Settings, policy: &'p Policy) -> Option<&'p Arc<Rule>> {
    let by_type = |rule: &&Arc<Rule>| matches!(rule.seeds, Seeds::Given(_));
    policy.seeding.iter().find(by_type).filter(|_| settings.report.every)
}

fn declaration(
    run: &Run,
    place: &FileContext,
    item: &Item,
    result: &mut AnalyzedFile,
) -> AnalyzedDeclaration {
    let text = &place.text[item.span.range()];
    if matches!(item.kind, ItemKind::Type | ItemKind::Const) {
        return AnalyzedDeclaration::default();
    }
    let acquires = may_acquire(run, place, item, text, &mut result.shown);
    if !acquires && !detect::is_wanted(run.policy, text, Some((item, &run.names))) {
        return AnalyzedDeclaration::default();
    }
    result.declarations += 1;
    let parsed =
        match parse(place.text, item.span).and_then(|parsed| parsed.lower().map(|decl| (parsed, decl))) {
            Ok(parsed) => parsed,
            Err(refusal) => {
                result.refused.push((item.span.start, refusal));
                return refused(run, place, item, &refusal.to_string()).into();
            }
        };
    let (parsed, decl) = parsed;
    let (detected, unjudged) = detect::declaration(DETECTORS, run.judge, run.policy, (place, &decl), text);
    let mut judged = if acquires { judged(run, place, item, (&parsed, &decl), result) } else { Vec::new() };
    if !unjudged.is_empty() {
        judged.extend(unjudged);
        judged.sort_by_key(|one| one.acquisition.span);
    }
    AnalyzedDeclaration { judged, detected }
}

/// Whether a call in the declaration may acquire something that is not surely released.
fn may_acquire(run: &Run, place: &FileContext, item: &Item, text: &[u8], shown: &mut Usage) -> bool {
    let triggered = run.sights.iter().any(|sight| sight.is_in(text));
    let wraps = run.wrappers.called_in(text);
    let leak = FaultKind::Leak.word();
    let leaks_only = run.policy.of_engine(Engine::Resource).all(|rule| *rule.reports == *leak);
    let mut is_clean = || {
        outline::without_opaque(text).is_some_and(|program| {
            run.rules().all(|(rule, sight)| {
                quick_reject::is_clean(run.judge, place, (rule, sight), &program, leaks_only, shown)
            })
        })
    };
    wraps || run.lists_all().is_some() || (triggered && (run.looks_closely(item) || !is_clean()))
}

/// The judgements on everything that is acquired in a declaration.
fn judged(
    run: &Run,
    place: &FileContext,
    item: &Item,
    (parsed, decl): (&Parsed, &Decl),
    result: &mut AnalyzedFile,
) -> Vec<Judgement> {
    let mut wanted = match seeds(run.policy, parsed) {
        Ok(wanted) => wanted,
        Err(why) => return refused(run, place, item, why),
    };
    let more = called(run, place, item, decl, &wanted);
    wanted.extend(more);
    wanted.sort_by_key(|candidate| (candidate.call, candidate.gives));
    // No rule is called so.
    let (any_release, any) = (common_methods(), Arc::from("*"));
    let asked: Vec<_> = wanted
        .iter()
        .map(|candidate| Asked {
            rule: &candidate.rule.id,
            releases: if candidate.unsure.is_some() { &any_release } else { &candidate.rule.releases },
            list: if candidate.unsure.is_some() { &any } else { &candidate.rule.id },
            call: candidate.call,
            gives: candidate.gives,
            lifetime: &candidate.rule.lifetime,
            by_name: matches!(candidate.rule.seeds, Seeds::Called(_)),
            tied: candidate.tied,
            release: candidate.release,
            quiet: candidate.quiet.clone(),
        })
        .collect();
    let mut judged = judge(run.judge, place, decl, &asked);
    for (at, one) in judged.iter_mut().enumerate() {
        let is_it = |candidate: &&ProposedCall| candidate.call == one.acquisition.span;
        let candidate = wanted.get(at).filter(is_it).or_else(|| wanted.iter().find(is_it));
        if let Some((why, candidate)) = candidate.and_then(|one| one.unsure.clone().zip(Some(one))) {
            one.unsure(why, candidate.hidden);
        }
    }
    let variables = value_seeds::variables(run.judge, &run.policy.seeding, place.scope, decl);
    let fresh = |variable: MakerVariable| {
        let MakerVariable { name, at, func, rule, gives } = variable;
        Fresh { name, package: place.scope.package.clone(), at, func, rule, gives, release: None }
    };
    result.fresh.extend(variables.into_iter().map(fresh));
    let hands_on =
        |one: &&Judgement| one.opens_receiver || !(one.returned.is_empty() && one.wrapped.is_empty());
    for one in judged.iter().filter(hands_on) {
        let is_it = |candidate: &&ProposedCall| {
            candidate.call == one.acquisition.span && candidate.rule.id == one.acquisition.rule
        };
        let rule = wanted.iter().find(is_it).map(|candidate| &candidate.rule);
        let Some((func, rule)) = enclosing(place.scope, item).zip(rule) else { continue };
        let fresh = |rule: &Arc<Rule>, result: &usize| Fresh {
            name: func.decl.name.name.clone(),
            package: func.package.clone(),
            at: func.decl.span.start,
            func: func.clone(),
            rule: rule.clone(),
            gives: Gives::Result(*result),
            release: None,
        };
        let release = match &one.acquisition.closable {
            Closable::By(release) if release.args.is_empty() => Some(release.method.clone()),
            _ => None,
        };
        result.fresh.extend(
            one.returned.iter().map(|result| Fresh { release: release.clone(), ..fresh(rule, result) }),
        );
        // What is made around a client goes by its type, as all do that are known by what they give.
        for maker in run.policy.seeding.iter().filter(|rule| matches!(rule.seeds, Seeds::Given(_))) {
            let made = one
                .wrapped
                .iter()
                .filter(|result| typed_seeds::is_constructor(run.judge, maker, &func, **result));
            result.fresh.extend(made.map(|result| fresh(maker, result)));
            if one.opens_receiver && opened_seeds::is_opener(run.judge, maker, &func) {
                result.fresh.push(Fresh { gives: Gives::Receiver, ..fresh(maker, &0) });
            }
        }
    }
    judged
}

fn seeds(policy: &Policy, parsed: &Parsed) -> Result<ProposedCalls, &'static str> {
    let mut wanted = Vec::new();
    for rule in &policy.seeding {
        let Seeds::Named(named) = &rule.seeds else { continue };
        let seeds = named
            .seeds(parsed)
            .map_err(|_| "the declaration has more candidate calls than are kept track of")?;
        wanted.extend(seeds.into_iter().map(|seed| ProposedCall::new(rule, seed.call, None)));
    }
    Ok(wanted)
}

/// The calls that acquire by what is called, and are not seeds already: of wrappers, and of functions that a
/// rule takes for what they give.
fn called(run: &Run, place: &FileContext, item: &Item, decl: &Decl, seeds: &ProposedCalls) -> ProposedCalls {
    let others =
        visit::calls(decl).into_iter().filter(|call| !seeds.iter().any(|seed| seed.call == call.span));
    let others: Vec<&Call> = others.collect();
    let calls: Vec<_> = others.iter().filter_map(|call| Some((*call, call.name()?))).collect();
    // A constructor that is named here without being called is in some variable.
    let text = &place.text[item.span.range()];
    let by_looks = |sight: &Prefilter| matches!(sight, Prefilter::Trigger(_)) && sight.is_in(text);
    let has_values = run.sights.iter().any(by_looks);
    let wraps = |name: &str| run.wrappers.has_name(name);
    let gives = |name: &str| {
        run.sights.iter().any(|sight| match sight {
            Prefilter::Calls(names) => names.contains(name),
            Prefilter::Called(called) => called.may_be_called(name),
            Prefilter::Trigger(_) => false,
        })
    };
    let lists_all = run.lists_all();
    if lists_all.is_none() && !has_values && !calls.iter().any(|(_, name)| wraps(name) || gives(name)) {
        return Vec::new();
    }
    let scopes = match decl {
        Decl::Func(func) => Scopes::of_func(func),
        Decl::Vars(specs) => Scopes::of_vars(specs),
        _ => return Vec::new(),
    };
    let typing = Typing::new(run.judge.database, place.scope.clone(), &scopes);
    let mut found = Vec::new();
    let is_value = |call: &&&Call| {
        let local = call.function.as_ident().is_some_and(|name| scopes.var(name).is_some());
        local || matches!(call.function.unparen().kind, ExprKind::Index { .. })
    };
    for call in others.iter().filter(|_| has_values).filter(is_value) {
        let made = value_seeds::made_by(&run.policy.seeding, &typing, &call.function);
        found.extend(made.map(|(rule, _)| ProposedCall::new(&rule, call.span, None)));
    }
    for &(call, name) in calls.iter().filter(|(_, name)| wraps(name) || gives(name)) {
        let callee = typing.callee(call);
        if found.iter().any(|known: &ProposedCall| known.call == call.span) {
            continue;
        }
        let values =
            if callee.func().is_none() && wraps(name) { typing.possible_functions(call) } else { None };
        // What the names of a rule say is said of who is called through a variable as well.
        let valued: Vec<ProposedCall> = match values.as_deref() {
            Some([func]) => {
                run.rules().flat_map(|(rule, _)| valued(place, &typing, rule, call, func)).collect()
            }
            _ => Vec::new(),
        };
        if !valued.is_empty() {
            found.extend(valued);
            continue;
        }
        let named_itself = callee.func().is_some_and(|func| run.judge.database.is_dependency(&func.package));
        let func = callee.func().or(values.as_ref().and_then(|values| values.first()));
        if let Some(rules) = func.and_then(|func| run.wrappers.rules_of(func))
            && !(named_itself && rules.iter().all(|(rule, _)| matches!(rule.seeds, Seeds::Called(_))))
        {
            let results = rules.iter().flat_map(|(rule, results)| results.iter().map(move |at| (rule, *at)));
            let is_here =
                |gives: Gives| gives != Gives::Receiver || opened_seeds::is_own(run.judge, &typing, call);
            // What a wrapper gives in a list, or in something with another release, is only listed.
            let hidden = lists_all.is_some() && is_hidden(run.judge, &typing, decl, call);
            found.extend(
                results
                    .filter(|(_, gives)| !hidden && is_here(*gives))
                    .map(|(rule, gives)| ProposedCall::new(rule, call.span, Some(gives))),
            );
            continue;
        }
        // The repository's own constructors are known by what they acquire, as wrappers.
        let own = callee.func().is_some_and(|func| !run.judge.database.is_dependency(&func.package));
        let named: Vec<ProposedCall> =
            run.rules().flat_map(|(rule, _)| named(place, &typing, rule, call, &callee, own)).collect();
        if !named.is_empty() {
            found.extend(named);
            continue;
        }
        let given = run
            .rules()
            .filter(|_| gives(name) && !own)
            .find_map(|(rule, _)| Some((rule, typed_seeds::result_of(run.judge, rule, &callee)?)))
            .filter(|_| wrapped::owned_argument(&typing, call).is_none());
        found.extend(
            given.map(|(rule, result)| ProposedCall::new(rule, call.span, Some(Gives::Result(result)))),
        );
    }
    if let Some(rule) = lists_all {
        let more = unsure(run.judge, &typing, decl, rule, (&found, seeds));
        found.extend(more);
    }
    found
}

/// Whether a call gives something to release of which no rule knows a release.
fn is_hidden(judge: &Judge, typing: &Typing, decl: &Decl, call: &Call) -> bool {
    unsure_seeds::given_by(judge, typing, &common_methods(), decl, call).is_some_and(|one| one.hidden)
}

/// The calls that could give something to release, and are none of those that are known.
fn unsure(
    judge: &Judge,
    typing: &Typing,
    decl: &Decl,
    rule: &Arc<Rule>,
    (known, seeds): (&[ProposedCall], &[ProposedCall]),
) -> Vec<ProposedCall> {
    let methods = common_methods();
    let is_known = |call: &Call| known.iter().chain(seeds).any(|candidate| candidate.call == call.span);
    let calls = visit::calls(decl).into_iter().filter(|call| !is_known(call));
    let candidate = |call: &Call| {
        let unsure_seeds::Unsure { gives, hidden, why } =
            unsure_seeds::given_by(judge, typing, &methods, decl, call)?;
        let candidate = ProposedCall::new(rule, call.span, Some(gives));
        Some(ProposedCall { unsure: Some(why), hidden, ..candidate })
    };
    calls.filter_map(candidate).collect()
}

/// What a call acquires by the qualified name of what it calls.
fn named(
    place: &FileContext,
    typing: &Typing,
    rule: &Arc<Rule>,
    call: &Call,
    callee: &Callee,
    own: bool,
) -> Vec<ProposedCall> {
    let Seeds::Called(called) = &rule.seeds else { return Vec::new() };
    let acquires = called_seeds::acquisitions(typing, (called, &rule.releases), call, callee, own);
    acquires.into_iter().map(|acquire| proposed(place, typing, rule, call, acquire)).collect()
}

/// What a call of a variable acquires that has this function.
fn valued(
    place: &FileContext,
    typing: &Typing,
    rule: &Arc<Rule>,
    call: &Call,
    func: &FuncRef,
) -> Vec<ProposedCall> {
    let Seeds::Called(called) = &rule.seeds else { return Vec::new() };
    let acquires = called_seeds::acquisitions_of(called, func);
    acquires.map(|acquire| proposed(place, typing, rule, call, acquire)).collect()
}

fn proposed(
    place: &FileContext,
    typing: &Typing,
    rule: &Arc<Rule>,
    call: &Call,
    acquire: &Acquire,
) -> ProposedCall {
    ProposedCall {
        tied: acquire.tied,
        release: acquire.release,
        quiet: called_seeds::why_quiet(typing, acquire, call, place.text),
        ..ProposedCall::new(rule, call.span, Some(acquire.gives))
    }
}

/// The function that an item declares, as the package knows it.
fn enclosing(scope: &FileScope, item: &Item) -> Option<FuncRef> {
    let name = item.names.first()?;
    match &item.kind {
        ItemKind::Func => scope.package.func(name),
        ItemKind::Method { receiver } => scope.package.method(receiver, name),
        _ => None,
    }
}

/// Every place in a declaration that could not be read where a seed could stand, so that none is silent.
fn refused(run: &Run, place: &FileContext, item: &Item, why: &str) -> Vec<Judgement> {
    let name = item.names.first().map(|name| name.to_string());
    let mut judged = Vec::new();
    for (rule, sight) in run.rules() {
        for hit in sight.hits(&place.text[item.span.range()]) {
            let span = Span::new(narrow(hit.start), narrow(hit.end)).shifted(item.span.start);
            judged.push(not_analysed(place, &rule.id, span, name.clone(), why));
        }
    }
    judged
}

/// The rules in preview that would report something of one acquisition that no comment silences.
fn unreported(run: &Run, place: &FileContext, item: &Item, one: &Judgement) -> Vec<Arc<str>> {
    let acquisition = &one.acquisition;
    let would = |fault: &Fault| {
        let reports = |rule: &&Arc<Rule>| rule.reports(fault.kind) && rule.judges(&acquisition.rule);
        let rule = run.policy.previews.iter().find(reports)?;
        let doc = suppress::doc_lines(item, place.lines);
        run.directives.find(&rule.id, acquisition.line, &doc).is_none().then(|| rule.id.clone())
    };
    one.faults.iter().filter_map(would).collect()
}

/// What the rules that run report of one acquisition.
fn findings(
    run: &Run,
    place: &FileContext,
    item: &Item,
    one: &Judgement,
    repeats: &mut FxHashMap<(String, String), u32>,
) -> Vec<Finding> {
    let acquisition = &one.acquisition;
    let function = acquisition.function.clone().unwrap_or_default();
    let text = String::from_utf8_lossy(&place.text[acquisition.span.range()]).into_owned();
    // Counted over all acquisitions, so that a fingerprint stays when another finding of the function is
    // mended.
    let ordinal = repeats.entry((function.clone(), text.clone())).or_default();
    let path = run.settings.in_repository(&acquisition.path);
    let nth = *ordinal;
    *ordinal += 1;
    let doc = suppress::doc_lines(item, place.lines);
    // A wrapper may be known by a rule that does not run here.
    let Some(proposer) = run.policy.seeding.iter().find(|rule| rule.id == acquisition.rule) else {
        return Vec::new();
    };
    let reports =
        |rule: &&Arc<Rule>, fault: &Fault| rule.reports(fault.kind) && rule.judges(&acquisition.rule);
    let report = |fault: &Fault| {
        let rule = run.policy.rules.iter().find(|rule| reports(rule, fault))?;
        let acquisition = Acquisition {
            rule: rule.id.clone(),
            verdict: fault.verdict,
            certainty: fault.certainty.and(one.type_certainty),
            evidence: fault.evidence.clone(),
            ..acquisition.clone()
        };
        Some(Finding {
            rule: rule.id.clone(),
            severity: rule.severity,
            location: acquisition.location(),
            subject: acquisition.constructor.clone(),
            label: rule.label.clone(),
            function: acquisition.function.clone(),
            message: fault.message.clone(),
            labels: fault.evidence.clone(),
            notes: acquisition.notes.clone(),
            fix: fix::fix(&fix::Wanted {
                acquisition: &acquisition,
                type_certainty: one.type_certainty,
                remedy: &fault.remedy,
                releases: &proposer.releases,
                text: place.text,
                in_repository: &|path| run.settings.in_repository(path),
                habits: &run.habits,
                style: run.policy.style,
                package_style: &|| run.package_style.style(),
            }),
            suppressed: run.directives.find(&rule.id, acquisition.line, &doc),
            fingerprint: fingerprint(&rule.id, &path, &function, &text, nth),
            acquisition: Some(acquisition),
        })
    };
    let mut found: Vec<Finding> = one.faults.iter().filter_map(report).collect();
    found.sort_by(|a, b| a.rule.cmp(&b.rule));
    found
}

#[cfg(test)]
mod tests {
    use crate::engine::testing::{checked, places};

    const TWICE: &str =
        "func f() {\n\tc := NewBareClient()\n\tc.Use()\n\td := NewBareClient()\n\td.Use()\n}\n";

    fn fingerprints(text: &str) -> Vec<String> {
        checked(text).findings.iter().map(|finding| finding.fingerprint.clone()).collect()
    }

    #[test]
    fn equal_calls_in_a_function_have_fingerprints_of_their_own_that_outlive_moved_lines() {
        let ids = fingerprints(TWICE);
        assert!(ids.len() == 2 && ids[0] != ids[1], "{ids:?}");
        assert_eq!(fingerprints(&format!("var x int\n\n{TWICE}")), ids);
        assert!(!fingerprints(&TWICE.replace("func f", "func g")).iter().any(|id| ids.contains(id)));
    }

    #[test]
    fn a_call_is_one_acquisition_whoever_proposes_it() {
        let report = checked(TWICE);
        assert_eq!(places(&report), ["a.go:4", "a.go:6"]);
        let mine = report.acquisitions.iter().filter(|call| &*call.path == "a.go");
        assert_eq!(mine.map(|call| call.line).collect::<Vec<_>>(), [4, 6]);
    }

    #[test]
    fn a_function_that_is_refused_is_told_and_counted() {
        let report = checked(&format!("func nil() {{\n\tnil := NewBareClient()\n\tnil.Use()\n}}\n\n{TWICE}"));
        assert_eq!(places(&report), ["a.go:9", "a.go:11"]);
        assert!(report.faults.iter().any(|fault| fault.line == 3 && fault.skipped), "{:?}", report.faults);
    }
}
