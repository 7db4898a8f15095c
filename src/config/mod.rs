//! What a run does: [`Settings`] for the run, and a [`Policy`] for the files of a folder. Nothing is left in
//! them to interpret.
//!
//! A policy is made of layers: defaults, the `unleak.toml` files on the way down to the folder, flags. None
//! of them can name a command, so a repository's own files are harmless to read.

mod keys;
mod layer;
mod policy;
mod settings;
mod style;
#[cfg(test)]
mod tests;
mod tree;

pub use keys::{ALL, Keys, schema};
pub use layer::{Layer, SaidBy, known_rule};
pub use policy::{Files, Policy, Sources};
pub use settings::{FixSettings, ReportSettings, ScanSettings, Settings, Stdin};
pub use style::Style;
pub use tree::{FILE, Said, Tree, is_selected};
