//! Endpoints for the user's own account, sessions and activity.

use latchkey_types::{ActivityList, ErrorCode, LogoutRequest, Me, SessionInfo, SessionList, paths};
use serde::de::DeserializeOwned;

use super::{Call, CallError, Client};
use crate::reply::ErrorBody;
use crate::sign_in::query;
use crate::transport::{Method, Response};

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
