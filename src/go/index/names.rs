//! How the index writes many names as few words: patterns that stand for several names, and signs for what a
//! name says of a type.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet;

/// What Google's generators put into the names of functions whose clients speak HTTP.
const REST: &str = "REST";

/// How many words of a name a pattern may keep at either end, and how many letters it keeps at least.
const MAX_WORDS: usize = 2;
const MIN_LETTERS: usize = 3;

/// Whether `pattern`, a name or `New*Client`, stands for `name`. A lone `*` stands for no name in particular.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None | Some(("", "")) => pattern == name,
        Some((start, end)) => {
            name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
        }
    }
}

/// Names and patterns, to be asked for one name.
#[derive(Debug, Clone, Default)]
pub struct Names {
    whole: FxHashSet<&'static str>,
    patterns: Vec<&'static str>,
}

impl Names {
    /// Whether `name` is among them.
    pub fn contains(&self, name: &str) -> bool {
        self.whole.contains(name) || self.patterns.iter().any(|pattern| matches(pattern, name))
    }

    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        self.whole.is_empty() && self.patterns.is_empty()
    }

    /// Takes in others.
    pub fn extend(&mut self, other: Names) {
        self.whole.extend(other.whole);
        self.patterns.extend(other.patterns);
    }
}

impl FromIterator<&'static str> for Names {
    fn from_iter<T: IntoIterator<Item = &'static str>>(names: T) -> Names {
        let (mut patterns, whole): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| name.contains('*'));
        patterns.sort_unstable();
        patterns.dedup();
        Names { whole: whole.into_iter().collect(), patterns }
    }
}

/// The shortest list found that stands for all of `names` and for none of `others`, sorted.
pub(crate) fn squeezed(names: &BTreeSet<&str>, others: &BTreeSet<&str>) -> Vec<String> {
    let patterns: BTreeSet<String> = names.iter().flat_map(|name| patterns_of(name)).collect();
    let mut left: BTreeSet<&str> = names.clone();
    let mut list = Vec::new();
    let fits = |pattern: &&String| !others.iter().any(|name| matches(pattern, name));
    let mut open: Vec<(&String, Vec<&str>)> = patterns
        .iter()
        .map(|pattern| {
            (pattern, names.iter().copied().filter(|name| matches(pattern, name)).collect::<Vec<_>>())
        })
        .filter(|(pattern, covered)| covered.len() > 1 && fits(pattern))
        .collect();
    // Greedily: the one that spares most, of equal ones the first.
    loop {
        open.iter_mut().for_each(|(_, covered)| covered.retain(|name| left.contains(name)));
        let spared = |(pattern, covered): &(&String, Vec<&str>)| {
            covered.iter().map(|name| name.len() + 1).sum::<usize>().saturating_sub(pattern.len() + 1)
        };
        let Some(best) =
            open.iter().rev().max_by_key(|entry| spared(entry)).filter(|entry| spared(entry) > 0)
        else {
            break;
        };
        list.push(best.0.clone());
        best.1.iter().for_each(|name| {
            left.remove(name);
        });
    }
    list.extend(left.into_iter().map(str::to_string));
    list.sort_unstable();
    list
}

/// `New*`, `*Client`, `New*Client` and the like for `NewFooClient`.
fn patterns_of(name: &str) -> Vec<String> {
    let cuts = word_starts(name);
    let starts: Vec<&str> = cuts.iter().take(MAX_WORDS).map(|&at| &name[..at]).collect();
    let ends: Vec<&str> = cuts.iter().rev().take(MAX_WORDS).map(|&at| &name[at..]).collect();
    let both = starts.iter().flat_map(|start| ends.iter().map(move |end| (start, end)));
    let both = both
        .filter(|(start, end)| start.len() + end.len() <= name.len())
        .map(|(start, end)| format!("{start}*{end}"));
    let one = starts.iter().map(|start| format!("{start}*")).chain(ends.iter().map(|end| format!("*{end}")));
    both.chain(one).filter(|pattern| pattern.len() > MIN_LETTERS).collect()
}

/// Where the words of `ListHTTPRoutes` begin, but for the first.
fn word_starts(name: &str) -> Vec<usize> {
    let bytes = name.as_bytes();
    let upper = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_uppercase);
    let starts =
        |&at: &usize| upper(at) && (!upper(at - 1) || bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase));
    (1..bytes.len()).filter(starts).collect()
}

/// A type with a sign for what its name has of `member`, the function that gives it: `%` for `member` itself
/// (`CreateTable` gives a `CreateTableOperation`), `&` for it without `REST` (`DisksREST` gives a `Disks`),
/// `$` for one of what it lists (`ListTables` gives a `TableIterator`).
pub(crate) fn shortened(given: &str, member: &str) -> String {
    let Some((before, name)) = given.rsplit_once('.') else { return given.to_string() };
    for (sign, stem) in [('%', member.to_string()), ('&', without_rest(member)), ('$', one_of_listed(member))]
    {
        if let Some(rest) = name.strip_prefix(&*stem).filter(|_| !stem.is_empty()) {
            return format!("{before}.{sign}{rest}");
        }
    }
    given.to_string()
}

/// The reverse of [`shortened`].
pub(crate) fn spelled_out(given: &str, member: &str) -> String {
    let mut ty = given.replace('%', member);
    if ty.contains('&') {
        ty = ty.replace('&', &without_rest(member));
    }
    if ty.contains('$') {
        ty = ty.replace('$', &one_of_listed(member));
    }
    ty
}

fn without_rest(member: &str) -> String {
    member.replacen(REST, "", 1)
}

/// `Policy` for `ListPolicies`; empty for a name of one word.
fn one_of_listed(member: &str) -> String {
    let Some(&start) = word_starts(member).first() else { return String::new() };
    let many = &member[start..];
    if let Some(stem) = many.strip_suffix("ies") {
        return format!("{stem}y");
    }
    let hissing = ["sses", "xes", "ches", "shes"].iter().any(|end| many.ends_with(end));
    many.strip_suffix(if hissing { "es" } else { "s" }).unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn squeeze(names: &str, others: &str) -> String {
        let set =
            |text: &'static str| text.split(' ').filter(|name| !name.is_empty()).collect::<BTreeSet<_>>();
        squeezed(&set(Box::leak(names.into())), &set(Box::leak(others.into()))).join(",")
    }

    #[test]
    fn patterns_stand_for_all_names_and_no_others() {
        assert_eq!(squeeze("NewAClient NewBClient NewClient", "NewLister"), "*Client");
        assert_eq!(squeeze("NewAClient NewBClient", "NewLister GetClient"), "New*Client");
        assert_eq!(squeeze("NewAClient NewBClient", "NewCClient"), "NewAClient,NewBClient");
        assert_eq!(squeeze("GetA GetB SetA SetB Open ToC ToD", ""), "Get*,Open,Set*,ToC,ToD");
        assert_eq!(squeeze("A", ""), "A");
        assert_eq!(squeeze("", "A"), "");
    }

    #[test]
    fn a_pattern_keeps_both_ends() {
        assert!(matches("New*Client", "NewClient") && matches("New*Client", "NewFooClient"));
        assert!(!matches("New*Client", "NewClients") && !matches("NewX*XClient", "NewXClient"));
        assert!(matches("*Iterator", "ItemIterator") && !matches("*", "Item") && matches("*", "*"));
    }

    #[test]
    fn signs_are_undone() {
        for (given, member, short) in [
            ("*.CreateTableOperation", "CreateTable", "*.%Operation"),
            ("*.DisksClient", "DisksRESTClient", "*.&"),
            ("*.TableIterator", "ListTables", "*.$Iterator"),
            ("*a.b/c.PolicyIterator", "SearchPolicies", "*a.b/c.$Iterator"),
            ("*.AddressIterator", "ListAddresses", "*.$Iterator"),
            ("*.DatabaseIterator", "ListDatabases", "*.$Iterator"),
            ("*.Iterator", "List", "*.Iterator"),
            ("error", "List", "error"),
        ] {
            assert_eq!(shortened(given, member), short);
            assert_eq!(spelled_out(short, member), given);
        }
    }
}
