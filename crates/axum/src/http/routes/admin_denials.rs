//! `/api/admin/denials`: lists the denylist, adds a denial, lifts one.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use latchkey_core::{Denial, Denied};
use latchkey_types::admin::{AdminDenial, AdminDenialList, DenialKind, DenialRequest};

use super::admin::{operator, reader, required, user};
use crate::http::error::ApiError;
use crate::http::extract::{Device, OptionalJson, Paging};
use crate::http::state::{Admin, AdminView};
use crate::services::Services;
use crate::use_cases::operator::{OperatorError, verified_token};

/// `GET`: a page of the denials in force.
pub(crate) async fn list_denials(
    State(state): State<Arc<Services>>,
    admin: AdminView,
    paging: Paging,
) -> Result<Json<AdminDenialList>, ApiError> {
    let page = reader(&state, &admin)
        .denials(paging.before, paging.limit)
        .await?;
    Ok(Json(AdminDenialList {
        denials: page.items.iter().map(wire).collect(),
        next: page.next.map(|cursor| cursor.to_string()),
    }))
}

/// `POST`: denies a token, a session or a user.
pub(crate) async fn create_denial(
    State(state): State<Arc<Services>>,
    admin: Admin,
    device: Device,
    body: OptionalJson<DenialRequest>,
) -> Result<StatusCode, ApiError> {
    let members = "reason, and exactly one of token, session and user";
    let body = required(body, members)?;
    let operator = operator(&state, &admin, device);
    match (body.token, body.session, body.user) {
        (Some(token), None, None) => {
            let claims = verified_token(&state, &token)?;
            operator.deny_token(&claims, &body.reason).await?;
        }
        (None, Some(session), None) => {
            let session = session.parse().map_err(|_| OperatorError::UnknownSession)?;
            operator.end_session(session, Some(&body.reason)).await?;
        }
        (None, None, Some(id)) => {
            operator.deny_user(user(&id)?, &body.reason).await?;
        }
        _ => {
            let text = "the body must contain exactly one of token, session and user".to_owned();
            return Err(ApiError::InvalidRequest(text));
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE …/{kind}/{id}`: lifts a denial.
pub(crate) async fn delete_denial(
    State(state): State<Arc<Services>>,
    admin: Admin,
    device: Device,
    Path((kind, id)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let denied = match &*kind {
        "token" => id.parse().ok().map(Denied::Token),
        "session" => id.parse().ok().map(Denied::Session),
        "user" => id.parse().ok().map(Denied::User),
        "everyone" => Some(Denied::Everyone),
        _ => None,
    };
    let denied = denied.ok_or(OperatorError::UnknownDenial)?;
    operator(&state, &admin, device).lift(denied).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn wire(denial: &Denial) -> AdminDenial {
    AdminDenial {
        kind: match denial.denied {
            Denied::Token(_) => DenialKind::Token,
            Denied::Session(_) => DenialKind::Session,
            Denied::User(_) => DenialKind::User,
            Denied::Everyone => DenialKind::Everyone,
        },
        id: denial.denied.id(),
        reason: denial.explanation().to_owned(),
        at: denial.at.as_secs(),
        until: denial.until.as_secs(),
        by: denial.added_by().map(|actor| actor.to_string()),
        liftable: denial.is_liftable(),
    }
}
