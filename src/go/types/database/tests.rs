//! Small Go trees, written to disk and asked about.

use std::path::Path;
use std::sync::Arc;

use crate::base::diagnostic::{Closable, ReleaseArg};
use crate::go::project::locate::{Environment, Locator};
use crate::go::syntax::ast::{Expr, FuncDecl, StmtKind};
use crate::go::types::database::{Database, FileScope};
use crate::go::types::expressions::Callee;
use crate::go::types::release::ReleaseMethod;
use crate::go::types::retention::Holds;
use crate::go::types::type_expr::Type;

/// A tree of one module, `example.com/m`.
struct Tree {
    dir: tempfile::TempDir,
    database: Database,
}

fn tree(files: &[(&str, &str)]) -> Tree {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let file = dir.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    };
    write("go.mod", "module example.com/m\n\ngo 1.24\n");
    files.iter().for_each(|(name, text)| write(name, text));
    let database = Database::new(locator(dir.path()), dir.path());
    Tree { dir, database }
}

pub(crate) fn locator(_root: &Path) -> Locator {
    Locator::new(Environment { outside: true, ..Environment::default() })
}

impl Tree {
    fn scope(&self, file: &str) -> FileScope {
        self.database.scope_of(&self.dir.path().join(file)).unwrap()
    }

    /// The last call of the function `f` in `file`, and the function.
    fn last_call(&self, file: &str) -> (FileScope, Arc<FuncDecl>) {
        let scope = self.scope(file);
        let func = scope.package.func("f").unwrap();
        (FileScope::of(&func), func.decl)
    }

    fn types(&self, file: &str) -> Vec<String> {
        let (scope, func) = self.last_call(file);
        let types = self.database.expr_type(&scope, last(&func), &|_| None);
        types.iter().map(ToString::to_string).collect()
    }

    fn callee(&self, file: &str) -> Callee {
        let (scope, func) = self.last_call(file);
        self.database.callee(&scope, last(&func).as_call().unwrap(), &|_| None)
    }

    fn closable(&self, file: &str, ty: &str) -> (Closable, Option<(String, u32)>) {
        let scope = self.scope(file);
        let ty = self.database.declared_type(&scope.package, ty).pointer();
        let answer = self.database.closable(&ty, &methods());
        (answer.closable, answer.evidence.map(|evidence| (evidence.path.to_string(), evidence.line)))
    }

    fn holds(&self, file: &str, ty: &str, target: &str) -> Holds {
        let scope = self.scope(file);
        let of = |name: &str| self.database.declared_type(&scope.package, name).pointer();
        self.database.holds(&of(ty), &of(target))
    }
}

fn last(func: &FuncDecl) -> &Expr {
    match &func.body().unwrap().stmts.last().unwrap().kind {
        StmtKind::Expr(expr) => expr,
        StmtKind::Assign { right, .. } | StmtKind::Define { right, .. } => &right[0],
        other => panic!("{other:?}"),
    }
}

fn methods() -> Vec<ReleaseMethod> {
    let method = |name: &str, args: &[ReleaseArg]| ReleaseMethod {
        args: args.to_vec(),
        safe: true,
        ..ReleaseMethod::plain(name)
    };
    vec![
        method("Close", &[]),
        method("Close", &[ReleaseArg::Context]),
        method("Disconnect", &[ReleaseArg::Context]),
        method("Stop", &[]),
    ]
}

fn by(closable: &Closable) -> String {
    match closable {
        Closable::By(release) => {
            let args: Vec<_> = release
                .args
                .iter()
                .map(|arg| if *arg == ReleaseArg::Context { "ctx" } else { "other" })
                .collect();
            format!(
                "{}({}){}",
                release.method,
                args.join(","),
                if release.returns_error { " error" } else { "" }
            )
        }
        Closable::Nothing(why) => format!("nothing: {why}"),
        Closable::Unknown(why) => format!("unknown: {why}"),
    }
}

const STORE: (&str, &str) = (
    "store/a.go",
    "package store\n\nimport \"context\"\n\ntype base struct{ conn *Conn }\n\nfunc (b *base) Close() error { \
     return b.conn.shut() }\n\n\
     type Conn struct{ fd int }\n\nfunc (c *Conn) shut() error { c.fd = 0; return nil }\n\n\
     type Client struct {\n\t*base\n\tName string\n}\n\nfunc NewClient(ctx context.Context, name string) \
     (*Client, error) { return nil, nil }\n\n\
     type Bucket struct{ c *Client }\n\nfunc (c *Client) Bucket(name string) *Bucket { return &Bucket{c} \
     }\n\n\
     type Attrs struct {\n\tName string\n\tSizes []int64\n\tInner *Attrs\n}\n\nfunc (b *Bucket) Attrs() \
     (*Attrs, error) { return nil, nil }\n\n\
     type Idle struct{}\n\nfunc (Idle) Close() error {\n\t// nothing to do\n\treturn nil\n}\n\n\
     type Bus struct{}\n\nfunc (*Bus) Disconnect(ctx context.Context) error { return ctx.Err() }\n\n\
     type Loop struct{}\n\nfunc (*Loop) Stop(done chan bool) { <-done }\n\n\
     type Iter struct{ next func() error }\n\n\
     type Box[T any] struct{ value T }\n\nfunc NewBox[T any](value T) *Box[T] { return nil }\n\nfunc (b \
     *Box[E]) Get() E { return b.value }\n\n\
     type API interface {\n\tCloser\n\tPing(ctx context.Context) error\n}\n\ntype Closer interface{ Close() \
     error }\n\n\
     type Alias = Client\n\nvar Default, Err = NewClient(nil, \"\")\n\nvar Factory = func() *Client { return \
     nil }\n",
);

#[test]
fn what_frees_memory_or_ends_something_within_a_session_is_no_release() {
    let tree = tree(&[(
        "kept/a.go",
        "package kept\n\nimport \"sync\"\n\n\
         type Cache struct {\n\tmu sync.Mutex\n\tall map[string]int\n\tlist []int\n}\n\n\
         func (c *Cache) Close() error { c.drop(); return nil }\n\n\
         func (c *Cache) drop() { c.mu.Lock(); defer c.mu.Unlock(); clear(c.all); c.list = nil }\n\n\
         type Secret struct{ key []byte }\n\n\
         func (s *Secret) Close() error { clear(s.key); return nil }\n\n\
         type Worker struct{ closed bool }\n\n\
         func (w *Worker) Close() error { w.closed = true; return nil }\n\n\
         type Mail struct{ n int }\n\nfunc (m *Mail) Close() error { m.n++; return nil }\n\n\
         func (m *Mail) Logout() error { m.n = 0; return nil }\n\n\
         type Link struct{ m *Mail }\n\nfunc (l *Link) Close() error { return l.m.Close() }\n\n\
         func (l *Link) Logout() {}\n",
    )]);
    for (ty, want) in [
        ("Cache", "nothing: returns `*kept.Cache`, and its Close frees nothing but memory"),
        ("Secret", "Close() error"),
        ("Worker", "Close() error"),
        ("Mail", "Logout() error"),
        ("Link", "Close() error"),
    ] {
        assert_eq!(by(&tree.closable("kept/a.go", ty).0), want, "{ty}");
    }
}

#[test]
fn release_methods_are_found_through_embedding_and_say_where() {
    let tree = tree(&[STORE]);
    for (ty, want) in [
        ("Client", "Close() error"),
        ("Alias", "Close() error"),
        ("API", "Close() error"),
        ("Bus", "Disconnect(ctx) error"),
        ("Loop", "Stop(other)"),
        ("Idle", "nothing: returns `*store.Idle`, and its Close does nothing"),
        ("Attrs", "nothing: returns `*store.Attrs`, which has no Close"),
    ] {
        assert_eq!(by(&tree.closable("store/a.go", ty).0), want, "{ty}");
    }
    assert_eq!(tree.closable("store/a.go", "Client").1, Some(("store/a.go".into(), 7)));
}

#[test]
fn calls_across_packages_have_types() {
    let case = |body: &str| {
        let text = format!(
            "package main\n\nimport (\n\t\"context\"\n\tst \"example.com/m/store\"\n)\n\nfunc f() {{\n\
             \t{body}\n}}\n"
        );
        tree(&[STORE, ("a.go", &text)]).types("a.go").join(", ")
    };
    for (body, want) in [
        ("st.NewClient(context.Background(), \"\")", "*store.Client, error"),
        ("st.Default.Bucket(\"b\").Attrs()", "*store.Attrs, error"),
        ("_ = st.Default.Name", "string"),
        ("_ = st.Default.base.conn", "*store.Conn"),
        ("_ = st.Err", "error"),
        ("st.Factory()", "*store.Client"),
        ("st.NewBox(st.Default)", "*store.Box[*store.Client]"),
        ("st.NewBox[string](x).Get()", "string"),
        ("st.NewBox(st.Default).Get().Bucket(\"\")", "*store.Bucket"),
        ("_ = &st.Client{}", "*store.Client"),
        ("_ = (*st.Client)(nil)", "*store.Client"),
        ("_ = x.(*st.Client)", "*store.Client"),
        ("_ = []*st.Client{}[0]", "*store.Client"),
        ("_ = map[string]st.API{}[\"\"]", "store.API"),
        ("_ = new(st.Client)", "*store.Client"),
        ("_ = new(st.Factory())", "**store.Client"),
        ("_ = make(chan *st.Client)", "chan *store.Client"),
        ("_ = <-make(chan *st.Client)", "*store.Client"),
        ("func() (*st.Client, error) { return nil, nil }()", "*store.Client, error"),
        ("_ = st.Default.Bucket", "func(string) *store.Bucket"),
        ("_ = len(x) == 2", "bool"),
    ] {
        assert_eq!(case(body), want, "{body}");
    }
}

#[test]
fn callees_are_told_apart() {
    let case = |body: &str| {
        let text =
            format!("package main\n\nimport st \"example.com/m/store\"\n\nfunc f() {{\n\t{body}\n}}\n");
        match tree(&[STORE, ("a.go", &text)]).callee("a.go") {
            Callee::Func { func, .. } => format!("func {func:?}"),
            Callee::Method { method, .. } => {
                format!("method {} of {} {}", method.name, method.receiver, method.func.is_some())
            }
            Callee::Indexed { package, name, .. } => format!("indexed {package}.{name}"),
            Callee::Conversion(ty) => format!("conversion {ty}"),
            Callee::Builtin { name, .. } => format!("builtin {name}"),
            Callee::FuncValue(ty) => format!("value {ty}"),
            Callee::Unknown { name, .. } => format!("unknown {name}"),
        }
    };
    for (body, want) in [
        ("st.NewClient(nil, \"\")", "func example.com/m/store.NewClient"),
        ("f()", "func example.com/m.f"),
        ("st.Default.Close()", "method Close of store.base true"),
        ("st.API(nil).Close()", "method Close of store.Closer false"),
        ("st.Alias(x)", "conversion store.Client"),
        ("[]byte(x)", "conversion []byte"),
        ("panic(x)", "builtin panic"),
        ("st.Factory()", "value func() *store.Client"),
        ("st.Gone()", "unknown example.com/m/store.Gone"),
        ("x.Gone()", "unknown x.Gone"),
        ("st.NewBox[int](1)", "func example.com/m/store.NewBox"),
    ] {
        assert_eq!(case(body), want, "{body}");
    }
}

#[test]
fn handles_hold_and_data_does_not() {
    let tree = tree(&[STORE]);
    for (ty, want) in [
        ("Bucket", Holds::Yes),
        ("Attrs", Holds::No),
        ("Iter", Holds::Yes),
        ("Client", Holds::Yes),
        ("API", Holds::Yes),
    ] {
        assert_eq!(tree.holds("store/a.go", ty, "Client"), want, "{ty}");
    }
}

#[test]
fn circles_end() {
    let tree = tree(&[(
        "a.go",
        "package m\n\ntype A = B\ntype B = A\ntype C struct{ *D }\ntype D struct{ *C }\ntype E interface{ F \
         }\ntype F interface{ E }\n\
         type G G\ntype H I\ntype I H\ntype L[T any] struct{ next *L[[]T] }\nvar x = y\nvar y = x\nfunc f() \
         {\n\tx.Close()\n}\n",
    )]);
    for ty in ["A", "C", "E", "G", "H", "L"] {
        let (closable, _) = tree.closable("a.go", ty);
        assert!(!matches!(closable, Closable::By(_)), "{ty}");
        tree.holds("a.go", ty, "C");
    }
    assert!(matches!(tree.callee("a.go"), Callee::Unknown { .. }));
}

#[test]
fn the_real_package_name_counts() {
    let text = "package main\n\nimport \"example.com/m/go-odd.v3\"\n\nfunc f() {\n\tstrange.New()\n}\n";
    let odd = ("go-odd.v3/a.go", "package strange\n\nfunc New() int { return 0 }\n");
    assert_eq!(tree(&[odd, ("a.go", text)]).types("a.go"), ["int"]);
}

#[test]
fn dot_imports_bring_names_in() {
    let text = "package main\n\nimport . \"example.com/m/store\"\n\nfunc f() {\n\tNewClient(nil, \"\")\n}\n";
    assert_eq!(tree(&[STORE, ("a.go", text)]).types("a.go"), ["*store.Client", "error"]);
}

#[test]
fn what_no_package_that_is_here_declares_comes_from_the_one_that_is_not() {
    let of = |imports: &str| {
        let text = format!("package main\n\n{imports}\nfunc f(c *C) {{\n\tc.Assert()\n}}\n");
        let tree = tree(&[STORE, ("a.go", &text)]);
        let package = tree.scope("a.go").package;
        let func = package.func("f").unwrap();
        let ty = tree.database.signature(&func).params[0].clone();
        ty.named().map(|named| named.package.to_string())
    };
    let (check, store) = ("import . \"gopkg.in/check.v1\"\n", "import . \"example.com/m/store\"\n");
    assert_eq!(of(check).as_deref(), Some("gopkg.in/check.v1"));
    assert_eq!(of(&[check, store].concat()).as_deref(), Some("gopkg.in/check.v1"));
    assert_eq!(of(&[check, "import . \"example.com/gone\"\n"].concat()), None, "it may come from either");
    assert_eq!(of(store), None);
}

#[test]
fn test_files_belong_to_the_package_for_test_files_only() {
    let tree = tree(&[
        ("a.go", "package m\n\nfunc f() {}\n"),
        ("a_test.go", "package m\n\nfunc helper() {}\n"),
        ("b_test.go", "package m_test\n\nfunc other() {}\n"),
        ("gen.go", "//go:build ignore\n\npackage main\n\nfunc main() {}\n"),
    ]);
    assert!(!tree.scope("a.go").package.has_func("helper"));
    assert!(
        tree.scope("a_test.go").package.has_func("helper") && tree.scope("a_test.go").package.has_func("f")
    );
    assert_eq!(&*tree.scope("b_test.go").package.path, "example.com/m_test");
    assert_eq!(&*tree.database.package_at(tree.dir.path()).unwrap().name, "m");
}

#[test]
fn foreign_systems_come_last() {
    let tree = tree(&[
        ("a_darwin.go", "package m\n\nfunc f() int { return 1 }\n"),
        ("b_linux.go", "package m\n\nfunc f() string { return \"\" }\n"),
    ]);
    let func = tree.scope("b_linux.go").package.func("f").unwrap();
    assert_eq!(tree.database.signature(&func).results, [Type::basic("string")]);
    assert!(func.package.is_ambiguous("f"));
}

#[test]
fn a_long_function_is_known_by_its_header() {
    let text = format!(
        "package m\n\nfunc f(a struct{{ x int }}, b interface{{ Get() }}) (int, error) {{\n{}}}\n",
        "\tprintln(\"}}}} {{{{\")\n".repeat(20_000)
    );
    let tree = tree(&[("a.go", &text)]);
    let func = tree.scope("a.go").package.func("f").unwrap();
    assert!(func.unread_body && !func.decl.has_body());
    assert_eq!(tree.database.signature(&func).results.len(), 2);
}

#[test]
fn what_is_missing_says_why() {
    let text = "package main\n\nimport \"example.com/gone\"\n\nfunc f() {\n\tgone.NewClient()\n}\n";
    let tree = tree(&[("a.go", text)]);
    let Callee::Unknown { name, why } = tree.callee("a.go") else { panic!() };
    assert_eq!(name, "example.com/gone.NewClient");
    assert!(why.starts_with("no source and no index entry for `example.com/gone`"), "{why}");
}

#[test]
fn wide_circles_and_long_chains_end_soon() {
    let chain = "g()".to_string() + &"[0]()".repeat(60);
    let text = format!(
        "package m\n\nfunc G[T any](a, b T) T {{ return a }}\n\nvar x = G(y, y)\nvar y = G(x, x)\n\nfunc g() \
         []func() {{ return nil }}\n\nfunc f() {{\n\t{chain}\n\tG(x, x)\n}}\n"
    );
    let tree = tree(&[("a.go", &text)]);
    tree.types("a.go");
    let (scope, func) = tree.last_call("a.go");
    let StmtKind::Expr(first) = &func.body().unwrap().stmts[0].kind else { panic!() };
    tree.database.expr_type(&scope, first, &|_| None);
}

#[test]
fn a_long_chain_of_calls_is_followed() {
    let text = format!(
        "package m\n\ntype T struct{{}}\n\nfunc (t T) M() T {{ return t }}\n\nfunc f() {{\n\tT{{}}{}\n}}\n",
        ".M()".repeat(40)
    );
    assert_eq!(tree(&[("a.go", &text)]).types("a.go"), ["m.T"]);
}

#[test]
fn a_missing_package_is_found_by_a_word_of_its_path() {
    let text = "package main\n\nimport \"example.com/mail-apiv3-go\"\n\nfunc f() {\n\tmail.NewClient()\n}\n";
    let tree = tree(&[("a.go", text)]);
    let Callee::Unknown { name, .. } = tree.callee("a.go") else { panic!() };
    assert_eq!(name, "example.com/mail-apiv3-go.NewClient");
}

#[test]
fn names_are_resolved_with_the_place() {
    let tree = tree(&[STORE]);
    let ask =
        |name: &str| crate::go::types::resolve::resolve(&tree.database, tree.dir.path(), name, &methods());
    let found = ask("example.com/m/store.NewClient").unwrap();
    assert_eq!((found.read_at.as_str(), found.answers.len()), ("store/a.go:18", 1));
    assert_eq!(by(&found.answers[0].closable), "Close() error");
    let found = ask("cloud.google.com/go/storage.NewClient").unwrap();
    assert!(found.read_at.starts_with("shipped index: cloud.google.com/go/storage v"), "{}", found.read_at);
    assert_eq!(by(&found.answers[0].closable), "Close() error");
    for wrong in ["NewClient", "example.com/m/store.", "example.com/m/store.Gone", "example.com/gone.X", ""] {
        assert!(ask(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn records_of_a_library_only_name_other_handles() {
    let library = (
        "vendor/example.com/lib/a.go",
        "package lib\n\nimport \"context\"\n\ntype Client struct{ x func() }\n\nfunc (c *Client) Close() \
         error { return nil }\n\n\
         type Table struct {\n\tID string\n\tc *Client\n}\n\ntype Metadata struct {\n\tName string\n\tView \
         *Table\n}\n\n\
         type Doc struct{ Parent *Table }\n\nfunc (d *Doc) Get(ctx context.Context) error { return nil }\n\n\
         type Message struct{ any any }\n\nfunc (m *Message) ProtoReflect() int { return 0 }\n\n\
         type Column struct {\n\tName string\n\tIn *Table\n}\n\n\
         func (c *Column) Find() string { return c.In.ID }\n\n\
         type Entry struct {\n\tRole string\n\tView *Table\n}\n\n\
         func (e *Entry) encode() string { return e.View.ID }\n\n\
         func (e *Entry) Label() string { return e.Role }\n\n\
         type Pair struct{ Left, Right *Table }\n",
    );
    let text = "package m\n\nimport \"example.com/lib\"\n\ntype Deps struct{ Table *lib.Table }\n\nfunc f() \
                {\n\tlib.New()\n}\n";
    let modules = ("vendor/modules.txt", "# example.com/lib v1.2.3\n## explicit\nexample.com/lib\n");
    let tree = tree(&[
        library,
        modules,
        ("go.mod", "module example.com/m\n\ngo 1.24\n\nrequire example.com/lib v1.2.3\n"),
        ("a.go", text),
    ]);
    let scope = tree.scope("a.go");
    let lib = tree.database.import(&scope, "example.com/lib").unwrap();
    let holds = |name: &str| {
        tree.database.holds(
            &tree.database.declared_type(&lib, name).pointer(),
            &tree.database.declared_type(&lib, "Client"),
        )
    };
    for name in ["Metadata", "Message", "Entry"] {
        assert_eq!(holds(name), Holds::No, "{name}");
    }
    // What its own methods work with is in use, and so are handles without any data beside them.
    for name in ["Table", "Doc", "Column", "Pair"] {
        assert_eq!(holds(name), Holds::Yes, "{name}");
    }
    let deps = tree.database.declared_type(&scope.package, "Deps");
    assert_eq!(tree.database.holds(&deps, &tree.database.declared_type(&lib, "Client")), Holds::Yes);
    // What a dependency exports is to be called, empty or not.
    assert_eq!(
        by(&tree
            .database
            .closable(&tree.database.declared_type(&lib, "Client").pointer(), &methods())
            .closable),
        "Close() error"
    );
}

#[test]
fn without_source_the_index_and_names_tell_handles_from_data() {
    let storage = "require cloud.google.com/go/storage v1.30.0\n";
    let text = "package m\n\nimport (\n\t\"cloud.google.com/go/storage\"\n\tpb \
                \"google.golang.org/genproto/googleapis/cloud/tasks/v2\"\n\tadminpb \
                \"example.com/apis/adminpb\"\n)\n\n\
        var client *storage.Client\n\ntype (\n\tAttrs = storage.BucketAttrs\n\tHandle = \
        storage.BucketHandle\n\tTask = pb.Task\n\tStub = pb.CloudTasksClient\n\
        \tIndex = adminpb.Index\n\tTail = adminpb.Admin_TailServer\n)\n\nfunc f() {\n\
        \tclient.Bucket(\"b\").Object(\"o\").NewReader(nil)\n}\n";
    let tree = tree(&[("go.mod", &format!("module example.com/m\n\ngo 1.24\n\n{storage}")), ("a.go", text)]);
    let scope = tree.scope("a.go");
    let client = tree.database.var_type(&scope.package, "client");
    for (name, want) in [
        ("Attrs", Holds::No),
        ("Handle", Holds::Yes),
        ("Task", Holds::No),
        ("Stub", Holds::Maybe),
        ("Index", Holds::No),
        ("Tail", Holds::Maybe),
    ] {
        assert_eq!(
            tree.database.holds(&tree.database.declared_type(&scope.package, name), &client),
            want,
            "{name}"
        );
    }
    assert_eq!(tree.types("a.go"), ["*storage.Reader", "error"]);
}

#[test]
fn what_a_method_gives_that_the_index_does_not_list_is_data() {
    let storage = "require cloud.google.com/go/storage v1.30.0\n";
    let text = "package m\n\nimport \"cloud.google.com/go/storage\"\n\nvar client *storage.Client\n\nfunc \
                f() {\n\tclient.Bucket(\"b\").Attrs(nil)\n}\n";
    let holds = |go_mod: &str| {
        let tree =
            tree(&[("go.mod", &format!("module example.com/m\n\ngo 1.24\n\n{go_mod}")), ("a.go", text)]);
        let scope = tree.scope("a.go");
        let client = tree.database.var_type(&scope.package, "client");
        let given = tree.database.results(&tree.callee("a.go"));
        // That its type is not known stays so: it may be something to release for all that anybody knows.
        assert!(given[0].why_unknown().is_some());
        tree.database.holds(&given[0], &client)
    };
    assert_eq!(holds(storage), Holds::No);
    assert_eq!(holds("require cloud.google.com/go/storage v9.0.0\n"), Holds::Maybe);
    assert_eq!(holds(""), Holds::Maybe);
}

#[test]
fn an_interface_field_holds_only_what_could_be_in_it() {
    let text = "package m\n\ntype conn struct{}\n\nfunc (c *conn) Send() {}\n\ntype Client struct{ c []*conn \
                }\n\nfunc (c *Client) Close() error { return nil }\n\n\
        type part struct{ c *Client }\n\nfunc (p part) Rest() int { return 0 }\n\n\
        type (\n\tTag struct{ full interface{ IsRoot() bool; Parent() Tag } }\n\tSender struct{ s interface{ \
        Send() } }\n\
        \tRest struct{ r interface{ Rest() int } }\n\tOther struct{ o interface{ Rest() int; Other() } }\n\
        \tAny struct{ a any }\n)\n\n\
        func (t Tag) IsRoot() bool { return true }\n\nfunc (t Tag) Parent() Tag { return t }\n\nfunc f() {\n\
        \tnew(Tag)\n}\n";
    let tree = tree(&[("a.go", text)]);
    let scope = tree.scope("a.go");
    let declared = |name: &str| tree.database.declared_type(&scope.package, name);
    let want = [
        ("Tag", Holds::No),
        // A part of the client could be in it, and so could a type of its package that keeps the client.
        ("Sender", Holds::Maybe),
        ("Rest", Holds::Maybe),
        ("Other", Holds::No),
        ("Any", Holds::Maybe),
    ];
    for (name, want) in want {
        assert_eq!(tree.database.holds(&declared(name), &declared("Client")), want, "{name}");
    }
}

#[test]
fn a_file_counts_from_its_module_wherever_a_run_is_started() {
    let tree = tree(&[("a.go", "package m\n"), ("sub/b.go", "package sub\n\nfunc f() {}\n")]);
    for base in [tree.dir.path(), tree.dir.path().parent().unwrap(), Path::new("/")] {
        let database = Database::new(locator(tree.dir.path()), base);
        let path = |file: &str| {
            let scope = database.scope_of(&tree.dir.path().join(file)).unwrap();
            let below = tree.dir.path().join(file).strip_prefix(base).unwrap().to_string_lossy().into_owned();
            assert_eq!(*database.display_path(&scope.package, scope.file), *below);
            database.path_in_module(&scope.package, scope.file)
        };
        assert_eq!((&*path("a.go"), &*path("sub/b.go")), ("a.go", "sub/b.go"));
    }
}
