//! Who proved moments ago who they are (RFC 9470).

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::Authenticated;
use crate::auth::access::Verified;
use crate::auth::step_up;
use crate::http::error::ApiError;
use crate::state::AppState;

/// The claims of an access token in force whose session began with a recent enough sign-in: for
/// acts that cannot be undone.
#[derive(Clone, Debug)]
pub struct Recent(pub Arc<Verified>);

impl FromRequestParts<AppState> for Recent {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let Authenticated(claims) = Authenticated::from_request_parts(parts, state).await?;
        step_up::check(&claims, state.clock.now())?;
        Ok(Self(claims))
    }
}
