//! Flags as they are typed. What they mean is settled in `settings`.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::Style;

const EXAMPLES: &str = "\
Examples:
  unleak check                  what leaks below the working directory
  unleak diff . | git apply     put the safe fixes in
  unleak diff --unsafe --stat   how much all fixes would change
  unleak fix ./cmd ./internal   write the safe fixes into two folders
  unleak audit --format json    every client that is made, and how it ends
  unleak explain unclosed-client
  unleak resolve net/http.NewServeMux

Exit codes: 0 nothing found, 1 findings (check, diff), 2 nothing trustworthy came out.";

const RESOLVE_EXAMPLES: &str = "\
Examples:
  unleak resolve cloud.google.com/go/storage.NewClient
  unleak resolve --from services/api example.com/api/internal/db.Open
  unleak resolve --index-only github.com/nats-io/nats.go.Connect

The answer is the one that a file of the folder --from would get: its go.mod selects the versions.";

const INDEX_EXAMPLES: &str = "\
Examples:
  unleak index ~/go/pkg/mod/cloud.google.com/go/storage@v1.30.0
  unleak index --modcache > index.txt
  unleak index \"$(go env GOROOT)/src\"

Nothing is downloaded. Several versions of a module tell at which of them a fact holds.";

/// Finds Go resources that are acquired and never released, and writes the missing release.
#[derive(Debug, Parser)]
#[command(name = "unleak", version, after_help = EXAMPLES, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub common: Common,
}

/// Flags of every command.
#[derive(Debug, Args)]
pub struct Common {
    /// Also load the rules in the folders below DIR
    #[arg(long, value_name = "DIR", global = true)]
    pub rules: Vec<PathBuf>,
    /// When to colour the output
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    pub color: Color,
    /// Print results and faults only, no closing words
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List what leaks, why, and what would mend it
    Check(Check),
    /// Print the safe fixes as one patch that `git apply` takes
    Diff(Diff),
    /// Write the safe fixes into the files
    Fix(Fix),
    /// List every acquisition with its verdict and the line that proves it
    Audit(Audit),
    /// List the rules
    Rules,
    /// Print what a rule is about
    Explain {
        /// The rule's id, as `unleak rules` lists it
        rule: String,
    },
    /// Print what Go says of a function or type: what releases it, and where that was read
    #[command(after_help = RESOLVE_EXAMPLES)]
    Resolve(Resolve),
    /// Read modules and print the facts that the shipped index is made of
    #[command(after_help = INDEX_EXAMPLES)]
    Index(Index),
}

/// `check`.
#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    pub scan: Scan,
    /// How findings are printed
    #[arg(long, default_value = "text")]
    pub format: CheckFormat,
    /// List the files that would be read, and do nothing else
    #[arg(long)]
    pub files: bool,
}

/// `diff`.
#[derive(Debug, Args)]
pub struct Diff {
    #[command(flatten)]
    pub scan: Scan,
    /// Take the unsafe fixes too: right in likelihood, but they need a look
    #[arg(long)]
    pub r#unsafe: bool,
    /// Print a summary of changed lines instead of the patch
    #[arg(long)]
    pub stat: bool,
}

/// `fix`.
#[derive(Debug, Args)]
pub struct Fix {
    #[command(flatten)]
    pub scan: Scan,
    /// Take the unsafe fixes too: right in likelihood, but they need a look
    #[arg(long)]
    pub r#unsafe: bool,
    /// Write although Go files hold work that is not committed
    #[arg(long)]
    pub allow_dirty: bool,
    /// Do not ask git: files outside of a repository are changed too
    #[arg(long)]
    pub no_vcs: bool,
    /// Ask about one fix after another, also in files with work that is not committed; ? lists the answers
    #[arg(short, long, conflicts_with = "format")]
    pub interactive: bool,
    /// Run COMMAND in every module that was changed (`go` stands for `go vet ./...`), and take back the fixes that make it fail
    #[arg(long, value_name = "COMMAND")]
    pub verify: Option<String>,
    /// Exit with 1 when something was changed or left
    #[arg(long)]
    pub exit_code: bool,
    /// How the outcome is printed
    #[arg(long, default_value = "text")]
    pub format: Format,
}

/// `audit`.
#[derive(Debug, Args)]
pub struct Audit {
    #[command(flatten)]
    pub scan: Scan,
    /// How the acquisitions are printed
    #[arg(long, default_value = "text")]
    pub format: Format,
}

/// `resolve`.
#[derive(Debug, Args)]
pub struct Resolve {
    /// An import path and a name of that package, with a dot between them
    #[arg(value_name = "IMPORT.NAME", required = true)]
    pub names: Vec<String>,
    /// Look the import up as a file of DIR would
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub from: PathBuf,
    /// Ask no source outside of that module, only the index that comes with unleak
    #[arg(long)]
    pub index_only: bool,
}

/// `index`.
#[derive(Debug, Args)]
pub struct Index {
    /// Folders of modules as the module cache has them (`path@version`), or a Go installation's `src`
    #[arg(value_name = "MODULE_DIR", required_unless_present = "modcache")]
    pub modules: Vec<PathBuf>,
    /// Read every module of the module cache
    #[arg(long)]
    pub modcache: bool,
}

/// What is looked at and how: the flags that all four scanning commands share.
#[derive(Debug, Args)]
pub struct Scan {
    /// Files and folders to look at; `-` reads one file from standard input
    #[arg(value_name = "PATHS", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// The name that standard input goes by
    #[arg(long, value_name = "NAME", default_value = "stdin.go")]
    pub stdin_filename: String,
    /// Worker threads; 0 for one a core
    #[arg(short = 'j', long, value_name = "N", default_value_t = 0)]
    pub threads: usize,
    /// Report findings in `_test.go` files too
    #[arg(long)]
    pub tests: bool,
    /// Leave out what GLOB names, as in a .gitignore file of the working directory
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Run these rules only, separated by commas, also those that do not run by themselves (preview)
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub select: Vec<String>,
    /// Do not run these rules, separated by commas
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// Take a client of unknown type for one that Close() releases
    #[arg(long)]
    pub assume_closable: bool,
    /// How releases are spelled: as the file does it, plainly, with the error ignored, logged or joined, or as a test's clean-up
    #[arg(long, value_name = "STYLE", default_value = "auto", value_parser = style())]
    pub style: Style,
    /// Ask no source outside of the scanned modules, only the index that comes with unleak
    #[arg(long)]
    pub index_only: bool,
    /// Print what was read, what was left out and why, and how long each phase took
    #[arg(long)]
    pub stats: bool,
    /// Exit with 2 when something could not be read or written
    #[arg(long)]
    pub strict: bool,
}

fn style() -> impl TypedValueParser<Value = Style> {
    PossibleValuesParser::new(Style::ALL.map(Style::word)).map(|word| Style::named(&word).expect("it is one of the words"))
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Also into files and pipes
    Always,
    /// Nowhere
    Never,
}

/// How `check` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// With the lines of source
    Text,
    /// One line a finding
    Concise,
    /// For programs; see docs/json.md
    Json,
}

/// How the other commands print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For programs; see docs/json.md
    Json,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_flags_are_consistent_and_each_has_help() {
        let mut command = Cli::command();
        command.build();
        command.clone().debug_assert();
        for sub in command.get_subcommands() {
            assert!(sub.get_about().is_some(), "{}", sub.get_name());
            for arg in sub.get_arguments() {
                assert!(arg.get_help().is_some(), "{} {}", sub.get_name(), arg.get_id());
            }
        }
    }

    #[test]
    fn a_lone_dash_is_a_path() {
        let cli = Cli::try_parse_from(["unleak", "fix", "-", "--unsafe", "-j2"]).expect("it is well formed");
        let Command::Fix(fix) = cli.command else { panic!("another command") };
        assert_eq!(fix.scan.paths, [PathBuf::from("-")]);
        assert!(fix.r#unsafe && fix.scan.threads == 2);
    }
}
