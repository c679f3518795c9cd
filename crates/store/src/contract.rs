//! The tests that every store must pass. The crate of a store calls [`check`] with a function that
//! creates an empty store; each test gets its own store.
//!
//! ```
//! use std::sync::Arc;
//!
//! use latchkey_store::{MemoryStore, Store, contract};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! contract::check(|| async {
//!     let store: Arc<dyn Store> = Arc::new(MemoryStore::empty());
//!     [Arc::clone(&store), store]
//! })
//! .await;
//! # }
//! ```

mod audit;
mod audit_log;
mod backup;
mod backup_races;
mod bans;
mod cutoffs;
mod deletion;
mod denials;
mod feed;
pub(crate) mod fixtures;
pub(crate) mod flows;
mod identities;
pub(crate) mod local_accounts;
mod local_audit;
mod races;
mod search;
mod sessions;
mod signing_keys;
mod starvation;
mod store_id;
mod users;

use core::future::Future;

pub use feed::lost_connection_is_reported;
pub use fixtures::StorePair;

/// Runs the whole contract over stores that `make` creates.
///
/// # Panics
///
/// If a store breaks the contract.
pub async fn check<F>(make: impl Fn() -> F)
where
    F: Future<Output = StorePair>,
{
    flows::check(&*make().await[0]).await;
    users::check(&*make().await[0]).await;
    users::by_email(&*make().await[0]).await;
    local_accounts::usernames(&*make().await[0]).await;
    local_accounts::passwords(&*make().await[0]).await;
    local_accounts::links(&*make().await[0]).await;
    local_audit::audit_records(&*make().await[0]).await;
    local_accounts::links_of_operators(&*make().await[0]).await;
    local_accounts::suspension(&*make().await[0]).await;
    local_accounts::races(make().await).await;
    sessions::rotation(&*make().await[0]).await;
    sessions::expiry_is_final(&*make().await[0]).await;
    sessions::ending(&*make().await[0]).await;
    sessions::ending_requires_ownership(&*make().await[0]).await;
    sessions::stored(&*make().await[0]).await;
    sessions::bounded(&*make().await[0]).await;
    races::refreshes(make().await).await;
    races::ends_against_refreshes(make().await).await;
    races::bans_against_sign_ins(make().await).await;
    races::flows(make().await).await;
    races::signing_keys(make().await).await;
    races::end_of_all_sessions_against_refreshes(make().await, true).await;
    races::end_of_all_sessions_against_refreshes(make().await, false).await;
    for revocation in starvation::REVOCATIONS {
        starvation::revocation_succeeds(make().await, revocation).await;
    }
    cutoffs::same_millisecond(&*make().await[0]).await;
    cutoffs::records_not_updated(&*make().await[0]).await;
    cutoffs::making_room(&*make().await[0]).await;
    cutoffs::old_records(&*make().await[0]).await;
    bans::check(&*make().await[0]).await;
    search::users(&*make().await[0]).await;
    search::paging_while_users_are_added(&*make().await[0]).await;
    search::sessions(&*make().await[0]).await;
    denials::lifted(make().await).await;
    identities::linking(&*make().await[0]).await;
    identities::removing(&*make().await[0]).await;
    identities::one_user_gets_an_identity(make().await).await;
    identities::removal_against_sign_ins(make().await).await;
    deletion::check(&*make().await[0]).await;
    deletion::against_everything(make().await).await;
    audit::sign_ins_and_refusals(&*make().await[0]).await;
    audit::ends(&*make().await[0]).await;
    audit::bounds(&*make().await[0]).await;
    audit_log::every_act(&*make().await[0]).await;
    audit_log::filters_and_pages(make().await).await;
    audit_log::removal(&*make().await[0]).await;
    audit_log::hours(make().await).await;
    audit_log::population(&*make().await[0]).await;
    denials::check(&*make().await[0]).await;
    denials::pages(&*make().await[0]).await;
    signing_keys::check(&*make().await[0]).await;
    backup::round_trip(&make().await, &*make().await[0]).await;
    backup_races::local_accounts(&*make().await[0], &*make().await[0]).await;
    backup_races::deletions(&*make().await[0], &*make().await[0]).await;
    backup_races::moved_identities(&*make().await[0]).await;
    backup_races::credentials_of_earlier_versions(&*make().await[0]).await;
    backup::only_into_an_empty_store(&*make().await[0]).await;
    store_id::check(&make().await).await;
    feed::check(make().await).await;
}
