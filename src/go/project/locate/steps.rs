//! The places where a package may be, in Go's order, and the words for when it is in none.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::located::{Located, Provenance};
use super::scope::{Scope, Substitute, Tree};
use super::{Locator, paths};
use crate::base::sys;
use crate::go::project::gomod::compare_versions;

type Owner = (Arc<str>, Option<Arc<str>>);

impl Locator {
    /// Looks for `import` in every place.
    pub(super) fn find(&self, scope: &Scope, import: &str) -> Located {
        if let Some(why) = paths::unsound(import) {
            return missing(None, why.to_owned());
        }
        if import == "C" {
            return missing(None, "it stands for C code".to_owned());
        }
        // GOFLAGS can make `vendor/` go before all else, or make Go pass it over.
        let flag = self.env.goflags_mod.as_deref().filter(|_| !scope.foreign);
        let vendored = |now: bool| now.then(|| self.vendored(scope, import)).flatten();
        self.own(scope, import)
            .or_else(|| vendored(flag == Some("vendor")))
            .or_else(|| self.replaced(scope, import))
            .or_else(|| self.workspace(scope, import))
            .or_else(|| vendored(flag.is_none()))
            .or_else(|| self.cached(scope, import))
            .or_else(|| self.standard(import))
            .or_else(|| self.gopath(scope, import))
            .or_else(|| self.prefixed(scope, import))
            .unwrap_or_else(|| self.not_found(scope, import))
    }

    fn own(&self, scope: &Scope, import: &str) -> Option<Located> {
        let module = scope.module.as_ref()?;
        let dir = self.package_in(&module.dir, paths::below(&module.path, import)?)?;
        Some(Located::Found { dir, module: module.path.clone(), version: None, origin: Provenance::Module })
    }

    fn replaced(&self, scope: &Scope, import: &str) -> Option<Located> {
        paths::prefixes(import).find_map(|path| {
            let rest = paths::below(path, import)?;
            match scope.substitute(path)? {
                Substitute::Folder(folder) => {
                    // Without a look outside, only what lies in the same tree counts.
                    let allowed = self.env.outside || folder.starts_with(scope.root());
                    let dir = allowed.then(|| self.package_in(&folder, rest)).flatten()?;
                    Some(Located::Found {
                        dir,
                        module: path.into(),
                        version: None,
                        origin: Provenance::Replace,
                    })
                }
                Substitute::Module { path, version } => {
                    self.in_cache(path, version, rest, Provenance::Replace)
                }
            }
        })
    }

    fn workspace(&self, scope: &Scope, import: &str) -> Option<Located> {
        // A dependency may import what is a module of the main workspace.
        let work = scope.work.as_ref().or(scope.main.as_ref().and_then(|main| main.work.as_ref()));
        let main = scope.main.as_ref().and_then(|main| main.module.as_ref());
        paths::prefixes(import).find_map(|path| {
            let member =
                work.and_then(|work| work.members.get(path)).or(main.filter(|main| &*main.path == path))?;
            let dir = self.package_in(&member.dir, paths::below(path, import)?)?;
            Some(Located::Found {
                dir,
                module: member.path.clone(),
                version: None,
                origin: Provenance::Workspace,
            })
        })
    }

    fn vendored(&self, scope: &Scope, import: &str) -> Option<Located> {
        if !self.env.outside {
            return None;
        }
        scope.vendor_parents().into_iter().find_map(|parent| {
            let vendor = parent.join("vendor");
            let godeps = || scope.module.is_none().then(|| parent.join("Godeps/_workspace/src").join(import));
            let has_go = |dir: &PathBuf| self.has_go(dir);
            let dir = Some(vendor.join(import)).filter(has_go).or_else(|| godeps().filter(has_go))?;
            let owner = self.vendor(&vendor).owner(import).or_else(|| scope.owner(import));
            let (module, version) = owner.unwrap_or_else(|| (import.into(), None));
            Some(Located::Found { dir, module, version, origin: Provenance::Vendor })
        })
    }

    /// What the `modules.txt` of the nearest `vendor` folder that has one says of `import`.
    pub(super) fn vendored_owner(&self, scope: &Scope, import: &str) -> Option<Owner> {
        scope
            .vendor_parents()
            .into_iter()
            .find_map(|parent| self.vendor(&parent.join("vendor")).owner(import))
    }

    fn cached(&self, scope: &Scope, import: &str) -> Option<Located> {
        paths::prefixes(import).find_map(|path| {
            let version = scope.required(path)?;
            // A replaced module is not built from its own source.
            if scope.substitute(path).is_some() {
                return None;
            }
            self.in_cache(path, version, paths::below(path, import)?, Provenance::ModuleCache)
        })
    }

    fn in_cache(&self, path: &str, version: &Arc<str>, rest: &str, origin: Provenance) -> Option<Located> {
        let dir = self.package_in(&self.cache_folder(path, version)?, rest)?;
        Some(Located::Found { dir, module: path.into(), version: Some(version.clone()), origin })
    }

    /// Where the module cache keeps a module; `None` without cache, or when the names cannot be folders.
    fn cache_folder(&self, path: &str, version: &str) -> Option<PathBuf> {
        let cache = self.env.gomodcache.as_ref().filter(|_| self.env.outside)?;
        let sound = paths::unsound(path).is_none() && paths::is_plain_version(version);
        sound.then(|| cache.join(format!("{}@{}", paths::escape(path), paths::escape(version))))
    }

    fn standard(&self, import: &str) -> Option<Located> {
        let root = self.env.goroot.as_ref().filter(|_| self.env.outside && paths::is_std(import))?;
        let dir = Some(root.join("src").join(import)).filter(|dir| self.has_go(dir))?;
        Some(Located::Found { dir, module: "".into(), version: None, origin: Provenance::Goroot })
    }

    fn gopath(&self, scope: &Scope, import: &str) -> Option<Located> {
        if scope.module.is_some() || !self.env.outside {
            return None;
        }
        let sources =
            scope.dir.ancestors().filter(|above| above.file_name().is_some_and(|name| name == "src"));
        let dir = sources.map(|source| source.join(import)).find(|dir| self.has_go(dir))?;
        Some(Located::Found { dir, module: import.into(), version: None, origin: Provenance::Gopath })
    }

    /// In the tree itself, where that has no `go.mod` and calls itself by a prefix of `import`.
    fn prefixed(&self, scope: &Scope, import: &str) -> Option<Located> {
        if scope.module.is_some() || paths::is_std(import) {
            return None;
        }
        let found = |tree: Arc<Tree>| self.package_in(&tree.dir, paths::below(&tree.prefix, import)?);
        let dir = self.trees(&scope.dir).find_map(found)?;
        Some(Located::Found { dir, module: import.into(), version: None, origin: Provenance::Gopath })
    }

    /// The answer when no place has `import`: the module as far as known, and why.
    fn not_found(&self, scope: &Scope, import: &str) -> Located {
        if let Some(module) =
            scope.module.as_ref().filter(|module| paths::below(&module.path, import).is_some())
        {
            // It may still be a module of its own, nested in this one's path.
            if scope.owner(import).is_none_or(|(owner, _)| owner.len() <= module.path.len()) {
                return missing(
                    Some((module.path.clone(), None)),
                    format!("module {} has no Go files for it", module.path),
                );
            }
        }
        let owner =
            scope.owner(import).or_else(|| self.vendored_owner(scope, import).filter(|_| self.env.outside));
        let why = match &owner {
            _ if !self.env.outside => "only the module itself is looked at".to_owned(),
            Some((module, Some(version))) => self.why_not_cached(module, version),
            Some((module, None)) => match scope.substitute(module) {
                Some(Substitute::Folder(folder)) if sys::list(&folder).is_err() => {
                    format!("{module} is replaced by {}, which is not there", folder.display())
                }
                _ => format!("what stands in for {module} has no Go files for it"),
            },
            None if paths::is_std(import) => self.why_not_standard(),
            None => self.why_unknown(scope, import),
        };
        missing(owner, why)
    }

    fn why_not_cached(&self, module: &str, version: &str) -> String {
        let Some(folder) = self.cache_folder(module, version) else {
            return format!("no module cache has {module} {version}");
        };
        if sys::kind(&folder).is_some() {
            return format!("{module} {version} in the module cache has no Go files for it");
        }
        let others = match self.cached_versions(module) {
            versions if versions.is_empty() => String::new(),
            versions => format!(", only {}", told(&versions)),
        };
        format!("the module cache does not have {module} {version}{others}")
    }

    fn why_not_standard(&self) -> String {
        match &self.env.goroot {
            None => "no Go installation was found; GOROOT can name one".to_owned(),
            Some(_) => "the Go installation does not have it".to_owned(),
        }
    }

    fn why_unknown(&self, scope: &Scope, import: &str) -> String {
        let reason = match &scope.module {
            Some(module) if module.path.is_empty() => "go.mod does not tell",
            Some(_) => "no required module can have it",
            None => "there is no go.mod to say which version",
        };
        // A host alone is no module.
        let paths = paths::prefixes(import).filter(|path| path.contains('/'));
        let cached =
            paths.map(|path| (path, self.cached_versions(path))).find(|(_, versions)| !versions.is_empty());
        match cached {
            None => reason.to_owned(),
            Some((path, versions)) => {
                format!(
                    "{reason}; the module cache has {path} at {}, but nothing says that this is meant",
                    told(&versions)
                )
            }
        }
    }

    /// The versions at which the module cache has the module `path`, in order.
    fn cached_versions(&self, path: &str) -> Vec<String> {
        let Some(folder) = self.cache_folder(path, "v") else { return Vec::new() };
        let (Some(parent), Some(name)) = (folder.parent(), folder.file_name().and_then(|name| name.to_str()))
        else {
            return Vec::new();
        };
        let start = name.trim_end_matches('v');
        let version = |name: &Path| Some(paths::unescape(name.to_str()?.strip_prefix(start)?));
        let mut versions: Vec<String> = sys::list(parent)
            .unwrap_or_default()
            .iter()
            .filter_map(|(name, _)| version(name.as_ref()))
            .collect();
        versions.sort_by(|a, b| compare_versions(a, b).then_with(|| a.cmp(b)));
        versions
    }
}

fn missing(owner: Option<Owner>, why: String) -> Located {
    let (module, version) = owner.unzip();
    Located::Missing { module, version: version.flatten(), why }
}

/// At most three versions, the greatest ones.
fn told(versions: &[String]) -> String {
    let shown = versions[versions.len().saturating_sub(3)..].join(", ");
    if versions.len() > 3 { format!("{shown} and {} lower", versions.len() - 3) } else { shown }
}
