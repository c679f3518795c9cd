//! Everything a request may need, put together once at start.

use std::ops::Deref;
use std::sync::Arc;

use latchkey_core::{Clock, Denial, Rng, UserId};
use latchkey_identity::Provider;
use latchkey_identity::demo::DemoProvider;
use latchkey_store::Store;
use latchkey_tokens::BackupKey;
use latchkey_types::paths;

use crate::auth::access::Authenticator;
use crate::auth::denylist::Denylist;
use crate::auth::flows::Flows;
use crate::auth::freshness::Freshness;
use crate::auth::hub::Hub;
use crate::auth::issue::Issuer;
use crate::auth::keys::Keys;
use crate::auth::proof::Proofs;
use crate::auth::rate_limits::RateLimits;
use crate::backup::Export;
use crate::config::{Config, PublicUrl};
use crate::http::assets::Assets;
use crate::http::middleware::headers::CommonHeaders;
use crate::http::middleware::refusals::Refusals;
use crate::readiness::Readiness;

/// The name of the built-in provider.
pub const DEMO_PROVIDER: &str = "demo";

/// A handle on the services; cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<State>);

/// The services themselves.
pub struct State {
    /// The configuration.
    pub config: Config,
    /// The one origin.
    pub public_url: PublicUrl,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub rng: Arc<dyn Rng>,
    /// The records.
    pub store: Arc<dyn Store>,
    /// The signing keys.
    pub keys: Keys,
    /// Makes tokens.
    pub issuer: Issuer,
    /// Checks access tokens.
    pub authenticator: Authenticator,
    /// Checks DPoP proofs.
    pub proofs: Proofs,
    /// The sign-ins under way.
    pub flows: Flows,
    /// What is refused although its signature is good.
    pub denylist: Denylist,
    /// Whether what is refused is known up to the present.
    pub freshness: Freshness,
    /// Whether the store is well.
    pub readiness: Readiness,
    /// Who asked for how much lately.
    pub rate_limits: RateLimits,
    /// What was refused lately, for the log.
    pub refusals: Refusals,
    /// Who is to be told at once.
    pub hub: Arc<Hub>,
    /// The ways to sign in, in the order in which to offer them.
    pub providers: Vec<Arc<dyn Provider>>,
    /// The provider of `--demo`.
    pub demo: Option<DemoProvider>,
    /// What backups are authenticated with.
    pub backup_key: BackupKey,
    /// The single-page app.
    pub assets: Assets,
    /// What every response carries.
    pub common_headers: CommonHeaders,
}

impl AppState {
    /// Shares these services.
    pub fn new(state: State) -> Self {
        Self(Arc::new(state))
    }
}

impl Deref for AppState {
    type Target = State;

    fn deref(&self) -> &State {
        &self.0
    }
}

impl State {
    /// Refuses from now on what these denials of an account say, and tells its open streams. The
    /// store has the denials by then; this is the one way in which the server hears of them.
    pub fn deny(&self, user: UserId, denials: &[Denial]) {
        for denial in denials {
            self.denylist.insert(denial);
        }
        self.hub.wake(user);
    }

    /// The same for a denial that concerns all accounts.
    pub fn deny_everyone(&self, denial: &Denial) {
        self.denylist.insert(denial);
        self.hub.wake_all();
    }

    /// A backup of the store, which goes on meanwhile.
    pub fn export(&self) -> Export {
        Export::of(Arc::clone(&self.store), self.backup_key.clone())
    }

    /// The redirect URI to register with this provider. No two providers share one, so that an
    /// answer shows by where it arrived whose it is.
    pub fn redirect_uri(&self, provider: &str) -> String {
        if self.config.bare_callback && provider != DEMO_PROVIDER {
            self.public_url.join(paths::CALLBACK)
        } else {
            self.public_url.join(&paths::callback_of(provider))
        }
    }
}
