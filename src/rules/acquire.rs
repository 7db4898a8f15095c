//! Calls that acquire by the qualified names of what is called, as a rule's table `[[acquire]]` has them.
//!
//! Names go by import paths, never by what a file calls a package. What a call gives, and under which
//! circumstances that is nothing to speak of, is said here as well; how it is released is the rule's.

use std::sync::Arc;

use regex::bytes::{Regex, RegexBuilder};

use crate::go::types::release::Gives;

/// One kind of call that acquires.
#[derive(Debug, Clone)]
pub struct Acquire {
    /// The function or method.
    pub callee: Qualified,
    /// The type that what it gives must have, where not any will do.
    pub ty: Option<GivenType>,
    /// The type of an argument by which it is told where nobody knows what it gives.
    pub told_by: Option<(Arc<str>, Arc<str>)>,
    /// What is to be released.
    pub gives: Gives,
    /// From this Go on, as go.mod has it, there is nothing to release.
    pub go_below: Option<(u32, u32)>,
    /// What turns that back: `//go:debug` and `godebug` lines of this setting.
    pub unless_godebug: Option<Arc<str>>,
    /// Where it keeps nothing.
    pub quiet_if: Option<Quiet>,
    /// The argument that is a context with which it ends.
    pub context: Option<usize>,
    /// Which of the rule's releases is that of what it gives, where the type of that is not known.
    pub release: usize,
    /// A result beside it that must not be used after its release.
    pub tied: Option<usize>,
}

/// What the type of something given must be, pointers aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GivenType {
    /// Import path and name.
    Named(Arc<str>, Arc<str>),
    /// Any that is known to have one of the rule's releases.
    Releasable,
    /// What a method of an interface gives together with an error, if it has the first of the rule's
    /// releases.
    OfInterface,
}

/// Where an acquisition keeps nothing: this argument is a call of one of these functions.
#[derive(Debug, Clone)]
pub struct Quiet {
    pub argument: usize,
    /// As import path and name, joined by a dot; `nil` is the value.
    pub is: Vec<Arc<str>>,
    /// Of these calls only those that get one of these: a string as it is written, or a constant by its name.
    pub with: Vec<Arc<str>>,
    /// Why there is nothing to release then.
    pub why: Arc<str>,
}

/// A function `import/path.Name`, a method `import/path.(*Type).Name`, or a method of any type `(*).Name`;
/// `*` at the end of the name stands for anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Qualified {
    pub package: Arc<str>,
    pub receiver: Receiver,
    name: Arc<str>,
}

/// What a method is called on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receiver {
    /// It is a function.
    None,
    Any,
    Named(Arc<str>),
}

impl Qualified {
    /// Reads a qualified name; `None` where it is none.
    pub fn parse(text: &str) -> Option<Qualified> {
        let is_name = |name: &str| {
            let stem = name.strip_suffix('*').unwrap_or(name);
            !stem.is_empty() && stem.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        if let Some(name) = text.strip_prefix("(*).") {
            return is_name(name).then(|| Qualified {
                package: Arc::from(""),
                receiver: Receiver::Any,
                name: Arc::from(name),
            });
        }
        let (package, receiver, name) = match text.split_once(".(") {
            Some((package, rest)) => {
                let (ty, name) = rest.split_once(").")?;
                (package, Receiver::Named(Arc::from(ty.trim_start_matches('*'))), name)
            }
            None => {
                let (package, name) = text.rsplit_once('.')?;
                (package, Receiver::None, name)
            }
        };
        let fits = is_name(name) && !package.is_empty() && receiver != Receiver::Named(Arc::from(""));
        fits.then(|| Qualified { package: Arc::from(package), receiver, name: Arc::from(name) })
    }

    /// Whether its last name may be `name`.
    pub fn is_called(&self, name: &str) -> bool {
        match self.name.strip_suffix('*') {
            Some(stem) => name.starts_with(stem),
            None => *self.name == *name,
        }
    }

    /// Whether it lies in this package.
    pub fn is_of(&self, package: &str) -> bool {
        self.receiver == Receiver::Any || is_in(&self.package, package)
    }
}

/// Whether `package` is the one that `pattern` names, whatever the major version in its path: `x/v5` for `x`.
fn is_in(pattern: &str, package: &str) -> bool {
    let rest = package.strip_prefix(pattern);
    rest.is_some_and(|rest| {
        let version = rest.strip_prefix("/v").unwrap_or_default();
        rest.is_empty() || !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// The acquisitions of a rule, and where in a text they could stand.
#[derive(Debug)]
pub struct Called {
    pub acquires: Vec<Acquire>,
    /// Their last names, and the bracket behind, or the end of the line behind that of a function.
    trigger: Regex,
    /// What a file has to import for one of them; empty where methods are among them.
    imports: Vec<String>,
}

impl Called {
    /// The acquisitions together; `None` where their names make no regular expression.
    pub fn new(acquires: Vec<Acquire>) -> Option<Called> {
        let mut names: Vec<String> =
            acquires.iter().map(|acquire| acquire.callee.name.replace('*', r"\w*")).collect();
        names.sort();
        names.dedup();
        let is_function = |acquire: &&Acquire| acquire.callee.receiver == Receiver::None;
        let mut values: Vec<String> = acquires
            .iter()
            .filter(is_function)
            .map(|acquire| acquire.callee.name.replace('*', r"\w*"))
            .collect();
        values.sort();
        values.dedup();
        // `var open = os.Open`
        let values = match values.as_slice() {
            [] => String::new(),
            values => format!(r"|\.(?:{})\r?$", values.join("|")),
        };
        let pattern = format!(r"\b(?:{})\s*[(\[]{values}", names.join("|"));
        let trigger = RegexBuilder::new(&pattern).unicode(false).multi_line(true).build().ok()?;
        let functions = acquires.iter().all(|acquire| acquire.callee.receiver == Receiver::None);
        let mut imports: Vec<String> = acquires
            .iter()
            .filter(|_| functions)
            .map(|acquire| format!("\"{}", acquire.callee.package))
            .collect();
        imports.sort();
        imports.dedup();
        Some(Called { acquires, trigger, imports })
    }

    /// Whether a file with this text can hold one of them.
    pub fn may_be_in_file(&self, text: &[u8]) -> bool {
        let imported = |path: &String| memchr::memmem::find(text, path.as_bytes()).is_some();
        (self.imports.is_empty() || self.imports.iter().any(imported)) && self.trigger.is_match(text)
    }

    /// Names and brackets where one could stand.
    pub fn trigger(&self) -> &Regex {
        &self.trigger
    }

    /// Whether one of them may have this last name.
    pub fn may_be_called(&self, name: &str) -> bool {
        self.acquires.iter().any(|acquire| acquire.callee.is_called(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qualified_names_are_read() {
        let parse = |text| Qualified::parse(text).unwrap();
        let method = parse("database/sql.(*DB).Query*");
        assert!(method.is_called("QueryContext") && method.is_called("Query") && !method.is_called("query"));
        assert_eq!(method.receiver, Receiver::Named(Arc::from("DB")));
        assert!(method.is_of("database/sql") && !method.is_of("database/sql/driver"));
        let function = parse("os/signal.Notify");
        assert_eq!((&*function.package, &function.receiver), ("os/signal", &Receiver::None));
        assert!(!function.is_called("NotifyContext"));
        assert!(parse("github.com/jackc/pgx.Connect").is_of("github.com/jackc/pgx/v5"));
        assert!(!parse("github.com/jackc/pgx.Connect").is_of("github.com/jackc/pgx/pgxpool"));
        assert!(parse("(*).Do").is_of("anything"));
        for wrong in ["Notify", "os.", "(*).", "a.().b", "os.Open-"] {
            assert_eq!(Qualified::parse(wrong), None, "{wrong}");
        }
    }

    fn of(callee: &str) -> Acquire {
        Acquire {
            callee: Qualified::parse(callee).unwrap(),
            ty: None,
            told_by: None,
            gives: Gives::Result(0),
            go_below: None,
            unless_godebug: None,
            quiet_if: None,
            context: None,
            release: 0,
            tied: None,
        }
    }

    #[test]
    fn only_files_that_can_hold_one_are_looked_at() {
        let called = Called::new(vec![of("os.Open"), of("net.Listen*")]).unwrap();
        assert!(called.may_be_in_file(b"import \"os\"\nfunc f() { os.Open(x) }"));
        assert!(called.may_be_in_file(b"import \"net\"\nfunc f() { net.ListenTCP (x) }"));
        assert!(!called.may_be_in_file(b"func f() { Open(x) }"), "nothing is imported");
        assert!(!called.may_be_in_file(b"import \"os\"\nfunc f() { os.Reopen(x); os.OpenFile(y) }"));
        let method = Called::new(vec![of("(*).Query*")]).unwrap();
        assert!(method.may_be_in_file(b"func f(db DB) { db.QueryContext(x) }"));
    }
}
