//! Completing a sign-in at `/callback`.

use std::rc::Rc;

use latchkey_types::{ErrorCode, TokenResponse, paths};
use wasm_bindgen_futures::spawn_local;

use super::dpop_flow::is_refused;
use super::{Client, Inner};
use crate::browser;
use crate::dpop::Key;
use crate::engine::TransientError;
use crate::expiry::Deadline;
use crate::reply::{self, ErrorBody};
use crate::sign_in::{CallbackQuery, form, form_header};
use crate::tokens::Tokens;
use crate::transport::{Method, Request, Response, Unreachable};

/// A successful sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// The path that the user was going to.
    pub return_to: Option<String>,
}

/// Why a sign-in failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// The provider or the server refused the sign-in.
    #[error("the sign-in was refused ({0:?}): try again")]
    Refused(Option<ErrorCode>),
    /// The user or the provider denied access (RFC 6749 §4.1.2.1).
    #[error("the sign-in was canceled: start again")]
    Canceled,
    /// The user took too long at the provider.
    #[error("the provider's page was open for too long: try again")]
    ProviderTimeout,
    /// The provider does not report when a user authenticated, so it cannot confirm a recent sign-in.
    #[error("the provider cannot confirm a recent sign-in: use another provider")]
    StepUpUnsupported,
    /// The query contains no error, but lacks the code or the state.
    #[error("no sign-in in progress: start at the sign-in page")]
    NotInProgress,
    /// The server cannot complete the sign-in right now.
    #[error("the server cannot complete the sign-in right now ({0:?}): try again")]
    TryLater(TransientError),
}

/// Why a request for tokens failed.
pub(super) enum TokenFailure {
    /// There was no response.
    Unreachable,
    /// The response has status 200, but contains no tokens.
    Malformed,
    /// The response has another status.
    Refused(Response),
}

impl From<TokenFailure> for SignInError {
    fn from(failure: TokenFailure) -> Self {
        let response = match failure {
            TokenFailure::Unreachable => return Self::TryLater(TransientError::Unreachable),
            TokenFailure::Malformed => return Self::TryLater(TransientError::ServerError),
            TokenFailure::Refused(response) => response,
        };
        let body = ErrorBody::of(&response);
        match body.known_code() {
            Some(ErrorCode::ProviderUnavailable) => {
                Self::Refused(Some(ErrorCode::ProviderUnavailable))
            }
            _ if response.status >= 500 || response.status == 429 => {
                Self::TryLater(reply::classify(&response))
            }
            _ => Self::Refused(body.known_reason()),
        }
    }
}

impl CallbackQuery {
    /// The error in the query, if there is one.
    pub(super) fn refusal(&self) -> Option<SignInError> {
        let error = self.error.as_deref()?;
        // Keycloak sends this when its page was open for too long. The provider is available; the
        // user can try again immediately.
        let expired = self.error_description.as_deref() == Some("authentication_expired");
        Some(match error {
            "temporarily_unavailable" if expired => SignInError::ProviderTimeout,
            "temporarily_unavailable" | "server_error" => {
                SignInError::Refused(Some(ErrorCode::ProviderUnavailable))
            }
            "too_many_requests" => {
                SignInError::TryLater(TransientError::RateLimited { retry_after: None })
            }
            "step_up_unsupported" => SignInError::StepUpUnsupported,
            "unknown_provider" => SignInError::Refused(Some(ErrorCode::UnknownProvider)),
            "access_denied" => SignInError::Canceled,
            _ => SignInError::Refused(Some(ErrorCode::ProviderRefused)),
        })
    }
}

impl Client {
    /// Exchanges the authorization code in the query for tokens and stores the tokens.
    pub async fn complete_sign_in(&self, query: &CallbackQuery) -> Result<SignedIn, SignInError> {
        if let Some(refusal) = query.refusal() {
            return Err(refusal);
        }
        let (Some(code), Some(state)) = (&query.code, &query.state) else {
            return Err(SignInError::NotInProgress);
        };
        let outcome = self.sign_in_by(self.exchange_code(code, state, query));
        outcome.await.map_err(SignInError::from)
    }

    async fn exchange_code(
        &self,
        code: &str,
        state: &str,
        query: &CallbackQuery,
    ) -> Result<SignedIn, TokenFailure> {
        let mut pairs = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("state", state),
        ];
        pairs.extend(query.iss.as_deref().map(|iss| ("iss", iss)));
        let redirect_uri = query.redirect_uri.as_deref();
        pairs.extend(redirect_uri.map(|uri| ("redirect_uri", uri)));
        let request = Request {
            method: Method::Post,
            path: paths::TOKEN.to_owned(),
            headers: vec![form_header()],
            body: Some(form(&pairs)),
            keepalive: false,
        };
        self.obtain_tokens(request).await
    }

    /// Sends a request whose response contains tokens, and stores the tokens. The session is bound
    /// to a new key if the browser can store one.
    pub(super) async fn obtain_tokens(&self, request: Request) -> Result<SignedIn, TokenFailure> {
        let key = Key::create().await;
        let (wall, monotonic) = (browser::wall_clock(), browser::monotonic_clock());
        let response = self.0.send_sign_in(key.as_ref(), request).await;
        let response = response.map_err(|Unreachable| TokenFailure::Unreachable)?;
        if response.status != 200 {
            return Err(TokenFailure::Refused(response));
        }
        let response: TokenResponse =
            serde_json::from_str(&response.body).map_err(|_| TokenFailure::Malformed)?;
        let return_to = response.return_to.clone();
        let mut tokens = Tokens::from_response(response, wall);
        let key = key.filter(|_| tokens.bound);
        tokens.key = key.as_ref().map(|key| key.name().to_owned());
        tokens.nonce = self.0.nonce.borrow().clone().filter(|_| key.is_some());
        *self.0.deadline.borrow_mut() = Some(Deadline::from_response(&tokens, monotonic));
        self.replace_tokens(&tokens);
        let this = Rc::clone(&self.0);
        spawn_local(async move {
            if let Some(key) = key {
                key.persist().await;
            }
            this.remove_unused_keys();
        });
        Ok(SignedIn { return_to })
    }

    /// Replaces the stored tokens and revokes the replaced session, because this browser no longer
    /// has the tokens to end it.
    fn replace_tokens(&self, tokens: &Tokens) {
        let before = self.0.storage.read().tokens;
        self.0.storage.clear_pending();
        self.0.storage.set_tokens(tokens);
        if let Some(before) = before {
            self.0.revoke_in_background(before.refresh_token);
        }
    }
}

impl Inner {
    /// Sends the request with a DPoP proof if there is a key to bind the session to. If the server
    /// rejects the proof, sends it without one, so that a wrong clock does not prevent the sign-in.
    async fn send_sign_in(
        &self,
        key: Option<&Key>,
        request: Request,
    ) -> Result<Response, Unreachable> {
        if let Some(key) = key {
            let response = self.send_with_proof(key, request.clone(), || true).await;
            if let Some(response) = response
                && !is_refused(&response, ErrorCode::InvalidDpopProof)
            {
                return response;
            }
        }
        self.transport.send(request).await
    }
}

#[cfg(test)]
mod tests {
    use latchkey_types::ErrorCode;

    use super::{CallbackQuery, SignInError};
    use crate::engine::TransientError;
    use crate::reply::ErrorBody;
    use crate::transport::Response;

    #[test]
    fn only_access_denied_counts_as_canceled() {
        let refused = |code| SignInError::Refused(Some(code));
        for (error, expected) in [
            ("access_denied", SignInError::Canceled),
            ("invalid_request", refused(ErrorCode::ProviderRefused)),
            ("interaction_required", refused(ErrorCode::ProviderRefused)),
            ("unauthorized_client", refused(ErrorCode::ProviderRefused)),
            ("<b>", refused(ErrorCode::ProviderRefused)),
            ("", refused(ErrorCode::ProviderRefused)),
            ("step_up_unsupported", SignInError::StepUpUnsupported),
            ("server_error", refused(ErrorCode::ProviderUnavailable)),
            (
                "too_many_requests",
                SignInError::TryLater(TransientError::RateLimited { retry_after: None }),
            ),
        ] {
            let query = CallbackQuery {
                error: Some(error.to_owned()),
                ..CallbackQuery::default()
            };
            assert_eq!(query.refusal(), Some(expected), "{error}");
        }
        assert_eq!(CallbackQuery::default().refusal(), None);
    }

    #[test]
    fn a_known_reason_takes_precedence_over_the_code() {
        for (body, expected) in [
            (
                r#"{"code":"not_admitted","reason":"email_unverified"}"#,
                Some(ErrorCode::EmailUnverified),
            ),
            (r#"{"code":"not_admitted"}"#, Some(ErrorCode::NotAdmitted)),
            (
                r#"{"code":"not_admitted","reason":"of_a_later_version"}"#,
                Some(ErrorCode::NotAdmitted),
            ),
            ("", None),
        ] {
            let response = Response {
                status: 400,
                body: body.to_owned(),
                ..Response::default()
            };
            assert_eq!(ErrorBody::of(&response).known_reason(), expected, "{body}");
        }
    }
}
