//! Starts a sign-in: creates the flow and the provider's authorization URL. `sign_in` completes it.

use core::time::Duration;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use latchkey_core::sign_in::FLOW_TTL;
use latchkey_core::{Device, LinkTarget, LoginFlow, ReturnTo, Rng, ServerAct, UserId, rng};
use latchkey_identity::{AuthorizeRequest, Prompt, SignInError};
use latchkey_types::identity::LINK_STATE_PREFIX;

use crate::services::Services;
use crate::services::audit_log::RefusedRequest;
use crate::services::flows::SealedFlow;
use crate::services::metrics::provider_failure;
use crate::services::rate_limits::TooManyRequests;

/// Why a sign-in could not be started.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// No provider has this name.
    #[error("unknown provider; GET /auth/providers lists the available ones")]
    UnknownProvider,
    /// The provider is unavailable, or its discovery document or the redirect URI is invalid.
    #[error(transparent)]
    Provider(#[from] SignInError),
    /// A rate limit was reached.
    #[error(transparent)]
    TooMany(#[from] TooManyRequests),
}

/// The parameters of a sign-in.
#[derive(Debug)]
pub struct Start<'a> {
    /// The configured name of the provider.
    pub provider: &'a str,
    /// The page to open after the sign-in.
    pub return_to: ReturnTo,
    /// What the provider asks the user to do.
    pub prompt: Prompt,
    /// The maximum time since the user last authenticated at the provider.
    pub max_age: Option<Duration>,
    /// For a step-up: the user who must sign in again. Any other user is refused at the end.
    pub account: Option<UserId>,
    /// For linking: the session that adds the identity to its account.
    pub link: Option<LinkTarget>,
    /// Prefills the provider's form (OpenID Connect Core §3.1.2.1).
    pub login_hint: Option<&'a str>,
    /// The client's address, for the rate limit.
    pub address: Option<IpAddr>,
    /// The device that sent the request.
    pub device: Device,
}

/// A sign-in that was started.
#[derive(Debug)]
pub struct Started {
    /// The authorization URL to which the browser is redirected.
    pub url: String,
    /// The flow, to be stored in a cookie until the browser returns.
    pub flow: SealedFlow,
}

/// Starts a sign-in with a `state`, nonce and PKCE verifier of 256 bits each. The server stores
/// nothing, because the client is not authenticated yet.
pub async fn begin(state: &Services, start: Start<'_>) -> Result<Started, BeginError> {
    state.rate_limits.take_from_address(start.address)?;
    let now = state.clock.now();
    let provider = state
        .provider(start.provider)
        .ok_or(BeginError::UnknownProvider)?;
    let prefix = start.link.map_or("", |_| LINK_STATE_PREFIX);
    // An identity of any provider can be linked. If the provider supports step-up, the user must
    // have authenticated recently. Other providers, such as GitHub, only show their account picker
    // and do not always ask for a password.
    let can_limit_age = start.link.is_none() || provider.supports_step_up();
    let max_age = start.max_age.filter(|_| can_limit_age);
    let state_param = format!("{prefix}{}", secret(&*state.rng));
    let flow = LoginFlow {
        provider: provider.id().to_owned(),
        nonce: secret(&*state.rng),
        verifier: secret(&*state.rng),
        return_to: start.return_to,
        max_age: max_age.map(|max_age| max_age.as_secs()),
        account: start.account,
        link: start.link,
        expires_at: now.plus(FLOW_TTL),
    };
    let request = AuthorizeRequest {
        state: &state_param,
        nonce: &flow.nonce,
        verifier: &flow.verifier,
        redirect_uri: &state.redirect_uri(provider.id()),
        prompt: start.prompt,
        max_age,
        login_hint: start.login_hint,
    };
    let url = provider.authorize_url(&request, now).await;
    let url = url.inspect_err(|error| {
        let outcome = provider_failure(error);
        state.metrics.sign_in(provider.id(), outcome);
        state.refuse(RefusedRequest {
            provider: Some(provider.id().to_owned()),
            ..RefusedRequest::new(ServerAct::SignInRefused, outcome, start.device.clone())
        });
    })?;
    let flow = state.flows.seal(&state_param, &flow);
    Ok(Started {
        url: url.into(),
        flow,
    })
}

fn secret(rng: &dyn Rng) -> String {
    URL_SAFE_NO_PAD.encode(rng::bytes::<32>(rng))
}
