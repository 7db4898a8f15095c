//! From changes in memory to files on disk: what may be written, and the writing.

use std::path::PathBuf;

use anyhow::bail;

use super::words;
use crate::base::diagnostic::FixOutcome;
use crate::base::sys::{self, Error, Interrupts};
use crate::config::Settings;
use crate::engine::FileChange;
use crate::report::harmless;
use crate::vcs::{self, Status};

/// How many files a refusal names.
const NAMED: usize = 20;

/// Refuses when git could not give back what a change would overwrite.
///
/// # Errors
/// Files outside of any work tree, and unless `allow_dirty` Go files with work that is not committed; both
/// named. Also when git is missing or fails.
pub fn check_committed(settings: &Settings, changes: &[FileChange], allow_dirty: bool) -> anyhow::Result<()> {
    let files: Vec<PathBuf> = changes.iter().filter_map(|change| change.file.clone()).collect();
    let Status { dirty, outside } = vcs::status(&files)?;
    let name = |file: &PathBuf| {
        harmless(&file.strip_prefix(&settings.root).unwrap_or(file).to_string_lossy()).into_owned()
    };
    if !outside.is_empty() {
        let names = listed(outside.iter().map(name).collect());
        bail!(
            "no git repository holds these files, so nothing could bring them back:\n{names}\nsay --no-vcs \
             to change them all the same"
        );
    }
    if !dirty.is_empty() && !allow_dirty {
        let names =
            listed(dirty.iter().map(|(file, dirt)| format!("{} ({})", name(file), dirt.word())).collect());
        bail!(
            "these Go files hold work that is not committed:\n{names}\ncommit or stash it, or say \
             --allow-dirty"
        );
    }
    Ok(())
}

fn listed(mut names: Vec<String>) -> String {
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    if more > 0 {
        names.push(format!("… and {more} more"));
    }
    names.iter().map(|name| format!("  {name}")).collect::<Vec<_>>().join("\n")
}

/// Writes each change to its file. Returns, at the same indices, `Applied` or why the file was left alone,
/// and the faults in words.
///
/// # Errors
/// When somebody interrupts: the file at hand is still written, the others are not.
pub fn write_all(
    settings: &Settings,
    changes: &[FileChange],
) -> anyhow::Result<(Vec<FixOutcome>, Vec<Error>)> {
    let held = Interrupts::hold()?;
    write_while(settings, changes, &|| held.came())
}

/// How many files are written at a time: the disk takes its time to say that a file is there for good, and
/// says so of many as fast as of one.
const WRITERS: usize = 16;

fn write_while(
    settings: &Settings,
    changes: &[FileChange],
    interrupted: &(dyn Fn() -> bool + Sync),
) -> anyhow::Result<(Vec<FixOutcome>, Vec<Error>)> {
    let roots = writable_roots(settings);
    let mut faults: Vec<Error> = Vec::new();
    let mut outcomes = Vec::new();
    for batch in changes.chunks(WRITERS) {
        if interrupted() {
            faults.iter().for_each(|fault| words::error(&fault.to_string()));
            let written = outcomes.iter().filter(|outcome| **outcome == FixOutcome::Applied).count();
            bail!(
                "interrupted; {written} of {} files were written, each whole; run again for the others",
                changes.len()
            );
        }
        let written: Vec<Result<(), Error>> = std::thread::scope(|scope| {
            let roots = &roots;
            let started: Vec<_> =
                batch.iter().map(|change| scope.spawn(|| write_one(change, roots))).collect();
            started
                .into_iter()
                .map(|one| one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        });
        for answer in written {
            outcomes.push(answer.as_ref().map_or_else(outcome_of, |()| FixOutcome::Applied));
            faults.extend(answer.err());
        }
    }
    Ok((outcomes, faults))
}

fn write_one(change: &FileChange, roots: &[PathBuf]) -> Result<(), Error> {
    match &change.file {
        Some(file) => sys::replace(file, roots, &change.before, &change.after),
        None => Err(Error::NotFound { path: PathBuf::from(&*change.path) }),
    }
}

pub fn outcome_of(fault: &Error) -> FixOutcome {
    match fault {
        Error::Stale { .. } | Error::NotFound { .. } => FixOutcome::Stale,
        Error::OutsideRoot { .. } => FixOutcome::OutsideRoot,
        _ => FixOutcome::WriteFailed,
    }
}

/// Where files may be written: below the working directory and each folder that was named, and named files
/// that are no links.
pub fn writable_roots(settings: &Settings) -> Vec<PathBuf> {
    let mut roots: Vec<PathBuf> = sys::real_path(&settings.root).into_iter().collect();
    for given in &settings.scan.paths {
        let file = settings.root.join(given);
        match sys::kind(&file) {
            Some(sys::Kind::Folder) => roots.extend(sys::real_path(&file)),
            // The folder is resolved, the name in it is not: a link there leads elsewhere and is refused.
            _ => roots.extend(
                file.parent()
                    .and_then(|folder| sys::real_path(folder).ok())
                    .zip(file.file_name())
                    .map(|(at, name)| at.join(name)),
            ),
        }
    }
    roots
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn change(file: PathBuf) -> FileChange {
        FileChange {
            path: file.to_string_lossy().into(),
            file: Some(file),
            before: b"old".as_slice().into(),
            after: b"new".to_vec(),
            fixes: 1,
        }
    }

    #[test]
    fn each_file_has_its_own_outcome() {
        let dir = tempfile::tempdir().unwrap();
        let (good, changed) = (dir.path().join("a.go"), dir.path().join("b.go"));
        fs::write(&good, "old").unwrap();
        fs::write(&changed, "edited meanwhile").unwrap();
        let changes = [change(good.clone()), change(changed), change(dir.path().join("gone.go"))];
        let (outcomes, faults) = write_all(&Settings::sample(dir.path(), &["."]), &changes).unwrap();
        assert_eq!(outcomes, [FixOutcome::Applied, FixOutcome::Stale, FixOutcome::Stale]);
        assert_eq!(faults.len(), 2);
        assert_eq!(fs::read(&good).unwrap(), b"new");
    }

    #[test]
    fn an_interrupt_leaves_the_rest_alone() {
        let dir = tempfile::tempdir().unwrap();
        let files: Vec<PathBuf> = (0..2 * WRITERS).map(|at| dir.path().join(format!("{at}.go"))).collect();
        files.iter().for_each(|file| fs::write(file, "old").unwrap());
        let changes: Vec<FileChange> = files.iter().cloned().map(change).collect();
        // It comes while the first files are written.
        let interrupted = || fs::read(&files[0]).unwrap() == b"new";
        let words = write_while(&Settings::sample(dir.path(), &["."]), &changes, &interrupted)
            .unwrap_err()
            .to_string();
        assert!(words.starts_with("interrupted; 16 of 32 files were written"), "{words}");
        let texts: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
        assert!(texts[..WRITERS].iter().all(|text| text == b"new"));
        assert!(texts[WRITERS..].iter().all(|text| text == b"old"));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2 * WRITERS, "no temporary file stays");
    }

    #[test]
    fn what_was_named_may_be_written_outside_of_the_working_directory() {
        let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (named, unnamed) = (other.path().join("a.go"), other.path().join("b.go"));
        fs::write(&named, "old").unwrap();
        fs::write(&unnamed, "old").unwrap();
        let (outcomes, _) =
            write_all(&Settings::sample(dir.path(), &[&named]), &[change(named.clone()), change(unnamed)])
                .unwrap();
        assert_eq!(outcomes, [FixOutcome::Applied, FixOutcome::OutsideRoot]);
    }

    #[test]
    fn files_without_repository_are_named_in_the_refusal() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.go");
        fs::write(&file, "old").unwrap();
        let refusal = check_committed(&Settings::sample(dir.path(), &["."]), &[change(file)], true)
            .unwrap_err()
            .to_string();
        assert!(refusal.contains("  a.go\n") && refusal.contains("--no-vcs"), "{refusal}");
    }

    #[test]
    fn long_lists_are_cut() {
        let list = listed((0..25).map(|number| number.to_string()).collect());
        assert!(list.ends_with("  … and 5 more"), "{list}");
    }
}
