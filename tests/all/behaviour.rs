//! Safe fixes held against execution: functions of a grammar of ownership run before and after them
//! (`tests/oracle/behaviour`). A few with a fixed seed; by hand, run many with a fresh one.

use std::process::Command;

use libtest_mimic::{Completion, Trial};

use crate::support::{needs_go, repository, tests};

/// The tests of this module.
pub fn tests() -> Vec<Trial> {
    tests![behaviour,]
}

fn behaviour() -> Completion {
    needs_go(hold_behaviour)
}

fn hold_behaviour() {
    let output = Command::new("go")
        .args(["run", ".", "--functions", "300", "--seed", "13", "--show", "broken"])
        .args(["--bin", env!("CARGO_BIN_EXE_unleak")])
        .current_dir(repository().join("tests/oracle/behaviour"))
        .env("GOTOOLCHAIN", "local")
        .env("GOPROXY", "off")
        .env("GOFLAGS", "")
        .env("GOWORK", "off")
        .output()
        .expect("go runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains(" 0 break;") && !said.contains("safe fixes in 0:"), "{said}");
}
