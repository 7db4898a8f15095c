//! What every Go program takes for granted of the standard library and of the packages that nearly all
//! programs use, as data: a fact stands here where reading the source would say less, or where the source
//! need not be there. Here are those that stand for a proof; what names say besides is in `names`.

pub mod names;

use std::sync::LazyLock;

use rustc_hash::{FxHashMap, FxHashSet};

/// Functions and methods that keep nothing of their arguments, nor of their receiver, but in what they give,
/// and call what they get before they return: `io.Copy`, `testing.T.Logf`.
static LENDS: LazyLock<Facts> = LazyLock::new(|| listed(include_str!("lends.txt")));

/// Functions and methods that keep nothing of what they get, nor in what they give: `fmt.Println`.
static LOOKS: LazyLock<Facts> = LazyLock::new(|| listed(include_str!("looks.txt")));

/// Methods that lock, unlock, and try to lock: `sync.Mutex.Lock`.
static LOCKS: LazyLock<FxHashMap<String, Locking>> = LazyLock::new(|| {
    let mut found = FxHashMap::default();
    let lines = include_str!("locks.txt").lines().filter(|line| !line.starts_with('#'));
    for (path, rows) in lines.filter_map(|line| line.split_once(": ")) {
        for (ty, row) in rows.split_whitespace().filter_map(|row| row.split_once('.')) {
            let words: Vec<&str> = row.split('/').collect();
            let shared = words.last() == Some(&"shared");
            let acts = [LockAct::Lock, LockAct::Unlock, LockAct::Try];
            for (act, method) in acts.into_iter().zip(&words) {
                found.insert(format!("{path}.{ty}.{method}"), Locking { act, shared });
            }
        }
    }
    found
});

/// The import paths of the standard library's packages.
static STANDARD: LazyLock<FxHashSet<&str>> =
    LazyLock::new(|| include_str!("standard.txt").lines().filter(|line| !line.starts_with('#')).collect());

/// What a method does to the lock that it is called on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Locking {
    pub act: LockAct,
    /// Others may hold it at the same time, by the same method.
    pub shared: bool,
}

/// Whether a method locks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockAct {
    Lock,
    Unlock,
    /// It says whether it has.
    Try,
}

/// Functions and methods, each with what of a call the fact is about; `None` for all of it.
type Facts = FxHashMap<String, Option<Tied>>;

/// What of a call has to do with the resource.
#[derive(Debug, Default)]
pub struct Tied {
    pub receiver: bool,
    pub arguments: Vec<usize>,
}

/// `path: Name Type.Method Name(0,1) Type.Method(r) …`, a line a package; `#` begins a comment. In brackets
/// stand the arguments that the fact is about, and `r` for the receiver, where it is not about all of them.
fn listed(text: &'static str) -> Facts {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let fact = |path: &str, name: &str| match name.split_once('(') {
        Some((name, about)) => {
            let parts = || about.trim_end_matches(')').split(',');
            let arguments = parts().filter_map(|part| part.parse().ok()).collect();
            let tied = Tied { receiver: parts().any(|part| part == "r"), arguments };
            (format!("{path}.{name}"), Some(tied))
        }
        None => (format!("{path}.{name}"), None),
    };
    lines
        .filter_map(|line| line.split_once(": "))
        .flat_map(|(path, names)| names.split_whitespace().map(move |name| fact(path, name)))
        .collect()
}

/// Whether the function or method (`Type.Method`) of the package keeps nothing of what is `tied`.
pub fn lends(package: &str, name: &str, tied: &Tied) -> bool {
    LENDS.get(&format!("{package}.{name}")).is_some_and(|about| {
        about.as_ref().is_none_or(|about| {
            (about.receiver || !tied.receiver) && tied.arguments.iter().all(|at| about.arguments.contains(at))
        })
    })
}

/// Whether the function or method (`Type.Method`) of the package only looks at what it gets.
pub fn looks(package: &str, name: &str) -> bool {
    LOOKS.contains_key(&format!("{package}.{name}"))
}

/// Whether a package is one of the standard library.
pub fn is_standard(package: &str) -> bool {
    STANDARD.contains(package)
}

/// What a method (`Type.Method`) of the package does to the lock that it is called on.
pub fn locking(package: &str, name: &str) -> Option<Locking> {
    LOCKS.get(&format!("{package}.{name}")).copied()
}

/// Whether some lock has a method of this name.
pub fn may_be_locking(method: &str) -> bool {
    static METHODS: LazyLock<FxHashSet<&str>> =
        LazyLock::new(|| LOCKS.keys().filter_map(|name| name.rsplit('.').next()).collect());
    METHODS.contains(method)
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use super::*;
    use crate::go::syntax::ast::*;
    use crate::go::syntax::outline::outline;
    use crate::go::syntax::parse::parse;
    use crate::go::syntax::visit;

    #[test]
    fn facts_are_found_by_package_and_name() {
        let tied = |receiver: bool, arguments: &[usize]| Tied { receiver, arguments: arguments.to_vec() };
        assert!(lends("io", "Copy", &tied(false, &[0, 1])));
        assert!(looks("testing", "T.Logf"));
        assert!(!lends("fmt", "Copy", &tied(false, &[0])));
        assert!(!lends("encoding/json", "NewEncoderX", &tied(false, &[0])));
        let lock = |name| locking("sync", name).map(|one| (one.act, one.shared));
        assert_eq!(lock("RWMutex.RUnlock"), Some((LockAct::Unlock, true)));
        assert_eq!(lock("Mutex.TryLock"), Some((LockAct::Try, false)));
        assert_eq!((lock("Mutex.RLock"), lock("RWMutex.shared")), (None, None));
        assert!(may_be_locking("RLock") && !may_be_locking("Close"));
        // What nobody knows the package of is none of them, nor a module without a dot in its name.
        assert!(is_standard("net/http") && !is_standard("") && !is_standard("shop/net"));
        // What a template is given goes to functions that it calls by name; where it writes does not.
        assert!(lends("text/template", "Template.Execute", &tied(false, &[0])));
        assert!(!lends("text/template", "Template.Execute", &tied(false, &[0, 1])));
        assert!(!lends("text/template", "Template.Execute", &tied(true, &[])));
        // The header that is written stays with the writer, and the writer with nobody.
        assert!(lends("archive/tar", "Writer.WriteHeader", &tied(true, &[])));
        assert!(!lends("archive/tar", "Writer.WriteHeader", &tied(true, &[0])));
    }

    /// Every declaration of a function or method of the package, as Go's own source has it.
    fn declared(root: &Path, path: &str, name: &str) -> Vec<FuncDecl> {
        let (receiver, name) = match name.split_once('.') {
            Some((receiver, name)) => (Some(receiver), name),
            None => (None, name),
        };
        let mut found = Vec::new();
        for file in std::fs::read_dir(root.join("src").join(path)).unwrap().flatten() {
            let file = file.path();
            let name_of = file.file_name().unwrap().to_string_lossy().into_owned();
            if !name_of.ends_with(".go") || name_of.ends_with("_test.go") {
                continue;
            }
            let text = std::fs::read(&file).unwrap();
            for item in outline(&text).items.iter().filter(|item| item.names.iter().any(|one| **one == *name))
            {
                let Ok(parsed) = parse(&text, item.span) else { continue };
                if let Ok(Decl::Func(func)) = parsed.lower()
                    && func.receiver_type().map(|ty| &**ty) == receiver
                {
                    found.extend(std::sync::Arc::into_inner(func));
                }
            }
        }
        found
    }

    /// Whether a value of the type as it is written can hold anything: no text, no number, no bytes.
    fn can_hold(ty: &Expr) -> bool {
        let plain = ["string", "bool", "int", "int64", "byte", "rune", "uint8"];
        match &ty.unparen().kind {
            ExprKind::Ident(name) => !plain.contains(&&*name.name),
            ExprKind::SliceOf(inner) => can_hold(inner),
            _ => true,
        }
    }

    /// A statement by which the function itself keeps a parameter: in its receiver, in another argument, in a
    /// package variable, or in a goroutine.
    fn keeps(func: &FuncDecl) -> Option<String> {
        let body = func.body()?;
        let params = func.signature.params.iter().filter(|param| can_hold(&param.ty));
        let params: Vec<_> = params.filter_map(|param| param.name.clone()).collect();
        let is_param = |expr: &Expr| {
            let name = expr.as_ident();
            name.is_some_and(|name| params.iter().any(|param| param.name == name.name))
        };
        let has_param = |value: &Expr| match &value.unparen().kind {
            ExprKind::AddressOf(inner) | ExprKind::Pointer(inner) => is_param(inner),
            _ => is_param(value),
        };
        let seen = |target: &Expr| {
            let owner = target.as_path().and_then(|path| path.first().map(|first| first.name.clone()));
            let receiver = func.receiver.as_ref().and_then(|param| param.name.as_ref());
            owner.is_some_and(|owner| {
                let of_caller = params.iter().chain(receiver).any(|param| param.name == owner);
                of_caller && target.as_ident().is_none()
            })
        };
        let mut found = None;
        visit::body(body, &mut |stmt| match &stmt.kind {
            StmtKind::Go(_) => found = Some("it starts a goroutine".to_owned()),
            StmtKind::Assign { left, right, .. } if left.len() == right.len() => {
                for (target, value) in left.iter().zip(right) {
                    if seen(target) && has_param(value) {
                        let path = target.as_path().unwrap_or_default();
                        let names: Vec<&str> = path.iter().map(|ident| &*ident.name).collect();
                        found = Some(format!("it stores a parameter in {}", names.join(".")));
                    }
                }
            }
            _ => {}
        });
        found
    }

    /// Rows of the standard library are held against its source, where Go is there: each is declared, and
    /// does not keep a parameter by its own statements.
    #[test]
    fn what_is_said_of_the_standard_library_is_so_in_its_source() {
        let Ok(output) = Command::new("go").args(["env", "GOROOT"]).output() else { return };
        let root = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
        if !root.join("src").is_dir() {
            return;
        }
        for package in STANDARD.iter() {
            assert!(root.join("src").join(package).is_dir(), "{package}");
        }
        let mut wrong = Vec::new();
        for (table, text) in [("lends", include_str!("lends.txt")), ("looks", include_str!("looks.txt"))] {
            for (path, names) in
                text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(": "))
            {
                // `T` and `B` have these methods from `common`, and `TB` is an interface of both.
                if path.contains('.') || path == "testing" {
                    continue;
                }
                for row in names.split_whitespace() {
                    let (name, about) = row.split_once('(').unwrap_or((row, ""));
                    let declared = declared(&root, path, name);
                    if declared.is_empty() {
                        wrong.push(format!("{table}: {path}.{name}: no such function"));
                    }
                    // Of one that is about its receiver alone, the parameters may stay.
                    let kept = declared.iter().filter(|_| about != "r)").filter_map(keeps);
                    wrong.extend(kept.map(|why| format!("{table}: {path}.{name}: {why}")));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
