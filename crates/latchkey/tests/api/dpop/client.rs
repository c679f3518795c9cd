//! A server with a binding mode, and a client with a DPoP key.

use latchkey_types::TokenResponse;
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use crate::app::{Prover, TestApp, hash};
use latchkey_testing::{Callback, header, tokens};

/// A server, and the key of one of its clients.
pub(crate) struct DpopClient {
    pub(crate) app: TestApp,
    pub(crate) key: Prover,
}

impl DpopClient {
    pub(crate) async fn start(binding: &str) -> Self {
        Self::with(&format!("demo = true\n[tokens]\nbinding = \"{binding}\"\n")).await
    }

    /// Starts a server with this configuration file.
    pub(crate) async fn with(config: &str) -> Self {
        Self {
            app: TestApp::with(config).await,
            key: Prover::new(),
        }
    }

    /// The current nonce of the server.
    pub(crate) async fn nonce(&self) -> String {
        let response = self.app.token(&[]).await;
        header(&response, "dpop-nonce").to_owned()
    }

    /// The claims of a valid proof for the token endpoint.
    pub(crate) async fn claims(&self) -> Value {
        let mut claims = Prover::claims(&self.app, "POST", "/auth/token");
        claims["nonce"] = self.nonce().await.into();
        claims
    }

    /// A valid proof with this key for the token endpoint.
    pub(crate) async fn proof_of(&self, key: &Prover) -> String {
        key.sign(&key.header(), &self.claims().await)
    }

    /// A valid proof with this client's key for the token endpoint.
    pub(crate) async fn proof(&self) -> String {
        self.proof_of(&self.key).await
    }

    /// The claims of a valid proof for a `GET` request with this access token; it needs no nonce.
    pub(crate) fn call_claims(&self, path: &str, access_token: &str) -> Value {
        let mut claims = Prover::claims(&self.app, "GET", path);
        claims["ath"] = json!(hash(access_token));
        claims
    }

    /// Starts a sign-in and approves it at the provider. Returns the flow cookie and the callback.
    pub(crate) async fn called_back(&self) -> (String, Callback) {
        let begun = self.app.begin("demo").await;
        let callback = self.app.approve(&begun, "ada@example.com").await;
        (begun.cookie, callback)
    }

    /// The request of the callback page, with these `DPoP` headers.
    pub(crate) async fn finish(
        &self,
        cookie: &str,
        callback: &Callback,
        proofs: &[&str],
    ) -> Response {
        let mut form = callback.clone();
        form.insert("grant_type".into(), "authorization_code".into());
        let request = self.app.post("/auth/token").header("cookie", cookie);
        send(with(request, proofs).form(&form)).await
    }

    /// Opens a session that is bound to this client's key.
    pub(crate) async fn sign_in(&self) -> TokenResponse {
        let (cookie, callback) = self.called_back().await;
        self.sign_in_with(&cookie, &callback).await
    }

    /// Finishes a sign-in with a proof of this client's key.
    pub(crate) async fn sign_in_with(&self, cookie: &str, callback: &Callback) -> TokenResponse {
        let proof = self.proof().await;
        tokens(self.finish(cookie, callback, &[&proof]).await).await
    }

    /// A refresh with these `DPoP` headers.
    pub(crate) async fn refresh(&self, refresh_token: &str, proofs: &[&str]) -> Response {
        send(with(self.refresh_request(refresh_token), proofs)).await
    }

    /// A refresh with a proof and an idempotency key.
    pub(crate) async fn refresh_with_key(
        &self,
        refresh_token: &str,
        proof: &str,
        key: &str,
    ) -> Response {
        let request = self.refresh_request(refresh_token);
        send(with(request, &[proof]).header("idempotency-key", key)).await
    }

    fn refresh_request(&self, refresh_token: &str) -> RequestBuilder {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
        ];
        self.app.post("/auth/token").form(&form)
    }

    /// A successful refresh with a valid proof.
    pub(crate) async fn refreshed(&self, refresh_token: &str) -> TokenResponse {
        let proof = self.proof().await;
        tokens(self.refresh(refresh_token, &[&proof]).await).await
    }

    /// A `GET` request with this `Authorization` header and these `DPoP` headers.
    pub(crate) async fn get(&self, path: &str, authorization: &str, proofs: &[&str]) -> Response {
        let request = self.app.get(path).header("authorization", authorization);
        send(with(request, proofs)).await
    }
}

fn with(request: RequestBuilder, proofs: &[&str]) -> RequestBuilder {
    proofs
        .iter()
        .fold(request, |request, proof| request.header("dpop", *proof))
}

async fn send(request: RequestBuilder) -> Response {
    request.send().await.expect("a response")
}
