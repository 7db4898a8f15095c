//! The files in which Go says where a module's dependencies are: `go.mod`, `go.work`, `vendor/modules.txt`;
//! and how versions compare.
//!
//! Text in, values out; nothing here looks at the disk. Unknown directives are passed over, as newer Go
//! versions add some.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::Arc;

use crate::base::diagnostic::RunFault;

pub use crate::go::project::version::{compare_versions, language_version};

/// What a `go.mod` says, as far as it matters here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GoMod {
    /// The module's path; `None` when the file names none.
    pub module: Option<Arc<str>>,
    /// The `go` directive's version: `1.24.0`.
    pub go: Option<Arc<str>>,
    /// In the file's order.
    pub requires: Vec<Require>,
    /// In the file's order.
    pub replaces: Vec<Replace>,
}

/// One module that is required.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Require {
    /// The module's path.
    pub path: Arc<str>,
    /// The least version of it.
    pub version: Arc<str>,
    /// Whether the line ends in `// indirect`.
    pub indirect: bool,
}

/// One module that stands in for another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replace {
    /// The path of the module that is replaced.
    pub path: Arc<str>,
    /// The version that is replaced; `None` for every version.
    pub version: Option<Arc<str>>,
    /// What is taken for it.
    pub with: Replacement,
}

/// What is taken for a replaced module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replacement {
    /// A folder, absolute or relative to the file that says so.
    Folder(Arc<str>),
    /// Another module, or another version of it.
    Module {
        /// Its path.
        path: Arc<str>,
        /// Its version.
        version: Arc<str>,
    },
}

/// What a `go.work` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GoWork {
    /// The folders of its modules, absolute or relative to the file.
    pub uses: Vec<Arc<str>>,
    /// In the file's order; they come before those of the modules.
    pub replaces: Vec<Replace>,
}

/// What a `vendor/modules.txt` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vendored {
    /// In the file's order.
    pub modules: Vec<VendoredModule>,
}

/// One module with packages in `vendor/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VendoredModule {
    /// The module's path as imports spell it.
    pub path: Arc<str>,
    /// Its version; `None` for one that is replaced in every version.
    pub version: Option<Arc<str>>,
    /// What was vendored in its place.
    pub replaced: Option<Replacement>,
    /// Whether go.mod names it.
    pub explicit: bool,
    /// The import paths of its packages that were copied.
    pub packages: Vec<Arc<str>>,
}

/// Reads a `go.mod`. `path` is how the file is printed. Lines that make no sense are left out, and the first
/// of them is told.
pub fn parse_go_mod(text: &[u8], path: &str) -> (GoMod, Option<RunFault>) {
    let mut file = GoMod::default();
    let fault = directives(text, path, |verb, args, comment| {
        match (verb, args) {
            ("module", [module]) => file.module = Some(shared(module)),
            ("go", [version]) => file.go = Some(shared(version)),
            ("require", [module, version]) => {
                let indirect = comment.split([';', ' ']).any(|word| word == "indirect");
                file.requires.push(Require { path: shared(module), version: shared(version), indirect });
            }
            ("replace", args) => file.replaces.push(replace(args)?),
            ("module" | "go" | "require", _) => return None,
            _ => {}
        }
        Some(())
    });
    (file, fault)
}

/// Reads a `go.work`, as [`parse_go_mod`] reads its file.
pub fn parse_go_work(text: &[u8], path: &str) -> (GoWork, Option<RunFault>) {
    let mut file = GoWork::default();
    let fault = directives(text, path, |verb, args, _| {
        match (verb, args) {
            ("use", [folder]) => file.uses.push(shared(folder)),
            ("replace", args) => file.replaces.push(replace(args)?),
            ("use", _) => return None,
            _ => {}
        }
        Some(())
    });
    (file, fault)
}

/// Reads a `vendor/modules.txt`, as [`parse_go_mod`] reads its file.
pub fn parse_modules_txt(text: &[u8], path: &str) -> (Vendored, Option<RunFault>) {
    let mut file = Vendored::default();
    let mut faults = Faults::default();
    for (number, line) in lines(text) {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let understood = match words[..] {
            [] => true,
            ["##", ref marks @ ..] => {
                // Without a module above it is `## workspace`.
                if let Some(module) = file.modules.last_mut() {
                    module.explicit |= marks.iter().any(|mark| mark.trim_end_matches(';') == "explicit");
                }
                true
            }
            ["#", ref words @ ..] => vendored(words).map(|module| file.modules.push(module)).is_some(),
            [package] => {
                file.modules.last_mut().map(|module| module.packages.push(shared(package))).is_some()
            }
            _ => false,
        };
        if !understood {
            faults.note(number, &line);
        }
    }
    (file, faults.told(path))
}

/// `path version`, `path version => …` or `path => …`.
fn vendored(words: &[&str]) -> Option<VendoredModule> {
    let (path, version, replaced) = match words {
        [path, version] => (path, Some(*version), None),
        [_, "=>", ..] | [_, _, "=>", ..] => {
            let Replace { version, with, .. } = replace(words)?;
            return Some(VendoredModule {
                path: shared(words[0]),
                version,
                replaced: Some(with),
                explicit: false,
                packages: Vec::new(),
            });
        }
        _ => return None,
    };
    Some(VendoredModule {
        path: shared(path),
        version: version.map(shared),
        replaced,
        explicit: false,
        packages: Vec::new(),
    })
}

/// `path [version] => folder` or `path [version] => path version`.
fn replace<S: AsRef<str>>(words: &[S]) -> Option<Replace> {
    let arrow = words.iter().position(|word| word.as_ref() == "=>")?;
    let (path, version) = match &words[..arrow] {
        [path] => (path, None),
        [path, version] => (path, Some(version)),
        _ => return None,
    };
    let with = match &words[arrow + 1..] {
        [folder] => Replacement::Folder(shared(folder.as_ref())),
        [path, version] => {
            Replacement::Module { path: shared(path.as_ref()), version: shared(version.as_ref()) }
        }
        _ => return None,
    };
    Some(Replace {
        path: shared(path.as_ref()),
        version: version.map(|version| shared(version.as_ref())),
        with,
    })
}

/// Calls `take` with the verb, the arguments and the comment of every directive, those in blocks with the
/// block's verb. `take` says `None` when it cannot understand one.
fn directives(
    text: &[u8],
    path: &str,
    mut take: impl FnMut(&str, &[Cow<'_, str>], &str) -> Option<()>,
) -> Option<RunFault> {
    let mut faults = Faults::default();
    let mut block: Option<(String, u32)> = None;
    for (number, line) in lines(text) {
        let Some((words, comment)) = words(&line) else {
            faults.note(number, &line);
            continue;
        };
        let understood = match (&block, &words[..]) {
            (_, []) => Some(()),
            (Some(_), [close]) if close == ")" => {
                block = None;
                Some(())
            }
            // Another block begins: this one was not closed.
            (Some(_), [.., open]) if open == "(" => None,
            (Some((verb, _)), args) => take(verb, args, comment),
            (None, [verb, open]) if open == "(" => {
                block = Some((verb.to_string(), number));
                Some(())
            }
            (None, [_, open, close]) if open == "(" && close == ")" => Some(()),
            (None, [verb, args @ ..]) if verb.bytes().all(|byte| byte.is_ascii_lowercase()) => {
                take(verb, args, comment)
            }
            _ => None,
        };
        if understood.is_none() {
            faults.note(number, &line);
        }
    }
    if let Some((verb, number)) = block {
        faults.note(number, &format!("{verb} ("));
    }
    faults.told(path)
}

/// The lines with their numbers from 1, without line endings.
fn lines(text: &[u8]) -> impl Iterator<Item = (u32, Cow<'_, str>)> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    text.split(|&byte| byte == b'\n')
        .zip(1..)
        .map(|(line, number)| (number, String::from_utf8_lossy(line.trim_ascii())))
}

/// The words of a line, unquoted, and its comment; `None` when a quotation does not end.
fn words(line: &str) -> Option<(Vec<Cow<'_, str>>, &str)> {
    let mut words = Vec::new();
    let mut rest = line.trim_ascii_start();
    while let Some(first) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("//") {
            return Some((words, comment.trim_ascii()));
        }
        let (word, after) = match first {
            '(' | ')' => (rest[..1].into(), &rest[1..]),
            '`' => rest[1..].split_once('`').map(|(word, after)| (word.into(), after))?,
            '"' => quoted(&rest[1..])?,
            _ => {
                let end = word_end(rest);
                (rest[..end].into(), &rest[end..])
            }
        };
        words.push(word);
        rest = after.trim_ascii_start();
    }
    Some((words, ""))
}

/// Where a word without quotes ends: at white space, a parenthesis, or a comment.
fn word_end(text: &str) -> usize {
    let ends = |at: usize, byte: u8| {
        byte.is_ascii_whitespace() || byte == b'(' || byte == b')' || text[at..].starts_with("//")
    };
    let at = text.bytes().enumerate().find(|&(at, byte)| byte.is_ascii() && ends(at, byte)).map(|(at, _)| at);
    at.unwrap_or(text.len())
}

/// The string up to its closing quote, and what follows that. Of escapes only `\"` and `\\` occur in paths.
fn quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut word = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((word.into(), &text[at + 1..])),
            '\\' => word.push(chars.next()?.1),
            _ => word.push(char),
        }
    }
    None
}

/// The lines that could not be understood: the first, and how many more.
#[derive(Default)]
struct Faults {
    first: Option<(u32, String)>,
    more: u32,
}

impl Faults {
    fn note(&mut self, line: u32, text: &str) {
        match self.first {
            None => self.first = Some((line, text.chars().take(80).collect())),
            Some(_) => self.more += 1,
        }
    }

    fn told(self, path: &str) -> Option<RunFault> {
        let (line, text) = self.first?;
        let others = match self.more {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        let words = format!("`{text}` is not understood{others}; the rest of the file is used");
        Some(RunFault { path: path.into(), line, words, skipped: false })
    }
}

fn shared(word: &(impl AsRef<str> + ?Sized)) -> Arc<str> {
    word.as_ref().into()
}
