//! An HTTP client for a Latchkey server, with the requests that tests need.

mod account;
mod sign_in;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use latchkey_types::TokenResponse;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;

pub use self::account::EventStream;
pub use self::sign_in::{Callback, PendingSignIn, callback_from, cookie, location};

/// An HTTP client for the server at `url`. It does not follow redirects or store cookies.
///
/// Requests panic if the server is unreachable.
///
/// ```no_run
/// # async fn example() {
/// let client = latchkey_testing::ApiClient::new("http://127.0.0.1:7000".into());
/// let ada = client.sign_in_as("ada@example.com").await;
/// assert_eq!(client.check(&ada.access_token).await, Ok(()));
/// client.revoke(&ada.refresh_token).await;
/// assert_eq!(client.check(&ada.access_token).await, Err("token_revoked".into()));
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ApiClient {
    /// The URL of the server, without a trailing slash.
    pub url: String,
    /// The underlying HTTP client.
    pub http: Client,
}

impl ApiClient {
    /// A client for the server at this URL, which has no trailing slash.
    pub fn new(url: String) -> Self {
        let http = Client::builder().redirect(Policy::none()).build();
        Self {
            url,
            http: http.expect("a client"),
        }
    }

    /// A `GET` request to a path.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.url))
    }

    /// A `POST` request to a path.
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.http.post(format!("{}{path}", self.url))
    }

    /// Sends a `GET` request with this access token.
    pub async fn get_as(&self, path: &str, access_token: &str) -> Response {
        send(self.get(path).bearer_auth(access_token)).await
    }

    /// Sends a `DELETE` request with this access token.
    pub async fn delete_as(&self, path: &str, access_token: &str) -> Response {
        let request = self.http.delete(format!("{}{path}", self.url));
        send(request.bearer_auth(access_token)).await
    }

    /// Sends a `GET` request without authorization and returns the JSON body. Panics unless the status
    /// is 200.
    pub async fn get_json(&self, path: &str) -> Value {
        let response = send(self.get(path)).await;
        assert_eq!(response.status(), 200);
        response.json().await.expect("JSON")
    }

    /// Returns `Ok` if the server accepts this access token, or the `code` of a 401 response. Panics
    /// on any other status.
    pub async fn check(&self, access_token: &str) -> Result<(), String> {
        let response = self.get_as("/api/me", access_token).await;
        if response.status() == 200 {
            return Ok(());
        }
        let (status, code) = refusal(response).await;
        assert_eq!(status, 401);
        Err(code)
    }

    /// Sends a form to the token endpoint.
    pub async fn token(&self, form: &[(&str, &str)]) -> Response {
        send(self.post("/auth/token").form(form)).await
    }

    /// Sends a refresh request, optionally with an idempotency key.
    pub async fn refresh(&self, refresh_token: &str, key: Option<&str>) -> Response {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
        ];
        let mut request = self.post("/auth/token").form(&form);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        send(request).await
    }

    /// Refreshes. Panics if the request is refused.
    pub async fn refreshed(&self, refresh_token: &str) -> TokenResponse {
        tokens(self.refresh(refresh_token, None).await).await
    }

    /// Sends a refresh request. Panics unless it is refused with `invalid_grant`.
    pub async fn refresh_is_refused(&self, refresh_token: &str) {
        let response = self.refresh(refresh_token, None).await;
        assert_eq!(refusal(response).await, (400, "invalid_grant".into()));
    }

    /// Revokes a token (RFC 7009). Panics on failure.
    pub async fn revoke(&self, token: &str) {
        let response = send(self.post("/auth/revoke").form(&[("token", token)])).await;
        assert_eq!(response.status(), 200);
    }

    /// Signs out the session of this access token.
    pub async fn log_out(&self, access_token: &str) -> Response {
        send(self.post("/auth/logout").bearer_auth(access_token)).await
    }

    /// Signs out all sessions of the user of this access token.
    pub async fn log_out_everywhere(&self, access_token: &str) -> Response {
        let body = serde_json::json!({ "everywhere": true });
        let request = self.post("/auth/logout").bearer_auth(access_token);
        send(request.json(&body)).await
    }
}

async fn send(request: RequestBuilder) -> Response {
    request.send().await.expect("a response")
}

/// The tokens in a response of the token endpoint. Panics if the response is not successful.
pub async fn tokens(response: Response) -> TokenResponse {
    let status = response.status();
    let text = response.text().await.expect("a body");
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).expect("a token response")
}

/// The status of a refused request, and its `error` member or, if there is none, its `code`.
pub async fn refusal(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body: Value = response.json().await.expect("a JSON body");
    let name = body
        .get("error")
        .or_else(|| body.get("code"))
        .and_then(Value::as_str);
    (status, name.unwrap_or_default().to_owned())
}

/// The status and the `code` of a refused request.
pub async fn code(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body: Value = response.json().await.expect("a JSON body");
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

/// The claims of a JWT, not verified.
pub fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).expect("three parts");
    let json = URL_SAFE_NO_PAD.decode(part).expect("base64url");
    serde_json::from_slice(&json).expect("JSON")
}

/// The value of a header; empty if the header is missing.
pub fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().expect("text"))
}
