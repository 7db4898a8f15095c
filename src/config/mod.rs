//! Flags become settings: everything resolved, no `Option` left that a later room would have to interpret.

use std::path::PathBuf;
use std::sync::Arc;

use crate::rules::Rule;

/// What one run does. Made by `cli` from flags.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The working directory: printed paths are relative to it. Absolute.
    pub root: PathBuf,
    /// Files and folders to look at, as given; never empty unless `stdin` is set.
    pub paths: Vec<PathBuf>,
    /// A single file from standard input instead of `paths`.
    pub stdin: Option<Stdin>,
    /// Worker threads; 0 means one per core.
    pub threads: usize,
    /// Report findings in `_test.go` files.
    pub tests: bool,
    /// Treat a result of unknown type as closable by `Close()`.
    pub assume_closable: bool,
    /// Report every acquisition, also those whose types have nothing to release, which a plain check need not look at closely.
    pub every: bool,
    /// Apply unsafe fixes too.
    pub unsafe_fixes: bool,
    /// Ask no source outside of the scanned module (vendor/, module cache, GOROOT): the shipped index only.
    pub index_only: bool,
    /// Globs of paths to leave out, relative to `root`.
    pub exclude: Vec<String>,
    /// The rules that run, in id order: what they say is reported.
    pub rules: Vec<Arc<Rule>>,
    /// The rules that propose the calls which are looked at, in id order.
    pub seeding: Vec<Arc<Rule>>,
    /// Files above this size in bytes are left out with a diagnostic.
    pub max_file_bytes: u64,
    /// Measure phases.
    pub timings: bool,
    /// Count what was left out and why; takes a walk over it.
    pub stats: bool,
}

#[cfg(test)]
impl Settings {
    /// Settings for tests: `paths` below `root`, everything else as without flags, and no rules.
    pub(crate) fn sample<P: AsRef<std::path::Path>>(root: &std::path::Path, paths: &[P]) -> Settings {
        Settings {
            root: root.into(),
            paths: paths.iter().map(|path| path.as_ref().into()).collect(),
            stdin: None,
            threads: 2,
            tests: false,
            assume_closable: false,
            every: false,
            unsafe_fixes: false,
            index_only: false,
            exclude: Vec::new(),
            rules: Vec::new(),
            seeding: Vec::new(),
            max_file_bytes: 1 << 20,
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
