//! Completes a sign-in that adds an identity to the account of the current session.
//!
//! Both identities are proven in one browser: a session with a recent sign-in began the flow, the
//! flow is in a cookie of that browser, the provider has just confirmed the identity in response to
//! this flow, and the same session completes it. If the provider can report when it authenticated
//! the user, it must have done so recently. GitHub cannot, and only lets the user choose an account.

use latchkey_core::{Device, FlowId, LinkTarget, TooManyIdentities};
use latchkey_store::{LinkIdentity, LinkOutcome, StoreError};
use latchkey_tokens::AccessClaims;

use super::{Callback, Confirmed, FinishError, confirm};
use crate::event::Event;
use crate::services::Services;

/// Why an identity was not linked.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The sign-in at the provider failed.
    #[error(transparent)]
    SignIn(#[from] FinishError),
    /// The identity belongs to another account. Holds the provider's name.
    #[error(
        "this account at the provider already belongs to another account here; remove it from \
         that account, or delete that account, then add it again"
    )]
    InUse(String),
    /// The account has the maximum number of identities.
    #[error(transparent)]
    TooMany(#[from] TooManyIdentities),
    /// The session ended before the identity was linked.
    #[error("this session has ended; sign in and start again")]
    SessionEnded,
}

impl From<StoreError> for LinkError {
    fn from(error: StoreError) -> Self {
        FinishError::from(error).into()
    }
}

/// Adds the identity that the provider confirms to the account of the user in `claims`. Returns the
/// completed flow, so that its cookie can be cleared.
pub async fn link(
    state: &Services,
    claims: &AccessClaims,
    callback: Callback<'_>,
    device: Device,
) -> Result<FlowId, LinkError> {
    let target = LinkTarget {
        user: claims.sub,
        session: claims.sid,
    };
    let Confirmed {
        profile, id, flow, ..
    } = confirm(state, &callback, Some(target), &mut None).await?;
    let request = LinkIdentity {
        target,
        profile,
        device,
        // The provider may have taken seconds, so the clock is read again.
        now: state.clock.now(),
    };
    let (user, provider) = (claims.sub, flow.provider);
    match state.store.link_identity(request).await? {
        LinkOutcome::Linked { is_new: false, .. } => Ok(id),
        LinkOutcome::Linked { is_new: true, .. } => {
            state.notifier.notify(user);
            state.report(&Event::IdentityLinked { user });
            tracing::info!(%user, session = %claims.sid, provider, "identity linked");
            Ok(id)
        }
        LinkOutcome::InUse => Err(LinkError::InUse(provider)),
        LinkOutcome::TooMany => Err(TooManyIdentities.into()),
        LinkOutcome::Banned => Err(FinishError::Banned { provider, user }.into()),
        LinkOutcome::SessionEnded => Err(LinkError::SessionEnded),
    }
}
