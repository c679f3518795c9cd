//! Local accounts: signing in with a password, signing up, changing and resetting a password.
//!
//! Nothing here reveals whether a username exists, except to a person who tries to sign up with it:
//! unknown users cost the same reads and the same hash, and get the same response.

use std::net::IpAddr;

use latchkey_core::session::Thumbprint;
use latchkey_core::{
    Credential, Device, EndReason, LinkPurpose, NotAdmitted, OneTimeLink, SessionId, Timestamp,
    User, UserId, Username, local, user,
};
use latchkey_store::{
    AllEnded, CreateOutcome, CurrentCredential, NewLocalUser, PasswordAuthority, SetPassword,
    SetPasswordOutcome, StoreError,
};
use latchkey_tokens::{KeyError, digest};
use secrecy::{ExposeSecret as _, SecretString};

use crate::event::Event;
use crate::services::Services;
use crate::services::issuer::Tokens;
use crate::services::local::hashing::Hashing;
use crate::services::local::rules::{self, FieldError};
use crate::services::local::{LinkToken, Local};
use crate::services::opening::{self, Opening, OpeningError};
use crate::services::rate_limits::TooManyRequests;
use crate::settings::SignUp;

/// The provider of local accounts, in sessions, metrics and logs.
pub const PROVIDER: &str = user::LOCAL;

/// How often a sign-in is tried again if the credential changes while its password is verified.
const MAX_ATTEMPTS: u32 = 2;

/// Who sent a request: its device, and the key of its DPoP proof.
#[derive(Clone, Debug)]
pub struct Client {
    /// The client's address.
    pub address: Option<IpAddr>,
    /// The device, for security events.
    pub device: Device,
    /// The thumbprint of the key that signed the request's DPoP proof.
    pub proven: Option<Thumbprint>,
}

/// Why a request about a local account was refused.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// There is no such user, the user has no password, or the password is wrong.
    #[error("the username or the password is wrong")]
    InvalidCredentials,
    /// Fields of the request are not valid.
    #[error("some fields are not valid; see fields")]
    Fields(Vec<FieldError>),
    /// The one-time link is unknown, expired, used, replaced, or for another purpose.
    #[error("this link is not valid: it has expired, or was used or replaced; request a new one")]
    LinkInvalid,
    /// Nobody may create an account here, or only with an invitation.
    #[error("an account here needs an invitation; ask the administrator of this server")]
    SignUpClosed,
    /// The user of the access token has no local account.
    #[error("this account has no password; it signs in with a provider")]
    NoPassword,
    /// The server binds every session to a key, and the request has no DPoP proof.
    #[error("this server requires a DPoP proof (RFC 9449) at sign-in; send one with this request")]
    ProofRequired,
    /// The user is not admitted.
    #[error("{0}")]
    NotAdmitted(NotAdmitted),
    /// The user is banned.
    #[error("this account is banned; contact the administrator of this server")]
    Banned(UserId),
    /// A limit was reached.
    #[error(transparent)]
    TooMany(#[from] TooManyRequests),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The application could not determine roles and claims.
    #[error("{0}")]
    Claims(String),
    /// The tokens could not be signed.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl From<FieldError> for LocalError {
    fn from(error: FieldError) -> Self {
        Self::Fields(vec![error])
    }
}

impl LocalError {
    /// The outcome of a sign-in, for the metric.
    fn outcome(&self) -> &'static str {
        match self {
            Self::InvalidCredentials
            | Self::Fields(_)
            | Self::LinkInvalid
            | Self::SignUpClosed
            | Self::NoPassword => "invalid_credentials",
            Self::ProofRequired => "proof_required",
            Self::NotAdmitted(_) => "not_admitted",
            Self::Banned(_) => "banned",
            Self::TooMany(_) => "rate_limited",
            Self::Store(StoreError::Corrupt { .. }) | Self::Key(_) => "failed",
            Self::Store(_) | Self::Claims(_) => "unavailable",
        }
    }
}

/// Signs in with a username and a password, and opens a session.
pub async fn sign_in(
    services: &Services,
    local: &Local,
    username: &str,
    password: SecretString,
    client: Client,
) -> Result<Tokens, LocalError> {
    let signed_in = try_sign_in(services, local, username, password, client).await;
    let outcome = match &signed_in {
        Ok(_) => "success",
        Err(error) => error.outcome(),
    };
    services.metrics.sign_in(PROVIDER, outcome);
    signed_in
}

async fn try_sign_in(
    services: &Services,
    local: &Local,
    username: &str,
    password: SecretString,
    client: Client,
) -> Result<Tokens, LocalError> {
    services.rate_limits.take_from_address(client.address)?;
    require_proof(services, &client)?;
    let mut attempts = 1;
    loop {
        let (username, credential) =
            authenticate(services, local, username, password.clone(), &client).await?;
        let user = admitted(services, credential.user).await?;
        let hash = credential.hash.unwrap_or_default();
        let current = CurrentCredential {
            username: username.clone(),
            hash: hash.clone(),
        };
        match open_session(services, &user, current, client.clone()).await {
            Err(OpeningError::PasswordChanged) if attempts < MAX_ATTEMPTS => attempts += 1,
            Err(error) => return Err(opening_error(error, user.id)),
            Ok(tokens) => {
                replace_outdated_hash(services, local, username, hash, password, &client).await;
                return Ok(tokens);
            }
        }
    }
}

/// Verifies a password and counts the attempt.
async fn authenticate(
    services: &Services,
    local: &Local,
    username: &str,
    password: SecretString,
    client: &Client,
) -> Result<(Username, Credential), LocalError> {
    let now = services.clock.now();
    let attempt = local.guesses.begin(username, client.address, now)?;
    let verified = verify(services, local, username, password, client.address).await;
    match verified {
        Ok(Some(found)) => {
            local.guesses.succeeded(attempt);
            Ok(found)
        }
        Ok(None) => Err(LocalError::InvalidCredentials),
        Err(error) => {
            local.guesses.not_tried(attempt);
            Err(error)
        }
    }
}

/// The user with this username and password. Unknown names take the same reads and the same hash.
async fn verify(
    services: &Services,
    local: &Local,
    username: &str,
    password: SecretString,
    address: Option<IpAddr>,
) -> Result<Option<(Username, Credential)>, LocalError> {
    let username: Option<Username> = username.trim().parse().ok();
    let credential = match &username {
        Some(username) => services.store.credential(username.clone()).await?,
        // Nobody has such a name, as everybody knows.
        None => None,
    };
    let stored = credential.as_ref().and_then(|it| it.hash.clone());
    let is_right = local.hashing.verify(password, stored, address).await?;
    Ok(username.zip(credential).filter(|_| is_right))
}

/// The user with this id, if the user may sign in.
async fn admitted(services: &Services, id: UserId) -> Result<User, LocalError> {
    let user = services.store.user(id).await?;
    // With the identity of the local account, whatever else the user signs in with.
    let user = user.and_then(|user| user.signed_in_locally());
    let user = user.ok_or(LocalError::InvalidCredentials)?;
    let admission = services.settings.rights.admit(&user);
    admission.map_err(LocalError::NotAdmitted)?;
    Ok(user)
}

fn require_proof(services: &Services, client: &Client) -> Result<(), LocalError> {
    let is_required = services.settings.tokens.binding.requires_proofs();
    if is_required && client.proven.is_none() {
        return Err(LocalError::ProofRequired);
    }
    Ok(())
}

async fn open_session(
    services: &Services,
    user: &User,
    credential: CurrentCredential,
    client: Client,
) -> Result<Tokens, OpeningError> {
    let opening = Opening {
        provider: PROVIDER,
        auth_time: Some(services.clock.now()),
        binding: client.proven,
        user_agent: client.device.user_agent,
        address: client.address,
        request_id: client.device.request_id,
        credential: Some(credential),
    };
    opening::open(services, user, opening).await
}

fn opening_error(error: OpeningError, user: UserId) -> LocalError {
    match error {
        OpeningError::NotAdmitted(cause) => LocalError::NotAdmitted(cause),
        OpeningError::Banned => LocalError::Banned(user),
        OpeningError::PasswordChanged => LocalError::InvalidCredentials,
        OpeningError::Store(error) => LocalError::Store(error),
        OpeningError::Claims(error) => LocalError::Claims(error),
        OpeningError::Key(error) => LocalError::Key(error),
    }
}

/// After a sign-in with the right password: replaces a hash with earlier parameters. The sign-in
/// does not depend on it.
async fn replace_outdated_hash(
    services: &Services,
    local: &Local,
    username: Username,
    hash: String,
    password: SecretString,
    client: &Client,
) {
    if !Hashing::is_outdated(&hash) {
        return;
    }
    let Ok(fresh) = local.hashing.hash(password, client.address).await else {
        return;
    };
    if let Err(error) = services.store.replace_hash(username, hash, fresh).await {
        tracing::warn!(%error, "cannot replace the hash of a password");
    }
}

/// A local account to create.
#[derive(Debug)]
pub struct NewAccount<'a> {
    /// The username.
    pub username: &'a str,
    /// The password.
    pub password: SecretString,
    /// The display name.
    pub name: Option<&'a str>,
    /// The email address.
    pub email: Option<&'a str>,
    /// The token of an invitation.
    pub invitation: Option<&'a str>,
}

/// Creates an account and signs in.
pub async fn sign_up(
    services: &Services,
    local: &Local,
    new: NewAccount<'_>,
    client: Client,
) -> Result<Tokens, LocalError> {
    services.rate_limits.take_from_address(client.address)?;
    require_proof(services, &client)?;
    let invitation = match (new.invitation, local.sign_up) {
        (_, SignUp::Off) | (None, SignUp::Invite) => return Err(LocalError::SignUpClosed),
        (invitation, SignUp::Invite | SignUp::Open) => invitation.map(digest::link),
    };
    let now = services.clock.now();
    let mut invited_email = None;
    if let Some(hash) = invitation {
        match services.store.one_time_link(hash, now).await? {
            Some(OneTimeLink {
                purpose: LinkPurpose::Invitation { email },
                ..
            }) => invited_email = email,
            _ => return Err(LocalError::LinkInvalid),
        }
    }
    let fields = check_account(services, &new, invited_email)?;
    let username = fields.username.clone();
    if services.store.credential(username.clone()).await?.is_some() {
        return Err(username_taken());
    }
    local.guesses.sign_up(client.address, now)?;
    let hash = local.hashing.hash(new.password, client.address).await?;
    let id = UserId::random(&*services.rng);
    let user = User::create_local(id, fields.username, fields.email, fields.name, now);
    services
        .settings
        .rights
        .admit(&user)
        .map_err(LocalError::NotAdmitted)?;
    let create = NewLocalUser {
        user: user.clone(),
        hash: Some(hash.clone()),
        invitation,
        link: None,
    };
    match services.store.create_local_user(create).await? {
        CreateOutcome::Created => {}
        CreateOutcome::UsernameTaken => return Err(username_taken()),
        CreateOutcome::LinkInvalid => return Err(LocalError::LinkInvalid),
    }
    tracing::info!(user = %id, "local account created");
    let current = CurrentCredential { username, hash };
    let tokens = open_session(services, &user, current, client).await;
    let tokens = tokens.map_err(|error| opening_error(error, id));
    let outcome = tokens
        .as_ref()
        .map_or_else(LocalError::outcome, |_| "success");
    services.metrics.sign_in(PROVIDER, outcome);
    tokens
}

fn username_taken() -> LocalError {
    FieldError::new("username", "this username is taken; choose another one").into()
}

/// The checked fields of a new account.
struct AccountFields {
    username: Username,
    name: Option<String>,
    email: Option<String>,
}

/// Checks all fields and reports all errors.
fn check_account(
    services: &Services,
    new: &NewAccount<'_>,
    invited_email: Option<String>,
) -> Result<AccountFields, LocalError> {
    let mut errors = Vec::new();
    let username = rules::username(new.username.trim()).map_err(|error| errors.push(error));
    let name = rules::name(new.name).map_err(|error| errors.push(error));
    let email = rules::email(new.email).map_err(|error| errors.push(error));
    let email = email.map(|email| email.or(invited_email));
    let known = [
        new.username,
        new.name.unwrap_or_default(),
        new.email.unwrap_or_default(),
        services.public_url.authority(),
    ];
    let password = new.password.expose_secret();
    let password = rules::password("password", password, &known);
    let password = password.map_err(|error| errors.push(error));
    match (username, name, email, password) {
        (Ok(username), Ok(name), Ok(email), Ok(())) => Ok(AccountFields {
            username,
            name,
            email,
        }),
        _ => Err(LocalError::Fields(errors)),
    }
}

/// Checks a new password for an existing user.
fn check_password(
    services: &Services,
    user: &User,
    password: &SecretString,
) -> Result<(), LocalError> {
    let known = [
        user.username.as_ref().map_or("", Username::as_str),
        user.name.as_deref().unwrap_or_default(),
        user.email.as_deref().unwrap_or_default(),
        services.public_url.authority(),
    ];
    rules::password("new_password", password.expose_secret(), &known)?;
    Ok(())
}

/// Changes the password of a signed-in user and ends the user's other sessions.
pub async fn change(
    services: &Services,
    local: &Local,
    (user, session): (UserId, SessionId),
    (current, new): (SecretString, SecretString),
    client: Client,
) -> Result<(), LocalError> {
    services.rate_limits.take_from_address(client.address)?;
    let found = services.store.user(user).await?;
    let found = found.ok_or(LocalError::NoPassword)?;
    let username = found.username.clone().ok_or(LocalError::NoPassword)?;
    check_password(services, &found, &new)?;
    let verified = authenticate(services, local, username.as_str(), current, &client).await;
    let (username, credential) = verified.map_err(|error| match error {
        LocalError::InvalidCredentials => {
            FieldError::new("current_password", "the password is wrong").into()
        }
        error => error,
    })?;
    let authority = PasswordAuthority::Current(credential.hash.unwrap_or_default());
    let set = SetPassword {
        username,
        hash: local.hashing.hash(new, client.address).await?,
        authority,
        keep: Some(session),
        device: client.device,
        now: services.clock.now(),
    };
    if set_password(services, set).await? {
        Ok(())
    } else {
        // Another request changed it first.
        Err(FieldError::new("current_password", "the password is wrong").into())
    }
}

/// Sets a new password with the token of a link, and ends all sessions of the user.
pub async fn reset(
    services: &Services,
    local: &Local,
    token: &str,
    new: SecretString,
    client: Client,
) -> Result<(), LocalError> {
    services.rate_limits.take_from_address(client.address)?;
    let link = digest::link(token);
    let found = services
        .store
        .one_time_link(link, services.clock.now())
        .await?;
    let Some(OneTimeLink {
        purpose: LinkPurpose::SetPassword { username },
        ..
    }) = found
    else {
        return Err(LocalError::LinkInvalid);
    };
    let credential = services.store.credential(username.clone()).await?;
    let credential = credential.ok_or(LocalError::LinkInvalid)?;
    let user = services.store.user(credential.user).await?;
    check_password(services, &user.ok_or(LocalError::LinkInvalid)?, &new)?;
    let set = SetPassword {
        username: username.clone(),
        hash: local.hashing.hash(new, client.address).await?,
        authority: PasswordAuthority::Link(link),
        keep: None,
        device: client.device,
        now: services.clock.now(),
    };
    if !set_password(services, set).await? {
        return Err(LocalError::LinkInvalid);
    }
    let name = username.as_str();
    local.guesses.password_set(name, client.address);
    Ok(())
}

/// Stores the password, and refuses the tokens of the sessions that this ended.
async fn set_password(services: &Services, set: SetPassword) -> Result<bool, LocalError> {
    const REASON: EndReason = EndReason::PasswordChanged;
    let kept = set.keep;
    let (user, ended) = match services.store.set_password(set).await? {
        SetPasswordOutcome::Set { user, ended } => (user, ended),
        SetPasswordOutcome::Refused => return Ok(false),
    };
    let AllEnded { denials, live } = ended;
    services.deny(user, &denials);
    services.report(&Event::SessionsEnded {
        user,
        kept,
        reason: REASON,
    });
    services.count_ended(REASON, live);
    tracing::info!(%user, sessions = live, "password set");
    Ok(true)
}

/// A link to set the password of this user, in the form in which it is stored, and its token.
pub fn password_link(
    services: &Services,
    username: Username,
    now: Timestamp,
) -> (LinkToken, OneTimeLink) {
    let link = OneTimeLink {
        purpose: LinkPurpose::SetPassword { username },
        expires_at: now.plus(local::LINK_LIFETIME),
    };
    (LinkToken::random(&*services.rng), link)
}

/// Requests a link to set a new password. The response must not depend on whether the account
/// exists, so nothing is awaited that does.
pub fn request_link(services: &Services, local: &Local, client: &Client) -> Result<(), LocalError> {
    services.rate_limits.take_from_address(client.address)?;
    let now = services.clock.now();
    local.guesses.link_request(client.address, now)?;
    // Without mail, the operator creates the links.
    Ok(())
}
