//! The cheap question before a declaration is parsed: can any of its candidate calls leak at all?
//!
//! Two shapes are told from the text alone, and most calls of a tidy tree have one of them:
//! `pkg.NewThingClient(…)` whose results have nothing to release, and a client that is released by a `defer`
//! right after its error check. Where anything could mean something else, the answer is "parse it": it never
//! says that something leaks.

use std::sync::Arc;

use crate::analysis::file_context::FileContext;
use crate::analysis::verdict::case::{Judge, Usage};
use crate::base::diagnostic::{Closable, Release, ReleaseWay};
use crate::base::text::Span;
use crate::engine::prefilter::Prefilter;
use crate::engine::typed_seeds;
use crate::go::syntax::ast::{Call, Expr, ExprKind, Ident};
use crate::go::syntax::outline::{body_start, is_word};
use crate::go::types::expressions::Callee;
use crate::go::types::release::ReleaseMethod;
use crate::rules::{Rule, Seeds};

/// Whether nothing can be wrong with any call in `text` where the rule's seeds could stand; with
/// `leaks_only`, whether none can leak. Comments and what stands in strings are blanks in `text`: a word
/// there declares nothing and calls nothing. What the text shows of how things of unknown type are released
/// goes to `shown`.
pub fn is_clean(
    judge: &Judge,
    place: &FileContext,
    (rule, sight): (&Rule, &Prefilter),
    text: &[u8],
    leaks_only: bool,
    shown: &mut Usage,
) -> bool {
    if matches!(rule.seeds, Seeds::Called(_)) {
        return sight.hits(text).into_iter().all(|hit| is_called_at_once(text, hit.start, &rule.releases));
    }
    sight.hits(text).into_iter().all(|hit| {
        if text[..hit.start].last().is_some_and(|byte| is_word(*byte)) {
            // The middle of a longer name: no constructor's.
            return true;
        }
        let Some(b'(') = text[..hit.end].last() else { return false };
        let name = text[hit.start..hit.end - 1].trim_ascii_end();
        let function = match text[..hit.start].split_last() {
            Some((b'.', before)) => qualified(text, before, name),
            _ => is_only(text, name, b"(").then(|| ident(name)),
        };
        function.is_some_and(|function| match gives(judge, place, rule, function) {
            Gives::Nothing => true,
            Gives::Closable(method) => is_deferred_at_once(text, hit.start, &method, leaks_only),
            Gives::Unknown(constructor) => {
                let mut releases = rule.releases.iter().filter(|release| release.way == ReleaseWay::Method);
                let released = releases
                    .find(|release| is_deferred_at_once(text, hit.start, &release.name, leaks_only))
                    .zip(constructor);
                released.is_some_and(|(release, constructor)| {
                    shown.insert(constructor, release.name.to_string());
                    true
                })
            }
        })
    })
}

/// Whether the call at `at` has its first release deferred in the next line at its indentation, behind the
/// check of an error if there is one between. Whatever that call acquires, that releases it.
fn is_called_at_once(text: &[u8], at: usize, releases: &[ReleaseMethod]) -> bool {
    let Some(release) = releases.first() else { return false };
    let start = text[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let indent = text[start..].iter().take_while(|byte| **byte == b'\t').count();
    let Some((first, second)) = bound(&text[start + indent..at]) else { return false };
    if !ends_statement(&text[at..]) {
        return false;
    }
    let deferred = |name: &[u8]| {
        let name = String::from_utf8_lossy(name);
        let release = Release {
            method: release.name.to_string(),
            args: Vec::new(),
            returns_error: false,
            way: release.way.clone(),
        };
        format!("defer {}", release.call(&name, "", "")).into_bytes()
    };
    let mut lines = lines_at(text, start, indent);
    let line = lines.next();
    match release.way {
        ReleaseWay::Value => line == Some(deferred(second).as_slice()),
        ReleaseWay::Function { .. } => false,
        ReleaseWay::Method | ReleaseWay::Field(_) => {
            let check = [b"if ", second, b" != nil {"].concat();
            let ends = line == Some(&check) && lines.next() == Some(b"}");
            ends && lines.next() == Some(deferred(first).as_slice())
        }
    }
}

/// The lines behind the one at `start` that begin at its indentation, without that, the last ones of a
/// statement over several lines left out.
fn lines_at(text: &[u8], start: usize, indent: usize) -> impl Iterator<Item = &[u8]> {
    let margin = &text[start..start + indent];
    let lines = text[start..].split(|byte| *byte == b'\n').skip(1).filter_map(move |line| {
        let line = line.trim_ascii_end();
        (!line.is_empty())
            .then(|| line.strip_prefix(margin).filter(|rest| !rest.starts_with(b"\t")))
            .flatten()
    });
    lines.skip_while(|line| line.starts_with(b")") || line.starts_with(b"}"))
}

/// What a constructor's results are, taken together.
enum Gives {
    Nothing,
    /// The first result is released by this method, without arguments.
    Closable(String),
    /// Nobody knows; what is called, as an entry of [`Usage`] names it, where that is known.
    Unknown(Option<String>),
}

/// Whether the statement around `at` is `x, err := …` (or with `=`) and the next ones at its indentation are,
/// in lines of their own, `if err != nil { … }` and `defer x.method()`; unless `leaks_only`, also whether it
/// stays in the function until then.
fn is_deferred_at_once(text: &[u8], at: usize, method: &str, leaks_only: bool) -> bool {
    let start = text[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let indent = text[start..].iter().take_while(|byte| **byte == b'\t').count();
    let Some((name, error)) = bound(&text[start + indent..at]) else { return false };
    if !ends_statement(&text[at..]) {
        return false;
    }
    let mut lines = lines_at(text, start, indent);
    let line = lines.next();
    let check = [b"if ", error, b" != nil {"].concat();
    let release = [b"defer ", name, b".", method.as_bytes(), b"()"].concat();
    let deferred = line == Some(&check) && lines.next() == Some(b"}") && lines.next() == Some(&release);
    deferred && (leaks_only || stays(text, at, name, &release))
}

/// Whether nothing comes behind the call that `text` begins with: `New().Connect()` gives something else.
fn ends_statement(text: &[u8]) -> bool {
    let mut open = 0_usize;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'(' => open += 1,
            b')' if open <= 1 => {
                let rest = text[at + 1..].iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r'));
                return open == 1 && matches!(rest, None | Some(b'\n' | b';'));
            }
            b')' => open -= 1,
            _ => {}
        }
    }
    false
}

/// Whether all that is done with `name` between its `release` and the end of `text` is to call other methods
/// of it or of its fields, in a function that gives plain values at most, and starts nothing.
fn stays(text: &[u8], at: usize, name: &[u8], release: &[u8]) -> bool {
    let Some(head) = body_start(text).map(|end| text[..end].trim_ascii_end()) else { return false };
    let Some(after) =
        memchr::memmem::find(&text[at..], release).map(|start| &text[at + start + release.len()..])
    else {
        return false;
    };
    let is_free = |at: usize| !at.checked_sub(1).is_some_and(|before| is_word(after[before]));
    let lent = |found: usize| {
        let rest = &after[found + name.len()..];
        !is_free(found) || rest.first().is_some_and(|b| is_word(*b)) || is_method_call(rest)
    };
    gives_plain_results(head)
        && !memchr::memmem::find_iter(after, b"go ").any(is_free)
        && memchr::memmem::find_iter(after, b"func(").all(|at| is_callback_of(&after[..at], name))
        && memchr::memmem::find(after, &release[b"defer ".len()..]).is_none()
        && memchr::memmem::find_iter(after, name).all(lent)
}

/// Whether a text goes on with `.Method(`, or with that of a field (`.Admin.Method(`).
fn is_method_call(text: &[u8]) -> bool {
    let path = text.iter().take_while(|byte| is_word(**byte) || **byte == b'.').count();
    text.first() == Some(&b'.') && path > 1 && text[path - 1] != b'.' && text.get(path) == Some(&b'(')
}

/// Whether a text ends within the arguments of a call of a method of `name`: what it gets lives no longer
/// than what `name` is.
fn is_callback_of(before: &[u8], name: &[u8]) -> bool {
    let mut closed = 0_usize;
    let open = before.iter().rposition(|byte| {
        match byte {
            b')' => closed += 1,
            b'(' if closed == 0 => return true,
            b'(' => closed -= 1,
            _ => {}
        }
        false
    });
    let Some(open) = open else { return false };
    let path = before[..open].iter().rev().take_while(|byte| is_word(**byte) || **byte == b'.').count();
    let called = &before[open - path..open];
    called.strip_prefix(name).is_some_and(|rest| is_method_call(&[rest, b"("].concat()))
}

/// Whether the head of a function says that it gives nothing that could hold a resource: no results, or only
/// errors, strings, numbers, bytes and protobuf messages.
fn gives_plain_results(head: &[u8]) -> bool {
    // A function type ends with its own results.
    if memchr::memmem::find(head, b"func(").is_some() {
        return false;
    }
    let plain = |ty: &[u8]| PLAIN.iter().any(|plain| plain.as_bytes() == ty) || is_message(ty);
    let parameters = |text: &[u8]| {
        let params = text.strip_suffix(b")")?;
        let mut open = 1;
        params.iter().rposition(|byte| {
            open += i32::from(*byte == b')') - i32::from(*byte == b'(');
            open == 0
        })
    };
    let Some(start) = parameters(head) else {
        // One result without parentheses.
        let ty = head.iter().rposition(|byte| *byte == b' ').map_or(head, |at| &head[at + 1..]);
        return plain(ty) && head[..head.len() - ty.len()].trim_ascii_end().ends_with(b")");
    };
    // Results in parentheses have a blank before them.
    if head[..start].last().is_some_and(|byte| is_word(*byte) || *byte == b']') {
        return true;
    }
    let results = &head[start + 1..head.len() - 1];
    head[..start].trim_ascii_end().ends_with(b")")
        && results.split(|byte| *byte == b',').all(|result| {
            let result = result.trim_ascii();
            plain(result.rsplit(|byte| *byte == b' ').next().unwrap_or_default())
        })
}

/// Types whose values hold nothing else, as they are mostly written.
const PLAIN: [&str; 12] = [
    "error", "string", "[]string", "bool", "int", "int32", "int64", "uint32", "uint64", "float64", "byte",
    "[]byte",
];

/// Whether a type is written as that of a protobuf message, whose packages are named `…pb`.
fn is_message(ty: &[u8]) -> bool {
    let ty = ty.strip_prefix(b"[]").unwrap_or(ty).strip_prefix(b"*").unwrap_or_default();
    let dot = memchr::memchr(b'.', ty);
    dot.is_some_and(|at| {
        ty[..at].ends_with(b"pb") && ty[..at].iter().chain(&ty[at + 1..]).all(|b| is_word(*b))
    })
}

/// The two names in `name, err := qualifier.`; other shapes give none.
fn bound(before: &[u8]) -> Option<(&[u8], &[u8])> {
    let equals = memchr::memchr(b'=', before)?;
    let names = before[..equals].strip_suffix(b":").unwrap_or(&before[..equals]);
    let comma = memchr::memchr(b',', names)?;
    let (name, error) = (names[..comma].trim_ascii(), names[comma + 1..].trim_ascii());
    let plain = |name: &[u8]| !name.is_empty() && name != b"_" && name.iter().copied().all(is_word);
    let call = before[equals + 1..].trim_ascii();
    (plain(name) && plain(error) && call.iter().all(|byte| is_word(*byte) || *byte == b'.'))
        .then_some((name, error))
}

/// `qualifier.name`, where every `qualifier` in `text` is followed by a dot: nothing declares a variable of
/// that name.
fn qualified(text: &[u8], before: &[u8], name: &[u8]) -> Option<Expr> {
    let start = before.iter().rposition(|byte| !is_word(*byte)).map_or(0, |at| at + 1);
    let qualifier = &before[start..];
    let plain = !matches!(before[..start].last(), Some(b'.' | b')' | b']'));
    if qualifier.is_empty() || !plain || !is_only(text, qualifier, b".") {
        return None;
    }
    let ExprKind::Ident(field) = ident(name).kind else { return None };
    Some(Expr {
        span: Span::default(),
        kind: ExprKind::Selector { operand: Box::new(ident(qualifier)), field },
    })
}

/// Whether each `word` in `text` that is no field is followed by one of `next`.
fn is_only(text: &[u8], word: &[u8], next: &[u8]) -> bool {
    memchr::memmem::find_iter(text, word).all(|at| {
        let before = at.checked_sub(1).map(|at| text[at]);
        let after = text.get(at + word.len()).copied();
        let part = before.is_some_and(is_word) || after.is_some_and(is_word);
        part || before == Some(b'.') || after.is_some_and(|byte| next.contains(&byte))
    })
}

fn ident(name: &[u8]) -> Expr {
    let name = Arc::from(String::from_utf8_lossy(name));
    Expr { span: Span::default(), kind: ExprKind::Ident(Ident { span: Span::default(), name }) }
}

fn gives(judge: &Judge, place: &FileContext, rule: &Rule, function: Expr) -> Gives {
    let call =
        Call { span: Span::default(), function, type_args: Vec::new(), args: Vec::new(), spread: false };
    let callee = judge.database.callee(place.scope, &call, &|_| None);
    if matches!(rule.seeds, Seeds::Given(_)) && typed_seeds::result_of(judge, rule, &callee).is_none() {
        return Gives::Nothing;
    }
    if let Callee::Unknown { name, .. } = callee {
        return Gives::Unknown(name.contains('/').then_some(name));
    }
    let types = judge.database.results(&callee);
    let answers: Vec<_> =
        types.iter().map(|ty| judge.database.closable(ty, &rule.releases).closable).collect();
    match answers.as_slice() {
        [] => Gives::Unknown(None),
        answers if answers.iter().all(|answer| matches!(answer, Closable::Nothing(_))) => Gives::Nothing,
        [Closable::By(release), Closable::Nothing(_)] if release.args.is_empty() => {
            Gives::Closable(release.method.clone())
        }
        _ => Gives::Unknown(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine;
    use crate::engine::testing::Module;
    use crate::go::types::closable::common_methods;

    #[test]
    fn a_name_with_another_meaning_is_seen() {
        assert!(is_only(b"func f() { c := pkg.NewClient(); x.pkg = 1; pkgs := 2 }", b"pkg", b"."));
        assert!(!is_only(b"func f(pkg *T) { c := pkg.NewClient() }", b"pkg", b"."));
        assert!(!is_only(b"func f() { pkg := pkg.NewClient() }", b"pkg", b"."));
    }

    #[test]
    fn only_plain_qualifiers_are_taken() {
        let text = b"c := a.b.NewClient()";
        assert!(qualified(text, b"c := a.b", b"NewClient").is_none());
        let text = b"c := f().NewClient()";
        assert!(qualified(text, b"c := f()", b"NewClient").is_none());
        let text = b"c := b.NewClient()";
        assert!(qualified(text, b"c := b", b"NewClient").is_some());
    }

    fn deferred(text: &str) -> bool {
        is_deferred_at_once(text.as_bytes(), text.find("New").unwrap(), "Close", true)
    }

    #[test]
    fn what_leaves_before_a_release_is_seen() {
        let stays = |head: &str, rest: &str| {
            let text = format!(
                "func f(ctx C) {head}{{\n\tc, err := p.NewClient(ctx)\n\tif err != nil {{\n\t\treturn err\n\
                 \t}}\n\tdefer c.Close()\n{rest}}}\n"
            );
            is_deferred_at_once(text.as_bytes(), text.find("New").unwrap(), "Close", false)
        };
        assert!(stays("error ", "\treturn c.Do(ctx)\n"));
        assert!(stays("", "\tc.Do(abc)\n"));
        assert!(stays("([]byte, error) ", "\treturn c.Do(ctx), nil\n"));
        assert!(stays("(n int, err error) ", "\treturn c.Do(ctx), nil\n"));
        assert!(stays("(*taskpb.Task, error) ", "\treturn c.Do(ctx)\n"));
        assert!(stays("error ", "\talgo := c.Admin.Do(ctx)\n"));
        assert!(stays("error ", "\treturn c.Do(ctx, a(1), func(t *T) error {\n\t\treturn c.Do(t)\n\t})\n"));
        for (head, rest) in [
            ("(*p.Client, error) ", "\treturn c, nil\n"),
            ("(string, *p.Stream) ", "\treturn c.Do(ctx)\n"),
            ("(a, b func() error) ", "\treturn c.Do(ctx)\n"),
            ("p.Stream ", "\treturn c.Do(ctx)\n"),
            ("error ", "\tx.c = c\n"),
            ("error ", "\tx.held = c.(io.Closer)\n"),
            ("error ", "\tgo c.Do(ctx)\n"),
            ("error ", "\tx.done = func() { c.Do(ctx) }\n"),
            ("error ", "\tg.Go(c.Do)\n"),
            ("error ", "\tg.Go(c.Admin.Do)\n"),
            ("error ", "\tx.held = c.Admin.\n"),
            ("error ", "\tx.Do(func() { c.Do(ctx) })\n"),
            ("error ", "\tcc.Do(func() { c.Do(ctx) })\n"),
            ("error ", "\tc.Do(ctx)\n\tx.Do(func() { c.Do(ctx) })\n"),
            ("error ", "\tc.Do(func() { x.held = c })\n"),
            ("(taskpb.Task, error) ", "\treturn c.Do(ctx)\n"),
            ("(*pb.Stream[T], error) ", "\treturn c.Do(ctx)\n"),
            ("error ", "\treturn c.Close()\n"),
        ] {
            assert!(!stays(head, rest), "{rest}");
        }
    }

    #[test]
    fn a_release_right_after_the_check_is_seen() {
        assert!(deferred(
            "\tc, err := p.NewClient(ctx)\n\tif err != nil {\n\t\treturn err\n\t}\n\tdefer c.Close()\n"
        ));
        assert!(deferred(
            "\tc, err = p.NewClient(\n\t\tctx,\n\t)\n\n\tif err != nil {\n\t\treturn err\n\t}\n\tdefer \
             c.Close()\n"
        ));
    }

    #[test]
    fn what_goes_on_in_a_chain_is_not_released_by_what_that_gives() {
        let at_once = |call: &str| {
            let text =
                format!("\tf, err := {call}\n\tif err != nil {{\n\t\treturn err\n\t}}\n\tdefer f.Close()\n");
            is_called_at_once(text.as_bytes(), text.find("Open").unwrap(), &common_methods())
        };
        assert!(at_once("os.Open(name(1))") && at_once("os.Open(\n\t\tname,\n\t)"));
        assert!(!at_once("os.Open(name(1)).Stat()") && !at_once("os.Open(name) + 1"));
    }

    #[test]
    fn any_other_shape_is_not() {
        for text in [
            "\tc, err := p.NewClient(ctx)\n\tif err != nil {\n\t\treturn err\n\t}\n\tuse(c)\n\tdefer \
             c.Close()\n",
            "\tc, err := p.NewClient(ctx)\n\tif err != nil {\n\t\treturn err\n\t\tdefer c.Close()\n\t}\n",
            "\tc, err := p.NewClient(ctx)\n\tif err != nil {\n\t\treturn err\n\t}\n\tdefer d.Close()\n",
            "\tc, err := p.NewClient(ctx)\n\tif other != nil {\n\t\treturn err\n\t}\n\tdefer c.Close()\n",
            "\tc, err := p.NewClient(ctx)\n\tif err != nil {\n\t\treturn err\n\t} else {\n\t}\n\tdefer \
             c.Close()\n",
            "\ts.c, err = p.NewClient(ctx)\n\tif err != nil {\n\t\treturn err\n\t}\n\tdefer s.c.Close()\n",
            "\tc, err := p.NewClient(ctx).Open(f(1))\n\tif err != nil {\n\t\treturn err\n\t}\n\tdefer \
             c.Close()\n",
            "\tc, err := wrap(p.NewClient(ctx))\n\tif err != nil {\n\t\treturn err\n\t}\n\tdefer c.Close()\n",
        ] {
            assert!(!deferred(text), "{text}");
        }
    }

    /// What nobody can read, released at once in one file, tells what a call in another one leaks.
    #[test]
    fn the_text_alone_shows_how_an_unknown_type_is_released() {
        let function = |rest: &str| {
            let import = "import thing \"example.com/gone/thing/apiv1\"";
            let check = "\tif err != nil {\n\t\treturn\n\t}\n";
            format!(
                "package p\n\n{import}\n\nfunc f() {{\n\tc, err := thing.NewThingClient()\n\
                 {check}{rest}\tc.Do()\n}}\n"
            )
        };
        let found = |other: &str| {
            let module = Module::new(&[("a/a.go", &function("")), ("b/b.go", &function(other))]);
            let report = engine::check(&module.settings("unclosed-client")).expect("the module is there");
            report.findings.iter().map(|finding| finding.location.path.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(found("\tdefer c.Close()\n"), ["a/a.go"]);
        assert!(found("").is_empty(), "nobody knows that it has anything to release");
    }
}
