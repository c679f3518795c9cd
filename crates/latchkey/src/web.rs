//! The pages of the single-page app, its files, and the routes that only this program has: the
//! playground, health and readiness, and the API documentation.

mod api_docs;
pub mod assets;
mod health;
mod pages;
mod playground;
mod state;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use latchkey_axum::Latchkey;
use latchkey_axum::internals::ApiError;
use latchkey_types::paths;

use self::assets::Assets;
use self::state::WebState;

/// All of these routes. The fallback serves the files of the app and its 404 page.
pub fn router(latchkey: Latchkey, assets: Arc<Assets>) -> Router {
    let mut router = Router::new()
        .route(paths::API_ROOT, get(playground::greeting))
        .route(paths::API_PROTECTED, get(playground::protected))
        .route(paths::HEALTHZ, get(health::health))
        .route(paths::READYZ, get(health::readiness))
        .route(paths::OPENAPI, get(api_docs::document))
        .route(paths::DOCS, get(api_docs::page));
    for path in pages::paths() {
        router = router.route(&path, get(pages::show));
    }
    router
        .fallback(pages::fallback)
        .method_not_allowed_fallback(|| async { ApiError::MethodNotAllowed })
        .with_state(WebState { latchkey, assets })
}
