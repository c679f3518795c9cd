//! Proving possession of this browser's key (RFC 9449): at the token endpoint and, if access
//! tokens are also bound, with every request.

use std::rc::Rc;

use latchkey_types::ErrorCode;
use wasm_bindgen_futures::spawn_local;

use super::Inner;
use crate::browser::{self, since};
use crate::claims;
use crate::dpop::{Key, KeyStoreUnavailable, ProofTarget};
use crate::engine::{Reply, TransientError};
use crate::reply::ErrorBody;
use crate::session::SessionState;
use crate::tokens::Tokens;
use crate::transport::{Method, Request, Response, Unreachable};

/// How long after its start a refresh may still send its token, or send it again with the server's
/// nonce, in milliseconds. After that, the refresh is left to the next attempt: other tabs wait for
/// the lock only a little longer than one request may take.
const SEND_TIMEOUT: u32 = 4_000;

/// The outcome of sending a refresh token: a response, a network failure, or, if no request with
/// a valid proof could be sent, the reply to pass to the engine.
pub(super) type PostOutcome = Result<Result<Response, Unreachable>, Reply>;

impl Inner {
    /// Sends a refresh token with a DPoP proof.
    ///
    /// Signing is asynchronous. In the meantime, another tab may have stolen the lock and used the
    /// token, so storage is read again immediately before sending.
    pub(super) async fn post_with_proof(
        &self,
        key: &str,
        refresh_token: &str,
        request: Request,
    ) -> PostOutcome {
        let started_at = browser::monotonic_clock();
        let key = match Key::load(key).await {
            Ok(Some(key)) => key,
            Ok(None) => return Err(Reply::Refused(Some(ErrorCode::KeyMismatch))),
            Err(KeyStoreUnavailable) => {
                return Err(Reply::Unavailable(TransientError::KeyUnavailable));
            }
        };
        let is_current = || {
            let tokens = self.storage.read().tokens;
            tokens.is_some_and(|tokens| tokens.refresh_token == refresh_token)
                && since(started_at) <= SEND_TIMEOUT
        };
        let response = self.send_with_proof(&key, request, is_current).await;
        // If the token is no longer stored, the engine ignores this reply and reads storage.
        response.ok_or_else(|| {
            let late = since(started_at) > SEND_TIMEOUT;
            Reply::Unavailable(if late {
                TransientError::SigningTimeout
            } else {
                TransientError::KeyUnavailable
            })
        })
    }

    /// Sends a request to the token endpoint with a DPoP proof, and retries once if the server
    /// requires a nonce. `None` if no proof could be created, or if `is_current` returned
    /// false immediately before sending.
    pub(super) async fn send_with_proof(
        &self,
        key: &Key,
        request: Request,
        is_current: impl Fn() -> bool,
    ) -> Option<Result<Response, Unreachable>> {
        let response = self
            .send_once_with_proof(key, request.clone(), &is_current)
            .await?;
        // RFC 9449 §8.
        if is_refused(&response, ErrorCode::UseDpopNonce) {
            return self.send_once_with_proof(key, request, &is_current).await;
        }
        Some(response)
    }

    async fn send_once_with_proof(
        &self,
        key: &Key,
        mut request: Request,
        is_current: &impl Fn() -> bool,
    ) -> Option<Result<Response, Unreachable>> {
        let nonce = self.nonce.borrow().clone();
        let target = ProofTarget {
            method: request.method,
            path: &request.path,
            nonce: nonce.as_deref(),
            access_token: None,
        };
        let proof = key.proof(target, self.server_clock()).await?;
        if !is_current() {
            return None;
        }
        request.headers.push(("DPoP", proof));
        let response = self.transport.send(request).await;
        self.remember_nonce(&response);
        Some(response)
    }

    /// Stores the nonce, which the server may send with any response (RFC 9449 §8.2).
    pub(super) fn remember_nonce(&self, response: &Result<Response, Unreachable>) {
        if let Ok(Response {
            nonce: Some(nonce), ..
        }) = response
        {
            *self.nonce.borrow_mut() = Some(nonce.clone());
        }
    }

    /// Adopts the nonce that another tab received with its tokens, because it is newer than this
    /// tab's. A page that has just been loaded keeps the nonce that came with it, which is newer still.
    pub(super) fn adopt_nonce(&self, tokens: Option<&Tokens>) {
        let mut nonce = self.nonce.borrow_mut();
        if let Some(theirs) = tokens.and_then(|tokens| tokens.nonce.as_ref())
            && (nonce.is_none() || self.state.get() != SessionState::Checking)
        {
            *nonce = Some(theirs.clone());
        }
    }

    /// The headers that present an access token. A bound token (`cnf` claim, RFC 9449 §6.1) is
    /// accompanied by a proof, signed with the key named `key`.
    pub(super) async fn authorization(
        &self,
        method: Method,
        path: &str,
        token: &str,
        key: Option<&str>,
    ) -> Vec<(&'static str, String)> {
        let bound = claims::decode(token).is_some_and(|it| it.claims.get("cnf").is_some());
        if !bound {
            return vec![("Authorization", format!("Bearer {token}"))];
        }
        let mut headers = vec![("Authorization", format!("DPoP {token}"))];
        // Without the key the server rejects the token, and the refresh that follows reports why.
        if let Some(key) = key
            && let Ok(Some(key)) = Key::load(key).await
        {
            let target = ProofTarget {
                method,
                path,
                nonce: None,
                access_token: Some(token),
            };
            let proof = key.proof(target, self.server_clock()).await;
            headers.extend(proof.map(|proof| ("DPoP", proof)));
        }
        headers
    }

    /// The name of the key that the stored tokens are bound to.
    pub(super) fn key_name(&self) -> Option<String> {
        let tokens = self.storage.read().tokens?;
        tokens.key_name().map(str::to_owned)
    }

    /// Removes all keys of this browser except the one that the stored tokens are bound to and its
    /// copy under the legacy name.
    pub(super) fn remove_unused_keys(self: &Rc<Self>) {
        let this = Rc::clone(self);
        spawn_local(async move { Key::remove_others(|| this.key_name()).await });
    }

    /// The server's time in seconds since 1970, as far as it is known.
    fn server_clock(&self) -> u64 {
        let now = browser::wall_clock();
        let tokens = self.storage.read().tokens;
        tokens.map_or(now / 1000, |tokens| tokens.server_clock(now))
    }
}

/// Whether the response is a 400 with this error code.
pub(super) fn is_refused(response: &Result<Response, Unreachable>, code: ErrorCode) -> bool {
    response.as_ref().is_ok_and(|response| {
        response.status == 400 && ErrorBody::of(response).known_code() == Some(code)
    })
}
