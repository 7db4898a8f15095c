//! What is known of calls that every Go program makes, where reading the source would say less: calls that
//! never return, the test frameworks' assertions, the standard library's functions that only look at what
//! they get. The names are data (`go::facts::names`); here is what they are asked for.

use std::ops::Range;

use crate::analysis::graph::control_flow::Ending;
use crate::go::facts::names;
use crate::go::syntax::ast::{Call, Expr, ExprKind};

/// A callee by its import path and name; methods by the path of the package that declares them.
#[derive(Debug, Clone, Copy)]
pub struct Name<'a> {
    pub package: &'a str,
    pub name: &'a str,
}

/// Whether a call of this name never returns. Loggers are many and agree on the name, so the package counts
/// for little.
pub fn ending(callee: Name, in_test: bool) -> Option<Ending> {
    let Name { package, name } = callee;
    let package = if in_test { "testing" } else { package };
    if !package.is_empty() && names::functions().panics.holds(package, name) {
        return Some(Ending::Panic);
    }
    names::functions().exits.holds(package, name).then_some(Ending::Exit)
}

/// Whether an assertion of this name ends the test when the error given to it is not nil.
pub fn asserts_no_error(callee: Name) -> bool {
    names::functions().asserts_no_error.holds(callee.package, callee.name)
}

/// Whether an assertion of this name says whether the error given to it is nil, and lets the test go on.
pub fn tells_no_error(callee: Name) -> bool {
    names::functions().tells_no_error.holds(callee.package, callee.name)
}

/// Whether an assertion of this name ends the test when the error given to it is nil. One that goes on
/// counts, too: where the error is asked for, there is nothing that was made.
pub fn asserts_error(callee: Name) -> bool {
    names::functions().asserts_error.holds(callee.package, callee.name)
}

/// Whether an assertion of this name wants what it is given to be nil.
pub fn asserts_nil(callee: Name) -> bool {
    names::functions().asserts_nil.holds(callee.package, callee.name)
}

/// Whether a checker wants there to be an error, or to be none: `c.Assert(err, IsNil)`.
pub fn wants_error(checker: &Expr) -> Option<bool> {
    let words = &names::words().checkers;
    let name = checker.as_path()?.last().copied()?;
    match &*name.name {
        name if words.error.holds(name) => Some(true),
        name if words.no_error.holds(name) => Some(false),
        _ => None,
    }
}

/// What a Gomega expectation, which ends the test where it does not hold, asks of an error: the error, and
/// whether it wants there to be one. `Expect(err).NotTo(HaveOccurred())`
pub fn expectation(call: &Call) -> Option<(&Expr, bool)> {
    let words = &names::words().expectation;
    let ExprKind::Selector { operand, field } = &call.function.unparen().kind else { return None };
    let holds = words.holds.holds(&field.name);
    if !holds && !words.fails.holds(&field.name) {
        return None;
    }
    let about = operand.as_call()?;
    let error = match about.name()? {
        name if words.subject.holds(name) => about.args.first(),
        name if words.subject_second.holds(name) => about.args.get(1),
        _ => None,
    };
    let wants = match call.args.first()?.as_call()?.name()? {
        name if words.is_error.holds(name) => holds,
        name if words.no_error.holds(name) => !holds,
        name if words.matches_error.holds(name) && holds => true,
        _ => return None,
    };
    Some((error?, wants))
}

/// Whether a function of this name makes something new, by the word that it begins with.
pub fn opens(name: &str) -> bool {
    names::words().opens.are_first_of(name)
}

/// Whether a method of this name opens what it is called on: `conn.Connect()`.
pub fn opens_itself(name: &str) -> bool {
    names::words().opens_itself.are_first_of(name)
}

/// Whether a method of this name may give what is there already: `Get`, `LoadOrStore`, `Find`.
pub fn gets(name: &str) -> bool {
    shares(name) || names::words().gets.are_first_of(name)
}

/// Whether a function of this name may give what others have, too: `GetClient`, `SharedConn`.
pub fn shares(name: &str) -> bool {
    names::words().shares.are_first_of(name) || names::words().shares_within.are_within(name)
}

/// Whether a method of this name gives text or numbers: where something is, and how it is called.
pub fn describes(name: &str) -> bool {
    names::words().describes.holds(name)
}

/// Whether a function of this name makes an option or credentials out of nothing: `WithBlock()`.
pub fn makes_option(name: &str) -> bool {
    names::words().makes_option.are_first_of(name)
}

/// Whether a method of this name, called without more than a context, reads as if it ended what it is called
/// on: `AsyncClose`, `TearDown`, `ShutdownNow`. `CloseSend` and the like end one half of it.
pub fn reads_like_release(name: &str) -> bool {
    let known = names::words();
    let words: Vec<Range<usize>> = camel_words(name).collect();
    let half = words.last().is_some_and(|last| known.halves.holds_any_case(&name[last.clone()]));
    !half
        && (words.iter().any(|word| known.release.holds_any_case(&name[word.clone()]))
            || words
                .windows(2)
                .any(|two| known.release_pairs.holds_any_case(&name[two[0].start..two[1].end])))
}

/// Whether a name is one of these words, and no more: `Logout`, and not `CloseIdleConnections`.
pub fn is_named_release(name: &str) -> bool {
    let known = names::words();
    match camel_words(name).count() {
        1 => known.release.holds_any_case(name),
        2 => known.release_pairs.holds_any_case(name),
        _ => false,
    }
}

/// Whether `word` is one of the words of a name that is more than one, and what that ends is not one half.
pub fn has_word(name: &str, word: &str) -> bool {
    let words: Vec<Range<usize>> = camel_words(name).collect();
    let last = words.last().map(|last| &name[last.clone()]);
    words.len() > 1
        && !last.is_some_and(|last| names::words().halves.holds_any_case(last))
        && words.into_iter().any(|at| name[at].eq_ignore_ascii_case(word))
}

/// Where the words of a name stand: `async`, `Close`.
fn camel_words(name: &str) -> impl Iterator<Item = Range<usize>> {
    let starts = name.char_indices().filter(|(at, letter)| *at == 0 || letter.is_uppercase());
    let mut starts = starts.map(|(at, _)| at).peekable();
    std::iter::from_fn(move || Some(starts.next()?..starts.peek().copied().unwrap_or(name.len())))
}

/// Whether a function of this name may leave a lock to its caller: `lockAll`, `acquire`.
pub fn hands_on_lock(name: &str) -> bool {
    let known = names::words();
    camel_words(name).any(|word| known.hands_on_lock.holds_any_case(&name[word]))
        || known.hands_on_lock_within.are_within(name)
}

/// Whether a method of this name takes a lock or an office: `TryLock`, `Campaign`, and not
/// `LockRetentionPolicy`.
pub fn takes_lock(name: &str) -> bool {
    let known = names::words();
    known.takes_lock.holds_any_case(name) || known.takes_lock_within.are_within(name)
}

/// Whether it gives one back.
pub fn gives_back_lock(name: &str) -> bool {
    camel_words(name).any(|word| names::words().gives_back_lock.holds_any_case(&name[word]))
}

/// Whether a function of this name only looks at its arguments: nothing of them stays with it.
pub fn only_looks(callee: Name) -> bool {
    names::functions().only_looks.holds(callee.package, callee.name)
}

/// Whether a function of this name reads a stream that it gets: the name alone is no proof.
pub fn reads(callee: Name) -> bool {
    names::functions().reads.holds(callee.package, callee.name)
}

/// Whether a function of this name makes something that reads a stream: the name alone is no proof.
pub fn makes_reader(callee: Name) -> bool {
    names::functions().makes_reader.holds(callee.package, callee.name)
}

/// Whether a function hands a text that it gets to the environment, a file or another process.
pub fn takes_out(callee: Name) -> bool {
    names::functions().takes_out.holds(callee.package, callee.name)
}

/// Whether a function writes what it gets to its first argument.
pub fn writes_to(callee: Name) -> bool {
    names::functions().writes_to.holds(callee.package, callee.name)
}

/// Whether a function reads its first argument into those behind it.
pub fn fills(callee: Name) -> bool {
    names::functions().fills.holds(callee.package, callee.name)
}

/// Whether a function reads a value that others set meanwhile: `atomic.LoadInt32(&stopped)`.
pub fn is_atomic_load(callee: Name) -> bool {
    callee.package == "sync/atomic" && callee.name.starts_with("Load")
}

/// Whether a function gives both ends of one thing.
pub fn makes_ends(callee: Name) -> bool {
    names::functions().makes_ends.holds(callee.package, callee.name)
}

/// Whether a function takes files or folders away.
pub fn removes_files(callee: Name) -> bool {
    names::functions().removes_files.holds(callee.package, callee.name)
}

/// Whether a call of it makes a test of the function that it is given: `It("counts", func() { … })`.
pub fn is_spec(callee: Name) -> bool {
    names::functions().specs.holds(callee.package, callee.name)
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
    let functions = names::functions();
    let runners = [
        (&functions.runs_now, Runner::Now),
        (&functions.runs_at_end, Runner::AtEnd),
        (&functions.runs_in_group, Runner::Group),
        (&functions.runs_later, Runner::Later),
    ];
    let runs = |(set, _): &(&names::NameSet, _)| set.holds(callee.package, callee.name);
    runners.into_iter().find(runs).map(|(_, runner)| runner)
}

/// Whether it runs the function that it gets in a goroutine of its own, once a time is over.
pub fn runs_by_clock(callee: Name) -> bool {
    names::functions().runs_by_clock.holds(callee.package, callee.name)
}

/// Whether it gives a channel on which something comes by itself.
pub fn is_clock(callee: Name) -> bool {
    names::functions().clocks.holds(callee.package, callee.name)
}

/// Whether a call of it does nothing for a time.
pub fn sleeps(callee: Name) -> bool {
    names::functions().sleeps.holds(callee.package, callee.name)
}

/// Whether a call of it runs the function that it is given the first time only.
pub fn runs_once(callee: Name) -> bool {
    names::functions().runs_once.holds(callee.package, callee.name)
}

/// Whether a function of this name gives back the function that it gets, to be called once.
pub fn gives_back(callee: Name) -> bool {
    names::functions().gives_back.holds(callee.package, callee.name)
}

/// Whether a call of this name is over at once and waits for nobody: loggers, locks that are given back,
/// cancel functions.
pub fn is_quick(callee: Name) -> bool {
    let stem = callee.name.trim_end_matches("ln").trim_end_matches(['f', 'w']);
    names::words().logs.holds(stem) || names::functions().quick.holds(callee.package, callee.name)
}

/// Whether a method of this name may be called on what is released: it opens it again, ends it further, or
/// asks how it ended.
pub fn follows_release(name: &str) -> bool {
    names::words().follows_release.begin(name) || ends(name)
}

/// Whether a method of this name ends what it is called on, whatever a rule takes for its release.
pub fn ends(name: &str) -> bool {
    also_releases(name) || names::words().ends.begin(name)
}

/// Whether a method of this name ends what it is called on, or waits for its end: `WaitAndClose`.
pub fn joins(name: &str) -> bool {
    ends(name) || names::words().joins.are_within(name)
}

/// Whether a method of this name releases what is usually released by another one.
pub fn also_releases(method: &str) -> bool {
    names::words().also_releases.holds(method)
}

/// Whether a function of this name keeps what it gets, goes on with it, or
/// ends it: `RegisterServer`, `SetClient`.
pub fn keeps_by_name(name: &str) -> bool {
    names::words().keeps.are_first_of(name) || ends(name) || reads_like_release(name)
}

/// Whether a method of this name puts its arguments into something that outlives the call.
pub fn stores(callee: Name) -> bool {
    names::functions().stores.holds(callee.package, callee.name)
}

/// Which result of what [`stores`] says that it did not take what it got, and by which value.
pub fn refusal(name: &str) -> Option<(usize, bool)> {
    let refusals = &names::words().refusals;
    refusals.iter().find(|refusal| *refusal.name == *name).map(|refusal| (refusal.result, refusal.is))
}

/// Whether a function of this name takes the listener that it gets, and closes it when it is done.
pub fn takes_listener(name: &str) -> bool {
    names::functions().takes_listener.may_hold(name)
}

/// Whether a function of this name reads the answer that it gets to its end, and closes it.
pub fn reads_to_end(callee: Name) -> bool {
    names::functions().reads_to_end.holds(callee.package, callee.name)
}

/// Whether a function of this last name may be one from which the process serves: asked before its package is
/// looked up.
pub fn may_serve(name: &str) -> bool {
    names::functions().serves.may_hold(name)
}

/// Whether the process serves from a call of this name until it ends.
pub fn serves(callee: Name) -> bool {
    names::functions().serves.holds(callee.package, callee.name)
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
