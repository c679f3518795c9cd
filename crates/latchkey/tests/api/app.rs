//! The server under test, and a client for it.

mod forge;
mod prover;

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use forge::{Forge, decoded, hs256, recoded};
use latchkey::app::{Environment, Server};
use latchkey::cli::{Overrides, Serve};
use latchkey::config;
use latchkey_axum::ConnectionLimits;
use latchkey_axum::services::Services;
pub(crate) use latchkey_testing::claims;
use latchkey_testing::{ApiClient, TestClock};
use latchkey_tokens::SystemRng;
pub(crate) use prover::{Prover, hash};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) const FIREFOX: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0";

/// A running server and a client for it.
pub(crate) struct TestApp {
    pub(crate) caller: ApiClient,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) state: Arc<Services>,
    config: String,
    directory: Arc<TempDir>,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<anyhow::Result<()>>>,
}

impl TestApp {
    /// Starts a server with the demo provider and defaults for everything else.
    pub(crate) async fn start() -> Self {
        Self::with("demo = true").await
    }

    /// Starts a server with this configuration file. The address and data directory are filled in.
    pub(crate) async fn with(config: &str) -> Self {
        let directory = Arc::new(tempfile::tempdir().expect("a directory"));
        Self::over(directory, config.to_owned(), Arc::new(TestClock::default())).await
    }

    /// Starts a server with the existing data directory `data` in `directory`, and with a clock that
    /// is behind by `past`.
    pub(crate) async fn with_existing_data(
        directory: TempDir,
        config: &str,
        past: Duration,
    ) -> Self {
        let clock = Arc::new(TestClock::default());
        clock.set_back(past);
        Self::over(Arc::new(directory), config.to_owned(), clock).await
    }

    /// Stops the server and starts it again with the same data, at the same address.
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

    /// Stops the server and starts it again with the same data but another configuration.
    pub(crate) async fn reconfigured(mut self, config: &str) -> Self {
        self.config = config.to_owned();
        self.restarted().await
    }

    /// Stops the server, tries to start it again, and returns the error.
    pub(crate) async fn restart_is_refused(mut self) -> String {
        self.stop().await;
        let flags = Serve {
            overrides: Overrides {
                config: Some(self.directory.path().join("latchkey.toml")),
                data_dir: Some(self.data_dir()),
            },
            ..Serve::default()
        };
        let config = config::load(&flags, []).expect("the test's configuration is valid");
        let environment = Environment {
            clock: self.clock.clone(),
            rng: Arc::new(SystemRng),
            ..Environment::default()
        };
        match Server::prepare(config, environment).await {
            Ok(_) => panic!("the server started"),
            Err(error) => format!("{error:#}"),
        }
    }

    async fn over(directory: Arc<TempDir>, config: String, clock: Arc<TestClock>) -> Self {
        Self::limited(directory, config, clock, ConnectionLimits::default()).await
    }

    /// Starts a server with this configuration and these connection limits.
    pub(crate) async fn with_limits(config: &str, limits: ConnectionLimits) -> Self {
        let directory = Arc::new(tempfile::tempdir().expect("a directory"));
        let clock = Arc::new(TestClock::default());
        Self::limited(directory, config.to_owned(), clock, limits).await
    }

    async fn limited(
        directory: Arc<TempDir>,
        config: String,
        clock: Arc<TestClock>,
        connections: ConnectionLimits,
    ) -> Self {
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
        let config_read = config::load(&flags, []).expect("the test's configuration is valid");
        let environment = Environment {
            clock: clock.clone(),
            rng: Arc::new(SystemRng),
            connections,
        };
        let server = loop {
            match Server::prepare(config_read.clone(), environment.clone()).await {
                // sled releases its lock shortly after the last handle is dropped.
                Err(error) if error.to_string().contains("in use") => {
                    tokio::task::yield_now().await;
                }
                other => break other.expect("the server starts"),
            }
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let url = format!("http://{}", server.address);
        let state = Arc::clone(server.latchkey.services());
        let serving = tokio::spawn(server.run(async {
            drop(stopped.await);
        }));
        Self {
            caller: ApiClient::new(url),
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
                .expect("the server task panicked")
                .expect("the server failed");
        }
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.directory.path().join("data")
    }
}

impl Deref for TestApp {
    type Target = ApiClient;

    fn deref(&self) -> &ApiClient {
        &self.caller
    }
}
