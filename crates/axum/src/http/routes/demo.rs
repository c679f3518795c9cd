//! The demo provider over HTTP: the endpoints of an OpenID provider, and the page on which the user
//! chooses an account.

mod page;

use axum::Json;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::header::{AUTHORIZATION, LOCATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::from_fn;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use latchkey_identity::demo::{DemoError, DemoProvider};
use serde_json::Value;
use url::form_urlencoded;

use crate::http::error::ApiError;
use crate::http::middleware::headers::no_store;
use crate::http::middleware::local_only::local_only;
use crate::http::state::AppState;

/// The provider's routes, below its issuer's path.
pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/jwks", get(jwks))
        .route("/authorize", get(show_page).post(submit))
        .route("/token", post(exchange))
        .route("/userinfo", get(userinfo))
        .layer(from_fn(local_only))
}

type Parameters = Vec<(String, String)>;

fn parameters(encoded: &[u8]) -> Parameters {
    form_urlencoded::parse(encoded).into_owned().collect()
}

fn provider(state: &AppState) -> Result<&DemoProvider, ApiError> {
    state.services.demo.as_ref().ok_or(ApiError::NotFound)
}

async fn discovery(State(state): State<AppState>) -> Result<Json<Value>, ApiError> {
    Ok(Json(provider(&state)?.discovery()))
}

async fn jwks(State(state): State<AppState>) -> Result<Json<Value>, ApiError> {
    Ok(Json(provider(&state)?.jwks()))
}

async fn show_page(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let query = parameters(query.unwrap_or_default().as_bytes());
    Ok(match provider(&state)?.check_authorize(&query) {
        Ok(request) => page::choose_account(&state.http, &request, None),
        Err(error) => page::invalid_request(&state.http, error),
    })
}

async fn submit(State(state): State<AppState>, body: String) -> Result<Response, ApiError> {
    let demo = provider(&state)?;
    let form = parameters(body.as_bytes());
    let field = |name: &str| {
        form.iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| &**value)
    };
    let request = match demo.check_authorize(&form) {
        Ok(request) => request,
        Err(error) => return Ok(page::invalid_request(&state.http, error)),
    };
    if field("cancel").is_some() {
        return Ok(see_other(demo.refuse(&request).as_str()));
    }
    let email = field("account")
        .or_else(|| field("email"))
        .unwrap_or_default();
    Ok(
        match demo.approve(&request, email, state.services.clock.now()) {
            Ok(url) => see_other(url.as_str()),
            Err(error) => page::choose_account(&state.http, &request, Some(error)),
        },
    )
}

async fn exchange(
    State(state): State<AppState>,
    headers: HeaderMap,
    body: String,
) -> Result<Response, ApiError> {
    let client = basic_credentials(&headers);
    let client = client.as_ref().map(|(id, secret)| (&**id, &**secret));
    let now = state.services.clock.now();
    Ok(respond(provider(&state)?.exchange(
        &parameters(body.as_bytes()),
        client,
        now,
    )))
}

async fn userinfo(State(state): State<AppState>, headers: HeaderMap) -> Result<Response, ApiError> {
    let token = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let token = token
        .and_then(|value| value.strip_prefix("Bearer "))
        .unwrap_or_default();
    Ok(respond(
        provider(&state)?.userinfo(token, state.services.clock.now()),
    ))
}

fn respond(result: Result<Value, DemoError>) -> Response {
    let mut response = match result {
        Ok(value) => Json(value).into_response(),
        Err(error) => {
            let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
            let challenge = [(WWW_AUTHENTICATE, "Basic realm=\"latchkey demo\"")];
            let body = Json(error.to_json());
            if status == StatusCode::UNAUTHORIZED {
                (status, challenge, body).into_response()
            } else {
                (status, body).into_response()
            }
        }
    };
    no_store(response.headers_mut());
    response
}

fn see_other(url: &str) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, url)]).into_response()
}

/// Client id and secret from Basic authentication, in which both are form-encoded (RFC 6749
/// §2.3.1).
fn basic_credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers
        .get(AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Basic ")?;
    let decoded = String::from_utf8(STANDARD.decode(value).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    let decode = |text: &str| {
        form_urlencoded::parse(text.as_bytes())
            .next()
            .map(|(text, _)| text.into_owned())
    };
    Some((decode(id)?, decode(secret)?))
}
