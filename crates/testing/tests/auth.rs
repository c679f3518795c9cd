//! `TestAuth`, alone and with an app that has its own state and route.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{FromRef, State};
use axum::routing::get;
use latchkey_axum::{Claims, Latchkey, User};
use latchkey_testing::{Refusal, ScriptedProvider, ScriptedResponse, SignedIn, TestAuth};
use serde_json::json;

#[derive(Clone)]
struct AppState {
    latchkey: Latchkey,
    greeting: &'static str,
}

impl FromRef<AppState> for Latchkey {
    fn from_ref(state: &AppState) -> Self {
        state.latchkey.clone()
    }
}

fn app(latchkey: Latchkey) -> Router {
    let router = latchkey.router();
    let state = AppState {
        latchkey,
        greeting: "Hello",
    };
    let hello = async |user: User, State(state): State<AppState>| {
        format!("{} {}", state.greeting, user.email().unwrap_or_default())
    };
    Router::new()
        .route("/api/hello", get(hello))
        .with_state(state)
        .merge(router)
}

/// The greeting of the app for this user, or the status of the refusal.
async fn hello(user: &SignedIn) -> Result<String, u16> {
    let response = user.get("/api/hello").send().await.expect("a response");
    if response.status() != 200 {
        return Err(response.status().as_u16());
    }
    Ok(response.text().await.expect("text"))
}

fn refused<T>(status: u16, code: &str) -> Result<T, Refusal> {
    Err(Refusal {
        status,
        code: code.to_owned(),
    })
}

#[tokio::test]
async fn an_app_greets_the_user_who_signed_in() {
    let auth = TestAuth::serving(app).await;
    let ada = auth.sign_in("ada@example.com").await;
    assert_eq!(hello(&ada).await, Ok("Hello ada@example.com".into()));
    let stranger = auth.client().get("/api/hello").send().await;
    assert_eq!(stranger.expect("a response").status(), 401);
}

#[tokio::test]
async fn concurrent_sign_ins_are_not_mixed_up() {
    let auth = TestAuth::serving(app).await;
    let (ada, grace) = tokio::join!(
        auth.sign_in("ada@example.com"),
        auth.sign_in("grace@example.com")
    );
    assert_eq!(hello(&ada).await, Ok("Hello ada@example.com".into()));
    assert_eq!(hello(&grace).await, Ok("Hello grace@example.com".into()));
    assert_ne!(ada.user_id(), grace.user_id());
}

#[tokio::test]
async fn repeated_sign_ins_are_separate_sessions_of_one_user() {
    let auth = TestAuth::start().await;
    let one = auth.sign_in("ada@example.com").await;
    let two = auth.sign_in("ada@example.com").await;
    assert_eq!(one.user_id(), two.user_id());
    assert_ne!(one.session_id(), two.session_id());
}

#[tokio::test]
async fn an_expired_access_token_is_replaced_by_a_refresh() {
    let auth = TestAuth::serving(app).await;
    let mut ada = auth.sign_in("ada@example.com").await;
    auth.advance(Duration::from_mins(16));
    assert_eq!(ada.check().await, refused(401, "token_expired"));
    assert_eq!(hello(&ada).await, Err(401));
    ada.refresh().await.expect("a refresh");
    assert_eq!(hello(&ada).await, Ok("Hello ada@example.com".into()));
    // The clock of the provider advances, too.
    auth.sign_in("grace@example.com").await;
    auth.advance(Duration::from_hours(24 * 31));
    assert_eq!(ada.refresh().await, refused(400, "session_ended"));
}

#[tokio::test]
async fn a_replayed_refresh_token_ends_the_session_once_the_leeway_is_over() {
    let auth = TestAuth::start().await;
    let mut ada = auth.sign_in("ada@example.com").await;
    let other = auth.sign_in("ada@example.com").await;
    ada.refresh().await.expect("a refresh");
    assert_eq!(ada.replay().await, refused(409, "superseded"));
    assert_eq!(ada.check().await, Ok(()));

    auth.advance(Duration::from_secs(11));
    assert_eq!(ada.replay().await, refused(400, "refresh_replayed"));
    assert_eq!(ada.check().await, refused(401, "token_revoked"));
    assert!(ada.refresh().await.is_err());
    assert_eq!(other.check().await, Ok(()));
}

#[tokio::test]
async fn a_revoked_session_and_no_other_is_refused_on_the_next_request() {
    let auth = TestAuth::serving(app).await;
    let mut ada = auth.sign_in("ada@example.com").await;
    let grace = auth.sign_in("grace@example.com").await;
    auth.revoke(&ada).await;
    assert_eq!(hello(&ada).await, Err(401));
    assert_eq!(ada.check().await, refused(401, "token_revoked"));
    assert_eq!(ada.refresh().await, refused(400, "session_ended"));
    assert_eq!(grace.check().await, Ok(()));
}

#[tokio::test]
async fn signing_out_ends_the_session() {
    let auth = TestAuth::serving(app).await;
    let ada = auth.sign_in("ada@example.com").await;
    ada.sign_out().await;
    assert_eq!(hello(&ada).await, Err(401));
}

#[tokio::test]
async fn a_banned_user_cannot_sign_in() {
    let auth = TestAuth::start().await;
    let ada = auth.sign_in("ada@example.com").await;
    let banned = auth.latchkey().users().ban(ada.user_id(), "spam").await;
    banned.expect("the ban");
    assert_eq!(ada.check().await, refused(401, "token_revoked"));
    let again = auth.try_sign_in("ada@example.com").await;
    assert_eq!(again.expect_err("banned").code, "banned");
}

#[tokio::test]
async fn roles_of_the_app_are_updated_at_each_refresh() {
    let is_editor = Arc::new(AtomicBool::new(true));
    let current = Arc::clone(&is_editor);
    let auth = TestAuth::with(
        |builder| {
            builder.claims(move |_, _| {
                let editor = current.load(Ordering::SeqCst).then_some("editor");
                async move { Ok(Claims::new().roles(editor)) }
            })
        },
        app,
    )
    .await;
    let mut ada = auth.sign_in("ada@example.com").await;
    assert_eq!(ada.claims()["roles"], json!(["editor"]));
    is_editor.store(false, Ordering::SeqCst);
    ada.refresh().await.expect("a refresh");
    assert_ne!(ada.claims()["roles"], json!(["editor"]));
}

#[tokio::test]
async fn responses_of_the_provider_can_be_scripted() {
    let auth = TestAuth::start().await;
    auth.provider().script().claims["email_verified"] = false.into();
    let ada = auth.sign_in("ada@example.com").await;
    assert_eq!(ada.claims()["email_verified"], false);
    let outage = ScriptedResponse::json(503, &json!({}));
    auth.provider()
        .script()
        .overrides
        .insert(ScriptedProvider::TOKEN, outage);
    let failed = auth.try_sign_in("ada@example.com").await;
    assert_eq!(failed.expect_err("an outage").code, "provider_unavailable");
}

#[tokio::test]
async fn stopped_server_refuses_connections() {
    let auth = TestAuth::start().await;
    let client = auth.client().clone();
    auth.stop().await;
    assert!(client.get("/healthz").send().await.is_err());
}
