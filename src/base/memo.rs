//! Answers that are kept, for all threads.

use std::borrow::Borrow;
use std::hash::Hash;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use rustc_hash::{FxBuildHasher, FxHashMap};

/// Values by key. Two threads may both make one; what that is may not depend on which of them did.
#[derive(Debug)]
pub struct Memo<K, V>(RwLock<FxHashMap<K, V>>);

/// Values by key, each made by one thread, while the others that ask for it wait.
pub type OnceMemo<K, V> = Memo<K, Arc<OnceLock<V>>>;

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Memo::new()
    }
}

impl<K, V> Memo<K, V> {
    /// Nothing is known yet.
    pub const fn new() -> Self {
        Memo(RwLock::new(FxHashMap::with_hasher(FxBuildHasher)))
    }
}

impl<K: Hash + Eq, V: Clone> Memo<K, V> {
    /// The value known for `key`.
    pub fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// Remembers `value` unless there is one, and gives back the one that stays.
    pub fn put(&self, key: K, value: V) -> V {
        self.0.write().unwrap_or_else(PoisonError::into_inner).entry(key).or_insert(value).clone()
    }

    /// Remembers `value` in place of any other.
    pub fn set(&self, key: K, value: V) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(key, value);
    }

    /// The value for `key`, which `make` makes where there is none. It may ask for any key.
    pub fn get_or(&self, key: K, make: impl FnOnce(&K) -> V) -> V {
        if let Some(known) = self.get(&key) {
            return known;
        }
        let value = make(&key);
        self.put(key, value)
    }
}

impl<K: Hash + Eq, V: Clone> OnceMemo<K, V> {
    /// The value for `key`; `make` is called for the first who asks. It must not ask for the same key.
    pub fn once<Q>(&self, key: &Q, make: impl FnOnce() -> V) -> V
    where
        K: Borrow<Q> + for<'a> From<&'a Q>,
        Q: Hash + Eq + ?Sized,
    {
        let cell = self.get(key).unwrap_or_else(|| self.put(key.into(), Arc::default()));
        cell.get_or_init(make).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_stays_unless_it_is_replaced() {
        let memo: Memo<u32, &str> = Memo::default();
        assert_eq!(memo.get(&1), None);
        assert_eq!(memo.put(1, "first"), "first");
        assert_eq!(memo.put(1, "second"), "first");
        assert_eq!(memo.get_or(1, |_| "third"), "first");
        memo.set(1, "last");
        assert_eq!(memo.get(&1), Some("last"));
    }

    #[test]
    fn a_value_is_made_once_however_many_threads_ask() {
        let memo: OnceMemo<String, usize> = Memo::default();
        let made = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    memo.once("key", || made.fetch_add(1, std::sync::atomic::Ordering::SeqCst));
                });
            }
        });
        assert_eq!(made.into_inner(), 1);
        assert_eq!(memo.once("key", || 7), 0);
    }
}
