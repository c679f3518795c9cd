//! Bans: all sessions end at once, and no session opens until the ban is lifted.

use latchkey_core::rotation::{Decision, Refusal};
use latchkey_core::{Denied, EndReason, Requester, UserId};

use super::fixtures::{LIMITS, NOW, new_session, refresh, rotate, session, user};
use crate::request::OpenOutcome;
use crate::store::Store;

pub(super) async fn check(store: &dyn Store) {
    let (ada, bob) = (user(store, 1).await, user(store, 2).await);
    let one = session(store, &ada, 1).await;
    let bobs = session(store, &bob, 2).await;
    let nobody = UserId::from_bytes([99; 16]);
    let ban = |id| store.ban_user(id, "spam".into(), None, Requester::default(), NOW);
    assert_eq!(ban(nobody).await, Ok(None));
    assert_eq!(
        store.unban_user(nobody, Requester::default(), NOW).await,
        Ok(None)
    );
    assert_eq!(
        store.unban_user(ada.id, Requester::default(), NOW).await,
        Ok(Some(false))
    );

    let banned = ban(ada.id).await.expect("banned").expect("known");
    assert_eq!(banned.live, 1);
    let denied: Vec<_> = banned.denials.iter().map(|denial| denial.denied).collect();
    assert_eq!(denied, [Denied::User(ada.id)]);
    for denial in &banned.denials {
        assert!(denial.until > NOW.plus(LIMITS.access), "{denial:?}");
        let cutoff = denial.cutoff.expect("a cutoff");
        assert!(cutoff.ends(one.id, one.cutoffs.user));
    }
    assert_eq!(store.live_denials(NOW).await, Ok(banned.denials));
    let banned = store.user(ada.id).await.expect("read").expect("known");
    let record = banned.ban.expect("a ban");
    assert_eq!((record.at, &*record.reason), (NOW, "spam"));

    let after = rotate(store, refresh(&one, 0, None)).await;
    assert_eq!(
        after.decision,
        Decision::Refused(Refusal::Ended(EndReason::Banned))
    );
    let new = new_session(&ada, 3, None);
    assert_eq!(store.open_session(new).await, Ok(OpenOutcome::Banned));
    // Another sign-in updates the profile and keeps the ban.
    assert!(user(store, 1).await.ban.is_some());
    // Other users are not affected.
    rotate(store, refresh(&bobs, 0, None)).await;
    assert_eq!(
        store
            .live_sessions(bob.id, NOW)
            .await
            .map(|live| live.len()),
        Ok(1)
    );

    assert_eq!(
        store.unban_user(ada.id, Requester::default(), NOW).await,
        Ok(Some(true))
    );
    assert_eq!(
        store.unban_user(ada.id, Requester::default(), NOW).await,
        Ok(Some(false))
    );
    session(store, &ada, 4).await;
    let after = rotate(store, refresh(&one, 0, None)).await;
    assert_eq!(
        after.decision,
        Decision::Refused(Refusal::Ended(EndReason::Banned)),
        "lifting a ban revived a session"
    );

    let found = store.users_by_email("USER-2@example.com".into()).await;
    let found: Vec<_> = found.expect("read").iter().map(|user| user.id).collect();
    assert_eq!(found, [bob.id]);
    let unknown = store.users_by_email("user@example.com".into()).await;
    assert_eq!(unknown, Ok(Vec::new()));
}
