//! Answers that are worked out once, however many threads ask.

use std::borrow::Borrow;
use std::hash::Hash;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use rustc_hash::FxHashMap;

/// A map that fills itself. Whoever asks for a key while another works on it waits for that answer.
pub(super) struct Memo<K, V> {
    answers: RwLock<FxHashMap<K, Arc<OnceLock<V>>>>,
}

impl<K, V> Default for Memo<K, V> {
    fn default() -> Memo<K, V> {
        Memo { answers: RwLock::default() }
    }
}

impl<K, V> Memo<K, V>
where
    K: Hash + Eq,
    V: Clone,
{
    /// The answer for `key`; `make` is called for the first who asks. It must not ask for the same key.
    pub fn get<Q>(&self, key: &Q, make: impl FnOnce() -> V) -> V
    where
        K: Borrow<Q> + for<'a> From<&'a Q>,
        Q: Hash + Eq + ?Sized,
    {
        if let Some(value) = self
            .answers
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(key)
            .and_then(|answer| answer.get())
        {
            return value.clone();
        }
        let answer = self
            .answers
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(key.into())
            .or_default()
            .clone();
        answer.get_or_init(make).clone()
    }
}
