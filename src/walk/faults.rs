//! What the walker's errors say in this program's words.

use std::io;
use std::path::PathBuf;

use ignore::Error;

/// The path a fault is about, the line in it (0 when it is about all of it), and what is wrong.
pub(super) fn describe(fault: &Error) -> (Option<PathBuf>, u32, String) {
    let (mut path, mut line) = (None, 0);
    let mut inner = fault;
    loop {
        inner = match inner {
            Error::WithPath { path: at, err } => {
                path = Some(at.clone());
                err
            }
            Error::WithLineNumber { line: at, err } => {
                line = u32::try_from(*at).unwrap_or(0);
                err
            }
            Error::WithDepth { err, .. } => err,
            Error::Partial(faults) if !faults.is_empty() => &faults[0],
            _ => break,
        };
    }
    let words = match inner {
        Error::Io(e) if e.kind() == io::ErrorKind::PermissionDenied => {
            "may not be read; what lies in it was left out".to_owned()
        }
        Error::Glob { glob: Some(glob), err } => {
            format!("the pattern `{glob}` is broken and was left out: {err}")
        }
        Error::Loop { ancestor, child } => {
            path = Some(child.clone());
            format!("a symbolic link leads back to {}; it was not followed", ancestor.display())
        }
        other => format!("{other}; it was left out"),
    };
    (path, line, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_unwrapped_to_path_and_line() {
        let broken = Error::Glob { glob: Some("[a".into()), err: "unclosed class".into() };
        let fault = Error::Partial(vec![Error::WithPath {
            path: "x/.gitignore".into(),
            err: Box::new(Error::WithLineNumber { line: 3, err: Box::new(broken) }),
        }]);
        let (path, line, words) = describe(&fault);
        assert_eq!((path, line), (Some(PathBuf::from("x/.gitignore")), 3));
        assert!(words.contains("`[a`") && words.contains("unclosed class"), "{words}");
    }
}
