//! A bar on the terminal for runs that take more than a second.

use std::io::IsTerminal;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::base::progress::Progress;

/// Runs that are shorter than this show nothing.
const PATIENCE: Duration = Duration::from_secs(1);

const REDRAW: Duration = Duration::from_millis(100);

/// Does `work` and shows how far it is, on a standard error that is a terminal, unless `quiet`.
pub fn watched<T>(quiet: bool, progress: &Progress, work: impl FnOnce() -> T) -> T {
    if quiet || !std::io::stderr().is_terminal() {
        return work();
    }
    let (done, waiting) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if waiting.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                show(progress, &waiting);
            }
        });
        // Dropped also when `work` panics, so that nobody waits for ever.
        let _done = done;
        work()
    })
}

fn show(progress: &Progress, waiting: &mpsc::Receiver<()>) {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{msg:>8} [{bar:30}] {pos}/{len} files") {
        bar.set_style(style.progress_chars("=> "));
    }
    loop {
        let (phase, at, total) = progress.now();
        // Before the first phase nobody knows how much there is to do.
        if total > 0 {
            bar.set_message(phase);
            bar.set_length(total);
            bar.set_position(at.min(total));
            bar.tick();
        }
        if waiting.recv_timeout(REDRAW) != Err(RecvTimeoutError::Timeout) {
            break;
        }
    }
    bar.finish_and_clear();
}
