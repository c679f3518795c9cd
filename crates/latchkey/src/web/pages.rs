//! The pages of the single-page app, rendered on the server.
//!
//! Each response has a new nonce, in its scripts and in its content security policy. [`PageData`]
//! contains what the app needs to know about the server.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use latchkey_web::shell::{HeadHtml, shell, with_shape};
use latchkey_web::{App, PageData};
use leptos::nonce::use_nonce;
use leptos::prelude::{expect_context, provide_context};
use leptos_axum::{ResponseOptions, generate_route_list};

use latchkey_axum::internals::{ApiError, password_info, provider_infos};

use super::state::WebState;

/// The maximum size of a rendered page. Actual pages are a few kilobytes.
const MAX_DOCUMENT_BYTES: usize = 4 * 1024 * 1024;
const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");

/// The paths of all pages. In Leptos, `/admin/{*page}` includes `/admin`; in axum it does not.
pub(super) fn paths() -> Vec<String> {
    let routes = generate_route_list(App);
    let with_root = routes.iter().flat_map(|route| {
        let path = route.path();
        let root = path.split_once("/{*").map(|(root, _)| root);
        [Some(path), root].into_iter().flatten().map(str::to_owned)
    });
    with_root.collect()
}

/// Renders a page.
pub(super) async fn show(State(state): State<WebState>, request: Request) -> Response {
    match state.assets.head() {
        Some(head) => render(&state, head.clone(), request).await,
        None => no_app(),
    }
}

/// Any other path: a file of the app, or the 404 page.
pub(super) async fn fallback(State(state): State<WebState>, request: Request) -> Response {
    let path = request.uri().path();
    if is_api_path(path) {
        return ApiError::NotFound.into_response();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return ApiError::MethodNotAllowed.into_response();
    }
    if let Some(file) = state.assets.find(path, request.headers()) {
        return file;
    }
    match state.assets.head() {
        Some(head) => {
            let mut response = render(&state, head.clone(), request).await;
            *response.status_mut() = StatusCode::NOT_FOUND;
            response
        }
        None => ApiError::NotFound.into_response(),
    }
}

/// Whether responses at this path are never HTML.
fn is_api_path(path: &str) -> bool {
    ["/api", "/auth", "/.well-known"].iter().any(|root| {
        path.strip_prefix(root)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

async fn render(state: &WebState, head: HeadHtml, request: Request) -> Response {
    let services = state.latchkey.services();
    let uses_dpop = services.settings.tokens.binding.accepts_proofs();
    let nonce = || services.guard.proofs().nonce(services.clock.now());
    let data = Arc::new(PageData {
        providers: provider_infos(services),
        password: password_info(services),
        demo: services.demo.is_some(),
        dpop_nonce: uses_dpop.then(nonce),
        console: state.assets.console().to_vec(),
    });
    let context = move || {
        provide_context(PageData::clone(&data));
        let options: ResponseOptions = expect_context();
        if let Some(policy) = use_nonce().and_then(|nonce| policy(&nonce)) {
            options.insert_header(CONTENT_SECURITY_POLICY, policy);
        }
        // A page contains a nonce, which must not be reused from a cache.
        options.insert_header(CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
        options.insert_header(ROBOTS, HeaderValue::from_static("noindex"));
    };
    let handler = leptos_axum::render_app_async_with_context(context, move || shell(head.clone()));
    let response: Response<Body> = handler(request).await;
    let (parts, body) = response.into_parts();
    let document = match axum::body::to_bytes(body, MAX_DOCUMENT_BYTES).await {
        Ok(document) => document,
        Err(error) => return ApiError::Internal(error.to_string()).into_response(),
    };
    let document = with_shape(&String::from_utf8_lossy(&document));
    Response::from_parts(parts, Body::from(document))
}

/// The content security policy. A page may run scripts that have its nonce, and scripts that those
/// load. It may connect only to this server.
fn policy(nonce: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; \
         style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
         manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'"
    ))
    .ok()
}

fn no_app() -> Response {
    let text = "This server has no single-page app, only the HTTP API. Build the app and set its \
                directory with --web-dir, or use a binary that embeds the app.\n";
    (StatusCode::NOT_FOUND, text).into_response()
}
