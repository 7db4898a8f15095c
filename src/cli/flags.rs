//! Flags as they are typed. What they mean is settled in `settings`.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, StringValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::output::{FileReport, Output};
use crate::config::Style;
use crate::report::{FORMATS, Format};

const EXAMPLES: &str = "\
Examples:
  unleak check                  what leaks below the working directory
  unleak diff . | git apply     put the safe fixes in
  unleak diff --unsafe --stat   how much all fixes would change
  unleak fix ./cmd ./internal   write the safe fixes into two folders
  unleak audit --format json    every client that is made, and how it ends
  unleak explain unclosed-client
  unleak resolve net/http.NewServeMux
  unleak config show services/api

Exit codes: 0 nothing found, or all done (fix); 1 findings (check, diff), or fixes that --verify took back \
     (fix);
2 nothing trustworthy came out; 64 the command line or the settings are wrong, so that trying again is no
use; 75 the machine had no room or no time, and trying again may help.";

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

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  unleak completions bash > ~/.local/share/bash-completion/completions/unleak
  unleak completions zsh > ~/.zfunc/_unleak
  unleak completions fish > ~/.config/fish/completions/unleak.fish";

/// Finds Go resources that are acquired and never released, and writes the missing release.
#[derive(Debug, Parser)]
#[command(name = "unleak", version, after_help = EXAMPLES, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub common: CommonFlags,
}

/// Flags of every command, listed behind a command's own.
#[derive(Debug, Args)]
#[command(next_display_order = 900)]
pub struct CommonFlags {
    /// Also load the rules in the folders below DIR
    #[arg(long, value_name = "DIR", global = true)]
    pub rules: Vec<PathBuf>,
    /// When to colour the output
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    pub color: Color,
    /// Print results and faults only, no closing words and no progress
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Also name the settings files that hold and each file that is left out, with the reason
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List what leaks, why, and what would mend it
    Check(CheckFlags),
    /// Print the safe fixes as one patch that `git apply` takes
    Diff(DiffFlags),
    /// Write the safe fixes into the files
    Fix(FixFlags),
    /// List every acquisition with its verdict and the line that proves it
    Audit(AuditFlags),
    /// Show what the settings of a folder are, and who said so
    #[command(subcommand)]
    Config(ConfigCommand),
    /// List the rules
    Rules,
    /// Print what a rule is about
    Explain {
        /// The rule's id, as `unleak rules` lists it
        rule: String,
    },
    /// Print what Go says of a function or type: what releases it, and where that was read
    #[command(after_help = RESOLVE_EXAMPLES)]
    Resolve(ResolveFlags),
    /// Read modules and print the facts that the shipped index is made of
    #[command(after_help = INDEX_EXAMPLES)]
    Index(IndexFlags),
    /// Print completions for a shell
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions {
        /// The shell that is to complete
        #[arg(value_name = "SHELL")]
        shell: Shell,
    },
    /// Write man pages, one for each command
    Man {
        /// A folder that is there
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Print the JSON Schema of what others read or write
    Schema {
        /// What it describes
        #[arg(value_name = "WHAT", default_value = "json")]
        what: Described,
    },
}

/// What a schema describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Described {
    /// What `--format json` prints
    Json,
    /// `unleak.toml`
    Config,
}

/// `config`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print every setting that holds for PATH, as an unleak.toml, with the place that each comes from
    Show {
        /// A folder or a file
        #[arg(value_name = "PATH", default_value = ".")]
        path: PathBuf,
        #[command(flatten)]
        policy: PolicyFlags,
    },
}

/// `check`.
#[derive(Debug, Args)]
pub struct CheckFlags {
    #[command(flatten)]
    pub scan: ScanFlags,
    #[command(flatten)]
    pub change: ChangeFlags,
    /// How findings are printed
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = format(|_| true))]
    pub format: &'static Format,
    /// Write a report to FILE as well; may be given several times
    #[arg(long, value_name = "FORMAT=FILE", value_parser = report(|_| true))]
    pub report: Vec<FileReport>,
    #[command(flatten)]
    pub output: OutputFlags,
    /// Be silent about the findings that FILE has, and tell which of them are gone
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Write the findings to FILE, for --baseline; what FILE has of files that are not looked at stays
    #[arg(long, value_name = "FILE", conflicts_with_all = ["baseline", "files"])]
    pub write_baseline: Option<PathBuf>,
    /// List the files that would be read, and do nothing else
    #[arg(long)]
    pub files: bool,
    /// Exit with 0 also when there are findings
    #[arg(long)]
    pub exit_zero: bool,
}

/// `diff`.
#[derive(Debug, Args)]
pub struct DiffFlags {
    #[command(flatten)]
    pub scan: ScanFlags,
    #[command(flatten)]
    pub change: ChangeFlags,
    #[command(flatten)]
    pub choice: ChoiceFlags,
    /// Print a summary of changed lines instead of the patch
    #[arg(long)]
    pub stat: bool,
    /// How the patch is printed: as it is, or in JSON with the facts
    #[arg(long, default_value = "text", conflicts_with = "stat")]
    pub format: TextOrJson,
    /// Where there is nothing to patch, print a patch that changes nothing, so that `git apply` succeeds
    #[arg(long, conflicts_with = "stat")]
    pub allow_empty: bool,
    /// Exit with 0 also when there are findings
    #[arg(long)]
    pub exit_zero: bool,
    #[command(flatten)]
    pub output: OutputFlags,
}

/// `fix`.
#[derive(Debug, Args)]
pub struct FixFlags {
    #[command(flatten)]
    pub scan: ScanFlags,
    #[command(flatten)]
    pub change: ChangeFlags,
    #[command(flatten)]
    pub choice: ChoiceFlags,
    /// Write `//unleak:ignore RULE -- REASON` above each finding that is left
    #[arg(long, conflicts_with = "interactive", value_name = "REASON")]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "not looked at yet")]
    pub add_ignore: Option<String>,
    /// Write although Go files hold work that is not committed
    #[arg(long)]
    pub allow_dirty: bool,
    /// Do not ask git: files outside of a repository are changed too
    #[arg(long)]
    pub no_vcs: bool,
    /// Ask about one fix after another, also in files with work that is not committed; ? lists the answers
    #[arg(short, long, conflicts_with = "format")]
    pub interactive: bool,
    /// Run COMMAND in every module that was changed (`go` stands for `go vet ./...`), and take back the fixes
    /// that make it fail
    #[arg(long, value_name = "COMMAND")]
    pub verify: Option<String>,
    /// Exit with 1 when something was changed or left
    #[arg(long)]
    pub exit_code: bool,
    /// How the outcome is printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    #[arg(value_parser = format(|format| format.tells_fixes))]
    pub format: &'static Format,
    /// Write a report to FILE as well; may be given several times
    #[arg(long, value_name = "FORMAT=FILE", value_parser = report(|format| format.tells_fixes))]
    pub report: Vec<FileReport>,
    #[command(flatten)]
    pub output: OutputFlags,
}

/// `audit`.
#[derive(Debug, Args)]
pub struct AuditFlags {
    #[command(flatten)]
    pub scan: ScanFlags,
    /// How the acquisitions are printed
    #[arg(long, default_value = "text")]
    pub format: TextOrJson,
    #[command(flatten)]
    pub output: OutputFlags,
    /// Print why the fix at this line is safe, step by step, or what stands against that
    #[arg(long, value_name = "FILE:LINE", value_parser = place)]
    pub proof: Option<(String, u32)>,
}

/// `FILE:LINE`
fn place(text: &str) -> Result<(String, u32), String> {
    let wanted = || "a file and a line of it are wanted, as `cmd/main.go:12`".to_owned();
    let (file, line) = text.rsplit_once(':').filter(|(file, _)| !file.is_empty()).ok_or_else(wanted)?;
    Ok((file.to_owned(), line.parse().map_err(|_| wanted())?))
}

/// `resolve`.
#[derive(Debug, Args)]
pub struct ResolveFlags {
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
pub struct IndexFlags {
    /// Folders of modules as the module cache has them (`path@version`), or a Go installation's `src`
    #[arg(value_name = "MODULE_DIR", required_unless_present = "modcache")]
    pub modules: Vec<PathBuf>,
    /// Read every module of the module cache
    #[arg(long)]
    pub modcache: bool,
}

/// Where the result goes: the flag that all scanning commands share.
#[derive(Debug, Args)]
pub struct OutputFlags {
    /// Write the result to FILE instead of standard output
    #[arg(long, value_name = "FILE")]
    pub output_file: Option<PathBuf>,
}

impl OutputFlags {
    /// What takes the result.
    pub fn open(&self) -> Output<'_> {
        Output::to(self.output_file.as_deref())
    }
}

/// Each thread has a deep stack: more than a few for each core do nothing but take the machine down.
fn threads() -> clap::builder::RangedU64ValueParser<usize> {
    clap::builder::RangedU64ValueParser::new().range(0..=256)
}

/// What is looked at and how: the flags that all four scanning commands share.
#[derive(Debug, Args)]
pub struct ScanFlags {
    /// Files and folders to look at; `-` reads one file from standard input
    #[arg(value_name = "PATHS", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// The name that standard input goes by
    #[arg(long, value_name = "NAME", default_value = "stdin.go")]
    pub stdin_filename: String,
    /// Worker threads; 0 for one a core
    #[arg(short = 'j', long, value_name = "N", default_value_t = 0, value_parser = threads())]
    pub threads: usize,
    #[command(flatten)]
    pub policy: PolicyFlags,
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

/// What is reported of a change: the flags that all commands share which report findings.
#[derive(Debug, Args)]
pub struct ChangeFlags {
    /// Only findings in declarations that differ from the git revision REV, committed or not; with REV...
    /// from where HEAD left it
    #[arg(long, value_name = "REV", conflicts_with = "staged")]
    pub since: Option<String>,
    /// Only findings in declarations that the git index changes; files are read as they are on disk
    #[arg(long)]
    pub staged: bool,
}

/// Which fixes are taken: the flags that `diff` and `fix` share.
#[derive(Debug, Args)]
pub struct ChoiceFlags {
    /// Take the unsafe fixes too: right in likelihood, but they need a look
    #[arg(long)]
    pub r#unsafe: bool,
    /// Also change files that have syntax errors as they are
    #[arg(long)]
    pub damaged: bool,
    /// Take no more than N fixes: the first ones in the order of the findings
    #[arg(long, value_name = "N")]
    pub max_fixes: Option<usize>,
}

/// Flags that say what `unleak.toml` can say too, each under the name of its key, and where that is read.
#[derive(Debug, Args)]
pub struct PolicyFlags {
    /// Read settings from FILE alone, not from the unleak.toml files of the tree
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Read no unleak.toml
    #[arg(long, conflicts_with = "config")]
    pub no_config: bool,
    /// Run these rules only, separated by commas, also those that do not run by themselves (preview); `all`
    /// runs every one
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub select: Vec<String>,
    /// Do not run these rules, separated by commas
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// Leave out what GLOB names, as in a .gitignore file of the working directory
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Report findings in `_test.go` files too
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub tests: Option<bool>,
    /// Report findings in generated files too; they are not fixed
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub generated: Option<bool>,
    /// How releases are spelled: as the file does it, plainly, with the error ignored, logged or joined, or
    /// as a test's clean-up
    #[arg(long, value_name = "STYLE", value_parser = style())]
    pub style: Option<Style>,
    /// Take a client of unknown type for one that Close() releases
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub assume_closable: Option<bool>,
    /// Leave out files with more than N bytes
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1 << 30))]
    pub max_file_bytes: Option<u32>,
}

fn style() -> impl TypedValueParser<Value = Style> {
    PossibleValuesParser::new(Style::ALL.map(Style::word))
        .map(|word| Style::named(&word).expect("it is one of the words"))
}

/// Names of the formats in the table that are `usable`, with what they are good for.
fn format(usable: fn(&Format) -> bool) -> impl TypedValueParser<Value = &'static Format> {
    let names = FORMATS.iter().filter(|format| usable(format));
    PossibleValuesParser::new(names.map(|format| PossibleValue::new(format.name).help(format.about)))
        .map(|name| Format::named(&name).expect("it is one of the names"))
}

fn report(usable: fn(&Format) -> bool) -> impl TypedValueParser<Value = FileReport> {
    StringValueParser::new().try_map(move |given| FileReport::parse(&given, usable))
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

/// How `diff` and `audit` print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TextOrJson {
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
        let subs: Vec<_> = command
            .get_subcommands()
            .flat_map(|sub| [sub].into_iter().chain(sub.get_subcommands()))
            .collect();
        for sub in subs {
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
        assert!(fix.choice.r#unsafe && fix.scan.threads == 2);
    }

    #[test]
    fn no_more_threads_are_started_than_a_machine_bears() {
        assert!(Cli::try_parse_from(["unleak", "check", "-j256"]).is_ok());
        assert!(Cli::try_parse_from(["unleak", "check", "-j257"]).is_err());
    }
}
