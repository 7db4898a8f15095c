//! Files written whole: by a temporary file in the same folder and a rename, so that whoever looks, or
//! kills the process, finds the old file or the new one.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::files::{kind, read, real_path};

/// Puts `after` in the place of `before`: whole, by a temporary file in the same folder and a rename, with
/// the old mode and, where the system allows it, the old owner. A symbolic link stays one; its target is
/// written.
///
/// `roots` are real paths (see [`real_path`]); the file must lie below one of them.
///
/// # Errors
/// [`Error::Stale`] when the file holds anything but `before`, [`Error::OutsideRoot`], [`Error::ReadOnly`],
/// [`Error::DiskFull`], or what the system says. The file is as it was then.
pub fn replace(path: &Path, roots: &[PathBuf], before: &[u8], after: &[u8]) -> Result<(), Error> {
    let target = real_path(path)?;
    if !roots.iter().any(|root| target.starts_with(root)) {
        return Err(Error::OutsideRoot { path: path.into(), target });
    }
    let fail = |source| Error::write(path, source);
    let meta = fs::metadata(&target).map_err(fail)?;
    if meta.permissions().readonly() {
        return Err(Error::ReadOnly { path: path.into() });
    }
    let folder = target.parent().unwrap_or(Path::new("/"));
    // Hidden and without `.go`: should the process be killed, what is left of it is no Go file.
    let mut temp = tempfile::Builder::new().prefix(".unleak-").tempfile_in(folder).map_err(fail)?;
    temp.write_all(after).map_err(fail)?;
    keep_owner(temp.as_file(), &meta);
    temp.as_file().set_permissions(meta.permissions()).map_err(fail)?;
    temp.as_file().sync_all().map_err(fail)?;
    if !holds(&target, before) {
        return Err(Error::Stale { path: path.into() });
    }
    temp.persist(&target).map_err(|e| fail(e.error))?;
    Ok(())
}

/// Writes `bytes` to `path`, whole, by a temporary file in the same folder and a rename, whatever file was
/// there before. What is no file, such as `/dev/stdout`, is written into, as nothing may take its place.
///
/// # Errors
/// [`Error::NotFound`] without such a folder, [`Error::ReadOnly`], [`Error::DiskFull`], or what the system
/// says.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    if is_special(path) {
        let opened = fs::OpenOptions::new().append(true).open(path);
        return opened.and_then(|mut file| file.write_all(bytes)).map_err(|e| Error::write(path, e));
    }
    let target = real_path(path).unwrap_or_else(|_| path.to_path_buf());
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if kind(folder).is_none() {
        return Err(Error::NotFound { path: folder.into() });
    }
    let fail = |source| Error::write(path, source);
    let old = fs::metadata(&target).ok();
    let mut temp = tempfile::Builder::new().prefix(".unleak-").tempfile_in(folder).map_err(fail)?;
    temp.write_all(bytes).map_err(fail)?;
    if let Some(permissions) = old.map(|meta| meta.permissions()).or_else(readable) {
        temp.as_file().set_permissions(permissions).map_err(fail)?;
    }
    temp.as_file().sync_all().map_err(fail)?;
    temp.persist(&target).map_err(|e| fail(e.error))?;
    Ok(())
}

/// Whether what is there is a device, a pipe, or a name for a file that is open already.
fn is_special(path: &Path) -> bool {
    let open = ["/dev", "/proc"].iter().any(|folder| path.starts_with(folder));
    fs::metadata(path).is_ok_and(|meta| (open || !meta.is_file()) && !meta.is_dir())
}

/// What a new file that is no secret gets.
fn readable() -> Option<fs::Permissions> {
    #[cfg(unix)]
    return Some(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    #[cfg(not(unix))]
    None
}

/// Whether the file at `path` is exactly `bytes`.
fn holds(path: &Path, bytes: &[u8]) -> bool {
    read(path, bytes.len() as u64).is_ok_and(|now| now == bytes)
}

/// Gives the new file the old one's owner. Only root may, in general, and the change must not fail for it.
#[cfg(unix)]
fn keep_owner(file: &File, old: &fs::Metadata) {
    use std::os::unix::fs::MetadataExt;
    let Ok(new) = file.metadata() else { return };
    if (new.uid(), new.gid()) == (old.uid(), old.gid()) {
        return;
    }
    if std::os::unix::fs::fchown(file, Some(old.uid()), Some(old.gid())).is_err() {
        // Another owner, but perhaps one of our groups.
        let _ = std::os::unix::fs::fchown(file, None, Some(old.gid()));
    }
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &fs::Metadata) {}

#[cfg(test)]
mod tests {
    use super::super::files::list;
    use super::*;

    fn folder() -> (tempfile::TempDir, Vec<PathBuf>) {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let roots = vec![real_path(dir.path()).expect("it is there")];
        (dir, roots)
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_written_into_and_stays_one() {
        use std::os::unix::fs::FileTypeExt;
        let (dir, _) = folder();
        let pipe = dir.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::read(pipe)
        });
        write(&pipe, b"result").unwrap();
        assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
        assert_eq!(reader.join().unwrap().unwrap(), b"result");
        assert!(is_special(Path::new("/dev/null")) && !is_special(dir.path()));
    }

    #[test]
    fn a_changed_file_is_stale_and_left_alone() {
        let (dir, roots) = folder();
        let file = dir.path().join("a.go");
        fs::write(&file, "new").unwrap();
        assert!(matches!(replace(&file, &roots, b"old", b"fixed"), Err(Error::Stale { .. })));
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert_eq!(list(dir.path()).unwrap().len(), 1, "no temporary file stays");
    }

    #[cfg(unix)]
    #[test]
    fn the_mode_is_kept_and_read_only_files_are_left_alone() {
        use std::os::unix::fs::PermissionsExt;
        let (dir, roots) = folder();
        let file = dir.path().join("a.go");
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o754)).unwrap();
        replace(&file, &roots, b"old", b"new").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o754);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
        assert!(matches!(replace(&file, &roots, b"new", b"newer"), Err(Error::ReadOnly { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_and_may_not_lead_outside() {
        let (dir, roots) = folder();
        let (outside, _) = folder();
        let (inner, outer) = (dir.path().join("real.go"), outside.path().join("x.go"));
        fs::write(&inner, "old").unwrap();
        fs::write(&outer, "old").unwrap();
        let (link, leak) = (dir.path().join("link.go"), dir.path().join("leak.go"));
        std::os::unix::fs::symlink(&inner, &link).unwrap();
        std::os::unix::fs::symlink(&outer, &leak).unwrap();
        replace(&link, &roots, b"old", b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&inner).unwrap(), b"new");
        assert!(matches!(replace(&leak, &roots, b"old", b"new"), Err(Error::OutsideRoot { .. })));
        assert_eq!(fs::read(&outer).unwrap(), b"old");
    }
}
