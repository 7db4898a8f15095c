//! A remedy -> a fix: its edits, what they do in words, and why they need a look.

use crate::base::diagnostic::{
    Anchor, AnchorPlace, Applicability, Certainty, Closable, Fix, Release, ReleaseArg, ReleaseCandidate,
    ReleaseWay, Remedy,
};
use crate::base::edit::Edit;
use crate::base::text::Span;
use crate::fix::lines::{self, Gap, REALIGNS, realigns};
use crate::fix::spelling::{self, Spelled, When};
use crate::fix::wanted::{Draft, Sketch, Wanted};
use crate::fix::{binding, imports, iterations};

/// A remedy that is spelled without knowing what is released: anything but a release. Where the place does
/// not take it, it is only shown.
pub fn spelled(remedy: &Remedy, file: &[u8]) -> Option<Fix> {
    let (title, edits, doubt) = match remedy {
        Remedy::Release(_) => return None,
        Remedy::Advice { title, reason } => return Some(sketch(title.clone(), reason)),
        Remedy::Capacity { title, at, text, doubt } => {
            let aligned = lines::is_between_comments(file, *at as usize);
            let doubt = doubt.clone().or_else(|| aligned.then(|| REALIGNS.to_owned()));
            (title, vec![Edit::insert(*at, text.clone())], doubt)
        }
        Remedy::Lines { title, place, lines, doubt } => match Gap::at(file, *place) {
            Ok(gap) => (title, vec![gap.insert(lines)], doubt.clone().or_else(|| realigns(&gap))),
            Err(reason) => return Some(sketch(title.clone(), reason)),
        },
        Remedy::Leaving { title, statements, lines, doubt } => {
            let gaps: Result<Vec<Gap>, _> = statements.iter().map(|one| Gap::before(file, *one)).collect();
            match gaps {
                Ok(gaps) => (title, gaps.iter().map(|gap| gap.insert(lines)).collect(), doubt.clone()),
                Err(reason) => return Some(sketch(title.clone(), reason)),
            }
        }
        Remedy::Case { title, statement, case, lines, doubt } => {
            match Gap::at(file, AnchorPlace::After(*statement)) {
                Ok(gap) => {
                    (title, choice(&gap, *statement, case, lines), doubt.clone().or_else(|| realigns(&gap)))
                }
                Err(reason) => return Some(sketch(title.clone(), reason)),
            }
        }
    };
    let applicability = if doubt.is_some() { Applicability::Unsafe } else { Applicability::Safe };
    Some(Fix { title: title.clone(), applicability, reason: doubt, edits, proof: None })
}

/// `statement` as the first case of a `select`, before the `gap` that follows it. A case stands as deep as
/// its `select`, so that no line moves.
fn choice(gap: &Gap, statement: Span, case: &str, lines: &[String]) -> Vec<Edit> {
    let Gap { indent, ending, .. } = gap;
    let mut rest = vec![format!("case {case}:")];
    rest.extend(lines.iter().map(|line| format!("\t{line}")));
    rest.push("}".to_owned());
    vec![
        Edit::insert(statement.start, format!("select {{{ending}{indent}case ")),
        Edit::insert(statement.end, ":".to_owned()),
        gap.insert(&rest),
    ]
}

/// The fix for a fault; `None` for a release when the type's is not known.
pub fn fix(wanted: &Wanted) -> Option<Fix> {
    let Remedy::Release(placed) = wanted.remedy else { return spelled(wanted.remedy, wanted.text) };
    let Closable::By(release) = &wanted.acquisition.closable else { return None };
    if wanted.method(release).is_some_and(|method| method.only_shown) {
        let name = wanted.name();
        let reason = format!("what `{}` waits for, or ends besides, is for a person to say", release.method);
        return Some(sketch(format!("call `{}` of {name}", release.name()), &reason));
    }
    let Some(anchor) = &placed.anchor else {
        if let Some(fix) = leaving(wanted, release, placed) {
            return Some(fix);
        }
        let name = wanted.name();
        let line = match wanted.acquisition.name {
            Some(_) => "no single line could release it",
            None => "nothing names it, and to name it takes more than a line",
        };
        let reason = placed.obstacle.as_deref().unwrap_or(line);
        return Some(sketch(format!("call `{}` of {name} on every way out", release.name()), reason));
    };
    Some(match draft(wanted, release, anchor, &placed.replaced) {
        Ok(Draft { title, mut edits, doubt }) => {
            edits.sort_by_key(|edit| edit.span);
            let reason = anchor
                .doubt
                .clone()
                .or_else(|| assumed(wanted, release))
                .or_else(|| risk(release, anchor, wanted))
                .or(doubt)
                .or_else(|| unproved(wanted, placed));
            let applicability = if reason.is_some() { Applicability::Unsafe } else { Applicability::Safe };
            Fix { title, applicability, reason, edits, proof: placed.proof.clone() }
        }
        Err(Sketch { title, reason }) => sketch(title, &reason),
    })
}

fn sketch(title: String, reason: &str) -> Fix {
    Fix {
        title,
        applicability: Applicability::Display,
        reason: Some(reason.to_owned()),
        edits: Vec::new(),
        proof: None,
    }
}

fn draft(wanted: &Wanted, release: &Release, anchor: &Anchor, replaced: &[Span]) -> Result<Draft, Sketch> {
    let call = call(wanted, release, anchor).map_err(|sketched| Sketch {
        title: format!("insert `defer {sketched}`"),
        reason: "what to pass to it is for a person to say".to_owned(),
    })?;
    match &anchor.iteration {
        None => deferred(wanted, release, anchor, &call, replaced),
        Some(iteration) => iterations::draft(wanted, release, anchor, iteration, &call),
    }
}

/// `client.Close()`; the error is a sketch of a call whose arguments nobody knows.
fn call(wanted: &Wanted, release: &Release, anchor: &Anchor) -> Result<String, String> {
    let named = match &release.way {
        ReleaseWay::Function { package, .. } => imports::qualifier(wanted.habits.imports(), package),
        _ => None,
    };
    let function =
        &named.map_or_else(|| release.name(), |qualifier| format!("{qualifier}.{}", release.method));
    let call = |args: &str| release.call(&anchor.variable, args, function);
    match (release.args.as_slice(), &anchor.scope.context) {
        ([], _) => Ok(call("")),
        ([ReleaseArg::Nil], _) => Ok(call("nil")),
        ([ReleaseArg::Context], Some(context)) => Ok(call(&context.spelled)),
        _ => Err(call("…")),
    }
}

/// A release before each `return` that lacks one; `None` where one of them cannot be written.
fn leaving(wanted: &Wanted, release: &Release, placed: &ReleaseCandidate) -> Option<Fix> {
    let mut edits = Vec::new();
    let mut titles = Vec::new();
    for anchor in &placed.leaving {
        let call = call(wanted, release, anchor).ok()?;
        let spelled = spelling::spell(wanted, release, anchor, &call, When::Now)
            .ok()
            .filter(|spelled| spelled.needs.is_none())?;
        edits.push(Gap::at(wanted.text, anchor.place).ok()?.insert(&spelled.lines));
        titles.push(spelled.title);
    }
    let title = match titles.as_slice() {
        [] => return None,
        [title] => format!("insert `{title}` before the return that lacks it"),
        [title, ..] => format!("insert `{title}` before each of the {} returns that lack it", titles.len()),
    };
    let applicability = Applicability::Unsafe;
    Some(Fix { title, applicability, reason: placed.obstacle.clone(), edits, proof: None })
}

/// A release that waits for the end of the function, in the place of the statements `replaced`.
fn deferred(
    wanted: &Wanted,
    release: &Release,
    anchor: &Anchor,
    call: &str,
    replaced: &[Span],
) -> Result<Draft, Sketch> {
    let place = if anchor.after_check { "after the error check" } else { "after it is made" };
    let spelled = spelling::spell(wanted, release, anchor, call, When::Deferred)
        .map_err(|reason| Sketch { title: format!("insert `defer {call}` {place}"), reason })?;
    let title = match replaced {
        [] => format!("insert `{}` {place}", spelled.title),
        _ => format!("let `{}` {place} take the place of the release that is there", spelled.title),
    };
    let Spelled { lines, needs, doubt, .. } = spelled;
    let sketch = |reason: &str| Sketch { title: title.clone(), reason: reason.to_owned() };
    let bound = binding::bind(wanted, anchor, &lines).map_err(sketch)?;
    let imported = needs.map(|path| {
        imports::add(wanted.text, path).ok_or_else(|| sketch("the import it needs has no plain place"))
    });
    let mut edits = bound.edits;
    let mut doubt = doubt.or(bound.doubt);
    if let Some(edit) = imported.transpose()?.flatten() {
        edits.push(edit);
        doubt = doubt.or_else(|| Some("it adds an import".to_owned()));
    }
    if !replaced.is_empty() {
        let removals: Result<Vec<Edit>, &str> =
            replaced.iter().map(|statement| lines::remove(wanted.text, *statement)).collect();
        edits.extend(removals.map_err(sketch)?);
        doubt = Some("what was released in one place is released in another".to_owned());
    }
    Ok(Draft { title, edits, doubt })
}

fn assumed(wanted: &Wanted, release: &Release) -> Option<String> {
    match (wanted.type_certainty, wanted.acquisition.certainty) {
        (Certainty::Assumed, _) => Some(format!("that its type has `{}` is assumed", release.method)),
        (_, Certainty::Assumed) => {
            Some("what becomes of it is assumed, as some of the code was not read".to_owned())
        }
        _ => None,
    }
}

/// What stands against a proof that the release does no harm.
fn unproved(wanted: &Wanted, placed: &ReleaseCandidate) -> Option<String> {
    match &placed.proof {
        Some(Ok(_)) => None,
        Some(Err(objection)) => Some(match &objection.place {
            place if place.line == 0 => place.words.clone(),
            place if place.path == wanted.acquisition.path => format!("line {}: {}", place.line, place.words),
            place => {
                format!("{}:{}: {}", (wanted.in_repository)(&place.path), place.line, place.words)
            }
        }),
        None => Some("nothing proves that it is not needed any more when the function ends".to_owned()),
    }
}

/// What is risky about this release whatever its place.
fn risk(release: &Release, anchor: &Anchor, wanted: &Wanted) -> Option<String> {
    if let ([ReleaseArg::Context], Some(context)) = (release.args.as_slice(), &anchor.scope.context) {
        return Some(context.doubt.clone());
    }
    let safe = wanted.method(release).is_some_and(|method| method.safe);
    (!safe).then(|| format!("whether `{}` alone is the right release is for a person to say", release.method))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::text::narrow;
    use crate::engine::testing::{checked, checked_by, fixed};

    /// The title of the first fix of a run, and its reason.
    fn told(report: &crate::engine::Report) -> (String, Option<String>) {
        let fix = report.findings[0].fix.as_ref().expect("there is a fix");
        (fix.title.clone(), fix.reason.clone())
    }

    #[test]
    fn where_a_release_goes_is_told_by_what_stands_before_it() {
        let check = "\tc, err := NewClient()\n\tif err != nil {\n\t\treturn\n\t}\n\tc.Use()\n";
        let block = "\tif c, err := NewClient(); err == nil {\n\t\tc.Use()\n\t}\n";
        for (body, place) in [(check, "after the error check"), (block, "after it is made")] {
            let title = format!("insert `defer c.Close()` {place}");
            assert_eq!(told(&checked(&format!("func f() {{\n{body}}}\n"))), (title, None));
        }
    }

    #[test]
    fn a_release_that_waits_says_what_ends_its_context() {
        let reason = |head: &str, first: &str| {
            let text = format!(
                "package p\n\nimport \"context\"\n\ntype Client struct{{ n int }}\n\n\
                 func NewClient() *Client {{ return &Client{{}} }}\n\n\
                 func (c *Client) Close(ctx context.Context) error {{ c.n = 0; return ctx.Err() }}\n\n\
                 func f({head}) {{\n{first}\tc := NewClient()\n\tc.n++\n}}\n"
            );
            told(&checked_by("unclosed-client", &[("a.go", &text)])).1.unwrap()
        };
        assert_eq!(reason("ctx context.Context", ""), "`ctx` may be cancelled by the time the release runs");
        assert_eq!(
            reason("", "\tctx := context.Background()\n\t_ = ctx\n"),
            "it waits without a deadline, as `ctx` has none"
        );
    }

    fn capacity(text: &str, doubt: Option<&str>) -> Fix {
        let at = narrow(text.find(')').unwrap());
        let doubt = doubt.map(str::to_owned);
        let remedy = Remedy::Capacity { title: "give it room".to_owned(), at, text: ", 1".to_owned(), doubt };
        spelled(&remedy, text.as_bytes()).unwrap()
    }

    #[test]
    fn a_capacity_goes_in_and_is_as_safe_as_its_proof() {
        let fix = capacity("\tc := make(chan int)\n", None);
        assert_eq!((fix.applicability, fix.edits[0].text.as_str()), (Applicability::Safe, ", 1"));
        assert_eq!(capacity("\tc := make(chan int)\n", Some("why")).applicability, Applicability::Unsafe);
        let aligned = capacity("\tc := make(chan int) // a\n\td := 1              // b\n", None);
        assert_eq!(
            (aligned.applicability, aligned.reason.as_deref()),
            (Applicability::Unsafe, Some(REALIGNS))
        );
    }

    #[test]
    fn lines_that_find_no_place_are_only_shown() {
        let lines = |text: &str, span| {
            let (title, place) = ("close it".to_owned(), AnchorPlace::After(span));
            spelled(
                &Remedy::Lines { title, place, lines: vec!["close(c)".to_owned()], doubt: None },
                text.as_bytes(),
            )
        };
        let fix = lines("\tx()\n\ty()\n", Span::new(1, 4)).unwrap();
        assert_eq!((fix.applicability, fix.edits[0].text.as_str()), (Applicability::Safe, "\tclose(c)\n"));
        let fix = lines("\tx(); y()\n", Span::new(1, 4)).unwrap();
        assert_eq!((fix.applicability, fix.edits.len()), (Applicability::Display, 0));
    }

    #[test]
    fn a_statement_becomes_a_case_where_it_stands_alone() {
        let case = |text: &str, statement| {
            let remedy = Remedy::Case {
                title: "let it end".to_owned(),
                statement,
                case: "<-done".to_owned(),
                lines: vec!["return".to_owned()],
                doubt: Some("why".to_owned()),
            };
            spelled(&remedy, text.as_bytes()).unwrap()
        };
        let text = "func f() {\n\tc <- 1 // one\n}\n";
        let fix = case(text, Span::new(12, 18));
        let mut after = text.to_owned();
        for edit in fix.edits.iter().rev() {
            after.insert_str(edit.span.start as usize, &edit.text);
        }
        let want = "func f() {\n\tselect {\n\tcase c <- 1: // one\n\tcase <-done:\n\t\treturn\n\t}\n}\n";
        assert_eq!((after.as_str(), fix.applicability), (want, Applicability::Unsafe));
        let beside = case("\tc <- 1; d()\n", Span::new(1, 7));
        assert_eq!((beside.applicability, beside.edits.len()), (Applicability::Display, 0));
    }

    #[test]
    fn advice_is_only_shown() {
        let remedy = Remedy::advice("wait for it", "nobody does");
        let fix = spelled(&remedy, b"").unwrap();
        assert_eq!((fix.applicability, fix.reason.as_deref()), (Applicability::Display, Some("nobody does")));
    }

    #[test]
    fn what_is_proved_is_safe_and_what_leaves_is_not() {
        let lent = "func f() {\n\tc := NewBareClient()\n\tc.Use()\n}\n";
        assert_eq!(fixed(lent, false), lent.replace("\tc.Use()", "\tdefer c.Close()\n\tc.Use()"));
        let kept = "func f(keep func(any)) {\n\tc := NewBareClient()\n\tkeep(c.Use)\n}\n";
        assert_eq!(fixed(kept, false), kept);
        let report = checked(kept);
        let safe = |finding: &crate::base::diagnostic::Finding| {
            finding.fix.as_ref().is_some_and(|fix| fix.applicability == Applicability::Safe)
        };
        assert!(!report.findings.iter().any(safe));
    }
}
