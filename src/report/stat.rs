//! A summary of changed lines, like `git diff --stat`.

use std::io::{self, Write};

use super::harmless::harmless;
use super::lines::{LineCounts, count_lines};
use super::route::Route;
use super::tone::{ADDED, REMOVED};
use crate::engine::FileChange;

/// The longest row of signs.
const SIGNS: usize = 40;

/// Writes a line for each change that has a route in a patch, and the sum of them.
///
/// # Errors
/// The writer's.
pub fn stat(out: &mut dyn Write, changes: &[FileChange], routes: &[Route]) -> io::Result<()> {
    let rows: Vec<(String, LineCounts)> = changes
        .iter()
        .zip(routes)
        .filter(|(_, route)| route.is_ok())
        .map(|(change, _)| (harmless(&change.path).into_owned(), count_lines(&change.before, &change.after)))
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let name_width = rows.iter().map(|(path, _)| path.chars().count()).max().unwrap_or(0);
    let most = rows.iter().map(|(_, counts)| counts.added + counts.removed).max().unwrap_or(0);
    let digits = most.to_string().len();
    let scaled = |count: usize| if most <= SIGNS { count } else { (count * SIGNS).div_ceil(most) };
    for (path, counts) in &rows {
        let total = counts.added + counts.removed;
        let (plus, minus) = ("+".repeat(scaled(counts.added)), "-".repeat(scaled(counts.removed)));
        writeln!(
            out,
            " {path:<name_width$} | {total:>digits$} {ADDED}{plus}{ADDED:#}{REMOVED}{minus}{REMOVED:#}"
        )?;
    }
    let added = rows.iter().map(|(_, counts)| counts.added).sum();
    let removed = rows.iter().map(|(_, counts)| counts.removed).sum();
    writeln!(out, "{}", sum(rows.len(), added, removed))
}

fn sum(files: usize, added: usize, removed: usize) -> String {
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let mut line = format!(" {files} file{} changed", plural(files));
    if added > 0 || removed == 0 {
        line += &format!(", {added} insertion{}(+)", plural(added));
    }
    if removed > 0 {
        line += &format!(", {removed} deletion{}(-)", plural(removed));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn it_sums_up_as_git_does() {
        let changes =
            [samples::change("a.go", "1\n", "1\n2\n3\n"), samples::change("long/name.go", "1\n", "2\n")];
        let mut out = Vec::new();
        stat(&mut out, &changes, &[Ok("a.go".into()), Ok("long/name.go".into())]).unwrap();
        let plain = anstream::adapter::strip_bytes(&out).into_vec();
        let expected =
            " a.go         | 2 ++\n long/name.go | 2 +-\n 2 files changed, 3 insertions(+), 1 deletion(-)\n";
        assert_eq!(String::from_utf8(plain).unwrap(), expected);
    }

    #[test]
    fn nothing_changed_prints_nothing() {
        let mut out = Vec::new();
        stat(&mut out, &[], &[]).unwrap();
        assert!(out.is_empty());
    }
}
