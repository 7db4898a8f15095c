//! The floors of the design: a room imports rooms of lower floors, and its own; and no files import each
//! other in a circle. Held against the sources as Rust reads them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;
use regex::Regex;
use syn::visit::{self, Visit};

use crate::support::tests;

/// The tests of this module.
pub fn tests() -> Vec<Trial> {
    tests![
        imports_go_down_only,
        no_files_import_each_other_in_a_circle,
        no_line_is_longer_than_110_columns,
        every_room_has_a_floor_and_every_floor_its_rooms,
        every_file_is_on_the_map,
        only_cli_prints_or_exits,
        paths_are_found_in_every_spelling,
    ]
}

/// The rooms, from the ground up.
const FLOORS: [&[&str]; 6] = [
    &["base"],
    &["go", "vcs"],
    &["rules", "config", "walk"],
    &["analysis", "fix"],
    &["engine", "report"],
    &["cli"],
];

/// Ways within a floor that are meant: settings hold rules, a walk follows settings, reports show what a
/// session came to. The other way round would be a circle.
const LEVEL: [(&str, &str); 3] = [("config", "rules"), ("walk", "config"), ("report", "engine")];

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

fn allowed(from: &str, to: &str) -> bool {
    from == to
        || LEVEL.contains(&(from, to))
        || matches!((floor(from), floor(to)), (Some(from), Some(to)) if to < from)
}

/// A module and the file that it stands in.
struct Module {
    name: String,
    file: PathBuf,
    /// The modules that it names, outside of tests.
    uses: BTreeSet<String>,
}

impl Module {
    fn room(&self) -> &str {
        self.name.split("::").next().unwrap_or_default()
    }
}

/// The paths that a file names, each as its segments.
#[derive(Default)]
struct Paths(Vec<Vec<String>>);

impl Paths {
    fn of_tree(&mut self, before: &[String], tree: &syn::UseTree) {
        let with = |ident: &syn::Ident| [before, &[ident.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.of_tree(&with(&path.ident), &path.tree),
            syn::UseTree::Name(name) => self.0.push(with(&name.ident)),
            syn::UseTree::Rename(rename) => self.0.push(with(&rename.ident)),
            syn::UseTree::Glob(_) => self.0.push(before.to_vec()),
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.of_tree(before, item)),
        }
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.of_tree(&[], &item.tree);
    }

    /// Who may see an item is told by a path too, and imports nothing.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.0.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attrs = match item {
            syn::Item::Mod(item) => &item.attrs,
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Impl(item) => &item.attrs,
            syn::Item::Use(item) => &item.attrs,
            _ => return visit::visit_item(self, item),
        };
        let is_test = |attr: &syn::Attribute| {
            attr.path().is_ident("cfg")
                && attr.parse_args::<syn::Ident>().is_ok_and(|argument| argument == "test")
        };
        if !attrs.iter().any(is_test) {
            visit::visit_item(self, item);
        }
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        let arguments = syn::punctuated::Punctuated::<syn::Expr, syn::Token![,]>::parse_terminated;
        if let Ok(arguments) = item.parse_body_with(arguments) {
            arguments.iter().for_each(|argument| self.visit_expr(argument));
        }
        visit::visit_macro(self, item);
    }
}

/// The paths of `text`.
fn paths(text: &str) -> Vec<Vec<String>> {
    let mut paths = Paths::default();
    paths.visit_file(&syn::parse_file(text).expect("sources are Rust"));
    paths.0
}

/// A path as the segments from the top of the crate; `None` when it does not lead into it.
fn resolved(path: &[String], module: &str, modules: &BTreeSet<String>) -> Option<Vec<String>> {
    let here = || module.split("::").map(str::to_owned).collect::<Vec<_>>();
    let up = path.iter().take_while(|segment| *segment == "super").count();
    match path.first()?.as_str() {
        "crate" => Some(path[1..].to_vec()),
        "self" => Some([here(), path[1..].to_vec()].concat()),
        "super" => Some([&here()[..here().len().saturating_sub(up)], &path[up..]].concat()),
        first => modules.contains(&format!("{module}::{first}")).then(|| [here(), path.to_vec()].concat()),
    }
}

/// The modules of the library, but for those of tests.
fn sources() -> Vec<Module> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut files, mut folders) = (BTreeMap::new(), vec![src.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("src can be read") {
            let path = entry.expect("src can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let below = path.strip_prefix(&src).unwrap().with_extension("");
                let mut parts: Vec<_> =
                    below.iter().map(|part| part.to_string_lossy().into_owned()).collect();
                parts.pop_if(|last| *last == "mod");
                files.insert(parts.join("::"), path);
            }
        }
    }
    let for_tests = |name: &str| name.ends_with("::tests") || name == "report::samples";
    files.retain(|name, _| !for_tests(name) && name != "main" && name != "lib");
    let modules: BTreeSet<String> = files.keys().cloned().collect();
    let module = |(name, file): (String, PathBuf)| {
        let text = fs::read_to_string(&file).expect("sources are UTF-8");
        let longest = |path: Vec<String>| {
            (1..=path.len()).rev().map(|end| path[..end].join("::")).find(|name| modules.contains(name))
        };
        let named = paths(&text).into_iter().filter_map(|path| resolved(&path, &name, &modules));
        let uses = named.filter_map(longest).filter(|used| *used != name).collect();
        Module { name, file, uses }
    };
    files.into_iter().map(module).collect()
}

/// The modules that can be reached from `start`.
fn reached<'m>(start: &'m str, uses: &BTreeMap<&'m str, &'m BTreeSet<String>>) -> BTreeSet<&'m str> {
    let (mut seen, mut todo) = (BTreeSet::new(), vec![start]);
    while let Some(at) = todo.pop() {
        for next in uses.get(at).into_iter().copied().flatten() {
            if seen.insert(next.as_str()) {
                todo.push(next);
            }
        }
    }
    seen
}

fn imports_go_down_only() {
    let mut wrong = Vec::new();
    for module in sources() {
        for used in &module.uses {
            let named = used.split("::").next().unwrap_or_default();
            if !allowed(module.room(), named) {
                wrong.push(format!("{}: `{}` may not know `{used}`", module.file.display(), module.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn no_files_import_each_other_in_a_circle() {
    let sources = sources();
    let uses: BTreeMap<&str, _> = sources.iter().map(|module| (&*module.name, &module.uses)).collect();
    let from: BTreeMap<&str, _> = uses.keys().map(|name| (*name, reached(name, &uses))).collect();
    let mut circles: BTreeSet<Vec<&str>> = BTreeSet::new();
    for (name, ahead) in &from {
        if ahead.contains(name) {
            circles.insert(ahead.iter().copied().filter(|other| from[other].contains(name)).collect());
        }
    }
    assert!(circles.is_empty(), "{circles:?}");
}

fn no_line_is_longer_than_110_columns() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut long, mut folders) = (Vec::new(), vec![root.join("src"), root.join("tests")]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("it can be read") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = fs::read_to_string(&path).expect("sources are UTF-8");
                let lines = (1..).zip(text.lines()).filter(|(_, line)| line.chars().count() > 110);
                long.extend(lines.map(|(number, _)| format!("{}:{number}", path.display())));
            }
        }
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}

fn every_room_has_a_floor_and_every_floor_its_rooms() {
    let there: BTreeSet<String> = sources().iter().map(|module| module.room().to_owned()).collect();
    let planned: BTreeSet<String> =
        FLOORS.iter().flat_map(|rooms| rooms.iter().map(|room| (*room).to_owned())).collect();
    assert_eq!(there, planned);
}

/// A newcomer finds every file by what ARCHITECTURE.md says of it.
fn every_file_is_on_the_map() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let map = fs::read_to_string(root.join("ARCHITECTURE.md")).expect("there is a map");
    let is_there = |name: &str| map.contains(&format!("`{name}`")) || map.contains(&format!("/{name}.rs`"));
    let missing: Vec<String> = sources()
        .into_iter()
        .map(|module| module.name)
        .filter(|name| {
            !name.ends_with("::testing") && !is_there(name.rsplit("::").next().unwrap_or_default())
        })
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

fn only_cli_prints_or_exits() {
    let printing = Regex::new(r"\b(e?println!|e?print!|process::exit\(|io::stdout\(|io::stderr\()").unwrap();
    for module in sources().iter().filter(|module| module.room() != "cli") {
        let (room, path) = (module.room(), &module.file);
        let text = fs::read_to_string(path).expect("sources are UTF-8");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let found = code.lines().find(|line| printing.is_match(line) && !line.trim_start().starts_with("//"));
        assert!(
            found.is_none(),
            "{} prints, which is for cli, not for {room}: {}",
            path.display(),
            found.unwrap_or_default()
        );
    }
}

fn paths_are_found_in_every_spelling() {
    let text = "use crate::{vcs, walk::{self, x}, config::Settings as S};\nfn f(s: &crate::engine::Report) { \
                assert!(crate::cli::main()) } #[cfg(test)] mod tests { use crate::no; }\n\
                pub(in crate::no) fn g() {}";
    let rooms: BTreeSet<String> =
        paths(text).into_iter().filter(|path| path[0] == "crate").map(|path| path[1].clone()).collect();
    let expected = ["cli", "config", "engine", "vcs", "walk"].map(str::to_owned);
    assert_eq!(rooms, BTreeSet::from(expected));
}
