//! Where a package's source is, and what it declares: go.mod, go.work, vendor, the module cache, GOROOT.

pub mod gomod;
pub mod locate;
pub mod names;
pub mod package;
mod source;
mod version;
