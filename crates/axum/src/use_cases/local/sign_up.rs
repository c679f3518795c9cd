//! Creates a local account and signs in.

use latchkey_core::{LinkPurpose, OneTimeLink, Requester, ServerAct, User, UserId, Username};
use latchkey_store::{CreateOutcome, CurrentCredential, NewLocalUser};
use latchkey_tokens::digest;
use secrecy::{ExposeSecret as _, SecretString};

use super::{Client, LocalError, PROVIDER, open_session, opening_error, require_proof};
use crate::claims::Claims;
use crate::services::Services;
use crate::services::audit_log::RefusedRequest;
use crate::services::issuer::Tokens;
use crate::services::local::Local;
use crate::services::local::rules::{self, FieldError};
use crate::services::opening;
use crate::settings::SignUp;

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
    let device = client.device.clone();
    let created = create(services, local, new, &client).await;
    let (user, claims, current) = match created {
        Ok(created) => created,
        Err(error) => {
            // Invalid fields, which the person corrects in the form, are not recorded as a refusal.
            if !matches!(error, LocalError::Fields(_)) {
                let (act, reason) = (ServerAct::SignUpRefused, refusal_reason(&error));
                services.refuse(RefusedRequest::new(act, reason, device));
            }
            return Err(error);
        }
    };
    tracing::info!(user = %user.id, "local account created");
    let tokens = open_session(services, &user, claims, current, client).await;
    let tokens = tokens.map_err(|error| opening_error(error, user.id));
    let outcome = tokens
        .as_ref()
        .map_or_else(LocalError::outcome, |_| "success");
    services.metrics.sign_in(PROVIDER, outcome);
    if tokens.is_err() {
        services.refuse(RefusedRequest {
            user: Some(user.id),
            provider: Some(PROVIDER.to_owned()),
            ..RefusedRequest::new(ServerAct::SignInRefused, outcome, device)
        });
    }
    tokens
}

/// Creates the account, and returns it with its claims and the credential to sign in with.
async fn create(
    services: &Services,
    local: &Local,
    new: NewAccount<'_>,
    client: &Client,
) -> Result<(User, Claims, CurrentCredential), LocalError> {
    services.rate_limits.take_from_address(client.address)?;
    require_proof(services, client)?;
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
    // Count the attempt before anything that costs time or reveals whether a username is taken.
    local.guesses.sign_up(client.address, now)?;
    let fields = check_account(services, &new, invited_email)?;
    let username = fields.username.clone();
    if services.store.credential(username.clone()).await?.is_some() {
        return Err(username_taken());
    }
    let hash = local.hashing.hash(new.password, client.address).await?;
    let id = UserId::random(&*services.rng);
    let user = User::create_local(id, fields.username, fields.email, fields.name, now);
    services
        .settings
        .rights
        .admit(&user)
        .map_err(LocalError::NotAdmitted)?;
    // Before the account is stored: if the application refuses the user or is unavailable, the
    // username and the invitation can be used again.
    let claims = opening::claims(services, &user).await;
    let claims = claims.map_err(|error| opening_error(error, user.id))?;
    let create = NewLocalUser {
        user: user.clone(),
        hash: Some(hash.clone()),
        invitation,
        link: None,
        requester: Requester {
            actor: None,
            device: client.device.clone(),
        },
    };
    match services.store.create_local_user(create).await? {
        CreateOutcome::Created => Ok((user, claims, CurrentCredential { username, hash })),
        CreateOutcome::UsernameTaken => Err(username_taken()),
        CreateOutcome::LinkInvalid => Err(LocalError::LinkInvalid),
    }
}

/// Why a sign-up was refused, for the audit record.
fn refusal_reason(error: &LocalError) -> &'static str {
    match error {
        LocalError::SignUpClosed => "closed",
        LocalError::LinkInvalid => "link_invalid",
        error => error.outcome(),
    }
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
