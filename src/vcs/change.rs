//! Which lines a change touches: of files as they were read, against a revision or as far as the change is
//! staged.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::repository::{Entry, Repository, next_blob, records};
use super::work_tree::work_tree;
use crate::base::sys::{self, Error};
use crate::base::text::narrow;

/// What the change is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// All that differs from this revision, committed or not, files that git does not know included. With
    /// `...` at its end, from where HEAD left it.
    Since(String),
    /// What the index holds beyond HEAD.
    Staged,
}

/// What a change touches in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Touched {
    /// The file is new.
    Whole,
    /// These hunks.
    Hunks(Vec<Hunk>),
}

/// Lines, from 1, half open, that are not as they were; an empty range stands where lines were taken out
/// before its start.
///
/// Where the lines around are alike, the same change can be told as one further up or down: behind
/// `a {\n}\n`, taking out `b {\n}\n` is taking out `}\nb {\n` before the last brace. Nobody knows which
/// one it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk {
    /// As far up as it can stand.
    pub up: Range<u32>,
    /// As far down.
    pub down: Range<u32>,
}

impl Touched {
    /// Whether something from line `first` to line `last` is touched, wherever the change is taken to stand.
    pub fn meets(&self, first: u32, last: u32) -> bool {
        let meets = |range: &Range<u32>| match range.is_empty() {
            true => first < range.start && range.start <= last,
            false => range.start <= last && first < range.end,
        };
        match self {
            Touched::Whole => true,
            Touched::Hunks(hunks) => hunks.iter().any(|hunk| meets(&hunk.up) && meets(&hunk.down)),
        }
    }
}

/// A file by its real path and by the given one, with its text.
type AskedFile<'f> = (PathBuf, &'f Path, &'f [u8]);

/// What `change` touches of `files`, each with the text that was read of it. Files that it leaves alone are
/// not in the answer.
///
/// # Errors
/// [`Error::NoRepository`] for a file outside of any, [`Error::Revision`], [`Error::NoCommonAncestor`], or
/// what git says. Those also for the repository of `root`, whatever the files are.
pub fn touched(
    root: &Path,
    files: &[(&Path, &[u8])],
    change: &Change,
) -> Result<BTreeMap<PathBuf, Touched>, Error> {
    let mut repositories: BTreeMap<PathBuf, Vec<AskedFile>> = BTreeMap::new();
    if let Some(top) = work_tree(&sys::real_path(root)?) {
        repositories.insert(top.to_path_buf(), Vec::new());
    } else if files.is_empty() {
        return Err(Error::NoRepository { path: root.into() });
    }
    for (file, text) in files {
        let real = sys::real_path(file)?;
        let top = real
            .parent()
            .and_then(work_tree)
            .ok_or_else(|| Error::NoRepository { path: file.to_path_buf() })?;
        repositories.entry(top.to_path_buf()).or_default().push((real, file, text));
    }
    let mut touched = BTreeMap::new();
    for (top, files) in repositories {
        let repository = Repository::open(&top)?;
        let changed = repository.changed(change)?;
        let index = if files.is_empty() { BTreeMap::new() } else { repository.index()? };
        for (real, given, text) in files {
            let found = match (changed.get(&real), index.get(&real)) {
                (Some(Changed { old: None, .. }), _) if *change != Change::Staged => Some(Touched::Whole),
                (Some(changed), _) => Some(Touched::Hunks(repository.hunks(changed, text)?)),
                (None, None) if *change != Change::Staged => Some(Touched::Whole),
                (None, Some(Entry::Unmerged)) => Some(Touched::Whole),
                (None, _) => None,
            };
            touched.extend(found.map(|found| (given.to_path_buf(), found)));
        }
    }
    Ok(touched)
}

/// A file that differs.
struct Changed {
    /// The blob that it was made of; `None` for a new file.
    old: Option<String>,
    /// The blob of the index; `None` when the text on disk is what counts.
    staged: Option<String>,
}

impl Repository<'_> {
    /// The files that `change` touches, renamed ones by their new names.
    fn changed(&self, change: &Change) -> Result<BTreeMap<PathBuf, Changed>, Error> {
        let base = match change {
            Change::Since(revision) => self.base(revision)?,
            Change::Staged => self.head()?,
        };
        let mut args = vec![
            "diff-index",
            "--raw",
            "-z",
            "-M",
            "--no-abbrev",
            "--no-ext-diff",
            "--ignore-submodules=all",
        ];
        args.extend((*change == Change::Staged).then_some("--cached"));
        args.extend([base.as_str(), "--"]);
        let output = self.git(&args, b"")?;
        let mut changed = BTreeMap::new();
        let mut records = records(&output);
        // :mode SP mode SP id SP id SP status NUL path NUL, and of a renamed file NUL new path NUL.
        while let (Some(head), Some(mut path)) = (records.next(), records.next()) {
            let head = String::from_utf8_lossy(head);
            let fields: Vec<&str> = head.split(' ').collect();
            let &[_, _, old, new, status] = fields.as_slice() else { continue };
            if status.starts_with(['R', 'C']) {
                path = records.next().unwrap_or(path);
            }
            let old = (!status.starts_with('A')).then(|| old.to_owned());
            let staged = (*change == Change::Staged).then(|| new.to_owned());
            if !status.starts_with('D') {
                changed.insert(self.file(path), Changed { old, staged });
            }
        }
        Ok(changed)
    }

    /// The tree that `revision` names.
    fn base(&self, revision: &str) -> Result<String, Error> {
        let asked = || (revision.to_owned(), PathBuf::from(self.top), self.is_shallow());
        let unknown = || {
            let (revision, path, shallow) = asked();
            Error::Revision { revision, path, shallow }
        };
        let apart = || {
            let (revision, path, shallow) = asked();
            Error::NoCommonAncestor { revision, path, shallow }
        };
        let text = |output: Vec<u8>| String::from_utf8_lossy(&output).trim().to_owned();
        // Not an option, whatever it looks like. What stands behind it would be part of a search (`:/word`),
        // so it is resolved by itself.
        let resolve = |revision: &str| {
            let args = ["rev-parse", "--verify", "--quiet", "--end-of-options", revision];
            self.git(&args, b"").map(text).map_err(|_| unknown())
        };
        let object = match revision.strip_suffix("...") {
            Some(other) => {
                let other = resolve(&format!("{}^{{commit}}", resolve(other)?))?;
                text(self.git(&["merge-base", &other, "HEAD"], b"").map_err(|_| apart())?)
            }
            None => resolve(revision)?,
        };
        resolve(&format!("{object}^{{tree}}"))
    }

    /// Whether older commits were left out when it was cloned.
    fn is_shallow(&self) -> bool {
        self.git(&["rev-parse", "--is-shallow-repository"], b"").is_ok_and(|said| said.starts_with(b"true"))
    }

    /// What is not as it was in `text`. Of a staged change, as far as it is still on disk.
    fn hunks(&self, changed: &Changed, text: &[u8]) -> Result<Vec<Hunk>, Error> {
        let old = changed.old.as_deref().map(|id| self.blob(id)).transpose()?.unwrap_or_default();
        let Some(staged) = &changed.staged else { return Ok(differing(&old, text)) };
        let staged = self.blob(staged)?;
        let on_disk = capture(&plain_lines(&staged), &plain_lines(text));
        let moved = |hunk: Hunk| {
            let (up, down) = (still_there(&hunk.up, &on_disk), still_there(&hunk.down, &on_disk));
            // In pieces, it can no longer be told as one that stands elsewhere.
            match (up.as_slice(), down.as_slice()) {
                ([up], [down]) => vec![Hunk { up: up.clone(), down: down.clone() }],
                _ => up.into_iter().map(|range| Hunk { up: range.clone(), down: range }).collect(),
            }
        };
        Ok(differing(&old, &staged).into_iter().flat_map(moved).collect())
    }

    fn blob(&self, id: &str) -> Result<Vec<u8>, Error> {
        let output = self.git(&["cat-file", "--batch"], format!("{id}\n").as_bytes())?;
        Ok(next_blob(&mut output.as_slice()).unwrap_or_default().to_vec())
    }
}

/// Where the lines of `range` are in the text that `ops` lead to, as far as they are still there.
fn still_there(range: &Range<u32>, ops: &[DiffOp]) -> Vec<Range<u32>> {
    let piece = |op: &DiffOp| match *op {
        DiffOp::Equal { old_index, new_index, len } => {
            let here = narrow(old_index) + 1..narrow(old_index + len) + 1;
            let (start, end) = (range.start.max(here.start), range.end.min(here.end));
            let by = |line: u32| (line + narrow(new_index)) - narrow(old_index);
            (start < end || (range.is_empty() && here.contains(&start) && start == end))
                .then(|| by(start)..by(end))
        }
        _ => None,
    };
    ops.iter().filter_map(piece).collect()
}

/// The lines of `new` that `old` does not have, and where lines of `old` are gone.
fn differing(old: &[u8], new: &[u8]) -> Vec<Hunk> {
    let (old, new) = (plain_lines(old), plain_lines(new));
    let ops = capture(&old, &new);
    let from_one = |range: Range<usize>| narrow(range.start) + 1..narrow(range.end) + 1;
    let hunk = |op: &DiffOp| {
        let at = op.new_range();
        let (up, down) = match op {
            DiffOp::Insert { .. } => slide(&new, &at),
            DiffOp::Delete { .. } => slide(&old, &op.old_range()),
            _ => (0, 0),
        };
        let up = at.start.saturating_sub(up)..at.end.saturating_sub(up);
        Hunk { up: from_one(up), down: from_one(at.start + down..at.end + down) }
    };
    ops.iter().filter(|op| !matches!(op, DiffOp::Equal { .. })).map(hunk).collect()
}

/// How many lines further up and down `range` of `lines` could stand as well: each step, the line that it
/// leaves is like the one that it takes in.
fn slide(lines: &[&[u8]], range: &Range<usize>) -> (usize, usize) {
    let len = range.len();
    let up = (0..range.start).rev().take_while(|at| lines[*at] == lines[at + len]).count();
    let down = (range.end..lines.len()).take_while(|at| lines[*at] == lines[at - len]).count();
    (up, down)
}

/// The difference by lines; `\r` before the end of a line, which a checkout may have put there, is none.
fn capture(old: &[&[u8]], new: &[&[u8]]) -> Vec<DiffOp> {
    capture_diff_slices(Algorithm::Myers, old, new)
}

fn plain_lines(text: &[u8]) -> Vec<&[u8]> {
    let line = |line: &'_ [u8]| -> usize { line.len() - usize::from(line.ends_with(b"\r")) };
    text.split(|byte| *byte == b'\n').map(|bytes| &bytes[..line(bytes)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed(range: Range<u32>) -> Vec<Hunk> {
        vec![Hunk { up: range.clone(), down: range }]
    }

    #[test]
    fn lines_that_came_and_places_where_lines_went() {
        assert_eq!(differing(b"a\nb\nc\n", b"a\nx\nb\nc\n"), fixed(2..3));
        assert_eq!(differing(b"a\nb\nc\n", b"a\nc\n"), fixed(2..2));
        assert_eq!(differing(b"a\nb\n", b"a\r\nb\r\n"), []);
        assert_eq!(differing(b"a\nb\nc\n", b"a\nB\nc\n"), fixed(2..3));
    }

    #[test]
    fn a_place_counts_inside_only() {
        let gone = Touched::Hunks(fixed(4..4));
        assert!(gone.meets(3, 5) && gone.meets(3, 4) && !gone.meets(4, 6) && !gone.meets(1, 3));
        let came = Touched::Hunks(fixed(4..6));
        assert!(came.meets(1, 4) && came.meets(5, 9) && !came.meets(6, 9) && !came.meets(1, 3));
    }

    #[test]
    fn a_function_behind_another_leaves_that_one_alone() {
        let (first, second) = ("func a() {\n\tx()\n}\n", "\nfunc b() {\n\ty()\n}\n");
        let both = [first, second].concat();
        for (old, new) in [(&*both, first), (first, &*both)] {
            let touched = Touched::Hunks(differing(old.as_bytes(), new.as_bytes()));
            assert!(!touched.meets(1, 3), "{touched:?}");
        }
        let touched = Touched::Hunks(differing(first.as_bytes(), both.as_bytes()));
        assert!(touched.meets(5, 7), "{touched:?}");
        let within = differing(b"f {\na\na\n}\n", b"f {\na\n}\n");
        assert!(Touched::Hunks(within).meets(1, 3), "what slides inside of a function is inside");
    }
}
