//! Latchkey for the tests of an app that embeds it: in memory, on a loopback port, with a clock that
//! the test moves.

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

/// What the scripted provider is called in `/auth/login?provider=`.
const PROVIDER: &str = "test";

/// A running app with Latchkey in it; stopped when dropped.
///
/// Users sign in at a [`ScriptedProvider`] with any email address, which counts as verified. Rate
/// limits are off. Requests go over HTTP, as in production.
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
    /// Starts Latchkey's own routes, without an app.
    pub async fn start() -> Self {
        Self::serving(|latchkey| latchkey.router()).await
    }

    /// Starts the app that this function builds around a Latchkey. As in production, the function
    /// merges [`Latchkey::router`] into the router that it returns.
    pub async fn serving(app: impl FnOnce(Latchkey) -> Router) -> Self {
        Self::with(|builder| builder, app).await
    }

    /// Like [`serving`](Self::serving), and `configure` sets more on the builder: claims, events,
    /// token lifetimes, a store. The clock and the provider `test` are already set;
    /// [`Builder::limits`] turns rate limits on again. Panics if Latchkey cannot be opened.
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
        let latchkey = opened.expect("Latchkey opens");
        let app = app(latchkey.clone());
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn({
            let latchkey = latchkey.clone();
            async move {
                let stopped = async { drop(stopped.await) };
                let served = latchkey.serve_with(Serving::new(listener), app, stopped);
                served.await.expect("the server ends well");
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

    /// Where the app listens, without a final slash.
    pub fn url(&self) -> &str {
        &self.client.url
    }

    /// The app's own handle: bans, sessions, what an operator does.
    pub fn latchkey(&self) -> &Latchkey {
        &self.latchkey
    }

    /// A client that has not signed in.
    pub fn client(&self) -> &ApiClient {
        &self.client
    }

    /// The provider, to be scripted: another name, an unverified address, an outage.
    pub fn provider(&self) -> &ScriptedProvider {
        &self.provider
    }

    /// The clock, which Latchkey and the provider share. It stands still until it is moved.
    pub fn clock(&self) -> &TestClock {
        &self.clock
    }

    /// Signs in with this address, in a session of its own; panics if that is refused. The first
    /// sign-in with an address opens the account.
    pub async fn sign_in(&self, email: &str) -> SignedIn {
        let signed_in = self.try_sign_in(email).await;
        signed_in.expect("the sign-in succeeds")
    }

    /// Signs in with this address, which may be refused: by a ban, or by what the app's claims say.
    pub async fn try_sign_in(&self, email: &str) -> Result<SignedIn, Refusal> {
        let begun = self.client.begin(PROVIDER).await;
        self.provider.tell_time(self.clock.now().as_secs());
        let callback = self.provider.approve_as(&begun, email);
        let answer = self.client.finish(&begun.cookie, &callback).await;
        if answer.status() != 200 {
            return Err(Refusal::of(answer).await);
        }
        Ok(SignedIn::new(self.client.clone(), tokens(answer).await))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Ends a session as an operator does: its tokens are refused from the next request on.
    pub async fn revoke(&self, session: &SignedIn) {
        let ended = self.latchkey.sessions().end(session.session_id()).await;
        assert!(ended.expect("the store answers"), "the session is known");
    }

    /// Stops the server and waits until it has stopped. Dropping the value does not wait.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        (&mut self.serving).await.expect("the server ends well");
    }
}

impl Drop for TestAuth {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
