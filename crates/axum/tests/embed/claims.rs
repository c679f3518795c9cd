//! Roles and claims of the application.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use latchkey_axum::{Claims, ClaimsError, Provider, SignUp};
use latchkey_testing::{ApiClient, code, refusal, tokens};
use serde_json::{Value, json};

use crate::app::App;

#[tokio::test]
async fn claims_are_determined_at_sign_in_and_at_every_refresh() {
    let pro = Arc::new(AtomicBool::new(false));
    let shared = Arc::clone(&pro);
    let app = App::with(|builder| {
        builder.claims(move |user, _| {
            let pro = shared.load(Ordering::SeqCst);
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
    // On routes for administrators, the removal of a role takes effect immediately.
    pro.store(false, Ordering::SeqCst);
    assert_eq!(app.status("/admin", &pro_token.access_token).await, 403);
    let me = app.client.get_as("/api/me", &pro_token.access_token).await;
    let me: Value = me.json().await.expect("JSON");
    assert_eq!(me["roles"], json!(["reader", "admin"]));
}

#[tokio::test]
async fn an_unavailable_application_does_not_use_up_the_token_and_a_refusal_ends_the_session() {
    let outcome: Arc<Mutex<Option<ClaimsError>>> = Arc::default();
    let shared = Arc::clone(&outcome);
    let app = App::with(|builder| {
        builder.claims(move |_, _| {
            let outcome = shared.lock().expect("not poisoned").clone();
            async move { outcome.map_or(Ok(Claims::new()), Err) }
        })
    })
    .await;
    let set = |error| *outcome.lock().expect("not poisoned") = error;
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
    // If a failed attempt had rotated the token, this request would be refused, because it has no
    // Idempotency-Key.
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
async fn a_sign_up_that_the_application_does_not_admit_creates_no_account() {
    let outcome: Arc<Mutex<Option<ClaimsError>>> = Arc::default();
    let shared = Arc::clone(&outcome);
    let app = App::with(|builder| {
        let builder = builder.provider(Provider::local(SignUp::Open));
        builder.claims(move |_, _| {
            let outcome = shared.lock().expect("not poisoned").clone();
            async move { outcome.map_or(Ok(Claims::new()), Err) }
        })
    })
    .await;
    let sign_up = async |error| {
        *outcome.lock().expect("not poisoned") = error;
        let account = json!({ "username": "ada", "password": "vostok-lantern-77" });
        let request = app.client.post("/auth/sign-up").json(&account);
        request.send().await.expect("a response")
    };
    let unavailable = ClaimsError::Unavailable("the database is down".to_owned());
    assert_eq!(sign_up(Some(unavailable)).await.status(), 503);
    let refused = sign_up(Some(ClaimsError::refused("unpaid"))).await;
    assert_eq!(code(refused).await, (400, "not_admitted".to_owned()));
    // The username is still available, so the same request succeeds.
    assert_eq!(sign_up(None).await.status(), 200);
}

#[tokio::test]
async fn an_account_that_is_deleted_during_a_sign_in_is_not_reported_as_banned() {
    // The function is called between the authentication and the start of the session.
    let to_delete: Arc<Mutex<Option<(ApiClient, String)>>> = Arc::default();
    let shared = Arc::clone(&to_delete);
    let app = App::with(|builder| {
        let builder = builder.provider(Provider::local(SignUp::Open));
        builder.claims(move |_, _| {
            let to_delete = shared.lock().expect("not poisoned").take();
            async move {
                if let Some((client, token)) = to_delete {
                    let deleted = client.delete_as("/api/account", &token).await;
                    assert_eq!(deleted.status(), 204);
                }
                Ok(Claims::new())
            }
        })
    })
    .await;
    let delete_at_next_sign_in = |token: String| {
        *to_delete.lock().expect("not poisoned") = Some((app.client.clone(), token));
    };

    let ada = app.client.sign_in_as("ada@example.com").await;
    let begun = app.client.begin("demo").await;
    let callback = app.client.approve(&begun, "ada@example.com").await;
    delete_at_next_sign_in(ada.access_token);
    let refused = app.client.finish(&begun.cookie, &callback).await;
    assert_eq!(code(refused).await, (400, "sign_in_not_found".to_owned()));

    let send = async |path: &str| {
        let account = json!({ "username": "ben", "password": "vostok-lantern-77" });
        let request = app.client.post(path).json(&account);
        request.send().await.expect("a response")
    };
    let ben = tokens(send("/auth/sign-up").await).await;
    delete_at_next_sign_in(ben.access_token);
    let refused = code(send("/auth/password").await).await;
    assert_eq!(refused, (401, "invalid_credentials".to_owned()));
}

#[tokio::test]
async fn a_replayed_token_ends_its_session_while_the_application_is_unavailable() {
    let available = Arc::new(AtomicBool::new(true));
    let shared = Arc::clone(&available);
    let app = App::with(|builder| {
        builder.claims(move |_, _| {
            let available = shared.load(Ordering::SeqCst);
            async move {
                let down = || ClaimsError::Unavailable("the database is down".to_owned());
                available.then(Claims::new).ok_or_else(down)
            }
        })
    })
    .await;
    let stolen = app.client.sign_in_as("ada@example.com").await;
    let second = app.client.refreshed(&stolen.refresh_token).await;
    let third = app.client.refreshed(&second.refresh_token).await;
    available.store(false, Ordering::SeqCst);
    let replay = app.client.refresh(&stolen.refresh_token, None).await;
    assert_eq!(code(replay).await, (400, "refresh_replayed".to_owned()));
    let refused = app.client.get_as("/mine", &third.access_token).await;
    assert_eq!(refusal(refused).await, (401, "token_revoked".to_owned()));
}

#[tokio::test]
async fn invalid_claims_are_refused() {
    let claims: Arc<Mutex<Claims>> = Arc::default();
    let shared = Arc::clone(&claims);
    let app = App::with(|builder| {
        builder.claims(move |_, _| {
            let claims = shared.lock().expect("not poisoned").clone();
            async move { Ok(claims) }
        })
    })
    .await;
    let ada = app.client.sign_in_as("ada@example.com").await;
    let long = "x".repeat(2048);
    for (invalid, why) in [
        (Claims::new().claim("sub", "another"), "a reserved name"),
        (Claims::new().claim("exp", u64::MAX), "a reserved name"),
        (Claims::new().claim("plan", &long), "too long"),
        (Claims::new().role(&long), "too long"),
        (
            Claims::new().claim("plan", f64::NAN).claim("x", [long]),
            "too long",
        ),
    ] {
        *claims.lock().expect("not poisoned") = invalid;
        let refused = app.client.refresh(&ada.refresh_token, None).await;
        assert_eq!(refused.status(), 503, "{why}");
    }
    *claims.lock().expect("not poisoned") = Claims::new().claim("plan", "p".repeat(1900));
    let longest = app.client.refreshed(&ada.refresh_token).await;
    assert_eq!(app.status("/mine", &longest.access_token).await, 200);
}
