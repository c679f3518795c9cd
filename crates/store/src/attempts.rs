//! How many commits an operation has tried: for the tests that bound it.
//!
//! Only engines where a commit can be in conflict count. On the others an operation runs as if
//! alone, once.

use std::cell::Cell;

tokio::task_local! {
    static ATTEMPTS: Cell<usize>;
}

/// Runs this and says how many commits it tried. What other tasks try does not count.
#[cfg(any(test, feature = "contract"))]
pub(crate) async fn counted<T>(work: impl Future<Output = T>) -> (T, usize) {
    let work = async {
        let value = work.await;
        (value, ATTEMPTS.with(Cell::get))
    };
    ATTEMPTS.scope(Cell::new(0), work).await
}

/// Counts one.
pub(crate) fn count() {
    // Outside of `counted` nobody asks.
    let _ = ATTEMPTS.try_with(|count| count.set(count.get() + 1));
}
