//! The paths in a repository's index, read without git: a tracked file counts, whatever an ignore file says.

use std::path::{Path, PathBuf};

use crate::base::sys::{self, Kind};

/// An index above this size is not read; one of a hundred thousand files has ten million bytes.
const MAX_INDEX_BYTES: u64 = 64 << 20;

/// The paths that git tracks, sorted by bytes.
#[derive(Debug, Default)]
pub struct Tracked(Vec<Box<[u8]>>);

impl Tracked {
    /// What the index of the work tree at `top` has; nothing where none can be read.
    pub fn of(top: &Path) -> Tracked {
        let index = git_dir(top).map(|dir| sys::read(&dir.join("index"), MAX_INDEX_BYTES));
        match index {
            Some(Ok(bytes)) => Tracked(parse(&bytes).unwrap_or_default()),
            _ => Tracked::default(),
        }
    }

    /// Whether the file at `path` from the top is tracked.
    pub fn has(&self, path: &Path) -> bool {
        let path = path.as_os_str().as_encoded_bytes();
        self.0.binary_search_by(|known| (**known).cmp(path)).is_ok()
    }

    /// Whether something below the folder at `path` from the top is tracked.
    pub fn has_below(&self, path: &Path) -> bool {
        let folder = [path.as_os_str().as_encoded_bytes(), b"/"].concat();
        let next = self.0.partition_point(|known| **known < *folder);
        self.0.get(next).is_some_and(|known| known.starts_with(&folder))
    }
}

/// The folder with the index: `.git`, or where that file leads (worktrees, submodules).
fn git_dir(top: &Path) -> Option<PathBuf> {
    let git = top.join(".git");
    match sys::kind(&git)? {
        Kind::Folder => Some(git),
        Kind::File => {
            let text = String::from_utf8(sys::read(&git, 1 << 16).ok()?).ok()?;
            Some(top.join(text.strip_prefix("gitdir:")?.trim()))
        }
        _ => None,
    }
}

/// The paths of an index file (versions 2 to 4). `None` when it is none; a broken one gives those before the
/// break.
fn parse(bytes: &[u8]) -> Option<Vec<Box<[u8]>>> {
    let word = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    if !bytes.starts_with(b"DIRC") {
        return None;
    }
    let (version, count) = (word(4)?, word(8)?);
    if !(2..=4).contains(&version) {
        return None;
    }
    // Object names have 20 bytes, or 32; the first entry tells, since it holds the length of its path.
    let paths = [20, 32].map(|name| entries(bytes, version, count, name));
    paths.into_iter().max_by_key(Vec::len)
}

fn entries(bytes: &[u8], version: u32, count: u32, name: usize) -> Vec<Box<[u8]>> {
    let mut paths: Vec<Box<[u8]>> = Vec::new();
    let mut at = 12;
    for _ in 0..count {
        let last: &[u8] = paths.last().map_or(&[], |path| path);
        let Some((path, next)) = entry(bytes, at, version, name, last) else { break };
        paths.push(path);
        at = next;
    }
    paths.sort_unstable();
    paths
}

/// One entry: its path, and where the next one begins.
fn entry(bytes: &[u8], at: usize, version: u32, name: usize, last: &[u8]) -> Option<(Box<[u8]>, usize)> {
    let flags_at = at + 40 + name;
    let flags = u16::from_be_bytes(bytes.get(flags_at..flags_at + 2)?.try_into().ok()?);
    let extended = version >= 3 && flags & 0x4000 != 0;
    let mut from = flags_at + 2 + if extended { 2 } else { 0 };
    let mut path = Vec::new();
    if version == 4 {
        let (strip, read) = varint(bytes.get(from..)?)?;
        from += read;
        path.extend_from_slice(last.get(..last.len().checked_sub(strip)?)?);
    }
    let len = memchr::memchr(0, bytes.get(from..)?)?;
    path.extend_from_slice(&bytes[from..from + len]);
    let told = usize::from(flags & 0x0fff);
    if path.is_empty() || path.len().min(0x0fff) != told {
        return None;
    }
    // Entries before version 4 are padded to eight bytes, with one NUL at least.
    let next = if version == 4 { from + len + 1 } else { at + (from + len - at + 8) / 8 * 8 };
    Some((path.into(), next))
}

/// Git's variable-width number: its value and how many bytes it takes.
fn varint(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0_usize;
    for (at, byte) in bytes.iter().take(5).enumerate() {
        value = (value << 7) | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, at + 1));
        }
        value += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    fn git(dir: &Path, args: &[&str]) -> Option<()> {
        let mut command = Command::new("git");
        command.current_dir(dir).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        command.args(args).output().ok().filter(|output| output.status.success()).map(drop)
    }

    #[test]
    fn the_index_is_read_in_each_version() {
        let dir = tempfile::tempdir().unwrap();
        let long = format!("d/{}.go", "x".repeat(200));
        for name in ["a.go", "build/gen.go", "build/x/y.go", &long] {
            fs::create_dir_all(dir.path().join(name).parent().unwrap()).unwrap();
            fs::write(dir.path().join(name), "package a\n").unwrap();
        }
        if git(dir.path(), &["init", "-q"]).and_then(|()| git(dir.path(), &["add", "-A"])).is_none() {
            return;
        }
        for version in ["2", "3", "4"] {
            git(dir.path(), &["update-index", "--index-version", version]).expect("git knows it");
            let tracked = Tracked::of(dir.path());
            assert_eq!(tracked.0.len(), 4, "version {version}");
            assert!(tracked.has(Path::new("build/gen.go")) && tracked.has(Path::new(&long)));
            assert!(!tracked.has(Path::new("build")) && !tracked.has(Path::new("b.go")));
            assert!(tracked.has_below(Path::new("build")) && tracked.has_below(Path::new("build/x")));
            assert!(!tracked.has_below(Path::new("bui")) && !tracked.has_below(Path::new("a.go")));
        }
    }

    #[test]
    fn what_is_no_index_has_no_paths() {
        assert!(parse(b"").is_none() && parse(b"DIRC").is_none());
        assert_eq!(parse(b"DIRC\0\0\0\x02\xff\xff\xff\xff\0\0"), Some(Vec::new()));
        let mut bytes = b"DIRC\0\0\0\x02\0\0\0\x02".to_vec();
        bytes.extend([0; 60]);
        bytes.extend([0, 9]);
        bytes.extend(b"a.go\0\0\0\0\0\0");
        assert_eq!(parse(&bytes), Some(Vec::new()), "a length that does not fit");
    }
}
