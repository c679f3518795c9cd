//! Who may use `/api/admin`.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use latchkey_core::user::ADMIN;

use super::Authenticated;
use crate::accounts::operator;
use crate::auth::access::Verified;
use crate::auth::step_up;
use crate::http::error::ApiError;
use crate::state::AppState;

/// The claims of an access token in force with the role `admin`, whose session began with a recent
/// enough sign-in.
#[derive(Clone, Debug)]
pub struct Admin(pub Arc<Verified>);

impl FromRequestParts<AppState> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let Authenticated(claims) = Authenticated::from_request_parts(parts, state).await?;
        // Nobody is sent to sign in again for what would be refused all the same. The token's roles
        // may be as old as the token: what counts is the configuration and the account as they are.
        let listed = claims.roles.iter().any(|role| role == ADMIN);
        if !listed || !operator::is_admin(state, claims.sub).await? {
            return Err(ApiError::Forbidden(claims.sub));
        }
        step_up::check(&claims, state.clock.now())?;
        Ok(Self(claims))
    }
}
