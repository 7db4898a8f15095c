//! What describes the program itself to others: completions for shells, man pages, JSON Schemas.

use std::path::Path;

use anyhow::{Context, anyhow};
use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;

use super::exit::Exit;
use super::flags::{Cli, CommonFlags, Described};
use super::output::for_programs;
use super::settings::UsageError;
use super::words::{counted, say};
use crate::base::sys::{self, Kind};
use crate::config;
use crate::report::{self, harmless};

/// Prints the completions for a shell.
///
/// # Errors
/// The writer's.
pub fn completions(shell: Shell) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "unleak", &mut script);
    for_programs(|out| out.write_all(&script))?;
    Ok(Exit::Nothing)
}

/// Prints a JSON Schema.
///
/// # Errors
/// The writer's.
pub fn schema(what: Described) -> anyhow::Result<Exit> {
    let schema = match what {
        Described::Json => report::json_output_schema(),
        Described::Config => config::schema(),
    };
    let text = serde_json::to_string_pretty(&schema)?;
    for_programs(|out| writeln!(out, "{text}"))?;
    Ok(Exit::Nothing)
}

/// Writes a page for the program and one for each command into `folder`.
///
/// # Errors
/// A folder that is not there or takes no files.
pub fn man(common: &CommonFlags, folder: &Path) -> anyhow::Result<Exit> {
    if sys::kind(folder) != Some(Kind::Folder) {
        return Err(UsageError::of(anyhow!("{} is no folder; make it first", folder.display())));
    }
    let pages = pages()?;
    for (name, text) in &pages {
        sys::write(&folder.join(name), text)?;
    }
    if !common.quiet {
        let place = folder.to_string_lossy();
        say(&format!("{} written to {}", counted(pages.len(), "page"), harmless(&place)));
    }
    Ok(Exit::Nothing)
}

/// The pages by file name: `unleak.1`, `unleak-check.1`, `unleak-config-show.1`.
fn pages() -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut program = Cli::command();
    program.build();
    let (mut waiting, mut pages) = (vec![program], Vec::new());
    while let Some(command) = waiting.pop() {
        waiting.extend(command.get_subcommands().cloned());
        let page = Man::new(command).source(concat!("unleak ", env!("CARGO_PKG_VERSION")));
        let mut text = Vec::new();
        page.render(&mut text).context("cannot write a page")?;
        pages.push((page.get_filename(), text));
    }
    pages.sort();
    Ok(pages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_that_names_its_flags() {
        let pages = pages().unwrap();
        let page = |name: &str| {
            let (_, text) =
                pages.iter().find(|(other, _)| other == name).unwrap_or_else(|| panic!("no {name}"));
            String::from_utf8(text.clone()).unwrap()
        };
        assert!(page("unleak.1").contains("unleak\\-check(1)"));
        assert!(page("unleak-check.1").contains("\\-\\-write\\-baseline"));
        assert!(page("unleak-config-show.1").contains(".TH unleak-config-show 1"));
        let commands = Cli::command().get_subcommands().count();
        assert!(pages.len() > commands, "{} pages for {commands} commands", pages.len());
    }

    #[test]
    fn every_shell_is_told_the_commands() {
        use clap::ValueEnum;
        for shell in Shell::value_variants() {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "unleak", &mut script);
            let script = String::from_utf8(script).unwrap();
            assert!(script.contains("write-baseline") && script.contains("completions"), "{shell}");
        }
    }
}
