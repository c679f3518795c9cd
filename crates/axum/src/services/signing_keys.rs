//! Creates the first signing key, rotates keys, and loads the key ring.

use core::time::Duration;
use std::sync::Arc;

use latchkey_core::denial::CLOCK_SKEW;
use latchkey_core::{SigningAlgorithm, Timestamp};
use latchkey_guard::Guard;
use latchkey_store::{Store, StoreError};
use latchkey_tokens::access::MAX_LIFETIME;
use latchkey_tokens::{KeyError, KeyRing, MasterKey, SigningKey};
use tokio::sync::Mutex;

/// How long a new key is published before it signs: longer than verifiers may cache the response of
/// the JWKS endpoint.
pub const PUBLISHED_AHEAD: Duration = Duration::from_mins(10);
/// How long verifiers may cache the response of the JWKS endpoint.
pub const JWKS_MAX_AGE: Duration = Duration::from_mins(5);

/// Why keys could not be loaded or rotated.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key could not be created or opened.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// The newest key after a rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// Its id.
    pub kid: String,
    /// The time until it signs.
    pub signs_in: Duration,
    /// Whether this rotation added it.
    pub is_new: bool,
}

/// Rotates signing keys. The guard holds the current ring.
#[derive(Debug)]
pub struct SigningKeys {
    guard: Guard,
    master: Arc<MasterKey>,
    algorithm: SigningAlgorithm,
    /// Held while keys are read from the store and installed in the guard.
    loading: Mutex<()>,
}

impl SigningKeys {
    /// Loads the keys from the store. Creates the first key if there is none, and a successor if
    /// the configured algorithm has changed.
    pub async fn load(
        store: &dyn Store,
        master: &MasterKey,
        algorithm: SigningAlgorithm,
        now: Timestamp,
    ) -> Result<KeyRing, KeysError> {
        if store.signing_keys().await?.is_empty() {
            let first = SigningKey::generate(algorithm, master, now, now)?;
            // `false` if another server was first: then its key is used.
            store.add_signing_key(first, None, now).await?;
        }
        let ring = KeyRing::open(&store.signing_keys().await?, master)?;
        if ring.newest().algorithm() == algorithm {
            return Ok(ring);
        }
        add_successor(store, &ring, master, algorithm, now).await?;
        Ok(KeyRing::open(&store.signing_keys().await?, master)?)
    }

    /// Creates the service that rotates this guard's keys.
    pub fn new(guard: Guard, master: Arc<MasterKey>, algorithm: SigningAlgorithm) -> Self {
        Self {
            guard,
            master,
            algorithm,
            loading: Mutex::default(),
        }
    }

    /// Adds a key to the store, and returns its id. The key signs once verifiers have had time to fetch
    /// it. Older keys remain available for verification until the last token that they may have signed
    /// has expired. `None` if no key was added, because the newest one does not sign yet or another
    /// server was first.
    ///
    /// [`reload`](Self::reload) then loads the key.
    pub async fn add(
        &self,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<Option<String>, KeysError> {
        let ring = self.guard.keys().ring();
        add_successor(store, &ring, &self.master, self.algorithm, now).await
    }

    /// The newest loaded key, as the result of a rotation that did or did not add it.
    pub fn rotation(&self, is_new: bool, now: Timestamp) -> Rotation {
        let ring = self.guard.keys().ring();
        let newest = ring.newest();
        Rotation {
            kid: newest.kid().to_owned(),
            signs_in: newest.signs_from().since(now),
            is_new,
        }
    }

    /// Whether the newest key has signed for at least `period`.
    pub fn is_due(&self, period: Duration, now: Timestamp) -> bool {
        let ring = self.guard.keys().ring();
        now.since(ring.newest().signs_from()) >= period
    }

    /// Loads the current keys from the store.
    pub async fn reload(&self, store: &dyn Store) -> Result<(), KeysError> {
        // One reload at a time: otherwise a reload that read the store earlier could finish later
        // and restore the older keys.
        let _loading = self.loading.lock().await;
        let ring = KeyRing::open(&store.signing_keys().await?, &self.master)?;
        self.guard.keys().replace(ring);
        Ok(())
    }
}

/// Adds a successor of the newest key to the store, and returns its id. `None` if none was added,
/// because the newest key does not sign yet or another server was first.
async fn add_successor(
    store: &dyn Store,
    ring: &KeyRing,
    master: &MasterKey,
    algorithm: SigningAlgorithm,
    now: Timestamp,
) -> Result<Option<String>, KeysError> {
    let after = ring.newest().kid().to_owned();
    let signs_from = now.plus(PUBLISHED_AHEAD);
    let next = SigningKey::generate(algorithm, master, now, signs_from)?;
    let kid = next.kid.clone();
    let retire_at = signs_from.plus(MAX_LIFETIME).plus(CLOCK_SKEW);
    let is_added = store.add_signing_key(next, Some(after), retire_at).await?;
    Ok(is_added.then_some(kid))
}
