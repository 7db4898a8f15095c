//! What a run does: [`Settings`] for the run, and a [`Policy`] for the files of a folder. Nothing is left in
//! them to interpret.
//!
//! A policy is made of layers: defaults, the `unleak.toml` files on the way down to the folder, flags. None
//! of them can name a command, so a repository's own files are harmless to read.

mod keys;
mod layer;
mod style;
#[cfg(test)]
mod tests;
mod tree;

use std::path::PathBuf;
use std::sync::Arc;

pub use keys::Keys;
pub use layer::{Layer, Origin, known_rule};
pub use style::Style;
pub use tree::{FILE, Files, Said, Tree, is_selected};

use crate::base::diagnostic::FaultKind;
use crate::base::progress::Progress;
use crate::rules::{Engine, Rule};
use crate::vcs::Change;

/// What one run does. Made by `cli` from flags.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The working directory: printed paths are relative to it. Absolute.
    pub root: PathBuf,
    /// The working directory from the top of its git work tree, with `/` between and behind its parts; empty
    /// at the top and where there is none.
    pub prefix: String,
    /// Files and folders to look at, as given; never empty unless `stdin` is set.
    pub paths: Vec<PathBuf>,
    /// A single file from standard input instead of `paths`.
    pub stdin: Option<Stdin>,
    /// Worker threads; 0 means one per core.
    pub threads: usize,
    /// What policies are made of.
    pub sources: Sources,
    /// Report every acquisition, also those whose types have nothing to release, which a plain check need not
    /// look at closely.
    pub every: bool,
    /// Apply unsafe fixes too.
    pub unsafe_fixes: bool,
    /// Apply no more fixes than this: the first ones in the order of output.
    pub max_fixes: usize,
    /// Write a comment with this reason at each finding that is left.
    pub add_ignore: Option<String>,
    /// Report what this change touches and nothing else.
    pub change: Option<Change>,
    /// Ask no source outside of the scanned module (vendor/, module cache, GOROOT): the shipped index only.
    pub index_only: bool,
    /// Where the run says how far it is.
    pub progress: Arc<Progress>,
    /// Measure phases.
    pub timings: bool,
    /// Count what was left out and why; takes a walk over it.
    pub stats: bool,
}

/// Where policies come from, beside the defaults.
#[derive(Debug, Clone)]
pub struct Sources {
    /// All rules that there are, in id order.
    pub rules: Vec<Arc<Rule>>,
    /// Which files of settings are read.
    pub files: Files,
    /// What the flags say, which goes before everything else.
    pub flags: Layer,
}

/// What holds for the files of a folder.
#[derive(Debug, Clone)]
pub struct Policy {
    /// All rules that there are, in id order.
    pub all_rules: Vec<Arc<Rule>>,
    /// Those that run: what they say is reported.
    pub rules: Vec<Arc<Rule>>,
    /// Those that propose the calls which are looked at.
    pub seeding: Vec<Arc<Rule>>,
    /// Report findings in `_test.go` files.
    pub tests: bool,
    /// Report findings in generated files.
    pub generated: bool,
    /// How releases are spelled.
    pub style: Style,
    /// Treat a result of unknown type as closable by `Close()`.
    pub assume_closable: bool,
    /// Files above this size in bytes are left out with a diagnostic.
    pub max_file_bytes: u64,
}

impl Policy {
    /// The rule that runs and reports such faults of acquisitions.
    pub fn reporting(&self, kind: FaultKind) -> Option<&Arc<Rule>> {
        self.rules.iter().find(|rule| rule.reports(kind))
    }

    /// The rules that run and whose findings come from this engine.
    pub fn of_engine(&self, engine: Engine) -> impl Iterator<Item = &Arc<Rule>> {
        self.rules.iter().filter(move |rule| rule.engine == engine)
    }
}

impl Settings {
    /// A printed path as seen from the top of the repository, so that it is the same wherever the run was
    /// started.
    pub fn in_repository(&self, printed: &str) -> String {
        if self.prefix.is_empty() || printed.starts_with('/') {
            return printed.to_owned();
        }
        let mut parts: Vec<&str> = self.prefix.split_terminator('/').collect();
        for part in printed.split('/') {
            match part {
                ".." if !parts.is_empty() => drop(parts.pop()),
                "." => {}
                part => parts.push(part),
            }
        }
        parts.join("/")
    }

    /// Where the file lies that is at `path` from the top of the repository.
    pub fn file_in_repository(&self, path: &str) -> PathBuf {
        let up = self.prefix.split_terminator('/').map(|_| "..");
        let top: PathBuf = up.collect();
        self.root.join(top).join(path)
    }
}

#[cfg(test)]
impl Settings {
    /// Settings for tests: `paths` below `root`, everything else as without flags, and no rules.
    pub(crate) fn sample<P: AsRef<std::path::Path>>(root: &std::path::Path, paths: &[P]) -> Settings {
        Settings {
            root: root.into(),
            prefix: String::new(),
            paths: paths.iter().map(|path| path.as_ref().into()).collect(),
            stdin: None,
            threads: 2,
            sources: Sources { rules: Vec::new(), files: Files::Found, flags: Layer::default() },
            every: false,
            unsafe_fixes: false,
            max_fixes: usize::MAX,
            add_ignore: None,
            change: None,
            index_only: false,
            progress: Arc::default(),
            timings: false,
            stats: false,
        }
    }
}

/// A Go file that came through standard input.
#[derive(Debug, Clone)]
pub struct Stdin {
    /// The name it goes by in output, and the place its imports are resolved from.
    pub name: String,
    /// Its text.
    pub text: Arc<[u8]>,
}
