//! Signals that ask the process to end.

use std::io;

use super::error::Error;

/// What asks a process to end: at the keyboard, by its terminal that goes away, by whoever may.
#[cfg(unix)]
const INTERRUPTS: [i32; 3] =
    [signal_hook::consts::SIGINT, signal_hook::consts::SIGHUP, signal_hook::consts::SIGTERM];

#[cfg(not(unix))]
const INTERRUPTS: [i32; 2] = [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM];

/// While it lives, an interrupt is noted and does not end the process. A program that was started gets it all
/// the same.
pub struct Interrupts {
    came: std::sync::Arc<std::sync::atomic::AtomicBool>,
    handlers: Vec<signal_hook::SigId>,
}

impl Interrupts {
    /// Notes interrupts and requests to end from now on.
    ///
    /// # Errors
    /// When the system does not allow it.
    pub fn hold() -> Result<Interrupts, Error> {
        let came = std::sync::Arc::default();
        let register = |signal| signal_hook::flag::register(signal, std::sync::Arc::clone(&came));
        let handlers = INTERRUPTS.into_iter().map(register).collect::<io::Result<_>>();
        let fail = |source| Error::Io { path: ".".into(), action: "listen for signals", source };
        Ok(Interrupts { handlers: handlers.map_err(fail)?, came })
    }

    /// Whether one came.
    pub fn came(&self) -> bool {
        self.came.load(std::sync::atomic::Ordering::SeqCst)
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        for handler in self.handlers.drain(..) {
            signal_hook::low_level::unregister(handler);
        }
    }
}
