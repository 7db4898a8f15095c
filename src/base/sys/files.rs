//! Files and folders, looked at and read. Nothing but regular files is ever opened.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::error::Error;

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link that was not followed.
    Link,
    /// A pipe, socket or device.
    Other,
}

impl From<fs::FileType> for Kind {
    fn from(kind: fs::FileType) -> Kind {
        if kind.is_file() {
            Kind::File
        } else if kind.is_dir() {
            Kind::Folder
        } else if kind.is_symlink() {
            Kind::Link
        } else {
            Kind::Other
        }
    }
}

/// The whole of a regular file, at most `limit` bytes of it.
///
/// # Errors
/// [`Error::NotFound`], [`Error::NotAFile`], [`Error::TooLarge`], or what the system says.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    read_into(path, limit, &mut bytes)?;
    Ok(bytes)
}

/// As [`read`], into `bytes`, whose content is replaced: reading many files through one buffer spares the
/// system much work.
///
/// # Errors
/// As [`read`].
pub fn read_into(path: &Path, limit: u64, bytes: &mut Vec<u8>) -> Result<(), Error> {
    let fail = |source| Error::io(path, "read", source);
    bytes.clear();
    let (file, len) = open(path)?;
    if len > limit {
        return Err(Error::TooLarge { path: path.into(), limit });
    }
    let len = usize::try_from(len).unwrap_or_default();
    bytes.resize(len, 0);
    // One call reads nearly every file.
    let read = match (&file).read(bytes) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
        read => read.map_err(fail)?,
    };
    bytes.truncate(read);
    // Or it is shorter by now, or its file system reports no length.
    if read < len || len == 0 {
        let rest = limit.saturating_add(1).saturating_sub(read as u64);
        (&file).take(rest).read_to_end(bytes).map_err(fail)?;
    }
    if bytes.len() as u64 > limit {
        return Err(Error::TooLarge { path: path.into(), limit });
    }
    Ok(())
}

/// At most `len` bytes of a regular file from offset `start` on; fewer when it ends before.
///
/// # Errors
/// As [`read`], but for the limit.
pub fn read_range(path: &Path, start: u64, len: usize) -> Result<Vec<u8>, Error> {
    use std::io::{Seek, SeekFrom};
    let fail = |source| Error::io(path, "read", source);
    let (mut file, _) = open(path)?;
    file.seek(SeekFrom::Start(start)).map_err(fail)?;
    let mut bytes = Vec::with_capacity(len);
    file.take(len as u64).read_to_end(&mut bytes).map_err(fail)?;
    Ok(bytes)
}

/// As [`read`], of a file that belongs to a tree which nobody trusts: a link may lead to another file of the
/// tree, and nowhere else.
///
/// # Errors
/// As [`read`], and [`Error::LeadsOut`].
pub fn read_in_tree(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    match is_link(path) && leads_out(path) {
        true => Err(Error::LeadsOut { path: path.into() }),
        false => read(path, limit),
    }
}

/// Whether the link at `path` leads out of the tree that it lies in: the outermost folder above it with a
/// `.git`, a `go.mod` or a `go.work`, or else its own.
pub fn leads_out(path: &Path) -> bool {
    let (Ok(target), Some(Ok(folder))) = (real_path(path), path.parent().map(real_path)) else { return true };
    let is_tree = |at: &&Path| {
        [".git", "go.mod", "go.work"].iter().any(|name| at.join(name).symlink_metadata().is_ok())
    };
    let top = folder.ancestors().filter(is_tree).last().unwrap_or(&folder);
    !target.starts_with(top)
}

/// Opens a regular file and tells its length. Nothing else is ever opened, since that alone can block or have
/// effects.
fn open(path: &Path) -> Result<(File, u64), Error> {
    let fail = |source| Error::io(path, "read", source);
    if !fs::metadata(path).map_err(fail)?.is_file() {
        return Err(Error::NotAFile { path: path.into() });
    }
    let file = open_at_once(path).map_err(fail)?;
    // It may have been replaced in between.
    let meta = file.metadata().map_err(fail)?;
    match meta.is_file() {
        true => Ok((file, meta.len())),
        false => Err(Error::NotAFile { path: path.into() }),
    }
}

/// Opens for reading without waiting for the other end of a pipe.
#[cfg(unix)]
fn open_at_once(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    fs::OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)
}

#[cfg(not(unix))]
fn open_at_once(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Names and kinds in a folder, sorted by name. Links are not followed.
///
/// # Errors
/// When the folder is not there or may not be read.
pub fn list(dir: &Path) -> Result<Vec<(OsString, Kind)>, Error> {
    let fail = |source| Error::io(dir, "list", source);
    let mut entries = Vec::new();
    for entry in fs::read_dir(dir).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        entries.push((entry.file_name(), entry.file_type().map_err(fail)?.into()));
    }
    entries.sort_by(|a: &(OsString, Kind), b| a.0.cmp(&b.0));
    Ok(entries)
}

/// What `path` leads to, links followed; `None` when it is not there (or nobody may look).
pub fn kind(path: &Path) -> Option<Kind> {
    fs::metadata(path).ok().map(|meta| meta.file_type().into())
}

/// Whether `path` itself is a symbolic link, wherever it leads.
pub fn is_link(path: &Path) -> bool {
    path.is_symlink()
}

/// The length of a file in bytes, links followed; `None` when it is not there.
pub fn len(path: &Path) -> Option<u64> {
    fs::metadata(path).ok().map(|meta| meta.len())
}

/// `path` with every symbolic link and `..` resolved.
///
/// # Errors
/// When it is not there or a folder on the way may not be read.
pub fn real_path(path: &Path) -> Result<PathBuf, Error> {
    fs::canonicalize(path).map_err(|source| Error::io(path, "resolve", source))
}

/// All of standard input, at most `limit` bytes of it.
///
/// # Errors
/// As [`read`], under the path `-`.
pub fn read_stdin(limit: u64) -> Result<Vec<u8>, Error> {
    let path = Path::new("-");
    let mut bytes = Vec::new();
    io::stdin()
        .lock()
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|source| Error::io(path, "read", source))?;
    match bytes.len() as u64 > limit {
        true => Err(Error::TooLarge { path: path.into(), limit }),
        false => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn reading_keeps_to_the_limit() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let file = dir.path().join("a.go");
        fs::write(&file, "12345").unwrap();
        assert_eq!(read(&file, 5).unwrap(), b"12345");
        assert!(matches!(read(&file, 4), Err(Error::TooLarge { limit: 4, .. })));
        assert!(matches!(read(dir.path(), 4), Err(Error::NotAFile { .. })));
        assert!(matches!(read(&dir.path().join("b.go"), 4), Err(Error::NotFound { .. })));
    }

    #[test]
    fn a_folder_is_listed_by_name() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        fs::write(dir.path().join("b"), "").unwrap();
        fs::create_dir(dir.path().join("a")).unwrap();
        assert_eq!(list(dir.path()).unwrap(), [("a".into(), Kind::Folder), ("b".into(), Kind::File)]);
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_no_file_and_does_not_block() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let pipe = dir.path().join("p.go");
        let made = Command::new("mkfifo").arg(&pipe).status();
        if made.is_ok_and(|status| status.success()) {
            assert!(matches!(read(&pipe, 9), Err(Error::NotAFile { .. })));
        }
    }
}
