//! Revocation of either token (RFC 7009).

use latchkey_core::denial::SLACK;
use latchkey_core::{Denial, DenialReason, Denied, EndReason, Timestamp};
use latchkey_store::{EndSession, StoreError};

use crate::state::State;

/// Revokes a token. An access token is denied; a refresh token ends its session, and every access
/// token of it is denied. A text that is neither, or is past its end, has nothing to revoke: that
/// is a success (RFC 7009 §2.2).
pub async fn revoke(state: &State, token: &str) -> Result<(), StoreError> {
    let now = state.clock.now();
    if let Ok(claims) = state.issuer.refresh_tokens().verify(token, now) {
        let end = EndSession {
            session: claims.sid,
            reason: EndReason::Revoked,
            now,
        };
        if let Some(denial) = state.store.end_session(end).await? {
            state.denylist.insert(&denial);
            tracing::info!(session = %claims.sid, "a refresh token was revoked");
        }
    } else if let Ok(claims) = state.authenticator.recognise(token, &state.keys, now)
        && claims.check_time(now).is_ok()
    {
        let denial = Denial {
            denied: Denied::Token(claims.jti),
            reason: DenialReason::Revoked,
            at: now,
            until: Timestamp::from_secs(claims.exp).plus(SLACK),
        };
        state.store.deny(vec![denial.clone()]).await?;
        state.denylist.insert(&denial);
        tracing::info!(token = %claims.jti, "an access token was revoked");
    }
    Ok(())
}
