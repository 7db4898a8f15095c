//! The shipped facts as a whole, and facts made from small modules.

use std::path::Path;
use std::sync::Arc;

use crate::base::finding::Certainty;
use crate::golang::index::build::build;
use crate::golang::index::{Answer, Index, TypeFacts};
use crate::golang::types::Missing;

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
    assert!(text.len() < 1_000_000, "{} bytes", text.len());
    let mut before = "";
    for line in text.lines() {
        assert!(before < line, "{line}");
        before = line;
        let parts: Vec<&str> = line.split('\t').collect();
        assert!(matches!(parts.len(), 4 | 5) && parts.iter().all(|part| !part.is_empty()), "{line}");
        assert!(matches!(parts[1], "package" | "func" | "type" | "interface" | "holds"), "{line}");
    }
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
    assert!(client.value.holds.contains(&("Bucket", true)));
    let mongo = shipped("go.mongodb.org/mongo-driver/mongo", "go.mongodb.org/mongo-driver", "v1.16.0", "Client").unwrap();
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
    for (version, close) in [("v1.0.0", ""), ("v1.9.0", "func (c *Client) Close() error { return c.x() }\n")] {
        write(&format!("m@{version}/go.mod"), "module example.com/m\n");
        let text = "package m\n\ntype Client struct{ x func() error }\n\ntype Handle struct{ c *Client }\n\nfunc NewClient() (*Client, error) { return nil, nil }\n\n\
             func (c *Client) Handle() *Handle { return nil }\n\nfunc (c *Client) Name() string { return \"\" }\n";
        write(&format!("m@{version}/a.go"), &format!("{text}{close}"));
        write(&format!("m@{version}/internal/b.go"), "package b\n\nfunc NewClient() int { return 0 }\n");
    }
    let dirs = [root.path().join("m@v1.0.0"), root.path().join("m@v1.9.0"), root.path().join("gone")];
    let (facts, complaints) = build(&dirs, &crate::golang::world::tests::locator);
    assert_eq!(complaints.len(), 1);
    assert_eq!(
        facts.render(),
        "example.com/m\tfunc\tNewClient\t*.Client,error\n\
         example.com/m\tholds\tClient\tHandle\n\
         example.com/m\tpackage\tm\texample.com/m v1.0.0,v1.9.0\n\
         example.com/m\ttype\tClient\t-\tv1.0.0\n\
         example.com/m\ttype\tClient\tClose()error\tv1.9.0\n"
    );
}

/// A small index, as if it had been made.
const TEXT: &str = "a/b\tpackage\tb\tm v1.0.0,v1.5.0,v2.0.0\n\
    a/b\tfunc\tNew\t*.Client,error\n\
    a/b\ttype\tClient\t-\tv1.0.0..v1.5.0\n\
    a/b\ttype\tClient\tClose(context.Context)error\tv2.0.0\n\
    a/b/c\tholds\tClient\tBucket,Items?\n\
    a/b/c\tinterface\tClient\tStop()\n\
    a/b/c\tpackage\tc\tm v1.0.0\n\
    a/bc\tpackage\tbc\tm v1.0.0\n";

fn made(path: &str, version: Option<&str>) -> Missing {
    let module = version.map(|_| Arc::from("m"));
    Missing { path: Arc::from(path), module, version: version.map(Arc::from), why: String::new(), from: Arc::from(Path::new("")) }
}

#[test]
fn every_package_is_found_and_no_other() {
    let index = Index::from_text(TEXT);
    assert_eq!(index.package_name("a/b"), Some("b"));
    assert_eq!(index.package_name("a/b/c"), Some("c"));
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
    assert_eq!(newest.certainty, Certainty::Assumed);
    assert_eq!(facts(Some("v2.0.0")).certainty, Certainty::Proved);
    assert_eq!(facts(None).value.releases.len(), 1);
    assert_eq!(facts(Some("v2.0.0")).words, "shipped index: m v2.0.0");
}

#[test]
fn holds_and_interfaces_are_read() {
    let index = Index::from_text(TEXT);
    let facts = index.type_facts(&made("a/b/c", Some("v1.0.0")), "Client").unwrap();
    assert!(facts.value.interface);
    assert_eq!(facts.value.holds, [("Bucket", true), ("Items", false)]);
    assert_eq!(facts.value.releases[0].name, "Stop");
}
