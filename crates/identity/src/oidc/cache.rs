//! A single-flight cache for one document of a provider.

use core::time::Duration;
use std::sync::Arc;

use latchkey_core::Timestamp;
use tokio::sync::Mutex;

use crate::error::ProviderError;

/// How long a failed fetch is cached: long enough that all callers waiting for one request share
/// its failure, short enough that a user who tries again causes a new request.
const FAILURE_TTL: Duration = Duration::from_secs(3);

/// A document, fetched on first use. Concurrent callers wait for the same request.
pub(super) struct Cached<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    value: Option<(Timestamp, Arc<T>)>,
    failure: Option<(Timestamp, ProviderError)>,
    refreshed: Option<Timestamp>,
}

impl<T> Default for Cached<T> {
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                value: None,
                failure: None,
                refreshed: None,
            }),
        }
    }
}

impl<T> Cached<T> {
    /// The cached document, if it is younger than `ttl`; otherwise the result of `fetch`.
    pub(super) async fn get(
        &self,
        now: Timestamp,
        ttl: Duration,
        fetch: impl Future<Output = Result<T, ProviderError>>,
    ) -> Result<Arc<T>, ProviderError> {
        let mut state = self.state.lock().await;
        if let Some((at, value)) = &state.value
            && distance(*at, now) < ttl
        {
            return Ok(Arc::clone(value));
        }
        if let Some((at, error)) = &state.failure
            && distance(*at, now) < FAILURE_TTL
        {
            return Err(error.clone());
        }
        state.fetch(now, fetch).await
    }

    /// A document newer than `known`: the cached one if it is newer, otherwise the result of
    /// `fetch`. `None` if the last refresh was less than `min_interval` ago.
    pub(super) async fn refresh(
        &self,
        known: &Arc<T>,
        now: Timestamp,
        min_interval: Duration,
        fetch: impl Future<Output = Result<T, ProviderError>>,
    ) -> Result<Option<Arc<T>>, ProviderError> {
        let mut state = self.state.lock().await;
        if let Some((_, value)) = &state.value
            && !Arc::ptr_eq(value, known)
        {
            return Ok(Some(Arc::clone(value)));
        }
        if state
            .refreshed
            .is_some_and(|at| distance(at, now) < min_interval)
        {
            return Ok(None);
        }
        if let Some((at, error)) = &state.failure
            && distance(*at, now) < FAILURE_TTL
        {
            return Err(error.clone());
        }
        // Only a successful fetch starts the interval. If a failed or canceled one did, a token
        // signed with a new key would be refused as forged for a minute.
        let newer = state.fetch(now, fetch).await?;
        state.refreshed = Some(now);
        Ok(Some(newer))
    }
}

impl<T> State<T> {
    async fn fetch(
        &mut self,
        now: Timestamp,
        fetch: impl Future<Output = Result<T, ProviderError>>,
    ) -> Result<Arc<T>, ProviderError> {
        match fetch.await {
            Ok(document) => {
                let document = Arc::new(document);
                self.value = Some((now, Arc::clone(&document)));
                self.failure = None;
                Ok(document)
            }
            Err(error) => {
                self.failure = Some((now, error.clone()));
                Err(error)
            }
        }
    }
}

/// The absolute difference of two times. If the clock is set back far, a document seems to have been
/// fetched in the future: it is fetched again, instead of being used until that time.
fn distance(one: Timestamp, other: Timestamp) -> Duration {
    one.since(other).max(other.since(one))
}

#[cfg(test)]
mod tests;
