//! The import path at the top of a tree without `go.mod`: what tools from before modules wrote down, what
//! import comments say, and else which prefix leads the tree's own imports back into it.
//!
//! That an import lies there is for `steps` to ask.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::scope::Tree;
use super::{Locator, paths};
use crate::base::sys::{self, Kind};
use crate::go::project::names::is_test_file;
use crate::go::syntax::outline::{self, is_word};

/// The most that is read of a manifest, and of a source file where a name that it uses is looked for.
const MAX_FILE_BYTES: u64 = 4 << 20;

/// So much of a source file is read for its imports.
const MAX_HEAD_BYTES: usize = 16 << 10;

/// A tree of more folders than this is judged by the first of them.
const MAX_FOLDERS: usize = 8192;

/// So many of the imports below a prefix are held against what their folders declare.
const MAX_SAMPLES: usize = 3;

/// Folders with what belongs to others.
const PASSED_OVER: [&str; 4] = ["vendor", "testdata", "node_modules", "Godeps"];

/// What tools from before modules leave at the top of a repository.
const OF_OLD_TOOLS: [&str; 6] = ["vendor", "Godeps", "glide.yaml", "Gopkg.toml", "Gopkg.lock", ".gopmfile"];

/// Hosts at which a repository is named by two more elements.
const OWNER_AND_NAME: [&str; 3] = ["github.com", "gitlab.com", "bitbucket.org"];

/// What the source files of a tree say of it. Folders count from its top, the top itself is empty.
#[derive(Default)]
struct Survey {
    /// Those with Go files that are no tests.
    folders: FxHashSet<String>,
    /// Import path -> the first file that imports it by a name that can be used.
    imports: FxHashMap<Arc<str>, PathBuf>,
    /// Prefix -> how many import comments say so.
    comments: FxHashMap<String, usize>,
}

impl Locator {
    /// The import path of the folder `dir` in a tree that has no `go.mod`.
    pub(super) fn path_by_prefix(&self, dir: &Path) -> Option<String> {
        let tree = self.trees(dir).next()?;
        let rest = paths::slashed(dir.strip_prefix(&tree.dir).ok()?)?;
        Some(if rest.is_empty() { tree.prefix.to_string() } else { format!("{}/{rest}", tree.prefix) })
    }

    /// The trees without `go.mod` around `dir`, the innermost first. The scanned one is the outermost.
    pub(super) fn trees(&self, dir: &Path) -> impl Iterator<Item = Arc<Tree>> {
        let main = self.main.as_ref().filter(|main| dir.starts_with(main) && !self.is_dependency(dir));
        let above =
            main.into_iter().flat_map(move |main| dir.ancestors().take_while(move |at| at.starts_with(main)));
        above.filter_map(|at| self.trees.once(at, || self.find_tree(at).map(Arc::new)))
    }

    /// Whether `dir` belongs to a repository from before there were modules: no `go.mod` is anywhere in it,
    /// and it has what tools from then made, or imports that lead into it. A folder of single files is none.
    pub fn is_before_modules(&self, dir: &Path) -> bool {
        let dir = self.absolute(dir);
        let Some(main) = self.main.as_ref().filter(|main| dir.starts_with(main)) else { return false };
        let told = |name: &&str| sys::kind(&main.join(name)).is_some();
        self.module_of(&dir).is_none()
            && self.before_modules.once(main, || {
                let old = OF_OLD_TOOLS.iter().any(told) || self.trees(main).next().is_some();
                old && !self.has_module_below(main)
            })
    }

    /// Whether a folder at or below `top` is a module.
    fn has_module_below(&self, top: &Path) -> bool {
        let mut left = vec![top.to_path_buf()];
        let mut seen = 0;
        while let Some(dir) = left.pop() {
            seen += 1;
            if seen > MAX_FOLDERS || self.module_at(&dir).is_some() {
                return true;
            }
            let below = sys::list(&dir).unwrap_or_default().into_iter();
            let looked_into = |name: &str| !name.starts_with('.') && !PASSED_OVER.contains(&name);
            left.extend(
                below
                    .filter(|(name, kind)| *kind == Kind::Folder && name.to_str().is_some_and(looked_into))
                    .map(|(name, _)| dir.join(name)),
            );
        }
        false
    }

    fn find_tree(&self, dir: &Path) -> Option<Tree> {
        let surveyed = || self.prefix_by_source(dir).filter(|_| self.main.as_deref() == Some(dir));
        let prefix = by_manifest(dir).or_else(surveyed)?;
        Some(Tree { dir: dir.to_path_buf(), prefix: prefix.into() })
    }

    fn prefix_by_source(&self, dir: &Path) -> Option<String> {
        let survey = self.survey(dir);
        let said = survey.comments.iter().map(|(prefix, count)| (*count, prefix.clone()));
        the_most(said).or_else(|| self.by_imports(dir, &survey))
    }

    /// The prefix of which all imports below it, or all but a few that are still to be generated, lie in the
    /// tree, and which most of them have.
    fn by_imports(&self, top: &Path, survey: &Survey) -> Option<String> {
        let mut led: FxHashMap<&str, Vec<&str>> = FxHashMap::default();
        for import in survey.imports.keys() {
            for prefix in paths::prefixes(import).skip(1).filter(|prefix| can_be_prefix(prefix)) {
                let rest = paths::below(prefix, import).unwrap_or_default();
                if survey.folders.contains(rest) {
                    led.entry(prefix).or_default().push(import);
                }
            }
        }
        let fitting = led.into_iter().filter_map(|(prefix, mut imports)| {
            imports.sort_unstable();
            let below = survey.imports.keys().filter(|import| paths::below(prefix, import).is_some());
            let few_missing = imports.len() * 10 >= below.count() * 9;
            let copied = ["vendor", "Godeps/_workspace/src"].map(|folder| top.join(folder).join(prefix));
            let own = few_missing && copied.iter().all(|copy| sys::kind(copy).is_none());
            let declared = |import: &&str| {
                let folder = top.join(paths::below(prefix, import).unwrap_or_default());
                survey.imports.get(*import).is_some_and(|file| declares_what_is_used(&folder, file, import))
            };
            (own && imports.iter().take(MAX_SAMPLES).all(declared))
                .then(|| (imports.len(), prefix.to_owned()))
        });
        the_most(fitting)
    }

    fn survey(&self, top: &Path) -> Survey {
        let mut survey = Survey::default();
        let mut left = vec![(top.to_path_buf(), String::new())];
        let mut seen = 0;
        while let Some((dir, below)) = left.pop().filter(|_| seen < MAX_FOLDERS) {
            seen += 1;
            for (name, kind) in sys::list(&dir).unwrap_or_default() {
                let Some(name) = name.to_str().filter(|name| !name.starts_with(['.', '_'])) else { continue };
                let path = dir.join(name);
                if kind == Kind::File && name.ends_with(".go") {
                    survey.add(&path, &below, is_test_file(name));
                }
                let passed_over = PASSED_OVER.contains(&name);
                // A module inside has a name of its own.
                if kind == Kind::Folder && !passed_over && self.module_at(&path).is_none() {
                    let slash = if below.is_empty() { "" } else { "/" };
                    left.push((path, format!("{below}{slash}{name}")));
                }
            }
        }
        survey
    }
}

impl Survey {
    fn add(&mut self, file: &Path, folder: &str, test: bool) {
        let head = sys::read_range(file, 0, MAX_HEAD_BYTES).unwrap_or_default();
        if !test {
            self.folders.insert(folder.to_owned());
        }
        if let Some(path) = outline::import_comment(&head) {
            let above = match folder {
                "" => Some(&*path),
                folder => path.strip_suffix(folder).and_then(|above| above.strip_suffix('/')),
            };
            if let Some(prefix) = above.filter(|prefix| paths::unsound(prefix).is_none()) {
                *self.comments.entry(prefix.to_owned()).or_default() += 1;
            }
        }
        for import in outline::imports(&head).1 {
            let usable = !matches!(import.name.as_deref(), Some("_" | "."));
            if usable && !paths::is_std(&import.path) && paths::unsound(&import.path).is_none() {
                self.imports.entry(import.path).or_insert_with(|| file.to_path_buf());
            }
        }
    }
}

/// What the manifest of a tool from before modules says of the folder that it lies in.
fn by_manifest(dir: &Path) -> Option<String> {
    let read = |name: &str| sys::read_in_tree(&dir.join(name), MAX_FILE_BYTES).ok();
    let json = |name: &str, key: &str| {
        let file: serde_json::Value = serde_json::from_slice(&read(name)?).ok()?;
        Some(file.get(key)?.as_str()?.to_owned())
    };
    let glide = || {
        let text = String::from_utf8(read("glide.yaml")?).ok()?;
        let value = text.lines().find_map(|line| line.strip_prefix("package:"))?;
        let bare = value.split('#').next().unwrap_or_default().trim();
        Some(bare.trim_matches(['"', '\'']).to_owned())
    };
    let said = [json("Godeps/Godeps.json", "ImportPath"), json("vendor/vendor.json", "rootPath"), glide()];
    // Some leave it at `.`.
    let names_something = |prefix: &String| paths::unsound(prefix).is_none() && prefix != ".";
    said.into_iter().flatten().find(names_something)
}

/// Whether a repository can be called `prefix`.
fn can_be_prefix(prefix: &str) -> bool {
    let host = prefix.split('/').next().unwrap_or_default();
    !OWNER_AND_NAME.contains(&host) || prefix.split('/').count() >= 3
}

/// Whether the package in `folder` declares all that `file`, which imports it as `import`, takes from it, and
/// that is something.
fn declares_what_is_used(folder: &Path, file: &Path, import: &str) -> bool {
    let Ok(text) = sys::read(file, MAX_FILE_BYTES) else { return false };
    let mut name = None;
    let mut declared: FxHashSet<Arc<str>> = FxHashSet::default();
    for (entry, kind) in sys::list(folder).unwrap_or_default() {
        let source = entry.to_str().is_some_and(|entry| entry.ends_with(".go") && !is_test_file(entry));
        if source && kind == Kind::File {
            let text = sys::read(&folder.join(entry), MAX_FILE_BYTES).unwrap_or_default();
            let outline = outline::outline(&text);
            name.get_or_insert(outline.package);
            declared.extend(outline.items.into_iter().flat_map(|item| item.names));
        }
    }
    let alias = outline::imports(&text).1.into_iter().find(|other| &*other.path == import);
    let Some(name) = alias.and_then(|import| import.name).or(name) else { return false };
    let used = selected_from(&text, &name);
    !used.is_empty() && used.iter().all(|used| declared.contains(&**used))
}

/// The names behind `name.` in `text` that another package may use.
fn selected_from(text: &[u8], name: &str) -> Vec<String> {
    let operand = format!("{name}.");
    let whole =
        |at: &usize| at.checked_sub(1).is_none_or(|before| !is_word(text[before]) && text[before] != b'.');
    let behind =
        memchr::memmem::find_iter(text, &operand).filter(whole).map(|at| &text[at + operand.len()..]);
    let names =
        behind.map(|rest| rest.iter().copied().take_while(|&byte| is_word(byte)).collect::<Vec<u8>>());
    names
        .filter(|name| name.first().is_some_and(u8::is_ascii_uppercase))
        .filter_map(|name| String::from_utf8(name).ok())
        .collect()
}

/// The prefix that is counted most often, if no other is as often.
fn the_most(counted: impl Iterator<Item = (usize, String)>) -> Option<String> {
    let mut counted: Vec<(usize, String)> = counted.collect();
    counted.sort();
    let (count, prefix) = counted.pop()?;
    counted.last().is_none_or(|(second, _)| *second < count).then_some(prefix)
}
