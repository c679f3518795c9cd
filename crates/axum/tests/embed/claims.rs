//! Roles and claims of the application.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use latchkey_axum::{Claims, ClaimsError};
use latchkey_testing::refusal;
use serde_json::Value;

use crate::app::App;

#[tokio::test]
async fn claims_are_determined_at_sign_in_and_at_every_refresh() {
    let pro = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&pro);
    let app = App::with(|builder| {
        builder.claims(move |user, _| {
            let pro = asked.load(Ordering::SeqCst);
            async move {
                assert_eq!(user.email.as_deref(), Some("ada@example.com"));
                let claims = Claims::new().role("reader").claim("plan", "basic");
                Ok(if pro {
                    claims.role("admin").claim("plan", "pro")
                } else {
                    claims
                })
            }
        })
    })
    .await;
    let ada = app.client.sign_in_as("ada@example.com").await;
    assert_eq!(app.text("/plan", &ada.access_token).await, "\"basic\"");
    assert_eq!(app.status("/admin", &ada.access_token).await, 403);
    pro.store(true, Ordering::SeqCst);
    let pro_token = app.client.refreshed(&ada.refresh_token).await;
    assert_eq!(app.text("/plan", &pro_token.access_token).await, "\"pro\"");
    assert_eq!(app.status("/admin", &pro_token.access_token).await, 200);
    // A removed role counts at once where administrators act, whatever the token says.
    pro.store(false, Ordering::SeqCst);
    assert_eq!(app.status("/admin", &pro_token.access_token).await, 403);
    let me = app.client.get_as("/api/me", &pro_token.access_token).await;
    let me: Value = me.json().await.expect("JSON");
    assert_eq!(me["roles"], serde_json::json!(["reader", "admin"]));
}

#[tokio::test]
async fn an_error_of_the_application_refuses_and_uses_nothing_up() {
    let answer: Arc<Mutex<Option<ClaimsError>>> = Arc::default();
    let asked = Arc::clone(&answer);
    let app = App::with(|builder| {
        builder.claims(move |_, _| {
            let answer = asked.lock().expect("the answer").clone();
            async move { answer.map_or(Ok(Claims::new()), Err) }
        })
    })
    .await;
    let set = |error| *answer.lock().expect("the answer") = error;
    let ada = app.client.sign_in_as("ada@example.com").await;

    set(Some(ClaimsError::Unavailable(
        "the database is down".to_owned(),
    )));
    for _ in 0..3 {
        let refused = app.client.refresh(&ada.refresh_token, None).await;
        assert_eq!(refused.status(), 503);
        assert!(refused.headers().contains_key("retry-after"));
        let body = refused.text().await.expect("a body");
        assert!(!body.contains("database"), "{body}");
    }
    // Without an Idempotency-Key a token that was used up would end the session now.
    set(None);
    let ada = app.client.refreshed(&ada.refresh_token).await;

    set(Some(ClaimsError::refused("unpaid")));
    let refused = app.client.refresh(&ada.refresh_token, None).await;
    assert_eq!(refused.status(), 400);
    let body: Value = refused.json().await.expect("JSON");
    assert_eq!(body["error"], "invalid_grant");
    assert_eq!(body["code"], "not_admitted");
    assert!(!body.to_string().contains("unpaid"), "{body}");
    let refused = app.client.get_as("/mine", &ada.access_token).await;
    assert_eq!(refusal(refused).await, (401, "token_revoked".to_owned()));
    set(None);
    app.client.refresh_is_refused(&ada.refresh_token).await;
}

#[tokio::test]
async fn claims_that_no_token_may_carry_are_refused() {
    let claims: Arc<Mutex<Claims>> = Arc::default();
    let asked = Arc::clone(&claims);
    let app = App::with(|builder| {
        builder.claims(move |_, _| {
            let claims = asked.lock().expect("the claims").clone();
            async move { Ok(claims) }
        })
    })
    .await;
    let ada = app.client.sign_in_as("ada@example.com").await;
    let long = "x".repeat(2048);
    for (bad, why) in [
        (Claims::new().claim("sub", "another"), "a reserved name"),
        (Claims::new().claim("exp", u64::MAX), "a reserved name"),
        (Claims::new().claim("plan", &long), "too long"),
        (Claims::new().role(&long), "too long"),
        (
            Claims::new().claim("plan", f64::NAN).claim("x", [long]),
            "too long",
        ),
    ] {
        *claims.lock().expect("the claims") = bad;
        let refused = app.client.refresh(&ada.refresh_token, None).await;
        assert_eq!(refused.status(), 503, "{why}");
    }
    *claims.lock().expect("the claims") = Claims::new().claim("plan", "p".repeat(1900));
    let longest = app.client.refreshed(&ada.refresh_token).await;
    assert_eq!(app.status("/mine", &longest.access_token).await, 200);
}
