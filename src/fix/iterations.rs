//! Releases in loops: at the end of the iteration, or by a `defer` in a function literal around the rest of
//! it.

use crate::base::diagnostic::{Anchor, Iteration, Release};
use crate::base::edit::Edit;
use crate::base::text::{Span, narrow};
use crate::fix::binding;
use crate::fix::lines::{Gap, line_at, line_start, realigns};
use crate::fix::spelling::{self, Spelled, When};
use crate::fix::wanted::{Draft, Sketch, Wanted};

/// The edits that release the resource in each iteration.
pub fn draft(
    wanted: &Wanted,
    release: &Release,
    anchor: &Anchor,
    iteration: &Iteration,
    call: &str,
) -> Result<Draft, Sketch> {
    let variable = &anchor.variable;
    let sketch = |reason: String| Sketch {
        title: format!("release `{variable}` with `{call}` at the end of each iteration"),
        reason,
    };
    let when = if matches!(iteration, Iteration::Literal { .. }) { When::Deferred } else { When::Now };
    if let Iteration::Neither(reason) = iteration {
        return Err(sketch(reason.clone()));
    }
    let Spelled { lines, title, needs, doubt } =
        spelling::spell(wanted, release, anchor, call, when).map_err(sketch)?;
    if needs.is_some() {
        return Err(sketch("it needs an import".to_owned()));
    }
    let plain = |reason: &str| sketch(reason.to_owned());
    match iteration {
        Iteration::End(place) => {
            let gap = Gap::at(wanted.text, *place).map_err(plain)?;
            let title = format!("insert `{title}` at the end of the iteration");
            let named = binding::name(wanted, anchor).map_err(plain)?;
            let edits = named.edits.into_iter().chain([gap.insert(&lines)]).collect();
            Ok(Draft { title, edits, doubt: doubt.or(named.doubt).or_else(|| realigns(&gap)) })
        }
        Iteration::Literal { end, continues, strings } => {
            let title = format!("put the rest of the iteration into a function literal with `{title}`");
            let edits = literal(wanted.text, anchor, &lines, *end, continues, strings).map_err(plain)?;
            Ok(Draft { title, edits, doubt: Some("it moves statements into a function literal".to_owned()) })
        }
        Iteration::Neither(reason) => Err(sketch(reason.clone())),
    }
}

/// The lines from the anchor to `end` indented once more, between `func() {` with the release and `}()`.
fn literal(
    text: &[u8],
    anchor: &Anchor,
    release: &[String],
    end: u32,
    continues: &[Span],
    strings: &[Span],
) -> Result<Vec<Edit>, &'static str> {
    let gap = Gap::at(text, anchor.place)?;
    let last = narrow(line_start(text, end as usize));
    let closing =
        Gap::at(text, crate::base::diagnostic::AnchorPlace::After(Span::new(first_code(text, last), end)))?;
    if memchr::memmem::find(&text[gap.at as usize..closing.at as usize], b"/*").is_some() {
        return Err("a block comment stands between");
    }
    let mut opening = vec!["func() {".to_owned()];
    opening.extend(release.iter().map(|line| format!("\t{line}")));
    let mut edits = vec![gap.insert(&opening)];
    let mut at = gap.at as usize;
    while at < closing.at as usize {
        let in_string = strings.iter().any(|string| (string.start as usize) < at && at < string.end as usize);
        let line = line_at(text, at);
        if !in_string && !line.trim_ascii().is_empty() {
            edits.push(Edit::insert(narrow(at), "\t"));
        }
        at += line.len() + 1;
    }
    edits.extend(continues.iter().map(|span| Edit { span: *span, text: "return".to_owned() }));
    let closing = Gap { indent: gap.indent, ..closing };
    edits.push(closing.insert(&["}()".to_owned()]));
    Ok(edits)
}

/// The first byte of the line at `start` that is no blank.
fn first_code(text: &[u8], start: u32) -> u32 {
    let blanks = line_at(text, start as usize).iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    start + narrow(blanks)
}

#[cfg(test)]
mod tests {
    use crate::engine::testing::fixed_body;

    #[test]
    fn an_iteration_that_nothing_leaves_releases_at_its_end() {
        let body = "for i := 0; i < 3; i++ {\n\tc := NewBareClient()\n\tc.Use()\n}\nreturn nil";
        let released = body.replace("\tc.Use()\n", "\tc.Use()\n\tc.Close()\n");
        assert_eq!(fixed_body(body), released);
    }

    #[test]
    fn one_that_continues_gets_a_function_around_its_rest() {
        let body = "for i := 0; i < 3; i++ {\n\tc := NewBareClient()\n\tif c.Use() > i {\n\
        \t\tcontinue\n\t}\n\n\t\
                    println(`a\nb`)\n\tc.Use()\n}\nreturn nil";
        let around = "for i := 0; i < 3; i++ {\n\tc := NewBareClient()\n\tfunc() {\n\
        \t\tdefer c.Close()\n\t\tif \
                      c.Use() > i {\n\t\t\treturn\n\t\t}\n\n\t\tprintln(`a\nb`)\n\t\tc.Use()\n\
                      \t}()\n}\nreturn nil";
        assert_eq!(fixed_body(body), around);
    }

    #[test]
    fn one_that_breaks_is_for_a_person() {
        let body = "for i := 0; i < 3; i++ {\n\tc := NewBareClient()\n\tif c.Use() > i {\n\
        \t\tbreak\n\t}\n\tc.Use()\n}\n\
                    return nil";
        assert_eq!(fixed_body(body), body);
    }
}
