//! The pages of the single-page app, its files, and the routes that only this program has: the
//! playground, health and readiness.

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
        .route(paths::READYZ, get(health::readiness));
    for path in pages::paths() {
        router = router.route(&path, get(pages::show));
    }
    router
        .fallback(pages::fallback)
        .method_not_allowed_fallback(|| async { ApiError::MethodNotAllowed })
        .with_state(WebState { latchkey, assets })
}

/// The `<link>` elements for the head of a page that is not part of the app.
pub fn page_head(assets: &Assets) -> String {
    let icon = assets.icon();
    let icon = icon.map(|path| format!(r#"<link rel="icon" href="{path}">"#));
    let sheets = assets.style_sheets().into_iter();
    let sheets = sheets.map(|path| format!(r#"<link rel="stylesheet" href="{path}">"#));
    icon.into_iter().chain(sheets).collect()
}
