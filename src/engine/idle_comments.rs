//! Comments that silence nothing are findings themselves, unless they are about every linter.

use std::ops::Range;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::analysis::file_context::FileContext;
use crate::analysis::verdict::judgement::Judgement;
use crate::base::diagnostic::{Applicability, Certainty, Finding, Fix, Location, Verdict, fingerprint};
use crate::base::edit::Edit;
use crate::base::near::{hint, near};
use crate::base::text::{LineIndex, Span, narrow};
use crate::config::Policy;
use crate::engine::detect::Detected;
use crate::engine::suppress::{Directive, Directives, Manner, doc_lines};
use crate::go::syntax::outline::Item;
use crate::rules::{Engine, Rule};

/// What [`unused`] needs to know of a file that was judged.
pub struct Seen<'f> {
    pub items: &'f [Item],
    pub judged: &'f [Judgement],
    pub detected: &'f [Detected],
    /// The starts of the declarations that were refused.
    pub refused: &'f [u32],
    /// The file from the top of the repository.
    pub path: &'f str,
}

/// A finding for each comment that silences nothing, by `rule`. Left alone is what could not be told here:
/// where the rule does not run, where a declaration was refused, and where a type is unknown or something was
/// assumed, which another machine may know.
pub fn unused(
    directives: &Directives,
    policy: &Policy,
    rule: &Rule,
    place: &FileContext,
    seen: &Seen,
) -> Vec<Finding> {
    let mut repeats: FxHashMap<&[u8], u32> = FxHashMap::default();
    let mut findings = Vec::new();
    for directive in directives.may_be_idle() {
        let text = &place.text[directive.span.range()];
        let ordinal = repeats.entry(text).or_default();
        let idle: Vec<&str> = directive
            .names
            .iter()
            .map(String::as_str)
            .filter(|name| seen.is_idle(directive, name, policy, place))
            .collect();
        if let Some(message) = message(directive, &idle, policy) {
            let text = String::from_utf8_lossy(text);
            let (line, column) = place.lines.line_column(directive.span.start);
            findings.push(Finding {
                rule: rule.id.clone(),
                severity: rule.severity,
                location: Location { path: place.path.clone(), span: directive.span, line, column },
                subject: text.clone().into_owned(),
                label: rule.label.clone(),
                function: None,
                message,
                labels: Vec::new(),
                notes: Vec::new(),
                acquisition: None,
                fix: Some(
                    seen.renaming(directive, policy, place)
                        .unwrap_or_else(|| removal(place.text, place.lines, directive, &idle)),
                ),
                suppressed: None,
                fingerprint: fingerprint(&rule.id, seen.path, "", &text, *ordinal),
            });
        }
        *ordinal += 1;
    }
    findings
}

impl Seen<'_> {
    /// Whether `name` in `directive` surely silences nothing.
    fn is_idle(&self, directive: &Directive, name: &str, policy: &Policy, place: &FileContext) -> bool {
        let runs = |rule: &Arc<Rule>| policy.rules.iter().any(|one| one.id == rule.id);
        let rule = silenceable(policy).find(|rule| *rule.id == *name);
        let told = match directive.manner {
            Manner::Ignore if !is_known(policy, name) => return true,
            Manner::Ignore => rule.is_some_and(runs),
            Manner::Nolint => name == "unleak" && silenceable(policy).all(runs),
            Manner::Everything => false,
        };
        let at = directive.span.start;
        let refused = self
            .items
            .iter()
            .filter(|item| directive.whole_file || (item.doc_start..item.span.end).contains(&at))
            .any(|item| self.refused.contains(&item.span.start));
        told && !refused && !self.is_needed(directive, rule, place)
    }

    /// Puts the name that was probably meant in the place of the only one, where that silences something.
    fn renaming(&self, directive: &Directive, policy: &Policy, place: &FileContext) -> Option<Fix> {
        let [name] = directive.names.as_slice() else { return None };
        if directive.manner != Manner::Ignore || is_known(policy, name) {
            return None;
        }
        let meant = near(name, silenceable(policy).map(|rule| &*rule.id))?;
        let rule = silenceable(policy).find(|rule| *rule.id == *meant);
        self.is_needed(directive, rule, place).then_some(())?;
        let reason = Some("it will silence what is found there".to_owned());
        let edits = vec![Edit { span: directive.list, text: meant.to_owned() }];
        Some(Fix {
            title: format!("name `{meant}` in the comment"),
            applicability: Applicability::Unsafe,
            reason,
            edits,
            proof: None,
        })
    }

    /// Whether there is, or may be, something for `directive` to silence, of `rule` or of any.
    fn is_needed(&self, directive: &Directive, rule: Option<&Arc<Rule>>, place: &FileContext) -> bool {
        let detected = |one: &Detected| {
            let line = place.lines.line(one.detection.span.start);
            let concerned = rule.is_none_or(|rule| one.is_for(rule));
            concerned && directive.reach(line, &self.doc(one.detection.span, place)).is_some()
        };
        self.judged.iter().any(|judged| self.may_need(judged, directive, rule, place))
            || self.detected.iter().any(detected)
    }

    /// The lines of the doc comment of the declaration around `span`.
    fn doc(&self, span: Span, place: &FileContext) -> Range<u32> {
        let item = self.items.iter().find(|item| item.span.contains(span));
        item.map_or(0..0, |item| doc_lines(item, place.lines))
    }

    /// Whether there is, or may be, something at `judged` for `directive` to silence, of `rule` or of any.
    fn may_need(
        &self,
        judged: &Judgement,
        directive: &Directive,
        rule: Option<&Arc<Rule>>,
        place: &FileContext,
    ) -> bool {
        let at = &judged.acquisition;
        let doc = self.doc(at.span, place);
        let concerned = rule.is_none_or(|rule| rule.judges(&at.rule) || *rule.id == *at.rule);
        let open = judged.faults.iter().any(|fault| rule.is_none_or(|rule| rule.reports(fault.kind)))
            || at.certainty == Certainty::Assumed
            || matches!(at.verdict, Verdict::NotAnalysed | Verdict::UnknownType);
        concerned && open && directive.reach(at.line, &doc).is_some()
    }
}

/// The rules whose findings a comment can silence.
fn silenceable(policy: &Policy) -> impl Iterator<Item = &Arc<Rule>> {
    policy.all_rules.iter().filter(|rule| rule.engine != Engine::Suppression)
}

fn is_known(policy: &Policy, name: &str) -> bool {
    policy.all_rules.iter().any(|rule| *rule.id == *name)
}

fn message(directive: &Directive, idle: &[&str], policy: &Policy) -> Option<String> {
    if directive.names.is_empty() {
        return Some(
            "the comment names no rule, so it silences nothing: `//unleak:ignore RULE -- reason`".to_owned(),
        );
    }
    let (first, rest) = idle.split_first()?;
    if directive.manner == Manner::Ignore && !is_known(policy, first) {
        let hint = hint(first, silenceable(policy).map(|rule| &*rule.id));
        return Some(format!("no rule is called `{first}`{hint}"));
    }
    let all: String = rest.iter().map(|name| format!(", `{name}`")).collect();
    Some(format!("nothing is silenced by `{first}`{all} here"))
}

/// Takes out the idle names, or the comment when no other is left.
fn removal(text: &[u8], lines: &LineIndex, directive: &Directive, idle: &[&str]) -> Fix {
    let left: Vec<&str> =
        directive.names.iter().map(String::as_str).filter(|name| !idle.contains(name)).collect();
    let (title, edit) = if left.is_empty() {
        ("take the comment out", Edit { span: around(text, lines, directive), text: String::new() })
    } else {
        ("take the name out of the comment", Edit { span: directive.list, text: left.join(",") })
    };
    let reason = Some("a person wrote it, and may want to read it once more".to_owned());
    Fix {
        title: title.to_owned(),
        applicability: Applicability::Unsafe,
        reason,
        edits: vec![edit],
        proof: None,
    }
}

/// The comment with what would be left over without it: its line, the blanks before it, the `//` that parts
/// it from a doc comment.
fn around(text: &[u8], lines: &LineIndex, directive: &Directive) -> Span {
    let line = |number: u32| lines.line_span(number).unwrap_or_default();
    let trimmed = |number: u32| text[line(number).range()].trim_ascii();
    let own = line(directive.line);
    if text[own.start as usize..directive.span.start as usize].trim_ascii().is_empty() {
        let above = directive.line - 1;
        let parts = trimmed(above) == b"//" && !trimmed(directive.line + 1).starts_with(b"//");
        return Span::new(if parts { line(above).start } else { own.start }, own.end);
    }
    let before = text[..directive.span.start as usize].trim_ascii_end().len();
    Span::new(narrow(before), directive.span.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text without the comment, or with `left` names in it.
    fn without(text: &str, idle: &[&str]) -> String {
        let lines = LineIndex::new(text.as_bytes());
        let directives = Directives::of(text.as_bytes(), &lines);
        let fix = removal(text.as_bytes(), &lines, &directives.0[0], idle);
        let applied = crate::base::edit::apply(text.as_bytes(), &[&fix.edits]);
        String::from_utf8(applied.text).unwrap()
    }

    #[test]
    fn a_comment_goes_with_all_that_was_there_for_it() {
        assert_eq!(without("a()\r\n\t//unleak:ignore x -- y\r\nb()\r\n", &["x"]), "a()\r\nb()\r\n");
        assert_eq!(without("a() //nolint:unleak // y\nb()\n", &["unleak"]), "a()\nb()\n");
        assert_eq!(
            without("a() //nolint:errcheck,unleak // y\n", &["unleak"]),
            "a() //nolint:errcheck // y\n"
        );
        assert_eq!(
            without("// F is.\n//\n//unleak:ignore x\nfunc F() {}\n", &["x"]),
            "// F is.\nfunc F() {}\n"
        );
        assert_eq!(
            without("// F is.\n//\n//unleak:ignore x\n//go:noinline\n", &["x"]),
            "// F is.\n//\n//go:noinline\n"
        );
        assert_eq!(without("a() // why //unleak:ignore x\n", &["x"]), "a() // why\n");
        assert_eq!(without("a() //unleak:ignore x, y -- z\n", &["x"]), "a() //unleak:ignore y -- z\n");
    }
}
