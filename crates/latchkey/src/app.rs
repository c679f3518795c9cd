//! From the configuration to a running server: the one place that knows which clock and randomness
//! are real. What the command line asks for is in `commands`.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use latchkey_core::rights::{Source, Word};
use latchkey_core::{Clock, Rng};
use latchkey_identity::demo::DemoProvider;
use latchkey_identity::{HttpClient, OidcConfig, OidcProvider, Provider};
use latchkey_store::ChangeFeed;
use latchkey_tokens::{AccessTokens, BackupKey, RefreshTokens, SystemRng};
use latchkey_types::paths;
use tokio::net::TcpListener;

use crate::auth::access::Authenticator;
use crate::auth::denylist::Denylist;
use crate::auth::flows::Flows;
use crate::auth::freshness::{Freshness, Moment};
use crate::auth::issue::Issuer;
use crate::auth::keys::Keys;
use crate::auth::proof::Proofs;
use crate::auth::rate_limits::RateLimits;
use crate::clock::SystemClock;
use crate::config::{Config, PublicUrl};
use crate::control;
use crate::data_dir;
use crate::http::assets::Assets;
use crate::http::middleware::headers::{CommonHeaders, Hsts};
use crate::http::middleware::refusals::Refusals;
use crate::http::router::router;
use crate::http::serve::{ConnectionLimits, serve};
use crate::jobs;
use crate::master_key;
use crate::readiness::Readiness;
use crate::state::{AppState, DEMO_PROVIDER, State};
use crate::store;
use crate::tls;

/// The one client: the single-page app that this server serves.
const CLIENT_ID: &str = "latchkey";

/// A server that holds its port and is ready to serve.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its services.
    pub state: AppState,
    listener: TcpListener,
    pub(crate) certificates: Option<Arc<tls::Certificates>>,
    feed: Option<Box<dyn ChangeFeed>>,
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
    /// Opens the store, loads keys and denials, then takes the port: whoever connects is served.
    pub async fn prepare(mut config: Config, environment: Environment) -> anyhow::Result<Self> {
        let Environment {
            clock,
            rng,
            connections,
        } = environment;
        let assets = Assets::load(config.web_dir.as_deref())?;
        let certificates = config.tls.as_ref().map(tls::Certificates::load);
        let certificates = certificates.transpose()?;
        data_dir::make(&config.data_dir)?;
        let master = Arc::new(master_key::load(&config, &*rng)?);
        let now = clock.now();
        let store = store::open_known(&config, &*rng, now).await?;
        let keys = Keys::load(&*store, Arc::clone(&master), config.tokens.algorithm, now).await?;
        // From here on nothing is missed; then what was there before.
        let heard = Moment::now(now);
        let feed = store.follow().await?;
        let freshness = match config.store.shared() {
            Some(shared) => Freshness::shared(shared.max_staleness, heard),
            None => Freshness::Embedded,
        };
        let denylist = Denylist::default();
        let loaded = denylist.load(&*store).await;
        loaded.context("the denylist cannot be read")?;
        let listener = TcpListener::bind(config.listen).await.with_context(|| {
            format!(
                "listen: {} cannot be taken; is another server running there? Stop it, or choose \
                 another address",
                config.listen
            )
        })?;
        let address = listener.local_addr()?;
        let public_url = config
            .public_url
            .clone()
            .unwrap_or_else(|| PublicUrl::of_address(address, config.tls.is_some()));
        // On a loopback name it would lock a developer out of every other server there.
        let https = public_url.is_https() && !public_url.is_loopback();
        let hsts = https.then_some(if config.hsts_include_subdomains {
            Hsts::Subdomains
        } else {
            Hsts::Host
        });
        let access = AccessTokens::new(public_url.as_str(), CLIENT_ID);
        let refresh = RefreshTokens::new(public_url.as_str(), &master);
        let demo = config.demo.then(|| {
            let issuer = public_url.join(paths::DEMO);
            let redirect_uri = public_url.join(&paths::callback_of(DEMO_PROVIDER));
            DemoProvider::new(&issuer, &redirect_uri, Arc::clone(&rng))
        });
        if let Some(demo) = &demo {
            let source = demo_source(&config, demo);
            config.rights.sources.push(source);
        }
        let issuer = Issuer::new(
            access.clone(),
            refresh,
            Arc::clone(&rng),
            config.rights.clone(),
            config.tokens.binding,
        );
        let providers = providers(&config, demo.as_ref())?;
        let state = AppState::new(State {
            rate_limits: RateLimits::new(&config.limits),
            proofs: Proofs::new(&master, config.tokens.access_ttl),
            config,
            common_headers: CommonHeaders::new(hsts),
            public_url,
            clock,
            rng,
            store,
            keys,
            issuer,
            authenticator: Authenticator::new(access),
            flows: Flows::new(&master),
            backup_key: BackupKey::new(&master),
            denylist,
            freshness,
            refusals: Refusals::default(),
            readiness: Readiness::default(),
            hub: Arc::default(),
            providers,
            demo,
            assets,
        });
        Ok(Self {
            address,
            state,
            listener,
            certificates,
            feed,
            connections,
        })
    }

    /// Serves until `stop` is done or the store fails; the latter is an error.
    pub async fn run(self, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
        let control = control::listen(self.state.clone());
        let mut jobs = jobs::start(&self.state, self.feed);
        let tls = self.certificates.as_ref().map(tls::Certificates::acceptor);
        let tls = tls.transpose()?;
        if let Some(certificates) = self.certificates {
            jobs.spawn(certificates.follow());
        }
        let store = Arc::clone(&self.state.store);
        let failed = jobs::store_failure(Arc::clone(&store));
        let hub = Arc::clone(&self.state.hub);
        let stop = async {
            tokio::select! {
                () = stop => {}
                () = failed => {}
            }
            // Event streams never finish by themselves.
            hub.close();
        };
        let router = router(self.state.clone());
        serve(
            self.listener,
            tls,
            self.state,
            router,
            self.connections,
            stop,
        )
        .await;
        drop((jobs, control));
        jobs::has_failed(&*store)
            .await
            .context("the server stopped because its store failed")
    }
}

/// Beside a real provider the demo provider gives nobody a right that does not name it: anyone can
/// sign in there as anyone.
fn demo_source(config: &Config, demo: &DemoProvider) -> Source {
    let OidcConfig { id, issuer, .. } = demo.config();
    let word = if config.providers.is_empty() {
        Word::Any
    } else {
        Word::Domains(Vec::new())
    };
    Source {
        provider: id,
        issuer,
        google: false,
        word,
    }
}

/// The providers of the configuration, and the demo provider.
pub(crate) fn providers(
    config: &Config,
    demo: Option<&DemoProvider>,
) -> anyhow::Result<Vec<Arc<dyn Provider>>> {
    let http = HttpClient::new()?;
    let configs = config
        .providers
        .iter()
        .cloned()
        .chain(demo.map(DemoProvider::config));
    configs
        .map(|config| Ok(Arc::new(OidcProvider::new(config, http.clone())?) as Arc<dyn Provider>))
        .collect()
}
