//! `GET /auth/providers`: what the sign-in page offers.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use latchkey_identity::Kind;
use latchkey_types::{ProviderInfo, ProviderKind, ProviderList};

use crate::services::Services;

/// Lists the ways to sign in.
pub(crate) async fn list_providers(State(state): State<Arc<Services>>) -> Json<ProviderList> {
    Json(ProviderList {
        providers: provider_infos(&state),
    })
}

/// The ways to sign in, as the wire has them.
pub fn provider_infos(state: &Services) -> Vec<ProviderInfo> {
    let info = |provider: &Arc<dyn latchkey_identity::Provider>| ProviderInfo {
        id: provider.id().to_owned(),
        label: provider.label().to_owned(),
        kind: match provider.kind() {
            Kind::Google => ProviderKind::Google,
            Kind::Oidc => ProviderKind::Oidc,
            Kind::Demo => ProviderKind::Demo,
        },
    };
    state.providers.iter().map(info).collect()
}
