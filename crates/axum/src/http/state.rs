//! The state of Latchkey's routes: the services, and state that only HTTP needs.

use std::sync::{Arc, Mutex};

use axum::extract::FromRef;
use latchkey_guard::Guard;
use tokio::task::JoinSet;

use crate::http::middleware::headers::CommonHeaders;
use crate::http::middleware::refusals::Refusals;
use crate::services::Services;

/// State that only HTTP needs.
#[derive(Debug)]
pub struct HttpState {
    pub(crate) common_headers: CommonHeaders,
    pub(crate) refusals: Refusals,
    /// Links for the head of the demo provider's page, as HTML.
    pub(crate) demo_page_head: String,
}

/// The state of the routes.
#[derive(Clone, Debug)]
pub(crate) struct AppState {
    pub(crate) services: Arc<Services>,
    pub(crate) http: Arc<HttpState>,
    /// The background jobs. They run as long as a handle or a router exists.
    pub(crate) jobs: Arc<Mutex<JoinSet<()>>>,
}

/// The extractor [`latchkey_guard::User`] for these routes.
pub(crate) type User = latchkey_guard::User<AppState>;
/// The extractor [`latchkey_guard::Recent`] for these routes.
pub(crate) type Recent = latchkey_guard::Recent<AppState>;
/// The extractor [`latchkey_guard::Admin`] for these routes.
pub(crate) type Admin = latchkey_guard::Admin<AppState>;
/// The extractor [`latchkey_guard::AdminView`] for these routes.
pub(crate) type AdminView = latchkey_guard::AdminView<AppState>;

impl AsRef<Guard> for AppState {
    fn as_ref(&self) -> &Guard {
        &self.services.guard
    }
}

impl FromRef<AppState> for Arc<Services> {
    fn from_ref(state: &AppState) -> Self {
        Self::clone(&state.services)
    }
}

impl FromRef<AppState> for Arc<HttpState> {
    fn from_ref(state: &AppState) -> Self {
        Self::clone(&state.http)
    }
}
