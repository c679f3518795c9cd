//! An engine whose operations are measured.
//!
//! ```
//! use std::sync::Arc;
//! use std::sync::atomic::{AtomicU64, Ordering};
//!
//! use latchkey_store::observed::{Kind, Observed};
//! use latchkey_store::{Maintenance as _, MemoryStore};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let reads = Arc::new(AtomicU64::new(0));
//! let counter = Arc::clone(&reads);
//! let store = Observed::new(MemoryStore::empty(), move |completed| {
//!     if completed.kind == Kind::Read {
//!         counter.fetch_add(1, Ordering::Relaxed);
//!     }
//! });
//! assert_eq!(store.id().await.unwrap(), None);
//! assert_eq!(reads.load(Ordering::Relaxed), 1);
//! # });
//! ```

use core::time::Duration;
use std::fmt;
use std::time::Instant;

use latchkey_core::StoreId;

use crate::engine::{Engine, Operation};
use crate::error::StoreError;
use crate::feed::ChangeFeed;

/// A completed operation of an engine.
#[derive(Clone, Copy, Debug)]
pub struct Completed {
    /// What it did.
    pub kind: Kind,
    /// How long the caller waited for it; for a write this includes making it durable.
    pub elapsed: Duration,
    /// Whether it succeeded. A failed write may still have taken effect.
    pub succeeded: bool,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It reads records.
    Read,
    /// It can change records.
    Write,
}

/// An engine that calls a function after each operation, in the task of the operation's caller.
pub struct Observed<E, F> {
    engine: E,
    observe: F,
}

impl<E, F: Fn(&Completed) + Send + Sync> Observed<E, F> {
    /// Measures the operations of this engine.
    pub fn new(engine: E, observe: F) -> Self {
        Self { engine, observe }
    }

    fn complete<T>(&self, kind: Kind, start: Instant, result: &Result<T, StoreError>) {
        (self.observe)(&Completed {
            kind,
            elapsed: start.elapsed(),
            succeeded: result.is_ok(),
        });
    }
}

impl<E: Engine, F: Fn(&Completed) + Send + Sync> Engine for Observed<E, F> {
    async fn write<A: Send + Sync + 'static, T: Send + 'static>(
        &self,
        arguments: A,
        operation: Operation<A, T>,
    ) -> Result<T, StoreError> {
        let start = Instant::now();
        let result = self.engine.write(arguments, operation).await;
        self.complete(Kind::Write, start, &result);
        result
    }

    async fn read<A: Send + Sync + 'static, T: Send + 'static>(
        &self,
        arguments: A,
        operation: Operation<A, T>,
    ) -> Result<T, StoreError> {
        let start = Instant::now();
        let result = self.engine.read(arguments, operation).await;
        self.complete(Kind::Read, start, &result);
        result
    }

    async fn health(&self) -> Result<(), StoreError> {
        self.engine.health().await
    }

    async fn follow(&self) -> Result<Option<Box<dyn ChangeFeed>>, StoreError> {
        self.engine.follow().await
    }

    fn expect_id(&self, id: StoreId) {
        self.engine.expect_id(id);
    }
}

impl<E: fmt::Debug, F> fmt::Debug for Observed<E, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Observed").field(&self.engine).finish()
    }
}
