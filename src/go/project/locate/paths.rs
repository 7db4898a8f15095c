//! Import paths as text: prefixes, the module cache's spelling, and what must not be looked for on a disk.

use std::path::{Component, Path, PathBuf};

/// Whether Go takes `import` for a package of its own library: the first element has no dot.
pub fn is_std(import: &str) -> bool {
    !import.split('/').next().unwrap_or_default().contains('.')
}

/// Why `import` can name no package; `None` for a sound one. Protects from paths that lead out of a folder.
pub(super) fn unsound(import: &str) -> Option<&'static str> {
    if import.starts_with("./") || import.starts_with("../") {
        return Some("relative imports are not followed");
    }
    let sound = import.split('/').all(is_plain) && import.len() <= 1024;
    (!sound).then_some("it is no import path")
}

/// Whether `version` can be part of a folder's name.
pub(super) fn is_plain_version(version: &str) -> bool {
    is_plain(version) && !version.contains('/')
}

/// One element of a path that stays where it is put.
fn is_plain(element: &str) -> bool {
    !matches!(element, "" | "." | "..")
        && !element.contains(|char: char| char.is_control() || matches!(char, '\\' | ':' | '\0'))
}

/// What is left of `import` below the module `path`, without the slash; `None` when it does not lie there.
pub(super) fn below<'a>(path: &str, import: &'a str) -> Option<&'a str> {
    let rest = import.strip_prefix(path).filter(|_| !path.is_empty())?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

/// `import` and every shorter path that it lies below, the longest first.
pub(super) fn prefixes(import: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(import), |path| path.rsplit_once('/').map(|(shorter, _)| shorter))
}

/// `text` as the module cache spells it: `!azure` for `Azure`.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        if char.is_ascii_uppercase() {
            escaped.push('!');
        }
        escaped.push(char.to_ascii_lowercase());
    }
    escaped
}

/// The reverse of [`escape`].
pub fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '!' => plain.extend(chars.next().map(|char| char.to_ascii_uppercase())),
            char => plain.push(char),
        }
    }
    plain
}

/// `path` with `/` between its parts; `None` if it is not Unicode.
pub fn slashed(path: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = path.components().map(|part| part.as_os_str().to_str()).collect();
    Some(parts?.join("/"))
}

/// `path` without `.` and with each `..` taken off the text: links are not looked at.
pub fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_that_stay_below_are_sound() {
        for import in ["fmt", "net/http", "github.com/Azure/go-x/v2", "a.b/c~d/_e/é"] {
            assert_eq!(unsound(import), None, "{import}");
        }
        for import in [
            "",
            "/etc",
            "a//b",
            "a/",
            "a/../b",
            "..",
            ".",
            "../a",
            "./a",
            "a\\b",
            "C:/x",
            "a\0b",
            "a\nb",
            &"a/".repeat(999),
        ] {
            assert!(unsound(import).is_some(), "{import:?}");
        }
        assert!(
            is_plain_version("v1.2.3-pre+incompatible")
                && !is_plain_version("v1/../../x")
                && !is_plain_version("")
        );
    }

    #[test]
    fn paths_are_taken_apart() {
        assert_eq!(prefixes("a/b/c").collect::<Vec<_>>(), ["a/b/c", "a/b", "a"]);
        assert_eq!(
            (below("a/b", "a/b"), below("a/b", "a/b/c"), below("a/b", "a/bc"), below("", "a")),
            (Some(""), Some("c"), None, None)
        );
        assert_eq!(escape("github.com/Azure/SDK"), "github.com/!azure/!s!d!k");
        assert_eq!(unescape("github.com/!azure/!s!d!k"), "github.com/Azure/SDK");
        assert_eq!(normal(Path::new("/a/./b/../c")), Path::new("/a/c"));
        assert!(is_std("net/http") && !is_std("golang.org/x/net"));
    }
}
