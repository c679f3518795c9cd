//! Signs in with a username and a password.

use latchkey_core::{ServerAct, User, UserId, Username};
use latchkey_store::CurrentCredential;
use secrecy::SecretString;

use super::{
    Client, LocalError, PROVIDER, authenticate, open_session, opening_error, require_proof,
};
use crate::services::Services;
use crate::services::audit_log::RefusedRequest;
use crate::services::issuer::Tokens;
use crate::services::local::Local;
use crate::services::local::hashing::Hashing;
use crate::services::opening::{self, OpeningError};

/// The maximum number of attempts at a sign-in: it is tried again if the credential changes while the
/// password is being verified.
const MAX_ATTEMPTS: u32 = 2;

/// Signs in with a username and a password, and opens a session.
pub async fn sign_in(
    services: &Services,
    local: &Local,
    username: &str,
    password: SecretString,
    client: Client,
) -> Result<Tokens, LocalError> {
    let device = client.device.clone();
    let signed_in = try_sign_in(services, local, username, password, client).await;
    let outcome = match &signed_in {
        Ok(_) => "success",
        Err(error) => error.outcome(),
    };
    services.metrics.sign_in(PROVIDER, outcome);
    // The record omits the name that was entered, which may be a password in the wrong field.
    if let Err(error) = &signed_in {
        services.refuse(RefusedRequest {
            user: error.user(),
            provider: Some(PROVIDER.to_owned()),
            ..RefusedRequest::new(ServerAct::SignInRefused, outcome, device)
        });
    }
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
        let claims = opening::claims(services, &user).await;
        let claims = claims.map_err(|error| opening_error(error, user.id))?;
        let hash = credential.hash.unwrap_or_default();
        let current = CurrentCredential {
            username: username.clone(),
            hash: hash.clone(),
        };
        match open_session(services, &user, claims, current, client.clone()).await {
            Err(OpeningError::PasswordChanged) if attempts < MAX_ATTEMPTS => attempts += 1,
            Err(error) => return Err(opening_error(error, user.id)),
            Ok(tokens) => {
                replace_outdated_hash(services, local, username, hash, password, &client).await;
                return Ok(tokens);
            }
        }
    }
}

/// The user with this id, if the user may sign in.
async fn admitted(services: &Services, id: UserId) -> Result<User, LocalError> {
    let user = services.store.user(id).await?;
    // Only the identity of the local account counts, not others that the user has.
    let user = user.and_then(|user| user.signed_in_locally());
    let user = user.ok_or(LocalError::InvalidCredentials(Some(id)))?;
    let admission = services.settings.rights.admit(&user);
    admission.map_err(LocalError::NotAdmitted)?;
    Ok(user)
}

/// After a sign-in with the right password: replaces a hash that has outdated parameters. The
/// sign-in succeeds even if this fails.
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
