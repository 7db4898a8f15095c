//! What the shipped index alone makes possible: no Go, no module cache, no source but the repository's own.

use libtest_mimic::Trial;
use unleak::base::diagnostic::Applicability;
use unleak::engine;

use crate::support::{self, tests, write};

/// The tests of this module.
pub fn tests() -> Vec<Trial> {
    tests![
        connections_are_found_and_closed,
        what_methods_make_is_known_where_their_names_do_not_say_so,
        a_context_brings_nothing_along,
        a_subscription_goes_on_with_its_connection,
        a_stub_of_the_tree_lends_its_connection,
        a_suite_ends_its_test_on_an_error,
        a_group_is_known_without_its_source,
        makers_and_methods_that_nobody_reads_are_known_by_facts,
        what_a_package_opens_belongs_to_nothing_else,
        options_tell_a_watch,
        what_is_said_of_a_file_does_not_hold_it,
        a_release_beside_a_method_that_changed_is_proved,
        what_a_method_opens_is_nothing_before
    ]
}

const GO_MOD: &str = "module example.com/m

go 1.24

require (
	cloud.google.com/go/compute v1.45.0
	cloud.google.com/go/storage v1.999.0
	github.com/gocql/gocql v1.7.0
	github.com/nats-io/nats.go v1.43.0
	github.com/oschwald/maxminddb-golang v1.13.1
	github.com/redis/go-redis/v9 v9.999.0
	github.com/stretchr/testify v1.9.0
	github.com/wneessen/go-mail v0.8.1
	golang.org/x/sync v0.7.0
	google.golang.org/grpc v1.70.0
	k8s.io/apimachinery v0.32.4
	k8s.io/client-go v0.32.4
)
";

/// The function with this body, which leaks what it makes: the line of the fix, and whether that is safe.
fn fixed(body: &str) -> (String, bool) {
    let report = checked(body);
    let [finding] = report.findings.as_slice() else { panic!("{:?}", report.findings) };
    let fix = finding.fix.as_ref().expect("there is a fix");
    let reason = fix.reason.as_deref().unwrap_or_default();
    (format!("{}: {} {reason}", finding.rule, fix.title), fix.applicability == Applicability::Safe)
}

/// What is found in these declarations.
fn checked(body: &str) -> engine::Report {
    let tree = tempfile::tempdir().expect("there is room");
    write(tree.path(), "go.mod", GO_MOD);
    let text = format!(
        "package m

import (
	\"context\"
	\"database/sql\"
	\"net/http\"
	\"os\"

	compute \"cloud.google.com/go/compute/apiv1\"
	\"cloud.google.com/go/storage\"
	\"github.com/gocql/gocql\"
	\"github.com/nats-io/nats.go\"
	\"github.com/oschwald/maxminddb-golang\"
	\"github.com/redis/go-redis/v9\"
	\"github.com/stretchr/testify/suite\"
	mail \"github.com/wneessen/go-mail\"
	\"golang.org/x/sync/errgroup\"
	\"google.golang.org/grpc\"
	metav1 \"k8s.io/apimachinery/pkg/apis/meta/v1\"
	\"k8s.io/client-go/kubernetes\"
)

func use(s string) {{}}

{body}"
    );
    write(tree.path(), "a.go", text);
    let mut settings = support::settings(tree.path());
    settings.scan.index_only = true;
    settings.scan.sources.flags.flag("select", Some(vec!["all".to_owned()]));
    engine::check(&settings).expect("it runs")
}

fn connections_are_found_and_closed() {
    for dial in ["grpc.Dial(addr, grpc.WithInsecure())", "grpc.NewClient(addr)"] {
        let body = format!(
            "func f(addr string) error {{\n\tconn, err := {dial}\n\tif err != nil {{\n\t\treturn err\n\t}}\n\
             \tuse(conn.Target())\n\treturn nil\n}}\n"
        );
        let (title, safe) = fixed(&body);
        assert!(safe && title.contains("defer conn.Close()"), "{title}");
    }
}

fn what_methods_make_is_known_where_their_names_do_not_say_so() {
    let (title, safe) = fixed(
        "func f(ctx context.Context, db *sql.DB) error {\n\tc, err := db.Conn(ctx)\n\tif err != nil {\n\
         \t\treturn err\n\t}\n\t_, err = c.ExecContext(ctx, \"x\")\n\treturn err\n}\n",
    );
    assert!(safe && title.contains("unclosed-connection"), "{title}");
    let (title, _) = fixed(
        "func f(ctx context.Context, c *redis.Client) {\n\ts := c.Subscribe(ctx, \"x\")\n\
         \ts.Ping(ctx)\n}\n",
    );
    assert!(title.contains("defer s.Close()"), "{title}");
}

fn a_subscription_goes_on_with_its_connection() {
    let of = |then: &str| {
        let made = "\tnc, err := nats.Connect(url)\n\tif err != nil {\n\t\treturn err\n\t}\n";
        fixed(&format!("func f(url string, show nats.MsgHandler) error {{\n{made}\t{then}\n}}")).1
    };
    assert!(!of("_, err = nc.Subscribe(\"a\", func(m *nats.Msg) { use(string(m.Data)) })\n\treturn err"));
    assert!(!of("_, err = nc.QueueSubscribe(\"a\", \"q\", show)\n\treturn err"));
    assert!(of("return nc.Publish(\"a\", nil)"));
}

/// Generated code keeps the connection in a field of an interface of the library's.
fn a_stub_of_the_tree_lends_its_connection() {
    let stub = "type stub struct{ cc grpc.ClientConnInterface }\n\n\
                func newStub(cc grpc.ClientConnInterface) *stub { return &stub{cc} }\n\n\
                func (s *stub) Call(ctx context.Context, in, out *Message) error {\n\
                \treturn s.cc.Invoke(ctx, \"/m/Call\", in, out)\n}\n\n\
                type Message struct{ Text string }\n\n";
    let call = "func f(ctx context.Context, target string) error {\n\
                \tconn, err := grpc.NewClient(target)\n\tif err != nil {\n\t\treturn err\n\t}\n\
                \treturn newStub(conn).Call(ctx, &Message{}, &Message{})\n}";
    assert!(fixed(&format!("{stub}{call}")).1);
}

fn a_context_brings_nothing_along() {
    for (start, ctx) in [("ctx := context.Background()", "ctx"), ("", "r.Context()")] {
        let body = format!(
            "func f(w http.ResponseWriter, r *http.Request) {{\n\t{start}\n\tc, err := \
             storage.NewClient({ctx})\n\
             \tif err != nil {{\n\t\treturn\n\t}}\n\tc.Bucket(\"x\").Attrs(r.Context())\n}}\n"
        );
        let (title, safe) = fixed(&body);
        assert!(safe && title.contains("defer c.Close()"), "{title}");
    }
    // What else a request gives may be anybody's.
    let (title, safe) = fixed(
        "func f(r *http.Request, opts ...any) {\n\tc, err := storage.NewClient(r.Context(), opts...)\n\
         \tif err != nil {\n\t\treturn\n\t}\n\tc.Bucket(\"x\").Attrs(r.Context())\n}\n",
    );
    assert!(!safe, "{title}");
}

fn a_release_beside_a_method_that_changed_is_proved() {
    let (title, safe) = fixed(
        "func f(ctx context.Context) error {\n\tc, err := compute.NewInstancesRESTClient(ctx)\n\
         \tif err != nil {\n\t\treturn err\n\t}\n\tc.Get(ctx, nil)\n\treturn nil\n}\n",
    );
    assert!(safe && title.contains("defer c.Close()"), "{title}");
}

/// Where the suite's own methods tell, a struct of the tree's around it, and one around that.
fn a_suite_ends_its_test_on_an_error() {
    let suites = "type base struct{ suite.Suite }\n\ntype S struct{ base }\n\n";
    let of = |check: &str| {
        let made = "\tc, err := storage.NewClient(ctx)\n";
        fixed(&format!(
            "{suites}func (s *S) TestIt(ctx context.Context) {{\n{made}\t{check}\n\tc.Bucket(\"x\")\n}}\n"
        ))
    };
    for check in
        ["s.Require().NoError(err)", "s.Require().Nil(err)", "must := s.Require()\n\tmust.NoError(err)"]
    {
        let (title, safe) = of(check);
        assert!(safe && title.contains("after the error check"), "{title}");
    }
    // An assertion that lets the test go on.
    for check in ["s.NoError(err)", "s.Assert().NoError(err)"] {
        let (title, safe) = of(check);
        assert!(!safe && title.contains("lets the test go on"), "{title}");
    }
    // What is not the suite's may be anything.
    let (title, safe) = of("s.Other().NoError(err)");
    assert!(!safe, "{title}");
}

fn a_group_is_known_without_its_source() {
    let of = |group: &str, end: &str| {
        format!(
            "func f(ctx context.Context) error {{\n\tc, err := storage.NewClient(ctx)\n\tif err != nil \
             {{\n\t\treturn err\n\t}}\n\t{group}\n\tg.Go(func() error {{\n\t\treturn \
             c.Bucket(\"x\").Create(ctx, \"p\", nil)\n\t}})\n\t{end}\n}}\n"
        )
    };
    for group in ["g, ctx := errgroup.WithContext(ctx)", "var g errgroup.Group", "g := new(errgroup.Group)"] {
        let (title, safe) = fixed(&of(group, "return g.Wait()"));
        assert!(safe, "{group}: {title}");
    }
    // Nobody waits for it: it may go on.
    assert!(checked(&of("var g errgroup.Group", "return nil")).findings.is_empty());
}

fn makers_and_methods_that_nobody_reads_are_known_by_facts() {
    let (title, _) = fixed(
        "func f(q string) error {\n\tcluster := gocql.NewCluster(\"a\")\n\ts, err := \
         cluster.CreateSession()\n\tif err != nil {\n\t\treturn err\n\t}\n\t_ = s\n\treturn nil\n}\n",
    );
    assert!(title.contains("unclosed-connection") && title.contains("defer s.Close()"), "{title}");
}

fn what_a_package_opens_belongs_to_nothing_else() {
    let (title, safe) = fixed(
        "func f(path string) error {\n\tdb, err := maxminddb.Open(path)\n\tif err != nil {\n\t\treturn \
         err\n\t}\n\tvar city string\n\treturn db.Decode(0, &city)\n}\n\n\
         // It only reads what it gets.\nfunc g(b []byte) error {\n\tdb, err := maxminddb.FromBytes(b)\n\
         \tif err != nil {\n\t\treturn err\n\t}\n\tvar city string\n\treturn db.Decode(0, &city)\n}\n",
    );
    assert!(safe && title.contains("defer db.Close()"), "{title}");
}

fn options_tell_a_watch() {
    let (title, safe) = fixed(
        "func f(ctx context.Context, client kubernetes.Interface, others keeper) error {\n\tw, err := \
         client.CoreV1().Pods(\"x\").Watch(ctx, metav1.ListOptions{})\n\tif err != nil {\n\t\treturn \
         err\n\t}\n\tuse((<-w.ResultChan()).String())\n\to, err := others.Watch(ctx, \"x\")\n\tuse(o)\n\
         \treturn err\n}\n",
    );
    assert!(!safe && title.contains("unstopped-watch: insert `defer w.Stop()`"), "{title}");
}

fn what_is_said_of_a_file_does_not_hold_it() {
    let of = |end: &str| {
        let opened = "\tf, err := os.Open(\"a\")\n\tif err != nil {\n\t\treturn nil, err\n\t}\n";
        format!("func f() (os.FileInfo, error) {{\n{opened}\treturn {end}\n}}\n")
    };
    let (title, safe) = fixed(&of("f.Stat()"));
    assert!(safe && title.contains("defer f.Close()"), "{title}");
    // Of what else is made around it nobody knows.
    let lazy = "type lazy struct {\n\tos.FileInfo\n\tf *os.File\n}\n\n\
                func (l lazy) Size() int64 {\n\tn, _ := l.f.Seek(0, 2)\n\treturn n\n}\n\n\
                func around(f *os.File) os.FileInfo { return lazy{f: f} }\n\n";
    let around = checked(&format!("{lazy}{}", of("around(f), nil"))).findings;
    assert!(around.is_empty(), "{around:?}");
}

fn what_a_method_opens_is_nothing_before() {
    let of = |then: &str| {
        checked(&format!(
            "func f(ctx context.Context, m *mail.Msg) error {{\n\tc, err := mail.NewClient(\"a\")\n\
             \tif err != nil {{\n\t\treturn err\n\t}}\n\t{then}\n}}\n"
        ))
        .findings
    };
    assert!(of("return c.DialAndSend(m)").is_empty());
    assert_eq!(of("return c.DialWithContext(ctx)").len(), 1);
    // Whoever gets it may dial.
    let maker = "() (*mail.Client, error) {\n\tc, err := mail.NewClient(\"a\")\n\treturn c, err\n}\n\n";
    let plain = maker.replace("c, err := ", "return ").replace("\n\treturn c, err", "");
    let dials = "\tif err != nil {\n\t\treturn err\n\t}\n\treturn c.DialWithContext(ctx)\n}\n";
    let user = format!("func f(ctx context.Context) error {{\n\tc, err := open()\n{dials}");
    for maker in [maker, &plain] {
        assert_eq!(checked(&format!("func open{maker}{user}")).findings.len(), 1, "{maker}");
    }
}
