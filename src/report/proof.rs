//! One finding's proof: why its safe fix does no harm, or the first place that stands against that.

use std::io::{self, Write};

use super::harmless::harmless;
use super::tone::{BOLD, DIM};
use crate::base::diagnostic::{Evidence, Finding, Fix};
use crate::engine::Report;

/// Writes the proofs of the findings at a line of a file. Gives how many there are.
///
/// # Errors
/// The writer's.
pub fn proofs(out: &mut dyn Write, report: &Report, path: &str, line: u32) -> io::Result<usize> {
    let wanted = |finding: &&Finding| finding.location.line == line && is_path(&finding.location.path, path);
    let found: Vec<&Finding> = report.findings.iter().filter(wanted).collect();
    for finding in &found {
        let at = &finding.location;
        let place = format!("{}:{}:{}", harmless(&at.path), at.line, at.column);
        writeln!(out, "{BOLD}{place}{BOLD:#}  {}: {}", finding.rule, harmless(&finding.message))?;
        match &finding.fix {
            Some(fix) => proof(out, finding, fix)?,
            None => writeln!(out, "  no fix can be spelled")?,
        }
    }
    Ok(found.len())
}

fn proof(out: &mut dyn Write, finding: &Finding, fix: &Fix) -> io::Result<()> {
    writeln!(out, "  {} fix: {}", fix.applicability.word(), harmless(&fix.title))?;
    match (&fix.reason, &fix.proof) {
        (None, Some(Ok(proof))) => {
            proof.steps.iter().try_for_each(|step| writeln!(out, "    {}", told(finding, step)))
        }
        (Some(_), Some(Err(objection))) => {
            writeln!(out, "  against it: {}", told(finding, &objection.place))
        }
        (Some(reason), _) => writeln!(out, "  against it: {}", harmless(reason)),
        (None, _) => writeln!(out, "  nothing had to be proved"),
    }
}

fn told(finding: &Finding, step: &Evidence) -> String {
    let words = harmless(&step.words);
    match (step.path == finding.location.path, step.line) {
        (_, 0) => words.into_owned(),
        (true, line) => format!("{DIM}{line:>5}{DIM:#}  {words}"),
        (false, line) => format!("{DIM}{}:{line}{DIM:#}  {words}", harmless(&step.path)),
    }
}

/// Whether `asked` names the file that is printed as `printed`, from wherever the run was started.
fn is_path(printed: &str, asked: &str) -> bool {
    let asked = asked.trim_start_matches("./").replace('\\', "/");
    let ends = |long: &str, short: &str| {
        long.strip_suffix(short).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
    };
    ends(printed, &asked) || ends(&asked, printed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::diagnostic::{Applicability, Objection, Proof};
    use crate::report::samples;

    fn shown(change: impl Fn(&mut Fix)) -> String {
        let mut report = samples::report();
        report.findings.truncate(1);
        change(report.findings[0].fix.as_mut().unwrap());
        samples::plain(|out| proofs(out, &report, "./d/a.go", 4).map(drop))
    }

    #[test]
    fn steps_of_a_safe_fix() {
        let step = Evidence {
            path: "d/a.go".into(),
            line: 8,
            column: 2,
            span: None,
            words: "`Do` keeps nothing".into(),
        };
        let text = shown(|fix| fix.proof = Some(Ok(Proof { steps: vec![step.clone()] })));
        assert!(text.contains("  safe fix: insert `defer c.Close()`"), "{text}");
        assert!(text.ends_with("        8  `Do` keeps nothing\n"), "{text}");
    }

    #[test]
    fn the_place_against_an_unsafe_one() {
        let text = shown(|fix| {
            let place =
                Evidence { path: "d/b.go".into(), line: 3, column: 1, span: None, words: "sent".into() };
            fix.applicability = Applicability::Unsafe;
            fix.reason = Some("d/b.go:3: sent".into());
            fix.proof = Some(Err(Objection { place, exposure: None }));
        });
        assert!(text.ends_with("  against it: d/b.go:3  sent\n"), "{text}");
    }

    #[test]
    fn only_the_line_that_was_asked_for() {
        let report = samples::report();
        assert_eq!(samples::plain(|out| proofs(out, &report, "a.go", 5).map(drop)), "");
        assert_eq!(samples::plain(|out| proofs(out, &report, "xa.go", 4).map(drop)), "");
    }
}
