//! What the tests begin with.

mod clock;
mod sign_in;

use std::path::PathBuf;
use std::sync::Arc;

pub(crate) use clock::ManualClock;
use latchkey_server::cli::{Overrides, Serve};
use latchkey_server::config;
use latchkey_server::startup::{Environment, Server};
use latchkey_server::state::AppState;
use latchkey_tokens::SystemRng;
use latchkey_types::TokenResponse;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A running server and a client that follows no redirect and keeps no cookie.
pub(crate) struct TestApp {
    pub(crate) url: String,
    pub(crate) http: Client,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) state: AppState,
    config: String,
    directory: Arc<TempDir>,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<anyhow::Result<()>>>,
}

impl TestApp {
    /// With the demo provider and defaults for the rest.
    pub(crate) async fn start() -> Self {
        Self::with("demo = true").await
    }

    /// With this configuration file; address and data directory are filled in.
    pub(crate) async fn with(config: &str) -> Self {
        let directory = Arc::new(tempfile::tempdir().expect("a directory"));
        Self::over(
            directory,
            config.to_owned(),
            Arc::new(ManualClock::default()),
        )
        .await
    }

    /// Stops the server and starts it again over the same data, at the same address.
    pub(crate) async fn restarted(mut self) -> Self {
        let address = self.url.trim_start_matches("http://").to_owned();
        self.stop().await;
        let config = if self.config.contains("listen") {
            self.config.clone()
        } else {
            format!("listen = \"{address}\"\n{}", self.config)
        };
        let (directory, clock) = (Arc::clone(&self.directory), Arc::clone(&self.clock));
        // The old server's store is free once its last handle is gone.
        drop(self);
        Self::over(directory, config, clock).await
    }

    async fn over(directory: Arc<TempDir>, config: String, clock: Arc<ManualClock>) -> Self {
        let file = directory.path().join("latchkey.toml");
        let data_dir = directory.path().join("data");
        std::fs::write(&file, &config).expect("written");
        let flags = Serve {
            overrides: Overrides {
                config: Some(file),
                data_dir: Some(data_dir),
            },
            listen: (!config.contains("listen"))
                .then(|| "127.0.0.1:0".parse().expect("an address")),
            ..Serve::default()
        };
        let config_read = config::load(&flags, []).expect("the test's configuration is good");
        let environment = Environment {
            clock: clock.clone(),
            rng: Arc::new(SystemRng),
        };
        let server = loop {
            match Server::prepare(config_read.clone(), environment.clone()).await {
                // sled lets go of its lock a moment after its last handle.
                Err(error) if error.to_string().contains("in use") => {
                    tokio::task::yield_now().await;
                }
                other => break other.expect("the server starts"),
            }
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let url = format!("http://{}", server.address);
        let state = server.state.clone();
        let serving = tokio::spawn(server.run(async {
            drop(stopped.await);
        }));
        let http = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client");
        Self {
            url,
            http,
            clock,
            state,
            config,
            directory,
            stop: Some(stop),
            serving: Some(serving),
        }
    }

    async fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(serving) = self.serving.take() {
            serving
                .await
                .expect("the server ends")
                .expect("and ends well");
        }
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.url))
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.http.post(format!("{}{path}", self.url))
    }

    /// `GET` with this access token.
    pub(crate) async fn get_as(&self, path: &str, access_token: &str) -> Response {
        self.get(path)
            .bearer_auth(access_token)
            .send()
            .await
            .expect("an answer")
    }

    /// The refresh grant, with or without an idempotency key.
    pub(crate) async fn refresh(&self, refresh_token: &str, key: Option<&str>) -> Response {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
        ];
        let mut request = self.post("/auth/token").form(&form);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        request.send().await.expect("an answer")
    }

    /// The refresh grant, which must work.
    pub(crate) async fn refreshed(&self, refresh_token: &str) -> TokenResponse {
        tokens(self.refresh(refresh_token, None).await).await
    }

    /// Revokes a token (RFC 7009), which must work.
    pub(crate) async fn revoke(&self, token: &str) {
        let answer = self
            .post("/auth/revoke")
            .form(&[("token", token)])
            .send()
            .await;
        assert_eq!(answer.expect("an answer").status(), 200);
    }
}

/// A successful token response.
pub(crate) async fn tokens(response: Response) -> TokenResponse {
    let status = response.status();
    let text = response.text().await.expect("a body");
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).expect("a token response")
}

/// Status, `error` or `code`, of a refused request.
pub(crate) async fn refusal(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body: Value = response.json().await.expect("a JSON body");
    let name = body
        .get("error")
        .or_else(|| body.get("code"))
        .and_then(Value::as_str);
    (status, name.unwrap_or_default().to_owned())
}
