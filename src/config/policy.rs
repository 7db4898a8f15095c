//! What holds for the files of a folder, and where that comes from.

use std::path::PathBuf;
use std::sync::Arc;

use super::layer::Layer;
use super::style::Style;
use crate::base::diagnostic::FaultKind;
use crate::rules::{Engine, Rule};

/// Which files of settings are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Files {
    /// Those called `unleak.toml`: from the top of the repository (without one, from the working directory)
    /// down to each file.
    Found,
    /// This one for everything; its globs count from the working directory.
    Only(PathBuf),
    /// None.
    None,
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
    /// Those in preview that nobody asked for or turned off: what they would say is not reported, but that
    /// they are there is. Empty where somebody chose the rules to run.
    pub previews: Vec<Arc<Rule>>,
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
