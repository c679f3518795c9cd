//! Signing out: in this browser first, unconditionally; then on the server.

use std::cell::RefCell;
use std::rc::Rc;

use futures_channel::oneshot;
use gloo_timers::callback::Timeout;
use gloo_timers::future::TimeoutFuture;
use latchkey_types::paths;
use wasm_bindgen_futures::spawn_local;

use super::Inner;
use crate::client::Client;
use crate::engine::Event;
use crate::notice::Notice;
use crate::session::{EndReason, SessionState};
use crate::sign_in::{form, form_header};
use crate::tokens::Tokens;
use crate::transport::{Method, Request};
use crate::{backoff, browser};

/// How often a revocation is attempted before the session is left to expire. The waits in between
/// add up to about a quarter of an hour.
const TRIES: u32 = 32;

/// How long the user waits for the server's confirmation, in milliseconds.
const LOGOUT_TIMEOUT: u32 = 4_000;

impl Client {
    /// Removes the tokens, then ends the session on the server. Returns whether the server has
    /// confirmed it; if not, the client keeps retrying while this page is open.
    pub async fn sign_out(&self) -> bool {
        let Some(tokens) = self.0.store.read().tokens else {
            return true;
        };
        self.0.set_state(SessionState::SigningOut);
        self.0.forget_tokens();
        let told = self.0.tell_server(tokens).await;
        self.0.signed_out();
        told
    }

    /// Removes the tokens of a session that the server has ended at the user's request.
    pub(super) fn forget_after_sign_out(&self) {
        self.0.set_state(SessionState::SigningOut);
        self.0.forget_tokens();
        self.0.forget_browser_keys();
        self.0.signed_out();
    }
}

impl Inner {
    fn forget_tokens(self: &Rc<Self>) {
        self.store.clear_tokens();
        self.store.clear_pending();
        self.seen.borrow_mut().take();
        self.tell(&Notice::Tokens(None));
        self.follow();
        self.dispatch(Event::Changed);
    }

    fn signed_out(self: &Rc<Self>) {
        self.tell(&Notice::Ended(EndReason::SignedOut));
        // Derive the state from storage: another tab may have signed in since.
        self.state.set(SessionState::Checking);
        self.dispatch(Event::Changed);
    }

    /// Ends the session on the server. Returns whether the server confirmed it within
    /// [`LOGOUT_TIMEOUT`]; if not, the request continues in the background.
    async fn tell_server(self: &Rc<Self>, tokens: Tokens) -> bool {
        let (tell, told) = oneshot::channel();
        let tell = Rc::new(RefCell::new(Some(tell)));
        let say = move |told| {
            if let Some(tell) = tell.borrow_mut().take() {
                let _ = tell.send(told);
            }
        };
        let give_up = {
            let say = say.clone();
            Timeout::new(LOGOUT_TIMEOUT, move || say(false))
        };
        let this = Rc::clone(self);
        spawn_local(async move {
            let done = this.end_session(&tokens).await;
            say(done);
            if !done {
                this.revoke_in_background(tokens.refresh_token);
            }
        });
        let told = told.await.unwrap_or(false);
        give_up.cancel();
        told
    }

    async fn end_session(self: &Rc<Self>, tokens: &Tokens) -> bool {
        let token = &tokens.access_token;
        let headers = self
            .authorization(Method::Post, paths::LOGOUT, token, tokens.key_name())
            .await;
        // No more proofs are needed.
        self.forget_browser_keys();
        let logout = self.transport.send(Request {
            method: Method::Post,
            path: paths::LOGOUT.to_owned(),
            headers,
            body: None,
            keepalive: true,
        });
        match logout.await {
            Ok(answer) if (200..300).contains(&answer.status) => true,
            // The access token has probably expired; the refresh token can end the session, too.
            Ok(_) => self.revoke(&tokens.refresh_token).await,
            Err(_) => false,
        }
    }

    async fn revoke(&self, refresh_token: &str) -> bool {
        let revoke = self.transport.send(Request {
            method: Method::Post,
            path: paths::REVOKE.to_owned(),
            headers: vec![form_header()],
            body: Some(form(&[("token", refresh_token)])),
            keepalive: true,
        });
        // Any other status would be the same on a retry.
        matches!(revoke.await, Ok(answer) if answer.status < 500 && answer.status != 429)
    }

    /// Retries the revocation with a token held in memory only: storage is already empty.
    pub(super) fn revoke_in_background(self: &Rc<Self>, refresh_token: String) {
        let this = Rc::clone(self);
        spawn_local(async move {
            for attempt in 0..TRIES {
                if this.revoke(&refresh_token).await {
                    return;
                }
                let wait = backoff::delay(attempt, 0, browser::jitter());
                TimeoutFuture::new(wait).await;
            }
        });
    }
}
