//! The shipped facts as a whole, and facts made from small modules.

use std::path::Path;
use std::sync::Arc;

use crate::base::diagnostic::Certainty;
use crate::go::index::members::IndexedMember;
use crate::go::index::reader::{Answer, Index, TypeFacts};
use crate::go::index_build::build::build;
use crate::go::project::locate::{Environment, Locator};
use crate::go::types::retention::Holds;
use crate::go::types::type_expr::Missing;

fn missing(path: &str, module: &str, version: &str) -> Missing {
    let some = |text: &str| (!text.is_empty()).then(|| Arc::from(text));
    Missing {
        path: Arc::from(path),
        module: some(module),
        version: some(version),
        why: String::new(),
        from: Arc::from(Path::new("")),
    }
}

fn shipped(path: &str, module: &str, version: &str, name: &str) -> Option<Answer<TypeFacts>> {
    Index::shipped().type_facts(&missing(path, module, version), name)
}

#[test]
fn the_shipped_text_is_sorted_well_formed_and_small() {
    let text = include_str!("../../../data/index.txt");
    assert!(text.len() < 1_500_000, "{} bytes", text.len());
    let (mut package, mut fact) = ("", "");
    for line in text.lines() {
        let parts: Vec<&str> = line.trim_start_matches('\t').split('\t').collect();
        assert!(matches!(parts.len(), 3 | 4) && parts.iter().all(|part| !part.is_empty()), "{line}");
        if line.starts_with('\t') {
            assert!(fact < line, "{line}");
            assert!(
                matches!(parts[0], "func" | "plain" | "var" | "type" | "interface" | "handles" | "holds"),
                "{line}"
            );
            fact = line;
        } else {
            assert!(package < parts[0], "{line}");
            assert!(Index::shipped().package_name(parts[0]).is_some(), "{line}");
            (package, fact) = (parts[0], "");
        }
    }
}

/// What gives nothing that holds on to anything.
const DATA: IndexedMember = IndexedMember { field: false, data: true, gives: Vec::new() };

fn gives(types: &[&str]) -> IndexedMember {
    IndexedMember { gives: types.iter().map(ToString::to_string).collect(), data: false, field: false }
}

#[test]
fn clients_that_look_closable_and_are_not_are_told() {
    let index = Index::shipped();
    let api = missing("google.golang.org/api/idtoken", "google.golang.org/api", "v0.287.1");
    assert_eq!(index.func_facts(&api, "NewClient").unwrap().value, ["*net/http.Client", "error"]);
    for (path, name) in [
        ("google.golang.org/genai", "Client"),
        ("github.com/sendgrid/sendgrid-go", "Client"),
        ("github.com/mailjet/mailjet-apiv3-go/v4", "Client"),
        ("cloud.google.com/go/pubsublite/pscompat", "SubscriberClient"),
    ] {
        assert!(shipped(path, "", "", name).unwrap().value.releases.is_empty(), "{path}");
    }
}

#[test]
fn releases_and_handles_are_told() {
    let storage = "cloud.google.com/go/storage";
    let client = shipped(storage, storage, "v1.30.0", "Client").unwrap();
    assert_eq!((client.value.releases[0].name, client.certainty), ("Close", Certainty::Proved));
    let at = missing(storage, storage, "v1.30.0");
    let member = |ty, name| Index::shipped().member(&at, ty, name).unwrap();
    assert_eq!(member("Client", "Bucket"), gives(&["*.BucketHandle"]));
    assert_eq!(member("Client", "ServiceAccount"), DATA);
    assert_eq!(member("ObjectHandle", "NewReader"), gives(&["*.Reader", "error"]));
    assert_eq!(member("BucketHandle", "Attrs"), DATA);
    assert_eq!(Index::shipped().holds(&at, "BucketHandle", true), Some(Holds::Yes));
    assert_eq!(Index::shipped().holds(&at, "BucketAttrs", true), Some(Holds::No));
    assert_eq!(Index::shipped().member(&at, "BucketAttrs", "Name"), None);
    let mongo =
        shipped("go.mongodb.org/mongo-driver/mongo", "go.mongodb.org/mongo-driver", "v1.16.0", "Client")
            .unwrap();
    assert_eq!(mongo.value.releases[0].params, ["context.Context"]);
    let mqtt = shipped("github.com/eclipse/paho.mqtt.golang", "", "", "Client").unwrap();
    assert_eq!((mqtt.value.interface, mqtt.value.releases[0].params.as_slice()), (true, ["uint"].as_slice()));
}

#[test]
fn a_release_that_came_later_depends_on_the_version() {
    let elastic = "github.com/elastic/go-elasticsearch/v8";
    let at = |version| shipped(elastic, elastic, version, "Client").unwrap();
    assert!(at("v8.10.0").value.releases.is_empty());
    assert_eq!(at("v8.10.0").certainty, Certainty::Proved);
    assert_eq!(at("v8.19.7").value.releases[0].name, "Close");
}

#[test]
fn facts_are_made_from_source_and_merged_over_versions() {
    let root = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let file = root.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    };
    for (version, close) in [("v1.0.0", ""), ("v1.9.0", "func (c *Client) Close() error { return c.x() }\n")]
    {
        write(&format!("m@{version}/go.mod"), "module example.com/m\n");
        let text = "package m\n\ntype Client struct{ x func() error }\n\ntype Handle struct {\n\tc *Client\n\
                    \tName string\n\tNext *Handle\n}\n\n\
             type HandleIterator struct {\n\t*Handle\n\titem any\n}\n\ntype Attrs struct{ Name string }\n\n\
             type Metadata struct {\n\tName string\n\tOf *Handle\n}\n\n\
             func NewClient() (*Client, error) { return nil, nil }\n\nfunc (c *Client) Handle() (*Handle, \
             error) { return nil, nil }\n\n\
             func (c *Client) Name() string { return \"\" }\n\nfunc (h *Handle) Attrs() *Attrs { return nil \
             }\n\n\
             func (h *Handle) Others() *HandleIterator { return nil }\n";
        write(&format!("m@{version}/a.go"), &format!("{text}{close}"));
        write(&format!("m@{version}/internal/b.go"), "package b\n\nfunc NewClient() int { return 0 }\n");
        write(&format!("m@{version}/plain/c.go"), "package plain\n\ntype Handle struct{ f func() }\n");
    }
    let dirs = [root.path().join("m@v1.0.0"), root.path().join("m@v1.9.0"), root.path().join("gone")];
    let (facts, complaints) = build(&dirs, &crate::go::types::database::tests::locator);
    assert_eq!(complaints.len(), 1);
    assert_eq!(
        facts.render(),
        "example.com/m\t-\t. v1.0.0,v1.9.0\n\
         \tfunc\tNewClient\t*.%,error\n\
         \thandles\t-\tClient,Handle*,Metadata!\n\
         \tholds\tClient\t*.%,error Handle\n\
         \tholds\tHandle*\t*.HandleIterator Others;=*.Handle Next;=- Name\n\
         \tholds\tHandleIterator\t=*.% Handle\n\
         \ttype\tClient\t-\tv1.0.0\n\
         \ttype\tClient\tClose()error\tv1.9.0\n"
    );
}

#[test]
fn constructors_under_another_name_are_told() {
    let root = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let file = root.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    };
    write("m@v1.0.0/go.mod", "module example.com/m\n");
    let client = "package c\n\ntype Client struct{}\n\nfunc (c *Client) Close() error { return nil }\n\n\
                  func New() (*Client, error) { return &Client{}, nil }\n";
    write("m@v1.0.0/c/c.go", client);
    write(
        "m@v1.0.0/m.go",
        "package m\n\nimport \"example.com/m/c\"\n\nvar (\n\tNew = c.New\n\tUpper = \
         func(s string) string { return s }\n)\n",
    );
    let (facts, _) = build(&[root.path().join("m@v1.0.0")], &crate::go::types::database::tests::locator);
    let text = facts.render();
    assert!(text.contains("\tvar\tNew\tfunc()*example.com/m/c.Client,error\n"), "{text}");
    assert!(!text.contains("Upper"), "{text}");
}

#[test]
fn what_else_a_module_cache_holds_makes_no_difference() {
    let cache = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let file = cache.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    };
    write("example.com/m@v1.0.0/go.mod", "module example.com/m\n\nrequire example.com/d v1.0.0\n");
    let text = "package m\n\nimport \"example.com/d\"\n\nfunc NewClient() *d.Client { return d.New() }\n";
    write("example.com/m@v1.0.0/m.go", text);
    let environment =
        Environment { gomodcache: Some(cache.path().into()), outside: true, ..Environment::default() };
    let made = |dirs: &[&str]| {
        let dirs: Vec<_> = dirs.iter().map(|dir| cache.path().join(dir)).collect();
        build(&dirs, &|_| Locator::new(environment.clone())).0.render()
    };
    let alone = made(&["example.com/m@v1.0.0"]);
    let client = |close: &str| {
        format!("package d\n\ntype Client struct{{}}\n\nfunc New() *Client {{ return nil }}\n\n{close}")
    };
    let close = "func (c *Client) Close() error { return nil }\n";
    write("example.com/d@v1.0.0/go.mod", "module example.com/d\n");
    write("example.com/d@v1.0.0/d.go", &client(""));
    assert_eq!(made(&["example.com/m@v1.0.0"]), alone);
    write("example.com/d@v1.5.0/go.mod", "module example.com/d\n");
    write("example.com/d@v1.5.0/d.go", &client(close));
    let newest = made(&["example.com/m@v1.0.0", "example.com/d@v1.5.0"]);
    assert!(newest.contains("example.com/d\t-\t. v1.5.0"), "{newest}");
}

/// A small index, as if it had been made.
const TEXT: &str = "a/b\t-\tm v1.0.0,v1.5.0,v2.0.0\n\
    \tfunc\tNew,NewOther\t*.Client,error\n\
    \tfunc\tNewThird\t*.%,error\n\
    \ttype\tClient,Other\t-\tv1.0.0..v1.5.0\n\
    \ttype\tClient,Third\tClose(context.Context)error\tv2.0.0\n\
    a/b/c\td\tm v1.0.0;.. v1.1.0\n\
    \thandles\t-\tBucket,BucketX,Items?,Record!\n\
    \tholds\tBucket,Client\t*.%Iterator,error Items;=- ID;=[]*.Bucket Others\n\
    \tholds\tClient\t*.Bucket Bucket,Open;? *\n\
    \tinterface\tClient\tStop()\n\
    a/bc\t-\tm v1.0.0\n";

fn made(path: &str, version: Option<&str>) -> Missing {
    let module = version.map(|_| Arc::from("m"));
    Missing {
        path: Arc::from(path),
        module,
        version: version.map(Arc::from),
        why: String::new(),
        from: Arc::from(Path::new("")),
    }
}

#[test]
fn every_package_is_found_and_no_other() {
    let index = Index::from_text(TEXT);
    assert_eq!(index.package_name("a/b"), Some("b"));
    assert_eq!(index.package_name("a/b/c"), Some("d"));
    assert_eq!(index.package_name("a/bc"), Some("bc"));
    for path in ["a", "a/", "a/a", "a/b/d", "a/c", ""] {
        assert_eq!(index.package_name(path), None, "{path}");
    }
}

#[test]
fn the_version_in_use_decides() {
    let index = Index::from_text(TEXT);
    let facts = |version| index.type_facts(&made("a/b", version), "Client").unwrap();
    assert_eq!(facts(Some("v1.2.0")).value.releases.len(), 0);
    assert_eq!(facts(Some("v1.2.0")).certainty, Certainty::Proved);
    assert_eq!(facts(Some("v1.7.0")).value.releases.len(), 0);
    assert_eq!(facts(Some("v1.7.0")).certainty, Certainty::Assumed);
    let newest = facts(Some("v2.1.0"));
    assert_eq!(newest.value.releases[0].params, ["context.Context"]);
    assert_eq!(newest.certainty, Certainty::Proved, "what v2.0.0 has stays in v2");
    assert_eq!(facts(Some("v3.0.0")).certainty, Certainty::Assumed);
    assert_eq!(facts(Some("v2.1.0+incompatible")).certainty, Certainty::Assumed);
    assert_eq!(facts(Some("v2.0.0")).certainty, Certainty::Proved);
    assert_eq!(facts(None).value.releases.len(), 1);
    assert_eq!(facts(Some("v2.0.0")).words, "shipped index: m v2.0.0");
}

#[test]
fn names_share_lines_and_stand_in_types() {
    let index = Index::from_text(TEXT);
    let at = made("a/b", Some("v2.0.0"));
    let func = |name| index.func_facts(&at, name).map(|answer| answer.value);
    assert_eq!(func("NewOther").unwrap(), ["*.Client", "error"]);
    assert_eq!(func("NewThird").unwrap(), ["*.Third", "error"]);
    assert_eq!(func("Third"), None);
    assert!(index.type_facts(&at, "Other").is_some());
    assert_eq!(index.holds(&at, "Client", true), None, "the types of this package were not listed");
    assert_eq!(index.member(&at, "Client", "Open"), Some(gives(&["?"])), "nor what they give");
    assert_eq!(index.member(&at, "Attrs", "Name"), None);
}

#[test]
fn handles_and_data_are_told_apart_at_the_versions_read() {
    let index = Index::from_text(TEXT);
    let (read, above) = (made("a/b/c", Some("v1.0.0")), made("a/b/c", Some("v1.2.0")));
    assert_eq!(index.type_facts(&read, "Client").unwrap().value.releases[0].name, "Stop");
    assert!(index.type_facts(&read, "Client").unwrap().value.interface);
    let of_module_above = Missing { module: Some(Arc::from("a/b")), ..made("a/b/c", Some("v1.1.0")) };
    for (name, own, others) in [
        ("Client", Some(Holds::Yes), Some(Holds::Yes)),
        ("Bucket", Some(Holds::Yes), Some(Holds::Yes)),
        ("Items", Some(Holds::Maybe), Some(Holds::Maybe)),
        ("Record", Some(Holds::No), Some(Holds::Maybe)),
        ("Attrs", Some(Holds::No), Some(Holds::No)),
    ] {
        assert_eq!(
            (index.holds(&read, name, true), index.holds(&read, name, false)),
            (own, others),
            "{name}"
        );
    }
    assert_eq!(index.holds(&of_module_above, "Attrs", true), Some(Holds::No));
    assert_eq!(index.holds(&above, "Attrs", true), None, "it may have come later, as a handle");
    assert_eq!(index.holds(&above, "Bucket", true), Some(Holds::Yes));
    assert_eq!(index.member(&read, "Bucket", "Items"), Some(gives(&["*.ItemsIterator", "error"])));
    assert_eq!(index.member(&read, "Client", "Open"), Some(gives(&["*.Bucket"])));
    assert_eq!(
        index.member(&read, "Bucket", "Others"),
        Some(IndexedMember { field: true, ..gives(&["[]*.Bucket"]) })
    );
    assert_eq!(index.member(&read, "Bucket", "ID"), Some(IndexedMember { field: true, ..DATA }));
    assert_eq!(index.member(&read, "Bucket", "Attrs"), Some(DATA));
    assert_eq!(index.member(&above, "Bucket", "Attrs"), Some(gives(&["?"])));
    assert_eq!(
        index.member(&read, "Client", "Attrs"),
        Some(gives(&["?"])),
        "it embeds what could not be read"
    );
    assert_eq!(index.member(&read, "Record", "Of"), None);
}

#[test]
fn another_major_version_is_assumed() {
    let text = "a.b/c\t-\t. v1.0.0\n\tfunc\tNew\t*.Client\na.b/c/v3/d\tx\ta.b/c/v3 v3.1.0\n\
                \tfunc\tNew\t*.Client\n\tvar\tDefault\t*.Client\n\
         a.b/c/v5/d\tx\ta.b/c/v5 v5.1.0\n\tfunc\tNew\t*.Client\na.b/c/values\t-\t.. v1.0.0\n";
    let index = Index::from_text(text);
    let at = |path, module, version| {
        let answer = index.func_facts(&missing(path, module, version), "New");
        answer.map(|answer| (answer.words, answer.certainty))
    };
    let assumed = |words: &str| Some((format!("shipped index: {words}"), Certainty::Assumed));
    assert_eq!(at("a.b/c/v4/d", "a.b/c/v4", "v4.0.0"), assumed("a.b/c/v3 v3.1.0"));
    assert_eq!(at("a.b/c/v9/d", "", ""), assumed("a.b/c/v5 v5.1.0"));
    assert_eq!(at("a.b/c/d", "a.b/c", "v1.0.0"), assumed("a.b/c/v3 v3.1.0"));
    assert_eq!(at("a.b/c/v2", "a.b/c/v2", "v2.0.0"), assumed("a.b/c v1.0.0"));
    assert_eq!(at("a.b/c/v2/e", "a.b/c/v2", "v2.0.0"), None);
    assert_eq!(index.package_name("a.b/c/v4/d"), Some("x"));
    assert_eq!(index.var_type(&missing("a.b/c/v3/d", "", ""), "Default"), Some("*.Client"));
}

#[test]
fn what_gives_something_to_release_is_told_of_plain_types_and_variables_too() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("m@v1.0.0");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("go.mod"), "module example.com/m\n").unwrap();
    let text = "package m\n\ntype Conn struct{ x func() error }\n\nfunc (c *Conn) Close() error { return \
                c.x() }\n\n\
         type Dialer struct{ Name string }\n\nfunc (d *Dialer) Dial() (*Conn, error) { return nil, nil }\n\n\
         func (d *Dialer) Title() string { return d.Name }\n\ntype Plain struct{ Name string }\n\n\
         var DefaultDialer = &Dialer{}\n\nvar DefaultPlain = &Plain{}\n\nconst Limit = 3\n\nfunc Dial() \
         (*Conn, error) { return nil, nil }\n";
    std::fs::write(dir.join("a.go"), text).unwrap();
    let (facts, _) = build(&[dir], &crate::go::types::database::tests::locator);
    let text: &'static str = facts.render().leak();
    assert_eq!(
        text,
        "example.com/m\t-\t. v1.0.0\n\
         \tfunc\tDial\t*.Conn,error\n\
         \thandles\t-\t-\n\
         \tholds\tDialer\t*.Conn,error Dial\n\
         \ttype\tConn\tClose()error\n\
         \tvar\tDefaultDialer\t*.Dialer\n"
    );
    let (index, at) = (Index::from_text(text), missing("example.com/m", "example.com/m", "v1.0.0"));
    assert_eq!(index.member(&at, "Dialer", "Dial"), Some(gives(&["*.Conn", "error"])));
    assert_eq!(index.member(&at, "Dialer", "Title"), None);
    assert_eq!(index.holds(&at, "Dialer", true), Some(Holds::No));
}
