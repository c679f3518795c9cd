//! What a store is made of: something that runs operations over ordered keys and values. Every
//! engine is a [`crate::Store`]; what the operations do is in [`crate::operations`].

use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use latchkey_core::StoreId;

use crate::error::StoreError;
use crate::feed::ChangeFeed;
use crate::transaction::Tx;

/// An operation under way.
pub type Running<'t, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 't>>;

/// An operation: a function of the records, by way of a transaction, and of its arguments. It
/// awaits nothing but the transaction, and has no other effect: where it was in conflict with
/// another one it runs again.
pub type Operation<A, T> = for<'t, 'a> fn(&'t mut Tx<'a>, &'t A) -> Running<'t, T>;

/// Runs operations over ordered keys and values.
pub trait Engine: Send + Sync {
    /// Runs an operation as if alone, applies what it wrote as one change, and returns once that
    /// is durable. If the operation fails, nothing is applied. If the engine fails, the change may
    /// or may not have been made.
    fn write<A: Send + Sync + 'static, T: Send + 'static>(
        &self,
        arguments: A,
        operation: Operation<A, T>,
    ) -> impl Future<Output = Result<T, StoreError>> + Send;

    /// Runs an operation that writes nothing. What it read by [`Tx::get`] and [`Tx::range`] is of
    /// one moment, a single range excepted: a change may come between two of its records. What it
    /// peeked at is as it stood when it was read.
    fn read<A: Send + Sync + 'static, T: Send + 'static>(
        &self,
        arguments: A,
        operation: Operation<A, T>,
    ) -> impl Future<Output = Result<T, StoreError>> + Send;

    /// Whether the engine works, with the reason if it does not.
    fn health(&self) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Begins to listen to what other processes do; `None` if none can.
    fn follow(
        &self,
    ) -> impl Future<Output = Result<Option<Box<dyn ChangeFeed>>, StoreError>> + Send {
        core::future::ready(Ok(None))
    }

    /// From now on no other store may answer: of use where another one could.
    fn expect_id(&self, _id: StoreId) {}
}

/// Runs an operation where every read is ready at once, without a runtime. One that waits for
/// something else would wait for ever: that is an error.
pub fn run_in_place<T>(mut operation: Running<'_, T>) -> Result<T, StoreError> {
    let mut context = Context::from_waker(Waker::noop());
    match operation.as_mut().poll(&mut context) {
        Poll::Ready(answer) => answer,
        Poll::Pending => {
            let reason = "an operation waited for something other than the store, which is a bug";
            Err(StoreError::Unavailable(reason.to_owned()))
        }
    }
}
