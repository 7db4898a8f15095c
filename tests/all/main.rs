//! The tests of the program as a whole, in one binary. Each case has a name of its own, and a part of a name
//! runs all that have it:
//!
//! ```text
//! cargo test --test all fixtures::unclosed-client::   # one folder of fixtures
//! cargo test --test all ::leakOnEveryPath             # one function in them
//! cargo test --test all cli::command_lines::fix       # one file of tests/cmd
//! ```
//!
//! The cases are found when they are run: a new fixture is none that has to be compiled. Unit tests stand
//! beside what they test (`cargo test --lib`).

mod audit_rows;
mod behaviour;
mod broken;
mod cli;
mod examples;
mod fixing;
mod fixtures;
mod floors;
mod fuzz;
mod history;
#[cfg(unix)]
mod hostile;
mod index;
mod index_only;
mod patches;
mod proof;
mod schema;
mod support;
mod trees;

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(unix)]
    if let Some(file) = hostile::asked_to_measure() {
        return hostile::measure(&file);
    }
    let modules = [
        audit_rows::tests,
        behaviour::tests,
        broken::tests,
        cli::tests,
        examples::tests,
        fixing::tests,
        fixtures::tests,
        floors::tests,
        fuzz::tests,
        history::tests,
        #[cfg(unix)]
        hostile::tests,
        index::tests,
        index_only::tests,
        patches::tests,
        proof::tests,
        schema::tests,
        trees::tests,
    ];
    let arguments = libtest_mimic::Arguments::from_args();
    let tests = modules.iter().flat_map(|tests: &fn() -> Vec<libtest_mimic::Trial>| tests()).collect();
    libtest_mimic::run(&arguments, tests).exit_code()
}
