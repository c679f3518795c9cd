//! A server with a mode of binding, and a client with a key.

use latchkey_types::TokenResponse;
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use crate::app::{Prover, TestApp, hash};
use latchkey_testing::{Callback, header, tokens};

pub(crate) struct World {
    pub(crate) app: TestApp,
    pub(super) key: Prover,
}

impl World {
    pub(super) async fn start(binding: &str) -> Self {
        Self::with(&format!("demo = true\n[tokens]\nbinding = \"{binding}\"\n")).await
    }

    /// With this configuration file.
    pub(crate) async fn with(config: &str) -> Self {
        Self {
            app: TestApp::with(config).await,
            key: Prover::new(),
        }
    }

    /// The nonce in force.
    pub(super) async fn nonce(&self) -> String {
        let answer = self.app.token(&[]).await;
        header(&answer, "dpop-nonce").to_owned()
    }

    /// The claims of a good proof for the token endpoint.
    pub(super) async fn claims(&self) -> Value {
        let mut claims = Prover::claims(&self.app, "POST", "/auth/token");
        claims["nonce"] = self.nonce().await.into();
        claims
    }

    /// A good proof of this key for the token endpoint.
    pub(crate) async fn proof_of(&self, key: &Prover) -> String {
        key.sign(&key.header(), &self.claims().await)
    }

    /// The same of this client's key.
    pub(super) async fn proof(&self) -> String {
        self.proof_of(&self.key).await
    }

    /// The claims of a good proof for `GET` with this access token; a nonce is not needed.
    pub(super) fn call_claims(&self, path: &str, access_token: &str) -> Value {
        let mut claims = Prover::claims(&self.app, "GET", path);
        claims["ath"] = json!(hash(access_token));
        claims
    }

    /// Away at the provider and back.
    pub(super) async fn called_back(&self) -> (String, Callback) {
        let begun = self.app.begin("demo").await;
        let callback = self.app.approve(&begun, "ada@example.com").await;
        (begun.cookie, callback)
    }

    /// The callback page's request, with these `DPoP` headers.
    pub(super) async fn finish(
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

    /// A session bound to this client's key.
    pub(crate) async fn sign_in(&self) -> TokenResponse {
        let (cookie, callback) = self.called_back().await;
        self.sign_in_with(&cookie, &callback).await
    }

    /// The same at the end of a sign-in that was begun already.
    pub(crate) async fn sign_in_with(&self, cookie: &str, callback: &Callback) -> TokenResponse {
        let proof = self.proof().await;
        tokens(self.finish(cookie, callback, &[&proof]).await).await
    }

    /// The refresh grant with these `DPoP` headers.
    pub(crate) async fn refresh(&self, refresh_token: &str, proofs: &[&str]) -> Response {
        send(with(self.refreshing(refresh_token), proofs)).await
    }

    /// The refresh grant with a proof and an idempotency key.
    pub(super) async fn refresh_again(
        &self,
        refresh_token: &str,
        proof: &str,
        key: &str,
    ) -> Response {
        let request = self.refreshing(refresh_token);
        send(with(request, &[proof]).header("idempotency-key", key)).await
    }

    fn refreshing(&self, refresh_token: &str) -> RequestBuilder {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
        ];
        self.app.post("/auth/token").form(&form)
    }

    /// The refresh grant as an honest client makes it.
    pub(crate) async fn refreshed(&self, refresh_token: &str) -> TokenResponse {
        let proof = self.proof().await;
        tokens(self.refresh(refresh_token, &[&proof]).await).await
    }

    /// `GET` with this `Authorization` and these `DPoP` headers.
    pub(super) async fn get(&self, path: &str, authorization: &str, proofs: &[&str]) -> Response {
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
    request.send().await.expect("an answer")
}
