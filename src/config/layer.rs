//! One source of settings: a file, or the flags. Every mistake in a file has a line and a column.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use super::keys::{ALL, Keys, MOST_FILE_BYTES};
use crate::base::near::hint;
use crate::base::sys::Error;
use crate::base::text::{LineIndex, narrow};
use crate::rules::Rule;

/// Who said a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SaidBy {
    /// Nobody.
    Default,
    /// A file, at a line from 1.
    File(Arc<str>, u32),
    /// A flag, as it is typed.
    Flag(String),
}

impl fmt::Display for SaidBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SaidBy::Default => f.write_str("default"),
            SaidBy::File(file, line) => write!(f, "{file}:{line}"),
            SaidBy::Flag(flag) => f.write_str(flag),
        }
    }
}

/// What one source says.
#[derive(Debug, Clone, Default)]
pub struct Layer {
    /// The file as printed; empty for flags.
    pub(super) file: Arc<str>,
    /// The keys that it sets, each with its value.
    pub(super) values: Vec<(String, Value, SaidBy)>,
    /// Its globs, from its folder on.
    pub(super) exclude: Option<Gitignore>,
}

impl Layer {
    /// Takes in that the flag `--key` was given, if it was.
    pub fn flag(&mut self, key: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.values.push((key.to_owned(), value.into(), SaidBy::Flag(format!("--{key}"))));
        }
    }

    /// Whether it leaves something out.
    pub(super) fn has_globs(&self) -> bool {
        self.exclude.as_ref().is_some_and(|globs| !globs.is_empty())
    }

    /// Reads `globs` as lines of a .gitignore file in `folder`.
    ///
    /// # Errors
    /// [`Error::Glob`] for the first that is none.
    pub fn exclude(&mut self, folder: &Path, globs: &[String]) -> Result<(), Error> {
        let mut builder = GitignoreBuilder::new(folder);
        for glob in globs {
            let fail = |error: ignore::Error| Error::Glob { glob: glob.clone(), words: error.to_string() };
            builder.add_line(None, glob).map_err(fail)?;
            // The builder takes an open `[` for a letter; whoever writes one means a class.
            if let Some(words) = open_class(glob) {
                return Err(Error::Glob { glob: glob.clone(), words: words.to_owned() });
            }
        }
        let fail = |error: ignore::Error| Error::Glob { glob: globs.join(" "), words: error.to_string() };
        self.exclude = Some(builder.build().map_err(fail)?);
        Ok(())
    }

    /// The layer that `text`, the content of `file`, makes for the files below `folder`. `rules` are all that
    /// there are.
    ///
    /// # Errors
    /// [`Error::Config`] for the first mistake: no TOML, an unknown key, a wrong type, no such rule, a glob
    /// that is none.
    pub fn read(file: &Arc<str>, text: &str, folder: &Path, rules: &[Arc<Rule>]) -> Result<Layer, Error> {
        let source = Source { file, text };
        let places = DeTable::parse(text).map_err(|error| source.broken(&error))?;
        source.known_keys(places.get_ref())?;
        source.sizes(places.get_ref())?;
        let values: Table = toml::from_str(text).map_err(|error| source.broken(&error))?;
        let keys: Keys = toml::from_str(text).map_err(|error| source.broken(&error))?;
        let mut layer = Layer { file: file.clone(), ..Layer::default() };
        for (key, value) in places.get_ref() {
            source.check(key.get_ref(), value, rules)?;
            let line = source.place(key.span().start).0;
            let said = values.get(key.get_ref().as_ref()).cloned().into_iter();
            layer.values.extend(
                said.map(|value| (key.get_ref().to_string(), value, SaidBy::File(file.clone(), line))),
            );
        }
        layer.exclude(folder, &keys.exclude)?;
        Ok(layer)
    }
}

/// A file that is being read.
struct Source<'a> {
    file: &'a Arc<str>,
    text: &'a str,
}

impl Source<'_> {
    fn place(&self, at: usize) -> (u32, u32) {
        LineIndex::new(self.text.as_bytes()).line_column(narrow(at))
    }

    fn mistake(&self, at: usize, words: String) -> Error {
        let (line, column) = self.place(at);
        Error::Config { file: self.file.clone(), line, column, words }
    }

    /// What the reader of TOML says, with a near name where it knows no such value.
    fn broken(&self, error: &toml::de::Error) -> Error {
        let message = error.message().trim().replace('\n', " ");
        let mut quoted = message.split('`').skip(1).step_by(2);
        let hint = match message.starts_with("unknown variant") {
            true => {
                let name = quoted.next().unwrap_or_default();
                hint(name, quoted)
            }
            false => String::new(),
        };
        self.mistake(error.span().unwrap_or(0..0).start, message + &hint)
    }

    /// Whether there are all of the keys; else which one is the first in the file that is none.
    fn known_keys(&self, keys: &DeTable) -> Result<(), Error> {
        let known = Table::try_from(Keys::default()).unwrap_or_default();
        let unknown = keys.keys().filter(|key| !known.contains_key(key.get_ref().as_ref()));
        let Some(key) = unknown.min_by_key(|key| key.span().start) else { return Ok(()) };
        let names: Vec<&str> = known.keys().map(String::as_str).collect();
        let name = key.get_ref();
        let words = format!(
            "there is no key `{name}`{}; there are: {}",
            hint(name, names.iter().copied()),
            names.join(", ")
        );
        Err(self.mistake(key.span().start, words))
    }

    /// A number of bytes that nobody can read, or that no machine can count.
    fn sizes(&self, keys: &DeTable) -> Result<(), Error> {
        for (_, value) in keys.iter().filter(|(key, _)| key.get_ref() == "max-file-bytes") {
            let Some(number) = value.get_ref().as_integer() else { continue };
            let digits = number.as_str().trim_start_matches('+');
            let is_plain = number.radix() == 10 && digits.bytes().all(|byte| byte.is_ascii_digit());
            if is_plain && digits.parse::<u64>().map_or(true, |bytes| bytes > MOST_FILE_BYTES) {
                let words = format!("at most {MOST_FILE_BYTES} bytes of a file can be read");
                return Err(self.mistake(value.span().start, words));
            }
        }
        Ok(())
    }

    /// What a type alone does not say of a value.
    fn check(&self, key: &str, value: &Spanned<DeValue>, rules: &[Arc<Rule>]) -> Result<(), Error> {
        let elements = value.get_ref().as_array().into_iter().flat_map(|array| array.iter());
        let mut words =
            elements.filter_map(|element| Some((element.get_ref().as_str()?, element.span().start)));
        match key {
            "select" | "ignore" => {
                let mut ids = words.filter(|(id, _)| key != "select" || *id != ALL);
                ids.try_for_each(|(id, at)| known_rule(id, rules).map_err(|words| self.mistake(at, words)))
            }
            "exclude" => words.try_for_each(|(glob, at)| {
                let broken = Layer::default().exclude(Path::new(""), &[glob.to_owned()]).err();
                broken.map_or(Ok(()), |error| {
                    Err(self.mistake(at, error.to_string().replace("--exclude ", "")))
                })
            }),
            _ => Ok(()),
        }
    }
}

/// What is wrong with a glob that begins a class of letters and does not end it.
fn open_class(glob: &str) -> Option<&'static str> {
    let mut bytes = glob.bytes();
    let mut open = false;
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'[' => open = true,
            b']' => open = false,
            _ => {}
        }
    }
    open.then_some("the class that `[` begins has no `]`")
}

/// Whether one of `rules` is called `id`; else the words for that.
pub fn known_rule(id: &str, rules: &[Arc<Rule>]) -> Result<(), String> {
    let names: Vec<&str> = rules.iter().map(|rule| &*rule.id).collect();
    match names.contains(&id) {
        true => Ok(()),
        false => Err(format!(
            "no rule is called `{id}`{}; there are: {}",
            hint(id, names.iter().copied()),
            names.join(", ")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Layer, String> {
        Layer::read(&"unleak.toml".into(), text, Path::new("/r"), &crate::rules::builtin())
            .map_err(|error| error.to_string())
    }

    fn broken(text: &str) -> String {
        read(text).expect_err("there is a mistake in it")
    }

    #[test]
    fn each_value_knows_its_line() {
        let layer = read("# what to run\nselect = [\"unclosed-client\"]\n\ntests = true\n").unwrap();
        let said: Vec<_> =
            layer.values.iter().map(|(key, value, origin)| format!("{key} {value} {origin}")).collect();
        assert_eq!(said, ["select [\"unclosed-client\"] unleak.toml:2", "tests true unleak.toml:4"]);
    }

    #[test]
    fn mistakes_have_a_place_and_a_way_out() {
        let unknown = broken("tests = true\nexlude = []\n");
        assert!(
            unknown.starts_with(
                "unleak.toml:2:1: there is no key `exlude`; did you mean `exclude`?; there are: "
            ),
            "{unknown}"
        );
        let first = broken("stile = 1\ntests = 1\n[lint]\n");
        assert!(
            first.starts_with("unleak.toml:1:1: there is no key `stile`; did you mean `style`?"),
            "{first}"
        );
        let value = broken("style = \"ignroe\"\n");
        assert!(
            value.starts_with("unleak.toml:1:9: unknown variant `ignroe`")
                && value.ends_with("did you mean `ignore`?"),
            "{value}"
        );
        assert!(
            broken("tests = \"yes\"")
                .starts_with("unleak.toml:1:9: invalid type: string \"yes\", expected a boolean")
        );
        let rule = broken("ignore = [\n  \"unclosed-clint\",\n]\n");
        assert!(
            rule.starts_with(
                "unleak.toml:2:3: no rule is called `unclosed-clint`; did you mean `unclosed-client`?"
            ),
            "{rule}"
        );
        assert!(broken("exclude = [\"a\", \"b{c\"]").starts_with("unleak.toml:1:17: b{c: "));
        assert!(broken("max-file-bytes = 99999999999").starts_with("unleak.toml:1:18: at most"));
        assert!(broken("max-file-bytes = 99999999999999999999").starts_with("unleak.toml:1:18: at most"));
        assert!(broken("exclude = [\"[a\"]").contains("has no `]`"));
        assert!(broken("max-file-bytes = -1").starts_with("unleak.toml:1:18: "));
        assert!(broken("tests = true\ntests = false\n").starts_with("unleak.toml:2:1: "));
        assert!(broken("tests = ").starts_with("unleak.toml:1:"));
    }
}
