//! `POST /auth/refresh`: the refresh grant for clients that prefer JSON.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use latchkey_types::{RefreshRequest, TokenResponse};

use super::token::{idempotency_key, token_response, ttl_from_secs};
use crate::http::error::ApiError;
use crate::http::extract::{Device, OptionalJson, Proven};
use crate::services::Services;
use crate::use_cases::refresh::{self, RefreshGrant};

/// Exchanges a refresh token for new tokens.
pub(crate) async fn refresh(
    State(state): State<Arc<Services>>,
    Proven(proven): Proven,
    device: Device,
    headers: HeaderMap,
    OptionalJson(body): OptionalJson<RefreshRequest>,
) -> Result<Json<TokenResponse>, ApiError> {
    let body = body.ok_or_else(|| {
        ApiError::InvalidRequest(
            "the request has no body; send a JSON object with grant_type and refresh_token"
                .to_owned(),
        )
    })?;
    if body.grant_type != "refresh_token" {
        return Err(ApiError::UnsupportedGrantType(body.grant_type));
    }
    let request = RefreshGrant {
        token: &body.refresh_token,
        idempotency_key: idempotency_key(&headers)?,
        access_ttl: body.expires_in.map(ttl_from_secs).transpose()?,
        proven,
        address: device.address,
        device: device.into(),
    };
    let tokens = refresh::refresh(&state, request).await?;
    Ok(Json(token_response(tokens, None)))
}
