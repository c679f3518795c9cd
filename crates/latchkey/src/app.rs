//! The composition root: builds a running server from the configuration. It uses the same parts as
//! any application that embeds Latchkey: the builder, a router that merges the application's routes
//! with Latchkey's, and a listener.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use latchkey_axum::internals::data_dir;
use latchkey_axum::{ConnectionLimits, Latchkey, Provider, PublicUrl, Serving, SystemClock};
use latchkey_core::{Clock, Rng};
use latchkey_tokens::SystemRng;
use tokio::net::TcpListener;

use crate::config::Config;
use crate::control;
use crate::metrics;
use crate::tls;
use crate::web;
use crate::web::assets::Assets;

/// A server that is bound to its port and ready to serve.
pub struct Server {
    /// The address that the server listens on.
    pub address: SocketAddr,
    /// The Latchkey handle.
    pub latchkey: Latchkey,
    /// The configuration.
    pub config: Arc<Config>,
    listener: TcpListener,
    /// The listener of `metrics.listen`.
    metrics: Option<TcpListener>,
    router: Router,
    pub(crate) certificates: Option<Arc<tls::Certificates>>,
    connections: ConnectionLimits,
}

/// Dependencies that tests replace.
#[derive(Clone)]
pub struct Environment {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The random number generator.
    pub rng: Arc<dyn Rng>,
    /// Timeouts and limits of connections.
    pub connections: ConnectionLimits,
}

impl Default for Environment {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            rng: Arc::new(SystemRng),
            connections: ConnectionLimits::default(),
        }
    }
}

impl Server {
    /// Opens the store and loads keys and denials. A configured port is bound last, so that a
    /// client that can connect is served.
    pub async fn prepare(config: Config, environment: Environment) -> anyhow::Result<Self> {
        let Environment {
            clock,
            rng,
            connections,
        } = environment;
        let assets = Arc::new(Assets::load(config.web_dir.as_deref())?);
        let certificates = config.tls.as_ref().map(tls::Certificates::load);
        let certificates = certificates.transpose()?;
        data_dir::create_private(&config.data_dir)?;
        // With port 0 the system chooses the port. The default public URL contains it, so the
        // listener is bound before the store is opened.
        let bound_early = match config.listen.port() {
            0 => Some(listen("listen", config.listen).await?),
            _ => None,
        };
        let address = bound_early
            .as_ref()
            .map_or(Ok(config.listen), TcpListener::local_addr)?;
        let public_url = match &config.public_url {
            Some(url) => url.clone(),
            None => PublicUrl::of_address(address, config.tls.is_some()),
        };
        let mut builder = Latchkey::builder(public_url.as_str())
            .store(config.store())
            .master_key(config.master_key())
            .rights(config.rights.clone())
            .tokens(config.tokens)
            .limits(config.limits)
            .audit(config.audit)
            .trusted_proxies(config.trusted_proxies.clone())
            .bare_callback(config.bare_callback)
            .hsts_subdomains(config.hsts_include_subdomains)
            .demo_page_head(assets.page_head())
            .clock(clock)
            .rng(rng);
        for provider in &config.providers {
            builder = builder.provider(Provider::with(provider.clone()));
        }
        if let Some(sign_up) = config.local {
            builder = builder.provider(Provider::local(sign_up));
        }
        if let Some(mail) = &config.mail {
            builder = builder.mail(mail.clone());
        }
        if config.demo {
            builder = builder.provider(Provider::demo());
        }
        let latchkey = builder.open().await?;
        let listener = match bound_early {
            Some(listener) => listener,
            None => listen("listen", config.listen).await?,
        };
        let metrics = match config.metrics.listen {
            Some(address) => Some(listen("metrics.listen", address).await?),
            None => None,
        };
        let mut pages = web::router(latchkey.clone(), assets);
        if let Some(token) = &config.metrics.token {
            pages = pages.merge(metrics::router(latchkey.clone(), Some(token.clone())));
        }
        Ok(Self {
            address: listener.local_addr()?,
            metrics,
            router: latchkey.wrap(pages).merge(latchkey.router()),
            latchkey,
            config: Arc::new(config),
            listener,
            certificates,
            connections,
        })
    }

    /// The address of `metrics.listen`.
    pub(crate) fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref()?.local_addr().ok()
    }

    /// Serves until `stop` completes, or until the store fails, which is an error.
    pub async fn run(self, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
        let _control = control::listen(&self.config.data_dir, self.latchkey.clone());
        let tls = self.certificates.as_ref().map(tls::Certificates::acceptor);
        let serving = Serving::new(self.listener)
            .tls(tls.transpose()?)
            .limits(self.connections);
        let renewal = self
            .certificates
            .map(|certificates| tokio::spawn(certificates.watch()));
        let token = self.config.metrics.token.clone();
        let latchkey = self.latchkey.clone();
        let limits = self.connections;
        let monitoring = self
            .metrics
            .map(|listener| tokio::spawn(metrics::serve(listener, latchkey, token, limits)));
        let ended = self.latchkey.serve_with(serving, self.router, stop).await;
        for task in [renewal, monitoring].into_iter().flatten() {
            task.abort();
        }
        Ok(ended?)
    }
}

/// Binds `address`, the value of the configuration key `key`.
async fn listen(key: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!(
            "{key}: cannot listen on {address}; if another server uses this address, stop it or \
             choose another address"
        )
    })
}
