//! An app with Latchkey for tests: in-memory store, loopback port, a clock that the test sets.

mod signed_in;

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use latchkey_axum::{Builder, Latchkey, Limits, MasterKey, Provider, Serving, Store};
use latchkey_core::Clock as _;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use self::signed_in::{Refusal, SignedIn};
use crate::client::{ApiClient, tokens};
use crate::clock::TestClock;
use crate::provider::ScriptedProvider;

/// The name of the scripted provider in `/auth/login?provider=`.
const PROVIDER: &str = "test";

/// A running app with Latchkey, which stops when this value is dropped.
///
/// Users sign in at a [`ScriptedProvider`] with any email address, which is verified by default. Rate
/// limits are off. Requests are sent over HTTP, as in production.
///
/// ```
/// use axum::{Router, routing::get};
/// use latchkey_axum::{Latchkey, User};
/// use latchkey_testing::TestAuth;
/// use std::time::Duration;
///
/// fn app(latchkey: Latchkey) -> Router {
///     Router::new()
///         .route("/api/hello", get(async |user: User| user.email().unwrap_or("?").to_owned()))
///         .with_state(latchkey.clone())
///         .merge(latchkey.router())
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let auth = TestAuth::serving(app).await;
/// let mut ada = auth.sign_in("ada@example.com").await;
/// let hello = ada.get("/api/hello").send().await.unwrap();
/// assert_eq!(hello.text().await.unwrap(), "ada@example.com");
///
/// auth.advance(Duration::from_mins(16));
/// assert_eq!(ada.get("/api/hello").send().await.unwrap().status(), 401);
/// ada.refresh().await.unwrap();
/// assert_eq!(ada.get("/api/hello").send().await.unwrap().status(), 200);
///
/// auth.revoke(&ada).await;
/// assert_eq!(ada.get("/api/hello").send().await.unwrap().status(), 401);
/// # }
/// ```
#[derive(Debug)]
pub struct TestAuth {
    latchkey: Latchkey,
    provider: ScriptedProvider,
    clock: Arc<TestClock>,
    client: ApiClient,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

impl TestAuth {
    /// Starts only Latchkey's routes, without an app.
    pub async fn start() -> Self {
        Self::serving(|latchkey| latchkey.router()).await
    }

    /// Starts the app that `app` returns. As in production, it must include [`Latchkey::router`].
    pub async fn serving(app: impl FnOnce(Latchkey) -> Router) -> Self {
        Self::with(|builder| builder, app).await
    }

    /// Like [`serving`](Self::serving), but `configure` can change the builder: claims, events, token
    /// lifetimes, the store. The clock and the provider `test` are already set. [`Builder::limits`]
    /// enables rate limits. Panics if Latchkey cannot be opened.
    ///
    /// ```
    /// use latchkey_axum::Claims;
    /// use latchkey_testing::TestAuth;
    ///
    /// # #[tokio::main]
    /// # async fn main() {
    /// let auth = TestAuth::with(
    ///     |builder| builder.claims(async |_user, _at| Ok(Claims::new().role("editor"))),
    ///     |latchkey| latchkey.router(),
    /// )
    /// .await;
    /// let ada = auth.sign_in("ada@example.com").await;
    /// assert_eq!(ada.claims()["roles"][0], "editor");
    /// # }
    /// ```
    pub async fn with(
        configure: impl FnOnce(Builder) -> Builder,
        app: impl FnOnce(Latchkey) -> Router,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let provider = ScriptedProvider::start().await;
        let clock = Arc::new(TestClock::default());
        let limits = Limits {
            per_address: None,
            per_session: None,
            ..Limits::default()
        };
        let builder = Latchkey::builder(&url)
            .store(Store::memory())
            .master_key(MasterKey::random())
            .limits(limits)
            .clock(clock.clone())
            .provider(Provider::oidc(
                PROVIDER,
                &provider.issuer,
                ScriptedProvider::CLIENT_ID,
                ScriptedProvider::CLIENT_SECRET,
            ));
        let opened = configure(builder).open().await;
        let latchkey = opened.expect("failed to open Latchkey");
        let app = app(latchkey.clone());
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn({
            let latchkey = latchkey.clone();
            async move {
                let stopped = async { drop(stopped.await) };
                let served = latchkey.serve_with(Serving::new(listener), app, stopped);
                served.await.expect("the server failed");
            }
        });
        Self {
            latchkey,
            provider,
            clock,
            client: ApiClient::new(url),
            stop: Some(stop),
            serving,
        }
    }

    /// The URL of the app, without a trailing slash.
    pub fn url(&self) -> &str {
        &self.client.url
    }

    /// The Latchkey handle of the app, for example to ban a user.
    pub fn latchkey(&self) -> &Latchkey {
        &self.latchkey
    }

    /// A client that is not signed in.
    pub fn client(&self) -> &ApiClient {
        &self.client
    }

    /// The provider, whose responses can be scripted: another name, an unverified address, an outage.
    pub fn provider(&self) -> &ScriptedProvider {
        &self.provider
    }

    /// Latchkey's clock, which [`sign_in`](Self::sign_in) also copies to the provider. It changes only
    /// when the test changes it.
    pub fn clock(&self) -> &TestClock {
        &self.clock
    }

    /// Signs in with this address and starts a new session. The first sign-in with an address creates
    /// the user. Panics if the sign-in is refused.
    pub async fn sign_in(&self, email: &str) -> SignedIn {
        let signed_in = self.try_sign_in(email).await;
        signed_in.expect("the sign-in was refused")
    }

    /// Like [`sign_in`](Self::sign_in), but returns a refusal instead of panicking, for example if
    /// the user is banned or the app's claims function refuses.
    pub async fn try_sign_in(&self, email: &str) -> Result<SignedIn, Refusal> {
        let begun = self.client.begin(PROVIDER).await;
        self.provider.set_time(self.clock.now().as_secs());
        let callback = self.provider.approve_as(&begun, email);
        let response = self.client.finish(&begun.cookie, &callback).await;
        if response.status() != 200 {
            return Err(Refusal::of(response).await);
        }
        Ok(SignedIn::new(self.client.clone(), tokens(response).await))
    }

    /// Advances the clock.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Ends a session, as an operator does. The next request with its tokens is refused.
    pub async fn revoke(&self, session: &SignedIn) {
        let ended = self.latchkey.sessions().end(session.session_id()).await;
        assert!(ended.expect("the store failed"), "unknown session");
    }

    /// Stops the server and waits until it has stopped. Dropping this value stops it without waiting.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        (&mut self.serving).await.expect("the server failed");
    }
}

impl Drop for TestAuth {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
