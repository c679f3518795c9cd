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
use crate::services::local::{LinkToken, Local, owns_username};
use crate::services::rate_limits::TooManyRequests;

/// The maximum number of accounts with the entered email address that get a link. The account with
/// the entered username gets one too.
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
        if !owns_username(&*services.store, &user).await? {
            continue;
        }
        if let (Some(username), Some(email)) = (&user.username, &user.email) {
            let oldest = oldest_accounts(services, email, 1).await?;
            let is_oldest = oldest.iter().any(|oldest| oldest.id == user.id);
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

/// The oldest local accounts with this email address, and the one with this username. A username
/// can be the email address of another user, so both kinds of matches are returned.
async fn accounts(services: &Services, name: &str) -> Result<Vec<User>, StoreError> {
    let mut found = oldest_accounts(services, name, MAX_ACCOUNTS).await?;
    if let Ok(username) = name.parse::<Username>()
        && let Some(credential) = services.store.credential(username).await?
        && found.iter().all(|user| user.id != credential.user)
    {
        found.extend(services.store.user(credential.user).await?);
    }
    Ok(found)
}

async fn oldest_accounts(
    services: &Services,
    email: &str,
    limit: usize,
) -> Result<Vec<User>, StoreError> {
    let found = services
        .store
        .oldest_local_accounts_by_email(email.to_owned(), limit);
    found.await
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
