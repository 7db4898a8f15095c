//! A path from the command line, and how all that lies below it is printed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::found::WalkedFile;
use super::name;
use crate::base::sys;
use crate::go::project::names::is_test_file;

/// A path from the command line, with the faces of all that lies below it.
pub(super) struct RequestedPath {
    /// Absolute, as the system is asked.
    pub file: PathBuf,
    /// As printed; empty for the working directory itself.
    pub printed: PathBuf,
    /// The way from here down to the working directory, where that lies below.
    inner: Option<PathBuf>,
}

impl RequestedPath {
    pub fn new(root: &Path, given: &Path) -> RequestedPath {
        let file = name::plain(&root.join(given));
        match name::below(root, &file) {
            Some(printed) => RequestedPath { file, printed, inner: None },
            None => RequestedPath { inner: name::way_down(&file, root), printed: name::plain(given), file },
        }
    }

    /// As [`RequestedPath::new`], for a file: a link inside of one tree stands for the file that it leads to,
    /// so that what is said of it, a patch above all, is about a file that has a text.
    pub fn of_file(root: &Path, given: &Path) -> RequestedPath {
        let asked = RequestedPath::new(root, given);
        if !sys::is_link(&asked.file) || sys::leads_out(&asked.file) {
            return asked;
        }
        match sys::real_path(&asked.file) {
            Ok(real) => RequestedPath {
                printed: name::below(root, &real).unwrap_or_else(|| real.clone()),
                file: real,
                inner: None,
            },
            Err(_) => asked,
        }
    }

    pub fn found(&self) -> WalkedFile {
        let path = name::printed(&self.printed);
        WalkedFile {
            test: is_test_file(&path),
            path,
            named: true,
            asked: true,
            len: sys::len(&self.file).unwrap_or(0),
            file: self.file.clone(),
        }
    }

    /// The printed path of something at or below this one.
    pub fn print(&self, file: &Path) -> Arc<str> {
        let rest = file.strip_prefix(&self.file).unwrap_or(Path::new(""));
        match self.inner.as_ref().and_then(|inner| rest.strip_prefix(inner).ok()) {
            Some(below) => name::printed(below),
            None if rest.as_os_str().is_empty() => name::printed(&self.printed),
            None => name::printed(&self.printed.join(rest)),
        }
    }
}
