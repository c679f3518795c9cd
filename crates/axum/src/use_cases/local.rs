//! Local accounts: signing in with a password, signing up, changing and resetting a password. What
//! these use cases share is here.
//!
//! Only an attempt to sign up with a username reveals whether it exists. Everywhere else, unknown
//! users cost the same reads and the same hash as known ones, and get the same response.

pub mod passwords;
pub mod sign_in;
pub mod sign_up;

use std::net::IpAddr;

use latchkey_core::session::Thumbprint;
use latchkey_core::{Credential, Device, NotAdmitted, User, UserId, Username, user};
use latchkey_store::{CurrentCredential, StoreError};
use latchkey_tokens::KeyError;
use secrecy::SecretString;

use crate::claims::Claims;
use crate::services::Services;
use crate::services::issuer::Tokens;
use crate::services::local::Local;
use crate::services::local::rules::FieldError;
use crate::services::opening::{self, Opening, OpeningError};
use crate::services::rate_limits::TooManyRequests;

/// The provider of local accounts, in sessions, metrics and logs.
pub const PROVIDER: &str = user::LOCAL;

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
    /// The user does not exist or has no password, or the password is wrong. The user, if
    /// there is one, is for the audit record only.
    #[error("the username or the password is wrong")]
    InvalidCredentials(Option<UserId>),
    /// Fields of the request are not valid.
    #[error("some fields are not valid; see fields")]
    Fields(Vec<FieldError>),
    /// The one-time link is unknown, expired, used, replaced, or for another purpose.
    #[error("this link is not valid: it has expired, or was used or replaced; request a new one")]
    LinkInvalid,
    /// Sign-up is off, or requires an invitation.
    #[error(
        "sign-up is closed or requires an invitation; contact the administrator of this server"
    )]
    SignUpClosed,
    /// The user of the access token has no local account.
    #[error("this account has no password; its user signs in with a provider")]
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
            Self::InvalidCredentials(_)
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

    /// The user whose sign-in was refused, if known.
    fn user(&self) -> Option<UserId> {
        match self {
            Self::InvalidCredentials(user) => *user,
            Self::Banned(user) => Some(*user),
            _ => None,
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
        Ok((Some(found), true)) => {
            local.guesses.succeeded(attempt);
            Ok(found)
        }
        Ok((found, _)) => {
            let user = found.map(|(_, credential)| credential.user);
            Err(LocalError::InvalidCredentials(user))
        }
        Err(error) => {
            local.guesses.not_tried(attempt);
            Err(error)
        }
    }
}

/// The username with its credential, if there is one, and whether the password is right. For an
/// unknown username, the same records are read, and a password is hashed too.
async fn verify(
    services: &Services,
    local: &Local,
    username: &str,
    password: SecretString,
    address: Option<IpAddr>,
) -> Result<(Option<(Username, Credential)>, bool), LocalError> {
    let username: Option<Username> = username.trim().parse().ok();
    let credential = match &username {
        Some(username) => services.store.credential(username.clone()).await?,
        // It is public knowledge that no user has an invalid username.
        None => None,
    };
    let stored = credential.as_ref().and_then(|it| it.hash.clone());
    let is_right = local.hashing.verify(password, stored, address).await?;
    Ok((username.zip(credential), is_right))
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
    claims: Claims,
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
    opening::open(services, user, claims, opening).await
}

fn opening_error(error: OpeningError, user: UserId) -> LocalError {
    match error {
        OpeningError::NotAdmitted(cause) => LocalError::NotAdmitted(cause),
        OpeningError::Banned => LocalError::Banned(user),
        // The identity of the local account is never suspended.
        OpeningError::UnknownUser
        | OpeningError::PasswordChanged
        | OpeningError::IdentitySuspended => LocalError::InvalidCredentials(Some(user)),
        OpeningError::Store(error) => LocalError::Store(error),
        OpeningError::Claims(error) => LocalError::Claims(error),
        OpeningError::Key(error) => LocalError::Key(error),
    }
}
