//! Revokes access and refresh tokens (RFC 7009).

use std::net::IpAddr;

use latchkey_core::denial::CLOCK_SKEW;
use latchkey_core::{
    AuditEvent, AuditKind, Denial, DenialReason, Denied, Device, EndReason, SessionId, Timestamp,
    UserId,
};
use latchkey_store::{EndSession, StoreError};

use crate::event::Event;
use crate::services::Services;
use crate::services::rate_limits::TooManyRequests;

/// Why a token was not revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevokeError {
    /// A rate limit was reached.
    #[error(transparent)]
    TooMany(#[from] TooManyRequests),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Revokes a token. Revoking a refresh token ends its session, which denies all its access tokens.
/// Revoking an access token denies it, or ends its session if the user has revoked too many
/// individually. If an operator had already denied it, the operator can no longer lift the denial.
/// An expired access token is denied too, unless it expired before the latest sweep: the clock of
/// another server may be behind this one's. A string that is not a valid token counts as revoked
/// (RFC 7009 §2.2).
pub async fn revoke(
    state: &Services,
    token: &str,
    address: Option<IpAddr>,
    device: Device,
) -> Result<(), RevokeError> {
    let now = state.clock.now();
    let limits = &state.rate_limits;
    if let Ok(claims) = state.issuer.refresh_tokens().verify_signature(token) {
        limits.take_from_session(claims.sid, address)?;
        let end = EndSession {
            session: claims.sid,
            owner: None,
            reason: EndReason::Revoked,
            device,
            actor: None,
            note: None,
            now,
        };
        if let Some(ended) = state.store.end_session(end).await? {
            let (user, was_live) = (ended.user, ended.was_live);
            state.deny(user, &[ended.denial]);
            report_end(state, user, was_live, claims.sid);
            tracing::info!(session = %claims.sid, "refresh token revoked");
        }
    } else if let Ok(claims) = state
        .guard
        .authenticator()
        .verify_signature(token, state.guard.keys())
    {
        limits.take_from_session(claims.sid, address)?;
        // A token that expired before the latest sweep is refused whatever the clock says, and a
        // token that is denied need not be denied again.
        let expired_before_sweep =
            Timestamp::from_secs(claims.exp) <= state.guard.denylist().swept_until();
        let denylist = state.guard.denylist();
        let refused = denylist.refusal(&claims, Timestamp::default());
        // An operator's denial can be lifted, which must not make a revoked token valid again.
        let is_by_operator = refused == Some(DenialReason::EndedByOperator)
            && denylist
                .session_refusal(&claims, Timestamp::default())
                .is_none();
        if expired_before_sweep || (refused.is_some() && !is_by_operator) {
            return Ok(());
        }
        // A token that an operator denied already has an entry in the denylist. Its holder must not
        // be able to use up the user's limit with it, or to end the session.
        if !is_by_operator && !limits.allows_denial(claims.sub) {
            let end = EndSession {
                session: claims.sid,
                owner: None,
                reason: EndReason::Revoked,
                device: device.clone(),
                actor: None,
                note: None,
                now,
            };
            if let Some(ended) = state.store.end_session(end).await? {
                let (user, was_live) = (ended.user, ended.was_live);
                state.deny(user, &[ended.denial]);
                report_end(state, user, was_live, claims.sid);
                tracing::info!(
                    session = %claims.sid,
                    "session ended: its user revoked too many access tokens individually"
                );
                return Ok(());
            }
        }
        let denial = Denial {
            denied: Denied::Token(claims.jti),
            reason: DenialReason::Revoked,
            at: now,
            until: Timestamp::from_secs(claims.exp).plus(CLOCK_SKEW),
            cutoff: None,
            note: None,
        };
        let stored = if claims.check_time(now).is_ok() {
            let event = AuditEvent {
                at: now,
                kind: AuditKind::Revoked,
                user: claims.sub,
                session: Some(claims.sid),
                device,
                actor: None,
                other_address: None,
            };
            vec![state.store.revoke_token(denial, event).await?]
        } else {
            // Old tokens can be found in logs. Revoking them must not fill the user's activity
            // list.
            state.store.deny(vec![denial]).await?
        };
        state.deny(claims.sub, &stored);
        tracing::info!(token = %claims.jti, "access token revoked");
    } else {
        limits.take_from_address(address)?;
    }
    Ok(())
}

fn report_end(services: &Services, user: UserId, was_live: bool, session: SessionId) {
    if was_live {
        services.report(&Event::SessionEnded {
            user,
            session,
            reason: EndReason::Revoked,
        });
    }
}
