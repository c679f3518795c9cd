//! The tests that every store must pass. A store's crate calls [`check`] with a way to make an
//! empty store; each test gets one of its own.

mod audit;
mod backup;
mod bans;
mod cutoffs;
mod denials;
mod feed;
pub(crate) mod flows;
mod identity;
mod races;
mod sessions;
mod signing_keys;
mod starvation;
mod users;
pub(crate) mod world;

use core::future::Future;

pub use feed::after_a_lost_connection;
pub use world::Machines;

/// Runs the whole contract; panics with the sentence of what does not hold.
pub async fn check<F>(make: impl Fn() -> F)
where
    F: Future<Output = Machines>,
{
    flows::check(&*make().await[0]).await;
    users::check(&*make().await[0]).await;
    users::by_email(&*make().await[0]).await;
    sessions::rotation(&*make().await[0]).await;
    sessions::ends_of_time(&*make().await[0]).await;
    sessions::ends(&*make().await[0]).await;
    sessions::ends_of_strangers(&*make().await[0]).await;
    sessions::bounded(&*make().await[0]).await;
    races::refreshes(make().await).await;
    races::ends_against_refreshes(make().await).await;
    races::bans_against_sign_ins(make().await).await;
    races::flows(make().await).await;
    races::signing_keys(make().await).await;
    races::ends_of_all_against_refreshes(make().await, true).await;
    races::ends_of_all_against_refreshes(make().await, false).await;
    for act in starvation::ACTS {
        starvation::wins(make().await, act).await;
    }
    cutoffs::same_moment(&*make().await[0]).await;
    cutoffs::not_written_down(&*make().await[0]).await;
    cutoffs::old_records(&*make().await[0]).await;
    bans::check(&*make().await[0]).await;
    audit::refusals(&*make().await[0]).await;
    audit::ends(&*make().await[0]).await;
    audit::bounds(&*make().await[0]).await;
    denials::check(&*make().await[0]).await;
    denials::pages(&*make().await[0]).await;
    signing_keys::check(&*make().await[0]).await;
    backup::round_trip(&make().await, &*make().await[0]).await;
    backup::only_into_an_empty_store(&*make().await[0]).await;
    identity::check(&make().await).await;
    feed::check(make().await).await;
}
