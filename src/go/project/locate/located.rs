//! The answer for one import path.

use std::path::PathBuf;
use std::sync::Arc;

/// Where a package's source was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Provenance {
    /// In the importing folder's own module.
    Module,
    /// Where a `replace` points, a folder or the module cache.
    Replace,
    /// In another module of the `go.work`.
    Workspace,
    /// In a `vendor` folder.
    Vendor,
    /// In the module cache.
    ModuleCache,
    /// In the Go installation.
    Goroot,
    /// Below the same `src` folder or in the same tree, as in the time before modules.
    Gopath,
}

/// The answer for one import path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Located {
    /// Source is there.
    Found {
        /// The folder, absolute, with at least one `.go` file.
        dir: PathBuf,
        /// The module whose source it is, the replacement's for a replaced one. Empty for the standard
        /// library; the import path itself where nobody names the module.
        module: Arc<str>,
        /// Only where go.mod or `vendor/modules.txt` names one.
        version: Option<Arc<str>>,
        /// Where it was found.
        origin: Provenance,
    },
    /// No source here.
    Missing {
        /// The module, as far as go.mod tells.
        module: Option<Arc<str>>,
        /// The module's version, as far as go.mod tells.
        version: Option<Arc<str>>,
        /// Why it was not found: a clause without a final stop.
        why: String,
    },
}
