//! The rules that are compiled in, and which of them propose calls for others.

use std::sync::Arc;

use super::load;
use super::rule::{Engine, Rule, Status};

/// The folders of `queries` as they were when the program was built: name, rule.toml and acquire.scm.
const SHIPPED: &[(&str, &str, Option<&str>)] = include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// The shipped rules, sorted by id.
pub fn builtin() -> Vec<Arc<Rule>> {
    let load = |(folder, toml, query): &(&str, &str, Option<&str>)| {
        let rule = load::rule(&format!("{folder}/rule.toml"), toml, &format!("{folder}/acquire.scm"), *query);
        Arc::new(rule.unwrap_or_else(|error| panic!("a shipped rule is broken: {error}")))
    };
    let mut rules: Vec<Arc<Rule>> = SHIPPED.iter().map(load).collect();
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    rules
}

/// The rules whose calls are looked at when the `running` ones of `all` run: these themselves or, where none
/// of them proposes the calls that they report of, the stable ones.
pub fn seeding(running: &[Arc<Rule>], all: &[Arc<Rule>]) -> Vec<Arc<Rule>> {
    let proposing =
        |rules: &[Arc<Rule>]| rules.iter().filter(|rule| rule.proposes()).cloned().collect::<Vec<_>>();
    let mut seeding = proposing(running);
    let about_calls = running.iter().any(|rule| rule.engine == Engine::Resource);
    if seeding.is_empty() && about_calls {
        seeding = proposing(all);
        seeding.retain(|rule| rule.status == Status::Stable);
    }
    seeding
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::base::diagnostic::ReleaseWay;
    use crate::base::text::Span;
    use crate::base::text::narrow;
    use crate::go::index::reader::RELEASE_NAMES;
    use crate::go::syntax::parse::parse;
    use crate::rules::Seeds;

    #[test]
    fn every_folder_of_rules_is_compiled_in_under_its_own_name() {
        let queries = Path::new(env!("CARGO_MANIFEST_DIR")).join("queries");
        let mut folders: Vec<String> = std::fs::read_dir(queries)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        folders.sort();
        let ids: Vec<String> = builtin().iter().map(|rule| rule.id.to_string()).collect();
        assert_eq!(ids, folders);
    }

    fn seeds(text: &str) -> Vec<String> {
        let parsed = parse(text.as_bytes(), Span::new(0, narrow(text.len()))).unwrap();
        let rules = builtin();
        let named = rules
            .iter()
            .find_map(|rule| if let Seeds::Named(named) = &rule.seeds { Some(named) } else { None })
            .unwrap();
        assert!(
            named.trigger.is_match(text.as_bytes()) || named.seeds(&parsed).unwrap().is_empty(),
            "the trigger lets every seed through"
        );
        named.seeds(&parsed).unwrap().iter().map(|seed| text[seed.call.range()].to_owned()).collect()
    }

    #[test]
    fn constructors_are_seeds_however_they_are_called() {
        assert_eq!(seeds("func f() { c, err := storage.NewClient(ctx) }"), ["storage.NewClient(ctx)"]);
        assert_eq!(seeds("func f() { c := NewAdminClient(ctx) }"), ["NewAdminClient(ctx)"]);
        assert_eq!(seeds("func f() { c := x.NewClient[T](ctx, 1) }"), ["x.NewClient[T](ctx, 1)"]);
        assert_eq!(seeds("func f() { c := x.NewClient[pkg.T](ctx) }"), ["x.NewClient[pkg.T](ctx)"]);
        assert_eq!(seeds("func f() { c := s.factory.NewClient() }"), ["s.factory.NewClient()"]);
        assert_eq!(seeds("var c = x.NewRESTClient(y.NewClient())").len(), 2);
    }

    /// What the index does not record it cannot say is absent: every type without source would be unknown.
    #[test]
    fn the_index_records_every_method_by_which_types_are_told() {
        for rule in builtin().iter().filter(|rule| matches!(rule.seeds, Seeds::Named(_) | Seeds::Given(_))) {
            for release in rule.releases.iter().filter(|release| release.way == ReleaseWay::Method) {
                assert!(RELEASE_NAMES.contains(&&*release.name), "{}: {}", rule.id, release.name);
            }
        }
    }

    #[test]
    fn constructors_may_say_more_than_client() {
        assert_eq!(seeds("func f() { c, err := pd.NewClientWithContext(ctx, a) }").len(), 1);
        assert_eq!(seeds("func f() { c := client.NewClientFromExisting(x) }").len(), 1);
        assert_eq!(seeds("func f() { c := new.NewClient (ctx) }"), ["new.NewClient (ctx)"]);
    }

    #[test]
    fn other_names_are_not() {
        assert!(
            seeds("func f() { x.NewClientset(); x.NewConn(); x.newClient(); x.RenewClient() }").is_empty()
        );
    }
}
