//! Engines: they run operations over ordered keys and values. Every [`Engine`] is a
//! [`crate::Store`]; the private module `operations` implements the traits for all of them.
//!
//! ```
//! use latchkey_core::Timestamp;
//! use latchkey_store::engine::Engine;
//! use latchkey_store::table::SWEPT_UNTIL;
//! use latchkey_store::{MemoryStore, StoreError};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), StoreError> {
//! let store = MemoryStore::empty();
//! let now = Timestamp::from_secs(1_800_000_000);
//! // The arguments are passed separately, because the operation may run more than once.
//! let previous = Engine::write(&store, now, |tx, now| {
//!     Box::pin(async move {
//!         let previous = tx.get(SWEPT_UNTIL, &()).await?;
//!         tx.put(SWEPT_UNTIL, &(), now)?;
//!         Ok(previous)
//!     })
//! });
//! assert_eq!(previous.await?, None);
//! let stored = Engine::read(&store, (), |tx, ()| Box::pin(tx.get(SWEPT_UNTIL, &())));
//! assert_eq!(stored.await?, Some(now));
//! # Ok(())
//! # }
//! ```

use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use latchkey_core::StoreId;

use crate::error::StoreError;
use crate::feed::ChangeFeed;
use crate::transaction::Tx;

/// The future of a running [`Operation`].
pub type OperationFuture<'t, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 't>>;

/// An operation: a function of a transaction and of its arguments. It must await nothing but the
/// transaction and have no other side effects, because it runs again after a conflict.
pub type Operation<A, T> = for<'t, 'a> fn(&'t mut Tx<'a>, &'t A) -> OperationFuture<'t, T>;

/// Runs operations over ordered keys and values.
pub trait Engine: Send + Sync {
    /// Runs an operation in isolation, applies its writes as one change, and returns once the
    /// change is durable. If the operation fails, nothing is applied. If the engine fails, the
    /// change may or may not have been made.
    fn write<A: Send + Sync + 'static, T: Send + 'static>(
        &self,
        arguments: A,
        operation: Operation<A, T>,
    ) -> impl Future<Output = Result<T, StoreError>> + Send;

    /// Runs an operation that writes nothing. Everything it reads with [`Tx::get`] and
    /// [`Tx::range`] forms a consistent snapshot. Exception: an operation that reads only a single
    /// range may see only part of a concurrent change. A peeked record is as it was when it was read.
    fn read<A: Send + Sync + 'static, T: Send + 'static>(
        &self,
        arguments: A,
        operation: Operation<A, T>,
    ) -> impl Future<Output = Result<T, StoreError>> + Send;

    /// Whether the engine works; the error says why it does not.
    fn health(&self) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Subscribes to changes by all processes; `None` if the store cannot be shared.
    fn follow(
        &self,
    ) -> impl Future<Output = Result<Option<Box<dyn ChangeFeed>>, StoreError>> + Send {
        core::future::ready(Ok(None))
    }

    /// From now on, operations fail unless the store in the database has this id. Embedded engines
    /// ignore it.
    fn expect_id(&self, _id: StoreId) {}
}

/// Runs an operation without a runtime, for engines whose reads are ready immediately. An operation
/// that awaits anything but its transaction would never complete; it fails with
/// [`StoreError::Unavailable`].
pub fn run_in_place<T>(mut operation: OperationFuture<'_, T>) -> Result<T, StoreError> {
    let mut context = Context::from_waker(Waker::noop());
    match operation.as_mut().poll(&mut context) {
        Poll::Ready(result) => result,
        Poll::Pending => {
            let reason = "bug: an operation awaited something other than its transaction";
            Err(StoreError::Unavailable(reason.to_owned()))
        }
    }
}
