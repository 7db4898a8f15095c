//! Fixes applied in memory, in rounds: apply, parse again, judge again, and take back what did not hold.

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::analysis::verdict::case::Judge;
use crate::base::diagnostic::{Applicability, Finding, FixOutcome};
use crate::base::edit;
use crate::config::Settings;
use crate::engine::add_ignore;
use crate::engine::analyze;
use crate::engine::analyze::{AnalyzedFile, FileText};
use crate::engine::candidate::Candidate;
use crate::engine::fixes::{Choice, Choose, FileChange, Fixes};
use crate::engine::scan::ScanResult;
use crate::go::syntax::parse::damage;
use crate::rules::Engine;

/// Fixes that overlap wait for the next round; there are no more than this.
const MAX_ROUNDS: usize = 4;

/// Outcomes by fingerprint, of one file: two clones of a repository have the same.
type Outcomes = FxHashMap<String, FixOutcome>;

/// Fixes what the scan found, as far as `settings` let and `choose` wants.
pub fn apply(scan: &ScanResult, settings: &Settings, choose: &Choose) -> Fixes {
    let ScanResult { report, database, summaries, usage, wrappers, pool, candidates } = scan;
    let judge = Judge { database, summaries, assume_closable: false, usage, fields: false };
    let barred = barred(candidates, settings);
    let none = Outcomes::default();
    let shown = candidates.par_iter().filter(|candidate| candidate.is_shown());
    let fixed: Vec<(&Candidate, Option<FileChange>, Outcomes)> = pool.install(|| {
        let again = |candidate: &Candidate, text: &[u8]| {
            analyze::file(&judge, settings, wrappers, &FileText { text, ..candidate.file_text() })
        };
        settings.report.progress.begin("fixing", candidates.len());
        shown
            .inspect(|_| settings.report.progress.step())
            .map(|candidate| {
                let of_file = barred.get(&*candidate.path).unwrap_or(&none);
                let judge = |text: &[u8]| again(candidate, text);
                let (change, outcomes) = fix_file(candidate, settings, (of_file, choose), &judge);
                (candidate, change, outcomes)
            })
            .collect()
    });
    let mut outcomes: FxHashMap<&str, Outcomes> = FxHashMap::default();
    let mut changes = Vec::new();
    for (candidate, change, of_file) in fixed {
        changes.extend(change);
        outcomes.insert(&candidate.path, of_file);
    }
    let outcome = |finding: &Finding| {
        let of_file = outcomes.get(&*finding.location.path);
        of_file.and_then(|all| all.get(&finding.fingerprint)).copied().unwrap_or(FixOutcome::NoFix)
    };
    let outcomes = report.findings.iter().map(outcome).collect();
    Fixes { changes, outcomes, milliseconds: 0.0 }
}

/// The lowest kind of fix that is applied.
fn lowest(settings: &Settings) -> Applicability {
    if settings.fix.unsafe_fixes { Applicability::Unsafe } else { Applicability::Safe }
}

/// The findings whose fixes are good but not wanted, with the reason: those of generated files, and those
/// over the limit; by file.
fn barred<'c>(candidates: &'c [Candidate], settings: &Settings) -> FxHashMap<&'c str, Outcomes> {
    let mut all = FxHashMap::default();
    let mut room = settings.fix.max_fixes;
    for candidate in candidates.iter().filter(|candidate| candidate.is_shown()) {
        let mut barred = Outcomes::default();
        for finding in &candidate.judged.findings {
            if !is_ready(finding, lowest(settings), &mut Outcomes::default()) {
                continue;
            }
            match (candidate.generated, room) {
                (true, _) => drop(barred.insert(finding.fingerprint.clone(), FixOutcome::Generated)),
                (false, 0) => drop(barred.insert(finding.fingerprint.clone(), FixOutcome::OverLimit)),
                (false, _) => room -= 1,
            }
        }
        all.insert(&*candidate.path, barred);
    }
    all
}

fn fix_file(
    candidate: &Candidate,
    settings: &Settings,
    (barred, choose): (&Outcomes, &Choose),
    judge: &dyn Fn(&[u8]) -> AnalyzedFile,
) -> (Option<FileChange>, Outcomes) {
    let lowest = lowest(settings);
    let mut text = candidate.text.to_vec();
    let mut findings: Vec<Finding> = candidate.judged.findings.clone();
    let mut outcomes: Outcomes = findings
        .iter()
        .filter_map(|finding| barred.get_key_value(&finding.fingerprint))
        .map(|(id, why)| (id.clone(), *why))
        .collect();
    let mut refused = candidate.judged.refused.len();
    let mut applied = 0;
    let is_wanted = |finding: &&Finding| is_ready(finding, lowest, &mut Outcomes::default());
    let writes = settings.fix.add_ignore.is_some() || findings.iter().any(|finding| is_wanted(&finding));
    let is_damaged = !settings.fix.damaged && writes && damage(&text) > 0;
    if is_damaged {
        let left = findings.iter().filter(is_wanted);
        outcomes.extend(left.map(|finding| (finding.fingerprint.clone(), FixOutcome::Damaged)));
    }
    for number in 0..MAX_ROUNDS {
        let ready = |finding: &Finding| {
            is_ready(finding, lowest, &mut outcomes)
                .then(|| chosen(finding, choose, number == 0, &mut outcomes))
                .flatten()
        };
        let ready: Vec<Finding> = findings.iter().filter_map(ready).collect();
        let ready: Vec<&Finding> = ready.iter().collect();
        if ready.is_empty() {
            break;
        }
        let Some((new, judged, held)) = round(&text, &ready, &findings, refused, &mut outcomes, judge) else {
            break;
        };
        text = new;
        applied += held;
        refused = judged.refused.len();
        findings = judged.findings.clone();
    }
    if let Some(reason) = settings.fix.add_ignore.as_ref().filter(|_| !candidate.generated && !is_damaged) {
        let (new, silenced) = {
            // A comment that silences nothing is not silenced by another one.
            let silenceable = |finding: &Finding| {
                !candidate.policy.of_engine(Engine::Suppression).any(|rule| rule.id == finding.rule)
            };
            add_ignore::silence(text, &findings, reason, &silenceable, judge)
        };
        text = new;
        outcomes.extend(silenced.into_iter().map(|id| (id, FixOutcome::Ignored)));
    }
    let change = (text != *candidate.text).then(|| FileChange {
        path: candidate.path.clone(),
        file: candidate.file.clone(),
        before: candidate.text.clone(),
        after: text,
        fixes: applied,
    });
    (change, outcomes)
}

/// Whether a finding's fix is to be applied; if not, notes why.
fn is_ready(finding: &Finding, lowest: Applicability, outcomes: &mut Outcomes) -> bool {
    let outcome = match &finding.fix {
        _ if finding.suppressed.is_some() => FixOutcome::Suppressed,
        None => FixOutcome::NoFix,
        Some(fix) if fix.applicability < lowest || fix.edits.is_empty() => FixOutcome::BelowApplicability,
        Some(_) => {
            use FixOutcome::{Damaged, Generated, OverLimit, ParseDamage, Suppressed, VerifyFailed};
            return !matches!(
                outcomes.get(&finding.fingerprint),
                Some(Damaged | VerifyFailed | ParseDamage | Suppressed | Generated | OverLimit)
            );
        }
    };
    outcomes.entry(finding.fingerprint.clone()).or_insert(outcome);
    false
}

/// The finding with the edits that are to be tried, if any are; if not, notes why. Edits that somebody else
/// made count in the original text, so they can go in in the first round only.
fn chosen(finding: &Finding, choose: &Choose, first: bool, outcomes: &mut Outcomes) -> Option<Finding> {
    let mut finding = finding.clone();
    match choose(&finding) {
        Choice::Take => return Some(finding),
        Choice::Edited(edits) if first => finding.fix.as_mut()?.edits = edits,
        Choice::Edited(_) => {
            outcomes.entry(finding.fingerprint).or_insert(FixOutcome::Conflict);
            return None;
        }
        Choice::Leave(outcome) => {
            outcomes.insert(finding.fingerprint, outcome);
            return None;
        }
    }
    Some(finding)
}

/// One round over the ready fixes: those whose result holds are applied, the others are noted as failed.
fn round(
    text: &[u8],
    ready: &[&Finding],
    before: &[Finding],
    refused: usize,
    outcomes: &mut Outcomes,
    judge: &dyn Fn(&[u8]) -> AnalyzedFile,
) -> Option<(Vec<u8>, AnalyzedFile, usize)> {
    if let Some(whole) = attempt(text, ready, before, refused, judge).ok().flatten() {
        return Some(settle(whole, ready, outcomes));
    }
    // Something went wrong: halves, each on top of what held so far, tell which in few tries.
    let mut held: Vec<&Finding> = Vec::new();
    let mut todo: Vec<&[&Finding]> = vec![ready];
    while let Some(group) = todo.pop() {
        let tried: Vec<&Finding> = held.iter().chain(group).copied().collect();
        // All together have failed already.
        let answer = match group.len() == ready.len() && group.len() > 1 {
            true => Ok(None),
            false => attempt(text, &tried, before, refused, judge),
        };
        match (answer, group) {
            (Ok(Some(_)), _) => held = tried,
            (Ok(None), [one]) => drop(outcomes.insert(one.fingerprint.clone(), FixOutcome::VerifyFailed)),
            (Err(outcome), [one]) => drop(outcomes.insert(one.fingerprint.clone(), outcome)),
            (_, group) => {
                let (first, second) = group.split_at(group.len() / 2);
                todo.extend([second, first]);
            }
        }
    }
    let whole = attempt(text, &held, before, refused, judge).ok().flatten().filter(|_| !held.is_empty())?;
    Some(settle(whole, &held, outcomes))
}

type Attempt = (Vec<u8>, AnalyzedFile, Vec<FixOutcome>);

fn settle(
    (text, judged, results): Attempt,
    fixes: &[&Finding],
    outcomes: &mut Outcomes,
) -> (Vec<u8>, AnalyzedFile, usize) {
    let mut applied = 0;
    for (finding, outcome) in fixes.iter().zip(results) {
        applied += usize::from(outcome == FixOutcome::Applied);
        outcomes.insert(finding.fingerprint.clone(), outcome);
    }
    (text, judged, applied)
}

/// The text with `fixes`, if it holds: no new damage, the findings gone, and no other in their place.
/// `Ok(None)` when it does not hold.
fn attempt(
    text: &[u8],
    fixes: &[&Finding],
    before: &[Finding],
    refused: usize,
    judge: &dyn Fn(&[u8]) -> AnalyzedFile,
) -> Result<Option<Attempt>, FixOutcome> {
    let edits: Vec<&[edit::Edit]> =
        fixes.iter().filter_map(|finding| finding.fix.as_ref()).map(|fix| fix.edits.as_slice()).collect();
    let applied = edit::apply(text, &edits);
    let outcomes: Vec<FixOutcome> = applied.outcomes.iter().copied().map(FixOutcome::from).collect();
    let judged = judge(&applied.text);
    // Where brackets do not close, a line may change what the grammar makes of the rest.
    if judged.refused.len() > refused || (judged.inexact && damage(&applied.text) > damage(text)) {
        return Err(FixOutcome::ParseDamage);
    }
    let made = |outcome: &FixOutcome| matches!(outcome, FixOutcome::Applied | FixOutcome::Duplicate);
    let mended = fixes.iter().zip(&outcomes).filter(|(_, outcome)| made(outcome));
    let mended: FxHashSet<&str> = mended.map(|(fix, _)| fix.fingerprint.as_str()).collect();
    let left = |finding: &&Finding| !mended.contains(finding.fingerprint.as_str());
    let expected = before.iter().filter(left).map(|finding| &finding.fingerprint);
    let (mut expected, mut found): (Vec<_>, Vec<_>) =
        (expected.collect(), judged.findings.iter().map(|finding| &finding.fingerprint).collect());
    expected.sort();
    found.sort();
    let holds = expected == found;
    Ok(holds.then_some((applied.text, judged, outcomes)))
}
