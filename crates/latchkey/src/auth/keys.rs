//! Signing keys: the first one, the next one, and the ring in force.

use core::time::Duration;
use std::sync::Arc;

use arc_swap::ArcSwap;
use latchkey_core::denial::SLACK;
use latchkey_core::{SigningAlgorithm, Timestamp};
use latchkey_store::{Store, StoreError};
use latchkey_tokens::access::MAX_LIFE;
use latchkey_tokens::{KeyError, KeyRing, MasterKey, SigningKey};

/// How long a new key is published before it signs: longer than verifiers may keep the old
/// answer of the JWKS endpoint.
pub const PUBLISHED_AHEAD: Duration = Duration::from_mins(10);
/// How long verifiers may keep the answer of the JWKS endpoint.
pub const JWKS_MAX_AGE: Duration = Duration::from_mins(5);

/// Keys could not be loaded or rotated.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key is not usable.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// The keys in force, for everyone to read, for one job to replace.
#[derive(Debug)]
pub struct Keys {
    ring: ArcSwap<KeyRing>,
    master: Arc<MasterKey>,
    algorithm: SigningAlgorithm,
}

impl Keys {
    /// Loads the keys of the store; makes the first one if there is none, and a successor if the
    /// configured algorithm is another.
    pub async fn load(
        store: &dyn Store,
        master: Arc<MasterKey>,
        algorithm: SigningAlgorithm,
        now: Timestamp,
    ) -> Result<Self, KeysError> {
        if store.signing_keys().await?.is_empty() {
            let first = SigningKey::generate(algorithm, &master, now, now)?;
            // `false`: another machine was first, and its key is as good.
            store.add_signing_key(first, None, now).await?;
        }
        let ring = KeyRing::open(&store.signing_keys().await?, &master)?;
        let keys = Self {
            ring: ArcSwap::from_pointee(ring),
            master,
            algorithm,
        };
        if keys.ring().newest().algorithm() != algorithm {
            keys.rotate(store, now).await?;
        }
        Ok(keys)
    }

    /// The ring in force.
    pub fn ring(&self) -> Arc<KeyRing> {
        self.ring.load_full()
    }

    /// Adds a key that signs once verifiers had time to fetch it, and says its kid. The old keys
    /// verify until the last token they can have signed has expired.
    pub async fn rotate(&self, store: &dyn Store, now: Timestamp) -> Result<String, KeysError> {
        let after = self.ring().newest().kid().to_owned();
        let signs_from = now.plus(PUBLISHED_AHEAD);
        let next = SigningKey::generate(self.algorithm, &self.master, now, signs_from)?;
        // If another machine was faster, it is that one's key.
        store
            .add_signing_key(next, Some(after), signs_from.plus(MAX_LIFE).plus(SLACK))
            .await?;
        self.reload(store).await?;
        Ok(self.ring().newest().kid().to_owned())
    }

    /// Whether the newest key has signed for longer than `period`.
    pub fn is_due(&self, period: Duration, now: Timestamp) -> bool {
        now.since(self.ring().newest().signs_from()) >= period
    }

    /// Takes over what the store has now.
    pub async fn reload(&self, store: &dyn Store) -> Result<(), KeysError> {
        let ring = KeyRing::open(&store.signing_keys().await?, &self.master)?;
        self.ring.store(Arc::new(ring));
        Ok(())
    }
}
