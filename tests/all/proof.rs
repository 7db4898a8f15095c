//! Holds proofs against Go written for them: in `tests/proof` the line of a call that acquires says `safe`,
//! `against N "…"` (the first place against a proof stands N lines further down and says that), `stored`, or
//! `fate`: whatever it is, no safe fix. A safe fix has a step for each later use.

use std::fs;

use libtest_mimic::Trial;
use regex::Regex;
use unleak::base::diagnostic::{Applicability, Finding, Verdict};
use unleak::engine;

use crate::support::{self, tests};

/// The tests of this module.
pub fn tests() -> Vec<Trial> {
    tests![each_function_is_proved_or_has_its_place_against_it,]
}

fn each_function_is_proved_or_has_its_place_against_it() {
    let root = support::repository().join("tests/proof");
    let report = engine::check(&support::settings(&root)).expect("the functions can be read");
    let against = Regex::new(r#"// against (-?\d+) "(.*)""#).unwrap();
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for file in [
        "background.go",
        "before.go",
        "closed_under.go",
        "fields.go",
        "given.go",
        "joins.go",
        "made.go",
        "memory.go",
        "pending.go",
        "put_in.go",
        "reached.go",
        "session.go",
        "waits.go",
    ] {
        let text = fs::read_to_string(root.join(file)).unwrap();
        let makes = |line: &str| line.contains("ew") && line.contains(") // ");
        for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| makes(line)) {
            seen += 1;
            let here = |path: &str, at: u32| path.ends_with(file) && at == number;
            let finding =
                report.findings.iter().find(|finding| here(&finding.location.path, finding.location.line));
            let right = if line.ends_with("// safe") {
                finding.is_some_and(is_proved)
            } else if let Some(found) = against.captures(line) {
                let down: i64 = found[1].parse().unwrap();
                let wanted = u32::try_from(i64::from(number) + down).unwrap();
                finding.is_some_and(|finding| stands_against(finding, wanted, &found[2]))
            } else if line.ends_with("// stored") {
                finding.is_none()
                    && report
                        .acquisitions
                        .iter()
                        .any(|at| here(&at.path, at.line) && at.verdict == Verdict::Stored)
            } else {
                finding.and_then(|finding| finding.fix.as_ref()).is_none_or(|fix| !is_safe(fix.applicability))
            };
            if !right {
                let fix = finding.and_then(|finding| finding.fix.as_ref());
                wrong.push(format!("{file}:{number}: {line}\n  {fix:?}"));
            }
        }
    }
    assert!(seen > 25, "{seen} functions were found");
    assert!(wrong.is_empty(), "{} are not as wanted:\n{}", wrong.len(), wrong.join("\n"));
}

fn is_safe(applicability: Applicability) -> bool {
    applicability == Applicability::Safe
}

/// Whether the fix is safe and says of later lines why nothing is kept.
fn is_proved(finding: &Finding) -> bool {
    let Some(fix) = &finding.fix else { return false };
    let Some(Ok(proof)) = &fix.proof else { return false };
    let later = proof.steps.iter().filter(|step| step.line > finding.location.line);
    is_safe(fix.applicability) && later.count() >= 2
}

fn stands_against(finding: &Finding, line: u32, words: &str) -> bool {
    let Some(fix) = &finding.fix else { return false };
    let Some(Err(objection)) = &fix.proof else { return false };
    fix.applicability == Applicability::Unsafe
        && objection.place.line == line
        && objection.place.words.contains(words)
}
