//! The running Latchkey: a handle for routers, handlers and the application's own code.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use latchkey_guard::{Guard, GuardLayer};
use latchkey_store::StoreError;
use tokio::net::{TcpListener, ToSocketAddrs};
use tokio::task::JoinSet;

use crate::http::middleware::envelope::EnvelopeLayer;
use crate::http::middleware::headers::CommonHeaders;
use crate::http::middleware::refusals::Refusals;
use crate::http::state::{AppState, HttpState};
use crate::http::{ConnectionLimits, router, serve};
use crate::jobs::{self, Feed};
use crate::manage::{Operator, Sessions, Users};
use crate::services::Services;

/// Sign-in, refresh and revocation, ready to be merged into an axum app. Cheap to clone.
#[derive(Clone)]
pub struct Latchkey(Arc<Inner>);

struct Inner {
    state: AppState,
    jobs: Mutex<JoinSet<()>>,
}

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
        Self(Arc::new(Inner {
            state: AppState { services, http },
            jobs: Mutex::new(jobs),
        }))
    }

    /// Latchkey's routes below `/auth`, `/api` and `/.well-known`, with their middleware. Merge it
    /// into the application's router: routes of the application are not affected, and the router has
    /// no fallback.
    ///
    /// With `axum::serve`, use `into_make_service_with_connect_info::<SocketAddr>()`, so that rate
    /// limits and the list of devices know addresses; [`serve`](Self::serve) does so by itself.
    pub fn router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        self.wrap(router::router(self.0.state.clone()))
    }

    /// Puts Latchkey's middleware around other routes: security headers, a time limit, problem
    /// details for errors without a body.
    pub fn wrap<S: Clone + Send + Sync + 'static>(&self, routes: Router<S>) -> Router<S> {
        routes.layer(EnvelopeLayer::new(self.0.state.clone()))
    }

    /// A layer that refuses requests whose access token is not in force, for a whole sub-router.
    pub fn layer(&self) -> GuardLayer {
        GuardLayer::new(self.guard().clone())
    }

    /// Decides on access tokens.
    pub fn guard(&self) -> &Guard {
        &self.0.state.services.guard
    }

    /// Finds, bans and unbans users.
    pub fn users(&self) -> Users<'_> {
        Users(self.services())
    }

    /// Lists and ends sessions.
    pub fn sessions(&self) -> Sessions<'_> {
        Sessions(self.services())
    }

    /// Acts that concern everyone: end all sessions, rotate keys, back up.
    pub fn operator(&self) -> Operator<'_> {
        Operator(self.services())
    }

    /// The redirect URIs to register, by provider.
    pub fn redirect_uris(&self) -> Vec<(String, String)> {
        let services = &self.0.state.services;
        let uris = services.providers.iter().map(|provider| {
            let name = provider.id();
            (name.to_owned(), services.redirect_uri(name))
        });
        uris.collect()
    }

    /// Whether requests can be served, with the reasons why not.
    pub async fn health(&self) -> Result<(), Vec<String>> {
        crate::use_cases::health::check(&self.0.state.services).await
    }

    /// Listens on an address and serves an application until the process is asked to stop (Ctrl-C or
    /// SIGTERM) or the store fails. Unlike `axum::serve` it limits how long a client may take to send
    /// and to read, and how many connections an address may hold.
    pub async fn serve(&self, address: impl ToSocketAddrs, app: Router) -> io::Result<()> {
        let listener = TcpListener::bind(address).await?;
        self.serve_with(Serving::new(listener), app, serve::stop_signal())
            .await
    }

    /// The same with a listener, limits and TLS of one's own, until `stop` completes.
    pub async fn serve_with(
        &self,
        serving: Serving,
        app: Router,
        stop: impl Future<Output = ()>,
    ) -> io::Result<()> {
        let store = Arc::clone(&self.0.state.services.store);
        let failed = jobs::store_failure(Arc::clone(&store));
        let stop = async {
            tokio::select! {
                () = stop => {}
                () = failed => {}
            }
            // Event streams do not end by themselves.
            self.0.state.services.notifier.close();
        };
        serve::serve(
            serving.listener,
            serving.tls,
            &self.0.state.services.settings,
            app,
            serving.limits,
            stop,
        )
        .await;
        self.shutdown().await;
        let failure = jobs::permanent_failure(&*store).await;
        failure.map_err(|error: StoreError| {
            io::Error::other(format!(
                "the server stopped because its store failed: {error}"
            ))
        })
    }

    /// Closes event streams and ends the jobs. [`serve`](Self::serve) does this when it ends; call it
    /// after `axum::serve`.
    pub async fn shutdown(&self) {
        self.0.state.services.notifier.close();
        let mut jobs = {
            let mut jobs = self.0.jobs.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *jobs)
        };
        jobs.shutdown().await;
    }

    /// The services behind the public names.
    #[doc(hidden)]
    pub fn services(&self) -> &Arc<Services> {
        &self.0.state.services
    }
}

/// A listener and how to serve it.
pub struct Serving {
    pub(crate) listener: TcpListener,
    pub(crate) tls: Option<tokio_rustls::TlsAcceptor>,
    pub(crate) limits: ConnectionLimits,
}

impl Serving {
    /// Plain HTTP with the usual limits.
    pub fn new(listener: TcpListener) -> Self {
        Self {
            listener,
            tls: None,
            limits: ConnectionLimits::default(),
        }
    }

    /// Accepts TLS.
    #[must_use]
    pub fn tls(mut self, acceptor: Option<tokio_rustls::TlsAcceptor>) -> Self {
        self.tls = acceptor;
        self
    }

    /// Other limits for connections.
    #[must_use]
    pub fn limits(mut self, limits: ConnectionLimits) -> Self {
        self.limits = limits;
        self
    }
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
            .field("public_url", &self.0.state.services.public_url)
            .finish_non_exhaustive()
    }
}
