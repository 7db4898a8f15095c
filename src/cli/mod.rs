//! Flags, commands, exit codes: the only room that prints or exits.
//!
//! Results go to standard output, everything else to standard error.

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;

use self::flags::{Audit, Check, Cli, Color, Command, Common, Diff, TextOrJson};
use self::output::{for_people, for_programs};
use crate::base::diagnostic::{Finding, FixOutcome};
use crate::base::sys;
use crate::config::Settings;
use crate::engine;
use crate::engine::{Baseline, Report};
use crate::report::{self, Fixed, Format, Results};
use crate::rules::Status;
use crate::walk;

mod baseline;
mod config;
mod describe;
mod fix;
mod flags;
mod output;
mod progress;
mod review;
mod settings;
mod source;
mod verify;
mod words;
mod write;

/// What a run came to, as told to the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    /// Complete, nothing found.
    Nothing,
    /// Findings, or for `fix --exit-code` something changed or left.
    Findings,
    /// Nothing trustworthy came out.
    Error,
    /// The same, for a mistake in the command line or the settings: trying again is no use. `EX_USAGE` of
    /// sysexits.h.
    Usage,
    /// The same, for want of something that may be there later: trying again may help. `EX_TEMPFAIL`.
    Later,
}

impl Exit {
    /// What an error that ended a run means for who started it.
    fn of(error: &anyhow::Error) -> Exit {
        let told = error.chain().find_map(|cause| {
            if cause.is::<settings::Usage>() {
                return Some(Exit::Usage);
            }
            let kind = match cause.downcast_ref::<sys::Error>() {
                Some(error) if error.is_mistake() => return Some(Exit::Usage),
                Some(error) if error.may_pass() => return Some(Exit::Later),
                _ => cause.downcast_ref::<io::Error>()?.kind(),
            };
            sys::passes(kind).then_some(Exit::Later)
        });
        told.unwrap_or(Exit::Error)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Nothing => 0,
            Exit::Findings => 1,
            Exit::Error => 2,
            Exit::Usage => 64,
            Exit::Later => 75,
        })
    }
}

/// A finding among all of a run: its file and fingerprint, since two clones of a repository have the same
/// fingerprints.
type Id = (Arc<str>, String);

fn id(finding: &Finding) -> Id {
    (finding.location.path.clone(), finding.fingerprint.clone())
}

/// The whole program: reads the arguments of the process, prints, and returns the exit code.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(answer) => {
            // Help and version too; where nobody reads them, nothing is lost.
            let _ = answer.print();
            return if answer.use_stderr() { Exit::Usage.into() } else { Exit::Nothing.into() };
        }
    };
    match cli.common.color {
        Color::Auto => anstream::ColorChoice::Auto,
        Color::Always => anstream::ColorChoice::Always,
        Color::Never => anstream::ColorChoice::Never,
    }
    .write_global();
    match run(&cli) {
        Ok(exit) => exit.into(),
        // Whoever reads has seen enough: `unleak check | head`.
        Err(error) if is_closed_pipe(&error) => Exit::Nothing.into(),
        Err(error) => {
            words::error(&format!("{error:#}"));
            Exit::of(&error).into()
        }
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

fn run(cli: &Cli) -> anyhow::Result<Exit> {
    let common = &cli.common;
    match &cli.command {
        Command::Check(flags) => check(common, flags),
        Command::Diff(flags) => diff(common, flags),
        Command::Fix(flags) => fix::fix(common, flags),
        Command::Audit(flags) => audit(common, flags),
        Command::Config(flags) => config::run(common, flags),
        Command::Rules => rules(common),
        Command::Explain { rule } => explain(common, rule),
        Command::Resolve(flags) => source::resolve(common, flags),
        Command::Index(flags) => source::index(common, flags),
        Command::Completions { shell } => describe::completions(*shell),
        Command::Man { folder } => describe::man(common, folder),
        Command::Schema { what } => describe::schema(*what),
    }
}

fn check(common: &Common, flags: &Check) -> anyhow::Result<Exit> {
    let settings = settings::settle_news(common, &flags.scan, &flags.news)?;
    if flags.files {
        return list_files(&settings);
    }
    if let Some(file) = &flags.write_baseline {
        return baseline::write(common, flags, &settings, file);
    }
    // Read first: a broken one should not cost a run.
    let baseline = flags.baseline.as_deref().map(Baseline::read).transpose()?;
    let mut report = progress::watched(common.quiet, &settings.report.progress, || engine::check(&settings))?;
    words::faults(&report.faults);
    let gone = baseline.as_ref().map(|baseline| baseline.apply(&mut report, &settings)).unwrap_or_default();
    let results = Results::of_check(&report, &settings);
    output::write_reports(&flags.report, &results)?;
    flags.output.open().results(flags.format, &results)?;
    if !common.quiet {
        words::check_end(&settings, &report);
        baseline::tell(&gone);
    }
    words::stats(common, &settings, &report);
    Ok(after(&report, flags.scan.strict, has_findings(&report) && !flags.exit_zero))
}

fn list_files(settings: &Settings) -> anyhow::Result<Exit> {
    if let Some(stdin) = &settings.stdin {
        for_programs(|out| writeln!(out, "{}", stdin.name))?;
        return Ok(Exit::Nothing);
    }
    let walked = walk::walk(settings)?;
    words::faults(&walked.faults);
    if io::stdout().is_terminal() {
        for_people(|out| {
            walked
                .files
                .iter()
                .filter(|found| found.asked)
                .try_for_each(|found| writeln!(out, "{}", report::harmless(&found.path)))
        })?;
    } else {
        for_programs(|out| {
            walked
                .files
                .iter()
                .filter(|found| found.asked)
                .try_for_each(|found| writeln!(out, "{}", found.path))
        })?;
    }
    Ok(Exit::Nothing)
}

fn diff(common: &Common, flags: &Diff) -> anyhow::Result<Exit> {
    let settings = settings::settle_fixes(common, &flags.scan, &flags.news, &flags.choice)?;
    let run = progress::watched(common.quiet, &settings.report.progress, || engine::fix(&settings))?;
    words::faults(&run.report.faults);
    let routes = report::routes(&run.changes, &settings);
    words::unpatchable(&run.changes, &routes);
    let output = flags.output.open();
    if flags.stat {
        output.for_people(|out| report::stat(out, &run.changes, &routes))?;
    } else if flags.format == TextOrJson::Json {
        let would = vec![FixOutcome::Applied; run.changes.len()];
        let fixed = Fixed {
            command: "diff",
            changes: &run.changes,
            written: &would,
            outcomes: &run.outcomes,
            tally: &report::tally(&run, &would, &run.outcomes),
            verified: None,
            brief: false,
        };
        output.results(Format::json(), &Results::of_fix(&run, &settings, fixed))?;
    } else {
        let mut patch = Vec::new();
        report::patch(&mut patch, &run.changes, &routes)?;
        if patch.is_empty() && flags.allow_empty {
            report::empty_patch(&mut patch, &run.report, &settings)?;
        }
        if output.is_terminal() {
            output.for_people(|out| report::show_patch(out, &patch))?;
        } else {
            output.for_programs(|out| out.write_all(&patch))?;
        }
    }
    if !common.quiet {
        words::diff_end(&settings, &run, &routes);
    }
    words::stats(common, &settings, &run.report);
    Ok(after(&run.report, flags.scan.strict, has_findings(&run.report) && !flags.exit_zero))
}

fn audit(common: &Common, flags: &Audit) -> anyhow::Result<Exit> {
    let mut settings = settings::settle(common, &flags.scan)?;
    settings.report.every = true;
    let report = progress::watched(common.quiet, &settings.report.progress, || engine::check(&settings))?;
    words::faults(&report.faults);
    if let Some((file, line)) = &flags.proof {
        let mut found = 0;
        for_people(|out| {
            found = report::proofs(out, &report, file, *line)?;
            Ok(())
        })?;
        anyhow::ensure!(found > 0, "no finding at {}:{line}", report::harmless(file));
        return Ok(after(&report, flags.scan.strict, false));
    }
    match flags.format {
        TextOrJson::Json => {
            flags.output.open().for_programs(|out| report::audit_json(out, &report, &settings))?;
        }
        TextOrJson::Text => flags.output.open().for_people(|out| report::audit(out, &report))?,
    }
    if !common.quiet {
        words::audit_end(&settings, &report);
    }
    words::stats(common, &settings, &report);
    Ok(after(&report, flags.scan.strict, false))
}

fn rules(common: &Common) -> anyhow::Result<Exit> {
    let rules = settings::load_rules(&common.rules)?;
    let width = rules.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    for_people(|out| {
        rules.iter().try_for_each(|rule| {
            let preview = if rule.status == Status::Preview { " (preview)" } else { "" };
            writeln!(
                out,
                "{:<width$}  {}{preview}",
                report::harmless(&rule.id),
                report::harmless(&rule.summary)
            )
        })
    })?;
    Ok(Exit::Nothing)
}

fn explain(common: &Common, id: &str) -> anyhow::Result<Exit> {
    let rules = settings::load_rules(&common.rules)?;
    let rule = settings::rule_by_id(&rules, id)?;
    for_people(|out| {
        writeln!(out, "# {}\n\n{}", rule.id, rule.summary.trim_end())?;
        if rule.status == Status::Preview {
            writeln!(out, "\nThis rule is a preview: it runs when `--select` names it.")?;
        }
        rule.sections
            .iter()
            .try_for_each(|(heading, text)| writeln!(out, "\n## {heading}\n\n{}", text.trim_end()))
    })?;
    Ok(Exit::Nothing)
}

fn has_findings(report: &Report) -> bool {
    report.findings.iter().any(|finding| finding.suppressed.is_none())
}

/// The exit of a run that came to its end.
fn after(report: &Report, strict: bool, findings: bool) -> Exit {
    let complete = report.faults.iter().all(|fault| !fault.skipped);
    match (strict && !complete, findings) {
        (true, _) => Exit::Error,
        (false, true) => Exit::Findings,
        (false, false) => Exit::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::diagnostic::RunFault;

    #[test]
    fn a_closed_pipe_is_found_below_its_context() {
        let closed = anyhow::Error::from(io::Error::from(io::ErrorKind::BrokenPipe)).context("cannot write");
        assert!(is_closed_pipe(&closed));
        assert!(!is_closed_pipe(&anyhow::Error::from(io::Error::from(io::ErrorKind::NotFound))));
    }

    #[test]
    fn only_a_strict_run_fails_for_a_skipped_file() {
        let fault = RunFault { path: "a.go".into(), line: 0, words: "may not be read".into(), skipped: true };
        let report = Report { faults: vec![fault], ..Report::default() };
        assert_eq!(after(&report, false, false), Exit::Nothing);
        assert_eq!(after(&report, false, true), Exit::Findings);
        assert_eq!(after(&report, true, true), Exit::Error);
    }
}
