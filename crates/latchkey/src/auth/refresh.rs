//! The refresh grant: the decision of `latchkey_core::rotation`, and the tokens that follow.

use core::time::Duration;
use std::net::IpAddr;

use latchkey_core::rotation::{Decision, Limits, Presented, Refusal};
use latchkey_core::session::Thumbprint;
use latchkey_core::{Device, EndReason, NotAdmitted, SessionId, Timestamp, UserId};
use latchkey_store::{EndSession, Rotate, StoreError};
use latchkey_tokens::{KeyError, RefreshTokenError, digest};

use super::issue::Tokens;
use super::rate_limits::TooManyRequests;
use crate::state::State;

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
pub async fn refresh(state: &State, request: Request<'_>) -> Result<Tokens, RefreshError> {
    let now = state.clock.now();
    // Whether it has expired the session says: an end that was seen once is kept there, for the
    // clock may be set back.
    let claims = match state.issuer.refresh_tokens().recognise(request.token) {
        Ok(claims) => claims,
        Err(error) => {
            state.rate_limits.take_from_address(request.address)?;
            return Err(error.into());
        }
    };
    state
        .rate_limits
        .take_from_session(claims.sid, request.address)?;
    let configured = state.config.tokens.access_ttl;
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
            idle: state.config.tokens.idle_ttl,
        },
    };
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
            if let Err(cause) = state.config.rights.admit(&rotated.user) {
                end_not_admitted(state, session.id, device, now).await?;
                let issuer = &rotated.user.identity.issuer;
                let provider = state.config.rights.provider_of(issuer).unwrap_or(issuer);
                return Err(RefreshError::NotAdmitted {
                    provider: provider.to_owned(),
                    of: owner,
                    cause,
                });
            }
            let expires_at = now.plus(access);
            Ok(state
                .issuer
                .issue(&state.keys, &session, &rotated.user, now, expires_at)?)
        }
        Decision::Superseded => Err(RefreshError::Superseded),
        Decision::Replayed(_) => Err(RefreshError::Replayed(owner)),
        Decision::Unproven => {
            state.hub.wake(rotated.user.id);
            Err(RefreshError::Unproven(owner))
        }
        Decision::Refused(refusal) => Err(RefreshError::Ended(refusal)),
    }
}

/// Ends the session of somebody who would not be admitted today. Nobody was given the successor of
/// the token that was presented: if this fails, the session ends at its next refresh.
async fn end_not_admitted(
    state: &State,
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
    }
    Ok(())
}
