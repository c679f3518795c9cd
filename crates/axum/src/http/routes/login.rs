//! `GET /auth/login`: starts a sign-in and redirects the browser to the provider.

use core::time::Duration;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::header::{ACCEPT, HeaderName, LOCATION, SET_COOKIE};
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use latchkey_core::ReturnTo;
use latchkey_identity::Prompt;
use latchkey_types::{ErrorCode, paths};
use url::form_urlencoded;

use crate::http::error::{ApiError, ErrorResponse};
use crate::http::extract::{Device, FlowCookies, Form};
use crate::http::middleware::local_only::{authority, is_local, is_loopback};
use crate::services::{DEMO_PROVIDER, Services};
use crate::use_cases::begin_sign_in::{self, BeginError, Start};

/// The maximum length of `login_hint`, in bytes. Email addresses have at most 254.
const MAX_HINT_BYTES: usize = 320;
/// Marks a request that was redirected here from another name of this server.
const MOVED: &str = "moved";
const SEC_PURPOSE: HeaderName = HeaderName::from_static("sec-purpose");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Starts a sign-in. If that fails, a browser is redirected to the callback page, provided that the
/// page explains this error; otherwise the client gets an error response.
pub(crate) async fn login(
    State(state): State<Arc<Services>>,
    cookies: FlowCookies,
    device: Device,
    RawQuery(query): RawQuery,
    uri: Uri,
    extensions: Extensions,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if is_embedded_or_hidden(&headers) {
        return Err(ApiError::Framed);
    }
    let query = query.unwrap_or_default();
    // The flow cookie must be set for the host to which the provider redirects the browser.
    if let Some(host) = authority(&uri, &headers)
        && is_other_loopback(host, state.public_url.authority())
        && !was_moved(&query)
    {
        tracing::debug!(host, "sign-in redirected to the public name of this server");
        let path = format!("{}?{query}&{MOVED}=1", paths::LOGIN);
        return redirect(&state.public_url.join(&path), []);
    }
    let local = is_local(&uri, &headers, &extensions);
    match begin(&state, cookies, device, &query, local).await {
        Ok(response) => Ok(response),
        Err(error) if wants_page(&headers) => match page_error(&error) {
            Some(name) => {
                let mut response = redirect(&format!("{}?error={name}", paths::CALLBACK), [])?;
                // The middleware logs the error.
                response.extensions_mut().insert(ErrorResponse::new(error));
                Ok(response)
            }
            None => Err(error),
        },
        Err(error) => Err(error),
    }
}

/// Whether the request comes from a frame, a prefetch, or a script or image of another origin. Each
/// sign-in that is started can displace the oldest pending one in the browser, and counts towards
/// the rate limit of the user's address.
fn is_embedded_or_hidden(headers: &HeaderMap) -> bool {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    // A prefetch, possibly requested by a page of another site: the user has not clicked.
    if header(SEC_PURPOSE).is_some_and(|purpose| purpose.starts_with("prefetch")) {
        return true;
    }
    match header(SEC_FETCH_DEST) {
        None | Some("document") => false,
        Some("iframe" | "frame" | "embed" | "object") => true,
        // A sibling subdomain is `same-site` and may belong to someone else.
        Some(_) => !matches!(header(SEC_FETCH_SITE), Some("same-origin" | "none")),
    }
}

async fn begin(
    state: &Services,
    cookies: FlowCookies,
    device: Device,
    query: &str,
    local: bool,
) -> Result<Response, ApiError> {
    let query = Form::parse(query.as_bytes())?;
    let provider = query.require("provider")?;
    if provider == DEMO_PROVIDER && !local {
        return Err(Arc::new(BeginError::UnknownProvider).into());
    }
    let return_to = match query.get("return_to") {
        Some(path) => path.parse()?,
        None => ReturnTo::account(),
    };
    let prompt = match query.get("prompt") {
        None | Some("select_account") => Prompt::SelectAccount,
        Some("login") => Prompt::Login,
        Some(_) => {
            let text = "prompt must be login or select_account".to_owned();
            return Err(ApiError::InvalidRequest(text));
        }
    };
    let max_age = query.get("max_age").map(str::parse).transpose();
    let max_age = max_age.map_err(|_| {
        ApiError::InvalidRequest("max_age must be a whole number of seconds".to_owned())
    })?;
    let max_age = max_age.map(Duration::from_secs);
    let account = query.get("account").map(str::parse).transpose();
    let account = account.map_err(|_| {
        ApiError::InvalidRequest("account must be a user id, as in the claim sub".to_owned())
    })?;
    let start = Start {
        provider,
        return_to,
        prompt,
        max_age,
        account,
        link: None,
        login_hint: login_hint(&query)?,
        address: device.address,
        device: device.into(),
    };
    let started = begin_sign_in::begin(state, start).await?;
    let excess = state.flows.excess(&cookies.0);
    let set = FlowCookies::set(state, &started.flow).into_iter();
    redirect(&started.url, set.chain(FlowCookies::clear(state, excess)))
}

/// The `login_hint` for the provider.
fn login_hint(query: &Form) -> Result<Option<&str>, ApiError> {
    let hint = query.get("login_hint");
    let is_valid =
        |hint: &&str| hint.len() <= MAX_HINT_BYTES && !hint.chars().any(char::is_control);
    if hint.is_some_and(|hint| !is_valid(&hint)) {
        return Err(ApiError::InvalidRequest(format!(
            "login_hint must be at most {MAX_HINT_BYTES} bytes of text without control characters"
        )));
    }
    Ok(hint)
}

/// The name of an error on the callback page; `None` if the page does not explain this error.
fn page_error(error: &ApiError) -> Option<&'static str> {
    match error.status_and_codes().code {
        ErrorCode::ProviderUnavailable | ErrorCode::StoreUnavailable => {
            Some("temporarily_unavailable")
        }
        ErrorCode::TooManyRequests => Some("too_many_requests"),
        ErrorCode::UnknownProvider => Some("unknown_provider"),
        ErrorCode::StepUpRequired => Some("step_up_unsupported"),
        ErrorCode::ProviderInvalid | ErrorCode::ProviderRefused => Some("provider_invalid"),
        _ => None,
    }
}

/// Whether the host and the public host are different names of a loopback address. Other hosts are
/// not corrected: behind a proxy, the host may be anything.
fn is_other_loopback(host: &str, public: &str) -> bool {
    !host.eq_ignore_ascii_case(public) && is_loopback(host) && is_loopback(public)
}

/// Whether the browser was already redirected to the public name. If it still arrives under another
/// name, a proxy rewrites the host, and another redirect would start a loop.
fn was_moved(query: &str) -> bool {
    form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == MOVED)
}

fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

fn redirect(
    url: &str,
    cookies: impl IntoIterator<Item = HeaderValue>,
) -> Result<Response, ApiError> {
    let location = HeaderValue::from_str(url).map_err(|_| {
        ApiError::InvalidRequest(
            "the query contains characters that are not allowed in a URL".to_owned(),
        )
    })?;
    let mut response = (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response();
    for cookie in cookies {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}
