//! A document of a provider, kept for a while and fetched by one request at a time.

use core::time::Duration;
use std::sync::Arc;

use latchkey_core::Timestamp;
use tokio::sync::Mutex;

use crate::error::Fault;

/// How long a failure answers for a new attempt: long enough that a crowd waiting for one request
/// shares its failure, short enough that a person who tries again gets a new one.
const FAILURE_LIFE: Duration = Duration::from_secs(3);

/// A document, fetched when it is first asked for. Whoever asks while it is being fetched waits
/// for that same request.
pub(super) struct Cached<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    held: Option<(Timestamp, Arc<T>)>,
    failed: Option<(Timestamp, Fault)>,
    renewed: Option<Timestamp>,
}

impl<T> Default for Cached<T> {
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                held: None,
                failed: None,
                renewed: None,
            }),
        }
    }
}

impl<T> Cached<T> {
    /// The document, if it is not older than `life`; else the outcome of `fetch`.
    pub(super) async fn get(
        &self,
        now: Timestamp,
        life: Duration,
        fetch: impl Future<Output = Result<T, Fault>>,
    ) -> Result<Arc<T>, Fault> {
        let mut state = self.state.lock().await;
        if let Some((at, held)) = &state.held
            && distance(*at, now) < life
        {
            return Ok(Arc::clone(held));
        }
        if let Some((at, fault)) = &state.failed
            && distance(*at, now) < FAILURE_LIFE
        {
            return Err(fault.clone());
        }
        state.fetch(now, fetch).await
    }

    /// A document newer than `known`, or nothing: if there is none here, `fetch` is used, yet
    /// not within `pause` of the last time that it was for this reason.
    pub(super) async fn renew(
        &self,
        known: &Arc<T>,
        now: Timestamp,
        pause: Duration,
        fetch: impl Future<Output = Result<T, Fault>>,
    ) -> Result<Option<Arc<T>>, Fault> {
        let mut state = self.state.lock().await;
        if let Some((_, held)) = &state.held
            && !Arc::ptr_eq(held, known)
        {
            return Ok(Some(Arc::clone(held)));
        }
        if state.renewed.is_some_and(|at| distance(at, now) < pause) {
            return Ok(None);
        }
        if let Some((at, fault)) = &state.failed
            && distance(*at, now) < FAILURE_LIFE
        {
            return Err(fault.clone());
        }
        // Only a fetch that brought something starts the pause: after one that failed or was given
        // up, a token signed with a new key would be called forged for a minute.
        let newer = state.fetch(now, fetch).await?;
        state.renewed = Some(now);
        Ok(Some(newer))
    }
}

impl<T> State<T> {
    async fn fetch(
        &mut self,
        now: Timestamp,
        fetch: impl Future<Output = Result<T, Fault>>,
    ) -> Result<Arc<T>, Fault> {
        match fetch.await {
            Ok(document) => {
                let document = Arc::new(document);
                self.held = Some((now, Arc::clone(&document)));
                self.failed = None;
                Ok(document)
            }
            Err(fault) => {
                self.failed = Some((now, fault.clone()));
                Err(fault)
            }
        }
    }
}

/// How far apart two moments are. After the clock was set back, what was fetched before counts as
/// old, rather than as fetched in the future and fresh for as long.
fn distance(one: Timestamp, other: Timestamp) -> Duration {
    one.since(other).max(other.since(one))
}

#[cfg(test)]
mod tests;
