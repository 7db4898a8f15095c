//! The layers of each folder, put together: defaults, `unleak.toml` files from the top down, flags. The last
//! one to speak of a key is heard; globs to leave out add up.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::Match;
use rustc_hash::FxHashMap;
use toml::{Table, Value};

use super::keys::{ALL, Keys, MOST_FILE_BYTES};
use super::layer::{Layer, SaidBy};
use super::policy::{Files, Policy, Sources};
use crate::base::sys::{self, Error, Kind};
use crate::rules::{self, Rule, Status};

/// The name that a file of settings has.
pub const FILE: &str = "unleak.toml";

/// A value, its key, and who said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub key: String,
    /// As TOML.
    pub value: String,
    pub origin: SaidBy,
}

/// The policies of a tree, by folder.
#[derive(Debug)]
pub struct Tree {
    root: PathBuf,
    sources: Sources,
    /// What holds before any folder has spoken.
    base: Folder,
    folders: BTreeMap<PathBuf, Folder>,
    /// Whether any layer leaves something out.
    has_globs: bool,
    /// Files of settings that were looked for, by real folder.
    read: FxHashMap<PathBuf, Option<Arc<Layer>>>,
    /// What is called like a file of settings and is none, as printed.
    no_files: Vec<Arc<str>>,
}

/// A folder whose files have a policy of their own.
#[derive(Debug, Clone)]
struct Folder {
    /// Itself with links resolved, as the globs of the layers expect it.
    real: PathBuf,
    /// From the top down.
    layers: Vec<Arc<Layer>>,
    policy: Arc<Policy>,
}

impl Tree {
    /// The tree for a run in `root` before anything was looked at, but for the one file that `sources` may
    /// name.
    ///
    /// # Errors
    /// [`Error::Config`] for a mistake in that file, or what [`sys::read`] says.
    pub fn new(root: &Path, sources: &Sources) -> Result<Tree, Error> {
        let layers = match &sources.files {
            Files::Only(file) => {
                let layer = read(&root.join(file), &shown(file), root, &sources.rules);
                vec![Arc::new(layer.map_err(|error| error.named(file))?)]
            }
            Files::Found | Files::None => Vec::new(),
        };
        let base = Folder::new(root.to_path_buf(), layers, sources);
        let has_globs =
            base.layers.iter().map(|layer| &**layer).chain([&sources.flags]).any(Layer::has_globs);
        Ok(Tree {
            root: root.into(),
            sources: sources.clone(),
            base,
            has_globs,
            folders: BTreeMap::new(),
            read: FxHashMap::default(),
            no_files: Vec::new(),
        })
    }

    /// Takes in the files of settings that hold for `folder` (absolute) and lie in it or above it.
    ///
    /// # Errors
    /// As [`Tree::nested`].
    pub fn name(&mut self, folder: &Path) -> Result<(), Error> {
        if self.sources.files != Files::Found || self.folders.contains_key(folder) {
            return Ok(());
        }
        let real = sys::real_path(folder)?;
        let mut layers = Vec::new();
        for above in self.reach(&real) {
            layers.extend(self.layer(above)?);
        }
        layers.reverse();
        self.folders.insert(folder.to_path_buf(), Folder::new(real, layers, &self.sources));
        Ok(())
    }

    /// Takes in a file of settings below a folder that was named. Those of the folders above it come first.
    ///
    /// # Errors
    /// [`Error::Config`] for a mistake in it, or what [`sys::read`] says.
    pub fn nested(&mut self, file: &Path) -> Result<(), Error> {
        let is_new =
            |folder: &&Path| self.sources.files == Files::Found && !self.folders.contains_key(*folder);
        let Some(folder) = file.parent().filter(is_new) else { return Ok(()) };
        let (given, above) = self.of(folder);
        let real = above.real.join(folder.strip_prefix(given).unwrap_or(folder));
        let mut layers = above.layers.clone();
        layers.extend(self.layer(&real)?);
        self.folders.insert(folder.to_path_buf(), Folder::new(real, layers, &self.sources));
        Ok(())
    }

    /// The policy for `file`, which lies in or below a folder that was named.
    pub fn policy(&self, file: &Path) -> &Arc<Policy> {
        &self.of(file).1.policy
    }

    /// Whether a glob leaves out the file or folder at `path`.
    pub fn excludes(&self, path: &Path, is_folder: bool) -> bool {
        if !self.has_globs {
            return false;
        }
        let (given, folder) = self.of(path.parent().unwrap_or(path));
        let flags = self.sources.flags.exclude.as_ref().map(|globs| globs.matched(path, is_folder));
        let globs = folder
            .layers
            .iter()
            .rev()
            .filter_map(|layer| layer.exclude.as_ref())
            .filter(|globs| !globs.is_empty());
        let real = || folder.real.join(path.strip_prefix(given).unwrap_or(path));
        let said = flags.into_iter().chain(globs.map(|globs| globs.matched(real(), is_folder)));
        said.map(|answer| answer.map(|_| ()))
            .find(|answer| !answer.is_none())
            .is_some_and(|answer| matches!(answer, Match::Ignore(())))
    }

    /// The files of settings that were read, as printed, sorted.
    pub fn files(&self) -> Vec<Arc<str>> {
        let one = self.base.layers.iter().chain(self.read.values().flatten());
        let mut files: Vec<Arc<str>> = one.map(|layer| layer.file.clone()).collect();
        files.sort();
        files
    }

    /// What is called like a file of settings and is none (a folder, a pipe, a link out of the tree), as
    /// printed. It was not opened.
    pub fn no_files(&self) -> &[Arc<str>] {
        &self.no_files
    }

    /// The ids of the rules that run in some folder, sorted.
    pub fn rules(&self) -> Vec<Arc<str>> {
        let folders = self.folders.values().chain(self.folders.is_empty().then_some(&self.base));
        let rules = folders.flat_map(|folder| &folder.policy.rules);
        let ids: BTreeSet<Arc<str>> = rules.map(|rule| rule.id.clone()).collect();
        ids.into_iter().collect()
    }

    /// Every value that holds for files in `folder`, which was named.
    pub fn explain(&self, folder: &Path) -> Vec<Said> {
        let merged = Merged::of(&self.of(folder).1.layers, &self.sources.flags);
        let mut all = Vec::new();
        for (key, value) in &merged.values {
            if key != "exclude" || merged.exclude.is_empty() {
                let origin = merged.origins.get(key).cloned().unwrap_or(SaidBy::Default);
                all.push(Said { key: key.clone(), value: value.to_string(), origin });
            } else {
                all.extend(merged.exclude.iter().map(|(glob, origin)| Said {
                    key: key.clone(),
                    value: glob.to_string(),
                    origin: origin.clone(),
                }));
            }
        }
        all
    }

    /// The nearest folder at or above `path` that has a policy of its own, as it was given.
    fn of<'t>(&'t self, path: &Path) -> (&'t Path, &'t Folder) {
        // Asked of every file, and in most trees there is but one answer.
        let found = match self.folders.len() {
            1 => self.folders.first_key_value().filter(|(given, _)| path.starts_with(given)),
            _ => path.ancestors().find_map(|at| self.folders.get_key_value(at)),
        };
        found.map_or((&self.root, &self.base), |(given, folder)| (given, folder))
    }

    /// The folders from `folder` (a real path) upwards whose files of settings hold for it.
    fn reach<'p>(&self, folder: &'p Path) -> Vec<&'p Path> {
        let all: Vec<&Path> = folder.ancestors().collect();
        let is_top = |at: &&Path| sys::kind(&at.join(".git")).is_some();
        let root = sys::real_path(&self.root).ok();
        let last =
            all.iter().position(is_top).or_else(|| all.iter().position(|at| Some(*at) == root.as_deref()));
        all[..=last.unwrap_or(0)].to_vec()
    }

    fn layer(&mut self, folder: &Path) -> Result<Option<Arc<Layer>>, Error> {
        if let Some(known) = self.read.get(folder) {
            return Ok(known.clone());
        }
        let file = folder.join(FILE);
        let layer = match sys::kind(&file) {
            Some(Kind::File) if !sys::is_link(&file) || !sys::leads_out(&file) => {
                let printed = file.strip_prefix(&self.root).unwrap_or(&file);
                Some(Arc::new(read(&file, &shown(printed), folder, &self.sources.rules)?))
            }
            None => None,
            Some(_) => {
                let printed = file.strip_prefix(&self.root).unwrap_or(&file);
                self.no_files.push(shown(printed));
                None
            }
        };
        self.has_globs |= layer.as_ref().is_some_and(|layer| layer.has_globs());
        self.read.insert(folder.to_path_buf(), layer.clone());
        Ok(layer)
    }
}

fn shown(file: &Path) -> Arc<str> {
    file.to_string_lossy().into()
}

fn read(file: &Path, printed: &Arc<str>, folder: &Path, rules: &[Arc<Rule>]) -> Result<Layer, Error> {
    let bytes = sys::read(file, 1 << 20)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Error::Config {
        file: printed.clone(),
        line: 1,
        column: 1,
        words: "the file is not UTF-8, as TOML is".to_owned(),
    })?;
    Layer::read(printed, text, folder, rules)
}

impl Folder {
    fn new(real: PathBuf, layers: Vec<Arc<Layer>>, sources: &Sources) -> Folder {
        let policy = Arc::new(Merged::of(&layers, &sources.flags).policy(&sources.rules));
        Folder { real, layers, policy }
    }
}

/// Layers put together.
struct Merged {
    values: Table,
    /// Of what is no default.
    origins: BTreeMap<String, SaidBy>,
    /// The globs of all layers.
    exclude: Vec<(Value, SaidBy)>,
}

impl Merged {
    fn of(layers: &[Arc<Layer>], flags: &Layer) -> Merged {
        let values = Table::try_from(Keys::default()).unwrap_or_default();
        let mut merged = Merged { values, origins: BTreeMap::new(), exclude: Vec::new() };
        layers.iter().map(|layer| &**layer).chain([flags]).for_each(|layer| merged.take(layer));
        merged
    }

    fn take(&mut self, layer: &Layer) {
        // Who names the rules to run is not held to what others would not have run.
        let selects =
            layer.values.iter().find(|(key, ..)| key == "select").map(|(_, _, origin)| origin.clone());
        if let Some(origin) = selects {
            self.say("ignore", Value::Array(Vec::new()), origin);
        }
        for (key, value, origin) in &layer.values {
            if let (true, Value::Array(globs)) = (key == "exclude", value) {
                self.exclude.extend(globs.iter().map(|glob| (glob.clone(), origin.clone())));
            }
            self.say(key, value.clone(), origin.clone());
        }
    }

    fn say(&mut self, key: &str, value: Value, origin: SaidBy) {
        self.values.insert(key.to_owned(), value);
        self.origins.insert(key.to_owned(), origin);
    }

    fn policy(self, rules: &[Arc<Rule>]) -> Policy {
        // Files were checked when they were read, and flags have types of their own.
        let keys: Keys = self.values.try_into().unwrap_or_default();
        let runs = |rule: &&Arc<Rule>| is_selected(rule, &keys.select, &keys.ignore);
        let running: Vec<_> = rules.iter().filter(runs).cloned().collect();
        let is_ignored = |rule: &Rule| keys.ignore.iter().any(|id| **id == *rule.id);
        let waits =
            |rule: &&Arc<Rule>| keys.select.is_empty() && rule.status == Status::Preview && !is_ignored(rule);
        Policy {
            all_rules: rules.to_vec(),
            previews: rules.iter().filter(waits).cloned().collect(),
            seeding: rules::seeding(&running, rules),
            rules: running,
            tests: keys.tests,
            generated: keys.generated,
            style: keys.style,
            assume_closable: keys.assume_closable,
            max_file_bytes: keys.max_file_bytes.min(MOST_FILE_BYTES),
        }
    }
}

/// Whether a rule runs: when it is among `select` or that holds `all`, or stable where that is empty, and not
/// among `ignore`.
pub fn is_selected(rule: &Rule, select: &[String], ignore: &[String]) -> bool {
    let named = |ids: &[String]| ids.iter().any(|id| **id == *rule.id);
    let runs = if select.is_empty() {
        rule.status == Status::Stable
    } else {
        named(select) || select.iter().any(|id| id == ALL)
    };
    runs && !named(ignore)
}
