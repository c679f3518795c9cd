//! Identities that are removed or suspended, and providers that are no longer configured.

use std::time::Duration;

use latchkey_testing::code;
use latchkey_types::ActivityKind;
use serde_json::json;

use super::{Fixture, identities};
use crate::app::claims;
use crate::local_accounts::{self, OTHER_PASSWORD, PASSWORD};

#[tokio::test]
async fn removed_provider_ends_only_the_sessions_that_it_opened() {
    let fixture = Fixture::start("").await;
    let ada = fixture.sign_in().await;
    assert_eq!(fixture.link(&ada.access_token).await.status(), 204);
    let other = fixture.sign_in_with_other().await;
    let only_main = fixture.main.section("main");
    let app = fixture.app.reconfigured(&only_main).await;
    app.refresh_is_refused(&other.refresh_token).await;
    let ada = app.refreshed(&ada.refresh_token).await;
    let listed = identities(&app, &ada.access_token).await;
    assert_eq!((listed.len(), listed[1].provider.as_deref()), (2, None));
}

#[tokio::test]
async fn removing_an_identity_ends_its_sessions_and_frees_it() {
    let fixture = Fixture::start("").await;
    let app = &fixture.app;
    let ada = fixture.sign_in().await;
    assert_eq!(fixture.link(&ada.access_token).await.status(), 204);
    let other = fixture.sign_in_with_other().await;
    let remove = |id: &str, access: &str| {
        let (path, access) = (format!("/api/identities/{id}"), access.to_owned());
        async move { app.delete_as(&path, &access).await }
    };
    for unknown in ["7", "x", "-1", "1.5", "99999999999"] {
        let response = remove(unknown, &ada.access_token).await;
        assert_eq!(code(response).await, (404, "not_found".into()), "{unknown}");
    }
    assert_eq!(remove("1", &ada.access_token).await.status(), 204);
    assert_eq!(
        app.check(&other.access_token).await,
        Err("token_revoked".into())
    );
    app.refresh_is_refused(&other.refresh_token).await;
    assert_eq!(app.check(&ada.access_token).await, Ok(()));
    let kinds = app.kinds(&ada.access_token).await;
    assert_eq!(kinds[0], ActivityKind::IdentityRemoved);
    let response = remove("0", &ada.access_token).await;
    assert_eq!(code(response).await, (409, "last_identity".into()));
    // The identity belongs to no account now, so signing in with it creates another account.
    let stranger = fixture.sign_in_with_other().await;
    assert_ne!(
        claims(&stranger.access_token)["sub"],
        claims(&ada.access_token)["sub"]
    );

    app.clock.advance(Duration::from_mins(11));
    let later = app.refreshed(&ada.refresh_token).await.access_token;
    let response = remove("0", &later).await;
    assert_eq!(code(response).await, (401, "step_up_required".into()));
}

#[tokio::test]
async fn first_identity_can_be_removed_in_a_session_that_it_opened() {
    let fixture = Fixture::start("").await;
    let app = &fixture.app;
    let ada = fixture.sign_in().await;
    assert_eq!(fixture.link(&ada.access_token).await.status(), 204);
    let removed = app.delete_as("/api/identities/0", &ada.access_token).await;
    assert_eq!(removed.status(), 204);
    assert_eq!(
        app.check(&ada.access_token).await,
        Err("token_revoked".into())
    );
    let other = fixture.sign_in_with_other().await;
    assert_eq!(
        claims(&other.access_token)["sub"],
        claims(&ada.access_token)["sub"]
    );
    let listed = identities(app, &other.access_token).await;
    assert_eq!((listed.len(), listed[0].id.as_str()), (1, "1"));
}

#[tokio::test]
async fn security_96_reset_with_a_link_suspends_what_a_thief_may_have_added() {
    let fixture = Fixture::start("[local]").await;
    let app = &fixture.app;
    local_accounts::create(app, "ada").await;
    let thief = local_accounts::sign_in(app, "ada", PASSWORD).await;
    assert_eq!(fixture.link(&thief.access_token).await.status(), 204);
    // Without the local account, the owner could not get the account back with a link.
    let response = app
        .delete_as("/api/identities/0", &thief.access_token)
        .await;
    assert_eq!(code(response).await, (409, "last_identity".into()));
    let thief = fixture.sign_in_with_other().await;
    // When the owner resets the password, all sessions end and the thief's identity is suspended.
    let link = local_accounts::operator(app).reset_password("ada").await;
    let link = link.expect("a link").url;
    let body = json!({
        "token": local_accounts::token_in(&link, "token"),
        "new_password": OTHER_PASSWORD,
    });
    let reset = local_accounts::post(app, "/auth/password/reset", &body).await;
    assert_eq!(reset.status(), 204);
    app.refresh_is_refused(&thief.refresh_token).await;
    let refused = fixture.other.sign_in(app, "other").await;
    assert_eq!(code(refused).await, (400, "identity_suspended".into()));

    let ada = local_accounts::sign_in(app, "ada", OTHER_PASSWORD).await;
    let suspended = || async {
        let listed = identities(app, &ada.access_token).await;
        listed.iter().map(|it| it.suspended).collect::<Vec<_>>()
    };
    assert_eq!(suspended().await, [false, true]);
    let response = app.delete_as("/api/identities/0", &ada.access_token).await;
    assert_eq!(code(response).await, (409, "last_identity".into()));
    // If the identity is the owner's, linking it again ends the suspension.
    assert_eq!(fixture.link(&ada.access_token).await.status(), 204);
    assert_eq!(suspended().await, [false, false]);
    let other = fixture.sign_in_with_other().await;
    assert_eq!(
        claims(&other.access_token)["sub"],
        claims(&ada.access_token)["sub"]
    );
    // A password change, which requires the current password, suspends nothing.
    let body = json!({ "current_password": OTHER_PASSWORD, "new_password": PASSWORD });
    let change = app.post("/auth/password/change").json(&body);
    let change = change.bearer_auth(&ada.access_token).send().await;
    assert_eq!(change.expect("a response").status(), 204);
    assert_eq!(suspended().await, [false, false]);
    fixture.sign_in_with_other().await;

    // Once the other identity has been linked for a week, the local account can be removed.
    app.clock.advance(Duration::from_hours(7 * 24 + 1));
    let ada = local_accounts::sign_in(app, "ada", PASSWORD).await;
    let removed = app.delete_as("/api/identities/0", &ada.access_token).await;
    assert_eq!(removed.status(), 204);
}
