//! All routes of Latchkey.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, post, put};
use latchkey_types::paths;

use super::error::ApiError;
use super::middleware::body::BODY_LIMIT;
use super::routes;
use super::state::AppState;

/// The routes for administrators. Each handler has the extractor `Admin`, or `AdminView` if it only
/// reads and is not an export.
fn admin() -> Router<AppState> {
    Router::new()
        .route(
            paths::API_ADMIN_USERS,
            get(routes::admin_users::list_users).post(routes::admin_local_accounts::create_user),
        )
        .route(paths::API_ADMIN_USER, get(routes::admin_users::show_user))
        .route(
            paths::API_ADMIN_USER_ROLES,
            put(routes::admin_users::replace_roles),
        )
        .route(
            paths::API_ADMIN_USER_BAN,
            post(routes::admin_users::create_ban).delete(routes::admin_users::delete_ban),
        )
        .route(
            paths::API_ADMIN_USER_PASSWORD_LINK,
            post(routes::admin_local_accounts::create_password_link),
        )
        .route(
            paths::API_ADMIN_INVITATIONS,
            post(routes::admin_local_accounts::create_invitation),
        )
        .route(
            paths::API_ADMIN_USER_SESSIONS,
            get(routes::admin_sessions::list_user_sessions)
                .delete(routes::admin_sessions::delete_user_sessions),
        )
        .route(
            paths::API_ADMIN_SESSIONS,
            get(routes::admin_sessions::list_all_sessions)
                .delete(routes::admin_sessions::delete_all_sessions),
        )
        .route(
            paths::API_ADMIN_SESSION,
            delete(routes::admin_sessions::delete_any_session),
        )
        .route(
            paths::API_ADMIN_DENIALS,
            get(routes::admin_denials::list_denials).post(routes::admin_denials::create_denial),
        )
        .route(
            paths::API_ADMIN_DENIAL,
            delete(routes::admin_denials::delete_denial),
        )
        .route(
            paths::API_ADMIN_KEYS,
            get(routes::admin_keys::list_keys).post(routes::admin_keys::create_key),
        )
        .route(
            paths::API_ADMIN_EXPORT,
            get(routes::admin_export::stream_export),
        )
        .route(paths::API_ADMIN_AUDIT, get(routes::admin_audit::list_audit))
        .route(
            paths::API_ADMIN_AUDIT_EXPORT,
            get(routes::admin_audit::export_audit),
        )
        .route(
            paths::API_ADMIN_OVERVIEW,
            get(routes::admin_overview::overview),
        )
}

/// The router. It has no fallback, because the application that merges it has its own.
pub(crate) fn router<S: Clone + Send + Sync + 'static>(state: AppState) -> Router<S> {
    let mut router = Router::new()
        .route(paths::API_ME, get(routes::api::me))
        .route(
            paths::API_SESSIONS,
            get(routes::sessions::list_sessions).delete(routes::sessions::delete_other_sessions),
        )
        .route(paths::API_SESSION, delete(routes::sessions::delete_session))
        .route(paths::API_ACTIVITY, get(routes::activity::list_activity))
        .route(
            paths::API_IDENTITIES,
            get(routes::identities::list_identities).post(routes::identities::complete_link),
        )
        .route(
            paths::API_IDENTITIES_LINK,
            post(routes::identities::begin_link),
        )
        .route(
            paths::API_IDENTITY,
            delete(routes::identities::delete_identity),
        )
        .route(paths::API_ACCOUNT, delete(routes::account::delete_account))
        .route(
            paths::API_ACCOUNT_EXPORT,
            get(routes::account::export_account),
        )
        .route(paths::API_EVENTS, get(routes::events::stream_events))
        .merge(admin())
        .route(paths::LOGIN, get(routes::login::login))
        .route(paths::TOKEN, post(routes::token::token))
        .route(paths::REFRESH, post(routes::refresh::refresh))
        .route(paths::LOGOUT, post(routes::logout::logout))
        .route(paths::REVOKE, post(routes::revoke::revoke))
        .route(paths::PROVIDERS, get(routes::providers::providers))
        .route(paths::METADATA, get(routes::metadata::metadata))
        .route(paths::JWKS, get(routes::jwks::jwks));
    if state.services.local.is_some() {
        router = router.merge(routes::password::router());
    }
    if state.services.demo.is_some() {
        router = router.nest(paths::DEMO, routes::demo::router());
    }
    router
        .method_not_allowed_fallback(|| async { ApiError::MethodNotAllowed })
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(state)
}
