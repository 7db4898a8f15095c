//! Where in a text a seed could stand, told from bytes alone: what a rule's trigger matches, or calls by the
//! names of functions that the file's imports have to offer.

use std::ops::Range;
use std::sync::Arc;

use regex::bytes::Regex;
use rustc_hash::FxHashSet;

use crate::go::index::reader::{Index, Names};
use crate::go::syntax::outline;
use crate::go::syntax::outline::{Import, called};
use crate::rules::acquire::Called;
use crate::rules::{Rule, Seeds};

/// How one rule's seeds look in one file.
pub enum Prefilter<'r> {
    /// They match.
    Trigger(&'r Regex),
    /// They call a function of one of these names.
    Calls(Names),
    /// They call one of these functions or methods.
    Called(&'r Called),
}

/// How the seeds of each rule look in a file with these imports, in the order of `rules`.
pub fn sights<'r>(rules: &'r [Arc<Rule>], imports: &[Import]) -> Vec<Prefilter<'r>> {
    let sight = |rule: &'r Arc<Rule>| match &rule.seeds {
        Seeds::Named(named) => Prefilter::Trigger(&named.trigger),
        Seeds::Given(_) => {
            let mut names = Names::default();
            imports
                .iter()
                .for_each(|import| names.extend(Index::shipped().givers(&import.path, &rule.releases)));
            Prefilter::Calls(names)
        }
        Seeds::Called(called) => Prefilter::Called(called),
        Seeds::Others => Prefilter::Calls(Names::default()),
    };
    rules.iter().map(sight).collect()
}

impl Prefilter<'_> {
    /// Whether a seed could stand somewhere in `text`.
    pub fn is_in(&self, text: &[u8]) -> bool {
        match self {
            Prefilter::Trigger(trigger) => trigger.is_match(text),
            Prefilter::Called(called) => called.trigger().is_match(text),
            Prefilter::Calls(names) => !names.is_empty() && calls(text, names).next().is_some(),
        }
    }

    /// The names and the brackets after them where a seed could stand.
    pub fn hits(&self, text: &[u8]) -> Vec<Range<usize>> {
        match self {
            Prefilter::Trigger(trigger) => trigger.find_iter(text).map(|hit| hit.range()).collect(),
            Prefilter::Called(called) => called.trigger().find_iter(text).map(|hit| hit.range()).collect(),
            Prefilter::Calls(names) => calls(text, names).collect(),
        }
    }
}

/// Whether a file with this text could hold a seed of one of `rules`; its imports are looked at only if that
/// matters.
pub fn is_any(rules: &[Arc<Rule>], text: &[u8]) -> bool {
    let by_text = |rule: &Arc<Rule>| match &rule.seeds {
        Seeds::Named(named) => named.trigger.is_match(text),
        Seeds::Called(called) => called.may_be_in_file(text),
        Seeds::Given(_) | Seeds::Others => false,
    };
    if rules.iter().any(by_text) {
        return true;
    }
    if !rules.iter().any(|rule| matches!(rule.seeds, Seeds::Given(_))) {
        return false;
    }
    let (_, imports) = outline::imports(text);
    sights(rules, &imports).iter().any(|sight| matches!(sight, Prefilter::Calls(_)) && sight.is_in(text))
}

/// The calls of functions that have one of `names`, each as the name and the bracket.
fn calls<'t>(text: &'t [u8], names: &'t Names) -> impl Iterator<Item = Range<usize>> + 't {
    called(text).filter(|(name, _)| names.contains(name)).map(|(_, place)| place)
}

/// Whether a function of one of `names` is called in `text`. One pass, however many names there are.
pub fn calls_any(text: &[u8], names: &FxHashSet<Arc<str>>) -> bool {
    !names.is_empty() && called(text).any(|(name, _)| names.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_seen_by_whole_names() {
        let names = Names::from_iter(["Dial"]);
        let found =
            |text: &str| calls(text.as_bytes(), &names).map(|hit| text[hit].to_owned()).collect::<Vec<_>>();
        assert_eq!(
            found("c := grpc.Dial(x); Dial[T](y); grpc.DialContext(z); d.Dial; reDial()"),
            ["Dial(", "Dial["]
        );
        assert_eq!(found("c := grpc.Dial (x); x.Dial\n(y)"), ["Dial ("], "as no formatter writes it");
    }

    #[test]
    fn what_imports_offer_is_looked_for() {
        let rules = crate::rules::builtin();
        let file = |import: &str| format!("package p\n\nimport \"{import}\"\n\nfunc f() {{ x.Dial(y) }}\n");
        assert!(is_any(&rules, file("google.golang.org/grpc").as_bytes()));
        assert!(!is_any(&rules, file("example.com/unknown").as_bytes()));
    }
}
