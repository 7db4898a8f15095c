//! What the rules in preview would say of a run that does not ask them, as far as that costs next to nothing.
//!
//! Those that report of what the running rules look at anyway are counted. Of those that look at calls of
//! their own nothing is judged: only whether there is a file in which such a call could stand.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::base::diagnostic::Severity;
use crate::config::Policy;
use crate::engine::prefilter;
use crate::rules::{Engine, Rule};

/// What rules in preview would say.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Previews {
    /// Findings that were counted and are not reported, by rule.
    pub more: BTreeMap<Arc<str>, u64>,
    /// Rules that have something to look at, and were not asked.
    pub not_asked: BTreeSet<Arc<str>>,
}

/// Which of all rules have something to look at.
pub struct Sightings(Vec<(Arc<Rule>, AtomicBool)>);

impl Sightings {
    /// None of `rules` so far.
    pub fn new(rules: &[Arc<Rule>]) -> Sightings {
        Sightings(rules.iter().map(|rule| (rule.clone(), AtomicBool::new(false))).collect())
    }

    /// Looks in the text of a file for what the rules that do not run there would look at, but for those
    /// whose findings are no more than a note. One that was seen once is not looked for again, so that a
    /// large tree takes hardly longer than a small one.
    pub fn look(&self, policy: &Policy, text: &[u8]) {
        for rule in
            policy.previews.iter().filter(|rule| rule.severity != Severity::Note && !is_counted(policy, rule))
        {
            let unseen =
                |(one, seen): &&(Arc<Rule>, AtomicBool)| one.id == rule.id && !seen.load(Ordering::Relaxed);
            let Some((_, seen)) = self.0.iter().find(unseen) else { continue };
            if rule.may_hold(text) || prefilter::is_any(std::slice::from_ref(rule), text) {
                seen.store(true, Ordering::Relaxed);
            }
        }
    }

    /// The ids of those that were seen.
    pub fn seen(&self) -> BTreeSet<Arc<str>> {
        let seen = self.0.iter().filter(|(_, seen)| seen.load(Ordering::Relaxed));
        seen.map(|(rule, _)| rule.id.clone()).collect()
    }
}

/// Whether what a rule that does not run would say falls off the running ones' work.
fn is_counted(policy: &Policy, rule: &Rule) -> bool {
    match rule.engine {
        Engine::Resource => !rule.proposes(),
        Engine::Channel | Engine::Construct => {
            policy.of_engine(rule.engine).any(|running| rule.shares_work(running))
        }
        Engine::Suppression => true,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Files, Layer, Sources, Tree};

    fn seen(texts: &[&str], select: &str) -> Vec<String> {
        let rules = crate::rules::builtin();
        let mut flags = Layer::default();
        flags.flag("select", (!select.is_empty()).then(|| vec![select.to_owned()]));
        flags.flag("ignore", Some(vec!["unclosed-body".to_owned()]));
        let sources = Sources { rules: rules.clone(), files: Files::None, flags };
        let tree = Tree::new(Path::new("/r"), &sources).unwrap();
        let sightings = Sightings::new(&rules);
        texts.iter().for_each(|text| sightings.look(tree.policy(Path::new("/r/a.go")), text.as_bytes()));
        sightings.seen().iter().map(|id| id.to_string()).collect()
    }

    #[test]
    fn what_has_something_to_look_at_is_named() {
        let opens = "package p\n\nimport \"os\"\n\nfunc f() { os.Open(x) }\n";
        let cancels = "package p\n\nimport \"context\"\n\nfunc f() { context.WithCancel(x) }\n";
        // What gives something to release is looked for by its name alone.
        let expected = ["lost-cancel", "unclosed-connection", "unclosed-file"];
        assert_eq!(seen(&[opens, cancels, opens], ""), expected);
        assert!(seen(&["package p\n\nfunc f() { c := make(chan int); go g(c) }\n"], "").is_empty());
    }

    #[test]
    fn what_holds_a_word_that_every_file_has_is_not_named() {
        let variables =
            "package p\n\nimport \"runtime\"\n\nvar seen = map[string]int{}\n\nvar on = runtime.GOOS\n";
        assert!(seen(&[variables], "").is_empty(), "neither a note nor a finalizer");
        let finalizer = "package p\n\nimport \"runtime\"\n\nfunc f() { runtime.SetFinalizer(x, g) }\n";
        assert_eq!(seen(&[finalizer], ""), ["blocking-finalizer", "finalizer-keeps-object"]);
        let answers = "package p\n\nimport \"net/http\"\n\nfunc f() int { return http.StatusOK }\n";
        assert!(!seen(&[answers], "").contains(&"http-without-timeout".to_owned()));
    }

    #[test]
    fn who_chose_the_rules_is_told_of_no_others() {
        let text =
            "package p\n\nimport (\n\t\"net/http\"\n\t\"os\"\n)\n\nfunc f() { http.Get(x); os.Open(x) }\n";
        assert!(seen(&[text], "unclosed-client").is_empty());
        assert!(!seen(&[text], "").contains(&"unclosed-body".to_owned()), "it was turned off");
    }
}
