//! Finds the rules: each folder of `queries` with a `rule.toml` is compiled in, so that adding a rule touches
//! no source.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let queries = root.join("queries");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", queries.display());
    let entries = fs::read_dir(&queries).expect("there is a folder of rules");
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be read").path()).collect();
    folders.retain(|folder| folder.join("rule.toml").is_file());
    folders.sort();
    let mut text = String::from("&[\n");
    for folder in &folders {
        let name = folder.file_name().expect("it has a name").to_string_lossy();
        let include = |file: &str| format!("include_str!({:?})", folder.join(file));
        let query = match folder.join("acquire.scm").is_file() {
            true => format!("Some({})", include("acquire.scm")),
            false => "None".to_owned(),
        };
        let _ = writeln!(text, "    ({:?}, {}, {query}),", format!("queries/{name}"), include("rule.toml"));
    }
    text += "]\n";
    let out = env::var_os("OUT_DIR").expect("cargo sets it");
    fs::write(Path::new(&out).join("rules.rs"), text).expect("the build folder can be written to");
}
