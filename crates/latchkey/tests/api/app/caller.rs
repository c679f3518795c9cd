//! A client of a server: the requests that most tests make.

use latchkey_types::TokenResponse;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;

/// Calls the server at `url`; follows no redirect and keeps no cookie.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) url: String,
    pub(crate) http: Client,
}

impl Caller {
    pub(crate) fn new(url: String) -> Self {
        let http = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client");
        Self { url, http }
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.url))
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.http.post(format!("{}{path}", self.url))
    }

    /// `GET` with this access token.
    pub(crate) async fn get_as(&self, path: &str, access_token: &str) -> Response {
        self.get(path)
            .bearer_auth(access_token)
            .send()
            .await
            .expect("an answer")
    }

    /// `GET` of JSON that anyone may have.
    pub(crate) async fn get_json(&self, path: &str) -> Value {
        let answer = self.get(path).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        answer.json().await.expect("JSON")
    }

    /// Whether the access token is taken, or the code of its refusal.
    pub(crate) async fn check(&self, access_token: &str) -> Result<(), String> {
        let answer = self.get_as("/api/protected", access_token).await;
        if answer.status() == 200 {
            return Ok(());
        }
        let (status, code) = refusal(answer).await;
        assert_eq!(status, 401);
        Err(code)
    }

    /// The refresh grant, with or without an idempotency key.
    pub(crate) async fn refresh(&self, refresh_token: &str, key: Option<&str>) -> Response {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
        ];
        let mut request = self.post("/auth/token").form(&form);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        request.send().await.expect("an answer")
    }

    /// The refresh grant, which must work.
    pub(crate) async fn refreshed(&self, refresh_token: &str) -> TokenResponse {
        tokens(self.refresh(refresh_token, None).await).await
    }

    /// The refresh grant, which must be refused for good.
    pub(crate) async fn refresh_is_refused(&self, refresh_token: &str) {
        let answer = self.refresh(refresh_token, None).await;
        assert_eq!(refusal(answer).await, (400, "invalid_grant".into()));
    }

    /// A form to the token endpoint.
    pub(crate) async fn token(&self, form: &[(&str, &str)]) -> Response {
        let request = self.post("/auth/token").form(form);
        request.send().await.expect("an answer")
    }

    /// Revokes a token (RFC 7009), which must work.
    pub(crate) async fn revoke(&self, token: &str) {
        let answer = self
            .post("/auth/revoke")
            .form(&[("token", token)])
            .send()
            .await;
        assert_eq!(answer.expect("an answer").status(), 200);
    }

    /// Signs out with this access token.
    pub(crate) async fn log_out(&self, access_token: &str) -> Response {
        let request = self.post("/auth/logout").bearer_auth(access_token);
        request.send().await.expect("an answer")
    }
}

/// A successful token response.
pub(crate) async fn tokens(response: Response) -> TokenResponse {
    let status = response.status();
    let text = response.text().await.expect("a body");
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).expect("a token response")
}

/// Status, `error` or `code`, of a refused request.
pub(crate) async fn refusal(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body: Value = response.json().await.expect("a JSON body");
    let name = body
        .get("error")
        .or_else(|| body.get("code"))
        .and_then(Value::as_str);
    (status, name.unwrap_or_default().to_owned())
}

/// Status and Latchkey's own `code` of a refused request.
pub(crate) async fn code(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body: Value = response.json().await.expect("a JSON body");
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

/// A header's value; empty if there is none.
pub(crate) fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().expect("text"))
}
