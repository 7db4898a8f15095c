//! Where results go: to standard output, or to files, which are written whole.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::base::sys;
use crate::report::{Format, Results};

/// What takes the result of a command.
#[derive(Debug, Clone, Copy)]
pub struct Output<'a>(Option<&'a Path>);

/// `--report`: a format and the file that takes it.
#[derive(Debug, Clone)]
pub struct FileReport {
    pub format: &'static Format,
    pub file: PathBuf,
}

impl<'a> Output<'a> {
    /// Standard output.
    pub const STDOUT: Output<'static> = Output(None);

    /// The file, or standard output without one.
    pub fn to(file: Option<&'a Path>) -> Output<'a> {
        Output(file)
    }

    /// Whether a person looks on.
    pub fn is_terminal(self) -> bool {
        self.0.is_none() && io::stdout().is_terminal()
    }

    /// Takes what `write` writes for people: with colours, where they are wanted.
    ///
    /// # Errors
    /// What keeps it from being written.
    pub fn for_people(self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
        match self.0 {
            None => flushed(BufWriter::new(anstream::stdout().lock()), write),
            Some(file) => whole(file, |out| write(&mut anstream::StripStream::new(out))),
        }
    }

    /// Takes what `write` writes for programs: every byte as it is.
    ///
    /// # Errors
    /// What keeps it from being written.
    pub fn for_programs(self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
        match self.0 {
            None => flushed(BufWriter::new(io::stdout().lock()), write),
            Some(file) => whole(file, |out| write(out)),
        }
    }

    /// Takes `results` in `format`.
    ///
    /// # Errors
    /// What keeps it from being written.
    pub fn results(self, format: &Format, results: &Results<'_>) -> anyhow::Result<()> {
        match format.colored {
            true => self.for_people(|out| (format.write)(out, results)),
            false => self.for_programs(|out| (format.write)(out, results)),
        }
    }
}

impl FileReport {
    /// Reads `NAME=FILE`; `usable` says which formats may be named.
    ///
    /// # Errors
    /// The words for what is wrong with it.
    pub fn parse(given: &str, usable: fn(&Format) -> bool) -> Result<FileReport, String> {
        let (name, file) = given.split_once('=').unwrap_or((given, ""));
        let format = Format::named(name).filter(|format| usable(format));
        let Some(format) = format else {
            let names =
                crate::report::FORMATS.iter().filter(|format| usable(format)).map(|format| format.name);
            return Err(format!(
                "no format is called `{name}`; there are: {}",
                names.collect::<Vec<_>>().join(", ")
            ));
        };
        match file.is_empty() {
            true => Err(format!("name the file: {name}=FILE")),
            false => Ok(FileReport { format, file: file.into() }),
        }
    }
}

/// Writes each report to its file.
///
/// # Errors
/// The first file that cannot be written.
pub fn write_reports(reports: &[FileReport], results: &Results<'_>) -> anyhow::Result<()> {
    reports.iter().try_for_each(|report| Output::to(Some(&report.file)).results(report.format, results))
}

/// Hands `write` standard output for people.
///
/// # Errors
/// What keeps it from being written.
pub fn for_people(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
    Output::STDOUT.for_people(write)
}

/// Hands `write` standard output for programs.
///
/// # Errors
/// What keeps it from being written.
pub fn for_programs(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
    Output::STDOUT.for_programs(write)
}

fn flushed(mut out: impl Write, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
    write(&mut out).and_then(|()| out.flush()).context("cannot write to standard output")
}

fn whole(file: &Path, write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> anyhow::Result<()> {
    let mut bytes = Vec::new();
    write(&mut bytes)?;
    sys::write(file, &bytes)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_has_no_colours_for_people_and_every_byte_for_programs() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("out");
        Output::to(Some(&file)).for_people(|out| write!(out, "\u{1b}[1mbold\u{1b}[0m")).unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"bold");
        Output::to(Some(&file)).for_programs(|out| out.write_all(b"\x1b[1m\xff")).unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"\x1b[1m\xff");
    }

    #[test]
    fn a_report_names_a_format_and_a_file() {
        let parse = |given| FileReport::parse(given, |format| format.name != "github");
        let report = parse("sarif=a=b.sarif").unwrap();
        assert_eq!((report.format.name, report.file), ("sarif", PathBuf::from("a=b.sarif")));
        assert_eq!(parse("sarif").unwrap_err(), "name the file: sarif=FILE");
        assert!(parse("serif=x").unwrap_err().starts_with("no format is called `serif`; there are: text, "));
        assert!(parse("github=x").is_err());
    }
}
