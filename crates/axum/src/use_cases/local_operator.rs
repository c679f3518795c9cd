//! Operator actions on local accounts: creating them, inviting people, and creating links to set a
//! password. They work through a running server or directly on the store of a stopped one.

mod delivery;

use core::fmt;

use latchkey_core::local::LINK_LIFETIME;
use latchkey_core::user::{InvalidRoles, granted_roles};
use latchkey_core::{
    Actor, Device, LinkPurpose, OneTimeLink, Requester, Rng, Timestamp, User, UserId, Username,
};
use latchkey_store::{CreateOutcome, NewLocalUser, Store, StoreError};
use latchkey_tokens::PasswordHash;
use secrecy::{ExposeSecret as _, SecretString};

pub use self::delivery::send_by_mail;
use crate::services::Services;
use crate::services::local::mailer::Message;
use crate::services::local::rules::{self, FieldError};
use crate::services::local::{LinkToken, owns_username};
use crate::settings::{PublicUrl, SignUp};

/// An account to create.
#[derive(Debug, Default)]
pub struct NewLocalAccount {
    /// The username.
    pub username: String,
    /// The email address.
    pub email: Option<String>,
    /// The display name.
    pub name: Option<String>,
    /// The roles to grant.
    pub roles: Vec<String>,
    /// The password; without one, a link to set it is created.
    pub password: Option<SecretString>,
}

/// A one-time link to give to a user.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    /// The URL, which contains the secret token.
    pub url: String,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// Hides the URL.
impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Why an operator's action on a local account failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LocalOperatorError {
    /// Local accounts are not enabled.
    #[error("local accounts are not enabled; add the section [local] to the configuration")]
    Disabled,
    /// Nobody may sign up, even with an invitation.
    #[error("invitations are not accepted; set local.sign_up = \"invite\"")]
    InvitationsOff,
    /// A value is not valid.
    #[error("{}: {}", .0.field, .0.message)]
    Field(FieldError),
    /// The roles cannot be granted.
    #[error(transparent)]
    Roles(#[from] InvalidRoles),
    /// No local account has this username.
    #[error("no local account has the username {0}")]
    UnknownUser(String),
    /// No user has this id.
    #[error("no user matches {0}")]
    UnknownId(UserId),
    /// The user signs in with providers only.
    #[error("this user has no local account, so there is no password to set")]
    NoLocalAccount,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<FieldError> for LocalOperatorError {
    fn from(error: FieldError) -> Self {
        Self::Field(error)
    }
}

/// Performs an operator's actions on local accounts.
#[derive(Clone)]
pub struct LocalOperator<'a> {
    /// The store.
    pub store: &'a dyn Store,
    /// The source of randomness.
    pub rng: &'a dyn Rng,
    /// The public origin, for links.
    pub public_url: &'a PublicUrl,
    /// Who may create an account; `None` without local accounts.
    pub sign_up: Option<SignUp>,
    /// The current time.
    pub now: Timestamp,
    /// Who acts, and from where.
    pub requester: Requester,
}

impl<'a> LocalOperator<'a> {
    /// Through a running server.
    pub fn online(services: &'a Services, actor: Actor) -> Self {
        Self {
            store: &*services.store,
            rng: &*services.rng,
            public_url: &services.public_url,
            sign_up: services.local.as_ref().map(|local| local.sign_up),
            now: services.clock.now(),
            requester: Requester {
                actor: Some(actor),
                device: Device::default(),
            },
        }
    }

    /// Records the device from which the operator acts.
    #[must_use]
    pub fn from_device(mut self, device: Device) -> Self {
        self.requester.device = device;
        self
    }

    /// Who acts, for the log.
    fn by(&self) -> Option<tracing::field::DisplayValue<Actor>> {
        self.requester.actor.map(tracing::field::display)
    }

    /// Creates an account, regardless of who may sign up. Without a password, returns a link to set
    /// one.
    pub async fn create(
        &self,
        new: NewLocalAccount,
    ) -> Result<(User, Option<Link>), LocalOperatorError> {
        self.check_enabled()?;
        let username = rules::username(new.username.trim())?;
        let name = rules::name(new.name.as_deref())?;
        let email = rules::email(new.email.as_deref())?;
        let roles = granted_roles(new.roles)?;
        let hash = match new.password {
            Some(password) => Some(self.hash(username.as_str(), password).await?),
            None => None,
        };
        let id = UserId::random(self.rng);
        let mut user = User::create_local(id, username, email, name, self.now);
        user.roles = roles;
        let token = hash.is_none().then(|| LinkToken::random(self.rng));
        let expires_at = self.expires_at();
        let create = NewLocalUser {
            user: user.clone(),
            hash,
            invitation: None,
            link: token.as_ref().map(|token| (token.hash(), expires_at)),
            requester: self.requester.clone(),
        };
        match self.store.create_local_user(create).await? {
            CreateOutcome::Created => {}
            CreateOutcome::UsernameTaken | CreateOutcome::LinkInvalid => {
                return Err(FieldError::new("username", "this username is taken").into());
            }
        }
        tracing::info!(user = %id, by = self.by(), "local account created");
        let link = token.map(|token| self.link(token.password_link(self.public_url)));
        Ok((user, link))
    }

    /// Creates an invitation. Anyone who opens its link may create an account.
    pub async fn invite(&self, email: Option<&str>) -> Result<Link, LocalOperatorError> {
        if self.check_enabled()? == SignUp::Off {
            return Err(LocalOperatorError::InvitationsOff);
        }
        let email = rules::email(email)?;
        let token = LinkToken::random(self.rng);
        let link = OneTimeLink {
            purpose: LinkPurpose::Invitation { email },
            expires_at: self.expires_at(),
        };
        self.add(&token, link).await?;
        tracing::info!(by = self.by(), "invitation created");
        Ok(self.link(token.invitation_link(self.public_url)))
    }

    /// Creates a link to set a new password. It replaces the previous link that an operator created;
    /// the password and the sessions stay as they are until the link is used.
    pub async fn reset_password(&self, username: &str) -> Result<Link, LocalOperatorError> {
        self.check_enabled()?;
        let unknown = || LocalOperatorError::UnknownUser(username.to_owned());
        let username: Username = username.trim().parse().map_err(|_| unknown())?;
        let token = LinkToken::random(self.rng);
        let purpose = LinkPurpose::SetPassword { username };
        let link = OneTimeLink {
            purpose,
            expires_at: self.expires_at(),
        };
        if !self.add(&token, link).await? {
            return Err(unknown());
        }
        tracing::info!(by = self.by(), "link to set a password created");
        Ok(self.link(token.password_link(self.public_url)))
    }

    /// Like [`reset_password`](Self::reset_password), but for the user with this id. Also returns
    /// the user, with the claims of the local account (see [`User::signed_in_locally`]).
    pub async fn reset_password_of(&self, id: UserId) -> Result<(User, Link), LocalOperatorError> {
        self.check_enabled()?;
        let user = self.store.user(id).await?;
        let user = user.ok_or(LocalOperatorError::UnknownId(id))?;
        let user = user.signed_in_locally();
        let user = user.ok_or(LocalOperatorError::NoLocalAccount)?;
        let username = user.username.as_ref();
        let username = username.ok_or(LocalOperatorError::NoLocalAccount)?;
        if !owns_username(self.store, &user).await? {
            return Err(LocalOperatorError::NoLocalAccount);
        }
        let link = self.reset_password(username.as_str()).await?;
        Ok((user, link))
    }

    async fn add(&self, token: &LinkToken, link: OneTimeLink) -> Result<bool, StoreError> {
        let (hash, requester) = (token.hash(), self.requester.clone());
        let added = self
            .store
            .add_one_time_link(hash, link, requester, self.now);
        added.await
    }

    fn check_enabled(&self) -> Result<SignUp, LocalOperatorError> {
        self.sign_up.ok_or(LocalOperatorError::Disabled)
    }

    fn expires_at(&self) -> Timestamp {
        self.now.plus(LINK_LIFETIME)
    }

    fn link(&self, url: String) -> Link {
        let expires_at = self.expires_at();
        Link { url, expires_at }
    }

    async fn hash(
        &self,
        username: &str,
        password: SecretString,
    ) -> Result<String, LocalOperatorError> {
        let known = [username, self.public_url.authority()];
        rules::password("password", password.expose_secret(), &known)?;
        let mut salt = [0; 16];
        self.rng.fill(&mut salt);
        let hash = tokio::task::spawn_blocking(move || {
            PasswordHash::with_salt(password.expose_secret(), &salt)
        });
        let hash = hash
            .await
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(hash.as_str().to_owned())
    }
}

/// Sends an invitation, if mail is configured. The operator gets the link in any case.
pub async fn send_invitation(services: &Services, email: &str, link: &str) {
    let local = services.local.as_ref();
    let Some(mailer) = local.and_then(|local| local.mailer.as_ref()) else {
        return;
    };
    let message = Message::invitation(email, &services.public_url, link);
    if let Err(error) = mailer.send(&message).await {
        tracing::warn!(%error, "cannot send an invitation");
    }
}

#[cfg(test)]
mod tests {
    use latchkey_core::Timestamp;
    use latchkey_store::engine::Engine;
    use latchkey_store::table::USERS;
    use latchkey_store::{LocalAccounts as _, MemoryStore};
    use latchkey_tokens::SystemRng;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn ada(number: u8) -> User {
        let username = "ada".parse().expect("a username");
        User::create_local(UserId::from_bytes([number; 16]), username, None, None, NOW)
    }

    #[tokio::test]
    async fn link_by_id_is_refused_if_the_username_belongs_to_another_user() {
        let store = MemoryStore::empty();
        let [first, second] = [1, 2].map(|number| UserId::from_bytes([number; 16]));
        // Earlier versions could restore a user without the credential.
        let restored = Engine::write(&store, ada(1), |tx, user| {
            Box::pin(async move { tx.put(USERS, &user.id, user) })
        });
        assert_eq!(restored.await, Ok(()));
        let new = NewLocalUser {
            user: ada(2),
            hash: None,
            invitation: None,
            link: None,
            requester: Requester::default(),
        };
        let created = store.create_local_user(new).await;
        assert_eq!(created, Ok(CreateOutcome::Created));

        let public_url = PublicUrl::parse("https://id.example.com").expect("a URL");
        let operator = LocalOperator {
            store: &store,
            rng: &SystemRng,
            public_url: &public_url,
            sign_up: Some(SignUp::Open),
            now: NOW,
            requester: Requester::default(),
        };
        let refused = operator.reset_password_of(first).await;
        assert_eq!(refused, Err(LocalOperatorError::NoLocalAccount));
        let created = operator.reset_password_of(second).await;
        assert_eq!(created.map(|(user, _)| user.id), Ok(second));
    }
}
