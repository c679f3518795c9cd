//! `GET /auth/login`: off to the provider.

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

use crate::http::error::{ApiError, Refused};
use crate::http::extract::{Device, FlowCookies, Form};
use crate::http::middleware::local_only::{authority, is_local, is_loopback};
use crate::services::{DEMO_PROVIDER, Services};
use crate::use_cases::begin_sign_in::{self, BeginError, Start};

/// The longest `login_hint`, in bytes: an email address has 254 at most.
const MAX_HINT_BYTES: usize = 320;
/// The parameter of a start that was sent here from another name of this server.
const MOVED: &str = "moved";
const SEC_PURPOSE: HeaderName = HeaderName::from_static("sec-purpose");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Begins a sign-in. A person's browser that meets an error is sent to the page that explains it;
/// a program is told.
pub(crate) async fn start_login(
    State(state): State<Arc<Services>>,
    cookies: FlowCookies,
    device: Device,
    RawQuery(query): RawQuery,
    uri: Uri,
    extensions: Extensions,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if is_not_the_persons(&headers) {
        return Err(ApiError::Framed);
    }
    let query = query.unwrap_or_default();
    // The flow cookie must be where the provider sends the browser back to.
    if let Some(host) = authority(&uri, &headers)
        && is_elsewhere(host, state.public_url.authority())
        && !was_moved(&query)
    {
        tracing::debug!(
            host,
            "a sign-in was begun under another name of this server"
        );
        let path = format!("{}?{query}&{MOVED}=1", paths::LOGIN);
        return redirect(&state.public_url.join(&path), []);
    }
    let local = is_local(&uri, &headers, &extensions);
    match begin(&state, cookies, device, &query, local).await {
        Ok(response) => Ok(response),
        Err(error) if wants_page(&headers) => match page_error(&error) {
            Some(name) => {
                let mut response = redirect(&format!("{}?error={name}", paths::CALLBACK), [])?;
                // For the log.
                response.extensions_mut().insert(Refused::new(error));
                Ok(response)
            }
            None => Err(error),
        },
        Err(error) => Err(error),
    }
}

/// Whether a page shows the sign-in inside itself, or one of another site asks for it in secret: by a
/// script or as a picture. Each begun sign-in takes the place of another in the browser, and counts for
/// the person's address.
fn is_not_the_persons(headers: &HeaderMap) -> bool {
    let said = |name| headers.get(name).and_then(|value| value.to_str().ok());
    // Loaded in advance, at the wish of a page that may be another's: nobody clicked yet.
    if said(SEC_PURPOSE).is_some_and(|purpose| purpose.starts_with("prefetch")) {
        return true;
    }
    match said(SEC_FETCH_DEST) {
        None | Some("document") => false,
        Some("iframe" | "frame" | "embed" | "object") => true,
        // A sibling subdomain is `same-site`, and may be run by somebody else.
        Some(_) => !matches!(said(SEC_FETCH_SITE), Some("same-origin" | "none")),
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
        ApiError::InvalidRequest("account must be the sub of an access token".to_owned())
    })?;
    let start = Start {
        provider,
        return_to,
        prompt,
        max_age,
        account,
        login_hint: login_hint(&query)?,
        address: device.address,
    };
    let begun = begin_sign_in::begin(state, start).await?;
    let superfluous = state.flows.superfluous(&cookies.0);
    let set = FlowCookies::set(state, &begun.flow).into_iter();
    redirect(
        &begun.url,
        set.chain(FlowCookies::clear(state, superfluous)),
    )
}

/// The `login_hint` for the provider.
fn login_hint(query: &Form) -> Result<Option<&str>, ApiError> {
    let hint = query.get("login_hint");
    let fits = |hint: &&str| hint.len() <= MAX_HINT_BYTES && !hint.chars().any(char::is_control);
    if hint.is_some_and(|hint| !fits(&hint)) {
        return Err(ApiError::InvalidRequest(format!(
            "login_hint must be at most {MAX_HINT_BYTES} bytes of text without control characters"
        )));
    }
    Ok(hint)
}

/// What the callback page calls an error.
fn page_error(error: &ApiError) -> Option<&'static str> {
    match error.shape().code {
        ErrorCode::ProviderUnavailable | ErrorCode::StoreUnavailable => {
            Some("temporarily_unavailable")
        }
        ErrorCode::TooManyRequests => Some("too_many_requests"),
        ErrorCode::UnknownProvider => Some("unknown_provider"),
        ErrorCode::ProviderInvalid | ErrorCode::ProviderRefused => Some("provider_invalid"),
        _ => None,
    }
}

/// Behind a proxy the name may be anything; only the names of loopback are ours to mend.
fn is_elsewhere(host: &str, public: &str) -> bool {
    !host.eq_ignore_ascii_case(public) && is_loopback(host) && is_loopback(public)
}

/// Whether the browser was already sent to the public name. If it arrives under another one again,
/// a proxy writes that name, and sending it once more would never end.
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
    let location = HeaderValue::from_str(url)
        .map_err(|_| ApiError::InvalidRequest("the query holds what no URL can".to_owned()))?;
    let mut response = (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response();
    for cookie in cookies {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}
