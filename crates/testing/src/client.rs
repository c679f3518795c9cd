//! A client of a Latchkey server over HTTP: the requests that most tests make.

mod account;
mod sign_in;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use latchkey_types::TokenResponse;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;

pub use self::account::EventStream;
pub use self::sign_in::{Begun, Callback, called_back, cookie, location};

/// A client of the server at `url`. It follows no redirect and keeps no cookie.
///
/// Requests panic if the server cannot be reached, as a test should.
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
    /// Where the server is, without a final slash.
    pub url: String,
    /// What sends the requests.
    pub http: Client,
}

impl ApiClient {
    /// A client of the server at this URL.
    pub fn new(url: String) -> Self {
        let http = Client::builder().redirect(Policy::none()).build();
        Self {
            url,
            http: http.expect("a client"),
        }
    }

    /// A `GET` request of a path.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.url))
    }

    /// A `POST` request to a path.
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.http.post(format!("{}{path}", self.url))
    }

    /// `GET` with this access token.
    pub async fn get_as(&self, path: &str, access_token: &str) -> Response {
        sent(self.get(path).bearer_auth(access_token)).await
    }

    /// `DELETE` with this access token.
    pub async fn delete_as(&self, path: &str, access_token: &str) -> Response {
        let request = self.http.delete(format!("{}{path}", self.url));
        sent(request.bearer_auth(access_token)).await
    }

    /// `GET` of JSON without authorization; panics unless the status is 200.
    pub async fn get_json(&self, path: &str) -> Value {
        let answer = sent(self.get(path)).await;
        assert_eq!(answer.status(), 200);
        answer.json().await.expect("JSON")
    }

    /// Whether the server accepts this access token; the `code` of the 401 otherwise.
    pub async fn check(&self, access_token: &str) -> Result<(), String> {
        let answer = self.get_as("/api/me", access_token).await;
        if answer.status() == 200 {
            return Ok(());
        }
        let (status, code) = refusal(answer).await;
        assert_eq!(status, 401);
        Err(code)
    }

    /// A form sent to the token endpoint.
    pub async fn token(&self, form: &[(&str, &str)]) -> Response {
        sent(self.post("/auth/token").form(form)).await
    }

    /// The refresh grant, with or without an idempotency key.
    pub async fn refresh(&self, refresh_token: &str, key: Option<&str>) -> Response {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
        ];
        let mut request = self.post("/auth/token").form(&form);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        sent(request).await
    }

    /// The refresh grant; panics if it is refused.
    pub async fn refreshed(&self, refresh_token: &str) -> TokenResponse {
        tokens(self.refresh(refresh_token, None).await).await
    }

    /// The refresh grant; panics unless it is refused with `invalid_grant`.
    pub async fn refresh_is_refused(&self, refresh_token: &str) {
        let answer = self.refresh(refresh_token, None).await;
        assert_eq!(refusal(answer).await, (400, "invalid_grant".into()));
    }

    /// Revokes a token (RFC 7009); panics if that fails.
    pub async fn revoke(&self, token: &str) {
        let answer = sent(self.post("/auth/revoke").form(&[("token", token)])).await;
        assert_eq!(answer.status(), 200);
    }

    /// Signs out the session of this access token.
    pub async fn log_out(&self, access_token: &str) -> Response {
        sent(self.post("/auth/logout").bearer_auth(access_token)).await
    }

    /// Signs out every session of this access token's account.
    pub async fn log_out_everywhere(&self, access_token: &str) -> Response {
        let body = serde_json::json!({ "everywhere": true });
        let request = self.post("/auth/logout").bearer_auth(access_token);
        sent(request.json(&body)).await
    }
}

async fn sent(request: RequestBuilder) -> Response {
    request.send().await.expect("a response")
}

/// The tokens in a successful response of the token endpoint; panics with its text otherwise.
pub async fn tokens(response: Response) -> TokenResponse {
    let status = response.status();
    let text = response.text().await.expect("a body");
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).expect("a token response")
}

/// Status and `error`, or `code` where there is none, of a refused request.
pub async fn refusal(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body: Value = response.json().await.expect("a JSON body");
    let name = body
        .get("error")
        .or_else(|| body.get("code"))
        .and_then(Value::as_str);
    (status, name.unwrap_or_default().to_owned())
}

/// Status and Latchkey's own `code` of a refused request.
pub async fn code(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body: Value = response.json().await.expect("a JSON body");
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

/// The claims of a JWT, unverified.
pub fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).expect("three parts");
    let json = URL_SAFE_NO_PAD.decode(part).expect("base64url");
    serde_json::from_slice(&json).expect("JSON")
}

/// A header's value; empty if there is none.
pub fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().expect("text"))
}
