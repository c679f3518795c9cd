//! `/api/identities`: the ways to sign in to the user's account.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::SET_COOKIE;
use axum::http::{Extensions, HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use latchkey_core::{LinkTarget, LinkedIdentity, ReturnTo, UnlinkError};
use latchkey_guard::step_up;
use latchkey_identity::Prompt;
use latchkey_types::{IdentityInfo, IdentityList, LinkCompletion, LinkRequest, LinkStarted};

use crate::http::error::ApiError;
use crate::http::extract::{Device, FlowCookies, OptionalJson};
use crate::http::middleware::local_only::is_local;
use crate::http::state::{Recent, User};
use crate::services::{DEMO_PROVIDER, Services};
use crate::use_cases::begin_sign_in::{self, BeginError, Start};
use crate::use_cases::identities;
use crate::use_cases::sign_in::Callback;
use crate::use_cases::sign_in::link::link;

/// `GET`: lists the identities.
pub(crate) async fn list_identities(
    State(state): State<Arc<Services>>,
    user: User,
) -> Result<Json<IdentityList>, ApiError> {
    let own = identities::list(&state, user.claims()).await?;
    let wire = own
        .into_iter()
        .map(|it| wire(&state, it.identity, (it.is_current, it.is_suspended)));
    Ok(Json(IdentityList {
        identities: wire.collect(),
    }))
}

/// `POST …/link`: begins to link an identity. The browser must go to the URL in the response; the
/// flow is in a cookie. Requires a recent sign-in.
#[expect(clippy::too_many_arguments, reason = "each is an extractor")]
pub(crate) async fn begin_link(
    State(state): State<Arc<Services>>,
    user: Recent,
    cookies: FlowCookies,
    device: Device,
    uri: Uri,
    extensions: Extensions,
    headers: HeaderMap,
    OptionalJson(body): OptionalJson<LinkRequest>,
) -> Result<Response, ApiError> {
    let LinkRequest { provider } = body.ok_or_else(|| {
        ApiError::InvalidRequest(
            "the request has no body; send a JSON object with provider".to_owned(),
        )
    })?;
    if provider == DEMO_PROVIDER && !is_local(&uri, &headers, &extensions) {
        return Err(Arc::new(BeginError::UnknownProvider).into());
    }
    let start = Start {
        provider: &provider,
        return_to: ReturnTo::account(),
        // The user must prove this identity now: if the provider can authenticate the user again, an
        // earlier sign-in there is not enough.
        prompt: Prompt::Login,
        max_age: Some(step_up::MAX_AGE),
        account: None,
        link: Some(LinkTarget {
            user: user.id(),
            session: user.session_id(),
        }),
        login_hint: None,
        address: device.address,
        device: device.into(),
    };
    let started = begin_sign_in::begin(&state, start).await?;
    let excess = state.flows.excess(&cookies.0);
    let cookies = FlowCookies::set(&state, &started.flow).into_iter();
    let cookies = cookies.chain(FlowCookies::clear(&state, excess));
    let mut response = Json(LinkStarted { url: started.url }).into_response();
    for cookie in cookies {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// `POST`: completes linking, with the provider's response. The session that began it must send the
/// request, from the browser that has the flow's cookie.
pub(crate) async fn complete_link(
    State(state): State<Arc<Services>>,
    user: User,
    cookies: FlowCookies,
    device: Device,
    OptionalJson(body): OptionalJson<LinkCompletion>,
) -> Result<Response, ApiError> {
    let body = body.ok_or_else(|| {
        ApiError::InvalidRequest(
            "the request has no body; send a JSON object with code, state and redirect_uri"
                .to_owned(),
        )
    })?;
    let callback = Callback {
        flows: cookies.0,
        state: &body.state,
        code: &body.code,
        redirect_uri: Some(&body.redirect_uri),
        iss: body.iss.as_deref(),
        user_agent: None,
        address: device.address,
        request_id: None,
        proven: None,
    };
    let flow = link(&state, user.claims(), callback, device.into()).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    for cookie in FlowCookies::clear(&state, [flow]) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// `DELETE` with an id: removes an identity and ends the sessions that were opened with it. Requires
/// a recent sign-in.
pub(crate) async fn delete_identity(
    State(state): State<Arc<Services>>,
    user: Recent,
    device: Device,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let number = id.parse().map_err(|_| UnlinkError::Unknown)?;
    identities::remove(&state, user.claims(), number, device.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The wire form of an identity. `current` says whether the current session was opened with it.
pub(super) fn wire(
    state: &Services,
    it: LinkedIdentity,
    (current, suspended): (bool, bool),
) -> IdentityInfo {
    let provider = state.settings.rights.provider_of(&it.identity.issuer);
    IdentityInfo {
        id: it.number.to_string(),
        provider: provider.map(str::to_owned),
        issuer: it.identity.issuer,
        subject: it.identity.subject,
        email_verified: it.email.as_ref().map(|_| it.email_verified),
        email: it.email,
        name: it.name,
        linked_at: it.linked_at.as_secs(),
        current,
        suspended,
    }
}
