//! Imports that an edit needs, added as goimports would: in the group of the standard library, sorted.

use std::sync::Arc;

use crate::base::edit::Edit;
use crate::base::text::line_ending_at;
use crate::fix::lines::line_at;
use crate::go::project::locate::is_std;
use crate::go::syntax::outline;
use crate::go::syntax::outline::Import;
use crate::go::types::type_expr::guess_package_name;

/// The path of what the file imports under `name`.
pub fn path_of(imports: &[Import], name: &str) -> Option<Arc<str>> {
    let named = |import: &&Import| import.name.as_deref().unwrap_or(guess_package_name(&import.path)) == name;
    imports.iter().find(named).map(|import| import.path.clone())
}

/// What the file calls the package that it imports from `path`; `None` where it does not name it.
pub fn qualifier(imports: &[Import], path: &str) -> Option<String> {
    let import = imports.iter().find(|import| &*import.path == path)?;
    let name = import.name.as_deref().unwrap_or(guess_package_name(path));
    (name != "_" && name != ".").then(|| name.to_owned())
}

/// The edit that imports `path`, a package of the standard library; `Some(None)` when it is imported already,
/// `None` when there is no plain place.
pub fn add(text: &[u8], path: &str) -> Option<Option<Edit>> {
    let (_, imports) = outline::imports(text);
    if imports.iter().any(|import| &*import.path == path && import.name.is_none()) {
        return Some(None);
    }
    // Where brackets do not close, what stands for an import may be none.
    let first = imports.first().filter(|_| outline::outline(text).exact)?;
    let line = |import: &Import| &text[import.line_span.range()];
    if !is_plain(text, &imports) {
        return None;
    }
    let ending = line_ending_at(text, first.line_span.end.saturating_sub(1) as usize);
    let is_single = |import: &Import| line(import).starts_with(b"import");
    if !is_single(first) {
        let group = group(text, &imports);
        let before = group.iter().find(|import| &*import.path > path);
        let (at, gap) = match (before, group.last()) {
            (Some(import), _) => (import.line_span.start, ""),
            (None, Some(last)) => (last.line_span.end, ""),
            (None, None) => (first.line_span.start, ending),
        };
        return Some(Some(Edit::insert(at, format!("\t\"{path}\"{ending}{gap}"))));
    }
    if imports.len() > 1 {
        return Some(Some(Edit::insert(imports.last()?.line_span.end, format!("import \"{path}\"{ending}"))));
    }
    let spec = std::str::from_utf8(line(first)).ok()?.strip_prefix("import")?.trim();
    let (added, gap) = (format!("\"{path}\""), if is_std(&first.path) { "" } else { ending });
    let (one, two) =
        if is_std(&first.path) && *first.path < *path { (spec, &*added) } else { (&*added, spec) };
    let text = format!("import ({ending}\t{one}{ending}{gap}\t{two}{ending}){ending}");
    Some(Some(Edit { span: first.line_span, text }))
}

/// Whether each import has a line for itself, without a comment, and nothing else stands between them.
fn is_plain(text: &[u8], imports: &[Import]) -> bool {
    let alone = |import: &Import| {
        let line = text[import.line_span.range()].trim_ascii();
        let spec = line.strip_prefix(b"import").unwrap_or(line).trim_ascii();
        let path = format!("\"{}\"", import.path);
        let name = spec.strip_suffix(path.as_bytes()).map(<[u8]>::trim_ascii);
        name.is_some_and(|name| name == import.name.as_deref().unwrap_or_default().as_bytes())
            && &*import.path != "C"
    };
    // What follows each import is the next one, or the end of its block.
    let ends = imports.iter().all(|import| {
        let mut rest =
            text[import.line_span.end as usize..].split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        let next = rest.find(|line| !line.is_empty() && !line.starts_with(b"//")).unwrap_or_default();
        let single = text[import.line_span.range()].starts_with(b"import");
        single
            || next == b")"
            || imports.iter().any(|other| text[other.line_span.range()].trim_ascii() == next)
    });
    imports.iter().all(alone) && ends
}

/// The first run of imports on adjacent lines that has one of the standard library; empty when there is none.
fn group<'i>(text: &[u8], imports: &'i [Import]) -> &'i [Import] {
    let in_block = imports
        .iter()
        .take_while(|import| !line_at(text, import.line_span.start as usize).starts_with(b"import"));
    let imports = &imports[..in_block.count()];
    let groups = imports.chunk_by(|a, b| a.line_span.end == b.line_span.start);
    let mut groups = groups.filter(|group| group.iter().any(|import| is_std(&import.path)));
    groups.next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(text: &str, path: &str) -> Option<String> {
        let text = format!("package p\n\n{text}\nfunc f() {{}}\n");
        let edit = add(text.as_bytes(), path)?;
        let Some(edit) = edit else { return Some(text) };
        let new = crate::base::edit::apply(text.as_bytes(), &[&[edit]]).text;
        let new = String::from_utf8(new).unwrap();
        Some(new.strip_prefix("package p\n\n").unwrap().strip_suffix("\nfunc f() {}\n").unwrap().to_owned())
    }

    #[test]
    fn an_import_is_sorted_into_the_standard_librarys_group() {
        let block = "import (\n\t\"context\"\n\t\"fmt\"\n\n\t\"example.com/x\"\n)\n";
        let with = |path: &str| added(block, path).unwrap();
        assert_eq!(
            with("errors"),
            "import (\n\t\"context\"\n\t\"errors\"\n\t\"fmt\"\n\n\t\"example.com/x\"\n)\n"
        );
        assert_eq!(with("log"), "import (\n\t\"context\"\n\t\"fmt\"\n\t\"log\"\n\n\t\"example.com/x\"\n)\n");
        assert!(with("fmt").starts_with("package p"), "nothing to do");
    }

    #[test]
    fn other_forms_of_imports_get_it_too() {
        assert_eq!(added("import \"fmt\"\n", "errors").unwrap(), "import (\n\t\"errors\"\n\t\"fmt\"\n)\n");
        assert_eq!(
            added("import \"example.com/x\"\n", "log").unwrap(),
            "import (\n\t\"log\"\n\n\t\"example.com/x\"\n)\n"
        );
        assert_eq!(
            added("import (\n\t\"example.com/x\"\n)\n", "log").unwrap(),
            "import (\n\t\"log\"\n\n\t\"example.com/x\"\n)\n"
        );
        assert_eq!(
            added("import \"a\"\nimport \"b\"\n", "log").unwrap(),
            "import \"a\"\nimport \"b\"\nimport \"log\"\n"
        );
    }

    #[test]
    fn no_plain_place_is_said() {
        assert_eq!(added("", "log"), None);
        assert_eq!(added("import (\n\t\"fmt\" // why\n)\n", "log"), None);
        assert_eq!(added("import \"C\"\n", "log"), None);
        assert_eq!(added("import (\t\"fmt\"\n\t\"os\"\n)\n", "log"), None);
        assert_eq!(added("import (\n\t\"fmt\"; \"os\"\n)\n", "log"), None);
        assert_eq!(added("import (\n\t\"fmt\"\n\tpackage p\n\t\"os\"\n)\n", "log"), None);
        assert_eq!(added("import (\n\t\"fmt\"\n)\n\t\"os\"\n)\n", "log"), None);
    }
}
