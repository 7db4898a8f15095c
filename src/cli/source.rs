//! `resolve` and `index`: what Go's own source says, for one name and for whole modules.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::exit::Exit;
use super::flags::{CommonFlags, IndexFlags, ResolveFlags};
use super::output::{for_people, for_programs};
use super::settings;
use super::words::{self, counted};
use crate::base::diagnostic::{Certainty, Closable, Evidence, Release, ReleaseArg};
use crate::base::sys::{self, Error, Kind};
use crate::go::index_build::build;
use crate::go::index_build::build::Counts;
use crate::go::index_build::modcache;
use crate::go::project::locate::{Environment, Locator};
use crate::go::types::closable::ClosableAnswer;
use crate::go::types::database::Database;
use crate::go::types::release::ReleaseMethod;
use crate::go::types::resolve;
use crate::go::types::resolve::Resolution;
use crate::report;

/// Prints what is known of each name. One that nobody knows does not keep the others from being answered.
pub fn resolve(common: &CommonFlags, flags: &ResolveFlags) -> anyhow::Result<Exit> {
    sys::on_deep_stack(|| resolve_all(common, flags))?
}

fn resolve_all(common: &CommonFlags, flags: &ResolveFlags) -> anyhow::Result<Exit> {
    let root = sys::working_dir()?;
    folder(&flags.from)?;
    let methods = methods(common)?;
    let environment = Environment { outside: !flags.index_only, ..Environment::detect() };
    let database = Database::new(Locator::new(environment).with_main(&flags.from), &root);
    let mut exit = Exit::Nothing;
    for name in &flags.names {
        match resolve::resolve(&database, &root.join(&flags.from), name, &methods) {
            Ok(answer) => for_people(|out| print(out, &answer))?,
            Err(why) => {
                words::error(&why);
                exit = Exit::Error;
            }
        }
    }
    words::faults(&database.locator().faults());
    Ok(exit)
}

/// The release methods of all rules, each once: a name is looked at as the rules look at it.
fn methods(common: &CommonFlags) -> anyhow::Result<Vec<ReleaseMethod>> {
    let mut methods: Vec<ReleaseMethod> = Vec::new();
    for rule in settings::load_rules(&common.rules)? {
        for method in &rule.releases {
            if !methods.iter().any(|known| (&known.name, &known.args) == (&method.name, &method.args)) {
                methods.push(method.clone());
            }
        }
    }
    Ok(methods)
}

fn print(out: &mut dyn Write, answer: &Resolution) -> std::io::Result<()> {
    let harmless = report::harmless;
    writeln!(out, "{}.{}", harmless(&answer.package), harmless(&answer.name))?;
    if !answer.signature.is_empty() {
        writeln!(out, "  {}", harmless(&answer.signature))?;
    }
    writeln!(out, "  read at {}", harmless(&answer.read_at))?;
    if answer.answers.is_empty() {
        writeln!(out, "  gives nothing that could be released")?;
    }
    for result in &answer.answers {
        writeln!(out, "  {}", harmless(&told(result)))?;
        if let Some(evidence) = &result.evidence {
            writeln!(out, "    {}", harmless(&place(evidence)))?;
        }
    }
    Ok(())
}

/// `*storage.Client: released by Close() error`.
fn told(result: &ClosableAnswer) -> String {
    let name = if result.type_name.is_empty() { "?" } else { &result.type_name };
    let assumed = if result.certainty == Certainty::Assumed { " (assumed)" } else { "" };
    match &result.closable {
        Closable::By(release) => format!("{name}: released by {}{assumed}", spelled(release)),
        Closable::Nothing(why) => format!("{name}: nothing to release{assumed}: {why}"),
        Closable::Unknown(why) => format!("{name}: unknown type: {why}"),
    }
}

fn place(evidence: &Evidence) -> String {
    match evidence.line {
        0 => evidence.words.clone(),
        line => format!("{}:{line}:{}: {}", evidence.path, evidence.column, evidence.words),
    }
}

fn spelled(release: &Release) -> String {
    let arg = |arg: &ReleaseArg| if *arg == ReleaseArg::Context { "ctx" } else { "…" };
    let args: Vec<_> = release.args.iter().map(arg).collect();
    format!("{}({}){}", release.method, args.join(", "), if release.returns_error { " error" } else { "" })
}

/// Prints the facts of the named modules, or of all in the module cache.
pub fn index(common: &CommonFlags, flags: &IndexFlags) -> anyhow::Result<Exit> {
    let environment = Environment::detect();
    let mut dirs = flags.modules.clone();
    dirs.iter().try_for_each(|dir| folder(dir))?;
    if flags.modcache {
        dirs.extend(cached(&environment)?);
    }
    let pool = rayon::ThreadPoolBuilder::new()
        .stack_size(sys::STACK_BYTES)
        .build()
        .context("cannot start threads")?;
    let (facts, complaints) = pool.install(|| build::build(&dirs, &|_| Locator::new(environment.clone())));
    complaints.iter().for_each(|complaint| words::error(complaint));
    let counts = facts.counts();
    if counts.packages == 0 {
        bail!(
            "none of {} has a fact to tell: no function that gives a client, no type that is released",
            counted(dirs.len(), "module")
        );
    }
    let text = facts.render();
    for_programs(|out| out.write_all(text.as_bytes()))?;
    if !common.quiet {
        words::say(&tally(&counts, text.len()));
    }
    Ok(if complaints.is_empty() { Exit::Nothing } else { Exit::Error })
}

fn cached(environment: &Environment) -> anyhow::Result<Vec<PathBuf>> {
    let cache = environment
        .gomodcache
        .as_deref()
        .context("no module cache is known; set GOMODCACHE or name the modules")?;
    folder(cache)?;
    let dirs = modcache::modules(cache);
    if dirs.is_empty() {
        bail!(
            "{}: no modules in this module cache; `go mod download` fetches those of a go.mod",
            cache.display()
        );
    }
    Ok(dirs)
}

fn tally(counts: &Counts, bytes: usize) -> String {
    let Counts { modules, packages, facts } = *counts;
    let (modules, packages) = (counted(modules, "module"), counted(packages, "package"));
    format!("{modules}, {packages}, {}, {}", counted(facts, "fact"), counted(bytes, "byte"))
}

/// Complains unless `dir` is a folder.
fn folder(dir: &Path) -> anyhow::Result<()> {
    match sys::kind(dir) {
        Some(Kind::Folder) => Ok(()),
        Some(_) => bail!("{}: not a folder; name the folder of a module", dir.display()),
        None => Err(Error::NotFound { path: dir.to_path_buf() }.into()),
    }
}
