//! The identities of the user: lists them and removes one. `sign_in::link` adds one.

use latchkey_core::{Denied, Device, EndReason, LinkedIdentity, UnlinkError};
use latchkey_store::{StoreError, UnlinkIdentity, UnlinkOutcome};
use latchkey_tokens::AccessClaims;

use crate::event::Event;
use crate::services::Services;

/// An identity of the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnIdentity {
    /// The identity.
    pub identity: LinkedIdentity,
    /// Whether the current session was opened with it.
    pub is_current: bool,
    /// Whether a sign-in with it is refused.
    pub is_suspended: bool,
}

/// The identities of the user of these claims, oldest first.
pub async fn list(state: &Services, claims: &AccessClaims) -> Result<Vec<OwnIdentity>, StoreError> {
    let Some(user) = state.store.user(claims.sub).await? else {
        return Ok(Vec::new());
    };
    let session = state.store.session(claims.sid).await?;
    let current = session.map(|session| session.identity);
    let identities = user.all_identities().into_iter();
    let own = identities.map(|identity| OwnIdentity {
        is_current: current == Some(identity.number),
        is_suspended: user.is_suspended(identity.number),
        identity,
    });
    Ok(own.collect())
}

/// Why an identity was not removed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RemoveError {
    /// The identity is unknown, or the last one.
    #[error(transparent)]
    Refused(#[from] UnlinkError),
    /// The user is banned.
    #[error("this account is banned; contact the administrator of this server")]
    Banned,
    /// The current session has ended, but its denial had not reached this server yet.
    #[error("this session has ended; sign in again")]
    SessionEnded,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Removes an identity of the user. Once this returns, all tokens of the sessions that were opened
/// with it are refused; the current session may be one of them.
pub async fn remove(
    state: &Services,
    claims: &AccessClaims,
    number: u32,
    device: Device,
) -> Result<(), RemoveError> {
    let user = claims.sub;
    let request = UnlinkIdentity {
        user,
        number,
        session: claims.sid,
        device,
        now: state.clock.now(),
    };
    let ended = match state.store.unlink_identity(request).await? {
        UnlinkOutcome::Unlinked(ended) => ended,
        UnlinkOutcome::Refused(error) => return Err(error.into()),
        UnlinkOutcome::Banned => return Err(RemoveError::Banned),
        UnlinkOutcome::SessionEnded => return Err(RemoveError::SessionEnded),
    };
    let sessions = ended.len();
    for ended in ended {
        let denied = ended.denial.denied;
        state.deny(user, &[ended.denial]);
        if ended.was_live
            && let Denied::Session(session) = denied
        {
            state.report(&Event::SessionEnded {
                user,
                session,
                reason: EndReason::IdentityRemoved,
            });
        }
    }
    state.notifier.notify(user);
    state.report(&Event::IdentityRemoved { user });
    tracing::info!(%user, by = %claims.sid, sessions, "identity removed");
    Ok(())
}
