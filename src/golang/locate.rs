//! Import path -> the folder that holds the package's source, without running Go and without network.

use std::path::PathBuf;
use std::sync::Arc;

/// Where a package's source was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Module,
    Replace,
    Workspace,
    Vendor,
    ModuleCache,
    Goroot,
}

/// The answer for one import path.
#[derive(Debug, Clone)]
pub enum Located {
    /// `dir` exists. `module` is empty for the standard library; `version` only where go.mod names one.
    Found { dir: PathBuf, module: Arc<str>, version: Option<Arc<str>>, origin: Origin },
    /// No source here; the module and version as far as go.mod tells, and why it was not found.
    Missing { module: Option<Arc<str>>, version: Option<Arc<str>>, why: String },
}
