//! Failover to a standby of the database.

use tokio::time::Instant;

use super::fixture::until;
use super::outage::{RECOVERY_TIMEOUT, accepts, assert_revocation_arrives, assert_unavailable};
use super::{Cluster, DATABASES};
use latchkey_testing::tokens;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_73_failover_to_a_standby_loses_no_acknowledged_change() {
    for kind in DATABASES {
        let Cluster {
            one,
            two,
            proxies,
            database,
        } = &mut Cluster::with_short_staleness(kind).await;
        let mut standby = database.standby().expect("a standby");
        let (live, revoked) = (one.sign_in().await, one.sign_in().await);
        let next = tokens(one.refresh(&live.refresh_token, Some("key")).await).await;

        // A server that is connected to the standby too early gets an error and refuses requests.
        for proxy in &*proxies {
            proxy.redirect_to(standby.port());
        }
        for app in [&*one, two] {
            assert_unavailable(app, &next).await;
        }
        for proxy in &*proxies {
            proxy.redirect_to(database.port());
        }
        for app in [&*one, two] {
            until("the return to the primary", || {
                accepts(app, &next.access_token)
            })
            .await;
        }

        one.revoke(&revoked.refresh_token).await;
        let acknowledged = Instant::now();
        database.fail_over(&mut *standby).expect("failed over");
        for proxy in &*proxies {
            proxy.redirect_to(standby.port());
        }
        for app in [&*one, two] {
            // The first request finds closed connections.
            let back = || async {
                let refused = app.refresh(&revoked.refresh_token, None).await;
                refused.status() != 503 && accepts(app, &next.access_token).await
            };
            let took = until("the recovery", back).await;
            assert!(took < RECOVERY_TIMEOUT, "{kind:?}: {took:?}");
            app.refresh_is_refused(&revoked.refresh_token).await;
            assert_revocation_arrives(app, &revoked.access_token, acknowledged).await;
        }
        // A client that lost the response retries with the same key and gets the same successor.
        let again = tokens(two.refresh(&live.refresh_token, Some("key")).await).await;
        assert_eq!(again.refresh_token, next.refresh_token, "{kind:?}");
        let last = two.refreshed(&next.refresh_token).await;
        // Changes after the failover reach the other server.
        one.revoke(&last.refresh_token).await;
        let refused = || async {
            let response = two.get_as("/api/me", &last.access_token).await;
            response.status() == 401
        };
        until("the revocation", refused).await;
    }
}
