//! A leak -> where and how its release is spelled. Knows lines and gofmt; what is open where is `flow`'s.

use crate::base::edit::Edit;
use crate::base::finding::{
    Acquisition, Anchor, AnchorPlace, Applicability, Certainty, Closable, Fix, Mend, Release, ReleaseArg,
};
use crate::base::text::{Span, line_ending_at};
use crate::golang::release::ReleaseMethod;

/// The fix for a fault of `acquisition` in `text`.
///
/// Where no release could stand, or something is in its way, the fix is a sketch. `releases` are the rule's methods, which say which
/// of them are safe to insert. `None` when the type's release is not known.
pub fn fix(acquisition: &Acquisition, mend: &Mend, releases: &[ReleaseMethod], text: &[u8]) -> Option<Fix> {
    let placed = match mend {
        Mend::Advice { title, reason } => return Some(sketch(title.clone(), reason)),
        Mend::Release(placed) => placed,
    };
    let Closable::By(release) = &acquisition.closable else { return None };
    let Some(anchor) = &placed.anchor else {
        let name = acquisition.name.as_deref().unwrap_or("the result");
        let reason = placed.obstacle.as_deref().unwrap_or("no single line after the error check could release it");
        return Some(sketch(format!("call `{}` of `{name}` on every way out", release.method), reason));
    };
    let call = match spell(release, anchor) {
        Ok(call) => call,
        Err(sketched) => return Some(sketch(format!("insert `defer {sketched}`"), "what to pass to it is for a person to say")),
    };
    let place = if anchor.after_check { "after the error check" } else { "after it is made" };
    let title = match placed.replaced.is_empty() {
        true => format!("insert `defer {call}` {place}"),
        false => format!("let `defer {call}` {place} take the place of the release that is there"),
    };
    if anchor.in_loop {
        let reason = "a `defer` in a loop runs when the function ends, not at the end of the iteration";
        return Some(sketch(format!("release `{}` with `{call}` at the end of each iteration", anchor.variable), reason));
    }
    let line = match line_for(text, anchor.place, &call) {
        Ok(line) => line,
        Err(reason) => return Some(sketch(title, reason)),
    };
    let assumed =
        (acquisition.certainty == Certainty::Assumed).then(|| format!("that its type has `{}` is assumed", release.method));
    let removals: Result<Vec<Edit>, &str> = placed.replaced.iter().map(|statement| removal(text, *statement)).collect();
    let mut edits = match removals {
        Ok(removals) => removals,
        Err(reason) => return Some(sketch(title, reason)),
    };
    let moves = (!edits.is_empty()).then(|| "what was released in one place is released in another".to_owned());
    let doubts = anchor.doubt.clone().or(assumed).or_else(|| doubt(release, anchor, releases));
    let reason = doubts.or(moves).or_else(|| line.realigns());
    let applicability = if reason.is_some() { Applicability::Unsafe } else { Applicability::Safe };
    edits.push(line.edit);
    edits.sort_by_key(|edit| edit.span);
    Some(Fix { title, applicability, reason, edits })
}

/// Takes a statement out with its line, and with the blank line before it where a closing brace follows.
fn removal(text: &[u8], statement: Span) -> Result<Edit, &'static str> {
    let start = line_start(text, statement.start as usize);
    let end = memchr::memchr(b'\n', &text[statement.end as usize..]).map(|at| statement.end as usize + at + 1);
    let end = end.ok_or("there is no line after the release that is there")?;
    let alone = text[start..statement.start as usize].trim_ascii().is_empty();
    if !alone || !text[statement.end as usize..end].trim_ascii().is_empty() {
        return Err("other code or a comment stands beside the release that is there");
    }
    let above = line_start(text, start.saturating_sub(1));
    let blank = text[above..start].trim_ascii().is_empty() && text[end..].trim_ascii_start().starts_with(b"}");
    Ok(Edit { span: Span::new(if blank { above } else { start } as u32, end as u32), text: String::new() })
}

fn sketch(title: String, reason: &str) -> Fix {
    Fix { title, applicability: Applicability::Display, reason: Some(reason.to_owned()), edits: Vec::new() }
}

/// `client.Close()`; the error is a sketch of a call whose arguments nobody knows.
fn spell(release: &Release, anchor: &Anchor) -> Result<String, String> {
    let (variable, method) = (&anchor.variable, &release.method);
    match (release.args.as_slice(), &anchor.context) {
        ([], _) => Ok(format!("{variable}.{method}()")),
        ([ReleaseArg::Context], Some(context)) => Ok(format!("{variable}.{method}({context})")),
        _ => Err(format!("{variable}.{method}(…)")),
    }
}

fn doubt(release: &Release, anchor: &Anchor, releases: &[ReleaseMethod]) -> Option<String> {
    if let ([ReleaseArg::Context], Some(context)) = (release.args.as_slice(), &anchor.context) {
        return Some(format!("`{context}` may be cancelled by the time the release runs"));
    }
    let known = releases.iter().find(|method| *method.name == release.method && method.args == release.args);
    let safe = known.is_some_and(|method| method.safe);
    (!safe).then(|| format!("whether `{}` alone is the right release is for a person to say", release.method))
}

/// A whole line to insert.
struct Line {
    edit: Edit,
    /// The lines before and after end in comments, which gofmt aligns.
    between_comments: bool,
}

impl Line {
    fn realigns(&self) -> Option<String> {
        self.between_comments.then(|| "gofmt would align the comments around it anew".to_owned())
    }
}

/// The line `defer call` at `place`; the error says why no whole line can stand there.
fn line_for(text: &[u8], place: AnchorPlace, call: &str) -> Result<Line, &'static str> {
    let (from, indented_like) = match place {
        AnchorPlace::After(span) => (span.end as usize, span.start as usize),
        AnchorPlace::Start(span) => (span.start as usize + 1, span.start as usize),
    };
    let rest_end = memchr::memchr(b'\n', &text[from..]).map(|at| from + at).ok_or("there is no line after it")?;
    let rest = &text[from..rest_end];
    if !is_blank_or_comment(rest) {
        return Err("other code stands on the same line");
    }
    let start = line_start(text, indented_like);
    let indent = leading_blanks(&text[start..]);
    let mut indent = String::from_utf8_lossy(indent).into_owned();
    match place {
        AnchorPlace::After(_) if start + indent.len() != indented_like => return Err("other code stands before it on its line"),
        AnchorPlace::After(_) => {}
        AnchorPlace::Start(_) => indent.push('\t'),
    }
    let at = rest_end + 1;
    let next = &text[at..memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |end| at + end)];
    let between_comments = has_comment(rest) && !next.trim_ascii_start().starts_with(b"//") && has_comment(next);
    let ending = line_ending_at(text, rest_end);
    Ok(Line { edit: Edit::insert(at as u32, format!("{indent}defer {call}{ending}")), between_comments })
}

fn line_start(text: &[u8], at: usize) -> usize {
    memchr::memrchr(b'\n', &text[..at]).map_or(0, |newline| newline + 1)
}

fn leading_blanks(line: &[u8]) -> &[u8] {
    let len = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    &line[..len]
}

/// Whether the rest of a line is nothing, a line comment, or block comments that end on it.
fn is_blank_or_comment(mut rest: &[u8]) -> bool {
    loop {
        rest = rest.trim_ascii();
        if rest.is_empty() || rest.starts_with(b"//") {
            return true;
        }
        match rest.strip_prefix(b"/*").and_then(|inner| memchr::memmem::find(inner, b"*/").map(|end| &inner[end + 2..])) {
            Some(after) => rest = after,
            None => return false,
        }
    }
}

fn has_comment(line: &[u8]) -> bool {
    memchr::memmem::find(line, b"//").is_some() || memchr::memmem::find(line, b"/*").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::text::Span;

    /// Inserts `defer c.Close()` after the statement between `«` and `»`.
    fn after(marked: &str) -> Result<String, &'static str> {
        let start = marked.find('«').unwrap();
        let end = marked.find('»').unwrap() - '«'.len_utf8();
        let text = marked.replace(['«', '»'], "");
        let line = line_for(text.as_bytes(), AnchorPlace::After(Span::new(start as u32, end as u32)), "c.Close()")?;
        let mut out = text.clone();
        out.insert_str(line.edit.span.start as usize, &line.edit.text);
        Ok(if line.between_comments { format!("aligned: {out}") } else { out })
    }

    #[test]
    fn a_line_is_indented_and_ended_like_its_neighbour() {
        assert_eq!(after("\t«if x {\n\t}»\n\ty\n").unwrap(), "\tif x {\n\t}\n\tdefer c.Close()\n\ty\n");
        assert_eq!(after("\t\t«x»\r\n").unwrap(), "\t\tx\r\n\t\tdefer c.Close()\r\n");
        assert_eq!(after("  «x» // why\n").unwrap(), "  x // why\n  defer c.Close()\n");
        assert_eq!(after("\t«x» /* a */ // b\n\ty\n").unwrap(), "\tx /* a */ // b\n\tdefer c.Close()\n\ty\n");
    }

    #[test]
    fn a_line_with_other_code_takes_none() {
        assert!(after("func f() { «x» }\n").is_err());
        assert!(after("\t«x»; y\n").is_err());
        assert!(after("\ty; «x»\n").is_err());
        assert!(after("\t«x» /* a\n*/ y\n").is_err());
        assert!(after("\t«x»").is_err());
    }

    #[test]
    fn aligned_comments_are_seen() {
        assert!(after("\t«x» // a\n\tyy // b\n").unwrap().starts_with("aligned"));
        assert!(!after("\t«x» // a\n\t// b\n").unwrap().starts_with("aligned"));
    }
}
