//! The operations of a store: what each of them reads, decides and writes, top to bottom, the same
//! over every engine. Beside them stand the traits' implementations, which say how an engine runs
//! them: as one change, or in several steps.
//!
//! Who may do what, and what a refresh token leads to, is decided in `latchkey-core`.

mod audit;
mod backup;
mod bans;
mod denials;
mod ends;
mod expiry;
mod flows;
mod maintenance;
mod session_record;
mod sessions;
mod signing_keys;
mod store_id;
mod sweep;
mod users;

/// How many records are read at once where there may be millions.
const PAGE: usize = 1000;

#[cfg(test)]
mod tests {
    //! What earlier versions left behind, and how an operation deals with it.

    use core::time::Duration;

    use latchkey_core::{Identity, Profile, StoreId, Timestamp, User, UserId};

    use crate::backup::Record;
    use crate::engine::Engine;
    use crate::memory::MemoryStore;
    use crate::store::{Backup as _, Maintenance as _, Users as _};
    use crate::table::{PAST_FLOWS, USERS};

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    #[tokio::test]
    async fn sign_ins_that_an_earlier_version_stored_are_swept_and_kept_out_of_backups() {
        const LINE: &str = r#"{"login_flow":{"id":"AQEBAQEBAQEBAQEBAQEBAQ","provider":"google","state":"s","nonce":"n","verifier":"v","return_to":"/account","max_age":600,"expires_at":1800000600000}}"#;
        let record: Record = serde_json::from_str(LINE).expect("it is read");
        // A backup's checks are made over what is written again.
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

    /// Accounts that an earlier version made are not in the index until a server opens the store.
    #[tokio::test]
    async fn accounts_of_before_the_index_are_found_by_their_addresses() {
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
}
