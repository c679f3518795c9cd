//! A notes API that embeds Latchkey, with its own state, data, routes and roles.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use axum::extract::{FromRef, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use latchkey_axum::{Claims, Latchkey, MasterKey, OpenError, Provider, Store, User, UserId};

/// A list of strings for each user: the notes, or the roles.
pub type Table = Arc<RwLock<HashMap<UserId, Vec<String>>>>;

#[derive(Clone)]
struct App {
    auth: Latchkey,
    notes: Table,
}

impl FromRef<App> for Latchkey {
    fn from_ref(app: &App) -> Self {
        app.auth.clone()
    }
}

/// Opens Latchkey in the directory `data`. Roles come from the application's table.
pub async fn open(public_url: &str, data: &str, roles: Table) -> Result<Latchkey, OpenError> {
    Latchkey::builder(public_url)
        .store(Store::sled(data))
        .master_key(MasterKey::file(format!("{data}/master.key")))
        .provider(Provider::demo())
        .claims(move |user, _| std::future::ready(Ok(Claims::new().roles(find(&roles, user.id())))))
        .open()
        .await
}

/// The routes of the application, merged with Latchkey's routes.
pub fn routes(auth: Latchkey, notes: Table) -> Router {
    let reports = Router::new().route("/", get(async || "for signed-in users"));
    Router::new()
        .route("/api/notes", get(list).post(add))
        .route("/api/notes/count", get(count))
        .nest("/api/reports", reports.route_layer(auth.layer()))
        .merge(auth.router())
        .with_state(App { auth, notes })
}

async fn list(user: User, State(app): State<App>) -> Json<Vec<String>> {
    Json(find(&app.notes, user.id()))
}

async fn add(user: User, State(app): State<App>, note: String) -> StatusCode {
    let mut notes = app.notes.write().unwrap_or_else(PoisonError::into_inner);
    notes.entry(user.id()).or_default().push(note);
    StatusCode::CREATED
}

async fn count(user: User, State(app): State<App>) -> Result<String, StatusCode> {
    let notes = app.notes.read().unwrap_or_else(PoisonError::into_inner);
    let count = notes.values().map(Vec::len).sum::<usize>().to_string();
    user.has_role("editor")
        .then_some(count)
        .ok_or(StatusCode::FORBIDDEN)
}

fn find(table: &Table, user: UserId) -> Vec<String> {
    let table = table.read().unwrap_or_else(PoisonError::into_inner);
    table.get(&user).cloned().unwrap_or_default()
}
