//! The six floors of the design: a room imports rooms of lower floors, and its own. Held against every path
//! that begins with `crate::` in `src`, in `use` lines and inline.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

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

/// The names that follow `crate::` anywhere in `text` outside of comments, groups taken apart.
fn rooms_named(text: &str) -> BTreeSet<String> {
    let comment = Regex::new(r"(?m)//.*$").unwrap();
    let path = Regex::new(r"\bcrate\s*::\s*(\{|\w+)").unwrap();
    let code = comment.replace_all(text, "");
    let mut rooms = BTreeSet::new();
    for found in path.captures_iter(&code) {
        let name = found.get(1).expect("the group is not optional");
        match name.as_str() {
            "{" => rooms.extend(firsts_of_group(&code[name.end()..])),
            name => drop(rooms.insert(name.to_owned())),
        }
    }
    rooms
}

/// The first name of each member of a `{a::b, c::{d, e}, f}` whose opening brace is gone.
fn firsts_of_group(text: &str) -> Vec<String> {
    let (mut depth, mut member, mut members) = (1, String::new(), Vec::new());
    for c in text.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => members.push(std::mem::take(&mut member)),
            c if depth == 1 => member.push(c),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    members.push(member);
    let first = |member: &String| {
        member.trim().split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("").to_owned()
    };
    members.iter().map(first).filter(|name| !name.is_empty()).collect()
}

/// The sources of the library as (room, file).
fn sources() -> Vec<(String, PathBuf)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut found, mut folders) = (Vec::new(), vec![src.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("src can be read") {
            let path = entry.expect("src can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let first = path.strip_prefix(&src).unwrap().components().next().unwrap();
                let room = first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned();
                found.push((room, path));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn imports_go_down_only() {
    let mut wrong = Vec::new();
    for (room, path) in sources().iter().filter(|(room, _)| room != "main" && room != "lib") {
        for named in rooms_named(&fs::read_to_string(path).expect("sources are UTF-8")) {
            if !allowed(room, &named) {
                wrong.push(format!("{}: `{room}` may not know `{named}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_room_has_a_floor_and_every_floor_its_rooms() {
    let there: BTreeSet<String> =
        sources().into_iter().map(|(room, _)| room).filter(|room| room != "main" && room != "lib").collect();
    let planned: BTreeSet<String> =
        FLOORS.iter().flat_map(|rooms| rooms.iter().map(|room| (*room).to_owned())).collect();
    assert_eq!(there, planned);
}

#[test]
fn only_cli_prints_or_exits() {
    let printing = Regex::new(r"\b(e?println!|e?print!|process::exit\(|io::stdout\(|io::stderr\()").unwrap();
    for (room, path) in sources().iter().filter(|(room, _)| room != "cli" && room != "main") {
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

#[test]
fn paths_are_found_in_every_spelling() {
    let text = "use crate::{vcs, walk::{self, x}, config::Settings};\nfn f(s: &crate::engine::Report) { \
                crate :: cli::main() } // crate::no";
    let expected = ["cli", "config", "engine", "vcs", "walk"].map(str::to_owned);
    assert_eq!(rooms_named(text), BTreeSet::from(expected));
}
