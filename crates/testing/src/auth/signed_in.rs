//! Somebody who has signed in, and what becomes of the session.

use std::fmt;

use latchkey_core::{SessionId, UserId};
use latchkey_types::TokenResponse;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;

use crate::client::{ApiClient, claims, code, tokens};

/// A client with the tokens of one session.
#[derive(Clone, Debug)]
pub struct SignedIn {
    client: ApiClient,
    tokens: TokenResponse,
    /// The refresh token that the last refresh used up.
    spent: Option<String>,
}

/// Why the server refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status code.
    pub status: u16,
    /// Latchkey's code for the reason: `session_ended`, `refresh_replayed`, …
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
            spent: None,
        }
    }

    /// The tokens that it has now.
    pub fn tokens(&self) -> &TokenResponse {
        &self.tokens
    }

    /// The claims of its access token, unverified.
    pub fn claims(&self) -> Value {
        claims(&self.tokens.access_token)
    }

    /// The user that it is signed in as.
    pub fn user_id(&self) -> UserId {
        let sub = self.claims()["sub"].as_str().map(str::parse);
        sub.and_then(Result::ok).expect("a user in the token")
    }

    /// Its session.
    pub fn session_id(&self) -> SessionId {
        let sid = self.claims()["sid"].as_str().map(str::parse);
        sid.and_then(Result::ok).expect("a session in the token")
    }

    /// A request to a path of the app with its access token.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.client.url);
        let request = self.client.http.request(method, url);
        request.bearer_auth(&self.tokens.access_token)
    }

    /// A `GET` request with its access token.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// A `POST` request with its access token.
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    /// A `PUT` request with its access token.
    pub fn put(&self, path: &str) -> RequestBuilder {
        self.request(Method::PUT, path)
    }

    /// A `DELETE` request with its access token.
    pub fn delete(&self, path: &str) -> RequestBuilder {
        self.request(Method::DELETE, path)
    }

    /// Whether the server accepts its access token; the refusal otherwise.
    pub async fn check(&self) -> Result<(), Refusal> {
        let answer = self.get("/api/me").send().await.expect("a response");
        if answer.status() == 200 {
            return Ok(());
        }
        Err(Refusal::of(answer).await)
    }

    /// Uses its refresh token up and takes the new tokens.
    pub async fn refresh(&mut self) -> Result<(), Refusal> {
        let new = self.exchange(&self.tokens.refresh_token).await?;
        let old = std::mem::replace(&mut self.tokens, new);
        self.spent = Some(old.refresh_token);
        Ok(())
    }

    /// Sends the refresh token that the last [`refresh`](Self::refresh) used up once more, as a thief
    /// with a copy of it does; panics if there was no refresh.
    ///
    /// The server refuses with `refresh_replayed` and ends the session, unless that refresh was less
    /// than ten seconds ago by the clock of the test: then another tab may have sent the same token,
    /// and it refuses with `superseded` alone.
    pub async fn replay(&self) -> Result<TokenResponse, Refusal> {
        let spent = self.spent.as_deref();
        self.exchange(spent.expect("a refresh before the replay"))
            .await
    }

    /// Signs out; panics if that fails. No token of the session is accepted after it.
    pub async fn sign_out(&self) {
        let answer = self.client.log_out(&self.tokens.access_token).await;
        assert!(answer.status().is_success(), "{}", answer.status());
    }

    async fn exchange(&self, refresh_token: &str) -> Result<TokenResponse, Refusal> {
        let answer = self.client.refresh(refresh_token, None).await;
        if answer.status() == 200 {
            return Ok(tokens(answer).await);
        }
        Err(Refusal::of(answer).await)
    }
}
