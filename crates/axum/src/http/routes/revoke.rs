//! `POST /auth/revoke`: token revocation (RFC 7009).

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use crate::http::error::ApiError;
use crate::http::extract::{Device, Form};
use crate::services::Services;
use crate::use_cases::revoke;

/// Revokes an access or refresh token. `token_type_hint` is ignored, and any holder of a token may
/// revoke it.
pub(crate) async fn revoke(
    State(state): State<Arc<Services>>,
    device: Device,
    form: Form,
) -> Result<StatusCode, ApiError> {
    let address = device.address;
    revoke::revoke(&state, form.require("token")?, address, device.into()).await?;
    Ok(StatusCode::OK)
}
