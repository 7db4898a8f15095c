//! Exit codes.

use std::io;
use std::process::ExitCode;

use super::settings;
use crate::base::sys;
use crate::engine::Report;

/// What a run came to, as told to the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Complete, nothing found.
    Nothing,
    /// Findings, or for `fix --exit-code` something changed or left.
    Findings,
    /// Nothing trustworthy came out.
    Error,
    /// The same, for a mistake in the command line or the settings: trying again is no use. `EX_USAGE` of
    /// sysexits.h.
    Usage,
    /// The same, for want of something that may be there later: trying again may help. `EX_TEMPFAIL`.
    Later,
}

impl Exit {
    /// What an error that ended a run means for who started it.
    pub fn of(error: &anyhow::Error) -> Exit {
        let told = error.chain().find_map(|cause| {
            if cause.is::<settings::UsageError>() {
                return Some(Exit::Usage);
            }
            let kind = match cause.downcast_ref::<sys::Error>() {
                Some(error) if error.is_mistake() => return Some(Exit::Usage),
                Some(error) if error.may_pass() => return Some(Exit::Later),
                _ => cause.downcast_ref::<io::Error>()?.kind(),
            };
            sys::passes(kind).then_some(Exit::Later)
        });
        told.unwrap_or(Exit::Error)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Nothing => 0,
            Exit::Findings => 1,
            Exit::Error => 2,
            Exit::Usage => 64,
            Exit::Later => 75,
        })
    }
}

/// The exit of a run that came to its end.
pub fn after(report: &Report, strict: bool, findings: bool) -> Exit {
    let complete = report.faults.iter().all(|fault| !fault.skipped);
    match (strict && !complete, findings) {
        (true, _) => Exit::Error,
        (false, true) => Exit::Findings,
        (false, false) => Exit::Nothing,
    }
}

/// Whether it is that nobody reads on.
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::diagnostic::RunFault;

    #[test]
    fn a_closed_pipe_is_found_below_its_context() {
        let closed = anyhow::Error::from(io::Error::from(io::ErrorKind::BrokenPipe)).context("cannot write");
        assert!(is_closed_pipe(&closed));
        assert!(!is_closed_pipe(&anyhow::Error::from(io::Error::from(io::ErrorKind::NotFound))));
    }

    #[test]
    fn only_a_strict_run_fails_for_a_skipped_file() {
        let fault = RunFault { path: "a.go".into(), line: 0, words: "may not be read".into(), skipped: true };
        let report = Report { faults: vec![fault], ..Report::default() };
        assert_eq!(after(&report, false, false), Exit::Nothing);
        assert_eq!(after(&report, false, true), Exit::Findings);
        assert_eq!(after(&report, true, true), Exit::Error);
    }
}
