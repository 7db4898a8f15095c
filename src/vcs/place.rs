//! Which repository a file lies in, and under which path there: the same wherever a run is started.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::work_tree::work_tree;
use crate::base::memo::Memo;
use crate::base::sys::{self, Kind};

/// What the folder is that paths count from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopKind {
    /// The top of a git work tree.
    Repository,
    /// Without one: the outermost folder above that has a `go.mod` or a `go.work`.
    Module,
    /// Without either: the working directory, or the file's own folder.
    Folder,
}

/// A folder that paths count from.
#[derive(Debug, PartialEq, Eq)]
pub struct Top {
    /// With links resolved.
    pub dir: PathBuf,
    pub kind: TopKind,
}

/// A file as its repository has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryPath {
    pub top: Arc<Top>,
    /// The exact path from there.
    pub below: PathBuf,
}

impl RepositoryPath {
    /// The path from the top, `/` between its parts, lossy where it is not UTF-8.
    pub fn path(&self) -> String {
        let parts = self.below.components().map(|part| part.as_os_str().to_string_lossy());
        parts.collect::<Vec<_>>().join("/")
    }
}

/// The top of the repository that a folder lies in, and the way down from there.
type FolderPlace = (Arc<Top>, PathBuf);

/// Finds the places of files, each folder once.
#[derive(Debug, Default)]
pub struct RepositoryPaths {
    working_dir: PathBuf,
    tops: Memo<PathBuf, Option<FolderPlace>>,
}

impl RepositoryPaths {
    /// For a run in `working_dir` (absolute).
    pub fn new(working_dir: &Path) -> RepositoryPaths {
        let real = sys::real_path(working_dir).unwrap_or_else(|_| working_dir.to_path_buf());
        RepositoryPaths { working_dir: real, tops: Memo::default() }
    }

    /// Where `file` lies, which need not be there, but its folder must; a link at the end of its path is not
    /// followed.
    pub fn of(&self, file: &Path) -> Option<RepositoryPath> {
        let (folder, name) = match file.components().next_back() {
            Some(Component::Normal(name)) => (file.parent()?, PathBuf::from(name)),
            _ => (file, PathBuf::new()),
        };
        let known = self.tops.get(folder);
        let (top, below) = known.unwrap_or_else(|| self.tops.put(folder.to_path_buf(), self.top(folder)))?;
        Some(RepositoryPath { top, below: below.join(name) })
    }

    /// The top for files in `folder`, and the way from there to it.
    fn top(&self, folder: &Path) -> Option<FolderPlace> {
        let real = sys::real_path(folder).ok()?;
        let top = top_of(&real).unwrap_or_else(|| {
            let dir = if real.starts_with(&self.working_dir) { &self.working_dir } else { &real };
            Top { dir: dir.clone(), kind: TopKind::Folder }
        });
        let below = real.strip_prefix(&top.dir).ok()?.to_path_buf();
        Some((Arc::new(top), below))
    }
}

/// The top for files in `dir`, a real path, as far as the tree tells.
fn top_of(dir: &Path) -> Option<Top> {
    if let Some(top) = work_tree(dir) {
        return Some(Top { dir: top.to_path_buf(), kind: TopKind::Repository });
    }
    let is_module =
        |at: &&Path| ["go.mod", "go.work"].iter().any(|name| sys::kind(&at.join(name)) == Some(Kind::File));
    let top = dir.ancestors().filter(is_module).last()?;
    Some(Top { dir: top.to_path_buf(), kind: TopKind::Module })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_path_counts_from_the_nearest_repository_wherever_the_run_is() {
        let dir = tempfile::tempdir().unwrap();
        let root = sys::real_path(dir.path()).unwrap();
        for file in ["outer/.git/HEAD", "outer/sub/x.go", "outer/inner/.git/HEAD", "outer/inner/d/y.go"] {
            fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            fs::write(root.join(file), "").unwrap();
        }
        for start in ["", "outer", "outer/inner/d"] {
            let places = RepositoryPaths::new(&root.join(start));
            let at = |file: &str| places.of(&root.join(file)).unwrap();
            assert_eq!(at("outer/sub/x.go").path(), "sub/x.go");
            assert_eq!(at("outer/inner/d/y.go").path(), "d/y.go");
            assert_eq!(at("outer/inner/d/y.go").top.dir, root.join("outer/inner"));
            assert_eq!(at("outer/sub/made_up.go").path(), "sub/made_up.go");
            assert_eq!(places.of(&root.join("outer/no/such.go")), None);
        }
    }

    #[test]
    fn without_a_repository_the_outermost_module_is_the_top() {
        let dir = tempfile::tempdir().unwrap();
        let root = sys::real_path(dir.path()).unwrap();
        for file in ["m/go.mod", "m/sub/go.mod", "plain/x.go"] {
            fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            fs::write(root.join(file), "").unwrap();
        }
        for start in ["", "m", "m/sub"] {
            let places = RepositoryPaths::new(&root.join(start));
            assert_eq!(places.of(&root.join("m/sub/x.go")).unwrap().path(), "sub/x.go");
        }
        assert_eq!(RepositoryPaths::new(&root).of(&root.join("plain/x.go")).unwrap().path(), "plain/x.go");
        assert_eq!(
            RepositoryPaths::new(&root.join("m")).of(&root.join("plain/x.go")).unwrap().path(),
            "x.go"
        );
    }
}
