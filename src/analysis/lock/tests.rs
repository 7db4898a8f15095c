//! Go text in, findings out. The shapes are near misses of those in the rules' fixtures.

use crate::analysis::lock::detect;
use crate::analysis::lock::judge::{TWICE, UNRELEASED};
use crate::analysis::tests::detections;
use crate::base::text::{LineIndex, narrow};

/// What is found in the body of a method of a type with a lock: the kinds and lines, the body's first is 1,
/// and where that is told first.
fn found(body: &str) -> Vec<String> {
    let head = "package m\n\nimport \"sync\"\n\ntype t struct {\n\tmu sync.RWMutex\n\tn int\n}\n\n\
                func (t *t) locks() { t.mu.Lock(); t.n++; t.mu.Unlock() }\n\
                func some() bool { return true }\n\n";
    // Where nobody calls it, it would speak for who does.
    let unlocks = if body.contains("unlocks") { "func (t *t) unlocks() { t.mu.Unlock() }\n" } else { "" };
    let text = format!("{head}func (t *t) f(a, b bool, ts []*t) error {{\n{body}\nreturn nil\n}}\n{unlocks}");
    let lines = LineIndex::new(text.as_bytes());
    let first = lines.line(narrow(head.len())) as usize;
    let line = |at: usize| at - first;
    let found = detections(&text, &[UNRELEASED, TWICE], detect).into_iter();
    found
        .map(|one| {
            let told = one.labels.first().map_or(0, |label| line(label.line as usize));
            format!("{} {} ({told})", one.kind, line(lines.line(one.span.start) as usize))
        })
        .collect()
}

#[test]
fn a_way_out_without_the_unlock_is_found_and_shown() {
    let body =
        |middle: &str| found(&format!("t.mu.Lock()\nif a {{\n{middle}\nreturn nil\n}}\nt.mu.Unlock()"));
    assert_eq!(body(""), ["unreleased-lock 1 (4)"]);
    assert_eq!(body("t.mu.Unlock()"), [""; 0]);
    assert_eq!(body("t.unlocks()"), [""; 0]);
    assert_eq!(body("defer t.mu.Unlock()"), [""; 0]);
    assert_eq!(body("go func() { t.mu.Unlock() }()"), [""; 0]);
    assert_eq!(body("panic(1)"), [""; 0]);
    assert_eq!(body("t.mu.RUnlock()"), ["unreleased-lock 1 (3)"]);
}

#[test]
fn who_has_the_lock_or_what_unlocks_it_may_unlock_it() {
    let body = |before: &str, middle: &str| {
        found(&format!("{before}\nt.mu.Lock()\nif a {{\n{middle}\nreturn nil\n}}\nt.mu.Unlock()"))
    };
    assert_eq!(body("var kept *sync.RWMutex", "kept = &t.mu\n_ = kept"), [""; 0]);
    assert_eq!(body("var kept *int", "kept = &t.n\n_ = kept"), ["unreleased-lock 2 (6)"]);
    assert_eq!(body("var done func()", "done = t.mu.Unlock\ndone()"), [""; 0]);
    let literal = "go func() {\nt.mu.Lock()\nif b {\ndone()\nreturn\n}\nt.mu.Unlock()\n}()";
    assert_eq!(found(&format!("done := func() {{ t.mu.Unlock() }}\n{literal}")), [""; 0]);
    assert_eq!(found(&format!("done := func() {{ t.n++ }}\n{literal}")), ["unreleased-lock 3 (6)"]);
}

#[test]
fn the_next_round_locks_again() {
    let body =
        |skip: &str| found(&format!("for some() {{\nt.mu.Lock()\nif a {{\n{skip}\n}}\nt.mu.Unlock()\n}}"));
    assert_eq!(body("continue"), ["unreleased-lock 2 (2)"]);
    assert_eq!(body("break"), ["unreleased-lock 2 (8)"]);
    assert_eq!(body("t.n++"), [""; 0]);
}

#[test]
fn what_is_deferred_unlocks_it_whichever_way_is_taken() {
    let then = |rest: &str| found(&format!("if a {{\nt.mu.Lock()\ndefer t.mu.Unlock()\n}}\n{rest}"));
    assert_eq!(then("if b {\nt.mu.Lock()\nt.mu.Unlock()\n}"), [""; 0]);
    let round = |lock: &str| found(&format!("for _, x := range ts {{\n{lock}\n}}"));
    let one = "t.mu.Lock()\ndefer t.mu.Unlock()\nif a {\ncontinue\n}";
    assert_eq!(round(&format!("if x == t {{\n{one}\n}}")), [""; 0], "it is one item");
    assert_eq!(round(one), ["unreleased-lock 2 (2)"]);
    assert_eq!(round(&format!("if x.n != 0 {{\n{one}\n}}")), ["unreleased-lock 3 (3)"]);
}

#[test]
fn conditions_that_are_asked_twice_are_held_together() {
    let body = |first: &str, second: &str| {
        found(&format!("if {first} {{\nt.mu.Lock()\n}}\nif {second} {{\nt.mu.Unlock()\n}}"))
    };
    assert_eq!(body("a", "a"), [""; 0]);
    assert_eq!(body("t.n != 0", "t.n != 0"), [""; 0]);
    // Unlocked where it is not held: then who calls this holds it.
    assert_eq!(body("a", "b"), [""; 0]);
    let body = |between: &str| {
        found(&format!("t.mu.Lock()\nif a {{\nt.mu.Unlock()\n}}\n{between}\nif !a {{\nt.mu.Unlock()\n}}"))
    };
    assert_eq!(body(""), [""; 0]);
}

#[test]
fn what_is_held_where_all_went_well_is_kept_on_purpose() {
    let body =
        |well: &str, ill: &str| found(&format!("t.mu.Lock()\nif a {{\n{well}\n}}\nt.mu.Unlock()\n{ill}"));
    assert_eq!(body("return nil", "return err()"), [""; 0]);
    assert_eq!(body("return err()", "return err()"), ["unreleased-lock 1 (3)"]);
}

#[test]
fn a_lock_that_is_held_is_not_taken_again() {
    assert_eq!(found("t.mu.Lock()\nt.locks()\nt.mu.Unlock()"), ["locked-twice 2 (1)"]);
    assert_eq!(found("t.mu.Lock()\ndefer t.mu.Unlock()\nt.mu.RLock()"), ["locked-twice 3 (1)"]);
    assert_eq!(found("t.mu.RLock()\nt.mu.RLock()\nt.mu.RUnlock()\nt.mu.RUnlock()"), ["locked-twice 2 (1)"]);
    assert_eq!(found("t.mu.Lock()\nt.mu.Unlock()\nt.locks()"), [""; 0]);
    assert_eq!(found("t.mu.Lock()\nfor _, t := range ts {\nt.locks()\n}\nt.mu.Unlock()"), [""; 0]);
    assert_eq!(found("if a {\nt.mu.Lock()\ndefer t.mu.Unlock()\n}\nt.locks()"), [""; 0]);
    let deferred = |first: &str, second: &str| found(&format!("t.mu.Lock()\n{first}\n{second}"));
    assert_eq!(deferred("defer t.mu.Unlock()", "defer t.locks()"), ["locked-twice 3 (1)"]);
    assert_eq!(deferred("defer t.locks()", "defer t.mu.Unlock()"), [""; 0], "it runs after the unlock");
}
