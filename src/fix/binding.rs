//! The release's receiver: a variable that there is, or a name that the edit introduces.

use crate::base::diagnostic::{Anchor, AnchorPlace, Binding};
use crate::base::edit::Edit;
use crate::base::text::{Span, narrow};
use crate::fix::lines::{Gap, line_start, realigns};
use crate::fix::wanted::Wanted;

/// Edits that put a release after what it releases, and why they need a look.
pub struct Bound {
    pub edits: Vec<Edit>,
    pub doubt: Option<String>,
}

/// Puts `release`, whole lines, at the anchor, and gives the resource the anchor's name where it has none.
/// The error says why there is no plain place.
pub fn bind(wanted: &Wanted, anchor: &Anchor, release: &[String]) -> Result<Bound, &'static str> {
    let name = &anchor.variable;
    match &anchor.binding {
        Binding::Bound => {
            let gap = Gap::at(wanted.text, anchor.place)?;
            Ok(Bound { edits: vec![gap.insert(release)], doubt: realigns(&gap) })
        }
        Binding::Blank(span) => {
            let gap = Gap::at(wanted.text, anchor.place)?;
            let edits = vec![Edit { span: *span, text: name.to_string() }, gap.insert(release)];
            Ok(Bound { edits, doubt: Some(format!("it names what the code leaves without a name `{name}`")) })
        }
        Binding::Value { statement, call } => value(wanted, name, *statement, *call, release),
        Binding::Header { statement, init, rest } => {
            header(wanted.text, *statement, *init, *rest, anchor, release)
        }
        Binding::Lifted { statement, init, cut } => lifted(wanted.text, *statement, *init, cut, release),
    }
}

/// Edits that give the resource of an iteration its name, where it has none; its release stands elsewhere.
pub fn name(wanted: &Wanted, anchor: &Anchor) -> Result<Bound, &'static str> {
    match &anchor.binding {
        Binding::Bound => Ok(Bound { edits: Vec::new(), doubt: None }),
        Binding::Value { statement, call } => value(wanted, &anchor.variable, *statement, *call, &[]),
        Binding::Blank(_) | Binding::Header { .. } | Binding::Lifted { .. } => Err("it has no name"),
    }
}

/// `n := New(x).Count()` becomes `client := New(x)`, the release, `n := client.Count()`.
fn value(
    wanted: &Wanted,
    name: &str,
    statement: Span,
    call: Span,
    release: &[String],
) -> Result<Bound, &'static str> {
    let text = wanted.text;
    let doubt = Some(format!("it gives the value of `{}` the name `{name}`", wanted.acquisition.constructor));
    if statement == call {
        let naming = Edit::insert(statement.start, format!("{name} := "));
        let release = match release {
            [] => None,
            _ => Some(Gap::at(text, AnchorPlace::After(statement))?.insert(release)),
        };
        return Ok(Bound { edits: [naming].into_iter().chain(release).collect(), doubt });
    }
    let gap = Gap::before(text, statement)?;
    let value = std::str::from_utf8(&text[call.range()]).map_err(|_| "the call is not UTF-8")?;
    if value.contains('\n')
        && line_start(text, call.start as usize) != line_start(text, statement.start as usize)
    {
        return Err("the call has lines of its own");
    }
    let mut lines = vec![format!("{name} := {value}")];
    lines.extend_from_slice(release);
    Ok(Bound { edits: vec![gap.insert(&lines), Edit { span: call, text: name.to_owned() }], doubt })
}

/// `switch c := New(); c.Kind() {` becomes a declaration, the release, and `switch c.Kind() {`.
fn lifted(
    text: &[u8],
    statement: Span,
    init: Span,
    cut: &[Span],
    release: &[String],
) -> Result<Bound, &'static str> {
    let gap = Gap::before(text, statement)?;
    let mut lines = vec![declaration(text, init)?];
    lines.extend_from_slice(release);
    let cuts = cut.iter().map(|span| Edit { span: *span, text: String::new() });
    let edits = [gap.insert(&lines)].into_iter().chain(cuts).collect();
    Ok(Bound { edits, doubt: Some("it moves the declaration out of the header".to_owned()) })
}

fn declaration(text: &[u8], init: Span) -> Result<String, &'static str> {
    let declaration = std::str::from_utf8(&text[init.range()]).map_err(|_| "the call is not UTF-8")?;
    if declaration.contains('\n') { Err("the call has lines of its own") } else { Ok(declaration.to_owned()) }
}

/// `if c, err := New(); err != nil { return err } else if …` becomes a declaration, the check, the release,
/// and the second `if`.
fn header(
    text: &[u8],
    statement: Span,
    init: Span,
    rest: u32,
    anchor: &Anchor,
    release: &[String],
) -> Result<Bound, &'static str> {
    let AnchorPlace::After(check) = anchor.place else { return Err("the check has no end") };
    let gap = Gap::before(text, statement)?;
    let declaration = declaration(text, init)?;
    let from = check.end as usize;
    let between = &text[from..];
    let other = memchr::memmem::find(between, b"if").filter(|at| between[..*at].trim_ascii() == b"else");
    let other = from + other.ok_or("a comment stands before the `else`")?;
    let Gap { indent, ending, .. } = &gap;
    let lines: String = release.iter().map(|line| format!("{indent}{line}{ending}")).collect();
    let edits = vec![
        gap.insert(&[declaration]),
        Edit { span: Span::new(init.start, rest), text: String::new() },
        Edit { span: Span::new(check.end, narrow(other)), text: format!("{ending}{lines}{indent}") },
    ];
    Ok(Bound { edits, doubt: Some("it moves the declaration out of the `if`".to_owned()) })
}

#[cfg(test)]
mod tests {
    use crate::engine::testing::fixed_body;

    #[test]
    fn what_has_a_name_is_released_by_it() {
        let body = "c, err := NewClient()\nif err != nil {\n\treturn err\n}\nc.Use()\nreturn nil";
        let released = body.replace("c.Use()", "defer c.Close()\nc.Use()");
        assert_eq!(fixed_body(body), released);
    }

    #[test]
    fn a_blank_becomes_a_name() {
        let body = "_, err := NewClient()\nif err != nil {\n\treturn err\n}\nreturn nil";
        let named =
            "client, err := NewClient()\nif err != nil {\n\treturn err\n}\ndefer client.Close()\nreturn nil";
        assert_eq!(fixed_body(body), named);
    }

    #[test]
    fn a_value_that_nothing_binds_gets_a_declaration() {
        let value = "n := NewBareClient().Use()\nprintln(n)\nreturn nil";
        let named =
            "client := NewBareClient()\ndefer client.Close()\nn := client.Use()\nprintln(n)\nreturn nil";
        assert_eq!(fixed_body(value), named);
        let statement = "NewBareClient()\nreturn nil";
        assert_eq!(fixed_body(statement), "client := NewBareClient()\ndefer client.Close()\nreturn nil");
    }

    #[test]
    fn a_call_over_several_lines_is_not_moved() {
        let body = "println(\n\t1,\n\tNewBareClient(\n\t).Use())\nreturn nil";
        assert_eq!(fixed_body(body), body);
    }

    #[test]
    fn a_declaration_leaves_its_header() {
        let switch = "switch c := NewBareClient(); c.Use() {\ncase 1:\n\tprintln()\n}\nreturn nil";
        let lifted =
            "c := NewBareClient()\ndefer c.Close()\nswitch c.Use() {\ncase 1:\n\tprintln()\n}\nreturn nil";
        assert_eq!(fixed_body(switch), lifted);
        let check = "if c, err := NewClient(); err != nil {\n\treturn err\n} else if c.Use() > 1 {\n\
        \tprintln()\n}\n\
                     return nil";
        let lifted = "c, err := NewClient()\nif err != nil {\n\treturn err\n}\ndefer c.Close()\n\
        if c.Use() > 1 {\n\
                      \tprintln()\n}\nreturn nil";
        assert_eq!(fixed_body(check), lifted);
    }
}
