//! Threads whose stack is deep enough for what a run follows.

use super::error::Error;

/// Stack of a worker: syntax nests at most 250 deep, and callees and types are followed while walking it.
pub const STACK_BYTES: usize = 64 << 20;

/// Runs `work` on a stack as deep as a worker's.
///
/// # Errors
/// [`Error::Threads`] when the system gives no thread.
pub fn on_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Error> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work);
        let thread = thread.map_err(|error| Error::Threads { words: error.to_string() })?;
        Ok(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth(left: usize) -> usize {
        let room = std::hint::black_box([0_u8; 1 << 10]);
        if left == 0 { usize::from(room[0]) } else { 1 + depth(left - 1) }
    }

    #[test]
    fn what_needs_a_deep_stack_has_one() {
        // More than the two MiB that a thread has by itself.
        assert_eq!(on_deep_stack(|| depth(10_000)).unwrap(), 10_000);
    }
}
