//! The program: arguments in, results out, and the commands that need no file of their own.

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use clap::Parser;

use super::exit::{Exit, after, is_closed_pipe};
use super::flags::{AuditFlags, CheckFlags, Cli, Color, Command, CommonFlags, DiffFlags, TextOrJson};
use super::output::{for_people, for_programs};
use super::{baseline, config, describe, fix, output, progress, settings, source, words};
use crate::base::diagnostic::FixOutcome;
use crate::config::Settings;
use crate::engine;
use crate::engine::{Baseline, Report};
use crate::report::{self, Fixed, Format, Results};
use crate::rules::Status;
use crate::walk;

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

fn check(common: &CommonFlags, flags: &CheckFlags) -> anyhow::Result<Exit> {
    let settings = settings::settle_change(common, &flags.scan, &flags.change)?;
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
    if let Some(stdin) = &settings.scan.stdin {
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

fn diff(common: &CommonFlags, flags: &DiffFlags) -> anyhow::Result<Exit> {
    let settings = settings::settle_fixes(common, &flags.scan, &flags.change, &flags.choice)?;
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

fn audit(common: &CommonFlags, flags: &AuditFlags) -> anyhow::Result<Exit> {
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

fn rules(common: &CommonFlags) -> anyhow::Result<Exit> {
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

fn explain(common: &CommonFlags, id: &str) -> anyhow::Result<Exit> {
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
