//! `fix`: the fixes are found in memory, asked about, written, verified, and told.

use super::exit::Exit;
use super::flags::{CommonFlags, FixFlags};
use super::review::{self, Decisions};
use super::verify::{self, Verify};
use super::{output, progress, settings, words, write};
use crate::base::diagnostic::FixOutcome;
use crate::engine::{Choice, FixRun, JudgedTree};
use crate::report::{self, Fixed, Results, RunOutcome};

/// Writes fixes into files.
pub fn fix(common: &CommonFlags, flags: &FixFlags) -> anyhow::Result<Exit> {
    let settings = settings::settle_fixes(common, &flags.scan, &flags.change, &flags.choice)?;
    let mut settings = settings;
    settings.fix.add_ignore = settings::ignore_reason(flags)?;
    if flags.interactive {
        review::check_terminal(&settings)?;
    }
    let judged = progress::watched(common.quiet, &settings.report.progress, || JudgedTree::new(&settings))?;
    words::faults(&judged.report().faults);
    let mut fixes = progress::watched(common.quiet, &settings.report.progress, || {
        judged.fix(&settings, &|_| Choice::Take)
    });
    if let Some(stdin) = settings.scan.stdin.as_ref().filter(|_| flags.format.colored) {
        let fixed = fixes.changes.first().map_or(&*stdin.text, |change| &change.after);
        flags.output.open().for_programs(|out| out.write_all(fixed))?;
        let written = vec![FixOutcome::Applied; fixes.changes.len()];
        return Ok(exit(flags, &judged.into_run(fixes), &written));
    }
    if !flags.no_vcs && !fixes.changes.is_empty() && settings.scan.stdin.is_none() {
        // Whoever looks at each edit may have confirmed others a moment ago.
        write::check_committed(&settings, &fixes.changes, flags.allow_dirty || flags.interactive)?;
    }
    let mut decisions = Decisions::default();
    if flags.interactive {
        decisions = review::review(judged.report(), &fixes)?;
        fixes = judged.fix(&settings, &|finding| decisions.on(finding));
    }
    let verify = flags.verify.as_deref().map(Verify::new);
    let (written, faults) = match &verify {
        // Its text is in the answer.
        _ if settings.scan.stdin.is_some() => (vec![FixOutcome::Applied; fixes.changes.len()], Vec::new()),
        None => write::write_all(&settings, &fixes.changes)?,
        Some(verify) => {
            let verified = verify::write_verified(&settings, &judged, fixes, &decisions, verify)?;
            fixes = verified.fixes;
            (verified.written, verified.faults)
        }
    };
    faults.iter().for_each(|fault| words::error(&fault.to_string()));
    let mut run = judged.into_run(fixes);
    decisions.note(&mut run.report.findings);
    let outcomes = report::settle(&run, &written);
    let tally = report::tally(&run, &written, &outcomes);
    let fixed = Fixed {
        command: "fix",
        changes: &run.changes,
        written: &written,
        outcomes: &outcomes,
        tally: &tally,
        verified: verify.as_ref().map(Verify::shown),
        brief: common.quiet,
    };
    let results = Results::of_fix(&run, &settings, fixed);
    output::write_reports(&flags.report, &results)?;
    flags.output.open().results(flags.format, &results)?;
    if !common.quiet {
        words::fix_end(&settings, &run.report);
    }
    words::stats(common, &settings, &run.report);
    Ok(exit(flags, &run, &written))
}

fn exit(flags: &FixFlags, run: &FixRun, written: &[FixOutcome]) -> Exit {
    let outcomes = report::settle(run, written);
    let tally = report::tally(run, written, &outcomes);
    let nothing_went_through = !written.is_empty() && tally.changed == 0;
    let outcome = tally.outcome();
    let check_fails = outcome == RunOutcome::CheckFails;
    if nothing_went_through || check_fails || (flags.scan.strict && tally.partial) {
        return Exit::Error;
    }
    if tally.rolled_back() {
        return Exit::Findings;
    }
    match flags.exit_code && (tally.changed > 0 || tally.left_in_all() > 0) {
        true => Exit::Findings,
        false => Exit::Nothing,
    }
}
