//! Endpoints for the user's own account, sessions and activity.

use latchkey_types::{
    ActivityList, ErrorCode, IdentityInfo, IdentityList, LinkCompletion, LinkRequest, LinkStarted,
    LogoutRequest, Me, SessionInfo, SessionList, paths,
};
use serde::de::DeserializeOwned;

use super::{Call, CallError, Client, SignInError};
use crate::reply::ErrorBody;
use crate::sign_in::{CallbackQuery, query};
use crate::transport::{Method, Response};

/// Why a way to sign in was not added to the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The provider did not confirm the user.
    #[error(transparent)]
    Provider(#[from] SignInError),
    /// The request to the server failed.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl Client {
    /// `GET /api/me`: the signed-in user.
    pub async fn me(&self) -> Result<Me, CallError> {
        read(&self.call(Call::get(paths::API_ME)).await?)
    }

    /// `GET /api/sessions`: all active sessions of the user, the current one first.
    pub async fn sessions(&self) -> Result<Vec<SessionInfo>, CallError> {
        let list: SessionList = read(&self.call(Call::get(paths::API_SESSIONS)).await?)?;
        Ok(list.sessions)
    }

    /// `DELETE /api/sessions/{id}`: ends one session. Succeeds if the session has already ended.
    pub async fn end_session(&self, id: &str) -> Result<(), CallError> {
        let path = paths::API_SESSION.replace("{id}", id);
        match done(&self.call(Call::delete(&path)).await?) {
            Err(CallError::Status { status: 404, .. }) => Ok(()),
            other => other,
        }
    }

    /// `DELETE /api/sessions`: ends all other sessions. Requires a recent sign-in
    /// ([`CallError::StepUpRequired`]).
    pub async fn end_other_sessions(&self) -> Result<(), CallError> {
        done(&self.call(Call::delete(paths::API_SESSIONS)).await?)
    }

    /// `POST /auth/logout` with `everywhere`: ends all sessions, including the current one, and
    /// removes the tokens. Requires a recent sign-in ([`CallError::StepUpRequired`]).
    pub async fn sign_out_everywhere(&self) -> Result<(), CallError> {
        let request = LogoutRequest { everywhere: true };
        let call = Call {
            method: Method::Post,
            json: serde_json::to_string(&request).ok(),
            ..Call::get(paths::LOGOUT)
        };
        done(&self.call(call).await?)?;
        self.forget_after_sign_out();
        Ok(())
    }

    /// `GET /api/identities`: the ways to sign in to the account, oldest first.
    pub async fn identities(&self) -> Result<Vec<IdentityInfo>, CallError> {
        let list: IdentityList = read(&self.call(Call::get(paths::API_IDENTITIES)).await?)?;
        Ok(list.identities)
    }

    /// `POST /api/identities/link`: begins to add a way to sign in. Returns the URL of the provider,
    /// to which the browser must go. Requires a recent sign-in ([`CallError::StepUpRequired`]).
    pub async fn begin_link(&self, provider: &str) -> Result<String, CallError> {
        let request = LinkRequest {
            provider: provider.to_owned(),
        };
        let call = Call::post(paths::API_IDENTITIES_LINK, &request);
        let started: LinkStarted = read(&self.call(call).await?)?;
        Ok(started.url)
    }

    /// `POST /api/identities`: adds the way to sign in that the provider confirmed in this query.
    pub async fn complete_link(&self, query: &CallbackQuery) -> Result<(), LinkError> {
        if let Some(refusal) = query.refusal() {
            return Err(refusal.into());
        }
        let (Some(code), Some(state)) = (&query.code, &query.state) else {
            return Err(SignInError::NotInProgress.into());
        };
        let completion = LinkCompletion {
            code: code.clone(),
            state: state.clone(),
            redirect_uri: query.redirect_uri.clone().unwrap_or_default(),
            iss: query.iss.clone(),
        };
        let call = Call::post(paths::API_IDENTITIES, &completion);
        Ok(done(&self.call(call).await?)?)
    }

    /// `DELETE /api/identities/{id}`: removes a way to sign in. If the current session was opened with
    /// it (`is_current`), also removes the tokens. Succeeds if it was removed before. Requires a
    /// recent sign-in ([`CallError::StepUpRequired`]).
    pub async fn remove_identity(&self, id: &str, is_current: bool) -> Result<(), CallError> {
        let path = paths::API_IDENTITY.replace("{id}", id);
        match done(&self.call(Call::delete(&path)).await?) {
            Ok(()) | Err(CallError::Status { status: 404, .. }) => {}
            Err(error) => return Err(error),
        }
        if is_current {
            self.forget_after_sign_out();
        }
        Ok(())
    }

    /// `GET /api/account/export`: the account, its identities, sessions, security events and audit
    /// records, as JSON text. Requires a recent sign-in ([`CallError::StepUpRequired`]).
    pub async fn export_account(&self) -> Result<String, CallError> {
        let response = self.call(Call::get(paths::API_ACCOUNT_EXPORT)).await?;
        done(&response)?;
        Ok(response.body)
    }

    /// `DELETE /api/account`: deletes the account and removes the tokens. Requires a recent sign-in
    /// ([`CallError::StepUpRequired`]).
    pub async fn delete_account(&self) -> Result<(), CallError> {
        done(&self.call(Call::delete(paths::API_ACCOUNT)).await?)?;
        self.forget_after_sign_out();
        Ok(())
    }

    /// `GET /api/activity`: one page of the account's history, newest first. `before` is
    /// [`ActivityList::next`] of the previous page.
    pub async fn activity(&self, before: Option<&str>) -> Result<ActivityList, CallError> {
        let path = match before {
            Some(before) => query(paths::API_ACTIVITY, &[("before", before)]),
            None => paths::API_ACTIVITY.to_owned(),
        };
        read(&self.call(Call::get(&path)).await?)
    }
}

fn read<T: DeserializeOwned>(response: &Response) -> Result<T, CallError> {
    done(response)?;
    serde_json::from_str(&response.body).map_err(|_| CallError::InvalidResponse)
}

fn done(response: &Response) -> Result<(), CallError> {
    if (200..300).contains(&response.status) {
        return Ok(());
    }
    match ErrorBody::of(response).known_code() {
        Some(ErrorCode::StepUpRequired) => Err(CallError::StepUpRequired),
        code => Err(CallError::Status {
            status: response.status,
            code,
        }),
    }
}
