//! Fixes applied in memory, in passes: apply, parse again, judge again, and take back what did not hold.

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::analysis::verdict::case::Judge;
use crate::base::diagnostic::{Applicability, Finding, FixOutcome};
use crate::base::edit::Edit;
use crate::config::Settings;
use crate::engine::add_ignore;
use crate::engine::analyze;
use crate::engine::analyze::{AnalyzedFile, FileText};
use crate::engine::attempt::{Attempt, Judging, are_same, holding};
use crate::engine::candidate::Candidate;
use crate::engine::fixes::{Choice, Choose, FileChange, Fixes};
use crate::engine::scan::ScanResult;
use crate::go::syntax::parse::damage;
use crate::rules::Engine;

/// Fixes that overlap wait for the next pass; there are no more than this.
const MAX_PASSES: usize = 4;

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
    judge: &Judging,
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
    for number in 0..MAX_PASSES {
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
        let Some((new, judged, held)) = pass(&text, &ready, &findings, refused, &mut outcomes, judge) else {
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
/// made count in the original text, so they can go in in the first pass only.
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

/// One pass over the ready fixes: those whose result holds are applied, the others are noted as failed.
fn pass(
    text: &[u8],
    ready: &[&Finding],
    before: &[Finding],
    refused: usize,
    outcomes: &mut Outcomes,
    judge: &Judging,
) -> Option<(Vec<u8>, AnalyzedFile, usize)> {
    let attempt = |fixes: &[&Finding]| attempt(text, fixes, before, refused, judge);
    if let Ok(whole) = attempt(ready) {
        return Some(settle(whole, ready, outcomes));
    }
    let failed = |finding: &&Finding, why| {
        outcomes.insert(finding.fingerprint.clone(), why);
    };
    let held = bare(&holding(ready, |fixes| attempt(&bare(fixes)).map(drop), failed));
    let whole = attempt(&held).ok().filter(|_| !held.is_empty())?;
    Some(settle(whole, &held, outcomes))
}

fn bare<'f>(fixes: &[&&'f Finding]) -> Vec<&'f Finding> {
    fixes.iter().map(|finding| **finding).collect()
}

fn settle(attempt: Attempt, fixes: &[&Finding], outcomes: &mut Outcomes) -> (Vec<u8>, AnalyzedFile, usize) {
    let mut applied = 0;
    for (finding, outcome) in fixes.iter().zip(attempt.outcomes) {
        applied += usize::from(outcome == FixOutcome::Applied);
        outcomes.insert(finding.fingerprint.clone(), outcome);
    }
    (attempt.text, attempt.judged, applied)
}

/// The text with `fixes`, if it holds: no new damage, the findings gone, and no other in their place.
fn attempt(
    text: &[u8],
    fixes: &[&Finding],
    before: &[Finding],
    refused: usize,
    judge: &Judging,
) -> Result<Attempt, FixOutcome> {
    let edits: Vec<&[Edit]> =
        fixes.iter().filter_map(|finding| finding.fix.as_ref()).map(|fix| fix.edits.as_slice()).collect();
    let attempt = Attempt::new(text, &edits, judge);
    let judged = &attempt.judged;
    // Where brackets do not close, a line may change what the grammar makes of the rest.
    if judged.refused.len() > refused || (judged.inexact && damage(&attempt.text) > damage(text)) {
        return Err(FixOutcome::ParseDamage);
    }
    let made = |outcome: &FixOutcome| matches!(outcome, FixOutcome::Applied | FixOutcome::Duplicate);
    let mended = fixes.iter().zip(&attempt.outcomes).filter(|(_, outcome)| made(outcome));
    let mended: FxHashSet<&str> = mended.map(|(fix, _)| fix.fingerprint.as_str()).collect();
    let left = |finding: &&Finding| !mended.contains(finding.fingerprint.as_str());
    let expected = before.iter().filter(left).map(|finding| &finding.fingerprint);
    match are_same(expected, judged.findings.iter().map(|finding| &finding.fingerprint)) {
        true => Ok(attempt),
        false => Err(FixOutcome::VerifyFailed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::diagnostic::Suppression;
    use crate::engine::testing::{CLIENT, Module, finding, fix_run};
    use crate::go::syntax::parse::Refusal;

    /// Lines `leak a`: of each the finding `a` is open until the text has a line `mends a`. A line `more x`
    /// is a finding of its own, and `{` is damage.
    fn judged(text: &[u8]) -> AnalyzedFile {
        let text = std::str::from_utf8(text).unwrap();
        let has = |line: &str| text.lines().any(|known| known == line);
        let word = |line: &str, before: &str| line.strip_prefix(before).map(str::to_owned);
        let open =
            text.lines().filter_map(|line| word(line, "leak ")).filter(|id| !has(&format!("mends {id}")));
        let more = text.lines().filter_map(|line| word(line, "more "));
        let findings = open.chain(more).map(|id| finding(&id, 0, Vec::new())).collect();
        let refused = text.lines().filter(|line| *line == "{").map(|_| (0, Refusal::Damaged)).collect();
        AnalyzedFile { findings, refused, ..AnalyzedFile::default() }
    }

    /// One pass over `leak a`, `leak b`, … where each fix puts its lines in front: the lines in front
    /// afterwards, and what became of each fix.
    fn passed(fixes: &[(&str, &str)]) -> (Vec<String>, Vec<(String, FixOutcome)>) {
        let text: String = fixes.iter().map(|(id, _)| format!("leak {id}\n")).collect();
        let insert = |(id, lines): &(&str, &str)| finding(id, 0, vec![Edit::insert(0, format!("{lines}\n"))]);
        let findings: Vec<Finding> = fixes.iter().map(insert).collect();
        let ready: Vec<&Finding> = findings.iter().collect();
        let mut outcomes = Outcomes::default();
        let new = pass(text.as_bytes(), &ready, &findings, 0, &mut outcomes, &judged);
        let new = new.map_or_else(Vec::new, |(new, ..)| new);
        let new = String::from_utf8(new).unwrap();
        let front = new.lines().take_while(|line| !line.starts_with("leak")).map(str::to_owned).collect();
        let mut outcomes: Vec<_> = outcomes.into_iter().collect();
        outcomes.sort();
        (front, outcomes)
    }

    fn outcomes(all: &[(&str, FixOutcome)]) -> Vec<(String, FixOutcome)> {
        all.iter().map(|(id, outcome)| ((*id).to_owned(), *outcome)).collect()
    }

    #[test]
    fn fixes_that_hold_go_in_together() {
        let (front, said) = passed(&[("a", "mends a"), ("b", "mends b")]);
        assert_eq!(front, ["mends a", "mends b"]);
        assert_eq!(said, outcomes(&[("a", FixOutcome::Applied), ("b", FixOutcome::Applied)]));
    }

    #[test]
    fn a_fix_that_mends_nothing_is_taken_back_alone() {
        let (front, said) = passed(&[("a", "mends a"), ("b", "// nothing"), ("c", "mends c")]);
        assert_eq!(front, ["mends a", "mends c"]);
        assert_eq!(said[1], ("b".to_owned(), FixOutcome::VerifyFailed));
    }

    #[test]
    fn a_fix_that_makes_another_finding_is_taken_back() {
        let (front, said) = passed(&[("a", "mends a\nmore x"), ("b", "mends b")]);
        assert_eq!(front, ["mends b"]);
        assert_eq!(said, outcomes(&[("a", FixOutcome::VerifyFailed), ("b", FixOutcome::Applied)]));
    }

    #[test]
    fn a_fix_that_mends_a_finding_which_nobody_asked_for_does_not_hold() {
        let text = b"leak a\nleak b\n";
        let findings = judged(text).findings;
        let mends = |lines: &str| finding("a", 0, vec![Edit::insert(0, lines)]);
        let attempt =
            |fix: Finding| attempt(text, &[&fix], &findings, 0, &judged).map(|attempt| attempt.text);
        assert_eq!(attempt(mends("mends a\n")).unwrap(), b"mends a\nleak a\nleak b\n");
        assert_eq!(attempt(mends("mends a\nmends b\n")).unwrap_err(), FixOutcome::VerifyFailed);
    }

    #[test]
    fn a_fix_that_does_damage_says_so() {
        let (front, said) = passed(&[("a", "mends a\n{"), ("b", "mends b")]);
        assert_eq!(front, ["mends b"]);
        assert_eq!(said, outcomes(&[("a", FixOutcome::ParseDamage), ("b", FixOutcome::Applied)]));
    }

    #[test]
    fn why_a_fix_is_not_ready_is_noted() {
        let noted = |finding: &Finding, lowest| {
            let mut outcomes = Outcomes::default();
            let ready = is_ready(finding, lowest, &mut outcomes);
            (ready, outcomes.get(&finding.fingerprint).copied())
        };
        let edit = || vec![Edit::insert(0, "x")];
        let mut one = finding("a", 0, edit());
        assert_eq!(noted(&one, Applicability::Safe), (true, None));
        one.fix.as_mut().unwrap().applicability = Applicability::Unsafe;
        assert_eq!(noted(&one, Applicability::Safe), (false, Some(FixOutcome::BelowApplicability)));
        assert_eq!(noted(&one, Applicability::Unsafe), (true, None));
        one.suppressed = Some(Suppression::Baseline);
        assert_eq!(noted(&one, Applicability::Unsafe), (false, Some(FixOutcome::Suppressed)));
        assert_eq!(
            noted(&finding("a", 0, vec![]), Applicability::Safe).1,
            Some(FixOutcome::BelowApplicability)
        );
        let none = Finding { fix: None, ..finding("a", 0, edit()) };
        assert_eq!(noted(&none, Applicability::Safe).1, Some(FixOutcome::NoFix));
    }

    #[test]
    fn who_chooses_takes_leaves_or_edits_in_the_first_pass() {
        let one = finding("a", 0, vec![Edit::insert(0, "x")]);
        let chosen = |choice: Choice, first| {
            let mut outcomes = Outcomes::default();
            let taken = chosen(&one, &|_| choice.clone(), first, &mut outcomes);
            let text = taken.map(|taken| taken.fix.unwrap().edits[0].text.clone());
            (text, outcomes.get("a").copied())
        };
        assert_eq!(chosen(Choice::Take, false), (Some("x".to_owned()), None));
        let edited = || Choice::Edited(vec![Edit::insert(0, "y")]);
        assert_eq!(chosen(edited(), true), (Some("y".to_owned()), None));
        assert_eq!(chosen(edited(), false), (None, Some(FixOutcome::Conflict)));
        let leave = Choice::Leave(FixOutcome::Declined);
        assert_eq!(chosen(leave, true), (None, Some(FixOutcome::Declined)));
    }

    const LEAKS: &str = "func f() {\n\tc := NewBareClient()\n\tc.Use()\n}\n\nfunc g() {\n\tc := \
                         NewBareClient()\n\tc.Use()\n}\n";

    #[test]
    fn no_more_fixes_than_asked_for_go_in_and_the_first_ones() {
        let run = fix_run(LEAKS, |settings| settings.fix.max_fixes = 1);
        assert_eq!(run.outcomes, [FixOutcome::Applied, FixOutcome::OverLimit]);
        assert_eq!(run.changes[0].fixes, 1);
        assert_eq!(fix_run(LEAKS, |_| {}).outcomes, [FixOutcome::Applied; 2]);
    }

    #[test]
    fn what_does_not_parse_is_left_unless_that_is_asked_for() {
        let broken = format!("{LEAKS}\nfunc h() {{\n\tx := := 1\n}}\n");
        let run = fix_run(&broken, |_| {});
        assert_eq!((run.changes.len(), run.outcomes), (0, vec![FixOutcome::Damaged; 2]));
        let run = fix_run(&broken, |settings| settings.fix.damaged = true);
        assert_eq!((run.changes.len(), run.outcomes), (1, vec![FixOutcome::Applied; 2]));
    }

    #[test]
    fn generated_files_are_reported_when_asked_and_never_fixed() {
        let text = format!("// Code generated by x. DO NOT EDIT.\n\npackage p\n\n{LEAKS}");
        let module = Module::new(&[("client.go", CLIENT), ("a.go", &text)]);
        let mut settings = module.settings("unclosed-client");
        settings.scan.sources.flags.flag("generated", Some(true));
        let run = crate::engine::fix(&settings).unwrap();
        assert_eq!((run.changes.len(), run.outcomes), (0, vec![FixOutcome::Generated; 2]));
    }
}
