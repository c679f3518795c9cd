//! A client that is signed in: requests with its tokens, refresh, replay, sign-out.

use std::fmt;

use latchkey_core::{SessionId, UserId};
use latchkey_types::TokenResponse;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;

use crate::client::{ApiClient, claims, code, tokens};

/// A client with the tokens of one session.
///
/// ```
/// # #[tokio::main]
/// # async fn main() {
/// let auth = latchkey_testing::TestAuth::start().await;
/// let mut ada = auth.sign_in("ada@example.com").await;
/// ada.refresh().await.unwrap();
/// assert_eq!(ada.replay().await.unwrap_err().code, "superseded");
/// ada.sign_out().await;
/// assert_eq!(ada.check().await.unwrap_err().code, "token_revoked");
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SignedIn {
    client: ApiClient,
    tokens: TokenResponse,
    /// The refresh token that the last refresh replaced.
    replaced: Option<String>,
}

/// Why the server refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status code.
    pub status: u16,
    /// The error code, such as `session_ended` or `refresh_replayed`.
    pub code: String,
}

impl Refusal {
    pub(super) async fn of(response: Response) -> Self {
        let (status, code) = code(response).await;
        Self { status, code }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused with {} {}", self.status, self.code)
    }
}

impl std::error::Error for Refusal {}

impl SignedIn {
    pub(super) fn new(client: ApiClient, tokens: TokenResponse) -> Self {
        Self {
            client,
            tokens,
            replaced: None,
        }
    }

    /// The current tokens.
    pub fn tokens(&self) -> &TokenResponse {
        &self.tokens
    }

    /// The claims of the access token, not verified.
    pub fn claims(&self) -> Value {
        claims(&self.tokens.access_token)
    }

    /// The user who is signed in.
    pub fn user_id(&self) -> UserId {
        let sub = self.claims()["sub"].as_str().map(str::parse);
        sub.and_then(Result::ok).expect("a user in the token")
    }

    /// The session.
    pub fn session_id(&self) -> SessionId {
        let sid = self.claims()["sid"].as_str().map(str::parse);
        sid.and_then(Result::ok).expect("a session in the token")
    }

    /// A request to a path of the app with the access token.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.client.url);
        let request = self.client.http.request(method, url);
        request.bearer_auth(&self.tokens.access_token)
    }

    /// A `GET` request with the access token.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// A `POST` request with the access token.
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    /// A `PUT` request with the access token.
    pub fn put(&self, path: &str) -> RequestBuilder {
        self.request(Method::PUT, path)
    }

    /// A `DELETE` request with the access token.
    pub fn delete(&self, path: &str) -> RequestBuilder {
        self.request(Method::DELETE, path)
    }

    /// Returns `Ok` if the server accepts the access token, otherwise the refusal.
    pub async fn check(&self) -> Result<(), Refusal> {
        let response = self.get("/api/me").send().await.expect("a response");
        if response.status() == 200 {
            return Ok(());
        }
        Err(Refusal::of(response).await)
    }

    /// Uses the refresh token and stores the new tokens.
    pub async fn refresh(&mut self) -> Result<(), Refusal> {
        let new = self.exchange(&self.tokens.refresh_token).await?;
        let old = std::mem::replace(&mut self.tokens, new);
        self.replaced = Some(old.refresh_token);
        Ok(())
    }

    /// Replays the refresh token that the last [`refresh`](Self::refresh) replaced, as a thief with a
    /// copy does. Panics if there was no refresh.
    ///
    /// The server refuses with `refresh_replayed` and ends the session. If that refresh was less than
    /// ten seconds ago by the clock of the test, the server refuses with `superseded` and does not
    /// end the session, because another tab could have sent the same token.
    pub async fn replay(&self) -> Result<TokenResponse, Refusal> {
        let replaced = self.replaced.as_deref();
        self.exchange(replaced.expect("no refresh before the replay"))
            .await
    }

    /// Signs out. Afterwards, no token of the session is accepted. Panics on failure.
    pub async fn sign_out(&self) {
        let response = self.client.log_out(&self.tokens.access_token).await;
        assert!(response.status().is_success(), "{}", response.status());
    }

    async fn exchange(&self, refresh_token: &str) -> Result<TokenResponse, Refusal> {
        let response = self.client.refresh(refresh_token, None).await;
        if response.status() == 200 {
            return Ok(tokens(response).await);
        }
        Err(Refusal::of(response).await)
    }
}
