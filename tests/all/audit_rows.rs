//! That `audit` with all rules has a row for every call whose result could have to be released, and none for
//! what is proved to be lent.

use libtest_mimic::Trial;
use unleak::engine;

use crate::support::{self, tests, write};

/// The tests of this module.
pub fn tests() -> Vec<Trial> {
    tests![
        a_constructor_that_a_method_fills_has_a_row,
        function_values_have_rows,
        what_is_lent_has_none,
        only_an_unread_callee_stands_before_a_leak,
        types_that_only_their_use_tells_have_rows,
        lists_and_releases_of_other_names_have_rows
    ]
}

const LIB: &str = "package lib

type Client struct{ n int }

func New() (*Client, error) { return &Client{}, nil }

func NewClient() (*Client, error) { return &Client{}, nil }

func (c *Client) Close() error {
	c.n = 0
	return nil
}

func (c *Client) Count() int { return c.n }

func NewAroundClient(c *Client) *Client { return &Client{c.n} }
";

/// The rows of what these declarations call, each as `constructor: verdict`, in order.
fn rows(declarations: &str) -> Vec<String> {
    let tree = tempfile::tempdir().expect("there is room");
    write(tree.path(), "go.mod", "module example.com/p\n\ngo 1.24\n\nrequire example.com/far v1.0.0\n");
    write(tree.path(), "lib/lib.go", LIB);
    let imports = ["\"example.com/p/lib\"", "\"example.com/far\""];
    let used = imports.iter().filter(|path| {
        let name = path.trim_matches('"').rsplit('/').next().unwrap_or_default();
        declarations.contains(&format!("{name}."))
    });
    let imports: String = used.map(|path| format!("import {path}\n")).collect();
    write(tree.path(), "a.go", format!("package p\n\n{imports}\n{declarations}"));
    let mut settings = support::settings(tree.path());
    settings.report.every = true;
    settings.scan.sources.flags.flag("select", Some(vec!["all".to_owned()]));
    let report = engine::check(&settings).expect("it runs");
    let here = report.acquisitions.iter().filter(|row| &*row.path == "a.go");
    here.map(|row| format!("{}: {}", row.constructor, row.verdict)).collect()
}

fn a_constructor_that_a_method_fills_has_a_row() {
    let store = "type Store struct{ c *lib.Client }\n\nfunc newStore() (*Store, error) {\n\ts := &Store{}\n\t\
                 return s, s.init()\n}\n\nfunc (s *Store) init() error { return nil }\n\nfunc (s *Store) \
                 Close() error { return s.c.Close() }\n\n";
    let uses = "func f() {\n\ts, _ := newStore()\n\t_ = s.c\n}\n";
    assert_eq!(rows(&[store, uses].concat()), ["newStore: unknown owner"]);
    let closes = "func f() {\n\ts, _ := newStore()\n\tdefer s.Close()\n}\n";
    assert_eq!(rows(&[store, closes].concat()), ["newStore: released"]);
}

fn function_values_have_rows() {
    let named = rows("var open = lib.New\n\nfunc f() int {\n\tc, _ := open()\n\treturn c.Count()\n}\n");
    assert_eq!(named, ["open: unknown owner"]);
    let local =
        rows("func f(open func() (*lib.Client, error)) int {\n\tc, _ := open()\n\treturn c.Count()\n}\n");
    assert_eq!(local, ["open: unknown owner"]);
    let field = rows(
        "type S struct{ open func() (*lib.Client, error) }\n\nfunc (s *S) f() int {\n\tc, _ := s.open()\n\t\
         return c.Count()\n}\n",
    );
    assert_eq!(field, ["s.open: unknown owner"]);
}

fn what_is_lent_has_none() {
    let lent = "type S struct{ c *lib.Client }\n\nfunc (s *S) Client() *lib.Client { return s.c }\n\n\
                func (s *S) f() int { return s.Client().Count() }\n";
    assert_eq!(rows(lent), [""; 0]);
    let own = "func same(c *lib.Client) *lib.Client { return c }\n\nfunc f(c *lib.Client) int { return \
               same(c).Count() }\n";
    assert_eq!(rows(own), [""; 0]);
}

fn types_that_only_their_use_tells_have_rows() {
    let closes =
        "func f() {\n\tx, err := far.Make()\n\tif err != nil {\n\t\treturn\n\t}\n\tdefer x.Close()\n}\n";
    assert_eq!(rows(closes), ["far.Make: released"]);
    let dials = "func f() {\n\tx, _ := far.DialAll()\n\tx.Send()\n}\n";
    assert_eq!(rows(dials), ["far.DialAll: unknown type"]);
    assert_eq!(rows("func f() {\n\tx, _ := far.Make()\n\tx.Send()\n}\n"), [""; 0]);
}

fn only_an_unread_callee_stands_before_a_leak() {
    let made = "\tc, err := lib.NewClient()\n\tif err != nil {\n\t\treturn nil, err\n\t}\n";
    let of = |params: &str, result: &str, uses: &str| {
        let verdicts = rows(&format!("func f({params}) ({result}, error) {{\n{made}{uses}}}\n"));
        verdicts.into_iter().find(|row| row.starts_with("lib.NewClient")).unwrap_or_default()
    };
    let leaked = "lib.NewClient: leaked";
    assert_eq!(of("", "any", "\treturn nil, far.Use(c)\n"), leaked);
    assert_eq!(
        of("", "any", "\tif err := far.Use(c); err != nil {\n\t\treturn nil, err\n\t}\n\treturn nil, nil\n"),
        leaked
    );
    assert_eq!(of("w *far.Worker", "any", "\treturn nil, w.Do(c)\n"), leaked);
    // It has it then.
    let passed = "lib.NewClient: passed on";
    assert_eq!(of("", "any", "\tfar.Register(c)\n\treturn nil, nil\n"), passed);
    assert_eq!(of("", "*far.Thing", "\treturn far.NewThing(c), nil\n"), passed);
    assert_eq!(of("", "*far.Thing", "\tt := far.NewThing(c)\n\treturn t, t.Check()\n"), passed);
    let option = "\to := far.Option(c)\n\tt := far.NewThing(o)\n\tdefer t.Close()\n\treturn nil, t.Check()\n";
    assert_eq!(of("", "any", option), passed);
    let around = rows("func f(c *lib.Client) error { return far.Use(lib.NewAroundClient(c)) }\n");
    assert_eq!(around, ["lib.NewAroundClient: passed on"]);
    // Anything may be called there.
    assert_eq!(of("use func(*lib.Client) error", "any", "\treturn nil, use(c)\n"), passed);
    assert_eq!(of("u interface{ Do(c *lib.Client) error }", "any", "\treturn nil, u.Do(c)\n"), passed);
    assert_eq!(of("", "any", "\tdefer c.Close()\n\treturn nil, far.Use(c)\n"), "lib.NewClient: released");
}

fn lists_and_releases_of_other_names_have_rows() {
    let of = |name: &str, declarations: &[&str]| {
        let rows = rows(&declarations.concat());
        rows.into_iter().find(|row| row.starts_with(name)).unwrap_or_default()
    };
    let made = "\tc, err := lib.New()\n\tif err != nil {\n\t\treturn nil, err\n\t}\n";
    let many = format!(
        "func many() ([]*lib.Client, error) {{\n{made}\treturn []*lib.Client{{c}}, nil\n}}\n\n\
         func lent(of map[string]*lib.Client) map[string]*lib.Client {{ return of }}\n\n"
    );
    let counts = "func f() {\n\tall, _ := many()\n\tfor _, c := range all {\n\t\tc.Count()\n\t}\n}\n";
    assert_eq!(of("many", &[&many, counts]), "many: unknown owner");
    let lent = "func f(of map[string]*lib.Client) int { return len(lent(of)) }\n";
    assert_eq!(of("lent", &[&many, lent]), "");
    let session = format!(
        "type session struct{{ c *lib.Client }}\n\nfunc open() (*session, error) {{\n{made}\treturn \
         &session{{c}}, nil\n}}\n\nfunc (s *session) finish() {{ s.c.Close() }}\n\n"
    );
    let left = "func f() {\n\ts, _ := open()\n\ts.c.Count()\n}\n";
    assert_eq!(of("open", &[&session, left]), "open: unknown owner");
    let ended = "func f() {\n\ts, _ := open()\n\tdefer s.finish()\n\ts.c.Count()\n}\n";
    assert_eq!(of("open", &[&session, ended]), "");
}
