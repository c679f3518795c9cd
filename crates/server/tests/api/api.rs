//! `/api/…`: unprotected, protected, who am I.

use std::time::Duration;

use latchkey_types::Me;

use crate::app::{TestApp, refusal};

#[tokio::test]
async fn a_signed_in_person_calls_the_api() {
    let app = TestApp::start().await;
    let tokens = app.sign_in().await;
    let me: Me = app
        .get_as("/api/me", &tokens.access_token)
        .await
        .json()
        .await
        .expect("me");
    assert_eq!(me.email.as_deref(), Some("ada@example.com"));
    assert_eq!(me.name.as_deref(), Some("Ada Lovelace"));
    assert_eq!(
        app.get_as("/api/protected", &tokens.access_token)
            .await
            .status(),
        200
    );
    let open = app.get("/api/").send().await.expect("an answer");
    assert_eq!(open.status(), 200);
}

#[tokio::test]
async fn an_expired_access_token_is_told_apart_from_a_bad_one() {
    let app = TestApp::start().await;
    let tokens = app.sign_in().await;
    app.clock.advance(Duration::from_mins(10));
    let expired = app.get_as("/api/me", &tokens.access_token).await;
    assert_eq!(refusal(expired).await, (401, "token_expired".into()));
    let bad = app.get_as("/api/me", "not.a.token").await;
    assert_eq!(refusal(bad).await, (401, "token_invalid".into()));
}
