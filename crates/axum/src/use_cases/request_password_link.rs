//! A user who forgot the password requests a link by mail.
//!
//! The response is sent before anything is looked up, so neither its content nor its timing depends
//! on whether the account exists.

use std::net::IpAddr;
use std::sync::Arc;

use latchkey_core::local::LINK_LIFETIME;
use latchkey_core::{Device, LinkPurpose, OneTimeLink, Requester, ServerAct, User, Username};
use latchkey_store::StoreError;
use tracing::Instrument as _;

use crate::services::Services;
use crate::services::audit_log::RefusedRequest;
use crate::services::local::mailer::{Mailer, Message};
use crate::services::local::{LinkToken, Local};
use crate::services::rate_limits::TooManyRequests;

/// The maximum number of accounts with the same email address that get a link.
const MAX_ACCOUNTS: usize = 3;

/// Sends a link for each account with this username or email address, in the background. If no mail
/// server is configured, nothing happens: the operator creates the links.
pub fn request(
    services: &Arc<Services>,
    local: &Local,
    name: String,
    (address, device): (Option<IpAddr>, Device),
) -> Result<(), TooManyRequests> {
    let limited = services.rate_limits.take_from_address(address);
    let limited = limited.and_then(|()| local.guesses.link_request(address, services.clock.now()));
    if let Err(error) = limited {
        let act = ServerAct::PasswordChangeRefused;
        services.refuse(RefusedRequest::new(act, "rate_limited", device));
        return Err(error);
    }
    let Some(mailer) = &local.mailer else {
        return Ok(());
    };
    let Some(place) = mailer.enter() else {
        tracing::warn!("too many messages are waiting; a link to set a password was not sent");
        return Ok(());
    };
    let (services, mailer) = (Arc::clone(services), Arc::clone(mailer));
    let sending = async move {
        if let Err(error) = send(&services, &mailer, &name, device).await {
            tracing::warn!(%error, "cannot create a link to set a password");
        }
        drop(place);
    };
    tokio::spawn(sending.in_current_span());
    Ok(())
}

async fn send(
    services: &Services,
    mailer: &Mailer,
    name: &str,
    device: Device,
) -> Result<(), StoreError> {
    let requester = Requester {
        actor: None,
        device,
    };
    for user in accounts(services, name.trim()).await? {
        if let (Some(username), Some(email)) = (&user.username, &user.email) {
            let is_oldest = is_oldest(services, &user, email).await?;
            let to = Recipient {
                username,
                email,
                is_oldest,
            };
            send_link(services, mailer, to, requester.clone()).await?;
        }
    }
    Ok(())
}

/// The local accounts with this username or email address.
async fn accounts(services: &Services, name: &str) -> Result<Vec<User>, StoreError> {
    if let Ok(username) = name.parse::<Username>()
        && let Some(credential) = services.store.credential(username).await?
    {
        let user = services.store.user(credential.user).await?;
        return Ok(user.into_iter().collect());
    }
    let mut found = services.store.users_by_email(name.to_owned()).await?;
    found.retain(|user| user.username.is_some());
    found.sort_by_key(|user| (user.created_at, user.id));
    found.truncate(MAX_ACCOUNTS);
    Ok(found)
}

/// Whether no older local account has the email address of this one.
async fn is_oldest(services: &Services, user: &User, email: &str) -> Result<bool, StoreError> {
    let found = services.store.users_by_email(email.to_owned()).await?;
    let mut local = found.iter().filter(|it| it.username.is_some());
    Ok(local.all(|it| (user.created_at, user.id) <= (it.created_at, it.id)))
}

/// Who gets a link.
struct Recipient<'a> {
    username: &'a Username,
    email: &'a str,
    /// Whether no older local account has this email address.
    is_oldest: bool,
}

async fn send_link(
    services: &Services,
    mailer: &Mailer,
    to: Recipient<'_>,
    requester: Requester,
) -> Result<(), StoreError> {
    let Recipient {
        username,
        email,
        is_oldest,
    } = to;
    let Some(local) = &services.local else {
        return Ok(());
    };
    let now = services.clock.now();
    let address = requester.device.address.as_deref();
    let address = address.and_then(|address| address.parse().ok());
    if !local
        .guesses
        .allows_link(username.as_str(), (email, is_oldest), address, now)
    {
        tracing::info!("too many links for this account, mailbox or network; no link was sent");
        return Ok(());
    }
    let token = LinkToken::random(&*services.rng);
    let purpose = LinkPurpose::SetPassword {
        username: username.clone(),
    };
    let link = OneTimeLink {
        purpose,
        expires_at: now.plus(LINK_LIFETIME),
    };
    let added = services
        .store
        .add_one_time_link(token.hash(), link, requester, now);
    if !added.await? {
        // The account was deleted.
        return Ok(());
    }
    let link = token.password_link(&services.public_url);
    let message = Message::set_password(email, username.as_str(), &services.public_url, &link);
    // The error is from the mail server, and does not contain the message.
    if let Err(error) = mailer.send(&message).await {
        tracing::warn!(%error, "cannot send a link to set a password");
    }
    Ok(())
}
