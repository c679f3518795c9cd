//! From the configuration to a running server. It composes what any application composes: a builder,
//! Latchkey's router merged with routes of its own, and a listener.

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
use crate::tls;
use crate::web;
use crate::web::assets::Assets;

/// A server that holds its port and is ready to serve.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its Latchkey.
    pub latchkey: Latchkey,
    /// Its configuration.
    pub config: Arc<Config>,
    listener: TcpListener,
    router: Router,
    pub(crate) certificates: Option<Arc<tls::Certificates>>,
    connections: ConnectionLimits,
}

/// What tests replace.
#[derive(Clone)]
pub struct Environment {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub rng: Arc<dyn Rng>,
    /// How long one connection may take for what.
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
    /// Opens the store, loads keys and denials, then takes the port, so that a client that can connect
    /// is served.
    pub async fn prepare(config: Config, environment: Environment) -> anyhow::Result<Self> {
        let Environment {
            clock,
            rng,
            connections,
        } = environment;
        let assets = Arc::new(Assets::load(config.web_dir.as_deref())?);
        let certificates = config.tls.as_ref().map(tls::Certificates::load);
        let certificates = certificates.transpose()?;
        data_dir::make(&config.data_dir)?;
        // A port that the system chooses is known once it is taken, and the origin depends on it.
        let early = match config.listen.port() {
            0 => Some(listen(&config).await?),
            _ => None,
        };
        let address = early
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
            .trusted_proxies(config.trusted_proxies.clone())
            .bare_callback(config.bare_callback)
            .hsts_subdomains(config.hsts_include_subdomains)
            .demo_page_head(web::page_head(&assets))
            .clock(clock)
            .rng(rng);
        for provider in &config.providers {
            builder = builder.provider(Provider::oidc_with(provider.clone()));
        }
        if config.demo {
            builder = builder.provider(Provider::demo());
        }
        let latchkey = builder.open().await?;
        let listener = match early {
            Some(listener) => listener,
            None => listen(&config).await?,
        };
        let pages = web::router(latchkey.clone(), assets);
        Ok(Self {
            address: listener.local_addr()?,
            router: latchkey.wrap(pages).merge(latchkey.router()),
            latchkey,
            config: Arc::new(config),
            listener,
            certificates,
            connections,
        })
    }

    /// Serves until `stop` completes or the store fails; the latter is an error.
    pub async fn run(self, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
        let _control = control::listen(&self.config.data_dir, self.latchkey.clone());
        let tls = self.certificates.as_ref().map(tls::Certificates::acceptor);
        let serving = Serving::new(self.listener)
            .tls(tls.transpose()?)
            .limits(self.connections);
        let renewing = self
            .certificates
            .map(|certificates| tokio::spawn(certificates.follow()));
        let ended = self.latchkey.serve_with(serving, self.router, stop).await;
        if let Some(renewing) = renewing {
            renewing.abort();
        }
        Ok(ended?)
    }
}

async fn listen(config: &Config) -> anyhow::Result<TcpListener> {
    TcpListener::bind(config.listen).await.with_context(|| {
        format!(
            "listen: {} cannot be taken; is another server running there? Stop it, or choose \
             another address",
            config.listen
        )
    })
}
