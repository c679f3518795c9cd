//! Every route of the server, in one place.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, post};
use latchkey_types::paths;

use super::error::ApiError;
use super::middleware::body::BODY_LIMIT;
use super::{pages, routes};
use crate::state::AppState;

/// All routes; what every request goes through is [`envelope`](super::middleware::envelope).
pub fn router(state: AppState) -> Router {
    let mut router = Router::new()
        .route(paths::API_ROOT, get(routes::api::find_greeting))
        .route(paths::API_PROTECTED, get(routes::api::find_protected))
        .route(paths::API_ME, get(routes::api::find_me))
        .route(
            paths::API_SESSIONS,
            get(routes::sessions::list_sessions).delete(routes::sessions::delete_other_sessions),
        )
        .route(paths::API_SESSION, delete(routes::sessions::delete_session))
        .route(paths::API_ACTIVITY, get(routes::activity::list_activity))
        .route(paths::API_EVENTS, get(routes::events::stream_events))
        .route(
            paths::API_ADMIN_USER_BAN,
            post(routes::admin::create_ban).delete(routes::admin::delete_ban),
        )
        .route(
            paths::API_ADMIN_USER_SESSIONS,
            delete(routes::admin::delete_user_sessions),
        )
        .route(
            paths::API_ADMIN_SESSIONS,
            delete(routes::admin::delete_all_sessions),
        )
        .route(
            paths::API_ADMIN_EXPORT,
            get(routes::admin_export::stream_export),
        )
        .route(paths::LOGIN, get(routes::login::start_login))
        .route(paths::TOKEN, post(routes::token::create_token))
        .route(
            paths::REFRESH,
            post(routes::refresh::create_refreshed_token),
        )
        .route(paths::LOGOUT, post(routes::logout::delete_session))
        .route(paths::REVOKE, post(routes::revoke::revoke_token))
        .route(paths::PROVIDERS, get(routes::providers::list_providers))
        .route(paths::METADATA, get(routes::metadata::find_metadata))
        .route(paths::JWKS, get(routes::jwks::list_keys))
        .route(paths::HEALTHZ, get(routes::health::health))
        .route(paths::READYZ, get(routes::health::readiness));
    for path in pages::paths() {
        router = router.route(&path, get(pages::show));
    }
    if state.demo.is_some() {
        router = router.nest(paths::DEMO, routes::demo::router());
    }
    router
        .fallback(pages::fallback)
        .method_not_allowed_fallback(|| async { ApiError::MethodNotAllowed })
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(state)
}
