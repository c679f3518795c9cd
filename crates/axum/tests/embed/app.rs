//! The application that the tests run.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use latchkey_axum::{
    Admin, Builder, Latchkey, MasterKey, Provider, Recent, Serving, Store, User, UserId,
};
use latchkey_testing::{ApiClient, TestClock};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// An application that embeds Latchkey, and a client for it.
pub(crate) struct App {
    pub(crate) client: ApiClient,
    pub(crate) auth: Latchkey,
    pub(crate) clock: Arc<TestClock>,
    serving: JoinHandle<()>,
}

impl Drop for App {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl App {
    pub(crate) async fn start() -> Self {
        Self::with(|builder| builder).await
    }

    pub(crate) async fn with(build: impl FnOnce(Builder) -> Builder) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let clock = Arc::new(TestClock::default());
        let builder = Latchkey::builder(&url)
            .store(Store::memory())
            .master_key(MasterKey::random())
            .provider(Provider::demo())
            .clock(clock.clone());
        let auth = build(builder).open().await.expect("opened");
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
                let never = core::future::pending();
                let served = auth.serve_with(Serving::new(listener), app, never).await;
                served.expect("served");
            }
        });
        Self {
            client: ApiClient::new(url),
            auth,
            clock,
            serving,
        }
    }

    pub(crate) async fn status(&self, path: &str, token: &str) -> u16 {
        self.client.get_as(path, token).await.status().as_u16()
    }

    pub(crate) async fn text(&self, path: &str, token: &str) -> String {
        let response = self.client.get_as(path, token).await;
        response.text().await.expect("a body")
    }

    pub(crate) async fn user(&self, token: &str) -> UserId {
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
