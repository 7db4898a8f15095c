//! How far a run is, for whoever looks on while it runs. It has no say in what comes out.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// A phase with a number of things to do, of which some are done.
#[derive(Debug, Default)]
pub struct Progress {
    phase: Mutex<&'static str>,
    done: AtomicU64,
    total: AtomicU64,
}

impl Progress {
    /// Begins `phase`, in which `total` things are to be done.
    pub fn begin(&self, phase: &'static str, total: usize) {
        if let Ok(mut name) = self.phase.lock() {
            *name = phase;
        }
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total as u64, Ordering::Relaxed);
    }

    /// One of them is done.
    pub fn step(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// The phase, how much of it is done, and of how much.
    pub fn now(&self) -> (&'static str, u64, u64) {
        let phase = self.phase.lock().map_or("", |name| *name);
        (phase, self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }
}
