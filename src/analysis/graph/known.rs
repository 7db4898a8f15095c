//! What is known of calls that every Go program makes, where reading the source would say less: calls that
//! never return, the test frameworks' assertions, the standard library's functions that only look at what
//! they get.

use crate::analysis::graph::control_flow::Ending;
use crate::go::syntax::ast::{Call, Expr, ExprKind};

/// A callee by its import path and name; methods by the path of the package that declares them.
#[derive(Debug, Clone, Copy)]
pub struct Name<'a> {
    pub package: &'a str,
    pub name: &'a str,
}

/// The methods of loggers by which errors are logged.
pub const LOGGING_METHODS: [&str; 13] = [
    "WithError",
    "Error",
    "Errorf",
    "Errorw",
    "Errorln",
    "Warn",
    "Warnf",
    "Warnw",
    "Warning",
    "Warningf",
    "Print",
    "Printf",
    "Println",
];

/// Whether a call of this name never returns. Loggers are many and agree on the name, so the package counts
/// for little.
pub fn ending(callee: Name, in_test: bool) -> Option<Ending> {
    let Name { package, name } = callee;
    let logs_and_dies = ["Fatal", "Fatalf", "Fatalln", "Fatalw", "FatalDepth", "Fatalv"].contains(&name);
    match name {
        _ if logs_and_dies && (in_test || package == "testing") => Some(Ending::Panic),
        _ if logs_and_dies => Some(Ending::Exit),
        "Panic" | "Panicf" | "Panicln" | "Panicw" if !package.is_empty() => Some(Ending::Panic),
        "FailNow" | "SkipNow" | "Skip" | "Skipf" if in_test || package == "testing" => Some(Ending::Panic),
        "Fail" | "Skip" | "AbortSuite" if package.starts_with("github.com/onsi/ginkgo") => {
            Some(Ending::Panic)
        }
        "Goexit" if package == "runtime" => Some(Ending::Panic),
        "Exit" | "Exitf" | "Exitln" if is_exiting(package) => Some(Ending::Exit),
        _ => None,
    }
}

fn is_exiting(package: &str) -> bool {
    ["os", "syscall", "github.com/golang/glog", "k8s.io/klog", "k8s.io/klog/v2", "github.com/sirupsen/logrus"]
        .contains(&package)
}

/// Whether an assertion of this name ends the test when the error given to it is not nil.
pub fn asserts_no_error(callee: Name) -> bool {
    let Name { package, name } = callee;
    let stem = name.strip_suffix('f').unwrap_or(name);
    if package.ends_with("testify/require") {
        return ["NoError", "Nil"].contains(&stem);
    }
    if package.starts_with("gotest.tools") {
        return ["NilError", "Assert", "Check"].contains(&name) && name != "Check";
    }
    if package.ends_with("go-quicktest/qt")
        || package.ends_with("frankban/quicktest")
        || package.starts_with("gopkg.in/check.v1")
    {
        return name == "Assert";
    }
    false
}

/// Whether an assertion of this name ends the test when the error given to it is nil.
pub fn asserts_error(callee: Name) -> bool {
    let Name { package, name } = callee;
    let stem = name.strip_suffix('f').unwrap_or(name);
    // `assert` goes on, yet where the error is asked for, there is nothing that was made.
    if package.ends_with("testify/require") || package.ends_with("testify/assert") {
        return ["Error", "ErrorIs", "ErrorAs", "ErrorContains", "EqualError", "NotNil"].contains(&stem);
    }
    package.starts_with("gotest.tools") && ["ErrorIs", "ErrorContains", "Error"].contains(&name)
}

/// What a Gomega expectation, which ends the test where it does not hold, asks of an error: the error, and
/// whether it wants there to be one. `Expect(err).NotTo(HaveOccurred())`
pub fn expectation(call: &Call) -> Option<(&Expr, bool)> {
    let ExprKind::Selector { operand, field } = &call.function.unparen().kind else { return None };
    let holds = match &*field.name {
        "To" | "Should" => true,
        "NotTo" | "ToNot" | "ShouldNot" => false,
        _ => return None,
    };
    let about = operand.as_call()?;
    let error = match about.name()? {
        "Expect" | "Ω" => about.args.first(),
        "ExpectWithOffset" => about.args.get(1),
        _ => None,
    };
    let wants = match call.args.first()?.as_call()?.name()? {
        "HaveOccurred" => holds,
        "BeNil" | "Succeed" => !holds,
        "MatchError" if holds => true,
        _ => return None,
    };
    Some((error?, wants))
}

/// Whether a function of this name makes something new, by the word that it begins with.
pub fn opens(name: &str) -> bool {
    ["New", "Open", "Dial", "Connect", "Listen", "Accept", "Join"]
        .iter()
        .any(|verb| is_first_word(name, verb))
}

/// Whether a method of this name may give what is there already: `Get`, `LoadOrStore`, `Find`.
pub fn gets(name: &str) -> bool {
    shares(name) || ["Value", "Find"].iter().any(|word| is_first_word(name, word))
}

/// Whether a function of this name may give what others have, too: `GetClient`, `SharedConn`.
pub fn shares(name: &str) -> bool {
    let words = ["Get", "Load", "Lookup", "Shared", "Instance", "Singleton", "Cached"];
    words.iter().any(|word| is_first_word(name, word))
        || ["OrCreate", "OrNew"].iter().any(|word| name.contains(word))
}

/// Whether a method of this name gives text or numbers: where something is, and how it is called.
pub fn describes(name: &str) -> bool {
    ["Addr", "Address", "URL", "String", "Host", "Port", "Endpoint", "Name", "Error", "ID"].contains(&name)
}

/// Whether a function of this name makes an option or credentials out of nothing: `WithBlock()`.
pub fn makes_option(name: &str) -> bool {
    ["With", "Without", "New", "No", "Make", "Insecure", "Allow", "Disable", "Enable", "Use", "Default"]
        .iter()
        .any(|word| is_first_word(name, word))
}

/// Whether a method of this name, called without more than a context, reads as if it ended what it is called
/// on: `AsyncClose`, `TearDown`, `ShutdownNow`. `CloseSend` and the like end one half of it.
pub fn reads_like_release(name: &str) -> bool {
    const WORDS: [&str; 26] = [
        "Close",
        "Stop",
        "Shutdown",
        "Release",
        "Quit",
        "Abort",
        "Teardown",
        "Cleanup",
        "Dispose",
        "Finish",
        "Halt",
        "Terminate",
        "Destroy",
        "Kill",
        "Disconnect",
        "Drain",
        "Free",
        "Exit",
        "Logout",
        "Hangup",
        "Finalize",
        "End",
        "Deinit",
        "Uninit",
        "Detach",
        "Cancel",
    ];
    const PAIRS: [(&str, &str); 5] =
        [("Shut", "Down"), ("Tear", "Down"), ("Clean", "Up"), ("Log", "Out"), ("Hang", "Up")];
    let words = camel_words(name);
    let half = words.last().is_some_and(|last| ["Send", "Write", "Read", "Recv"].contains(&last.as_str()));
    !half
        && (words.iter().any(|word| WORDS.contains(&word.as_str()))
            || words.windows(2).any(|two| PAIRS.contains(&(two[0].as_str(), two[1].as_str()))))
}

/// `asyncClose` is `Async`, `Close`.
fn camel_words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for letter in name.chars() {
        match words.last_mut() {
            Some(word) if !letter.is_uppercase() => word.push(letter),
            _ => words.push(letter.to_uppercase().collect()),
        }
    }
    words
}

fn is_first_word(name: &str, word: &str) -> bool {
    let (first, rest) = word.split_at(1);
    let lower = || name.strip_prefix(&first.to_ascii_lowercase()).is_some_and(|name| name.starts_with(rest));
    let whole = name.as_bytes().get(word.len()).is_none_or(|byte| !byte.is_ascii_lowercase());
    whole && (name.starts_with(word) || lower())
}

/// Whether a function of this name may leave a lock to its caller: `lockAll`, `acquire`.
pub fn hands_on_lock(name: &str) -> bool {
    let words = ["Lock", "Locked", "Acquire", "Unlock", "Hold", "Begin"];
    let letters = camel_words(name);
    letters.iter().any(|word| words.contains(&word.as_str()) || word == "Locks")
        || ["RLock", "TryLock"].iter().any(|word| name.contains(word))
}

/// Whether a function of this name only looks at its arguments: nothing of them stays with it.
pub fn only_looks(callee: Name) -> bool {
    let Name { package, name } = callee;
    let looks = [
        "fmt",
        "log",
        "log/slog",
        "errors",
        "strings",
        "strconv",
        "bytes",
        "reflect",
        "encoding/json",
        "encoding/xml",
        "unsafe",
        "sort",
        "slices",
        "maps",
        "io",
        "io/ioutil",
        "os",
        "math",
        "unicode/utf8",
        "path/filepath",
        "testing",
    ];
    let tests = [
        "testify/assert",
        "testify/require",
        "google/go-cmp/cmp",
        "onsi/gomega",
        "gotest.tools",
        "quicktest",
    ];
    let reads_memory = package == "sync/atomic" && (name.starts_with("Load") || name.starts_with("Add"));
    (looks.contains(&package) && !name.starts_with("Set") && !name.starts_with("New"))
        || reads_memory
        || tests.iter().any(|part| package.contains(part))
}

/// Whether a call of it makes a test of the function that it is given: `It("counts", func() { … })`.
pub fn is_spec(callee: Name) -> bool {
    callee.package.starts_with("github.com/onsi/ginkgo")
        && matches!(callee.name, "It" | "FIt" | "Specify" | "FSpecify")
}

/// What a function does with a function that it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runner {
    /// Calls it, and is done with it on return.
    Now,
    /// Calls it when the surrounding scope ends.
    AtEnd,
    /// Calls it in a goroutine that a `Wait` on the same value ends.
    Group,
    /// Calls it some time later.
    Later,
}

/// The runners whose source says it in ways that the analysis does not follow.
pub fn runner(callee: Name) -> Option<Runner> {
    let Name { package, name } = callee;
    match (package, name) {
        ("testing", "Run" | "Fuzz" | "RunParallel") => Some(Runner::Now),
        ("testing", "Cleanup") => Some(Runner::AtEnd),
        (_, "DeferCleanup") => Some(Runner::AtEnd),
        ("sync", "Do" | "Range") => Some(Runner::Now),
        ("sync", "Go") => Some(Runner::Group),
        ("sort" | "slices" | "strings" | "bytes" | "path/filepath" | "io/fs" | "maps", _) => {
            Some(Runner::Now)
        }
        ("context" | "time", "AfterFunc") | ("runtime", "SetFinalizer" | "AddCleanup") => Some(Runner::Later),
        ("net/http", "HandleFunc" | "Handle") => Some(Runner::Later),
        (
            "golang.org/x/sync/errgroup" | "github.com/sourcegraph/conc" | "github.com/sourcegraph/conc/pool",
            "Go" | "TryGo",
        ) => Some(Runner::Group),
        _ => None,
    }
}

/// Whether a function of this name gives back the function that it gets, to be called once.
pub fn gives_back(callee: Name) -> bool {
    callee.package == "sync" && ["OnceFunc", "OnceValue", "OnceValues"].contains(&callee.name)
}

/// Whether a call of this name is over at once and waits for nobody: loggers, locks that are given back,
/// cancel functions.
pub fn is_quick(callee: Name) -> bool {
    let Name { package, name } = callee;
    let logs = ["Debug", "Info", "Warn", "Warning", "Error", "Print", "Log", "Trace"];
    let stem = name.trim_end_matches("ln").trim_end_matches(['f', 'w']);
    logs.contains(&stem)
        || ["fmt", "log", "log/slog", "errors", "strings", "strconv"].contains(&package)
        || ["Unlock", "RUnlock", "cancel", "stop"].contains(&name)
}

/// Whether a method of this name may be called on what is released: it opens it again, ends it further, or
/// asks how it ended.
pub fn follows_release(name: &str) -> bool {
    let opens =
        ["Connect", "Reconnect", "Open", "Reopen", "Dial", "Reset", "Start", "Restart", "Init", "Login"];
    let asks = ["Wait", "Err", "Done", "Join", "Exit"];
    opens.iter().chain(&asks).any(|start| name.starts_with(start)) || ends(name)
}

/// Whether a method of this name ends what it is called on, whatever a rule takes for its release.
pub fn ends(name: &str) -> bool {
    also_releases(name)
        || ["Close", "Stop", "Shutdown", "Release", "Quit", "Abort"]
            .iter()
            .any(|start| name.starts_with(start))
}

/// Whether a method of this name ends what it is called on, or waits for its end: `WaitAndClose`.
pub fn joins(name: &str) -> bool {
    ends(name) || ["Wait", "Close", "Join"].iter().any(|word| name.contains(word))
}

/// Whether a function of this last name may be one from which the process serves: asked before its package is
/// looked up.
pub fn may_serve(name: &str) -> bool {
    let framework = || FRAMEWORKS.iter().any(|(_, names)| names.contains(&name));
    SERVERS.contains(&name) || STARTERS.contains(&name) || name == "Main" || framework()
}

/// Whether a method of this name releases what is usually released by another one.
pub fn also_releases(method: &str) -> bool {
    [
        "Stop",
        "GracefulStop",
        "Shutdown",
        "Disconnect",
        "Drain",
        "Terminate",
        "Destroy",
        "Kill",
        "CloseNow",
        "CloseWithError",
    ]
    .contains(&method)
}

/// Whether a method of this name puts its arguments into something that outlives the call.
pub fn stores(callee: Name) -> bool {
    let within = ["sync", "sync/atomic"].contains(&callee.package);
    within && ["Store", "LoadOrStore", "Swap", "CompareAndSwap", "Put"].contains(&callee.name)
}

/// Which result of what [`stores`] says that it did not take what it got, and by which value.
pub fn refusal(name: &str) -> Option<(usize, bool)> {
    match name {
        "CompareAndSwap" => Some((0, false)),
        "LoadOrStore" => Some((1, true)),
        _ => None,
    }
}

/// Whether a function of this name takes the listener that it gets, and closes it when it is done.
pub fn takes_listener(name: &str) -> bool {
    ["Serve", "ServeTLS"].contains(&name)
}

const SERVERS: [&str; 4] = ["ListenAndServe", "ListenAndServeTLS", "Serve", "ServeTLS"];
const STARTERS: [&str; 3] = ["Start", "StartHTTPFunction", "StartWithOptions"];
/// Frameworks and what their servers are started by.
const FRAMEWORKS: [(&str, &[&str]); 4] = [
    ("github.com/gin-gonic/gin", &["Run", "RunTLS", "RunListener"]),
    ("github.com/labstack/echo", &["Start", "StartTLS", "StartServer"]),
    ("github.com/gofiber/fiber", &["Listen", "ListenTLS", "Listener"]),
    ("sigs.k8s.io/controller-runtime", &["Start"]),
];

/// Whether the process serves from a call of this name until it ends.
pub fn serves(callee: Name) -> bool {
    let Name { package, name } = callee;
    match name {
        _ if SERVERS.contains(&name) => true,
        "Main" => package.starts_with("google.golang.org/appengine"),
        _ if STARTERS.contains(&name)
            && (package.contains("lambda") || package.ends_with("funcframework")) =>
        {
            true
        }
        _ => FRAMEWORKS.iter().any(|(path, names)| package.starts_with(path) && names.contains(&name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_told_by_whole_words() {
        for name in
            ["Close", "AsyncClose", "CloseAsync", "ShutdownNow", "TearDown", "finishUp", "cleanUp", "Halt"]
        {
            assert!(reads_like_release(name), "{name}");
        }
        for name in
            ["Closest", "Publish", "CloseSend", "CloseWrite", "Stopwatch", "Release2s", "Endpoint", "Ping"]
        {
            assert!(!reads_like_release(name), "{name}");
        }
    }

    #[test]
    fn what_is_there_already_is_got() {
        for name in ["Get", "GetClient", "Load", "LoadOrStore", "SharedConn", "FindByName", "ConnOrCreate"] {
            assert!(gets(name), "{name}");
        }
        for name in ["New", "Getaway", "Dial", "Loader", "Open"] {
            assert!(!gets(name), "{name}");
        }
        assert!(!shares("FindDefaultCredentials"));
    }
}
