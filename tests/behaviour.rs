//! Safe fixes held against execution: functions of a grammar of ownership run before and after them
//! (`tests/oracle/behaviour`). A few with a fixed seed; by hand, run many with a fresh one.

mod support;

use std::process::Command;

/// Set, it makes the test run although safe fixes are known to break something.
const ASKED: &str = "UNLEAK_BEHAVIOUR";

#[test]
fn behaviour() {
    if std::env::var_os(ASKED).is_none() {
        eprintln!("skipped: {ASKED} is not set");
        return;
    }
    if !support::has_go() {
        return;
    }
    let output = Command::new("go")
        .args(["run", ".", "--functions", "500", "--seed", "13", "--show", "broken"])
        .args(["--bin", env!("CARGO_BIN_EXE_unleak")])
        .current_dir(support::repository().join("tests/oracle/behaviour"))
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
