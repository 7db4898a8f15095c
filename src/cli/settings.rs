//! Flags become [`Settings`]: paths, standard input and rules resolved.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};

use super::flags::{Common, Scan};
use crate::base::sys;
use crate::config::{Settings, Stdin};
use crate::rules::{self, Rule, Status};

/// Files above this size are left out; a Go file of 16 MiB is a table that a program wrote.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// Resolves the flags of a scanning command.
///
/// # Errors
/// `-` beside other paths, an unknown rule, a folder of rules that cannot be loaded, unreadable standard input.
pub fn settle(common: &Common, scan: &Scan, unsafe_fixes: bool) -> anyhow::Result<Settings> {
    let stdin = match scan.paths.iter().any(|path| path == Path::new("-")) {
        true if scan.paths.len() > 1 => bail!("`-` reads standard input; name no other path beside it"),
        true => Some(read_stdin(&scan.stdin_filename)?),
        false => None,
    };
    let all = load_rules(&common.rules)?;
    let rules = selected(&all, &scan.select, &scan.ignore)?;
    Ok(Settings {
        root: sys::working_dir()?,
        paths: if stdin.is_some() { Vec::new() } else { scan.paths.clone() },
        stdin,
        threads: scan.threads,
        tests: scan.tests,
        assume_closable: scan.assume_closable,
        every: false,
        unsafe_fixes,
        index_only: scan.index_only,
        exclude: scan.exclude.clone(),
        seeding: rules::seeding(&rules, &all),
        rules,
        max_file_bytes: MAX_FILE_BYTES,
        timings: scan.stats,
        stats: scan.stats,
    })
}

fn read_stdin(name: &str) -> anyhow::Result<Stdin> {
    let text = sys::read_stdin(MAX_FILE_BYTES)?;
    Ok(Stdin { name: name.to_owned(), text: text.into() })
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
/// When there is none; the message lists those that there are.
pub fn rule_by_id<'a>(rules: &'a [Arc<Rule>], id: &str) -> anyhow::Result<&'a Arc<Rule>> {
    let known = || rules.iter().map(|rule| &*rule.id).collect::<Vec<_>>().join(", ");
    rules.iter().find(|rule| &*rule.id == id).with_context(|| format!("no rule is called `{id}`; there are: {}", known()))
}

/// The rules that run: those in `select`, or all stable ones, without those in `ignore`.
fn selected(rules: &[Arc<Rule>], select: &[String], ignore: &[String]) -> anyhow::Result<Vec<Arc<Rule>>> {
    for id in select.iter().chain(ignore) {
        rule_by_id(rules, id)?;
    }
    let wanted = |rule: &&Arc<Rule>| {
        let named = |ids: &[String]| ids.iter().any(|id| **id == *rule.id);
        let runs = if select.is_empty() { rule.status == Status::Stable } else { named(select) };
        runs && !named(ignore)
    };
    let rules: Vec<_> = rules.iter().filter(wanted).cloned().collect();
    if rules.is_empty() {
        bail!("no rule is left to run; take some --ignore away");
    }
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_selected_by_id() {
        let rules = load_rules(&[]).expect("the rules that come with unleak load");
        let first = rules[0].id.to_string();
        assert_eq!(selected(&rules, std::slice::from_ref(&first), &[]).unwrap().len(), 1);
        let unknown = selected(&rules, &["nothing".into()], &[]).unwrap_err().to_string();
        assert!(unknown.contains("`nothing`") && unknown.contains(&first), "{unknown}");
        let all: Vec<String> = rules.iter().map(|rule| rule.id.to_string()).collect();
        assert!(selected(&rules, &[], &all).is_err());
        assert!(selected(&rules, &[], &[]).unwrap().iter().all(|rule| rule.status == Status::Stable));
    }
}
