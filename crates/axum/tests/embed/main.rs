//! Latchkey embedded in an application: the builder, the hooks and the handles.

mod app;
mod claims;

use core::time::Duration;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::get;
use latchkey_axum::{
    Builder, EndReason, Event, Latchkey, MasterKey, OperatorError, Provider, Store, User, UserQuery,
};
use latchkey_testing::{ApiClient, refusal};
use tokio::net::TcpListener;

use crate::app::App;

#[tokio::test]
async fn an_optional_user_is_none_without_a_token_and_refused_with_an_invalid_one() {
    let app = App::start().await;
    let response = app.client.get("/maybe").send().await.expect("a response");
    assert_eq!(response.text().await.expect("a body"), "nobody");
    let ada = app.client.sign_in_as("ada@example.com").await;
    let id = app.user(&ada.access_token).await;
    assert_eq!(app.text("/maybe", &ada.access_token).await, id.to_string());
    let refused = app.client.get_as("/maybe", "no.such.token").await;
    assert_eq!(refusal(refused).await, (401, "token_invalid".to_owned()));
}

#[tokio::test]
async fn an_old_sign_in_is_refused_with_a_step_up_challenge() {
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
async fn events_arrive_after_the_change_and_before_the_response() {
    let events: Arc<Mutex<Vec<Event>>> = Arc::default();
    let seen = Arc::clone(&events);
    let app = App::with(|builder| {
        builder.on(move |event| seen.lock().expect("not poisoned").push(event.clone()))
    })
    .await;
    let take = || core::mem::take(&mut *events.lock().expect("not poisoned"));

    let ada = app.client.sign_in_as("ada@example.com").await;
    let user = app.user(&ada.access_token).await;
    let [
        Event::SignedIn {
            user: signed_in,
            session,
        },
    ] = take()[..]
    else {
        panic!("one event");
    };
    assert_eq!(signed_in, user);
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

    let changed = users.set_roles(user, ["notes:edit"]).await;
    assert_eq!(changed.expect("set").roles, ["notes:edit"]);
    assert_eq!(take(), [Event::RolesChanged { user }]);
    let invalid = users.set_roles(user, ["Notes"]).await;
    assert!(matches!(invalid, Err(OperatorError::Roles(_))));
    let query = UserQuery {
        text: "ada@".to_owned(),
        ..UserQuery::default()
    };
    let found = users.search(query, None, 10).await.expect("read");
    assert_eq!(found.items[0].id, user);

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
async fn a_change_remains_in_effect_if_the_event_hook_panics() {
    let app = App::with(|builder| builder.on(|_| panic!("a bug in the application"))).await;
    let ada = app.client.sign_in_as("ada@example.com").await;
    let next = app.client.refreshed(&ada.refresh_token).await;
    app.client.log_out(&next.access_token).await;
    assert_eq!(app.status("/mine", &next.access_token).await, 401);
}

#[tokio::test]
async fn a_token_accepted_by_one_latchkey_is_refused_by_another() {
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
async fn unknown_paths_are_left_to_the_application() {
    let app = App::start().await;
    for path in ["/nothing", "/api/nothing"] {
        let unknown = app.client.get(path).send().await.expect("a response");
        assert_eq!(unknown.status(), 404, "{path}");
        assert!(!unknown.headers().contains_key("content-security-policy"));
        assert_eq!(unknown.text().await.expect("a body"), "", "{path}");
    }
    let method = app.client.post("/api/me").send().await.expect("a response");
    assert_eq!(
        refusal(method).await,
        (405, "method_not_allowed".to_owned())
    );
}

#[cfg(feature = "sled")]
#[tokio::test]
async fn a_ban_runs_to_completion_if_its_future_is_dropped() {
    let data = tempfile::tempdir().expect("a directory");
    let app = App::with(|builder| builder.store(Store::sled(data.path()))).await;
    let ada = app.client.sign_in_as("ada@example.com").await;
    let user = app.user(&ada.access_token).await;
    let users = app.auth.users();
    // The store commits later, when nothing awaits the future any more.
    assert!(futures_util::FutureExt::now_or_never(users.ban(user, "spam")).is_none());
    let refused = async {
        while app.status("/mine", &ada.access_token).await != 401 {
            tokio::task::yield_now().await;
        }
    };
    let refused = tokio::time::timeout(Duration::from_mins(1), refused).await;
    refused.expect("the denylist contains the ban");
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
async fn missing_and_invalid_settings_are_named() {
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
            "must contain only a scheme",
        ),
        (
            complete("https://notes.example.com").provider(Provider::demo()),
            "loopback",
        ),
        (
            complete("https://notes.example.com")
                .provider(Provider::oidc("partner", "nonsense", "a", "b")),
            "partner",
        ),
    ] {
        let error = open(builder).await;
        assert!(
            error.contains(expected),
            "{error:?} does not name {expected:?}"
        );
    }
    assert!(MasterKey::from_text("short").is_err());
}

#[cfg(feature = "sled")]
#[tokio::test]
async fn a_data_directory_is_private_and_can_be_reopened() {
    let folder = tempfile::tempdir().expect("a directory");
    let data = folder.path().join("data");
    let open = || async {
        Latchkey::builder("http://localhost:3000")
            .store(Store::sled(&data))
            .master_key(MasterKey::file(data.join("master.key")))
            .open()
            .await
    };
    let auth = open().await.expect("opened");
    let kid = auth.operator().rotate_keys().await.expect("rotated");
    auth.shutdown().await;
    drop(auth);
    // sled releases its lock shortly after its last handle is dropped.
    let again = loop {
        match open().await {
            Err(error) if error.to_string().contains("in use") => tokio::task::yield_now().await,
            opened => break opened.expect("reopened"),
        }
    };
    assert_eq!(again.guard().keys().ring().newest().kid(), kid);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path| {
            std::fs::metadata(path)
                .expect("exists")
                .permissions()
                .mode()
                & 0o777
        };
        assert_eq!(mode(data.clone()), 0o700);
        assert_eq!(mode(data.join("master.key")), 0o600);
    }
}
