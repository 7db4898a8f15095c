//! What names and import paths tell by themselves, and a package that is only a name: its source is not
//! there.

use std::path::Path;
use std::sync::Arc;

/// A package whose source is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Its import path.
    pub path: Arc<str>,
    /// The module it belongs to, as far as go.mod tells.
    pub module: Option<Arc<str>>,
    /// That module's version, as far as go.mod tells.
    pub version: Option<Arc<str>>,
    /// Why it was not found, a clause without a final stop.
    pub why: String,
    /// The folder from which it was imported.
    pub from: Arc<Path>,
}

/// The package name that an import path suggests: the last element without a major version, `go-` before it,
/// `-go` or `.go` and `.v3` after it.
pub fn guess_package_name(path: &str) -> &str {
    let mut elements = path.rsplit('/');
    let mut name = elements.next().unwrap_or(path);
    if is_major(name)
        && let Some(before) = elements.next()
    {
        name = before;
    }
    if let Some((stem, version)) = name.rsplit_once('.')
        && is_major(version)
    {
        name = stem;
    }
    name = name.strip_suffix(".go").or_else(|| name.strip_suffix("-go")).unwrap_or(name);
    name = name.strip_prefix("go-").or_else(|| name.strip_prefix("go.")).unwrap_or(name);
    // `nats.go` is `nats`, `paho.mqtt.golang` is `mqtt`: the last word that can be a name.
    name = name.strip_suffix(".golang").or_else(|| name.strip_suffix("-golang")).unwrap_or(name);
    name.rsplit(['-', '.']).next().filter(|last| !last.is_empty()).unwrap_or(name)
}

/// `v2`, `v10`.
pub fn is_major(word: &str) -> bool {
    word.strip_prefix('v')
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether Go takes the file for a test, by its name or its path: it ends in `_test.go`. (`test_x.go` does
/// not.)
pub fn is_test_file(path: &str) -> bool {
    path.ends_with("_test.go")
}

/// Whether other packages see the name.
pub fn exported(name: &str) -> bool {
    name.chars().next().is_some_and(char::is_uppercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_suffix_makes_a_test() {
        assert!(is_test_file("a/b_test.go"));
        assert!(!is_test_file("a/test_permissions.go"));
        assert!(!is_test_file("a/latest.go"));
    }
}
