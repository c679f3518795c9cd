//! The start of a sign-in: the browser is sent to a provider. The end: `sign_in`.

use core::time::Duration;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use latchkey_core::sign_in::FLOW_TTL;
use latchkey_core::{LoginFlow, ReturnTo, Rng, UserId, rng};
use latchkey_identity::{AuthorizeRequest, Prompt, SignInError};

use crate::services::Services;
use crate::services::flows::SealedFlow;
use crate::services::rate_limits::TooManyRequests;

/// A sign-in could not be begun.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// No provider of this name.
    #[error("there is no provider of this name; GET /auth/providers lists them")]
    UnknownProvider,
    /// The provider cannot be used now.
    #[error(transparent)]
    Provider(#[from] SignInError),
    /// Too many sign-ins from this address.
    #[error(transparent)]
    TooMany(#[from] TooManyRequests),
}

/// A sign-in to begin.
#[derive(Debug)]
pub struct Start<'a> {
    /// The configured name of the provider.
    pub provider: &'a str,
    /// Where the person is going.
    pub return_to: ReturnTo,
    /// What to ask the person.
    pub prompt: Prompt,
    /// How long ago the person may have proved who they are.
    pub max_age: Option<Duration>,
    /// The account that is to prove once more who it is: another one is refused at the end.
    pub account: Option<UserId>,
    /// Who the person is likely to be, for the provider's form (OpenID Connect Core §3.1.2.1).
    pub login_hint: Option<&'a str>,
    /// The address that this sign-in counts for.
    pub address: Option<IpAddr>,
}

/// A sign-in begun.
#[derive(Debug)]
pub struct Begun {
    /// Where to send the browser.
    pub url: String,
    /// What a cookie must keep until the browser returns.
    pub flow: SealedFlow,
}

/// Sends a person to a provider (state, nonce and PKCE verifier of 256 bits each).
/// Nothing is stored: whoever asks is not known yet.
pub async fn begin(state: &Services, start: Start<'_>) -> Result<Begun, BeginError> {
    state.rate_limits.take_from_address(start.address)?;
    let now = state.clock.now();
    let provider = state
        .provider(start.provider)
        .ok_or(BeginError::UnknownProvider)?;
    let returned = secret(&*state.rng);
    let flow = LoginFlow {
        provider: provider.id().to_owned(),
        nonce: secret(&*state.rng),
        verifier: secret(&*state.rng),
        return_to: start.return_to,
        max_age: start.max_age.map(|max_age| max_age.as_secs()),
        account: start.account,
        expires_at: now.plus(FLOW_TTL),
    };
    let request = AuthorizeRequest {
        state: &returned,
        nonce: &flow.nonce,
        verifier: &flow.verifier,
        redirect_uri: &state.redirect_uri(provider.id()),
        prompt: start.prompt,
        max_age: start.max_age,
        login_hint: start.login_hint,
    };
    let url = provider.authorize_url(&request, now).await?.into();
    let flow = state.flows.seal(&returned, &flow);
    Ok(Begun { url, flow })
}

fn secret(rng: &dyn Rng) -> String {
    URL_SAFE_NO_PAD.encode(rng::bytes::<32>(rng))
}
