//! `config show`: every setting that holds for a path, and who said so.

use std::io::{self, Write};
use std::path::Path;

use super::exit::Exit;
use super::flags::{CommonFlags, ConfigCommand};
use super::output::for_people;
use super::settings;
use crate::base::sys::{self, Error, Kind};
use crate::config::{Said, Tree};
use crate::report::harmless;

/// Runs the command.
///
/// # Errors
/// A path that is not there, and mistakes in files of settings.
pub fn run(common: &CommonFlags, command: &ConfigCommand) -> anyhow::Result<Exit> {
    let ConfigCommand::Show { path, policy } = command;
    let root = sys::working_dir()?;
    let mut tree = Tree::new(&root, &settings::sources(&root, common, policy)?)?;
    let given = root.join(path);
    let folder = match sys::kind(&given) {
        Some(Kind::Folder) => given.as_path(),
        Some(_) => given.parent().unwrap_or(Path::new("/")),
        None => return Err(Error::NotFound { path: path.clone() }.into()),
    };
    tree.name(folder)?;
    for_people(|out| show(out, &tree.explain(folder)))?;
    Ok(Exit::Nothing)
}

/// Writes TOML: `key = value`, with the origin in a comment; globs, which add up, one a line.
fn show(out: &mut dyn Write, all: &[Said]) -> io::Result<()> {
    for said in all.chunk_by(|a, b| a.key == b.key) {
        let globs = said.iter().map(|glob| (format!("    {},", glob.value), &glob.origin));
        let lines: Vec<_> = match said {
            [one] if one.key != "exclude" || one.value == "[]" => {
                vec![(format!("{} = {}", one.key, one.value), &one.origin)]
            }
            _ => globs.collect(),
        };
        let is_list = lines[0].0.starts_with(' ');
        if is_list {
            writeln!(out, "{} = [", said[0].key)?;
        }
        for (line, origin) in lines {
            writeln!(out, "{:<32} # {}", harmless(&line), harmless(&origin.to_string()))?;
        }
        if is_list {
            writeln!(out, "]")?;
        }
    }
    Ok(())
}
