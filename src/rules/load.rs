//! The files of a rule's folder, read and checked; every mistake has a file, line and column.

use std::path::Path;
use std::sync::Arc;

use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;
use tree_sitter::Query;

use crate::base::diagnostic::{FaultKind, ReleaseArg, ReleaseWay, Severity};
use crate::base::sys;
use crate::go::project::gomod::language_version;
use crate::go::types::release::{Gives, Lifetime, ReleaseMethod, Words};
use crate::rules::acquire::{Acquire, Called, GivenType, Qualified, Quiet};
use crate::rules::rule::{Engine, QuerySeeds, Rule, RuleError, Seeds, Status, TextFilter, TypedSeeds};

/// A value that says something: an empty one is a mistake at its place.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Text(String);

impl TryFrom<String> for Text {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Text, &'static str> {
        if text.trim().is_empty() { Err("an empty value says nothing") } else { Ok(Text(text)) }
    }
}

impl std::ops::Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleToml {
    id: toml::Spanned<Text>,
    summary: Text,
    status: StatusToml,
    trigger: Option<toml::Spanned<Text>>,
    given: Option<GivenToml>,
    #[serde(default)]
    engine: EngineToml,
    reports: Option<toml::Spanned<Text>>,
    #[serde(default)]
    severity: SeverityToml,
    label: Option<Text>,
    #[serde(default)]
    prefilter: Vec<PrefilterToml>,
    #[serde(default)]
    acquire: Vec<AcquireToml>,
    #[serde(default)]
    release: Vec<ReleaseToml>,
    #[serde(default)]
    ends: Vec<EndsToml>,
    endless: Option<Text>,
    #[serde(default)]
    main_ends: bool,
    #[serde(default)]
    one_for_all: bool,
    #[serde(default)]
    error_ends: bool,
    #[serde(default)]
    words: WordsToml,
    docs: DocsToml,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum StatusToml {
    Stable,
    Preview,
}

#[derive(Deserialize, Clone, Copy, Default)]
#[serde(rename_all = "lowercase")]
enum EngineToml {
    #[default]
    Resource,
    Channel,
    Construct,
    Suppression,
}

#[derive(Deserialize, Clone, Copy, Default)]
#[serde(rename_all = "lowercase")]
enum SeverityToml {
    Note,
    #[default]
    Warning,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct PrefilterToml {
    #[serde(default)]
    all: Vec<Text>,
    #[serde(default)]
    any: Vec<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenToml {
    unless_named: toml::Spanned<Text>,
    exempt: Vec<toml::Spanned<Text>>,
    exempt_names: toml::Spanned<Text>,
    include: Vec<toml::Spanned<Text>>,
    opened: OpenedToml,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenedToml {
    by: toml::Spanned<Text>,
    names: toml::Spanned<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AcquireToml {
    call: toml::Spanned<Text>,
    #[serde(rename = "type")]
    ty: Option<toml::Spanned<Text>>,
    told_by: Option<toml::Spanned<Text>>,
    gives: Option<toml::Spanned<Text>>,
    go_below: Option<toml::Spanned<Text>>,
    unless_godebug: Option<Text>,
    quiet_if: Option<QuietToml>,
    context: Option<usize>,
    /// From 1.
    release: Option<usize>,
    tied: Option<toml::Spanned<Text>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuietToml {
    argument: usize,
    is: Vec<Text>,
    #[serde(default)]
    with: Vec<Text>,
    why: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReleaseToml {
    method: Option<Text>,
    field: Option<Text>,
    call: Option<Text>,
    of: Option<Text>,
    itself: Option<Text>,
    #[serde(default)]
    args: Vec<ArgToml>,
    safe: bool,
    #[serde(default)]
    only_shown: bool,
    #[serde(default)]
    repeatable: bool,
    /// What the resource is after it.
    done: Option<Text>,
}

/// The method whose answer `false` says that it is released.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EndsToml {
    unless: Text,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct WordsToml {
    open: Option<Text>,
    name: Option<Text>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum ArgToml {
    Context,
    Nil,
    Other,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DocsToml {
    what: Text,
    why: Text,
    example: Text,
    instead: Text,
    safety: Text,
}

/// Makes a rule of the texts of its files, of which one that goes by types has no query.
///
/// # Errors
/// The first mistake in either.
pub fn rule(toml_file: &str, toml: &str, query_file: &str, query: Option<&str>) -> Result<Rule, RuleError> {
    let mistake = |at: usize, words: String| {
        let (line, column) = place(toml, at);
        RuleError { file: toml_file.to_owned(), line, column, words }
    };
    let raw: RuleToml = toml::from_str(toml).map_err(|error| {
        mistake(error.span().map_or(0, |span| span.start), error.message().replace('\n', " "))
    })?;
    let id = raw.id.get_ref();
    if !id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        return Err(mistake(
            raw.id.span().start,
            format!("a rule's id is made of a-z, 0-9 and `-`, not `{}`", &**id),
        ));
    }
    // Bytes, not characters: Go's keywords and the names of constructors are matched in text of any encoding.
    let regex = |key: &str, pattern: &toml::Spanned<Text>| -> Result<Regex, RuleError> {
        RegexBuilder::new(pattern.get_ref()).unicode(false).build().map_err(|error| {
            let words = error.to_string();
            let words =
                format!("`{key}` is no regular expression: {}", words.lines().last().unwrap_or_default());
            mistake(pattern.span().start, words)
        })
    };
    let trigger_of = |pattern: &toml::Spanned<Text>| {
        let trigger = regex("trigger", pattern)?;
        match trigger.is_match(b"") {
            true => Err(mistake(pattern.span().start, "`trigger` matches everywhere".to_owned())),
            false => Ok(trigger),
        }
    };
    let engine = match raw.engine {
        EngineToml::Resource => Engine::Resource,
        EngineToml::Channel => Engine::Channel,
        EngineToml::Construct => Engine::Construct,
        EngineToml::Suppression => Engine::Suppression,
    };
    let leak = FaultKind::Leak.word();
    // The other engines find what their rules are called after.
    let reports: Arc<str> = match &raw.reports {
        Some(reports) => Arc::from(&**reports.get_ref()),
        None if engine == Engine::Resource => Arc::from(leak),
        None => Arc::from(&**id),
    };
    let seeds = match (&raw.trigger, &raw.given, query) {
        (None, None, None) if !raw.acquire.is_empty() => {
            let acquires: Result<Vec<Acquire>, RuleError> = raw
                .acquire
                .iter()
                .map(|raw| acquire(raw).map_err(|(at, words)| mistake(at, words)))
                .collect();
            let called = Called::new(acquires?);
            let words = "its names make no regular expression".to_owned();
            Seeds::Called(called.ok_or_else(|| mistake(raw.id.span().start, words))?)
        }
        (Some(trigger), None, Some(query)) => {
            let trigger = trigger_of(trigger)?;
            let (query, acquire, constructor) = self::query(query_file, query)?;
            Seeds::Named(QuerySeeds { trigger, query, acquire, constructor })
        }
        (None, Some(given), None) => {
            if let Some(wrong) =
                given.exempt.iter().chain(&given.include).find(|name| !name.get_ref().contains('.'))
            {
                let words = format!("`{}` is no `import/path.Type`", &**wrong.get_ref());
                return Err(mistake(wrong.span().start, words));
            }
            let plain =
                |list: &[toml::Spanned<Text>]| list.iter().map(|name| name.get_ref().to_string()).collect();
            Seeds::Given(TypedSeeds {
                unless_named: regex("unless_named", &given.unless_named)?,
                exempt: plain(&given.exempt),
                exempt_names: regex("exempt_names", &given.exempt_names)?,
                include: plain(&given.include),
                opened_by: regex("opened", &given.opened.by)?,
                opened: regex("opened", &given.opened.names)?,
            })
        }
        (None, None, None) if engine != Engine::Resource || &*reports != leak => Seeds::Others,
        _ => {
            let words = "a rule has a `trigger` and an acquire.scm, or a table `[given]`, or tables \
                         `[[acquire]]`, or it `reports` something else";
            let words = words.to_owned();
            return Err(mistake(raw.id.span().start, words));
        }
    };
    let proposes = !matches!(seeds, Seeds::Others);
    if proposes && (engine != Engine::Resource || &*reports != leak) {
        return Err(mistake(raw.id.span().start, "a rule that proposes calls reports leaks".to_owned()));
    }
    if engine == Engine::Resource && !FaultKind::ALL.iter().any(|kind| *kind.word() == *reports) {
        let at = raw.reports.as_ref().map_or(0, |reports| reports.span().start);
        let words: Vec<&str> = FaultKind::ALL.iter().map(|kind| kind.word()).collect();
        return Err(mistake(at, format!("`{reports}` is none of {}", words.join(", "))));
    }
    let words = |words: Vec<Text>| words.into_iter().map(|word| word.0).collect();
    let filter = |raw: PrefilterToml| TextFilter { all: words(raw.all), any: words(raw.any) };
    let prefilter: Vec<TextFilter> = raw.prefilter.into_iter().map(filter).collect();
    let says_nothing = |filter: &TextFilter| filter.all.is_empty() && filter.any.is_empty();
    let detects = matches!(engine, Engine::Channel | Engine::Construct);
    if prefilter.is_empty() == detects || prefilter.iter().any(says_nothing) {
        let words = "a rule of the engines `channel` and `construct` has tables `[[prefilter]]` with words, \
                     others have none";
        return Err(mistake(raw.id.span().start, words.to_owned()));
    }
    if proposes && raw.release.is_empty() {
        return Err(mistake(
            raw.id.span().start,
            "there is no [[release]] that says how it is released".to_owned(),
        ));
    }
    let start = raw.id.span().start;
    let releases: Result<Vec<ReleaseMethod>, RuleError> = raw
        .release
        .into_iter()
        .map(|raw| release(raw).map_err(|words| mistake(start, words.to_owned())))
        .collect();
    Ok(Rule {
        id: Arc::from(&**id),
        summary: raw.summary.0,
        status: match raw.status {
            StatusToml::Stable => Status::Stable,
            StatusToml::Preview => Status::Preview,
        },
        sections: vec![
            ("What it does", raw.docs.what.trim().to_owned()),
            ("Why is this bad", raw.docs.why.trim().to_owned()),
            ("Example", raw.docs.example.trim().to_owned()),
            ("Use instead", raw.docs.instead.trim().to_owned()),
            ("Fix safety", raw.docs.safety.trim().to_owned()),
        ],
        engine,
        reports,
        severity: match raw.severity {
            SeverityToml::Note => Severity::Note,
            SeverityToml::Warning => Severity::Warning,
        },
        label: raw.label.map_or_else(|| "acquired here".to_owned(), |label| label.0),
        prefilter,
        seeds,
        releases: releases?,
        lifetime: Lifetime {
            ends: raw.ends.iter().map(|ends| Arc::from(&*ends.unless)).collect(),
            endless: raw.endless.as_deref().map(Arc::from),
            main_ends: raw.main_ends,
            one_for_all: raw.one_for_all,
            error_ends: raw.error_ends,
            words: Words {
                open: raw.words.open.as_deref().map(Arc::from),
                name: raw.words.name.as_deref().map(Arc::from),
            },
        },
    })
}

/// `result 1`, `argument 0`.
fn gives(text: &str) -> Option<Gives> {
    let (what, at) = text.split_once(' ')?;
    let at = at.parse().ok()?;
    match what {
        "result" => Some(Gives::Result(at)),
        "argument" => Some(Gives::Argument(at)),
        _ => None,
    }
}

/// An acquisition; the error has a place.
fn acquire(raw: &AcquireToml) -> Result<Acquire, (usize, String)> {
    let wrong = |key: &toml::Spanned<Text>, what: &str| {
        (key.span().start, format!("`{}` is no {what}", &**key.get_ref()))
    };
    let held = |key: &toml::Spanned<Text>| {
        gives(key.get_ref()).ok_or_else(|| wrong(key, "`result N` or `argument N`"))
    };
    let callee = Qualified::parse(raw.call.get_ref());
    let ty = raw.ty.as_ref().map(|ty| match ty.get_ref().rsplit_once('.') {
        Some((package, name)) => Ok(GivenType::Named(Arc::from(package), Arc::from(name))),
        None if &**ty.get_ref() == "*" => Ok(GivenType::Releasable),
        None if &**ty.get_ref() == "interface" => Ok(GivenType::OfInterface),
        None => Err(wrong(ty, "`import/path.Type`, nor `*` or `interface`")),
    });
    let told_by = raw.told_by.as_ref().map(|told| match told.get_ref().rsplit_once('.') {
        Some((package, name)) => Ok((Arc::from(package), Arc::from(name))),
        None => Err(wrong(told, "`import/path.Type`")),
    });
    let go_below = raw
        .go_below
        .as_ref()
        .map(|go| language_version(go.get_ref()).ok_or_else(|| wrong(go, "version of Go")));
    let tied = raw.tied.as_ref().map(|tied| match held(tied)? {
        Gives::Result(at) => Ok(at),
        Gives::Argument(_) | Gives::Receiver => Err(wrong(tied, "`result N`")),
    });
    Ok(Acquire {
        callee: callee.ok_or_else(|| {
            wrong(&raw.call, "`import/path.Func`, `import/path.(*Type).Method` or `(*).Method`")
        })?,
        ty: ty.transpose()?,
        told_by: told_by.transpose()?,
        gives: raw.gives.as_ref().map_or(Ok(Gives::Result(0)), held)?,
        go_below: go_below.transpose()?,
        unless_godebug: raw.unless_godebug.as_deref().map(Arc::from),
        quiet_if: raw.quiet_if.as_ref().map(|quiet| Quiet {
            argument: quiet.argument,
            is: quiet.is.iter().map(|name| Arc::from(&**name)).collect(),
            with: quiet.with.iter().map(|value| Arc::from(&**value)).collect(),
            why: Arc::from(&*quiet.why),
        }),
        context: raw.context,
        release: raw.release.unwrap_or(1).saturating_sub(1),
        tied: tied.transpose()?,
    })
}

/// A way to release; the error is a clause.
fn release(raw: ReleaseToml) -> Result<ReleaseMethod, &'static str> {
    let args = raw.args.iter().map(|arg| match arg {
        ArgToml::Context => ReleaseArg::Context,
        ArgToml::Nil => ReleaseArg::Nil,
        ArgToml::Other => ReleaseArg::Other,
    });
    let (name, way) = match (raw.method, raw.call, raw.itself) {
        (Some(method), None, None) if raw.of.is_none() => match raw.field {
            Some(field) => (method.0, ReleaseWay::Field(Arc::from(&*field))),
            None => (method.0, ReleaseWay::Method),
        },
        (None, Some(call), None) if raw.field.is_none() => {
            let (package, name) =
                call.rsplit_once('.').ok_or("the `call` of a [[release]] is no `import/path.Func`")?;
            let method = raw.of.as_deref().map(Arc::from);
            (name.to_owned(), ReleaseWay::Function { package: Arc::from(package), method })
        }
        (None, None, Some(itself)) if raw.field.is_none() && raw.of.is_none() => {
            (itself.0, ReleaseWay::Value)
        }
        _ => return Err("a [[release]] has a `method`, a `call`, or `itself`"),
    };
    Ok(ReleaseMethod {
        name: Arc::from(name),
        args: args.collect(),
        safe: raw.safe,
        only_shown: raw.only_shown,
        way,
        repeatable: raw.repeatable,
        done: Arc::from(raw.done.as_deref().unwrap_or("released")),
    })
}

fn query(file: &str, text: &str) -> Result<(Query, u32, u32), RuleError> {
    let mistake = |line, column, words| RuleError { file: file.to_owned(), line, column, words };
    let query = Query::new(&tree_sitter_go::LANGUAGE.into(), text).map_err(|error| {
        mistake(
            error.row + 1,
            error.column + 1,
            format!("{:?}: {}", error.kind, error.message.replace('\n', " ")),
        )
    })?;
    let capture = |name| {
        let words = format!("the query has no capture `@{name}`");
        query.capture_index_for_name(name).ok_or_else(|| mistake(1, 1, words))
    };
    let (acquire, constructor) = (capture("acquire")?, capture("constructor")?);
    if let Some(at) = text.find("source_file") {
        let (line, column) = place(text, at);
        return Err(mistake(
            line,
            column,
            "a query sees one declaration, there is no `source_file`".to_owned(),
        ));
    }
    for pattern in 0..query.pattern_count() {
        if let Some(predicate) = query.general_predicates(pattern).first() {
            let (line, column) = place(text, query.start_byte_for_pattern(pattern));
            return Err(mistake(
                line,
                column,
                format!("the predicate `#{}` is not known", predicate.operator),
            ));
        }
    }
    Ok((query, acquire, constructor))
}

fn place(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at.min(text.len())];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, at - line_start + 1)
}

/// The rules in the folders of `dir`, sorted by id.
///
/// # Errors
/// The first mistake found, with its file, line and column; also when `dir` cannot be read or holds no rule.
pub fn load_dir(dir: &Path) -> Result<Vec<Arc<Rule>>, RuleError> {
    let outside = |path: &Path, words: String| RuleError {
        file: path.display().to_string(),
        line: 1,
        column: 1,
        words,
    };
    let read = |path: &Path| {
        let bytes = sys::read(path, 1 << 20).map_err(|error| outside(path, error.to_string()))?;
        String::from_utf8(bytes).map_err(|_| outside(path, "the file is not UTF-8".to_owned()))
    };
    let entries = sys::list(dir).map_err(|error| outside(dir, error.to_string()))?;
    let mut rules = Vec::new();
    for (name, _) in entries.into_iter().filter(|(_, kind)| *kind == sys::Kind::Folder) {
        let folder = dir.join(name);
        let (toml, query) = (folder.join("rule.toml"), folder.join("acquire.scm"));
        let query_text = if sys::kind(&query).is_some() { Some(read(&query)?) } else { None };
        let shown = (toml.display().to_string(), query.display().to_string());
        rules.push(Arc::new(rule(&shown.0, &read(&toml)?, &shown.1, query_text.as_deref())?));
    }
    if rules.is_empty() {
        return Err(outside(
            dir,
            "no rule here: a rule is a folder with rule.toml, and acquire.scm where it goes by names"
                .to_owned(),
        ));
    }
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOML: &str = include_str!("../../queries/unclosed-client/rule.toml");
    const QUERY: &str = include_str!("../../queries/unclosed-client/acquire.scm");

    fn broken(toml: &str, query: &str) -> String {
        rule("rule.toml", toml, "acquire.scm", Some(query)).unwrap_err().to_string()
    }

    #[test]
    fn mistakes_have_a_place() {
        assert!(
            broken(&TOML.replace("summary =", "sumary ="), QUERY)
                .starts_with("rule.toml:2:1: unknown field `sumary`")
        );
        assert!(
            broken(&TOML.replace("unclosed-client", "Unclosed Client"), QUERY)
                .starts_with("rule.toml:1:6: a rule's id")
        );
        assert!(
            broken(&TOML.replace("trigger = 'New", "trigger = '(New"), QUERY)
                .contains("`trigger` is no regular expression")
        );
        assert!(broken(TOML, "(call_expresion) @acquire").starts_with("acquire.scm:1:2: "));
        assert!(broken(TOML, "(call_expression) @acquire").contains("no capture `@constructor`"));
        assert!(
            broken(TOML, "\n(call_expression function: (_) @constructor (#near? @constructor)) @acquire")
                .starts_with("acquire.scm:2:1: ")
        );
        assert!(broken(TOML, "(source_file (_) @constructor) @acquire").contains("no `source_file`"));
        let line = 1 + TOML.lines().position(|line| line == "method = \"Close\"").expect("it is there");
        assert!(
            broken(&TOML.replace("method = \"Close\"", "method = \"\""), QUERY)
                .starts_with(&format!("rule.toml:{line}:10: an empty value"))
        );
        assert!(
            broken(&TOML.replace("trigger = 'New", "trigger = '|New"), QUERY).contains("matches everywhere")
        );
        let empty = TOML.replace("status =", "prefilter = [{ all = [\"\"] }]\nstatus =");
        assert_eq!(broken(&empty, QUERY), "rule.toml:3:22: an empty value says nothing");
        let both = TOML.replace("status =", "reports = \"released-twice\"\nstatus =");
        assert!(broken(&both, QUERY).contains("reports leaks"));
    }
}
