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
        a_release_beside_a_method_that_changed_is_proved
    ]
}

const GO_MOD: &str = "module example.com/m

go 1.24

require (
	cloud.google.com/go/compute v1.45.0
	cloud.google.com/go/storage v1.999.0
	github.com/nats-io/nats.go v1.43.0
	github.com/redis/go-redis/v9 v9.999.0
	google.golang.org/grpc v1.70.0
)
";

/// The function with this body, which leaks what it makes: the line of the fix, and whether that is safe.
fn fixed(body: &str) -> (String, bool) {
    let tree = tempfile::tempdir().expect("there is room");
    write(tree.path(), "go.mod", GO_MOD);
    let text = format!(
        "package m

import (
	\"context\"
	\"database/sql\"
	\"net/http\"

	compute \"cloud.google.com/go/compute/apiv1\"
	\"cloud.google.com/go/storage\"
	\"github.com/nats-io/nats.go\"
	\"github.com/redis/go-redis/v9\"
	\"google.golang.org/grpc\"
)

func use(s string) {{}}

{body}"
    );
    write(tree.path(), "a.go", text);
    let mut settings = support::settings(tree.path());
    settings.scan.index_only = true;
    settings.scan.sources.flags.flag("select", Some(vec!["all".to_owned()]));
    let report = engine::check(&settings).expect("it runs");
    let [finding] = report.findings.as_slice() else { panic!("{:?}", report.findings) };
    let fix = finding.fix.as_ref().expect("there is a fix");
    (format!("{}: {}", finding.rule, fix.title), fix.applicability == Applicability::Safe)
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
