//! What a person may see and do about their own sessions.

use latchkey_types::{ActivityList, ErrorCode, LogoutRequest, Me, SessionInfo, SessionList, paths};
use serde::de::DeserializeOwned;

use super::{Call, CallError, Client};
use crate::reply::ErrorBody;
use crate::sign_in::query;
use crate::transport::{Method, Response};

impl Client {
    /// `GET /api/me`: who is signed in.
    pub async fn me(&self) -> Result<Me, CallError> {
        read(&self.call(Call::get(paths::API_ME)).await?)
    }

    /// `GET /api/sessions`: every live session of the account, this one first.
    pub async fn sessions(&self) -> Result<Vec<SessionInfo>, CallError> {
        let list: SessionList = read(&self.call(Call::get(paths::API_SESSIONS)).await?)?;
        Ok(list.sessions)
    }

    /// `DELETE /api/sessions/{id}`: ends one session. One that is over already is fine, too.
    pub async fn end_session(&self, id: &str) -> Result<(), CallError> {
        let path = paths::API_SESSION.replace("{id}", id);
        match done(&self.call(Call::delete(&path)).await?) {
            Err(CallError::Status { status: 404, .. }) => Ok(()),
            other => other,
        }
    }

    /// `DELETE /api/sessions`: ends all sessions but this one. Wants a recent sign-in
    /// ([`CallError::StepUp`]).
    pub async fn end_other_sessions(&self) -> Result<(), CallError> {
        done(&self.call(Call::delete(paths::API_SESSIONS)).await?)
    }

    /// `POST /auth/logout` with `everywhere`: ends all sessions, this one too, and forgets the
    /// tokens. Wants a recent sign-in ([`CallError::StepUp`]).
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

    /// `GET /api/activity`: what happened to the account, newest first; what is older than the
    /// cursor `before`, if there is one.
    pub async fn activity(&self, before: Option<&str>) -> Result<ActivityList, CallError> {
        let path = match before {
            Some(before) => query(paths::API_ACTIVITY, &[("before", before)]),
            None => paths::API_ACTIVITY.to_owned(),
        };
        read(&self.call(Call::get(&path)).await?)
    }
}

fn read<T: DeserializeOwned>(answer: &Response) -> Result<T, CallError> {
    done(answer)?;
    serde_json::from_str(&answer.body).map_err(|_| CallError::Unreadable)
}

fn done(answer: &Response) -> Result<(), CallError> {
    if (200..300).contains(&answer.status) {
        return Ok(());
    }
    match ErrorBody::of(answer).known_code() {
        Some(ErrorCode::StepUpRequired) => Err(CallError::StepUp),
        code => Err(CallError::Status {
            status: answer.status,
            code,
        }),
    }
}
