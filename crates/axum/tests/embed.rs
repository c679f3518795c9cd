//! Latchkey in an application: what the builder, the hooks and the handles promise.

use core::time::Duration;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::get;
use latchkey_axum::{
    Admin, Builder, Claims, ClaimsError, EndReason, Event, Latchkey, MasterKey, Provider, Recent,
    Serving, Store, User, UserId,
};
use latchkey_testing::{ApiClient, TestClock, refusal};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// An application with Latchkey, and a client of it.
struct App {
    client: ApiClient,
    auth: Latchkey,
    clock: Arc<TestClock>,
    serving: JoinHandle<()>,
}

impl Drop for App {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl App {
    async fn start() -> Self {
        Self::with(|builder| builder).await
    }

    async fn with(build: impl FnOnce(Builder) -> Builder) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let clock = Arc::new(TestClock::default());
        let builder = Latchkey::builder(&url)
            .store(Store::memory())
            .master_key(MasterKey::random())
            .provider(Provider::demo())
            .clock(clock.clone());
        let auth = build(builder).open().await.expect("opens");
        let app = Router::new()
            .route("/mine", get(async |user: User| user.id().to_string()))
            .route("/recent", get(async |user: Recent| user.id().to_string()))
            .route("/admin", get(async |user: Admin| user.id().to_string()))
            .route("/maybe", get(maybe))
            .route("/plan", get(plan))
            .with_state(auth.clone())
            .merge(auth.router());
        let serving = tokio::spawn({
            let auth = auth.clone();
            async move {
                let forever = core::future::pending();
                let served = auth.serve_with(Serving::new(listener), app, forever).await;
                served.expect("serves");
            }
        });
        Self {
            client: ApiClient::new(url),
            auth,
            clock,
            serving,
        }
    }

    async fn status(&self, path: &str, token: &str) -> u16 {
        self.client.get_as(path, token).await.status().as_u16()
    }

    async fn text(&self, path: &str, token: &str) -> String {
        let response = self.client.get_as(path, token).await;
        response.text().await.expect("a body")
    }

    async fn user(&self, token: &str) -> UserId {
        self.text("/mine", token).await.parse().expect("an id")
    }
}

async fn maybe(user: Option<User>) -> String {
    user.map_or("nobody".to_owned(), |user| user.id().to_string())
}

async fn plan(user: User) -> String {
    user.claim("plan")
        .map_or("none".to_owned(), Value::to_string)
}

#[tokio::test]
async fn an_optional_user_is_none_without_a_token_and_refused_with_a_bad_one() {
    let app = App::start().await;
    let nobody = app.client.get("/maybe").send().await.expect("answered");
    assert_eq!(nobody.text().await.expect("a body"), "nobody");
    let ada = app.client.sign_in_as("ada@example.com").await;
    let id = app.user(&ada.access_token).await;
    assert_eq!(app.text("/maybe", &ada.access_token).await, id.to_string());
    let refused = app.client.get_as("/maybe", "no.such.token").await;
    assert_eq!(refusal(refused).await, (401, "token_invalid".to_owned()));
}

#[tokio::test]
async fn a_recent_sign_in_is_asked_for_in_its_own_words() {
    let app = App::start().await;
    let ada = app.client.sign_in_as("ada@example.com").await;
    assert_eq!(app.status("/recent", &ada.access_token).await, 200);
    app.clock.advance(Duration::from_mins(11));
    let later = app.client.refreshed(&ada.refresh_token).await;
    let refused = app.client.get_as("/recent", &later.access_token).await;
    let challenge = refused.headers()["www-authenticate"].to_str();
    let challenge = challenge.expect("text").to_owned();
    assert!(
        challenge.contains("insufficient_user_authentication"),
        "{challenge}"
    );
    assert!(challenge.contains("max_age=\"600\""), "{challenge}");
    assert_eq!(refusal(refused).await, (401, "step_up_required".to_owned()));
}

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

#[tokio::test]
async fn events_come_after_the_change_and_before_the_answer() {
    let events: Arc<Mutex<Vec<Event>>> = Arc::default();
    let seen = Arc::clone(&events);
    let app = App::with(|builder| {
        builder.on(move |event| seen.lock().expect("the events").push(event.clone()))
    })
    .await;
    let take = || core::mem::take(&mut *events.lock().expect("the events"));

    let ada = app.client.sign_in_as("ada@example.com").await;
    let user = app.user(&ada.access_token).await;
    let [Event::SignedIn { user: who, session }] = take()[..] else {
        panic!("one event");
    };
    assert_eq!(who, user);
    let next = app.client.refreshed(&ada.refresh_token).await;
    assert_eq!(take(), [Event::Refreshed { user, session }]);
    app.client.log_out(&next.access_token).await;
    let reason = EndReason::SignedOut;
    assert_eq!(
        take(),
        [Event::SessionEnded {
            user,
            session,
            reason
        }]
    );
    app.client.refresh_is_refused(&next.refresh_token).await;
    assert_eq!(take(), []);

    let users = app.auth.users();
    assert_eq!(users.ban(user, "spam").await.expect("banned"), 0);
    assert!(users.unban(user).await.expect("unbanned"));
    assert!(!users.unban(user).await.expect("no ban"));
    assert_eq!(take(), [Event::Banned { user }, Event::Unbanned { user }]);

    let again = app.client.sign_in_as("ada@example.com").await;
    drop(take());
    let live = app.auth.sessions().of_user(user).await.expect("listed");
    let session = live[0].session.id;
    assert!(app.auth.sessions().end(session).await.expect("ended"));
    let reason = EndReason::EndedByOperator;
    assert_eq!(
        take(),
        [Event::SessionEnded {
            user,
            session,
            reason
        }]
    );
    assert_eq!(app.status("/mine", &again.access_token).await, 401);
    app.auth.operator().end_everyone().await.expect("ended");
    assert_eq!(take(), [Event::EveryoneEnded]);
}

#[tokio::test]
async fn a_change_stands_if_the_application_panics_on_its_event() {
    let app = App::with(|builder| builder.on(|_| panic!("a fault of the application"))).await;
    let ada = app.client.sign_in_as("ada@example.com").await;
    let next = app.client.refreshed(&ada.refresh_token).await;
    app.client.log_out(&next.access_token).await;
    assert_eq!(app.status("/mine", &next.access_token).await, 401);
}

#[tokio::test]
async fn a_token_that_one_latchkey_accepted_is_not_accepted_by_another() {
    let (one, other) = (App::start().await, App::start().await);
    let ada = one.client.sign_in_as("ada@example.com").await;
    let routes = Router::new()
        .route("/mine", get(async |user: User| user.id().to_string()))
        .with_state(other.auth.clone())
        .layer(one.auth.layer());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let serving = tokio::spawn(async move { axum::serve(listener, routes).await });
    let client = ApiClient::new(url);
    let refused = client.get_as("/mine", &ada.access_token).await;
    assert_eq!(refusal(refused).await, (401, "token_invalid".to_owned()));
    serving.abort();
}

#[tokio::test]
async fn a_shutdown_closes_event_streams() {
    let app = App::start().await;
    let ada = app.client.sign_in_as("ada@example.com").await;
    let mut stream = app.client.events(&ada.access_token).await;
    app.auth.shutdown().await;
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn what_is_missing_or_wrong_is_named() {
    let open = |builder: Builder| async { builder.open().await.expect_err("refused").to_string() };
    let complete = |url: &str| {
        let builder = Latchkey::builder(url);
        builder
            .store(Store::memory())
            .master_key(MasterKey::random())
    };
    for (builder, expected) in [
        (Latchkey::builder("http://localhost"), "no store"),
        (
            Latchkey::builder("http://localhost").store(Store::memory()),
            "no master key",
        ),
        (
            complete("http://notes.example.com"),
            "must begin with https://",
        ),
        (
            complete("https://notes.example.com/app"),
            "has more than scheme",
        ),
        (
            complete("https://notes.example.com").provider(Provider::demo()),
            "loopback",
        ),
        (
            complete("https://notes.example.com")
                .provider(Provider::oidc("x", "nonsense", "a", "b")),
            "x",
        ),
    ] {
        let error = open(builder).await;
        assert!(error.contains(expected), "{error:?} names {expected:?}");
    }
    assert!(MasterKey::from_text("short").is_err());
}

#[cfg(feature = "sled")]
#[tokio::test]
async fn a_data_directory_is_created_private_and_opens_again() {
    let folder = tempfile::tempdir().expect("a directory");
    let data = folder.path().join("data");
    let open = || async {
        Latchkey::builder("http://localhost:3000")
            .store(Store::sled(&data))
            .master_key(MasterKey::file(data.join("master.key")))
            .open()
            .await
    };
    let auth = open().await.expect("opens");
    let kid = auth.operator().rotate_keys().await.expect("rotated");
    auth.shutdown().await;
    drop(auth);
    // sled releases its lock a moment after its last handle is dropped.
    let again = loop {
        match open().await {
            Err(error) if error.to_string().contains("in use") => tokio::task::yield_now().await,
            opened => break opened.expect("opens again"),
        }
    };
    assert_eq!(again.guard().keys().ring().newest().kid(), kid);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(data.clone()), 0o700);
        assert_eq!(mode(data.join("master.key")), 0o600);
    }
}
