//! The modules that lie in a module cache.

use std::path::{Path, PathBuf};

use crate::base::sys::{self, Kind};

/// A folder of a module cache lies at most so deep: a module's path has few elements.
const MAX_DEPTH: usize = 24;

/// The folders of all modules in the module cache `cache`, sorted.
pub fn modules(cache: &Path) -> Vec<PathBuf> {
    let (mut todo, mut found) = (vec![(cache.to_path_buf(), 0)], Vec::new());
    while let Some((dir, depth)) = todo.pop() {
        for (name, kind) in sys::list(&dir).unwrap_or_default() {
            // `cache` has the downloads themselves, and no module's path begins so.
            let Some(name) =
                name.to_str().filter(|name| kind == Kind::Folder && (depth > 0 || *name != "cache"))
            else {
                continue;
            };
            let folder = dir.join(name);
            match name.rsplit_once('@') {
                // A toolchain is a module too, but what it holds is the standard library under another path.
                Some((path, version)) if version.starts_with('v') && path != "toolchain" => {
                    found.push(folder)
                }
                Some(_) => {}
                None if depth < MAX_DEPTH => todo.push((folder, depth + 1)),
                None => {}
            }
        }
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_module_is_found_and_what_lies_in_it_is_not() {
        let cache = tempfile::tempdir().expect("there is room");
        let folders = [
            "cache/download/a.b/c@v1.0.0",
            "a.b/c@v1.0.0/d@v1.0.0",
            "a.b/c@v1.1.0",
            "a.b/c/v2@v2.0.0",
            "golang.org/toolchain@v0.0.1-go1.24.0.linux-amd64",
        ];
        folders
            .iter()
            .for_each(|folder| std::fs::create_dir_all(cache.path().join(folder)).expect("it can be made"));
        let found = modules(cache.path());
        let below: Vec<_> = found
            .iter()
            .map(|dir| dir.strip_prefix(cache.path()).expect("it lies there").to_string_lossy())
            .collect();
        assert_eq!(below, ["a.b/c/v2@v2.0.0", "a.b/c@v1.0.0", "a.b/c@v1.1.0"]);
        assert!(modules(&cache.path().join("none")).is_empty());
    }
}
