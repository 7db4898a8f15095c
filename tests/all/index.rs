//! The shipped index against what it was made from: a sample of the modules in `data/modules.txt`, where they
//! lie in a module cache.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use libtest_mimic::{Completion, Trial};
use unleak::base::diagnostic::Closable;
use unleak::go::index::reader::Index;
use unleak::go::project::locate::{Environment, Locator};
use unleak::go::types::closable::common_methods;
use unleak::go::types::database::{Database, exported};
use unleak::go::types::resolve::{Resolution, resolve};

use crate::support::{needs_go, repository, tests, write};

/// The tests of this module.
pub fn tests() -> Vec<Trial> {
    tests![
        the_list_of_modules_is_sorted_and_names_each_once,
        a_sample_says_what_the_source_says,
        the_index_knows_the_constructors_that_leak_most,
    ]
}

/// Of the modules every so manieth is looked at.
const EVERY: usize = 23;

/// How many packages of one module are looked at.
const MAX_PACKAGES: usize = 12;

/// The modules in the list, with their versions.
fn modules() -> Vec<(String, String)> {
    let text = std::fs::read_to_string(repository().join("data/modules.txt")).expect("the list is there");
    let split =
        |line: &str| line.split_once('@').map(|(module, version)| (module.to_string(), version.to_string()));
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| split(line).expect("MODULE@VERSION"))
        .collect()
}

/// The packages that the index has of a module.
fn packages(text: &'static str, module: &str) -> Vec<&'static str> {
    let paths =
        text.lines().filter(|line| !line.starts_with('\t')).filter_map(|line| line.split('\t').next());
    paths
        .filter(|path| {
            path.strip_prefix(module).is_some_and(|below| below.is_empty() || below.starts_with('/'))
        })
        .collect()
}

fn the_list_of_modules_is_sorted_and_names_each_once() {
    let text = std::fs::read_to_string(repository().join("data/modules.txt")).expect("the list is there");
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(lines.is_sorted_by(|a, b| a < b));
}

fn a_sample_says_what_the_source_says() -> Completion {
    needs_go(hold_sample)
}

fn hold_sample() {
    let output = Command::new("go").args(["env", "GOMODCACHE"]).output().expect("go runs");
    let cache = String::from_utf8_lossy(&output.stdout).trim().to_string();
    let text: &'static str = include_str!("../../data/index.txt");
    // Of one module one version: a go.mod requires but one.
    let sample: BTreeMap<String, String> = modules().into_iter().step_by(EVERY).collect();
    let there: Vec<_> =
        sample.iter().filter(|(module, version)| lies_in(Path::new(&cache), module, version)).collect();
    if there.is_empty() {
        eprintln!("skipped: no modules");
        return;
    }
    let tree = tempfile::tempdir().expect("there is room");
    let requires: String =
        there.iter().map(|(module, version)| format!("require {module} {version}\n")).collect();
    write(tree.path(), "go.mod", format!("module example.com/m\n\ngo 1.24\n\n{requires}"));
    let database = |outside| {
        let environment = Environment { outside, ..Environment::detect() };
        Database::new(Locator::new(environment).with_main(tree.path()), tree.path())
    };
    let (source, indexed) = (database(true), database(false));
    let mut compared = 0;
    for (module, _) in &there {
        for path in packages(text, module).into_iter().take(MAX_PACKAGES) {
            // The package may be that of another version only.
            let Ok(package) = source.import_from(tree.path(), path) else { continue };
            for name in package.func_names().into_iter().filter(|name| exported(name)) {
                compared += compare(&source, &indexed, tree.path(), &format!("{path}.{name}"));
            }
        }
    }
    println!("{} of {} modules are there, {compared} functions compared", there.len(), sample.len());
    assert!(compared > there.len(), "{compared} functions of {} modules", there.len());
}

/// How many functions were compared: one, or none where the source says nothing sure.
fn compare(source: &Database, indexed: &Database, from: &Path, asked: &str) -> usize {
    let methods = common_methods();
    let Ok(truth) = resolve(source, from, asked, &methods) else { return 0 };
    let Some(truth) = release_of(&truth) else { return 0 };
    match resolve(indexed, from, asked, &methods) {
        Ok(said) => {
            let said = release_of(&said);
            // An answer that nobody knows is none.
            assert!(
                said.is_none() || said == Some(truth.clone()),
                "{asked}: the source says {truth:?}, the index {said:?}"
            );
            usize::from(said.is_some())
        }
        Err(why) => {
            assert!(truth.is_empty(), "{asked} gives something that is released by {truth:?}: {why}");
            0
        }
    }
}

/// What releases the results; `None` when one of them is not known.
fn release_of(resolution: &Resolution) -> Option<Vec<Arc<str>>> {
    let mut found = Vec::new();
    for answer in &resolution.answers {
        match &answer.closable {
            Closable::By(release) => found.push(Arc::from(release.method.as_str())),
            Closable::Nothing(_) => {}
            Closable::Unknown(_) => return None,
        }
    }
    Some(found)
}

/// Whether a module cache has the module, `!a` for `A` in its path.
fn lies_in(cache: &Path, module: &str, version: &str) -> bool {
    let escaped = |text: &str| {
        let mut out = String::new();
        for letter in text.chars() {
            if letter.is_ascii_uppercase() {
                out.push('!');
            }
            out.push(letter.to_ascii_lowercase());
        }
        out
    };
    cache.join(format!("{}@{}", escaped(module), escaped(version))).is_dir()
}

fn the_index_knows_the_constructors_that_leak_most() {
    let tree = tempfile::tempdir().expect("there is room");
    write(tree.path(), "go.mod", "module example.com/m\n\ngo 1.24\n");
    let database =
        Database::new(Locator::new(Environment { outside: false, ..Environment::default() }), tree.path());
    assert!(Index::shipped().size().1 < 1_500_000);
    for (asked, release) in [
        ("google.golang.org/grpc.Dial", "Close"),
        ("google.golang.org/grpc.NewClient", "Close"),
        ("github.com/nats-io/nats.go.Connect", "Close"),
        ("go.etcd.io/etcd/client/v3.New", "Close"),
        ("github.com/rabbitmq/amqp091-go.Dial", "Close"),
        ("github.com/streadway/amqp.DialTLS", "Close"),
        ("database/sql.Open", "Close"),
        ("net.Dial", "Close"),
        ("github.com/redis/go-redis/v9.NewClient", "Close"),
        ("github.com/segmentio/kafka-go.NewReader", "Close"),
        ("github.com/segmentio/kafka-go.DialLeader", "Close"),
        ("github.com/IBM/sarama.NewConsumerGroup", "Close"),
        ("github.com/pkg/sftp.NewClient", "Close"),
        ("golang.org/x/crypto/ssh.Dial", "Close"),
        ("go.etcd.io/bbolt.Open", "Close"),
        ("github.com/dgraph-io/badger/v4.Open", "Close"),
        ("github.com/jackc/pgx/v5.Connect", "Close"),
        ("github.com/jackc/pgx/v5/pgxpool.New", "Close"),
        ("go.mongodb.org/mongo-driver/mongo.Connect", "Disconnect"),
        ("go.temporal.io/sdk/client.Dial", "Close"),
        ("github.com/fsnotify/fsnotify.NewWatcher", "Close"),
        ("github.com/gomodule/redigo/redis.Dial", "Close"),
        ("github.com/go-ldap/ldap/v3.DialURL", "Close"),
        ("github.com/containerd/containerd.New", "Close"),
    ] {
        let found = resolve(&database, tree.path(), asked, &common_methods()).map(|found| release_of(&found));
        assert_eq!(
            found.as_ref().ok().and_then(|found| found.as_deref()),
            Some(&[Arc::from(release)][..]),
            "{asked}: {found:?}"
        );
    }
}
