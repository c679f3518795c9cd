//! Completes a sign-in after the browser returns from its provider. `begin_sign_in` starts it.
//! [`link`] completes one that adds an identity to an account.

pub mod link;

use core::time::Duration;
use std::net::IpAddr;

use latchkey_core::session::Thumbprint;
use latchkey_core::{
    Device, FlowId, LinkTarget, LoginFlow, NotAdmitted, Profile, ReturnTo, ServerAct, Timestamp,
    UserId,
};
use latchkey_guard::step_up;
use latchkey_identity::{AuthenticatedProfile, AuthorizationResponse, SignInError};
use latchkey_store::StoreError;
use latchkey_tokens::KeyError;
use url::Url;

use crate::services::Services;
use crate::services::audit_log::RefusedRequest;
use crate::services::flows::SealedFlow;
use crate::services::issuer::Tokens;
use crate::services::metrics::{NO_PROVIDER, provider_failure};
use crate::services::opening::{self, Opening, OpeningError};
use crate::services::rate_limits::TooManyRequests;

/// The authorization response that the browser brought back, and other parameters of the request.
#[derive(Debug)]
pub struct Callback<'a> {
    /// The sign-ins in progress in this browser, from its cookies.
    pub flows: Vec<SealedFlow>,
    /// `state`.
    pub state: &'a str,
    /// `code`.
    pub code: &'a str,
    /// `redirect_uri`: the address at which the response arrived (RFC 6749 §4.1.3).
    pub redirect_uri: Option<&'a str>,
    /// `iss` (RFC 9207).
    pub iss: Option<&'a str>,
    /// The browser's `User-Agent`.
    pub user_agent: Option<String>,
    /// The client's address; this sign-in counts toward its rate limit.
    pub address: Option<IpAddr>,
    /// The id of the request, for the security event.
    pub request_id: Option<String>,
    /// The thumbprint of the key that signed the request's DPoP proof. The session is bound to it.
    pub proven: Option<Thumbprint>,
}

/// Why a sign-in could not be completed.
#[derive(Debug, thiserror::Error)]
pub enum FinishError {
    /// This browser has no such flow, or the flow has expired or was already used. A sign-in that
    /// failed can also have used it.
    #[error(
        "no matching sign-in in this browser: it was started in another browser, took longer than \
         ten minutes, or was already used; start again"
    )]
    FlowNotFound,
    /// The server binds every session to a key, and the request has no DPoP proof.
    #[error("this server requires a DPoP proof (RFC 9449) at sign-in; send one with this request")]
    ProofRequired,
    /// The response did not arrive at the provider's redirect URI. Holds the provider's name.
    #[error(
        "redirect_uri is not the redirect URI of the chosen provider, so the response may come \
         from another provider; start again"
    )]
    RedirectUri(String),
    /// A step-up was completed by another user.
    #[error(
        "you signed in with a different account; start again and choose the account of your \
         current session"
    )]
    OtherAccount {
        /// The provider's name.
        provider: String,
        /// The user who had to sign in again.
        user: UserId,
    },
    /// The provider failed or refused, or its response is not valid.
    #[error(transparent)]
    Provider(#[from] SignInError),
    /// The rules of admission refuse the user.
    #[error("{cause}")]
    NotAdmitted {
        /// The provider's name.
        provider: String,
        /// The rule that refused the user.
        cause: NotAdmitted,
    },
    /// The user is banned.
    #[error("this account is banned; contact the administrator of this server")]
    Banned {
        /// The provider's name.
        provider: String,
        /// The user.
        user: UserId,
    },
    /// The identity is suspended, because the password of the account was set with a link.
    #[error(
        "this way to sign in is suspended, because the password of the account was reset; sign in \
         with the password and add it again"
    )]
    IdentitySuspended {
        /// The provider's name.
        provider: String,
        /// The user.
        user: UserId,
    },
    /// A rate limit was reached.
    #[error(transparent)]
    TooMany(#[from] TooManyRequests),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The application could not determine roles and claims.
    #[error("{0}")]
    Claims(String),
    /// The tokens could not be signed.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl FinishError {
    /// The user, if it is known.
    fn user(&self) -> Option<UserId> {
        match self {
            Self::OtherAccount { user, .. }
            | Self::Banned { user, .. }
            | Self::IdentitySuspended { user, .. } => Some(*user),
            _ => None,
        }
    }

    fn opening(error: OpeningError, provider: String, user: UserId) -> Self {
        match error {
            OpeningError::NotAdmitted(cause) => Self::NotAdmitted { provider, cause },
            OpeningError::Banned => Self::Banned { provider, user },
            // No password was verified, so none can have changed.
            OpeningError::UnknownUser | OpeningError::PasswordChanged => Self::FlowNotFound,
            OpeningError::IdentitySuspended => Self::IdentitySuspended { provider, user },
            OpeningError::Store(error) => Self::Store(error),
            OpeningError::Claims(error) => Self::Claims(error),
            OpeningError::Key(error) => Self::Key(error),
        }
    }

    /// The reason, for the metric.
    fn outcome(&self) -> &'static str {
        match self {
            Self::FlowNotFound => "flow_not_found",
            Self::ProofRequired => "proof_required",
            Self::RedirectUri(_) => "redirect_uri",
            Self::OtherAccount { .. } => "other_account",
            Self::Provider(error) => provider_failure(error),
            Self::NotAdmitted { .. } => "not_admitted",
            Self::Banned { .. } => "banned",
            Self::IdentitySuspended { .. } => "identity_suspended",
            Self::TooMany(_) => "rate_limited",
            Self::Store(StoreError::Corrupt { .. }) | Self::Key(_) => "failed",
            Self::Store(_) | Self::Claims(_) => "unavailable",
        }
    }
}

/// A completed sign-in.
#[derive(Debug)]
pub struct Finished {
    /// The user's tokens.
    pub tokens: Tokens,
    /// The page that the user was on the way to.
    pub return_to: ReturnTo,
    /// The flow that is complete, so that its cookie can be cleared.
    pub flow: FlowId,
}

/// When the user last authenticated at the provider, if that is known. `claimed` is the provider's
/// `auth_time`.
fn authenticated_at(
    claimed: Option<Timestamp>,
    max_age: Option<u64>,
    now: Timestamp,
) -> Option<Timestamp> {
    match claimed {
        // Can be hours old if the user was already signed in at the provider. Capped at now in case
        // the provider's clock is slightly ahead.
        Some(at) => (at <= now.plus(step_up::CLOCK_SKEW)).then_some(at.min(now)),
        // With `max_age`, a response without `auth_time` is accepted only from a provider at which
        // any new sign-in counts as recent, so the time is `now`. Without `max_age`, the user may
        // have authenticated days ago.
        None => max_age
            .is_some_and(|age| age <= step_up::MAX_AGE.as_secs())
            .then_some(now),
    }
}

/// What the provider confirmed about the user, and the flow it belongs to.
struct Confirmed {
    profile: Profile,
    auth_time: Option<Timestamp>,
    id: FlowId,
    flow: LoginFlow,
}

/// Completes the sign-in, once, and opens a session.
pub async fn finish(state: &Services, callback: Callback<'_>) -> Result<Finished, FinishError> {
    let mut provider = None;
    let device = Device {
        user_agent: callback.user_agent.clone(),
        address: callback.address.map(|address| address.to_string()),
        request_id: callback.request_id.clone(),
    };
    let finished = complete(state, callback, &mut provider).await;
    let outcome = match &finished {
        Ok(_) => "success",
        Err(error) => error.outcome(),
    };
    let counted_for = provider.as_deref().unwrap_or(NO_PROVIDER);
    state.metrics.sign_in(counted_for, outcome);
    if let Err(error) = &finished {
        state.refuse(RefusedRequest {
            user: error.user(),
            provider,
            ..RefusedRequest::new(ServerAct::SignInRefused, outcome, device)
        });
    }
    finished
}

/// Sets `counted_for` to the provider once the flow is known.
async fn complete(
    state: &Services,
    callback: Callback<'_>,
    counted_for: &mut Option<String>,
) -> Result<Finished, FinishError> {
    let Confirmed {
        profile,
        auth_time,
        id,
        flow,
    } = confirm(state, &callback, None, counted_for).await?;
    // The provider may have taken seconds, so the clock is read again.
    let now = state.clock.now();
    let new_id = UserId::random(&*state.rng);
    let identity = profile.identity.clone();
    let user = state.store.upsert_identity(profile, new_id, now).await?;
    let number = user.number_of(&identity);
    let user = number.and_then(|number| user.signed_in_with(number));
    // The user removed this identity in the meantime.
    let user = user.ok_or(FinishError::FlowNotFound)?;
    let new = Opening {
        provider: &flow.provider,
        auth_time: authenticated_at(auth_time, flow.max_age, now),
        binding: callback.proven,
        user_agent: callback.user_agent,
        address: callback.address,
        request_id: callback.request_id,
        credential: None,
    };
    let not_opened = |error| FinishError::opening(error, flow.provider.clone(), user.id);
    let claims = opening::claims(state, &user).await.map_err(not_opened)?;
    let tokens = opening::open(state, &user, claims, new).await;
    let tokens = tokens.map_err(not_opened)?;
    Ok(Finished {
        tokens,
        return_to: flow.return_to,
        flow: id,
    })
}

/// Exchanges the code at the provider and decides on the provider's response. To link an identity,
/// `link` is the session that must have begun the flow; for a sign-in, it is `None`.
async fn confirm(
    state: &Services,
    callback: &Callback<'_>,
    link: Option<LinkTarget>,
    counted_for: &mut Option<String>,
) -> Result<Confirmed, FinishError> {
    state.rate_limits.take_from_address(callback.address)?;
    let now = state.clock.now();
    // Checked before the flow is used up, so that the client can try again with a proof.
    let needs_proof = link.is_none() && state.settings.tokens.binding.requires_proofs();
    if callback.proven.is_none() && needs_proof {
        return Err(FinishError::ProofRequired);
    }
    let flow = state.flows.open(&callback.flows, callback.state, now);
    let (id, flow) = flow
        .filter(|(_, flow)| flow.link == link)
        .ok_or(FinishError::FlowNotFound)?;
    let provider = state
        .provider(&flow.provider)
        .ok_or(FinishError::FlowNotFound)?;
    *counted_for = Some(flow.provider.clone());
    let redirect_uri = state.redirect_uri(provider.id());
    // RFC 9700 §4.4.2: a response that arrived at another provider's redirect URI was sent by that
    // provider. The code in it must not be sent to the provider of this flow.
    if !callback
        .redirect_uri
        .is_some_and(|uri| same_url(uri, &redirect_uri))
    {
        return Err(FinishError::RedirectUri(flow.provider));
    }
    // A flow accepts one code: a second code, or the same one again, is not sent to the provider.
    if state.store.is_login_flow_finished(id).await? || !state.flows.use_once(id, &flow, now) {
        return Err(FinishError::FlowNotFound);
    }
    let response = AuthorizationResponse {
        code: callback.code,
        iss: callback.iss,
        nonce: &flow.nonce,
        verifier: &flow.verifier,
        redirect_uri: &redirect_uri,
        max_age: flow.max_age.map(Duration::from_secs),
    };
    let authenticated = provider.complete(&response, now).await;
    if let Err(SignInError::Refused { .. }) = authenticated {
        state.rate_limits.charge_refused_code(callback.address);
    }
    let AuthenticatedProfile { profile, auth_time } = authenticated?;
    if let Err(cause) = state.settings.rights.admit(&profile) {
        let provider = flow.provider;
        return Err(FinishError::NotAdmitted { provider, cause });
    }
    if let Some(account) = flow.account {
        let user = state.store.user(account).await?;
        if user.is_none_or(|user| user.number_of(&profile.identity).is_none()) {
            return Err(FinishError::OtherAccount {
                provider: flow.provider,
                user: account,
            });
        }
    }
    // Another server may have received a response for the same flow.
    if !state.store.finish_login_flow(id, flow.expires_at).await? {
        return Err(FinishError::FlowNotFound);
    }
    Ok(Confirmed {
        profile,
        auth_time,
        id,
        flow,
    })
}

/// Whether two URLs are the same after they are normalized as in a browser.
fn same_url(one: &str, other: &str) -> bool {
    match (Url::parse(one), Url::parse(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}
