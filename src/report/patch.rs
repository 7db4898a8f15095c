//! One patch that `git apply` takes, byte for byte, whatever the line endings and names.

use std::io::{self, Write};
use std::path::{Component, Path};

use similar::{DiffOp, group_diff_ops};

use super::harmless_bytes;
use super::lines::{ops, split};
use super::tone::{ADDED, BOLD, FRAME, REMOVED};
use crate::engine::Change;

/// Unchanged lines around a change, as git has it.
const CONTEXT: usize = 3;

/// Whether a patch can reach the file from the working directory: its printed path goes neither up nor to the
/// root of the disk.
pub fn patchable(change: &Change) -> bool {
    Path::new(&*change.path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

/// Writes the changes as a git patch, leaving out those that are not [`patchable`].
///
/// `root` is the working directory, which printed paths start from. `prefix` is the working directory below
/// the top of its git work tree (empty at the top and outside of any): git reads the paths of such a patch
/// from the top, also when it is applied further down.
///
/// # Errors
/// The writer's.
pub fn patch(out: &mut dyn Write, changes: &[Change], root: &Path, prefix: &Path) -> io::Result<()> {
    for change in changes.iter().filter(|change| patchable(change) && *change.before != *change.after) {
        let name = name_in_patch(change, root, prefix);
        let (old, new) = (quoted(b"a/", &name), quoted(b"b/", &name));
        out.write_all(&[b"diff --git ", &old[..], b" ", &new, b"\n"].concat())?;
        out.write_all(&[b"--- ", &old[..], tail(&old), b"\n+++ ", &new, tail(&new), b"\n"].concat())?;
        hunks(out, &change.before, &change.after)?;
    }
    Ok(())
}

/// Writes a finished patch for a terminal: coloured, and with what could play tricks there made visible. Not
/// for `git apply`.
///
/// # Errors
/// The writer's.
pub fn show_patch(out: &mut dyn Write, patch: &[u8]) -> io::Result<()> {
    for line in split(patch) {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let style = match line.first() {
            Some(b'+') => ADDED,
            Some(b'-') => REMOVED,
            Some(b'@') => FRAME,
            Some(b'd') => BOLD,
            _ => anstyle::Style::new(),
        };
        // Tabs do no harm, and an indented line should be one that can be copied.
        let parts: Vec<String> = line.split(|byte| *byte == b'\t').map(harmless_bytes).collect();
        writeln!(out, "{style}{}{style:#}", parts.join("\t"))?;
    }
    Ok(())
}

/// The file's path from the top of the work tree, in the bytes it has on disk.
fn name_in_patch(change: &Change, root: &Path, prefix: &Path) -> Vec<u8> {
    let printed = Path::new(&*change.path);
    let exact = change
        .file
        .as_ref()
        .and_then(|file| file.strip_prefix(root).ok())
        .filter(|rest| rest.to_string_lossy() == *change.path);
    let mut name = Vec::new();
    for part in prefix.components().chain(exact.unwrap_or(printed).components()) {
        if let Component::Normal(part) = part {
            if !name.is_empty() {
                name.push(b'/');
            }
            name.extend_from_slice(part.as_encoded_bytes());
        }
    }
    name
}

/// `side` and `name` as git writes them: in C's quotes when a byte is not plain ASCII.
fn quoted(side: &[u8], name: &[u8]) -> Vec<u8> {
    let plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    let mut out = Vec::with_capacity(name.len() + 4);
    if name.iter().all(plain) {
        out.extend_from_slice(side);
        out.extend_from_slice(name);
        return out;
    }
    out.push(b'"');
    out.extend_from_slice(side);
    for byte in name {
        match byte {
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            byte if plain(byte) => out.push(*byte),
            byte => out.extend_from_slice(format!("\\{byte:03o}").as_bytes()),
        }
    }
    out.push(b'"');
    out
}

/// A tab ends a name that holds spaces, else a date would be looked for behind the space.
fn tail(quoted: &[u8]) -> &'static [u8] {
    if quoted.contains(&b' ') && !quoted.starts_with(b"\"") { b"\t" } else { b"" }
}

/// Writes the hunks of a change without the lines that name its file.
///
/// # Errors
/// The writer's.
pub fn hunks(out: &mut dyn Write, before: &[u8], after: &[u8]) -> io::Result<()> {
    let (old, new) = (split(before), split(after));
    for group in group_diff_ops(ops(&old, &new), CONTEXT) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let old_range = range(first.old_range().start, last.old_range().end);
        let new_range = range(first.new_range().start, last.new_range().end);
        writeln!(out, "@@ -{old_range} +{new_range} @@")?;
        for op in &group {
            if matches!(op, DiffOp::Equal { .. }) {
                lines(out, b" ", &old[op.old_range()])?;
                continue;
            }
            lines(out, b"-", &old[op.old_range()])?;
            lines(out, b"+", &new[op.new_range()])?;
        }
    }
    Ok(())
}

/// `start,count` with the start from 1; of an empty range the line before it.
fn range(start: usize, end: usize) -> String {
    match end - start {
        0 => format!("{start},0"),
        1 => format!("{}", start + 1),
        count => format!("{},{count}", start + 1),
    }
}

fn lines(out: &mut dyn Write, sign: &[u8], lines: &[&[u8]]) -> io::Result<()> {
    for line in lines {
        out.write_all(sign)?;
        out.write_all(line)?;
        if !line.ends_with(b"\n") {
            out.write_all(b"\n\\ No newline at end of file\n")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::{Command, Stdio};

    use proptest::prelude::*;

    use super::*;

    fn change(path: &str, before: &[u8], after: &[u8]) -> Change {
        Change { path: path.into(), file: None, before: before.into(), after: after.to_vec(), fixes: 1 }
    }

    fn rendered(changes: &[Change]) -> Vec<u8> {
        let mut out = Vec::new();
        patch(&mut out, changes, Path::new("/r"), Path::new("")).expect("memory takes all");
        out
    }

    #[test]
    fn it_looks_like_git_s() {
        let change = change("a b.go", b"1\n2\n3\n4\n5\n6\n7\n8\n", b"1\n2\n3\n4\nnew\n5\n6\n7\n8\n");
        let expected = "diff --git a/a b.go b/a b.go\n--- a/a b.go\t\n+++ b/a b.go\t\n@@ -2,6 +2,7 @@\n 2\n \
                        3\n 4\n+new\n 5\n 6\n 7\n";
        assert_eq!(String::from_utf8(rendered(&[change])).unwrap(), expected);
    }

    #[test]
    fn odd_names_are_quoted_and_the_prefix_stands_before() {
        assert_eq!(quoted(b"a/", "ü\"\t".as_bytes()), br#""a/\303\274\"\t""#);
        let change = change("x.go", b"", b"1\n");
        assert_eq!(name_in_patch(&change, Path::new("/r"), Path::new("sub/dir")), b"sub/dir/x.go");
    }

    #[test]
    fn a_terminal_sees_no_escapes() {
        let mut out = Vec::new();
        show_patch(&mut out, b"+\ta\x1b[2Jb\r\n").unwrap();
        assert_eq!(anstream::adapter::strip_bytes(&out).into_vec(), b"+\ta\\u{1b}[2Jb\\u{d}\n");
    }

    #[test]
    fn what_git_apply_cannot_reach_is_left_out() {
        for path in ["../x.go", "/abs/x.go", "a/../../x.go"] {
            assert!(rendered(&[change(path, b"", b"1\n")]).is_empty(), "{path}");
        }
    }

    /// Applies `patch` by git in `dir`; `None` where there is no git.
    fn git_apply(dir: &Path, patch: &[u8]) -> Option<()> {
        let mut command = Command::new("git");
        command
            .current_dir(dir)
            .args(["apply", "-"])
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1");
        // A repository around the temporary folder must play no part.
        command.env("GIT_CEILING_DIRECTORIES", std::env::temp_dir());
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().ok()?;
        child.stdin.take()?.write_all(patch).ok()?;
        let output = child.wait_with_output().ok()?;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(patch));
        Some(())
    }

    fn some_text() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop::sample::select(vec![
            "a", "b", "\n", "\n", "\r\n", "\r", "\t", "x y", "\\", "-", "@@", "\u{fc}", "\u{c}",
        ]);
        prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat().into_bytes())
    }

    fn some_name() -> impl Strategy<Value = String> {
        prop::sample::select(vec![
            "x.go",
            "d/x.go",
            "a b.go",
            "tab\t.go",
            "q\"q.go",
            "ü.go",
            "b\\s.go",
            "new\nline.go",
            " lead.go",
        ])
        .prop_map(str::to_owned)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn git_apply_makes_exactly_the_new_text(before in some_text(), after in some_text(), name in some_name()) {
            let dir = tempfile::tempdir().unwrap();
            let file = dir.path().join(&name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, &before).unwrap();
            let patch = rendered(&[change(&name, &before, &after)]);
            prop_assert_eq!(patch.is_empty(), before == after);
            if !patch.is_empty() && git_apply(dir.path(), &patch).is_some() {
                prop_assert_eq!(fs::read(&file).unwrap(), after);
            }
        }
    }

    #[test]
    fn a_patch_made_in_a_subfolder_applies_there() {
        let dir = tempfile::tempdir().unwrap();
        let sub = dir.path().join("pkg");
        fs::create_dir_all(sub.join("pkg")).unwrap();
        fs::write(sub.join("pkg/x.go"), "old\n").unwrap();
        let made = Command::new("git").args(["init", "-q"]).current_dir(dir.path()).status();
        if !made.is_ok_and(|status| status.success()) {
            return;
        }
        let mut out = Vec::new();
        let prefix = crate::vcs::prefix(&sub).expect("a repository");
        patch(&mut out, &[change("pkg/x.go", b"old\n", b"new\n")], &sub, &prefix).unwrap();
        git_apply(&sub, &out).expect("git is here");
        assert_eq!(fs::read(sub.join("pkg/x.go")).unwrap(), b"new\n");
    }
}
