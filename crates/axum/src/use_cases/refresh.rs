//! The refresh grant: applies the decision of `latchkey_core::rotation` and issues the tokens.

use core::time::Duration;
use std::net::IpAddr;

use latchkey_core::rotation::{self, Decision, Limits, Presented, Refusal};
use latchkey_core::session::Thumbprint;
use latchkey_core::{
    Device, EndReason, NotAdmitted, ServerAct, SessionId, Timestamp, User, UserId,
};
use latchkey_store::{EndSession, Rotate, StoreError};
use latchkey_tokens::{KeyError, RefreshClaims, RefreshTokenError, digest};

use crate::claims::{Claims, ClaimsError};
use crate::event::Event;
use crate::services::Services;
use crate::services::audit_log::RefusedRequest;
use crate::services::issuer::Tokens;
use crate::services::rate_limits::TooManyRequests;

/// Why a refresh token was not exchanged.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// The token is not a refresh token that this server issued, or it was altered.
    #[error("the refresh token is not valid; sign in again")]
    Invalid(#[from] RefreshTokenError),
    /// The store does not contain the session, or its user.
    #[error("the session of this refresh token does not exist; sign in again")]
    UnknownSession,
    /// The session has ended or expired, or its user is banned.
    #[error("the session of this refresh token has ended; sign in again")]
    Ended(Refusal),
    /// The user is no longer admitted; the session was ended.
    #[error("{cause}")]
    NotAdmitted {
        /// The user's provider: its name, or its issuer if it is no longer configured.
        provider: String,
        /// The session and its user.
        owner: Owner,
        /// The rule that refused the user.
        cause: NotAdmitted,
    },
    /// The token was used before, so the session was ended.
    #[error("this refresh token was used before, so the session was ended; sign in again")]
    Replayed(Owner),
    /// Another request rotated the token within the reuse leeway, or this request is a late
    /// duplicate of an earlier one.
    #[error(
        "another request has just rotated this refresh token; use the tokens from its response"
    )]
    Superseded,
    /// The session is bound to a key, and the request has no DPoP proof signed with it.
    #[error("this session is bound to a key; send a DPoP proof signed with that key")]
    KeyMismatch(Owner),
    /// A rate limit was reached.
    #[error(transparent)]
    TooMany(#[from] TooManyRequests),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The application could not determine roles and claims. The token was not rotated.
    #[error("{0}")]
    Claims(String),
    /// The new tokens could not be signed.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl RefreshError {
    /// The outcome, as a label of the metric.
    fn outcome(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid",
            Self::UnknownSession => "unknown_session",
            Self::Ended(_) => "ended",
            Self::NotAdmitted { .. } => "not_admitted",
            Self::Replayed(_) => "replayed",
            Self::Superseded => "superseded",
            Self::KeyMismatch(_) => "key_mismatch",
            Self::TooMany(_) => "rate_limited",
            Self::Store(StoreError::Corrupt { .. }) | Self::Key(_) => "failed",
            Self::Store(_) | Self::Claims(_) => "unavailable",
        }
    }
}

/// A session and its user, for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The session.
    pub session: SessionId,
    /// The session's user.
    pub user: UserId,
}

/// A refresh token and other parameters of the request.
#[derive(Debug)]
pub struct RefreshGrant<'a> {
    /// The refresh token.
    pub token: &'a str,
    /// The `Idempotency-Key` header.
    pub idempotency_key: Option<&'a str>,
    /// The requested lifetime of the access token, which can only shorten the configured one.
    pub access_ttl: Option<Duration>,
    /// The thumbprint of the key that signed the request's DPoP proof.
    pub proven: Option<Thumbprint>,
    /// The device that sent the request.
    pub device: Device,
    /// The client address, for rate limits.
    pub address: Option<IpAddr>,
}

/// Exchanges a refresh token for its successor and a new access token.
pub async fn refresh(state: &Services, request: RefreshGrant<'_>) -> Result<Tokens, RefreshError> {
    let mut owner = None;
    let exchanged = exchange(state, &request, &mut owner).await;
    let outcome = match &exchanged {
        Ok((_, outcome)) => *outcome,
        Err(error) => error.outcome(),
    };
    state.metrics.refresh(outcome);
    match &exchanged {
        // The store has recorded these outcomes.
        Ok(_) | Err(RefreshError::Replayed(_) | RefreshError::NotAdmitted { .. }) => {}
        Err(_) => state.refuse(RefusedRequest {
            user: owner.map(|owner: Owner| owner.user),
            session: owner.map(|owner| owner.session),
            ..RefusedRequest::new(ServerAct::RefreshRefused, outcome, request.device)
        }),
    }
    exchanged.map(|(tokens, _)| tokens)
}

/// Returns the tokens and the outcome for the metric: `rotated` or `repeated`. Sets `presented` to
/// the session and the user of the token once its signature is verified.
async fn exchange(
    state: &Services,
    request: &RefreshGrant<'_>,
    presented: &mut Option<Owner>,
) -> Result<(Tokens, &'static str), RefreshError> {
    let now = state.clock.now();
    // The expiry is not checked here, but by the store, against the session's record. Once the store
    // has found that a session has expired, it records this, and the session stays expired even if
    // the clock is set back.
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
    *presented = Some(Owner {
        session: claims.sid,
        user: claims.sub,
    });
    state
        .rate_limits
        .take_from_session(claims.sid, request.address)?;
    let rotate = request_rotation(state, request, &claims, now);
    let access = rotate.limits.access;
    // Before the rotation, so that the request can be repeated if the application is unavailable.
    let from_application = application_claims(state, &rotate).await?;
    let rotated = state
        .store
        .rotate(rotate)
        .await?
        .ok_or(RefreshError::UnknownSession)?;
    let user = rotated.user;
    if let Some(denial) = rotated.denial {
        state.deny(user.id, &[denial]);
    }
    let owner = Owner {
        session: claims.sid,
        user: user.id,
    };
    let (session, outcome) = match rotated.decision {
        Decision::Rotated(session) => (session, "rotated"),
        Decision::Repeated(session) => (session, "repeated"),
        Decision::Superseded => return Err(RefreshError::Superseded),
        Decision::Replayed(_) => {
            state.report(&Event::SessionEnded {
                user: owner.user,
                session: owner.session,
                reason: EndReason::Replayed,
            });
            return Err(RefreshError::Replayed(owner));
        }
        Decision::ProofMissing => {
            state.notifier.notify(owner.user);
            return Err(RefreshError::KeyMismatch(owner));
        }
        Decision::Refused(refusal) => return Err(RefreshError::Ended(refusal)),
    };
    // Rights and claims are those of the identity that opened the session. The user still has it:
    // otherwise the rotation would have refused the session as ended.
    let user = user.signed_in_with(session.identity);
    let user = user.ok_or(RefreshError::UnknownSession)?;
    let admitted = admit(state, &user, from_application).await?;
    let claims = match admitted {
        Ok(claims) => claims,
        Err(cause) => {
            end_not_admitted(state, session.id, request.device.clone(), now).await?;
            return Err(RefreshError::NotAdmitted {
                provider: provider_of(state, &user).to_owned(),
                owner,
                cause,
            });
        }
    };
    state.report(&Event::Refreshed {
        user: owner.user,
        session: owner.session,
    });
    let keys = state.guard.keys();
    let expires_at = now.plus(access);
    let tokens = state
        .issuer
        .issue(keys, &session, &user, claims, now, expires_at)?;
    let Owner { session, user } = owner;
    tracing::debug!(%session, %user, outcome, "session refreshed");
    Ok((tokens, outcome))
}

/// The store operation for this request.
fn request_rotation(
    state: &Services,
    request: &RefreshGrant<'_>,
    claims: &RefreshClaims,
    now: Timestamp,
) -> Rotate {
    let configured = state.settings.tokens.access_ttl;
    let access = request
        .access_ttl
        .map_or(configured, |ttl| ttl.min(configured));
    Rotate {
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
    }
}

/// The application's roles and claims for the user of a session, or its refusal of the user.
type FromApplication = Result<Claims, NotAdmitted>;

/// Calls the application's function before the rotation. `None` if there is no function to call, or
/// if the rotation will not grant anything: a replayed token must end its session even while the
/// application is unavailable.
async fn application_claims(
    state: &Services,
    rotate: &Rotate,
) -> Result<Option<FromApplication>, RefreshError> {
    if state.claims.is_none() {
        return Ok(None);
    }
    let Some(session) = state.store.session(rotate.session).await? else {
        return Ok(None);
    };
    let foreseen = rotation::decide(&session, &rotate.presented, rotate.now, rotate.limits);
    if !matches!(foreseen, Decision::Rotated(_) | Decision::Repeated(_)) {
        return Ok(None);
    }
    let user = state.store.user(session.user).await?;
    let Some(user) = user.and_then(|user| user.signed_in_with(session.identity)) else {
        return Ok(None);
    };
    call_application(state, &user).await.map(Some)
}

async fn call_application(state: &Services, user: &User) -> Result<FromApplication, RefreshError> {
    match state.claims_of(user).await {
        Ok(claims) => Ok(Ok(claims)),
        Err(ClaimsError::Refused(reason)) => {
            tracing::info!(user = %user.id, reason, "refresh refused by the application");
            Ok(Err(NotAdmitted::Application))
        }
        Err(error @ ClaimsError::Unavailable(_)) => Err(RefreshError::Claims(error.to_string())),
    }
}

/// The claims of a user, or why the user is no longer admitted.
async fn admit(
    state: &Services,
    user: &User,
    from_application: Option<FromApplication>,
) -> Result<FromApplication, RefreshError> {
    if let Err(cause) = state.settings.rights.admit(user) {
        return Ok(Err(cause));
    }
    match from_application {
        Some(result) => Ok(result),
        None => call_application(state, user).await,
    }
}

/// The configured name of the user's provider, or its issuer if it is no longer configured.
fn provider_of<'a>(state: &'a Services, user: &'a User) -> &'a str {
    let issuer = &user.identity.issuer;
    state.settings.rights.provider_of(issuer).unwrap_or(issuer)
}

/// Ends the session of a user who is no longer admitted. If this fails, a later refresh ends the
/// session: the client never received the successor of the token that it presented, so it can only
/// present the same token again.
async fn end_not_admitted(
    state: &Services,
    session: SessionId,
    device: Device,
    now: Timestamp,
) -> Result<(), StoreError> {
    let end = EndSession {
        session,
        owner: None,
        reason: EndReason::NotAdmitted,
        device,
        actor: None,
        note: None,
        now,
    };
    if let Some(ended) = state.store.end_session(end).await? {
        state.deny(ended.user, &[ended.denial]);
        // If the session was no longer live, a concurrent request has ended it and reported that.
        if ended.was_live {
            state.report(&Event::SessionEnded {
                user: ended.user,
                session,
                reason: EndReason::NotAdmitted,
            });
        }
    }
    Ok(())
}
