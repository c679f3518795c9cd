//! How many conflicts a task's commits have met: for the tests that bound it.

use std::cell::Cell;

tokio::task_local! {
    static CONFLICTS: Cell<usize>;
}

/// Runs this and says how many of its commits were in conflict and had to be tried again. Only
/// what is committed by this very task counts.
#[cfg(test)]
pub(crate) async fn counted<T>(work: impl Future<Output = T>) -> (T, usize) {
    CONFLICTS
        .scope(Cell::new(0), async {
            let value = work.await;
            (value, CONFLICTS.with(Cell::get))
        })
        .await
}

/// Counts one.
pub(crate) fn count() {
    // Outside of `counted` nobody asks.
    let _ = CONFLICTS.try_with(|count| count.set(count.get() + 1));
}
