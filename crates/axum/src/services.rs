//! What use cases depend on, built once at start: the store, the clock, keys, rate limits. HTTP
//! types do not belong here.
//!
//! ```
//! use latchkey_axum::{Latchkey, MasterKey, Store};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let auth = Latchkey::builder("http://127.0.0.1:3000")
//!     .store(Store::memory())
//!     .master_key(MasterKey::random())
//!     .open()
//!     .await?;
//! let services = auth.services();
//! let uri = services.redirect_uri("google");
//! assert_eq!(uri, "http://127.0.0.1:3000/callback/google");
//! # Ok(())
//! # }
//! ```

pub mod announce;
pub mod audit_log;
pub mod denials;
pub mod event_stream;
pub mod exports;
pub mod flows;
pub mod issuer;
pub mod local;
pub mod metrics;
pub mod networks;
pub mod notifier;
pub mod opening;
pub mod rate_limits;
pub mod readiness;
pub mod signing_keys;
pub mod statistics;
pub mod user_agent;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use async_trait::async_trait;
use latchkey_core::{
    Clock, Denial, EndReason, Requester, Rights, Rng, ServerAct, SessionId, Timestamp, User, UserId,
};
use latchkey_guard::{CurrentRoles, Guard};
use latchkey_identity::Provider;
use latchkey_identity::demo::DemoProvider;
use latchkey_store::Store;
use latchkey_tokens::BackupKey;
use latchkey_types::paths;

use self::audit_log::{AuditLog, RefusedRequest};
use self::exports::Exports;
use self::flows::Flows;
use self::issuer::Issuer;
use self::local::Local;
use self::metrics::Metrics;
use self::notifier::AccountNotifier;
use self::rate_limits::RateLimits;
use self::readiness::Readiness;
use self::signing_keys::{KeysError, Rotation, SigningKeys};
use self::statistics::Statistics;
use crate::backup::Export;
use crate::claims::{Claims, ClaimsError, ClaimsHook};
use crate::event::{Event, EventHook};
use crate::settings::{PublicUrl, Settings};

/// The name of the built-in provider.
pub const DEMO_PROVIDER: &str = "demo";

/// All services of one server.
pub struct Services {
    /// The settings that the builder checked.
    pub settings: Settings,
    /// The public origin.
    pub public_url: PublicUrl,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// The source of randomness.
    pub rng: Arc<dyn Rng>,
    /// Users, sessions, denials and the other records.
    pub store: Arc<dyn Store>,
    /// Authenticates requests by their access tokens.
    pub guard: Guard,
    /// Creates and rotates signing keys.
    pub signing_keys: SigningKeys,
    /// Issues tokens.
    pub issuer: Issuer,
    /// The sign-ins in progress.
    pub flows: Flows,
    /// Whether the store is reachable.
    pub readiness: Readiness,
    /// Metrics for monitoring.
    pub metrics: Arc<Metrics>,
    /// Audit records that wait to be written.
    pub audit: AuditLog,
    /// Counts by hour, and the number of users and sessions.
    pub statistics: Statistics,
    /// The kind of store, such as `sled`.
    pub store_kind: &'static str,
    /// Counts requests by client.
    pub rate_limits: RateLimits,
    /// Open event streams by user.
    pub notifier: Arc<AccountNotifier>,
    /// The providers, in the order in which the sign-in page shows them.
    pub providers: Vec<Arc<dyn Provider>>,
    /// Local accounts, if they are enabled.
    pub local: Option<Local>,
    /// The built-in demo provider, if it is enabled.
    pub demo: Option<DemoProvider>,
    /// Authenticates backups.
    pub backup_key: BackupKey,
    /// The application's function that determines roles and claims.
    pub claims: Option<ClaimsHook>,
    /// Called after each change.
    pub events: Vec<EventHook>,
    /// Exports of users' own data.
    pub exports: Exports,
}

impl Services {
    /// Adds these denials of a user to the denylist and notifies the user's open event streams. The
    /// denials must be durable in the store already.
    pub fn deny(&self, user: UserId, denials: &[Denial]) {
        for denial in denials {
            self.guard.denylist().insert(denial);
        }
        self.notifier.notify(user);
    }

    /// Adds this number of sessions, which one change ended, to the metrics. The end of a single
    /// session is counted by [`report`](Self::report).
    pub fn count_ended(&self, reason: EndReason, sessions: usize) {
        self.metrics.sessions_ended(reason, sessions);
    }

    /// Like [`deny`](Self::deny), for a denial that concerns all users.
    pub fn deny_everyone(&self, denial: &Denial) {
        self.guard.denylist().insert(denial);
        self.notifier.notify_all();
    }

    /// Reports a durable change to the application. The change remains in effect even if the
    /// application panics.
    pub fn report(&self, event: &Event) {
        match event {
            Event::SignedIn { .. } => self.metrics.session_opened(),
            Event::SessionEnded { reason, .. } => self.metrics.sessions_ended(*reason, 1),
            _ => {}
        }
        for hook in &self.events {
            if catch_unwind(AssertUnwindSafe(|| hook(event))).is_err() {
                tracing::error!(?event, "event handler panicked");
            }
        }
    }

    /// Adds an audit record of a refused or failed request.
    pub fn refuse(&self, refusal: RefusedRequest) {
        self.audit.refuse(self.clock.now(), refusal);
    }

    /// Adds a signing key, as [`SigningKeys::add`] describes, and loads it. `by` is `None` for a
    /// scheduled rotation.
    pub async fn rotate_keys(&self, by: Option<Requester>) -> Result<Rotation, KeysError> {
        let now = self.clock.now();
        let added = self.signing_keys.add(&*self.store, now).await?;
        let is_new = added.is_some();
        if is_new {
            // Recorded before the keys are loaded: if loading them fails, a second rotation finds
            // the new key, adds none and records nothing.
            let act = ServerAct::KeyRotated;
            self.audit
                .record_act(now, act, by.unwrap_or_default(), added);
        }
        self.signing_keys.reload(&*self.store).await?;
        Ok(self.signing_keys.rotation(is_new, now))
    }

    /// A backup of the store, which stays in use during the export.
    pub fn export(&self, by: Requester) -> Export {
        let (now, act) = (self.clock.now(), ServerAct::Exported);
        self.audit.record_act(now, act, by, None);
        Export::of(Arc::clone(&self.store), self.backup_key.clone())
    }

    /// The provider with this name.
    pub fn provider(&self, name: &str) -> Option<&dyn Provider> {
        let found = self.providers.iter().find(|it| it.id() == name);
        found.map(|provider| &**provider)
    }

    /// The redirect URI to register with this provider. Each provider has a different one, so the
    /// URI at which an authorization response arrives identifies the provider (RFC 9700 §4.4.2).
    pub fn redirect_uri(&self, provider: &str) -> String {
        if self.settings.bare_callback && provider != DEMO_PROVIDER {
            self.public_url.join(paths::CALLBACK)
        } else {
            self.public_url.join(&paths::callback_of(provider))
        }
    }

    /// The current roles and claims of a session's user, from the settings and from the
    /// application. `user` is the user as seen by the session: the result of
    /// [`User::signed_in_with`].
    pub async fn claims_of(&self, user: &User) -> Result<Claims, ClaimsError> {
        claims_of(
            &self.settings.rights,
            self.claims.as_ref(),
            user,
            self.clock.now(),
        )
        .await
    }
}

async fn claims_of(
    rights: &Rights,
    hook: Option<&ClaimsHook>,
    user: &User,
    now: Timestamp,
) -> Result<Claims, ClaimsError> {
    let mut claims = match hook {
        Some(hook) => hook(user.clone(), now).await?.checked()?,
        None => Claims::new(),
    };
    claims.add_roles(rights.roles(user));
    claims.add_roles(user.roles.iter().cloned());
    Ok(claims)
}

/// Looks up the current roles of a session's user for the `Admin` extractor.
pub(crate) struct RolesNow {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) rights: Rights,
    pub(crate) claims: Option<ClaimsHook>,
    pub(crate) clock: Arc<dyn Clock>,
}

#[async_trait]
impl CurrentRoles for RolesNow {
    async fn current_roles(&self, user: UserId, session: SessionId) -> Result<Vec<String>, String> {
        let session = self.store.session(session).await;
        let session = session.map_err(|error| error.to_string())?;
        let user = self.store.user(user).await;
        let user = user.map_err(|error| error.to_string())?;
        let now = self.clock.now();
        // Only the identity that opened the session counts.
        let user = session
            .filter(|it| it.status.is_live())
            .zip(user)
            .and_then(|(session, user)| user.signed_in_with(session.identity));
        let Some(user) = user.filter(|user| !user.is_banned(now)) else {
            return Ok(Vec::new());
        };
        if self.rights.admit(&user).is_err() {
            return Ok(Vec::new());
        }
        let claims = claims_of(&self.rights, self.claims.as_ref(), &user, now).await;
        match claims {
            Ok(claims) => Ok(claims.into_roles()),
            Err(ClaimsError::Refused(_)) => Ok(Vec::new()),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Services")
            .field("public_url", &self.public_url)
            .finish_non_exhaustive()
    }
}
