//! The composition root: the one place that knows which store, clock and randomness are real.

mod backup;
mod bench_seed;
mod check;
mod data_dir;
mod files;
mod master_key;
mod operate;
mod progress;
mod signals;
mod store;
mod tls;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use latchkey_core::rights::{Source, Word};
use latchkey_core::{Clock, Rng};
use latchkey_identity::demo::DemoProvider;
use latchkey_identity::{HttpClient, OidcConfig, OidcProvider, Provider};
use latchkey_store::Feed;
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
use crate::cli::{Cli, Command, ConfigCommand, KeysCommand, Serve};
use crate::clock::SystemClock;
use crate::config::{self, Config, PublicUrl};
use crate::control;
use crate::http::assets::Assets;
use crate::http::middleware::headers::{CommonHeaders, Hsts};
use crate::http::middleware::refusals::Refusals;
use crate::http::router::router;
use crate::http::serve::{ConnectionLimits, serve};
use crate::jobs;
use crate::readiness::Readiness;
use crate::state::{AppState, DEMO_PROVIDER, State};
use crate::telemetry;

/// The one client: the single-page app that this server serves.
const CLIENT_ID: &str = "latchkey";

/// Does what the command line says.
pub fn run(cli: Cli) -> anyhow::Result<()> {
    data_dir::keep_private();
    match cli.command {
        Command::Serve(flags) => runtime()?.block_on(run_server(&flags)),
        Command::Config(ConfigCommand::Check(overrides)) => {
            let config = config::load_for(&overrides, std::env::vars_os())?;
            check::files(&config)?;
            say("the configuration is good");
            Ok(())
        }
        Command::Keys(KeysCommand::Rotate(overrides)) => {
            runtime()?.block_on(operate::rotate_keys(&overrides))
        }
        Command::Users(command) => runtime()?.block_on(operate::users(command)),
        Command::Sessions(command) => runtime()?.block_on(operate::sessions(command)),
        Command::Export(export) => runtime()?.block_on(backup::export(export)),
        Command::Import(import) => runtime()?.block_on(backup::import(import)),
        Command::BenchSeed(seed) => runtime()?.block_on(bench_seed::run(&seed)),
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?)
}

/// A server that holds its port and is ready to serve.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its services.
    pub state: AppState,
    listener: TcpListener,
    certificates: Option<Arc<tls::Certificates>>,
    feed: Option<Box<dyn Feed>>,
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

async fn run_server(flags: &Serve) -> anyhow::Result<()> {
    let config = config::load(flags, std::env::vars_os())?;
    telemetry::start(&config.log).map_err(anyhow::Error::msg)?;
    let hangups = signals::hangups();
    let server = Server::prepare(config, Environment::default()).await?;
    let stop = signals::stop();
    announce(&server);
    let certificates = server.certificates.clone();
    let renewing = tokio::spawn(signals::renew_at(hangups, certificates));
    let ended = server.run(stop).await;
    renewing.abort();
    ended?;
    tracing::info!("stopped");
    Ok(())
}

fn announce(server: &Server) {
    let state = &server.state;
    let providers: Vec<_> = state
        .providers
        .iter()
        .map(|provider| provider.id())
        .collect();
    if providers.is_empty() {
        tracing::warn!(
            "no provider is configured, so nobody can sign in: set GOOGLE_CLIENT_ID and \
             GOOGLE_CLIENT_SECRET, write a [providers.NAME] section, or try --demo"
        );
    }
    for provider in providers.iter().filter(|name| **name != DEMO_PROVIDER) {
        let redirect_uri = state.redirect_uri(provider);
        tracing::info!(
            provider,
            redirect_uri,
            "redirect URI to register with this provider"
        );
    }
    tracing::info!(
        providers = providers.join(" "),
        denials = state.denylist.len(),
        data_dir = %state.config.data_dir.display(),
        "ready"
    );
    let scheme = if server.certificates.is_some() {
        "https"
    } else {
        "http"
    };
    tracing::info!("listening on {scheme}://{}", server.address);
    if state.public_url.authority() != server.address.to_string() {
        tracing::info!("people reach it at {}", state.public_url);
    }
}

fn store_path(data_dir: &Path) -> std::path::PathBuf {
    data_dir.join("store")
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

fn providers(
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

#[expect(
    clippy::print_stderr,
    reason = "what a command warns of goes to standard error"
)]
fn warn(sentence: &str) {
    eprintln!("latchkey: warning: {sentence}");
}

#[expect(
    clippy::print_stdout,
    reason = "what a command answers goes to standard output"
)]
fn say(sentence: &str) {
    println!("{sentence}");
}
