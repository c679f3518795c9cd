//! Configures Latchkey and opens it: checks the settings, opens the store and builds the services.

mod providers;

use std::future::Future;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use futures_util::FutureExt as _;
use latchkey_core::rights::Rights;
use latchkey_core::user::LOCAL;
use latchkey_core::{Clock, Rng, Timestamp, User};
use latchkey_guard::{
    Authenticator, ClockReading, CurrentRoles, Denylist, Freshness, Guard, GuardParts, Keys, Proofs,
};
use latchkey_identity::HttpClient;
use latchkey_tokens::{AccessTokens, BackupKey, RefreshTokens, SystemRng};

use crate::claims::{Claims, ClaimsError, ClaimsHook};
use crate::clock::SystemClock;
use crate::event::{Event, EventHook};
use crate::http::middleware::headers::{CommonHeaders, Hsts};
use crate::latchkey::Latchkey;
use crate::open::{MasterKey, OpenError, Store, data_dir};
use crate::provider::Provider;
use crate::services::audit_log::AuditLog;
use crate::services::exports::Exports;
use crate::services::flows::Flows;
use crate::services::issuer::Issuer;
use crate::services::local::Local;
use crate::services::local::mailer::Mailer;
use crate::services::metrics::Metrics;
use crate::services::rate_limits::RateLimits;
use crate::services::readiness::Readiness;
use crate::services::signing_keys::SigningKeys;
use crate::services::statistics::Statistics;
use crate::services::{RolesNow, Services, denials};
use crate::settings::{
    AuditSettings, Limits, Mail, PublicUrl, Settings, TokenSettings, TrustedProxies,
};

/// The OAuth client id of the app that the public origin serves.
const CLIENT_ID: &str = "latchkey";

/// Configures and opens a [`Latchkey`]. See [`Latchkey::builder`].
#[must_use]
pub struct Builder {
    public_url: String,
    settings: Settings,
    rights: Option<Rights>,
    store: Option<Store>,
    master_key: Option<MasterKey>,
    providers: Vec<Provider>,
    mail: Option<Mail>,
    claims: Option<ClaimsHook>,
    events: Vec<EventHook>,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    hsts_subdomains: bool,
    demo_page_head: String,
}

impl Latchkey {
    /// Starts a builder. The public URL is the origin that browsers use, such as
    /// `https://notes.example.com`, without a path. `http://` is accepted for loopback addresses
    /// only.
    ///
    /// ```no_run
    /// use latchkey_axum::{Latchkey, MasterKey, Provider, Store};
    ///
    /// # async fn run() -> Result<(), latchkey_axum::OpenError> {
    /// let auth = Latchkey::builder("https://notes.example.com")
    ///     .store(Store::sled("data"))
    ///     .master_key(MasterKey::file("data/master.key"))
    ///     .provider(Provider::google("id", "secret"))
    ///     .open()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder(public_url: impl Into<String>) -> Builder {
        Builder::new(public_url.into())
    }
}

impl Builder {
    fn new(public_url: String) -> Self {
        Self {
            public_url,
            settings: Settings::default(),
            rights: None,
            store: None,
            master_key: None,
            providers: Vec::new(),
            mail: None,
            claims: None,
            events: Vec::new(),
            clock: Arc::new(SystemClock),
            rng: Arc::new(SystemRng),
            hsts_subdomains: false,
            demo_page_head: String::new(),
        }
    }

    /// The store of users, sessions and denials. Required.
    pub fn store(mut self, store: Store) -> Self {
        self.store = Some(store);
        self
    }

    /// The key from which all other keys are derived. Required.
    pub fn master_key(mut self, key: MasterKey) -> Self {
        self.master_key = Some(key);
        self
    }

    /// Adds a provider. Without a provider nobody can sign in. Names must be unique.
    pub fn provider(mut self, provider: Provider) -> Self {
        self.providers.push(provider);
        self
    }

    /// Sets the mail server that sends invitations and links to set the password of a local account.
    pub fn mail(mut self, mail: Mail) -> Self {
        self.mail = Some(mail);
        self
    }

    /// Sets the function that determines roles and claims for a user's access tokens. It receives
    /// the user and the current time, and is called at sign-in, at every refresh and by the
    /// extractor `Admin`. Removing a role therefore takes effect when the access token expires, and
    /// immediately at routes for administrators. [`ClaimsError`] describes the effect of an error.
    /// When a user signs up with a password, it is called before the account is created.
    /// Roles and claims together are limited to [`MAX_CLAIMS_BYTES`](crate::MAX_CLAIMS_BYTES).
    pub fn claims<F, R>(mut self, claims: F) -> Self
    where
        F: Fn(User, Timestamp) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Claims, ClaimsError>> + Send + 'static,
    {
        self.claims = Some(Arc::new(move |user, at| claims(user, at).boxed()));
        self
    }

    /// Adds a function that is called after each change, once the change is durable and before the
    /// response is sent. Several functions can be added. A function must not block: for slow work,
    /// send the event to another task. Only the server that makes a change calls it, not other
    /// servers with the same store. A session that expires is not reported.
    pub fn on(mut self, hook: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.events.push(Arc::new(hook));
        self
    }

    /// Sets token lifetimes, the signature algorithm and binding.
    pub fn tokens(mut self, tokens: TokenSettings) -> Self {
        self.settings.tokens = tokens;
        self
    }

    /// Sets rate limits and the maximum number of sessions per user.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.settings.limits = limits;
        self
    }

    /// Sets how long audit records are kept.
    pub fn audit(mut self, audit: AuditSettings) -> Self {
        self.settings.audit = audit;
        self
    }

    /// Trusts the `X-Forwarded-For` header of these proxies. Without it, all clients behind a proxy
    /// share one address and its rate limit. By default no proxy is trusted, not even on loopback.
    pub fn trusted_proxies(mut self, proxies: TrustedProxies) -> Self {
        self.settings.trusted_proxies = proxies;
        self
    }

    /// Sets the admission rules and the administrators from the configuration file. Applications
    /// implement both in [`claims`](Self::claims). `rights.providers` must list every provider
    /// except local accounts and the demo provider, which are added automatically: users of
    /// unlisted providers are refused.
    #[doc(hidden)]
    pub fn rights(mut self, rights: Rights) -> Self {
        self.rights = Some(rights);
        self
    }

    /// Replaces the system clock, for tests.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Replaces the system's random number generator, for tests.
    pub fn rng(mut self, rng: Arc<dyn Rng>) -> Self {
        self.rng = rng;
        self
    }

    /// Lets the only provider redirect to `/callback`, as in earlier versions.
    #[doc(hidden)]
    pub fn bare_callback(mut self, bare: bool) -> Self {
        self.settings.bare_callback = bare;
        self
    }

    /// Extends `Strict-Transport-Security` to all subdomains of the public host.
    #[doc(hidden)]
    pub fn hsts_subdomains(mut self, subdomains: bool) -> Self {
        self.hsts_subdomains = subdomains;
        self
    }

    /// Sets HTML for the `<head>` of the demo provider's page, such as stylesheet links.
    #[doc(hidden)]
    pub fn demo_page_head(mut self, html: String) -> Self {
        self.demo_page_head = html;
        self
    }

    /// Opens the store, loads keys and denials, and starts the background jobs. Requires a tokio
    /// runtime. Does not listen on a port, read environment variables or contact providers; a
    /// provider is contacted at its first sign-in.
    ///
    /// # Errors
    ///
    /// Returns an error if the public URL, a setting, a provider or the master key is not valid, if
    /// the store or the master key is not set, or if the store cannot be opened.
    pub async fn open(self) -> Result<Latchkey, OpenError> {
        Ok(self.try_open().await?)
    }

    async fn try_open(mut self) -> anyhow::Result<Latchkey> {
        let public_url = PublicUrl::parse(&self.public_url).map_err(anyhow::Error::msg)?;
        let Some(store) = self.store.take() else {
            bail!("no store is set; call .store(Store::sled(\"data\")), for example");
        };
        let Some(master_key) = self.master_key.take() else {
            bail!("no master key is set; call .master_key(MasterKey::file(\"data/master.key\"))");
        };
        self.settings.check().map_err(anyhow::Error::msg)?;
        let demo = self.demo(&public_url)?;
        self.check_names()?;
        let configs = self.provider_configs(demo.as_ref());
        let sign_up = self.sign_up();
        let mailer = self.mail.as_ref().map(Mailer::new).transpose()?;
        self.settings.rights = self.take_rights(&configs, demo.as_ref());
        let mut names: Vec<_> = configs.iter().map(|config| config.id.clone()).collect();
        names.extend(sign_up.map(|_| LOCAL.to_owned()));
        let http = HttpClient::new()?;
        let providers: Result<Vec<_>, _> = configs
            .into_iter()
            .map(|config| latchkey_identity::connect(config, http.clone()))
            .collect();
        let providers = providers?;

        if let Some(data_dir) = store.folder().and_then(|folder| folder.parent()) {
            data_dir::create_private(data_dir)?;
        }
        let master = master_key.load(store.folder(), &*self.rng)?;
        let now = self.clock.now();
        let metrics = Arc::new(Metrics::new(&names)?);
        let observe = metrics.store_observer();
        let opened = store.open(&*self.rng, now, observe).await?;
        let algorithm = self.settings.tokens.algorithm;
        let ring = SigningKeys::load(&*opened, &master, algorithm, now).await?;
        // The feed delivers all changes from now on; earlier denials are loaded below.
        let synced = ClockReading::now(now);
        let feed = opened.follow().await?;
        let freshness = match store.staleness() {
            Some(limit) if feed.is_some() => Freshness::shared(limit, synced),
            _ => Freshness::Embedded,
        };
        let denylist = Denylist::default();
        let loaded = denials::load(&denylist, &*opened).await;
        loaded.context("cannot load the denylist")?;

        let access = AccessTokens::new(public_url.as_str(), CLIENT_ID);
        let settings = self.settings;
        let current_roles: Arc<dyn CurrentRoles> = Arc::new(RolesNow {
            store: Arc::clone(&opened),
            rights: settings.rights.clone(),
            claims: self.claims.clone(),
            clock: Arc::clone(&self.clock),
        });
        let guard = Guard::new(GuardParts {
            authenticator: Authenticator::new(access.clone()),
            keys: Keys::new(ring),
            denylist,
            freshness,
            proofs: Proofs::new(&master, settings.tokens.access_ttl),
            clock: Arc::clone(&self.clock),
            origin: public_url.as_str().to_owned(),
            offers_dpop: settings.tokens.binding.binds_access_tokens(),
            current_roles: Some(current_roles),
        });
        let hsts = hsts(&public_url, self.hsts_subdomains);
        let local = sign_up.map(|sign_up| Local::new(sign_up, mailer, Arc::clone(&self.rng)));
        let services = Arc::new(Services {
            signing_keys: SigningKeys::new(guard.clone(), Arc::clone(&master), algorithm),
            issuer: Issuer::new(
                access,
                RefreshTokens::new(public_url.as_str(), &master),
                Arc::clone(&self.rng),
                settings.tokens.binding,
            ),
            rate_limits: RateLimits::new(&settings.limits),
            statistics: Statistics::new(&*self.rng),
            settings,
            public_url,
            clock: self.clock,
            rng: self.rng,
            store: opened,
            guard,
            flows: Flows::new(&master),
            readiness: Readiness::default(),
            audit: AuditLog::new(Arc::clone(&metrics)),
            metrics,
            store_kind: store.kind_name(),
            notifier: Arc::default(),
            providers,
            local,
            demo,
            backup_key: BackupKey::new(&master),
            claims: self.claims,
            events: self.events,
            exports: Exports::default(),
        });
        Ok(Latchkey::start(
            services,
            CommonHeaders::new(hsts),
            self.demo_page_head,
            feed,
        ))
    }
}

/// On a loopback name, HSTS would make all other servers on that name unreachable over HTTP.
fn hsts(public_url: &PublicUrl, subdomains: bool) -> Option<Hsts> {
    let https = public_url.is_https() && !public_url.is_loopback();
    https.then_some(if subdomains {
        Hsts::Subdomains
    } else {
        Hsts::Host
    })
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder")
            .field("public_url", &self.public_url)
            .finish_non_exhaustive()
    }
}
