//! Where Go's own folders are on this machine, as far as the environment tells. Go itself is never run.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::base::sys::{self, Kind};
use crate::go::project::gomod::compare_versions;

/// What a [`Locator`](super::Locator) knows of the machine it runs on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// The module cache; it need not exist.
    pub gomodcache: Option<PathBuf>,
    /// The root of a Go installation: the folder with `src`.
    pub goroot: Option<PathBuf>,
    /// What `-mod=` in `GOFLAGS` says: `vendor`, `mod`, `readonly`.
    pub goflags_mod: Option<String>,
    /// What `GOWORK` says: a file, or `off`. `None` to look for a `go.work`.
    pub gowork: Option<PathBuf>,
    /// Whether source outside of the module or workspace is looked at: `vendor/`, the module cache, the Go
    /// installation.
    pub outside: bool,
}

impl Environment {
    /// Reads the environment variables that Go reads, and looks for a Go installation.
    pub fn detect() -> Environment {
        Environment::read(&sys::env)
    }

    fn read(env: &dyn Fn(&str) -> Option<OsString>) -> Environment {
        Environment {
            gomodcache: gomodcache(env),
            goroot: goroot(env),
            goflags_mod: env("GOFLAGS").and_then(|flags| mod_flag(&flags.to_string_lossy())),
            gowork: env("GOWORK").map(PathBuf::from),
            outside: true,
        }
    }
}

fn gomodcache(env: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    if let Some(cache) = env("GOMODCACHE") {
        return Some(cache.into());
    }
    let first = env("GOPATH")
        .and_then(|paths| std::env::split_paths(&paths).find(|path| !path.as_os_str().is_empty()));
    Some(first.or_else(|| Some(home(env)?.join("go")))?.join("pkg").join("mod"))
}

fn home(env: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    env(if cfg!(windows) { "USERPROFILE" } else { "HOME" }).map(PathBuf::from)
}

/// `GOROOT`, else the installation of the `go` on `PATH`, else one in the customary places.
fn goroot(env: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    if let Some(root) = env("GOROOT") {
        return Some(root.into());
    }
    let on_path = env("PATH")
        .and_then(|paths| std::env::split_paths(&paths).find_map(|folder| installation_of(&folder)));
    on_path
        .or_else(|| {
            ["/usr/local/go", "/usr/lib/go"].map(PathBuf::from).into_iter().find(|root| is_goroot(root))
        })
        .or_else(|| newest_sdk(&home(env)?.join("sdk")))
}

/// The installation that the `go` in `folder` belongs to, links followed.
fn installation_of(folder: &Path) -> Option<PathBuf> {
    if !folder.is_absolute() {
        return None;
    }
    let program = folder.join(if cfg!(windows) { "go.exe" } else { "go" });
    if sys::kind(&program) != Some(Kind::File) {
        return None;
    }
    let real = sys::real_path(&program).ok()?;
    real.parent()?.parent().filter(|root| is_goroot(root)).map(Path::to_path_buf)
}

fn is_goroot(root: &Path) -> bool {
    sys::kind(&root.join("src").join("runtime")) == Some(Kind::Folder)
}

/// The newest of the installations that `golang.org/dl` puts below `~/sdk`: `go1.24.1`.
fn newest_sdk(folder: &Path) -> Option<PathBuf> {
    let version = |root: &PathBuf| Some(format!("v{}", root.file_name()?.to_str()?.strip_prefix("go")?));
    let roots = sys::list(folder).ok()?.into_iter().map(|(name, _)| folder.join(name));
    roots
        .filter(|root| version(root).is_some() && is_goroot(root))
        .max_by(|a, b| compare_versions(&version(a).unwrap_or_default(), &version(b).unwrap_or_default()))
}

/// The value of the last `-mod=` among the flags.
fn mod_flag(flags: &str) -> Option<String> {
    let mut values =
        flags.split_ascii_whitespace().filter_map(|flag| flag.trim_start_matches('-').strip_prefix("mod="));
    values.next_back().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Environment {
        Environment::read(&|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into())
        })
    }

    #[test]
    fn the_module_cache_is_found_as_go_finds_it() {
        let cache = |variables| read(variables).gomodcache;
        assert_eq!(cache(&[("GOMODCACHE", "/c"), ("GOPATH", "/p")]), Some("/c".into()));
        #[cfg(unix)]
        {
            assert_eq!(cache(&[("GOPATH", "/p:/q"), ("HOME", "/h")]), Some("/p/pkg/mod".into()));
            assert_eq!(cache(&[("HOME", "/h")]), Some("/h/go/pkg/mod".into()));
            assert_eq!(cache(&[]), None);
        }
    }

    #[test]
    fn the_last_mod_flag_counts() {
        assert_eq!(mod_flag("-tags=x -mod=mod --mod=vendor -modfile=y"), Some("vendor".into()));
        assert_eq!(mod_flag("-v"), None);
    }

    #[cfg(unix)]
    #[test]
    fn the_go_on_the_path_is_followed_to_its_root() {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().canonicalize().unwrap();
        let root = base.join("lib/go-1.24");
        std::fs::create_dir_all(root.join("src/runtime")).unwrap();
        std::fs::create_dir_all(root.join("bin")).unwrap();
        std::fs::create_dir_all(base.join("bin")).unwrap();
        std::fs::write(root.join("bin/go"), "").unwrap();
        std::os::unix::fs::symlink(root.join("bin/go"), base.join("bin/go")).unwrap();
        let path = format!("relative:{}:{}", base.join("none").display(), base.join("bin").display());
        assert_eq!(read(&[("PATH", &path)]).goroot, Some(root));
        assert_eq!(read(&[("PATH", &path), ("GOROOT", "/r")]).goroot, Some("/r".into()));
    }

    #[test]
    fn the_newest_sdk_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        for version in ["go1.9", "go1.21.3", "go1.10", "other"] {
            std::fs::create_dir_all(dir.path().join(version).join("src/runtime")).unwrap();
        }
        assert_eq!(newest_sdk(dir.path()), Some(dir.path().join("go1.21.3")));
        assert_eq!(newest_sdk(&dir.path().join("none")), None);
    }
}
