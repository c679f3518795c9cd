//! Counts the commit attempts of an operation, for the tests that bound them.
//!
//! Only engines whose commits can conflict count attempts. The others run each operation once.

use std::cell::Cell;

tokio::task_local! {
    static ATTEMPTS: Cell<usize>;
}

/// Runs `work` and returns how many commits it attempted. Attempts of other tasks do not count.
#[cfg(any(test, feature = "contract"))]
pub(crate) async fn counted<T>(work: impl Future<Output = T>) -> (T, usize) {
    let work = async {
        let value = work.await;
        (value, ATTEMPTS.with(Cell::get))
    };
    ATTEMPTS.scope(Cell::new(0), work).await
}

/// Counts an attempt.
pub(crate) fn count() {
    // Outside `counted` there is no counter.
    let _ = ATTEMPTS.try_with(|count| count.set(count.get() + 1));
}
