//! The handle of a running Latchkey, for routers, handlers and other code of the application.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use latchkey_core::{Requester, ServerAct};
use latchkey_guard::{Guard, GuardLayer};
use latchkey_store::StoreError;
use tokio::net::{TcpListener, ToSocketAddrs};

use crate::http::middleware::envelope::EnvelopeLayer;
use crate::http::middleware::headers::CommonHeaders;
use crate::http::middleware::refusals::Refusals;
use crate::http::state::{AppState, HttpState};
use crate::http::{ConnectionLimits, openapi, router, serve};
use crate::jobs::{self, Feed};
use crate::manage::{Operator, Sessions, Users};
use crate::services::Services;

/// Sign-in, refresh and revocation, ready to be merged into an axum app. Cheap to clone.
///
/// ```
/// use latchkey_axum::{Latchkey, MasterKey, Provider, Store};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let auth = Latchkey::builder("http://127.0.0.1:3000")
///     .store(Store::memory())
///     .master_key(MasterKey::random())
///     .provider(Provider::demo())
///     .open()
///     .await?;
/// assert_eq!(auth.health().await, Ok(()));
/// let [(provider, uri)] = &auth.redirect_uris()[..] else {
///     panic!("one provider");
/// };
/// assert_eq!(provider, "demo");
/// assert_eq!(uri, "http://127.0.0.1:3000/callback/demo");
/// auth.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Latchkey(AppState);

impl Latchkey {
    pub(crate) fn start(
        services: Arc<Services>,
        common_headers: CommonHeaders,
        demo_page_head: String,
        feed: Feed,
    ) -> Self {
        let http = Arc::new(HttpState {
            common_headers,
            refusals: Refusals::default(),
            demo_page_head,
        });
        let jobs = jobs::start(&services, &http, feed);
        Self(AppState {
            services,
            http,
            jobs: Arc::new(Mutex::new(jobs)),
        })
    }

    /// Latchkey's routes below `/auth`, `/api` and `/.well-known` (and `/demo` with the demo
    /// provider), with their middleware. Merge them into the application's router. The middleware
    /// does not affect the application's routes, and there is no fallback. `merge` panics if the
    /// application has one of these routes.
    ///
    /// With `axum::serve`, use `into_make_service_with_connect_info::<SocketAddr>()`: rate limits
    /// and the list of devices need client addresses. [`serve`](Self::serve) provides them.
    pub fn router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        router::router(self.0.clone()).route_layer(EnvelopeLayer::new(self.0.clone()))
    }

    /// Wraps the routes of the binary in Latchkey's middleware: security headers, a body limit of
    /// 64 KiB, a time limit, and problem details for errors below `/api` and `/auth`.
    #[doc(hidden)]
    pub fn wrap<S: Clone + Send + Sync + 'static>(&self, routes: Router<S>) -> Router<S> {
        routes.layer(EnvelopeLayer::new(self.0.clone()))
    }

    /// A layer for a whole router that refuses requests without a valid access token, like the
    /// extractor `User`. Handlers behind it can still take `User`; the token is verified once.
    pub fn layer(&self) -> GuardLayer {
        GuardLayer::new(self.guard().clone())
    }

    /// The guard, which decides on access tokens.
    pub fn guard(&self) -> &Guard {
        &self.0.services.guard
    }

    /// A handle to find users, ban and unban them, and grant them roles.
    pub fn users(&self) -> Users<'_> {
        Users(self.services())
    }

    /// A handle to list and end sessions.
    pub fn sessions(&self) -> Sessions<'_> {
        Sessions(self.services())
    }

    /// A handle to end all sessions of all users, rotate signing keys, or export a backup.
    pub fn operator(&self) -> Operator<'_> {
        Operator(self.services())
    }

    /// The redirect URIs to register with the providers, as pairs of provider name and URI.
    pub fn redirect_uris(&self) -> Vec<(String, String)> {
        let services = &self.0.services;
        let uris = services.providers.iter().map(|provider| {
            let name = provider.id();
            (name.to_owned(), services.redirect_uri(name))
        });
        uris.collect()
    }

    /// Checks whether requests can be served. Suitable for a readiness probe.
    ///
    /// # Errors
    ///
    /// Returns the reasons why requests cannot be served: the store is unavailable, the denylist
    /// is too old, or the system clock was moved back.
    pub async fn health(&self) -> Result<(), Vec<String>> {
        crate::use_cases::health::check(&self.0.services).await
    }

    /// The OpenAPI 3.1 document of Latchkey's routes, for documentation and for code generators.
    ///
    /// ```
    /// use latchkey_axum::{Latchkey, MasterKey, Store};
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let auth = Latchkey::builder("http://127.0.0.1:3000")
    ///     .store(Store::memory())
    ///     .master_key(MasterKey::random())
    ///     .open()
    ///     .await?;
    /// let document = auth.openapi();
    /// assert_eq!(document["paths"]["/api/me"]["get"]["operationId"], "getMe");
    /// # Ok(())
    /// # }
    /// ```
    pub fn openapi(&self) -> serde_json::Value {
        openapi::document(self.0.services.public_url.as_str())
    }

    /// Metrics in Prometheus' text format (version 0.0.4). Serve them on a route that only your
    /// monitoring can reach: they reveal how many users sign in, and with which providers.
    ///
    /// ```
    /// use axum::Router;
    /// use axum::http::header::CONTENT_TYPE;
    /// use axum::routing::get;
    /// use latchkey_axum::Latchkey;
    ///
    /// fn monitoring(auth: Latchkey) -> Router {
    ///     let metrics = move || async move {
    ///         ([(CONTENT_TYPE, Latchkey::METRICS_TYPE)], auth.metrics().await)
    ///     };
    ///     Router::new().route("/metrics", get(metrics))
    /// }
    /// ```
    pub async fn metrics(&self) -> String {
        let ready = self.health().await.is_ok();
        crate::use_cases::metrics::read(&self.0.services, ready)
    }

    /// The media type of [`metrics`](Self::metrics).
    pub const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

    /// Listens on an address and serves an application until the process is asked to stop (Ctrl-C
    /// or SIGTERM) or the store fails permanently. Unlike `axum::serve`, it limits how long a
    /// client may take to send headers and read responses, and how many connections an address may
    /// hold. It calls [`shutdown`](Self::shutdown) at the end.
    ///
    /// # Errors
    ///
    /// Returns an error if the port cannot be opened, if the demo provider is used on an address
    /// other than loopback, or if the store failed.
    pub async fn serve(&self, address: impl ToSocketAddrs, app: Router) -> io::Result<()> {
        let listener = TcpListener::bind(address).await?;
        self.serve_with(Serving::new(listener), app, serve::stop_signal())
            .await
    }

    /// Like [`serve`](Self::serve), with your own listener, limits and TLS, until `stop` completes.
    ///
    /// # Errors
    ///
    /// Those of `serve`.
    pub async fn serve_with(
        &self,
        serving: Serving,
        app: Router,
        stop: impl Future<Output = ()>,
    ) -> io::Result<()> {
        let address = serving.listener.local_addr()?;
        if self.0.services.demo.is_some() && !address.ip().to_canonical().is_loopback() {
            return Err(io::Error::other(format!(
                "the demo provider lets anyone sign in as anyone, so it can be served only on a \
                 loopback address, not on {address}"
            )));
        }
        let services = &self.0.services;
        let version = env!("CARGO_PKG_VERSION");
        let detail = format!("version {version}, store {}", services.store_kind);
        services.audit.record_act(
            services.clock.now(),
            ServerAct::Started,
            Requester::default(),
            Some(detail),
        );
        let store = Arc::clone(&services.store);
        let failed = jobs::store_failure(Arc::clone(&store));
        let stop = async {
            tokio::select! {
                () = stop => {}
                () = failed => {}
            }
            // Event streams would keep their connections open.
            self.0.services.notifier.close();
        };
        serve::serve(
            serving.listener,
            serving.tls,
            &self.0.services.settings,
            app,
            serving.limits,
            stop,
        )
        .await;
        self.shutdown().await;
        let failure = jobs::permanent_failure(&*store).await;
        failure.map_err(stopped_by)
    }

    /// Closes event streams and stops the background jobs. [`serve`](Self::serve) calls it. With
    /// `axum::serve`, await it at the end of the future passed to `with_graceful_shutdown`;
    /// otherwise an open event stream delays the shutdown until its access token expires.
    pub async fn shutdown(&self) {
        self.0.services.notifier.close();
        let mut jobs = {
            let mut jobs = self.0.jobs.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *jobs)
        };
        jobs.shutdown().await;
        jobs::finish_audit(&self.0.services).await;
    }

    /// The services, for the binary and tests.
    #[doc(hidden)]
    pub fn services(&self) -> &Arc<Services> {
        &self.0.services
    }
}

/// A listener, with TLS and limits.
pub struct Serving {
    pub(crate) listener: TcpListener,
    pub(crate) tls: Option<tokio_rustls::TlsAcceptor>,
    pub(crate) limits: ConnectionLimits,
}

impl Serving {
    /// Plain HTTP with the default limits.
    pub fn new(listener: TcpListener) -> Self {
        Self {
            listener,
            tls: None,
            limits: ConnectionLimits::default(),
        }
    }

    /// Accepts TLS connections, or plain HTTP if `None`.
    #[must_use]
    pub fn tls(mut self, acceptor: Option<tokio_rustls::TlsAcceptor>) -> Self {
        self.tls = acceptor;
        self
    }

    /// Sets limits for connections.
    #[must_use]
    pub fn limits(mut self, limits: ConnectionLimits) -> Self {
        self.limits = limits;
        self
    }
}

/// Why the server stopped. The cause is available as the source.
#[derive(Debug, thiserror::Error)]
#[error("the server stopped because its store failed")]
struct StoreFailure(#[source] StoreError);

fn stopped_by(error: StoreError) -> io::Error {
    io::Error::other(StoreFailure(error))
}

impl fmt::Debug for Serving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serving").finish_non_exhaustive()
    }
}

impl AsRef<Guard> for Latchkey {
    fn as_ref(&self) -> &Guard {
        self.guard()
    }
}

impl fmt::Debug for Latchkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Latchkey")
            .field("public_url", &self.0.services.public_url)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn error_of_a_failed_store_has_the_store_error_as_its_source() {
        let error = stopped_by(StoreError::Stopped("disk full".to_owned()));
        assert!(error.to_string().contains("its store failed"), "{error}");
        let source = error
            .source()
            .and_then(<dyn core::error::Error>::downcast_ref);
        let source: &StoreError = source.expect("a store error");
        assert!(source.to_string().contains("disk full"), "{source}");
    }
}
