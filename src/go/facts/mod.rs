//! What every Go program takes for granted of the standard library and of the packages that nearly all
//! programs use, as data: a fact stands here where reading the source would say less, or where the source
//! need not be there.

use std::sync::LazyLock;

use rustc_hash::FxHashSet;

/// Functions and methods that keep nothing of their arguments, nor of their receiver, but in what they give,
/// and call what they get before they return: `io.Copy`, `testing.T.Logf`.
static LENDS: LazyLock<FxHashSet<String>> = LazyLock::new(|| listed(include_str!("lends.txt")));

/// Functions and methods that keep nothing of what they get, nor in what they give: `fmt.Println`.
static LOOKS: LazyLock<FxHashSet<String>> = LazyLock::new(|| listed(include_str!("looks.txt")));

/// Methods that start a function which their receiver's `Wait` waits for: `errgroup.Group.Go`.
static GROUPS: LazyLock<FxHashSet<String>> = LazyLock::new(|| listed(include_str!("groups.txt")));

/// Methods that make something new which their caller releases, where their names do not say so:
/// `sql.DB.Conn`.
static MAKES: LazyLock<FxHashSet<String>> = LazyLock::new(|| listed(include_str!("makes.txt")));

/// Types whose goroutines are counted by hand: `sync.WaitGroup`.
static COUNTERS: LazyLock<FxHashSet<String>> = LazyLock::new(|| listed(include_str!("counters.txt")));

/// Functions that give a context and what cancels it, and nothing else but its parent does:
/// `context.WithCancel`.
static CANCELLABLE: LazyLock<FxHashSet<String>> = LazyLock::new(|| listed(include_str!("cancellable.txt")));

/// Functions that give a context which nobody cancels: `context.Background`.
static ROOTS: LazyLock<FxHashSet<String>> = LazyLock::new(|| listed(include_str!("roots.txt")));

/// `path: Name Type.Method …`, a line a package; `#` begins a comment.
fn listed(text: &'static str) -> FxHashSet<String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once(": "))
        .flat_map(|(path, names)| names.split_whitespace().map(move |name| format!("{path}.{name}")))
        .collect()
}

/// Whether the function or method (`Type.Method`) of the package keeps nothing of what it gets.
pub fn lends(package: &str, name: &str) -> bool {
    LENDS.contains(&format!("{package}.{name}"))
}

/// Whether the function or method (`Type.Method`) of the package only looks at what it gets.
pub fn looks(package: &str, name: &str) -> bool {
    LOOKS.contains(&format!("{package}.{name}"))
}

/// Whether the method starts a function in a goroutine that `Wait` on the same value waits for.
pub fn is_group(package: &str, name: &str) -> bool {
    GROUPS.contains(&format!("{package}.{name}"))
}

/// Whether the method makes something new for its caller.
pub fn makes(package: &str, name: &str) -> bool {
    MAKES.contains(&format!("{package}.{name}"))
}

/// Whether a `Wait` on a value of the type waits until as many have said `Done` as were added.
pub fn is_counter(package: &str, name: &str) -> bool {
    COUNTERS.contains(&format!("{package}.{name}"))
}

/// Whether the function gives a context that ends when its second result is called, or with its parent.
pub fn is_cancellable(package: &str, name: &str) -> bool {
    CANCELLABLE.contains(&format!("{package}.{name}"))
}

/// Whether the function gives a context that never ends.
pub fn is_root_context(package: &str, name: &str) -> bool {
    ROOTS.contains(&format!("{package}.{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_found_by_package_and_name() {
        assert!(lends("io", "Copy"));
        assert!(looks("testing", "T.Logf"));
        assert!(!lends("fmt", "Copy"));
        assert!(!lends("encoding/json", "NewEncoderX"));
        assert!(makes("database/sql", "DB.Conn") && !makes("database/sql", "DB.Query"));
        assert!(is_group("golang.org/x/sync/errgroup", "Group.Go"));
    }
}
