//! Go text in, verdicts out. The shapes are near misses of those in the rules' fixtures.

use std::sync::Arc;

use crate::analysis::channel::{
    VERDICT, endless, groups, handler, judge, stopped, stuck, unanswered, worker,
};
use crate::analysis::detection::Declaration;
use crate::analysis::file_context::FileContext;
use crate::analysis::summaries::answers::Summaries;
use crate::base::diagnostic::Remedy;
use crate::base::text::LineIndex;
use crate::go::project::locate::{Environment, Locator};
use crate::go::syntax::ast::Decl;
use crate::go::types::database::Database;

/// Hands the function `f` of a file to `look`.
fn with_f<T>(text: &str, look: impl Fn(&Declaration) -> T) -> T {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("go.mod"), "module example.com/m\n\ngo 1.24\n").unwrap();
    let file = dir.path().join("m.go");
    std::fs::write(&file, text).unwrap();
    let locator = Locator::new(Environment { outside: true, ..Environment::default() });
    let database = Database::new(locator, dir.path());
    let scope = database.scope_of(&file).unwrap();
    let decl = Decl::Func(scope.package.func("f").unwrap().decl);
    let (path, lines) = (Arc::from("m.go"), LineIndex::new(text.as_bytes()));
    let file = FileContext { path: &path, text: text.as_bytes(), lines: &lines, scope: &scope };
    let summaries = Summaries::default();
    let kinds: Vec<Arc<str>> = [
        groups::KIND,
        worker::KIND,
        stuck::KIND,
        unanswered::KIND,
        stopped::KIND,
        endless::KIND,
        handler::KIND,
    ]
    .into_iter()
    .chain(["abandoned-receive", "abandoned-send", "surplus-senders"])
    .map(Arc::from)
    .collect();
    look(&Declaration { database: &database, summaries: &summaries, file: &file, decl: &decl, kinds: &kinds })
}

/// What is said of each channel that the function `f` makes: the kind of its fault, why it is not judged, or
/// what else `audit` says, and what goes into the line of its `make` if that is safe.
fn said(text: &str) -> Vec<String> {
    let text = format!(
        "package m\n\nfunc work() int {{ return 1 }}\nfunc fails() error {{ return nil }}\n\n{text}\n"
    );
    let words = |judged: judge::Judged| match (judged.detection, judged.row) {
        (Some(one), _) => match one.remedy {
            Some(Remedy::Capacity { text, doubt: None, .. }) => format!("{}{text}", one.kind),
            _ => one.kind.to_owned(),
        },
        (None, Some(row)) if row.label == "not analysed" => row.message,
        (None, Some(row)) => row.label,
        (None, None) => "no goroutine".to_owned(),
    };
    with_f(&text, |declaration| judge::judge(declaration).into_iter().map(words).collect())
}

/// The kinds of what is detected in the function `f`, with the text at their places.
fn detected(text: &str) -> Vec<String> {
    with_f(text, |declaration| {
        let found = judge::detect(declaration).into_iter().filter(|one| one.kind != VERDICT);
        found.map(|one| format!("{}: {}", one.kind, &text[one.span.range()])).collect()
    })
}

#[test]
fn a_send_is_left_alone_on_the_ways_out_that_do_not_receive() {
    let body = |rest: &str| {
        said(&format!("func f() {{\nc := make(chan int)\ngo func() {{ c <- work() }}()\n{rest}\n}}"))
    };
    assert_eq!(body("if fails() != nil { return }\n<-c"), ["abandoned-send, 1"]);
    assert_eq!(body("defer func() { <-c }()\nif fails() != nil { return }"), ["received"]);
    assert_eq!(body("<-c"), ["received"]);
    assert_eq!(body("for { select { case <-c: return; default: } }"), ["received"]);
}

#[test]
fn which_iteration_is_the_last_counts_where_they_do_something() {
    let body = |rest: &str| {
        said(&format!("func f() int {{\nc := make(chan int)\ngo func() {{ c <- work() }}()\n{rest}\n}}"))
    };
    let left = ["abandoned-send, 1"];
    assert_eq!(body("for { if work() > 1 { break }\nif work() > 2 { return 1 } }\nreturn <-c"), left);
    assert_eq!(body("for work() > 1 { if work() > 2 { return 1 } }\nreturn <-c"), left);
    let polls = |late: &str| {
        body(&format!("for {{ select {{ case v := <-c: return v\ndefault: if work() > 2 {{ {late} }} }} }}"))
    };
    assert_eq!(polls("return 0"), left);
    assert_eq!(polls("return <-c"), ["received"]);
    let inner = "for range 3 { for { if work() > 2 { return 0 }\nbreak } }\nreturn <-c";
    assert_eq!(body(inner), left);
    assert_eq!(body("n := 0\nfor { n++\nif n == 2 { return 1 }\n<-c }"), ["unsure"]);
    assert_eq!(body("n := 0\nfor { n++\nfor { if n == 2 { return 1 }\nbreak }\n<-c }"), ["unsure"]);
}

#[test]
fn what_a_select_has_sent_takes_a_receive() {
    let body = |rest: &str| {
        said(&format!(
            "func f(stop chan int) int {{\nc := make(chan int)\ngo func() {{ select {{ case c <- 1: case \
             <-stop: }} }}()\n{rest}\n}}"
        ))
    };
    assert_eq!(body("go func() { c <- 2 }()\nreturn <-c"), ["surplus-senders"]);
    assert_eq!(body("go func() { c <- 2 }()\n<-c\nreturn <-c"), ["gives up"]);
    assert_eq!(body("return <-c"), ["gives up"]);
    let ahead = "func f() int {\nc := make(chan int)\ngo func() { c <- 1\nselect { case c <- 2: default: \
                 } }()\nreturn <-c\n}";
    assert_eq!(said(ahead), ["gives up"]);
}

#[test]
fn each_goroutine_may_get_an_error() {
    let body = |does: &str| {
        said(&format!(
            "func f(items []int) error {{\nc := make(chan error)\nfor i := range items {{ _ = i\ngo func() \
             {{ {does} }}() }}\nreturn <-c\n}}"
        ))
    };
    let several = ["surplus-senders, len(items)"];
    assert_eq!(body("if err := fails(); err != nil { c <- err }"), several);
    assert_eq!(body("err := fails()\nif err == nil { return }\nc <- err"), several);
    assert_eq!(body("if i == 0 { if err := fails(); err != nil { c <- err } }"), ["unsure"], "one alone");
    assert_eq!(body("if err := fails(); err != nil && i > 2 { c <- err }"), ["unsure"]);
    assert_eq!(body("if i == 0 { c <- nil }"), ["unsure"]);
}

#[test]
fn who_is_told_that_a_group_is_through_has_waited_for_it() {
    let body = |closer: &str| {
        said(&format!(
            "import \"sync\"\n\nfunc f() error {{\nc := make(chan error)\ndone := make(chan int)\nvar wg \
             sync.WaitGroup\nwg.Add(1)\ngo func() {{ defer wg.Done()\nif err := fails(); err != nil {{ c <- \
             err }} }}()\ngo func() {{ {closer} }}()\nselect {{ case <-done: return nil\ncase err := <-c: \
             return err }}\n}}"
        ))
    };
    assert_eq!(body("wg.Wait()\nclose(done)")[0], "received");
    assert_eq!(body("wg.Wait()\ndone <- 1")[0], "received");
    assert_eq!(body("close(done)")[0], "abandoned-send, 1");
}

#[test]
fn functions_in_variables_and_by_a_clock_are_goroutines() {
    let earlier = |rest: &str| {
        said(&format!(
            "func f() {{\nsend := func(c chan int) {{ c <- 1 }}\nc := make(chan int)\ngo send(c)\n{rest}\n}}"
        ))
    };
    assert_eq!(earlier("if fails() != nil { return }\n<-c"), ["abandoned-send, 1"]);
    assert_eq!(earlier("<-c"), ["received"]);
    let other = earlier("send = func(chan int) {}\n<-c");
    assert_eq!(other, ["passed to `send`, which is not read"], "it may be another one");
    let clock = |made: &str| {
        said(&format!(
            "import \"time\"\n\nfunc f() {{\nc := make(chan int)\n{made}time.AfterFunc(time.Second, \
             func() {{ c <- 1 }})\nif fails() != nil {{ return }}\n<-c\n}}"
        ))
    };
    assert_eq!(clock(""), ["abandoned-send, 1"]);
    assert_eq!(clock("_ = "), ["used by a function that `AfterFunc` calls"]);
}

#[test]
fn places_of_a_semaphore_are_given_back() {
    let body = |room: &str, does: &str| {
        said(&format!(
            "func f(items []int, n int) {{\nc := make(chan int, {room})\nfor range items {{ c <- 1\n\
            go func() \
             {{ {does} }}() }}\n}}"
        ))
    };
    let keeps = "if fails() != nil { return }\n<-c";
    assert_eq!(body("2", keeps), ["stuck-forever"]);
    assert_eq!(body("n", keeps), ["stuck-forever"]);
    assert_eq!(body("len(items)", keeps), ["buffered"]);
    assert_eq!(body("2", "if fails() != nil { <-c\nreturn }\n<-c"), ["buffered"]);
    assert_eq!(body("2", "defer func() { <-c }()\nif fails() != nil { return }"), ["buffered"]);
    assert_eq!(body("2", "if fails() != nil { panic(1) }\n<-c"), ["buffered"], "the process is over");
}

#[test]
fn a_capacity_may_be_a_sum() {
    let body = |more: &str| {
        said(&format!(
            "func f(items []int) {{\nc := make(chan int)\nfor range items {{ go func() {{ c <- 1 }}() \
             }}\n{more}\n<-c\n}}"
        ))
    };
    assert_eq!(body("go func() { c <- 2 }()"), ["surplus-senders, len(items)+1"]);
    assert_eq!(body("for range items { go func() { c <- 2 }() }"), ["surplus-senders, 2*len(items)"]);
}

#[test]
fn a_ticker_that_is_stopped_ends_nobody() {
    let body = |looped: &str, stop: &str| {
        detected(&format!(
            "package m\n\nimport \"time\"\n\nfunc work() {{}}\n\nfunc f(stop chan int) {{\nt := \
             time.NewTicker(1)\n{stop}\ngo func() {{\n{looped}\n}}()\nwork()\n}}\n"
        ))
    };
    let found = body("for range t.C { work() }", "defer t.Stop()");
    assert!(found.len() == 1 && found[0].starts_with("endless-worker: go"), "{found:?}");
    assert_eq!(body("for range t.C { work() }", ""), [""; 0]);
    assert_eq!(body("for { select { case <-t.C: case <-stop: return } }", "defer t.Stop()"), [""; 0]);
    assert_eq!(body("for range t.C { if work(); true { return } }", "defer t.Stop()"), [""; 0]);
}

#[test]
fn what_is_not_closed_in_is_not_judged() {
    let body = |rest: &str| {
        said(&format!(
            "func f(h func(chan int)) any {{\nc := make(chan int)\ngo func() {{ c <- 1 }}()\n{rest}\n}}"
        ))
    };
    assert_eq!(body("return c"), ["returned"]);
    assert_eq!(body("h(c)\nreturn nil"), ["passed to `h`, which is not read"]);
    assert_eq!(body("d := c\n_ = d\nreturn nil"), ["given another name"]);
    assert_eq!(body("return []chan int{c}"), ["stored"]);
}

#[test]
fn counts_are_compared_where_they_are_sure() {
    let body = |make: &str, receives: &str| {
        said(&format!(
            "func f(items []int, n int) {{\nc := make(chan int{make})\nfor range items {{ go func() {{ c <- \
             1 }}() }}\n{receives}\n}}"
        ))
    };
    assert_eq!(body("", "<-c"), ["surplus-senders, len(items)"]);
    assert_eq!(body("", "for range items { <-c }"), ["received"]);
    assert_eq!(body("", "for i := 0; i < len(items); i++ { <-c }"), ["received"]);
    assert_eq!(body("", "for i := 1; i < len(items); i++ { <-c }"), ["surplus-senders, len(items)"]);
    assert_eq!(body("", "for i := len(items); i > 0; i-- { <-c }"), ["received"]);
    assert_eq!(body("", "for i := len(items); i > 1; i-- { <-c }"), ["surplus-senders, len(items)"]);
    assert_eq!(body("", "for i := 0; i < n; i++ { <-c }"), ["received"], "nobody knows n");
    assert_eq!(body(", len(items)", "<-c"), ["buffered"]);
}

#[test]
fn of_those_that_may_send_nobody_says_that_all_is_received() {
    let body = |loop_: &str, receive: &str| {
        said(&format!(
            "func f(items []int) error {{\nc := make(chan error)\n{loop_}go func() {{\n\
             if work() > 1 {{ c <- nil }}\n}}()\n{receive}\n}}"
        ))
    };
    assert_eq!(body("", "return <-c"), ["received"]);
    let many = "for range items {\n";
    assert_eq!(body(many, "}\nreturn <-c"), ["unsure"]);
    assert_eq!(body(many, "}\nfor range items { <-c }\nreturn nil"), ["received"]);
}

#[test]
fn rounds_that_start_one_and_wait_for_one_leave_the_last_one_alone() {
    let body = |make: &str, more: &str| {
        said(&format!(
            "func f(stop chan int) {{\nc := make(chan int{make})\nfor {{\ngo func() {{ c <- work() }}()\n\
             {more}select {{\ncase <-stop: return\ncase v := <-c: if v > 0 {{ return }}\n}}\n}}\n}}"
        ))
    };
    assert_eq!(body(", 1", ""), ["buffered"]);
    assert_eq!(body("", ""), ["surplus-senders"]);
    let two = body(", 1", "go func() { c <- work() }()\n");
    assert!(two.iter().any(|words| words.starts_with("surplus-senders")), "{two:?}");
}

#[test]
fn conditions_that_decide_both_are_held_together() {
    let body = |first: &str, second: &str| {
        said(&format!(
            "func f(a, b bool) {{\nc := make(chan int)\nif {first} {{ go func() {{ c <- 1 }}() }}\nwork()\n\
             if {second} {{ <-c }}\n}}"
        ))
    };
    assert_eq!(body("a", "a"), ["received"]);
    assert_eq!(body("!a", "!a"), ["received"]);
    assert_eq!(body("a", "b"), ["abandoned-send, 1"]);
}

#[test]
fn sends_without_an_end_fill_any_channel_but_one_whose_room_somebody_chose() {
    let body = |make: &str| {
        let member = "go func() { for fails() == nil { c <- 1 } }()";
        said(&format!(
            "func f() {{\nc := make(chan int{make})\n{member}\nif fails() != nil {{ return }}\n<-c\n}}"
        ))
    };
    assert_eq!(body(""), ["abandoned-send"]);
    assert_eq!(body(", 3"), ["buffered"]);
}

#[test]
fn what_nobody_else_has_waits_for_the_end_of_the_process() {
    let body = |rest: &str| said(&format!("func f(n int) {{\nc := make(chan int)\n{rest}<-c\n}}"));
    assert_eq!(body(""), ["no goroutine"]);
    assert_eq!(body("if n > 1 { <-c }\n"), ["stuck-forever"]);
}

#[test]
fn branches_that_do_nothing_with_channels_are_one_way() {
    let branches: String = (0..10).map(|at| format!("if a[{at}] {{ m++ }}\n")).collect();
    let text = format!(
        "func f(a []bool, n int) {{\nc := make(chan int)\nm := 0\ngo func() {{ c <- 1 }}()\n{branches}\
         if n > 3 {{ return }}\n<-c\n}}"
    );
    assert_eq!(said(&text), ["abandoned-send, 1"]);
}

#[test]
fn what_is_sent_tells_what_a_channel_of_any_value_would_keep() {
    let body = |value: &str| {
        said(&format!(
            "func f() {{\nc := make(chan any)\ngo func() {{ c <- {value} }}()\n\
             if fails() != nil {{ return }}\n<-c\n}}"
        ))
    };
    assert_eq!(body("work()"), ["abandoned-send, 1"]);
    assert_eq!(body("other()"), ["abandoned-send"], "nobody knows what that gives");
}

#[test]
fn what_the_goroutine_does_afterwards_keeps_a_capacity_from_being_safe() {
    let body = |member: &str| {
        said(&format!(
            "func f() {{\nc := make(chan int)\ngo func() {{\n{member}\n}}()\nif fails() != nil {{ return }}\n\
             <-c\n}}"
        ))
    };
    assert_eq!(body("defer close(c)\nc <- 1"), ["abandoned-send, 1"]);
    assert_eq!(body("c <- 1\nwork()"), ["abandoned-send"]);
    assert_eq!(body("work()\nc <- 1"), ["abandoned-send, 1"]);
    let each = |sent: &str| body(&format!("for i := 0; i < 3; i++ {{\n{sent}\n}}"));
    assert_eq!(each("c <- int(i)"), ["abandoned-send, 3"]);
    assert_eq!(each("c <- work()"), ["abandoned-send"], "it would work for nobody");
    assert_eq!(each("x := work()\nc <- x"), ["abandoned-send"]);
    assert_eq!(body("c <- 1\nfor range 3 {\nwork()\n}"), ["abandoned-send"]);
}

#[test]
fn loops_without_a_count_do_not_end_the_walk() {
    let many: String = (0..40).map(|at| format!("if work() == {at} {{ c <- {at} }}\n")).collect();
    let text = format!(
        "func f() {{\nc := make(chan int)\ngo func() {{\n{many}}}()\nif fails() != nil {{ return }}\n<-c\n}}"
    );
    assert_eq!(said(&text), ["more ways through it than are followed"]);
}

#[test]
fn a_copy_of_a_group_counts_for_itself() {
    let body = |param: &str, arg: &str| {
        detected(&format!(
            "package m\n\nimport \"sync\"\n\nfunc one(wg {param}) {{ wg.Done() }}\n\nfunc f() {{\nvar wg \
             sync.WaitGroup\nwg.Add(1)\ngo one({arg})\nwg.Wait()\n}}\n"
        ))
    };
    assert_eq!(body("sync.WaitGroup", "wg"), ["waitgroup-imbalance: wg.Wait()"]);
    assert_eq!(body("*sync.WaitGroup", "&wg"), [""; 0]);
}

#[test]
fn waits_are_held_against_what_the_goroutines_say() {
    let body = |rest: &str| {
        detected(&format!(
            "package m\n\nimport \"sync\"\n\nfunc f(items []int) {{\nc := make(chan int)\nvar wg \
             sync.WaitGroup\n{rest}\n<-c\n}}\n"
        ))
    };
    let blocked = ["waitgroup-imbalance: wg.Wait()"];
    assert_eq!(body("wg.Add(1)\ngo func() { c <- 1; wg.Done() }()\nwg.Wait()"), blocked);
    assert!(body("wg.Add(1)\ngo func() { wg.Done(); c <- 1 }()\nwg.Wait()").is_empty());
    assert_eq!(body("wg.Add(2)\ngo func() { wg.Done(); c <- 1 }()\nwg.Wait()"), blocked);
    let each = "for range items { go func() { wg.Done() }() }";
    assert!(body(&format!("wg.Add(len(items))\n{each}\nwg.Wait()\ngo func() {{ c <- 1 }}()")).is_empty());
    assert!(
        body("wg.Add(2)\nh(&wg)\nwg.Wait()\ngo func() { c <- 1 }()").is_empty(),
        "nobody knows what h does"
    );
}

#[test]
fn a_worker_is_stopped_by_whoever_keeps_it() {
    let with = |ends: &str, rest: &str| {
        detected(&format!(
            "package m\n\ntype w struct {{ in, quit chan int }}\n\nfunc (x *w) Start() {{ go func() {{ \
             for {{ select {{ case <-x.in: {ends}\ncase <-x.quit: return }} }} }}() }}\nfunc (x *w) \
             Stop() {{ close(x.quit) }}\n\nfunc f() *w {{\nx := &w{{in: make(chan int), quit: make(chan \
             int)}}\nx.Start()\n{rest}\n}}\n"
        ))
    };
    let never = ["unstopped-worker: x.Start()"];
    assert_eq!(with("", "x.in <- 1\nreturn nil"), never);
    assert!(with("", "x.Stop()\nreturn nil").is_empty());
    assert!(with("", "return x").is_empty(), "whoever gets it stops it");
    assert!(with("return", "x.in <- 1\nreturn nil").is_empty(), "the send ends it");
}

#[test]
fn what_runs_once_leaves_nothing_behind() {
    let called = |package: &str, main: &str| {
        detected(&format!(
            "package {package}\n\nfunc main() {{ {main} }}\n\nfunc f() {{\nc := make(chan int)\ngo \
             func() {{ c <- 1 }}()\nif g() {{ return }}\n<-c\n}}\n\nfunc g() bool {{ return true }}\n"
        ))
        .len()
    };
    assert_eq!(called("main", "f()"), 0);
    assert_eq!(called("main", "for { f() }"), 1);
    assert_eq!(called("main", "go f()"), 1);
    assert_eq!(called("main", "f()\nf()"), 1);
    assert_eq!(called("m", "f()"), 1);
}

#[test]
fn a_field_is_unanswered_where_all_its_uses_are_known() {
    let with = |rest: &str, operation: &str| {
        detected(&format!(
            "package m\n\ntype t struct{{ c chan int }}\n\n\
             func start() {{ go f(&t{{c: make(chan int)}}) }}\n\n\
             func f(x *t) {{\n{operation}\n}}\n\n{rest}\n"
        ))
    };
    let never = ["unanswered-field: <-x.c"];
    assert_eq!(with("", "<-x.c"), never);
    assert_eq!(with("func (y *t) wait() { <-y.c }", "<-x.c"), never);
    assert_eq!(with("func (y *t) Done() <-chan int { return y.c }", "<-x.c"), never, "lent for receiving");
    for known in [
        "func (y *t) stop() { close(y.c) }",
        "func (y *t) stop() { c := y.c; defer close(c) }",
        "func (y *t) send() { go func() { select { case y.c <- 1: default: } }() }",
        "func (y *t) Chan() chan int { return y.c }",
        "func (y *t) hand(f func(chan int)) { f(y.c) }",
        "func set(y *t, c chan int) { y.c = c }",
        "func other(c chan int) *t { return &t{c} }",
        "func other(c chan int) *t { return &t{c: c} }",
        "var stop = func(y *t) { close(y.c) }",
        "var _ = func(y *t) { close(y.c) }",
        "var _ = 1\n\nvar _ = func(y *t) { close(y.c) }",
    ] {
        assert!(with(known, "<-x.c").is_empty(), "{known}");
    }
    assert_eq!(with("", "x.c <- 1"), ["unanswered-field: x.c <- 1"]);
    assert!(with("func (y *t) get() { <-y.c }", "x.c <- 1").is_empty());
    assert!(
        with("func (y *t) room() { y.c = make(chan int, 1) }", "<-x.c; select { case x.c <- 1: default: }")
            .is_empty()
    );
    assert!(with("", "select { case <-x.c: default: }").is_empty());
    assert!(with("", "panic(1)\n<-x.c").is_empty(), "nobody comes there");
    assert_eq!(with("", "if x == nil { panic(1) }\n<-x.c"), never);
}

#[test]
fn a_start_that_is_to_fail_has_started_nothing() {
    let with = |rest: &str| {
        let found = detected(&format!(
            "package m\n\nimport (\n\"testing\"\n\"github.com/stretchr/testify/require\"\n)\n\n\
             type t struct{{ c chan int }}\n\nfunc fails() error {{ return nil }}\n\n\
             func (x *t) start() error {{\nif err := fails(); err != nil {{ return err }}\n\
             go func() {{ for range x.c {{}} }}()\nreturn nil\n}}\n\n\
             func (x *t) stop() {{ close(x.c) }}\n\n\
             func f(to *testing.T, c interface{{ Assert(a ...any) }}) {{\n\
             x := &t{{c: make(chan int)}}\n{rest}\n}}\n"
        ));
        !found.is_empty()
    };
    assert!(with("require.NoError(to, x.start())"));
    assert!(!with("require.Error(to, x.start())"));
    assert!(!with("err := x.start()\nrequire.ErrorContains(to, err, \"no\")"));
    assert!(with("err := x.start()\nrequire.NoError(to, err)\nerr = fails()\nrequire.Error(to, err)"));
    assert!(with("c.Assert(x.start(), IsNil)"));
    assert!(!with("c.Assert(x.start(), ErrorMatches, \"no\")"));
    assert!(with("Expect(x.start()).To(Succeed())"));
    assert!(!with("Expect(x.start()).To(HaveOccurred())"));
}

#[test]
fn a_loop_is_stopped_by_what_leaves_it() {
    let with = |case: &str, send: &str| {
        detected(&format!(
            "package m\n\ntype t struct{{ c, stop chan int }}\n\nfunc make1() *t {{\n\
             x := &t{{c: make(chan int), stop: make(chan int)}}\ngo x.run()\ngo f(x)\nreturn x\n}}\n\n\
             func (x *t) run() {{\nfor {{\nselect {{\ncase <-x.c:\n{case}\n}}\n}}\n}}\n\n\
             func (x *t) Stop() {{ close(x.stop) }}\n\nfunc f(x *t) {{\n{send}\n}}\n"
        ))
    };
    let late = ["stopped-loop: x.c <- 1"];
    assert_eq!(with("case <-x.stop: return", "x.c <- 1"), late);
    assert!(with("case <-x.stop:", "x.c <- 1").is_empty(), "it goes on");
    assert!(with("case <-x.stop: for { break }", "x.c <- 1").is_empty(), "an inner loop is left");
    assert!(with("return\ncase <-x.stop: return", "x.c <- 1").is_empty(), "what is sent stops it");
    assert!(with("case <-x.stop: return", "select { case x.c <- 1: case <-x.stop: }").is_empty());
}

#[test]
fn a_round_that_starts_one_of_two_sends_once() {
    let body = |room: &str| {
        said(&format!(
            "func f(items []int) {{\nc := make(chan int, {room})\nfor _, item := range items {{\n\
             if item > 0 {{ go func() {{ c <- work() }}(); continue }}\n\
             go func() {{ c <- item }}()\n}}\n}}"
        ))
    };
    assert_eq!(body("len(items)"), ["buffered"]);
    assert_eq!(body("1"), ["surplus-senders"]);
}

#[test]
fn what_only_tests_make_is_not_unanswered() {
    let text = "package m\n\ntype hooks struct{ c chan int }\n\ntype options struct{ hooks *hooks }\n\n\
                func start() { f(&options{}) }\n\nfunc f(o *options) {\nif o.hooks != nil {\n\
                <-o.hooks.c\n}\n}\n";
    assert!(detected(text).is_empty());
    let made = text.replace("&options{}", "&options{hooks: &hooks{}}");
    assert_eq!(detected(&made), ["unanswered-field: <-o.hooks.c"]);
}

#[test]
fn a_part_of_the_answers_is_not_all() {
    let body = |make: &str, need: &str| {
        said(&format!(
            "func f(items []int) {{\nc := make(chan int{make})\nfor range items {{ go func() {{ c <- \
             work() }}() }}\nneed := {need}\nfor got := 0; got < need; got++ {{ <-c }}\n}}"
        ))
    };
    assert_eq!(body("", "len(items)/2 + 1"), ["surplus-senders, len(items)"]);
    assert_eq!(body("", "2*len(items)/3 + 1"), ["surplus-senders, len(items)"]);
    assert_eq!(body(", len(items)", "len(items)/2 + 1"), ["buffered"]);
    assert_eq!(body("", "len(items)/1"), ["received"], "all of them");
    assert_eq!(body("", "len(items)*2/2"), ["received"]);
}

#[test]
fn what_is_handed_on_is_as_much_as_comes() {
    let body = |feed: &str, each: &str, collect: &str| {
        said(&format!(
            "func f(items []int, stop chan int) error {{\nin, out := make(chan int), make(chan error)\n\
             go func() {{ defer close(in); for _, item := range items {{ {feed} }} }}()\n\
             for range 3 {{ go func() {{ for range in {{ {each} }} }}() }}\n\
             for range items {{ {collect} }}\nreturn nil\n}}"
        ))[1]
            .clone()
    };
    let first = "if err := <-out; err != nil { return err }";
    assert_eq!(body("in <- item", "out <- fails()", first), "surplus-senders");
    assert_eq!(body("in <- item", "out <- fails()", "<-out"), "received");
    assert_eq!(body("in <- item", "select { case out <- fails(): case <-stop: }", first), "gives up");
    assert_eq!(body("in <- item", "if err := fails(); err != nil { out <- err }", first), "received");
    assert_eq!(body("in <- item", "out <- fails(); return", first), "received", "three are sent at most");
    assert_eq!(body("select { case in <- item: case <-stop: return }", "out <- fails()", first), "received");
    let closed = "if err := <-out; err != nil { go func() { for range items { <-out } }(); return err }";
    assert_eq!(body("in <- item", "out <- fails()", closed), "received", "somebody takes the rest");
}

#[test]
fn a_loop_without_an_end_waits_when_nobody_sends_any_more() {
    let body = |looped: &str, rest: &str| {
        detected(&format!(
            "package m\n\nfunc f(stop chan int) chan int {{\nc := make(chan int)\n\
             go func() {{ for {{ {looped} }} }}()\nc <- 1\n{rest}\n}}\n"
        ))
    };
    let left = ["abandoned-receive: make(chan int)"];
    assert_eq!(body("<-c", "return nil"), left);
    assert_eq!(body("v := <-c; println(v)", "return nil"), left);
    assert!(body("<-c", "return c").is_empty(), "somebody else has it");
    assert!(body("<-c", "close(c); return nil").is_empty(), "it goes on, with zero values");
    assert!(body("select { case <-c: case <-stop: }", "return nil").is_empty());
    assert!(body("<-c", "go func() { for { c <- 1 } }(); return nil").is_empty());
    assert!(body("<-c", "for { c <- 1 }").is_empty(), "the owner never ends");
    assert!(body("select { case <-c: case <-stop: return }", "return nil").is_empty());
}

#[test]
fn a_helper_may_start_the_goroutines() {
    let body = |helper: &str, rest: &str| {
        said(&format!(
            "type group struct {{ n int }}\n\nfunc start(n int, g func()) {{\n{helper}\n}}\n\n\
             func f(items []int) error {{\nc := make(chan int)\n{rest}\nreturn nil\n}}"
        ))
    };
    let once = "start(1, func() { c <- work() })\nif err := fails(); err != nil { return err }\n<-c";
    let unknown = ["used by a function value"];
    assert_eq!(body("go g()", once), ["abandoned-send, 1"]);
    assert_eq!(
        body("go func() {\ndefer println()\ng()\n}()", once),
        ["abandoned-send"],
        "it tells of its end"
    );
    assert_eq!(body("go func() { if x := recover(); x == nil { g() } }()", once), unknown);
    assert_eq!(body("for range n { go g() }", once), ["abandoned-send, 1"]);
    assert_eq!(body("g()", once), unknown, "it waits for it");
    assert_eq!(body("go g()\ng()", once), unknown);
    assert_eq!(body("defer fails()\ngo g()", once), unknown, "it may wait for it");
    assert_eq!(body("go g()\nfails()", once), unknown);
    assert_eq!(body("fails()\ngo g()", once), ["abandoned-send, 1"]);
    assert_eq!(body("if n > 0 { go g() }", once), unknown);
    assert_eq!(body("d := make(chan int)\ngo func() { g(); close(d) }()\n<-d", once), unknown);
    assert_eq!(body("go func() { if n > 0 { return }\ng() }()", once), unknown);
    assert_eq!(body("h := g\ngo h()", once), unknown);
    let all = "start(len(items), func() { c <- work() })\nfor range items { <-c }";
    assert_eq!(body("for i := 0; i < n; i++ { go g() }", all), ["received"]);
    let one = "start(len(items), func() { c <- work() })\n<-c";
    assert_eq!(body("for i := 0; i < n; i++ { go g() }", one), ["surplus-senders, len(items)"]);
}

#[test]
fn a_channel_in_a_struct_of_the_function_is_one_of_its_own() {
    let body = |rest: &str| {
        said(&format!(
            "type call struct {{ done chan int; key string }}\n\nfunc (c *call) hand() {{}}\n\n\
             func give(c *call) {{}}\n\n\
             func f() any {{\nx := &call{{done: make(chan int)}}\ngo func() {{ x.done <- work() }}()\n\
             {rest}\n}}"
        ))
    };
    assert_eq!(body("if fails() != nil { return nil }\n<-x.done\nreturn nil"), ["abandoned-send"]);
    assert_eq!(body("<-x.done\nreturn nil"), ["received"]);
    assert_eq!(body("x.key = \"a\"\nreturn x.key"), ["abandoned-send"]);
    assert_eq!(body("return x"), ["returned"]);
    assert_eq!(body("return x.done"), ["returned"]);
    assert_eq!(body("x.hand()\nreturn nil"), ["used by a method"]);
    assert_eq!(body("h := x.hand\nh()\nreturn nil"), ["given another name"]);
    assert_eq!(body("give(x)\nreturn nil"), ["passed to `give`"]);
    assert_eq!(body("y := x\n_ = y\nreturn nil"), ["given another name"]);
    assert_eq!(body("x.done = nil\nreturn nil"), Vec::<String>::new(), "it does not keep it");
}

#[test]
fn a_generator_is_left_by_who_leaves_the_loop() {
    let with = |sends: &str, uses: &str| {
        detected(&format!(
            "package m\n\nfunc f(items []int) <-chan int {{\nc := make(chan int)\n\
             go func() {{\ndefer close(c)\n{sends}\n}}()\nreturn c\n}}\n\n\
             func use(items []int) int {{\n{uses}\nreturn 0\n}}\n"
        ))
    };
    let all = "for _, item := range items { c <- item }";
    let left = ["abandoned-send: c <- item"];
    assert_eq!(with(all, "for v := range f(items) { if v > 1 { return v } }"), left);
    assert_eq!(with(all, "ch := f(items)\nfor v := range ch { if v > 1 { break } }"), left);
    assert!(with(all, "for v := range f(items) { println(v) }").is_empty(), "read to its end");
    assert!(
        with(all, "ch := f(items)\nfor v := range ch { if v > 1 { break } }\nfor range ch {}").is_empty()
    );
    let counts = "n := 0\nfor range f(items) { if n++; n == 2 { break } }";
    assert!(with(all, counts).is_empty(), "there may be two");
    assert_eq!(with("item := 1\nfor { c <- item }", counts), left);
    let gives_up = "for _, item := range items { select { case c <- item: default: } }";
    assert!(with(gives_up, "for v := range f(items) { if v > 1 { return v } }").is_empty());
    let last = "for _, item := range items { c <- item; if item > 1 { return } }";
    assert!(with(last, "for v := range f(items) { if v > 1 { return v } }").is_empty(), "the last one");
    let fails = "item := 1\nfor { if item > 9 { return }\nc <- item }";
    assert!(with(fails, counts).is_empty(), "it may have ended by itself");
    assert!(with(all, "for v := range f(items) { for { if v > 1 { break } } }").is_empty(), "another loop");
}

#[test]
fn of_two_sends_an_iteration_comes_to_one() {
    let body = |room: &str, looped: &str| {
        said(&format!(
            "func f(items []int) {{\nc := make(chan error{room})\ngo func() {{\n\
             for range items {{ {looped} }}\n}}()\n}}"
        ))
    };
    let either = "if err := fails(); err != nil { c <- err; continue }\nc <- nil";
    assert_eq!(body(", len(items)", either), ["buffered"]);
    assert_eq!(body("", either), ["abandoned-send"]);
    assert_eq!(body(", 3*len(items)", either), ["buffered"]);
    let both = "c <- fails()\nif err := fails(); err != nil { c <- err }";
    assert_eq!(body(", 2*len(items)", both), ["buffered"]);
    assert_eq!(body(", len(items)", both), ["abandoned-send"]);
}

#[test]
fn each_round_receives_what_it_starts() {
    let body = |rest: &str| {
        said(&format!(
            "func f(stop chan int) {{\nc := make(chan int)\nfor {{\n\
             go func() {{ c <- work() }}()\n{rest}\n}}\n}}"
        ))
    };
    assert_eq!(body("select {\ncase <-c:\ncase <-stop:\n<-c\nreturn\n}"), ["received"]);
    assert_eq!(body("select {\ncase <-c:\ncase <-stop:\nreturn\n}"), ["surplus-senders"]);
}
