//! Go text in, verdicts out. The shapes are those of the rules' fixtures, and near misses of each.

use std::sync::Arc;

use crate::analysis::channel::judge;
use crate::analysis::summaries::callee::Summaries;
use crate::go::project::locate::{Environment, Locator};
use crate::go::syntax::ast::Decl;
use crate::go::types::database::{Database, FileScope};

/// The functions of a package that have a fault, as `name: rule`, in the order of their names.
pub fn faults(text: &str) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("go.mod"), "module example.com/m\n\ngo 1.24\n").unwrap();
    let file = dir.path().join("m.go");
    std::fs::write(&file, text).unwrap();
    let locator = Locator::new(Environment { outside: true, ..Environment::default() });
    let database = Database::new(locator, dir.path());
    let scope = database.scope_of(&file).unwrap();
    let summaries = Summaries::default();
    let mut names = scope.package.func_names();
    names.sort();
    let mut found = Vec::new();
    for name in names {
        let func = scope.package.func(&name).unwrap();
        let decl = Decl::Func(Arc::clone(&func.decl));
        for judged in judge(&database, &summaries, &FileScope::of(&func), &decl) {
            if let Some(fault) = judged.fault {
                found.push(format!("{name}: {}", fault.kind.word()));
            } else if std::env::var("SHOW").is_ok() {
                eprintln!("{name}: {} {:?}", judged.name, judged.unjudged);
            }
        }
    }
    found
}

#[test]
fn corpus() {
    let Ok(folder) = std::env::var("SHAPES") else { return };
    for file in folder.split(' ') {
        let text = std::fs::read_to_string(file).unwrap();
        println!("{file}\n  {}", faults(&text).join("\n  "));
    }
}
