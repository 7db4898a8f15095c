//! What one run does.

use std::path::PathBuf;
use std::sync::Arc;

use super::policy::Sources;
use crate::base::progress::Progress;
use crate::base::sys;
use crate::vcs::{Change, RepositoryPath, RepositoryPaths, Top};

/// What one run does. Made by `cli` from flags.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The working directory: printed paths are relative to it. Absolute.
    pub root: PathBuf,
    /// Which repositories files lie in.
    pub places: Arc<RepositoryPaths>,
    pub scan: ScanSettings,
    pub report: ReportSettings,
    pub fix: FixSettings,
}

/// What is looked at, and with what rules.
#[derive(Debug, Clone)]
pub struct ScanSettings {
    /// Files and folders to look at, as given; never empty unless `stdin` is set.
    pub paths: Vec<PathBuf>,
    /// A single file from standard input instead of `paths`.
    pub stdin: Option<Stdin>,
    /// Worker threads; 0 means one per core.
    pub threads: usize,
    /// What policies are made of.
    pub sources: Sources,
    /// Report what this change touches and nothing else.
    pub change: Option<Change>,
    /// Ask no source outside of the scanned module (vendor/, module cache, GOROOT): the shipped index only.
    pub index_only: bool,
}

/// What is told of a run.
#[derive(Debug, Clone, Default)]
pub struct ReportSettings {
    /// Report every acquisition, also those whose types have nothing to release, which a plain check need not
    /// look at closely.
    pub every: bool,
    /// Where the run says how far it is.
    pub progress: Arc<Progress>,
    /// Measure phases.
    pub timings: bool,
    /// Count what was left out and why; takes a walk over it.
    pub stats: bool,
}

/// Which fixes are applied.
#[derive(Debug, Clone)]
pub struct FixSettings {
    /// Unsafe ones too.
    pub unsafe_fixes: bool,
    /// In files with syntax errors too.
    pub damaged: bool,
    /// No more than this: the first ones in the order of output.
    pub max_fixes: usize,
    /// Write a comment with this reason at each finding that is left.
    pub add_ignore: Option<String>,
}

impl Default for FixSettings {
    fn default() -> FixSettings {
        FixSettings { unsafe_fixes: false, damaged: false, max_fixes: usize::MAX, add_ignore: None }
    }
}

impl Settings {
    /// Where the file lies that is printed as `printed`; `None` for what is no file here: a source outside
    /// that is called by a name of its own.
    pub fn place(&self, printed: &str) -> Option<RepositoryPath> {
        self.places.of(&self.root.join(printed))
    }

    /// A printed path as seen from the top of the repository that it lies in, so that it is the same wherever
    /// the run was started.
    pub fn in_repository(&self, printed: &str) -> String {
        self.place(printed).map_or_else(|| printed.to_owned(), |place| place.path())
    }

    /// The folder that paths of the run count from, where it is the same for all: the top of the repository
    /// of the first path that was named.
    pub fn top(&self) -> Option<Arc<Top>> {
        let first = match &self.scan.stdin {
            Some(stdin) => PathBuf::from(&stdin.name),
            None => self.scan.paths.first()?.clone(),
        };
        // `.` and `..` as names would be taken for files of that name.
        let file = self.root.join(first);
        let inside = sys::kind(&file) == Some(sys::Kind::Folder);
        let asked = if inside { file.join("any.go") } else { file };
        self.places.of(&asked).or_else(|| self.places.of(&self.root.join("any.go"))).map(|place| place.top)
    }
}

#[cfg(test)]
impl Settings {
    /// Settings for tests: `paths` below `root`, everything else as without flags, and no rules.
    pub(crate) fn sample<P: AsRef<std::path::Path>>(root: &std::path::Path, paths: &[P]) -> Settings {
        Settings {
            root: root.into(),
            places: Arc::new(RepositoryPaths::new(root)),
            scan: ScanSettings {
                paths: paths.iter().map(|path| path.as_ref().into()).collect(),
                stdin: None,
                threads: 2,
                sources: Sources {
                    rules: Vec::new(),
                    files: super::policy::Files::Found,
                    flags: super::layer::Layer::default(),
                },
                change: None,
                index_only: false,
            },
            report: ReportSettings::default(),
            fix: FixSettings::default(),
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
