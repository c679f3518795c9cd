//! Changes a password, or sets a new one with a link. Both end sessions.

use latchkey_core::{
    Device, EndReason, LinkPurpose, OneTimeLink, ServerAct, SessionId, User, UserId, Username,
};
use latchkey_store::{AllEnded, PasswordAuthority, SetPassword, SetPasswordOutcome};
use latchkey_tokens::digest;
use secrecy::{ExposeSecret as _, SecretString};

use super::{Client, LocalError, authenticate};
use crate::event::Event;
use crate::services::Services;
use crate::services::audit_log::RefusedRequest;
use crate::services::local::Local;
use crate::services::local::rules::{self, FieldError};

/// The field of the current password.
const CURRENT_PASSWORD: &str = "current_password";

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

fn wrong_password() -> LocalError {
    FieldError::new(CURRENT_PASSWORD, "the password is wrong").into()
}

/// Changes the password of a signed-in user and ends the user's other sessions.
pub async fn change(
    services: &Services,
    local: &Local,
    (user, session): (UserId, SessionId),
    passwords: (SecretString, SecretString),
    client: Client,
) -> Result<(), LocalError> {
    let device = client.device.clone();
    let changed = try_change(services, local, (user, session), passwords, client).await;
    if let Err(error) = &changed {
        record_refusal(services, error, Some((user, session)), device);
    }
    changed
}

async fn try_change(
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
        LocalError::InvalidCredentials(_) => wrong_password(),
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
        Err(wrong_password())
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
    let device = client.device.clone();
    let set = try_reset(services, local, token, new, client).await;
    if let Err(error) = &set {
        record_refusal(services, error, None, device);
    }
    set
}

async fn try_reset(
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

/// Adds an audit record of a refused change, unless the only error is an unacceptable new password.
fn record_refusal(
    services: &Services,
    error: &LocalError,
    requester: Option<(UserId, SessionId)>,
    device: Device,
) {
    let reason = match error {
        LocalError::Fields(fields) if fields.iter().all(|it| it.field != CURRENT_PASSWORD) => {
            return;
        }
        LocalError::Fields(_) => "wrong_password",
        LocalError::LinkInvalid => "link_invalid",
        error => error.outcome(),
    };
    let (user, session) = requester.unzip();
    services.refuse(RefusedRequest {
        user,
        session,
        ..RefusedRequest::new(ServerAct::PasswordChangeRefused, reason, device)
    });
}

/// Stores the password, and refuses the tokens of the sessions that the change ended.
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
