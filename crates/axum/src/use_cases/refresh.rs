//! The refresh grant: the decision of `latchkey_core::rotation`, and the tokens that follow.

use core::time::Duration;
use std::net::IpAddr;

use latchkey_core::rotation::{Decision, Limits, Presented, Refusal};
use latchkey_core::session::Thumbprint;
use latchkey_core::{Device, EndReason, NotAdmitted, SessionId, Timestamp, User, UserId};
use latchkey_store::{EndSession, Rotate, StoreError};
use latchkey_tokens::{KeyError, RefreshTokenError, digest};

use crate::claims::{Claims, ClaimsError};
use crate::event::Event;
use crate::services::Services;
use crate::services::issuer::Tokens;
use crate::services::rate_limits::TooManyRequests;

/// A refresh token was not exchanged.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// It is none of ours, was altered, or is past its end.
    #[error("the refresh token is not valid; sign in again")]
    Invalid(#[from] RefreshTokenError),
    /// The session is not known here.
    #[error("the session of this refresh token is not known; sign in again")]
    UnknownSession,
    /// The session is over.
    #[error("the session of this refresh token is over; sign in again")]
    Ended(Refusal),
    /// Its person would not be admitted today; the session was ended.
    #[error("{cause}")]
    NotAdmitted {
        /// The provider of the account, by its name or else by its issuer.
        provider: String,
        /// Whose session it was.
        of: Owner,
        /// Why.
        cause: NotAdmitted,
    },
    /// Someone used it before.
    #[error("this refresh token was used before, so the session was ended; sign in again")]
    Replayed(Owner),
    /// Another request rotated it moments ago.
    #[error("another request has just rotated this refresh token; use the tokens it was given")]
    Superseded,
    /// The session is bound to a key that did not speak.
    #[error("this session is bound to a key, and the request was not signed with it")]
    Unproven(Owner),
    /// Too often.
    #[error(transparent)]
    TooMany(#[from] TooManyRequests),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The application could not determine roles and claims. Nothing was used up.
    #[error("{0}")]
    Claims(String),
    /// No token could be signed.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// A session and whose it is: for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The session.
    pub session: SessionId,
    /// Its account.
    pub user: UserId,
}

/// What came with a refresh token.
#[derive(Debug)]
pub struct Request<'a> {
    /// The refresh token.
    pub token: &'a str,
    /// The header `Idempotency-Key`.
    pub idempotency_key: Option<&'a str>,
    /// How long the access token is to live, if that is shorter than configured.
    pub access_life: Option<Duration>,
    /// The key that signed the request's DPoP proof.
    pub proven: Option<Thumbprint>,
    /// Where the request comes from.
    pub device: Device,
    /// Whose share of requests it is.
    pub address: Option<IpAddr>,
}

/// Exchanges a refresh token for its successor and a fresh access token.
pub async fn refresh(state: &Services, request: Request<'_>) -> Result<Tokens, RefreshError> {
    let now = state.clock.now();
    // Whether it has expired the session says: an end that was seen once is kept there, for the
    // clock may be set back.
    let claims = match state
        .issuer
        .refresh_tokens()
        .verify_signature(request.token)
    {
        Ok(claims) => claims,
        Err(error) => {
            state.rate_limits.take_from_address(request.address)?;
            return Err(error.into());
        }
    };
    state
        .rate_limits
        .take_from_session(claims.sid, request.address)?;
    let configured = state.settings.tokens.access_ttl;
    let access = request
        .access_life
        .map_or(configured, |life| life.min(configured));
    let rotate = Rotate {
        session: claims.sid,
        user: claims.sub,
        presented: Presented {
            generation: claims.generation,
            key: request.idempotency_key.map(digest::idempotency_key),
            proof: request.proven,
            user_banned: false,
        },
        device: request.device.clone(),
        now,
        limits: Limits {
            access,
            idle: state.settings.tokens.idle_ttl,
        },
    };
    // Before anything is used up: the request can be repeated if the application cannot answer now.
    let hooked = application_claims(state, claims.sid).await?;
    let rotated = state
        .store
        .rotate(rotate)
        .await?
        .ok_or(RefreshError::UnknownSession)?;
    if let Some(denial) = rotated.denial {
        state.deny(rotated.user.id, &[denial]);
    }
    let device = request.device;
    let owner = Owner {
        session: claims.sid,
        user: rotated.user.id,
    };
    match rotated.decision {
        Decision::Rotated(session) | Decision::Repeated(session) => {
            if let Err(cause) = state.settings.rights.admit(&rotated.user) {
                end_not_admitted(state, session.id, device, now).await?;
                return Err(RefreshError::NotAdmitted {
                    provider: provider_of(state, &rotated.user).to_owned(),
                    of: owner,
                    cause,
                });
            }
            let claims = match hooked {
                Some(Ok(claims)) => claims,
                Some(Err(reason)) => {
                    end_not_admitted(state, session.id, device, now).await?;
                    tracing::info!(session = %session.id, reason, "the application refused a refresh");
                    return Err(RefreshError::NotAdmitted {
                        provider: provider_of(state, &rotated.user).to_owned(),
                        of: owner,
                        cause: NotAdmitted::Application,
                    });
                }
                None => state
                    .claims_of(&rotated.user)
                    .await
                    .map_err(|error| unavailable(&error))?,
            };
            state.report(&Event::Refreshed {
                user: owner.user,
                session: owner.session,
            });
            let expires_at = now.plus(access);
            let keys = state.guard.keys();
            let user = &rotated.user;
            Ok(state
                .issuer
                .issue(keys, &session, user, claims, now, expires_at)?)
        }
        Decision::Superseded => Err(RefreshError::Superseded),
        Decision::Replayed(_) => {
            state.report(&Event::SessionEnded {
                user: owner.user,
                session: owner.session,
                reason: EndReason::Replayed,
            });
            Err(RefreshError::Replayed(owner))
        }
        Decision::Unproven => {
            state.notifier.notify(rotated.user.id);
            Err(RefreshError::Unproven(owner))
        }
        Decision::Refused(refusal) => Err(RefreshError::Ended(refusal)),
    }
}

/// Roles and claims of the application for the user of a session, or why it refuses the user. `None`
/// if there is nothing to ask: no function is set, or the session or its user is not known.
async fn application_claims(
    state: &Services,
    session: SessionId,
) -> Result<Option<Result<Claims, String>>, RefreshError> {
    if state.claims.is_none() {
        return Ok(None);
    }
    let Some(session) = state.store.session(session).await? else {
        return Ok(None);
    };
    let Some(user) = state.store.user(session.user).await? else {
        return Ok(None);
    };
    match state.claims_of(&user).await {
        Ok(claims) => Ok(Some(Ok(claims))),
        Err(ClaimsError::Refused(reason)) => Ok(Some(Err(reason))),
        Err(error) => Err(unavailable(&error)),
    }
}

fn unavailable(error: &ClaimsError) -> RefreshError {
    RefreshError::Claims(error.to_string())
}

/// The configured name of the user's provider, or its issuer if it is not configured any more.
fn provider_of<'a>(state: &'a Services, user: &'a User) -> &'a str {
    let issuer = &user.identity.issuer;
    state.settings.rights.provider_of(issuer).unwrap_or(issuer)
}

/// Ends the session of somebody who would not be admitted today. Nobody was given the successor of
/// the token that was presented: if this fails, the session ends at its next refresh.
async fn end_not_admitted(
    state: &Services,
    session: SessionId,
    device: Device,
    now: Timestamp,
) -> Result<(), StoreError> {
    let end = EndSession {
        session,
        of: None,
        reason: EndReason::NotAdmitted,
        device,
        now,
    };
    if let Some(ended) = state.store.end_session(end).await? {
        state.deny(ended.user, &[ended.denial]);
        state.report(&Event::SessionEnded {
            user: ended.user,
            session,
            reason: EndReason::NotAdmitted,
        });
    }
    Ok(())
}
