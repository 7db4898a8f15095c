//! The only door to disk, environment and processes. Every error says what to do.
//!
//! What is read, written or run, and why, is decided by the rooms above.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the outside refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A path that is not there.
    #[error("{}: no such file or folder; check the spelling and the working directory", path.display())]
    NotFound {
        /// The path as given.
        path: PathBuf,
    },
    /// A folder, pipe or device where a file is wanted.
    #[error("{}: not a regular file; name a file", path.display())]
    NotAFile {
        /// The path as given.
        path: PathBuf,
    },
    /// A file that is named and holds no Go.
    #[error("{}: not a Go file, since its name does not end in .go", path.display())]
    NotGo {
        /// The path as given.
        path: PathBuf,
    },
    /// A symbolic link in a tree that leads out of it, where a file of the tree is wanted.
    #[error("{}: a symbolic link out of the tree, which is not followed", path.display())]
    LeadsOut {
        /// The path as given.
        path: PathBuf,
    },
    /// A file above the size limit.
    #[error("{}: more than {limit} bytes, the most that is read", path.display())]
    TooLarge {
        /// The path as given.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// A file that no longer holds the bytes that were read.
    #[error("{}: changed since it was read, so it was left alone; run again", path.display())]
    Stale {
        /// The path as given.
        path: PathBuf,
    },
    /// A file that lies outside of every root once symbolic links are followed.
    #[error("{}: a symbolic link leads to {}, outside of what may be changed; name that path itself to \
             change it", path.display(), target.display())]
    OutsideRoot {
        /// The path as given.
        path: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// A file or folder that may not be written.
    #[error("{}: read-only, so it was left alone; make it and its folder writable", path.display())]
    ReadOnly {
        /// The path as given.
        path: PathBuf,
    },
    /// No room for the new text.
    #[error("{}: no space left on its disk, so it was left alone; free some and run again", path.display())]
    DiskFull {
        /// The path as given.
        path: PathBuf,
    },
    /// The system gives no threads.
    #[error("no worker threads could be started: {words}; try -j 1")]
    Threads {
        /// What the system said.
        words: String,
    },
    /// Any other failure on a path.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        /// The path as given.
        path: PathBuf,
        /// What was tried, as a verb phrase.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A mistake in a file of settings.
    #[error("{file}:{line}:{column}: {words}")]
    Config {
        /// The file as printed.
        file: std::sync::Arc<str>,
        /// From 1.
        line: u32,
        /// In bytes, from 1.
        column: u32,
        /// What is wrong, and what would be right.
        words: String,
    },
    /// A glob that cannot be read.
    #[error("--exclude {glob}: {words}; write it as in a .gitignore file")]
    Glob {
        /// The glob as given.
        glob: String,
        /// What is wrong with it.
        words: String,
    },
    /// There is no `git` to run.
    #[error(
        "git was not found, so nobody knows what is committed; install it, or do without it (--no-vcs, no \
         --since and no --staged)"
    )]
    GitMissing,
    /// Git takes the repository for somebody else's.
    #[error(
        "git refuses {}, which belongs to another user; run as that user, run `git config --global --add \
         safe.directory {}`, or say \
         --no-vcs", path.display(), path.display()
    )]
    GitOwnership {
        /// The folder git was asked about.
        path: PathBuf,
    },
    /// A revision that git does not know.
    #[error("--since {revision}: git knows no such revision in {}; `git log` shows those that there \
             are", path.display())]
    Revision {
        /// As given.
        revision: String,
        /// The top of the repository.
        path: PathBuf,
    },
    /// A place without history.
    #[error("{}: no git repository holds it, so nobody knows what has changed; leave --since and --staged \
             out", path.display())]
    NoRepository {
        /// The file or folder.
        path: PathBuf,
    },
    /// Git ended with an error of its own.
    #[error("`git {command}` failed in {}: {words}; mend the repository, or say --no-vcs", path.display())]
    Git {
        /// The folder git was run in.
        path: PathBuf,
        /// The subcommand.
        command: String,
        /// The first line of what git said.
        words: String,
    },
}

impl Error {
    fn io(path: &Path, action: &'static str, source: io::Error) -> Error {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::NotFound => Error::NotFound { path },
            _ => Error::Io { path, action, source },
        }
    }

    /// Whether it is a mistake in what was asked for, which stays one.
    pub fn is_mistake(&self) -> bool {
        matches!(
            self,
            Error::NotFound { .. }
                | Error::NotAFile { .. }
                | Error::NotGo { .. }
                | Error::LeadsOut { .. }
                | Error::TooLarge { .. }
                | Error::Config { .. }
                | Error::Glob { .. }
                | Error::Revision { .. }
                | Error::NoRepository { .. }
        )
    }

    /// Whether trying again may help.
    pub fn may_pass(&self) -> bool {
        match self {
            Error::Stale { .. } | Error::DiskFull { .. } | Error::Threads { .. } => true,
            Error::Io { source, .. } => passes(source.kind()),
            _ => false,
        }
    }

    /// What is wrong, without the path that it begins with where it is about one.
    pub fn words(&self) -> String {
        let words = self.to_string();
        let path = match self {
            Error::NotFound { path }
            | Error::NotAFile { path }
            | Error::NotGo { path }
            | Error::LeadsOut { path }
            | Error::TooLarge { path, .. }
            | Error::Stale { path }
            | Error::OutsideRoot { path, .. }
            | Error::ReadOnly { path }
            | Error::DiskFull { path }
            | Error::Io { path, .. } => path,
            _ => return words,
        };
        words.strip_prefix(&format!("{}: ", path.display())).unwrap_or(&words).to_owned()
    }

    /// As it is, but with the path that was given, where nothing is there.
    pub fn named(self, given: &Path) -> Error {
        match self {
            Error::NotFound { .. } => Error::NotFound { path: given.to_path_buf() },
            other => other,
        }
    }

    fn write(path: &Path, source: io::Error) -> Error {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Error::ReadOnly { path },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::DiskFull { path },
            _ => Error::io(&path, "write", source),
        }
    }
}

/// Whether what went wrong may be gone when it is tried again.
pub fn passes(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::*;
    matches!(
        kind,
        Interrupted
            | WouldBlock
            | TimedOut
            | OutOfMemory
            | StorageFull
            | QuotaExceeded
            | ResourceBusy
            | StaleNetworkFileHandle
    )
}

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

/// The working directory, absolute.
///
/// # Errors
/// When it was removed or may not be read.
pub fn working_dir() -> Result<PathBuf, Error> {
    std::env::current_dir().map_err(|source| Error::io(Path::new("."), "find the working directory", source))
}

/// An environment variable; `None` when it is unset or empty.
pub fn env(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
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
    let file = open(path)?;
    let meta = file.metadata().map_err(fail)?;
    if meta.len() > limit {
        return Err(Error::TooLarge { path: path.into(), limit });
    }
    bytes.reserve(meta.len() as usize + 1);
    // The file may grow meanwhile, and some file systems report no length at all.
    (&file).take(limit.saturating_add(1)).read_to_end(bytes).map_err(fail)?;
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
    let mut file = open(path)?;
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

/// Opens a regular file. Nothing else is ever opened, since that alone can block or have effects.
fn open(path: &Path) -> Result<File, Error> {
    let fail = |source| Error::io(path, "read", source);
    if !fs::metadata(path).map_err(fail)?.is_file() {
        return Err(Error::NotAFile { path: path.into() });
    }
    let file = open_at_once(path).map_err(fail)?;
    // It may have been replaced in between.
    match file.metadata().map_err(fail)?.is_file() {
        true => Ok(file),
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

/// Runs a command that the user named, in `dir`, with the user's environment and without input. `Ok(Err(_))`
/// is what it said, on both streams, when it failed.
///
/// # Errors
/// When it cannot be started.
pub fn run(argv: &[String], dir: &Path) -> Result<Result<(), String>, Error> {
    let program = argv.first().map_or("", String::as_str);
    let fail = |source| Error::Io { path: program.into(), action: "run", source };
    let output = Command::new(program)
        .args(argv.iter().skip(1))
        .current_dir(dir)
        .stdin(Stdio::null())
        .output()
        .map_err(fail)?;
    let said = [output.stderr, output.stdout].concat();
    Ok(if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&said).into_owned()) })
}

/// Lets the user change `text` in the editor that the environment names, and gives what was saved.
///
/// # Errors
/// When there is no editor, or it ends with an error.
pub fn edit(text: &[u8]) -> Result<Vec<u8>, Error> {
    let editor = env("VISUAL").or_else(|| env("EDITOR")).unwrap_or_else(|| "vi".into());
    let fail = |source| Error::Io { path: PathBuf::from(&editor), action: "edit", source };
    let mut file = tempfile::Builder::new().prefix("unleak-").suffix(".diff").tempfile().map_err(fail)?;
    file.write_all(text).map_err(fail)?;
    // As git does: the variable may hold arguments too.
    let mut command = OsString::from(&editor);
    command.push(" \"$@\"");
    let status =
        Command::new("sh").arg("-c").arg(command).arg(&editor).arg(file.path()).status().map_err(fail)?;
    if !status.success() {
        return Err(fail(io::Error::other("it ended with an error")));
    }
    fs::read(file.path()).map_err(fail)
}

/// What asks a process to end: at the keyboard, by its terminal that goes away, by whoever may.
#[cfg(unix)]
const INTERRUPTS: [i32; 3] =
    [signal_hook::consts::SIGINT, signal_hook::consts::SIGHUP, signal_hook::consts::SIGTERM];

#[cfg(not(unix))]
const INTERRUPTS: [i32; 2] = [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM];

/// While it lives, an interrupt is noted and does not end the process. A program that was started gets it all
/// the same.
pub struct Interrupts {
    came: std::sync::Arc<std::sync::atomic::AtomicBool>,
    handlers: Vec<signal_hook::SigId>,
}

impl Interrupts {
    /// Notes interrupts and requests to end from now on.
    ///
    /// # Errors
    /// When the system does not allow it.
    pub fn hold() -> Result<Interrupts, Error> {
        let came = std::sync::Arc::default();
        let register = |signal| signal_hook::flag::register(signal, std::sync::Arc::clone(&came));
        let handlers = INTERRUPTS.into_iter().map(register).collect::<io::Result<_>>();
        let fail = |source| Error::Io { path: ".".into(), action: "listen for signals", source };
        Ok(Interrupts { handlers: handlers.map_err(fail)?, came })
    }

    /// Whether one came.
    pub fn came(&self) -> bool {
        self.came.load(std::sync::atomic::Ordering::SeqCst)
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        for handler in self.handlers.drain(..) {
            signal_hook::low_level::unregister(handler);
        }
    }
}

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

/// Writes `bytes` to `path`, whole, by a temporary file in the same folder and a rename, whatever was there
/// before.
///
/// # Errors
/// [`Error::NotFound`] without such a folder, [`Error::ReadOnly`], [`Error::DiskFull`], or what the system
/// says.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
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

/// Runs `git` in `dir` so that neither the repository's config nor its attributes can make it run anything:
/// no hooks, no fsmonitor, no pager, no transport (a partial clone would fetch what is missing), none of the
/// user's or the system's config. Clean and smudge filters are the caller's to avoid: only commands that read
/// no file through them may be given, or with each filter emptied by `-c`.
///
/// `trusted` are folders that git shall take for the user's own, as in `safe.directory`.
///
/// # Errors
/// [`Error::GitMissing`], [`Error::GitOwnership`], or [`Error::Git`] when git ends with an error.
pub fn git(dir: &Path, trusted: &[String], args: &[&OsStr], input: &[u8]) -> Result<Vec<u8>, Error> {
    let mut command = Command::new("git");
    command.current_dir(dir).args(["--no-pager", "--literal-pathspecs"]);
    for setting in [
        "core.fsmonitor=false",
        "core.hooksPath=/dev/null",
        "core.alternateRefsCommand=",
        "protocol.allow=never",
    ] {
        command.args(["-c", setting]);
    }
    for folder in trusted {
        command.arg("-c").arg(format!("safe.directory={folder}"));
    }
    command.args(args);
    harden_environment(&mut command);
    let output = feed(command, input).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => Error::GitMissing,
        _ => Error::Io { path: dir.into(), action: "run git", source },
    })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(git_error(dir, args, &String::from_utf8_lossy(&output.stderr)))
}

/// The folders that the user's and the system's git config trust (`safe.directory`). Reads these two files
/// only.
pub fn git_trusted() -> Vec<String> {
    let mut folders = Vec::new();
    for scope in ["--system", "--global"] {
        let mut command = Command::new("git");
        command.args(["config", scope, "-z", "--get-all", "safe.directory"]).env("GIT_CONFIG_COUNT", "0");
        if let Ok(output) = feed(command, b"") {
            folders.extend(String::from_utf8_lossy(&output.stdout).split_terminator('\0').map(str::to_owned));
        }
    }
    folders
}

fn harden_environment(command: &mut Command) {
    // What the user says about where discovery stops is no danger, and without it another repository could be
    // found.
    const KEPT: [&str; 2] = ["GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM"];
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GIT_") && !KEPT.iter().any(|kept| name == *kept) {
            command.env_remove(name);
        }
    }
    let fixed = [
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_OPTIONAL_LOCKS", "0"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_NO_LAZY_FETCH", "1"),
        ("GIT_NO_REPLACE_OBJECTS", "1"),
        // A list of allowed transports without any transport on it.
        ("GIT_ALLOW_PROTOCOL", "none"),
        ("LC_ALL", "C"),
    ];
    command.envs(fixed);
}

/// Runs `command` with `input` on its standard input. Input and output flow at the same time, so neither can
/// block the other.
fn feed(mut command: Command, input: &[u8]) -> io::Result<std::process::Output> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let stdin = child.stdin.take();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // A child that ends without reading its input closes the pipe; its status tells what happened.
            let _ = stdin.map(|mut pipe| pipe.write_all(input));
        });
        child.wait_with_output()
    })
}

fn git_error(dir: &Path, args: &[&OsStr], said: &str) -> Error {
    let path = dir.to_path_buf();
    if said.contains("dubious ownership") || said.contains("unsafe repository") {
        return Error::GitOwnership { path };
    }
    let words = said.lines().next().unwrap_or("it said nothing").to_owned();
    let mut plain = args.iter().map(|arg| arg.to_string_lossy());
    let mut command = plain.next().unwrap_or_default();
    while command == "-c" {
        plain.next();
        command = plain.next().unwrap_or_default();
    }
    Error::Git { path, command: command.into_owned(), words }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, Vec<PathBuf>) {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let roots = vec![real_path(dir.path()).expect("it is there")];
        (dir, roots)
    }

    #[test]
    fn reading_keeps_to_the_limit() {
        let (dir, _) = folder();
        let file = dir.path().join("a.go");
        fs::write(&file, "12345").unwrap();
        assert_eq!(read(&file, 5).unwrap(), b"12345");
        assert!(matches!(read(&file, 4), Err(Error::TooLarge { limit: 4, .. })));
        assert!(matches!(read(dir.path(), 4), Err(Error::NotAFile { .. })));
        assert!(matches!(read(&dir.path().join("b.go"), 4), Err(Error::NotFound { .. })));
    }

    #[test]
    fn a_folder_is_listed_by_name() {
        let (dir, _) = folder();
        fs::write(dir.path().join("b"), "").unwrap();
        fs::create_dir(dir.path().join("a")).unwrap();
        assert_eq!(list(dir.path()).unwrap(), [("a".into(), Kind::Folder), ("b".into(), Kind::File)]);
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

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_no_file_and_does_not_block() {
        let (dir, _) = folder();
        let pipe = dir.path().join("p.go");
        let made = Command::new("mkfifo").arg(&pipe).status();
        if made.is_ok_and(|status| status.success()) {
            assert!(matches!(read(&pipe, 9), Err(Error::NotAFile { .. })));
        }
    }

    #[test]
    fn a_foreign_repository_gets_a_message_of_its_own() {
        let args = [OsStr::new("-c"), OsStr::new("a=b"), OsStr::new("rev-parse")];
        let said = "fatal: detected dubious ownership in repository at '/x'\nmore";
        assert!(matches!(git_error(Path::new("/x"), &args, said), Error::GitOwnership { .. }));
        let other = git_error(Path::new("/x"), &args, "fatal: broken\n").to_string();
        assert!(other.starts_with("`git rev-parse` failed in /x: fatal: broken"), "{other}");
    }
}
