//! Which folder git would take for the top of a work tree.

use std::path::Path;

use crate::base::sys::{self, Kind};

/// The nearest folder at or above `dir` (a real path) that git would take for the top of a work tree.
pub fn work_tree(dir: &Path) -> Option<&Path> {
    dir.ancestors().find(|folder| is_top(folder))
}

/// Whether git would take `folder` for the top of a work tree.
pub fn is_top(folder: &Path) -> bool {
    let git = folder.join(".git");
    match sys::kind(&git) {
        Some(Kind::Folder) => sys::kind(&git.join("HEAD")).is_some(),
        Some(Kind::File) => sys::read(&git, 1 << 16).is_ok_and(|text| text.starts_with(b"gitdir:")),
        _ => false,
    }
}
