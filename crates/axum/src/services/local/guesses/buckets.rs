//! Counts attempts by key, each key up to a quota that refills over time.

use core::hash::Hash;
use core::time::Duration;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use latchkey_core::Timestamp;

use crate::services::networks::LEVELS;
use crate::services::rate_limits::TooManyRequests;

/// The factor by which quotas are multiplied for each network size, narrowest network first.
const FACTORS: [u64; LEVELS] = [1, 4, 16];
/// The maximum number of keys of one kind that are counted. Further keys are not counted until the
/// quotas of others are full again.
const MAX_KEYS: usize = 200_000;

/// A burst, and the time after which one more attempt is permitted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quota {
    /// Which requests are limited: the words after "too many requests" in the message, such as
    /// `for a link`.
    pub(super) scope: &'static str,
    pub(super) burst: u64,
    pub(super) period: Duration,
}

/// For each key, the time at which its quota is full again, in milliseconds since 1970.
#[derive(Debug)]
pub(super) struct Buckets<K>(pub(super) Mutex<HashMap<K, u64>>);

impl<K> Default for Buckets<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

/// After how long one more attempt is permitted at this level, in milliseconds.
fn cost(quota: Quota, level: usize) -> u64 {
    let millis = u64::try_from(quota.period.as_millis()).unwrap_or(u64::MAX);
    millis / FACTORS[level]
}

impl<K: Hash + Eq + Copy> Buckets<K> {
    /// Takes one attempt from the quota of each of these keys, or from none if one is used up.
    pub(super) fn take_all(
        &self,
        keys: impl Iterator<Item = (K, usize, Quota)> + Clone,
        now: Timestamp,
    ) -> Result<(), TooManyRequests> {
        for (taken, (key, level, quota)) in keys.clone().enumerate() {
            if let Err(refused) = self.take(key, level, quota, now) {
                self.give_all_back(keys.take(taken));
                return Err(refused);
            }
        }
        Ok(())
    }

    pub(super) fn give_all_back(&self, keys: impl Iterator<Item = (K, usize, Quota)>) {
        for (key, level, quota) in keys {
            self.give_back(key, level, quota);
        }
    }

    pub(super) fn take(
        &self,
        key: K,
        level: usize,
        quota: Quota,
        now: Timestamp,
    ) -> Result<(), TooManyRequests> {
        let (now, cost) = (now.as_millis(), cost(quota, level));
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !buckets.contains_key(&key) && buckets.len() >= MAX_KEYS {
            buckets.retain(|_, full_at| *full_at > now);
            if buckets.len() >= MAX_KEYS {
                return Ok(());
            }
        }
        // A clock that was set back must not keep anyone waiting longer than the whole quota.
        let limit = cost * quota.burst * FACTORS[level];
        let full_at = buckets.get(&key).copied().unwrap_or_default();
        let full_at = full_at.clamp(now, now + limit) + cost;
        if full_at > now + limit {
            let wait = full_at - now - limit;
            return Err(TooManyRequests::new(
                quota.scope,
                wait.div_ceil(1000).max(1),
            ));
        }
        buckets.insert(key, full_at);
        Ok(())
    }

    pub(super) fn give_back(&self, key: K, level: usize, quota: Quota) {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(full_at) = buckets.get_mut(&key) {
            *full_at = full_at.saturating_sub(cost(quota, level));
        }
    }

    pub(super) fn forget(&self, key: K) {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.remove(&key);
    }

    pub(super) fn prune(&self, now: Timestamp) {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.retain(|_, full_at| *full_at > now.as_millis());
    }
}
