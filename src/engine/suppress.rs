//! Comments that silence findings: `//unleak:ignore RULE -- reason`, `//nolint:unleak` and `//nolint`, on the
//! line of the acquisition, on the line above it, in the doc comment of the function around it, or in the
//! comment above the package clause. Those that silence nothing are findings themselves, unless they are
//! about every linter.

use std::ops::Range;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::analysis::file_context::FileContext;
use crate::analysis::verdict::judgement::Judgement;
use crate::base::diagnostic::{
    Applicability, Certainty, Finding, Fix, Location, Suppression, Verdict, fingerprint,
};
use crate::base::edit::Edit;
use crate::base::near::{hint, near};
use crate::base::text::{LineIndex, Span};
use crate::config::Policy;
use crate::engine::detect::Detected;
use crate::go::syntax::outline::{Item, line_comments};
use crate::rules::{Engine, Rule};

/// The comments of one file that mean to silence something.
#[derive(Debug, Default)]
pub struct Directives(Vec<Directive>);

#[derive(Debug)]
struct Directive {
    /// From `//` to the end of the comment.
    span: Span,
    line: u32,
    /// Nothing but a comment stands on its line.
    own_line: bool,
    /// It stands on the package clause or in the comment right above it.
    whole_file: bool,
    manner: Manner,
    /// What it names, in the order it stands there.
    names: Vec<String>,
    /// The names with what is between them.
    list: Span,
    reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// `//unleak:ignore`, which names rules.
    Ignore,
    /// `//nolint:`, which names linters.
    Nolint,
    /// `//nolint` or `//nolint:all`, which is about every linter: whether it is idle, nobody can tell here.
    Everything,
}

impl Directives {
    /// Reads the comments of `text`.
    pub fn of(text: &[u8], lines: &LineIndex) -> Directives {
        // The scanner is spared nearly every file.
        if !may_stand_in(text) && memchr::memmem::find(text, b"nolint").is_none() {
            return Directives::default();
        }
        Directives(
            line_comments(text).into_iter().filter_map(|comment| directive(text, lines, comment)).collect(),
        )
    }

    /// The comment that silences `rule` for a finding on `line`; `doc` is the range of lines of the
    /// function's doc comment.
    pub fn find(&self, rule: &str, line: u32, doc: &Range<u32>) -> Option<Suppression> {
        let silences = self.0.iter().filter(|directive| directive.is_about(rule));
        let nearest = silences
            .filter_map(|directive| Some((directive.reach(line, doc)?, directive)))
            .min_by_key(|(far, _)| *far);
        nearest.map(|(_, directive)| Suppression::Comment {
            line: directive.line,
            reason: directive.reason.clone(),
        })
    }

    /// Whether one that may be idle is about the declaration: stands in it or its doc comment, or is about
    /// all of the file.
    pub fn touch(&self, item: &Item) -> bool {
        let around = item.doc_start..item.span.end;
        self.may_be_idle().any(|directive| directive.whole_file || around.contains(&directive.span.start))
    }

    fn may_be_idle(&self) -> impl Iterator<Item = &Directive> {
        self.0.iter().filter(|directive| directive.manner != Manner::Everything)
    }
}

/// Whether a comment that may be idle may stand in `text`.
pub fn may_stand_in(text: &[u8]) -> bool {
    memchr::memmem::find(text, b"unleak").is_some()
}

impl Directive {
    fn is_about(&self, rule: &str) -> bool {
        match self.manner {
            Manner::Ignore => self.names.iter().any(|name| name == rule),
            Manner::Nolint | Manner::Everything => true,
        }
    }

    /// How far a finding on `line` is, if the comment is about it: on its line, the line above, the doc
    /// comment, the file. For golangci-lint the line on which a function begins is as good as its doc
    /// comment.
    fn reach(&self, line: u32, doc: &Range<u32>) -> Option<u8> {
        match self.own_line {
            _ if self.line == line => Some(0),
            true if self.line + 1 == line => Some(1),
            true if doc.contains(&self.line) => Some(2),
            _ if self.manner != Manner::Ignore && self.line == doc.end => Some(2),
            _ if self.whole_file => Some(3),
            _ => None,
        }
    }
}

/// The directive in a comment, behind other words perhaps.
fn directive(text: &[u8], lines: &LineIndex, comment: Span) -> Option<Directive> {
    let bytes = text[comment.range()].trim_ascii_end();
    let (start, manner, list) = memchr::memmem::find_iter(bytes, b"//").find_map(|at| {
        let (manner, list) =
            listed(&bytes[at + 2..]).filter(|(manner, _)| *manner != Manner::Everything || at == 0)?;
        Some((at, manner, Span::new(list.start, list.end).shifted(at as u32 + 2)))
    })?;
    let span = Span::new(comment.start + start as u32, comment.start + bytes.len() as u32);
    let words = |range: Range<usize>| String::from_utf8_lossy(&bytes[range]).into_owned();
    let names: Vec<String> = words(list.range())
        .split([',', ' ', '\t'])
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    let mark = if manner == Manner::Ignore { "--" } else { "//" };
    let reason =
        words(list.end as usize..bytes.len()).split_once(mark).map(|(_, reason)| reason.trim().to_owned());
    let line = lines.line(comment.start);
    let line_start = lines.line_span(line)?.start as usize;
    let own_line = text[line_start..comment.start as usize].trim_ascii().is_empty();
    let whole_file = is_above_package(text, lines, line);
    Some(Directive {
        span,
        line,
        own_line,
        whole_file,
        manner,
        names,
        list: list.shifted(comment.start),
        reason,
    })
}

/// Whether the comment on `line` stands on the package clause, or in the comment right above it.
fn is_above_package(text: &[u8], lines: &LineIndex, line: u32) -> bool {
    let mut here = (line..).map_while(|line| lines.line_span(line)).map(|span| &text[span.range()]);
    let comment = |line: &&[u8]| line.trim_ascii_start().starts_with(b"//");
    here.find(|line| !comment(line)).is_some_and(|line| line.starts_with(b"package "))
}

/// How a comment's text silences, and where its names stand in it.
fn listed(comment: &[u8]) -> Option<(Manner, Span)> {
    // A blank before it, as `nolint` may have one too: what is meant is plain.
    let blank = comment.len() - comment.trim_ascii_start().len();
    let (manner, from) = match comment[blank..].strip_prefix(b"unleak:ignore") {
        Some([] | [b' ' | b'\t', ..]) => (Manner::Ignore, blank + "unleak:ignore".len()),
        Some(_) => return None,
        None => {
            let blanks = comment.len() - comment.trim_ascii_start().len();
            let from = blanks + "nolint".len();
            match comment[blanks..].strip_prefix(b"nolint")? {
                [b':', ..] => (Manner::Nolint, from + 1),
                [] | [b' ', ..] => return Some((Manner::Everything, Span::new(from as u32, from as u32))),
                _ => return None,
            }
        }
    };
    let rest = &comment[from..];
    let end = match manner {
        Manner::Ignore => memchr::memmem::find(rest, b"--").unwrap_or(rest.len()),
        Manner::Nolint | Manner::Everything => {
            rest.iter().position(|byte| b"/ \t".contains(byte)).unwrap_or(rest.len())
        }
    };
    let names = &rest[..end];
    let start = from + names.len() - names.trim_ascii_start().len();
    let span = Span::new(start as u32, (start + names.trim_ascii().len()) as u32);
    let named = |wanted: &[u8]| names.split(|byte| *byte == b',').any(|name| name == wanted);
    match manner {
        Manner::Nolint if named(b"all") => Some((Manner::Everything, span)),
        Manner::Nolint => named(b"unleak").then_some((manner, span)),
        _ => Some((manner, span)),
    }
}

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
        let concerned = rule.is_none_or(|rule| rule.judges(&at.rule));
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

/// The lines of a declaration's doc comment.
pub fn doc_lines(item: &Item, lines: &LineIndex) -> Range<u32> {
    lines.line(item.doc_start)..lines.line(item.span.start)
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
    Span::new(before as u32, directive.span.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, line: u32, doc: Range<u32>) -> Option<(u32, Option<String>)> {
        let lines = LineIndex::new(text.as_bytes());
        match Directives::of(text.as_bytes(), &lines).find("unclosed-client", line, &doc) {
            Some(Suppression::Comment { line, reason }) => Some((line, reason)),
            _ => None,
        }
    }

    #[test]
    fn the_line_the_one_above_and_the_doc_comment_count() {
        let text = "//unleak:ignore unclosed-client -- lives on\nfunc f() {\n\tx()\n\tc := New() \
                    //nolint:errcheck,unleak // why\n\t//unleak:ignore unclosed-client\n\td := New()\n}\n";
        assert_eq!(found(text, 4, 0..0), Some((4, Some("why".into()))));
        assert_eq!(found(text, 6, 0..0), Some((5, None)));
        assert_eq!(found(text, 3, 1..2), Some((1, Some("lives on".into()))));
        assert_eq!(found(text, 3, 0..0), None);
        assert_eq!(found(text, 5, 0..0), Some((5, None)));
        let blank = "c := New() // unleak:ignore unclosed-client -- lives on\n";
        assert_eq!(found(blank, 1, 0..0), Some((1, Some("lives on".into()))));
    }

    #[test]
    fn above_the_package_clause_it_is_about_the_file() {
        let above = "// Package p is.\n//\n//unleak:ignore unclosed-client -- a sample\n// Sample.\npackage \
                     p\n\nvar c = New()\n";
        assert_eq!(found(above, 7, 0..0), Some((3, Some("a sample".into()))));
        assert_eq!(found("package p //nolint:unleak\n\nvar c = New()\n", 3, 0..0), Some((1, None)));
        assert_eq!(found("//nolint:unleak\n\npackage p\n\nvar c = New()\n", 5, 0..0), None);
        assert_eq!(found("//nolint:unleak\nvar b = 1\nvar c = New()\n", 3, 0..0), None);
    }

    #[test]
    fn a_bare_nolint_is_about_everything() {
        assert_eq!(found("c := New() //nolint", 1, 0..0), Some((1, None)));
        assert_eq!(
            found("c := New() // nolint // short-lived", 1, 0..0),
            Some((1, Some("short-lived".into())))
        );
        assert_eq!(found("c := New() //nolint:all", 1, 0..0), Some((1, None)));
        assert_eq!(found("//nolint\nfunc f() {\n\tx()\n\tc := New()\n}\n", 4, 1..2), Some((1, None)));
        assert_eq!(found("func f() { //nolint\n\tx()\n\tc := New()\n}\n", 3, 1..1), Some((1, None)));
        assert_eq!(
            found("func f() { //unleak:ignore unclosed-client\n\tx()\n\tc := New()\n}\n", 3, 1..1),
            None
        );
        assert_eq!(found("c := New() //nolintx", 1, 0..0), None);
        assert_eq!(found("c := New() // why //nolint", 1, 0..0), None);
        assert_eq!(found("c := New() //nolint:errcheck", 1, 0..0), None);
    }

    #[test]
    fn other_rules_words_and_strings_do_not() {
        assert_eq!(found("c := New() //unleak:ignore other -- x", 1, 0..0), None);
        assert_eq!(found("c := New() //unleak:ignored unclosed-client", 1, 0..0), None);
        assert_eq!(found("c := New() //nolint:unleaky", 1, 0..0), None);
        assert_eq!(found("a() //nolint:unleak\nc := New()", 2, 0..0), None);
        assert_eq!(found("c := New(\"//unleak:ignore unclosed-client\")", 1, 0..0), None);
    }

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
