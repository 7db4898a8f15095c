//! Flags become [`Settings`]: paths, standard input and rules resolved.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};

use super::flags::{ChangeFlags, ChoiceFlags, CommonFlags, FixFlags, PolicyFlags, ScanFlags};
use crate::base::sys;
use crate::config::{
    ALL, Files, FixSettings, Keys, Layer, ReportSettings, ScanSettings, Settings, Sources, Stdin, Style,
    is_selected, known_rule,
};
use crate::rules::{self, Rule};
use crate::vcs::{Change, RepositoryPaths};

/// A mistake in the command line, which stays one however often the run is tried.
#[derive(Debug, thiserror::Error)]
#[error("{0:#}")]
pub struct UsageError(anyhow::Error);

impl UsageError {
    /// `error` as a mistake of whoever typed, unless the machine is to blame.
    pub fn of(error: anyhow::Error) -> anyhow::Error {
        let outside = error.chain().any(|cause| cause.is::<std::io::Error>());
        if outside { error } else { UsageError(error).into() }
    }
}

/// Resolves the flags of a scanning command.
///
/// # Errors
/// `-` beside other paths, an unknown rule, a folder of rules that cannot be loaded, unreadable standard
/// input.
pub fn settle(common: &CommonFlags, scan: &ScanFlags) -> anyhow::Result<Settings> {
    settled(common, scan).map_err(UsageError::of)
}

fn settled(common: &CommonFlags, scan: &ScanFlags) -> anyhow::Result<Settings> {
    let stdin = match scan.paths.iter().any(|path| path == Path::new("-")) {
        true if scan.paths.len() > 1 => bail!("`-` reads standard input; name no other path beside it"),
        true => Some(read_stdin(scan)?),
        false => None,
    };
    let root = sys::working_dir()?;
    Ok(Settings {
        places: Arc::new(RepositoryPaths::new(&root)),
        scan: ScanSettings {
            paths: if stdin.is_some() { Vec::new() } else { scan.paths.clone() },
            stdin,
            threads: scan.threads,
            sources: sources(&root, common, &scan.policy)?,
            change: None,
            index_only: scan.index_only,
        },
        root,
        report: ReportSettings {
            timings: scan.stats,
            stats: scan.stats || common.verbose,
            ..ReportSettings::default()
        },
        fix: FixSettings::default(),
    })
}

/// As [`settle`], for a command that reports findings.
///
/// # Errors
/// As [`settle`], and standard input, which has no history.
pub fn settle_change(
    common: &CommonFlags,
    scan: &ScanFlags,
    flags: &ChangeFlags,
) -> anyhow::Result<Settings> {
    let change = match (&flags.since, flags.staged) {
        (Some(revision), _) => Some(Change::Since(revision.clone())),
        (None, true) => Some(Change::Staged),
        (None, false) => None,
    };
    let mut settings = settle(common, scan)?;
    if change.is_some() && settings.scan.stdin.is_some() {
        return Err(UsageError::of(anyhow!("standard input has no history; leave --since and --staged out")));
    }
    settings.scan.change = change;
    Ok(settings)
}

/// As [`settle_change`], for a command that takes fixes.
///
/// # Errors
/// As [`settle`].
pub fn settle_fixes(
    common: &CommonFlags,
    scan: &ScanFlags,
    change: &ChangeFlags,
    choice: &ChoiceFlags,
) -> anyhow::Result<Settings> {
    let max_fixes = choice.max_fixes.unwrap_or(usize::MAX);
    let settings = settle_change(common, scan, change)?;
    let fix =
        FixSettings { unsafe_fixes: choice.r#unsafe, damaged: choice.damaged, max_fixes, add_ignore: None };
    Ok(Settings { fix, ..settings })
}

/// The reason that `--add-ignore` gives.
///
/// # Errors
/// One that is empty or would end the comment.
pub fn ignore_reason(flags: &FixFlags) -> anyhow::Result<Option<String>> {
    let reason = flags.add_ignore.as_deref().map(str::trim);
    if reason.is_some_and(|reason| reason.is_empty() || reason.contains(char::is_control)) {
        return Err(UsageError::of(anyhow!("--add-ignore: give the reason in one line of words")));
    }
    Ok(reason.map(str::to_owned))
}

fn read_stdin(scan: &ScanFlags) -> anyhow::Result<Stdin> {
    let limit = scan.policy.max_file_bytes.map_or(Keys::default().max_file_bytes, u64::from);
    let text = sys::read_stdin(limit).map_err(|error| match error {
        sys::Error::TooLarge { .. } => {
            anyhow!("standard input: {}; --max-file-bytes reads more", error.words())
        }
        other => other.into(),
    })?;
    Ok(Stdin { name: scan.stdin_filename.clone(), text: text.into() })
}

/// What the policies of a run in `root` are made of.
///
/// # Errors
/// An unknown rule, a folder of rules that cannot be loaded, a glob that is none, flags that leave no rule to
/// run.
pub fn sources(root: &Path, common: &CommonFlags, given: &PolicyFlags) -> anyhow::Result<Sources> {
    let rules = load_rules(&common.rules)?;
    for id in given.select.iter().filter(|id| *id != ALL).chain(&given.ignore) {
        rule_by_id(&rules, id)?;
    }
    if !rules.iter().any(|rule| is_selected(rule, &given.select, &given.ignore)) {
        bail!("no rule is left to run; take some --ignore away");
    }
    let list = |values: &Vec<String>| (!values.is_empty()).then(|| values.clone());
    let mut flags = Layer::default();
    flags.flag("select", list(&given.select));
    flags.flag("ignore", list(&given.ignore));
    flags.flag("exclude", list(&given.exclude));
    flags.flag("tests", given.tests);
    flags.flag("generated", given.generated);
    flags.flag("style", given.style.map(Style::word));
    flags.flag("assume-closable", given.assume_closable);
    flags.flag("max-file-bytes", given.max_file_bytes);
    flags.exclude(root, &given.exclude)?;
    let files = match &given.config {
        Some(file) => Files::Only(file.clone()),
        None if given.no_config => Files::None,
        None => Files::Found,
    };
    Ok(Sources { rules, files, flags })
}

/// The rules that come with unleak and those in `folders`, by id.
///
/// # Errors
/// A folder that cannot be loaded, and an id that is used twice.
pub fn load_rules(folders: &[PathBuf]) -> anyhow::Result<Vec<Arc<Rule>>> {
    let mut all = rules::builtin();
    for folder in folders {
        all.extend(rules::load_dir(folder).with_context(|| format!("--rules {}", folder.display()))?);
    }
    all.sort_by(|a, b| a.id.cmp(&b.id));
    if let Some(pair) = all.windows(2).find(|pair| pair[0].id == pair[1].id) {
        bail!("two rules are called `{}`; rename one", pair[0].id);
    }
    Ok(all)
}

/// The rule called `id`.
///
/// # Errors
/// When there is none; the message says which is near, and lists those that there are.
pub fn rule_by_id<'a>(rules: &'a [Arc<Rule>], id: &str) -> anyhow::Result<&'a Arc<Rule>> {
    known_rule(id, rules).map_err(anyhow::Error::msg)?;
    rules.iter().find(|rule| &*rule.id == id).context("a known rule is there")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::flags::{Cli, Command};

    fn made(flags: &[&str]) -> anyhow::Result<Sources> {
        let cli = Cli::try_parse_from([&["unleak", "check"][..], flags].concat()).expect("it is well formed");
        let Command::Check(check) = &cli.command else { panic!("another command") };
        sources(Path::new("/r"), &cli.common, &check.scan.policy)
    }

    #[test]
    fn rules_are_selected_by_id() {
        assert!(made(&["--select", "unclosed-client"]).is_ok());
        let unknown = made(&["--select", "unclosed-cilent"]).unwrap_err().to_string();
        assert!(
            unknown.contains("no rule is called `unclosed-cilent`; did you mean `unclosed-client`?"),
            "{unknown}"
        );
        assert!(made(&["--select", "all"]).is_ok() && made(&["--ignore", "all"]).is_err());
        let all: Vec<String> = rules::builtin().iter().map(|rule| rule.id.to_string()).collect();
        assert!(made(&["--ignore", &all.join(",")]).is_err());
    }
}
