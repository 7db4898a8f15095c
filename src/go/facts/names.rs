//! What the names of well-known functions and types say (`names.toml`), and the words of which other names
//! are made (`words.toml`). How sure such a fact is, and whether it can stand for a proof, is for who asks.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;

/// Facts about functions and methods. A method is asked for by `Type.Method`, or by its last name alone where
/// its receiver's type is not known.
pub fn functions() -> &'static Functions {
    &NAMES.functions
}

/// The types that a function gives whose package is neither read nor in the index, as the index spells them.
pub fn given_by(package: &str, name: &str) -> Option<&'static [Box<str>]> {
    let rows = NAMES.gives.0.iter().filter(|row| &*row.name == name && row.packages.covers(package));
    rows.map(|row| &*row.types).next()
}

/// Facts about declared types.
pub fn types() -> &'static Types {
    &NAMES.types
}

/// Facts about package variables.
pub fn variables() -> &'static Variables {
    &NAMES.variables
}

/// What functions get that answer requests.
pub fn handlers() -> &'static [Handler] {
    &NAMES.handlers
}

/// Whether nothing in a package that does not import such a path answers requests.
pub fn may_serve_requests(import: &str) -> bool {
    NAMES.packages.services.covers(import) || handlers().iter().any(|handler| handler.imports.covers(import))
}

/// Words of which names are made.
pub fn words() -> &'static WordLists {
    &WORDS
}

static NAMES: LazyLock<Names> = LazyLock::new(|| shipped(include_str!("names.toml")));
static WORDS: LazyLock<WordLists> = LazyLock::new(|| shipped(include_str!("words.toml")));

/// The data is part of the program, and a test reads it.
fn shipped<T: for<'a> Deserialize<'a>>(text: &str) -> T {
    toml::from_str(text).expect("the facts that are compiled in can be read")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Names {
    functions: Functions,
    gives: Given,
    types: Types,
    variables: Variables,
    packages: Packages,
    handlers: Vec<Handler>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Functions {
    /// The process is over: `os.Exit`.
    pub exits: NameSet,
    /// The goroutine is over, and what it has deferred runs: `runtime.Goexit`, `t.Fatal`.
    pub panics: NameSet,
    /// Assertions that end the test when the error given to them is not nil.
    pub asserts_no_error: NameSet,
    /// Assertions that say whether the error given to them is nil, and let the test go on.
    pub tells_no_error: NameSet,
    /// Assertions after which there is an error: what was made with it is nothing.
    pub asserts_error: NameSet,
    /// Assertions that want what they are given to be nil.
    pub asserts_nil: NameSet,
    /// Makes a test of the function that it is given: `It("counts", func() { … })`.
    pub specs: NameSet,
    /// Only looks at its arguments, as far as its name tells; no proof.
    pub only_looks: NameSet,
    /// Reads what it gets, and leaves it to who has it, as far as its name tells; no proof.
    pub reads: NameSet,
    /// Makes something that reads what it gets, as far as its name tells; no proof.
    pub makes_reader: NameSet,
    /// Is over at once and waits for nobody.
    pub quick: NameSet,
    /// Works on the text that it gets, and asks nobody for anything.
    pub of_text: NameSet,
    /// Tells which goroutines there are, or how many.
    pub counts_goroutines: NameSet,
    /// Calls the function that it gets, and is done with it on return.
    pub runs_now: NameSet,
    /// Calls the function that it gets when the surrounding scope ends.
    pub runs_at_end: NameSet,
    /// Calls the function that it gets in a goroutine that a `Wait` on the same value waits for.
    pub runs_in_group: NameSet,
    /// Has what it is called on used until a `Wait` of that.
    pub runs_until_wait: NameSet,
    /// Calls the function that it gets some time later.
    pub runs_later: NameSet,
    /// Calls the function that it gets in a goroutine of its own, once a time is over.
    pub runs_by_clock: NameSet,
    /// Calls the function that it gets the first time only.
    pub runs_once: NameSet,
    /// Gives back the function that it gets, to be called once.
    pub gives_back: NameSet,
    /// Puts its arguments into something that outlives the call.
    pub stores: NameSet,
    /// Hands a text that it gets to what outlives the call: the environment, a file, another process.
    pub takes_out: NameSet,
    /// Does nothing for a time.
    pub sleeps: NameSet,
    /// Writes what it gets to its first argument.
    pub writes_to: NameSet,
    /// Reads its first argument into those behind it.
    pub fills: NameSet,
    /// Opens what [`Types::opened_later`] names.
    pub opens_later: NameSet,
    /// Gives both ends of one thing.
    pub makes_ends: NameSet,
    /// Takes the listener that it gets, and closes it when it is done.
    pub takes_listener: NameSet,
    /// Reads the answer to a request to its end, and closes it.
    pub reads_to_end: NameSet,
    /// The process serves from here on until it ends.
    pub serves: NameSet,
    /// Makes something new which its caller releases, though its name does not say so.
    pub makes: NameSet,
    /// Gives a context which nobody ever cancels.
    pub root_contexts: NameSet,
    /// Gives a context that does not end with the one it gets.
    pub detaches: NameSet,
    /// Gives a context and the function that cancels it, and nothing else but its parent does.
    pub cancellable: NameSet,
    /// Makes a condition that nobody else has.
    pub makes_condition: NameSet,
    /// Gives a channel that nobody ever closes; a field where it is told with its type.
    pub unclosed: NameSet,
    /// Gives a context an end.
    pub ends_context: NameSet,
    /// Gives a context that is made from the one it gets.
    pub derives_context: NameSet,
    /// Has signals sent to the channel that it gets.
    pub notifies: NameSet,
    /// Gives a channel on which something comes by itself, after some time.
    pub clocks: NameSet,
    /// Sends a request which nothing ends but its answer.
    pub requests: NameSet,
    /// Has its second argument, a function, run once its first is unreachable.
    pub finalizers: NameSet,
    /// Waits for somebody else.
    pub blocks: NameSet,
    /// A release that waits until all that its receiver has lent is back: a pool's connections, a database's
    /// transactions.
    pub waits_for_lent: NameSet,
    /// A release that waits until the requests that its receiver serves are over.
    pub waits_for_requests: NameSet,
    /// Takes a file or a folder away.
    pub removes_files: NameSet,
    /// Gives the number by which the system knows its receiver: whoever has it goes on using the receiver, or
    /// holds a lock by it, though nothing of its type is seen any more.
    pub descriptors: NameSet,
    /// Changes what all of the process has.
    pub changes_process: NameSet,
    /// Ends another process.
    pub ends_process: NameSet,
    /// Has somebody listen at an address.
    pub listens: NameSet,
    /// Gives memory of its receiver, by its results or to a function that it calls, which is good for no
    /// longer than that: a page of a mapped file.
    pub lends_memory: NameSet,
    /// Gives the memory of what it gets, or something that reads it; of the functions that keep nothing.
    pub hands_on_memory: NameSet,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Types {
    /// `Wait` waits until there were as many `Done` as `Add` has counted.
    pub counters: NameSet,
    /// `Wait` waits until somebody calls `Signal` or `Broadcast`.
    pub conditions: NameSet,
    /// `Wait` waits until the process has ended.
    pub processes: NameSet,
    /// What a test gets.
    pub tests: NameSet,
    /// What is in a struct whose methods only record that they are called.
    pub mocks: NameSet,
    /// What makes HTTP requests, and has no `Close` as a rule.
    pub transports: NameSet,
    /// Commands of a command line, whose functions the process runs once.
    pub commands: NameSet,
    /// Whose `Context` ends with a request.
    pub requests: NameSet,
    /// Functions that cancel a context.
    pub cancels: NameSet,
    pub times: NameSet,
    /// Data throughout, whatever its fields.
    pub data: NameSet,
    /// Data, or what holds nothing of the program's.
    pub holds_nothing: NameSet,
    /// Holds nothing until a method opens it.
    pub opened_later: NameSet,
    /// Is an answer to a request, with a body.
    pub responses: NameSet,
    /// Is a file, which others see as well.
    pub files: NameSet,
    /// Tells what a file is, and holds nothing of one of the standard library's.
    pub about_files: NameSet,
    /// Holds what it is given, of any type.
    pub holds_anything: NameSet,
    /// A connection, or a way to make one, whatever its methods.
    pub live: NameSet,
    /// Connections around which generated code makes stubs: `NewHealthClient(conn)`.
    pub stub_connections: NameSet,
    /// What comes out of something whose release waits, and is not waited for.
    pub not_waited_for: NameSet,
    /// Memory of what it was read from, which is somebody else's once that is released: `sql.RawBytes`.
    pub lent_memory: NameSet,
    /// What hands out the connection that it reads answers from.
    pub gives_away: NameSet,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variables {
    /// Clients whose requests nothing ends but their answer, or the context of a request.
    pub endless_clients: NameSet,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Packages {
    services: Paths,
}

/// What a function gets that answers a request of a framework.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handler {
    imports: Paths,
    of: Option<Paths>,
    gets: Words,
    #[serde(default)]
    alone: bool,
    text: Option<Box<str>>,
}

impl Handler {
    /// The names of the types that it gets, all of them; `*` is any.
    pub fn gets(&self) -> impl Iterator<Item = &str> {
        self.gets.iter()
    }

    /// Whether its types are declared in the package.
    pub fn is_of(&self, package: &str) -> bool {
        self.of.as_ref().unwrap_or(&self.imports).covers(package)
    }

    /// Whether it gets nothing else.
    pub fn is_alone(&self) -> bool {
        self.alone
    }

    /// A word that stands in the text of each.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// Whether nothing in the text of such a function need tell that it is one, where the path is imported.
    pub fn is_told_by_types(&self, import: &str) -> bool {
        self.gets.holds("*") && self.imports.covers(import)
    }
}

/// Words of which names are made. What each is for stands in `words.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WordLists {
    pub opens: Words,
    pub opens_itself: Words,
    pub shares: Words,
    pub keeps: Words,
    pub shares_within: Words,
    pub gets: Words,
    pub describes: Words,
    pub makes_option: Words,
    pub release: Words,
    pub release_pairs: Words,
    pub short_times: Words,
    pub goes_through: Words,
    pub writes: Words,
    pub halves: Words,
    pub also_releases: Words,
    pub ends: Words,
    pub joins: Words,
    pub follows_release: Words,
    pub hands_on_lock: Words,
    pub hands_on_lock_within: Words,
    pub takes_lock: Words,
    pub takes_lock_within: Words,
    pub gives_back_lock: Words,
    pub for_a_session: Words,
    pub locks_of_a_session: Words,
    pub awaits: Words,
    pub tells_end: Words,
    pub flushes: Words,
    pub live: Words,
    pub live_types: Words,
    pub logs_errors: Words,
    pub logs: Words,
    pub ending: Words,
    pub aside: Words,
    pub tells: Words,
    pub subscribes: Words,
    pub fills_first: Words,
    pub undoes_start: Words,
    pub starts: Words,
    pub ends_session: Words,
    pub sets_going: Words,
    pub takes_over: Words,
    pub hands_in: Words,
    pub sends_on_stream: Words,
    pub receives: Words,
    pub forgives: Words,
    pub harmless_in_release: Words,
    pub makes_error: Words,
    pub empties: Words,
    pub changes_shared: Words,
    pub asks_server: Words,
    pub tells_address: Words,
    pub tells_path: Words,
    pub listens_at: Words,
    pub answers: Words,
    pub gives_back: Words,
    pub reads_row: Words,
    pub checkers: Checkers,
    pub expectation: Expectation,
    pub refusals: Vec<Refusal>,
}

/// What checkers want of the error that they are given after: `c.Assert(err, IsNil)`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkers {
    pub error: Words,
    pub no_error: Words,
}

/// How Gomega's expectations are written: `Expect(err).NotTo(HaveOccurred())`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    pub subject: Words,
    pub subject_second: Words,
    pub holds: Words,
    pub fails: Words,
    pub is_error: Words,
    pub matches_error: Words,
    pub no_error: Words,
}

/// Which result of what stores its argument says that it did not take it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    pub name: Box<str>,
    pub result: usize,
    pub is: bool,
}

/// Words, in the order in which they are written.
#[derive(Deserialize)]
#[serde(from = "String")]
pub struct Words {
    all: Vec<Box<str>>,
    set: FxHashSet<Box<str>>,
}

impl From<String> for Words {
    fn from(text: String) -> Words {
        let all: Vec<Box<str>> = text.split_whitespace().map(Box::from).collect();
        Words { set: all.iter().cloned().collect(), all }
    }
}

impl Words {
    pub fn holds(&self, word: &str) -> bool {
        self.set.contains(word)
    }

    /// Whether it is one of them, whether exported or not: `close`, `Close`.
    pub fn holds_any_case(&self, word: &str) -> bool {
        let lower = word.starts_with(|first: char| first.is_ascii_lowercase());
        self.holds(word) || lower && self.holds(&format!("{}{}", word[..1].to_ascii_uppercase(), &word[1..]))
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|word| &**word)
    }

    /// Whether one of them is the beginning of `name`.
    pub fn begin(&self, name: &str) -> bool {
        self.iter().any(|word| name.starts_with(word))
    }

    /// Whether one of them stands somewhere in `name`.
    pub fn are_within(&self, name: &str) -> bool {
        self.iter().any(|word| name.contains(word))
    }

    /// Whether one of them is the first word of `name`, exported or not: `Open` of `openAll`.
    pub fn are_first_of(&self, name: &str) -> bool {
        self.iter().any(|word| is_first_word(name, word))
    }
}

fn is_first_word(name: &str, word: &str) -> bool {
    let (first, rest) = word.split_at(1);
    let lower = || name.strip_prefix(&first.to_ascii_lowercase()).is_some_and(|name| name.starts_with(rest));
    let whole = name.as_bytes().get(word.len()).is_none_or(|byte| !byte.is_ascii_lowercase());
    whole && (name.starts_with(word) || lower())
}

/// Import paths, `...` in them standing for any text.
#[derive(Deserialize, Clone)]
#[serde(from = "String")]
struct Paths(Vec<Box<str>>);

impl From<String> for Paths {
    fn from(text: String) -> Paths {
        Paths(text.split_whitespace().map(Box::from).collect())
    }
}

impl Paths {
    fn covers(&self, path: &str) -> bool {
        self.0.iter().any(|pattern| is_like(path, pattern))
    }
}

/// `...` in the pattern stands for any text.
fn is_like(path: &str, pattern: &str) -> bool {
    let Some((start, rest)) = pattern.split_once("...") else { return path == pattern };
    let Some(mut path) = path.strip_prefix(start) else { return false };
    let (between, end) = rest.rsplit_once("...").map_or((None, rest), |(between, end)| (Some(between), end));
    for part in between.into_iter().flat_map(|between| between.split("...")) {
        let Some(at) = path.find(part) else { return false };
        path = &path[at + part.len()..];
    }
    path.ends_with(end)
}

/// What functions give: `WithContext=*.Group,context.Context`.
#[derive(Deserialize)]
#[serde(from = "BTreeMap<String, String>")]
struct Given(Vec<GivenRow>);

struct GivenRow {
    packages: Paths,
    name: Box<str>,
    types: Box<[Box<str>]>,
}

impl From<BTreeMap<String, String>> for Given {
    fn from(rows: BTreeMap<String, String>) -> Given {
        let mut all = Vec::new();
        for (packages, facts) in rows {
            let packages = Paths::from(packages);
            for (name, types) in facts.split_whitespace().filter_map(|fact| fact.split_once('=')) {
                let types = types.split(',').map(Box::from).collect();
                all.push(GivenRow { packages: packages.clone(), name: name.into(), types });
            }
        }
        Given(all)
    }
}

/// Names, each of some packages.
#[derive(Deserialize)]
#[serde(from = "BTreeMap<String, String>")]
pub struct NameSet {
    /// By the last name; those that end in `*` are told apart.
    named: FxHashMap<Box<str>, Vec<Row>>,
    beginning: Vec<(Box<str>, Row)>,
}

struct Row {
    packages: Paths,
    /// The receiver's type, where the fact is about methods of it alone.
    receiver: Option<Box<str>>,
    /// How the names begin that it is not about.
    except: Vec<Box<str>>,
}

impl From<BTreeMap<String, String>> for NameSet {
    fn from(rows: BTreeMap<String, String>) -> NameSet {
        let mut set = NameSet { named: FxHashMap::default(), beginning: Vec::new() };
        for (packages, names) in rows {
            let packages = Paths::from(packages);
            let except = || {
                let left_out = names.split_whitespace().filter_map(|name| name.strip_prefix('-'));
                left_out.map(|name| Box::from(name.trim_end_matches('*'))).collect()
            };
            for name in names.split_whitespace().filter(|name| !name.starts_with('-')) {
                let (receiver, last) = match name.split_once('.') {
                    Some((receiver, last)) => (Some(Box::from(receiver)), last),
                    None => (None, name),
                };
                let row = Row { packages: packages.clone(), receiver, except: except() };
                match last.strip_suffix('*') {
                    Some(start) => set.beginning.push((Box::from(start), row)),
                    None => set.named.entry(Box::from(last)).or_default().push(row),
                }
            }
        }
        set
    }
}

impl NameSet {
    /// Whether a function, a type or a method (`Type.Method`) of this package and name is in the set. A name
    /// without a type may be that of a method whose receiver is not known.
    pub fn holds(&self, package: &str, name: &str) -> bool {
        let (receiver, last) = match name.split_once('.') {
            Some((receiver, last)) => (Some(receiver), last),
            None => (None, name),
        };
        self.rows(last).any(|row| {
            let of_type = receiver.is_none_or(|ty| row.receiver.as_deref() == Some(ty));
            of_type && row.packages.covers(package)
        })
    }

    /// Whether a package may have one of this name: asked before the package is looked up.
    pub fn may_hold(&self, name: &str) -> bool {
        self.rows(name).next().is_some()
    }

    fn rows<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Row> {
        let beginning = self.beginning.iter().filter(|(start, _)| name.starts_with(&**start));
        let rows = self.named.get(name).into_iter().flatten().chain(beginning.map(|(_, row)| row));
        rows.filter(|row| !row.except.iter().any(|start| name.starts_with(&**start)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_may_have_any_text_in_them() {
        for (path, pattern) in [
            ("os", "os"),
            ("a/b", "..."),
            ("", "..."),
            ("github.com/onsi/ginkgo/v2", "github.com/onsi/ginkgo..."),
            ("github.com/stretchr/testify/require", "...testify/require"),
            ("github.com/frankban/quicktest", "...quicktest..."),
            ("a.b/x/y/z", "a.b/...y...z"),
        ] {
            assert!(is_like(path, pattern), "{path} {pattern}");
        }
        for (path, pattern) in [
            ("os/exec", "os"),
            ("github.com/onsi", "github.com/onsi/ginkgo..."),
            ("testify/require/x", "...testify/require"),
            ("a.b/z", "a.b/...y...z"),
        ] {
            assert!(!is_like(path, pattern), "{path} {pattern}");
        }
    }

    #[test]
    fn names_are_found_by_package_receiver_and_beginning() {
        let of = functions();
        assert!(of.exits.holds("os", "Exit") && !of.exits.holds("example.com/os", "Exit"));
        assert!(of.exits.holds("", "Fatalf") && of.exits.may_hold("Exitln") && !of.exits.may_hold("Close"));
        assert!(of.runs_in_group.holds("golang.org/x/sync/errgroup", "Group.Go"));
        assert!(of.runs_in_group.holds("golang.org/x/sync/errgroup", "Go"));
        assert!(!of.runs_in_group.holds("golang.org/x/sync/errgroup", "Pool.Go"));
        assert!(of.requests.holds("net/http", "Client.Get") && of.requests.holds("net/http", "Get"));
        assert!(!of.requests.holds("net/http", "Client.Do") && !of.requests.holds("net/http", "Header.Get"));
        assert!(of.finalizers.holds("runtime", "AddCleanup") && of.blocks.holds("net", "Conn.Read"));
        assert!(of.only_looks.holds("fmt", "Println") && !of.only_looks.holds("log/slog", "SetDefault"));
        assert!(!of.only_looks.holds("encoding/json", "NewEncoder"));
        assert!(of.ends_context.holds("context", "WithTimeoutCause"));
        assert!(!of.ends_context.holds("context", "WithValue"));
        assert!(types().holds_nothing.holds("sync", "Once") && !types().holds_nothing.holds("sync", "Map"));
        assert!(types().tests.holds("testing", "TB") && !types().tests.holds("testing", "M"));
        let given = given_by("golang.org/x/sync/errgroup", "WithContext").unwrap();
        assert_eq!(given.iter().map(|ty| &**ty).collect::<Vec<_>>(), ["*.Group", "context.Context"]);
        assert!(given_by("golang.org/x/sync/semaphore", "WithContext").is_none());
        assert!(may_serve_requests("google.golang.org/grpc/status") && !may_serve_requests("net/url"));
    }

    #[test]
    fn the_first_word_of_a_name_is_a_whole_one() {
        let opens = &words().opens;
        assert!(opens.are_first_of("Open") && opens.are_first_of("openAll") && opens.are_first_of("NewX"));
        assert!(!opens.are_first_of("Opener") && !opens.are_first_of("Reopen") && !opens.are_first_of(""));
    }
}
