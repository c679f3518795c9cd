//! The tests that every store must pass. A store's crate calls [`check`] with a way to make an
//! empty store; each test gets one of its own.

mod audit;
mod bans;
mod denials;
mod flows;
mod sessions;
mod signing_keys;
mod users;
mod world;

use core::future::Future;

use crate::store::Store;

/// Runs the whole contract; panics with the sentence of what does not hold.
pub async fn check<S, F, M>(make: M)
where
    S: Store + 'static,
    F: Future<Output = S>,
    M: Fn() -> F,
{
    flows::check(&make().await).await;
    users::check(&make().await).await;
    sessions::rotation(&make().await).await;
    sessions::ends(&make().await).await;
    sessions::races(make().await).await;
    bans::check(&make().await).await;
    audit::refusals(&make().await).await;
    audit::ends(&make().await).await;
    audit::bounds(&make().await).await;
    denials::check(&make().await).await;
    signing_keys::check(&make().await).await;
}
