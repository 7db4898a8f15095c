//! The keys of `unleak.toml`. A field here is a key: what reads, checks, merges and shows them needs no word
//! more for a new one.

use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};

use super::style::Style;

/// No file above this can be read: offsets are 32 bits wide, and a text must fit into memory several times.
pub(super) const MOST_FILE_BYTES: u64 = 1 << 30;

/// What selects every rule.
pub const ALL: &str = "all";

/// The settings that a file can make, by their names; what [`Keys::default`] says holds where nobody says
/// anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "unleak.toml", description = "Settings of unleak for the files of a folder and below.")]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Keys {
    /// Run these rules only, with `all` every one there is; every rule that is no preview when it is empty.
    pub select: Vec<String>,
    /// Do not run these rules.
    pub ignore: Vec<String>,
    /// Leave out what these globs name, as in a .gitignore file of the folder.
    pub exclude: Vec<String>,
    /// Report findings in `_test.go` files too.
    pub tests: bool,
    /// Report findings in generated files too.
    pub generated: bool,
    /// How releases are spelled.
    pub style: Style,
    /// Take a client of unknown type for one that `Close()` releases.
    pub assume_closable: bool,
    /// Files above this size in bytes are left out. A Go file of 16 MiB is a table that a program wrote.
    #[schemars(range(max = 1_073_741_824))]
    pub max_file_bytes: u64,
}

/// The JSON Schema of `unleak.toml`.
pub fn schema() -> Schema {
    schemars::schema_for!(Keys)
}

impl Default for Keys {
    fn default() -> Keys {
        Keys {
            select: Vec::new(),
            ignore: Vec::new(),
            exclude: Vec::new(),
            tests: false,
            generated: false,
            style: Style::Auto,
            assume_closable: false,
            max_file_bytes: 16 << 20,
        }
    }
}
