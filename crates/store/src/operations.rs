//! The operations of a store: what each of them reads, decides and writes, for every engine. The
//! trait implementations in the same files determine whether an engine runs an operation as one
//! change or in several steps.
//!
//! Decisions, such as those on refresh tokens, are in `latchkey-core`.

mod audit;
mod audit_log;
mod backup;
mod bans;
mod deletion;
mod denials;
mod ends;
mod expiry;
mod flows;
mod identities;
mod index_scan;
mod local_accounts;
mod maintenance;
mod session_list;
mod session_record;
mod sessions;
mod signing_keys;
mod statistics;
mod store_id;
mod sweep;
mod user_index;
mod users;

/// The page size of reads over a whole table.
const PAGE_SIZE: usize = 1000;

#[cfg(test)]
mod tests {
    //! Records of earlier versions, and reads of several pages.

    use core::time::Duration;

    use latchkey_core::{Identity, Profile, StoreId, Timestamp, User, UserId};

    use crate::backup::Record;
    use crate::engine::Engine;
    use crate::memory::MemoryStore;
    use crate::store::{Backup as _, Maintenance as _, Users as _};
    use crate::table::{PAST_FLOWS, USERS};

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    #[tokio::test]
    async fn login_flows_of_earlier_versions_are_swept_and_not_backed_up() {
        const LINE: &str = r#"{"login_flow":{"id":"AQEBAQEBAQEBAQEBAQEBAQ","provider":"google","state":"s","nonce":"n","verifier":"v","return_to":"/account","max_age":600,"expires_at":1800000600000}}"#;
        let record: Record = serde_json::from_str(LINE).expect("a record");
        // The authentication code of a backup line is verified over the re-encoded record.
        assert_eq!(serde_json::to_string(&record).expect("JSON"), LINE);
        assert!(!format!("{record:?}").contains("verifier"), "{record:?}");
        let Record::LoginFlow(flow) = record.clone() else {
            panic!("{record:?}");
        };
        let store = MemoryStore::empty();
        store.import(vec![record]).await.expect("imported");
        assert!(store.is_empty());

        let end = NOW.plus(Duration::from_mins(10));
        let write = Engine::write(&store, (flow, end), |tx, (flow, end)| {
            Box::pin(async move {
                let id = latchkey_core::FlowId::from_bytes([1; 16]);
                super::expiry::schedule(tx, PAST_FLOWS, &id, *end);
                tx.put(PAST_FLOWS, &id, flow)
            })
        });
        write.await.expect("written");
        let mut from = None;
        loop {
            let (records, next) = store.export(from).await.expect("exported");
            assert_eq!(records, []);
            from = next;
            if from.is_none() {
                break;
            }
        }
        assert_eq!(store.sweep(NOW, 10).await, Ok(0));
        assert_eq!(store.sweep(end, 10).await, Ok(1));
        let left = Engine::read(&store, (), |tx, ()| Box::pin(tx.keys(PAST_FLOWS.all())));
        assert_eq!(left.await, Ok(vec![]));
    }

    /// Users of an earlier version are not in the index until `identify` has run.
    #[tokio::test]
    async fn users_are_found_by_email_before_and_after_the_index_is_built() {
        let store = MemoryStore::empty();
        let profile = Profile {
            identity: Identity {
                issuer: "https://issuer.example".into(),
                subject: "ada".into(),
            },
            email: Some("Ada@example.com".into()),
            email_verified: true,
            name: None,
            hosted_domain: None,
        };
        let ada = User::create(UserId::from_bytes([1; 16]), profile, NOW);
        let written = Engine::write(&store, ada.clone(), |tx, user| {
            Box::pin(async move { tx.put(USERS, &user.id, user) })
        });
        assert_eq!(written.await, Ok(()));
        let found = || store.users_by_email("ada@example.com".into());
        assert_eq!(found().await, Ok(vec![ada.clone()]));
        let fresh = StoreId::from_bytes([9; 16]);
        assert_eq!(store.identify(fresh, NOW).await, Ok(fresh));
        assert_eq!(found().await, Ok(vec![ada]));
    }
    /// The ids are random, so the oldest account can be anywhere in the index.
    #[tokio::test]
    async fn oldest_local_account_is_found_among_thousands_with_the_same_address() {
        const ACCOUNTS: u32 = 2500;
        let store = MemoryStore::empty();
        let account = |number: u32| {
            let mut id = [0; 16];
            id[..4].copy_from_slice(&number.to_be_bytes());
            let username = format!("user-{number}").parse().expect("a username");
            let email = Some("ada@example.com".to_owned());
            let created_at = NOW.plus(Duration::from_secs((ACCOUNTS - number).into()));
            User::create_local(UserId::from_bytes(id), username, email, None, created_at)
        };
        let users: Vec<_> = (0..ACCOUNTS).map(account).collect();
        let written = Engine::write(&store, users, |tx, users| {
            Box::pin(async move {
                let mut users = users.iter();
                users.try_for_each(|user| tx.put(USERS, &user.id, user))
            })
        });
        assert_eq!(written.await, Ok(()));
        let oldest = vec![account(ACCOUNTS - 1), account(ACCOUNTS - 2)];
        let found = || store.oldest_local_accounts_by_email("Ada@example.com".into(), 2);
        assert_eq!(found().await, Ok(oldest.clone()), "without the index");
        let fresh = StoreId::from_bytes([9; 16]);
        assert_eq!(store.identify(fresh, NOW).await, Ok(fresh));
        assert_eq!(found().await, Ok(oldest), "with the index");
    }
}
