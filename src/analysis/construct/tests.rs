//! Go text in, findings out. The shapes are near misses of those in the rules' fixtures.

use crate::analysis::construct::{deferred, detect, finalizer, growing, timeout};
use crate::analysis::tests::detections;

/// The texts at the places of what is found of a kind, to the first line's end.
fn found(kind: &str, text: &str) -> Vec<String> {
    let text = format!("package m\n\n{text}\n");
    let found = detections(&text, &[kind], detect).into_iter();
    found.map(|one| text[one.span.range()].lines().next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn what_is_made_in_a_round_and_deferred_piles_up() {
    let body = |head: &str, deferred: &str, end: &str| {
        found(
            deferred::KIND,
            &format!(
                "type file struct{{ n int }}\nfunc (f *file) Close() {{ f.n = 0 }}\n\
                 func open() *file {{ return &file{{}} }}\n\
                 func f(names []string, other *file, all []*file) {{\n{head} {{\n\
                 f := open()\n{deferred}\n{end}\n}}\n}}"
            ),
        )
    };
    let each = "for range names";
    assert_eq!(body(each, "defer f.Close()", ""), ["open()"]);
    assert_eq!(body(each, "defer func() { f.Close() }()", ""), ["open()"]);
    assert_eq!(body(each, "defer func() { if other == nil { f.Close() } }()", ""), [""; 0]);
    assert_eq!(body(each, "defer f.Close()\ngo println(f)", ""), [""; 0]);
    assert_eq!(body(each, "defer f.Close()\nall = append(all, f)", ""), [""; 0]);
    assert_eq!(body(each, "defer f.Close()\nall = append(all, other)", ""), ["open()"]);
    assert_eq!(body(each, "defer other.Close()\n_ = f", ""), [""; 0]);
    assert_eq!(body(each, "defer println(f)", ""), [""; 0]);
    assert_eq!(body(each, "defer f.Close()", "break"), [""; 0]);
    assert_eq!(body(each, "defer f.Close()", "if f.n == 1 {\nreturn\n}"), ["open()"]);
    assert_eq!(body("for range 3", "defer f.Close()", ""), [""; 0]);
    assert_eq!(body("for i := 0; i < 3; i++", "defer f.Close()", ""), [""; 0]);
    assert_eq!(body("if len(names) > 0", "defer f.Close()", ""), [""; 0]);
}

#[test]
fn a_request_without_an_end_is_found_by_its_client() {
    let body = |client: &str, rest: &str| {
        found(
            timeout::KIND,
            &format!(
                "import \"net/http\"\n\nfunc f(url string) {{\nc := &http.Client{{{client}}}\n{rest}\n}}"
            ),
        )
    };
    assert_eq!(body("", "c.Get(url)"), ["http.Client{}"]);
    assert_eq!(body("Timeout: 3", "c.Get(url)"), [""; 0]);
    assert_eq!(body("Jar: nil", "c.Get(url)"), ["http.Client{Jar: nil}"]);
    assert_eq!(body("Transport: some()", "c.Get(url)"), [""; 0]);
    assert_eq!(body("", "c.Timeout = 3\nc.Get(url)"), [""; 0]);
    assert_eq!(body("", "r, _ := http.NewRequest(\"GET\", url, nil)\nc.Do(r)"), ["http.Client{}"]);
    assert_eq!(body("", "r, _ := http.NewRequestWithContext(nil, \"GET\", url, nil)\nc.Do(r)"), [""; 0]);
    assert_eq!(body("", "use(c)"), [""; 0]);
}

#[test]
fn a_finalizer_is_looked_into() {
    let body = |kind: &str, finalizer: &str| {
        found(
            kind,
            &format!(
                "import \"runtime\"\n\ntype t struct {{\nc chan int\n}}\n\
                 func (t *t) waits() {{ <-t.c }}\nfunc (t *t) starts() {{ go t.waits() }}\n\
                 func f(x *t) {{\nruntime.SetFinalizer(x, {finalizer})\n}}"
            ),
        )
        .len()
    };
    assert_eq!(body(finalizer::BLOCKS, "(*t).waits"), 1);
    assert_eq!(body(finalizer::BLOCKS, "(*t).starts"), 0);
    assert_eq!(body(finalizer::BLOCKS, "func(y *t) { y.waits() }"), 1);
    assert_eq!(body(finalizer::BLOCKS, "func(y *t) { select { case <-y.c: } }"), 1);
    assert_eq!(body(finalizer::BLOCKS, "func(y *t) { select { case <-y.c: default: } }"), 0);
    assert_eq!(body(finalizer::KEEPS, "func(y *t) { x.c = nil }"), 1);
    assert_eq!(body(finalizer::KEEPS, "func(y *t) { y.c = nil }"), 0);
}

#[test]
fn what_only_grows_is_told_from_what_is_bounded() {
    let body = |rest: &str| found(growing::KIND, &format!("var m = map[string]int{{}}\n{rest}"));
    assert_eq!(body("func F(s string) { m[s]++ }"), ["m"]);
    assert_eq!(body("func F(s string) { m[\"a\"]++ }"), [""; 0]);
    assert_eq!(body("func F(s string) { m[s]++ }\nfunc g(s string) { delete(m, s) }"), [""; 0]);
    assert_eq!(body("func F(s string) { m[s]++ }\nfunc g() int { return len(m) }"), [""; 0]);
    assert_eq!(body("func F(s string) { m[s]++ }\nfunc g(s string) int { return m[s] }"), ["m"]);
    assert_eq!(body("func F(s string) { m[s]++ }\nfunc g() any { return m }"), [""; 0]);
    assert_eq!(body("func f(s string) { m[s]++ }\nfunc init() { f(\"a\") }"), [""; 0]);
    assert_eq!(body("func f(s string) { m[s]++ }\nfunc G(s string) { f(s) }"), ["m"]);
    assert_eq!(body("func F(s string) { func() { m[s] = 1 }() }"), ["m"]);
}
