//! One patch that `git apply` takes, byte for byte, whatever the line endings and names.

use std::io::{self, Write};
use std::path::{Component, Path};
use std::sync::Arc;

use similar::{DiffOp, group_diff_ops};

use super::harmless::harmless_bytes;
use super::lines::{ops, split};
use super::route::{Route, routes};
use super::tone::{ADDED, BOLD, FRAME, REMOVED};
use crate::config::Settings;
use crate::engine::{FileChange, Report};

/// Unchanged lines around a change, as git has it.
const CONTEXT: usize = 3;

/// Writes the changes as a git patch, each under its route (at the same index), leaving out those that have
/// none.
///
/// # Errors
/// The writer's.
pub fn patch(out: &mut dyn Write, changes: &[FileChange], routes: &[Route]) -> io::Result<()> {
    for (change, route) in changes.iter().zip(routes) {
        let Some(route) = route.as_ref().ok().filter(|_| *change.before != *change.after) else { continue };
        let name = name_in_patch(route);
        let (old, new) = (quoted(b"a/", &name), quoted(b"b/", &name));
        out.write_all(&[b"diff --git ", &old[..], b" ", &new, b"\n"].concat())?;
        out.write_all(&[b"--- ", &old[..], tail(&old), b"\n+++ ", &new, tail(&new), b"\n"].concat())?;
        hunks(out, &change.before, &change.after)?;
    }
    Ok(())
}

/// Writes a patch that changes nothing and that `git apply` takes: a file that was read is renamed to itself.
/// Writes nothing where no file was read that a patch could reach.
///
/// # Errors
/// The writer's.
pub fn empty_patch(out: &mut dyn Write, report: &Report, settings: &Settings) -> io::Result<()> {
    let unchanged = |path: &Arc<str>| FileChange {
        path: path.clone(),
        file: Some(settings.root.join(&**path)),
        before: Arc::default(),
        after: Vec::new(),
        fixes: 0,
    };
    for path in &report.read {
        let Some(Ok(route)) = routes(&[unchanged(path)], settings).pop() else { continue };
        let name = name_in_patch(&route);
        let (old, new, plain) = (quoted(b"a/", &name), quoted(b"b/", &name), quoted(b"", &name));
        out.write_all(&[b"diff --git ", &old[..], b" ", &new, b"\nsimilarity index 100%\n"].concat())?;
        return out.write_all(&[b"rename from ", &plain[..], b"\nrename to ", &plain, b"\n"].concat());
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

/// A path in the bytes it has on disk, `/` between its parts.
fn name_in_patch(path: &Path) -> Vec<u8> {
    let normal = |part: Component| match part {
        Component::Normal(part) => Some(part.as_encoded_bytes().to_vec()),
        _ => None,
    };
    path.components().filter_map(normal).collect::<Vec<_>>().join(&b'/')
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

    fn change(path: &str, before: &[u8], after: &[u8]) -> FileChange {
        FileChange { path: path.into(), file: None, before: before.into(), after: after.to_vec(), fixes: 1 }
    }

    fn rendered(changes: &[FileChange]) -> Vec<u8> {
        let mut out = Vec::new();
        let routes: Vec<Route> = changes.iter().map(|change| Ok(Path::new(&*change.path).into())).collect();
        patch(&mut out, changes, &routes).expect("memory takes all");
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
    fn odd_names_are_quoted() {
        assert_eq!(quoted(b"a/", "ü\"\t".as_bytes()), br#""a/\303\274\"\t""#);
        assert_eq!(name_in_patch(Path::new("./sub//dir/x.go")), b"sub/dir/x.go");
    }

    #[test]
    fn a_terminal_sees_no_escapes() {
        let mut out = Vec::new();
        show_patch(&mut out, b"+\ta\x1b[2Jb\r\n").unwrap();
        assert_eq!(anstream::adapter::strip_bytes(&out).into_vec(), b"+\ta\\u{1b}[2Jb\\u{d}\n");
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
        fn git_apply_makes_exactly_the_new_text(
            before in some_text(), after in some_text(), name in some_name()
        ) {
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
        fs::write(dir.path().join("y.go"), "old\n").unwrap();
        let found = |path: &str, file: &Path| FileChange {
            file: Some(file.into()),
            ..change(path, b"old\n", b"new\n")
        };
        let changes = [found("pkg/x.go", &sub.join("pkg/x.go")), found("../y.go", &dir.path().join("y.go"))];
        let settings = crate::config::Settings::sample::<&str>(&sub, &[]);
        let routes = routes(&changes, &settings);
        assert_eq!(routes[0], Ok("pkg/pkg/x.go".into()));
        assert!(routes[1].as_ref().is_err_and(|why| why.contains("outside of the working directory")));
        patch(&mut out, &changes, &routes).unwrap();
        git_apply(&sub, &out).expect("git is here");
        assert_eq!(fs::read(sub.join("pkg/x.go")).unwrap(), b"new\n");
    }
}
