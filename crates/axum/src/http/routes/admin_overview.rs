//! `GET /api/admin/overview`: numbers about the whole server. Requires the role `admin`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use latchkey_core::Timestamp;
use latchkey_types::admin::{HourCounts, Overview, StoreInfo};

use crate::http::error::ApiError;
use crate::http::state::AdminView;
use crate::services::Services;
use crate::use_cases::overview;

/// Users, sessions, denials, and what happened in each hour of the last seven days.
pub(crate) async fn overview(
    State(state): State<Arc<Services>>,
    _admin: AdminView,
) -> Result<Json<Overview>, ApiError> {
    let read = overview::read(&state).await?;
    Ok(Json(Overview {
        users: read.population.users,
        live_sessions: read.population.live_sessions,
        estimated: read.population.is_estimate,
        denials: u64::try_from(read.denials).unwrap_or(u64::MAX),
        store: StoreInfo {
            kind: state.store_kind.to_owned(),
        },
        version: env!("CARGO_PKG_VERSION").to_owned(),
        hours: read.hours.into_iter().map(wire).collect(),
    }))
}

fn wire((at, counts): (Timestamp, latchkey_core::HourCounts)) -> HourCounts {
    HourCounts {
        at: at.as_secs(),
        sign_ins: counts.sign_ins,
        sign_ins_refused: counts.sign_ins_refused,
        refreshes: counts.refreshes,
        refreshes_refused: counts.refreshes_refused,
        replays: counts.replays,
        sessions_ended: counts.sessions_ended,
    }
}
