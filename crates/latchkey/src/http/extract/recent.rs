//! Users who signed in recently: step-up (RFC 9470). The only place, with `admin.rs`, that decides
//! what a request without a recent sign-in is answered.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::Authenticated;
use crate::auth::access::Verified;
use crate::auth::step_up::{self, StepUpRequired};
use crate::http::error::ApiError;
use crate::state::AppState;

/// The claims of an access token in force whose session began with a recent enough sign-in: for
/// acts that cannot be undone.
#[derive(Clone, Debug)]
pub struct Recent(pub Arc<Verified>);

impl FromRequestParts<AppState> for Recent {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let caller = MaybeRecent::from_request_parts(parts, state).await?;
        Ok(caller.recent()?)
    }
}

/// The claims of an access token in force, for handlers that need a recent sign-in for some
/// requests only: which ones, the path or the body says.
#[derive(Clone, Debug)]
pub struct MaybeRecent {
    /// The claims, whenever the user signed in.
    pub claims: Arc<Verified>,
    recent: Result<(), StepUpRequired>,
}

impl MaybeRecent {
    /// The same caller if the sign-in is recent enough.
    pub fn recent(self) -> Result<Recent, StepUpRequired> {
        self.recent.map(|()| Recent(self.claims))
    }
}

impl FromRequestParts<AppState> for MaybeRecent {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let Authenticated(claims) = Authenticated::from_request_parts(parts, state).await?;
        let recent = step_up::check(&claims, state.clock.now());
        Ok(Self { claims, recent })
    }
}
