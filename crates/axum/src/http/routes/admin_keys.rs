//! `/api/admin/keys`: lists and rotates the signing keys.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use latchkey_core::{Requester, SealedSigningKey, SigningAlgorithm, Timestamp};
use latchkey_types::admin::keys::KeyRotated;
use latchkey_types::admin::{AdminKey, AdminKeyList, KeyState};

use super::admin::reader;
use crate::http::error::ApiError;
use crate::http::extract::Device;
use crate::http::state::{Admin, AdminView};
use crate::services::Services;
use crate::use_cases::operator::{self, Actor, rotate_keys};

/// `GET`: the signing keys, newest first.
pub(crate) async fn list_keys(
    State(state): State<Arc<Services>>,
    admin: AdminView,
) -> Result<Json<AdminKeyList>, ApiError> {
    let keys = reader(&state, &admin).keys().await?;
    Ok(Json(AdminKeyList {
        keys: keys.into_iter().map(wire).collect(),
    }))
}

/// `POST`: adds a signing key, unless the newest one does not sign yet.
pub(crate) async fn create_key(
    State(state): State<Arc<Services>>,
    admin: Admin,
    device: Device,
) -> Result<Json<KeyRotated>, ApiError> {
    let by = Requester {
        actor: Some(Actor::Admin(admin.id())),
        device: device.into(),
    };
    let kid = rotate_keys(&state, by).await?.kid;
    Ok(Json(KeyRotated { kid }))
}

fn wire((key, state): (SealedSigningKey, operator::KeyState)) -> AdminKey {
    AdminKey {
        kid: key.kid,
        algorithm: match key.algorithm {
            SigningAlgorithm::ES256 => "ES256".to_owned(),
            SigningAlgorithm::EdDSA => "EdDSA".to_owned(),
        },
        created_at: key.created_at.as_secs(),
        signs_from: key.signs_from.as_secs(),
        state: match state {
            operator::KeyState::Next => KeyState::Next,
            operator::KeyState::Signing => KeyState::Signing,
            operator::KeyState::Retired => KeyState::Retired,
        },
        expires_at: key.verifies_until.map(Timestamp::as_secs),
    }
}
