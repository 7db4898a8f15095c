//! Fixes applied in memory, in rounds: apply, parse again, judge again, and take back what did not hold.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::base::edit;
use crate::base::finding::{Applicability, Finding, Outcome};
use crate::config::Settings;
use crate::flow::judge::Judge;
use crate::session::judged::{self, FileJudged, FileText};
use crate::session::survey::{Candidate, Survey};
use crate::session::{Change, FixRun};

/// Fixes that overlap wait for the next round; there are no more than this.
const MAX_ROUNDS: usize = 4;

/// Outcomes by fingerprint.
type Outcomes = FxHashMap<String, Outcome>;

/// Fixes what `survey` found, as far as `settings` let.
pub fn apply(survey: Survey, settings: &Settings) -> FixRun {
    let Survey { report, world, summaries, usage, wrappers, pool, candidates } = survey;
    let judge = Judge {
        world: &world,
        summaries: &summaries,
        assume_closable: settings.assume_closable,
        usage: &usage,
        fields: judged::asks_for_fields(settings),
    };
    let shown = candidates.par_iter().filter(|candidate| settings.tests || !candidate.test);
    let fixed: Vec<(Option<Change>, Outcomes)> = pool.install(|| {
        let again = |candidate: &Candidate, text: &[u8]| {
            judged::file(&judge, settings, &wrappers, &FileText { path: &candidate.path, text, scope: &candidate.scope })
        };
        shown.map(|candidate| fix_file(candidate, settings, &|text| again(candidate, text))).collect()
    });
    let mut outcomes = Outcomes::default();
    let mut changes = Vec::new();
    for (change, of_file) in fixed {
        changes.extend(change);
        outcomes.extend(of_file);
    }
    let outcome = |finding: &Finding| outcomes.get(&finding.fingerprint).copied().unwrap_or(Outcome::NoFix);
    let outcomes = report.findings.iter().map(outcome).collect();
    FixRun { report, changes, outcomes }
}

fn fix_file(candidate: &Candidate, settings: &Settings, judge: &dyn Fn(&[u8]) -> FileJudged) -> (Option<Change>, Outcomes) {
    let lowest = if settings.unsafe_fixes { Applicability::Unsafe } else { Applicability::Safe };
    let mut outcomes = Outcomes::default();
    let mut text = candidate.text.to_vec();
    let mut findings: Vec<Finding> = candidate.judged.findings.iter().flatten().cloned().collect();
    let mut refused = candidate.judged.refused.len();
    let mut applied = 0;
    for _ in 0..MAX_ROUNDS {
        let ready: Vec<&Finding> = findings.iter().filter(|finding| is_ready(finding, lowest, &mut outcomes)).collect();
        if ready.is_empty() {
            break;
        }
        let Some((new, judged, held)) = round(&text, &ready, &findings, refused, &mut outcomes, judge) else { break };
        text = new;
        applied += held;
        refused = judged.refused.len();
        findings = judged.findings.into_iter().flatten().collect();
    }
    let change = (text != *candidate.text).then(|| Change {
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
        _ if finding.suppressed.is_some() => Outcome::Suppressed,
        None => Outcome::NoFix,
        Some(fix) if fix.applicability < lowest || fix.edits.is_empty() => Outcome::BelowApplicability,
        Some(_) => return !matches!(outcomes.get(&finding.fingerprint), Some(Outcome::VerifyFailed | Outcome::ParseDamage)),
    };
    outcomes.entry(finding.fingerprint.clone()).or_insert(outcome);
    false
}

/// One round over the ready fixes: those whose result holds are applied, the others are noted as failed.
fn round(
    text: &[u8],
    ready: &[&Finding],
    before: &[Finding],
    refused: usize,
    outcomes: &mut Outcomes,
    judge: &dyn Fn(&[u8]) -> FileJudged,
) -> Option<(Vec<u8>, FileJudged, usize)> {
    if let Some(whole) = attempt(text, ready, before, refused, judge).ok().flatten() {
        return Some(settle(whole, ready, outcomes));
    }
    // Something went wrong: one at a time tells which.
    let mut held: Vec<&Finding> = Vec::new();
    for finding in ready {
        let mut tried = held.clone();
        tried.push(finding);
        match attempt(text, &tried, before, refused, judge) {
            Ok(Some(_)) => held = tried,
            Ok(None) => drop(outcomes.insert(finding.fingerprint.clone(), Outcome::VerifyFailed)),
            Err(outcome) => drop(outcomes.insert(finding.fingerprint.clone(), outcome)),
        }
    }
    let whole = attempt(text, &held, before, refused, judge).ok().flatten().filter(|_| !held.is_empty())?;
    Some(settle(whole, &held, outcomes))
}

type Attempt = (Vec<u8>, FileJudged, Vec<Outcome>);

fn settle((text, judged, results): Attempt, fixes: &[&Finding], outcomes: &mut Outcomes) -> (Vec<u8>, FileJudged, usize) {
    let mut applied = 0;
    for (finding, outcome) in fixes.iter().zip(results) {
        applied += usize::from(outcome == Outcome::Applied);
        outcomes.insert(finding.fingerprint.clone(), outcome);
    }
    (text, judged, applied)
}

/// The text with `fixes`, if it holds: no new damage, the findings gone, and no other in their place. `Ok(None)` when it does not
/// hold.
fn attempt(
    text: &[u8],
    fixes: &[&Finding],
    before: &[Finding],
    refused: usize,
    judge: &dyn Fn(&[u8]) -> FileJudged,
) -> Result<Option<Attempt>, Outcome> {
    let edits: Vec<&[edit::Edit]> =
        fixes.iter().filter_map(|finding| finding.fix.as_ref()).map(|fix| fix.edits.as_slice()).collect();
    let applied = edit::apply(text, &edits);
    let judged = judge(&applied.text);
    if judged.refused.len() > refused {
        return Err(Outcome::ParseDamage);
    }
    let mended = |finding: &Finding| {
        let made = |outcome: Outcome| matches!(outcome, Outcome::Applied | Outcome::Duplicate);
        fixes.iter().zip(&applied.outcomes).any(|(fix, outcome)| fix.fingerprint == finding.fingerprint && made(*outcome))
    };
    let expected = before.iter().filter(|finding| !mended(finding)).map(|finding| &finding.fingerprint);
    let found = judged.findings.iter().flatten().map(|finding| &finding.fingerprint);
    let (mut expected, mut found): (Vec<_>, Vec<_>) = (expected.collect(), found.collect());
    expected.sort();
    found.sort();
    let holds = expected == found;
    Ok(holds.then_some((applied.text, judged, applied.outcomes)))
}
