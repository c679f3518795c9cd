//! Proving possession of this browser's key (RFC 9449): to the token endpoint, and, where the
//! server binds access tokens too, with every request.

use std::rc::Rc;

use latchkey_types::ErrorCode;
use wasm_bindgen_futures::spawn_local;

use super::Inner;
use crate::browser::{self, since};
use crate::claims;
use crate::dpop::{Key, Subject, Unanswered};
use crate::engine::{Reply, Trouble};
use crate::reply::ErrorBody;
use crate::session::SessionState;
use crate::tokens::Tokens;
use crate::transport::{Method, Request, Response, Unreachable};

/// How long a refresh may take before its token is sent, the first time or with the nonce that the
/// server asked for, in milliseconds. After that it is left to the next try: other tabs wait for
/// the lock just as long as one request may take, and a little longer.
const HASTE: u32 = 4_000;

/// What came of posting a refresh token: an answer or none; or, not being sent at all, what to make
/// of that.
pub(super) type Posted = Result<Result<Response, Unreachable>, Reply>;

impl Inner {
    /// Sends a refresh token with a proof that its key is here.
    ///
    /// Signing takes a moment, in which another tab may have come to take this one for dead,
    /// taken the lock and used the token. So storage is asked once more: what is sent is what it
    /// holds.
    pub(super) async fn post_proven(
        &self,
        key: &str,
        refresh_token: &str,
        outgoing: Request,
    ) -> Posted {
        let began = browser::monotonic_clock();
        let key = match Key::load(key).await {
            Ok(Some(key)) => key,
            Ok(None) => return Err(Reply::Refused(Some(ErrorCode::KeyMismatch))),
            Err(Unanswered) => return Err(Reply::Unavailable(Trouble::Unwell)),
        };
        let still = || {
            let tokens = self.store.read().tokens;
            tokens.is_some_and(|tokens| tokens.refresh_token == refresh_token)
                && since(began) <= HASTE
        };
        let answer = self.send_proven(&key, outgoing, still).await;
        // Whatever is told of a token that is not stored any more, the engine looks at storage.
        answer.ok_or_else(|| {
            let late = since(began) > HASTE;
            Reply::Unavailable(if late { Trouble::Late } else { Trouble::Unwell })
        })
    }

    /// Sends to the token endpoint with a proof, and once more if the server asks for its nonce.
    /// `None` if there is no proof to be had, or if it is not right to send any more: `still` is
    /// asked in the very moment before.
    pub(super) async fn send_proven(
        &self,
        key: &Key,
        outgoing: Request,
        still: impl Fn() -> bool,
    ) -> Option<Result<Response, Unreachable>> {
        let answer = self.send_once_proven(key, outgoing.clone(), &still).await?;
        // RFC 9449 §8.
        if is_refused(&answer, ErrorCode::UseDpopNonce) {
            return self.send_once_proven(key, outgoing, &still).await;
        }
        Some(answer)
    }

    async fn send_once_proven(
        &self,
        key: &Key,
        mut outgoing: Request,
        still: &impl Fn() -> bool,
    ) -> Option<Result<Response, Unreachable>> {
        let nonce = self.nonce.borrow().clone();
        let subject = Subject {
            method: outgoing.method,
            path: &outgoing.path,
            nonce: nonce.as_deref(),
            access_token: None,
        };
        let proof = key.proof(subject, self.server_clock()).await?;
        if !still() {
            return None;
        }
        outgoing.headers.push(("DPoP", proof));
        let answer = self.transport.send(outgoing).await;
        self.remember_nonce(&answer);
        Some(answer)
    }

    /// The server may tell the next nonce with any answer (RFC 9449 §8.2).
    pub(super) fn remember_nonce(&self, answer: &Result<Response, Unreachable>) {
        if let Ok(Response {
            nonce: Some(nonce), ..
        }) = answer
        {
            *self.nonce.borrow_mut() = Some(nonce.clone());
        }
    }

    /// Another tab has got tokens: its nonce is later than any that this tab knows. When this page
    /// has just been loaded, the one that came with it is.
    pub(super) fn adopt_nonce(&self, tokens: Option<&Tokens>) {
        let mut nonce = self.nonce.borrow_mut();
        if let Some(theirs) = tokens.and_then(|tokens| tokens.nonce.as_ref())
            && (nonce.is_none() || self.state.get() != SessionState::Checking)
        {
            *nonce = Some(theirs.clone());
        }
    }

    /// The headers that present an access token: it says itself whether it is bound (RFC 9449
    /// §6.1) and so needs a proof beside it, by the `key` of this name.
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
        // Without its key the server refuses the token, and the refresh that follows tells why.
        if let Some(key) = key
            && let Ok(Some(key)) = Key::load(key).await
        {
            let subject = Subject {
                method,
                path,
                nonce: None,
                access_token: Some(token),
            };
            let proof = key.proof(subject, self.server_clock()).await;
            headers.extend(proof.map(|proof| ("DPoP", proof)));
        }
        headers
    }

    /// The name of the key that the stored tokens are bound to.
    pub(super) fn key_name(&self) -> Option<String> {
        let tokens = self.store.read().tokens?;
        tokens.key_name().map(str::to_owned)
    }

    /// Removes the keys of this browser, but for the one that the stored tokens need.
    pub(super) fn forget_browser_keys(self: &Rc<Self>) {
        let this = Rc::clone(self);
        spawn_local(async move { Key::remove_others(|| this.key_name()).await });
    }

    /// Seconds since 1970, by the server's clock as far as it is known.
    fn server_clock(&self) -> u64 {
        let now = browser::wall_clock();
        let tokens = self.store.read().tokens;
        tokens.map_or(now / 1000, |tokens| tokens.server_clock(now))
    }
}

/// Whether the answer is a refusal with this code.
pub(super) fn is_refused(answer: &Result<Response, Unreachable>, code: ErrorCode) -> bool {
    answer.as_ref().is_ok_and(|incoming| {
        incoming.status == 400 && ErrorBody::of(incoming).known_code() == Some(code)
    })
}
