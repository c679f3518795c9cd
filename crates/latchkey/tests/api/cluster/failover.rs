//! A standby takes the database's place.

use tokio::time::Instant;

use super::outage::{RECOVERY, is_down, is_heard_of, works};
use super::world::until;
use super::{Cluster, KINDS};
use latchkey_testing::tokens;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_73_a_standby_takes_over_and_nothing_acknowledged_is_lost() {
    for kind in KINDS {
        let Cluster {
            one,
            two,
            ways,
            database,
        } = &mut Cluster::impatient(kind).await;
        let mut standby = database.standby().expect("a standby");
        let (lives, revoked) = (one.sign_in().await, one.sign_in().await);
        let next = tokens(one.refresh(&lives.refresh_token, Some("key")).await).await;

        // Whoever is led there too early is told so, and tells nobody anything.
        for way in &*ways {
            way.lead_to(standby.port());
        }
        for app in [&*one, two] {
            is_down(app, &next).await;
        }
        for way in &*ways {
            way.lead_to(database.port());
        }
        for app in [&*one, two] {
            until("the way back", || works(app, &next.access_token)).await;
        }

        one.revoke(&revoked.refresh_token).await;
        let acknowledged = Instant::now();
        database.fail_over(&mut *standby).expect("taken over");
        for way in &*ways {
            way.lead_to(standby.port());
        }
        for app in [&*one, two] {
            // The first call finds connections that ended.
            let back = || async {
                let refused = app.refresh(&revoked.refresh_token, None).await;
                refused.status() != 503 && works(app, &next.access_token).await
            };
            let took = until("the recovery", back).await;
            assert!(took < RECOVERY, "{kind:?}: {took:?}");
            app.refresh_is_refused(&revoked.refresh_token).await;
            is_heard_of(app, &revoked.access_token, acknowledged).await;
        }
        // If the reply before was lost: the same key gives the same successor.
        let again = tokens(two.refresh(&lives.refresh_token, Some("key")).await).await;
        assert_eq!(again.refresh_token, next.refresh_token, "{kind:?}");
        let last = two.refreshed(&next.refresh_token).await;
        // What happens now is heard of.
        one.revoke(&last.refresh_token).await;
        let refused = || async {
            let answer = two.get_as("/api/me", &last.access_token).await;
            answer.status() == 401
        };
        until("the news", refused).await;
    }
}
