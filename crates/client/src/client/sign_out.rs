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

/// How many times a revocation is attempted before the session is left to expire. The delays between
/// the attempts add up to about a quarter of an hour.
const MAX_ATTEMPTS: u32 = 32;

/// How long the user waits for the server's confirmation, in milliseconds.
const LOGOUT_TIMEOUT: u32 = 4_000;

impl Client {
    /// Removes the tokens, then ends the session on the server. Returns whether the server has
    /// confirmed it; if not, the client keeps retrying for about a quarter of an hour while this page
    /// is open.
    pub async fn sign_out(&self) -> bool {
        let Some(tokens) = self.0.storage.read().tokens else {
            return true;
        };
        self.0.set_state(SessionState::SigningOut);
        self.0.forget_tokens();
        let confirmed = self.0.confirm_sign_out(tokens).await;
        self.0.signed_out();
        confirmed
    }

    /// Removes the tokens of a session that the server has ended at the user's request.
    pub(super) fn forget_after_sign_out(&self) {
        self.0.set_state(SessionState::SigningOut);
        self.0.forget_tokens();
        self.0.remove_unused_keys();
        self.0.signed_out();
    }
}

impl Inner {
    fn forget_tokens(self: &Rc<Self>) {
        self.storage.clear_tokens();
        self.storage.clear_pending();
        self.reported_tokens.borrow_mut().take();
        self.notify(&Notice::Tokens(None));
        self.update_subscription();
        self.dispatch(Event::StorageChanged);
    }

    fn signed_out(self: &Rc<Self>) {
        self.notify(&Notice::Ended(EndReason::SignedOut));
        // Derive the state from storage: another tab may have signed in since.
        self.state.set(SessionState::Checking);
        self.dispatch(Event::StorageChanged);
    }

    /// Ends the session on the server. Returns whether the server confirmed it within
    /// [`LOGOUT_TIMEOUT`]; if not, the request continues in the background.
    async fn confirm_sign_out(self: &Rc<Self>, tokens: Tokens) -> bool {
        let (sender, receiver) = oneshot::channel();
        let sender = Rc::new(RefCell::new(Some(sender)));
        let confirm = move |confirmed| {
            if let Some(sender) = sender.borrow_mut().take() {
                let _ = sender.send(confirmed);
            }
        };
        let timeout = {
            let confirm = confirm.clone();
            Timeout::new(LOGOUT_TIMEOUT, move || confirm(false))
        };
        let this = Rc::clone(self);
        spawn_local(async move {
            let done = this.end_session(&tokens).await;
            confirm(done);
            if !done {
                this.revoke_in_background(tokens.refresh_token);
            }
        });
        let confirmed = receiver.await.unwrap_or(false);
        timeout.cancel();
        confirmed
    }

    async fn end_session(self: &Rc<Self>, tokens: &Tokens) -> bool {
        let token = &tokens.access_token;
        let headers = self
            .authorization(Method::Post, paths::LOGOUT, token, tokens.key_name())
            .await;
        // No more proofs are needed.
        self.remove_unused_keys();
        let logout = self.transport.send(Request {
            method: Method::Post,
            path: paths::LOGOUT.to_owned(),
            headers,
            body: None,
            keepalive: true,
        });
        match logout.await {
            Ok(response) if (200..300).contains(&response.status) => true,
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
        // A retry would return the same status.
        matches!(revoke.await, Ok(response) if response.status < 500 && response.status != 429)
    }

    /// Retries the revocation with a token held in memory only: storage is already empty.
    pub(super) fn revoke_in_background(self: &Rc<Self>, refresh_token: String) {
        let this = Rc::clone(self);
        spawn_local(async move {
            for attempt in 0..MAX_ATTEMPTS {
                if this.revoke(&refresh_token).await {
                    return;
                }
                let delay = backoff::delay(attempt, 0, browser::jitter());
                TimeoutFuture::new(delay).await;
            }
        });
    }
}
