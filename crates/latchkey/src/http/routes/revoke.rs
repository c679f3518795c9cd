//! `POST /auth/revoke`: token revocation (RFC 7009).

use axum::extract::State;
use axum::http::StatusCode;

use crate::auth::revoke;
use crate::http::error::ApiError;
use crate::http::extract::{Device, Form};
use crate::state::AppState;

/// Revokes either token; `token_type_hint` is not needed. Whoever holds a token may revoke it.
pub async fn revoke_token(
    State(state): State<AppState>,
    device: Device,
    form: Form,
) -> Result<StatusCode, ApiError> {
    let address = device.address;
    revoke::revoke(&state, form.require("token")?, address, device.into()).await?;
    Ok(StatusCode::OK)
}
