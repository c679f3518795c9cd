//! Proving possession of this browser's key (RFC 9449): to the token endpoint, and, where the
//! server binds access tokens too, with every request.

use std::rc::Rc;

use latchkey_types::ErrorCode;
use wasm_bindgen_futures::spawn_local;

use super::Inner;
use super::drive::since;
use crate::browser;
use crate::claims;
use crate::dpop::{Key, Subject};
use crate::reply::ErrorBody;
use crate::transport::{Incoming, Method, Outgoing, Unreachable};

/// How quickly the server must have asked for its nonce for the answer to go out at once, in
/// milliseconds. Else it is left to the next try: other tabs wait for the lock just as long as
/// one request may take, and a little longer.
const HASTE: u32 = 4_000;

impl Inner {
    /// Sends to the token endpoint with a proof, and once more if the server asks for its nonce.
    /// `None` if there is no proof to be had, or if it is not right to send any more: `still` is
    /// asked in the very moment before.
    pub(super) async fn send_proven(
        &self,
        key: &Key,
        outgoing: Outgoing,
        still: impl Fn() -> bool,
    ) -> Option<Result<Incoming, Unreachable>> {
        let began = browser::monotonic_clock();
        let answer = self.send_once_proven(key, outgoing.clone(), &still).await?;
        if asks_for_nonce(&answer) && since(began) <= HASTE {
            return self.send_once_proven(key, outgoing, &still).await;
        }
        Some(answer)
    }

    async fn send_once_proven(
        &self,
        key: &Key,
        mut outgoing: Outgoing,
        still: &impl Fn() -> bool,
    ) -> Option<Result<Incoming, Unreachable>> {
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
        if let Ok(Incoming {
            nonce: Some(nonce), ..
        }) = &answer
        {
            *self.nonce.borrow_mut() = Some(nonce.clone());
        }
        Some(answer)
    }

    /// The headers that present an access token: it says itself whether it is bound (RFC 9449
    /// §6.1) and so needs a proof beside it.
    pub(super) async fn authorization(
        &self,
        method: Method,
        path: &str,
        token: &str,
    ) -> Vec<(&'static str, String)> {
        let bound = claims::decode(token).is_some_and(|it| it.claims.get("cnf").is_some());
        if !bound {
            return vec![("Authorization", format!("Bearer {token}"))];
        }
        let mut headers = vec![("Authorization", format!("DPoP {token}"))];
        // Without its key the server refuses the token, and the refresh that follows tells why.
        if let Ok(Some(key)) = Key::found().await {
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

    /// Removes the key from this browser, unless a session that was begun meanwhile needs it.
    pub(super) fn forget_browser_key(self: &Rc<Self>) {
        let this = Rc::clone(self);
        spawn_local(async move {
            Key::remove(|| this.store.read().tokens.is_some_and(|it| it.bound)).await;
        });
    }

    /// Seconds since 1970, by the server's clock as far as it is known.
    fn server_clock(&self) -> u64 {
        let now = browser::wall_clock();
        let tokens = self.store.read().tokens;
        tokens.map_or(now / 1000, |tokens| tokens.server_clock(now))
    }
}

/// RFC 9449 §8.
fn asks_for_nonce(answer: &Result<Incoming, Unreachable>) -> bool {
    is_refused(answer, ErrorCode::UseDpopNonce)
}

/// Whether the answer is a refusal with this code.
pub(super) fn is_refused(answer: &Result<Incoming, Unreachable>, code: ErrorCode) -> bool {
    answer.as_ref().is_ok_and(|incoming| {
        incoming.status == 400 && ErrorBody::of(incoming).known_code() == Some(code)
    })
}
