//! Local accounts: sign-in with a password, sign-up, and setting a password.

use latchkey_types::{
    ErrorCode, FieldError, PasswordChangeRequest, PasswordRequest, PasswordResetRequest, Problem,
    ResetLinkRequest, SignUpRequest, paths,
};
use serde::Serialize;

use super::sign_in::TokenFailure;
use super::{Call, CallError, Client};
use crate::engine::{Event, TransientError};
use crate::reply::{self, ErrorBody};
use crate::session::SessionState;
use crate::transport::{Method, Request, Response};

/// Why the server did not accept a form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// Some fields are not valid. Each error names its field as the request does.
    #[error("some fields of the form are not valid: correct them")]
    Fields(Vec<FieldError>),
    /// The server refused the request.
    #[error("the request was refused ({0:?})")]
    Refused(Option<ErrorCode>),
    /// The server cannot handle the request right now.
    #[error("the server cannot handle the request right now ({0:?}): try again")]
    TryLater(TransientError),
    /// The session ended, or another user signed in.
    #[error("signed out: sign in again")]
    SignedOut,
}

impl FormError {
    /// The error in this response.
    fn of(response: &Response) -> Self {
        if let Ok(Problem { fields, .. }) = serde_json::from_str(&response.body)
            && !fields.is_empty()
        {
            return Self::Fields(fields);
        }
        match response.status {
            429 | 500.. => Self::TryLater(reply::classify(response)),
            _ => Self::Refused(ErrorBody::of(response).known_reason()),
        }
    }
}

impl From<TokenFailure> for FormError {
    fn from(failure: TokenFailure) -> Self {
        match failure {
            TokenFailure::Unreachable => Self::TryLater(TransientError::Unreachable),
            TokenFailure::Malformed => Self::TryLater(TransientError::ServerError),
            TokenFailure::Refused(response) => Self::of(&response),
        }
    }
}

impl From<CallError> for FormError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::SignedOut | CallError::AccountChanged => Self::SignedOut,
            CallError::Unreachable => Self::TryLater(TransientError::Unreachable),
            CallError::TryLater(error) => Self::TryLater(error),
            CallError::StepUpRequired => Self::Refused(Some(ErrorCode::StepUpRequired)),
            CallError::Status { code, .. } => Self::Refused(code),
            CallError::InvalidResponse => Self::TryLater(TransientError::ServerError),
        }
    }
}

impl Client {
    /// `POST /auth/password`: signs in and stores the tokens.
    pub async fn sign_in_with_password(&self, form: &PasswordRequest) -> Result<(), FormError> {
        self.obtain_tokens_with(paths::PASSWORD, form).await
    }

    /// `POST /auth/sign-up`: creates an account, signs in and stores the tokens.
    pub async fn sign_up(&self, form: &SignUpRequest) -> Result<(), FormError> {
        self.obtain_tokens_with(paths::SIGN_UP, form).await
    }

    /// `POST /auth/password/change`: changes the password, which ends the other sessions.
    pub async fn change_password(&self, form: &PasswordChangeRequest) -> Result<(), FormError> {
        self.post_form(paths::PASSWORD_CHANGE, form, true).await
    }

    /// `POST /auth/password/reset-request`: sends a link, if the server sends mail and the account
    /// exists. The response does not reveal whether a link was sent.
    pub async fn request_password_reset(&self, form: &ResetLinkRequest) -> Result<(), FormError> {
        self.post_form(paths::PASSWORD_RESET_REQUEST, form, false)
            .await
    }

    /// `POST /auth/password/reset`: sets a password with the token of a link, which ends all
    /// sessions of the account.
    pub async fn reset_password(&self, form: &PasswordResetRequest) -> Result<(), FormError> {
        self.post_form(paths::PASSWORD_RESET, form, false).await
    }

    async fn obtain_tokens_with(&self, path: &str, form: &impl Serialize) -> Result<(), FormError> {
        let request = Request {
            method: Method::Post,
            path: path.to_owned(),
            headers: vec![("Content-Type", "application/json".to_owned())],
            body: serde_json::to_string(form).ok(),
            keepalive: false,
        };
        let signed_in = self.sign_in_by(self.obtain_tokens(request));
        signed_in.await.map_err(FormError::from)?;
        Ok(())
    }

    async fn post_form(
        &self,
        path: &str,
        form: &impl Serialize,
        with_token: bool,
    ) -> Result<(), FormError> {
        let call = Call {
            method: Method::Post,
            path: path.to_owned(),
            with_token,
            json: serde_json::to_string(form).ok(),
        };
        let response = self.call(call).await?;
        if (200..300).contains(&response.status) {
            Ok(())
        } else {
            Err(FormError::of(&response))
        }
    }

    /// Runs a sign-in while the state is [`SessionState::SigningIn`].
    pub(super) async fn sign_in_by<T>(&self, sign_in: impl Future<Output = T>) -> T {
        self.0.set_state(SessionState::SigningIn);
        let outcome = sign_in.await;
        // Derive the state from storage.
        self.0.state.set(SessionState::Checking);
        self.0.dispatch(Event::StorageChanged);
        outcome
    }
}

#[cfg(test)]
mod tests {
    use latchkey_types::{ErrorCode, FieldError};

    use super::FormError;
    use crate::engine::TransientError;
    use crate::transport::Response;

    fn error(status: u16, body: &str) -> FormError {
        FormError::of(&Response {
            status,
            body: body.to_owned(),
            ..Response::default()
        })
    }

    #[test]
    fn field_errors_are_read_from_the_problem() {
        let body = r#"{"type":"about:blank","title":"x","status":422,"detail":"x",
            "code":"invalid_fields","request_id":"1",
            "fields":[{"field":"username","message":"taken"}]}"#;
        let taken = FieldError {
            field: "username".to_owned(),
            message: "taken".to_owned(),
        };
        assert_eq!(error(422, body), FormError::Fields(vec![taken]));
    }

    #[test]
    fn refusals_and_outages_are_distinguished() {
        for (status, body, expected) in [
            (
                401,
                r#"{"code":"invalid_credentials"}"#,
                FormError::Refused(Some(ErrorCode::InvalidCredentials)),
            ),
            (400, "", FormError::Refused(None)),
            (
                503,
                r#"{"code":"store_unavailable"}"#,
                FormError::TryLater(TransientError::ServerError),
            ),
            (
                429,
                "",
                FormError::TryLater(TransientError::RateLimited { retry_after: None }),
            ),
        ] {
            assert_eq!(error(status, body), expected, "{status} {body}");
        }
    }
}
